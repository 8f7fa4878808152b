use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use irc_proto::network::history::{Buffer, Entry};

/// Bytes of messages that may wait to be written; beyond them messages are not
/// kept.
const MOST: usize = 32 << 20;
/// So long a question waits for what came before it.
const PATIENCE: Duration = Duration::from_secs(1);

/// The name of a buffer: an account, or nothing, and who is on the other side,
/// or a channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) owner: Box<[u8]>,
    pub(super) peer: Box<[u8]>,
}

impl Key {
    pub(super) fn of(buffer: Buffer<'_>) -> Self {
        match buffer {
            Buffer::Channel(name) => Self::channel(name),
            Buffer::Direct { owner, peer } => Self { owner: owner.into(), peer: peer.into() },
        }
    }

    pub(super) fn channel(name: &[u8]) -> Self {
        Self { owner: Box::default(), peer: name.into() }
    }
}

/// What is to be written.
#[derive(Debug)]
pub(super) enum Change {
    Append(Key, Entry),
    Redact(Key, Box<[u8]>, Entry),
    Rename { from: Box<[u8]>, to: Box<[u8]> },
    Forget(Key),
    Restrict { channel: Box<[u8]>, restricted: bool },
    Expire { before: u64 },
}

/// What waits to be written.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Change>,
    /// Of the messages among them.
    bytes: usize,
    /// Whether some have been taken and are not written yet.
    is_busy: bool,
    is_over: bool,
    /// Whether messages are being dropped, which is told once.
    is_full: bool,
}

impl Queue {
    pub(super) fn push(&self, change: Change) {
        let mut state = self.state();
        if let Change::Append(_, entry) = &change {
            let bytes = state.bytes + entry.size();
            if bytes > MOST {
                if !std::mem::replace(&mut state.is_full, true) {
                    tracing::error!("the history is written too slowly: messages are not kept");
                }
                return;
            }
            state.bytes = bytes;
        }
        state.waiting.push(change);
        drop(state);
        self.changed.notify_all();
    }

    /// Waits for something to write, and takes it; `None` at the end.
    pub(super) fn take(&self) -> Option<Vec<Change>> {
        let mut state = self.state();
        state.is_busy = false;
        self.changed.notify_all();
        let idle = |state: &mut State| state.waiting.is_empty() && !state.is_over;
        let mut state = self.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
        if state.waiting.is_empty() {
            return None;
        }
        state.is_busy = true;
        state.is_full = false;
        state.bytes = 0;
        Some(std::mem::take(&mut state.waiting))
    }

    /// Waits until all is written; whether it is.
    pub(super) fn settle(&self) -> bool {
        let pending = |state: &mut State| !state.is_over && (state.is_busy || !state.waiting.is_empty());
        let waited = self.changed.wait_timeout_while(self.state(), PATIENCE, pending);
        let (_state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        !waited.timed_out()
    }

    /// Nothing comes any more; what waits is still written.
    pub(super) fn end(&self) {
        self.state().is_over = true;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
