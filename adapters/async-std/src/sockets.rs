use std::io;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};
#[cfg(unix)]
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use async_io::Async;
use wirestate_driver::{
    Accept, AcceptClass, Address, Dialer, Keepalive, ListeningSocket, Runtime, Timer, begin_connect, connected,
};

use crate::serve::Task;
use crate::socket::Alarm;
use crate::{Socket, Wire};

/// async-io's sockets and timers, as the driver wants them, with the tasks of whichever executor.
pub(crate) struct Reactor<P> {
    alarm: Alarm,
    spawn: P,
}

impl<P> Reactor<P> {
    pub(crate) fn new(spawn: P) -> Self {
        Reactor { alarm: Alarm::default(), spawn }
    }
}

impl<P> Timer for Reactor<P> {
    fn now(&self) -> Instant {
        self.alarm.now()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
        self.alarm.poll_until(cx, until)
    }
}

impl<P: Fn(Task)> Runtime for Reactor<P> {
    type Accept = Door;

    fn open(&self, socket: ListeningSocket) -> io::Result<Door> {
        match socket {
            ListeningSocket::Tcp(socket) => Async::new_nonblocking(socket).map(Door::Tcp),
            #[cfg(unix)]
            ListeningSocket::Unix(socket) => Async::new_nonblocking(socket).map(Door::Unix),
            _ => Err(ErrorKind::Unsupported.into()),
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        (self.spawn)(Task::new(task));
        Ok(())
    }
}

/// A socket that listens.
pub(crate) enum Door {
    Tcp(Async<TcpListener>),
    #[cfg(unix)]
    Unix(Async<UnixListener>),
}

impl Door {
    fn accept(&self) -> io::Result<(Wire, Address)> {
        match self {
            Door::Tcp(socket) => {
                let (stream, peer) = socket.get_ref().accept()?;
                Ok((registered(Wire::try_from(stream))?, peer.into()))
            }
            #[cfg(unix)]
            Door::Unix(socket) => {
                let (stream, peer) = socket.get_ref().accept()?;
                Ok((registered(Wire::try_from(stream))?, Address::of_unix(&peer)))
            }
        }
    }

    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Door::Tcp(socket) => socket.poll_readable(cx),
            #[cfg(unix)]
            Door::Unix(socket) => socket.poll_readable(cx),
        }
    }
}

impl Accept for Door {
    type Stream = Socket<Wire>;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Stream, Address)>> {
        loop {
            match self.accept() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready!(self.poll_readable(cx))?,
                accepted => return Poll::Ready(accepted.map(|(wire, peer)| (Socket::new(wire), peer))),
            }
        }
    }

    fn local(stream: &Self::Stream) -> Address {
        stream.get_ref().local()
    }

    fn keep_alive(stream: &Self::Stream, keepalive: &Keepalive) -> io::Result<()> {
        stream.get_ref().keep_alive(keepalive)
    }
}

/// A connection that the reactor does not take is lost, but says nothing against the listener.
fn registered(wire: io::Result<Wire>) -> io::Result<Wire> {
    wire.map_err(|error| match AcceptClass::of(&error) {
        AcceptClass::Fatal => io::Error::new(ErrorKind::ConnectionAborted, error),
        _ => error,
    })
}

impl Dialer for Reactor<()> {
    type Stream = Socket<Wire>;

    async fn resolve(server: String) -> io::Result<Vec<SocketAddr>> {
        wirestate_driver::resolve(server).await
    }

    async fn tcp(to: SocketAddr, from: Option<IpAddr>) -> io::Result<Self::Stream> {
        let stream = Async::new_nonblocking(begin_connect(to, from)?)?;
        loop {
            stream.writable().await?;
            match connected(stream.get_ref()) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => return done.map(|()| Socket::new(Wire::tcp(stream))),
            }
        }
    }

    #[cfg(unix)]
    async fn unix(path: PathBuf) -> io::Result<Self::Stream> {
        Async::<UnixStream>::connect(path).await.map(Wire::Unix).map(Socket::new)
    }

    #[cfg(not(unix))]
    async fn unix(_: PathBuf) -> io::Result<Self::Stream> {
        Err(ErrorKind::Unsupported.into())
    }

    fn local(stream: &Self::Stream) -> Address {
        stream.get_ref().local()
    }

    fn keep_alive(stream: &Self::Stream, keepalive: &Keepalive) -> io::Result<()> {
        stream.get_ref().keep_alive(keepalive)
    }
}
