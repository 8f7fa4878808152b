use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use crate::casemap::{CaseMapping, FoldedName};
use crate::{Capabilities, Capability, Letters};

use super::channel::ChannelId;

/// One session of the application's, by a number of its own choice: its connection's id, for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session(pub u64);

/// A user's place in [`Users`]; taken again after the user has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UserId(u32);

/// Somebody registered.
pub struct User {
    session: Session,
    /// `nick!user@host`
    source: Box<[u8]>,
    nick_len: u16,
    user_len: u16,
    pub(super) secure: bool,
    pub(super) realname: Box<[u8]>,
    pub(super) account: Option<Box<[u8]>>,
    pub(super) away: Option<Box<[u8]>>,
    pub(super) modes: Letters,
    pub(super) capabilities: Capabilities,
    pub(super) memberships: Vec<Membership>,
    /// Oldest first.
    pub(super) invitations: Vec<Invitation>,
    pub(super) signon: u64,
    pub(super) active: u64,
}

/// Where a user stands in a channel's list of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(super) channel: ChannelId,
    pub(super) position: u32,
}

/// The way into a channel, which ends with the channel: its place may be another's then, its serial number never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invitation {
    pub(super) channel: ChannelId,
    pub(super) serial: u64,
}

impl User {
    /// The session.
    pub fn session(&self) -> Session {
        self.session
    }

    /// `nick!user@host`, the source of the user's messages.
    pub fn source(&self) -> &[u8] {
        &self.source
    }

    /// The nickname, in the user's own spelling.
    pub fn nick(&self) -> &[u8] {
        self.source.get(..self.nick_len.into()).unwrap_or_default()
    }

    /// The user name.
    pub fn user(&self) -> &[u8] {
        let start = usize::from(self.nick_len) + 1;
        self.source.get(start..start + usize::from(self.user_len)).unwrap_or_default()
    }

    /// The host, as others see it.
    pub fn host(&self) -> &[u8] {
        self.source.get(usize::from(self.nick_len) + usize::from(self.user_len) + 2..).unwrap_or_default()
    }

    /// The real name.
    pub fn realname(&self) -> &[u8] {
        &self.realname
    }

    /// The account, where the user has logged in.
    pub fn account(&self) -> Option<&[u8]> {
        self.account.as_deref()
    }

    /// What the user said when going away; nothing while present.
    pub fn away(&self) -> Option<&[u8]> {
        self.away.as_deref()
    }

    /// The user's modes.
    pub fn modes(&self) -> Letters {
        self.modes
    }

    /// What the session has agreed on.
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// Whether the session is encrypted.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether the user is an operator of the network.
    pub fn is_operator(&self) -> bool {
        self.modes.contains(b'o')
    }

    /// Whether the user is seen only by those in common channels (`+i`).
    pub fn is_invisible(&self) -> bool {
        self.modes.contains(b'i')
    }

    /// Whether the user says to be a bot (`+B`).
    pub fn is_bot(&self) -> bool {
        self.modes.contains(b'B')
    }

    /// How many channels the user is in.
    pub fn channel_count(&self) -> usize {
        self.memberships.len()
    }

    /// When the user registered: milliseconds since 1970.
    pub fn signon(&self) -> u64 {
        self.signon
    }

    /// When the user last sent a message to others: milliseconds since 1970.
    pub fn active(&self) -> u64 {
        self.active
    }

    pub(crate) fn has(&self, capability: Capability) -> bool {
        self.capabilities.has(capability)
    }

    pub(super) fn membership(&self, channel: ChannelId) -> Option<Membership> {
        self.memberships.iter().copied().find(|membership| membership.channel == channel)
    }

    pub(super) fn set_source(&mut self, nick: &[u8], user: &[u8], host: &[u8]) {
        let length = |part: &[u8]| u16::try_from(part.len()).unwrap_or(u16::MAX);
        self.source = [nick, b"!", user, b"@", host].concat().into();
        (self.nick_len, self.user_len) = (length(nick), length(user));
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.source.escape_ascii(), self.session)
    }
}

/// What somebody is who registers: what the session has told and the application knows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Newcomer<'a> {
    /// The nickname, claimed before.
    pub nick: &'a [u8],
    /// The user name. What cannot stand in a source is left out.
    pub user: &'a [u8],
    /// The host that others see: a name or an address. What cannot stand in a source is left out.
    pub host: &'a [u8],
    /// The real name.
    pub realname: &'a [u8],
    /// The account, after a login.
    pub account: Option<&'a [u8]>,
    /// What the session has agreed on.
    pub capabilities: Capabilities,
    /// Whether the session is encrypted.
    pub secure: bool,
    /// What the session said in an AWAY before it registered (draft/pre-away).
    pub away: Option<&'a [u8]>,
}

/// Who holds a nickname.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    /// Somebody who has not registered yet.
    Claim(Session),
    User(UserId),
}

/// What a session is to the network.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seat {
    Claim(FoldedName),
    User(UserId),
}

/// All users, by their place, their nickname and their session; and the nicknames that are claimed.
#[derive(Debug, Default)]
pub(super) struct Users {
    places: Vec<Option<Box<User>>>,
    free: Vec<UserId>,
    nicks: BTreeMap<FoldedName, Holder>,
    sessions: BTreeMap<Session, Seat>,
    mapping: CaseMapping,
    pub(super) most: usize,
    invisible: usize,
    operators: usize,
}

