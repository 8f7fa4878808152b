//! Anything at all as what a component (XEP-0114), another server, or a component of jabberd2's router says to our end of its stream. The first octet says
//! which of them it is, and where the stream stands when the rest comes.
//!
//! No panic; the same events and output however the input is cut; nobody speaks for a domain or a name that the application did not give them; what goes
//! out is a stream; no password goes out; bounded heap; work that grows with the input.

#![no_main]

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::bytes::{World, check_in_first, check_secrets, without_tickets};
use wirestate_fuzz::xmpp::{before_tls, is_stream};
use wirestate_machine::{Instant, Machine, Relay};
use wirestate_sasl::server::{Answer, Ask as Sasl, Rejection};
use wirestate_sasl::{FakeKeys, Mechanism, Secret};
use xmpp_proto::payload::component::digest;
use xmpp_proto::payload::router::RouterError;
use xmpp_proto::server::component::{self, Component};
use xmpp_proto::server::jabberd::{self, RouterComponent};
use xmpp_proto::server::peer::{self, Peer, Verdict};
use xmpp_proto::server::{Ask, Limits, Tls, Violation};
use xmpp_proto::stanza::StanzaCondition;
use xmpp_proto::stream::{Packet, StreamCondition};
use xmpp_proto::xml;

const SECRET: &str = "hamlet";
/// It as PLAIN writes it.
const PLAIN: &str = "AGphYmJlcmQAaGFtbGV0";
const HEAP_BEFORE_LOGIN: isize = 64 * 1024;
const HEAP: isize = 512 * 1024;

fuzz_target!(|input: &[u8]| match input.first().map(|first| first % 3) {
    Some(0) => check_in_first::<Hall>(input),
    Some(1) => check_in_first::<Gate>(input),
    _ => check_in_first::<Switch>(input),
});

fn tighten(limits: &mut Limits) {
    (limits.failed_logins, limits.failure_delay) = (10, Duration::ZERO);
    limits.after_login = xml::Limits { bytes: 4096, elements: 64, ..xml::Limits::BEFORE_LOGIN };
    limits.send_queue = 64 * 1024;
}

/// With and without STARTTLS, where the rest of the variant says so.
fn tls(variant: usize) -> Tls {
    match variant / 12 % 3 {
        0 => Tls::Off,
        1 => Tls::Starttls { required: false },
        _ if variant / 3 % 4 < 2 => Tls::Starttls { required: true },
        _ => Tls::Off,
    }
}

// --- components ---

const COMPONENT: &str =
    "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='chat.example'>";

/// Where `chat.example` is served by who knows the secret.
struct Hall {
    variant: usize,
    is_let_in: bool,
    is_closed: bool,
}

impl World for Hall {
    type Machine = Component;

    fn new(variant: usize) -> Self {
        Hall { variant, is_let_in: false, is_closed: false }
    }

    fn machine(&self) -> Component {
        static CONFIG: OnceLock<Arc<component::Config>> = OnceLock::new();
        let config = CONFIG.get_or_init(|| {
            let mut config = component::Config::default();
            tighten(&mut config.limits);
            Arc::new(config)
        });
        Component::new(config.clone(), [7; 32], Instant::START)
    }

    fn opening(&self) -> &'static [u8] {
        static PROVED: OnceLock<Vec<u8>> = OnceLock::new();
        let proved = || {
            let mut component = self.machine();
            component.inbox().push(COMPONENT.as_bytes());
            assert!(component.poll(Instant::START).is_ok_and(|event| event.is_none()));
            let said = String::from_utf8(component.outbox().drain()).expect("it writes text");
            let id = said.split(" id='").nth(1).and_then(|rest| rest.split('\'').next()).expect("a name");
            format!("{COMPONENT}<handshake>{}</handshake>", digest(id, &Secret::new(SECRET))).into_bytes()
        };
        match self.variant / 3 % 3 {
            0 => b"",
            1 => COMPONENT.as_bytes(),
            _ => PROVED.get_or_init(proved),
        }
    }

    fn note(&mut self, event: &component::Event) -> Option<String> {
        assert!(!self.is_closed, "an event after the last one: {event:?}");
        match event {
            component::Event::Stanza(stanza) => {
                assert!(self.is_let_in, "a stanza before the handshake");
                assert!(stanza.from().is_some_and(|from| from.as_ref().domain() == "chat.example"));
            }
            component::Event::Closed(_) => self.is_closed = true,
            _ => {}
        }
        Some(without_tickets(event))
    }

    fn answer(&mut self, component: &mut Component, event: component::Event) {
        match event {
            component::Event::Handshake { ticket, domain } if domain.as_str() == "chat.example" => {
                assert_eq!(component.admit(ticket, &Secret::new(SECRET)), Ok(()));
                self.is_let_in = component.state() == component::State::Connected;
            }
            component::Event::Handshake { ticket, .. } => {
                assert_eq!(component.refuse(ticket, StreamCondition::HostUnknown), Ok(()));
            }
            component::Event::Stanza(stanza) => component.relay(&Packet::of(stanza.view())),
            _ => {}
        }
    }

    fn most_heap(&self) -> isize {
        if self.is_let_in { HEAP } else { HEAP_BEFORE_LOGIN }
    }

    fn is_early(_: &Violation) -> bool {
        false
    }

    fn check(&self, component: &mut Component, said: &[u8]) {
        assert!(component.is_closed(), "the session outlives its connection: {component:?}");
        is_stream(said);
    }
}

