//! Items that are made once and told often.

use alloc::vec::Vec;

use bytes::Bytes;

use super::MessageAttribute;
use crate::codec::encode::{Encode, Encoder, Unwritable, Writer};

/// An item as it stands in a FETCH response, name and value: for a store that keeps what never changes of a message, ENVELOPE and BODYSTRUCTURE, and tells it
/// again without reading the message or writing the item anew.
///
/// Text that is not ASCII stands in literals, so that the item is right whatever the client has enabled.
///
/// ```
/// use imap_proto::codec::{KeptItem, MessageAttribute};
///
/// let item = KeptItem::of(&MessageAttribute::Preview(Some("Grüße")))?;
/// assert_eq!(&item.as_bytes()[..], "PREVIEW {7}\r\nGrüße".as_bytes());
/// # Ok::<(), imap_proto::codec::Unwritable>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeptItem(Bytes);

impl KeptItem {
    /// Writes an item.
    ///
    /// # Errors
    ///
    /// [`Unwritable`].
    pub fn of<T: AsRef<[u8]>>(attribute: &MessageAttribute<T>) -> Result<Self, Unwritable> {
        let mut written = Vec::new();
        Encoder::server().encode(&Item(attribute), &mut written)?;
        Ok(KeptItem(written.into()))
    }

    /// The item that gave these bytes. They are not looked at again, so they must be those of [`as_bytes`](Self::as_bytes), from a place that nobody else
    /// writes to.
    pub fn from_bytes(bytes: Bytes) -> Self {
        KeptItem(bytes)
    }

    /// The bytes, to be kept.
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }
}

struct Item<'a, T>(&'a MessageAttribute<T>);

impl<T: AsRef<[u8]>> Encode for Item<'_, T> {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        self.0.write(writer)
    }
}
