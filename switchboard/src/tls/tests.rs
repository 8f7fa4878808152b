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
    let first = made.load(now()).unwrap().certificate;
    let later = made.load(now() + LIFETIME - RESERVE - DAY * 2).unwrap();
    assert_eq!(first, later.certificate);
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
    assert_ne!(first.certificate, renewed.certificate);
    assert_eq!(ca, read(folder.path(), "ca.pem"));
    assert_eq!(made.load(now() + LIFETIME - RESERVE).unwrap().certificate, renewed.certificate);
}

#[test]
fn renewed_for_a_new_name() {
    let folder = tempfile::tempdir().unwrap();
    let first = made(folder.path(), &["localhost"]).load(now()).unwrap();
    let second = made(folder.path(), &["localhost", "mail.example.org"]).load(now()).unwrap();
    assert_ne!(first.certificate, second.certificate);
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

/// Settings with this in the configuration file, and the folder that it names.
fn settings(folder: &Path, toml: &str) -> Settings {
    let config = folder.join("c.toml");
    fs::write(&config, toml).unwrap();
    match crate::options::read(["switchboard", "--config", config.to_str().unwrap()]).unwrap() {
        crate::options::Wish::Run(settings) => *settings,
        crate::options::Wish::Show(text) => panic!("unexpected text: {text}"),
    }
}

#[test]
fn the_config_carries_the_alpn_names() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    let tls = Tls::load(&settings(folder.path(), ""), &data).unwrap();
    assert_eq!(tls.server_config(&[b"pop3"]).unwrap().alpn_protocols, [b"pop3".to_vec()]);
    assert!(tls.server_config(&[]).unwrap().alpn_protocols.is_empty());
    assert_eq!(tls.ca(), Some(data.tls().join("ca.pem").as_path()));
    assert!(!tls.asks_clients());
}

const OWN: &str = "[certificate]\nchain = \"server.pem\"\nkey = \"server-key.pem\"\n";

#[test]
fn certificates_of_one_s_own_are_loaded() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path(), &["localhost"]).load(now()).unwrap();
    let data = DataFolder::open(&folder.path().join("data")).unwrap();
    let load = |toml: &str| Tls::load(&settings(folder.path(), toml), &data);
    let named = OWN.replace("certificate", "certificates.\"*.example.org\"");
    let tls = load(&format!("client-authorities = \"ca.pem\"\n{OWN}{named}")).unwrap();
    assert_eq!(tls.ca(), None);
    assert!(tls.asks_clients() && tls.server_config(&[]).is_ok());
    assert!(format!("{tls:?}").contains("example.org"));
    for (toml, wanted) in [
        (OWN.replace("server-key", "ca-key"), "does not belong to the first certificate"),
        (OWN.replace("server.pem", "server-key.pem"), "has no certificate"),
        (OWN.replace("server-key", "server"), "has no private key"),
        (OWN.replace("server.pem", "none.pem"), "none.pem"),
        (named.replace("*.example.org", "a b"), "is no host name"),
        (named.replace("server.pem", "none.pem"), "none.pem"),
        ("client-authorities = \"server-key.pem\"".to_owned(), "has no certificate"),
    ] {
        let error = load(&toml).expect_err(&toml).to_string();
        assert!(error.contains(wanted) && !error.contains('\n'), "{toml}: {error}");
    }
}

#[test]
fn a_reload_that_fails_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let made = made(folder.path(), &["localhost"]);
    made.load(now()).unwrap();
    let data = DataFolder::open(&folder.path().join("data")).unwrap();
    let settings = settings(folder.path(), OWN);
    let tls = Tls::load(&settings, &data).unwrap();
    let expires = tls.expires().unwrap();
    fs::write(folder.path().join("server.pem"), "rubbish").unwrap();
    assert!(tls.reload(&settings, &data).is_err());
    assert_eq!(tls.expires(), Some(expires));
    made.load(now() + DAY).unwrap();
    tls.reload(&settings, &data).unwrap();
    assert_eq!(tls.expires(), Some(expires + DAY));
}

#[test]
fn debug_shows_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    let tls = Tls::load(&settings(folder.path(), ""), &data).unwrap();
    assert!(!format!("{tls:?}").to_lowercase().contains("key"), "{tls:?}");
}
