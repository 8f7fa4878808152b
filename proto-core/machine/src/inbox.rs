use core::fmt;

use bytes::Bytes;

use crate::buffer::Buffer;
use crate::scan;

/// The bytes that the peer sent and the machine has not understood yet.
///
/// The driver [`push`](Inbox::push)es what it reads, never more than there is [`room`](Inbox::room) for: that is the
/// back-pressure on reading. The machine looks at the bytes, finds a whole frame, and takes it out. An inbox holds no heap while it is
/// empty, nor for one short command.
pub struct Inbox {
    bytes: Buffer,
    /// How far `find_lf` has looked without finding one, so that no byte is scanned twice.
    scanned: usize,
    limit: usize,
    held: bool,
    closed: bool,
}

impl Inbox {
    /// An inbox that takes at most `limit` bytes at a time.
    pub fn new(limit: usize) -> Self {
        Inbox { bytes: Buffer::new(), scanned: 0, limit, held: false, closed: false }
    }

    /// The most bytes this inbox holds.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Changes the limit. Bytes that are already here stay, also where they are more than the new limit.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    // --- the driver's side ---

    /// How many bytes may be pushed now; with none, the driver must not read. A held or closed inbox has no room.
    pub fn room(&self) -> usize {
        if self.held || self.closed { 0 } else { self.limit.saturating_sub(self.bytes.len()) }
    }

    /// Takes as much of `bytes` as there is room for, and says how much that was.
    #[must_use = "what was not taken must be pushed again when there is room"]
    pub fn push_some(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(self.room());
        let more = &bytes[..taken];
        if !self.bytes.append_within(more) {
            self.bytes.append_on_heap(more, 0);
        }
        taken
    }

    /// Takes all of `bytes`, for callers who know that they fit.
    ///
    /// # Panics
    ///
    /// When there is less [`room`](Inbox::room) than `bytes` needs. Drivers, whose bytes come from a peer, ask for the room
    /// first or use [`push_some`](Inbox::push_some).
    pub fn push(&mut self, bytes: &[u8]) {
        let taken = self.push_some(bytes);
        assert!(taken == bytes.len(), "the inbox has room for {taken} bytes, but {} were pushed", bytes.len());
    }

    /// Tells the machine that the peer will send no more (end of file). What is here can still be read.
    pub fn close(&mut self) {
        self.closed = true;
    }

    /// Whether the peer will send no more.
    #[inline]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether the peer will send no more and all it sent has been taken.
    pub fn is_finished(&self) -> bool {
        self.closed && self.bytes.is_empty()
    }

    // --- the machine's side ---

    /// Shuts the door to the driver, or opens it again: while an upgrade is under way, no byte may come in that would be
    /// read before the switch but act after it.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// Whether the door is shut by [`hold`](Inbox::hold).
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Whether nothing is waiting.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether nothing is waiting, and more may come yet.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.bytes.is_empty() && !self.closed
    }

    /// How many bytes are waiting.
    #[inline]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// All that is waiting.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// The offset of the first LF. Looks at each byte once, however often it is asked and however the input was cut.
    #[inline]
    pub fn find_lf(&mut self) -> Option<usize> {
        let fresh = self.bytes.as_slice().get(self.scanned..).unwrap_or_default();
        if fresh.is_empty() {
            return None;
        }
        // Neither machinery pays for a word or two.
        let found = match fresh.len() {
            0..8 => fresh.iter().position(|byte| *byte == b'\n'),
            8..32 => scan::position(b'\n', fresh),
            _ => memchr::memchr(b'\n', fresh),
        };
        match found {
            Some(at) => {
                // Asked again before the line is taken, the answer must be the same.
                self.scanned += at;
                Some(self.scanned)
            }
            None => {
                self.scanned += fresh.len();
                None
            }
        }
    }

    /// Drops the first `count` bytes, or all where there are fewer.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        self.bytes.consume(count);
        self.scanned = self.scanned.saturating_sub(count);
    }

    /// Takes the first `count` bytes out (all where there are fewer), without a copy where they are many. They share the inbox's
    /// buffer, so this is for bulk; small text that lives on is better copied out and [`consume`](Inbox::consume)d.
    pub fn take(&mut self, count: usize) -> Bytes {
        self.scanned = self.scanned.saturating_sub(count);
        self.bytes.take(count)
    }

    /// Drops all that is waiting and gives its heap back.
    pub fn clear(&mut self) {
        self.consume(usize::MAX);
    }
}

impl fmt::Debug for Inbox {
    /// Shows how full the inbox is, never what is in it: it may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("len", &self.bytes.len())
            .field("limit", &self.limit)
            .field("held", &self.held)
            .field("closed", &self.closed)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_what_the_limit_leaves() {
        let mut inbox = Inbox::new(4);
        assert_eq!(inbox.push_some(b"abcdef"), 4);
        assert_eq!(inbox.room(), 0);
        inbox.consume(3);
        assert_eq!(inbox.room(), 3);
        inbox.hold(true);
        assert_eq!(inbox.push_some(b"x"), 0);
        inbox.hold(false);
        inbox.close();
        assert_eq!(inbox.room(), 0);
        assert!(!inbox.is_finished());
        inbox.consume(1);
        assert!(inbox.is_finished());
    }

    #[test]
    fn neither_an_empty_inbox_nor_a_short_command_holds_heap() {
        let mut inbox = Inbox::new(1000);
        inbox.push(b"RETR 1\r\n");
        assert_eq!(inbox.bytes.heap(), 0);
        inbox.push(&[b'x'; 500]);
        assert!(inbox.bytes.heap() > 0);
        inbox.consume(508);
        assert_eq!(inbox.bytes.heap(), 0);
        inbox.push(&[b'x'; 500]);
        drop(inbox.take(500));
        assert_eq!(inbox.bytes.heap(), 0);
    }

    #[test]
    fn a_line_end_is_found_wherever_the_input_was_cut() {
        let mut inbox = Inbox::new(64);
        for byte in b"one" {
            inbox.push(&[*byte]);
            assert_eq!(inbox.find_lf(), None);
        }
        inbox.push(b"\ntwo\n");
        assert_eq!(inbox.find_lf(), Some(3));
        assert_eq!(inbox.find_lf(), Some(3));
        assert_eq!(inbox.take(4), "one\n");
        assert_eq!(inbox.find_lf(), Some(3));
        inbox.consume(2);
        assert_eq!(inbox.find_lf(), Some(1));
    }

    #[test]
    fn debug_shows_no_content() {
        let mut inbox = Inbox::new(64);
        inbox.push(b"PASS hunter2\r\n");
        assert!(!alloc::format!("{inbox:?}").contains("hunter2"));
    }
}
