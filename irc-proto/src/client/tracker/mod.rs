//! What a client learns of itself, of channels and of users, from the messages it sees.
//!
//! A [`Tracker`] is part of each [`Client`](super::Client), and can be used alone. It is total: no message, in whatever order and however odd,
//! panics, and what it does not understand changes nothing. It is bounded by [`Limits`]; what does not fit is not learnt, and
//! [`is_full`](Tracker::is_full) says so. Names are compared by the server's CASEMAPPING, and what is known is put in order anew when that changes.
//!
//! ```
//! use irc_proto::client::tracker::{Change, Tracker};
//! use irc_proto::codec::{Message, Profile};
//!
//! let mut tracker = Tracker::default();
//! let mut changes = Vec::new();
//! for line in [":srv 001 ada :hi", ":ada!a@host JOIN #x", ":srv 353 ada = #x :@bob ada", ":srv 366 ada #x :", ":bob!b@h MODE #x +v ADA"] {
//!     tracker.apply(Message::parse(line.as_bytes(), Profile::Lenient)?, &mut changes);
//! }
//! let channel = tracker.channel(b"#X").ok_or("no channel")?;
//! assert_eq!(channel.member(b"Ada").map(|ada| ada.to_string()), Some("v".into()));
//! assert_eq!(changes.last(), Some(&Change::Modes { channel: b"#x"[..].into() }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod change;
mod messages;
mod model;
mod names;
mod numerics;
mod split;

#[cfg(test)]
mod tests;

pub use change::{Change, Fact, Left, Name};
pub use model::{Account, Away, Channel, ListEntry, Me, Topic, User};
pub use split::Netsplit;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::fmt;

use crate::casemap::{CaseMapping, FoldedName};
use crate::codec::{Command, Message};
use crate::isupport::Isupport;

/// How much a [`Tracker`] learns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Limits {
    /// The most channels.
    pub channels: usize,
    /// The most users.
    pub users: usize,
    /// The most memberships, in all channels together.
    pub members: usize,
    /// The most entries in the lists of one channel, as of bans.
    pub list_entries: usize,
    /// The most bytes kept of a name or a text; names that are longer are not learnt, texts are cut.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { channels: 1024, users: 200_000, members: 400_000, list_entries: 1024, text: 1024 }
    }
}

/// What is known. See the [module](self).
pub struct Tracker {
    limits: Limits,
    /// Whether others are learnt of too.
    others: bool,
    me: Me,
    isupport: Isupport,
    users: BTreeMap<FoldedName, User>,
    channels: BTreeMap<FoldedName, Channel>,
    members: usize,
    /// Who left by a netsplit, to tell when they come back; the oldest first.
    split: VecDeque<FoldedName>,
    full: bool,
}

impl Default for Tracker {
    fn default() -> Self {
        Tracker::new(Limits::default())
    }
}

impl Tracker {
    /// The token of WHOX queries whose answers are learnt from; see [`WHOX_FIELDS`](Tracker::WHOX_FIELDS).
    pub const WHOX_TOKEN: &[u8] = b"642";
    /// What to ask for: `WHO #channel %tcuhnfar,642`.
    pub const WHOX_FIELDS: &[u8] = b"%tcuhnfar,642";

    /// A tracker that knows nothing yet.
    pub fn new(limits: Limits) -> Self {
        Tracker {
            limits,
            others: true,
            me: Me::default(),
            isupport: Isupport::default(),
            users: BTreeMap::new(),
            channels: BTreeMap::new(),
            members: 0,
            split: VecDeque::new(),
            full: false,
        }
    }

    /// A tracker of the own nickname, host, modes and channels alone, and of what the server says of itself.
    pub fn of_own(limits: Limits) -> Self {
        Tracker { others: false, ..Tracker::new(limits) }
    }

    /// Learns from a message of the server, and tells what has changed.
    pub fn apply(&mut self, message: Message<&[u8]>, changes: &mut Vec<Change>) {
        match message.command() {
            Command::Numeric(numeric) => self.numeric(numeric, message, changes),
            Command::Word(word) => self.word(word, message, changes),
        }
    }

    /// The client itself.
    pub fn me(&self) -> &Me {
        &self.me
    }

    /// Whether this is the own nickname.
    pub fn is_me(&self, nick: &[u8]) -> bool {
        self.mapping().same(nick, &self.me.nick)
    }

    /// What the server said of itself (RPL_ISUPPORT).
    pub fn isupport(&self) -> &Isupport {
        &self.isupport
    }

    /// How names are compared.
    pub fn mapping(&self) -> CaseMapping {
        self.isupport.case_mapping
    }

    /// The channels that the client is in.
    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.channels.values()
    }

    /// One of them, by its name.
    pub fn channel(&self, name: &[u8]) -> Option<&Channel> {
        self.mapping().with_folded(name, |key| self.channels.get(key))
    }

    /// All users who share a channel with the client; itself too, once it is in one.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// One of them, by nickname.
    pub fn user(&self, nick: &[u8]) -> Option<&User> {
        self.mapping().with_folded(nick, |key| self.users.get(key))
    }

    /// Whether something was not learnt because of the limits.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// The key that a channel was last joined with by the program: for whoever rejoins.
    pub(in crate::client) fn note_key(&mut self, channel: &[u8], key: Option<&[u8]>) {
        if let (Some(key), Some(channel)) = (key, self.channel_mut(channel)) {
            channel.key = Some(key.into());
        }
    }

    /// Forgets who left by a netsplit, so that their next JOIN is an ordinary one.
    pub fn forget_split(&mut self) {
        self.split = VecDeque::new();
    }

    fn channel_mut(&mut self, name: &[u8]) -> Option<&mut Channel> {
        self.mapping().with_folded(name, |key| self.channels.get_mut(key))
    }

    fn user_mut(&mut self, nick: &[u8]) -> Option<&mut User> {
        self.mapping().with_folded(nick, |key| self.users.get_mut(key))
    }

    fn key(&self, name: &[u8]) -> FoldedName {
        self.mapping().key(name)
    }

    fn clip<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        text.get(..self.limits.text).unwrap_or(text)
    }
}

impl fmt::Debug for Tracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracker")
            .field("nick", &self.me.nick.escape_ascii())
            .field("channels", &self.channels.len())
            .field("users", &self.users.len())
            .finish_non_exhaustive()
    }
}
