//! Whatever is said, in whatever order: no panic, nothing ill-formed, nothing beyond the bounds.

use proptest::prelude::*;

use super::*;

fn address() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "im.example",
        "juliet@im.example",
        "juliet@im.example/r1",
        "romeo@im.example",
        "romeo@im.example/r2",
        "nobody@im.example/x",
        "rooms.im.example",
        "rooms.im.example/x",
        "a@rooms.im.example",
        "a@rooms.im.example/Ann",
        "a@rooms.im.example/Bob",
        "b@rooms.im.example/Ann",
        "far.example",
        "o@far.example/x",
        "beyond.example",
    ])
}

fn payload() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "query",
        "x",
        "block",
        "unblock",
        "blocklist",
        "vCard",
        "ping",
        "enable",
        "disable",
        "metadata",
        "time",
        "body",
        "subject",
        "session",
        "pubsub",
        "p:q",
    ]);
    let namespace = prop::sample::select(vec![
        ns::ROSTER,
        ns::DISCO_INFO,
        ns::DISCO_ITEMS,
        ns::MUC,
        ns::MUC_USER,
        ns::MUC_ADMIN,
        ns::MUC_OWNER,
        ns::MAM,
        ns::BLOCKING,
        ns::CARBONS,
        ns::PRIVATE,
        ns::VCARD,
        ns::PING,
        ns::VERSION,
        ns::LAST_ACTIVITY,
        ns::TIME,
        ns::SESSION,
        ns::PUBSUB,
        ns::CLIENT,
    ]);
    let inner = prop::sample::select(vec![
        "",
        "text &amp; more",
        "<item/>",
        "<item jid='romeo@im.example' subscription='remove'/>",
        "<item jid='o@far.example'><group>G</group></item>",
        "<item nick='Ann' role='none'/>",
        "<item nick='Bob' role='moderator'/>",
        "<item affiliation='outcast' jid='romeo@im.example'/>",
        "<item affiliation='owner' jid='romeo@im.example'/>",
        "<invite to='romeo@im.example'/>",
        "<decline to='o@far.example'/>",
        "<destroy jid='b@rooms.im.example'/>",
        "<history maxchars='9' since='x'/><password>p</password>",
        "<x xmlns='jabber:x:data' type='submit'><field var='muc#roomconfig_membersonly'><value>1</value></field></x>",
        "<x xmlns='jabber:x:data' type='submit'><field var='muc#roomconfig_roomsecret'><value>p</value></field></x>",
        "<x xmlns='jabber:x:data' type='cancel'/>",
        "<set xmlns='http://jabber.org/protocol/rsm'><max>2</max><before/></set>",
        "<a xmlns='urn:a'><p:b/></a>",
        "<publish node='n'><item id='1'><p:b/></item></publish>",
        "<items node='n' max_items='1'/>",
        "<retract node='n'><item id='1'/></retract>",
    ]);
    (name, namespace, inner).prop_map(|(name, namespace, inner)| match name {
        "p:q" => "<p:q/>".into(),
        name => format!("<{name} xmlns='{namespace}'>{inner}</{name}>"),
    })
}

fn stanza() -> impl Strategy<Value = String> {
    let kinds = prop::sample::select(vec![
        ("message", ""),
        ("message", "chat"),
        ("message", "groupchat"),
        ("message", "error"),
        ("presence", ""),
        ("presence", "unavailable"),
        ("presence", "subscribe"),
        ("presence", "subscribed"),
        ("presence", "unsubscribe"),
        ("presence", "unsubscribed"),
        ("presence", "probe"),
        ("presence", "error"),
        ("iq", "get"),
        ("iq", "set"),
        ("iq", "get"),
        ("iq", "set"),
        ("iq", "result"),
    ]);
    (kinds, address(), address(), payload()).prop_map(|((name, kind), to, from, payload)| {
        let attr = |name: &str, value: &str| match value {
            "" => String::new(),
            value => format!(" {name}='{value}'"),
        };
        let from = attr("from", if from.contains("far.") { from } else { "o@far.example" });
        let attributes = [attr("type", kind), attr("to", to), from].concat();
        format!("<{name} id='i'{attributes} xmlns:p='urn:p'>{payload}</{name}>")
    })
}

proptest! {
    #[test]
    fn anything_may_be_said(said in prop::collection::vec((1..6u64, stanza()), 1..60), ends in 0..5u64) {
        let mut talk = Talk::with(|config| config.is_federated = true);
        talk.user(1, "juliet", 0);
        talk.user(2, "romeo", -1);
        talk.bind(3, "nurse");
        talk.component(4, "far.example");
        for (number, xml) in &said {
            talk.say(*number, xml);
            talk.heard.clear();
        }
        if let Some(Action::Remote { parcel, .. }) = talk.actions.first().cloned() {
            talk.router.undeliverable(&parcel, talk.now, &mut talk.out);
        }
        talk.deliver();
        talk.gone(ends);
        (1..5).for_each(|number| talk.gone(number));
        prop_assert_eq!(talk.router.session_count(), 0);
        prop_assert!(talk.router.rooms().all(|room| room.occupant_count() == 0));
    }
}
