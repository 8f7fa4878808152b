use super::*;
use crate::codec::command::{QResync, StatusItem};
use crate::codec::{ModSeq, UidSet};
use core::num::NonZeroU32;
use core::time::Duration;
use wirestate_machine::Misuse;

/// RFC 3501 §8, but for the words of people.
#[test]
fn the_session_of_the_rfc() {
    let mut client = client(open());
    let ready = says(&mut client, "* OK IMAP4rev1 Service Ready\r\n");
    assert!(ready.is_empty());
    assert_eq!(wrote(&mut client), "A1 CAPABILITY\r\n");
    let ready = says(&mut client, "* CAPABILITY IMAP4rev1\r\nA1 OK done\r\n");
    assert!(
        matches!(&ready[..], [Event::Ready { greeting, encrypted: false, authenticated: false }] if greeting == "IMAP4rev1 Service Ready")
    );
    client.login(Login::new(Credentials::password("mrc", "secret").unwrap())).unwrap();
    assert_eq!(wrote(&mut client), "A2 LOGIN mrc secret\r\n");
    says(&mut client, "A2 OK LOGIN completed\r\n");
    assert_eq!(client.capabilities(), None);
    client.select("inbox").unwrap();
    assert_eq!(wrote(&mut client), "A3 SELECT INBOX\r\n");
    let told = says(
        &mut client,
        "* 18 EXISTS\r\n* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n* 2 RECENT\r\n* OK [UNSEEN 17] Message 17 is the first unseen message\r\n* OK [UIDVALIDITY 3857529045] UIDs valid\r\nA3 OK [READ-WRITE] SELECT completed\r\n",
    );
    assert_eq!(told.len(), 6);
    let mailbox = client.selected().unwrap();
    assert_eq!((mailbox.exists, mailbox.recent, mailbox.unseen), (18, 2, SeqNo::new(17)));
    assert_eq!(mailbox.uid_validity, NonZeroU32::new(3857529045));
    assert!(!mailbox.read_only && mailbox.flags.is_some());
    let fetch = client.fetch(set("12"), [FetchAttribute::Envelope, FetchAttribute::Body]).unwrap();
    assert_eq!(wrote(&mut client), "A4 FETCH 12 (ENVELOPE BODY)\r\n");
    let told = says(&mut client, "* 12 FETCH (FLAGS (\\Seen) RFC822.SIZE 4286)\r\nA4 OK FETCH completed\r\n");
    assert!(matches!(&told[..], [Event::Fetch { request, .. }, Event::Done { .. }] if *request == Some(fetch)));
    let logout = client.logout().unwrap();
    assert_eq!(wrote(&mut client), "A5 LOGOUT\r\n");
    let told = says(&mut client, "* BYE IMAP4rev1 server terminating connection\r\nA5 OK LOGOUT completed\r\n");
    assert!(outcome(&told, logout).is_ok());
    assert!(matches!(told[1..], [Event::Closed { reason: Reason::Logout }]));
    assert_eq!(client.ending(), Some(Ending::Quit));
}

