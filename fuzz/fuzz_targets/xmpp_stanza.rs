//! What stanzas and a stream's other elements carry is written so that it is read as it was; an answer goes back to whom it should, and never answers an
//! answer; an element that goes out says what it said, in each kind of stream.
//!
//! The input is what follows the header of a client's stream.

#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::feed::Cuts;
use wirestate_fuzz::xmpp::{HEADER, parts, read};
use xmpp_proto::jid::{Jid, JidRef, Rules};
use xmpp_proto::ns;
use xmpp_proto::payload::compression::Compression;
use xmpp_proto::payload::csi::ClientState;
use xmpp_proto::payload::delay::{self, Delay};
use xmpp_proto::payload::dialback::Dialback;
use xmpp_proto::payload::forward::{self, Forwarded};
use xmpp_proto::payload::iq_auth::{self, IqAuth};
use xmpp_proto::payload::roster::Change;
use xmpp_proto::payload::sasl::Sasl;
use xmpp_proto::payload::sasl2::Sasl2;
use xmpp_proto::payload::sm::Sm;
use xmpp_proto::payload::starttls::Starttls;
use xmpp_proto::payload::version::Version;
use xmpp_proto::payload::{
    bind, bind2, blocking, carbons, component, disco, fast, form, mam, moment, muc, roster, rsm, stanza_id,
};
use xmpp_proto::stanza::{self, Stanza, StanzaCondition, StanzaError};
use xmpp_proto::stream::{Features, Header, Packet, StreamError};
use xmpp_proto::xml::{Element, ElementRef, ElementWriter, Frame, Limits, Scope, Writer, XmlError};

fuzz_target!(|input: &[u8]| {
    let told = read(&[HEADER, input].concat(), Limits::AFTER_LOGIN, Cuts::Whole);
    for frame in read(input, Limits::AFTER_LOGIN, Cuts::Whole).frames {
        if let Frame::Header(header) = frame {
            for rules in [Rules::Rfc7622, Rules::Rfc6122] {
                let _ = Header::read(&header, rules);
            }
        }
    }
    for element in told.elements().take(8) {
        for ns in [ns::CLIENT, ns::SERVER, ns::COMPONENT_ACCEPT] {
            for rules in [Rules::Rfc7622, Rules::Rfc6122] {
                stanza(element, ns, rules);
            }
        }
        packet(element);
        for part in parts(element).into_iter().take(24) {
            of_streams(part);
            of_stanzas(part);
            texts(part);
        }
    }
});

fn stanza(element: &Element, ns: &str, rules: Rules) {
    let stanza = match Stanza::read(element.clone(), ns, rules) {
        Ok(stanza) => stanza,
        Err(refused) => return assert_eq!(refused.element, *element),
    };
    let (from, to) = (stanza.from(), stanza.to());
    assert_eq!((from.is_some(), to.is_some()), (element.attr("from").is_some(), element.attr("to").is_some()));
    if let Some(error) = StanzaError::read(stanza.view()) {
        inside("message", ns::CLIENT, &error, |error, stanza| error.write(stanza), StanzaError::read);
    }
    match &stanza {
        Stanza::Message(message) => drop((message.kind(), message.body(), message.subject(), message.thread())),
        Stanza::Presence(presence) => drop((presence.kind(), presence.show(), presence.status(), presence.priority())),
        Stanza::Iq(iq) => {
            let built = iq.result().finish().expect("the answer to a lawful question");
            let mut bytes = Vec::new();
            iq.write_result(&mut Writer::new(&mut bytes, &Scope::CLIENT)).expect("a lawful answer").end();
            assert_eq!(parsed(&bytes), Some(built.clone()));
            addressed_back(element, &built);
        }
    }
    let error = StanzaError::new(StanzaCondition::ItemNotFound);
    let mut bytes = Vec::new();
    if stanza::write_error(stanza.view(), &error, &mut Writer::new(&mut bytes, &Scope::CLIENT))
        .expect("a lawful answer")
    {
        let Some(answer) = parsed(&bytes) else { return };
        assert!(!stanza.is_error(), "an answer to an error");
        addressed_back(element, &answer);
        let answer = Stanza::read(answer, ns, rules);
        // An IQ of no known type is refused before; what is left can be answered.
        assert!(answer.is_ok_and(|answer| answer.is_error()), "an error that is none");
    } else {
        assert!(bytes.is_empty());
    }
}

