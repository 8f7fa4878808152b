//! The size of a message as clients see it: its octets with every line ended
//! by CRLF (RFC 1939 section 11), whatever the file uses.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

/// Counts the octets of a message on the wire, from its pieces.
///
/// A line feed without carriage return counts as CRLF; a lone carriage return
/// stays one octet; a message that ends within a line gets a CRLF; one without
/// any octet stays empty. Byte-stuffing and the closing dot do not count.
#[derive(Clone, Copy, Debug, Default)]
pub struct WireSize {
    octets: u64,
    last: Option<u8>,
}

impl WireSize {
    /// Counts a message that is whole in memory.
    pub fn of(message: &[u8]) -> u64 {
        let mut size = Self::default();
        size.add(message);
        size.total()
    }

    /// Counts the next piece.
    pub fn add(&mut self, piece: &[u8]) {
        let Some(&last) = piece.last() else { return };
        let mut before = self.last;
        let mut start = 0;
        let mut lone = 0_u64;
        for end in memchr::memchr_iter(b'\n', piece) {
            // An empty stretch means that the octet before is the line feed
            // just seen, or ended the piece before.
            before = piece.get(start..end).and_then(<[u8]>::last).copied().or(before);
            lone += u64::from(before != Some(b'\r'));
            before = Some(b'\n');
            start = end + 1;
        }
        self.octets += piece.len() as u64 + lone;
        self.last = Some(last);
    }

    /// The size, once every piece was counted.
    pub fn total(self) -> u64 {
        match self.last {
            None | Some(b'\n') => self.octets,
            Some(_) => self.octets + 2,
        }
    }
}

/// Reads the file once and counts.
pub(super) fn measure(mut file: &File) -> io::Result<u64> {
    let mut size = WireSize::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(size.total()),
            Ok(count) => size.add(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// What a note in the file's name says, made to agree with [`WireSize`]:
/// Dovecot counts no final CRLF that is not in the file. `None` if the note
/// cannot be true.
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
    Ok(Some(if last == *b"\n" { note } else { note + 2 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule, octet by octet.
    fn slow(message: &[u8]) -> u64 {
        let mut wire = Vec::new();
        for &byte in message {
            if byte == b'\n' && wire.last() != Some(&b'\r') {
                wire.push(b'\r');
            }
            wire.push(byte);
        }
        if !wire.is_empty() && wire.last() != Some(&b'\n') {
            wire.extend(b"\r\n");
        }
        wire.len() as u64
    }

    #[test]
    fn every_short_message_at_every_cut() {
        let alphabet = [b'a', b'\r', b'\n'];
        for number in 0..3_usize.pow(6) {
            for length in 0..=6_u32 {
                let message: Vec<u8> = (0..length).map(|digit| alphabet[number / 3_usize.pow(digit) % 3]).collect();
                assert_eq!(WireSize::of(&message), slow(&message), "{message:?}");
                for cut in 0..=message.len() {
                    let mut size = WireSize::default();
                    size.add(&message[..cut]);
                    size.add(&message[cut..]);
                    assert_eq!(size.total(), slow(&message), "{message:?} cut at {cut}");
                }
            }
        }
    }

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
        std::fs::write(&path, "").unwrap();
        assert_eq!(noted(&File::open(&path).unwrap(), 0, 0).unwrap(), Some(0));
    }
}
