use super::*;
use crate::codec::Capability;
use wirestate_machine::Upgrade;

fn required() -> Config {
    Config::default()
}

#[test]
fn stls_is_started_and_all_before_it_forgotten() {
    let mut client = client(required().apop(true));
    says(&mut client, "+OK hello <1.2@host>\r\n");
    assert_eq!(wrote(&mut client), "CAPA\r\n");
    says(&mut client, "+OK\r\nSTLS\r\nUSER\r\nPIPELINING\r\nSASL PLAIN\r\n.\r\n");
    assert_eq!(wrote(&mut client), "STLS\r\n");
    says(&mut client, "+OK begin\r\n");
    assert_eq!(client.inbox().room(), 0);
    handshake(&mut client);
    assert!(matches!(events(&mut client)[..], [Event::Secured(_)]));
    assert_eq!(wrote(&mut client), "CAPA\r\n");
    let events = says(&mut client, "+OK\r\nSASL PLAIN\r\n.\r\n");
    let [Event::Ready { greeting, capabilities: Some(capabilities), encrypted: true }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((greeting.as_str(), capabilities.len()), ("", 1));
    assert_eq!(capabilities[0], Capability::Sasl(alloc::vec!["PLAIN".into()]));
    assert!(client.greeting.is_none() && !client.offers.pipelining && !client.offers.user);
    assert_eq!(client.login(password().only(Method::Apop)), Err(Misuse::NotOffered));
    client.login(password()).unwrap();
    assert_eq!(wrote(&mut client), "AUTH PLAIN AGFubgBwZW5jaWw=\r\n");
}

#[test]
fn implicit_tls_reads_nothing_before_the_handshake() {
    let mut client = client(required().tls(TlsPolicy::Implicit));
    assert_eq!(client.inbox().push_some(b"+OK injected\r\n"), 0);
    assert!(events(&mut client).is_empty());
    handshake(&mut client);
    assert!(matches!(events(&mut client)[..], [Event::Secured(_)]));
    says(&mut client, "+OK ready\r\n");
    assert_eq!(wrote(&mut client), "CAPA\r\n");
    let events = says(&mut client, "-ERR\r\n");
    assert!(matches!(events[..], [Event::Ready { encrypted: true, capabilities: None, .. }]));
}

#[test]
fn octets_behind_the_ok_of_stls_act_on_nothing() {
    let mut client = client(required());
    says(&mut client, "+OK hello\r\n");
    says(&mut client, "+OK\r\nSTLS\r\n.\r\n");
    let _ = wrote(&mut client);
    assert_eq!(breaks(&mut client, "+OK begin\r\n+OK\r\nSASL PLAIN\r\n.\r\n"), Violation::BytesBeforeTls);
    assert_eq!((client.upgrade(), wrote(&mut client).as_str()), (None, ""));
}

#[test]
fn a_stripped_stls_ends_the_session_before_any_credential() {
    let mut stripped = client(required());
    says(&mut stripped, "+OK hello\r\n");
    assert_eq!(breaks(&mut stripped, "+OK\r\nUSER\r\n.\r\n"), Violation::TlsNotOffered);
    let mut refused = client(required());
    says(&mut refused, "+OK hello\r\n");
    says(&mut refused, "+OK\r\nSTLS\r\n.\r\n");
    assert_eq!(breaks(&mut refused, "-ERR no\r\n"), Violation::TlsRefused);
    // Without CAPA, STLS is tried.
    let mut mute = client(required());
    says(&mut mute, "+OK hello\r\n");
    says(&mut mute, "-ERR what?\r\n");
    assert_eq!(wrote(&mut mute), "CAPA\r\nSTLS\r\n");
    assert_eq!(breaks(&mut mute, "-ERR what?\r\n"), Violation::TlsRefused);
    assert_eq!(mute.login(password()), Err(Misuse::Closed));
}

#[test]
fn tls_if_offered_goes_on_without() {
    let mut client = client(required().tls(TlsPolicy::IfOffered));
    says(&mut client, "+OK hello\r\n");
    says(&mut client, "+OK\r\nSTLS\r\nUSER\r\nSASL PLAIN\r\n.\r\n");
    let events = says(&mut client, "-ERR no certificate\r\n");
    assert!(matches!(&events[..], [Event::Ready { encrypted: false, capabilities: Some(all), .. }] if all.len() == 3));
    // But the password stays here.
    assert_eq!(client.login(password()), Err(Misuse::CleartextForbidden));
    assert_eq!(client.login(password().only(Method::UserPass)), Err(Misuse::CleartextForbidden));
    assert_eq!(client.state(), State::Authorization);
}

#[test]
fn outside_counts_as_encrypted() {
    let mut client = ready(required().tls(TlsPolicy::Outside), "SASL SCRAM-SHA-256-PLUS PLAIN\r\n");
    let mut facts = TlsFacts::new();
    facts.exporter = Some([1; 32]);
    client.describe_channel(&facts).unwrap();
    assert_eq!(client.upgrade(), None::<Upgrade>);
    client.login(password()).unwrap();
    assert!(wrote(&mut client).starts_with("AUTH SCRAM-SHA-256-PLUS "));
}

#[test]
fn a_required_channel_binding_rules_out_all_else() {
    let config = required().tls(TlsPolicy::Outside).require_channel_binding(true);
    let mut client = ready(config, "SASL SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN\r\nUSER\r\n");
    assert_eq!(client.login(password()), Err(Misuse::NotOffered));
    let mut facts = TlsFacts::new();
    facts.exporter = Some([1; 32]);
    client.describe_channel(&facts).unwrap();
    assert!(client.login(password()).is_ok());
}
