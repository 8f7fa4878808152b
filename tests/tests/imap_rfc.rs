//! The sessions that RFCs show, held against the IMAP server: what programs understand of each line must be the same, what people read may differ.

use bytes::Bytes;
use imap_proto::codec::command::FetchAttribute;
use imap_proto::codec::{Data, MessageAttribute, Response, SearchKey, Streamed, Uid, UidSet};
use imap_proto::server::{Event, Selection, Server};
use imap_proto::view::{Flags, Mailbox, SessionId};
use std::sync::Arc;
use wirestate_machine::{Instant, Machine};
use wirestate_sasl::server::Answer;
use wirestate_tests::imap::open_config;

/// The message that both sample sessions look at.
const FULL: &str = "* 12 FETCH (FLAGS (\\Seen) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 4286 \
    ENVELOPE (\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev1 WG mtg summary and minutes\" \
    ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
    ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((NIL NIL \"imap\" \"cac.washington.edu\")) \
    ((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL \
    \"<B27397-0100000@cac.washington.edu>\") \
    BODY (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3028 92))";

const HEADER: &str = "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n\
    From: Terry Gray <gray@cac.washington.edu>\r\n\
    Subject: IMAP4rev1 WG mtg summary and minutes\r\n\
    To: imap@cac.washington.edu\r\n\
    cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n\
    Message-Id: <B27397-0100000@cac.washington.edu>\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n";

/// A server with one mailbox, in which each message is the one of the samples.
struct Sample {
    server: Server,
    mailbox: Mailbox,
}

impl Sample {
    fn new(mailbox: Mailbox) -> Self {
        Sample { server: Server::new(Arc::new(open_config()), [7; 32], Instant::START), mailbox }
    }

    fn answer(&mut self, event: Event) {
        let (server, mailbox) = (&mut self.server, &mut self.mailbox);
        match event {
            Event::Authenticate { ticket, .. } => server.authenticate(ticket, Answer::Accept).unwrap(),
            Event::LoggedIn { ticket, .. } => server.welcome(ticket).unwrap(),
            Event::Select { ticket, request } => {
                let view = mailbox.select(SessionId(1), request.access()).unwrap();
                server.select(ticket, view, Selection::new()).unwrap();
            }
            Event::Poll(ticket) => server.catch_up(ticket, mailbox).unwrap(),
            Event::Fetch { ticket, request } => {
                let Ok(Response::Data(Data::Fetch { items, .. })) = Response::parse(FULL.as_bytes()) else { panic!() };
                for message in mailbox.messages_in(&request.uids) {
                    let mut line = server.fetch(&ticket, message.uid).unwrap();
                    for item in &request.items {
                        let canned =
                            |wanted: fn(&MessageAttribute<_>) -> bool| items.iter().find(|one| wanted(one)).unwrap();
                        let canned = match item {
                            FetchAttribute::Flags => {
                                line.flags(message.flags);
                                continue;
                            }
                            FetchAttribute::ModSeq => {
                                line.mod_seq(message.modseq);
                                continue;
                            }
                            FetchAttribute::Section { section, .. } => {
                                let what = Streamed::Section { section: section.clone(), origin: None };
                                line.data(&what, Bytes::from_static(HEADER.as_bytes())).unwrap();
                                continue;
                            }
                            FetchAttribute::InternalDate => {
                                canned(|one| matches!(one, MessageAttribute::InternalDate(_)))
                            }
                            FetchAttribute::Rfc822Size => canned(|one| matches!(one, MessageAttribute::Size(_))),
                            FetchAttribute::Envelope => canned(|one| matches!(one, MessageAttribute::Envelope(_))),
                            FetchAttribute::Body => canned(|one| matches!(one, MessageAttribute::Body(_))),
                            _ => continue,
                        };
                        line.attribute(canned).unwrap();
                    }
                }
                server.ok(ticket, None, "done").unwrap();
            }
            Event::Store { ticket, request } => {
                let flags = mailbox.flags(&request.flags).unwrap();
                let change = imap_proto::view::FlagChange::Add(flags);
                let view = server.view_mut().unwrap();
                let stored =
                    view.store(mailbox, &request.uids, change, request.unchanged_since, request.silent).unwrap();
                server.stored(ticket, &stored).unwrap();
            }
            Event::Search { ticket, request } => {
                let found = |message: &imap_proto::view::Message| {
                    request.keys.evaluate(|key| match key {
                        SearchKey::Flagged => message.flags.has(Flags::FLAGGED),
                        SearchKey::From(_) | SearchKey::Larger(_) => false,
                        SearchKey::Uids(set) => set.contains(message.uid.non_zero(), u32::MAX.try_into().unwrap()),
                        _ => true,
                    })
                };
                let uids: UidSet = mailbox.messages().filter(found).map(|message| message.uid).collect();
                server.found(ticket, &uids, None).unwrap();
            }
            _ => {}
        }
    }

    fn say(&mut self, line: &str) -> String {
        self.server.inbox().push(line.as_bytes());
        while let Some(event) = self.server.poll(Instant::START).unwrap() {
            self.answer(event);
        }
        String::from_utf8(self.server.outbox().drain()).unwrap()
    }

    /// Says the lines with `C: `, and looks for what those with `S: ` say in what comes back, in this order.
    fn session(&mut self, lines: &str) {
        let mut said = self.say("");
        for line in lines.lines().map(str::trim_start) {
            match line.split_at(3) {
                ("C: ", words) => said = self.say(&format!("{words}\r\n")),
                ("S: ", words) => {
                    let wanted = understood(words);
                    let found = said.split_inclusive("\r\n").position(|line| understood(line) == wanted);
                    assert!(found.is_some(), "{words:?} is not in {said:?}");
                }
                _ => panic!("{line:?}"),
            }
        }
    }
}

/// What a program understands of a line.
fn understood(line: &str) -> Option<Response<Vec<u8>>> {
    let response = Response::parse(line.as_bytes()).ok()?.map_text(&mut |text| text.into_owned());
    Some(match response {
        Response::Tagged { tag, mut status } => {
            status.text.clear();
            Response::Tagged { tag, status }
        }
        Response::Status(mut status) => {
            status.text.clear();
            Response::Status(status)
        }
        other => other,
    })
}

/// Eighteen messages, of which all but the last two were seen before.
fn sample_inbox() -> Mailbox {
    let mut mailbox = Mailbox::new(3_857_529_045_u32.try_into().unwrap());
    for _ in 0..16 {
        mailbox.append(Flags::SEEN).unwrap();
    }
    let view = mailbox.select(SessionId(9), imap_proto::view::Access::ReadWrite).unwrap();
    mailbox.leave(view.session());
    mailbox.append(Flags::NONE).unwrap();
    mailbox.append(Flags::NONE).unwrap();
    mailbox
}

#[test]
fn rfc_3501_section_8() {
    let mut sample = Sample::new(sample_inbox());
    sample.session(
        "C: a001 login mrc secret
        C: a002 select inbox
        S: * 18 EXISTS
        S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
        S: * 2 RECENT
        S: * OK [UNSEEN 17] x
        S: * OK [UIDVALIDITY 3857529045] x
        S: a002 OK [READ-WRITE] x
        C: a005 store 12 +flags \\deleted
        S: * 12 FETCH (FLAGS (\\Deleted \\Seen))
        S: a005 OK x",
    );
    // The flags were others then.
    sample.say("r store 12 -flags.silent \\deleted\r\n");
    let said = sample.say("a003 fetch 12 full\r\n");
    let flags = FULL.replace("(\\Seen)", "(\\Deleted \\Seen)");
    assert_eq!(said, format!("{flags}\r\na003 OK done\r\n"));
    let said = sample.say("a004 fetch 12 body[header]\r\n");
    assert_eq!(said, format!("* 12 FETCH (BODY[HEADER] {{{}}}\r\n{HEADER})\r\na004 OK done\r\n", HEADER.len()));
    assert_eq!(HEADER.len(), 342);
    sample.session("C: a006 logout\nS: * BYE x\nS: a006 OK x");
}

#[test]
fn rfc_9051_section_8() {
    Sample::new(sample_inbox()).session(
        "C: a001 login mrc secret
        C: a000 enable imap4rev2
        S: * ENABLED IMAP4rev2
        C: a002 select inbox
        S: * 18 EXISTS
        S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
        S: * OK [UIDVALIDITY 3857529045] x
        S: a002 OK [READ-WRITE] x
        C: a005 store 12 +flags \\deleted
        S: * 12 FETCH (UID 12 FLAGS (\\Deleted \\Seen))
        S: a005 OK x
        C: a006 logout
        S: * BYE x
        S: a006 OK x",
    );
}

/// RFC 7162 §3.1.3, example 4: some had been changed in between.
#[test]
fn a_conditional_store() {
    let mut mailbox = Mailbox::new(1.try_into().unwrap());
    for _ in 0..10 {
        mailbox.append(Flags::NONE).unwrap();
    }
    let before = mailbox.highest_modseq();
    let changed: UidSet = [7, 9].into_iter().filter_map(Uid::new).collect();
    mailbox.store(&changed, imap_proto::view::FlagChange::Add(Flags::SEEN), None);
    Sample::new(mailbox).session(&format!(
        "C: a LOGIN x y
        C: b SELECT x
        C: d105 STORE 7,5,9 (UNCHANGEDSINCE {}) +FLAGS.SILENT (\\Deleted)
        S: * 5 FETCH (UID 5 MODSEQ (13))
        S: d105 OK [MODIFIED 7,9] x",
        before.get()
    ));
}

/// RFC 5182 §2.1 and §4: a search whose result the next command takes, which nobody has to be told.
#[test]
fn a_saved_search() {
    let mut mailbox = Mailbox::new(1.try_into().unwrap());
    for place in 1..100 {
        mailbox.append(if matches!(place, 2 | 84) { Flags::FLAGGED } else { Flags::NONE }).unwrap();
    }
    let mut sample = Sample::new(mailbox);
    sample.session(
        "C: a LOGIN x y
        C: b SELECT x
        C: A282 SEARCH RETURN (SAVE) FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"
        S: A282 OK x
        C: P283 SEARCH UID 1:9 $
        S: * SEARCH 2
        S: P283 OK x
        C: A283 FETCH $ (UID)
        S: A283 OK x",
    );
}
