//! Who is told of what users publish (XEP-0163 §4.3).

use super::*;

const CAPS: &str = "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:client' ver='1'/>";

fn publish(node: &str, id: &str, access: &str) -> String {
    format!(
        "<iq type='set' id='p'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='{node}'><item id='{id}'>\
         <tune xmlns='urn:tune'>{id}</tune></item></publish><publish-options><x xmlns='jabber:x:data' type='submit'>\
         <field var='pubsub#access_model'><value>{access}</value></field></x></publish-options></pubsub></iq>"
    )
}

impl Talk {
    /// The client says that it is there and what it calls its description, and, where it is asked, that it wants these nodes. Gives what it then hears.
    fn wish(&mut self, number: u64, caps: &str, nodes: &[&str]) -> Vec<String> {
        self.heard.clear();
        self.say(number, &format!("<presence>{caps}</presence>"));
        let heard = self.elements(number);
        let asked = heard.iter().find(|element| element.child("query", ns::DISCO_INFO).is_some());
        let Some(asked) = asked else { return heard.iter().map(Element::to_string).collect() };
        assert_eq!(asked.attr("from").as_deref(), Some("im.example"));
        let (id, node) = (asked.attr("id").unwrap(), asked.child("query", ns::DISCO_INFO).unwrap().attr("node"));
        let features: String = nodes.iter().map(|node| format!("<feature var='{node}+notify'/>")).collect();
        let node = node.unwrap();
        self.heard.clear();
        self.say(
            number,
            &format!(
                "<iq type='result' id='{id}' to='im.example'><query xmlns='http://jabber.org/protocol/disco#info' node='{node}'>\
                 <identity category='client' type='pc'/><feature var='urn:other'/>{features}</query></iq>"
            ),
        );
        self.heard(number)
    }

    /// The nodes and ids of the items that a session is told of, with their owners.
    fn news(&mut self, number: u64) -> Vec<String> {
        news(&self.elements(number))
    }
}

fn news(heard: &[Element]) -> Vec<String> {
    let told = heard.iter().filter_map(|element| {
        let items = element.child("event", ns::PUBSUB_EVENT)?.child("items", ns::PUBSUB_EVENT)?;
        let item = items.children().next()?;
        let of = |element: crate::xml::ElementRef<'_>, name| element.attr(name).unwrap_or_default().into_owned();
        Some(format!("{} {} {}", of(element.view(), "from"), of(items, "node"), of(item, "id")))
    });
    told.collect()
}

/// Juliet (1), and Romeo (2) who sees her and wants to know of her mood.
fn friends() -> Talk {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.user(2, "romeo", 0);
    talk.befriend(1, 2);
    assert!(talk.wish(2, CAPS, &["mood", "keys"]).is_empty());
    talk
}

#[test]
fn contacts_are_told_of_what_they_want() {
    let mut talk = friends();
    talk.user(3, "nurse", 0);
    talk.wish(3, CAPS, &["mood"]);
    for (node, id, access, told) in [
        ("mood", "a", "presence", true),
        ("mood", "b", "open", true),
        ("tune", "c", "presence", false),
        ("keys", "d", "whitelist", false),
    ] {
        talk.heard.clear();
        talk.say(1, &publish(node, id, access));
        let wanted = told.then(|| format!("juliet@im.example {node} {id}"));
        assert_eq!(talk.news(2), Vec::from_iter(wanted), "{node}");
        assert!(talk.news(3).is_empty(), "she does not see Juliet");
        assert_eq!(talk.news(1), [format!("juliet@im.example {node} {id}")], "she has told no wishes");
    }
    talk.say(1, "<iq type='set' id='r'><pubsub xmlns='http://jabber.org/protocol/pubsub'><retract node='mood'><item id='b'/></retract></pubsub></iq>");
    assert_eq!(talk.news(2), ["juliet@im.example mood b"]);
    // Who blocks her hears nothing of her.
    talk.say(2, "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='juliet@im.example'/></block></iq>");
    talk.heard.clear();
    talk.say(1, &publish("mood", "e", "presence"));
    assert!(talk.news(2).is_empty());
}

#[test]
fn who_comes_is_told_what_there_is() {
    let mut talk = friends();
    for (node, id, access) in [("mood", "a", "presence"), ("mood", "b", "presence"), ("keys", "c", "whitelist")] {
        talk.say(1, &publish(node, id, access));
    }
    talk.gone(1);
    talk.user(4, "romeo", 0);
    let heard = talk.wish(4, CAPS, &["mood", "keys", "none"]);
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(heard[0].contains("from='juliet@im.example'"), "{heard:?}");
    assert!(heard[0].contains("<items node='mood'><item id='b'><tune xmlns='urn:tune'>b</tune></item></items>"));
    // The same description is not asked for again; another one is.
    talk.heard.clear();
    talk.say(4, &format!("<presence><show>away</show>{CAPS}</presence>"));
    assert!(talk.elements(4).iter().all(|element| element.name() == "presence"));
    talk.say(4, "<presence type='unavailable'/>");
    let again = talk.wish(4, CAPS, &[]);
    assert!(again.iter().any(|line| line.contains("<item id='b'>")), "who comes back is told again: {again:?}");
    assert!(talk.wish(4, &CAPS.replace("'1'", "'2'"), &["tune"]).is_empty());
    // Her own clients may read all of hers.
    talk.user(5, "juliet", 0);
    let own = talk.wish(5, CAPS, &["keys"]);
    assert!(own.len() == 1 && own[0].contains("<item id='c'>"), "{own:?}");
}

#[test]
fn only_what_was_asked_is_answered_and_once() {
    let mut talk = friends();
    talk.say(1, &publish("tune", "a", "open"));
    talk.heard.clear();
    let answer = |id: &str| {
        format!(
            "<iq type='result' id='{id}' to='im.example'><query xmlns='http://jabber.org/protocol/disco#info'>\
             <feature var='tune+notify'/></query></iq>"
        )
    };
    talk.say(2, &answer("wishes"));
    talk.nothing_else();
    talk.say(2, &format!("<presence>{}</presence>", CAPS.replace("'1'", "'2'")));
    let asked = talk.elements(2);
    let id = asked.iter().find(|element| element.name() == "iq").unwrap().attr("id").unwrap().into_owned();
    talk.heard.clear();
    // Somebody else cannot answer for him.
    talk.say(1, &answer(&id));
    talk.nothing_else();
    talk.say(2, &answer(&id));
    assert_eq!(talk.news(2), ["juliet@im.example tune a"]);
    talk.say(2, &answer(&id));
    talk.nothing_else();
    // What is no description is none.
    talk.say(2, "<presence><c xmlns='http://jabber.org/protocol/caps'/></presence>");
    let long = "x".repeat(2_000);
    talk.say(2, &format!("<presence><c xmlns='http://jabber.org/protocol/caps' node='{long}' ver='1'/></presence>"));
    assert!(talk.elements(2).iter().all(|element| element.name() == "presence"));
}