#[test]
fn search_and_status_answer_their_requests() {
    let mut client = selected(open(), "", 5);
    let search = client.uid_search(SearchKeys::<&[u8]>::new([SearchKey::Unseen]).unwrap()).unwrap();
    let one = client.status("one", [StatusItem::Messages]).unwrap();
    let two = client.status("two", [StatusItem::Messages]).unwrap();
    assert_eq!(wrote(&mut client), "A3 UID SEARCH UNSEEN\r\nA4 STATUS one (MESSAGES)\r\nA5 STATUS two (MESSAGES)\r\n");
    let told = says(
        &mut client,
        "* SEARCH 2 84\r\n* STATUS two (MESSAGES 2)\r\n* STATUS one (MESSAGES 1)\r\n* STATUS three (MESSAGES 3)\r\n",
    );
    let requests: Vec<_> = told
        .iter()
        .map(|event| match event {
            Event::Data { request, .. } => *request,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(requests, [Some(search), Some(two), Some(one), None]);
    let told = says(&mut client, "A5 OK\r\nA3 NO [LIMIT] too many\r\nA4 BAD no\r\n");
    assert!(outcome(&told, two).is_ok());
    assert_eq!(outcome(&told, search).code(), Some(&Code::Limit));
    assert!(matches!(outcome(&told, one), Outcome::Bad(_)));
}

#[test]
fn an_esearch_answers_the_command_of_its_tag() {
    let mut client = selected(open(), "ESEARCH", 5);
    let keys = || SearchKeys::<&[u8]>::new([SearchKey::All]).unwrap();
    let search = client.uid_search_for([crate::codec::command::SearchReturn::Count], keys()).unwrap();
    assert_eq!(wrote(&mut client), "A3 UID SEARCH RETURN (COUNT) ALL\r\n");
    let told = says(&mut client, "* ESEARCH (TAG \"A3\") UID COUNT 5\r\n* ESEARCH (TAG \"A9\") UID COUNT 5\r\n");
    assert!(
        matches!(&told[..], [Event::Data { request: Some(one), .. }, Event::Data { request: None, .. }] if *one == search)
    );
}

#[test]
fn what_rests_on_a_select_that_failed_is_not_sent() {
    let mut client = logged_in(open(), "");
    let select = client.select("nowhere").unwrap();
    let fetch = client.fetch(SequenceSet::ALL, [FetchAttribute::Flags]).unwrap();
    let noop = client.noop().unwrap();
    assert_eq!(wrote(&mut client), "A2 SELECT nowhere\r\n");
    let told = says(&mut client, "A2 NO [NONEXISTENT] no such mailbox\r\n");
    assert_eq!(outcome(&told, select).code(), Some(&Code::NonExistent));
    assert_eq!(*outcome(&told, fetch), Outcome::Unsent);
    assert_eq!(wrote(&mut client), "A3 NOOP\r\n");
    assert!(outcome(&says(&mut client, "A3 OK\r\n"), noop).is_ok());
    assert_eq!((client.state(), client.selected()), (State::Authenticated, None));
    assert_eq!(client.fetch(SequenceSet::ALL, [FetchAttribute::Flags]), Err(Misuse::WrongState));
}

#[test]
fn what_was_said_before_closed_is_about_the_old_mailbox() {
    let mut client = selected(open(), "", 5);
    client.select("other").unwrap();
    says(
        &mut client,
        "* 6 EXISTS\r\n* OK [HIGHESTMODSEQ 7] of the old\r\n* OK [CLOSED] now\r\n* 1 EXISTS\r\nA3 OK [READ-ONLY] done\r\n",
    );
    let mailbox = client.selected().unwrap();
    assert_eq!((mailbox.exists, mailbox.highest_mod_seq, mailbox.read_only), (1, None, true));
    assert_eq!(mailbox.mailbox.as_bytes(), b"other");
}

#[test]
fn expunges_move_the_numbers() {
    let mut client = selected(open().track_uids(true), "", 3);
    client.uid_fetch(SequenceSet::ALL, [FetchAttribute::Flags]).unwrap();
    says(&mut client, "* 1 FETCH (UID 4)\r\n* 2 FETCH (UID 6)\r\n* 3 FETCH (UID 9)\r\nA3 OK\r\n");
    let told = says(&mut client, "* 2 EXPUNGE\r\n* 3 EXISTS\r\n");
    assert!(
        matches!(&told[..], [Event::Expunged { uid, .. }, Event::Data { request: None, .. }] if *uid == Uid::new(6))
    );
    let mailbox = client.selected().unwrap();
    assert_eq!((mailbox.exists, mailbox.uid(number(2)), mailbox.uid(number(3))), (3, Uid::new(9), None));
    says(&mut client, "* VANISHED 4,9\r\n");
    assert_eq!(client.selected().map(|mailbox| mailbox.exists), Some(1));
}

#[test]
fn qresync_is_one_request() {
    let mut client = logged_in(open(), "ENABLE CONDSTORE QRESYNC");
    let known = QResync {
        uid_validity: NonZeroU32::new(67890007).unwrap(),
        mod_seq: ModSeq::new(20050715194045000).unwrap(),
        known_uids: Some(set("41:211")),
        matches: None,
    };
    let request = client.resync("INBOX", known).unwrap();
    assert_eq!(wrote(&mut client), "A2 ENABLE QRESYNC\r\n");
    says(&mut client, "* ENABLED QRESYNC\r\nA2 OK\r\n");
    assert_eq!(wrote(&mut client), "A3 SELECT INBOX (QRESYNC (67890007 20050715194045000 41:211))\r\n");
    let told = says(
        &mut client,
        "* 100 EXISTS\r\n* OK [HIGHESTMODSEQ 20060115205545359] x\r\n* VANISHED (EARLIER) 41,43:116\r\n* 49 FETCH (UID 117 FLAGS (\\Seen) MODSEQ (20060115194045001))\r\nA3 OK [READ-WRITE] done\r\n",
    );
    let gone = told.iter().find_map(|event| match event {
        Event::Data { request: Some(one), data } if *one == request => match &**data {
            Data::Vanished { earlier: true, uids } => Some(uids.clone()),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(gone, UidSet::parse(b"41,43:116").ok());
    assert!(told.iter().any(|event| matches!(event, Event::Fetch { request: Some(one), .. } if *one == request)));
    assert_eq!(client.selected().map(|mailbox| mailbox.exists), Some(100));
    assert_eq!(
        logged_in(open(), "").resync(
            "INBOX",
            QResync {
                uid_validity: NonZeroU32::MIN,
                mod_seq: ModSeq::new(1).unwrap(),
                known_uids: None,
                matches: None,
            }
        ),
        Err(Misuse::NotOffered)
    );
}

#[test]
fn idle_ends_when_something_else_is_asked() {
    let mut client = selected(open(), "IDLE", 3);
    let idle = client.idle().unwrap();
    assert_eq!(wrote(&mut client), "A3 IDLE\r\n");
    let told = says(&mut client, "+ idling\r\n* 4 EXISTS\r\n");
    assert!(matches!(told[..], [Event::Idling { .. }, Event::Data { request: None, .. }]));
    assert_eq!(client.selected().map(|mailbox| mailbox.exists), Some(4));
    let noop = client.noop().unwrap();
    assert_eq!(wrote(&mut client), "DONE\r\n");
    let told = says(&mut client, "A3 OK IDLE terminated\r\n");
    assert!(outcome(&told, idle).is_ok());
    assert_eq!(wrote(&mut client), "A4 NOOP\r\n");
    assert!(outcome(&says(&mut client, "A4 OK\r\n"), noop).is_ok());
    // DONE waits for the server's word.
    let idle = client.idle().unwrap();
    client.done().unwrap();
    assert_eq!(wrote(&mut client), "A5 IDLE\r\n");
    says(&mut client, "+\r\n");
    assert_eq!(wrote(&mut client), "DONE\r\n");
    assert!(outcome(&says(&mut client, "A5 OK\r\n"), idle).is_ok());
    assert_eq!(client.done(), Err(Misuse::WrongState));
}

#[test]
fn idle_begins_anew_before_its_time_is_over() {
    let mut client = selected(open(), "IDLE", 3);
    let idle = client.idle().unwrap();
    says(&mut client, "+ idling\r\n");
    let _ = wrote(&mut client);
    let deadline = client.deadline().unwrap();
    assert!(deadline <= START + Duration::from_secs(29 * 60));
    // What the server tells does not put it off.
    client.inbox().push(b"* 4 EXISTS\r\n");
    while client.poll(START + Duration::from_secs(600)).unwrap().is_some() {}
    assert_eq!(client.deadline(), Some(deadline));
    assert!(client.poll(deadline).unwrap().is_none());
    assert_eq!(wrote(&mut client), "DONE\r\n");
    client.inbox().push(b"A3 OK\r\n");
    assert!(client.poll(deadline).unwrap().is_none());
    assert_eq!(wrote(&mut client), "A4 IDLE\r\n");
    client.inbox().push(b"+\r\n");
    assert!(matches!(client.poll(deadline), Ok(Some(Event::Idling { request })) if request == idle));
    client.done().unwrap();
    client.inbox().push(b"A4 OK\r\n");
    assert!(matches!(client.poll(deadline), Ok(Some(Event::Done { request, .. })) if request == idle));
}

#[test]
fn a_server_may_refuse_to_idle() {
    let mut client = selected(open(), "", 3);
    assert_eq!(client.idle(), Err(Misuse::NotOffered));
    let mut client = selected(open(), "IDLE", 3);
    let idle = client.idle().unwrap();
    assert!(matches!(outcome(&says(&mut client, "A3 NO not now\r\n"), idle), Outcome::No(_)));
    assert_eq!(client.done(), Err(Misuse::WrongState));
}

#[test]
fn it_keeps_the_session_alive() {
    let mut client = logged_in(open().keep_alive(Some(Duration::from_secs(300))), "");
    let deadline = client.deadline().unwrap();
    assert_eq!(deadline, START + Duration::from_secs(300));
    assert!(client.poll(deadline).unwrap().is_none());
    assert_eq!(wrote(&mut client), "A2 NOOP\r\n");
    client.inbox().push(b"A2 OK\r\n");
    assert!(client.poll(deadline).unwrap().is_none());
    assert_eq!(client.deadline(), Some(deadline + Duration::from_secs(300)));
}

#[test]
fn compression_is_asked_of_the_driver() {
    let mut client = logged_in(open(), "COMPRESS=DEFLATE");
    let compress = client.compress().unwrap();
    client.noop().unwrap();
    assert_eq!(wrote(&mut client), "A2 COMPRESS DEFLATE\r\n");
    assert!(outcome(&says(&mut client, "A2 OK\r\n"), compress).is_ok());
    assert_eq!((client.upgrade(), wrote(&mut client)), (Some(Upgrade::Deflate), String::new()));
    assert_eq!(client.inbox().room(), 0);
    client.upgraded(START, Upgraded::Deflate);
    assert_eq!(wrote(&mut client), "A3 NOOP\r\n");
    let mut client = logged_in(open(), "COMPRESS=DEFLATE");
    client.compress().unwrap();
    assert_eq!(breaks(&mut client, "A2 OK\r\n\x01"), Violation::BytesBeforeCompression);
}

#[test]
fn unauthenticate_leads_back() {
    let mut client = selected(open(), "UNAUTHENTICATE", 1);
    client.unauthenticate().unwrap();
    assert_eq!(client.login(password()), Err(Misuse::WrongState));
    says(&mut client, "A3 OK\r\n");
    assert_eq!((client.state(), client.selected()), (State::NotAuthenticated, None));
    assert!(client.login(password()).is_ok());
}

#[test]
fn names_are_spelled_as_the_server_wants_them() {
    let mut client = logged_in(open(), "ENABLE UTF8=ACCEPT");
    assert_eq!(client.mailbox_name("Entwürfe"), "Entw&APw-rfe");
    client.enable([Capability::Utf8Accept]).unwrap();
    assert_eq!(wrote(&mut client), "A2 ENABLE UTF8=ACCEPT\r\n");
    says(&mut client, "* ENABLED UTF8=ACCEPT\r\nA2 OK\r\n");
    let name = client.mailbox_name("Entwürfe");
    client.subscribe(&name).unwrap();
    assert_eq!(wrote(&mut client), "A3 SUBSCRIBE \"Entwürfe\"\r\n");
}
