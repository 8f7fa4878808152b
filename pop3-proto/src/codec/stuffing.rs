use bytes::Bytes;
use wirestate_machine::{Inbox, Outbox};

/// Where in a line the text given so far has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum At {
    #[default]
    LineStart,
    Inside,
    AfterCr,
}

impl At {
    fn after(text: &[u8], before: At) -> At {
        match text.last() {
            None => before,
            Some(b'\n') => At::LineStart,
            Some(b'\r') => At::AfterCr,
            Some(_) => At::Inside,
        }
    }
}

/// Makes message text into the body of a multi-line response (RFC 1939 §3): each line that begins with a dot gets another one, a
/// lone LF becomes CRLF, and at the end stands `CRLF . CRLF`. A lone CR is let pass.
///
/// Stretches that need no change are linked into the outbox without a copy.
#[derive(Debug, Default)]
pub struct Stuffer {
    at: At,
}

impl Stuffer {
    /// A stuffer at the start of a message.
    pub fn new() -> Self {
        Stuffer::default()
    }

    /// Appends the next piece of the message, cut wherever the caller likes.
    pub fn push(&mut self, piece: Bytes, outbox: &mut Outbox) {
        if self.at == At::LineStart && piece.first() == Some(&b'.') {
            outbox.put(b".");
        }
        // What stands before `done` is written.
        let mut done = 0;
        for lf in memchr::memchr_iter(b'\n', &piece) {
            let after_cr = if lf == 0 { self.at == At::AfterCr } else { piece[lf - 1] == b'\r' };
            if !after_cr {
                put_stretch(&piece, done, lf, outbox);
                outbox.put(b"\r");
                done = lf;
            }
            if piece.get(lf + 1) == Some(&b'.') {
                put_stretch(&piece, done, lf + 1, outbox);
                outbox.put(b".");
                done = lf + 1;
            }
        }
        self.at = At::after(&piece, self.at);
        put_stretch(&piece, done, piece.len(), outbox);
    }

    /// Ends the body: gives the last line its CRLF where it has none, then the terminating line.
    pub fn finish(self, outbox: &mut Outbox) {
        match self.at {
            At::LineStart => {}
            At::Inside => outbox.put(b"\r\n"),
            // The CR that stands there already is the line end's.
            At::AfterCr => outbox.put(b"\n"),
        }
        outbox.put(b".\r\n");
    }
}

fn put_stretch(piece: &Bytes, start: usize, end: usize, outbox: &mut Outbox) {
    // Cutting a slice off costs more than a copy of what would be copied anyhow.
    if end - start < Outbox::LINK_FROM { outbox.put(&piece[start..end]) } else { outbox.link(piece.slice(start..end)) }
}

/// Counts the octets that a message has on the wire, before stuffing: what LIST and STAT tell (RFC 1939 §11).
///
/// It counts what [`Stuffer`] writes, less the stuffed dots and the terminating line.
#[derive(Clone, Debug, Default)]
pub struct WireSize {
    octets: u64,
    at: At,
}

impl WireSize {
    /// A count at the start of a message.
    pub fn new() -> Self {
        WireSize::default()
    }

    /// Counts the next piece of the message, cut wherever the caller likes.
    pub fn push(&mut self, piece: &[u8]) {
        self.octets += piece.len() as u64;
        for lf in memchr::memchr_iter(b'\n', piece) {
            let after_cr = if lf == 0 { self.at == At::AfterCr } else { piece[lf - 1] == b'\r' };
            self.octets += u64::from(!after_cr);
        }
        self.at = At::after(piece, self.at);
    }

    /// The size of the whole message.
    pub fn finish(self) -> u64 {
        match self.at {
            At::LineStart => self.octets,
            At::Inside => self.octets + 2,
            At::AfterCr => self.octets + 1,
        }
    }
}

/// What an [`Unstuffer`] found next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Message text, without its stuffing. Never empty; where it is cut depends on how the input was.
    Text(Bytes),
    /// The terminating line; the inbox stands right behind it.
    End,
    /// Nothing more before more input comes.
    More,
}

/// Takes the body of a multi-line response apart again, octet for octet: the inverse of [`Stuffer`].
///
/// Only `CRLF . CRLF` ends the body. A dot after a bare LF or a bare CR is text: who took it for the end could be made to take
/// message text for the next response.
#[derive(Debug, Default)]
pub struct Unstuffer {
    at: At,
}

impl Unstuffer {
    /// An unstuffer right behind the first line of a multi-line response.
    pub fn new() -> Self {
        Unstuffer::default()
    }

    /// Takes the next piece out of the inbox, without a copy and looking at each octet once.
    pub fn next(&mut self, inbox: &mut Inbox) -> Piece {
        if self.at == At::LineStart {
            match inbox.bytes() {
                [b'.', b'\r', b'\n', ..] => {
                    inbox.consume(3);
                    return Piece::End;
                }
                [b'.'] | [b'.', b'\r'] => return Piece::More,
                [b'.', ..] => {
                    inbox.consume(1);
                    self.at = At::Inside;
                }
                _ => {}
            }
        }
        let text = inbox.bytes();
        if text.is_empty() {
            return Piece::More;
        }
        let end = match text {
            [b'\n', b'.', ..] if self.at == At::AfterCr => 1,
            _ => memchr::memmem::find(text, b"\r\n.").map_or(text.len(), |at| at + 2),
        };
        let text = inbox.take(end);
        self.at = match (&*text, self.at) {
            ([.., b'\r', b'\n'], _) | ([b'\n'], At::AfterCr) => At::LineStart,
            ([.., b'\r'], _) => At::AfterCr,
            _ => At::Inside,
        };
        Piece::Text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn stuffed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        let mut outbox = Outbox::new();
        let mut stuffer = Stuffer::new();
        pieces.into_iter().for_each(|piece| stuffer.push(Bytes::copy_from_slice(piece), &mut outbox));
        stuffer.finish(&mut outbox);
        outbox.to_vec()
    }

