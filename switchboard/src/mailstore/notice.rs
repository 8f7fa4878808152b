//! Word of changes, for the sessions that have a mailbox open.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::flags::Flags;
use super::message::{Message, Uid};
use super::name::MailboxName;

/// Who made a change: a session knows its own by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin(u64);

impl Origin {
    /// Another program, or POP3.
    pub const OUTSIDE: Self = Self(0);

    /// One that nobody else has in this process.
    pub fn fresh() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        Self(COUNT.fetch_add(1, Ordering::Relaxed))
    }
}

/// What happened to a mailbox.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Change {
    /// Messages came, changed or went, in one step.
    Messages {
        /// Who did it.
        origin: Origin,
        /// The mod-sequence of all of it, and now the mailbox's highest.
        modseq: u64,
        /// New messages, by rising UID.
        new: Vec<Message>,
        /// Messages whose flags are others now.
        flags: Vec<(Uid, Flags)>,
        /// Messages that are gone, by rising UID.
        expunged: Vec<Uid>,
    },
    /// The mailbox has another name now.
    Renamed(MailboxName),
    /// The mailbox was deleted, or has another UIDVALIDITY: the view of it ends.
    Gone,
}

/// What happened to the tree of a user's mailboxes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TreeChange {
    /// A mailbox was made, or found.
    Created(MailboxName),
    /// A mailbox was deleted.
    Deleted(MailboxName),
    /// A mailbox, without those below it, has another name.
    Renamed {
        /// What it was called.
        from: MailboxName,
        /// What it is called now.
        to: MailboxName,
    },
    /// A name was subscribed.
    Subscribed(MailboxName),
    /// A name is no longer subscribed.
    Unsubscribed(MailboxName),
    /// An annotation was set or removed.
    Annotated {
        /// Whose; `None` is the user's.
        mailbox: Option<MailboxName>,
        /// Its name, in lower case.
        entry: String,
    },
}

type Listener<C> = Arc<dyn Fn(&C) + Send + Sync>;

/// Who is to be told of changes of the kind `C`.
pub(super) struct Listeners<C>(Mutex<Vec<(u64, Listener<C>)>>);

impl<C> Default for Listeners<C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<C> fmt::Debug for Listeners<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listeners").field("count", &self.list().len()).finish()
    }
}

impl<C: 'static> Listeners<C> {
    pub(super) fn add(self: &Arc<Self>, listener: impl Fn(&C) + Send + Sync + 'static) -> Subscription {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        self.list().push((number, Arc::new(listener)));
        let list: Weak<Self> = Arc::downgrade(self);
        Subscription(Some(Box::new(move || {
            if let Some(list) = list.upgrade() {
                list.list().retain(|(other, _)| *other != number);
            }
        })))
    }

    pub(super) fn tell(&self, change: &C) {
        // Called without the lock: a listener may end its own subscription.
        let listeners: Vec<_> = self.list().iter().map(|(_, listener)| listener.clone()).collect();
        listeners.iter().for_each(|listener| listener(change));
    }
}

impl<C> Listeners<C> {
    pub(super) fn is_empty(&self) -> bool {
        self.list().is_empty()
    }

    fn list(&self) -> MutexGuard<'_, Vec<(u64, Listener<C>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Being told of changes; ends when this is dropped. What is being told at that
/// moment may still come.
pub struct Subscription(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end();
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}
