//! A message and what FETCH tells of it: sections, decoded parts and structure (RFC 3501 §6.4.5, RFC 9051 §6.4.5, RFC 3516).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use thiserror::Error;

use super::mime::{self, Kind, Node};
use super::{Limits, envelope, header, preview, structure};
use crate::codec::command::Partial;
use crate::codec::{BodyStructure, Envelope, Section, SectionText};

/// A message, with its parts found. It borrows the message's bytes, whose lines should end with CRLF, because they are told as they are.
#[derive(Clone, Debug)]
pub struct Message<'m> {
    raw: &'m [u8],
    nodes: Vec<Node<'m>>,
    limits: Limits,
}

/// A part's transfer encoding is not known, so that it cannot be told without it: `NO [UNKNOWN-CTE]` (RFC 3516 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[error("the part's content transfer encoding is not known: answer NO [UNKNOWN-CTE]")]
pub struct UnknownEncoding;

impl<'m> Message<'m> {
    /// Finds the parts of a message. Any bytes are a message. The time is linear.
    pub fn parse(raw: &'m [u8], limits: &Limits) -> Self {
        Message { raw, nodes: mime::parts(raw, limits), limits: limits.clone() }
    }

    /// The whole message as it stands: `BODY[]`, `RFC822`.
    pub fn raw(&self) -> &'m [u8] {
        self.raw
    }

    /// The header, with the empty line after it: `BODY[HEADER]`, `RFC822.HEADER`.
    pub fn header(&self) -> &'m [u8] {
        self.nodes.first().map_or(b"", |root| self.at(&root.header))
    }

    /// What follows the header: `BODY[TEXT]`, `RFC822.TEXT`.
    pub fn text(&self) -> &'m [u8] {
        self.nodes.first().map_or(b"", |root| self.at(&root.body))
    }

    /// ENVELOPE (RFC 9051 §7.5.2): values as they stand, without folds. Sender and Reply-To are those of From where they are missing. What
    /// has no `@` has an empty host, because NIL would begin a group.
    pub fn envelope(&self) -> Envelope<Cow<'m, [u8]>> {
        envelope::read(self.header(), &self.limits)
    }

    /// BODYSTRUCTURE, and BODY: names in upper case, parameters as they stand.
    ///
    /// A multipart without parts is told as text; what is too deep, or a message in a transfer encoding, as `APPLICATION/OCTET-STREAM`.
    pub fn body_structure(&self) -> BodyStructure<Cow<'m, [u8]>> {
        structure::build(self.raw, &self.nodes, &self.limits)
    }

    /// `BODY[section]`; nothing where there is no such part, or no such thing of it, as the header of a part that is no message. Only
    /// `HEADER.FIELDS` and `HEADER.FIELDS.NOT` are copies.
    pub fn section<T: AsRef<[u8]>>(&self, section: &Section<T>) -> Option<Cow<'m, [u8]>> {
        let node = self.find(&section.part)?;
        let is_whole = section.part.is_empty();
        let text = match &section.text {
            None if is_whole => return Some(Cow::Borrowed(self.raw)),
            None => return Some(Cow::Borrowed(self.at(&node.body))),
            Some(SectionText::Mime) if is_whole => return None,
            Some(SectionText::Mime) => return Some(Cow::Borrowed(self.at(&node.header))),
            Some(text) => text,
        };
        let message = if is_whole { node } else { self.inside(node)? };
        let header = self.at(&message.header);
        Some(match text {
            SectionText::Text => Cow::Borrowed(self.at(&message.body)),
            SectionText::HeaderFields(names) => header::select(header, names, true),
            SectionText::HeaderFieldsNot(names) => header::select(header, names, false),
            _ => Cow::Borrowed(header),
        })
    }

    /// `BINARY[part]`: a part without its transfer encoding; nothing where there is no such part. What is made of parts, and the whole
    /// message, is told as it stands. It may have NUL.
    ///
    /// # Errors
    ///
    /// [`UnknownEncoding`].
    pub fn binary(&self, part: &[NonZeroU32]) -> Result<Option<Cow<'m, [u8]>>, UnknownEncoding> {
        if part.is_empty() {
            return Ok(Some(Cow::Borrowed(self.raw)));
        }
        let Some(node) = self.find(part) else { return Ok(None) };
        let body = self.at(&node.body);
        if node.kind != Kind::Single {
            return Ok(Some(Cow::Borrowed(body)));
        }
        node.encoding.decode(body).map(Some).ok_or(UnknownEncoding)
    }

    /// `BINARY.SIZE[part]`: how many octets [`binary`](Self::binary) gives.
    ///
    /// # Errors
    ///
    /// [`UnknownEncoding`].
    pub fn binary_size(&self, part: &[NonZeroU32]) -> Result<Option<u64>, UnknownEncoding> {
        Ok(self.binary(part)?.map(|data| data.len() as u64))
    }

    /// PREVIEW (RFC 8970): the start of the text, in one line, of 200 characters at most; empty where there is no text.
    pub fn preview(&self) -> String {
        preview::of(self.raw, &self.nodes)
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn nodes(&self) -> &[Node<'m>] {
        &self.nodes
    }

    pub(super) fn at(&self, range: &core::ops::Range<usize>) -> &'m [u8] {
        self.raw.get(range.clone()).unwrap_or_default()
    }

    /// As [`BodyStructure::find`].
    fn find(&self, numbers: &[NonZeroU32]) -> Option<&Node<'m>> {
        let mut index = 0;
        for (place, number) in numbers.iter().enumerate() {
            let mut node = self.nodes.get(index)?;
            if place > 0 {
                match node.kind {
                    Kind::Single => return None,
                    Kind::Multipart => {}
                    Kind::Message => {
                        index += 1;
                        node = self.nodes.get(index)?;
                    }
                }
            }
            if node.kind == Kind::Multipart {
                let end = node.end;
                index += 1;
                for _ in 1..number.get() {
                    index = self.nodes.get(index).filter(|_| index < end)?.end;
                }
                if index >= end {
                    return None;
                }
            } else if number.get() != 1 {
                return None;
            }
        }
        self.nodes.get(index)
    }

    /// What is inside a message.
    fn inside(&self, node: &Node<'m>) -> Option<&Node<'m>> {
        let is_it = |other: &&Node<'m>| core::ptr::eq(*other, node);
        let index = self.nodes.iter().position(|other| is_it(&other))?;
        self.nodes.get(index + 1).filter(|_| node.kind == Kind::Message)
    }
}

/// `<offset.count>` of some data: less where it ends before, nothing where it begins behind the end.
pub fn partial(data: Cow<'_, [u8]>, partial: Option<Partial>) -> Cow<'_, [u8]> {
    let Some(Partial { offset, count }) = partial else { return data };
    let length = data.len() as u64;
    // Both are no more than the length, which is a `usize`.
    let start = offset.min(length) as usize;
    let end = offset.saturating_add(count.get()).min(length) as usize;
    match data {
        Cow::Borrowed(data) => Cow::Borrowed(&data[start..end]),
        Cow::Owned(mut data) => {
            data.truncate(end);
            data.drain(..start);
            Cow::Owned(data)
        }
    }
}
