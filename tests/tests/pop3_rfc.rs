//! Sessions as the RFCs print them: RFC 1939 §10 from both sides, and RFC 2449, 2595, 3206, 5034 and 6856 for the server, whose free
//! texts are its own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use pop3_proto::client::{Client, Config as ClientConfig, Event as ClientEvent, Login, Method, Quirks, TlsPolicy};
use pop3_proto::codec::{Code, Expire, LoginDelay, MessageNumber, Text};
use pop3_proto::server::{Config, Event, Greeting, Server, Tls, Utf8};
use wirestate_machine::{CertificateName, Instant, Machine, Misuse, TlsFacts};
use wirestate_sasl::apop::{self, Timestamp};
use wirestate_sasl::client::Credentials;
use wirestate_sasl::{Mechanism, base64};
use wirestate_testing::{Broken, Role, Subject, play, subject};
use wirestate_tests::pop3::{Desk, PASSWORD, Talk, USER, open_config, stls_config};
use wirestate_tests::talk::Application;

/// A message of this many octets in one line.
fn line_of(octets: usize, character: &str) -> String {
    character.repeat(octets - 2)
}

/// A configuration that answers a failed login at once, for in a script no time goes by.
fn prompt(mut config: Config) -> Config {
    config.limits.failure_delay = Duration::ZERO;
    config
}

/// The two messages of the RFCs' examples: 120 and 200 octets.
fn desk(config: Config) -> Desk {
    let mut desk = Desk::new(prompt(config));
    desk.messages = [(120, "a"), (200, "b")].map(|(octets, of)| Bytes::from(line_of(octets, of) + "\r\n")).into();
    desk
}

fn login_response(authorization: &str, password: &str) -> String {
    base64::encode(format!("{authorization}\0ann\0{password}").as_bytes()).to_string()
}

// --- RFC 1939 §10 ---

#[test]
fn rfc_1939_example_session_for_the_server() -> Result<(), Broken> {
    let desk = desk(open_config());
    let mut server = desk.server(Instant::START);
    server.poll(Instant::START).unwrap();
    let greeting = String::from_utf8(server.outbox().drain()).unwrap();
    let timestamp = Timestamp::find(&greeting).unwrap().unwrap();
    let digest = apop::digest(&timestamp, PASSWORD);
    play(
        &desk,
        Role::Server,
        &format!(
            "
            S: <wait for connection on TCP port 110>
            C: <open connection>
            S: +OK POP3 server ready {timestamp}
            C: APOP ann {digest}
            S: +OK maildrop open
            C: STAT
            S: +OK 2 320
            C: LIST
            S: +OK listing follows
            S: 1 120
            S: 2 200
            S: .
            C: RETR 1
            S: +OK 120 octets
            S: {}
            S: .
            C: DELE 1
            S: +OK marked for deletion
            C: RETR 2
            S: +OK 200 octets
            S: {}
            S: .
            C: DELE 2
            S: +OK marked for deletion
            C: QUIT
            S: +OK goodbye
            C: <close connection>
            ",
            line_of(120, "a"),
            line_of(200, "b"),
        ),
    )
}

/// What the client of RFC 1939 §10 learns, event by event.
type Learnt = Arc<Mutex<Vec<String>>>;

fn mrose(_: Instant) -> Client {
    let mut quirks = Quirks::default();
    // The RFC is older than CAPA.
    quirks.capa_missing = true;
    let config = ClientConfig::default().tls(TlsPolicy::Never).apop(true).capa_after_login(false).quirks(quirks);
    Client::new(Arc::new(config), [8; 32], Instant::START)
}

fn mrose_fetches() -> (impl Subject<Machine = Client>, Learnt) {
    let learnt = Learnt::default();
    let told = learnt.clone();
    let react = move |client: &mut Client, event: ClientEvent, _: Instant| {
        let mut told = told.lock().unwrap();
        follow_the_rfc(client, &event, &told).unwrap();
        match event {
            ClientEvent::Stat { messages, octets, .. } => told.push(format!("{messages} messages, {octets} octets")),
            ClientEvent::Size { message, octets, .. } => told.push(format!("{} has {octets}", message.number())),
            ClientEvent::BodyStart { octets, .. } => told.push(format!("body of {}: ", octets.unwrap())),
            ClientEvent::Body { bytes, .. } => {
                told.last_mut().unwrap().push_str(std::str::from_utf8(&bytes).unwrap().trim_end());
            }
            ClientEvent::Done { text, .. } => told.push(format!("done: {text}")),
            ClientEvent::Failed { .. } => told.push("failed".into()),
            ClientEvent::Closed { reason, deletions_lost } => told.push(format!("{reason:?}, {deletions_lost} lost")),
            _ => {}
        }
    };
    (subject(mrose, react), learnt)
}

