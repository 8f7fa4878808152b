use super::*;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

#[derive(Debug, PartialEq)]
enum Seen {
    Whole(String),
    Argument(String, u64),
    Message(String, u64),
    Text(String),
    Rest(String),
    TooBig(String, Budget),
}
use Seen::*;

const SMALL: Limits = Limits { line: 40, literal: 10, literals: 16, count: 3, non_sync: 20, stream: 8 };

fn text(bytes: &[u8]) -> String {
    format!("{}", bytes.escape_ascii())
}

/// What a framing tells of an input in cuts of this size. Asked, it takes literals of less than `most` bytes.
fn feed(mut framing: Framing, input: &[u8], cut: usize, most: u64) -> Vec<Seen> {
    let mut inbox = Inbox::new(framing.limits().frame());
    let mut told = Vec::new();
    for piece in input.chunks(cut) {
        let mut rest = piece;
        while !rest.is_empty() {
            let taken = inbox.push_some(rest);
            assert!(taken > 0, "the framing is stuck with a full inbox");
            rest = &rest[taken..];
            loop {
                let (next, literal) = match framing.next(&mut inbox) {
                    None => break,
                    Some(Frame::Whole(frame)) => (Whole(text(frame)), None),
                    Some(Frame::Literal { head, literal }) => (Argument(text(head), literal.len), Some(literal)),
                    Some(Frame::Message { head, literal }) => (Message(text(head), literal.len), Some(literal)),
                    Some(Frame::Rest(rest)) => (Rest(text(rest)), None),
                    Some(Frame::TooBig { head, budget }) => (TooBig(text(head), budget), None),
                    Some(Frame::Chunk(chunk)) => {
                        assert!(!chunk.is_empty());
                        let chunk = text(&chunk);
                        match told.last_mut() {
                            Some(Text(before)) => before.push_str(&chunk),
                            _ => told.push(Text(chunk)),
                        }
                        continue;
                    }
                };
                told.push(next);
                match literal {
                    Some(literal) if literal.len < most => framing.accept(),
                    Some(_) => framing.refuse(),
                    None => {}
                }
            }
        }
    }
    told
}

fn commands(limits: Limits, input: &[u8], most: u64) -> Vec<Seen> {
    let whole = feed(Framing::commands(limits), input, usize::MAX, most);
    assert_eq!(feed(Framing::commands(limits), input, 1, most), whole);
    whole
}

fn responses(limits: Limits, input: &[u8]) -> Vec<Seen> {
    let whole = feed(Framing::responses(limits), input, usize::MAX, u64::MAX);
    assert_eq!(feed(Framing::responses(limits), input, 1, u64::MAX), whole);
    whole
}

fn s(text: &str) -> String {
    text.into()
}

const LARGE: Limits = Limits::AFTER_LOGIN;

#[test]
fn literals_are_part_of_the_command() {
    let input = b"a LOGIN {3}\r\nx\r\n {2+}\r\n{}\r\nb NOOP\nc X ~{1+}\r\n\r\n";
    let wanted = vec![
        Argument(s("a LOGIN {3}"), 3),
        Whole(s(r"a LOGIN {3}\r\nx\r\n {2+}\r\n{}")),
        Whole(s("b NOOP")),
        Whole(s(r"c X ~{1+}\r\n\r")),
    ];
    assert_eq!(commands(LARGE, input, 100), wanted);
}

