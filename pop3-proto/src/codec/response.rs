use core::fmt;

use wirestate_machine::Outbox;

use super::text::Text;

/// How a response begins (RFC 1939 §3, RFC 5034 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// `+OK`
    Ok,
    /// `-ERR`
    Err,
    /// `+ `: the server waits for the next line of an authentication exchange.
    Continue,
}

/// A response code in brackets (RFC 2449 §8, RFC 3206, RFC 6856).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// `[IN-USE]`: another session holds the maildrop (RFC 2449 §8.1.2).
    InUse,
    /// `[LOGIN-DELAY]`: the last login was too short a time ago (RFC 2449 §8.1.1).
    LoginDelay,
    /// `[SYS/TEMP]`: a fault of the system that is likely to pass (RFC 3206 §4).
    SysTemp,
    /// `[SYS/PERM]`: a fault of the system that somebody must mend (RFC 3206 §4).
    SysPerm,
    /// `[AUTH]`: the credentials are wrong, and nothing else (RFC 3206 §5).
    Auth,
    /// `[UTF8]`: the command needs UTF8 mode, or the message cannot be shown without it (RFC 6856 §5).
    Utf8,
    /// `[XCLIENT]`: the greeting of a server that takes XCLIENT from this peer (Dovecot).
    Xclient,
    /// `[REFERRAL/...]`: another server holds the maildrop (Dovecot).
    Referral(Text),
    /// A code that this crate does not know, without its brackets.
    Other(Text),
}

impl Code {
    /// Recognises a code, in upper or lower case.
    pub fn from_bytes(code: &[u8]) -> Code {
        const REFERRAL: &[u8] = b"REFERRAL/";
        match code.to_ascii_uppercase().as_slice() {
            b"IN-USE" => Code::InUse,
            b"LOGIN-DELAY" => Code::LoginDelay,
            b"SYS/TEMP" => Code::SysTemp,
            b"SYS/PERM" => Code::SysPerm,
            b"AUTH" => Code::Auth,
            b"UTF8" => Code::Utf8,
            b"XCLIENT" => Code::Xclient,
            upper if upper.starts_with(REFERRAL) => Code::Referral(Text::lossy(&code[REFERRAL.len()..])),
            _ => Code::Other(Text::lossy(code)),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Code::InUse => f.write_str("IN-USE"),
            Code::LoginDelay => f.write_str("LOGIN-DELAY"),
            Code::SysTemp => f.write_str("SYS/TEMP"),
            Code::SysPerm => f.write_str("SYS/PERM"),
            Code::Auth => f.write_str("AUTH"),
            Code::Utf8 => f.write_str("UTF8"),
            Code::Xclient => f.write_str("XCLIENT"),
            Code::Referral(to) => write!(f, "REFERRAL/{to}"),
            Code::Other(code) => code.fmt(f),
        }
    }
}

/// The first line of a response, borrowed from the line it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// How it begins.
    pub status: Status,
    /// What stands in the brackets right after the status, where the whole is a well-formed response code.
    pub code: Option<&'a [u8]>,
    /// The rest of the line; for [`Status::Continue`] the whole of it.
    pub text: &'a [u8],
}

impl<'a> Response<'a> {
    /// Parses a line without its line end; `None` where it is no response of POP3 at all.
    ///
    /// The status is taken in upper and lower case, and a status without any text is a response too (RFC 1939 §9 wants none).
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let (status, rest) = if let Some(rest) = strip_word(line, b"+OK") {
            (Status::Ok, rest)
        } else if let Some(rest) = strip_word(line, b"-ERR") {
            (Status::Err, rest)
        } else {
            let text = line.strip_prefix(b"+")?;
            let text = match text {
                [] => text,
                [b' ', text @ ..] => text,
                _ => return None,
            };
            return Some(Response { status: Status::Continue, code: None, text });
        };
        match bracketed(rest) {
            Some((code, text)) => Some(Response { status, code: Some(code), text: text.trim_ascii_start() }),
            None => Some(Response { status, code: None, text: rest }),
        }
    }

    /// The response code, owned and typed.
    pub fn typed_code(&self) -> Option<Code> {
        self.code.map(Code::from_bytes)
    }
}

