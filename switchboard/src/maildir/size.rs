//! The size of a message as clients see it: its octets with every line ended
//! by CRLF (RFC 1939 section 11), whatever the file uses. What counts is told
//! by the code that sends the message, so the two always agree.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

use pop3_proto::codec::WireSize;

/// Reads the file once and counts.
pub(super) fn measure(mut file: &File) -> io::Result<u64> {
    let mut size = WireSize::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(size.finish()),
            Ok(count) => size.push(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// What Dovecot notes in a file's name: as on the wire, but without the end of
/// the last line where the message lacks it.
pub(super) fn to_note(message: &[u8]) -> u64 {
    let mut size = WireSize::new();
    size.push(message);
    size.finish() - message.last().map_or(0, |&last| missing_after(last))
}

/// The wire size that such a note stands for. `None` if the note cannot be true.
pub(super) fn noted(mut file: &File, length: u64, note: u64) -> io::Result<Option<u64>> {
    if note < length || note > length.saturating_mul(2) {
        return Ok(None);
    }
    if length == 0 {
        return Ok(Some(0));
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(Some(note + missing_after(last[0])))
}

/// How many octets of its line end a message lacks that ends with this one.
fn missing_after(last: u8) -> u64 {
    match last {
        b'\n' => 0,
        b'\r' => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_believed_only_if_it_can_be_true() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m");
        std::fs::write(&path, "a\nb").unwrap();
        let file = File::open(&path).unwrap();
        assert_eq!(noted(&file, 3, 4).unwrap(), Some(6), "without final line end");
        assert_eq!(measure(&File::open(&path).unwrap()).unwrap(), 6);
        assert_eq!(noted(&file, 3, 2).unwrap(), None);
        assert_eq!(noted(&file, 3, 7).unwrap(), None);
        std::fs::write(&path, "a\nb\n").unwrap();
        assert_eq!(noted(&File::open(&path).unwrap(), 4, 6).unwrap(), Some(6));
        std::fs::write(&path, "a\r").unwrap();
        let file = File::open(&path).unwrap();
        assert_eq!((noted(&file, 2, 2).unwrap(), measure(&File::open(&path).unwrap()).unwrap()), (Some(3), 3));
        std::fs::write(&path, "").unwrap();
        assert_eq!(noted(&File::open(&path).unwrap(), 0, 0).unwrap(), Some(0));
    }
}
