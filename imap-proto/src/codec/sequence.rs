//! Sets of messages as commands name them: `2,4:7,9,12:*` and `$` (RFC 3501 §9 `sequence-set`, RFC 9051 §4.1, RFC 5182).

use alloc::vec::Vec;
use core::fmt;
use core::num::{NonZeroU32, NonZeroU64};

use thiserror::Error;

use super::number_set::{Number, NumberSet};

/// A message sequence number: 1 is the first message of the selected mailbox (RFC 9051 §2.3.1.2).
pub type SeqNo = NonZeroU32;

/// The messages that a command is about, by sequence numbers or by UIDs; what they are is told by the command.
///
/// It is kept as it was written: spans are neither sorted, nor merged, nor ever expanded, so `1:4294967295` costs as much as `1`. One span lies in the
/// value itself; more of them cost one allocation.
///
/// `*` is the highest number in use, and is known only where the mailbox is: [`resolve`](Self::resolve) takes it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SequenceSet(Spans);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Spans {
    Saved,
    One(Span),
    /// Two at least.
    Many(Vec<Span>),
}

impl SequenceSet {
    /// Every message: `1:*`.
    pub const ALL: SequenceSet = SequenceSet(Spans::One(Span::new(Bound::Number(NonZeroU32::MIN), Bound::Last)));

    /// The last message: `*`.
    pub const LAST: SequenceSet = SequenceSet(Spans::One(Span::new(Bound::Last, Bound::Last)));

    /// What the last search with `SAVE` has found: `$` (RFC 5182 §2.1).
    pub const SAVED: SequenceSet = SequenceSet(Spans::Saved);

    /// Reads a whole set; nothing may stand before or behind it. Time and memory are linear in the octets given.
    pub fn parse(octets: &[u8]) -> Result<Self, SetFault> {
        let (set, rest) = SequenceSet::take(octets)?;
        if rest.is_empty() { Ok(set) } else { Err(SetFault::NotANumber) }
    }

    /// Reads the set that `octets` begin with, and gives what lies behind it.
    pub fn take(octets: &[u8]) -> Result<(Self, &[u8]), SetFault> {
        if let [b'$', rest @ ..] = octets {
            return match rest.first() {
                Some(octet) if is_of_set(*octet) => Err(SetFault::SavedAmongNumbers),
                _ => Ok((SequenceSet::SAVED, rest)),
            };
        }
        let (first, rest) = Span::take(octets)?;
        match rest.first() {
            Some(b',') => SequenceSet::take_more(first, rest),
            Some(octet) if is_of_set(*octet) => Err(SetFault::NotANumber),
            _ => Ok((SequenceSet(Spans::One(first)), rest)),
        }
    }

    /// What follows the first span: a comma, and more of them.
    #[inline(never)]
    fn take_more(first: Span, mut rest: &[u8]) -> Result<(Self, &[u8]), SetFault> {
        // Most have a few.
        let mut many = Vec::with_capacity(4);
        many.push(first);
        while let [b',', after @ ..] = rest {
            let (span, after) = Span::take(after)?;
            many.push(span);
            rest = after;
        }
        match rest.first() {
            Some(octet) if is_of_set(*octet) => Err(SetFault::NotANumber),
            _ => Ok((SequenceSet(Spans::Many(many)), rest)),
        }
    }

    /// One message.
    pub const fn one(number: NonZeroU32) -> Self {
        SequenceSet(Spans::One(Span::new(Bound::Number(number), Bound::Number(number))))
    }

    /// The messages from one bound to the other, both included, in whichever order they are given.
    pub const fn span(from: Bound, to: Bound) -> Self {
        SequenceSet(Spans::One(Span::new(from, to)))
    }

    /// The spans given, as they are; `None` when there are none, because a set that is written names at least one message.
    pub fn from_spans(spans: impl IntoIterator<Item = Span>) -> Option<Self> {
        let mut spans = spans.into_iter();
        let first = spans.next()?;
        let Some(second) = spans.next() else { return Some(SequenceSet(Spans::One(first))) };
        let mut many = Vec::with_capacity(2 + spans.size_hint().0);
        many.extend([first, second]);
        many.extend(spans);
        Some(SequenceSet(Spans::Many(many)))
    }

    /// The numbers of a set that is not empty.
    pub fn from_numbers<N: Number>(numbers: &NumberSet<N>) -> Option<Self> {
        SequenceSet::from_spans(numbers.ranges().map(|range| {
            let (first, last) = range.into_inner();
            Span::new(Bound::Number(first.into()), Bound::Number(last.into()))
        }))
    }

