use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::CertificateName;

/// What a machine wants put between itself and the peer, offered in [`Machine::upgrade`](crate::Machine::upgrade).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Upgrade {
    /// A TLS handshake, for STARTTLS and its like as well as for implicit TLS, where it comes before the first byte.
    Tls,
    /// DEFLATE compression in both directions (RFC 4978, XEP-0138).
    Deflate,
}

/// What has been put between a machine and its peer, told in [`Machine::upgraded`](crate::Machine::upgraded).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Upgraded {
    /// The TLS handshake succeeded. Boxed, for it is large and seldom.
    Tls(alloc::boxed::Box<TlsFacts>),
    /// From here on both directions are compressed.
    Deflate,
}

/// What the TLS layer knows of a finished handshake.
///
/// All fields are public data of the session except the keying material, which binds an authentication to this channel.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct TlsFacts {
    /// The protocol version, such as `TLSv1.3`.
    pub version: Option<&'static str>,
    /// The protocol that ALPN chose (RFC 7301).
    pub alpn: Option<Bytes>,
    /// The server name that the client asked for (SNI).
    pub server_name: Option<String>,
    /// The peer's own certificate in DER, where it showed one and it was verified.
    pub peer_certificate: Option<Bytes>,
    /// The subject of that certificate as a string of RFC 4514, such as `CN=ann,O=Example`. `None` where the subject is empty, or the
    /// certificate of a kind that the TLS layer cannot read.
    pub peer_subject: Option<String>,
    /// Whom that certificate names, for SASL EXTERNAL (RFC 4422 appendix A) to decide by: the common names of its subject, then its
    /// subject alternative names. Empty where it cannot be read.
    pub peer_names: Vec<CertificateName>,
    /// `tls-exporter` channel binding (RFC 9266): 32 bytes that both ends can derive and nobody else.
    pub exporter: Option<[u8; 32]>,
    /// `tls-server-end-point` channel binding (RFC 5929 §4): the hash of the server's certificate.
    pub server_end_point: Option<Bytes>,
}

impl TlsFacts {
    /// Facts that say nothing yet; fill in what is known.
    pub fn new() -> Self {
        TlsFacts::default()
    }
}

impl fmt::Debug for TlsFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsFacts")
            .field("version", &self.version)
            .field("alpn", &self.alpn)
            .field("server_name", &self.server_name)
            .field("peer_certificate", &self.peer_certificate.as_ref().map(Bytes::len))
            .field("peer_subject", &self.peer_subject)
            .field("peer_names", &self.peer_names)
            .field("exporter", &self.exporter.map(|_| "32 bytes"))
            .field("server_end_point", &self.server_end_point.as_ref().map(Bytes::len))
            .finish()
    }
}
