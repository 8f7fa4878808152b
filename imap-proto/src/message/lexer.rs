//! The words of structured header fields (RFC 5322 §3.2, RFC 2045 §5.1), read without recursion.

use alloc::borrow::Cow;

use super::header::one_line;

/// A word of a structured field, as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'m> {
    /// Bytes without specials.
    Atom(&'m [u8]),
    /// What stands between quotes, with backslashes.
    Quoted(&'m [u8]),
    /// A domain literal with its brackets.
    Literal(&'m [u8]),
    /// What stands between parentheses, with backslashes and further parentheses.
    Comment(&'m [u8]),
    /// Any other.
    Special(u8),
}

impl<'m> Token<'m> {
    /// What the token says.
    pub(super) fn text(self) -> Cow<'m, [u8]> {
        match self {
            Token::Atom(text) | Token::Literal(text) => one_line(text),
            Token::Quoted(text) | Token::Comment(text) => unescaped(text),
            Token::Special(_) => Cow::Borrowed(b""),
        }
    }
}

fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', text).is_none() {
        return one_line(text);
    }
    let mut escaped = false;
    let kept = text.iter().filter(|byte| {
        escaped = **byte == b'\\' && !escaped;
        !escaped && !matches!(byte, b'\r' | b'\n')
    });
    Cow::Owned(kept.map(|byte| if *byte == 0 { b'?' } else { *byte }).collect())
}

/// Whose specials are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grammar {
    /// Addresses, dates and message identifiers. A dot is no special here: it stands in atoms.
    Mail,
    /// Content fields. All that need not be a special is none.
    Mime,
}

/// Cuts a folded field value into tokens; folds are spaces to it. Each byte is looked at once.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'m> {
    rest: &'m [u8],
    grammar: Grammar,
}

impl<'m> Lexer<'m> {
    pub(super) fn new(value: &'m [u8], grammar: Grammar) -> Self {
        Lexer { rest: value, grammar }
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'m [u8] {
        self.rest
    }

    /// The next token that is no comment.
    pub(super) fn word(&mut self) -> Option<Token<'m>> {
        self.find(|token| !matches!(token, Token::Comment(_)))
    }

    /// A parameter's value: what is quoted, or all up to a space or semicolon, whatever it is.
    pub(super) fn parameter_value(&mut self) -> Cow<'m, [u8]> {
        self.rest = self.rest.trim_ascii_start();
        if self.rest.first() == Some(&b'"') {
            return self.next().map_or(Cow::Borrowed(b""), Token::text);
        }
        let is_end = |byte: &u8| matches!(byte, b';' | b'(') || byte.is_ascii_whitespace();
        one_line(self.take(self.rest.iter().position(is_end).unwrap_or(self.rest.len())))
    }

    /// Leaves all up to the next semicolon.
    pub(super) fn skip_to_semicolon(&mut self) -> bool {
        self.any(|token| token == Token::Special(b';'))
    }

    fn take(&mut self, count: usize) -> &'m [u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn is_special(&self, byte: u8) -> bool {
        match self.grammar {
            Grammar::Mail => matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b':' | b';' | b'@' | b',' | b'"'),
            Grammar::Mime => matches!(byte, b'(' | b')' | b'"' | b';' | b'=' | b'/' | b','),
        }
    }

    /// What stands up to `close`, which is left out, and may be missing.
    fn enclosed(&mut self, open: Option<u8>, close: u8) -> &'m [u8] {
        let (mut depth, mut escaped) = (1usize, false);
        let end = self.rest.iter().position(|byte| {
            if escaped {
                escaped = false;
                return false;
            }
            escaped = *byte == b'\\';
            if Some(*byte) == open {
                depth += 1;
            } else if *byte == close {
                depth -= 1;
            }
            depth == 0
        });
        match end {
            Some(end) => {
                let inside = self.take(end);
                self.take(1);
                inside
            }
            None => self.take(self.rest.len()),
        }
    }
}

impl<'m> Iterator for Lexer<'m> {
    type Item = Token<'m>;

    fn next(&mut self) -> Option<Token<'m>> {
        self.rest = self.rest.trim_ascii_start();
        let before = self.rest;
        let first = *before.first()?;
        if !self.is_special(first) {
            let end = before.iter().position(|byte| byte.is_ascii_whitespace() || self.is_special(*byte));
            return Some(Token::Atom(self.take(end.unwrap_or(before.len()))));
        }
        self.take(1);
        Some(match first {
            b'"' => Token::Quoted(self.enclosed(None, b'"')),
            b'(' => Token::Comment(self.enclosed(Some(b'('), b')')),
            b'[' => {
                let inside = self.enclosed(None, b']').len();
                Token::Literal(&before[..(inside + 2).min(before.len())])
            }
            other => Token::Special(other),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn words_of_mail() {
        let tokens: Vec<_> = Lexer::new(b"a.b \"c\\\"d\" (e(f)\\)) <g@[1.2]> \"open", Grammar::Mail).collect();
        use Token::*;
        let wanted = [
            Atom(&b"a.b"[..]),
            Quoted(b"c\\\"d"),
            Comment(b"e(f)\\)"),
            Special(b'<'),
            Atom(b"g"),
            Special(b'@'),
            Literal(b"[1.2]"),
            Special(b'>'),
            Quoted(b"open"),
        ];
        assert_eq!(tokens, wanted);
        assert_eq!(&*tokens[1].text(), b"c\"d");
    }

    #[test]
    fn h41_comments_without_end_are_one_token() {
        let text = "(".repeat(100_000);
        assert_eq!(Lexer::new(text.as_bytes(), Grammar::Mail).count(), 1);
        let text = "(".repeat(50_000) + &")".repeat(50_000) + " a";
        assert_eq!(Lexer::new(text.as_bytes(), Grammar::Mail).count(), 2);
    }
}
