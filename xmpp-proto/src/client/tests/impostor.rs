//! Servers that do not know the password (H25).

use super::*;

/// A client that said its first message of SCRAM-SHA-256, and that message.
fn challenged() -> (Talk, String) {
    let mut talk = Talk::new(Config::default().tls(TlsPolicy::Implicit), ann());
    talk.secured(TlsFacts::new());
    talk.hears(HEADER).hears(&features(&mechanisms(&["SCRAM-SHA-256"])));
    let first = String::from_utf8(payload(&talk.said())).unwrap();
    let nonce = first.rsplit_once("r=").unwrap().1.to_string();
    (talk, nonce)
}

fn challenge(talk: &mut Talk, message: &str) {
    let text = base64::encode(message.as_bytes());
    talk.hears(&format!("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{text}</challenge>"));
}

fn success(talk: &mut Talk, message: &str) {
    let text = base64::encode(message.as_bytes());
    talk.hears(&format!("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{text}</success>"));
}

const SALT: &str = "c2FsdHNhbHQ=";

#[test]
fn no_signature() {
    let (mut talk, nonce) = challenged();
    challenge(&mut talk, &format!("r={nonce}x,s={SALT},i=4096"));
    talk.works();
    talk.hears(SUCCESS);
    assert!(matches!(talk.violation(), Violation::Sasl(_)), "{:?}", talk.outcome);
    assert!(!talk.told().contains(&"Authenticated".into()));
}

#[test]
fn success_at_once() {
    let (mut talk, _) = challenged();
    talk.hears(SUCCESS);
    assert!(matches!(talk.violation(), Violation::Sasl(_)));
}

#[test]
fn a_wrong_signature() {
    let (mut talk, nonce) = challenged();
    challenge(&mut talk, &format!("r={nonce}x,s={SALT},i=4096"));
    talk.works();
    success(&mut talk, &format!("v={}", base64::encode(&[0; 32])));
    assert_eq!(*talk.violation(), Violation::Sasl(wirestate_sasl::client::Error::SignatureWrong));
    assert!(talk.said().contains("<not-authorized "));
}

#[test]
fn a_foreign_nonce() {
    let (mut talk, _) = challenged();
    challenge(&mut talk, &format!("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s={SALT},i=4096"));
    assert_eq!(*talk.violation(), Violation::Sasl(wirestate_sasl::client::Error::NonceNotExtended));
}

#[test]
fn iteration_counts_out_of_bounds() {
    for count in ["1", "4095", "1000001", "4294967295", "4294967296", "0", "-1", ""] {
        let (mut talk, nonce) = challenged();
        challenge(&mut talk, &format!("r={nonce}x,s={SALT},i={count}"));
        assert_eq!(talk.said(), "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></stream:stream>", "i={count}");
        assert!(!talk.told().contains(&"Work".into()), "no work is done for i={count}");
        // And a success after that is none.
        talk.hears(SUCCESS);
        assert_eq!(*talk.violation(), Violation::SuccessAfterAbort);
    }
}
