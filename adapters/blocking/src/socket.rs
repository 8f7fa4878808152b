use std::io;
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use rustix::event::PollFlags;
use rustix::fd::{AsFd, BorrowedFd};
use wirestate_driver::{Address, Keepalive, Stream, Timer};
use wirestate_machine::Inbox;

use crate::wait::{poll_until, waits, want};

/// The most bytes that one read takes, through the stack. It is cleared each time, so it is smaller than it could be.
const READ: usize = 8 * 1024;

/// A socket of the system's, with the calls that the driver's turns need. What is read and written through `&self` is one stream.
pub trait Channel: AsFd + Send + Sync + 'static {
    /// As [`Read::read`].
    fn read(&self, space: &mut [u8]) -> io::Result<usize>;
    /// As [`Write::write_vectored`].
    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;
    /// As [`TcpStream::set_nonblocking`].
    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()>;
    /// As [`TcpStream::shutdown`].
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
}

macro_rules! channel {
    ($socket:ty) => {
        impl Channel for $socket {
            fn read(&self, space: &mut [u8]) -> io::Result<usize> {
                Read::read(&mut { self }, space)
            }

            fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
                match slices {
                    [one] => Write::write(&mut { self }, one),
                    many => Write::write_vectored(&mut { self }, many),
                }
            }

            fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
                <$socket>::set_nonblocking(self, nonblocking)
            }

            fn shutdown(&self, how: Shutdown) -> io::Result<()> {
                <$socket>::shutdown(self, how)
            }
        }
    };
}

channel!(TcpStream);
#[cfg(unix)]
channel!(UnixStream);

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
            Wire::Unix(stream) => stream.local_addr().map_or(Address::Unix(None), |address| Address::of_unix(&address)),
        }
    }
}

/// Does the same to whichever socket it is.
macro_rules! on {
    ($wire:expr, $socket:ident => $do:expr) => {
        match $wire {
            Wire::Tcp($socket) => $do,
            #[cfg(unix)]
            Wire::Unix($socket) => $do,
        }
    };
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        on!(self, socket => socket.as_fd())
    }
}

impl Channel for Wire {
    fn read(&self, space: &mut [u8]) -> io::Result<usize> {
        on!(self, socket => Channel::read(socket, space))
    }

    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        on!(self, socket => Channel::write(socket, slices))
    }

    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        on!(self, socket => socket.set_nonblocking(nonblocking))
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        on!(self, socket => socket.shutdown(how))
    }
}

/// A socket as the driver wants it. It never blocks itself: what it waits for is waited for by the thread, in
/// [`block_on`](crate::block_on).
#[derive(Debug)]
pub struct Socket<T = Wire> {
    io: Arc<T>,
    /// The wait of this thread since which there is nothing to read, as far as is known.
    dry: Option<u64>,
}

impl<T: Channel> Socket<T> {
    /// Takes a connected socket.
    pub fn new(io: T) -> io::Result<Self> {
        io.set_nonblocking(true)?;
        Ok(Socket::of(io))
    }

    /// Takes a connected socket that does not block.
    pub(crate) fn of(io: T) -> Self {
        Socket { io: Arc::new(io), dry: None }
    }

    /// The socket.
    pub fn get_ref(&self) -> &T {
        &self.io
    }
}

impl<T: Channel> Stream for Socket<T> {
    fn poll_read(&mut self, _cx: &mut Context<'_>, inbox: &mut Inbox) -> Poll<io::Result<usize>> {
        if self.dry != Some(waits()) {
            let mut space = [0; READ];
            let room = inbox.room().min(READ);
            match self.io.read(&mut space[..room]) {
                Ok(count) => {
                    // Less than there was room for is all there was; zero is the end, which stays.
                    self.dry = (0 < count && count < room).then(waits);
                    return Poll::Ready(Ok(inbox.push_some(&space[..count])));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        want(&self.io, PollFlags::IN);
        Poll::Pending
    }

    fn poll_write(&mut self, _cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self.io.write(slices) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                want(&self.io, PollFlags::OUT);
                Poll::Pending
            }
            done => Poll::Ready(done),
        }
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.io.shutdown(Shutdown::Write))
    }
}

impl<T> Timer for Socket<T> {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn poll_until(&mut self, _cx: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
        poll_until(until)
    }
}
