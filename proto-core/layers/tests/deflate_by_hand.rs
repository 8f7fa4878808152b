//! DEFLATE switched on and off by hand, as on the links of IRC servers.

mod common;

use common::*;
use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use proptest::prelude::*;
use wirestate_layers::deflate::{At, Format};
use wirestate_layers::{Deflate, Error, Trace};
use wirestate_machine::redact::Nothing;
use wirestate_machine::{Instant, Machine, Upgrade};

const NOW: Instant = Instant::START;

fn link() -> Deflate<Toy> {
    Deflate::new(Toy::new()).with_format(Format::Zlib)
}

/// Polls until nothing more happens; where the other end says that it compresses from there on, takes it so.
fn settle_link(link: &mut Deflate<Toy>) {
    while let Some(event) = link.poll(NOW).unwrap() {
        if event == Event::Line("ON\n".into()) {
            link.compress_input();
        }
    }
}

fn is_plain(link: &Deflate<Toy>) -> bool {
    link.channel().deflate.is_none()
}

#[test]
fn two_servers_switch_in_the_middle_of_a_segment_and_lose_nothing() {
    let (mut hub, mut leaf) = (link(), link());
    leaf.say(b"SERVER leaf\n");
    carry(&mut leaf, &mut hub, usize::MAX);
    assert_eq!(hub.poll(NOW), Ok(Some(Event::Line("SERVER leaf\n".into()))));
    hub.say(b"SERVER hub\n");
    hub.compress(At::NextFlush);
    hub.say(b"BURST\nBURST\n");
    let wire = hub.outbox().drain();
    // All in one segment, plain and compressed.
    assert!(wire.starts_with(b"SERVER hub\n\x78"));
    leaf.inbox().push(&wire);
    assert_eq!(leaf.poll(NOW), Ok(Some(Event::Line("SERVER hub\n".into()))));
    leaf.compress(At::Now);
    assert!(leaf.is_compressed() && hub.is_compressed());
    settle(&mut leaf, NOW).unwrap();
    assert_eq!(leaf.lines()[1..], [b"BURST\n", b"BURST\n"]);
    // Each batch can be read at once.
    for round in 0..3 {
        leaf.say(b"PING\n");
        run(&mut leaf, &mut hub, || 1).0.unwrap();
        assert_eq!(hub.lines().len(), 2 + round);
    }
    let (ours, theirs) = (leaf.channel().deflate.unwrap(), hub.channel().deflate.unwrap());
    assert_eq!((ours.plain_out, ours.wire_out), (theirs.plain_in, theirs.wire_in));
    assert_eq!((ours.plain_out, theirs.plain_out), (15, 12));
}

#[test]
fn a_switch_that_came_with_the_end_of_input_still_counts() {
    let mut link = link();
    link.inbox().push(&[b"ON\n", &compress_to_vec_zlib(b"one\ntwo\n", 6)[..], b"plain\nrest"].concat());
    link.inbox().close();
    settle_link(&mut link);
    assert_eq!(link.lines(), [&b"ON\n"[..], b"one\n", b"two\n", b"plain\n"]);
    assert_eq!(link.events.last(), Some(&Event::Ended));
    assert!(is_plain(&link));
}

#[test]
fn a_stream_that_is_cut_off_ends_the_input() {
    let mut link = link();
    let stream = compress_to_vec_zlib(&b"one\n".repeat(50), 0);
    link.inbox().push(&[b"ON\n", &stream[..stream.len() - 8]].concat());
    settle_link(&mut link);
    assert!(!link.is_closed());
    link.inbox().close();
    settle_link(&mut link);
    assert_eq!(link.events.last(), Some(&Event::Ended));
    assert!(link.is_closed());
}

#[test]
fn now_compresses_what_waits_and_the_next_flush_does_not() {
    for (at, plain) in [(At::Now, false), (At::NextFlush, true)] {
        let mut link = link();
        link.say(b"waiting\n");
        link.compress_output(at);
        link.say(b"later\n");
        let wire = link.outbox().drain();
        assert_eq!(wire.starts_with(b"waiting\n"), plain);
        let deflation = link.channel().deflate.unwrap();
        assert_eq!(deflation.plain_out, if plain { 6 } else { 14 });
        assert!(!link.is_compressed());
    }
}

#[test]
fn after_the_end_of_the_stream_nothing_of_the_layer_is_left() {
    let (mut one, mut other) = (link(), link());
    for round in 1..=3 {
        one.say(b"ON\n");
        one.compress_output(At::NextFlush);
        one.say(b"squeezed\n");
        one.decompress();
        one.decompress();
        one.say(b"plain\n");
        let wire = one.outbox().drain();
        assert!(wire.ends_with(b"plain\n") && !wire.windows(8).any(|bytes| bytes == b"squeezed"));
        other.inbox().push(&wire);
        settle_link(&mut other);
        settle_link(&mut one);
        assert_eq!(other.lines().len(), 3 * round);
        assert!(is_plain(&one) && is_plain(&other));
    }
    one.say(b"as it is");
    assert_eq!(one.outbox().drain(), b"as it is");
}

