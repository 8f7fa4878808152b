//! What is said while a stream is negotiated: read, and written as it was.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use wirestate_sasl::Secret;

use super::bind2::Bind2;
use super::compression::{Compression, CompressionFailure};
use super::csi::ClientState;
use super::dialback::{Content, Dialback};
use super::fast::{ByToken, Token};
use super::iq_auth::{Fields, IqAuth, Proof};
use super::sasl::{Failure, Sasl, SaslCondition};
use super::sasl2::{Sasl2, Sasl2Error};
use super::sm::{Enabled, Failed, Sm};
use super::starttls::Starttls;
use super::{DataError, Malformed, bind, bind2, component, fast};
use crate::ns;
use crate::stanza::StanzaCondition;
use crate::xml::{Element, ElementWriter, Limits, Scope, Writer, XmlError};

fn element(text: &str) -> Element {
    Element::parse(text.to_string().into(), &Scope::SERVER, &Limits::AFTER_LOGIN).unwrap()
}

fn written(write: impl FnOnce(&mut Writer<'_, Vec<u8>>) -> Result<(), XmlError>) -> String {
    let (mut sink, scope) = (Vec::new(), Scope::SERVER);
    write(&mut Writer::new(&mut sink, &scope)).unwrap();
    String::from_utf8(sink).unwrap()
}

fn within(write: impl FnOnce(&mut ElementWriter<'_, Vec<u8>>) -> Result<(), XmlError>) -> Element {
    element(&written(|writer| write(&mut writer.element("iq", ns::CLIENT)?)))
}

fn sasl(text: &str) -> Sasl {
    Sasl::read(element(text).view(), 100).unwrap().unwrap()
}

#[test]
fn sasl_goes_both_ways() {
    for text in [
        "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>",
        "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>",
        "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='DIGEST-MD5'/>",
        "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AGEAYg==</challenge>",
        "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
        "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
        "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AGEAYg==</success>",
        "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
        "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/><text>No.</text></failure>",
    ] {
        assert_eq!(written(|writer| sasl(text).write(writer)), text);
    }
    for condition in SaslCondition::ALL {
        let failure = Sasl::Failure(Failure { condition: *condition, text: None });
        assert_eq!(sasl(&written(|writer| failure.write(writer))), failure);
    }
}

#[test]
fn an_empty_initial_response_is_another_thing_than_none() {
    let initial = |text| match sasl(text) {
        Sasl::Auth { initial, .. } => initial,
        other => panic!("{other:?}"),
    };
    assert_eq!(initial("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='X'/>"), None);
    assert_eq!(initial("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='X'>=</auth>"), Some(Vec::new()));
}

#[test]
fn what_is_no_base64_is_told_by_the_rfcs_name() {
    let read = |data: &str| {
        let text = alloc::format!("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{data}</response>");
        Sasl::read(element(&text).view(), 3).unwrap_err()
    };
    for data in ["!!!!", "A", "AAA", " AAAA", "AA=A"] {
        assert_eq!(read(data), DataError::Encoding, "{data}");
    }
    assert_eq!(read("AAAAAA=="), DataError::TooLong { limit: 3 });
    assert_eq!(SaslCondition::from(DataError::Encoding), SaslCondition::IncorrectEncoding);
}

#[test]
fn debug_shows_no_credentials() {
    let auth = sasl("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>");
    assert_eq!(alloc::format!("{auth:?}"), "Auth(PLAIN, Some(4) octets)");
}

#[test]
fn sasl2_goes_both_ways() {
    let read = |text: &str| Sasl2::read(element(text).view(), 100);
    for text in [
        "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-1'><initial-response>AGEAYg==</initial-response>\
         <user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'><software>A</software><device>B</device></user-agent>\
         <bind xmlns='urn:xmpp:bind:0'><tag>A</tag></bind></authenticate>",
        "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='EXTERNAL'><initial-response/></authenticate>",
        "<challenge xmlns='urn:xmpp:sasl:2'>AGEAYg==</challenge>",
        "<response xmlns='urn:xmpp:sasl:2'/>",
        "<success xmlns='urn:xmpp:sasl:2'><additional-data>AGEAYg==</additional-data>\
         <authorization-identifier>user@example.org/A.1</authorization-identifier><bound xmlns='urn:xmpp:bind:0'/></success>",
        "<failure xmlns='urn:xmpp:sasl:2'><aborted xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/><text>No.</text></failure>",
        "<continue xmlns='urn:xmpp:sasl:2'><additional-data>AGEAYg==</additional-data><tasks><task>HOTP</task></tasks></continue>",
        "<next xmlns='urn:xmpp:sasl:2' task='HOTP'/>",
        "<abort xmlns='urn:xmpp:sasl:2'><text>Enough</text></abort>",
    ] {
        let step = read(text).unwrap().unwrap();
        assert_eq!(written(|writer| step.write(writer)), text);
    }
    let missing = read("<authenticate xmlns='urn:xmpp:sasl:2'/>").unwrap_err();
    assert_eq!(missing, Sasl2Error::Form(Malformed::Missing("mechanism")));
    assert_eq!(SaslCondition::from(missing), SaslCondition::MalformedRequest);
    assert_eq!(read("<more xmlns='urn:xmpp:sasl:2'/>"), Ok(None));
}

#[test]
fn resources_are_bound() {
    let iq = within(|iq| bind::write_request(iq, Some("balcony")));
    assert_eq!(bind::requested(iq.child("bind", ns::BIND).unwrap()).as_deref(), Some("balcony"));
    let iq = within(|iq| bind::write_request(iq, None));
    assert_eq!(bind::requested(iq.child("bind", ns::BIND).unwrap()), None);
    let jid = "juliet@im.example/balcony".parse::<crate::Jid>().unwrap();
    let iq = within(|iq| bind::write_bound(iq, jid.as_ref()));
    assert_eq!(bind::bound(iq.child("bind", ns::BIND).unwrap()), Ok(jid));
    for bad in ["", "<jid/>", "<jid>juliet@im.example</jid>"] {
        let text = alloc::format!("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{bad}</bind>");
        assert!(bind::bound(element(&text).view()).is_err(), "{bad}");
    }
}

#[test]
fn bind2_carries_what_is_to_be_switched_on() {
    let bind = Bind2 {
        tag: Some("AwesomeXMPP".into()),
        inline: [element("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")].to_vec(),
    };
    let iq = within(|iq| bind.write(iq));
    let read = Bind2::read(iq.child("bind", ns::BIND2).unwrap());
    assert_eq!(read, bind);
    assert!(read.inline("enable", ns::SM).is_some() && read.inline("enable", ns::CARBONS).is_none());
    let iq = within(|iq| bind2::write_bound(iq, &bind.inline));
    assert_eq!(bind2::bound(iq.child("bound", ns::BIND2).unwrap()), bind.inline);
}

#[test]
fn tokens_are_asked_for_given_and_used() {
    let iq = within(|iq| fast::write_request(iq, "HT-SHA-256-EXPR"));
    assert_eq!(fast::requested(iq.child("request-token", ns::FAST).unwrap()).as_deref(), Some("HT-SHA-256-EXPR"));
    let token = Token { token: Secret::new("s3cret"), expiry: "2026-11-30T00:00:00Z".into() };
    let iq = within(|iq| token.write(iq));
    let read = Token::read(iq.child("token", ns::FAST).unwrap()).unwrap();
    assert_eq!((read.token.expose(), &read.expiry), ("s3cret", &token.expiry));
    assert!(!alloc::format!("{read:?}").contains("s3cret"));
    let used = ByToken { count: Some(7), invalidate: true };
    let iq = within(|iq| used.write(iq));
    assert_eq!(ByToken::read(iq.child("fast", ns::FAST).unwrap()), Ok(used));
    assert!(ByToken::read(element("<fast xmlns='urn:xmpp:fast:0' count='x'/>").view()).is_err());
}

#[test]
fn stream_management_goes_both_ways() {
    let read = |text: &str| Sm::read(element(text).view());
    for text in [
        "<enable xmlns='urn:xmpp:sm:3' resume='true' max='300'/>",
        "<enabled xmlns='urn:xmpp:sm:3' id='some-id' resume='true' max='300' location='[2001::1]:1'/>",
        "<enabled xmlns='urn:xmpp:sm:3'/>",
        "<r xmlns='urn:xmpp:sm:3'/>",
        "<a xmlns='urn:xmpp:sm:3' h='4294967295'/>",
        "<resume xmlns='urn:xmpp:sm:3' previd='some-id' h='0'/>",
        "<resumed xmlns='urn:xmpp:sm:3' previd='some-id' h='7'/>",
        "<failed xmlns='urn:xmpp:sm:3' h='3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
        "<failed xmlns='urn:xmpp:sm:3'/>",
    ] {
        let sm = read(text).unwrap().unwrap();
        assert_eq!(written(|writer| sm.write(writer)), text);
    }
    assert_eq!(read("<a xmlns='urn:xmpp:sm:3'/>"), Err(Malformed::Missing("h")));
    for h in ["x", "-1", "4294967296", ""] {
        let text = alloc::format!("<a xmlns='urn:xmpp:sm:3' h='{h}'/>");
        assert_eq!(read(&text), Err(Malformed::Value("h")), "{h}");
    }
    assert_eq!(read("<resume xmlns='urn:xmpp:sm:3' h='1'/>"), Err(Malformed::Missing("previd")));
    // What cannot be resumed has no name to resume it by.
    assert_eq!(read("<enabled xmlns='urn:xmpp:sm:3' id='x'/>"), Ok(Some(Sm::Enabled(Enabled::default()))));
    let failed = "<failed xmlns='urn:xmpp:sm:3' h='x'><what xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><a/></failed>";
    assert_eq!(read(failed), Ok(Some(Sm::Failed(Failed::default()))));
    let known = Failed { condition: Some(StanzaCondition::ItemNotFound), h: None };
    assert_eq!(read(&written(|writer| Sm::Failed(known).write(writer))), Ok(Some(Sm::Failed(known))));
}

#[test]
fn small_things_go_both_ways() {
    for step in Starttls::ALL {
        assert_eq!(Starttls::of(element(&written(|writer| step.write(writer))).view()), Some(*step));
    }
    for state in ClientState::ALL {
        assert_eq!(ClientState::of(element(&written(|writer| state.write(writer))).view()), Some(*state));
    }
    let failure = Compression::Failure(CompressionFailure::UnsupportedMethod);
    for step in [Compression::Compress { method: "zlib".into() }, Compression::Compressed, failure] {
        assert_eq!(Compression::read(element(&written(|writer| step.write(writer))).view()), Some(step));
    }
}

/// XEP-0114 §3: the stream's name, then the secret.
#[test]
fn a_component_proves_that_it_knows_the_secret() {
    let secret = Secret::new("test");
    let proof = component::digest("1263952298440005243", &secret);
    assert_eq!(proof, "f93a40074eff95d82ba28718f92ba467680ee6b9");
    assert!(component::fits(&proof.to_uppercase(), "1263952298440005243", &secret));
    assert!(!component::fits(&proof, "1263952298440005244", &secret));
    assert!(!component::fits("", "1263952298440005243", &secret));
    let said = written(|writer| component::write(writer, Some(&proof)));
    assert_eq!(component::read(element(&said).view(), ns::COMPONENT_ACCEPT).as_deref(), Some(&*proof));
}

/// XEP-0078 §3.2, example 3: the stream's name is 3EE948B0, the password Calli0pe.
#[test]
fn logins_before_sasl() {
    let password = Secret::new("Calli0pe");
    let auth = IqAuth {
        username: "bill".into(),
        resource: "globe".into(),
        proof: Proof::Digest("48fc78be9ec8f86d8ce1c39c320c97c21d62334d".into()),
    };
    let iq = within(|iq| auth.write(iq));
    let read = IqAuth::read(iq.child("query", ns::IQ_AUTH).unwrap()).unwrap();
    assert_eq!((&*read.username, &*read.resource), ("bill", "globe"));
    assert!(read.proof.fits("3EE948B0", &password));
    assert!(!read.proof.fits("3EE948B1", &password));
    assert!(Proof::Password(Secret::new("Calli0pe")).fits("x", &password));
    let fields = Fields { password: true, digest: true };
    let iq = within(|iq| fields.write(iq, "bill"));
    assert_eq!(Fields::read(iq.child("query", ns::IQ_AUTH).unwrap()), fields);
    let missing = element("<query xmlns='jabber:iq:auth'><username>bill</username><password>x</password></query>");
    assert_eq!(IqAuth::read(missing.view()).err(), Some(Malformed::Missing("resource")));
}

#[test]
fn dialback_goes_both_ways() {
    for text in [
        "<db:result from='a.example' to='b.example'>1e701f120f66824b57303384e83b51feba858024</db:result>",
        "<db:verify from='b.example' to='a.example' id='417GAF25'>1e701f120f66824b57303384e83b51feba858024</db:verify>",
        "<db:verify from='a.example' to='b.example' id='417GAF25' type='valid'/>",
        "<db:result from='b.example' to='a.example' type='invalid'/>",
    ] {
        let said = Dialback::read(element(text).view()).unwrap().unwrap();
        assert_eq!(written(|writer| said.write(writer)), text);
    }
    let error = "<db:result from='b.example' to='a.example' type='error'><error type='cancel'>\
                 <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>";
    let read = Dialback::read(element(error).view()).unwrap().unwrap();
    assert!(matches!(read.content, Content::Error(error) if error.condition() == StanzaCondition::ItemNotFound));
    for (text, fault) in [
        ("<db:result to='b.example'>1</db:result>", Malformed::Missing("from")),
        ("<db:result from='a@b' to='b.example'>1</db:result>", Malformed::Jid("from")),
        ("<db:result from='b' to='b/c'>1</db:result>", Malformed::Jid("to")),
        ("<db:verify from='a' to='b'>1</db:verify>", Malformed::Missing("id")),
        ("<db:result from='a' to='b' type='x'/>", Malformed::Value("type")),
    ] {
        assert_eq!(Dialback::read(element(text).view()), Err(fault), "{text}");
    }
}
