//! The Content fields of a part (RFC 2045, RFC 2183, RFC 3282), as far as its structure tells them.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::lexer::{Grammar, Lexer, Token};

type Text<'m> = Cow<'m, [u8]>;

/// A value with parameters: a media type or a disposition. Parameters stand as they came: those that RFC 2231 has divided or encoded stay
/// so, under the names that tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameterized<'m> {
    /// The type, or the disposition.
    pub(super) value: Text<'m>,
    /// The subtype; empty for a disposition.
    pub(super) subtype: Text<'m>,
    pub(super) parameters: Vec<(Text<'m>, Text<'m>)>,
}

impl<'m> Parameterized<'m> {
    /// Reads a field's value, with `limit` parameters at most.
    pub(super) fn read(value: &'m [u8], limit: usize) -> Option<Self> {
        let mut lexer = Lexer::new(value, Grammar::Mime);
        let Some(Token::Atom(name)) = lexer.word() else { return None };
        let mut read = Parameterized { value: Token::Atom(name).text(), ..Parameterized::default() };
        let mut token = lexer.word();
        if token == Some(Token::Special(b'/')) {
            token = lexer.word();
            if let Some(subtype @ Token::Atom(_)) = token {
                read.subtype = subtype.text();
                token = lexer.word();
            }
        }
        let mut more = token == Some(Token::Special(b';')) || (token.is_some() && lexer.skip_to_semicolon());
        while more && read.parameters.len() < limit {
            match lexer.word() {
                Some(name @ Token::Atom(_)) => {
                    let mut after = lexer.clone();
                    if after.word() == Some(Token::Special(b'=')) {
                        let value = after.parameter_value();
                        lexer = after;
                        read.parameters.push((name.text(), value));
                    }
                    more = lexer.skip_to_semicolon();
                }
                Some(Token::Special(b';')) => {}
                Some(_) => more = lexer.skip_to_semicolon(),
                None => more = false,
            }
        }
        Some(read)
    }

    /// A media type without parameters.
    pub(super) fn media_type(value: &'static [u8], subtype: &'static [u8]) -> Self {
        Parameterized { value: Cow::Borrowed(value), subtype: Cow::Borrowed(subtype), parameters: Vec::new() }
    }

    pub(super) fn is(&self, value: &[u8]) -> bool {
        self.value.eq_ignore_ascii_case(value)
    }

    pub(super) fn parameter(&self, name: &[u8]) -> Option<&Text<'m>> {
        self.parameters.iter().find(|(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// The first word of a field such as Content-Transfer-Encoding.
pub(super) fn word(value: &[u8]) -> Option<Text<'_>> {
    match Lexer::new(value, Grammar::Mime).word()? {
        Token::Special(_) => None,
        word => Some(word.text()),
    }
}

/// The languages of a Content-Language field, `limit` at most.
pub(super) fn languages(value: &[u8], limit: usize) -> Vec<Text<'_>> {
    let words = Lexer::new(value, Grammar::Mime).filter(|token| matches!(token, Token::Atom(_)));
    words.take(limit).map(Token::text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn shown(value: &str) -> String {
        let read = Parameterized::read(value.as_bytes(), 10).unwrap_or_default();
        let mut text = alloc::format!("{}/{}", read.value.escape_ascii(), read.subtype.escape_ascii());
        for (name, value) in &read.parameters {
            text += &alloc::format!(";{}={}", name.escape_ascii(), value.escape_ascii());
        }
        text
    }

    #[test]
    fn media_types_with_parameters() {
        assert_eq!(shown("text/plain; charset=us-ascii (Plain text)"), "text/plain;charset=us-ascii");
        assert_eq!(
            shown(" multipart/mixed;\r\n boundary=\"a;b\\\"c\"; x = y"),
            "multipart/mixed;boundary=a;b\\\"c;x=y"
        );
        assert_eq!(shown("a/b; boundary=----=_Part_1=/x:y"), "a/b;boundary=----=_Part_1=/x:y");
        assert_eq!(
            shown("attachment; filename*0*=utf-8''a%20; filename*1=b"),
            "attachment/;filename*0*=utf-8\\'\\'a%20;filename*1=b"
        );
        assert_eq!(shown("text; charset=x"), "text/;charset=x");
        assert_eq!(shown("text/plain charset=x; y=z"), "text/plain;y=z");
        assert_eq!(shown("a/b;;;c;d=;e=f"), "a/b;d=;e=f");
        assert_eq!(shown("\"a\"/b"), "/");
        assert_eq!(shown(""), "/");
    }

    #[test]
    fn h41_no_more_parameters_than_may_be() {
        let many = String::from("a/b") + &"; name*0=x".repeat(100_000);
        assert_eq!(Parameterized::read(many.as_bytes(), 50).unwrap().parameters.len(), 50);
    }

    #[test]
    fn languages_of_a_list() {
        assert_eq!(languages(b"en, (really) da", 5), [&b"en"[..], b"da"]);
        assert_eq!(languages(b"en, da, de", 2).len(), 2);
    }
}
