//! Writing what a server tells of one message: as a value, or item by item as it is found.

use core::num::NonZeroU32;

use super::{MessageAttribute, Rfc822, Streamed};
use crate::codec::body_structure::BodyStructure;
use crate::codec::date::DateTime;
use crate::codec::encode::{Encode, Encoder, Sink, Unwritable, Writer};
use crate::codec::envelope::Envelope;
use crate::codec::flag::Flag;
use crate::codec::number::{ModSeq, Uid};
use crate::codec::section::{Section, write_part};
use crate::codec::sequence::SeqNo;
use crate::codec::text::Literal;

impl<T: AsRef<[u8]>> MessageAttribute<T> {
    /// Writes the item's name and value.
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        use MessageAttribute as Is;
        let name = |writer: &mut Writer<'_>, name: &[u8]| {
            writer.put(name);
            writer.space();
        };
        let numbered = |writer: &mut Writer<'_>, word: &[u8], number: u64| {
            name(writer, word);
            writer.number(number);
            Ok(())
        };
        match self {
            Is::Flags(flags) => {
                name(writer, b"FLAGS");
                flags.write(writer)
            }
            Is::Uid(uid) => numbered(writer, b"UID", uid.get().into()),
            Is::ModSeq(mod_seq) => {
                writer.put(b"MODSEQ (");
                writer.number(mod_seq.get());
                writer.put(b")");
                Ok(())
            }
            Is::InternalDate(date) => {
                name(writer, b"INTERNALDATE");
                (*date).write(writer);
                Ok(())
            }
            Is::Size(size) => numbered(writer, b"RFC822.SIZE", *size),
            Is::Envelope(envelope) => {
                name(writer, b"ENVELOPE");
                envelope.write(writer)
            }
            Is::Body(structure) => {
                name(writer, b"BODY");
                structure.write(false, writer)
            }
            Is::BodyStructure(structure) => {
                name(writer, b"BODYSTRUCTURE");
                structure.write(true, writer)
            }
            Is::Section { section, origin, data } => {
                write_section(writer, section, *origin)?;
                write_data(writer, data.as_ref(), false)
            }
            Is::Rfc822(what, data) => {
                write_rfc822(writer, *what);
                write_data(writer, data.as_ref(), false)
            }
            Is::Binary { part, origin, data } => {
                write_binary(writer, part, *origin);
                write_data(writer, data.as_ref(), true)
            }
            Is::BinarySize { part, size } => {
                writer.put(b"BINARY.SIZE");
                write_part(writer, part);
                numbered(writer, b"", *size)
            }
            Is::EmailId(id) => write_id(writer, b"EMAILID (", id.as_ref()),
            Is::ThreadId(Some(id)) => write_id(writer, b"THREADID (", id.as_ref()),
            Is::ThreadId(None) => {
                writer.put(b"THREADID NIL");
                Ok(())
            }
            Is::SaveDate(date) => {
                name(writer, b"SAVEDATE");
                match date {
                    Some(date) => (*date).write(writer),
                    None => writer.put(b"NIL"),
                }
                Ok(())
            }
            Is::Preview(text) => {
                name(writer, b"PREVIEW");
                writer.nstring(text.as_ref().map(AsRef::as_ref))
            }
            Is::GmailMessageId(id) => numbered(writer, b"X-GM-MSGID", *id),
            Is::GmailThreadId(id) => numbered(writer, b"X-GM-THRID", *id),
            Is::GmailLabels(labels) => {
                name(writer, b"X-GM-LABELS");
                writer.list(labels, |writer, label| writer.string(label.as_ref()))
            }
            Is::Other { name, value } => {
                write_name(writer, name.as_ref())?;
                writer.space();
                writer.opaque(value.as_ref())
            }
        }
    }
}

fn write_id(writer: &mut Writer<'_>, before: &[u8], id: &[u8]) -> Result<(), Unwritable> {
    writer.put(before);
    writer.atom(id)?;
    writer.put(b")");
    Ok(())
}

/// An atom, perhaps with something in brackets after it.
fn write_name(writer: &mut Writer<'_>, name: &[u8]) -> Result<(), Unwritable> {
    let (word, brackets) = name.split_at(memchr::memchr(b'[', name).unwrap_or(name.len()));
    writer.atom(word)?;
    let well_formed = |brackets: &[u8]| {
        let (inside, after) = brackets.split_at_checked(memchr::memchr(b']', brackets)?)?;
        let is_plain = |byte: &u8| (b' '..=b'~').contains(byte);
        let has_no_quotes = !inside.iter().any(|byte| matches!(byte, b'"' | b'\\' | b'{'));
        let is_word = after.iter().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'(' | b')' | b'"' | b'{'));
        Some(has_no_quotes && is_word && inside.iter().all(is_plain))
    };
    if !brackets.is_empty() && well_formed(brackets) != Some(true) {
        return Err(Unwritable::Atom);
    }
    writer.put(brackets);
    Ok(())
}

