//! Anything at all as what a server says to an XMPP client that logs in, asks, answers, and has filters. The first octet says by which dialect it speaks,
//! and how far the stream is when the rest comes.
//!
//! No panic; the same events and output however the input is cut; each request ends once; the client is ready only once it has been let in; no password
//! in the clear where that is not allowed; bounded heap; work that grows with the input.

#![no_main]

use std::collections::HashSet;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::bytes::{World, check_in_first, check_secrets, without_tickets};
use wirestate_machine::Instant;
use xmpp_proto::client::{
    Account, Client, Config, Event, Limits, Matcher, Path, RequestId, TlsPolicy, UserAgent, Violation,
};
use xmpp_proto::xml::{self, Element};

const HEAP: isize = 512 * 1024;
/// The password, plain and as PLAIN writes it.
const SECRETS: [&[u8]; 2] = [b"pencil", b"AGFubgBwZW5jaWw"];

fuzz_target!(|input: &[u8]| check_in_first::<Program>(input));

/// A program that asks and answers.
struct Program {
    variant: usize,
    config: Arc<Config>,
    open: HashSet<RequestId>,
    is_let_in: bool,
    is_closed: bool,
}

/// What the server said before.
const OPENINGS: [&[u8]; 4] = [
    b"",
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='h.example' id='1' version='1.0'>",
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='h.example' id='1' version='1.0'>\
      <stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>\
      <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>\
      <stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='h.example' id='2' version='1.0'>",
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='h.example' id='1' version='1.0'>\
      <stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>\
      <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>\
      <stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='h.example' id='2' version='1.0'>\
      <stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/></stream:features>",
];

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.before_login = xml::Limits { bytes: 4096, ..xml::Limits::BEFORE_LOGIN };
    limits.after_login = xml::Limits { bytes: 8192, elements: 256, ..xml::Limits::AFTER_LOGIN };
    (limits.queue, limits.queue_octets, limits.requests) = (16, 8 * 1024, 16);
    (limits.unacknowledged.stanzas, limits.unacknowledged.octets) = (8, 4 * 1024);
    limits
}

fn config(variant: usize) -> Config {
    let tls = match variant >> 2 & 3 {
        // Only what was said in the clear can have come before.
        0 | 1 => TlsPolicy::Never,
        2 if variant % 4 < 2 => TlsPolicy::IfOffered,
        3 if variant % 4 < 2 => TlsPolicy::Required,
        _ => TlsPolicy::Never,
    };
    let cleartext = variant % 4 > 1 || variant & 16 != 0;
    Config::default().tls(tls).cleartext(cleartext).iterations(1..=20).limits(limits())
}

impl Program {
    fn stanza(client: &Client, text: &str) -> Element {
        let (start, rest) = text.split_at(text.find([' ', '/', '>']).expect("a start tag"));
        format!("{start} xmlns='{}'{rest}", client.ns()).parse().expect("a stanza of our own")
    }
}

impl World for Program {
    type Machine = Client;

    fn new(variant: usize) -> Self {
        let config = Arc::new(config(variant));
        Program { variant, config, open: HashSet::new(), is_let_in: false, is_closed: false }
    }

    fn machine(&self) -> Client {
        let agent = UserAgent { id: "d4565fa7-4d72-4749-b3d3-740edbf87770".into(), software: None, device: None };
        let account = Account::user("ann@h.example/r", "pencil").expect("lawful").agent(agent);
        let mut client = Client::new(self.config.clone(), account, [8; 32], Instant::START);
        let texts = Path::parse("//body[text()] | /*[@id='x']", &[]).expect("a lawful path");
        client.filters_mut().add("texts", Matcher::path(texts));
        client
    }

    fn opening(&self) -> &'static [u8] {
        OPENINGS[self.variant % 4]
    }

    fn note(&mut self, event: &Event) -> Option<String> {
        assert!(!self.is_closed, "an event after the last one: {event:?}");
        match event {
            Event::Authenticated(_) => self.is_let_in = true,
            Event::Ready(_) => assert!(self.is_let_in, "ready without a login"),
            Event::Requested(request, _) => assert!(self.open.insert(*request), "a request began twice"),
            Event::Response(request, _) | Event::RequestFailed(request, _) => {
                assert!(self.open.remove(request), "a request ended twice");
            }
            Event::Closed(_) => self.is_closed = true,
            _ => {}
        }
        Some(without_tickets(event))
    }

    fn answer(&mut self, client: &mut Client, event: Event) {
        match event {
            Event::Work { ticket, derivation } => drop(client.derived(ticket, derivation.run())),
            Event::Ready(_) => {
                let roster = "<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>";
                let ping = "<iq type='get' id='x' to='h.example'><ping xmlns='urn:xmpp:ping'/></iq>";
                for request in [roster, ping] {
                    let _ = client.request(Program::stanza(client, request));
                }
                let _ = client.send(Program::stanza(client, "<presence/>"));
                client.flush_queue();
            }
            Event::Stanza(stanza) if stanza.id().as_deref() == Some("quit") => drop(client.close()),
            Event::Stanza(stanza) if stanza.element().name() == "message" => {
                let _ =
                    client.send(Program::stanza(client, "<message to='bob@h.example'><body>hello</body></message>"));
            }
            _ => {}
        }
    }

    fn most_heap(&self) -> isize {
        HEAP
    }

    fn is_early(violation: &Violation) -> bool {
        *violation == Violation::BytesBeforeTls
    }

    fn check(&self, client: &mut Client, said: &[u8]) {
        if self.variant % 4 < 2 && self.variant & 16 == 0 && !client.is_encrypted() {
            check_secrets(said, &SECRETS);
        }
        let left = if self.is_closed { self.open.len() } else { 0 };
        assert_eq!(left, 0, "requests were left without an end: {:?}", self.open);
    }
}
