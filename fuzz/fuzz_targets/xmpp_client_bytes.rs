//! Anything at all as what a server says to an XMPP client that logs in, asks, answers, and has filters: a user's, one of old, a component's, one of
//! jabberd2's router, or another server's. The first octet says which of them it is, and how far the stream is when the rest comes.
//!
//! No panic; the same events and output however the input is cut; each request ends once; the client is ready only once it has been let in; no password
//! in the clear where that is not allowed; bounded heap; work that grows with the input.

#![no_main]

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::bytes::{World, check_in_first, check_secrets, without_tickets};
use wirestate_machine::{Instant, Machine};
use xmpp_proto::client::{
    Account, Client, Config, Event, LegacyLogin, Limits, Matcher, Name, Path, RequestId, RouteKind, Routed, TlsPolicy,
    UserAgent, Violation,
};
use xmpp_proto::jid::Jid;
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

/// Who connects.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Legacy,
    Component,
    Router,
    Server,
    Verifier,
}

impl Kind {
    fn of(variant: usize) -> Kind {
        match variant >> 5 {
            1 => Kind::Legacy,
            2 => Kind::Component,
            3 => Kind::Router,
            4 => Kind::Server,
            5 => Kind::Verifier,
            _ => Kind::User,
        }
    }

    fn account(self) -> Account {
        let account = match self {
            Kind::User => Account::user("ann@h.example/r", "pencil"),
            Kind::Legacy => {
                let login = LegacyLogin { is_plaintext_allowed: false, asks_fields: false };
                Account::legacy("ann@h.example/r", "pencil", login)
            }
            Kind::Component => Account::component("h.example", "pencil"),
            Kind::Router => Account::router("echo.example", Name::default(), "ann", "pencil"),
            Kind::Server => Account::server("a.example", "h.example", false, Some("pencil")),
            Kind::Verifier => Account::verifier("a.example", "h.example", "1", "key"),
        };
        account.expect("lawful")
    }

    fn header(self, id: &str) -> String {
        let (ns, version) = match self {
            Kind::User => ("jabber:client", " version='1.0'"),
            Kind::Legacy => ("jabber:client", ""),
            Kind::Component => ("jabber:component:accept", ""),
            Kind::Router => ("http://jabberd.jabberstudio.org/ns/component/1.0", " version='1.0'"),
            Kind::Server | Kind::Verifier => ("jabber:server' xmlns:db='jabber:server:dialback", " version='1.0'"),
        };
        let stream = "http://etherx.jabber.org/streams";
        format!(
            "<?xml version='1.0'?><stream:stream xmlns='{ns}' xmlns:stream='{stream}' from='h.example' id='{id}'{version}>"
        )
    }

    /// What the server says to it until it is ready, in three parts.
    fn parts(self) -> [String; 3] {
        let first = self.header("1");
        let plain = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>\
                     <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
        let second = self.header("2");
        let bind = "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/></stream:features>";
        let dialback = "<stream:features><dialback xmlns='urn:xmpp:features:dialback'/><bidi xmlns='urn:xmpp:features:bidi'/></stream:features>";
        let verdict = |kind: &str| format!("<db:{kind} from='h.example' to='a.example' id='1' type='valid'/>");
        match self {
            Kind::User => {
                let before = [&first, plain, &second, bind].concat();
                let jid = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>ann@h.example/r</jid></bind>";
                let bound = format!("{bind}<iq type='result' id='{}'>{jid}</iq>", self.asked(&before, "id"));
                [first, plain.to_owned() + &second, bound]
            }
            Kind::Legacy => {
                let id = self.asked(&first, "id");
                [first, format!("<iq type='result' id='{id}'/>"), String::new()]
            }
            Kind::Component => [first, "<handshake/>".into(), String::new()],
            Kind::Router => [first, plain.to_owned() + &second, "<stream:features/><bind/>".into()],
            Kind::Server => [first, dialback.into(), verdict("result")],
            Kind::Verifier => [first, dialback.into(), verdict("verify")],
        }
    }

    /// What the last such attribute of a fresh client is, once it has heard this.
    fn asked(self, said: &str, attribute: &str) -> String {
        let config = Config::default().tls(TlsPolicy::Never).cleartext(true);
        let mut client = Client::new(Arc::new(config), self.account(), [8; 32], Instant::START);
        client.inbox().push(said.as_bytes());
        while let Ok(Some(_)) = client.poll(Instant::START) {}
        let asked = String::from_utf8(client.outbox().to_vec()).expect("it writes text");
        let rest = asked.rsplit(&format!(" {attribute}='")).next().unwrap_or_default().to_owned();
        rest.split('\'').next().unwrap_or_default().to_owned()
    }
}

/// What the server said before.
fn opening(variant: usize) -> &'static [u8] {
    static OPENINGS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let all = OPENINGS.get_or_init(|| {
        (0..256).map(|variant| Kind::of(variant).parts()[..variant % 4].concat().into_bytes()).collect()
    });
    &all[variant % 256]
}

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

fn name(text: &str) -> Jid {
    text.parse().expect("a name")
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
        let account = Kind::of(self.variant).account().agent(agent);
        let mut client = Client::new(self.config.clone(), account, [8; 32], Instant::START);
        let texts = Path::parse("//body[text()] | /*[@id='x']", &[]).expect("a lawful path");
        client.filters_mut().add("texts", Matcher::path(texts));
        client
    }

    fn opening(&self) -> &'static [u8] {
        opening(self.variant)
    }

    fn note(&mut self, event: &Event) -> Option<String> {
        assert!(!self.is_closed, "an event after the last one: {event:?}");
        match event {
            Event::Authenticated(_) => self.is_let_in = true,
            Event::Ready(_) => assert!(self.is_let_in, "ready without a login"),
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
                    if let Ok(request) = client.request(Program::stanza(client, request)) {
                        assert!(self.open.insert(request), "a request began twice");
                    }
                }
                let _ = client.send(Program::stanza(client, "<presence/>"));
                client.flush_queue();
                let (echo, more) = (name("echo.example"), name("more.example"));
                let _ = client.bind_name(&more, Name::default());
                let _ = client.route(&echo, &more, Program::stanza(client, "<presence/>").view());
            }
            Event::Routed(routed) => match *routed {
                Routed::Route { content: Some(content), kind: RouteKind::Unicast, .. } => {
                    let _ = client.route(&name("echo.example"), &name("b.example"), content.view());
                }
                Routed::Domain { .. } => drop(client.throttle()),
                _ => {}
            },
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
