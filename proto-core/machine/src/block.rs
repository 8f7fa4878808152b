//! Blocks: a machine for protocols whose messages have a length, fixed or announced.
//!
//! ```
//! use wirestate_machine::block::{Block, Blocks, Length};
//! use wirestate_machine::{Instant, Machine};
//!
//! let mut session = Block::new(Blocks::new(Length::U16Be).with_limit(1000));
//! for read in [&b"\x00"[..], b"\x05hel", b"lo\x00\x02hi"] {
//!     session.inbox().push(read);
//!     while let Some(block) = session.poll(Instant::START)? {
//!         session.send(block.to_ascii_uppercase())?;
//!     }
//! }
//! assert_eq!(session.outbox().to_vec(), b"\x00\x05HELLO\x00\x02HI");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Length`] has the common ways to say how long a block is; a [`Prefix`] of one's own adds any other:
//!
//! ```
//! use wirestate_machine::block::{BadPrefix, Block, Blocks, Header, Prefix};
//! use wirestate_machine::framed::Head;
//! use wirestate_machine::{Instant, Machine, Misuse};
//!
//! /// A byte for the kind of message, which is always `M`, and one for the length, itself and the kind included.
//! struct Kind;
//!
//! impl Prefix for Kind {
//!     fn decode(&self, seen: &[u8]) -> Result<Option<Header>, BadPrefix> {
//!         match seen {
//!             [] | [b'M'] => Ok(None),
//!             [b'M', length, ..] if *length >= 2 => Ok(Some(Header { length: 2, body: u64::from(length - 2) })),
//!             _ => Err(BadPrefix),
//!         }
//!     }
//!     fn encode(&self, body: usize, head: &mut Head) -> Result<(), Misuse> {
//!         let length = body.checked_add(2).and_then(|length| u8::try_from(length).ok()).ok_or(Misuse::TooLong)?;
//!         head.put(&[b'M', length])
//!     }
//! }
//!
//! let mut session = Block::new(Blocks::new(Kind));
//! session.inbox().push(b"M\x04hi");
//! assert_eq!(session.poll(Instant::START)?.as_deref(), Some(&b"hi"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod length;

use core::num::NonZeroU32;

use bytes::Bytes;
use thiserror::Error;

use crate::framed::{Envelope, Failure, Framed, Framing, Head, LEAST_INBOX, carve};
use crate::{Ending, Inbox, Misuse};

pub use length::Length;

/// A session in blocks. Each event is the body of one block; a block that is too large, or not well-formed, ends the session.
pub type Block<P = Length> = Framed<Blocks<P>>;

/// Why a [`Block`] session was ended.
pub type Error = Failure<Violation>;

/// How a block says its length.
///
/// Where a block has something after its body as well, as a netstring has its comma, that is the [`trailer`](Prefix::trailer).
pub trait Prefix {
    /// Reads the prefix at the beginning of `seen`, which is empty at first and never more than [`Head::MAX`] bytes. `None` waits for more.
    ///
    /// What it says of the first bytes must not change when more come.
    ///
    /// # Errors
    ///
    /// [`BadPrefix`] as soon as the bytes cannot be the beginning of one.
    fn decode(&self, seen: &[u8]) -> Result<Option<Header>, BadPrefix>;

    /// Writes the prefix of a block whose body has so many bytes.
    ///
    /// # Errors
    ///
    /// [`Misuse::TooLong`] or [`Misuse::OutOfRange`] where the prefix cannot say that.
    fn encode(&self, body: usize, head: &mut Head) -> Result<(), Misuse>;

    /// What stands after each body. Nothing if nothing else is said.
    fn trailer(&self) -> &[u8] {
        &[]
    }
}

/// What a [`Prefix`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// How many bytes the prefix itself has.
    pub length: usize,
    /// How many bytes the body has that follows.
    pub body: u64,
}

/// The bytes are no prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPrefix;

/// How blocks say their length, and how large they may be.
///
/// A block is told in whole. By default its body has at most 64 KiB; the limit is held against the length that is announced, before any of
/// the body has come, and no memory is reserved by it.
#[derive(Clone, Debug)]
pub struct Blocks<P = Length> {
    prefix: P,
    limit: usize,
}

