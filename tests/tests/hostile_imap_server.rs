//! Inputs that broke other servers, thrown at the IMAP server. The names are the rows of the list they come from, and what they broke is
//! told with each.

use imap_proto::server::{LiteralOffer, Server, Violation};
use imap_proto::view::SessionId;
use wirestate_machine::{Instant, Machine};
use wirestate_sasl::base64;
use wirestate_testing::{Heap, Sample, laws};
use wirestate_tests::hostile;
use wirestate_tests::imap::{Desk, Talk, open_config, starttls_config};
use wirestate_tests::talk::Application;

#[global_allocator]
static HEAP: Heap = Heap;

/// What a session may hold before login.
const BEFORE_LOGIN: usize = 96 * 1024;

const LOGIN: &str = "l LOGIN ann \"pass word\"\r\n";

/// The most heap that a session holds, before login.
fn peak(flood: impl Iterator<Item = Vec<u8>>) -> usize {
    hostile::peak(Talk::new(), flood)
}

fn patient() -> Desk {
    let mut config = open_config();
    config.limits.bad_commands_before_login = u16::MAX;
    config.limits.bad_commands_after_login = u16::MAX;
    config.limits.commands_before_login = u32::MAX;
    Desk::with(config)
}

/// H1: commands in the segment of STARTTLS were run after the handshake (Dovecot CVE-2021-33515, Postfix CVE-2011-0411).
#[test]
fn h1_commands_behind_starttls() {
    let begin = || Talk::with(Desk::with(starttls_config()));
    let all = ["b LOGIN ann x\r\n", "b NOOP\r\n", "b", "\r\n", "\0"];
    hostile::behind_starttls(begin, "a STARTTLS", &all, &Violation::DataBeforeTls);
}

/// H5: parentheses and brackets without end took memory or the stack (Dovecot CVE-2026-27857, CVE-2026-42006).
#[test]
fn h5_nested_parentheses() {
    for open in ["(", "NOT ", "OR ", "FUZZY ", "(SEEN "] {
        let mut talk = Talk::with(patient()).log_in().select();
        let said = talk.say(format!("a SEARCH {}\r\nb NOOP\r\n", open.repeat(10_000)));
        assert!(said.starts_with("a BAD "), "{open}: {said}");
        assert!(said.ends_with("b OK Nothing done\r\n"), "{said}");
    }
    let most = peak((0..100).map(|_| format!("a SEARCH {}\r\n", "(".repeat(2_000)).into_bytes()));
    assert!(most < BEFORE_LOGIN, "{most}");
}

/// H6: literals without end in one command (Cyrus CVE-2024-34055).
#[test]
fn h6_many_literals() {
    let most =
        peak((0..10_000).map(|place| if place == 0 { b"a SEARCH {1+}\r\n".to_vec() } else { b"x {1+}\r\n".to_vec() }));
    assert!(most < BEFORE_LOGIN, "{most}");
    let mut talk = Talk::with(patient()).log_in().select();
    let said = talk.say(format!("a SEARCH SUBJECT {{1+}}\r\nx{}\r\nb NOOP\r\n", " SUBJECT {1+}\r\nx".repeat(2_000)));
    assert!(said.starts_with("a BAD [TOOBIG] ") && said.ends_with("b OK Nothing done\r\n"), "{said}");
}

/// H7: memory was reserved for a literal that was announced and never sent (net-imap CVE-2025-43857).
#[test]
fn h7_announced_and_never_sent() {
    for announced in ["a LOGIN {4294967295}\r\n", "a LOGIN {18446744073709551615+}\r\n", "a APPEND x {4294967295}\r\n"]
    {
        let most = peak([announced.as_bytes().to_vec()].into_iter());
        assert!(most < 16 * 1024, "{announced}: {most}");
    }
    let (_, usage) = Heap::measure(|| Talk::selected().say("a APPEND INBOX {60000000}\r\n"));
    assert!(usage.peak < 64 * 1024, "{usage:?}");
}

/// H8: octets of a LITERAL+ that was refused were run as commands, or kept (Stalwart #2768, net-imap 701, James 3144).
#[test]
fn h8_refused_literals() {
    let mut talk = Talk::with(patient()).log_in();
    let inside = "x LOGOUT\r\n".repeat(10_000);
    let said = talk.say(format!("a CREATE {{{}+}}\r\n{inside} {{4+}}\r\nmore\r\nb NOOP\r\n", inside.len()));
    assert_eq!(said, "a BAD [TOOBIG] a literal is too long\r\nb OK Nothing done\r\n");
    // A client that waits sends nothing more of it.
    assert_eq!(talk.say("c CREATE {99999999}\r\n"), "c BAD [TOOBIG] a literal is too long\r\n");
    assert_eq!(talk.say("d NOOP\r\n"), "d OK Nothing done\r\n");
}

