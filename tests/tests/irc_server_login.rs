//! SASL with the IRC server (IRCv3 sasl-3.1 and 3.2): transcripts, chunks both ways, bounds, channel binding and re-authentication.

use bytes::Bytes;
use irc_proto::server::{State, Tls, Violation};
use wirestate_machine::TlsFacts;
use wirestate_sasl::{Bindings, ChannelBinding, Mechanism, Nonce, base64, client};
use wirestate_testing::{Role, play};
use wirestate_tests::irc::{Desk, PASSWORD, PLAIN, Talk, USER, WRONG};

const LOGGED_IN: [&str; 2] = ["900 * *!*@* ann :You are now logged in as ann", "903 * :SASL authentication successful"];

fn ready(desk: Desk) -> Talk {
    let mut talk = Talk::with(desk);
    talk.hear("CAP LS 302\r\nCAP REQ sasl");
    talk
}

fn facts() -> TlsFacts {
    let mut facts = TlsFacts::new();
    facts.exporter = Some([5; 32]);
    facts
}

/// A session over TLS that lies outside, of which this is known.
fn outside(facts: &TlsFacts) -> Talk {
    let mut talk = Talk::with(Desk::with(|config| config.tls = Tls::Outside));
    talk.server.describe_channel(facts).unwrap();
    talk.hear("CAP LS 302\r\nCAP REQ sasl");
    talk
}

#[test]
fn plain_as_the_specification_prints_it() {
    let script = format!(
        "
        C: CAP REQ :sasl
        S: :irc.localhost CAP * ACK :sasl
        C: NICK ann
        C: USER ann 0 * :Ann
        C: AUTHENTICATE PLAIN
        S: AUTHENTICATE +
        C: AUTHENTICATE {PLAIN}
        S: :irc.localhost 900 ann ann!ann@* ann :You are now logged in as ann
        S: :irc.localhost 903 ann :SASL authentication successful
        C: CAP END
        S: :irc.localhost 001 ann :Welcome
    "
    );
    play(&Desk::default(), Role::Server, &script).unwrap();
    let mut talk = ready(Desk::default());
    talk.hear(&format!("AUTHENTICATE PLAIN\r\nAUTHENTICATE {PLAIN}\r\nNICK ann\r\nUSER a 0 * :x\r\nCAP END"));
    assert_eq!(talk.desk.registration.unwrap().account.unwrap().name(), USER);
    assert_eq!(talk.desk.who.as_deref(), Some(USER));
}

#[test]
fn a_wrong_password_is_told_after_the_delay_and_three_end_the_session() {
    let mut talk = ready(Desk::default());
    for count in 1..=3 {
        assert_eq!(talk.hear("AUTHENTICATE PLAIN"), ["AUTHENTICATE +"]);
        assert_eq!(talk.hear(&format!("AUTHENTICATE {WRONG}")), [""; 0]);
        assert!(talk.last_event_is(&format!("LoginFailed {{ count: {count}, ")));
        assert_eq!(talk.wait(1), "");
        assert!(talk.wait(1).starts_with(":irc.localhost 904 * :SASL authentication failed\r\n"));
    }
    assert_eq!(talk.violation, Some(Violation::TooManyFailedLogins));
}

#[test]
fn a_locked_account_is_told_so() {
    let mut talk = ready(Desk::default());
    let message = base64::encode(b"\0locked\0x");
    talk.hear(&format!("AUTHENTICATE PLAIN\r\nAUTHENTICATE {message}"));
    assert_eq!(talk.wait(2), ":irc.localhost 902 * :This account is not available\r\n");
}

#[test]
fn an_unknown_mechanism_lists_the_known_ones() {
    let mut talk = ready(Desk::with(|config| config.mechanisms = vec![Mechanism::Plain, Mechanism::SCRAM_SHA_256]));
    assert_eq!(
        talk.hear("AUTHENTICATE FOO"),
        ["908 * PLAIN,SCRAM-SHA-256 :are available SASL mechanisms", "904 * :SASL authentication failed"]
    );
    // Without a certificate EXTERNAL is not on offer, nor PLUS without TLS.
    assert!(talk.hear("AUTHENTICATE EXTERNAL")[0].starts_with("908 "));
    assert!(talk.hear("AUTHENTICATE SCRAM-SHA-256-PLUS")[0].starts_with("908 "));
}

#[test]
fn without_the_capability_there_is_no_login() {
    assert_eq!(Talk::new().hear("AUTHENTICATE PLAIN"), ["904 * :SASL authentication failed"]);
}

#[test]
fn the_client_may_break_it_off() {
    let mut talk = ready(Desk::default());
    assert_eq!(talk.hear("AUTHENTICATE *"), ["906 * :SASL authentication aborted"]);
    talk.hear("AUTHENTICATE PLAIN");
    assert_eq!(talk.hear("AUTHENTICATE *"), ["906 * :SASL authentication aborted"]);
    talk.hear("NICK ann\r\nUSER a 0 * :x\r\nAUTHENTICATE PLAIN");
    assert_eq!(talk.hear("CAP END"), ["906 ann :SASL authentication aborted", "001 ann :Welcome"]);
    assert!(talk.desk.registration.unwrap().account.is_none());
}

