//! What is written when, and what a peer that takes nothing comes to.

use std::io::ErrorKind;
use std::task::{Context, Poll, Waker};

use wirestate_driver::Error;
use wirestate_machine::Machine;

use crate::wire::Wire;
use crate::{SECOND, echo, failure, poll, toy};

#[test]
fn the_replies_to_one_batch_leave_in_one_write() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send("line\r\n".repeat(100).as_bytes());
    for _ in 0..100 {
        assert_eq!(echo(&mut conn), "line\r\n");
        assert!(wire.state().writes.is_empty());
    }
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.said(), "line\r\n".repeat(100));
    assert_eq!(wire.state().writes.len(), 1);
    assert_eq!(wire.state().flushes, 1);
    assert_eq!((conn.traffic().read, conn.traffic().written), (600, 600));
}

#[test]
fn linked_bodies_leave_in_one_write_too() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send(b"flood 40960\r\n");
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.state().writes.len(), 1);
    assert_eq!(wire.said().len(), 40960);
}

#[test]
fn a_body_larger_than_the_outbox_goes_on_as_the_peer_takes_it() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send(b"flood 1000000\r\nafter\r\n");
    assert_eq!(echo(&mut conn), "after\r\n");
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.said().len(), 1_000_007);
}

#[test]
fn a_slow_peer_gets_everything_in_order() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.state().window = 0;
    wire.send(b"one\r\ntwo\r\n");
    echo(&mut conn);
    echo(&mut conn);
    for _ in 0..10 {
        assert!(poll(&mut conn).is_pending());
        wire.state().window = 1;
        wire.pass(30 * SECOND);
    }
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.said(), "one\r\ntwo\r\n");
}

#[test]
fn input_is_read_while_output_is_stuck() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.state().window = 0;
    wire.send(b"one\r\n");
    echo(&mut conn);
    assert!(poll(&mut conn).is_pending());
    wire.send(b"two\r\n");
    assert_eq!(echo(&mut conn), "two\r\n");
}

#[test]
fn a_peer_that_takes_nothing_is_given_up() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.state().window = 100_000;
    wire.send(b"flood 100000000\r\n");
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.alarm(), Some(60 * SECOND));
    assert!(conn.machine().outbox().len() < 80_000);
    wire.pass(59 * SECOND);
    assert!(poll(&mut conn).is_pending());
    wire.pass(SECOND);
    assert!(matches!(failure(&mut conn), Error::Stalled { after } if after == 60 * SECOND));
}

#[test]
fn a_stream_that_does_not_flush_is_given_up_too() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.state().flush_pending = true;
    wire.send(b"one\r\n");
    echo(&mut conn);
    assert!(poll(&mut conn).is_pending());
    wire.pass(60 * SECOND);
    assert!(matches!(failure(&mut conn), Error::Stalled { .. }));
}

#[test]
fn a_broken_pipe_is_told() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.state().broken_write = Some(ErrorKind::BrokenPipe);
    wire.send(b"one\r\n");
    echo(&mut conn);
    assert!(matches!(failure(&mut conn), Error::Write(error) if error.kind() == ErrorKind::BrokenPipe));
}

#[test]
fn flush_writes_without_a_pull() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send(b"one\r\ntwo\r\n");
    echo(&mut conn);
    let mut cx = Context::from_waker(Waker::noop());
    wire.state().window = 2;
    assert!(conn.poll_flush(&mut cx).is_pending());
    wire.state().window = 10;
    assert!(matches!(conn.poll_flush(&mut cx), Poll::Ready(Ok(()))));
    assert_eq!(wire.said(), "one\r\n");
    wire.state().window = 0;
    echo(&mut conn);
    assert!(conn.poll_flush(&mut cx).is_pending());
    wire.pass(61 * SECOND);
    assert!(matches!(conn.poll_flush(&mut cx), Poll::Ready(Err(Error::Stalled { .. }))));
    assert!(matches!(poll(&mut conn), Poll::Ready(None)));
}