    /// The spans as they were written; none for `$`.
    pub fn spans(&self) -> &[Span] {
        match &self.0 {
            Spans::Saved => &[],
            Spans::One(span) => core::slice::from_ref(span),
            Spans::Many(spans) => spans,
        }
    }

    /// Whether this is `$`.
    pub fn is_saved(&self) -> bool {
        self.0 == Spans::Saved
    }

    /// Whether `*` is in it, so that it means another set when messages arrive.
    pub fn names_last(&self) -> bool {
        self.spans().iter().any(|span| span.from == Bound::Last || span.to == Bound::Last)
    }

    /// The highest number that is written out.
    pub fn highest(&self) -> Option<NonZeroU32> {
        self.spans().iter().flat_map(|span| [span.from.number(), span.to.number()]).flatten().max()
    }

    /// What the set means where `last` is the highest number in use, and `None` an empty mailbox: sorted, merged, and nothing above `last`.
    ///
    /// `*` is `last`, so `559:*` with `last` below 559 is `last` alone (RFC 9051 §6.4.9), and `*` of an empty mailbox is nothing. `$` is
    /// nothing here: who keeps the result of the search puts it in its place.
    pub fn resolve<N: Number>(&self, last: Option<N>) -> NumberSet<N> {
        let Some(last) = last.map(Into::<NonZeroU32>::into) else { return NumberSet::new() };
        let spans = self.spans().iter().map(|span| span.resolve(last)).filter(|(from, _)| *from <= last);
        spans.map(|(from, to)| N::from(from)..=N::from(to.min(last))).collect()
    }

    /// Whether `number` is in it where `last` is the highest number in use. Looks at each span.
    pub fn contains(&self, number: NonZeroU32, last: NonZeroU32) -> bool {
        self.spans().iter().map(|span| span.resolve(last)).any(|(first, to)| first <= number && number <= to)
    }

    /// Writes it in the words of the grammar, piece by piece and without an allocation.
    pub fn write(&self, out: &mut impl FnMut(&[u8])) {
        if self.is_saved() {
            return out(b"$");
        }
        for (index, span) in self.spans().iter().enumerate() {
            if index > 0 {
                out(b",");
            }
            span.write(out);
        }
    }
}

impl fmt::Display for SequenceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_saved() {
            return f.write_str("$");
        }
        for (index, span) in self.spans().iter().enumerate() {
            write!(f, "{}{span}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl fmt::Debug for SequenceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SequenceSet({self})")
    }
}

impl core::str::FromStr for SequenceSet {
    type Err = SetFault;

    fn from_str(text: &str) -> Result<Self, SetFault> {
        SequenceSet::parse(text.as_bytes())
    }
}

/// One number, or two with all that lie between them (`seq-range`): the second may be the lower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The bound that is written first.
    pub from: Bound,
    /// The bound that is written second; the same as the first where only one is written.
    pub to: Bound,
}

impl Span {
    /// From one bound to the other.
    pub const fn new(from: Bound, to: Bound) -> Self {
        Span { from, to }
    }

    #[inline]
    fn take(octets: &[u8]) -> Result<(Self, &[u8]), SetFault> {
        let (from, rest) = Bound::take(octets)?;
        match rest {
            [b':', rest @ ..] => Bound::take(rest).map(|(to, rest)| (Span::new(from, to), rest)),
            _ => Ok((Span::new(from, from), rest)),
        }
    }

    /// The lower and the higher number, where `last` stands for `*`. What is written above `last` stays as it is.
    pub fn resolve(self, last: NonZeroU32) -> (NonZeroU32, NonZeroU32) {
        let (from, to) = (self.from.number().unwrap_or(last), self.to.number().unwrap_or(last));
        (from.min(to), from.max(to))
    }

    fn write(self, out: &mut impl FnMut(&[u8])) {
        self.from.write(out);
        if self.from != self.to {
            out(b":");
            self.to.write(out);
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.from.fmt(f)?;
        if self.from != self.to {
            write!(f, ":{}", self.to)?;
        }
        Ok(())
    }
}

/// A number, or the highest number in use (`seq-number`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// A number that is written out.
    Number(NonZeroU32),
    /// `*`.
    Last,
}

impl Bound {
    #[inline]
    fn take(octets: &[u8]) -> Result<(Self, &[u8]), SetFault> {
        match octets {
            [b'*', rest @ ..] => Ok((Bound::Last, rest)),
            [b'$', ..] => Err(SetFault::SavedAmongNumbers),
            _ => take_number(octets).map(|(number, rest)| (Bound::Number(number), rest)),
        }
    }

