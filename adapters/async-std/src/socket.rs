use std::io;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use futures_io::{AsyncRead, AsyncWrite};
use wirestate_driver::{Doorbell, Stream, Timer};
use wirestate_machine::Inbox;

/// The most bytes that one read takes, through the stack. It is cleared each time, so it is smaller than it could be.
const READ: usize = 8 * 1024;

/// A futures-io byte stream with an alarm beside it, as the driver wants it.
// In this order, so that what a relayed message touches lies together.
#[derive(Debug)]
#[repr(C)]
pub struct Socket<T> {
    io: T,
    bell: Doorbell,
    alarm: Alarm,
}

impl<T> Socket<T> {
    /// Takes any stream: async-std's, smol's, `async_io::Async`, a TLS stream of one's own.
    pub fn new(io: T) -> Self {
        Socket { io, bell: Doorbell::default(), alarm: Alarm::default() }
    }

    /// The stream.
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// Gives the stream back.
    pub fn into_inner(self) -> T {
        self.io
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for Socket<T> {
    fn poll_read(&mut self, cx: &mut Context<'_>, inbox: &mut Inbox) -> Poll<io::Result<usize>> {
        let mut cx = Context::from_waker(self.bell.listen(cx));
        let mut space = [0; READ];
        let room = inbox.room().min(READ);
        let count = ready!(Pin::new(&mut self.io).poll_read(&mut cx, &mut space[..room]))?;
        Poll::Ready(Ok(inbox.push_some(&space[..count.min(room)])))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match slices {
            [one] => Pin::new(&mut self.io).poll_write(cx, one),
            many => Pin::new(&mut self.io).poll_write_vectored(cx, many),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_close(cx)
    }

    fn is_quiet(&self, cx: &Context<'_>) -> bool {
        self.bell.is_quiet(cx)
    }
}

impl<T> Timer for Socket<T> {
    fn now(&self) -> Instant {
        self.alarm.now()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
        self.alarm.poll_until(&mut Context::from_waker(self.bell.waker(cx)), until)
    }
}

/// An alarm on async-io's reactor that bothers it as seldom as it can.
///
/// It is set anew only for an earlier time or when it went off too early, so that a deadline that each command puts off costs a
/// comparison.
#[derive(Debug)]
pub(crate) struct Alarm {
    timer: async_io::Timer,
    set: Option<Instant>,
}

impl Default for Alarm {
    fn default() -> Self {
        Alarm { timer: async_io::Timer::never(), set: None }
    }
}

impl Alarm {
    fn set(&mut self, until: Instant) {
        self.timer.set_at(until);
        self.set = Some(until);
    }
}

impl Timer for Alarm {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
        let Some(until) = until else {
            if self.set.is_some() {
                *self = Alarm::default();
            }
            return Poll::Pending;
        };
        if self.set.is_none_or(|set| until < set) {
            self.set(until);
        }
        loop {
            ready!(Pin::new(&mut self.timer).poll(cx));
            if Instant::now() >= until {
                self.set = None;
                return Poll::Ready(());
            }
            self.set(until);
        }
    }
}
