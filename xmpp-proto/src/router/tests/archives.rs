//! Archives: what is kept, for whom, and how it is read in pages.

use super::*;
use crate::payload::mam::{self, Fin};

fn query(inner: &str) -> String {
    format!("<iq type='set' id='m'><query xmlns='urn:xmpp:mam:2' queryid='q'>{inner}</query></iq>")
}

fn page(rsm: &str) -> String {
    query(&format!("<set xmlns='http://jabber.org/protocol/rsm'>{rsm}</set>"))
}

fn filter(fields: &[(&str, &str)]) -> String {
    let fields: String =
        fields.iter().map(|(name, value)| format!("<field var='{name}'><value>{value}</value></field>")).collect();
    let form_type = "<field var='FORM_TYPE' type='hidden'><value>urn:xmpp:mam:2</value></field>";
    query(&format!("<x xmlns='jabber:x:data' type='submit'>{form_type}{fields}</x>"))
}

impl Talk {
    /// The bodies and ids of a page, and what ends it.
    fn archive(&mut self, number: u64, xml: &str, archive: &str) -> (Vec<String>, Vec<String>, Fin) {
        self.heard.clear();
        self.say(number, xml);
        let heard = self.elements(number);
        let (mut bodies, mut ids) = (Vec::new(), Vec::new());
        let (fin, messages) = heard.split_last().unwrap();
        for message in messages {
            let result = mam::result(message.view(), jid(archive).as_ref()).unwrap().expect("a result");
            assert_eq!(result.query.as_deref(), Some("q"));
            assert!(result.forwarded.delay.is_some());
            bodies.push(result.forwarded.stanza.child("body", ns::CLIENT).unwrap().text().into_owned());
            ids.push(result.id.into_owned());
        }
        assert_eq!(fin.attr("type").as_deref(), Some("result"), "{fin}");
        (bodies, ids, Fin::read(fin.child("fin", ns::MAM).unwrap()))
    }
}

/// Juliet (1) and Romeo (2) have said `0` to `9` to each other in turn, a second apart.
fn talked() -> Talk {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.user(2, "romeo", 0);
    for number in 0..10u64 {
        let (from, to) = if number % 2 == 0 { (1, "romeo") } else { (2, "juliet") };
        talk.say(from, &format!("<message type='chat' to='{to}@im.example'><body>{number}</body></message>"));
        talk.now += 1000;
    }
    talk
}

#[test]
fn both_have_all_of_it_in_pages() {
    let mut talk = talked();
    for (number, own) in [(1, "juliet@im.example"), (2, "romeo@im.example")] {
        let (bodies, ids, fin) = talk.archive(number, &query(""), own);
        assert_eq!(bodies.concat(), "0123456789");
        assert!(fin.is_complete && ids.windows(2).all(|two| two[0] < two[1]));
        assert_eq!((fin.page.count, fin.page.index), (Some(10), Some(0)));
        let (first, ids, fin) = talk.archive(number, &page("<max>4</max>"), own);
        assert_eq!((first.concat().as_str(), fin.is_complete), ("0123", false));
        let (next, _, fin) = talk.archive(number, &page(&format!("<max>6</max><after>{}</after>", ids[3])), own);
        assert_eq!((next.concat().as_str(), fin.is_complete, fin.page.index), ("456789", true, Some(4)));
        let (last, ids, fin) = talk.archive(number, &page("<max>3</max><before/>"), own);
        assert_eq!((last.concat().as_str(), fin.is_complete), ("789", false));
        let (before, _, _) = talk.archive(number, &page(&format!("<max>2</max><before>{}</before>", ids[0])), own);
        assert_eq!(before.concat(), "56");
        let (indexed, _, _) = talk.archive(number, &page("<max>2</max><index>8</index>"), own);
        assert_eq!(indexed.concat(), "89");
        let (none, _, fin) = talk.archive(number, &page("<max>0</max>"), own);
        assert_eq!((none.len(), fin.page.count), (0, Some(10)));
    }
}

