//! Extensions, row by row: what is asked, what goes out, and what the server's answer comes to.

use alloc::borrow::ToOwned;
use alloc::vec;
use core::num::NonZeroU32;

use super::*;
use crate::codec::command::{
    Append, CatenatePart, Content, Depth, EventGroup, ListReturn, ListSelection, MailboxFilter, MessageData,
    NewMessage, Notify, NotifyEvent, Partial, RightsAction, SearchReturn, SortCriterion, SortKey, StatusItem,
    StoreAction, ThreadAlgorithm,
};
use crate::codec::{
    Acl, Command, Correlator, EntryKind, Esearch, EsearchItem, Flag, ListAttribute, ListEntry, ListRights, Mailbox,
    MailboxStatus, MessageAttribute, Metadata, MetadataEntries, ModSeq, MyRights, Namespace, Namespaces, PartialRange,
    Quota, QuotaResource, QuotaRoots, ResourceName, SearchResult, StatusValue, Threads,
};
use wirestate_machine::Misuse;

/// What is asked, of a server with these capabilities that has INBOX selected, and what goes out for it.
struct Row {
    offers: &'static str,
    ask: fn(&mut Client) -> Result<RequestId, Misuse>,
    wire: &'static str,
    /// What the server says before its OK, and what is told to the program of it.
    says: &'static str,
    data: Vec<Data<String>>,
}

fn row(offers: &'static str, ask: fn(&mut Client) -> Result<RequestId, Misuse>, wire: &'static str) -> Row {
    Row { offers, ask, wire, says: "", data: Vec::new() }
}

impl Row {
    fn told(mut self, says: &'static str, data: impl IntoIterator<Item = Data<String>>) -> Self {
        (self.says, self.data) = (says, data.into_iter().collect());
        self
    }

    fn check(&self) {
        let mut client = selected(open(), self.offers, 5);
        let request = (self.ask)(&mut client).unwrap_or_else(|misuse| panic!("{}: {misuse}", self.wire));
        assert_eq!(wrote(&mut client), alloc::format!("A3 {}\r\n", self.wire));
        let told = says(&mut client, alloc::format!("{}A3 OK done\r\n", self.says));
        let mut data = Vec::new();
        for event in &told {
            match event {
                Event::Data { request: answered, data: one } => {
                    assert_eq!(*answered, Some(request), "{}: {one:?}", self.wire);
                    data.push((**one).clone().map_text(&mut |text| String::from_utf8(text.to_vec()).unwrap()));
                }
                Event::Done { .. } => {}
                other => panic!("{}: {other:?}", self.wire),
            }
        }
        assert_eq!(data, self.data, "{}", self.wire);
        assert!(outcome(&told, request).is_ok());
    }

    /// Of a server that does not tell of it, nothing is asked.
    fn check_unoffered(&self) {
        if !self.offers.is_empty() {
            let outcome = (self.ask)(&mut selected(open(), "", 5));
            assert_eq!(outcome, Err(Misuse::NotOffered), "{}", self.wire);
        }
    }
}

fn all_of(rows: &[Row]) {
    for row in rows {
        row.check();
        row.check_unoffered();
    }
}

fn s(text: &str) -> String {
    text.to_owned()
}

fn named(name: &str) -> Mailbox<String> {
    Mailbox::new(s(name))
}

fn entry(name: &str, attributes: Vec<ListAttribute<String>>) -> Data<String> {
    Data::List(ListEntry { attributes, delimiter: Some(b'/'), mailbox: named(name), extended: Vec::new() })
}

fn status(name: &str, values: Vec<StatusValue<String>>) -> Data<String> {
    Data::Status(MailboxStatus { mailbox: named(name), values })
}

fn numbers(all: &[u32]) -> Vec<NonZeroU32> {
    all.iter().copied().filter_map(NonZeroU32::new).collect()
}

fn last_hundred() -> PartialRange {
    PartialRange { first: NonZeroU32::MIN, last: NonZeroU32::new(100).unwrap(), from_end: true }
}

