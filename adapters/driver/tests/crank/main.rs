//! The driver's crank on a stream in memory, with a clock that stands still until it is moved: each turn is seen.

mod endings;
mod reading;
mod relaying;
mod shutdowns;
mod time;
#[path = "../suite/toy.rs"]
#[allow(dead_code)]
mod toy;
#[path = "../suite/wire.rs"]
mod wire;
mod writing;

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use toy::{Rude, Toy};
use wire::Wire;
use wirestate_driver::{Address, Clock, Connection, Error, Info, Next, Options};
use wirestate_machine::Machine;

const SECOND: Duration = Duration::from_secs(1);

fn open<M: Machine>(wire: &Wire, machine: impl FnOnce(wirestate_machine::Instant) -> M) -> Connection<M, Wire> {
    let info = Info::new(Address::Unknown, Address::Unknown);
    let clock = Clock::starting(wire.state().now);
    Connection::open(wire.clone(), info, clock, Options::default(), |_, now| machine(now))
}

fn toy(wire: &Wire) -> Connection<Toy, Wire> {
    open(wire, Toy::new)
}

fn poll<M: Machine>(conn: &mut Connection<M, Wire>) -> Poll<Next<M>> {
    conn.poll_next(&mut Context::from_waker(Waker::noop()))
}

/// The line of the next event, which is answered with itself.
fn echo(conn: &mut Connection<Toy, Wire>) -> String {
    let Poll::Ready(Some(Ok((ticket, line)))) = poll(conn) else { panic!("no line") };
    conn.machine().answer(ticket, &line);
    String::from_utf8(line.to_vec()).unwrap()
}

fn failure(conn: &mut Connection<Toy, Wire>) -> Error<Rude> {
    match poll(conn) {
        Poll::Ready(Some(Err(error))) => {
            assert!(matches!(poll(conn), Poll::Ready(None)), "an error comes once, and then the end");
            error
        }
        other => panic!("no error, but {}", if other.is_pending() { "a wait" } else { "an event or the end" }),
    }
}
