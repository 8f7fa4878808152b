//! ESEARCH (RFC 4466 §2.6.2, RFC 4731 §3.1, RFC 9051 §7.3.4), with what RFC 5267, RFC 7162, RFC 7377 and RFC 9394 add.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::codec::cursor::{Cursor, Read};
use crate::codec::encode::{Unwritable, Writer};
use crate::codec::fault::Expected;
use crate::codec::mailbox::Mailbox;
use crate::codec::number::{ModSeq, mod_seq_or_zero};
use crate::codec::section::upper;
use crate::codec::sequence::SequenceSet;

/// What a search has found, in the form that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Esearch<T> {
    /// Which command it answers.
    pub correlator: Option<Correlator<T>>,
    /// Whether the numbers are UIDs, not sequence numbers.
    pub uid: bool,
    /// The results. A search that found nothing has none, or a count of 0.
    pub results: Vec<EsearchItem<T>>,
}

/// Which command, and of several mailboxes which one, an ESEARCH is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correlator<T> {
    /// The command's tag.
    pub tag: T,
    /// The mailbox, where several were searched (RFC 7377 §2.2).
    pub mailbox: Option<Mailbox<T>>,
    /// The mailbox's UIDVALIDITY.
    pub uid_validity: Option<NonZeroU32>,
}

/// One result of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EsearchItem<T> {
    /// `MIN`: the lowest number.
    Min(NonZeroU32),
    /// `MAX`: the highest number.
    Max(NonZeroU32),
    /// `ALL`: all numbers; in order, if the command was SORT.
    All(SequenceSet),
    /// `COUNT`: how many there are.
    Count(u32),
    /// `MODSEQ`: the highest mod-sequence among them.
    ModSeq(ModSeq),
    /// `PARTIAL`: a stretch of the result (RFC 5267 §4.4, RFC 9394 §3.1).
    Partial {
        /// Which stretch was asked for.
        range: PartialRange,
        /// What is there; nothing beyond the end of the result.
        numbers: Option<SequenceSet>,
    },
    /// `ADDTO`: what has come into the result since, each before or at its position; 0 where there is no order (RFC 5267 §4.3).
    AddTo(Vec<(u32, SequenceSet)>),
    /// `REMOVEFROM`: what has gone from the result since, each from its position; 0 where there is no order (RFC 5267 §4.3).
    RemoveFrom(Vec<(u32, SequenceSet)>),
    /// `RELEVANCY`: how well each fits, 1 to 100 (RFC 6203 §4).
    Relevancy(Vec<u32>),
    /// Another.
    Other {
        /// Its name.
        name: T,
        /// Its value, as it stands.
        value: T,
    },
}

/// A stretch of a result, counted from 1: `1:100`, or from the end `-1:-100` (RFC 9394 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartialRange {
    /// Where it begins.
    pub first: NonZeroU32,
    /// Where it ends.
    pub last: NonZeroU32,
    /// Whether both are counted from the end of the result.
    pub from_end: bool,
}

impl PartialRange {
    /// Reads a range.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let from_end = cursor.eat(b'-');
        let first = cursor.nz_number()?;
        cursor.expect(b':', Expected::PartialRange)?;
        if cursor.eat(b'-') != from_end {
            return cursor.fail(Expected::PartialRange);
        }
        Ok(PartialRange { first, last: cursor.nz_number()?, from_end })
    }

    pub(crate) fn write(self, writer: &mut Writer<'_>) {
        for (place, number) in [self.first, self.last].into_iter().enumerate() {
            if place > 0 {
                writer.put(b":");
            }
            if self.from_end {
                writer.put(b"-");
            }
            writer.number(number.get().into());
        }
    }
}

impl<'a> Esearch<Cow<'a, [u8]>> {
    /// Reads what stands after `ESEARCH`.
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        cursor.skip_spaces();
        let correlator = if cursor.peek() == Some(b'(') { Some(Correlator::read(cursor)?) } else { None };
        cursor.skip_spaces();
        let uid = cursor.eat_word(b"UID");
        let mut results = Vec::new();
        while !cursor.is_at_end() {
            results.push(EsearchItem::read(cursor)?);
        }
        Ok(Esearch { correlator, uid, results })
    }
}

impl<'a> Correlator<Cow<'a, [u8]>> {
    fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        let (mut tag, mut mailbox, mut uid_validity) = (None, None, None);
        cursor.open()?;
        loop {
            cursor.skip_spaces();
            if cursor.eat(b')') {
                break;
            }
            let name = cursor.atom()?;
            cursor.space()?;
            match upper(name, &mut [0; 11]) {
                b"TAG" => tag = Some(cursor.string()?),
                b"MAILBOX" => mailbox = Some(cursor.mailbox()?),
                b"UIDVALIDITY" => uid_validity = Some(cursor.nz_number()?),
                _ => drop(cursor.value()?),
            }
        }
        match tag {
            Some(tag) => Ok(Correlator { tag, mailbox, uid_validity }),
            None => cursor.fail(Expected::Tag),
        }
    }
}

