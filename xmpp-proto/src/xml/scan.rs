//! Searches in the short texts of which stanzas consist, eight bytes at a time.

use super::XmlError;

const WORD: usize = 8;
const EACH: u64 = u64::from_le_bytes([1; WORD]);
const HIGHEST: u64 = EACH << 7;

/// Marks bytes that are `byte`; above the lowest mark there may be false ones, from a borrow.
#[inline(always)]
const fn same(word: u64, byte: u8) -> u64 {
    let difference = word ^ (EACH * byte as u64);
    difference.wrapping_sub(EACH) & !difference
}

/// Marks bytes below `bound`, likewise.
#[inline(always)]
const fn below(word: u64, bound: u8) -> u64 {
    word.wrapping_sub(EACH * bound as u64) & !word
}

/// The offset of the first byte that `marks` marks in a word and `is` knows alone; the length where there is none.
#[inline(always)]
fn first(bytes: &[u8], marks: impl Fn(u64) -> u64, is: impl Fn(u8) -> bool) -> usize {
    let (words, rest) = bytes.as_chunks::<WORD>();
    for (at, word) in words.iter().enumerate() {
        let found = marks(u64::from_le_bytes(*word)) & HIGHEST;
        if found != 0 {
            return at * WORD + found.trailing_zeros() as usize / 8;
        }
    }
    let within = rest.iter().position(|byte| is(*byte));
    within.map_or(bytes.len(), |within| bytes.len() - rest.len() + within)
}

/// Where text without `]` ends, or has what must be looked at: `<` and `&`.
#[inline(always)]
pub(super) fn plain_text(bytes: &[u8]) -> usize {
    first(bytes, |word| same(word, b'<') | same(word, b'&'), |byte| matches!(byte, b'<' | b'&'))
}

/// Where the value of an attribute without whitespace but spaces ends, or has what must be looked at: `<`, `&`. `quote` is `'` or `"`.
#[inline(always)]
pub(super) fn plain_value(bytes: &[u8], quote: u8) -> usize {
    // Either differs from `&` in one bit.
    let others = EACH * u64::from(!(quote ^ b'&'));
    first(
        bytes,
        |word| same(word & others, b'&' & quote) | same(word, b'<'),
        |byte| byte == quote || matches!(byte, b'&' | b'<'),
    )
}

/// Where text ends, or has what must be looked at: `<`, `&`, or the `]` of a `]]>`.
#[inline]
pub(super) fn text(bytes: &[u8]) -> usize {
    first(
        bytes,
        |word| same(word, b'<') | same(word, b'&') | same(word, b']'),
        |byte| matches!(byte, b'<' | b'&' | b']'),
    )
}

/// Where the value of an attribute ends, or has what must be looked at: `<`, `&`, or whitespace that is no space.
#[inline]
pub(super) fn value(bytes: &[u8], quote: u8) -> usize {
    first(
        bytes,
        |word| same(word, quote) | same(word, b'<') | same(word, b'&') | below(word, b' '),
        |byte| byte == quote || matches!(byte, b'<' | b'&') || byte < b' ',
    )
}

/// Where text has a character that is written as a reference: `&`, `<`, `>`, CR.
#[inline]
pub(super) fn to_escape_in_text(bytes: &[u8]) -> usize {
    first(
        bytes,
        // `<` and `>` differ in one bit.
        |word| same(word, b'&') | same(word & (EACH * 0xfd), b'<') | same(word, b'\r'),
        |byte| matches!(byte, b'&' | b'<' | b'>' | b'\r'),
    )
}

/// Where the value of an attribute has a character that is written as a reference: those of text, `'`, and whitespace that is no space.
#[inline]
pub(super) fn to_escape_in_value(bytes: &[u8]) -> usize {
    first(
        bytes,
        // So do `&` and `'`.
        |word| same(word & (EACH * 0xfe), b'&') | same(word & (EACH * 0xfd), b'<') | below(word, b' '),
        |byte| matches!(byte, b'&' | b'\'' | b'<' | b'>' | 0..b' '),
    )
}

