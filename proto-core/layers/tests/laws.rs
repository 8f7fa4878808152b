//! The layers under the laws of machines, and what a session through them costs.

mod common;

use std::num::NonZeroU32;
use std::time::Duration;

use common::*;
use miniz_oxide::deflate::compress_to_vec;
use wirestate_layers::deflate::At;
use wirestate_layers::tls::rustls::client::Resumption;
use wirestate_layers::tls::rustls::server::NoServerSessionStorage;
use wirestate_layers::{Deflate, Faulty, Rate, Script, Throttle, Tls, Trace};
use wirestate_machine::redact::Nothing;
use wirestate_machine::{Instant, Machine, Relay, Upgrade};
use wirestate_testing::{Broken, Cuts, End, Heap, Pair, Sample, Subject, Trouble, laws, subject};

#[global_allocator]
static HEAP: Heap = Heap;

/// What the laws ask of a layer. The toy has no deadlines, so that it is not asked whether it is alive.
fn check(subject: &impl Subject, samples: &[Sample]) -> Result<(), Broken> {
    for sample in samples {
        laws::pure(subject, sample)?;
        laws::cut_invariant(subject, sample, &Cuts::Sizes(vec![3, 7, 1, 40]))?;
        for seed in 0..40 {
            laws::total(subject, sample, seed)?;
        }
        laws::bounded(subject, sample)?;
        laws::linear(subject, sample, b"one\n")?;
    }
    Ok(())
}

fn samples() -> Vec<Sample> {
    vec![
        b"one\ntwo\nBYE\n".into(),
        Sample::new().then(b"one\nCOMPRESS\n").then(&compress_to_vec(b"two\nthree\nBYE\n", 6)),
        Sample::new().then(b"STARTTLS\n").then(b"two\nhalf a").end(),
    ]
}

/// Two outboxes, of 64 KiB and of 32, that grow by doubling, and the inboxes.
const LIMIT: usize = 256 * 1024;
/// That, and what a compressed stream holds.
const COMPRESSED: usize = LIMIT + 400 * 1024;

#[test]
fn a_layer_that_is_not_active_keeps_the_laws() -> Result<(), Broken> {
    let trust = trust(&[]);
    check(
        &subject(move |_| Tls::server(Toy::forgetful(), trust.server.clone()), |_, _, _| {}).with_limit(LIMIT),
        &samples()[..1],
    )
}

#[test]
fn deflate_keeps_the_laws() -> Result<(), Broken> {
    check(&subject(|_| Deflate::new(Toy::forgetful()), |_, _, _| {}).with_limit(COMPRESSED), &samples())
}

#[test]
fn deflate_by_hand_keeps_the_laws() -> Result<(), Broken> {
    let switch = |link: &mut Deflate<Toy>, event, _| {
        if event == Event::Line("ON\n".into()) {
            link.compress(At::NextFlush);
        } else if event == Event::Line("OFF\n".into()) {
            link.decompress();
        }
    };
    let stream = compress_to_vec(b"two\nOFF\nthree\n", 6);
    let samples = [
        Sample::new().then(b"one\nON\n").then(&stream).then(b"four\nBYE\n"),
        Sample::from(&[b"one\nON\n", &stream[..], b"ON\n", &stream, b"half a"].concat()[..]).end(),
    ];
    check(&subject(|_| Deflate::new(Toy::forgetful()), switch).with_limit(COMPRESSED), &samples)
}

#[test]
fn a_tls_handshake_keeps_alive() -> Result<(), Broken> {
    let trust = trust(&[]);
    let mut client = Tls::client(Toy::implicit(), trust.client.clone(), mail_example());
    settle(&mut client, Instant::START).unwrap();
    let hello = client.outbox().drain();
    let server = subject(move |_| Tls::server(Toy::implicit(), trust.server.clone()), |_, _, _| {});
    laws::alive(&server, &Sample::from(&hello[..]))
}

