use core::fmt;

use super::encode::{Unwritable, Writer};
use super::fault::{Expected, Parsed, fail};
use super::text::{ATOM, atom, word};

/// A flag, or `\*` (RFC 9051 §2.3.2). The system's flags have one spelling when written, whichever case they came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Flag<T> {
    /// `\Answered`
    Answered,
    /// `\Flagged`
    Flagged,
    /// `\Deleted`
    Deleted,
    /// `\Seen`
    Seen,
    /// `\Draft`
    Draft,
    /// `\Recent`, which a client can neither set nor clear (RFC 3501 §2.3.2).
    Recent,
    /// A keyword, such as `$Forwarded`: as it came, though its case means nothing.
    Keyword(T),
    /// `\*` in PERMANENTFLAGS: new keywords can be made.
    Any,
    /// A flag of an extension, without its backslash.
    Other(T),
}

impl<T: AsRef<[u8]>> Flag<T> {
    /// The flag's name, without the backslash where it has one.
    pub fn name(&self) -> &[u8] {
        match self {
            Flag::Answered => b"Answered",
            Flag::Flagged => b"Flagged",
            Flag::Deleted => b"Deleted",
            Flag::Seen => b"Seen",
            Flag::Draft => b"Draft",
            Flag::Recent => b"Recent",
            Flag::Any => b"*",
            Flag::Keyword(name) | Flag::Other(name) => name.as_ref(),
        }
    }

    /// Whether both are the same flag: the case of names means nothing.
    pub fn is_same<U: AsRef<[u8]>>(&self, other: &Flag<U>) -> bool {
        self.is_system() == other.is_system() && self.name().eq_ignore_ascii_case(other.name())
    }

    /// Whether the name begins with a backslash.
    pub fn is_system(&self) -> bool {
        !matches!(self, Flag::Keyword(_))
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        match self {
            Flag::Keyword(name) => writer.atom(name.as_ref()),
            Flag::Other(name) => {
                writer.put(b"\\");
                writer.atom(name.as_ref())
            }
            known => {
                writer.put(b"\\");
                writer.put(known.name());
                Ok(())
            }
        }
    }
}

impl<'a, T: From<&'a [u8]>> Flag<T> {
    /// The flag of this name, with its backslash if it has one, whatever characters are in it.
    pub fn of_word(word: &'a [u8]) -> Flag<T> {
        match word.strip_prefix(b"\\") {
            None => Flag::Keyword(word.into()),
            Some(b"*") => Flag::Any,
            Some(name) => system(name).unwrap_or_else(|| Flag::Other(name.into())),
        }
    }
}

impl<T> Flag<T> {
    /// The same flag with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> Flag<U> {
        match self {
            Flag::Answered => Flag::Answered,
            Flag::Flagged => Flag::Flagged,
            Flag::Deleted => Flag::Deleted,
            Flag::Seen => Flag::Seen,
            Flag::Draft => Flag::Draft,
            Flag::Recent => Flag::Recent,
            Flag::Any => Flag::Any,
            Flag::Keyword(name) => Flag::Keyword(text(name)),
            Flag::Other(name) => Flag::Other(text(name)),
        }
    }
}

impl<T: AsRef<[u8]>> fmt::Display for Flag<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let backslash = if self.is_system() { "\\" } else { "" };
        write!(f, "{backslash}{}", self.name().escape_ascii())
    }
}

/// `flag` and `flag-perm` (RFC 9051 §9). Whether `\*` or `\Recent` may stand there is for the caller to say.
pub(crate) fn flag<'a, T: From<&'a [u8]>>(input: &'a [u8]) -> Parsed<'a, Flag<T>> {
    let Some(name) = input.strip_prefix(b"\\") else {
        return match atom(input) {
            Ok((rest, name)) => Ok((rest, Flag::Keyword(name.into()))),
            Err(_) => fail(input, Expected::Flag),
        };
    };
    if let Some(rest) = name.strip_prefix(b"*") {
        return Ok((rest, Flag::Any));
    }
    let (rest, name) = word(name, ATOM, Expected::Flag)?;
    Ok((rest, system(name).unwrap_or_else(|| Flag::Other(name.into()))))
}

fn system<T>(name: &[u8]) -> Option<Flag<T>> {
    let known: (&[u8], Flag<T>) = match name.first()?.to_ascii_lowercase() {
        b's' => (b"Seen", Flag::Seen),
        b'a' => (b"Answered", Flag::Answered),
        b'f' => (b"Flagged", Flag::Flagged),
        b'r' => (b"Recent", Flag::Recent),
        b'd' if name.len() == 5 => (b"Draft", Flag::Draft),
        b'd' => (b"Deleted", Flag::Deleted),
        _ => return None,
    };
    // Most are spelt so already.
    (name == known.0 || name.eq_ignore_ascii_case(known.0)).then_some(known.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn read(input: &[u8]) -> Option<Flag<&[u8]>> {
        flag(input).ok().filter(|(rest, _)| rest.is_empty()).map(|(_, flag)| flag)
    }

    #[test]
    fn system_flags_get_their_one_spelling() {
        for name in ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft", "\\Recent", "\\*"] {
            let lower = name.to_lowercase();
            assert_eq!(read(lower.as_bytes()).unwrap().to_string(), name);
            assert!(!matches!(read(name.as_bytes()), Some(Flag::Other(_) | Flag::Keyword(_))));
        }
        assert_eq!(read(b"\\Important"), Some(Flag::Other(&b"Important"[..])));
        assert_eq!(read(b"\\Dr"), Some(Flag::Other(&b"Dr"[..])));
        assert_eq!(read(b"$Forwarded"), Some(Flag::Keyword(&b"$Forwarded"[..])));
    }

    #[test]
    fn odd_flags_are_refused() {
        for odd in [&b""[..], b"\\", b"\\\\Seen", b"a b", b"(", b"\\Se\"en", b"caf\xc3\xa9", b"a\0"] {
            assert_eq!(read(odd), None, "{}", odd.escape_ascii());
        }
    }

    #[test]
    fn the_case_of_a_keyword_means_nothing() {
        assert!(Flag::Keyword("$junk").is_same(&Flag::Keyword(b"$Junk")));
        assert!(!Flag::Keyword("Seen").is_same(&Flag::<&[u8]>::Seen));
        assert!(Flag::<&[u8]>::Seen.is_same(&Flag::Other("SEEN")));
    }
}
