//! Masks: `nick!user@host` with wildcards, as bans, WHO and operators' lists use them.
//!
//! RFC 2812 §2.5 (wildcards), <https://modern.ircdocs.horse/#wildcard-expressions>.

use alloc::vec::Vec;

use crate::casemap::CaseMapping;
use crate::codec::Source;

/// Whether `text` fits `glob`: `*` stands for any bytes or none, `?` for one byte, `\*` and `\?` for the characters themselves; any other
/// backslash is a character of a name (RFC 2812 §2.5).
///
/// No recursion and no memory. A failed try goes back to the last `*` alone, so the time is at most the product of both lengths,
/// and linear in the text for a given mask. What `rfc8265` has beyond ASCII is folded before, into memory.
pub fn matches(glob: &[u8], text: &[u8], mapping: CaseMapping) -> bool {
    if mapping.is_bytewise(glob) && mapping.is_bytewise(text) {
        return matches_bytes(glob, text, mapping);
    }
    matches_bytes(&mapping.folded(glob), &mapping.folded(text), CaseMapping::Ascii)
}

fn matches_bytes(glob: &[u8], text: &[u8], mapping: CaseMapping) -> bool {
    let mut glob = glob;
    let mut text = text;
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        let (wild, after) = next(glob);
        match (wild, text.split_first()) {
            (Some(Wild::Many), _) => {
                glob = after;
                if glob.is_empty() {
                    return true;
                }
                retry = Some((glob, text));
            }
            (Some(Wild::One), Some((_, rest))) => (glob, text) = (after, rest),
            (Some(Wild::Literal(byte)), Some((first, rest))) if mapping.fold(byte) == mapping.fold(*first) => {
                (glob, text) = (after, rest);
            }
            (None, None) => return true,
            // The text ended before the mask did: a later start would only have less text.
            (Some(_), None) => return false,
            _ => {
                let Some((after_star, [_, later @ ..])) = retry else { return false };
                (glob, text) = (after_star, later);
                retry = Some((after_star, later));
            }
        }
    }
}

enum Wild {
    Many,
    One,
    Literal(u8),
}

fn next(glob: &[u8]) -> (Option<Wild>, &[u8]) {
    match glob {
        [] => (None, glob),
        [b'*', after @ ..] => (Some(Wild::Many), after),
        [b'?', after @ ..] => (Some(Wild::One), after),
        [b'\\', byte @ (b'*' | b'?'), after @ ..] | [byte, after @ ..] => (Some(Wild::Literal(*byte)), after),
    }
}

/// Whether `mask` has an unescaped `*` or `?`.
pub fn has_wildcards(mask: &[u8]) -> bool {
    let mut rest = mask;
    loop {
        match next(rest) {
            (None, _) => return false,
            (Some(Wild::Literal(_)), after) => rest = after,
            (Some(_), _) => return true,
        }
    }
}

/// A mask that fits `text` alone: its wildcards escaped.
pub fn escape(text: &[u8]) -> Vec<u8> {
    let mut mask = Vec::with_capacity(text.len());
    for byte in text {
        if matches!(byte, b'*' | b'?') {
            mask.push(b'\\');
        }
        mask.push(*byte);
    }
    mask
}

/// The parts of `nick!user@host`, borrowed. What has no mark before it is `None`; `a@b` is nick `a` and host `b`, as in a source
/// (modern.ircdocs.horse, "Source").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct UserHost<'a> {
    /// Up to the `!` or the `@`.
    pub nick: &'a [u8],
    /// Between the first `!` and the `@` after it.
    pub user: Option<&'a [u8]>,
    /// After the `@`.
    pub host: Option<&'a [u8]>,
}

impl<'a> UserHost<'a> {
    /// Splits as a [`Source`] does: at the first `!` or `@`, and at the first `@` from there.
    pub fn split(text: &'a [u8]) -> Self {
        let source = Source::parse(text);
        UserHost { nick: source.name(), user: source.user(), host: source.host() }
    }

    /// Writes `nick!user@host`, the parts that are there.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.nick);
        for (mark, part) in [(b'!', self.user), (b'@', self.host)] {
            if let Some(part) = part {
                out.push(mark);
                out.extend_from_slice(part);
            }
        }
    }
}

/// Why a text is no mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MaskFault {
    /// It has a blank, CR, LF or NUL.
    #[error("a mask holds no blank, line end or NUL: remove it")]
    ForbiddenByte,
    /// It begins with a colon, which only the last parameter of a message may.
    #[error("a mask cannot begin with a colon: put `*!*@` before an address")]
    LeadingColon,
}

