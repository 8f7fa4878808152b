//! Modes: what the letters of a MODE message change, and the shortest messages that make given changes.
//!
//! RFC 2812 §3.1.5 and §3.2.3, RFC 2811 §4, and the parameters CHANMODES, PREFIX and MODES of
//! <https://modern.ircdocs.horse/#rplisupport-parameters>.

mod line;

use alloc::vec::Vec;
use core::fmt;

use crate::Letters;

pub use line::{ModeLineFault, mode_lines};

/// What kind of mode a letter of a channel is, and so when it takes an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModeKind {
    /// Type A: adds an address to a list or takes it off. Without an argument it asks for the list.
    List,
    /// Type B: always with an argument, as the key.
    Argument,
    /// Type C: with an argument when it is set, without when it is unset, as the limit.
    ArgumentWhenSet,
    /// Type D: never with an argument.
    Flag,
    /// A member's status (PREFIX), with a nickname as its argument.
    Status,
}

/// A status of a member, and the symbol that stands before the nickname of who has it, as `o` and `@`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status {
    /// The mode's letter.
    pub letter: u8,
    /// The symbol.
    pub symbol: u8,
}

/// The modes that a server knows for channels: CHANMODES and PREFIX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModeTypes {
    /// Type A of CHANMODES.
    pub lists: Letters,
    /// Type B of CHANMODES.
    pub arguments: Letters,
    /// Type C of CHANMODES.
    pub arguments_when_set: Letters,
    /// Type D of CHANMODES.
    pub flags: Letters,
    statuses: Vec<Status>,
}

impl Default for ModeTypes {
    /// Those of RFC 1459 §4.2.3.1, for servers that name none: `b,k,l,imnpst` and `(ov)@+`.
    fn default() -> Self {
        ModeTypes {
            lists: Letters::new(b"b"),
            arguments: Letters::new(b"k"),
            arguments_when_set: Letters::new(b"l"),
            flags: Letters::new(b"imnpst"),
            statuses: ModeTypes::rfc_statuses(),
        }
    }
}

impl ModeTypes {
    /// Modes of a user: no letter takes an argument, but `s`, the server notices, may have one when it is set.
    pub fn user(flags: Letters) -> Self {
        ModeTypes {
            lists: Letters::NONE,
            arguments: Letters::NONE,
            arguments_when_set: Letters::new(b"s"),
            flags: flags.without(b's'),
            statuses: Vec::new(),
        }
    }

    /// The statuses of members, highest first.
    pub fn statuses(&self) -> &[Status] {
        &self.statuses
    }

    /// Puts other statuses in place, highest first. A second one with the same letter or symbol is left out, as is what is not visible ASCII.
    pub fn set_statuses(&mut self, statuses: impl IntoIterator<Item = Status>) {
        let mut letters = Letters::NONE;
        let mut symbols = Letters::NONE;
        self.statuses.clear();
        for Status { letter, symbol } in statuses {
            let visible = letter.is_ascii_graphic() && symbol.is_ascii_graphic();
            if visible && !letters.contains(letter) && !symbols.contains(symbol) {
                letters = letters.with(letter);
                symbols = symbols.with(symbol);
                self.statuses.push(Status { letter, symbol });
            }
        }
    }

    pub(crate) fn rfc_statuses() -> Vec<Status> {
        [(b'o', b'@'), (b'v', b'+')].map(|(letter, symbol)| Status { letter, symbol }).to_vec()
    }

    /// The status that a symbol stands for.
    pub fn status_by_symbol(&self, symbol: u8) -> Option<Status> {
        self.statuses.iter().copied().find(|status| status.symbol == symbol)
    }

