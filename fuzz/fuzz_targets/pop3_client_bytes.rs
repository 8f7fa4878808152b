//! Anything at all as what a server says to a POP3 client whose program logs in and asks for everything.
//!
//! No panic; the same events and output however the input is cut; each request ends once; no password in the clear where that is not
//! allowed; bounded heap; work that grows with the input.

#![no_main]

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Buf;
use libfuzzer_sys::fuzz_target;
use pop3_proto::client::{Client, Config, Event, Login, Quirks, Request, TlsPolicy, Violation};
use pop3_proto::codec::MessageNumber;
use wirestate_fuzz::feed::{Cuts, seed_of};
use wirestate_fuzz::meter::Meter;
use wirestate_machine::{Instant, Machine};
use wirestate_sasl::client::Credentials;

const HEAP: isize = 512 * 1024;
/// The password, plain and as the mechanisms that send it write it.
const SECRETS: [&[u8]; 3] = [b"pencil", b"cGVuY2ls", b"AGFubgBwZW5jaWw"];

fuzz_target!(|input: &[u8]| {
    let seed = seed_of(input);
    let variant = input.len();
    let whole = run(input, Cuts::Whole, variant);
    for cuts in [Cuts::Single, Cuts::Random(seed)] {
        let cut = run(input, cuts, variant);
        assert_eq!(whole.told, cut.told, "the events depend on {cuts:?}");
        assert_eq!(whole.said, cut.said, "the output depends on {cuts:?}");
    }
    if seed % 16 < 4 && !input.is_empty() {
        let once = run(&input.repeat(4), Cuts::Random(seed), variant);
        let twice = run(&input.repeat(8), Cuts::Random(seed), variant);
        once.meter.check_linear(&twice.meter);
    }
});

fn config(variant: usize) -> Config {
    let mut quirks = Quirks::default();
    quirks.bare_lf = variant & 4 != 0;
    quirks.unlisted_commands = variant & 8 != 0;
    quirks.no_pipelining = variant & 16 != 0;
    quirks.one_is_multi_line = variant & 32 != 0;
    let tls = [TlsPolicy::Never, TlsPolicy::IfOffered, TlsPolicy::Outside, TlsPolicy::Never][variant % 4].clone();
    Config::default().tls(tls).cleartext(variant % 4 != 3).apop(true).iterations(1..=20).quirks(quirks)
}

struct Run {
    told: Vec<String>,
    said: Vec<u8>,
    body: usize,
    open: HashSet<Request>,
    closed: bool,
    meter: Meter,
}

fn run(mut input: &[u8], mut cuts: Cuts, variant: usize) -> Run {
    let config = Arc::new(config(variant));
    let mut run = Run {
        told: Vec::new(),
        said: Vec::new(),
        body: 0,
        open: HashSet::new(),
        closed: false,
        meter: Meter::default(),
    };
    let mut client = run.meter.run(|| Client::new(config.clone(), [7; 32], Instant::START));
    loop {
        let at_tls = crank(&mut client, &mut run);
        assert!(run.meter.peak() <= HEAP, "{} bytes of heap", run.meter.peak());
        if at_tls {
            // What follows is a handshake; whether something came too early depends on the cuts, and acts on nothing.
            run.told.retain(|told| !told.contains("BytesBeforeTls"));
            break;
        }
        if client.is_closed() || client.inbox().is_closed() {
            break;
        }
        let take = cuts.next().min(input.len()).min(client.inbox().room());
        assert!(take > 0 || input.is_empty(), "the client neither reads nor acts");
        run.meter.run(|| match input.is_empty() {
            true => client.inbox().close(),
            false => client.inbox().push(&input[..take]),
        });
        input = &input[take..];
    }
    if !config.cleartext && !client.is_encrypted() {
        for secret in SECRETS {
            assert!(!run.said.windows(secret.len()).any(|part| part == secret), "the password went out in the clear");
        }
    }
    if run.closed {
        assert!(run.open.is_empty(), "requests were left without an end: {:?}", run.open);
    }
    run
}

/// Polls until nothing happens and all is written; whether the session stands before TLS.
fn crank(client: &mut Client, run: &mut Run) -> bool {
    loop {
        let polled = run.meter.run(|| client.poll(Instant::START));
        let wrote = !client.outbox().is_empty();
        match polled {
            Ok(Some(event)) => {
                assert!(!run.closed, "an event after the last one: {event:?}");
                tell(&event, run);
                run.meter.run(|| react(client, event, &mut run.open));
                continue;
            }
            Ok(None) => write(client, run),
            Err(violation) => {
                write(client, run);
                run.told.push(format!("{violation:?}"));
                return violation == Violation::BytesBeforeTls;
            }
        }
        if client.upgrade().is_some() {
            return true;
        }
        if !wrote {
            return false;
        }
    }
}

fn write(client: &mut Client, run: &mut Run) {
    run.said.extend_from_slice(&client.outbox().to_vec());
    run.meter.run(|| {
        let all = client.outbox().remaining();
        client.outbox().advance(all);
    });
}

/// Notes the event; where a body was cut is no part of it.
fn tell(event: &Event, run: &mut Run) {
    if let Some(request) = event.finishes() {
        run.open.remove(&request);
    }
    match event {
        Event::Body { bytes, .. } => {
            assert!(!bytes.is_empty());
            run.body += bytes.len();
        }
        Event::Closed { .. } => {
            run.closed = true;
            run.told.push(format!("{event:?} after {} octets", run.body));
        }
        other => run.told.push(format!("{other:?} after {} octets", run.body)),
    }
}

fn react(client: &mut Client, event: Event, open: &mut HashSet<Request>) {
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
    open.extend(asked.into_iter().flatten());
}
