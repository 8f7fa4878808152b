use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::convert::Infallible;

use bytes::Bytes;

use crate::codec::command::Command;
use crate::codec::{Date, DateTime, Flag, ModSeq, SearchKey, SearchKeys, SeqNo, TaggedCommand, Uid, UidSet};
use crate::message::*;

const RAW: &str = "Date: Wed, 17 Jul 1996 23:23:25 -0700\r\nFrom: =?utf-8?Q?J=C3=B6rg?= <joerg@example.org>\r\n\
    Subject: =?iso-8859-1?Q?Gr=FC=DFe?=\r\n  aus\tK=?utf-8?B?w7ZsbiA=?=\r\nTo: Undisclosed recipients:;\r\nX-Spam: no\r\nX-Empty:\r\n\
    Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Transfer-Encoding: base64\r\n\r\nZWluIHNjaMO2bmVyIFRhZw==\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inside\r\n\r\n\
    deep text\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\nhidden\r\n--b--\r\n";

fn keys(text: &str) -> SearchKeys<Cow<'static, [u8]>> {
    let line = alloc::format!("a SEARCH {text}");
    let command = TaggedCommand::parse(line.as_bytes()).unwrap();
    let Command::Search(search) = command.command else { panic!("{text}") };
    search.keys.map_text(&mut |text| Cow::Owned(text.into_owned()))
}

/// Whether a search finds the message above, and whether it was opened.
fn asked(text: &str, with_summary: bool) -> (bool, bool) {
    let came = DateTime::new(Date::new(1996, 7, 18).unwrap(), 1, 0, 0, 120).unwrap();
    let summary = Summary::of(&Message::parse(RAW.as_bytes(), &Limits::default()), came);
    let saved: UidSet = [Uid::new(42).unwrap()..=Uid::new(50).unwrap()].into_iter().collect();
    let setting = Setting {
        now: came.unix() + 100,
        last_number: SeqNo::new(9).unwrap(),
        last_uid: Uid::new(60).unwrap(),
        saved: Some(&saved),
        has_save_dates: true,
        limits: &Limits::default(),
    };
    let flags = [Flag::Seen, Flag::Keyword(&b"$Work"[..])];
    let facts = Facts {
        number: SeqNo::new(3).unwrap(),
        uid: Uid::new(42).unwrap(),
        has_flag: &|flag| flags.iter().any(|own| own.is_same(flag)),
        internal_date: came,
        save_date: DateTime::from_unix(came.unix() + 86_400, 0),
        size: RAW.len() as u64,
        mod_seq: ModSeq::new(7),
        email_id: Some(b"M1"),
        thread_id: None,
        summary: with_summary.then_some(&summary),
    };
    let query = Query::new(keys(text), None).unwrap();
    let mut opened = false;
    let found = query.finds(&setting, &facts, || {
        opened = true;
        Ok::<_, Infallible>(Bytes::from_static(RAW.as_bytes()))
    });
    let Ok(found) = found;
    (found, opened)
}

#[test]
fn keys_that_hold() {
    for text in [
        "ALL",
        "SEEN",
        "NOT UNSEEN",
        "OLD",
        "UNDELETED UNDRAFT UNFLAGGED UNANSWERED",
        "KEYWORD $WORK",
        "UNKEYWORD x",
        "3",
        "2:5",
        "UID 40:*",
        "$",
        "UID $",
        "BEFORE 19-Jul-1996",
        "ON 18-Jul-1996",
        "SINCE 18-Jul-1996",
        "SENTON 17-Jul-1996",
        "SENTBEFORE 18-Jul-1996",
        "SENTSINCE 17-Jul-1996",
        "SAVEDON 18-Jul-1996",
        "SAVEDATESUPPORTED",
        "LARGER 10",
        "SMALLER 10000",
        "OLDER 100",
        "YOUNGER 100",
        "MODSEQ 7",
        "EMAILID M1",
        "FROM joerg@example",
        "FROM \"JO\u{308}RG <joerg\"",
        "SUBJECT \"gr\u{fc}\u{df}e\"",
        "SUBJECT AUS",
        "SUBJECT \"k\u{f6}ln\"",
        "TO undisclosed",
        "HEADER x-spam NO",
        "HEADER X-Empty \"\"",
        "HEADER Subject gr",
        "BODY \"SCH\u{d6}NER tag\"",
        "BODY inside",
        "BODY deep",
        "TEXT spam",
        "TEXT tag",
        "OR SEEN DELETED",
        "FUZZY SEEN",
        "(SEEN (OLD))",
        "FROM \"\"",
    ] {
        assert_eq!(asked(text, false), (true, asked(text, false).1), "{text}");
        assert!(asked(text, true).0, "{text}");
    }
}

