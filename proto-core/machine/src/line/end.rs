use bytes::Bytes;
use memchr::{memchr, memchr3, memmem};

use super::Violation;
use crate::framed::{Envelope, Head};
use crate::{Inbox, Misuse};

/// What ends a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineEnd(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Any,
    Crlf,
    Lf,
    Literal(Bytes),
}

impl LineEnd {
    /// LF, and the CR before it where there is one: what text protocols take best. A CR elsewhere is part of its line. CRLF is sent.
    pub const ANY: LineEnd = LineEnd(Kind::Any);
    /// CRLF and nothing else. A CR or an LF that stands alone is a [`Violation`], so that no two ends can read one line differently.
    pub const CRLF: LineEnd = LineEnd(Kind::Crlf);
    /// LF. A CR before it is part of the line.
    pub const LF: LineEnd = LineEnd(Kind::Lf);

    /// These very bytes, whatever they are. All others are part of the line.
    ///
    /// # Errors
    ///
    /// [`Misuse::OutOfRange`] when there is no byte.
    pub fn literal(bytes: impl Into<Bytes>) -> Result<LineEnd, Misuse> {
        let bytes = bytes.into();
        if bytes.is_empty() { Err(Misuse::OutOfRange) } else { Ok(LineEnd(Kind::Literal(bytes))) }
    }

    /// The most bytes that an end has.
    pub(super) fn longest(&self) -> usize {
        match &self.0 {
            Kind::Any | Kind::Crlf => 2,
            Kind::Lf => 1,
            Kind::Literal(end) => end.len(),
        }
    }

    /// How many bytes there are from where [`find`](LineEnd::find) points to the next line.
    pub(super) fn width(&self) -> usize {
        match &self.0 {
            Kind::Any | Kind::Crlf | Kind::Lf => 1,
            Kind::Literal(end) => end.len(),
        }
    }

    pub(super) fn find(&self, inbox: &mut Inbox, scanned: &mut usize) -> Option<usize> {
        match &self.0 {
            Kind::Any | Kind::Crlf | Kind::Lf => inbox.find_lf(),
            Kind::Literal(end) => find_literal(inbox.bytes(), end, scanned),
        }
    }

    /// What of the bytes before the place that was found is the line.
    pub(super) fn content<'a>(&self, before: &'a [u8]) -> &'a [u8] {
        match &self.0 {
            Kind::Any | Kind::Crlf => before.strip_suffix(b"\r").unwrap_or(before),
            Kind::Lf | Kind::Literal(_) => before,
        }
    }

    pub(super) fn check(&self, before: &[u8]) -> Result<(), Violation> {
        if self.0 != Kind::Crlf {
            return Ok(());
        }
        let content = before.strip_suffix(b"\r").ok_or(Violation::BareLf)?;
        self.check_unfinished(content)
    }

    pub(super) fn check_unfinished(&self, content: &[u8]) -> Result<(), Violation> {
        if self.0 == Kind::Crlf && memchr(b'\r', content).is_some() { Err(Violation::BareCr) } else { Ok(()) }
    }

    /// The width of what is looked for in a line that is skipped: there a strict CRLF is no more than two bytes.
    pub(super) fn width_when_skipping(&self) -> usize {
        if self.0 == Kind::Crlf { 2 } else { self.width() }
    }

    /// Where the next line begins.
    pub(super) fn find_when_skipping(&self, inbox: &mut Inbox, scanned: &mut usize) -> Option<usize> {
        let found = match &self.0 {
            Kind::Crlf => find_literal(inbox.bytes(), b"\r\n", scanned),
            _ => self.find(inbox, scanned),
        };
        found.map(|at| at + self.width_when_skipping())
    }

    /// The end of a line that is sent, if the line holds nothing that could be taken for one.
    pub(super) fn seal(&self, line: &[u8]) -> Result<Envelope<'_>, Misuse> {
        let (tail, sealed) = match &self.0 {
            Kind::Any | Kind::Crlf => (&b"\r\n"[..], memchr3(b'\r', b'\n', 0, line).is_none()),
            Kind::Lf => (&b"\n"[..], memchr3(b'\r', b'\n', 0, line).is_none()),
            Kind::Literal(end) => (&end[..], !ends_early(line, end)),
        };
        if sealed { Ok(Envelope { head: Head::default(), tail }) } else { Err(Misuse::ForbiddenCharacter) }
    }
}

/// Whether `end` is found in `line` and itself before the line is over.
fn ends_early(line: &[u8], end: &[u8]) -> bool {
    // A line may also close with what the end begins with, and so make one that comes too early: `xa` before `aa`.
    let overlaps = |&count: &usize| line.ends_with(&end[..count]) && end[..end.len() - count] == end[count..];
    memmem::find(line, end).is_some() || (1..end.len()).any(|count| overlaps(&count))
}

fn find_literal(bytes: &[u8], end: &[u8], scanned: &mut usize) -> Option<usize> {
    // An end may have begun in what was looked at.
    let from = (*scanned).min(bytes.len()).saturating_sub(end.len() - 1);
    let found = memmem::find(&bytes[from..], end).map(|at| from + at);
    *scanned = found.unwrap_or(bytes.len());
    found
}
