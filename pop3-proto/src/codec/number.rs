use core::fmt;
use core::num::NonZeroU32;

use super::command::Syntax;

/// A message number: 1 to 4,294,967,295, fixed for the length of a session (RFC 1939 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageNumber(NonZeroU32);

impl MessageNumber {
    /// The number, unless it is 0.
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(MessageNumber(number)),
            None => None,
        }
    }

    /// The number of the message that stands at `index`, counted from 0.
    pub fn from_index(index: usize) -> Option<Self> {
        u32::try_from(index).ok()?.checked_add(1).and_then(MessageNumber::new)
    }

    /// Reads decimal digits: no sign, no blank, no other character; leading zeros are let pass.
    pub fn parse(digits: &[u8]) -> Result<Self, Syntax> {
        let number = parse_u32(digits)?;
        MessageNumber::new(number).ok_or(Syntax::ZeroNumber)
    }

    /// The number itself.
    pub const fn number(self) -> u32 {
        self.0.get()
    }

    /// The place in a list that is counted from 0.
    pub const fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl fmt::Display for MessageNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub(crate) fn parse_u32(digits: &[u8]) -> Result<u32, Syntax> {
    u32::try_from(parse_u64(digits)?).map_err(|_| Syntax::HugeNumber)
}

pub(crate) fn parse_u64(digits: &[u8]) -> Result<u64, Syntax> {
    if digits.is_empty() {
        return Err(Syntax::NotANumber);
    }
    let mut number: u64 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(Syntax::NotANumber);
        }
        let next = number.checked_mul(10).and_then(|number| number.checked_add(u64::from(digit - b'0')));
        number = next.ok_or(Syntax::HugeNumber)?;
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_from_one_to_the_end_of_32_bits() {
        assert_eq!(MessageNumber::parse(b"1").map(MessageNumber::index), Ok(0));
        assert_eq!(MessageNumber::parse(b"0007").map(MessageNumber::number), Ok(7));
        assert_eq!(MessageNumber::parse(b"4294967295").map(MessageNumber::number), Ok(u32::MAX));
        assert_eq!(MessageNumber::parse(b"4294967296"), Err(Syntax::HugeNumber));
        assert_eq!(MessageNumber::parse(b"99999999999999999999999"), Err(Syntax::HugeNumber));
        assert_eq!(MessageNumber::parse(b"0"), Err(Syntax::ZeroNumber));
        for odd in [&b""[..], b"-1", b"+1", b"1x", b"x", b" 1", b"1.0"] {
            assert_eq!(MessageNumber::parse(odd), Err(Syntax::NotANumber), "{odd:?}");
        }
    }
}
