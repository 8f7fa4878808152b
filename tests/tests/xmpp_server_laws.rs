//! The laws of sans-IO machines for the XMPP server, on a corpus of good and of hostile sessions, and on random ones.

use std::time::Duration;

use proptest::prelude::*;
use wirestate_machine::{Machine, Relay};
use wirestate_testing::{Heap, Sample, cuts, laws, sessions};
use wirestate_tests::xmpp::{Desk, HEADER, PLAIN, Talk, WRONG, auth, bind, login, message, starttls_config};
use xmpp_proto::server::{Event, FromRule, Tls};
use xmpp_proto::stream::Packet;
use xmpp_proto::xml::Stamp;

#[global_allocator]
static HEAP: Heap = Heap;

fn sasl2(message: &str, inline: &str) -> String {
    format!(
        "{HEADER}\n<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>{message}</initial-response>\
         <user-agent id='d4565fa7-4d72-4749-b3d3-740edbf87770'><software>A</software></user-agent>{inline}</authenticate>\n"
    )
}

fn corpus() -> Vec<Sample> {
    let login = login();
    let enable = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>\n";
    [
        format!(
            "{login}\n<presence/>\n<message to='a@b'><body>1</body></message>\n <iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>\n\
             <iq type='get'/>\n<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>\n</stream:stream>"
        ),
        format!(
            "{login}\n{enable}<message/>\n<r xmlns='urn:xmpp:sm:3'/>\n<a xmlns='urn:xmpp:sm:3' h='1'/>\n<message to='@'/>\n\
             <inactive xmlns='urn:xmpp:csi:0'/>\n<active xmlns='urn:xmpp:csi:0'/>\n<a xmlns='urn:xmpp:sm:3' h='99'/>\n"
        ),
        format!(
            "{HEADER}\n{}\n<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>\n<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>biwsbj1qdWxpZXQscj1h</auth>\n\
             <response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>Zm9v</response>\n",
            auth("!!!!")
        ),
        sasl2(PLAIN, "<bind xmlns='urn:xmpp:bind:0'><tag>A</tag><enable xmlns='urn:xmpp:sm:3' resume='1'/><enable xmlns='urn:xmpp:carbons:2'/></bind><request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/>")
            + "<message><body>2</body></message>\n",
        sasl2(PLAIN, "<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>") + &bind("x"),
        format!(
            "{HEADER}\n<iq type='get' id='1'><query xmlns='jabber:iq:auth'><username>juliet</username></query></iq>\n\
             <iq type='set' id='2'><query xmlns='jabber:iq:auth'><username>juliet</username><password>pencil</password><resource>r</resource></query></iq>\n\
             <message from='juliet@im.example'/>\n<message from='romeo@im.example'/>\n"
        ),
        format!("{HEADER}\n{}{HEADER}\n<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>\n{}\n{}\n<foo/>", auth(PLAIN), bind("taken"), bind("made")),
        "<stream:stream to='nowhere.example' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>\n".into(),
        "POST / HTTP/1.1\r\nHost: x\r\n\r\n".into(),
        format!("{login}\n<message><body>&bad;</body></message>\n"),
        format!("{login}\n{}{}\n", "<a>".repeat(60), "</a>".repeat(60)),
    ]
    .iter()
    .map(|text| Sample::from(text.as_str()))
    .chain([Sample::from(format!("{HEADER}{}", auth(WRONG)).as_str())
        .wait(Duration::from_secs(3))
        .then(format!("{}\n{HEADER}{}\n", auth(PLAIN), bind("b")).as_bytes())])
    .chain([Sample::from(login.as_str()).wait(Duration::from_secs(301)).then(b" ").wait(Duration::from_secs(400)).end()])
    .chain([Sample::from(&b"\x16\x03\x01\x02\x00\x01\x00"[..])])
    .collect()
}

#[test]
fn all_laws_hold() -> Result<(), wirestate_testing::Broken> {
    laws::all(&Desk::default(), &corpus())
}

