//! Case mappings: which names are the same name.
//!
//! RFC 1459 §2.2, the CASEMAPPING parameter of <https://modern.ircdocs.horse/#casemapping-parameter> and draft-hardy-irc-isupport §4.1.
//! Names are bytes: what lies outside ASCII is the same only when it is equal.

use alloc::boxed::Box;
use alloc::vec::Vec;
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
}

/// The server names a case mapping that is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this case mapping is not known; compare names by `ascii`, which never takes two users for one")]
pub struct UnknownCaseMapping;

impl CaseMapping {
    /// Reads the value of CASEMAPPING; upper and lower case are the same.
    pub fn parse(name: &[u8]) -> Result<Self, UnknownCaseMapping> {
        const NAMES: [(&[u8], CaseMapping); 4] = [
            (b"ascii", CaseMapping::Ascii),
            (b"rfc1459", CaseMapping::Rfc1459),
            (b"rfc1459-strict", CaseMapping::Rfc1459Strict),
            (b"strict-rfc1459", CaseMapping::Rfc1459Strict),
        ];
        let found = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, mapping)| *mapping).ok_or(UnknownCaseMapping)
    }

    /// The name that stands in CASEMAPPING.
    pub const fn name(self) -> &'static str {
        match self {
            CaseMapping::Ascii => "ascii",
            CaseMapping::Rfc1459 => "rfc1459",
            CaseMapping::Rfc1459Strict => "rfc1459-strict",
        }
    }

    /// The lower case of one byte.
    pub const fn fold(self, byte: u8) -> u8 {
        match (self, byte) {
            (_, b'A'..=b'Z') => byte + 32,
            (CaseMapping::Rfc1459 | CaseMapping::Rfc1459Strict, b'[' | b'\\' | b']') => byte + 32,
            (CaseMapping::Rfc1459, b'~') => b'^',
            _ => byte,
        }
    }

    /// Turns a whole name into lower case where it stands.
    pub fn fold_in_place(self, name: &mut [u8]) {
        name.iter_mut().for_each(|byte| *byte = self.fold(*byte));
    }

    /// Whether two names are the same name. It allocates nothing.
    pub fn same(self, left: &[u8], right: &[u8]) -> bool {
        left.len() == right.len() && left.iter().zip(right).all(|(left, right)| self.fold(*left) == self.fold(*right))
    }

    /// The order of two names; equal when they are the [`same`](CaseMapping::same).
    pub fn compare(self, left: &[u8], right: &[u8]) -> Ordering {
        let folded = |name| <&[u8]>::into_iter(name).map(|byte| self.fold(*byte));
        folded(left).cmp(folded(right))
    }

    /// The name's key for a map of users or channels.
    pub fn key(self, name: &[u8]) -> FoldedName {
        FoldedName(name.iter().map(|byte| self.fold(*byte)).collect())
    }

    /// Lends the folded name, to look it up in a map of [`FoldedName`]s; up to 64 bytes it allocates nothing.
    pub fn with_folded<T>(self, name: &[u8], look_up: impl FnOnce(&[u8]) -> T) -> T {
        let mut short = [0; 64];
        match short.get_mut(..name.len()) {
            Some(space) => {
                space.copy_from_slice(name);
                self.fold_in_place(space);
                look_up(space)
            }
            None => {
                let mut long = Vec::from(name);
                self.fold_in_place(&mut long);
                look_up(&long)
            }
        }
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
    use proptest::prelude::*;

    const ALL: [CaseMapping; 3] = [CaseMapping::Ascii, CaseMapping::Rfc1459, CaseMapping::Rfc1459Strict];

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
        assert_eq!(CaseMapping::parse(b"rfc7613"), Err(UnknownCaseMapping));
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
        for mapping in ALL {
            assert!(!mapping.same("É".as_bytes(), "é".as_bytes()));
            assert!(mapping.same(b"\xff\x80A", b"\xff\x80a"));
        }
    }

    proptest! {
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
