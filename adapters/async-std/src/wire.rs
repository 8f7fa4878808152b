use std::io;
use std::io::IoSlice;
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_io::Async;
use futures_io::{AsyncRead, AsyncWrite};
use wirestate_driver::{Address, Keepalive};

/// What servers accept and connectors connect, on async-io's reactor: TCP or a Unix socket.
///
/// Other than `Async` itself and async-std's own sockets, which only flush, it tells the peer of the end when it is closed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Wire {
    /// TCP. Small replies leave at once.
    Tcp(Async<TcpStream>),
    /// A Unix socket.
    #[cfg(unix)]
    Unix(Async<UnixStream>),
}

impl Wire {
    pub(crate) fn tcp(stream: Async<TcpStream>) -> Self {
        // It fails only on a connection that is already gone, which its first read will tell.
        let _ = stream.get_ref().set_nodelay(true);
        Wire::Tcp(stream)
    }

    pub(crate) fn keep_alive(&self, keepalive: &Keepalive) -> io::Result<()> {
        match self {
            Wire::Tcp(stream) => keepalive.set_on(stream.get_ref()),
            #[cfg(unix)]
            Wire::Unix(_) => Ok(()),
        }
    }

    pub(crate) fn local(&self) -> Address {
        match self {
            Wire::Tcp(stream) => stream.get_ref().local_addr().map_or(Address::Unknown, Address::from),
            #[cfg(unix)]
            Wire::Unix(stream) => {
                stream.get_ref().local_addr().map_or(Address::Unix(None), |address| Address::of_unix(&address))
            }
        }
    }
}

impl TryFrom<TcpStream> for Wire {
    type Error = io::Error;

    fn try_from(stream: TcpStream) -> io::Result<Self> {
        Async::new(stream).map(Wire::tcp)
    }
}

#[cfg(unix)]
impl TryFrom<UnixStream> for Wire {
    type Error = io::Error;

    fn try_from(stream: UnixStream) -> io::Result<Self> {
        Async::new(stream).map(Wire::Unix)
    }
}

/// Does the same to whichever stream it is.
macro_rules! on {
    ($wire:expr, $stream:ident => $do:expr) => {
        match $wire.get_mut() {
            Wire::Tcp($stream) => $do,
            #[cfg(unix)]
            Wire::Unix($stream) => $do,
        }
    };
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, space: &mut [u8]) -> Poll<io::Result<usize>> {
        on!(self, stream => Pin::new(stream).poll_read(cx, space))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        on!(self, stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on!(self, stream => Pin::new(stream).poll_write_vectored(cx, slices))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self, stream => Poll::Ready(stream.get_ref().shutdown(Shutdown::Write)))
    }
}
