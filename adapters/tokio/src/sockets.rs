use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
use wirestate_driver::{Accept, Address, Dialer, Keepalive, ListeningSocket, Runtime, Timer};

use crate::socket::Alarm;
use crate::{Socket, Wire};

/// Tokio's sockets, timers and tasks, as the driver wants them.
#[derive(Default)]
pub(crate) struct Tokio {
    alarm: Alarm,
}

impl Timer for Tokio {
    fn now(&self) -> Instant {
        self.alarm.now()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
        self.alarm.poll_until(cx, until)
    }
}

impl Runtime for Tokio {
    type Accept = Door;

    fn open(&self, socket: ListeningSocket) -> io::Result<Door> {
        match socket {
            ListeningSocket::Tcp(socket) => TcpListener::from_std(socket).map(Door::Tcp),
            #[cfg(unix)]
            ListeningSocket::Unix(socket) => UnixListener::from_std(socket).map(Door::Unix),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        tokio::spawn(task);
        Ok(())
    }
}

/// A socket that listens.
pub(crate) enum Door {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Accept for Door {
    type Stream = Socket<Wire>;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Stream, Address)>> {
        let (wire, peer) = match self {
            Door::Tcp(socket) => {
                let (stream, peer) = ready!(socket.poll_accept(cx))?;
                (Wire::tcp(stream), peer.into())
            }
            #[cfg(unix)]
            Door::Unix(socket) => {
                // What accept says here knows no abstract names.
                let (stream, _) = ready!(socket.poll_accept(cx))?;
                let peer = stream.peer_addr().map_or(Address::Unix(None), |peer| crate::wire::of_unix(&peer));
                (Wire::Unix(stream), peer)
            }
        };
        Poll::Ready(Ok((Socket::new(wire), peer)))
    }

    fn local(stream: &Self::Stream) -> Address {
        stream.get_ref().local()
    }

    fn keep_alive(stream: &Self::Stream, keepalive: &Keepalive) -> io::Result<()> {
        stream.get_ref().keep_alive(keepalive)
    }
}

impl Dialer for Tokio {
    type Stream = Socket<Wire>;

    async fn resolve(server: String) -> io::Result<Vec<SocketAddr>> {
        Ok(lookup_host(server).await?.collect())
    }

    async fn tcp(to: SocketAddr, from: Option<IpAddr>) -> io::Result<Self::Stream> {
        let stream = match from {
            None => TcpStream::connect(to).await?,
            Some(from) => {
                let socket = if to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
                socket.bind(SocketAddr::new(from, 0))?;
                socket.connect(to).await?
            }
        };
        Ok(Socket::new(Wire::tcp(stream)))
    }

    #[cfg(unix)]
    async fn unix(path: PathBuf) -> io::Result<Self::Stream> {
        UnixStream::connect(path).await.map(Wire::Unix).map(Socket::new)
    }

    #[cfg(not(unix))]
    async fn unix(_: PathBuf) -> io::Result<Self::Stream> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn local(stream: &Self::Stream) -> Address {
        stream.get_ref().local()
    }

    fn keep_alive(stream: &Self::Stream, keepalive: &Keepalive) -> io::Result<()> {
        stream.get_ref().keep_alive(keepalive)
    }
}
