use std::io;
use std::io::IoSlice;
use std::task::{Context, Poll};
use std::time::Instant;

use wirestate_machine::Inbox;

/// A runtime's clock, with one alarm.
pub trait Timer {
    /// The time now, monotonic.
    fn now(&self) -> Instant;

    /// Ready at `until` and after; with `None`, never of itself. Only the last call's `until` counts.
    fn poll_until(&mut self, cx: &mut Context<'_>, until: Option<Instant>) -> Poll<()>;
}

/// A runtime's byte stream with an alarm beside it: all that a [`Connection`](crate::Connection) needs to know of a runtime.
pub trait Stream: Timer {
    /// Reads once, at most what `inbox` has room for (which is not zero), into `inbox`. Zero is the end of the stream. No buffer is to
    /// be held between calls: the bytes come through the stack.
    fn poll_read(&mut self, cx: &mut Context<'_>, inbox: &mut Inbox) -> Poll<io::Result<usize>>;

    /// Writes once from `slices`, of which none is empty, and says how many bytes were taken.
    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>>;

    /// Pushes on what the stream itself has gathered.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Shuts the write side, so that the peer sees the end of the stream.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Whether neither reading nor the alarm has called the task since both were pending: who is woken for another reason need not poll them
    /// again, then. `false` is always right; a [`Doorbell`](crate::Doorbell) tells it.
    fn is_quiet(&self, cx: &Context<'_>) -> bool {
        let _ = cx;
        false
    }
}
