use wirestate_machine::CertificateName;
use x509_cert::Certificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Any, Decode, Encode, Tag, Tagged};
use x509_cert::ext::pkix::name::GeneralName;

/// No honest certificate names anybody so many times.
const MOST_NAMES: usize = 256;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const SUBJECT_ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const XMPP_ADDR: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.8.5");

/// The subject of a certificate in DER as a string of RFC 4514, and whom the certificate names, at most 256 times: what the layer puts into
/// `peer_subject` and `peer_names` of [`TlsFacts`](wirestate_machine::TlsFacts). What cannot be read is left out.
///
/// For those who run TLS outside of the machine; who signed the certificate is not looked at here.
pub fn subject_and_names(certificate: &[u8]) -> (Option<String>, Vec<CertificateName>) {
    let Ok(certificate) = Certificate::from_der(certificate) else { return (None, Vec::new()) };
    let certificate = certificate.tbs_certificate();
    let subject = certificate.subject();
    let common = subject.iter().filter(|attribute| attribute.oid == COMMON_NAME);
    let common = common.filter_map(|attribute| text(&attribute.value)).map(CertificateName::CommonName);
    let extensions = certificate.extensions().into_iter().flatten();
    let alternative = extensions
        .filter(|extension| extension.extn_id == SUBJECT_ALTERNATIVE_NAME)
        // One by one, so that a name of an odd kind does not hide the others.
        .filter_map(|extension| Vec::<Any>::from_der(extension.extn_value.as_bytes()).ok())
        .flatten()
        .filter_map(|name| alternative_name(&name));
    let names = common.chain(alternative).take(MOST_NAMES).collect();
    ((!subject.is_empty()).then(|| subject.to_string()), names)
}

fn alternative_name(name: &Any) -> Option<CertificateName> {
    Some(match GeneralName::from_der(&name.to_der().ok()?).ok()? {
        GeneralName::Rfc822Name(address) => CertificateName::Rfc822Name(clean(address.as_str())?),
        GeneralName::DnsName(host) => CertificateName::DnsName(clean(host.as_str())?),
        GeneralName::OtherName(other) if other.type_id == XMPP_ADDR => CertificateName::XmppAddr(text(&other.value)?),
        _ => return None,
    })
}

/// What a string of ASN.1 says, where it is of a kind that is in use (RFC 5280 §4.1.2.4).
fn text(value: &Any) -> Option<String> {
    let text = str::from_utf8(value.value()).ok()?;
    match value.tag() {
        Tag::Utf8String => clean(text),
        Tag::PrintableString | Tag::Ia5String if text.is_ascii() => clean(text),
        _ => None,
    }
}

/// A NUL in the middle of a name has fooled many who compared only what came before it.
fn clean(text: &str) -> Option<String> {
    (!text.is_empty() && !text.contains(char::is_control)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::string::Ia5String;
    use rcgen::{CertificateParams, DnType, KeyPair, OtherNameValue, SanType};

    fn certificate(names: Vec<SanType>, subject: &[(DnType, &str)]) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        subject.iter().for_each(|(kind, text)| params.distinguished_name.push(kind.clone(), *text));
        params.subject_alt_names = names;
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    fn ia5(text: &str) -> Ia5String {
        text.try_into().unwrap()
    }

    fn xmpp(jid: &str) -> SanType {
        let id = XMPP_ADDR.arcs().map(u64::from).collect();
        SanType::OtherName((id, OtherNameValue::Utf8String(jid.into())))
    }

    #[test]
    fn all_kinds_of_names_are_told() {
        let names = vec![
            SanType::Rfc822Name(ia5("ann@example.org")),
            SanType::IpAddress([127, 0, 0, 1].into()),
            SanType::DnsName(ia5("*.example.org")),
            xmpp("ann@example.org"),
            SanType::URI(ia5("https://example.org/")),
        ];
        let subject = [(DnType::OrganizationName, "Wires, \"Ltd\""), (DnType::CommonName, "Ann")];
        let (subject, names) = subject_and_names(&certificate(names, &subject));
        assert_eq!(subject.as_deref(), Some(r#"CN=Ann,O=Wires\, \"Ltd\""#));
        assert_eq!(
            names,
            [
                CertificateName::CommonName("Ann".into()),
                CertificateName::Rfc822Name("ann@example.org".into()),
                CertificateName::DnsName("*.example.org".into()),
                CertificateName::XmppAddr("ann@example.org".into()),
            ]
        );
    }

    #[test]
    fn a_name_with_a_nul_in_it_is_none() {
        let der = certificate(vec![xmpp("ann@example.org\0.evil")], &[(DnType::CommonName, "ann\0evil")]);
        let (subject, names) = subject_and_names(&der);
        assert_eq!(subject.as_deref(), Some("CN=ann\\00evil"));
        assert_eq!(names, []);
    }

    #[test]
    fn a_certificate_for_nobody_has_no_subject() {
        assert_eq!(subject_and_names(&certificate(Vec::new(), &[])), (None, Vec::new()));
    }

    #[test]
    fn a_thousand_names_are_cut_short() {
        let names = (0..1000).map(|number| SanType::DnsName(ia5(&format!("{number}.example.org")))).collect();
        assert_eq!(subject_and_names(&certificate(names, &[])).1.len(), MOST_NAMES);
    }

    proptest! {
        #[test]
        fn a_damaged_certificate_does_no_harm(damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>()) {
            let mut der = certificate(vec![xmpp("ann@example.org")], &[(DnType::CommonName, "Ann")]);
            for (place, byte) in damage {
                let place = place.index(der.len());
                der[place] = byte;
            }
            let _ = subject_and_names(&der);
            let _ = subject_and_names(&der[..cut.index(der.len())]);
        }
    }
}
