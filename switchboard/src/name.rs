//! Names of users: safe as a folder's name, so that the way from a name to a
//! Maildir is one-to-one and never leaves the data folder.

use std::fmt;

/// A user's name: 1 to 64 of `a-z`, `0-9`, `.`, `_`, `-`, not beginning with
/// a dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(String);

impl UserName {
    /// The longest name, in octets: short enough for every file system.
    pub const MAX: usize = 64;

    /// Parses a name.
    ///
    /// # Errors
    ///
    /// One [`NameError`] variant per broken rule.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > Self::MAX {
            return Err(NameError::TooLong);
        }
        if text.starts_with('.') {
            return Err(NameError::LeadingDot);
        }
        match text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-')) {
            Some(odd) => Err(NameError::Character(odd)),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Why a text is no user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing stands where the name should.
    #[error("the user name is empty")]
    Empty,
    /// Longer than [`UserName::MAX`].
    #[error("the user name is longer than {} characters", UserName::MAX)]
    TooLong,
    /// Dot-names are kept for the program's own folders, and `.` and `..` are
    /// paths.
    #[error("the user name begins with a dot")]
    LeadingDot,
    /// A character outside the allowed set.
    #[error("the user name holds {0:?}; use only a-z, 0-9, '.', '_' and '-'")]
    Character(char),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_pass() {
        for name in ["alice", "a", "mail.robot_2-x", "7"] {
            assert_eq!(UserName::parse(name).map(|n| n.to_string()), Ok(name.to_owned()));
        }
        assert!(UserName::parse(&"a".repeat(UserName::MAX)).is_ok());
    }

    #[test]
    fn each_broken_rule_has_its_error() {
        assert_eq!(UserName::parse(""), Err(NameError::Empty));
        assert_eq!(UserName::parse(&"a".repeat(UserName::MAX + 1)), Err(NameError::TooLong));
        assert_eq!(UserName::parse(".."), Err(NameError::LeadingDot));
        assert_eq!(UserName::parse("a/b"), Err(NameError::Character('/')));
        assert_eq!(UserName::parse("Alice"), Err(NameError::Character('A')));
        assert_eq!(UserName::parse("a\0"), Err(NameError::Character('\0')));
        assert_eq!(UserName::parse("ä"), Err(NameError::Character('ä')));
    }
}
