//! When something was said that comes late (XEP-0203).

use alloc::string::String;

use super::{Malformed, moment};
use crate::ns;
use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

/// When something was said, and who held it until now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delay {
    /// Who held it: believe it only of who could have.
    pub from: Option<String>,
    /// When it was said first, in milliseconds since 1970.
    pub stamp: u64,
}

impl Delay {
    /// Reads a `<delay/>`.
    ///
    /// # Errors
    /// There is no `stamp`, or it is no moment.
    pub fn read(delay: ElementRef<'_>) -> Result<Self, Malformed> {
        let stamp = delay.attr("stamp").ok_or(Malformed::Missing("stamp"))?;
        let stamp = moment::parse(&stamp).ok_or(Malformed::Value("stamp"))?;
        Ok(Delay { from: delay.attr("from").map(|from| from.into_owned()), stamp })
    }

    /// The one that a stanza, or a `<forwarded/>`, has of `from`.
    pub fn of(parent: ElementRef<'_>, from: &str) -> Option<Self> {
        let delays = parent.children().filter(|child| child.is("delay", ns::DELAY));
        delays.filter_map(|delay| Delay::read(delay).ok()).find(|delay| delay.from.as_deref() == Some(from))
    }
}

/// Writes a `<delay/>`.
///
/// # Errors
/// [`XmlError::Character`] for what XML cannot hold.
pub fn write<S: Sink + ?Sized>(
    parent: &mut ElementWriter<'_, S>,
    from: Option<&str>,
    stamp: u64,
) -> Result<(), XmlError> {
    let mut delay = parent.child("delay", ns::DELAY)?;
    delay.attr_if("from", from)?.attr("stamp", moment::write(stamp).as_str())?;
    Ok(())
}
