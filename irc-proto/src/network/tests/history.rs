use std::sync::{Arc, Mutex};

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::super::history::{Buffer, Entry, Memory, Query, Sort, Store, Unavailable};
use super::super::room::{Room, words};
use super::super::{Config, Newcomer};
use crate::Capabilities;
use crate::Capability::{self, *};

const FULL: &[Capability] = &[Batch, MessageTags, ServerTime, AccountTag, StandardReplies];

/// Ada and Bob, both logged in, in `#lobby`; Carl is not and knows nothing; Eve is outside.
fn room() -> Room {
    let config = Config { msgid_prefix: "m".into(), ..Config::default() };
    let mut room = Room::of(config);
    for nick in [&b"ada"[..], b"bob"] {
        let capabilities = Capabilities::of(FULL);
        room.person(&Newcomer { nick, account: Some(nick), capabilities, ..Newcomer::default() });
    }
    room.user("carl", &[]);
    room.user("eve", FULL);
    for nick in ["ada", "bob", "carl"] {
        room.send(nick, "JOIN #lobby");
    }
    room
}

#[test]
fn a_batch_has_each_message_as_it_was() {
    let mut room = room();
    room.send("ada", "@+draft/reply=x\\sy PRIVMSG #lobby :good morning");
    room.now += 1_000;
    room.send("carl", "NOTICE #lobby :hello");
    let expected = [
        "BATCH +m6 chathistory #Lobby",
        "@batch=m6;time=2019-01-04T14:34:26.000Z;account=ada;msgid=m4;+draft/reply=x\\sy :ada!u@h PRIVMSG #lobby :good morning",
        "@batch=m6;time=2019-01-04T14:34:27.000Z;msgid=m5 :carl!u@h NOTICE #lobby :hello",
        "BATCH -m6",
    ];
    let told: Vec<String> = room.ask("bob", "CHATHISTORY LATEST #Lobby * 10");
    let told: Vec<&str> =
        told.iter().map(|line| line.trim_start_matches("@time=2019-01-04T14:34:27.000Z :irc.localhost ")).collect();
    assert_eq!(told, expected);
    assert_eq!(
        room.ask("carl", "CHATHISTORY LATEST #lobby * 10"),
        [":ada!u@h PRIVMSG #lobby :good morning", ":carl!u@h NOTICE #lobby :hello"]
    );
    assert_eq!(words(&room.ask("bob", "CHATHISTORY BEFORE #lobby msgid=m5 10")), "BATCH PRIVMSG BATCH");
    assert_eq!(
        words(&room.ask("bob", "CHATHISTORY AFTER #lobby timestamp=2019-01-04T14:34:26.000Z 10")),
        "BATCH NOTICE BATCH"
    );
    assert_eq!(words(&room.ask("bob", "CHATHISTORY BEFORE #lobby msgid=m4 10")), "BATCH BATCH");
}

#[test]
fn events_are_for_who_asked_for_them() {
    let mut room = room();
    room.user("dora", &[EventPlayback, MessageTags, Batch]);
    room.send("dora", "JOIN #lobby");
    room.send("ada", "TOPIC #lobby :new");
    room.send("ada", "@+typing=active TAGMSG #lobby");
    room.send("ada", "@+draft/react=x TAGMSG #lobby");
    room.send("ada", "PRIVMSG #lobby :\u{1}ACTION waves\u{1}");
    room.send("ada", "PRIVMSG #lobby :\u{1}VERSION\u{1}");
    room.send("carl", "PART #lobby");
    let told = words(&room.ask("dora", "CHATHISTORY LATEST #lobby * 100"));
    assert!(told.ends_with("JOIN TOPIC TAGMSG PRIVMSG PART BATCH"), "{told}");
    assert_eq!(words(&room.ask("bob", "CHATHISTORY LATEST #lobby * 100")), "BATCH PRIVMSG BATCH");
}

