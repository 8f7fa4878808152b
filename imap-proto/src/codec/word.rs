//! Words in any case, told apart by two comparisons.

/// A word of at most [`LONGEST`](Self::LONGEST) bytes, in upper case: the bytes in their order, and its length in the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    start: u64,
    end: u64,
}

/// Makes constants of words that are looked for, of the same names. A `_` stands for a dot.
macro_rules! known_words {
    ($($name:ident)*) => {
        $(const $name: $crate::codec::word::Word = $crate::codec::word::Word::known(stringify!($name));)*
    };
}
pub(crate) use known_words;

impl Word {
    const LONGEST: usize = 15;

    /// What is equal to no word that is known.
    const TOO_LONG: Word = Word { start: 0, end: u64::MAX };

    /// A word that is looked for.
    pub(crate) const fn known(word: &str) -> Word {
        let word = word.as_bytes();
        assert!(word.len() <= Word::LONGEST, "the word is too long");
        let (mut bytes, mut at) = ((word.len() as u128) << 120, 0);
        while at < word.len() {
            assert!(!word[at].is_ascii_lowercase(), "words are known in upper case");
            let byte = if word[at] == b'_' { b'.' } else { word[at] };
            bytes |= (byte as u128) << (8 * at);
            at += 1;
        }
        Word { start: bytes as u64, end: (bytes >> 64) as u64 }
    }

    /// A word that was read.
    #[inline]
    pub(crate) fn of(word: &[u8]) -> Word {
        let len = word.len();
        // Where the first and the last bytes are the same ones, they are in the same place.
        let (start, end) = match len {
            0..4 => {
                let byte = |at: usize| word.get(at).map_or(0, |byte| u64::from(*byte) << (8 * at));
                (byte(0) | byte(1) | byte(2), 0)
            }
            4..8 => {
                let four = |four: Option<&[u8; 4]>| four.map_or(0, |four| u64::from(u32::from_le_bytes(*four)));
                (four(word.first_chunk()) | four(word.last_chunk()) << (8 * (len - 4)), 0)
            }
            8..=Word::LONGEST => {
                let eight = |eight: Option<&[u8; 8]>| eight.map_or(0, |eight| u64::from_le_bytes(*eight));
                let last = u128::from(eight(word.last_chunk())) << (8 * (len - 8));
                (eight(word.first_chunk()), (last >> 64) as u64)
            }
            _ => return Word::TOO_LONG,
        };
        let word = Word { start, end: end | (len as u64) << 56 };
        // Most are spelt so already.
        if may_have_lower_case(start, end) { word.upper() } else { word }
    }

    fn upper(self) -> Word {
        // The length is no letter.
        Word { start: upper(self.start), end: upper(self.end) }
    }
}

/// Eight bytes in upper case.
#[inline]
const fn upper(eight: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    let seven_bits = eight & !HIGH;
    let from_a = seven_bits + ONES * (0x80 - b'a' as u64);
    let above_z = seven_bits + ONES * (0x7f - b'z' as u64);
    // Of a lower case letter the highest bit, which is moved to where the cases differ.
    eight ^ ((from_a & !above_z & !eight & HIGH) >> 2)
}

/// Whether a byte has the two bits that all lower case letters have.
#[inline]
fn may_have_lower_case(start: u64, end: u64) -> bool {
    const BIT: u64 = u64::from_le_bytes([0x40; 8]);
    ((start & (start << 1)) | (end & (end << 1))) & BIT != 0
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use proptest::prelude::*;

    use super::*;

    known_words!(UID BODY_PEEK ORDEREDSUBJECT);

    #[test]
    fn known_words_have_any_case_and_no_others_are_taken_for_them() {
        assert_eq!([Word::of(b"uid"), Word::of(b"Body.Peek")], [UID, BODY_PEEK]);
        assert_eq!(Word::of(b"OrderedSubject"), ORDEREDSUBJECT);
        for odd in [&b"UI"[..], b"UID\0", b"UID ", b"U\xc9D", b"", b"UIDUIDUIDUIDUIDUID"] {
            assert_ne!(Word::of(odd), UID, "{}", odd.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn it_is_the_word_in_upper_case(word in prop::collection::vec(any::<u8>(), 0..=Word::LONGEST)) {
            let bytes = word.iter().enumerate().map(|(at, byte)| u128::from(byte.to_ascii_uppercase()) << (8 * at));
            let all = bytes.sum::<u128>() | (word.len() as u128) << 120;
            prop_assert_eq!(Word::of(&word), Word { start: all as u64, end: (all >> 64) as u64 });
        }

        #[test]
        fn a_known_word_is_found(word in "[A-Z.]{1,15}") {
            prop_assert_eq!(Word::of(word.to_lowercase().as_bytes()), Word::known(&word));
            prop_assert_ne!(Word::of((String::from("X") + &word).as_bytes()), Word::known(&word));
        }
    }
}
