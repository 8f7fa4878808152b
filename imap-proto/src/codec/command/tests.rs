use super::*;
use crate::codec::encode::{Encode, Encoder, Literals, Waits};
use crate::codec::flag::Flag;
use crate::codec::framing::{Frame, Framing, Limits};
use crate::codec::search::{SearchKey, SearchKeys};
use crate::codec::text::Literal;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use wirestate_machine::{Inbox, Outbox};

mod lines;
mod properties;

use lines::LINES;

type Read<'a> = TaggedCommand<Text<'a>>;

fn parse(frame: &[u8]) -> Read<'_> {
    TaggedCommand::parse(frame).unwrap_or_else(|bad| panic!("{}: {bad:?}", frame.escape_ascii()))
}

/// Without its line end, if it has one.
fn wire(encoder: Encoder, value: &impl Encode) -> Result<Vec<u8>, Unwritable> {
    let mut wire = Vec::new();
    encoder.encode(value, &mut wire)?;
    if wire.ends_with(b"\r\n") {
        wire.truncate(wire.len() - 2);
    }
    Ok(wire)
}

/// Values of unknown extensions are kept as they came, and their literals are announced anew.
fn announced_alike<T: AsRef<[u8]>>(text: T) -> String {
    text.as_ref().escape_ascii().to_string().replace(r"+}\r\n", r"}\r\n")
}

/// What was read is written, in each way, so that it reads as it did.
fn comes_back(command: &Read<'_>) -> Result<(), Unwritable> {
    for encoder in [Encoder::client(), Encoder::client().with_literals(Literals::Plus).with_utf8(true)] {
        let wire = wire(encoder, command)?;
        let alike = |command: Read<'_>| command.map_text(&mut announced_alike);
        assert_eq!(alike(parse(&wire)), alike(command.clone()), "{}", wire.escape_ascii());
    }
    let frame = Bytes::copy_from_slice(&wire(Encoder::client(), command)?);
    let owned = parse(&frame).into_owned(&frame);
    assert_eq!(wire(Encoder::client(), &owned)?, frame);
    Ok(())
}

#[test]
fn lines_come_back_to_the_byte() {
    for line in LINES {
        // This one is no line of ours: the group stands without its parentheses.
        let Ok(command) = TaggedCommand::parse(line.as_bytes()) else {
            assert!(line.contains("(selected MessageNew"), "{line}: {:?}", TaggedCommand::parse(line.as_bytes()));
            continue;
        };
        comes_back(&command).unwrap_or_else(|why| panic!("{line}: {why}"));
        let written = wire(Encoder::client(), &command).unwrap();
        if line.contains("5-MAR-2000") {
            continue;
        }
        assert_eq!(written.escape_ascii().to_string(), line.as_bytes().escape_ascii().to_string());
        let known = !matches!(command.command, Command::Other { .. });
        assert_eq!(known, !line.contains("XYZZY") && !line.contains("GENURLAUTH"), "{line}");
    }
}

#[test]
fn names_have_any_case() {
    for line in LINES.iter().filter(|line| !line.contains("XYZZY") && !line.contains("GENURLAUTH")) {
        let Ok(command) = TaggedCommand::parse(line.as_bytes()) else { continue };
        let (tag, rest) = line.split_once(' ').unwrap();
        let name = command.command.keyword().to_string();
        let lower = format!("{tag} {}{}", name.to_lowercase(), &rest[name.len()..]);
        assert_eq!(parse(lower.as_bytes()), command);
    }
}

