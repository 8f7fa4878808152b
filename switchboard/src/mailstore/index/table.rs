//! The index's tables, read and written row by row.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::mailstore::error::StoreError;
use crate::mailstore::flags::{Flags, Keywords, System};
use crate::mailstore::message::{EmailId, MailboxId, Message, Place, Uid};
use crate::mailstore::name::MailboxName;
use crate::mailstore::special::SpecialUse;
use crate::mailstore::status::Usage;

/// What changes with a mailbox's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mailstore) struct Numbers {
    pub(in crate::mailstore) uid_validity: u32,
    pub(in crate::mailstore) uid_next: Uid,
    pub(in crate::mailstore) highest_modseq: u64,
}

/// A mailbox as the tree of mailboxes knows it.
#[derive(Clone, Debug)]
pub(in crate::mailstore) struct MailboxRow {
    pub(in crate::mailstore) id: i64,
    pub(in crate::mailstore) name: MailboxName,
    pub(in crate::mailstore) object_id: MailboxId,
    pub(in crate::mailstore) special_use: Option<SpecialUse>,
}

/// What STATUS counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::mailstore) struct Counts {
    pub(in crate::mailstore) messages: u32,
    pub(in crate::mailstore) unseen: u32,
    pub(in crate::mailstore) deleted: u32,
    pub(in crate::mailstore) size: u64,
    pub(in crate::mailstore) deleted_size: u64,
}

pub(in crate::mailstore) fn numbers(db: &Connection, mailbox: i64) -> rusqlite::Result<Numbers> {
    let sql = "SELECT uid_validity, uid_next, highest_modseq FROM mailboxes WHERE id = ?1";
    db.query_row(sql, [mailbox], |row| {
        Ok(Numbers { uid_validity: row.get(0)?, uid_next: row.get(1)?, highest_modseq: row.get(2)? })
    })
}

/// All mailboxes, in no order. A row that no name leads to is left out.
pub(in crate::mailstore) fn mailboxes(db: &Connection) -> Result<Vec<MailboxRow>, StoreError> {
    let mut select = db.prepare("SELECT id, name, object_id, special_use FROM mailboxes")?;
    let rows = select.query_map([], mailbox_row)?;
    Ok(rows.filter_map(Result::transpose).collect::<Result<_, _>>()?)
}

pub(in crate::mailstore) fn mailbox(db: &Connection, name: &MailboxName) -> Result<Option<MailboxRow>, StoreError> {
    let sql = "SELECT id, name, object_id, special_use FROM mailboxes WHERE name = ?1";
    Ok(db.query_row(sql, [name.as_str()], mailbox_row).optional()?.flatten())
}

fn mailbox_row(row: &Row<'_>) -> rusqlite::Result<Option<MailboxRow>> {
    let Ok(name) = MailboxName::parse(&row.get::<_, String>(1)?) else { return Ok(None) };
    let special_use = row.get::<_, Option<String>>(3)?;
    Ok(Some(MailboxRow {
        id: row.get(0)?,
        name,
        object_id: MailboxId(row.get(2)?),
        special_use: special_use.and_then(|name| SpecialUse::parse(&name)),
    }))
}

pub(in crate::mailstore) fn insert_mailbox(
    db: &Connection,
    name: &MailboxName,
    object_id: MailboxId,
    uid_validity: u32,
    special_use: Option<SpecialUse>,
) -> Result<i64, StoreError> {
    db.execute(
        "INSERT INTO mailboxes(name, object_id, uid_validity, special_use) VALUES (?1, ?2, ?3, ?4)",
        params![name.as_str(), object_id.0.as_slice(), uid_validity, special_use.map(SpecialUse::attribute)],
    )?;
    Ok(db.last_insert_rowid())
}

pub(in crate::mailstore) fn rename_mailbox(db: &Connection, id: i64, name: &MailboxName) -> Result<(), StoreError> {
    db.execute("UPDATE mailboxes SET name = ?2 WHERE id = ?1", params![id, name.as_str()])?;
    Ok(())
}

pub(in crate::mailstore) fn delete_mailbox(db: &Connection, id: i64) -> Result<(), StoreError> {
    db.execute("DELETE FROM mailboxes WHERE id = ?1", [id])?;
    db.execute("DELETE FROM annotations WHERE mailbox = ?1", [id])?;
    Ok(())
}

