use std::future::Future;
use std::io;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time;

use async_io::Async;
use wirestate_driver::{Accept, AcceptClass, Address, BindError, Info, Options, Report, Runtime, Shutdown, Timer};
use wirestate_machine::{Instant, Machine};

use crate::socket::Alarm;
use crate::{Connection, Socket, Tcp};

/// Sockets that listen, and the options of the connections that come in over them.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<(Async<TcpListener>, SocketAddr)>,
    options: Options,
}

impl Listener {
    /// Listens on all addresses that `address` names: `"127.0.0.1:1110"`, `"localhost:0"`, or a slice of [`SocketAddr`]s. Port 0 lets the
    /// system choose; [`local_addrs`](Listener::local_addrs) says which. A name is resolved on the spot: nothing is served yet that
    /// would have to wait.
    pub fn bind(address: impl ToSocketAddrs) -> Result<Self, BindError> {
        let mut sockets = Vec::new();
        for address in address.to_socket_addrs().map_err(BindError::Resolve)? {
            let bound = Async::<TcpListener>::bind(address).and_then(|socket| {
                let local = socket.get_ref().local_addr()?;
                Ok((socket, local))
            });
            sockets.push(bound.map_err(|source| BindError::Bind { address, source })?);
        }
        if sockets.is_empty() {
            return Err(BindError::NoAddress);
        }
        Ok(Listener { sockets, options: Options::default() })
    }

    /// Listens on a socket that was made elsewhere.
    pub fn from_socket(socket: TcpListener) -> io::Result<Self> {
        let local = socket.local_addr()?;
        Ok(Listener { sockets: vec![(Async::new(socket)?, local)], options: Options::default() })
    }

    /// Sets the options of the connections to come.
    pub fn options(self, options: Options) -> Self {
        Listener { options, ..self }
    }

    /// Where it listens: one address for each socket, in the order in which they were named.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.sockets.iter().map(|(_, local)| *local).collect()
    }

    /// Where it listens, first of all.
    pub fn local_addr(&self) -> SocketAddr {
        self.sockets[0].1
    }
}

/// What [`serve`] gives to be run: the task of one connection.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Serves on `listeners`: puts a machine from `factory` on each connection that comes in, and runs `handler` on it in a task of its own.
///
/// `spawn` gives the task to the runtime: `|task| drop(async_std::task::spawn(task))`, or `|task| smol::spawn(task).detach()`.
/// The server ends when `shutdown` has been triggered, or all listeners have failed, and all handlers have ended.
pub async fn serve<M, F, H, T>(
    listeners: impl IntoIterator<Item = Listener>,
    spawn: impl Fn(Task),
    factory: F,
    handler: H,
    shutdown: &Shutdown,
) -> Report
where
    M: Machine,
    F: Fn(&Info, Instant) -> M,
    H: Fn(Connection<M>) -> T,
    T: Future<Output = ()> + Send + 'static,
{
    let doors = |listener: Listener| {
        let door = move |(socket, local)| (Door { socket, local }, listener.options);
        listener.sockets.into_iter().map(door)
    };
    let doors = listeners.into_iter().flat_map(doors).collect();
    wirestate_driver::serve(doors, Tasks { spawn, alarm: Alarm::default() }, factory, handler, shutdown).await
}

struct Door {
    socket: Async<TcpListener>,
    local: SocketAddr,
}

impl Accept for Door {
    type Stream = Socket<Tcp>;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Stream, Info)>> {
        loop {
            match self.socket.get_ref().accept() {
                Ok((stream, peer)) => return Poll::Ready(registered(stream).map(|stream| over_tcp(stream, peer))),
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready!(self.socket.poll_readable(cx))?,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn local(&self) -> Address {
        self.local.into()
    }
}

/// A connection that the reactor does not take is lost, but says nothing against the listener.
fn registered(stream: TcpStream) -> io::Result<Tcp> {
    Tcp::try_from(stream).map_err(|error| match AcceptClass::of(&error) {
        AcceptClass::Fatal => io::Error::new(ErrorKind::ConnectionAborted, error),
        _ => error,
    })
}

/// A TCP stream as all connections have it: small replies leave at once.
pub(crate) fn over_tcp(stream: Tcp, peer: SocketAddr) -> (Socket<Tcp>, Info) {
    // Either fails only on a connection that is already gone, which its first read will tell.
    let _ = stream.get_ref().set_nodelay(true);
    let local = stream.get_ref().local_addr().map_or(Address::Unknown, Address::from);
    (Socket::new(stream), Info::new(peer, local))
}

struct Tasks<P> {
    spawn: P,
    alarm: Alarm,
}

impl<P: Fn(Task)> Runtime for Tasks<P> {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        (self.spawn)(Box::pin(task));
    }
}

impl<P> Timer for Tasks<P> {
    fn now(&self) -> time::Instant {
        self.alarm.now()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, until: Option<time::Instant>) -> Poll<()> {
        self.alarm.poll_until(cx, until)
    }
}
