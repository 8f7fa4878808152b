use thiserror::Error;
use wirestate_machine::Ending;
use wirestate_sasl::client::Error as SaslError;

use crate::jid::JidError;
use crate::stream::management::HandledTooHigh;
use crate::stream::{HeaderError, StreamCondition};
use crate::xml::XmlError;

/// What a server did that no session survives. Sticky, and all requests under way end with it. The stream error that answers it is in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Violation {
    /// What came is no XML as streams have it, or more than the limits allow.
    #[error("the server's stream cannot be read: {0}")]
    Xml(#[from] XmlError),
    /// The stream header breaks a rule (RFC 6120 §4.7, §4.8).
    #[error("this is no XMPP stream of the kind that was asked for: {0}; check host, port and kind of connection")]
    Header(#[from] HeaderError),
    /// The server speaks a version that is not 1.x (RFC 6120 §4.7.5).
    #[error(
        "the server speaks a version of XMPP before 1.0: connect with the legacy dialect, if its network is to be trusted"
    )]
    Version,
    /// Legacy login and component handshake are computed from the stream's id, and there is none (XEP-0078, XEP-0114).
    #[error("the server gave its stream no id, without which no login is possible")]
    NoStreamId,
    /// A first-level element that has no place in the state of the stream.
    #[error("the server sent <{0}/> where it has no place")]
    Unexpected(&'static str),
    /// Bytes behind `<proceed/>`: somebody may have put them there (RFC 6120 §5.4.3.3).
    #[error("the server sent data between its agreement on TLS and the handshake; do not trust this connection")]
    BytesBeforeTls,
    /// Bytes behind `<compressed/>` that were there before its time.
    #[error("the server sent plain data behind its agreement on compression")]
    BytesBeforeCompression,
    /// The server failed to prove what the mechanism demands of it.
    #[error("the server failed its part of the login: {0}")]
    Sasl(SaslError),
    /// Success after the client had broken the exchange off.
    #[error("the server reported a login that the client had broken off; do not trust this connection")]
    SuccessAfterAbort,
    /// The address that the server bound is none, or has no resource (RFC 6120 §7.6).
    #[error("the server bound an address that cannot be used: {0}")]
    Bound(JidError),
    /// The answer to resource binding has no address (RFC 6120 §7.6).
    #[error("the server reported a resource as bound and did not say which")]
    BoundNowhere,
    /// Stream management counts stanzas that were never sent (XEP-0198 §4).
    #[error("{0}")]
    Handled(#[from] HandledTooHigh),
    /// An element of stream management that cannot be read.
    #[error("the server sent a malformed element of stream management")]
    Management,
}

impl Violation {
    /// The stream error that answers it.
    pub fn condition(&self) -> StreamCondition {
        match self {
            Violation::Xml(error) => (*error).into(),
            Violation::Header(error) => error.condition(),
            Violation::Version => StreamCondition::UnsupportedVersion,
            Violation::NoStreamId | Violation::Management => StreamCondition::BadFormat,
            Violation::Unexpected(_) => StreamCondition::UnsupportedStanzaType,
            Violation::BytesBeforeTls | Violation::BytesBeforeCompression => StreamCondition::PolicyViolation,
            Violation::Sasl(_) | Violation::SuccessAfterAbort => StreamCondition::NotAuthorized,
            Violation::Bound(_) | Violation::BoundNowhere => StreamCondition::InvalidXml,
            Violation::Handled(_) => StreamCondition::UndefinedCondition,
        }
    }
}

impl From<&Violation> for Ending {
    fn from(violation: &Violation) -> Self {
        match violation {
            Violation::Xml(XmlError::Limit(_)) => Ending::Limit,
            _ => Ending::Violation,
        }
    }
}
