//! The IRC client against servers that mean harm, row by row of the catalogue of hostile input.

use irc_proto::client::{
    Client, Config, Event, Failure, Identity, LoginError, Oddity, Pacing, Reason, SaslPolicy, TlsPolicy, Violation,
};
use irc_proto::codec::{Command, Parts};
use wirestate_machine::{Instant, Machine, Misuse, TlsFacts, Upgraded};
use wirestate_sasl::base64;
use wirestate_sasl::client::{Credentials, Error as SaslError};
use wirestate_testing::Heap;
use wirestate_tests::irc_client::{small, unpaced};

#[global_allocator]
static HEAP: Heap = Heap;

struct Talk {
    client: Client,
    events: Vec<Event>,
    said: Vec<u8>,
    violation: Option<Violation>,
}

impl Talk {
    fn new(config: Config) -> Self {
        let login = Credentials::password("ann", "pencil").unwrap();
        let ada = Identity::new("ada", "ada", "Ada").unwrap().password("letmein").unwrap().login(login);
        let client = Client::new(config.limits(small()).into(), ada, [7; 32], Instant::START);
        let mut talk = Talk { client, events: Vec::new(), said: Vec::new(), violation: None };
        talk.turn();
        talk
    }

    fn registered() -> Self {
        let mut talk = Talk::new(unpaced());
        talk.hear(":s CAP * LS :\r\n:s 001 ada :hi\r\n:s 005 ada PREFIX=(ov)@+ :are\r\n:ada JOIN #x\r\n");
        talk.events.clear();
        talk
    }

    fn hear(&mut self, bytes: impl AsRef<[u8]>) {
        let mut rest = bytes.as_ref();
        while !rest.is_empty() && !self.client.is_closed() {
            let taken = self.client.inbox().push_some(rest);
            rest = &rest[taken..];
            self.turn();
            if taken == 0 {
                break;
            }
        }
    }

    fn turn(&mut self) {
        loop {
            match self.client.poll(Instant::START) {
                Ok(Some(event)) => self.events.push(event),
                Ok(None) => break,
                Err(violation) => {
                    self.violation = Some(violation);
                    break;
                }
            }
        }
        self.said.extend(self.client.outbox().drain());
    }

    fn has_said(&self, text: &str) -> bool {
        self.said.windows(text.len()).any(|part| part == text.as_bytes())
    }

    fn failure(&self) -> Option<&LoginError> {
        self.events.iter().find_map(|event| match event {
            Event::LoginFailed(error) => Some(&**error),
            _ => None,
        })
    }

    fn oddities(&self) -> Vec<Oddity> {
        let odd = |event: &Event| if let Event::Odd(odd) = event { Some(*odd) } else { None };
        self.events.iter().filter_map(odd).collect()
    }
}

fn starttls() -> Config {
    Config::default().tls(TlsPolicy::Required).pacing(Pacing::Off)
}

#[test]
fn h2_what_came_before_tls_is_forgotten() {
    let mut talk = Talk::new(starttls());
    talk.hear(":s CAP * LS :tls sasl=PLAIN draft/evil\r\n:s NOTICE * :trust me\r\n:evil 001 ada :welcome\r\n");
    assert_eq!(talk.violation, Some(Violation::TlsRefused));

    let mut talk = Talk::new(starttls());
    talk.hear(":s CAP * LS :tls sasl=PLAIN draft/evil\r\n:s NOTICE * :trust me\r\n:s 005 ada NICKLEN=1 :are\r\n:s 670 * :ok\r\n");
    assert!(talk.client.upgrade().is_some());
    assert!(talk.events.is_empty(), "{:?}", talk.events);
    talk.client.upgraded(Instant::START, Upgraded::Tls(Box::new(TlsFacts::new())));
    talk.turn();
    assert_eq!(talk.client.offered().count(), 0);
    assert_eq!(talk.client.isupport().nick_len, Some(9));
    assert_eq!(talk.said, b"CAP LS 302\r\nSTARTTLS\r\nCAP LS 302\r\nPASS letmein\r\nNICK ada\r\nUSER ada 0 * Ada\r\n");
}

