//! What a literal is, told by the place where it is announced.

use super::Side;

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
    pub(super) fn look(&mut self, part: &[u8]) -> bool {
        for byte in part {
            self.quotes = match (self.quotes, byte) {
                (Quotes::Outside, b'"') => Quotes::Inside,
                (Quotes::Inside, b'"') => Quotes::Outside,
                (Quotes::Inside, b'\\') => Quotes::Escaped,
                (Quotes::Escaped, _) => Quotes::Inside,
                (Quotes::Outside, b'(') => {
                    self.depth += 1;
                    Quotes::Outside
                }
                (Quotes::Outside, b')') => {
                    self.depth = self.depth.saturating_sub(1);
                    Quotes::Outside
                }
                (same, _) => same,
            };
        }
        self.quotes == Quotes::Outside
    }

    /// Whether the literal announced after `before`, which has been looked at, is a message's text.
    pub(super) fn is_message(&self, before: &[u8], is_first: bool) -> bool {
        match self.kind {
            Some(Kind::Upload { words }) => {
                let is_mailbox = is_first && words_of(before).count() <= usize::from(words);
                !is_mailbox && (self.depth == 0 || self.depth == 1 && ends_in_part(before))
            }
            Some(Kind::Fetch) => self.depth == 1 && ends_in_text_item(before),
            _ => false,
        }
    }
}

fn words_of(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b' ').filter(|word| !word.is_empty())
}

fn command(line: &[u8]) -> Kind {
    let mut words = words_of(line).skip(1);
    let is = |word: Option<&[u8]>, wanted: &[u8]| word.is_some_and(|word| word.eq_ignore_ascii_case(wanted));
    let first = words.next();
    if is(first, b"APPEND") {
        Kind::Upload { words: 2 }
    } else if is(first, b"REPLACE") {
        Kind::Upload { words: 3 }
    } else if is(first, b"UID") && is(words.next(), b"REPLACE") {
        Kind::Upload { words: 4 }
    } else {
        Kind::Plain
    }
}

fn response(line: &[u8]) -> Kind {
    // Whatever is tagged, or asks to go on, has human text.
    let Some(data) = line.strip_prefix(b"* ") else { return Kind::Text };
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
