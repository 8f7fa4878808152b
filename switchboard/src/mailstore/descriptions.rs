//! What is kept of messages so that FETCH need not read them again. All of it
//! can be made anew from the files.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::error::StoreError;
use super::mailbox::Mailbox;
use super::message::Uid;

/// The rows lie in the order in which FETCH wants them: by mailbox and UID,
/// in one number.
pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS descriptions(place INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
    CREATE TRIGGER IF NOT EXISTS undescribed AFTER DELETE ON messages BEGIN
        DELETE FROM descriptions WHERE place = OLD.mailbox << 32 | OLD.uid;
    END;
    CREATE TRIGGER IF NOT EXISTS misdescribed AFTER UPDATE OF size ON messages BEGIN
        DELETE FROM descriptions WHERE place = OLD.mailbox << 32 | OLD.uid;
    END;
";

/// A copy has what its original had.
pub(super) const INHERIT: &str = "INSERT OR REPLACE INTO descriptions(place, data)
    SELECT ?1 << 32 | ?2, data FROM descriptions WHERE place = ?3 << 32 | ?4";

/// The longest that is kept: what is longer is made anew each time.
const LONGEST: usize = 16 * 1024;

/// Rows are read one after the other as long as so few of them are not wanted.
const SPARSE: u32 = 4;

impl Mailbox {
    /// What was kept of these messages, which stand in rising order, by
    /// [`keep_descriptions`](Self::keep_descriptions).
    ///
    /// # Errors
    ///
    /// The index's.
    pub fn descriptions(&self, uids: &[Uid]) -> Result<Vec<(Uid, Vec<u8>)>, StoreError> {
        Ok(read(self.store.index().db(), self.id, uids)?)
    }

    /// Keeps what FETCH tells of messages for as long as they are there; copies
    /// inherit it. What the octets mean is the caller's to know; what is longer
    /// than 16 KiB is not kept.
    ///
    /// # Errors
    ///
    /// The index's; losing this is harmless.
    pub fn keep_descriptions<'a>(&self, descriptions: impl Iterator<Item = (Uid, &'a [u8])>) -> Result<(), StoreError> {
        let kept = descriptions.filter(|(_, data)| data.len() <= LONGEST);
        self.store.index().write_lightly(|transaction| Ok(write(transaction, self.id, kept)?))
    }
}

fn read(db: &Connection, mailbox: i64, uids: &[Uid]) -> rusqlite::Result<Vec<(Uid, Vec<u8>)>> {
    let (Some(first), Some(last)) = (uids.first(), uids.last()) else { return Ok(Vec::new()) };
    let mut found = Vec::with_capacity(uids.len());
    let wanted = u32::try_from(uids.len()).unwrap_or(u32::MAX);
    if last.get() - first.get() >= wanted.saturating_mul(SPARSE) {
        let mut select = db.prepare_cached("SELECT data FROM descriptions WHERE place = ?1 << 32 | ?2")?;
        for uid in uids {
            if let Some(data) = select.query_row(params![mailbox, uid], |row| row.get(0)).optional()? {
                found.push((*uid, data));
            }
        }
        return Ok(found);
    }
    let mut select = db.prepare_cached(
        "SELECT place & 0xffffffff, data FROM descriptions WHERE place BETWEEN ?1 << 32 | ?2 AND ?1 << 32 | ?3",
    )?;
    let mut rows = select.query(params![mailbox, first, last])?;
    let mut wanted = uids.iter().peekable();
    while let Some(row) = rows.next()? {
        let uid: Uid = row.get(0)?;
        while wanted.next_if(|wanted| **wanted < uid).is_some() {}
        if wanted.peek() == Some(&&uid) {
            found.push((uid, row.get(1)?));
        }
    }
    Ok(found)
}

/// Only of messages that are still there.
fn write<'a>(
    transaction: &Transaction<'_>,
    mailbox: i64,
    descriptions: impl Iterator<Item = (Uid, &'a [u8])>,
) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT OR REPLACE INTO descriptions(place, data)
         SELECT ?1 << 32 | ?2, ?3 WHERE EXISTS(SELECT 1 FROM messages WHERE mailbox = ?1 AND uid = ?2)",
    )?;
    for (uid, data) in descriptions {
        insert.execute(params![mailbox, uid, data])?;
    }
    Ok(())
}
