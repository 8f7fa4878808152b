//! What outlives the program: rosters, blocklists, documents, messages for those
//! who are away, archives, tokens; in one SQLite file.
//!
//! All but the archives is in memory, too, and read from there. Whatever the
//! router does, it does under the hub's lock, so nothing here waits for the disk
//! to write: what is to be kept goes to a thread that writes all that has
//! gathered in one transaction. A question to an archive waits until what came
//! before it is written, and not longer than a second.

mod read;
mod write;

use std::collections::BTreeSet;
use std::fmt;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use rusqlite::Connection;
use xmpp_proto::router::storage::{
    Bounds, Contact, Document, Entry, Found, Held, Query, Record, Storage, StorageError,
};
use xmpp_proto::router::{Memory, Parcel};
use xmpp_proto::{Jid, JidRef};

use crate::backlog::Backlog;
use write::Writer;

/// Bytes of messages that may wait to be written; beyond them messages are not
/// kept.
const MOST: usize = 32 << 20;
/// What a message costs besides its bytes, about.
const OVERHEAD: usize = 256;

/// What is to be written. Accounts and archives are called by their addresses.
#[derive(Debug)]
pub(super) enum Change {
    Contact { account: Jid, contact: Contact, version: u64 },
    NoContact { account: Jid, contact: Jid, version: u64 },
    Blocked { account: Jid, blocked: BTreeSet<Jid> },
    Document { account: Jid, name: Box<str>, ns: Box<str>, content: Bytes },
    Hold { account: Jid, message: Held },
    Release { account: Jid },
    Archive { archive: Jid, entry: Entry },
    Token(Token),
    NoToken { token: String },
}

/// A token by which a user's client logs in again.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) user: String,
    pub(super) token: String,
    /// Whose installation has it, where that is told.
    pub(super) agent: Option<String>,
    /// Until when it is good, in milliseconds since 1970.
    pub(super) until: u64,
    /// How often it was used, as far as the client tells.
    pub(super) count: u64,
}

/// What waits to be written.
pub(super) type Queue = Backlog<Change>;

/// The file.
pub(super) struct Disk {
    /// What is in it of accounts.
    memory: Memory,
    reader: Connection,
    queue: Arc<Queue>,
    writer: Option<JoinHandle<()>>,
    bounds: Bounds,
}

/// Why what is kept on disk cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeptError {
    /// The file cannot be made or opened.
    #[error("cannot open what is kept of XMPP, {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no database, or a broken one.
    #[error("cannot use what is kept of XMPP, {}: {source}; move it away to begin anew", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A later program has written the file.
    #[error("{} was written by a later version; run that one, or move the file away", path.display())]
    Later {
        /// The file.
        path: PathBuf,
    },
    /// There can be no thread that writes it.
    #[error("cannot start a thread for what is kept of XMPP: {0}")]
    Thread(std::io::Error),
}

impl Disk {
    /// Opens the file, or makes it, and reads what is in it of these accounts,
    /// and all tokens.
    pub(super) fn open(
        path: &Path,
        bounds: Bounds,
        accounts: impl IntoIterator<Item = Jid>,
    ) -> Result<(Self, Vec<Token>), KeptError> {
        // What users say is no business of others on this machine; SQLite gives its own files the same mode.
        let made = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        made.map_err(|source| KeptError::File { path: path.to_owned(), source })?;
        let fault = |source| KeptError::Database { path: path.to_owned(), source };
        let connection = Connection::open(path).map_err(fault)?;
        if write::version(&connection).map_err(fault)? > write::VERSION {
            return Err(KeptError::Later { path: path.to_owned() });
        }
        let writer = Writer::new(connection, bounds).map_err(fault)?;
        writer.keep_all_bounds().map_err(fault)?;
        let reader = Connection::open(path).map_err(fault)?;
        reader.pragma_update(None, "query_only", true).map_err(fault)?;
        // Archives are read from the file.
        let mut held = bounds;
        held.archived = 0;
        let mut memory = Memory::new(held);
        for account in accounts {
            memory.add_account(account.as_ref());
        }
        read::accounts(&reader, &mut memory).map_err(fault)?;
        let tokens = read::tokens(&reader).map_err(fault)?;
        let queue = Arc::new(Backlog::new("what is kept of XMPP", MOST));
        let own = queue.clone();
        let thread = std::thread::Builder::new().name("xmpp-kept".to_owned());
        let thread = thread.spawn(move || writer.run(&own)).map_err(KeptError::Thread)?;
        Ok((Self { memory, reader, queue, writer: Some(thread), bounds }, tokens))
    }

