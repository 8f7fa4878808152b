//! The rules that the POP3 server keeps by itself (RFC 1939, 2449, 5034, 2595, 6856), and the faults of other servers that it must not
//! have, each a test by name.

use pop3_proto::codec::{Expire, LoginDelay, Text};
use pop3_proto::server::{Greeting, State, Tls, Violation};
use wirestate_machine::{Machine, Upgrade};
use wirestate_tests::pop3::{Desk, PASSWORD, Talk, on_the_wire, open_config, stls_config};
use wirestate_tests::talk::Application;

/// What RETR or TOP sent, without its first and its terminating line, unstuffed.
fn body(said: &str) -> String {
    let (_, text) = said.split_once("\r\n").unwrap();
    let text = text.strip_suffix(".\r\n").unwrap();
    text.split_inclusive("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect()
}

// --- the course of a session ---

#[test]
fn a_whole_session() {
    let mut talk = Talk::new();
    assert_eq!(talk.say("USER ann\r\n"), "+OK send PASS\r\n");
    assert_eq!(talk.say("PASS pass word\r\n"), "+OK maildrop open\r\n");

    assert_eq!(talk.say("STAT\r\n"), "+OK 5 5125\r\n");
    assert_eq!(talk.say("LIST\r\n"), "+OK listing follows\r\n1 23\r\n2 47\r\n3 0\r\n4 36\r\n5 5019\r\n.\r\n");
    assert_eq!(talk.say("RETR 1\r\n"), "+OK 23 octets\r\nSubject: one\r\n\r\nhello\r\n.\r\n");
    assert_eq!(talk.say("NOOP\r\n"), "+OK\r\n");
    assert_eq!(talk.say("QUIT\r\n"), "+OK goodbye\r\n");
}

#[test]
fn the_sizes_listed_are_the_octets_sent() {
    let mut talk = Talk::logged_in();
    let listing = talk.say("LIST\r\n");
    for (line, message) in listing.lines().skip(1).zip(talk.desk.messages.clone()) {
        let (number, octets) = line.split_once(' ').unwrap();
        let sent = body(&talk.say(format!("RETR {number}\r\n")));
        assert_eq!(sent.len().to_string(), octets, "message {number}");
        assert_eq!(sent.as_bytes(), on_the_wire(&message), "message {number}");
        assert_eq!(talk.say(format!("LIST {number}\r\n")), format!("+OK {number} {octets}\r\n"));
    }
}

#[test]
fn update_happens_on_quit() {
    let mut talk = Talk::logged_in();
    talk.say("DELE 1\r\nDELE 4\r\n");
    assert_eq!(talk.say("QUIT\r\n"), "+OK goodbye\r\n");
    assert_eq!(talk.desk.removed, [1, 4]);
    assert!(talk.last_event_is("Closed(Quit)"));
}

#[test]
fn update_never_happens_otherwise() {
    let mut dropped = Talk::logged_in();
    dropped.say("DELE 1\r\n");
    dropped.hang_up();
    assert!(dropped.last_event_is("Closed(PeerClosed)"));

    let mut idle = Talk::logged_in();
    idle.say("DELE 1\r\n");
    idle.wait(599);
    assert_eq!(idle.server.state(), State::Transaction);
    // RFC 1939 §3: no response is sent.
    assert_eq!(idle.wait(1), "");
    assert!(idle.last_event_is("Closed(Timeout)"));

    let mut rude = Talk::logged_in();
    rude.say("DELE 1\r\n");
    assert!(rude.say("X\r\n".repeat(30)).ends_with("-ERR too many bad commands\r\n"));
    assert_eq!(rude.violation, Some(Violation::TooManyBadCommands));

    let mut stopped = Talk::logged_in();
    stopped.say("DELE 1\r\n");
    stopped.server.shutdown();
    assert_eq!(stopped.say("QUIT\r\n"), "-ERR [SYS/TEMP] server is shutting down, nothing was deleted\r\n");
    assert!(stopped.last_event_is("Closed(Shutdown)"));

    for talk in [dropped, idle, rude, stopped] {
        assert!(talk.desk.removed.is_empty());
        assert!(talk.server.is_closed());
    }
}

#[test]
fn quit_says_err_when_messages_could_not_be_removed() {
    let mut talk = Talk::logged_in();
    talk.desk.stuck = true;
    assert_eq!(
        talk.say("DELE 1\r\nQUIT\r\n"),
        "+OK marked for deletion\r\n-ERR [SYS/TEMP] some deleted messages were not removed\r\n"
    );
}

#[test]
fn quit_before_login_does_no_update() {
    let mut talk = Talk::new();
    assert_eq!(talk.say("QUIT\r\n"), "+OK goodbye\r\n");
    assert!(talk.desk.removed.is_empty());
}

#[test]
fn commands_after_quit_are_ignored() {
    let mut talk = Talk::logged_in();
    assert_eq!(talk.say("QUIT\r\nQUIT\r\nDELE 1\r\n"), "+OK goodbye\r\n");
    assert_eq!(talk.server.inbox().room(), 0);
}

#[test]
fn pipelined_quit_loses_no_reply() {
    let mut talk = Talk::new();
    let said = talk.say(format!("USER ann\r\nPASS {PASSWORD}\r\nNOOP\r\nRETR 1\r\nSTAT\r\nQUIT\r\n"));
    assert_eq!(said.matches("+OK").count(), 6, "{said}");
    assert!(said.ends_with("hello\r\n.\r\n+OK 5 5125\r\n+OK goodbye\r\n"), "{said}");
}

#[test]
fn commands_behind_a_failed_pass_meet_authorization() {
    let mut talk = Talk::new();
    assert_eq!(talk.say("USER ann\r\nPASS wrong\r\nSTAT\r\n"), "+OK send PASS\r\n");
    let said = talk.wait(2);
    assert_eq!(said, "-ERR [AUTH] login failed\r\n-ERR command not allowed in this state\r\n");
}

#[test]
fn deleted_messages_are_not_shown_and_numbers_do_not_shift() {
    let mut talk = Talk::logged_in();
    assert_eq!(talk.say("DELE 2\r\n"), "+OK marked for deletion\r\n");
    assert_eq!(talk.say("DELE 2\r\n"), "-ERR message is marked as deleted\r\n");
    assert_eq!(talk.say("RETR 2\r\n"), "-ERR message is marked as deleted\r\n");
    assert_eq!(talk.say("TOP 2 0\r\n"), "-ERR message is marked as deleted\r\n");
    assert_eq!(talk.say("LIST 2\r\n"), "-ERR message is marked as deleted\r\n");
    assert_eq!(talk.say("UIDL 2\r\n"), "-ERR message is marked as deleted\r\n");
    assert!(talk.say("STAT\r\n").starts_with("+OK 4 "));
    assert!(!talk.say("LIST\r\n").contains("\r\n2 "));
    assert_eq!(talk.say("UIDL\r\n"), "+OK listing follows\r\n1 id-0\r\n3 id-2\r\n4 id-3\r\n5 id-4\r\n.\r\n");
    talk.say("RSET\r\n");
    assert!(talk.say("STAT\r\n").starts_with("+OK 5 "));
    assert_eq!(talk.say("UIDL 2\r\n"), "+OK 2 id-1\r\n");
}

#[test]
fn message_numbers_are_refused_with_a_reason() {
    let mut talk = Talk::logged_in();
    assert_eq!(talk.say("RETR 0\r\n"), "-ERR messages are counted from 1\r\n");
    assert_eq!(talk.say("LIST 0\r\n"), "-ERR messages are counted from 1\r\n");
    assert_eq!(talk.say("RETR -1\r\n"), "-ERR not a number\r\n");
    assert_eq!(talk.say("RETR x\r\n"), "-ERR not a number\r\n");
    assert_eq!(talk.say("RETR 99\r\n"), "-ERR no such message\r\n");
    assert_eq!(talk.say("RETR 4294967296\r\n"), "-ERR number too large\r\n");
    assert_eq!(talk.say("UIDL 1 2\r\n"), "-ERR too many arguments\r\n");
}

#[test]
fn last_is_the_highest_message_accessed() {
    let mut talk = Talk::logged_in();
    assert_eq!(talk.say("LAST\r\n"), "+OK 0\r\n");
    talk.say("RETR 3\r\nRETR 1\r\n");
    assert_eq!(talk.say("LAST\r\n"), "+OK 3\r\n");
    talk.say("RSET\r\n");
    assert_eq!(talk.say("LAST\r\n"), "+OK 0\r\n");
}

// --- bodies ---

#[test]
fn top_does_not_count_header_lines() {
    let mut talk = Talk::logged_in();
    assert_eq!(talk.say("TOP 1 0\r\n"), "+OK message follows\r\nSubject: one\r\n\r\n.\r\n");
    assert_eq!(talk.say("TOP 1 1\r\n"), "+OK message follows\r\nSubject: one\r\n\r\nhello\r\n.\r\n");
    assert_eq!(talk.say("TOP 4 1\r\n"), "+OK message follows\r\nSubject: café\r\n\r\ncr\rinside\r\n.\r\n");
    assert_eq!(talk.say("TOP 4 9999999999\r\n"), talk.say("RETR 4\r\n").replacen("36 octets", "message follows", 1));
}

#[test]
fn dots_at_line_starts_are_stuffed_first_line_included() {
    let mut talk = Talk::logged_in();
    let said = talk.say("RETR 2\r\n");
    assert!(said.ends_with("octets\r\n..dots\r\n\r\n..\r\n...\r\n..three\r\nlast line without end\r\n.\r\n"), "{said}");
}

#[test]
fn an_empty_message_is_an_empty_body() {
    assert_eq!(Talk::logged_in().say("RETR 3\r\n"), "+OK 0 octets\r\n.\r\n");
}

#[test]
fn a_body_that_breaks_off_has_no_terminator_and_ends_the_session() {
    let mut talk = Talk::logged_in();
    talk.desk.torn = true;
    let said = talk.say("RETR 1\r\nQUIT\r\n");
    assert!(!said.ends_with("\r\n.\r\n"), "{said}");
    assert!(talk.last_event_is("Closed(Refused)"));
}

#[test]
fn a_message_that_is_gone_is_refused() {
    let mut talk = Talk::logged_in();
    talk.desk.messages.clear();
    assert_eq!(talk.say("RETR 1\r\n"), "-ERR [SYS/TEMP] gone\r\n");
}

#[test]
fn large_bodies_wait_for_room() {
    let mut desk = Desk::default();
    desk.messages = vec![vec![b'x'; 1_000_000].into()];
    desk.piece = 10_000;
    let mut talk = Talk::with(desk).log_in();
    let said = talk.say("RETR 1\r\nNOOP\r\n");
    assert_eq!(said.len(), "+OK 1000002 octets\r\n".len() + 1_000_002 + ".\r\n+OK\r\n".len());
    assert!(talk.events.iter().filter(|event| *event == "Writable").count() > 5);
}

#[test]
fn large_listings_wait_for_room() {
    let mut desk = Desk::default();
    desk.messages = vec![bytes::Bytes::from_static(b"a\r\n"); 50_000];
    let mut talk = Talk::with(desk).log_in();
    talk.server.inbox().push(b"UIDL\r\n");
    assert!(matches!(talk.server.poll(talk.now), Ok(None)));
    let waiting = talk.server.outbox().len();
    assert!(waiting < 70_000, "{waiting}");
    assert_eq!(talk.say("NOOP\r\n").lines().count(), 50_000 + 3);
}

// --- lines ---

#[test]
fn a_line_is_255_octets_at_most() {
    let mut talk = Talk::new();
    let fits = format!("USER {}\r\n", "a".repeat(248));
    assert_eq!(fits.len(), 255);
    assert_eq!(talk.say(&fits), "+OK send PASS\r\n");
    assert_eq!(talk.say(format!("USER {}\r\nCAPA\r\n", "a".repeat(249))).lines().next(), Some("-ERR line too long"));
}

#[test]
fn an_endless_line_is_answered_once_and_not_kept() {
    let mut talk = Talk::new();
    let said: String = (0..100).map(|_| talk.say("a".repeat(1000))).collect();
    assert_eq!(said, "-ERR line too long\r\n");
    assert!(talk.server.inbox().is_empty());
    assert_eq!(talk.say("\r\nQUIT\r\n"), "+OK goodbye\r\n");
}

#[test]
fn lf_alone_ends_a_line_where_the_configuration_allows() {
    assert_eq!(Talk::logged_in().say("NOOP\n"), "+OK\r\n");
    let mut strict = open_config();
    strict.bare_lf = false;
    assert!(Talk::with(Desk::new(strict)).say("CAPA\n").starts_with("-ERR lines end with CRLF"));
}

#[test]
fn cr_and_nul_inside_a_line_are_errors() {
    assert!(Talk::new().say("USER a\rnn\r\n").starts_with("-ERR lines end with CRLF"));
    assert!(Talk::new().say("USER a\0nn\r\n").starts_with("-ERR lines end with CRLF"));
}

#[test]
fn every_error_has_text_and_an_empty_line_is_an_error() {
    assert_eq!(Talk::new().say("\r\n"), "-ERR unknown command\r\n");
    assert_eq!(Talk::new().say(" USER ann\r\n"), "-ERR unknown command\r\n");
    assert_eq!(Talk::new().say("FOO\r\n"), "-ERR unknown command\r\n");
}

#[test]
fn keywords_are_taken_in_any_case_and_with_blanks_behind() {
    assert_eq!(Talk::logged_in().say("nOOp\r\nSTAT \r\n").lines().count(), 2);
}

#[test]
fn surplus_arguments_are_refused_or_ignored_as_configured() {
    assert_eq!(Talk::logged_in().say("NOOP extra\r\n"), "-ERR too many arguments\r\n");
    let mut lenient = open_config();
    lenient.surplus = true;
    assert_eq!(Talk::with(Desk::new(lenient)).log_in().say("NOOP extra\r\n"), "+OK\r\n");
}

#[test]
fn too_many_bad_commands_end_the_session() {
    let mut before = Talk::new();
    assert_eq!(before.say("FOO\r\n".repeat(9)).matches("-ERR unknown command").count(), 5);
    assert_eq!(before.violation, Some(Violation::TooManyBadCommands));
    let mut after = Talk::logged_in();
    assert_eq!(after.say("FOO\r\n".repeat(30)).matches("-ERR unknown command").count(), 20);
}

// --- capabilities ---

#[test]
fn capa_differs_by_state_and_by_channel() {
    let mut desk = Desk::new(stls_config());
    desk.in_use = false;
    let mut talk = Talk::with(desk);
    let clear = talk.say("CAPA\r\n");
    assert!(clear.contains("\r\nSTLS\r\n") && !clear.contains("\r\nUSER\r\n"), "{clear}");
    assert!(!clear.contains("PLAIN") && clear.contains("SCRAM-SHA-256") && !clear.contains("-PLUS"), "{clear}");
    talk.say("STLS\r\n");
    talk.secure();
    let secure = talk.say("CAPA\r\n");
    assert!(!secure.contains("STLS") && secure.contains("\r\nUSER\r\n") && secure.contains(" PLAIN"), "{secure}");
    let inside = talk.log_in().say("CAPA\r\n");
    for gone in ["SASL", "STLS", "USER", "UTF8"] {
        assert!(!inside.contains(gone), "{inside}");
    }
    for here in ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "LANG"] {
        assert!(inside.contains(&format!("\r\n{here}\r\n")), "{inside}");
    }
}

