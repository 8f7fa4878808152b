//! APPEND, with MULTIAPPEND, CATENATE and UTF8 (RFC 9051 §6.3.12, RFC 3502, RFC 4469, RFC 6855 §4), and REPLACE (RFC 8508).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::codec::date::{DateTime, date_time};
use crate::codec::encode::{Encode, Unwritable, Writer};
use crate::codec::fault::{Expected, Fault, Parsed, fail};
use crate::codec::flag::{Flag, flag};
use crate::codec::mailbox::{Mailbox, mailbox};
use crate::codec::sequence::Bound;
use crate::codec::text::{
    Literal, astring, byte, end, is_opaque, keyword, list, literal, literal_head, opaque, skip_spaces, sp,
};

use super::{Text, number_or_last};

/// `APPEND mailbox message ...`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append<T> {
    /// Where to.
    pub mailbox: Mailbox<T>,
    /// One message, or with MULTIAPPEND several.
    ///
    /// Where the last one's text is [announced](Content::Announced), more may come after it, in [`Further`] pieces.
    pub messages: Vec<NewMessage<T>>,
}

/// `[UID] REPLACE number mailbox message`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replace<T> {
    /// Whether the number is a UID.
    pub uid: bool,
    /// The message that goes.
    pub number: Bound,
    /// Where the new one comes.
    pub mailbox: Mailbox<T>,
    /// The message that comes.
    pub message: NewMessage<T>,
}

/// A message that is to be stored, with what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage<T> {
    /// Its flags, if they were told.
    pub flags: Option<Vec<Flag<T>>>,
    /// Its INTERNALDATE, if it was told.
    pub date: Option<DateTime>,
    /// What extensions say of it (`append-ext`, RFC 4466 §2.5), such as ANNOTATION: name and value as they stand.
    pub extensions: Vec<(T, T)>,
    /// Its text.
    pub data: MessageData<T>,
}

/// Where a new message's text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageData<T> {
    /// A literal or literal8.
    Literal(Content<T>),
    /// `UTF8 (~{n}...)`: a message with UTF-8 in its header (RFC 6855 §4).
    Utf8(Content<T>),
    /// `CATENATE (...)`: parts that are put together.
    Catenate(Vec<CatenatePart<T>>),
}

/// A part of a message that is put together (RFC 4469 §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatenatePart<T> {
    /// `URL`: what this IMAP URL names.
    Url(T),
    /// `TEXT`: these bytes.
    Text(Content<T>),
}

/// The text of a message, or of a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content<T> {
    /// All of it.
    Whole {
        /// Whether it came, or is to be sent, as a literal8.
        binary: bool,
        /// The bytes.
        bytes: T,
    },
    /// Nothing of it yet: its bytes are streamed after what was said so far.
    Announced(Literal),
}

/// What an APPEND or REPLACE says between the text of a message and the next, or the end (see [`Frame::Message`](crate::codec::Frame::Message)
/// and [`Frame::Rest`](crate::codec::Frame::Rest)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Further<T> {
    /// What else the message consists of, where it is put together by CATENATE.
    pub parts: Vec<CatenatePart<T>>,
    /// Further messages.
    pub messages: Vec<NewMessage<T>>,
}

/// Where in a message's data a text stands that is streamed; what comes after it depends on that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Within {
    /// The text is the message.
    Message,
    /// The text is the message, and a parenthesis closes it.
    Utf8,
    /// The text is a part of CATENATE.
    Catenate,
}

impl<T> MessageData<T> {
    /// Where the text stands that is announced last, if one is.
    pub fn announced(&self) -> Option<(Within, Literal)> {
        match self {
            MessageData::Literal(Content::Announced(literal)) => Some((Within::Message, *literal)),
            MessageData::Utf8(Content::Announced(literal)) => Some((Within::Utf8, *literal)),
            MessageData::Catenate(parts) => announced_part(parts),
            _ => None,
        }
    }
}

fn announced_part<T>(parts: &[CatenatePart<T>]) -> Option<(Within, Literal)> {
    match parts.last() {
        Some(CatenatePart::Text(Content::Announced(literal))) => Some((Within::Catenate, *literal)),
        _ => None,
    }
}

fn announced_message<T>(messages: &[NewMessage<T>]) -> Option<(Within, Literal)> {
    messages.last().and_then(|message| message.data.announced())
}

