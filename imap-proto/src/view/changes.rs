use alloc::vec::Vec;
use core::num::NonZeroU32;
use core::ops::Range;

use super::flags::Flags;
use super::history::History;
use super::mailbox::{End, Mailbox, MailboxFault, SessionId, modseq, uid_or_max};
use super::uids::Uids;
use crate::codec::{ModSeq, Uid, UidSet};

/// What STORE does to the flags of a message (RFC 9051 §6.4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagChange {
    /// `FLAGS`: these and no others.
    Replace(Flags),
    /// `+FLAGS`: these too.
    Add(Flags),
    /// `-FLAGS`: not these.
    Remove(Flags),
}

impl FlagChange {
    /// The flags afterwards.
    pub fn apply(self, before: Flags) -> Flags {
        match self {
            FlagChange::Replace(flags) => flags,
            FlagChange::Add(flags) => before | flags,
            FlagChange::Remove(flags) => before - flags,
        }
    }
}

/// What a STORE has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The messages that are now as was asked, whether they had to be changed or not.
    pub stored: UidSet,
    /// Those among them that were not so before: what the application writes to its store, with [`Mailbox::messages_in`].
    pub changed: UidSet,
    /// The messages that were left alone because they had been changed after `UNCHANGEDSINCE`: what the code MODIFIED names (RFC 7162 §3.1.3).
    pub modified: UidSet,
}

/// Changes. Each of them makes the mailbox's mod-sequence rise, and every session's view but the changer's own will tell it.
impl Mailbox {
    /// A message has arrived: APPEND, COPY, or delivery. Its UID is the mailbox's [`uid_next`](Self::uid_next).
    pub fn append(&mut self, flags: Flags) -> Result<Uid, MailboxFault> {
        if let Some(end) = self.end {
            return Err(MailboxFault::Ended(end));
        }
        let number = self.last_uid.checked_add(1).filter(|number| *number < u32::MAX);
        let uid = number.and_then(Uid::new).ok_or(MailboxFault::UidsUsedUp)?;
        let now = self.tick();
        self.last_uid = uid.get();
        self.uids.push(uid.get());
        self.flags.push(flags);
        self.modseqs.push(now);
        Ok(uid)
    }

    /// Messages have been removed for good. Gives those of `uids` that were here.
    pub fn expunge(&mut self, uids: &UidSet) -> UidSet {
        let gone = self.uids.intersection(uids);
        if gone.is_empty() {
            return gone;
        }
        let now = self.tick();
        let mut holes: Vec<Range<usize>> = Vec::new();
        for range in uids.ranges() {
            let hole = self.uids.indices(range.start().get(), range.end().get());
            match holes.last_mut() {
                Some(before) if before.end == hole.start => before.end = hole.end,
                _ if hole.is_empty() => {}
                _ => holes.push(hole),
            }
        }
        // Neighbours in the mailbox become one range, because nothing that is left lies between them.
        let ends = |hole: &Range<usize>| Some((self.uids.get(hole.start)?, self.uids.get(hole.end.checked_sub(1)?)?));
        let ranges = holes.iter().filter_map(ends).map(|(first, last)| uid_or_max(first)..=uid_or_max(last)).collect();
        self.expunged.push(now, &ranges);
        cut_out(&mut self.flags, &holes);
        cut_out(&mut self.modseqs, &holes);
        self.uids.remove(&gone);
        gone
    }

    /// Flags have been changed, by no session of ours: another program, a filter, a rule. For a STORE see [`View::store`](super::View::store).
    ///
    /// With `unchanged_since`, messages that were changed after it are left alone. A message that has such flags already keeps its mod-sequence.
    pub fn store(&mut self, uids: &UidSet, change: FlagChange, unchanged_since: Option<ModSeq>) -> Stored {
        let now = modseq(self.modseq).next().unwrap_or(ModSeq::MAX);
        let mut done = Stored::default();
        for range in uids.ranges() {
            let indices = self.uids.indices(range.start().get(), range.end().get());
            let from = indices.start;
            for (index, uid) in (from..).zip(self.uids.iter_in(indices)) {
                let (Some(uid), Some(flags), Some(changed)) =
                    (Uid::new(uid), self.flags.get_mut(index), self.modseqs.get_mut(index))
                else {
                    continue;
                };
                if unchanged_since.is_some_and(|since| *changed > since.get()) {
                    done.modified.insert(uid);
                    continue;
                }
                done.stored.insert(uid);
                let after = change.apply(*flags);
                if after != *flags {
                    *flags = after;
                    *changed = now.get();
                    done.changed.insert(uid);
                }
            }
        }
        if let (Some(first), Some(last)) = (done.changed.first(), done.changed.last()) {
            let now = self.tick();
            if done.changed.range_count() <= 8 {
                self.changed.push(now, &done.changed);
            } else {
                self.changed.push(now, &UidSet::range(first..=last));
            }
        }
        done
    }

