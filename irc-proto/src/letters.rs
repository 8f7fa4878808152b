use core::fmt;

/// A set of ASCII characters, as mode letters, channel types and status symbols are: sixteen bytes, no heap.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Letters(u128);

impl Letters {
    /// No character.
    pub const NONE: Letters = Letters(0);

    /// The visible ASCII characters among `letters`; others are left out, since no parameter can carry them.
    pub const fn new(letters: &[u8]) -> Self {
        let mut set = Letters::NONE;
        let mut rest = letters;
        while let [letter, after @ ..] = rest {
            set = set.with(*letter);
            rest = after;
        }
        set
    }

    /// The set with `letter` in it, if that is a visible ASCII character.
    #[must_use]
    pub const fn with(self, letter: u8) -> Self {
        if letter.is_ascii_graphic() { Letters(self.0 | 1 << letter) } else { self }
    }

    /// The set without `letter`.
    #[must_use]
    pub const fn without(self, letter: u8) -> Self {
        if letter.is_ascii() { Letters(self.0 & !(1 << letter)) } else { self }
    }

    /// Whether `letter` is in the set.
    pub const fn contains(self, letter: u8) -> bool {
        letter.is_ascii() && self.0 & 1 << letter != 0
    }

    /// Whether the set has none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many there are: 0 to 94.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The characters in the order of ASCII.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (b'!'..=b'~').filter(move |letter| self.contains(*letter))
    }
}

impl fmt::Display for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.iter().try_for_each(|letter| f.write_char(letter.into()))
    }
}

impl fmt::Debug for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn visible_ascii_only() {
        let set = Letters::new(b"ba#\xff \x00~!b");
        assert_eq!(set.to_string(), "!#ab~");
        assert_eq!(set.len(), 5);
        assert!(set.contains(b'#') && !set.contains(b' ') && !set.contains(0xff));
        assert_eq!(set.without(b'a').without(0xff).to_string(), "!#b~");
        assert!(Letters::NONE.is_empty() && !set.is_empty());
    }
}
