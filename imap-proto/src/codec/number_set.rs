//! Sets of message numbers that are known one by one, kept as ranges: sorted, merged, never expanded (RFC 4315 §4 `uid-set`).

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::num::NonZeroU32;
use core::ops::RangeInclusive;

use super::number::Uid;
use super::sequence::{SeqNo, SetFault, parse_number, split_set};

/// A set of UIDs.
pub type UidSet = NumberSet<Uid>;

/// A set of message sequence numbers.
pub type SeqSet = NumberSet<SeqNo>;

/// What a [`NumberSet`] is a set of: a number from 1 to 4,294,967,295.
pub trait Number: Copy + Ord + fmt::Debug + From<NonZeroU32> + Into<NonZeroU32> {}

impl<N: Copy + Ord + fmt::Debug + From<NonZeroU32> + Into<NonZeroU32>> Number for N {}

/// A set of numbers, as sorted ranges with a gap between each two: 8 octets for a range, however long it is; nothing on the heap while empty.
///
/// ```
/// use imap_proto::codec::UidSet;
///
/// let mut set = UidSet::parse(b"7,1:3")?;
/// set.union(&UidSet::parse(b"4:6")?);
/// assert_eq!((set.to_string(), set.len()), ("1:7".to_string(), 7));
/// # Ok::<(), imap_proto::codec::SetFault>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct NumberSet<N> {
    /// First and last of each range: `1 <= first <= last`, and `last + 1 <` the next `first`.
    ranges: Vec<(u32, u32)>,
    of: PhantomData<N>,
}

impl<N> NumberSet<N> {
    /// The empty set.
    pub const fn new() -> Self {
        NumberSet { ranges: Vec::new(), of: PhantomData }
    }

    /// Whether there is no number in it.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many numbers are in it: up to 4,294,967,295.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    /// How many ranges it is kept as.
    pub fn range_count(&self) -> usize {
        self.ranges.len()
    }

    /// Takes all numbers out.
    pub fn clear(&mut self) {
        self.ranges.clear();
    }

    /// Writes it in the words of the grammar, piece by piece and without an allocation. Nothing is written of an empty set, for which the
    /// grammar has no word.
    pub fn write(&self, out: &mut impl FnMut(&[u8])) {
        for (index, (first, last)) in self.ranges.iter().enumerate() {
            if index > 0 {
                out(b",");
            }
            let mut digits = itoa::Buffer::new();
            out(digits.format(*first).as_bytes());
            if first != last {
                out(b":");
                out(digits.format(*last).as_bytes());
            }
        }
    }

    /// Where `number` is, or where a range that begins with it would go.
    fn search(&self, number: u32) -> Result<usize, usize> {
        let index = self.ranges.partition_point(|(_, last)| *last < number);
        match self.ranges.get(index) {
            Some((first, _)) if *first <= number => Ok(index),
            _ => Err(index),
        }
    }

    fn insert_raw(&mut self, first: u32, last: u32) {
        // Most sets grow at their end.
        match self.ranges.last_mut() {
            None => return self.ranges.push((first, last)),
            Some((_, end)) if end.checked_add(1).is_some_and(|next| next < first) => {
                return self.ranges.push((first, last));
            }
            Some((start, end)) if *start <= first => return *end = last.max(*end),
            Some(_) => {}
        }
        // All ranges from `from` to before `to` touch the new one, and become part of it.
        let from = self.ranges.partition_point(|(_, end)| end.saturating_add(1) < first);
        let to = self.ranges.partition_point(|(start, _)| *start <= last.saturating_add(1));
        let touched = &self.ranges[from..to];
        let merged = (
            touched.first().map_or(first, |(lowest, _)| first.min(*lowest)),
            touched.last().map_or(last, |(_, highest)| last.max(*highest)),
        );
        self.ranges.splice(from..to, [merged]);
    }

