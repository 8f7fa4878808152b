use core::fmt;

use super::profile::Fault;
use super::scan;

/// What a message is about: a word or a numeric (RFC 2812 §2.3.1, `command`).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command<'a> {
    /// A word in the sender's own spelling; [`is`](Command::is) compares it as IRC does, in either case.
    Word(&'a [u8]),
    /// A reply of three digits.
    Numeric(Numeric),
}

/// A reply of three digits (RFC 2812 §2.4), 0 to 999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Numeric(u16);

impl Numeric {
    /// The numeric, or nothing where the number has more than three digits.
    pub const fn new(number: u16) -> Option<Numeric> {
        if number < 1000 { Some(Numeric(number)) } else { None }
    }

    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The three digits, as they are sent.
    pub const fn digits(self) -> [u8; 3] {
        // Less than 1000, so each is a digit.
        [b'0' + (self.0 / 100) as u8, b'0' + (self.0 / 10 % 10) as u8, b'0' + (self.0 % 10) as u8]
    }

    /// Whether this numeric tells of an error: 400 to 599, and the SASL failures 902 and 904 to 907.
    pub fn is_error(self) -> bool {
        matches!(self.0, 400..=599 | 902 | 904..=907)
    }

    fn parse(word: &[u8]) -> Option<Numeric> {
        let [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] = *word else { return None };
        let digit = |byte: u8| u16::from(byte - b'0');
        Some(Numeric(digit(a) * 100 + digit(b) * 10 + digit(c)))
    }
}

impl<'a> Command<'a> {
    /// Whether this is the word, in upper or lower case. A numeric is no word.
    pub fn is(&self, word: &[u8]) -> bool {
        matches!(self, Command::Word(own) if own.eq_ignore_ascii_case(word))
    }

    /// The numeric, where it is one.
    pub fn numeric(&self) -> Option<Numeric> {
        match self {
            Command::Word(_) => None,
            Command::Numeric(numeric) => Some(*numeric),
        }
    }

    pub(super) fn of_word(word: &'a [u8]) -> Command<'a> {
        match Numeric::parse(word) {
            Some(numeric) => Command::Numeric(numeric),
            None => Command::Word(word),
        }
    }

    /// How long the word is with which this begins, where the lenient profile takes it.
    pub(super) fn length(rest: &[u8]) -> Result<usize, Fault> {
        let len = scan::graphic(rest);
        let is_marked = matches!(rest.first(), Some(b':' | b'@'));
        let is_ended = matches!(rest.get(len), None | Some(b' '));
        if is_ended && !is_marked { Ok(len) } else { Err(Fault::Command) }
    }

    pub(super) fn check_strict(&self) -> Result<(), Fault> {
        match self {
            Command::Word(word) if word.is_empty() || !word.iter().all(u8::is_ascii_alphabetic) => Err(Fault::Command),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Word(word) => write!(f, "{}", word.escape_ascii()),
            Command::Numeric(numeric) => write!(f, "{numeric}"),
        }
    }
}

impl fmt::Debug for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_are_a_numeric_and_nothing_else_is() {
        assert_eq!(Command::of_word(b"005").numeric().map(Numeric::number), Some(5));
        for word in [&b"05"[..], b"0005", b"00a", b"", b"PING"] {
            assert_eq!(Command::of_word(word), Command::Word(word));
        }
        for number in 0..1000 {
            let numeric = Numeric::new(number).unwrap();
            assert_eq!(Numeric::parse(&numeric.digits()), Some(numeric));
        }
        assert_eq!(Numeric::new(1000), None);
    }

    #[test]
    fn words_are_the_same_in_either_case() {
        assert!(Command::Word(b"PrivMsg").is(b"PRIVMSG"));
        assert!(!Command::of_word(b"001").is(b"001"));
    }

    #[test]
    fn errors_are_told_from_replies() {
        let is_error = |number| Numeric::new(number).unwrap().is_error();
        assert!([401, 433, 904].into_iter().all(is_error));
        assert!(![1, 332, 900, 903, 908].into_iter().any(is_error));
    }
}