/// The bytes of a message are what they are: a NUL among them is not refused, though none may be there by RFC 3501.
fn write_data<T: AsRef<[u8]>>(writer: &mut Writer<'_>, data: Option<&T>, binary: bool) -> Result<(), Unwritable> {
    writer.space();
    let Some(data) = data.map(AsRef::as_ref) else {
        writer.put(b"NIL");
        return Ok(());
    };
    let binary = binary && memchr::memchr(0, data).is_some();
    writer.announce(Literal { len: data.len() as u64, sync: true, binary });
    writer.put(data);
    Ok(())
}

fn write_section<T: AsRef<[u8]>>(
    writer: &mut Writer<'_>,
    section: &Section<T>,
    origin: Option<u64>,
) -> Result<(), Unwritable> {
    writer.put(b"BODY");
    section.write(writer)?;
    write_origin(writer, origin);
    Ok(())
}

fn write_binary(writer: &mut Writer<'_>, part: &[NonZeroU32], origin: Option<u64>) {
    writer.put(b"BINARY");
    write_part(writer, part);
    write_origin(writer, origin);
}

fn write_origin(writer: &mut Writer<'_>, origin: Option<u64>) {
    if let Some(origin) = origin {
        writer.put(b"<");
        writer.number(origin);
        writer.put(b">");
    }
}

fn write_rfc822(writer: &mut Writer<'_>, what: Rfc822) {
    writer.put(match what {
        Rfc822::Message => b"RFC822",
        Rfc822::Header => b"RFC822.HEADER",
        Rfc822::Text => b"RFC822.TEXT",
    });
}

impl<T: AsRef<[u8]>> Streamed<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        match self {
            Streamed::Section { section, origin } => write_section(writer, section, *origin)?,
            Streamed::Binary { part, origin } => write_binary(writer, part, *origin),
            Streamed::Rfc822(what) => write_rfc822(writer, *what),
        }
        Ok(())
    }
}

/// Writes one FETCH response item by item, as a server finds them: nothing is gathered before it is written, and a message's data can be
/// written in pieces.
///
/// ```
/// use imap_proto::codec::{Encoder, FetchWriter, Flag, SeqNo, Streamed, Uid};
///
/// let mut out = Vec::new();
/// let mut fetch = FetchWriter::begin(Encoder::server(), SeqNo::MIN, &mut out);
/// fetch.uid(Uid::MIN, &mut out);
/// fetch.flags([Flag::<&str>::Seen], &mut out)?;
/// fetch.announce(&Streamed::<&str>::whole(), 14, &mut out)?;
/// out.extend_from_slice(b"Subject: ");
/// out.extend_from_slice(b"x\r\n\r\n");
/// fetch.end(&mut out);
/// assert_eq!(out, b"* 1 FETCH (UID 1 FLAGS (\\Seen) BODY[] {14}\r\nSubject: x\r\n\r\n)\r\n");
/// # Ok::<(), imap_proto::codec::Unwritable>(())
/// ```
#[derive(Debug)]
#[must_use = "a response that is not ended leaves the client waiting"]
pub struct FetchWriter {
    encoder: Encoder,
    has_items: bool,
}

impl FetchWriter {
    /// Begins the response about the message of this number.
    pub fn begin(encoder: Encoder, number: SeqNo, sink: &mut dyn Sink) -> Self {
        FetchWriter::begin_with(encoder, number, b" FETCH (", sink)
    }

    /// Begins the response about the message of this UID, for a client that has enabled UIDONLY (RFC 9586 §3.3).
    pub fn begin_uid(encoder: Encoder, uid: Uid, sink: &mut dyn Sink) -> Self {
        FetchWriter::begin_with(encoder, uid.non_zero(), b" UIDFETCH (", sink)
    }

    fn begin_with(encoder: Encoder, number: NonZeroU32, word: &[u8], sink: &mut dyn Sink) -> Self {
        sink.put(b"* ");
        sink.put(itoa::Buffer::new().format(number.get()).as_bytes());
        sink.put(word);
        FetchWriter { encoder, has_items: false }
    }

    /// Writes any item.
    ///
    /// # Errors
    ///
    /// [`Unwritable`]; then the item is left out, and the response can go on.
    pub fn attribute<T: AsRef<[u8]>>(
        &mut self,
        attribute: &MessageAttribute<T>,
        sink: &mut dyn Sink,
    ) -> Result<(), Unwritable> {
        self.item(|writer| attribute.write(writer), sink)
    }

