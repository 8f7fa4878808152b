use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::num::{NonZeroU32, NonZeroU64};

use super::changes::{FlagChange, Stored};
use super::clock::Reading;
use super::flags::{Flags, Keywords};
use super::mailbox::{End, Mailbox, MailboxFault, SessionId, Subscriber, modseq, uid_or_max};
use super::policy::{Policy, Wording};
use super::uids::Uids;
use crate::codec::{ModSeq, SeqNo, Uid, UidSet};

/// One session's selected mailbox, as its client knows it: which UID each sequence number stands for, and what is still to be told.
///
/// It comes from [`Mailbox::select`] and ends with [`Mailbox::leave`]. What happens in the mailbox changes nothing here until
/// [`catch_up`](Self::catch_up) takes note of it, and no number changes until [`flush`](Self::flush) has told the client: numbers belong to the session
/// (RFC 9051 §2.3.1.2).
///
/// What waits to be told is kept as sets and once for each message, so it is never more than the mailbox is large.
#[derive(Debug)]
pub struct View {
    session: SessionId,
    generation: u64,
    end: Option<End>,
    pub(super) access: Access,
    pub(super) wording: Wording,
    uid_validity: NonZeroU32,
    keeps_modseqs: bool,
    first_unseen: Option<SeqNo>,
    /// The mod-sequence up to which the mailbox has been looked at.
    pub(super) seen: u64,
    /// The same of the mailbox's clock.
    reading: Reading,
    /// The lowest mod-sequence of what waits in the queue, or one that is lower still.
    pub(super) undelivered_since: Option<NonZeroU64>,
    /// The same of the expunges alone.
    pub(super) gone_since: Option<NonZeroU64>,
    /// The highest UID that has been looked at.
    last_uid: u32,
    pub(super) keywords: Arc<Keywords>,
    pub(super) keywords_told: bool,
    /// Whether it is told what others do to flags.
    hears_flags: bool,
    /// What the client knows: its sequence numbers.
    pub(super) told: Uids,
    pub(super) queue: Queue,
    /// Ranges in which all that are told or have arrived are recent; it does not matter whether those that are gone are in them.
    pub(super) recent: UidSet,
    pub(super) recent_told: u32,
    /// Whether that is how many of those told are recent: nothing has come or gone since they were counted.
    pub(super) recent_is_counted: bool,
    pub(super) saved: UidSet,
}

/// What the client has not been told yet.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Above all that were told.
    pub(super) arrived: UidSet,
    /// Among those told, and no longer in the mailbox.
    pub(super) gone: UidSet,
    /// Among those told and those that have arrived.
    pub(super) fetches: BTreeMap<Uid, Pending>,
    /// What the client knows when all of this is told.
    pub(super) after: Option<Uids>,
}

/// What is to be told of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) flags: Flags,
    pub(super) modseq: u64,
    /// The client has set these flags itself, and wants to hear of the mod-sequence alone.
    pub(super) silent: bool,
}

/// How a mailbox is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// SELECT: this session is the one that sees new messages as recent.
    ReadWrite,
    /// EXAMINE, or SELECT of a mailbox that the user may not change: nothing in it changes, recent messages stay recent for the next session.
    ReadOnly,
}

impl Mailbox {
    /// A session selects this mailbox (RFC 9051 §6.3.2): its view of all that is here now, with nothing to tell.
    ///
    /// The session is a subscriber from now on, until [`leave`](Self::leave); if it had the mailbox selected already, its former view is of no use any
    /// more.
    pub fn select(&mut self, session: SessionId, access: Access) -> Result<View, MailboxFault> {
        if let Some(end) = self.end {
            return Err(MailboxFault::Ended(end));
        }
        self.subscribers.insert(session, Subscriber { seen: (self.generation, self.modseq), woken: false });
        let first_unseen = self.flags.iter().position(|flags| !flags.has(Flags::SEEN));
        let mut view = View {
            session,
            generation: self.generation,
            end: None,
            access,
            wording: Wording::REV1,
            uid_validity: self.uid_validity,
            keeps_modseqs: self.keeps_modseqs,
            first_unseen: first_unseen.and_then(seq_no),
            seen: self.modseq,
            reading: self.clock.reading(),
            undelivered_since: None,
            gone_since: None,
            last_uid: self.last_uid,
            keywords: self.keywords.clone(),
            keywords_told: true,
            hears_flags: true,
            told: self.uids.clone(),
            queue: Queue::default(),
            recent: UidSet::new(),
            recent_told: 0,
            recent_is_counted: false,
            saved: UidSet::new(),
        };
        view.take_recent(self, 0);
        (view.recent_told, view.recent_is_counted) = (view.recent_among_told(), true);
        Ok(view)
    }
}

