//! Metadata: keys and values of users and channels, and who wants to hear of which keys
//! ([metadata](https://ircv3.net/specs/extensions/metadata), draft/metadata-2).

mod answer;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use thiserror::Error;

use super::user::Session;

/// How much is kept. They stand in the value of the capability, as `max-subs=50,max-keys=20,max-value-bytes=300`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Keys of one user or channel; 20 unless set.
    pub keys: usize,
    /// Keys to which one session subscribes; 50 unless set.
    pub subscriptions: usize,
    /// Bytes of one value; 300 unless set, which leaves room for the rest of a line.
    pub value: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { keys: 20, subscriptions: 50, value: 300 }
    }
}

/// Whose metadata.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    User(Session),
    /// A channel by its folded name.
    Channel(Box<[u8]>),
}

/// A key: 1 to 64 of `a-z`, `0-9`, `_`, `.`, `/` and `-`; capital letters become small ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(Box<[u8]>);

/// All metadata.
#[derive(Debug)]
pub(crate) struct Metadata {
    bounds: Bounds,
    values: BTreeMap<Target, BTreeMap<Key, Bytes>>,
    subscriptions: BTreeMap<Session, BTreeSet<Key>>,
}

/// Why a METADATA cannot be followed; its [`code`](Fault::code) stands in the FAIL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    #[error("Invalid target: name yourself by *, a user or a channel")]
    InvalidTarget,
    #[error("Invalid key: it is 1 to 64 of a-z, 0-9, _, ., / and -")]
    KeyInvalid,
    #[error("Permission denied: users set their own keys, channel operators those of a channel")]
    KeyNoPermission,
    #[error("This key is not set")]
    KeyNotSet,
    #[error("Metadata limit reached: remove a key first")]
    LimitReached,
    #[error("Invalid subcommand: there are GET, LIST, SET, CLEAR, SUB, UNSUB, SUBS and SYNC")]
    SubcommandInvalid,
    #[error("Too many subscriptions: remove one first")]
    TooManySubs,
    #[error("Invalid value: it must be UTF-8 and not longer than max-value-bytes")]
    ValueInvalid,
}

impl Fault {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Fault::InvalidTarget => "INVALID_TARGET",
            Fault::KeyInvalid => "KEY_INVALID",
            Fault::KeyNoPermission => "KEY_NO_PERMISSION",
            Fault::KeyNotSet => "KEY_NOT_SET",
            Fault::LimitReached => "LIMIT_REACHED",
            Fault::SubcommandInvalid => "SUBCOMMAND_INVALID",
            Fault::TooManySubs => "TOO_MANY_SUBS",
            Fault::ValueInvalid => "VALUE_INVALID",
        }
    }
}

impl Key {
    pub(crate) fn parse(text: &[u8]) -> Result<Key, Fault> {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./-".contains(byte);
        let holds = (1..=64).contains(&text.len()) && text.iter().all(allowed);
        if holds { Ok(Key(text.to_ascii_lowercase().into())) } else { Err(Fault::KeyInvalid) }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Metadata {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Metadata { bounds, values: BTreeMap::new(), subscriptions: BTreeMap::new() }
    }

    /// The value of a key.
    pub(crate) fn value(&self, target: &Target, key: &Key) -> Option<&Bytes> {
        self.values.get(target)?.get(key)
    }

    /// All keys and values of a target, by the order of keys.
    pub(crate) fn all(&self, target: &Target) -> impl Iterator<Item = (&Key, &Bytes)> {
        self.values.get(target).into_iter().flatten()
    }

    /// Sets a key. Whether its value is another one now.
    pub(crate) fn set(&mut self, target: &Target, key: Key, value: &[u8]) -> Result<bool, Fault> {
        if value.len() > self.bounds.value || core::str::from_utf8(value).is_err() {
            return Err(Fault::ValueInvalid);
        }
        let own = self.values.get(target);
        let before = own.and_then(|own| own.get(&key));
        if before.is_none() && own.map_or(0, BTreeMap::len) >= self.bounds.keys {
            return Err(Fault::LimitReached);
        }
        let changed = before.is_none_or(|before| before != value);
        if changed {
            self.values.entry(target.clone()).or_default().insert(key, Bytes::copy_from_slice(value));
        }
        Ok(changed)
    }

    /// Removes a key.
    pub(crate) fn unset(&mut self, target: &Target, key: &Key) -> Result<(), Fault> {
        let own = self.values.get_mut(target).ok_or(Fault::KeyNotSet)?;
        own.remove(key).ok_or(Fault::KeyNotSet)?;
        if own.is_empty() {
            self.values.remove(target);
        }
        Ok(())
    }

    /// Removes all keys of a target and hands them out: METADATA CLEAR, or the target's end.
    pub(crate) fn clear(&mut self, target: &Target) -> BTreeMap<Key, Bytes> {
        self.values.remove(target).unwrap_or_default()
    }

    /// Moves all metadata of a renamed channel (folded names).
    pub(crate) fn rename(&mut self, from: &[u8], to: &[u8]) {
        if let Some(values) = self.values.remove(&Target::Channel(from.into())) {
            self.values.insert(Target::Channel(to.into()), values);
        }
    }

    /// Subscribes a session to a key.
    pub(crate) fn subscribe(&mut self, session: Session, key: Key) -> Result<(), Fault> {
        let own = self.subscriptions.get(&session);
        if own.is_some_and(|own| own.contains(&key)) {
            return Ok(());
        }
        if own.map_or(0, BTreeSet::len) >= self.bounds.subscriptions {
            return Err(Fault::TooManySubs);
        }
        self.subscriptions.entry(session).or_default().insert(key);
        Ok(())
    }

    pub(crate) fn unsubscribe(&mut self, session: Session, key: &Key) {
        if let Some(own) = self.subscriptions.get_mut(&session) {
            own.remove(key);
            if own.is_empty() {
                self.subscriptions.remove(&session);
            }
        }
    }

    /// The keys to which a session subscribes.
    pub(crate) fn subscriptions(&self, session: Session) -> impl Iterator<Item = &Key> {
        self.subscriptions.get(&session).into_iter().flatten()
    }

    pub(crate) fn subscribes(&self, session: Session, key: &Key) -> bool {
        self.subscriptions.get(&session).is_some_and(|own| own.contains(key))
    }

    /// Forgets all of a session that has ended.
    pub(crate) fn forget(&mut self, session: Session) {
        self.clear(&Target::User(session));
        self.subscriptions.remove(&session);
    }
}

#[cfg(test)]
mod tests;
