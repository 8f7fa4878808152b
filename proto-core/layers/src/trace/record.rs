use core::fmt;
use core::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use wirestate_machine::{Instant, Upgraded};

/// One thing that happened in a session.
#[derive(Clone, Debug)]
pub struct Record {
    /// When the machine was told of it.
    pub at: Instant,
    /// What it was.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum What {
    /// Bytes came from the peer, one batch.
    Input(Shown),
    /// The peer will send no more.
    End,
    /// Bytes went to the peer, one batch.
    Output(Shown),
    /// The machine told the application something; its `Debug` form.
    Event(String),
    /// The machine found the peer at fault; the error's `Debug` form.
    Error(String),
    /// An upgrade was made. Without secrets it has no exporter.
    Upgraded(Upgraded),
    /// The session was asked to end.
    Shutdown,
    /// The session was over.
    Closed,
}

/// Bytes of which some may be hidden.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The bytes, with a `*` for each hidden one.
    pub bytes: Vec<u8>,
    /// Where the hidden ones are, in order.
    pub hidden: Vec<Range<usize>>,
}

impl Shown {
    /// Hides what is in this range and not hidden yet.
    pub(super) fn hide(&mut self, range: Range<usize>) {
        let Some(secret) = self.bytes.get_mut(range.clone()) else { return };
        secret.fill(b'*');
        match self.hidden.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.hidden.push(range),
        }
    }

    /// Whether the byte at `at` is hidden.
    pub(super) fn hides(&self, at: usize) -> bool {
        self.hidden.iter().any(|range| range.contains(&at))
    }
}

/// A session written down. Its `Display` form is meant to be read, and parses back with [`str::parse`].
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// What happened, in order.
    pub records: Vec<Record>,
}

impl Transcript {
    /// A transcript that grows in memory: the sink to give to a [`Trace`](super::Trace), and a handle to read what came.
    pub fn recording() -> (impl FnMut(Record) + Send + 'static, Recording) {
        let recording = Recording { records: Arc::default() };
        let records = recording.records.clone();
        (move |record| records.lock().unwrap_or_else(PoisonError::into_inner).push(record), recording)
    }
}

/// The reading end of [`Transcript::recording`].
#[derive(Clone)]
pub struct Recording {
    records: Arc<Mutex<Vec<Record>>>,
}

impl Recording {
    /// What has been recorded so far.
    pub fn transcript(&self) -> Transcript {
        Transcript { records: self.records.lock().unwrap_or_else(PoisonError::into_inner).clone() }
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recording")
    }
}
