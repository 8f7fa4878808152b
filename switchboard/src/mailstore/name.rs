//! Names of mailboxes, and the folders they stand for.
//!
//! Towards clients the levels of a name are parted by `/`. On disk they are
//! Maildir++ folders beside the `cur` and `new` of INBOX: `Archive/2026` is
//! `.Archive.2026`. The way from name to folder is one-to-one, and whatever a
//! client calls its mailboxes, it never leaves the user's Maildir.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::utf7;

/// A mailbox's name: one or more levels, none of them empty or beginning with
/// a dot; without control characters and the wildcards `*` and `%`. The first
/// level `INBOX`, in any case, is always `INBOX`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxName(Box<str>);

impl MailboxName {
    /// What parts the levels of a name, as LIST and NAMESPACE tell it.
    pub const SEPARATOR: char = '/';

    /// The longest name, in octets of its folder on disk.
    pub const MAX: usize = 255;

    /// Parses a name as UTF-8 text (what came in modified UTF-7 is decoded
    /// before). One separator at its end is ignored: it says that levels are
    /// to follow (RFC 3501 section 6.3.3). What is the same to a reader is one
    /// name: it is kept composed (NFC), as Net-Unicode has it (RFC 5198).
    ///
    /// # Errors
    ///
    /// One [`MailboxNameError`] variant per broken rule.
    pub fn parse(text: &str) -> Result<Self, MailboxNameError> {
        let text: Cow<'_, str> = if is_nfc(text) { text.into() } else { text.nfc().collect::<String>().into() };
        let text = text.strip_suffix(Self::SEPARATOR).unwrap_or(&text);
        if text.is_empty() {
            return Err(MailboxNameError::Empty);
        }
        for level in text.split(Self::SEPARATOR) {
            if level.is_empty() {
                return Err(MailboxNameError::EmptyLevel);
            }
            if level.starts_with('.') {
                return Err(MailboxNameError::LeadingDot);
            }
        }
        let is_odd = |c: char| c.is_control() || matches!(c, '*' | '%' | '\u{2028}' | '\u{2029}' | '\u{feff}');
        if let Some(odd) = text.chars().find(|&c| is_odd(c)) {
            return Err(MailboxNameError::Character(odd));
        }
        let (first, rest) = text.split_at(text.find(Self::SEPARATOR).unwrap_or(text.len()));
        let name = if first.eq_ignore_ascii_case("INBOX") { format!("INBOX{rest}").into() } else { text.into() };
        let name = Self(name);
        if name.folder().len() > Self::MAX { Err(MailboxNameError::TooLong) } else { Ok(name) }
    }

    /// The mailbox that POP3 serves.
    pub fn inbox() -> Self {
        Self("INBOX".into())
    }

    /// Whether this is INBOX itself.
    pub fn is_inbox(&self) -> bool {
        &*self.0 == "INBOX"
    }

    /// The name, in UTF-8.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name one level above.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once(Self::SEPARATOR).map(|(parent, _)| Self(parent.into()))
    }

    /// Whether this is one of the levels below `other`.
    pub fn is_below(&self, other: &Self) -> bool {
        self.0.strip_prefix(&*other.0).is_some_and(|rest| rest.starts_with(Self::SEPARATOR))
    }

    /// What this name, of `from` or below it, is after `from` became `to`.
    /// INBOX has no names below it that go with it.
    pub(super) fn moved(&self, from: &Self, to: &Self) -> Result<Self, MailboxNameError> {
        let rest = self.0.strip_prefix(&*from.0).unwrap_or_default();
        Self::parse(&format!("{to}{rest}"))
    }

    /// The folder's name within the user's Maildir; empty for INBOX, which is
    /// the Maildir itself.
    pub(super) fn folder(&self) -> String {
        let mut folder = String::with_capacity(self.0.len() + 1);
        if !self.is_inbox() {
            for level in self.0.split(Self::SEPARATOR) {
                folder.push('.');
                utf7::encode(level, &mut folder);
            }
        }
        folder
    }

    /// The name that a folder beside `cur` stands for. `None` if it is none, or
    /// one that no client could have asked for: then it would have two names.
    pub(super) fn of_folder(folder: &OsStr) -> Option<Self> {
        let folder = folder.to_str()?;
        let levels = folder.strip_prefix('.')?.split('.').map(utf7::decode).collect::<Option<Vec<_>>>()?;
        Self::parse(&levels.join("/")).ok().filter(|name| name.folder() == folder)
    }
}

