use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use xmpp_proto::payload::roster::Item;
use xmpp_proto::router::storage::{Bounds, Entry};
use xmpp_proto::xml::{Scope, Writer as XmlWriter};
use xmpp_proto::{Jid, ns};

use super::{Change, Queue};

/// The version of the tables.
pub(super) const VERSION: i64 = 1;

/// Triggers count, so that no bound has to be measured.
const TABLES: &str = "
    CREATE TABLE roster (account TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE contact (
        account TEXT NOT NULL,
        jid TEXT NOT NULL,
        pending INTEGER NOT NULL,
        listed INTEGER NOT NULL,
        -- a query of jabber:iq:roster with this one item
        item BLOB NOT NULL,
        PRIMARY KEY (account, jid)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE blocked (account TEXT NOT NULL, jid TEXT NOT NULL, PRIMARY KEY (account, jid)) STRICT, WITHOUT ROWID;
    CREATE TABLE document (
        account TEXT NOT NULL,
        name TEXT NOT NULL,
        ns TEXT NOT NULL,
        content BLOB NOT NULL,
        PRIMARY KEY (account, name, ns)
    ) STRICT;
    CREATE TABLE held (
        id INTEGER PRIMARY KEY,
        account TEXT NOT NULL,
        time INTEGER NOT NULL,
        stanza BLOB NOT NULL
    ) STRICT;
    CREATE INDEX held_for ON held (account);
    CREATE TABLE token (
        token TEXT PRIMARY KEY,
        user TEXT NOT NULL,
        agent TEXT,
        until INTEGER NOT NULL,
        count INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE archive (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        messages INTEGER NOT NULL DEFAULT 0,
        bytes INTEGER NOT NULL DEFAULT 0,
        -- its newest message
        newest INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE message (
        -- never given out again: it is the order
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        archive INTEGER NOT NULL,
        name TEXT NOT NULL,
        time INTEGER NOT NULL,
        who TEXT NOT NULL,
        -- the bare address of who
        whose TEXT NOT NULL,
        size INTEGER NOT NULL,
        stanza BLOB NOT NULL
    ) STRICT;
    CREATE INDEX message_place ON message (archive, id);
    CREATE INDEX message_whose ON message (archive, whose, id);
    CREATE UNIQUE INDEX message_name ON message (archive, name);
    CREATE TABLE total (bytes INTEGER NOT NULL) STRICT;
    INSERT INTO total VALUES (0);
    CREATE TRIGGER kept AFTER INSERT ON message BEGIN
        UPDATE archive SET messages = messages + 1, bytes = bytes + NEW.size, newest = NEW.id WHERE id = NEW.archive;
        UPDATE total SET bytes = bytes + NEW.size;
    END;
    CREATE TRIGGER forgotten AFTER DELETE ON message BEGIN
        UPDATE archive SET messages = messages - 1, bytes = bytes - OLD.size WHERE id = OLD.archive;
        UPDATE total SET bytes = bytes - OLD.size;
        DELETE FROM archive WHERE id = OLD.archive AND messages = 0;
    END;
";

/// Who writes.
pub(super) struct Writer {
    connection: Connection,
    bounds: Bounds,
}

/// The version of the tables that are there; 0 for none.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

impl Writer {
    pub(super) fn new(mut connection: Connection, bounds: Bounds) -> rusqlite::Result<Self> {
        // Readers do not wait for a writer, and a write does not wait for the disk, but for one in many: a crash of the program loses nothing that was
        // written, a power cut may lose the last seconds.
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "normal")?;
        // What was handed out, and what is taken back, is gone.
        connection.pragma_update(None, "secure_delete", true)?;
        connection.set_prepared_statement_cache_capacity(64);
        if version(&connection)? == 0 {
            let transaction = connection.transaction()?;
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
            transaction.commit()?;
        }
        Ok(Self { connection, bounds })
    }

    /// Forgets what is too much by bounds that are others than last time.
    pub(super) fn keep_all_bounds(&self) -> rusqlite::Result<()> {
        let transaction = self.connection.unchecked_transaction()?;
        let all = archives(&transaction)?;
        self.keep_bounds(&transaction, all)?;
        transaction.commit()
    }

    /// Writes until the end.
    pub(super) fn run(self, queue: &Queue) {
        queue.hand_to(|changes| self.write(changes));
    }

    fn write(&self, changes: &[Change]) -> rusqlite::Result<()> {
        let transaction = self.connection.unchecked_transaction()?;
        let mut touched = BTreeSet::new();
        for change in changes {
            match change {
                Change::Archive { archive, entry } => {
                    touched.insert(append(&transaction, archive, entry)?);
                }
                other => write_one(&transaction, other)?,
            }
        }
        self.keep_bounds(&transaction, touched)?;
        transaction.commit()
    }

    /// Forgets the oldest of each of these that holds too much; and all of that
    /// which was written to least lately, while all together hold too much.
    fn keep_bounds(&self, transaction: &Transaction<'_>, archives: BTreeSet<i64>) -> rusqlite::Result<()> {
        let [most, most_bytes, most_in_all] =
            [self.bounds.archived, self.bounds.archived_bytes, self.bounds.all_archived_bytes]
                .map(|most| i64::try_from(most).unwrap_or(i64::MAX));
        for id in archives {
            let held = "SELECT messages, bytes FROM archive WHERE id = ?1";
            let held = transaction.prepare_cached(held)?.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)));
            let (messages, mut bytes): (i64, i64) = held.optional()?.unwrap_or_default();
            drop_oldest(transaction, id, messages.saturating_sub(most))?;
            while bytes > most_bytes {
                drop_oldest(transaction, id, 1)?;
                let held = "SELECT bytes FROM archive WHERE id = ?1";
                bytes = transaction.prepare_cached(held)?.query_row([id], |row| row.get(0)).optional()?.unwrap_or(0);
            }
        }
        while transaction.query_row("SELECT bytes FROM total", [], |row| row.get::<_, i64>(0))? > most_in_all {
            let stalest = "SELECT id FROM archive ORDER BY newest LIMIT 1";
            let Some(id) = transaction.query_row(stalest, [], |row| row.get::<_, i64>(0)).optional()? else { break };
            transaction.prepare_cached("DELETE FROM message WHERE archive = ?1")?.execute([id])?;
        }
        Ok(())
    }
}

