//! What a shutdown does to one connection.

use std::task::{Context, Poll, Waker};

use wirestate_driver::{Error, Mode, Shutdown};

use crate::wire::Wire;
use crate::{SECOND, echo, failure, poll, toy};

#[test]
fn an_idle_session_says_farewell_at_once() {
    let wire = Wire::new();
    let shutdown = Shutdown::new();
    let mut conn = toy(&wire).enroll(&shutdown);
    assert!(poll(&mut conn).is_pending());
    shutdown.trigger(Mode::Graceful { within: 10 * SECOND });
    wire.state().eof = true;
    assert!(matches!(poll(&mut conn), Poll::Ready(None)));
    assert_eq!(wire.said(), "going\r\n");
}

#[test]
fn a_busy_session_goes_on_to_its_safe_point() {
    let wire = Wire::new();
    let shutdown = Shutdown::new();
    let mut conn = toy(&wire).enroll(&shutdown);
    wire.send(b"one\r\n");
    let Poll::Ready(Some(Ok((ticket, line)))) = poll(&mut conn) else { panic!() };
    shutdown.trigger(Mode::Graceful { within: 10 * SECOND });
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.alarm(), Some(10 * SECOND));
    conn.machine().answer(ticket, &line);
    wire.state().eof = true;
    assert!(matches!(poll(&mut conn), Poll::Ready(None)));
    assert_eq!(wire.said(), "one\r\ngoing\r\n");
}

#[test]
fn what_is_left_at_the_deadline_is_cut_off() {
    let wire = Wire::new();
    let shutdown = Shutdown::new();
    let mut conn = toy(&wire).enroll(&shutdown);
    wire.send(b"one\r\n");
    let Poll::Ready(Some(Ok((_ticket, _)))) = poll(&mut conn) else { panic!() };
    shutdown.trigger(Mode::Graceful { within: 10 * SECOND });
    assert!(poll(&mut conn).is_pending());
    wire.pass(10 * SECOND);
    assert!(matches!(failure(&mut conn), Error::Aborted));
}

#[test]
fn now_waits_for_no_safe_point_and_one_second_for_the_peer() {
    let wire = Wire::new();
    let shutdown = Shutdown::new();
    let mut conn = toy(&wire).enroll(&shutdown);
    wire.send(b"flood 100000000\r\n");
    wire.state().window = 10;
    assert!(poll(&mut conn).is_pending());
    shutdown.trigger(Mode::Graceful { within: 100 * SECOND });
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.alarm(), Some(60 * SECOND));
    shutdown.trigger(Mode::Now);
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.alarm(), Some(SECOND));
    wire.pass(SECOND);
    assert!(matches!(failure(&mut conn), Error::Aborted));
}

#[test]
fn now_flushes_the_farewell_and_does_not_linger() {
    let wire = Wire::new();
    let shutdown = Shutdown::new();
    let mut conn = toy(&wire).enroll(&shutdown);
    assert!(poll(&mut conn).is_pending());
    shutdown.trigger(Mode::Now);
    assert!(matches!(poll(&mut conn), Poll::Ready(None)));
    assert_eq!(wire.said(), "going\r\n");
    assert!(wire.state().shut);
}

#[test]
fn a_flush_that_is_stuck_ends_at_the_deadline_too() {
    let wire = Wire::new();
    let shutdown = Shutdown::new();
    let mut conn = toy(&wire).enroll(&shutdown);
    wire.send(b"one\r\n");
    wire.state().window = 0;
    echo(&mut conn);
    shutdown.trigger(Mode::Graceful { within: 10 * SECOND });
    let mut cx = Context::from_waker(Waker::noop());
    assert!(conn.poll_flush(&mut cx).is_pending());
    wire.pass(10 * SECOND);
    assert!(matches!(conn.poll_flush(&mut cx), Poll::Ready(Err(Error::Aborted))));
}

#[test]
fn draining_that_a_shutdown_cuts_short_is_no_abort() {
    let wire = Wire::new();
    let shutdown = Shutdown::new();
    let mut conn = toy(&wire).enroll(&shutdown);
    wire.send(b"quit\r\n");
    assert!(poll(&mut conn).is_pending());
    shutdown.trigger(Mode::Graceful { within: SECOND });
    assert!(poll(&mut conn).is_pending());
    wire.pass(SECOND);
    assert!(matches!(poll(&mut conn), Poll::Ready(None)));
    assert_eq!(wire.said(), "bye\r\n");
}
