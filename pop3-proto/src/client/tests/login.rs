use super::*;
use wirestate_machine::Misuse;
use wirestate_sasl::server::{self, Answer, Ask, Server};
use wirestate_sasl::{
    Bindings, Derivation, FakeKeys, Hash, Mechanism, Nonce, ScramKeys, base64, client::Error as SaslError,
};

fn token() -> Login {
    Login::new(Credentials::token("ann", "tok").unwrap())
}

#[test]
fn the_best_method_is_chosen() {
    for (capabilities, config, wanted) in [
        ("SASL PLAIN SCRAM-SHA-256\r\nUSER\r\n", open(), "AUTH SCRAM-SHA-256 "),
        ("SASL PLAIN\r\nUSER\r\n", open(), "AUTH PLAIN "),
        ("SASL LOGIN\r\n", open(), "AUTH LOGIN\r\n"),
        ("SASL CRAM-MD5\r\n", open().cleartext(false), "AUTH CRAM-MD5\r\n"),
        ("SASL X-ODD\r\nUSER\r\n", open(), "USER ann\r\n"),
    ] {
        let mut client = ready(config, capabilities);
        client.login(password()).unwrap();
        assert!(wrote(&mut client).starts_with(wanted), "{capabilities}");
        assert_eq!(client.login(password()), Err(Misuse::WrongState));
    }
    assert_eq!(ready(open(), "UIDL\r\n").login(password()), Err(Misuse::NotOffered));
    assert_eq!(ready(open(), "SASL PLAIN\r\nUSER\r\n").login(token()), Err(Misuse::NotOffered));
    let only = password().only(Method::Sasl(Mechanism::SCRAM_SHA_256));
    assert_eq!(ready(open(), "SASL PLAIN\r\nUSER\r\n").login(only), Err(Misuse::NotOffered));
}

#[test]
fn no_credentials_in_the_clear() {
    for capabilities in ["SASL PLAIN LOGIN OAUTHBEARER XOAUTH2\r\nUSER\r\n", "USER\r\n"] {
        let mut client = ready(open().cleartext(false), capabilities);
        assert_eq!(client.login(password()), Err(Misuse::CleartextForbidden));
        assert_eq!((wrote(&mut client).as_str(), client.state()), ("", State::Authorization));
    }
    let mut client = ready(open().cleartext(false), "SASL OAUTHBEARER\r\n");
    assert_eq!(client.login(token()), Err(Misuse::CleartextForbidden));
}

#[test]
fn apop_only_when_allowed_and_with_a_sound_timestamp() {
    let greeted = |greeting: &str, config: Config| {
        let mut client = client(config);
        says(&mut client, alloc::format!("+OK ready {greeting}\r\n"));
        says(&mut client, "+OK\r\nUSER\r\n.\r\n");
        let _ = wrote(&mut client);
        client.login(Login::new(Credentials::password("mrose", "tanstaaf").unwrap())).unwrap();
        wrote(&mut client)
    };
    let timestamp = "<1896.697170952@dbc.mtview.ca.us>";
    assert_eq!(greeted(timestamp, open().apop(true)), "APOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n");
    assert_eq!(greeted(timestamp, open()), "USER mrose\r\n");
    assert_eq!(greeted("<no message id>", open().apop(true)), "USER mrose\r\n");
}

#[test]
fn a_refused_login_can_be_tried_again() {
    let mut client = ready(open(), "USER\r\nSASL PLAIN\r\n");
    let first = client.login(password()).unwrap();
    assert_eq!(wrote(&mut client), "AUTH PLAIN AGFubgBwZW5jaWw=\r\n");
    let events = says(&mut client, "-ERR [AUTH] no\r\n");
    assert!(matches!(events[..], [Event::Failed { code: Some(crate::codec::Code::Auth), .. }]));
    assert_eq!((events[0].finishes(), client.state()), (Some(first), State::Authorization));
    client.login(password().only(Method::UserPass)).unwrap();
    says(&mut client, "+OK\r\n");
    assert_eq!(wrote(&mut client), "USER ann\r\nPASS pencil\r\n");
    assert!(matches!(says(&mut client, "+OK\r\n")[..], [Event::LoggedIn { method: Method::UserPass, .. }]));
}

#[test]
fn a_long_initial_response_goes_on_its_own_line() {
    let mut client = ready(open(), "SASL PLAIN\r\n");
    let long = "p".repeat(200);
    client.login(Login::new(Credentials::password("ann", long.as_str()).unwrap())).unwrap();
    assert_eq!(wrote(&mut client), "AUTH PLAIN\r\n");
    says(&mut client, "+ \r\n");
    assert_eq!(wrote(&mut client), base64::encode(alloc::format!("\0ann\0{long}").as_bytes()) + "\r\n");
    // USER and PASS have no second line to go on.
    let mut client = ready(open(), "USER\r\n");
    let long = Credentials::password("ann", "p".repeat(249)).unwrap();
    assert_eq!(client.login(Login::new(long)), Err(Misuse::TooLong));
}

