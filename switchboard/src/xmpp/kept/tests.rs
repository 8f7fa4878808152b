use std::path::Path;

use xmpp_proto::payload::roster::{Item, Subscription};
use xmpp_proto::payload::rsm::Place;

use super::*;

fn jid(text: &str) -> Jid {
    Jid::parse(text).unwrap()
}

fn parcel(text: &str) -> Parcel {
    let message = format!(
        "<message xmlns='jabber:client' from='a@x/1' to='b@x' type='chat'><body>{text}</body><o:x xmlns:o='urn:o'/></message>"
    );
    Parcel::read(message.into()).unwrap()
}

fn contact(name: &str, is_listed: bool) -> Contact {
    let item = Item {
        jid: jid(name),
        name: Some("A & 'B'".into()),
        subscription: Subscription::Both,
        is_asked: true,
        is_approved: true,
        groups: vec!["one\ntwo".into(), "<three>".into()],
    };
    Contact { item, is_pending: !is_listed, is_listed }
}

/// The messages number themselves.
fn entry(number: u64, with: &str) -> Entry {
    let id = format!("{number:04}").into();
    Entry { id, time: number, with: Arc::new(jid(with)), parcel: parcel(&format!("n{number}")) }
}

fn open(path: &Path, bounds: Bounds) -> (Disk, Vec<Token>) {
    Disk::open(path, bounds, [jid("a@x"), jid("b@x")]).unwrap()
}

fn ids(found: &Found) -> String {
    found.entries.iter().map(|entry| entry.id.trim_start_matches('0')).collect::<Vec<_>>().join(" ")
}

fn all(disk: &Disk, archive: &str) -> String {
    let place = Place::First;
    let query = Query { with: None, start: None, end: None, after: None, before: None, place: &place, max: 1000 };
    ids(&disk.query(jid(archive).as_ref(), &query).unwrap())
}

#[test]
fn all_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k");
    let (a, b) = (jid("a@x"), jid("b@x"));
    let (mut disk, tokens) = open(&path, Bounds::default());
    assert!(tokens.is_empty());
    disk.put_contact(a.as_ref(), &contact("b@x", true), 1);
    disk.put_contact(a.as_ref(), &contact("c@x", true), 2);
    disk.put_contact(a.as_ref(), &contact("d@x", false), 2);
    disk.remove_contact(a.as_ref(), jid("c@x").as_ref(), 3);
    disk.put_contact(b.as_ref(), &contact("a@x", true), 7);
    disk.remove_contact(b.as_ref(), a.as_ref(), 8);
    let blocked = BTreeSet::from([jid("spam@y"), jid("z")]);
    disk.set_blocked(a.as_ref(), &BTreeSet::from([jid("old@y")]));
    disk.set_blocked(a.as_ref(), &blocked);
    let private = Document::Private { name: "n", ns: "urn:p" };
    let documents = [Document::Vcard, Document::Node("urn:n"), Document::Preferences, private];
    for (number, document) in documents.into_iter().enumerate() {
        disk.set_document(a.as_ref(), document, "<old/>".into()).unwrap();
        disk.set_document(a.as_ref(), document, format!("<x n='{number}'/>").into()).unwrap();
    }
    disk.hold(a.as_ref(), Held { time: 1, parcel: parcel("given out") }).unwrap();
    assert_eq!(disk.release(a.as_ref()).len(), 1);
    let held = [Held { time: 2, parcel: parcel("one") }, Held { time: 3, parcel: parcel("two &amp; three") }];
    held.iter().for_each(|held| disk.hold(a.as_ref(), held.clone()).unwrap());
    disk.archive(a.as_ref(), entry(1, "b@x/r"));
    let token = |text: &str, count| Token { user: "a".into(), token: text.into(), agent: None, until: 9, count };
    let queue = disk.queue();
    for (text, count) in [("t", 0), ("t", 5), ("u", 0)] {
        queue.push(Change::Token(token(text, count)), 0);
    }
    queue.push(Change::NoToken { token: "u".into() }, 0);
    drop(disk);

    let (mut disk, tokens) = open(&path, Bounds::default());
    let record = disk.account(a.as_ref()).unwrap();
    assert_eq!(record.contacts, [contact("b@x", true), contact("d@x", false)]);
    assert_eq!((record.version, record.blocked), (3, blocked));
    let record = disk.account(b.as_ref()).unwrap();
    assert_eq!((record.contacts.len(), record.version), (0, 8), "no version is given out twice");
    for (number, document) in documents.into_iter().enumerate() {
        assert_eq!(disk.document(a.as_ref(), document).unwrap(), format!("<x n='{number}'/>"));
    }
    assert_eq!(disk.release(a.as_ref()), held);
    let place = Place::First;
    let query = Query { with: None, start: None, end: None, after: None, before: None, place: &place, max: 10 };
    assert_eq!(disk.query(a.as_ref(), &query).unwrap().entries, [entry(1, "b@x/r")]);
    let [Token { user, token, agent: None, until: 9, count: 5 }] = &tokens[..] else { panic!("{tokens:?}") };
    assert_eq!((&**user, &**token), ("a", "t"));
    drop(disk);
    let (mut disk, _) = open(&path, Bounds::default());
    assert!(disk.release(a.as_ref()).is_empty(), "they were given out");
}

