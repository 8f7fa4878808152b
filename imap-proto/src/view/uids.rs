use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use crate::codec::UidSet;

/// A mailbox's UIDs in ascending order: a base that many share, and what is different from it.
///
/// Index to UID and UID to index take the logarithm of the length at most; while nothing differs from the base, index to UID is one access.
#[derive(Clone, Debug, Default)]
pub(super) struct Uids {
    base: Arc<[u32]>,
    /// Indices into the base, ascending.
    removed: Vec<u32>,
    /// Above all of the base, ascending.
    added: Vec<u32>,
}

impl Uids {
    pub(super) fn len(&self) -> usize {
        self.kept() + self.added.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn last(&self) -> Option<u32> {
        self.get(self.len().checked_sub(1)?)
    }

    /// The UID at an index that is counted from 0.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<u32> {
        match index.checked_sub(self.kept()) {
            Some(added) => self.added.get(added).copied(),
            None => self.base.get(self.base_index(index)).copied(),
        }
    }

    pub(super) fn position(&self, uid: u32) -> Option<usize> {
        let index = self.lower_bound(uid);
        (self.get(index) == Some(uid)).then_some(index)
    }

    pub(super) fn contains(&self, uid: u32) -> bool {
        self.position(uid).is_some()
    }

    /// How many are below `uid`.
    pub(super) fn lower_bound(&self, uid: u32) -> usize {
        let below = self.base.partition_point(|other| *other < uid);
        if below < self.base.len() {
            below - self.removed.partition_point(|index| (*index as usize) < below)
        } else {
            self.kept() + self.added.partition_point(|other| *other < uid)
        }
    }

