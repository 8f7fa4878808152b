use thiserror::Error;
use wirestate_machine::{Ending, Stranger};

/// What a client did that ends its session. Marked messages are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Violation {
    /// Octets came between STLS and the TLS handshake (RFC 2595 §4).
    #[error("octets came behind STLS, before the TLS handshake: they must not be acted on")]
    DataBeforeTls,
    /// More bad commands than the limits allow.
    #[error("the client sent too many bad commands")]
    TooManyBadCommands,
    /// More failed logins than the limits allow.
    #[error("the client failed to log in too often")]
    TooManyFailedLogins,
    /// A TLS handshake came where plain POP3 is spoken.
    #[error("the client began a TLS handshake on a port for plain POP3")]
    TlsHandshake,
    /// An HTTP request came.
    #[error("the client speaks HTTP")]
    HttpRequest,
}

impl From<Violation> for Ending {
    fn from(violation: Violation) -> Self {
        match violation {
            Violation::TooManyBadCommands | Violation::TooManyFailedLogins => Ending::Limit,
            Violation::DataBeforeTls | Violation::TlsHandshake | Violation::HttpRequest => Ending::Violation,
        }
    }
}

impl From<Stranger> for Violation {
    fn from(stranger: Stranger) -> Self {
        match stranger {
            Stranger::Tls => Violation::TlsHandshake,
            Stranger::Http => Violation::HttpRequest,
        }
    }
}
