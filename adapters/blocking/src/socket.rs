use std::io;
use std::io::{ErrorKind, IoSlice};
use std::mem;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use wirestate_driver::{Stream, Timer};
use wirestate_machine::Inbox;

use crate::Channel;

/// The most bytes that one read takes, through the stack. It is cleared each time, so it is smaller than it could be.
const READ: usize = 8 * 1024;
/// How long the first write waits for a peer that takes nothing, before it is looked whether that peer wants to be read first.
const FIRST_SLICE: Duration = Duration::from_millis(5);
/// How long such a write waits in the end.
const LONGEST_SLICE: Duration = Duration::from_millis(250);
/// How long the thread sleeps at most between two looks at a socket that cannot wait any more.
const LONGEST_NAP: Duration = Duration::from_millis(50);
/// Below this, a read's timeout is set exactly.
const SHORT: Duration = Duration::from_secs(2);

/// A blocking socket, as the driver wants it: where other runtimes register a waker, this one waits.
///
/// A read waits for the deadline. A write waits for the peer, in slices between which it is looked whether the peer in turn waits to be
/// read: that is how one thread goes both ways. A shutdown ends a waiting read by shutting the read side.
#[derive(Debug)]
pub struct Socket<T = TcpStream> {
    link: Arc<Link<T>>,
    interrupter: Waker,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    /// How long the next write waits.
    slice: Duration,
    /// Whether the last write took nothing.
    stuck: bool,
    /// Whether the look at a peer that takes nothing found something to read: then the next write does not wait.
    found: bool,
    nonblocking: bool,
    /// How long the next nap is, once interrupted; `None` before the interruption was told.
    nap: Option<Duration>,
}

#[derive(Debug)]
struct Link<T> {
    io: T,
    interrupted: Mutex<bool>,
    bell: Condvar,
}

impl<T> Link<T> {
    fn interrupted(&self) -> MutexGuard<'_, bool> {
        self.interrupted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does not keep the socket open.
struct Interrupter<T>(Weak<Link<T>>);

impl<T: Channel> Wake for Interrupter<T> {
    fn wake(self: Arc<Self>) {
        if let Some(link) = self.0.upgrade() {
            *link.interrupted() = true;
            link.bell.notify_all();
            let _ = link.io.shutdown(Shutdown::Read);
        }
    }
}

impl<T: Channel> Socket<T> {
    /// Takes a connected socket.
    pub fn new(io: T) -> io::Result<Self> {
        io.set_nonblocking(false)?;
        io.set_read_timeout(None)?;
        io.set_write_timeout(None)?;
        let link = Arc::new(Link { io, interrupted: Mutex::new(false), bell: Condvar::new() });
        let interrupter = Waker::from(Arc::new(Interrupter(Arc::downgrade(&link))));
        Ok(Socket {
            link,
            interrupter,
            read_timeout: None,
            write_timeout: None,
            slice: FIRST_SLICE,
            stuck: false,
            found: false,
            nonblocking: false,
            nap: None,
        })
    }

    /// The socket.
    pub fn get_ref(&self) -> &T {
        &self.link.io
    }

    fn set_nonblocking(&mut self, nonblocking: bool) -> io::Result<()> {
        if self.nonblocking != nonblocking {
            self.link.io.set_nonblocking(nonblocking)?;
            self.nonblocking = nonblocking;
        }
        Ok(())
    }

    /// Reads what is there, without a wait: the peer may have stopped to read because it is not read itself.
    fn look(&mut self, space: &mut [u8]) -> io::Result<usize> {
        self.set_nonblocking(true)?;
        let looked = self.link.io.read(space);
        self.found = looked.as_ref().is_ok_and(|count| *count > 0);
        if self.found {
            self.slice = FIRST_SLICE;
        }
        looked
    }

    /// Reads with a timeout of at most `left`. One that is much shorter serves as well and saves a system call: deadlines move with each
    /// command.
    fn wait(&mut self, space: &mut [u8], left: Option<Duration>) -> io::Result<usize> {
        let fits = match (self.read_timeout, left) {
            (None, None) => true,
            (Some(set), Some(left)) => set <= left && left / 4 <= set,
            _ => false,
        };
        if !fits {
            let timeout = left.map(|left| if left < SHORT { left.max(Duration::from_millis(1)) } else { left / 2 });
            self.link.io.set_read_timeout(timeout)?;
            self.read_timeout = timeout;
        }
        self.set_nonblocking(false)?;
        self.link.io.read(space)
    }

