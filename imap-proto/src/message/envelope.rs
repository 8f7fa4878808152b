//! The envelope of a message, from its header (RFC 3501 §7.4.2, RFC 9051 §7.5.2).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::Limits;
use super::address;
use super::header::Fields;
use crate::codec::{Address, AddressField, Envelope};

/// The first field of each name counts, but for addresses: these are taken from all fields of the name.
pub(super) fn read<'m>(header: &'m [u8], limits: &Limits) -> Envelope<Cow<'m, [u8]>> {
    let mut envelope = Envelope::new();
    let mut lists: [Vec<Address<Cow<'m, [u8]>>>; 6] = Default::default();
    let mut left = limits.addresses;
    for field in Fields::new(header).take(limits.fields) {
        let mut text = None;
        let place = match field.name().len() {
            2 if field.is(b"To") => AddressField::To,
            2 if field.is(b"Cc") => AddressField::Cc,
            3 if field.is(b"Bcc") => AddressField::Bcc,
            4 if field.is(b"From") => AddressField::From,
            6 if field.is(b"Sender") => AddressField::Sender,
            8 if field.is(b"Reply-To") => AddressField::ReplyTo,
            4 if field.is(b"Date") => {
                text = Some(&mut envelope.date);
                AddressField::From
            }
            7 if field.is(b"Subject") => {
                text = Some(&mut envelope.subject);
                AddressField::From
            }
            10 if field.is(b"Message-ID") => {
                text = Some(&mut envelope.message_id);
                AddressField::From
            }
            11 if field.is(b"In-Reply-To") => {
                text = Some(&mut envelope.in_reply_to);
                AddressField::From
            }
            _ => continue,
        };
        if let Some(text) = text {
            text.get_or_insert_with(|| field.value());
            continue;
        }
        let list = &mut lists[place as usize];
        let before = list.len();
        address::read(field.folded(), before + left, list);
        left = left.saturating_sub(list.len() - before);
    }
    for (field, list) in AddressField::ALL.into_iter().zip(lists) {
        let is_filled_in = matches!(field, AddressField::Sender | AddressField::ReplyTo);
        if list.is_empty() && is_filled_in {
            envelope.share_addresses(field, AddressField::From);
        } else {
            envelope.set_addresses(field, list);
        }
    }
    envelope
}
