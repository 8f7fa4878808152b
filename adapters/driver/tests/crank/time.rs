//! The clock and the alarm.

use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use wirestate_driver::{Accept, Address, Connection, Listener, ListeningSocket, Runtime, Shutdown, Timer, serve};

use crate::toy::Toy;
use crate::wire::Wire;
use crate::{SECOND, echo, poll, toy};

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