    /// Appends a range that begins at or above the last one's beginning.
    fn push_raw(ranges: &mut Vec<(u32, u32)>, first: u32, last: u32) {
        match ranges.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => ranges.push((first, last)),
        }
    }

    fn from_unsorted(mut unsorted: Vec<(u32, u32)>) -> Self {
        unsorted.sort_unstable();
        let mut kept = 0_usize;
        for index in 0..unsorted.len() {
            let (first, last) = unsorted[index];
            match kept.checked_sub(1).map(|before| &mut unsorted[before]) {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => {
                    unsorted[kept] = (first, last);
                    kept += 1;
                }
            }
        }
        unsorted.truncate(kept);
        NumberSet { ranges: unsorted, of: PhantomData }
    }
}

impl<N: Number> NumberSet<N> {
    /// Reads a `uid-set`: as a sequence set, but without `*` and `$`. Time and memory are linear in the octets given, save for the sorting of
    /// ranges that come unsorted.
    pub fn parse(octets: &[u8]) -> Result<Self, SetFault> {
        if octets.is_empty() {
            return Err(SetFault::Empty);
        }
        let number = |octets: &[u8]| match octets {
            b"*" => Err(SetFault::LastNotAllowed),
            b"$" => Err(SetFault::SavedAmongNumbers),
            digits => parse_number(digits).map(NonZeroU32::get),
        };
        let mut ranges = Vec::with_capacity(memchr::memchr_iter(b',', octets).count() + 1);
        for range in octets.split(|octet| *octet == b',') {
            let (from, to) = match memchr::memchr(b':', range) {
                None => number(range).map(|number| (number, number))?,
                Some(colon) => (number(&range[..colon])?, number(&range[colon + 1..])?),
            };
            ranges.push((from.min(to), from.max(to)));
        }
        Ok(NumberSet::from_unsorted(ranges))
    }

    /// Reads the set that `octets` begin with, and gives what lies behind it.
    pub fn take(octets: &[u8]) -> Result<(Self, &[u8]), SetFault> {
        let (set, rest) = split_set(octets);
        Ok((NumberSet::parse(set)?, rest))
    }

    /// All from the first to the last of a range; nothing when it is empty.
    pub fn range(range: RangeInclusive<N>) -> Self {
        let mut set = NumberSet::new();
        set.insert_range(range);
        set
    }

    /// All numbers there can be.
    pub fn all() -> Self {
        NumberSet { ranges: [(1, u32::MAX)].into(), of: PhantomData }
    }

    /// Whether `number` is in it. Takes the logarithm of the number of ranges.
    pub fn contains(&self, number: N) -> bool {
        self.search(number.into().get()).is_ok()
    }

    /// Puts a number in; whether it is new. At the end of the set this is quick, elsewhere ranges may have to move.
    pub fn insert(&mut self, number: N) -> bool {
        let raw = number.into().get();
        let new = self.search(raw).is_err();
        if new {
            self.insert_raw(raw, raw);
        }
        new
    }

    /// Puts a range in.
    pub fn insert_range(&mut self, range: RangeInclusive<N>) {
        let (first, last) = raw(&range);
        if first <= last {
            self.insert_raw(first, last);
        }
    }

    /// Takes a number out; whether it was there.
    pub fn remove(&mut self, number: N) -> bool {
        let raw = number.into().get();
        let Ok(index) = self.search(raw) else { return false };
        let (first, last) = self.ranges[index];
        match (first == raw, last == raw) {
            (true, true) => drop(self.ranges.remove(index)),
            (true, false) => self.ranges[index].0 = raw + 1,
            (false, true) => self.ranges[index].1 = raw - 1,
            (false, false) => {
                self.ranges[index].1 = raw - 1;
                self.ranges.insert(index + 1, (raw + 1, last));
            }
        }
        true
    }

    /// Takes a range out.
    pub fn remove_range(&mut self, range: RangeInclusive<N>) {
        self.difference(&NumberSet::range(range));
    }

