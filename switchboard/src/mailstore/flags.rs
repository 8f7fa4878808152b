//! Flags of messages: the system flags, which live in file names, and
//! keywords, which live in the index.

use std::fmt;
use std::ops::BitOr;
use std::sync::Arc;

/// A set of system flags.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct System(u8);

impl System {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// `\Answered`
    pub const ANSWERED: Self = Self(1);
    /// `\Flagged`
    pub const FLAGGED: Self = Self(2);
    /// `\Deleted`
    pub const DELETED: Self = Self(4);
    /// `\Seen`
    pub const SEEN: Self = Self(8);
    /// `\Draft`
    pub const DRAFT: Self = Self(16);
    /// `$Forwarded`: a keyword to clients, but with a letter in file names.
    pub const FORWARDED: Self = Self(32);

    /// Whether all of these are in the set.
    pub fn contains(self, these: Self) -> bool {
        self.0 & these.0 == these.0
    }

    pub(super) fn bits(self) -> u8 {
        self.0
    }

    pub(super) fn from_bits(bits: i64) -> Self {
        Self(u8::try_from(bits & 63).unwrap_or(0))
    }

    fn without(self, these: Self) -> Self {
        Self(self.0 & !these.0)
    }
}

impl BitOr for System {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(NAMES.iter().filter(|(_, flag)| self.contains(*flag)).map(|(name, _)| name)).finish()
    }
}

/// The canonical names, in the order they are told.
const NAMES: [(&str, System); 6] = [
    ("\\Answered", System::ANSWERED),
    ("\\Flagged", System::FLAGGED),
    ("\\Deleted", System::DELETED),
    ("\\Seen", System::SEEN),
    ("\\Draft", System::DRAFT),
    ("$Forwarded", System::FORWARDED),
];

/// The longest keyword, in octets.
const KEYWORD_MAX: usize = 100;

/// A message's flags.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Flags {
    pub(super) system: System,
    pub(super) keywords: Keywords,
}

impl Flags {
    /// Reads flags by their names, in any case: the system flags, and keywords,
    /// which are atoms.
    ///
    /// # Errors
    ///
    /// [`FlagError`]; `\Recent` is no flag that can be given.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, FlagError> {
        let mut flags = Self::default();
        let mut keywords = Vec::new();
        for name in names {
            if let Some((_, flag)) = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
                flags.system = flags.system | *flag;
            } else {
                check_keyword(name)?;
                keywords.push(Arc::from(name));
            }
        }
        flags.keywords = Keywords::new(keywords);
        Ok(flags)
    }

    /// Whether all of these system flags are set.
    pub fn contains(&self, these: System) -> bool {
        self.system.contains(these)
    }

    /// The system flags.
    pub fn system(&self) -> System {
        self.system
    }

    /// Whether this keyword, in any case, is set.
    pub fn has_keyword(&self, keyword: &str) -> bool {
        self.names().any(|name| name.eq_ignore_ascii_case(keyword))
    }

    /// All flags by their names, as they are told to a client.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let system = NAMES.iter().filter(|(_, flag)| self.system.contains(*flag)).map(|(name, _)| *name);
        system.chain(self.keywords.iter().map(|keyword| &**keyword))
    }

    /// What these flags are after a change.
    pub(super) fn changed(&self, change: &FlagChange) -> Self {
        match change {
            FlagChange::Replace(flags) => flags.clone(),
            FlagChange::Add(flags) => Self {
                system: self.system | flags.system,
                keywords: match (&self.keywords.0, &flags.keywords.0) {
                    (_, None) => self.keywords.clone(),
                    (None, _) => flags.keywords.clone(),
                    // The present spelling comes first, and stays.
                    (Some(present), Some(added)) => Keywords::new(present.iter().chain(&**added).cloned().collect()),
                },
            },
            FlagChange::Remove(flags) => Self {
                system: self.system.without(flags.system),
                keywords: match (&self.keywords.0, &flags.keywords.0) {
                    (Some(present), Some(_)) => {
                        let stays = |keyword: &&Arc<str>| !flags.keywords.contains(keyword);
                        Keywords::new(present.iter().filter(stays).cloned().collect())
                    }
                    _ => self.keywords.clone(),
                },
            },
        }
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// What is to be done to flags (RFC 3501 section 6.4.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlagChange {
    /// `FLAGS`: these and no others.
    Replace(Flags),
    /// `+FLAGS`
    Add(Flags),
    /// `-FLAGS`
    Remove(Flags),
}