/// Looks for a character that XML does not have (XML 1.0, §2.2): controls besides TAB, LF and CR, U+FFFE and U+FFFF.
#[inline]
pub(super) fn check_characters(text: &str) -> Result<(), XmlError> {
    if any(text, |byte| (byte < b' ' && byte != b'\n') || byte == 0xef) { check_each_character(text) } else { Ok(()) }
}

/// The same. Gives whether there is nothing to take care of: neither a `]` nor whitespace other than spaces.
#[inline]
pub(super) fn check_document(text: &str) -> Result<bool, XmlError> {
    if !any(text, |byte| byte < b' ' || byte == 0xef || byte == b']') {
        return Ok(true);
    }
    check_characters(text).map(|()| false)
}

/// Whether there is such a byte, found for a block of them at once.
#[inline(always)]
fn any(text: &str, suspect: impl Fn(u8) -> bool) -> bool {
    const BLOCK: usize = 32;
    let (blocks, rest) = text.as_bytes().as_chunks::<BLOCK>();
    let in_block = |block: &[u8; BLOCK]| block.iter().fold(false, |any, byte| any | suspect(*byte));
    blocks.iter().any(in_block) || rest.iter().fold(false, |any, byte| any | suspect(*byte))
}

#[cold]
fn check_each_character(text: &str) -> Result<(), XmlError> {
    match text.chars().find(|character| !is_character(*character)) {
        Some(character) => Err(XmlError::Character(character)),
        None => Ok(()),
    }
}

/// Whether XML has this character (XML 1.0, §2.2).
pub(super) fn is_character(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        _ => character >= ' ',
    }
}

/// The offset of the first byte that is not whitespace, from `at` on.
#[inline]
pub(super) fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at)
        && is_space(*byte)
    {
        at += 1;
    }
    at
}

#[inline]
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec;

    type Search = (fn(&[u8]) -> usize, fn(u8) -> bool);

    #[test]
    fn each_search_finds_the_first_of_what_it_seeks() {
        let searches: [Search; 8] = [
            (plain_text, |byte| b"<&".contains(&byte)),
            (|bytes| plain_value(bytes, b'\''), |byte| b"'<&".contains(&byte)),
            (|bytes| plain_value(bytes, b'"'), |byte| b"\"<&".contains(&byte)),
            (text, |byte| b"<&]".contains(&byte)),
            (|bytes| value(bytes, b'\''), |byte| b"'<&".contains(&byte) || byte < b' '),
            (|bytes| value(bytes, b'"'), |byte| b"\"<&".contains(&byte) || byte < b' '),
            (to_escape_in_text, |byte| b"&<>\r".contains(&byte)),
            (to_escape_in_value, |byte| b"&<>'".contains(&byte) || byte < b' '),
        ];
        for (search, sought) in searches {
            for len in 0..20 {
                for byte in 0..=255 {
                    for fill in [b'x', b'=', b'%', b' ', 0xff, 0x80] {
                        for at in 0..len {
                            let mut bytes = vec![fill; len];
                            bytes[at] = byte;
                            let wanted = bytes.iter().position(|byte| sought(*byte)).unwrap_or(len);
                            assert_eq!(search(&bytes), wanted, "{}", bytes.escape_ascii());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn characters_that_xml_does_not_have_are_found_wherever_they_are() {
        for bad in ['\0', '\u{1}', '\u{8}', '\u{b}', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
            for len in [0, 1, 5, 31, 32, 33, 70] {
                let text: String = core::iter::repeat_n('x', len).chain([bad, 'y']).collect();
                assert_eq!(check_characters(&text), Err(XmlError::Character(bad)));
            }
        }
        assert_eq!(check_characters("\t\n\r \u{7f}\u{85}ﬀ\u{fffd}\u{10ffff}"), Ok(()));
    }
}
