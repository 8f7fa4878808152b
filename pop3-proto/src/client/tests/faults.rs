//! A test for each fault that other clients are known for, and for what hostile servers try.

use super::*;
use proptest::prelude::*;
use wirestate_machine::Misuse;

fn fetched(server: &str) -> Vec<u8> {
    let mut client = logged_in(open(), "");
    client.retr(message(1)).unwrap();
    let events = says(&mut client, server);
    assert!(matches!(events.last(), Some(Event::Done { .. })), "{events:?}");
    body(&events)
}

#[test]
fn removes_byte_stuffing() {
    assert_eq!(fetched("+OK\r\n..\r\n...\r\na.b\r\n.\r\n"), b".\r\n..\r\na.b\r\n");
}

#[test]
fn keeps_octets_exactly() {
    let mut client = logged_in(open(), "");
    client.retr(message(1)).unwrap();
    let mut wire = b"+OK 12 octets\r\n".to_vec();
    let text = [&b"caf\xe9\0\r\n\r\n"[..], &[b'x'; 20_000], b"\nlone\rend\r\n"].concat();
    wire.extend_from_slice(&text);
    wire.extend_from_slice(b".\r\n");
    let events = says(&mut client, wire);
    assert!(matches!(events[0], Event::BodyStart { octets: Some(12), .. }));
    assert_eq!(body(&events), text);
}

#[test]
fn a_bare_lf_dot_is_not_the_end() {
    assert_eq!(fetched("+OK\r\na\n.\nb\n.\r\nc\r\n.\r\n"), b"a\n.\nb\n.\r\nc\r\n");
}

#[test]
fn an_empty_message_ends() {
    assert_eq!(fetched("+OK\r\n.\r\n"), b"");
}

#[test]
fn survives_eof_in_the_middle() {
    for cut in ["+OK\r\nhalf a mess", "+OK\r\na\r\n.", "+O", ""] {
        let mut client = logged_in(open(), "");
        let retr = client.retr(message(1)).unwrap();
        let noop = client.noop().unwrap();
        client.inbox().push(cut.as_bytes());
        client.inbox().close();
        let events = events(&mut client);
        let [
            ..,
            Event::Failed { request: first, .. },
            Event::Failed { request: second, .. },
            Event::Closed { reason, .. },
        ] = &events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!((*first, *second, reason), (retr, noop, &Reason::Eof));
        assert!(client.is_closed() && client.poll(START).unwrap().is_none());
        assert_eq!(client.noop(), Err(Misuse::Closed));
    }
}

#[test]
fn three_blanks_in_uidl() {
    let mut client = logged_in(open(), "");
    client.uidl(None).unwrap();
    let events = says(&mut client, "+OK\r\n1   abc\r\n.\r\n");
    assert!(matches!(&events[..], [Event::UniqueId { id, .. }, Event::Done { .. }] if id.as_str() == "abc"));
}

#[test]
fn long_unique_ids_need_a_quirk() {
    let listing = alloc::format!("+OK\r\n1 {}\r\n.\r\n", "x".repeat(71));
    let mut config = open();
    let mut client = logged_in(config.clone(), "");
    client.uidl(None).unwrap();
    assert!(matches!(says(&mut client, &listing)[..], [Event::Odd(Oddity::Unreadable { .. }), Event::Done { .. }]));
    config.quirks.long_unique_ids = true;
    let mut client = logged_in(config, "");
    client.uidl(None).unwrap();
    assert!(matches!(says(&mut client, &listing)[..], [Event::UniqueId { .. }, Event::Done { .. }]));
}

#[test]
fn text_behind_the_ok_of_list() {
    let mut client = logged_in(open(), "");
    client.list(None).unwrap();
    let events = says(&mut client, "+OK POP3 clients that break here, they violate STD53.\r\n1 5\r\n.\r\n");
    assert!(matches!(events[..], [Event::Size { .. }, Event::Done { .. }]));
}

#[test]
fn an_empty_first_line_is_skipped() {
    let mut client = logged_in(open(), "");
    client.stat().unwrap();
    let events = says(&mut client, "\r\n+OK 1 5\r\n");
    assert!(matches!(events[..], [Event::Odd(Oddity::EmptyLine), Event::Stat { .. }, Event::Done { .. }]));
    let mut config = open();
    config.quirks.empty_lines = false;
    let mut client = logged_in(config, "");
    client.stat().unwrap();
    assert_eq!(breaks(&mut client, "\r\n+OK 1 5\r\n"), Violation::NotAResponse);
}

