use std::io;
use std::io::ErrorKind;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::{Address, Keepalive, Stream};

/// A runtime's listening socket.
pub trait Accept {
    /// What it accepts.
    type Stream: Stream;

    /// Accepts the next connection, and says who it is from.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Stream, Address)>>;

    /// This end of a connection. Only asked for where the listener's own address does not say it.
    fn local(stream: &Self::Stream) -> Address;

    /// Switches TCP keepalive on; on other than TCP it does nothing.
    fn keep_alive(stream: &Self::Stream, keepalive: &Keepalive) -> io::Result<()>;
}

/// What an error of `accept` means for the listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptClass {
    /// It concerned that one connection; accept goes on at once.
    Momentary,
    /// The system is short of descriptors or memory; accept goes on after a pause.
    Exhausted,
    /// The socket itself is broken.
    Fatal,
}

impl AcceptClass {
    /// Sorts an error of `accept`.
    pub fn of(error: &io::Error) -> Self {
        if error.raw_os_error().is_some_and(is_exhaustion) || error.kind() == ErrorKind::OutOfMemory {
            return AcceptClass::Exhausted;
        }
        if error.raw_os_error().is_some_and(is_network_trouble) {
            return AcceptClass::Momentary;
        }
        match error.kind() {
            ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::Interrupted
            | ErrorKind::WouldBlock
            | ErrorKind::TimedOut
            | ErrorKind::PermissionDenied
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown => AcceptClass::Momentary,
            _ => AcceptClass::Fatal,
        }
    }
}

#[cfg(unix)]
fn is_exhaustion(code: i32) -> bool {
    matches!(code, libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM)
}

/// On Linux, accept passes on the network errors that already wait on the new socket, as accept(2) warns.
#[cfg(unix)]
fn is_network_trouble(code: i32) -> bool {
    matches!(code, libc::EPROTO | libc::ENOPROTOOPT | libc::EHOSTDOWN)
}

#[cfg(windows)]
fn is_exhaustion(code: i32) -> bool {
    const WSAEMFILE: i32 = 10024;
    const WSAENOBUFS: i32 = 10055;
    matches!(code, WSAEMFILE | WSAENOBUFS)
}

#[cfg(not(any(unix, windows)))]
fn is_exhaustion(_code: i32) -> bool {
    false
}

#[cfg(not(unix))]
fn is_network_trouble(_code: i32) -> bool {
    false
}

/// The pauses of a listener whose system is exhausted: from 5 ms, doubled up to 1 s, and from the start again after a success.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(5);
    const LONGEST: Duration = Duration::from_secs(1);

    /// The pause after one more failure.
    pub fn pause(&mut self) -> Duration {
        let factor = 1u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.failures = self.failures.saturating_add(1);
        Backoff::FIRST.saturating_mul(factor).min(Backoff::LONGEST)
    }

    /// There was a success.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn errors_of_accept_are_sorted() {
        let class = |code| AcceptClass::of(&io::Error::from_raw_os_error(code));
        for code in [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM] {
            assert_eq!(class(code), AcceptClass::Exhausted, "{code}");
        }
        for code in [
            libc::ECONNABORTED,
            libc::EINTR,
            libc::EPERM,
            libc::EAGAIN,
            libc::EPROTO,
            libc::ENOPROTOOPT,
            libc::EHOSTDOWN,
            libc::EHOSTUNREACH,
            libc::ENETDOWN,
            libc::ENETUNREACH,
        ] {
            assert_eq!(class(code), AcceptClass::Momentary, "{code}");
        }
        for code in [libc::EBADF, libc::EINVAL, libc::ENOTSOCK, libc::EFAULT] {
            assert_eq!(class(code), AcceptClass::Fatal, "{code}");
        }
    }

    #[test]
    fn pauses_double_up_to_a_second() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..10).map(|_| backoff.pause().as_millis()).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        for _ in 0..100 {
            assert!(backoff.pause() <= Backoff::LONGEST);
        }
        backoff.reset();
        assert_eq!(backoff.pause(), Backoff::FIRST);
    }
}
