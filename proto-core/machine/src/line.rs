//! Lines: a machine for protocols that are text, line by line.
//!
//! ```
//! use wirestate_machine::line::{Line, Lines};
//! use wirestate_machine::{Instant, Machine};
//!
//! let mut session = Line::new(Lines::default());
//! session.send("what is your name?")?;
//! for read in ["Ali", "ce\r\nQU", "IT\r\nnot read\r\n"] {
//!     session.inbox().push(read.as_bytes());
//!     while let Some(line) = session.poll(Instant::START)? {
//!         match &line[..] {
//!             b"QUIT" => session.close(),
//!             name => session.send([b"hello, ", name].concat())?,
//!         }
//!     }
//! }
//! assert_eq!(session.outbox().to_vec(), b"what is your name?\r\nhello, Alice\r\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Line`] ends the session of a peer whose line is too long; a [`TolerantLine`] skips that line and says so, as an IRC or mail server does.

mod end;

use bytes::Bytes;
use thiserror::Error;

use crate::framed::{Envelope, Failure, Framed, Framing, LEAST_INBOX, carve};
use crate::{Ending, Inbox, Misuse};

pub use end::LineEnd;

/// A session in lines. Each event is one line without its end; a line that is too long ends the session.
pub type Line = Framed<Lines>;

/// A session in lines that goes on after one that is too long. Its events are [`Input`].
pub type TolerantLine = Framed<Tolerant>;

/// Why a [`Line`] session was ended.
pub type Error = Failure<Violation>;

/// How lines end, how long they may be, and what becomes of an unfinished one.
///
/// By default LF and CRLF both end a line, CRLF is sent, a line has at most 8 KiB without its end, and an unfinished line is dropped.
/// What comes in may hold any byte but its end, NUL included. What is sent may not hold its end, and no CR, LF or NUL either where its end
/// is CRLF or LF: [`Misuse::ForbiddenCharacter`].
#[derive(Clone, Debug)]
pub struct Lines {
    input: LineEnd,
    output: LineEnd,
    limit: usize,
    unfinished: Unfinished,
    /// How far a literal end was looked for without finding it, so that no byte is scanned twice.
    scanned: usize,
    /// In the middle of a line that is too long.
    skipping: bool,
}

/// What becomes of a line that has no end when the peer's stream ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Unfinished {
    /// It is dropped: the peer may have been cut off in the middle of it.
    #[default]
    Drop,
    /// It is told as if it had an end.
    Tell,
}

/// What a peer did wrong in a session of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Violation {
    /// A line is longer than allowed.
    #[error("a line has more than {limit} bytes: send shorter lines, or raise the limit")]
    TooLong {
        /// The most bytes that a line may have, without its end.
        limit: usize,
    },
    /// A line that must end with CRLF has a CR in it.
    #[error("a CR stands alone in a line: lines end with CRLF here, and hold no CR")]
    BareCr,
    /// A line that must end with CRLF ends with LF.
    #[error("an LF stands alone: lines end with CRLF here")]
    BareLf,
}

/// What a [`TolerantLine`] tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A line, without its end.
    Line(Bytes),
    /// A line that is too long. What of it is still to come is skipped, up to its end.
    TooLong,
}

impl Default for Lines {
    fn default() -> Self {
        Lines {
            input: LineEnd::ANY,
            output: LineEnd::CRLF,
            limit: 8 * 1024,
            unfinished: Unfinished::Drop,
            scanned: 0,
            skipping: false,
        }
    }
}

impl Lines {
    /// Lines that end so in both directions.
    pub fn ended_by(end: LineEnd) -> Self {
        Lines { input: end.clone(), output: end, ..Lines::default() }
    }

    /// Sets how lines end that come in.
    pub fn with_input(mut self, end: LineEnd) -> Self {
        self.input = end;
        self
    }

    /// Sets how lines end that are sent.
    pub fn with_output(mut self, end: LineEnd) -> Self {
        self.output = end;
        self
    }

    /// Sets the most bytes of a line that comes in, without its end. A session holds no more than that, or than 4 KiB where it is less.
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Sets what becomes of an unfinished line.
    pub fn with_unfinished(mut self, unfinished: Unfinished) -> Self {
        self.unfinished = unfinished;
        self
    }

