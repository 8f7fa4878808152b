use alloc::vec::Vec;

use crate::codec::{Command, Message, Parts, Profile};

use super::deliveries::{Answer, Deliveries};
use super::outgoing;

/// Labels are at most so long ([labeled-response](https://ircv3.net/specs/extensions/labeled-response)).
pub(super) const MOST: usize = 64;

impl Answer {
    /// Sends the answer on: an ACK where there is none, a label at the only line, a batch of several.
    pub(super) fn finish(&self, server: &[u8], reference: &[u8], out: &mut Deliveries) {
        let label = [b"label=", &self.label[..]].concat();
        match self.ends.as_slice() {
            [] => {
                let mut ack = Vec::new();
                let parts = Parts { source: Some(server), command: Command::Word(b"ACK"), ..Parts::default() };
                outgoing::write(&parts, false, &mut ack);
                out.line(self.session, |line| tagged(&ack, &label, line));
            }
            [_] => out.line(self.session, |line| tagged(&self.lines, &label, line)),
            _ if self.is_batch() => {
                for (number, own) in self.lines().enumerate() {
                    let tag: &[u8] = if number == 0 { &label } else { b"" };
                    out.line(self.session, |line| tagged(own, tag, line));
                }
            }
            _ => self.batch(server, reference, &label, out),
        }
    }

    fn batch(&self, server: &[u8], reference: &[u8], label: &[u8], out: &mut Deliveries) {
        let mark = |sign: &[u8], more: &[&[u8]]| {
            let name = [sign, reference].concat();
            let params: Vec<&[u8]> = core::iter::once(&name[..]).chain(more.iter().copied()).collect();
            let mut line = Vec::new();
            let command = Command::Word(b"BATCH");
            outgoing::write(&Parts { tags: &[], source: Some(server), command, params: &params }, false, &mut line);
            line
        };
        let begin = mark(b"+", &[b"labeled-response"]);
        out.line(self.session, |line| tagged(&begin, label, line));
        let member = [b"batch=", reference].concat();
        for own in self.lines() {
            // What is in a batch of its own is in this one by that.
            let tag: &[u8] = if batch_of(own).is_some() || is_end(own) { b"" } else { &member };
            out.line(self.session, |line| tagged(own, tag, line));
        }
        let end = mark(b"-", &[]);
        out.line(self.session, |line| line.extend_from_slice(&end));
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let starts = core::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).filter_map(|(start, end)| self.lines.get(start..*end))
    }

    /// Whether all lines are one batch already, which then carries the label.
    fn is_batch(&self) -> bool {
        let Some(reference) = self.lines().next().and_then(|first| batch_mark(first, b'+')) else { return false };
        let count = self.ends.len();
        self.lines().enumerate().all(|(number, line)| match number {
            0 => true,
            _ if number + 1 == count => batch_mark(line, b'-') == Some(reference),
            _ => batch_of(line).is_some() || is_end(line),
        })
    }
}

/// Appends a line with one more tag before its others.
fn tagged(own: &[u8], tag: &[u8], line: &mut Vec<u8>) {
    let rest = match own.strip_prefix(b"@") {
        _ if tag.is_empty() => own,
        Some(rest) => {
            line.push(b'@');
            line.extend_from_slice(tag);
            line.push(b';');
            rest
        }
        None => {
            line.push(b'@');
            line.extend_from_slice(tag);
            line.push(b' ');
            own
        }
    };
    line.extend_from_slice(rest);
}

fn parse(line: &[u8]) -> Option<Message<&[u8]>> {
    Message::parse(line.strip_suffix(b"\r\n")?, Profile::Lenient).ok()
}

fn batch_of(line: &[u8]) -> Option<&[u8]> {
    parse(line)?.tags().value(b"batch").map(|value| value.escaped())
}

/// The reference of a BATCH that begins (`+`) or ends (`-`).
fn batch_mark(line: &[u8], sign: u8) -> Option<&[u8]> {
    let message = parse(line)?;
    let reference = message.param(0).filter(|_| message.command().is(b"BATCH"))?;
    reference.strip_prefix(&[sign])
}

fn is_end(line: &[u8]) -> bool {
    batch_mark(line, b'-').is_some()
}
