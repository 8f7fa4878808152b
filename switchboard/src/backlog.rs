//! What waits to be written to a disk by a thread of its own, so that nobody
//! else waits for the disk.

use std::fmt::Display;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// So long a question waits for what came before it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Changes in their order.
#[derive(Debug)]
pub struct Backlog<C> {
    /// What is written, as the log calls it.
    what: &'static str,
    /// Bytes that may wait.
    most: usize,
    state: Mutex<State<C>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<C> {
    waiting: Vec<C>,
    /// Of those among them that have a size.
    bytes: usize,
    /// Whether some have been taken and are not written yet.
    is_busy: bool,
    is_over: bool,
    /// Whether some are being refused, which is told once.
    is_full: bool,
}

impl<C> Backlog<C> {
    /// An empty one.
    pub fn new(what: &'static str, most: usize) -> Self {
        let state = State { waiting: Vec::new(), bytes: 0, is_busy: false, is_over: false, is_full: false };
        Self { what, most, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Adds a change of this size, unless it is one too many; whether it was
    /// added. One without a size always is.
    pub fn push(&self, change: C, size: usize) -> bool {
        let mut state = self.state();
        let bytes = state.bytes.saturating_add(size);
        if size > 0 && bytes > self.most {
            if !std::mem::replace(&mut state.is_full, true) {
                tracing::error!("{} is written too slowly: messages are not kept", self.what);
            }
            return false;
        }
        state.bytes = bytes;
        state.waiting.push(change);
        drop(state);
        self.changed.notify_all();
        true
    }

    /// Waits for something to write, and takes it; `None` at the end.
    fn take(&self) -> Option<Vec<C>> {
        let mut state = self.state();
        state.is_busy = false;
        self.changed.notify_all();
        let idle = |state: &mut State<C>| state.waiting.is_empty() && !state.is_over;
        let mut state = self.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
        if state.waiting.is_empty() {
            return None;
        }
        state.is_busy = true;
        state.is_full = false;
        state.bytes = 0;
        Some(std::mem::take(&mut state.waiting))
    }

    /// Hands over all that comes to be written, until the end.
    pub fn hand_to<E: Display>(&self, write: impl Fn(&[C]) -> Result<(), E>) {
        let mut is_failing = false;
        while let Some(changes) = self.take() {
            let written = write(&changes);
            match &written {
                // Told once, or a full disk would fill its log, too.
                Err(error) if !is_failing => tracing::error!(reason = %error, "{} cannot be written", self.what),
                Ok(()) if is_failing => tracing::info!("{} is written again", self.what),
                _ => {}
            }
            is_failing = written.is_err();
        }
    }

    /// Waits until all is written, and not for long; whether it is.
    pub fn settle(&self) -> bool {
        let pending = |state: &mut State<C>| !state.is_over && (state.is_busy || !state.waiting.is_empty());
        let waited = self.changed.wait_timeout_while(self.state(), PATIENCE, pending);
        let (_state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            tracing::warn!("{} is written too slowly to be read", self.what);
        }
        !waited.timed_out()
    }

    /// Nothing comes any more; what waits is still written.
    pub fn end(&self) {
        self.state().is_over = true;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
