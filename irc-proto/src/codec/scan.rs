//! A search in text that is short most often. There a look at a block of bytes costs less than to begin a vector search.

use memchr::memchr3;

const SHORT: usize = 16;

/// Where the first CR, LF or NUL is, none of which stands in a message.
pub(super) fn forbidden(text: &[u8]) -> Option<usize> {
    // Most text has nothing that is as small as they are.
    let none = match text.len() {
        0..SHORT => !has_small::<8>(text),
        SHORT..64 => !has_small::<SHORT>(text),
        _ => false,
    };
    if none { None } else { memchr3(b'\r', b'\n', 0, text) }
}

/// Whether a byte is at most a CR, found for a block of them at once. The last block may lie across the one before it.
fn has_small<const BLOCK: usize>(text: &[u8]) -> bool {
    let is_small = |byte: &u8| *byte <= b'\r';
    let in_block = |block: &[u8; BLOCK]| block.iter().fold(false, |any, byte| any | is_small(byte));
    match text.last_chunk() {
        Some(last) => text.as_chunks().0.iter().any(in_block) || in_block(last),
        None => text.iter().any(is_small),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn what_is_sought_is_found_wherever_it_is() {
        for len in 0..70 {
            let mut text = vec![b'x'; len];
            assert_eq!(forbidden(&text), None);
            for at in (0..len).rev() {
                text[at] = b"\r\n\0"[at % 3];
                assert_eq!(forbidden(&text), Some(at));
            }
        }
    }
}
