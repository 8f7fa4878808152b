//! SEARCH and SORT (RFC 3501 §7.2.5, RFC 5256 §4), with the mod-sequence of RFC 7162 §3.1.5.

use alloc::vec::Vec;
use core::num::NonZeroU32;

use memchr::memchr_iter;

use crate::codec::cursor::{Cursor, Read};
use crate::codec::encode::{Encode, Unwritable, Writer};
use crate::codec::fault::Expected;
use crate::codec::number::{ModSeq, mod_seq_or_zero};

/// The messages that SEARCH has found, or SORT has put in order: sequence numbers, or UIDs where the command was a UID one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchResult {
    /// Their numbers: rising for SEARCH with most servers, in the order that was asked for with SORT.
    pub numbers: Vec<NonZeroU32>,
    /// The highest mod-sequence among them, where the search was for mod-sequences.
    pub mod_seq: Option<ModSeq>,
}

impl SearchResult {
    /// Reads what stands after the word.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let mut result = SearchResult { numbers: read_numbers(cursor)?, mod_seq: None };
        if cursor.eat(b'(') {
            if !cursor.eat_word(b"MODSEQ") {
                return cursor.fail(Expected::ModSeq);
            }
            cursor.space()?;
            result.mod_seq = Some(cursor.with(mod_seq_or_zero)?);
            cursor.close()?;
        }
        Ok(result)
    }
}

/// Numbers, each after a space; stops at what is none.
fn read_numbers(cursor: &mut Cursor<'_>) -> Read<Vec<NonZeroU32>> {
    // One space for each: no number grows the vector again, and no other input makes it larger than itself.
    let mut numbers = Vec::with_capacity(memchr_iter(b' ', cursor.rest()).count());
    while let [b' ', after @ ..] = cursor.rest() {
        let (number, len) = after.first_chunk().map_or((0, 0), |bytes| short_number(*bytes));
        if let (Some(number), Some(rest)) = (NonZeroU32::new(number), after.get(len..)) {
            numbers.push(number);
            cursor.resume(rest);
            continue;
        }
        cursor.skip_spaces();
        if !cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            break;
        }
        numbers.push(cursor.nz_number()?);
    }
    Ok(numbers)
}

/// The number of one to seven digits at the start of eight bytes, and how many digits it has; 0 and 0 where there is none of these.
///
/// All eight are looked at in one register. RFC 9051 has no shorter way to say which messages were found than their numbers, and a
/// mailbox may have millions.
#[inline]
fn short_number(bytes: [u8; 8]) -> (u32, usize) {
    let digits = u64::from_le_bytes(bytes) ^ 0x3030_3030_3030_3030;
    // The high bit of each byte that is more than 9.
    let others = (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080;
    let len = (others.trailing_zeros() / 8) as usize;
    if len == 0 || len == 8 {
        return (0, 0);
    }
    // Zeros in the place of what follows, before the digits: little-endian, so the first digit is the lowest byte.
    let digits = digits << (64 - 8 * len);
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let low = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let high = (pairs >> 16 & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    ((low.wrapping_add(high) >> 32) as u32, len)
}

impl Encode for SearchResult {
    /// Writes what stands after the word.
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        for number in &self.numbers {
            writer.space();
            writer.number(number.get().into());
        }
        if let Some(mod_seq) = self.mod_seq {
            writer.put(b" (MODSEQ ");
            writer.number(mod_seq.get());
            writer.put(b")");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn short_numbers_are_read_as_the_long_way_reads_them(number in 0u32..10_000_000, after in "[^0-9].{7}") {
            let text = format!("{number}{after}");
            let bytes: [u8; 8] = text.as_bytes()[..8].try_into().unwrap();
            let expected = format!("{number}").len();
            prop_assert_eq!(short_number(bytes), (number, expected));
        }
    }

    #[test]
    fn what_is_not_short_is_left_to_the_long_way() {
        assert_eq!(short_number(*b"12345678"), (0, 0));
        assert_eq!(short_number(*b"/1234567"), (0, 0));
        assert_eq!(short_number(*b":1234567"), (0, 0));
        assert_eq!(short_number(*b"1\xb1345678"), (1, 1));
    }
}
