//! SASL EXTERNAL (RFC 4422 appendix A) on the POP3 server: who has shown a certificate may be known by it, and nobody else.

use pop3_proto::server::{Config, Tls};
use wirestate_machine::{CertificateName, Misuse, TlsFacts};
use wirestate_sasl::base64;
use wirestate_tests::pop3::{Desk, Talk, USER, open_config, stls_config};

const OPEN: &str = "+OK maildrop open\r\n";

/// A handshake in which this user's certificate was shown and verified.
fn shown(user: &str) -> TlsFacts {
    let mut facts = TlsFacts::new();
    facts.peer_certificate = Some(b"DER".as_slice().into());
    facts.peer_subject = Some(format!("CN={user}"));
    facts.peer_names = vec![CertificateName::Rfc822Name(format!("{user}@mail.example"))];
    facts
}

fn secured(facts: TlsFacts) -> Talk {
    let mut talk = Talk::with(Desk::new(stls_config()));
    talk.say("STLS\r\n");
    talk.secure_with(facts);
    talk
}

fn offers_external(talk: &mut Talk) -> bool {
    talk.say("CAPA\r\n").contains(" EXTERNAL")
}

#[test]
fn it_is_offered_only_to_who_has_shown_a_certificate() {
    let mut clear = Talk::new();
    assert!(!offers_external(&mut clear));
    assert_eq!(clear.say("AUTH EXTERNAL =\r\n"), "-ERR not offered\r\n");
    let mut anonymous = secured(TlsFacts::new());
    assert!(!offers_external(&mut anonymous));
    assert_eq!(anonymous.say("AUTH EXTERNAL =\r\n"), "-ERR not offered\r\n");
    assert!(offers_external(&mut secured(shown(USER))));
    let mut config = stls_config();
    config.mechanisms.retain(|one| one.name() != "EXTERNAL");
    let mut off = Talk::with(Desk::new(config));
    off.say("STLS\r\n");
    off.secure_with(shown(USER));
    assert!(!offers_external(&mut off));
}

#[test]
fn the_application_is_told_the_subject_and_the_names() {
    let mut talk = secured(shown(USER));
    assert_eq!(talk.say("AUTH EXTERNAL =\r\n"), OPEN);
    assert_eq!(talk.desk.who.as_deref(), Some(USER));
    let asked = talk.events.iter().find(|event| event.starts_with("Authenticate")).unwrap();
    for told in ["authzid: None", "CN=ann", "ann@mail.example"] {
        assert!(asked.contains(told), "{asked}");
    }
}

#[test]
fn the_identity_may_come_at_once_or_on_a_line_of_its_own() {
    let mut talk = secured(shown(USER));
    assert_eq!(talk.say("AUTH EXTERNAL\r\n"), "+ \r\n");
    assert_eq!(talk.say("\r\n"), OPEN);
    let mut named = secured(shown(USER));
    assert_eq!(named.say(format!("AUTH EXTERNAL {}\r\n", base64::encode(USER.as_bytes()))), OPEN);
    assert_eq!(named.desk.who.as_deref(), Some(USER));
}

#[test]
fn nobody_is_another_by_wishing_it() {
    let mut talk = secured(shown(USER));
    assert_eq!(talk.say(format!("AUTH EXTERNAL {}\r\n", base64::encode(b"bob"))), "");
    assert_eq!(talk.wait(2), "-ERR [AUTH] not authorized\r\n");
    let mut bob = secured(shown("bob"));
    assert_eq!(bob.say(format!("AUTH EXTERNAL {}\r\n", base64::encode(USER.as_bytes()))), "");
    assert_eq!(bob.wait(2), "-ERR [AUTH] login failed\r\n");
    assert_eq!(bob.desk.who, None);
}

#[test]
fn the_certificate_of_a_proxy_is_not_its_clients() {
    let mut config = stls_config();
    config.xclient = true;
    let mut talk = Talk::with(Desk::new(config));
    talk.say("STLS\r\n");
    talk.secure_with(shown(USER));
    assert!(offers_external(&mut talk));
    talk.say("XCLIENT ADDR=192.0.2.1\r\n");
    assert!(!offers_external(&mut talk));
    assert_eq!(talk.say("AUTH EXTERNAL =\r\n"), "-ERR not offered\r\n");
}

#[test]
fn a_channel_outside_of_the_machine_can_be_described() {
    let outside = || {
        let mut config: Config = open_config();
        config.tls = Tls::Outside;
        Talk::with(Desk::new(config))
    };
    assert!(!offers_external(&mut outside()));
    let mut talk = outside();
    talk.server.describe_channel(&shown(USER)).unwrap();
    assert!(offers_external(&mut talk));
    assert_eq!(talk.server.describe_channel(&shown("bob")), Err(Misuse::WrongState), "the client has spoken");
    assert_eq!(talk.say("AUTH EXTERNAL =\r\n"), OPEN);
    assert_eq!(Talk::new().server.describe_channel(&shown(USER)), Err(Misuse::WrongState), "TLS is not outside");
}
