//! Connectors over real sockets.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown as Side, SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};
use wirestate_driver::{
    Address, ConnectError, Connection, Connector, Ending, Error, Info, Listener, Mode, Notice, Observer, Redial,
    Shutdown, Step, Stream, connect_unix,
};

use super::harness::{BlackHole, PATIENCE, Server, World, echo};
use super::house::fresh_path;
use super::toy::{Lines, Rude, Shy, Toy};

/// A server that tells who came.
fn telling<W: World>(listeners: Vec<Listener>) -> (Server, Receiver<Info>) {
    let (tell, came) = channel();
    let server = Server::start_on::<W, _>(listeners, Toy::new, move |conn| {
        tell.send(conn.info().clone()).unwrap();
        async {
            let _ = echo(conn).await;
        }
    });
    (server, came)
}

async fn reach<W: World>(server: impl Into<Connector>) -> Connection<Lines, W::Stream> {
    let mut conn = W::connect(server, |_, _| Lines::new()).await.unwrap();
    is_served(&mut conn).await;
    conn
}

async fn is_served<S: Stream>(conn: &mut Connection<Lines, S>) {
    conn.machine().send(b"here\r\n");
    assert_eq!(conn.try_next().await.unwrap().unwrap(), "here\r\n");
}

fn failed<W: World>(server: impl Into<Connector>) -> ConnectError {
    match W::block_on(W::connect(server, |_, _| Lines::new())) {
        Ok(_) => panic!("a connection"),
        Err(error) => error,
    }
}

/// An address that nobody listens at, and that no other test listens at either: each gives its own host number.
fn nobody(host: u8) -> SocketAddr {
    TcpListener::bind((IpAddr::from([127, 0, 7, host]), 0)).unwrap().local_addr().unwrap()
}

pub(crate) fn a_host_and_a_port_are_reached<W: World>() {
    let server = Server::echo::<W>();
    let port = server.address().port();
    W::block_on(async {
        for connector in [Connector::to(("localhost", port)), Connector::to(format!("localhost:{port}"))] {
            let conn = reach::<W>(connector).await;
            assert_eq!(conn.info().peer().tcp(), Some(server.address()));
            assert_eq!(conn.info().local().ip(), Some([127, 0, 0, 1].into()));
        }
    });
}

pub(crate) fn an_address_that_refuses_is_passed_by<W: World>() {
    let server = Server::echo::<W>();
    W::block_on(async {
        let conn = reach::<W>(vec![nobody(1), nobody(2), server.address()]).await;
        assert_eq!(conn.info().peer().tcp(), Some(server.address()));
    });
}

pub(crate) fn a_silent_address_is_passed_by<W: World>() {
    let (server, hole) = (Server::echo::<W>(), BlackHole::dig());
    W::block_on(async {
        let addresses = Connector::to(vec![hole.address, server.address()]);
        let conn = reach::<W>(addresses.stagger(Duration::from_millis(20))).await;
        assert_eq!(conn.info().peer().tcp(), Some(server.address()));
    });
}

pub(crate) fn a_unix_socket_whose_backlog_is_full_is_not_waited_for<W: World>() {
    let path = fresh_path();
    let busy = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    busy.bind(&SockAddr::unix(&path).unwrap()).unwrap();
    busy.listen(0).unwrap();
    let mut inside = Vec::new();
    while let Ok(client) = connect_unix(&path) {
        inside.push(client);
    }
    assert!(!inside.is_empty());
    // On some runtimes it fails at once, on others at the deadline.
    let failure = failed::<W>(Connector::unix(&path).within(Duration::from_millis(50)));
    assert!(matches!(failure, ConnectError::Connect { .. } | ConnectError::Deadline { .. }), "{failure}");
    std::fs::remove_file(path).unwrap();
}

pub(crate) fn unix_sockets_are_reached<W: World>() {
    let path = fresh_path();
    let (server, came) = telling::<W>(vec![Listener::bind_unix(&path).unwrap()]);
    W::block_on(async {
        for connector in [Connector::unix(&path), Connector::to(format!("unix:{}", path.display()))] {
            let conn = reach::<W>(connector).await;
            assert_eq!(conn.info().peer(), &Address::Unix(Some(path.clone())));
            assert_eq!(came.recv_timeout(PATIENCE).unwrap().local(), &Address::Unix(Some(path.clone())));
        }
    });
    server.stop_gracefully();
    let ConnectError::Connect { address, source } = failed::<W>(Connector::unix(&path)) else {
        panic!("at what step?")
    };
    assert_eq!((address, source.kind()), (Address::Unix(Some(path)), ErrorKind::NotFound));
}