    /// Puts in all that `other` has. Linear in the ranges of both.
    pub fn union(&mut self, other: &Self) {
        match (self.ranges.last(), other.ranges.first()) {
            (_, None) => return,
            (None, Some(_)) => return self.ranges.clone_from(&other.ranges),
            (Some((first, _)), Some((other_first, _))) if first <= other_first => {
                return other
                    .ranges
                    .iter()
                    .for_each(|(first, last)| NumberSet::<N>::push_raw(&mut self.ranges, *first, *last));
            }
            _ => {}
        }
        let mut merged = Vec::with_capacity(self.ranges.len() + other.ranges.len());
        let (mut ours, mut theirs) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        while let Some((first, last)) = match (ours.peek(), theirs.peek()) {
            (Some(our), Some(their)) if our <= their => ours.next(),
            (Some(_), None) => ours.next(),
            _ => theirs.next(),
        } {
            NumberSet::<N>::push_raw(&mut merged, *first, *last);
        }
        self.ranges = merged;
    }

    /// Takes out all that `other` has. Linear in the ranges of both.
    pub fn difference(&mut self, other: &Self) {
        let (Some((_, highest)), Some((lowest, _))) = (self.ranges.last(), other.ranges.first()) else { return };
        if highest < lowest {
            return;
        }
        let mut left = Vec::with_capacity(self.ranges.len());
        let mut holes = other.ranges.iter().peekable();
        for (mut first, last) in self.ranges.iter().copied() {
            while holes.next_if(|(_, end)| *end < first).is_some() {}
            loop {
                match holes.peek().copied() {
                    Some((start, end)) if *start <= last => {
                        if first < *start {
                            left.push((first, start - 1));
                        }
                        if *end >= last {
                            break;
                        }
                        first = end + 1;
                        holes.next();
                    }
                    _ => {
                        left.push((first, last));
                        break;
                    }
                }
            }
        }
        self.ranges = left;
    }

    /// What both have. Linear in the ranges of both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut both = Vec::new();
        let (mut ours, mut theirs) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        while let (Some((first, last)), Some((start, end))) = (ours.peek().copied(), theirs.peek().copied()) {
            let (from, to) = (*first.max(start), *last.min(end));
            if from <= to {
                both.push((from, to));
            }
            if last < end {
                ours.next()
            } else {
                theirs.next()
            };
        }
        NumberSet { ranges: both, of: PhantomData }
    }

    /// Takes out all above `last`; all there is when it is `None`, as in an empty mailbox.
    pub fn cut_above(&mut self, last: Option<N>) {
        let last = last.map_or(0, |last| last.into().get());
        self.ranges.truncate(self.ranges.partition_point(|(first, _)| *first <= last));
        if let Some((_, end)) = self.ranges.last_mut() {
            *end = last.min(*end);
        }
    }

    /// Takes out all up to `last`, and `last` too.
    pub fn cut_up_to(&mut self, last: N) {
        let last = last.into().get();
        self.ranges.drain(..self.ranges.partition_point(|(_, end)| *end <= last));
        if let Some((first, _)) = self.ranges.first_mut() {
            *first = last.saturating_add(1).max(*first);
        }
    }

    /// The lowest number.
    pub fn first(&self) -> Option<N> {
        self.ranges.first().and_then(|(first, _)| wrap(*first))
    }

    /// The highest number.
    pub fn last(&self) -> Option<N> {
        self.ranges.last().and_then(|(_, last)| wrap(*last))
    }

    /// The highest number that is not above `number`.
    pub fn last_up_to(&self, number: N) -> Option<N> {
        let number = number.into().get();
        let below = self.ranges.partition_point(|(first, _)| *first <= number).checked_sub(1)?;
        self.ranges.get(below).and_then(|(_, last)| wrap(number.min(*last)))
    }

    /// Takes the highest number out.
    pub fn pop_last(&mut self) -> Option<N> {
        let (first, last) = self.ranges.last_mut()?;
        let number = *last;
        if first == last {
            self.ranges.pop();
        } else {
            *last -= 1;
        }
        wrap(number)
    }

    /// The ranges, ascending.
    pub fn ranges(&self) -> impl DoubleEndedIterator<Item = RangeInclusive<N>> + ExactSizeIterator + '_ {
        self.ranges.iter().map(|(first, last)| wrap_nonzero(*first)..=wrap_nonzero(*last))
    }

    /// The numbers one by one, ascending: there may be 4,294,967,295 of them, so ask only of a set whose numbers you have put in yourself.
    pub fn iter(&self) -> impl Iterator<Item = N> + '_ {
        self.ranges.iter().flat_map(|(first, last)| (*first..=*last).filter_map(wrap))
    }
}

