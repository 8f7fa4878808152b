use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{BitAnd, BitOr, BitOrAssign, Sub, SubAssign};

use thiserror::Error;

use crate::codec::Flag;

/// The flags of one message: five of the system's and up to [`Keywords::MOST`] keywords, in 8 octets.
///
/// Which keyword each bit stands for is in the [`Keywords`] of the mailbox. `\Recent` is not here: it belongs to a session, not to a message.
///
/// `a | b` has the flags of both, `a & b` those in common, `a - b` those of `a` that are not in `b`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(u64);

impl Flags {
    /// No flag.
    pub const NONE: Flags = Flags(0);
    /// `\Answered`.
    pub const ANSWERED: Flags = Flags(1);
    /// `\Flagged`.
    pub const FLAGGED: Flags = Flags(1 << 1);
    /// `\Deleted`.
    pub const DELETED: Flags = Flags(1 << 2);
    /// `\Seen`.
    pub const SEEN: Flags = Flags(1 << 3);
    /// `\Draft`.
    pub const DRAFT: Flags = Flags(1 << 4);
    /// The five flags of the system (RFC 9051 §2.3.2).
    pub const SYSTEM: Flags = Flags((1 << SYSTEM.len()) - 1);

    /// The keyword with this index, unless it is [`Keywords::MOST`] or more.
    pub const fn keyword(index: usize) -> Option<Flags> {
        if index < Keywords::MOST { Some(Flags(1 << (SYSTEM.len() + index))) } else { None }
    }

    /// Whether all flags of `other` are here.
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is no flag.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// As a number, to be kept: the five flags of the system, in the order of the constants above, in the lowest bits, and the keywords by their
    /// index above them.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// From the number that [`bits`](Self::bits) gave.
    pub const fn from_bits(bits: u64) -> Self {
        Flags(bits)
    }

    /// The bits that are set, from the lowest.
    fn indices(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        core::iter::from_fn(move || {
            let lowest = left.trailing_zeros();
            left &= left.checked_sub(1)?;
            Some(lowest as usize)
        })
    }
}

impl BitOr for Flags {
    type Output = Flags;

    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Flags) {
        self.0 |= other.0;
    }
}

impl BitAnd for Flags {
    type Output = Flags;

    fn bitand(self, other: Flags) -> Flags {
        Flags(self.0 & other.0)
    }
}

impl Sub for Flags {
    type Output = Flags;

    fn sub(self, other: Flags) -> Flags {
        Flags(self.0 & !other.0)
    }
}

impl SubAssign for Flags {
    fn sub_assign(&mut self, other: Flags) {
        self.0 &= !other.0;
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_set();
        for index in self.indices() {
            match index.checked_sub(SYSTEM.len()) {
                None => list.entry(&format_args!("{}", SYSTEM[index].1)),
                Some(keyword) => list.entry(&keyword),
            };
        }
        list.finish()
    }
}

/// By their bits.
const SYSTEM: [(Flags, Flag<&[u8]>); 5] = [
    (Flags::ANSWERED, Flag::Answered),
    (Flags::FLAGGED, Flag::Flagged),
    (Flags::DELETED, Flag::Deleted),
    (Flags::SEEN, Flag::Seen),
    (Flags::DRAFT, Flag::Draft),
];

/// The keywords of a mailbox, in the order in which they came, each as it was spelt first: keywords do not differ by case (RFC 9051 §2.3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keywords(Vec<Box<[u8]>>);

impl Keywords {
    /// How many there can be: 59.
    pub const MOST: usize = u64::BITS as usize - SYSTEM.len();

    /// The longest that is taken, in octets: 100.
    pub const LONGEST: usize = 100;

    /// None yet.
    pub const fn new() -> Self {
        Keywords(Vec::new())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, by index.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.0.iter().map(|name| &**name)
    }

    /// The bit of this flag, a system flag or a keyword in any case; `None` when this mailbox has no such keyword.
    pub fn find<T: AsRef<[u8]>>(&self, flag: &Flag<T>) -> Option<Flags> {
        match flag {
            Flag::Keyword(name) => {
                let index = self.0.iter().position(|known| known.eq_ignore_ascii_case(name.as_ref()));
                Flags::keyword(index?)
            }
            system => SYSTEM.iter().find(|(_, known)| known.is_same(system)).map(|(bit, _)| *bit),
        }
    }

    /// The bit of this flag, with a new index for a keyword that is not there yet.
    pub fn add<T: AsRef<[u8]>>(&mut self, flag: &Flag<T>) -> Result<Flags, FlagFault> {
        if let Some(bit) = self.find(flag) {
            return Ok(bit);
        }
        let name = keyword(flag)?;
        let bit = Flags::keyword(self.0.len()).ok_or(FlagFault::TooMany)?;
        self.0.push(name.into());
        Ok(bit)
    }