pub(crate) fn the_own_address_is_seen_by_the_server<W: World>() {
    let (server, came) = telling::<W>(vec![super::harness::listener()]);
    let from = IpAddr::from([127, 0, 0, 2]);
    W::block_on(async {
        let conn = reach::<W>(Connector::to(server.address()).from_address(from)).await;
        let seen = came.recv_timeout(PATIENCE).unwrap();
        assert_eq!((seen.peer().ip(), seen.peer()), (Some(from), conn.info().local()));
    });
}

pub(crate) fn an_own_address_that_is_none_is_told<W: World>() {
    let server = Server::echo::<W>();
    // An address for documentation, which nobody has (RFC 5737).
    let from = IpAddr::from([192, 0, 2, 1]);
    let error = failed::<W>(Connector::to(server.address()).from_address(from));
    assert!(matches!(error, ConnectError::Bind { address, .. } if address == from), "{error}");
    let v6 = Connector::to(server.address()).from_address("::1".parse().unwrap());
    assert!(matches!(failed::<W>(v6), ConnectError::NoAddress));
}

pub(crate) fn a_server_that_comes_up_later_is_reached<W: World>() {
    let (address, shutdown) = (nobody(3), Shutdown::new());
    let (tell, refused) = channel();
    let observer = Observer::new(move |notice| {
        let _ = tell.send(match notice {
            Notice::ConnectorFailed { .. } => "failed",
            Notice::ConnectorOpened { .. } => "opened",
            _ => "more",
        });
    });
    let server = thread::spawn(move || {
        for _ in 0..2 {
            assert_eq!(refused.recv_timeout(PATIENCE), Ok("failed"));
        }
        let listener = TcpListener::bind(address).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let mut line = [0; 6];
        stream.read_exact(&mut line).unwrap();
        stream.write_all(&line).unwrap();
        refused
    });
    W::block_on(async {
        let mut redial = Redial::new(Duration::from_millis(10), Duration::from_millis(40));
        let connector = Connector::to(address).observe(observer);
        let came = W::reconnect(connector, &mut redial, || u64::MAX, &shutdown, |_, _| Lines::new());
        let mut conn = came.await.expect("nobody shuts down");
        is_served(&mut conn).await;
        assert!(redial.tries() >= 3);
    });
    let told: Vec<_> = server.join().unwrap().try_iter().skip_while(|note| *note == "failed").collect();
    assert_eq!(told[..2], ["opened", "more"]);
}

pub(crate) fn a_connection_that_ended_is_made_again<W: World>() {
    let server = Server::echo::<W>();
    let shutdown = Shutdown::new();
    W::block_on(async {
        let mut redial = Redial::default();
        for _ in 0..3 {
            let came = W::reconnect(server.address(), &mut redial, || 0, &shutdown, |_, _| Lines::new());
            let mut conn = came.await.unwrap();
            conn.machine().send(b"quit\r\n");
            assert_eq!(conn.try_next().await.unwrap().unwrap(), "bye\r\n");
            assert!(conn.try_next().await.unwrap().is_none());
            redial.reset();
        }
    });
    assert_eq!(server.stop_gracefully().accepted, 3);
}

pub(crate) fn a_shutdown_ends_the_pause_between_two_tries<W: World>() {
    let shutdown = Shutdown::new();
    let (tell, refused) = channel();
    let observer = Observer::new(move |_| tell.send(()).unwrap());
    let trigger = shutdown.clone();
    let helper = thread::spawn(move || {
        refused.recv_timeout(PATIENCE).unwrap();
        trigger.trigger(Mode::Graceful { within: PATIENCE });
    });
    let mut redial = Redial::new(Duration::from_secs(3600), Duration::from_secs(3600));
    let connector = Connector::to(nobody(4)).observe(observer);
    let came = W::block_on(W::reconnect(connector, &mut redial, || u64::MAX, &shutdown, |_, _| Lines::new()));
    assert!(came.is_none());
    helper.join().unwrap();
}

pub(crate) fn a_shutdown_ends_a_try<W: World>() {
    let (shutdown, hole) = (Shutdown::new(), BlackHole::dig());
    let trigger = shutdown.clone();
    let helper = thread::spawn(move || trigger.trigger(Mode::Now));
    let mut redial = Redial::default();
    let connector = Connector::to(hole.address).within(Duration::from_secs(3600));
    let came = W::block_on(W::reconnect(connector, &mut redial, || 0, &shutdown, |_, _| Lines::new()));
    assert!(came.is_none());
    helper.join().unwrap();
}

