use core::fmt;

use bytes::Bytes;
use thiserror::Error;
use wirestate_machine::plugin::Kind;
use wirestate_machine::table::Named;
use wirestate_machine::{Misuse, Outbox};

use super::number::{MessageNumber, parse_u32};

/// One command, generic over how it holds its text: `Command<&[u8]>` borrows from a line, `Command<Bytes>` owns it.
///
/// Commands without text are plain numbers in both forms, so understanding them allocates nothing.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<T> {
    /// `USER name` (RFC 1939 §7)
    User(T),
    /// `PASS string` (RFC 1939 §7): all that follows the first blank, blanks included.
    Pass(T),
    /// `APOP name digest` (RFC 1939 §7)
    Apop {
        /// The mailbox's name.
        name: T,
        /// MD5 over the greeting's timestamp and the shared secret, in hexadecimal.
        digest: T,
    },
    /// `AUTH mechanism [initial-response]` (RFC 5034 §4)
    Auth {
        /// The SASL mechanism's name.
        mechanism: T,
        /// Base64, or `=` for an empty response.
        initial: Option<T>,
    },
    /// `AUTH` alone: lists the mechanisms, as old clients expect (draft-myers-sasl-pop3).
    AuthList,
    /// `CAPA` (RFC 2449 §5)
    Capa,
    /// `STLS` (RFC 2595 §4)
    Stls,
    /// `UTF8` (RFC 6856 §2.1)
    Utf8,
    /// `LANG [tag]` (RFC 6856 §3); `*` asks for the server's default.
    Lang(Option<T>),
    /// `XCLIENT name=value ...`: a trusted proxy tells whom it speaks for (Dovecot).
    Xclient(T),
    /// `QUIT` (RFC 1939 §5 and §6)
    Quit,
    /// `NOOP` (RFC 1939 §5)
    Noop,
    /// `STAT` (RFC 1939 §5)
    Stat,
    /// `LIST [msg]` (RFC 1939 §5)
    List(Option<MessageNumber>),
    /// `UIDL [msg]` (RFC 1939 §7)
    Uidl(Option<MessageNumber>),
    /// `RETR msg` (RFC 1939 §5)
    Retr(MessageNumber),
    /// `TOP msg n` (RFC 1939 §7)
    Top {
        /// Which message.
        message: MessageNumber,
        /// How many lines of the body.
        lines: u32,
    },
    /// `DELE msg` (RFC 1939 §5)
    Dele(MessageNumber),
    /// `RSET` (RFC 1939 §5)
    Rset,
    /// `LAST` (RFC 1460): the highest message number that was accessed.
    Last,
    /// Any other keyword; its arguments as they came.
    Other {
        /// The keyword in the peer's own spelling.
        keyword: T,
        /// What follows the first blank; empty where nothing does.
        arguments: T,
    },
}

/// The keywords of POP3, as the state tables and the plugins' masks count them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
#[allow(missing_docs)] // each is the command of that name
pub enum Keyword {
    User,
    Pass,
    Apop,
    Auth,
    Capa,
    Stls,
    Utf8,
    Lang,
    Xclient,
    Quit,
    Noop,
    Stat,
    List,
    Uidl,
    Retr,
    Top,
    Dele,
    Rset,
    Last,
    Other,
}

/// What is wrong with a command line whose keyword may be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Syntax {
    /// An argument is missing.
    #[error("missing argument")]
    MissingArgument,
    /// There are more arguments than the command takes.
    #[error("too many arguments")]
    SurplusArgument,
    /// The argument must be digits and nothing else.
    #[error("not a number")]
    NotANumber,
    /// Messages are counted from 1.
    #[error("there is no message 0: messages are counted from 1")]
    ZeroNumber,
    /// The number is larger than any message's.
    #[error("the number is too large")]
    HugeNumber,
}

impl Keyword {
    /// All keywords, in the order of their index.
    pub const ALL: [Keyword; 20] = [
        Keyword::User,
        Keyword::Pass,
        Keyword::Apop,
        Keyword::Auth,
        Keyword::Capa,
        Keyword::Stls,
        Keyword::Utf8,
        Keyword::Lang,
        Keyword::Xclient,
        Keyword::Quit,
        Keyword::Noop,
        Keyword::Stat,
        Keyword::List,
        Keyword::Uidl,
        Keyword::Retr,
        Keyword::Top,
        Keyword::Dele,
        Keyword::Rset,
        Keyword::Last,
        Keyword::Other,
    ];

