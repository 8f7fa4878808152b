//! Searches in text that is short most often. There a look at a block of bytes costs less than to begin a vector search.

use memchr::memchr3;

const WORD: usize = 8;
const BLOCK: usize = 2 * WORD;
/// From here on a vector search pays.
const LONG: usize = 8 * BLOCK;

/// Where the first CR, LF or NUL is, none of which stands in a message.
pub(super) fn forbidden(text: &[u8]) -> Option<usize> {
    // Most text has nothing that is as small as they are.
    let none = match text.len() {
        0..BLOCK => !any_small::<WORD>(text),
        BLOCK..LONG => !any_small::<BLOCK>(text),
        _ => false,
    };
    if none { None } else { memchr3(b'\r', b'\n', 0, text) }
}

/// Whether a byte is at most a CR, found block by block. The last block may lie across the one before it.
fn any_small<const SIZE: usize>(text: &[u8]) -> bool {
    match text.last_chunk::<SIZE>() {
        Some(last) => text.as_chunks::<SIZE>().0.iter().any(has_small) || has_small(last),
        None => text.iter().any(is_small),
    }
}

/// Whether a byte of a block is at most a CR, found for all of them at once.
fn has_small<const SIZE: usize>(block: &[u8; SIZE]) -> bool {
    block.iter().fold(false, |any, byte| any | is_small(byte))
}

fn is_small(byte: &u8) -> bool {
    *byte <= b'\r'
}

/// Where the first byte is that is at most a CR, as all of those are that end a line or must not be in one.
#[inline]
pub(super) fn control(text: &[u8]) -> Option<usize> {
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    if let Some(at) = blocks.iter().position(has_small) {
        let from = at * BLOCK;
        let (words, _) = blocks[at].as_chunks();
        return words.iter().enumerate().find_map(|(at, word)| Some(from + at * WORD + small_in_word(word)?));
    }
    let from = text.len() - rest.len();
    let (words, _) = rest.as_chunks();
    if let Some(at) = words.first().and_then(small_in_word) {
        return Some(from + at);
    }
    match text.last_chunk() {
        // It may lie across what was looked at already, where nothing was found.
        Some(last) => small_in_word(last).map(|at| text.len() - WORD + at),
        None => text.iter().position(is_small),
    }
}

const EACH: u64 = u64::from_le_bytes([1; WORD]);
const HIGHEST: u64 = EACH << 7;

/// Where the first byte is that is at most a CR.
fn small_in_word(word: &[u8; WORD]) -> Option<usize> {
    let word = u64::from_le_bytes(*word);
    first(word.wrapping_sub(EACH * (b'\r' as u64 + 1)) & !word)
}

/// Of which byte the highest bit is set first. The marks above it may come from a carry.
fn first(marks: u64) -> Option<usize> {
    let marks = marks & HIGHEST;
    (marks != 0).then(|| marks.trailing_zeros() as usize / 8)
}

/// How many bytes of graphic ASCII stand at the beginning.
#[inline]
pub(super) fn graphic(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks();
    for (at, word) in words.iter().enumerate() {
        if let Some(within) = other_in_word(word) {
            return at * WORD + within;
        }
    }
    let within = rest.iter().position(|byte| !byte.is_ascii_graphic());
    within.map_or(text.len(), |within| text.len() - rest.len() + within)
}

/// Where the first byte is that is not graphic ASCII.
fn other_in_word(word: &[u8; WORD]) -> Option<usize> {
    let word = u64::from_le_bytes(*word);
    // Marked are bytes that have the highest bit, those below `!`, and DEL.
    first(word | word.wrapping_sub(EACH * b'!' as u64) | word.wrapping_add(EACH))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn what_is_sought_is_found_wherever_it_is() {
        for len in 0..150 {
            let mut text = vec![b'x'; len];
            assert_eq!(forbidden(&text), None);
            assert_eq!(control(&text), None);
            for at in (0..len).rev() {
                text[at] = b"\r\n\0"[at % 3];
                assert_eq!(forbidden(&text), Some(at));
                assert_eq!(control(&text), Some(at));
            }
        }
    }

    #[test]
    fn a_control_character_is_told_from_all_others() {
        for byte in 0..=255 {
            for fill in [b'x', 0x0e, 0x8e, 0xff] {
                for at in 0..20 {
                    let mut text = vec![fill; 20];
                    text[at] = byte;
                    assert_eq!(control(&text), (byte <= b'\r').then_some(at), "{}", text.escape_ascii());
                }
            }
        }
    }

    #[test]
    fn a_word_ends_with_the_first_byte_that_is_not_graphic() {
        for len in 0..30 {
            for byte in 0..=255 {
                // What follows a byte must not change what it is.
                for fill in [b'!', b'~', 0, 0x7f, 0xff] {
                    for at in 0..len {
                        let mut text = vec![b'x'; len];
                        text[at..].fill(fill);
                        text[at] = byte;
                        let first = text.iter().position(|byte| !byte.is_ascii_graphic());
                        assert_eq!(graphic(&text), first.unwrap_or(len), "{}", text.escape_ascii());
                    }
                }
            }
        }
    }
}
