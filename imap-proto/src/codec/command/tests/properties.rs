//! What holds for any text: nothing breaks out, and what is read is written so that it reads the same.

use super::*;
use proptest::prelude::*;

/// Commands with the caller's strings in each place that takes any.
fn commands_with(a: &[u8], b: &[u8]) -> Vec<Command<Vec<u8>>> {
    let (a, b) = (a.to_vec(), b.to_vec());
    let mailbox = || Mailbox::new(a.clone());
    let keys = |key| SearchKeys::new([SearchKey::Not, key]).unwrap();
    let search = |key| Command::Search(Search { uid: true, returns: None, charset: None, keys: keys(key) });
    let fetch = |item| {
        let items = FetchItems::Attributes(vec![item]);
        Command::Fetch(Fetch { uid: false, set: SequenceSet::ALL, items, modifiers: vec![] })
    };
    let part = |value| SelectParameter::Other { name: b.clone(), value: Some(value) };
    vec![
        Command::Authenticate { mechanism: a.clone(), initial: Some(Secret(b.clone())) },
        Command::Login { user: a.clone(), password: Secret(b.clone()) },
        Command::Id(Some(vec![(a.clone(), Some(b.clone())), (b.clone(), None)])),
        Command::Enable(vec![Capability::Other(a.clone()), Capability::Auth(b.clone())]),
        Command::Compress(a.clone()),
        Command::Select(Select { mailbox: mailbox(), parameters: vec![part(a.clone())] }),
        Command::Create(Create { mailbox: mailbox(), parameters: vec![CreateParameter::Use(vec![b.clone()])] }),
        Command::Delete(mailbox()),
        Command::Rename { from: mailbox(), to: Mailbox::new(b.clone()) },
        Command::Lsub { reference: a.clone(), pattern: b.clone() },
        Command::List(List {
            selection: vec![ListSelection::Other { name: a.clone(), value: Some(b.clone()) }],
            reference: a.clone(),
            patterns: vec![b.clone(), a.clone()],
            in_parentheses: true,
            returns: Some(vec![
                ListReturn::Metadata(vec![a.clone()]),
                ListReturn::Other { name: b.clone(), value: None },
            ]),
        }),
        Command::Status(Status { mailbox: mailbox(), items: vec![StatusItem::Other(b.clone())] }),
        Command::Append(Append {
            mailbox: mailbox(),
            messages: vec![NewMessage {
                flags: Some(vec![Flag::Keyword(a.clone())]),
                date: None,
                extensions: vec![(a.clone(), b.clone())],
                data: MessageData::Catenate(vec![
                    CatenatePart::Url(a.clone()),
                    CatenatePart::Text(Content::Whole { binary: false, bytes: b.clone() }),
                ]),
            }],
        }),
        search(SearchKey::Header(a.clone(), b.clone())),
        search(SearchKey::Keyword(a.clone())),
        search(SearchKey::Other { name: a.clone(), argument: Some(b.clone()) }),
        search(SearchKey::ModSeq {
            entry: Some((a.clone(), crate::codec::search::EntryKind::All)),
            mod_seq: Default::default(),
        }),
        fetch(FetchAttribute::Other(a.clone())),
        fetch(FetchAttribute::Section {
            peek: true,
            section: crate::codec::section::Section {
                part: vec![],
                text: Some(crate::codec::section::SectionText::HeaderFields(vec![a.clone(), b.clone()])),
            },
            partial: None,
        }),
        Command::Copy { uid: true, set: SequenceSet::SAVED, mailbox: mailbox() },
        Command::CancelUpdate(vec![a.clone()]),
        Command::SetAcl(SetAcl {
            mailbox: mailbox(),
            identifier: b.clone(),
            action: RightsAction::Add,
            rights: a.clone(),
        }),
        Command::GetQuota(a.clone()),
        Command::SetQuota(SetQuota {
            root: a.clone(),
            limits: vec![(crate::codec::response::ResourceName::of(b.clone()), 5)],
        }),
        Command::SetMetadata(SetMetadata { mailbox: mailbox(), entries: vec![(a.clone(), Some(b.clone()))] }),
        Command::Notify(Notify::Set {
            status: false,
            groups: vec![EventGroup {
                mailboxes: MailboxFilter::Subtree(vec![mailbox()]),
                events: vec![NotifyEvent::Other(b.clone())],
            }],
        }),
        Command::Other { name: a.clone(), arguments: b.clone() },
    ]
}

/// Frames of the wire, with all literals.
fn frames(wire: &[u8]) -> Vec<Vec<u8>> {
    let limits = Limits { stream: u64::MAX, ..Limits::AFTER_LOGIN };
    // As what a server says it has no uploads, and so gives each command whole.
    let (mut inbox, mut framing) = (Inbox::new(limits.frame()), Framing::responses(limits));
    inbox.push(b"* ");
    inbox.push(wire);
    let mut found = Vec::new();
    while let Some(frame) = framing.next(&mut inbox) {
        match frame {
            Frame::Whole(frame) => found.push(frame.to_vec()),
            other => panic!("{other:?}"),
        }
    }
    assert!(inbox.is_empty(), "something is left of {}", wire.escape_ascii());
    found
}

