//! Requests: what the server answers, for itself and for accounts.

use super::*;

fn get(to: &str, payload: &str) -> String {
    format!("<iq type='get' id='q' to='{to}'>{payload}</iq>")
}

#[test]
fn the_server_answers_for_itself() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.component(9, "echo.im.example");
    talk.component(8, "far.example");
    let info = talk.ask(1, &get("im.example", "<query xmlns='http://jabber.org/protocol/disco#info'/>"));
    assert!(info[0].contains("<identity category='server' type='im' name='im.example'/>"));
    let items = talk.ask(1, &get("im.example", "<query xmlns='http://jabber.org/protocol/disco#items'/>"));
    assert!(items[0].contains("jid='rooms.im.example'") && items[0].contains("jid='echo.im.example'"));
    assert!(!items[0].contains("far.example"));
    let version = talk.ask(1, &get("im.example", "<query xmlns='jabber:iq:version'/>"));
    assert!(version[0].contains("<name>Wirestate</name>"));
    let time = talk.ask(1, &get("im.example", "<time xmlns='urn:xmpp:time'/>"));
    assert!(time[0].contains("<utc>2026-11-21T08:00:00.000Z</utc>"));
    let empty = "<iq type='result' id='q' from='im.example' to='juliet@im.example/r1'/>";
    assert_eq!(talk.ask(1, &get("im.example", "<ping xmlns='urn:xmpp:ping'/>")), [empty]);
    talk.now += 7000;
    let last = talk.ask(1, &get("im.example", "<query xmlns='jabber:iq:last'/>"));
    assert!(last[0].contains("seconds='7'"));
    talk.say(1, &get("im.example", "<odd xmlns='urn:odd'/>"));
    assert_eq!(refusal(&talk.elements(1)), refused("im.example", "service-unavailable"));
    talk.say(1, "<iq type='result' id='q' to='im.example'/>");
    talk.nothing_else();
}

#[test]
fn an_account_answers_those_who_see_it() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.user(2, "romeo", 0);
    talk.user(3, "nurse", 0);
    talk.befriend(1, 2);
    let info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    assert!(talk.ask(1, &get("juliet@im.example", info))[0].contains("urn:xmpp:mam:2"));
    assert!(talk.ask(2, &get("juliet@im.example", info))[0].contains("category='account'"));
    for to in ["juliet@im.example", "nobody@im.example"] {
        talk.say(3, &get(to, info));
        assert_eq!(refusal(&talk.elements(3)), refused(to, "service-unavailable"));
    }
    let items = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
    assert!(talk.ask(2, &get("juliet@im.example", items))[0].contains("juliet@im.example/r1"));
    let last = "<query xmlns='jabber:iq:last'/>";
    assert!(talk.ask(2, &get("juliet@im.example", last))[0].contains("seconds='0'"));
    talk.say(3, &get("juliet@im.example", last));
    assert_eq!(refusal(&talk.elements(3)), refused("juliet@im.example", "forbidden"));
}

#[test]
fn a_client_answers_for_itself() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.user(2, "romeo", 0);
    talk.say(1, &get("romeo@im.example/r2", "<query xmlns='jabber:iq:version'/>"));
    assert_eq!(talk.elements(2)[0].attr("from").as_deref(), Some("juliet@im.example/r1"));
    talk.say(2, "<iq type='result' id='q' to='juliet@im.example/r1'/>");
    assert_eq!(talk.elements(1).len(), 1);
    talk.say(1, &get("romeo@im.example/none", "<query xmlns='jabber:iq:version'/>"));
    assert_eq!(refusal(&talk.elements(1)), refused("romeo@im.example/none", "service-unavailable"));
    talk.say(2, "<iq type='result' id='q' to='juliet@im.example/none'/>");
    talk.nothing_else();
}

