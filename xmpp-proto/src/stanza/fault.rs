use super::reply::may_be_answered;
use super::{StanzaCondition, StanzaError};
use crate::jid::JidError;
use crate::stream::StreamCondition;
use crate::xml::Element;

/// Which rule of stanzas a first-level element breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StanzaFault {
    /// It is no message, presence or IQ of the stream's content namespace (RFC 6120 §4.9.3.24).
    #[error("this is no message, presence or iq in the stream's content namespace")]
    NotAStanza,
    /// `from` is no address (RFC 6120 §4.9.3.9).
    #[error("`from` is no address: {0}")]
    From(JidError),
    /// `to` is no address (RFC 6120 §8.3.3.8).
    #[error("`to` is no address: {0}")]
    To(JidError),
    /// A presence of a type that there is not (RFC 6121 §4.7.1).
    #[error("a presence has no such type; leave it out for available")]
    PresenceType,
    /// An IQ without `type` (RFC 6120 §8.2.3, rule 2).
    #[error("an iq must have a type: get, set, result or error")]
    IqTypeMissing,
    /// An IQ of a type that there is not (RFC 6120 §8.2.3, rule 2).
    #[error("an iq is of type get, set, result or error")]
    IqType,
    /// An IQ without `id` (RFC 6120 §8.2.3, rule 1).
    #[error("an iq must have an id")]
    IqIdMissing,
    /// An IQ of type `get` or `set` without child, or with more than one (RFC 6120 §8.2.3, rule 3).
    #[error("an iq of type get or set must hold one element and no more")]
    IqChildren,
    /// An IQ of type `result` with more than one child (RFC 6120 §8.2.3, rule 6).
    #[error("an iq of type result must hold one element at most")]
    IqResultChildren,
    /// An IQ of type `error` without error (RFC 6120 §8.2.3, rule 7).
    #[error("an iq of type error must hold an error")]
    IqErrorMissing,
}

/// A first-level element that is no stanza as it should be.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{fault}")]
pub struct Refused {
    /// The element.
    pub element: Element,
    /// The rule that it breaks.
    pub fault: StanzaFault,
}

/// What a receiver owes the sender of what it refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// The stream ends with this error.
    Stream(StreamCondition),
    /// The stanza is answered with this error, by [`write_error`](super::write_error).
    Stanza(StanzaError),
    /// Nothing: an answer is not answered.
    Nothing,
}

impl Refused {
    /// What is due for it.
    pub fn due(&self) -> Due {
        let condition = match self.fault {
            StanzaFault::NotAStanza => return Due::Stream(StreamCondition::UnsupportedStanzaType),
            StanzaFault::From(_) => return Due::Stream(StreamCondition::InvalidFrom),
            _ if !may_be_answered(self.element.view()) => return Due::Nothing,
            StanzaFault::To(_) => StanzaCondition::JidMalformed,
            _ => StanzaCondition::BadRequest,
        };
        Due::Stanza(condition.into())
    }
}
