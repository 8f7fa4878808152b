//! The ready-made machines, of any settings, behind one face.

use std::num::NonZeroU32;

use arbitrary::Arbitrary;
use bytes::Bytes;
use wirestate_machine::block::{Blocks, Length};
use wirestate_machine::framed::{Framed, Framing};
use wirestate_machine::line::{self, LineEnd, Lines, Unfinished};
use wirestate_machine::raw::Pieces;
use wirestate_machine::{Inbox, Instant, Machine, Misuse, Outbox, Upgrade, Upgraded};

/// Which machine, and after how many frames it hands over.
#[derive(Arbitrary, Clone, Debug)]
pub struct Setting {
    /// The framing.
    pub kind: Kind,
    limit: u16,
    /// How many frames there are before the next machine's turn.
    pub frames: u8,
}

/// The framings.
#[derive(Arbitrary, Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the framings' own settings")]
pub enum Kind {
    Line { end: End, tell: bool, farewell: bool },
    Tolerant { end: End, tell: bool },
    Block(Prefix),
    Raw { half_open: bool },
}

/// The ends of lines. Literal ones are such that they overlap with themselves and with each other.
#[derive(Arbitrary, Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names are those of `LineEnd`")]
pub enum End {
    Any,
    Crlf,
    Lf,
    Literal(u8),
}

const LITERALS: [&[u8]; 6] = [b"a", b"aa", b"abab", b"\r\n.\r\n", b"\0", b"aabaaab"];

/// The lengths of blocks.
#[derive(Arbitrary, Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names are those of `Length`")]
pub enum Prefix {
    Fixed,
    U8,
    U16Be,
    U16Le,
    U32Be,
    U32Le,
    U64Be,
    U64Le,
    Varint,
    Netstring,
}

impl Setting {
    /// The most bytes of a frame: few in most settings, for few are fed, and none at all or all that there are in some.
    pub fn limit(&self) -> usize {
        let limit = match self.limit {
            u16::MAX => usize::MAX,
            0x8000.. => usize::from(self.limit & 0x7FFF),
            _ => usize::from(self.limit % 64),
        };
        match self.kind {
            Kind::Block(Prefix::Fixed) => limit.clamp(1, 0xFFFF),
            Kind::Raw { .. } => limit.max(1),
            _ => limit,
        }
    }

    /// A session of these settings.
    pub fn machine(&self) -> Box<dyn Speaks> {
        let limit = self.limit();
        match &self.kind {
            Kind::Line { end, tell, farewell } => {
                let lines = lines(*end, *tell, limit);
                let farewell = farewell.then(|| lines.encode("!")).and_then(Result::ok);
                Box::new(Session(farewell.into_iter().fold(Framed::new(lines), Framed::with_farewell)))
            }
            Kind::Tolerant { end, tell } => Box::new(Session(Framed::new(lines(*end, *tell, limit).tolerant()))),
            Kind::Block(prefix) => Box::new(Session(Framed::new(blocks(*prefix, limit)))),
            Kind::Raw { half_open } => {
                let pieces = Pieces::default().with_limit(limit);
                Box::new(Session(Framed::new(if *half_open { pieces.half_open() } else { pieces })))
            }
        }
    }
}

fn lines(end: End, tell: bool, limit: usize) -> Lines {
    let end = match end {
        End::Any => LineEnd::ANY,
        End::Crlf => LineEnd::CRLF,
        End::Lf => LineEnd::LF,
        End::Literal(which) => {
            LineEnd::literal(LITERALS[usize::from(which) % LITERALS.len()]).expect("there is a byte in it")
        }
    };
    let unfinished = if tell { Unfinished::Tell } else { Unfinished::Drop };
    Lines::ended_by(end).with_limit(limit).with_unfinished(unfinished)
}

fn blocks(prefix: Prefix, limit: usize) -> Blocks {
    let length = match prefix {
        Prefix::Fixed => {
            let size = u32::try_from(limit).ok().and_then(NonZeroU32::new);
            return Blocks::fixed(size.unwrap_or(NonZeroU32::MIN));
        }
        Prefix::U8 => Length::U8,
        Prefix::U16Be => Length::U16Be,
        Prefix::U16Le => Length::U16Le,
        Prefix::U32Be => Length::U32Be,
        Prefix::U32Le => Length::U32Le,
        Prefix::U64Be => Length::U64Be,
        Prefix::U64Le => Length::U64Le,
        Prefix::Varint => Length::Varint,
        Prefix::Netstring => Length::Netstring,
    };
    Blocks::new(length).with_limit(limit)
}

/// What any framing tells.
#[derive(Debug)]
pub enum Told {
    /// A frame.
    Frame(Bytes),
    /// A line that is skipped.
    TooLong,
}

impl Told {
    /// How many bytes the frame has.
    #[expect(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(&self) -> usize {
        match self {
            Told::Frame(frame) => frame.len(),
            Told::TooLong => 0,
        }
    }
}

impl From<Bytes> for Told {
    fn from(frame: Bytes) -> Self {
        Told::Frame(frame)
    }
}

impl From<line::Input> for Told {
    fn from(input: line::Input) -> Self {
        match input {
            line::Input::Line(line) => Told::Frame(line),
            line::Input::TooLong => Told::TooLong,
        }
    }
}

/// A session of any framing.
pub trait Speaks: Machine<Event = Told, Error = String> {
    /// Says one frame.
    fn say(&mut self, content: Bytes) -> Result<(), Misuse>;
}

struct Session<F: Framing>(Framed<F>);

impl<F: Framing<Frame: Into<Told>>> Speaks for Session<F> {
    fn say(&mut self, content: Bytes) -> Result<(), Misuse> {
        self.0.send_bytes(content)
    }
}

impl<F: Framing<Frame: Into<Told>>> Machine for Session<F> {
    type Event = Told;
    type Error = String;

    fn inbox(&mut self) -> &mut Inbox {
        self.0.inbox()
    }

    fn outbox(&mut self) -> &mut Outbox {
        self.0.outbox()
    }

    fn poll(&mut self, now: Instant) -> Result<Option<Told>, String> {
        let told = self.0.poll(now).map_err(|failure| failure.to_string())?;
        Ok(told.map(Into::into))
    }

    fn deadline(&self) -> Option<Instant> {
        self.0.deadline()
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        self.0.upgrade()
    }

    fn upgraded(&mut self, now: Instant, how: Upgraded) {
        self.0.upgraded(now, how);
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}
