//! What would hurt a client that is careless: named after the rows of the hostile inputs that each stands for.

use super::*;
use crate::codec::{BodyStructure, MessageAttribute};
use alloc::format;

fn refused(frame: impl AsRef<[u8]>) {
    let frame = frame.as_ref();
    assert!(Response::parse(frame).is_err(), "{}", frame.escape_ascii());
}

#[test]
fn h5_nested_parentheses_take_no_stack() {
    for before in [
        "* 1 FETCH (BODYSTRUCTURE ",
        "* 1 FETCH (BODY ",
        "* 1 FETCH (X ",
        "* THREAD ",
        "* LIST () NIL a ",
        "* ESEARCH X ",
    ] {
        refused(format!("{before}{}", "(".repeat(100_000)));
    }
    // What is not known is kept, however deep: it is only bytes.
    let value = format!("{}{}", "(".repeat(100_000), ")".repeat(100_000));
    let line = format!("* 1 FETCH (X {value} UID 1)");
    assert!(matches!(&items(&line)[..], [MessageAttribute::Other { .. }, MessageAttribute::Uid(_)]));
    let line = format!("* X {value}");
    assert_eq!(written(&parse(&line)), format!("{line}\r\n"));
}

fn nested(depth: usize) -> String {
    let leaf = "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 1 1)";
    format!("* 1 FETCH (BODY {}{leaf}{} UID 1)", "(".repeat(depth - 1), " \"MIXED\")".repeat(depth - 1))
}

fn nested_messages(depth: usize) -> String {
    let leaf = "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 1 1)";
    let message = "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 1 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ";
    format!("* 1 FETCH (BODY {}{leaf}{} UID 1)", message.repeat(depth - 1), " 1)".repeat(depth - 1))
}

#[test]
fn structures_are_read_64_deep_and_no_deeper() {
    let most = BodyStructure::<&[u8]>::MAX_DEPTH;
    for make in [nested, nested_messages] {
        for depth in [1, 7, 8, most] {
            let line = make(depth);
            let items = items(&line);
            let [MessageAttribute::Body(structure), _] = &items[..] else { panic!("{depth}") };
            assert_eq!(structure.parts().len(), depth);
            assert_eq!(parse(&written(&parse(&line))), parse(&line));
        }
        // Deeper ones come as they are, so that the UID is not lost.
        let deeper = make(most + 1);
        assert!(matches!(&items(&deeper)[..], [MessageAttribute::Other { .. }, MessageAttribute::Uid(_)]));
    }
}

#[test]
fn h41_a_structure_is_built_64_deep_and_no_deeper() {
    use crate::codec::{BuildError, Part};
    let mut structure = BodyStructure::new(Part::multipart("MIXED"));
    let mut deepest = 0;
    for _ in 1..BodyStructure::<&str>::MAX_DEPTH {
        deepest = structure.push(deepest, Part::multipart("MIXED")).unwrap();
    }
    assert_eq!(structure.push(deepest, Part::multipart("MIXED")), Err(BuildError::TooDeep));
    let leaf = || Part::single("TEXT", "PLAIN", "7BIT", 1);
    assert_eq!(structure.push(deepest - 1, leaf()), Ok(deepest + 1));
    assert_eq!(structure.push(deepest, leaf()), Err(BuildError::NoPlace));
    assert_eq!(structure.push(deepest + 1, leaf()), Err(BuildError::NoPlace));
    assert_eq!(structure.push(999, leaf()), Err(BuildError::NoPlace));
}

#[test]
fn h7_announced_bytes_that_are_not_there() {
    refused("* 1 FETCH (BODY[] {4294967295}\r\nx)");
    refused("* 1 FETCH (BODY[] {18446744073709551615}\r\nx)");
    refused("* 1 FETCH (BODY[] {99999999999999999999999999}\r\nx)");
    refused("* 1 FETCH (BODY[] {5}\r\nabc)");
    refused("* 1 FETCH (BODY[] {5}");
}

#[test]
fn h9_sets_stay_ranges() {
    let line = "* VANISHED (EARLIER) 1:4294967295";
    let Data::Vanished { uids, .. } = data(line) else { panic!() };
    assert_eq!((uids.range_count(), uids.len()), (1, u64::from(u32::MAX)));
    let Data::Esearch(found) = data("* ESEARCH UID ALL 1:4294967295,1:4294967295") else { panic!() };
    assert!(matches!(&found.results[..], [EsearchItem::All(all)] if all.spans().len() == 2));
    let Code::CopyUid { from, to, .. } = code("a OK [COPYUID 1 1:4294967295 4294967295:1] x") else { panic!() };
    assert_eq!((from.spans().len(), to.spans().len()), (1, 1));
}