#[test]
fn expire_login_delay_and_implementation_are_told() {
    let mut config = open_config();
    config.expire = Some(Expire { days: Some(60), per_user: true });
    config.login_delay = Some(LoginDelay { seconds: 120, per_user: false });
    config.implementation = Some(Text::literal("Some Server"));
    let said = Talk::with(Desk::new(config)).say("CAPA\r\n");
    for line in ["EXPIRE 60 USER", "LOGIN-DELAY 120", "IMPLEMENTATION Some Server"] {
        assert!(said.contains(&format!("\r\n{line}\r\n")), "{said}");
    }
    assert!(!Talk::new().say("CAPA\r\n").contains("IMPLEMENTATION"));
}

#[test]
fn lang_lists_and_switches() {
    let mut talk = Talk::logged_in();
    assert_eq!(talk.say("LANG\r\n"), "+OK languages follow\r\nen English\r\nde Deutsch\r\n.\r\n");
    assert_eq!(talk.say("LANG DE\r\n"), "+OK de Sprache gesetzt\r\n");
    assert_eq!(talk.say("RETR 9\r\n"), "-ERR keine solche Nachricht\r\n");
    assert_eq!(talk.say("LANG xx\r\n"), "-ERR unknown language\r\n");
    assert_eq!(talk.say("LANG *\r\n"), "+OK en language set\r\n");
}

