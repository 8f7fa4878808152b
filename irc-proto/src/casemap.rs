//! Case mappings: which names are the same name.
//!
//! RFC 1459 §2.2, the CASEMAPPING parameter of <https://modern.ircdocs.horse/#casemapping-parameter> and draft-hardy-irc-isupport §4.1; with `std`
//! RFC 8265 §3.3, too. Names are bytes: but for that one mapping, what lies outside ASCII is the same only when it is equal.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use core::borrow::Borrow;
use core::cmp::Ordering;
use core::fmt;

/// How a server compares nicknames and channel names. A client assumes [`Rfc1459`](CaseMapping::Rfc1459) until CASEMAPPING says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CaseMapping {
    /// `ascii`: `A` to `Z` are `a` to `z`.
    Ascii,
    /// `rfc1459`: besides, `[`, `]`, `\` and `~` are `{`, `}`, `|` and `^`.
    #[default]
    Rfc1459,
    /// `rfc1459-strict` (and `strict-rfc1459`): besides the letters, `[`, `]` and `\` are `{`, `}` and `|`.
    Rfc1459Strict,
    /// `rfc8265` (and `rfc7613`, its forerunner): names are UTF-8, and the same in upper and lower case of any script, in full and half width, and
    /// composed or decomposed (the rules of PRECIS' UsernameCaseMapped). ASCII is folded as by [`Ascii`](CaseMapping::Ascii), and so is a name that is
    /// no UTF-8. Servers announce it as `CASEMAPPING=ascii UTF8MAPPING=rfc8265`, for clients that know ASCII alone.
    ///
    /// Which characters a name may have is not asked here: whoever has a name has it.
    #[cfg(feature = "std")]
    Precis,
}

/// The server names a case mapping that is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this case mapping is not known; compare names by `ascii`, which never takes two users for one")]
pub struct UnknownCaseMapping;

impl CaseMapping {
    /// Reads the value of CASEMAPPING or UTF8MAPPING; upper and lower case are the same.
    pub fn parse(name: &[u8]) -> Result<Self, UnknownCaseMapping> {
        const NAMES: &[(&[u8], CaseMapping)] = &[
            (b"ascii", CaseMapping::Ascii),
            (b"rfc1459", CaseMapping::Rfc1459),
            (b"rfc1459-strict", CaseMapping::Rfc1459Strict),
            (b"strict-rfc1459", CaseMapping::Rfc1459Strict),
            #[cfg(feature = "std")]
            (b"rfc8265", CaseMapping::Precis),
            #[cfg(feature = "std")]
            (b"rfc7613", CaseMapping::Precis),
        ];
        let found = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, mapping)| *mapping).ok_or(UnknownCaseMapping)
    }

    /// The name by which [`parse`](CaseMapping::parse) knows it.
    pub const fn name(self) -> &'static str {
        match self {
            CaseMapping::Ascii => "ascii",
            CaseMapping::Rfc1459 => "rfc1459",
            CaseMapping::Rfc1459Strict => "rfc1459-strict",
            #[cfg(feature = "std")]
            CaseMapping::Precis => "rfc8265",
        }
    }

    /// Whether it knows letters beyond ASCII.
    pub(crate) fn is_wide(self) -> bool {
        match self {
            #[cfg(feature = "std")]
            CaseMapping::Precis => true,
            _ => false,
        }
    }

    /// Whether a name is folded byte by byte, with [`fold`](CaseMapping::fold).
    pub(crate) fn is_bytewise(self, name: &[u8]) -> bool {
        !self.is_wide() || name.is_ascii()
    }

    /// The lower case of one byte; with `rfc8265` that of one byte of ASCII.
    pub const fn fold(self, byte: u8) -> u8 {
        match (self, byte) {
            (_, b'A'..=b'Z') => byte + 32,
            (CaseMapping::Rfc1459 | CaseMapping::Rfc1459Strict, b'[' | b'\\' | b']') => byte + 32,
            (CaseMapping::Rfc1459, b'~') => b'^',
            _ => byte,
        }
    }

    /// The whole name in lower case; lent where nothing changes.
    pub fn folded(self, name: &[u8]) -> Cow<'_, [u8]> {
        if !self.is_bytewise(name) {
            return precis::folded(name);
        }
        match name.iter().any(|byte| self.fold(*byte) != *byte) {
            false => Cow::Borrowed(name),
            true => Cow::Owned(name.iter().map(|byte| self.fold(*byte)).collect()),
        }
    }

    /// Whether two names are the same name. It allocates nothing where both are ASCII, or the mapping knows no more.
    pub fn same(self, left: &[u8], right: &[u8]) -> bool {
        if self.is_bytewise(left) && self.is_bytewise(right) {
            return left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| self.fold(*left) == self.fold(*right));
        }
        self.folded(left) == self.folded(right)
    }

    /// The order of two names; equal when they are the [`same`](CaseMapping::same).
    pub fn compare(self, left: &[u8], right: &[u8]) -> Ordering {
        if self.is_bytewise(left) && self.is_bytewise(right) {
            let folded = |name| <&[u8]>::into_iter(name).map(|byte| self.fold(*byte));
            return folded(left).cmp(folded(right));
        }
        self.folded(left).cmp(&self.folded(right))
    }

    /// The name's key for a map of users or channels.
    pub fn key(self, name: &[u8]) -> FoldedName {
        if self.is_bytewise(name) {
            return FoldedName(name.iter().map(|byte| self.fold(*byte)).collect());
        }
        FoldedName(precis::folded(name).into())
    }

    /// Lends the folded name, to look it up in a map of [`FoldedName`]s; up to 64 bytes of ASCII it allocates nothing.
    pub fn with_folded<T>(self, name: &[u8], look_up: impl FnOnce(&[u8]) -> T) -> T {
        let mut short = [0; 64];
        match short.get_mut(..name.len()) {
            Some(space) if self.is_bytewise(name) => {
                space.iter_mut().zip(name).for_each(|(space, byte)| *space = self.fold(*byte));
                look_up(space)
            }
            _ => look_up(&self.folded(name)),
        }
    }
}

