//! The laws of sans-IO machines for the XMPP client, on a corpus of good and of hostile servers, and on random ones.

use std::sync::Arc;

use proptest::prelude::*;
use wirestate_machine::{Instant, Machine};
use wirestate_testing::{Heap, Sample, Subject, cuts, laws, sessions};
use wirestate_tests::xmpp_client::{Talker, clear};
use xmpp_proto::client::{Account, Client, Config, Event, LegacyLogin, Name, State, TlsPolicy};

#[global_allocator]
static HEAP: Heap = Heap;

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='h.example' id='s1' version='1.0'>";
const SASL2: &str = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>\
    <authentication xmlns='urn:xmpp:sasl:2'><mechanism>PLAIN</mechanism><inline><sm xmlns='urn:xmpp:sm:3'/><bind xmlns='urn:xmpp:bind:0'>\
    <inline><feature var='urn:xmpp:sm:3'/></inline></bind><fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-NONE</mechanism></fast></inline>\
    </authentication></stream:features>";
const BOUND: &str = "<success xmlns='urn:xmpp:sasl:2'><authorization-identifier>ann@h.example/r</authorization-identifier>\
    <bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3' id='m' resume='true'/></bound>\
    <token xmlns='urn:xmpp:fast:0' token='t'/></success><stream:features><sm xmlns='urn:xmpp:sm:3'/><csi xmlns='urn:xmpp:csi:0'/></stream:features>";
const CHAT: &str = "<message from='bob@h.example/x' id='x'><body>Hi &amp; hello</body></message> <r xmlns='urn:xmpp:sm:3'/>\
    <iq type='result' id='roster'/><iq type='get' id='p' from='h.example'><ping xmlns='urn:xmpp:ping'/></iq><a xmlns='urn:xmpp:sm:3' h='1'/>\
    <presence from='eve@h.example/x'><show>xa</show></presence><iq type='get' id='same'/><iq type='error' id='same'><error/></iq>";
const SASL: &str = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>\
    <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";

const BIND: &str =
    "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/></stream:features>";