/// Asks for what the RFC's client asks for next, when the last request is done.
fn follow_the_rfc(client: &mut Client, event: &ClientEvent, told: &[String]) -> Result<(), Misuse> {
    let (one, two) = (MessageNumber::new(1).unwrap(), MessageNumber::new(2).unwrap());
    let done = told.iter().filter(|line| line.starts_with("done")).count();
    match (event, done) {
        (ClientEvent::Ready { .. }, _) => {
            let credentials = Credentials::password("mrose", "tanstaaf").unwrap();
            client.login(Login::new(credentials).only(Method::Apop))
        }
        (ClientEvent::LoggedIn { .. }, _) => client.stat(),
        (ClientEvent::Done { .. }, 0) => client.list(None),
        (ClientEvent::Done { .. }, 1) => client.retr(one),
        (ClientEvent::Done { .. }, 2) => client.dele(one),
        (ClientEvent::Done { .. }, 3) => client.retr(two),
        (ClientEvent::Done { .. }, 4) => client.dele(two),
        (ClientEvent::Done { .. }, 5) => client.quit(),
        _ => return Ok(()),
    }
    .map(drop)
}

#[test]
fn rfc_1939_example_session_for_the_client() -> Result<(), Broken> {
    let (client, learnt) = mrose_fetches();
    let (first, second) = (line_of(120, "a"), line_of(200, "b"));
    play(
        &client,
        Role::Client,
        &format!(
            "
            S: <wait for connection on TCP port 110>
            S: +OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>
            C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
            S: +OK mrose's maildrop has 2 messages (320 octets)
            C: STAT
            S: +OK 2 320
            C: LIST
            S: +OK 2 messages (320 octets)
            S: 1 120
            S: 2 200
            S: .
            C: RETR 1
            S: +OK 120 octets
            S: {first}
            S: .
            C: DELE 1
            S: +OK message 1 deleted
            C: RETR 2
            S: +OK 200 octets
            S: {second}
            S: .
            C: DELE 2
            S: +OK message 2 deleted
            C: QUIT
            S: +OK dewey POP3 server signing off (maildrop empty)
            S: <wait for next connection>
            "
        ),
    )?;
    let learnt = learnt.lock().unwrap();
    let expected = [
        "2 messages, 320 octets",
        "done: ",
        "1 has 120",
        "2 has 200",
        "done: ",
        &format!("body of 120: {first}"),
        "done: ",
        "done: message 1 deleted",
        &format!("body of 200: {second}"),
        "done: ",
        "done: message 2 deleted",
        "done: dewey POP3 server signing off (maildrop empty)",
        "Quit, 0 lost",
    ];
    assert_eq!(*learnt, expected);
    Ok(())
}

// --- RFC 2449 ---

#[test]
fn rfc_2449_capabilities_in_both_states() -> Result<(), Broken> {
    let mut config = Config::default();
    config.tls = Tls::Off;
    config.cleartext = true;
    config.mechanisms = vec![Mechanism::CramMd5];
    config.login_delay = Some(LoginDelay { seconds: 900, per_user: false });
    config.expire = Some(Expire { days: Some(60), per_user: true });
    config.implementation = Some(Text::literal("Shlemazle-Plotz-v302"));
    play(
        &desk(config),
        Role::Server,
        "
        S: +OK POP3 server ready
        C: CAPA
        S: +OK capability list follows
        S: TOP
        S: UIDL
        S: RESP-CODES
        S: AUTH-RESP-CODE
        S: PIPELINING
        S: USER
        S: SASL CRAM-MD5
        S: EXPIRE 60 USER
        S: LOGIN-DELAY 900
        S: IMPLEMENTATION Shlemazle-Plotz-v302
        S: .
        C: USER ann
        S: +OK send PASS
        C: PASS pass word
        S: +OK maildrop open
        C: CAPA
        S: +OK capability list follows
        S: TOP
        S: UIDL
        S: RESP-CODES
        S: AUTH-RESP-CODE
        S: PIPELINING
        S: EXPIRE 60 USER
        S: LOGIN-DELAY 900
        S: IMPLEMENTATION Shlemazle-Plotz-v302
        S: .
        C: QUIT
        S: +OK goodbye
        ",
    )
}

