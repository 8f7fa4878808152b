//! Names (XML 1.0, §2.3; Namespaces in XML 1.0, §4).

use super::XmlError;

/// Ends a name.
pub(super) const STOP: u8 = 0;
const CHARACTER: u8 = 1;
const COLON: u8 = 2;
/// Part of a character that is not ASCII.
const WIDE: u8 = 3;

/// What a byte is in a name.
pub(super) static CLASS: [u8; 256] = {
    let mut class = [STOP; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => CHARACTER,
            b':' => COLON,
            0x80.. => WIDE,
            _ => STOP,
        };
        byte += 1;
    }
    class
};

/// Where a name ends that begins at `at`. Whether it is a good name is for [`qualified`] to say.
#[inline(always)]
pub(super) fn end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at)
        && CLASS[usize::from(*byte)] != STOP
    {
        at += 1;
    }
    at
}

/// The length of a name at the start of `bytes` and of its prefix, without the colon; 0 where there is none.
#[inline(always)]
pub(super) fn qualified(text: &str, at: usize) -> Result<(usize, usize), XmlError> {
    let bytes = text.as_bytes();
    let mut end = at;
    while let Some(byte) = bytes.get(end)
        && CLASS[usize::from(*byte)] == CHARACTER
    {
        end += 1;
    }
    let is_plain = bytes.get(end).is_none_or(|byte| CLASS[usize::from(*byte)] == STOP);
    if is_plain && bytes.get(at).is_some_and(|first| first.is_ascii_alphabetic()) {
        return Ok((end - at, 0));
    }
    qualified_with_care(text, at)
}

#[inline(never)]
fn qualified_with_care(text: &str, at: usize) -> Result<(usize, usize), XmlError> {
    let name = text.get(at..end(text.as_bytes(), at)).ok_or(XmlError::Name)?;
    let (prefix, local) = match name.split_once(':') {
        Some((prefix, local)) if is_name(prefix) => (prefix, local),
        Some(_) => return Err(XmlError::Name),
        None => ("", name),
    };
    if is_name(local) { Ok((name.len(), prefix.len())) } else { Err(XmlError::Name) }
}

/// Whether this is a name without colon.
pub(super) fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let is_ascii = bytes.iter().all(|byte| CLASS[usize::from(*byte)] == CHARACTER);
    if is_ascii {
        return bytes.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_');
    }
    name.chars().next().is_some_and(begins) && name.chars().all(continues)
}

/// NameStartChar without the colon.
fn begins(character: char) -> bool {
    matches!(character,
        'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// NameChar without the colon.
fn continues(character: char) -> bool {
    begins(character)
        || matches!(character, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_what_is_none() {
        for (text, wanted) in [
            ("body>", Ok((4, 0))),
            ("_x-1.y/", Ok((6, 0))),
            ("stream:features ", Ok((15, 6))),
            ("élan=", Ok((5, 0))),
            ("x:élan", Ok((7, 1))),
            ("-x", Err(XmlError::Name)),
            ("1x", Err(XmlError::Name)),
            (":x", Err(XmlError::Name)),
            ("x:", Err(XmlError::Name)),
            ("x:y:z", Err(XmlError::Name)),
            ("x:1", Err(XmlError::Name)),
            ("×", Err(XmlError::Name)),
            ("x\u{37e}", Err(XmlError::Name)),
            ("\u{300}x", Err(XmlError::Name)),
            ("", Err(XmlError::Name)),
            (">", Err(XmlError::Name)),
        ] {
            assert_eq!(qualified(text, 0), wanted, "{text}");
        }
    }
}
