use core::time::Duration;

use thiserror::Error;
use wirestate_machine::Upgrade;

/// Why TLS could not be set up, or broke.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Failure {
    /// The configuration does not allow even to begin.
    #[error("the TLS configuration cannot start a handshake: {0}")]
    Setup(#[source] rustls::Error),
    /// The first byte is not one of TLS: an HTTP request, a greeting in clear text, or noise.
    #[error("the peer does not speak TLS here: it uses the wrong port, or sent clear text before the handshake")]
    NotTls,
    /// The handshake failed; the alert that tells the peer so is in the outbox.
    #[error("the handshake failed: {0}")]
    Handshake(#[source] rustls::Error),
    /// The peer went away before the handshake was done.
    #[error("the peer closed the connection during the handshake")]
    CutOff,
    /// The handshake took more bytes than any honest one.
    #[error("the handshake is longer than {limit} bytes")]
    TooLong {
        /// The most bytes that a peer may send in a handshake.
        limit: usize,
    },
    /// The handshake was not done in time: the peer is very slow, or keeps the connection for nothing.
    #[error("the handshake was not done within {limit:?}")]
    TooSlow {
        /// How long a handshake may take.
        limit: Duration,
    },
    /// A record was forged, damaged or against the protocol; the alert is in the outbox.
    #[error("the encrypted stream is damaged: {0}")]
    Record(#[source] rustls::Error),
    /// The machine asked for an upgrade inside TLS that no layer inside TLS takes.
    #[error("nothing inside TLS takes the upgrade {0:?}: put its layer between Tls and the machine")]
    Stranded(Upgrade),
}
