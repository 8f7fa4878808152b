use thiserror::Error;
use wirestate_machine::Ending;
use wirestate_sasl::client::Error as SaslError;

use crate::codec::LineFault;

/// What a server did that no session survives. Sticky, and all requests under way end with it.
///
/// Deletions are not committed; [`Client::deletions`](super::Client::deletions) tells how many there were.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Violation {
    /// The first line is no greeting (RFC 1939 §4).
    #[error("this is no POP3 server: its first line is neither +OK nor -ERR; check host, port and TLS")]
    NotPop3,
    /// A line that begins like no response where a response must stand (RFC 1939 §3).
    #[error("the server sent a line that is no response")]
    NotAResponse,
    /// A line beyond the limit.
    #[error("the server sent a line of more than {limit} octets; raise the limit if that is right")]
    LineTooLong {
        /// The limit in octets.
        limit: usize,
    },
    /// A line that does not end as it must, or with a character that it must not have.
    #[error("the server sent a malformed line: {0}")]
    Line(#[from] LineFault),
    /// A response that nothing was asked for.
    #[error("the server sent a response that no command was waiting for")]
    Unasked,
    /// A continuation outside an authentication exchange, or where it is the client's turn.
    #[error("the server sent a continuation where there is nothing to continue")]
    UnexpectedContinuation,
    /// Octets behind the `+OK` of STLS: somebody may have put them there (RFC 2595 §4).
    #[error("the server sent octets between its +OK to STLS and the TLS handshake; do not trust this connection")]
    BytesBeforeTls,
    /// TLS is required and not among the capabilities.
    #[error(
        "TLS is required, but the server does not offer STLS; use implicit TLS (port 995), or find out who took it away"
    )]
    TlsNotOffered,
    /// TLS is required and the server refused STLS.
    #[error("TLS is required, but the server refused STLS; use implicit TLS (port 995), or find out who refused")]
    TlsRefused,
    /// A CAPA response beyond the limits.
    #[error("the server listed too many capabilities; raise the limits if that is right")]
    TooManyCapabilities,
    /// A listing beyond the limit.
    #[error("the server sent a listing of more than {limit} lines; raise the limit if that is right")]
    ListingTooLong {
        /// The limit in lines.
        limit: u64,
    },
    /// A message beyond the limit.
    #[error("the server sent a message of more than {limit} octets; raise the limit if that is right")]
    MessageTooLarge {
        /// The limit in octets.
        limit: u64,
    },
    /// The server failed to prove what the mechanism demands of it.
    #[error("the server failed its part of the login: {0}")]
    Sasl(SaslError),
    /// Success after the client had cancelled the exchange.
    #[error("the server reported a login that the client had cancelled; do not trust this connection")]
    SuccessAfterCancel,
}

impl From<&Violation> for Ending {
    fn from(violation: &Violation) -> Self {
        match violation {
            Violation::LineTooLong { .. }
            | Violation::TooManyCapabilities
            | Violation::ListingTooLong { .. }
            | Violation::MessageTooLarge { .. } => Ending::Limit,
            Violation::TlsNotOffered | Violation::TlsRefused => Ending::Tls,
            _ => Ending::Violation,
        }
    }
}
