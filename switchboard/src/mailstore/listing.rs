//! The files of one mailbox, as its folders list them.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::flags::{Flags, Keywords};
use super::index::Arrival;
use super::info::Info;
use super::lines::WireCount;
use super::message::{EmailId, Place};
use crate::maildir::{Folder, name, open_plain};

/// A message's file.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) base: Arc<OsStr>,
    pub(super) place: Place,
}

/// Lists both folders, without opening or asking after any file. `new` comes
/// first: what moves to `cur` meanwhile is then seen twice rather than never.
pub(super) fn read(mailbox: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for folder in [Folder::New, Folder::Cur] {
        for entry in fs::read_dir(mailbox.join(folder.name()))? {
            let entry = entry?;
            let file_name = entry.file_name();
            let Some((base, info)) = name::split(&file_name) else { continue };
            match entry.file_type() {
                Ok(kind) if kind.is_file() => {}
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                // Links and folders are no messages.
                _ => continue,
            }
            let place = Place { folder, info: Info::parse(info.as_bytes()) };
            entries.push(Entry { base: base.into(), place });
        }
    }
    Ok(entries)
}

/// What is to be known of a message that is new here.
pub(super) fn examine(mailbox: &Path, entry: &Entry) -> io::Result<Arrival> {
    let path = mailbox.join(entry.place.file(&entry.base));
    let metadata = fs::symlink_metadata(&path)?;
    let size = match name::noted_size(&entry.base) {
        Some(noted) if can_be(noted, &metadata) => noted,
        _ => measure(&open_plain(&path)?)?,
    };
    Ok(Arrival {
        base: entry.base.clone(),
        place: entry.place.clone(),
        flags: Flags { system: entry.place.info.flags(), keywords: Keywords::default() },
        size,
        internal_date: metadata.mtime(),
        email_id: EmailId::of(&entry.base),
        original: None,
    })
}

/// When a message came, for the order among those that are new together.
pub(super) fn delivered(arrival: &Arrival) -> u64 {
    name::delivered(&arrival.base).unwrap_or(u64::try_from(arrival.internal_date).unwrap_or(0))
}

fn can_be(noted: u64, metadata: &Metadata) -> bool {
    (metadata.len()..=metadata.len().saturating_mul(2)).contains(&noted)
}

/// Reads a file from its start and counts its octets on the wire.
pub(super) fn measure(mut file: &File) -> io::Result<u64> {
    let mut count = WireCount::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(count.octets()),
            Ok(read) => count.push(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A base name that no other file has, which notes these sizes.
pub(super) fn fresh_base(length: u64, size: u64) -> OsString {
    format!("{},S={length},W={size}", unique()).into()
}

/// A fresh base name for a message that has one, and its notes.
pub(super) fn renewed_base(base: &OsStr) -> OsString {
    let mut fresh = OsString::from(unique());
    let notes = base.as_bytes().iter().position(|&byte| byte == b',');
    fresh.push(OsStr::from_bytes(notes.and_then(|at| base.as_bytes().get(at..)).unwrap_or_default()));
    fresh
}

/// Time, process and a count. Padded, so that the names sort in order.
fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{}.M{:06}P{}R{count:06}.local", now.as_secs(), now.subsec_micros(), std::process::id())
}
