//! One user's mail: a Maildir that other programs may use at the same time.
//!
//! Own code over `std::fs`, because the `maildir` crate shows an unreadable
//! folder as an empty one, stops at a file without flags, lists the folder
//! again for each message found or deleted, and reads messages whole.
//!
//! All of it blocks; async callers run it where blocking is allowed.

mod kept;
mod maildrop;
pub(crate) mod name;
mod size;

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) use kept::Stamps;
pub use maildrop::{Committed, Maildrop, Message};

use crate::data::make_folder;
use kept::Kept;

/// A user's Maildir, shared by all sessions of that user.
#[derive(Debug)]
pub struct Maildir {
    root: PathBuf,
    /// Whether a session of this process holds the maildrop.
    held: AtomicBool,
    sizes: Mutex<HashMap<Arc<OsStr>, KnownSize>>,
    kept: Mutex<Option<Kept>>,
    listener: Listener,
}

/// Who is to know what is done here, beside the other programs.
#[derive(Default)]
struct Listener(OnceLock<Box<dyn Fn() + Send + Sync>>);

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("is_set", &self.0.get().is_some()).finish()
    }
}

/// A wire size, for as long as the file keeps length and time of change.
#[derive(Clone, Copy, Debug)]
struct KnownSize {
    length: u64,
    changed: (i64, i64),
    wire: u64,
}

/// The two folders that hold delivered messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Folder {
    New,
    Cur,
}

impl Folder {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Cur => "cur",
        }
    }
}

/// A file in `new` or `cur`.
#[derive(Debug)]
struct Found {
    folder: Folder,
    name: OsString,
    length: u64,
    changed: (i64, i64),
}

impl Maildir {
    /// Opens the Maildir, or makes it with these first messages: all of them
    /// or, after a crash, no Maildir at all.
    ///
    /// # Errors
    ///
    /// [`MaildirError`]: the folder cannot be made or read, or is not a folder
    /// (a symbolic link is refused too, since it may lead anywhere).
    pub fn open(root: PathBuf, first_messages: &[&[u8]]) -> Result<Arc<Self>, MaildirError> {
        match fs::symlink_metadata(&root) {
            Err(error) if error.kind() == ErrorKind::NotFound => Self::make(&root, first_messages),
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
        .map_err(|source| MaildirError::Folder { path: root.clone(), source })?;
        let maildir = Self::at(root);
        for path in [maildir.root.clone(), maildir.root.join("cur"), maildir.root.join("new"), maildir.root.join("tmp")]
        {
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_dir() => Ok(()),
                Ok(_) => return Err(MaildirError::NotAFolder { path }),
                Err(error) if error.kind() == ErrorKind::NotFound => make_folder(&path),
                Err(error) => Err(error),
            }
            .map_err(|source| MaildirError::Folder { path, source })?;
        }
        for folder in [Folder::New, Folder::Cur] {
            maildir.list(folder)?;
        }
        Ok(Arc::new(maildir))
    }

    /// Delivers a message into `new`, as the Maildir rules say: written whole
    /// to `tmp` and to the disk, then moved.
    ///
    /// # Errors
    ///
    /// The system's; then nothing was delivered.
    pub fn deliver(&self, message: &[u8]) -> io::Result<()> {
        let name = delivery_name(message);
        let unfinished = self.root.join("tmp").join(&name);
        let written =
            OpenOptions::new().create_new(true).write(true).mode(0o600).open(&unfinished).and_then(|mut file| {
                file.write_all(message)?;
                file.sync_all()
            });
        let moved = written.and_then(|()| fs::rename(&unfinished, self.root.join("new").join(&name)));
        if moved.is_err() {
            // A rest in tmp is harmless: nobody reads there.
            let _ = fs::remove_file(&unfinished);
        }
        moved?;
        self.changed();
        sync_folder(&self.root.join("new"))
    }