/// A mailbox's messages by rising UID, at places that are to be found out.
pub(in crate::mailstore) fn messages(db: &Connection, mailbox: i64) -> Result<Vec<Message>, StoreError> {
    let mut select = db.prepare(
        "SELECT uid, base, flags, keywords, modseq, size, internal_date, save_date, email_id
         FROM messages WHERE mailbox = ?1 ORDER BY uid",
    )?;
    // Most messages that have keywords have the same ones.
    let mut last: Option<(String, Keywords)> = None;
    let mut keywords_of = move |joined: Option<String>| {
        let Some(joined) = joined else { return Keywords::default() };
        if let Some((text, keywords)) = &last
            && *text == joined
        {
            return keywords.clone();
        }
        let keywords = Keywords::new(joined.split(' ').map(Arc::from).collect());
        last = Some((joined, keywords.clone()));
        keywords
    };
    let rows = select.query_map([mailbox], |row| {
        Ok(Message {
            uid: row.get(0)?,
            base: Arc::<OsStr>::from(OsString::from_vec(row.get(1)?)),
            flags: Flags { system: System::from_bits(row.get(2)?), keywords: keywords_of(row.get(3)?) },
            modseq: row.get(4)?,
            size: row.get(5)?,
            internal_date: row.get(6)?,
            save_date: row.get(7)?,
            email_id: EmailId(row.get(8)?),
            place: Place::UNKNOWN,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(in crate::mailstore) fn set_size(db: &Connection, mailbox: i64, uid: Uid, size: u64) -> Result<(), StoreError> {
    db.execute("UPDATE messages SET size = ?3 WHERE mailbox = ?1 AND uid = ?2", params![mailbox, uid, size])?;
    Ok(())
}

/// The counts of a mailbox, as the index has them.
pub(in crate::mailstore) fn counts(db: &Connection, mailbox: i64) -> Result<Counts, StoreError> {
    let seen = System::SEEN.bits();
    let deleted = System::DELETED.bits();
    let sql = "SELECT count(*), ifnull(sum(flags & ?2 = 0), 0), ifnull(sum(flags & ?3 != 0), 0), ifnull(sum(size), 0),
                      ifnull(sum(iif(flags & ?3 != 0, size, 0)), 0)
               FROM messages WHERE mailbox = ?1";
    Ok(db.query_row(sql, params![mailbox, seen, deleted], |row| {
        Ok(Counts {
            messages: row.get(0)?,
            unseen: row.get(1)?,
            deleted: row.get(2)?,
            size: row.get(3)?,
            deleted_size: row.get(4)?,
        })
    })?)
}

/// The state of the folders that the messages in the index belong to.
pub(in crate::mailstore) fn stamps(db: &Connection, mailbox: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT stamps FROM mailboxes WHERE id = ?1";
    Ok(db.query_row(sql, [mailbox], |row| row.get(0)).optional()?.flatten())
}

pub(in crate::mailstore) fn set_stamps(db: &Connection, mailbox: i64, stamps: &[u8]) -> Result<(), StoreError> {
    db.execute("UPDATE mailboxes SET stamps = ?2 WHERE id = ?1", params![mailbox, stamps])?;
    Ok(())
}

/// The first UID that no session was told of as recent.
pub(in crate::mailstore) fn recent_uid(db: &Connection, mailbox: i64) -> Result<Uid, StoreError> {
    Ok(db.query_row("SELECT recent_uid FROM mailboxes WHERE id = ?1", [mailbox], |row| row.get(0))?)
}

pub(in crate::mailstore) fn set_recent_uid(db: &Connection, mailbox: i64, uid: Uid) -> Result<(), StoreError> {
    db.execute("UPDATE mailboxes SET recent_uid = ?2 WHERE id = ?1", params![mailbox, uid])?;
    Ok(())
}

/// The ranges of UIDs expunged after this mod-sequence; `None` if that is
/// further back than is remembered.
pub(in crate::mailstore) fn expunged_since(
    db: &Connection,
    mailbox: i64,
    modseq: u64,
) -> Result<Option<Vec<(Uid, Uid)>>, StoreError> {
    let sql = "SELECT forgotten_modseq FROM mailboxes WHERE id = ?1";
    let forgotten: u64 = db.query_row(sql, [mailbox], |row| row.get(0))?;
    if modseq < forgotten {
        return Ok(None);
    }
    let mut select =
        db.prepare("SELECT first, last FROM expunged WHERE mailbox = ?1 AND modseq > ?2 ORDER BY first")?;
    let modseq = i64::try_from(modseq).unwrap_or(i64::MAX);
    let rows = select.query_map([mailbox, modseq], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Some(rows.collect::<Result<_, _>>()?))
}

/// The summaries that are there, of these messages.
pub(in crate::mailstore) fn summaries(
    db: &Connection,
    mailbox: i64,
    uids: &[Uid],
) -> Result<Vec<(Uid, Vec<u8>)>, StoreError> {
    let mut select = db.prepare("SELECT data FROM summaries WHERE mailbox = ?1 AND uid = ?2")?;
    let mut found = Vec::with_capacity(uids.len());
    for uid in uids {
        if let Some(data) = select.query_row(params![mailbox, uid], |row| row.get(0)).optional()? {
            found.push((*uid, data));
        }
    }
    Ok(found)
}

/// Keeps summaries of messages that are still there.
pub(in crate::mailstore) fn keep_summaries<'a>(
    db: &Connection,
    mailbox: i64,
    summaries: impl Iterator<Item = (Uid, &'a [u8])>,
) -> Result<(), StoreError> {
    let mut insert = db.prepare(
        "INSERT OR REPLACE INTO summaries(mailbox, uid, data)
         SELECT ?1, ?2, ?3 WHERE EXISTS(SELECT 1 FROM messages WHERE mailbox = ?1 AND uid = ?2)",
    )?;
    for (uid, data) in summaries {
        insert.execute(params![mailbox, uid, data])?;
    }
    Ok(())
}

/// The subscribed names, in order.
pub(in crate::mailstore) fn subscriptions(db: &Connection) -> Result<Vec<MailboxName>, StoreError> {
    let mut select = db.prepare("SELECT name FROM subscriptions ORDER BY name")?;
    let names = select.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(names.iter().filter_map(|name| MailboxName::parse(name).ok()).collect())
}

/// Says whether this is new.
pub(in crate::mailstore) fn subscribe(db: &Connection, name: &MailboxName) -> Result<bool, StoreError> {
    Ok(db.execute("INSERT OR IGNORE INTO subscriptions(name) VALUES (?1)", [name.as_str()])? > 0)
}

/// Says whether it was subscribed.
pub(in crate::mailstore) fn unsubscribe(db: &Connection, name: &MailboxName) -> Result<bool, StoreError> {
    Ok(db.execute("DELETE FROM subscriptions WHERE name = ?1", [name.as_str()])? > 0)
}

/// How many messages have this UID or a higher one.
pub(in crate::mailstore) fn count_from(db: &Connection, mailbox: i64, uid: Uid) -> Result<u32, StoreError> {
    let sql = "SELECT count(*) FROM messages WHERE mailbox = ?1 AND uid >= ?2";
    Ok(db.query_row(sql, params![mailbox, uid], |row| row.get(0))?)
}

/// All messages and mailboxes together.
pub(in crate::mailstore) fn usage(db: &Connection) -> Result<Usage, StoreError> {
    let sql = "SELECT count(*), ifnull(sum(size), 0), (SELECT count(*) FROM mailboxes) FROM messages";
    Ok(db.query_row(sql, [], |row| Ok(Usage { messages: row.get(0)?, octets: row.get(1)?, mailboxes: row.get(2)? }))?)
}

/// The annotations of a mailbox, by their names.
pub(in crate::mailstore) fn annotations(db: &Connection, mailbox: i64) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let mut select = db.prepare("SELECT entry, value FROM annotations WHERE mailbox = ?1 ORDER BY entry")?;
    let rows = select.query_map([mailbox], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(in crate::mailstore) fn annotate(
    db: &Connection,
    mailbox: i64,
    entry: &str,
    value: Option<&[u8]>,
) -> Result<(), StoreError> {
    match value {
        Some(value) => {
            let sql = "INSERT OR REPLACE INTO annotations(mailbox, entry, value) VALUES (?1, ?2, ?3)";
            db.execute(sql, params![mailbox, entry, value])?
        }
        None => db.execute("DELETE FROM annotations WHERE mailbox = ?1 AND entry = ?2", params![mailbox, entry])?,
    };
    Ok(())
}
