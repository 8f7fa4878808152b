//! Reads and writes lines of IRC as it is told: the hand by which the interop suite drives our codec.
//!
//! Each line of input is a job, and gets one line of output. Texts are in hexadecimal, so that they may hold anything:
//!
//! ```text
//! split LINE                  -> tag KEY VALUE ... source TEXT command TEXT param TEXT ...
//! join PART...                -> LINE LINE    with as few colons as may be, and with a trailing one always; parts are as `split` prints them
//! source TEXT                 -> nick TEXT user TEXT host TEXT
//! mask MASK TEXT              -> yes | no
//! host TEXT                   -> yes | no
//! ```
//! It ends with 1 at a job that it does not understand.

use std::error::Error;
use std::fmt::Write as _;
use std::io::BufRead as _;

use irc_proto::casemap::CaseMapping;
use irc_proto::codec::{Command, Encoder, Message, Parts, Profile, Sender, Source, Trailing};
use irc_proto::{host, mask};

type Fault = Box<dyn Error>;

fn main() -> Result<(), Fault> {
    for line in std::io::stdin().lock().lines() {
        println!("{}", answer(&line?)?);
    }
    Ok(())
}

fn answer(job: &str) -> Result<String, Fault> {
    let words: Vec<&str> = job.split(' ').collect();
    match words[..] {
        ["split", line] => split(&plain(line)?),
        ["join", ref parts @ ..] => join(parts),
        ["source", text] => {
            let text = plain(text)?;
            let source = Source::parse(&text);
            let parts = [("nick", Some(source.name())), ("user", source.user()), ("host", source.host())];
            Ok(parts
                .iter()
                .filter_map(|(name, part)| Some(format!("{name} {}", hex((*part)?))))
                .collect::<Vec<_>>()
                .join(" "))
        }
        ["mask", mask, text] => Ok(yes(mask::matches(&plain(mask)?, &plain(text)?, CaseMapping::Rfc1459))),
        ["host", text] => Ok(yes(host::check_name(&plain(text)?).is_ok())),
        _ => Err(format!("there is no job {job:?}").into()),
    }
}

fn split(line: &[u8]) -> Result<String, Fault> {
    let message = Message::parse(line, Profile::Lenient)?;
    let mut said = String::new();
    for tag in message.tags().iter() {
        write!(said, "tag {} {} ", hex(tag.key()), hex(&tag.value().unescaped()))?;
    }
    if let Some(source) = message.source() {
        write!(said, "source {} ", hex(source.as_bytes()))?;
    }
    let command = match message.command() {
        Command::Word(word) => word.to_vec(),
        Command::Numeric(numeric) => numeric.digits().to_vec(),
    };
    write!(said, "command {}", hex(&command))?;
    for param in message.params() {
        write!(said, " param {}", hex(param))?;
    }
    Ok(said)
}

fn join(parts: &[&str]) -> Result<String, Fault> {
    let (mut tags, mut source, mut command, mut params) = (Vec::new(), None, Vec::new(), Vec::new());
    let mut words = parts.iter();
    while let Some(part) = words.next() {
        let mut text = || plain(words.next().ok_or("a part has a text")?);
        match *part {
            "tag" => tags.push((text()?, text()?)),
            "source" => source = Some(text()?),
            "command" => command = text()?,
            "param" => params.push(text()?),
            other => return Err(format!("there is no part {other:?}").into()),
        }
    }
    let tags: Vec<(&[u8], &[u8])> = tags.iter().map(|(key, value)| (&key[..], &value[..])).collect();
    let params: Vec<&[u8]> = params.iter().map(|param| &param[..]).collect();
    let parts = Parts { tags: &tags, source: source.as_deref(), command: Command::Word(&command), params: &params };
    let write = |trailing| -> Result<String, Fault> {
        let line = Encoder::new(Sender::Server).with_trailing(trailing).to_bytes(&parts)?;
        Ok(hex(line.strip_suffix(b"\r\n").ok_or("a line ends with CRLF")?))
    };
    Ok(format!("{} {}", write(Trailing::Auto)?, write(Trailing::Always)?))
}

fn yes(is: bool) -> String {
    String::from(if is { "yes" } else { "no" })
}

fn hex(text: &[u8]) -> String {
    text.iter().fold(String::from("x"), |hex, byte| format!("{hex}{byte:02x}"))
}

/// `x` stands before the digits, so that an empty text is a word, too.
fn plain(hex: &str) -> Result<Vec<u8>, Fault> {
    let digits = hex.strip_prefix('x').ok_or("a text begins with x")?.as_bytes();
    digits.chunks(2).map(|two| Ok(u8::from_str_radix(str::from_utf8(two)?, 16)?)).collect()
}
