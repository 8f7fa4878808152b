//! QUOTA and QUOTAROOT (RFC 9208 §4.2, RFC 2087 §5).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::codec::cursor::{Cursor, Read};
use crate::codec::encode::{Unwritable, Writer};
use crate::codec::mailbox::Mailbox;
use crate::codec::section::upper;

/// How much of what is used, and may be, under one quota root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota<T> {
    /// The quota root's name, often empty.
    pub root: T,
    /// What is counted.
    pub resources: Vec<QuotaResource<T>>,
}

/// How much of one resource is used, and may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QuotaResource<T> {
    /// What is counted.
    pub name: ResourceName<T>,
    /// How much there is.
    pub usage: u64,
    /// How much there may be.
    pub limit: u64,
}

/// What quotas count (RFC 9208 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResourceName<T> {
    /// `STORAGE`: the messages, in units of 1024 octets.
    Storage,
    /// `MESSAGE`: how many messages.
    Message,
    /// `MAILBOX`: how many mailboxes.
    Mailbox,
    /// `ANNOTATION-STORAGE`: the annotations, in units of 1024 octets.
    AnnotationStorage,
    /// Another.
    Other(T),
}

/// The quota roots that count for a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaRoots<T> {
    /// The mailbox.
    pub mailbox: Mailbox<T>,
    /// The names of its quota roots.
    pub roots: Vec<T>,
}

impl<'a> Quota<Cow<'a, [u8]>> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        cursor.space()?;
        let root = cursor.string()?;
        cursor.space()?;
        Ok(Quota { root, resources: cursor.list(QuotaResource::read)? })
    }
}

impl<'a> QuotaResource<Cow<'a, [u8]>> {
    fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        let name = ResourceName::of(cursor.string()?);
        cursor.space()?;
        let usage = cursor.count64()?;
        cursor.space()?;
        Ok(QuotaResource { name, usage, limit: cursor.count64()? })
    }
}

impl<'a> QuotaRoots<Cow<'a, [u8]>> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        cursor.space()?;
        let mailbox = cursor.mailbox()?;
        Ok(QuotaRoots { mailbox, roots: cursor.spaced(Cursor::string)? })
    }
}

impl<T: AsRef<[u8]>> ResourceName<T> {
    /// The resource of this name.
    pub fn of(name: T) -> Self {
        match upper(name.as_ref(), &mut [0; 18]) {
            b"STORAGE" => ResourceName::Storage,
            b"MESSAGE" => ResourceName::Message,
            b"MAILBOX" => ResourceName::Mailbox,
            b"ANNOTATION-STORAGE" => ResourceName::AnnotationStorage,
            _ => ResourceName::Other(name),
        }
    }

    /// Its name.
    pub fn name(&self) -> &[u8] {
        match self {
            ResourceName::Storage => b"STORAGE",
            ResourceName::Message => b"MESSAGE",
            ResourceName::Mailbox => b"MAILBOX",
            ResourceName::AnnotationStorage => b"ANNOTATION-STORAGE",
            ResourceName::Other(name) => name.as_ref(),
        }
    }
}

impl<T> ResourceName<T> {
    /// Turns the text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> ResourceName<U> {
        match self {
            ResourceName::Storage => ResourceName::Storage,
            ResourceName::Message => ResourceName::Message,
            ResourceName::Mailbox => ResourceName::Mailbox,
            ResourceName::AnnotationStorage => ResourceName::AnnotationStorage,
            ResourceName::Other(name) => ResourceName::Other(f(name)),
        }
    }
}

impl<T> Quota<T> {
    /// Turns each text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> Quota<U> {
        let root = f(self.root);
        let resource = |resource: QuotaResource<T>| QuotaResource {
            name: resource.name.map_text(f),
            usage: resource.usage,
            limit: resource.limit,
        };
        Quota { root, resources: self.resources.into_iter().map(resource).collect() }
    }
}

impl<T> QuotaRoots<T> {
    /// Turns each text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> QuotaRoots<U> {
        QuotaRoots { mailbox: self.mailbox.map_text(f), roots: self.roots.into_iter().map(f).collect() }
    }
}

impl<T: AsRef<[u8]>> Quota<T> {
    /// Writes what stands after `QUOTA`.
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.space();
        // Quoted, for it may be empty and some readers take no word there.
        writer.string(self.root.as_ref())?;
        writer.space();
        writer.list(&self.resources, |writer, resource| {
            writer.atom(resource.name.name())?;
            writer.space();
            writer.number(resource.usage);
            writer.space();
            writer.number(resource.limit);
            Ok(())
        })
    }
}

impl<T: AsRef<[u8]>> QuotaRoots<T> {
    /// Writes what stands after `QUOTAROOT`.
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.space();
        self.mailbox.write(writer)?;
        self.roots.iter().try_for_each(|root| {
            writer.space();
            writer.string(root.as_ref())
        })
    }
}
