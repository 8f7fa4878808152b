//! What a literal is, told by the place where it is announced.

use wirestate_machine::scan;

use super::Side;
use crate::codec::text::{quoted_span, skip_spaces};
use crate::codec::word::{Word, known_words};

/// What kind of command or response is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One with arguments or data.
    Plain,
    /// Human text, or a line that is no command: it has no literals.
    Text,
    /// APPEND or REPLACE, of whose literals the first may be an argument if it stands after so many words.
    Upload { words: u8 },
    /// FETCH data.
    Fetch,
}

/// What has been seen of a command or response, so that no byte of it is looked at twice.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scan {
    kind: Option<Kind>,
    depth: usize,
    quotes: Quotes,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Quotes {
    #[default]
    Outside,
    Inside,
    Escaped,
}

impl Scan {
    /// Finds out what is under way, by its first line; later lines change nothing.
    #[inline]
    pub(super) fn find_kind(&mut self, side: Side, line: &[u8], plain: bool) {
        if self.kind.is_none() {
            self.kind = Some(match side {
                _ if plain => Kind::Text,
                Side::Commands => command(line),
                Side::Responses => response(line),
            });
        }
    }

    pub(super) fn may_have_literals(&self) -> bool {
        self.kind != Some(Kind::Text)
    }

    /// A line begins, which cannot be within quotes.
    pub(super) fn begin_line(&mut self) {
        self.quotes = Quotes::Outside;
    }

    /// Passes a part of a line, and says whether it ends outside quotes.
    pub(super) fn look(&mut self, mut part: &[u8]) -> bool {
        loop {
            match self.quotes {
                Quotes::Outside => {
                    let Some((mark, rest)) = after_mark(part) else { return true };
                    match mark {
                        b'"' => self.quotes = Quotes::Inside,
                        b'(' => self.depth += 1,
                        _ => self.depth = self.depth.saturating_sub(1),
                    }
                    part = rest;
                }
                Quotes::Inside => {
                    let Some((mark, rest)) = part.get(quoted_span(part)..).and_then(<[u8]>::split_first) else {
                        return false;
                    };
                    match mark {
                        b'"' => self.quotes = Quotes::Outside,
                        b'\\' => self.quotes = Quotes::Escaped,
                        _ => {}
                    }
                    part = rest;
                }
                Quotes::Escaped => {
                    let Some((_, rest)) = part.split_first() else { return false };
                    self.quotes = Quotes::Inside;
                    part = rest;
                }
            }
        }
    }

    /// Whether the literal announced after `before`, which has been looked at, is a message's text.
    pub(super) fn is_message(&self, before: &[u8], is_first: bool) -> bool {
        match self.kind {
            Some(Kind::Upload { words }) => {
                let is_mailbox = || is_first && words_of(before).nth(words.into()).is_none();
                (self.depth == 0 || self.depth == 1 && ends_in_part(before)) && !is_mailbox()
            }
            Some(Kind::Fetch) => self.depth == 1 && ends_in_text_item(before),
            _ => false,
        }
    }
}

fn words_of(mut line: &[u8]) -> impl Iterator<Item = &[u8]> {
    core::iter::from_fn(move || {
        line = skip_spaces(line);
        let (word, rest) = line.split_at_checked(scan::position(b' ', line).unwrap_or(line.len()))?;
        line = rest;
        (!word.is_empty()).then_some(word)
    })
}

fn command(line: &[u8]) -> Kind {
    let mut words = words_of(line).skip(1).map(Word::of);
    known_words!(APPEND REPLACE UID);
    match words.next() {
        Some(APPEND) => Kind::Upload { words: 2 },
        Some(REPLACE) => Kind::Upload { words: 3 },
        Some(UID) if words.next() == Some(REPLACE) => Kind::Upload { words: 4 },
        _ => Kind::Plain,
    }
}

