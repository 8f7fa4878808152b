use alloc::boxed::Box;
use core::ops::Range;

use wirestate_machine::redact::{Direction, Redact};

use crate::codec::{Keyword, Literal};

/// Knows which parts of an IMAP session are secret: the arguments of LOGIN, in lines and in literals, and all of an AUTHENTICATE exchange but its first
/// words, until the server's tagged answer.
///
/// Where it cannot be sure, it hides. The octets of literals are not looked at for commands.
#[derive(Clone, Debug)]
pub struct Redactor {
    /// The direction in which the client's lines go.
    client: Direction,
    /// The tag of an AUTHENTICATE that is not answered yet.
    exchange: Option<Box<[u8]>>,
    /// Whether what comes belongs to a LOGIN.
    in_login: bool,
    /// How much of the client's literal is still to come.
    literal: u64,
}

impl Redactor {
    /// For a server's session: what comes in is the client's.
    pub fn server() -> Self {
        Redactor { client: Direction::In, exchange: None, in_login: false, literal: 0 }
    }

    /// For a client's session: what goes out is the client's.
    pub fn client() -> Self {
        Redactor { client: Direction::Out, ..Redactor::server() }
    }

    fn of_client(&mut self, line: &[u8]) -> Range<usize> {
        // The line end counts for the literal, too.
        let octets = line.len() as u64 + 1;
        if self.literal >= octets {
            self.literal -= octets;
            return if self.in_login { 0..line.len() } else { 0..0 };
        }
        let rest = core::mem::take(&mut self.literal) as usize;
        let continues = rest > 0;
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        let secret = if self.exchange.is_some() || self.in_login {
            0..text.len()
        } else if continues {
            0..0
        } else {
            self.of_command(text)
        };
        let announced = Literal::at_end_of(text.get(rest..).unwrap_or_default());
        match announced {
            Some((_, literal)) if self.exchange.is_none() => self.literal = literal.len,
            _ => self.in_login = false,
        }
        secret
    }

    /// The first line of a command.
    fn of_command(&mut self, line: &[u8]) -> Range<usize> {
        let word = |from: usize| {
            let rest = line.get(from..).unwrap_or_default();
            let start = from + rest.iter().take_while(|byte| **byte == b' ').count();
            let rest = line.get(start..).unwrap_or_default();
            start..start + rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len())
        };
        let tag = word(0);
        let name = word(tag.end);
        match line.get(name.clone()).map_or(Keyword::Other, Keyword::from_bytes) {
            Keyword::Login => {
                self.in_login = true;
                (name.end + 1).min(line.len())..line.len()
            }
            Keyword::Authenticate => {
                self.exchange = line.get(tag).map(Box::from);
                let mechanism = word(name.end);
                (mechanism.end + 1).min(line.len())..line.len()
            }
            _ => 0..0,
        }
    }

    fn of_server(&mut self, line: &[u8]) -> Range<usize> {
        let Some(tag) = &self.exchange else { return 0..0 };
        if line.strip_prefix(b"+").is_some() {
            return 2.min(line.len())..line.len();
        }
        if line.strip_prefix(&**tag).is_some_and(|rest| rest.starts_with(b" ")) {
            self.exchange = None;
        }
        0..0
    }
}

impl Redact for Redactor {
    fn secret(&mut self, direction: Direction, line: &[u8]) -> Range<usize> {
        let secret = if direction == self.client {
            self.of_client(line)
        } else {
            self.of_server(line.strip_suffix(b"\r").unwrap_or(line))
        };
        if secret.is_empty() { 0..0 } else { secret }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn shown(redactor: &mut Redactor, direction: Direction, line: &str) -> String {
        let secret = redactor.secret(direction, line.as_bytes());
        let mut shown = String::from(line);
        if !secret.is_empty() {
            shown.replace_range(secret, "***");
        }
        shown
    }

    fn check(lines: &[(Direction, &str, &str)]) {
        let mut redactor = Redactor::server();
        for (direction, line, wanted) in lines {
            assert_eq!(shown(&mut redactor, *direction, line), *wanted);
        }
    }

    const CLIENT: Direction = Direction::In;
    const SERVER: Direction = Direction::Out;

    #[test]
    fn logins_are_hidden_with_their_literals() {
        check(&[
            (CLIENT, "a LOGIN ann hunter2", "a LOGIN ***"),
            (CLIENT, "b login \"a b\" {7}", "b login ***"),
            (SERVER, "+ Go ahead", "+ Go ahead"),
            (CLIENT, "hunter2", "***"),
            (CLIENT, "c LOGIN {3+}\r", "c LOGIN ***\r"),
            (CLIENT, "ann {12}\r", "***\r"),
            // A password may have a line end, and look like a literal.
            (CLIENT, "two {9}\r", "***"),
            (CLIENT, "b c\r", "***\r"),
            (CLIENT, "d NOOP", "d NOOP"),
            (CLIENT, "e APPEND INBOX {17+}", "e APPEND INBOX {17+}"),
            (CLIENT, "x LOGIN ann abc\r", "x LOGIN ann abc\r"),
            (CLIENT, "", ""),
            (CLIENT, "f SELECT LOGIN", "f SELECT LOGIN"),
        ]);
    }

    #[test]
    fn an_exchange_is_hidden_to_its_end() {
        check(&[
            (CLIENT, "a AUTHENTICATE PLAIN AGFubgBwYXNz", "a AUTHENTICATE PLAIN ***"),
            (SERVER, "a NO no", "a NO no"),
            (CLIENT, "b AUTHENTICATE LOGIN", "b AUTHENTICATE LOGIN"),
            (SERVER, "* OK by the way", "* OK by the way"),
            (SERVER, "+ VXNlcm5hbWU6", "+ ***"),
            (CLIENT, "am9l", "***"),
            (SERVER, "b OK yes", "b OK yes"),
            (CLIENT, "c NOOP", "c NOOP"),
        ]);
    }

    proptest! {
        #[test]
        fn the_range_lies_in_the_line(lines: Vec<(bool, Vec<u8>)>, at in 0usize..50) {
            let mut redactor = Redactor::client();
            for (out, line) in lines {
                let prefixes: [&[u8]; 5] = [b"a LOGIN {9}", b"a AUTHENTICATE ", b"a LOGIN ", b"+", b""];
                let line = [prefixes[at % 5], &line].concat();
                let direction = if out { Direction::Out } else { Direction::In };
                let secret = redactor.secret(direction, &line);
                prop_assert!(secret.start <= secret.end && secret.end <= line.len());
            }
        }
    }
}