fn everything() -> SearchKeys<&'static [u8]> {
    SearchKeys::new([SearchKey::All]).unwrap()
}

fn esearch(tag: &str, mailbox: Option<&str>, uid: bool, results: Vec<EsearchItem<String>>) -> Data<String> {
    let correlator =
        Correlator { tag: s(tag), mailbox: mailbox.map(named), uid_validity: mailbox.and(NonZeroU32::new(7)) };
    Data::Esearch(Esearch { correlator: Some(correlator), uid, results })
}

#[test]
fn mailboxes_are_listed_in_many_ways() {
    all_of(&[
        row("NAMESPACE", |client| client.namespace(), "NAMESPACE").told(
            "* NAMESPACE ((\"\" \"/\")) NIL ((\"#shared/\" \"/\"))\r\n",
            [Data::Namespace(Namespaces {
                personal: vec![Namespace { prefix: s(""), delimiter: Some(b'/'), extensions: vec![] }],
                other_users: vec![],
                shared: vec![Namespace { prefix: s("#shared/"), delimiter: Some(b'/'), extensions: vec![] }],
            })],
        ),
        row(
            "LIST-EXTENDED",
            |client| {
                let selection = [ListSelection::Subscribed, ListSelection::RecursiveMatch];
                client.list_for(selection, "", &["a/%", "b"], [ListReturn::Children])
            },
            "LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (a/% b) RETURN (CHILDREN)",
        )
        .told(
            "* LIST (\\Subscribed \\HasNoChildren) \"/\" a/x\r\n",
            [entry("a/x", vec![ListAttribute::Subscribed, ListAttribute::HasNoChildren])],
        ),
        row(
            "LIST-EXTENDED LIST-STATUS",
            |client| client.list_for([], "", &["*"], [ListReturn::Status(vec![StatusItem::Unseen, StatusItem::Size])]),
            "LIST \"\" * RETURN (STATUS (UNSEEN SIZE))",
        )
        .told(
            "* LIST () \"/\" a\r\n* STATUS a (UNSEEN 2 SIZE 5000000000)\r\n",
            [entry("a", vec![]), status("a", vec![StatusValue::Unseen(2), StatusValue::Size(5_000_000_000)])],
        ),
        row(
            "SPECIAL-USE",
            |client| client.list_for([ListSelection::SpecialUse], "", &["*"], []),
            "LIST (SPECIAL-USE) \"\" *",
        )
        .told("* LIST (\\Sent) \"/\" Sent\r\n", [entry("Sent", vec![ListAttribute::Sent])]),
        row(
            "LIST-EXTENDED LIST-MYRIGHTS",
            |client| client.list_for([], "", &["%"], [ListReturn::MyRights]),
            "LIST \"\" % RETURN (MYRIGHTS)",
        )
        .told(
            "* LIST () \"/\" a\r\n* MYRIGHTS a lrs\r\n",
            [entry("a", vec![]), Data::MyRights(MyRights { mailbox: named("a"), rights: s("lrs") })],
        ),
        row(
            "LIST-EXTENDED LIST-METADATA",
            |client| client.list_for([], "", &["%"], [ListReturn::Metadata(vec![&b"/shared/color"[..]])]),
            "LIST \"\" % RETURN (METADATA (/shared/color))",
        )
        .told(
            "* LIST () \"/\" a\r\n* METADATA a (/shared/color \"#b71c1c\")\r\n",
            [
                entry("a", vec![]),
                Data::Metadata(Metadata {
                    mailbox: named("a"),
                    entries: MetadataEntries::Values(vec![(s("/shared/color"), Some(s("#b71c1c")))]),
                }),
            ],
        ),
        row(
            "",
            |client| client.status("a", [StatusItem::MailboxId, StatusItem::HighestModSeq, StatusItem::AppendLimit]),
            "STATUS a (MAILBOXID HIGHESTMODSEQ APPENDLIMIT)",
        )
        .told(
            "* STATUS a (MAILBOXID (F1) HIGHESTMODSEQ 9 APPENDLIMIT NIL)\r\n",
            [status(
                "a",
                vec![
                    StatusValue::MailboxId(s("F1")),
                    StatusValue::HighestModSeq(ModSeq::new(9).unwrap()),
                    StatusValue::AppendLimit(None),
                ],
            )],
        ),
        row("", |client| client.create("a", &["\\Sent", "\\Archive"]), "CREATE a (USE (\\Sent \\Archive))"),
        row("UNSELECT", |client| client.unselect(), "UNSELECT"),
    ]);
}