/// The full form of a mask that a person gave in part, as servers write it into a ban list.
///
/// `nick` becomes `nick!*@*`, `user@host` becomes `*!user@host`, `nick!user` becomes `nick!user@*`, and a lone word with a dot, a colon or a slash,
/// which no nickname has, becomes `*!*@host`. Empty parts become `*`, and `**` becomes `*`. Below an extended ban's prefix
/// ([`Isupport::extban`](crate::isupport::Isupport::extban)) nothing is changed.
///
/// # Errors
///
/// [`MaskFault::ForbiddenByte`]; [`MaskFault::LeadingColon`] when a nick would begin with one.
pub fn normalise(mask: &[u8], extban: Option<u8>) -> Result<Vec<u8>, MaskFault> {
    if mask.iter().any(|byte| matches!(byte, b' ' | b'\r' | b'\n' | 0)) {
        return Err(MaskFault::ForbiddenByte);
    }
    if extban.is_some() && mask.first().copied() == extban {
        return Ok(mask.to_vec());
    }
    let split = UserHost::split(mask);
    let lone = split.user.is_none() && split.host.is_none();
    let parts = if lone && mask.iter().any(|byte| matches!(byte, b'.' | b':' | b'/')) {
        [&b"*"[..], b"*", mask]
    } else {
        match split {
            UserHost { nick: user, user: None, host: Some(host) } => [b"*", user, host],
            UserHost { nick, user, host } => [nick, user.unwrap_or_default(), host.unwrap_or_default()],
        }
    };
    if parts[0].first() == Some(&b':') {
        return Err(MaskFault::LeadingColon);
    }
    let mut full = Vec::with_capacity(mask.len() + 4);
    for (mark, part) in [None, Some(b'!'), Some(b'@')].into_iter().zip(parts) {
        full.extend(mark);
        push_part(&mut full, part);
    }
    Ok(full)
}

