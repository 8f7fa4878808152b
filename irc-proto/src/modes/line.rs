use alloc::vec::Vec;

use super::Change;
use crate::isupport::Limit;

/// Why a change cannot stand in a MODE message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModeLineFault {
    /// The letter is a sign, or not visible ASCII.
    #[error("this is no letter of a mode: take one that the server names in CHANMODES or PREFIX")]
    Letter,
    /// The argument is empty, begins with a colon, or has a blank, CR, LF or NUL.
    #[error("this argument of a mode cannot be sent: it must be one word without a leading colon")]
    Argument,
    /// One change alone is longer than the room.
    #[error("this change is longer than a line allows: shorten its argument")]
    TooLong,
}

/// Writes changes in their order as few MODE messages: each item is what follows `MODE target `, as `+oo-v dan eve bob`. Signs are
/// written where they change only.
///
/// `modes` is how many changes with an argument one message may have ([`Isupport::modes`](crate::isupport::Isupport::modes); 0 counts as 1), and
/// `room` how many bytes an item may have: the length of a line less its end and all before the letters.
///
/// # Errors
///
/// All changes are checked first: a [`ModeLineFault`] means that nothing was written.
pub fn mode_lines(changes: &[Change<'_>], modes: Limit, room: usize) -> Result<Vec<Vec<u8>>, ModeLineFault> {
    changes.iter().try_for_each(|change| check(change, room))?;
    let most = match modes {
        Limit::Most(most) => usize::try_from(most).unwrap_or(usize::MAX).max(1),
        Limit::Unlimited => usize::MAX,
    };
    let mut lines = Vec::new();
    let mut line = Line::default();
    for change in changes {
        if !line.fits(change, most, room) {
            lines.push(core::mem::take(&mut line).finish());
        }
        line.add(change);
    }
    if !line.letters.is_empty() {
        lines.push(line.finish());
    }
    Ok(lines)
}

fn check(change: &Change<'_>, room: usize) -> Result<(), ModeLineFault> {
    if !change.letter.is_ascii_graphic() || matches!(change.letter, b'+' | b'-' | b':') {
        return Err(ModeLineFault::Letter);
    }
    let forbidden = |byte: &u8| matches!(byte, b' ' | b'\r' | b'\n' | 0);
    match change.argument {
        Some(argument) if matches!(argument.first(), None | Some(b':')) => Err(ModeLineFault::Argument),
        Some(argument) if argument.iter().any(forbidden) => Err(ModeLineFault::Argument),
        argument if 2 + argument.map_or(0, |argument| argument.len() + 1) > room => Err(ModeLineFault::TooLong),
        _ => Ok(()),
    }
}

#[derive(Default)]
struct Line {
    letters: Vec<u8>,
    arguments: Vec<u8>,
    with_argument: usize,
    adding: Option<bool>,
}

impl Line {
    fn fits(&self, change: &Change<'_>, most: usize, room: usize) -> bool {
        let sign = usize::from(self.adding != Some(change.adding));
        let argument = change.argument.map_or(0, |argument| argument.len() + 1);
        let length = self.letters.len() + self.arguments.len() + sign + 1 + argument;
        length <= room && (change.argument.is_none() || self.with_argument < most)
    }

    fn add(&mut self, change: &Change<'_>) {
        if self.adding != Some(change.adding) {
            self.letters.push(if change.adding { b'+' } else { b'-' });
            self.adding = Some(change.adding);
        }
        self.letters.push(change.letter);
        if let Some(argument) = change.argument {
            self.arguments.push(b' ');
            self.arguments.extend_from_slice(argument);
            self.with_argument += 1;
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.letters.append(&mut self.arguments);
        self.letters
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modes::ModeTypes;
    use proptest::prelude::*;

    fn changes<'a>(types: &ModeTypes, letters: &'a str, arguments: &[&'a str]) -> Vec<Change<'a>> {
        let arguments: Vec<&[u8]> = arguments.iter().map(|argument| argument.as_bytes()).collect();
        types.changes(letters.as_bytes(), arguments).collect()
    }

    #[test]
    fn signs_stand_once_and_modes_is_kept() {
        let types = ModeTypes::default();
        let changes = changes(&types, "+o+o-v-i+m+b", &["a", "b", "c", "x!*@*"]);
        let lines = mode_lines(&changes, Limit::Most(3), 400).unwrap();
        assert_eq!(lines, [&b"+oo-vi+m a b c"[..], b"+b x!*@*"]);
        let lines = mode_lines(&changes, Limit::Unlimited, 400).unwrap();
        assert_eq!(lines, [b"+oo-vi+mb a b c x!*@*"]);
        assert_eq!(mode_lines(&changes, Limit::Unlimited, 8).unwrap().len(), 3);
        assert_eq!(mode_lines(&[], Limit::Most(3), 400), Ok(Vec::new()));
    }

    #[test]
    fn what_cannot_be_sent_is_an_error() {
        let with = |letter, argument| Change { adding: true, letter, kind: None, argument };
        let write = |change| mode_lines(&[change], Limit::Unlimited, 20);
        assert_eq!(write(with(b'+', None)), Err(ModeLineFault::Letter));
        assert_eq!(write(with(b' ', None)), Err(ModeLineFault::Letter));
        for argument in [&b""[..], b":x", b"a b", b"a\rb", b"a\nb", b"a\0"] {
            assert_eq!(write(with(b'k', Some(argument))), Err(ModeLineFault::Argument), "{argument:?}");
        }
        assert_eq!(write(with(b'k', Some(&[b'x'; 18]))), Err(ModeLineFault::TooLong));
        assert!(write(with(b'k', Some(&[b'x'; 17]))).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            letters in "[-+ovbklimnZ]{0,24}",
            arguments in prop::collection::vec("[a-z!@*]{1,9}", 24),
            modes in 0u32..6,
            room in 12usize..60,
        ) {
            let types = ModeTypes::default();
            let wanted: Vec<_> = types.changes(letters.as_bytes(), arguments.iter().map(|text| text.as_bytes())).collect();
            let lines = mode_lines(&wanted, Limit::Most(modes), room).unwrap();
            let mut read = Vec::new();
            for line in &lines {
                prop_assert!(line.len() <= room);
                let mut words = line.split(|byte| *byte == b' ');
                let changes: Vec<_> = types.changes(words.next().unwrap(), words).collect();
                let counted = changes.iter().filter(|change| change.argument.is_some()).count();
                prop_assert!(counted <= usize::max(modes as usize, 1));
                read.extend(changes);
            }
            prop_assert_eq!(read, wanted);
        }
    }
}