#[test]
fn who_may_what_and_how_much() {
    let acl = |rights: &str| Data::Acl(Acl { mailbox: named("a"), entries: vec![(s("bob"), s(rights))] });
    let storage = QuotaResource { name: ResourceName::Storage, usage: 10, limit: 512 };
    let quota = || Data::Quota(Quota { root: s(""), resources: vec![storage.clone()] });
    all_of(&[
        row("ACL", |client| client.acl("a"), "GETACL a").told("* ACL a bob lr\r\n", [acl("lr")]),
        row("ACL", |client| client.set_acl("a", "bob", RightsAction::Add, "lr"), "SETACL a bob +lr"),
        row("ACL", |client| client.delete_acl("a", "-bob"), "DELETEACL a -bob"),
        row("ACL", |client| client.list_rights("a", "bob"), "LISTRIGHTS a bob").told(
            "* LISTRIGHTS a bob la r s\r\n",
            [Data::ListRights(ListRights {
                mailbox: named("a"),
                identifier: s("bob"),
                required: s("la"),
                optional: vec![s("r"), s("s")],
            })],
        ),
        row("ACL", |client| client.my_rights("a"), "MYRIGHTS a")
            .told("* MYRIGHTS a lr\r\n", [Data::MyRights(MyRights { mailbox: named("a"), rights: s("lr") })]),
        row("QUOTA", |client| client.quota(""), "GETQUOTA \"\"").told("* QUOTA \"\" (STORAGE 10 512)\r\n", [quota()]),
        row("QUOTA", |client| client.quota_roots("INBOX"), "GETQUOTAROOT INBOX").told(
            "* QUOTAROOT INBOX \"\"\r\n* QUOTA \"\" (STORAGE 10 512)\r\n",
            [Data::QuotaRoots(QuotaRoots { mailbox: Mailbox::Inbox, roots: vec![s("")] }), quota()],
        ),
        row("QUOTA", |client| client.set_quota("", [(ResourceName::Storage, 512)]), "SETQUOTA \"\" (STORAGE 512)")
            .told("* QUOTA \"\" (STORAGE 10 512)\r\n", [quota()]),
        row(
            "METADATA",
            |client| client.metadata("a", &["/shared/x", "/private/y"], Some(Depth::One)),
            "GETMETADATA (DEPTH 1) a (/shared/x /private/y)",
        )
        .told(
            "* METADATA a (/shared/x {3}\r\none /private/y NIL)\r\n",
            [Data::Metadata(Metadata {
                mailbox: named("a"),
                entries: MetadataEntries::Values(vec![(s("/shared/x"), Some(s("one"))), (s("/private/y"), None)]),
            })],
        ),
        row(
            "METADATA-SERVER",
            |client| client.set_metadata("", &[("/private/y", None), ("/private/x", Some(&b"one"[..]))]),
            "SETMETADATA \"\" (/private/y NIL /private/x \"one\")",
        ),
    ]);
}

