use nom::IResult;
use nom::error::{ErrorKind, ParseError};
use thiserror::Error;

/// Where a command or a response stops being grammatical, and what should stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("expected {expected} at byte {at}")]
pub struct Fault {
    /// What the grammar asks for.
    pub expected: Expected,
    /// Where, counted in bytes from the start of the frame.
    pub at: usize,
}

/// What the grammar asks for at some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Expected {
    /// What no other name fits.
    #[error("something else")]
    Grammar,
    /// One blank between two arguments.
    #[error("a space")]
    Space,
    /// Nothing more.
    #[error("the end")]
    End,
    /// A tag: at least one ASTRING-CHAR, `+` excluded (RFC 9051 §9).
    #[error("a tag")]
    Tag,
    /// A command's name.
    #[error("a command")]
    Command,
    /// A word of ATOM-CHARs.
    #[error("an atom")]
    Atom,
    /// An atom, a quoted string or a literal.
    #[error("an atom or a string")]
    Astring,
    /// A quoted string or a literal.
    #[error("a quoted string or a literal")]
    String,
    /// A quoted string or a literal that is not ended, or that holds what it may not.
    #[error("a string that is ended, without CR, LF or NUL")]
    StringEnd,
    /// A literal.
    #[error("a literal")]
    Literal,
    /// A string, or `NIL`.
    #[error("a string or NIL")]
    Nstring,
    /// A mailbox name with wildcards.
    #[error("a mailbox name or pattern")]
    ListMailbox,
    /// Digits.
    #[error("a number")]
    Number,
    /// Digits that are no more than the field can hold.
    #[error("a smaller number")]
    SmallerNumber,
    /// A number that is not 0.
    #[error("a number that is not zero")]
    NonZero,
    /// A mod-sequence below 2^63.
    #[error("a mod-sequence")]
    ModSeq,
    /// A sequence set.
    #[error("a sequence set")]
    SequenceSet,
    /// A flag.
    #[error("a flag")]
    Flag,
    /// A date, `1-Jul-1996`.
    #[error("a date")]
    Date,
    /// A date with time and zone, in quotes.
    #[error("a date-time")]
    DateTime,
    /// `(`.
    #[error("an opening parenthesis")]
    Open,
    /// `)`.
    #[error("a closing parenthesis")]
    Close,
    /// What names a part of a message, in brackets.
    #[error("a section")]
    Section,
    /// An item that FETCH can ask for.
    #[error("a fetch attribute")]
    FetchAttribute,
    /// A search key.
    #[error("a search key")]
    SearchKey,
    /// Less deeply nested parentheses.
    #[error("fewer levels of nesting")]
    Shallower,
    /// Fewer elements of a list that the RFC bounds.
    #[error("fewer elements")]
    Fewer,
    /// `OK`, `NO` or `BAD`.
    #[error("OK, NO or BAD")]
    Condition,
    /// The name of what a server tells.
    #[error("the name of a response")]
    Data,
    /// A single character in quotes, or `NIL`.
    #[error("one character in quotes, or NIL")]
    Delimiter,
    /// A stretch of a result, `1:100` or `-1:-100`.
    #[error("two numbers with a colon between, both from the start or both from the end")]
    PartialRange,
    /// One of the words that the command knows at this place.
    #[error("a keyword that this command knows")]
    Keyword,
}

/// What the parsers of this crate fail with: how much of the input was left says where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    left: usize,
    expected: Expected,
}

impl Failure {
    /// The failure where so much of the frame was left.
    #[inline]
    pub(crate) fn new(rest: &[u8], expected: Expected) -> Self {
        Failure { left: rest.len(), expected }
    }
}

/// What a parser gives: the rest of the frame, and what it has read.
pub(crate) type Parsed<'a, O> = IResult<&'a [u8], O, Failure>;

/// The parser's failure at `input`, where another may be tried.
#[inline]
pub(crate) fn fail<O>(input: &[u8], expected: Expected) -> Parsed<'_, O> {
    Err(nom::Err::Error(Failure::new(input, expected)))
}

impl Fault {
    /// What a parser's failure means for the whole frame.
    pub(crate) fn of(frame: &[u8], failure: nom::Err<Failure>) -> Fault {
        match failure {
            nom::Err::Error(failure) | nom::Err::Failure(failure) => {
                Fault { expected: failure.expected, at: frame.len().saturating_sub(failure.left) }
            }
            // No parser here is a streaming one.
            nom::Err::Incomplete(_) => Fault { expected: Expected::Grammar, at: frame.len() },
        }
    }
}

impl ParseError<&[u8]> for Failure {
    fn from_error_kind(input: &[u8], _kind: ErrorKind) -> Self {
        Failure::new(input, Expected::Grammar)
    }

    fn append(_input: &[u8], _kind: ErrorKind, other: Self) -> Self {
        other
    }

    fn or(self, other: Self) -> Self {
        // Of two ways that both end, the one that came further tells more.
        if other.left < self.left { other } else { self }
    }
}
