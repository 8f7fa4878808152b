use core::fmt;

use bytes::Bytes;
use wirestate_machine::Misuse;
use wirestate_machine::plugin::Kind;

use crate::codec::{Command, Encoder, Message, Parts, Profile, Sender, Unwritable};

/// Whole messages, ready to be sent: nothing but the codec makes one, so it cannot hold half a message or two in the place of one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Line(Bytes);

impl Line {
    /// Writes a message, of at most 512 bytes without its tags.
    ///
    /// # Errors
    /// [`Misuse::ForbiddenCharacter`], [`Misuse::TooLong`], and [`Misuse::OutOfRange`] for whatever else cannot be written.
    pub fn new(parts: &Parts<'_>) -> Result<Line, Misuse> {
        Line::with(&Encoder::new(Sender::Client), parts)
    }

    /// No message: what a [plugin](super::Client::plugins) answers that wants nothing to be said.
    pub const fn nothing() -> Line {
        Line(Bytes::new())
    }

    /// The messages as they go out, each with its CRLF.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn with(encoder: &Encoder, parts: &Parts<'_>) -> Result<Line, Misuse> {
        encoder.to_bytes(parts).map(Line).map_err(misuse)
    }

    /// Several messages that nothing may come between.
    pub(super) fn joined(lines: &[Line]) -> Line {
        let lines: alloc::vec::Vec<&[u8]> = lines.iter().map(Line::as_bytes).collect();
        Line(lines.concat().into())
    }

    pub(super) fn bytes(&self) -> Bytes {
        self.0.clone()
    }

    pub(super) fn count(&self) -> usize {
        memchr::memchr_iter(b'\n', &self.0).count()
    }
}

impl AsRef<[u8]> for Line {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Kind for Line {
    fn bit(&self) -> u32 {
        let first = self.0.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        Message::parse(first, Profile::Lenient).map_or(OTHER, |message| bit(message.command()))
    }
}

/// Shows how long it is, never what it says: it may be a password.
impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({} bytes)", self.0.len())
    }
}

const WORDS: [&[u8]; 16] = [
    b"PRIVMSG", b"NOTICE", b"TAGMSG", b"JOIN", b"PART", b"QUIT", b"NICK", b"KICK", b"MODE", b"TOPIC", b"INVITE",
    b"AWAY", b"ACCOUNT", b"FAIL", b"WARN", b"NOTE",
];
const NUMERIC: u32 = 16;
const OTHER: u32 = 17;

/// The place of a command in the masks of plugins: PRIVMSG 0, NOTICE 1, TAGMSG 2, JOIN 3, PART 4, QUIT 5, NICK 6, KICK 7, MODE 8, TOPIC 9,
/// INVITE 10, AWAY 11, ACCOUNT 12, FAIL 13, WARN 14, NOTE 15, any numeric 16, anything else 17.
pub(super) fn bit(command: Command<'_>) -> u32 {
    match command {
        Command::Numeric(_) => NUMERIC,
        word => WORDS.iter().position(|known| word.is(known)).map_or(OTHER, |place| place as u32),
    }
}

pub(super) fn misuse(unwritable: Unwritable) -> Misuse {
    match unwritable {
        Unwritable::ForbiddenCharacter => Misuse::ForbiddenCharacter,
        Unwritable::EmptyMiddle(_) | Unwritable::SpaceInMiddle(_) | Unwritable::ColonInMiddle(_) => {
            Misuse::ForbiddenCharacter
        }
        Unwritable::TooLong(_) => Misuse::TooLong,
        _ => Misuse::OutOfRange,
    }
}
