//! The handshake of an external component (XEP-0114).

use alloc::string::String;

use sha1::{Digest, Sha1};
use wirestate_sasl::{Secret, constant_time_eq};

use crate::ns;
use crate::xml::{ElementRef, Sink, Writer, XmlError};

/// What proves that a component knows the secret: SHA-1 of the stream's name and the secret, in lower-case hexadecimal.
pub fn digest(stream_id: &str, secret: &Secret) -> String {
    hex(&[stream_id, secret.expose()])
}

/// Whether this is that proof, in a time that does not tell where it differs.
pub fn fits(proof: &str, stream_id: &str, secret: &Secret) -> bool {
    constant_time_eq(proof.trim().to_ascii_lowercase().as_bytes(), digest(stream_id, secret).as_bytes())
}

/// The proof in a `<handshake/>`; `None`: the element is another one. The server's answer is an empty one. `ns` is the stream's content namespace.
pub fn read(element: ElementRef<'_>, ns: &str) -> Option<String> {
    element.is("handshake", ns).then(|| element.text().trim().into())
}

/// Writes a `<handshake/>`, with the proof, or empty as the server's answer.
///
/// # Errors
///
/// None for a [`digest`].
pub fn write<S: Sink + ?Sized>(writer: &mut Writer<'_, S>, proof: Option<&str>) -> Result<(), XmlError> {
    let mut handshake = writer.element("handshake", ns::COMPONENT_ACCEPT)?;
    proof.map_or(Ok(()), |proof| handshake.text(proof).map(drop))
}

pub(super) fn hex(parts: &[&str]) -> String {
    let mut sha1 = Sha1::new();
    parts.iter().for_each(|part| sha1.update(part.as_bytes()));
    let digits = |octet: u8| [octet >> 4, octet & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0'));
    sha1.finalize().iter().flat_map(|octet| digits(*octet)).collect()
}