    /// Gives the index of a keyword that nothing has any more to another one.
    pub(super) fn replace<T: AsRef<[u8]>>(&mut self, index: usize, flag: &Flag<T>) -> Result<Flags, FlagFault> {
        let name = keyword(flag)?;
        let (slot, bit) = self.0.get_mut(index).zip(Flags::keyword(index)).ok_or(FlagFault::TooMany)?;
        *slot = name.into();
        Ok(bit)
    }

    /// What `flags` stand for: those of the system first, then the keywords by index. A bit without a keyword is passed over.
    pub fn words(&self, flags: Flags) -> impl Iterator<Item = Flag<&[u8]>> {
        flags.indices().filter_map(|index| match index.checked_sub(SYSTEM.len()) {
            None => SYSTEM.get(index).map(|(_, flag)| *flag),
            Some(keyword) => self.0.get(keyword).map(|name| Flag::Keyword(&**name)),
        })
    }
}

/// The name of a keyword, which is an atom (RFC 9051 §9 `flag-keyword`).
fn keyword<T: AsRef<[u8]>>(flag: &Flag<T>) -> Result<&[u8], FlagFault> {
    let name = match flag {
        Flag::Keyword(name) => name.as_ref(),
        Flag::Recent => return Err(FlagFault::Recent),
        _ => return Err(FlagFault::UnknownSystemFlag),
    };
    let atom = |octet: &u8| octet.is_ascii_graphic() && !b"(){%*\"\\]".contains(octet);
    match name {
        _ if name.len() > Keywords::LONGEST => Err(FlagFault::TooLong),
        [_, ..] if name.iter().all(atom) => Ok(name),
        _ => Err(FlagFault::NotAnAtom),
    }
}

/// Why a flag cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum FlagFault {
    /// It begins with a backslash, and is none that the RFCs name.
    #[error("only the flags that the RFCs name begin with a backslash: choose a keyword without one")]
    UnknownSystemFlag,
    /// `\Recent` is the server's to set.
    #[error("\\Recent cannot be changed by a client")]
    Recent,
    /// It has characters that an atom may not have.
    #[error("a keyword is one word of printable ASCII without ( ) {{ % * \" \\ ]")]
    NotAnAtom,
    /// It is longer than [`Keywords::LONGEST`].
    #[error("a keyword may have {max} octets at most", max = Keywords::LONGEST)]
    TooLong,
    /// [`Keywords::MOST`] others are in use in this mailbox. The answer to the client is `NO [LIMIT]`.
    #[error("this mailbox has {max} keywords in use already: remove one from all messages first", max = Keywords::MOST)]
    TooMany,
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::{String, ToString};

    use super::*;

    #[test]
    fn the_first_spelling_wins_and_system_flags_are_canonical() {
        let mut keywords = Keywords::new();
        let work = keywords.add(&Flag::Keyword("WoRk")).unwrap();
        assert_eq!(keywords.add(&Flag::Keyword("work")), Ok(work));
        assert_eq!(keywords.add(&Flag::Other("SEEN")), Ok(Flags::SEEN));
        let words: Vec<String> =
            keywords.words(work | Flags::SEEN | Flags::ANSWERED).map(|flag| flag.to_string()).collect();
        assert_eq!(words, ["\\Answered", "\\Seen", "WoRk"]);
    }

    #[test]
    fn what_is_no_keyword_is_refused() {
        let mut keywords = Keywords::new();
        for name in ["", "two words", "line\r\nend", "\\Seen", "a]", "\u{e9}"] {
            assert_eq!(keywords.add(&Flag::Keyword(name)), Err(FlagFault::NotAnAtom));
        }
        assert_eq!(keywords.add(&Flag::<&str>::Recent), Err(FlagFault::Recent));
        assert_eq!(keywords.add(&Flag::<&str>::Any), Err(FlagFault::UnknownSystemFlag));
        assert_eq!(keywords.add(&Flag::Other("Foo")), Err(FlagFault::UnknownSystemFlag));
        assert_eq!(keywords.add(&Flag::Keyword([b'x'; 101])), Err(FlagFault::TooLong));
        for index in 0..Keywords::MOST {
            assert_eq!(keywords.add(&Flag::Keyword(format!("k{index}"))).ok(), Flags::keyword(index));
        }
        assert_eq!(keywords.add(&Flag::Keyword("one-more")), Err(FlagFault::TooMany));
        assert_eq!(Flags::keyword(Keywords::MOST), None);
    }
}