#[test]
fn all_laws_hold_around_starttls() -> Result<(), wirestate_testing::Broken> {
    let before = format!("{HEADER}\n<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\n");
    let sample = Sample::from(before.trim_end()).then(format!("{}\n<message/>\n", login()).as_bytes());
    laws::all(&Desk::new(starttls_config()), &[sample])
}

#[test]
fn all_laws_hold_around_implicit_tls_and_compression() -> Result<(), wirestate_testing::Broken> {
    let desk = Desk::with(|config| {
        config.tls = Tls::Implicit;
        config.compression = true;
        config.from = FromRule::Remove;
    });
    let before = format!(
        "{HEADER}\n{}\n{HEADER}\n<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>",
        auth(PLAIN)
    );
    let after = format!("{HEADER}\n{}<message from='x@y'><body/></message>\n</stream:stream>", bind("b"));
    laws::all(&desk, &[Sample::new().then(before.as_bytes()).then(after.as_bytes())])
}

#[test]
fn all_laws_hold_in_websocket_messages() -> Result<(), wirestate_testing::Broken> {
    let desk = Desk::with(|config| config.framing = xmpp_proto::stream::Framing::WebSocket);
    let open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='im.example' version='1.0'/>";
    let bind = bind("b").replace("<iq", "<iq xmlns='jabber:client'");
    let text = format!(
        "{open}\0\n{}\0{open}\0{bind}\0\0<message xmlns='jabber:client'/>\0<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>\0",
        auth(PLAIN)
    );
    let two = format!("{open}\0{0}{0}\0", auth(PLAIN));
    let half = format!("{open}\0<message xmlns='jabber:client'>\0</message>\0");
    laws::all(&desk, &[text, two, half].map(|text| Sample::from(text.as_str())))
}

#[test]
fn an_idle_session_is_small() -> Result<(), wirestate_testing::Broken> {
    let managed = login() + "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";
    for said in [login(), managed] {
        let cost = laws::idle(&Desk::default(), &said.as_str().into())?;
        assert!(cost <= 1024, "{cost} bytes, {} of them the machine", size_of::<xmpp_proto::server::Server>());
    }
    Ok(())
}

/// A session whose application hands the stanza on costs what the stanza's index, its stamped start tag and the buffers cost; each further receiver
/// at most one allocation.
#[test]
fn stanzas_are_relayed_with_few_allocations() {
    const COUNT: usize = 1000;
    let mut talk = Talk::with(Desk { echo: false, ..Desk::default() });
    talk.say(login());
    let text = format!("<message to='romeo@im.example' type='chat'><body>{}</body></message>", "x".repeat(200));
    let packet = message(&"x".repeat(200));
    let (_, usage) = Heap::measure(|| {
        for _ in 0..COUNT {
            talk.server.relay(&packet);
            talk.server.outbox().clear();
        }
    });
    assert!(usage.allocations <= COUNT as u64, "{usage:?}");
    let from = talk.server.jid().unwrap().to_string();
    let (_, usage) = Heap::measure(|| {
        for _ in 0..COUNT {
            talk.server.inbox().push(text.as_bytes());
            while let Ok(Some(Event::Stanza(stanza))) = talk.server.poll(talk.now) {
                let packet = Packet::stamped(&Stamp::new(stanza.view()).from(&from)).unwrap();
                talk.server.relay(&packet);
            }
            talk.server.outbox().clear();
        }
    });
    assert!(usage.allocations <= 6 * COUNT as u64, "{usage:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_never_matter(session in sessions(&corpus()), cuts in cuts()) {
        laws::cut_invariant(&Desk::default(), &session, &cuts)?;
    }

    #[test]
    fn no_order_of_calls_breaks_it(session in sessions(&corpus()), seed: u64) {
        laws::total(&Desk::default(), &session, seed)?;
        laws::alive(&Desk::default(), &session)?;
    }
}
