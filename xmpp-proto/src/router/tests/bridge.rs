//! The application's side of rooms.

use super::*;

const LOBBY: &str = "lobby@rooms.im.example";

/// A room that is observed, with Juliet (1) in it.
fn lobby() -> Talk {
    let mut talk = Talk::new();
    let room = jid(LOBBY);
    let config = RoomConfig { name: "Lobby".into(), ..RoomConfig::default() };
    talk.router.set_room(room.as_ref(), config, None, &mut talk.out).unwrap();
    talk.router.observe(room.as_ref(), true).unwrap();
    talk.user(1, "juliet", 0);
    talk.say(1, &format!("<presence to='{LOBBY}/Juliet'><x xmlns='http://jabber.org/protocol/muc'/></presence>"));
    talk.heard.clear();
    talk
}

fn happened(talk: &mut Talk) -> Vec<RoomEvent> {
    let actions = core::mem::take(&mut talk.actions);
    let events = actions.into_iter().map(|action| match action {
        Action::Room { room, what } => {
            assert_eq!(room.as_str(), LOBBY);
            what
        }
        other => panic!("{other:?}"),
    });
    events.collect()
}

#[test]
fn what_is_said_is_told_to_the_application() {
    let mut talk = lobby();
    assert_eq!(happened(&mut talk), [RoomEvent::Joined { nick: "Juliet".into() }]);
    talk.say(1, &format!("<message type='groupchat' to='{LOBBY}'><body>Hi</body></message>"));
    let [RoomEvent::Said { nick, text, id }] = &happened(&mut talk)[..] else { panic!() };
    assert_eq!((&**nick, &**text, id.is_empty()), ("Juliet", "Hi", false));
    talk.say(1, &format!("<presence to='{LOBBY}/Julia'/>"));
    assert_eq!(happened(&mut talk), [RoomEvent::Renamed { from: "Juliet".into(), to: "Julia".into() }]);
    talk.gone(1);
    assert_eq!(happened(&mut talk), [RoomEvent::Left { nick: "Julia".into(), reason: None }]);
    assert!(talk.router.room(jid(LOBBY).as_ref()).is_some(), "it stays while it is observed");
    talk.router.observe(jid(LOBBY).as_ref(), false).unwrap();
    assert!(talk.router.room(jid(LOBBY).as_ref()).is_none());
}

#[test]
fn who_is_brought_in_is_one_of_them() {
    let mut talk = lobby();
    happened(&mut talk);
    let room = jid(LOBBY);
    talk.router.join_foreign(room.as_ref(), "ada", &mut talk.out).unwrap();
    talk.deliver();
    let heard = talk.elements(1);
    let user = crate::payload::muc::User::within(heard[0].view()).unwrap().unwrap();
    assert_eq!(heard[0].attr("from").as_deref(), Some("lobby@rooms.im.example/ada"));
    assert!(user.item.unwrap().jid.is_none());

    talk.router.say_foreign(room.as_ref(), "ada", "Hi \u{1} & <all>", talk.now, &mut talk.out).unwrap();
    talk.deliver();
    let heard = talk.elements(1);
    assert_eq!(heard[0].child("body", ns::CLIENT).unwrap().text(), "Hi \u{fffd} & <all>");
    assert_eq!(heard[0].attr("type").as_deref(), Some("groupchat"));

    talk.router.whisper_foreign(room.as_ref(), "ada", "Juliet", "psst", &mut talk.out).unwrap();
    talk.deliver();
    assert_eq!(talk.elements(1)[0].attr("type").as_deref(), Some("chat"));
    talk.say(1, &format!("<message type='chat' to='{LOBBY}/ada'><body>yes?</body></message>"));
    let whispered = RoomEvent::Whispered { nick: "Juliet".into(), to: "ada".into(), text: "yes?".into() };
    assert_eq!(happened(&mut talk), [whispered]);

    talk.router.set_subject_foreign(room.as_ref(), "ada", "Plans", talk.now, &mut talk.out).unwrap();
    talk.router.rename_foreign(room.as_ref(), "ada", "lovelace", &mut talk.out).unwrap();
    talk.router.leave_foreign(room.as_ref(), "lovelace", Some("bye"), &mut talk.out).unwrap();
    talk.deliver();
    let heard = talk.elements(1);
    assert_eq!(heard.len(), 4);
    assert_eq!(heard[3].child("status", ns::CLIENT).unwrap().text(), "bye");
    assert_eq!(talk.router.room(room.as_ref()).unwrap().subject(), Some("Plans"));
    assert!(happened(&mut talk).is_empty(), "of what it did itself it is not told");
    talk.user(2, "romeo", 0);
    talk.say(2, &format!("<presence to='{LOBBY}/Romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>"));
    let heard = talk.heard(2);
    assert!(heard.iter().any(|line| line.contains("from='lobby@rooms.im.example/ada' ") || line.contains("/ada'")));
}