impl<'a> EsearchItem<Cow<'a, [u8]>> {
    fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        let name = cursor.atom()?;
        cursor.space()?;
        let start = *cursor;
        if let Ok(Some(known)) = EsearchItem::read_known(upper(name, &mut [0; 10]), cursor) {
            return Ok(known);
        }
        *cursor = start;
        Ok(EsearchItem::Other { name: Cow::Borrowed(name), value: Cow::Borrowed(cursor.value()?) })
    }

    fn read_known(name: &[u8], cursor: &mut Cursor<'a>) -> Read<Option<Self>> {
        Ok(Some(match name {
            b"MIN" => EsearchItem::Min(cursor.nz_number()?),
            b"MAX" => EsearchItem::Max(cursor.nz_number()?),
            b"ALL" => EsearchItem::All(cursor.known_set()?),
            b"COUNT" => EsearchItem::Count(cursor.number()?),
            b"MODSEQ" => EsearchItem::ModSeq(cursor.with(mod_seq_or_zero)?),
            b"PARTIAL" => {
                cursor.open()?;
                let range = PartialRange::read(cursor)?;
                cursor.space()?;
                let numbers = if cursor.eat_nil() { None } else { Some(cursor.known_set()?) };
                cursor.close()?;
                EsearchItem::Partial { range, numbers }
            }
            b"ADDTO" => EsearchItem::AddTo(cursor.list(change)?),
            b"REMOVEFROM" => EsearchItem::RemoveFrom(cursor.list(change)?),
            b"RELEVANCY" => EsearchItem::Relevancy(cursor.list(Cursor::number)?),
            _ => return Ok(None),
        }))
    }
}

fn change(cursor: &mut Cursor<'_>) -> Read<(u32, SequenceSet)> {
    let position = cursor.number()?;
    cursor.space()?;
    Ok((position, cursor.known_set()?))
}

impl<T> Esearch<T> {
    /// Turns each text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> Esearch<U> {
        let correlator = self.correlator.map(|correlator| Correlator {
            tag: f(correlator.tag),
            mailbox: correlator.mailbox.map(|mailbox| mailbox.map_text(f)),
            uid_validity: correlator.uid_validity,
        });
        Esearch { correlator, uid: self.uid, results: self.results.into_iter().map(|item| item.map_text(f)).collect() }
    }
}

impl<T> EsearchItem<T> {
    fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> EsearchItem<U> {
        use EsearchItem as Is;
        match self {
            Is::Min(number) => Is::Min(number),
            Is::Max(number) => Is::Max(number),
            Is::All(numbers) => Is::All(numbers),
            Is::Count(count) => Is::Count(count),
            Is::ModSeq(mod_seq) => Is::ModSeq(mod_seq),
            Is::Partial { range, numbers } => Is::Partial { range, numbers },
            Is::AddTo(changes) => Is::AddTo(changes),
            Is::RemoveFrom(changes) => Is::RemoveFrom(changes),
            Is::Relevancy(scores) => Is::Relevancy(scores),
            Is::Other { name, value } => Is::Other { name: f(name), value: f(value) },
        }
    }
}

impl<T: AsRef<[u8]>> Esearch<T> {
    /// Writes what stands after `ESEARCH`.
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        if let Some(correlator) = &self.correlator {
            writer.space();
            correlator.write(writer)?;
        }
        if self.uid {
            writer.put(b" UID");
        }
        self.results.iter().try_for_each(|item| {
            writer.space();
            item.write(writer)
        })
    }
}

impl<T: AsRef<[u8]>> Correlator<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.put(b"(TAG ");
        writer.string(self.tag.as_ref())?;
        if let Some(mailbox) = &self.mailbox {
            writer.put(b" MAILBOX ");
            mailbox.write(writer)?;
        }
        if let Some(number) = self.uid_validity {
            writer.put(b" UIDVALIDITY ");
            writer.number(number.get().into());
        }
        writer.put(b")");
        Ok(())
    }
}

impl<T: AsRef<[u8]>> EsearchItem<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        let numbered = |writer: &mut Writer<'_>, name: &[u8], number: u64| {
            writer.put(name);
            writer.number(number);
            Ok(())
        };
        match self {
            EsearchItem::Min(number) => numbered(writer, b"MIN ", number.get().into()),
            EsearchItem::Max(number) => numbered(writer, b"MAX ", number.get().into()),
            EsearchItem::Count(count) => numbered(writer, b"COUNT ", (*count).into()),
            EsearchItem::ModSeq(mod_seq) => numbered(writer, b"MODSEQ ", mod_seq.get()),
            EsearchItem::All(numbers) => {
                writer.put(b"ALL ");
                writer.known_set(numbers)
            }
            EsearchItem::Partial { range, numbers } => {
                writer.put(b"PARTIAL (");
                range.write(writer);
                writer.space();
                match numbers {
                    Some(numbers) => writer.known_set(numbers)?,
                    None => writer.put(b"NIL"),
                }
                writer.put(b")");
                Ok(())
            }
            EsearchItem::AddTo(changes) => {
                writer.put(b"ADDTO ");
                write_changes(writer, changes)
            }
            EsearchItem::RemoveFrom(changes) => {
                writer.put(b"REMOVEFROM ");
                write_changes(writer, changes)
            }
            EsearchItem::Relevancy(scores) => {
                writer.put(b"RELEVANCY ");
                writer.list(scores, |writer, score| numbered(writer, b"", (*score).into()))
            }
            EsearchItem::Other { name, value } => {
                writer.atom(name.as_ref())?;
                writer.space();
                writer.opaque(value.as_ref())
            }
        }
    }
}

fn write_changes(writer: &mut Writer<'_>, changes: &[(u32, SequenceSet)]) -> Result<(), Unwritable> {
    writer.list(changes, |writer, (position, numbers)| {
        writer.number((*position).into());
        writer.space();
        writer.known_set(numbers)
    })
}
