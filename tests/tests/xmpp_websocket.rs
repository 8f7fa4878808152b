//! XMPP in a WebSocket (RFC 7395): the server's session in its layer under the laws of machines, and our client against it over any cuts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use wirestate_layers::WebSocket;
use wirestate_layers::websocket::{Config, Ended, Request};
use wirestate_machine::{Instant, Machine, Misuse};
use wirestate_testing::{Broken, Heap, Pair, Sample, Subject, laws};
use wirestate_tests::talk::Application;
use wirestate_tests::xmpp::{Desk, PASSWORD, PLAIN, auth, bind};
use xmpp_proto::client::{self, Account, Client, TlsPolicy};
use xmpp_proto::server::{Event, Server};
use xmpp_proto::stream::{Framing, OtherUri};
use xmpp_proto::xml::{Element, MESSAGE_END};

#[global_allocator]
static HEAP: Heap = Heap;

const OPEN: &str = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='im.example' version='1.0'/>";
const CLOSE: &str = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";

/// A session at the desk.
#[derive(Clone)]
struct InWebSocket(Desk);

impl InWebSocket {
    fn new() -> Self {
        InWebSocket(Desk::with(|config| config.framing = Framing::WebSocket))
    }
}

impl Subject for InWebSocket {
    type Machine = WebSocket<Server, Ended>;

    fn machine(&self, now: Instant) -> Self::Machine {
        WebSocket::server(self.0.machine(now), Ended::by(MESSAGE_END), Arc::new(Config::xmpp()))
    }

    fn react(&mut self, server: &mut Self::Machine, event: Event, now: Instant) {
        self.0.react(server, event, now);
    }

    fn meddle(&mut self, server: &mut Self::Machine, choice: u64, now: Instant) {
        self.0.meddle(server, choice, now);
    }

    fn limit(&self) -> usize {
        self.0.limit() + 512 * 1024
    }
}

fn session(messages: &[&str]) -> Sample {
    let mut bytes = b"GET / HTTP/1.1\r\nHost: im.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n"
        .to_vec();
    bytes.extend(messages.iter().flat_map(|message| frame(0x81, message.as_bytes())));
    Sample::from(&bytes[..])
}

