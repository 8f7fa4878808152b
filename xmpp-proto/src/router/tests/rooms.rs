//! Rooms: who is in them, what they are told, who may do what.

use super::*;
use crate::payload::muc::{Affiliation, Role, User};

const ROOM: &str = "verona@rooms.im.example";

fn join(nick: &str) -> String {
    format!("<presence to='{ROOM}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
}

fn say(text: &str) -> String {
    format!("<message type='groupchat' id='s' to='{ROOM}'><body>{text}</body></message>")
}

fn admin(item: &str) -> String {
    format!("<iq type='set' id='a' to='{ROOM}'><query xmlns='http://jabber.org/protocol/muc#admin'>{item}</query></iq>")
}

fn configure(fields: &[(&str, &str)]) -> String {
    let fields: String = fields
        .iter()
        .map(|(name, value)| format!("<field var='muc#roomconfig_{name}'><value>{value}</value></field>"))
        .collect();
    format!(
        "<iq type='set' id='c' to='{ROOM}'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>{fields}</x></query></iq>"
    )
}

/// Nickname, affiliation, role, whether it comes or goes, whether the address is shown, statuses.
type Seen = (String, Affiliation, Role, bool, bool, Vec<u16>);

fn seen(element: &Element) -> Option<Seen> {
    let user = User::within(element.view()).unwrap().filter(|_| element.name() == "presence")?;
    let item = user.item?;
    let from = jid(&element.attr("from")?);
    let is_there = element.attr("type").is_none();
    let nick = from.resource()?.to_string();
    Some((nick, item.affiliation?, item.role?, is_there, item.jid.is_some(), user.statuses))
}

impl Talk {
    fn seen(&mut self, number: u64) -> Vec<Seen> {
        self.elements(number).iter().filter_map(seen).collect()
    }

    fn room(&self) -> &Room {
        self.router.room(jid(ROOM).as_ref()).expect("the room")
    }
}

/// Juliet (1) has made the room, Romeo (2) and the nurse (3) are in it.
fn verona() -> Talk {
    let mut talk = Talk::new();
    for (number, name) in [(1, "juliet"), (2, "romeo"), (3, "nurse"), (4, "tybalt")] {
        talk.user(number, name, 0);
    }
    for (number, nick) in [(1, "Juliet"), (2, "Romeo"), (3, "Nurse")] {
        talk.say(number, &join(nick));
    }
    talk.heard.clear();
    talk
}

#[test]
fn who_makes_a_room_owns_it() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.say(1, &join("Juliet"));
    let heard = talk.elements(1);
    let expected = ("Juliet".to_string(), Affiliation::Owner, Role::Moderator, true, true, vec![110, 170, 201]);
    assert_eq!(seen(&heard[0]), Some(expected));
    assert!(heard[1].child("subject", ns::CLIENT).is_some_and(|subject| subject.is_empty()), "the subject is last");
    assert_eq!(heard.len(), 2);
    talk.say(1, &format!("<presence type='unavailable' to='{ROOM}/Juliet'/>"));
    assert!(talk.router.room(jid(ROOM).as_ref()).is_none(), "and it goes with the last");
}

#[test]
fn who_comes_in_sees_all_and_is_seen() {
    let mut talk = verona();
    talk.say(4, &join("Tybalt"));
    let heard = talk.elements(4);
    let nicks: Vec<_> = heard.iter().filter_map(seen).map(|seen| seen.0).collect();
    assert_eq!(nicks, ["Juliet", "Nurse", "Romeo", "Tybalt"], "itself last");
    assert!(heard.iter().filter_map(seen).all(|seen| !seen.4), "addresses are for moderators");
    let own = heard.iter().filter_map(seen).last().unwrap();
    assert_eq!((own.1, own.2, own.5), (Affiliation::None, Role::Participant, vec![110, 170]));
    assert!(talk.seen(1)[0].4);
    assert!(!talk.seen(2)[0].4);
    assert_eq!(talk.seen(3).len(), 1);
    talk.nothing_else();
}

#[test]
fn what_is_said_is_heard_by_all() {
    let mut talk = verona();
    talk.say(2, &say("Hi"));
    for number in [1, 2, 3] {
        let heard = talk.elements(number);
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].attr("from").as_deref(), Some("verona@rooms.im.example/Romeo"));
        assert_eq!(heard[0].attr("id").as_deref(), Some("s"));
        assert_eq!(heard[0].attr("to").as_deref(), Some(talk.router.jid(Session(number)).unwrap().as_str()));
        assert!(crate::payload::stanza_id::by(heard[0].view(), jid(ROOM).as_ref()).is_some());
    }
    talk.say(4, &say("Hi"));
    assert_eq!(refusal(&talk.elements(4)), refused(ROOM, "not-acceptable"));
    talk.nothing_else();
}