#[test]
fn utf8_is_for_authorization_and_told_with_each_message() {
    let mut talk = Talk::new();
    assert_eq!(talk.say("UTF8\r\n"), "+OK UTF8 mode is on\r\n");
    let mut talk = talk.log_in();
    assert_eq!(talk.say("UTF8\r\n"), "-ERR command not allowed in this state\r\n");
    talk.say("RETR 1\r\n");
    assert!(talk.events.iter().any(|event| event.contains("utf8: true")));
}

// --- greeting ---

#[test]
fn the_greeting_may_be_the_applications() {
    let mut config = open_config();
    config.greeting = Greeting::Manual;
    config.apop_host = None;
    let desk = Desk::new(config);
    let mut server = desk.server(wirestate_machine::Instant::START);
    let Ok(Some(event)) = server.poll(wirestate_machine::Instant::START) else { panic!("nobody was asked") };
    desk.clone().answer(&mut server, event).unwrap();
    assert_eq!(server.outbox().drain(), b"+OK hello\r\n");
}

#[test]
fn the_greeting_hides_what_serves_and_shows_apop_only_where_it_is_on() {
    let mut config = open_config();
    let shown = |config: &pop3_proto::server::Config| {
        let mut server = Desk::new(config.clone()).server(wirestate_machine::Instant::START);
        server.poll(wirestate_machine::Instant::START).unwrap();
        String::from_utf8(server.outbox().drain()).unwrap()
    };
    assert!(shown(&config).contains("@pop.example>\r\n"));
    config.apop_host = None;
    assert_eq!(shown(&config), "+OK POP3 server ready\r\n");
    config.xclient = true;
    assert_eq!(shown(&config), "+OK [XCLIENT] POP3 server ready\r\n");
}