#[test]
fn other_commands_may_come_in_between() {
    let mut talk = ready(Desk::default());
    talk.hear("AUTHENTICATE PLAIN");
    assert_eq!(talk.hear("NICK ann\r\nPING x"), ["PONG irc.localhost :x"]);
    assert!(talk.hear(&format!("AUTHENTICATE {PLAIN}"))[0].starts_with("900 ann ann!*@* ann "));
}

#[test]
fn nobody_logs_in_twice_before_registration() {
    let mut talk = ready(Desk::default());
    assert_eq!(talk.hear(&format!("AUTHENTICATE PLAIN\r\nAUTHENTICATE {PLAIN}"))[1..], LOGGED_IN);
    assert_eq!(talk.hear("AUTHENTICATE PLAIN"), ["907 * :You have already authenticated using SASL"]);
    let mut talk = talk.register();
    assert!(talk.hear("AUTHENTICATE PLAIN")[0].starts_with("907 ann "));
}

#[test]
fn sasl_3_2_lets_a_client_log_in_after_registration() {
    let mut talk = ready(Desk::with(|config| config.reauthentication = true)).register();
    assert_eq!(talk.hear("AUTHENTICATE PLAIN"), ["AUTHENTICATE +"]);
    assert_eq!(talk.server.state(), State::Reauthenticating);
    // A user's other commands go on.
    talk.hear("JOIN #a\r\nNICK other");
    assert_eq!(talk.desk.messages.len(), 2);
    assert!(talk.hear(&format!("AUTHENTICATE {PLAIN}"))[0].starts_with("900 ann ann!*@* ann "));
    assert_eq!(talk.desk.who.as_deref(), Some(USER));
    talk.server.log_out().unwrap();
    assert_eq!(talk.say(""), ":irc.localhost 901 ann ann!*@* :You are now logged out\r\n");
    assert_eq!(talk.hear("AUTHENTICATE PLAIN"), ["AUTHENTICATE +"]);
}

#[test]
fn an_account_that_could_not_be_named_is_none() {
    let mut talk = ready(Desk::default());
    talk.hear("AUTHENTICATE ANONYMOUS\r\nAUTHENTICATE +");
    assert!(talk.wait(2).starts_with(":irc.localhost 904 "));
    assert!(talk.desk.who.is_none());
}

// --- chunks ---

#[test]
fn a_long_message_comes_in_chunks_of_400() {
    let user = "u".repeat(290);
    for (extra, chunks) in [(0, 1), (7, 2), (8, 2), (307, 3)] {
        let text = base64::encode(format!("{}\0{user}\0p", "a".repeat(extra)).as_bytes());
        let mut talk = ready(Desk::default());
        talk.hear("AUTHENTICATE PLAIN");
        let mut sent = 0;
        for chunk in text.as_bytes().chunks(400) {
            assert_eq!(talk.events.len(), 0, "asked before the message was whole");
            talk.say(format!("AUTHENTICATE {}\r\n", std::str::from_utf8(chunk).unwrap()));
            sent += 1;
        }
        if text.len().is_multiple_of(400) {
            assert_eq!(talk.events.len(), 0);
            talk.say("AUTHENTICATE +\r\n");
            sent += 1;
        }
        assert_eq!(sent, chunks, "{}", text.len());
        assert!(talk.events[0].starts_with("Authenticate {"));
    }
}

#[test]
fn a_long_challenge_goes_out_in_chunks_too() {
    // SCRAM's server nonce begins with the client's, and so the client says how long the challenge is.
    for (nonce, last) in [(240, "+"), (242, "OTY=")] {
        let mut talk = ready(Desk::default());
        talk.hear("AUTHENTICATE SCRAM-SHA-256");
        let first = base64::encode(format!("n,,n=ann,r={}", "n".repeat(nonce)).as_bytes());
        let said = talk.hear(&format!("AUTHENTICATE {first}"));
        let chunks: Vec<_> = said.iter().map(|line| line.strip_prefix("AUTHENTICATE ").unwrap()).collect();
        assert_eq!((chunks.len(), chunks[0].len(), chunks[1]), (2, 400, last));
        let challenge = base64::decode(chunks.concat().trim_end_matches('+'), 4096).unwrap();
        assert!(challenge.starts_with(b"r=nnn") && challenge.ends_with(b",i=4096"));
    }
}

