//! TLS, and what must not outlive its beginning.

use super::*;
use wirestate_machine::Misuse;

fn strict() -> Config {
    Config::default().capability_after_login(false)
}

#[test]
fn starttls_comes_first_and_all_before_it_is_forgotten() {
    let mut client = client(strict());
    let told = says(&mut client, "* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN X-EVIL] hello\r\n");
    assert!(told.is_empty());
    assert_eq!(wrote(&mut client), "A1 STARTTLS\r\n");
    assert!(says(&mut client, "* OK [ALERT] trust me\r\nA1 OK [CAPABILITY IMAP4rev1 AUTH=LOGIN] begin\r\n").is_empty());
    handshake(&mut client);
    assert!(matches!(events(&mut client)[..], [Event::Secured(_)]));
    assert_eq!((client.capabilities(), client.is_encrypted()), (None, true));
    assert_eq!(wrote(&mut client), "A2 CAPABILITY\r\n");
    let told = says(&mut client, "* CAPABILITY IMAP4rev1\r\nA2 OK done\r\n");
    assert!(
        matches!(&told[..], [Event::Ready { greeting, encrypted: true, authenticated: false }] if greeting.is_empty())
    );
    assert!(!client.offers(&Capability::StartTls));
}

#[test]
fn h2_responses_injected_at_starttls_end_the_session() {
    let mut client = client(strict());
    says(&mut client, "* OK [CAPABILITY STARTTLS] hello\r\n");
    let violation = breaks(&mut client, "A1 OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n");
    assert_eq!(violation, Violation::BytesBeforeTls);
    assert_eq!(client.capabilities(), None);
}

#[test]
fn h2_nothing_comes_in_before_the_handshake() {
    let mut client = client(strict());
    says(&mut client, "* OK [CAPABILITY STARTTLS] hello\r\n");
    let _ = wrote(&mut client);
    says(&mut client, "A1 OK begin\r\n");
    assert_eq!(client.inbox().push_some(b"* BYE\r\n"), 0);
}

#[test]
fn h3_tls_that_is_required_cannot_be_taken_away() {
    for (server, wanted) in [
        ("* PREAUTH welcome\r\n", Violation::PreauthBeforeTls),
        ("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\r\n", Violation::TlsNotOffered),
        ("* OK hello\r\n* CAPABILITY IMAP4rev1\r\nA1 OK\r\n", Violation::TlsNotOffered),
        ("* OK hello\r\nA1 BAD what?\r\nA2 BAD what?\r\n", Violation::TlsRefused),
        ("* OK [CAPABILITY STARTTLS] hello\r\nA1 NO not today\r\n", Violation::TlsRefused),
        ("* OK [CAPABILITY STARTTLS] hello\r\nA2 OK\r\n", Violation::UnknownTag),
    ] {
        let mut client = client(strict());
        assert_eq!(breaks(&mut client, server), wanted, "{server}");
        assert!(!wrote(&mut client).contains("LOGIN"));
        assert_eq!(client.login(password()), Err(Misuse::Closed));
    }
}

#[test]
fn tls_may_be_had_without() {
    let mut client = client(strict().tls(TlsPolicy::IfOffered));
    let told = says(&mut client, "* OK [CAPABILITY IMAP4rev1 STARTTLS] hello\r\nA1 NO not today\r\n");
    assert!(matches!(told[..], [Event::Ready { encrypted: false, .. }]));
    assert_eq!(client.login(password()), Err(Misuse::CleartextForbidden));
    let mut client = self::client(strict().tls(TlsPolicy::IfOffered));
    let told = says(&mut client, "* PREAUTH [CAPABILITY IMAP4rev1] hello\r\n");
    assert!(matches!(told[..], [Event::Ready { authenticated: true, .. }]));
    assert_eq!(client.state(), State::Authenticated);
}

#[test]
fn implicit_tls_comes_before_the_greeting() {
    let mut client = client(strict().tls(TlsPolicy::Implicit));
    assert_eq!(client.inbox().room(), 0);
    handshake(&mut client);
    let told = says(&mut client, "* PREAUTH [CAPABILITY IMAP4rev1] hello\r\n");
    assert!(matches!(told[..], [Event::Secured(_), Event::Ready { authenticated: true, encrypted: true, .. }]));
}

#[test]
fn mailboxes_are_not_told_of_before_login() {
    let mut client = ready(open(), "");
    let told = says(&mut client, "* 4 EXISTS\r\n* 1 FETCH (FLAGS ())\r\n* LIST () \"/\" evil\r\n");
    assert!(told.iter().all(|event| matches!(event, Event::Odd(Oddity::DataBeforeLogin))), "{told:?}");
    assert_eq!(client.selected(), None);
    assert_eq!(breaks(&mut client, "* 1 FETCH (BODY[] {100000}\r\n"), Violation::MessageBeforeLogin);
}