impl fmt::Display for MailboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Why a text is no mailbox's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MailboxNameError {
    /// Nothing stands where the name should.
    #[error("the mailbox name is empty")]
    Empty,
    /// Two separators in a row, or one at the beginning.
    #[error("a level of the mailbox name is empty")]
    EmptyLevel,
    /// Such names are paths.
    #[error("a level of the mailbox name begins with a dot")]
    LeadingDot,
    /// A character outside the allowed set.
    #[error("a mailbox name cannot hold {0:?}")]
    Character(char),
    /// Its folder's name would be longer than [`MailboxName::MAX`].
    #[error("the mailbox name is too long")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> String {
        MailboxName::parse(name).unwrap().folder()
    }

    #[test]
    fn names_and_folders_are_one_to_one() {
        for (name, on_disk) in [
            ("Sent", ".Sent"),
            ("Archive/2026", ".Archive.2026"),
            ("Entwürfe/a&b", ".Entw&APw-rfe.a&-b"),
            ("v1.0", ".v1&AC4-0"),
            ("INBOX/x", ".INBOX.x"),
            ("a b", ".a b"),
            ("a\\b", ".a\\b"),
        ] {
            assert_eq!(folder(name), on_disk);
            assert_eq!(MailboxName::of_folder(OsStr::new(on_disk)).unwrap().as_str(), name);
        }
    }

    #[test]
    fn inbox_is_one_in_any_case() {
        for name in ["INBOX", "inbox", "InBox", "Inbox/"] {
            assert!(MailboxName::parse(name).unwrap().is_inbox());
            assert_eq!(folder(name), "");
        }
        assert_eq!(MailboxName::parse("inbox/Lists").unwrap().as_str(), "INBOX/Lists");
        assert_eq!(MailboxName::parse("x/inbox").unwrap().as_str(), "x/inbox");
    }

    #[test]
    fn what_looks_the_same_is_one_name() {
        assert_eq!(MailboxName::parse("Entwu\u{308}rfe").unwrap().as_str(), "Entw\u{fc}rfe");
        // The folder of a name that nobody can ask for.
        assert_eq!(MailboxName::of_folder(OsStr::new(".Entwu&Awg-rfe")), None);
    }

    #[test]
    fn hostile_names_are_none() {
        use MailboxNameError::*;
        for (name, error) in [
            ("", Empty),
            ("/", Empty),
            ("/etc", EmptyLevel),
            ("a//b", EmptyLevel),
            ("..", LeadingDot),
            ("../bob", LeadingDot),
            ("a/../../bob", LeadingDot),
            (".hidden", LeadingDot),
            ("a\0b", Character('\0')),
            ("a\r\nb", Character('\r')),
            ("a*", Character('*')),
            ("%", Character('%')),
            ("a\u{85}", Character('\u{85}')),
        ] {
            assert_eq!(MailboxName::parse(name), Err(error), "{name:?}");
        }
        assert_eq!(MailboxName::parse(&"x".repeat(254)).unwrap().folder().len(), 255);
        assert_eq!(MailboxName::parse(&"x".repeat(255)), Err(TooLong));
        assert_eq!(MailboxName::parse(&"台".repeat(100)), Err(TooLong));
    }

    #[test]
    fn folders_that_no_name_leads_to_have_none() {
        for odd in
            ["cur", ".", "..a", ".a.", ".a..b", ".INBOX", ".inbox.x", ".&AGE-", ".&AC8-", ".a&b", ".ä", ".a/b", ".*"]
        {
            assert_eq!(MailboxName::of_folder(OsStr::new(odd)), None, "{odd}");
        }
    }

    #[test]
    fn levels_go_with_the_name_above() {
        let name = |text| MailboxName::parse(text).unwrap();
        assert!(
            name("a/b/c").is_below(&name("a")) && !name("ab").is_below(&name("a")) && !name("a").is_below(&name("a"))
        );
        assert_eq!(name("a/b/c").moved(&name("a/b"), &name("x")), Ok(name("x/c")));
        assert_eq!(name("a/b").parent(), Some(name("a")));
        assert_eq!(name("a").parent(), None);
    }
}
