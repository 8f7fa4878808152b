use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use tokio::net::{TcpListener, TcpStream, ToSocketAddrs, lookup_host};
use wirestate_driver::{Accept, Address, BindError, Info, Options, Report, Runtime, Shutdown, Timer};
use wirestate_machine::{Instant, Machine};

use crate::socket::Alarm;
use crate::{Connection, Socket};

/// Sockets that listen, and the options of the connections that come in over them.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<(TcpListener, SocketAddr)>,
    options: Options,
}

impl Listener {
    /// Listens on all addresses that `address` names: `"127.0.0.1:1110"`, `"localhost:0"`, or a slice of [`SocketAddr`]s. Port 0 lets the
    /// system choose; [`local_addrs`](Listener::local_addrs) says which.
    pub async fn bind(address: impl ToSocketAddrs) -> Result<Self, BindError> {
        let mut sockets = Vec::new();
        for address in lookup_host(address).await.map_err(BindError::Resolve)? {
            let bound = async {
                let socket = TcpListener::bind(address).await?;
                let local = socket.local_addr()?;
                Ok((socket, local))
            };
            sockets.push(bound.await.map_err(|source| BindError::Bind { address, source })?);
        }
        if sockets.is_empty() {
            return Err(BindError::NoAddress);
        }
        Ok(Listener { sockets, options: Options::default() })
    }

    /// Listens on a socket that was made elsewhere.
    pub fn from_socket(socket: TcpListener) -> io::Result<Self> {
        let local = socket.local_addr()?;
        Ok(Listener { sockets: vec![(socket, local)], options: Options::default() })
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

/// Serves on `listeners`: puts a machine from `factory` on each connection that comes in, and runs `handler` on it in a task of its own.
///
/// It ends when `shutdown` has been triggered, or all listeners have failed, and all handlers have ended.
pub async fn serve<M, F, H, T>(
    listeners: impl IntoIterator<Item = Listener>,
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
    wirestate_driver::serve(doors, Tasks::default(), factory, handler, shutdown).await
}

struct Door {
    socket: TcpListener,
    local: SocketAddr,
}

impl Accept for Door {
    type Stream = Socket<TcpStream>;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Stream, Info)>> {
        let (stream, peer) = ready!(self.socket.poll_accept(cx))?;
        Poll::Ready(Ok(over_tcp(stream, peer)))
    }

    fn local(&self) -> Address {
        self.local.into()
    }
}

/// A TCP stream as all connections have it: small replies leave at once.
pub(crate) fn over_tcp(stream: TcpStream, peer: SocketAddr) -> (Socket<TcpStream>, Info) {
    // Either fails only on a connection that is already gone, which its first read will tell.
    let _ = stream.set_nodelay(true);
    let local = stream.local_addr().map_or(Address::Unknown, Address::from);
    (Socket::new(stream), Info::new(peer, local))
}

#[derive(Default)]
struct Tasks {
    alarm: Alarm,
}

impl Runtime for Tasks {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(task);
    }
}

impl Timer for Tasks {
    fn now(&self) -> std::time::Instant {
        self.alarm.now()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, until: Option<std::time::Instant>) -> Poll<()> {
        self.alarm.poll_until(cx, until)
    }
}