// --- servers ---

const PEER: &str = "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' \
                    xmlns:db='jabber:server:dialback' from='a.example' to='b.example' version='1.0'>";
const RESULT: &str = "<db:result from='a.example' to='b.example'>good</db:result>";

/// Where keys that are `good` are right.
struct Gate {
    variant: usize,
    is_proved: bool,
    is_closed: bool,
}

impl World for Gate {
    type Machine = Peer;

    fn new(variant: usize) -> Self {
        Gate { variant, is_proved: false, is_closed: false }
    }

    fn machine(&self) -> Peer {
        let mut config = peer::Config::serving(["b.example", "c.example"]).expect("lawful");
        config.tls = tls(self.variant);
        tighten(&mut config.limits);
        Peer::new(Arc::new(config), [7; 32], Instant::START)
    }

    fn opening(&self) -> &'static [u8] {
        static OPENINGS: OnceLock<[String; 4]> = OnceLock::new();
        let all = OPENINGS.get_or_init(|| {
            let both = [PEER, "<bidi xmlns='urn:xmpp:bidi'/>", RESULT].concat();
            [String::new(), PEER.into(), [PEER, RESULT].concat(), both]
        });
        all[self.variant / 3 % 4].as_bytes()
    }

    fn note(&mut self, event: &peer::Event) -> Option<String> {
        assert!(!self.is_closed, "an event after the last one: {event:?}");
        match event {
            peer::Event::Stanza(_) => assert!(self.is_proved, "a stanza of nobody"),
            peer::Event::Closed(_) => self.is_closed = true,
            _ => {}
        }
        Some(without_tickets(event))
    }

    fn answer(&mut self, peer: &mut Peer, event: peer::Event) {
        match event {
            peer::Event::External { ticket, .. } => assert_eq!(peer.refuse(ticket), Ok(())),
            peer::Event::Result(key) => {
                let verdict = match &*key.key {
                    "good" => Verdict::Valid,
                    "bad" => Verdict::Invalid,
                    _ => Verdict::Error(StanzaCondition::RemoteServerNotFound),
                };
                assert_eq!(peer.answer_result(&key.from, &key.to, &verdict), Ok(()));
                self.is_proved |= verdict == Verdict::Valid;
            }
            peer::Event::Verify(key) => peer.answer_verify(&key, key.key == "good"),
            peer::Event::Stanza(stanza) => {
                let (from, to) = (stanza.from().expect("it is checked"), stanza.to().expect("it is checked"));
                let (from, to) = (from.as_ref().server().to_jid(), to.as_ref().server().to_jid());
                assert!(peer.pairs().any(|pair| pair == (&from, &to)), "a stanza of a pair that is not proved");
                peer.relay(&Packet::of(stanza.view()));
            }
            _ => {}
        }
    }

    fn most_heap(&self) -> isize {
        if self.is_proved { HEAP } else { HEAP_BEFORE_LOGIN }
    }

    fn is_early(violation: &Violation) -> bool {
        *violation == Violation::DataBeforeUpgrade
    }

    fn before_tls(said: &[u8]) -> usize {
        before_tls(said)
    }

    fn check(&self, peer: &mut Peer, said: &[u8]) {
        let ended = peer.state() == peer::State::Securing || peer.is_closed();
        assert!(ended, "the session outlives its connection: {peer:?}");
        is_stream(said);
    }
}

// --- components of jabberd2's router ---

const ROUTER: &str = "<stream:stream xmlns='http://jabberd.jabberstudio.org/ns/component/1.0' \
                      xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";