impl<T> Append<T> {
    /// Where the text stands that is announced last, if one is: its bytes, and then [`Further`], follow.
    pub fn announced(&self) -> Option<(Within, Literal)> {
        announced_message(&self.messages)
    }
}

impl<T> Further<T> {
    /// Where the text stands that is announced last, if one is.
    pub fn announced(&self) -> Option<(Within, Literal)> {
        if self.messages.is_empty() { announced_part(&self.parts) } else { announced_message(&self.messages) }
    }
}

impl<'a> Further<Cow<'a, [u8]>> {
    /// Parses what follows a text that stood so, without its line end: a piece that ends in the next announcement, or the rest of the command.
    ///
    /// # Errors
    ///
    /// [`Fault`], with the place in this piece.
    pub fn parse(piece: &'a [u8], within: Within) -> Result<Self, Fault> {
        Further::read(piece, within).map(|(_, further)| further).map_err(|failure| Fault::of(piece, failure))
    }

    fn read(piece: &'a [u8], within: Within) -> Parsed<'a, Self> {
        let mut further = Further { parts: Vec::new(), messages: Vec::new() };
        let mut rest = piece;
        match within {
            Within::Message => {}
            Within::Utf8 => rest = byte(skip_spaces(rest), b')', Expected::Close)?.0,
            Within::Catenate => {
                let (after, is_closed) = read_parts(rest, &mut further.parts)?;
                if !is_closed {
                    return Ok((after, further));
                }
                rest = after;
            }
        }
        let (rest, ()) = read_messages(rest, &mut further.messages)?;
        Ok((rest, further))
    }
}

impl<'a> Append<Text<'a>> {
    pub(crate) fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, mailbox) = mailbox(input)?;
        let mut messages = Vec::with_capacity(1);
        let (rest, ()) = read_messages(rest, &mut messages)?;
        if messages.is_empty() { fail(rest, Expected::Literal) } else { Ok((rest, Append { mailbox, messages })) }
    }
}

/// Messages to the end of the command, or to one that is announced.
fn read_messages<'a>(mut rest: &'a [u8], messages: &mut Vec<NewMessage<Text<'a>>>) -> Parsed<'a, ()> {
    while end(rest).is_err() {
        let (after, ()) = sp(rest)?;
        let (after, message) = NewMessage::read(after)?;
        messages.push(message);
        rest = after;
        if announced_message(messages).is_some() {
            break;
        }
    }
    Ok((rest, ()))
}

impl<'a> Replace<Text<'a>> {
    pub(crate) fn read(input: &'a [u8], uid: bool) -> Parsed<'a, Self> {
        let (rest, number) = number_or_last(input)?;
        let (rest, ()) = sp(rest)?;
        let (rest, mailbox) = mailbox(rest)?;
        let (rest, ()) = sp(rest)?;
        let (rest, message) = NewMessage::read(rest)?;
        Ok((rest, Replace { uid, number, mailbox, message }))
    }
}

impl<'a> NewMessage<Text<'a>> {
    fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (mut rest, mut flags, mut date) = (input, None, None);
        let mut extensions = Vec::new();
        if rest.first() == Some(&b'(') {
            let (after, some) = list(rest, flag)?;
            flags = Some(some);
            rest = sp(after)?.0;
        }
        if rest.first() == Some(&b'"') {
            let (after, some) = date_time(rest)?;
            date = Some(some);
            rest = sp(after)?.0;
        }
        loop {
            if matches!(rest, [b'{', ..] | [b'~', b'{', ..]) {
                let (rest, content) = read_content(rest)?;
                return Ok((rest, NewMessage { flags, date, extensions, data: MessageData::Literal(content) }));
            }
            let (after, name) = word(rest)?;
            let (after, ()) = sp(after)?;
            if name.eq_ignore_ascii_case(b"CATENATE") {
                let mut parts = Vec::new();
                let (after, ()) = byte(after, b'(', Expected::Open)?;
                let (rest, _) = read_parts(after, &mut parts)?;
                return Ok((rest, NewMessage { flags, date, extensions, data: MessageData::Catenate(parts) }));
            }
            if name.eq_ignore_ascii_case(b"UTF8") {
                let (after, ()) = byte(after, b'(', Expected::Open)?;
                let (mut rest, content) = read_content(skip_spaces(after))?;
                if let Content::Whole { .. } = content {
                    rest = byte(skip_spaces(rest), b')', Expected::Close)?.0;
                }
                return Ok((rest, NewMessage { flags, date, extensions, data: MessageData::Utf8(content) }));
            }
            let (after, value) = opaque(after)?;
            extensions.push((Cow::Borrowed(name), Cow::Borrowed(value)));
            rest = sp(after)?.0;
        }
    }
}