    /// The number, unless it is `*`.
    pub const fn number(self) -> Option<NonZeroU32> {
        match self {
            Bound::Number(number) => Some(number),
            Bound::Last => None,
        }
    }

    fn write(self, out: &mut impl FnMut(&[u8])) {
        match self {
            Bound::Last => out(b"*"),
            Bound::Number(number) => out(itoa::Buffer::new().format(number.get()).as_bytes()),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Last => f.write_str("*"),
            Bound::Number(number) => number.fmt(f),
        }
    }
}

/// What is wrong with a set of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum SetFault {
    /// There is nothing where the set should be.
    #[error("a set of numbers is missing: write at least one, such as 1 or 1:*")]
    Empty,
    /// A number is missing at the end of a range or between commas, or is none.
    #[error("a set of numbers has something else than a number or * in it")]
    NotANumber,
    /// A number is 0.
    #[error("0 numbers no message: messages are numbered from 1")]
    Zero,
    /// A number begins with 0.
    #[error("a number in a set begins with 0: write it without")]
    LeadingZero,
    /// A number is above 4,294,967,295.
    #[error("a number in a set is above 4294967295")]
    Huge,
    /// `$` has other numbers beside it.
    #[error("$ cannot be combined with numbers: it stands alone")]
    SavedAmongNumbers,
    /// `*` stands in a set that may only have numbers written out (RFC 4315 §4 `uid-set`).
    #[error("* has no meaning in this set: write the numbers out")]
    LastNotAllowed,
}

/// Cuts off the octets that can be part of a set.
pub(super) fn split_set(octets: &[u8]) -> (&[u8], &[u8]) {
    octets.split_at(octets.iter().position(|octet| !is_of_set(*octet)).unwrap_or(octets.len()))
}

#[inline]
fn is_of_set(octet: u8) -> bool {
    matches!(octet, b'0'..=b'9' | b':' | b',' | b'*' | b'$')
}

/// `nz-number`.
pub(super) fn parse_number(digits: &[u8]) -> Result<NonZeroU32, SetFault> {
    match take_number(digits)? {
        (number, []) => Ok(number),
        _ => Err(SetFault::NotANumber),
    }
}

/// The `nz-number` that `octets` begin with, and what lies behind it.
#[inline]
fn take_number(octets: &[u8]) -> Result<(NonZeroU32, &[u8]), SetFault> {
    match take_short_number(octets) {
        Some(short) => Ok(short),
        None => take_any_number(octets),
    }
}

/// The same, digit by digit.
#[inline(never)]
fn take_any_number(octets: &[u8]) -> Result<(NonZeroU32, &[u8]), SetFault> {
    /// The most digits of a number of 32 bits.
    const DIGITS: usize = 10;
    let (mut number, mut rest) = (0u64, octets);
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        rest = after;
    }
    let count = octets.len() - rest.len();
    match (octets.first(), u32::try_from(number).ok().and_then(NonZeroU32::new)) {
        (Some(b'1'..=b'9'), Some(number)) if count <= DIGITS => Ok((number, rest)),
        _ => Err(fault_of_number(&octets[..count])),
    }
}

