//! Blocking: who is blocked sees nobody, and is not heard.

use super::*;

fn block(what: &str, who: &str) -> String {
    format!("<iq type='set' id='b'><{what} xmlns='urn:xmpp:blocking'>{who}</{what}></iq>")
}

#[test]
fn who_is_blocked_sees_nothing_and_is_not_heard() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.user(2, "romeo", 0);
    talk.user(3, "juliet", 0);
    talk.befriend(1, 2);
    talk.ask(3, "<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>");
    talk.say(1, &block("block", "<item jid='romeo@im.example'/>"));
    assert_eq!(talk.heard(1), ["<iq type='result' id='b' to='juliet@im.example/r1'/>"]);
    assert!(talk.heard(3)[0].contains("<block xmlns='urn:xmpp:blocking'><item jid='romeo@im.example'/></block>"));
    let gone =
        ["juliet@im.example/r1", "juliet@im.example/r3"].map(|from| (from.to_string(), "unavailable".to_string()));
    assert_eq!(talk.presences(2), gone);

    talk.say(2, "<message type='chat' to='juliet@im.example'><body>Hi</body></message>");
    assert_eq!(refusal(&talk.elements(2)), refused("juliet@im.example", "service-unavailable"));
    talk.say(2, "<iq type='get' id='q' to='juliet@im.example/r1'><ping xmlns='urn:xmpp:ping'/></iq>");
    assert_eq!(refusal(&talk.elements(2)), refused("juliet@im.example/r1", "service-unavailable"));
    talk.say(2, "<presence to='juliet@im.example'/>");
    talk.say(2, "<presence type='probe' to='juliet@im.example'/>");
    talk.say(2, "<presence type='subscribe' to='juliet@im.example'/>");
    talk.nothing_else();
    talk.say(1, "<presence><show>away</show></presence>");
    assert!(talk.heard(2).is_empty());
    talk.heard.clear();

    talk.say(1, "<message type='chat' to='romeo@im.example/r2'><body>Hi</body></message>");
    let heard = talk.elements(1);
    assert_eq!(refusal(&heard), refused("romeo@im.example/r2", "not-acceptable"));
    assert!(heard[0].to_string().contains("urn:xmpp:blocking:errors"));
    talk.nothing_else();

    talk.say(3, &block("unblock", ""));
    assert!(talk.heard(3).iter().any(|push| push.contains("<unblock xmlns='urn:xmpp:blocking'/>")));
    assert_eq!(talk.presences(2).len(), 2);
    talk.say(2, "<message type='chat' to='juliet@im.example/r1'><body>Hi</body></message>");
    assert_eq!(talk.elements(1).len(), 1);
}

#[test]
fn domains_and_resources_are_blocked_too() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.component(9, "far.example");
    let say = |from: &str| format!("<message from='{from}' to='juliet@im.example'><body>Hi</body></message>");
    talk.say(1, &block("block", "<item jid='far.example/bot'/><item jid='a@far.example'/>"));
    talk.heard.clear();
    for (from, passes) in [
        ("far.example/bot", false),
        ("b@far.example/bot", false),
        ("a@far.example/x", false),
        ("b@far.example/x", true),
    ] {
        talk.say(9, &say(from));
        assert_eq!(talk.elements(1).len(), usize::from(passes), "{from}");
        assert_eq!(talk.elements(9).len(), usize::from(!passes), "{from}");
    }
    talk.say(1, &block("block", "<item jid='far.example'/>"));
    talk.heard.clear();
    talk.say(9, &say("b@far.example/x"));
    assert!(talk.elements(1).is_empty());
}

#[test]
fn what_cannot_be_blocked_is_refused() {
    let mut talk = Talk::with(|config| config.limits.blocked = 1);
    talk.user(1, "juliet", 0);
    for (items, condition) in [
        ("", "bad-request"),
        ("<item/>", "bad-request"),
        ("<item jid='@'/>", "jid-malformed"),
        ("<item jid='a.example'/><item jid='b.example'/>", "policy-violation"),
    ] {
        talk.say(1, &block("block", items));
        assert_eq!(refusal(&talk.elements(1)), refused("", condition), "{items}");
    }
    // Nobody blocks itself out.
    talk.say(1, &block("block", "<item jid='im.example'/>"));
    talk.heard.clear();
    talk.say(1, "<message to='juliet@im.example'><body>Note</body></message>");
    assert_eq!(talk.elements(1).len(), 1);
}
