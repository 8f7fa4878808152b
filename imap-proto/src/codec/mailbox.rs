use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use super::encode::{Unwritable, Writer};
use super::fault::Parsed;
use super::text::astring;

/// A mailbox's name: INBOX in any case, or another as it came (RFC 9051 §5.1).
///
/// Other names are bytes: modified UTF-7 ([`utf7`](super::utf7)) before, and UTF-8 after, UTF8=ACCEPT or IMAP4rev2 is enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mailbox<T> {
    /// The user's primary mailbox.
    Inbox,
    /// Any other.
    Name(T),
}

impl<T: AsRef<[u8]>> Mailbox<T> {
    /// The mailbox of this name.
    pub fn new(name: T) -> Mailbox<T> {
        let is_inbox = name.as_ref() == b"INBOX" || name.as_ref().eq_ignore_ascii_case(b"INBOX");
        if is_inbox { Mailbox::Inbox } else { Mailbox::Name(name) }
    }

    /// The name.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Mailbox::Inbox => b"INBOX",
            Mailbox::Name(name) => name.as_ref(),
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.astring(self.as_bytes())
    }
}

impl<T> Mailbox<T> {
    /// The same name with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> Mailbox<U> {
        match self {
            Mailbox::Inbox => Mailbox::Inbox,
            Mailbox::Name(name) => Mailbox::Name(text(name)),
        }
    }
}

/// `mailbox` (RFC 9051 §9).
pub(crate) fn mailbox<'a>(input: &'a [u8]) -> Parsed<'a, Mailbox<Cow<'a, [u8]>>> {
    astring(input).map(|(rest, name)| (rest, Mailbox::new(name)))
}

/// Tells which names a pattern of LIST or LSUB means: `*` is any text, `%` any without the hierarchy's delimiter (RFC 9051 §6.3.9.1).
///
/// However many wildcards there are, a name costs at most its length times the pattern's, and the pattern counts for no more than twice the
/// name's.
///
/// ```
/// use imap_proto::codec::Matcher;
///
/// let mut matcher = Matcher::new(b"lists/", b"%/2*", Some(b'/'));
/// assert!(matcher.is_match(b"lists/rust/2026/07"));
/// assert!(!matcher.is_match(b"lists/rust/embedded/2026"));
/// assert!(Matcher::new(b"", b"in%", Some(b'/')).is_match(b"INBOX"));
/// ```
#[derive(Clone, Debug)]
pub struct Matcher {
    /// Without neighbouring wildcards.
    pattern: Vec<u8>,
    /// Bytes of the pattern that are no wildcards.
    plain: usize,
    delimiter: Option<u8>,
    /// Which places of the pattern the name so far can have led to.
    reached: Vec<bool>,
}

impl Matcher {
    /// A matcher for the names that `pattern` means after `reference`, which is put before it.
    pub fn new(reference: &[u8], pattern: &[u8], delimiter: Option<u8>) -> Self {
        let mut short: Vec<u8> = Vec::with_capacity(reference.len() + pattern.len());
        let mut plain = 0;
        for byte in reference.iter().chain(pattern).copied() {
            match (short.last_mut(), byte) {
                (Some(b'*'), b'*' | b'%') | (Some(b'%'), b'%') => {}
                (Some(last @ b'%'), b'*') => *last = b'*',
                _ => {
                    plain += usize::from(!matches!(byte, b'*' | b'%'));
                    short.push(byte);
                }
            }
        }
        Matcher { pattern: short, plain, delimiter, reached: Vec::new() }
    }

