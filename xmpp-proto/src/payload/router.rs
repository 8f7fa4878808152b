//! What components say to the router of jabberd2, and it to them: names that are bound and released, and `<route/>`.
//!
//! No XEP tells of it; the words are those of jabberd2's `docs/dev/component-protocol`.

use alloc::format;

use thiserror::Error;

use crate::jid::{Jid, Rules};
use crate::ns;
use crate::stream::{Content, Packet};
use crate::xml::{Element, ElementRef, Sink, Stamp, Writer, XmlError};

/// How a name is bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// Whether other components may have it, too; the router spreads what comes for it among them.
    pub multi: bool,
    /// Whether what is for a name that nobody has comes here.
    pub default: bool,
    /// Whether a copy of all that is routed comes here.
    pub log: bool,
}

impl Name {
    /// Reads what a `<bind/>` says beside the name.
    pub fn read(bind: ElementRef<'_>) -> Self {
        let has = |name| bind.children().any(|child| child.name() == name);
        Name { multi: bind.attr("multi").is_some(), default: has("default"), log: has("log") }
    }
}

/// Of what kind a route is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouteKind {
    /// To one name.
    Unicast,
    /// To all components.
    Broadcast,
    /// A copy for a log.
    Log,
    /// What we sent, come back.
    Error(RouterError),
}

impl RouteKind {
    /// Of what kind a `<route/>` is; `None`: of one that nobody knows.
    pub fn read(route: ElementRef<'_>) -> Option<Self> {
        if let Some(error) = RouterError::read(route) {
            return Some(RouteKind::Error(error));
        }
        match route.attr("type").as_deref() {
            None => Some(RouteKind::Unicast),
            Some("broadcast") => Some(RouteKind::Broadcast),
            Some("log") => Some(RouteKind::Log),
            Some(_) => None,
        }
    }
}

/// What the router's error codes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RouterError {
    /// 400: a name is missing, or is none.
    #[error("the router cannot read it: a name is missing or malformed (400)")]
    BadRequest,
    /// 401: it is from a name that we have not bound.
    #[error("the name that it is from is not bound here: bind it first (401)")]
    NotBound,
    /// 403: the user may not do this.
    #[error("the router's access list does not allow it (403)")]
    Forbidden,
    /// 404: nobody has the name.
    #[error("no component has bound the name (404)")]
    NotFound,
    /// 409: another component has the name.
    #[error("the name is taken (409)")]
    Conflict,
    /// Another code.
    #[error("the router refuses it with code {0}")]
    Other(u16),
}

impl RouterError {
    /// What an `error` says; `None` where there is none.
    pub fn read(element: ElementRef<'_>) -> Option<Self> {
        Some(match &*element.attr("error")? {
            "400" => RouterError::BadRequest,
            "401" => RouterError::NotBound,
            "403" => RouterError::Forbidden,
            "404" => RouterError::NotFound,
            "409" => RouterError::Conflict,
            other => RouterError::Other(other.parse().unwrap_or_default()),
        })
    }

    /// Its code.
    pub const fn code(self) -> u16 {
        match self {
            RouterError::BadRequest => 400,
            RouterError::NotBound => 401,
            RouterError::Forbidden => 403,
            RouterError::NotFound => 404,
            RouterError::Conflict => 409,
            RouterError::Other(code) => code,
        }
    }
}

/// A name in an attribute of this element: an address, of which the domain alone counts.
pub fn name_in(element: ElementRef<'_>, attribute: &str, rules: Rules) -> Option<Jid> {
    let address = Jid::parse_by(rules, &element.attr(attribute)?).ok()?;
    Some(if address.local().is_none() && address.is_bare() { address } else { address.server().to_jid() })
}

/// A `<route/>` of a component, between names that can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    element: Element,
    from: Jid,
    to: Option<Jid>,
}

impl Route {
    /// Reads one to a name, or to all.
    ///
    /// # Errors
    ///
    /// [`RouterError::BadRequest`] where a name is missing or malformed.
    pub fn read(element: Element, rules: Rules) -> Result<Self, RouterError> {
        let view = element.view();
        let from = name_in(view, "from", rules).ok_or(RouterError::BadRequest)?;
        let to = match RouteKind::read(view) {
            Some(RouteKind::Unicast) => Some(name_in(view, "to", rules).ok_or(RouterError::BadRequest)?),
            _ => None,
        };
        Ok(Route { element, from, to })
    }

    /// The name that it is from.
    pub fn from(&self) -> &Jid {
        &self.from
    }

    /// The name that it is to; none in a broadcast.
    pub fn to(&self) -> Option<&Jid> {
        self.to.as_ref()
    }