fn raw<N: Number>(range: &RangeInclusive<N>) -> (u32, u32) {
    ((*range.start()).into().get(), (*range.end()).into().get())
}

fn wrap<N: Number>(number: u32) -> Option<N> {
    NonZeroU32::new(number).map(N::from)
}

/// The numbers of a set are never 0.
fn wrap_nonzero<N: Number>(number: u32) -> N {
    N::from(NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN))
}

impl<N> Default for NumberSet<N> {
    fn default() -> Self {
        NumberSet::new()
    }
}

impl<N> fmt::Display for NumberSet<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.ranges.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match first == last {
                true => write!(f, "{comma}{first}")?,
                false => write!(f, "{comma}{first}:{last}")?,
            }
        }
        Ok(())
    }
}

impl<N> fmt::Debug for NumberSet<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

impl<N: Number> FromIterator<N> for NumberSet<N> {
    fn from_iter<I: IntoIterator<Item = N>>(numbers: I) -> Self {
        numbers.into_iter().map(|number| number..=number).collect()
    }
}

impl<N: Number> FromIterator<RangeInclusive<N>> for NumberSet<N> {
    fn from_iter<I: IntoIterator<Item = RangeInclusive<N>>>(ranges: I) -> Self {
        let mut unsorted: Vec<(u32, u32)> = Vec::new();
        for (first, last) in ranges.into_iter().map(|range| raw(&range)).filter(|(first, last)| first <= last) {
            match unsorted.last_mut() {
                // Neighbours join at once, so that numbers in their order take no more room than their ranges.
                Some((start, end)) if *start <= first && first <= end.saturating_add(1) => *end = last.max(*end),
                _ => unsorted.push((first, last)),
            }
        }
        NumberSet::from_unsorted(unsorted)
    }
}

impl<N: Number> Extend<N> for NumberSet<N> {
    fn extend<I: IntoIterator<Item = N>>(&mut self, numbers: I) {
        self.union(&numbers.into_iter().collect());
    }
}

impl<N: Number> core::str::FromStr for NumberSet<N> {
    type Err = SetFault;

