//! ENVELOPE and BODYSTRUCTURE: they never change, so they are made once, when
//! a client first asks, and kept in the index.

use std::collections::VecDeque;

use bytes::{BufMut, Bytes};
use imap_proto::codec::command::FetchAttribute;
use imap_proto::codec::{KeptItem, MessageAttribute};
use imap_proto::message::{Limits, Message};
use imap_proto::server::FetchLine;

use super::content;
use crate::mailstore::{Mailbox, StoreError, Uid};

/// For how many messages this is done at a time.
pub(super) const BATCH: usize = 64;

/// Changes with the form.
const VERSION: u8 = 1;

/// Both items of a message; absent where they cannot be written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Description {
    envelope: Option<KeptItem>,
    structure: Option<KeptItem>,
}

/// Whether the item is one of the two.
pub(super) fn is_described(item: &FetchAttribute<Bytes>) -> bool {
    matches!(item, FetchAttribute::Envelope | FetchAttribute::BodyStructure)
}

/// The descriptions of messages, which stand in rising order, as far as they
/// are still there. Blocks.
pub(super) fn describe(mailbox: &Mailbox, uids: &[Uid]) -> Result<VecDeque<(Uid, Description)>, StoreError> {
    let mut kept = mailbox.descriptions(uids)?.into_iter().peekable();
    let mut fresh = Vec::new();
    let mut all = VecDeque::with_capacity(uids.len());
    for uid in uids {
        let known = kept.next_if(|(of, _)| of == uid).and_then(|(_, data)| Description::from_bytes(&data.into()));
        let description = match known {
            Some(known) => known,
            None => match content::read(mailbox, *uid) {
                Ok(raw) => {
                    let made = Description::of(&Message::parse(&raw, &Limits::default()));
                    fresh.push((*uid, made.to_bytes()));
                    made
                }
                Err(StoreError::Vanished) => continue,
                Err(error) => return Err(error),
            },
        };
        all.push_back((*uid, description));
    }
    if !fresh.is_empty() {
        mailbox.keep_descriptions(fresh.iter().map(|(uid, data)| (*uid, &**data)))?;
    }
    Ok(all)
}

impl Description {
    fn of(message: &Message<'_>) -> Self {
        let envelope = MessageAttribute::Envelope(Box::new(message.envelope()));
        let structure = MessageAttribute::BodyStructure(message.body_structure());
        Self { envelope: KeptItem::of(&envelope).ok(), structure: KeptItem::of(&structure).ok() }
    }

    /// Tells one of the two.
    pub(super) fn tell(&self, out: &mut FetchLine<'_>, item: &FetchAttribute<Bytes>) {
        let kept = match item {
            FetchAttribute::Envelope => &self.envelope,
            _ => &self.structure,
        };
        if let Some(kept) = kept {
            out.kept(kept);
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let octets = |item: &Option<KeptItem>| item.as_ref().map(|item| item.as_bytes().clone()).unwrap_or_default();
        let (envelope, structure) = (octets(&self.envelope), octets(&self.structure));
        let mut bytes = Vec::with_capacity(5 + envelope.len() + structure.len());
        bytes.put_u8(VERSION);
        // Longer ones are not kept.
        bytes.put_u32(u32::try_from(envelope.len()).unwrap_or(u32::MAX));
        bytes.put_slice(&envelope);
        bytes.put_slice(&structure);
        bytes
    }

    /// `None` for another version's.
    fn from_bytes(bytes: &Bytes) -> Option<Self> {
        let (head, items) = bytes.split_first_chunk::<5>()?;
        let [VERSION, len @ ..] = *head else { return None };
        let (envelope, structure) = items.split_at_checked(usize::try_from(u32::from_be_bytes(len)).ok()?)?;
        let item = |part: &[u8]| (!part.is_empty()).then(|| KeptItem::from_bytes(bytes.slice_ref(part)));
        Some(Self { envelope: item(envelope), structure: item(structure) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_and_the_rest_is_made_anew() {
        let raw = "From: Zo\u{eb} <zoe@example.org>\r\nSubject: hi\r\n\r\nhi\r\n";
        let made = Description::of(&Message::parse(raw.as_bytes(), &Limits::default()));
        assert!(made.envelope.is_some() && made.structure.is_some());
        let bytes = Bytes::from(made.to_bytes());
        assert_eq!(Description::from_bytes(&bytes), Some(made));
        for len in 0..5 {
            assert_eq!(Description::from_bytes(&bytes.slice(..len)), None);
        }
        let mut other = bytes.to_vec();
        other[0] += 1;
        assert_eq!(Description::from_bytes(&other.into()), None);
        let unwritable = Description { envelope: None, structure: None };
        assert_eq!(Description::from_bytes(&unwritable.to_bytes().into()), Some(unwritable));
    }
}
