use alloc::vec::Vec;

use memchr::memchr3;
use thiserror::Error;
use wirestate_machine::Outbox;

use super::cursor::is_known;
use super::number_set::UidSet;
use super::sequence::SequenceSet;
use super::text::{self, ASTRING, ATOM, LIST, Literal, PLAIN, TAG};

/// Where bytes are written to.
pub trait Sink {
    /// Appends these bytes.
    fn put(&mut self, bytes: &[u8]);

    /// Says that what was put so far ends in a synchronizing literal's announcement: it must go out, and the server's `+` must come, before
    /// what follows may (RFC 9051 §4.3). Only commands do this, and only where the literals of [`Encoder::with_literals`] wait.
    fn wait(&mut self) {}
}

impl Sink for Outbox {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        Outbox::put(self, bytes);
    }
}

impl Sink for Vec<u8> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// A buffer that remembers where its reader must wait for `+`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// All that was written.
    pub bytes: Vec<u8>,
    /// How many bytes may go out before each wait, counted from the start and rising.
    pub stops: Vec<usize>,
}

impl Sink for Waits {
    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn wait(&mut self) {
        self.stops.push(self.bytes.len());
    }
}

/// How literals are announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Literals {
    /// By a server: `{n}`, and the bytes follow at once.
    Server,
    /// By a client to any server: `{n}`, and the bytes wait for `+`.
    Synchronizing,
    /// By a client to a server with LITERAL- or IMAP4rev2: `{n+}` up to 4096 bytes (RFC 7888 §5).
    Minus,
    /// By a client to a server with LITERAL+: always `{n+}` (RFC 7888 §4).
    Plus,
}

impl Literals {
    /// The longest literal that LITERAL- lets a client send at once, in bytes (RFC 7888 §5).
    pub const MINUS: u64 = 4096;

    /// How a client, or a server, announces so many bytes.
    pub const fn announce(self, len: u64, binary: bool) -> Literal {
        let sync = match self {
            Literals::Server | Literals::Synchronizing => true,
            Literals::Minus => len > Literals::MINUS,
            Literals::Plus => false,
        };
        Literal { len, sync, binary }
    }
}

/// Writes commands and responses. What it writes the parsers of this crate read as it was meant; what cannot be written so is an error, and
/// then nothing is written. It allocates nothing itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoder {
    literals: Literals,
    utf8: bool,
}

/// What an [`Encoder`] writes.
pub trait Encode {
    /// Writes this value, with its line end if it has one.
    ///
    /// It is called twice: with a writer that only looks whether all can be written, then with one that writes.
    ///
    /// # Errors
    ///
    /// [`Unwritable`].
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable>;
}

/// Why a value cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Unwritable {
    /// A word is empty or has a character that atoms cannot have (RFC 9051 §9, ATOM-CHAR).
    #[error("an atom is neither empty nor has spaces, controls, non-ASCII characters or any of ( ) {{ % * \" \\ ]")]
    Atom,
    /// A tag is empty or has a character that tags cannot have.
    #[error("a tag is neither empty nor has spaces, controls, non-ASCII characters or any of ( ) {{ % * \" \\ +")]
    Tag,
    /// There is a CR or LF where no literal can stand, with which one line would become two.
    #[error("CR and LF cannot be sent here: remove them")]
    LineEnd,
    /// There is a NUL, which only a literal8 can hold.
    #[error("NUL cannot be sent here: remove it")]
    Nul,
    /// There is a character outside ASCII where no literal can stand and UTF-8 was not agreed on.
    #[error("only ASCII can be sent here before UTF8=ACCEPT is enabled")]
    NotAscii,
    /// A list is empty that the grammar wants filled.
    #[error("a list is empty that needs at least one element")]
    Empty,
    /// A list is longer than the RFC allows, or nested deeper than a reader would take.
    #[error("a list is longer, or nested deeper, than may be sent")]
    TooMany,
    /// Something stands after a message that is only announced, or a message is announced where its bytes are needed.
    #[error("a message that is announced ends what is written: its bytes come before anything else")]
    AfterAnnounced,
    /// The value is one that its own grammar does not know.
    #[error("the value is not one that the grammar can say")]
    Value,
}

impl Encoder {
    /// An encoder for a server's responses.
    pub const fn server() -> Self {
        Encoder { literals: Literals::Server, utf8: false }
    }

    /// An encoder for a client's commands, which takes nothing for granted of the server: literals wait.
    pub const fn client() -> Self {
        Encoder { literals: Literals::Synchronizing, utf8: false }
    }

