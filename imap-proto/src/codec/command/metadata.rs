//! GETMETADATA and SETMETADATA (RFC 5464).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::codec::encode::{Unwritable, Writer};
use crate::codec::fault::{Expected, Parsed, fail};
use crate::codec::mailbox::{Mailbox, mailbox};
use crate::codec::number::{digits, number};
use crate::codec::text::{astring, atom, keyword, list1, nstring8, skip_spaces, sp};

use super::{Text, is_next, named_value, write_named_value};

/// `GETMETADATA [(options)] mailbox entries`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetMetadata<T> {
    /// How much is asked for.
    pub options: Vec<MetadataOption<T>>,
    /// Of which mailbox; an empty name means the server.
    pub mailbox: Mailbox<T>,
    /// Which entries; at least one.
    pub entries: Vec<T>,
}

/// An option of GETMETADATA (RFC 5464 §4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataOption<T> {
    /// `MAXSIZE`: no value longer than so many bytes.
    MaxSize(u32),
    /// `DEPTH`: the entries alone, or those too that lie beneath them.
    Depth(Depth),
    /// Any other: its name and its value as it stands.
    Other {
        /// The name.
        name: T,
        /// The value.
        value: Option<T>,
    },
}

/// How far beneath an entry GETMETADATA looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Depth {
    /// `0`: not at all.
    Zero,
    /// `1`: to the entries directly beneath.
    One,
    /// `infinity`: to all.
    Infinity,
}

/// `SETMETADATA mailbox (entry value ...)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetMetadata<T> {
    /// Of which mailbox; an empty name means the server.
    pub mailbox: Mailbox<T>,
    /// Entries and their new values; without one, the entry goes. At least one.
    pub entries: Vec<(T, Option<T>)>,
}

/// One entry, or several in parentheses.
pub(super) fn read_entries(input: &[u8]) -> Parsed<'_, Vec<Text<'_>>> {
    if input.first() == Some(&b'(') {
        list1(input, astring)
    } else {
        astring(input).map(|(rest, entry)| (rest, Vec::from([entry])))
    }
}

pub(super) fn write_entries<T: AsRef<[u8]>>(entries: &[T], writer: &mut Writer<'_>) -> Result<(), Unwritable> {
    writer.list1(entries, |writer, entry| writer.astring(entry.as_ref()))
}

impl<'a> GetMetadata<Text<'a>> {
    pub(crate) fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (mut rest, mut options) = (input, Vec::new());
        if rest.first() == Some(&b'(') {
            let (after, some) = list1(rest, MetadataOption::read)?;
            options = some;
            rest = sp(after)?.0;
        }
        let (rest, mailbox) = mailbox(rest)?;
        let (mut rest, ()) = sp(rest)?;
        // The RFC's examples have the options here.
        if options.is_empty() && rest.first() == Some(&b'(') {
            let after = list1(rest, MetadataOption::read).ok().filter(|(after, _)| !skip_spaces(after).is_empty());
            if let Some((after, some)) = after {
                options = some;
                rest = sp(after)?.0;
            }
        }
        let (rest, entries) = read_entries(rest)?;
        Ok((rest, GetMetadata { options, mailbox, entries }))
    }
}

impl<'a> MetadataOption<Text<'a>> {
    fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, name) = atom(input)?;
        if name.eq_ignore_ascii_case(b"MAXSIZE") {
            let (rest, ()) = sp(rest)?;
            return number(rest).map(|(rest, size)| (rest, MetadataOption::MaxSize(size)));
        }
        if name.eq_ignore_ascii_case(b"DEPTH") {
            let (rest, ()) = sp(rest)?;
            if let Ok((rest, ())) = keyword(rest, b"infinity") {
                return Ok((rest, MetadataOption::Depth(Depth::Infinity)));
            }
            return match digits(rest)? {
                (rest, 0) => Ok((rest, MetadataOption::Depth(Depth::Zero))),
                (rest, 1) => Ok((rest, MetadataOption::Depth(Depth::One))),
                _ => fail(rest, Expected::SmallerNumber),
            };
        }
        let (rest, value) = if is_next(rest, b'(') { named_value(rest)? } else { (rest, None) };
        Ok((rest, MetadataOption::Other { name: Cow::Borrowed(name), value }))
    }
}

impl<'a> SetMetadata<Text<'a>> {
    pub(crate) fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, mailbox) = mailbox(input)?;
        let (rest, ()) = sp(rest)?;
        let (rest, entries) = list1(rest, |input| {
            let (rest, entry) = astring(input)?;
            let (rest, ()) = sp(rest)?;
            let (rest, value) = nstring8(rest)?;
            Ok((rest, (entry, value)))
        })?;
        Ok((rest, SetMetadata { mailbox, entries }))
    }
}

impl<T: AsRef<[u8]>> GetMetadata<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        if !self.options.is_empty() {
            writer.list(&self.options, |writer, option| option.write(writer))?;
            writer.space();
        }
        self.mailbox.write(writer)?;
        writer.space();
        write_entries(&self.entries, writer)
    }
}

impl<T: AsRef<[u8]>> MetadataOption<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        match self {
            MetadataOption::MaxSize(size) => {
                writer.put(b"MAXSIZE ");
                writer.number(u64::from(*size));
            }
            MetadataOption::Depth(depth) => writer.put(match depth {
                Depth::Zero => b"DEPTH 0",
                Depth::One => b"DEPTH 1",
                Depth::Infinity => b"DEPTH infinity",
            }),
            MetadataOption::Other { name, value } => {
                if value.as_ref().is_some_and(|value| !value.as_ref().starts_with(b"(")) {
                    return Err(Unwritable::Value);
                }
                return write_named_value(name, value.as_ref(), writer);
            }
        }
        Ok(())
    }
}

impl<T: AsRef<[u8]>> SetMetadata<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        self.mailbox.write(writer)?;
        writer.space();
        writer.list1(&self.entries, |writer, (entry, value)| {
            writer.astring(entry.as_ref())?;
            writer.space();
            match value {
                Some(value) => writer.string8(value.as_ref()),
                None => writer.nstring(None),
            }
        })
    }
}

impl<T> GetMetadata<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> GetMetadata<U> {
        let option = |option| match option {
            MetadataOption::MaxSize(size) => MetadataOption::MaxSize(size),
            MetadataOption::Depth(depth) => MetadataOption::Depth(depth),
            MetadataOption::Other { name, value } => {
                MetadataOption::Other { name: text(name), value: value.map(&mut *text) }
            }
        };
        let options = self.options.into_iter().map(option).collect();
        let mailbox = self.mailbox.map_text(text);
        GetMetadata { options, mailbox, entries: self.entries.into_iter().map(text).collect() }
    }
}

impl<T> SetMetadata<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> SetMetadata<U> {
        let mailbox = self.mailbox.map_text(text);
        let entries = self.entries.into_iter().map(|(entry, value)| (text(entry), value.map(&mut *text)));
        SetMetadata { mailbox, entries: entries.collect() }
    }
}
