//! Messages for a connection that waits: they are written, and nothing else is looked at that cannot have changed.

use std::io::ErrorKind;
use std::task::Poll;

use bytes::Bytes;
use wirestate_driver::{Address, Clock, Connection, Error, Info, OnError, Options};
use wirestate_machine::Machine;

use crate::toy::{OPAQUE, Toy};
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

/// How often the stream was written to, and flushed.
fn pushed(wire: &Wire) -> (usize, usize) {
    let state = wire.state();
    (state.writes.len(), state.flushes)
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
fn what_the_machine_would_only_pass_on_goes_past_it() {
    let wire = Wire::new();
    let mut conn = waiting(&wire);
    let (handle, before) = (conn.handle(), looks(&wire));
    for message in [NEWS, OPAQUE, NEWS] {
        handle.send(&message).unwrap();
        assert!(poll(&mut conn).is_pending());
    }
    assert_eq!(looks(&wire), before);
    assert_eq!((wire.said().as_str(), pushed(&wire)), ("news\r\nolds\r\nnews\r\n", (3, 3)));
    let traffic = handle.stats().traffic;
    assert_eq!((traffic.relayed, traffic.written), (3, 18));
    assert_eq!(conn.machine().relayed, 1);
}

#[test]
fn two_at_once_leave_in_one_write() {
    let wire = Wire::new();
    let mut conn = waiting(&wire);
    for message in [NEWS, OPAQUE] {
        conn.handle().send(&message).unwrap();
    }
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.state().writes, [b"news\r\nolds\r\n"]);
}

#[test]
fn nothing_goes_past_a_machine_that_is_not_settled() {
    let wire = Wire::new();
    let mut conn = waiting(&wire);
    wire.state().quiet = false;
    wire.send(b"hel");
    conn.handle().send(&NEWS).unwrap();
    assert!(poll(&mut conn).is_pending());
    wire.state().quiet = true;
    conn.handle().send(&NEWS).unwrap();
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.said(), "news\r\nnews\r\n");
    assert_eq!(conn.machine().relayed, 2);
}

#[test]
fn a_stream_that_gathers_is_pushed_on_later() {
    for message in [NEWS, OPAQUE] {
        let wire = Wire::new();
        let mut conn = waiting(&wire);
        wire.state().flush_pending = true;
        conn.handle().send(&message).unwrap();
        assert!(poll(&mut conn).is_pending());
        assert_eq!(pushed(&wire), (1, 0));
        wire.state().flush_pending = false;
        assert!(poll(&mut conn).is_pending());
        assert_eq!(pushed(&wire), (1, 1));
    }
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
fn a_peer_that_takes_a_part_or_nothing_has_its_time_from_then_on() {
    for (message, window) in [(NEWS, 4), (OPAQUE, 4), (NEWS, 0), (OPAQUE, 0)] {
        let wire = Wire::new();
        let mut conn = open(&wire, |now| Toy::with_idle(now, 1000 * SECOND));
        assert!(poll(&mut conn).is_pending());
        wire.state().quiet = true;
        wire.state().window = window;
        wire.pass(20 * SECOND);
        conn.handle().send(&message).unwrap();
        assert!(poll(&mut conn).is_pending());
        assert_eq!(wire.said().as_bytes(), &message[..window]);
        assert_eq!(wire.alarm(), Some(60 * SECOND));
        // What comes meanwhile waits its turn.
        conn.handle().send(&NEWS).unwrap();
        assert!(poll(&mut conn).is_pending());
        wire.state().window = usize::MAX;
        assert!(poll(&mut conn).is_pending());
        assert_eq!(wire.said().as_bytes(), [message, NEWS].concat());
        assert_eq!(conn.traffic().written, 12);
    }
}

#[test]
fn a_write_that_fails_is_told() {
    for message in [NEWS, OPAQUE] {
        let wire = Wire::new();
        let mut conn = waiting(&wire);
        wire.state().broken_write = Some(ErrorKind::ConnectionReset);
        conn.handle().send(&message).unwrap();
        assert!(matches!(failure(&mut conn), Error::Write(error) if error.kind() == ErrorKind::ConnectionReset));
    }
}

#[test]
fn who_is_asked_whether_a_failure_is_the_end_may_go_on_without_writing() {
    let wire = Wire::new();
    let info = Info::new(Address::Unknown, Address::Unknown);
    let options = Options::new().on_error(OnError::Ask);
    let clock = Clock::starting(wire.state().now);
    let mut conn = Connection::open(wire.clone(), info, clock, options, |_, now| Toy::new(now));
    assert!(poll(&mut conn).is_pending());
    wire.state().quiet = true;
    wire.state().broken_write = Some(ErrorKind::BrokenPipe);
    conn.handle().send(&NEWS).unwrap();
    assert!(matches!(poll(&mut conn), Poll::Ready(Some(Err(Error::Write(_))))));
    for message in [NEWS, OPAQUE] {
        assert!(poll(&mut conn).is_pending());
        conn.handle().send(&message).unwrap();
    }
    assert!(poll(&mut conn).is_pending());
    wire.send(b"hello\r\n");
    wire.state().quiet = false;
    assert_eq!(echo(&mut conn), "hello\r\n");
}
