//! What names a part of a message: the section of `BODY[section]` (RFC 3501 §6.4.5, RFC 9051 §6.4.5).

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::cursor::{Cursor, NAME, Read};
use super::encode::{Unwritable, Writer};
use super::fault::Expected;
use super::text::likely_items;
use super::word::{Word, known_words};

/// A part of a message, or something of it. Without either, the whole message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Section<T> {
    /// The part's numbers, `1.2`; empty for the message itself.
    pub part: Vec<NonZeroU32>,
    /// What is meant of the part; absent for its body.
    pub text: Option<SectionText<T>>,
}

/// What is meant of a message or of a part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SectionText<T> {
    /// `HEADER`: the header of the message, or of the message that the part is.
    Header,
    /// `HEADER.FIELDS (...)`: of that header the fields of these names.
    HeaderFields(Vec<T>),
    /// `HEADER.FIELDS.NOT (...)`: of that header the fields of other names.
    HeaderFieldsNot(Vec<T>),
    /// `TEXT`: the body of the message, or of the message that the part is.
    Text,
    /// `MIME`: the MIME header of the part.
    Mime,
}

impl<T> Section<T> {
    /// The whole message.
    pub const fn whole() -> Self {
        Section { part: Vec::new(), text: None }
    }

    /// Turns each text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> Section<U> {
        Section { part: self.part, text: self.text.map(|text| text.map_text(f)) }
    }
}

impl<T> SectionText<T> {
    fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> SectionText<U> {
        match self {
            SectionText::Header => SectionText::Header,
            SectionText::HeaderFields(names) => SectionText::HeaderFields(names.into_iter().map(f).collect()),
            SectionText::HeaderFieldsNot(names) => SectionText::HeaderFieldsNot(names.into_iter().map(f).collect()),
            SectionText::Text => SectionText::Text,
            SectionText::Mime => SectionText::Mime,
        }
    }
}

impl<'a> Section<Cow<'a, [u8]>> {
    /// Reads a section with its brackets.
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        cursor.expect(b'[', Expected::Section)?;
        let part = read_numbers(cursor)?;
        if cursor.eat(b']') {
            return Ok(Section { part, text: None });
        }
        let name = cursor.take_class(NAME);
        known_words!(HEADER HEADER_FIELDS TEXT MIME);
        let text = match Word::of(name) {
            HEADER => SectionText::Header,
            HEADER_FIELDS => SectionText::HeaderFields(read_names(cursor)?),
            TEXT => SectionText::Text,
            MIME => SectionText::Mime,
            // It is too long for a word.
            _ if name.eq_ignore_ascii_case(b"HEADER.FIELDS.NOT") => SectionText::HeaderFieldsNot(read_names(cursor)?),
            _ => return cursor.fail(Expected::Section),
        };
        cursor.expect(b']', Expected::Section)?;
        Ok(Section { part, text: Some(text) })
    }
}

impl<T: AsRef<[u8]>> Section<T> {
    /// Writes the section with its brackets.
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.put(b"[");
        write_numbers(writer, &self.part);
        if let Some(text) = &self.text {
            if !self.part.is_empty() {
                writer.put(b".");
            }
            text.write(writer)?;
        }
        writer.put(b"]");
        Ok(())
    }
}

impl<T: AsRef<[u8]>> SectionText<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        let (word, names): (&[u8], &[T]) = match self {
            SectionText::Header => (b"HEADER", &[]),
            SectionText::Text => (b"TEXT", &[]),
            SectionText::Mime => (b"MIME", &[]),
            SectionText::HeaderFields(names) => (b"HEADER.FIELDS ", names),
            SectionText::HeaderFieldsNot(names) => (b"HEADER.FIELDS.NOT ", names),
        };
        writer.put(word);
        if word.ends_with(b" ") {
            writer.list1(names, |writer, name| writer.astring(name.as_ref()))?;
        }
        Ok(())
    }
}

/// Writes `[1.2]`.
pub(super) fn write_part(writer: &mut Writer<'_>, part: &[NonZeroU32]) {
    writer.put(b"[");
    write_numbers(writer, part);
    writer.put(b"]");
}

fn write_numbers(writer: &mut Writer<'_>, part: &[NonZeroU32]) {
    for (place, number) in part.iter().enumerate() {
        if place > 0 {
            writer.put(b".");
        }
        writer.number(number.get().into());
    }
}

/// Reads `[1.2]`, as BINARY has it (RFC 3516 §7).
pub(super) fn read_part(cursor: &mut Cursor<'_>) -> Read<Vec<NonZeroU32>> {
    cursor.expect(b'[', Expected::Section)?;
    let part = read_numbers(cursor)?;
    cursor.expect(b']', Expected::Section)?;
    Ok(part)
}

/// Reads numbers with a dot after each, but for the last before a bracket.
fn read_numbers(cursor: &mut Cursor<'_>) -> Read<Vec<NonZeroU32>> {
    let mut numbers = Vec::new();
    while cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        numbers.push(cursor.nz_number()?);
        if !cursor.eat(b'.') {
            break;
        }
    }
    Ok(numbers)
}

fn read_names<'a>(cursor: &mut Cursor<'a>) -> Read<Vec<Cow<'a, [u8]>>> {
    cursor.space()?;
    cursor.open()?;
    let mut names = Vec::with_capacity(likely_items(cursor.rest()));
    loop {
        cursor.skip_spaces();
        if cursor.eat(b')') {
            return Ok(names);
        }
        // Most are atoms.
        let name = match cursor.peek() {
            Some(b'"' | b'{' | b'~') => cursor.string()?,
            _ => Cow::Borrowed(cursor.atom()?),
        };
        names.push(name);
    }
}

/// `word` in upper case; nothing where it is longer than any that is looked for.
#[inline]
pub(super) fn upper<'w>(word: &'w [u8], room: &'w mut [u8]) -> &'w [u8] {
    // Most are spelt so already.
    if !may_have_lower_case(word) {
        return word;
    }
    let Some(upper) = room.get_mut(..word.len()) else { return &[] };
    upper.copy_from_slice(word);
    upper.make_ascii_uppercase();
    upper
}

/// Whether a byte has the two bits that all lower case letters have.
#[inline]
fn may_have_lower_case(word: &[u8]) -> bool {
    const BIT: u64 = u64::from_le_bytes([0x40; 8]);
    let has_both = |bytes: u64| bytes & (bytes << 1) & BIT != 0;
    let of_four = |four: &[u8; 4]| u64::from(u32::from_le_bytes(*four));
    // The first and the last bytes may be the same ones.
    match word.len() {
        0..4 => word.iter().any(|byte| has_both((*byte).into())),
        4..=8 => match (word.first_chunk(), word.last_chunk()) {
            (Some(first), Some(last)) => has_both(of_four(first) | of_four(last) << 32),
            _ => true,
        },
        9..=16 => match (word.first_chunk(), word.last_chunk()) {
            (Some(first), Some(last)) => has_both(u64::from_le_bytes(*first)) || has_both(u64::from_le_bytes(*last)),
            _ => true,
        },
        _ => true,
    }
}
