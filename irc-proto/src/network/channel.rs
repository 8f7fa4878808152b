use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use crate::casemap::{CaseMapping, FoldedName};
use crate::modes::Status;
use crate::{Capabilities, Letters};

use super::user::{Session, UserId};

/// A channel's place in [`Channels`]; taken again after the channel has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ChannelId(u32);

/// A channel: it is there while it has members, and longer where it [stays](super::Network::open_channel).
pub struct Channel {
    name: Box<[u8]>,
    /// Never given twice, so that an invitation does not outlive its channel.
    pub(super) serial: u64,
    pub(super) created: u64,
    pub(super) topic: Option<Box<Topic>>,
    pub(super) flags: Letters,
    pub(super) key: Option<Box<[u8]>>,
    pub(super) limit: Option<u32>,
    pub(super) bans: Vec<Entry>,
    pub(super) exceptions: Vec<Entry>,
    pub(super) invitations: Vec<Entry>,
    pub(super) quiets: Vec<Entry>,
    pub(super) members: Vec<Member>,
    /// When somebody last knocked: milliseconds since 1970.
    pub(super) knocked: u64,
    /// When it was last renamed, likewise; 0: never.
    pub(super) renamed: u64,
    /// Whether it is there without members, too.
    pub(super) stays: bool,
}

/// What a channel is about.
#[derive(Clone, PartialEq, Eq)]
pub struct Topic {
    /// The text, never empty.
    pub text: Box<[u8]>,
    /// `nick!user@host` of who set it.
    pub who: Box<[u8]>,
    /// When: milliseconds since 1970.
    pub at: u64,
}

/// A mask in one of a channel's lists.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// `nick!user@host` with wildcards, or an extended ban.
    pub mask: Box<[u8]>,
    /// `nick!user@host` of who put it there.
    pub who: Box<[u8]>,
    /// When: milliseconds since 1970.
    pub at: u64,
}

/// A user in a channel. What a message needs to be sent on is at hand, so that a relay looks nobody up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(super) session: Session,
    pub(super) capabilities: Capabilities,
    pub(super) user: UserId,
    pub(super) ranks: Ranks,
}

/// The statuses of a member, a bit each; a higher one is a greater number.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ranks(u8);

impl Ranks {
    pub(super) const NONE: Ranks = Ranks(0);
    pub(super) const VOICE: Ranks = Ranks(1);
    pub(super) const HALFOP: Ranks = Ranks(2);
    pub(super) const OPERATOR: Ranks = Ranks(4);
    pub(super) const ADMIN: Ranks = Ranks(8);
    pub(super) const OWNER: Ranks = Ranks(16);

    /// The one that a mode letter gives.
    pub(super) fn of_letter(letter: u8) -> Ranks {
        match letter {
            b'q' => Ranks::OWNER,
            b'a' => Ranks::ADMIN,
            b'o' => Ranks::OPERATOR,
            b'h' => Ranks::HALFOP,
            b'v' => Ranks::VOICE,
            _ => Ranks::NONE,
        }
    }

    pub(super) fn with(self, other: Ranks) -> Ranks {
        Ranks(self.0 | other.0)
    }

    pub(super) fn without(self, other: Ranks) -> Ranks {
        Ranks(self.0 & !other.0)
    }

    pub(super) fn has(self, other: Ranks) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether the highest of these is this one or above it. Everybody is at least [`NONE`](Ranks::NONE).
    pub(super) fn at_least(self, other: Ranks) -> bool {
        self.0 >= other.0
    }

    /// The least that may give or take this one.
    pub(super) fn giver(self) -> Ranks {
        match self {
            Ranks::VOICE => Ranks::HALFOP,
            Ranks::HALFOP | Ranks::OPERATOR => Ranks::OPERATOR,
            _ => Ranks::OWNER,
        }
    }

    /// Whether who has these may send away who has `others`: operators each other too, half-operators, admins and owners only those below.
    pub(super) fn outranks(self, others: Ranks) -> bool {
        let (own, other) = (self.highest(), others.highest());
        own > other || (own == Ranks::OPERATOR && other == Ranks::OPERATOR) || own == Ranks::OWNER
    }

    fn highest(self) -> Ranks {
        Ranks(self.0.checked_ilog2().map_or(0, |bit| 1 << bit))
    }

    /// Appends the symbols of these, highest first: all of them, or the highest alone.
    pub(super) fn write(self, statuses: &[Status], all: bool, out: &mut Vec<u8>) {
        let own = statuses.iter().filter(|status| self.has(Ranks::of_letter(status.letter)));
        out.extend(own.map(|status| status.symbol).take(if all { usize::MAX } else { 1 }));
    }
}

impl fmt::Debug for Ranks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#07b}", self.0)
    }
}

impl Channel {
    /// The name, as whoever created the channel spelled it.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// When it was created: milliseconds since 1970.
    pub fn created(&self) -> u64 {
        self.created
    }

    /// What it is about.
    pub fn topic(&self) -> Option<&Topic> {
        self.topic.as_deref()
    }

    /// The modes without an argument.
    pub fn flags(&self) -> Letters {
        self.flags
    }

