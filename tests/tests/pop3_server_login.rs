//! How the POP3 server takes logins: USER and PASS, APOP, AUTH (RFC 1939 §7, RFC 5034), their failures and their limits.

use std::sync::Arc;

use pop3_proto::server::{Config, Tls, Violation};
use wirestate_machine::{Machine, TlsFacts, Upgraded};
use wirestate_sasl::apop::{self, Timestamp};
use wirestate_sasl::client::{Client, Context, Credentials, Step};
use wirestate_sasl::{Bindings, ChannelBinding, Mechanism, Nonce, base64};
use wirestate_tests::pop3::{Desk, PASSWORD, Talk, USER, open_config};

const OPEN: &str = "+OK maildrop open\r\n";
const FAILED: &str = "-ERR [AUTH] login failed\r\n";

/// Runs our own SASL client through AUTH; gives the server's last line.
fn auth(talk: &mut Talk, mechanism: Mechanism, password: &str, bindings: Bindings, initial: bool) -> String {
    let credentials = match mechanism {
        Mechanism::OAuthBearer | Mechanism::XOAuth2 => Credentials::token(USER, password).unwrap(),
        _ => Credentials::password(USER, password).unwrap(),
    };
    let bindings = if mechanism.is_plus() { bindings } else { Bindings::none() };
    let context =
        Context::new(Nonce::new("clientnonce").unwrap()).bindings(bindings).server_offers_plus(mechanism.is_plus());
    let mut client = Client::start(mechanism, &credentials, &context).unwrap();
    let mut step = client.step(None).unwrap();
    let mut said = match &step {
        Step::Send(response) if initial => {
            let said = talk.say(format!("AUTH {mechanism} {}\r\n", base64::encode(response)));
            step = Step::Wait;
            said
        }
        _ => talk.say(format!("AUTH {mechanism}\r\n")),
    };
    loop {
        let Some(challenge) = said.strip_prefix("+ ") else {
            if said == OPEN {
                client.succeed(None).unwrap();
            }
            return said;
        };
        let challenge = base64::decode(challenge.trim_end(), 10_000).unwrap();
        if !matches!(step, Step::Send(_)) || !mechanism.client_first() {
            step = match client.step(Some(&challenge)) {
                Ok(step) => step,
                Err(_) => return talk.say("*\r\n"),
            };
        }
        if let Step::Work(work) = step {
            step = client.resume(work.run()).unwrap();
        }
        let Step::Send(response) = core::mem::replace(&mut step, Step::Wait) else { panic!("nothing to send") };
        said = talk.say(format!("{}\r\n", base64::encode(&response)));
    }
}

fn bound() -> (Talk, Bindings) {
    let mut config = open_config();
    config.tls = Tls::Implicit;
    let mut talk = Talk::with(Desk::new(config));
    let mut facts = TlsFacts::new();
    facts.exporter = Some([9; 32]);
    talk.server.upgraded(talk.now, Upgraded::Tls(Box::new(facts)));
    talk.say("");
    (talk, ChannelBinding::TlsExporter([9; 32]).into())
}

#[test]
fn every_mechanism_logs_in_with_and_without_an_initial_response() {
    for mechanism in Mechanism::ALL {
        let password = match mechanism {
            Mechanism::OAuthBearer | Mechanism::XOAuth2 => "good-token",
            Mechanism::External | Mechanism::Anonymous => continue,
            _ => PASSWORD,
        };
        for initial in [true, false] {
            if initial && !mechanism.client_first() {
                continue;
            }
            let (mut talk, bindings) = bound();
            assert_eq!(auth(&mut talk, mechanism, password, bindings, initial), OPEN, "{mechanism}");
            assert_eq!(talk.desk.who.as_deref(), Some(USER));
        }
    }
}

#[test]
fn every_mechanism_fails_with_the_wrong_password_and_in_the_same_words() {
    for mechanism in Mechanism::ALL {
        if matches!(mechanism, Mechanism::External | Mechanism::Anonymous) {
            continue;
        }
        let (mut talk, bindings) = bound();
        assert_eq!(auth(&mut talk, mechanism, "wrong", bindings, mechanism.client_first()), "", "{mechanism}");
        assert!(talk.last_event_is("LoginFailed { count: 1"), "{mechanism}: {:?}", talk.events);
        assert_eq!(talk.wait(2), FAILED, "{mechanism}");
    }
}

#[test]
fn a_wrong_channel_binding_fails() {
    let (mut talk, _) = bound();
    let other = ChannelBinding::TlsExporter([8; 32]).into();
    assert_eq!(auth(&mut talk, Mechanism::SCRAM_SHA_256_PLUS, PASSWORD, other, true), "");
    assert_eq!(talk.wait(2), FAILED);
}

#[test]
fn plus_is_offered_only_on_a_channel_that_can_be_bound() {
    let mut talk = Talk::new();
    assert!(!talk.say("CAPA\r\n").contains("-PLUS"));
    assert_eq!(talk.say("AUTH SCRAM-SHA-256-PLUS\r\n"), "-ERR not offered\r\n");
    let (mut talk, _) = bound();
    assert!(talk.say("CAPA\r\n").contains(" SCRAM-SHA-256-PLUS "));
}

#[test]
fn auth_alone_lists_the_mechanisms() {
    let said = Talk::new().say("AUTH\r\n");
    assert!(
        said.starts_with("+OK mechanisms follow\r\n") && said.contains("\r\nPLAIN\r\n") && said.ends_with("\r\n.\r\n")
    );
}

#[test]
fn an_equals_sign_is_an_empty_initial_response() {
    let mut talk = Talk::new();
    // Not the message that PLAIN wants, but no wait for another one either.
    assert_eq!(talk.say("AUTH PLAIN =\r\n"), "");
    assert_eq!(talk.wait(2), FAILED);
}