/// Whom an answer goes to. What is no address by the usual rules is left out.
fn addressed_back(stanza: &Element, answer: &Element) {
    let is_address = |text: &str| Jid::parse(text).is_ok();
    for (one, other) in [("from", "to"), ("to", "from")] {
        let wanted = stanza.attr(one).filter(|address| is_address(address));
        assert_eq!(answer.attr(other), wanted);
    }
    assert_eq!(answer.attr("id"), stanza.attr("id"));
}

fn packet(element: &Element) {
    let packet = Packet::of(element.view());
    match packet.to_element() {
        Ok(again) => assert_eq!(again, *element),
        Err(XmlError::Limit(_)) => {}
        Err(fault) => panic!("{fault:?} in {}", packet.as_bytes().escape_ascii()),
    }
    assert_eq!(packet.is_stanza(), matches!(element.name(), "message" | "presence" | "iq") && is_content(element.ns()));
}

fn is_content(ns: &str) -> bool {
    matches!(ns, ns::CLIENT | ns::SERVER | ns::COMPONENT_ACCEPT)
}

/// First-level elements that are no stanzas.
fn of_streams(part: ElementRef<'_>) {
    const LIMIT: usize = 1024;
    alone(Features::read(part), |features, writer| features.write(writer), Features::read);
    alone(StreamError::read(part), |error, writer| error.write(writer), StreamError::read);
    let sasl = |part: ElementRef<'_>| Sasl::read(part, LIMIT).ok().flatten();
    alone(sasl(part), |sasl, writer| sasl.write(writer), sasl);
    let sasl2 = |part: ElementRef<'_>| Sasl2::read(part, LIMIT).ok().flatten();
    alone(sasl2(part), |sasl2, writer| sasl2.write(writer), sasl2);
    let sm = |part: ElementRef<'_>| Sm::read(part).ok().flatten();
    alone(sm(part), |sm, writer| sm.write(writer), sm);
    alone(Compression::read(part), |compression, writer| compression.write(writer), Compression::read);
    alone(ClientState::of(part), |state, writer| state.write(writer), ClientState::of);
    alone(Starttls::of(part), |starttls, writer| starttls.write(writer), Starttls::of);
    let dialback = |part: ElementRef<'_>| Dialback::read(part).ok().flatten();
    alone(dialback(part), |dialback, writer| dialback.write(writer), dialback);
    let _ = component::read(part, ns::COMPONENT_ACCEPT);
}

