use thiserror::Error;
use wirestate_machine::Ending;
use wirestate_sasl::client::Error as SaslError;

/// What a server did that no session survives. Sticky, and all requests under way end with it.
///
/// IRC lives with odd servers: a line that cannot be read is an [`Oddity`](super::Oddity), and only what endangers the program is here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Violation {
    /// Bytes behind the 670 of STARTTLS: somebody may have put them there.
    #[error("the server sent bytes between its answer to STARTTLS and the TLS handshake; do not trust this connection")]
    BytesBeforeTls,
    /// TLS is required and not among the capabilities.
    #[error(
        "TLS is required, but the server does not offer STARTTLS; use implicit TLS (port 6697), or find out who took it away"
    )]
    TlsNotOffered,
    /// TLS is required and the server refused STARTTLS, or went on as if it had not been asked.
    #[error("TLS is required, but the server refused STARTTLS; use implicit TLS (port 6697), or find out who refused")]
    TlsRefused,
    /// More capabilities than the limits allow.
    #[error("the server offers too many capabilities; raise the limits if that is right")]
    TooManyCapabilities,
    /// The server failed to prove what the mechanism demands of it.
    #[error("the server failed its part of the login: {0}")]
    Sasl(SaslError),
    /// Success after the client had broken the exchange off.
    #[error("the server reported a login that the client had broken off; do not trust this connection")]
    SuccessAfterAbort,
}

impl From<&Violation> for Ending {
    fn from(violation: &Violation) -> Self {
        match violation {
            Violation::TooManyCapabilities => Ending::Limit,
            Violation::TlsNotOffered | Violation::TlsRefused => Ending::Tls,
            _ => Ending::Violation,
        }
    }
}
