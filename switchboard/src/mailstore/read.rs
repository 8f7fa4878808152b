//! Reading a message's octets, a piece at a time.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;

use bytes::Bytes;

use super::append::TRIES;
use super::error::StoreError;
use super::index::table;
use super::lines;
use super::listing::measure;
use super::mailbox::Mailbox;
use super::message::Uid;
use crate::maildir::open_plain;

/// The most that is read of a file at a time.
const PIECE: usize = 64 * 1024;

/// An open message. It can be read to its end even if it is expunged
/// meanwhile.
#[derive(Debug)]
pub struct Reader {
    file: File,
    size: u64,
    /// Whether the file is octet for octet what clients are shown.
    is_plain: bool,
    /// Otherwise: how far the file was read, what of the message that was, and
    /// whether it ended with CR.
    read: u64,
    shown: u64,
    after_cr: bool,
}

impl Mailbox {
    /// Opens a message for reading.
    ///
    /// # Errors
    ///
    /// [`StoreError::Vanished`] if it is gone; otherwise the system's.
    pub fn open(&self, uid: Uid) -> Result<Reader, StoreError> {
        let mut contents = self.lock();
        if !contents.is_loaded {
            self.update(&mut contents)?;
        }
        for _ in 0..TRIES {
            if contents.is_gone {
                return Err(StoreError::Gone);
            }
            let message = contents.snapshot.message(uid).ok_or(StoreError::Vanished)?;
            let path = contents.path.join(message.file());
            match open_plain(&path).and_then(|file| Reader::new(file, message.size)) {
                Ok(reader) => {
                    if reader.size != message.size {
                        tracing::warn!(message = %path.display(), "the message is not of the size that was known");
                        contents.set_size(uid, reader.size);
                        self.store.index().write_lightly(|db| table::set_size(db, self.id, uid, reader.size))?;
                    }
                    return Ok(reader);
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    self.set_stale();
                    self.update(&mut contents)?;
                }
                Err(error) => return Err(StoreError::at(&path)(error)),
            }
        }
        Err(StoreError::Restless)
    }
}

impl Reader {
    fn new(file: File, size: u64) -> io::Result<Self> {
        let is_plain = file.metadata()?.len() == size;
        // A literal's length must be right, whatever was noted.
        let size = if is_plain { size } else { measure(&file)? };
        Ok(Self { file, size, is_plain, read: 0, shown: 0, after_cr: false })
    }

    /// All octets of the message, with every line ended by CRLF.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// At most `most` octets of the message from `offset` on, and less only at
    /// its end. Going on where the last piece ended costs what is read; going
    /// back may cost reading from the start again.
    ///
    /// # Errors
    ///
    /// The system's; `UnexpectedEof` if another program has shortened the file.
    pub fn piece(&mut self, offset: u64, most: usize) -> io::Result<Bytes> {
        let left = self.size.saturating_sub(offset);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(most);
        if wanted == 0 {
            return Ok(Bytes::new());
        }
        let piece = if self.is_plain { self.plain(offset, wanted)? } else { self.converted(offset, wanted)? };
        if piece.len() < wanted { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(piece) }
    }

    fn plain(&self, offset: u64, wanted: usize) -> io::Result<Bytes> {
        let mut piece = vec![0; wanted];
        self.file.read_exact_at(&mut piece, offset)?;
        Ok(piece.into())
    }

    fn converted(&mut self, offset: u64, wanted: usize) -> io::Result<Bytes> {
        if offset < self.shown {
            (self.read, self.shown, self.after_cr) = (0, 0, false);
        }
        let mut piece = Vec::with_capacity(wanted);
        let mut buffer = vec![0; PIECE.min(wanted.max(4096))];
        let mut out = Vec::new();
        while piece.len() < wanted {
            let read = match self.file.read_at(&mut buffer, self.read) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                read => read?,
            };
            let Some(chunk) = buffer.get(..read).filter(|chunk| !chunk.is_empty()) else { break };
            let (start, was_after_cr) = (self.shown, self.after_cr);
            out.clear();
            lines::show(chunk, &mut self.after_cr, &mut out);
            let end = start + out.len() as u64;
            let position = offset + piece.len() as u64;
            let skipped = usize::try_from(position.saturating_sub(start)).unwrap_or(usize::MAX).min(out.len());
            let part = out.get(skipped..).unwrap_or_default();
            let taken = part.len().min(wanted - piece.len());
            piece.extend_from_slice(part.get(..taken).unwrap_or_default());
            if taken < part.len() {
                // The rest of this chunk is for the next piece, and read again.
                self.after_cr = was_after_cr;
                break;
            }
            (self.read, self.shown) = (self.read + read as u64, end);
        }
        Ok(piece.into())
    }
}