#[test]
fn trace_keeps_the_laws() -> Result<(), Broken> {
    check(&subject(|_| Trace::new(Toy::forgetful(), Nothing, drop), |_, _, _| {}).with_limit(LIMIT), &samples())
}

#[test]
fn throttle_keeps_the_laws() -> Result<(), Broken> {
    let rate = NonZeroU32::new(1 << 30).map(|bytes| Rate { per_second: bytes, burst: bytes });
    check(&subject(move |_| Throttle::new(Toy::forgetful(), rate, rate), |_, _, _| {}).with_limit(LIMIT), &samples())
}

#[test]
fn faulty_keeps_the_laws() -> Result<(), Broken> {
    let script = Script::random(3, 4, 40);
    check(&subject(move |_| Faulty::new(Toy::forgetful(), &script), |_, _, _| {}).with_limit(LIMIT), &samples()[..1])
}

#[test]
fn what_is_added_before_a_switch_acts_on_nothing_through_any_layer() -> Result<(), Broken> {
    let sample = Sample::new().then(b"one\nSTARTTLS\n").then(b"two\n");
    let injected = b"DELE 1\nDELE 2\n";
    let rate = NonZeroU32::new(1 << 30).map(|bytes| Rate { per_second: bytes, burst: bytes });
    laws::upgrade_safe(&subject(|_| Toy::new(), |_, _, _| {}), &sample, injected)?;
    laws::upgrade_safe(&subject(|_| Deflate::new(Toy::new()), |_, _, _| {}), &sample, injected)?;
    laws::upgrade_safe(&subject(|_| Trace::new(Toy::new(), Nothing, drop), |_, _, _| {}), &sample, injected)?;
    laws::upgrade_safe(&subject(move |_| Throttle::new(Toy::new(), rate, rate), |_, _, _| {}), &sample, injected)?;
    laws::upgrade_safe(&subject(|_| Faulty::new(Toy::new(), &Script::new()), |_, _, _| {}), &sample, injected)
}

#[test]
fn a_pair_talks_through_all_layers_at_once() -> Result<(), Broken> {
    let trust = trust(&[]);
    let wrap = |toy| Deflate::new(Trace::new(toy, Nothing, drop));
    let rate = NonZeroU32::new(4000).map(|bytes| Rate { per_second: bytes, burst: bytes });
    let client = Tls::client(wrap(Toy::new()), trust.client.clone(), mail_example());
    let server = Tls::server(wrap(Toy::new()), trust.server.clone());
    let mut pair = Pair::new(Throttle::new(client, rate, rate), Throttle::new(server, rate, rate))
        .with_cuts(5, 700)
        .with_latency(Duration::from_millis(20));
    let second = Duration::from_secs(1);
    pair.client.machine.ask(Upgrade::Tls);
    pair.advance(2 * second)?;
    pair.client.machine.ask(Upgrade::Deflate);
    pair.advance(second)?;
    pair.client.machine.say(b"hello\nBYE\n");
    pair.run_to_end(second)?;
    assert_eq!(pair.server.machine.lines(), [&b"STARTTLS\n"[..], b"COMPRESS\n", b"hello\n", b"BYE\n"]);
    assert_eq!(pair.client.machine.lines(), [&b"GO\n"[..], b"GO\n", b"bye\n"]);
    assert!(pair.server.machine.is_encrypted() && pair.server.machine.is_compressed());
    Ok(())
}

#[test]
fn one_encoding_goes_through_all_layers() -> Result<(), Broken> {
    let trust = trust(&[]);
    let rate = NonZeroU32::new(1 << 30).map(|bytes| Rate { per_second: bytes, burst: bytes });
    let wrap = |toy| Trace::new(Throttle::new(Faulty::new(toy, &Script::new()), rate, rate), Nothing, drop);
    let client = Deflate::new(Tls::client(wrap(Toy::implicit()), trust.client.clone(), mail_example()));
    let server = Deflate::new(Tls::server(wrap(Toy::implicit()), trust.server.clone()));
    let mut pair = Pair::new(client, server);
    pair.run()?;
    pair.server.machine.relay(&b"to all\n"[..].into());
    pair.run()?;
    assert_eq!(pair.client.machine.lines(), [b"to all\n"]);
    let client = &pair.client.machine;
    assert!(client.channel().tls && client.tls_facts().is_some());
    Ok(())
}