    /// Parts the symbols from the nickname behind them, as `@+dan` in RPL_NAMREPLY (multi-prefix).
    pub fn split_symbols<'a>(&self, member: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let count = member.iter().take_while(|symbol| self.status_by_symbol(**symbol).is_some()).count();
        member.split_at_checked(count).unwrap_or_default()
    }

    /// What kind of mode a letter is; `None` when the server never named it.
    pub fn kind(&self, letter: u8) -> Option<ModeKind> {
        if self.statuses.iter().any(|status| status.letter == letter) {
            return Some(ModeKind::Status);
        }
        let kinds = [
            (self.lists, ModeKind::List),
            (self.arguments, ModeKind::Argument),
            (self.arguments_when_set, ModeKind::ArgumentWhenSet),
            (self.flags, ModeKind::Flag),
        ];
        kinds.into_iter().find(|(letters, _)| letters.contains(letter)).map(|(_, kind)| kind)
    }

    /// Reads the parameters of a MODE message behind its target: the letters, then their arguments. Nothing is refused; letters
    /// that are not known are kept, and taken to have no argument.
    pub fn changes<'a, A>(&self, letters: &'a [u8], arguments: A) -> Changes<'a, '_, A::IntoIter>
    where
        A: IntoIterator<Item = &'a [u8]>,
    {
        Changes { types: self, letters: letters.iter(), arguments: arguments.into_iter(), adding: true }
    }
}

/// One letter of a MODE message, with its sign and its argument.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Change<'a> {
    /// Whether the mode is set (`+`) or unset (`-`). A letter before any sign is set.
    pub adding: bool,
    /// The letter, as it came.
    pub letter: u8,
    /// What kind of mode it is; `None` when it is not known.
    pub kind: Option<ModeKind>,
    /// The argument, if the letter takes one and there was one.
    pub argument: Option<&'a [u8]>,
}

impl Change<'_> {
    /// Whether this asks for a list (`MODE #channel b`) and changes nothing.
    pub fn is_list_query(&self) -> bool {
        self.kind == Some(ModeKind::List) && self.argument.is_none()
    }

    /// Whether the argument is missing that the letter needs (answer ERR_NEEDMOREPARAMS, or ERR_INVALIDMODEPARAM 696).
    pub fn lacks_argument(&self) -> bool {
        let needed = match self.kind {
            Some(ModeKind::Argument | ModeKind::Status) => true,
            Some(ModeKind::ArgumentWhenSet) => self.adding,
            Some(ModeKind::List | ModeKind::Flag) | None => false,
        };
        needed && self.argument.is_none()
    }
}

impl fmt::Debug for Change<'_> {
    /// As in a message: `+o dan`. A key is an argument too, and is shown as one star.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.adding { '+' } else { '-' };
        write!(f, "{sign}{}", self.letter.escape_ascii())?;
        match self.argument {
            Some(_) if self.kind == Some(ModeKind::Argument) => f.write_str(" *"),
            Some(argument) => write!(f, " {}", argument.escape_ascii()),
            None => Ok(()),
        }
    }
}

/// The changes of one MODE message, in their order.
#[derive(Clone, Debug)]
pub struct Changes<'a, 't, A> {
    types: &'t ModeTypes,
    letters: core::slice::Iter<'a, u8>,
    arguments: A,
    adding: bool,
}

impl<'a, A: Iterator<Item = &'a [u8]>> Changes<'a, '_, A> {
    /// The arguments that no letter took.
    pub fn into_unused(self) -> A {
        self.arguments
    }
}

impl<'a, A: Iterator<Item = &'a [u8]>> Iterator for Changes<'a, '_, A> {
    type Item = Change<'a>;

