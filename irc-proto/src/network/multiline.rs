//! Messages of several lines: a batch that a client sends is gathered whole before anybody gets any of it
//! ([multiline](https://ircv3.net/specs/extensions/multiline), draft).

mod deliver;

use alloc::vec::Vec;

use bytes::Bytes;
use thiserror::Error;

/// The type of such a batch.
pub(crate) const BATCH: &[u8] = b"draft/multiline";

/// The tag of a line that continues the one before without a break.
pub(crate) const CONCAT: &[u8] = b"draft/multiline-concat";

/// How much one message may have. They stand in the value of the capability, as `max-bytes=4096,max-lines=24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of all lines, and one for each break between them; 4096 unless set.
    pub bytes: usize,
    /// Lines; 24 unless set.
    pub lines: usize,
    /// Milliseconds from the first line to the last; 60,000 unless set.
    pub time: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { bytes: 4096, lines: 24, time: 60_000 }
    }
}

/// Which command all lines of a batch have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Privmsg,
    Notice,
}

/// A batch that is open: one for each session at most.
#[derive(Debug)]
pub(crate) struct Gathering {
    reference: Bytes,
    target: Bytes,
    label: Option<Bytes>,
    /// The client-only tags of the opening BATCH, escaped as they came.
    client_tags: Bytes,
    kind: Option<Kind>,
    lines: Vec<Line>,
    bytes: usize,
    /// It was refused, and what remains of it is passed over until its end.
    is_refused: bool,
    /// When it was opened: milliseconds since 1970; `None` once its time is over.
    opened: Option<u64>,
}

/// One line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Whether it continues the line before without a break.
    pub(crate) concat: bool,
    pub(crate) text: Bytes,
}

/// A batch that is whole and may be delivered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) target: Bytes,
    pub(crate) label: Option<Bytes>,
    pub(crate) client_tags: Bytes,
    pub(crate) kind: Kind,
    /// One at least, and one at least that is not blank.
    pub(crate) lines: Vec<Line>,
}

/// Why a batch is refused; [`code`](Fault::code) and context stand in FAIL BATCH.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    #[error("Multiline batch left open for too long: send all of it at once")]
    Timeout(Bytes),
    #[error("Multiline batch max-bytes exceeded: send less, or several messages")]
    MaxBytes(usize),
    #[error("Multiline batch max-lines exceeded: send fewer lines, or several messages")]
    MaxLines(usize),
    #[error("Invalid multiline target: all lines go to the target of the batch")]
    InvalidTarget { batch: Bytes, line: Bytes },
    #[error("Invalid multiline batch: it has one or more lines, all PRIVMSG or all NOTICE, and not all of them blank")]
    Invalid,
}

impl Fault {
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Fault::Timeout(_) => "TIMEOUT",
            Fault::MaxBytes(_) => "MULTILINE_MAX_BYTES",
            Fault::MaxLines(_) => "MULTILINE_MAX_LINES",
            Fault::InvalidTarget { .. } => "MULTILINE_INVALID_TARGET",
            Fault::Invalid => "MULTILINE_INVALID",
        }
    }
}

impl Gathering {
    pub(crate) fn open(reference: &[u8], target: &[u8], client_tags: &[u8], label: Option<Bytes>, now: u64) -> Self {
        Gathering {
            reference: Bytes::copy_from_slice(reference),
            target: Bytes::copy_from_slice(target),
            label,
            client_tags: Bytes::copy_from_slice(client_tags),
            kind: None,
            lines: Vec::new(),
            bytes: 0,
            is_refused: false,
            opened: Some(now),
        }
    }

    /// Whether it has been open for longer than it may.
    pub(crate) fn is_late(&self, now: u64, bounds: Bounds) -> bool {
        self.opened.is_none_or(|opened| now.saturating_sub(opened) > bounds.time)
    }

    /// Drops what a batch holds whose time is over. Who opened it is told when they next say something.
    pub(crate) fn expire(&mut self) {
        (self.lines, self.opened) = (Vec::new(), None);
    }

    /// Whether this is the batch of that reference.
    pub(crate) fn is(&self, reference: &[u8]) -> bool {
        self.reference == reference
    }

    /// Takes one line. After a fault the rest is taken without a word.
    ///
    /// # Errors
    ///
    /// The [`Fault`] for which the whole batch is refused, once.
    pub(crate) fn push(
        &mut self,
        kind: Kind,
        target: &[u8],
        text: &[u8],
        concat: bool,
        bounds: Bounds,
    ) -> Result<(), Fault> {
        if self.is_refused {
            return Ok(());
        }
        let taken = self.check(kind, target, text, concat, bounds);
        match &taken {
            Ok(bytes) => {
                self.bytes = *bytes;
                self.kind = Some(kind);
                self.lines.push(Line { concat, text: Bytes::copy_from_slice(text) });
            }
            Err(_) => self.refuse(),
        }
        taken.map(drop)
    }

    /// Gives up the batch: what it held is dropped, and what still comes of it is passed over.
    pub(crate) fn refuse(&mut self) {
        self.is_refused = true;
        self.lines = Vec::new();
    }

    /// Ends the batch: `None` where it was refused before.
    ///
    /// # Errors
    ///
    /// [`Fault::Invalid`]: there is no line, or nothing but blank ones.
    pub(crate) fn close(self) -> Result<Option<Whole>, Fault> {
        if self.is_refused {
            return Ok(None);
        }
        let Some(kind) = self.kind.filter(|_| self.lines.iter().any(|line| !line.text.is_empty())) else {
            return Err(Fault::Invalid);
        };
        let Gathering { target, label, client_tags, lines, .. } = self;
        Ok(Some(Whole { target, label, client_tags, kind, lines }))
    }

    fn check(&self, kind: Kind, target: &[u8], text: &[u8], concat: bool, bounds: Bounds) -> Result<usize, Fault> {
        if target != self.target {
            return Err(Fault::InvalidTarget { batch: self.target.clone(), line: Bytes::copy_from_slice(target) });
        }
        if self.kind.is_some_and(|before| before != kind) || (concat && (text.is_empty() || self.lines.is_empty())) {
            return Err(Fault::Invalid);
        }
        if self.lines.len() >= bounds.lines {
            return Err(Fault::MaxLines(bounds.lines));
        }
        let breaks = usize::from(!concat && !self.lines.is_empty());
        let bytes = self.bytes.saturating_add(text.len()).saturating_add(breaks);
        if bytes > bounds.bytes { Err(Fault::MaxBytes(bounds.bytes)) } else { Ok(bytes) }
    }
}

#[cfg(test)]
mod tests;
