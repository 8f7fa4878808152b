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