const PIECES: &[&str] = &[
    "a",
    "B",
    " ",
    "\"",
    "\\",
    "(",
    ")",
    "{",
    "}",
    "{3}",
    "{1+}\r\n",
    "\r\n",
    "\r",
    "\n",
    "\0",
    "*",
    "%",
    "]",
    "[",
    "+",
    "é",
    "NIL",
    "INBOX",
    "1",
    ",",
    ":",
    "$",
    "~",
    "NOT",
    "UID ",
    "\r\nb NOOP",
    "\\Seen",
    "<0.5>",
    "TEXT",
    "(a b)",
    "\"x y\"",
];

const WORDS: &[&str] = &[
    "a",
    "a ",
    "LOGIN",
    "SEARCH",
    "FETCH",
    "STORE",
    "UID",
    "LIST",
    "APPEND",
    "SELECT",
    "NOTIFY",
    "SET",
    "SORT",
    "ESEARCH",
    "IN",
    "RETURN",
    "CHARSET",
    "(",
    ")",
    " ",
    " ",
    " ",
    " ",
    "\"x\"",
    "{1}\r\nx",
    "~{1+}\r\n\0",
    "1:*",
    "5",
    "0",
    "NOT",
    "OR",
    "SEEN",
    "FROM",
    "BODY[",
    "]",
    "<0.5>",
    "HEADER.FIELDS",
    "FLAGS",
    "+FLAGS",
    "\\Seen",
    "CATENATE",
    "URL",
    "TEXT",
    "UTF8",
    "{5}",
    "NIL",
    "QRESYNC",
    "CHANGEDSINCE",
    "PARTIAL",
    "-1:-5",
    "mailboxes",
    "selected",
    "MessageNew",
    "REPLACE",
    "*",
    "%",
    "INBOX",
    "\"17-Jul-1996 02:44:25 -0700\"",
    "1-Feb-1994",
    "SINCE",
    "ID",
    "ENABLE",
    "XYZZY",
    "GETMETADATA",
    "SETMETADATA",
    "DEPTH",
    "STATUS",
    "MESSAGES",
    "USE",
    "CREATE",
];

proptest! {
    #[test]
    fn no_string_of_the_caller_breaks_out(a in prop::collection::vec(prop::sample::select(PIECES), 0..5), b in prop::collection::vec(prop::sample::select(PIECES), 0..5), utf8: bool) {
        let (a, b): (String, String) = (a.concat(), b.concat());
        for command in commands_with(a.as_bytes(), b.as_bytes()) {
            let tagged = TaggedCommand { tag: b"t1".to_vec(), command };
            for literals in [Literals::Synchronizing, Literals::Plus] {
                let encoder = Encoder::client().with_literals(literals).with_utf8(utf8);
                let mut wire = Vec::new();
                if encoder.encode(&tagged, &mut wire).is_err() {
                    prop_assert!(wire.is_empty());
                    continue;
                }
                let frames = frames(&wire);
                prop_assert_eq!(frames.len(), 1, "{}", wire.escape_ascii());
                let read = parse(&frames[0][2..]).map_text(&mut announced_alike);
                prop_assert_eq!(read, tagged.clone().map_text(&mut announced_alike), "{}", wire.escape_ascii());
            }
        }
    }

    #[test]
    fn what_is_read_is_written_so_that_it_reads_the_same(words in prop::collection::vec(prop::sample::select(WORDS), 0..16)) {
        let line = format!("a {}", words.concat());
        if let Ok(command) = TaggedCommand::parse(line.as_bytes()) {
            // A text that may hold NUL is not always one that may be sent.
            let _ = comes_back(&command);
        }
    }

    #[test]
    fn arguments_are_read_whatever_they_are(name in prop::sample::select(Keyword::ALL), words in prop::collection::vec(prop::sample::select(WORDS), 0..12)) {
        let line = format!("a {name} {}", words.join(" "));
        match TaggedCommand::parse(line.as_bytes()) {
            Ok(command) => { let _ = comes_back(&command); }
            Err(bad) => {
                prop_assert_eq!(bad.tag, Some(&b"a"[..]));
                prop_assert!(bad.fault.at <= line.len());
            }
        }
    }

    #[test]
    fn pieces_of_uploads_are_read_whatever_they_are(words in prop::collection::vec(prop::sample::select(WORDS), 0..10), within in prop::sample::select(vec![Within::Message, Within::Utf8, Within::Catenate])) {
        let piece = words.join(" ");
        if let Ok(further) = Further::parse(piece.as_bytes(), within)
            && let Ok(wire) = wire(Encoder::client(), &After { within, further: &further })
        {
            let again = Further::parse(&wire, within).map(|again| again.map_text(&mut announced_alike));
            prop_assert_eq!(again, Ok(further.map_text(&mut announced_alike)), "{}", wire.escape_ascii());
        }
    }
}
