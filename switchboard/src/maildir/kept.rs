//! What a scan found, kept for the sessions that follow it: most clients look
//! for mail far more often than there is any.
//!
//! It is believed only while nothing can have come to the two folders, gone
//! from them or been renamed. Messages are never changed in place, by the rules
//! of Maildir; if one is, its size is counted anew at the next change of its
//! folder.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Folder;
use super::maildrop::{Message, Place};

/// How long a folder must have been left alone before it is listed, for its
/// time of change to tell the next change apart: longer than the grain of the
/// times in any file system.
const SETTLED: Duration = Duration::from_secs(3);

/// The messages of a Maildir, and the state of its folders that they belong to.
#[derive(Debug)]
pub(super) struct Kept {
    stamps: Stamps,
    pub(super) messages: Arc<[Message]>,
    pub(super) places: Vec<Place>,
}

impl Kept {
    /// Keeps what was listed after `stamps` were taken at `now`; `None` where
    /// the next change might not show in them.
    pub(super) fn new(stamps: Stamps, now: SystemTime, messages: &Arc<[Message]>, places: &[Place]) -> Option<Self> {
        stamps.are_settled(now).then(|| Self { stamps, messages: messages.clone(), places: places.to_vec() })
    }

    pub(super) fn holds(&self, stamps: &Stamps) -> bool {
        self.stamps == *stamps
    }
}

/// The states of both folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamps([Stamp; 2]);

/// Which folder it is, and when its entries changed last: not the time of
/// modification, which programs can set back.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    folder: (u64, u64),
    changed: (i64, i64),
}

impl Stamps {
    /// Those of the Maildir at `root`.
    pub(crate) fn take(root: &Path) -> io::Result<Self> {
        let stamp = |folder: Folder| -> io::Result<Stamp> {
            let metadata = fs::metadata(root.join(folder.name()))?;
            Ok(Stamp { folder: (metadata.dev(), metadata.ino()), changed: (metadata.ctime(), metadata.ctime_nsec()) })
        };
        Ok(Self([stamp(Folder::New)?, stamp(Folder::Cur)?]))
    }

    /// Whether the next change is sure to show in them.
    pub(crate) fn are_settled(&self, now: SystemTime) -> bool {
        let limit = now.duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(SETTLED);
        let limit = i64::try_from(limit.as_secs()).unwrap_or(0);
        self.0.iter().all(|stamp| stamp.changed.0 < limit)
    }

    /// For keeping, and comparing with others that were kept.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let number = |stamp: &Stamp| {
            let (device, file) = stamp.folder;
            let (seconds, nanoseconds) = stamp.changed;
            [device.to_be_bytes(), file.to_be_bytes(), seconds.to_be_bytes(), nanoseconds.to_be_bytes()].concat()
        };
        self.0.iter().flat_map(number).collect()
    }
}