impl FlagChange {
    pub(super) fn flags_mut(&mut self) -> &mut Flags {
        let (Self::Replace(flags) | Self::Add(flags) | Self::Remove(flags)) = self;
        flags
    }
}

/// Keywords, in the order of their letters in lower case; no memory for none.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Keywords(Option<Arc<[Arc<str>]>>);

impl Keywords {
    pub(super) fn new(mut keywords: Vec<Arc<str>>) -> Self {
        // Stable: of two spellings the first stays.
        keywords.sort_by_cached_key(|keyword| keyword.to_ascii_lowercase());
        keywords.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
        Self((!keywords.is_empty()).then(|| keywords.into()))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.iter().flat_map(|keywords| keywords.iter())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn contains(&self, keyword: &str) -> bool {
        self.iter().any(|known| known.eq_ignore_ascii_case(keyword))
    }

    /// As one column of the index: keywords are atoms and hold no space.
    pub(super) fn joined(&self) -> Option<String> {
        self.0.as_ref().map(|keywords| keywords.join(" "))
    }
}

fn check_keyword(name: &str) -> Result<(), FlagError> {
    if name.starts_with('\\') {
        return Err(FlagError::NotASystemFlag);
    }
    let is_atom = |byte: u8| byte.is_ascii_graphic() && !b"(){%*\"\\]".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_atom) {
        return Err(FlagError::NotAnAtom);
    }
    if name.len() > KEYWORD_MAX { Err(FlagError::TooLong) } else { Ok(()) }
}

/// Why a name is no flag that can be given to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlagError {
    /// It begins with a backslash and is none of the five.
    #[error("only \\Answered, \\Flagged, \\Deleted, \\Seen and \\Draft can be set among the system flags")]
    NotASystemFlag,
    /// Not an atom.
    #[error("a keyword is an atom: ASCII without spaces, parentheses, quotes and wildcards")]
    NotAnAtom,
    /// Longer than 100 octets.
    #[error("the keyword is longer than {KEYWORD_MAX} octets")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(names: &str) -> Flags {
        Flags::parse(names.split_whitespace()).unwrap()
    }

    fn names(flags: &Flags) -> String {
        flags.names().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_come_out_in_canonical_case_and_order() {
        assert_eq!(names(&flags("\\seen zeta \\ANSWERED Alpha $forwarded")), "\\Answered \\Seen $Forwarded Alpha zeta");
        assert_eq!(names(&flags("a A a")), "a");
        assert!(flags("").keywords.is_empty());
    }

    #[test]
    fn each_broken_rule_has_its_error() {
        let parse = |name: &str| Flags::parse([name]).unwrap_err();
        assert_eq!(parse("\\Recent"), FlagError::NotASystemFlag);
        for odd in ["", "a b", "ä", "a\r\n", "(x)", "a]", "x*"] {
            assert_eq!(parse(odd), FlagError::NotAnAtom, "{odd:?}");
        }
        assert_eq!(parse(&"x".repeat(101)), FlagError::TooLong);
    }

    #[test]
    fn changes_ignore_case_and_keep_the_spelling() {
        let old = flags("\\Seen Work zeta");
        assert_eq!(
            names(&old.changed(&FlagChange::Add(flags("\\Flagged work new")))),
            "\\Flagged \\Seen new Work zeta"
        );
        assert_eq!(names(&old.changed(&FlagChange::Remove(flags("\\Seen WORK none")))), "zeta");
        assert_eq!(names(&old.changed(&FlagChange::Replace(flags("\\Draft")))), "\\Draft");
        assert_eq!(old.changed(&FlagChange::Add(flags(""))), old);
        assert_eq!(old.changed(&FlagChange::Remove(flags("other"))), old);
    }
}
