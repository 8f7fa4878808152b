//! What outlives sessions: rosters, blocklists, what is kept for those who are away, archives.
//!
//! [`Memory`] keeps it in memory, within bounds. Another one, such as a database, implements [`Storage`].

mod memory;

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::parcel::Parcel;
use crate::jid::{Jid, JidRef};
use crate::payload::roster::Item;
use crate::payload::rsm::Place;

pub use memory::{Bounds, Memory};

/// What is known of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The contacts, in any order.
    pub contacts: Vec<Contact>,
    /// How often the roster has changed.
    pub version: u64,
    /// Whom it blocks.
    pub blocked: BTreeSet<Jid>,
}

/// A contact of an account, or somebody who would be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// As the roster shows it.
    pub item: Item,
    /// Whether the contact asks to see the user's presence, and was not answered yet ("pending in", RFC 6121 appendix A).
    pub is_pending: bool,
    /// Whether it is in the roster; who only asks is not.
    pub is_listed: bool,
}

/// What one account keeps at the server for its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Document<'a> {
    /// What the user tells about itself (XEP-0054), for all to read.
    Vcard,
    /// What the user publishes at a node (XEP-0163): all its items.
    Node(&'a str),
    /// Which of its messages are archived (XEP-0441).
    Preferences,
    /// What a client stores for itself and others of the user (XEP-0049).
    Private {
        /// The element's name.
        name: &'a str,
        /// Its namespace.
        ns: &'a str,
    },
}

impl<'a> Document<'a> {
    /// Two names that no other document of the account has.
    pub fn key(self) -> (&'a str, &'a str) {
        match self {
            Document::Vcard => ("", crate::ns::VCARD),
            // These are no names of elements.
            Document::Node(node) => ("#node", node),
            Document::Preferences => ("#preferences", ""),
            Document::Private { name, ns } => (name, ns),
        }
    }

    /// The document that has these [names](Document::key).
    pub fn of_key(name: &'a str, ns: &'a str) -> Self {
        match name {
            "" => Document::Vcard,
            "#node" => Document::Node(ns),
            "#preferences" => Document::Preferences,
            name => Document::Private { name, ns },
        }
    }
}

/// A message for somebody who is away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// When it came, in milliseconds since 1970.
    pub time: u64,
    /// The message, with its `to`.
    pub parcel: Parcel,
}

/// A message in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id: unique in the archive, and later ones are greater.
    pub id: Box<str>,
    /// When it came, in milliseconds since 1970; never less than the one before.
    pub time: u64,
    /// Who it was exchanged with: for an account the other side; for a room its occupant.
    pub with: Arc<Jid>,
    /// The message, with its `to`.
    pub parcel: Parcel,
}

/// Which messages of an archive are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Exchanged with this address: with all its resources where it is a bare one.
    pub with: Option<JidRef<'a>>,
    /// None from before this moment.
    pub start: Option<u64>,
    /// None from after this moment.
    pub end: Option<u64>,
    /// None but those after this one.
    pub after: Option<&'a str>,
    /// None but those before this one.
    pub before: Option<&'a str>,
    /// Which page of these.
    pub place: &'a Place,
    /// How many at most.
    pub max: usize,
}

/// A page of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The messages, the oldest first.
    pub entries: Vec<Entry>,
    /// How many messages of those that were asked for are before the page.
    pub index: usize,
    /// How many there are in all.
    pub count: usize,
}

/// Why something is not found, or not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// There is no room for more: of this owner, or at all.
    #[error("there is no room for it; remove something of the same owner first")]
    Full,
    /// There is no message of this id in the archive (any more).
    #[error("the archive has no message of this id; ask without it")]
    NoSuchId,
    /// It did not work now.
    #[error("the storage cannot be used now; try again later")]
    Unavailable,
}

/// Where what outlives sessions is kept. All names are addresses in their normal form; those of accounts and archives are bare.
///
/// A [`Router`](super::Router) asks while it handles a stanza, and waits.
pub trait Storage: fmt::Debug + Send {
    /// What is known of an account; `None` where there is no such account.
    fn account(&mut self, account: JidRef<'_>) -> Option<Record>;

    /// Keeps a contact, new or changed; the roster has this version now.
    fn put_contact(&mut self, account: JidRef<'_>, contact: &Contact, version: u64);

    /// Forgets a contact; the roster has this version now.
    fn remove_contact(&mut self, account: JidRef<'_>, contact: JidRef<'_>, version: u64);

    /// Keeps whom an account blocks.
    fn set_blocked(&mut self, account: JidRef<'_>, blocked: &BTreeSet<Jid>);

    /// A document, as an element that stands alone.
    fn document(&self, account: JidRef<'_>, document: Document<'_>) -> Option<Bytes>;

    /// Keeps a document in place of what was there.
    ///
    /// # Errors
    /// It could not be kept.
    fn set_document(&mut self, account: JidRef<'_>, document: Document<'_>, content: Bytes)
    -> Result<(), StorageError>;

    /// Keeps a message for who is away.
    ///
    /// # Errors
    /// It could not be kept.
    fn hold(&mut self, account: JidRef<'_>, message: Held) -> Result<(), StorageError>;

    /// Gives, and forgets, what was held for an account, in its order.
    fn release(&mut self, account: JidRef<'_>) -> Vec<Held>;

    /// Adds a message to the archive of an account or a room.
    fn archive(&mut self, archive: JidRef<'_>, entry: Entry);

    /// A page of an archive.
    ///
    /// # Errors
    /// An id is not there, or the archive could not be read.
    fn query(&self, archive: JidRef<'_>, query: &Query<'_>) -> Result<Found, StorageError>;
}

impl<S: Storage + ?Sized> Storage for Box<S> {
    fn account(&mut self, account: JidRef<'_>) -> Option<Record> {
        (**self).account(account)
    }

    fn put_contact(&mut self, account: JidRef<'_>, contact: &Contact, version: u64) {
        (**self).put_contact(account, contact, version);
    }

    fn remove_contact(&mut self, account: JidRef<'_>, contact: JidRef<'_>, version: u64) {
        (**self).remove_contact(account, contact, version);
    }

    fn set_blocked(&mut self, account: JidRef<'_>, blocked: &BTreeSet<Jid>) {
        (**self).set_blocked(account, blocked);
    }

    fn document(&self, account: JidRef<'_>, document: Document<'_>) -> Option<Bytes> {
        (**self).document(account, document)
    }

    fn set_document(
        &mut self,
        account: JidRef<'_>,
        document: Document<'_>,
        content: Bytes,
    ) -> Result<(), StorageError> {
        (**self).set_document(account, document, content)
    }

    fn hold(&mut self, account: JidRef<'_>, message: Held) -> Result<(), StorageError> {
        (**self).hold(account, message)
    }

    fn release(&mut self, account: JidRef<'_>) -> Vec<Held> {
        (**self).release(account)
    }

    fn archive(&mut self, archive: JidRef<'_>, entry: Entry) {
        (**self).archive(archive, entry);
    }

    fn query(&self, archive: JidRef<'_>, query: &Query<'_>) -> Result<Found, StorageError> {
        (**self).query(archive, query)
    }
}
