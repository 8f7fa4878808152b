//! Inputs that broke other servers, thrown at the IRC server. The names are the rows of the list they come from, and what they broke is
//! told with each.

use bytes::Bytes;
use irc_proto::codec::{Command, Encoder, Parts, Sender};
use irc_proto::server::{Lines, State, Violation};
use wirestate_machine::Machine;
use wirestate_testing::{Heap, Sample, laws};
use wirestate_tests::hostile;
use wirestate_tests::irc::{Desk, PLAIN, Talk, starttls_config};

#[global_allocator]
static HEAP: Heap = Heap;

/// What a session may hold before registration.
const BEFORE_REGISTRATION: usize = 32 * 1024;

const REGISTER: &str = "NICK ann\r\nUSER ann 0 * :Ann\r\n";

/// H1: commands in the segment of STARTTLS were run after the handshake (Dovecot CVE-2021-33515, Postfix CVE-2011-0411).
#[test]
fn h1_commands_behind_starttls() {
    let begin = || Talk::with(Desk::new(starttls_config()));
    let all = ["NICK eve\r\n", "QUIT\r\n", "N", "\r\n", "\0", "@"];
    hostile::behind_starttls(begin, "STARTTLS", &all, &Violation::DataBeforeTls);
}

/// H1: what was negotiated in the clear counted after the handshake: a login half done, capabilities, names.
#[test]
fn h1_nothing_said_in_the_clear_acts_after_the_handshake() -> Result<(), wirestate_testing::Broken> {
    let before = "CAP LS 302\r\nCAP REQ :sasl multi-prefix\r\nPASS x\r\nNICK eve\r\nWEBIRC gate g host.example 192.0.2.1\r\nSTARTTLS\r\n";
    let after = format!("{REGISTER}PING x\r\nQUIT\r\n");
    let sample = Sample::from(before).then(after.as_bytes());
    laws::upgrade_safe(&Desk::new(starttls_config()), &sample, b"NICK mallory\r\nJOIN #a\r\n")?;
    let mut talk = Talk::with(Desk::new(starttls_config()));
    talk.say(before);
    talk.secure();
    talk.say(after);
    let told = talk.desk.registration.unwrap();
    assert!(told.forwarded.is_none() && told.password.is_none() && told.capabilities.is_empty());
    assert_eq!(&told.nick[..], b"ann");
    Ok(())
}

/// H10: an endless line fed byte by byte was scanned anew each time (net-imap CVE-2026-42245, Stalwart CVE-2025-61600).
#[test]
fn h10_rescans() -> Result<(), wirestate_testing::Broken> {
    for unit in [
        &b"x"[..],
        b"\r",
        b"\n",
        b"\r\n",
        b" ",
        b"@",
        b"@a ",
        b":",
        b"PING x\r\n",
        b"NICK ann\r\n",
        b"@a=b;c FOO d\r\n",
    ] {
        laws::linear(&Desk::default(), &Sample::new(), unit)?;
        laws::linear(&Desk::default(), &REGISTER.into(), unit)?;
        laws::linear(&Desk::default(), &"CAP REQ sasl\r\nAUTHENTICATE PLAIN\r\n".into(), unit)?;
    }
    Ok(())
}

/// H11: lines without end, of CR, of LF, of NUL, of tags, kept in memory.
#[test]
fn h11_huge_lines() {
    for byte in [b'a', b'\r', b'\n', 0, 0xff, b'@', b' ', b':'] {
        for talk in [Talk::new(), Talk::registered()] {
            let most = hostile::peak(talk, (0..1000).map(|_| vec![byte; 1000]));
            assert!(most < BEFORE_REGISTRATION, "{byte}: {most}");
        }
    }
}

/// H13: CR, LF or NUL in a nickname, a topic or a reason added a line (node-irc GHSA-52rh-5rpj-c3w6, matrix-appservice-irc GHSA-c7hh-3v6c-fj4q).
#[test]
fn h13_no_caller_adds_a_line() {
    for bad in [&b"a\r\nQUIT"[..], b"a\rb", b"a\nb", b"a\0b"] {
        let mut talk = Talk::registered();
        let encoder = Encoder::new(Sender::Server);
        let parts = Parts { command: Command::Word(b"PRIVMSG"), params: &[b"#a", bad], ..Parts::default() };
        assert!(talk.server.send(&parts).is_err() && Lines::encode(&encoder, &parts).is_err());
        assert!(talk.server.set_nick(bad).is_err());
        assert!(Lines::check(Bytes::from([b"PING ", bad].concat())).is_err());
        assert_eq!(talk.say(""), "");
        talk.server.close_with(bad);
        assert_eq!(talk.say(""), "ERROR :Closing Link: ann (a)\r\n");
    }
}

