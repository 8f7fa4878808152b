//! A stanza that was sent on inside another (XEP-0297).

use super::Malformed;
use super::delay::Delay;
use crate::ns;
use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

/// A stanza that was sent on, and when it was said.
#[derive(Clone, Debug)]
pub struct Forwarded<'a> {
    /// The stanza. What it says is worth no more than who sent it on.
    pub stanza: ElementRef<'a>,
    /// When it was said.
    pub delay: Option<Delay>,
}

impl<'a> Forwarded<'a> {
    /// Reads a `<forwarded/>`.
    ///
    /// # Errors
    /// There is not exactly one stanza in it, or its moment is none.
    pub fn read(forwarded: ElementRef<'a>) -> Result<Self, Malformed> {
        let is_stanza = |child: &ElementRef<'_>| {
            matches!(child.ns(), ns::CLIENT | ns::SERVER) && matches!(child.name(), "message" | "presence" | "iq")
        };
        let mut stanzas = forwarded.children().filter(is_stanza);
        let (Some(stanza), None) = (stanzas.next(), stanzas.next()) else {
            return Err(Malformed::Count("one stanza in what is forwarded"));
        };
        let delay = forwarded.child("delay", ns::DELAY).map(Delay::read).transpose()?;
        Ok(Forwarded { stanza, delay })
    }

    /// The one in this element.
    ///
    /// # Errors
    /// There is none, or it is as [`read`](Forwarded::read) says.
    pub fn within(parent: ElementRef<'a>) -> Result<Self, Malformed> {
        Forwarded::read(parent.child("forwarded", ns::FORWARD).ok_or(Malformed::Count("one `<forwarded/>`"))?)
    }
}

/// Writes a `<forwarded/>`.
///
/// # Errors
/// [`XmlError::Character`] for what XML cannot hold.
pub fn write<S: Sink + ?Sized>(
    parent: &mut ElementWriter<'_, S>,
    stanza: ElementRef<'_>,
    stamp: Option<u64>,
) -> Result<(), XmlError> {
    let mut forwarded = parent.child("forwarded", ns::FORWARD)?;
    if let Some(stamp) = stamp {
        super::delay::write(&mut forwarded, None, stamp)?;
    }
    forwarded.embed(stanza);
    Ok(())
}
