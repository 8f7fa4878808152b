use core::fmt;

use thiserror::Error;

/// A law that a machine broke: which, with what input, and what was different first.
///
/// It is an error, so `?` carries it out of a test and out of a `proptest!` body alike. Its `Debug` form is as readable as its `Display` form,
/// for that is what a failing test prints.
#[derive(Clone, PartialEq, Eq, Error)]
pub struct Broken {
    /// The law.
    pub law: Law,
    /// The input that shows it, escaped as in a Rust byte string, and how it was fed.
    pub input: String,
    /// What was found.
    pub finding: String,
}

/// The laws that the harness can test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Law {
    /// The same calls give the same results.
    Pure,
    /// Events and output do not depend on how the input was cut.
    CutInvariant,
    /// The live heap stays below the stated limit for any input.
    Bounded,
    /// The work grows with the input, never faster.
    Linear,
    /// No panic, errors that stay, nothing after the end.
    Total,
    /// What came before a switch acts on nothing after it.
    UpgradeSafe,
    /// Two ends understand each other.
    Loopback,
    /// Every wait has a deadline, and time alone ends a session.
    Alive,
    /// A session goes as the script says.
    Script,
}

impl Law {
    /// The law in one sentence.
    pub fn text(self) -> &'static str {
        match self {
            Law::Pure => "the same calls give the same results",
            Law::CutInvariant => "events and output do not depend on how the input was cut",
            Law::Bounded => "the live heap stays below the stated limit for any input",
            Law::Linear => "the work grows with the input, never faster",
            Law::Total => "no order of calls panics, errors stay, and nothing happens after the end",
            Law::UpgradeSafe => "what came before a switch acts on nothing after it",
            Law::Loopback => "client and server understand each other",
            Law::Alive => "every wait has a deadline, and time alone ends a session",
            Law::Script => "the session goes as it is written",
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the machine breaks the law {:?}: {}", self.law, self.law.text())?;
        writeln!(f, "  input: {}", self.input)?;
        write!(f, "  found: {}", self.finding)
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Bytes as they would stand in a Rust byte string, with the middle left out where they are many.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    escaped_to(bytes, 600)
}

/// The same, with no more than `shown` bytes.
pub(crate) fn escaped_to(bytes: &[u8], shown: usize) -> String {
    if bytes.len() <= shown {
        return format!("b\"{}\"", bytes.escape_ascii());
    }
    let (head, rest) = bytes.split_at(shown / 2);
    let (left_out, tail) = rest.split_at(rest.len() - shown / 2);
    format!("b\"{}\" ... {} bytes ... b\"{}\"", head.escape_ascii(), left_out.len(), tail.escape_ascii())
}