#[test]
fn xclient_is_for_trusted_listeners_only() {
    assert_eq!(Talk::new().say("XCLIENT ADDR=192.0.2.1\r\n"), "-ERR not offered\r\n");
    let mut config = open_config();
    config.xclient = true;
    let mut talk = Talk::with(Desk::new(config));
    assert_eq!(talk.say("XCLIENT ADDR=192.0.2.1 PORT=4711\r\n"), "+OK noted\r\n");
    assert!(talk.last_event_is("Forwarded"));
    assert!(talk.say("XCLIENT ADDR=nowhere\r\n").starts_with("-ERR"));
}

#[test]
fn custom_commands_have_their_states() {
    let mut talk = Talk::new();
    assert_eq!(talk.say("xtnd some text\r\n"), "+OK some text\r\n");
    assert_eq!(talk.say("XSHOW x\r\n"), "-ERR unknown command\r\n");
    let mut talk = talk.log_in();
    assert_eq!(talk.say("XSHOW lines\r\n"), "+OK lines follow\r\none\r\n..two\r\n.\r\n");
}

// --- TLS ---

#[test]
fn octets_behind_stls_are_never_acted_on() {
    let mut talk = Talk::with(Desk::new(stls_config()));
    assert_eq!(talk.say("STLS\r\nQUIT\r\n"), "-ERR data came before the TLS negotiation\r\n");
    assert_eq!(talk.violation, Some(Violation::DataBeforeTls));
    assert!(talk.server.is_closed());

    let mut late = Talk::with(Desk::new(stls_config()));
    assert_eq!(late.say("STLS\r\n"), "+OK begin TLS negotiation\r\n");
    assert_eq!(late.server.inbox().room(), 0);
    assert_eq!(late.server.inbox().push_some(b"USER ann\r\n"), 0);
}

