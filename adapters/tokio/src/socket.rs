use std::io;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};
use wirestate_driver::{Doorbell, Stream, Timer};
use wirestate_machine::Inbox;

/// The most bytes that one read takes, through the stack.
const READ: usize = 16 * 1024;

/// A tokio byte stream with an alarm beside it, as the driver wants it.
// In this order, so that what a relayed message touches lies together.
#[derive(Debug)]
#[repr(C)]
pub struct Socket<T> {
    io: T,
    bell: Doorbell,
    alarm: Alarm,
}

impl<T> Socket<T> {
    /// Takes any stream: TCP, Unix, a pipe in memory, a TLS stream of one's own.
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
        let mut space = [MaybeUninit::uninit(); READ];
        let room = inbox.room().min(READ);
        let mut buffer = ReadBuf::uninit(&mut space[..room]);
        ready!(Pin::new(&mut self.io).poll_read(&mut cx, &mut buffer))?;
        Poll::Ready(Ok(inbox.push_some(buffer.filled())))
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
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_quiet(&self, cx: &Context<'_>) -> bool {
        self.bell.is_quiet(cx)
    }
}

impl<T> Timer for Socket<T> {
    fn now(&self) -> std::time::Instant {
        self.alarm.now()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, until: Option<std::time::Instant>) -> Poll<()> {
        self.alarm.poll_until(&mut Context::from_waker(self.bell.waker(cx)), until)
    }
}

/// An alarm on tokio's clock that bothers the timer wheel as seldom as it can.
///
/// It is made when it is first needed, and set anew only for an earlier time or when it went off too early, so that a deadline that
/// each command puts off costs a comparison.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    /// Whom the sleep wakes.
    waker: Option<Waker>,
}

impl Timer for Alarm {
    fn now(&self) -> std::time::Instant {
        Instant::now().into_std()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, until: Option<std::time::Instant>) -> Poll<()> {
        let Some(until) = until.map(Instant::from_std) else {
            *self = Alarm::default();
            return Poll::Pending;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        if until < sleep.deadline() {
            sleep.as_mut().reset(until);
        } else if !sleep.is_elapsed() && self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if Instant::now() >= until {
                *self = Alarm::default();
                return Poll::Ready(());
            }
            sleep.as_mut().reset(until);
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