    /// Whether the pattern means this name. INBOX is met in any case.
    pub fn is_match(&mut self, name: &[u8]) -> bool {
        let any_case = name.eq_ignore_ascii_case(b"INBOX");
        let is_same = |a: u8, b: u8| a == b || (any_case && a.eq_ignore_ascii_case(&b));
        if self.plain > name.len() {
            return false;
        }
        // Most names differ before the first wildcard, or have none.
        let first = self.pattern.iter().position(|byte| matches!(byte, b'*' | b'%'));
        let (head, pattern) = self.pattern.split_at(first.unwrap_or(self.pattern.len()));
        let Some((start, name)) = name.split_at_checked(head.len()) else { return false };
        if !start.iter().zip(head).all(|(a, b)| is_same(*a, *b)) {
            return false;
        }
        if pattern.is_empty() || pattern == b"*" {
            return !pattern.is_empty() || name.is_empty();
        }
        self.reached.clear();
        self.reached.resize(pattern.len() + 1, false);
        let reached = &mut self.reached;
        reached[0] = true;
        skip_wildcards(pattern, reached);
        for byte in name {
            // Nothing may follow the end.
            reached[pattern.len()] = false;
            for place in (0..pattern.len()).rev() {
                if !reached[place] {
                    continue;
                }
                match pattern[place] {
                    b'*' => {}
                    b'%' => reached[place] = Some(*byte) != self.delimiter,
                    plain => {
                        reached[place + 1] |= is_same(plain, *byte);
                        reached[place] = false;
                    }
                }
            }
            skip_wildcards(pattern, reached);
        }
        reached[pattern.len()]
    }
}

/// A wildcard may stand for nothing.
fn skip_wildcards(pattern: &[u8], reached: &mut [bool]) {
    for (place, byte) in pattern.iter().enumerate() {
        if matches!(byte, b'*' | b'%') && reached[place] {
            reached[place + 1] = true;
        }
    }
}

/// The names that lie above this one in the hierarchy, the longest first.
pub fn parents(name: &[u8], delimiter: u8) -> impl Iterator<Item = &[u8]> {
    let places: Vec<usize> = if delimiter == 0 { vec![] } else { memchr::memchr_iter(delimiter, name).collect() };
    places.into_iter().rev().map(move |at| &name[..at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Matcher::new(b"", pattern.as_bytes(), Some(b'/')).is_match(name.as_bytes())
    }

    /// By the definition, at the cost of it.
    fn by_the_book(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some((b'*', rest)), _) => (0..=name.len()).any(|at| by_the_book(rest, &name[at..])),
            (Some((b'%', rest)), _) => {
                let most = name.iter().position(|byte| *byte == b'/').unwrap_or(name.len());
                (0..=most).any(|at| by_the_book(rest, &name[at..]))
            }
            (Some((byte, rest)), Some((first, after))) => byte == first && by_the_book(rest, after),
            (Some(_), None) => false,
        }
    }

    #[test]
    fn inbox_has_any_case() {
        assert_eq!(Mailbox::new("iNbOx"), Mailbox::Inbox);
        assert_eq!(Mailbox::new("inbox/x"), Mailbox::Name("inbox/x"));
        assert!(matches("i%", "INBOX") && matches("*", "INBOX") && matches("inbox", "INBOX"));
        assert!(!matches("A", "a"));
    }

    #[test]
    fn wildcards() {
        assert!(matches("*", "") && matches("%", "") && matches("", ""));
        assert!(matches("%", "a") && !matches("%", "a/b") && matches("*", "a/b"));
        assert!(matches("%/%", "a/b") && !matches("%/%", "a/b/c"));
        assert!(matches("a*z", "a/b/z") && !matches("a%z", "a/z"));
        assert!(!matches("a", "ab") && !matches("ab", "a"));
        let mut flat = Matcher::new(b"", b"%", None);
        assert!(flat.is_match(b"a/b"));
    }

    #[test]
    fn many_wildcards_cost_no_more_than_few() {
        let pattern = "*a%".repeat(5_000) + "b";
        let name = "a/".repeat(400);
        assert!(!matches(&pattern, &name));
        assert!(!matches(&("*a".repeat(300) + "b"), &name));
        assert!(matches(&("*a".repeat(300) + "*"), &name));
    }

    #[test]
    fn parents_come_from_the_inside_out() {
        let found: Vec<&[u8]> = parents(b"a/b/c", b'/').collect();
        assert_eq!(found, [&b"a/b"[..], b"a"]);
        assert_eq!(parents(b"abc", b'/').count(), 0);
    }

    proptest! {
        #[test]
        fn it_matches_by_the_book(pattern in "[ab/*%]{0,9}", name in "[ab/]{0,9}") {
            prop_assert_eq!(matches(&pattern, &name), by_the_book(pattern.as_bytes(), name.as_bytes()));
        }
    }
}
