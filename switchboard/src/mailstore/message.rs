//! What the store knows of a message without opening it.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::num::NonZeroU32;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::flags::Flags;
use super::info::Info;
use crate::maildir::Folder;

/// A message's unique identifier in its mailbox (RFC 3501 section 2.3.1.1).
pub type Uid = NonZeroU32;

/// A message in a mailbox.
#[derive(Clone, Debug)]
pub struct Message {
    pub(super) uid: Uid,
    pub(super) flags: Flags,
    pub(super) modseq: u64,
    pub(super) size: u64,
    pub(super) internal_date: i64,
    pub(super) save_date: i64,
    pub(super) email_id: EmailId,
    pub(super) base: Arc<OsStr>,
    pub(super) place: Place,
}

impl Message {
    /// Its UID.
    pub fn uid(&self) -> Uid {
        self.uid
    }

    /// Its flags; `\Recent` is the session's to add.
    pub fn flags(&self) -> &Flags {
        &self.flags
    }

    /// Its mod-sequence (RFC 7162): at least 1, below 2^63.
    pub fn modseq(&self) -> u64 {
        self.modseq
    }

    /// RFC822.SIZE: its octets with every line ended by CRLF.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// INTERNALDATE, in seconds since 1970.
    pub fn internal_date(&self) -> i64 {
        self.internal_date
    }

    /// SAVEDATE (RFC 8514), in seconds since 1970: when it came into this
    /// mailbox.
    pub fn save_date(&self) -> i64 {
        self.save_date
    }

    /// EMAILID (RFC 8474): stays when it is copied or moved.
    pub fn email_id(&self) -> EmailId {
        self.email_id
    }

    /// Its file, from the mailbox's folder on.
    pub(super) fn file(&self) -> PathBuf {
        self.place.file(&self.base)
    }
}

/// The identity of a message's content (RFC 8474). Shown as an objectid.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EmailId(pub(super) [u8; 16]);

impl EmailId {
    /// The identity of what was delivered under this base name. So it survives
    /// the index.
    pub(super) fn of(base: &OsStr) -> Self {
        let mut id = [0; 16];
        id.iter_mut().zip(Sha256::digest(base.as_bytes())).for_each(|(id, byte)| *id = byte);
        Self(id)
    }
}

impl fmt::Display for EmailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_object_id('M', &self.0, f)
    }
}

impl fmt::Debug for EmailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// MAILBOXID (RFC 8474): stays when the mailbox is renamed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxId(pub(super) [u8; 16]);

impl fmt::Display for MailboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_object_id('F', &self.0, f)
    }
}

impl fmt::Debug for MailboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn write_object_id(kind: char, id: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{kind}")?;
    id.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Where the message's file is, beside its base name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) folder: Folder,
    pub(super) info: Info,
}

impl Place {
    /// The place of a message known from the index alone.
    pub(super) const UNKNOWN: Self = Self { folder: Folder::New, info: Info::None };

    pub(super) fn file(&self, base: &OsStr) -> PathBuf {
        let mut name = base.as_bytes().to_vec();
        self.info.write(&mut name);
        let mut path = PathBuf::from(self.folder.name());
        path.push(OsString::from_vec(name));
        path
    }
}

/// A sorted list's element of this UID.
pub(super) fn position(messages: &[Message], uid: Uid) -> Option<usize> {
    messages.binary_search_by_key(&uid, |message| message.uid).ok()
}

/// These UIDs in rising order, each once.
pub(super) fn sorted(uids: &[Uid]) -> Vec<Uid> {
    let mut uids = uids.to_vec();
    uids.sort_unstable();
    uids.dedup();
    uids
}
