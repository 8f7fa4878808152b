//! Addresses of a header field (RFC 5322 §3.4), as an envelope has them.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::header::one_line;
use super::lexer::{Grammar, Lexer, Token};
use crate::codec::Address;

type Text<'m> = Cow<'m, [u8]>;

/// Reads a list of addresses and adds them, as long as there are less than `limit`. A group that has begun is always ended.
pub(super) fn read<'m>(value: &'m [u8], limit: usize, addresses: &mut Vec<Address<Text<'m>>>) {
    let mut lexer = Lexer::new(value, Grammar::Mail);
    let mut entry = Entry::default();
    let mut in_group = false;
    while addresses.len() < limit {
        match lexer.next() {
            Some(Token::Special(b',')) => addresses.extend(entry.finish()),
            Some(Token::Special(b';')) => {
                addresses.extend(entry.finish());
                if in_group {
                    addresses.push(Address::default());
                    in_group = false;
                }
            }
            Some(Token::Special(b':')) => {
                let name = phrase(&entry.words).unwrap_or_default();
                entry.clear();
                if !in_group {
                    addresses.push(Address { mailbox: Some(name), ..Address::default() });
                    in_group = true;
                }
            }
            Some(Token::Special(b'<')) => entry.angle(&mut lexer),
            Some(Token::Special(b'>' | b')')) => {}
            Some(Token::Comment(text)) => entry.comment = Some(text),
            Some(word) => entry.words.push(word),
            None => {
                addresses.extend(entry.finish());
                break;
            }
        }
    }
    if in_group {
        addresses.push(Address::default());
    }
}

/// What has been read of one address.
#[derive(Default)]
struct Entry<'m> {
    words: Vec<Token<'m>>,
    comment: Option<&'m [u8]>,
    bracketed: Option<Address<Text<'m>>>,
}

impl<'m> Entry<'m> {
    fn clear(&mut self) {
        self.words.clear();
        self.comment = None;
        self.bracketed = None;
    }

    /// Reads what stands between `<` and `>`.
    fn angle(&mut self, lexer: &mut Lexer<'m>) {
        let mut route_start = None;
        let mut route = None;
        let mut words = Vec::new();
        loop {
            let before = lexer.rest();
            match lexer.word() {
                None | Some(Token::Special(b'>')) => break,
                Some(Token::Special(b'@')) if words.is_empty() && route.is_none() => {
                    route_start = route_start.or(Some(before.trim_ascii_start()));
                }
                Some(Token::Special(b',')) if route_start.is_some() && route.is_none() => words.clear(),
                Some(Token::Special(b':')) if route_start.is_some() && route.is_none() => {
                    let start = route_start.unwrap_or_default();
                    let length = start.len() - lexer.rest().len();
                    route = start.get(..length.saturating_sub(1)).map(one_line);
                    words.clear();
                }
                Some(word) => words.push(word),
            }
        }
        let (mailbox, host) = local_and_domain(&words);
        let name = phrase(&self.words);
        self.words.clear();
        self.bracketed = Some(Address { name, route, mailbox: Some(mailbox), host: Some(host) });
    }

    /// The address that has been read, if there was any.
    fn finish(&mut self) -> Option<Address<Text<'m>>> {
        let comment = self.comment.take().map(|text| Token::Comment(text.trim_ascii()).text());
        let address = match self.bracketed.take() {
            Some(address) => Some(Address { name: address.name.or(comment), ..address }),
            None if self.words.is_empty() => None,
            None => {
                let (mailbox, host) = local_and_domain(&self.words);
                Some(Address { name: comment, route: None, mailbox: Some(mailbox), host: Some(host) })
            }
        };
        self.words.clear();
        address
    }
}

/// What stands before and after the last `@`. Without one the domain is empty: NIL would begin a group.
fn local_and_domain<'m>(words: &[Token<'m>]) -> (Text<'m>, Text<'m>) {
    match words.iter().rposition(|word| *word == Token::Special(b'@')) {
        Some(at) => (glued(&words[..at]), glued(&words[at + 1..])),
        None => (glued(words), Cow::Borrowed(b"")),
    }
}

