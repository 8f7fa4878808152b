use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::num::NonZeroU32;

use proptest::prelude::*;

use crate::codec::command::{SortCriterion, SortKey};
use crate::codec::{Data, DateTime, Encoder, Response, Threads};
use crate::message::*;

/// Messages with a subject, an identifier and references, one second apart, in the order of the mailbox.
fn mailbox(messages: &[(&str, &str, &str)]) -> Vec<Summary> {
    let of = |(place, (subject, id, references)): (usize, &(&str, &str, &str))| {
        let references: String = references.split_whitespace().map(|id| format!("<{id}@x> ")).collect();
        let raw = format!("Subject: {subject}\r\nMessage-ID: <{id}@x>\r\nReferences: {references}\r\n\r\n");
        let came = DateTime::from_unix(1000 + place as i64, 0).unwrap();
        Summary::of(&Message::parse(raw.as_bytes(), &Limits::default()), came)
    };
    messages.iter().enumerate().map(of).collect()
}

fn numbered(summaries: &[Summary]) -> impl Iterator<Item = (NonZeroU32, &Summary)> {
    summaries.iter().enumerate().map(|(place, summary)| (NonZeroU32::new(place as u32 + 1).unwrap(), summary))
}

fn written(threads: Threads) -> String {
    let mut wire = Vec::new();
    Encoder::server().encode(&Response::Data(Data::<&[u8]>::Thread(threads)), &mut wire).unwrap();
    String::from_utf8(wire).unwrap().trim_start_matches("* THREAD").trim().to_string()
}

fn threads(threading: Threading, messages: &[(&str, &str, &str)]) -> String {
    written(thread(threading, numbered(&mailbox(messages))))
}

#[test]
fn references_make_trees() {
    // The shape of the second thread in RFC 5256 §4: (3 6 (4 23)(44 7 96)).
    let messages = [
        ("s", "1", ""),
        ("s", "2", "1"),
        ("s", "3", "1 2"),
        ("s", "4", "1 2"),
        ("s", "5", "1 2 3"),
        ("s", "6", "1 2 4"),
    ];
    assert_eq!(threads(Threading::References, &messages), "(1 2 (3 5)(4 6))");
    assert_eq!(threads(Threading::References, &[("a", "1", ""), ("b", "2", "")]), "(1)(2)");
    assert_eq!(threads(Threading::References, &[]), "");
}

#[test]
fn what_is_not_there_is_pruned() {
    // Two answers to a message that is not there: "((3)(5))" of RFC 5256 §4.
    assert_eq!(threads(Threading::References, &[("a", "1", "9"), ("b", "2", "9")]), "((1)(2))");
    assert_eq!(threads(Threading::References, &[("a", "1", "9")]), "(1)");
    assert_eq!(threads(Threading::References, &[("a", "1", "7 8 9"), ("b", "2", "7")]), "((1)(2))");
    // Between two messages nothing is left of it.
    assert_eq!(threads(Threading::References, &[("a", "1", ""), ("b", "2", "1 8 9"), ("c", "3", "1 8")]), "(1 (2)(3))");
}

#[test]
fn circles_and_doubles_are_passed_over() {
    assert_eq!(threads(Threading::Refs, &[("a", "1", "1")]), "(1)");
    assert_eq!(threads(Threading::Refs, &[("a", "1", "2"), ("b", "2", "1")]), "(2 1)");
    assert_eq!(threads(Threading::Refs, &[("a", "1", ""), ("b", "1", ""), ("c", "3", "1")]), "(2)(1 3)");
    assert_eq!(threads(Threading::Refs, &[("a", "1", "2 3 2 3"), ("b", "3", "1")]).matches('1').count(), 1);
}

#[test]
fn base_subjects_join_threads() {
    // A reply comes under the message, even if it came before it.
    assert_eq!(threads(Threading::References, &[("Re: s", "1", ""), ("s", "2", "")]), "(2 1)");
    assert_eq!(
        threads(Threading::References, &[("s", "1", ""), ("Re: S", "2", ""), ("fwd: s", "3", "")]),
        "(1 (2)(3))"
    );
    // Two that are no replies, or two replies, stand beside each other.
    assert_eq!(threads(Threading::References, &[("s", "1", ""), ("s", "2", ""), ("s", "3", "")]), "((1)(2)(3))");
    assert_eq!(threads(Threading::References, &[("Re: s", "1", ""), ("Re: s", "2", "")]), "((1)(2))");
    // Answers to what is not there are joined with others of the subject.
    let messages = [("s", "1", "8"), ("s", "2", "8"), ("s", "3", "9"), ("s", "4", "9"), ("Re: s", "5", "")];
    assert_eq!(threads(Threading::References, &messages), "((1)(2)(3)(4)(5))");
    // No subject joins nothing.
    assert_eq!(threads(Threading::References, &[("", "1", ""), ("Re:", "2", "")]), "(1)(2)");
    assert_eq!(threads(Threading::Refs, &[("Re: s", "1", ""), ("s", "2", "")]), "(1)(2)");
}

#[test]
fn subjects_make_flat_threads() {
    let messages = [("b", "1", ""), ("a", "2", ""), ("Re: B", "3", ""), ("fwd: b", "4", ""), ("c", "5", "")];
    assert_eq!(threads(Threading::OrderedSubject, &messages), "(1 (3)(4))(2)(5)");
}

