use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use wirestate_machine::{CertificateName, TlsFacts};

/// The certificate that a client has shown, and that TLS has proved to be its own and signed by an authority that the server takes. Whose
/// account it opens is the application's to say.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientCertificate {
    /// The certificate in DER. Its SHA-256 is the fingerprint that IRC shows (`certfp`).
    pub der: Bytes,
    /// Its subject as a string of RFC 4514, such as `CN=ann,O=Example`, where it has one that can be read.
    pub subject: Option<String>,
    /// Whom it names. Empty where it cannot be read.
    pub names: Vec<CertificateName>,
}

impl ClientCertificate {
    /// What the facts of a handshake say of the client's certificate, where it showed one.
    pub(super) fn of(facts: &TlsFacts) -> Option<Box<Self>> {
        let der = facts.peer_certificate.clone()?;
        Some(Box::new(Self { der, subject: facts.peer_subject.clone(), names: facts.peer_names.clone() }))
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate")
            .field("der", &self.der.len())
            .field("subject", &self.subject)
            .field("names", &self.names)
            .finish()
    }
}
