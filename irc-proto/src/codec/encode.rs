use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use memchr::{memchr, memchr3};
use thiserror::Error;
use wirestate_machine::Outbox;

use super::budget::{Budget, Sender, TagCount};
use super::command::Command;
use super::message::Message;
use super::profile::Profile;
use super::tags;

/// The parts of a message that is to be written.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    /// Keys and plain values; those are escaped here. An empty value is written as a key alone.
    pub tags: &'a [(&'a [u8], &'a [u8])],
    /// Who the message is from. Clients leave it out (RFC 2812 §2.3).
    pub source: Option<&'a [u8]>,
    /// What the message is about.
    pub command: Command<'a>,
    /// At most 15; all but the last without spaces.
    pub params: &'a [&'a [u8]],
}

/// When the last parameter is written with a colon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Trailing {
    /// Where it needs one: it is empty, holds a space or begins with a colon.
    #[default]
    Auto,
    /// Always, as most servers do: old clients take a message's text only so.
    Always,
}

/// Writes messages. What it writes the strict profile reads, and reads as it was meant; what cannot be written so is an error, and then
/// nothing is written. It never cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoder {
    sender: Sender,
    trailing: Trailing,
    body: usize,
}

/// Why a message cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Unwritable {
    /// The command is not letters.
    #[error("a command is letters or a numeric")]
    Command,
    /// There is a CR, LF or NUL, with which one message would become two.
    #[error("CR, LF and NUL cannot be sent: remove them, or send a message for each line")]
    ForbiddenCharacter,
    /// The source is empty or holds a space.
    #[error("a source is neither empty nor holds a space")]
    Source,
    /// A parameter that is not the last is empty.
    #[error("parameter {0} is empty, which only the last may be")]
    EmptyMiddle(
        /// Which one, counted from 0.
        usize,
    ),
    /// A parameter that is not the last holds a space.
    #[error("parameter {0} holds a space, which only the last may")]
    SpaceInMiddle(
        /// Which one, counted from 0.
        usize,
    ),
    /// A parameter that is not the last begins with a colon.
    #[error("parameter {0} begins with a colon, which only the last may")]
    ColonInMiddle(
        /// Which one, counted from 0.
        usize,
    ),
    /// There are more than 15 parameters.
    #[error("a message has at most {} parameters", Profile::MAX_PARAMS)]
    TooManyParams,
    /// A tag's key is empty or has a character outside letters, digits, `-`, and `.` in a vendor.
    #[error("a tag's key is letters, digits and hyphens, after `+` and a vendor if there are any")]
    TagKey,
    /// A tag's value is not UTF-8.
    #[error("a tag's value must be UTF-8")]
    TagNotUtf8,
    /// The message is longer than may be sent.
    #[error(transparent)]
    TooLong(#[from] Budget),
}

impl Encoder {
    /// An encoder for this side's messages, with bodies of at most 512 bytes and colons only where they are needed.
    pub const fn new(sender: Sender) -> Self {
        Encoder { sender, trailing: Trailing::Auto, body: 512 }
    }

    /// Sets when the last parameter is written with a colon.
    pub const fn with_trailing(mut self, trailing: Trailing) -> Self {
        self.trailing = trailing;
        self
    }

    /// Sets the most bytes of a message without its tags and with its CRLF, where the server's LINELEN allows more than 512.
    pub const fn with_body(mut self, bytes: usize) -> Self {
        self.body = bytes;
        self
    }

    /// Writes a message with its CRLF.
    ///
    /// # Errors
    ///
    /// [`Unwritable`]; then nothing was written.
    pub fn encode(&self, parts: &Parts<'_>, outbox: &mut Outbox) -> Result<(), Unwritable> {
        let plan = self.check(parts)?;
        plan.put(parts, &mut |bytes| outbox.put(bytes));
        Ok(())
    }

    /// Writes a message into a buffer of its own, which many receivers can share.
    ///
    /// # Errors
    ///
    /// [`Unwritable`].
    pub fn to_bytes(&self, parts: &Parts<'_>) -> Result<Bytes, Unwritable> {
        let plan = self.check(parts)?;
        let mut line = Vec::with_capacity(plan.size);
        plan.put(parts, &mut |bytes| line.extend_from_slice(bytes));
        Ok(line.into())
    }

    /// Appends a message with its CRLF to a buffer that the caller keeps.
    ///
    /// # Errors
    ///
    /// [`Unwritable`]; then nothing was appended.
    pub fn append(&self, parts: &Parts<'_>, line: &mut Vec<u8>) -> Result<(), Unwritable> {
        let plan = self.check(parts)?;
        line.reserve(plan.size);
        plan.put(parts, &mut |bytes| line.extend_from_slice(bytes));
        Ok(())
    }