#[test]
fn what_is_asked_for_is_what_comes() {
    let mut talk = talked();
    talk.user(3, "nurse", 0);
    talk.say(3, "<message to='juliet@im.example/r1'><body>nurse</body></message>");
    let own = "juliet@im.example";
    let ask = |talk: &mut Talk, fields: &[(&str, &str)]| talk.archive(1, &filter(fields), own).0.concat();
    assert_eq!(ask(&mut talk, &[("with", "nurse@im.example")]), "nurse");
    assert_eq!(ask(&mut talk, &[("with", "romeo@im.example/r2")]), "13579");
    assert_eq!(ask(&mut talk, &[("with", "romeo@im.example")]), "0123456789");
    assert_eq!(ask(&mut talk, &[("start", "2026-11-21T08:00:08Z")]), "89nurse");
    assert_eq!(ask(&mut talk, &[("end", "2026-11-21T09:00:01+01:00")]), "01");
    let ids = talk.archive(1, &query(""), own).1;
    assert_eq!(ask(&mut talk, &[("after-id", &ids[2]), ("before-id", &ids[5])]), "34");
    let flipped = talk.archive(1, &query("<flip-page/>"), own).0;
    assert_eq!(flipped.concat(), "nurse9876543210");
    talk.say(1, &page("<after>none</after>"));
    assert_eq!(refusal(&talk.elements(1)), refused(own, "item-not-found"));
    for bad in [filter(&[("odd", "x")]), filter(&[("start", "yesterday")]), page("<max>many</max>")] {
        talk.say(1, &bad);
        assert_eq!(refusal(&talk.elements(1)), refused(own, "bad-request"));
    }
    let form = talk.ask(1, "<iq type='get' id='f'><query xmlns='urn:xmpp:mam:2'/></iq>");
    assert!(form[0].contains("var='before-id'"));
    let metadata = talk.ask(1, "<iq type='get' id='f'><metadata xmlns='urn:xmpp:mam:2'/></iq>");
    assert!(metadata[0].contains("<start id='") && metadata[0].contains("timestamp='2026-11-21T08:00:00.000Z'"));
}

#[test]
fn an_archive_is_its_owners_alone() {
    let mut talk = talked();
    talk.heard.clear();
    talk.say(2, "<iq type='set' id='m' to='juliet@im.example'><query xmlns='urn:xmpp:mam:2'/></iq>");
    assert_eq!(refusal(&talk.elements(2)), refused("juliet@im.example", "service-unavailable"));
}

#[test]
fn ids_are_the_archives_own() {
    let mut talk = talked();
    let forged = "<stanza-id xmlns='urn:xmpp:sid:0' by='juliet@im.example' id='forged'/>";
    let foreign = "<stanza-id xmlns='urn:xmpp:sid:0' by='far.example' id='kept'/>";
    talk.heard.clear();
    talk.say(2, &format!("<message type='chat' to='juliet@im.example'>{forged}<body>Hi</body>{foreign}</message>"));
    let heard = talk.elements(1);
    let juliet = jid("juliet@im.example");
    let id = crate::payload::stanza_id::by(heard[0].view(), juliet.as_ref()).expect("an id").into_owned();
    assert_ne!(id, "forged");
    assert_eq!(heard[0].to_string().matches("<stanza-id").count(), 2);
    assert_eq!(talk.archive(1, &query(""), "juliet@im.example").1.last(), Some(&id));
}

#[test]
fn what_is_not_to_be_kept_is_not() {
    let mut talk = talked();
    for (inner, count) in [
        ("<body>secret</body><no-store xmlns='urn:xmpp:hints'/>", 10),
        ("<active xmlns='http://jabber.org/protocol/chatstates'/>", 10),
        ("<x xmlns='y'/><store xmlns='urn:xmpp:hints'/>", 11),
    ] {
        talk.say(1, &format!("<message type='chat' to='romeo@im.example'>{inner}</message>"));
        let fin = talk.ask(1, &page("<max>0</max>"));
        assert!(fin[0].contains(&format!("<count>{count}</count>")), "{inner} {fin:?}");
    }
}

#[test]
fn memory_is_bounded_by_archive_and_by_all() {
    use super::storage::{Bounds, Entry, Query as Asked};
    use crate::payload::rsm::Place;
    let mut bounds = Bounds::default();
    (bounds.archived, bounds.all_archived_bytes) = (3, 2_000);
    let mut memory = Memory::new(bounds);
    let parcel = parcel::build(Kind::Message, Tag::default(), |_| {});
    let mut keep = |archive: &str, id: u32| {
        let with = Arc::new(jid("a@b"));
        let entry = Entry { id: format!("{id:04}").into(), time: u64::from(id), with, parcel: parcel.clone() };
        memory.archive(jid(archive).as_ref(), entry);
    };
    (0..5).for_each(|id| keep("old@im.example", id));
    (0..5).for_each(|id| keep("new@im.example", id));
    (5..7).for_each(|id| keep("third@im.example", id));
    let count = |archive: &str| {
        let asked =
            Asked { with: None, start: None, end: None, after: None, before: None, place: &Place::First, max: 9 };
        memory.query(jid(archive).as_ref(), &asked).unwrap().entries.len()
    };
    assert_eq!(["old", "new", "third"].map(|name| count(&format!("{name}@im.example"))), [0, 3, 2]);
}

