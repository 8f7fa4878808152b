use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;
use memchr::memchr3;

use super::{Config, Lines, Server};
use crate::codec::{Command, Encoder, Message, Numeric, Parts, Sender, Trailing, Unwritable};
use crate::{Capability, labels};

/// More bytes than this of something that the client sent are not quoted to it.
const QUOTED: usize = 60;

/// The answer to a labelled request that the session itself answers, until it is whole.
#[derive(Debug)]
pub(super) struct Labelled {
    /// Escaped, as it came.
    label: Bytes,
    lines: Vec<Lines>,
}

impl Labelled {
    /// The tag of an answer of one message.
    pub(super) fn tag(&self) -> Vec<u8> {
        [b"label=", &self.label[..]].concat()
    }
}

/// How sessions write.
pub(super) fn encoder(config: &Config) -> Encoder {
    Encoder::new(Sender::Server).with_trailing(Trailing::Always).with_body(config.limits.reply())
}

impl Server {
    /// Writes a message of the session's own.
    pub(super) fn say(&mut self, parts: &Parts<'_>) -> Result<(), Unwritable> {
        let encoder = encoder(&self.config);
        self.say_by(&encoder, parts)
    }

    pub(super) fn say_by(&mut self, encoder: &Encoder, parts: &Parts<'_>) -> Result<(), Unwritable> {
        if self.labelled.is_none() && self.plugins.is_empty() {
            return encoder.encode(parts, &mut self.outbox);
        }
        let lines = Lines::encode(encoder, parts)?;
        self.put_answer(lines);
        Ok(())
    }

    /// Adds to the answer to a labelled request, where there is one, or writes at once.
    pub(super) fn put_answer(&mut self, lines: Lines) {
        match &mut self.labelled {
            Some(labelled) => labelled.lines.push(lines),
            None => drop(self.put(lines)),
        }
    }

    /// Writes messages that are written already, once the plugins have seen them. Gives what has become of them.
    pub(super) fn put(&mut self, lines: Lines) -> Lines {
        let lines = if self.plugins.is_empty() { lines } else { self.plugins.outgoing(lines) };
        self.outbox.link(lines.as_bytes().clone());
        lines
    }

    /// `:server NUMERIC target params.. :text`. Parameters that the client sent are [`quoted`].
    pub(super) fn numeric(&mut self, numeric: Numeric, params: &[&[u8]], text: &str) {
        let config = self.config.clone();
        let nick = self.nick.clone();
        let mut all = Vec::with_capacity(params.len() + 2);
        all.push(target(&nick));
        all.extend_from_slice(params);
        all.push(text.as_bytes());
        let source = Some(config.name.as_bytes());
        let said = self.say(&Parts { source, command: Command::Numeric(numeric), params: &all, ..Parts::default() });
        debug_assert!(said.is_ok(), "{said:?}");
    }

    /// `:server COMMAND params..`
    pub(super) fn say_from_server(&mut self, command: &[u8], params: &[&[u8]]) -> Result<(), Unwritable> {
        let config = self.config.clone();
        let source = Some(config.name.as_bytes());
        self.say(&Parts { source, command: Command::Word(command), params, ..Parts::default() })
    }

    /// `FAIL command code :text` (IRCv3 standard-replies).
    pub(super) fn fail(&mut self, command: &[u8], code: &str, text: &str) {
        let said = self.say_from_server(b"FAIL", &[quoted(command), code.as_bytes(), text.as_bytes()]);
        debug_assert!(said.is_ok(), "{said:?}");
    }

    /// `ERROR :Closing Link: nick (text)` (RFC 2812 §3.7.4), the last that a client hears. A text that is too long is cut.
    pub(super) fn say_error(&mut self, text: &[u8]) {
        let mut line = b"Closing Link: ".to_vec();
        line.extend_from_slice(target(&self.nick));
        line.extend_from_slice(b" (");
        let room = self.config.limits.reply().saturating_sub(line.len() + b"ERROR :)\r\n".len());
        line.extend_from_slice(cut(one_line(text), room));
        line.push(b')');
        let said = self.say(&Parts { command: Command::Word(b"ERROR"), params: &[&line], ..Parts::default() });
        debug_assert!(said.is_ok(), "{said:?}");
    }

    // --- labels ---

    /// From here on the session's answers belong to this request, if it has a label and labels were agreed on (IRCv3 labeled-response).
    pub(super) fn begin_answer(&mut self, message: Message<&[u8]>) {
        if !self.agreed.has(Capability::LabeledResponse) {
            return;
        }
        let Some(label) = message.tags().value(b"label").map(|value| value.escaped()) else { return };
        if label.is_empty() || label.len() > labels::MOST || core::str::from_utf8(label).is_err() {
            return;
        }
        let label = Bytes::copy_from_slice(label);
        self.labelled = Some(Box::new(Labelled { label, lines: Vec::new() }));
    }

    /// The answer is whole: one message has the label itself, several are a batch, and none is an ACK.
    #[cold]
    pub(super) fn end_answer(&mut self) {
        let Some(labelled) = self.labelled.take() else { return };
        let Labelled { label, lines } = *labelled;
        let config = self.config.clone();
        let lines: Vec<&[u8]> = lines.iter().flat_map(|lines| lines.as_bytes().split_inclusive(is_end)).collect();
        labels::wrap(config.name.as_bytes(), &label, b"session", &lines, |tag, line| {
            self.put(Lines::written(labels::tagged(line, tag).into()));
        });
    }
}

fn is_end(byte: &u8) -> bool {
    *byte == b'\n'
}

/// Who is addressed: the nickname, or `*` before there is one.
pub(super) fn target(nick: &[u8]) -> &[u8] {
    if nick.is_empty() { b"*" } else { nick }
}

/// As much of what the client sent as is quoted, in a form that can stand in the middle of a message.
pub(super) fn quoted(param: &[u8]) -> &[u8] {
    let param = cut(param, QUOTED);
    let is_middle = !param.is_empty() && !param.starts_with(b":") && !param.contains(&b' ');
    if is_middle { param } else { b"*" }
}

/// The text up to what would end its line.
pub(super) fn one_line(text: &[u8]) -> &[u8] {
    let end = memchr3(b'\r', b'\n', 0, text).unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

/// The first bytes of a text, at most `length`, without a broken character of UTF-8 at the end.
pub(super) fn cut(text: &[u8], length: usize) -> &[u8] {
    let Some(head) = text.get(..length) else { return text };
    if text.len() == length {
        return text;
    }
    // Of UTF-8, at most three bytes of the character at the end are missing its last.
    let is_inside = |at: usize| text.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let end = (length.saturating_sub(3)..=length).rev().find(|at| !is_inside(*at)).unwrap_or(length);
    head.get(..end).unwrap_or(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("héé".as_bytes(), 2), b"h");
        assert_eq!(cut("héé".as_bytes(), 3), "hé".as_bytes());
        assert_eq!(cut("a€".as_bytes(), 3), b"a");
        assert_eq!(cut(b"abc", 3), b"abc");
        assert_eq!(cut(b"abc", 9), b"abc");
        assert_eq!(cut(b"abc", 0), b"");
        assert_eq!(cut(b"\x80\x80\x80\x80\x80", 4), b"\x80\x80\x80\x80");
    }

    #[test]
    fn what_could_break_out_of_its_place_is_not_quoted() {
        assert_eq!(quoted(b"JOIN"), b"JOIN");
        for odd in [&b""[..], b":x", b"a b"] {
            assert_eq!(quoted(odd), b"*");
        }
        assert_eq!(quoted(&[b'x'; 500]).len(), QUOTED);
    }
}