/// Lines that mean the same as others, which are what is written.
#[test]
fn other_spellings_are_understood() {
    let same = [
        ("a  LOGIN  x   y  ", "a LOGIN x y"),
        ("a noop ", "a NOOP"),
        ("a LOGIN {1}\r\nx {0+}\r\n", "a LOGIN x \"\""),
        ("a SELECT inbox", "a SELECT INBOX"),
        ("a SELECT \"INBOX\"", "a SELECT INBOX"),
        ("a STORE 1 +flags \\seen \\DELETED", "a STORE 1 +FLAGS (\\Seen \\Deleted)"),
        ("a FETCH 1 flags", "a FETCH 1 FLAGS"),
        ("a FETCH 1 (flags )", "a FETCH 1 FLAGS"),
        ("a FETCH 1 PREVIEW (CHANGEDSINCE 5)", "a FETCH 1 (PREVIEW) (CHANGEDSINCE 5)"),
        ("a SEARCH ( ( SEEN ) )", "a SEARCH ((SEEN))"),
        ("a SEARCH charset us-ascii since \"1-feb-1994\"", "a SEARCH CHARSET us-ascii SINCE 1-Feb-1994"),
        ("a GETMETADATA INBOX /a", "a GETMETADATA INBOX (/a)"),
        ("a GETMETADATA INBOX (MAXSIZE 5) (/a)", "a GETMETADATA (MAXSIZE 5) INBOX (/a)"),
        ("a ENABLE condstore", "a ENABLE CONDSTORE"),
        ("a uid  fetch 1 uid", "a UID FETCH 1 UID"),
        ("a NOTIFY set (mailboxes INBOX none)", "a NOTIFY SET (mailboxes (INBOX) NONE)"),
        ("a SETACL x y \"-rw\"", "a SETACL x y -rw"),
    ];
    for (said, meant) in same {
        let command = parse(said.as_bytes());
        assert_eq!(
            wire(Encoder::client(), &command).unwrap().escape_ascii().to_string(),
            meant.as_bytes().escape_ascii().to_string()
        );
        comes_back(&command).unwrap();
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_tag() {
    let rows: [(&[u8], Expected, usize); 47] = [
        (b"", Expected::Tag, 0),
        (b"* NOOP", Expected::Tag, 0),
        (b"a", Expected::Space, 1),
        (b"a ", Expected::Command, 2),
        (b"a+b NOOP", Expected::Space, 1),
        (b"a \"NOOP\"", Expected::Command, 2),
        (b"a NOOP x", Expected::End, 6),
        (b"a UID", Expected::Command, 5),
        (b"a XYZZY\"", Expected::Space, 7),
        (b"a LOGIN x", Expected::Space, 9),
        (b"a LOGIN x y z", Expected::End, 11),
        (b"a LOGIN x \"y", Expected::StringEnd, 12),
        (b"a LOGIN x {5}\r\nab", Expected::StringEnd, 15),
        (b"a LOGIN x {2}\r\na\0", Expected::StringEnd, 15),
        (b"a LOGIN x y\rz", Expected::End, 11),
        (b"a LOGIN x y\0", Expected::End, 11),
        (b"a SELECT", Expected::Space, 8),
        (b"a SELECT a*b", Expected::End, 10),
        (b"a SELECT x ()", Expected::Atom, 12),
        (b"a SELECT x (QRESYNC (0 1))", Expected::NonZero, 21),
        (b"a SELECT x (QRESYNC (1 9223372036854775808))", Expected::ModSeq, 23),
        (b"a FETCH 0 FLAGS", Expected::SequenceSet, 8),
        (b"a FETCH 4294967296 FLAGS", Expected::SequenceSet, 8),
        (b"a FETCH -1 FLAGS", Expected::SequenceSet, 8),
        (b"a FETCH 1 ()", Expected::FetchAttribute, 11),
        (b"a FETCH 1 (FLAGS", Expected::Close, 16),
        (b"a FETCH 1 BODY[", Expected::Section, 15),
        (b"a FETCH 1 BODY[]<0.0>", Expected::NonZero, 21),
        (b"a FETCH 1 BODY[]<5>", Expected::Section, 18),
        (b"a FETCH 1 BINARY[0]", Expected::NonZero, 18),
        (b"a STORE 1 FLAGS", Expected::Space, 15),
        (b"a STORE 1 *FLAGS (x)", Expected::Keyword, 10),
        (b"a STORE 1 (UNCHANGEDSINCE 9223372036854775808) FLAGS ()", Expected::ModSeq, 26),
        (b"a SEARCH", Expected::Space, 8),
        (b"a SEARCH ()", Expected::SearchKey, 10),
        (b"a SEARCH (SEEN", Expected::Close, 14),
        (b"a SEARCH SEEN)", Expected::SearchKey, 13),
        (b"a SEARCH SINCE 31-Feb-2000", Expected::Date, 15),
        (b"a SEARCH LARGER 9223372036854775808", Expected::SmallerNumber, 16),
        (b"a SEARCH OLDER 0", Expected::NonZero, 15),
        (b"a SORT () UTF-8 ALL", Expected::Atom, 8),
        (b"a ID (\"a\")", Expected::Space, 9),
        (b"a STATUS x ()", Expected::Atom, 12),
        (b"a APPEND x (\\Seen)", Expected::Space, 18),
        (b"a APPEND x \"17-Jul-1996\" {1}\r\nx", Expected::DateTime, 23),
        (b"a UIDBATCHES 0", Expected::NonZero, 13),
        (b"a GETMETADATA (DEPTH 2) x y", Expected::SmallerNumber, 21),
    ];
    for (line, expected, at) in rows {
        let bad = TaggedCommand::parse(line).unwrap_err();
        assert_eq!(bad.fault, Fault { expected, at }, "{}", line.escape_ascii());
        assert_eq!(bad.tag.is_some(), line.starts_with(b"a"), "{}", line.escape_ascii());
    }
    assert_eq!(TaggedCommand::parse(b"a uid fetch x").unwrap_err().keyword, Keyword::UidFetch);
    assert!(!format!("{:?}", TaggedCommand::parse(b"a LOGIN x \"hunter2").unwrap_err()).contains("hunter2"));
}

#[test]
fn id_is_bounded() {
    let of = |count| format!("a ID ({})", vec!["\"a\" NIL"; count].join(" "));
    comes_back(&parse(of(30).as_bytes())).unwrap();
    assert_eq!(TaggedCommand::parse(of(31).as_bytes()).unwrap_err().fault.expected, Expected::Fewer);
    let long = TaggedCommand { tag: "a", command: Command::Id(Some(vec![("a", None); 31])) };
    assert_eq!(wire(Encoder::client(), &long), Err(Unwritable::TooMany));
}

#[test]
fn depth_costs_nothing_and_is_capped() {
    // H5.
    let of = |depth: usize| format!("a SEARCH {}SEEN{}", "(".repeat(depth), ")".repeat(depth));
    comes_back(&parse(of(32).as_bytes())).unwrap();
    for deep in [33, 60_000] {
        assert_eq!(
            TaggedCommand::parse(of(deep).as_bytes()).unwrap_err().fault,
            Fault { expected: Expected::Shallower, at: 41 }
        );
    }
    let nots = |depth: usize| format!("a SEARCH {}SEEN", "NOT ".repeat(depth));
    comes_back(&parse(nots(32).as_bytes())).unwrap();
    assert!(TaggedCommand::parse(nots(33).as_bytes()).is_err());
    let ors = |depth: usize| format!("a SEARCH {}{}", "OR SEEN ".repeat(depth), "DRAFT");
    comes_back(&parse(ors(32).as_bytes())).unwrap();
    assert!(TaggedCommand::parse(ors(33).as_bytes()).is_err());
    // Other lists are not trees, however deep an unknown value is.
    let deep = format!("a SELECT x (X-DEEP {}{})", "(".repeat(30_000), ")".repeat(30_000));
    comes_back(&parse(deep.as_bytes())).unwrap();
    assert!(TaggedCommand::parse(format!("a XYZZY {}", "(".repeat(60_000)).as_bytes()).is_ok());
}

#[test]
fn sets_are_not_expanded() {
    // H9.
    let command = parse(b"a UID FETCH 1:4294967295,4294967295:1,*:1 FLAGS");
    assert!(matches!(&command.command, Command::Fetch(fetch) if fetch.set.spans().len() == 3));
}

#[test]
fn append_is_read_whole_and_in_pieces() {
    let date = "\"17-Jul-1996 02:44:25 -0700\"";
    let whole =
        format!("a APPEND x (\\Seen) {date} {{3}}\r\nabc ~{{2+}}\r\n\0\n CATENATE (URL \"/x\" TEXT {{1}}\r\n) URL y)");
    let command = parse(whole.as_bytes());
    comes_back(&command).unwrap();
    let Command::Append(append) = &command.command else { panic!("{command:?}") };
    assert_eq!((append.messages.len(), append.announced()), (3, None));
    assert!(
        matches!(&append.messages[1].data, MessageData::Literal(Content::Whole { binary: true, bytes }) if **bytes == b"\0\n"[..])
    );

    // The same, as the framing gives it.
    let limits = Limits::AFTER_LOGIN;
    let (mut inbox, mut framing) = (Inbox::new(limits.frame()), Framing::commands(limits));
    inbox.push(whole.as_bytes());
    inbox.push(b"\r\n");
    let (mut pieces, mut within, mut written) = (0, None, Vec::new());
    while let Some(frame) = framing.next(&mut inbox) {
        match frame {
            Frame::Message { head, literal } | Frame::Literal { head, literal } => {
                let announced = match within {
                    None => {
                        let command = parse(head);
                        Encoder::client().encode(&command, &mut written).unwrap();
                        let Command::Append(append) = command.command else { panic!("{command:?}") };
                        append.announced()
                    }
                    Some((within, _)) => {
                        let further = Further::parse(head, within).unwrap();
                        Encoder::client().encode(&After { within, further: &further }, &mut written).unwrap();
                        further.announced()
                    }
                };
                assert_eq!(announced.map(|(_, literal)| literal), Some(literal));
                within = announced;
                pieces += 1;
                framing.accept();
            }
            Frame::Chunk(chunk) => written.extend_from_slice(&chunk),
            Frame::Rest(rest) => {
                let within = within.unwrap().0;
                let further = Further::parse(rest, within).unwrap();
                assert_eq!((within, further.parts.len(), further.announced()), (Within::Catenate, 1, None));
                Encoder::client().encode(&After { within, further: &further }, &mut written).unwrap();
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(pieces, 3);
    written.truncate(written.len() - 2);
    assert_eq!(parse(&written), command);
}

#[test]
fn replace_and_utf8() {
    for line in [
        "a REPLACE 4 Drafts (\\Seen \\Draft) {3}\r\nabc",
        "a UID REPLACE 123 Drafts (\\Draft) UTF8 (~{2}\r\n\u{e9})",
        "a REPLACE * x CATENATE (TEXT {0}\r\n)",
    ] {
        let command = parse(line.as_bytes());
        comes_back(&command).unwrap();
        assert_eq!(wire(Encoder::client(), &command).unwrap(), line.as_bytes());
    }
    let command = parse(b"a APPEND x ANNOTATION (/comment (value.priv {3}\r\na\rb)) {1}\r\nx");
    comes_back(&command).unwrap();
    let Command::Append(Append { messages, .. }) = &command.command else { panic!() };
    assert_eq!(&*messages[0].extensions[0].0, b"ANNOTATION");
    let head = parse(b"a APPEND x UTF8 (~{5}");
    assert!(
        matches!(&head.command, Command::Append(append) if append.announced().is_some_and(|(within, _)| within == Within::Utf8))
    );
    assert!(Further::parse(b")", Within::Utf8).is_ok_and(|further| further.announced().is_none()));
    assert!(Further::parse(b"", Within::Utf8).is_err());
    assert!(Further::parse(b") x", Within::Catenate).is_err());
    assert!(TaggedCommand::parse(b"a REPLACE 4 x {1}\r\nx {1}\r\ny").is_err());
}

#[test]
fn nothing_may_follow_an_announcement() {
    let announced = || Content::<&str>::Announced(Literal { len: 5, sync: false, binary: false });
    let message = |data| NewMessage { flags: None, date: None, extensions: vec![], data };
    let append =
        |messages| TaggedCommand { tag: "a", command: Command::Append(Append { mailbox: Mailbox::Inbox, messages }) };
    let one = append(vec![message(MessageData::Literal(announced()))]);
    assert_eq!(wire(Encoder::client(), &one).unwrap(), b"a APPEND INBOX {5+}");
    let two = append(vec![message(MessageData::Literal(announced())), message(MessageData::Literal(announced()))]);
    assert_eq!(wire(Encoder::client(), &two), Err(Unwritable::AfterAnnounced));
    let parts = vec![CatenatePart::Text(announced()), CatenatePart::Url("x")];
    assert_eq!(
        wire(Encoder::client(), &append(vec![message(MessageData::Catenate(parts))])),
        Err(Unwritable::AfterAnnounced)
    );
    assert_eq!(wire(Encoder::client(), &append(vec![])), Err(Unwritable::Empty));
}

#[test]
fn the_encoder_writes_to_an_outbox_and_tells_where_to_wait() {
    let login = TaggedCommand { tag: "a", command: Command::Login { user: "a\nb", password: Secret("c\rd") } };
    let mut waits = Waits::default();
    Encoder::client().encode(&login, &mut waits).unwrap();
    assert_eq!((&waits.bytes[..], &waits.stops[..]), (&b"a LOGIN {3}\r\na\nb {3}\r\nc\rd\r\n"[..], &[13, 22][..]));
    let mut outbox = Outbox::new();
    Encoder::client().with_literals(Literals::Minus).encode(&login, &mut outbox).unwrap();
    assert_eq!(outbox.to_vec(), b"a LOGIN {3+}\r\na\nb {3+}\r\nc\rd\r\n");
    assert!(!format!("{login:?}").contains("c\\rd"));
}

#[test]
fn what_would_be_read_as_something_else_is_not_written() {
    let other = |name, arguments| TaggedCommand { tag: "a", command: Command::Other { name, arguments } };
    for (name, arguments) in [
        ("NOOP", ""),
        ("noop", ""),
        ("UID", ""),
        ("UID FETCH", "1"),
        ("X Y", ""),
        ("", ""),
        ("X\r\n", ""),
        ("X", "\r\nb NOOP"),
        ("X", "a\r\nb"),
        ("X", "a\nb"),
        ("X", "\0"),
        ("X", "{3}\r\nab"),
        ("X", "\""),
        ("X", "("),
        ("X", ")"),
        ("X", "a "),
        ("X", " a"),
        ("X", "{3+}"),
    ] {
        assert!(wire(Encoder::client(), &other(name, arguments)).is_err(), "{name} {arguments}");
    }
    assert_eq!(
        wire(Encoder::client().with_literals(Literals::Plus), &other("X", "{2}\r\n\r\n (a)")).unwrap(),
        b"a X {2+}\r\n\r\n (a)"
    );
    for name in ["", "SEEN", "not", "1", "1:5", "FROM", "(", "UID", "a b"] {
        let key = SearchKey::Other { name, argument: None };
        let keys = SearchKeys::new([key]).unwrap();
        let search = TaggedCommand {
            tag: "a",
            command: Command::Search(Search { uid: false, returns: None, charset: None, keys }),
        };
        assert!(wire(Encoder::client(), &search).is_err(), "{name}");
    }
    for item in ["", "FLAGS", "body", "BODY[]", "a b", "(", "x\r\n", "ALL)", "PREVIEW"] {
        let items = FetchItems::Attributes(vec![FetchAttribute::Other(item)]);
        let fetch = Fetch { uid: true, set: SequenceSet::ALL, items, modifiers: vec![] };
        assert!(
            wire(Encoder::client(), &TaggedCommand { tag: "a", command: Command::Fetch(fetch) }).is_err(),
            "{item}"
        );
    }
}

#[test]
fn done_ends_idle() {
    assert!(Command::is_done(b"DONE") && Command::is_done(b"done "));
    assert!(!Command::is_done(b"DONE x") && !Command::is_done(b"a DONE") && !Command::is_done(b""));
}

#[test]
fn a_command_is_small() {
    assert!(size_of::<Command<Bytes>>() <= 192, "{}", size_of::<Command<Bytes>>());
}
