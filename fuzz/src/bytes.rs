//! Any bytes at all to one machine with its application: the same events and output however they are cut, bounded heap, and work that grows with
//! the input.

use std::fmt::Debug;

use bytes::Buf;
use wirestate_machine::{Instant, Machine};

use crate::feed::{Cuts, seed_of};
use crate::meter::Meter;

/// What stands around a machine: what made it, the application behind it, and what must hold of both.
pub trait World {
    /// The machine.
    type Machine: Machine<Event: Debug, Error: Debug>;

    /// Another world for each length of an input.
    fn new(variant: usize) -> Self;

    /// The machine, fresh. Its heap is measured from here on.
    fn machine(&self) -> Self::Machine;

    /// What its peer says before the input, to bring the session to some state; nothing if nothing else is said.
    fn opening(&self) -> &'static [u8] {
        b""
    }

    /// Takes note of an event before it is answered, and gives what is to be the same however the input is cut.
    fn note(&mut self, event: &<Self::Machine as Machine>::Event) -> Option<String>;

    /// Answers it.
    fn answer(&mut self, machine: &mut Self::Machine, event: <Self::Machine as Machine>::Event);

    /// The most heap that the machine may hold now, in bytes.
    fn most_heap(&self) -> isize;

    /// Whether the session ended by what came in the clear after the step to TLS. That depends on the cuts, and acts on nothing.
    fn is_early(violation: &<Self::Machine as Machine>::Error) -> bool;

    /// How much of the output counts where the session stands before TLS: what would follow is a handshake. All of it if nothing else is said.
    fn before_tls(said: &[u8]) -> usize {
        said.len()
    }

    /// What must hold where nothing waits to be written, and the peer has not gone. It may leave no trace.
    fn check_at_rest(&self, _machine: &mut Self::Machine) {}

    /// What must hold in the end.
    fn check(&self, machine: &mut Self::Machine, said: &[u8]);
}

/// What came of an input.
struct Run {
    told: Vec<String>,
    said: Vec<u8>,
    meter: Meter,
}

/// Holds the machine to its laws on this input.
pub fn check<W: World>(input: &[u8]) {
    check_in::<W>(input.len(), input);
}

/// The same in the world of the first octet, for the rest.
pub fn check_in_first<W: World>(input: &[u8]) {
    if let Some((first, rest)) = input.split_first() {
        check_in::<W>(usize::from(*first), rest);
    }
}

fn check_in<W: World>(variant: usize, input: &[u8]) {
    let seed = seed_of(input);
    let whole = run::<W>(input, Cuts::Whole, variant);
    for cuts in [Cuts::Single, Cuts::Random(seed)] {
        let cut = run::<W>(input, cuts, variant);
        assert_eq!(whole.told, cut.told, "the events depend on {cuts:?}");
        assert_eq!(whole.said, cut.said, "the output depends on {cuts:?}");
    }
    if seed % 16 < 4 && !input.is_empty() {
        let once = run::<W>(&input.repeat(4), Cuts::Random(seed), variant);
        let twice = run::<W>(&input.repeat(8), Cuts::Random(seed), variant);
        once.meter.check_linear(&twice.meter);
    }
}

/// Holds a machine that has been polled to its word that it is settled.
fn check_settled<M: Machine<Event: Debug, Error: Debug>>(machine: &mut M) {
    if machine.is_settled() {
        let told = machine.poll(Instant::START);
        assert!(matches!(told, Ok(None)), "it said that it was settled, and told {told:?}");
        assert!(machine.outbox().is_empty(), "it said that it was settled, and had something to say");
    }
}

fn run<W: World>(mut input: &[u8], mut cuts: Cuts, variant: usize) -> Run {
    let mut world = W::new(variant);
    let mut run = Run { told: Vec::new(), said: Vec::new(), meter: Meter::default() };
    // Once for each input is enough.
    let is_checked_at_rest = matches!(cuts, Cuts::Whole);
    let mut machine = run.meter.run(|| world.machine());
    if !world.opening().is_empty() {
        assert!(!crank(&mut machine, &mut world, &mut run), "TLS before the first octet");
        run.meter.run(|| machine.inbox().push(world.opening()));
    }
    loop {
        if crank(&mut machine, &mut world, &mut run) {
            run.said.truncate(W::before_tls(&run.said));
            run.told.retain(|told| !told.contains("BeforeTls"));
            break;
        }
        if machine.is_closed() || machine.inbox().is_closed() {
            break;
        }
        if is_checked_at_rest {
            check_settled(&mut machine);
            world.check_at_rest(&mut machine);
        }
        let take = cuts.next().min(input.len()).min(machine.inbox().room());
        assert!(take > 0 || input.is_empty(), "the machine neither reads nor acts");
        run.meter.run(|| match input.is_empty() {
            true => machine.inbox().close(),
            false => machine.inbox().push(&input[..take]),
        });
        input = &input[take..];
    }
    world.check(&mut machine, &run.said);
    run
}

/// Polls until nothing happens and all is written; whether the session stands before TLS.
fn crank<W: World>(machine: &mut W::Machine, world: &mut W, run: &mut Run) -> bool {
    loop {
        let polled = run.meter.run(|| machine.poll(Instant::START));
        let violation = match polled {
            Ok(Some(event)) => {
                run.told.extend(world.note(&event));
                run.meter.run(|| world.answer(machine, event));
                check_heap(world, run);
                continue;
            }
            Ok(None) => None,
            Err(violation) => Some(violation),
        };
        check_heap(world, run);
        let wrote = write(machine, run);
        if let Some(violation) = violation {
            if W::is_early(&violation) {
                return true;
            }
            run.told.push(format!("{violation:?}"));
            return false;
        }
        if machine.upgrade().is_some() {
            return true;
        }
        if !wrote {
            return false;
        }
    }
}

fn check_heap<W: World>(world: &W, run: &Run) {
    assert!(run.meter.peak() <= world.most_heap(), "{} bytes of heap", run.meter.peak());
}

fn write<M: Machine>(machine: &mut M, run: &mut Run) -> bool {
    run.said.extend_from_slice(&machine.outbox().to_vec());
    let wrote = !machine.outbox().is_empty();
    run.meter.run(|| {
        let all = machine.outbox().remaining();
        machine.outbox().advance(all);
    });
    wrote
}

/// An event without the numbers of tickets.
pub fn without_tickets(event: &impl Debug) -> String {
    let text = format!("{event:?}");
    text.split("Ticket#").enumerate().fold(String::new(), |mut all, (index, part)| {
        all += if index == 0 { part } else { part.trim_start_matches(|digit: char| digit.is_ascii_digit()) };
        all
    })
}

/// No secret among these has gone out.
pub fn check_secrets(said: &[u8], secrets: &[&[u8]]) {
    for secret in secrets {
        assert!(!said.windows(secret.len()).any(|part| part == *secret), "a password went out in the clear");
    }
}
