//! The mail of a server that is measured: Maildirs, each listed again only when it has changed, as real stores do too.

use std::collections::HashMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pop3_proto::server::Maildrop;

/// How long ago a folder must have changed last for its time of change to tell the next change apart: more than the grain of the times
/// in any file system.
const SETTLED: Duration = Duration::from_secs(3);

/// One Maildir a user, in a folder of all.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    known: Mutex<HashMap<String, Arc<Listing>>>,
}

impl Store {
    /// The Maildirs in `root`, each of its user's name.
    pub fn new(root: PathBuf) -> Self {
        Store { root, known: Mutex::default() }
    }

    /// The mail of this user. Costs two `stat`s while nothing has changed.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn open(&self, user: &str) -> io::Result<Arc<Listing>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listing) = known.get(user)
            && listing.holds()?
        {
            return Ok(listing.clone());
        }
        let listing = Arc::new(Listing::read(&self.root.join(user))?);
        known.insert(user.to_owned(), listing.clone());
        Ok(listing)
    }
}

/// A Maildir as it was when it was read.
#[derive(Debug)]
pub struct Listing {
    folders: [(PathBuf, Stamp); 2],
    /// Whether the folders had not changed for so long that the next change shows.
    settled: bool,
    maildrop: Maildrop,
    files: Vec<PathBuf>,
}

impl Listing {
    /// Sizes and ids. The size on the wire stands in the file names (`W=`), as Dovecot names them too.
    pub fn maildrop(&self) -> &Maildrop {
        &self.maildrop
    }

    /// The messages' files, in the order of their numbers.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    fn read(maildir: &Path) -> io::Result<Self> {
        let begun = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // The stamps first: what changes while this reads is not taken for known.
        let stamped = |folder| {
            let path = maildir.join(folder);
            std::fs::metadata(&path).map(|metadata| (path, Stamp::of(&metadata)))
        };
        let folders = [stamped("new")?, stamped("cur")?];
        let mut files = Vec::new();
        for (path, _) in &folders {
            for entry in std::fs::read_dir(path)? {
                files.push(entry?.path());
            }
        }
        files.sort();
        let mut maildrop = Maildrop::new();
        for file in &files {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let size = name.split_once(",W=").map_or("", |(_, rest)| rest).split([',', ':']).next().unwrap_or_default();
            let id = name.split(',').next().unwrap_or_default();
            maildrop.push(size.parse().unwrap_or(0), id).map_err(io::Error::other)?;
        }
        let settled = folders.iter().all(|(_, stamp)| stamp.changed + SETTLED < begun);
        Ok(Listing { folders, settled, maildrop, files })
    }

    fn holds(&self) -> io::Result<bool> {
        for (path, stamp) in &self.folders {
            if !self.settled || Stamp::of(&std::fs::metadata(path)?) != *stamp {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Which folder it is, and when its entries changed last. Not the time of modification, which programs can set back.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    folder: (u64, u64),
    changed: Duration,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let seconds = u64::try_from(metadata.ctime()).unwrap_or(0);
        let nanos = u32::try_from(metadata.ctime_nsec()).unwrap_or(0);
        Stamp { folder: (metadata.dev(), metadata.ino()), changed: Duration::new(seconds, nanos) }
    }
}