/// H14 and H15: parameters that are empty, or begin with a colon, or are missing.
#[test]
fn h14_h15_odd_and_missing_parameters() {
    for command in
        ["PASS", "NICK", "USER", "CAP", "AUTHENTICATE", "STARTTLS", "WEBIRC", "PING", "PONG", "QUIT", "JOIN", "FOO"]
    {
        for params in [
            "",
            " ",
            " :",
            " ::",
            " : ",
            " :: :",
            " : : : :",
            " a",
            " a :",
            " a b c :",
            " a b c d e f g h i j k l m n o p q r",
        ] {
            for mut talk in [Talk::new(), Talk::registered()] {
                let said = talk.say(format!("{command}{params}\r\n"));
                assert!(said.is_empty() || said.ends_with("\r\n"));
                assert!(said.lines().all(|line| line.len() <= 510 && !line.contains('\0')));
            }
        }
    }
}

/// H17: endless messages before NICK, USER or CAP END (Ergo #505).
#[test]
fn h17_registration_floods() {
    for line in [
        "PING x\r\n",
        "CAP LS 302\r\n",
        "NICK ann\r\n",
        "FOO\r\n",
        "PASS x\r\n",
        "CAP REQ :x\r\n",
        "PONG\r\n",
        "A\rB\r\n",
    ] {
        let mut talk = Talk::new();
        talk.say(line.repeat(250));
        assert!(!talk.server.is_closed(), "{line:?}");
        let said = talk.say(line);
        assert!(
            said.ends_with("ERROR :Closing Link: * (Too many lines before registration)\r\n")
                || line.starts_with("NICK"),
            "{said}"
        );
        assert_eq!(talk.violation, Some(Violation::TooManyLines));
    }
}

/// H17: nor does time help who never ends.
#[test]
fn h17_registration_has_a_deadline_in_all() {
    let mut talk = Talk::new();
    let mut seconds = 0;
    while !talk.server.is_closed() {
        talk.say("CAP LIST\r\n");
        talk.wait(5);
        seconds += 5;
    }
    assert_eq!(seconds, 60);
}