#[test]
fn messages_are_searched_sorted_and_threaded() {
    all_of(&[
        row("", |client| client.search(everything()), "SEARCH ALL").told(
            "* SEARCH 1 3 (MODSEQ 9)\r\n",
            [Data::Search(SearchResult { numbers: numbers(&[1, 3]), mod_seq: ModSeq::new(9) })],
        ),
        row(
            "SORT",
            |client| {
                let criteria = [(true, SortKey::Date), (false, SortKey::Subject)];
                client.sort(criteria.map(|(reverse, key)| SortCriterion { reverse, key }), everything())
            },
            "SORT (REVERSE DATE SUBJECT) US-ASCII ALL",
        )
        .told("* SORT 3 1\r\n", [Data::Sort(SearchResult { numbers: numbers(&[3, 1]), mod_seq: None })]),
        row(
            "SORT=DISPLAY",
            |client| client.uid_sort([SortCriterion { reverse: false, key: SortKey::DisplayFrom }], everything()),
            "UID SORT (DISPLAYFROM) US-ASCII ALL",
        )
        .told("* SORT\r\n", [Data::Sort(SearchResult { numbers: vec![], mod_seq: None })]),
        row(
            "THREAD=REFERENCES",
            |client| {
                let keys = SearchKeys::new([SearchKey::Subject("\u{e9}".as_bytes())]).unwrap();
                client.thread(ThreadAlgorithm::References, keys)
            },
            "THREAD REFERENCES UTF-8 SUBJECT {2}",
        ),
        row(
            "THREAD=REFS",
            |client| client.uid_thread(ThreadAlgorithm::Refs, everything()),
            "UID THREAD REFS US-ASCII ALL",
        )
        .told(
            "* THREAD (4 (9)(2))(7)\r\n",
            [Data::Thread(Threads::new(
                [(0, 4), (1, 9), (1, 2), (0, 7)].map(|(depth, number)| (depth, NonZeroU32::new(number))),
            ))],
        ),
        row(
            "",
            |client| {
                let keys = [SearchKey::Younger(3600), SearchKey::Older(1)];
                client.uid_search(SearchKeys::<&[u8]>::new(keys).unwrap())
            },
            "UID SEARCH YOUNGER 3600 OLDER 1",
        ),
        row(
            "",
            |client| client.uid_search(SearchKeys::new([SearchKey::Fuzzy, SearchKey::Text(&b"mail"[..])]).unwrap()),
            "UID SEARCH FUZZY TEXT mail",
        ),
        row(
            "",
            |client| {
                let key = SearchKey::ModSeq { entry: None::<(&[u8], EntryKind)>, mod_seq: ModSeq::new(5).unwrap() };
                client.uid_search(SearchKeys::new([key]).unwrap())
            },
            "UID SEARCH MODSEQ 5",
        ),
        row("", |client| client.uid_search_for([SearchReturn::Save], everything()), "UID SEARCH RETURN (SAVE) ALL"),
        row(
            "",
            |client| {
                let range = last_hundred();
                client.uid_search_for([SearchReturn::Partial(range), SearchReturn::Count], everything())
            },
            "UID SEARCH RETURN (PARTIAL -1:-100 COUNT) ALL",
        )
        .told(
            "* ESEARCH (TAG \"A3\") UID PARTIAL (-1:-100 4:9) COUNT 2\r\n",
            [esearch(
                "A3",
                None,
                true,
                vec![EsearchItem::Partial { range: last_hundred(), numbers: Some(set("4:9")) }, EsearchItem::Count(2)],
            )],
        ),
        row(
            "MULTISEARCH",
            |client| {
                let sources = vec![
                    MailboxFilter::Mailboxes(vec![Mailbox::new(Bytes::from_static(b"a"))]),
                    MailboxFilter::Subtree(vec![Mailbox::new(Bytes::from_static(b"b"))]),
                ];
                client.search_in(Some(sources), [SearchReturn::All], everything())
            },
            "ESEARCH IN (mailboxes (a) subtree (b)) RETURN (ALL) ALL",
        )
        .told(
            "* ESEARCH (TAG \"A3\" MAILBOX a UIDVALIDITY 7) UID ALL 4:9\r\n",
            [esearch("A3", Some("a"), true, vec![EsearchItem::All(set("4:9"))])],
        ),
        row("MULTISEARCH", |client| client.search_in(None, [], everything()), "ESEARCH ALL"),
    ]);
}