#[test]
fn events_are_found_by_the_id_that_was_told() {
    let mut room = room();
    room.user("dora", &[EventPlayback, MessageTags, Batch]);
    room.send("dora", "JOIN #lobby");
    for line in ["MODE #lobby +m-t", "TOPIC #lobby :new", "NICK ada2", "KICK #lobby carl", "RENAME #lobby #lounge"] {
        room.send("ada", line);
    }
    // Ada has the session still, and Dora heard of everything.
    room.send("ada", "PART #lounge");
    room.send("bob", "QUIT");
    let all = room.ask("dora", "CHATHISTORY LATEST #lounge * 100");
    let ids: Vec<&str> = all.iter().filter_map(|line| line.split("msgid=").nth(1)?.split([' ', ';']).next()).collect();
    assert_eq!(ids, ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "ma", "mb"]);
    assert_eq!(words(&all[1..12]), "JOIN JOIN JOIN JOIN MODE TOPIC NICK KICK RENAME PART QUIT");
    let told = room.ask("dora", "CHATHISTORY BETWEEN #lounge msgid=m6 msgid=ma 10");
    assert_eq!(words(&told), "BATCH NICK KICK RENAME BATCH");
}

#[test]
fn who_is_there_is_told_the_id() {
    let mut room = room();
    for (who, line, id) in [("eve", "JOIN #lobby", "m4"), ("ada", "TOPIC #lobby :x", "m5"), ("eve", "NICK eva", "m6")] {
        room.send(who, line);
        assert!(room.told("bob")[0].contains(&format!("msgid={id}")), "{:?}", room.told("bob"));
        assert!(!room.told("carl")[0].contains("msgid"), "he knows no tags");
    }
}

#[test]
fn a_channel_is_read_from_inside_alone() {
    let mut room = room();
    room.send("ada", "PRIVMSG #lobby :hello");
    for (target, nick) in [("#lobby", "eve"), ("#nowhere", "eve"), ("ada", "carl"), ("ada", "eve"), ("!!", "ada")] {
        let told = room.ask(nick, &format!("CHATHISTORY LATEST {target} * 10"));
        assert!(told[0].contains(&format!("CHATHISTORY INVALID_TARGET LATEST {target} ")), "{told:?}");
    }
    room.send("bob", "PART #lobby");
    assert!(room.ask("bob", "CHATHISTORY LATEST #lobby * 10")[0].contains("INVALID_TARGET"));
}

#[test]
fn conversations_are_their_accounts() {
    let mut room = room();
    room.send("ada", "PRIVMSG bob :psst");
    room.send("bob", "PRIVMSG ada :yes?");
    room.send("carl", "PRIVMSG ada :me too");
    for (nick, peer) in [("ada", "bob"), ("bob", "ada")] {
        assert_eq!(words(&room.ask(nick, &format!("CHATHISTORY LATEST {peer} * 10"))), "BATCH PRIVMSG PRIVMSG BATCH");
    }
    // Whoever takes Bob's nickname learns nothing.
    room.quit("bob");
    room.user("bob", FULL);
    assert!(room.ask("bob", "CHATHISTORY LATEST ada * 10")[0].contains("INVALID_TARGET"));
    assert_eq!(words(&room.ask("ada", "CHATHISTORY LATEST carl * 10")), "BATCH PRIVMSG BATCH");
}

#[test]
fn targets_are_what_was_spoken_in() {
    let mut room = room();
    room.send("ada", "PRIVMSG #lobby :one");
    room.now += 1_000;
    room.send("bob", "PRIVMSG ada :two");
    let ask = |room: &mut Room, from: u32, to: u32, limit: u32| {
        let moment = |second: u32| format!("timestamp=2019-01-04T14:34:{second}.000Z");
        let told = room.ask("ada", &format!("CHATHISTORY TARGETS {} {} {limit}", moment(from), moment(to)));
        let names = told.iter().filter_map(|line| line.split_once("TARGETS ")).map(|(_, name)| String::from(name));
        (words(&told), names.collect::<Vec<_>>().join(", "))
    };
    let (told, names) = ask(&mut room, 20, 30, 10);
    assert_eq!(told, "BATCH CHATHISTORY CHATHISTORY BATCH");
    assert_eq!(names, "#lobby 2019-01-04T14:34:26.000Z, bob 2019-01-04T14:34:27.000Z");
    assert_eq!(ask(&mut room, 26, 30, 10).1, "bob 2019-01-04T14:34:27.000Z");
    assert_eq!(ask(&mut room, 20, 30, 1).1, "#lobby 2019-01-04T14:34:26.000Z");
    assert_eq!(ask(&mut room, 30, 20, 1).1, "bob 2019-01-04T14:34:27.000Z");
    assert_eq!(ask(&mut room, 40, 50, 1).0, "BATCH BATCH");
}