/// H8: with LITERAL-, what is longer than 4,096 octets must wait, or is refused with all that it holds (RFC 7888 §5).
#[test]
fn h8_literals_that_ought_to_have_waited() {
    let mut desk = patient();
    let mut config = (*desk.config).clone();
    config.literals = LiteralOffer::Minus;
    desk.config = config.into();
    let mut talk = Talk::with(desk).log_in();
    let inside = "x LOGOUT\r\n".repeat(410);
    let (at_most, more) = (&inside[..4096], &inside[..4097]);
    let said = talk.say(format!("a APPEND Saved {{4096+}}\r\n{at_most}\r\nb NOOP\r\n"));
    assert!(said.starts_with("a OK [APPENDUID") && said.ends_with("b OK Nothing done\r\n"), "{said}");
    for command in ["APPEND Saved", "CREATE"] {
        let said = talk.say(format!("a {command} {{4097+}}\r\n{more}\r\nb NOOP\r\n"));
        let (refused, rest) = said.split_once("\r\n").unwrap();
        assert!(refused.starts_with("a BAD ") && rest == "b OK Nothing done\r\n", "{said}");
    }
    // Who waits is heard.
    let said = talk.say("a APPEND Saved {4097}\r\n");
    assert!(said.starts_with("+ "), "{said}");
    assert!(talk.say(format!("{more}\r\n")).starts_with("a OK [APPENDUID"));
}

/// H9: sets were written out number by number (net-imap CVE-2025-25186).
#[test]
fn h9_sets_stay_ranges() {
    let mut talk = Talk::with(patient()).log_in().select();
    let commands = [
        "UID FETCH 1:4294967295 (UID)",
        "UID FETCH 4294967295:1,1:*,*:1 (FLAGS)",
        "UID SEARCH UID 1:4294967295",
        "UID STORE 2:4294967294 +FLAGS.SILENT (\\Answered)",
        "UID COPY 1:4294967295 Saved",
        "SEARCH RETURN (SAVE ALL) UID 1:4294967295",
        "SELECT INBOX (QRESYNC (1 1 1:4294967295 (1:4294967295 1:4294967295)))",
    ];
    talk.say("a ENABLE QRESYNC\r\n");
    for command in commands {
        let (said, usage) = Heap::measure(|| talk.say(format!("a {command}\r\n")));
        assert!(said.contains("a OK"), "{command}: {said}");
        assert!(usage.peak < 32 * 1024, "{command}: {usage:?}");
    }
}

/// H10: an endless line fed byte by byte was scanned anew each time (net-imap CVE-2026-42245, Stalwart CVE-2025-61600).
#[test]
fn h10_rescans() -> Result<(), wirestate_testing::Broken> {
    let units = [
        &b"x"[..],
        b"\r",
        b"\n",
        b"\r\n",
        b" ",
        b"\"",
        b"{1+}\r\n",
        b"a NOOP\r\n",
        b"a FETCH 2 FLAGS\r\n",
        b"a AUTHENTICATE PLAIN\r\n*\r\n",
    ];
    let selected = format!("{LOGIN}s SELECT INBOX\r\n");
    for unit in units {
        laws::linear(&patient(), &Sample::new(), unit)?;
        laws::linear(&patient(), &selected.as_str().into(), unit)?;
        laws::linear(&patient(), &"a AUTHENTICATE PLAIN\r\n".into(), unit)?;
        laws::linear(&patient(), &format!("{selected}i IDLE\r\n").as_str().into(), unit)?;
        laws::linear(&patient(), &format!("{selected}i APPEND INBOX {{9999999+}}\r\n").as_str().into(), unit)?;
    }
    Ok(())
}

/// H11: lines without end, of CR, of LF, of NUL, kept in memory.
#[test]
fn h11_huge_lines() {
    for byte in [b'a', b'\r', b'\n', b'"', b'(', 0, 0xff] {
        let most = peak((0..1000).map(|_| vec![byte; 1000]));
        assert!(most < BEFORE_LOGIN, "{byte}: {most}");
    }
}

/// H18: requests of other protocols were read line by line as commands (Ergo #2239).
#[test]
fn h18_other_protocols() {
    let requests = [&b"GET / HTTP/1.0\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x00\xf4\x01"];
    hostile::other_protocols(Talk::new, &requests);
    // What else comes to this port is no command either.
    let mut talk = Talk::new();
    talk.say("USER nick 0 * :name\r\na LOGIN ann \"pass word\"\r\n");
    assert!(talk.server.is_closed() && talk.violation == Some(Violation::UnknownCommand));
}

