use core::str::FromStr;
use core::time::Duration;

use bytes::Bytes;
use thiserror::Error;
use wirestate_machine::{Instant, TlsFacts, Upgraded};

use super::text::TITLE;
use super::{Record, Shown, Transcript, What};
use crate::tls::subject_and_names;

/// The text is not a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("line {line} of the transcript: {fault}")]
pub struct ParseError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a line of a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The first line is missing or another version's.
    #[error("a transcript begins with `{TITLE}`")]
    Title,
    /// The seconds are not a number with nine decimals.
    #[error("a line begins with the seconds, such as `0.000000000`")]
    Time,
    /// The sign after the time is unknown.
    #[error("after the time comes `<`, `>`, `end`, `event`, `error`, `upgraded`, `shutdown` or `closed`")]
    Sign,
    /// A `+` with no bytes before it.
    #[error("`+` goes on with bytes, but there are none before it")]
    Continuation,
    /// A backslash with something unknown behind it.
    #[error("the escapes are \\\\ \\r \\n \\t \\xHH, and \\* for a hidden byte")]
    Escape,
    /// A fact of TLS that cannot be read.
    #[error(
        "the facts of TLS are version=, alpn=, name=, certificate=, end-point= and exporter=, the last five in hex"
    )]
    Fact,
}

impl FromStr for Transcript {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut records = Vec::new();
        let mut lines = text.lines().enumerate();
        if lines.next().is_none_or(|(_, title)| title != TITLE) {
            return Err(ParseError { line: 1, fault: Fault::Title });
        }
        for (at, line) in lines {
            read_line(line, &mut records).map_err(|fault| ParseError { line: at + 1, fault })?;
        }
        Ok(Transcript { records })
    }
}

fn read_line(line: &str, records: &mut Vec<Record>) -> Result<(), Fault> {
    if line.is_empty() {
        return Ok(());
    }
    if let Some(more) = line.strip_prefix("+ ") {
        return match records.last_mut().map(|record| &mut record.what) {
            Some(What::Input(shown) | What::Output(shown)) => read_bytes(more, shown),
            _ => Err(Fault::Continuation),
        };
    }
    let (time, what) = line.split_once(' ').ok_or(Fault::Sign)?;
    let record = Record { at: read_time(time).ok_or(Fault::Time)?, what: read_what(what)? };
    records.push(record);
    Ok(())
}

fn read_time(time: &str) -> Option<Instant> {
    let (seconds, nanos) = time.split_once('.')?;
    if nanos.len() != 9 {
        return None;
    }
    Some(Instant::START + Duration::from_secs(seconds.parse().ok()?) + Duration::from_nanos(nanos.parse().ok()?))
}

fn read_what(what: &str) -> Result<What, Fault> {
    let (sign, rest) = what.split_once(' ').unwrap_or((what, ""));
    Ok(match sign {
        "<" => What::Input(read_shown(rest)?),
        ">" => What::Output(read_shown(rest)?),
        "end" => What::End,
        "event" => What::Event(read_text(rest)?),
        "error" => What::Error(read_text(rest)?),
        "upgraded" => What::Upgraded(read_upgraded(rest)?),
        "shutdown" => What::Shutdown,
        "closed" => What::Closed,
        _ => return Err(Fault::Sign),
    })
}

fn read_shown(text: &str) -> Result<Shown, Fault> {
    let mut shown = Shown::default();
    read_bytes(text, &mut shown)?;
    Ok(shown)
}

fn read_bytes(text: &str, shown: &mut Shown) -> Result<(), Fault> {
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            shown.bytes.push(*byte);
            continue;
        }
        let (escape, after) = rest.split_first().ok_or(Fault::Escape)?;
        rest = after;
        match escape {
            b'*' => {
                shown.bytes.push(b'*');
                shown.hide(shown.bytes.len() - 1..shown.bytes.len());
            }
            b'\\' => shown.bytes.push(b'\\'),
            b'r' => shown.bytes.push(b'\r'),
            b'n' => shown.bytes.push(b'\n'),
            b't' => shown.bytes.push(b'\t'),
            b'x' => {
                let (digits, after) = rest.split_at_checked(2).ok_or(Fault::Escape)?;
                shown.bytes.extend(read_hex(digits).ok_or(Fault::Escape)?);
                rest = after;
            }
            _ => return Err(Fault::Escape),
        }
    }
    Ok(())
}

fn read_text(text: &str) -> Result<String, Fault> {
    let mut plain = String::with_capacity(text.len());
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        plain.push(match sign {
            '\\' => match signs.next() {
                Some('\\') => '\\',
                Some('n') => '\n',
                Some('r') => '\r',
                _ => return Err(Fault::Escape),
            },
            _ => sign,
        });
    }
    Ok(plain)
}

fn read_upgraded(text: &str) -> Result<Upgraded, Fault> {
    let mut words = text.split(' ');
    match words.next() {
        Some("tls") => {}
        Some("deflate") => return Ok(Upgraded::Deflate),
        _ => return Err(Fault::Sign),
    }
    let mut facts = TlsFacts::new();
    for word in words {
        let (name, value) = word.split_once('=').ok_or(Fault::Fact)?;
        if name == "version" {
            facts.version = ["TLSv1.2", "TLSv1.3"].into_iter().find(|known| *known == value);
            continue;
        }
        let value = read_hex(value.as_bytes()).ok_or(Fault::Fact)?;
        match name {
            "alpn" => facts.alpn = Some(Bytes::from(value)),
            "name" => facts.server_name = Some(String::from_utf8(value).map_err(|_| Fault::Fact)?),
            "certificate" => {
                (facts.peer_subject, facts.peer_names) = subject_and_names(&value);
                facts.peer_certificate = Some(Bytes::from(value));
            }
            "end-point" => facts.server_end_point = Some(Bytes::from(value)),
            "exporter" => facts.exporter = Some(value.try_into().map_err(|_| Fault::Fact)?),
            _ => return Err(Fault::Fact),
        }
    }
    Ok(Upgraded::Tls(Box::new(facts)))
}

fn read_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
        _ => None,
    };
    digits.chunks(2).map(pair).collect()
}
