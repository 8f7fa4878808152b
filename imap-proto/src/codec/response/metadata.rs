//! METADATA (RFC 5464 §4.4).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::codec::cursor::{Cursor, Read};
use crate::codec::encode::{Unwritable, Writer};
use crate::codec::mailbox::Mailbox;

/// Entries of the metadata of a mailbox, or of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata<T> {
    /// The mailbox; with an empty name the server.
    pub mailbox: Mailbox<T>,
    /// The entries.
    pub entries: MetadataEntries<T>,
}

/// Entries, with or without their values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataEntries<T> {
    /// Names, each with its value if it has one: what GETMETADATA asked for.
    Values(Vec<(T, Option<T>)>),
    /// The names of entries that have changed, told unasked.
    Changed(Vec<T>),
}

impl<'a> Metadata<Cow<'a, [u8]>> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        cursor.space()?;
        let mailbox = cursor.mailbox()?;
        let mut after = *cursor;
        after.skip_spaces();
        let entries = if after.peek() == Some(b'(') {
            *cursor = after;
            MetadataEntries::Values(cursor.list(|cursor| {
                let name = cursor.string()?;
                cursor.space()?;
                Ok((name, cursor.nstring()?))
            })?)
        } else {
            MetadataEntries::Changed(cursor.spaced(Cursor::string)?)
        };
        Ok(Metadata { mailbox, entries })
    }
}

impl<T> Metadata<T> {
    /// Turns each text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> Metadata<U> {
        let mailbox = self.mailbox.map_text(f);
        let entries = match self.entries {
            MetadataEntries::Values(values) => {
                let value = |(name, value): (T, Option<T>)| (f(name), value.map(&mut *f));
                MetadataEntries::Values(values.into_iter().map(value).collect())
            }
            MetadataEntries::Changed(names) => MetadataEntries::Changed(names.into_iter().map(f).collect()),
        };
        Metadata { mailbox, entries }
    }
}

impl<T: AsRef<[u8]>> Metadata<T> {
    /// Writes what stands after `METADATA`.
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.space();
        self.mailbox.write(writer)?;
        match &self.entries {
            MetadataEntries::Values(values) => {
                writer.space();
                writer.list(values, |writer, (name, value)| {
                    writer.astring(name.as_ref())?;
                    writer.space();
                    match value {
                        Some(value) => writer.string8(value.as_ref()),
                        None => writer.nstring(None),
                    }
                })
            }
            MetadataEntries::Changed(names) => names.iter().try_for_each(|name| {
                writer.space();
                writer.astring(name.as_ref())
            }),
        }
    }
}
