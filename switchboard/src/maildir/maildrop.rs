//! One session's hold on a Maildir: the messages as they were at its start,
//! and the only way to read and delete them.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::kept::{Kept, Stamps};
use super::{Folder, Found, KnownSize, Maildir, MaildirError, name, open_plain, sync_folder};
use crate::data::lock_file;

const LOCK: &str = ".switchboard-pop3.lock";

/// How often a folder that changes under our eyes is looked at again.
const TRIES: usize = 3;

/// The messages of one session, and the exclusive lock on them, which ends
/// when this is dropped. Dropping deletes nothing.
///
/// Numbers here are places in [`messages`](Self::messages), from 0.
#[derive(Debug)]
pub struct Maildrop {
    messages: Arc<[Message]>,
    /// Where each message's file was seen last.
    places: Mutex<Vec<Place>>,
    lock: Lock,
}

/// One message, as it was at the start of the session.
#[derive(Debug)]
pub struct Message {
    base: Arc<OsStr>,
    made_id: Option<Box<str>>,
    wire_size: u64,
}

impl Message {
    /// The message's unique-id, the same in every session: 1 to 70 octets from
    /// 0x21 to 0x7E (RFC 1939 section 7).
    pub fn unique_id(&self) -> &str {
        // A base that is not plain ASCII has a made id.
        self.made_id.as_deref().or_else(|| self.base.to_str()).unwrap_or_default()
    }

    /// The octets of the message on the wire, as [`WireSize`](pop3_proto::codec::WireSize)
    /// counts them.
    pub fn wire_size(&self) -> u64 {
        self.wire_size
    }
}

/// The message is there under ever new names, so nobody may take it for gone.
fn restless() -> io::Error {
    io::Error::new(ErrorKind::ResourceBusy, "another program keeps moving the message")
}

/// What became of a commit.
#[derive(Debug, Default)]
pub struct Committed {
    /// How many messages are gone now, by this commit or before it.
    pub removed: usize,
    /// The messages that are still there, and why.
    pub failed: Vec<(usize, io::Error)>,
}

#[derive(Clone, Debug)]
pub(super) struct Place {
    folder: Folder,
    flags: OsString,
}

impl Maildrop {
    pub(super) fn enter(maildir: Arc<Maildir>, now: SystemTime) -> Result<Self, MaildirError> {
        let lock = Lock::take(maildir)?;
        let (messages, places) = known_or_scanned(&lock.maildir, now)?;
        Ok(Self { messages, places: Mutex::new(places), lock })
    }

    /// The messages, oldest delivery first. What arrives later waits for the
    /// next session.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Opens a message for reading, also if another program gave it flags
    /// meanwhile. The file is as it was delivered: its line ends may be LF.
    ///
    /// # Errors
    ///
    /// `NotFound` if another program deleted the message, or there is none of
    /// this number; otherwise the system's.
    pub fn open(&self, number: usize) -> io::Result<File> {
        let mut places = self.places();
        for _ in 0..TRIES {
            match open_plain(&self.path(number, &places)?) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                done => return done,
            }
            let present = self.look_again(&mut places)?;
            if present.get(number) != Some(&true) {
                return Err(ErrorKind::NotFound.into());
            }
        }
        Err(restless())
    }

    /// Deletes these messages, and these only. Nothing is deleted before this
    /// call, and a crash within it leaves some of these undeleted, no others
    /// touched. A message that is gone already counts as removed.
    pub fn commit(&self, deleted: impl IntoIterator<Item = usize>) -> Committed {
        let mut committed = Committed::default();
        let mut places = self.places();
        let mut rest: Vec<usize> = deleted.into_iter().filter(|&number| number < self.messages.len()).collect();
        // All that have moved are looked for together, so that a commit stays
        // linear in the size of the folder.
        for _ in 0..TRIES {
            rest.retain(|&number| match self.path(number, &places).and_then(fs::remove_file) {
                Ok(()) => {
                    committed.removed += 1;
                    false
                }
                Err(error) if error.kind() == ErrorKind::NotFound => true,
                Err(error) => {
                    committed.failed.push((number, error));
                    false
                }
            });
            if rest.is_empty() {
                break;
            }
            let before = rest.len();
            match self.look_again(&mut places) {
                Ok(present) => rest.retain(|&number| present.get(number) == Some(&true)),
                // Not known to be gone.
                Err(_) => break,
            }
            committed.removed += before - rest.len();
        }
        committed.failed.extend(rest.into_iter().map(|number| (number, restless())));
        if committed.removed > 0 {
            for folder in [Folder::New, Folder::Cur] {
                // The files are gone in any case; only a power cut could
                // bring them back.
                if let Err(error) = sync_folder(&self.maildir().root.join(folder.name())) {
                    tracing::warn!(%error, folder = folder.name(), "deletions may not survive a power cut");
                }
            }
            self.maildir().changed();
        }
        committed
    }

    /// Finds all messages' files, and says which are still there.
    fn look_again(&self, places: &mut [Place]) -> io::Result<Vec<bool>> {
        let mut seen: HashMap<OsString, Place> = HashMap::new();
        for folder in [Folder::New, Folder::Cur] {
            for found in self.maildir().list(folder).map_err(io::Error::other)? {
                if let Some((base, flags)) = name::split(&found.name) {
                    seen.insert(base.to_owned(), Place { folder, flags: flags.to_owned() });
                }
            }
        }
        let now = self.messages.iter().map(|message| seen.remove(&*message.base));
        Ok(now.zip(places).map(|(now, place)| now.map(|now| *place = now).is_some()).collect())
    }

    fn path(&self, number: usize, places: &[Place]) -> io::Result<PathBuf> {
        let (message, place) = self.messages.get(number).zip(places.get(number)).ok_or(ErrorKind::NotFound)?;
        let mut name = message.base.to_os_string();
        name.push(&place.flags);
        Ok(self.maildir().path(place.folder, &name))
    }

    fn places(&self) -> MutexGuard<'_, Vec<Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn maildir(&self) -> &Maildir {
        &self.lock.maildir
    }
}