/// A server that says to each client what is due, and then echoes; with nothing more due it hangs up on whoever comes.
fn server_of(greetings: &'static [&'static str]) -> (SocketAddr, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = thread::spawn(move || {
        let mut heard = Vec::new();
        for greeting in greetings {
            let (mut client, _) = listener.accept().unwrap();
            client.set_read_timeout(Some(PATIENCE)).unwrap();
            client.write_all(greeting.as_bytes()).unwrap();
            // After an alert the client still waits a moment for the server's end.
            if !greeting.starts_with("no") {
                client.shutdown(Side::Write).unwrap();
            }
            heard.push(super::harness::read_to_end(&mut client));
        }
        heard
    });
    (address, serving)
}

fn told() -> (Observer, Receiver<String>) {
    let (tell, told) = channel();
    let observer = Observer::new(move |notice| {
        let _ = tell.send(match notice {
            Notice::ConnectorOpened { .. } => "opened".into(),
            Notice::ConnectorFailed { error } => format!("failed: {error}"),
            Notice::Connected { .. } => "connected".into(),
            Notice::Disconnected { reason, .. } => format!("disconnected: {reason}"),
            _ => return,
        });
    });
    (observer, told)
}

pub(crate) fn a_handshake_belongs_to_the_connecting<W: World>() {
    let (address, serving) = server_of(&["hello\r\nwith the handshake\r\nafter it\r\n"]);
    let (observer, told) = told();
    W::block_on(async {
        let connector = Connector::to(address).observe(observer);
        let mut conn = W::connect(connector, |_, _| Shy::new()).await.unwrap();
        assert_eq!(told.try_iter().collect::<Vec<_>>(), ["opened", "connected"]);
        conn.machine().send(b"and I\r\n");
        assert_eq!(conn.try_next().await.unwrap().unwrap(), "with the handshake\r\n");
        assert_eq!(conn.try_next().await.unwrap().unwrap(), "after it\r\n");
        assert!(conn.try_next().await.unwrap().is_none());
        assert_eq!(conn.traffic().events, 2);
    });
    assert_eq!(serving.join().unwrap(), ["and I\r\n"]);
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["disconnected: closed by the peer"]);
}

pub(crate) fn a_handshake_that_fails_is_the_connectors_failure<W: World>() {
    let (address, serving) = server_of(&["no\r\n", "hel"]);
    let (observer, told) = told();
    let failed = || W::block_on(W::connect(Connector::to(address).observe(observer.clone()), |_, _| Shy::new())).err();
    match failed() {
        Some(ConnectError::Handshake { address: peer, ending: Ending::Tls, source }) => {
            assert_eq!(peer.tcp(), Some(address));
            assert!(matches!(source.downcast_ref(), Some(Error::Protocol(Rude))), "{source}");
        }
        other => panic!("{other:?}"),
    }
    match failed() {
        Some(ConnectError::Handshake { ending: Ending::PeerClosed, source, .. }) => {
            assert_eq!(source.downcast_ref::<std::io::Error>().unwrap().kind(), ErrorKind::UnexpectedEof);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(serving.join().unwrap(), ["alert\r\n", ""]);
    let told: Vec<_> = told.try_iter().collect();
    assert!(told.len() == 2 && told.iter().all(|note| note.starts_with("failed: no session with")), "{told:?}");
}

pub(crate) fn a_handshake_has_the_connectors_deadline<W: World>() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let after = Duration::from_millis(50);
    let connector = Connector::to(listener.local_addr().unwrap()).within(after);
    let late = W::block_on(W::connect(connector, |_, _| Shy::new())).err();
    assert!(
        matches!(late, Some(ConnectError::Deadline { after: told, step: Step::Handshake }) if told == after),
        "{late:?}"
    );
}

pub(crate) fn a_handshake_that_fails_is_tried_again<W: World>() {
    let (address, serving) = server_of(&["no\r\n", "", "hello\r\nyou\r\n"]);
    let mut redial = Redial::new(Duration::from_millis(1), Duration::from_millis(4));
    let shutdown = Shutdown::new();
    let mut machines = 0;
    W::block_on(async {
        let connected = W::reconnect(
            address,
            &mut redial,
            || 0,
            &shutdown,
            |_, _| {
                machines += 1;
                Shy::new()
            },
        );
        let mut conn = connected.await.unwrap();
        assert_eq!(conn.try_next().await.unwrap().unwrap(), "you\r\n");
        assert!(conn.try_next().await.unwrap().is_none());
    });
    assert_eq!((redial.tries(), machines), (3, 3));
    assert_eq!(serving.join().unwrap(), ["alert\r\n", "", ""]);
}
