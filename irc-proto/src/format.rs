//! Formatting codes of mIRC and their kin, taken out of a text.
//!
//! <https://modern.ircdocs.horse/formatting>.

use alloc::borrow::Cow;
use alloc::vec::Vec;

/// The text without its formatting: bold, italics, underline, strikethrough, monospace, reverse, reset, and colours with their digits
/// (0x03 `N[N][,N[N]]`, 0x04 `RRGGBB[,RRGGBB]`). A text without any is lent as it is.
pub fn strip(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.iter().any(is_code) {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = match byte {
            0x03 => after_colours(after, decimal),
            0x04 => after_colours(after, hexadecimal),
            byte if is_code(byte) => after,
            byte => {
                plain.push(*byte);
                after
            }
        };
    }
    Cow::Owned(plain)
}

fn is_code(byte: &u8) -> bool {
    matches!(byte, 0x02 | 0x03 | 0x04 | 0x0f | 0x11 | 0x16 | 0x1d..=0x1f)
}

/// A comma belongs to the colours only when a second one follows it.
fn after_colours(text: &[u8], colour: fn(&[u8]) -> Option<&[u8]>) -> &[u8] {
    let Some(after) = colour(text) else { return text };
    after.strip_prefix(b",").and_then(colour).unwrap_or(after)
}

fn decimal(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b'0'..=b'9', b'0'..=b'9', after @ ..] | [b'0'..=b'9', after @ ..] => Some(after),
        _ => None,
    }
}

fn hexadecimal(text: &[u8]) -> Option<&[u8]> {
    let (digits, after) = text.split_at_checked(6)?;
    digits.iter().all(u8::is_ascii_hexdigit).then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_go_and_text_stays() {
        let cases: [(&str, &str); 10] = [
            ("plain, text", "plain, text"),
            ("\x02b\x02 \x1di\x1f\x1e\x11\x16r\x0f", "b ir"),
            ("\x034red\x03 x", "red x"),
            ("\x03041", "1"),
            ("\x0304,12x", "x"),
            ("\x034,x", ",x"),
            ("\x03,5x", ",5x"),
            ("\x04ff00FF,001122x", "x"),
            ("\x04ff00F", "ff00F"),
            ("\x04ff00ff,0011", ",0011"),
        ];
        for (text, plain) in cases {
            assert_eq!(strip(text.as_bytes()), plain.as_bytes(), "{text:?}");
        }
        assert!(matches!(strip(b"plain"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_is_left_to_strip(text: Vec<u8>) {
            let plain = strip(&text);
            prop_assert!(!plain.iter().any(is_code));
        }
    }
}