#[test]
fn h2_bytes_behind_the_answer_to_starttls_end_the_session() {
    let mut talk = Talk::new(starttls());
    talk.client.inbox().push(b":s CAP * LS :tls\r\n:s 670 * :ok\r\n:s CAP * LS :sasl=PLAIN\r\n");
    talk.turn();
    assert_eq!(talk.violation, Some(Violation::BytesBeforeTls));
    assert!(!talk.has_said("letmein") && !talk.has_said("NICK"));
}

#[test]
fn h3_required_tls_is_never_done_without() {
    for lines in [
        ":s CAP * LS :sasl=PLAIN\r\n",
        ":s CAP * LS :tls\r\n:s 691 * :no\r\n",
        ":s 421 * CAP :?\r\n:s 421 * STARTTLS :?\r\n",
    ] {
        let mut talk = Talk::new(starttls().cleartext(true));
        talk.hear(lines);
        assert!(matches!(talk.violation, Some(Violation::TlsRefused | Violation::TlsNotOffered)), "{lines}");
        assert!(!talk.has_said("letmein") && !talk.has_said("AUTHENTICATE"));
    }
}

#[test]
fn h11_a_line_without_end_is_skipped_in_bounded_memory() {
    for filler in [&b"x"[..], b"@", b"\r", b" ", b"\xff"] {
        let mut talk = Talk::registered();
        let (_, usage) = Heap::measure(|| (0..64).for_each(|_| talk.hear(filler.repeat(16 * 1024))));
        assert!(usage.peak < 128 * 1024, "{} bytes of heap", usage.peak);
        talk.hear("\r\n:bob!b@h PRIVMSG #x :still here\r\n");
        assert!(matches!(talk.events.last(), Some(Event::Message { .. })), "{filler:?}");
    }
    let mut talk = Talk::registered();
    talk.hear(b":s FOO a\0b\r\n:s FOO a\rb\r\nFOO bare\n");
    assert_eq!(talk.oddities().len(), 2);
}

#[test]
fn h13_nothing_that_the_program_gives_breaks_a_line() {
    for bad in ["a\rb", "a\nb", "a\0b"] {
        let mut talk = Talk::registered();
        talk.said.clear();
        let client = &mut talk.client;
        let raw = Parts { command: Command::Word(b"X"), params: &[bad.as_bytes()], ..Parts::default() };
        let outcomes = [
            client.send(&raw),
            client.request(&raw).map(drop),
            client.privmsg(bad, "x").map(drop),
            client.notice(bad, "x").map(drop),
            client.action(bad, "x").map(drop),
            client.multiline(bad, "x\ny").map(drop),
            client.join(bad, None),
            client.join("#x", Some(bad)),
            client.part("#x", bad),
            client.part(bad, ""),
            client.change_nick(bad),
            client.set_away(Some(bad)),
            client.set_topic("#x", bad),
            client.kick("#x", bad, "x"),
            client.kick("#x", "x", bad),
            client.mode(bad, "+o", &[]),
            client.mode("#x", bad, &[]),
            client.mode("#x", "+o", &[bad]),
            client.whois(bad).map(drop),
            client.who(bad).map(drop),
            client.names(bad).map(drop),
            client.list(bad).map(drop),
            client.mode_list(bad, 'b').map(drop),
            client.mode_list("#x", '\r').map(drop),
            client.quit(bad),
        ];
        for (place, outcome) in outcomes.into_iter().enumerate() {
            let refused = matches!(outcome, Err(Misuse::ForbiddenCharacter | Misuse::NotOffered));
            assert!(refused, "call {place} with {bad:?}: {outcome:?}");
        }
        talk.turn();
        assert_eq!(talk.said, b"");
        assert!(Identity::new(bad, "u", "r").is_err() && Identity::new("n", bad, "r").is_err());
        assert!(Identity::new("n", "u", bad).is_err());
    }
    // A text's line ends part it, and what follows them is text.
    let mut talk = Talk::registered();
    talk.said.clear();
    talk.client.privmsg("#x", "a\r\nQUIT :b").unwrap();
    talk.turn();
    assert_eq!(talk.said, b"PRIVMSG #x a\r\nPRIVMSG #x :QUIT :b\r\n");
}