#[test]
fn one_writing_can_serve_a_whole_room() {
    let mut talk = Talk::with(|config| config.shares_rooms = true);
    for (number, name, nick) in [(1, "juliet", "Juliet"), (2, "romeo", "Romeo")] {
        talk.user(number, name, 0);
        talk.say(number, &join(nick));
    }
    let message: Element = say("Hi").replacen("<message", "<message xmlns='jabber:client'", 1).parse().unwrap();
    let message = Stanza::read(message, ns::CLIENT, Rules::Rfc7622).unwrap();
    talk.router.handle(Session(1), &message, NOW, &mut talk.out);
    let packets: Vec<_> = talk.out.deliveries().flat_map(Delivery::packets).collect();
    assert_eq!(packets.len(), 2);
    assert_eq!(packets[0].1.as_bytes().as_ptr(), packets[1].1.as_bytes().as_ptr());
}

#[test]
fn forged_words_of_the_room_are_taken_out() {
    let mut talk = verona();
    let forged = [
        "<x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x>",
        "<stanza-id xmlns='urn:xmpp:sid:0' by='verona@rooms.im.example' id='forged'/>",
        "<delay xmlns='urn:xmpp:delay' from='verona@rooms.im.example' stamp='2020-01-01T00:00:00Z'/>",
    ];
    talk.say(2, &format!("<message type='groupchat' to='{ROOM}'><body>Hi</body>{}</message>", forged.concat()));
    let heard = talk.heard(1);
    assert!(!heard[0].contains("110") && !heard[0].contains("forged") && !heard[0].contains("2020"));
    talk.heard.clear();
    talk.say(2, &format!("<presence xmlns:u='http://jabber.org/protocol/muc#user' xmlns:p='urn:p' to='{ROOM}/Romeo'><u:x><u:item role='moderator'/></u:x><p:q/><show>away</show></presence>"));
    let heard = talk.elements(3);
    assert_eq!(seen(&heard[0]).unwrap().2, Role::Participant);
    assert_eq!(heard[0].children().filter(|child| child.ns() == ns::MUC_USER).count(), 1);
    assert!(heard[0].child("q", "urn:p").is_some() && heard[0].child("show", ns::CLIENT).is_some());
}

#[test]
fn newcomers_are_shown_what_was_said() {
    let mut talk = verona();
    for number in 0..60 {
        talk.say(2, &say(&format!("{number}")));
        talk.now += 1000;
    }
    talk.say(
        2,
        &format!(
            "<message type='groupchat' to='{ROOM}'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>"
        ),
    );
    let bodies = |talk: &mut Talk| {
        let heard = talk.elements(4);
        let said = heard.iter().filter_map(|element| element.child("body", ns::CLIENT));
        let bodies: Vec<String> = said.map(|body| body.text().into_owned()).collect();
        assert!(heard.last().unwrap().child("subject", ns::CLIENT).is_some());
        let late = heard.iter().filter(|element| element.child("body", ns::CLIENT).is_some());
        assert!(late.clone().all(|late| crate::payload::delay::Delay::of(late.view(), ROOM).is_some()));
        bodies
    };
    talk.say(4, &join("Tybalt"));
    let all = bodies(&mut talk);
    assert_eq!((all.len(), all[0].as_str(), all[49].as_str()), (50, "10", "59"));
    for (wish, count) in
        [("maxstanzas='3'", 3), ("maxchars='0'", 0), ("seconds='5'", 5), ("since='2026-11-21T08:00:58Z'", 2)]
    {
        talk.say(4, &format!("<presence type='unavailable' to='{ROOM}/Tybalt'/>"));
        talk.heard.clear();
        talk.say(4, &format!("<presence to='{ROOM}/Tybalt'><x xmlns='http://jabber.org/protocol/muc'><history {wish}/></x></presence>"));
        assert_eq!(bodies(&mut talk).len(), count, "{wish}");
    }
    let answer = talk.ask(4, &format!("<iq type='set' id='m' to='{ROOM}'><query xmlns='urn:xmpp:mam:2'/></iq>"));
    assert!(answer.last().unwrap().contains("<count>60</count>"));
}