#[test]
fn messages_are_moved_changed_and_replaced() {
    all_of(&[
        row("UIDPLUS", |client| client.uid_expunge(set("3:5")), "UID EXPUNGE 3:5"),
        row("MOVE", |client| client.move_(set("1"), "b"), "MOVE 1 b"),
        row("MOVE", |client| client.uid_move(SequenceSet::SAVED, "b"), "UID MOVE $ b"),
        row("", |client| client.uid_copy(set("1"), "b"), "UID COPY 1 b"),
        row(
            "",
            |client| {
                let since = ModSeq::new(12).unwrap();
                client.uid_store_unchanged(set("7"), since, StoreAction::Add, [Flag::Deleted], true)
            },
            "UID STORE 7 (UNCHANGEDSINCE 12) +FLAGS.SILENT (\\Deleted)",
        ),
        row(
            "",
            |client| client.uid_fetch_changed(SequenceSet::ALL, [FetchAttribute::Flags], ModSeq::new(12).unwrap()),
            "UID FETCH 1:* FLAGS (CHANGEDSINCE 12)",
        ),
        row(
            "",
            |client| {
                let partial = Partial { offset: 0, count: 512.try_into().unwrap() };
                let part = numbers(&[1, 2]);
                client.uid_fetch(
                    set("7"),
                    [
                        FetchAttribute::Binary { peek: true, part: part.clone(), partial: Some(partial) },
                        FetchAttribute::BinarySize(part),
                        FetchAttribute::SaveDate,
                        FetchAttribute::EmailId,
                        FetchAttribute::ThreadId,
                        FetchAttribute::Preview { lazy: true },
                    ],
                )
            },
            "UID FETCH 7 (BINARY.PEEK[1.2]<0.512> BINARY.SIZE[1.2] SAVEDATE EMAILID THREADID PREVIEW (LAZY))",
        ),
    ]);
    // Where a message went is in the words at the end.
    let mut client = selected(open(), "MOVE UIDPLUS REPLACE LITERAL+", 5);
    let copy = client.uid_copy(set("1"), "b").unwrap();
    let told = says(&mut client, "A3 OK [COPYUID 7 1 9] done\r\n");
    let Some(Code::CopyUid { uid_validity, from, to }) = outcome(&told, copy).code() else { panic!("{told:?}") };
    assert_eq!((uid_validity.get(), from, to), (7, &set("1"), &set("9")));
    let replaced = client.uid_replace(Uid::new(4).unwrap(), "INBOX", NewText::new(2)).unwrap();
    events(&mut client);
    client.append_data(replaced, &b"ab"[..]).unwrap();
    assert!(wrote(&mut client).ends_with("A4 UID REPLACE 4 INBOX {2+}\r\nab\r\n"));
    let told = says(&mut client, "* OK [APPENDUID 7 10] here\r\n* 4 EXPUNGE\r\nA4 OK done\r\n");
    assert!(matches!(&told[..], [Event::Told(_), Event::Expunged { .. }, Event::Done { .. }]), "{told:?}");
}

