use alloc::string::String;
use core::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Text that must not be seen: a password or a token. Debug shows `Secret(..)`, and the memory is wiped when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text into keeping.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(Zeroizing::new(text.into()))
    }

    /// The text itself. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether this is `other`, in a time that tells neither where they differ nor how long the stored one is.
    pub fn matches(&self, other: &str) -> bool {
        let (ours, theirs) = (Sha256::digest(self.0.as_bytes()), Sha256::digest(other.as_bytes()));
        constant_time_eq(&ours, &theirs)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Whether two octet strings are equal, in a time that depends on their lengths only.
///
/// For digests and tokens of a known length. For passwords take [`Secret::matches`], which hides the length too.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn a_secret_matches_itself_only() {
        let secret = Secret::new("tanstaaf");
        assert!(secret.matches("tanstaaf"));
        for other in ["", "tanstaa", "tanstaaF", "tanstaaff"] {
            assert!(!secret.matches(other), "{other}");
        }
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::new("tanstaaf")), "Secret(..)");
    }

    #[test]
    fn octets_are_compared_whole() {
        assert!(constant_time_eq(b"", b""));
        assert!(constant_time_eq(b"abc", b"abc"));
        assert!(!constant_time_eq(b"abc", b"abd"));
        assert!(!constant_time_eq(b"abc", b"ab"));
    }
}