    /// Recognises a keyword, in upper or lower case (RFC 1939 §3); what is not one of ours is `Other`.
    pub fn from_bytes(word: &[u8]) -> Keyword {
        // Most clients write them in upper case already.
        match Keyword::from_upper_case(word) {
            Keyword::Other => {}
            known => return known,
        }
        let mut upper = [0; 7];
        let Some(upper) = upper.get_mut(..word.len()) else { return Keyword::Other };
        upper.copy_from_slice(word);
        upper.make_ascii_uppercase();
        Keyword::from_upper_case(upper)
    }

    fn from_upper_case(word: &[u8]) -> Keyword {
        match word {
            b"USER" => Keyword::User,
            b"PASS" => Keyword::Pass,
            b"APOP" => Keyword::Apop,
            b"AUTH" => Keyword::Auth,
            b"CAPA" => Keyword::Capa,
            b"STLS" => Keyword::Stls,
            b"UTF8" => Keyword::Utf8,
            b"LANG" => Keyword::Lang,
            b"XCLIENT" => Keyword::Xclient,
            b"QUIT" => Keyword::Quit,
            b"NOOP" => Keyword::Noop,
            b"STAT" => Keyword::Stat,
            b"LIST" => Keyword::List,
            b"UIDL" => Keyword::Uidl,
            b"RETR" => Keyword::Retr,
            b"TOP" => Keyword::Top,
            b"DELE" => Keyword::Dele,
            b"RSET" => Keyword::Rset,
            b"LAST" => Keyword::Last,
            _ => Keyword::Other,
        }
    }
}

