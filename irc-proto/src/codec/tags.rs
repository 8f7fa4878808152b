use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use memchr::memchr;

use super::encode::Unwritable;
use super::profile::Fault;

/// The tags of a message, as they came (IRCv3 message-tags). Reading them allocates nothing.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Tags<'a>(&'a [u8]);

/// One tag: a key and a value, which is empty where it is missing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tag<'a> {
    raw: &'a [u8],
    key_end: usize,
}

/// A tag's value, escaped as it came. Unescaped it may hold any character, CR and LF too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Value<'a>(&'a [u8]);

impl<'a> Tags<'a> {
    /// The tags in `raw`, which is what stands between `@` and the space.
    pub fn parse(raw: &'a [u8]) -> Tags<'a> {
        Tags(raw)
    }

    /// The tags, as they came, without `@` and space.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Whether there is no tag.
    pub fn is_empty(self) -> bool {
        self.iter().next().is_none()
    }

    /// All tags in order, those with a key that comes again included; empty ones are passed over.
    pub fn iter(self) -> impl Iterator<Item = Tag<'a>> + Clone {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            loop {
                if rest.is_empty() {
                    return None;
                }
                let raw;
                (raw, rest) = match memchr(b';', rest) {
                    Some(end) => (&rest[..end], &rest[end + 1..]),
                    None => (rest, &[][..]),
                };
                let tag = Tag::of(raw);
                if !tag.key().is_empty() {
                    return Some(tag);
                }
            }
        })
    }

    /// The value of a key, given whole (`time`, `+draft/reply`) and compared byte by byte. Where a key comes twice, the last one counts.
    pub fn value(self, key: &[u8]) -> Option<Value<'a>> {
        self.iter().filter(|tag| tag.key() == key).last().map(|tag| tag.value())
    }
}

impl<'a> Tag<'a> {
    fn of(raw: &'a [u8]) -> Tag<'a> {
        // Keys are short: a call costs more than it saves.
        Tag { raw, key_end: raw.iter().position(|byte| *byte == b'=').unwrap_or(raw.len()) }
    }

    /// The whole tag, escaped as it came.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.raw
    }

    /// The whole key: `+` where it is client-only, vendor, name.
    pub fn key(&self) -> &'a [u8] {
        &self.raw[..self.key_end]
    }

    /// Whether the key begins with `+`: a client put it there, and servers pass it on without understanding it.
    pub fn is_client_only(&self) -> bool {
        self.raw.starts_with(b"+")
    }

    /// The vendor before the key's `/`.
    pub fn vendor(&self) -> Option<&'a [u8]> {
        split_key(self.key()).0
    }

    /// The key without `+` and vendor.
    pub fn name(&self) -> &'a [u8] {
        split_key(self.key()).1
    }

    /// The value; a missing one is the same as an empty one.
    pub fn value(&self) -> Value<'a> {
        Value(self.raw.get(self.key_end + 1..).unwrap_or_default())
    }

    /// Whether the strict profile takes it: a key by the grammar, and a value of UTF-8.
    pub(crate) fn is_lawful(&self) -> bool {
        check_key(self.key()).is_ok() && core::str::from_utf8(self.raw).is_ok()
    }

    pub(super) fn len(&self) -> usize {
        self.raw.len()
    }
}

/// The vendor and the name in a key.
fn split_key(key: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let key = key.strip_prefix(b"+").unwrap_or(key);
    match key.iter().position(|byte| *byte == b'/') {
        Some(slash) => (Some(&key[..slash]), &key[slash + 1..]),
        None => (None, key),
    }
}

/// `["+"] [vendor "/"] 1*(letter / digit / "-")`, where a vendor is a host name.
pub(super) fn check_key(key: &[u8]) -> Result<(), Fault> {
    // Most keys have neither mark nor vendor.
    if !key.is_empty() && all(NAME, key) {
        return Ok(());
    }
    let (vendor, name) = split_key(key);
    let is_vendor = |vendor: &[u8]| !vendor.is_empty() && all(VENDOR, vendor);
    let holds = vendor.is_none_or(is_vendor) && !name.is_empty() && all(NAME, name);
    if holds { Ok(()) } else { Err(Fault::TagKey) }
}

/// What is escaped in a value.
const ESCAPED: u8 = 1;
/// What may be in the name of a key.
const NAME: u8 = 2;
/// What may be in its vendor.
const VENDOR: u8 = 4;
/// What has no escape and cannot be sent.
const NUL: u8 = 8;
/// What is not ASCII.
const HIGH: u8 = 16;

