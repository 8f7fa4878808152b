use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::super::Config;
use super::super::room::{Room, words};
use crate::Capability::*;

fn room() -> Room {
    let mut config = Config::default();
    config.limits.monitor = 3;
    let mut room = Room::of(config);
    room.user("ada", &[]);
    room.user("bob", &[]);
    room
}

#[test]
fn a_list_is_kept_and_told() {
    let mut room = room();
    assert_eq!(room.ask("ada", "MONITOR + BOB,carl"), ["730 ada bob!u@h", "731 ada carl"]);
    assert_eq!(room.ask("ada", "MONITOR L"), ["732 ada bob,carl", "733 ada :End of MONITOR list"]);
    assert_eq!(room.ask("ada", "MONITOR s"), ["730 ada bob!u@h", "731 ada carl"]);
    assert_eq!(
        room.ask("ada", "MONITOR + bob,dora,eve,frank"),
        ["730 ada bob!u@h", "731 ada dora", "734 ada 3 eve,frank :Monitor list is full."]
    );
    assert!(room.ask("ada", "MONITOR - carl,nobody,,").is_empty());
    assert_eq!(room.ask("ada", "MONITOR L")[0], "732 ada bob,dora");
    assert!(room.ask("ada", "MONITOR C").is_empty());
    assert_eq!(words(&room.ask("ada", "MONITOR L")), "733");
    assert!(room.ask("ada", "MONITOR S").is_empty());
    assert!(room.ask("ada", "MONITOR + #x,a!b@c,1,,*").is_empty(), "what is no nickname is not kept");
    for line in ["MONITOR", "MONITOR +", "MONITOR -"] {
        assert_eq!(words(&room.ask("ada", line)), "461", "{line}");
    }
    assert_eq!(words(&room.ask("ada", "MONITOR x")), "NOTICE");
}

#[test]
fn comings_and_goings_are_told() {
    let mut room = room();
    room.send("ada", "MONITOR + carl,dora");
    room.send("bob", "MONITOR + CARL");
    room.arrive("carl", &[]);
    assert_eq!(
        (room.told("ada"), room.told("bob")),
        (["730 * :carl!u@h"].map(String::from).into(), ["730 * :carl!u@h"].map(String::from).into())
    );
    room.send("carl", "NICK dora");
    assert_eq!(room.told("ada"), ["731 * :carl", "730 * :dora!u@h"]);
    assert_eq!(room.told("bob"), ["731 * :carl"]);
    room.send("carl", "NICK DORA");
    assert!(room.told("ada").is_empty(), "it is the same nickname");
    room.quit("carl");
    assert_eq!(room.told("ada"), ["731 * :DORA"]);
    room.send("bob", "QUIT");
    room.arrive("carl", &[]);
    assert_eq!(room.told("ada"), ["730 * :carl!u@h"]);
}

#[test]
fn changes_are_told_to_who_shares_no_channel() {
    let mut room = Room::new();
    room.user("ada", &[ExtendedMonitor, AwayNotify, Setname]);
    room.user("bob", &[ExtendedMonitor]);
    room.user("carl", &[AwayNotify]);
    room.user("eve", &[Setname]);
    for nick in ["ada", "bob", "carl"] {
        room.send(nick, "MONITOR + eve");
    }
    room.send("eve", "AWAY :gone");
    assert_eq!(room.told("ada"), [":eve!u@h AWAY :gone"]);
    assert!(room.told("bob").is_empty() && room.told("carl").is_empty());
    room.send("eve", "SETNAME :Eve");
    assert_eq!(room.told("ada"), [":eve!u@h SETNAME :Eve"]);
    room.enter("ada", "#x");
    room.enter("eve", "#x");
    room.send("eve", "AWAY");
    assert_eq!(room.told("ada").len(), 1, "once, in the common channel");
}

#[test]
fn nothing_is_left_of_who_has_gone() {
    let mut room = room();
    for round in 0..50 {
        let nick = format!("guest{round}");
        room.user(&nick, &[Batch, Multiline, MessageTags, ReadMarker, Metadata]);
        for line in [
            "MONITOR + a,b,c,d",
            "MARKREAD #lobby timestamp=2019-01-04T14:34:20.000Z",
            "METADATA * SET url x",
            "METADATA * SUB url name",
            "BATCH +x draft/multiline ada",
            "@batch=x PRIVMSG ada :hello",
        ] {
            room.send(&nick, line);
        }
        room.quit(&nick);
    }
    let extras = format!("{:?}", room.network.extras);
    let empty: Vec<&str> =
        ["watchers: {}", "lists: {}", "all: {}", "order: {}", "values: {}", "subscriptions: {}", "batches: 0"].into();
    empty.iter().for_each(|part| assert!(extras.contains(part), "{part} in {extras}"));
}
