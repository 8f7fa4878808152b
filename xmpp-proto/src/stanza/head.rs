use alloc::borrow::Cow;

use super::kind::{IqType, MessageType, PresenceType, Show};
use super::{StanzaError, reply};
use crate::jid::{JidCow, JidRef, Rules};
use crate::ns;
use crate::xml::{Element, ElementBuf, ElementRef, ElementWriter, Sink, Writer, XmlError};

/// A message (RFC 6121 §5).
#[derive(Clone, Debug)]
pub struct Message {
    pub(super) element: Element,
    pub(super) kind: MessageType,
    pub(super) rules: Rules,
}

/// A presence (RFC 6121 §4).
#[derive(Clone, Debug)]
pub struct Presence {
    pub(super) element: Element,
    pub(super) kind: PresenceType,
    pub(super) rules: Rules,
}

/// A question to one receiver, or its answer (RFC 6120 §8.2.3).
#[derive(Clone, Debug)]
pub struct Iq {
    pub(super) element: Element,
    pub(super) kind: IqType,
    pub(super) rules: Rules,
}

macro_rules! heads {
    ($($head:ident: $kind:ident;)*) => {
        $(impl $head {
            /// Its type.
            pub fn kind(&self) -> $kind {
                self.kind
            }

            /// Its identifier (RFC 6120 §8.1.3).
            pub fn id(&self) -> Option<Cow<'_, str>> {
                self.element.attr("id")
            }

            /// Whom it is from.
            pub fn from(&self) -> Option<JidCow<'_>> {
                address(&self.element, "from", self.rules)
            }

            /// Whom it is to.
            pub fn to(&self) -> Option<JidCow<'_>> {
                address(&self.element, "to", self.rules)
            }

            /// The language of its texts, as far as it says so itself (RFC 6120 §8.1.5).
            pub fn lang(&self) -> Option<Cow<'_, str>> {
                self.element.lang()
            }

            /// The error that it carries, if it is one.
            pub fn error(&self) -> Option<StanzaError> {
                match self.kind {
                    $kind::Error => StanzaError::read(self.view()),
                    _ => None,
                }
            }

            /// The element that it is.
            pub fn element(&self) -> &Element {
                &self.element
            }

            /// A view of the element that it is.
            pub fn view(&self) -> ElementRef<'_> {
                self.element.view()
            }

            /// The element that it is.
            pub fn into_element(self) -> Element {
                self.element
            }
        })*
    };
}

heads! {
    Message: MessageType;
    Presence: PresenceType;
    Iq: IqType;
}

/// An address that was found to be one when the stanza was read.
fn address<'a>(element: &'a Element, name: &str, rules: Rules) -> Option<JidCow<'a>> {
    match element.attr(name)? {
        Cow::Borrowed(text) => JidRef::parse_by(rules, text).ok(),
        Cow::Owned(text) => JidRef::parse_by(rules, &text).ok().map(|jid| JidCow::Owned(jid.into_jid())),
    }
}

impl Message {
    /// Begins a message of our own. `ns` is the stream's content namespace.
    pub fn build(ns: &'static str, kind: MessageType, to: Option<JidRef<'_>>) -> ElementBuf {
        let message = addressed("message", ns, to);
        match kind {
            MessageType::Normal => message,
            kind => message.attr("type", kind.as_str()),
        }
    }

    /// The first body (RFC 6121 §5.2.3); there may be more, in other languages.
    pub fn body(&self) -> Option<Cow<'_, str>> {
        own_text(&self.element, "body")
    }

    /// The first subject (RFC 6121 §5.2.4).
    pub fn subject(&self) -> Option<Cow<'_, str>> {
        own_text(&self.element, "subject")
    }

    /// The conversation that it belongs to (RFC 6121 §5.2.5).
    pub fn thread(&self) -> Option<Cow<'_, str>> {
        own_text(&self.element, "thread")
    }
}

impl Presence {
    /// Begins a presence of our own. `ns` is the stream's content namespace.
    pub fn build(ns: &'static str, kind: PresenceType, to: Option<JidRef<'_>>) -> ElementBuf {
        let presence = addressed("presence", ns, to);
        match kind {
            PresenceType::Available => presence,
            kind => presence.attr("type", kind.as_str()),
        }
    }

    /// How available someone is; `None`: simply available, or a word that is not known.
    pub fn show(&self) -> Option<Show> {
        own_text(&self.element, "show").and_then(|show| Show::read(show.trim()))
    }

    /// The first words about it (RFC 6121 §4.7.2.2).
    pub fn status(&self) -> Option<Cow<'_, str>> {
        own_text(&self.element, "status")
    }

    /// The priority of the resource (RFC 6121 §4.7.2.3), 0 where none is given. `None`: what is given is no number from -128 to 127.
    pub fn priority(&self) -> Option<i8> {
        match own_text(&self.element, "priority") {
            Some(priority) => priority.trim().parse().ok(),
            None => Some(0),
        }
    }
}

impl Iq {
    /// Begins a question of our own, into which one element must go. `ns` is the stream's content namespace.
    pub fn build(ns: &'static str, kind: IqType, id: &str, to: Option<JidRef<'_>>) -> ElementBuf {
        addressed("iq", ns, to).attr("id", id).attr("type", kind.as_str())
    }

    /// What it asks, or what the answer is.
    pub fn payload(&self) -> Option<ElementRef<'_>> {
        let is_error = |child: &ElementRef<'_>| self.kind == IqType::Error && child.is("error", self.element.ns());
        self.element.children().find(|child| !is_error(child))
    }

    /// Begins its answer, addressed back, of type `result`. What is asked for goes into it.
    ///
    /// # Errors
    ///
    /// None that a stanza that was read could bring; those of the writer.
    pub fn write_result<'w, S: Sink + ?Sized>(
        &'w self,
        writer: &'w mut Writer<'_, S>,
    ) -> Result<ElementWriter<'w, S>, XmlError> {
        reply::begin(self.view(), "result", writer)
    }

    /// Its answer as an element to build upon, addressed back, of type `result`.
    pub fn result(&self) -> ElementBuf {
        reply::build(self.view(), "result")
    }
}

fn addressed(name: &'static str, ns: &'static str, to: Option<JidRef<'_>>) -> ElementBuf {
    let stanza = ElementBuf::new(name, ns);
    match to {
        Some(to) => stanza.attr("to", to.as_str()),
        None => stanza,
    }
}

fn own_text<'a>(stanza: &'a Element, name: &str) -> Option<Cow<'a, str>> {
    stanza.child(name, stanza.ns()).map(ElementRef::text)
}

/// The content namespaces that stanzas may be in.
pub(super) fn is_content_ns(uri: &str) -> bool {
    matches!(uri, ns::CLIENT | ns::SERVER | ns::COMPONENT_ACCEPT | ns::COMPONENT_CONNECT)
}
