//! Changes of one mailbox's messages that happen together, under one
//! mod-sequence.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use rusqlite::{OptionalExtension, Transaction, params};

use super::table::{self, Numbers};
use crate::mailstore::descriptions;
use crate::mailstore::error::StoreError;
use crate::mailstore::flags::Flags;
use crate::mailstore::message::{EmailId, Place, Uid};

/// How many ranges of expunged UIDs are remembered for a mailbox.
const REMEMBERED: i64 = 10_000;

/// What is to change.
#[derive(Debug, Default)]
pub(in crate::mailstore) struct Batch {
    /// New messages; they get UIDs in this order.
    pub(in crate::mailstore) arrivals: Vec<Arrival>,
    /// New flags.
    pub(in crate::mailstore) flags: Vec<(Uid, Flags)>,
    /// Messages that are gone, in rising order.
    pub(in crate::mailstore) gone: Vec<Uid>,
}

impl Batch {
    pub(in crate::mailstore) fn is_empty(&self) -> bool {
        self.arrivals.is_empty() && self.flags.is_empty() && self.gone.is_empty()
    }
}

/// A message that is new in the mailbox.
#[derive(Debug)]
pub(in crate::mailstore) struct Arrival {
    pub(in crate::mailstore) base: Arc<OsStr>,
    pub(in crate::mailstore) place: Place,
    pub(in crate::mailstore) flags: Flags,
    pub(in crate::mailstore) size: u64,
    pub(in crate::mailstore) internal_date: i64,
    pub(in crate::mailstore) email_id: EmailId,
    /// The message that it is a copy of, by its mailbox's row.
    pub(in crate::mailstore) original: Option<(i64, Uid)>,
}

/// What a batch got.
#[derive(Debug)]
pub(in crate::mailstore) struct Written {
    /// How the mailbox's numbers are after it; its highest mod-sequence is the
    /// batch's.
    pub(in crate::mailstore) numbers: Numbers,
    /// The UIDs of the arrivals.
    pub(in crate::mailstore) uids: Vec<Uid>,
    pub(in crate::mailstore) save_date: i64,
}

/// Writes a batch. `None` if the mailbox is not as `numbers` say any more:
/// another process has written meanwhile.
pub(in crate::mailstore) fn write(
    transaction: &Transaction<'_>,
    mailbox: i64,
    mut numbers: Numbers,
    batch: &Batch,
) -> Result<Option<Written>, StoreError> {
    match table::numbers(transaction, mailbox).optional()? {
        None => return Err(StoreError::Gone),
        Some(present) if present != numbers => return Ok(None),
        Some(_) => {}
    }
    numbers.highest_modseq += 1;
    let save_date = super::now();
    // Arrivals first: what is known of a message goes with it.
    let uids = write_arrivals(transaction, mailbox, &mut numbers, save_date, batch)?;
    write_flags(transaction, mailbox, numbers.highest_modseq, batch)?;
    write_gone(transaction, mailbox, numbers.highest_modseq, batch)?;
    transaction.execute(
        "UPDATE mailboxes SET uid_next = ?2, highest_modseq = ?3, stamps = NULL WHERE id = ?1",
        params![mailbox, numbers.uid_next, numbers.highest_modseq],
    )?;
    Ok(Some(Written { numbers, uids, save_date }))
}

fn write_arrivals(
    transaction: &Transaction<'_>,
    mailbox: i64,
    numbers: &mut Numbers,
    save_date: i64,
    batch: &Batch,
) -> Result<Vec<Uid>, StoreError> {
    let mut insert = transaction.prepare(
        "INSERT INTO messages(mailbox, uid, base, flags, keywords, modseq, size, internal_date, save_date, email_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let mut inherit = transaction.prepare(
        "INSERT INTO summaries(mailbox, uid, data) SELECT ?1, ?2, data FROM summaries WHERE mailbox = ?3 AND uid = ?4",
    )?;
    let mut inherit_description = transaction.prepare(descriptions::INHERIT)?;
    let mut uids = Vec::with_capacity(batch.arrivals.len());
    for arrival in &batch.arrivals {
        let uid = numbers.uid_next;
        numbers.uid_next = Uid::checked_add(uid, 1).ok_or(StoreError::UidsUsedUp)?;
        insert.execute(params![
            mailbox,
            uid,
            arrival.base.as_bytes(),
            arrival.flags.system.bits(),
            arrival.flags.keywords.joined(),
            numbers.highest_modseq,
            arrival.size,
            arrival.internal_date,
            save_date,
            arrival.email_id.0.as_slice(),
        ])?;
        if let Some((original, original_uid)) = arrival.original {
            inherit.execute(params![mailbox, uid, original, original_uid])?;
            inherit_description.execute(params![mailbox, uid, original, original_uid])?;
        }
        uids.push(uid);
    }
    Ok(uids)
}

fn write_flags(transaction: &Transaction<'_>, mailbox: i64, modseq: u64, batch: &Batch) -> Result<(), StoreError> {
    let mut update = transaction
        .prepare("UPDATE messages SET flags = ?3, keywords = ?4, modseq = ?5 WHERE mailbox = ?1 AND uid = ?2")?;
    for (uid, flags) in &batch.flags {
        update.execute(params![mailbox, uid, flags.system.bits(), flags.keywords.joined(), modseq])?;
    }
    Ok(())
}

fn write_gone(transaction: &Transaction<'_>, mailbox: i64, modseq: u64, batch: &Batch) -> Result<(), StoreError> {
    if batch.gone.is_empty() {
        return Ok(());
    }
    let mut delete = transaction.prepare("DELETE FROM messages WHERE mailbox = ?1 AND uid = ?2")?;
    for uid in &batch.gone {
        delete.execute(params![mailbox, uid])?;
    }
    let mut remember =
        transaction.prepare("INSERT INTO expunged(mailbox, modseq, first, last) VALUES (?1, ?2, ?3, ?4)")?;
    for range in batch.gone.chunk_by(|a, b| a.get() + 1 == b.get()) {
        remember.execute(params![mailbox, modseq, range.first(), range.last()])?;
    }
    forget(transaction, mailbox)
}

/// Keeps the memory of expunged messages within its bounds: of those further
/// back only that there may have been any is known.
fn forget(transaction: &Transaction<'_>, mailbox: i64) -> Result<(), StoreError> {
    let count: i64 =
        transaction.query_row("SELECT count(*) FROM expunged WHERE mailbox = ?1", [mailbox], |row| row.get(0))?;
    if count <= REMEMBERED {
        return Ok(());
    }
    let limit: i64 = transaction.query_row(
        "SELECT modseq FROM expunged WHERE mailbox = ?1 ORDER BY modseq DESC LIMIT 1 OFFSET ?2",
        [mailbox, REMEMBERED / 2],
        |row| row.get(0),
    )?;
    transaction.execute("DELETE FROM expunged WHERE mailbox = ?1 AND modseq <= ?2", [mailbox, limit])?;
    transaction.execute("UPDATE mailboxes SET forgotten_modseq = ?2 WHERE id = ?1", [mailbox, limit])?;
    Ok(())
}
