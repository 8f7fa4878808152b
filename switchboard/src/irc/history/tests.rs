use std::path::Path;

use irc_proto::network::history::{Continuation, Memory, Reference, Selection, Sort};

use super::*;

const X: Buffer<'static> = Buffer::Channel(b"#x");
const DAY: u64 = 86_400_000;

fn entry(id: u64, time: u64, sort: Sort) -> Entry {
    Entry {
        time,
        msgid: id.to_string().into(),
        account: id.is_multiple_of(2).then(|| "ann".into()),
        client_tags: "+draft/reply=x\\s".into(),
        bot: id.is_multiple_of(3),
        sort,
        line: format!(":a!a@h PRIVMSG #x :{id} \u{e4}").into(),
        more: Vec::new(),
    }
}

fn open(path: &Path, bounds: Bounds) -> Disk {
    Disk::open(path, bounds, DAY).unwrap()
}

fn all(store: &impl Store, buffer: Buffer<'_>) -> String {
    let query =
        Query { selection: Selection::Latest(None), limit: 1000, bytes: 1 << 20, events: true, redactions: true };
    let mut out = Vec::new();
    store.query(buffer, query, &mut out).unwrap();
    out.iter().map(|entry| String::from_utf8_lossy(&entry.msgid).into_owned()).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_was_said_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    let kept = Entry {
        more: vec![
            Continuation { concat: true, line: ":a!a@h PRIVMSG #x :and".into() },
            Continuation { concat: false, line: ":a!a@h PRIVMSG #x :on".into() },
        ],
        ..entry(2, DAY + 1, Sort::Message)
    };
    let direct = Buffer::Direct { owner: b"ann", peer: b"bob" };
    let mut disk = open(&path, Bounds::default());
    disk.append(X, entry(1, DAY, Sort::Event));
    disk.append(X, kept.clone());
    disk.append(direct, entry(3, DAY + 2, Sort::Message));
    drop(disk);
    let disk = open(&path, Bounds::default());
    assert_eq!((all(&disk, X), all(&disk, direct)), ("1 2".into(), "3".into()));
    assert!(disk.find(X, b"2") == Some(kept), "as it was, to the last line");
    assert_eq!(disk.newest(X), Ok(Some(DAY + 1)));
    let mut peers = Vec::new();
    disk.peers(b"ann", &mut peers).unwrap();
    disk.peers(b"", &mut peers).unwrap();
    assert_eq!(peers, [(Box::from(&b"bob"[..]), DAY + 2)]);
}

#[test]
fn channels_that_were_not_open_to_all_are_forgotten_at_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    let mut disk = open(&path, Bounds::default());
    for name in [&b"#open"[..], b"#secret", b"#opened", b"#moved"] {
        disk.append(Buffer::Channel(name), entry(1, DAY, Sort::Message));
        disk.restrict(name, name != b"#open");
    }
    disk.restrict(b"#opened", false);
    disk.restrict(b"#empty", true);
    disk.rename(b"#moved", b"#elsewhere");
    assert_eq!(all(&disk, Buffer::Channel(b"#secret")), "1", "while it runs, the network guards it");
    drop(disk);
    let disk = open(&path, Bounds::default());
    let kept = |name: &[u8]| all(&disk, Buffer::Channel(name));
    assert_eq!([kept(b"#open"), kept(b"#opened")], ["1", "1"]);
    assert_eq!([kept(b"#secret"), kept(b"#moved"), kept(b"#elsewhere")], ["", "", ""]);
}

#[test]
fn messages_bytes_and_days_have_their_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    let entry = |id, time| Entry { account: None, ..entry(id, time, Sort::Message) };
    let size = entry(10, 0).size();
    let mut disk = open(&path, Bounds { messages: 3, bytes: 5 * size, age: DAY });
    for id in 10..20 {
        disk.append(X, entry(id, DAY + id));
    }
    assert_eq!(all(&disk, X), "17 18 19");
    let quiet = Buffer::Channel(b"#quiet");
    for id in 20..23 {
        disk.append(quiet, entry(id, DAY + id));
    }
    assert_eq!(
        (all(&disk, X), all(&disk, quiet)),
        ("18 19".into(), "20 21 22".into()),
        "the oldest of the fullest goes"
    );
    disk.expire(2 * DAY + 19);
    assert_eq!((all(&disk, X), all(&disk, quiet)), ("19".into(), "20 21 22".into()));
    drop(disk);
    let disk = Disk::open(&path, Bounds { messages: 2, bytes: 5 * size, age: DAY }, 2 * DAY + 20).unwrap();
    assert_eq!((all(&disk, X), all(&disk, quiet)), (String::new(), "21 22".into()), "bounds may change between");
    drop(disk);
    let mut disk = open(&path, Bounds { messages: 0, ..Bounds::default() });
    disk.append(X, entry(1, DAY));
    assert_eq!(all(&disk, X), "");
}

