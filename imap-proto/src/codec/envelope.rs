//! What a server tells of a message's header: ENVELOPE (RFC 3501 §7.4.2, RFC 9051 §7.5.2).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::cursor::{Cursor, Read};
use super::encode::{Unwritable, Writer};

/// The header of a message, taken apart by the server. Its texts are as they stand in the message: RFC 2047 words are not decoded.
///
/// All addresses of an envelope lie in one vector. Lists that are the same, as From, Sender and Reply-To mostly are, share their place.
#[derive(Clone, Debug)]
pub struct Envelope<T> {
    /// The Date field.
    pub date: Option<T>,
    /// The Subject field.
    pub subject: Option<T>,
    /// The In-Reply-To field.
    pub in_reply_to: Option<T>,
    /// The Message-ID field.
    pub message_id: Option<T>,
    addresses: Vec<Address<T>>,
    lists: [Place; 6],
}

/// One address of an envelope.
///
/// A group of addresses (RFC 5322 §3.4) begins with one that has a mailbox, the group's name, and no host, and ends with one that has
/// neither.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Address<T> {
    /// The display name.
    pub name: Option<T>,
    /// The source route, long obsolete.
    pub route: Option<T>,
    /// What stands before the `@`.
    pub mailbox: Option<T>,
    /// What stands after the `@`.
    pub host: Option<T>,
}

/// The fields of an envelope that hold addresses, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressField {
    /// From
    From,
    /// Sender; the server fills in From where it is missing.
    Sender,
    /// Reply-To; the server fills in From where it is missing.
    ReplyTo,
    /// To
    To,
    /// Cc
    Cc,
    /// Bcc
    Bcc,
}

impl AddressField {
    /// All of them, in the order in which an envelope has them.
    pub const ALL: [AddressField; 6] = [
        AddressField::From,
        AddressField::Sender,
        AddressField::ReplyTo,
        AddressField::To,
        AddressField::Cc,
        AddressField::Bcc,
    ];
}

/// Where a list lies in a vector.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    start: u32,
    end: u32,
}

impl Place {
    /// What was added to a vector that had `start` elements before.
    pub(super) fn since<X>(start: usize, all: &[X]) -> Self {
        let in_32_bits = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Place { start: in_32_bits(start), end: in_32_bits(all.len()) }
    }