fn word(input: &[u8]) -> Parsed<'_, &[u8]> {
    crate::codec::text::atom(input).or_else(|_| fail(input, Expected::Literal))
}

/// A literal of either kind; or its announcement, if nothing follows it.
fn read_content<'a>(input: &'a [u8]) -> Parsed<'a, Content<Text<'a>>> {
    if let Some((0, announced)) = Literal::at_end_of(input) {
        return Ok((&[], Content::Announced(announced)));
    }
    let (after, announced) = literal_head(input)?;
    if after.is_empty() && announced.len > 0 {
        return Ok((after, Content::Announced(announced)));
    }
    // NUL is for whoever stores the message to judge, as it is when the text is streamed.
    match usize::try_from(announced.len).ok().and_then(|len| after.split_at_checked(len)) {
        Some((bytes, rest)) => Ok((rest, Content::Whole { binary: announced.binary, bytes: Cow::Borrowed(bytes) })),
        None => literal(input, true).and_then(|_| fail(after, Expected::StringEnd)),
    }
}

/// The parts of CATENATE up to the parenthesis that closes them, or to a text that is announced; tells which.
fn read_parts<'a>(input: &'a [u8], parts: &mut Vec<CatenatePart<Text<'a>>>) -> Parsed<'a, bool> {
    let mut rest = input;
    loop {
        rest = skip_spaces(rest);
        if let [b')', after @ ..] = rest {
            return Ok((after, true));
        }
        if let Ok((after, ())) = keyword(rest, b"URL") {
            let (after, ()) = sp(after)?;
            let (after, url) = astring(after)?;
            parts.push(CatenatePart::Url(url));
            rest = after;
            continue;
        }
        let (after, ()) = keyword(rest, b"TEXT")?;
        let (after, ()) = sp(after)?;
        let (after, content) = read_content(after)?;
        parts.push(CatenatePart::Text(content));
        rest = after;
        if announced_part(parts).is_some() {
            return Ok((rest, false));
        }
    }
}

impl<T: AsRef<[u8]>> Append<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<bool, Unwritable> {
        self.mailbox.write(writer)?;
        if self.messages.is_empty() {
            return Err(Unwritable::Empty);
        }
        write_messages(&self.messages, writer)
    }
}

impl<T: AsRef<[u8]>> Replace<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<bool, Unwritable> {
        match self.number.number() {
            Some(number) => writer.number(u64::from(number.get())),
            None => writer.put(b"*"),
        }
        writer.space();
        self.mailbox.write(writer)?;
        writer.space();
        self.message.write(writer)
    }
}

/// Writes a space and a message for each, and says whether the last is only announced, so that no line end may follow.
fn write_messages<T: AsRef<[u8]>>(messages: &[NewMessage<T>], writer: &mut Writer<'_>) -> Result<bool, Unwritable> {
    let mut is_announced = false;
    for message in messages {
        if is_announced {
            return Err(Unwritable::AfterAnnounced);
        }
        writer.space();
        is_announced = message.write(writer)?;
    }
    Ok(is_announced)
}

impl<T: AsRef<[u8]>> NewMessage<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<bool, Unwritable> {
        if let Some(flags) = &self.flags {
            writer.list(flags, |writer, flag| flag.write(writer))?;
            writer.space();
        }
        if let Some(date) = self.date {
            date.write(writer);
            writer.space();
        }
        for (name, value) in &self.extensions {
            // Read again, these would begin the message's data.
            let is_data = [&b"CATENATE"[..], b"UTF8"].iter().any(|data| name.as_ref().eq_ignore_ascii_case(data));
            if is_data || !is_opaque(value.as_ref()) {
                return Err(Unwritable::Value);
            }
            writer.atom(name.as_ref())?;
            writer.space();
            writer.opaque(value.as_ref())?;
            writer.space();
        }
        match &self.data {
            MessageData::Literal(content) => content.write(writer),
            MessageData::Utf8(content) => {
                writer.put(b"UTF8 (");
                let is_announced = content.write(writer)?;
                if !is_announced {
                    writer.put(b")");
                }
                Ok(is_announced)
            }
            MessageData::Catenate(parts) if parts.is_empty() => Err(Unwritable::Empty),
            MessageData::Catenate(parts) => {
                writer.put(b"CATENATE (");
                write_parts(parts, writer, false)
            }
        }
    }
}