#[test]
fn h14_spaces_and_colons_stay_in_their_places() {
    let mut talk = Talk::registered();
    talk.said.clear();
    let send = |talk: &mut Talk, params: &[&[u8]]| {
        talk.client.send(&Parts { command: Command::Word(b"X"), params, ..Parts::default() })
    };
    assert_eq!(send(&mut talk, &[b"a b", b"c"]), Err(Misuse::ForbiddenCharacter));
    assert_eq!(send(&mut talk, &[b":a", b"c"]), Err(Misuse::ForbiddenCharacter));
    assert_eq!(send(&mut talk, &[b"", b"c"]), Err(Misuse::ForbiddenCharacter));
    assert_eq!(send(&mut talk, &[b"a", b":c d "]), Ok(()));
    assert_eq!(send(&mut talk, &[b"a", b""]), Ok(()));
    talk.turn();
    assert_eq!(talk.said, b"X a ::c d \r\nX a :\r\n");
    talk.hear("@a=\\:\\s\\\\\\r\\n\\x\\ :bob!b@h PRIVMSG #x ::) \r\n");
    let Some(Event::Message { message, .. }) = talk.events.last() else { panic!() };
    assert_eq!(message.borrow().param(1), Some(&b":) "[..]));
    assert_eq!(&*message.borrow().tags().value(b"a").unwrap().unescaped(), b"; \\\r\nx");
}

#[test]
fn h15_missing_parameters_are_lived_with() {
    let mut talk = Talk::registered();
    for code in 0..1000 {
        for tail in ["", " ada", " ada #x", " ada = #x", " ada #x b", " :"] {
            // Those that a login or a farewell is about are tried elsewhere.
            talk.hear(format!(":s {code:03}{tail}\r\n"));
        }
    }
    for word in [
        "JOIN",
        "PART",
        "KICK",
        "QUIT",
        "NICK",
        "MODE",
        "TOPIC",
        "AWAY",
        "ACCOUNT",
        "CHGHOST",
        "SETNAME",
        "BATCH",
        "CAP",
        "AUTHENTICATE",
        "PING",
        "PONG",
        "INVITE",
        "PRIVMSG",
        "RENAME",
        "ACK",
        "FAIL",
    ] {
        for source in ["", ": ", ":! ", ":@ ", ":ada ", ":bob!b@h "] {
            for tail in ["", " ", " :", " #x", " #x :", " , ,"] {
                talk.hear(format!("{source}{word}{tail}\r\n"));
            }
        }
    }
    assert!(talk.violation.is_none());
    assert!(!talk.client.is_closed());
}

#[test]
fn h16_ctcp_and_dcc_garbage_is_text() {
    let mut talk = Talk::registered();
    let ctcp = irc_proto::client::CtcpAnswers::new().version("x");
    talk.client.plugins().add("ctcp", ctcp).unwrap();
    talk.said.clear();
    let long = format!("\x01PING {}\x01", "x".repeat(450));
    for text in [
        "\x01",
        "\x01\x01",
        "\x01 \x01",
        "\x01VERSION",
        "\x01DCC SEND x 0 0 0\x01",
        "DCC SEND startkeylogger 0 0 0",
        "\x01PING \x01\x01\x01",
        &long,
    ] {
        talk.hear(format!(":bob!b@h PRIVMSG ada :{text}\r\n"));
        talk.hear(format!(":PRIVMSG!b@h PRIVMSG ada :{text}\r\n"));
        talk.hear(format!("PRIVMSG ada :{text}\r\n"));
    }
    assert!(talk.violation.is_none());
    // Few answers, whatever was asked, and each to its sender.
    let said = String::from_utf8(talk.said.clone()).unwrap();
    assert!(said.lines().count() <= 3 && said.lines().all(|line| line.starts_with("NOTICE ")), "{said}");
}