#[test]
fn a_nickname_is_one_persons() {
    let mut talk = verona();
    talk.say(4, &join("Romeo"));
    assert_eq!(refusal(&talk.elements(4)), refused("verona@rooms.im.example/Romeo", "conflict"));
    talk.user(5, "romeo", 0);
    talk.say(5, &join("Romeo"));
    assert_eq!(talk.seen(5).len(), 3);
    talk.nothing_else();
    assert_eq!(talk.room().occupant("Romeo").unwrap().sessions().count(), 2);
    talk.say(1, &say("Hi"));
    assert!(talk.heard(2).len() == 1 && talk.heard(5).len() == 1);
    talk.heard.clear();
    talk.gone(2);
    assert!(talk.seen(1).is_empty() && talk.seen(5).is_empty(), "the nickname is still there");
    talk.gone(5);
    assert!(!talk.seen(1)[0].3);
    assert!(talk.room().occupant("Romeo").is_none());
}

#[test]
fn another_nickname_is_told_as_going_and_coming() {
    let mut talk = verona();
    talk.say(2, &format!("<presence to='{ROOM}/Montague'/>"));
    for number in [1, 2, 3] {
        let heard = talk.elements(number);
        let (gone, come) = (seen(&heard[0]).unwrap(), seen(&heard[1]).unwrap());
        assert!(gone.5.contains(&303) && !gone.3 && gone.0 == "Romeo");
        assert!(come.0 == "Montague" && come.3);
        assert_eq!(come.5.contains(&110), number == 2);
    }
    talk.say(2, &format!("<presence to='{ROOM}/Nurse'/>"));
    assert_eq!(refusal(&talk.elements(2)), refused("verona@rooms.im.example/Nurse", "conflict"));
    talk.say(2, &say("Hi"));
    assert!(talk.heard(1)[0].contains("/Montague"));
}

#[test]
fn a_room_for_members_and_one_with_a_password_are_closed() {
    let mut talk = verona();
    assert_eq!(talk.ask(1, &configure(&[("passwordprotectedroom", "1"), ("roomsecret", "wherefore")])).len(), 2);
    talk.heard.clear();
    talk.say(4, &join("Tybalt"));
    assert_eq!(refusal(&talk.elements(4)), refused("verona@rooms.im.example/Tybalt", "not-authorized"));
    talk.say(4, &format!("<presence to='{ROOM}/Tybalt'><x xmlns='http://jabber.org/protocol/muc'><password>wherefore</password></x></presence>"));
    assert!(talk.room().occupant("Tybalt").is_some());
    talk.say(1, &configure(&[("membersonly", "1"), ("passwordprotectedroom", "0")]));
    assert_eq!(talk.room().occupants().map(Occupant::nick).collect::<Vec<_>>(), ["Juliet"], "strangers are out");
    assert!(talk.seen(4).iter().any(|seen| seen.5.contains(&322) && seen.5.contains(&110)));
    talk.heard.clear();
    talk.say(4, &join("Tybalt"));
    assert_eq!(refusal(&talk.elements(4)), refused("verona@rooms.im.example/Tybalt", "registration-required"));
    talk.say(1, &admin("<item affiliation='member' jid='tybalt@im.example'/>"));
    talk.say(4, &join("Tybalt"));
    assert!(talk.room().occupant("Tybalt").is_some());
    talk.heard.clear();
    talk.say(4, &format!("<message to='{ROOM}'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='romeo@im.example'/></x></message>"));
    assert_eq!(refusal(&talk.elements(4)), refused(ROOM, "forbidden"));
    talk.say(1, &format!("<message to='{ROOM}'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='romeo@im.example'><reason>Come</reason></invite></x></message>"));
    let heard = talk.heard(2);
    assert!(heard[0].contains("<invite from='juliet@im.example/r1'><reason>Come</reason></invite>"), "{heard:?}");
    talk.say(2, &join("Romeo"));
    assert!(talk.room().occupant("Romeo").is_some(), "who is invited is a member");
    talk.say(1, &admin("<item affiliation='none' jid='romeo@im.example'/>"));
    assert!(talk.seen(2).last().unwrap().5.contains(&321));
}