#[cfg(feature = "std")]
mod precis {
    use alloc::borrow::Cow;

    use precis_core::profile::Rules as _;
    use precis_profiles::UsernameCaseMapped;

    /// The mapping rules of RFC 8265 §3.3.1, in their order, and nothing that refuses: what a server has let in is somebody's name.
    pub(super) fn folded(name: &[u8]) -> Cow<'_, [u8]> {
        let rules = UsernameCaseMapped::new();
        let mapped = core::str::from_utf8(name).ok().and_then(|name| {
            let narrow = rules.width_mapping_rule(name).ok()?;
            rules.normalization_rule(rules.case_mapping_rule(narrow).ok()?).ok()
        });
        match mapped {
            Some(Cow::Borrowed(name)) => Cow::Borrowed(name.as_bytes()),
            Some(Cow::Owned(name)) => Cow::Owned(name.into_bytes()),
            None => Cow::Owned(name.to_ascii_lowercase()),
        }
    }
}

#[cfg(not(feature = "std"))]
mod precis {
    use alloc::borrow::Cow;

    /// Without `std` every mapping goes byte by byte.
    pub(super) fn folded(name: &[u8]) -> Cow<'_, [u8]> {
        Cow::Borrowed(name)
    }
}

impl fmt::Display for CaseMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name in lower case by one [`CaseMapping`]: two spellings of a name have one key. In a map it is found by the folded bytes
/// ([`CaseMapping::with_folded`]). Keys of different mappings must not meet in one map.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FoldedName(Box<[u8]>);

impl FoldedName {
    /// The folded bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Borrow<[u8]> for FoldedName {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for FoldedName {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for FoldedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    const BYTEWISE: [CaseMapping; 3] = [CaseMapping::Ascii, CaseMapping::Rfc1459, CaseMapping::Rfc1459Strict];
    const ALL: [CaseMapping; 4] =
        [CaseMapping::Ascii, CaseMapping::Rfc1459, CaseMapping::Rfc1459Strict, CaseMapping::Precis];

