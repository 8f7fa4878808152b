use core::ops::Range;

use wirestate_machine::redact::{Direction, Redact};

/// Knows which parts of an XMPP session are secret: all that is in the elements of a login, be it by SASL, SASL2, XEP-0078 or a handshake, what is in
/// the elements of dialback, passwords of registration and of rooms, and the tokens of fast authentication.
///
/// What a trace of XMPP takes for a line ends with `>`: a start tag, or a text and the end tag behind it. A text is hidden by the start tag before it,
/// whatever the direction.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    /// Whether the last tag began something secret, in each direction.
    hides: [bool; 2],
}

/// Elements whose text is secret, without their prefixes.
const SECRET: [&[u8]; 14] = [
    b"auth",
    b"challenge",
    b"response",
    b"success",
    b"initial-response",
    b"additional-data",
    b"handshake",
    b"password",
    b"digest",
    b"key",
    b"result",
    b"verify",
    b"hash",
    b"value",
];

impl Redactor {
    /// The byte that ends a line of a trace, as far as this goes.
    pub const LINE_END: u8 = b'>';

    /// For a server's session.
    pub fn server() -> Self {
        Redactor::default()
    }

    /// For a client's session.
    pub fn client() -> Self {
        Redactor::default()
    }
}

impl Redact for Redactor {
    fn secret(&mut self, direction: Direction, line: &[u8]) -> Range<usize> {
        let hides = &mut self.hides[match direction {
            Direction::In => 0,
            Direction::Out => 1,
        }];
        let tag = line.iter().position(|byte| *byte == b'<').unwrap_or(line.len());
        let text = if core::mem::take(hides) { 0..tag } else { 0..0 };
        let rest = line.get(tag + 1..).unwrap_or_default();
        let end = rest.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'/').unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default();
        let name = name.rsplit(|byte| *byte == b':').next().unwrap_or_default();
        let is_empty = line.ends_with(b"/");
        *hides = SECRET.contains(&name) && !is_empty;
        if name == b"token" || name == b"resume" || name == b"enabled" || name == b"resumed" {
            // What they hold is in their attributes.
            let attributes = (tag + 1 + end).min(line.len());
            return if attributes < line.len() { attributes..line.len() } else { text };
        }
        if text.is_empty() { 0..0 } else { text }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn shown(session: &str) -> String {
        let mut redactor = Redactor::client();
        let lines = session.split_inclusive('>').map(|line| {
            let content = line.strip_suffix('>').unwrap_or(line);
            let secret = redactor.secret(Direction::Out, content.as_bytes());
            let mut shown = String::from(line);
            if !secret.is_empty() {
                shown.replace_range(secret, "***");
            }
            shown
        });
        lines.collect::<Vec<_>>().concat()
    }

    #[test]
    fn what_proves_who_one_is_is_hidden() {
        for (session, wanted) in [
            ("<auth xmlns='x' mechanism='PLAIN'>AGFubg==</auth>", "<auth xmlns='x' mechanism='PLAIN'>***</auth>"),
            ("<response xmlns='x'>cj1h</response><presence/>", "<response xmlns='x'>***</response><presence/>"),
            (
                "<authenticate mechanism='X'><initial-response>biws</initial-response></authenticate>",
                "<authenticate mechanism='X'><initial-response>***</initial-response></authenticate>",
            ),
            (
                "<iq><query><username>ann</username><password>pencil</password></query></iq>",
                "<iq><query><username>ann</username><password>***</password></query></iq>",
            ),
            ("<handshake>aaee</handshake>", "<handshake>***</handshake>"),
            ("<handshake/>text<b>", "<handshake/>text<b>"),
            ("<db:result from='a' to='b'>1e70</db:result>", "<db:result from='a' to='b'>***</db:result>"),
            ("<token xmlns='urn:xmpp:fast:0' token='s3cret'/>", "<token***>"),
            ("<resume xmlns='urn:xmpp:sm:3' h='1' previd='x'/>", "<resume***>"),
            ("<message><body>Hi</body></message>", "<message><body>Hi</body></message>"),
        ] {
            assert_eq!(shown(session), wanted);
        }
    }

    #[test]
    fn directions_do_not_mix() {
        let mut redactor = Redactor::server();
        assert_eq!(redactor.secret(Direction::In, b"<auth mechanism='PLAIN'"), 0..0);
        assert_eq!(redactor.secret(Direction::Out, b"<stream:features"), 0..0);
        assert_eq!(redactor.secret(Direction::In, b"AGFubg==</auth"), 0..8);
    }

    proptest! {
        #[test]
        fn what_is_hidden_lies_in_the_line(lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..32), 0..8)) {
            let mut redactor = Redactor::client();
            for line in lines {
                let secret = redactor.secret(Direction::Out, &line);
                prop_assert!(secret.start <= secret.end && secret.end <= line.len());
            }
        }
    }
}
