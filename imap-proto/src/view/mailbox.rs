use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZeroU32;
use core::ops::Range;

use thiserror::Error;

use super::clock::Clock;
use super::flags::{FlagFault, Flags, Keywords};
use super::history::History;
use super::uids::Uids;
use crate::codec::{Flag, ModSeq, Uid, UidSet};

/// How many ranges of expunged UIDs are kept unless [`Mailbox::set_history_limit`] says otherwise.
const HISTORY: usize = 1024;
/// How many ranges of UIDs with changed flags are kept, for sessions that are behind; who is further behind looks at each message once.
const CHANGES: usize = 128;

/// One mailbox as it truly is: which messages, which flags, which mod-sequences, and which sessions have it selected.
///
/// It does no I/O and has no lock: the application keeps it beside its store, tells it each change ([`append`](Self::append),
/// [`expunge`](Self::expunge), [`View::store`](super::View::store)), and puts a lock around it where sessions run on several threads. See the
/// [module](super) for how it and the views work together.
///
/// It holds 20 octets for each message, 4 of which are shared with the views, and nothing for a change: a session that is behind finds what it has
/// missed from mod-sequences, however long it was away.
#[derive(Debug)]
pub struct Mailbox {
    pub(super) uid_validity: NonZeroU32,
    /// The highest UID that was ever given, 0 for none.
    pub(super) last_uid: u32,
    pub(super) modseq: u64,
    pub(super) keeps_modseqs: bool,
    pub(super) first_recent: u32,
    pub(super) uids: Uids,
    /// By the index of the UID, as the next.
    pub(super) flags: Vec<Flags>,
    pub(super) modseqs: Vec<u64>,
    pub(super) keywords: Arc<Keywords>,
    /// What was expunged.
    pub(super) expunged: History,
    /// Whose flags were changed.
    pub(super) changed: History,
    /// Rises when all views end.
    pub(super) generation: u64,
    pub(super) end: Option<End>,
    pub(super) subscribers: BTreeMap<SessionId, Subscriber>,
    /// Goes on with each change that a view could tell of.
    pub(super) clock: Clock,
}

/// The number by which an application knows one of its sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// A session that has the mailbox selected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subscriber {
    /// The generation and mod-sequence that its view has seen.
    pub(super) seen: (u64, u64),
    /// Whether it was said to be behind since.
    pub(super) woken: bool,
}

/// One message, without its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its UID.
    pub uid: Uid,
    /// Its flags.
    pub flags: Flags,
    /// When it was changed last.
    pub modseq: ModSeq,
}

/// What STATUS tells of a mailbox (RFC 9051 §6.3.11, RFC 7162 §3.1.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// MESSAGES.
    pub messages: u32,
    /// RECENT: those that no session has been told of.
    pub recent: u32,
    /// UNSEEN: those without `\Seen`, counted.
    pub unseen: u32,
    /// DELETED: those with `\Deleted`.
    pub deleted: u32,
    /// UIDNEXT.
    pub uid_next: Uid,
    /// UIDVALIDITY.
    pub uid_validity: NonZeroU32,
    /// HIGHESTMODSEQ; `None` when mod-sequences are not kept.
    pub highest_modseq: Option<ModSeq>,
}

/// What an application keeps of a mailbox between two runs, beside its messages and keywords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// UIDVALIDITY.
    pub uid_validity: NonZeroU32,
    /// The next message's UID: above all that were ever given.
    pub uid_next: Uid,
    /// The highest mod-sequence that was ever given.
    pub highest_modseq: ModSeq,
    /// The lowest UID that no session has been told of as recent.
    pub first_recent: Uid,
    /// All that was expunged after this mod-sequence will be told by [`Mailbox::restore_expunged`]. When no such list is kept: `highest_modseq`.
    pub expunges_known_since: ModSeq,
}

/// Why a view is over: its session says BYE, or that the mailbox is closed, and its client selects anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum End {
    /// DELETE by another session, or the mailbox is gone from the store.
    #[error("the mailbox has been deleted")]
    Deleted,
    /// RENAME by another session, where the application does not let sessions go on under the new name.
    #[error("the mailbox has been renamed")]
    Renamed,
    /// UIDs stand for other messages now (RFC 9051 §2.3.1.1).
    #[error("the messages of this mailbox have new UIDs: select it again")]
    UidValidity,
}

/// Why a mailbox cannot be as it was said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum MailboxFault {
    /// A message's UID is not above the one before it, or not below UIDNEXT.
    #[error("UIDs must rise and be below UIDNEXT, but {0} does not")]
    UidOrder(Uid),
    /// A message's mod-sequence is above the highest.
    #[error("the mod-sequence of message {0} is above the mailbox's highest")]
    ModSeqOrder(Uid),
    /// All UIDs are used up: the mailbox needs a new UIDVALIDITY, by [`Mailbox::renumber`].
    #[error("all 4294967294 UIDs of this mailbox have been used: give it a new UIDVALIDITY")]
    UidsUsedUp,
    /// The session has the mailbox selected with [`Access::ReadOnly`](super::Access::ReadOnly).
    #[error("the mailbox is selected read-only: SELECT it to change something")]
    ReadOnly,
    /// The mailbox was ended by [`Mailbox::end`].
    #[error("{0}")]
    Ended(End),
}

