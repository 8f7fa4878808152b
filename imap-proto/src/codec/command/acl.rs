//! SETACL, DELETEACL and LISTRIGHTS (RFC 4314); GETACL and MYRIGHTS take a mailbox alone. SETQUOTA (RFC 9208).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::codec::encode::{Unwritable, Writer};
use crate::codec::fault::Parsed;
use crate::codec::mailbox::{Mailbox, mailbox};
use crate::codec::number::number64;
use crate::codec::response::ResourceName;
use crate::codec::text::{astring, atom, list, sp};

use super::Text;

/// `SETACL mailbox identifier [+|-]rights`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAcl<T> {
    /// Of which mailbox.
    pub mailbox: Mailbox<T>,
    /// Whose rights; `-` before a name means that they are taken from him whatever else he has (RFC 4314 §2).
    pub identifier: T,
    /// What is done with the rights.
    pub action: RightsAction,
    /// The rights, a letter each.
    pub rights: T,
}

/// What SETACL does with rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RightsAction {
    /// These and no others.
    Replace,
    /// `+`: these too.
    Add,
    /// `-`: these no more.
    Remove,
}

/// `SETQUOTA root (resource limit ...)`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetQuota<T> {
    /// Of which quota root.
    pub root: T,
    /// The new limits; resources that are not named have none. STORAGE is counted in units of 1024 bytes.
    pub limits: Vec<(ResourceName<T>, u64)>,
}

impl<'a> SetAcl<Text<'a>> {
    pub(crate) fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, (mailbox, identifier)) = mailbox_and_identifier(input)?;
        let (rest, ()) = sp(rest)?;
        let (rest, signed) = astring(rest)?;
        let (action, rights) = match signed.first() {
            Some(b'+') => (RightsAction::Add, after_first(signed)),
            Some(b'-') => (RightsAction::Remove, after_first(signed)),
            _ => (RightsAction::Replace, signed),
        };
        Ok((rest, SetAcl { mailbox, identifier, action, rights }))
    }
}

fn after_first(text: Text<'_>) -> Text<'_> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(1..).unwrap_or_default()),
        Cow::Owned(mut text) => {
            text.drain(..text.len().min(1));
            Cow::Owned(text)
        }
    }
}

/// The arguments of DELETEACL and LISTRIGHTS.
pub(super) fn mailbox_and_identifier(input: &[u8]) -> Parsed<'_, (Mailbox<Text<'_>>, Text<'_>)> {
    let (rest, mailbox) = mailbox(input)?;
    let (rest, ()) = sp(rest)?;
    let (rest, identifier) = astring(rest)?;
    Ok((rest, (mailbox, identifier)))
}

impl<'a> SetQuota<Text<'a>> {
    pub(crate) fn read(input: &'a [u8]) -> Parsed<'a, Self> {
        let (rest, root) = astring(input)?;
        let (rest, ()) = sp(rest)?;
        let (rest, limits) = list(rest, |input| {
            let (rest, name) = atom(input)?;
            let (rest, ()) = sp(rest)?;
            let (rest, limit) = number64(rest)?;
            Ok((rest, (ResourceName::of(Cow::Borrowed(name)), limit)))
        })?;
        Ok((rest, SetQuota { root, limits }))
    }
}

impl<T: AsRef<[u8]>> SetAcl<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        self.mailbox.write(writer)?;
        writer.space();
        writer.astring(self.identifier.as_ref())?;
        writer.space();
        let rights = self.rights.as_ref();
        // Rights are letters and digits, so that nothing needs quotes.
        if writer.is_checking() && !rights.iter().all(u8::is_ascii_alphanumeric) {
            return Err(Unwritable::Value);
        }
        match self.action {
            RightsAction::Replace if rights.is_empty() => writer.put(b"\"\""),
            RightsAction::Replace => {}
            RightsAction::Add => writer.put(b"+"),
            RightsAction::Remove => writer.put(b"-"),
        }
        writer.put(rights);
        Ok(())
    }
}

impl<T: AsRef<[u8]>> SetQuota<T> {
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.astring(self.root.as_ref())?;
        writer.space();
        writer.list(&self.limits, |writer, (resource, limit)| {
            writer.atom(resource.name())?;
            writer.space();
            writer.number(*limit);
            if limit >> 63 == 0 { Ok(()) } else { Err(Unwritable::Value) }
        })
    }
}

impl<T> SetAcl<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> SetAcl<U> {
        let SetAcl { mailbox, identifier, action, rights } = self;
        SetAcl { mailbox: mailbox.map_text(text), identifier: text(identifier), action, rights: text(rights) }
    }
}

impl<T> SetQuota<T> {
    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> SetQuota<U> {
        let root = text(self.root);
        let limits = self.limits.into_iter().map(|(resource, limit)| (resource.map_text(text), limit)).collect();
        SetQuota { root, limits }
    }
}