#[test]
fn without_voice_nobody_speaks() {
    let mut talk = verona();
    talk.say(1, &configure(&[("moderatedroom", "1")]));
    talk.say(4, &join("Tybalt"));
    talk.heard.clear();
    talk.say(4, &say("Hi"));
    assert_eq!(refusal(&talk.elements(4)), refused(ROOM, "forbidden"));
    talk.say(4, &admin("<item nick='Tybalt' role='participant'/>"));
    assert_eq!(refusal(&talk.elements(4)), refused(ROOM, "forbidden"));
    talk.say(1, &admin("<item nick='Tybalt' role='participant'/>"));
    talk.heard.clear();
    talk.say(4, &say("Hi"));
    assert_eq!(talk.heard(1).len(), 1);
}

#[test]
fn moderators_put_out_and_admins_ban() {
    let mut talk = verona();
    talk.say(2, &admin("<item nick='Nurse' role='none'/>"));
    assert_eq!(refusal(&talk.elements(2)), refused(ROOM, "forbidden"));
    talk.say(1, &admin("<item nick='Nurse' role='none'><reason>Hush</reason></item>"));
    let heard = talk.elements(3);
    let out = seen(&heard[0]).unwrap();
    assert!(!out.3 && out.2 == Role::None && out.5.contains(&307) && out.5.contains(&110));
    assert!(heard[0].to_string().contains("<reason>Hush</reason>"));
    talk.heard.clear();
    talk.say(3, &join("Nurse"));
    assert!(talk.room().occupant("Nurse").is_some(), "a kick is no ban");
    talk.say(1, &admin("<item affiliation='outcast' jid='nurse@im.example/x'/>"));
    talk.heard.clear();
    talk.say(3, &join("Nurse"));
    assert_eq!(refusal(&talk.elements(3)), refused("verona@rooms.im.example/Nurse", "forbidden"));
    let list = format!(
        "<iq type='get' id='l' to='{ROOM}'><query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='outcast'/></query></iq>"
    );
    assert!(talk.ask(1, &list)[0].contains("jid='nurse@im.example'"));
    talk.say(2, &list);
    assert_eq!(refusal(&talk.elements(2)), refused(ROOM, "forbidden"));
    talk.say(1, &admin("<item affiliation='admin' jid='romeo@im.example'/>"));
    talk.heard.clear();
    for item in [
        "<item nick='Juliet' role='none'/>",
        "<item affiliation='none' jid='juliet@im.example'/>",
        "<item affiliation='owner' jid='romeo@im.example'/>",
        "<item affiliation='admin' jid='tybalt@im.example'/>",
    ] {
        talk.say(2, &admin(item));
        assert_eq!(refusal(&talk.elements(2)), refused(ROOM, "not-allowed"), "{item}");
    }
    talk.say(1, &admin("<item affiliation='none' jid='juliet@im.example'/>"));
    assert_eq!(refusal(&talk.elements(1)), refused(ROOM, "conflict"), "an owner must be left");
    talk.nothing_else();
}

#[test]
fn the_subject_is_the_moderators() {
    let mut talk = verona();
    let subject = |text: &str| format!("<message type='groupchat' to='{ROOM}'><subject>{text}</subject></message>");
    talk.say(2, &subject("Love"));
    assert_eq!(refusal(&talk.elements(2)), refused(ROOM, "forbidden"));
    talk.say(1, &subject("Love"));
    assert!([1, 2, 3].iter().all(|number| talk.heard(*number).len() == 1));
    talk.say(4, &join("Tybalt"));
    let heard = talk.elements(4);
    assert_eq!(heard.last().unwrap().child("subject", ns::CLIENT).unwrap().text(), "Love");
    talk.say(1, &configure(&[("changesubject", "1")]));
    talk.say(2, &subject("Hate"));
    assert_eq!(talk.room().subject(), Some("Hate"));
    talk.heard.clear();
    talk.say(1, &subject(&"x".repeat(3000)));
    assert_eq!(refusal(&talk.elements(1)), refused(ROOM, "not-acceptable"));
}