/// What stanzas carry, and the elements of SASL2.
fn of_stanzas(part: ElementRef<'_>) {
    if let Ok(query) = roster::Query::read(part) {
        let items = |query: ElementRef<'_>| roster::Query::read(query).ok().map(|query| query.changes);
        let kept = query.changes.into_iter().filter(|change| matches!(change, Change::Put(_))).collect::<Vec<_>>();
        inside(
            "query",
            ns::ROSTER,
            &kept,
            |changes, query| {
                changes.iter().try_for_each(|change| match change {
                    Change::Put(item) => item.write(query),
                    _ => Ok(()),
                })
            },
            items,
        );
    }
    if let Some(join) = muc::Join::within(part) {
        stanza_with(&join, |join, stanza| join.write(stanza), muc::Join::within);
    }
    let user = |stanza: ElementRef<'_>| muc::User::within(stanza).ok().flatten();
    if let Some(user) = &user(part) {
        stanza_with(user, |user, stanza| user.write(stanza), self::user);
    }
    if let Ok(items) = muc::Item::read_all(part) {
        let write = |items: &Vec<muc::Item>, query: &mut ElementWriter<'_, Vec<u8>>| {
            items.iter().try_for_each(|item| item.write(query))
        };
        inside("query", ns::MUC_ADMIN, &items, write, |query| muc::Item::read_all(query).ok());
    }
    if let Ok(request) = rsm::Request::within(part) {
        stanza_with(&request, |request, query| request.write(query), |query| rsm::Request::within(query).ok());
    }
    stanza_with(&rsm::Page::within(part), |page, answer| page.write(answer), |answer| Some(rsm::Page::within(answer)));
    if let Ok(query) = mam::Query::read(part) {
        let again = |iq: ElementRef<'_>| mam::Query::read(iq.child("query", ns::MAM)?).ok();
        stanza_with(&query, |query, iq| query.write(iq), again);
    }
    let fin = |iq: ElementRef<'_>| iq.child("fin", ns::MAM).map(mam::Fin::read);
    stanza_with(&mam::Fin::read(part), |fin, iq| fin.write(iq), fin);
    if let Ok(token) = fast::ByToken::read(part) {
        let again = |element: ElementRef<'_>| fast::ByToken::read(element.child("fast", ns::FAST)?).ok();
        stanza_with(&token, |token, element| token.write(element), again);
    }
    let again = |element: ElementRef<'_>| element.child("bind", ns::BIND2).map(bind2::Bind2::read);
    stanza_with(&bind2::Bind2::read(part), |bind, element| bind.write(element), again);
    let again = |iq: ElementRef<'_>| iq.child("bind", ns::BIND).map(bind::requested);
    stanza_with(&bind::requested(part), |resource, iq| bind::write_request(iq, resource.as_deref()), again);
    if let Ok(jid) = bind::bound(part) {
        let again = |iq: ElementRef<'_>| bind::bound(iq.child("bind", ns::BIND)?).ok();
        stanza_with(&jid, |jid, iq| bind::write_bound(iq, jid.as_ref()), again);
    }
    if let Ok(jids) = blocking::items(part) {
        let again = |iq: ElementRef<'_>| blocking::items(iq.child("unblock", ns::BLOCKING)?).ok();
        stanza_with(&jids, |jids, iq| blocking::write(iq, "unblock", jids.iter()), again);
    }
    let version = |iq: ElementRef<'_>| iq.child("query", ns::VERSION).map(Version::read);
    stanza_with(&Version::read(part), |version, iq| version.write(iq), version);
    let fields = |iq: ElementRef<'_>| iq.child("query", ns::IQ_AUTH).map(iq_auth::Fields::read);
    stanza_with(&iq_auth::Fields::read(part), |fields, iq| fields.write(iq, "juliet"), fields);
    if let Ok(auth) = IqAuth::read(part) {
        let again = |iq: ElementRef<'_>| IqAuth::read(iq.child("query", ns::IQ_AUTH)?).ok().map(known);
        let write = |_: &(String, String, bool), iq: &mut ElementWriter<'_, Vec<u8>>| auth.write(iq);
        stanza_with(&known(auth.clone()), write, again);
    }
    if let Ok(delay) = Delay::read(part) {
        let again = |stanza: ElementRef<'_>| Delay::read(stanza.child("delay", ns::DELAY)?).ok();
        stanza_with(&delay, |delay, stanza| delay::write(stanza, delay.from.as_deref(), delay.stamp), again);
    }
    if let Ok(forwarded) = Forwarded::read(part) {
        let stamp = forwarded.delay.as_ref().map(|delay| delay.stamp);
        let again = |parent: ElementRef<'_>| {
            let again = Forwarded::within(parent).ok()?;
            Some((again.stanza.to_element(), again.delay.map(|delay| delay.stamp)))
        };
        let wanted = (forwarded.stanza.to_element(), stamp);
        stanza_with(&wanted, |(stanza, stamp), parent| forward::write(parent, stanza.view(), *stamp), again);
    }
    let info = disco::Info::read(part);
    let write = |info: &disco::Info, query: &mut ElementWriter<'_, Vec<u8>>| {
        for one in &info.identities {
            disco::write_identity(query, &one.category, &one.kind, one.name.as_deref())?;
        }
        info.features.iter().try_for_each(|feature| disco::write_feature(query, feature))
    };
    inside("query", ns::DISCO_INFO, &info, write, |query| Some(disco::Info::read(query)));
    if let Some(fields) = form::Fields::within(part) {
        let names = fields.names().filter(|name| fields.value(name).is_none()).count();
        assert!(names <= fields.names().count());
        let _ = (fields.form_type(), fields.flag("x"), form::is_cancelled(part));
    }
    let somebody = Jid::parse("romeo@im.example").expect("an address");
    let _ = carbons::copied(part, somebody.as_ref());
    let _ = mam::result(part, somebody.as_ref());
    let _ = roster::Query::pushed(part, somebody.as_ref());
    let _ = (carbons::is_eligible(part), mam::is_archivable(part), muc::Mediated::within(part));
    let _ = (stanza_id::by(part, somebody.as_ref()), stanza_id::origin(part), disco::Item::read_all(part));
    let _ = (blocking::Request::read(part), fast::requested(part), fast::Token::read(part));
}