#[test]
fn pages_are_those_of_the_storage_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (mut disk, _) = open(&folder.path().join("k"), Bounds::default());
    let mut memory = Memory::default();
    let archive = jid("a@x");
    for number in 1..=12 {
        let with = ["b@x/1", "b@x/2", "c@x"][number as usize % 3];
        disk.archive(archive.as_ref(), entry(number, with));
        memory.archive(archive.as_ref(), entry(number, with));
        disk.archive(jid("b@x").as_ref(), entry(number + 100, with));
    }
    let ids = || ["0001", "0005", "0012", "none"].into_iter();
    let mut places = vec![Place::First, Place::Last, Place::Index(0), Place::Index(4), Place::Index(99)];
    places.extend(ids().flat_map(|id| [Place::After(id.into()), Place::Before(id.into())]));
    let withs = [None, Some(jid("b@x")), Some(jid("b@x/2")), Some(jid("d@x"))];
    let ends = || std::iter::once(None).chain(ids().map(Some));
    let mut count = 0;
    for (place, with) in places.iter().flat_map(|place| withs.iter().map(move |with| (place, with))) {
        for (after, before) in ends().flat_map(|after| ends().map(move |before| (after, before))) {
            for (start, end, max) in [(None, None, 0), (None, None, 3), (Some(4), Some(9), 2), (Some(9), Some(3), 50)] {
                let with = with.as_ref().map(Jid::as_ref);
                let query = Query { with, start, end, after, before, place, max };
                let (one, other) = (disk.query(archive.as_ref(), &query), memory.query(archive.as_ref(), &query));
                match (&one, &other) {
                    // Of nothing, where it would be says nothing.
                    (Ok(one), Ok(other)) if other.entries.is_empty() => {
                        assert_eq!((&one.entries, one.count), (&other.entries, other.count), "{query:?}");
                    }
                    _ => assert_eq!(one, other, "{query:?}"),
                }
                count += 1;
            }
        }
    }
    assert_eq!(count, places.len() * withs.len() * 25 * 4);
}

#[test]
fn archives_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k");
    let mut bounds = Bounds::default();
    bounds.archived = 3;
    let (mut disk, _) = open(&path, bounds);
    for number in 1..=5 {
        disk.archive(jid("a@x").as_ref(), entry(number, "b@x"));
    }
    disk.archive(jid("b@x").as_ref(), entry(6, "a@x"));
    assert_eq!((all(&disk, "a@x"), all(&disk, "b@x")), ("3 4 5".into(), "6".into()));
    drop(disk);
    bounds.archived_bytes = 2 * size(&parcel("n1"));
    let (mut disk, _) = open(&path, bounds);
    assert_eq!((all(&disk, "a@x"), all(&disk, "b@x")), ("4 5".into(), "6".into()), "by the new bounds");
    bounds.all_archived_bytes = 2 * size(&parcel("n1"));
    disk.archive(jid("a@x").as_ref(), entry(7, "b@x"));
    drop(disk);
    let (disk, _) = open(&path, bounds);
    assert_eq!((all(&disk, "a@x"), all(&disk, "b@x")), ("5 7".into(), String::new()), "the stalest goes first");
}

#[test]
fn what_is_wrong_with_a_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("k");
    drop(open(&path, Bounds::default()));
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", write::VERSION + 1).unwrap();
    drop(connection);
    let open = |path: &Path| Disk::open(path, Bounds::default(), []).map(drop);
    assert!(matches!(open(&path), Err(KeptError::Later { .. })));
    let other = folder.path().join("text");
    std::fs::write(&other, "this is no database, and long enough to be told from an empty one").unwrap();
    assert!(matches!(open(&other), Err(KeptError::Database { .. })));
    assert!(matches!(open(folder.path()), Err(KeptError::File { .. })));
}