    /// Sets how literals are announced.
    pub const fn with_literals(mut self, literals: Literals) -> Self {
        self.literals = literals;
        self
    }

    /// Sets whether quoted strings may hold UTF-8: after `ENABLE UTF8=ACCEPT` or `ENABLE IMAP4rev2` (RFC 6855 §3, RFC 9051 §5.1).
    pub const fn with_utf8(mut self, utf8: bool) -> Self {
        self.utf8 = utf8;
        self
    }

    /// Writes a value.
    ///
    /// # Errors
    ///
    /// [`Unwritable`]; then nothing was written.
    pub fn encode(&self, value: &impl Encode, sink: &mut dyn Sink) -> Result<(), Unwritable> {
        value.write(&mut self.writer(None))?;
        let mut writer = self.writer(Some(sink));
        let written = value.write(&mut writer);
        writer.flush();
        written
    }

    fn writer<'s>(&self, sink: Option<&'s mut dyn Sink>) -> Writer<'s> {
        Writer { sink, literals: self.literals, utf8: self.utf8, gathered: [0; GATHERED], len: 0 }
    }
}

/// What an [`Encode`]d value is written with: each method writes one element of the grammar, in the shortest form that can hold it.
pub struct Writer<'s> {
    sink: Option<&'s mut dyn Sink>,
    literals: Literals,
    utf8: bool,
    /// What goes to the sink at once: most elements are short.
    gathered: [u8; GATHERED],
    len: usize,
}

const GATHERED: usize = 128;

