//! What stands behind the colon of a message's file name: the flags that
//! every program shares.

use super::flags::System;

const PREFIX: &[u8] = b":2,";

/// The system flags, each with its letter, in the order of the letters.
const LETTERS: [(u8, System); 6] = [
    (b'D', System::DRAFT),
    (b'F', System::FLAGGED),
    (b'P', System::FORWARDED),
    (b'R', System::ANSWERED),
    (b'S', System::SEEN),
    (b'T', System::DELETED),
];

/// What follows the base of a file name, so kept that the name can be told
/// exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Info {
    /// Nothing, as in `new`.
    #[default]
    None,
    /// `:2,` and these letters in order; one bit for each ASCII letter, from
    /// `A`.
    Letters(u64),
    /// Whatever else there is.
    Other(Box<[u8]>),
}

impl Info {
    pub(super) fn parse(text: &[u8]) -> Self {
        if text.is_empty() {
            return Self::None;
        }
        let letters = text.strip_prefix(PREFIX);
        match letters.filter(|letters| letters.is_sorted_by(|a, b| a < b)).and_then(set_of) {
            Some(set) => Self::Letters(set),
            None => Self::Other(text.into()),
        }
    }

    /// These flags in a fresh name.
    pub(super) fn of(flags: System) -> Self {
        Self::None.with(flags)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::None => {}
            Self::Letters(set) => {
                out.extend_from_slice(PREFIX);
                out.extend((0..64).filter(|bit| set >> bit & 1 == 1).map(|bit| b'A' + bit));
            }
            Self::Other(text) => out.extend_from_slice(text),
        }
    }

    pub(super) fn flags(&self) -> System {
        let set = self.letters();
        let is_set = |letter: u8| set >> (letter - b'A') & 1 == 1;
        LETTERS.iter().filter(|(letter, _)| is_set(*letter)).fold(System::NONE, |flags, (_, flag)| flags | *flag)
    }

    /// The same with these system flags; the letters of others stay.
    pub(super) fn with(&self, flags: System) -> Self {
        let mut set = self.letters();
        for (letter, flag) in LETTERS {
            let bit = 1 << (letter - b'A');
            set = if flags.contains(flag) { set | bit } else { set & !bit };
        }
        Self::Letters(set)
    }

    fn letters(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::Letters(set) => *set,
            // Out of order, twice, or followed by what is no letter.
            Self::Other(text) => {
                let letters = text.strip_prefix(PREFIX).unwrap_or_default();
                let end = letters.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(letters.len());
                letters.get(..end).and_then(set_of).unwrap_or(0)
            }
        }
    }
}

fn set_of(letters: &[u8]) -> Option<u64> {
    letters.iter().try_fold(0, |set, letter| letter.is_ascii_alphabetic().then(|| set | 1 << (letter - b'A')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(info: &Info) -> String {
        let mut out = Vec::new();
        info.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_name_is_told_exactly() {
        for text in
            ["", ":2,", ":2,FS", ":2,DFPRST", ":2,SF", ":2,FF", ":2,Sabz", ":2,S,x=1", ":1,x", ":", ":2", ":2,ä"]
        {
            assert_eq!(written(&Info::parse(text.as_bytes())), text);
        }
    }

    #[test]
    fn flags_are_read_in_any_order() {
        let flags = |text: &str| Info::parse(text.as_bytes()).flags();
        assert_eq!(flags(":2,FS"), System::FLAGGED | System::SEEN);
        assert_eq!(flags(":2,SSF"), System::FLAGGED | System::SEEN);
        assert_eq!(flags(":2,S,T"), System::SEEN);
        for none in ["", ":2,", ":1,S", ":2,abc", ":S"] {
            assert_eq!(flags(none), System::NONE, "{none}");
        }
        assert_eq!(flags(":2,DFPRST").bits().count_ones(), 6);
    }

    #[test]
    fn letters_of_others_stay() {
        let with = |text: &str, flags| written(&Info::parse(text.as_bytes()).with(flags));
        assert_eq!(with("", System::NONE), ":2,");
        assert_eq!(with(":2,Sab", System::FLAGGED | System::DRAFT), ":2,DFab");
        assert_eq!(with(":2,TS", System::SEEN), ":2,S");
        assert_eq!(with(":1,x", System::SEEN), ":2,S");
    }
}