#[test]
fn a_star_cancels() {
    let mut talk = Talk::new();
    assert_eq!(talk.say("AUTH PLAIN\r\n*\r\n"), "+ \r\n-ERR authentication cancelled\r\n");
    talk.log_in();
}

#[test]
fn what_is_not_base64_breaks_the_exchange_off() {
    let mut talk = Talk::new();
    assert_eq!(talk.say("AUTH PLAIN\r\n!!!!\r\n"), "+ \r\n-ERR not base64\r\n");
    assert_eq!(talk.say("AUTH PLAIN !!!!\r\n"), "-ERR not base64\r\n");
    talk.log_in();
}

#[test]
fn sasl_lines_are_longer_than_commands_but_bounded() {
    let mut talk = Talk::new();
    talk.say("AUTH PLAIN\r\n");
    assert_eq!(talk.say(format!("{}\r\n", "A".repeat(4000))), "");
    assert_eq!(talk.wait(2), FAILED);
    talk.say("AUTH PLAIN\r\n");
    assert_eq!(talk.say("A".repeat(20_000)), "-ERR line too long\r\n");
    assert_eq!(talk.say("\r\nCAPA\r\n").lines().next(), Some("+OK capability list follows"));
}

#[test]
fn decoded_names_cannot_carry_line_ends() {
    let mut talk = Talk::new();
    talk.say(format!("AUTH PLAIN {}\r\n", base64::encode(b"\0ann\r\nDELE 1\0x")));
    assert_eq!(talk.wait(2), FAILED);
    assert!(talk.events.iter().all(|event| !event.starts_with("Authenticate")));
}

#[test]
fn apop_logs_in_where_it_is_on() {
    let greeting = |config: Config| {
        let mut server = Desk::new(config).server(wirestate_machine::Instant::START);
        server.poll(wirestate_machine::Instant::START).unwrap();
        String::from_utf8(server.outbox().drain()).unwrap()
    };
    let timestamp = Timestamp::find(&greeting(open_config())).unwrap().unwrap();
    let mut talk = Talk::new();
    assert_eq!(talk.say(format!("APOP ann {}\r\n", apop::digest(&timestamp, PASSWORD))), OPEN);
    let mut wrong = Talk::new();
    assert_eq!(wrong.say(format!("APOP ann {}\r\n", apop::digest(&timestamp, "wrong"))), "");
    assert_eq!(wrong.wait(2), FAILED);
    let mut off = open_config();
    off.apop_host = None;
    assert_eq!(Talk::with(Desk::new(off)).say("APOP ann c4c9334bac560ecc979e58001b3e22fb\r\n"), "-ERR not offered\r\n");
}

#[test]
fn the_apop_timestamp_is_another_in_each_session() {
    let config = Arc::new(open_config());
    let mut seen = std::collections::HashSet::new();
    for seed in 0..20 {
        let mut server = pop3_proto::server::Server::new(config.clone(), [seed; 32], wirestate_machine::Instant::START);
        server.poll(wirestate_machine::Instant::START).unwrap();
        assert!(seen.insert(server.outbox().drain()));
    }
}

#[test]
fn a_maildrop_in_use_is_told_so() {
    let mut desk = Desk::default();
    desk.in_use = true;
    let mut talk = Talk::with(desk);
    assert_eq!(
        talk.say(format!("USER ann\r\nPASS {PASSWORD}\r\n")),
        "+OK send PASS\r\n-ERR [IN-USE] another session is open\r\n"
    );
    talk.desk.in_use = false;
    talk.log_in();
}

#[test]
fn the_answer_to_a_failure_waits_and_nothing_is_read_meanwhile() {
    let mut talk = Talk::new();
    assert_eq!(talk.say("USER ann\r\nPASS wrong\r\nCAPA\r\n"), "+OK send PASS\r\n");
    assert_eq!(talk.wait(1), "");
    assert!(talk.wait(1).starts_with("-ERR [AUTH] login failed\r\n+OK capability"));
}

#[test]
fn the_third_failure_ends_the_session() {
    let mut talk = Talk::new();
    let mut said = String::new();
    for _ in 0..3 {
        talk.say("USER ann\r\nPASS wrong\r\n");
        said = talk.wait(2);
    }
    assert_eq!(said, "-ERR [AUTH] login failed\r\n-ERR too many failed logins\r\n");
    assert_eq!(talk.violation, Some(Violation::TooManyFailedLogins));
}

#[test]
fn unknown_users_and_wrong_passwords_look_the_same() {
    let said = |user: &str| {
        let mut talk = Talk::new();
        let said = talk.say(format!("USER {user}\r\nPASS wrong\r\n"));
        (said, talk.wait(2))
    };
    assert_eq!(said("ann"), said("nobody"));
}

#[test]
fn secrets_never_appear_in_debug() {
    let mut talk = Talk::new();
    talk.say("USER ann\r\nPASS hunter2\r\n");
    talk.wait(2);
    let (mut bound, bindings) = bound();
    auth(&mut bound, Mechanism::Plain, "hunter2", bindings, true);
    for talk in [talk, bound] {
        assert!(!format!("{:?} {:?}", talk.events, talk.server).contains("hunter2"));
    }
}

#[test]
fn no_command_is_understood_in_an_exchange() {
    let mut config = open_config();
    config.tls = Tls::Stls;
    let mut talk = Talk::with(Desk::new(config));
    // In an exchange, STLS is a line of base64 like any other.
    assert_eq!(talk.say("AUTH PLAIN\r\nSTLS\r\n"), "+ \r\n");
    assert_eq!(talk.server.upgrade(), None);
    assert_eq!(talk.wait(2), FAILED);
}