/// Where the user `jabberd` may have any name but `taken`, and gets back what it sends to its own.
struct Switch {
    variant: usize,
    is_asked: bool,
    is_let_in: bool,
    is_closed: bool,
}

impl World for Switch {
    type Machine = RouterComponent;

    fn new(variant: usize) -> Self {
        Switch { variant, is_asked: false, is_let_in: false, is_closed: false }
    }

    fn machine(&self) -> RouterComponent {
        let mut config = jabberd::Config::default();
        config.tls = tls(self.variant);
        config.cleartext = true;
        config.mechanisms = Mechanism::ALL.to_vec();
        config.fake_keys = Some(FakeKeys::new([9; 32]));
        tighten(&mut config.limits);
        RouterComponent::new(Arc::new(config), [7; 32], Instant::START)
    }

    fn opening(&self) -> &'static [u8] {
        static OPENINGS: OnceLock<[String; 4]> = OnceLock::new();
        let all = OPENINGS.get_or_init(|| {
            let auth = format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{PLAIN}</auth>");
            let login = [ROUTER, &auth, ROUTER].concat();
            let bound = [&login, "<bind name='echo'/><bind name='sm' multi='to'/>"].concat();
            [String::new(), ROUTER.into(), login, bound]
        });
        all[self.variant / 3 % 4].as_bytes()
    }

    fn note(&mut self, event: &jabberd::Event) -> Option<String> {
        assert!(!self.is_closed, "an event after the last one: {event:?}");
        match event {
            jabberd::Event::Authenticate { .. } => self.is_asked = true,
            jabberd::Event::LoggedIn { .. } => {
                assert!(self.is_asked && !self.is_let_in, "a login that nobody was asked about");
                self.is_let_in = true;
            }
            jabberd::Event::Bind { .. } | jabberd::Event::Route(_) => assert!(self.is_let_in, "before a login"),
            jabberd::Event::Closed(_) => self.is_closed = true,
            _ => {}
        }
        Some(without_tickets(event))
    }

    fn answer(&mut self, router: &mut RouterComponent, event: jabberd::Event) {
        match event {
            jabberd::Event::Authenticate { ticket, ask } => {
                let answer = match *ask {
                    Ask::Sasl(Sasl::Password { user, password, .. })
                        if user == "jabberd" && password.expose() == SECRET =>
                    {
                        Answer::Accept
                    }
                    Ask::Sasl(Sasl::Digest { user, .. }) if user == "jabberd" => Answer::Secret(Secret::new(SECRET)),
                    Ask::Sasl(Sasl::Keys { .. } | Sasl::Secret { .. }) => Answer::NoKeys,
                    _ => Answer::Reject(Rejection::Credentials),
                };
                assert_eq!(router.authenticate(ticket, answer), Ok(()));
            }
            jabberd::Event::Bind { ticket, name, .. } if name.as_str() == "taken" => {
                assert_eq!(router.refuse(ticket, RouterError::Conflict), Ok(()));
            }
            jabberd::Event::Bind { ticket, .. } => assert_eq!(router.bind(ticket), Ok(())),
            jabberd::Event::Unbound(name) => assert!(router.names().all(|(bound, _)| *bound != name)),
            jabberd::Event::Route(route) => {
                let is_bound = |name| router.names().any(|(bound, _)| bound == name);
                assert!(is_bound(route.from()), "a route from a name that is not bound");
                match route.to() {
                    Some(to) if is_bound(to) => router.relay(&route.packet()),
                    Some(_) => router.relay(&route.bounce(RouterError::NotFound).expect("it does not grow much")),
                    None => router.relay(&route.log().expect("it was read")),
                }
            }
            _ => {}
        }
    }

    fn most_heap(&self) -> isize {
        if self.is_let_in { HEAP } else { HEAP_BEFORE_LOGIN }
    }

    fn is_early(violation: &Violation) -> bool {
        *violation == Violation::DataBeforeUpgrade
    }

    fn before_tls(said: &[u8]) -> usize {
        before_tls(said)
    }

    fn check(&self, router: &mut RouterComponent, said: &[u8]) {
        let ended = router.state() == jabberd::State::Securing || router.is_closed();
        assert!(ended, "the session outlives its connection: {router:?}");
        // What is echoed may hold whatever was said.
        if !self.is_let_in {
            check_secrets(said, &[SECRET.as_bytes(), PLAIN.as_bytes()]);
        }
        is_stream(said);
    }
}