#[test]
fn what_conditions_and_saved_dates_come_to() {
    let mut client = selected(open(), "CONDSTORE", 5);
    let store = client
        .uid_store_unchanged(set("7,9"), ModSeq::new(12).unwrap(), StoreAction::Add, [Flag::Seen], false)
        .unwrap();
    let told = says(&mut client, "* 5 FETCH (UID 7 MODSEQ (13) FLAGS (\\Seen))\r\nA3 OK [MODIFIED 9] one failed\r\n");
    assert_eq!(outcome(&told, store).code(), Some(&Code::Modified(set("9"))));
    let Event::Fetch { request, data } = &told[0] else { panic!("{told:?}") };
    assert_eq!(*request, Some(store));
    assert!(data.read().unwrap().items.contains(&MessageAttribute::ModSeq(ModSeq::new(13).unwrap())));
    let fetch = client.uid_fetch(set("7"), [FetchAttribute::SaveDate, FetchAttribute::EmailId]).unwrap();
    let told = says(
        &mut client,
        "* 5 FETCH (UID 7 SAVEDATE \"01-Jan-2024 00:00:00 +0000\" EMAILID (M7) PREVIEW \"hello\" BINARY.SIZE[1] 3)\r\nA4 OK\r\n",
    );
    let Event::Fetch { request, data } = &told[0] else { panic!("{told:?}") };
    assert_eq!(*request, Some(fetch));
    let items = data.read_shared().unwrap().items;
    assert!(matches!(
        &items[1..],
        [
            MessageAttribute::SaveDate(Some(_)),
            MessageAttribute::EmailId(_),
            MessageAttribute::Preview(Some(_)),
            MessageAttribute::BinarySize { size: 3, .. }
        ]
    ));
}

#[test]
fn what_has_no_method_of_its_own_is_asked_by_command() {
    let sort = |client: &mut Client| {
        client.command(Command::Sort(crate::codec::command::Sort {
            uid: true,
            returns: Some(vec![SearchReturn::Count, SearchReturn::Partial(last_hundred())]),
            criteria: vec![SortCriterion { reverse: false, key: SortKey::Arrival }],
            charset: &b"UTF-8"[..],
            keys: everything(),
        }))
    };
    let catenate = |client: &mut Client| {
        let parts = vec![
            CatenatePart::Url(&b"/INBOX;UIDVALIDITY=7/;UID=4/;SECTION=HEADER"[..]),
            CatenatePart::Text(Content::Whole { binary: false, bytes: &b"new text"[..] }),
        ];
        let message =
            NewMessage { flags: None, date: None, extensions: Vec::new(), data: MessageData::Catenate(parts) };
        client.command(Command::Append(Append { mailbox: Mailbox::Inbox, messages: vec![message] }))
    };
    all_of(&[
        row("SORT", sort, "UID SORT RETURN (COUNT PARTIAL -1:-100) (ARRIVAL) UTF-8 ALL")
            .told("* ESEARCH (TAG \"A3\") UID COUNT 7\r\n", [esearch("A3", None, true, vec![EsearchItem::Count(7)])]),
        row("CONTEXT=SEARCH", |client| client.command(Command::CancelUpdate(vec![&b"A2"[..]])), "CANCELUPDATE \"A2\""),
        row(
            "",
            |client| client.uid_search(SearchKeys::new([SearchKey::Filter(&b"on-the-road"[..])]).unwrap()),
            "UID SEARCH FILTER on-the-road",
        ),
        row(
            "",
            |client| {
                client.uid_search(
                    SearchKeys::new([SearchKey::Other { name: &b"X-GM-RAW"[..], argument: Some(&b"has:x y"[..]) }])
                        .unwrap(),
                )
            },
            "UID SEARCH X-GM-RAW \"has:x y\"",
        ),
        row("", |client| client.command(Command::Other { name: "XECHO", arguments: "a (b)" }), "XECHO a (b)")
            .told("* XECHO a (b)\r\n", [Data::Other { number: None, name: s("XECHO"), rest: s("a (b)") }]),
        row("", |client| client.list("", "%"), "LIST \"\" %").told(
            "* LIST (\\HasChildren) \"/\" a\r\n* LIST (\\Noinferiors) NIL b\r\n",
            [
                entry("a", vec![ListAttribute::HasChildren]),
                Data::List(ListEntry {
                    attributes: vec![ListAttribute::NoInferiors],
                    delimiter: None,
                    mailbox: named("b"),
                    extended: Vec::new(),
                }),
            ],
        ),
    ]);
    let mut client = selected(open(), "LITERAL+ CATENATE", 5);
    catenate(&mut client).unwrap();
    assert_eq!(
        wrote(&mut client),
        "A3 APPEND INBOX CATENATE (URL /INBOX;UIDVALIDITY=7/;UID=4/;SECTION=HEADER TEXT {8+}\r\nnew text)\r\n"
    );
}

