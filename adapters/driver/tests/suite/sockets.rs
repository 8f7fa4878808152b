//! What is set on the sockets themselves: read back from the system, of served and of connected ones.

use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::channel;
use std::time::Duration;

use socket2::SockRef;
use wirestate_driver::{Connection, Connector, Keepalive, Listener, Mode, Options};

use super::harness::{PATIENCE, Server, World, client, echo};
use super::house::{fresh_path, is_served};
use super::toy::{Lines, Toy};

/// Asks the system about the socket of a served connection, and of one that was connected to it.
fn both<W: World, T: Send + 'static>(options: Options, ask: fn(SockRef<'_>) -> T) -> [T; 2] {
    let (tell, told) = channel();
    let server = Server::start::<W, _>(options, Toy::new, move |conn: Connection<Toy, W::Stream>| {
        let _ = tell.send(ask(W::socket(&conn.into_parts().stream)));
        async {}
    });
    let connected = W::block_on(async {
        let connector = Connector::to(server.address()).options(options);
        let conn = W::connect(connector, |_, _| Lines::new()).await.unwrap();
        ask(W::socket(&conn.into_parts().stream))
    });
    [told.recv_timeout(PATIENCE).unwrap(), connected]
}

pub(crate) fn small_replies_leave_at_once<W: World>() {
    assert_eq!(both::<W, _>(Options::new(), |socket| socket.tcp_nodelay().unwrap()), [true, true]);
}

pub(crate) fn nobody_is_asked_whether_he_is_there_unless_that_is_wanted<W: World>() {
    assert_eq!(both::<W, _>(Options::new(), |socket| socket.keepalive().unwrap()), [false, false]);
}

pub(crate) fn keepalive_is_as_it_was_asked_for<W: World>() {
    let seconds = Duration::from_secs;
    let keepalive = Keepalive::after(seconds(77)).interval(seconds(11)).retries(5);
    let set = both::<W, _>(Options::new().keepalive(keepalive), |socket| {
        let (idle, interval) = (socket.tcp_keepalive_time().unwrap(), socket.tcp_keepalive_interval().unwrap());
        (socket.keepalive().unwrap(), idle, interval, socket.tcp_keepalive_retries().unwrap())
    });
    assert_eq!(set, [(true, seconds(77), seconds(11), 5); 2]);
}

pub(crate) fn what_keepalive_does_not_say_is_the_systems<W: World>() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = client(listener.local_addr().unwrap());
    let own = SockRef::from(&own);
    let system = (own.tcp_keepalive_interval().unwrap(), own.tcp_keepalive_retries().unwrap());
    let keepalive = Keepalive::after(Duration::from_secs(77));
    let set = both::<W, _>(Options::new().keepalive(keepalive), |socket| {
        (socket.tcp_keepalive_interval().unwrap(), socket.tcp_keepalive_retries().unwrap())
    });
    assert_eq!(set, [system; 2]);
}

pub(crate) fn unix_sockets_need_no_keepalive<W: World>() {
    let path = fresh_path();
    let listener = Listener::bind_unix(&path).unwrap();
    let options = Options::new().keepalive(Keepalive::after(Duration::from_secs(77)));
    let server = Server::start_on::<W, _>(vec![listener.options(options)], Toy::new, |conn| async {
        let _ = echo(conn).await;
    });
    is_served(&mut UnixStream::connect(&path).unwrap());
    W::block_on(async {
        let mut conn = W::connect(Connector::unix(&path).options(options), |_, _| Lines::new()).await.unwrap();
        conn.machine().send(b"hello\r\n");
        assert_eq!(conn.try_next().await.unwrap().unwrap(), "hello\r\n");
    });
    server.stop(Mode::Now);
}
