//! Anything at all as the input of an IRC server whose application answers all that it is asked.
//!
//! No panic; the same events and output however the input is cut; nobody gets in whom the application did not vouch for; at most 64 KiB
//! of heap before registration; work that grows with the input.

#![no_main]

use bytes::Buf;
use irc_proto::server::{Event, Server, State, Violation};
use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::feed::{Cuts, seed_of};
use wirestate_fuzz::irc_application::{Application, config};
use wirestate_fuzz::meter::Meter;
use wirestate_machine::{Instant, Machine};

const HEAP_BEFORE_REGISTRATION: isize = 64 * 1024;
const HEAP: isize = 256 * 1024;

fuzz_target!(|input: &[u8]| {
    let seed = seed_of(input);
    let variant = input.len() as u8;
    let whole = run(input, Cuts::Whole, variant);
    for cuts in [Cuts::Single, Cuts::Random(seed)] {
        let cut = run(input, cuts, variant);
        assert_eq!(whole.said, cut.said, "the output depends on {cuts:?}");
        assert_eq!(whole.told, cut.told, "the events depend on {cuts:?}");
    }
    if seed % 16 < 4 && !input.is_empty() {
        let once = run(&input.repeat(4), Cuts::Random(seed), variant);
        let twice = run(&input.repeat(8), Cuts::Random(seed), variant);
        once.meter.check_linear(&twice.meter);
    }
});

struct Run {
    told: Vec<String>,
    said: Vec<u8>,
    meter: Meter,
}

fn run(mut input: &[u8], mut cuts: Cuts, variant: u8) -> Run {
    let mut run = Run { told: Vec::new(), said: Vec::new(), meter: Meter::default() };
    let mut server = run.meter.run(|| Server::new(config(variant), [7; 32], Instant::START));
    let mut application = Application::default();
    loop {
        let at_tls = crank(&mut server, &mut application, &mut run);
        if at_tls {
            // What would follow is a handshake; whether a plain command came too early depends on the cuts, and acts on nothing.
            run.said.truncate(before_tls(&run.said));
            run.told.retain(|told| !told.contains("DataBeforeTls"));
            break;
        }
        if server.is_closed() || server.inbox().is_closed() {
            break;
        }
        let take = cuts.next().min(input.len()).min(server.inbox().room());
        assert!(take > 0 || input.is_empty(), "the server neither reads nor acts");
        run.meter.run(|| match input.is_empty() {
            true => server.inbox().close(),
            false => server.inbox().push(&input[..take]),
        });
        input = &input[take..];
    }
    assert!(server.state() == State::Securing || server.is_closed(), "the session outlives its connection: {server:?}");
    run
}

/// Where the answer to STARTTLS begins, with the batch around it if the request had a label.
fn before_tls(said: &[u8]) -> usize {
    let is_answer = |line: &[u8]| [&b" 670 "[..], b" 691 "].iter().any(|one| line.windows(5).any(|part| part == *one));
    let (mut start, mut before) = (0, 0);
    for line in said.split_inclusive(|byte| *byte == b'\n') {
        if is_answer(line) {
            return if line.starts_with(b"@batch=") { before } else { start };
        }
        (before, start) = (start, start + line.len());
    }
    start
}

/// Polls until nothing happens and all is written; whether the session stands before TLS.
fn crank(server: &mut Server, application: &mut Application, run: &mut Run) -> bool {
    loop {
        let Run { told, said, meter } = run;
        let mut line = None;
        let ended = meter.run(|| match server.poll(Instant::START) {
            Ok(Some(event)) => {
                line = Some(describe(&event));
                application.answer(server, event);
                None
            }
            Ok(None) => Some(None),
            Err(violation) => Some(Some(violation)),
        });
        let limit = if application.welcomed { HEAP } else { HEAP_BEFORE_REGISTRATION };
        assert!(meter.peak() <= limit, "{} bytes of heap", meter.peak());
        told.extend(line);
        let Some(ended) = ended else { continue };
        said.extend_from_slice(&server.outbox().to_vec());
        let wrote = !server.outbox().is_empty();
        meter.run(|| {
            let all = server.outbox().remaining();
            server.outbox().advance(all);
        });
        if let Some(violation) = ended {
            told.push(violation.to_string() + &format!("{violation:?}"));
            return violation == Violation::DataBeforeTls;
        }
        if server.upgrade().is_some() {
            return true;
        }
        if !wrote {
            return false;
        }
    }
}

/// The event without the ticket's number.
fn describe(event: &Event) -> String {
    let text = format!("{event:?}");
    text.split("Ticket#").enumerate().fold(String::new(), |mut all, (index, part)| {
        all += if index == 0 { part } else { part.trim_start_matches(|digit: char| digit.is_ascii_digit()) };
        all
    })
}