#[test]
fn to_switch_twice_is_to_switch_once() {
    let mut link = link();
    link.compress(At::Now);
    link.say(b"one\n");
    let first = link.outbox().drain();
    link.compress(At::Now);
    link.compress(At::NextFlush);
    link.say(b"one\n");
    let stream = [first, link.outbox().drain()].concat();
    assert_eq!(link.channel().deflate.unwrap().plain_out, 8);
    assert_eq!(link.channel().deflate.unwrap().wire_out, stream.len() as u64);
}

#[test]
fn the_machine_s_own_wish_comes_too_late() {
    let mut link = Deflate::new(Toy::new());
    link.compress_output(At::Now);
    link.inbox().push(b"COMPRESS\n");
    link.poll(NOW).unwrap();
    link.outbox().drain();
    assert_eq!(link.poll(NOW), Err(Error::Deflate(wirestate_layers::deflate::Failure::Twice)));
}

#[test]
fn the_machine_s_own_wish_may_come_after_a_link_was_plain_again() {
    let (mut one, mut other) = (link(), link());
    one.say(b"ON\n");
    one.compress_output(At::NextFlush);
    one.decompress();
    one.ask(Upgrade::Deflate);
    for _ in 0..50 {
        settle_link(&mut one);
        settle_link(&mut other);
        carry(&mut one, &mut other, 3);
        carry(&mut other, &mut one, 3);
    }
    assert!(one.is_compressed() && other.is_compressed());
}

#[test]
fn a_bomb_is_bounded_by_hand_too() {
    let mut link = Deflate::new(Toy::new());
    link.compress_input();
    let bomb = compress_to_vec(&vec![b'x'; 16 << 20], 9);
    let mut bomb = &bomb[..];
    let error = loop {
        bomb = &bomb[link.inbox().push_some(bomb)..];
        if let Err(error) = settle(&mut link, NOW) {
            break error;
        }
    };
    assert_eq!(error, Error::Inner(LineTooLong));
    assert!(link.channel().deflate.unwrap().plain_in <= 16 * 1024);
}

#[test]
fn a_transcript_inside_sees_what_was_said() {
    let (sender, records) = std::sync::mpsc::channel();
    let toy = Trace::new(Toy::new(), Nothing, move |record| sender.send(record.to_string()).unwrap());
    let mut link = Deflate::new(toy);
    link.compress_output(At::NextFlush);
    link.say(b"squeezed\n");
    link.decompress();
    link.say(b"plain\n");
    assert!(link.outbox().drain().ends_with(b"plain\n"));
    link.flush();
    let transcript: String = records.try_iter().collect();
    assert!(transcript.contains("squeezed") && transcript.contains("plain"), "{transcript}");
}

/// What one end does, between the pieces that the wire carries.
#[derive(Clone, Debug)]
enum Step {
    Say(String),
    On,
    Off,
    Wait,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => "[a-z]{0,30}\n".prop_map(Step::Say),
        1 => Just(Step::Say(format!("{}\n", "far ".repeat(500)))),
        2 => Just(Step::On),
        2 => Just(Step::Off),
        3 => Just(Step::Wait),
    ];
    prop::collection::vec(step, 0..40)
}

/// Takes steps up to the next pause. Says what the other end must hear.
fn act(link: &mut Deflate<Toy>, steps: &mut std::vec::IntoIter<Step>, said: &mut Vec<Vec<u8>>, on: &mut bool) {
    for step in steps {
        match step {
            Step::Say(line) => {
                link.say(line.as_bytes());
                said.push(line.into_bytes());
            }
            Step::On if !*on => {
                link.say(b"ON\n");
                said.push(b"ON\n".to_vec());
                link.compress_output(At::NextFlush);
                *on = true;
            }
            Step::Off => {
                link.decompress();
                *on = false;
            }
            Step::On => {}
            Step::Wait => break,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn on_and_off_and_on_again_loses_nothing(ours in steps(), theirs in steps(), seed in any::<u64>(), most in prop::sample::select(vec![1usize, 3, 40, 5000]), zlib in any::<bool>()) {
        let format = if zlib { Format::Zlib } else { Format::Raw };
        let (mut one, mut other) = (link().with_format(format), link().with_format(format));
        let mut dice = Dice(seed);
        let (mut ours, mut theirs) = (ours.into_iter(), theirs.into_iter());
        let (mut said, mut on) = ((Vec::new(), Vec::new()), (false, false));
        loop {
            act(&mut one, &mut ours, &mut said.0, &mut on.0);
            act(&mut other, &mut theirs, &mut said.1, &mut on.1);
            let mut moved = false;
            for _ in 0..4 {
                moved |= carry(&mut one, &mut other, 1 + dice.below(most));
                settle_link(&mut other);
                moved |= carry(&mut other, &mut one, 1 + dice.below(most));
                settle_link(&mut one);
            }
            if !moved && ours.as_slice().is_empty() && theirs.as_slice().is_empty() {
                break;
            }
        }
        prop_assert_eq!(other.lines(), said.0);
        prop_assert_eq!(one.lines(), said.1);
        prop_assert_eq!(is_plain(&one), on == (false, false));
        prop_assert_eq!(is_plain(&other), on == (false, false));
    }
}
