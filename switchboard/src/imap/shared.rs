//! Mailboxes that are selected: the store's, and what sessions are told of it.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use imap_proto::codec::{Flag, ModSeq, Uid, UidSet};
use imap_proto::server::Notice;
use imap_proto::view::{self, Access, End, Facts, Flags, Keywords, MailboxFault, SessionId, Step, View};
use wirestate_driver::{Handle, Parcel};

use super::Machine;
use crate::mailstore::{self, Change, MailboxId, Snapshot, StoreError, Subscription};

/// All mailboxes that somebody has selected, and those that somebody had until
/// lately: to read one anew costs much more than to look whether it changed.
#[derive(Debug, Default)]
pub(super) struct Open(Mutex<Mailboxes>);

#[derive(Debug, Default)]
struct Mailboxes {
    /// By user and MAILBOXID. Who is the last to let go of one frees it.
    known: BTreeMap<(String, String), Weak<Shared>>,
    /// What was selected last is the last.
    latest: VecDeque<Arc<Shared>>,
}

/// How many mailboxes are kept that nobody has selected any more, at most, and
/// how many messages they may hold together. A message takes about 250 octets.
const KEPT_MAILBOXES: usize = 64;
const KEPT_MESSAGES: usize = 50_000;

/// A mailbox that is selected.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) mailbox: Arc<mailstore::Mailbox>,
    desk: Mutex<Desk>,
    /// Brings what happens in the store. Whoever makes a change holds the store's
    /// lock meanwhile; so nobody who holds the desk may call the store.
    subscription: OnceLock<Subscription>,
}

#[derive(Debug)]
pub(super) struct Desk {
    /// What is told of it.
    pub(super) hub: view::Mailbox,
    handles: BTreeMap<SessionId, Handle<Machine>>,
}

impl Open {
    /// The mailbox, for all who select it. Blocks.
    pub(super) fn enter(&self, user: &str, mailbox: Arc<mailstore::Mailbox>) -> Result<Arc<Shared>, StoreError> {
        let key = (user.to_owned(), mailbox.object_id().to_string());
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = open.known.get(&key).and_then(Weak::upgrade);
        let shared = match known.filter(|shared| !shared.desk().has_ended()) {
            Some(shared) => {
                let forgotten = open.remember(&shared);
                drop(open);
                drop(forgotten);
                shared.mailbox.sync()?;
                shared
            }
            None => {
                open.known.retain(|_, shared| shared.strong_count() > 0);
                let shared = Shared::new(mailbox)?;
                open.known.insert(key, Arc::downgrade(&shared));
                let forgotten = open.remember(&shared);
                drop(open);
                drop(forgotten);
                shared
            }
        };
        Ok(shared)
    }
}

impl Mailboxes {
    /// Notes that this mailbox was selected last; gives those that are no longer
    /// to be kept.
    fn remember(&mut self, shared: &Arc<Shared>) -> Vec<Arc<Shared>> {
        let is_over = |one: &Arc<Shared>| Arc::ptr_eq(one, shared) || one.desk().has_ended();
        let (mut forgotten, kept): (Vec<_>, Vec<_>) = self.latest.drain(..).partition(is_over);
        self.latest.extend(kept);
        self.latest.push_back(shared.clone());
        let mut messages: usize = self.latest.iter().map(|one| one.desk().hub.len()).sum();
        while self.latest.len() > KEPT_MAILBOXES || messages > KEPT_MESSAGES {
            let Some(first) = self.latest.pop_front() else { break };
            messages -= first.desk().hub.len();
            forgotten.push(first);
        }
        forgotten
    }
}

