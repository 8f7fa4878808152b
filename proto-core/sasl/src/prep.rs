//! SASLprep (RFC 4013): the form in which user names and passwords are compared.

use alloc::borrow::Cow;

/// Why a name or password has no SASLprep form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrepError {
    /// Nothing is left of it.
    #[error("it is empty once prepared by SASLprep")]
    Empty,
    /// A control character, a private or unassigned code point, or right-to-left and left-to-right text mixed.
    #[error("it has a character or a mix of directions that SASLprep (RFC 4013) prohibits")]
    Prohibited,
    /// Text beyond ASCII, in a build without the tables.
    #[error("it has characters beyond ASCII, which need the `std` feature of this library")]
    TablesMissing,
}

/// Prepares a user name or password by SASLprep. Printable ASCII is its own prepared form and costs nothing.
///
/// # Errors
/// See [`PrepError`]. Without the feature `std`, everything beyond ASCII is [`PrepError::TablesMissing`].
pub fn saslprep(text: &str) -> Result<Cow<'_, str>, PrepError> {
    if text.is_empty() {
        return Err(PrepError::Empty);
    }
    if text.is_ascii() {
        return if text.bytes().any(|octet| octet.is_ascii_control()) {
            Err(PrepError::Prohibited)
        } else {
            Ok(Cow::Borrowed(text))
        };
    }
    beyond_ascii(text)
}

#[cfg(feature = "std")]
fn beyond_ascii(text: &str) -> Result<Cow<'_, str>, PrepError> {
    match stringprep::saslprep(text) {
        Ok(prepared) if prepared.is_empty() => Err(PrepError::Empty),
        Ok(prepared) => Ok(prepared),
        Err(_) => Err(PrepError::Prohibited),
    }
}

#[cfg(not(feature = "std"))]
fn beyond_ascii(_: &str) -> Result<Cow<'_, str>, PrepError> {
    Err(PrepError::TablesMissing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_is_its_own_form() {
        assert!(matches!(saslprep("user name~"), Ok(Cow::Borrowed("user name~"))));
        assert_eq!(saslprep(""), Err(PrepError::Empty));
        assert_eq!(saslprep("a\u{7}"), Err(PrepError::Prohibited));
        assert_eq!(saslprep("a\u{7f}"), Err(PrepError::Prohibited));
    }

    #[cfg(feature = "std")]
    #[test]
    fn rfc_4013_section_3() {
        assert_eq!(saslprep("I\u{ad}X").unwrap(), "IX");
        assert_eq!(saslprep("USER").unwrap(), "USER");
        assert_eq!(saslprep("\u{aa}").unwrap(), "a");
        assert_eq!(saslprep("\u{2168}").unwrap(), "IX");
        assert_eq!(saslprep("\u{627}\u{31}"), Err(PrepError::Prohibited));
        assert!(saslprep("\u{ad}").is_err());
    }

    #[cfg(not(feature = "std"))]
    #[test]
    fn without_tables_only_ascii() {
        assert_eq!(saslprep("ü"), Err(PrepError::TablesMissing));
    }
}
