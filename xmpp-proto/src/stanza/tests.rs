use super::*;
use crate::jid::{JidError, Part};
use crate::ns;
use crate::stream::StreamCondition;
use crate::xml::{Scope, Writer};
use alloc::string::String;
use alloc::vec::Vec;

fn element(text: &str) -> Element {
    text.parse().unwrap()
}

fn client(text: &str) -> Result<Stanza, Refused> {
    let (start, rest) = text.split_at(text.find([' ', '/', '>']).unwrap());
    Stanza::read(element(&alloc::format!("{start} xmlns='jabber:client'{rest}")), ns::CLIENT, Rules::Rfc7622)
}

fn iq(text: &str) -> Iq {
    match client(text).unwrap() {
        Stanza::Iq(iq) => iq,
        other => panic!("{other:?}"),
    }
}

fn written(write: impl FnOnce(&mut Writer<'_, Vec<u8>>)) -> String {
    let (mut sink, scope) = (Vec::new(), Scope::CLIENT);
    write(&mut Writer::new(&mut sink, &scope));
    String::from_utf8(sink).unwrap()
}

#[test]
fn heads_are_read() {
    let Ok(Stanza::Message(message)) = client(
        "<message from='romeo@example.net/orchard' to='Juliet@Example.com' id='ktx72v49' type='chat' xml:lang='en'>\
         <subject>I implore you!</subject><body>Art thou not Romeo, &amp; a Montague?</body><thread>e0ffe42b</thread></message>",
    ) else {
        panic!("a message")
    };
    assert_eq!(message.kind(), MessageType::Chat);
    assert_eq!(message.id().as_deref(), Some("ktx72v49"));
    assert_eq!(message.lang().as_deref(), Some("en"));
    assert_eq!(message.from().unwrap().as_str(), "romeo@example.net/orchard");
    assert!(message.from().unwrap().is_borrowed());
    assert_eq!(message.to().unwrap().as_str(), "juliet@example.com");
    assert_eq!(message.body().as_deref(), Some("Art thou not Romeo, & a Montague?"));
    assert_eq!(message.subject().as_deref(), Some("I implore you!"));
    assert_eq!(message.thread().as_deref(), Some("e0ffe42b"));
    assert_eq!(message.error(), None);

    let Ok(Stanza::Presence(presence)) =
        client("<presence><show>xa</show><status>down the rabbit hole!</status><priority> -5 </priority></presence>")
    else {
        panic!("a presence")
    };
    assert_eq!(
        (presence.kind(), presence.show(), presence.priority()),
        (PresenceType::Available, Some(Show::Xa), Some(-5))
    );
    assert_eq!(presence.status().as_deref(), Some("down the rabbit hole!"));
    assert!(presence.to().is_none() && presence.from().is_none() && presence.id().is_none());

    let get = iq("<iq id='a&amp;b' type='get' to='a&amp;b.example'><query xmlns='jabber:iq:roster'/></iq>"
        .replace("a&amp;b.", "h.")
        .as_str());
    assert_eq!((get.kind(), get.id().as_deref()), (IqType::Get, Some("a&b")));
    assert!(get.payload().unwrap().is("query", ns::ROSTER));
}

#[test]
fn kinds_that_may_be_left_out_or_unknown() {
    for (text, kind) in [("<message/>", MessageType::Normal), ("<message type='shout'/>", MessageType::Normal)] {
        assert!(matches!(client(text), Ok(Stanza::Message(message)) if message.kind() == kind));
    }
    for kind in PresenceType::ALL.iter().skip(1) {
        let text = alloc::format!("<presence type='{kind}'/>");
        assert!(matches!(client(&text), Ok(Stanza::Presence(presence)) if presence.kind() == *kind));
    }
    for priority in ["128", "-129", "x", ""] {
        let text = alloc::format!("<presence><priority>{priority}</priority></presence>");
        assert!(matches!(client(&text), Ok(Stanza::Presence(presence)) if presence.priority().is_none()));
    }
    assert!(matches!(client("<presence/>"), Ok(Stanza::Presence(presence)) if presence.priority() == Some(0)));
}

#[test]
fn each_rule_has_its_fault_and_what_is_due() {
    let bad_request = || Due::Stanza(StanzaCondition::BadRequest.into());
    let table: [(&str, StanzaFault, Due); 17] = [
        ("<query/>", StanzaFault::NotAStanza, Due::Stream(StreamCondition::UnsupportedStanzaType)),
        ("<iq/>", StanzaFault::IqTypeMissing, bad_request()),
        ("<iq id='1'><q/></iq>", StanzaFault::IqTypeMissing, bad_request()),
        ("<iq id='1' type='put'><q/></iq>", StanzaFault::IqType, bad_request()),
        ("<iq type='get'><q/></iq>", StanzaFault::IqIdMissing, bad_request()),
        ("<iq type='get' id=''><q/></iq>", StanzaFault::IqIdMissing, bad_request()),
        ("<iq type='result'/>", StanzaFault::IqIdMissing, Due::Nothing),
        ("<iq type='get' id='1'/>", StanzaFault::IqChildren, bad_request()),
        ("<iq type='set' id='1'><q/><q/></iq>", StanzaFault::IqChildren, bad_request()),
        ("<iq type='result' id='1'><q/><q/></iq>", StanzaFault::IqResultChildren, Due::Nothing),
        ("<iq type='error' id='1'><q/></iq>", StanzaFault::IqErrorMissing, Due::Nothing),
        ("<presence type='here'/>", StanzaFault::PresenceType, bad_request()),
        ("<presence type=''/>", StanzaFault::PresenceType, bad_request()),
        (
            "<message to='a@b@c'/>",
            StanzaFault::To(JidError::DomainName),
            Due::Stanza(StanzaCondition::JidMalformed.into()),
        ),
        (
            "<message to=''/>",
            StanzaFault::To(JidError::Empty(Part::Domain)),
            Due::Stanza(StanzaCondition::JidMalformed.into()),
        ),
        ("<message to='@' type='error'/>", StanzaFault::To(JidError::Empty(Part::Local)), Due::Nothing),
        (
            "<message from='a@'/>",
            StanzaFault::From(JidError::Empty(Part::Domain)),
            Due::Stream(StreamCondition::InvalidFrom),
        ),
    ];
    for (text, fault, due) in table {
        let refused = client(text).unwrap_err();
        assert_eq!((refused.fault, refused.due()), (fault, due), "{text}");
    }
    let foreign = Stanza::read(element("<message xmlns='jabber:server'/>"), ns::CLIENT, Rules::Rfc7622);
    assert_eq!(foreign.unwrap_err().fault, StanzaFault::NotAStanza);
    let foreign = Stanza::read(element("<message xmlns='urn:x'/>"), "urn:x", Rules::Rfc7622);
    assert_eq!(foreign.unwrap_err().fault, StanzaFault::NotAStanza);
}

#[test]
fn answers_are_addressed_back() {
    let get = iq("<iq from='a@h/r' to='h' id='x&lt;1' type='get'><q xmlns='u'/></iq>");
    let answer = written(|writer| {
        let mut answer = get.write_result(writer).unwrap();
        answer.child("q", "u").unwrap();
    });
    assert_eq!(answer, "<iq to='a@h/r' from='h' id='x&lt;1' type='result'><q xmlns='u'/></iq>");
    let built = get.result().start("q", "u").finish().unwrap();
    assert_eq!(built, element(&answer.replace("<iq ", "<iq xmlns='jabber:client' ")));

    let error = StanzaError::new(StanzaCondition::FeatureNotImplemented).text("Not here.");
    let answer = written(|writer| assert!(write_error(get.view(), &error, writer).unwrap()));
    assert_eq!(
        answer,
        "<iq to='a@h/r' from='h' id='x&lt;1' type='error'><error type='cancel'>\
         <feature-not-implemented xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Not here.</text></error></iq>"
    );
    let answer = iq(&answer);
    assert_eq!((answer.kind(), answer.error()), (IqType::Error, Some(error)));
    assert!(answer.payload().is_none());
}

#[test]
fn what_is_no_address_is_not_said_again() {
    let refused = client("<message from='a@h' to='@h' id='1'/>").unwrap_err();
    let Due::Stanza(error) = refused.due() else { panic!("an error stanza is due") };
    let answer = written(|writer| assert!(write_error(refused.element.view(), &error, writer).unwrap()));
    assert!(
        answer.starts_with("<message to='a@h' id='1' type='error'><error type='modify'><jid-malformed"),
        "{answer}"
    );
}

#[test]
fn errors_and_results_are_not_answered() {
    let error = StanzaError::new(StanzaCondition::BadRequest);
    for text in ["<iq type='result' id='1'/>", "<message type='error'/>", "<presence type='error'/>"] {
        let stanza = client(text).unwrap();
        let answer = written(|writer| assert!(!write_error(stanza.view(), &error, writer).unwrap()));
        assert_eq!(answer, "");
    }
    assert!(client("<message type='error'/>").unwrap().is_error());
}

/// RFC 6120 §8.3.2 to §8.3.4.
#[test]
fn errors_are_read_and_written() {
    let stanza = element(
        "<message xmlns='jabber:client' type='error'><body>x</body><error by='example.net' type='cancel'>\
         <gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>xmpp:romeo@afterlife.example.net</gone>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>Some special application diagnostic information!</text>\
         <special-application-condition xmlns='application-ns'/></error></message>",
    );
    let error = StanzaError::read(stanza.view()).unwrap();
    assert_eq!(
        (error.condition(), error.kind(), error.by()),
        (StanzaCondition::Gone, ErrorType::Cancel, Some("example.net"))
    );
    assert_eq!(error.address(), Some("xmpp:romeo@afterlife.example.net"));
    assert_eq!(error.words(), Some("Some special application diagnostic information!"));
    assert!(error.application_condition().unwrap().is("special-application-condition", "application-ns"));
    let again = written(|writer| {
        let mut message = writer.element("message", ns::CLIENT).unwrap();
        error.write(&mut message).unwrap();
    });
    let again = again.replacen("<message", "<message xmlns='jabber:client'", 1);
    assert_eq!(StanzaError::read(element(&again).view()), Some(error));
}

#[test]
fn every_condition_goes_both_ways() {
    assert_eq!(StanzaCondition::ALL.len(), 22);
    for condition in StanzaCondition::ALL {
        assert_eq!(StanzaCondition::read(condition.as_str()), Some(*condition));
        for kind in ErrorType::ALL {
            let error = StanzaError::new(*condition).kind_is(*kind).text_in("de", "so\u{1}nicht");
            let text = written(|writer| error.write(&mut writer.element("iq", ns::CLIENT).unwrap()).unwrap());
            let read =
                StanzaError::read(element(&text.replacen("<iq", "<iq xmlns='jabber:client'", 1)).view()).unwrap();
            assert_eq!((read.condition(), read.kind(), read.words()), (*condition, *kind, Some("so\u{fffd}nicht")));
        }
    }
}

#[test]
fn errors_of_careless_peers_are_read_as_far_as_they_go() {
    let read = |inner: &str| {
        let text = alloc::format!("<iq xmlns='jabber:client' type='error' id='1'>{inner}</iq>");
        StanzaError::read(element(&text).view())
    };
    assert_eq!(read(""), None);
    assert_eq!(read("<error/>"), Some(StanzaError::new(StanzaCondition::UndefinedCondition)));
    let wait =
        read("<error type='wait'><payment-required xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>").unwrap();
    assert_eq!((wait.condition(), wait.kind()), (StanzaCondition::UndefinedCondition, ErrorType::Wait));
    let auth =
        read("<error type='x' code='403'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>").unwrap();
    assert_eq!((auth.condition(), auth.kind()), (StanzaCondition::Forbidden, ErrorType::Auth));
}

#[test]
fn stanzas_of_our_own() {
    let to = crate::Jid::parse("juliet@example.com/balcony").unwrap();
    let message =
        Message::build(ns::CLIENT, MessageType::Chat, Some(to.as_ref())).own("body").text("Hi").finish().unwrap();
    assert_eq!(
        message,
        element("<message xmlns='jabber:client' to='juliet@example.com/balcony' type='chat'><body>Hi</body></message>")
    );
    let presence = Presence::build(ns::CLIENT, PresenceType::Available, None).finish().unwrap();
    assert_eq!(presence, element("<presence xmlns='jabber:client'/>"));
    let ping = Iq::build(ns::CLIENT, IqType::Get, "1", None).start("ping", ns::PING).finish().unwrap();
    assert!(matches!(Stanza::read(ping, ns::CLIENT, Rules::Rfc7622), Ok(Stanza::Iq(iq)) if iq.kind().is_request()));
}
