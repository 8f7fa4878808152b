//! Connections on a [`Wire`] that are polled by hand.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use wirestate_driver::{Address, Clock, Connection, Error, Info, Next, Options};
use wirestate_machine::{Instant, Machine};

use super::notes::Notes;
use super::toy::{Rude, Toy};
use super::wire::Wire;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn open<M: Machine>(
    wire: &Wire,
    options: Options,
    machine: impl FnOnce(Instant) -> M,
) -> Connection<M, Wire> {
    let info = Info::new(Address::Unknown, Address::Unknown);
    let clock = Clock::starting(wire.state().now);
    Connection::open(wire.clone(), info, clock, options, |_, now| machine(now))
}

pub(crate) fn toy(wire: &Wire, options: Options) -> Connection<Toy, Wire> {
    open(wire, options, Toy::new)
}

/// A connection with an observer.
pub(crate) fn observed(wire: &Wire, options: Options) -> (Connection<Toy, Wire>, Notes) {
    let (observer, notes) = Notes::new();
    let conn = toy(wire, options).observe(observer);
    assert_eq!(notes.so_far(), ["connected"]);
    (conn, notes)
}

pub(crate) fn poll<M: Machine>(conn: &mut Connection<M, Wire>) -> Poll<Next<M>> {
    conn.poll_next(&mut Context::from_waker(Waker::noop()))
}

/// Polls `future` once.
pub(crate) fn once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// The next line, which is answered with itself.
pub(crate) fn echo(conn: &mut Connection<Toy, Wire>) -> String {
    let Poll::Ready(Some(Ok((ticket, line)))) = poll(conn) else { panic!("no line") };
    conn.machine().answer(ticket, &line);
    String::from_utf8(line.to_vec()).unwrap()
}

/// The error that comes now.
pub(crate) fn failure(conn: &mut Connection<Toy, Wire>) -> Error<Rude> {
    match poll(conn) {
        Poll::Ready(Some(Err(error))) => error,
        other => panic!("no error, but {}", if other.is_pending() { "a wait" } else { "an event or the end" }),
    }
}

pub(crate) fn is_over<M: Machine>(conn: &mut Connection<M, Wire>) -> bool {
    matches!(poll(conn), Poll::Ready(None))
}