    /// Takes the maildrop for one session and lists its messages.
    ///
    /// # Errors
    ///
    /// [`MaildirError::InUse`] while another session, of this process or not,
    /// has it; otherwise the system's.
    pub fn enter(self: &Arc<Self>) -> Result<Maildrop, MaildirError> {
        Maildrop::enter(self.clone(), SystemTime::now())
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Calls `listener` after each change that is made by way of this value;
    /// the first to come is the one to be called.
    pub fn on_change(&self, listener: impl Fn() + Send + Sync + 'static) {
        let _ = self.listener.0.set(Box::new(listener));
    }

    fn changed(&self) {
        if let Some(listener) = self.listener.0.get() {
            listener();
        }
    }

    fn at(root: PathBuf) -> Self {
        Self {
            root,
            held: AtomicBool::new(false),
            sizes: Mutex::default(),
            kept: Mutex::default(),
            listener: Listener::default(),
        }
    }

    fn make(root: &Path, first_messages: &[&[u8]]) -> io::Result<()> {
        let Some((parent, name)) = root.parent().zip(root.file_name()) else {
            return Err(ErrorKind::InvalidInput.into());
        };
        // No user's name begins with a dot.
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(".unfinished");
        let unfinished = parent.join(hidden);
        match fs::remove_dir_all(&unfinished) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        for folder in ["cur", "new", "tmp"] {
            make_folder(&unfinished.join(folder))?;
        }
        let maildir = Self::at(unfinished);
        for message in first_messages {
            maildir.deliver(message)?;
        }
        fs::rename(&maildir.root, root)
    }

    /// The message files of a folder, in no order. Symbolic links and other
    /// things that are not plain files are left out.
    fn list(&self, folder: Folder) -> Result<Vec<Found>, MaildirError> {
        let path = self.root.join(folder.name());
        let read = || -> io::Result<Vec<Found>> {
            let mut found = Vec::new();
            for entry in fs::read_dir(&path)? {
                let entry = entry?;
                let name = entry.file_name();
                if name::split(&name).is_none() {
                    continue;
                }
                match entry.metadata() {
                    Ok(metadata) if metadata.is_file() => found.push(Found {
                        folder,
                        name,
                        length: metadata.len(),
                        changed: (metadata.mtime(), metadata.mtime_nsec()),
                    }),
                    Ok(_) => {}
                    // Moved or removed meanwhile by another program.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(found)
        };
        read().map_err(|source| MaildirError::Folder { path: path.clone(), source })
    }

    fn path(&self, folder: Folder, name: &OsStr) -> PathBuf {
        self.root.join(folder.name()).join(name)
    }

    /// The wire size of a listed message: remembered, noted in its name, or
    /// counted by reading it once.
    fn wire_size(&self, found: &Found, base: &OsStr) -> io::Result<u64> {
        let known = self.sizes.lock().unwrap_or_else(PoisonError::into_inner).get(base).copied();
        if let Some(known) = known
            && (known.length, known.changed) == (found.length, found.changed)
        {
            return Ok(known.wire);
        }
        let file = open_plain(&self.path(found.folder, &found.name))?;
        if let Some(note) = name::noted_size(base)
            && let Some(wire) = size::noted(&file, found.length, note)?
        {
            return Ok(wire);
        }
        // Opened anew: the note may have moved the reading position.
        size::measure(&open_plain(&self.path(found.folder, &found.name))?)
    }
}

/// Opens a plain file for reading, and never what a symbolic link points to.
pub(crate) fn open_plain(path: &Path) -> io::Result<File> {
    let refused = || io::Error::new(ErrorKind::PermissionDenied, "not a plain file");
    let named = fs::symlink_metadata(path)?;
    if !named.is_file() {
        return Err(refused());
    }
    let file = File::open(path)?;
    // The name may have been turned into a link in between.
    let opened = file.metadata()?;
    if (opened.dev(), opened.ino()) == (named.dev(), named.ino()) { Ok(file) } else { Err(refused()) }
}

/// Makes a folder's last changes survive a power cut.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// A name that no other delivery has: time, process and a count; with the
/// sizes that Dovecot also notes. Padded, so that the names sort in order of
/// delivery.
fn delivery_name(message: &[u8]) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!(
        "{}.M{:06}P{}Q{:04}.local,S={},W={}",
        now.as_secs(),
        now.subsec_micros(),
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed),
        message.len(),
        size::to_note(message),
    )
}

/// Why mail cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaildirError {
    /// Another session has the maildrop: `[IN-USE]` in POP3.
    #[error("another session uses this mailbox; try again when it has ended")]
    InUse,
    /// Something else stands where a folder should.
    #[error("{} is not a folder (symbolic links are refused)", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// A folder of the Maildir cannot be made or read.
    #[error("cannot use the mail folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests;