impl<T: AsRef<[u8]>> Content<T> {
    /// Says whether the text is only announced.
    fn write(&self, writer: &mut Writer<'_>) -> Result<bool, Unwritable> {
        match self {
            Content::Whole { binary: true, bytes } => writer.literal8(bytes.as_ref()),
            Content::Whole { binary: false, bytes } => writer.literal(bytes.as_ref())?,
            Content::Announced(literal) => writer.announce(*literal),
        }
        Ok(matches!(self, Content::Announced(_)))
    }
}

/// Writes parts and what closes them, unless the last is only announced, which it says.
fn write_parts<T: AsRef<[u8]>>(
    parts: &[CatenatePart<T>],
    writer: &mut Writer<'_>,
    mut needs_space: bool,
) -> Result<bool, Unwritable> {
    let mut is_announced = false;
    for part in parts {
        if is_announced {
            return Err(Unwritable::AfterAnnounced);
        }
        if needs_space {
            writer.space();
        }
        needs_space = true;
        match part {
            CatenatePart::Url(url) => {
                writer.put(b"URL ");
                writer.astring(url.as_ref())?;
            }
            CatenatePart::Text(content) => {
                writer.put(b"TEXT ");
                is_announced = content.write(writer)?;
            }
        }
    }
    if !is_announced {
        writer.put(b")");
    }
    Ok(is_announced)
}

/// What follows a text that stood so: it is written after the text's last byte.
#[derive(Clone, Copy, Debug)]
pub struct After<'f, T> {
    /// Where the text stood.
    pub within: Within,
    /// What follows it.
    pub further: &'f Further<T>,
}

impl<T: AsRef<[u8]>> Encode for After<'_, T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        let mut is_announced = false;
        match self.within {
            Within::Catenate => is_announced = write_parts(&self.further.parts, writer, true)?,
            _ if !self.further.parts.is_empty() => return Err(Unwritable::Value),
            Within::Utf8 => writer.put(b")"),
            Within::Message => {}
        }
        if !self.further.messages.is_empty() {
            if is_announced {
                return Err(Unwritable::AfterAnnounced);
            }
            is_announced = write_messages(&self.further.messages, writer)?;
        }
        if !is_announced {
            writer.line_end();
        }
        Ok(())
    }
}

impl<T> Append<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> Append<U> {
        Append { mailbox: self.mailbox.map_text(text), messages: map_messages(self.messages, text) }
    }
}

impl<T> Replace<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> Replace<U> {
        let Replace { uid, number, mailbox, message } = self;
        Replace { uid, number, mailbox: mailbox.map_text(text), message: message.map_text(text) }
    }
}

impl<T> Further<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> Further<U> {
        Further { parts: map_parts(self.parts, text), messages: map_messages(self.messages, text) }
    }
}

impl<T> NewMessage<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> NewMessage<U> {
        NewMessage {
            flags: self.flags.map(|flags| flags.into_iter().map(|flag| flag.map_text(text)).collect()),
            date: self.date,
            extensions: self.extensions.into_iter().map(|(name, value)| (text(name), text(value))).collect(),
            data: match self.data {
                MessageData::Literal(content) => MessageData::Literal(content.map_text(text)),
                MessageData::Utf8(content) => MessageData::Utf8(content.map_text(text)),
                MessageData::Catenate(parts) => MessageData::Catenate(map_parts(parts, text)),
            },
        }
    }
}

impl<T> Content<T> {
    fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> Content<U> {
        match self {
            Content::Whole { binary, bytes } => Content::Whole { binary, bytes: text(bytes) },
            Content::Announced(literal) => Content::Announced(literal),
        }
    }
}

fn map_messages<T, U>(messages: Vec<NewMessage<T>>, text: &mut impl FnMut(T) -> U) -> Vec<NewMessage<U>> {
    messages.into_iter().map(|message| message.map_text(text)).collect()
}

fn map_parts<T, U>(parts: Vec<CatenatePart<T>>, text: &mut impl FnMut(T) -> U) -> Vec<CatenatePart<U>> {
    let part = |part| match part {
        CatenatePart::Url(url) => CatenatePart::Url(text(url)),
        CatenatePart::Text(content) => CatenatePart::Text(content.map_text(text)),
    };
    parts.into_iter().map(part).collect()
}
