//! Anything at all as the input of an IMAP server with a store in memory. The first octet says where the session stands when the rest comes.
//!
//! No panic; the same events and output however the input is cut; nobody gets in whom the application did not vouch for; bounded heap; work that
//! grows with the input.

#![no_main]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use imap_proto::server::{Config, Event, Greeting, LiteralOffer, Server, State, Tls, Violation};
use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::bytes::{World, check_in_first, without_tickets};
use wirestate_fuzz::imap::{Desk, open_config};
use wirestate_fuzz::talk::Application;
use wirestate_machine::{Instant, Machine};

const HEAP_BEFORE_LOGIN: isize = 64 * 1024;
/// What the store takes is in it.
const HEAP: isize = 512 * 1024;

fuzz_target!(|input: &[u8]| check_in_first::<Session>(input));

/// What the client said before: to a server that leaves the greeting to its application, and from NOT AUTHENTICATED on to one that greets.
const OPENINGS: [&[u8]; 8] = [
    b"",
    b"a NOOP\r\n",
    b"a LOGIN ann \"pass word\"\r\n",
    b"a LOGIN ann \"pass word\"\r\nb SELECT INBOX\r\n",
    b"a LOGIN ann \"pass word\"\r\nb SELECT INBOX\r\nc IDLE\r\n",
    b"a LOGIN ann \"pass word\"\r\nb APPEND Saved {40}\r\n",
    b"a LOGIN ann \"pass word\"\r\nb ENABLE QRESYNC UIDONLY\r\nc SELECT INBOX\r\n",
    b"a LOGIN ann \"pass word\"\r\nb ENABLE IMAP4rev2 CONDSTORE\r\nc NOTIFY SET (SELECTED (MessageNew MessageExpunge FlagChange))\r\nd SELECT INBOX\r\n",
];

struct Session {
    variant: usize,
    desk: Desk,
    /// What has come of a message's text, which may come in any pieces.
    text: DefaultHasher,
    octets: usize,
    vouched: bool,
}

fn config(variant: usize) -> Arc<Config> {
    static CONFIGS: OnceLock<Vec<Arc<Config>>> = OnceLock::new();
    CONFIGS.get_or_init(|| (0..32).map(|variant| Arc::new(make_config(variant))).collect())[variant % 32].clone()
}

fn make_config(variant: usize) -> Config {
    let mut config = open_config();
    // What comes behind it is the driver's to unpack.
    config.compress = false;
    config.greeting = if variant % 8 == 0 { Greeting::Manual } else { Greeting::Text("hello".into()) };
    config.cleartext = variant % 8 > 1 || variant & 8 == 0;
    config.tls = if variant & 8 == 0 { Tls::Outside } else { Tls::Starttls };
    config.literals = if variant & 16 == 0 { LiteralOffer::Plus } else { LiteralOffer::Minus };
    config.unknown_command_closes = variant & 16 == 0;
    let limits = &mut config.limits;
    (limits.failed_logins, limits.failure_delay) = (10, Duration::ZERO);
    (limits.after_login.line, limits.after_login.literal, limits.after_login.literals) = (4096, 1024, 2048);
    limits.message = 2000;
    config
}

impl World for Session {
    type Machine = Server;

    fn new(variant: usize) -> Self {
        let mut desk = Desk::default();
        desk.config = config(variant);
        desk.most = 6;
        Session { variant, desk, text: DefaultHasher::new(), octets: 0, vouched: false }
    }

    fn machine(&self) -> Server {
        self.desk.server(Instant::START)
    }

    fn opening(&self) -> &'static [u8] {
        OPENINGS[self.variant % 8]
    }

    fn note(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::AppendData(data) => {
                data.iter().for_each(|octet| octet.hash(&mut self.text));
                self.octets += data.len();
                return None;
            }
            // How much is written at a time depends on how much is read.
            Event::Writable => return None,
            Event::LoggedIn { .. } => self.vouched = true,
            Event::LoggedOut => self.vouched = false,
            _ => {}
        }
        let text =
            if self.octets == 0 { String::new() } else { format!("{} octets, {}: ", self.octets, self.text.finish()) };
        Some(text + &without_tickets(event))
    }

    fn answer(&mut self, server: &mut Server, event: Event) {
        let answered = match event {
            Event::Greet(ticket) if self.variant & 32 != 0 => {
                self.vouched = true;
                server.greet_known(ticket, "hello")
            }
            event => self.desk.answer(server, event),
        };
        assert_eq!(answered, Ok(()), "an answer in time was refused");
        assert!(self.vouched || !server.is_logged_in(), "nobody vouched for who is in");
    }

    fn most_heap(&self) -> isize {
        if self.vouched { HEAP } else { HEAP_BEFORE_LOGIN }
    }

    fn is_early(violation: &Violation) -> bool {
        *violation == Violation::DataBeforeTls
    }

    /// Where the answer to STARTTLS begins.
    fn before_tls(said: &[u8]) -> usize {
        let mut start = 0;
        for line in said.split_inclusive(|octet| *octet == b'\n') {
            if line.windows(12).any(|words| words == b" Begin TLS n") || line.starts_with(b"* BYE Data came behind") {
                return start;
            }
            start += line.len();
        }
        start
    }

    fn check(&self, server: &mut Server, _said: &[u8]) {
        let ended = server.state() == State::Securing || server.is_closed();
        assert!(ended, "the session outlives its connection: {server:?}");
    }
}
