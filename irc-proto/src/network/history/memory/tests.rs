use super::*;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use bytes::Bytes;
use proptest::prelude::*;

const X: Buffer<'static> = Buffer::Channel(b"#x");

fn entry(id: u64, time: u64, sort: Sort) -> Entry {
    Entry {
        time,
        msgid: id.to_string().into(),
        account: None,
        client_tags: Bytes::new(),
        bot: false,
        sort,
        line: format!(":a!a@h PRIVMSG #x :{id}").into(),
        more: Vec::new(),
    }
}

/// Messages 0 to 9, at 0 to 90 ms; 3 is an event.
fn ten() -> Memory {
    let mut memory = Memory::new(Bounds::default());
    for id in 0..10 {
        memory.append(X, entry(id, id * 10, if id == 3 { Sort::Event } else { Sort::Message }));
    }
    memory
}

fn ids(memory: &Memory, selection: Selection<'_>, limit: usize, events: bool) -> String {
    let mut out = vec![];
    let query = Query { selection, limit, bytes: 100_000, events, redactions: false };
    assert_eq!(memory.query(X, query, &mut out), Ok(()));
    out.iter().map(|entry| String::from_utf8_lossy(&entry.msgid).into_owned()).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_selection_takes_its_messages_in_order() {
    let memory = ten();
    let id = Reference::Msgid;
    for (selection, limit, expected) in [
        (Selection::Latest(None), 3, "7 8 9"),
        (Selection::Latest(None), 100, "0 1 2 4 5 6 7 8 9"),
        (Selection::Latest(Some(id(b"7"))), 100, "8 9"),
        (Selection::Latest(Some(Reference::Time(70))), 1, "9"),
        (Selection::Before(id(b"5")), 3, "1 2 4"),
        (Selection::Before(Reference::Time(45)), 2, "2 4"),
        (Selection::Before(Reference::Time(40)), 2, "1 2"),
        (Selection::Before(id(b"0")), 2, ""),
        (Selection::After(id(b"2")), 2, "4 5"),
        (Selection::After(Reference::Time(20)), 2, "4 5"),
        (Selection::After(id(b"9")), 2, ""),
        (Selection::Around(id(b"6")), 4, "4 5 6 7"),
        (Selection::Around(id(b"6")), 1, "6"),
        (Selection::Around(id(b"0")), 4, "0 1 2 4"),
        (Selection::Around(Reference::Time(61)), 2, "6 7"),
        (Selection::Between(id(b"1"), id(b"6")), 2, "2 4"),
        (Selection::Between(id(b"6"), id(b"1")), 2, "4 5"),
        (Selection::Between(id(b"6"), id(b"6")), 2, ""),
        (Selection::Between(Reference::Time(15), Reference::Time(55)), 9, "2 4 5"),
        (Selection::Before(id(b"unknown")), 9, ""),
        (Selection::Between(id(b"1"), id(b"unknown")), 9, ""),
    ] {
        assert_eq!(ids(&memory, selection, limit, false), expected, "{selection:?} {limit}");
    }
    assert_eq!(ids(&memory, Selection::Before(id(b"5")), 3, true), "2 3 4");
}

#[test]
fn an_answer_has_only_so_many_bytes() {
    let memory = ten();
    let size = entry(0, 0, Sort::Message).size();
    for (selection, expected) in [
        (Selection::Latest(None), "8 9"),
        (Selection::Before(Reference::Msgid(b"9")), "7 8"),
        (Selection::After(Reference::Msgid(b"4")), "5 6"),
        (Selection::Around(Reference::Msgid(b"6")), "5 6"),
        (Selection::Between(Reference::Msgid(b"1"), Reference::Msgid(b"9")), "2 4"),
        (Selection::Between(Reference::Msgid(b"9"), Reference::Msgid(b"1")), "7 8"),
    ] {
        let mut out = vec![];
        let query = Query { selection, limit: 100, bytes: 2 * size + 1, events: false, redactions: false };
        memory.query(X, query, &mut out).unwrap();
        let ids: Vec<_> = out.iter().map(|entry| String::from_utf8_lossy(&entry.msgid)).collect();
        assert_eq!(ids.join(" "), expected, "{selection:?}");
    }
}

#[test]
fn a_message_taken_back_leaves_its_redaction() {
    let mut memory = ten();
    let redaction = Entry { line: Bytes::from_static(b":a!a@h REDACT #x 5"), ..entry(10, 100, Sort::Redaction) };
    assert!(memory.find(X, b"5").is_some());
    assert!(memory.redact(X, b"5", redaction.clone()));
    assert!(!memory.redact(X, b"5", redaction.clone()) && memory.find(X, b"5").is_none());
    assert!(!memory.redact(Buffer::Channel(b"#y"), b"6", redaction));
    assert_eq!(ids(&memory, Selection::Latest(None), 3, true), "7 8 9");
    assert_eq!(ids(&memory, Selection::After(Reference::Msgid(b"4")), 1, false), "6");
    let mut out = vec![];
    let query = Query {
        selection: Selection::After(Reference::Time(40)),
        limit: 1,
        bytes: 100_000,
        events: false,
        redactions: true,
    };
    memory.query(X, query, &mut out).unwrap();
    assert_eq!(out.iter().map(|entry| entry.sort).collect::<Vec<_>>(), [Sort::Redaction, Sort::Message]);
    assert_eq!(out[0].time, 50);
    assert_eq!(ids(&memory, Selection::Before(Reference::Msgid(b"5")), 1, false), "4", "it is still a place");
}

#[test]
fn conversations_belong_to_one_account() {
    let mut memory = Memory::new(Bounds::default());
    let own = |owner, peer| Buffer::Direct { owner, peer };
    memory.append(own(b"ada", b"bob"), entry(1, 10, Sort::Message));
    memory.append(own(b"ada", b"bob"), entry(2, 20, Sort::Event));
    memory.append(own(b"ada", b"carl"), entry(3, 30, Sort::Event));
    memory.append(own(b"adam", b"bob"), entry(4, 40, Sort::Message));
    memory.append(X, entry(5, 50, Sort::Message));
    let peers = |owner: &[u8]| {
        let mut out = vec![];
        memory.peers(owner, &mut out).unwrap();
        out
    };
    assert_eq!(peers(b"ada"), [(b"bob"[..].into(), 10)]);
    assert_eq!(peers(b"adam"), [(b"bob"[..].into(), 40)]);
    assert!(peers(b"").is_empty() && peers(b"bob").is_empty());
    assert_eq!(memory.newest(X), Ok(Some(50)));
    assert_eq!(memory.newest(own(b"ada", b"carl")), Ok(None));
}

#[test]
fn a_renamed_channel_keeps_its_history_and_a_forgotten_one_has_none() {
    let mut memory = ten();
    memory.append(Buffer::Channel(b"#y"), entry(99, 99, Sort::Message));
    memory.rename(b"#x", b"#y");
    assert_eq!(memory.newest(X), Ok(None));
    assert!(memory.find(Buffer::Channel(b"#y"), b"4").is_some());
    assert!(memory.find(Buffer::Channel(b"#y"), b"99").is_none());
    memory.rename(b"#y", b"#y");
    assert_eq!(memory.buffers(), 1);
    memory.forget(Buffer::Channel(b"#y"));
    assert_eq!((memory.buffers(), memory.bytes(), memory.oldest.len()), (0, 0, 0));
}

#[test]
fn old_messages_are_forgotten() {
    let mut memory = Memory::new(Bounds { age: 50, ..Bounds::default() });
    for id in 0..10 {
        memory.append(X, entry(id, id * 10, Sort::Message));
    }
    memory.expire(90);
    assert_eq!(ids(&memory, Selection::Latest(None), 100, false), "4 5 6 7 8 9");
    memory.expire(1000);
    assert_eq!((memory.buffers(), memory.bytes()), (0, 0));
}

#[test]
fn a_message_larger_than_the_bound_is_not_kept() {
    let mut memory = Memory::new(Bounds { bytes: 1000, ..Bounds::default() });
    memory.append(X, Entry { line: vec![b'x'; 2000].into(), ..entry(1, 1, Sort::Message) });
    assert_eq!((memory.buffers(), memory.bytes()), (0, 0));
    let mut memory = Memory::new(Bounds { messages: 0, ..Bounds::default() });
    memory.append(X, entry(1, 1, Sort::Message));
    assert_eq!(memory.buffers(), 0);
}

#[test]
fn who_floods_many_buffers_pushes_out_their_own_messages() {
    let size = entry(0, 0, Sort::Message).size();
    let mut memory = Memory::new(Bounds { bytes: 100 * size, ..Bounds::default() });
    for id in 0..20 {
        memory.append(X, entry(id, id, Sort::Message));
    }
    for id in 100..2000 {
        let name = [b'#', b'a', (b'0' + (id % 3) as u8)];
        memory.append(Buffer::Channel(&name), entry(id, id, Sort::Message));
    }
    assert_eq!(memory.rings[&key(X)[..]].entries.len(), 20, "the quiet channel keeps all that it had");
    let others: Vec<usize> = memory.rings.values().map(|ring| ring.entries.len()).collect();
    assert!(others.iter().sum::<usize>() > 90, "{others:?}");
    assert_eq!(ids(&memory, Selection::Latest(None), 1, false), "19");
}

#[test]
fn debug_shows_no_text() {
    assert!(!format!("{:?}", ten()).contains("PRIVMSG"));
}

proptest! {
    /// Whatever is done, the bounds hold, the count of bytes is right, and the ring is the newest of what a plain list would keep.
    #[test]
    fn bounds_hold(steps in prop::collection::vec((0u8..12, 0u8..6, 0u64..200), 0..120), messages in 1usize..6, bytes in 0usize..4000) {
        let bounds = Bounds { messages, bytes, age: 100 };
        let mut memory = Memory::new(bounds);
        for (id, (step, buffer, time)) in steps.into_iter().enumerate() {
            let name = [b'#', b'a' + buffer];
            let buffer = Buffer::Channel(&name);
            let fresh = entry(id as u64, time, Sort::Message);
            match step {
                0 => memory.forget(buffer),
                1 => memory.rename(&name, b"#a"),
                2 => memory.expire(time),
                3 => {
                    let newest = memory.rings.get(&key(buffer)[..]).and_then(|ring| ring.entries.back()).map(|(_, entry)| entry.msgid.clone());
                    if let Some(msgid) = newest {
                        memory.redact(buffer, &msgid, Entry { line: vec![b'x'; 300].into(), ..entry(id as u64, time, Sort::Redaction) });
                    }
                }
                _ => memory.append(buffer, fresh),
            }
            prop_assert!(memory.bytes() <= bytes);
            prop_assert_eq!(memory.bytes(), memory.rings.iter().map(|(key, ring)| {
                prop_assert_eq!(ring.bytes, Ring::cost(key) + ring.entries.iter().map(|(_, entry)| entry.size()).sum::<usize>());
                Ok(ring.bytes)
            }).sum::<Result<usize, _>>()?);
            prop_assert!(memory.rings.values().all(|ring| (1..=messages).contains(&ring.entries.len())));
            prop_assert_eq!(memory.oldest.len(), memory.rings.len());
            prop_assert_eq!(memory.fullest.len(), memory.rings.len());
            for ((bytes, first), key) in &memory.fullest {
                prop_assert_eq!((memory.rings[key].bytes, memory.rings[key].first()), (*bytes, Some(first.0)));
            }
            for (number, key) in &memory.oldest {
                prop_assert_eq!(memory.rings[key].entries.front().map(|(first, _)| first), Some(number));
            }
        }
    }
}