/// What a peer did wrong in a session of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Violation {
    /// A block is announced that is larger than allowed.
    #[error(
        "a block of {announced} bytes is announced, and {limit} are allowed: send smaller blocks, or raise the limit"
    )]
    TooLong {
        /// The length that was announced, in bytes.
        announced: u64,
        /// The most that is allowed.
        limit: usize,
    },
    /// The length of a block cannot be read.
    #[error("a block does not begin with a length: the peer speaks another protocol, or lost its place")]
    BadPrefix,
    /// A block is not followed by what must stand after it.
    #[error("a block is not followed by what must end it: its announced length is wrong")]
    BadTrailer,
    /// The peer's stream ended in the middle of a block.
    #[error("the stream ended in the middle of a block")]
    Truncated,
}

impl Blocks<Length> {
    /// Blocks of always `size` bytes, however many those are.
    pub fn fixed(size: NonZeroU32) -> Self {
        let prefix = Length::Fixed(size);
        Blocks { prefix, limit: usize::try_from(size.get()).unwrap_or(usize::MAX) }
    }
}

impl<P: Prefix> Blocks<P> {
    /// Blocks that say their length so.
    pub fn new(prefix: P) -> Self {
        Blocks { prefix, limit: 64 * 1024 }
    }

    /// Sets the most bytes of a body that comes in. A session holds at most that, its prefix and its trailer, or 4 KiB where it is less.
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }
}

impl<P: Prefix> Framing for Blocks<P> {
    type Frame = Bytes;
    type Violation = Violation;

    fn frame(&mut self, inbox: &mut Inbox) -> Result<Option<Bytes>, Violation> {
        let waiting = inbox.bytes();
        if waiting.is_empty() {
            return Ok(None);
        }
        let seen = &waiting[..waiting.len().min(Head::MAX)];
        let Some(header) = self.prefix.decode(seen).map_err(|BadPrefix| Violation::BadPrefix)? else {
            return if seen.len() < Head::MAX { Ok(None) } else { Err(Violation::BadPrefix) };
        };
        let body = usize::try_from(header.body).ok().filter(|body| *body <= self.limit);
        let body = body.ok_or(Violation::TooLong { announced: header.body, limit: self.limit })?;
        let after = waiting.get(header.length..).ok_or(Violation::BadPrefix)?;
        let trailer = self.prefix.trailer();
        if header.length == 0 && body == 0 && trailer.is_empty() {
            return Err(Violation::BadPrefix);
        }
        let Some(end) = after.get(body..) else { return Ok(None) };
        let end = &end[..end.len().min(trailer.len())];
        if !trailer.starts_with(end) {
            return Err(Violation::BadTrailer);
        }
        if end.len() < trailer.len() {
            return Ok(None);
        }
        let trailer = trailer.len();
        inbox.consume(header.length);
        let block = carve(inbox, body);
        inbox.consume(trailer);
        Ok(Some(block))
    }

    fn end(&mut self, inbox: &mut Inbox) -> Result<Option<Bytes>, Violation> {
        if inbox.is_empty() { Ok(None) } else { Err(Violation::Truncated) }
    }

    /// # Errors
    ///
    /// What the prefix cannot say: [`Misuse::TooLong`], or [`Misuse::OutOfRange`] for a block that has not the fixed size.
    fn envelope(&self, content: &[u8]) -> Result<Envelope<'_>, Misuse> {
        let mut head = Head::default();
        self.prefix.encode(content.len(), &mut head)?;
        Ok(Envelope { head, tail: self.prefix.trailer() })
    }

    fn inbox_limit(&self) -> usize {
        let around = Head::MAX + self.prefix.trailer().len();
        self.limit.saturating_add(around).max(LEAST_INBOX)
    }

    fn ending(violation: &Violation) -> Ending {
        match violation {
            Violation::TooLong { .. } => Ending::Limit,
            Violation::Truncated => Ending::PeerClosed,
            Violation::BadPrefix | Violation::BadTrailer => Ending::Violation,
        }
    }
}