#[test]
fn misuse_is_told_and_changes_nothing() {
    let mut talk = lobby();
    happened(&mut talk);
    let (room, none) = (jid(LOBBY), jid("none@rooms.im.example"));
    let out = &mut talk.out;
    let router = &mut talk.router;
    assert_eq!(router.join_foreign(none.as_ref(), "ada", out), Err(RoomFault::NoRoom));
    assert_eq!(router.join_foreign(room.as_ref(), "Juliet", out), Err(RoomFault::NickTaken));
    assert!(matches!(router.join_foreign(room.as_ref(), "", out), Err(RoomFault::Nick(_))));
    assert_eq!(router.join_foreign(room.as_ref(), &"x".repeat(65), out), Err(RoomFault::NickTooLong));
    assert_eq!(
        router.say_foreign(room.as_ref(), "Juliet", "Hi", 0, out),
        Err(RoomFault::NoOccupant),
        "she speaks for herself"
    );
    assert_eq!(router.leave_foreign(room.as_ref(), "ada", None, out), Err(RoomFault::NoOccupant));
    let far = jid("lobby@far.example");
    assert_eq!(router.set_room(far.as_ref(), RoomConfig::default(), None, out), Err(RoomFault::NotOurs));
    assert!(out.is_empty());
}

#[test]
fn who_is_brought_in_can_be_put_out() {
    let mut talk = lobby();
    let (room, juliet) = (jid(LOBBY), jid("juliet@im.example"));
    talk.router.set_room(room.as_ref(), RoomConfig::default(), Some(juliet.as_ref()), &mut talk.out).unwrap();
    talk.router.join_foreign(room.as_ref(), "ada", &mut talk.out).unwrap();
    talk.deliver();
    talk.actions.clear();
    talk.say(1, &format!("<iq type='set' id='k' to='{LOBBY}'><query xmlns='http://jabber.org/protocol/muc#admin'><item nick='ada' role='none'><reason>no</reason></item></query></iq>"));
    assert_eq!(happened(&mut talk), [RoomEvent::Kicked { nick: "ada".into(), reason: Some("no".into()) }]);
    talk.router.remove_room(room.as_ref(), Some("end"), &mut talk.out).unwrap();
    talk.deliver();
    assert_eq!(happened(&mut talk), [RoomEvent::Destroyed]);
    assert!(talk.heard(1).last().unwrap().contains("<destroy><reason>end</reason></destroy>"));
}

#[test]
fn the_application_puts_out_whom_it_did_not_bring_in() {
    let mut talk = lobby();
    let room = jid(LOBBY);
    talk.user(2, "romeo", 0);
    talk.say(2, &format!("<presence to='{LOBBY}/Romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>"));
    talk.heard.clear();
    talk.actions.clear();
    talk.router.put_out_of_room(room.as_ref(), "Romeo", Some("spam"), &mut talk.out).unwrap();
    talk.deliver();
    let heard = talk.elements(2);
    let user = crate::payload::muc::User::within(heard[0].view()).unwrap().unwrap();
    assert!(user.statuses.contains(&307) && user.statuses.contains(&110));
    assert_eq!(user.item.unwrap().reason.as_deref(), Some("spam"));
    assert_eq!(talk.elements(1)[0].attr("type").as_deref(), Some("unavailable"));
    assert!(happened(&mut talk).is_empty(), "of what it did itself it is not told");
    let fault = talk.router.put_out_of_room(room.as_ref(), "Romeo", None, &mut talk.out);
    assert_eq!(fault, Err(RoomFault::NoOccupant));
    talk.say(2, &format!("<presence to='{LOBBY}/Romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>"));
    assert!(talk.heard(2).iter().any(|line| line.contains("<subject")), "he may come back");
}

#[test]
fn a_room_that_is_made_again_remembers() {
    let mut talk = lobby();
    let room = jid(LOBBY);
    talk.say(1, &format!("<message type='groupchat' to='{LOBBY}'><body>Hi</body></message>"));
    talk.router.remove_room(room.as_ref(), None, &mut talk.out).unwrap();
    talk.router.set_room(room.as_ref(), RoomConfig::default(), None, &mut talk.out).unwrap();
    talk.deliver();
    talk.heard.clear();
    talk.say(1, &format!("<presence to='{LOBBY}/Juliet'><x xmlns='http://jabber.org/protocol/muc'/></presence>"));
    let heard = talk.heard(1);
    assert!(heard.iter().any(|line| line.contains("<body>Hi</body>") && line.contains("urn:xmpp:delay")), "{heard:?}");
}
