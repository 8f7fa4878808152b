//! Messages for a connection that waits: they are written, and nothing else is looked at that cannot have changed.

use std::io::ErrorKind;
use std::task::Poll;

use bytes::Bytes;
use wirestate_driver::{Connection, Error};
use wirestate_machine::Machine;

use crate::toy::Toy;
use crate::wire::Wire;
use crate::{SECOND, echo, failure, open, poll, toy};

const NEWS: Bytes = Bytes::from_static(b"news\r\n");

/// A connection that waits, on a stream that says that it has not called.
fn waiting(wire: &Wire) -> Connection<Toy, Wire> {
    let mut conn = toy(wire);
    assert!(poll(&mut conn).is_pending());
    wire.state().quiet = true;
    conn
}

/// How often the stream was read, and the clock.
fn looks(wire: &Wire) -> (usize, usize) {
    let state = wire.state();
    (state.reads, state.clock_reads)
}

#[test]
fn who_waits_only_writes() {
    let wire = Wire::new();
    let mut conn = waiting(&wire);
    let (handle, before) = (conn.handle(), looks(&wire));
    for _ in 0..3 {
        handle.send(&NEWS).unwrap();
        handle.send(&NEWS).unwrap();
        wire.pass(SECOND);
        assert!(poll(&mut conn).is_pending());
    }
    assert_eq!(looks(&wire), before);
    assert_eq!(wire.state().writes, [b"news\r\nnews\r\n"; 3]);
    assert_eq!((handle.stats().traffic.relayed, handle.stats().waiting), (6, 0));
}

#[test]
fn what_the_peer_says_meanwhile_is_heard() {
    let wire = Wire::new();
    let mut conn = waiting(&wire);
    conn.handle().send(&NEWS).unwrap();
    wire.send(b"hello\r\n");
    wire.state().quiet = false;
    assert_eq!(echo(&mut conn), "hello\r\n");
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.said(), "news\r\nhello\r\n");
}

#[test]
fn what_else_handles_ask_for_is_done() {
    let wire = Wire::new();
    let mut conn = waiting(&wire);
    let handle = conn.handle();
    handle.send(&NEWS).unwrap();
    handle.tell(|toy| toy.shutdown()).unwrap();
    handle.send(&NEWS).unwrap();
    wire.state().eof = true;
    assert!(matches!(poll(&mut conn), Poll::Ready(None)));
    assert_eq!(wire.said(), "news\r\nnews\r\ngoing\r\n");
}

#[test]
fn a_machine_that_was_touched_is_asked() {
    let wire = Wire::new();
    let mut conn = waiting(&wire);
    let due = wire.alarm();
    conn.machine().shutdown();
    conn.handle().send(&NEWS).unwrap();
    wire.state().eof = true;
    assert!(due.is_some() && matches!(poll(&mut conn), Poll::Ready(None)));
    assert_eq!(wire.said(), "news\r\ngoing\r\n");
}

#[test]
fn a_peer_that_takes_a_part_has_its_time_from_then_on() {
    let wire = Wire::new();
    let mut conn = open(&wire, |now| Toy::with_idle(now, 1000 * SECOND));
    assert!(poll(&mut conn).is_pending());
    wire.state().quiet = true;
    wire.state().window = 4;
    wire.pass(20 * SECOND);
    conn.handle().send(&NEWS).unwrap();
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.said(), "news");
    assert_eq!(wire.alarm(), Some(60 * SECOND));
    wire.state().window = usize::MAX;
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.said(), "news\r\n");
}

#[test]
fn a_write_that_fails_is_told() {
    let wire = Wire::new();
    let mut conn = waiting(&wire);
    wire.state().broken_write = Some(ErrorKind::BrokenPipe);
    conn.handle().send(&NEWS).unwrap();
    assert!(matches!(failure(&mut conn), Error::Write(error) if error.kind() == ErrorKind::BrokenPipe));
}
