//! The index: all that the file names do not say, in one SQLite database per
//! user. The files are the truth about which messages there are and what flags
//! they have; the index is the truth about UIDs, mod-sequences and keywords.

mod batch;
mod journal;
pub(super) mod table;

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

pub(super) use batch::{Arrival, Batch, Written, write};
pub(super) use journal::{Step, note};
pub(super) use table::{Counts, MailboxRow, Numbers};

use super::descriptions;
use super::error::StoreError;
use super::message::Uid;

/// A name that no Maildir++ program takes for a folder.
const FILE: &str = ".switchboard-index.db";

/// How long to wait for another process that writes.
const BUSY: Duration = Duration::from_secs(10);

const VERSION: i64 = 1;

const SCHEMA: &str = "
    CREATE TABLE mailboxes(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        object_id BLOB NOT NULL,
        uid_validity INTEGER NOT NULL,
        uid_next INTEGER NOT NULL DEFAULT 1,
        highest_modseq INTEGER NOT NULL DEFAULT 1,
        -- expunges up to here are forgotten
        forgotten_modseq INTEGER NOT NULL DEFAULT 0,
        -- the first message that no session was told of as recent
        recent_uid INTEGER NOT NULL DEFAULT 1,
        special_use TEXT UNIQUE,
        -- the state of its folders that the messages belong to
        stamps BLOB
    ) STRICT;
    CREATE TABLE messages(
        mailbox INTEGER NOT NULL REFERENCES mailboxes ON DELETE CASCADE,
        uid INTEGER NOT NULL,
        base BLOB NOT NULL,
        flags INTEGER NOT NULL,
        keywords TEXT,
        modseq INTEGER NOT NULL,
        size INTEGER NOT NULL,
        internal_date INTEGER NOT NULL,
        save_date INTEGER NOT NULL,
        email_id BLOB NOT NULL,
        PRIMARY KEY(mailbox, uid)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE expunged(
        mailbox INTEGER NOT NULL REFERENCES mailboxes ON DELETE CASCADE,
        modseq INTEGER NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY(mailbox, modseq, first)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE summaries(
        mailbox INTEGER NOT NULL,
        uid INTEGER NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY(mailbox, uid),
        FOREIGN KEY(mailbox, uid) REFERENCES messages ON DELETE CASCADE
    ) STRICT;
    CREATE TABLE subscriptions(name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    -- of a mailbox, or of the user as mailbox 0
    CREATE TABLE annotations(
        mailbox INTEGER NOT NULL,
        entry TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY(mailbox, entry)
    ) STRICT, WITHOUT ROWID;
    -- the start of the system that wrote last
    CREATE TABLE boot(id TEXT NOT NULL) STRICT;
    CREATE TABLE journal(
        id INTEGER PRIMARY KEY,
        source BLOB NOT NULL,
        target BLOB NOT NULL,
        base BLOB
    ) STRICT;
";

/// How much survives a power cut. A crash of the program loses nothing in
/// either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// All that was answered is on the disk, except for changes of flags.
    #[default]
    Full,
    /// The last seconds may be lost, and their UIDs be given out again: for
    /// tests, benchmarks and mail that is elsewhere, too.
    Relaxed,
}

#[derive(Debug)]
pub(super) struct Index {
    db: Connection,
    /// The user's Maildir, which the journal's paths start at.
    root: PathBuf,
    durability: Durability,
}

impl Index {
    /// Opens the index of a Maildir, or makes it; one that is broken is put
    /// aside. Says whether it is new.
    pub(super) fn open(root: &Path, durability: Durability) -> Result<(Self, bool), StoreError> {
        let path = root.join(FILE);
        match Self::try_open(&path, root, durability) {
            Err(StoreError::Index(error)) if is_broken(&error) => {
                tracing::error!(index = %path.display(), %error, "the index is broken and made anew; clients will fetch all again");
                put_aside(&path).map_err(StoreError::at(&path))?;
                Self::try_open(&path, root, durability)
            }
            done => done,
        }
    }

    fn try_open(path: &Path, root: &Path, durability: Durability) -> Result<(Self, bool), StoreError> {
        let is_new = match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_file() => false,
            Ok(_) => {
                let source = std::io::Error::new(ErrorKind::PermissionDenied, "not a plain file");
                return Err(StoreError::File { path: path.to_owned(), source });
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // Made here, for the sake of its mode.
                let made = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
                made.map(|_| true).map_err(StoreError::at(path))?
            }
            Err(error) => return Err(StoreError::at(path)(error)),
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(BUSY)?;
        db.pragma_update(None, "foreign_keys", true)?;
        // Per user: 256 KiB.
        db.pragma_update(None, "cache_size", -256)?;
        let _: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let is_empty = version == 0;
        if is_empty {
            transaction.execute_batch(SCHEMA)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        } else if version != VERSION {
            // By a later version of this program.
            return Err(
                rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB), None).into()
            );
        }
        transaction.execute_batch(descriptions::SCHEMA)?;
        skip_what_may_be_lost(&transaction)?;
        transaction.commit()?;
        let index = Self { db, root: root.to_owned(), durability };
        index.set_durability(durability)?;
        Ok((index, is_new || is_empty))
    }

    /// For reading; what is read in one statement belongs together.
    pub(super) fn db(&self) -> &Connection {
        &self.db
    }

    /// A number that changes whenever another connection writes.
    pub(super) fn data_version(&self) -> Result<i64, StoreError> {
        Ok(self.db.query_row("PRAGMA data_version", [], |row| row.get(0))?)
    }

    /// Writes all of this or nothing. Before it, what a crash left undone is
    /// done.
    pub(super) fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if let Err(error) = journal::roll_forward(&transaction, &self.root, self.durability)? {
            tracing::error!(%error, "what was begun cannot be ended now, and is tried again later");
        }
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// Writes what may be lost in a power cut: because it can be found out
    /// again, or like flags is not worth to wait for the disk.
    pub(super) fn write_lightly<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.set_durability(Durability::Relaxed)?;
        let done = self.write(work);
        self.set_durability(self.durability)?;
        done
    }

    /// Does what the journal says: after the transaction that noted it.
    pub(super) fn roll_forward(&mut self) -> Result<(), StoreError> {
        #[cfg(test)]
        if SKIP_JOURNAL.get() {
            return Ok(());
        }
        // The steps can be done twice, so the note may come back.
        self.set_durability(Durability::Relaxed)?;
        let (root, durability) = (&self.root, self.durability);
        let done = (|| {
            let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = journal::roll_forward(&transaction, root, durability)?;
            transaction.commit()?;
            done
        })();
        self.set_durability(self.durability)?;
        done
    }

    /// Takes back an append whose files cannot be put in place.
    pub(super) fn undo(&mut self, mailbox: i64, uids: &[Uid], steps: &[Step]) -> Result<(), StoreError> {
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        journal::strike_out(&transaction, &self.root, steps)?;
        let batch = Batch { gone: uids.to_vec(), ..Batch::default() };
        write(&transaction, mailbox, table::numbers(&transaction, mailbox)?, &batch)?;
        transaction.commit()?;
        Ok(())
    }

    /// Whether there is something to roll forward.
    pub(super) fn has_journal(&self) -> Result<bool, StoreError> {
        journal::exists(&self.db)
    }

    fn set_durability(&self, durability: Durability) -> Result<(), StoreError> {
        let mode = match durability {
            Durability::Full => "FULL",
            Durability::Relaxed => "NORMAL",
        };
        Ok(self.db.pragma_update(None, "synchronous", mode)?)
    }
}

/// After a power cut mod-sequences may have been told that the index no longer
/// knows; they are not given out again.
fn skip_what_may_be_lost(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    // More than can have been written since the disk was last waited for.
    const STRIDE: i64 = 1_000_000;
    let this = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let last: Option<String> = transaction.query_row("SELECT id FROM boot", [], |row| row.get(0)).optional()?;
    if this.is_empty() || last.as_ref() != Some(&this) {
        if last.is_some() {
            transaction.execute("UPDATE mailboxes SET highest_modseq = highest_modseq + ?1", [STRIDE])?;
        }
        transaction.execute("DELETE FROM boot", [])?;
        transaction.execute("INSERT INTO boot VALUES (?1)", [this])?;
    }
    Ok(())
}

// For tests: leaves the journal to the next process.
#[cfg(test)]
thread_local! {
    pub(super) static SKIP_JOURNAL: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Now, in seconds since 1970.
pub(super) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

fn is_broken(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

fn put_aside(path: &Path) -> std::io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut from = path.as_os_str().to_owned();
        from.push(suffix);
        let mut to = path.as_os_str().to_owned();
        to.push(format!(".broken{suffix}"));
        match fs::rename(from, to) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