fn archives(transaction: &Transaction<'_>) -> rusqlite::Result<BTreeSet<i64>> {
    let mut all = transaction.prepare("SELECT id FROM archive")?;
    all.query_map([], |row| row.get(0))?.collect()
}

fn append(transaction: &Transaction<'_>, archive: &Jid, entry: &Entry) -> rusqlite::Result<i64> {
    let find = "SELECT id FROM archive WHERE name = ?1";
    let found = transaction.prepare_cached(find)?.query_row([archive.as_str()], |row| row.get(0)).optional()?;
    let id = match found {
        Some(id) => id,
        None => transaction.prepare_cached("INSERT INTO archive (name) VALUES (?1)")?.insert([archive.as_str()])?,
    };
    // Two of one name would need a clock that was put back, and the same moment once more.
    let insert = "INSERT OR IGNORE INTO message (archive, name, time, who, whose, size, stanza)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    transaction.prepare_cached(insert)?.execute(params![
        id,
        &*entry.id,
        signed(entry.time),
        entry.with.as_str(),
        entry.with.bare().as_str(),
        i64::try_from(super::size(&entry.parcel)).unwrap_or(i64::MAX),
        &entry.parcel.to_bytes(None)[..],
    ])?;
    Ok(id)
}

fn write_one(transaction: &Transaction<'_>, change: &Change) -> rusqlite::Result<()> {
    match change {
        Change::Contact { account, contact, version } => {
            let put = "INSERT OR REPLACE INTO contact VALUES (?1, ?2, ?3, ?4, ?5)";
            transaction.prepare_cached(put)?.execute(params![
                account.as_str(),
                contact.item.jid.as_str(),
                contact.is_pending,
                contact.is_listed,
                item(&contact.item),
            ])?;
            set_version(transaction, account, *version)?;
        }
        Change::NoContact { account, contact, version } => {
            let remove = "DELETE FROM contact WHERE account = ?1 AND jid = ?2";
            transaction.prepare_cached(remove)?.execute([account.as_str(), contact.as_str()])?;
            set_version(transaction, account, *version)?;
        }
        Change::Blocked { account, blocked } => {
            transaction.prepare_cached("DELETE FROM blocked WHERE account = ?1")?.execute([account.as_str()])?;
            for jid in blocked {
                let insert = "INSERT INTO blocked VALUES (?1, ?2)";
                transaction.prepare_cached(insert)?.execute([account.as_str(), jid.as_str()])?;
            }
        }
        Change::Document { account, name, ns, content } => {
            let put = "INSERT OR REPLACE INTO document VALUES (?1, ?2, ?3, ?4)";
            transaction.prepare_cached(put)?.execute(params![account.as_str(), name, ns, &content[..]])?;
        }
        Change::Hold { account, message } => {
            let insert = "INSERT INTO held (account, time, stanza) VALUES (?1, ?2, ?3)";
            let stanza = message.parcel.to_bytes(None);
            transaction.prepare_cached(insert)?.execute(params![
                account.as_str(),
                signed(message.time),
                &stanza[..]
            ])?;
        }
        Change::Release { account } => {
            transaction.prepare_cached("DELETE FROM held WHERE account = ?1")?.execute([account.as_str()])?;
        }
        Change::Token(token) => {
            let put = "INSERT OR REPLACE INTO token (token, user, agent, until, count) VALUES (?1, ?2, ?3, ?4, ?5)";
            transaction.prepare_cached(put)?.execute(params![
                token.token,
                token.user,
                token.agent,
                signed(token.until),
                signed(token.count),
            ])?;
        }
        Change::NoToken { token } => {
            transaction.prepare_cached("DELETE FROM token WHERE token = ?1")?.execute([token])?;
        }
        Change::Archive { archive, entry } => drop(append(transaction, archive, entry)?),
    }
    Ok(())
}

fn set_version(transaction: &Transaction<'_>, account: &Jid, version: u64) -> rusqlite::Result<()> {
    let put = "INSERT OR REPLACE INTO roster VALUES (?1, ?2)";
    transaction.prepare_cached(put)?.execute(params![account.as_str(), signed(version)])?;
    Ok(())
}

fn item(item: &Item) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(mut query) = XmlWriter::new(&mut bytes, &Scope::EMPTY).element("query", ns::ROSTER) {
        // It came as XML, so it can be written so.
        let _ = item.write(&mut query);
    }
    bytes
}

fn drop_oldest(transaction: &Transaction<'_>, archive: i64, count: i64) -> rusqlite::Result<()> {
    if count > 0 {
        let delete = "DELETE FROM message WHERE id IN
            (SELECT id FROM message WHERE archive = ?1 ORDER BY id LIMIT ?2)";
        transaction.prepare_cached(delete)?.execute([archive, count])?;
    }
    Ok(())
}

/// SQLite's numbers have a sign.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
