//! What is read when, and that nothing is lost wherever a pull is dropped.

use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use wirestate_driver::{Connection, Error};
use wirestate_machine::Machine;

use crate::toy::{Lines, Toy};
use crate::wire::Wire;
use crate::{echo, failure, open, poll, toy};

#[test]
fn bytes_may_come_one_by_one() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    for byte in b"line\r" {
        wire.send(&[*byte]);
        assert!(poll(&mut conn).is_pending());
    }
    wire.send(b"\n");
    assert_eq!(echo(&mut conn), "line\r\n");
}

#[test]
fn a_full_inbox_is_not_read_into() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send("line\r\n".repeat(10_000).as_bytes());
    let Poll::Ready(Some(Ok((ticket, _)))) = poll(&mut conn) else { panic!() };
    assert!(poll(&mut conn).is_pending());
    assert_eq!(conn.machine().inbox().room(), 0);
    let reads = wire.state().reads;
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.state().reads, reads);
    conn.machine().answer(ticket, b"line\r\n");
    for _ in 1..10_000 {
        while poll_is_pending_or_echo(&mut conn) {}
    }
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.said().len(), 60_000);
}

/// Whether the executor was given its turn instead of a line.
fn poll_is_pending_or_echo(conn: &mut Connection<Toy, Wire>) -> bool {
    match poll(conn) {
        Poll::Ready(Some(Ok((ticket, line)))) => {
            conn.machine().answer(ticket, &line);
            false
        }
        Poll::Pending => true,
        Poll::Ready(_) => panic!("the end"),
    }
}

#[test]
fn others_get_their_turn_while_one_peer_sends_on_and_on() {
    #[derive(Default)]
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let wire = Wire::new();
    let mut conn = open(&wire, |_| Lines::new());
    (0..200).for_each(|_| wire.send(b"x"));
    let count = Arc::new(Count::default());
    let waker = Waker::from(count.clone());
    assert!(conn.poll_next(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    assert!(wire.state().reads < 100);
}

#[test]
fn an_interrupted_read_is_repeated_and_a_reset_is_told() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.sends_error(ErrorKind::Interrupted);
    wire.send(b"one\r\n");
    assert_eq!(echo(&mut conn), "one\r\n");
    wire.sends_error(ErrorKind::ConnectionReset);
    assert!(matches!(failure(&mut conn), Error::Read(error) if error.kind() == ErrorKind::ConnectionReset));
    assert_eq!(wire.said(), "one\r\n");
}

#[test]
fn what_came_before_the_end_of_input_is_answered() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send(b"one\r\ntwo\r\nhalf");
    wire.state().eof = true;
    echo(&mut conn);
    echo(&mut conn);
    assert!(matches!(poll(&mut conn), Poll::Ready(None)));
    assert_eq!(wire.said(), "one\r\ntwo\r\n");
    assert!(wire.state().shut);
}

#[test]
fn nothing_is_lost_wherever_a_pull_is_dropped() {
    let script = "one\r\ntwo\r\nthree\r\nquit\r\n";
    for window in 1..8 {
        let wire = Wire::new();
        let mut conn = toy(&wire);
        let mut lines = Vec::new();
        let mut input = script.bytes();
        let mut cx = Context::from_waker(Waker::noop());
        loop {
            wire.state().window = window;
            match input.next() {
                Some(byte) => wire.send(&[byte]),
                None => wire.state().eof = true,
            }
            // The future is made, polled once and dropped.
            let pulled = pin!(conn.next()).poll(&mut cx);
            match pulled {
                Poll::Ready(Some(Ok((ticket, line)))) => {
                    lines.push(line.to_vec());
                    conn.machine().answer(ticket, &line);
                }
                Poll::Ready(Some(Err(error))) => panic!("{error}"),
                Poll::Ready(None) => break,
                Poll::Pending => {}
            }
        }
        assert_eq!(lines.concat(), b"one\r\ntwo\r\nthree\r\n");
        assert_eq!(wire.said(), "one\r\ntwo\r\nthree\r\nbye\r\n");
    }
}