#[test]
fn h19_capabilities_batches_and_labels_are_bounded() {
    let mut talk = Talk::new(unpaced());
    for place in 0..1000 {
        talk.hear(format!(":s CAP * LS * :cap{place}={}\r\n", "v".repeat(30)));
    }
    assert_eq!(talk.violation, Some(Violation::TooManyCapabilities));

    let mut talk = Talk::registered();
    let (_, usage) = Heap::measure(|| {
        for place in 0..5000 {
            talk.hear(format!(
                "@batch=b{} BATCH +b{place} x\r\n@batch=b{place} FOO {}\r\n",
                place - 1,
                "y".repeat(300)
            ));
            talk.events.clear();
        }
        talk.hear("BATCH +z x\r\n");
        for _ in 0..5000 {
            talk.hear(format!("@batch=z FOO {}\r\nBATCH +z x\r\nBATCH -nothing\r\n", "y".repeat(300)));
            talk.events.clear();
        }
    });
    assert!(usage.peak < 256 * 1024, "{} bytes of heap", usage.peak);
    assert!(talk.violation.is_none());
    talk.hear(
        "@label=w1 :s ACK\r\n@label=w1 FOO\r\n@label=w4294967295 FOO\r\n@label=w99999999999 BATCH +q x\r\nBATCH -q\r\n",
    );
    assert!(talk.violation.is_none());
}

#[test]
fn h19_an_answer_without_end_is_given_up() {
    let mut talk = Talk::registered();
    talk.client.list("").unwrap();
    let (_, usage) = Heap::measure(|| (0..5000).for_each(|_| talk.hear(":s 322 ada #x 1 :topic\r\n")));
    assert!(talk.events.iter().any(|event| matches!(event, Event::Failed { failure: Failure::TooLarge, .. })));
    // The events are kept by this test.
    assert!(usage.peak < 8 * 1024 * 1024, "{} bytes of heap", usage.peak);
}

#[test]
fn h20_names_are_compared_as_the_server_does() {
    let table = [
        ("rfc1459", "[]\\~A", "{}|^a", true),
        ("rfc1459-strict", "[]\\A", "{}|a", true),
        ("rfc1459-strict", "~", "^", false),
        ("ascii", "A", "a", true),
        ("ascii", "[", "{", false),
        ("ascii", "\u{410}", "\u{430}", false),
        ("rfc7613", "[", "{", false),
        ("rfc7613", "\u{410}", "\u{430}", true),
        ("ascii UTF8MAPPING=rfc8265", "\u{c9}", "e\u{301}", true),
        ("ascii UTF8MAPPING=rfc8265", "a", "\u{430}", false),
        ("rfc9999", "\u{410}", "\u{430}", false),
        ("ascii", "a", "\u{430}", false),
    ];
    for (mapping, one, other, same) in table {
        let mut talk = Talk::registered();
        talk.hear(format!(":s 005 ada CASEMAPPING={mapping} :are\r\n:n{one}!u@h JOIN #x\r\n:n{other}!u@h JOIN #x\r\n"));
        let expected = if same { 2 } else { 3 };
        assert_eq!(talk.client.tracker().channel(b"#X").unwrap().len(), expected, "{mapping} {one} {other}");
    }
    // Somebody whose name only looks like the own one is not the client.
    let mut talk = Talk::registered();
    talk.hear(":\u{430}da!u@h NICK eve\r\n:\u{430}da!u@h PART #x\r\n");
    assert_eq!(talk.client.nick(), b"ada");
    assert!(talk.client.tracker().channel(b"#x").is_some());
}

fn at_sasl(config: Config, sasl: &str) -> Talk {
    let mut talk = Talk::new(config);
    talk.hear(format!(":s CAP * LS :{sasl}\r\n:s CAP * ACK :sasl\r\n"));
    talk
}

#[test]
fn h21_what_is_no_base64_ends_the_exchange_alone() {
    for junk in ["!!!!", "A", "====", "AA=A", "\u{e9}"] {
        let mut talk = at_sasl(unpaced(), "sasl=PLAIN");
        talk.hear(format!("AUTHENTICATE {junk}\r\n:s 904 * :failed\r\n:s 001 ada :hi\r\n"));
        assert!(talk.has_said("AUTHENTICATE *\r\n") && talk.has_said("CAP END"), "{junk}");
        assert!(matches!(talk.failure(), Some(LoginError::Base64(_) | LoginError::Sasl(_))), "{junk}");
        assert!(!talk.client.is_closed());
    }
}