pub(super) fn glued<'m>(words: &[Token<'m>]) -> Text<'m> {
    match words {
        [word] => word.text(),
        words => Cow::Owned(words.iter().fold(Vec::new(), |mut text, word| {
            match word {
                Token::Special(byte) => text.push(*byte),
                word => text.extend_from_slice(&word.text()),
            }
            text
        })),
    }
}

/// A display name: words with a space between each two, without quotes.
fn phrase<'m>(words: &[Token<'m>]) -> Option<Text<'m>> {
    match words {
        [] => None,
        [word] => Some(word.text()),
        [first, rest @ ..] => {
            let mut text = first.text().into_owned();
            for word in rest {
                match word {
                    Token::Special(byte) => text.push(*byte),
                    word => {
                        text.push(b' ');
                        text.extend_from_slice(&word.text());
                    }
                }
            }
            Some(Cow::Owned(text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn shown(value: &str) -> Vec<String> {
        let mut addresses = Vec::new();
        read(value.as_bytes(), 1000, &mut addresses);
        let part = |text: &Option<Text<'_>>| {
            text.as_ref().map_or("NIL".into(), |text| String::from_utf8_lossy(text).into_owned())
        };
        addresses
            .iter()
            .map(|address| [&address.name, &address.route, &address.mailbox, &address.host].map(part).join("|"))
            .collect()
    }

    #[test]
    fn the_forms_of_rfc_5322() {
        assert_eq!(shown("John Doe <jdoe@machine.example>"), ["John Doe|NIL|jdoe|machine.example"]);
        assert_eq!(
            shown("\"Joe Q. Public\" <john.q.public@example.com>"),
            ["Joe Q. Public|NIL|john.q.public|example.com"]
        );
        assert_eq!(
            shown("Who? <one@y.test>, <boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>"),
            ["Who?|NIL|one|y.test", "NIL|NIL|boss|nil.test", "Giant; \"Big\" Box|NIL|sysservices|example.net",]
        );
        assert_eq!(
            shown("A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;"),
            [
                "NIL|NIL|A Group|NIL",
                "Ed Jones|NIL|c|a.test",
                "NIL|NIL|joe|where.test",
                "John|NIL|jdoe|one.test",
                "NIL|NIL|NIL|NIL",
            ]
        );
        assert_eq!(shown("Undisclosed recipients:;"), ["NIL|NIL|Undisclosed recipients|NIL", "NIL|NIL|NIL|NIL"]);
        assert_eq!(
            shown("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>"),
            ["Pete|NIL|pete|silly.test"]
        );
        assert_eq!(
            shown("Mary Smith <@node.test,@b.test:mary@example.net>"),
            ["Mary Smith|@node.test,@b.test|mary|example.net"]
        );
        assert_eq!(shown("jdoe@test . example (John Doe)"), ["John Doe|NIL|jdoe|test.example"]);
    }

    #[test]
    fn odd_addresses_are_still_addresses() {
        assert_eq!(shown("root"), ["NIL|NIL|root|"]);
        assert_eq!(shown("<>"), ["NIL|NIL||"]);
        assert_eq!(shown(", ,a@b,,"), ["NIL|NIL|a|b"]);
        assert_eq!(shown("a@b@c"), ["NIL|NIL|a@b|c"]);
        assert_eq!(shown("open <a@b"), ["open|NIL|a|b"]);
        assert_eq!(shown("g: a@b"), ["NIL|NIL|g|NIL", "NIL|NIL|a|b", "NIL|NIL|NIL|NIL"]);
        assert_eq!(shown("\"two\r\n words\" <a@[1.2.3.4]>"), ["two words|NIL|a|[1.2.3.4]"]);
        assert_eq!(shown(""), [""; 0]);
    }

    #[test]
    fn h41_no_more_addresses_than_may_be() {
        let many = String::from("g: ") + &"a@b,".repeat(100_000);
        let mut addresses = Vec::new();
        read(many.as_bytes(), 100, &mut addresses);
        assert_eq!(addresses.len(), 101);
        assert_eq!(addresses.last(), Some(&Address::default()));
    }
}