impl Mailbox {
    /// An empty mailbox. `uid_validity` must be higher than that of any mailbox of the same name before it; seconds since 1970 will do.
    pub fn new(uid_validity: NonZeroU32) -> Self {
        Mailbox {
            uid_validity,
            last_uid: 0,
            modseq: 1,
            keeps_modseqs: true,
            first_recent: 1,
            uids: Uids::default(),
            flags: Vec::new(),
            modseqs: Vec::new(),
            keywords: Arc::default(),
            expunged: History::new(1, HISTORY),
            changed: History::new(1, CHANGES),
            generation: 0,
            end: None,
            subscribers: BTreeMap::new(),
            clock: Clock::default(),
        }
    }

    /// A mailbox as it was kept: its messages in the order of their UIDs.
    pub fn restore(
        facts: Facts,
        keywords: Keywords,
        messages: impl IntoIterator<Item = Message>,
    ) -> Result<Self, MailboxFault> {
        let mut mailbox = Mailbox::new(facts.uid_validity);
        mailbox.modseq = facts.highest_modseq.get().max(1);
        let messages = messages.into_iter();
        let mut uids = Vec::with_capacity(messages.size_hint().0);
        for Message { uid, flags, modseq } in messages {
            if uid >= facts.uid_next || uids.last().is_some_and(|before| *before >= uid.get()) {
                return Err(MailboxFault::UidOrder(uid));
            }
            if modseq.get() > mailbox.modseq {
                return Err(MailboxFault::ModSeqOrder(uid));
            }
            uids.push(uid.get());
            mailbox.flags.push(flags);
            mailbox.modseqs.push(modseq.get().max(1));
        }
        mailbox.flags.shrink_to_fit();
        mailbox.modseqs.shrink_to_fit();
        mailbox.uids = uids.into_iter().collect();
        mailbox.last_uid = facts.uid_next.get() - 1;
        mailbox.first_recent = facts.first_recent.get().min(facts.uid_next.get());
        mailbox.keywords = Arc::new(keywords);
        mailbox.expunged = History::new(facts.expunges_known_since.get().min(mailbox.modseq), HISTORY);
        mailbox.changed = History::new(mailbox.modseq, CHANGES);
        Ok(mailbox)
    }

    /// What was expunged at a mod-sequence, of a mailbox that is being [restored](Self::restore): in the order of the mod-sequences, those from
    /// [`Facts::expunges_known_since`] on.
    pub fn restore_expunged(&mut self, modseq: ModSeq, uids: &UidSet) {
        self.expunged.push(modseq.get().min(self.modseq), uids);
    }

    /// Bounds the list of what was expunged, for clients that come back with QRESYNC: ranges of UIDs, 16 octets each, 1,024 at first.
    ///
    /// To a client that has been away longer than the list goes back, every UID that it names and that is not here is told as vanished.
    pub fn set_history_limit(&mut self, ranges: usize) {
        self.expunged.set_limit(ranges);
        self.changed.set_limit(ranges.min(CHANGES));
    }

    /// Says whether mod-sequences outlive this value. Where they do not, no session tells any (`NOMODSEQ`, RFC 7162 §3.1.2.2).
    pub fn set_keeps_modseqs(&mut self, keeps: bool) {
        self.keeps_modseqs = keeps;
    }

    /// What is to be kept of it until the next run, beside [`messages`](Self::messages) and [`keywords`](Self::keywords).
    pub fn facts(&self) -> Facts {
        Facts {
            uid_validity: self.uid_validity,
            uid_next: self.uid_next(),
            highest_modseq: self.highest_modseq(),
            first_recent: uid_or_max(self.first_recent),
            expunges_known_since: modseq(self.expunged.floor()),
        }
    }

    /// UIDVALIDITY.
    pub fn uid_validity(&self) -> NonZeroU32 {
        self.uid_validity
    }

    /// UIDNEXT: the next message's UID. It never falls.
    pub fn uid_next(&self) -> Uid {
        uid_or_max(self.last_uid.saturating_add(1))
    }