#[test]
fn faults_are_told_with_their_subcommand() {
    let mut room = room();
    for (line, expected) in [
        ("CHATHISTORY", "FAIL CHATHISTORY NEED_MORE_PARAMS :"),
        ("CHATHISTORY LATEST #lobby", "FAIL CHATHISTORY NEED_MORE_PARAMS LATEST :"),
        ("CHATHISTORY SOONER #lobby * 1", "FAIL CHATHISTORY UNKNOWN_COMMAND SOONER :"),
        ("CHATHISTORY LATEST #lobby * no", "FAIL CHATHISTORY INVALID_PARAMS LATEST #lobby :"),
        ("CHATHISTORY BEFORE #lobby id=1 1", "FAIL CHATHISTORY INVALID_MSGREFTYPE BEFORE #lobby :"),
    ] {
        let told = room.ask("ada", line);
        assert!(told[0].contains(expected), "{told:?}");
    }
}

#[test]
fn what_was_closed_stays_closed() {
    for (flags, kept) in
        [("nt", "BATCH PRIVMSG BATCH"), ("i", "BATCH BATCH"), ("s", "BATCH BATCH"), ("R", "BATCH BATCH")]
    {
        let mut room = room();
        room.send("ada", "PRIVMSG #lobby :between us");
        room.flags("#lobby", flags);
        for nick in ["ada", "bob", "carl"] {
            room.send(nick, "PART #lobby");
        }
        room.send("eve", "JOIN #lobby");
        assert_eq!(words(&room.ask("eve", "CHATHISTORY LATEST #lobby * 10")), kept, "+{flags}");
    }
}

#[test]
fn a_label_is_on_the_batch() {
    let mut room = room();
    room.user("dora", &[Batch, LabeledResponse]);
    room.send("dora", "JOIN #lobby");
    room.send("ada", "PRIVMSG #lobby :hello");
    let told = room.ask("dora", "@label=7 CHATHISTORY LATEST #lobby * 10");
    assert!(told[0].starts_with("@label=7 :irc.localhost BATCH +"), "{told:?}");
    assert_eq!(words(&told), "BATCH PRIVMSG BATCH");
}

#[test]
fn the_server_tells_how_much_may_be_asked_for() {
    let config = Config::default();
    let isupport = config.isupport();
    assert_eq!(isupport.other(b"CHATHISTORY"), Some(Some(&b"100"[..])));
    assert_eq!(isupport.other(b"MSGREFTYPES"), Some(Some(&b"msgid,timestamp"[..])));
    assert_eq!(config.capability_value(Multiline).as_deref(), Some("max-bytes=4096,max-lines=24"));
    assert_eq!(config.capability_value(Batch), None);
    let mut room = room();
    room.user("dora", &[]);
    room.send("dora", "JOIN #lobby");
    for number in 0..200 {
        room.send("ada", &format!("PRIVMSG #lobby :{number}"));
    }
    assert_eq!(room.ask("dora", "CHATHISTORY LATEST #lobby * 500").len(), 100);
}

#[test]
fn a_network_moves_between_threads() {
    fn moves<T: Send>(_: &T) {}
    moves(&room().network);
}

/// A store that cannot answer, and one whose lines are not lines.
struct Odd(Vec<Entry>);