/// The rest of `line` after `word`, which must stand alone there.
fn strip_word<'a>(line: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = line.split_at_checked(word.len())?;
    if !head.eq_ignore_ascii_case(word) {
        return None;
    }
    match rest {
        [] => Some(rest),
        [b' ' | b'\t', rest @ ..] => Some(rest),
        _ => None,
    }
}

fn bracketed(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(b"[")?;
    let end = memchr::memchr(b']', inner)?;
    let code = &inner[..end];
    let well_formed = !code.is_empty() && code.iter().all(|byte| (0x20..0x7f).contains(byte));
    well_formed.then(|| (code, &inner[end + 1..]))
}

/// The longest first line of a response, with its CRLF, in octets (RFC 2449 §4).
const MAX_LINE: usize = 512;

/// Writes the first line of a response. Text beyond 512 octets for the whole line is cut at a character's boundary.
pub fn encode_response(status: Status, code: Option<&Code>, text: &str, outbox: &mut Outbox) {
    let start = outbox.len();
    outbox.put(match status {
        Status::Ok => b"+OK",
        Status::Err => b"-ERR",
        Status::Continue => b"+",
    });
    if let Some(code) = code {
        outbox.put_display(format_args!(" [{code}]"));
    }
    if !text.is_empty() {
        outbox.put(b" ");
        let left = MAX_LINE.saturating_sub(outbox.len() - start + 2);
        outbox.put(cut(text, left).as_bytes());
    }
    outbox.put(b"\r\n");
}

/// The start of `text`, of at most `most` bytes and whole characters.
fn cut(text: &str, most: usize) -> &str {
    let most = most.min(text.len());
    let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn encoded(status: Status, code: Option<Code>, text: &str) -> String {
        let mut outbox = Outbox::new();
        encode_response(status, code.as_ref(), text, &mut outbox);
        String::from_utf8(outbox.to_vec()).unwrap()
    }

    #[test]
    fn first_lines_are_written_and_read() {
        assert_eq!(encoded(Status::Ok, None, ""), "+OK\r\n");
        assert_eq!(encoded(Status::Err, Some(Code::InUse), "try later"), "-ERR [IN-USE] try later\r\n");
        assert_eq!(encoded(Status::Continue, None, "cGFzcw=="), "+ cGFzcw==\r\n");
        let parsed = Response::parse(b"-ERR [in-use] try later").unwrap();
        assert_eq!(
            (parsed.status, parsed.typed_code(), parsed.text),
            (Status::Err, Some(Code::InUse), &b"try later"[..])
        );
        assert_eq!(Response::parse(b"+ok").unwrap().status, Status::Ok);
        assert_eq!(Response::parse(b"+ cGFzcw==").unwrap().text, b"cGFzcw==");
        assert_eq!(Response::parse(b"+").unwrap().status, Status::Continue);
    }

    #[test]
    fn what_is_no_response_is_none() {
        for odd in [&b""[..], b"OK", b"+OKAY", b"-ERROR", b"* OK", b"+x", b" +OK"] {
            assert_eq!(Response::parse(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn a_bracket_that_is_no_code_is_text() {
        for odd in [&b"+OK [unclosed"[..], b"+OK []", b"+OK [\x01]", b"+OK [caf\xc3\xa9]"] {
            assert_eq!(Response::parse(odd).unwrap().code, None, "{odd:?}");
        }
        let referral = Response::parse(b"-ERR [REFERRAL/pop.example.net] moved").unwrap();
        assert_eq!(referral.typed_code(), Some(Code::Referral(Text::literal("pop.example.net"))));
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let line = encoded(Status::Err, Some(Code::Auth), &"é".repeat(600));
        assert!(line.len() <= 512 && line.len() >= 511);
        assert!(line.ends_with("é\r\n"));
    }
}
