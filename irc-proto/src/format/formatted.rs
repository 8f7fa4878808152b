use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{BOLD, Colour, RESET, Span, Style, strip};

/// A text with formatting, put together piece by piece: each piece has its own style, which ends where it ends.
///
/// What is given has no formatting of its own: codes in it are [taken out](strip). What is written is what [`spans`](super::spans) reads.
///
/// ```
/// use irc_proto::format::{Colour, Formatted, Style};
///
/// let red = Style::PLAIN.bold().foreground(Colour::Code(4));
/// let text = Formatted::new().plain("It is ").styled(red, "7 o'clock").plain(".");
/// assert_eq!(text.into_bytes(), b"It is \x0304\x027 o'clock\x0f.");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Formatted {
    text: Vec<u8>,
    /// The style that holds at its end.
    style: Style,
}

impl Formatted {
    /// Nothing yet.
    pub const fn new() -> Self {
        Formatted { text: Vec::new(), style: Style::PLAIN }
    }

    /// With a piece that has no style.
    #[must_use]
    pub fn plain(self, text: impl AsRef<[u8]>) -> Self {
        self.styled(Style::PLAIN, text)
    }

    /// With a piece in this style.
    #[must_use]
    pub fn styled(mut self, style: Style, text: impl AsRef<[u8]>) -> Self {
        self.push(style, text);
        self
    }

    /// Puts a piece to the end.
    pub fn push(&mut self, style: Style, text: impl AsRef<[u8]>) {
        let text = strip(text.as_ref());
        if !text.is_empty() {
            self.turn_to(style.lawful(), &text);
            self.text.extend_from_slice(&text);
        }
    }

    /// The text as it goes into a message. No style holds beyond its end, whatever is put behind it.
    pub fn into_bytes(mut self) -> Vec<u8> {
        if self.style != Style::PLAIN {
            self.text.push(RESET);
        }
        self.text
    }

    /// Writes what makes one style of another, and is not taken for more with this text behind it.
    fn turn_to(&mut self, style: Style, text: &[u8]) {
        let before = core::mem::replace(&mut self.style, style);
        if style == before {
            return;
        }
        if style == Style::PLAIN {
            return self.text.push(RESET);
        }
        let recoloured = (before.foreground, before.background) != (style.foreground, style.background);
        if recoloured {
            self.colour(before, style);
        }
        let length = self.text.len();
        self.text.extend(super::TOGGLES.iter().filter(|(_, of)| of(&before) != of(&style)).map(|(code, _)| *code));
        // Digits, or a comma before some, would belong to the colour.
        let open = recoloured && self.text.len() == length;
        if open && text.first().is_some_and(|first| first.is_ascii_digit() || *first == b',') {
            self.text.extend([BOLD, BOLD]);
        }
    }

    /// The colour behind the letters goes only with one of the letters, of its own kind; so the one of the letters is told again.
    fn colour(&mut self, before: Style, style: Style) {
        if style.background != before.background {
            match style.background {
                Some(Colour::Code(code)) => self.text.extend(alloc::format!("\x0399,{code:02}").bytes()),
                Some(Colour::Rgb(red, green, blue)) => {
                    self.text.extend(alloc::format!("\x04000000,{red:02X}{green:02X}{blue:02X}\x0399").bytes());
                }
                None => self.text.push(0x03),
            }
        }
        let foreground = if style.background == before.background { before.foreground } else { None };
        match style.foreground {
            same if same == foreground => {}
            Some(Colour::Code(code)) => self.text.extend(alloc::format!("\x03{code:02}").bytes()),
            Some(Colour::Rgb(red, green, blue)) => {
                self.text.extend(alloc::format!("\x04{red:02X}{green:02X}{blue:02X}").bytes());
            }
            None if style.background.is_none() => self.text.push(0x03),
            None => self.text.extend(b"\x0399"),
        }
    }
}

impl<'a> FromIterator<Span<'a>> for Formatted {
    fn from_iter<I: IntoIterator<Item = Span<'a>>>(spans: I) -> Self {
        let mut all = Formatted::new();
        spans.into_iter().for_each(|span| all.push(span.style, span.text));
        all
    }
}

impl fmt::Display for Formatted {
    /// The text as it goes into a message; what is no UTF-8 becomes U+FFFD.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.clone().into_bytes()))
    }
}

impl fmt::Debug for Formatted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Formatted(\"{}\")", self.text.escape_ascii())
    }
}

impl Style {
    /// No style: the usual look.
    pub const PLAIN: Style = Style {
        bold: false,
        italic: false,
        underline: false,
        strikethrough: false,
        monospace: false,
        reverse: false,
        foreground: None,
        background: None,
    };

    /// With bold letters.
    #[must_use]
    pub const fn bold(self) -> Self {
        Style { bold: true, ..self }
    }

    /// With italic letters.
    #[must_use]
    pub const fn italic(self) -> Self {
        Style { italic: true, ..self }
    }

    /// With a line below.
    #[must_use]
    pub const fn underline(self) -> Self {
        Style { underline: true, ..self }
    }

    /// With a line through the letters.
    #[must_use]
    pub const fn strikethrough(self) -> Self {
        Style { strikethrough: true, ..self }
    }

