use std::io;
use std::io::{IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// A socket that blocks, with the settings that the driver's turns need. What is read and written through `&self` is one stream.
pub trait Channel: Send + Sync + 'static {
    /// As [`Read::read`].
    fn read(&self, space: &mut [u8]) -> io::Result<usize>;
    /// As [`Write::write_vectored`].
    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;
    /// As [`Write::flush`].
    fn flush(&self) -> io::Result<()>;
    /// As [`TcpStream::set_read_timeout`].
    fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;
    /// As [`TcpStream::set_write_timeout`].
    fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;
    /// As [`TcpStream::set_nonblocking`].
    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()>;
    /// As [`TcpStream::shutdown`]. Of the read side, it is called from another thread, and has to end a read that blocks.
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
    /// Whether both ends have closed, as far as the system tells.
    fn is_gone(&self) -> bool;
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

            fn flush(&self) -> io::Result<()> {
                Write::flush(&mut { self })
            }

            fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                <$socket>::set_read_timeout(self, timeout)
            }

            fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                <$socket>::set_write_timeout(self, timeout)
            }

            fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
                <$socket>::set_nonblocking(self, nonblocking)
            }

            fn shutdown(&self, how: Shutdown) -> io::Result<()> {
                <$socket>::shutdown(self, how)
            }

            fn is_gone(&self) -> bool {
                self.peer_addr().is_err()
            }
        }
    };
}

channel!(TcpStream);
#[cfg(unix)]
channel!(UnixStream);
