//! The data folder: one place for all that the program keeps.
//!
//! ```text
//! DIR/.lock              held while a program runs
//! DIR/users.txt          the made users and their passwords, mode 0600
//! DIR/mail/NAME/         NAME's Maildir: cur, new, tmp; the other mailboxes beside
//!                        them as Maildir++ folders, and the index of all
//! DIR/irc-history.sqlite what was said on IRC, where that is kept on disk, mode 0600
//! DIR/xmpp.sqlite        rosters, archives, messages for those who are away, and
//!                        tokens of XMPP, mode 0600
//! DIR/tls/ca.pem         the made certificate authority, to be trusted by clients
//! DIR/tls/ca-key.pem     its key, mode 0600
//! DIR/tls/server.pem     the server's certificate
//! DIR/tls/server-key.pem its key, mode 0600
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::name::UserName;

/// A data folder that this process alone uses, for as long as the value lives.
#[derive(Debug)]
pub struct DataFolder {
    root: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Opens the folder, or makes it and its parents, and locks it.
    ///
    /// # Errors
    ///
    /// [`DataError`] with the path that is at fault, among them
    /// [`DataError::InUse`] when another program holds the folder.
    pub fn open(root: &Path) -> Result<Self, DataError> {
        for folder in [root.to_owned(), root.join("mail"), root.join("tls")] {
            make_folder(&folder).map_err(|source| DataError::Folder { path: folder.clone(), source })?;
            fs::read_dir(&folder).map_err(|source| DataError::Unreadable { path: folder, source })?;
        }
        // Absolute, because printed commands are pasted elsewhere.
        let root = root.canonicalize().map_err(|source| DataError::Unreadable { path: root.to_owned(), source })?;
        let lock = lock_file(&root.join(".lock")).map_err(|error| match error {
            TryLockError::WouldBlock => DataError::InUse { path: root.clone() },
            TryLockError::Error(source) => DataError::Lock { path: root.clone(), source },
        })?;
        Ok(Self { root, _lock: lock })
    }

    /// The folder that holds every user's Maildir.
    pub fn mail(&self) -> PathBuf {
        self.root.join("mail")
    }

    /// One user's Maildir, whether it is there already or not.
    pub fn maildir(&self, user: &UserName) -> PathBuf {
        self.mail().join(user.as_str())
    }

    /// The folder of keys and certificates.
    pub fn tls(&self) -> PathBuf {
        self.root.join("tls")
    }

    /// What was said on IRC, where that is kept on disk.
    pub fn irc_history(&self) -> PathBuf {
        self.root.join("irc-history.sqlite")
    }

    /// What outlives sessions of XMPP, where that is kept on disk.
    pub fn xmpp(&self) -> PathBuf {
        self.root.join("xmpp.sqlite")
    }

    /// The made users and their passwords.
    pub fn users_file(&self) -> PathBuf {
        self.root.join("users.txt")
    }
}

/// Makes a folder (mode 0700) and its parents unless it is there.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Opens (or makes) a lock file and takes its lock, without waiting. The lock
/// ends with the process at the latest, so a crash leaves none behind.
pub(crate) fn lock_file(path: &Path) -> Result<File, TryLockError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(TryLockError::Error)?;
    file.try_lock()?;
    Ok(file)
}

/// Writes a file whole or not at all: a crash leaves the old file or the new.
pub(crate) fn write_file(path: &Path, mode: u32, content: &[u8]) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    // Made anew, so that the mode holds from the first octet.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(mode).open(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A folder cannot be made.
    #[error("cannot make the folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder cannot be read.
    #[error("cannot read the folder {}: {source}", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The lock file cannot be made or locked.
    #[error("cannot lock the data folder {}: {source}", path.display())]
    Lock {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process holds the folder.
    #[error("another switchboard uses the data folder {}; stop it, or choose another folder with --data", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_folder_is_private() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("a/b");
        let data = DataFolder::open(&root).unwrap();
        for folder in [root, data.mail(), data.tls()] {
            assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        }
    }

    #[test]
    fn two_programs_never_share_a_folder() {
        let root = tempfile::tempdir().unwrap();
        let first = DataFolder::open(root.path()).unwrap();
        assert!(matches!(DataFolder::open(root.path()), Err(DataError::InUse { .. })));
        drop(first);
        assert!(DataFolder::open(root.path()).is_ok());
    }

    #[test]
    fn a_file_in_the_folder_s_place_is_one_clear_line() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("data");
        fs::write(&root, "").unwrap();
        let error = DataFolder::open(&root).unwrap_err().to_string();
        assert!(error.contains(root.to_str().unwrap()) && !error.contains('\n'), "{error}");
    }

    #[test]
    fn a_written_file_replaces_the_old_with_its_own_mode() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("key.pem");
        fs::write(&path, "old").unwrap();
        fs::write(root.path().join("key.pem.unfinished"), "left by a crash").unwrap();
        write_file(&path, 0o600, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
