//! Anything at all as the input of a POP3 server whose application answers all that it is asked.
//!
//! No panic; the same events and output however the input is cut; nobody gets in whom the application did not vouch for; at most 64 KiB
//! of heap before the login; work that grows with the input.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pop3_proto::server::{Event, Server, State, Violation};
use wirestate_fuzz::application::{Application, channel, config};
use wirestate_fuzz::bytes::{World, check, without_tickets};
use wirestate_machine::{Instant, Machine};

const HEAP_BEFORE_LOGIN: isize = 64 * 1024;
const HEAP: isize = 256 * 1024;

fuzz_target!(|input: &[u8]| check::<Desk>(input));

struct Desk {
    variant: u8,
    application: Application,
}

impl World for Desk {
    type Machine = Server;

    fn new(variant: usize) -> Self {
        Desk { variant: variant as u8, application: Application::default() }
    }

    fn machine(&self) -> Server {
        let mut server = Server::new(config(self.variant), [7; 32], Instant::START);
        if let Some(facts) = channel(self.variant) {
            assert_eq!(server.describe_channel(&facts), Ok(()), "the channel was described in time");
        }
        server
    }

    fn note(&mut self, event: &Event) -> Option<String> {
        Some(without_tickets(event))
    }

    fn answer(&mut self, server: &mut Server, event: Event) {
        self.application.answer(server, event);
    }

    fn most_heap(&self) -> isize {
        if self.application.opened { HEAP } else { HEAP_BEFORE_LOGIN }
    }

    fn is_early(violation: &Violation) -> bool {
        *violation == Violation::DataBeforeTls
    }

    /// Without the answer to STLS, which is the last line.
    fn before_tls(said: &[u8]) -> usize {
        let lines = said.strip_suffix(b"\n").unwrap_or(said);
        lines.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)
    }

    fn check(&self, server: &mut Server, _said: &[u8]) {
        let ended = server.state() == State::Securing || server.is_closed();
        assert!(ended, "the session outlives its connection: {server:?}");
    }
}