#[test]
fn an_empty_initial_response_is_an_equals_sign() {
    let mut client = ready(open(), "SASL EXTERNAL\r\n");
    client.login(Login::new(Credentials::external())).unwrap();
    assert_eq!(wrote(&mut client), "AUTH EXTERNAL =\r\n");
    let mut config = open();
    config.quirks.no_initial_response = true;
    let mut client = ready(config, "SASL EXTERNAL\r\n");
    client.login(Login::new(Credentials::external())).unwrap();
    says(&mut client, "+\r\n");
    assert_eq!(wrote(&mut client), "AUTH EXTERNAL\r\n\r\n");
}

#[test]
fn xoauth2_on_two_lines() {
    let mut config = open();
    config.quirks.xoauth2_two_lines = true;
    let mut client = ready(config, "SASL XOAUTH2\r\n");
    client.login(token()).unwrap();
    assert_eq!(wrote(&mut client), "AUTH XOAUTH2\r\n");
    says(&mut client, "+ \r\n");
    assert_eq!(wrote(&mut client), base64::encode(b"user=ann\x01auth=Bearer tok\x01\x01") + "\r\n");
    assert!(matches!(says(&mut client, "+OK\r\n")[..], [Event::LoggedIn { .. }]));
}

#[test]
fn an_error_comes_as_a_continuation() {
    for (mechanism, answer) in [("OAUTHBEARER", "AQ==\r\n"), ("XOAUTH2", "\r\n")] {
        let mut client = ready(open(), &alloc::format!("SASL {mechanism}\r\n"));
        client.login(token()).unwrap();
        let _ = wrote(&mut client);
        let events = says(&mut client, alloc::format!("+ {}\r\n", base64::encode(b"{\"status\":\"401\"}")));
        assert!(matches!(&events[..], [Event::Refusal { json, .. }] if json == "{\"status\":\"401\"}"));
        assert_eq!(wrote(&mut client), answer);
        assert!(matches!(says(&mut client, "-ERR no\r\n")[..], [Event::Failed { .. }]));
        // A server that says yes after no is not believed.
        client.login(token()).unwrap();
        says(&mut client, "+ e30=\r\n");
        assert_eq!(breaks(&mut client, "+OK\r\n"), Violation::Sasl(SaslError::SuccessAfterRefusal));
    }
}

#[test]
fn base64_is_strict_and_a_bad_challenge_is_cancelled() {
    let mut client = ready(open(), "SASL CRAM-MD5\r\n");
    let request = client.login(password()).unwrap();
    let _ = wrote(&mut client);
    assert!(says(&mut client, "+ !!!!\r\n").is_empty());
    assert_eq!(wrote(&mut client), "*\r\n");
    let events = says(&mut client, "-ERR cancelled\r\n");
    assert!(matches!(&events[..], [Event::Cancelled { request: ended, error }]
        if *ended == request && matches!(**error, LoginError::Base64(_))));
    client.login(password()).unwrap();
    says(&mut client, "+ !!!!\r\n");
    assert_eq!(breaks(&mut client, "+OK\r\n"), Violation::SuccessAfterCancel);
}

struct Scram {
    client: Client,
    server: Server,
}

/// SCRAM up to the server's last message, which `twist` may change.
fn scram(capabilities: &str, config: Config, bindings: Bindings) -> Scram {
    let mut client = ready(config, capabilities);
    if !bindings.is_empty() {
        let mut facts = TlsFacts::new();
        facts.exporter = Some([9; 32]);
        client.describe_channel(&facts).unwrap();
    }
    client.login(password()).unwrap();
    let line = wrote(&mut client);
    let mut words = line.trim_end().split(' ').skip(1);
    let mechanism = Mechanism::from_name(words.next().unwrap()).unwrap();
    let first = base64::decode(words.next().unwrap(), 1000).unwrap();
    let context =
        server::Context::new(Nonce::new("server").unwrap()).bindings(bindings).fake_keys(FakeKeys::new([3; 32]));
    let mut server = Server::start(mechanism, &context).unwrap();
    let server::Step::Ask(Ask::Keys { .. }) = server.step(Some(&first)).unwrap() else { panic!() };
    let derived = Derivation::new(Hash::Sha256, "pencil", b"0123456789abcdef", 4096).unwrap().run();
    let server::Step::Challenge(challenge) = server.answer(Answer::Keys(ScramKeys::from_derived(&derived))).unwrap()
    else {
        panic!()
    };
    let mut events = says(&mut client, alloc::format!("+ {}\r\n", base64::encode(&challenge)));
    let Some(Event::Work { ticket, derivation }) = events.pop() else { panic!("{events:?}") };
    client.derived(ticket, derivation.run()).unwrap();
    Scram { client, server }
}

