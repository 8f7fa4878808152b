//! What is told of a message's text.

use bytes::Bytes;
use imap_proto::codec::command::FetchAttribute;
use imap_proto::server::FetchLine;

use crate::mailstore::{Mailbox, StoreError, Uid};

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
        | FetchAttribute::Preview { .. } => true,
        _ => false,
    }
}

/// The whole text. Blocks.
pub(super) fn read(mailbox: &Mailbox, uid: Uid) -> Result<Bytes, StoreError> {
    let mut reader = mailbox.open(uid)?;
    let size = usize::try_from(reader.size()).unwrap_or(usize::MAX);
    reader.piece(0, size).map_err(|source| StoreError::File { path: "message".into(), source })
}

pub(super) fn tell(_out: &mut FetchLine<'_>, _item: &FetchAttribute<Bytes>, _text: Option<&Bytes>) {}
