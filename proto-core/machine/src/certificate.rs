use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::TlsFacts;

/// The certificate that a client has shown, and that TLS has proved to be its own and signed by an authority that the server takes. Whose
/// account it opens (SASL EXTERNAL, RFC 4422 appendix A) is the application's to say.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientCertificate {
    /// The certificate in DER. Its SHA-256 is the fingerprint by which IRC knows it (`certfp`).
    pub der: Bytes,
    /// Its subject as a string of RFC 4514, such as `CN=ann,O=Example`, where it has one that can be read.
    pub subject: Option<String>,
    /// Whom it names. Empty where it cannot be read.
    pub names: Vec<CertificateName>,
}

impl ClientCertificate {
    /// What a server knows of the client's certificate after a handshake, where the client has shown one.
    pub fn of(facts: &TlsFacts) -> Option<Box<Self>> {
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

/// A name in a certificate, as it stands there: the TLS layer has verified who signed it, and not what it says.
///
/// It has no control characters and is not empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateName {
    /// A `commonName` of the subject (RFC 4519 §2.3): of people their name or login, of old servers their host's name.
    CommonName(String),
    /// An `rfc822Name` (RFC 5280 §4.2.1.6): an e-mail address.
    Rfc822Name(String),
    /// A `dNSName` (RFC 5280 §4.2.1.6): a host, perhaps with a wildcard.
    DnsName(String),
    /// An `id-on-xmppAddr` (RFC 6120 §13.7.1.4): a JID.
    XmppAddr(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn a_certificate_is_what_the_facts_say_of_the_peer() {
        let mut facts = TlsFacts::new();
        assert_eq!(ClientCertificate::of(&facts), None);
        facts.peer_certificate = Some(Bytes::from_static(b"der"));
        facts.peer_subject = Some("CN=ann".into());
        facts.peer_names = vec![CertificateName::CommonName("ann".into())];
        let certificate = ClientCertificate::of(&facts).unwrap();
        assert_eq!((&certificate.der[..], certificate.subject.as_deref()), (&b"der"[..], Some("CN=ann")));
        assert_eq!(certificate.names, facts.peer_names);
        assert!(alloc::format!("{certificate:?}").contains("der: 3"));
    }
}
