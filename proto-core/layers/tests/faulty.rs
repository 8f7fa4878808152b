//! A connection that breaks by a script.

mod common;

use std::time::Duration;

use common::*;
use proptest::prelude::*;
use wirestate_layers::tls::Failure;
use wirestate_layers::{Error, Fault, Faulty, Script, Tls};
use wirestate_machine::redact::Direction::{In, Out};
use wirestate_machine::{Instant, Machine};

const NOW: Instant = Instant::START;

/// What the machine makes of this input, in pieces of `size`.
fn lines(script: &Script, input: &[u8], size: usize) -> Vec<Event> {
    let mut faulty = Faulty::new(Toy::new(), script);
    for piece in input.chunks(size) {
        faulty.inbox().push(piece);
        settle(&mut faulty, NOW).unwrap();
    }
    faulty.into_inner().events
}

fn line(text: &'static str) -> Event {
    Event::Line(text.into())
}

#[test]
fn each_fault_happens_at_its_place_however_the_input_was_cut() {
    let input = b"one\ntwo\nthree\n";
    for size in 1..=input.len() {
        let events = |script: Script| lines(&script, input, size);
        assert_eq!(events(Script::new()), [line("one\n"), line("two\n"), line("three\n")]);
        assert_eq!(events(Script::new().at(In, 1, Fault::Drop(4))), [line("owo\n"), line("three\n")]);
        assert_eq!(events(Script::new().at(In, 4, Fault::Flip(1)))[1], line("vwo\n"));
        assert_eq!(
            events(Script::new().at(In, 4, Fault::Duplicate(4))),
            [line("one\n"), line("two\n"), line("two\n"), line("three\n")]
        );
        assert_eq!(events(Script::new().at(In, 6, Fault::End)), [line("one\n"), Event::Ended]);
        assert_eq!(events(Script::new().at(In, 5, Fault::Delay(Duration::from_secs(1)))), [line("one\n")]);
    }
}

#[test]
fn a_delay_ends_by_the_clock() {
    let wait = Duration::from_secs(30);
    let mut faulty =
        Faulty::new(Toy::new(), &Script::new().at(In, 0, Fault::Delay(wait)).at(Out, 1, Fault::Delay(wait)));
    faulty.inbox().push(b"BYE\n");
    settle(&mut faulty, NOW).unwrap();
    assert_eq!(faulty.events, []);
    assert_eq!(faulty.deadline(), Some(NOW + wait));
    settle(&mut faulty, NOW + wait).unwrap();
    assert_eq!(faulty.events, [line("BYE\n")]);
    assert_eq!(faulty.outbox().drain(), b"b");
    assert!(!faulty.is_closed());
    assert_eq!(faulty.deadline(), Some(NOW + wait + wait));
    settle(&mut faulty, NOW + wait + wait).unwrap();
    assert_eq!(faulty.outbox().drain(), b"ye\n");
    assert!(faulty.is_closed());
}

#[test]
fn output_that_ends_early_closes() {
    let mut faulty = Faulty::new(Toy::new(), &Script::new().at(Out, 2, Fault::End));
    faulty.say(b"hello\n");
    assert_eq!(faulty.outbox().drain(), b"he");
    assert!(faulty.is_closed());
}

#[test]
fn tls_notices_every_change() {
    let trust = trust(&[]);
    for fault in [Fault::Flip(0), Fault::Drop(1), Fault::Duplicate(1)] {
        let server = Tls::server(Toy::implicit(), trust.server.clone());
        let mut server = Faulty::new(server, &Script::new().at(In, 2000, fault));
        let mut client = Tls::client(Toy::implicit(), trust.client.clone(), mail_example());
        run(&mut client, &mut server, || usize::MAX).0.unwrap();
        let mut ends = (Ok(()), Ok(()));
        for _ in 0..40 {
            client.say(b"a line that goes over the faulty wire, and another one like it\n");
            ends = run(&mut client, &mut server, || 500);
        }
        assert!(matches!(ends.1, Err(Error::Tls(Failure::Record(_)))), "{fault:?}: {ends:?}");
        assert!(matches!(ends.0, Err(Error::Tls(Failure::Record(_)))), "{fault:?}: {ends:?}");
    }
}

proptest! {
    #[test]
    fn any_script_is_cut_invariant(seed in any::<u64>(), size in 1usize..40) {
        let script = Script::random(seed, 6, 200);
        let input = b"some line or other\n".repeat(12);
        prop_assert_eq!(lines(&script, &input, size), lines(&script, &input, input.len()));
    }
}
