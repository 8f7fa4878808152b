//! What a mailbox's index keeps of each message, so that listing, sorting, threading and most searches need not open it.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use bytes::Bytes;
use thiserror::Error;

use super::header::Fields;
use super::{BaseSubject, Message, date, ids};
use crate::codec::{Address, AddressField, Date, DateTime, Envelope};

/// A message in short: its envelope, its references, its dates and its size. All text lies in one buffer, apart from the message's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// INTERNALDATE.
    pub internal_date: DateTime,
    /// RFC822.SIZE, in octets.
    pub size: u64,
    /// ENVELOPE.
    pub envelope: Envelope<Bytes>,
    references: Vec<Bytes>,
}

/// Bytes that no summary was written as: make it anew from the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum BadSummary {
    /// It was written in another form, by another version of this crate.
    #[error("the summary has another form: make it anew from the message")]
    Version,
    /// It is cut off, or something in it cannot be.
    #[error("the summary is damaged: make it anew from the message")]
    Damaged,
}

/// Changes with the form.
const VERSION: u8 = 1;

impl Summary {
    /// The summary of a message that came at this time.
    pub fn of(message: &Message<'_>, internal_date: DateTime) -> Self {
        let envelope = message.envelope();
        let header = Fields::new(message.header()).take(message.limits().fields);
        let mut references: Vec<Cow<'_, [u8]>> = Vec::new();
        if let Some(field) = { header }.find(|field| field.is(b"References")) {
            references.extend(ids::of(field.folded()));
            references.drain(..references.len().saturating_sub(message.limits().references));
        }
        if references.is_empty()
            && let Some(text) = &envelope.in_reply_to
        {
            // A copy, because the text may be one itself.
            references.extend(ids::of(text).next().map(|id| Cow::Owned(id.into_owned())));
        }
        let mut written = Vec::new();
        write(&mut written, internal_date, message.raw().len() as u64, &envelope, &references);
        let mut reader = Reader(Bytes::from(written));
        // What was just written can be read; if not, what is told is true at least.
        reader.summary().unwrap_or_else(|_| Summary {
            internal_date,
            size: message.raw().len() as u64,
            envelope: Envelope::new(),
            references: Vec::new(),
        })
    }

    /// The messages that this one answers, the first before the last, by their identifiers without brackets: those of References, or else the
    /// first of In-Reply-To (RFC 5256 §3).
    pub fn references(&self) -> &[Bytes] {
        &self.references
    }

    /// The message's identifier without brackets.
    pub fn message_id(&self) -> Option<Cow<'_, [u8]>> {
        self.envelope.message_id.as_deref().and_then(|value| ids::of(value).next())
    }

    /// When it was sent, if its Date field tells.
    pub fn date(&self) -> Option<DateTime> {
        self.envelope.date.as_deref().and_then(date::read)
    }

    /// When it was sent, in seconds after 1970-01-01 00:00 UTC, or else when it came (RFC 5256 §2.2).
    pub fn sent(&self) -> i64 {
        self.date().unwrap_or(self.internal_date).unix()
    }

    /// The base subject (RFC 5256 §2.1).
    pub fn base_subject(&self) -> BaseSubject {
        BaseSubject::of(self.envelope.subject.as_deref().unwrap_or_default())
    }

    /// The summary in a compact form of this crate's own, to be kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut written = Vec::new();
        write(&mut written, self.internal_date, self.size, &self.envelope, &self.references);
        written
    }

    /// Reads what [`to_bytes`](Self::to_bytes) gave. The texts are slices of the buffer.
    ///
    /// # Errors
    ///
    /// [`BadSummary`].
    pub fn from_bytes(bytes: Bytes) -> Result<Self, BadSummary> {
        let mut reader = Reader(bytes);
        let summary = reader.summary()?;
        if reader.0.is_empty() { Ok(summary) } else { Err(BadSummary::Damaged) }
    }
}

