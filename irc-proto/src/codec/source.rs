use core::fmt;

/// Who a message is from: `nick!user@host`, or the name of a server (RFC 2812 §2.3.1, `prefix`; modern.ircdocs.horse, "Source").
///
/// The first `!` or `@` ends the name. After a `!` the first `@` ends the user; what follows an `@` is the host, whatever is in it. So
/// parts that the grammar does not foresee still land somewhere, and the three parts with their marks are always the whole source.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source<'a> {
    raw: &'a [u8],
    name_end: usize,
    /// Where the host's `@` is; the end of the source where there is none.
    user_end: usize,
}

impl<'a> Source<'a> {
    /// Splits a source, without its colon.
    pub fn parse(raw: &'a [u8]) -> Source<'a> {
        let end = raw.len();
        let name_end = raw.iter().position(|byte| matches!(byte, b'!' | b'@')).unwrap_or(end);
        let at = raw[name_end..].iter().position(|byte| *byte == b'@');
        Source { raw, name_end, user_end: at.map_or(end, |at| name_end + at) }
    }

    /// The whole source, as it came.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.raw
    }

    /// The nickname, or the server's name.
    pub fn name(&self) -> &'a [u8] {
        &self.raw[..self.name_end]
    }

    /// What stands between `!` and `@`; empty is not the same as missing.
    pub fn user(&self) -> Option<&'a [u8]> {
        self.raw[self.name_end..self.user_end].strip_prefix(b"!")
    }

    /// What follows the `@`; empty is not the same as missing.
    pub fn host(&self) -> Option<&'a [u8]> {
        self.raw[self.user_end..].strip_prefix(b"@")
    }

    /// Whether this can only be a server: it has neither user nor host, and a dot, which no nickname of RFC 2812 may have.
    ///
    /// A name without a dot may be either; who needs to know compares it with the name the server gave in its 001.
    pub fn is_server(&self) -> bool {
        self.name_end == self.raw.len() && self.raw.contains(&b'.')
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.raw.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn parts(raw: &[u8]) -> (&[u8], Option<&[u8]>, Option<&[u8]>) {
        let source = Source::parse(raw);
        (source.name(), source.user(), source.host())
    }

    #[test]
    fn each_part_may_be_missing_or_empty() {
        assert_eq!(parts(b"ada!a@host"), (&b"ada"[..], Some(&b"a"[..]), Some(&b"host"[..])));
        assert_eq!(parts(b"ada@host"), (&b"ada"[..], None, Some(&b"host"[..])));
        assert_eq!(parts(b"ada!a"), (&b"ada"[..], Some(&b"a"[..]), None));
        assert_eq!(parts(b"ada!@"), (&b"ada"[..], Some(&b""[..]), Some(&b""[..])));
        assert_eq!(parts(b"!@host"), (&b""[..], Some(&b""[..]), Some(&b"host"[..])));
        assert_eq!(parts(b""), (&b""[..], None, None));
    }

    #[test]
    fn surplus_marks_stay_where_they_are() {
        assert_eq!(parts(b"ada!a!b@host@x!y"), (&b"ada"[..], Some(&b"a!b"[..]), Some(&b"host@x!y"[..])));
        assert_eq!(parts(b"ada@host!a"), (&b"ada"[..], None, Some(&b"host!a"[..])));
    }

    #[test]
    fn a_dot_tells_a_server() {
        assert!(Source::parse(b"irc.example.org").is_server());
        assert!(!Source::parse(b"ada").is_server());
        assert!(!Source::parse(b"ada!a@irc.example.org").is_server());
    }

    proptest! {
        #[test]
        fn the_parts_with_their_marks_are_the_whole(raw in "[a-z.!@]{0,20}") {
            let (name, user, host) = parts(raw.as_bytes());
            let mut joined = Vec::from(name);
            for (mark, part) in [(b'!', user), (b'@', host)] {
                if let Some(part) = part {
                    joined.push(mark);
                    joined.extend_from_slice(part);
                }
            }
            prop_assert_eq!(joined, raw.as_bytes());
        }
    }
}