impl Writer<'_> {
    /// Writes what is known to be grammatical.
    #[inline]
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        if self.sink.is_none() {
            return;
        }
        match self.gathered.get_mut(self.len..self.len + bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.len += bytes.len();
            }
            None => self.put_through(bytes),
        }
    }

    fn put_through(&mut self, bytes: &[u8]) {
        self.flush();
        match self.gathered.get_mut(..bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.len = bytes.len();
            }
            None => {
                if let Some(sink) = &mut self.sink {
                    sink.put(bytes);
                }
            }
        }
    }

    /// Hands on what was gathered.
    fn flush(&mut self) {
        let len = core::mem::take(&mut self.len);
        if let (Some(sink), Some(gathered)) = (&mut self.sink, self.gathered.get(..len).filter(|some| !some.is_empty()))
        {
            sink.put(gathered);
        }
    }

    /// Whether this writer only looks whether all can be written.
    pub(crate) fn is_checking(&self) -> bool {
        self.sink.is_none()
    }

    /// A space.
    pub fn space(&mut self) {
        self.put(b" ");
    }

    /// A line end.
    pub fn line_end(&mut self) {
        self.put(b"\r\n");
    }

    /// A number in decimal.
    pub fn number(&mut self, number: u64) {
        if !self.is_checking() {
            self.put(itoa::Buffer::new().format(number).as_bytes());
        }
    }

    /// An atom.
    ///
    /// # Errors
    ///
    /// [`Unwritable::Atom`].
    pub fn atom(&mut self, word: &[u8]) -> Result<(), Unwritable> {
        if self.is_checking() && !text::is_word(ATOM, word) {
            return Err(Unwritable::Atom);
        }
        self.put(word);
        Ok(())
    }

    /// A tag.
    ///
    /// # Errors
    ///
    /// [`Unwritable::Tag`].
    pub fn tag(&mut self, tag: &[u8]) -> Result<(), Unwritable> {
        if self.is_checking() && !text::is_word(TAG, tag) {
            return Err(Unwritable::Tag);
        }
        self.put(tag);
        Ok(())
    }

    /// An `astring`: an atom where it can be one, else a quoted string or a literal.
    ///
    /// # Errors
    ///
    /// [`Unwritable::Nul`].
    pub fn astring(&mut self, text: &[u8]) -> Result<(), Unwritable> {
        self.word_or_string(ASTRING, text)
    }

    /// A `list-mailbox`: a mailbox name or a pattern.
    ///
    /// # Errors
    ///
    /// [`Unwritable::Nul`].
    pub fn list_mailbox(&mut self, text: &[u8]) -> Result<(), Unwritable> {
        self.word_or_string(LIST, text)
    }

    fn word_or_string(&mut self, class: u8, text: &[u8]) -> Result<(), Unwritable> {
        // Some readers would take a bare NIL for no string at all.
        if text::is_word(class, text) && !text.eq_ignore_ascii_case(b"NIL") {
            self.put(text);
            Ok(())
        } else {
            self.string(text)
        }
    }

    /// A `string`: quoted where it can be, else a literal.
    ///
    /// # Errors
    ///
    /// [`Unwritable::Nul`].
    pub fn string(&mut self, text: &[u8]) -> Result<(), Unwritable> {
        if self.is_checking() {
            // One way or the other, all else can be written.
            return if memchr::memchr(0, text).is_none() { Ok(()) } else { Err(Unwritable::Nul) };
        }
        // Most strings are short, and stand in quotes as they are.
        if text.iter().all(|byte| text::is(PLAIN, *byte)) {
            self.put(b"\"");
            self.put(text);
            self.put(b"\"");
            Ok(())
        } else if memchr3(b'\r', b'\n', 0, text).is_none() && self.takes_in_quotes(text) {
            self.put_quoted(text);
            Ok(())
        } else {
            self.literal(text)
        }
    }

    /// A `string`, or a `literal8` where only that can hold it: the text may have NUL.
    ///
    /// # Errors
    ///
    /// None: a literal8 holds any text. The result is that of the other methods.
    pub fn string8(&mut self, text: &[u8]) -> Result<(), Unwritable> {
        if memchr::memchr(0, text).is_none() {
            self.string(text)
        } else {
            self.literal8(text);
            Ok(())
        }
    }

    /// An `nstring`: `NIL` where there is no text.
    ///
    /// # Errors
    ///
    /// [`Unwritable::Nul`].
    pub fn nstring(&mut self, text: Option<&[u8]>) -> Result<(), Unwritable> {
        match text {
            Some(text) => self.string(text),
            None => {
                self.put(b"NIL");
                Ok(())
            }
        }
    }

    /// A quoted string, where the grammar knows no literal.
    ///
    /// # Errors
    ///
    /// [`Unwritable::LineEnd`], [`Unwritable::Nul`] or [`Unwritable::NotAscii`].
    pub fn quoted(&mut self, text: &[u8]) -> Result<(), Unwritable> {
        if self.is_checking() {
            match memchr3(b'\r', b'\n', 0, text).and_then(|at| text.get(at)) {
                Some(0) => return Err(Unwritable::Nul),
                Some(_) => return Err(Unwritable::LineEnd),
                None if !self.takes_in_quotes(text) => return Err(Unwritable::NotAscii),
                None => {}
            }
        }
        self.put_quoted(text);
        Ok(())
    }

    fn takes_in_quotes(&self, text: &[u8]) -> bool {
        text.is_ascii() || (self.utf8 && core::str::from_utf8(text).is_ok())
    }

    fn put_quoted(&mut self, mut text: &[u8]) {
        if self.is_checking() {
            return;
        }
        self.put(b"\"");
        while let Some(at) = memchr::memchr2(b'"', b'\\', text) {
            let (plain, rest) = text.split_at(at);
            let (escaped, rest) = rest.split_at(1);
            self.put(plain);
            self.put(b"\\");
            self.put(escaped);
            text = rest;
        }
        self.put(text);
        self.put(b"\"");
    }

    /// A literal.
    ///
    /// # Errors
    ///
    /// [`Unwritable::Nul`].
    pub fn literal(&mut self, text: &[u8]) -> Result<(), Unwritable> {
        if self.is_checking() && memchr::memchr(0, text).is_some() {
            return Err(Unwritable::Nul);
        }
        self.announce(self.literals.announce(text.len() as u64, false));
        self.put(text);
        Ok(())
    }

    /// A literal8, which may have any byte (RFC 3516 §4).
    pub fn literal8(&mut self, bytes: &[u8]) {
        self.announce(self.literals.announce(bytes.len() as u64, true));
        self.put(bytes);
    }

    /// The announcement of a literal, after which its bytes are written by other means.
    pub fn announce(&mut self, literal: Literal) {
        self.put(if literal.binary { b"~{" } else { b"{" });
        self.number(literal.len);
        self.put(if literal.sync { b"}\r\n" } else { b"+}\r\n" });
        if literal.sync && self.literals != Literals::Server {
            self.flush();
            if let Some(sink) = &mut self.sink {
                sink.wait();
            }
        }
    }

    /// Human text to the end of a line: no CR, LF or NUL (`text`, RFC 9051 §9).
    ///
    /// # Errors
    ///
    /// [`Unwritable::LineEnd`] or [`Unwritable::Nul`].
    pub fn text(&mut self, text: &[u8]) -> Result<(), Unwritable> {
        if self.is_checking() {
            match memchr3(b'\r', b'\n', 0, text).and_then(|at| text.get(at)) {
                Some(0) => return Err(Unwritable::Nul),
                Some(_) => return Err(Unwritable::LineEnd),
                None => {}
            }
        }
        self.put(text);
        Ok(())
    }

    /// A value of an extension as it came: an atom, a sequence set, a string or balanced parentheses.
    ///
    /// # Errors
    ///
    /// [`Unwritable::Value`] where it is none of these.
    pub fn opaque(&mut self, mut value: &[u8]) -> Result<(), Unwritable> {
        if self.is_checking() {
            return if text::is_opaque(value) { Ok(()) } else { Err(Unwritable::Value) };
        }
        // Literals in it are announced our way, whichever way they came.
        while let Some(end) = memchr::memchr(b'\n', value) {
            let (line, after) = value.split_at(end + 1);
            let line = line.trim_ascii_end();
            let literal = Literal::at_end_of(line);
            let parts = literal.and_then(|(at, literal)| {
                let len = usize::try_from(literal.len).ok()?;
                Some((line.get(..at)?, literal.binary, after.split_at_checked(len)?))
            });
            let Some((before, binary, (bytes, rest))) = parts else { return Err(Unwritable::Value) };
            self.put(before);
            self.announce(self.literals.announce(bytes.len() as u64, binary));
            self.put(bytes);
            value = rest;
        }
        self.put(value);
        Ok(())
    }

    /// Messages whose numbers are known: neither `*` nor `$`.
    ///
    /// # Errors
    ///
    /// [`Unwritable::Value`].
    pub fn known_set(&mut self, set: &SequenceSet) -> Result<(), Unwritable> {
        if !is_known(set) {
            return Err(Unwritable::Value);
        }
        set.write(&mut |part| self.put(part));
        Ok(())
    }

    /// A set of UIDs.
    ///
    /// # Errors
    ///
    /// [`Unwritable::Empty`].
    pub fn uid_set(&mut self, set: &UidSet) -> Result<(), Unwritable> {
        if set.is_empty() {
            return Err(Unwritable::Empty);
        }
        set.write(&mut |part| self.put(part));
        Ok(())
    }

    /// A character in quotes, or `NIL`: what stands between the levels of a mailbox name.
    ///
    /// # Errors
    ///
    /// As for a quoted string.
    pub fn delimiter(&mut self, delimiter: Option<u8>) -> Result<(), Unwritable> {
        match delimiter {
            Some(delimiter) => self.quoted(&[delimiter]),
            None => {
                self.put(b"NIL");
                Ok(())
            }
        }
    }

    /// The rest of a response that is not known: values with spaces between them, or text to the end of the line that announces no literal.
    ///
    /// # Errors
    ///
    /// [`Unwritable::LineEnd`] or [`Unwritable::Nul`] where it would not end with the response.
    pub(crate) fn rest_of_response(&mut self, rest: &[u8]) -> Result<(), Unwritable> {
        if Literal::at_end_of(rest).is_none() && memchr3(b'\r', b'\n', 0, rest).is_none() {
            self.put(rest);
            return Ok(());
        }
        let mut values = rest;
        while !values.is_empty() {
            let Ok((after, value)) = text::opaque(values) else { return Err(Unwritable::LineEnd) };
            self.opaque(value)?;
            let next = text::skip_spaces(after);
            self.put(&after[..after.len() - next.len()]);
            values = next;
        }
        Ok(())
    }

    /// Items with spaces between them.
    ///
    /// # Errors
    ///
    /// What `item` gives.
    pub fn spaced<I: IntoIterator>(
        &mut self,
        items: I,
        mut item: impl FnMut(&mut Self, I::Item) -> Result<(), Unwritable>,
    ) -> Result<(), Unwritable> {
        for (place, one) in items.into_iter().enumerate() {
            if place > 0 {
                self.space();
            }
            item(self, one)?;
        }
        Ok(())
    }

    /// A list in parentheses; it may be empty.
    ///
    /// # Errors
    ///
    /// What `item` gives.
    pub fn list<I: IntoIterator>(
        &mut self,
        items: I,
        item: impl FnMut(&mut Self, I::Item) -> Result<(), Unwritable>,
    ) -> Result<(), Unwritable> {
        self.put(b"(");
        self.spaced(items, item)?;
        self.put(b")");
        Ok(())
    }

    /// A list in parentheses that has at least one element.
    ///
    /// # Errors
    ///
    /// [`Unwritable::Empty`], or what `item` gives.
    pub fn list1<'i, E: 'i>(
        &mut self,
        items: &'i [E],
        item: impl FnMut(&mut Self, &'i E) -> Result<(), Unwritable>,
    ) -> Result<(), Unwritable> {
        if items.is_empty() { Err(Unwritable::Empty) } else { self.list(items, item) }
    }
}

#[cfg(test)]
mod tests;