#[test]
fn rfc_2449_pipelined_commands_are_answered_in_order() {
    let mut talk = Talk::with(desk(open_config()));
    let said = talk.say(format!("USER ann\r\nPASS {PASSWORD}\r\nSTAT\r\nLIST\r\nRETR 1\r\nDELE 1\r\nNOOP\r\nQUIT\r\n"));
    let first = line_of(120, "a");
    assert_eq!(
        said,
        format!(
            "+OK send PASS\r\n+OK maildrop open\r\n+OK 2 320\r\n+OK listing follows\r\n1 120\r\n2 200\r\n.\r\n\
             +OK 120 octets\r\n{first}\r\n.\r\n+OK marked for deletion\r\n+OK\r\n+OK goodbye\r\n"
        )
    );
    assert_eq!(talk.desk.removed, [1]);
}

#[test]
fn rfc_2449_extended_response_codes() -> Result<(), Broken> {
    let mut in_use = desk(open_config());
    in_use.in_use = true;
    play(
        &in_use,
        Role::Server,
        "
        S: <a greeting>
        C: USER ann
        S: +OK send PASS
        C: PASS pass word
        S: -ERR [IN-USE] another session is open
        ",
    )?;
    play(
        &refusing(Code::LoginDelay),
        Role::Server,
        "
        S: <a greeting>
        C: USER ann
        S: +OK send PASS
        C: PASS pass word
        S: -ERR [LOGIN-DELAY] come back later
        ",
    )
}

/// A server whose maildrops cannot be opened, for this reason.
fn refusing(code: Code) -> impl Subject<Machine = Server> {
    let desk = desk(open_config());
    let mut behind = desk.clone();
    subject(
        move |now| desk.server(now),
        move |server: &mut Server, event, _| match event {
            Event::Open { ticket, .. } => {
                server.refuse_open(ticket, Some(code.clone()), Text::literal("come back later")).unwrap();
            }
            event => behind.answer(server, event).unwrap(),
        },
    )
}

// --- RFC 2595 ---

#[test]
fn rfc_2595_stls() -> Result<(), Broken> {
    play(
        &desk(stls_config()),
        Role::Server,
        "
        S: <a greeting>
        C: USER ann
        S: -ERR not without TLS: send STLS first
        C: STLS
        S: +OK begin TLS negotiation
        C: <TLS negotiation, further commands are under TLS layer>
        C: STLS
        S: -ERR not offered
        C: USER ann
        S: +OK send PASS
        C: PASS pass word
        S: +OK maildrop open
        C: STLS
        S: -ERR command not allowed in this state
        ",
    )
}

// --- RFC 3206 ---

#[test]
fn rfc_3206_codes_tell_whose_fault_it_is() -> Result<(), Broken> {
    for (code, shown) in [(Code::SysTemp, "SYS/TEMP"), (Code::SysPerm, "SYS/PERM")] {
        play(
            &refusing(code),
            Role::Server,
            &format!(
                "
                S: <a greeting>
                C: USER ann
                S: +OK send PASS
                C: PASS pass word
                S: -ERR [{shown}] come back later
                "
            ),
        )?;
    }
    play(
        &desk(open_config()),
        Role::Server,
        "
        S: <a greeting>
        C: USER ann
        S: +OK send PASS
        C: PASS wrong
        S: -ERR [AUTH] login failed
        C: QUIT
        S: +OK goodbye
        ",
    )
}

// --- RFC 5034 §6 ---

#[test]
fn rfc_5034_plain_with_an_initial_response_under_tls() -> Result<(), Broken> {
    let mut config = stls_config();
    config.mechanisms = vec![Mechanism::Plain, Mechanism::Anonymous];
    config.greeting = Greeting::Text(Text::literal("pop.example.com BlurdyBlurp POP3 server ready"));
    config.apop_host = None;
    config.utf8 = None;
    config.languages.clear();
    config.implementation = Some(Text::literal("BlurdyBlurp POP3 server"));
    let response = login_response("ann", PASSWORD);
    play(
        &desk(config),
        Role::Server,
        &format!(
            "
            S: +OK pop.example.com BlurdyBlurp POP3 server ready
            C: CAPA
            S: +OK capability list follows
            S: TOP
            S: UIDL
            S: RESP-CODES
            S: AUTH-RESP-CODE
            S: PIPELINING
            S: SASL ANONYMOUS
            S: STLS
            S: IMPLEMENTATION BlurdyBlurp POP3 server
            S: .
            C: AUTH PLAIN {response}
            S: -ERR not without TLS: send STLS first
            C: STLS
            S: +OK begin TLS negotiation
            C: <TLS negotiation proceeds, further commands protected by TLS layer>
            C: CAPA
            S: +OK capability list follows
            S: TOP
            S: UIDL
            S: RESP-CODES
            S: AUTH-RESP-CODE
            S: PIPELINING
            S: USER
            S: SASL PLAIN ANONYMOUS
            S: IMPLEMENTATION BlurdyBlurp POP3 server
            S: .
            C: AUTH PLAIN {response}
            S: +OK maildrop open
            "
        ),
    )
}