#[test]
fn what_only_looks_like_a_literal_is_none() {
    let lines = ["a LOGIN \"x {3}", "a LOGIN \"x\\\" {3+}", "a LOGIN x {3} ", "a X {3", "a X {+}", "a X \"{3}\""];
    for line in lines {
        let input = format!("{line}\r\nb NOOP\r\n");
        assert_eq!(commands(LARGE, input.as_bytes(), 100), [Whole(text(line.as_bytes())), Whole(s("b NOOP"))]);
    }
    // Quotes that are closed leave the literal one.
    let input = b"a X \"\\\"\" {1+}\r\n\"\r\n";
    assert_eq!(commands(LARGE, input, 100), [Whole(s(r#"a X \"\\\"\" {1+}\r\n\""#))]);
}

#[test]
fn a_refused_literal_is_never_read_as_commands() {
    let input = b"a X {9+}\r\nb LOGOUT\n {3+}\r\nx\r\n {2}\r\nc NOOP\r\n";
    // The limits know that it is too long.
    let tight = Limits { literal: 5, ..LARGE };
    assert_eq!(commands(tight, input, 100), [TooBig(s("a X {9+}"), Budget::Literal), Whole(s("c NOOP"))]);
    // A client that waits sends nothing after a refusal.
    let input = b"a X {9}\r\nc NOOP\r\n";
    assert_eq!(commands(tight, input, 100), [TooBig(s("a X {9}"), Budget::Literal), Whole(s("c NOOP"))]);
    assert_eq!(commands(LARGE, input, 5), [Argument(s("a X {9}"), 9), Whole(s("c NOOP"))]);
    // Nor is a message's text that is refused.
    let input = b"a APPEND x {9+}\r\nb LOGOUT\n {3+}\r\nx\r\n\r\nc NOOP\r\n";
    assert_eq!(commands(LARGE, input, 5), [Message(s("a APPEND x {9+}"), 9), Whole(s("c NOOP"))]);
}

#[test]
fn an_endless_line_is_told_once_and_holds_nothing() {
    let mut inbox = Inbox::new(SMALL.frame());
    let mut framing = Framing::commands(SMALL);
    let mut told = 0;
    for _ in 0..10_000 {
        assert_eq!(inbox.push_some(b"aaaaaaaaaaaaa"), 13);
        while let Some(frame) = framing.next(&mut inbox) {
            assert!(matches!(frame, Frame::TooBig { head, budget: Budget::Line } if head.len() == 40));
            told += 1;
        }
        assert!(inbox.len() <= TAIL + 13);
    }
    assert_eq!(told, 1);
    // The literal at its end is skipped with it.
    let _ = inbox.push_some(b" {8+}\r\nb NOOP\r\n\r\n");
    assert_eq!(framing.next(&mut inbox), None);
    let _ = inbox.push_some(b"c NOOP\r\n");
    assert_eq!(framing.next(&mut inbox), Some(Frame::Whole(b"c NOOP")));
}

#[test]
fn the_limits_are_to_the_byte() {
    let of = |count: usize| "x".repeat(count);
    let line = |count| format!("{}\r\nE\r\n", of(count));
    assert_eq!(commands(SMALL, line(38).as_bytes(), 100), [Whole(of(38)), Whole(s("E"))]);
    assert_eq!(commands(SMALL, line(39).as_bytes(), 100), [TooBig(of(39) + r"\r", Budget::Line), Whole(s("E"))]);
    assert_eq!(commands(SMALL, line(60).as_bytes(), 100), [TooBig(of(40), Budget::Line), Whole(s("E"))]);
    // All lines of a command count together.
    let two = |count| format!("a {{2+}}\r\nxy {}\r\nE\r\n", of(count));
    assert_eq!(commands(SMALL, two(29).as_bytes(), 100).len(), 2);
    assert!(matches!(&commands(SMALL, two(30).as_bytes(), 100)[..], [TooBig(_, Budget::Line), Whole(_)]));
    // H6: the number and the sum of literals.
    let many = |count: usize, len: usize| format!("a{}\r\nE\r\n", format!(" {{{len}+}}\r\n{}", of(len)).repeat(count));
    assert_eq!(commands(SMALL, many(3, 1).as_bytes(), 100).len(), 2);
    assert_eq!(
        commands(SMALL, many(4, 1).as_bytes(), 100),
        [TooBig(s(r"a {1+}\r\nx {1+}\r\nx {1+}\r\nx {1+}"), Budget::Count), Whole(s("E"))]
    );
    assert!(matches!(&commands(SMALL, many(2, 9).as_bytes(), 100)[..], [TooBig(_, Budget::Literals), Whole(_)]));
    assert!(matches!(&commands(SMALL, many(1, 11).as_bytes(), 100)[..], [TooBig(_, Budget::Literal), Whole(_)]));
    assert!(matches!(&commands(SMALL, many(1, 21).as_bytes(), 100)[..], [TooBig(_, Budget::NonSync), Whole(_)]));
}

#[test]
fn an_announcement_reserves_nothing() {
    // H7, H8.
    for number in ["4294967295", "18446744073709551615", "99999999999999999999"] {
        let sync = format!("a X {{{number}}}\r\nb NOOP\r\n");
        assert!(matches!(
            &commands(LARGE, sync.as_bytes(), 100)[..],
            [TooBig(_, Budget::Literal), Whole(next)] if next == "b NOOP"
        ));
        let at_once = format!("a X {{{number}+}}\r\nb NOOP\r\n");
        assert!(matches!(&commands(LARGE, at_once.as_bytes(), 100)[..], [TooBig(_, Budget::Literal)]));
        let append = format!("a APPEND x {{{number}+}}\r\nb NOOP\r\n");
        assert!(
            matches!(&commands(LARGE, append.as_bytes(), u64::MAX)[..], [Message(..), ..])
                || number == "99999999999999999999"
        );
    }
}

#[test]
fn messages_are_streamed() {
    let input = b"a APPEND \"x\" (\\Seen) {6}\r\nfrom: \r\nb NOOP\r\n";
    let head = s(r#"a APPEND \"x\" (\\Seen) {6}"#);
    assert_eq!(commands(LARGE, input, 100), [Message(head, 6), Text(s("from: ")), Rest(s("")), Whole(s("b NOOP"))]);
    let input = b"a APPEND {1}\r\nx ~{2+}\r\n\0\n (\\Seen) {0}\r\n\r\n";
    let wanted = [
        Argument(s("a APPEND {1}"), 1),
        Message(s(r"a APPEND {1}\r\nx ~{2+}"), 2),
        Text(s(r"\x00\n")),
        Message(s(r" (\\Seen) {0}"), 0),
        Rest(s("")),
    ];
    assert_eq!(commands(LARGE, input, 100), wanted);
    let input = b"a uid replace 4 {1+}\r\nx {2+}\r\nxy\r\n";
    let wanted = [Message(s(r"a uid replace 4 {1+}\r\nx {2+}"), 2), Text(s("xy")), Rest(s(""))];
    assert_eq!(commands(LARGE, input, 100), wanted);
}

#[test]
fn of_catenate_the_texts_are_streamed_and_the_urls_are_not() {
    let input = b"a APPEND x (\\Seen) CATENATE (URL {3+}\r\n/;x TEXT {2+}\r\nab URL \"/\" TEXT {1+}\r\nc URL {1+}\r\n/) {1+}\r\nz\r\n";
    let wanted = [
        Message(s(r"a APPEND x (\\Seen) CATENATE (URL {3+}\r\n/;x TEXT {2+}"), 2),
        Text(s("ab")),
        Message(s(r#" URL \"/\" TEXT {1+}"#), 1),
        Text(s("c")),
        Message(s(r" URL {1+}\r\n/) {1+}"), 1),
        Text(s("z")),
        Rest(s("")),
    ];
    assert_eq!(commands(LARGE, input, 100), wanted);
    let input = b"a APPEND x UTF8 (~{2+}\r\nab)\r\n";
    assert_eq!(commands(LARGE, input, 100), [Message(s("a APPEND x UTF8 (~{2+}"), 2), Text(s("ab")), Rest(s(")"))]);
}

#[test]
fn any_number_of_messages_fits_into_one_command() {
    let mut input = b"a APPEND x".to_vec();
    for _ in 0..500 {
        input.extend_from_slice(b" (\\Seen) {3+}\r\nabc");
    }
    input.extend_from_slice(b"\r\n");
    assert_eq!(commands(SMALL, &input, 100).len(), 1001);
}

#[test]
fn human_text_has_no_literals() {
    let input = b"* OK see {5}\r\n+ go {5}\r\na1 NO no {5}\r\n* BYE {5}\r\n* PREAUTH {5}\r\n+\r\n";
    let wanted = ["* OK see {5}", "+ go {5}", "a1 NO no {5}", "* BYE {5}", "* PREAUTH {5}", "+"];
    assert_eq!(responses(LARGE, input), wanted.map(|line| Whole(s(line))));
}

#[test]
fn of_fetch_the_long_texts_are_streamed() {
    let limits = Limits { stream: 4, ..LARGE };
    let input = b"* 12 FETCH (FLAGS () BODY[] {5}\r\nabcde BODY[HEADER]<0> {3}\r\nabc UID 7)\r\n* 1 EXISTS\r\n";
    let wanted = [
        Message(s("* 12 FETCH (FLAGS () BODY[] {5}"), 5),
        Text(s("abcde")),
        Rest(s(r" BODY[HEADER]<0> {3}\r\nabc UID 7)")),
        Whole(s("* 1 EXISTS")),
    ];
    assert_eq!(responses(limits, input), wanted);
    for item in ["RFC822", "rfc822.text", "BINARY[1]<5>", "BODY[HEADER.FIELDS (\"a)\" \"b\")]"] {
        let input = format!("* 1 UIDFETCH ({item} {{4}}\r\nabcd)\r\n");
        assert!(matches!(&responses(limits, input.as_bytes())[..], [Message(_, 4), Text(_), Rest(_)]), "{item}");
    }
    for other in [
        "* 1 FETCH (ENVELOPE (\"x]\" {4}\r\nabcd))",
        "* LIST () \"/\" {4}\r\nabcd",
        "* 1 FETCH (X-GM-LABELS (a] {4}\r\nabcd))",
    ] {
        let input = format!("{other}\r\n");
        assert_eq!(responses(limits, input.as_bytes()), [Whole(text(other.as_bytes()))]);
    }
}

#[test]
fn a_server_is_held_to_the_limits_too() {
    let input = b"* LIST () \"/\" {11}\r\n0123456789a\r\n* 1 EXISTS\r\n";
    let wanted = [TooBig(s(r#"* LIST () \"/\" {11}"#), Budget::Literal), Whole(s("* 1 EXISTS"))];
    assert_eq!(responses(SMALL, input), wanted);
}

#[test]
fn lines_of_an_exchange_are_taken_as_they_are() {
    let mut inbox = Inbox::new(SMALL.frame());
    let mut framing = Framing::commands(SMALL);
    inbox.push(b"dGVzdA== {3+}\r\nDONE\r\na NOOP\r\n");
    assert_eq!(framing.next_line(&mut inbox), Some(Frame::Whole(b"dGVzdA== {3+}")));
    assert_eq!(framing.next_line(&mut inbox), Some(Frame::Whole(b"DONE")));
    framing.release(&mut inbox);
    assert!(framing.is_between());
    assert_eq!(inbox.bytes(), b"a NOOP\r\n");
    assert_eq!(framing.next(&mut inbox), Some(Frame::Whole(b"a NOOP")));
}

#[test]
fn an_inbox_may_be_cleared_in_the_middle_of_a_frame() {
    for begun in
        ["a", "a X {3+}\r\na", "a X {3+}\r\nabc x", "a X {3}\r\n", "a APPEND x {3}\r\n", "a APPEND x {3+}\r\nab"]
    {
        let (mut inbox, mut framing) = (Inbox::new(SMALL.frame()), Framing::commands(SMALL));
        inbox.push(begun.as_bytes());
        while framing.next(&mut inbox).is_some() {
            framing.accept();
        }
        inbox.clear();
        framing.reset();
        assert!(framing.is_between());
        inbox.push(b"b NOOP\r\n");
        assert_eq!(framing.next(&mut inbox), Some(Frame::Whole(b"b NOOP")), "{begun}");
    }
}

#[test]
fn debug_shows_no_content() {
    assert_eq!(format!("{:?}", Frame::Whole(b"a LOGIN x hunter2")), "Whole(17 bytes)");
}

const PARTS: [&str; 24] = [
    "a",
    " ",
    "\r\n",
    "\n",
    "\r",
    "\"",
    "\\",
    "(",
    ")",
    "{1}",
    "{3+}",
    "{12+}",
    "~{2+}",
    "{0}",
    "a APPEND ",
    "TEXT ",
    "CATENATE (",
    "* 1 FETCH (",
    "BODY[] {9}\r\n",
    "* OK ",
    "{30+}",
    "bcdefgh",
    "\0",
    "* ",
];

proptest! {
    #[test]
    fn the_cut_changes_nothing(parts in prop::collection::vec(prop::sample::select(&PARTS[..]), 0..60), cut in 1usize..25, most in 0u64..14, of_server: bool) {
        let input: String = parts.concat();
        let framing = || if of_server { Framing::responses(SMALL) } else { Framing::commands(SMALL) };
        let whole = feed(framing(), input.as_bytes(), 1, most);
        prop_assert_eq!(feed(framing(), input.as_bytes(), cut, most), whole);
    }
}
