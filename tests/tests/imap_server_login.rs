//! What an IMAP server session says before login, and around TLS, compression and logging out.

use std::time::Duration;

use imap_proto::server::{Config, Greeting, Tls, Violation};
use wirestate_machine::{Instant, Machine, Upgrade, Upgraded};
use wirestate_tests::imap::{Desk, Talk, open_config, starttls_config};

#[test]
fn without_tls_nothing_secret_is_taken() {
    let mut talk = Talk::with(Desk::with(starttls_config()));
    let said = talk.say("a CAPABILITY\r\n");
    assert!(
        said.starts_with(
            "* CAPABILITY IMAP4rev1 LITERAL+ ENABLE IDLE UNSELECT SASL-IR ID STARTTLS LOGINDISABLED AUTH="
        )
    );
    assert!(!said.contains("AUTH=PLAIN") && said.contains("AUTH=SCRAM-SHA-256 ") && !said.contains("MOVE"), "{said}");
    talk.transcript(
        "C: b LOGIN ann \"pass word\"
        S: b NO [PRIVACYREQUIRED] Not without TLS
        C: c LOGIN {3}
        S: c NO [PRIVACYREQUIRED] Not without TLS
        C: d AUTHENTICATE PLAIN AGFubgBwYXNzIHdvcmQ=
        S: d NO [PRIVACYREQUIRED] Not without TLS
        C: e STARTTLS
        S: e OK Begin TLS negotiation now",
    );
    assert_eq!(talk.secure(), "");
    let said = talk.say("f CAPABILITY\r\n");
    assert!(said.contains(" AUTH=PLAIN") && !said.contains("STARTTLS") && !said.contains("LOGINDISABLED"), "{said}");
    assert_eq!(talk.say("g STARTTLS\r\n"), "g BAD Not offered\r\n");
    assert!(talk.say("h LOGIN {3+}\r\nann {9}\r\n").starts_with("+ Go ahead"));
    assert!(talk.say("pass word\r\n").starts_with("h OK [CAPABILITY IMAP4rev1 IMAP4rev2 "));
}

#[test]
fn implicit_tls_comes_before_the_greeting() {
    let mut config = open_config();
    (config.tls, config.cleartext) = (Tls::Implicit, false);
    let mut talk = Talk::with(Desk::with(config));
    assert_eq!(talk.server.inbox().room(), 0);
    let said = talk.secure();
    assert!(said.starts_with("* OK [CAPABILITY IMAP4rev1 ") && said.ends_with("] IMAP4 server ready\r\n"), "{said}");
}

#[test]
fn authentication_with_and_without_an_initial_response() {
    for lines in [
        "a AUTHENTICATE PLAIN AGFubgBwYXNzIHdvcmQ=\r\n",
        "a AUTHENTICATE PLAIN\r\nAGFubgBwYXNzIHdvcmQ=\r\n",
        "a AUTHENTICATE LOGIN\r\nYW5u\r\ncGFzcyB3b3Jk\r\n",
    ] {
        let said = Talk::new().say(lines);
        assert!(said.ends_with("] Logged in\r\n"), "{said}");
    }
    let mut talk = Talk::new();
    // An empty challenge is not `=` (RFC 9051 §6.2.2).
    assert_eq!(talk.say("a AUTHENTICATE PLAIN\r\n"), "+ \r\n");
    assert_eq!(talk.say("*\r\n"), "a BAD Authentication broken off\r\n");
    assert_eq!(talk.say("b AUTHENTICATE PLAIN !!!!\r\n"), "b BAD Authentication broken off\r\n");
    assert_eq!(talk.say("c AUTHENTICATE NONE\r\n"), "c NO [CANNOT] No such mechanism\r\n");
}

#[test]
fn failed_logins_wait_and_are_counted() {
    let mut talk = Talk::new();
    assert_eq!(talk.say("a LOGIN ann wrong\r\nb NOOP\r\n"), "");
    assert_eq!(talk.wait(1), "");
    assert_eq!(talk.wait(1), "a NO [AUTHENTICATIONFAILED] Login failed\r\nb OK Nothing done\r\n");
    talk.say("c LOGIN ann wrong\r\n");
    talk.wait(2);
    talk.say("d LOGIN ann wrong\r\n");
    let said = talk.wait(2);
    assert_eq!(said, "d NO [AUTHENTICATIONFAILED] Login failed\r\n* BYE Too many failed logins\r\n");
    assert_eq!(talk.violation, Some(Violation::TooManyFailedLogins));
}

#[test]
fn the_time_to_log_in_is_limited_in_all() {
    let mut talk = Talk::new();
    assert_eq!(talk.wait(179).as_str(), "");
    talk.say("a NOOP\r\n");
    assert_eq!(talk.wait(1), "* BYE Too slow to log in\r\n");
    // After login each command counts anew.
    let mut talk = Talk::logged_in();
    for _ in 0..3 {
        assert_eq!(talk.wait(1_799), "");
        assert_eq!(talk.say("a NOOP\r\n"), "a OK Nothing done\r\n");
    }
    assert_eq!(talk.wait(1_800), "* BYE Idle for too long\r\n");
}

