//! History: what was said, kept by a [`Store`] and asked for with CHATHISTORY
//! ([chathistory](https://ircv3.net/specs/extensions/chathistory)).
//!
//! [`Memory`] keeps it in memory, within bounds. Another store, such as a database, implements [`Store`].
//!
//! ```
//! use irc_proto::network::history::{Bounds, Memory};
//! use irc_proto::network::{Config, Network};
//!
//! let mut network = Network::new(Config::default());
//! let one_day = Bounds { age: 86_400_000, ..Bounds::default() };
//! network.set_history(Box::new(Memory::new(one_day)));
//! ```

mod answer;
mod memory;
pub(super) mod playback;
mod request;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::codec::{Message, Profile};

pub use memory::{Bounds, Memory};
pub use request::{Fault, Request};

/// Where messages are kept together: a channel, or what one account and another person said to each other. All names are folded
/// ([`CaseMapping`](crate::casemap::CaseMapping)), so that two spellings are one buffer.
///
/// A direct message is kept for each side that is logged in, in a buffer of its own that only this account reads: a nickname alone is no
/// proof of who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Buffer<'a> {
    /// The channel of this name.
    Channel(&'a [u8]),
    /// A conversation.
    Direct {
        /// The account whose history this is.
        owner: &'a [u8],
        /// The nickname of the other side.
        peer: &'a [u8],
    },
}

/// One message as it is kept, in shares of what was delivered: a copy costs no more than a few counters.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was received, in milliseconds since 1970.
    pub time: u64,
    /// Its `msgid`.
    pub msgid: Bytes,
    /// The account of who sent it.
    pub account: Option<Bytes>,
    /// The client-only tags, escaped as they came, without `@`.
    pub client_tags: Bytes,
    /// Whether who sent it was marked as a bot.
    pub bot: bool,
    /// What sort it is, on which it depends who may get it.
    pub sort: Sort,
    /// The message without tags and line end: `:ada!a@host PRIVMSG #lobby :good morning`.
    pub line: Bytes,
    /// The further lines of a [multiline](super::multiline) message.
    pub more: Vec<Continuation>,
}

/// One further line of a message of several.
#[derive(Clone, PartialEq, Eq)]
pub struct Continuation {
    /// Whether it continues the line before without a break (`draft/multiline-concat`).
    pub concat: bool,
    /// The line, as [`Entry::line`].
    pub line: Bytes,
}

/// What sort of message an [`Entry`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// PRIVMSG or NOTICE, which all get.
    Message,
    /// TAGMSG, JOIN, TOPIC and so on, for those with `draft/event-playback` alone.
    Event,
    /// REDACT, for those with `draft/message-redaction` alone. It stands in the place of the message that it takes back.
    Redaction,
}

/// A point in a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    /// `timestamp=`, in milliseconds since 1970.
    Time(u64),
    /// `msgid=`
    Msgid(&'a [u8]),
}

/// Which messages of a buffer are meant. None includes its references, but [`Around`](Selection::Around).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection<'a> {
    /// The newest, those after the reference if there is one.
    Latest(Option<Reference<'a>>),
    /// The newest of those before.
    Before(Reference<'a>),
    /// The oldest of those after.
    After(Reference<'a>),
    /// Those before and after, and the one itself.
    Around(Reference<'a>),
    /// Those between the two, beginning at the first: the oldest where it is the older one, else the newest.
    Between(Reference<'a>, Reference<'a>),
}

/// One question to a [`Store`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query<'a> {
    /// Which messages.
    pub selection: Selection<'a>,
    /// How many at most; redactions do not count.
    pub limit: usize,
    /// How many bytes at most, by [`Entry::size`], so that an answer fits into a send queue.
    pub bytes: usize,
    /// Whether [`Sort::Event`] is wanted.
    pub events: bool,
    /// Whether [`Sort::Redaction`] is wanted.
    pub redactions: bool,
}

/// A store that cannot answer now (FAIL CHATHISTORY MESSAGE_ERROR).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the history cannot be read now: try again later")]
pub struct Unavailable;

/// What keeps the history. The network calls it while it handles a message, so that its order is the order of deliveries.
pub trait Store: Send {
    /// Keeps a message as the newest of a buffer. A store that cannot drops it: a message is delivered all the same.
    fn append(&mut self, buffer: Buffer<'_>, entry: Entry);

    /// Hands out the messages meant, the oldest first. A buffer or a `msgid` that is not known has none.
    ///
    /// # Errors
    ///
    /// [`Unavailable`]; what was handed out until then is dropped.
    fn query(&self, buffer: Buffer<'_>, query: Query<'_>, out: &mut Vec<Entry>) -> Result<(), Unavailable>;

    /// When the newest PRIVMSG or NOTICE of a buffer came, in milliseconds since 1970; `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`Unavailable`].
    fn newest(&self, buffer: Buffer<'_>) -> Result<Option<u64>, Unavailable>;

    /// Hands out the other side of each conversation of an account, folded, and when its newest message came.
    ///
    /// # Errors
    ///
    /// [`Unavailable`].
    fn peers(&self, owner: &[u8], out: &mut Vec<(Box<[u8]>, u64)>) -> Result<(), Unavailable>;

    /// The message with this `msgid`, if it is in the buffer and not yet taken back.
    fn find(&self, buffer: Buffer<'_>, msgid: &[u8]) -> Option<Entry>;

    /// Puts `redaction` in the place of a message. Whether it was there.
    fn redact(&mut self, buffer: Buffer<'_>, msgid: &[u8], redaction: Entry) -> bool;

    /// Moves all of a channel's history to its new name (folded).
    fn rename(&mut self, from: &[u8], to: &[u8]);

    /// Forgets all of a buffer.
    fn forget(&mut self, buffer: Buffer<'_>);

    /// Whether a channel is now one that not everybody may read: secret, with a key, with bans and the like. When such a channel closes, the network
    /// [forgets](Store::forget) it, for whoever opens it next may be anybody. A store that outlives the network has to do so itself when it is
    /// opened again, as all channels are new then; others need not listen.
    fn restrict(&mut self, _channel: &[u8], _restricted: bool) {}

    /// Forgets what has become too old, at `now` in milliseconds since 1970.
    fn expire(&mut self, now: u64);
}

impl Entry {
    /// The lines of the message in order, each with whether it continues the one before without a break.
    pub fn lines(&self) -> impl Iterator<Item = (bool, &Bytes)> {
        let more = self.more.iter().map(|more| (more.concat, &more.line));
        core::iter::once((false, &self.line)).chain(more)
    }

    /// The `msgid` of the message that this one takes back, if it does.
    pub fn redacted(&self) -> Option<&[u8]> {
        let message = Message::parse(&self.line[..], Profile::Lenient).ok();
        message.filter(|_| self.sort == Sort::Redaction)?.param(1)
    }

    /// How many bytes it counts for: its text and what stands around it.
    pub fn size(&self) -> usize {
        let fixed = size_of::<Entry>() + self.msgid.len() + self.client_tags.len();
        let account = self.account.as_ref().map_or(0, Bytes::len);
        let more = self.more.len() * size_of::<Continuation>();
        fixed + account + more + self.lines().map(|(_, line)| line.len()).sum::<usize>()
    }
}

impl fmt::Debug for Entry {
    /// Shows what sort of message it is, never what it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("time", &self.time).field("sort", &self.sort).finish_non_exhaustive()
    }
}

impl fmt::Debug for Continuation {
    /// Shows its length, never what it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Continuation({} bytes)", self.line.len())
    }
}
