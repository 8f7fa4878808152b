//! Changes of folders, as Linux tells them.

use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

use super::Sound;

/// What comes, goes, and the end of the folder itself. A file is not changed
/// in place by the rules of Maildir.
const INTEREST: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::ONLYDIR);

#[derive(Debug)]
pub(super) struct Source(OwnedFd);

impl Source {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?))
    }

    /// The folder's number here; the same for the same folder.
    pub(super) fn add(&self, path: &Path) -> io::Result<i32> {
        Ok(inotify::add_watch(&self.0, path, INTEREST)?)
    }

    pub(super) fn remove(&self, folder: i32) {
        // It is gone already if the folder is.
        let _ = inotify::remove_watch(&self.0, folder);
    }

    /// Tells all there is; without a folder what concerns all of them.
    pub(super) fn drain(&self, tell: &mut dyn FnMut(Option<i32>, Sound<'_>)) {
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut events = Reader::new(&self.0, &mut buffer);
        while let Ok(event) = events.next() {
            let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
            let kind = event.events();
            let sound = match name {
                Some(name) if kind.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) => Sound::Came(name),
                Some(name) if kind.intersects(ReadFlags::DELETE | ReadFlags::MOVED_FROM) => Sound::Went(name),
                _ => Sound::Noise,
            };
            let folder = (!kind.contains(ReadFlags::QUEUE_OVERFLOW)).then(|| event.wd());
            tell(folder, sound);
        }
    }
}

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
