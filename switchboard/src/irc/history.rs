//! History on disk: a store of the network's that outlives the program.
//!
//! Whatever the network does, it does under the hub's lock, so nothing here
//! waits for the disk to write: what is to be kept goes to a thread that
//! writes all that has gathered at once. A question waits until what came
//! before it is written, and not longer than a second.

mod queue;
mod read;
mod write;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use irc_proto::network::history::{Bounds, Buffer, Entry, Query, Store, Unavailable};
use rusqlite::Connection;

use queue::{Change, Key, Queue};
use write::Writer;

/// How often what is too old is looked for, in milliseconds.
const EXPIRY: u64 = 60_000;

/// History in an SQLite file.
pub(super) struct Disk {
    reader: Connection,
    queue: Arc<Queue>,
    writer: Option<JoinHandle<()>>,
    age: u64,
    /// When to look for what is too old: milliseconds since 1970.
    next_expiry: u64,
}

/// Why the history on disk cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The file cannot be made or opened.
    #[error("cannot open the history {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no database, or a broken one.
    #[error("cannot use the history {}: {source}; move it away to begin a new one", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A later program has written the file.
    #[error("the history {} was written by a later version; run that one, or move the file away", path.display())]
    Later {
        /// The file.
        path: PathBuf,
    },
    /// There can be no thread that writes it.
    #[error("cannot start a thread for the history: {0}")]
    Thread(std::io::Error),
}

impl Disk {
    /// Opens the file, or makes it, and forgets what nobody may read now: what
    /// is too old or too much, and what was said in channels that were not open
    /// to everybody, whose doors nobody guards after a restart.
    pub(super) fn open(path: &Path, bounds: Bounds, now: u64) -> Result<Self, HistoryError> {
        // What users say is no business of others on this machine; SQLite gives its own files the same mode.
        let made = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        made.map_err(|source| HistoryError::File { path: path.to_owned(), source })?;
        let fault = |source| HistoryError::Database { path: path.to_owned(), source };
        let connection = Connection::open(path).map_err(fault)?;
        let version = write::version(&connection).map_err(fault)?;
        if version > write::VERSION {
            return Err(HistoryError::Later { path: path.to_owned() });
        }
        let writer = Writer::new(connection, bounds).map_err(fault)?;
        writer.begin_anew(now).map_err(fault)?;
        let reader = Connection::open(path).map_err(fault)?;
        reader.pragma_update(None, "query_only", true).map_err(fault)?;
        let queue = Arc::new(queue::queue());
        let own = queue.clone();
        let thread = std::thread::Builder::new().name("irc-history".to_owned());
        let thread = thread.spawn(move || writer.run(&own)).map_err(HistoryError::Thread)?;
        Ok(Self { reader, queue, writer: Some(thread), age: bounds.age, next_expiry: now + EXPIRY })
    }

    /// Reads once all is written that came before.
    fn read<T>(&self, this: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Unavailable> {
        if !self.queue.settle() {
            return Err(Unavailable);
        }
        this(&self.reader).map_err(|error| {
            tracing::error!(reason = %error, "the history cannot be read");
            Unavailable
        })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.queue.end();
        if let Some(writer) = self.writer.take() {
            // One that has panicked has told so.
            let _ = writer.join();
        }
    }
}

impl Store for Disk {
    fn append(&mut self, buffer: Buffer<'_>, entry: Entry) {
        let size = entry.size();
        self.queue.push(Change::Append(Key::of(buffer), entry), size);
    }

    fn query(&self, buffer: Buffer<'_>, query: Query<'_>, out: &mut Vec<Entry>) -> Result<(), Unavailable> {
        self.read(|reader| read::query(reader, &Key::of(buffer), query, out))
    }

    fn newest(&self, buffer: Buffer<'_>) -> Result<Option<u64>, Unavailable> {
        self.read(|reader| read::newest(reader, &Key::of(buffer)))
    }

    fn peers(&self, owner: &[u8], out: &mut Vec<(Box<[u8]>, u64)>) -> Result<(), Unavailable> {
        self.read(|reader| read::peers(reader, owner, out))
    }

    fn find(&self, buffer: Buffer<'_>, msgid: &[u8]) -> Option<Entry> {
        self.read(|reader| read::find(reader, &Key::of(buffer), msgid)).ok().flatten()
    }

    fn redact(&mut self, buffer: Buffer<'_>, msgid: &[u8], redaction: Entry) -> bool {
        let is_there = self.find(buffer, msgid).is_some();
        if is_there {
            self.queue.push(Change::Redact(Key::of(buffer), msgid.into(), redaction), 0);
        }
        is_there
    }

    fn rename(&mut self, from: &[u8], to: &[u8]) {
        if from != to {
            self.queue.push(Change::Rename { from: from.into(), to: to.into() }, 0);
        }
    }

    fn forget(&mut self, buffer: Buffer<'_>) {
        self.queue.push(Change::Forget(Key::of(buffer)), 0);
    }

    fn restrict(&mut self, channel: &[u8], restricted: bool) {
        self.queue.push(Change::Restrict { channel: channel.into(), restricted }, 0);
    }

    fn expire(&mut self, now: u64) {
        if now >= self.next_expiry {
            self.next_expiry = now + EXPIRY;
            self.queue.push(Change::Expire { before: now.saturating_sub(self.age) }, 0);
        }
    }
}

#[cfg(test)]
mod tests;