/// Looked up rather than compared, since each byte of each tag is asked about.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = match byte as u8 {
            0 => NUL,
            b'-' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => NAME | VENDOR,
            b'.' => VENDOR,
            0x80.. => HIGH,
            byte if replacement(byte).is_some() => ESCAPED,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

fn class(byte: u8) -> u8 {
    CLASSES[usize::from(byte)]
}

fn all(wanted: u8, bytes: &[u8]) -> bool {
    bytes.iter().fold(wanted, |common, byte| common & class(*byte)) != 0
}

impl<'a> Value<'a> {
    /// The value, escaped as it came.
    pub fn escaped(self) -> &'a [u8] {
        self.0
    }

    /// Whether nothing is there, or only a lone `\`.
    pub fn is_empty(self) -> bool {
        self.bytes().next().is_none()
    }

    /// The bytes of the value, unescaped one by one: `\:` is `;`, `\s` a space, `\r` CR, `\n` LF, `\\` a backslash. Before any other
    /// character, and at the end, the backslash is dropped.
    pub fn bytes(self) -> impl Iterator<Item = u8> + Clone + 'a {
        let mut escaped = self.0.iter().copied();
        core::iter::from_fn(move || match escaped.next()? {
            b'\\' => escaped.next().map(unescaped),
            byte => Some(byte),
        })
    }

    /// The value unescaped. Allocates only where there is a backslash in it.
    pub fn unescaped(self) -> Cow<'a, [u8]> {
        if !self.0.contains(&b'\\') {
            return Cow::Borrowed(self.0);
        }
        let mut plain = Vec::with_capacity(self.0.len());
        self.unescape_into(&mut plain);
        Cow::Owned(plain)
    }

    /// Appends the value, unescaped, to `out`: for who reads many and keeps the buffer.
    pub fn unescape_into(self, out: &mut Vec<u8>) {
        if !self.0.contains(&b'\\') {
            return out.extend_from_slice(self.0);
        }
        let mut rest = self.0;
        while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
            out.extend_from_slice(&rest[..at]);
            let Some(escaped) = rest.get(at + 1) else { return };
            out.push(unescaped(*escaped));
            rest = &rest[at + 2..];
        }
        out.extend_from_slice(rest);
    }
}

/// What a character stands for after a backslash.
fn unescaped(byte: u8) -> u8 {
    match byte {
        b':' => b';',
        b's' => b' ',
        b'r' => b'\r',
        b'n' => b'\n',
        other => other,
    }
}

impl PartialEq<[u8]> for Value<'_> {
    /// Compares with an unescaped value.
    fn eq(&self, unescaped: &[u8]) -> bool {
        self.bytes().eq(unescaped.iter().copied())
    }
}

/// Appends `value` to `out`, escaped so that it can stand in a tag.
pub fn escape_into(value: &[u8], out: &mut Vec<u8>) {
    escape(value, |piece| out.extend_from_slice(piece));
}

/// How long a plain value is when it is escaped.
///
/// # Errors
///
/// It has a NUL, or is not UTF-8.
pub(super) fn escaped_len(value: &[u8]) -> Result<usize, Unwritable> {
    let (mut seen, mut escapes) = (0, 0);
    for byte in value {
        let class = class(*byte);
        seen |= class;
        escapes += usize::from(class & ESCAPED);
    }
    if seen & HIGH != 0 && core::str::from_utf8(value).is_err() {
        return Err(Unwritable::TagNotUtf8);
    }
    if seen & NUL != 0 { Err(Unwritable::ForbiddenCharacter) } else { Ok(value.len() + escapes) }
}

/// Hands out `value`, escaped, in pieces.
pub(super) fn escape<'a>(value: &'a [u8], mut put: impl FnMut(&'a [u8])) {
    let mut rest = value;
    while let Some(at) = rest.iter().position(|byte| class(*byte) == ESCAPED) {
        put(&rest[..at]);
        put(replacement(rest[at]).unwrap_or_default());
        rest = &rest[at + 1..];
    }
    put(rest);
}

const fn replacement(byte: u8) -> Option<&'static [u8]> {
    match byte {
        b';' => Some(b"\\:"),
        b' ' => Some(b"\\s"),
        b'\\' => Some(b"\\\\"),
        b'\r' => Some(b"\\r"),
        b'\n' => Some(b"\\n"),
        _ => None,
    }
}

