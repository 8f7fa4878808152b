//! Ids of stanzas that are unique and stay (XEP-0359).

use alloc::borrow::Cow;

use crate::jid::JidRef;
use crate::ns;
use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

/// The id that `by` gave to a stanza. Believe it only where `by` is who sent it, or the user's own server: others could write one, too.
pub fn by<'a>(stanza: ElementRef<'a>, by: JidRef<'_>) -> Option<Cow<'a, str>> {
    stanza.children().find(|child| is_by(*child, by))?.attr("id")
}

/// The id that the sender gave to it.
pub fn origin(stanza: ElementRef<'_>) -> Option<Cow<'_, str>> {
    stanza.child("origin-id", ns::STANZA_ID)?.attr("id")
}

/// Whether this is a `<stanza-id/>` of `by`.
pub fn is_by(child: ElementRef<'_>, by: JidRef<'_>) -> bool {
    let is_same = |value: Cow<'_, str>| JidRef::parse(&value).is_ok_and(|jid| jid.as_ref() == by);
    child.is("stanza-id", ns::STANZA_ID) && child.attr("by").is_some_and(is_same)
}

/// Writes a `<stanza-id/>`.
///
/// # Errors
/// [`XmlError::Character`] for what XML cannot hold.
pub fn write<S: Sink + ?Sized>(parent: &mut ElementWriter<'_, S>, by: &str, id: &str) -> Result<(), XmlError> {
    parent.child("stanza-id", ns::STANZA_ID)?.attr("by", by)?.attr("id", id)?;
    Ok(())
}
