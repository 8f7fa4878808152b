//! Lines, by what can be wrong with them.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use wirestate_machine::framed::{Failure, Framing};
use wirestate_machine::line::{Input, Line, LineEnd, Lines, TolerantLine, Unfinished, Violation};
use wirestate_machine::{Ending, Instant, Machine, Marks, Misuse, Relay, TlsFacts, Upgrade, Upgraded};

/// All events of what is fed in whole, and what ended the session.
fn events<F: Framing>(session: &mut wirestate_machine::framed::Framed<F>) -> (Vec<F::Frame>, Option<F::Violation>) {
    let mut events = Vec::new();
    loop {
        match session.poll(Instant::START) {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return (events, None),
            Err(Failure::Violation(violation)) => return (events, Some(violation)),
            Err(other) => panic!("{other}"),
        }
    }
}

fn read(lines: Lines, input: &[u8]) -> (Vec<Bytes>, Option<Violation>) {
    let mut session = Line::new(lines);
    session.inbox().push(input);
    session.inbox().close();
    events(&mut session)
}

fn read_tolerantly(lines: Lines, input: &[u8]) -> Vec<Input> {
    let mut session = TolerantLine::new(lines.tolerant());
    let mut all = Vec::new();
    for byte in input {
        session.inbox().push(&[*byte]);
        all.extend(events(&mut session).0);
    }
    session.inbox().close();
    all.extend(events(&mut session).0);
    assert_eq!(session.ending(), Some(Ending::PeerClosed));
    all
}

fn literal(end: &'static str) -> LineEnd {
    LineEnd::literal(end).unwrap()
}

#[test]
fn lf_and_crlf_end_a_line_and_a_cr_alone_does_not() {
    let (lines, violation) = read(Lines::default(), b"one\r\ntwo\nth\rree\n\r\n\n\r\r\n");
    assert_eq!(lines, ["one", "two", "th\rree", "", "", "\r"]);
    assert_eq!(violation, None);
}

#[test]
fn where_crlf_is_asked_for_a_cr_or_lf_alone_ends_the_session() {
    let lines = Lines::ended_by(LineEnd::CRLF);
    assert_eq!(read(lines.clone(), b"one\r\ntwo\n"), (vec!["one".into()], Some(Violation::BareLf)));
    assert_eq!(read(lines.clone(), b"one\r\nt\rwo\r\n"), (vec!["one".into()], Some(Violation::BareCr)));
    assert_eq!(read(lines, b"\n"), (vec![], Some(Violation::BareLf)));
}

#[test]
fn any_bytes_may_end_a_line() {
    assert_eq!(read(Lines::ended_by(literal("--")), b"a-b--\n----c-").0, ["a-b", "\n", ""]);
    assert_eq!(read(Lines::ended_by(literal("\0")), b"a\n\0b\0").0, ["a\n", "b"]);
    assert_eq!(LineEnd::literal(""), Err(Misuse::OutOfRange));
}

#[test]
fn pipelined_lines_are_told_one_by_one() {
    assert_eq!(read(Lines::default(), b"a\r\nb\r\nc\r\n").0, ["a", "b", "c"]);
}

#[test]
fn a_line_of_the_longest_length_passes_and_one_byte_more_does_not() {
    for (end, text) in [(LineEnd::ANY, "\r\n"), (LineEnd::ANY, "\n"), (LineEnd::LF, "\n"), (literal("--"), "--")] {
        let lines = Lines::ended_by(end).with_limit(5);
        assert_eq!(read(lines.clone(), format!("12345{text}").as_bytes()).0, ["12345"]);
        let (told, violation) = read(lines, format!("ok{text}123456{text}").as_bytes());
        assert_eq!((told, violation), (vec!["ok".into()], Some(Violation::TooLong { limit: 5 })));
    }
}

#[test]
fn an_over_long_line_is_found_before_its_end_and_the_error_stays() {
    let mut session = Line::new(Lines::default().with_limit(10));
    let farewell = session.encode("line too long").unwrap();
    session = session.with_farewell(farewell);
    session.inbox().push(b"123456789012");
    let error = Err(Failure::Violation(Violation::TooLong { limit: 10 }));
    assert_eq!(session.poll(Instant::START), error);
    session.inbox().push(b"\r\nmore\r\n");
    assert_eq!(session.poll(Instant::START), error);
    assert!(session.is_closed());
    assert_eq!(session.ending(), Some(Ending::Limit));
    assert_eq!(session.outbox().to_vec(), b"line too long\r\n");
    assert_eq!(session.send("no"), Err(Misuse::Closed));
}

