//! What a server tells of one message: the data of FETCH and UIDFETCH (RFC 3501 §7.4.2, RFC 9051 §7.5.2, RFC 9586 §3.3).

mod kept;
mod stream;
mod write;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::body_structure::BodyStructure;
use super::cursor::{Cursor, NAME, Read, is_atom_byte};
use super::date::DateTime;
use super::envelope::Envelope;
use super::fault::Expected;
use super::flag_list::FlagList;
use super::number::{ModSeq, Uid, mod_seq_or_zero};
use super::section::{Section, read_part, upper};

pub use kept::KeptItem;
pub use stream::{FetchHead, FetchPart, Fetched, Streamed};
pub use write::FetchWriter;

/// One item of what FETCH tells (`msg-att`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageAttribute<T> {
    /// `FLAGS`
    Flags(FlagList<T>),
    /// `UID`
    Uid(Uid),
    /// `MODSEQ`: the mod-sequence of the message's metadata (RFC 7162 §3.1.4).
    ModSeq(ModSeq),
    /// `INTERNALDATE`
    InternalDate(DateTime),
    /// `RFC822.SIZE`, in octets.
    Size(u64),
    /// `ENVELOPE`
    Envelope(Box<Envelope<T>>),
    /// `BODY`: the structure without extension data.
    Body(BodyStructure<T>),
    /// `BODYSTRUCTURE`
    BodyStructure(BodyStructure<T>),
    /// `BODY[section]<origin>`
    Section {
        /// What of the message it is.
        section: Section<T>,
        /// Where the data begins in it, in octets, if only a stretch was asked for.
        origin: Option<u64>,
        /// The data; absent where there is no such section.
        data: Option<T>,
    },
    /// `RFC822`, `RFC822.HEADER`, `RFC822.TEXT`: older names for three sections.
    Rfc822(Rfc822, Option<T>),
    /// `BINARY[part]<origin>`: a part without its transfer encoding (RFC 3516 §4.2).
    Binary {
        /// The part's numbers; empty for the whole message.
        part: Vec<NonZeroU32>,
        /// Where the data begins in it, in octets, if only a stretch was asked for.
        origin: Option<u64>,
        /// The data; absent where there is no such part.
        data: Option<T>,
    },
    /// `BINARY.SIZE[part]`: how many octets a part has without its transfer encoding (RFC 3516 §4.3).
    BinarySize {
        /// The part's numbers; empty for the whole message.
        part: Vec<NonZeroU32>,
        /// In octets.
        size: u64,
    },
    /// `EMAILID`: the same for messages of the same content (RFC 8474 §5.1).
    EmailId(T),
    /// `THREADID`: the same for messages that belong together (RFC 8474 §5.2).
    ThreadId(Option<T>),
    /// `SAVEDATE`: when the message came into this mailbox (RFC 8514 §4.2).
    SaveDate(Option<DateTime>),
    /// `PREVIEW`: the start of the text, in UTF-8 (RFC 8970 §3.2).
    Preview(Option<T>),
    /// `X-GM-MSGID` (Gmail)
    GmailMessageId(u64),
    /// `X-GM-THRID` (Gmail)
    GmailThreadId(u64),
    /// `X-GM-LABELS` (Gmail)
    GmailLabels(Vec<T>),
    /// An item that this crate does not know, or cannot make sense of: its name, with brackets if there are any, and its value, as they stand.
    Other {
        /// What stands before the value.
        name: T,
        /// An atom, a string with its quotes or as a literal, or a list with its parentheses.
        value: T,
    },
}

/// Older names for three sections (RFC 3501 §7.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rfc822 {
    /// `RFC822`: `BODY[]`
    Message,
    /// `RFC822.HEADER`: `BODY[HEADER]`
    Header,
    /// `RFC822.TEXT`: `BODY[TEXT]`
    Text,
}

