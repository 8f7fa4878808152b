use std::os::unix::fs::PermissionsExt;

use super::*;

fn made(folder: &Path, names: &[&str]) -> SelfMade {
    SelfMade { folder: folder.to_owned(), names: names.iter().map(|name| (*name).to_owned()).collect() }
}

fn now() -> SystemTime {
    UNIX_EPOCH + DAY * 20_500
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap()
}

#[test]
fn made_once_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let made = made(folder.path(), &["localhost", "127.0.0.1", "::1", "mail.example.org"]);
    let first = made.load(now()).unwrap().end_entity().to_vec();
    let later = made.load(now() + LIFETIME - RESERVE - DAY * 2).unwrap();
    assert_eq!(first, later.end_entity().to_vec());
    assert_eq!(later.ca(), Some(folder.path().join("ca.pem").as_path()));
    for key in ["ca-key.pem", "server-key.pem"] {
        let mode = fs::metadata(folder.path().join(key)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
}

#[test]
fn renewed_near_expiry_under_the_same_authority() {
    let folder = tempfile::tempdir().unwrap();
    let made = made(folder.path(), &["localhost"]);
    let first = made.load(now()).unwrap();
    let ca = read(folder.path(), "ca.pem");
    let renewed = made.load(now() + LIFETIME - RESERVE).unwrap();
    assert_ne!(first.end_entity(), renewed.end_entity());
    assert_eq!(ca, read(folder.path(), "ca.pem"));
    assert_eq!(made.load(now() + LIFETIME - RESERVE).unwrap().end_entity(), renewed.end_entity());
}

#[test]
fn renewed_for_a_new_name() {
    let folder = tempfile::tempdir().unwrap();
    let first = made(folder.path(), &["localhost"]).load(now()).unwrap();
    let second = made(folder.path(), &["localhost", "mail.example.org"]).load(now()).unwrap();
    assert_ne!(first.end_entity(), second.end_entity());
}

#[test]
fn made_anew_when_files_are_lost_broken_or_mixed() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let made_here = made(folder.path(), &["localhost"]);
    made_here.load(now()).unwrap();
    made(other.path(), &["localhost"]).load(now()).unwrap();
    for name in ["ca.pem", "ca-key.pem", "server.pem", "server-key.pem"] {
        fs::remove_file(folder.path().join(name)).unwrap();
        made_here.load(now()).unwrap();
        fs::write(folder.path().join(name), "rubbish").unwrap();
        made_here.load(now()).unwrap();
        fs::copy(other.path().join(name), folder.path().join(name)).unwrap();
        made_here.load(now()).unwrap();
    }
}

#[test]
fn the_config_carries_the_alpn_names() {
    let folder = tempfile::tempdir().unwrap();
    let tls = made(folder.path(), &["localhost"]).load(now()).unwrap();
    assert_eq!(tls.server_config(&[b"pop3"]).unwrap().alpn_protocols, [b"pop3".to_vec()]);
    assert!(tls.server_config(&[]).unwrap().alpn_protocols.is_empty());
}

#[test]
fn a_certificate_of_one_s_own_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path(), &["localhost"]).load(now()).unwrap();
    let files =
        |chain: &str, key: &str| CertificateFiles { chain: folder.path().join(chain), key: folder.path().join(key) };
    assert_eq!(Tls::own(&files("server.pem", "server-key.pem")).unwrap().ca(), None);
    assert!(matches!(Tls::own(&files("server.pem", "ca-key.pem")), Err(TlsError::Unfit { .. })));
    assert!(matches!(Tls::own(&files("server-key.pem", "server-key.pem")), Err(TlsError::NoCertificate { .. })));
    assert!(matches!(Tls::own(&files("server.pem", "server.pem")), Err(TlsError::NoKey { .. })));
    assert!(matches!(Tls::own(&files("none.pem", "server.pem")), Err(TlsError::Unreadable { .. })));
}

#[test]
fn debug_shows_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let tls = made(folder.path(), &["localhost"]).load(now()).unwrap();
    assert!(format!("{tls:?}").contains("[secret key elided]"), "{tls:?}");
}