impl Named for Keyword {
    fn index(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        match self {
            Keyword::User => "USER",
            Keyword::Pass => "PASS",
            Keyword::Apop => "APOP",
            Keyword::Auth => "AUTH",
            Keyword::Capa => "CAPA",
            Keyword::Stls => "STLS",
            Keyword::Utf8 => "UTF8",
            Keyword::Lang => "LANG",
            Keyword::Xclient => "XCLIENT",
            Keyword::Quit => "QUIT",
            Keyword::Noop => "NOOP",
            Keyword::Stat => "STAT",
            Keyword::List => "LIST",
            Keyword::Uidl => "UIDL",
            Keyword::Retr => "RETR",
            Keyword::Top => "TOP",
            Keyword::Dele => "DELE",
            Keyword::Rset => "RSET",
            Keyword::Last => "LAST",
            Keyword::Other => "(custom)",
        }
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl<'a> Command<&'a [u8]> {
    /// Parses a line without its line end (see [`trim_line`](super::trim_line)). Grammar: RFC 1939 §9, RFC 2449 §8, RFC 5034 §7.
    ///
    /// A keyword that is known but whose arguments are wrong comes back with the fault. Blanks at the end of a line are let
    /// pass; a blank at its start makes an unknown, empty keyword. With `surplus`, arguments that a command does not take are ignored.
    pub fn parse(line: &'a [u8], surplus: bool) -> Result<Self, (Keyword, Syntax)> {
        // Not by memchr: a keyword ends soon.
        let (word, arguments) = match line.iter().position(|byte| *byte == b' ') {
            Some(blank) => (&line[..blank], &line[blank + 1..]),
            None => (line, &line[line.len()..]),
        };
        let keyword = Keyword::from_bytes(word);
        let parsed = match keyword {
            Keyword::Pass if word.len() < line.len() => Ok(Command::Pass(arguments)),
            Keyword::Pass => Err(Syntax::MissingArgument),
            Keyword::Other => Ok(Command::Other { keyword: word, arguments }),
            // The commands that come by themselves most often need not look for words.
            Keyword::Noop if arguments.is_empty() => Ok(Command::Noop),
            Keyword::Stat if arguments.is_empty() => Ok(Command::Stat),
            known => Command::with_arguments(known, arguments.trim_ascii_end(), surplus),
        };
        parsed.map_err(|fault| (keyword, fault))
    }

    fn with_arguments(keyword: Keyword, arguments: &'a [u8], surplus: bool) -> Result<Self, Syntax> {
        // USER and XCLIENT take the whole rest: names may hold blanks.
        let whole = || if arguments.is_empty() { Err(Syntax::MissingArgument) } else { Ok(arguments) };
        let mut words = arguments.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        let command = match keyword {
            Keyword::User => return whole().map(Command::User),
            Keyword::Xclient => return whole().map(Command::Xclient),
            Keyword::Apop => {
                // The digest cannot hold a blank, but a name may.
                let blank = memchr::memrchr(b' ', arguments).ok_or(Syntax::MissingArgument)?;
                let (name, digest) = (&arguments[..blank], &arguments[blank + 1..]);
                return Ok(Command::Apop { name, digest });
            }
            Keyword::Auth => match words.next() {
                Some(mechanism) => Command::Auth { mechanism, initial: words.next() },
                None => Command::AuthList,
            },
            Keyword::Lang => Command::Lang(words.next()),
            Keyword::List => Command::List(words.next().map(MessageNumber::parse).transpose()?),
            Keyword::Uidl => Command::Uidl(words.next().map(MessageNumber::parse).transpose()?),
            Keyword::Retr => Command::Retr(number(words.next())?),
            Keyword::Dele => Command::Dele(number(words.next())?),
            Keyword::Top => {
                let message = number(words.next())?;
                let lines = words.next().ok_or(Syntax::MissingArgument)?;
                // More lines than 32 bits can count are simply all lines.
                let lines = match parse_u32(lines) {
                    Err(Syntax::HugeNumber) => u32::MAX,
                    other => other?,
                };
                Command::Top { message, lines }
            }
            Keyword::Capa => Command::Capa,
            Keyword::Stls => Command::Stls,
            Keyword::Utf8 => Command::Utf8,
            Keyword::Quit => Command::Quit,
            Keyword::Noop => Command::Noop,
            Keyword::Stat => Command::Stat,
            Keyword::Rset => Command::Rset,
            Keyword::Last => Command::Last,
            Keyword::Pass | Keyword::Other => return Err(Syntax::MissingArgument),
        };
        if words.next().is_some() && !surplus { Err(Syntax::SurplusArgument) } else { Ok(command) }
    }
}

fn number(word: Option<&[u8]>) -> Result<MessageNumber, Syntax> {
    MessageNumber::parse(word.ok_or(Syntax::MissingArgument)?)
}

impl<T> Command<T> {
    /// Which keyword the command has.
    pub fn keyword(&self) -> Keyword {
        match self {
            Command::User(_) => Keyword::User,
            Command::Pass(_) => Keyword::Pass,
            Command::Apop { .. } => Keyword::Apop,
            Command::Auth { .. } | Command::AuthList => Keyword::Auth,
            Command::Capa => Keyword::Capa,
            Command::Stls => Keyword::Stls,
            Command::Utf8 => Keyword::Utf8,
            Command::Lang(_) => Keyword::Lang,
            Command::Xclient(_) => Keyword::Xclient,
            Command::Quit => Keyword::Quit,
            Command::Noop => Keyword::Noop,
            Command::Stat => Keyword::Stat,
            Command::List(_) => Keyword::List,
            Command::Uidl(_) => Keyword::Uidl,
            Command::Retr(_) => Keyword::Retr,
            Command::Top { .. } => Keyword::Top,
            Command::Dele(_) => Keyword::Dele,
            Command::Rset => Keyword::Rset,
            Command::Last => Keyword::Last,
            Command::Other { .. } => Keyword::Other,
        }
    }

    #[inline]
    fn map<U>(self, mut text: impl FnMut(T) -> U) -> Command<U> {
        match self {
            Command::User(name) => Command::User(text(name)),
            Command::Pass(password) => Command::Pass(text(password)),
            Command::Apop { name, digest } => Command::Apop { name: text(name), digest: text(digest) },
            Command::Auth { mechanism, initial } => {
                Command::Auth { mechanism: text(mechanism), initial: initial.map(text) }
            }
            Command::AuthList => Command::AuthList,
            Command::Capa => Command::Capa,
            Command::Stls => Command::Stls,
            Command::Utf8 => Command::Utf8,
            Command::Lang(tag) => Command::Lang(tag.map(text)),
            Command::Xclient(facts) => Command::Xclient(text(facts)),
            Command::Quit => Command::Quit,
            Command::Noop => Command::Noop,
            Command::Stat => Command::Stat,
            Command::List(message) => Command::List(message),
            Command::Uidl(message) => Command::Uidl(message),
            Command::Retr(message) => Command::Retr(message),
            Command::Top { message, lines } => Command::Top { message, lines },
            Command::Dele(message) => Command::Dele(message),
            Command::Rset => Command::Rset,
            Command::Last => Command::Last,
            Command::Other { keyword, arguments } => {
                Command::Other { keyword: text(keyword), arguments: text(arguments) }
            }
        }
    }
}

impl Command<&[u8]> {
    /// The same command with its text copied out; without text there is nothing to copy.
    #[inline]
    pub fn to_owned(&self) -> Command<Bytes> {
        self.clone().map(Bytes::copy_from_slice)
    }
}

impl<T: AsRef<[u8]>> Command<T> {
    /// Writes the command as a line with its CRLF.
    ///
    /// Text that would break out of its place is refused and nothing is written: CR, LF or NUL anywhere, a blank in an argument
    /// that ends at one, an empty argument.
    pub fn encode(&self, outbox: &mut Outbox) -> Result<(), Misuse> {
        self.check()?;
        match self {
            Command::Other { keyword, .. } => outbox.put(keyword.as_ref()),
            known => outbox.put(known.keyword().name().as_bytes()),
        }
        let mut word = |text: &[u8]| {
            outbox.put(b" ");
            outbox.put(text);
        };
        match self {
            Command::User(text) | Command::Pass(text) | Command::Xclient(text) | Command::Lang(Some(text)) => {
                word(text.as_ref());
            }
            Command::Apop { name, digest } => {
                word(name.as_ref());
                word(digest.as_ref());
            }
            Command::Auth { mechanism, initial } => {
                word(mechanism.as_ref());
                if let Some(initial) = initial {
                    word(initial.as_ref());
                }
            }
            Command::Other { arguments, .. } if !arguments.as_ref().is_empty() => word(arguments.as_ref()),
            Command::List(Some(message))
            | Command::Uidl(Some(message))
            | Command::Retr(message)
            | Command::Dele(message) => {
                outbox.put(b" ");
                outbox.put_decimal(u64::from(message.number()));
            }
            Command::Top { message, lines } => {
                outbox.put(b" ");
                outbox.put_decimal(u64::from(message.number()));
                outbox.put(b" ");
                outbox.put_decimal(u64::from(*lines));
            }
            _ => {}
        }
        outbox.put(b"\r\n");
        Ok(())
    }

    fn check(&self) -> Result<(), Misuse> {
        match self {
            // A blank at the end would be taken off by the other side.
            Command::User(text) | Command::Xclient(text) => {
                line(text)?;
                let text = text.as_ref();
                if text.is_empty() || text.trim_ascii_end().len() != text.len() {
                    return Err(Misuse::ForbiddenCharacter);
                }
                Ok(())
            }
            Command::Pass(text) => line(text),
            Command::Apop { name, digest } => line(name).and(one_word(digest)).and(one_word_or_more(name)),
            Command::Auth { mechanism, initial } => {
                one_word(mechanism)?;
                initial.as_ref().map_or(Ok(()), one_word)
            }
            Command::Lang(Some(tag)) => one_word(tag),
            Command::Other { keyword, arguments } => {
                line(arguments)?;
                one_word(keyword)?;
                // A known keyword would be parsed as something else.
                match Keyword::from_bytes(keyword.as_ref()) {
                    Keyword::Other => Ok(()),
                    _ => Err(Misuse::OutOfRange),
                }
            }
            _ => Ok(()),
        }
    }
}

fn line(text: impl AsRef<[u8]>) -> Result<(), Misuse> {
    let text = text.as_ref();
    if memchr::memchr3(b'\r', b'\n', 0, text).is_some() { Err(Misuse::ForbiddenCharacter) } else { Ok(()) }
}

fn one_word(text: impl AsRef<[u8]>) -> Result<(), Misuse> {
    let text = text.as_ref();
    line(text)?;
    if text.is_empty() || text.iter().any(u8::is_ascii_whitespace) {
        return Err(Misuse::ForbiddenCharacter);
    }
    Ok(())
}

fn one_word_or_more(text: impl AsRef<[u8]>) -> Result<(), Misuse> {
    if text.as_ref().is_empty() { Err(Misuse::ForbiddenCharacter) } else { Ok(()) }
}

impl<T> Kind for Command<T> {
    fn bit(&self) -> u32 {
        self.keyword() as u32
    }
}

impl<T: AsRef<[u8]>> fmt::Debug for Command<T> {
    /// Shows the command's text, but never a password, a digest or a SASL response.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |text: &T| alloc::string::String::from_utf8_lossy(text.as_ref()).into_owned();
        match self {
            Command::Pass(_) => f.write_str("PASS ***"),
            Command::Apop { name, .. } => write!(f, "APOP {:?} ***", text(name)),
            Command::Auth { mechanism, initial: None } => write!(f, "AUTH {:?}", text(mechanism)),
            Command::Auth { mechanism, initial: Some(_) } => write!(f, "AUTH {:?} ***", text(mechanism)),
            Command::User(name) => write!(f, "USER {:?}", text(name)),
            Command::Xclient(facts) => write!(f, "XCLIENT {:?}", text(facts)),
            Command::Lang(Some(tag)) => write!(f, "LANG {:?}", text(tag)),
            Command::List(Some(message)) | Command::Uidl(Some(message)) => write!(f, "{} {message}", self.keyword()),
            Command::Retr(message) | Command::Dele(message) => write!(f, "{} {message}", self.keyword()),
            Command::Top { message, lines } => write!(f, "TOP {message} {lines}"),
            Command::Other { keyword, arguments } => write!(f, "{:?} {:?}", text(keyword), text(arguments)),
            plain => f.write_str(plain.keyword().name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn parse(line: &str) -> Result<Command<&str>, (Keyword, Syntax)> {
        Command::parse(line.as_bytes(), false).map(|command| command.map(|text| core::str::from_utf8(text).unwrap()))
    }

    fn message(number: u32) -> MessageNumber {
        MessageNumber::new(number).unwrap()
    }

    #[test]
    fn keywords_stand_in_their_order() {
        for (index, keyword) in Keyword::ALL.into_iter().enumerate() {
            assert_eq!(keyword.index(), index);
            if keyword != Keyword::Other {
                assert_eq!(Keyword::from_bytes(keyword.name().as_bytes()), keyword);
                assert_eq!(Keyword::from_bytes(keyword.name().to_ascii_lowercase().as_bytes()), keyword);
            }
        }
    }

    #[test]
    fn passwords_keep_their_blanks() {
        assert_eq!(parse("PASS pass word"), Ok(Command::Pass("pass word")));
        assert_eq!(parse("PASS  two "), Ok(Command::Pass(" two ")));
        assert_eq!(parse("PASS "), Ok(Command::Pass("")));
        assert_eq!(parse("PASS"), Err((Keyword::Pass, Syntax::MissingArgument)));
    }

    #[test]
    fn numbers_are_checked_with_a_reason() {
        assert_eq!(parse("RETR 1"), Ok(Command::Retr(message(1))));
        assert_eq!(parse("retr 4294967295"), Ok(Command::Retr(message(u32::MAX))));
        assert_eq!(parse("RETR 0"), Err((Keyword::Retr, Syntax::ZeroNumber)));
        assert_eq!(parse("RETR -1"), Err((Keyword::Retr, Syntax::NotANumber)));
        assert_eq!(parse("RETR x"), Err((Keyword::Retr, Syntax::NotANumber)));
        assert_eq!(parse("RETR 4294967296"), Err((Keyword::Retr, Syntax::HugeNumber)));
        assert_eq!(parse("RETR"), Err((Keyword::Retr, Syntax::MissingArgument)));
        assert_eq!(parse("RETR 1 2"), Err((Keyword::Retr, Syntax::SurplusArgument)));
        assert_eq!(parse("TOP 1"), Err((Keyword::Top, Syntax::MissingArgument)));
        assert_eq!(parse("TOP 1 0"), Ok(Command::Top { message: message(1), lines: 0 }));
        assert_eq!(parse("TOP 1 99999999999"), Ok(Command::Top { message: message(1), lines: u32::MAX }));
    }

    #[test]
    fn blanks_and_surplus() {
        assert_eq!(parse("STAT "), Ok(Command::Stat));
        assert_eq!(parse("LIST "), Ok(Command::List(None)));
        assert_eq!(parse("LIST   2  "), Ok(Command::List(Some(message(2)))));
        assert_eq!(parse(" STAT"), Ok(Command::Other { keyword: "", arguments: "STAT" }));
        assert_eq!(parse(""), Ok(Command::Other { keyword: "", arguments: "" }));
        assert_eq!(parse("NOOP extra"), Err((Keyword::Noop, Syntax::SurplusArgument)));
        assert_eq!(Command::parse(b"NOOP extra", true), Ok(Command::Noop));
    }

    #[test]
    fn auth_with_and_without_an_initial_response() {
        assert_eq!(parse("AUTH"), Ok(Command::AuthList));
        assert_eq!(parse("AUTH PLAIN"), Ok(Command::Auth { mechanism: "PLAIN", initial: None }));
        assert_eq!(parse("AUTH PLAIN ="), Ok(Command::Auth { mechanism: "PLAIN", initial: Some("=") }));
        assert_eq!(parse("AUTH PLAIN AA= x"), Err((Keyword::Auth, Syntax::SurplusArgument)));
    }

    #[test]
    fn apop_names_may_hold_blanks() {
        let parsed = Command::Apop { name: "two words", digest: "c4c9" };
        assert_eq!(parse("APOP two words c4c9"), Ok(parsed));
        assert_eq!(parse("APOP name"), Err((Keyword::Apop, Syntax::MissingArgument)));
    }

    #[test]
    fn debug_never_shows_a_secret() {
        for line in ["PASS hunter2", "APOP joe hunter2", "AUTH PLAIN hunter2"] {
            assert!(!format!("{:?}", parse(line).unwrap()).contains("hunter2"), "{line}");
        }
    }

    #[test]
    fn encoding_refuses_what_would_break_out_of_its_place() {
        let odd: [Command<&str>; 9] = [
            Command::User("joe\r\nDELE 1"),
            Command::User("joe "),
            Command::User(""),
            Command::Pass("a\nb"),
            Command::Pass("a\0b"),
            Command::Apop { name: "joe", digest: "a b" },
            Command::Auth { mechanism: "", initial: None },
            Command::Lang(Some("en fr")),
            Command::Other { keyword: "quit", arguments: "" },
        ];
        for command in odd {
            let mut outbox = Outbox::new();
            assert!(command.encode(&mut outbox).is_err(), "{command:?}");
            assert!(outbox.is_empty());
        }
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_parses_back_to_the_same(kind in 0usize..6, a in "\\PC{0,20}", b in "\\PC{0,20}", n in 1u32.., lines: u32) {
            let command: Command<&str> = match kind {
                0 => Command::User(&a),
                1 => Command::Pass(&a),
                2 => Command::Apop { name: &a, digest: &b },
                3 => Command::Auth { mechanism: &a, initial: Some(&b) },
                4 => Command::Other { keyword: &a, arguments: &b },
                _ => Command::Top { message: message(n), lines },
            };
            let mut outbox = Outbox::new();
            if command.encode(&mut outbox).is_ok() {
                let line = outbox.to_vec();
                let line = super::super::trim_line(&line, false).unwrap();
                prop_assert_eq!(Command::parse(line, false).unwrap(), command.map(|text| text.as_bytes()));
            }
        }

        #[test]
        fn any_line_is_parsed_or_refused(line: Vec<u8>) {
            if let Ok(command) = Command::parse(&line, false) {
                let mut outbox = Outbox::new();
                let _ = command.to_owned().encode(&mut outbox);
            }
        }
    }
}
