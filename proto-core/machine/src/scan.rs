//! Searches in the short texts of which protocols consist.

/// Where `byte` is first. Like a vector search, but for text in which it is near most often: there it is found before a vector search has begun.
///
/// ```
/// use wirestate_machine::scan;
///
/// assert_eq!(scan::position(b' ', b"PING token"), Some(4));
/// assert_eq!(scan::position(b' ', b"QUIT"), None);
/// ```
#[inline]
pub fn position(byte: u8, text: &[u8]) -> Option<usize> {
    const NEAR: usize = 4 * WORD;
    if let Some(last) = text.last_chunk() {
        for (at, word) in text.as_chunks().0.iter().take(NEAR / WORD).enumerate() {
            if let Some(within) = position_in_word(byte, word) {
                return Some(at * WORD + within);
            }
        }
        if text.len() > NEAR {
            return memchr::memchr(byte, &text[NEAR..]).map(|at| NEAR + at);
        }
        // It may lie across the word before it, where nothing was found.
        return position_in_word(byte, last).map(|within| text.len() - WORD + within);
    }
    text.iter().position(|one| *one == byte)
}

const WORD: usize = 8;

fn position_in_word(byte: u8, word: &[u8; WORD]) -> Option<usize> {
    let difference = u64::from_le_bytes(*word) ^ u64::from_le_bytes([byte; WORD]);
    // The lowest of these bits is that of the first byte without a difference; above it a borrow may have set others.
    let same =
        difference.wrapping_sub(u64::from_le_bytes([0x01; WORD])) & !difference & u64::from_le_bytes([0x80; WORD]);
    (same != 0).then(|| same.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    #[test]
    fn it_is_found_wherever_it_is() {
        for len in 0..100 {
            // A byte that differs in the lowest bit alone is where a borrow could mislead.
            let mut text = vec![b'!'; len];
            assert_eq!(position(b' ', &text), None);
            for at in (0..len).rev() {
                text[at] = b' ';
                assert_eq!(position(b' ', &text), Some(at));
            }
        }
    }

    proptest! {
        #[test]
        fn it_finds_what_a_plain_search_finds(text in prop::collection::vec(0u8..4, 0..80), byte in 0u8..4) {
            prop_assert_eq!(position(byte, &text), text.iter().position(|one| *one == byte));
            let high: alloc::vec::Vec<u8> = text.iter().map(|byte| byte ^ 0x80).collect();
            prop_assert_eq!(position(byte ^ 0x80, &high), text.iter().position(|one| *one == byte));
        }
    }
}