/// H18: requests of other protocols were read line by line as commands (Ergo #2239).
#[test]
fn h18_other_protocols() {
    let body = "NICK eve\r\nUSER eve 0 * :Eve\r\nJOIN #a\r\n";
    let post = format!("POST / HTTP/1.1\r\nHost: irc\r\n\r\n{body}");
    let get = format!("GET / HTTP/1.0\r\n\r\n{body}");
    let requests =
        [post.as_bytes(), get.as_bytes(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x00\xf4\x01", b"\x16"];
    hostile::other_protocols(Talk::new, &requests);
    // Later it is a command like any other.
    assert!(Talk::registered().hear("GET / HTTP/1.0")[0].starts_with("421 "));
}

/// H19: negotiation without end, and labels used again.
#[test]
fn h19_endless_negotiation_and_label_reuse() {
    let mut talk = Talk::new();
    talk.hear("CAP LS 302\r\nCAP REQ :labeled-response batch message-tags");
    let mut talk = talk.register();
    talk.say("@label=a PING x\r\n");
    talk.events = Vec::new();
    let (_, usage) = Heap::measure(|| {
        for _ in 0..2000 {
            talk.say("@label=a PING x\r\n@label=a CAP LS 302\r\n@label=a CAP REQ :-batch\r\n@label=a CAP REQ :batch\r\nBATCH +a x\r\n");
            talk.events = Vec::new();
            talk.desk.messages = Vec::new();
        }
    });
    assert!(usage.live <= 64, "{usage:?}");
    let long = format!("CAP REQ :{}", "x ".repeat(245));
    let said = talk.hear(&long);
    assert!(said.len() == 2 && said.iter().all(|line| line.starts_with("CAP ann NAK :x x ") && line.len() <= 510));
}

/// H21: broken base64 killed other sessions, or the own one (Dovecot CVE-2025-59028).
#[test]
fn h21_no_base64() {
    for bad in ["!!!!", "A", "AA", "AAA", "=", "AAAA=", "A===", "\u{e9}", "AGFu bgBw", ":", "+A"] {
        let mut talk = Talk::new();
        talk.hear("CAP REQ sasl\r\nAUTHENTICATE PLAIN");
        talk.say(format!("AUTHENTICATE {bad}\r\n"));
        talk.wait(2);
        assert_eq!(talk.server.state(), State::Registering, "{bad}");
        talk.say("AUTHENTICATE PLAIN\r\n");
        assert!(talk.hear(&format!("AUTHENTICATE {PLAIN}"))[1].starts_with("903 "));
    }
}

/// H22: cancelled exchanges in a loop leaked memory (CVE-2017-15132).
#[test]
fn h22_cancelled_exchanges() {
    let desk = Desk::with(|config| config.reauthentication = true);
    let mut talk = Talk::with(desk);
    talk.hear("CAP REQ sasl");
    let mut talk = talk.register();
    let warm = "AUTHENTICATE SCRAM-SHA-256\r\nAUTHENTICATE *\r\n";
    let round = "AUTHENTICATE SCRAM-SHA-256\r\nAUTHENTICATE biwsbj1hbm4scj1h\r\nAUTHENTICATE *\r\nAUTHENTICATE PLAIN\r\nAUTHENTICATE !!!!\r\n";
    hostile::cancelled_exchanges(&mut talk, warm, round);
}

/// H23: 400-byte chunks for ever.
#[test]
fn h23_endless_sasl() {
    let chunk = format!("AUTHENTICATE {}\r\n", "A".repeat(400));
    let flood =
        (0..200).map(|turn| if turn == 0 { "CAP REQ sasl\r\nAUTHENTICATE PLAIN\r\n".into() } else { chunk.clone() });
    let most = hostile::peak(Talk::new(), flood.map(String::into_bytes));
    assert!(most < BEFORE_REGISTRATION, "{most}");
}

/// H26: the same challenge twice lets an answer be replayed (Dovecot CVE-2026-27855).
#[test]
fn h26_challenges_differ() {
    let mut talk = Talk::new();
    talk.hear("CAP REQ sasl");
    let mut challenge = || talk.hear("AUTHENTICATE CRAM-MD5\r\nAUTHENTICATE *").swap_remove(0);
    let first = challenge();
    assert!(first.starts_with("AUTHENTICATE ") && first.len() > 20);
    assert_ne!(first, challenge());
}

/// H27: the text or the time told whether a user exists (Prosody CVE-2021-32921). The time is the delay, the same for all.
#[test]
fn h27_user_enumeration() {
    let failure = |user| {
        let mut talk = Talk::new();
        talk.hear("CAP REQ sasl\r\nAUTHENTICATE SCRAM-SHA-256");
        hostile::failed_scram(&mut talk, ["AUTHENTICATE "; 3], user)
    };
    assert_eq!(failure("ann"), failure("nobody"));
}

/// H29: keys that all fall into one bucket. The session keeps no table by what a client says: a flood of names costs what each line costs.
#[test]
fn h29_names_are_not_kept() {
    let mut talk = Talk::registered();
    talk.say("PRIVMSG #warm :up\r\n");
    (talk.events, talk.desk.messages) = (Vec::new(), Vec::new());
    let (_, usage) = Heap::measure(|| {
        for number in 0..20_000 {
            talk.say(format!("@label=l{number} JOIN #c{number}\r\nBATCH +b{number} x\r\nCAP REQ :c{number}\r\n"));
            (talk.events, talk.desk.messages) = (Vec::new(), Vec::new());
        }
    });
    assert!(usage.live <= 64, "{usage:?}");
}

/// H37: ten thousand commands in one write, and nobody reads the answers.
#[test]
fn h37_pipelining_without_reading() {
    hostile::pipelining_without_reading(&mut Talk::registered(), "CAP LS 302\r\n", 128 * 1024);
}

/// H38: one byte in twenty seconds held a connection for ever: the time for registration is a total, and afterwards only whole lines count.
#[test]
fn h38_slow_loris() {
    hostile::slow_loris::<Desk>("NICK annabella-of-the-very-long-name", 60);
}

/// H45: a host out of reverse DNS held blanks and line ends, and entered sources (InspIRCd CVE-2015-8702).
#[test]
fn h45_hosts_of_gateways() {
    for host in ["a!b@c", "a@b", "evil\u{1}", "*", "?", "a,b", "caf\u{e9}", "-\u{2028}"] {
        let mut talk = Talk::new();
        talk.say(format!("WEBIRC gate g {host} 192.0.2.1\r\n{REGISTER}"));
        assert_eq!(talk.desk.registration.unwrap().forwarded.unwrap().host, "192.0.2.1", "{host}");
    }
}