    /// Writes what the peer takes within this slice of time.
    fn write(&mut self, slices: &[IoSlice<'_>], left: Option<Duration>) -> io::Result<usize> {
        if self.stuck && self.found {
            self.set_nonblocking(true)?;
            return self.link.io.write(slices);
        }
        let slice = left.map_or(self.slice, |left| left.clamp(Duration::from_millis(1), self.slice));
        if self.write_timeout != Some(slice) {
            self.link.io.set_write_timeout(Some(slice))?;
            self.write_timeout = Some(slice);
        }
        self.set_nonblocking(false)?;
        let wrote = self.link.io.write(slices);
        if wrote.as_ref().is_err_and(is_timeout) {
            self.slice = (self.slice * 2).min(LONGEST_SLICE);
        }
        wrote
    }
}

fn left(until: Option<Instant>) -> Option<Duration> {
    until.map(|until| until.saturating_duration_since(Instant::now()))
}

/// Whether the wait is over. On Unix, `TimedOut` is something else: the network has given the connection up.
fn is_timeout(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock || (cfg!(windows) && error.kind() == ErrorKind::TimedOut)
}

impl<T: Channel> Stream for Socket<T> {
    fn poll_read(
        &mut self,
        _cx: &mut Context<'_>,
        inbox: &mut Inbox,
        until: Option<Instant>,
    ) -> Poll<io::Result<usize>> {
        let mut space = [0; READ];
        let room = inbox.room().min(READ);
        let space = &mut space[..room];
        loop {
            let left = left(until);
            let done = match left {
                _ if self.stuck => self.look(space),
                Some(Duration::ZERO) => return Poll::Pending,
                _ => self.wait(space, left),
            };
            match done {
                // Not the peer's end, but that of our patience. With both ends closed it is the peer's, too.
                Ok(0) if *self.link.interrupted() && !self.link.io.is_gone() => return Poll::Pending,
                Ok(count) => {
                    self.nap = self.nap.map(|_| Duration::ZERO);
                    return Poll::Ready(Ok(inbox.push_some(&space[..count])));
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) && self.stuck => return Poll::Pending,
                Err(error) if is_timeout(&error) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn poll_write(
        &mut self,
        _cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
        until: Option<Instant>,
    ) -> Poll<io::Result<usize>> {
        match self.write(slices, left(until)) {
            Err(error) if is_timeout(&error) => {
                self.stuck = true;
                self.found = false;
                Poll::Pending
            }
            done => {
                self.stuck = false;
                self.slice = FIRST_SLICE;
                Poll::Ready(done)
            }
        }
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.link.io.flush())
    }

    fn poll_shutdown(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stuck = false;
        Poll::Ready(self.link.io.shutdown(Shutdown::Write))
    }

    fn interrupter(&self) -> Option<&Waker> {
        Some(&self.interrupter)
    }
}

impl<T> Timer for Socket<T> {
    fn now(&self) -> Instant {
        Instant::now()
    }

    /// Waits, and is always ready: at `until`, after an interruption, or because the write has waited already.
    fn poll_until(&mut self, _cx: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
        let left = left(until);
        if mem::take(&mut self.stuck) || left == Some(Duration::ZERO) {
            return Poll::Ready(());
        }
        let interrupted = self.link.interrupted();
        if *interrupted {
            drop(interrupted);
            if let Some(nap) = self.nap {
                thread::sleep(left.map_or(nap, |left| left.min(nap)));
            }
            let longer = self.nap.map(|nap| (nap * 2).clamp(Duration::from_millis(1), LONGEST_NAP));
            self.nap = Some(longer.unwrap_or(Duration::ZERO));
            return Poll::Ready(());
        }
        let bell = &self.link.bell;
        match left {
            Some(left) => drop(bell.wait_timeout_while(interrupted, left, |interrupted| !*interrupted)),
            None => drop(bell.wait_while(interrupted, |interrupted| !*interrupted)),
        }
        Poll::Ready(())
    }
}
