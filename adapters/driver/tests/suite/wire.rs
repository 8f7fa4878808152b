//! A stream in memory with a clock that stands still until it is moved.

use std::collections::VecDeque;
use std::io;
use std::io::{ErrorKind, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use wirestate_driver::{Stream, Timer};
use wirestate_machine::Inbox;

/// The far side of a stream, and its clock.
#[derive(Clone)]
pub(crate) struct Wire(Arc<Mutex<State>>);

pub(crate) struct State {
    pub(crate) now: Instant,
    pub(crate) incoming: VecDeque<io::Result<Vec<u8>>>,
    pub(crate) eof: bool,
    /// How many bytes the peer still takes.
    pub(crate) window: usize,
    /// Each write as it was taken.
    pub(crate) writes: Vec<Vec<u8>>,
    pub(crate) broken_write: Option<ErrorKind>,
    pub(crate) flush_pending: bool,
    pub(crate) flushes: usize,
    pub(crate) shut: bool,
    /// What the alarm was last set to.
    pub(crate) alarm: Option<Instant>,
    pub(crate) clock_reads: usize,
    pub(crate) reads: usize,
    /// Whether the stream vouches for not having called.
    pub(crate) quiet: bool,
}

impl Wire {
    pub(crate) fn new() -> Self {
        Wire(Arc::new(Mutex::new(State {
            now: Instant::now(),
            incoming: VecDeque::new(),
            eof: false,
            window: usize::MAX,
            writes: Vec::new(),
            broken_write: None,
            flush_pending: false,
            flushes: 0,
            shut: false,
            alarm: None,
            clock_reads: 0,
            reads: 0,
            quiet: false,
        })))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn send(&self, bytes: &[u8]) {
        self.state().incoming.push_back(Ok(bytes.to_vec()));
    }

    pub(crate) fn sends_error(&self, kind: ErrorKind) {
        self.state().incoming.push_back(Err(kind.into()));
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.state().now += time;
    }

    pub(crate) fn said(&self) -> String {
        String::from_utf8(self.state().writes.concat()).unwrap()
    }

    /// How far away the alarm is.
    pub(crate) fn alarm(&self) -> Option<Duration> {
        let state = self.state();
        state.alarm.map(|alarm| alarm - state.now)
    }
}

impl Timer for Wire {
    fn now(&self) -> Instant {
        let mut state = self.state();
        state.clock_reads += 1;
        state.now
    }

    fn poll_until(&mut self, _cx: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
        let mut state = self.state();
        state.alarm = until;
        if until.is_some_and(|until| state.now >= until) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Stream for Wire {
    fn poll_read(&mut self, _cx: &mut Context<'_>, inbox: &mut Inbox) -> Poll<io::Result<usize>> {
        assert!(inbox.room() > 0, "no read without room");
        let mut state = self.state();
        state.reads += 1;
        match state.incoming.pop_front() {
            Some(Ok(mut bytes)) => {
                let taken = inbox.push_some(&bytes);
                if taken < bytes.len() {
                    state.incoming.push_front(Ok(bytes.split_off(taken)));
                }
                Poll::Ready(Ok(taken))
            }
            Some(Err(error)) => Poll::Ready(Err(error)),
            None if state.eof => Poll::Ready(Ok(0)),
            None => Poll::Pending,
        }
    }

    fn poll_write(&mut self, _cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        assert!(slices.iter().all(|slice| !slice.is_empty()), "no empty slices");
        let mut state = self.state();
        if let Some(kind) = state.broken_write {
            return Poll::Ready(Err(kind.into()));
        }
        let mut bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
        bytes.truncate(state.window);
        if bytes.is_empty() {
            return Poll::Pending;
        }
        state.window -= bytes.len();
        let count = bytes.len();
        state.writes.push(bytes);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.state();
        if let Some(kind) = state.broken_write {
            return Poll::Ready(Err(kind.into()));
        }
        if state.flush_pending {
            return Poll::Pending;
        }
        state.flushes += 1;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state().shut = true;
        Poll::Ready(Ok(()))
    }

    fn is_quiet(&self, _cx: &Context<'_>) -> bool {
        self.state().quiet
    }
}
