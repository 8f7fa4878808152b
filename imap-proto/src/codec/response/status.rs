//! STATUS (RFC 3501 §7.2.4, RFC 9051 §7.3.4), with what extensions count.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::codec::cursor::{Cursor, Read};
use crate::codec::encode::{Unwritable, Writer};
use crate::codec::mailbox::Mailbox;
use crate::codec::number::{ModSeq, Uid, mod_seq_or_zero};
use crate::codec::section::upper;

/// What STATUS tells of a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxStatus<T> {
    /// The mailbox.
    pub mailbox: Mailbox<T>,
    /// What was asked for, in any order.
    pub values: Vec<StatusValue<T>>,
}

/// One thing that STATUS tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatusValue<T> {
    /// `MESSAGES`: how many there are.
    Messages(u32),
    /// `RECENT`: how many came since a client last looked (RFC 3501).
    Recent(u32),
    /// `UIDNEXT`
    UidNext(Uid),
    /// `UIDVALIDITY`
    UidValidity(NonZeroU32),
    /// `UNSEEN`: how many are not seen.
    Unseen(u32),
    /// `DELETED`: how many are marked as deleted (RFC 9051).
    Deleted(u32),
    /// `SIZE`: of all together, in octets (RFC 8438).
    Size(u64),
    /// `DELETED-STORAGE`: what expunging would free, in octets (RFC 9208).
    DeletedStorage(u64),
    /// `HIGHESTMODSEQ`: 0 where the mailbox has no mod-sequences (RFC 7162).
    HighestModSeq(ModSeq),
    /// `MAILBOXID` (RFC 8474)
    MailboxId(T),
    /// `APPENDLIMIT`: the longest message it takes, in octets; absent where there is no limit (RFC 7889).
    AppendLimit(Option<u64>),
    /// What this crate does not know, or cannot make sense of.
    Other {
        /// Its name.
        name: T,
        /// Its value, as it stands.
        value: T,
    },
}

impl<'a> MailboxStatus<Cow<'a, [u8]>> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        cursor.space()?;
        let mailbox = cursor.mailbox()?;
        cursor.space()?;
        Ok(MailboxStatus { mailbox, values: cursor.list(StatusValue::read)? })
    }
}

impl<'a> StatusValue<Cow<'a, [u8]>> {
    fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        let name = cursor.atom()?;
        cursor.space()?;
        let start = *cursor;
        if let Ok(Some(known)) = StatusValue::read_known(upper(name, &mut [0; 15]), cursor) {
            return Ok(known);
        }
        *cursor = start;
        Ok(StatusValue::Other { name: Cow::Borrowed(name), value: Cow::Borrowed(cursor.value()?) })
    }

    fn read_known(name: &[u8], cursor: &mut Cursor<'a>) -> Read<Option<Self>> {
        Ok(Some(match name {
            b"MESSAGES" => StatusValue::Messages(cursor.count()?),
            b"RECENT" => StatusValue::Recent(cursor.count()?),
            b"UIDNEXT" => StatusValue::UidNext(cursor.nz_number()?.into()),
            b"UIDVALIDITY" => StatusValue::UidValidity(cursor.nz_number()?),
            b"UNSEEN" => StatusValue::Unseen(cursor.count()?),
            b"DELETED" => StatusValue::Deleted(cursor.count()?),
            b"SIZE" => StatusValue::Size(cursor.count64()?),
            b"DELETED-STORAGE" => StatusValue::DeletedStorage(cursor.count64()?),
            b"HIGHESTMODSEQ" => StatusValue::HighestModSeq(cursor.with(mod_seq_or_zero)?),
            b"MAILBOXID" => {
                cursor.open()?;
                let id = cursor.string()?;
                cursor.close()?;
                StatusValue::MailboxId(id)
            }
            b"APPENDLIMIT" if cursor.eat_nil() => StatusValue::AppendLimit(None),
            b"APPENDLIMIT" => StatusValue::AppendLimit(Some(cursor.number64()?)),
            _ => return Ok(None),
        }))
    }
}

impl<T> MailboxStatus<T> {
    /// Turns each text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> MailboxStatus<U> {
        MailboxStatus {
            mailbox: self.mailbox.map_text(f),
            values: self.values.into_iter().map(|value| value.map_text(f)).collect(),
        }
    }
}

impl<T> StatusValue<T> {
    fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> StatusValue<U> {
        use StatusValue as Is;
        match self {
            Is::Messages(count) => Is::Messages(count),
            Is::Recent(count) => Is::Recent(count),
            Is::UidNext(uid) => Is::UidNext(uid),
            Is::UidValidity(number) => Is::UidValidity(number),
            Is::Unseen(count) => Is::Unseen(count),
            Is::Deleted(count) => Is::Deleted(count),
            Is::Size(size) => Is::Size(size),
            Is::DeletedStorage(size) => Is::DeletedStorage(size),
            Is::HighestModSeq(mod_seq) => Is::HighestModSeq(mod_seq),
            Is::MailboxId(id) => Is::MailboxId(f(id)),
            Is::AppendLimit(size) => Is::AppendLimit(size),
            Is::Other { name, value } => Is::Other { name: f(name), value: f(value) },
        }
    }
}

impl<T: AsRef<[u8]>> MailboxStatus<T> {
    /// Writes what stands after `STATUS`.
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.space();
        self.mailbox.write(writer)?;
        writer.space();
        writer.list(&self.values, |writer, value| value.write(writer))
    }
}

impl<T: AsRef<[u8]>> StatusValue<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        let mut numbered = |name: &[u8], number: u64| {
            writer.put(name);
            writer.space();
            writer.number(number);
        };
        match self {
            StatusValue::Messages(count) => numbered(b"MESSAGES", (*count).into()),
            StatusValue::Recent(count) => numbered(b"RECENT", (*count).into()),
            StatusValue::UidNext(uid) => numbered(b"UIDNEXT", uid.get().into()),
            StatusValue::UidValidity(number) => numbered(b"UIDVALIDITY", number.get().into()),
            StatusValue::Unseen(count) => numbered(b"UNSEEN", (*count).into()),
            StatusValue::Deleted(count) => numbered(b"DELETED", (*count).into()),
            StatusValue::Size(size) => numbered(b"SIZE", *size),
            StatusValue::DeletedStorage(size) => numbered(b"DELETED-STORAGE", *size),
            StatusValue::HighestModSeq(mod_seq) => numbered(b"HIGHESTMODSEQ", mod_seq.get()),
            StatusValue::AppendLimit(Some(size)) => numbered(b"APPENDLIMIT", *size),
            StatusValue::AppendLimit(None) => writer.put(b"APPENDLIMIT NIL"),
            StatusValue::MailboxId(id) => {
                writer.put(b"MAILBOXID (");
                writer.atom(id.as_ref())?;
                writer.put(b")");
            }
            StatusValue::Other { name, value } => {
                writer.atom(name.as_ref())?;
                writer.space();
                writer.opaque(value.as_ref())?;
            }
        }
        Ok(())
    }
}