#[test]
fn a_tolerant_session_skips_an_over_long_line_to_its_end() {
    let line = |text: &'static str| Input::Line(text.into());
    for (end, text) in [(LineEnd::ANY, "\r\n"), (LineEnd::CRLF, "\r\n"), (LineEnd::LF, "\n"), (literal("-+-"), "-+-")] {
        let lines = Lines::ended_by(end).with_limit(4);
        let long = "x+-".repeat(3000);
        let input = ["ok", &long, "good", "12345", "", &long].join(text);
        assert_eq!(
            read_tolerantly(lines, input.as_bytes()),
            [line("ok"), Input::TooLong, line("good"), Input::TooLong, line(""), Input::TooLong]
        );
    }
}

#[test]
fn an_unfinished_line_is_dropped_or_told() {
    assert_eq!(read(Lines::default(), b"one\ntw").0, ["one"]);
    let told = Lines::default().with_limit(4).with_unfinished(Unfinished::Tell);
    assert_eq!(read(told.clone(), b"one\ntw").0, ["one", "tw"]);
    assert_eq!(read(told.clone(), b"one\n").0, ["one"]);
    assert_eq!(read(told.clone(), b"12345").1, Some(Violation::TooLong { limit: 4 }));
    assert_eq!(read_tolerantly(told, b"12345"), [Input::TooLong]);
}

#[test]
fn no_line_that_is_sent_can_hold_its_end() {
    let mut session = Line::new(Lines::default());
    for text in ["a\nb", "a\r", "\0", "a\r\nQUIT"] {
        assert_eq!(session.send(text), Err(Misuse::ForbiddenCharacter));
        assert_eq!(session.send_bytes(text.into()), Err(Misuse::ForbiddenCharacter));
        assert_eq!(session.encode(text).err(), Some(Misuse::ForbiddenCharacter));
    }
    assert!(session.outbox().is_empty());
    let doubled = Line::new(Lines::ended_by(literal("aa")));
    assert_eq!(doubled.encode("xa").err(), Some(Misuse::ForbiddenCharacter));
    assert_eq!(doubled.encode("ax").unwrap().as_bytes(), "axaa");
}

#[test]
fn one_encoding_goes_to_many() {
    let mut sessions = [Line::new(Lines::default()), Line::new(Lines::default())];
    let message = Lines::default().with_output(LineEnd::LF).encode("news").unwrap();
    sessions[1].close();
    sessions.iter_mut().for_each(|session| session.relay(&message));
    assert_eq!(sessions.each_mut().map(|session| session.outbox().to_vec()), [b"news\n".to_vec(), vec![]]);
}

#[test]
fn a_peer_that_does_not_read_is_not_read() {
    let mut session = Line::new(Lines::default()).with_marks(Marks { high: 10, low: 2 });
    session.inbox().push(b"one\ntwo\n");
    assert_eq!(session.poll(Instant::START).unwrap().unwrap(), "one");
    session.send("a long answer").unwrap();
    assert_eq!(session.poll(Instant::START), Ok(None));
    session.outbox().clear();
    assert_eq!(session.poll(Instant::START).unwrap().unwrap(), "two");
}

#[test]
fn silence_on_both_sides_ends_the_session() {
    let at = |seconds| Instant::START + Duration::from_secs(seconds);
    let mut session = Line::new(Lines::default()).with_idle(Duration::from_secs(60));
    assert_eq!(session.poll(at(10)), Ok(None));
    assert_eq!(session.deadline(), Some(at(70)));
    session.inbox().push(b"unfinished");
    assert_eq!(session.poll(at(50)), Ok(None));
    session.send("speak!").unwrap();
    assert_eq!(session.poll(at(69)), Ok(None));
    assert_eq!(session.deadline(), Some(at(129)));
    session.inbox().push(b" business\n");
    assert_eq!(session.poll(at(200)).unwrap().unwrap(), "unfinished business");
    assert_eq!(session.poll(at(259)), Ok(None));
    assert_eq!(session.poll(at(260)), Err(Failure::Idle));
    assert_eq!((session.ending(), session.deadline()), (Some(Ending::Timeout), None));
}

