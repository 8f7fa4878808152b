//! Who is where: the one place that adds and removes users and memberships, so that all counts agree.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::change::Name;
use super::model::{Channel, User};
use super::{Fact, Tracker};
use crate::Letters;
use crate::casemap::FoldedName;
use crate::codec::Source;

/// How many of those who left by a netsplit are remembered.
const SPLIT: usize = 4096;

impl Tracker {
    /// Puts a channel there, empty: the client has joined it.
    pub(super) fn enter(&mut self, name: &[u8]) -> bool {
        let key = self.key(name);
        let known = self.channels.contains_key(&key);
        if !known && self.channels.len() >= self.limits.channels || name.len() > self.limits.text {
            self.full = true;
            return false;
        }
        if known {
            self.exit(name);
        }
        self.channels.insert(key, Channel::new(name, self.mapping()));
        true
    }

    /// Takes a channel away, with all memberships in it.
    pub(super) fn exit(&mut self, name: &[u8]) -> Option<Channel> {
        let key = self.key(name);
        let channel = self.channels.remove(&key)?;
        self.members -= channel.members.len();
        for nick in channel.members.keys() {
            release(&mut self.users, nick);
        }
        Some(channel)
    }

    /// Makes somebody a member of a channel that the client is in; whether that is so now.
    pub(super) fn add_member(&mut self, channel: &[u8], nick: &[u8], statuses: Letters) -> bool {
        if !self.others {
            return self.channel(channel).is_some();
        }
        let (channel, key) = (self.key(channel), self.key(nick));
        let Some(channel) = self.channels.get_mut(&channel) else { return false };
        if let Some((_, before)) = channel.members.get_mut(&key) {
            statuses.iter().for_each(|letter| *before = before.with(letter));
            return true;
        }
        let new = !self.users.contains_key(&key);
        let fits = self.members < self.limits.members
            && (!new || self.users.len() < self.limits.users)
            && nick.len() <= self.limits.text;
        if !fits || nick.is_empty() {
            self.full |= !fits;
            return false;
        }
        let user = self.users.entry(key.clone()).or_insert_with(|| User::new(nick));
        user.channels += 1;
        self.members += 1;
        channel.members.insert(key, (nick.into(), statuses));
        true
    }

    /// Takes somebody out of a channel; whether that was in it.
    pub(super) fn remove_member(&mut self, channel: &[u8], nick: &[u8]) -> bool {
        let key = self.key(nick);
        let Some(channel) = self.channel_mut(channel) else { return false };
        let was = channel.members.remove(&key).is_some();
        if was {
            self.members -= 1;
            release(&mut self.users, &key);
        }
        was
    }

    /// Takes somebody out of all channels; gives their names.
    pub(super) fn remove_user(&mut self, nick: &[u8]) -> Vec<Name> {
        let key = self.key(nick);
        self.remove_key(&key)
    }

    fn remove_key(&mut self, key: &FoldedName) -> Vec<Name> {
        let mut left = Vec::new();
        for channel in self.channels.values_mut() {
            if channel.members.remove(key).is_some() {
                left.push(channel.name.clone());
            }
        }
        self.members -= left.len();
        self.users.remove(key);
        left
    }

    /// Gives somebody another nickname, in all channels. Whoever had it before is gone.
    pub(super) fn rename(&mut self, from: &[u8], to: &[u8]) {
        let (old, new) = (self.key(from), self.key(to));
        if !self.users.contains_key(&old) {
            return;
        }
        if to.is_empty() || to.len() > self.limits.text {
            self.full = true;
            self.remove_key(&old);
            return;
        }
        if old != new {
            self.remove_key(&new);
        }
        if let Some(mut user) = self.users.remove(&old) {
            user.nick = to.into();
            self.users.insert(new.clone(), user);
        }
        for channel in self.channels.values_mut() {
            if let Some((_, statuses)) = channel.members.remove(&old) {
                channel.members.insert(new.clone(), (to.into(), statuses));
            }
        }
    }

    /// Gives a channel another name.
    pub(super) fn rename_channel(&mut self, from: &[u8], to: &[u8]) -> bool {
        let (old, new) = (self.key(from), self.key(to));
        if to.len() > self.limits.text || !self.channels.contains_key(&old) {
            return false;
        }
        if old != new {
            self.exit(to);
        }
        if let Some(mut channel) = self.channels.remove(&old) {
            channel.name = to.into();
            self.channels.insert(new, channel);
        }
        true
    }

    /// Sorts everything anew by the case mapping that holds now. Names that have become the same are one.
    pub(super) fn refold(&mut self) {
        let mapping = self.mapping();
        let users = core::mem::take(&mut self.users);
        for mut user in users.into_values() {
            user.channels = 0;
            self.users.entry(mapping.key(&user.nick)).or_insert(user);
        }
        self.members = 0;
        let channels = core::mem::take(&mut self.channels);
        for mut channel in channels.into_values() {
            let key = mapping.key(&channel.name);
            if self.channels.contains_key(&key) {
                continue;
            }
            channel.mapping = mapping;
            let members = core::mem::take(&mut channel.members);
            for (nick, statuses) in members.into_values() {
                let key = mapping.key(&nick);
                if let Some((_, before)) = channel.members.get_mut(&key) {
                    statuses.iter().for_each(|letter| *before = before.with(letter));
                    continue;
                }
                if let Some(user) = self.users.get_mut(&key) {
                    user.channels += 1;
                    self.members += 1;
                    channel.members.insert(key, (user.nick.clone(), statuses));
                }
            }
            self.channels.insert(key, channel);
        }
        self.users.retain(|_, user| user.channels > 0);
        self.split.clear();
    }

    /// Learns user name and host from a source; whether they are news.
    pub(super) fn learn_host(&mut self, nick: &[u8], user: Option<&[u8]>, host: Option<&[u8]>) -> Option<Fact> {
        let (user, host) = (user.map(|user| self.clip(user)), host.map(|host| self.clip(host)));
        if self.is_me(nick) {
            set(&mut self.me.user, user);
            set(&mut self.me.host, host);
        }
        let known = self.user_mut(nick)?;
        let changed = set(&mut known.user, user) | set(&mut known.host, host);
        changed.then_some(Fact::Host)
    }

    pub(super) fn learn_source(&mut self, source: Source<'_>) {
        if source.user().is_some() || source.host().is_some() {
            self.learn_host(source.name(), source.user(), source.host());
        }
    }

    pub(super) fn note_split(&mut self, nick: &[u8]) {
        let key = self.key(nick);
        if self.split.len() >= SPLIT {
            self.split.pop_front();
        }
        self.split.push_back(key);
    }

    pub(super) fn take_split(&mut self, nick: &[u8]) -> bool {
        if self.split.is_empty() {
            return false;
        }
        let key = self.key(nick);
        let place = self.split.iter().position(|one| *one == key);
        place.is_some_and(|place| self.split.remove(place).is_some())
    }
}

/// One channel less for a user, who is forgotten with the last.
fn release(users: &mut BTreeMap<FoldedName, User>, key: &FoldedName) {
    if let Some(user) = users.get_mut(key) {
        user.channels = user.channels.saturating_sub(1);
        if user.channels == 0 {
            users.remove(key);
        }
    }
}

/// Takes a value that is told, and not empty; whether it is news.
pub(super) fn set(place: &mut Option<Name>, told: Option<&[u8]>) -> bool {
    match told {
        Some(told) if !told.is_empty() && place.as_deref() != Some(told) => {
            *place = Some(told.into());
            true
        }
        _ => false,
    }
}