    /// What is in it, most often a stanza of `jabber:client`.
    pub fn content(&self) -> Option<ElementRef<'_>> {
        self.element.children().next()
    }

    /// It as it came.
    pub fn element(&self) -> &Element {
        &self.element
    }

    /// It as it goes on, to one component or to all: the bytes are shared.
    pub fn packet(&self) -> Packet {
        Packet::of(self.element.view())
    }

    /// A copy of it for a log.
    ///
    /// # Errors
    ///
    /// None for a route that was read.
    pub fn log(&self) -> Result<Packet, XmlError> {
        Packet::stamped(&Stamp::new(self.element.view()).kind("log"))
    }

    /// It as it goes back to who sent it.
    ///
    /// # Errors
    ///
    /// Where it grows over [`Limits::PEER`](crate::xml::Limits::PEER).
    pub fn bounce(&self, why: RouterError) -> Result<Packet, XmlError> {
        bounced(self.element.view(), why)
    }
}

/// What has become of a name, for all components but the one whose name it is. One writing serves them all.
///
/// # Errors
///
/// None for a name.
pub fn presence(name: &Jid, is_available: bool) -> Result<Packet, XmlError> {
    Packet::write(Content::Router, |writer| {
        let mut presence = writer.element("presence", ns::JABBERD_ROUTER)?;
        presence.attr("from", name.domain())?.attr_if("type", (!is_available).then_some("unavailable")).map(drop)
    })
}

/// Something of a component's that goes back to it, as it was and with an error.
pub(crate) fn bounced(element: ElementRef<'_>, why: RouterError) -> Result<Packet, XmlError> {
    Packet::write(Content::Router, |writer| {
        let mut copy = writer.element(element.name(), ns::JABBERD_ROUTER)?;
        for name in ["id", "name", "from", "to", "type"] {
            copy.attr_if(name, element.attr(name).as_deref())?;
        }
        copy.attr("error", &format!("{:03}", why.code()))?;
        for child in element.children() {
            copy.embed(child);
        }
        Ok(())
    })
}

/// Writes the answer to a `<bind/>` or `<unbind/>`: what was said, without the name, and with the error where there is one.
pub(crate) fn write_answer<S: Sink + ?Sized>(
    writer: &mut Writer<'_, S>,
    answered: &'static str,
    id: Option<&str>,
    outcome: Result<(), RouterError>,
) -> Result<(), XmlError> {
    let error = outcome.err().map(|error| format!("{:03}", error.code()));
    let mut answer = writer.element(answered, ns::JABBERD_ROUTER)?;
    answer.attr_if("id", id)?.attr_if("error", error.as_deref()).map(drop)
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;
    use crate::xml::{Limits, Scope};

    fn element(text: &str) -> Element {
        Element::parse(String::from(text).into(), &Scope::ROUTER, &Limits::PEER).unwrap()
    }

    #[test]
    fn a_route_goes_on_comes_back_and_is_logged() {
        let text = "<route from='a.example' to='B.example'><message xmlns='jabber:client'/></route>";
        let route = Route::read(element(text), Rules::default()).unwrap();
        assert_eq!((route.from().as_str(), route.to().map(Jid::as_str)), ("a.example", Some("b.example")));
        assert_eq!(route.content().map(|content| content.ns()), Some("jabber:client"));
        assert_eq!(route.packet().as_bytes(), text);
        assert_eq!(
            route.bounce(RouterError::NotFound).unwrap().as_bytes(),
            "<route from='a.example' to='B.example' error='404'><message xmlns='jabber:client'/></route>"
        );
        assert_eq!(
            route.log().unwrap().as_bytes(),
            "<route from='a.example' to='B.example' type='log'><message xmlns='jabber:client'/></route>"
        );
    }

    #[test]
    fn a_route_is_between_names() {
        for text in ["<route/>", "<route from='a'/>", "<route to='a'/>", "<route from='@' to='a'/>"] {
            assert_eq!(Route::read(element(text), Rules::default()), Err(RouterError::BadRequest), "{text}");
        }
        let broadcast = Route::read(element("<route from='x@a/y' type='broadcast'/>"), Rules::default()).unwrap();
        assert_eq!((broadcast.from().as_str(), broadcast.to()), ("a", None));
    }

    #[test]
    fn codes_go_both_ways() {
        for code in [400, 401, 403, 404, 409, 503] {
            let read = RouterError::read(element(&format!("<bind error='{code}'/>")).view()).unwrap();
            assert_eq!(read.code(), code);
        }
        assert_eq!(RouterError::read(element("<bind/>").view()), None);
    }

    #[test]
    fn how_a_name_is_bound() {
        let all = element("<bind name='a' multi='to'><default/><log/></bind>");
        assert_eq!(Name::read(all.view()), Name { multi: true, default: true, log: true });
        assert_eq!(Name::read(element("<bind name='a'/>").view()), Name::default());
    }
}
