use std::collections::BTreeSet;

use bytes::Bytes;
use irc_proto::network::history::{Bounds, Continuation, Entry};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::queue::{Change, Key, Queue};

/// The version of the tables.
pub(super) const VERSION: i64 = 1;

/// Triggers count, so that no bound has to be measured.
const TABLES: &str = "
    -- of a channel the owner is empty
    CREATE TABLE buffer (
        id INTEGER PRIMARY KEY,
        owner BLOB NOT NULL,
        peer BLOB NOT NULL,
        restricted INTEGER NOT NULL DEFAULT 0,
        messages INTEGER NOT NULL DEFAULT 0,
        bytes INTEGER NOT NULL DEFAULT 0,
        UNIQUE (owner, peer)
    ) STRICT;
    CREATE TABLE message (
        id INTEGER PRIMARY KEY,
        buffer INTEGER NOT NULL,
        time INTEGER NOT NULL,
        size INTEGER NOT NULL,
        sort INTEGER NOT NULL,
        msgid BLOB NOT NULL,
        redacts BLOB,
        account BLOB,
        client_tags BLOB NOT NULL,
        bot INTEGER NOT NULL,
        line BLOB NOT NULL,
        more BLOB NOT NULL
    ) STRICT;
    CREATE INDEX message_place ON message (buffer, time);
    CREATE INDEX message_id ON message (buffer, msgid);
    CREATE INDEX message_redacted ON message (buffer, redacts) WHERE redacts IS NOT NULL;
    CREATE TABLE total (bytes INTEGER NOT NULL) STRICT;
    INSERT INTO total VALUES (0);
    CREATE TRIGGER kept AFTER INSERT ON message BEGIN
        UPDATE buffer SET messages = messages + 1, bytes = bytes + NEW.size WHERE id = NEW.buffer;
        UPDATE total SET bytes = bytes + NEW.size;
    END;
    CREATE TRIGGER changed AFTER UPDATE OF size ON message BEGIN
        UPDATE buffer SET bytes = bytes + NEW.size - OLD.size WHERE id = NEW.buffer;
        UPDATE total SET bytes = bytes + NEW.size - OLD.size;
    END;
    CREATE TRIGGER forgotten AFTER DELETE ON message BEGIN
        UPDATE buffer SET messages = messages - 1, bytes = bytes - OLD.size WHERE id = OLD.buffer;
        UPDATE total SET bytes = bytes - OLD.size;
        DELETE FROM buffer WHERE id = OLD.buffer AND messages = 0 AND NOT restricted;
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
        // Readers do not wait for a writer, and a write does not wait for the disk, but for one in many.
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "normal")?;
        // What is taken back is gone.
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

    /// Forgets what nobody may read after a restart.
    pub(super) fn begin_anew(&self, now: u64) -> rusqlite::Result<()> {
        let transaction = self.connection.unchecked_transaction()?;
        transaction.execute("DELETE FROM message WHERE buffer IN (SELECT id FROM buffer WHERE restricted)", [])?;
        transaction.execute("DELETE FROM buffer WHERE restricted OR messages = 0", [])?;
        expire(&transaction, now.saturating_sub(self.bounds.age))?;
        let all = buffers(&transaction)?;
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
                Change::Append(..) if self.bounds.messages == 0 => {}
                Change::Append(key, entry) => {
                    let id = make_buffer(&transaction, key)?;
                    append(&transaction, id, entry)?;
                    touched.insert(id);
                }
                Change::Redact(key, msgid, redaction) => redact(&transaction, key, msgid, redaction)?,
                Change::Rename { from, to } => rename(&transaction, from, to)?,
                Change::Forget(key) => forget(&transaction, key)?,
                Change::Restrict { channel, restricted } => restrict(&transaction, channel, *restricted)?,
                Change::Expire { before } => expire(&transaction, *before)?,
            }
        }
        self.keep_bounds(&transaction, touched)?;
        transaction.commit()
    }

    /// Forgets the oldest of each of these that holds too many, and the oldest
    /// of those that hold the most while all together hold too much: who fills
    /// many takes the room from these.
    fn keep_bounds(&self, transaction: &Transaction<'_>, buffers: BTreeSet<i64>) -> rusqlite::Result<()> {
        let most = i64::try_from(self.bounds.messages).unwrap_or(i64::MAX);
        for id in buffers {
            let held = "SELECT messages FROM buffer WHERE id = ?1";
            let held: Option<i64> = transaction.prepare_cached(held)?.query_row([id], |row| row.get(0)).optional()?;
            drop_oldest(transaction, id, held.unwrap_or_default().saturating_sub(most))?;
        }
        let most = i64::try_from(self.bounds.bytes).unwrap_or(i64::MAX);
        while transaction.query_row("SELECT bytes FROM total", [], |row| row.get::<_, i64>(0))? > most {
            let fullest = "SELECT id FROM buffer WHERE messages > 0 ORDER BY bytes DESC, id LIMIT 1";
            let Some(id) = transaction.query_row(fullest, [], |row| row.get(0)).optional()? else { break };
            drop_oldest(transaction, id, 1)?;
        }
        Ok(())
    }
}

fn buffers(transaction: &Transaction<'_>) -> rusqlite::Result<BTreeSet<i64>> {
    let mut all = transaction.prepare("SELECT id FROM buffer")?;
    all.query_map([], |row| row.get(0))?.collect()
}

