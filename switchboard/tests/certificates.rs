//! Certificates: of the server by name, new ones while it runs, and those of its clients.

mod program;

use std::fs;

use program::authority::Authority;
use program::{Client, PASSWORD, Program, Shown, tcp};
use tempfile::TempDir;
use wirestate_sasl::base64;

/// A program that takes the certificates of `authority`.
fn program(authority: &Authority, runtime: &str) -> Program {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("clients.pem"), authority.pem()).unwrap();
    let config = folder.path().join("c.toml");
    fs::write(&config, "client-authorities = \"clients.pem\"\n").unwrap();
    Program::start_with(&["--config", config.to_str().unwrap(), "--runtime", runtime])
}

/// A session over TLS in which this certificate is shown.
fn connect(program: &Program, shown: &Shown) -> Client<program::Tls> {
    let mut client = Client::new(program.tls_as(tcp(program.pop3s), &[b"pop3"], "localhost", Some(shown)));
    assert_eq!(client.line(), "+OK localhost POP3 server ready");
    client
}

fn offers_external(capabilities: &[String]) -> bool {
    capabilities.iter().any(|line| line.starts_with("SASL ") && line.split(' ').any(|name| name == "EXTERNAL"))
}

#[test]
fn a_certificate_that_names_the_user_logs_in() {
    let authority = Authority::new();
    let by_address = authority.certify("Alice A.", &["alice@localhost"]);
    let by_name = authority.certify("alice", &[]);
    for runtime in ["tokio", "async-std", "blocking"] {
        let program = program(&authority, runtime);
        for shown in [&by_address, &by_name] {
            let mut client = connect(&program, shown);
            assert!(offers_external(&client.list("CAPA")));
            assert_eq!(client.say("AUTH EXTERNAL ="), "+OK maildrop open");
            assert_eq!(client.say("STAT").split(' ').nth(1), Some("9"));
            client.quit();
        }
        let mut named = connect(&program, &by_address);
        assert_eq!(named.say("AUTH EXTERNAL"), "+");
        assert_eq!(named.say(&base64::encode(b"alice")), "+OK maildrop open");
        named.quit();
        assert!(program.log().contains("client certificate session=1 subject=\"CN=Alice A.\""), "{}", program.log());
        assert!(program.log().contains("logged in session=1 user=\"alice\""));
    }
}

#[test]
fn irc_takes_certificates_too() {
    let authority = Authority::new();
    let alice = authority.certify("Alice A.", &["alice@localhost"]);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("clients.pem"), authority.pem()).unwrap();
    let config = folder.path().join("c.toml");
    fs::write(&config, "client-authorities = \"clients.pem\"\n").unwrap();
    let program = Program::start_with(&["--config", config.to_str().unwrap(), "--ircs", "127.0.0.1:0"]);
    let address = program.more[0].strip_prefix("ircs ").unwrap().parse().unwrap();
    let mut client = Client::new(program.tls_as(tcp(address), &[b"irc"], "localhost", Some(&alice)));
    client.send("CAP LS 302\r\nCAP REQ :sasl\r\n");
    let mut lines = std::iter::repeat_with(|| client.line());
    assert!(lines.by_ref().take_while(|line| !line.contains(" ACK ")).any(|line| line.contains("sasl=EXTERNAL,")));
    lines.find(|line| line.contains(" ACK "));
    assert_eq!(client.say("AUTHENTICATE EXTERNAL"), "AUTHENTICATE +");
    let welcome = client.say("AUTHENTICATE +");
    assert_eq!(welcome.split(' ').collect::<Vec<_>>()[1..5], ["900", "*", "*!*@*", "alice"], "{welcome}");
}

#[test]
fn stls_takes_certificates_too() {
    let authority = Authority::new();
    let alice = authority.certify("alice", &[]);
    let program = program(&authority, "tokio");
    let mut clear = program.connect();
    assert!(!offers_external(&clear.list("CAPA")), "nothing is known of the client yet");
    assert!(clear.say("AUTH EXTERNAL =").starts_with("-ERR"));
    assert!(clear.say("STLS").starts_with("+OK"));
    let mut client = Client::new(program.tls_as(clear.into_stream(), &[], "localhost", Some(&alice)));
    assert_eq!(client.say("AUTH EXTERNAL ="), "+OK maildrop open");
    client.quit();
}

