//! What the tests stand on: a world, a server in it, and clients.

use std::future::poll_fn;
use std::io;
use std::io::{IoSlice, Read};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant as Time};

use socket2::{Domain, Socket, Type};
use wirestate_driver::{
    Connection, Control, Error, Info, Listener, Mode, Options, Report, Shutdown, Stream, Timer, Traffic,
};
use wirestate_machine::{Inbox, Instant, Machine};

use super::toy::{Rude, Toy};
pub(crate) use super::world::World;

/// Nothing here waits this long, unless it is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A server that is running.
pub(crate) struct Server<M = Toy> {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) control: Control<M>,
    pub(crate) shutdown: Shutdown,
    report: Receiver<Report>,
}

/// A listener on loopback, at a port of the system's choice.
pub(crate) fn listener() -> Listener {
    Listener::bind("127.0.0.1:0").unwrap()
}

impl Server {
    pub(crate) fn start<W: World, T: Future<Output = ()> + Send + 'static>(
        options: Options,
        factory: impl Fn(Instant) -> Toy + Send + Sync + 'static,
        handler: impl Fn(Connection<Toy, W::Stream>) -> T + Send + Sync + 'static,
    ) -> Self {
        Server::start_on::<W, T>(vec![listener().options(options)], factory, handler)
    }

    pub(crate) fn start_on<W: World, T: Future<Output = ()> + Send + 'static>(
        listeners: Vec<Listener>,
        factory: impl Fn(Instant) -> Toy + Send + Sync + 'static,
        handler: impl Fn(Connection<Toy, W::Stream>) -> T + Send + Sync + 'static,
    ) -> Self {
        let control = Control::new(&Shutdown::new());
        Server::steered::<W, T>(control, listeners, move |_, now| factory(now), handler)
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
}

impl<M: Machine + Send + 'static> Server<M> {
    /// A server under a control that was set up before.
    pub(crate) fn steered<W: World, T: Future<Output = ()> + Send + 'static>(
        control: Control<M>,
        listeners: Vec<Listener>,
        factory: impl Fn(&Info, Instant) -> M + Send + Sync + 'static,
        handler: impl Fn(Connection<M, W::Stream>) -> T + Send + Sync + 'static,
    ) -> Self {
        let addresses = listeners.iter().flat_map(Listener::local_addrs).collect();
        let (done, report) = channel();
        let steer = control.clone();
        thread::spawn(move || {
            let _ = done.send(W::serve(listeners, factory, handler, &steer));
        });
        Server { addresses, shutdown: control.shutdown().clone(), control, report }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    pub(crate) fn client(&self) -> TcpStream {
        client(self.address())
    }

    pub(crate) fn stop(self, mode: Mode) -> Report {
        self.shutdown.trigger(mode);
        self.ended()
    }

    /// Waits for the server's end.
    pub(crate) fn ended(&self) -> Report {
        self.report.recv_timeout(PATIENCE).expect("the server ends")
    }

    pub(crate) fn stop_gracefully(self) -> Report {
        self.stop(Mode::Graceful { within: PATIENCE })
    }
}

/// An address that does not answer: its backlog is full.
pub(crate) struct BlackHole {
    pub(crate) address: SocketAddr,
    _listener: Socket,
    _queue: Vec<TcpStream>,
}

impl BlackHole {
    pub(crate) fn dig() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let mut queue = Vec::new();
        while let Ok(one) = TcpStream::connect_timeout(&address, Duration::from_millis(50)) {
            queue.push(one);
            assert!(queue.len() < 100, "this system's backlog has no end");
        }
        BlackHole { address, _listener: listener, _queue: queue }
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
    fn poll_read(&mut self, cx: &mut Context<'_>, inbox: &mut Inbox) -> Poll<io::Result<usize>> {
        self.stream.poll_read(cx, inbox)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let wrote = self.stream.poll_write(cx, slices);
        self.writes.fetch_add(wrote.is_ready().into(), Ordering::Relaxed);
        wrote
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_shutdown(cx)
    }
}
