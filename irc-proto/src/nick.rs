//! Nicknames: which are valid.
//!
//! RFC 2812 §2.3.1, and <https://modern.ircdocs.horse/#clients> with NICKLEN, CHANTYPES and PREFIX.

use crate::Letters;
use crate::isupport::Isupport;

/// Which characters a nickname may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NickCharacters {
    /// ASCII letters and digits, `-` and ``[]\`_^{|}``; neither a digit nor `-` comes first (RFC 2812).
    #[default]
    Rfc2812,
    /// All but what has a meaning elsewhere: blanks and control characters, `,*?!@.`, and at the beginning `$`, `:`, `~`, `&`, `%`, `+`, `#` and whatever
    /// else begins a channel or marks a status. Outside ASCII anything goes.
    Wide,
}

/// What a server, or a client that asks it, takes for a nickname.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NickRules {
    /// Bytes at most; `None`: no bound but the line's.
    pub length: Option<u32>,
    /// The characters.
    pub characters: NickCharacters,
    /// What begins channels and marks statuses, and so no nickname.
    pub reserved: Letters,
}

/// Why a text is no nickname (answer ERR_ERRONEUSNICKNAME 432, or ERR_NONICKNAMEGIVEN 431 when it is empty).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NickFault {
    /// There is nothing.
    #[error("a nickname cannot be empty")]
    Empty,
    /// It is too long.
    #[error("this nickname is longer than the server allows (NICKLEN): shorten it")]
    TooLong,
    /// It begins with what no nickname begins with.
    #[error("a nickname cannot begin with this character: put a letter first")]
    First,
    /// It has a character that no nickname has.
    #[error("this nickname has a character that is not allowed: use letters, digits and []\\`_^{{|}}-")]
    Character,
}

impl Default for NickRules {
    /// RFC 2812: its characters, and 9 bytes.
    fn default() -> Self {
        NickRules::of(&Isupport::default(), NickCharacters::Rfc2812)
    }
}

impl NickRules {
    /// By NICKLEN, CHANTYPES and PREFIX of a server.
    pub fn of(server: &Isupport, characters: NickCharacters) -> Self {
        let symbols = server.mode_types.statuses().iter().map(|status| status.symbol);
        let reserved = symbols.chain(server.channel_types.iter()).fold(Letters::NONE, Letters::with);
        NickRules { length: server.nick_len, characters, reserved }
    }

    /// Whether `nick` is a nickname.
    ///
    /// # Errors
    ///
    /// The first [`NickFault`].
    pub fn check(&self, nick: &[u8]) -> Result<(), NickFault> {
        let first = *nick.first().ok_or(NickFault::Empty)?;
        if self.length.is_some_and(|most| nick.len() > usize::try_from(most).unwrap_or(usize::MAX)) {
            return Err(NickFault::TooLong);
        }
        if !nick.iter().all(|byte| self.allows(*byte)) {
            return Err(NickFault::Character);
        }
        let begins = match self.characters {
            NickCharacters::Rfc2812 => !matches!(first, b'0'..=b'9' | b'-'),
            NickCharacters::Wide => !b"$:~&%+#".contains(&first),
        };
        if begins && !self.reserved.contains(first) { Ok(()) } else { Err(NickFault::First) }
    }

    fn allows(&self, byte: u8) -> bool {
        match self.characters {
            NickCharacters::Rfc2812 => byte.is_ascii_alphanumeric() || b"[]\\`_^{|}-".contains(&byte),
            NickCharacters::Wide => byte > b' ' && byte != 0x7f && !b",*?!@.".contains(&byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicknames_of_the_rfc() {
        let rules = NickRules::default();
        for nick in ["dan", "[dan]", "a-1", "_", "`^{|}\\"] {
            assert_eq!(rules.check(nick.as_bytes()), Ok(()), "{nick}");
        }
        let cases = [
            ("", NickFault::Empty),
            ("1dan", NickFault::First),
            ("-dan", NickFault::First),
            ("abcdefghij", NickFault::TooLong),
            ("da n", NickFault::Character),
            ("dän", NickFault::Character),
            ("dan\r", NickFault::Character),
            ("#dan", NickFault::Character),
            ("~dan", NickFault::Character),
        ];
        for (nick, fault) in cases {
            assert_eq!(rules.check(nick.as_bytes()), Err(fault), "{nick:?}");
        }
    }

    #[test]
    fn wide_nicknames_keep_off_what_has_a_meaning() {
        let mut server = Isupport::default();
        for token in ["NICKLEN=32", "PREFIX=(Yov)=@+", "CHANTYPES=#;"] {
            assert_eq!(server.apply(token.as_bytes()), Ok(()));
        }
        let rules = NickRules::of(&server, NickCharacters::Wide);
        for nick in ["dän", "1dan", "abcdefghij", "a=b", "\u{1f600}"] {
            assert_eq!(rules.check(nick.as_bytes()), Ok(()), "{nick}");
        }
        for nick in ["=dan", ";dan", "$dan", ":dan", "+dan", "~dan"] {
            assert_eq!(rules.check(nick.as_bytes()), Err(NickFault::First), "{nick}");
        }
        for nick in ["a,b", "a*", "a!b", "a@b", "a.b", "a b", "a\0", "a\n", "a\x7f"] {
            assert_eq!(rules.check(nick.as_bytes()), Err(NickFault::Character), "{nick:?}");
        }
        assert_eq!(rules.check(&[b'x'; 33]), Err(NickFault::TooLong));
    }
}
