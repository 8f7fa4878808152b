//! Anything at all as what a server says to an IRC client whose program joins, asks and answers.
//!
//! No panic; the same events and output however the input is cut; each request ends once; no password in the clear where that is not
//! allowed; bounded heap; work that grows with the input.

#![no_main]

use std::collections::HashSet;
use std::sync::Arc;

use irc_proto::client::{
    Client, Config, CtcpAnswers, Event, History, Identity, Limits, Pacing, RequestId, TlsPolicy, Tracking, Violation,
    tracker,
};
use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::bytes::{World, check, check_secrets};
use wirestate_machine::Instant;
use wirestate_sasl::client::Credentials;

const HEAP: isize = 512 * 1024;
/// The passwords, plain and as PLAIN writes the one of the login.
const SECRETS: [&[u8]; 3] = [b"letmein", b"pencil", b"AGFubgBwZW5jaWw"];

// What the server itself says, as in PING, it may hear again.
fuzz_target!(|input: &[u8]| if !says_a_secret(&input.repeat(2)) {
    check::<Program>(input);
});

fn says_a_secret(input: &[u8]) -> bool {
    SECRETS.iter().any(|secret| input.windows(secret.len()).any(|part| part == *secret))
}

/// A program that joins, asks and answers.
struct Program {
    config: Arc<Config>,
    open: HashSet<RequestId>,
    is_closed: bool,
}

fn limits() -> Limits {
    let mut tracked = tracker::Limits::default();
    (tracked.channels, tracked.users, tracked.members) = (8, 64, 128);
    (tracked.list_entries, tracked.text) = (16, 128);
    let mut limits = Limits::default();
    limits.tracker = tracked;
    (limits.inbox, limits.line) = (16 * 1024, 1024);
    (limits.capabilities, limits.capability_octets) = (64, 4096);
    (limits.queue, limits.queue_octets) = (32, 8 * 1024);
    (limits.requests, limits.response_messages, limits.response_octets) = (16, 64, 32 * 1024);
    (limits.batches, limits.batch_depth) = (8, 4);
    (limits.batch_messages, limits.batch_octets) = (64, 32 * 1024);
    limits
}

fn config(variant: usize) -> Config {
    let tls = [TlsPolicy::Never, TlsPolicy::IfOffered, TlsPolicy::Outside, TlsPolicy::Required][variant % 4];
    let pacing = if variant & 4 == 0 { Pacing::Off } else { Pacing::default() };
    let tracking = if variant & 8 == 0 { Tracking::Full } else { Tracking::Own };
    let clear = variant % 4 == 0 || variant % 4 == 1 && variant & 16 != 0;
    Config::default().tls(tls).cleartext(clear).pacing(pacing).tracking(tracking).iterations(1..=20).limits(limits())
}

impl World for Program {
    type Machine = Client;

    fn new(variant: usize) -> Self {
        Program { config: Arc::new(config(variant)), open: HashSet::new(), is_closed: false }
    }

    fn machine(&self) -> Client {
        let login = Credentials::password("ann", "pencil").expect("lawful");
        let ada = Identity::new("ada", "ada", "Ada").and_then(|ada| ada.password("letmein")).expect("lawful");
        let mut client = Client::new(self.config.clone(), ada.login(login), [7; 32], Instant::START);
        client.plugins().add("ctcp", CtcpAnswers::new().version("fuzz")).expect("the only one");
        client
    }

    fn note(&mut self, event: &Event) -> Option<String> {
        assert!(!self.is_closed, "an event after the last one: {event:?}");
        if let Some(request) = event.finishes() {
            assert!(self.open.remove(&request), "a request ended twice");
        }
        self.is_closed = matches!(event, Event::Closed(_));
        Some(format!("{event:?}"))
    }

    fn answer(&mut self, client: &mut Client, event: Event) {
        match event {
            Event::Work { ticket, derivation } => drop(client.derived(ticket, derivation.run())),
            Event::Registered { .. } => {
                let _ = client.join("#lobby", Some("key"));
                let _ = client.set_away(Some("gone"));
                let asked = [
                    client.whois("bob"),
                    client.who("#lobby"),
                    client.names("#lobby"),
                    client.mode_list("#lobby", 'b'),
                    client.list(""),
                    client.history(&History::Latest { target: "#lobby", after: None, limit: 5 }),
                ];
                self.open.extend(asked.into_iter().flatten());
            }
            Event::Message { message, about: None, .. } if message.borrow().command().is(b"PRIVMSG") => {
                let text = String::from_utf8_lossy(message.borrow().param(1).unwrap_or_default()).into_owned();
                let _ = client.multiline("#lobby", &text);
            }
            Event::Batch { batch, .. } => {
                let text = batch.multiline().unwrap_or_default();
                let _ = client.notice("bob", &String::from_utf8_lossy(&text));
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
        if !self.config.cleartext && !client.is_encrypted() {
            check_secrets(said, &SECRETS);
        }
        let left = if self.is_closed { self.open.len() } else { 0 };
        assert_eq!(left, 0, "requests were left without an end: {:?}", self.open);
    }
}
