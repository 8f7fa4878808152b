use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::number::parse_u32;
use super::text::Text;

/// One line of a CAPA response (RFC 2449 §6, RFC 2595 §4, RFC 3206 §6, RFC 5034 §3, RFC 6856 §2 and §3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// `TOP`
    Top,
    /// `USER`: USER and PASS may be used.
    User,
    /// `SASL mechanism ...`: the mechanisms' names, as they came.
    Sasl(Vec<String>),
    /// `RESP-CODES`: bracketed codes are response codes.
    RespCodes,
    /// `AUTH-RESP-CODE`: `[AUTH]` and `[SYS/...]` tell wrong credentials from other failures.
    AuthRespCode,
    /// `LOGIN-DELAY`: the least time between two logins.
    LoginDelay(LoginDelay),
    /// `PIPELINING`: commands may be sent before their predecessors' responses came.
    Pipelining,
    /// `EXPIRE`: how long messages stay.
    Expire(Expire),
    /// `UIDL`
    Uidl,
    /// `IMPLEMENTATION`: what the server calls itself.
    Implementation(Text),
    /// `STLS`: TLS can be started.
    Stls,
    /// `UTF8`, and whether user names and passwords may be UTF-8 too (`UTF8 USER`).
    Utf8 {
        /// Whether the argument `USER` is there.
        user: bool,
    },
    /// `LANG`
    Lang,
    /// A capability that this crate does not know, or one with arguments it cannot read: the whole line.
    Other(Text),
}

/// `LOGIN-DELAY seconds [USER]` (RFC 2449 §6.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LoginDelay {
    /// Seconds between two logins. Before login, the largest of all users' delays.
    pub seconds: u32,
    /// Whether it differs from user to user; then another CAPA after login tells this user's own.
    pub per_user: bool,
}

/// `EXPIRE days|NEVER [USER]` (RFC 2449 §6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Expire {
    /// Days that messages are kept after they were fetched, `None` for ever. Before login, the smallest of all users'.
    pub days: Option<u32>,
    /// Whether it differs from user to user; then another CAPA after login tells this user's own.
    pub per_user: bool,
}

impl Capability {
    /// Parses a line without its line end. It always gives something: what is not understood is [`Capability::Other`].
    pub fn parse(line: &[u8]) -> Capability {
        let mut words = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
        let tag = words.next().unwrap_or_default().to_ascii_uppercase();
        let known = match tag.as_slice() {
            b"TOP" => Some(Capability::Top),
            b"USER" => Some(Capability::User),
            b"SASL" => Some(Capability::Sasl(words.map(|name| String::from_utf8_lossy(name).into_owned()).collect())),
            b"RESP-CODES" => Some(Capability::RespCodes),
            b"AUTH-RESP-CODE" => Some(Capability::AuthRespCode),
            b"LOGIN-DELAY" => number(words.next())
                .map(|seconds| Capability::LoginDelay(LoginDelay { seconds, per_user: is_user(words.next()) })),
            b"PIPELINING" => Some(Capability::Pipelining),
            b"EXPIRE" => expire(words.next(), words.next()).map(Capability::Expire),
            b"UIDL" => Some(Capability::Uidl),
            b"IMPLEMENTATION" => {
                let text = line.trim_ascii_start().get(tag.len()..).unwrap_or_default();
                Some(Capability::Implementation(Text::lossy(text.trim_ascii())))
            }
            b"STLS" => Some(Capability::Stls),
            b"UTF8" => Some(Capability::Utf8 { user: is_user(words.next()) }),
            b"LANG" => Some(Capability::Lang),
            _ => None,
        };
        known.unwrap_or_else(|| Capability::Other(Text::lossy(line)))
    }
}

fn number(word: Option<&[u8]>) -> Option<u32> {
    parse_u32(word?).ok()
}

fn is_user(word: Option<&[u8]>) -> bool {
    word.is_some_and(|word| word.eq_ignore_ascii_case(b"USER"))
}

fn expire(days: Option<&[u8]>, user: Option<&[u8]>) -> Option<Expire> {
    let never = days?.eq_ignore_ascii_case(b"NEVER");
    let days = if never { None } else { Some(number(days)?) };
    Some(Expire { days, per_user: is_user(user) })
}

impl fmt::Display for Capability {
    /// The line as it stands in a CAPA response.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = |per_user: bool| if per_user { " USER" } else { "" };
        match self {
            Capability::Top => f.write_str("TOP"),
            Capability::User => f.write_str("USER"),
            Capability::Sasl(mechanisms) => {
                f.write_str("SASL")?;
                mechanisms.iter().try_for_each(|name| write!(f, " {name}"))
            }
            Capability::RespCodes => f.write_str("RESP-CODES"),
            Capability::AuthRespCode => f.write_str("AUTH-RESP-CODE"),
            Capability::LoginDelay(delay) => write!(f, "LOGIN-DELAY {}{}", delay.seconds, user(delay.per_user)),
            Capability::Pipelining => f.write_str("PIPELINING"),
            Capability::Expire(Expire { days: None, per_user }) => write!(f, "EXPIRE NEVER{}", user(*per_user)),
            Capability::Expire(Expire { days: Some(days), per_user }) => write!(f, "EXPIRE {days}{}", user(*per_user)),
            Capability::Uidl => f.write_str("UIDL"),
            Capability::Implementation(text) => write!(f, "IMPLEMENTATION {text}"),
            Capability::Stls => f.write_str("STLS"),
            Capability::Utf8 { user: with } => write!(f, "UTF8{}", user(*with)),
            Capability::Lang => f.write_str("LANG"),
            Capability::Other(line) => f.write_str(&line.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn every_capability_reads_back_as_it_was_written() {
        let all = vec![
            Capability::Top,
            Capability::User,
            Capability::Sasl(vec!["PLAIN".into(), "SCRAM-SHA-256".into()]),
            Capability::Sasl(vec![]),
            Capability::RespCodes,
            Capability::AuthRespCode,
            Capability::LoginDelay(LoginDelay { seconds: 900, per_user: true }),
            Capability::Pipelining,
            Capability::Expire(Expire { days: None, per_user: false }),
            Capability::Expire(Expire { days: Some(60), per_user: true }),
            Capability::Uidl,
            Capability::Implementation(Text::literal("Some Server 1.0")),
            Capability::Stls,
            Capability::Utf8 { user: false },
            Capability::Utf8 { user: true },
            Capability::Lang,
            Capability::Other(Text::literal("X-ODD with arguments")),
        ];
        for capability in all {
            assert_eq!(Capability::parse(capability.to_string().as_bytes()), capability);
        }
    }

    #[test]
    fn odd_lines_are_kept() {
        assert_eq!(Capability::parse(b"sasl  PLAIN "), Capability::Sasl(vec!["PLAIN".into()]));
        assert_eq!(Capability::parse(b"EXPIRE soon"), Capability::Other(Text::literal("EXPIRE soon")));
        assert_eq!(Capability::parse(b"LOGIN-DELAY"), Capability::Other(Text::literal("LOGIN-DELAY")));
        assert_eq!(Capability::parse(b""), Capability::Other(Text::literal("")));
        assert_eq!(Capability::parse(b" IMPLEMENTATION  x "), Capability::Implementation(Text::literal("x")));
    }
}