#[test]
fn a_crlf_split_between_two_reads() {
    let mut client = logged_in(open(), "");
    client.stat().unwrap();
    assert!(says(&mut client, "+OK 1 5\r").is_empty());
    assert_eq!(says(&mut client, "\n").len(), 2);
    client.retr(message(1)).unwrap();
    let mut events = says(&mut client, "+OK\r\na\r\n.\r");
    events.extend(says(&mut client, "\n"));
    assert_eq!(body(&events), b"a\r\n");
    assert!(matches!(events.last(), Some(Event::Done { .. })));
}

#[test]
fn a_bare_lf_line_end_needs_a_quirk() {
    let mut client = logged_in(open(), "");
    client.noop().unwrap();
    assert_eq!(breaks(&mut client, "+OK\n"), Violation::Line(crate::codec::LineFault::BareLf));
    let mut config = open();
    config.quirks.bare_lf = true;
    let mut client = logged_in(config, "");
    client.list(None).unwrap();
    assert_eq!(says(&mut client, "+OK\n1 5\n.\n").len(), 2);
}

#[test]
fn pipelining_that_is_not_meant() {
    let mut config = open();
    config.quirks.no_pipelining = true;
    let mut client = logged_in(config, "PIPELINING\r\n");
    client.noop().unwrap();
    client.noop().unwrap();
    assert_eq!(wrote(&mut client), "NOOP\r\n");
}

#[test]
fn uidl_of_one_on_many_lines() {
    let mut config = open();
    config.quirks.one_is_multi_line = true;
    let mut client = logged_in(config, "");
    client.uidl(Some(message(1))).unwrap();
    let events = says(&mut client, "+OK\r\n1 abc\r\n.\r\n");
    assert!(matches!(events[..], [Event::UniqueId { .. }, Event::Done { .. }]));
}

#[test]
fn no_capa_no_pipelining() {
    let mut client = client(open());
    says(&mut client, "+OK\r\n");
    assert!(matches!(says(&mut client, "-ERR what?\r\n")[..], [Event::Ready { capabilities: None, .. }]));
    let mut config = open();
    config.quirks.capa_missing = true;
    let mut client = super::client(config);
    assert!(matches!(says(&mut client, "+OK\r\n")[..], [Event::Ready { capabilities: None, .. }]));
    assert_eq!(wrote(&mut client), "");
    client.login(password()).unwrap();
    assert_eq!(wrote(&mut client), "USER ann\r\n");
}

#[test]
fn arguments_hold_no_line_ends() {
    let mut client = ready(open(), "LANG\r\nXCLIENT\r\n");
    for odd in ["a\rb", "a\nb", "a\0b", "a\r\nDELE 1"] {
        assert_eq!(client.lang(Some(odd)), Err(Misuse::ForbiddenCharacter));
        assert_eq!(client.xclient(odd), Err(Misuse::ForbiddenCharacter));
        assert_eq!(client.custom("XTND", odd, false), Err(Misuse::ForbiddenCharacter));
        assert_eq!(client.custom(odd, "", false), Err(Misuse::ForbiddenCharacter));
        assert!(Credentials::password("ann", odd).is_err() && Credentials::password(odd, "x").is_err());
    }
    assert_eq!(client.custom("XTND", &"x".repeat(249), false), Err(Misuse::TooLong));
    let _ = wrote(&mut client);
    assert_eq!((client.pending(), client.state()), (0, State::Authorization));
    client.custom("XTND", &"x".repeat(248), false).unwrap();
    assert_eq!(wrote(&mut client).len(), 255);
}

#[test]
fn unasked_responses_end_the_session() {
    assert_eq!(breaks(&mut logged_in(open(), ""), "+OK\r\n"), Violation::Unasked);
    assert_eq!(breaks(&mut logged_in(open(), ""), "x"), Violation::Unasked);
    let mut client = logged_in(open(), "");
    client.noop().unwrap();
    assert_eq!(breaks(&mut client, "+ more?\r\n"), Violation::UnexpectedContinuation);
    // But a farewell is let pass, and tells why.
    let events = says(&mut logged_in(open(), ""), "-ERR [SYS/TEMP] idle for too long\r\n");
    assert!(matches!(&events[..], [Event::Closed { reason: Reason::Dismissed { code: Some(_), .. }, .. }]));
}

#[test]
fn other_protocols_are_told_apart() {
    for odd in ["HTTP/1.1 400 Bad Request\r\n", "* OK IMAP4rev1\r\n", "+ go\r\n", "\x16\x03\x01\n"] {
        let violation = breaks(&mut client(open()), odd);
        assert!(matches!(violation, Violation::NotPop3 | Violation::Line(_)), "{odd:?}");
    }
    let events = says(&mut client(open()), "-ERR [SYS/TEMP] full\r\n");
    assert!(matches!(events[..], [Event::Closed { reason: Reason::Refused { .. }, .. }]));
}

