//! How a message is built of parts (RFC 2045, RFC 2046): found in one pass, without recursion.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use super::Limits;
use super::content::{self, Parameterized};
use super::decode::Encoding;
use super::header::{Field, Fields, is_empty_line, line_len};
use crate::codec::BodyStructure;

/// One part, by where it lies in the message.
#[derive(Clone, Debug)]
pub(super) struct Node<'m> {
    pub(super) header: Range<usize>,
    pub(super) body: Range<usize>,
    pub(super) kind: Kind,
    pub(super) content_type: Parameterized<'m>,
    pub(super) encoding: Encoding<'m>,
    pub(super) parent: usize,
    pub(super) depth: usize,
    /// The index of the first part that is not inside this one.
    pub(super) end: usize,
    /// How many lines its body has.
    pub(super) lines: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It has no parts.
    Single,
    Multipart,
    /// It is a message, whose only part is what it holds.
    Message,
}

impl Node<'_> {
    pub(super) fn is_text(&self) -> bool {
        self.kind == Kind::Single && self.content_type.is(b"text")
    }
}

/// The parts of a message, depth first.
pub(super) fn parts<'m>(raw: &'m [u8], limits: &Limits) -> Vec<Node<'m>> {
    let mut reader = Reader { raw, limits, nodes: Vec::new(), open: Vec::new(), counted: 0, lines: 0 };
    reader.read();
    reader.nodes
}

struct Reader<'m, 'l> {
    raw: &'m [u8],
    limits: &'l Limits,
    nodes: Vec<Node<'m>>,
    /// The parts that are not ended, the outermost first.
    open: Vec<Open<'m>>,
    /// Up to where lines have been counted, and how many there were.
    counted: usize,
    lines: u64,
}

struct Open<'m> {
    node: usize,
    /// What its parts are divided by; absent where it is no multipart, or after its last part.
    boundary: Option<Cow<'m, [u8]>>,
    lines_before: u64,
}

/// A line that divides parts.
struct Delimiter {
    /// Which of the open parts it belongs to.
    open: usize,
    is_last: bool,
}

