use thiserror::Error;
use wirestate_machine::Ending;
use wirestate_sasl::client::Error as SaslError;

use crate::codec::Budget;

/// What a server did that no session survives. Sticky, and all requests under way end with it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Violation {
    /// The first line is no greeting (RFC 9051 §7.1).
    #[error("this is no IMAP server: its first line is no greeting; check host, port and TLS")]
    NotImap,
    /// A response beyond a limit.
    #[error("the server sent a response that is too big: {0}; raise the limit if that is right")]
    TooBig(Budget),
    /// A message text beyond the limit.
    #[error("the server sent a message of more than {limit} octets; raise the limit if that is right")]
    MessageTooLarge {
        /// The limit in octets.
        limit: u64,
    },
    /// More responses than the limit allows of which nothing can be made.
    #[error("the server sent more than {limit} responses that cannot be understood; raise the limit if that is right")]
    TooOdd {
        /// The limit.
        limit: u32,
    },
    /// A command was completed that was not sent, or not with this tag (RFC 9051 §2.2.2).
    #[error("the server completed a command that was never sent")]
    UnknownTag,
    /// A command of ours was completed in words that cannot be read.
    #[error("the server completed a command with neither OK nor NO nor BAD")]
    UnreadableCompletion,
    /// PREAUTH where TLS is required: after it STARTTLS is impossible, and somebody may want just that (RFC 9051 §11.1).
    #[error(
        "the server says that we are logged in already, though TLS is required first; do not trust this connection"
    )]
    PreauthBeforeTls,
    /// Octets behind the OK of STARTTLS: somebody may have put them there (RFC 9051 §6.2.1).
    #[error("the server sent octets between its OK to STARTTLS and the TLS handshake; do not trust this connection")]
    BytesBeforeTls,
    /// Octets behind the OK of COMPRESS that came before this end was ready for them (RFC 4978 §3).
    #[error("the server sent octets along with its OK to COMPRESS, so that nobody knows whether they are compressed")]
    BytesBeforeCompression,
    /// TLS is required and not among the capabilities.
    #[error(
        "TLS is required, but the server does not offer STARTTLS; use implicit TLS (port 993), or find out who took it away"
    )]
    TlsNotOffered,
    /// TLS is required and the server refused STARTTLS.
    #[error("TLS is required, but the server refused STARTTLS; use implicit TLS (port 993), or find out who refused")]
    TlsRefused,
    /// A message's text, before login.
    #[error("the server sent a message before login")]
    MessageBeforeLogin,
    /// A continuation where it is the client's turn in an authentication exchange.
    #[error("the server sent a continuation where there is nothing to continue")]
    UnexpectedContinuation,
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
            Violation::TooBig(_) | Violation::MessageTooLarge { .. } | Violation::TooOdd { .. } => Ending::Limit,
            Violation::TlsNotOffered | Violation::TlsRefused => Ending::Tls,
            _ => Ending::Violation,
        }
    }
}
