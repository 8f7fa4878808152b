//! New messages from clients: written beside the mailboxes first, however
//! long that takes, and then put in place all together.

use std::ffi::OsString;
use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::MailStore;
use super::contents::Contents;
use super::error::StoreError;
use super::flags::Flags;
use super::index::{self, Arrival, Batch, Durability, Step, Written};
use super::info::Info;
use super::lines::WireCount;
use super::listing::fresh_base;
use super::mailbox::Mailbox;
use super::message::{EmailId, Place, Uid};
use super::notice::Origin;
use crate::maildir::Folder;

/// How often a batch is tried that another process gets ahead of.
pub(super) const TRIES: usize = 20;

/// A message that is being written; in no mailbox yet. Dropping it leaves
/// nothing behind.
#[derive(Debug)]
pub struct Draft {
    out: File,
    file: TemporaryFile,
    length: u64,
    count: WireCount,
}

impl Draft {
    /// Writes on. The octets are kept as they are.
    ///
    /// # Errors
    ///
    /// The system's; the draft is of no use then.
    pub fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.out.write_all(piece)?;
        self.length += piece.len() as u64;
        self.count.push(piece);
        Ok(())
    }

    /// The octets written.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

/// A draft, and what it is to be as a message.
#[derive(Debug)]
pub struct Appending {
    /// The octets.
    pub draft: Draft,
    /// Its flags.
    pub flags: Flags,
    /// INTERNALDATE in seconds since 1970; `None` is now.
    pub internal_date: Option<i64>,
}

/// What became of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The target's UIDVALIDITY.
    pub uid_validity: u32,
    /// The UID of each message, in order.
    pub uids: Vec<Uid>,
    /// The mod-sequence of all of them.
    pub modseq: u64,
}

/// A message whose file lies ready.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) file: TemporaryFile,
    pub(super) base: OsString,
    pub(super) flags: Flags,
    pub(super) size: u64,
    pub(super) internal_date: i64,
    pub(super) email_id: EmailId,
    pub(super) original: Option<(i64, Uid)>,
}

/// Removed when it is dropped, unless it was moved away by then.
#[derive(Debug)]
pub(super) struct TemporaryFile(pub(super) PathBuf);

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl MailStore {
    /// Begins a message, for whatever mailbox.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn draft(&self) -> Result<Draft, StoreError> {
        let path = self.temporary_path();
        let out = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path);
        let out = out.map_err(StoreError::at(&path))?;
        Ok(Draft { out, file: TemporaryFile(path), length: 0, count: WireCount::default() })
    }

    /// Drafts lie in INBOX's `tmp`, which is never renamed.
    pub(super) fn temporary_path(&self) -> PathBuf {
        self.root.join("tmp").join(fresh_base(0, 0))
    }
}

impl Mailbox {
    /// Puts drafts into the mailbox as messages: all of them or, whatever
    /// happens, none.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then none is there.
    pub fn append(&self, origin: Origin, drafts: Vec<Appending>) -> Result<Appended, StoreError> {
        let ready = drafts.into_iter().map(|draft| self.finished(draft)).collect::<Result<Vec<_>, _>>()?;
        self.put(origin, ready)
    }

    pub(super) fn finished(&self, draft: Appending) -> Result<Ready, StoreError> {
        let path = draft.draft.file.0.clone();
        finish(draft, self.store.durability).map_err(StoreError::at(&path))
    }

    /// Puts files that lie ready in their place.
    pub(super) fn put(&self, origin: Origin, ready: Vec<Ready>) -> Result<Appended, StoreError> {
        let octets = ready.iter().map(|ready| ready.size).sum();
        let mut contents = self.enter()?;
        for _ in 0..TRIES {
            let (batch, steps) = self.plan(&contents, &ready)?;
            let numbers = contents.snapshot.numbers;
            if ready.is_empty() {
                return Ok(Appended {
                    uid_validity: numbers.uid_validity,
                    uids: Vec::new(),
                    modseq: numbers.highest_modseq,
                });
            }
            let written = self.store.index().write(|transaction| {
                self.store.check_room_in(transaction, ready.len() as u64, octets)?;
                let written = index::write(transaction, self.id, numbers, &batch)?;
                if written.is_some() {
                    index::note(transaction, &steps)?;
                }
                Ok(written)
            })?;
            let Some(written) = written else {
                self.update(&mut contents)?;
                continue;
            };
            let done = self.store.index().roll_forward();
            if let Err(error) = done {
                self.take_back(&mut contents, &written.uids, &steps);
                return Err(error);
            }
            let Written { uids, numbers, .. } = &written;
            let (uids, uid_validity, modseq) = (uids.clone(), numbers.uid_validity, numbers.highest_modseq);
            let change = contents.apply(origin, batch, written);
            self.take_stamps(&mut contents);
            self.tell(&change);
            return Ok(Appended { uid_validity, uids, modseq });
        }
        Err(StoreError::Restless)
    }

    pub(super) fn plan(&self, contents: &Contents, ready: &[Ready]) -> Result<(Batch, Vec<Step>), StoreError> {
        let mut batch = Batch::default();
        let mut steps = Vec::with_capacity(ready.len());
        for Ready { file, base, flags, size, internal_date, email_id, original } in ready {
            let flags = contents.spelled(flags)?;
            let place = Place { folder: Folder::Cur, info: Info::of(flags.system) };
            steps.push(Step {
                source: file.0.strip_prefix(&self.store.root).unwrap_or(&file.0).to_owned(),
                target: self.journal_path(contents, place.file(base)),
                base: None,
            });
            batch.arrivals.push(Arrival {
                base: base.as_os_str().into(),
                place,
                flags,
                size: *size,
                internal_date: *internal_date,
                email_id: *email_id,
                original: *original,
            });
        }
        Ok((batch, steps))
    }

    /// What was written cannot be put in place: the messages were never there.
    fn take_back(&self, contents: &mut Contents, uids: &[Uid], steps: &[Step]) {
        if let Err(error) = self.store.index().undo(self.id, uids, steps) {
            tracing::error!(%error, messages = uids.len(), "messages that were refused may appear later");
        }
        contents.forget_index();
    }
}

/// Gives a draft its time and its name, and puts it on the disk.
fn finish(appending: Appending, durability: Durability) -> io::Result<Ready> {
    let Appending { draft: Draft { out, file, length, count }, flags, internal_date } = appending;
    if let Some(date) = internal_date {
        out.set_times(FileTimes::new().set_modified(time(date)))?;
    }
    if durability == Durability::Full {
        out.sync_all()?;
    }
    let internal_date = out.metadata()?.mtime();
    let size = count.octets();
    let base = fresh_base(length, size);
    Ok(Ready { file, email_id: EmailId::of(&base), base, flags, size, internal_date, original: None })
}

fn time(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    time.unwrap_or(UNIX_EPOCH)
}

/// A second name for a message's file, or a copy where that cannot be.
pub(super) fn link(source: &Path, target: PathBuf, durability: Durability) -> io::Result<TemporaryFile> {
    // A link to a link would lead anywhere.
    let from = crate::maildir::open_plain(source)?;
    let file = TemporaryFile(target);
    match fs::hard_link(source, &file.0) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(error),
        Ok(()) => return Ok(file),
        // No links here, or too many.
        Err(_) => {}
    }
    let mut to = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&file.0)?;
    io::copy(&mut &from, &mut to)?;
    to.set_times(FileTimes::new().set_modified(from.metadata()?.modified()?))?;
    if durability == Durability::Full {
        to.sync_all()?;
    }
    Ok(file)
}