impl fmt::Debug for Tags<'_> {
    /// Shows the keys. Values may say what was meant for one person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Debug for Tag<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.key().escape_ascii())
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec;
    use proptest::prelude::*;

    fn value<'a>(tags: &'a str, key: &str) -> Option<Cow<'a, [u8]>> {
        Tags::parse(tags.as_bytes()).value(key.as_bytes()).map(Value::unescaped)
    }

    #[test]
    fn the_last_of_a_key_counts_and_a_missing_value_is_empty() {
        assert_eq!(value("a=1;b;c=;a=2", "a").as_deref(), Some(&b"2"[..]));
        assert_eq!(value("a=1;b;c=;a=2", "b").as_deref(), Some(&b""[..]));
        assert_eq!(value("a=1;b;c=;a=2", "c").as_deref(), Some(&b""[..]));
        assert_eq!(value("a=1", "d"), None);
        assert_eq!(value("a=1", ""), None);
        assert_eq!(value("a=b=c", "a").as_deref(), Some(&b"b=c"[..]));
    }

    #[test]
    fn escapes_are_read_from_left_to_right() {
        for (escaped, plain) in [
            (r"\:\s\\\r\n", "; \\\r\n"),
            (r"\\n", "\\n"),
            (r"\1", "1"),
            (r"x\", "x"),
            (r"\", ""),
            (r"72\s45", "72 45"),
            ("plain", "plain"),
        ] {
            assert_eq!(Value(escaped.as_bytes()).unescaped(), plain.as_bytes(), "{escaped}");
            assert!(Value(escaped.as_bytes()) == *plain.as_bytes());
            let mut out = vec![b'>'];
            Value(escaped.as_bytes()).unescape_into(&mut out);
            assert_eq!(out, format!(">{plain}").as_bytes());
        }
    }

    #[test]
    fn a_value_without_a_backslash_is_borrowed() {
        assert!(matches!(Value(b"plain").unescaped(), Cow::Borrowed(b"plain")));
    }

    #[test]
    fn a_key_has_a_mark_a_vendor_and_a_name() {
        let tag = Tag::of(b"+example.org/typing=active");
        assert!(tag.is_client_only());
        assert_eq!((tag.vendor(), tag.name()), (Some(&b"example.org"[..]), &b"typing"[..]));
        let tag = Tag::of(b"time");
        assert!(!tag.is_client_only());
        assert_eq!((tag.vendor(), tag.name()), (None, &b"time"[..]));
    }

    #[test]
    fn empty_tags_are_passed_over() {
        assert_eq!(Tags::parse(b";;a=1;=x;").iter().count(), 1);
        assert!(Tags::parse(b"").is_empty() && Tags::parse(b";").is_empty());
    }

    #[test]
    fn keys_are_names_after_a_mark_and_a_vendor() {
        for key in [&b""[..], b"+", b"/a", b"v/", b"a_b", b"a/b/c", b"\xff", b"++a", b"++v/a", b"v.w"] {
            assert_eq!(check_key(key), Err(Fault::TagKey), "{}", key.escape_ascii());
        }
        for key in [&b"a-1"[..], b"+v.org/b", b"+a", b"V/9"] {
            assert_eq!(check_key(key), Ok(()), "{}", key.escape_ascii());
        }
    }

    #[test]
    fn debug_shows_keys_alone() {
        assert_eq!(format!("{:?}", Tags::parse(b"a=secret;+b")), "[a, +b]");
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_safe_and_comes_back(plain: Vec<u8>) {
            let mut escaped = Vec::new();
            escape_into(&plain, &mut escaped);
            match escaped_len(&plain) {
                Ok(len) => prop_assert_eq!(len, escaped.len()),
                Err(Unwritable::ForbiddenCharacter) => prop_assert!(plain.contains(&0)),
                Err(_) => prop_assert!(core::str::from_utf8(&plain).is_err()),
            }
            prop_assert!(!escaped.iter().any(|byte| b"; \r\n".contains(byte)));
            prop_assert_eq!(Value(&escaped).unescaped(), plain);
        }

        #[test]
        fn no_tags_panic(raw: Vec<u8>) {
            let tags = Tags::parse(&raw);
            for tag in tags.iter() {
                prop_assert!(!tag.key().is_empty());
                prop_assert_eq!(tag.value().unescaped().len(), tag.value().bytes().count());
                prop_assert!(tags.value(tag.key()).is_some());
                let _ = (tag.vendor(), tag.name());
            }
        }
    }
}
