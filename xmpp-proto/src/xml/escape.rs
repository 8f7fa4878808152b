//! References and what they stand for (XML 1.0, §4.1, §4.6), line ends (§2.11) and the values of attributes (§3.3.3).

use alloc::borrow::Cow;
use alloc::string::String;

use memchr::memchr3;

use super::XmlError;
use super::scan;

/// What begins a section of characters that are no markup (XML 1.0, §2.7).
pub(super) const SECTION: &str = "<![CDATA[";
/// What ends it.
pub(super) const SECTION_END: &str = "]]>";

/// The character that a reference stands for, and its length with `&` and `;`. `bytes` begin with the `&`.
pub(super) fn reference(bytes: &[u8]) -> Result<(char, usize), XmlError> {
    // No reference to a character is longer, unless it begins with zeros.
    const LONGEST: usize = 32;
    let seen = bytes.get(..LONGEST).unwrap_or(bytes);
    let end = seen.iter().position(|byte| *byte == b';').ok_or(match seen.get(1) {
        Some(b'#') => XmlError::CharacterReference,
        _ => XmlError::Entity,
    })?;
    let character = match &seen[1..end] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"apos" => '\'',
        b"quot" => '"',
        [b'#', b'x', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        _ => return Err(XmlError::Entity),
    };
    Ok((character, end + 1))
}

fn number(digits: &[u8], radix: u32) -> Result<char, XmlError> {
    let digits = core::str::from_utf8(digits).map_err(|_| XmlError::CharacterReference)?;
    // A sign is not a digit.
    let number = if digits.starts_with('+') { None } else { u32::from_str_radix(digits, radix).ok() };
    let character = number.and_then(char::from_u32).filter(|character| scan::is_character(*character));
    character.ok_or(XmlError::CharacterReference)
}

/// What the text between two tags says. It has been checked.
pub(super) fn text(raw: &str) -> Cow<'_, str> {
    if memchr3(b'&', b'\r', b'<', raw.as_bytes()).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    append_text(raw, &mut text);
    Cow::Owned(text)
}

/// Appends what the text between two tags says. It has been checked.
pub(super) fn append_text(raw: &str, text: &mut String) {
    let mut rest = raw;
    while let Some(at) = memchr3(b'&', b'\r', b'<', rest.as_bytes()) {
        text.push_str(rest.get(..at).unwrap_or_default());
        let markup = rest.get(at..).unwrap_or_default();
        rest = match markup.strip_prefix(SECTION) {
            Some(section) => {
                let (section, rest) = section.split_once(SECTION_END).unwrap_or((section, ""));
                append_section(section, text);
                rest
            }
            None => append_one(markup, text, '\n'),
        };
    }
    text.push_str(rest);
}

/// In a section only line ends are not what they are.
fn append_section(section: &str, text: &mut String) {
    for (at, line) in section.split('\r').enumerate() {
        if at > 0 && !line.starts_with('\n') {
            text.push('\n');
        }
        text.push_str(line);
    }
}

/// Appends what stands for `markup`'s first character or reference, and gives what follows it. A CR is `line_end`, with an LF as without.
fn append_one<'a>(markup: &'a str, text: &mut String, line_end: char) -> &'a str {
    let (character, length) = match markup.as_bytes() {
        [b'\r', b'\n', ..] => (line_end, 2),
        [b'\r', ..] => (line_end, 1),
        bytes => reference(bytes).unwrap_or(('\u{fffd}', 1)),
    };
    text.push(character);
    markup.get(length..).unwrap_or_default()
}

/// What the value of an attribute says, in which there is `&` or whitespace other than spaces. It has been checked.
pub(super) fn value(raw: &str) -> String {
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.bytes().position(|byte| byte == b'&' || byte < b' ') {
        value.push_str(rest.get(..at).unwrap_or_default());
        let markup = rest.get(at..).unwrap_or_default();
        rest = match markup.strip_prefix(['\t', '\n']) {
            Some(rest) => {
                value.push(' ');
                rest
            }
            None => append_one(markup, &mut value, ' '),
        };
    }
    value.push_str(rest);
    value
}

/// How a character is written that may not be written as it is.
pub(super) fn written(special: u8) -> &'static [u8] {
    match special {
        b'&' => b"&amp;",
        b'<' => b"&lt;",
        b'>' => b"&gt;",
        b'\'' => b"&apos;",
        b'\t' => b"&#9;",
        b'\n' => b"&#10;",
        b'\r' => b"&#13;",
        // Nothing else is sought.
        _ => b"",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_stand_for_characters() {
        for (written, wanted) in [
            ("&amp;", Ok('&')),
            ("&lt;x", Ok('<')),
            ("&gt;", Ok('>')),
            ("&apos;", Ok('\'')),
            ("&quot;", Ok('"')),
            ("&#65;", Ok('A')),
            ("&#x1F600;", Ok('😀')),
            ("&#x1f600;", Ok('😀')),
            ("&#0000000065;", Ok('A')),
            ("&#9;", Ok('\t')),
            ("&#0;", Err(XmlError::CharacterReference)),
            ("&#8;", Err(XmlError::CharacterReference)),
            ("&#xD800;", Err(XmlError::CharacterReference)),
            ("&#xFFFE;", Err(XmlError::CharacterReference)),
            ("&#x110000;", Err(XmlError::CharacterReference)),
            ("&#99999999999;", Err(XmlError::CharacterReference)),
            ("&#;", Err(XmlError::CharacterReference)),
            ("&#+65;", Err(XmlError::CharacterReference)),
            ("&#X41;", Err(XmlError::CharacterReference)),
            ("&#65", Err(XmlError::CharacterReference)),
            ("&nbsp;", Err(XmlError::Entity)),
            ("&;", Err(XmlError::Entity)),
            ("& x", Err(XmlError::Entity)),
            ("&", Err(XmlError::Entity)),
        ] {
            assert_eq!(reference(written.as_bytes()).map(|(character, _)| character), wanted, "{written}");
        }
    }

    #[test]
    fn text_is_borrowed_where_it_says_what_it_is() {
        assert!(matches!(text("plain\ntext ]"), Cow::Borrowed(_)));
        assert_eq!(text("a&amp;b\r\nc\rd<![CDATA[<&amp;\r\n\r]]>&#13;e"), "a&b\nc\nd<&amp;\n\n\re");
        assert_eq!(value("a\tb\nc\r\nd\re&#10;&#x9;f&quot;"), "a b c d e\n\tf\"");
    }
}
