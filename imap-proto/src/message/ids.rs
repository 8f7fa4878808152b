//! Message identifiers (RFC 5322 §3.6.4), as threads compare them (RFC 5256 §3).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::address::glued;
use super::lexer::{Grammar, Lexer, Token};

/// The identifiers of a field, without brackets, quotes, comments and spaces. What has no `@` is none.
pub(super) fn of(value: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let mut lexer = Lexer::new(value, Grammar::Mail);
    core::iter::from_fn(move || {
        let mut words = Vec::new();
        loop {
            words.clear();
            lexer.find(|token| *token == Token::Special(b'<'))?;
            loop {
                match lexer.word() {
                    Some(Token::Special(b'>')) => break,
                    // The one before has no end.
                    Some(Token::Special(b'<')) => words.clear(),
                    Some(word) => words.push(word),
                    None => return None,
                }
            }
            if words.contains(&Token::Special(b'@')) {
                return Some(glued(&words));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    fn ids(value: &str) -> Vec<String> {
        super::of(value.as_bytes()).map(|id| String::from_utf8_lossy(&id).into_owned()).collect()
    }

    #[test]
    fn identifiers_have_one_spelling() {
        assert_eq!(ids("<a.b@c> \r\n <\"a.b\"@c>(x <no@no>)"), ["a.b@c", "a.b@c"]);
        assert_eq!(ids("Your message of \"Mon <x@y>\" <z@[1.2]>, <broken <d@e> <f"), ["z@[1.2]", "d@e"]);
        assert_eq!(ids("<no>, none"), [""; 0]);
    }

    #[test]
    fn h41_brackets_without_end() {
        assert_eq!(super::of(&b"<a@".repeat(100_000)).count(), 0);
        assert_eq!(super::of(&b"<a@b>".repeat(100_000)).count(), 100_000);
    }
}