#[test]
fn too_long_a_chunk_or_too_many_are_told() {
    let mut talk = ready(Desk::default());
    talk.hear("AUTHENTICATE PLAIN");
    let chunk = |length| format!("AUTHENTICATE {}", "A".repeat(length));
    assert_eq!(talk.hear(&chunk(401)), ["905 * :SASL message too long"]);
    assert_eq!(talk.server.state(), State::Registering);
    talk.hear("AUTHENTICATE PLAIN");
    for _ in 0..12 * 1024 / 400 {
        assert_eq!(talk.hear(&chunk(400)), [""; 0]);
    }
    assert_eq!(talk.hear(&chunk(400)), ["905 * :SASL message too long"]);
    assert!(talk.last_event_is("Rejected { keyword: Authenticate, why: SaslTooLong }"));
    talk.hear("AUTHENTICATE PLAIN");
    assert_eq!(talk.hear(&format!("AUTHENTICATE {PLAIN}")), LOGGED_IN);
}

// --- SCRAM and EXTERNAL ---

/// Runs SCRAM from the client's side, and gives what came after the last response.
fn scram(talk: &mut Talk, mechanism: Mechanism, bindings: Bindings) -> Vec<String> {
    let mut said = talk.hear(&format!("AUTHENTICATE {mechanism}"));
    let credentials = client::Credentials::password(USER, PASSWORD).unwrap();
    let context = client::Context::new(Nonce::new("rOprNGfwEbeRWgbNEkqO").unwrap())
        .server_offers_plus(!bindings.is_empty())
        .bindings(bindings);
    let mut scram = client::Client::start(mechanism, &credentials, &context).unwrap();
    while let Some(text) = said.first().and_then(|line| line.strip_prefix("AUTHENTICATE ")) {
        // The first, which is empty, stands for none.
        let step = match text {
            "+" => scram.step(None),
            text => scram.step(Some(&base64::decode(text, 4096).unwrap())),
        };
        let mut step = step.unwrap();
        if let client::Step::Work(work) = step {
            step = scram.resume(work.run()).unwrap();
        }
        let client::Step::Send(response) = step else { panic!("{step:?}") };
        let text = if response.is_empty() { "+".into() } else { base64::encode(&response) };
        said = talk.hear(&format!("AUTHENTICATE {text}"));
    }
    said
}

#[test]
fn scram_proves_both_sides() {
    for mechanism in [Mechanism::SCRAM_SHA_1, Mechanism::SCRAM_SHA_256, Mechanism::SCRAM_SHA_512] {
        let mut talk = ready(Desk::default());
        assert_eq!(scram(&mut talk, mechanism, Bindings::none()), LOGGED_IN, "{mechanism}");
    }
}

#[test]
fn scram_plus_is_bound_to_the_channel() {
    let bound: Bindings = [ChannelBinding::TlsExporter([5; 32])].into_iter().collect();
    let mut talk = outside(&facts());
    assert_eq!(scram(&mut talk, Mechanism::SCRAM_SHA_256_PLUS, bound), LOGGED_IN);
    let foreign: Bindings = [ChannelBinding::TlsExporter([6; 32])].into_iter().collect();
    let mut talk = outside(&facts());
    assert_eq!(scram(&mut talk, Mechanism::SCRAM_SHA_256_PLUS, foreign), [""; 0]);
    assert!(talk.wait(2).starts_with(":irc.localhost 904 "));
    assert!(talk.desk.who.is_none());
}

#[test]
fn external_rests_on_the_certificate() {
    let mut facts = facts();
    facts.peer_certificate = Some(Bytes::from_static(b"der"));
    facts.peer_subject = Some("CN=ann".into());
    let mut talk = outside(&facts);
    talk.hear("AUTHENTICATE EXTERNAL");
    assert_eq!(talk.hear("AUTHENTICATE +"), LOGGED_IN);
    facts.peer_subject = Some("CN=eve".into());
    let mut talk = outside(&facts);
    talk.hear("AUTHENTICATE EXTERNAL\r\nAUTHENTICATE +");
    assert!(talk.wait(2).starts_with(":irc.localhost 904 "));
}

#[test]
fn a_gateways_certificate_is_not_the_clients() {
    let mut facts = facts();
    facts.peer_certificate = Some(Bytes::from_static(b"der"));
    facts.peer_subject = Some("CN=ann".into());
    let mut talk = Talk::with(Desk::with(|config| config.tls = Tls::Outside));
    talk.server.describe_channel(&facts).unwrap();
    talk.hear("WEBIRC gate g host.example 192.0.2.1 :secure\r\nCAP REQ sasl");
    assert!(talk.hear("AUTHENTICATE EXTERNAL")[0].starts_with("908 "));
    assert!(talk.hear("AUTHENTICATE SCRAM-SHA-256-PLUS")[0].starts_with("908 "));
    talk.hear("NICK ann\r\nUSER a 0 * :x\r\nCAP END");
    let told = talk.desk.registration.unwrap();
    assert!(told.certificate.is_none() && told.encrypted);
    assert!(talk.server.describe_channel(&facts).is_err());
}