#[test]
fn one_speaks_to_one_in_the_room() {
    let mut talk = verona();
    talk.say(2, &format!("<message type='chat' to='{ROOM}/Nurse'><body>psst</body></message>"));
    let heard = talk.elements(3);
    assert_eq!(heard[0].attr("from").as_deref(), Some("verona@rooms.im.example/Romeo"));
    assert!(heard[0].child("x", ns::MUC_USER).is_some());
    talk.nothing_else();
    talk.say(2, &format!("<message type='chat' to='{ROOM}/Nobody'><body>psst</body></message>"));
    assert_eq!(refusal(&talk.elements(2)), refused("verona@rooms.im.example/Nobody", "item-not-found"));
    talk.say(2, &format!("<message type='groupchat' to='{ROOM}/Nurse'><body>psst</body></message>"));
    assert_eq!(refusal(&talk.elements(2)), refused("verona@rooms.im.example/Nurse", "bad-request"));
    talk.say(4, &format!("<message type='chat' to='{ROOM}/Nurse'><body>psst</body></message>"));
    assert_eq!(refusal(&talk.elements(4)), refused("verona@rooms.im.example/Nurse", "not-acceptable"));
    talk.say(2, &format!("<iq type='get' id='v' to='{ROOM}/Nurse'><query xmlns='jabber:iq:version'/></iq>"));
    assert_eq!(talk.elements(3)[0].attr("from").as_deref(), Some("verona@rooms.im.example/Romeo"));
    talk.say(3, &format!("<iq type='result' id='v' to='{ROOM}/Romeo'/>"));
    assert_eq!(talk.elements(2)[0].attr("from").as_deref(), Some("verona@rooms.im.example/Nurse"));
}

#[test]
fn one_learns_whether_one_is_still_inside() {
    let mut talk = verona();
    let ping = |nick: &str| format!("<iq type='get' id='p' to='{ROOM}/{nick}'><ping xmlns='urn:xmpp:ping'/></iq>");
    assert!(talk.ask(2, &ping("Romeo"))[0].contains("type='result'"));
    talk.say(4, &ping("Tybalt"));
    assert_eq!(refusal(&talk.elements(4)), refused("verona@rooms.im.example/Tybalt", "not-acceptable"));
    talk.say(2, "<presence type='unavailable'/>");
    talk.heard.clear();
    talk.say(2, &ping("Romeo"));
    assert_eq!(refusal(&talk.elements(2)), refused("verona@rooms.im.example/Romeo", "not-acceptable"));
    talk.say(2, &format!("<presence to='{ROOM}/Romeo'/>"));
    assert_eq!(
        refusal(&talk.elements(2)),
        refused("verona@rooms.im.example/Romeo", "not-acceptable"),
        "it must join anew"
    );
}

#[test]
fn rooms_tell_of_themselves() {
    let mut talk = verona();
    let ask = |to: &str, ns: &str| format!("<iq type='get' id='d' to='{to}'><query xmlns='{ns}'/></iq>");
    assert!(talk.ask(4, &ask("rooms.im.example", ns::DISCO_ITEMS))[0].contains(ROOM));
    assert!(talk.ask(4, &ask("rooms.im.example", ns::DISCO_INFO))[0].contains("category='conference'"));
    let info = talk.ask(4, &ask(ROOM, ns::DISCO_INFO));
    assert!(info[0].contains("muc_semianonymous") && info[0].contains("<value>3</value>"));
    assert!(talk.ask(2, &ask(ROOM, ns::DISCO_ITEMS))[0].contains("verona@rooms.im.example/Nurse"));
    assert!(!talk.ask(4, &ask(ROOM, ns::DISCO_ITEMS))[0].contains("Nurse"));
    talk.say(1, &configure(&[("publicroom", "0"), ("roomname", "Fair")]));
    assert!(!talk.ask(4, &ask("rooms.im.example", ns::DISCO_ITEMS))[0].contains(ROOM));
    assert!(talk.ask(4, &ask(ROOM, ns::DISCO_INFO))[0].contains("name='Fair'"));
    talk.say(4, &ask("none@rooms.im.example", ns::DISCO_INFO));
    assert_eq!(refusal(&talk.elements(4)), refused("none@rooms.im.example", "item-not-found"));
}

#[test]
fn owners_configure_and_destroy() {
    let mut talk = verona();
    let get = format!("<iq type='get' id='o' to='{ROOM}'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>");
    talk.say(2, &get);
    assert_eq!(refusal(&talk.elements(2)), refused(ROOM, "forbidden"));
    assert!(talk.ask(1, &get)[0].contains("muc#roomconfig_whois"));
    for bad in [[("whois", "nobody")], [("maxusers", "0")], [("publicroom", "maybe")], [("passwordprotectedroom", "1")]]
    {
        talk.say(1, &configure(&bad));
        assert_eq!(refusal(&talk.elements(1)), refused(ROOM, "not-acceptable"), "{bad:?}");
    }
    talk.say(1, &configure(&[("whois", "anyone"), ("maxusers", "3")]));
    assert!(talk.heard(2)[0].contains("<status code='104'/>"));
    talk.heard.clear();
    talk.say(4, &join("Tybalt"));
    assert_eq!(refusal(&talk.elements(4)), refused("verona@rooms.im.example/Tybalt", "service-unavailable"));
    talk.say(1, &format!("<iq type='set' id='x' to='{ROOM}'><query xmlns='http://jabber.org/protocol/muc#owner'><destroy jid='padua@rooms.im.example'><reason>plague</reason></destroy></query></iq>"));
    assert!(talk.heard(3)[0].contains("<destroy jid='padua@rooms.im.example'><reason>plague</reason></destroy>"));
    assert!(talk.router.room(jid(ROOM).as_ref()).is_none());
}