#[test]
fn refs_puts_the_latest_arrival_last() {
    assert_eq!(threads(Threading::Refs, &[("a", "1", ""), ("b", "2", ""), ("c", "3", "1")]), "(2)(1 3)");
}

#[test]
fn h41_deep_and_wide_threads() {
    const COUNT: u32 = 20_000;
    let chain: Vec<(String, String)> =
        (0..COUNT).map(|id| (id.to_string(), id.checked_sub(1).map_or(String::new(), |id| id.to_string()))).collect();
    let chain: Vec<_> = chain.iter().map(|(id, before)| ("s", id.as_str(), before.as_str())).collect();
    let threads = thread(Threading::References, numbered(&mailbox(&chain)));
    assert_eq!(threads.nodes().last().map(|node| node.depth), Some(COUNT - 1));
    // The same backwards, all of one subject, and all answering the same.
    let reversed: Vec<_> = chain.iter().rev().copied().collect();
    assert_eq!(thread(Threading::References, numbered(&mailbox(&reversed))).nodes().len(), COUNT as usize);
    let lone: Vec<_> = chain.iter().map(|(subject, id, _)| (*subject, *id, "")).collect();
    assert_eq!(thread(Threading::References, numbered(&mailbox(&lone))).threads().count(), 1);
    let wide: Vec<_> = chain.iter().map(|(subject, id, _)| (*subject, *id, "gone")).collect();
    assert_eq!(thread(Threading::References, numbered(&mailbox(&wide))).nodes().len(), COUNT as usize + 1);
}

fn sorted(keys: &[(bool, SortKey<&'static str>)], headers: &[&str]) -> Vec<u32> {
    let summaries: Vec<Summary> = headers
        .iter()
        .enumerate()
        .map(|(place, header)| {
            let raw = header.replace('|', "\r\n") + "\r\n\r\n";
            let came = DateTime::from_unix(1_000_000 - place as i64, 0).unwrap();
            Summary::of(&Message::parse(raw.as_bytes(), &Limits::default()), came)
        })
        .collect();
    let criteria: Vec<_> = keys.iter().map(|(reverse, key)| SortCriterion { reverse: *reverse, key: *key }).collect();
    sort(&criteria, numbered(&summaries)).into_iter().map(NonZeroU32::get).collect()
}

#[test]
fn messages_are_sorted() {
    let headers = [
        "Subject: Re: b|From: zoe@x|Date: 3 Jan 2000 00:00:00 +0000",
        "Subject: A|From: \"\u{c1}da\" <y@x>|Date: 3 Jan 2000 00:30:00 +0100",
        "Subject: [x] b|From: ABC <x@x>, a@x|Date: no",
        "From: x:;|Subject: \u{e1}|Cc: a@b|To: =?utf-8?Q?=C3=A9?= <z@x>",
    ];
    assert_eq!(sorted(&[(false, SortKey::Subject)], &headers), [2, 4, 1, 3]);
    assert_eq!(sorted(&[(true, SortKey::Subject)], &headers), [1, 3, 4, 2]);
    assert_eq!(sorted(&[(false, SortKey::Arrival)], &headers), [4, 3, 2, 1]);
    assert_eq!(sorted(&[(false, SortKey::Date)], &headers), [4, 3, 2, 1]);
    assert_eq!(sorted(&[(false, SortKey::From)], &headers), [3, 4, 2, 1]);
    assert_eq!(sorted(&[(false, SortKey::DisplayFrom)], &headers), [3, 2, 4, 1]);
    assert_eq!(sorted(&[(false, SortKey::Cc), (true, SortKey::Arrival)], &headers), [1, 2, 3, 4]);
    assert_eq!(sorted(&[(true, SortKey::Size)], &headers).len(), 4);
    assert_eq!(sorted(&[(false, SortKey::Relevancy)], &headers), [1, 2, 3, 4]);
    assert_eq!(sorted(&[], &headers), [1, 2, 3, 4]);
    assert_eq!(sorted(&[(true, SortKey::Arrival); 5000], &headers), [1, 2, 3, 4]);
}

proptest! {
    #[test]
    fn each_message_is_in_one_place(messages in proptest::collection::vec((0usize..3, 0u32..8, proptest::collection::vec(0u32..12, 0..4)), 0..12)) {
        let subjects = ["a", "Re: a", ""];
        let texts: Vec<(&str, String, String)> = messages
            .iter()
            .map(|(subject, id, references)| {
                let references: String = references.iter().map(|id| format!("{id} ")).collect();
                (subjects[*subject], id.to_string(), references)
            })
            .collect();
        let texts: Vec<_> = texts.iter().map(|(subject, id, references)| (*subject, id.as_str(), references.as_str())).collect();
        let summaries = mailbox(&texts);
        for threading in [Threading::OrderedSubject, Threading::References, Threading::Refs] {
            let threads = thread(threading, numbered(&summaries));
            let mut numbers: Vec<u32> = threads.nodes().iter().filter_map(|node| node.number).map(NonZeroU32::get).collect();
            numbers.sort_unstable();
            prop_assert_eq!(numbers, (1..=messages.len() as u32).collect::<Vec<_>>());
            for thread in threads.threads() {
                // What is not there stands at the top, with more than one answer.
                let (absent, rest) = thread.split_first().unwrap();
                prop_assert!(rest.iter().all(|node| node.number.is_some()));
                prop_assert!(absent.number.is_some() || rest.iter().filter(|node| node.depth == 1).count() > 1);
            }
            written(threads);
        }
    }
}
