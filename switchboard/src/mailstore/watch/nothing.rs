//! Where the system tells of no changes that we could hear.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use super::Sound;

/// There is none.
#[derive(Debug)]
pub(super) enum Source {}

impl Source {
    pub(super) fn new() -> io::Result<Self> {
        Err(ErrorKind::Unsupported.into())
    }

    pub(super) fn add(&self, _path: &Path) -> io::Result<i32> {
        match *self {}
    }

    pub(super) fn remove(&self, _folder: i32) {
        match *self {}
    }

    pub(super) fn drain(&self, _tell: &mut dyn FnMut(Option<i32>, Sound<'_>)) {
        match *self {}
    }
}

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match *self {}
    }
}