#[test]
fn keys_that_do_not_hold() {
    for text in [
        "NOT ALL",
        "UNSEEN",
        "NEW",
        "RECENT",
        "DELETED",
        "KEYWORD x",
        "4:5",
        "UID 43:*",
        "BEFORE 18-Jul-1996",
        "ON 17-Jul-1996",
        "SENTON 18-Jul-1996",
        "SENTBEFORE 17-Jul-1996",
        "SENTSINCE 18-Jul-1996",
        "SAVEDBEFORE 18-Jul-1996",
        "LARGER 10000",
        "OLDER 101",
        "YOUNGER 99",
        "MODSEQ 8",
        "EMAILID m1",
        "THREADID T1",
        "FROM zoe",
        "CC \"\"",
        "BCC a",
        "SUBJECT inside",
        "HEADER x-spam yes",
        "HEADER x-none \"\"",
        "BODY hidden",
        "BODY spam",
        "TEXT zwlu",
        "SEEN DELETED",
    ] {
        assert!(!asked(text, false).0, "{text}");
        assert!(!asked(text, true).0, "{text}");
    }
}

#[test]
fn a_message_is_opened_only_if_it_matters() {
    assert!(!asked("SEEN UID 42 ON 18-Jul-1996", false).1);
    assert!(!asked("FROM joerg SUBJECT gr SENTON 17-Jul-1996", true).1);
    assert!(asked("FROM joerg", false).1);
    // Whichever stands first.
    assert!(!asked("DELETED BODY x", true).1);
    assert!(!asked("BODY x NOT (OR SEEN TEXT y) OR FROM nobody DELETED", true).1);
    assert!(asked("OR BODY deep DELETED (SEEN) UID 42", true).0);
    assert!(asked("BODY x", true).1);
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let of = |key: SearchKey<&'static str>, charset: Option<&[u8]>| {
        Query::new(SearchKeys::new([key]).unwrap(), charset).map(|query| query.opens_messages())
    };
    assert_eq!(of(SearchKey::Filter("x"), None).unwrap_err(), BadQuery::UnknownKey);
    assert_eq!(of(SearchKey::Body("x"), Some(b"x-klingon")).unwrap_err(), BadQuery::Charset);
    assert_eq!(of(SearchKey::Body("x"), Some(b"ISO-8859-1")), Ok(true));
    assert_eq!(of(SearchKey::From("x"), Some(b"UTF-8")), Ok(false));
}

#[test]
fn a_message_that_cannot_be_opened_is_an_error() {
    let came = DateTime::from_unix(0, 0).unwrap();
    let limits = Limits::default();
    let one = SeqNo::MIN;
    let setting =
        Setting { now: 0, last_number: one, last_uid: Uid::MIN, saved: None, has_save_dates: false, limits: &limits };
    let facts = Facts {
        number: one,
        uid: Uid::MIN,
        has_flag: &|_| false,
        internal_date: came,
        save_date: None,
        size: 0,
        mod_seq: None,
        email_id: None,
        thread_id: None,
        summary: None,
    };
    let query = Query::new(keys("NOT BODY x"), None).unwrap();
    assert_eq!(query.finds(&setting, &facts, || Err("gone")), Err("gone"));
    let mut tries: Vec<bool> = Vec::new();
    let query = Query::new(keys("OR BODY x OR TEXT y FROM z"), None).unwrap();
    assert!(
        query
            .finds(&setting, &facts, || {
                tries.push(true);
                Err("gone")
            })
            .is_err()
    );
    assert_eq!(tries.len(), 1);
}
