use std::io;
use std::io::{ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use wirestate_driver::{Address, Keepalive};

/// What servers accept and connectors connect: TCP or a Unix socket.
#[derive(Debug)]
#[non_exhaustive]
pub enum Wire {
    /// TCP. Small replies leave at once.
    Tcp(TcpStream),
    /// A Unix socket.
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Wire {
    pub(crate) fn tcp(stream: TcpStream) -> Self {
        // It fails only on a connection that is already gone, which its first read will tell.
        let _ = stream.set_nodelay(true);
        Wire::Tcp(stream)
    }

    pub(crate) fn keep_alive(&self, keepalive: &Keepalive) -> io::Result<()> {
        match self {
            Wire::Tcp(stream) => keepalive.set_on(stream),
            #[cfg(unix)]
            Wire::Unix(_) => Ok(()),
        }
    }

    pub(crate) fn local(&self) -> Address {
        match self {
            Wire::Tcp(stream) => stream.local_addr().map_or(Address::Unknown, Address::from),
            #[cfg(unix)]
            Wire::Unix(stream) => stream.local_addr().map_or(Address::Unix(None), |address| of_unix(&address)),
        }
    }
}

#[cfg(unix)]
pub(crate) fn of_unix(address: &tokio::net::unix::SocketAddr) -> Address {
    #[cfg(target_os = "linux")]
    if let Some(name) = address.as_abstract_name() {
        return Address::of_abstract(name);
    }
    Address::Unix(address.as_pathname().map(Into::into))
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
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, space: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        on!(self, stream => Pin::new(stream).poll_read(cx, space))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // Mostly there is room, and nobody has to wait.
        on!(self, stream => match stream.try_write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Pin::new(stream).poll_write(cx, bytes),
            written => Poll::Ready(written),
        })
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        on!(self, stream => Pin::new(stream).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}
