//! Formatting codes of mIRC and their kin: read as [`spans`], written by [`Formatted`], or taken out of a text by [`strip`].
//!
//! <https://modern.ircdocs.horse/formatting>.
//!
//! ```
//! use irc_proto::format::{Colour, spans};
//!
//! let all: Vec<_> = spans(b"\x02bold\x02 and \x0304red").collect();
//! assert_eq!(all.iter().map(|span| span.text).collect::<Vec<_>>(), [&b"bold"[..], b" and ", b"red"]);
//! assert!(all[0].style.bold && !all[1].style.bold);
//! assert_eq!(all[2].style.foreground, Some(Colour::Code(4)));
//! ```

mod formatted;

use alloc::borrow::Cow;
use alloc::vec::Vec;

pub use formatted::Formatted;

const BOLD: u8 = 0x02;
const RESET: u8 = 0x0f;

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

/// How a text is to be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Style {
    /// 0x02
    pub bold: bool,
    /// 0x1d
    pub italic: bool,
    /// 0x1f
    pub underline: bool,
    /// 0x1e
    pub strikethrough: bool,
    /// 0x11
    pub monospace: bool,
    /// 0x16: foreground and background change places.
    pub reverse: bool,
    /// The colour of the letters; `None` for the usual one.
    pub foreground: Option<Colour>,
    /// The colour behind them.
    pub background: Option<Colour>,
}

/// A colour of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Colour {
    /// One of the palette, 0 to 98 (0x03).
    Code(u8),
    /// Red, green and blue (0x04).
    Rgb(u8, u8, u8),
}

/// Some text in one style.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Span<'a> {
    /// How it is to be shown.
    pub style: Style,
    /// The text, which is never empty and has no codes.
    pub text: &'a [u8],
}

/// The text as pieces of one style each; together they are what [`strip`] leaves. Nothing is allocated.
pub fn spans(text: &[u8]) -> impl Iterator<Item = Span<'_>> {
    let (mut rest, mut style) = (text, Style::default());
    core::iter::from_fn(move || {
        while let [byte, after @ ..] = rest {
            if !is_code(byte) {
                let end = rest.iter().position(is_code).unwrap_or(rest.len());
                let (text, after) = rest.split_at_checked(end)?;
                rest = after;
                return Some(Span { style, text });
            }
            rest = match byte {
                0x03 => style.colours(after, decimal, code),
                0x04 => style.colours(after, hexadecimal, rgb),
                _ => after,
            };
            style.toggle(*byte);
        }
        None
    })
}

/// Whether a style has something.
type Flag = fn(&Style) -> bool;

/// The codes that begin something, and end it when they come again.
const TOGGLES: [(u8, Flag); 6] = [
    (BOLD, |style| style.bold),
    (0x11, |style| style.monospace),
    (0x16, |style| style.reverse),
    (0x1d, |style| style.italic),
    (0x1e, |style| style.strikethrough),
    (0x1f, |style| style.underline),
];

impl Style {
    fn toggle(&mut self, code: u8) {
        match code {
            BOLD => self.bold = !self.bold,
            RESET => *self = Style::default(),
            0x11 => self.monospace = !self.monospace,
            0x16 => self.reverse = !self.reverse,
            0x1d => self.italic = !self.italic,
            0x1e => self.strikethrough = !self.strikethrough,
            0x1f => self.underline = !self.underline,
            _ => {}
        }
    }

    /// Takes in the colours, and gives what follows them; without any both are the usual ones again.
    fn colours<'a>(
        &mut self,
        text: &'a [u8],
        digits: fn(&[u8]) -> Option<&[u8]>,
        colour: fn(&[u8]) -> Option<Colour>,
    ) -> &'a [u8] {
        let Some(after) = digits(text) else {
            (self.foreground, self.background) = (None, None);
            return text;
        };
        let read = |from: &[u8], rest: &[u8]| from.get(..from.len().saturating_sub(rest.len())).and_then(colour);
        self.foreground = read(text, after);
        let Some(second) = after.strip_prefix(b",") else { return after };
        let Some(rest) = digits(second) else { return after };
        self.background = read(second, rest);
        rest
    }
}

/// 99 is the usual colour.
fn code(digits: &[u8]) -> Option<Colour> {
    let number =
        digits.iter().fold(0u8, |number, digit| number.wrapping_mul(10).wrapping_add(digit.wrapping_sub(b'0')));
    (number < 99).then_some(Colour::Code(number))
}

fn rgb(digits: &[u8]) -> Option<Colour> {
    let number = u32::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()?;
    let [_, red, green, blue] = number.to_be_bytes();
    Some(Colour::Rgb(red, green, blue))
}

fn is_code(byte: &u8) -> bool {
    matches!(*byte, BOLD | 0x03 | 0x04 | RESET | 0x11 | 0x16 | 0x1d..=0x1f)
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

    #[test]
    fn spans_have_the_style_that_holds() {
        let style = |text: &str| spans(text.as_bytes()).last().unwrap().style;
        let usual = Style::default();
        assert_eq!(style("\x02\x1d\x1f\x1e\x11\x16\x034,5a\x0fb"), usual);
        assert_eq!(style("\x02\x1dx"), Style { bold: true, italic: true, ..usual });
        assert_eq!(style("\x02a\x02\x11\x16b"), Style { monospace: true, reverse: true, ..usual });
        assert_eq!(style("\x1f\x1ex"), Style { underline: true, strikethrough: true, ..usual });
        let coloured = |foreground, background| Style { foreground, background, ..usual };
        assert_eq!(style("\x034,12x"), coloured(Some(Colour::Code(4)), Some(Colour::Code(12))));
        assert_eq!(style("\x034,12a\x035,x"), coloured(Some(Colour::Code(5)), Some(Colour::Code(12))));
        assert_eq!(style("\x034,12a\x03x"), usual);
        assert_eq!(style("\x0399x"), usual);
        assert_eq!(style("\x04ff8000,000001x"), coloured(Some(Colour::Rgb(255, 128, 0)), Some(Colour::Rgb(0, 0, 1))));
        assert_eq!(spans(b"\x02\x0304\x0f").count(), 0);
    }

    proptest! {
        #[test]
        fn spans_are_what_is_left_without_codes(text: Vec<u8>) {
            let all: Vec<u8> = spans(&text).flat_map(|span| span.text).copied().collect();
            prop_assert_eq!(&all[..], &strip(&text)[..]);
            prop_assert!(spans(&text).all(|span| !span.text.is_empty()));
        }

        #[test]
        fn nothing_is_left_to_strip(text: Vec<u8>) {
            let plain = strip(&text);
            prop_assert!(!plain.iter().any(is_code));
        }
    }
}