#[test]
fn h23_pieces_without_end_have_a_bound() {
    let mut talk = at_sasl(unpaced(), "sasl=SCRAM-SHA-256");
    talk.hear("AUTHENTICATE +\r\n");
    let piece = format!("AUTHENTICATE {}\r\n", "A".repeat(400));
    let (_, usage) = Heap::measure(|| (0..5000).for_each(|_| talk.hear(&piece)));
    assert!(usage.peak < 128 * 1024, "{} bytes of heap", usage.peak);
    assert!(matches!(talk.failure(), Some(LoginError::Sasl(SaslError::TooLong { .. }))));
}

/// The server's first message of SCRAM, with these iterations.
fn scram(talk: &mut Talk, nonce: Option<&str>, iterations: &str) {
    talk.hear("AUTHENTICATE +\r\n");
    let said = String::from_utf8(talk.said.clone()).unwrap();
    let first = said.lines().last().unwrap().strip_prefix("AUTHENTICATE ").unwrap();
    let first = String::from_utf8(base64::decode(first, 999).unwrap()).unwrap();
    let own = first.split("r=").nth(1).unwrap();
    let nonce = nonce.map_or(format!("{own}server"), String::from);
    let message = base64::encode(format!("r={nonce},s=c2FsdA==,i={iterations}").as_bytes());
    talk.hear(format!("AUTHENTICATE {message}\r\n"));
}

#[test]
fn h24_iterations_have_bounds_and_proofs_are_demanded() {
    for iterations in ["2147483647", "1", "0", "-5", "99999999999999999999"] {
        let mut talk = at_sasl(unpaced(), "sasl=SCRAM-SHA-256");
        scram(&mut talk, None, iterations);
        assert!(talk.has_said("AUTHENTICATE *"), "{iterations}");
        assert!(matches!(talk.failure(), Some(LoginError::Sasl(_))), "{iterations}");
    }
    let mut talk = at_sasl(unpaced(), "sasl=SCRAM-SHA-256");
    scram(&mut talk, Some("another"), "4096");
    assert_eq!(talk.violation, Some(Violation::Sasl(SaslError::NonceNotExtended)));

    let mut talk = at_sasl(unpaced(), "sasl=SCRAM-SHA-256");
    scram(&mut talk, None, "4096");
    // The work is handed out, not done; success without proof is believed at no time.
    assert!(talk.events.iter().any(|event| matches!(event, Event::Work { .. })));
    talk.hear(":s 903 * :ok\r\n");
    assert!(matches!(talk.violation, Some(Violation::Sasl(_))));
    assert!(!talk.client.is_logged_in());
}

#[test]
fn h25_mechanisms_are_not_talked_down() {
    // The server told its list: a refusal does not lead to a weaker mechanism.
    let mut talk = at_sasl(unpaced(), "sasl=SCRAM-SHA-256,PLAIN");
    talk.hear("AUTHENTICATE +\r\n:s 908 * PLAIN :are available\r\n:s 904 * :no\r\n");
    assert!(!talk.has_said("AUTHENTICATE PLAIN"));

    // Channel binding is there but not offered: the server is told, and may find out who took it away.
    let mut talk = Talk::new(Config::default().pacing(Pacing::Off));
    let mut facts = TlsFacts::new();
    facts.exporter = Some([1; 32]);
    talk.client.upgraded(Instant::START, Upgraded::Tls(Box::new(facts)));
    talk.turn();
    talk.hear(":s CAP * LS :sasl=SCRAM-SHA-256,PLAIN\r\n:s CAP * ACK :sasl\r\nAUTHENTICATE +\r\n");
    let said = String::from_utf8(talk.said.clone()).unwrap();
    let first = said.lines().last().unwrap().strip_prefix("AUTHENTICATE ").unwrap();
    assert!(base64::decode(first, 999).unwrap().starts_with(b"y,,"));

    // Where binding is required, nothing less will do.
    let mut talk =
        at_sasl(unpaced().require_channel_binding(true).sasl(SaslPolicy::Required), "sasl=SCRAM-SHA-256,PLAIN");
    assert!(!talk.has_said("AUTHENTICATE"));
    talk.client.inbox().close();
    talk.turn();
    assert!(matches!(talk.events.last(), Some(Event::Closed(Reason::LoginFailed))));
}
