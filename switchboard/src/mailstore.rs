//! A user's mailboxes, as IMAP thinks of them: names, UIDs, flags,
//! mod-sequences; over the same Maildir that POP3 serves as INBOX, with the
//! others beside it as Maildir++ folders.
//!
//! ```text
//! MailStore (a user)  list, create, delete, rename, subscribe, status
//!   └─ Mailbox        sync, subscribe, append, copy, move, store, expunge, open
//!        ├─ files     the truth: which messages, which flags, where
//!        └─ index     SQLite: UIDs, mod-sequences, keywords, what was expunged
//! ```
//!
//! Other programs may do to the files what they like, at any time: each call
//! first finds out what they did ([`Mailbox::sync`]), and a
//! [`Watcher`] tells those who wait. A crash at any moment loses nothing that
//! was answered, and no UID is ever given out twice.
//!
//! All of it blocks; async callers run it where blocking is allowed.

mod annotations;
mod append;
mod contents;
mod descriptions;
mod edit;
mod error;
mod flags;
mod index;
mod info;
mod lines;
mod listing;
mod mailbox;
mod message;
mod name;
mod notice;
mod read;
mod special;
mod status;
mod sync;
mod transfer;
mod tree;
mod utf7;
mod validity;
mod watch;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

pub use append::{Appended, Appending, Draft};
pub use contents::Snapshot;
pub use edit::{Expunged, Stored};
pub use error::StoreError;
pub use flags::{FlagChange, FlagError, Flags, System};
pub use index::Durability;
pub use mailbox::Mailbox;
pub use message::{EmailId, MailboxId, Message, Uid};
pub use name::{MailboxName, MailboxNameError};
pub use notice::{Change, Origin, Subscription, TreeChange};
pub use read::Reader;
pub use special::SpecialUse;
pub use status::{Quota, Status, Usage};
pub use transfer::Transferred;
pub use tree::Listed;
pub use watch::Watcher;

use contents::Contents;
use index::{Index, table};
use notice::Listeners;

/// How long what is unfinished may lie about: the Maildir rules' 36 hours.
const ABANDONED: Duration = Duration::from_secs(36 * 60 * 60);

/// One user's mailboxes, shared by all sessions of that user.
#[derive(Debug)]
pub struct MailStore {
    root: PathBuf,
    durability: Durability,
    this: Weak<Self>,
    watcher: Arc<Watcher>,
    listeners: Arc<Listeners<TreeChange>>,
    /// Held while mailboxes come, go or change their names. Locks are taken in
    /// this order: the tree, mailboxes by their rows, open ones, the index.
    tree: Mutex<Option<watch::Watch>>,
    open: Mutex<BTreeMap<i64, Weak<Mailbox>>>,
    index: Mutex<Index>,
    quota: Mutex<Quota>,
}

impl MailStore {
    /// Opens the mailboxes beside the INBOX at `root`, which is a Maildir. At
    /// the first time a user gets the usual ones: Archive, Drafts, Junk, Sent
    /// and Trash, subscribed.
    ///
    /// # Errors
    ///
    /// The system's and the index's.
    pub fn open(root: PathBuf, durability: Durability, watcher: Arc<Watcher>) -> Result<Arc<Self>, StoreError> {
        let (index, is_new) = Index::open(&root, durability)?;
        let store = Arc::new_cyclic(|this| Self {
            root,
            durability,
            this: this.clone(),
            watcher,
            listeners: Arc::default(),
            tree: Mutex::default(),
            open: Mutex::default(),
            index: Mutex::new(index),
            quota: Mutex::default(),
        });
        store.clear_away();
        if is_new {
            store.set_up()?;
        }
        Ok(store)
    }

    /// Opens a mailbox.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoMailbox`], also for a name that is only the way to
    /// others; otherwise the system's.
    pub fn mailbox(&self, name: &MailboxName) -> Result<Arc<Mailbox>, StoreError> {
        let tree = self.tree();
        let path = self.path(name);
        let known = table::mailbox(self.index().db(), name)?.filter(|_| path.join("cur").is_dir());
        let row = match known {
            Some(row) => row,
            None => {
                let rows = self.refresh(&tree)?;
                rows.into_iter().find(|row| row.name == *name).ok_or(StoreError::NoMailbox)?
            }
        };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mailbox) = open.get(&row.id).and_then(Weak::upgrade) {
            return Ok(mailbox);
        }
        open.retain(|_, mailbox| mailbox.strong_count() > 0);
        let numbers = table::numbers(self.index().db(), row.id)?;
        let store = self.this.upgrade().ok_or(StoreError::NoMailbox)?;
        let mailbox = Mailbox::new(store, row.id, row.object_id, Contents::new(row.name, path, numbers));
        open.insert(row.id, Arc::downgrade(&mailbox));
        Ok(mailbox)
    }

    /// POP3 has changed INBOX: who has it open is told now.
    pub fn inbox_changed(&self) {
        let row = table::mailbox(self.index().db(), &MailboxName::inbox());
        let inbox = row.ok().flatten().and_then(|row| self.open_mailbox(row.id));
        if let Some(inbox) = inbox {
            inbox.set_stale();
            watch::Watched::look(&*inbox);
        }
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tree(&self) -> MutexGuard<'_, Option<watch::Watch>> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_list(&self) -> MutexGuard<'_, BTreeMap<i64, Weak<Mailbox>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_mailbox(&self, id: i64) -> Option<Arc<Mailbox>> {
        self.open_list().get(&id).and_then(Weak::upgrade)
    }

    fn path(&self, name: &MailboxName) -> PathBuf {
        let folder = name.folder();
        if folder.is_empty() { self.root.clone() } else { self.root.join(folder) }
    }

    /// Removes what a crash left unfinished, long ago.
    fn clear_away(&self) {
        let now = SystemTime::now();
        let is_old = |path: &Path| {
            let changed = fs::symlink_metadata(path).and_then(|metadata| metadata.modified()).ok();
            changed.and_then(|then| now.duration_since(then).ok()).is_some_and(|age| age > ABANDONED)
        };
        let list = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
        for path in list(&self.root.join("tmp")).filter(|path| is_old(path)) {
            // Of no harm, so not worth a word.
            let _ = fs::remove_file(path);
        }
        let is_ours = |path: &Path| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(tree::UNFINISHED))
        };
        for path in list(&self.root).filter(|path| is_ours(path) && is_old(path)) {
            let _ = fs::remove_dir_all(path);
        }
    }
}

#[cfg(test)]
mod tests;
