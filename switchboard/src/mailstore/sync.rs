//! Bringing a mailbox up to date: with its files, which other programs move
//! and remove, and with its index, which another process may have written.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::contents::{Contents, Differences};
use super::error::StoreError;
use super::flags::Flags;
use super::index::{self, Batch, table};
use super::listing::{self, Entry};
use super::mailbox::Mailbox;
use super::message::Place;
use super::notice::{Change, Origin};
use super::watch::{Sound, Spot, Watched};
use crate::data::make_folder;
use crate::maildir::{Folder, Stamps, name};

/// How often a mailbox that changes under our eyes is looked at again.
const TRIES: usize = 5;

impl Mailbox {
    /// Finds out what has changed, writes it to the index and tells of it.
    pub(super) fn update(&self, contents: &mut Contents) -> Result<(), StoreError> {
        // Before anything is read: what is heard of from now on counts anew.
        let was_stale = self.is_stale.swap(false, Ordering::AcqRel);
        let done = self.try_update(contents, was_stale);
        if done.is_err() {
            self.set_stale();
        }
        done
    }

    fn try_update(&self, contents: &mut Contents, was_stale: bool) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            if contents.is_gone {
                return Err(StoreError::Gone);
            }
            self.read_index(contents)?;
            if contents.watch.is_none() {
                let who: Weak<dyn Watched> = self.this.clone();
                let spots = [(contents.path.join("new"), Spot::New), (contents.path.join("cur"), Spot::Cur)];
                contents.watch = Some(self.store.watcher.watch(&spots, &who));
            }
            let stamps = match Stamps::take(&contents.path) {
                Ok(stamps) => stamps,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    self.mend(contents)?;
                    continue;
                }
                Err(error) => return Err(StoreError::at(&contents.path)(error)),
            };
            contents.was_listed = true;
            let is_heard = contents.watch.as_ref().is_some_and(|watch| watch.is_heard());
            if !was_stale && (is_heard || contents.is_settled) && contents.stamps.as_ref() == Some(&stamps) {
                return Ok(());
            }
            let now = SystemTime::now();
            if let Some(is_complete) = self.read_files(contents)? {
                contents.is_settled = is_complete && stamps.are_settled(now);
                contents.stamps = is_complete.then_some(stamps);
                return self.keep_stamps(contents);
            }
        }
        Err(StoreError::Restless)
    }

    /// Takes over what another process wrote.
    fn read_index(&self, contents: &mut Contents) -> Result<(), StoreError> {
        let mut index = self.store.index();
        if index.has_journal()?
            && let Err(error) = index.roll_forward()
        {
            tracing::error!(%error, "what was begun cannot be ended now, and is tried again later");
        }
        // First: what is written after it will be read the next time.
        let version = index.data_version()?;
        if contents.is_loaded && contents.data_version == version {
            return Ok(());
        }
        let read = |db: &Connection| -> Result<_, StoreError> {
            let transaction = db.unchecked_transaction()?;
            let Some(numbers) = table::numbers(&transaction, self.id).optional()? else { return Ok(None) };
            let is_same = contents.is_loaded && contents.snapshot.numbers == numbers;
            let messages = if is_same { None } else { Some(table::messages(&transaction, self.id)?) };
            Ok(Some((numbers, messages)))
        };
        let present = read(index.db())?;
        drop(index);
        let Some((numbers, messages)) = present else { return Err(self.end(contents)) };
        if let Some(messages) = messages {
            let change = contents.reload(numbers, messages);
            if contents.is_loaded {
                self.tell(&change);
            }
        }
        contents.data_version = version;
        contents.is_loaded = true;
        Ok(())
    }

    /// Takes over what the folders list, and says whether all of it could be
    /// read. `None` if it has to be listed again.
    fn read_files(&self, contents: &mut Contents) -> Result<Option<bool>, StoreError> {
        let list = |contents: &Contents| listing::read(&contents.path).map_err(StoreError::at(&contents.path));
        let mut differences = contents.compare(list(contents)?);
        if !differences.missing.is_empty() {
            // A file that is renamed while its folder is read may not be seen.
            differences = contents.compare(list(contents)?);
        }
        let Differences { unknown, moved, missing, twins } = differences;
        if part(&contents.path, &twins).map_err(StoreError::at(&contents.path))? {
            return Ok(None);
        }
        contents.set_places(moved);
        let mut batch = Batch { gone: missing, ..Batch::default() };
        for message in contents.messages() {
            let system = message.place.info.flags();
            if system != message.flags.system && batch.gone.binary_search(&message.uid).is_err() {
                batch.flags.push((message.uid, Flags { system, keywords: message.flags.keywords.clone() }));
            }
        }
        let mut is_complete = true;
        for entry in unknown {
            match listing::examine(&contents.path, &entry) {
                Ok(arrival) => batch.arrivals.push(arrival),
                // Moved or removed meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => is_complete = false,
                Err(error) => {
                    tracing::warn!(%error, message = ?contents.path.join(entry.place.file(&entry.base)), "left out: cannot be read");
                    is_complete = false;
                }
            }
        }
        batch.arrivals.sort_by_cached_key(|arrival| (listing::delivered(arrival), arrival.base.clone()));
        let is_written = batch.is_empty() || self.write(contents, Origin::OUTSIDE, batch)?;
        Ok(is_written.then_some(is_complete))
    }

    /// Writes a batch, does it in memory and tells of it. Says no if another
    /// process was faster, and the mailbox is to be updated first.
    pub(super) fn write(&self, contents: &mut Contents, origin: Origin, batch: Batch) -> Result<bool, StoreError> {
        let numbers = contents.snapshot.numbers;
        let work = |transaction: &Transaction<'_>| index::write(transaction, self.id, numbers, &batch);
        let mut index = self.store.index();
        // Nobody waits for the disk because of flags.
        let is_light = batch.arrivals.is_empty() && batch.gone.is_empty();
        let written = if is_light { index.write_lightly(work) } else { index.write(work) };
        drop(index);
        let Some(written) = written? else { return Ok(false) };
        let change = contents.apply(origin, batch, written);
        self.tell(&change);
        Ok(true)
    }

    /// After changes of our own: they are no news.
    pub(super) fn take_stamps(&self, contents: &mut Contents) {
        contents.stamps = Stamps::take(&contents.path).ok();
        contents.is_settled = false;
    }

    /// Lets STATUS know later that the index is up to date.
    pub(super) fn keep_stamps(&self, contents: &Contents) -> Result<(), StoreError> {
        let Some(stamps) = contents.stamps.as_ref().filter(|_| contents.is_settled) else { return Ok(()) };
        let stamps = stamps.to_bytes();
        let mut index = self.store.index();
        if table::stamps(index.db(), self.id)?.is_some_and(|kept| kept == stamps) {
            return Ok(());
        }
        let numbers = contents.snapshot.numbers;
        index.write_lightly(|transaction| {
            // Not beside another process's newer messages.
            if table::numbers(transaction, self.id)? == numbers {
                table::set_stamps(transaction, self.id, &stamps)?;
            }
            Ok(())
        })
    }

    /// One of the mailbox's folders is not there. Where it never was, it is
    /// made; where it was, somebody is removing the mailbox.
    fn mend(&self, contents: &mut Contents) -> Result<(), StoreError> {
        if !contents.name.is_inbox() && (contents.was_listed || !contents.path.is_dir()) {
            self.store.forget(self.id, &contents.name)?;
            return Err(self.end(contents));
        }
        for folder in ["cur", "new", "tmp"] {
            let folder = contents.path.join(folder);
            make_folder(&folder).map_err(StoreError::at(&folder))?;
        }
        contents.watch = None;
        Ok(())
    }

    /// The mailbox is no more.
    pub(super) fn end(&self, contents: &mut Contents) -> StoreError {
        if !std::mem::replace(&mut contents.is_gone, true) {
            contents.watch = None;
            self.tell(&Change::Gone);
        }
        StoreError::Gone
    }
}