#[test]
fn codes_of_extensions_are_told() {
    let mut client = selected(open(), "", 5);
    let copy = client.copy(set("1:5"), "b").unwrap();
    let told = says(&mut client, "* OK [INPROGRESS (\"A3\" 3 5)] copying\r\n* NO [ALERT] soon down\r\n");
    let codes: Vec<_> = told
        .iter()
        .map(|event| match event {
            Event::Told(status) => status.code.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(matches!(&codes[..], [Some(Code::InProgress(Some(_))), Some(Code::Alert)]), "{codes:?}");
    let told = says(&mut client, "A3 NO [REFERRAL imap://user;AUTH=*@other/b] moved\r\n");
    assert!(matches!(outcome(&told, copy).code(), Some(Code::Referral(_))));
    let fetch = client.uid_fetch(set("4"), [FetchAttribute::Other(&b"X-GM-MSGID"[..])]).unwrap();
    let told = says(&mut client, "* 1 FETCH (X-GM-MSGID 1278455344230334865 UID 4)\r\nA4 OK\r\n");
    let Event::Fetch { request, data } = &told[0] else { panic!("{told:?}") };
    assert_eq!(*request, Some(fetch));
    let items = data.read().unwrap().items;
    assert!(matches!(&items[..], [MessageAttribute::GmailMessageId(_), MessageAttribute::Uid(_)]), "{items:?}");
}

#[test]
fn notify_tells_of_other_mailboxes() {
    let mut client = logged_in(open(), "NOTIFY");
    let groups = vec![
        EventGroup { mailboxes: MailboxFilter::Selected, events: vec![] },
        EventGroup {
            mailboxes: MailboxFilter::Subtree(vec![Mailbox::new(&b"Lists"[..])]),
            events: vec![NotifyEvent::MessageNew(vec![]), NotifyEvent::MessageExpunge],
        },
    ];
    let notify = client.notify(Notify::Set { status: true, groups }).unwrap();
    assert_eq!(
        wrote(&mut client),
        "A2 NOTIFY SET STATUS (selected NONE) (subtree (Lists) (MessageNew MessageExpunge))\r\n"
    );
    let told = says(&mut client, "* STATUS Lists/a (MESSAGES 5 UIDNEXT 9)\r\nA2 OK done\r\n");
    assert!(outcome(&told, notify).is_ok());
    // From now on it comes unasked.
    let told = says(&mut client, "* STATUS Lists/a (MESSAGES 6 UIDNEXT 10)\r\n");
    let [Event::Data { request: None, data }] = &told[..] else { panic!("{told:?}") };
    assert!(matches!(&**data, Data::Status(status) if status.mailbox.as_bytes() == b"Lists/a"));
    let told = says(&mut client, "* OK [NOTIFICATIONOVERFLOW] too much\r\n* METADATA \"Lists/a\" /shared/comment\r\n");
    let [Event::Told(status), Event::Data { request: None, data }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(status.code, Some(Code::NotificationOverflow));
    assert!(matches!(&**data, Data::Metadata(Metadata { entries: MetadataEntries::Changed(_), .. })));
    client.notify(Notify::<&[u8]>::None).unwrap();
    assert_eq!(wrote(&mut client), "A3 NOTIFY NONE\r\n");
}

#[test]
fn who_we_are_is_told_and_asked() {
    let mut client = logged_in(open(), "ID");
    let id = client.id(Some(&[("name", Some("test")), ("os", None)])).unwrap();
    assert_eq!(wrote(&mut client), "A2 ID (\"name\" \"test\" \"os\" NIL)\r\n");
    let told = says(&mut client, "* ID (\"name\" \"server\")\r\nA2 OK\r\n");
    let [Event::Data { request, data }, Event::Done { .. }] = &told[..] else { panic!("{told:?}") };
    assert_eq!(*request, Some(id));
    assert!(matches!(&**data, Data::Id(Some(fields)) if fields[0].0 == "name"));
    client.id(None).unwrap();
    assert_eq!(wrote(&mut client), "A3 ID NIL\r\n");
    assert!(
        matches!(&says(&mut client, "* ID NIL\r\nA3 OK\r\n")[0], Event::Data { data, .. } if **data == Data::Id(None))
    );
    let too_many = vec![("x", None); 31];
    assert_eq!(client.id(Some(&too_many)), Err(Misuse::TooLong));
}

/// A session of IMAP4rev2 (RFC 9051): its words are others, and names are UTF-8.
#[test]
fn a_session_of_rev2() {
    let mut client = client(open());
    says(&mut client, "* OK [CAPABILITY IMAP4rev1 IMAP4rev2 AUTH=PLAIN SASL-IR] hello\r\n");
    client.login(password()).unwrap();
    assert_eq!(wrote(&mut client), "A1 AUTHENTICATE PLAIN AGFubgBwZW5jaWw=\r\n");
    says(&mut client, "A1 OK [CAPABILITY IMAP4rev1 IMAP4rev2] welcome\r\n");
    assert_eq!(client.mailbox_name("\u{e9}"), "&AOk-");
    client.enable([Capability::Imap4Rev2]).unwrap();
    assert_eq!(wrote(&mut client), "A2 ENABLE IMAP4rev2\r\n");
    says(&mut client, "* ENABLED IMAP4rev2\r\nA2 OK\r\n");
    let name = client.mailbox_name("\u{e9}");
    assert_eq!(name, "\u{e9}");
    // What extensions of rev1 were: part of it. Literals up to 4,096 octets need not wait.
    let select = client.select(&name).unwrap();
    assert_eq!(wrote(&mut client), "A3 SELECT \"\u{e9}\"\r\n");
    let told = says(
        &mut client,
        "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 9] x\r\n* LIST () \"/\" \"\u{e9}\"\r\nA3 OK [READ-WRITE] done\r\n",
    );
    assert!(
        matches!(&told[3], Event::Data { request, data } if *request == Some(select) && matches!(**data, Data::List(_)))
    );
    assert_eq!(client.selected().map(|mailbox| (mailbox.exists, mailbox.recent, mailbox.unseen)), Some((3, 0, None)));
    let search = client.uid_search(SearchKeys::new([SearchKey::Subject("\u{e9}".as_bytes())]).unwrap()).unwrap();
    assert_eq!(wrote(&mut client), "A4 UID SEARCH SUBJECT \"\u{e9}\"\r\n");
    let told = says(&mut client, "* ESEARCH (TAG \"A4\") UID ALL 4:9\r\nA4 OK\r\n");
    assert!(
        matches!(&told[0], Event::Data { request, data } if *request == Some(search) && matches!(**data, Data::Esearch(_)))
    );
    let one_move = client.uid_move(set("4"), "Trash").unwrap();
    let told = says(&mut client, "* OK [COPYUID 7 4 1] x\r\n* 1 EXPUNGE\r\nA5 OK\r\n");
    assert!(outcome(&told, one_move).is_ok());
    client.namespace().unwrap();
    client.idle().unwrap();
    assert_eq!(wrote(&mut client), "A5 UID MOVE 4 Trash\r\nA6 NAMESPACE\r\n");
    says(&mut client, "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\nA6 OK\r\n+ idling\r\n");
    assert_eq!(wrote(&mut client), "A7 IDLE\r\n");
    client.append("a", NewText::new(3)).unwrap();
    says(&mut client, "A7 OK\r\n");
    assert_eq!(wrote(&mut client), "DONE\r\nA8 APPEND a {3+}\r\n");
}
