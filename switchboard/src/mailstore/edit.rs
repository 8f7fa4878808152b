//! Changes of flags, and expunging.

use std::fs;
use std::io::ErrorKind;

use super::append::TRIES;
use super::contents::Contents;
use super::error::StoreError;
use super::flags::{FlagChange, Flags, System};
use super::index::{Batch, Durability};
use super::mailbox::Mailbox;
use super::message::{Message, Place, Uid, sorted};
use super::notice::Origin;
use crate::maildir::{Folder, sync_folder};

/// What became of a STORE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The messages that passed, with their flags and mod-sequences after it;
    /// also those that had these flags before.
    pub messages: Vec<(Uid, Flags, u64)>,
    /// Those that had changed after UNCHANGEDSINCE: `[MODIFIED]`.
    pub modified: Vec<Uid>,
    /// Those that are gone.
    pub missing: Vec<Uid>,
    /// The mailbox's highest mod-sequence after it.
    pub modseq: u64,
}

/// What became of an expunge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expunged {
    /// The messages that it removed, by rising UID.
    pub uids: Vec<Uid>,
    /// The mailbox's highest mod-sequence after it.
    pub modseq: u64,
}

impl Mailbox {
    /// Changes flags of messages, of each as one step, without waiting for the
    /// disk; with `unchanged_since`
    /// only of those whose mod-sequence is not above it (RFC 7162 section
    /// 3.1.3).
    ///
    /// # Errors
    ///
    /// [`StoreError`]. What was changed before a failure of the system stays,
    /// and is told to all who listen.
    pub fn store_flags(
        &self,
        origin: Origin,
        uids: &[Uid],
        change: &FlagChange,
        unchanged_since: Option<u64>,
    ) -> Result<Stored, StoreError> {
        let mut contents = self.enter()?;
        let mut change = change.clone();
        if !matches!(change, FlagChange::Remove(_)) {
            *change.flags_mut() = contents.spelled(change.flags_mut())?;
        }
        // Judged once, by how the messages were when the command came to them.
        let limit = unchanged_since.unwrap_or(u64::MAX);
        let (addressed, modified): (Vec<Uid>, Vec<Uid>) =
            uids.iter().partition(|uid| contents.snapshot.message(**uid).is_none_or(|message| message.modseq <= limit));
        for _ in 0..TRIES {
            let mut batch = Batch::default();
            let done = self.change_files(&mut contents, &addressed, &change, &mut batch);
            let is_renamed = batch.flags.iter().any(|(uid, flags)| {
                contents.snapshot.message(*uid).is_some_and(|message| message.flags.system != flags.system)
            });
            let is_written = batch.is_empty() || self.write(&mut contents, origin, batch)?;
            if is_renamed {
                self.take_stamps(&mut contents);
            }
            match done? {
                Found::All if is_written => return Ok(stored(&contents, &addressed, modified)),
                // The rest is found where it is now, or found gone.
                _ => {
                    self.set_stale();
                    self.update(&mut contents)?;
                }
            }
        }
        Err(StoreError::Restless)
    }

    /// Removes messages that are marked as deleted: all of them, or those of
    /// `uids` (UID EXPUNGE, RFC 4315).
    ///
    /// # Errors
    ///
    /// [`StoreError`]. What was removed before a failure of the system stays
    /// so, and is told to all who listen.
    pub fn expunge(&self, origin: Origin, uids: Option<&[Uid]>) -> Result<Expunged, StoreError> {
        let mut contents = self.enter()?;
        let mut removed = Vec::new();
        let uids = uids.map(sorted);
        for _ in 0..TRIES {
            let is_meant = |message: &&Message| {
                message.flags.contains(System::DELETED)
                    && uids.as_ref().is_none_or(|uids| uids.binary_search(&message.uid).is_ok())
            };
            let mut batch = Batch::default();
            let mut found = Found::All;
            let mut failed = None;
            for message in contents.messages().iter().filter(is_meant) {
                let path = contents.path.join(message.file());
                match fs::remove_file(&path) {
                    Ok(()) => batch.gone.push(message.uid),
                    Err(error) if error.kind() == ErrorKind::NotFound => found = Found::Some,
                    Err(error) => {
                        failed = Some(StoreError::at(&path)(error));
                        break;
                    }
                }
            }
            if !batch.is_empty() {
                removed.extend_from_slice(&batch.gone);
                self.sync_cur(&contents)?;
                if !self.write(&mut contents, origin, batch)? {
                    // They are found gone.
                    found = Found::Some;
                }
                self.take_stamps(&mut contents);
            }
            match (failed, found) {
                (Some(error), _) => {
                    self.set_stale();
                    return Err(error);
                }
                (None, Found::All) => {
                    removed.sort_unstable();
                    return Ok(Expunged { uids: removed, modseq: contents.snapshot.numbers.highest_modseq });
                }
                // Perhaps another program took the mark away.
                (None, Found::Some) => {
                    self.set_stale();
                    self.update(&mut contents)?;
                }
            }
        }
        Err(StoreError::Restless)
    }

    /// Renames the files of messages whose flags change, and notes the changes
    /// in `batch`, as far as it came.
    fn change_files(
        &self,
        contents: &mut Contents,
        uids: &[Uid],
        change: &FlagChange,
        batch: &mut Batch,
    ) -> Result<Found, StoreError> {
        let mut found = Found::All;
        let mut places = Vec::new();
        let mut failed = None;
        for message in uids.iter().filter_map(|uid| contents.snapshot.message(*uid)) {
            let flags = message.flags.changed(change);
            if flags == message.flags {
                continue;
            }
            if flags.system != message.flags.system {
                let place = Place { folder: Folder::Cur, info: message.place.info.with(flags.system) };
                let path = contents.path.join(message.file());
                match fs::rename(&path, contents.path.join(place.file(&message.base))) {
                    Ok(()) => places.push((message.uid, place)),
                    Err(error) if error.kind() == ErrorKind::NotFound => {
                        found = Found::Some;
                        continue;
                    }
                    Err(error) => {
                        failed = Some(StoreError::at(&path)(error));
                        break;
                    }
                }
            }
            batch.flags.push((message.uid, flags));
        }
        for (uid, place) in places {
            contents.set_place(uid, place);
        }
        match failed {
            Some(error) => {
                self.set_stale();
                Err(error)
            }
            None => Ok(found),
        }
    }

    fn sync_cur(&self, contents: &Contents) -> Result<(), StoreError> {
        if self.store.durability == Durability::Relaxed {
            return Ok(());
        }
        let cur = contents.path.join(Folder::Cur.name());
        sync_folder(&cur).map_err(StoreError::at(&cur))
    }
}

/// Whether all files were where they had been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    All,
    Some,
}

fn stored(contents: &Contents, addressed: &[Uid], modified: Vec<Uid>) -> Stored {
    let mut stored = Stored { modified, modseq: contents.snapshot.numbers.highest_modseq, ..Stored::default() };
    for &uid in addressed {
        match contents.snapshot.message(uid) {
            Some(message) => stored.messages.push((uid, message.flags.clone(), message.modseq)),
            None => stored.missing.push(uid),
        }
    }
    stored
}