#[test]
fn rfc_5034_plain_without_an_initial_response() {
    let mut talk = Talk::with(desk(open_config()));
    // There is a space behind the plus sign.
    assert_eq!(talk.say("AUTH PLAIN\r\n"), "+ \r\n");
    assert_eq!(talk.say(format!("{}\r\n", login_response("", PASSWORD))), "+OK maildrop open\r\n");
    assert_eq!(talk.say("AUTH PLAIN\r\n"), "-ERR command not allowed in this state\r\n");
}

#[test]
fn rfc_5034_an_equals_sign_is_an_initial_response_of_no_octets() {
    // With EXTERNAL, no octets ask for no identity but the channel's; nobody is asked for more.
    let mut config = open_config();
    config.tls = Tls::Outside;
    let mut talk = Talk::with(desk(config));
    let mut facts = TlsFacts::new();
    facts.peer_certificate = Some(b"DER".as_slice().into());
    facts.peer_names = vec![CertificateName::Rfc822Name(format!("{USER}@mail.example"))];
    talk.server.describe_channel(&facts).unwrap();
    assert_eq!(talk.say("AUTH EXTERNAL =\r\n"), "+OK maildrop open\r\n");
    let mut talk = Talk::with(desk(open_config()));
    // With PLAIN, they are an answer that is wrong, and no password is waited for.
    assert_eq!(talk.say("AUTH PLAIN =\r\n"), "-ERR [AUTH] login failed\r\n");
    talk.log_in();
}

#[test]
fn rfc_5034_a_star_cancels_and_another_exchange_may_follow() {
    let mut talk = Talk::with(desk(open_config()));
    assert_eq!(talk.say("AUTH PLAIN\r\n"), "+ \r\n");
    assert_eq!(talk.say("*\r\n"), "-ERR authentication cancelled\r\n");
    assert_eq!(talk.say("AUTH KERBEROS_V4\r\n"), "-ERR not offered\r\n");
    assert_eq!(talk.say("AUTH PLAIN\r\n"), "+ \r\n");
    assert_eq!(talk.say(format!("{}\r\n", login_response("", PASSWORD))), "+OK maildrop open\r\n");
}

// --- RFC 6856 ---

#[test]
fn rfc_6856_utf8_before_login() -> Result<(), Broken> {
    let mut config = open_config();
    config.utf8 = Some(Utf8::MessagesAndUsers);
    let mut desk = desk(config);
    desk.messages = vec![Bytes::from("Subject: héllo\r\n\r\nwörld\r\n")];
    play(
        &desk,
        Role::Server,
        "
        S: <a greeting>
        C: CAPA
        S: <other capabilities>
        S: UTF8 USER
        S: <other capabilities>
        S: .
        C: UTF8
        S: +OK UTF8 mode is on
        C: USER ann
        S: +OK send PASS
        C: PASS pass word
        S: +OK maildrop open
        C: UTF8
        S: -ERR command not allowed in this state
        C: RETR 1
        S: +OK 27 octets
        S: Subject: héllo
        S: <an empty line>
        S: wörld
        S: .
        ",
    )
}

#[test]
fn rfc_6856_lang() -> Result<(), Broken> {
    play(
        &desk(open_config()),
        Role::Server,
        "
        S: <a greeting>
        C: USER ann
        S: +OK send PASS
        C: PASS pass word
        S: +OK maildrop open
        C: LANG MUL
        S: -ERR unknown language
        C: LANG
        S: +OK languages follow
        S: en English
        S: de Deutsch
        S: .
        C: LANG de
        S: +OK de Sprache gesetzt
        C: RETR 9
        S: -ERR keine solche Nachricht
        C: LANG uga
        S: -ERR unknown language
        C: RETR 9
        S: -ERR keine solche Nachricht
        C: LANG *
        S: +OK en language set
        C: RETR 9
        S: -ERR no such message
        ",
    )
}