#[test]
fn there_may_be_no_archives() {
    let mut talk = Talk::with(|config| config.is_archiving = false);
    talk.user(1, "juliet", 0);
    talk.user(2, "romeo", 0);
    talk.say(1, "<message type='chat' to='romeo@im.example'><body>Hi</body></message>");
    assert!(!talk.heard(2)[0].contains("stanza-id"));
    talk.say(1, &query(""));
    assert_eq!(refusal(&talk.elements(1)), refused("", "service-unavailable"));
    let info =
        "<iq type='get' id='d' to='juliet@im.example'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>";
    assert!(!talk.ask(1, info)[0].contains("urn:xmpp:mam"));
}

#[test]
fn users_choose_what_is_archived() {
    let mut talk = Talk::new();
    talk.user(1, "juliet", 0);
    talk.user(2, "romeo", 0);
    talk.user(3, "nurse", 0);
    let own = "juliet@im.example";
    let get = "<iq type='get' id='p'><prefs xmlns='urn:xmpp:mam:2'/></iq>";
    let none = talk.ask(1, get);
    assert!(none[0].contains("default='always'"), "{none:?}");
    assert!(none[0].contains("<always/>") && none[0].contains("<never/>"), "also of nobody: {none:?}");
    let set = |policy: &str, lists: &str| {
        format!("<iq type='set' id='p'><prefs xmlns='urn:xmpp:mam:2' default='{policy}'>{lists}</prefs></iq>")
    };
    let chosen = talk.ask(1, &set("always", "<never><jid>nurse@im.example</jid></never>"));
    assert!(chosen[0].contains("<never><jid>nurse@im.example</jid></never>"), "{chosen:?}");
    let chat =
        |to: &str, text: &str| format!("<message type='chat' to='{to}@im.example'><body>{text}</body></message>");
    let round = |talk: &mut Talk, number: u32| {
        for (name, session) in [("romeo", 2), ("nurse", 3)] {
            talk.say(1, &chat(name, &format!("to {name} {number},")));
            talk.say(session, &chat("juliet", &format!("{name} {number},")));
        }
    };
    round(&mut talk, 1);
    let all = |talk: &mut Talk, session, own| talk.archive(session, &query(""), own).0.concat();
    assert_eq!(all(&mut talk, 1, own), "to romeo 1,romeo 1,");
    assert_eq!(all(&mut talk, 3, "nurse@im.example"), "to nurse 1,nurse 1,", "each has an archive of their own");
    // What is not archived has no id there.
    talk.heard.clear();
    talk.say(3, &chat("juliet", "off the record"));
    assert!(!talk.heard(1)[0].contains("stanza-id"));

    talk.befriend(1, 3);
    talk.ask(1, &set("roster", ""));
    round(&mut talk, 2);
    assert!(all(&mut talk, 1, own).ends_with("romeo 1,to nurse 2,nurse 2,"));
    talk.ask(1, &set("never", "<always><jid>romeo@im.example</jid></always>"));
    round(&mut talk, 3);
    assert!(all(&mut talk, 1, own).ends_with("nurse 2,to romeo 3,romeo 3,"));

    // They are kept, and nobody else's.
    talk.gone(1);
    talk.router.forget_account(jid(own).as_ref(), talk.now, &mut talk.out);
    talk.user(1, "juliet", 0);
    assert!(talk.ask(1, get)[0].contains("default='never'"));
    talk.heard.clear();
    talk.say(2, "<iq type='set' id='p' to='juliet@im.example'><prefs xmlns='urn:xmpp:mam:2' default='always'/></iq>");
    assert_eq!(refusal(&talk.elements(2)), refused(own, "service-unavailable"));
    let many: String = (0..501).map(|number| format!("<jid>u{number}@im.example</jid>")).collect();
    for (bad, condition) in [
        (set("sometimes", ""), "bad-request"),
        (set("never", "<always><jid>@</jid></always>"), "jid-malformed"),
        (set("never", &format!("<always>{many}</always>")), "policy-violation"),
    ] {
        talk.say(1, &bad);
        assert_eq!(refusal(&talk.elements(1)), refused("", condition));
    }
    assert!(talk.ask(1, get)[0].contains("romeo"), "nothing has changed");
}