    /// Writes a message that was parsed exactly as it came, spacing and colons included, with a CRLF.
    ///
    /// # Errors
    ///
    /// [`Unwritable::TooLong`]; then nothing was written. A message that was parsed leniently is passed on as odd as it came.
    pub fn relay(&self, message: Message<&[u8]>, outbox: &mut Outbox) -> Result<(), Unwritable> {
        let (line, section) = (message.line(), message.tag_section());
        self.sender.check(message.tags())?;
        if section > self.sender.section() {
            return Err(Budget::Tags.into());
        }
        if line.len() - section + 2 > self.body {
            return Err(Budget::Body.into());
        }
        outbox.put(line);
        outbox.put(b"\r\n");
        Ok(())
    }

    /// How the message is written, if it can be.
    fn check(&self, parts: &Parts<'_>) -> Result<Plan, Unwritable> {
        parts.command.check_strict().map_err(|_| Unwritable::Command)?;
        let source = match parts.source {
            Some(source) if has_space(source)? || source.is_empty() => return Err(Unwritable::Source),
            Some(source) => source.len() + 2,
            None => 0,
        };
        let command = match parts.command {
            Command::Word(word) => word.len(),
            Command::Numeric(numeric) => numeric.digits().len(),
        };
        let (params, colon) = self.check_params(parts.params)?;
        let tags = self.check_tags(parts.tags)?;
        let body = source + command + params + 2;
        if body > self.body { Err(Budget::Body.into()) } else { Ok(Plan { size: tags + body, colon }) }
    }

    /// How many bytes the tags have, with `@` and space.
    fn check_tags(&self, tags: &[(&[u8], &[u8])]) -> Result<usize, Unwritable> {
        let mut count = TagCount::default();
        let mut size = 0;
        for (key, value) in tags {
            tags::check_key(key).map_err(|_| Unwritable::TagKey)?;
            let len = if value.is_empty() { key.len() } else { key.len() + 1 + tags::escaped_len(value)? };
            count.add(self.sender, key.starts_with(b"+"), len);
            size += len + 1;
        }
        count.check()?;
        Ok(if tags.is_empty() { 0 } else { size + 1 })
    }

    /// How many bytes the parameters have, with spaces and colon, and whether there is a colon.
    fn check_params(&self, params: &[&[u8]]) -> Result<(usize, bool), Unwritable> {
        if params.len() > Profile::MAX_PARAMS {
            return Err(Unwritable::TooManyParams);
        }
        let Some((last, middle)) = params.split_last() else { return Ok((0, false)) };
        for (index, param) in middle.iter().enumerate() {
            if has_space(param)? {
                return Err(Unwritable::SpaceInMiddle(index));
            }
            match param.first() {
                None => return Err(Unwritable::EmptyMiddle(index)),
                Some(b':') => return Err(Unwritable::ColonInMiddle(index)),
                Some(_) => {}
            }
        }
        if memchr3(b'\r', b'\n', 0, last).is_some() {
            return Err(Unwritable::ForbiddenCharacter);
        }
        let needs_colon = last.is_empty() || last.starts_with(b":") || memchr(b' ', last).is_some();
        let colon = self.trailing == Trailing::Always || needs_colon;
        Ok((params.iter().map(|param| 1 + param.len()).sum::<usize>() + usize::from(colon), colon))
    }
}

/// How a message is written that was found to be in order.
struct Plan {
    /// How many bytes it has, with its CRLF.
    size: usize,
    /// Whether the last parameter has a colon.
    colon: bool,
}

impl Plan {
    fn put(&self, parts: &Parts<'_>, put: &mut impl FnMut(&[u8])) {
        let mut mark: &[u8] = b"@";
        for (key, value) in parts.tags {
            put(mark);
            put_tag(key, value, put);
            mark = b";";
        }
        if !parts.tags.is_empty() {
            put(b" ");
        }
        if let Some(source) = parts.source {
            put(b":");
            put(source);
            put(b" ");
        }
        match parts.command {
            Command::Word(word) => put(word),
            Command::Numeric(numeric) => put(&numeric.digits()),
        }
        if let Some((last, middle)) = parts.params.split_last() {
            for param in middle {
                put(b" ");
                put(param);
            }
            put(if self.colon { b" :" } else { b" " });
            put(last);
        }
        put(b"\r\n");
    }
}

fn put_tag(key: &[u8], value: &[u8], put: &mut impl FnMut(&[u8])) {
    put(key);
    if !value.is_empty() {
        put(b"=");
        tags::escape(value, put);
    }
}

/// Whether there is a space in what should be one word. Words are short: a loop costs less than a call.
fn has_space(word: &[u8]) -> Result<bool, Unwritable> {
    let mut space = false;
    for byte in word {
        match byte {
            b'\r' | b'\n' | 0 => return Err(Unwritable::ForbiddenCharacter),
            b' ' => space = true,
            _ => {}
        }
    }
    Ok(space)
}

impl Default for Parts<'_> {
    /// No tags, no source, no parameters, and a command that is empty and must be set.
    fn default() -> Self {
        Parts { tags: &[], source: None, command: Command::Word(b""), params: &[] }
    }
}

impl fmt::Debug for Parts<'_> {
    /// Shows what kind of message it is, never what its parameters say: one may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("command", &self.command).field("params", &self.params.len()).finish()
    }
}

#[cfg(test)]
mod tests;