fn response(line: &[u8]) -> Kind {
    // Whatever is tagged, or asks to go on, has human text.
    let Some(data) = line.strip_prefix(b"* ") else { return Kind::Text };
    let digits = data.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(data.len());
    if data.get(digits..).is_some_and(|rest| rest.starts_with(b" FETCH ")) {
        return Kind::Fetch;
    }
    let mut words = words_of(data).map(|word| word.trim_ascii_end());
    let first = words.next().unwrap_or_default();
    if first.iter().all(u8::is_ascii_digit) {
        let second = words.next().unwrap_or_default();
        let is_fetch = second.eq_ignore_ascii_case(b"FETCH") || second.eq_ignore_ascii_case(b"UIDFETCH");
        return if is_fetch { Kind::Fetch } else { Kind::Plain };
    }
    let is_status = [&b"OK"[..], b"NO", b"BAD", b"BYE", b"PREAUTH"].iter().any(|word| first.eq_ignore_ascii_case(word));
    if is_status { Kind::Text } else { Kind::Plain }
}

/// The first quote or parenthesis, and what stands behind it. Eight bytes are looked at in one register.
#[inline]
fn after_mark(mut part: &[u8]) -> Option<(u8, &[u8])> {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    while let Some((word, rest)) = part.split_first_chunk() {
        let word = u64::from_le_bytes(*word);
        let quotes = word ^ (ONES * b'"' as u64);
        // The two parentheses differ in the lowest bit alone.
        let parentheses = (word | ONES) ^ (ONES * b')' as u64);
        let zeros = (quotes.wrapping_sub(ONES) & !quotes) | (parentheses.wrapping_sub(ONES) & !parentheses);
        if zeros & HIGH == 0 {
            part = rest;
            continue;
        }
        // The lowest of these bits is right; above it a borrow may have set others.
        let at = (zeros & HIGH).trailing_zeros() as usize / 8;
        let (mark, rest) = part.get(at..)?.split_first()?;
        return Some((*mark, rest));
    }
    let at = part.iter().position(|byte| matches!(byte, b'"' | b'(' | b')'))?;
    let (mark, rest) = part.get(at..)?.split_first()?;
    Some((*mark, rest))
}

/// `TEXT` of CATENATE (RFC 4469 §5), or `UTF8 (` (RFC 6855 §4).
fn ends_in_part(before: &[u8]) -> bool {
    let ends_in = |text: &[u8], word: &[u8]| {
        let start = text.len().checked_sub(word.len());
        start.and_then(|start| text.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(word))
    };
    let before = before.trim_ascii_end();
    ends_in(before, b"TEXT")
        || before.strip_suffix(b"(").is_some_and(|before| ends_in(before.trim_ascii_end(), b"UTF8"))
}

/// `BODY[...]`, `BODY[...]<n>`, `BINARY[...]`, `BINARY[...]<n>`, `RFC822`, `RFC822.HEADER` or `RFC822.TEXT`.
fn ends_in_text_item(before: &[u8]) -> bool {
    let before = before.trim_ascii_end();
    if matches!(before.last(), Some(b']' | b'>')) {
        return true;
    }
    let word = before.rsplit(|byte| matches!(byte, b' ' | b'(')).next().unwrap_or_default();
    [&b"RFC822"[..], b"RFC822.HEADER", b"RFC822.TEXT"].iter().any(|name| word.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, byte by byte.
    fn plainly(part: &[u8]) -> (usize, Quotes) {
        let (mut depth, mut quotes) = (0usize, Quotes::Outside);
        for byte in part {
            quotes = match (quotes, byte) {
                (Quotes::Outside, b'"') | (Quotes::Escaped, _) => Quotes::Inside,
                (Quotes::Inside, b'"') => Quotes::Outside,
                (Quotes::Inside, b'\\') => Quotes::Escaped,
                (Quotes::Outside, b'(') => {
                    depth += 1;
                    Quotes::Outside
                }
                (Quotes::Outside, b')') => {
                    depth = depth.saturating_sub(1);
                    Quotes::Outside
                }
                (same, _) => same,
            };
        }
        (depth, quotes)
    }

    proptest! {
        #[test]
        fn quotes_and_parentheses_are_seen_wherever_a_part_is_cut(
            text in "[ !\"#'()*\\\\ax\u{a8}\u{a9}]{0,60}",
            cut in any::<prop::sample::Index>(),
        ) {
            let text = text.as_bytes();
            let (before, after) = text.split_at(cut.index(text.len() + 1));
            let mut scan = Scan::default();
            scan.look(before);
            let is_outside = scan.look(after);
            prop_assert_eq!((scan.depth, scan.quotes), plainly(text));
            prop_assert_eq!(is_outside, scan.quotes == Quotes::Outside);
        }
    }
}
