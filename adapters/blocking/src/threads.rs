use std::future::poll_fn;
use std::io;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};
#[cfg(unix)]
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Instant;

use rustix::event::PollFlags;
use wirestate_driver::{Accept, Address, Dialer, Keepalive, ListeningSocket, Runtime, Timer, begin_connect, connected};

use crate::wait::{Alarm, block_on, want};
use crate::{Socket, Wire};

/// The system's sockets and threads, as the driver wants them.
#[derive(Default)]
pub(crate) struct Threads {
    alarm: Alarm,
}

impl Timer for Threads {
    fn now(&self) -> Instant {
        self.alarm.now()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
        self.alarm.poll_until(cx, until)
    }
}

impl Runtime for Threads {
    type Accept = Door;

    fn open(&self, socket: ListeningSocket) -> io::Result<Door> {
        match socket {
            ListeningSocket::Tcp(socket) => Ok(Door::Tcp(Arc::new(socket))),
            #[cfg(unix)]
            ListeningSocket::Unix(socket) => Ok(Door::Unix(Arc::new(socket))),
            _ => Err(ErrorKind::Unsupported.into()),
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let thread = thread::Builder::new().name("connection".into()).spawn(move || block_on(task));
        // No thread to be had is a shortage like any other, whatever the system calls it.
        thread.map(drop).map_err(|_| ErrorKind::OutOfMemory.into())
    }
}

/// A socket that listens.
pub(crate) enum Door {
    Tcp(Arc<TcpListener>),
    #[cfg(unix)]
    Unix(Arc<UnixListener>),
}

impl Accept for Door {
    type Stream = Socket;

    fn poll_accept(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<(Socket, Address)>> {
        let accepted = match self {
            Door::Tcp(socket) => socket.accept().map(|(stream, peer)| (Wire::tcp(stream), peer.into())),
            #[cfg(unix)]
            Door::Unix(socket) => socket.accept().map(|(stream, peer)| (Wire::Unix(stream), Address::of_unix(&peer))),
        };
        match accepted {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                match self {
                    Door::Tcp(socket) => want(socket, PollFlags::IN),
                    #[cfg(unix)]
                    Door::Unix(socket) => want(socket, PollFlags::IN),
                }
                Poll::Pending
            }
            // What fails after accept concerns this one connection.
            Ok((wire, peer)) => Poll::Ready(match Socket::new(wire) {
                Ok(socket) => Ok((socket, peer)),
                Err(error) => Err(io::Error::new(ErrorKind::ConnectionAborted, error)),
            }),
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn local(stream: &Socket) -> Address {
        stream.get_ref().local()
    }

    fn keep_alive(stream: &Socket, keepalive: &Keepalive) -> io::Result<()> {
        stream.get_ref().keep_alive(keepalive)
    }
}

impl Dialer for Threads {
    type Stream = Socket;

    async fn resolve(server: String) -> io::Result<Vec<SocketAddr>> {
        wirestate_driver::resolve(server).await
    }

    async fn tcp(to: SocketAddr, from: Option<IpAddr>) -> io::Result<Socket> {
        let stream = Arc::new(begin_connect(to, from)?);
        poll_fn(|_| match connected(&stream) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                want(&stream, PollFlags::OUT);
                Poll::Pending
            }
            done => Poll::Ready(done),
        })
        .await?;
        // Nobody else holds it: what is wanted is held weakly.
        let stream = match Arc::try_unwrap(stream) {
            Ok(stream) => stream,
            Err(stream) => stream.try_clone()?,
        };
        Ok(Socket::of(Wire::tcp(stream)))
    }

    #[cfg(unix)]
    async fn unix(path: PathBuf) -> io::Result<Socket> {
        Socket::new(Wire::Unix(wirestate_driver::connect_unix(&path)?))
    }

    #[cfg(not(unix))]
    async fn unix(_: PathBuf) -> io::Result<Socket> {
        Err(ErrorKind::Unsupported.into())
    }

    fn local(stream: &Socket) -> Address {
        stream.get_ref().local()
    }

    fn keep_alive(stream: &Socket, keepalive: &Keepalive) -> io::Result<()> {
        stream.get_ref().keep_alive(keepalive)
    }
}