impl Store for Odd {
    fn append(&mut self, _buffer: Buffer<'_>, _entry: Entry) {}
    fn query(&self, _buffer: Buffer<'_>, _query: Query<'_>, out: &mut Vec<Entry>) -> Result<(), Unavailable> {
        out.extend_from_slice(&self.0);
        if self.0.is_empty() { Err(Unavailable) } else { Ok(()) }
    }
    fn newest(&self, _buffer: Buffer<'_>) -> Result<Option<u64>, Unavailable> {
        Err(Unavailable)
    }
    fn peers(&self, _owner: &[u8], _out: &mut Vec<(Box<[u8]>, u64)>) -> Result<(), Unavailable> {
        Err(Unavailable)
    }
    fn find(&self, _buffer: Buffer<'_>, _msgid: &[u8]) -> Option<Entry> {
        None
    }
    fn redact(&mut self, _buffer: Buffer<'_>, _msgid: &[u8], _redaction: Entry) -> bool {
        false
    }
    fn rename(&mut self, _from: &[u8], _to: &[u8]) {}
    fn forget(&mut self, _buffer: Buffer<'_>) {}
    fn expire(&mut self, _now: u64) {}
}

#[test]
fn a_store_of_ones_own_may_fail_and_injects_nothing() {
    let mut room = room();
    room.network.set_history(Box::new(Odd(Vec::new())));
    assert!(
        room.ask("ada", "CHATHISTORY LATEST #lobby * 10")[0].contains("FAIL CHATHISTORY MESSAGE_ERROR LATEST #lobby :")
    );
    let targets = "CHATHISTORY TARGETS timestamp=2019-01-04T14:34:20.000Z timestamp=2019-01-04T14:34:30.000Z 5";
    assert!(room.ask("ada", targets)[0].contains("MESSAGE_ERROR"));
    let entry = |line: &'static str, tags: &'static str| Entry {
        time: 0,
        msgid: Bytes::from_static(b"a b;c\r\n"),
        account: None,
        client_tags: Bytes::from_static(tags.as_bytes()),
        bot: false,
        sort: Sort::Message,
        line: Bytes::from_static(line.as_bytes()),
        more: Vec::new(),
    };
    let entries = [entry("PRIVMSG a\r\nQUIT", ""), entry("", ""), entry(":x PRIVMSG ada :y", "+a=b c\r\nQUIT")];
    room.network.set_history(Box::new(Odd(entries.into())));
    let told = room.ask("ada", "CHATHISTORY LATEST #lobby * 10");
    assert_eq!(words(&told), "BATCH PRIVMSG BATCH");
    assert!(told[1].contains("msgid=a\\sb\\:c\\r\\n :x "), "{told:?}");
    room.network.set_history(Box::new(Memory::default()));
}

/// Takes note of who may read what.
struct Guarded(Arc<Mutex<Vec<String>>>);

impl Store for Guarded {
    fn append(&mut self, _buffer: Buffer<'_>, _entry: Entry) {}
    fn query(&self, _: Buffer<'_>, _: Query<'_>, _: &mut Vec<Entry>) -> Result<(), Unavailable> {
        Ok(())
    }
    fn newest(&self, _buffer: Buffer<'_>) -> Result<Option<u64>, Unavailable> {
        Ok(None)
    }
    fn peers(&self, _owner: &[u8], _out: &mut Vec<(Box<[u8]>, u64)>) -> Result<(), Unavailable> {
        Ok(())
    }
    fn find(&self, _buffer: Buffer<'_>, _msgid: &[u8]) -> Option<Entry> {
        None
    }
    fn redact(&mut self, _buffer: Buffer<'_>, _msgid: &[u8], _redaction: Entry) -> bool {
        false
    }
    fn rename(&mut self, _from: &[u8], _to: &[u8]) {}
    fn forget(&mut self, buffer: Buffer<'_>) {
        self.0.lock().unwrap().push(format!("forget {buffer:?}"));
    }
    fn restrict(&mut self, channel: &[u8], restricted: bool) {
        self.0.lock().unwrap().push(format!("{} {restricted}", String::from_utf8_lossy(channel)));
    }
    fn expire(&mut self, _now: u64) {}
}

#[test]
fn a_store_is_told_which_channels_not_everybody_may_read() {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let mut room = Room::of(Config { new_channel_modes: "s".into(), ..Config::default() });
    room.network.set_history(Box::new(Guarded(notes.clone())));
    room.user("ada", &[]);
    let mut told = |line: &str| {
        room.send("ada", line);
        core::mem::take(&mut *notes.lock().unwrap()).join(", ")
    };
    assert_eq!(told("JOIN #C"), "#c true");
    assert_eq!(told("MODE #c +tk sesame"), "", "it is so already");
    assert_eq!(told("MODE #c -s"), "");
    assert_eq!(told("MODE #c -k *"), "#c false");
    assert_eq!(told("PART #c"), "");
    told("JOIN #c");
    told("MODE #c -s");
    assert_eq!(told("MODE #c +b eve"), "#c true");
    assert!(told("PART #c").starts_with("forget Channel"));
}