impl<T> MessageAttribute<T> {
    /// Turns each text into another, as from borrowed to shared.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> MessageAttribute<U> {
        use MessageAttribute as Is;
        match self {
            Is::Flags(flags) => Is::Flags(flags.map_text(f)),
            Is::Uid(uid) => Is::Uid(uid),
            Is::ModSeq(mod_seq) => Is::ModSeq(mod_seq),
            Is::InternalDate(date) => Is::InternalDate(date),
            Is::Size(size) => Is::Size(size),
            Is::Envelope(envelope) => Is::Envelope(Box::new(envelope.map_text(f))),
            Is::Body(structure) => Is::Body(structure.map_text(f)),
            Is::BodyStructure(structure) => Is::BodyStructure(structure.map_text(f)),
            Is::Section { section, origin, data } => {
                Is::Section { section: section.map_text(f), origin, data: data.map(f) }
            }
            Is::Rfc822(what, data) => Is::Rfc822(what, data.map(f)),
            Is::Binary { part, origin, data } => Is::Binary { part, origin, data: data.map(f) },
            Is::BinarySize { part, size } => Is::BinarySize { part, size },
            Is::EmailId(id) => Is::EmailId(f(id)),
            Is::ThreadId(id) => Is::ThreadId(id.map(f)),
            Is::SaveDate(date) => Is::SaveDate(date),
            Is::Preview(text) => Is::Preview(text.map(f)),
            Is::GmailMessageId(id) => Is::GmailMessageId(id),
            Is::GmailThreadId(id) => Is::GmailThreadId(id),
            Is::GmailLabels(labels) => Is::GmailLabels(labels.into_iter().map(f).collect()),
            Is::Other { name, value } => Is::Other { name: f(name), value: f(value) },
        }
    }
}

type Attribute<'a> = MessageAttribute<Cow<'a, [u8]>>;

/// Reads the items of one message, with their parentheses.
pub(super) fn read_items<'a>(cursor: &mut Cursor<'a>) -> Read<Vec<Attribute<'a>>> {
    // Enough for what clients mostly ask for at once, so that the list seldom grows.
    let mut items = Vec::with_capacity(if cursor.rest().len() < 128 { 4 } else { 8 });
    cursor.open()?;
    loop {
        cursor.skip_spaces();
        if cursor.eat(b')') {
            return Ok(items);
        }
        items.push(read_item(cursor)?);
    }
}

#[inline]
fn read_item<'a>(cursor: &mut Cursor<'a>) -> Read<Attribute<'a>> {
    use MessageAttribute as Is;
    let start = *cursor;
    // Most items are one of these, and spelt so.
    if cursor.eat_prefix(b"UID ") {
        cursor.skip_spaces();
        return Ok(Is::Uid(Uid::from(cursor.nz_number()?)));
    }
    if cursor.eat_prefix(b"FLAGS ") {
        cursor.skip_spaces();
        return Ok(Is::Flags(FlagList::read(cursor)?));
    }
    if cursor.eat_prefix(b"BODY[] ") {
        cursor.skip_spaces();
        if let Ok(data) = cursor.nstring() {
            return Ok(Is::Section { section: Section::whole(), origin: None, data });
        }
        *cursor = start;
    }
    let name = cursor.take_class(NAME);
    let mut word = [0; 16];
    let name = upper(name, &mut word);
    if cursor.peek() == Some(b'[') {
        return match name {
            b"BODY" | b"BODY.PEEK" => or_other(cursor, start, read_section),
            b"BINARY" | b"BINARY.PEEK" => or_other(cursor, start, read_binary),
            b"BINARY.SIZE" => or_other(cursor, start, read_binary_size),
            _ => read_other(cursor, start),
        };
    }
    cursor.space()?;
    Ok(match name {
        b"FLAGS" => Is::Flags(FlagList::read(cursor)?),
        b"UID" => Is::Uid(Uid::from(cursor.nz_number()?)),
        b"MODSEQ" => Is::ModSeq(in_parentheses(cursor, |cursor| cursor.with(mod_seq_or_zero))?),
        b"RFC822.SIZE" => Is::Size(cursor.count64()?),
        b"RFC822" => Is::Rfc822(Rfc822::Message, cursor.nstring()?),
        b"RFC822.HEADER" => Is::Rfc822(Rfc822::Header, cursor.nstring()?),
        b"RFC822.TEXT" => Is::Rfc822(Rfc822::Text, cursor.nstring()?),
        b"EMAILID" => Is::EmailId(in_parentheses(cursor, Cursor::string)?),
        b"THREADID" if cursor.eat_nil() => Is::ThreadId(None),
        b"THREADID" => Is::ThreadId(Some(in_parentheses(cursor, Cursor::string)?)),
        b"PREVIEW" => Is::Preview(cursor.nstring()?),
        b"X-GM-MSGID" => Is::GmailMessageId(cursor.number64()?),
        b"X-GM-THRID" => Is::GmailThreadId(cursor.number64()?),
        b"X-GM-LABELS" => Is::GmailLabels(cursor.list(Cursor::string)?),
        b"SAVEDATE" if cursor.eat_nil() => Is::SaveDate(None),
        // Where these make no sense, the others are still worth having.
        b"INTERNALDATE" => return or_other(cursor, start, |cursor| Ok(Is::InternalDate(cursor.date_time()?))),
        b"SAVEDATE" => return or_other(cursor, start, |cursor| Ok(Is::SaveDate(Some(cursor.date_time()?)))),
        b"ENVELOPE" => return or_other(cursor, start, |cursor| Ok(Is::Envelope(Box::new(Envelope::read(cursor)?)))),
        b"BODY" => return or_other(cursor, start, |cursor| Ok(Is::Body(BodyStructure::read(cursor)?))),
        b"BODYSTRUCTURE" => {
            return or_other(cursor, start, |cursor| Ok(Is::BodyStructure(BodyStructure::read(cursor)?)));
        }
        _ => return read_other(cursor, start),
    })
}