    /// How many members there may be (`+l`).
    pub fn limit(&self) -> Option<u32> {
        self.limit
    }

    /// How many members there are.
    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// Whether only members may know of it (`+s`, `+p`).
    pub fn is_secret(&self) -> bool {
        self.flags.contains(b's') || self.flags.contains(b'p')
    }

    /// Whether not everybody may read what is said in it: secret, by invitation, to the registered, by key, or not to the banned.
    pub fn is_restricted(&self) -> bool {
        let by_mode = self.flags.contains(b'i') || self.flags.contains(b'R');
        self.is_secret() || by_mode || self.key.is_some() || !self.bans.is_empty()
    }

    /// The list of a mode letter: `b`, `e`, `I` or `q`.
    pub fn list(&self, letter: u8) -> &[Entry] {
        match letter {
            b'b' => &self.bans,
            b'e' => &self.exceptions,
            b'I' => &self.invitations,
            b'q' => &self.quiets,
            _ => &[],
        }
    }

    pub(super) fn list_mut(&mut self, letter: u8) -> Option<&mut Vec<Entry>> {
        match letter {
            b'b' => Some(&mut self.bans),
            b'e' => Some(&mut self.exceptions),
            b'I' => Some(&mut self.invitations),
            b'q' => Some(&mut self.quiets),
            _ => None,
        }
    }

    /// Entries in all lists.
    pub(super) fn entries(&self) -> usize {
        self.bans.len() + self.exceptions.len() + self.invitations.len() + self.quiets.len()
    }

    pub(super) fn member(&self, position: u32) -> Option<&Member> {
        self.members.get(position as usize)
    }

    pub(super) fn member_mut(&mut self, position: u32) -> Option<&mut Member> {
        self.members.get_mut(position as usize)
    }

    /// Who receives what is sent to all members.
    pub(super) fn receivers(&self) -> impl Iterator<Item = (Session, Capabilities)> + Clone {
        self.members.iter().map(|member| (member.session, member.capabilities))
    }
}

impl fmt::Debug for Channel {
    /// Shows neither the key nor what was said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("name", &format_args!("{}", self.name.escape_ascii()))
            .field("flags", &self.flags)
            .field("members", &self.members.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Topic({} bytes by {})", self.text.len(), self.who.escape_ascii())
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.mask.escape_ascii())
    }
}

/// All channels, by their place and their name.
#[derive(Debug, Default)]
pub(super) struct Channels {
    places: Vec<Option<Box<Channel>>>,
    free: Vec<ChannelId>,
    names: BTreeMap<FoldedName, ChannelId>,
    mapping: CaseMapping,
    serial: u64,
}

impl Channels {
    pub(super) fn new(mapping: CaseMapping) -> Self {
        Channels { mapping, ..Channels::default() }
    }

    pub(super) fn get(&self, id: ChannelId) -> Option<&Channel> {
        self.places.get(id.0 as usize)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, id: ChannelId) -> Option<&mut Channel> {
        self.places.get_mut(id.0 as usize)?.as_deref_mut()
    }

    pub(super) fn by_name(&self, name: &[u8]) -> Option<ChannelId> {
        self.mapping.with_folded(name, |folded| self.names.get(folded).copied())
    }

    /// All of them, by their folded names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ChannelId, &Channel)> {
        self.names.values().filter_map(|id| Some((*id, self.get(*id)?)))
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn create(&mut self, name: &[u8], flags: Letters, now: u64) -> Option<ChannelId> {
        let id = match self.free.pop() {
            Some(id) => id,
            None => {
                let id = ChannelId(u32::try_from(self.places.len()).ok()?);
                self.places.push(None);
                id
            }
        };
        self.serial += 1;
        let channel = Channel {
            name: name.into(),
            serial: self.serial,
            created: now,
            topic: None,
            flags,
            key: None,
            limit: None,
            bans: Vec::new(),
            exceptions: Vec::new(),
            invitations: Vec::new(),
            quiets: Vec::new(),
            members: Vec::new(),
            knocked: 0,
            renamed: 0,
            stays: false,
        };
        *self.places.get_mut(id.0 as usize)? = Some(Box::new(channel));
        self.names.insert(self.mapping.key(name), id);
        Some(id)
    }

    /// Gives a channel another name; `false`: another channel has it.
    pub(super) fn rename(&mut self, id: ChannelId, name: &[u8], now: u64) -> bool {
        let key = self.mapping.key(name);
        if self.names.get(&key).is_some_and(|other| *other != id) {
            return false;
        }
        let Some(channel) = self.places.get_mut(id.0 as usize).and_then(Option::as_deref_mut) else { return false };
        self.mapping.with_folded(&channel.name, |folded| self.names.remove(folded));
        channel.name = name.into();
        channel.renamed = now;
        self.names.insert(key, id);
        true
    }

    pub(super) fn remove(&mut self, id: ChannelId) {
        let Some(channel) = self.places.get_mut(id.0 as usize).and_then(Option::take) else { return };
        self.mapping.with_folded(&channel.name, |folded| self.names.remove(folded));
        self.free.push(id);
    }
}