#[test]
fn documents_are_kept() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.user(2, "romeo", 0);
    let card = "<vCard xmlns='vcard-temp'><FN>Juliet</FN></vCard>";
    talk.say(2, &get("juliet@im.example", "<vCard xmlns='vcard-temp'/>"));
    assert_eq!(refusal(&talk.elements(2)), refused("juliet@im.example", "item-not-found"));
    assert_eq!(talk.ask(1, &format!("<iq type='set' id='q'>{card}</iq>")).len(), 1);
    assert!(talk.ask(2, &get("juliet@im.example", "<vCard xmlns='vcard-temp'/>"))[0].contains(card));
    let empty = "<storage xmlns='storage:bookmarks'/>";
    let ask = format!("<iq type='get' id='q'><query xmlns='jabber:iq:private'>{empty}</query></iq>");
    assert!(talk.ask(1, &ask)[0].contains(empty));
    let full = "<storage xmlns='storage:bookmarks'><a/></storage>";
    talk.ask(1, &format!("<iq type='set' id='q'><query xmlns='jabber:iq:private'>{full}</query></iq>"));
    assert!(talk.ask(1, &ask)[0].contains(full));
    assert!(!talk.ask(2, &ask)[0].contains(full));
    let large = format!(
        "<iq type='set' id='q'><query xmlns='jabber:iq:private'><a xmlns='b'>{}</a></query></iq>",
        "x".repeat(140_000)
    );
    talk.say(1, &large);
    assert_eq!(refusal(&talk.elements(1)), refused("", "resource-constraint"));
}

#[test]
fn what_users_publish_is_read_by_those_who_may() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.user(2, "romeo", 0);
    talk.user(3, "nurse", 0);
    talk.user(4, "juliet", 0);
    talk.befriend(1, 2);
    let publish = |node: &str, id: &str, options: &[(&str, &str)]| {
        let fields: String = options
            .iter()
            .map(|(name, value)| format!("<field var='pubsub#{name}'><value>{value}</value></field>"))
            .collect();
        format!(
            "<iq type='set' id='p'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='{node}'><item id='{id}'><tune xmlns='urn:tune'>{id}</tune></item></publish><publish-options><x xmlns='jabber:x:data' type='submit'>{fields}</x></publish-options></pubsub></iq>"
        )
    };
    let items = |to: &str, node: &str| {
        get(to, &format!("<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{node}'/></pubsub>"))
    };
    let answer = talk.ask(1, &publish("mood", "a", &[]));
    assert!(answer[0].contains("<publish node='mood'><item id='a'/></publish>"));
    let told = talk.heard(4);
    assert!(
        told[0].contains("<items node='mood'><item id='a'><tune xmlns='urn:tune'>a</tune></item></items>"),
        "{told:?}"
    );
    talk.ask(1, &publish("mood", "b", &[]));
    let read = talk.ask(2, &items("juliet@im.example", "mood"));
    assert!(
        read[0].contains("<item id='b'><tune xmlns='urn:tune'>b</tune></item>") && !read[0].contains("id='a'"),
        "{read:?}"
    );
    talk.say(3, &items("juliet@im.example", "mood"));
    assert_eq!(refusal(&talk.elements(3)), refused("juliet@im.example", "item-not-found"));

    let private = [("access_model", "whitelist"), ("max_items", "max")];
    talk.ask(1, &publish("rooms", "a", &private));
    talk.ask(4, &publish("rooms", "b", &private));
    assert!(talk.ask(1, &items("juliet@im.example", "rooms"))[0].matches("<item ").count() == 2);
    talk.say(2, &items("juliet@im.example", "rooms"));
    assert_eq!(refusal(&talk.elements(2)), refused("juliet@im.example", "item-not-found"));
    let retract = "<iq type='set' id='r'><pubsub xmlns='http://jabber.org/protocol/pubsub'><retract node='rooms'><item id='a'/></retract></pubsub></iq>";
    talk.ask(1, retract);
    assert!(talk.heard(4)[0].contains("<retract id='a'/>"));
    talk.say(1, retract);
    assert_eq!(refusal(&talk.elements(1)), refused("", "item-not-found"));

    talk.ask(1, &publish("keys", "k", &[("access_model", "open")]));
    assert!(talk.ask(3, &items("juliet@im.example", "keys"))[0].contains("id='k'"));
    talk.say(3, &publish("keys", "k", &[]).replacen("type='set'", "type='set' to='juliet@im.example'", 1));
    assert_eq!(refusal(&talk.elements(3)), refused("juliet@im.example", "forbidden"));
    talk.say(1, &publish("keys", "k", &[("access_model", "roster")]));
    assert_eq!(refusal(&talk.elements(1)), refused("", "not-acceptable"));
}