/// The item that begins at `start`, as it stands, if its value cannot be read for what it should be.
#[inline]
fn or_other<'a>(
    cursor: &mut Cursor<'a>,
    start: Cursor<'a>,
    read: impl FnOnce(&mut Cursor<'a>) -> Read<Attribute<'a>>,
) -> Read<Attribute<'a>> {
    read(cursor).or_else(|failure| read_other(cursor, start).map_err(|_| failure))
}

#[cold]
fn read_other<'a>(cursor: &mut Cursor<'a>, start: Cursor<'a>) -> Read<Attribute<'a>> {
    *cursor = start;
    let mut in_brackets = false;
    let name = cursor.take_while(|byte| {
        in_brackets = byte == b'[' || (in_brackets && byte != b']');
        is_atom_byte(byte) || (in_brackets && !byte.is_ascii_control())
    });
    if name.is_empty() {
        return cursor.fail(Expected::FetchAttribute);
    }
    cursor.space()?;
    Ok(MessageAttribute::Other { name: Cow::Borrowed(name), value: Cow::Borrowed(cursor.value()?) })
}

fn read_section<'a>(cursor: &mut Cursor<'a>) -> Read<Attribute<'a>> {
    let section = Section::read(cursor)?;
    let origin = read_origin(cursor)?;
    cursor.space()?;
    Ok(MessageAttribute::Section { section, origin, data: cursor.nstring()? })
}

fn read_binary<'a>(cursor: &mut Cursor<'a>) -> Read<Attribute<'a>> {
    let part = read_part(cursor)?;
    let origin = read_origin(cursor)?;
    cursor.space()?;
    Ok(MessageAttribute::Binary { part, origin, data: cursor.nstring()? })
}

fn read_binary_size<'a>(cursor: &mut Cursor<'a>) -> Read<Attribute<'a>> {
    let part = read_part(cursor)?;
    cursor.space()?;
    Ok(MessageAttribute::BinarySize { part, size: cursor.count64()? })
}

fn read_origin(cursor: &mut Cursor<'_>) -> Read<Option<u64>> {
    if !cursor.eat(b'<') {
        return Ok(None);
    }
    let origin = cursor.number64()?;
    cursor.expect(b'>', Expected::Section)?;
    Ok(Some(origin))
}

#[inline]
fn in_parentheses<'a, O>(cursor: &mut Cursor<'a>, read: impl FnOnce(&mut Cursor<'a>) -> Read<O>) -> Read<O> {
    cursor.open()?;
    cursor.skip_spaces();
    let value = read(cursor)?;
    cursor.close()?;
    Ok(value)
}
