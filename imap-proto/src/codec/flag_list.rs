use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::cursor::{ATOMS, Cursor, Read};
use super::encode::{Unwritable, Writer};
use super::fault::Expected;
use super::flag::Flag;

/// A list of flags in a response, kept as it stood there: so it is read without an allocation, however many flags there are. Two lists are
/// equal when they are spelled alike.
///
/// ```
/// use imap_proto::codec::{Flag, FlagList};
///
/// let flags = FlagList::of([Flag::Seen, Flag::Keyword("$Forwarded")]);
/// assert!(flags.contains(&Flag::Keyword("$forwarded")) && !flags.contains(&Flag::<&str>::Deleted));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FlagList<T>(
    /// Words with spaces between them.
    T,
);

impl FlagList<Vec<u8>> {
    /// The list of these flags.
    pub fn of<U: AsRef<[u8]>>(flags: impl IntoIterator<Item = Flag<U>>) -> Self {
        let mut text = Vec::new();
        for flag in flags {
            if !text.is_empty() {
                text.push(b' ');
            }
            if flag.is_system() {
                text.push(b'\\');
            }
            text.extend_from_slice(flag.name());
        }
        FlagList(text)
    }
}

impl<T: AsRef<[u8]>> FlagList<T> {
    /// The flags, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Flag<&[u8]>> {
        self.0.as_ref().split(|byte| *byte == b' ').filter(|word| !word.is_empty()).map(Flag::of_word)
    }

    /// Whether `flag` is among them.
    pub fn contains<U: AsRef<[u8]>>(&self, flag: &Flag<U>) -> bool {
        self.iter().any(|one| one.is_same(flag))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.list(self.iter(), |writer, flag| flag.write(writer))
    }
}

impl<T> FlagList<T> {
    /// Turns the text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> FlagList<U> {
        FlagList(f(self.0))
    }
}

impl<'a> FlagList<Cow<'a, [u8]>> {
    /// Reads a list with its parentheses. Servers let users put nearly anything into keywords.
    #[inline]
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        cursor.open()?;
        let list = cursor.take_class(ATOMS);
        cursor.expect(b')', Expected::Flag)?;
        Ok(FlagList(Cow::Borrowed(list)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_found_however_they_are_spaced_and_spelled() {
        let flags = FlagList::read(&mut Cursor::new(b"( \\seen  $Junk [odd] caf\xc3\xa9 )")).unwrap();
        let expected: [Flag<&[u8]>; 4] =
            [Flag::Seen, Flag::Keyword(b"$Junk"), Flag::Keyword(b"[odd]"), Flag::Keyword(b"caf\xc3\xa9")];
        assert!(flags.iter().eq(expected));
        assert!(FlagList::of(expected).iter().eq(flags.iter()));
        assert!(FlagList::read(&mut Cursor::new(b"()")).unwrap().is_empty());
        for odd in [&b""[..], b"(", b"(a", b"(a(b))", b"(a\r\n)", b"(a\0)", b"a"] {
            assert!(FlagList::read(&mut Cursor::new(odd)).is_err(), "{}", odd.escape_ascii());
        }
    }
}