impl Users {
    pub(super) fn new(mapping: CaseMapping) -> Self {
        Users { mapping, ..Users::default() }
    }

    pub(super) fn get(&self, id: UserId) -> Option<&User> {
        self.places.get(id.0 as usize)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, id: UserId) -> Option<&mut User> {
        self.places.get_mut(id.0 as usize)?.as_deref_mut()
    }

    pub(super) fn by_session(&self, session: Session) -> Option<UserId> {
        match self.sessions.get(&session) {
            Some(Seat::User(id)) => Some(*id),
            _ => None,
        }
    }

    pub(super) fn by_nick(&self, nick: &[u8]) -> Option<UserId> {
        match self.mapping.with_folded(nick, |folded| self.nicks.get(folded).copied()) {
            Some(Holder::User(id)) => Some(id),
            _ => None,
        }
    }

    /// All of them, in no order that means anything.
    pub(super) fn iter(&self) -> impl Iterator<Item = (UserId, &User)> + Clone {
        let numbered = (0..).zip(&self.places);
        numbered.filter_map(|(number, place)| place.as_deref().map(|user| (UserId(number), user)))
    }

    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// How many have claimed a nickname and not registered.
    pub(super) fn claims(&self) -> usize {
        self.sessions.len() - self.len()
    }

    /// The highest place ever taken, plus one.
    pub(super) fn places(&self) -> usize {
        self.places.len()
    }

    pub(super) fn number(id: UserId) -> usize {
        id.0 as usize
    }

    /// Claims a nickname for a session that has not registered; an earlier claim of it is given up. `false`: another has it, or the session is
    /// registered.
    pub(super) fn claim(&mut self, session: Session, nick: &[u8]) -> bool {
        let key = self.mapping.key(nick);
        let own = match self.sessions.get(&session) {
            Some(Seat::User(_)) => return false,
            Some(Seat::Claim(own)) => Some(own.clone()),
            None => None,
        };
        if own.as_ref() == Some(&key) {
            return true;
        }
        if self.nicks.contains_key(&key) {
            return false;
        }
        if let Some(own) = own {
            self.nicks.remove(&own);
        }
        self.nicks.insert(key.clone(), Holder::Claim(session));
        self.sessions.insert(session, Seat::Claim(key));
        true
    }

    /// Gives up what a session has claimed.
    pub(super) fn release(&mut self, session: Session) {
        if let Some(Seat::Claim(key)) = self.sessions.get(&session) {
            self.nicks.remove(key);
            self.sessions.remove(&session);
        }
    }

    /// Seats the holder of a claim.
    pub(super) fn insert(
        &mut self,
        session: Session,
        newcomer: &Newcomer<'_>,
        modes: Letters,
        now: u64,
    ) -> Option<UserId> {
        let key = self.mapping.key(newcomer.nick);
        let id = match self.free.pop() {
            Some(id) => id,
            None => {
                let id = UserId(u32::try_from(self.places.len()).ok()?);
                self.places.push(None);
                id
            }
        };
        let mut user = Box::new(User {
            session,
            source: Box::default(),
            nick_len: 0,
            user_len: 0,
            secure: newcomer.secure,
            realname: newcomer.realname.into(),
            account: newcomer.account.map(Box::from),
            away: newcomer.away.map(Box::from),
            modes,
            capabilities: newcomer.capabilities,
            memberships: Vec::new(),
            invitations: Vec::new(),
            signon: now,
            active: now,
        });
        user.set_source(newcomer.nick, newcomer.user, newcomer.host);
        *self.places.get_mut(id.0 as usize)? = Some(user);
        self.nicks.insert(key, Holder::User(id));
        self.sessions.insert(session, Seat::User(id));
        self.most = self.most.max(self.len());
        self.count(Letters::NONE, modes);
        Some(id)
    }

    pub(super) fn set_modes(&mut self, id: UserId, modes: Letters) {
        let Some(user) = self.get_mut(id) else { return };
        let before = core::mem::replace(&mut user.modes, modes);
        self.count(before, modes);
    }

    /// How many users are invisible, and how many are operators.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.invisible, self.operators)
    }

    fn count(&mut self, before: Letters, after: Letters) {
        for (letter, count) in [(b'i', &mut self.invisible), (b'o', &mut self.operators)] {
            *count = (*count + usize::from(after.contains(letter))).saturating_sub(before.contains(letter).into());
        }
    }

    /// Gives a user another nickname; `false`: somebody else has it.
    pub(super) fn rename(&mut self, id: UserId, nick: &[u8]) -> bool {
        let key = self.mapping.key(nick);
        let Some(user) = self.places.get_mut(id.0 as usize).and_then(Option::as_deref_mut) else { return false };
        if self.nicks.get(&key).is_some_and(|holder| *holder != Holder::User(id)) {
            return false;
        }
        let before = self.mapping.key(user.nick());
        let (name, host) = (user.user().to_vec(), user.host().to_vec());
        user.set_source(nick, &name, &host);
        self.nicks.remove(&before);
        self.nicks.insert(key, Holder::User(id));
        true
    }

    pub(super) fn remove(&mut self, id: UserId) -> Option<Box<User>> {
        let user = self.places.get_mut(id.0 as usize)?.take()?;
        self.free.push(id);
        self.mapping.with_folded(user.nick(), |folded| self.nicks.remove(folded));
        self.sessions.remove(&user.session);
        self.count(user.modes, Letters::NONE);
        Some(user)
    }
}
