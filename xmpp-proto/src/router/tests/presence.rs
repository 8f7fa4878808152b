//! Presence: who sees whom come, change and go.

use super::*;

fn pair(from: &str, kind: &str) -> (String, String) {
    (from.to_string(), kind.to_string())
}

/// Juliet (1) and Romeo (2) see each other, the nurse (3) sees nobody.
fn verona() -> Talk {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.user(2, "romeo", 0);
    talk.user(3, "nurse", 0);
    talk.befriend(1, 2);
    talk
}

#[test]
fn who_comes_is_seen_and_sees() {
    let mut talk = verona();
    talk.bind(4, "juliet");
    talk.nothing_else();
    talk.say(4, "<presence><show>away</show></presence>");
    let (juliet, romeo) = ("juliet@im.example/r4", "romeo@im.example/r2");
    assert_eq!(talk.presences(1), [pair(juliet, "")]);
    assert_eq!(talk.presences(2), [pair(juliet, "")]);
    assert_eq!(talk.presences(4), [pair("juliet@im.example/r1", ""), pair(juliet, ""), pair(romeo, "")]);
    talk.nothing_else();
}

#[test]
fn who_goes_is_seen_to_go_however_it_goes() {
    let mut talk = verona();
    talk.say(1, "<presence type='unavailable'><status>Night</status></presence>");
    let heard = talk.elements(2);
    assert_eq!(heard[0].child("status", ns::CLIENT).unwrap().text(), "Night");
    talk.nothing_else();
    talk.say(1, "<presence type='unavailable'/>");
    talk.nothing_else();
    talk.say(1, "<presence/>");
    talk.heard.clear();
    talk.gone(1);
    assert_eq!(talk.presences(2), [pair("juliet@im.example/r1", "unavailable")]);
    talk.nothing_else();
    assert!(!talk.router.is_available(jid("juliet@im.example").as_ref()));
}

#[test]
fn directed_presence_is_taken_back() {
    let mut talk = verona();
    talk.say(1, "<presence to='nurse@im.example'/>");
    assert_eq!(talk.presences(3), [pair("juliet@im.example/r1", "")]);
    talk.say(1, "<presence to='romeo@im.example'/>");
    assert_eq!(talk.presences(2).len(), 1);
    talk.say(1, "<presence><show>dnd</show></presence>");
    talk.heard.remove(&1);
    assert_eq!(talk.presences(2).len(), 1);
    talk.nothing_else();
    talk.gone(1);
    assert_eq!(talk.presences(3), [pair("juliet@im.example/r1", "unavailable")]);
    assert_eq!(talk.presences(2), [pair("juliet@im.example/r1", "unavailable")], "once");
    talk.nothing_else();
}

#[test]
fn who_took_it_back_is_not_told_again() {
    let mut talk = verona();
    talk.say(1, "<presence to='nurse@im.example'/>");
    talk.say(1, "<presence type='unavailable' to='nurse@im.example'/>");
    assert_eq!(talk.presences(3).len(), 2);
    talk.gone(1);
    assert!(talk.presences(3).is_empty());
}

#[test]
fn directed_presence_has_a_bound() {
    let mut talk = Talk::with(|config| config.limits.directed = 2);
    talk.user(1, "juliet", 0);
    for name in ["romeo", "nurse"] {
        talk.say(1, &format!("<presence to='{name}@im.example'/>"));
    }
    talk.nothing_else();
    talk.say(1, "<presence to='tybalt@im.example'/>");
    assert_eq!(refusal(&talk.elements(1)), refused("tybalt@im.example", "policy-violation"));
}

#[test]
fn a_priority_is_a_number() {
    let mut talk = verona();
    talk.say(1, "<presence><priority>200</priority></presence>");
    assert_eq!(refusal(&talk.elements(1)), refused("", "bad-request"));
    talk.say(1, &format!("<presence><status>{}</status></presence>", "x".repeat(9000)));
    assert_eq!(refusal(&talk.elements(1)), refused("", "policy-violation"));
    talk.nothing_else();
}

#[test]
fn a_request_waits_until_somebody_is_there() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.say(1, "<presence type='subscribe' to='romeo@im.example/orchard'/>");
    talk.heard.clear();
    talk.bind(2, "romeo");
    talk.say(2, "<presence/>");
    let asked = pair("juliet@im.example", "subscribe");
    assert!(talk.presences(2).contains(&asked));
    // Again, until it is answered.
    talk.bind(3, "romeo");
    talk.say(3, "<presence/>");
    assert!(talk.presences(3).contains(&asked));
    talk.heard.clear();
    talk.say(3, "<presence type='subscribed' to='juliet@im.example'/>");
    let shown = ["romeo@im.example/r2", "romeo@im.example/r3"].map(|from| pair(from, ""));
    assert_eq!(talk.presences(1), shown, "and that is granted is told to those who have asked for the roster");
    talk.bind(4, "romeo");
    talk.say(4, "<presence/>");
    assert!(!talk.presences(4).contains(&asked));
}