impl View {
    /// Takes note of all that has happened in the mailbox since the last time; whether there is anything to tell now.
    ///
    /// To be called, with the mailbox locked, when the session asks for it: before the answer to a command, and when
    /// [`Mailbox::wakeups`] names the session. It costs as much as there is that is new; a session that was away for long compares message by message, once.
    pub fn catch_up(&mut self, mailbox: &mut Mailbox) -> bool {
        if self.end.is_some() {
            return false;
        }
        self.reading.renew(&mailbox.clock);
        if mailbox.generation != self.generation || mailbox.uid_validity != self.uid_validity {
            self.end = Some(mailbox.end.unwrap_or(End::UidValidity));
            self.queue = Queue::default();
            return true;
        }
        let since = self.seen;
        if since != mailbox.modseq {
            let known = self.last_uid;
            self.take_arrivals(mailbox);
            self.take_expunges(mailbox, since);
            self.take_flag_changes(mailbox, since, known);
            let news = !self.queue.is_empty();
            self.undelivered_since = self.undelivered_since.or(NonZeroU64::new(since + 1)).filter(|_| news);
            self.queue.after = news.then(|| mailbox.uids.clone());
            self.is_up_to_date(mailbox);
        }
        if !Arc::ptr_eq(&self.keywords, &mailbox.keywords) {
            self.keywords_told &= self.keywords == mailbox.keywords;
            self.keywords = mailbox.keywords.clone();
        }
        if self.queue.is_empty() && !self.told.shares_base(&mailbox.uids) {
            self.told = mailbox.uids.clone();
        }
        self.has_news(Policy::All)
    }

    /// Whether nothing has happened in the mailbox since the view caught up last, so that [`catch_up`](Self::catch_up) would find nothing. It needs no
    /// lock.
    ///
    /// A change that is being made meanwhile may be seen or not, as with a lock that was taken just before it.
    #[inline]
    pub fn is_current(&self) -> bool {
        self.reading.is_current()
    }

    /// From now on nobody can say without the mailbox whether it has changed: its store must be looked at.
    pub(crate) fn look_each_time(&mut self) {
        self.reading.stop();
    }

    /// This session's STORE: catches up, changes the flags in the mailbox, and puts into the queue what the client is to be told of it.
    ///
    /// That is a FETCH for each message that is as it was asked to be, or with `silent` (`.SILENT`) none, save that MODSEQ is told where CONDSTORE is on
    /// (RFC 7162 §3.1.3). What others have changed before is told in any case. The messages of [`Stored::modified`] are for the code MODIFIED of the
    /// answer.
    pub fn store(
        &mut self,
        mailbox: &mut Mailbox,
        uids: &UidSet,
        change: FlagChange,
        unchanged_since: Option<ModSeq>,
        silent: bool,
    ) -> Result<Stored, MailboxFault> {
        self.catch_up(mailbox);
        if let Some(end) = self.end {
            return Err(MailboxFault::Ended(end));
        }
        if self.access == Access::ReadOnly {
            return Err(MailboxFault::ReadOnly);
        }
        let stored = mailbox.store(uids, change, unchanged_since);
        let to_tell = if silent { &stored.changed } else { &stored.stored };
        for message in mailbox.messages_in(to_tell) {
            let news = Pending { flags: message.flags, modseq: message.modseq.get(), silent };
            match self.queue.fetches.get_mut(&message.uid) {
                Some(pending) => *pending = Pending { silent: pending.silent && silent, ..news },
                None if silent && !self.wording.tells_modseq() => {}
                None => drop(self.queue.fetches.insert(message.uid, news)),
            }
        }
        if !stored.changed.is_empty() && !self.queue.is_empty() {
            self.undelivered_since = self.undelivered_since.or(NonZeroU64::new(mailbox.modseq));
        }
        self.is_up_to_date(mailbox);
        Ok(stored)
    }

