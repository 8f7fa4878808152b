use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;

use wirestate_machine::{Misuse, Ticket};

use super::{Event, RouterComponent, State};
use crate::jid::Jid;
use crate::ns;
use crate::payload::router::{Name, Route, RouteKind, RouterError, bounced, name_in, write_answer};
use crate::server::kind;
use crate::stream::Packet;
use crate::xml::{Element, ElementRef};

/// How many names one component may have.
const MOST_NAMES: usize = 1024;

/// A name that is asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    name: Jid,
    how: Name,
    id: Option<String>,
}

/// What waits for a component that asked for a pause.
#[derive(Debug, Default)]
pub(super) struct Kept {
    packets: VecDeque<Packet>,
    bytes: usize,
}

impl RouterComponent {
    /// Answers [`Event::Bind`]: the name is the component's.
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`].
    pub fn bind(&mut self, ticket: Ticket<kind::Bind>) -> Result<(), Misuse> {
        self.answer_bind(ticket, Ok(()))
    }

    /// Answers [`Event::Bind`]: the name is somebody else's ([`RouterError::Conflict`]), or not for this user ([`RouterError::Forbidden`]).
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`].
    pub fn refuse(&mut self, ticket: Ticket<kind::Bind>, why: RouterError) -> Result<(), Misuse> {
        self.answer_bind(ticket, Err(why))
    }

    fn answer_bind(&mut self, ticket: Ticket<kind::Bind>, outcome: Result<(), RouterError>) -> Result<(), Misuse> {
        self.base.redeem(ticket)?;
        let Some(wanted) = self.wanted.take() else { return Ok(()) };
        let Wanted { name, how, id } = *wanted;
        if outcome.is_ok() {
            self.names.push((name, how));
        }
        self.base.write(|writer| write_answer(writer, "bind", id.as_deref(), outcome));
        Ok(())
    }

    pub(super) fn take_bind(&mut self, element: &Element) -> Option<Event> {
        let view = element.view();
        let refusal = match name_in(view, "name", self.config.rules) {
            None => RouterError::BadRequest,
            Some(name) if self.has(&name) => RouterError::Conflict,
            Some(_) if self.names.len() >= MOST_NAMES => RouterError::Forbidden,
            Some(name) => {
                let how = Name::read(view);
                self.wanted = Some(Box::new(Wanted { name: name.clone(), how, id: id_of(view) }));
                return Some(Event::Bind { ticket: self.base.issue(), name, how });
            }
        };
        self.base.write(|writer| write_answer(writer, "bind", id_of(view).as_deref(), Err(refusal)));
        None
    }

    pub(super) fn take_unbind(&mut self, element: &Element) -> Option<Event> {
        let view = element.view();
        let released = match name_in(view, "name", self.config.rules) {
            None => Err(RouterError::BadRequest),
            Some(name) => match self.names.iter().position(|(bound, _)| *bound == name) {
                None => Err(RouterError::NotFound),
                Some(at) => Ok(self.names.swap_remove(at).0),
            },
        };
        let outcome = released.as_ref().map(drop).map_err(|error| *error);
        self.base.write(|writer| write_answer(writer, "unbind", id_of(view).as_deref(), outcome));
        released.ok().map(Event::Unbound)
    }

    /// A route is from a name that is bound. What came back, and what nobody knows, is dropped, so that nothing goes in circles.
    pub(super) fn take_route(&mut self, element: Element) -> Option<Event> {
        if !matches!(RouteKind::read(element.view()), Some(RouteKind::Unicast | RouteKind::Broadcast)) {
            return None;
        }
        let refusal = match Route::read(element.clone(), self.config.rules) {
            Ok(route) if self.has(route.from()) => return Some(Event::Route(route)),
            Ok(_) => RouterError::NotBound,
            Err(error) => error,
        };
        if let Ok(packet) = bounced(element.view(), refusal) {
            self.say(&packet);
        }
        None
    }

    /// The first `<throttle/>` begins a pause, the next one ends it.
    pub(super) fn take_throttle(&mut self) {
        let kept = self.kept.take();
        self.base.write(|writer| writer.element("throttle", ns::JABBERD_ROUTER).map(drop));
        match kept {
            None => self.kept = Some(Box::default()),
            Some(kept) => kept.packets.iter().for_each(|packet| self.base.say(packet, &self.config.limits)),
        }
    }

    /// Says a packet, or keeps it while there is a pause.
    pub(super) fn say(&mut self, packet: &Packet) {
        if self.state() != State::Connected {
            return;
        }
        let limits = &self.config.limits;
        match &mut self.kept {
            None => self.base.say(packet, limits),
            Some(kept) => {
                kept.bytes += packet.as_bytes().len();
                kept.packets.push_back(packet.clone());
                self.base.check_waiting(kept.bytes, limits);
            }
        }
    }

    fn has(&self, name: &Jid) -> bool {
        self.names.iter().any(|(bound, _)| bound == name)
    }
}

fn id_of(element: ElementRef<'_>) -> Option<String> {
    element.attr("id").map(|id| id.into_owned())
}
