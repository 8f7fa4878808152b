use std::borrow::Cow;

use bytes::BytesMut;
use thiserror::Error;

/// Where one message ends and the next begins in a machine's own stream, and what stands there.
///
/// A WebSocket keeps its messages apart by itself; a machine inside reads and writes a stream. [`Lines`] is for protocols of lines, [`Ended`] for
/// messages that end with a byte which is in none of them.
pub trait Delimiter {
    /// Whether the machine is given a message as it comes, part by part, so that nobody has to hold the whole. It bounds messages by itself then.
    const IN_PARTS: bool = false;

    /// Makes of one message of the peer what the machine reads; with [`IN_PARTS`](Delimiter::IN_PARTS), of the next part of it, of which `is_last`
    /// tells whether it is the last. A text message is valid UTF-8.
    ///
    /// # Errors
    ///
    /// Where it may not be read; the connection is then closed with code 1007 (RFC 6455 §7.4.1). What is left of a part is read before, for whatever
    /// cuts it has come in, the machine reads the same.
    fn incoming(&mut self, content: &mut BytesMut, is_last: bool) -> Result<(), Refused>;

    /// How many of these bytes, which follow those it has seen, belong to the message that the machine is saying, if it ends in them.
    /// Without an end it has seen them all. No byte is shown twice.
    fn end(&mut self, more: &[u8]) -> Option<usize>;

    /// What the peer is sent of a message that the machine has said, its end included; nothing where nothing is to be sent.
    ///
    /// Of a very long message it is the last part: of those before, all is sent. At least the last 4 bytes of a message are in it.
    fn outgoing<'a>(&mut self, message: &'a [u8]) -> Option<Cow<'a, [u8]>>;
}

/// The peer's message is not one that the machine may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Refused(pub &'static str);

/// One line a message, without CRLF, as IRCv3 has it; the machine inside reads and writes lines that end with CRLF.
///
/// A message with a CR or LF in it is refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lines {
    trims: bool,
}

impl Lines {
    /// Lines of which each may end with one CRLF, CR or LF within its message, which is dropped: clients older than the specification send it.
    pub fn lenient() -> Self {
        Lines { trims: true }
    }
}

impl Delimiter for Lines {
    fn incoming(&mut self, message: &mut BytesMut, _is_last: bool) -> Result<(), Refused> {
        if self.trims {
            message.truncate(without_end(message, |byte| byte == b'\r').len());
        }
        if memchr::memchr2(b'\r', b'\n', message).is_some() {
            return Err(Refused("a message has a CR or LF in it: send one line a message, without its end"));
        }
        message.extend_from_slice(b"\r\n");
        Ok(())
    }

    fn end(&mut self, more: &[u8]) -> Option<usize> {
        memchr::memchr(b'\n', more).map(|place| place + 1)
    }

    fn outgoing<'a>(&mut self, message: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        Some(Cow::Borrowed(without_end(message, |_| false)))
    }
}

/// Messages each of which ends with one certain byte in the machine's stream, which none has in it: NUL for XML. They are read in parts.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    by: u8,
}

impl Ended {
    /// Messages that this byte ends. What is said in text messages is UTF-8, so that it is best one of ASCII.
    pub fn by(byte: u8) -> Self {
        Ended { by: byte }
    }
}

impl Delimiter for Ended {
    const IN_PARTS: bool = true;

    fn incoming(&mut self, content: &mut BytesMut, is_last: bool) -> Result<(), Refused> {
        if let Some(place) = memchr::memchr(self.by, content) {
            content.truncate(place);
            return Err(Refused("a message has the byte in it that ends messages inside"));
        }
        if is_last {
            content.extend_from_slice(&[self.by]);
        }
        Ok(())
    }

    fn end(&mut self, more: &[u8]) -> Option<usize> {
        memchr::memchr(self.by, more).map(|place| place + 1)
    }

    fn outgoing<'a>(&mut self, message: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        Some(Cow::Borrowed(message.strip_suffix(&[self.by]).unwrap_or(message)))
    }
}

/// A line without its CRLF or LF, or without what else `ends` it alone.
fn without_end(line: &[u8], ends: impl Fn(u8) -> bool) -> &[u8] {
    match line {
        [line @ .., b'\r', b'\n'] | [line @ .., b'\n'] => line,
        [line @ .., last] if ends(*last) => line,
        line => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut lines: Lines, message: &[u8]) -> Result<Vec<u8>, Refused> {
        let mut message = BytesMut::from(message);
        lines.incoming(&mut message, true)?;
        Ok(message.to_vec())
    }

    #[test]
    fn a_message_is_one_line() {
        assert_eq!(read(Lines::default(), b"NICK ann").unwrap(), b"NICK ann\r\n");
        assert_eq!(read(Lines::default(), b"").unwrap(), b"\r\n");
        for two in [&b"a\nb"[..], b"a\rb", b"a\r\n", b"\n"] {
            assert!(read(Lines::default(), two).is_err(), "{two:?}");
        }
    }

    #[test]
    fn an_end_may_be_tolerated_and_nothing_after_it() {
        for one in [&b"a"[..], b"a\n", b"a\r", b"a\r\n"] {
            assert_eq!(read(Lines::lenient(), one).unwrap(), b"a\r\n", "{one:?}");
        }
        for two in [&b"a\nb"[..], b"a\n\n", b"a\r\n\r\n", b"a\r\r\n"] {
            assert!(read(Lines::lenient(), two).is_err(), "{two:?}");
        }
    }

    #[test]
    fn an_end_is_put_behind_the_last_part_and_taken_off() {
        let mut ended = Ended::by(0);
        let mut parts = [BytesMut::from(&b"<a>"[..]), BytesMut::from(&b"</a>"[..])];
        ended.incoming(&mut parts[0], false).unwrap();
        ended.incoming(&mut parts[1], true).unwrap();
        assert_eq!(parts.concat(), b"<a></a>\0");
        let mut two = BytesMut::from(&b"<a/>\0<b/>"[..]);
        assert!(ended.incoming(&mut two, true).is_err());
        assert_eq!(two, b"<a/>"[..]);
        assert_eq!((ended.end(b"<a>"), ended.end(b"</a>\0<b/>\0")), (None, Some(5)));
        assert_eq!(ended.outgoing(b"<a></a>\0").as_deref(), Some(&b"<a></a>"[..]));
        assert_eq!(ended.outgoing(b"<a>").as_deref(), Some(&b"<a>"[..]));
    }

    #[test]
    fn a_line_leaves_without_its_end() {
        let mut lines = Lines::default();
        assert_eq!(lines.end(b"PING x\r"), None);
        assert_eq!(lines.end(b"\nPING y\r\n"), Some(1));
        assert_eq!(lines.outgoing(b"PING x\r\n").as_deref(), Some(&b"PING x"[..]));
        assert_eq!(lines.outgoing(b"half").as_deref(), Some(&b"half"[..]));
    }
}
