//! Anything at all as what a server says to a POP3 client whose program logs in and asks for everything.
//!
//! No panic; the same events and output however the input is cut; each request ends once; no password in the clear where that is not
//! allowed; bounded heap; work that grows with the input.

#![no_main]

use std::collections::HashSet;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use pop3_proto::client::{Client, Config, Event, Login, Quirks, Request, TlsPolicy, Violation};
use pop3_proto::codec::MessageNumber;
use wirestate_fuzz::bytes::{World, check, check_secrets};
use wirestate_machine::Instant;
use wirestate_sasl::client::Credentials;

const HEAP: isize = 512 * 1024;
/// The password, plain and as the mechanisms that send it write it.
const SECRETS: [&[u8]; 3] = [b"pencil", b"cGVuY2ls", b"AGFubgBwZW5jaWw"];

fuzz_target!(|input: &[u8]| check::<Program>(input));

/// A program that logs in and asks for everything.
struct Program {
    config: Arc<Config>,
    /// Octets of bodies so far.
    body: usize,
    open: HashSet<Request>,
    is_closed: bool,
}

fn config(variant: usize) -> Config {
    let mut quirks = Quirks::default();
    quirks.bare_lf = variant & 4 != 0;
    quirks.unlisted_commands = variant & 8 != 0;
    quirks.no_pipelining = variant & 16 != 0;
    quirks.one_is_multi_line = variant & 32 != 0;
    let tls = [TlsPolicy::Never, TlsPolicy::IfOffered, TlsPolicy::Outside, TlsPolicy::Never][variant % 4].clone();
    Config::default().tls(tls).cleartext(variant % 4 != 3).apop(true).iterations(1..=20).quirks(quirks)
}

impl World for Program {
    type Machine = Client;

    fn new(variant: usize) -> Self {
        Program { config: Arc::new(config(variant)), body: 0, open: HashSet::new(), is_closed: false }
    }

    fn machine(&self) -> Client {
        Client::new(self.config.clone(), [7; 32], Instant::START)
    }

    /// Where a body was cut is no part of it.
    fn note(&mut self, event: &Event) -> Option<String> {
        assert!(!self.is_closed, "an event after the last one: {event:?}");
        if let Some(request) = event.finishes() {
            self.open.remove(&request);
        }
        if let Event::Body { bytes, .. } = event {
            assert!(!bytes.is_empty());
            self.body += bytes.len();
            return None;
        }
        self.is_closed = matches!(event, Event::Closed { .. });
        Some(format!("{event:?} after {} octets", self.body))
    }

    fn answer(&mut self, client: &mut Client, event: Event) {
        let one = MessageNumber::new(1).expect("not 0");
        let mut asked = Vec::with_capacity(16);
        match event {
            Event::Ready { .. } => {
                let credentials = Credentials::password("ann", "pencil").expect("lawful");
                asked.push(client.login(Login::new(credentials)));
            }
            Event::Work { ticket, derivation } => {
                let _ = client.derived(ticket, derivation.run());
            }
            Event::LoggedIn { .. } => {
                asked.extend([client.stat(), client.list(None), client.uidl(None), client.list(Some(one))]);
                asked.extend([client.uidl(Some(one)), client.retr(one), client.top(one, 3), client.dele(one)]);
                asked.extend([
                    client.capa(),
                    client.last(),
                    client.lang(None),
                    client.custom("XFUZZ", "", true),
                    client.noop(),
                ]);
                asked.push(client.quit());
            }
            // A refused login is tried once more, with whatever can be tried then.
            Event::Cancelled { .. } => {
                let credentials = Credentials::password("ann", "pencil").expect("lawful");
                asked.push(client.login(Login::new(credentials)));
            }
            _ => {}
        }
        self.open.extend(asked.into_iter().flatten());
    }

    fn most_heap(&self) -> isize {
        HEAP
    }

    fn is_early(violation: &Violation) -> bool {
        *violation == Violation::BytesBeforeTls
    }

    fn check(&self, client: &mut Client, said: &[u8]) {
        if !self.config.cleartext && !client.is_encrypted() {
            check_secrets(said, &SECRETS);
        }
        let left = if self.is_closed { self.open.len() } else { 0 };
        assert_eq!(left, 0, "requests were left without an end: {:?}", self.open);
    }
}