fn find_buffer(transaction: &Transaction<'_>, key: &Key) -> rusqlite::Result<Option<i64>> {
    let mut found = transaction.prepare_cached("SELECT id FROM buffer WHERE owner = ?1 AND peer = ?2")?;
    found.query_row([&key.owner, &key.peer], |row| row.get(0)).optional()
}

fn make_buffer(transaction: &Transaction<'_>, key: &Key) -> rusqlite::Result<i64> {
    if let Some(id) = find_buffer(transaction, key)? {
        return Ok(id);
    }
    transaction.prepare_cached("INSERT INTO buffer (owner, peer) VALUES (?1, ?2)")?.insert([&key.owner, &key.peer])
}

fn append(transaction: &Transaction<'_>, buffer: i64, entry: &Entry) -> rusqlite::Result<()> {
    let insert = "INSERT INTO message (buffer, time, size, sort, msgid, redacts, account, client_tags, bot, line, more)
        VALUES (?1, ?2, ?3, ?4, ?5, NULL, ?6, ?7, ?8, ?9, ?10)";
    transaction.prepare_cached(insert)?.execute(params![
        buffer,
        signed(entry.time),
        size(entry),
        super::read::number(entry.sort),
        &entry.msgid[..],
        entry.account.as_deref(),
        &entry.client_tags[..],
        entry.bot,
        &entry.line[..],
        lines(&entry.more),
    ])?;
    Ok(())
}

/// The redaction keeps the place of what it takes back.
fn redact(transaction: &Transaction<'_>, key: &Key, msgid: &[u8], redaction: &Entry) -> rusqlite::Result<()> {
    let Some(buffer) = find_buffer(transaction, key)? else { return Ok(()) };
    let update = "UPDATE message SET size = ?3, sort = 2, msgid = ?4, redacts = ?2, account = ?5, client_tags = ?6,
        bot = ?7, line = ?8, more = ?9 WHERE buffer = ?1 AND msgid = ?2 AND sort != 2";
    transaction.prepare_cached(update)?.execute(params![
        buffer,
        msgid,
        size(redaction),
        &redaction.msgid[..],
        redaction.account.as_deref(),
        &redaction.client_tags[..],
        redaction.bot,
        &redaction.line[..],
        lines(&redaction.more),
    ])?;
    Ok(())
}

fn rename(transaction: &Transaction<'_>, from: &[u8], to: &[u8]) -> rusqlite::Result<()> {
    forget(transaction, &Key::channel(to))?;
    let update = "UPDATE buffer SET peer = ?2 WHERE owner = x'' AND peer = ?1";
    transaction.prepare_cached(update)?.execute([from, to])?;
    Ok(())
}

fn forget(transaction: &Transaction<'_>, key: &Key) -> rusqlite::Result<()> {
    let Some(id) = find_buffer(transaction, key)? else { return Ok(()) };
    transaction.prepare_cached("DELETE FROM message WHERE buffer = ?1")?.execute([id])?;
    transaction.prepare_cached("DELETE FROM buffer WHERE id = ?1")?.execute([id])?;
    Ok(())
}

fn restrict(transaction: &Transaction<'_>, channel: &[u8], restricted: bool) -> rusqlite::Result<()> {
    let key = Key::channel(channel);
    let found = find_buffer(transaction, &key)?;
    let id = match found {
        None if !restricted => return Ok(()),
        None => make_buffer(transaction, &key)?,
        Some(id) => id,
    };
    transaction.prepare_cached("UPDATE buffer SET restricted = ?2 WHERE id = ?1")?.execute(params![id, restricted])?;
    transaction
        .prepare_cached("DELETE FROM buffer WHERE id = ?1 AND messages = 0 AND NOT restricted")?
        .execute([id])?;
    Ok(())
}

/// Messages are numbered as they come, so the oldest are found without a look
/// at all of them.
fn expire(transaction: &Transaction<'_>, before: u64) -> rusqlite::Result<()> {
    const STEP: usize = 500;
    let delete = "DELETE FROM message WHERE time < ?1 AND id IN (SELECT id FROM message ORDER BY id LIMIT ?2)";
    let before = signed(before);
    while transaction.prepare_cached(delete)?.execute(params![before, STEP as i64])? == STEP {}
    Ok(())
}

fn drop_oldest(transaction: &Transaction<'_>, buffer: i64, count: i64) -> rusqlite::Result<()> {
    if count > 0 {
        let delete = "DELETE FROM message WHERE id IN
            (SELECT id FROM message WHERE buffer = ?1 ORDER BY time, id LIMIT ?2)";
        transaction.prepare_cached(delete)?.execute([buffer, count])?;
    }
    Ok(())
}

/// Further lines, each behind a sign, and ended as no line can be within.
fn lines(more: &[Continuation]) -> Vec<u8> {
    let mut all = Vec::new();
    for Continuation { concat, line } in more {
        all.push(if *concat { b'+' } else { b' ' });
        all.extend_from_slice(line);
        all.push(b'\n');
    }
    all
}

/// The further lines of what [`lines`] has made.
pub(super) fn read_lines(all: &[u8]) -> Vec<Continuation> {
    let lines = all.split_inclusive(|byte| *byte == b'\n').filter_map(|line| {
        let (sign, line) = line.strip_suffix(b"\n")?.split_first()?;
        Some(Continuation { concat: *sign == b'+', line: Bytes::copy_from_slice(line) })
    });
    lines.collect()
}

fn size(entry: &Entry) -> i64 {
    i64::try_from(entry.size()).unwrap_or(i64::MAX)
}

/// SQLite's numbers have a sign.
pub(super) fn signed(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}
