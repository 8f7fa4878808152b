//! What is written is read again as the same; what is not as it must be is refused.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::jid::Jid;
use crate::ns;
use crate::xml::{Element, ElementWriter, Scope, Writer, XmlError};

/// An IQ that holds what is written.
fn iq(write: impl FnOnce(&mut ElementWriter<'_, Vec<u8>>) -> Result<(), XmlError>) -> Element {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, &Scope::EMPTY);
    let mut iq = writer.element("iq", ns::CLIENT).unwrap();
    write(&mut iq).unwrap();
    iq.end();
    String::from_utf8(bytes).unwrap().parse().unwrap()
}

fn jid(text: &str) -> Jid {
    Jid::parse(text).unwrap()
}

fn parse(text: &str) -> Element {
    text.parse().unwrap()
}

#[test]
fn queries_of_archives() {
    for page in [
        rsm::Request::default(),
        rsm::Request { max: Some(0), place: rsm::Place::Last },
        rsm::Request { max: Some(7), place: rsm::Place::After("<a>".into()) },
        rsm::Request { max: None, place: rsm::Place::Before("b".into()) },
        rsm::Request { max: None, place: rsm::Place::Index(3) },
    ] {
        let query = mam::Query {
            id: Some("q".into()),
            with: Some(jid("a@b/c")),
            start: Some(1_000),
            end: Some(2_500),
            after: Some("1".into()),
            before: Some("2".into()),
            page,
            is_flipped: true,
        };
        let written = iq(|iq| query.write(iq));
        assert_eq!(mam::Query::read(written.child("query", ns::MAM).unwrap()), Ok(query));
    }
    let page = rsm::Page { ends: Some(("1".into(), "9".into())), index: Some(0), count: Some(20) };
    let fin = mam::Fin { is_complete: false, page };
    let written = iq(|iq| fin.write(iq));
    assert_eq!(mam::Fin::read(written.child("fin", ns::MAM).unwrap()), fin);
}

#[test]
fn roster_items() {
    let item = roster::Item {
        jid: jid("a@b"),
        name: Some("A & B".into()),
        subscription: roster::Subscription::To,
        is_asked: false,
        is_approved: true,
        groups: vec!["<x>".into(), "y".into()],
    };
    let written = iq(|iq| item.write(&mut iq.child("query", ns::ROSTER)?));
    let query = roster::Query::read(written.child("query", ns::ROSTER).unwrap()).unwrap();
    assert_eq!(query.changes, [roster::Change::Put(item)]);
}

#[test]
fn a_push_is_the_own_servers() {
    let own = jid("juliet@im.example");
    let push = |from: &str, items: &str| {
        parse(&alloc::format!(
            "<iq xmlns='jabber:client' type='set' id='1' {from}><query xmlns='jabber:iq:roster'>{items}</query></iq>"
        ))
    };
    let item = "<item jid='evil@im.example' subscription='both'/>";
    let pushed = |from: &str, items: &str| roster::Query::pushed(push(from, items).view(), own.as_ref());
    for from in ["", "from='juliet@im.example'", "from='Juliet@IM.example'"] {
        assert!(pushed(from, item).unwrap().is_some(), "{from}");
    }
    for from in ["from='evil@im.example'", "from='im.example'", "from='juliet@im.example/x'", "from='@'"] {
        assert_eq!(pushed(from, item), Ok(None), "{from}");
    }
    assert!(pushed("", "").is_err() && pushed("", &[item, item].concat()).is_err());
}

#[test]
fn a_copy_and_an_archived_message_are_their_servers() {
    let own = jid("juliet@im.example");
    let forwarded = "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='x@y'><body>Hi</body></message></forwarded>";
    let copy = |from: &str, inner: &str| {
        let text = alloc::format!(
            "<message xmlns='jabber:client' {from}><received xmlns='urn:xmpp:carbons:2'>{inner}</received></message>"
        );
        carbons::copied(parse(&text).view(), own.as_ref()).map(|copy| copy.map(|(direction, _)| direction))
    };
    assert_eq!(copy("from='juliet@im.example'", forwarded), Ok(Some(carbons::Direction::Received)));
    for from in ["", "from='evil@im.example'", "from='juliet@im.example/phone'", "from='im.example'"] {
        assert_eq!(copy(from, forwarded), Ok(None), "{from}");
    }
    assert!(copy("from='juliet@im.example'", "").is_err());
    let result = |from: &str| {
        let text = alloc::format!(
            "<message xmlns='jabber:client' {from}><result xmlns='urn:xmpp:mam:2' id='1'>{forwarded}</result></message>"
        );
        mam::result(parse(&text).view(), own.as_ref()).unwrap().is_some()
    };
    assert!(result("") && result("from='juliet@im.example'"));
    assert!(!result("from='evil@im.example'"));
}

#[test]
fn rooms() {
    let join = muc::Join {
        password: Some("wherefore".into()),
        history: muc::History { max_chars: Some(0), max_stanzas: Some(5), seconds: Some(60), since: Some(1_000) },
    };
    let presence = iq(|presence| join.write(presence));
    assert!(muc::Join::within(presence.view()) == Some(join.clone()));
    assert!(!alloc::format!("{join:?}").contains("wherefore"));
    let user = muc::User {
        item: Some(muc::Item {
            affiliation: Some(muc::Affiliation::Owner),
            role: Some(muc::Role::Moderator),
            jid: Some(jid("a@b/c")),
            nick: Some("n".into()),
            reason: Some("r".into()),
        }),
        statuses: vec![110, 201],
    };
    let presence = iq(|presence| user.write(presence));
    assert_eq!(muc::User::within(presence.view()), Ok(Some(user)));
    let invite = parse(
        "<message xmlns='jabber:client'><x xmlns='http://jabber.org/protocol/muc#user'><invite to='a@b'><reason>r</reason></invite></x></message>",
    );
    let mediated = muc::Mediated { is_decline: false, to: jid("a@b"), reason: Some("r".into()) };
    assert_eq!(muc::Mediated::within(invite.view()), Ok(vec![mediated]));
}

#[test]
fn what_there_is() {
    let written = iq(|iq| {
        let mut query = iq.child("query", ns::DISCO_INFO)?;
        disco::write_identity(&mut query, "server", "im", Some("N"))?;
        disco::write_feature(&mut query, "urn:x")
    });
    let info = disco::Info::read(written.child("query", ns::DISCO_INFO).unwrap());
    assert!(info.has("urn:x") && !info.has("urn:y"));
    assert_eq!(info.identities[0].name.as_deref(), Some("N"));
    let written = iq(|iq| disco::write_item(&mut iq.child("query", ns::DISCO_ITEMS)?, "a@b", None));
    let items = disco::Item::read_all(written.child("query", ns::DISCO_ITEMS).unwrap()).unwrap();
    assert_eq!(items[0].jid, jid("a@b"));
    assert!(
        disco::Item::read_all(parse("<query xmlns='http://jabber.org/protocol/disco#items'><item/></query>").view())
            .is_err()
    );
    let version = version::Version { name: "W".into(), version: "1".into(), os: Some("O".into()) };
    let written = iq(|iq| version.write(iq));
    assert_eq!(version::Version::read(written.child("query", ns::VERSION).unwrap()), version);
}

#[test]
fn lists_of_those_who_are_blocked() {
    let jids = [jid("a@b"), jid("c.example")];
    let written = iq(|iq| blocking::write(iq, "block", jids.iter()));
    let block = written.child("block", ns::BLOCKING).unwrap();
    assert_eq!(blocking::Request::read(block), Ok(Some(blocking::Request::Block(jids.into()))));
    let none = parse("<block xmlns='urn:xmpp:blocking'/>");
    assert!(blocking::Request::read(none.view()).is_err());
    assert_eq!(blocking::Request::read(parse("<x/>").view()), Ok(None));
}

#[test]
fn moments_and_ids() {
    let written = iq(|message| {
        delay::write(message, Some("im.example"), 1_500)?;
        stanza_id::write(message, "im.example", "7")?;
        forward::write(message, parse("<message xmlns='jabber:client'><body/></message>").view(), Some(9_000))
    });
    assert_eq!(delay::Delay::of(written.view(), "im.example").map(|delay| delay.stamp), Some(1_500));
    assert_eq!(delay::Delay::of(written.view(), "far.example"), None);
    assert_eq!(stanza_id::by(written.view(), jid("im.example").as_ref()).as_deref(), Some("7"));
    assert_eq!(stanza_id::by(written.view(), jid("far.example").as_ref()), None);
    let forwarded = forward::Forwarded::within(written.view()).unwrap();
    assert!(forwarded.stanza.is("message", ns::CLIENT));
    assert_eq!(forwarded.delay.map(|delay| delay.stamp), Some(9_000));
}

#[test]
fn forms() {
    let written = iq(|iq| {
        form::FormWriter::new(iq, "submit", "urn:f")?
            .field("a", "text-single", Some("A"), &["1", "2"])?
            .flag("b", None, true)?
            .choice("c", "list-single", None, &["x"], &["x", "y"])?;
        Ok(())
    });
    let fields = form::Fields::within(written.view()).unwrap();
    assert_eq!(fields.form_type(), Some("urn:f"));
    assert_eq!(fields.values("a"), ["1".to_string(), "2".to_string()]);
    assert_eq!((fields.flag("b"), fields.flag("c"), fields.value("d")), (Some(true), None, None));
    assert_eq!(fields.names().collect::<Vec<_>>(), ["FORM_TYPE", "a", "b", "c"]);
}
