use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::fmt;

use wirestate_machine::Misuse;

/// Human text for one line of a response: it cannot hold CR, LF or NUL, so no text can become a second line.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Text(Cow<'static, str>);

impl Text {
    /// Text known at compile time. In a `const`, a forbidden character is a compile error.
    ///
    /// # Panics
    ///
    /// When the text holds CR, LF or NUL; use [`Text::new`] for text that is not written in the program itself.
    pub const fn literal(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            assert!(!is_forbidden(bytes[at]), "a line of text must not hold CR, LF or NUL");
            at += 1;
        }
        Text(Cow::Borrowed(text))
    }

    /// The text, unless it holds CR, LF or NUL.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Result<Self, Misuse> {
        let text = text.into();
        if text.bytes().any(is_forbidden) { Err(Misuse::ForbiddenCharacter) } else { Ok(Text(text)) }
    }

    /// The text with a blank in the place of each CR, LF and NUL, and a replacement character for what is not UTF-8.
    pub fn lossy(text: impl AsRef<[u8]>) -> Self {
        let text = String::from_utf8_lossy(text.as_ref());
        Text(Cow::Owned(text.replace(['\r', '\n', '\0'], " ")))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const fn is_forbidden(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | 0)
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A message's unique id: 1 to 70 characters from `!` to `~` (RFC 1939 §7, UIDL), stable across sessions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "String", into = "String")
)]
pub struct UniqueId(String);

impl UniqueId {
    /// The most characters that an id may have.
    pub const MAX_LEN: usize = 70;

    /// The id, unless it is empty, longer than 70 characters, or has one outside `!` to `~`.
    pub fn new(id: impl AsRef<[u8]>) -> Result<Self, Misuse> {
        let id = id.as_ref();
        UniqueId::check(id)?;
        UniqueId::new_of_any_length(id)
    }

    pub(crate) fn check(id: &[u8]) -> Result<(), Misuse> {
        if id.len() > Self::MAX_LEN {
            return Err(Misuse::TooLong);
        }
        if id.is_empty() || !id.iter().all(u8::is_ascii_graphic) {
            return Err(Misuse::ForbiddenCharacter);
        }
        Ok(())
    }

    /// The id, however long: some servers exceed the limit. For a client that meets one.
    pub fn new_of_any_length(id: &[u8]) -> Result<Self, Misuse> {
        match core::str::from_utf8(id) {
            Ok(text) if !text.is_empty() && id.iter().all(u8::is_ascii_graphic) => Ok(UniqueId(text.to_string())),
            _ => Err(Misuse::ForbiddenCharacter),
        }
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "serde")]
impl TryFrom<String> for UniqueId {
    type Error = Misuse;

    fn try_from(id: String) -> Result<Self, Misuse> {
        UniqueId::new_of_any_length(id.as_bytes())
    }
}

#[cfg(feature = "serde")]
impl From<UniqueId> for String {
    fn from(id: UniqueId) -> String {
        id.0
    }
}

impl fmt::Display for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_become_two_lines() {
        for odd in ["a\r\nb", "a\nb", "a\rb", "a\0b"] {
            assert_eq!(Text::new(odd), Err(Misuse::ForbiddenCharacter));
        }
        assert_eq!(Text::lossy("a\r\nb\0").as_str(), "a  b ");
        assert_eq!(Text::lossy(b"caf\xe9").as_str(), "caf\u{fffd}");
        const READY: Text = Text::literal("ready");
        assert_eq!(READY.to_string(), "ready");
    }

    #[test]
    fn unique_ids_are_1_to_70_graphic_characters() {
        assert!(UniqueId::new("!").is_ok());
        assert!(UniqueId::new([b'~'; 70]).is_ok());
        assert_eq!(UniqueId::new([b'a'; 71]), Err(Misuse::TooLong));
        assert!(UniqueId::new_of_any_length(&[b'a'; 71]).is_ok());
        for odd in [&b""[..], b"a b", b"\x7f", b"caf\xc3\xa9", b"a\tb", b"a\r\n"] {
            assert_eq!(UniqueId::new(odd), Err(Misuse::ForbiddenCharacter), "{odd:?}");
        }
    }
}
