//! What only threads do: calls that wait, and how they are woken.

#[path = "../../driver/tests/suite/toy.rs"]
#[allow(dead_code)]
mod toy;

use std::io::{Read, Write};
use std::net::{Shutdown as Side, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::thread::JoinHandle;
use std::time::{Duration, Instant as Time};

use bytes::Bytes;
use toy::{Lines, Rude, Toy};
use wirestate_blocking::{
    Address, Connection, Error, How, Info, Listener, Mode, Options, Report, Shutdown, attach, connect, serve,
};
use wirestate_machine::{Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};

const PATIENCE: Duration = Duration::from_secs(20);

fn start<M: Machine<Event: Send, Error: Send> + Send + 'static>(
    factory: impl Fn(Instant) -> M + Send + Sync + 'static,
    handler: impl Fn(Connection<M>) + Send + Sync + 'static,
) -> (SocketAddr, Shutdown, JoinHandle<Report>) {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let (address, shutdown) = (listener.local_addr(), Shutdown::new());
    let to_serve = shutdown.clone();
    let server = thread::spawn(move || serve([listener], move |_, now| factory(now), handler, &to_serve));
    (address, shutdown, server)
}

fn client(address: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client
}

fn echo(mut conn: Connection<Toy>) -> Result<(), Error<Rude>> {
    while let Some((ticket, line)) = conn.try_next()? {
        conn.machine().answer(ticket, &line);
    }
    Ok(())
}

#[test]
fn sessions_are_plain_loops() {
    let (address, shutdown, server) = start(Toy::new, |conn| echo(conn).unwrap());
    let mut client = connect(address, |_, _| Lines::new()).unwrap();
    client.machine().send(b"one\r\ntwo\r\nquit\r\n");
    client.flush().unwrap();
    let lines: Result<Vec<Bytes>, _> = (&mut client).collect();
    assert_eq!(lines.unwrap().concat(), b"one\r\ntwo\r\nbye\r\n");
    assert_eq!((client.traffic().read, client.traffic().written), (15, 16));
    client.close(How::Flush).unwrap();
    shutdown.trigger(Mode::Graceful { within: PATIENCE });
    assert_eq!(server.join().unwrap().accepted, 1);
}

#[test]
fn a_thread_that_waits_for_a_client_is_woken() {
    let (address, shutdown, server) = start(Toy::new, |conn| echo(conn).unwrap());
    let mut clients: Vec<_> = (0..10).map(|_| client(address)).collect();
    for client in &mut clients {
        client.write_all(b"here\r\n").unwrap();
        client.read_exact(&mut [0; 6]).unwrap();
    }
    let start = Time::now();
    shutdown.trigger(Mode::Graceful { within: PATIENCE });
    for mut client in clients {
        let mut said = String::new();
        client.read_to_string(&mut said).unwrap();
        assert_eq!(said, "going\r\n");
    }
    let report = server.join().unwrap();
    assert!(start.elapsed() < PATIENCE / 2);
    assert_eq!((report.accepted, report.aborted, report.left), (10, 0, 0));
}

/// Two servers that both write more than any buffer holds before they read, over a pair of threads: neither may wait for the other.
#[test]
fn both_ends_may_write_first() {
    const SIZE: usize = 20_000_000;
    fn pour(mut conn: Connection<Lines, TcpStream>) {
        conn.machine().send(&vec![b'x'; SIZE]);
        conn.machine().send(b"\n");
        let mut length = 0;
        while length < SIZE + 1 {
            length += conn.try_next().unwrap().unwrap().len();
        }
        conn.flush().unwrap();
        assert_eq!(length, SIZE + 1);
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    let open = |stream| {
        let info = Info::new(Address::Unknown, Address::Unknown);
        attach(stream, info, Options::new(), |_, _| {
            let mut lines = Lines::new();
            lines.inbox().set_limit(SIZE + 1);
            lines
        })
        .unwrap()
    };
    let (near, far) = (open(near), open(far));
    let other = thread::spawn(move || pour(far));
    pour(near);
    other.join().unwrap();
}

#[test]
fn a_handler_that_cannot_be_reached_is_left_behind_and_counted() {
    let (tell, told) = channel();
    let (leave, left) = channel::<()>();
    let left = std::sync::Mutex::new(left);
    let (address, shutdown, server) = start(Toy::new, move |mut conn: Connection<Toy>| {
        let _asked = conn.next();
        tell.send(()).unwrap();
        let _ = left.lock().unwrap().recv();
    });
    client(address).write_all(b"wait\r\n").unwrap();
    told.recv_timeout(PATIENCE).unwrap();
    shutdown.trigger(Mode::Graceful { within: Duration::from_millis(30) });
    let report = server.join().unwrap();
    assert_eq!((report.accepted, report.left), (1, 1));
    drop(leave);
}

#[cfg(unix)]
#[test]
fn unix_sockets_fit() {
    let (near, mut far) = std::os::unix::net::UnixStream::pair().unwrap();
    let info = Info::new(Address::Unix(None), Address::Unix(None));
    let mut conn = attach(near, info, Options::new(), |_, now| Toy::new(now)).unwrap();
    far.write_all(b"one\r\nquit\r\n").unwrap();
    far.shutdown(Side::Write).unwrap();
    let session = thread::spawn(move || {
        while let Some((ticket, line)) = conn.try_next().unwrap() {
            conn.machine().answer(ticket, &line);
        }
    });
    let mut said = String::new();
    far.read_to_string(&mut said).unwrap();
    assert_eq!(said, "one\r\nbye\r\n");
    session.join().unwrap();
}

/// A machine that is told to go, but wants to hear `done` first.
struct Stubborn(Lines, Sender<()>);

impl Machine for Stubborn {
    type Event = Bytes;
    type Error = std::convert::Infallible;

    fn inbox(&mut self) -> &mut Inbox {
        self.0.inbox()
    }
    fn outbox(&mut self) -> &mut Outbox {
        self.0.outbox()
    }
    fn poll(&mut self, now: Instant) -> Result<Option<Bytes>, Self::Error> {
        self.0.poll(now)
    }
    fn deadline(&self) -> Option<Instant> {
        None
    }
    fn upgrade(&mut self) -> Option<Upgrade> {
        None
    }
    fn upgraded(&mut self, _now: Instant, _how: Upgraded) {}
    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
    fn shutdown(&mut self) {
        self.1.send(()).unwrap();
    }
}

#[test]
fn a_session_that_was_woken_still_hears_its_peer() {
    let (tell, told): (_, Receiver<()>) = channel();
    let tell = std::sync::Mutex::new(tell);
    let factory = move |_| Stubborn(Lines::new(), tell.lock().unwrap().clone());
    let (address, shutdown, server) = start(factory, |mut conn| {
        while let Ok(Some(line)) = conn.try_next() {
            conn.machine().0.send(&line);
            if line == "done\n" {
                return conn.close(How::Flush).unwrap();
            }
        }
    });
    let mut client = client(address);
    client.write_all(b"here\n").unwrap();
    client.read_exact(&mut [0; 5]).unwrap();
    shutdown.trigger(Mode::Graceful { within: PATIENCE });
    told.recv_timeout(PATIENCE).unwrap();
    client.write_all(b"well\n").unwrap();
    client.read_exact(&mut [0; 5]).unwrap();
    client.write_all(b"done\n").unwrap();
    let mut said = String::new();
    client.read_to_string(&mut said).unwrap();
    assert_eq!(said, "done\n");
    drop(client);
    let report = server.join().unwrap();
    assert_eq!((report.accepted, report.aborted, report.left), (1, 0, 0));
}