fn push_part(full: &mut Vec<u8>, part: &[u8]) {
    if part.is_empty() {
        full.push(b'*');
    }
    let mut rest = part;
    let mut after_star = false;
    while let (Some(wild), after) = next(rest) {
        let many = matches!(wild, Wild::Many);
        if !(many && after_star) {
            full.extend_from_slice(rest.get(..rest.len() - after.len()).unwrap_or_default());
        }
        after_star = many;
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn fits(glob: &str, text: &str) -> bool {
        matches(glob.as_bytes(), text.as_bytes(), CaseMapping::Rfc1459)
    }

    // From irc-parser-tests (CC0).
    const VECTORS: &[(&str, &[&str], &[&str])] = &[
        (
            r"*@127.0.0.1",
            &[r"coolguy!ab@127.0.0.1", r"cooldud3!~bc@127.0.0.1"],
            &[r"coolguy!ab@127.0.0.5", r"cooldud3!~d@124.0.0.1"],
        ),
        (
            r"cool*@*",
            &[r"coolguy!ab@127.0.0.1", r"cooldud3!~bc@127.0.0.1", r"cool132!ab@example.com"],
            &[r"koolguy!ab@127.0.0.5", r"cooodud3!~d@124.0.0.1"],
        ),
        (
            r"cool!*@*",
            &[r"cool!guyab@127.0.0.1", r"cool!~dudebc@127.0.0.1", r"cool!312ab@example.com"],
            &[r"coolguy!ab@127.0.0.1", r"cooldud3!~bc@127.0.0.1", r"koolguy!ab@127.0.0.5", r"cooodud3!~d@124.0.0.1"],
        ),
        (
            r"cool!?username@*",
            &[r"cool!ausername@127.0.0.1", r"cool!~username@127.0.0.1"],
            &[r"cool!username@127.0.0.1"],
        ),
        (r"cool!a?*@*", &[r"cool!ab@127.0.0.1", r"cool!abc@127.0.0.1"], &[r"cool!a@127.0.0.1"]),
        (
            r"cool[guy]!*@*",
            &[r"cool[guy]!guy@127.0.0.1", r"cool[guy]!a@example.com"],
            &[r"coolg!ab@127.0.0.1", r"cool[!ac@127.0.1.1"],
        ),
    ];

    #[test]
    fn the_public_vectors_pass() {
        for (mask, fit, unfit) in VECTORS {
            fit.iter().for_each(|text| assert!(fits(mask, text), "{mask} should fit {text}"));
            unfit.iter().for_each(|text| assert!(!fits(mask, text), "{mask} should not fit {text}"));
        }
    }

    #[test]
    fn escapes_stand_for_themselves() {
        assert!(fits(r"a\*b", "a*b") && !fits(r"a\*b", "axb"));
        assert!(fits(r"a\?b", "a?b") && !fits(r"a\?b", "axb"));
        assert!(fits(r"a\b*", "A|Bc"), "a backslash is a letter of a nickname");
        assert!(fits(r"a\\b", r"a\\b") && !fits(r"a\\b", r"a\b"));
        assert!(fits(r"a\", r"a\"));
        assert!(has_wildcards(b"a*") && has_wildcards(b"\\?x?") && !has_wildcards(b"a\\*\\?\\"));
    }

    #[test]
    fn case_is_the_mappings_affair() {
        assert!(matches(b"[x]*", b"{X}y", CaseMapping::Rfc1459));
        assert!(!matches(b"[x]*", b"{X}y", CaseMapping::Ascii));
        let precis = |glob: &str, text: &str| matches(glob.as_bytes(), text.as_bytes(), CaseMapping::Precis);
        assert!(precis("É*!*@*", "émile!☃@host") && precis("*Ä", "xä") && precis("a*", "Aé") && !precis("é*", "e"));
        assert!(matches(b"~a", b"^A", CaseMapping::Rfc1459) && !matches(b"~a", b"^A", CaseMapping::Rfc1459Strict));
    }

    #[test]
    fn a_mask_made_to_be_slow_is_not() {
        let mask = b"*a".repeat(200);
        let text = [b"a".repeat(199), vec![b'b'; 4000]].concat();
        assert!(!matches(&mask, &text, CaseMapping::Ascii));
        let mask = [vec![b'*'; 5000], b"b".to_vec()].concat();
        assert!(!matches(&mask, &vec![b'a'; 5000], CaseMapping::Ascii));
    }

    #[test]
    fn partial_masks_are_filled_up() {
        let cases = [
            ("", "*!*@*"),
            ("*", "*!*@*"),
            ("dan", "dan!*@*"),
            ("dan!", "dan!*@*"),
            ("dan!~d", "dan!~d@*"),
            ("d@host", "*!d@host"),
            ("@host", "*!*@host"),
            ("dan@", "*!dan@*"),
            ("dan!d@host", "dan!d@host"),
            ("!d@", "*!d@*"),
            ("*.example.org", "*!*@*.example.org"),
            ("::1", "*!*@::1"),
            ("user/dan", "*!*@user/dan"),
            ("d**n!***@*?**", "d*n!*@*?*"),
            (r"a\**", r"a\**!*@*"),
        ];
        for (partial, full) in cases {
            assert_eq!(normalise(partial.as_bytes(), None), Ok(full.as_bytes().to_vec()), "{partial}");
        }
        assert_eq!(normalise(b"$a:dan", Some(b'$')), Ok(b"$a:dan".to_vec()));
        assert_eq!(normalise(b"a b", None), Err(MaskFault::ForbiddenByte));
        assert_eq!(normalise(b"$a\r", Some(b'$')), Err(MaskFault::ForbiddenByte));
        assert_eq!(normalise(b":a!b@c", None), Err(MaskFault::LeadingColon));
    }

    #[test]
    fn user_hosts_split() {
        let some = |nick, user, host| UserHost { nick, user, host };
        assert_eq!(UserHost::split(b"a!b@c"), some(b"a", Some(b"b"), Some(b"c")));
        assert_eq!(UserHost::split(b"a@c!d"), some(b"a", None, Some(b"c!d")));
        assert_eq!(UserHost::split(b"a!b"), some(b"a", Some(b"b"), None));
        assert_eq!(UserHost::split(b"a!b@c@d"), some(b"a", Some(b"b"), Some(b"c@d")));
        assert_eq!(UserHost::split(b""), some(b"", None, None));
    }

    /// The definition, in a table of all pairs.
    fn by_definition(glob: &[u8], text: &[u8], mapping: CaseMapping) -> bool {
        let mut tokens = vec![];
        let mut rest = glob;
        while let (Some(wild), after) = next(rest) {
            tokens.push(wild);
            rest = after;
        }
        let mut row = vec![false; text.len() + 1];
        row[0] = true;
        for token in tokens {
            let mut below = vec![false; text.len() + 1];
            for end in 0..=text.len() {
                below[end] = match token {
                    Wild::Many => row[end] || (end > 0 && below[end - 1]),
                    Wild::One => end > 0 && row[end - 1],
                    Wild::Literal(byte) => end > 0 && row[end - 1] && mapping.same(&[byte], &text[end - 1..end]),
                };
            }
            row = below;
        }
        row[text.len()]
    }

    proptest! {
        #[test]
        fn matching_is_as_defined(glob in "[ab*?\\\\]{0,12}", text in "[abA*\\\\]{0,12}") {
            let (glob, text) = (glob.as_bytes(), text.as_bytes());
            prop_assert_eq!(matches(glob, text, CaseMapping::Ascii), by_definition(glob, text, CaseMapping::Ascii));
        }

        #[test]
        fn an_escaped_text_fits_itself_alone(text: Vec<u8>, other: Vec<u8>) {
            let mask = escape(&text);
            prop_assert!(!has_wildcards(&mask));
            prop_assert!(matches(&mask, &text, CaseMapping::Ascii));
            prop_assert_eq!(matches(&mask, &other, CaseMapping::Ascii), CaseMapping::Ascii.same(&text, &other));
        }

        #[test]
        fn a_split_writes_back(text: Vec<u8>) {
            let mut out = Vec::new();
            UserHost::split(&text).write(&mut out);
            prop_assert_eq!(out, text);
        }

        #[test]
        fn a_normal_mask_stays_as_it_is(mask in "[ab.:/*?!@\\\\]{0,12}") {
            if let Ok(full) = normalise(mask.as_bytes(), None) {
                prop_assert_eq!(normalise(&full, None), Ok(full));
            }
        }
    }
}
