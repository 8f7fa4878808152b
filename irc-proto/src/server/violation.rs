use thiserror::Error;
use wirestate_machine::{Ending, Stranger};

/// What a client did that ends its session. The text fits a QUIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Violation {
    /// Bytes came between STARTTLS and the TLS handshake (IRCv3 tls-3.1).
    #[error("Data came before the TLS handshake")]
    DataBeforeTls,
    /// More lines before registration than the limits allow.
    #[error("Too many lines before registration")]
    TooManyLines,
    /// More failed logins than the limits allow.
    #[error("Too many failed logins")]
    TooManyFailedLogins,
    /// A TLS handshake came where plain IRC is spoken.
    #[error("TLS handshake on a port for plain IRC")]
    TlsHandshake,
    /// An HTTP request came.
    #[error("This is an IRC server, not a web server")]
    HttpRequest,
}

impl From<Violation> for Ending {
    fn from(violation: Violation) -> Self {
        match violation {
            Violation::TooManyLines | Violation::TooManyFailedLogins => Ending::Limit,
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
