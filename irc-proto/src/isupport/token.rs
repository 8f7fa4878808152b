use alloc::borrow::Cow;
use alloc::vec::Vec;

/// One token of RPL_ISUPPORT: `KEY`, `KEY=value` or `-KEY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token<'a> {
    /// Whether the parameter is taken back.
    pub negated: bool,
    /// The parameter's name, as it came; names are written in upper case.
    pub key: &'a [u8],
    /// What stands behind the `=`, its escapes untouched.
    pub value: Option<&'a [u8]>,
}

/// Why a token of RPL_ISUPPORT is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFault {
    /// The name is empty, or has a blank or a control character.
    #[error("a parameter of RPL_ISUPPORT needs a name of visible characters")]
    Key,
    /// A negated parameter has a value.
    #[error("a parameter that is taken back has no value: write `-KEY` alone")]
    NegatedValue,
    /// The value does not fit the parameter.
    #[error("the value does not fit this parameter of RPL_ISUPPORT; what stood before still holds")]
    Value,
    /// The server names more than is kept.
    #[error("the server names more parameters than are kept; the rest is left out")]
    TooMany,
}

impl<'a> Token<'a> {
    /// Reads one parameter of a 005 message.
    pub fn parse(token: &'a [u8]) -> Result<Self, TokenFault> {
        let (negated, token) = match token {
            [b'-', token @ ..] => (true, token),
            token => (false, token),
        };
        let mut parts = token.splitn(2, |byte| *byte == b'=');
        let key = parts.next().unwrap_or_default();
        let value = parts.next();
        if key.is_empty() || !key.iter().all(u8::is_ascii_graphic) {
            return Err(TokenFault::Key);
        }
        if negated && value.is_some() {
            return Err(TokenFault::NegatedValue);
        }
        Ok(Token { negated, key, value })
    }

    /// The value with `\xHH` read as the byte it stands for; any other backslash is kept.
    pub fn unescaped(&self) -> Option<Cow<'a, [u8]>> {
        let value = self.value?;
        if !value.contains(&b'\\') {
            return Some(Cow::Borrowed(value));
        }
        let mut plain = Vec::with_capacity(value.len());
        let mut rest = value;
        while let [byte, after @ ..] = rest {
            let escaped = match rest {
                [b'\\', b'x', high, low, after @ ..] => digit(*high).zip(digit(*low)).map(|hex| (hex, after)),
                _ => None,
            };
            match escaped {
                Some(((high, low), after)) => {
                    plain.push(high << 4 | low);
                    rest = after;
                }
                None => {
                    plain.push(*byte);
                    rest = after;
                }
            }
        }
        Some(Cow::Owned(plain))
    }

    /// Writes a token that [`unescaped`](Token::unescaped) reads back; blanks, backslashes, `=` and control characters are escaped.
    pub fn write(key: &[u8], value: Option<&[u8]>) -> Vec<u8> {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        let hex = |half: u8| HEX.get(usize::from(half)).copied().unwrap_or(b'0');
        let mut token = key.to_vec();
        let Some(value) = value else { return token };
        token.push(b'=');
        for byte in value {
            if matches!(byte, 0..=b' ' | b'\\' | b'=' | 0x7f) {
                token.extend_from_slice(&[b'\\', b'x', hex(byte >> 4), hex(byte & 15)]);
            } else {
                token.push(*byte);
            }
        }
        token
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Shares tokens out over 005 messages: at most 13 in each (the nickname and the text behind them make 15 parameters), and at most `room`
/// bytes, counted with a blank behind each token. A token that is longer than `room` stands alone.
pub fn token_lines(tokens: &[Vec<u8>], room: usize) -> impl Iterator<Item = &[Vec<u8>]> {
    let mut rest = tokens;
    core::iter::from_fn(move || {
        let mut used = 0usize;
        let fits = |token: &&Vec<u8>| {
            used = used.saturating_add(token.len() + 1);
            used <= room
        };
        let count = rest.iter().take(13).take_while(fits).count().max(1);
        let (line, after) = rest.split_at_checked(count)?;
        rest = after;
        Some(line)
    })
}
