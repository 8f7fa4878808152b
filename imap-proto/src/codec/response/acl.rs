//! ACL, LISTRIGHTS and MYRIGHTS (RFC 4314 §3.6 to §3.8).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::codec::cursor::{Cursor, Read};
use crate::codec::encode::{Unwritable, Writer};
use crate::codec::mailbox::Mailbox;

/// Who may do what with a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acl<T> {
    /// The mailbox.
    pub mailbox: Mailbox<T>,
    /// Identifiers, each with its rights, a letter for each. With `-` before the identifier those that it has not.
    pub entries: Vec<(T, T)>,
}

/// Which rights can be given to an identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListRights<T> {
    /// The mailbox.
    pub mailbox: Mailbox<T>,
    /// Whose rights they are.
    pub identifier: T,
    /// The rights it always has.
    pub required: T,
    /// The rights it can be given; those of one group only together.
    pub optional: Vec<T>,
}

/// What the user himself may do with a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MyRights<T> {
    /// The mailbox.
    pub mailbox: Mailbox<T>,
    /// The rights, a letter for each.
    pub rights: T,
}

impl<'a> Acl<Cow<'a, [u8]>> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        cursor.space()?;
        let mailbox = cursor.mailbox()?;
        let entries = cursor.spaced(|cursor| {
            let identifier = cursor.string()?;
            cursor.space()?;
            Ok((identifier, cursor.string()?))
        })?;
        Ok(Acl { mailbox, entries })
    }
}

impl<'a> ListRights<Cow<'a, [u8]>> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        cursor.space()?;
        let mailbox = cursor.mailbox()?;
        cursor.space()?;
        let identifier = cursor.string()?;
        cursor.space()?;
        let required = cursor.string()?;
        Ok(ListRights { mailbox, identifier, required, optional: cursor.spaced(Cursor::string)? })
    }
}

impl<'a> MyRights<Cow<'a, [u8]>> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        cursor.space()?;
        let mailbox = cursor.mailbox()?;
        cursor.space()?;
        Ok(MyRights { mailbox, rights: cursor.string()? })
    }
}

impl<T> Acl<T> {
    /// Turns each text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> Acl<U> {
        let mailbox = self.mailbox.map_text(f);
        Acl { mailbox, entries: self.entries.into_iter().map(|(who, rights)| (f(who), f(rights))).collect() }
    }
}

impl<T> ListRights<T> {
    /// Turns each text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> ListRights<U> {
        ListRights {
            mailbox: self.mailbox.map_text(f),
            identifier: f(self.identifier),
            required: f(self.required),
            optional: self.optional.into_iter().map(f).collect(),
        }
    }
}

impl<T> MyRights<T> {
    /// Turns each text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> MyRights<U> {
        MyRights { mailbox: self.mailbox.map_text(f), rights: f(self.rights) }
    }
}

impl<T: AsRef<[u8]>> Acl<T> {
    /// Writes what stands after `ACL`.
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.space();
        self.mailbox.write(writer)?;
        self.entries.iter().try_for_each(|(identifier, rights)| {
            writer.space();
            writer.astring(identifier.as_ref())?;
            writer.space();
            writer.astring(rights.as_ref())
        })
    }
}

impl<T: AsRef<[u8]>> ListRights<T> {
    /// Writes what stands after `LISTRIGHTS`.
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.space();
        self.mailbox.write(writer)?;
        [&self.identifier, &self.required].into_iter().chain(&self.optional).try_for_each(|text| {
            writer.space();
            writer.astring(text.as_ref())
        })
    }
}

impl<T: AsRef<[u8]>> MyRights<T> {
    /// Writes what stands after `MYRIGHTS`.
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.space();
        self.mailbox.write(writer)?;
        writer.space();
        writer.astring(self.rights.as_ref())
    }
}