    fn wire_size(message: &[u8]) -> u64 {
        let mut size = WireSize::new();
        size.push(message);
        size.finish()
    }

    /// Feeds `input` in steps; gives the text, whether the end came, and what is left in the inbox.
    fn unstuffed(input: &[u8], step: usize) -> (Vec<u8>, bool, Vec<u8>) {
        let mut inbox = Inbox::new(1 << 20);
        let mut unstuffer = Unstuffer::new();
        let (mut text, mut ended) = (Vec::new(), false);
        for cut in input.chunks(step) {
            inbox.push(cut);
            while !ended {
                match unstuffer.next(&mut inbox) {
                    Piece::Text(piece) => text.extend_from_slice(&piece),
                    Piece::End => ended = true,
                    Piece::More => break,
                }
            }
        }
        (text, ended, inbox.bytes().to_vec())
    }

    #[test]
    fn dots_are_doubled_at_line_starts_only() {
        assert_eq!(stuffed([&b".\r\n..\r\na.b\r\n"[..]]), b"..\r\n...\r\na.b\r\n.\r\n");
        assert_eq!(stuffed([&b"a\r\n"[..], b".b\r\n"]), b"a\r\n..b\r\n.\r\n");
    }

    #[test]
    fn line_ends_become_crlf() {
        assert_eq!(stuffed([&b"a\n.b\nc"[..]]), b"a\r\n..b\r\nc\r\n.\r\n");
        assert_eq!(stuffed([&b"a\r"[..], b"\nb\r"]), b"a\r\nb\r\n.\r\n");
        assert_eq!(stuffed([&b"\n"[..]]), b"\r\n.\r\n");
        assert_eq!(stuffed([&b""[..]]), b".\r\n");
        assert_eq!(stuffed([&b"a\rb\r\n"[..]]), b"a\rb\r\n.\r\n");
    }

    #[test]
    fn large_stretches_are_not_copied() {
        let message = Bytes::from(vec![b'x'; 8192]);
        let mut outbox = Outbox::new();
        Stuffer::new().push(message.clone(), &mut outbox);
        assert_eq!(bytes::Buf::chunk(&outbox).as_ptr(), message.as_ptr());
    }

    #[test]
    fn only_crlf_dot_crlf_is_the_end() {
        for step in [1, 2, 3, 100] {
            assert_eq!(unstuffed(b"a\r\n.\r\n+OK\r\n", step), (b"a\r\n".to_vec(), true, b"+OK\r\n".to_vec()));
            assert_eq!(unstuffed(b".\r\n", step), (vec![], true, vec![]));
            let (text, ended, _) = unstuffed(b"a\n.\nb\r.\rc\n.\r\nd", step);
            assert_eq!((text, ended), (b"a\n.\nb\r.\rc\n.\r\nd".to_vec(), false));
            let (text, ended, _) = unstuffed(b"a\r\n.\nb\r\n.\rc\r\n", step);
            assert_eq!((text, ended), (b"a\r\n\nb\r\n\rc\r\n".to_vec(), false));
        }
    }

    #[test]
    fn a_message_that_starts_with_a_dot_survives() {
        assert_eq!(unstuffed(&stuffed([&b".first\r\n"[..]]), 1).0, b".first\r\n");
    }

    /// Text rich in what matters here.
    fn message() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(&b"\r\n\n..ab\0\xff"[..]), 0..80)
    }

    /// What a message is on the wire: lone LFs as CRLF, a line end at its end.
    fn canonical(message: &[u8]) -> Vec<u8> {
        let mut wire = Vec::new();
        for byte in message {
            if *byte == b'\n' && wire.last() != Some(&b'\r') {
                wire.push(b'\r');
            }
            wire.push(*byte);
        }
        match wire.last() {
            None | Some(b'\n') => {}
            Some(b'\r') => wire.push(b'\n'),
            Some(_) => wire.extend_from_slice(b"\r\n"),
        }
        wire
    }

    proptest! {
        #[test]
        fn a_message_comes_out_octet_for_octet(message in message(), cut in 1usize..9, step in 1usize..9) {
            let wire = stuffed(message.chunks(cut));
            prop_assert_eq!(unstuffed(&wire, step), (canonical(&message), true, vec![]));
        }

        #[test]
        fn the_size_told_is_the_size_sent(message in message(), cut in 1usize..9) {
            prop_assert_eq!(wire_size(&message), canonical(&message).len() as u64);
            let mut size = WireSize::new();
            message.chunks(cut).for_each(|piece| size.push(piece));
            prop_assert_eq!(size.finish(), wire_size(&message));
        }

        #[test]
        fn cuts_change_nothing(message in message(), cut in 1usize..9) {
            prop_assert_eq!(stuffed(message.chunks(cut)), stuffed([&message[..]]));
            prop_assert_eq!(unstuffed(&message, cut).0, unstuffed(&message, 1000).0);
        }
    }
}
