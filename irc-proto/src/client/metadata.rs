//! Metadata of users and channels ([metadata](https://ircv3.net/specs/extensions/metadata), draft/metadata-2).

use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_machine::Misuse;

use super::state::On;
use super::{Client, RequestId};
use crate::capability::Capability;
use crate::codec::{Command, Message, Parts, Source};
use crate::numerics::{RPL_KEYNOTSET, RPL_KEYVALUE};

/// One key of a user or a channel: as it is told of a change (METADATA), or in the answer to a question (761 RPL_KEYVALUE, 766 RPL_KEYNOTSET).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata<'a> {
    /// Whose it is: a nickname, a channel, or `*` for the own.
    pub target: &'a [u8],
    /// The key, in small letters.
    pub key: &'a [u8],
    /// Who may see it: `*` for everybody; empty where nothing is said of that.
    pub visibility: &'a [u8],
    /// Its value; `None`: it has none, or none any more.
    pub value: Option<&'a [u8]>,
}

impl<'a> Metadata<'a> {
    /// Reads one message; `None` for any that is of another sort.
    pub fn of(message: Message<&'a [u8]>) -> Option<Self> {
        // A numeric has the client's own name first.
        let (first, has_value) = match message.command() {
            Command::Numeric(RPL_KEYVALUE) => (1, true),
            Command::Numeric(RPL_KEYNOTSET) => (1, false),
            command if command.is(b"METADATA") => (0, true),
            _ => return None,
        };
        let [target, key] = [first, first + 1].map(|at| message.param(at).filter(|param| !param.is_empty()));
        let visibility = message.param(first + 2).filter(|_| has_value).unwrap_or_default();
        let value = message.param(first + 3).filter(|_| has_value);
        Some(Metadata { target: target?, key: key?, visibility, value })
    }
}

/// Somebody's metadata has changed: [`Event::Metadata`](super::Event::Metadata).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataChange(Message<Bytes>);

impl MetadataChange {
    /// METADATA; gives any other message back.
    pub(super) fn of(message: Message<Bytes>) -> Result<Self, Message<Bytes>> {
        let is_change = message.borrow().command().is(b"METADATA") && Metadata::of(message.borrow()).is_some();
        if is_change { Ok(MetadataChange(message)) } else { Err(message) }
    }

    /// What it is now.
    pub fn metadata(&self) -> Metadata<'_> {
        let nothing = Metadata { target: b"", key: b"", visibility: b"", value: None };
        Metadata::of(self.0.borrow()).unwrap_or(nothing)
    }

    /// Who has changed it, where the server has told.
    pub fn source(&self) -> Option<Source<'_>> {
        self.0.borrow().source()
    }

    /// The message.
    pub fn message(&self) -> &Message<Bytes> {
        &self.0
    }
}

/// Metadata. The capability is agreed on once [`Config::wish`](super::Config::wish) asks for [`Capability::Metadata`]; what changes then is
/// told by [`Event::Metadata`](super::Event::Metadata). [`Metadata::of`] reads the messages of an answer, and [`Response::error`](super::Response::error) finds
/// a FAIL in it. `*` is the own user.
///
/// They are refused as all that the program [says](Client::send), and by [`Misuse::NotOffered`] where the capability or `labeled-response` is not
/// agreed on: without labels no answer can be told from another.
impl Client {
    /// METADATA GET: the values of these keys.
    ///
    /// # Errors
    /// Besides the others [`Misuse::OutOfRange`] without any key.
    pub fn metadata_get(&mut self, target: &str, keys: &[&str]) -> Result<RequestId, Misuse> {
        self.ask_metadata(target, b"GET", &checked(keys)?)
    }

    /// METADATA LIST: all keys and values.
    pub fn metadata_list(&mut self, target: &str) -> Result<RequestId, Misuse> {
        self.ask_metadata(target, b"LIST", &[])
    }

    /// METADATA SET: a key's new value, or without one its removal.
    pub fn metadata_set(&mut self, target: &str, key: &str, value: Option<&str>) -> Result<RequestId, Misuse> {
        let key = checked(&[key])?;
        let params: Vec<&[u8]> = key.into_iter().chain(value.map(str::as_bytes)).collect();
        self.ask_metadata(target, b"SET", &params)
    }

    /// METADATA CLEAR: the removal of all keys, which the answer tells.
    pub fn metadata_clear(&mut self, target: &str) -> Result<RequestId, Misuse> {
        self.ask_metadata(target, b"CLEAR", &[])
    }

    /// METADATA SUB: from now on changes of these keys are told, of whomever the client shares a channel with or monitors.
    ///
    /// # Errors
    /// Besides the others [`Misuse::OutOfRange`] without any key.
    pub fn metadata_subscribe(&mut self, keys: &[&str]) -> Result<RequestId, Misuse> {
        self.ask_metadata("*", b"SUB", &checked(keys)?)
    }

    /// METADATA UNSUB: the end of that.
    ///
    /// # Errors
    /// The same.
    pub fn metadata_unsubscribe(&mut self, keys: &[&str]) -> Result<RequestId, Misuse> {
        self.ask_metadata("*", b"UNSUB", &checked(keys)?)
    }

    /// METADATA SUBS: which keys are subscribed to (772 RPL_METADATASUBS).
    pub fn metadata_subscriptions(&mut self) -> Result<RequestId, Misuse> {
        self.ask_metadata("*", b"SUBS", &[])
    }

    /// METADATA SYNC: the subscribed keys of a user, or of a channel and all in it, as [`Event::SyncLater`](super::Event::SyncLater) asks for it.
    pub fn metadata_sync(&mut self, target: &str) -> Result<RequestId, Misuse> {
        self.ask_metadata(target, b"SYNC", &[])
    }

    fn ask_metadata(&mut self, target: &str, subcommand: &[u8], more: &[&[u8]]) -> Result<RequestId, Misuse> {
        self.allow(On::Request)?;
        if !self.offers.agreed.has(Capability::Metadata) || !self.has_labels() {
            return Err(Misuse::NotOffered);
        }
        let head = [target.as_bytes(), subcommand];
        let params: Vec<&[u8]> = head.into_iter().chain(more.iter().copied()).collect();
        self.request(&Parts { command: Command::Word(b"METADATA"), params: &params, ..Parts::default() })
    }
}

/// Keys as parameters; the last one could hold a blank, and no key does.
fn checked<'a>(keys: &[&'a str]) -> Result<Vec<&'a [u8]>, Misuse> {
    match keys {
        [] => Err(Misuse::OutOfRange),
        keys if keys.iter().any(|key| key.is_empty() || key.contains(' ')) => Err(Misuse::ForbiddenCharacter),
        keys => Ok(keys.iter().map(|key| key.as_bytes()).collect()),
    }
}
