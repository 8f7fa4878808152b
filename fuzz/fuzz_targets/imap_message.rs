//! Anything at all as a message of a mailbox: its envelope, structure, sections, summary and preview, and what is searched, sorted and threaded by
//! them. The first line are the keys of a search; octet 0x1e stands between messages.
//!
//! No panic; structure and sections agree; what is told is written and read back to the same; a search finds the same with and without the
//! summary; sorting and threading lose and double nothing; bounded heap, and work that grows with the message.

#![no_main]

use std::borrow::Cow;
use std::convert::Infallible;
use std::num::NonZeroU32;

use bytes::Bytes;
use imap_proto::codec::command::{SortCriterion, SortKey};
use imap_proto::codec::{
    Command, Data, DateTime, Encoder, FetchWriter, Flag, MessageAttribute, ModSeq, PartRef, Response, SearchKeys,
    Section, SectionText, SeqNo, TaggedCommand, Uid,
};
use imap_proto::message::{Facts, Limits, Message, Query, Setting, Summary, Threading, compare, sort, thread};
use libfuzzer_sys::fuzz_target;
use wirestate_testing::{Heap, Usage};

fuzz_target!(|input: &[u8]| {
    let (keys, messages) = input.split_at(input.iter().position(|octet| *octet == b'\n').unwrap_or(0));
    let messages = messages.strip_prefix(b"\n").unwrap_or(messages);
    let limits = Limits { parts: 50, depth: 10, fields: 100, addresses: 100, parameters: 10, references: 20 };
    for limits in [&limits, &Limits::default()] {
        let mut summaries = Vec::new();
        for raw in messages.split(|octet| *octet == 0x1e).take(40) {
            let message = Message::parse(raw, limits);
            structure(&message, limits);
            summaries.push(summary(&message));
            if let Some(query) = query(keys) {
                search(&query, raw, limits, summaries.last());
            }
        }
        collect(&summaries);
    }
    let once = cost(messages);
    let twice = cost(&messages.repeat(2));
    assert!(once.peak <= 64 * 1024 + messages.len() * 200, "{once:?} for {} octets", messages.len());
    assert!(twice.volume <= once.volume * 3 + 64 * 1024, "heap volume: {} for n, {} for 2n", once.volume, twice.volume);
});

fn cost(raw: &[u8]) -> Usage {
    let work = || {
        let message = Message::parse(raw, &Limits::default());
        drop(message.body_structure());
        drop(message.preview());
        drop(Summary::of(&message, date()));
    };
    Heap::measure(work).1
}

fn date() -> DateTime {
    DateTime::from_unix(1_700_000_000, 60).expect("in range")
}

fn structure(message: &Message<'_>, limits: &Limits) {
    let structure = message.body_structure();
    let parts = structure.parts();
    assert!((1..=limits.parts).contains(&parts.len()), "{} parts", parts.len());
    let mut numbers = Vec::new();
    for part in parts {
        number(&part, &mut numbers);
        // A multipart has a number only inside another.
        let Some(found) = structure.find(&numbers).filter(|found| found.index() == part.index()) else { continue };
        let section = Section::<&[u8]> { part: numbers.clone(), text: None };
        let body = message.section(&section).expect("what is in the structure is there");
        if !found.is_multipart() && !numbers.is_empty() {
            assert_eq!(body.len() as u64, found.size, "of part {numbers:?}");
        }
        for text in [SectionText::Header, SectionText::Text, SectionText::Mime] {
            let _ = message.section(&Section { part: numbers.clone(), text: Some(text) as Option<SectionText<&[u8]>> });
        }
        let all = [SectionText::HeaderFields(vec![&b"to"[..]]), SectionText::HeaderFieldsNot(vec![b"to"])];
        for text in all {
            let _ = message.section(&Section { part: numbers.clone(), text: Some(text) });
        }
        let sizes = (message.binary(&numbers), message.binary_size(&numbers));
        assert_eq!(sizes.0.map(|data| data.map(|data| data.len() as u64)), sizes.1);
    }
    assert!(message.preview().chars().count() <= 200);
    let told = [
        MessageAttribute::Envelope(message.envelope().into()),
        MessageAttribute::BodyStructure(structure.clone()),
        MessageAttribute::Body(structure),
    ];
    for item in told {
        written(&item);
    }
}

