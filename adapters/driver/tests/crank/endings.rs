//! The last words, the drain, and how a connection is taken apart.

use std::io::ErrorKind;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use wirestate_driver::{Connection, Error, How};
use wirestate_machine::Upgrade;

use crate::toy::Rude;
use crate::wire::Wire;
use crate::{SECOND, echo, failure, poll, toy};

#[test]
fn the_last_word_is_written_and_the_peer_drained() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send(b"quit\r\n");
    wire.send(&[b'x'; 1000]);
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.said(), "bye\r\n");
    assert!(wire.state().shut && wire.state().incoming.is_empty());
    assert_eq!(wire.alarm(), Some(2 * SECOND));
    wire.state().eof = true;
    assert!(matches!(poll(&mut conn), Poll::Ready(None)));
    assert!(matches!(poll(&mut conn), Poll::Ready(None)));
}

#[test]
fn draining_ends_in_time() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send(b"quit\r\n");
    assert!(poll(&mut conn).is_pending());
    wire.pass(SECOND);
    wire.send(b"more");
    assert!(poll(&mut conn).is_pending());
    wire.pass(SECOND);
    assert!(matches!(poll(&mut conn), Poll::Ready(None)));
}

#[test]
fn draining_ends_in_bytes() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send(b"quit\r\n");
    (0..20).for_each(|_| wire.send(&[b'x'; 4096]));
    assert!(matches!(poll(&mut conn), Poll::Ready(None)));
    assert_eq!(wire.state().incoming.len(), 4);
}

#[test]
fn a_reset_while_draining_is_the_end_and_no_error() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send(b"quit\r\n");
    wire.sends_error(ErrorKind::ConnectionReset);
    assert!(matches!(poll(&mut conn), Poll::Ready(None)));
}

#[test]
fn the_farewell_of_a_broken_protocol_is_written_before_the_error_is_told() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.state().eof = true;
    wire.state().window = 3;
    wire.send(b"bad\r\n");
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.said(), "rud");
    wire.state().window = 3;
    assert!(matches!(failure(&mut conn), Error::Protocol(Rude)));
    assert_eq!(wire.said(), "rude\r\n");
}

#[test]
fn a_farewell_that_nobody_takes_is_given_up_and_the_first_error_told() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.state().window = 0;
    wire.send(b"bad\r\n");
    assert!(poll(&mut conn).is_pending());
    wire.pass(60 * SECOND);
    assert!(matches!(failure(&mut conn), Error::Protocol(Rude)));
}

#[test]
fn an_upgrade_without_a_layer_is_an_error() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.state().eof = true;
    wire.send(b"tls\r\n");
    assert!(matches!(failure(&mut conn), Error::UnhandledUpgrade(Upgrade::Tls)));
}

#[test]
fn close_writes_what_was_said_whatever_the_machine_thinks() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send(b"one\r\n");
    echo(&mut conn);
    let mut cx = Context::from_waker(Waker::noop());
    let mut close = pin!(conn.close(How::Flush));
    assert!(close.as_mut().poll(&mut cx).is_pending());
    assert_eq!(wire.said(), "one\r\n");
    assert!(wire.state().shut);
    wire.state().eof = true;
    assert!(matches!(close.as_mut().poll(&mut cx), Poll::Ready(Ok(()))));
}

#[test]
fn abort_writes_nothing() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send(b"one\r\n");
    echo(&mut conn);
    let closed = pin!(conn.close(How::Abort)).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(closed, Poll::Ready(Ok(()))));
    assert_eq!(wire.said(), "");
}

#[test]
fn parts_come_out_as_they_are() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send(b"one\r\ntwo\r\n");
    echo(&mut conn);
    let parts = conn.into_parts();
    let mut again = Connection::open(parts.stream, parts.info, parts.clock, parts.options, |_, _| parts.machine);
    assert_eq!(echo(&mut again), "two\r\n");
    assert!(poll(&mut again).is_pending());
    assert_eq!(wire.said(), "one\r\ntwo\r\n");
}