#[test]
fn who_is_gone_is_in_no_room() {
    let mut talk = verona();
    talk.gone(2);
    assert_eq!(talk.seen(1).iter().map(|seen| (seen.0.as_str(), seen.3)).collect::<Vec<_>>(), [("Romeo", false)]);
    assert!(talk.heard(2).is_empty(), "and hears nothing more");
    talk.component(9, "far.example");
    talk.say(
        9,
        &format!(
            "<presence from='o@far.example/x' to='{ROOM}/O'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
        ),
    );
    assert!(talk.heard(9).len() > 2);
    talk.heard.clear();
    talk.gone(9);
    assert_eq!(talk.seen(3)[0].0, "O");
    assert_eq!(talk.room().occupant_count(), 2);
}

#[test]
fn rooms_have_bounds() {
    let mut talk = Talk::with(|config| {
        (config.limits.rooms, config.limits.joined, config.limits.occupants, config.limits.nick) = (2, 1, 2, 8);
    });
    for (number, name) in [(1, "juliet"), (2, "romeo"), (3, "nurse")] {
        talk.user(number, name, 0);
    }
    talk.say(1, &join(&"x".repeat(9)));
    assert_eq!(refusal(&talk.elements(1)).unwrap().1, "not-acceptable");
    talk.say(1, &join("Juliet"));
    talk.say(2, &join("Romeo"));
    talk.heard.clear();
    talk.say(3, &join("Nurse"));
    assert_eq!(refusal(&talk.elements(3)).unwrap().1, "service-unavailable");
    talk.say(1, "<presence to='a@rooms.im.example/x'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
    assert_eq!(refusal(&talk.elements(1)).unwrap().1, "resource-constraint");
    talk.say(3, "<presence to='a@rooms.im.example/x'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
    talk.bind(4, "tybalt");
    talk.heard.clear();
    talk.say(4, "<presence to='b@rooms.im.example/x'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
    assert_eq!(refusal(&talk.elements(4)).unwrap().1, "resource-constraint");
    talk.say(4, "<presence to='rooms.im.example/x'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
    assert_eq!(refusal(&talk.elements(4)).unwrap().1, "not-allowed");
    talk.say(4, "<presence to='b@rooms.im.example'/>");
    assert_eq!(refusal(&talk.elements(4)).unwrap().1, "jid-malformed");
}

#[test]
fn a_request_may_not_change_everything_at_once() {
    let mut talk = verona();
    let items: String =
        (0..257).map(|number| format!("<item affiliation='member' jid='u{number}@im.example'/>")).collect();
    talk.say(1, &admin(&items));
    assert_eq!(refusal(&talk.elements(1)), refused(ROOM, "policy-violation"));
    let two = "<item affiliation='owner' jid='romeo@im.example'/><item affiliation='none' jid='juliet@im.example'/>";
    talk.say(1, &admin(two));
    assert_eq!(
        talk.room().affiliation(jid("romeo@im.example").as_ref()),
        Affiliation::Owner,
        "one takes the other's place"
    );
    assert_eq!(talk.room().affiliation(jid("juliet@im.example").as_ref()), Affiliation::None);
}

#[test]
fn whom_another_server_does_not_know_is_not_in_the_room() {
    let mut talk = verona();
    talk.component(9, "far.example");
    talk.say(
        9,
        &format!(
            "<presence from='o@far.example/x' to='{ROOM}/O'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
        ),
    );
    talk.heard.clear();
    let error = |condition: &str| {
        format!(
            "<message type='error' from='o@far.example/x' to='{ROOM}'><error type='cancel'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
        )
    };
    talk.say(9, &error("not-acceptable"));
    talk.nothing_else();
    talk.say(9, &error("recipient-unavailable"));
    assert_eq!(talk.seen(1).iter().map(|seen| (seen.0.as_str(), seen.3)).collect::<Vec<_>>(), [("O", false)]);
    assert!(talk.heard(9).is_empty());
}