impl<'m> Reader<'m, '_> {
    fn read(&mut self) {
        let mut at = self.begin(0, 0);
        while let Some(line) = self.next_dashes(at) {
            at = line + line_len(&self.raw[line..]);
            let Some(delimiter) = self.delimiter(&self.raw[line..at]) else { continue };
            if delimiter.is_last {
                self.end_inside(delimiter.open, line);
                self.open[delimiter.open].boundary = None;
            } else if self.nodes.len() < self.limits.parts {
                self.end_inside(delimiter.open, line);
                let parent = self.open[delimiter.open].node;
                at = self.begin(at, parent);
            }
        }
        self.end_from(0, self.raw.len());
        self.without_empty_multiparts();
    }

    /// The next line that begins with `--`, at `at` or after it.
    fn next_dashes(&self, at: usize) -> Option<usize> {
        let rest = self.raw.get(at..)?;
        if rest.starts_with(b"--") {
            return Some(at);
        }
        memchr::memmem::find(rest, b"\n--").map(|found| at + found + 1)
    }

    /// Which open part a line divides or ends: that with the longest boundary which the line begins with.
    fn delimiter(&self, line: &[u8]) -> Option<Delimiter> {
        let text = line.get(2..)?.trim_ascii_end();
        let mut found: Option<(usize, Delimiter)> = None;
        for (index, open) in self.open.iter().enumerate() {
            let Some(boundary) = &open.boundary else { continue };
            let Some(rest) = text.strip_prefix(&**boundary) else { continue };
            let is_last = rest.starts_with(b"--");
            let fits = is_last || rest.trim_ascii().is_empty();
            if fits && found.as_ref().is_none_or(|(length, _)| boundary.len() >= *length) {
                found = Some((boundary.len(), Delimiter { open: index, is_last }));
            }
        }
        found.map(|(_, delimiter)| delimiter)
    }

    /// Begins a part at `start`, and, where it is a message, what it holds. Tells where to go on.
    fn begin(&mut self, start: usize, parent: usize) -> usize {
        let (mut start, mut parent) = (start, parent);
        loop {
            let (header, is_cut) = self.header(start);
            let index = self.nodes.len();
            let depth = if index == 0 { 0 } else { self.nodes[parent].depth + 1 };
            let node = self.node(header.clone(), parent, depth);
            let has_inside = node.kind == Kind::Message;
            let boundary = node.content_type.parameter(b"boundary").filter(|_| node.kind == Kind::Multipart).cloned();
            self.nodes.push(node);
            let lines_before = self.lines_up_to(header.end);
            self.open.push(Open { node: index, boundary, lines_before });
            if !has_inside || is_cut {
                if has_inside {
                    self.nodes[index].kind = Kind::Single;
                    self.nodes[index].content_type = Parameterized::media_type(b"text", b"plain");
                }
                return header.end;
            }
            (start, parent) = (header.end, index);
        }
    }

    /// The header that begins at `start`, with its empty line, and whether a boundary has cut it off.
    fn header(&self, start: usize) -> (Range<usize>, bool) {
        let mut at = start;
        while at < self.raw.len() {
            let rest = &self.raw[at..];
            let length = line_len(rest);
            if is_empty_line(rest) {
                return (start..at + length, false);
            }
            if rest.starts_with(b"--") && self.delimiter(&rest[..length]).is_some() {
                return (start..at, true);
            }
            at += length;
        }
        (start..at, false)
    }

    fn node(&self, header: Range<usize>, parent: usize, depth: usize) -> Node<'m> {
        let is_digest = self.nodes.get(parent).is_some_and(|node| {
            node.kind == Kind::Multipart && node.content_type.subtype.eq_ignore_ascii_case(b"digest")
        });
        let (mut content_type, mut encoding) = (None, None);
        for field in fields(self.raw, &header, self.limits) {
            if content_type.is_none() && field.is(b"Content-Type") {
                content_type = Parameterized::read(field.folded(), self.limits.parameters);
            } else if encoding.is_none() && field.is(b"Content-Transfer-Encoding") {
                encoding = content::word(field.folded());
            }
        }
        let encoding = Encoding::of(encoding);
        let mut content_type = content_type.unwrap_or_else(|| {
            if is_digest {
                Parameterized::media_type(b"message", b"rfc822")
            } else {
                Parameterized::media_type(b"text", b"plain")
            }
        });
        let is_message = content_type.is(b"message")
            && (content_type.subtype.eq_ignore_ascii_case(b"rfc822")
                || content_type.subtype.eq_ignore_ascii_case(b"global"));
        // What is inside must have room.
        let has_room = depth < self.limits.depth.min(BodyStructure::<()>::MAX_DEPTH - 1)
            && self.nodes.len() + 1 < self.limits.parts;
        let kind = if content_type.is(b"multipart") {
            match content_type.parameter(b"boundary") {
                Some(boundary) if has_room && !boundary.is_empty() => Kind::Multipart,
                Some(_) => {
                    content_type = Parameterized::media_type(b"application", b"octet-stream");
                    Kind::Single
                }
                None => {
                    content_type = Parameterized::media_type(b"text", b"plain");
                    Kind::Single
                }
            }
        } else if is_message && has_room && encoding.is_identity() {
            Kind::Message
        } else {
            if is_message {
                content_type = Parameterized::media_type(b"application", b"octet-stream");
            } else if content_type.subtype.is_empty() {
                content_type = Parameterized::media_type(b"text", b"plain");
            }
            Kind::Single
        };
        let body = header.end..header.end;
        Node { header, body, kind, content_type, encoding, parent, depth, end: 0, lines: 0 }
    }

    /// Ends what is open inside the open part of this index, before the line that begins at `line`.
    fn end_inside(&mut self, open: usize, line: usize) {
        let before = &self.raw[..line];
        let body = before.strip_suffix(b"\n").map_or(before, |body| body.strip_suffix(b"\r").unwrap_or(body));
        self.end_from(open + 1, body.len());
    }

    fn end_from(&mut self, first: usize, at: usize) {
        let lines = self.lines_up_to(at);
        let end = self.nodes.len();
        for open in self.open.drain(first..) {
            let node = &mut self.nodes[open.node];
            node.body.end = at.max(node.body.start);
            node.lines = lines.saturating_sub(open.lines_before);
            node.end = end;
        }
    }

    /// How many lines end before `at`. To be asked in rising order.
    fn lines_up_to(&mut self, at: usize) -> u64 {
        if let Some(more) = self.raw.get(self.counted..at) {
            self.lines += memchr::memchr_iter(b'\n', more).count() as u64;
            self.counted = at;
        }
        self.lines
    }

    /// A multipart that has no part is shown as text, because a structure cannot tell of it.
    fn without_empty_multiparts(&mut self) {
        for (index, node) in self.nodes.iter_mut().enumerate() {
            if node.kind == Kind::Multipart && node.end == index + 1 {
                node.kind = Kind::Single;
                node.content_type = Parameterized::media_type(b"text", b"plain");
            }
        }
    }
}

/// The fields of a part's header, as many as are looked at.
pub(super) fn fields<'m>(
    raw: &'m [u8],
    header: &Range<usize>,
    limits: &Limits,
) -> impl Iterator<Item = Field<'m>> + use<'m> {
    Fields::new(raw.get(header.clone()).unwrap_or_default()).take(limits.fields)
}