impl Watched for Mailbox {
    fn hear(&self, spot: Spot, sound: Sound<'_>) -> bool {
        // Waits while the store changes the mailbox itself: then the names are known.
        let contents = self.lock();
        let folder = if spot == Spot::New { Folder::New } else { Folder::Cur };
        let is_known = |file_name| {
            let (base, _) = name::split(file_name)?;
            let known = contents.find(base)?;
            Some(known.place.folder == folder && known.file().file_name() == Some(file_name))
        };
        let is_news = match sound {
            Sound::Came(file_name) => name::split(file_name).is_some() && is_known(file_name) != Some(true),
            Sound::Went(file_name) => is_known(file_name) == Some(true),
            Sound::Noise => true,
        };
        if is_news {
            self.set_stale();
        }
        is_news
    }

    fn look(&self) {
        match self.enter() {
            Ok(_) | Err(StoreError::Gone) => {}
            Err(error) => tracing::warn!(%error, "a mailbox cannot be brought up to date"),
        }
    }
}

/// Two files under one base name are one message if they are one file, as it
/// seems when one is renamed while its folder is read; otherwise the second
/// gets a name of its own. Says whether to list again.
fn part(mailbox: &Path, twins: &[(Entry, Place)]) -> std::io::Result<bool> {
    let mut again = false;
    for (entry, first) in twins {
        let path = mailbox.join(entry.place.file(&entry.base));
        let identity = |path: &Path| match fs::symlink_metadata(path) {
            Ok(metadata) => Ok(Some((metadata.dev(), metadata.ino()))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        match (identity(&path)?, identity(&mailbox.join(first.file(&entry.base)))?) {
            (Some(this), Some(other)) if this == other => {}
            (Some(_), Some(_)) => {
                let fresh = mailbox.join(entry.place.file(&listing::renewed_base(&entry.base)));
                tracing::warn!(message = %path.display(), "another message has the same name; this one gets a new one");
                match fs::rename(&path, fresh) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    _ => again = true,
                }
            }
            // The listing is out of date.
            _ => again = true,
        }
    }
    Ok(again)
}