#[test]
fn a_connection_cut_anywhere_ends_both_sides() {
    let trust = trust(&[]);
    for place in (0..3000).step_by(37) {
        let client = Tls::client(Toy::implicit(), trust.client.clone(), mail_example());
        let server = Tls::server(Toy::implicit(), trust.server.clone());
        let mut pair = Pair::new(client, server)
            .with_trouble(End::Client, Trouble::End(place))
            .with_trouble(End::Server, Trouble::End(place));
        pair.run().unwrap();
        for _ in 0..30 {
            pair.client.machine.say(&[&[b'x'; 99][..], b"\n"].concat());
            pair.server.machine.say(&[&[b'x'; 99][..], b"\n"].concat());
        }
        pair.run().unwrap();
        assert!(pair.server.machine.is_closed(), "cut at {place}");
        assert!(pair.client.machine.is_closed(), "cut at {place}");
    }
}

/// The heap of the server's side alone, after a handshake and a line each way.
fn idle_tls(trust: &Trust) -> usize {
    let mut server_config = (*trust.server).clone();
    server_config.session_storage = std::sync::Arc::new(NoServerSessionStorage {});
    let mut client_config = (*trust.client).clone();
    client_config.resumption = Resumption::disabled();
    let (server_config, client_config) = (std::sync::Arc::new(server_config), std::sync::Arc::new(client_config));
    let (server, usage) = Heap::measure(|| {
        let mut client = Tls::client(Toy::implicit(), client_config.clone(), mail_example());
        let mut server = Tls::server(Toy::implicit(), server_config.clone());
        run(&mut client, &mut server, || usize::MAX).0.unwrap();
        client.say(b"hello\n");
        server.say(b"hello\n");
        run(&mut client, &mut server, || usize::MAX).0.unwrap();
        server.facts = None;
        server.events = Vec::new();
        server
    });
    assert!(server.is_encrypted());
    usize::try_from(usage.live).unwrap()
}

#[test]
fn an_idle_tls_session_is_small() {
    let trust = trust(&[]);
    idle_tls(&trust);
    let heap = idle_tls(&trust);
    println!("an idle TLS session holds {heap} bytes of heap, and {} beside it", size_of::<Tls<()>>());
    assert!(heap + size_of::<Tls<()>>() < 9 * 1024, "{heap} bytes");
}

#[test]
fn layers_that_are_not_active_hold_nothing() {
    let trust = trust(&[]);
    let (mut idle, usage) = Heap::measure(|| {
        let mut idle = Tls::server(Deflate::new(Trace::<_, Nothing>::silent(Toy::new())), trust.server.clone());
        idle.inbox().push(b"hello\n");
        settle(&mut idle, Instant::START).unwrap();
        idle.events = Vec::new();
        idle
    });
    assert_eq!(usage.live, 0);
    assert!(idle.outbox().is_empty());
}

#[test]
fn a_link_that_is_plain_again_holds_nothing() {
    let stream = compress_to_vec(b"one\n", 6);
    let (link, usage) = Heap::measure(|| {
        let mut link = Deflate::new(Toy::forgetful());
        link.compress(At::Now);
        link.inbox().push(&stream);
        settle(&mut link, Instant::START).unwrap();
        link.decompress();
        link.outbox().drain();
        settle(&mut link, Instant::START).unwrap();
        link
    });
    assert_eq!(link.channel().deflate, None);
    assert_eq!(usage.live, 0);
}
