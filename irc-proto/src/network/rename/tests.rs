use super::super::history::Buffer;
use super::super::room::{Room, words};
use crate::Capability::*;

/// Ada, the operator, and Bob know RENAME, Carl and Dora do not; Eve is outside.
fn room() -> Room {
    let mut room = Room::new();
    room.user("ada", &[ChannelRename, StandardReplies]);
    room.user("bob", &[ChannelRename]);
    room.user("carl", &[]);
    room.user("dora", &[ExtendedJoin]);
    room.user("eve", &[StandardReplies]);
    for nick in ["ada", "bob", "carl", "dora"] {
        room.enter(nick, "#old");
    }
    room
}

#[test]
fn all_are_told_in_their_way() {
    let mut room = room();
    room.send("ada", "PRIVMSG #old :before");
    assert_eq!(room.ask("ada", "RENAME #OLD #new :better"), [":ada!u@h RENAME #old #new :better"]);
    assert_eq!(room.told("bob"), [":ada!u@h RENAME #old #new :better"]);
    assert_eq!(room.told("carl")[..2], [":carl!u@h PART #old :better", ":carl!u@h JOIN #new"]);
    assert_eq!(room.told("dora")[1], ":dora!u@h JOIN #new * :Real Name");
    assert_eq!(words(&room.told("carl")[2..]), "353 366");
    assert!(room.network.channel(b"#old").is_none());
    assert_eq!(room.network.channel(b"#new").unwrap().member_count(), 4);
    assert!(room.network.history_mut().newest(Buffer::Channel(b"#new")).unwrap().is_some());
    assert!(room.network.history_mut().newest(Buffer::Channel(b"#old")).unwrap().is_none());
}

#[test]
fn another_case_is_told_by_rename_alone() {
    let mut room = room();
    assert_eq!(room.ask("ada", "RENAME #old #OLD"), [":ada!u@h RENAME #old #OLD :"]);
    assert!(room.told("carl").is_empty());
    assert_eq!(room.network.channel(b"#old").unwrap().name(), b"#OLD");
}

#[test]
fn the_old_name_leads_to_the_new_one_for_a_while() {
    let mut room = room();
    room.user("fay", &[ChannelRename, StandardReplies]);
    room.send("ada", "RENAME #old #new");
    assert_eq!(room.ask("fay", "JOIN #OLD"), ["FAIL JOIN CHANNEL_RENAMED #OLD #new :The channel has been renamed"]);
    let told = room.ask("eve", "JOIN #old");
    assert_eq!(told[..2], ["470 eve #old #new :The channel has been renamed", ":eve!u@h JOIN #new"]);
    assert_eq!(room.network.channel(b"#new").unwrap().member_count(), 5);
    room.now += 3_600_000;
    assert_eq!(room.ask("fay", "JOIN #old")[0], ":fay!u@h JOIN #old", "the time is over");
}

#[test]
fn a_former_name_in_use_leads_nowhere() {
    let mut room = room();
    room.flags("#old", "s");
    room.send("ada", "RENAME #old #new");
    assert_eq!(room.ask("eve", "JOIN #old")[0], ":eve!u@h JOIN #old", "the channel is secret");
    room.send("eve", "PART #old");
    room.flags("#new", "");
    assert_eq!(words(&room.ask("eve", "JOIN #old")[..1]), "470");
    room.send("eve", "PART #new");
    room.now += 60_000;
    room.send("ada", "RENAME #new #old");
    assert_eq!(words(&room.ask("eve", "JOIN #old")[..1]), "JOIN");
    assert_eq!(words(&room.ask("eve", "JOIN #new")[..1]), "470");
    for nick in ["ada", "bob", "carl", "dora", "eve"] {
        room.send(nick, "PART #old");
    }
    assert_eq!(words(&room.ask("eve", "JOIN #new")[..1]), "JOIN", "the channel is gone");
}

#[test]
fn so_many_former_names_are_known() {
    let mut room = Room::new();
    room.user("ada", &[]);
    room.user("bob", &[]);
    room.send("ada", "JOIN #0");
    for number in 0..300 {
        room.now += 60_000;
        let renamed = alloc::format!("RENAME #{number} #{}", number + 1);
        room.network.config.limits.rename_redirect = u64::MAX;
        room.send("ada", &renamed);
    }
    assert_eq!(room.network.former_names.len(), 256);
    assert_eq!(words(&room.ask("bob", "JOIN #43")[..1]), "JOIN");
    assert_eq!(words(&room.ask("bob", "JOIN #44")[..1]), "470");
}

#[test]
fn who_may_not_and_what_cannot_is_refused() {
    let mut room = room();
    room.enter("eve", "#taken");
    assert_eq!(words(&room.ask("bob", "RENAME #old #new")), "482");
    assert_eq!(words(&room.ask("eve", "RENAME #old #new")), "442");
    room.flags("#old", "s");
    assert_eq!(words(&room.ask("eve", "RENAME #old #new")), "403");
    assert_eq!(words(&room.ask("ada", "RENAME #old")), "461");
    for (line, code) in [
        ("RENAME #old #taken", "CHANNEL_NAME_IN_USE #old #taken"),
        ("RENAME #old new", "CANNOT_RENAME #old new"),
        ("RENAME #old #a,b", "CANNOT_RENAME #old #a,b"),
    ] {
        let told = room.ask("ada", line);
        assert!(told[0].starts_with(&alloc::format!("FAIL RENAME {code} :")), "{told:?}");
    }
    assert_eq!(words(&room.ask("ada", "RENAME #old #new")), "RENAME");
    assert!(room.ask("ada", "RENAME #new #newer")[0].starts_with("FAIL RENAME CANNOT_RENAME"), "too soon");
    room.now += 60_000;
    assert_eq!(words(&room.ask("ada", "RENAME #new #newer")), "RENAME");
}
