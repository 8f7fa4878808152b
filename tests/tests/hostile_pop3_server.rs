//! Inputs that broke other servers, thrown at the POP3 server. The names are the rows of the list they come from, and what they broke is
//! told with each.

use pop3_proto::server::Violation;
use wirestate_machine::{Instant, Machine};
use wirestate_sasl::base64;
use wirestate_testing::{Heap, Sample, laws};
use wirestate_tests::hostile;
use wirestate_tests::pop3::{Desk, PASSWORD, Talk, stls_config};
use wirestate_tests::talk::Application;

#[global_allocator]
static HEAP: Heap = Heap;

/// What a session may hold before login.
const BEFORE_LOGIN: usize = 64 * 1024;

fn login() -> String {
    format!("USER ann\r\nPASS {PASSWORD}\r\n")
}

/// The most heap that a session holds, before login.
fn peak(flood: impl Iterator<Item = Vec<u8>>) -> usize {
    hostile::peak(Talk::new(), flood)
}

/// H1: commands in the segment of STLS were run after the handshake (Dovecot CVE-2021-33515, Postfix CVE-2011-0411).
#[test]
fn h1_commands_behind_stls() {
    let begin = || Talk::with(Desk::new(stls_config()));
    let all = ["USER ann\r\n", "QUIT\r\n", "N", "\r\n", "\0"];
    hostile::behind_starttls(begin, "STLS", &all, &Violation::DataBeforeTls);
}

/// H10: an endless line fed byte by byte was scanned anew each time (net-imap CVE-2026-42245, Stalwart CVE-2025-61600).
#[test]
fn h10_rescans() -> Result<(), wirestate_testing::Broken> {
    for unit in [&b"x"[..], b"\r", b"\n", b"\r\n", b" ", b"NOOP\r\n", b"RETR 2\r\n", b"AUTH PLAIN\r\n*\r\n"] {
        laws::linear(&Desk::default(), &Sample::new(), unit)?;
        laws::linear(&Desk::default(), &login().as_str().into(), unit)?;
        laws::linear(&Desk::default(), &"AUTH PLAIN\r\n".into(), unit)?;
    }
    Ok(())
}

/// H11: lines without end, of CR, of LF, of NUL, kept in memory.
#[test]
fn h11_huge_lines() {
    for byte in [b'a', b'\r', b'\n', 0, 0xff] {
        let most = peak((0..1000).map(|_| vec![byte; 1000]));
        assert!(most < BEFORE_LOGIN, "{byte}: {most}");
    }
}

/// H12: dots at the start of lines, behind bare LFs and CRs, or no line end at all, ended a body too early or too late (SMTP smuggling).
#[test]
fn h12_dots() {
    let hard = [".", "..", ".\r", "\r.\r", "a\n.\nb", "a\r\n.\r\nb", "\n.\r\n.\n", "a\r.\rb\n..\n", "\r\n.\r\n"];
    for message in hard {
        let mut desk = Desk::default();
        desk.messages = vec![message.into()];
        for piece in [1, 2, 3, 100] {
            desk.piece = piece;
            let said = Talk::with(desk.clone()).log_in().say("RETR 1\r\n");
            let (_, body) = said.split_once("\r\n").unwrap();
            // The terminating line is at the end, and nowhere else.
            assert_eq!(
                format!("\r\n{body}").find("\r\n.\r\n"),
                Some(body.len() - 3),
                "{message:?} in {piece}: {body:?}"
            );
        }
    }
}

/// H18: requests of other protocols were read line by line as commands (Ergo #2239).
#[test]
fn h18_other_protocols() {
    let requests = [&b"GET / HTTP/1.0\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x00\xf4\x01"];
    hostile::other_protocols(Talk::new, &requests);
}

/// H21 and H22: broken base64 and cancelled exchanges in a loop leaked memory or killed other sessions (Dovecot CVE-2025-59028,
/// CVE-2017-15132, Prosody CVE-2026-43506).
#[test]
fn h22_cancelled_exchanges() {
    let mut config = wirestate_tests::pop3::open_config();
    config.limits.bad_commands_before_login = u16::MAX;
    let warm = "AUTH SCRAM-SHA-256 biwsbj1hbm4scj1h\r\n*\r\n";
    let round = format!("{warm}AUTH PLAIN\r\n!!!!\r\n");
    hostile::cancelled_exchanges(&mut Talk::with(Desk::new(config)), warm, &round);
}