#[test]
fn shutdown_says_the_farewell_and_close_does_not() {
    let lines = Lines::default();
    let farewell = lines.encode("bye").unwrap();
    let session = || Line::new(lines.clone()).with_farewell(farewell.clone());
    let mut stopped = session();
    stopped.send("hello").unwrap();
    stopped.shutdown();
    assert!(!stopped.is_closed());
    assert_eq!(stopped.poll(Instant::START), Ok(None));
    assert_eq!(stopped.outbox().to_vec(), b"hello\r\nbye\r\n");
    assert_eq!(stopped.ending(), Some(Ending::Shutdown));
    let mut closed = session();
    closed.send("hello").unwrap();
    closed.close();
    closed.shutdown();
    assert_eq!(closed.poll(Instant::START), Ok(None));
    assert_eq!(closed.outbox().to_vec(), b"hello\r\n");
    assert_eq!(closed.ending(), Some(Ending::Local));
}

#[test]
fn debug_shows_no_content() {
    let mut session = Line::new(Lines::default());
    session.inbox().push(b"hunter2");
    session.send("hunter2").unwrap();
    assert!(!format!("{session:?}{:?}", session.encode("hunter2")).contains("hunter2"));
}

fn ends() -> impl Strategy<Value = LineEnd> {
    let literal = "[ab]{1,4}".prop_map(|end| LineEnd::literal(end).unwrap());
    prop_oneof![Just(LineEnd::ANY), Just(LineEnd::CRLF), Just(LineEnd::LF), literal]
}

proptest! {
    #[test]
    fn what_is_sent_comes_in_as_it_was(end in ends(), lines in prop::collection::vec("[ab\r\nx]{0,6}", 0..8), step in 1usize..9) {
        let mut sender = Line::new(Lines::ended_by(end.clone()));
        let sent: Vec<&String> = lines.iter().filter(|line| sender.send(line).is_ok()).collect();
        let mut receiver = Line::new(Lines::ended_by(end));
        let mut received = Vec::new();
        for piece in sender.outbox().to_vec().chunks(step) {
            receiver.inbox().push(piece);
            received.extend(events(&mut receiver).0);
        }
        prop_assert!(receiver.inbox().is_empty());
        prop_assert_eq!(received, sent);
    }

    #[test]
    fn a_literal_end_is_found_as_a_plain_search_finds_it(end in "[ab]{1,3}", text in "[ab]{0,60}", step in 1usize..9) {
        let mut session = Line::new(Lines::ended_by(LineEnd::literal(end.clone()).unwrap()));
        let mut received = Vec::new();
        for piece in text.as_bytes().chunks(step) {
            session.inbox().push(piece);
            received.extend(events(&mut session).0);
        }
        let mut wanted: Vec<&str> = text.split(end.as_str()).collect();
        prop_assert_eq!(wanted.pop().map(str::as_bytes), Some(session.inbox().bytes()));
        prop_assert_eq!(received, wanted);
    }
}

#[test]
fn with_tls_nothing_is_said_or_heard_in_the_clear() {
    let mut session = Line::new(Lines::default()).with_tls();
    session.send("hello").unwrap();
    assert_eq!(session.poll(Instant::START), Ok(None));
    assert!(session.outbox().is_empty());
    assert_eq!(session.inbox().room(), 0);
    assert_eq!(session.upgrade(), Some(Upgrade::Tls));
    session.upgraded(Instant::START, Upgraded::Tls(Box::new(TlsFacts::new())));
    assert_eq!(session.upgrade(), None);
    assert_eq!(session.outbox().to_vec(), b"hello\r\n");
    session.inbox().push(b"hi\r\n");
    assert_eq!(session.poll(Instant::START).unwrap().unwrap(), "hi");
}

#[test]
fn a_session_that_ends_before_its_tls_says_nothing() {
    let mut session = Line::new(Lines::default()).with_tls();
    session = session.with_farewell(Lines::default().encode("bye").unwrap());
    session.shutdown();
    assert_eq!(session.poll(Instant::START), Ok(None));
    assert!(session.is_closed() && session.outbox().is_empty());
    assert_eq!(session.upgrade(), None);
}
