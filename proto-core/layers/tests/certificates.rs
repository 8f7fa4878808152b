//! Which certificate a server shows, and whose a client does.

mod common;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use common::*;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, DnValue, IsCa,
    KeyIdMethod, KeyPair, KeyUsagePurpose, OtherNameValue, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use wirestate_layers::tls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use wirestate_layers::tls::rustls::{self, ClientConfig, RootCertStore, ServerConfig};
use wirestate_layers::tls::{self, CertificateError, Certificates, Failure, Identity, SetupError};
use wirestate_layers::{Error, Tls};
use wirestate_machine::{CertificateName, Instant, Machine, TlsFacts};

/// An authority, and who it speaks for.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "the authority");
        Authority { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    fn certify(&self, params: CertificateParams) -> (CertificateDer<'static>, KeyPair) {
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().der().clone(), key)
    }

    fn host(&self, name: &str) -> Identity {
        identity(self.certify(CertificateParams::new(vec![name.into()]).unwrap()))
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        roots
    }
}

fn identity((certificate, key): (CertificateDer<'static>, KeyPair)) -> Identity {
    Identity::new(vec![certificate], PrivateKeyDer::try_from(key.serialize_der()).unwrap()).unwrap()
}

fn ann() -> CertificateParams {
    let ia5 = |text: &str| Ia5String::try_from(text).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Wires");
    params.distinguished_name.push(DnType::CommonName, DnValue::PrintableString("Ann".try_into().unwrap()));
    params.subject_alt_names = vec![
        SanType::Rfc822Name(ia5("ann@example.org")),
        SanType::DnsName(ia5("ann.example.org")),
        SanType::OtherName((vec![1, 3, 6, 1, 5, 5, 7, 8, 5], OtherNameValue::Utf8String("ann@im.example.org".into()))),
    ];
    params.serial_number = Some(SerialNumber::from(42u64));
    params
}

/// A handshake in memory: the client's facts and the server's, or what went wrong at each end.
type Ends = (Result<TlsFacts, Error<LineTooLong>>, Result<TlsFacts, Error<LineTooLong>>);

fn shake(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>, name: &str) -> Ends {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = Tls::client(Toy::implicit(), client.clone(), name);
    let mut server = Tls::server(Toy::implicit(), server.clone());
    let ends = run(&mut client, &mut server, || usize::MAX);
    (ends.0.map(|()| client.tls_facts().unwrap()), ends.1.map(|()| server.tls_facts().unwrap()))
}

/// The `dNSName` of the certificate that a client is shown that asks for `name`.
fn shown(authority: &Authority, server: &Arc<ServerConfig>, name: &str) -> String {
    let client = tls::client(authority.roots()).config().unwrap();
    let mut asks = Tls::client(Toy::implicit(), client, ServerName::try_from(name.to_owned()).unwrap());
    let mut answers = Tls::server(Toy::implicit(), server.clone());
    let (result, _) = run(&mut asks, &mut answers, || usize::MAX);
    match result {
        Ok(()) => match &asks.tls_facts().unwrap().peer_names[..] {
            [.., CertificateName::DnsName(name)] => name.clone(),
            names => panic!("{names:?}"),
        },
        Err(Error::Tls(Failure::Handshake(rustls::Error::InvalidCertificate(
            rustls::CertificateError::NotValidForNameContext { presented, .. },
        )))) => presented.concat(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn the_name_that_is_asked_for_chooses_the_certificate() {
    let authority = Authority::new();
    let certificates = Certificates::new(authority.host("default.example"))
        .with_name("MAIL.example.org", authority.host("mail.example.org"))
        .unwrap()
        .with_name("*.Example.org", authority.host("*.example.org"))
        .unwrap();
    let server = tls::server(&certificates).config().unwrap();
    for (asked, wanted) in [
        ("mail.example.org", "mail.example.org"),
        ("Mail.Example.ORG", "mail.example.org"),
        ("chat.example.org", "*.example.org"),
        ("CHAT.example.org", "*.example.org"),
        ("example.org", "default.example"),
        ("a.chat.example.org", "default.example"),
        ("mail.example.com", "default.example"),
        ("org", "default.example"),
        ("default.example", "default.example"),
    ] {
        let shown = shown(&authority, &server, asked);
        assert!(shown.contains(wanted), "{asked}: {shown}");
    }
    // An address is no name (RFC 6066 §3), and is not sent.
    assert!(shown(&authority, &server, "192.0.2.1").contains("default.example"));
}

#[test]
fn a_name_that_is_none_is_refused_and_does_no_harm() {
    let authority = Authority::new();
    let server = tls::server(authority.host("mail.example")).config().unwrap();
    let client = tls::client(authority.roots()).config().unwrap();
    let mut client = Tls::client(Toy::implicit(), client, mail_example());
    settle(&mut client, Instant::START).unwrap();
    let mut hello = client.outbox().drain();
    let place = hello.windows(12).position(|bytes| bytes == b"mail.example").unwrap();
    for garbage in [b"mail..exampl", b"\xff\xfe\0\0\0\0\0\0\0\0\0\0", b"            "] {
        hello[place..place + 12].copy_from_slice(garbage);
        let mut server = Tls::server(Toy::implicit(), server.clone());
        settle(&mut server, Instant::START).unwrap();
        server.inbox().push(&hello);
        let error = server.poll(Instant::START);
        assert!(matches!(error, Err(Error::Tls(Failure::Handshake(_)))), "{error:?}");
        assert_eq!(server.outbox().drain()[0], 21);
    }
}

#[test]
fn names_of_hosts_only_are_taken() {
    let authority = Authority::new();
    for name in ["", "*", "*.", "a..b", "*.*.org", "mail example", "*example.org"] {
        let result = Certificates::new(authority.host("a.example")).with_name(name, authority.host("b.example"));
        assert!(matches!(result, Err(CertificateError::Name(refused)) if refused == name), "{name}");
    }
}

#[test]
fn new_certificates_count_for_the_handshakes_to_come() {
    let authority = Authority::new();
    let certificates = Certificates::new(authority.host("mail.example"));
    let server = tls::server(&certificates).config().unwrap();
    // With the memory of sessions that rustls gives a client.
    let client = tls::client(authority.roots()).config().unwrap();
    let running = {
        let mut client = Tls::client(Toy::implicit(), client.clone(), mail_example());
        let mut server = Tls::server(Toy::implicit(), server.clone());
        run(&mut client, &mut server, || usize::MAX).0.unwrap();
        (client, server)
    };
    let before = shake(&client, &server, "mail.example").0.unwrap();
    certificates.replace(&Certificates::new(authority.host("mail.example")));
    let (ours, theirs) = shake(&client, &server, "mail.example");
    let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
    assert_ne!(before.peer_certificate, ours.peer_certificate);
    assert_eq!(ours.server_end_point, theirs.server_end_point);

    let (mut client, mut server) = running;
    assert_eq!(client.tls_facts().unwrap().server_end_point, server.tls_facts().unwrap().server_end_point);
    client.say(b"still here\n");
    run(&mut client, &mut server, || usize::MAX).0.unwrap();
    assert_eq!(server.lines(), [b"still here\n"]);
}

#[test]
fn a_client_s_certificate_is_told_by_subject_and_names() {
    let authority = Authority::new();
    let server =
        tls::server(authority.host("mail.example")).alpn(&[b"toy"]).client_certificates_required(authority.roots());
    let server = server.config().unwrap();
    let ann = authority.certify(ann());
    let certificate = ann.0.clone();
    let client = tls::client(authority.roots()).alpn(&[b"toy"]).identity(identity(ann)).config().unwrap();
    for _ in 0..2 {
        // The second time the session is resumed.
        let (ours, theirs) = shake(&client, &server, "mail.example");
        let facts = theirs.unwrap();
        assert_eq!(facts.peer_subject.as_deref(), Some("CN=Ann,O=Wires"));
        assert_eq!(
            facts.peer_names,
            [
                CertificateName::CommonName("Ann".into()),
                CertificateName::Rfc822Name("ann@example.org".into()),
                CertificateName::DnsName("ann.example.org".into()),
                CertificateName::XmppAddr("ann@im.example.org".into()),
            ]
        );
        assert_eq!(facts.peer_certificate.as_deref(), Some(&certificate[..]));
        assert_eq!(facts.alpn.as_deref(), Some(&b"toy"[..]));
        assert_eq!(ours.unwrap().peer_names.last(), Some(&CertificateName::DnsName("mail.example".into())));
    }
}

#[test]
fn the_machine_is_told_in_the_upgrade() {
    let authority = Authority::new();
    let server = tls::server(authority.host("mail.example")).client_certificates_optional(authority.roots());
    let client = tls::client(authority.roots()).identity(identity(authority.certify(ann())));
    let mut client = Tls::client(Toy::implicit(), client.config().unwrap(), mail_example());
    let mut server = Tls::server(Toy::implicit(), server.config().unwrap());
    run(&mut client, &mut server, || 100).0.unwrap();
    let facts = server.facts.as_ref().unwrap();
    assert_eq!(facts.peer_subject.as_deref(), Some("CN=Ann,O=Wires"));
    assert_eq!(facts.peer_names.len(), 4);
}

#[test]
fn who_must_show_a_certificate_is_the_server_s_choice() {
    let authority = Authority::new();
    let stranger = Authority::new();
    let host = authority.host("mail.example");
    let none = tls::server(host.clone()).config().unwrap();
    let optional = tls::server(host.clone()).client_certificates_optional(authority.roots()).config().unwrap();
    let required = tls::server(host).client_certificates_required(authority.roots()).config().unwrap();
    let client = || tls::client(authority.roots());
    let anonymous = client().config().unwrap();
    let known = client().identity(identity(authority.certify(ann()))).config().unwrap();
    let unknown = client().identity(identity(stranger.certify(ann()))).config().unwrap();

    for (server, client, subject) in [
        (&none, &anonymous, None),
        (&none, &known, None),
        (&optional, &anonymous, None),
        (&optional, &known, Some("CN=Ann,O=Wires")),
    ] {
        let facts = shake(client, server, "mail.example").1.unwrap();
        assert_eq!(facts.peer_subject.as_deref(), subject);
        assert_eq!(facts.peer_certificate.is_some(), subject.is_some());
    }
    for (server, client) in [(&optional, &unknown), (&required, &anonymous)] {
        let error = shake(client, server, "mail.example").1;
        assert!(matches!(error, Err(Error::Tls(Failure::Handshake(_)))), "{error:?}");
    }
}

#[test]
fn a_certificate_that_was_taken_back_is_refused() {
    let authority = Authority::new();
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2024, 1, 1),
        next_update: date_time_ymd(2090, 1, 1),
        crl_number: SerialNumber::from(1u64),
        issuing_distribution_point: None,
        revoked_certs: vec![RevokedCertParams {
            serial_number: SerialNumber::from(42u64),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        }],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let list = list.signed_by(&authority.issuer).unwrap().der().clone();
    let server = tls::server(authority.host("mail.example"));
    let server = server.client_certificates_required(authority.roots()).revoked([list]).config().unwrap();
    for (serial, good) in [(42u64, false), (43, true)] {
        let mut params = ann();
        params.serial_number = Some(SerialNumber::from(serial));
        let client = tls::client(authority.roots()).identity(identity(authority.certify(params))).config().unwrap();
        assert_eq!(shake(&client, &server, "mail.example").1.is_ok(), good);
    }
}

#[test]
fn a_configuration_that_cannot_work_is_named() {
    let authority = Authority::new();
    let server = || tls::server(authority.host("mail.example"));
    let error = server().client_certificates_required(RootCertStore::empty()).config();
    assert_eq!(error.err(), Some(SetupError::NoRoots));
    let error = server().client_certificates_optional(authority.roots()).revoked([b"noise".to_vec().into()]).config();
    assert!(matches!(error, Err(SetupError::RevocationList(_))));
}

/// Files that go away with the test.
struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        Files(folder)
    }

    fn with(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn files_are_read_and_the_one_at_fault_is_named() {
    let files = Files::new("certificate-files");
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["mail.example".into()]).unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    let chain = files.with("chain.pem", &pem);
    let good = files.with("good.key", &key.serialize_pem());
    let other = files.with("other.key", &KeyPair::generate().unwrap().serialize_pem());
    let both = files.with("both.pem", &(key.serialize_pem() + &pem));
    let empty = files.with("empty.pem", "");
    let damaged = files.with("damaged.pem", "-----BEGIN CERTIFICATE-----\nMII!\n-----END CERTIFICATE-----\n");
    let cut = files.with("cut.key", &key.serialize_pem()[..60]);
    let missing = files.0.join("missing.pem");

    assert!(Identity::from_files(&chain, &good).is_ok());
    assert!(Identity::from_files(&both, &both).is_ok());
    assert_eq!(tls::roots_from_file(&chain).unwrap().len(), 1);

    let fails = |chain: &PathBuf, key: &PathBuf, culprit: &PathBuf| {
        let error = Identity::from_files(chain, key).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(culprit.to_str().unwrap()), "{text}");
        error
    };
    assert!(matches!(fails(&missing, &good, &missing), CertificateError::Read { .. }));
    assert!(matches!(fails(&chain, &missing, &missing), CertificateError::Read { .. }));
    assert!(matches!(fails(&empty, &good, &empty), CertificateError::NoCertificate { .. }));
    assert!(matches!(fails(&good, &good, &good), CertificateError::NoCertificate { .. }));
    assert!(matches!(fails(&chain, &empty, &empty), CertificateError::NoKey { .. }));
    assert!(matches!(fails(&chain, &chain, &chain), CertificateError::NoKey { .. }));
    assert!(matches!(fails(&damaged, &good, &damaged), CertificateError::Damaged { .. }));
    assert!(matches!(fails(&chain, &cut, &cut), CertificateError::Damaged { .. }));
    assert!(matches!(fails(&chain, &other, &other), CertificateError::Mismatch { .. }));
    assert!(matches!(fails(&chain, &other, &chain), CertificateError::Mismatch { .. }));
    let noise = files.with("noise.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert!(matches!(fails(&noise, &good, &noise), CertificateError::Unusable { .. }));
    let noise = files.with("noise.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    assert!(matches!(fails(&chain, &noise, &noise), CertificateError::Unusable { .. }));
    assert!(matches!(tls::roots_from_file(&empty), Err(CertificateError::NoCertificate { .. })));
}

#[test]
fn an_expired_certificate_is_known_for_one_and_shown_all_the_same() {
    let authority = Authority::new();
    let mut params = CertificateParams::new(vec!["mail.example".into()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    let old = identity(authority.certify(params));
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_609_459_200);
    assert_eq!(old.expires(), Some(at));
    let certificates = Certificates::new(authority.host("a.example")).with_name("mail.example", old).unwrap();
    assert_eq!(certificates.expires(), Some(at));
    let server = tls::server(&certificates).config().unwrap();
    let error = shake(&tls::client(authority.roots()).config().unwrap(), &server, "mail.example").0;
    assert!(matches!(error, Err(Error::Tls(Failure::Handshake(rustls::Error::InvalidCertificate(_))))), "{error:?}");
}

#[test]
fn debug_shows_no_key() {
    let (certificate, key) = Authority::new().certify(ann());
    let secret = format!("{:?}", key.serialize_der());
    let identity = identity((certificate, key));
    let shown = format!("{identity:?} {:?} {:?}", Certificates::new(identity.clone()), tls::server(identity.clone()));
    assert!(!shown.contains(&secret) && shown.len() < 400, "{shown}");
}