    pub(super) fn of<X>(self, all: &[X]) -> &[X] {
        all.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

impl<T> Envelope<T> {
    /// An envelope without any field.
    pub const fn new() -> Self {
        Envelope {
            date: None,
            subject: None,
            in_reply_to: None,
            message_id: None,
            addresses: Vec::new(),
            lists: [Place { start: 0, end: 0 }; 6],
        }
    }

    /// The addresses of one field; none where the field is absent.
    pub fn addresses(&self, field: AddressField) -> &[Address<T>] {
        self.lists[field as usize].of(&self.addresses)
    }

    /// Sets the addresses of one field. To be called once for a field: what it had before stays in memory.
    pub fn set_addresses(&mut self, field: AddressField, addresses: impl IntoIterator<Item = Address<T>>) {
        let start = self.addresses.len();
        self.addresses.extend(addresses);
        self.lists[field as usize] = Place::since(start, &self.addresses);
    }

    /// Gives one field the addresses of another: what a server does with From for a Sender or Reply-To that is missing.
    pub fn share_addresses(&mut self, field: AddressField, with: AddressField) {
        self.lists[field as usize] = self.lists[with as usize];
    }

    /// Turns each text into another, as from borrowed to shared.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> Envelope<U> {
        Envelope {
            date: self.date.map(&mut *f),
            subject: self.subject.map(&mut *f),
            in_reply_to: self.in_reply_to.map(&mut *f),
            message_id: self.message_id.map(&mut *f),
            addresses: self.addresses.into_iter().map(|address| address.map_text(f)).collect(),
            lists: self.lists,
        }
    }
}

impl<T> Default for Envelope<T> {
    fn default() -> Self {
        Envelope::new()
    }
}

impl<T: PartialEq> PartialEq for Envelope<T> {
    fn eq(&self, other: &Self) -> bool {
        let same_lists = || AddressField::ALL.iter().all(|field| self.addresses(*field) == other.addresses(*field));
        self.date == other.date
            && self.subject == other.subject
            && self.in_reply_to == other.in_reply_to
            && self.message_id == other.message_id
            && same_lists()
    }
}

impl<T: Eq> Eq for Envelope<T> {}

impl<T> Address<T> {
    /// Turns each text into another.
    pub fn map_text<U>(self, f: &mut impl FnMut(T) -> U) -> Address<U> {
        Address {
            name: self.name.map(&mut *f),
            route: self.route.map(&mut *f),
            mailbox: self.mailbox.map(&mut *f),
            host: self.host.map(&mut *f),
        }
    }
}

impl<'a> Envelope<Cow<'a, [u8]>> {
    /// Reads an envelope, with its parentheses.
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        let mut envelope = Envelope::new();
        cursor.open()?;
        envelope.date = cursor.nstring()?;
        cursor.space()?;
        envelope.subject = cursor.nstring()?;
        let mut last: Option<(&[u8], Place)> = None;
        for list in 0..envelope.lists.len() {
            cursor.space()?;
            // The same bytes mean the same addresses.
            let same = last.and_then(|(text, span)| Some((cursor.rest().strip_prefix(text)?, span)));
            envelope.lists[list] = match same {
                Some((rest, span)) => {
                    cursor.resume(rest);
                    span
                }
                None => last.insert(envelope.read_addresses(cursor)?).1,
            };
        }
        cursor.space()?;
        envelope.in_reply_to = cursor.nstring()?;
        cursor.space()?;
        envelope.message_id = cursor.nstring()?;
        cursor.close()?;
        Ok(envelope)
    }

    /// Reads a list of addresses; gives its text and its place.
    fn read_addresses(&mut self, cursor: &mut Cursor<'a>) -> Read<(&'a [u8], Place)> {
        let text = cursor.rest();
        let start = self.addresses.len();
        if !cursor.eat_nil() {
            cursor.open()?;
            loop {
                cursor.skip_spaces();
                if cursor.eat(b')') {
                    break;
                }
                self.addresses.push(Address::read(cursor)?);
            }
        }
        let text = &text[..text.len() - cursor.rest().len()];
        Ok((text, Place::since(start, &self.addresses)))
    }
}

impl<'a> Address<Cow<'a, [u8]>> {
    #[inline]
    fn read(cursor: &mut Cursor<'a>) -> Read<Self> {
        cursor.open()?;
        let name = cursor.nstring()?;
        cursor.space()?;
        let route = cursor.nstring()?;
        cursor.space()?;
        let mailbox = cursor.nstring()?;
        cursor.space()?;
        let host = cursor.nstring()?;
        cursor.close()?;
        Ok(Address { name, route, mailbox, host })
    }
}

impl<T: AsRef<[u8]>> Envelope<T> {
    /// Writes the envelope with its parentheses.
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        let nstring = |writer: &mut Writer<'_>, text: &Option<T>| writer.nstring(text.as_ref().map(AsRef::as_ref));
        writer.put(b"(");
        nstring(writer, &self.date)?;
        writer.space();
        nstring(writer, &self.subject)?;
        for field in AddressField::ALL {
            writer.space();
            let addresses = self.addresses(field);
            if addresses.is_empty() {
                writer.put(b"NIL");
                continue;
            }
            writer.put(b"(");
            for address in addresses {
                address.write(writer)?;
            }
            writer.put(b")");
        }
        writer.space();
        nstring(writer, &self.in_reply_to)?;
        writer.space();
        nstring(writer, &self.message_id)?;
        writer.put(b")");
        Ok(())
    }
}

impl<T: AsRef<[u8]>> Address<T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.list([&self.name, &self.route, &self.mailbox, &self.host], |writer, text| {
            writer.nstring(text.as_ref().map(AsRef::as_ref))
        })
    }
}
