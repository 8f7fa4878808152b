use core::num::NonZeroU32;
use core::ops::RangeInclusive;

use thiserror::Error;

use super::selected::{View, seq_no};
use crate::codec::{SeqNo, SeqSet, SequenceSet, Uid, UidSet};

/// The messages that a command names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Those that are in the mailbox. A range may cover UIDs that no message has: of the messages of this view it covers those that were asked for, and no
    /// others.
    pub uids: UidSet,
    /// Those that are not in the mailbox any more, which the client has not been told yet (RFC 2180 §4.1).
    ///
    /// A command by number that finds some here does its work on the others and is answered `NO [EXPUNGEISSUED]` (RFC 5530 §3), unless the application
    /// can still serve them; one by UID passes over them.
    pub expunged: UidSet,
}

/// A command names a message by a number that there is not: it is answered BAD (RFC 9051 §9 `seq-number`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("there is no such message: the mailbox has {exists}")]
pub struct NoSuchMessage {
    /// The highest number that was named; `None` for `*`.
    pub number: Option<SeqNo>,
    /// How many messages there are.
    pub exists: u32,
}

/// Numbers and UIDs.
impl View {
    /// The messages that a command names by sequence numbers. The set stays ranges: it costs as much as the command has spans.
    ///
    /// A number above EXISTS is an error, and so is `*` in an empty mailbox. `$` is what was [saved](Self::save), nothing at first.
    pub fn by_number(&self, set: &SequenceSet) -> Result<Asked, NoSuchMessage> {
        if set.is_saved() {
            return Ok(self.split(self.saved.clone()));
        }
        let exists = self.exists();
        let number = set.highest();
        if number.is_some_and(|number| number.get() > exists) || (exists == 0 && set.names_last()) {
            return Err(NoSuchMessage { number, exists });
        }
        Ok(self.split(self.uids_of(&set.resolve(SeqNo::new(exists)))))
    }

    /// The messages that a command names by UIDs. UIDs that no message has are no error; `*` is the last message that the client knows of, so `559:*` is that
    /// message when its UID is lower, and nothing in an empty mailbox (RFC 9051 §6.4.9). `$` is what was [saved](Self::save).
    pub fn by_uid(&self, set: &SequenceSet) -> Asked {
        if set.is_saved() {
            return self.split(self.saved.clone());
        }
        self.split(set.resolve(self.told.last().and_then(Uid::new)))
    }

    /// The UID of the message with this number: one access, or the logarithm of what changed lately.
    pub fn uid(&self, number: SeqNo) -> Option<Uid> {
        let index = usize::try_from(number.get()).ok()?.checked_sub(1)?;
        self.told.get(index).and_then(Uid::new)
    }

    /// The number of the message with this UID: the logarithm of the number of messages.
    pub fn number(&self, uid: Uid) -> Option<SeqNo> {
        self.told.position(uid.get()).and_then(seq_no)
    }

    /// The numbers of those of `uids` that the client knows of: what SEARCH finds, MODIFIED, and so on.
    pub fn numbers_of(&self, uids: &UidSet) -> SeqSet {
        let mut to = 0;
        let mut indices = |range: RangeInclusive<Uid>| {
            let from = self.told.lower_bound_from(to, range.start().get());
            to = range.end().next().map_or(self.told.len(), |next| self.told.lower_bound_from(from, next.get()));
            Some(seq_no(from)?..=seq_no(to.checked_sub(1)?)?)
        };
        uids.ranges().filter_map(&mut indices).collect()
    }

    /// The messages among `uids` that the client knows of, one after the other with their numbers: what a FETCH goes through.
    pub fn messages<'a>(&'a self, uids: &'a UidSet) -> impl Iterator<Item = (SeqNo, Uid)> + 'a {
        uids.ranges().flat_map(|range| {
            let indices = self.told.indices(range.start().get(), range.end().get());
            let numbers = indices.clone().filter_map(seq_no);
            numbers.zip(self.told.iter_in(indices).filter_map(Uid::new))
        })
    }

    /// UIDs of the messages with these numbers; numbers above EXISTS are passed over. A range goes from the UID of its first message to that of its last.
    pub fn uids_of(&self, numbers: &SeqSet) -> UidSet {
        let Some(last) = SeqNo::new(self.exists()) else { return UidSet::new() };
        let range =
            |range: RangeInclusive<NonZeroU32>| Some(self.uid(*range.start())?..=self.uid(last.min(*range.end()))?);
        numbers.ranges().filter_map(range).collect()
    }

    /// Those of `uids` up to the last message that the client knows of. A search that found messages that have just arrived leaves them out by this,
    /// because the client has no number for them yet.
    pub fn known(&self, uids: &UidSet) -> UidSet {
        let mut known = uids.clone();
        known.cut_above(self.told.last().and_then(Uid::new));
        known
    }

    /// All messages of the mailbox that were expunged, but that the client has not been told of.
    pub fn expunged(&self) -> &UidSet {
        &self.queue.gone
    }

    /// Keeps what a SEARCH with `RETURN (SAVE)` has found, as `$` (RFC 5182 §2.1). An empty set after a search that failed.
    pub fn save(&mut self, found: UidSet) {
        self.saved = self.known(&found);
    }

    /// What `$` stands for: what was found, without the messages whose expunge was told since.
    pub fn saved(&self) -> &UidSet {
        &self.saved
    }

    fn split(&self, mut uids: UidSet) -> Asked {
        let expunged = self.queue.gone.intersection(&uids);
        uids.difference(&expunged);
        Asked { uids, expunged }
    }
}