/// A client's frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    let length = u16::try_from(payload.len()).unwrap();
    let mut frame = if length < 126 { vec![first, 0x80 | length as u8] } else { vec![first, 0x80 | 126] };
    if length >= 126 {
        frame.extend(length.to_be_bytes());
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

#[test]
fn all_laws_hold_in_a_websocket() -> Result<(), Broken> {
    let (login, bind) = (auth(PLAIN), bind("b").replace("<iq", "<iq xmlns='jabber:client'"));
    let long = format!("<message xmlns='jabber:client'><body>{}</body></message>", "ä".repeat(10_000));
    let start = [OPEN, &login, OPEN, &bind];
    let with = |more: &[&str]| session(&[&start, more].concat());
    laws::all(
        &InWebSocket::new(),
        &[
            with(&["<message xmlns='jabber:client'><body>1</body></message>", " ", &long, CLOSE, "ignored"]),
            with(&["<presence xmlns='jabber:client'/><presence xmlns='jabber:client'/>", "<not-read/>"]),
            with(&["<message xmlns='jabber:client'>", "</message>"]),
            session(&[OPEN, &long, "<not-read/>"]),
            session(&["<?xml version='1.0'?>", OPEN]),
            session(&["<stream:stream xmlns:stream='http://etherx.jabber.org/streams'>"]),
            session(&[OPEN, "a\0b"]),
        ],
    )
}

#[derive(Debug, Default)]
struct Heard {
    texts: Vec<String>,
    elsewhere: Option<OtherUri>,
    closed: bool,
}

fn hear(heard: &mut Heard, client: &mut Client, event: client::Event) {
    match event {
        client::Event::Work { ticket, derivation } => client.derived(ticket, derivation.run()).unwrap(),
        client::Event::Ready(_) => {
            for text in ["one", &"word ".repeat(5000), "three"] {
                let message = format!("<message xmlns='jabber:client'><body>{text}</body></message>");
                client.send(message.parse::<Element>().unwrap()).unwrap();
            }
        }
        client::Event::Stanza(stanza) => {
            let text = stanza.element().child("body", "jabber:client").map(|body| body.text().into_owned());
            heard.texts.extend(text);
            if heard.texts.len() == 3 {
                client.close().unwrap();
            }
        }
        client::Event::SeeOtherUri(uri) => heard.elsewhere = Some(uri),
        client::Event::Closed(_) => heard.closed = true,
        _ => {}
    }
}

fn juliet(seed: u64) -> WebSocket<Client, Ended> {
    let config = client::Config::default().tls(TlsPolicy::Never).framing(Framing::WebSocket).cleartext(true);
    let account = Account::user("juliet@im.example/balcony", PASSWORD).unwrap();
    let client = Client::new(config.into(), account, [8; 32], Instant::START);
    let request = Request::xmpp("im.example", "/xmpp-websocket", [seed as u8; 32]).unwrap();
    WebSocket::client(client, Ended::by(MESSAGE_END), request)
}

#[test]
fn a_pair_talks_in_messages_over_any_cuts() -> Result<(), Broken> {
    for seed in 1..10 {
        let mut client = juliet(seed);
        client.poll(Instant::START).unwrap();
        let subject = InWebSocket::new();
        let server = subject.machine(Instant::START);
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (ears, mut desk) = (heard.clone(), subject.0);
        let mut pair = Pair::new(client, server)
            .on_client(move |client, event, _| hear(&mut ears.lock().unwrap(), client, event))
            .on_server(move |server, event, _| desk.answer(server, event).unwrap())
            .with_cuts(seed, 1 << (seed + 2))
            .with_latency(Duration::from_millis(20));
        pair.run_to_end(Duration::from_secs(60))?;
        let heard = heard.lock().unwrap();
        assert_eq!(heard.texts, ["one", &"word ".repeat(5000), "three"]);
        assert!(heard.closed);
        assert_eq!((&pair.client.error, &pair.server.error), (&None, &None));
        assert_eq!(pair.client.machine.handshake().and_then(|facts| facts.protocol()), Some("xmpp"));
        assert_eq!(pair.client.machine.peer_close().and_then(|close| close.code), Some(1000));
    }
    Ok(())
}

#[test]
fn a_client_is_told_where_to_go_on() -> Result<(), Broken> {
    let uri = OtherUri::parse("wss://other.example/xmpp?a&b").unwrap();
    let (subject, heard) = (InWebSocket::new(), Arc::new(Mutex::new(Heard::default())));
    let server = subject.machine(Instant::START);
    let (ears, mut desk, told) = (heard.clone(), subject.0, uri.clone());
    let mut pair = Pair::new(juliet(1), server)
        .on_client(move |client, event, _| hear(&mut ears.lock().unwrap(), client, event))
        .on_server(move |server, event, _| match event {
            Event::Stanza(_) if server.end_elsewhere(&told).is_err() => {
                assert_eq!(server.end_elsewhere(&told), Err(Misuse::Closed), "it is told once");
            }
            Event::Stanza(_) => {}
            event => desk.answer(server, event).unwrap(),
        });
    pair.run_to_end(Duration::from_secs(60))?;
    let heard = heard.lock().unwrap();
    assert_eq!((&heard.elsewhere, heard.closed), (&Some(uri.clone()), true));
    assert_eq!((&pair.client.error, &pair.server.error), (&None, &None));

    let mut over_tcp = Desk::default().machine(Instant::START);
    assert_eq!(over_tcp.end_elsewhere(&uri), Err(Misuse::WrongState));
    Ok(())
}