/// The same of at most seven digits, all looked at together; `None` for what begins with 0, too, and where not so many octets are left.
#[inline]
fn take_short_number(octets: &[u8]) -> Option<(NonZeroU32, &[u8])> {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    let digits = u64::from_le_bytes(*octets.first_chunk()?) ^ (EACH * b'0' as u64);
    // The lowest of these bits is that of the first octet that is no digit; above it a carry may have set others.
    let after = NonZeroU64::new((digits.wrapping_add(EACH * (0x80 - 10)) | digits) & (EACH * 0x80))?;
    let bits = after.trailing_zeros() & !7;
    if bits == 0 || digits & 0xff == 0 {
        return None;
    }
    // Zeros come before the digits. Each step joins a digit, and what it has become, to the next.
    let digits = digits << (64 - bits);
    let pairs = (digits.wrapping_mul((10 << 8) + 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul((100 << 16) + 1) >> 16) & 0x0000_ffff_0000_ffff;
    let number = fours.wrapping_mul((10_000 << 32) + 1) >> 32;
    Some((NonZeroU32::new(number as u32)?, octets.get(bits as usize / 8..)?))
}

#[cold]
fn fault_of_number(digits: &[u8]) -> SetFault {
    let digits_of_value = digits.iter().skip_while(|digit| **digit == b'0');
    let value =
        digits_of_value.fold(0, |value: u64, digit| value.saturating_mul(10).saturating_add((digit - b'0').into()));
    match value {
        _ if digits.is_empty() => SetFault::NotANumber,
        0 => SetFault::Zero,
        value if u32::try_from(value).is_err() => SetFault::Huge,
        _ => SetFault::LeadingZero,
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<SequenceSet, SetFault> {
        SequenceSet::parse(text.as_bytes())
    }

    fn resolved(text: &str, last: u32) -> alloc::string::String {
        parse(text).unwrap().resolve::<SeqNo>(NonZeroU32::new(last)).to_string()
    }

    #[test]
    fn sets_are_kept_as_they_are_written() {
        for text in ["1", "*", "$", "1:*", "*:1", "4:2", "2,4:7,9,12:*", "4294967295", "5:5", "1,1,1"] {
            let set = parse(text).unwrap();
            let written = if text == "5:5" { "5" } else { text };
            assert_eq!(set.to_string(), written);
            let mut octets = Vec::new();
            set.write(&mut |piece: &[u8]| octets.extend_from_slice(piece));
            assert_eq!(octets, written.as_bytes());
        }
    }

    #[test]
    fn faults_have_their_names() {
        let rows = [
            ("", SetFault::NotANumber),
            ("0", SetFault::Zero),
            ("00", SetFault::Zero),
            ("1:0", SetFault::Zero),
            ("01", SetFault::LeadingZero),
            ("4294967296", SetFault::Huge),
            ("99999999999999999999", SetFault::Huge),
            ("-1", SetFault::NotANumber),
            ("1,", SetFault::NotANumber),
            (",1", SetFault::NotANumber),
            ("1:", SetFault::NotANumber),
            ("1:2:3", SetFault::NotANumber),
            ("**", SetFault::NotANumber),
            ("1 ", SetFault::NotANumber),
            ("$,1", SetFault::SavedAmongNumbers),
            ("1:$", SetFault::SavedAmongNumbers),
        ];
        for (text, fault) in rows {
            assert_eq!(parse(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn a_set_is_cut_off_what_follows() {
        assert_eq!(SequenceSet::take(b"1:3,9 FLAGS").unwrap(), (parse("1:3,9").unwrap(), &b" FLAGS"[..]));
        assert_eq!(SequenceSet::take(b"FLAGS"), Err(SetFault::NotANumber));
    }

    #[test]
    fn the_last_message_has_a_meaning_everywhere() {
        assert_eq!(resolved("*", 7), "7");
        assert_eq!(resolved("559:*", 7), "7", "the last message, although it is below");
        assert_eq!(resolved("*:3", 7), "3:7");
        assert_eq!(resolved("9:3", 7), "3:7", "descending, and cut at the last");
        assert_eq!(resolved("8:9,2,1", 7), "1:2");
        assert_eq!(resolved("1:*", 0), "", "there is no message");
        assert_eq!(resolved("$", 7), "");
        assert_eq!(resolved("1:4294967295", u32::MAX), "1:4294967295");
    }

    #[test]
    fn one_span_costs_no_allocation() {
        assert!(size_of::<SequenceSet>() <= 24);
        assert!(matches!(parse("1:4294967295").unwrap().0, Spans::One(_)));
    }

    fn spans() -> impl Strategy<Value = SequenceSet> {
        let edge = prop_oneof![1..40u32, Just(u32::MAX), Just(u32::MAX - 1)].prop_map(|n| NonZeroU32::new(n).unwrap());
        let bound = prop_oneof![4 => edge.prop_map(Bound::Number), 1 => Just(Bound::Last)];
        let span = (bound.clone(), bound).prop_map(|(from, to)| Span::new(from, to));
        proptest::collection::vec(span, 1..12).prop_map(|spans| SequenceSet::from_spans(spans).unwrap())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(set in spans()) {
            prop_assert_eq!(parse(&set.to_string()), Ok(set));
        }

        #[test]
        fn resolving_says_of_each_number_what_the_spans_say(set in spans(), last in 1..50u32) {
            let resolved: NumberSet<SeqNo> = set.resolve(NonZeroU32::new(last));
            for number in (1..60).filter_map(NonZeroU32::new) {
                let expected = number.get() <= last && set.contains(number, NonZeroU32::new(last).unwrap());
                prop_assert_eq!(resolved.contains(number), expected, "{} in {}", number, &set);
            }
        }

        #[test]
        fn any_octets_are_read_or_refused(octets in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(set) = SequenceSet::parse(&octets) {
                prop_assert_eq!(parse(&set.to_string()), Ok(set));
            }
        }
    }
}