    /// Makes UIDNEXT at least this: for a store that has given away UIDs by itself. Lower ones change nothing.
    pub fn raise_uid_next(&mut self, uid_next: Uid) {
        self.last_uid = self.last_uid.max(uid_next.get() - 1);
    }

    /// Makes the highest mod-sequence at least this: for a store that has counted by itself. Lower ones change nothing.
    pub fn raise_modseq(&mut self, highest: ModSeq) {
        self.modseq = self.modseq.max(highest.get());
        self.clock.tick();
    }

    /// The messages have got new UIDs, so that none of the old ones means anything: all views end, the mailbox is empty, and the messages are
    /// [appended](Self::append) anew. Keywords, the sessions and the mod-sequence stay. `uid_validity` must be higher than before.
    pub fn renumber(&mut self, uid_validity: NonZeroU32) {
        let now = self.tick();
        self.uid_validity = uid_validity;
        self.last_uid = 0;
        self.first_recent = 1;
        self.uids = Uids::default();
        self.flags.clear();
        self.modseqs.clear();
        self.expunged = History::new(now, self.expunged.limit());
        self.changed = History::new(now, self.changed.limit());
        self.generation += 1;
        self.end = None;
    }

    /// The mailbox is no more, or not under this name: all views end. Where sessions may go on under a new name there is nothing to call, because
    /// nothing in here depends on the name.
    pub fn end(&mut self, end: End) {
        self.generation += 1;
        self.clock.tick();
        self.end = Some(end);
    }

    /// Why the mailbox is no more, if it [ended](Self::end).
    pub fn ended(&self) -> Option<End> {
        self.end
    }

    /// The sessions whose views are behind and that were not named since they last caught up: those to wake, so that an IDLE or NOTIFY tells at
    /// once. A session that never catches up is named once.
    pub fn wakeups(&mut self) -> impl Iterator<Item = SessionId> + '_ {
        let now = (self.generation, self.modseq);
        self.subscribers.iter_mut().filter(move |(_, subscriber)| subscriber.seen != now && !subscriber.woken).map(
            |(session, subscriber)| {
                subscriber.woken = true;
                *session
            },
        )
    }

    /// The sessions that have it selected.
    pub fn sessions(&self) -> impl ExactSizeIterator<Item = SessionId> + '_ {
        self.subscribers.keys().copied()
    }

    /// A session has this mailbox selected no longer; whether it had. Its view is of no use any more.
    pub fn leave(&mut self, session: SessionId) -> bool {
        self.subscribers.remove(&session).is_some()
    }

    /// One mod-sequence further. The highest there can be is not passed: after 2^63 changes, nothing is told apart any more.
    fn tick(&mut self) -> u64 {
        self.modseq = modseq(self.modseq).next().unwrap_or(ModSeq::MAX).get();
        self.clock.tick();
        self.modseq
    }
}

/// Takes the holes, which ascend, out of a list in one pass.
fn cut_out<T: Copy>(list: &mut Vec<T>, holes: &[Range<usize>]) {
    let Some(mut kept) = holes.first().map(|hole| hole.start) else { return };
    let next_starts = holes.iter().skip(1).map(|hole| hole.start).chain([list.len()]);
    for (hole, next) in holes.iter().zip(next_starts.collect::<Vec<_>>()) {
        list.copy_within(hole.end..next, kept);
        kept += next - hole.end;
    }
    list.truncate(kept);
}
