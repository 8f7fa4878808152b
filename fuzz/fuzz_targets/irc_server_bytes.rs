//! Anything at all as the input of an IRC server whose application answers all that it is asked.
//!
//! No panic; the same events and output however the input is cut; nobody gets in whom the application did not vouch for; at most 64 KiB
//! of heap before registration; work that grows with the input.

#![no_main]

use bytes::Bytes;
use irc_proto::server::{Event, Lines, Server, State, Violation};
use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::bytes::{World, check, without_tickets};
use wirestate_fuzz::irc_application::{Application, config};
use wirestate_machine::{Instant, Machine, Relay};
use wirestate_testing::pass_on;

const HEAP_BEFORE_REGISTRATION: isize = 64 * 1024;
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
        Server::new(config(self.variant), [7; 32], Instant::START)
    }

    fn note(&mut self, event: &Event) -> Option<String> {
        Some(without_tickets(event))
    }

    fn answer(&mut self, server: &mut Server, event: Event) {
        self.application.answer(server, event);
    }

    fn most_heap(&self) -> isize {
        if self.application.welcomed { HEAP } else { HEAP_BEFORE_REGISTRATION }
    }

    fn is_early(violation: &Violation) -> bool {
        *violation == Violation::DataBeforeTls
    }

    /// Where the answer to STARTTLS begins, with the batch around it if the request had a label.
    fn before_tls(said: &[u8]) -> usize {
        let is_answer =
            |line: &[u8]| [&b" 670 "[..], b" 691 "].iter().any(|one| line.windows(5).any(|part| part == *one));
        let (mut start, mut before) = (0, 0);
        for line in said.split_inclusive(|byte| *byte == b'\n') {
            if is_answer(line) {
                return if line.starts_with(b"@batch=") { before } else { start };
            }
            (before, start) = (start, start + line.len());
        }
        start
    }

    fn check_at_rest(&self, server: &mut Server) {
        let line = Lines::check(Bytes::from_static(b":a PRIVMSG #x :hello\r\n")).expect("a whole line");
        if server.is_transparent(&line) {
            assert!(pass_on(server, &line), "nothing waited to be written");
        }
    }

    fn check(&self, server: &mut Server, _said: &[u8]) {
        let ended = server.state() == State::Securing || server.is_closed();
        assert!(ended, "the session outlives its connection: {server:?}");
    }
}
