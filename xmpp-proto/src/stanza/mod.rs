//! Stanzas (RFC 6120 §8): message, presence and IQ, each a head over the [`Element`] that it is.
//!
//! [`Stanza::read`] checks what the RFC asks of all of them. What is not right comes back as [`Refused`], which says what is due: an error stanza, a
//! stream error, or silence.
//!
//! ```
//! use xmpp_proto::jid::Rules;
//! use xmpp_proto::ns;
//! use xmpp_proto::stanza::{Stanza, StanzaCondition, StanzaError, write_error};
//! use xmpp_proto::xml::{Element, Scope, Writer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let element: Element = "<iq xmlns='jabber:client' to='im.example' type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>".parse()?;
//! let Ok(Stanza::Iq(iq)) = Stanza::read(element, ns::CLIENT, Rules::Rfc7622) else { panic!("it is one") };
//! assert!(iq.payload().is_some_and(|payload| payload.is("ping", ns::PING)));
//!
//! let mut sent = Vec::new();
//! let scope = Scope::CLIENT;
//! iq.write_result(&mut Writer::new(&mut sent, &scope))?.end();
//! assert_eq!(sent, b"<iq from='im.example' id='1' type='result'/>");
//!
//! sent.clear();
//! let error = StanzaError::new(StanzaCondition::ServiceUnavailable);
//! assert!(write_error(iq.view(), &error, &mut Writer::new(&mut sent, &scope))?);
//! # Ok(())
//! # }
//! ```

mod condition;
mod error;
mod fault;
mod head;
mod kind;
mod reply;

#[cfg(test)]
mod tests;

pub use condition::{ErrorType, StanzaCondition};
pub use error::StanzaError;
pub use fault::{Due, Refused, StanzaFault};
pub use head::{Iq, Message, Presence};
pub use kind::{IqType, MessageType, PresenceType, Show};
pub use reply::write_error;

use alloc::borrow::Cow;

use crate::jid::{JidCow, JidRef, Rules};
use crate::xml::{Element, ElementRef};

/// A stanza whose head was found right.
#[derive(Clone, Debug)]
pub enum Stanza {
    /// A message.
    Message(Message),
    /// A presence.
    Presence(Presence),
    /// A question or its answer.
    Iq(Iq),
}

impl wirestate_machine::plugin::Kind for Stanza {
    /// Message 0, presence 1, IQ 2.
    fn bit(&self) -> u32 {
        match self {
            Stanza::Message(_) => 0,
            Stanza::Presence(_) => 1,
            Stanza::Iq(_) => 2,
        }
    }
}

impl Stanza {
    /// Takes a first-level element for a stanza of the stream whose content namespace is `ns`. Addresses must be such by `rules`.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, with the element.
    pub fn read(element: Element, ns: &str, rules: Rules) -> Result<Stanza, Refused> {
        match Stanza::check(&element, ns, rules) {
            Ok(kind) => Ok(match kind {
                Kind::Message(kind) => Stanza::Message(Message { element, kind, rules }),
                Kind::Presence(kind) => Stanza::Presence(Presence { element, kind, rules }),
                Kind::Iq(kind) => Stanza::Iq(Iq { element, kind, rules }),
            }),
            Err(fault) => Err(Refused { element, fault }),
        }
    }

    fn check(element: &Element, ns: &str, rules: Rules) -> Result<Kind, StanzaFault> {
        if element.ns() != ns || !head::is_content_ns(ns) {
            return Err(StanzaFault::NotAStanza);
        }
        let name = element.name();
        if !matches!(name, "message" | "presence" | "iq") {
            return Err(StanzaFault::NotAStanza);
        }
        let (mut kind, mut id) = (None, None);
        for attribute in element.attrs().filter(|attribute| attribute.prefix().is_none()) {
            match attribute.name() {
                "from" => drop(JidRef::parse_by(rules, &attribute.value()).map_err(StanzaFault::From)?),
                "to" => drop(JidRef::parse_by(rules, &attribute.value()).map_err(StanzaFault::To)?),
                "type" => kind = Some(attribute.value()),
                "id" => id = Some(attribute.value()),
                _ => {}
            }
        }
        match name {
            "message" => Ok(Kind::Message(kind.and_then(|kind| MessageType::read(&kind)).unwrap_or_default())),
            "presence" => match kind.as_deref() {
                None => Ok(Kind::Presence(PresenceType::Available)),
                Some("") => Err(StanzaFault::PresenceType),
                Some(kind) => PresenceType::read(kind).map(Kind::Presence).ok_or(StanzaFault::PresenceType),
            },
            _ => {
                let kind = kind.ok_or(StanzaFault::IqTypeMissing)?;
                let kind = IqType::read(&kind).ok_or(StanzaFault::IqType)?;
                if id.is_none_or(|id| id.is_empty()) {
                    return Err(StanzaFault::IqIdMissing);
                }
                let children = element.children().take(2).count();
                match kind {
                    IqType::Get | IqType::Set if children != 1 => Err(StanzaFault::IqChildren),
                    IqType::Result if children > 1 => Err(StanzaFault::IqResultChildren),
                    IqType::Error if element.child("error", ns).is_none() => Err(StanzaFault::IqErrorMissing),
                    kind => Ok(Kind::Iq(kind)),
                }
            }
        }
    }

    /// The element that it is.
    pub fn element(&self) -> &Element {
        match self {
            Stanza::Message(stanza) => stanza.element(),
            Stanza::Presence(stanza) => stanza.element(),
            Stanza::Iq(stanza) => stanza.element(),
        }
    }

    /// A view of the element that it is.
    pub fn view(&self) -> ElementRef<'_> {
        self.element().view()
    }

    /// The element that it is.
    pub fn into_element(self) -> Element {
        match self {
            Stanza::Message(stanza) => stanza.into_element(),
            Stanza::Presence(stanza) => stanza.into_element(),
            Stanza::Iq(stanza) => stanza.into_element(),
        }
    }

    /// Its identifier.
    pub fn id(&self) -> Option<Cow<'_, str>> {
        self.element().attr("id")
    }

    /// Whom it is from.
    pub fn from(&self) -> Option<JidCow<'_>> {
        match self {
            Stanza::Message(stanza) => stanza.from(),
            Stanza::Presence(stanza) => stanza.from(),
            Stanza::Iq(stanza) => stanza.from(),
        }
    }

    /// Whom it is to.
    pub fn to(&self) -> Option<JidCow<'_>> {
        match self {
            Stanza::Message(stanza) => stanza.to(),
            Stanza::Presence(stanza) => stanza.to(),
            Stanza::Iq(stanza) => stanza.to(),
        }
    }

    /// Whether it is of type `error`.
    pub fn is_error(&self) -> bool {
        match self {
            Stanza::Message(stanza) => stanza.kind() == MessageType::Error,
            Stanza::Presence(stanza) => stanza.kind() == PresenceType::Error,
            Stanza::Iq(stanza) => stanza.kind() == IqType::Error,
        }
    }
}

enum Kind {
    Message(MessageType),
    Presence(PresenceType),
    Iq(IqType),
}