    /// The same lines for a [`TolerantLine`].
    pub fn tolerant(self) -> Tolerant {
        Tolerant(self)
    }

    fn next(&mut self, inbox: &mut Inbox) -> Result<Option<Input>, Violation> {
        if self.skipping && !self.skip(inbox) {
            return Ok(None);
        }
        let Some(at) = self.input.find(inbox, &mut self.scanned) else {
            // So many bytes have room for the longest line and its end.
            let too_long = inbox.len() >= self.limit.saturating_add(self.input.longest());
            return Ok(too_long.then(|| self.too_long()));
        };
        let before = inbox.bytes().get(..at).unwrap_or_default();
        let content = self.input.content(before);
        if content.len() > self.limit {
            return Ok(Some(self.too_long()));
        }
        self.input.check(before)?;
        let (length, whole) = (content.len(), at + self.input.width());
        let line = carve(inbox, length);
        inbox.consume(whole - length);
        self.scanned = 0;
        Ok(Some(Input::Line(line)))
    }

    fn last(&mut self, inbox: &mut Inbox) -> Result<Option<Input>, Violation> {
        if self.skipping || self.unfinished == Unfinished::Drop || inbox.is_empty() {
            inbox.clear();
            return Ok(None);
        }
        if inbox.len() > self.limit {
            return Ok(Some(self.too_long()));
        }
        self.input.check_unfinished(inbox.bytes())?;
        Ok(Some(Input::Line(carve(inbox, inbox.len()))))
    }

    fn too_long(&mut self) -> Input {
        self.skipping = true;
        Input::TooLong
    }

    /// Drops the rest of a line that is too long; gives whether its end was there.
    fn skip(&mut self, inbox: &mut Inbox) -> bool {
        let (found, kept) = match self.input.find_when_skipping(inbox, &mut self.scanned) {
            Some(end) => (true, inbox.len() - end),
            // The last bytes may be the first ones of the end.
            None => (false, inbox.len().min(self.input.width_when_skipping() - 1)),
        };
        inbox.consume(inbox.len() - kept);
        self.scanned = if found { 0 } else { kept };
        self.skipping = !found;
        found
    }
}

impl Framing for Lines {
    type Frame = Bytes;
    type Violation = Violation;

    fn frame(&mut self, inbox: &mut Inbox) -> Result<Option<Bytes>, Violation> {
        let input = self.next(inbox)?;
        strictly(input, self.limit)
    }

    fn end(&mut self, inbox: &mut Inbox) -> Result<Option<Bytes>, Violation> {
        let input = self.last(inbox)?;
        strictly(input, self.limit)
    }

    fn envelope(&self, content: &[u8]) -> Result<Envelope<'_>, Misuse> {
        self.output.seal(content)
    }

    fn inbox_limit(&self) -> usize {
        self.limit.saturating_add(self.input.longest()).max(LEAST_INBOX)
    }

    fn ending(violation: &Violation) -> Ending {
        match violation {
            Violation::TooLong { .. } => Ending::Limit,
            Violation::BareCr | Violation::BareLf => Ending::Violation,
        }
    }
}

fn strictly(input: Option<Input>, limit: usize) -> Result<Option<Bytes>, Violation> {
    match input {
        Some(Input::Line(line)) => Ok(Some(line)),
        Some(Input::TooLong) => Err(Violation::TooLong { limit }),
        None => Ok(None),
    }
}

/// [`Lines`] of which one that is too long is skipped and told. Made by [`Lines::tolerant`].
#[derive(Clone, Debug, Default)]
pub struct Tolerant(Lines);

impl Framing for Tolerant {
    type Frame = Input;
    type Violation = Violation;

    fn frame(&mut self, inbox: &mut Inbox) -> Result<Option<Input>, Violation> {
        self.0.next(inbox)
    }

    fn end(&mut self, inbox: &mut Inbox) -> Result<Option<Input>, Violation> {
        self.0.last(inbox)
    }

    fn envelope(&self, content: &[u8]) -> Result<Envelope<'_>, Misuse> {
        self.0.envelope(content)
    }

    fn inbox_limit(&self) -> usize {
        self.0.inbox_limit()
    }

    fn ending(violation: &Violation) -> Ending {
        <Lines as Framing>::ending(violation)
    }
}
