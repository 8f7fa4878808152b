use alloc::borrow::Cow;
use alloc::string::String;

use thiserror::Error;

/// What becomes of bytes that are not UTF-8: one choice for each connection. IRC itself has no encoding (RFC 1459 §2.2), so a peer
/// may send anything at any time, and one odd line must not end a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Bytes are left alone. Text that is not UTF-8 has no reading as a `str`.
    #[default]
    Bytes,
    /// Only UTF-8 is taken. To what is not, a server that advertises UTF8ONLY answers FAIL with INVALID_UTF8.
    Utf8Only,
    /// What is not UTF-8 becomes U+FFFD.
    Lossy,
    /// Text that is not UTF-8 is taken as Latin-1 (ISO 8859-1), whole: old clients write so.
    Latin1,
}

/// Something is not UTF-8 where it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("this is not UTF-8, and nothing else is taken here: set the client's encoding to UTF-8")]
pub struct NotUtf8;

impl Encoding {
    /// Applies the policy to a line that came in, before it is parsed. UTF-8 is borrowed in every case.
    ///
    /// What was converted is longer than what came: up to three times for [`Lossy`](Encoding::Lossy), twice for
    /// [`Latin1`](Encoding::Latin1).
    ///
    /// # Errors
    ///
    /// [`NotUtf8`] under [`Utf8Only`](Encoding::Utf8Only).
    #[inline]
    pub fn line(self, line: &[u8]) -> Result<Cow<'_, [u8]>, NotUtf8> {
        if self == Encoding::Bytes {
            return Ok(Cow::Borrowed(line));
        }
        self.text(line).map(|text| match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        })
    }

    /// Reads bytes, as of one parameter, as text.
    ///
    /// # Errors
    ///
    /// [`NotUtf8`] under [`Bytes`](Encoding::Bytes) and [`Utf8Only`](Encoding::Utf8Only).
    pub fn text(self, bytes: &[u8]) -> Result<Cow<'_, str>, NotUtf8> {
        if let Ok(text) = core::str::from_utf8(bytes) {
            return Ok(Cow::Borrowed(text));
        }
        match self {
            Encoding::Bytes | Encoding::Utf8Only => Err(NotUtf8),
            Encoding::Lossy => Ok(String::from_utf8_lossy(bytes)),
            Encoding::Latin1 => Ok(bytes.iter().copied().map(char::from).collect::<String>().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Encoding; 4] = [Encoding::Bytes, Encoding::Utf8Only, Encoding::Lossy, Encoding::Latin1];

    #[test]
    fn utf8_is_borrowed_whatever_the_policy() {
        for encoding in ALL {
            assert!(matches!(encoding.line("café".as_bytes()), Ok(Cow::Borrowed(_))));
            assert_eq!(encoding.text("café".as_bytes()).as_deref(), Ok("café"));
        }
    }

    #[test]
    fn each_policy_has_its_answer_to_another_encoding() {
        assert_eq!(Encoding::Bytes.line(b"caf\xe9").as_deref(), Ok(&b"caf\xe9"[..]));
        assert_eq!(Encoding::Bytes.text(b"caf\xe9"), Err(NotUtf8));
        assert_eq!(Encoding::Utf8Only.line(b"caf\xe9"), Err(NotUtf8));
        assert_eq!(Encoding::Lossy.text(b"caf\xe9").as_deref(), Ok("caf\u{fffd}"));
        assert_eq!(Encoding::Latin1.text(b"caf\xe9").as_deref(), Ok("café"));
    }

    proptest! {
        #[test]
        fn converting_makes_utf8_and_no_line_end(bytes: std::vec::Vec<u8>) {
            let ends = |bytes: &[u8]| bytes.iter().filter(|byte| b"\r\n\0 ".contains(byte)).count();
            for encoding in [Encoding::Lossy, Encoding::Latin1] {
                let line = encoding.line(&bytes).unwrap();
                prop_assert!(core::str::from_utf8(&line).is_ok());
                prop_assert_eq!(ends(&line), ends(&bytes));
            }
        }
    }
}