fn corpus() -> Vec<Sample> {
    let before = format!("{HEADER}{SASL}{HEADER}{BIND}");
    let (_, id) = after(&Talker::default(), &before);
    let conflict = format!(
        "{before}<message/><iq type='error' id='{id}'><error type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    );
    let (_, id) = after(&Talker::default(), &conflict);
    let ready = format!("{HEADER}{SASL2}{BOUND}");
    [
        format!("{ready}{CHAT}<message id='quit'/></stream:stream>"),
        format!("{conflict}<iq type='result' id='{id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>ann@h.example/z</jid></bind></iq>\
                 <enabled xmlns='urn:xmpp:sm:3' id='m' resume='1'/>{CHAT}"),
        format!("{ready}{CHAT}<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>[::1]:5</see-other-host></stream:error></stream:stream>"),
        format!("{ready}<a xmlns='urn:xmpp:sm:3' h='4294967295'/>"),
        format!("{ready}<message><a><b></a></b></message>"),
        format!("{ready}<message><body><![CDATA[<x>]]></body></message><message>{}</message>", "<x/>".repeat(300)),
        format!("{HEADER}<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism></mechanisms></stream:features>\
                 <challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>cj1h</challenge><failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>"),
        format!("{HEADER}{}", "<a>".repeat(100)),
        "HTTP/1.1 400 Bad Request\r\n\r\n".into(),
        format!("{ready}<failed xmlns='urn:xmpp:sm:3'/>"),
    ]
    .iter()
    .map(|text| Sample::from(text.as_str()))
    .collect()
}

/// What a client has told, and the id of the question that it asked last, after a server said this.
fn after(talker: &Talker, said: &str) -> (Vec<String>, String) {
    let mut talker = talker.clone();
    let mut client = talker.client(Instant::START);
    client.inbox().push(said.as_bytes());
    let mut told = Vec::new();
    while let Ok(Some(event)) = client.poll(Instant::START) {
        told.push(format!("{event:?}"));
        talker.answer(&mut client, event);
    }
    let sent = String::from_utf8(client.outbox().to_vec()).unwrap();
    let id = sent.rsplit(" id='").next().unwrap_or_default().split('\'').next().unwrap_or_default().to_owned();
    (told, id)
}

#[test]
fn the_samples_lead_where_they_are_meant_to() {
    let (told, _) = after(&Talker::default(), &format!("{HEADER}{SASL2}{BOUND}{CHAT}"));
    for wanted in ["Token", "Managed", "Ready", "Response", "Filtered", "Stanza", "Features"] {
        assert!(told.iter().any(|event| event.starts_with(wanted)), "{wanted} is not among {told:?}");
    }
}

#[test]
fn all_laws_hold() -> Result<(), wirestate_testing::Broken> {
    laws::all(&Talker::default(), &corpus()[..3])
}

/// A session without requests, filters or stanzas that wait; the address and the features are in it, and the management of the stream where it has one.
#[test]
fn an_idle_session_is_small() -> Result<(), wirestate_testing::Broken> {
    let bound = format!("{HEADER}{SASL2}{BOUND}").replace("<token xmlns='urn:xmpp:fast:0' token='t'/>", "");
    let unmanaged = bound.replace("<enabled xmlns='urn:xmpp:sm:3' id='m' resume='true'/>", "");
    let chat = format!("{bound}{}", "<message from='bob@h.example/x'><body>Hi</body></message>".repeat(20));
    for said in [bound, unmanaged, chat] {
        let cost = laws::idle(&Quiet(Arc::new(Talker::default())), &said.as_str().into())?;
        assert!(cost <= 1024, "{cost} bytes, {} of them the machine", size_of::<Client>());
    }
    Ok(())
}

/// Hears, and says nothing.
#[derive(Clone)]
struct Quiet(Arc<Talker>);

impl Subject for Quiet {
    type Machine = Client;

    fn machine(&self, now: Instant) -> Client {
        Client::new(self.0.config.clone(), self.0.account.clone(), [8; 32], now)
    }

    fn react(&mut self, client: &mut Client, event: Event, _now: Instant) {
        if let Event::Ready(_) = event {
            assert!(client.state() == State::Ready);
        }
    }

    fn limit(&self) -> usize {
        512 * 1024
    }
}

#[test]
fn all_laws_hold_with_hostile_servers() -> Result<(), wirestate_testing::Broken> {
    laws::all(&Talker::new(clear().tells_sent(true)), &corpus()[6..])
}

#[test]
fn all_laws_hold_around_starttls() -> Result<(), wirestate_testing::Broken> {
    let offer = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features><proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    let clear = format!("{HEADER}{offer}");
    let sealed = format!("{HEADER}{SASL2}{BOUND}{CHAT}");
    laws::all(&Talker::new(Config::default()), &[Sample::from(clear.as_str()).then(sealed.as_bytes())])
}

#[test]
fn all_laws_hold_around_direct_tls() -> Result<(), wirestate_testing::Broken> {
    let sealed = format!("{HEADER}{SASL2}{BOUND}{CHAT}");
    laws::all(&Talker::new(Config::default().tls(TlsPolicy::Implicit)), &[Sample::new().then(sealed.as_bytes())])
}

#[test]
fn all_laws_hold_for_logins_of_old() -> Result<(), wirestate_testing::Broken> {
    let login = LegacyLogin { is_plaintext_allowed: true, asks_fields: false };
    let old = Talker::of(clear(), Account::legacy("ann@h.example/r", "pencil", login).unwrap());
    let header = HEADER.replace(" version='1.0'>", ">");
    let (_, id) = after(&old, &header);
    let session = format!("{header}<iq type='result' id='{id}'/>{CHAT}");
    assert!(after(&old, &session).0.iter().any(|event| event.starts_with("Ready")));
    laws::all(&old, &[Sample::from(session.as_str())])?;
    let component = Talker::of(clear(), Account::component("c.h.example", "secret").unwrap());
    let header = HEADER.replace("jabber:client", "jabber:component:accept");
    let chat = "<message from='bob@h.example/x' to='c.h.example'><body>Hi</body></message><message id='quit'/></stream:stream>";
    laws::all(&component, &[Sample::from(format!("{header}<handshake/>{chat}").as_str())])
}

#[test]
fn all_laws_hold_for_routers_and_servers() -> Result<(), wirestate_testing::Broken> {
    let router = Talker::of(clear(), Account::router("echo.example", Name::default(), "jabberd", "secret").unwrap());
    let header = HEADER.replace("jabber:client", "http://jabberd.jabberstudio.org/ns/component/1.0");
    let routed = "<bind/><presence from='sm.example'/><route to='echo.example' from='sm.example'><message xmlns='jabber:client'/></route>\
        <route error='404'/><throttle/><unbind error='400'/></stream:stream>";
    let session = format!("{header}{SASL}{header}<stream:features/>{routed}");
    assert!(after(&router, &session).0.iter().any(|event| event.starts_with("Routed")));
    laws::all(&router, &[Sample::from(session.as_str())])?;

    let server = Talker::of(clear(), Account::server("a.example", "b.example", false, Some("secret")).unwrap());
    let header =
        HEADER.replace("jabber:client", "jabber:server").replace(" id=", " xmlns:db='jabber:server:dialback' id=");
    let session = format!(
        "{header}<stream:features><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>\
         <db:result from='b.example' to='a.example' type='valid'/><message from='x@b.example' to='y@a.example'/></stream:stream>"
    );
    assert!(after(&server, &session).0.iter().any(|event| event.starts_with("Ready")));
    laws::all(&server, &[Sample::from(session.as_str())])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_never_matter(session in sessions(&corpus()), cuts in cuts()) {
        laws::cut_invariant(&Talker::default(), &session, &cuts)?;
    }

    #[test]
    fn no_order_of_calls_breaks_it(session in sessions(&corpus()), seed: u64) {
        laws::total(&Talker::default(), &session, seed)?;
        laws::alive(&Talker::default(), &session)?;
    }
}
