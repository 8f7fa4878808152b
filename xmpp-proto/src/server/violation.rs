use thiserror::Error;
use wirestate_machine::Ending;

use crate::ns;
use crate::stream::management::HandledTooHigh;
use crate::stream::{HeaderError, StreamCondition, StreamError};
use crate::xml::{ElementBuf, Limit, XmlError};

/// What a client did that ends its session. It is told the stream error that [`condition`](Violation::condition) names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Violation {
    /// Its XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// Its stream header.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A stream header without `to` (RFC 6120 §4.7.2).
    #[error("the stream header must say by `to` which domain is meant")]
    NoHost,
    /// A stream header for a domain that is not served (RFC 6120 §4.9.3.6).
    #[error("this domain is not served here")]
    HostUnknown,
    /// A stream of the time before version 1.0, which is not served (RFC 6120 §4.9.3.25).
    #[error("streams before version 1.0 are not served here")]
    Version,
    /// What comes after the login came before it (RFC 6120 §4.9.3.12).
    #[error("first log in and bind a resource")]
    NotAuthorized,
    /// A first-level element that is none for this place (RFC 6120 §4.9.3.24).
    #[error("this is no element that can be sent here")]
    UnsupportedElement,
    /// A stanza that says it is from somebody else (RFC 6120 §4.9.3.9).
    #[error("a stanza says that it is from somebody else")]
    InvalidFrom,
    /// An acknowledgement of what was never sent (XEP-0198 §4).
    #[error(transparent)]
    HandledTooHigh(#[from] HandledTooHigh),
    /// Bytes came between STARTTLS, or the like, and the switch (RFC 6120 §5.4.3.3).
    #[error("data came before the switch that was asked for")]
    DataBeforeUpgrade,
    /// STARTTLS where it is not offered (RFC 6120 §5.4.2.2).
    #[error("TLS is not offered here")]
    TlsNotOffered,
    /// More failed logins than the limits allow.
    #[error("too many failed logins")]
    TooManyFailedLogins,
    /// More elements before a resource is bound than the limits allow.
    #[error("too many elements before a resource is bound")]
    TooManyElements,
}

impl Violation {
    /// The stream error that answers it. With [`TlsNotOffered`](Violation::TlsNotOffered) the answer is `<failure/>`, and the stream ends without one.
    pub fn condition(self) -> StreamCondition {
        match self {
            Violation::Xml(error) => error.into(),
            Violation::Header(error) => error.condition(),
            Violation::NoHost => StreamCondition::ImproperAddressing,
            Violation::HostUnknown => StreamCondition::HostUnknown,
            Violation::Version => StreamCondition::UnsupportedVersion,
            Violation::NotAuthorized => StreamCondition::NotAuthorized,
            Violation::UnsupportedElement => StreamCondition::UnsupportedStanzaType,
            Violation::InvalidFrom => StreamCondition::InvalidFrom,
            Violation::HandledTooHigh(_) => StreamCondition::UndefinedCondition,
            Violation::DataBeforeUpgrade
            | Violation::TlsNotOffered
            | Violation::TooManyFailedLogins
            | Violation::TooManyElements => StreamCondition::PolicyViolation,
        }
    }

    pub(super) fn stream_error(self) -> Option<StreamError> {
        let error = StreamError::new(self.condition());
        let more = match self {
            Violation::TlsNotOffered => return None,
            Violation::HandledTooHigh(HandledTooHigh { handled, sent }) => {
                let (handled, sent) = (alloc::format!("{handled}"), alloc::format!("{sent}"));
                ElementBuf::new("handled-count-too-high", ns::SM).attr("h", &handled).attr("send-count", &sent).finish()
            }
            Violation::Xml(XmlError::Limit(Limit::Bytes)) => {
                ElementBuf::new("stanza-too-big", "urn:xmpp:errors").finish()
            }
            _ => return Some(error.text_in("en", alloc::format!("{self}"))),
        };
        Some(match more {
            Ok(more) => error.application(more),
            Err(_) => error,
        })
    }
}

impl From<Violation> for Ending {
    fn from(violation: Violation) -> Self {
        match violation {
            Violation::Xml(XmlError::Limit(_)) | Violation::TooManyFailedLogins | Violation::TooManyElements => {
                Ending::Limit
            }
            _ => Ending::Violation,
        }
    }
}