/// H23: SASL messages without bound.
#[test]
fn h23_endless_sasl() {
    let response = base64::encode(&[b'a'; 6000]);
    let lines = (0..500).flat_map(|_| ["AUTH PLAIN\r\n".to_owned(), format!("{response}\r\n")]);
    let most = peak(lines.map(String::into_bytes));
    assert!(most < BEFORE_LOGIN, "{most}");
    let most = peak((0..500).map(|_| b"AUTH PLAIN\r\n".to_vec()).chain((0..1000).map(|_| vec![b'A'; 4000])));
    assert!(most < BEFORE_LOGIN, "{most}");
}

/// H26: the same challenge twice lets an answer be replayed (Dovecot CVE-2026-27855).
#[test]
fn h26_challenges_differ() {
    let mut talk = Talk::new();
    let mut challenge = || talk.say("AUTH CRAM-MD5\r\n*\r\n").lines().next().map(str::to_owned);
    let first = challenge();
    assert!(first.as_ref().is_some_and(|line| line.starts_with("+ ") && line.len() > 20));
    assert_ne!(first, challenge());
}

/// H27: the text or the time told whether a user exists (Prosody CVE-2021-32921). The time is the delay, the same for all.
#[test]
fn h27_user_enumeration() {
    let before = ["AUTH SCRAM-SHA-256 ", "", "+ "];
    let failure = |user| hostile::failed_scram(&mut Talk::new(), before, user);
    assert_eq!(failure("ann"), failure("nobody"));
}

/// H28: names that are no UTF-8, or hold NUL (Dovecot CVE-2019-10691).
#[test]
fn h28_bad_names() {
    let mut talk = Talk::new();
    assert_eq!(talk.say(b"USER \xff\xfe\r\n"), "-ERR [UTF8] not UTF-8, or UTF8 mode is needed\r\n");
    talk.say("USER ann\r\n");
    assert_eq!(talk.say(b"PASS \xff\r\n"), "-ERR [UTF8] not UTF-8, or UTF8 mode is needed\r\n");
    assert!(talk.say(b"USER a\0b\r\n").starts_with("-ERR"));
}

/// H37: ten thousand commands in one write, and nobody reads the answers.
#[test]
fn h37_pipelining_without_reading() {
    hostile::pipelining_without_reading(&mut Talk::logged_in(), "RETR 5\r\n", 300 * 1024);
}

/// H38: one byte in twenty seconds held a connection for ever: the deadline before login is a total.
#[test]
fn h38_slow_loris() {
    hostile::slow_loris::<Desk>("USER annabella-of-the-very-long-name", 180);
}

/// H44: numbers at the edges (Cyrus CVE-2015-8077).
#[test]
fn h44_integer_edges() {
    let mut talk = Talk::logged_in();
    for number in ["0", "4294967295", "4294967296", "18446744073709551616", "-1", "+1", "01x", "\u{661}"] {
        for command in ["RETR", "DELE", "LIST", "UIDL"] {
            let said = talk.say(format!("{command} {number}\r\n"));
            assert!(said.starts_with("-ERR"), "{command} {number}: {said}");
            if talk.server.is_closed() {
                talk = Talk::logged_in();
            }
        }
    }
    assert!(talk.say("LIST 00001\r\n").starts_with("+OK 1 "));
}

/// A session that waits costs little: what the budget says, before and after login.
#[test]
fn an_idle_session_is_small() {
    let mut desk = Desk::default();
    desk.messages.clear();
    let held = |server: &mut dyn FnMut() -> pop3_proto::server::Server| {
        let (server, usage) = Heap::measure(server);
        size_of_val(&server) + usize::try_from(usage.live).unwrap()
    };
    let before = held(&mut || {
        let mut server = desk.server(Instant::START);
        while let Ok(Some(_)) = server.poll(Instant::START) {}
        server.outbox().clear();
        server
    });
    let after = held(&mut || {
        let mut server = desk.server(Instant::START);
        server.inbox().push(login().as_bytes());
        while let Ok(Some(event)) = server.poll(Instant::START) {
            desk.answer(&mut server, event).unwrap();
        }
        desk.who = None;
        server.outbox().clear();
        server
    });
    assert!(before <= 1024, "before login: {before}");
    assert!(after <= 512, "after login: {after}");
}
