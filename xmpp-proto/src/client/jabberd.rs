//! Components of jabberd2's router: names are bound and released, and stanzas travel between names in `<route/>`.

use alloc::boxed::Box;
use alloc::string::String;

use wirestate_machine::Misuse;

use super::event::{Event, Reason};
use super::send::Sent;
use super::violation::Violation;
use super::{Awaits, Client, Dialect, On, State};
use crate::jid::Jid;
use crate::ns;
pub use crate::payload::router::{Name, RouteKind, RouterError};
use crate::xml::{Element, ElementBuf, ElementRef};

/// What the router says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Routed {
    /// Something for a name of ours, or a copy for a log.
    Route {
        /// The name that it is from.
        from: Option<String>,
        /// The name that it is to; none in a broadcast.
        to: Option<String>,
        /// Of what kind it is.
        kind: RouteKind,
        /// What is in it, most often a stanza of `jabber:client`.
        content: Option<Element>,
    },
    /// A name that some component has bound, or has no more.
    Domain {
        /// The name.
        name: String,
        /// Whether it is there.
        is_available: bool,
    },
    /// The answer to [`bind_name`](Client::bind_name).
    Bound(Result<(), RouterError>),
    /// The answer to [`unbind_name`](Client::unbind_name).
    Unbound(Result<(), RouterError>),
    /// The answer to [`throttle`](Client::throttle): from now on routes wait in the router, or come again, in turns.
    Throttled,
}

impl Client {
    /// Binds another name, besides the account's. [`Routed::Bound`] answers, in the order of the questions.
    ///
    /// # Errors
    ///
    /// [`Misuse::WrongState`] before the session is ready, and on any stream but a router's; [`Misuse::OutOfRange`] for a text that XML cannot hold.
    pub fn bind_name(&mut self, name: &Jid, how: Name) -> Result<(), Misuse> {
        self.allow_routing()?;
        let bind = bind("bind", name, how, None).ok_or(Misuse::OutOfRange)?;
        self.send(bind).map(drop)
    }

    /// Releases a name. [`Routed::Unbound`] answers.
    ///
    /// # Errors
    ///
    /// As [`bind_name`](Client::bind_name).
    pub fn unbind_name(&mut self, name: &Jid) -> Result<(), Misuse> {
        self.allow_routing()?;
        let unbind = bind("unbind", name, Name::default(), None).ok_or(Misuse::OutOfRange)?;
        self.send(unbind).map(drop)
    }

    /// Sends something from a name of ours to another name.
    ///
    /// # Errors
    ///
    /// As [`bind_name`](Client::bind_name), and those of [`send`](Client::send).
    pub fn route(&mut self, from: &Jid, to: &Jid, content: ElementRef<'_>) -> Result<Sent, Misuse> {
        self.allow_routing()?;
        let route = ElementBuf::new("route", ns::JABBERD_ROUTER).attr("to", to.domain()).attr("from", from.domain());
        self.send(route.embed(content).finish().map_err(|_| Misuse::TooLong)?)
    }

    /// Sends something from a name of ours to all components.
    ///
    /// # Errors
    ///
    /// As [`route`](Client::route).
    pub fn broadcast(&mut self, from: &Jid, content: ElementRef<'_>) -> Result<Sent, Misuse> {
        self.allow_routing()?;
        let route = ElementBuf::new("route", ns::JABBERD_ROUTER).attr("type", "broadcast").attr("from", from.domain());
        self.send(route.embed(content).finish().map_err(|_| Misuse::TooLong)?)
    }

    /// Asks the router to keep what is for us until this is said again. [`Routed::Throttled`] answers.
    ///
    /// # Errors
    ///
    /// As [`bind_name`](Client::bind_name).
    pub fn throttle(&mut self) -> Result<(), Misuse> {
        self.allow_routing()?;
        let throttle = ElementBuf::new("throttle", ns::JABBERD_ROUTER).finish().map_err(|_| Misuse::OutOfRange)?;
        self.send(throttle).map(drop)
    }

    fn allow_routing(&self) -> Result<(), Misuse> {
        let is_router = matches!(self.account.dialect, Dialect::Router(_));
        if is_router && self.state == State::Ready { Ok(()) } else { Err(Misuse::WrongState) }
    }

    /// Routes nothing from us to us: a sign of life of the router, which nobody is told of.
    pub(super) fn route_to_self(&mut self) {
        let name = self.account.jid.domain();
        let route = ElementBuf::new("route", ns::JABBERD_ROUTER).attr("to", name).attr("from", name);
        if let Ok(route) = route.finish() {
            self.write_stanza(&route);
        }
    }

    /// Binds the account's own name.
    pub(super) fn bind_own_name(&mut self, how: Name) {
        let name = self.account.jid.clone();
        self.events.push_back(Event::Binding(Some(name.domain().into())));
        let id = self.requests.fresh_id();
        if let Some(bind) = bind("bind", &name, how, Some(&id)) {
            self.wire.writer().embed(bind.view());
        }
        self.negotiation.awaits = Awaits::Name;
    }

    pub(super) fn on_router_element(&mut self, element: &Element) -> Result<(), Violation> {
        let view = element.view();
        let outcome = RouterError::read(view).map_or(Ok(()), Err);
        if self.negotiation.awaits == Awaits::Name && element.name() == "bind" {
            self.allow_server(On::Bind, "bind")?;
            self.negotiation.awaits = Awaits::Nothing;
            match outcome {
                Ok(()) => {
                    let jid = self.account.jid.clone();
                    self.events.push_back(Event::Bound(jid.clone()));
                    self.me = Some(jid);
                    self.become_ready();
                }
                Err(error) => {
                    self.events.push_back(Event::Routed(Box::new(Routed::Bound(Err(error)))));
                    self.take_leave(Reason::BindFailed);
                }
            }
            return Ok(());
        }
        self.allow_server(On::Stanza, "route")?;
        let text = |name| element.attr(name).map(|text| text.into_owned());
        let routed = match element.name() {
            "route" => {
                let kind = RouteKind::read(view).unwrap_or(RouteKind::Unicast);
                let content = view.children().next().map(ElementRef::to_element);
                let own = Some(self.account.jid.domain());
                if content.is_none() && text("from").as_deref() == own && text("to").as_deref() == own {
                    return Ok(());
                }
                Routed::Route { from: text("from"), to: text("to"), kind, content }
            }
            "presence" => {
                let is_available = element.attr("type").is_none();
                Routed::Domain { name: text("from").unwrap_or_default(), is_available }
            }
            "bind" => Routed::Bound(outcome),
            "unbind" => Routed::Unbound(outcome),
            "throttle" => Routed::Throttled,
            _ => return Err(Violation::Unexpected("of the router")),
        };
        self.events.push_back(Event::Routed(Box::new(routed)));
        Ok(())
    }
}

fn bind(element: &'static str, name: &Jid, how: Name, id: Option<&str>) -> Option<Element> {
    let mut bind = ElementBuf::new(element, ns::JABBERD_ROUTER).attr("name", name.domain());
    if let Some(id) = id {
        bind = bind.attr("id", id);
    }
    if how.multi {
        bind = bind.attr("multi", "true");
    }
    if how.default {
        bind = bind.own("default").end();
    }
    if how.log {
        bind = bind.own("log").end();
    }
    bind.finish().ok()
}
