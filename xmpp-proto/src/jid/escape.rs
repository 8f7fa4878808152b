//! XEP-0106: names of other systems, with characters that no localpart can have, written as localparts.

use alloc::borrow::Cow;
use alloc::string::String;

/// Why a name cannot be escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name that begins or ends with a space has no escaped form (XEP-0106 §3); take the space away")]
pub struct EscapeError;

/// The characters, and the digits by which each is written behind a backslash.
const ESCAPES: [(char, &str); 10] = [
    (' ', "20"),
    ('"', "22"),
    ('&', "26"),
    ('\'', "27"),
    ('/', "2f"),
    (':', "3a"),
    ('<', "3c"),
    ('>', "3e"),
    ('@', "40"),
    ('\\', "5c"),
];

/// Writes a name so that it can be a localpart. A backslash is escaped only where it would be taken for an escape.
///
/// The outcome is to be prepared yet, as by [`Jid::from_parts`](super::Jid::from_parts).
///
/// # Errors
/// The name begins or ends with a space.
pub fn escape(name: &str) -> Result<Cow<'_, str>, EscapeError> {
    if name.starts_with(' ') || name.ends_with(' ') {
        return Err(EscapeError);
    }
    let mut escaped = String::new();
    let mut written = 0;
    for (place, character) in name.char_indices() {
        let (kept, rest) = name.split_at(place);
        let Some((_, digits)) = ESCAPES.iter().find(|(escaped, _)| *escaped == character) else { continue };
        if character == '\\' && read(rest).is_none() {
            continue;
        }
        escaped.push_str(kept.get(written..).unwrap_or_default());
        escaped.push('\\');
        escaped.push_str(digits);
        written = place + 1;
    }
    Ok(finish(name, escaped, written))
}

/// Reads an escaped localpart. An escaped space at either end, which nobody writes, stays as it is.
pub fn unescape(local: &str) -> Cow<'_, str> {
    let mut name = String::new();
    let (mut written, mut place) = (0, 0);
    while let Some(offset) = local.get(place..).and_then(|rest| rest.find('\\')) {
        place += offset;
        let (kept, rest) = local.split_at(place);
        let at_an_end = place == 0 || rest.len() == 3;
        match read(rest) {
            Some(character) if character != ' ' || !at_an_end => {
                name.push_str(kept.get(written..).unwrap_or_default());
                name.push(character);
                place += 3;
                written = place;
            }
            _ => place += 1,
        }
    }
    finish(local, name, written)
}

/// What the escape at the start of `text` stands for.
fn read(text: &str) -> Option<char> {
    let digits = text.strip_prefix('\\')?.get(..2)?;
    ESCAPES.iter().find(|(_, written)| *written == digits).map(|(character, _)| *character)
}

fn finish(text: &str, mut changed: String, written: usize) -> Cow<'_, str> {
    if written == 0 {
        return Cow::Borrowed(text);
    }
    changed.push_str(text.get(written..).unwrap_or_default());
    Cow::Owned(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn examples_of_the_xep() {
        for (name, escaped) in [
            ("space cadet", r"space\20cadet"),
            (r#"call me "ishmael""#, r"call\20me\20\22ishmael\22"),
            ("at&t guy", r"at\26t\20guy"),
            ("d'artagnan", r"d\27artagnan"),
            ("/.fanboy", r"\2f.fanboy"),
            ("::foo::", r"\3a\3afoo\3a\3a"),
            ("<foo>", r"\3cfoo\3e"),
            ("user@host", r"user\40host"),
            (r"c:\net", r"c\3a\net"),
            (r"c:\\net", r"c\3a\\net"),
            (r"c:\cool stuff", r"c\3a\cool\20stuff"),
            (r"c:\5commas", r"c\3a\5c5commas"),
            (r"\3and\2is\5cool", r"\5c3and\2is\5c5cool"),
        ] {
            assert_eq!(escape(name).unwrap(), escaped);
            assert_eq!(unescape(escaped), name);
        }
    }

    #[test]
    fn plain_names_are_lent() {
        assert!(matches!(escape(r"treville\x"), Ok(Cow::Borrowed(r"treville\x"))));
        assert!(matches!(unescape(r"treville\x\"), Cow::Borrowed(_)));
    }

    #[test]
    fn spaces_at_the_ends_are_refused_and_kept() {
        assert_eq!(escape(" a"), Err(EscapeError));
        assert_eq!(escape("a "), Err(EscapeError));
        assert_eq!(unescape(r"\20a\20b\20"), r"\20a b\20");
    }

    proptest! {
        #[test]
        fn what_is_escaped_reads_back(name in r#"[a-c0-9\\ "&'/:<>@é]{0,12}"#) {
            if let Ok(escaped) = escape(&name) {
                prop_assert!(!escaped.contains([' ', '"', '&', '\'', '/', ':', '<', '>', '@']));
                prop_assert_eq!(unescape(&escaped), name.as_str());
            }
        }

        #[test]
        fn anything_is_unescaped(local in r"\PC{0,12}|[\\245cf0]{0,9}") {
            let _ = unescape(&local);
        }
    }
}
