use core::ops::Range;

use wirestate_machine::redact::{Direction, Redact};

use crate::codec::Keyword;

/// Knows which parts of a POP3 session are secret: the argument of PASS, APOP's digest, and all of an AUTH exchange but its
/// first words, until the server's `+OK` or `-ERR`.
///
/// Where it cannot be sure, it hides: after any line of the server that begins an exchange, the client's next line is hidden.
#[derive(Clone, Debug)]
pub struct Redactor {
    /// The direction in which the client's lines go.
    client: Direction,
    in_exchange: bool,
}

impl Redactor {
    /// For a server's session: what comes in is the client's.
    pub fn server() -> Self {
        Redactor { client: Direction::In, in_exchange: false }
    }

    /// For a client's session: what goes out is the client's.
    pub fn client() -> Self {
        Redactor { client: Direction::Out, in_exchange: false }
    }

    fn of_client(&mut self, line: &[u8]) -> Range<usize> {
        if self.in_exchange {
            return 0..line.len();
        }
        // Blanks before a command are wrong, and no reason to show what follows.
        let start = line.len() - line.trim_ascii_start().len();
        let word = line[start..].iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len() - start);
        let arguments = (start + word + 1).min(line.len());
        match Keyword::from_bytes(&line[start..start + word]) {
            Keyword::Pass => arguments..line.len(),
            Keyword::Apop => {
                let end = line.trim_ascii_end().len();
                let blank = line[..end].iter().rposition(|byte| matches!(byte, b' ' | b'\t'));
                // A lone argument may be the digest.
                blank.map_or(line.len(), |blank| (blank + 1).max(arguments))..line.len()
            }
            Keyword::Auth => {
                let blanks = line[arguments..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                let mechanism = arguments + blanks;
                if mechanism == line.len() {
                    return 0..0;
                }
                self.in_exchange = true;
                let after = line[mechanism..].iter().position(u8::is_ascii_whitespace);
                after.map_or(line.len(), |after| mechanism + after + 1)..line.len()
            }
            _ => 0..0,
        }
    }

    fn of_server(&mut self, line: &[u8]) -> Range<usize> {
        let starts = |word: &[u8]| line.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
        if starts(b"+OK") || starts(b"-ERR") {
            self.in_exchange = false;
        } else if line == b"+" || line.starts_with(b"+ ") {
            // Also where an answer to an earlier, pipelined command looked like the end.
            self.in_exchange = true;
            return 2.min(line.len())..line.len();
        }
        0..0
    }
}

impl Redact for Redactor {
    fn secret(&mut self, direction: Direction, line: &[u8]) -> Range<usize> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let secret = if direction == self.client { self.of_client(line) } else { self.of_server(line) };
        if secret.is_empty() { 0..0 } else { secret }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use proptest::prelude::*;

    fn shown(redactor: &mut Redactor, direction: Direction, line: &str) -> String {
        let secret = redactor.secret(direction, line.as_bytes());
        let mut shown = String::from(line);
        if !secret.is_empty() {
            shown.replace_range(secret, "***");
        }
        shown
    }

    #[test]
    fn passwords_and_digests_are_hidden() {
        for (mut redactor, client) in [(Redactor::server(), Direction::In), (Redactor::client(), Direction::Out)] {
            for (line, wanted) in [
                ("PASS hunter2", "PASS ***"),
                ("pass two words ", "pass ***"),
                ("PASS", "PASS"),
                (" PASS hunter2", " PASS ***"),
                ("APOP joe c4c9334bac56", "APOP joe ***"),
                ("APOP joe c4c9334bac56 ", "APOP joe ***"),
                ("APOP c4c9334bac56", "APOP ***"),
                ("USER joe", "USER joe"),
                ("AUTH", "AUTH"),
                ("RETR 1", "RETR 1"),
            ] {
                assert_eq!(shown(&mut redactor, client, line), wanted);
            }
        }
    }

    #[test]
    fn an_exchange_is_hidden_to_its_end() {
        let (mut redactor, client, server) = (Redactor::server(), Direction::In, Direction::Out);
        for (direction, line, wanted) in [
            (client, "AUTH LOGIN", "AUTH LOGIN"),
            (server, "+ VXNlcm5hbWU6", "+ ***"),
            (client, "am9l", "***"),
            (server, "+ UGFzc3dvcmQ6", "+ ***"),
            (client, "aHVudGVyMg==", "***"),
            (server, "+OK", "+OK"),
            (client, "STAT", "STAT"),
            (client, "auth PLAIN AGpvZQBodW50ZXIy", "auth PLAIN ***"),
            (server, "-ERR no", "-ERR no"),
            (client, "USER joe", "USER joe"),
            // The answer to a command before AUTH does not end what AUTH begins.
            (client, "AUTH LOGIN", "AUTH LOGIN"),
            (server, "+OK capabilities follow", "+OK capabilities follow"),
            (server, "+ VXNlcm5hbWU6", "+ ***"),
            (client, "am9l", "***"),
        ] {
            assert_eq!(shown(&mut redactor, direction, line), wanted);
        }
    }

    proptest! {
        #[test]
        fn the_range_lies_in_the_line(lines: alloc::vec::Vec<(bool, alloc::vec::Vec<u8>)>, at in 0usize..40) {
            let mut redactor = Redactor::client();
            for (out, line) in lines {
                let prefixes: [&[u8]; 4] = [b"AUTH ", b"APOP ", b"PASS", b""];
                let line = [prefixes[at % 4], &line].concat();
                let direction = if out { Direction::Out } else { Direction::In };
                let secret = redactor.secret(direction, &line);
                prop_assert!(secret.start <= secret.end && secret.end <= line.len());
            }
        }
    }
}
