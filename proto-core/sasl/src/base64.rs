//! Base64 as the four protocols carry SASL messages: RFC 4648 §4, strict, and capped.
//!
//! How an *empty* message is written (`=` in POP3, IMAP and XMPP, `+` in IRC), and how an exchange is cancelled (`*`),
//! belongs to each protocol; here an empty text is an empty message.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use base64ct::{Base64, Encoding};

/// Why a text is not base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The message would be longer than the caller's limit. Nothing was decoded.
    #[error("the base64 text holds more than {limit} octets; send a shorter message")]
    TooLong {
        /// The limit in octets of the decoded message.
        limit: usize,
    },
    /// A character outside the alphabet, white space, missing or misplaced padding, or bits left over at the end.
    #[error("the text is not base64 as RFC 4648 section 4 writes it, with padding and without white space")]
    Malformed,
}

/// Writes `message` in base64, with padding and without line breaks.
pub fn encode(message: &[u8]) -> String {
    Base64::encode_string(message)
}

/// Reads a base64 text of a message of at most `limit` octets.
///
/// Strict: no white space, no missing padding, no leftover bits. The time does not depend on the characters, for the
/// message may be a password.
///
/// # Errors
/// [`DecodeError::TooLong`] before anything is allocated; [`DecodeError::Malformed`].
pub fn decode(text: impl AsRef<[u8]>, limit: usize) -> Result<Vec<u8>, DecodeError> {
    let text = text.as_ref();
    if text.len() % 4 != 0 {
        return Err(DecodeError::Malformed);
    }
    let padding = text.iter().rev().take(2).filter(|octet| **octet == b'=').count();
    let len = (text.len() / 4 * 3).saturating_sub(padding);
    if len > limit {
        return Err(DecodeError::TooLong { limit });
    }
    let mut message = vec![0; len];
    let decoded = Base64::decode(text, &mut message).map_err(|_| DecodeError::Malformed)?.len();
    message.truncate(decoded);
    Ok(message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rfc_4648_section_10() {
        for (message, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(message.as_bytes()), text);
            assert_eq!(decode(text, message.len()).unwrap(), message.as_bytes());
        }
    }

    #[test]
    fn only_the_canonical_form_is_read() {
        for text in [
            "=", "====", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9 v", "Zm9v\n", "Zm9v\r\n", "!!!!", "Zg==Zg==",
            "Z=g=", "Zm-_", "*",
        ] {
            assert_eq!(decode(text, 100), Err(DecodeError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn the_limit_counts_decoded_octets() {
        assert_eq!(decode("Zm9vYg==", 4).unwrap(), b"foob");
        assert_eq!(decode("Zm9vYg==", 3), Err(DecodeError::TooLong { limit: 3 }));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(message in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(decode(encode(&message), message.len()), Ok(message));
        }

        #[test]
        fn what_is_decoded_is_encoded_the_same(text in "[A-Za-z0-9+/=]{0,24}") {
            if let Ok(message) = decode(&text, 100) {
                prop_assert_eq!(encode(&message), text);
            }
        }
    }
}