    /// With letters of one width.
    #[must_use]
    pub const fn monospace(self) -> Self {
        Style { monospace: true, ..self }
    }

    /// With foreground and background changed places.
    #[must_use]
    pub const fn reverse(self) -> Self {
        Style { reverse: true, ..self }
    }

    /// With letters of this colour.
    #[must_use]
    pub const fn foreground(self, colour: Colour) -> Self {
        Style { foreground: Some(colour), ..self }
    }

    /// With this colour behind them.
    #[must_use]
    pub const fn background(self, colour: Colour) -> Self {
        Style { background: Some(colour), ..self }
    }

    /// What is no colour of the palette is the usual one.
    fn lawful(self) -> Self {
        let known = |colour: Option<Colour>| colour.filter(|colour| !matches!(colour, Colour::Code(99..)));
        Style { foreground: known(self.foreground), background: known(self.background), ..self }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::super::spans;
    use super::*;
    use proptest::prelude::*;

    fn text(pieces: &[(Style, &str)]) -> String {
        let mut all = Formatted::new();
        pieces.iter().for_each(|(style, text)| all.push(*style, text));
        String::from_utf8(all.into_bytes()).unwrap()
    }

    #[test]
    fn a_style_ends_where_its_piece_ends() {
        let (plain, red) = (Style::PLAIN, Colour::Code(4));
        for (pieces, wanted) in [
            (&[(plain, "a"), (plain, "b")][..], "ab"),
            (&[(plain.bold(), "a")], "\x02a\x0f"),
            (&[(plain.bold(), "a"), (plain, "b")], "\x02a\x0fb"),
            (&[(plain.bold(), "a"), (plain.bold(), ""), (plain.bold(), "b")], "\x02ab\x0f"),
            (&[(plain.bold().italic(), "a"), (plain.italic().underline(), "b")], "\x02\x1da\x02\x1fb\x0f"),
            (&[(plain.strikethrough(), "a"), (plain.monospace().reverse(), "b")], "\x1ea\x11\x16\x1eb\x0f"),
            (&[(plain.foreground(red), "a"), (plain.bold(), "b")], "\x0304a\x03\x02b\x0f"),
            (&[(plain.foreground(Colour::Code(99)), "a")], "a"),
            (&[(plain.foreground(Colour::Rgb(255, 0, 9)), "a")], "\x04FF0009a\x0f"),
        ] {
            assert_eq!(text(pieces), wanted);
        }
    }

    #[test]
    fn digits_behind_a_colour_stay_digits() {
        let (red, behind) = (Style::PLAIN.foreground(Colour::Code(4)), Colour::Code(1));
        assert_eq!(text(&[(red, "7")]), "\x0304\x02\x027\x0f");
        assert_eq!(text(&[(red, ",7")]), "\x0304\x02\x02,7\x0f");
        assert_eq!(text(&[(red.bold(), "7")]), "\x0304\x027\x0f");
        assert_eq!(text(&[(red.background(behind), "7")]), "\x0399,01\x0304\x02\x027\x0f");
        assert_eq!(text(&[(Style::PLAIN.background(behind), "x")]), "\x0399,01x\x0f");
    }

    #[test]
    fn codes_that_are_given_are_not_passed_on() {
        assert_eq!(text(&[(Style::PLAIN.bold(), "a\x02b\x0304c\x0fd")]), "\x02abcd\x0f");
        assert_eq!(Formatted::new().plain(b"\xff").to_string(), "\u{fffd}");
    }

    prop_compose! {
        fn colour()(kind in 0..3, code in 0u8..99, rgb: (u8, u8, u8)) -> Option<Colour> {
            match kind {
                0 => None,
                1 => Some(Colour::Code(code)),
                _ => Some(Colour::Rgb(rgb.0, rgb.1, rgb.2)),
            }
        }
    }

    prop_compose! {
        fn style()(flags: [bool; 6], foreground in colour(), background in colour()) -> Style {
            let [bold, italic, underline, strikethrough, monospace, reverse] = flags;
            Style { bold, italic, underline, strikethrough, monospace, reverse, foreground, background }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_it_was_meant(pieces in prop::collection::vec((style(), "[0-9a-f,x ]{1,9}"), 0..6)) {
            let written: Formatted = pieces.iter().map(|(style, text)| Span { style: *style, text: text.as_bytes() }).collect();
            let written = written.into_bytes();
            let mut meant: Vec<(Style, Vec<u8>)> = Vec::new();
            for (style, text) in &pieces {
                match meant.last_mut() {
                    Some((last, all)) if last == style => all.extend_from_slice(text.as_bytes()),
                    _ => meant.push((*style, text.clone().into_bytes())),
                }
            }
            let mut read: Vec<(Style, Vec<u8>)> = Vec::new();
            for span in spans(&written) {
                match read.last_mut() {
                    Some((last, all)) if *last == span.style => all.extend_from_slice(span.text),
                    _ => read.push((span.style, span.text.to_vec())),
                }
            }
            prop_assert_eq!(read, meant);
            let behind = [&written[..], b"x"].concat();
            prop_assert_eq!(spans(&behind).last().map(|span| span.style == Style::PLAIN || pieces.is_empty()), Some(true));
        }
    }
}
