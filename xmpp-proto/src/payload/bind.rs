//! Resource binding (RFC 6120 §7): what the IQ of it carries.

use alloc::string::String;

use super::Malformed;
use crate::jid::{Jid, JidRef};
use crate::ns;
use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

/// The resource that a request asks for; `None`: the server is to choose one (§7.6).
pub fn requested(bind: ElementRef<'_>) -> Option<String> {
    let resource = bind.child("resource", ns::BIND)?.text().into_owned();
    Some(resource).filter(|resource| !resource.is_empty())
}

/// Writes a request.
///
/// # Errors
///
/// [`XmlError::Character`] for a resource that XML cannot hold.
pub fn write_request<S: Sink + ?Sized>(iq: &mut ElementWriter<'_, S>, resource: Option<&str>) -> Result<(), XmlError> {
    let mut bind = iq.child("bind", ns::BIND)?;
    match resource {
        Some(resource) => bind.own_text("resource", resource).map(drop),
        None => Ok(()),
    }
}

/// The address that was bound.
///
/// # Errors
///
/// [`Malformed`] where there is none, or one without a resource.
pub fn bound(bind: ElementRef<'_>) -> Result<Jid, Malformed> {
    let jid = bind.child("jid", ns::BIND).ok_or(Malformed::Missing("jid"))?;
    Jid::parse(jid.text().trim()).ok().filter(Jid::is_full).ok_or(Malformed::Jid("jid"))
}

/// Writes the answer.
///
/// # Errors
///
/// None for an address.
pub fn write_bound<S: Sink + ?Sized>(iq: &mut ElementWriter<'_, S>, jid: JidRef<'_>) -> Result<(), XmlError> {
    iq.child("bind", ns::BIND)?.own_text("jid", jid.as_str()).map(drop)
}
