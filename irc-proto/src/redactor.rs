use core::ops::Range;

use wirestate_machine::redact::{Direction, Redact};

/// Knows which parts of an IRC session are secret: the parameters of PASS, AUTHENTICATE, OPER and WEBIRC, of REGISTER and VERIFY (draft/account-registration),
/// the keys of channels in JOIN, MODE and RPL_CHANNELMODEIS, what BOUNCER says where that holds a password (soju.im/bouncer-networks), and whatever is said to
/// NickServ, by NICKSERV, NS, PRIVMSG or SQUERY.
#[derive(Clone, Copy, Debug, Default)]
pub struct Redactor;

impl Redactor {
    /// For a server's session.
    pub fn server() -> Self {
        Redactor
    }

    /// For a client's session.
    pub fn client() -> Self {
        Redactor
    }
}

/// Commands of which nothing but the word is shown.
const SECRET: [&[u8]; 8] = [b"PASS", b"AUTHENTICATE", b"OPER", b"WEBIRC", b"REGISTER", b"VERIFY", b"NICKSERV", b"NS"];

impl Redact for Redactor {
    fn secret(&mut self, _direction: Direction, line: &[u8]) -> Range<usize> {
        let end = line.strip_suffix(b"\r").unwrap_or(line).len();
        let mut words = Words { line: line.get(..end).unwrap_or_default(), at: 0 };
        let mut word = words.next();
        // Tags and source, in whatever order and number: a line that is wrong may be a password all the same.
        let mut has_source = false;
        while let Some(&first @ (b'@' | b':')) = word.clone().and_then(|word| line.get(word.start)) {
            has_source |= first == b':';
            word = words.next();
        }
        let is = |word: Option<Range<usize>>, name: &[u8]| {
            word.and_then(|word| line.get(word)).is_some_and(|word| word.eq_ignore_ascii_case(name))
        };
        if SECRET.iter().any(|name| is(word.clone(), name)) {
            return words.rest();
        }
        // What a server tells of a JOIN has an account in this place (extended-join).
        if is(word.clone(), b"JOIN") && !has_source {
            words.next();
            return words.rest();
        }
        let before_letters = [(&b"MODE"[..], 1), (b"324", 2)];
        if let Some((_, skipped)) = before_letters.iter().find(|(name, _)| is(word.clone(), name)) {
            let letters = core::iter::from_fn(|| words.next()).nth(*skipped);
            let letters = letters.and_then(|letters| line.get(letters)).unwrap_or_default();
            return if letters.contains(&b'k') { words.rest() } else { 0..0 };
        }
        if is(word.clone(), b"BOUNCER") {
            let rest = words.rest();
            let tells = line.get(rest.clone()).is_some_and(|rest| rest.windows(5).any(|five| five == b"pass="));
            return if tells { rest } else { 0..0 };
        }
        let is_message = is(word.clone(), b"PRIVMSG") || is(word, b"SQUERY");
        if is_message {
            let target = words.next();
            let name =
                target.and_then(|target| line.get(target)).and_then(|target| target.split(|b| *b == b'@').next());
            if name.is_some_and(|name| name.eq_ignore_ascii_case(b"NickServ")) {
                return words.rest();
            }
        }
        0..0
    }
}

struct Words<'a> {
    line: &'a [u8],
    at: usize,
}

impl Words<'_> {
    /// What follows the blanks behind the last word.
    fn rest(&self) -> Range<usize> {
        let start = self.skip(self.at, |byte| byte == b' ');
        if start < self.line.len() { start..self.line.len() } else { 0..0 }
    }

    fn skip(&self, from: usize, over: impl Fn(u8) -> bool) -> usize {
        let rest = self.line.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| over(**byte)).count()
    }

    fn next(&mut self) -> Option<Range<usize>> {
        let start = self.skip(self.at, |byte| byte == b' ');
        self.at = self.skip(start, |byte| byte != b' ');
        (start < self.at).then_some(start..self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use proptest::prelude::*;

    fn shown(line: &str) -> String {
        let secret = Redactor::server().secret(Direction::In, line.as_bytes());
        let mut shown = String::from(line);
        if !secret.is_empty() {
            shown.replace_range(secret, "***");
        }
        shown
    }

    #[test]
    fn passwords_are_hidden_wherever_they_stand() {
        for (line, wanted) in [
            ("PASS hunter2", "PASS ***"),
            ("pass :two words", "pass ***"),
            ("PASS", "PASS"),
            ("  PASS  hunter2\r", "  PASS  ***\r"),
            ("@a=b :x!y@z PASS hunter2", "@a=b :x!y@z PASS ***"),
            (":x @a=b PASS hunter2", ":x @a=b PASS ***"),
            ("AUTHENTICATE PLAIN", "AUTHENTICATE ***"),
            ("@label=1 AUTHENTICATE AGE=", "@label=1 AUTHENTICATE ***"),
            ("OPER ann hunter2", "OPER ***"),
            ("WEBIRC hunter2 g h ::1", "WEBIRC ***"),
            ("PRIVMSG NickServ :IDENTIFY hunter2", "PRIVMSG NickServ ***"),
            ("PRIVMSG nickserv@services.example :IDENTIFY hunter2", "PRIVMSG nickserv@services.example ***"),
            ("NS IDENTIFY hunter2", "NS ***"),
            ("JOIN #a,#b hunter2", "JOIN #a,#b ***"),
            ("JOIN #a", "JOIN #a"),
            (":x!y@z JOIN #a ann :Ann", ":x!y@z JOIN #a ann :Ann"),
            (":x!y@z MODE #a +k-o hunter2 ann", ":x!y@z MODE #a +k-o ***"),
            ("MODE #a +o ann", "MODE #a +o ann"),
            (":s 324 ann #a +kn hunter2", ":s 324 ann #a +kn ***"),
            ("BOUNCER ADDNETWORK host=h;pass=hunter2", "BOUNCER ***"),
            ("BOUNCER BIND 42", "BOUNCER BIND 42"),
            ("REGISTER ann ann@example.org hunter2", "REGISTER ***"),
            ("VERIFY ann 12345", "VERIFY ***"),
            ("PRIVMSG #a :PASS hunter2", "PRIVMSG #a :PASS hunter2"),
            ("PASSWORD x", "PASSWORD x"),
            ("NICK ann", "NICK ann"),
            ("", ""),
        ] {
            assert_eq!(shown(line), wanted);
        }
    }

    proptest! {
        #[test]
        fn what_is_hidden_lies_in_the_line(line in proptest::collection::vec(any::<u8>(), 0..64)) {
            let secret = Redactor::client().secret(Direction::Out, &line);
            prop_assert!(secret.start <= secret.end && secret.end <= line.len());
        }
    }
}
