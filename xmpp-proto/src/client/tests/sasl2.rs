use super::*;

const OFFER: &str = "<authentication xmlns='urn:xmpp:sasl:2'><mechanism>SCRAM-SHA-256</mechanism><mechanism>PLAIN</mechanism><inline>\
    <sm xmlns='urn:xmpp:sm:3'/><bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:sm:3'/></inline></bind>\
    <fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-NONE</mechanism><mechanism>HT-SHA-256-EXPR</mechanism></fast></inline></authentication>";

fn agent() -> UserAgent {
    UserAgent { id: "d4565fa7-4d72-4749-b3d3-740edbf87770".into(), software: Some("test & co".into()), device: None }
}

fn offered(account: Account, before: Continuation) -> Talk {
    let mut talk = Talk::resuming(Config::default().tls(TlsPolicy::Implicit), account, before);
    let mut facts = TlsFacts::new();
    facts.exporter = Some([5; 32]);
    talk.secured(facts);
    assert!(talk.said().contains(" from='ann@h.example'"));
    talk.hears(HEADER).hears(&features(&format!("{OFFER}{}", mechanisms(&["PLAIN", "SCRAM-SHA-256"]))));
    talk
}

fn logged_in(inside: &str) -> Talk {
    let mut talk = offered(ann().agent(agent()), Continuation::default());
    let said = talk.said();
    let mut scram = Scram::new(Mechanism::SCRAM_SHA_256, None);
    let first = said.split("<initial-response>").nth(1).unwrap().split('<').next().unwrap();
    let challenge = scram.answer(&format!("<r>{first}</r>"));
    talk.hears(&format!("<challenge xmlns='urn:xmpp:sasl:2'>{challenge}</challenge>")).works();
    let response = talk.said();
    assert!(response.starts_with("<response xmlns='urn:xmpp:sasl:2'>"));
    let data = scram.answer(&response);
    talk.events.clear();
    talk.hears(&format!(
        "<success xmlns='urn:xmpp:sasl:2'><additional-data>{data}</additional-data>\
         <authorization-identifier>ann@h.example/r.x1</authorization-identifier>{inside}</success>"
    ));
    talk
}

#[test]
fn one_request_asks_for_all() {
    let mut talk = offered(ann().agent(agent()), Continuation::default());
    let said = talk.said();
    let (before, after) = said.split_once("<initial-response>").unwrap();
    assert_eq!(before, "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-256'>");
    assert!(
        after.ends_with(
            "</initial-response><user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'><software>test &amp; co</software></user-agent>\
             <bind xmlns='urn:xmpp:bind:0'><enable xmlns='urn:xmpp:sm:3' resume='true'/></bind>\
             <request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-EXPR'/></authenticate>"
        ),
        "{said}"
    );
}

#[test]
fn bound_managed_and_with_a_token_after_one_success() {
    let mut talk = logged_in(
        "<bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3' id='sm2' resume='true'/></bound>\
         <token xmlns='urn:xmpp:fast:0' token='s3cr3t' expiry='2030-01-01T00:00:00Z'/>",
    );
    assert_eq!(talk.client.jid().map(Jid::as_str), Some("ann@h.example/r.x1"));
    let token = talk.events.iter().find_map(|event| match event {
        Event::Token(token) => Some((**token).clone()),
        _ => None,
    });
    assert_eq!(talk.told(), ["Authenticated", "Token", "Bound", "Managed", "Ready"]);
    assert_eq!(talk.said(), "", "the stream does not begin anew");
    let token = token.unwrap();
    assert_eq!((token.mechanism.as_str(), token.token.as_str()), ("HT-SHA-256-EXPR", "s3cr3t"));
    assert!(!format!("{token:?}").contains("s3cr3t"));
    talk.hears(&features(&format!("{SM}<csi xmlns='urn:xmpp:csi:0'/>")));
    assert_eq!(talk.told(), ["Features"]);
    assert!(talk.client.set_active(false).is_ok());

    // The next connection: the token, and the stream of before.
    talk.client.send(element("<message id='m1'/>")).unwrap();
    talk.poll().gone();
    let mut talk = offered(ann().agent(agent()), talk.client.continuation());
    let said = talk.said();
    assert!(said.contains("mechanism='HT-SHA-256-EXPR'") && said.contains("<fast xmlns='urn:xmpp:fast:0'/>"), "{said}");
    assert!(said.contains("<resume xmlns='urn:xmpp:sm:3' h='0' previd='sm2'/>"), "{said}");
    // A token that is too old: the password does it.
    talk.hears(
        "<failure xmlns='urn:xmpp:sasl:2'><credentials-expired xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>",
    );
    assert!(talk.said().contains("mechanism='SCRAM-SHA-256'"));
}

