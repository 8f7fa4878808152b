use thiserror::Error;
use wirestate_machine::{Ending, Stranger};

/// What a client did that ends its session. It is told `* BYE` with this text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Violation {
    /// Octets came between STARTTLS and the TLS handshake (RFC 9051 §6.2.1).
    #[error("Data came behind STARTTLS, before the TLS handshake")]
    DataBeforeTls,
    /// Octets came between COMPRESS and the server's answer, which nobody could tell from compressed ones (RFC 4978 §3).
    #[error("Data came behind COMPRESS, before it was answered")]
    DataBeforeCompression,
    /// More bad commands than the limits allow.
    #[error("Too many bad commands")]
    TooManyBadCommands,
    /// More commands before login than the limits allow.
    #[error("Too many commands before login")]
    TooManyCommands,
    /// More failed logins than the limits allow.
    #[error("Too many failed logins")]
    TooManyFailedLogins,
    /// A word that is no command came before login: it is another protocol's, most likely.
    #[error("This is an IMAP server")]
    UnknownCommand,
    /// A TLS handshake came where plain IMAP is spoken.
    #[error("TLS handshake on a port for plain IMAP")]
    TlsHandshake,
    /// An HTTP request came.
    #[error("This is an IMAP server, not a web server")]
    HttpRequest,
}

impl From<Violation> for Ending {
    fn from(violation: Violation) -> Self {
        match violation {
            Violation::TooManyBadCommands | Violation::TooManyCommands | Violation::TooManyFailedLogins => {
                Ending::Limit
            }
            Violation::DataBeforeTls
            | Violation::DataBeforeCompression
            | Violation::UnknownCommand
            | Violation::TlsHandshake
            | Violation::HttpRequest => Ending::Violation,
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