#[test]
fn a_partial_line_and_the_user_name_do_not_survive_stls() {
    let mut partial = Talk::with(Desk::new(stls_config()));
    partial.say("STLS\r\nUSE");
    assert_eq!(partial.violation, Some(Violation::DataBeforeTls));

    let mut config = open_config();
    config.tls = Tls::Stls;
    let mut named = Talk::with(Desk::new(config));
    named.say("USER ann\r\nSTLS\r\n");
    named.secure();
    assert_eq!(named.say(format!("PASS {PASSWORD}\r\n")), "-ERR send USER first\r\n");
}

#[test]
fn stls_is_for_authorization_and_once() {
    let mut config = open_config();
    config.tls = Tls::Stls;
    let mut talk = Talk::with(Desk::new(config));
    talk.say("STLS\r\n");
    talk.secure();
    assert_eq!(talk.say("STLS\r\n"), "-ERR not offered\r\n");
    assert_eq!(talk.log_in().say("STLS\r\n"), "-ERR command not allowed in this state\r\n");
}

#[test]
fn no_secret_is_taken_in_the_clear() {
    let mut talk = Talk::with(Desk::new(stls_config()));
    let needs_tls = "-ERR not without TLS: send STLS first\r\n";
    assert_eq!(talk.say("USER ann\r\n"), needs_tls);
    assert_eq!(talk.say("PASS x\r\n"), needs_tls);
    assert_eq!(talk.say("AUTH PLAIN AGFubgB4\r\n"), needs_tls);
    assert_eq!(talk.say("AUTH XOAUTH2\r\n"), needs_tls);
}