/// H21 and H22: broken base64 and cancelled exchanges in a loop leaked memory or killed other sessions (Dovecot CVE-2025-59028,
/// CVE-2017-15132, Prosody CVE-2026-43506).
#[test]
fn h21_h22_cancelled_exchanges() {
    let warm = "a AUTHENTICATE SCRAM-SHA-256 biwsbj1hbm4scj1h\r\n*\r\n";
    let round = format!("{warm}b AUTHENTICATE PLAIN\r\n!!!!\r\nc AUTHENTICATE PLAIN =====\r\n");
    hostile::cancelled_exchanges(&mut Talk::with(patient()), warm, &round);
}

/// H23: SASL messages without bound.
#[test]
fn h23_endless_sasl() {
    let response = base64::encode(&[b'a'; 6000]);
    let lines = (0..500).flat_map(|_| ["a AUTHENTICATE PLAIN\r\n".to_owned(), format!("{response}\r\n")]);
    let most = peak(lines.map(String::into_bytes));
    assert!(most < BEFORE_LOGIN, "{most}");
    let begin = (0..500).map(|_| b"a AUTHENTICATE PLAIN\r\n".to_vec());
    let most = peak(begin.chain((0..1000).map(|_| vec![b'A'; 4000])));
    assert!(most < BEFORE_LOGIN, "{most}");
    let begin = [b"a AUTHENTICATE PLAIN ".to_vec()].into_iter();
    let most = peak(begin.chain((0..1000).map(|_| vec![b'A'; 4000])));
    assert!(most < BEFORE_LOGIN, "{most}");
}

/// H27: the text or the time told whether a user exists. The time is the delay, the same for all.
#[test]
fn h27_user_enumeration() {
    let before = ["a AUTHENTICATE SCRAM-SHA-256 ", "", "+ "];
    let failure = |user| hostile::failed_scram(&mut Talk::new(), before, user);
    assert_eq!(failure("ann"), failure("nobody"));
}

/// H36: IDLE without a mailbox, commands in it, IDLE without end (James 5321, Stalwart #765).
#[test]
fn h36_idle() {
    let mut talk = Talk::with(patient()).log_in();
    assert_eq!(talk.say("a IDLE\r\n"), "+ idling\r\n");
    assert_eq!(talk.wake(), "");
    assert_eq!(talk.say("DONE\r\n"), "a OK IDLE is over\r\n");
    assert_eq!(
        talk.say("b IDLE\r\nc SELECT INBOX\r\nd NOOP\r\n"),
        "+ idling\r\nb BAD IDLE ends with DONE\r\nd OK Nothing done\r\n"
    );
    let mut talk = Talk::selected();
    assert_eq!(talk.say(format!("a IDLE\r\n{}", "D".repeat(70_000))), "+ idling\r\na BAD IDLE ends with DONE\r\n");
    let mut talk = Talk::selected();
    talk.say("a IDLE\r\n");
    assert_eq!(talk.wait(1_799), "");
    assert_eq!(talk.wait(1), "* BYE Idle for too long\r\n");
}

/// H37: ten thousand commands in one write, and nobody reads the answers.
#[test]
fn h37_pipelining_without_reading() {
    hostile::pipelining_without_reading(&mut Talk::selected(), "a FETCH 1:4 (FLAGS BODY.PEEK[])\r\n", 400 * 1024);
    let mut talk = Talk::with(patient());
    hostile::pipelining_without_reading(&mut talk, "a CAPABILITY\r\n", 64 * 1024);
}

/// H38: one byte in twenty seconds held a connection for ever: the deadline before login is a total.
#[test]
fn h38_slow_loris() {
    hostile::slow_loris::<Desk>("a LOGIN annabella-of-the-very-long-name", 180);
}

