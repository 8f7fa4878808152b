//! What WHO asks for: its flags and, with WHOX, its fields and token ([WHOX](https://ircv3.net/specs/extensions/whox)).

use crate::Letters;

/// The fields that a reply may have, in the order in which it has them.
const FIELDS: &[u8] = b"tcuihsnfdlaor";

/// The second parameter of a WHO, `[flags][%fields[,token]]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ask<'a> {
    /// `o`: operators alone (RFC 2812 §3.6.1).
    pub(crate) operators: bool,
    /// The fields, where the client wants RPL_WHOSPCRPL (354) instead of RPL_WHOREPLY (352).
    pub(crate) fields: Option<Letters>,
    /// The token, at most three digits.
    pub(crate) token: &'a [u8],
}

impl<'a> Ask<'a> {
    /// Reads it; a missing one is empty. Fields and flags that are not known are passed over, and a token that is not 1 to 3 digits is `0`.
    pub(crate) fn parse(text: &'a [u8]) -> Self {
        let mut parts = text.splitn(2, |byte| *byte == b'%');
        let flags = parts.next().unwrap_or_default();
        let operators = flags.contains(&b'o');
        let Some(wanted) = parts.next() else { return Ask { operators, fields: None, token: b"0" } };
        let mut wanted = wanted.splitn(2, |byte| *byte == b',');
        let letters = Letters::new(&wanted.next().unwrap_or_default().to_ascii_lowercase());
        let token = wanted.next().unwrap_or_default();
        let is_token = (1..=3).contains(&token.len()) && token.iter().all(u8::is_ascii_digit);
        let fields =
            FIELDS.iter().filter(|field| letters.contains(**field)).fold(Letters::NONE, |all, one| all.with(*one));
        Ask { operators, fields: Some(fields), token: if is_token { token } else { b"0" } }
    }

    /// The wanted fields in the order of a reply.
    pub(crate) fn in_order(fields: Letters) -> impl Iterator<Item = u8> {
        FIELDS.iter().copied().filter(move |field| fields.contains(*field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn read(text: &str) -> (bool, Option<Vec<u8>>, &[u8]) {
        let ask = Ask::parse(text.as_bytes());
        (ask.operators, ask.fields.map(|fields| Ask::in_order(fields).collect()), ask.token)
    }

    #[test]
    fn fields_come_in_the_order_of_the_reply() {
        assert_eq!(read("%afnt,42"), (false, Some(b"tnfa".to_vec()), &b"42"[..]));
        assert_eq!(read("%rolfdsanhiuct,1"), (false, Some(b"tcuihsnfdlaor".to_vec()), &b"1"[..]));
        assert_eq!(read("o%NX!n"), (true, Some(b"n".to_vec()), &b"0"[..]));
        assert_eq!(read("%"), (false, Some(b"".to_vec()), &b"0"[..]));
    }

    #[test]
    fn without_fields_it_is_an_old_who() {
        assert_eq!(read(""), (false, None, &b"0"[..]));
        assert_eq!(read("o"), (true, None, &b"0"[..]));
    }

    #[test]
    fn odd_tokens_are_0() {
        for text in ["%t,", "%t,1234", "%t,1x", "%t,1,2", "%t"] {
            assert_eq!(read(text).2, b"0", "{text}");
        }
        assert_eq!(read("%t,000").2, b"000");
    }
}