    /// Sets the words in which things are told. Whatever waits to be told is told in the new ones.
    pub fn set_wording(&mut self, wording: Wording) {
        self.wording = wording;
    }

    /// Sets whether the client is to hear what others do to flags from now on, as it is at first; without, FETCH is told of the session's own
    /// changes alone (RFC 5465 §5.3).
    pub fn set_hears_flags(&mut self, hears_flags: bool) {
        self.hears_flags = hears_flags;
    }

    /// The words in which things are told.
    pub fn wording(&self) -> Wording {
        self.wording
    }

    /// Why the view is over, if it is: its mailbox was deleted, renamed or renumbered. What the client knows stays as it was, nothing is told any more, and
    /// the session says BYE, or CLOSED and goes back to the authenticated state.
    pub fn ended(&self) -> Option<End> {
        self.end
    }

    /// Whether [`flush`](Self::flush) would tell anything.
    #[inline]
    pub fn has_news(&self, policy: Policy) -> bool {
        let recent =
            !self.recent_is_counted && self.wording.tells_recent() && self.recent_among_told() != self.recent_told;
        let news = recent || !self.keywords_told || !self.queue.arrived.is_empty() || !self.queue.fetches.is_empty();
        match policy {
            _ if self.end.is_some() => false,
            Policy::Nothing => false,
            Policy::NoExpunge => news,
            Policy::All => news || !self.queue.gone.is_empty(),
        }
    }

    /// The session that has it.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Whether it was selected to be looked at only.
    pub fn is_read_only(&self) -> bool {
        self.access == Access::ReadOnly
    }

    /// EXISTS: how many messages the client knows of.
    pub fn exists(&self) -> u32 {
        self.told.len() as u32
    }

    /// RECENT: how many of them are recent to this session.
    pub fn recent(&self) -> u32 {
        self.recent_told
    }

    /// Whether this session is the one to which the message is recent, and its client knows what that is: `\Recent` is among the flags.
    pub fn is_recent(&self, uid: Uid) -> bool {
        self.wording.tells_recent() && self.recent.contains(uid)
    }

    /// UIDVALIDITY.
    pub fn uid_validity(&self) -> NonZeroU32 {
        self.uid_validity
    }

    /// UIDNEXT, as of the last time that the view caught up.
    pub fn uid_next(&self) -> Uid {
        uid_or_max(self.last_uid.saturating_add(1))
    }

    /// HIGHESTMODSEQ as this client may be told it: below the mod-sequence of all that is still kept from it, so that it misses nothing when it comes back
    /// with this number (RFC 7162 §3.2). `None` when the mailbox keeps no mod-sequences (NOMODSEQ).
    pub fn highest_modseq(&self) -> Option<ModSeq> {
        let told = self.undelivered_since.map_or(self.seen, |since| since.get() - 1);
        self.keeps_modseqs.then(|| modseq(told))
    }

    /// The first message without `\Seen` when the mailbox was selected: the code UNSEEN, which is left out when there is none.
    pub fn first_unseen(&self) -> Option<SeqNo> {
        self.first_unseen
    }

    /// The keywords of the mailbox, for FLAGS, PERMANENTFLAGS and to write [`Flags`].
    pub fn keywords(&self) -> &Keywords {
        &self.keywords
    }

