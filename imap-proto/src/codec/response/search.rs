//! SEARCH and SORT (RFC 3501 §7.2.5, RFC 5256 §4), with the mod-sequence of RFC 7162 §3.1.5.

use alloc::vec;
use alloc::vec::Vec;
use core::hint::black_box;
use core::num::{NonZeroU32, NonZeroU64};

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
///
/// Before RFC 4731 there was no shorter way to say which messages were found than all their numbers, and a mailbox may have millions: so
/// those of at most seven digits are read eight bytes at a time, in one register.
fn read_numbers(cursor: &mut Cursor<'_>) -> Read<Vec<NonZeroU32>> {
    let all = cursor.rest();
    let (plain, spaces) = count_plain(all);
    let plain = all.get(..plain).unwrap_or_default();
    // One space for each: no number grows the vector, and no other input makes it larger than itself.
    let mut numbers = vec![NonZeroU32::MIN; spaces];
    let mut count = 0;
    let mut rest = plain.strip_prefix(b" ").unwrap_or_default();
    while let Some(slots) = numbers.get_mut(count..) {
        let many = read_short_numbers::<8, 64>(&mut rest, slots);
        // A short result is all there is, and so is the end of a long one.
        let some = slots.get_mut(many..).map_or(0, |slots| read_short_numbers::<4, 32>(&mut rest, slots));
        count += many + some;
        // What is longer, one of the last, or after more spaces than one.
        cursor.resume(all.get(plain.len() - rest.len()..).unwrap_or_default());
        cursor.skip_spaces();
        let Some(slot) = numbers.get_mut(count).filter(|_| cursor.peek().is_some_and(|byte| byte.is_ascii_digit()))
        else {
            break;
        };
        *slot = cursor.nz_number()?;
        count += 1;
        if !cursor.eat(b' ') {
            break;
        }
        rest = plain.get(all.len() - cursor.rest().len()..).unwrap_or_default();
    }
    numbers.truncate(count);
    Ok(numbers)
}

/// Reads numbers of at most seven digits with one space after each, `N` at a time, as long as they lie in `SPAN` bytes of digits and
/// spaces: eight for each number.
/// Gives how many it has read.
// Alone it has all registers for itself.
#[inline(never)]
fn read_short_numbers<const N: usize, const SPAN: usize>(rest: &mut &[u8], slots: &mut [NonZeroU32]) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    // Hidden from the compiler, which would load them anew for each number.
    let (zeros, spaces) = black_box((EACH * b'0' as u64, EACH * 0x10));
    let (in_pairs, in_fours, join_fours) =
        black_box((0x00ff_00ff_00ff_00ff, 0x0000_ffff_0000_ffff, (10_000u64 << 32) + 1));
    let mut count = 0;
    for slots in slots.as_chunks_mut::<N>().0 {
        let Some(bytes) = rest.first_chunk::<SPAN>() else { break };
        let mut digits_before = 0;
        for (before, slot) in slots.iter_mut().enumerate() {
            let at = digits_before + before;
            let Some(bytes) = bytes.get(at..at + 8).and_then(|bytes| bytes.first_chunk()) else { return count };
            let digits = u64::from_le_bytes(*bytes) ^ zeros;
            // Of digits and spaces only a space still has this bit.
            let Some(space) = NonZeroU64::new(digits & spaces) else { return count };
            let space = space.trailing_zeros();
            // What follows goes, zeros come before: by this shift, and by another byte in the first factor. The first digit is in the
            // lowest byte: each step joins it, and what it has become, to the next.
            let digits = digits << (space ^ 60);
            let pairs = (digits.wrapping_mul(((10 << 8) + 1) << 8) >> 8) & in_pairs;
            let fours = (pairs.wrapping_mul((100 << 16) + 1) >> 16) & in_fours;
            let number = fours.wrapping_mul(join_fours) >> 32;
            let Some(number) = NonZeroU32::new(number as u32) else { return count };
            *slot = number;
            digits_before += space as usize / 8;
        }
        *rest = &rest[digits_before + slots.len()..];
        count += slots.len();
    }
    count
}

/// How many of the first bytes are digits and spaces, and how many of these are spaces.
fn count_plain(bytes: &[u8]) -> (usize, usize) {
    /// How many are looked at together: no more than a byte can count.
    const BLOCK: usize = 128;
    let is_digit = |byte: u8| byte.wrapping_sub(b'0') < 10;
    let (mut plain, mut spaces) = (0, 0);
    for block in bytes.as_chunks::<BLOCK>().0 {
        let (mut digits, mut others) = (0u8, 0u8);
        for byte in block {
            digits += u8::from(is_digit(*byte));
            others += u8::from(*byte == b' ');
        }
        if usize::from(digits) + usize::from(others) < BLOCK {
            break;
        }
        plain += BLOCK;
        spaces += usize::from(others);
    }
    for byte in bytes.iter().skip(plain).take_while(|byte| is_digit(**byte) || **byte == b' ') {
        plain += 1;
        spaces += usize::from(*byte == b' ');
    }
    (plain, spaces)
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
    use alloc::string::String;
    use proptest::prelude::*;

    fn read(text: &str) -> Read<Vec<u32>> {
        let result = SearchResult::read(&mut Cursor::new(text.as_bytes()))?;
        Ok(result.numbers.into_iter().map(NonZeroU32::get).collect())
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_they_were_written(numbers in proptest::collection::vec(digits(), 0..40), spaces in 1usize..3) {
            let mut text = String::new();
            for number in &numbers {
                text += &" ".repeat(spaces);
                text += &format!("{number}");
            }
            prop_assert_eq!(read(&text), Ok(numbers.clone()));
            prop_assert_eq!(read(&(text.clone() + "\r\n")), Ok(numbers.clone()));
            prop_assert_eq!(read(&(text + " ")), Ok(numbers));
        }
    }

    /// Numbers of any length.
    fn digits() -> impl Strategy<Value = u32> {
        (0u32..32, 1u32..).prop_map(|(shift, number)| (number >> shift).max(1))
    }

    #[test]
    fn a_zero_is_refused_wherever_it_stands() {
        for odd in [" 0", " 1 0", " 0 1 2 3 4 5 6 7 8", " 1 0 2 3 4 5 6 7 8 9", " 00 1 2 3 4 5 6 7"] {
            assert!(read(odd).is_err(), "{odd}");
        }
        assert_eq!(read(" 01 0000000002 3 4 5 6 7 8 9"), Ok([1, 2, 3, 4, 5, 6, 7, 8, 9].into()));
    }
}