#[test]
fn nobody_else_is_let_in_by_certificate() {
    let authority = Authority::new();
    let program = program(&authority, "tokio");
    // Without one, a password is as good as ever.
    let mut without = program.connect_tls();
    assert!(!offers_external(&without.list("CAPA")));
    assert!(without.say("AUTH EXTERNAL =").starts_with("-ERR"));
    assert!(without.pass(PASSWORD).starts_with("+OK"));
    without.quit();
    // Of somebody else, or of one who wishes to be somebody else.
    for (common_name, address, wish) in [
        ("mallory", "alice@elsewhere.example", "="),
        ("alice", "alice@elsewhere.example", "="),
        ("mallory", "mallory@localhost", "YWxpY2U="),
    ] {
        let mut client = connect(&program, &authority.certify(common_name, &[address]));
        assert!(client.say(&format!("AUTH EXTERNAL {wish}")).starts_with("-ERR [AUTH]"), "{common_name} {address}");
        assert!(client.pass(PASSWORD).starts_with("+OK"), "the password still counts");
        client.quit();
    }
    // Of another authority that goes by the same name: the handshake fails.
    let forged = Authority::new().certify("alice", &["alice@localhost"]);
    let mut stream = program.tls_as(tcp(program.pop3s), &[b"pop3"], "localhost", Some(&forged));
    let error = std::io::Read::read(&mut stream, &mut [0; 16]).unwrap_err().to_string();
    assert!(error.contains("DecryptError"), "{error}");
}

/// The certificate that a client sees who asks for this name.
fn shown_to(program: &Program, name: &str) -> Vec<u8> {
    let mut client = Client::new(program.tls_as(tcp(program.pop3s), &[b"pop3"], name, None));
    assert_eq!(client.line(), "+OK localhost POP3 server ready");
    let shown = client.stream().conn.peer_certificates().unwrap()[0].to_vec();
    client.quit();
    shown
}

/// A program with one certificate for `localhost` and one for all of
/// `example.org`, and the folder of its files.
fn with_names(authority: &Authority, runtime: &str) -> (Program, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    authority.issue("localhost", &folder.path().join("default"));
    authority.issue("*.example.org", &folder.path().join("named"));
    let files = |stem: &str| format!("chain = \"{stem}.pem\"\nkey = \"{stem}-key.pem\"\n");
    let toml = format!("[certificate]\n{}[certificates.\"*.example.org\"]\n{}", files("default"), files("named"));
    let config = folder.path().join("c.toml");
    fs::write(&config, toml).unwrap();
    let program = Program::start_with(&["--config", config.to_str().unwrap(), "--runtime", runtime]);
    // Where the tests' clients look for whom to trust.
    fs::write(program.data().join("tls/ca.pem"), authority.pem()).unwrap();
    (program, folder)
}

#[test]
fn each_name_has_its_certificate() {
    let authority = Authority::new();
    let (program, _folder) = with_names(&authority, "tokio");
    // A client that trusts the authority checks the names itself.
    assert_eq!(shown_to(&program, "mail.example.org"), shown_to(&program, "pop.example.org"));
    assert_ne!(shown_to(&program, "mail.example.org"), shown_to(&program, "localhost"));
}

#[test]
fn sighup_shows_new_certificates_and_ends_no_session() {
    let authority = Authority::new();
    for runtime in ["tokio", "async-std", "blocking"] {
        let (mut program, folder) = with_names(&authority, runtime);
        let mut before = program.connect_tls();
        assert!(before.pass(PASSWORD).starts_with("+OK"));
        let old = shown_to(&program, "localhost");
        let named = shown_to(&program, "mail.example.org");

        authority.issue("localhost", &folder.path().join("default"));
        assert_eq!(shown_to(&program, "localhost"), old, "nobody has said so yet");
        program.signal("HUP");
        program.wait_for_log("certificates reloaded");
        assert!(!program.log().contains("expires soon"));
        assert_ne!(shown_to(&program, "localhost"), old);
        assert_eq!(shown_to(&program, "mail.example.org"), named);

        let new = shown_to(&program, "localhost");
        authority.issue_until("*.example.org", &folder.path().join("named"), 2020);
        program.signal("HUP");
        program.wait_for_log("a certificate expires soon, or has expired days_left=0");

        fs::write(folder.path().join("default.pem"), "rubbish").unwrap();
        program.signal("HUP");
        program.wait_for_log("certificates not reloaded, the old ones stay");
        assert_eq!(shown_to(&program, "localhost"), new);

        assert!(before.say("STAT").starts_with("+OK 9 "));
        before.quit();
        program.terminate();
        assert!(program.ended().success());
    }
}
