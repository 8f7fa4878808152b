//! Anything at all as what a client says to an XMPP server. The first octet says where the stream stands when the rest comes.
//!
//! No panic; the same events and output however the input is cut; nobody is logged in whom the application was not asked about, and nobody has a resource
//! that it did not give; what goes out is a stream; no password goes out; bounded heap; work that grows with the input.

#![no_main]

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::bytes::{World, check_in_first, check_secrets, without_tickets};
use wirestate_fuzz::talk::Application;
use wirestate_fuzz::xmpp::{before_tls, is_stream};
use wirestate_fuzz::xmpp_desk::{Desk, HEADER, PASSWORD, PLAIN, TOKEN, auth, bind, login, open_config};
use wirestate_machine::{Instant, Machine, Relay};
use wirestate_testing::pass_on;
use xmpp_proto::ns;
use xmpp_proto::server::{Config, Event, FromRule, Server, State, Tls, Violation};
use xmpp_proto::stream::{Content, Framing, Packet};
use xmpp_proto::xml::{Element, Limits, MESSAGE_END, Scope};

const HEAP_BEFORE_LOGIN: isize = 64 * 1024;
const HEAP: isize = 512 * 1024;

fuzz_target!(|input: &[u8]| check_in_first::<Session>(input));

/// What the client said before.
fn openings() -> &'static [Vec<u8>; 8] {
    static OPENINGS: OnceLock<[Vec<u8>; 8]> = OnceLock::new();
    OPENINGS.get_or_init(|| {
        let sasl2 = format!(
            "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>{PLAIN}</initial-response>\
             <bind xmlns='urn:xmpp:bind:0'><tag>fuzz</tag><enable xmlns='urn:xmpp:sm:3' resume='true'/></bind></authenticate>"
        );
        let enable = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";
        [
            String::new(),
            HEADER.into(),
            [HEADER, &auth(PLAIN)].concat(),
            [HEADER, &auth(PLAIN), HEADER].concat(),
            login(),
            [&login(), enable].concat(),
            [HEADER, &sasl2].concat(),
            [HEADER, &auth(PLAIN), HEADER, enable, &bind("taken")].concat(),
        ]
        .map(String::into_bytes)
    })
}

fn config(variant: usize) -> Arc<Config> {
    static CONFIGS: OnceLock<Vec<Arc<Config>>> = OnceLock::new();
    let all = CONFIGS.get_or_init(|| (0..256).map(|variant| Arc::new(make_config(variant))).collect());
    all[variant % 256].clone()
}

fn make_config(variant: usize) -> Config {
    let mut config = open_config();
    config.tls = match variant >> 3 & 3 {
        // Only what is said in the clear can have been said before.
        0 if variant % 8 < 2 => Tls::Starttls { required: true },
        0 => Tls::Outside,
        1 => Tls::Starttls { required: false },
        _ => Tls::Off,
    };
    config.cleartext = variant % 8 > 1 || variant & 32 == 0;
    config.from = if variant & 32 == 0 { FromRule::Check } else { FromRule::Remove };
    config.sasl2 = variant % 8 == 6 || variant & 64 == 0;
    config.iq_auth = variant & 64 != 0;
    // Without a header before it, and whole elements in its stead.
    if variant & 128 != 0 && variant % 8 == 0 {
        config.framing = Framing::WebSocket;
    }
    let limits = &mut config.limits;
    (limits.failed_logins, limits.failure_delay) = (10, Duration::ZERO);
    limits.after_login = Limits { bytes: 4096, elements: 64, ..Limits::BEFORE_LOGIN };
    (limits.unacknowledged.stanzas, limits.unacknowledged.octets) = (8, 16 * 1024);
    (limits.held, limits.send_queue) = (4, 64 * 1024);
    config
}

struct Session {
    variant: usize,
    desk: Desk,
    /// The application was asked about somebody.
    asked: bool,
    logged_in: bool,
    bound: bool,
    closed: bool,
}

impl World for Session {
    type Machine = Server;

    fn new(variant: usize) -> Self {
        let mut desk = Desk::default();
        desk.config = config(variant);
        Session { variant, desk, asked: false, logged_in: false, bound: false, closed: false }
    }

    fn machine(&self) -> Server {
        Server::new(self.desk.config.clone(), [7; 32], Instant::START)
    }

    fn opening(&self) -> &'static [u8] {
        match self.desk.config.framing {
            Framing::Tcp => &openings()[self.variant % 8],
            _ => b"",
        }
    }

    fn note(&mut self, event: &Event) -> Option<String> {
        assert!(!self.closed, "an event after the last one: {event:?}");
        match event {
            Event::Authenticate { .. } => self.asked = true,
            Event::LoggedIn(_) => {
                assert!(self.asked && !self.logged_in, "a login that nobody was asked about");
                self.logged_in = true;
            }
            Event::Bind { .. } => {
                assert!(self.logged_in, "a resource before a login");
                self.bound = true;
            }
            Event::Stanza(_) => assert!(self.bound, "a stanza before a resource"),
            Event::Closed(_) => self.closed = true,
            _ => {}
        }
        Some(without_tickets(event))
    }

    fn answer(&mut self, server: &mut Server, event: Event) {
        let answered = self.desk.answer(server, event);
        assert_eq!(answered, Ok(()), "an answer in time was refused");
        assert!(self.bound || server.jid().is_none_or(|jid| jid.is_bare()), "a resource that nobody gave");
    }

    fn most_heap(&self) -> isize {
        if self.logged_in { HEAP } else { HEAP_BEFORE_LOGIN }
    }

    fn is_early(violation: &Violation) -> bool {
        *violation == Violation::DataBeforeUpgrade
    }

    fn before_tls(said: &[u8]) -> usize {
        before_tls(said)
    }

    fn check_at_rest(&self, server: &mut Server) {
        let message = Packet::write(Content::Client, |writer| writer.element("message", ns::CLIENT).map(drop));
        let message = message.expect("it can be written");
        if server.is_transparent(&message) {
            assert!(pass_on(server, &message), "nothing waited to be written");
        }
    }

    fn check(&self, server: &mut Server, said: &[u8]) {
        let ended = server.state() == State::Securing || server.is_closed();
        assert!(ended, "the session outlives its connection: {server:?}");
        // What is echoed may hold whatever the client said, and a token is for who is logged in.
        if !self.bound {
            check_secrets(said, &[PASSWORD.as_bytes(), PLAIN.as_bytes()]);
        }
        if !self.logged_in {
            check_secrets(said, &[TOKEN.as_bytes()]);
        }
        match self.desk.config.framing {
            Framing::Tcp => is_stream(said),
            _ => are_messages(said),
        }
    }
}

/// Each message is one whole element, and ends.
fn are_messages(said: &[u8]) {
    let Some(messages) = said.strip_suffix(&[MESSAGE_END]) else {
        return assert!(said.is_empty(), "half of a message: {}", said.escape_ascii());
    };
    for message in messages.split(|byte| *byte == MESSAGE_END) {
        let element = Element::parse(Bytes::copy_from_slice(message), &Scope::EMPTY, &Limits::PEER);
        assert!(element.is_ok(), "{element:?}: {}", message.escape_ascii());
    }
}