    fn take_arrivals(&mut self, mailbox: &mut Mailbox) {
        let new = mailbox.uids.lower_bound(self.last_uid.saturating_add(1))..mailbox.uids.len();
        for uid in mailbox.uids.iter_in(new).filter_map(Uid::new) {
            self.queue.arrived.insert(uid);
        }
        self.take_recent(mailbox, self.last_uid);
    }

    /// Of the messages above `known`, those that no session was told of before are recent to this one.
    fn take_recent(&mut self, mailbox: &mut Mailbox, known: u32) {
        let from = mailbox.first_recent.max(known.saturating_add(1));
        if let (Some(from), Some(to)) = (Uid::new(from), Uid::new(mailbox.last_uid)) {
            self.recent.insert_range(from..=to);
            self.recent_is_counted = false;
        }
        if self.access == Access::ReadWrite {
            mailbox.first_recent = mailbox.last_uid.saturating_add(1);
        }
    }

    pub(super) fn recent_among_told(&self) -> u32 {
        let ranges = self.recent.ranges();
        ranges.map(|range| self.told.indices(range.start().get(), range.end().get()).len() as u32).sum()
    }

    fn take_expunges(&mut self, mailbox: &Mailbox, since: u64) {
        let queue = &mut self.queue;
        let (mut gone, still_arrived) = match mailbox.expunged.since(since) {
            Some(expunged) if expunged.is_empty() => return,
            Some(expunged) => {
                let mut arrived = queue.arrived.clone();
                arrived.difference(&expunged);
                (self.told.intersection(&expunged), arrived)
            }
            None => (absent(&self.told, &mailbox.uids), mailbox.uids.intersection(&queue.arrived)),
        };
        gone.difference(&queue.gone);
        if !gone.is_empty() {
            let first = mailbox.expunged.first_since(since, &gone).filter(|_| since >= mailbox.expunged.floor());
            self.gone_since = self.gone_since.or(NonZeroU64::new(first.unwrap_or(since + 1)));
            queue.gone.union(&gone);
        }
        queue.arrived = still_arrived;
        queue.fetches.retain(|uid, _| mailbox.uids.contains(uid.get()));
    }

    fn take_flag_changes(&mut self, mailbox: &Mailbox, since: u64, known: u32) {
        if !self.hears_flags {
            return;
        }
        let mut changed = mailbox.changed.since(since).unwrap_or_else(UidSet::all);
        changed.cut_above(Uid::new(known));
        for message in mailbox.messages_in(&changed).filter(|message| message.modseq.get() > since) {
            let news = Pending { flags: message.flags, modseq: message.modseq.get(), silent: false };
            self.queue.fetches.insert(message.uid, news);
        }
    }

    /// After entries of the queue came or went by themselves.
    pub(super) fn note_queue(&mut self, mailbox: &Mailbox) {
        if self.queue.is_empty() {
            (self.undelivered_since, self.queue.after) = (None, None);
            self.told = mailbox.uids.clone();
        } else {
            self.undelivered_since = self.undelivered_since.or(NonZeroU64::new(mailbox.modseq));
        }
    }

    fn is_up_to_date(&mut self, mailbox: &mut Mailbox) {
        self.seen = mailbox.modseq;
        self.last_uid = mailbox.last_uid;
        if let Some(subscriber) = mailbox.subscribers.get_mut(&self.session) {
            *subscriber = Subscriber { seen: (self.generation, self.seen), woken: false };
        }
    }
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.arrived.is_empty() && self.gone.is_empty() && self.fetches.is_empty()
    }
}

/// Those of `told` that are not in `there`, in one pass over both.
fn absent(told: &Uids, there: &Uids) -> UidSet {
    let mut there = there.iter().peekable();
    let is_absent = |uid: &u32| {
        while there.next_if(|other| other < uid).is_some() {}
        there.peek() != Some(uid)
    };
    told.iter().filter(is_absent).filter_map(Uid::new).collect()
}

/// The number of what lies at an index that is counted from 0.
pub(super) fn seq_no(index: usize) -> Option<SeqNo> {
    u32::try_from(index).ok()?.checked_add(1).and_then(SeqNo::new)
}
