//! STATUS, and how much a user has.

use std::sync::PoisonError;

use rusqlite::Connection;

use super::MailStore;
use super::error::StoreError;
use super::flags::System;
use super::index::{Counts, table};
use super::mailbox::Mailbox;
use super::message::{MailboxId, Uid};
use super::name::MailboxName;
use crate::maildir::Stamps;

/// All that STATUS can ask for (RFC 9051 section 6.3.11, RFC 7162, RFC 8438,
/// RFC 8474, RFC 9208).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// MESSAGES
    pub messages: u32,
    /// RECENT
    pub recent: u32,
    /// UIDNEXT
    pub uid_next: Uid,
    /// UIDVALIDITY
    pub uid_validity: u32,
    /// UNSEEN: the messages without `\Seen`.
    pub unseen: u32,
    /// DELETED: the messages with `\Deleted`.
    pub deleted: u32,
    /// SIZE, in octets.
    pub size: u64,
    /// DELETED-STORAGE, in octets.
    pub deleted_size: u64,
    /// HIGHESTMODSEQ
    pub highest_modseq: u64,
    /// MAILBOXID
    pub object_id: MailboxId,
}

/// What a user has in all mailboxes together (RFC 9208).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many messages.
    pub messages: u64,
    /// Their octets.
    pub octets: u64,
    /// How many mailboxes.
    pub mailboxes: u64,
}

/// How much a user may have in all mailboxes together (RFC 9208); without a
/// limit as much as there is room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Octets of messages.
    pub octets: Option<u64>,
    /// Messages.
    pub messages: Option<u64>,
}

impl MailStore {
    /// How much the user may have.
    pub fn quota(&self) -> Quota {
        *self.quota.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets how much the user may have, from now on. Mail that other programs
    /// deliver counts, and is never refused.
    pub fn set_quota(&self, quota: Quota) {
        *self.quota.lock().unwrap_or_else(PoisonError::into_inner) = quota;
    }

    /// Whether there is room for so many messages more, of so many octets.
    ///
    /// # Errors
    ///
    /// [`StoreError::OverQuota`], or the index's.
    pub fn check_room(&self, messages: u64, octets: u64) -> Result<(), StoreError> {
        if self.quota() == Quota::default() {
            return Ok(());
        }
        self.check_room_in(self.index().db(), messages, octets)
    }

    pub(super) fn check_room_in(&self, db: &Connection, messages: u64, octets: u64) -> Result<(), StoreError> {
        let quota = self.quota();
        // Counting takes a look at each message.
        if quota == Quota::default() {
            return Ok(());
        }
        let usage = table::usage(db)?;
        let is_over = |limit: Option<u64>, used: u64, more: u64| {
            more > 0 && limit.is_some_and(|limit| used.saturating_add(more) > limit)
        };
        let is_over = is_over(quota.messages, usage.messages, messages) || is_over(quota.octets, usage.octets, octets);
        if is_over { Err(StoreError::OverQuota) } else { Ok(()) }
    }

    /// A mailbox's state, without opening it for long.
    ///
    /// # Errors
    ///
    /// As [`mailbox`](Self::mailbox).
    pub fn status(&self, name: &MailboxName) -> Result<Status, StoreError> {
        self.mailbox(name)?.status()
    }

    /// What the user has, as far as the index knows: other programs' deliveries
    /// count once their mailbox was looked at.
    ///
    /// # Errors
    ///
    /// The index's.
    pub fn usage(&self) -> Result<Usage, StoreError> {
        table::usage(self.index().db())
    }
}

impl Mailbox {
    /// The mailbox's state.
    ///
    /// # Errors
    ///
    /// As [`sync`](Self::sync).
    pub fn status(&self) -> Result<Status, StoreError> {
        let counted = self.counted_by_index()?;
        let (numbers, counts) = match counted {
            Some(known) => known,
            None => {
                let contents = self.enter()?;
                (contents.snapshot.numbers, count(&contents.snapshot.messages))
            }
        };
        let index = self.store.index();
        let recent = table::recent_uid(index.db(), self.id)?;
        let recent = table::count_from(index.db(), self.id, recent)?;
        Ok(Status {
            messages: counts.messages,
            recent,
            uid_next: numbers.uid_next,
            uid_validity: numbers.uid_validity,
            unseen: counts.unseen,
            deleted: counts.deleted,
            size: counts.size,
            deleted_size: counts.deleted_size,
            highest_modseq: numbers.highest_modseq,
            object_id: self.object_id(),
        })
    }

    /// Of a mailbox that is not in memory, and whose files are as they were
    /// when the index was written, the index knows enough.
    pub(super) fn counted_by_index(&self) -> Result<Option<(super::index::Numbers, Counts)>, StoreError> {
        let contents = self.lock();
        if contents.is_loaded || contents.is_gone {
            return Ok(None);
        }
        let index = self.store.index();
        if index.has_journal()? {
            return Ok(None);
        }
        let transaction = index.db().unchecked_transaction()?;
        let Some(kept) = table::stamps(&transaction, self.id)? else { return Ok(None) };
        let are_same = Stamps::take(&contents.path).is_ok_and(|stamps| stamps.to_bytes() == kept);
        if !are_same {
            return Ok(None);
        }
        Ok(Some((table::numbers(&transaction, self.id)?, table::counts(&transaction, self.id)?)))
    }
}

fn count(messages: &[super::message::Message]) -> Counts {
    let mut counts = Counts::default();
    for message in messages {
        counts.messages += 1;
        counts.size += message.size;
        if !message.flags.contains(System::SEEN) {
            counts.unseen += 1;
        }
        if message.flags.contains(System::DELETED) {
            counts.deleted += 1;
            counts.deleted_size += message.size;
        }
    }
    counts
}