#[test]
fn a_stream_is_resumed_within_the_login() {
    let mut before = Continuation::default();
    let stream = crate::stream::management::Snapshot {
        handled: 4,
        acknowledged: 1,
        unacknowledged: [element("<message id='m2'/>"), element("<message id='m3'/>")].into(),
    };
    before.resumption = Some(Resumption::new("old", Jid::parse("ann@h.example/r").unwrap(), stream));
    let token = FastToken { token: "t".into(), mechanism: "HT-SHA-256-EXPR".into(), expiry: None };
    let mut talk = offered(ann().agent(agent()).token(token), before);
    talk.said();
    talk.events.clear();
    // The server proves that it knows the token, too.
    let proof = wirestate_proof("t", [5; 32]);
    talk.hears(&format!(
        "<success xmlns='urn:xmpp:sasl:2'><additional-data>{proof}</additional-data>\
         <authorization-identifier>ann@h.example/r</authorization-identifier><resumed xmlns='urn:xmpp:sm:3' h='2' previd='old'/></success>"
    ));
    assert!(talk.outcome.is_ok(), "{:?}", talk.outcome);
    assert_eq!(talk.told(), ["Authenticated", "Resumed", "Ready"]);
    assert!(talk.said().starts_with("<message xmlns='jabber:client' id='m3'/>"));
}

/// `HMAC(token, "Responder" || binding)`, in base64.
fn wirestate_proof(token: &str, binding: [u8; 32]) -> String {
    use sha2::Sha256;
    use sha2::digest::{KeyInit, Mac};
    let mut hmac = hmac::Hmac::<Sha256>::new_from_slice(token.as_bytes()).unwrap();
    hmac.update(b"Responder");
    hmac.update(&binding);
    base64::encode(&hmac.finalize().into_bytes())
}

#[test]
fn without_bind_2_the_resource_is_bound_in_the_old_way() {
    let mut talk = logged_in("");
    assert_eq!(talk.client.state(), State::Binding);
    talk.hears(&features(BIND));
    assert!(talk.said().contains("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"));
}

#[test]
fn more_steps_than_are_known_end_the_login() {
    let mut talk = offered(ann(), Continuation::default());
    talk.said();
    talk.hears("<continue xmlns='urn:xmpp:sasl:2'><tasks><task>HOTP-EXAMPLE</task></tasks></continue>");
    assert_eq!(talk.said(), "<abort xmlns='urn:xmpp:sasl:2'/></stream:stream>");
}

#[test]
fn success_without_proof_is_a_violation() {
    let mut talk = offered(ann(), Continuation::default());
    talk.hears("<success xmlns='urn:xmpp:sasl:2'><authorization-identifier>ann@h.example/r</authorization-identifier></success>");
    assert!(matches!(talk.violation(), Violation::Sasl(_)));
    assert!(talk.client.jid().is_none());
}

#[test]
fn it_can_be_switched_off() {
    let mut talk = Talk::new(Config::default().tls(TlsPolicy::Implicit).sasl2(false), ann());
    talk.secured(TlsFacts::new());
    talk.hears(HEADER).hears(&features(&format!("{OFFER}{}", mechanisms(&["SCRAM-SHA-256"]))));
    assert!(talk.said().contains("<auth "));
}

#[test]
fn what_can_be_foreseen_is_not_waited_for() {
    let quick = || Config::default().quickstart(true);
    let mut talk = Talk::new(quick(), ann());
    assert!(talk.said().ends_with("><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"));
    talk.hears(&format!("{HEADER}{STARTTLS}{PROCEED}")).secured(TlsFacts::new());
    assert_eq!(talk.client.state(), State::Opening);
    assert!(!talk.said().contains("<auth"), "nothing is known of this server");
    talk.hears(HEADER).hears(&features(OFFER));
    assert!(talk.said().contains("<authenticate "));

    let mut talk = Talk::resuming(quick(), ann(), talk.client.continuation());
    talk.hears(&format!("{HEADER}{STARTTLS}{PROCEED}"));
    talk.said();
    talk.secured(TlsFacts::new());
    let said = talk.said();
    assert!(said.starts_with("<?xml") && said.contains("<authenticate "), "{said}");
    talk.hears(&format!("{HEADER}{}", features(OFFER)));
    assert_eq!((talk.client.state(), talk.said().as_str()), (State::Authenticating, ""));
}

#[test]
fn a_stripped_starttls_shows_nothing_to_who_is_quick() {
    let mut talk = Talk::new(Config::default().quickstart(true), ann());
    talk.said();
    talk.hears(HEADER).hears(&features(&mechanisms(&["PLAIN"])));
    assert_eq!(talk.said(), "</stream:stream>");
    let mut talk = Talk::new(Config::default().quickstart(true), ann());
    talk.said();
    talk.hears(&format!("{HEADER}<stream:features/>{PROCEED}"));
    assert!(talk.outcome.is_ok() && talk.client.upgrade().is_none(), "what answers is too late");
}
