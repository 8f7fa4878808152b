//! What the tests stand on: a world, a server in it, and clients.

use std::future::{Future, poll_fn};
use std::io;
use std::io::{IoSlice, Read};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant as Time};

use wirestate_driver::{ConnectError, Connection, Error, Mode, Options, Report, Shutdown, Stream, Timer, Traffic};
use wirestate_machine::{Inbox, Instant};

use super::toy::{Lines, Rude, Toy};

/// Nothing here waits this long, unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A runtime with its skin.
pub(crate) trait World: 'static {
    type Stream: Stream + Send + 'static;

    /// Listens on these addresses and serves them, on a thread of its own, until the shutdown.
    fn serve<T: Future<Output = ()> + Send + 'static>(
        addresses: Vec<SocketAddr>,
        options: Options,
        factory: impl Fn(Instant) -> Toy + Send + Sync + 'static,
        handler: impl Fn(Connection<Toy, Self::Stream>) -> T + Send + Sync + 'static,
        shutdown: Shutdown,
        bound: impl FnOnce(Vec<SocketAddr>) + Send + 'static,
    ) -> Report;

    fn connect(
        server: String,
        options: Options,
    ) -> impl Future<Output = Result<Connection<Lines, Self::Stream>, ConnectError>>;

    fn block_on<F: Future>(future: F) -> F::Output;
}

/// A server that is running.
pub(crate) struct Server {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) shutdown: Shutdown,
    report: Receiver<Report>,
}

impl Server {
    pub(crate) fn start<W: World, T: Future<Output = ()> + Send + 'static>(
        options: Options,
        factory: impl Fn(Instant) -> Toy + Send + Sync + 'static,
        handler: impl Fn(Connection<Toy, W::Stream>) -> T + Send + Sync + 'static,
    ) -> Self {
        Server::start_on::<W, T>(vec![([127, 0, 0, 1], 0).into()], options, factory, handler)
    }

    pub(crate) fn start_on<W: World, T: Future<Output = ()> + Send + 'static>(
        addresses: Vec<SocketAddr>,
        options: Options,
        factory: impl Fn(Instant) -> Toy + Send + Sync + 'static,
        handler: impl Fn(Connection<Toy, W::Stream>) -> T + Send + Sync + 'static,
    ) -> Self {
        let shutdown = Shutdown::new();
        let (bound, addresses_bound) = channel();
        let (done, report) = channel();
        let to_serve = shutdown.clone();
        thread::spawn(move || {
            let bound = move |addresses| bound.send(addresses).unwrap();
            let _ = done.send(W::serve(addresses, options, factory, handler, to_serve, bound));
        });
        Server { addresses: addresses_bound.recv_timeout(PATIENCE).unwrap(), shutdown, report }
    }

    pub(crate) fn echo<W: World>() -> Self {
        Server::start::<W, _>(Options::new(), Toy::new, |conn| async {
            let _ = echo(conn).await;
        })
    }

    /// A server that tells how each of its sessions ended.
    pub(crate) fn telling<W: World>(
        options: Options,
        factory: impl Fn(Instant) -> Toy + Send + Sync + 'static,
    ) -> (Self, Receiver<Result<Traffic, Error<Rude>>>) {
        let (tell, told) = channel();
        let server = Server::start::<W, _>(options, factory, move |conn| {
            let tell = tell.clone();
            async move { tell.send(echo(conn).await).unwrap() }
        });
        (server, told)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    pub(crate) fn client(&self) -> TcpStream {
        client(self.address())
    }

    pub(crate) fn stop(self, mode: Mode) -> Report {
        self.shutdown.trigger(mode);
        self.report.recv_timeout(PATIENCE).expect("the server ends")
    }

    pub(crate) fn stop_gracefully(self) -> Report {
        self.stop(Mode::Graceful { within: PATIENCE })
    }
}

pub(crate) fn client(address: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.set_write_timeout(Some(PATIENCE)).unwrap();
    client
}

/// The session of most tests: each line is answered with itself.
pub(crate) async fn echo<S: Stream>(mut conn: Connection<Toy, S>) -> Result<Traffic, Error<Rude>> {
    while let Some((ticket, line)) = conn.try_next().await? {
        conn.machine().answer(ticket, &line);
    }
    Ok(conn.traffic())
}

pub(crate) fn read_line(client: &mut TcpStream) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\n") {
        client.read_exact(&mut byte).unwrap();
        line.push(byte[0]);
    }
    String::from_utf8(line).unwrap()
}

pub(crate) fn read_to_end(client: &mut TcpStream) -> String {
    let mut all = String::new();
    client.read_to_string(&mut all).unwrap();
    all
}

/// A door that opens once, for handlers to wait at.
#[derive(Default)]
pub(crate) struct Gate(Mutex<(bool, Option<Waker>)>);

impl Gate {
    pub(crate) fn open(&self) {
        let mut state = self.0.lock().unwrap();
        state.0 = true;
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    }

    pub(crate) async fn pass(&self) {
        poll_fn(|cx| {
            let mut state = self.0.lock().unwrap();
            state.1 = Some(cx.waker().clone());
            if state.0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// A stream that counts its writes.
pub(crate) struct Counting<S> {
    pub(crate) stream: S,
    pub(crate) writes: Arc<AtomicUsize>,
}

impl<S: Timer> Timer for Counting<S> {
    fn now(&self) -> Time {
        self.stream.now()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, until: Option<Time>) -> Poll<()> {
        self.stream.poll_until(cx, until)
    }
}

impl<S: Stream> Stream for Counting<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, inbox: &mut Inbox, until: Option<Time>) -> Poll<io::Result<usize>> {
        self.stream.poll_read(cx, inbox, until)
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
        until: Option<Time>,
    ) -> Poll<io::Result<usize>> {
        let wrote = self.stream.poll_write(cx, slices, until);
        self.writes.fetch_add(wrote.is_ready().into(), Ordering::Relaxed);
        wrote
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_shutdown(cx)
    }

    fn interrupter(&self) -> Option<&Waker> {
        self.stream.interrupter()
    }
}