#[test]
fn what_is_no_command_ends_a_session_before_login() {
    let mut talk = Talk::new();
    assert_eq!(talk.say("a HELO example.org\r\n"), "a BAD Unknown command\r\n* BYE This is an IMAP server\r\n");
    assert_eq!(talk.violation, Some(Violation::UnknownCommand));
    let mut config = open_config();
    config.unknown_command_closes = false;
    let mut talk = Talk::with(Desk::with(config));
    assert_eq!(talk.say("a HELO x\r\nb SELECT INBOX\r\n"), "a BAD Unknown command\r\nb BAD Not in this state\r\n");
    let said = talk.say("FETCH\r\n");
    assert!(said.starts_with("* BAD ") || said.starts_with("FETCH BAD "), "{said}");
    assert_eq!(talk.violation, Some(Violation::TooManyBadCommands));
}

#[test]
fn the_application_may_greet() {
    let mut config = open_config();
    config.greeting = Greeting::Manual;
    let desk = Desk::with(config);
    let mut server = desk.server(Instant::START);
    let Ok(Some(imap_proto::server::Event::Greet(ticket))) = server.poll(Instant::START) else { panic!() };
    server.greet_known(ticket, "hello\r\n* OK injected").unwrap();
    let said = String::from_utf8(server.outbox().drain()).unwrap();
    assert!(said.starts_with("* PREAUTH [CAPABILITY ") && said.ends_with("] hello  * OK injected\r\n"), "{said}");
    assert!(server.is_logged_in());
}

#[test]
fn id_is_kept_and_answered() {
    let mut talk = Talk::new();
    assert_eq!(
        talk.say("a ID (\"name\" \"mutt\" \"os\" NIL)\r\n"),
        "* ID (\"name\" \"Desk\")\r\na OK Pleased to meet you\r\n"
    );
    assert_eq!(talk.server.client_id(), [("name".into(), Some("mutt".into())), ("os".into(), None)]);
    assert_eq!(talk.server.command_count(), 1);
    let mut config = Config::default();
    config.id = None;
    let mut talk = Talk::with(Desk::with(config));
    assert!(talk.say("a ID NIL\r\n").starts_with("a BAD Unknown command\r\n"));
}

#[test]
fn literals_make_no_more_commands_of_one() {
    let mut talk = Talk::new();
    assert!(talk.say("a LOGIN {3}\r\nann {9+}\r\npass word\r\n").ends_with("Logged in\r\n"));
    assert_eq!(talk.server.command_count(), 1);
    talk.say("b APPEND Saved {3}\r\nabc {2+}\r\nde\r\n");
    assert_eq!(talk.server.command_count(), 2);
    // Nor does what is refused and skipped.
    talk.say(format!("c CREATE {{99999+}}\r\n{}\r\n", "x\r\n".repeat(33_333)));
    assert_eq!(talk.server.command_count(), 3);
}

#[test]
fn compression_begins_behind_its_answer() {
    let mut talk = Talk::logged_in();
    assert_eq!(talk.say("a COMPRESS LZ4\r\n"), "a NO [CANNOT] No such mechanism\r\n");
    assert_eq!(talk.say("b COMPRESS DEFLATE\r\n"), "b OK DEFLATE begins now\r\n");
    assert_eq!(talk.server.inbox().room(), 0);
    assert_eq!(talk.server.upgrade(), Some(Upgrade::Deflate));
    talk.server.upgraded(talk.now, Upgraded::Deflate);
    assert_eq!(talk.say("c COMPRESS DEFLATE\r\n"), "c NO [COMPRESSIONACTIVE] Compression is active already\r\n");
    assert!(!talk.say("d CAPABILITY\r\n").contains("COMPRESS"));
    let mut talk = Talk::logged_in();
    talk.say("a COMPRESS DEFLATE\r\nb NOOP\r\n");
    assert_eq!(talk.violation, Some(Violation::DataBeforeCompression));
    assert_eq!(Talk::new().say("a COMPRESS DEFLATE\r\n"), "a BAD Not in this state\r\n");
}

#[test]
fn a_client_may_give_up_who_it_is() {
    let mut talk = Talk::selected();
    talk.say("a ENABLE CONDSTORE\r\n");
    assert_eq!(talk.say("b UNAUTHENTICATE\r\n"), "b OK Logged out, log in again\r\n");
    assert_eq!(&talk.events[talk.events.len() - 2..], ["Deselected", "LoggedOut"]);
    assert!(!talk.server.enabled().condstore);
    assert_eq!(talk.say("c SELECT INBOX\r\n"), "c BAD Not in this state\r\n");
    let talk = talk.log_in();
    assert!(talk.server.is_logged_in());
    let mut talk = talk;
    talk.say("d UNAUTHENTICATE\r\n");
    // It has as long for the next login as for the first.
    assert_eq!(talk.wait(180), "* BYE Too slow to log in\r\n");
}

#[test]
fn shutting_down_says_so_between_two_commands() {
    let mut talk = Talk::selected();
    talk.say("a IDLE\r\n");
    talk.server.shutdown();
    assert_eq!(talk.say(""), "* BYE [UNAVAILABLE] The server is shutting down\r\n");
    let mut talk = Talk::logged_in();
    talk.say("a APPEND INBOX {5}\r\n");
    talk.server.shutdown();
    assert_eq!(
        talk.say("hello\r\n"),
        "a OK [APPENDUID 1000 5] Appended\r\n* BYE [UNAVAILABLE] The server is shutting down\r\n"
    );
}

#[test]
fn the_application_has_its_time_too() {
    let mut desk = Desk::default();
    desk.mute = true;
    let mut talk = Talk::with(desk);
    talk.say("a LOGIN ann x\r\n");
    talk.now = talk.now + Duration::from_secs(599);
    assert_eq!(talk.say(""), "");
    assert_eq!(talk.wait(1), "* BYE [UNAVAILABLE] Not possible at present, try again later\r\n");
}
