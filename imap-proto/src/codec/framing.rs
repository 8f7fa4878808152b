use core::fmt;

use bytes::Bytes;
use memchr::memchr;
use thiserror::Error;
use wirestate_machine::{Inbox, scan};

use super::text::Literal;

mod place;

use place::Scan;

/// How much one command or response may bring, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// All its lines together, with their line ends, without its literals.
    pub line: usize,
    /// The longest literal that is not streamed.
    pub literal: usize,
    /// All such literals together.
    pub literals: usize,
    /// How many such literals there may be.
    pub count: usize,
    /// The longest literal that a client may send without waiting: 4096 with LITERAL- (RFC 7888 §5), 0 without either extension.
    pub non_sync: u64,
    /// From which length on a response's message text is streamed; below it is part of the frame.
    pub stream: u64,
}

impl Limits {
    /// For a server before login: 8 KiB of lines, 4 KiB of literals.
    pub const BEFORE_LOGIN: Limits =
        Limits { line: 8 * 1024, literal: 4 * 1024, literals: 4 * 1024, count: 8, non_sync: u64::MAX, stream: 0 };

    /// For a server after login: 64 KiB of lines, as Dovecot has it, and 64 KiB of literals.
    pub const AFTER_LOGIN: Limits =
        Limits { line: 64 * 1024, literal: 64 * 1024, literals: 64 * 1024, count: 1000, non_sync: u64::MAX, stream: 0 };

    /// For a client: a line holds the result of a search in a million messages; message texts from 64 KiB on are streamed.
    pub const RESPONSES: Limits = Limits {
        line: 8 * 1024 * 1024,
        literal: 1024 * 1024,
        literals: 4 * 1024 * 1024,
        count: 10_000,
        non_sync: u64::MAX,
        stream: 64 * 1024,
    };

    /// The longest frame. An inbox must hold as much, or a frame could neither end nor be too big. Nothing is reserved by this.
    pub const fn frame(self) -> usize {
        self.line.saturating_add(self.literals)
    }
}

/// Which of the [`Limits`] a command or response is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Budget {
    /// [`Limits::line`]
    #[error("the line is too long")]
    Line,
    /// [`Limits::literal`]
    #[error("a literal is too long")]
    Literal,
    /// [`Limits::literals`]
    #[error("the literals are too long together")]
    Literals,
    /// [`Limits::count`]
    #[error("there are too many literals")]
    Count,
    /// [`Limits::non_sync`]
    #[error("a literal of this length must wait for the server's go-ahead")]
    NonSync,
}

/// What [`Framing::next`] found. Whatever it is, the stream goes on after it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame<'a> {
    /// A command or a response with all its literals, without its last line end.
    Whole(&'a [u8]),
    /// A command has come as far as an argument that is a literal, and the client waits. Say [`accept`](Framing::accept) and send `+`, or say
    /// [`refuse`](Framing::refuse) and answer the tag with NO or BAD; until then there is no further frame. The limits allow it.
    Literal {
        /// The command so far, up to the literal's bytes, without the last line end.
        head: &'a [u8],
        /// What was announced.
        literal: Literal,
    },
    /// A command or response has come as far as a message's text, which is streamed: [`Chunk`](Frame::Chunk)s follow, then
    /// [`Rest`](Frame::Rest) or another such head.
    ///
    /// Of a client's, say [`accept`](Framing::accept), and send `+` if it waits, or [`refuse`](Framing::refuse); of a server's there is no choice.
    Message {
        /// What has come since the last message's text, or since the beginning, without the last line end.
        head: &'a [u8],
        /// What was announced.
        literal: Literal,
    },
    /// Some of a message's text. It is never empty, and how it is cut means nothing.
    Chunk(Bytes),
    /// What follows the last message's text, to the end of the command or response, without the last line end.
    Rest(&'a [u8]),
    /// A command or response is over a limit, told once, as soon as that is certain. It is skipped with all its literals, so that none of
    /// them is ever read as a command.
    TooBig {
        /// Its beginning, which may have its tag; or what followed a message's text.
        head: &'a [u8],
        /// Which limit.
        budget: Budget,
    },
}

/// Finds the next command or response of an inbox. How the input was cut changes nothing; memory is bounded by the inbox's limit, and time is
/// linear.
///
/// A literal is one where its announcement ends a line, outside a quoted string and outside human text, and nowhere else.
///
/// ```
/// use imap_proto::codec::{Frame, Framing, Limits};
/// use wirestate_machine::Inbox;
///
/// let limits = Limits::BEFORE_LOGIN;
/// let (mut inbox, mut framing) = (Inbox::new(limits.frame()), Framing::commands(limits));
/// inbox.push(b"a LOGIN {3}\r\n");
/// assert!(matches!(framing.next(&mut inbox), Some(Frame::Literal { head: b"a LOGIN {3}", .. })));
/// framing.accept();
/// inbox.push(b"ada {6+}\r\nsecret\r\nb NOOP\r\n");
/// assert_eq!(framing.next(&mut inbox), Some(Frame::Whole(b"a LOGIN {3}\r\nada {6+}\r\nsecret")));
/// assert_eq!(framing.next(&mut inbox), Some(Frame::Whole(b"b NOOP")));
/// assert_eq!(framing.next(&mut inbox), None);
/// ```
#[derive(Debug)]
pub struct Framing {
    limits: Limits,
    side: Side,
    state: State,
    /// How many bytes the last frame borrowed, which are still in the inbox.
    lent: usize,
    /// Where the search for a line end goes on.
    scanned: usize,
    piece: Piece,
    /// Of the whole command or response, over all its pieces.
    scan: Scan,
    /// A message's text has been streamed.
    is_resumed: bool,
    /// How long the chunks of a message's text are.
    chunk: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Commands,
    Responses,
}

/// What comes next in the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A line, or more of it.
    Line,
    /// The caller's word on a literal.
    Asked { literal: Literal, message: bool },
    /// The rest of an argument, which ends at this place.
    Argument { until: usize },
    /// So much of a message's text.
    Message { left: u64 },
    /// So much of a literal that is not wanted.
    SkipLiteral { left: u64 },
    /// A line, or more of it, that is not wanted.
    SkipLine,
}

