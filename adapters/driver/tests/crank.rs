//! The driver's crank on a stream in memory, with a clock that stands still until it is moved: each turn is seen.

#[path = "suite/toy.rs"]
#[allow(dead_code)]
mod toy;
#[path = "suite/wire.rs"]
mod wire;

use std::io;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use toy::{Lines, Rude, Toy};
use wire::Wire;
use wirestate_driver::{
    Accept, Address, Clock, Connection, Error, How, Info, Listener, ListeningSocket, Mode, Next, Options, Runtime,
    Shutdown, Timer, serve,
};
use wirestate_machine::{Machine, Upgrade};

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

// --- writing ---

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

// --- reading ---

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

// --- time ---

#[test]
fn the_alarm_is_the_machines_deadline() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.alarm(), Some(600 * SECOND));
    wire.pass(599 * SECOND);
    wire.send(b"still here\r\n");
    echo(&mut conn);
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.alarm(), Some(600 * SECOND));
    wire.state().eof = true;
    wire.pass(600 * SECOND);
    assert!(matches!(poll(&mut conn), Poll::Ready(None)));
    assert!(wire.said().ends_with("timeout\r\n"));
}

#[test]
fn time_that_the_application_took_is_not_the_peers() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send(b"one\r\n");
    let Poll::Ready(Some(Ok((ticket, line)))) = poll(&mut conn) else { panic!() };
    wire.pass(599 * SECOND);
    conn.machine().answer(ticket, &line);
    wire.send(b"two\r\n");
    echo(&mut conn);
    wire.send(b"three\r\n");
    wire.pass(599 * SECOND);
    assert_eq!(echo(&mut conn), "three\r\n");
}

/// A runtime with one connection to serve, whose tasks run on the spot.
struct OneVisitor(Wire);

impl Timer for OneVisitor {
    fn now(&self) -> std::time::Instant {
        self.0.now()
    }

    fn poll_until(&mut self, _: &mut Context<'_>, _: Option<std::time::Instant>) -> Poll<()> {
        Poll::Pending
    }
}

impl Runtime for OneVisitor {
    type Accept = Door;

    fn open(&self, _: ListeningSocket) -> io::Result<Door> {
        Ok(Door(Some(self.0.clone())))
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        assert!(pin!(task).poll(&mut Context::from_waker(Waker::noop())).is_ready());
        Ok(())
    }
}

struct Door(Option<Wire>);

impl Accept for Door {
    type Stream = Wire;

    fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<io::Result<(Wire, Address)>> {
        self.0.take().map_or(Poll::Pending, |wire| Poll::Ready(Ok((wire, Address::Unknown))))
    }

    fn local(_: &Wire) -> Address {
        Address::Unknown
    }

    fn keep_alive(_: &Self::Stream, _: &wirestate_driver::Keepalive) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_servers_clock_is_not_read_for_each_event() {
    let wire = Wire::new();
    wire.send("line\r\n".repeat(500).as_bytes());
    wire.send(b"quit\r\n");
    wire.state().eof = true;
    let shutdown = Shutdown::new();
    let session = async |mut conn: Connection<Toy, Wire>| {
        while let Ok(Some((ticket, line))) = conn.try_next().await {
            conn.machine().answer(ticket, &line);
        }
    };
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let mut server = pin!(serve([listener], OneVisitor(wire.clone()), |_, now| Toy::new(now), session, &shutdown));
    assert!(server.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(wire.state().clock_reads < 15, "{}", wire.state().clock_reads);
    assert_eq!(wire.said(), "line\r\n".repeat(500) + "bye\r\n");
}

// --- the end ---

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

// --- dropped futures ---

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

// --- shutdown ---

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
