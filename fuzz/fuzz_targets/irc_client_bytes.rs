//! Anything at all as what a server says to an IRC client whose program joins, asks and answers.
//!
//! No panic; the same events and output however the input is cut; each request ends once; no password in the clear where that is not
//! allowed; bounded heap; work that grows with the input.

#![no_main]

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Buf;
use irc_proto::client::{
    Client, Config, CtcpAnswers, Event, History, Identity, Limits, Pacing, RequestId, TlsPolicy, Tracking, Violation,
    tracker,
};
use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::feed::{Cuts, seed_of};
use wirestate_fuzz::meter::Meter;
use wirestate_machine::{Instant, Machine};
use wirestate_sasl::client::Credentials;

const HEAP: isize = 512 * 1024;
/// The passwords, plain and as PLAIN writes the one of the login.
const SECRETS: [&[u8]; 3] = [b"letmein", b"pencil", b"AGFubgBwZW5jaWw"];

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

struct Run {
    told: Vec<String>,
    said: Vec<u8>,
    open: HashSet<RequestId>,
    closed: bool,
    meter: Meter,
}

fn client(config: &Arc<Config>) -> Client {
    let login = Credentials::password("ann", "pencil").expect("lawful");
    let ada = Identity::new("ada", "ada", "Ada").and_then(|ada| ada.password("letmein")).expect("lawful");
    let mut client = Client::new(config.clone(), ada.login(login), [7; 32], Instant::START);
    client.plugins().add("ctcp", CtcpAnswers::new().version("fuzz")).expect("the only one");
    client
}

fn run(mut input: &[u8], mut cuts: Cuts, variant: usize) -> Run {
    let config = Arc::new(config(variant));
    let mut run =
        Run { told: Vec::new(), said: Vec::new(), open: HashSet::new(), closed: false, meter: Meter::default() };
    let mut client = run.meter.run(|| client(&config));
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
            assert!(!run.said.windows(secret.len()).any(|part| part == secret), "a password went out in the clear");
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

fn tell(event: &Event, run: &mut Run) {
    if let Some(request) = event.finishes() {
        assert!(run.open.remove(&request), "a request ended twice");
    }
    run.closed |= matches!(event, Event::Closed(_));
    run.told.push(format!("{event:?}"));
}

fn react(client: &mut Client, event: Event, open: &mut HashSet<RequestId>) {
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
            open.extend(asked.into_iter().flatten());
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
