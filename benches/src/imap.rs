//! Messages of IMAP as they are met, the same ones each time.

use std::fmt::Write as _;

/// What kind of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corpus {
    /// What clients say in a session, a line each, 50 bytes on average. Literals have a corpus of their own.
    Commands,
    /// APPEND of 4 KiB in a literal that does not wait.
    Append,
    /// FETCH data with UID and FLAGS.
    Flags,
    /// FETCH data with ENVELOPE and BODYSTRUCTURE.
    Envelope,
    /// FETCH data with a message of so many bytes.
    Body(usize),
    /// The result of a search, 10,000 numbers.
    Search,
    /// LIST data.
    List,
}

/// The numbers of a SEARCH response.
pub const NUMBERS: usize = 10_000;

impl Corpus {
    /// The corpus of this name.
    pub fn named(name: &str) -> Option<Corpus> {
        Some(match name {
            "commands" => Corpus::Commands,
            "append" => Corpus::Append,
            "flags" => Corpus::Flags,
            "envelope" => Corpus::Envelope,
            "body-1k" => Corpus::Body(1 << 10),
            "body-16k" => Corpus::Body(1 << 14),
            "body-1m" => Corpus::Body(1 << 20),
            "search" => Corpus::Search,
            "list" => Corpus::List,
            _ => return None,
        })
    }

    /// Whether clients send it.
    pub fn is_of_client(self) -> bool {
        matches!(self, Corpus::Commands | Corpus::Append)
    }

    /// The messages, each with its line end.
    pub fn messages(self) -> Vec<Vec<u8>> {
        match self {
            Corpus::Commands => COMMANDS.iter().map(|line| format!("{line}\r\n").into_bytes()).collect(),
            Corpus::Append => {
                let head = "a12 APPEND \"Sent Items\" (\\Seen) \"17-Jul-2026 02:44:25 -0700\" {4096+}\r\n";
                vec![[head.as_bytes(), &text(4096), b"\r\n"].concat(); 3]
            }
            Corpus::Flags => (0..64).map(flags).collect(),
            Corpus::Envelope => {
                (0..8).map(|at| ENVELOPE.replace("@uid", &(44_827 + at).to_string()).into_bytes()).collect()
            }
            Corpus::Body(len) => {
                let head = format!("* 12 FETCH (UID 44827 BODY[] {{{len}}}\r\n");
                vec![[head.as_bytes(), &text(len), b")\r\n"].concat(); if len < 16 * 1024 { 8 } else { 1 }]
            }
            Corpus::Search => vec![search()],
            Corpus::List => (0..8)
                .map(|at| format!("* LIST (\\HasNoChildren \\Sent) \"/\" \"Projects/Wirestate {at}\"\r\n").into_bytes())
                .collect(),
        }
    }
}

const COMMANDS: &[&str] = &[
    "a1 LOGIN ada@example.org \"correct horse battery staple\"",
    "a2 ID (\"name\" \"Wirestate\" \"version\" \"0.1.0\" \"vendor\" \"Example\")",
    "a3 LIST \"\" \"*\"",
    "a4 SELECT INBOX",
    "a5 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)",
    "a6 UID FETCH 44820:44827 (UID FLAGS BODY.PEEK[HEADER.FIELDS (DATE FROM TO CC SUBJECT MESSAGE-ID)])",
    "a7 UID FETCH 44827 (UID BODY.PEEK[]<0.65536>)",
    "a8 FETCH 1:* (FLAGS)",
    "a9 UID STORE 44820,44825:44827 +FLAGS.SILENT (\\Seen \\Flagged)",
    "a10 UID SEARCH UNSEEN SINCE 1-Feb-2026 NOT FROM \"Smith\" LARGER 10000",
    "a11 UID COPY 44820,44825:44827,44830 Archive/2026/Wirestate",
    "a12 UID MOVE 44827 \"Deleted Messages\"",
    "a13 STATUS \"Sent Items\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)",
    "a14 UID FETCH 1:44827 (UID FLAGS) (CHANGEDSINCE 715194045007)",
    "a15 NOOP",
    "a16 UID EXPUNGE 44820:44827",
];

fn flags(at: usize) -> Vec<u8> {
    const SETS: [&str; 4] = ["\\Seen", "", "\\Answered \\Seen", "\\Seen $Junk"];
    format!("* {} FETCH (UID {} FLAGS ({}))\r\n", 100 + at, 44_827 + at, SETS[at % SETS.len()]).into_bytes()
}

/// A letter with an HTML form and an attachment, of which every party has a name.
const ENVELOPE: &str = concat!(
    "* 12 FETCH (UID @uid ENVELOPE (\"Wed, 17 Jul 2026 02:23:25 -0700 (PDT)\" \"Minutes of the IMAP working group, and a plan of what everybody is to do until July 2027\" ",
    "((\"Terry Gray\" NIL \"gray\" \"cac.example.edu\")) ((\"Terry Gray\" NIL \"gray\" \"cac.example.edu\")) ",
    "((\"Terry Gray\" NIL \"gray\" \"cac.example.edu\")) ((NIL NIL \"imap\" \"cac.example.edu\")) ",
    "((NIL NIL \"minutes\" \"cnri.example.org\")(\"John Klensin\" NIL \"klensin\" \"mit.example.edu\")) NIL ",
    "\"<B27397-0100000@cac.example.edu>\" \"<B27398-0100000@cac.example.edu>\") BODYSTRUCTURE (((\"TEXT\" \"PLAIN\" ",
    "(\"CHARSET\" \"UTF-8\") NIL NIL \"QUOTED-PRINTABLE\" 2279 48 NIL NIL NIL NIL)(\"TEXT\" \"HTML\" (\"CHARSET\" \"UTF-8\") NIL NIL ",
    "\"QUOTED-PRINTABLE\" 4152 73 NIL NIL NIL NIL) \"ALTERNATIVE\" (\"BOUNDARY\" \"b1_4f2a\") NIL NIL NIL)(\"APPLICATION\" \"PDF\" ",
    "(\"NAME\" \"minutes.pdf\") \"<part3@example.org>\" NIL \"BASE64\" 41202 NIL (\"ATTACHMENT\" (\"FILENAME\" \"minutes.pdf\")) NIL NIL) ",
    "\"MIXED\" (\"BOUNDARY\" \"b0_9c1d\") NIL NIL NIL))\r\n",
);

fn search() -> Vec<u8> {
    let mut line = String::from("* SEARCH");
    for number in 0..NUMBERS {
        let _ = write!(line, " {}", 10_000 + number * 3);
    }
    line.push_str("\r\n");
    line.into_bytes()
}

/// A message in lines of 78 octets with their ends.
fn text(len: usize) -> Vec<u8> {
    let line = b"Lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed diam nonumy eiri\r\n";
    line.iter().copied().cycle().take(len).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_are_as_long_as_is_said() {
        let rows =
            [("commands", 51), ("append", 4162), ("flags", 41), ("envelope", 933), ("search", 60_010), ("list", 59)];
        for (name, wanted) in rows {
            let messages = Corpus::named(name).unwrap().messages();
            let mean = messages.iter().map(Vec::len).sum::<usize>() / messages.len();
            assert!(mean.abs_diff(wanted) <= wanted / 20, "{name}: {mean} bytes");
        }
    }
}
