use super::*;
use crate::codec::{
    AddressField, Capability, Flag, Mailbox, MessageAttribute, ModSeq, SectionText, SeqNo, SequenceSet, Uid, UidSet,
};
use core::num::NonZeroU32;

fn nz(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

fn set(text: &str) -> SequenceSet {
    text.parse().unwrap()
}

/// Lines that are written as they were read, octet for octet.
pub(super) const CANONICAL: &[&str] = &[
    // RFC 3501 §7, RFC 9051 §7
    "* OK IMAP4rev1 server ready\r\n",
    "* OK [ALERT] System shutdown in 10 minutes\r\n",
    "A001 OK LOGIN Completed\r\n",
    "* NO Disk is 98% full, please delete unnecessary data\r\n",
    "A222 NO COPY failed: disk is full\r\n",
    "* BAD Disk crash, attempting salvage to a new disk!\r\n",
    "* PREAUTH IMAP4rev2 server logged in as Smith\r\n",
    "* BYE Autologout; idle for too long\r\n",
    "* CAPABILITY STARTTLS AUTH=GSSAPI IMAP4rev2 LOGINDISABLED XPIG-LATIN\r\n",
    "* LIST (\\Noselect) \"/\" ~/Mail/foo\r\n",
    "* LSUB () \".\" #news.comp.mail.misc\r\n",
    "* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292)\r\n",
    "* SEARCH 2 3 6\r\n",
    "* SEARCH\r\n",
    "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n",
    "* 23 EXISTS\r\n",
    "* 5 RECENT\r\n",
    "* 44 EXPUNGE\r\n",
    "* 23 FETCH (FLAGS (\\Seen) RFC822.SIZE 44827)\r\n",
    "+ Ready for additional command text\r\n",
    "+ \r\n",
    "* 12 FETCH (BODY[HEADER] {2}\r\n\r\n)\r\n",
    "* OK [UNSEEN 17] Message 17 is the first unseen message\r\n",
    "* OK [UIDNEXT 4392] Predicted next UID\r\n",
    "* OK [PERMANENTFLAGS (\\Deleted \\Seen \\*)] Limited\r\n",
    "A142 OK [READ-WRITE] SELECT completed\r\n",
    "* LIST () \"/\" xyzzy (\"OLDNAME\" (plugh))\r\n",
    "* LIST (\\Subscribed \\NonExistent) \"/\" Foo/Baz (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n",
    "* ESEARCH (TAG \"A282\") MIN 2 COUNT 3\r\n",
    "* ESEARCH (TAG \"A285\") UID MIN 7 MAX 3800\r\n",
    "* NAMESPACE ((\"\" \"/\")) ((\"~\" \"/\")) NIL\r\n",
    "* NAMESPACE ((\"\" \"/\" \"X-PARAM\" (\"FLAG1\" \"FLAG2\"))) NIL ((\"#shared/\" \"/\")(\"#public/\" \"/\"))\r\n",
    // RFC 4315
    "A003 OK [APPENDUID 38505 3955] APPEND completed\r\n",
    "A004 OK [COPYUID 38505 304,319:320 3956:3958] Done\r\n",
    "* OK [UIDNOTSTICKY] no\r\n",
    // RFC 5530
    "a NO [AUTHENTICATIONFAILED] Authentication failed\r\n",
    "a NO [OVERQUOTA] Sorry\r\n",
    // RFC 7162
    "* OK [HIGHESTMODSEQ 715194045007] x\r\n",
    "* OK [NOMODSEQ] Sorry, this mailbox format doesn't support modsequences\r\n",
    "d105 OK [MODIFIED 7,9] Conditional STORE failed\r\n",
    "* 50 FETCH (MODSEQ (12111230048))\r\n",
    "* SEARCH 2 5 6 7 11 12 18 19 20 23 (MODSEQ 917162500)\r\n",
    "* SORT 2 3 6 (MODSEQ 5)\r\n",
    "* VANISHED (EARLIER) 41,43:116,118,120:211,214:540\r\n",
    "* VANISHED 405,407,410,425\r\n",
    "* ESEARCH (TAG \"a\") ALL 1:3,5 MODSEQ 1236\r\n",
    "* STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292 HIGHESTMODSEQ 7011231777)\r\n",
    "* OK [CLOSED] Previous mailbox closed\r\n",
    // RFC 5256
    "* SORT 2 84 882\r\n",
    "* THREAD (166)(167)(168)(169)(172)(170)(171)(173)(174 (175)(176)(178)(181)(180))(179)\r\n",
    "* THREAD ((3)(5))(7)\r\n",
    // RFC 5267, RFC 9394, RFC 7377, RFC 6203
    "* ESEARCH (TAG \"B01\") UID ADDTO (0 32768:32769)\r\n",
    "* ESEARCH (TAG \"C01\") UID REMOVEFROM (0 32768)\r\n",
    "* ESEARCH (TAG \"A01\") UID PARTIAL (-1:-100 200:250,252:300)\r\n",
    "* ESEARCH (TAG \"A04\") UID PARTIAL (23500:24000 NIL)\r\n",
    "* ESEARCH (TAG \"tag1\" MAILBOX folder1 UIDVALIDITY 1) UID ALL 4001,4003,4005,4007,4009\r\n",
    "* ESEARCH (TAG \"a\") ALL 1,5,10 RELEVANCY (4 99 42)\r\n",
    "* NO [NOUPDATE \"B02\"] Too many contexts\r\n",
    // RFC 5182, RFC 5464, RFC 5465, RFC 4978, RFC 4469, RFC 6154, RFC 8474, RFC 9585, RFC 9586, RFC 9738
    "a NO [NOTSAVED] not\r\n",
    "* METADATA \"\" (/shared/comment \"Shared comment\")\r\n",
    "* METADATA INBOX (/private/comment NIL)\r\n",
    "* METADATA \"\" /shared/comment /private/x\r\n",
    "a OK [METADATA LONGENTRIES 2199] GETMETADATA complete\r\n",
    "a NO [METADATA MAXSIZE 1024] too large\r\n",
    "a NO [METADATA TOOMANY] too many\r\n",
    "a NO [METADATA NOPRIVATE] no\r\n",
    "* OK [NOTIFICATIONOVERFLOW] no more\r\n",
    "a NO [BADEVENT (MessageNew MessageExpunge)] no\r\n",
    "a NO [COMPRESSIONACTIVE] DEFLATE active via TLS\r\n",
    "a NO [BADURL /INBOX;UIDVALIDITY=785799047/;UID=113330] failed\r\n",
    "a NO [USEATTR] An \\Important mailbox already exists\r\n",
    "3 OK [MAILBOXID (F2212ea87-6097-4256-9d51-71338625)] Completed\r\n",
    "* STATUS foo (MAILBOXID (F2212ea87))\r\n",
    "* 1 FETCH (EMAILID (M6d99ac3275bb4e) THREADID (T64b478a75b7ea9))\r\n",
    "* 1 FETCH (THREADID NIL)\r\n",
    "* OK [INPROGRESS (\"tag1\" 454 1000)] Processing\r\n",
    "* OK [INPROGRESS (NIL 454 NIL)] Processing\r\n",
    "* OK [INPROGRESS] Processing\r\n",
    "a BAD [UIDREQUIRED] Message numbers are not allowed\r\n",
    "* 25900 UIDFETCH (FLAGS (\\Seen))\r\n",
    "d NO [MESSAGELIMIT 1000 23221] too many\r\n",
    "d OK [MESSAGELIMIT 1000] less\r\n",
    "* 1 FETCH (SAVEDATE NIL)\r\n",
    "* 1 FETCH (PREVIEW \"Preview text!\" PREVIEW NIL)\r\n",
    // RFC 9208, RFC 4314, RFC 5255, RFC 2971, RFC 5161, RFC 7889
    "* QUOTA \"\" (STORAGE 10 512)\r\n",
    "* QUOTA \"#user/alice\" (MESSAGE 42 1000 MAILBOX 1 2 ANNOTATION-STORAGE 0 5 X-MINE 1 2)\r\n",
    "* QUOTAROOT INBOX \"\"\r\n",
    "* QUOTAROOT comp.mail.mime\r\n",
    "* STATUS INBOX (DELETED 4 DELETED-STORAGE 8 SIZE 44421)\r\n",
    "* STATUS INBOX (APPENDLIMIT NIL APPENDLIMIT 257890)\r\n",
    "* ACL INBOX Fred rwipslda test rwipslda -bill lrs\r\n",
    "* LISTRIGHTS ~/Mail/saved smith la r swicdkxte\r\n",
    "* MYRIGHTS INBOX rwiptsldaex\r\n",
    "* LANGUAGE (\"EN\" \"DE\" \"i-default\")\r\n",
    "* COMPARATOR \"i;basic\"\r\n",
    "* COMPARATOR \"i;basic\" (\"i;ascii-casemap\" \"i;octet\")\r\n",
    "* ID NIL\r\n",
    "* ID (\"name\" \"Cyrus\" \"version\" NIL)\r\n",
    "* ENABLED CONDSTORE X-GOOD-IDEA\r\n",
    // RFC 3516 and the rest of FETCH
    "* 2 FETCH (BINARY[1] {3}\r\nabc BINARY[2.1]<0> ~{2}\r\na\0 BINARY.SIZE[4] 5 BINARY[] NIL)\r\n",
    "a NO [UNKNOWN-CTE] what is this\r\n",
    "* 1 FETCH (BODY[1.2.MIME] {0}\r\n BODY[TEXT]<0> NIL BODY[3.HEADER.FIELDS.NOT (Date From)] {4}\r\n\r\n\r\n)\r\n",
    "* 1 FETCH (RFC822 {2}\r\nab RFC822.HEADER NIL RFC822.TEXT {0}\r\n)\r\n",
    "* 1 FETCH (INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" SAVEDATE \" 1-Jan-2020 00:00:00 +0000\")\r\n",
    "* 1 FETCH (X-GM-MSGID 1278455344230334865 X-GM-THRID 1 X-GM-LABELS (\"\\\\Inbox\" \"Muy Importante\"))\r\n",
    "* 12 FETCH (BODY (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3028 92))\r\n",
    // Not known
    "* FOO bar (baz \"q\\\"\" {3}\r\na\r\n {1}\r\nx)\r\n",
    "* 7 FROB\r\n",
    "* OK [X-CODE some text] x\r\n",
    "* 1 FETCH (X-ITEM (a (b)) BODY[1.X (y)]<0> \"z\" UID 4)\r\n",
    "* STATUS INBOX (X-NEW (1 2))\r\n",
    "* ESEARCH (TAG \"a\") X-NEW (1 2)\r\n",
    "* LIST (\\X-Odd) NIL INBOX (\"X-TAG\" (a b))\r\n",
];

#[test]
fn what_the_rfcs_show_is_read_and_written_as_it_is() {
    for line in CANONICAL {
        assert_eq!(written(&parse(line)), *line);
        let shared = Bytes::copy_from_slice(line.as_bytes());
        assert_eq!(written(&Response::parse_shared(&shared).unwrap()), *line);
        assert!(!matches!(parse(&line.trim_end().to_lowercase()), Response::Tagged { tag, .. } if tag.is_empty()));
    }
}

#[test]
fn conditions_and_codes() {
    let Response::Tagged { tag, status } = parse("A1 no [tryCreate] no such mailbox") else { panic!() };
    assert_eq!((tag, status), (text("A1"), Status::with_code(Condition::No, Code::TryCreate, text("no such mailbox"))));
    assert_eq!(code("* OK [UIDVALIDITY 3857529045] UIDs valid"), Code::UidValidity(nz(3857529045)));
    assert_eq!(code("* OK [UIDNEXT 1]"), Code::UidNext(Uid::MIN));
    assert_eq!(code("a NO [BADCHARSET] x"), Code::BadCharset(Vec::new()));
    assert_eq!(
        code("a NO [BADCHARSET (UTF-8 \"US ASCII\")] x"),
        Code::BadCharset([text("UTF-8"), text("US ASCII")].into())
    );
    let all = [Capability::Imap4Rev1, Capability::Auth(text("PLAIN")), Capability::Other(text("XPIG"))];
    assert_eq!(code("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN XPIG] hi"), Code::Capability(all.into()));
    assert_eq!(
        data("* CAPABILITY IMAP4rev1 AUTH=PLAIN XPIG"),
        Data::Capability(code_capabilities(code("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN XPIG]")))
    );
    let copied = Code::CopyUid { uid_validity: nz(7), from: set("5,3"), to: set("10:11") };
    assert_eq!(code("a OK [COPYUID 7 5,3 10:11] done"), copied);
    let progress = Progress { tag: Some(text("t")), done: Some(1), goal: None };
    assert_eq!(code("* OK [INPROGRESS (\"t\" 1 NIL)]"), Code::InProgress(Some(progress)));
    assert_eq!(code("* NO [REFERRAL imap://user@host/x] y"), Code::Referral(text("imap://user@host/x")));
    assert_eq!(code("a NO [UNDEFINED-FILTER on-the-road] y"), Code::UndefinedFilter(text("on-the-road")));
    assert_eq!(code("* OK [HIGHESTMODSEQ 9223372036854775807]"), Code::HighestModSeq(ModSeq::MAX));
}

fn code_capabilities(code: Code<Cow<'_, [u8]>>) -> Vec<Capability<Cow<'_, [u8]>>> {
    match code {
        Code::Capability(all) => all,
        other => panic!("{other:?}"),
    }
}

#[test]
fn mailboxes_and_messages() {
    let entry = ListEntry {
        attributes: [ListAttribute::HasNoChildren, ListAttribute::Sent].into(),
        delimiter: Some(b'\\'),
        mailbox: Mailbox::Name(text("Sent Mail")),
        extended: Vec::new(),
    };
    assert_eq!(data("* LIST (\\hasnochildren \\SENT) \"\\\\\" \"Sent Mail\""), Data::List(entry));
    assert!(matches!(
        data("* LSUB () NIL inbox"),
        Data::Lsub(ListEntry { mailbox: Mailbox::Inbox, delimiter: None, .. })
    ));
    assert_eq!(
        data("* VANISHED (EARLIER) 300:310,405"),
        Data::Vanished { earlier: true, uids: "300:310,405".parse::<UidSet>().unwrap() }
    );
    let result = SearchResult { numbers: [2, 84, 4294967295].map(nz).into(), mod_seq: ModSeq::new(917162500) };
    assert_eq!(data("* SEARCH 2 84 4294967295 (MODSEQ 917162500)"), Data::Search(result));
    assert_eq!(data("* 0 EXISTS"), Data::Exists(0));
    assert_eq!(data("* 3 EXPUNGE"), Data::Expunge(SeqNo::new(3).unwrap()));
    let Data::Esearch(found) = data("* ESEARCH (TAG \"h\") UID COUNT 5 ALL 9:7,3 PARTIAL (1:3 9:7)") else { panic!() };
    assert!(found.uid && found.correlator.as_ref().is_some_and(|one| one.tag == text("h")));
    let range = PartialRange { first: nz(1), last: nz(3), from_end: false };
    let expected = [
        EsearchItem::Count(5),
        EsearchItem::All(set("9:7,3")),
        EsearchItem::Partial { range, numbers: Some(set("9:7")) },
    ];
    assert_eq!(found.results, expected);
}

const ENVELOPE: &str = "* 12 FETCH (ENVELOPE (\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev2 WG mtg summary and minutes\" \
    ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) \
    ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((NIL NIL \"imap\" \"cac.washington.edu\")) \
    ((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL \
    \"<B27397-0100000@cac.washington.ed>\"))\r\n";

#[test]
fn an_envelope() {
    let items = items(ENVELOPE);
    let [MessageAttribute::Envelope(envelope)] = &items[..] else { panic!() };
    assert_eq!(envelope.subject, Some(text("IMAP4rev2 WG mtg summary and minutes")));
    assert_eq!(envelope.message_id, Some(text("<B27397-0100000@cac.washington.ed>")));
    for field in [AddressField::From, AddressField::Sender, AddressField::ReplyTo] {
        assert_eq!(envelope.addresses(field)[0].mailbox, Some(text("gray")));
    }
    assert_eq!(envelope.addresses(AddressField::To)[0].host, Some(text("cac.washington.edu")));
    assert_eq!(envelope.addresses(AddressField::Cc)[1].name, Some(text("John Klensin")));
    assert!(envelope.addresses(AddressField::Bcc).is_empty());
    assert_eq!(written(&parse(ENVELOPE)), ENVELOPE);
}

const STRUCTURE: &str = "* 1 FETCH (BODYSTRUCTURE ((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"UTF-8\" \"FORMAT\" \"flowed\") NIL NIL \"8BIT\" 1152 23 NIL NIL NIL NIL)\
    (\"MESSAGE\" \"RFC822\" NIL \"<id@x>\" NIL \"7BIT\" 3000 (NIL \"inner\" NIL NIL NIL NIL NIL NIL NIL NIL) \
    ((\"TEXT\" \"HTML\" NIL NIL NIL \"QUOTED-PRINTABLE\" 1 2 NIL NIL NIL NIL)\
    (\"IMAGE\" \"PNG\" (\"NAME\" \"a.png\") NIL \"a picture\" \"BASE64\" 4554 \"md5=\" (\"ATTACHMENT\" (\"FILENAME\" \"a.png\")) (\"EN\" \"DE\") \"loc\") \
    \"ALTERNATIVE\" (\"BOUNDARY\" \"in\") NIL NIL NIL) 80 NIL (\"INLINE\" NIL) \"EN\" NIL) \
    \"MIXED\" (\"BOUNDARY\" \"out\") NIL NIL NIL))\r\n";

#[test]
fn a_body_structure() {
    let items = items(STRUCTURE);
    let [MessageAttribute::BodyStructure(structure)] = &items[..] else { panic!() };
    let part = |numbers: &[u32]| structure.find(&numbers.iter().map(|number| nz(*number)).collect::<Vec<_>>());
    let subtype = |numbers: &[u32]| part(numbers).map(|part| String::from_utf8(part.subtype.to_vec()).unwrap());
    assert_eq!(structure.parts().map(|part| part.children().count()).collect::<Vec<_>>(), [2, 0, 1, 2, 0, 0]);
    assert_eq!(subtype(&[]).as_deref(), Some("MIXED"));
    assert_eq!(subtype(&[1]).as_deref(), Some("PLAIN"));
    assert_eq!(subtype(&[2]).as_deref(), Some("RFC822"));
    assert_eq!(subtype(&[2, 1]).as_deref(), Some("HTML"));
    assert_eq!(subtype(&[2, 2]).as_deref(), Some("PNG"));
    assert_eq!((subtype(&[3]), subtype(&[1, 1]), subtype(&[2, 2, 1])), (None, None, None));
    let picture = part(&[2, 2]).unwrap();
    assert_eq!(picture.parameters().value(b"name"), Some(&text("a.png")));
    assert_eq!(picture.disposition_parameters().iter().collect::<Vec<_>>(), [(&text("FILENAME"), &text("a.png"))]);
    assert_eq!((picture.languages(), &picture.location), (&[text("EN"), text("DE")][..], &Some(text("loc"))));
    assert_eq!(picture.parent().and_then(|inner| inner.parent()).map(|message| message.lines), Some(Some(80)));
    assert_eq!(part(&[2]).unwrap().envelope.as_ref().unwrap().subject, Some(text("inner")));
    assert_eq!(written(&parse(STRUCTURE)), STRUCTURE);
}

#[test]
fn a_message_that_is_no_multipart_has_part_1() {
    let line = "* 1 FETCH (BODY (\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 9 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 5 1) 4))";
    let items = items(line);
    let [MessageAttribute::Body(structure)] = &items[..] else { panic!() };
    assert_eq!(structure.find(&[nz(1)]).map(|part| part.index()), Some(0));
    assert_eq!(structure.find(&[nz(1), nz(1)]).map(|part| part.index()), Some(1));
    assert_eq!(structure.find(&[nz(1), nz(2)]).map(|part| part.index()), None);
    assert_eq!(structure.find(&[nz(2)]).map(|part| part.index()), None);
}

#[test]
fn flags_keep_what_they_are() {
    let items = items("* 1 FETCH (FLAGS (\\seen $Forwarded \\X) UID 9)");
    let [MessageAttribute::Flags(flags), MessageAttribute::Uid(uid)] = &items[..] else { panic!() };
    assert!(flags.iter().eq([Flag::Seen, Flag::Keyword(&b"$Forwarded"[..]), Flag::Other(b"X")]));
    assert_eq!(uid.get(), 9);
}

#[test]
fn sections() {
    let items = items("* 1 FETCH (body[2.header.fields (DATE \"From\")]<3> \"x\")");
    let [MessageAttribute::Section { section, origin: Some(3), data: Some(data) }] = &items[..] else { panic!() };
    assert_eq!(section.part, [nz(2)]);
    assert_eq!(section.text, Some(SectionText::HeaderFields([text("DATE"), text("From")].into())));
    assert_eq!(data, &text("x"));
}