    #[test]
    fn each_mapping_folds_exactly_its_table() {
        let tables: [(CaseMapping, &[u8], &[u8]); 3] = [
            (CaseMapping::Ascii, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz"),
            (CaseMapping::Rfc1459, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ[]\\~", b"abcdefghijklmnopqrstuvwxyz{}|^"),
            (CaseMapping::Rfc1459Strict, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ[]\\", b"abcdefghijklmnopqrstuvwxyz{}|"),
        ];
        for (mapping, upper, lower) in tables {
            for byte in 0..=u8::MAX {
                let expected = upper.iter().position(|upper| *upper == byte).map_or(byte, |place| lower[place]);
                assert_eq!(mapping.fold(byte), expected, "{mapping}: {byte:#x}");
            }
        }
    }

    #[test]
    fn names_of_mappings_read_back() {
        for mapping in ALL {
            assert_eq!(CaseMapping::parse(mapping.name().as_bytes()), Ok(mapping));
        }
        assert_eq!(CaseMapping::parse(b"strict-rfc1459"), Ok(CaseMapping::Rfc1459Strict));
        assert_eq!(CaseMapping::parse(b"ASCII"), Ok(CaseMapping::Ascii));
        assert_eq!(CaseMapping::parse(b"rfc7613"), Ok(CaseMapping::Precis));
        assert_eq!(CaseMapping::parse(b"rfc7700"), Err(UnknownCaseMapping));
        assert_eq!(CaseMapping::parse(b""), Err(UnknownCaseMapping));
    }

    #[test]
    fn a_map_finds_a_name_by_any_spelling() {
        let mapping = CaseMapping::Rfc1459;
        let mut users = BTreeMap::new();
        users.insert(mapping.key(b"Dan[away]"), 7);
        assert_eq!(mapping.with_folded(b"dAN{AWAY}", |name| users.get(name).copied()), Some(7));
        assert_eq!(CaseMapping::Ascii.with_folded(b"dan{away]", |name| users.get(name).copied()), None);
    }

    #[test]
    fn bytes_outside_ascii_are_left_alone() {
        for mapping in BYTEWISE {
            assert!(!mapping.same("É".as_bytes(), "é".as_bytes()));
            assert!(mapping.same(b"\xff\x80A", b"\xff\x80a"));
        }
    }

    #[test]
    fn precis_knows_letters_of_any_script() {
        let same = |left: &str, right: &str| CaseMapping::Precis.same(left.as_bytes(), right.as_bytes());
        for (left, right) in [
            ("Ada", "aDA"),
            ("ÉMILE", "émile"),
            ("ΔΗΜΉΤΡΗΣ", "δημήτρησ"),
            ("Ольга", "оЛЬГА"),
            ("e\u{301}", "É"),
            ("ａｄａ", "ADA"),
            ("☃Ä", "☃ä"),
        ] {
            assert!(same(left, right), "{left} and {right} are one name");
        }
        for (left, right) in [("Ada", "Äda"), ("[x]", "{x}"), ("аda", "ada"), ("ß", "ss"), ("\u{131}", "i")] {
            assert!(!same(left, right), "{left} and {right} are two names");
        }
        assert!(CaseMapping::Precis.same(b"A\xff", b"a\xff") && !CaseMapping::Precis.same(b"\xc9", b"\xe9"));
        assert!(matches!(CaseMapping::Precis.folded("é".as_bytes()), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn precis_is_ascii_where_names_are(name in "[ -~]{0,20}", other in "[ -~]{0,20}") {
            let (name, other) = (name.as_bytes(), other.as_bytes());
            prop_assert_eq!(CaseMapping::Precis.key(name), CaseMapping::Ascii.key(name));
            prop_assert_eq!(CaseMapping::Precis.same(name, other), CaseMapping::Ascii.same(name, other));
        }

        #[test]
        fn characters_of_all_scripts_fold_once(left in "\\PC{0,6}", right in "\\PC{0,6}") {
            let (left, right) = (left.as_bytes(), right.as_bytes());
            let folded = CaseMapping::Precis.key(left);
            prop_assert_eq!(CaseMapping::Precis.key(folded.as_bytes()), folded);
            prop_assert_eq!(CaseMapping::Precis.same(left, right), CaseMapping::Precis.compare(left, right).is_eq());
        }

        #[test]
        fn all_ways_to_compare_agree(left: Vec<u8>, right: Vec<u8>) {
            for mapping in ALL {
                let same = mapping.same(&left, &right);
                prop_assert_eq!(same, mapping.key(&left) == mapping.key(&right));
                prop_assert_eq!(same, mapping.compare(&left, &right).is_eq());
                prop_assert_eq!(mapping.compare(&left, &right), mapping.key(&left).cmp(&mapping.key(&right)));
                prop_assert!(mapping.with_folded(&left, |folded| folded == mapping.key(&left).as_bytes()));
                let folded = mapping.key(&left);
                prop_assert_eq!(mapping.key(folded.as_bytes()), folded);
            }
        }
    }
}