    /// Writes `FLAGS`.
    ///
    /// # Errors
    ///
    /// [`Unwritable::Atom`] for a keyword that is none; then the item is left out.
    pub fn flags<T: AsRef<[u8]>>(
        &mut self,
        flags: impl IntoIterator<Item = Flag<T>, IntoIter: Clone>,
        sink: &mut dyn Sink,
    ) -> Result<(), Unwritable> {
        let flags = flags.into_iter();
        self.item(
            |writer| {
                writer.put(b"FLAGS ");
                writer.list(flags.clone(), |writer, flag| flag.write(writer))
            },
            sink,
        )
    }

    /// Writes `UID`.
    pub fn uid(&mut self, uid: Uid, sink: &mut dyn Sink) {
        self.number(b"UID ", uid.get().into(), b"", sink);
    }

    /// Writes `MODSEQ`.
    pub fn mod_seq(&mut self, mod_seq: ModSeq, sink: &mut dyn Sink) {
        self.number(b"MODSEQ (", mod_seq.get(), b")", sink);
    }

    /// Writes `RFC822.SIZE`, in octets.
    pub fn size(&mut self, size: u64, sink: &mut dyn Sink) {
        self.number(b"RFC822.SIZE ", size, b"", sink);
    }

    /// Writes `INTERNALDATE`.
    pub fn internal_date(&mut self, date: DateTime, sink: &mut dyn Sink) {
        let _never_refused = self.attribute(&MessageAttribute::<&[u8]>::InternalDate(date), sink);
    }

    /// Writes `ENVELOPE`.
    ///
    /// # Errors
    ///
    /// [`Unwritable::Nul`]; then the item is left out.
    pub fn envelope<T: AsRef<[u8]>>(&mut self, envelope: &Envelope<T>, sink: &mut dyn Sink) -> Result<(), Unwritable> {
        self.item(
            |writer| {
                writer.put(b"ENVELOPE ");
                envelope.write(writer)
            },
            sink,
        )
    }

    /// Writes `BODY`, without extension data.
    ///
    /// # Errors
    ///
    /// [`Unwritable`], where a multipart or a message has nothing inside, or a text has NUL; then the item is left out.
    pub fn body<T: AsRef<[u8]>>(&mut self, body: &BodyStructure<T>, sink: &mut dyn Sink) -> Result<(), Unwritable> {
        self.item(
            |writer| {
                writer.put(b"BODY ");
                body.write(false, writer)
            },
            sink,
        )
    }

    /// Writes `BODYSTRUCTURE`.
    ///
    /// # Errors
    ///
    /// As for [`body`](Self::body).
    pub fn body_structure<T: AsRef<[u8]>>(
        &mut self,
        body: &BodyStructure<T>,
        sink: &mut dyn Sink,
    ) -> Result<(), Unwritable> {
        self.item(
            |writer| {
                writer.put(b"BODYSTRUCTURE ");
                body.write(true, writer)
            },
            sink,
        )
    }

    /// Announces data of which so many octets follow: all of them must be put into the sink before anything else is written.
    ///
    /// # Errors
    ///
    /// [`Unwritable`] for a section with header fields that have no name; then the item is left out.
    pub fn announce<T: AsRef<[u8]>>(
        &mut self,
        what: &Streamed<T>,
        len: u64,
        sink: &mut dyn Sink,
    ) -> Result<(), Unwritable> {
        let literal = Literal { len, sync: true, binary: matches!(what, Streamed::Binary { .. }) };
        self.item(
            |writer| {
                what.write(writer)?;
                writer.space();
                writer.announce(literal);
                Ok(())
            },
            sink,
        )
    }

    /// Writes an item by other means, which are trusted.
    pub(crate) fn item_by<S: Sink>(&mut self, sink: &mut S, write: impl FnOnce(&mut S)) {
        if self.has_items {
            sink.put(b" ");
        }
        self.has_items = true;
        write(sink);
    }

    /// Ends the response.
    pub fn end(self, sink: &mut dyn Sink) {
        sink.put(b")\r\n");
    }

    fn number(&mut self, before: &[u8], number: u64, after: &[u8], sink: &mut dyn Sink) {
        if self.has_items {
            sink.put(b" ");
        }
        self.has_items = true;
        sink.put(before);
        sink.put(itoa::Buffer::new().format(number).as_bytes());
        sink.put(after);
    }

    fn item(
        &mut self,
        write: impl Fn(&mut Writer<'_>) -> Result<(), Unwritable>,
        sink: &mut dyn Sink,
    ) -> Result<(), Unwritable> {
        struct Item<F>(bool, F);
        impl<F: Fn(&mut Writer<'_>) -> Result<(), Unwritable>> Encode for Item<F> {
            fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
                if self.0 {
                    writer.space();
                }
                self.1(writer)
            }
        }
        self.encoder.encode(&Item(self.has_items, write), sink)?;
        self.has_items = true;
        Ok(())
    }
}
