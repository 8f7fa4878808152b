//! What is told of a message's text.

use std::borrow::Cow;

use bytes::Bytes;
use imap_proto::codec::command::FetchAttribute;
use imap_proto::codec::{DateTime, Envelope, MessageAttribute, Rfc822, Section, SectionText, Streamed};
use imap_proto::message::{Limits, Message, Summary, UnknownEncoding, partial};
use imap_proto::server::FetchLine;
use sha2::{Digest, Sha256};

use super::search::EPOCH;
use crate::mailstore::{self, Mailbox, StoreError, Uid};

/// Whether the item is made from the message's text, which is then read whole.
pub(super) fn needs_text(item: &FetchAttribute<Bytes>) -> bool {
    match item {
        FetchAttribute::Section { section, .. } => !section.part.is_empty() || section.text.is_some(),
        FetchAttribute::Body
        | FetchAttribute::BodyStructure
        | FetchAttribute::Envelope
        | FetchAttribute::Rfc822Header
        | FetchAttribute::Rfc822Text
        | FetchAttribute::Binary { .. }
        | FetchAttribute::BinarySize(_)
        | FetchAttribute::Preview { .. }
        | FetchAttribute::ThreadId => true,
        _ => false,
    }
}

/// THREADID (RFC 8474): made from the oldest message that this one names, and
/// so without looking at any other. Messages of one conversation have the same,
/// as long as their programs name its beginning.
pub(super) fn thread_id(summary: &Summary, stored: &mailstore::Message) -> String {
    let digest = match summary.references().first().map(|id| Cow::Borrowed(&**id)).or_else(|| summary.message_id()) {
        Some(id) => Sha256::digest(id),
        None => Sha256::digest(stored.email_id().to_string()),
    };
    let hex = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    std::iter::once("T".to_owned()).chain(hex).collect()
}

/// The whole text. Blocks.
pub(super) fn read(mailbox: &Mailbox, uid: Uid) -> Result<Bytes, StoreError> {
    let mut reader = mailbox.open(uid)?;
    let size = usize::try_from(reader.size()).unwrap_or(usize::MAX);
    reader.piece(0, size).map_err(|source| StoreError::File { path: "message".into(), source })
}

/// A message's text, with what was found out of it so far.
pub(super) struct Text<'m> {
    raw: &'m Bytes,
    message: Message<'m>,
}

impl<'m> Text<'m> {
    pub(super) fn new(raw: &'m Bytes) -> Self {
        Self { raw, message: Message::parse(raw, &Limits::default()) }
    }

    /// Tells an item that is made from the text. What cannot be written is left out.
    ///
    /// # Errors
    ///
    /// [`UnknownEncoding`]; then nothing is told of it.
    pub(super) fn tell(
        &self,
        out: &mut FetchLine<'_>,
        item: &FetchAttribute<Bytes>,
        stored: &mailstore::Message,
    ) -> Result<(), UnknownEncoding> {
        let attribute = match item {
            FetchAttribute::Envelope => MessageAttribute::Envelope(Box::new(self.envelope())),
            FetchAttribute::Body => MessageAttribute::Body(self.structure()),
            FetchAttribute::BodyStructure => MessageAttribute::BodyStructure(self.structure()),
            FetchAttribute::Preview { .. } => MessageAttribute::Preview(Some(self.message.preview().into())),
            FetchAttribute::Section { section, partial: stretch, .. } => {
                let data = self.message.section(section).map(|data| self.shared(partial(data, *stretch)));
                let origin = stretch.map(|stretch| stretch.offset);
                give(out, Streamed::Section { section: section.clone(), origin }, data);
                return Ok(());
            }
            FetchAttribute::Rfc822Header => {
                give(out, Streamed::Rfc822(Rfc822::Header), self.text_of(SectionText::Header));
                return Ok(());
            }
            FetchAttribute::Rfc822Text => {
                give(out, Streamed::Rfc822(Rfc822::Text), self.text_of(SectionText::Text));
                return Ok(());
            }
            FetchAttribute::Binary { part, partial: stretch, .. } => {
                let data = self.message.binary(part)?;
                let data = data.map(|data| self.shared(partial(data, *stretch)));
                let origin = stretch.map(|stretch| stretch.offset);
                give(out, Streamed::Binary { part: part.clone(), origin }, data);
                return Ok(());
            }
            FetchAttribute::BinarySize(part) => match self.message.binary_size(part)? {
                Some(size) => MessageAttribute::BinarySize { part: part.clone(), size },
                None => return Ok(()),
            },
            FetchAttribute::ThreadId => {
                let summary = Summary::of(&self.message, DateTime::from_unix(0, 0).unwrap_or(EPOCH));
                MessageAttribute::ThreadId(Some(thread_id(&summary, stored).into()))
            }
            _ => return Ok(()),
        };
        let _ = out.attribute(&attribute);
        Ok(())
    }

    fn envelope(&self) -> Envelope<Bytes> {
        self.message.envelope().map_text(&mut |text| self.shared(text))
    }

    fn structure(&self) -> imap_proto::codec::BodyStructure<Bytes> {
        self.message.body_structure().map_text(&mut |text| self.shared(text))
    }

    fn text_of(&self, what: SectionText<Bytes>) -> Option<Bytes> {
        let section = Section { part: Vec::new(), text: Some(what) };
        self.message.section(&section).map(|data| self.shared(data))
    }

    /// Without a copy, where it is a stretch of the message.
    fn shared(&self, text: std::borrow::Cow<'_, [u8]>) -> Bytes {
        match text {
            std::borrow::Cow::Borrowed(text) if is_within(self.raw, text) => self.raw.slice_ref(text),
            other => other.into_owned().into(),
        }
    }
}

fn is_within(whole: &[u8], part: &[u8]) -> bool {
    let (whole, part) = (whole.as_ptr_range(), part.as_ptr_range());
    whole.start <= part.start && part.end <= whole.end
}

/// Tells data, or NIL where the message has no such part.
fn give(out: &mut FetchLine<'_>, what: Streamed<Bytes>, data: Option<Bytes>) {
    let _ = match data {
        Some(data) => out.data(&what, data).map(drop_line),
        None => out.attribute(&what.with_data(None)).map(drop_line),
    };
}

fn drop_line(_: &mut FetchLine<'_>) {}