fn write<T: AsRef<[u8]> + PartialEq>(
    out: &mut Vec<u8>,
    internal_date: DateTime,
    size: u64,
    envelope: &Envelope<T>,
    references: &[impl AsRef<[u8]>],
) {
    out.push(VERSION);
    let day = internal_date.date();
    out.extend_from_slice(&day.year().to_be_bytes());
    out.extend_from_slice(&[day.month(), day.day()]);
    out.extend_from_slice(&[internal_date.hour(), internal_date.minute(), internal_date.second()]);
    out.extend_from_slice(&internal_date.zone().to_be_bytes());
    write_number(out, size);
    for text in [&envelope.date, &envelope.subject, &envelope.in_reply_to, &envelope.message_id] {
        write_text(out, text.as_ref());
    }
    let from = envelope.addresses(AddressField::From);
    for field in AddressField::ALL {
        let addresses = envelope.addresses(field);
        // One more than there are; 0 for those of From.
        if field != AddressField::From && addresses == from {
            write_number(out, 0);
            continue;
        }
        write_number(out, addresses.len() as u64 + 1);
        for Address { name, route, mailbox, host } in addresses {
            for text in [name, route, mailbox, host] {
                write_text(out, text.as_ref());
            }
        }
    }
    write_number(out, references.len() as u64);
    for reference in references {
        write_text(out, Some(reference));
    }
}

/// Seven bits in each byte, the lowest first.
fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// One more than the length, 0 where there is no text, and the text.
fn write_text<T: AsRef<[u8]>>(out: &mut Vec<u8>, text: Option<&T>) {
    match text.map(AsRef::as_ref) {
        None => write_number(out, 0),
        Some(text) => {
            write_number(out, text.len() as u64 + 1);
            out.extend_from_slice(text);
        }
    }
}

struct Reader(Bytes);

impl Reader {
    fn summary(&mut self) -> Result<Summary, BadSummary> {
        let [version] = self.array()?;
        if version != VERSION {
            return Err(BadSummary::Version);
        }
        let year = u16::from_be_bytes(self.array()?);
        let [month, day, hour, minute, second] = self.array()?;
        let zone = i16::from_be_bytes(self.array()?);
        let internal_date = Date::new(year, month, day)
            .and_then(|day| DateTime::new(day, hour, minute, second, zone))
            .ok_or(BadSummary::Damaged)?;
        let size = self.number()?;
        let mut envelope = Envelope::new();
        envelope.date = self.text()?;
        envelope.subject = self.text()?;
        envelope.in_reply_to = self.text()?;
        envelope.message_id = self.text()?;
        for field in AddressField::ALL {
            match self.number()?.checked_sub(1) {
                None if field == AddressField::From => return Err(BadSummary::Damaged),
                None => envelope.share_addresses(field, AddressField::From),
                Some(count) => {
                    let mut addresses = Vec::new();
                    for _ in 0..count {
                        let (name, route) = (self.text()?, self.text()?);
                        let (mailbox, host) = (self.text()?, self.text()?);
                        addresses.push(Address { name, route, mailbox, host });
                    }
                    envelope.set_addresses(field, addresses);
                }
            }
        }
        let mut references = Vec::new();
        for _ in 0..self.number()? {
            references.push(self.text()?.ok_or(BadSummary::Damaged)?);
        }
        Ok(Summary { internal_date, size, envelope, references })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BadSummary> {
        let array = *self.0.first_chunk::<N>().ok_or(BadSummary::Damaged)?;
        let _ = self.0.split_to(N);
        Ok(array)
    }

    fn number(&mut self) -> Result<u64, BadSummary> {
        let mut number = 0u64;
        for place in 0..9 {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7F) << (7 * place);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(BadSummary::Damaged)
    }

    fn text(&mut self) -> Result<Option<Bytes>, BadSummary> {
        let Some(length) = self.number()?.checked_sub(1) else { return Ok(None) };
        let length = usize::try_from(length).ok().filter(|length| *length <= self.0.len());
        Ok(Some(self.0.split_to(length.ok_or(BadSummary::Damaged)?)))
    }
}