fn user(stanza: ElementRef<'_>) -> Option<muc::User> {
    muc::User::within(stanza).ok().flatten()
}

fn known(auth: IqAuth) -> (String, String, bool) {
    let is_digest = matches!(auth.proof, iq_auth::Proof::Digest(_));
    (auth.username, auth.resource, is_digest)
}

/// Moments and addresses, wherever they stand.
fn texts(part: ElementRef<'_>) {
    let attributes = part.attrs().map(|one| one.value());
    for text in attributes.chain([part.text()]) {
        if let Some(stamp) = moment::parse(&text) {
            assert_eq!(moment::parse(moment::write(stamp).as_str()), Some(stamp), "{text:?}");
        }
        if let Ok(jid) = JidRef::parse(&text) {
            assert_eq!(Jid::parse(jid.as_str()).as_ref().map(Jid::as_str), Ok(jid.as_str()));
        }
    }
}

/// A first-level element comes back as it was.
fn alone<T: PartialEq + Debug>(
    value: Option<T>,
    write: impl FnOnce(&T, &mut Writer<'_, Vec<u8>>) -> Result<(), XmlError>,
    read: impl FnOnce(ElementRef<'_>) -> Option<T>,
) {
    let Some(value) = value else { return };
    let mut bytes = Vec::new();
    write(&value, &mut Writer::new(&mut bytes, &Scope::CLIENT)).expect("what was read can be written");
    if let Some(element) = parsed(&bytes) {
        assert_eq!(read(element.view()).as_ref(), Some(&value), "{element}");
    }
}

/// So does what a stanza carries.
fn stanza_with<T: PartialEq + Debug>(
    value: &T,
    write: impl FnOnce(&T, &mut ElementWriter<'_, Vec<u8>>) -> Result<(), XmlError>,
    read: impl FnOnce(ElementRef<'_>) -> Option<T>,
) {
    inside("iq", ns::CLIENT, value, write, read);
}

fn inside<T: PartialEq + Debug>(
    name: &str,
    ns: &str,
    value: &T,
    write: impl FnOnce(&T, &mut ElementWriter<'_, Vec<u8>>) -> Result<(), XmlError>,
    read: impl FnOnce(ElementRef<'_>) -> Option<T>,
) {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, &Scope::CLIENT);
    let mut parent = writer.element(name, ns).expect("a name");
    write(value, &mut parent).expect("what was read can be written");
    parent.end();
    if let Some(element) = parsed(&bytes) {
        assert_eq!(read(element.view()).as_ref(), Some(value), "{element}");
    }
}

/// One that may have grown over the limits.
fn parsed(bytes: &[u8]) -> Option<Element> {
    match Element::parse(bytes.to_vec().into(), &Scope::CLIENT, &Limits::PEER) {
        Ok(element) => Some(element),
        Err(XmlError::Limit(_)) => None,
        Err(fault) => panic!("{fault:?} in what was written: {}", bytes.escape_ascii()),
    }
}
