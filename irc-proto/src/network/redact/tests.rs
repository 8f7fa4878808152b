use alloc::format;

use super::super::room::{Room, words};
use super::super::{Config, Newcomer};
use crate::Capabilities;
use crate::Capability::*;

/// Ada is the operator of `#lobby`; all but Carl know redactions; Eve and Bob are logged in.
fn room() -> Room {
    let config = Config { msgid_prefix: "m".into(), ..Config::default() };
    let mut room = Room::of(config);
    room.user("ada", &[MessageTags, MessageRedaction, EchoMessage, StandardReplies]);
    for nick in [&b"bob"[..], b"eve"] {
        let capabilities = Capabilities::of(&[MessageTags, MessageRedaction, StandardReplies]);
        room.person(&Newcomer { nick, account: Some(nick), capabilities, ..Newcomer::default() });
    }
    room.user("carl", &[]);
    for nick in ["ada", "bob", "eve", "carl"] {
        room.enter(nick, "#lobby");
    }
    room
}

#[test]
fn the_author_and_operators_take_messages_back() {
    let mut room = room();
    room.send("bob", "PRIVMSG #lobby :oops");
    assert_eq!(words(&room.ask("eve", "REDACT #lobby m1")), "FAIL");
    assert!(room.told("ada").is_empty());
    room.send("bob", "REDACT #Lobby m1 :bad idea");
    assert_eq!(room.told("ada"), ["@msgid=m2 :bob!u@h REDACT #lobby m1 :bad idea"]);
    assert_eq!(room.told("eve").len(), 1);
    assert!(room.told("carl").is_empty() && room.told("bob").is_empty());
    assert_eq!(
        room.ask("bob", "REDACT #lobby m1"),
        ["FAIL REDACT UNKNOWN_MSGID #lobby m1 :This message does not exist or is too old"]
    );
    room.send("bob", "PRIVMSG #lobby :again");
    assert_eq!(room.ask("ada", "REDACT #lobby m3"), ["@msgid=m4 :ada!u@h REDACT #lobby m3"]);
    assert_eq!(words(&room.ask("eve", "CHATHISTORY LATEST #lobby * 10")), "REDACT REDACT");
    assert_eq!(words(&room.ask("carl", "CHATHISTORY LATEST #lobby * 10")), "");
}

#[test]
fn authors_have_so_much_time_and_operators_as_much_as_they_like() {
    let mut config = Config { msgid_prefix: "m".into(), ..Config::default() };
    config.limits.redact_window = Some(60_000);
    let mut room = Room::of(config);
    for nick in ["ada", "bob"] {
        room.user(nick, &[MessageTags, MessageRedaction, EchoMessage, StandardReplies]);
        room.enter(nick, "#lobby");
    }
    room.send("bob", "PRIVMSG #lobby :one");
    room.send("bob", "PRIVMSG #lobby :two");
    room.now += 60_000;
    assert_eq!(words(&room.ask("bob", "REDACT #lobby m1")), "REDACT");
    room.now += 1;
    assert_eq!(
        room.ask("bob", "REDACT #lobby m2"),
        ["FAIL REDACT REDACT_WINDOW_EXPIRED #lobby m2 60 :You can no longer delete this message: it is too old"]
    );
    assert_eq!(words(&room.ask("ada", "REDACT #lobby m2")), "REDACT");
}

#[test]
fn both_copies_of_a_conversation_lose_the_message() {
    let mut room = room();
    room.send("bob", "PRIVMSG eve :psst");
    assert_eq!(words(&room.ask("eve", "REDACT bob m1")), "FAIL", "she did not write it");
    room.send("bob", "REDACT eve m1");
    assert_eq!(room.told("eve"), ["@msgid=m2 :bob!u@h REDACT eve m1"]);
    for (nick, peer) in [("bob", "eve"), ("eve", "bob")] {
        assert_eq!(words(&room.ask(nick, &format!("CHATHISTORY LATEST {peer} * 10"))), "REDACT");
    }
}

#[test]
fn nothing_is_told_of_places_one_is_not_in() {
    let mut room = room();
    room.enter("ada", "#den");
    room.send("ada", "PRIVMSG #den :secret");
    for target in ["#den", "#nowhere", "nobody:"] {
        assert_eq!(
            room.ask("bob", &format!("REDACT {target} m1")),
            [format!("FAIL REDACT INVALID_TARGET {target} :You cannot delete messages from there")]
        );
    }
    assert_eq!(words(&room.ask("bob", "REDACT #lobby")), "461");
    assert_eq!(words(&room.ask("bob", "REDACT #lobby :")), "FAIL");
}