/// What the last scan found, where the folders are as they were then.
fn known_or_scanned(maildir: &Maildir, now: SystemTime) -> Result<(Arc<[Message]>, Vec<Place>), MaildirError> {
    let mut kept = maildir.kept.lock().unwrap_or_else(PoisonError::into_inner);
    // Before the scan: what changes while it lasts makes the next stamps
    // differ from these.
    let stamps = Stamps::take(&maildir.root).ok();
    if let Some((kept, stamps)) = kept.as_ref().zip(stamps.as_ref())
        && kept.holds(stamps)
    {
        return Ok((kept.messages.clone(), kept.places.clone()));
    }
    *kept = None;
    let Scanned { messages, places, complete } = scan(maildir)?;
    let messages = Arc::from(messages);
    *kept = stamps.filter(|_| complete).and_then(|stamps| Kept::new(stamps, now, &messages, &places));
    Ok((messages, places))
}

#[derive(Default)]
struct Scanned {
    messages: Vec<Message>,
    places: Vec<Place>,
    /// Whether no message had to be left out.
    complete: bool,
}

fn scan(maildir: &Maildir) -> Result<Scanned, MaildirError> {
    for _ in 1..TRIES {
        if let Some(scanned) = scan_once(maildir, false)? {
            return Ok(scanned);
        }
    }
    Ok(scan_once(maildir, true)?.unwrap_or_default())
}

/// Lists and measures. `None` if a message moved meanwhile, and this was not
/// the last try: it shall not be missing from the session.
fn scan_once(maildir: &Maildir, last_try: bool) -> Result<Option<Scanned>, MaildirError> {
    // `new` first: what moves to `cur` in between is then seen twice rather
    // than never.
    let mut found = maildir.list(Folder::New)?;
    found.extend(maildir.list(Folder::Cur)?);
    let mut listed: Vec<(u64, Arc<OsStr>, Found)> = found
        .into_iter()
        .filter_map(|found| {
            let base = Arc::from(name::split(&found.name)?.0);
            let delivered = name::delivered(&base).unwrap_or(u64::try_from(found.changed.0).unwrap_or(0));
            Some((delivered, base, found))
        })
        .collect();
    // Of two with one base the one in `cur` comes first and stays.
    listed.sort_by(|a, b| (a.0, &a.1, a.2.folder == Folder::New).cmp(&(b.0, &b.1, b.2.folder == Folder::New)));
    listed.dedup_by(|a, b| a.1 == b.1);

    let mut messages = Vec::with_capacity(listed.len());
    let mut places = Vec::with_capacity(listed.len());
    let mut sizes = HashMap::with_capacity(listed.len());
    let mut complete = true;
    for (_, base, found) in listed {
        let wire_size = match maildir.wire_size(&found, &base) {
            Ok(size) => size,
            Err(error) if error.kind() == ErrorKind::NotFound && !last_try => return Ok(None),
            Err(error) => {
                tracing::warn!(%error, message = ?maildir.path(found.folder, &found.name), "left out: cannot be read");
                complete = false;
                continue;
            }
        };
        sizes.insert(base.clone(), KnownSize { length: found.length, changed: found.changed, wire: wire_size });
        places.push(Place { folder: found.folder, flags: flags_of(&found.name) });
        messages.push(Message { made_id: name::made_unique_id(&base), base, wire_size });
    }
    // Replaced, so that it never grows beyond what the folder holds.
    *maildir.sizes.lock().unwrap_or_else(PoisonError::into_inner) = sizes;
    Ok(Some(Scanned { messages, places, complete }))
}

fn flags_of(name: &OsStr) -> OsString {
    name::split(name).map(|(_, flags)| flags.to_owned()).unwrap_or_default()
}

/// The hold itself: a flag within this process, and a locked file for other
/// processes. The system frees the file's lock even after a crash.
#[derive(Debug)]
struct Lock {
    /// `Some` until dropped.
    file: Option<File>,
    maildir: Arc<Maildir>,
}

impl Lock {
    fn take(maildir: Arc<Maildir>) -> Result<Self, MaildirError> {
        if maildir.held.swap(true, Ordering::AcqRel) {
            return Err(MaildirError::InUse);
        }
        let path = maildir.root.join(LOCK);
        let is_link = fs::symlink_metadata(&path).is_ok_and(|metadata| !metadata.is_file());
        let refused = || TryLockError::Error(io::Error::new(ErrorKind::PermissionDenied, "not a plain file"));
        match if is_link { Err(refused()) } else { lock_file(&path) } {
            Ok(file) => Ok(Self { file: Some(file), maildir }),
            Err(error) => {
                maildir.held.store(false, Ordering::Release);
                Err(match error {
                    TryLockError::WouldBlock => MaildirError::InUse,
                    TryLockError::Error(source) => MaildirError::Folder { path, source },
                })
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The file first: who finds the flag down must find the file unlocked.
        drop(self.file.take());
        self.maildir.held.store(false, Ordering::Release);
    }
}