#[test]
fn what_is_no_history_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    std::fs::write(&path, "this is no database, and longer than a header of one would be: one hundred bytes").unwrap();
    let fault = |path: &Path| Disk::open(path, Bounds::default(), 0).err().unwrap().to_string();
    assert!(fault(&path).contains("move it away") && !fault(&path).contains('\n'), "{}", fault(&path));
    assert!(fault(folder.path()).starts_with("cannot open the history"), "{}", fault(folder.path()));
    let later = folder.path().join("later");
    Connection::open(&later).unwrap().pragma_update(None, "user_version", 9).unwrap();
    assert!(fault(&later).contains("later version"), "{}", fault(&later));
}

/// A generator of few numbers, the same at each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn reference(&mut self, ids: &[String], now: u64) -> Reference<'static> {
        match self.below(3) {
            0 => Reference::Time(now.saturating_sub(self.below(40))),
            _ => Reference::Msgid(ids[self.below(ids.len() as u64) as usize].clone().leak().as_bytes()),
        }
    }
}

#[test]
fn memory_and_disk_agree_on_everything() {
    let folder = tempfile::tempdir().unwrap();
    let buffers = [
        X,
        Buffer::Channel(b"#y"),
        Buffer::Direct { owner: b"ann", peer: b"bob" },
        Buffer::Direct { owner: b"bob", peer: b"ann" },
    ];
    for seed in 0..4 {
        let bounds = Bounds { messages: 12, bytes: 1 << 20, age: DAY };
        let mut disk = open(&folder.path().join(seed.to_string()), bounds);
        let mut memory = Memory::new(bounds);
        let mut numbers = Numbers(seed);
        let mut now = DAY;
        let mut ids = vec![String::from("none")];
        for id in 0..300 {
            now += numbers.below(4);
            let buffer = buffers[numbers.below(4) as usize];
            match numbers.below(12) {
                0 => {
                    let msgid = ids[numbers.below(ids.len() as u64) as usize].clone();
                    let line = format!(":a!a@h REDACT #x {msgid}").into();
                    let redaction = Entry { line, ..entry(id + 1000, now, Sort::Redaction) };
                    let done = disk.redact(buffer, msgid.as_bytes(), redaction.clone());
                    assert_eq!(done, memory.redact(buffer, msgid.as_bytes(), redaction));
                }
                1 => {
                    disk.rename(b"#y", b"#x");
                    memory.rename(b"#y", b"#x");
                }
                2 if numbers.below(8) == 0 => {
                    disk.forget(buffer);
                    memory.forget(buffer);
                }
                _ => {
                    let sort = if numbers.below(4) == 0 { Sort::Event } else { Sort::Message };
                    disk.append(buffer, entry(id, now, sort));
                    memory.append(buffer, entry(id, now, sort));
                    ids.push(id.to_string());
                }
            }
            let one = numbers.reference(&ids, now);
            let other = numbers.reference(&ids, now);
            let selection = match numbers.below(6) {
                0 => Selection::Latest(None),
                1 => Selection::Latest(Some(one)),
                2 => Selection::Before(one),
                3 => Selection::After(one),
                4 => Selection::Around(one),
                _ => Selection::Between(one, other),
            };
            let (limit, bytes) = (numbers.below(8) as usize, numbers.below(4000) as usize);
            let query =
                Query { selection, limit, bytes, events: numbers.below(2) == 0, redactions: numbers.below(2) == 0 };
            let (mut on_disk, mut in_memory) = (Vec::new(), Vec::new());
            disk.query(buffer, query, &mut on_disk).unwrap();
            memory.query(buffer, query, &mut in_memory).unwrap();
            assert!(on_disk == in_memory, "seed {seed}, step {id}: {query:?}\n{on_disk:?}\n{in_memory:?}");
            assert_eq!(disk.newest(buffer), memory.newest(buffer));
            let (mut on_disk, mut in_memory) = (Vec::new(), Vec::new());
            disk.peers(b"ann", &mut on_disk).unwrap();
            memory.peers(b"ann", &mut in_memory).unwrap();
            assert_eq!(on_disk, in_memory);
        }
    }
}
