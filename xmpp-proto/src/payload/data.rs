//! SASL's messages as elements carry them: base64, and `=` for one that is there and empty (RFC 6120 §6.4.2).

use alloc::vec::Vec;

use wirestate_sasl::base64;

use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

/// What a text of base64 is no message of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The text is not base64 as RFC 4648 §4 writes it.
    #[error("the data is not base64: it must have padding, and neither whitespace nor line breaks")]
    Encoding,
    /// The message is longer than the limit.
    #[error("the data is longer than the {limit} octets that are taken")]
    TooLong {
        /// The limit, in octets.
        limit: usize,
    },
}

/// The message in an element, of at most `limit` octets; `None` where the element is empty.
pub(super) fn read(element: ElementRef<'_>, limit: usize) -> Result<Option<Vec<u8>>, DataError> {
    let text = element.text();
    match &*text {
        "" => Ok(None),
        "=" => Ok(Some(Vec::new())),
        text => base64::decode(text, limit).map(Some).map_err(|error| match error {
            base64::DecodeError::TooLong { limit } => DataError::TooLong { limit },
            _ => DataError::Encoding,
        }),
    }
}

/// Writes a message that may be left out.
pub(super) fn write_optional<S: Sink + ?Sized>(
    element: &mut ElementWriter<'_, S>,
    data: Option<&[u8]>,
) -> Result<(), XmlError> {
    match data {
        None => Ok(()),
        Some([]) => element.ascii(b"=").map(drop),
        Some(data) => write(element, data),
    }
}

/// Writes a message where there is always one: an empty one is no text.
pub(super) fn write<S: Sink + ?Sized>(element: &mut ElementWriter<'_, S>, data: &[u8]) -> Result<(), XmlError> {
    element.ascii(base64::encode(data).as_bytes()).map(drop)
}
