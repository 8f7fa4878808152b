use super::*;
use crate::codec::{Fetched, MessageAttribute, Streamed as Text};

#[test]
fn items_are_read_when_they_are_asked_for() {
    let mut client = selected(open(), "", 3);
    let fetch = client.fetch(set("2"), [FetchAttribute::Flags, FetchAttribute::Rfc822Size]).unwrap();
    let told = says(&mut client, "* 2 FETCH (FLAGS (\\Seen) RFC822.SIZE 44827 BODY[] {5}\r\nhello)\r\n");
    let [Event::Fetch { request, data }] = &told[..] else { panic!("{told:?}") };
    assert_eq!((*request, data.message()), (Some(fetch), Fetched::Number(number(2))));
    let part = data.read().unwrap();
    assert!(
        matches!(&part.items[..], [MessageAttribute::Flags(_), MessageAttribute::Size(44827), MessageAttribute::Section { data: Some(text), .. }] if &text[..] == b"hello")
    );
    assert_eq!(data.read_shared().unwrap().items.len(), 3);
    assert!(!alloc::format!("{data:?}").contains("hello"));
}

#[test]
fn nonsense_in_one_message_harms_no_other() {
    let mut client = selected(open(), "", 3);
    let told = says(&mut client, "* 2 FETCH (FLAGS nonsense\r\n* 3 FETCH (UID 7)\r\n");
    let [Event::Fetch { data: odd, .. }, Event::Fetch { data, .. }] = &told[..] else { panic!("{told:?}") };
    assert!(odd.read().is_err());
    assert!(data.read().is_ok());
}

#[test]
fn long_texts_come_in_pieces() {
    let mut config = open();
    config.limits.response.stream = 10;
    let mut client = selected(config, "", 3);
    let fetch = client.uid_fetch(set("7:9"), []);
    assert!(fetch.is_err(), "an empty list cannot be said");
    let fetch = client.uid_fetch(set("7:9"), [FetchAttribute::Uid, FetchAttribute::Rfc822]).unwrap();
    let told = says(&mut client, "* 2 FETCH (UID 7 RFC822 {12}\r\nhello");
    let [Event::FetchBegin { request, data, octets: 12 }, Event::FetchChunk { bytes, .. }] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!((*request, &bytes[..]), (Some(fetch), &b"hello"[..]));
    let part = data.read().unwrap();
    assert!(matches!((&part.items[..], part.streamed), ([MessageAttribute::Uid(_)], Some(Text::Rfc822(_)))));
    let told = says(&mut client, "\r\nworld BODY[1] {11}\r\nhello world FLAGS (\\Seen))\r\nA3 OK done\r\n");
    let [
        Event::FetchChunk { bytes, .. },
        Event::FetchBegin { octets: 11, .. },
        Event::FetchChunk { .. },
        Event::FetchEnd { data, .. },
        Event::Done { .. },
    ] = &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!(&bytes[..], b"\r\nworld");
    assert!(matches!(data.read().unwrap().items[..], [MessageAttribute::Flags(_)]));
}

#[test]
fn of_two_requests_that_may_be_meant_none_is() {
    let mut client = selected(open(), "", 9);
    let one = client.uid_fetch(set("1:5"), [FetchAttribute::Flags]).unwrap();
    let two = client.uid_fetch(set("6:9"), [FetchAttribute::Flags]).unwrap();
    let told =
        says(&mut client, "* 1 FETCH (UID 3)\r\n* 7 FETCH (UID 8)\r\n* 8 FETCH (FLAGS ())\r\n* 9 FETCH (UID 90)\r\n");
    let requests: Vec<_> = told
        .iter()
        .map(|event| match event {
            Event::Fetch { request, .. } => *request,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(requests, [Some(one), Some(two), None, None]);
}

#[test]
fn a_change_of_flags_comes_unasked() {
    let mut client = selected(open(), "", 9);
    client.noop().unwrap();
    let told = says(&mut client, "* 1 FETCH (FLAGS (\\Seen))\r\nA3 OK\r\n");
    assert!(matches!(told[..], [Event::Fetch { request: None, .. }, Event::Done { .. }]));
    let fetch = client.fetch(set("2:3"), [FetchAttribute::Flags]).unwrap();
    let told = says(&mut client, "* 1 FETCH (FLAGS (\\Seen))\r\n* 3 FETCH (FLAGS (\\Seen))\r\nA4 OK\r\n");
    let [Event::Fetch { request: None, .. }, Event::Fetch { request, .. }, Event::Done { .. }] = &told[..] else {
        panic!()
    };
    assert_eq!(*request, Some(fetch));
}

#[test]
fn with_uidonly_messages_go_by_their_uids() {
    let mut client = selected(open(), "", 9);
    let fetch = client.uid_fetch(set("25900"), [FetchAttribute::Flags]).unwrap();
    let told = says(&mut client, "* 25900 UIDFETCH (FLAGS (\\Seen))\r\n");
    let [Event::Fetch { request, data }] = &told[..] else { panic!() };
    assert_eq!((*request, data.message()), (Some(fetch), Fetched::Uid(Uid::new(25900).unwrap())));
}