impl Shared {
    fn new(mailbox: Arc<mailstore::Mailbox>) -> Result<Arc<Self>, StoreError> {
        let recent = mailbox.recent()?;
        let desk = Mutex::new(Desk { hub: view::Mailbox::new(NonZeroU32::MIN), handles: BTreeMap::new() });
        let shared = Arc::new(Self { mailbox, desk, subscription: OnceLock::new() });
        let this = Arc::downgrade(&shared);
        // No change may come before the mailbox is there: the desk is held until it is.
        let mut desk = shared.desk();
        let (snapshot, subscription) = shared.mailbox.subscribe(move |change| {
            if let Some(shared) = this.upgrade() {
                shared.take(change);
            }
        })?;
        desk.hub = hub_of(&snapshot, recent);
        drop(desk);
        let _first = shared.subscription.set(subscription);
        Ok(shared)
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session selects the mailbox.
    pub(super) fn select(
        &self,
        session: SessionId,
        access: Access,
        handle: Handle<Machine>,
    ) -> Result<View, MailboxFault> {
        let mut desk = self.desk();
        let view = desk.hub.select(session, access)?;
        desk.handles.insert(session, handle);
        Ok(view)
    }

    pub(super) fn leave(&self, session: SessionId) {
        let mut desk = self.desk();
        desk.hub.leave(session);
        desk.handles.remove(&session);
    }

    /// MAILBOXID (RFC 8474).
    pub(super) fn object_id(&self) -> MailboxId {
        self.mailbox.object_id()
    }

    /// What the store did, and who hears of it.
    fn take(&self, change: &Change) {
        let mut desk = self.desk();
        match change {
            Change::Messages { modseq, new, flags, expunged, .. } => {
                let mut bits = |flags: &mailstore::Flags| desk.bits(flags);
                let step = Step {
                    modseq: mod_seq(*modseq),
                    arrived: new.iter().map(|message| (Uid::from(message.uid()), bits(message.flags()))).collect(),
                    changed: flags.iter().map(|(uid, flags)| (Uid::from(*uid), bits(flags))).collect(),
                    expunged: expunged.iter().map(|uid| Uid::from(*uid)).collect(),
                };
                if desk.hub.take_over(&step).is_err() {
                    // The store has begun to count anew.
                    desk.hub.end(End::UidValidity);
                }
            }
            Change::Renamed(_) => {}
            _ => desk.hub.end(End::Deleted),
        }
        desk.wake();
    }
}

impl Desk {
    /// The hub's form of the store's flags. Keywords beyond what the hub can hold
    /// are not told.
    pub(super) fn bits(&mut self, flags: &mailstore::Flags) -> Flags {
        let mut bits = Flags::NONE;
        for name in flags.names() {
            bits |= self.hub.flags([&Flag::<&[u8]>::of_word(name.as_bytes())]).unwrap_or_default();
        }
        bits
    }

    fn has_ended(&self) -> bool {
        self.hub.ended().is_some()
    }

    /// Tells those who are behind that there is news.
    fn wake(&mut self) {
        let parcel = Parcel::new(Notice::CHANGED);
        for session in self.hub.wakeups() {
            if let Some(handle) = self.handles.get(&session) {
                // A session that is gone, or busy beyond measure, finds out by itself.
                let _ = handle.deliver(&parcel);
            }
        }
    }
}

fn hub_of(snapshot: &Snapshot, recent: mailstore::Uid) -> view::Mailbox {
    let mut keywords = Keywords::new();
    let mut bits = |flags: &mailstore::Flags| {
        // What there is no room for is not told.
        let known = flags.names().filter_map(|name| keywords.add(&Flag::<&[u8]>::of_word(name.as_bytes())).ok());
        known.fold(Flags::NONE, |all, one| all | one)
    };
    let messages: Vec<_> = snapshot
        .messages()
        .iter()
        .map(|message| view::Message {
            uid: message.uid().into(),
            flags: bits(message.flags()),
            modseq: mod_seq(message.modseq()),
        })
        .collect();
    let highest = mod_seq(snapshot.highest_modseq());
    let uid_validity = NonZeroU32::new(snapshot.uid_validity()).unwrap_or(NonZeroU32::MIN);
    let facts = Facts {
        uid_validity,
        uid_next: snapshot.uid_next().into(),
        highest_modseq: highest,
        first_recent: recent.into(),
        expunges_known_since: highest,
    };
    view::Mailbox::restore(facts, keywords, messages).unwrap_or_else(|_| view::Mailbox::new(uid_validity))
}

/// The store's mod-sequences are at least 1 and below 2^63.
pub(super) fn mod_seq(number: u64) -> ModSeq {
    ModSeq::new(number).unwrap_or(ModSeq::MAX)
}

/// The UIDs in a set that messages have, for the store.
pub(super) fn named(hub: &view::Mailbox, uids: &UidSet) -> Vec<mailstore::Uid> {
    hub.messages_in(uids).map(|message| message.uid.into()).collect()
}