#[test]
fn a_huge_line_is_refused() {
    let mut client = logged_in(open(), "");
    client.noop().unwrap();
    assert!(says(&mut client, [b'+'; 8191]).is_empty());
    assert_eq!(breaks(&mut client, "+"), Violation::LineTooLong { limit: 8192 });
    let mut client = logged_in(open(), "");
    client.list(None).unwrap();
    assert_eq!(
        breaks(&mut client, alloc::format!("+OK\r\n1 {}\r\n", "5".repeat(9000))),
        Violation::LineTooLong { limit: 8192 }
    );
}

#[test]
fn endless_answers_are_bounded() {
    let mut config = open();
    (config.limits.listing_lines, config.limits.message) = (3, Some(10));
    let mut client = logged_in(config.clone(), "");
    client.list(None).unwrap();
    assert_eq!(
        breaks(&mut client, alloc::format!("+OK\r\n{}", "1 5\r\n".repeat(4))),
        Violation::ListingTooLong { limit: 3 }
    );
    let mut client = logged_in(config, "");
    client.retr(message(1)).unwrap();
    assert_eq!(breaks(&mut client, "+OK\r\n12345678901"), Violation::MessageTooLarge { limit: 10 });
    let mut client = super::client(open());
    says(&mut client, "+OK\r\n");
    assert_eq!(breaks(&mut client, alloc::format!("+OK\r\n{}", "X\r\n".repeat(257))), Violation::TooManyCapabilities);
}

/// What happens when a server says all this, cut in steps, to a program that always asks the same.
fn session(server: &[u8], step: usize) -> (Vec<String>, String) {
    let mut client = client(open().capa_after_login(true));
    let mut told_events = Vec::new();
    for cut in server.chunks(step) {
        let mut rest = cut;
        loop {
            rest = &rest[client.inbox().push_some(rest)..];
            match client.poll(START) {
                Ok(Some(event)) => {
                    match &event {
                        Event::Ready { .. } => drop(client.login(password())),
                        Event::LoggedIn { .. } => {
                            let _ = (client.stat(), client.list(None), client.uidl(None), client.dele(message(1)));
                            let _ = (client.retr(message(1)), client.top(message(2), 3), client.quit());
                        }
                        _ => {}
                    }
                    told_events.push(event);
                }
                Ok(None) if rest.is_empty() || client.inbox().room() == 0 => break,
                Ok(None) => {}
                Err(violation) => {
                    let mut told = told(&told_events);
                    told.push(alloc::format!("{violation:?}"));
                    return (told, String::new());
                }
            }
        }
    }
    (told(&told_events), wrote(&mut client))
}

const WHOLE: &[u8] = b"+OK hello <1@a>\r\n+OK\r\nUSER\r\nPIPELINING\r\nTOP\r\nUIDL\r\n.\r\n+OK\r\n+OK in\r\n+OK\r\nUIDL\r\nTOP\r\nPIPELINING\r\n.\r\n\
+OK 2 320\r\n+OK\r\n1 120\r\n2 200\r\n.\r\n+OK\r\n1 a\r\n2   b\r\n.\r\n+OK\r\n+OK 120 octets\r\n..a\r\n\r\nb\r\n.\r\n-ERR no\r\n+OK bye\r\n";

#[test]
fn byte_by_byte_is_as_the_whole() {
    let whole = session(WHOLE, WHOLE.len());
    assert!(whole.0.last().unwrap().contains("Closed"), "{whole:?}");
    for step in [1, 2, 3, 7, 50] {
        assert_eq!(session(WHOLE, step), whole);
    }
}

/// Whole responses and bits of them, in any order.
fn server() -> impl Strategy<Value = Vec<u8>> {
    let bits: &[&[u8]] = &[
        b"+OK\r\n",
        b"-ERR\r\n",
        b"+ \r\n",
        b"+ AAAA\r\n",
        b".\r\n",
        b"1 5\r\n",
        b"\r\n",
        b"\n",
        b".",
        b"+OK 2 320\r\n",
        b"USER\r\n",
        b"SASL PLAIN CRAM-MD5\r\n",
        b"PIPELINING\r\n",
        b"text ..\r\n",
        b"..\r\n",
        b"\0",
        b"\r",
        b"-",
        b"\xff",
    ];
    let bit = prop::sample::select(bits.to_vec()).prop_map(<[u8]>::to_vec);
    let anything = prop::collection::vec(prop_oneof![9 => bit, 1 => any::<Vec<u8>>()], 0..40);
    (0..=WHOLE.len(), anything).prop_map(|(from, rest)| [&WHOLE[..from], &rest.concat()].concat())
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_events(server in server(), step in 1usize..40) {
        prop_assert_eq!(session(&server, step), session(&server, server.len().max(1)));
    }
}