    /// The same, where at least `from` are known to be: quick when it is not far from there, as in a set that is gone through in its order.
    pub(super) fn lower_bound_from(&self, from: usize, uid: u32) -> usize {
        let is_below = |index: usize| self.get(index).is_some_and(|other| other < uid);
        let (mut low, mut step) = (from, 1);
        while is_below(low + step - 1) {
            low += step;
            step *= 2;
        }
        let mut high = (low + step - 1).min(self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if is_below(middle) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The indices of what lies from `first` to `last`, both included.
    pub(super) fn indices(&self, first: u32, last: u32) -> Range<usize> {
        let from = self.lower_bound(first);
        let to = last.checked_add(1).map_or(self.len(), |next| self.lower_bound(next));
        from..to.max(from)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.iter_in(0..self.len())
    }

    /// The UIDs at these indices, one after the other.
    pub(super) fn iter_in(&self, indices: Range<usize>) -> impl Iterator<Item = u32> + '_ {
        let kept = self.kept();
        let mut base = if indices.start < kept { self.base_index(indices.start) } else { self.base.len() };
        let mut removed = self.removed.iter().map(|index| *index as usize).peekable();
        while removed.next_if(|index| *index < base).is_some() {}
        let from_base = core::iter::from_fn(move || {
            while removed.next_if_eq(&base).is_some() {
                base += 1;
            }
            let uid = self.base.get(base).copied();
            base += 1;
            uid
        });
        let skipped = indices.start.saturating_sub(kept).min(self.added.len());
        from_base.fuse().chain(self.added[skipped..].iter().copied()).take(indices.len())
    }

    /// Those of `set` that are here, one by one.
    pub(super) fn intersection(&self, set: &UidSet) -> UidSet {
        let ranges = set.ranges().map(|range| self.indices(range.start().get(), range.end().get()));
        ranges.flat_map(|indices| self.iter_in(indices)).filter_map(crate::codec::Uid::new).collect()
    }

    /// Appends a UID, which must be above all others.
    pub(super) fn push(&mut self, uid: u32) {
        debug_assert!(self.last() < Some(uid));
        self.added.push(uid);
        self.tidy();
    }

    /// Takes out all that `set` names, in one pass.
    pub(super) fn remove(&mut self, set: &UidSet) {
        let mut removed = core::mem::take(&mut self.removed);
        let before = removed.len();
        for range in set.ranges() {
            let from = self.base.partition_point(|uid| *uid < range.start().get());
            let to = self.base.partition_point(|uid| *uid <= range.end().get());
            let known = &removed[..before];
            let mut known = known[known.partition_point(|index| (*index as usize) < from)..].iter().copied().peekable();
            // An index into the base fits in 32 bits, as each UID does.
            let new: Vec<u32> = (from as u32..to as u32).filter(|index| known.next_if_eq(index).is_none()).collect();
            removed.extend(new);
        }
        removed.sort_unstable();
        self.removed = removed;
        if !self.added.is_empty() {
            self.added.retain(|uid| crate::codec::Uid::new(*uid).is_some_and(|uid| !set.contains(uid)));
        }
        self.tidy();
    }

    /// Whether both lie on the same base, so that a copy of one in place of the other would spare no memory.
    pub(super) fn shares_base(&self, other: &Uids) -> bool {
        Arc::ptr_eq(&self.base, &other.base)
    }

    /// How many of the base are still there.
    fn kept(&self) -> usize {
        self.base.len() - self.removed.len()
    }

    /// Where in the base the one at `index` is: as many further as were removed before it.
    fn base_index(&self, index: usize) -> usize {
        let (mut low, mut high) = (0, self.removed.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.removed[middle] as usize - middle <= index { low = middle + 1 } else { high = middle }
        }
        index + low
    }

    /// Makes a new base when the differences have become many: a copy for each so many changes.
    fn tidy(&mut self) {
        if self.removed.len() + self.added.len() > 64 + self.base.len() / 256 {
            let uids: Vec<u32> = self.iter().collect();
            *self = Uids { base: uids.into(), removed: Vec::new(), added: Vec::new() };
        }
    }
}

impl FromIterator<u32> for Uids {
    /// The UIDs must ascend.
    fn from_iter<I: IntoIterator<Item = u32>>(uids: I) -> Self {
        Uids { base: uids.into_iter().collect(), removed: Vec::new(), added: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::codec::Uid;

    proptest! {
        #[test]
        fn it_does_what_a_sorted_list_does(
            base in proptest::collection::btree_set(1..200u32, 0..150),
            steps in proptest::collection::vec((any::<bool>(), 1..240u32, 0..12u32), 0..60),
        ) {
            let mut uids: Uids = base.iter().copied().collect();
            let mut model: BTreeSet<u32> = base;
            let mut next = 200;
            for (push, first, length) in steps {
                if push {
                    next += length + 1;
                    uids.push(next);
                    model.insert(next);
                } else {
                    let mut set = UidSet::range(Uid::new(first).unwrap()..=Uid::new(first + length).unwrap());
                    set.insert(Uid::new(first + 30).unwrap());
                    uids.remove(&set);
                    model.retain(|uid| !set.contains(Uid::new(*uid).unwrap()));
                }
                let list: Vec<u32> = model.iter().copied().collect();
                prop_assert_eq!(uids.iter().collect::<Vec<_>>(), &list[..]);
                prop_assert_eq!((uids.len(), uids.last()), (list.len(), list.last().copied()));
                for (index, uid) in list.iter().enumerate() {
                    prop_assert_eq!((uids.get(index), uids.position(*uid)), (Some(*uid), Some(index)));
                }
                prop_assert_eq!(uids.get(list.len()), None);
                for uid in 1..260 {
                    prop_assert_eq!(uids.lower_bound(uid), list.partition_point(|other| *other < uid));
                    prop_assert_eq!(uids.contains(uid), model.contains(&uid));
                    let bound = uids.lower_bound(uid);
                    prop_assert_eq!(uids.lower_bound_from(bound.saturating_sub(first as usize), uid), bound);
                }
                let indices = uids.indices(first, first + length);
                let there: Vec<u32> = model.range(first..=first + length).copied().collect();
                prop_assert_eq!(uids.iter_in(indices).collect::<Vec<_>>(), there);
            }
        }
    }
}