    fn next(&mut self) -> Option<Change<'a>> {
        loop {
            match *self.letters.next()? {
                b'+' => self.adding = true,
                b'-' => self.adding = false,
                letter => {
                    let kind = self.types.kind(letter);
                    let takes = match kind {
                        Some(ModeKind::List | ModeKind::Argument | ModeKind::Status) => true,
                        Some(ModeKind::ArgumentWhenSet) => self.adding,
                        Some(ModeKind::Flag) | None => false,
                    };
                    let argument = if takes { self.arguments.next() } else { None };
                    return Some(Change { adding: self.adding, letter, kind, argument });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn read<'a>(types: &ModeTypes, letters: &'a str, arguments: &[&'a str]) -> Vec<(bool, char, Option<&'a str>)> {
        let arguments: Vec<&[u8]> = arguments.iter().map(|argument| argument.as_bytes()).collect();
        let changes = types.changes(letters.as_bytes(), arguments);
        let text = |argument: &'a [u8]| core::str::from_utf8(argument).unwrap();
        changes.map(|change| (change.adding, change.letter.into(), change.argument.map(text))).collect()
    }

    #[test]
    fn letters_take_arguments_by_their_kind() {
        let types = ModeTypes::default();
        let changes = read(&types, "+ov-bl+ikl-k", &["dan", "eve", "*!*@x", "key", "12", "old"]);
        let expected = vec![
            (true, 'o', Some("dan")),
            (true, 'v', Some("eve")),
            (false, 'b', Some("*!*@x")),
            (false, 'l', None),
            (true, 'i', None),
            (true, 'k', Some("key")),
            (true, 'l', Some("12")),
            (false, 'k', Some("old")),
        ];
        assert_eq!(changes, expected);
    }

    #[test]
    fn unknown_letters_are_kept_and_take_nothing() {
        let changes = read(&ModeTypes::default(), "Zo", &["dan", "more"]);
        assert_eq!(changes, [(true, 'Z', None), (true, 'o', Some("dan"))]);
        let types = ModeTypes::default();
        let mut changes = types.changes(b"Zo", [&b"dan"[..], b"more"]);
        assert_eq!(changes.next().map(|change| change.kind), Some(None));
        changes.next();
        assert_eq!(changes.into_unused().collect::<Vec<_>>(), [b"more"]);
    }

    #[test]
    fn queries_and_gaps_are_told_apart() {
        let types = ModeTypes::default();
        let seen: Vec<_> = types
            .changes(b"b+k-l+lo", [])
            .map(|change| (change.letter, change.is_list_query(), change.lacks_argument()))
            .collect();
        let expected =
            [(b'b', true, false), (b'k', false, true), (b'l', false, false), (b'l', false, true), (b'o', false, true)];
        assert_eq!(seen, expected);
    }

    #[test]
    fn user_modes_are_flags() {
        let types = ModeTypes::user(Letters::new(b"iows"));
        assert_eq!(
            read(&types, "+is-w", &["cf", "x"]),
            [(true, 'i', None), (true, 's', Some("cf")), (false, 'w', None)]
        );
        assert_eq!(types.kind(b'o'), Some(ModeKind::Flag));
    }

    #[test]
    fn statuses_are_ranked_and_unique() {
        let mut types = ModeTypes::default();
        let status = |letter, symbol| Status { letter, symbol };
        types.set_statuses([status(b'q', b'~'), status(b'o', b'@'), status(b'x', b'@'), status(b'v', b' ')]);
        assert_eq!(types.statuses(), [status(b'q', b'~'), status(b'o', b'@')]);
        assert_eq!(types.split_symbols(b"~@@dan"), (&b"~@@"[..], &b"dan"[..]));
        assert_eq!(types.split_symbols(b"+dan"), (&b""[..], &b"+dan"[..]));
    }

    #[test]
    fn a_key_is_not_shown() {
        let types = ModeTypes::default();
        let shown = alloc::format!("{:?}", types.changes(b"+k-o", [&b"sesame"[..], b"dan"]).collect::<Vec<_>>());
        assert_eq!(shown, "[+k *, -o dan]");
    }

    proptest! {
        #[test]
        fn any_letters_and_arguments_are_read(letters: Vec<u8>, arguments: Vec<Vec<u8>>) {
            let types = ModeTypes::default();
            let changes = types.changes(&letters, arguments.iter().map(Vec::as_slice));
            let signs = letters.iter().filter(|letter| matches!(letter, b'+' | b'-')).count();
            prop_assert_eq!(changes.count(), letters.len() - signs);
        }
    }
}
