use core::fmt;
use core::num::NonZeroU32;

use super::fault::{Expected, Parsed, fail};

/// A message's unique identifier: 1 to 4,294,967,295, rising with each message (RFC 9051 §2.3.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(NonZeroU32);

impl Uid {
    /// The lowest.
    pub const MIN: Uid = Uid(NonZeroU32::MIN);
    /// The highest.
    pub const MAX: Uid = Uid(NonZeroU32::MAX);

    /// The identifier, unless it is 0.
    pub const fn new(number: u32) -> Option<Uid> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Uid(number)),
            None => None,
        }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// The number as a type that knows it is not 0.
    pub const fn non_zero(self) -> NonZeroU32 {
        self.0
    }

    /// The identifier after this one, unless this is the highest.
    pub const fn next(self) -> Option<Uid> {
        match self.0.checked_add(1) {
            Some(number) => Some(Uid(number)),
            None => None,
        }
    }
}

impl From<NonZeroU32> for Uid {
    fn from(number: NonZeroU32) -> Self {
        Uid(number)
    }
}

impl From<Uid> for NonZeroU32 {
    fn from(uid: Uid) -> Self {
        uid.0
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A mod-sequence: 0 to 2^63 - 1 (RFC 7162 §3.1). A message's own is never 0; 0 is what a client says that knows none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModSeq(u64);

impl ModSeq {
    /// The lowest that a message can have.
    pub const ONE: ModSeq = ModSeq(1);
    /// The highest.
    pub const MAX: ModSeq = ModSeq(u64::MAX >> 1);

    /// The mod-sequence, unless it needs 64 bits.
    pub const fn new(number: u64) -> Option<ModSeq> {
        if number <= ModSeq::MAX.0 { Some(ModSeq(number)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether it is 0, which no message has.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The mod-sequence after this one, unless this is the highest.
    pub const fn next(self) -> Option<ModSeq> {
        ModSeq::new(self.0 + 1)
    }
}

impl fmt::Display for ModSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Digits, as a number of 64 bits. Leading zeros are let pass.
#[inline]
pub(crate) fn digits(input: &[u8]) -> Parsed<'_, u64> {
    /// So many digits always fit.
    const SAFE: usize = 19;
    let (mut number, mut rest) = (0u64, input);
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        rest = after;
    }
    match input.len() - rest.len() {
        0 => fail(input, Expected::Number),
        1..=SAFE => Ok((rest, number)),
        count => match checked(&input[..count]) {
            Some(number) => Ok((rest, number)),
            None => fail(input, Expected::SmallerNumber),
        },
    }
}

#[cold]
fn checked(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |number, digit| number.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
}

/// `number64`: below 2^63 (RFC 9051 §9).
pub(crate) fn number64(input: &[u8]) -> Parsed<'_, u64> {
    let (rest, number) = digits(input)?;
    if number <= ModSeq::MAX.0 { Ok((rest, number)) } else { fail(input, Expected::SmallerNumber) }
}

/// `number`: 32 bits.
pub(crate) fn number(input: &[u8]) -> Parsed<'_, u32> {
    let (rest, number) = digits(input)?;
    match u32::try_from(number) {
        Ok(number) => Ok((rest, number)),
        Err(_) => fail(input, Expected::SmallerNumber),
    }
}

/// `nz-number`: 32 bits and not 0.
pub(crate) fn nz_number(input: &[u8]) -> Parsed<'_, NonZeroU32> {
    let (rest, number) = number(input)?;
    match NonZeroU32::new(number) {
        Some(number) => Ok((rest, number)),
        None => fail(input, Expected::NonZero),
    }
}

/// `mod-sequence-valzer` (RFC 7162 §7).
pub(crate) fn mod_seq_or_zero(input: &[u8]) -> Parsed<'_, ModSeq> {
    let (rest, number) = digits(input)?;
    match ModSeq::new(number) {
        Some(number) => Ok((rest, number)),
        None => fail(input, Expected::ModSeq),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    fn left<O>(parsed: Parsed<'_, O>) -> Option<O> {
        parsed.ok().filter(|(rest, _)| rest.is_empty()).map(|(_, value)| value)
    }

    #[test]
    fn the_edges_of_each_kind() {
        assert_eq!(left(nz_number(b"1")), NonZeroU32::new(1));
        assert_eq!(left(nz_number(b"4294967295")), Some(NonZeroU32::MAX));
        assert_eq!(left(nz_number(b"4294967296")), None);
        assert_eq!(left(nz_number(b"0")), None);
        assert_eq!(left(number(b"0")), Some(0));
        assert_eq!(left(nz_number(b"007")), NonZeroU32::new(7));
        assert_eq!(left(mod_seq_or_zero(b"9223372036854775807")), Some(ModSeq::MAX));
        assert_eq!(left(mod_seq_or_zero(b"9223372036854775808")), None);
        assert_eq!(left(mod_seq_or_zero(b"0")), Some(ModSeq::default()));
        assert_eq!(left(digits(b"18446744073709551615")), Some(u64::MAX));
        assert_eq!(left(digits(b"18446744073709551616")), None);
        assert_eq!(left(digits(b"000000000000000000000000000000001")), Some(1));
        assert_eq!(left(digits(b"99999999999999999999999999999999999999999")), None);
        for odd in [&b""[..], b"-1", b"+1", b" 1", b"x"] {
            assert_eq!(left(digits(odd)), None);
        }
        assert_eq!((Uid::MAX.next(), ModSeq::MAX.next()), (None, None));
    }

    proptest! {
        #[test]
        fn numbers_read_as_they_were_written(number: u64) {
            prop_assert_eq!(left(digits(format!("{number}").as_bytes())), Some(number));
            prop_assert_eq!(left(mod_seq_or_zero(format!("{number}").as_bytes())), ModSeq::new(number));
        }
    }
}