/// H42: names that are no modified UTF-7, with surrogates, with NUL, with dots (Dovecot fuzz-imap-utf7, Stalwart #2564).
#[test]
fn h42_mailbox_names() {
    let mut talk = Talk::with(patient()).log_in();
    for name in ["&", "&-&", "&2D0-", "&AGE-", "a&=-", "\"\u{e9}\"", "{1+}\r\n\u{1}", "\"\\\\&\""] {
        let said = talk.say(format!("a CREATE {name}\r\n"));
        assert!(said.starts_with("a NO [CANNOT]") || said.starts_with("a BAD"), "{name}: {said}");
    }
    assert!(talk.say(b"a CREATE \"a\0b\"\r\n").starts_with("a BAD"));
    assert_eq!(talk.say("b CREATE &AOk-t&AOk-\r\n"), "b OK Created\r\n");
    let mailbox = talk.server.mailbox_from("\u{e9}t\u{e9}");
    assert_eq!(mailbox.as_bytes(), b"&AOk-t&AOk-");
    assert_eq!(talk.server.mailbox_name(&mailbox).as_deref(), Some("\u{e9}t\u{e9}"));
    talk.say("c ENABLE UTF8=ACCEPT\r\n");
    assert_eq!(talk.say("d CREATE \"\u{e9}\"\r\n"), "d OK Created\r\n");
    assert!(talk.say(b"e CREATE \"\xff\"\r\n").starts_with("e NO [CANNOT]"));
}

/// H44: numbers at the edges (Cyrus CVE-2015-8077 and CVE-2015-8078).
#[test]
fn h44_integer_edges() {
    let mut talk = Talk::with(patient()).log_in().select();
    for set in ["0", "4294967296", "18446744073709551616", "-1", "+1", "1:0", "5", "", "1,,2", "1:", ":1", "**", "$1"] {
        let said = talk.say(format!("a FETCH {set} FLAGS\r\n"));
        assert!(said.starts_with("a BAD"), "{set}: {said}");
        let said = talk.say(format!("a STORE 1 (UNCHANGEDSINCE {set}9223372036854775808) FLAGS ()\r\n"));
        assert!(said.starts_with("a BAD"), "{set}: {said}");
    }
    for set in ["4294967295", "*", "1:*", "*:1"] {
        let said = talk.say(format!("a UID FETCH {set} FLAGS\r\n"));
        assert!(said.ends_with("a OK Fetched\r\n"), "{set}: {said}");
    }
    for range in ["0.1", "1.0", "99999999999999999999.1", "1.99999999999999999999"] {
        let said = talk.say(format!("a FETCH 1 BODY.PEEK[]<{range}>\r\n"));
        assert!(said.starts_with("a BAD") || said.contains("FETCH (BODY[]<0> {1}"), "{range}: {said}");
    }
    assert!(talk.say("a FETCH 1 BODY.PEEK[]<18446744073709551615.1>\r\n").contains("a "));
}

fn held(make: impl FnOnce() -> Server) -> usize {
    let (server, usage) = Heap::measure(make);
    size_of_val(&server) + usize::try_from(usage.live).unwrap()
}

fn played(desk: &mut Desk, lines: &str) -> Server {
    let mut server = desk.server(Instant::START);
    server.inbox().push(lines.as_bytes());
    while let Ok(Some(event)) = server.poll(Instant::START) {
        desk.answer(&mut server, event).unwrap();
    }
    desk.who = None;
    server.outbox().clear();
    server
}

/// A session that waits costs little: what the budget says, before and after login, and in IDLE on a mailbox.
#[test]
fn an_idle_session_is_small() {
    let mut config = open_config();
    // Whoever may log out again keeps what a login needs.
    config.unauthenticate = false;
    let mut desk = Desk::with(config);
    let before = held(|| played(&mut desk, ""));
    let after = held(|| played(&mut desk, LOGIN));
    // The store has its own cost for a session, which is not measured here.
    drop(played(&mut desk, &format!("{LOGIN}a SELECT INBOX\r\n")));
    desk.world().folders.get_mut("INBOX").unwrap().mailbox.leave(SessionId(1));
    let selected = held(|| played(&mut desk, &format!("{LOGIN}a SELECT INBOX\r\nb IDLE\r\n")));
    for (when, held) in [("before login", before), ("after login", after), ("in IDLE on a mailbox", selected)] {
        assert!(held <= 1024, "{when}: {held}");
    }
}

/// NOOP takes no heap, with or without a mailbox, nor does a FETCH line with flags beyond what reading the command takes.
#[test]
fn noop_takes_no_heap() {
    for before in [LOGIN.to_owned(), format!("{LOGIN}s SELECT INBOX\r\n")] {
        let mut desk = Desk::default();
        let mut server = played(&mut desk, &before);
        let ((), usage) = Heap::measure(|| {
            for _ in 0..100 {
                server.inbox().push(b"a1 NOOP\r\n");
                while let Ok(Some(event)) = server.poll(Instant::START) {
                    desk.answer(&mut server, event).unwrap();
                }
                server.outbox().clear();
            }
        });
        assert_eq!(usage.volume, 0, "{usage:?}");
    }
}