impl Scram {
    fn last_message(&mut self) -> Vec<u8> {
        let answer = base64::decode(wrote(&mut self.client).trim_end(), 1000).unwrap();
        match self.server.step(Some(&answer)).unwrap() {
            server::Step::Done { data: Some(data), .. } => data,
            server::Step::Challenge(data) => data,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn scram_is_complete_with_the_servers_signature() {
    let exporter = wirestate_sasl::ChannelBinding::TlsExporter([9; 32]);
    for (capabilities, config, bindings) in [
        ("SASL SCRAM-SHA-256\r\n", open(), Bindings::none()),
        ("SASL SCRAM-SHA-256-PLUS SCRAM-SHA-256\r\n", open().tls(TlsPolicy::Outside), Bindings::from(exporter)),
    ] {
        let mut scram = scram(capabilities, config, bindings);
        let last = base64::encode(&scram.last_message());
        says(&mut scram.client, alloc::format!("+ {last}\r\n"));
        assert_eq!(wrote(&mut scram.client), "\r\n");
        assert!(matches!(says(&mut scram.client, "+OK\r\n")[..], [Event::LoggedIn { .. }]));
    }
}

#[test]
fn a_missing_signature_is_no_login() {
    let mut scram = scram("SASL SCRAM-SHA-256\r\n", open(), Bindings::none());
    assert_eq!(breaks(&mut scram.client, "+OK\r\n"), Violation::Sasl(SaslError::SignatureMissing));
}

#[test]
fn a_wrong_signature_is_no_login() {
    let mut scram = scram("SASL SCRAM-SHA-256\r\n", open(), Bindings::none());
    let wrong = base64::encode(alloc::format!("v={}", base64::encode(&[0; 32])).as_bytes());
    assert_eq!(breaks(&mut scram.client, alloc::format!("+ {wrong}\r\n")), Violation::Sasl(SaslError::SignatureWrong));
}

#[test]
fn an_iteration_bomb_is_cancelled() {
    let mut client = ready(open(), "SASL SCRAM-SHA-256\r\n");
    client.login(password()).unwrap();
    let line = wrote(&mut client);
    let first = base64::decode(line.trim_end().rsplit(' ').next().unwrap(), 1000).unwrap();
    let first = String::from_utf8(first).unwrap();
    let nonce = first.split("r=").nth(1).unwrap();
    let bomb = alloc::format!("r={nonce}x,s=MDEyMzQ1Njc4OWFiY2RlZg==,i=4294967295");
    assert!(says(&mut client, alloc::format!("+ {}\r\n", base64::encode(bomb.as_bytes()))).is_empty());
    assert_eq!(wrote(&mut client), "*\r\n");
    let events = says(&mut client, "-ERR\r\n");
    assert!(matches!(&events[..], [Event::Cancelled { error, .. }]
        if **error == LoginError::Sasl(SaslError::TooManyIterations { max: 1_000_000 })));
}

#[test]
fn work_that_comes_late_is_stale() {
    let mut client = ready(open(), "SASL SCRAM-SHA-256\r\n");
    client.login(password()).unwrap();
    let line = wrote(&mut client);
    let first = base64::decode(line.trim_end().rsplit(' ').next().unwrap(), 1000).unwrap();
    let first = String::from_utf8(first).unwrap();
    let nonce = first.split("r=").nth(1).unwrap();
    let challenge = alloc::format!("r={nonce}x,s=MDEyMzQ1Njc4OWFiY2RlZg==,i=4096");
    let mut events = says(&mut client, alloc::format!("+ {}\r\n", base64::encode(challenge.as_bytes())));
    let Some(Event::Work { ticket, derivation }) = events.pop() else { panic!("{events:?}") };
    assert!(matches!(says(&mut client, "-ERR too slow\r\n")[..], [Event::Failed { .. }]));
    assert_eq!(client.derived(ticket, derivation.run()), Err(Misuse::StaleTicket));
    assert_eq!(wrote(&mut client), "");
}

#[test]
fn secrets_do_not_show() {
    let mut client = ready(open(), "SASL PLAIN\r\n");
    let login = password();
    let shown = alloc::format!("{login:?}");
    client.login(login).unwrap();
    let shown = alloc::format!("{shown}{client:?}{:?}{:?}", client.inbox, client.outbox);
    assert!(!shown.contains("pencil") && !shown.contains("AGFubgBwZW5jaWw="));
}