/// The numbers that a part has in FETCH (RFC 9051 §6.4.5.1).
fn number<T>(part: &PartRef<'_, T>, numbers: &mut Vec<NonZeroU32>) {
    numbers.clear();
    let mut inner = *part;
    while let Some(outer) = inner.parent() {
        if outer.is_multipart() {
            let place = outer.children().position(|child| child.index() == inner.index()).expect("its own child");
            numbers.push(NonZeroU32::MIN.saturating_add(place as u32));
        } else if !inner.is_multipart() {
            numbers.push(NonZeroU32::MIN);
        }
        inner = outer;
    }
    if !inner.is_multipart() {
        numbers.push(NonZeroU32::MIN);
    }
    numbers.reverse();
}

/// Writes what is told of a message, and reads it.
fn written(item: &MessageAttribute<Cow<'_, [u8]>>) {
    let mut wire = Vec::new();
    let mut fetch = FetchWriter::begin(Encoder::server(), NonZeroU32::MIN, &mut wire);
    fetch.attribute(item, &mut wire).expect("what is told of a message can be written");
    fetch.end(&mut wire);
    let line = wire.strip_suffix(b"\r\n").expect("a whole line");
    match Response::parse(line) {
        Ok(Response::Data(Data::Fetch { items, .. })) => assert_eq!(items.len(), 1),
        other => panic!("{other:?}: {}", wire.escape_ascii()),
    }
}

fn summary(message: &Message<'_>) -> Summary {
    let summary = Summary::of(message, date());
    let kept = Bytes::from(summary.to_bytes());
    assert_eq!(Summary::from_bytes(kept.clone()).as_ref(), Ok(&summary));
    let _ = Summary::from_bytes(kept.slice(..kept.len() / 2));
    assert_eq!(summary.envelope, message.envelope().map_text(&mut |text| Bytes::from(text.into_owned())));
    let _ = (summary.message_id(), summary.date(), summary.base_subject());
    summary
}

fn query(keys: &[u8]) -> Option<Query> {
    let line = [b"a SEARCH ", keys].concat();
    match TaggedCommand::parse(&line).ok()?.command {
        Command::Search(search) => Query::new(SearchKeys::clone(&search.keys), search.charset.as_deref()).ok(),
        _ => None,
    }
}

fn search(query: &Query, raw: &[u8], limits: &Limits, summary: Option<&Summary>) {
    let setting = Setting {
        now: date().unix() + 100,
        last_number: SeqNo::MIN,
        last_uid: Uid::MIN,
        saved: None,
        has_save_dates: false,
        limits,
    };
    let finds = |summary| {
        let facts = Facts {
            number: SeqNo::MIN,
            uid: Uid::MIN,
            has_flag: &|flag| flag.is_same(&Flag::<&[u8]>::Seen),
            internal_date: date(),
            save_date: None,
            size: raw.len() as u64,
            mod_seq: ModSeq::new(7),
            email_id: None,
            thread_id: None,
            summary,
        };
        let mut opened = 0;
        let Ok(found) = query.finds(&setting, &facts, || {
            opened += 1;
            Ok::<_, Infallible>(Bytes::copy_from_slice(raw))
        });
        assert!(opened <= 1, "opened {opened} times");
        found
    };
    assert_eq!(finds(summary), finds(None), "with the summary and without");
}

fn collect(summaries: &[Summary]) {
    let numbered = || (1..).filter_map(NonZeroU32::new).zip(summaries);
    let all: Vec<NonZeroU32> = numbered().map(|(number, _)| number).collect();
    let criteria =
        [SortKey::Subject, SortKey::From, SortKey::Date, SortKey::DisplayFrom]
            .map(|key| SortCriterion::<&[u8]> { reverse: false, key });
    let mut sorted = sort(&criteria, numbered());
    sorted.sort_unstable();
    assert_eq!(sorted, all, "sorted");
    for threading in [Threading::OrderedSubject, Threading::References, Threading::Refs] {
        let threads = thread(threading, numbered());
        let mut told: Vec<NonZeroU32> = threads.nodes().iter().filter_map(|node| node.number).collect();
        told.sort_unstable();
        assert_eq!(told, all, "threaded by {threading:?}");
    }
    for pair in summaries.windows(2) {
        let subjects = [&pair[0], &pair[1]].map(|one| one.base_subject().text.to_string());
        assert_eq!(compare(&subjects[0], &subjects[1]), compare(&subjects[1], &subjects[0]).reverse());
    }
}
