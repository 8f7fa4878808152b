use core::fmt;

use bytes::Bytes;
use memchr::memchr_iter;
use wirestate_machine::plugin::Kind;

use crate::codec::{Encoder, Fault, Message, Parts, Profile, Unwritable};
use crate::network::Delivery;

/// One or more whole messages as they go out, each with its CRLF. Cheap to clone: one encoding serves any number of receivers.
///
/// Only what this crate has written, or checked, becomes one.
#[derive(Clone, PartialEq, Eq)]
pub struct Lines(Bytes);

impl Lines {
    /// No message at all: what a plugin puts in the place of one that it hides.
    pub const NONE: Lines = Lines(Bytes::new());

    /// Writes one message.
    ///
    /// # Errors
    ///
    /// [`Unwritable`].
    pub fn encode(encoder: &Encoder, parts: &Parts<'_>) -> Result<Self, Unwritable> {
        encoder.to_bytes(parts).map(Lines)
    }

    /// Takes messages that have been written already, after a check of each line.
    ///
    /// # Errors
    ///
    /// The first [`Fault`] of a line: the lenient grammar is asked for, and CRLF at each end.
    pub fn check(bytes: Bytes) -> Result<Self, Fault> {
        let mut start = 0;
        for end in memchr_iter(b'\n', &bytes) {
            Message::parse(Profile::Strict.trim_line(&bytes[start..=end])?, Profile::Lenient)?;
            start = end + 1;
        }
        if start == bytes.len() { Ok(Lines(bytes)) } else { Err(Fault::BareLf) }
    }

    /// What this crate's own encoder has written.
    pub(crate) const fn written(bytes: Bytes) -> Self {
        Lines(bytes)
    }

    /// The bytes, line ends included.
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    /// The bytes, line ends included.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// The messages.
    pub fn messages(&self) -> impl Iterator<Item = Message<&[u8]>> {
        let lines = self.0.split_inclusive(|byte| *byte == b'\n');
        lines.filter_map(|line| Message::parse(line.strip_suffix(b"\r\n")?, Profile::Lenient).ok())
    }
}

impl AsRef<[u8]> for Lines {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Delivery<'_>> for Lines {
    /// What the network has written is shared, not copied.
    fn from(delivery: Delivery<'_>) -> Self {
        Lines(delivery.bytes.clone())
    }
}

impl Kind for Lines {
    /// That of the first message; see [`place`](super::place).
    fn bit(&self) -> u32 {
        self.messages().next().map_or(63, |first| first.bit())
    }
}

impl fmt::Debug for Lines {
    /// Shows what kind of messages they are, never what their parameters say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.messages()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Command, Sender};
    use alloc::format;

    #[test]
    fn only_whole_messages_pass_the_check() {
        for good in [&b""[..], b"PING x\r\n", b"@a=1 :s PING x\r\nPONG :y z\r\n"] {
            assert_eq!(Lines::check(Bytes::copy_from_slice(good)).unwrap().as_bytes(), good);
        }
        for bad in
            [&b"PING x"[..], b"PING x\n", b"PING x\r\nPO", b"\r\n", b"PING a\rb\r\n", b"PING a\0b\r\n", b":s \r\n"]
        {
            assert!(Lines::check(Bytes::copy_from_slice(bad)).is_err(), "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn debug_shows_no_text() {
        let parts = Parts { command: Command::Word(b"PASS"), params: &[b"hunter2"], ..Parts::default() };
        let lines = Lines::encode(&Encoder::new(Sender::Server), &parts).unwrap();
        assert_eq!(lines.messages().count(), 1);
        assert!(!format!("{lines:?}").contains("hunter"));
    }
}
