use alloc::collections::VecDeque;

use crate::codec::{Uid, UidSet};

/// What happened to which UIDs, by mod-sequence, back to a floor below which it is not known any more.
///
/// A range may cover UIDs to which it did not happen, if that does no harm: who reads it looks at the messages themselves.
#[derive(Clone, Debug)]
pub(super) struct History {
    /// Mod-sequences rise.
    entries: VecDeque<Entry>,
    /// What happened at this mod-sequence and before is not all in `entries`.
    floor: u64,
    limit: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    modseq: u64,
    first: Uid,
    last: Uid,
}

impl History {
    /// Nothing has happened after `floor` yet. At most `limit` ranges are kept, of 16 octets each.
    pub(super) fn new(floor: u64, limit: usize) -> Self {
        History { entries: VecDeque::new(), floor, limit }
    }

    pub(super) fn floor(&self) -> u64 {
        self.floor
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
        self.forget_oldest();
    }

    /// Mod-sequences must rise; one that does not counts as the last.
    pub(super) fn push(&mut self, modseq: u64, uids: &UidSet) {
        let modseq = self.entries.back().map_or(modseq, |last| modseq.max(last.modseq));
        for range in uids.ranges() {
            let (first, last) = range.into_inner();
            self.entries.push_back(Entry { modseq, first, last });
            self.forget_oldest();
        }
    }

    /// What happened after `modseq`; `None` when that is not known any more.
    pub(super) fn since(&self, modseq: u64) -> Option<UidSet> {
        if modseq < self.floor {
            return None;
        }
        let from = self.entries.partition_point(|entry| entry.modseq <= modseq);
        Some(self.entries.range(from..).map(|entry| entry.first..=entry.last).collect())
    }

    /// The first mod-sequence after `modseq` at which something happened to one of `uids`, as far as it is known.
    pub(super) fn first_since(&self, modseq: u64, uids: &UidSet) -> Option<u64> {
        let from = self.entries.partition_point(|entry| entry.modseq <= modseq);
        let touches = |entry: &&Entry| uids.last_up_to(entry.last).is_some_and(|uid| uid >= entry.first);
        self.entries.range(from..).find(touches).map(|entry| entry.modseq)
    }

    fn forget_oldest(&mut self) {
        while self.entries.len() > self.limit {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.floor = self.floor.max(oldest.modseq);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn what_is_forgotten_is_not_claimed_to_be_known() {
        let mut history = History::new(5, 3);
        for (modseq, uids) in [(6, "1"), (7, "3:4,9"), (8, "7")] {
            history.push(modseq, &uids.parse().unwrap());
        }
        assert_eq!(history.since(5), None, "mod-sequence 6 went to make room");
        assert_eq!(history.since(6).unwrap().to_string(), "3:4,7,9");
        assert_eq!(history.since(7).unwrap().to_string(), "7");
        assert_eq!(history.since(8), Some(UidSet::new()));
        history.set_limit(1);
        assert_eq!((history.since(6), history.floor()), (None, 7));
        history.push(9, &"20,22,24".parse().unwrap());
        assert_eq!(
            (history.since(8), history.since(9)),
            (None, Some(UidSet::new())),
            "one change larger than all there is room for"
        );
    }
}