    fn from_str(text: &str) -> Result<Self, SetFault> {
        NumberSet::parse(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    fn set(text: &str) -> SeqSet {
        if text.is_empty() { SeqSet::new() } else { text.parse().unwrap() }
    }

    fn number(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    #[test]
    fn sets_are_normalised_as_they_are_read() {
        assert_eq!(set("7,3:1,4,9:9,8").to_string(), "1:4,7:9");
        assert_eq!(set("4294967295,1:4294967294").to_string(), "1:4294967295");
        assert_eq!(set("1:4294967295").len(), u64::from(u32::MAX));
        assert_eq!(SeqSet::parse(b"1:*"), Err(SetFault::LastNotAllowed));
        assert_eq!(SeqSet::parse(b"$"), Err(SetFault::SavedAmongNumbers));
        assert_eq!(SeqSet::parse(b""), Err(SetFault::Empty));
        assert_eq!(SeqSet::take(b"3:1] ok").unwrap(), (set("1:3"), &b"] ok"[..]));
    }

    #[test]
    fn the_edges_of_the_numbers_do_not_overflow() {
        let mut edges = set("4294967295");
        assert!(!edges.insert(NonZeroU32::MAX));
        assert!(edges.insert(number(u32::MAX - 1)));
        edges.insert_range(number(1)..=number(2));
        assert_eq!(edges.to_string(), "1:2,4294967294:4294967295");
        edges.cut_up_to(NonZeroU32::MAX);
        assert!(edges.is_empty());
        let mut all = SeqSet::all();
        all.remove_range(number(2)..=number(u32::MAX - 1));
        assert_eq!(all.to_string(), "1,4294967295");
        assert!(all.remove(NonZeroU32::MAX) && all.remove(NonZeroU32::MIN));
        assert!(all.is_empty());
    }

    fn numbers() -> impl Strategy<Value = BTreeSet<u32>> {
        proptest::collection::btree_set(1..40u32, 0..30)
    }

    fn of(numbers: &BTreeSet<u32>) -> SeqSet {
        numbers.iter().rev().copied().map(number).collect()
    }

    fn lawful(set: &SeqSet) -> bool {
        set.ranges.iter().all(|(first, last)| 1 <= *first && first <= last)
            && set.ranges.windows(2).all(|pair| u64::from(pair[0].1) + 1 < u64::from(pair[1].0))
    }

    proptest! {
        #[test]
        fn it_does_what_a_set_of_numbers_does(a in numbers(), b in numbers(), x in 1..45u32, length in 0..9u32) {
            let (one, two) = (of(&a), of(&b));
            let check = |ours: SeqSet, model: BTreeSet<u32>| {
                prop_assert!(lawful(&ours), "{ours:?}");
                prop_assert_eq!(ours.len(), model.len() as u64);
                prop_assert_eq!(ours.iter().map(NonZeroU32::get).collect::<BTreeSet<_>>(), model);
                Ok(())
            };
            let change = |change: &dyn Fn(&mut SeqSet)| {
                let mut set = one.clone();
                change(&mut set);
                set
            };
            check(one.clone(), a.clone())?;
            check(change(&|set| set.union(&two)), &a | &b)?;
            check(change(&|set| set.difference(&two)), &a - &b)?;
            check(one.intersection(&two), &a & &b)?;
            check(change(&|set| set.extend(b.iter().copied().map(number))), &a | &b)?;
            let range: BTreeSet<u32> = (x..=x + length).collect();
            check(change(&|set| set.insert_range(number(x)..=number(x + length))), &a | &range)?;
            check(change(&|set| set.remove_range(number(x)..=number(x + length))), &a - &range)?;
            check(change(&|set| assert_eq!(set.insert(number(x)), !a.contains(&x))), &a | &BTreeSet::from([x]))?;
            check(change(&|set| assert_eq!(set.remove(number(x)), a.contains(&x))), &a - &BTreeSet::from([x]))?;
            check(change(&|set| set.cut_above(NonZeroU32::new(x - 1))), a.range(..x).copied().collect())?;
            check(change(&|set| set.cut_up_to(number(x))), a.range(x + 1..).copied().collect())?;
            let mut popped = one.clone();
            prop_assert_eq!(popped.pop_last().map(NonZeroU32::get), a.last().copied());
            prop_assert_eq!((one.first().map(NonZeroU32::get), one.last()), (a.first().copied(), a.last().copied().map(number)));
            prop_assert_eq!(one.contains(number(x)), a.contains(&x));
        }

        #[test]
        fn what_is_written_is_read_again(a in numbers()) {
            let set = of(&a);
            let mut octets = Vec::new();
            set.write(&mut |piece: &[u8]| octets.extend_from_slice(piece));
            prop_assert_eq!(&octets, &set.to_string().into_bytes());
            prop_assert_eq!(SeqSet::parse(&octets).unwrap_or_default(), set);
        }
    }
}