/// What is in the inbox of the present command or response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Piece {
    /// Where the present line begins.
    line: usize,
    literals: usize,
    count: usize,
}

/// No announcement is longer.
const TAIL: usize = Literal::DIGITS + 4 + 2;

impl Framing {
    /// A framing for what clients send.
    pub fn commands(limits: Limits) -> Self {
        Framing::new(Side::Commands, limits)
    }

    /// A framing for what servers send.
    pub fn responses(limits: Limits) -> Self {
        Framing::new(Side::Responses, limits)
    }

    fn new(side: Side, limits: Limits) -> Self {
        Framing {
            limits,
            side,
            state: State::Line,
            lent: 0,
            scanned: 0,
            piece: Piece::default(),
            scan: Scan::default(),
            is_resumed: false,
            chunk: 0,
        }
    }

    /// Has the text of messages come in chunks of just so many bytes, the last one excepted, so that nothing depends on how the input was cut. The
    /// inbox must have room for one. Without this, or with 0, they are as long as what is there.
    pub fn with_chunks(mut self, bytes: usize) -> Self {
        self.chunk = bytes;
        self
    }

    /// Changes the limits, beginning with the line or literal that comes next.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// The limits.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The next command or response, or what can be told of it already. What is unfinished stays in the inbox.
    ///
    /// The frame stays in the inbox too, until this is called again or [`release`](Framing::release) is.
    pub fn next<'i>(&mut self, inbox: &'i mut Inbox) -> Option<Frame<'i>> {
        self.advance(inbox, false)
    }

    /// The next line, whatever it ends in: a client's part of AUTHENTICATE, or its DONE after IDLE (RFC 9051 §6.2.2, RFC 2177).
    ///
    /// It gives [`Frame::Whole`] or [`Frame::TooBig`]. It is for the place where a command could begin.
    pub fn next_line<'i>(&mut self, inbox: &'i mut Inbox) -> Option<Frame<'i>> {
        self.advance(inbox, true)
    }

    /// Takes the literal that was asked for: its bytes come next.
    pub fn accept(&mut self) {
        if let State::Asked { literal, message } = self.state {
            self.state = if message {
                State::Message { left: literal.len }
            } else {
                // The limits have said that it fits.
                State::Argument { until: self.scanned.saturating_add(literal.len as usize) }
            };
        }
    }

    /// Drops the command whose literal was asked for. If the client does not wait, the literal and what follows it are skipped.
    pub fn refuse(&mut self) {
        if let State::Asked { literal, message } = self.state {
            if !message {
                self.lent = self.scanned;
            }
            self.drop_at_literal(literal);
        }
    }

    /// Whether nothing of a command or response has been taken that has not been told whole. There may be a part of one in the inbox.
    pub fn is_between(&self) -> bool {
        self.state == State::Line && !self.is_resumed && self.piece == Piece::default()
    }

    /// Takes the last frame out of the inbox. Whoever hands the rest of the inbox on, to TLS or an inflater, calls this first.
    pub fn release(&mut self, inbox: &mut Inbox) {
        if self.lent > 0 {
            let lent = core::mem::take(&mut self.lent);
            inbox.consume(lent);
            self.scanned = self.scanned.saturating_sub(lent);
        }
    }

    /// Forgets all that was begun, for whoever has cleared the inbox or put another in its place.
    pub fn reset(&mut self) {
        *self = Framing::new(self.side, self.limits).with_chunks(self.chunk);
    }

    #[inline]
    fn advance<'i>(&mut self, inbox: &'i mut Inbox, plain: bool) -> Option<Frame<'i>> {
        self.release(inbox);
        // Most lines stand alone and announce nothing.
        let mut end = None;
        if self.is_between() {
            end = inbox.find_lf();
            let line = end.and_then(|end| inbox.bytes().get(..end)).map(trim_cr);
            if let (Some(end), Some(line)) = (end, line)
                && end < self.limits.line
                && line.last() != Some(&b'}')
            {
                self.lent = end + 1;
                let len = line.len();
                return inbox.bytes().get(..len).map(Frame::Whole);
            }
        }
        self.advance_further(inbox, plain, end)
    }

    /// As [`advance`](Self::advance), where it may be known already where the present line ends.
    #[inline(never)]
    fn advance_further<'i>(
        &mut self,
        inbox: &'i mut Inbox,
        plain: bool,
        mut known_end: Option<usize>,
    ) -> Option<Frame<'i>> {
        loop {
            match self.state {
                State::Asked { .. } => return None,
                State::Argument { until } => {
                    if inbox.len() < until {
                        return None;
                    }
                    (self.scanned, self.piece.line, self.state) = (until, until, State::Line);
                }
                State::Message { left: 0 } => {
                    (self.scanned, self.piece, self.state) = (0, Piece::default(), State::Line);
                    self.is_resumed = true;
                }
                State::Message { left } => {
                    let wanted = if self.chunk == 0 { 1 } else { at_most(left, self.chunk) };
                    if inbox.len() < wanted {
                        return None;
                    }
                    let count = if self.chunk == 0 { at_most(left, inbox.len()) } else { wanted };
                    self.state = State::Message { left: left - count as u64 };
                    return Some(Frame::Chunk(inbox.take(count)));
                }
                State::SkipLiteral { left } => {
                    let count = at_most(left, inbox.len());
                    inbox.consume(count);
                    if count as u64 == left {
                        self.scan.begin_line();
                        (self.scanned, self.state) = (0, State::SkipLine);
                    } else {
                        self.state = State::SkipLiteral { left: left - count as u64 };
                        return None;
                    }
                }
                State::SkipLine => self.skip_line(inbox)?,
                State::Line => match self.line(inbox, plain, known_end.take())? {
                    Step::Again => {}
                    Step::Tell(told) => return Some(self.tell(inbox, told)),
                },
            }
        }
    }

    /// Looks for the end of the present line, and says what it means.
    fn line(&mut self, inbox: &mut Inbox, plain: bool, known_end: Option<usize>) -> Option<Step> {
        let end = known_end.or_else(|| self.find_lf(inbox));
        let bytes = inbox.bytes();
        if bytes.len() < self.piece.line {
            // Somebody has cleared the inbox in the middle of a frame.
            self.reset();
            return Some(Step::Again);
        }
        let before = self.piece.line - self.piece.literals;
        let room = self.limits.line.saturating_sub(before);
        let so_far = end.map_or(bytes.len() + 1, |end| end + 1) - self.piece.line;
        if so_far > room {
            let head = (self.piece.line + room).min(bytes.len());
            self.scan.find_kind(self.side, bytes, plain);
            self.scan.begin_line();
            // The line itself is skipped from its beginning, for its quotes matter.
            self.scanned = end.unwrap_or(self.scanned);
            self.lent = self.piece.line;
            self.state = State::SkipLine;
            return Some(Step::Tell(Told { end: head, what: What::TooBig(Budget::Line) }));
        }
        let end = end?;
        // A CR before it may be the last byte of a literal.
        let line = trim_cr(&bytes[self.piece.line..end]);
        let told_end = self.piece.line + line.len();
        // Most lines announce nothing, and need not be looked at.
        let found = Literal::at_end_of(line).filter(|(at, _)| {
            self.scan.find_kind(self.side, &bytes[..told_end], plain);
            self.scan.may_have_literals() && self.scan.look(&line[..*at])
        });
        let Some((at, literal)) = found else {
            let what = if self.is_resumed { What::Rest } else { What::Whole };
            self.lent = end + 1;
            self.finish();
            return Some(Step::Tell(Told { end: told_end, what }));
        };
        let is_first = self.piece == Piece::default() && !self.is_resumed;
        let is_message = (self.side == Side::Commands || literal.len >= self.limits.stream)
            && self.scan.is_message(&line[..at], is_first);
        self.scan.begin_line();
        let tell = |what| Some(Step::Tell(Told { end: told_end, what }));
        if let Err(budget) = self.check(literal, is_message) {
            self.lent = end + 1;
            self.drop_at_literal(literal);
            return tell(What::TooBig(budget));
        }
        self.scanned = end + 1;
        if is_message {
            self.lent = end + 1;
            self.state = match self.side {
                Side::Commands => State::Asked { literal, message: true },
                Side::Responses => State::Message { left: literal.len },
            };
            return tell(What::Message(literal));
        }
        // It fits, so its length is one of this machine.
        self.piece.literals += literal.len as usize;
        self.piece.count += 1;
        if literal.sync && self.side == Side::Commands {
            self.state = State::Asked { literal, message: false };
            return tell(What::Literal(literal));
        }
        self.state = State::Argument { until: self.scanned + literal.len as usize };
        Some(Step::Again)
    }

    fn check(&self, literal: Literal, is_message: bool) -> Result<(), Budget> {
        if self.side == Side::Commands && !literal.sync && literal.len > self.limits.non_sync {
            return Err(Budget::NonSync);
        }
        if is_message {
            return Ok(());
        }
        if literal.len > self.limits.literal as u64 {
            Err(Budget::Literal)
        } else if self.piece.literals as u64 + literal.len > self.limits.literals as u64 {
            Err(Budget::Literals)
        } else if self.piece.count >= self.limits.count {
            Err(Budget::Count)
        } else {
            Ok(())
        }
    }

    /// Where the present line ends. Each byte is looked at once.
    fn find_lf(&mut self, inbox: &mut Inbox) -> Option<usize> {
        if self.scanned == 0 && self.piece == Piece::default() {
            // The inbox remembers for itself how far it has looked.
            return inbox.find_lf();
        }
        let bytes = inbox.bytes();
        // After a literal it is near most often.
        let found = scan::position(b'\n', bytes.get(self.scanned..).unwrap_or_default());
        self.scanned = found.map_or(bytes.len(), |at| self.scanned + at);
        found.map(|_| self.scanned)
    }

    /// Skips a line that is not wanted, and finds out whether a literal follows that is not wanted either.
    fn skip_line(&mut self, inbox: &mut Inbox) -> Option<()> {
        let bytes = inbox.bytes();
        let found = memchr(b'\n', bytes.get(self.scanned..).unwrap_or_default());
        let Some(end) = found.map(|at| self.scanned + at) else {
            let skipped = bytes.len().saturating_sub(TAIL);
            self.scan.look(&bytes[..skipped]);
            inbox.consume(skipped);
            self.scanned = inbox.len();
            return None;
        };
        let line = trim_cr(&bytes[..end]);
        let found = if self.scan.may_have_literals() { Literal::at_end_of(line) } else { None };
        let found = found.filter(|(at, _)| self.scan.look(&line[..*at]));
        inbox.consume(end + 1);
        match found {
            Some((_, literal)) => self.drop_at_literal(literal),
            None => self.finish(),
        }
        Some(())
    }

    /// Drops a command or response where a literal was announced. The sender that waits sends it no more.
    fn drop_at_literal(&mut self, literal: Literal) {
        if literal.sync && self.side == Side::Commands {
            self.finish();
        } else {
            self.state = State::SkipLiteral { left: literal.len };
        }
    }

    fn finish(&mut self) {
        (self.state, self.scanned, self.piece) = (State::Line, 0, Piece::default());
        (self.scan, self.is_resumed) = (Scan::default(), false);
    }

    fn tell<'i>(&self, inbox: &'i Inbox, told: Told) -> Frame<'i> {
        let head = &inbox.bytes()[..told.end];
        match told.what {
            What::Whole => Frame::Whole(head),
            What::Rest => Frame::Rest(head),
            What::Literal(literal) => Frame::Literal { head, literal },
            What::Message(literal) => Frame::Message { head, literal },
            What::TooBig(budget) => Frame::TooBig { head, budget },
        }
    }
}

enum Step {
    Again,
    Tell(Told),
}

/// A frame, before it borrows from the inbox.
struct Told {
    end: usize,
    what: What,
}

enum What {
    Whole,
    Rest,
    Literal(Literal),
    Message(Literal),
    TooBig(Budget),
}

fn at_most(left: u64, here: usize) -> usize {
    usize::try_from(left).map_or(here, |left| left.min(here))
}

fn trim_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

impl fmt::Debug for Frame<'_> {
    /// Shows how long things are, never what they say: it may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Frame::Whole(frame) => write!(f, "Whole({} bytes)", frame.len()),
            Frame::Literal { head, literal } => write!(f, "Literal({} bytes, {literal:?})", head.len()),
            Frame::Message { head, literal } => write!(f, "Message({} bytes, {literal:?})", head.len()),
            Frame::Chunk(chunk) => write!(f, "Chunk({} bytes)", chunk.len()),
            Frame::Rest(rest) => write!(f, "Rest({} bytes)", rest.len()),
            Frame::TooBig { head, budget } => write!(f, "TooBig({} bytes, {budget:?})", head.len()),
        }
    }
}

#[cfg(test)]
mod tests;
