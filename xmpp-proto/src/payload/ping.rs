//! Pings (XEP-0199).

use crate::ns;
use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

/// Whether this is the payload of a ping.
pub fn is_ping(payload: ElementRef<'_>) -> bool {
    payload.is("ping", ns::PING)
}

/// Writes the payload of a ping.
///
/// # Errors
/// None that an [`ElementWriter`] can give for it.
pub fn write<S: Sink + ?Sized>(iq: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
    iq.child("ping", ns::PING).map(ElementWriter::end)
}
