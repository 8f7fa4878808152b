//! A mailbox that is open: shared by all sessions that have it selected.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::MailStore;
use super::contents::{Contents, Snapshot};
use super::error::StoreError;
use super::index::table;
use super::message::{MailboxId, Uid};
use super::name::MailboxName;
use super::notice::{Change, Listeners, Subscription};

/// An open mailbox. All sessions that have it open share this value; when the
/// last of them lets go of it, its memory is free.
///
/// All methods block, and are total: whatever other programs do meanwhile, an
/// answer is true at some moment of the call. UIDs that are not there are
/// left out without a word, unless a method says otherwise.
#[derive(Debug)]
pub struct Mailbox {
    pub(super) store: Arc<MailStore>,
    /// The row in the index; never used for another mailbox.
    pub(super) id: i64,
    object_id: MailboxId,
    pub(super) this: Weak<Self>,
    pub(super) listeners: Arc<Listeners<Change>>,
    /// Whether there may be more news than the folders' stamps show.
    pub(super) is_stale: AtomicBool,
    contents: Mutex<Contents>,
}

impl Mailbox {
    pub(super) fn new(store: Arc<MailStore>, id: i64, object_id: MailboxId, contents: Contents) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            store,
            id,
            object_id,
            this: this.clone(),
            listeners: Arc::default(),
            is_stale: AtomicBool::new(false),
            contents: Mutex::new(contents),
        })
    }

    /// What it is called now.
    pub fn name(&self) -> MailboxName {
        self.lock().name.clone()
    }

    /// MAILBOXID (RFC 8474).
    pub fn object_id(&self) -> MailboxId {
        self.object_id
    }

    /// The mailbox as it is now: what other programs have done is seen, and
    /// told to all who listen, first. Cheap when nothing has changed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Gone`] once the mailbox is deleted; otherwise the system's.
    pub fn sync(&self) -> Result<Arc<Snapshot>, StoreError> {
        Ok(self.enter()?.snapshot.clone())
    }

    /// The mailbox now, and all changes after it: each is told once, in order,
    /// and none is missing.
    ///
    /// `listener` is called by whatever thread made the change, while the
    /// mailbox waits: it posts the change to its session and returns. It must
    /// not call the store.
    ///
    /// # Errors
    ///
    /// As [`sync`](Self::sync).
    pub fn subscribe(
        &self,
        listener: impl Fn(&Change) + Send + Sync + 'static,
    ) -> Result<(Arc<Snapshot>, Subscription), StoreError> {
        let contents = self.enter()?;
        let subscription = self.listeners.add(listener);
        Ok((contents.snapshot.clone(), subscription))
    }

    /// Takes the messages that no session was told of as recent: the first UID
    /// of them, or UIDNEXT. SELECT calls this; EXAMINE calls
    /// [`recent`](Self::recent).
    ///
    /// # Errors
    ///
    /// As [`sync`](Self::sync).
    pub fn take_recent(&self) -> Result<Uid, StoreError> {
        let contents = self.enter()?;
        let mut index = self.store.index();
        let first = table::recent_uid(index.db(), self.id)?;
        let next = contents.snapshot.numbers.uid_next;
        if first < next {
            index.write_lightly(|transaction| table::set_recent_uid(transaction, self.id, next))?;
        }
        Ok(first)
    }

    /// The first UID that no session was told of as recent.
    ///
    /// # Errors
    ///
    /// The index's.
    pub fn recent(&self) -> Result<Uid, StoreError> {
        table::recent_uid(self.store.index().db(), self.id)
    }

    /// The ranges of UIDs that were expunged after this mod-sequence, rising:
    /// for QRESYNC's VANISHED (EARLIER). From further back than the store
    /// remembers, all UIDs without a message are given.
    ///
    /// # Errors
    ///
    /// As [`sync`](Self::sync).
    pub fn vanished_since(&self, modseq: u64) -> Result<Vec<(Uid, Uid)>, StoreError> {
        let contents = self.enter()?;
        let known = table::expunged_since(self.store.index().db(), self.id, modseq)?;
        Ok(known.unwrap_or_else(|| gaps(&contents.snapshot)))
    }

    /// What was kept of these messages by [`keep_summaries`](Self::keep_summaries).
    ///
    /// # Errors
    ///
    /// The index's.
    pub fn summaries(&self, uids: &[Uid]) -> Result<Vec<(Uid, Vec<u8>)>, StoreError> {
        table::summaries(self.store.index().db(), self.id, uids)
    }

    /// Keeps what was found out about messages, such as ENVELOPE and
    /// BODYSTRUCTURE, for as long as they are there; copies inherit it. What
    /// the octets mean is the caller's to know.
    ///
    /// # Errors
    ///
    /// The index's; losing this is harmless.
    pub fn keep_summaries<'a>(&self, summaries: impl Iterator<Item = (Uid, &'a [u8])>) -> Result<(), StoreError> {
        self.store.index().write_lightly(|transaction| table::keep_summaries(transaction, self.id, summaries))
    }

    /// The contents, up to date.
    pub(super) fn enter(&self) -> Result<MutexGuard<'_, Contents>, StoreError> {
        let mut contents = self.lock();
        self.update(&mut contents)?;
        Ok(contents)
    }

    /// Both mailboxes' contents, up to date; always locked in the same order.
    /// The second is `None` where both are the same.
    pub(super) fn enter_both<'a>(
        &'a self,
        other: &'a Self,
    ) -> Result<(MutexGuard<'a, Contents>, Option<MutexGuard<'a, Contents>>), StoreError> {
        if self.id == other.id {
            return Ok((self.enter()?, None));
        }
        if self.id < other.id {
            let first = self.enter()?;
            return Ok((first, Some(other.enter()?)));
        }
        let second = other.enter()?;
        Ok((self.enter()?, Some(second)))
    }

    /// The contents as they are.
    pub(super) fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell(&self, change: &Change) {
        self.listeners.tell(change);
    }

    /// The next sync looks at all files again.
    pub(super) fn set_stale(&self) {
        self.is_stale.store(true, Ordering::Release);
    }

    /// A path of this mailbox as the journal has it: from the user's Maildir on.
    pub(super) fn journal_path(&self, contents: &Contents, file: PathBuf) -> PathBuf {
        contents.path.strip_prefix(&self.store.root).map(|folder| folder.join(&file)).unwrap_or(file)
    }
}

/// All UIDs below UIDNEXT that have no message.
fn gaps(snapshot: &Snapshot) -> Vec<(Uid, Uid)> {
    let mut gaps = Vec::new();
    let mut next = Uid::MIN;
    for uid in snapshot.messages.iter().map(|message| message.uid).chain([snapshot.numbers.uid_next]) {
        if next < uid
            && let Some(last) = Uid::new(uid.get() - 1)
        {
            gaps.push((next, last));
        }
        next = uid.saturating_add(1);
    }
    gaps
}
