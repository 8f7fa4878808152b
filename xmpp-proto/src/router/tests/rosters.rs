//! Rosters: asked for, changed, pushed to those who have asked.

use super::*;

const GET: &str = "<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>";

fn set(item: &str) -> String {
    format!("<iq type='set' id='s'><query xmlns='jabber:iq:roster'>{item}</query></iq>")
}

/// The items of the only push that was heard: address, subscription, ask.
fn pushes(heard: &[Element]) -> Vec<(String, String, bool)> {
    let own = jid("juliet@im.example");
    let mut all = Vec::new();
    for element in heard {
        let Ok(Some((version, change))) = crate::payload::roster::Query::pushed(element.view(), own.as_ref()) else {
            continue;
        };
        assert!(version.is_some() && element.attr("id").is_some());
        all.push(match change {
            crate::payload::roster::Change::Put(item) => {
                (item.jid.to_string(), item.subscription.as_str().to_string(), item.is_asked)
            }
            crate::payload::roster::Change::Remove(jid) => (jid.to_string(), "remove".to_string(), false),
        });
    }
    all
}

fn put(jid: &str, subscription: &str, is_asked: bool) -> (String, String, bool) {
    (jid.to_string(), subscription.to_string(), is_asked)
}

#[test]
fn a_change_is_pushed_to_those_who_have_asked() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.user(2, "juliet", 0);
    assert_eq!(
        talk.ask(1, GET),
        ["<iq type='result' id='g' to='juliet@im.example/r1'><query xmlns='jabber:iq:roster'/></iq>"]
    );
    talk.say(2, &set("<item jid='romeo@im.example/x' name='Ro' subscription='both' ask='subscribe'><group>B</group><group>A</group></item>"));
    assert_eq!(talk.heard(2), ["<iq type='result' id='s' to='juliet@im.example/r2'/>"]);
    let heard = talk.elements(1);
    assert_eq!(pushes(&heard), [put("romeo@im.example", "none", false)], "what is not the client's to set is not set");
    talk.nothing_else();
    let roster = talk.ask(2, GET);
    assert!(roster[0].contains(
        "<item jid='romeo@im.example' name='Ro' subscription='none'><group>A</group><group>B</group></item>"
    ));
}

#[test]
fn a_version_says_that_nothing_is_new() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    let get = |version: &str| format!("<iq type='get' id='g'><query xmlns='jabber:iq:roster' ver='{version}'/></iq>");
    assert!(talk.ask(1, &get(""))[0].contains("ver='0'"));
    talk.say(1, &set("<item jid='romeo@im.example'/>"));
    talk.heard.clear();
    assert!(talk.ask(1, &get("0"))[0].contains("ver='1'"));
    assert_eq!(talk.ask(1, &get("1")), ["<iq type='result' id='g' to='juliet@im.example/r1'/>"]);
}

#[test]
fn subscriptions_show_in_the_roster() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.user(2, "romeo", 0);
    talk.ask(1, GET);
    talk.say(1, "<presence type='subscribe' to='romeo@im.example'/>");
    assert_eq!(pushes(&talk.elements(1)), [put("romeo@im.example", "none", true)]);
    talk.say(2, "<presence type='subscribed' to='juliet@im.example'/>");
    let heard = talk.elements(1);
    assert_eq!(pushes(&heard), [put("romeo@im.example", "to", false)]);
    assert_eq!(heard[0].attr("type").as_deref(), Some("subscribed"), "first what he said, then what it means");
    talk.say(2, "<presence type='subscribe' to='juliet@im.example'/>");
    assert_eq!(pushes(&talk.elements(1)), [], "nothing is pushed of a mere request");
    talk.say(1, "<presence type='subscribed' to='romeo@im.example'/>");
    assert_eq!(pushes(&talk.elements(1)), [put("romeo@im.example", "both", false)]);
    talk.heard.clear();
    talk.say(1, &set("<item jid='romeo@im.example' subscription='remove'/>"));
    let heard = talk.elements(1);
    assert_eq!(pushes(&heard).last(), Some(&put("romeo@im.example", "remove", false)));
    let gone = ("juliet@im.example/r1".to_string(), "unavailable".to_string());
    // He has not asked for his roster, so that he is told by presence alone.
    assert_eq!(talk.presences(2), [gone]);
    talk.say(2, "<presence><show>away</show></presence>");
    talk.heard.remove(&2);
    talk.nothing_else();
}

#[test]
fn who_only_asks_is_in_no_roster() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.user(2, "romeo", 0);
    talk.say(2, "<presence type='subscribe' to='juliet@im.example'/>");
    assert!(!talk.ask(1, GET)[0].contains("romeo"));
    talk.say(1, "<presence type='unsubscribed' to='romeo@im.example'/>");
    assert!(!talk.ask(1, GET)[0].contains("romeo"));
    talk.say(2, "<presence type='subscribe' to='juliet@im.example'/>");
    assert_eq!(talk.presences(1).len(), 1, "it may be asked again");
}

#[test]
fn what_cannot_be_is_refused() {
    let mut talk = Talk::with(|config| config.limits.contacts = 1);
    talk.user(1, "juliet", 0);
    for (item, condition) in [
        ("", "bad-request"),
        ("<item/>", "bad-request"),
        ("<item jid='a@im.example'/><item jid='b@im.example'/>", "bad-request"),
        ("<item jid='a@im.example' subscription='friend'/>", "bad-request"),
        ("<item jid='a@im.example'><group>A</group><group>A</group></item>", "bad-request"),
        ("<item jid='a@im.example'><group></group></item>", "not-acceptable"),
        ("<item jid='juliet@im.example'/>", "not-allowed"),
        ("<item jid='a@im.example' subscription='remove'/>", "item-not-found"),
    ] {
        talk.say(1, &set(item));
        assert_eq!(refusal(&talk.elements(1)), refused("", condition), "{item}");
    }
    talk.say(1, &set("<item jid='a@im.example'/>"));
    talk.heard.clear();
    talk.say(1, &set("<item jid='b@im.example'/>"));
    assert_eq!(refusal(&talk.elements(1)), refused("", "not-allowed"));
    talk.say(1, "<presence type='subscribe' to='b@im.example'/>");
    assert_eq!(refusal(&talk.elements(1)), refused("b@im.example", "not-allowed"));
    talk.user(2, "romeo", 0);
    talk.say(2, "<iq type='get' id='g' to='juliet@im.example'><query xmlns='jabber:iq:roster'/></iq>");
    assert_eq!(refusal(&talk.elements(2)), refused("juliet@im.example", "service-unavailable"), "it is hers alone");
}
