use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::Letters;
use crate::casemap::{CaseMapping, FoldedName};

/// The client itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Me {
    /// The nickname that the server last gave.
    pub nick: Box<[u8]>,
    /// The user name as others see it, `~` included.
    pub user: Option<Box<[u8]>>,
    /// The host as others see it.
    pub host: Option<Box<[u8]>>,
    /// The account that the client is logged in to.
    pub account: Option<Box<[u8]>>,
    /// The user modes.
    pub modes: Letters,
    /// Whether the client is away.
    pub away: bool,
}

/// Somebody who shares a channel with the client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The nickname.
    pub nick: Box<[u8]>,
    /// The user name.
    pub user: Option<Box<[u8]>>,
    /// The host.
    pub host: Option<Box<[u8]>>,
    /// The account.
    pub account: Account,
    /// Whether the user is away.
    pub away: Away,
    /// The real name.
    pub realname: Option<Box<[u8]>>,
    /// Whether the user is known to be a bot.
    pub bot: bool,
    /// How many of the client's channels the user is in; at least 1.
    pub channels: usize,
}

impl User {
    pub(super) fn new(nick: &[u8]) -> Self {
        User {
            nick: nick.into(),
            user: None,
            host: None,
            account: Account::Unknown,
            away: Away::Unknown,
            realname: None,
            bot: false,
            channels: 0,
        }
    }
}

/// What is known of a user's account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Account {
    /// Nothing.
    #[default]
    Unknown,
    /// The user is logged in to none.
    None,
    /// The user is logged in to this one.
    Name(Box<[u8]>),
}

impl Account {
    /// As it stands in messages: `*` is none, and 0 in WHOX.
    pub(super) fn read(name: &[u8], none: &[u8]) -> Self {
        if name == none || name.is_empty() { Account::None } else { Account::Name(name.into()) }
    }
}

/// Whether a user is away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Away {
    /// Not known.
    #[default]
    Unknown,
    /// The user is there.
    Here,
    /// The user is away, with these words where they are known.
    Gone(Option<Box<[u8]>>),
}

/// A channel that the client is in.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Channel {
    /// Its name.
    pub name: Box<[u8]>,
    /// The modes that are set, with their arguments; lists and statuses are not among them.
    pub modes: BTreeMap<u8, Option<Box<[u8]>>>,
    /// The topic, `None` while there is none or it is not known.
    pub topic: Option<Topic>,
    /// When the channel was made, in Unix seconds.
    pub created: Option<u64>,
    /// Whether all members are known.
    pub complete: bool,
    /// The key that the program joined with.
    pub(in crate::client) key: Option<Box<[u8]>>,
    pub(super) members: BTreeMap<FoldedName, (Box<[u8]>, Letters)>,
    pub(super) lists: BTreeMap<u8, Vec<ListEntry>>,
    /// Lists that the server is telling at the moment.
    pub(super) listing: Letters,
    pub(super) mapping: CaseMapping,
}

impl Channel {
    pub(super) fn new(name: &[u8], mapping: CaseMapping) -> Self {
        Channel {
            name: name.into(),
            modes: BTreeMap::new(),
            topic: None,
            created: None,
            complete: false,
            key: None,
            members: BTreeMap::new(),
            lists: BTreeMap::new(),
            listing: Letters::NONE,
            mapping,
        }
    }

    /// The nicknames of the members, each with the letters of its statuses, as `o` and `v`.
    pub fn members(&self) -> impl Iterator<Item = (&[u8], Letters)> {
        self.members.values().map(|(nick, statuses)| (&nick[..], *statuses))
    }

    /// The statuses of a member; `None` when nobody of that name is in the channel.
    pub fn member(&self, nick: &[u8]) -> Option<Letters> {
        self.mapping.with_folded(nick, |key| self.members.get(key)).map(|(_, statuses)| *statuses)
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether no member is known.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The entries of a list, as of bans (`b`), as far as they are known.
    pub fn list(&self, mode: u8) -> &[ListEntry] {
        self.lists.get(&mode).map(Vec::as_slice).unwrap_or_default()
    }

    /// The key (mode `k`): the one that the program joined with, or the one that the server tells.
    pub(in crate::client) fn join_key(&self) -> Option<&[u8]> {
        let told = self.modes.get(&b'k').and_then(|key| key.as_deref()).filter(|key| *key != b"*");
        told.or(self.key.as_deref())
    }
}

impl core::fmt::Debug for Channel {
    /// Without modes, among which is the key.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Channel")
            .field("name", &self.name.escape_ascii())
            .field("members", &self.members.len())
            .field("complete", &self.complete)
            .finish_non_exhaustive()
    }
}

/// A channel's topic.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Topic {
    /// The text.
    pub text: Box<[u8]>,
    /// Who set it, as far as it is known.
    pub by: Option<Box<[u8]>>,
    /// When, in Unix seconds.
    pub at: Option<u64>,
}

/// An entry of a list, as of bans.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListEntry {
    /// The mask.
    pub mask: Box<[u8]>,
    /// Who set it, as far as it is known.
    pub by: Option<Box<[u8]>>,
    /// When, in Unix seconds.
    pub at: Option<u64>,
}
