use super::*;
use wirestate_machine::Misuse;
use wirestate_sasl::{Mechanism, base64};

fn sasl(mechanism: Mechanism) -> Login {
    password().only(Method::Sasl(mechanism))
}

#[test]
fn login_is_the_last_resort() {
    let mut client = ready(open(), "AUTH=PLAIN SASL-IR");
    let login = client.login(password()).unwrap();
    assert_eq!(wrote(&mut client), "A1 AUTHENTICATE PLAIN AGFubgBwZW5jaWw=\r\n");
    assert!(outcome(&says(&mut client, "A1 OK done\r\n"), login).is_ok());
    assert_eq!(client.state(), State::Authenticated);
    assert_eq!(client.capabilities(), None);
    assert_eq!(client.login(password()), Err(Misuse::WrongState));
}

#[test]
fn without_sasl_ir_the_response_waits() {
    for prompt in ["+\r\n", "+ \r\n", "+ =\r\n", "+ go ahead\r\n"] {
        let mut client = ready(open(), "AUTH=PLAIN");
        client.login(password()).unwrap();
        assert_eq!(wrote(&mut client), "A1 AUTHENTICATE PLAIN\r\n");
        assert!(says(&mut client, prompt).is_empty());
        assert_eq!(wrote(&mut client), "AGFubgBwZW5jaWw=\r\n", "{prompt}");
    }
}

#[test]
fn logindisabled_is_respected() {
    let mut client = ready(open(), "LOGINDISABLED");
    assert_eq!(client.login(password()), Err(Misuse::NotOffered));
    assert_eq!(wrote(&mut client), "");
}

#[test]
fn no_credential_goes_in_the_clear() {
    let mut client = ready(open().cleartext(false), "AUTH=PLAIN");
    assert_eq!(client.login(password()), Err(Misuse::CleartextForbidden));
    assert_eq!(client.login(password().only(Method::Login)), Err(Misuse::CleartextForbidden));
    assert_eq!(wrote(&mut client), "");
}

#[test]
fn a_refusal_leads_back() {
    let mut client = ready(open(), "");
    let login = client.login(password()).unwrap();
    let told = says(&mut client, "A1 NO [AUTHENTICATIONFAILED] no\r\n");
    assert_eq!(outcome(&told, login).code(), Some(&Code::AuthenticationFailed));
    assert_eq!(client.state(), State::NotAuthenticated);
    assert!(client.login(password()).is_ok());
}

#[test]
fn capabilities_are_forgotten_at_login_and_asked_for() {
    let mut client = ready(open().capability_after_login(true), "X-BEFORE");
    client.login(password()).unwrap();
    let _ = wrote(&mut client);
    let told = says(&mut client, "A1 OK done\r\n");
    assert!(matches!(told[..], [Event::Done { .. }]));
    assert_eq!(client.capabilities(), None);
    assert_eq!(wrote(&mut client), "A2 CAPABILITY\r\n");
    assert!(matches!(says(&mut client, "* CAPABILITY IDLE\r\nA2 OK\r\n")[..], [Event::Capabilities]));
    assert!(client.offers(&Capability::Idle));
    // Told on the way, they need no asking.
    let mut client = ready(open().capability_after_login(true), "X-BEFORE");
    client.login(password()).unwrap();
    let _ = wrote(&mut client);
    says(&mut client, "* CAPABILITY IMAP4rev1 IDLE\r\nA1 OK done\r\n");
    assert_eq!((client.offers(&Capability::Idle), wrote(&mut client)), (true, String::new()));
}

#[test]
fn a_password_with_odd_letters_goes_as_a_literal() {
    let mut client = ready(open(), "");
    client.login(Login::new(Credentials::password("ann", "pässword").unwrap())).unwrap();
    assert_eq!(wrote(&mut client), "A1 LOGIN ann {9}\r\n");
    assert!(says(&mut client, "+ go\r\n").is_empty());
    assert_eq!(wrote(&mut client), "pässword\r\n");
}

#[test]
fn scram_hands_its_work_out_and_h24_bounds_it() {
    let first = |iterations: &str, nonce: &str| {
        let salt = base64::encode(b"salt and pepper!");
        alloc::format!("+ {}\r\n", base64::encode(alloc::format!("r={nonce},s={salt},i={iterations}").as_bytes()))
    };
    let begin = || {
        let mut client = ready(open(), "AUTH=SCRAM-SHA-256 SASL-IR");
        let login = client.login(sasl(Mechanism::Scram { hash: wirestate_sasl::Hash::Sha256, plus: false })).unwrap();
        let line = wrote(&mut client);
        let message = base64::decode(line.trim_end().rsplit(' ').next().unwrap(), 1000).unwrap();
        let message = String::from_utf8(message).unwrap();
        let nonce: String = message.split("r=").nth(1).unwrap().into();
        (client, login, nonce)
    };
    let (mut client, _, nonce) = begin();
    let mut told = says(&mut client, first("4096", &alloc::format!("{nonce}x")));
    let Some(Event::Work { ticket, derivation }) = told.pop() else { panic!() };
    client.derived(ticket, derivation.run()).unwrap();
    assert!(!wrote(&mut client).is_empty());
    // Success without the server's proof is none.
    assert!(matches!(breaks(&mut client, "A1 OK welcome\r\n"), Violation::Sasl(_)));

    for iterations in ["2147483647", "1"] {
        let (mut client, login, nonce) = begin();
        says(&mut client, first(iterations, &alloc::format!("{nonce}x")));
        assert_eq!(wrote(&mut client), "*\r\n");
        assert!(matches!(outcome(&says(&mut client, "A1 BAD cancelled\r\n"), login), Outcome::Cancelled(_)));
        assert_eq!(client.state(), State::NotAuthenticated);
    }
    let (mut client, _, _) = begin();
    assert!(matches!(breaks(&mut client, first("4096", "another")), Violation::Sasl(_)));
}

#[test]
fn h25_what_is_asked_for_is_not_weakened() {
    // The list was cut down: a pinned mechanism is refused rather than replaced.
    let scram = Mechanism::Scram { hash: wirestate_sasl::Hash::Sha256, plus: false };
    let mut client = ready(open(), "AUTH=PLAIN");
    assert_eq!(client.login(sasl(scram)), Err(Misuse::NotOffered));
    let mut client = ready(open().require_channel_binding(true), "AUTH=PLAIN AUTH=SCRAM-SHA-256");
    assert_eq!(client.login(password()), Err(Misuse::NotOffered));
    assert_eq!(wrote(&mut client), "");
}

#[test]
fn success_after_cancellation_is_a_violation() {
    let mut client = ready(open(), "AUTH=CRAM-MD5");
    client.login(sasl(Mechanism::CramMd5)).unwrap();
    says(&mut client, "+ ###\r\n");
    assert!(wrote(&mut client).ends_with("*\r\n"));
    assert_eq!(breaks(&mut client, "A1 OK welcome\r\n"), Violation::SuccessAfterCancel);
}

#[test]
fn secrets_are_not_shown() {
    let mut client = ready(open(), "");
    client.login(password()).unwrap();
    assert!(!alloc::format!("{client:?} {:?}", password()).contains("pencil"));
}