    /// The way to the file for what the router knows nothing of.
    pub(super) fn queue(&self) -> Arc<Queue> {
        self.queue.clone()
    }

    fn push(&self, change: Change) {
        self.queue.push(change, 0);
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

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

impl fmt::Debug for Token {
    /// Does not show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What a message counts for.
fn size(parcel: &Parcel) -> usize {
    parcel.len() + OVERHEAD
}

impl Storage for Disk {
    fn account(&mut self, account: JidRef<'_>) -> Option<Record> {
        self.memory.account(account)
    }

    fn put_contact(&mut self, account: JidRef<'_>, contact: &Contact, version: u64) {
        self.memory.put_contact(account, contact, version);
        self.push(Change::Contact { account: account.to_jid(), contact: contact.clone(), version });
    }

    fn remove_contact(&mut self, account: JidRef<'_>, contact: JidRef<'_>, version: u64) {
        self.memory.remove_contact(account, contact, version);
        self.push(Change::NoContact { account: account.to_jid(), contact: contact.to_jid(), version });
    }

    fn set_blocked(&mut self, account: JidRef<'_>, blocked: &BTreeSet<Jid>) {
        self.memory.set_blocked(account, blocked);
        self.push(Change::Blocked { account: account.to_jid(), blocked: blocked.clone() });
    }

    fn document(&self, account: JidRef<'_>, document: Document<'_>) -> Option<Bytes> {
        self.memory.document(account, document)
    }

    fn set_document(
        &mut self,
        account: JidRef<'_>,
        document: Document<'_>,
        content: Bytes,
    ) -> Result<(), StorageError> {
        self.memory.set_document(account, document, content.clone())?;
        let (name, ns) = document.key();
        let content = Bytes::copy_from_slice(&content);
        self.push(Change::Document { account: account.to_jid(), name: name.into(), ns: ns.into(), content });
        Ok(())
    }

    fn hold(&mut self, account: JidRef<'_>, message: Held) -> Result<(), StorageError> {
        self.memory.hold(account, message.clone())?;
        let size = size(&message.parcel);
        self.queue.push(Change::Hold { account: account.to_jid(), message }, size);
        Ok(())
    }

    fn release(&mut self, account: JidRef<'_>) -> Vec<Held> {
        let held = self.memory.release(account);
        if !held.is_empty() {
            self.push(Change::Release { account: account.to_jid() });
        }
        held
    }

    fn archive(&mut self, archive: JidRef<'_>, entry: Entry) {
        let size = size(&entry.parcel);
        let bounds = &self.bounds;
        if size <= bounds.archived_bytes && size <= bounds.all_archived_bytes && bounds.archived > 0 {
            self.queue.push(Change::Archive { archive: archive.to_jid(), entry }, size);
        }
    }

    fn query(&self, archive: JidRef<'_>, query: &Query<'_>) -> Result<Found, StorageError> {
        if !self.queue.settle() {
            return Err(StorageError::Unavailable);
        }
        read::query(&self.reader, archive, query).map_err(|error| {
            tracing::error!(reason = %error, "an archive cannot be read");
            StorageError::Unavailable
        })?
    }
}

#[cfg(test)]
mod tests;