#[test]
fn implicit_tls_comes_before_the_greeting() {
    let mut config = open_config();
    config.tls = Tls::Implicit;
    let mut talk = Talk::with(Desk::new(config));
    assert_eq!(talk.server.inbox().push_some(b"QUIT\r\n"), 0);
    assert_eq!(talk.server.upgrade(), Some(Upgrade::Tls));
    assert!(talk.secure().starts_with("+OK POP3 server ready"));
    assert!(talk.server.is_encrypted());
}

#[test]
fn another_protocols_greeting_ends_the_session() {
    let mut http = Talk::new();
    assert_eq!(http.say("POST / HTTP/1.1\r\nHost: x\r\n\r\nUSER ann\r\n"), "-ERR this is a POP3 server\r\n");
    assert_eq!(http.violation, Some(Violation::HttpRequest));
    let mut tls = Talk::new();
    assert_eq!(tls.say(b"\x16\x03\x01\x02\x00\x01"), "-ERR this is a POP3 server\r\n");
    assert_eq!(tls.violation, Some(Violation::TlsHandshake));
}

// --- time ---

#[test]
fn the_login_has_a_deadline_that_talking_does_not_move() {
    let mut talk = Talk::new();
    for _ in 0..17 {
        talk.wait(10);
        talk.say("CAPA\r\n");
    }
    assert!(!talk.server.is_closed());
    talk.wait(10);
    assert!(talk.last_event_is("Closed(Timeout)"));
}

#[test]
fn an_application_that_does_not_answer_ends_the_session() {
    let mut talk = Talk::logged_in();
    talk.desk.mute = true;
    talk.say("RETR 1\r\n");
    // Its time does not count as the client's.
    assert_eq!(talk.wait(599), "");
    assert_eq!(talk.wait(1), "-ERR [SYS/TEMP] not possible at present, try again later\r\n");
    assert!(talk.last_event_is("Closed(AnswerTimeout)"));
}

#[test]
fn the_autologout_time_starts_anew_with_each_command() {
    let mut talk = Talk::logged_in();
    for _ in 0..5 {
        talk.wait(500);
        assert_eq!(talk.say("NOOP\r\n"), "+OK\r\n");
    }
}
