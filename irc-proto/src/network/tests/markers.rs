use super::super::room::{Room, words};
use super::super::{Config, Newcomer};
use crate::Capabilities;
use crate::Capability::*;

const AT: &str = "timestamp=2019-01-04T14:34:20.000Z";

/// Two clients of Ada's, `ada` and `pocket`, and Bob.
fn room() -> Room {
    let mut room = Room::of(Config { new_channel_modes: "".into(), ..Config::default() });
    for nick in [&b"ada"[..], b"pocket"] {
        let capabilities = Capabilities::of(&[ReadMarker, StandardReplies]);
        room.person(&Newcomer { nick, account: Some(b"Ada"), capabilities, ..Newcomer::default() });
    }
    room.user("bob", &[ReadMarker]);
    room
}

#[test]
fn a_marker_is_shared_by_the_clients_of_an_account() {
    let mut room = room();
    assert_eq!(room.ask("ada", "MARKREAD #Lobby"), ["MARKREAD #Lobby *"]);
    let set = alloc::format!("MARKREAD #lobby {AT}");
    assert_eq!(room.ask("ada", &set), [set.as_str()]);
    assert_eq!(room.told("pocket"), [set.as_str()]);
    assert!(room.told("bob").is_empty());
    assert_eq!(
        room.ask("pocket", "MARKREAD #lobby timestamp=2019-01-04T14:34:19.000Z"),
        [set.as_str()],
        "it never goes back"
    );
    assert!(room.told("ada").is_empty());
    assert_eq!(room.ask("bob", "MARKREAD #lobby"), ["MARKREAD #lobby *"]);
    // What is not said yet cannot have been read.
    assert_eq!(
        room.ask("bob", "MARKREAD ada timestamp=2030-01-01T00:00:00.000Z"),
        ["MARKREAD ada timestamp=2019-01-04T14:34:26.000Z"]
    );
}

#[test]
fn it_is_told_at_a_join_before_the_names() {
    let mut room = room();
    room.send("ada", &alloc::format!("MARKREAD #lobby {AT}"));
    let told = room.ask("pocket", "JOIN #lobby");
    assert_eq!(words(&told), "JOIN MARKREAD 353 366");
    assert_eq!(told[1], alloc::format!("MARKREAD #lobby {AT}"));
    room.user("carl", &[]);
    assert_eq!(words(&room.ask("carl", "JOIN #lobby")), "JOIN 353 366");
}

#[test]
fn faults_are_told() {
    let mut room = room();
    for (line, code) in [
        ("MARKREAD", "NEED_MORE_PARAMS :"),
        ("MARKREAD #lobby *", "INVALID_PARAMS #lobby :"),
        ("MARKREAD #lobby timestamp=x", "INVALID_PARAMS #lobby :"),
        ("MARKREAD no,name", "INVALID_PARAMS no,name :"),
    ] {
        let told = room.ask("ada", line);
        assert!(told[0].starts_with(&alloc::format!("FAIL MARKREAD {code}")), "{told:?}");
    }
}