#[test]
fn what_was_granted_is_taken_back() {
    let mut talk = verona();
    talk.say(1, "<presence type='unsubscribed' to='romeo@im.example'/>");
    assert_eq!(talk.presences(2), [pair("juliet@im.example/r1", "unavailable")]);
    talk.say(1, "<presence><show>away</show></presence>");
    assert_eq!(talk.presences(2), []);
    talk.heard.clear();
    talk.say(2, "<presence><show>away</show></presence>");
    assert_eq!(talk.presences(1), [pair("romeo@im.example/r2", "")], "one way only");
    talk.say(1, "<presence type='unsubscribe' to='romeo@im.example'/>");
    assert_eq!(talk.presences(1), [pair("romeo@im.example/r2", "unavailable")]);
}

#[test]
fn what_was_approved_before_is_granted_at_once() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.user(2, "romeo", 0);
    talk.say(1, "<presence type='subscribed' to='romeo@im.example'/>");
    talk.nothing_else();
    talk.say(2, "<presence type='subscribe' to='juliet@im.example'/>");
    assert_eq!(talk.presences(1), [], "she is not asked");
    assert_eq!(talk.presences(2), [pair("juliet@im.example/r1", "")]);
    talk.say(1, "<presence type='unsubscribed' to='nurse@im.example'/>");
    talk.nothing_else();
}

#[test]
fn strangers_cannot_fill_the_list_of_requests() {
    let mut talk = Talk::with(|config| config.limits.requests = 2);
    talk.component(9, "far.example");
    for number in 0..5 {
        talk.say(9, &format!("<presence type='subscribe' from='u{number}@far.example' to='juliet@im.example'/>"));
    }
    talk.bind(1, "juliet");
    talk.say(1, "<presence/>");
    assert_eq!(talk.presences(1).iter().filter(|(_, kind)| kind == "subscribe").count(), 2);
}

#[test]
fn other_servers_ask_by_probes() {
    let mut talk = verona();
    talk.component(9, "far.example");
    talk.say(9, "<presence type='probe' from='o@far.example' to='juliet@im.example'/>");
    assert_eq!(talk.presences(9), [pair("juliet@im.example", "unsubscribed")]);
    talk.say(1, "<presence type='subscribe' to='o@far.example'/>");
    talk.say(9, "<presence type='subscribed' from='o@far.example' to='juliet@im.example'/>");
    talk.say(9, "<presence type='subscribe' from='o@far.example' to='juliet@im.example'/>");
    talk.say(1, "<presence type='subscribed' to='o@far.example'/>");
    talk.heard.clear();
    talk.say(9, "<presence type='probe' from='o@far.example/x' to='juliet@im.example'/>");
    assert_eq!(talk.presences(9), [pair("juliet@im.example/r1", "")]);
    talk.bind(4, "juliet");
    talk.say(4, "<presence/>");
    let heard = talk.presences(9);
    assert_eq!(heard, [pair("juliet@im.example", "probe"), pair("juliet@im.example/r4", "")]);
    talk.say(9, "<presence from='o@far.example/x' to='juliet@im.example'/>");
    assert!(talk.presences(4).contains(&pair("o@far.example/x", "")));
    talk.gone(1);
    talk.gone(4);
    talk.heard.clear();
    talk.say(9, "<presence type='probe' from='o@far.example/x' to='juliet@im.example'/>");
    assert_eq!(talk.presences(9), [pair("juliet@im.example", "unavailable")]);
    talk.say(9, "<presence type='probe' from='o@far.example/x' to='nobody@im.example'/>");
    talk.nothing_else();
}

#[test]
fn idle_accounts_are_forgotten_and_come_back_as_they_were() {
    let mut talk = Talk::with(|config| config.limits.idle_accounts = 1);
    talk.user(1, "juliet", 0);
    talk.user(2, "romeo", 0);
    talk.befriend(1, 2);
    talk.gone(1);
    talk.gone(2);
    for name in ["nurse", "tybalt"] {
        talk.user(3, name, 0);
        talk.gone(3);
    }
    assert!(talk.router.accounts.len() <= 2);
    talk.bind(1, "juliet");
    talk.say(1, "<presence/>");
    talk.bind(2, "romeo");
    talk.say(2, "<presence/>");
    assert_eq!(talk.presences(2).len(), 2);
}