#[test]
fn h41_a_hundred_thousand_addresses_are_one_vector() {
    let addresses = "(NIL NIL \"a\" \"b\")".repeat(100_000);
    let line = format!("* 1 FETCH (ENVELOPE (NIL NIL ({addresses}) ({addresses}) NIL NIL NIL NIL NIL NIL))");
    let items = items(&line);
    let [MessageAttribute::Envelope(envelope)] = &items[..] else { panic!() };
    for field in [crate::codec::AddressField::From, crate::codec::AddressField::Sender] {
        assert_eq!(envelope.addresses(field).len(), 100_000);
    }
}

#[test]
fn h43_no_announcement_in_human_text_is_a_literal() {
    let line = "* OK see {24}\r\n";
    assert_eq!(parse(line), Response::Status(Status::new(Condition::Ok, text("see {24}"))));
    assert_eq!(written(&parse(line)), line);
    assert!(matches!(parse("a NO [ALERT] {5+}"), Response::Tagged { status, .. } if status.text == text("{5+}")));
    refused("* OK one\r\n* BYE two\r\n");
    refused("a OK one\r\nb OK two\r\n");
    refused("* OK a\0b");
}

#[test]
fn h44_the_edges_of_numbers() {
    refused("* 1 FETCH (UID 0)");
    refused("* 1 FETCH (UID 4294967296)");
    refused("* 1 FETCH (UID -1)");
    refused("* 0 FETCH (UID 1)");
    refused("* 0 EXPUNGE");
    refused("* 4294967296 EXISTS");
    refused("* 99999999999999999999999 EXISTS");
    assert!(matches!(data("* -1 EXISTS"), Data::Other { number: None, .. }));
    refused("* 1 FETCH (MODSEQ (9223372036854775808))");
    refused("* SEARCH 1 0");
    refused("* SEARCH 4294967296");
    refused("* SEARCH 12345678901");
    refused("* SEARCH 1 x");
    refused("* SEARCH 1x");
    refused("* VANISHED 0");
    refused("* VANISHED 1:*");
    assert_eq!(data("* 007 EXISTS"), Data::Exists(7));
    assert_eq!(data("* SEARCH 0000000000001 02"), data("* SEARCH 1 2"));
    assert!(matches!(&items("* 1 FETCH (MODSEQ (9223372036854775807))")[..], [MessageAttribute::ModSeq(_)]));
    assert!(matches!(&items("* 1 FETCH (RFC822.SIZE 18446744073709551615)")[..], [MessageAttribute::Size(u64::MAX)]));
}

#[test]
fn h13_no_text_of_ours_becomes_a_line_or_a_code() {
    let refused = |response: Response<&str>| {
        let mut out = Vec::new();
        assert!(Encoder::server().encode(&response, &mut out).is_err(), "{response:?}");
        assert!(out.is_empty());
    };
    for odd in ["a\r\n* BYE", "a\nb", "a\rb", "a\0b", "[ALERT] pay now"] {
        refused(Response::Status(Status::new(Condition::Ok, odd)));
        refused(Response::Continuation { code: None, text: odd });
    }
    for odd in ["a b", "", "*", "+", "a\r\n"] {
        refused(Response::Tagged { tag: odd, status: Status::new(Condition::Ok, "x") });
    }
    refused(Response::Tagged { tag: "a", status: Status::new(Condition::Bye, "x") });
    let coded = |code| Response::Status(Status::with_code(Condition::Ok, code, "x"));
    refused(coded(Code::Other { name: "A B", text: None }));
    refused(coded(Code::Other { name: "A", text: Some("] [ALERT") }));
    for odd in ["(", "\"", "a) ]", "\"]\" ]"] {
        refused(coded(Code::Other { name: "A", text: Some(odd) }));
    }
    refused(coded(Code::Referral("imap://x\r\n")));
    refused(coded(Code::MailboxId("a b")));
    refused(coded(Code::BadCharset(["a\nb"].into())));
    refused(coded(Code::NoUpdate("a\nb")));
    refused(Response::Data(Data::Other { number: None, name: "X", rest: "a\r\n* BYE" }));
    refused(Response::Data(Data::Other { number: None, name: "X", rest: "{5}" }));
    refused(Response::Data(Data::Other { number: None, name: "X Y", rest: "" }));
    refused(Response::Data(Data::Fetch {
        number: crate::codec::SeqNo::MIN,
        items: [MessageAttribute::Other { name: "X", value: ") UID (1" }].into(),
    }));
    refused(Response::Data(Data::Id(Some([("a", Some("b\0"))].into()))));
}

#[test]
fn what_is_no_response_is_refused() {
    let odd = [
        "",
        "*",
        "* ",
        "a",
        "a b",
        "a BYE x",
        "* (",
        "* 1",
        "* 1 ",
        "a PREAUTH x",
        "\r\n",
        " a OK",
        "* 1 FETCH",
        "* 1 FETCH UID 1",
    ];
    odd.into_iter().for_each(refused);
}