    /// HIGHESTMODSEQ.
    pub fn highest_modseq(&self) -> ModSeq {
        modseq(self.modseq)
    }

    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.uids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.uids.is_empty()
    }

    /// What STATUS tells. Looks at each message once.
    pub fn counts(&self) -> Counts {
        let with = |flag: Flags| self.flags.iter().filter(|flags| flags.has(flag)).count() as u32;
        let messages = self.len() as u32;
        Counts {
            messages,
            recent: messages - self.uids.lower_bound(self.first_recent) as u32,
            unseen: messages - with(Flags::SEEN),
            deleted: with(Flags::DELETED),
            uid_next: self.uid_next(),
            uid_validity: self.uid_validity,
            highest_modseq: self.keeps_modseqs.then(|| self.highest_modseq()),
        }
    }

    /// One message.
    pub fn message(&self, uid: Uid) -> Option<Message> {
        let index = self.uids.position(uid.get())?;
        Some(Message { uid, flags: *self.flags.get(index)?, modseq: modseq(*self.modseqs.get(index)?) })
    }

    /// All messages, ascending.
    pub fn messages(&self) -> impl Iterator<Item = Message> + '_ {
        self.at(0..self.len())
    }

    /// The messages among `uids`, ascending. What is named and not here is passed over, at no cost.
    pub fn messages_in<'a>(&'a self, uids: &'a UidSet) -> impl Iterator<Item = Message> + 'a {
        uids.ranges().flat_map(move |range| self.at(self.uids.indices(range.start().get(), range.end().get())))
    }

    /// The messages among `uids` with all the flags given: what EXPUNGE takes, with [`Flags::DELETED`].
    pub fn with_flags(&self, flags: Flags, uids: &UidSet) -> UidSet {
        self.messages_in(uids).filter(|message| message.flags.has(flags)).map(|message| message.uid).collect()
    }

    /// The messages among `uids` that were changed after `since`: FETCH with CHANGEDSINCE (RFC 7162 §3.1.4.1).
    pub fn changed_since(&self, since: ModSeq, uids: &UidSet) -> UidSet {
        self.messages_in(uids).filter(|message| message.modseq > since).map(|message| message.uid).collect()
    }

    /// Those of `uids` that are not here any more and were expunged after `since`, for VANISHED (EARLIER) (RFC 7162 §3.2.6).
    ///
    /// When `since` lies before all that is remembered: those of `uids` below UIDNEXT that are not here. Ranges may cover UIDs that never were.
    pub fn vanished_since(&self, since: ModSeq, uids: &UidSet) -> UidSet {
        let mut vanished = match self.expunged.since(since.get()) {
            Some(expunged) => expunged.intersection(uids),
            None => {
                let mut absent = uids.clone();
                absent.difference(&self.uids.intersection(uids));
                absent
            }
        };
        vanished.cut_above(Uid::new(self.last_uid));
        vanished
    }

    /// The keywords in use, each as it was spelt first.
    pub fn keywords(&self) -> &Keywords {
        &self.keywords
    }

    /// The bits of these flags; a keyword that is new becomes known to the mailbox.
    ///
    /// When there is no room for one more, a keyword that no message has makes place. All or nothing: on an error no keyword is new.
    pub fn flags<'a, T: AsRef<[u8]> + 'a>(
        &mut self,
        flags: impl IntoIterator<Item = &'a Flag<T>>,
    ) -> Result<Flags, FlagFault> {
        let mut bits = Flags::NONE;
        let mut grown: Option<Keywords> = None;
        for flag in flags {
            bits |= match grown.as_ref().unwrap_or(&self.keywords).find(flag) {
                Some(bit) => bit,
                None => {
                    let keywords = grown.get_or_insert_with(|| Keywords::clone(&self.keywords));
                    keywords.add(flag).or_else(|fault| match (fault, self.unused_keyword(bits)) {
                        (FlagFault::TooMany, Some(index)) => keywords.replace(index, flag),
                        _ => Err(fault),
                    })?
                }
            };
        }
        if let Some(grown) = grown {
            self.keywords = Arc::new(grown);
            self.clock.tick();
        }
        Ok(bits)
    }

    /// The index of a keyword that neither a message has nor `wanted`.
    fn unused_keyword(&self, wanted: Flags) -> Option<usize> {
        let used = self.flags.iter().fold(wanted, |used, flags| used | *flags);
        (0..Keywords::MOST).find(|index| Flags::keyword(*index).is_some_and(|flag| !used.has(flag)))
    }

    pub(super) fn at(&self, indices: Range<usize>) -> impl Iterator<Item = Message> + '_ {
        let flags = self.flags.get(indices.clone()).unwrap_or_default();
        let modseqs = self.modseqs.get(indices.clone()).unwrap_or_default();
        self.uids.iter_in(indices).zip(flags).zip(modseqs).filter_map(|((uid, flags), changed)| {
            Some(Message { uid: Uid::new(uid)?, flags: *flags, modseq: modseq(*changed) })
        })
    }
}

/// UIDs are given below the highest number, so that the next one always has a number.
pub(super) fn uid_or_max(number: u32) -> Uid {
    Uid::new(number).unwrap_or(Uid::MAX)
}

/// Mod-sequences are counted up to the highest there can be, and no further.
pub(super) fn modseq(number: u64) -> ModSeq {
    ModSeq::new(number).unwrap_or(ModSeq::MAX)
}
