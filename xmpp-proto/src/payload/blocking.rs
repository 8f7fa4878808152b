//! Blocking (XEP-0191).

use alloc::vec::Vec;

use super::Malformed;
use crate::jid::Jid;
use crate::ns;
use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

/// What is asked of a blocklist, or what a push tells of it. A push is to be believed of nobody but the user's own server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// What is blocked?
    List,
    /// Block these, too.
    Block(Vec<Jid>),
    /// Block these no more; all, where none is named.
    Unblock(Vec<Jid>),
}

impl Request {
    /// Reads a payload; `None` where it is another one.
    ///
    /// # Errors
    /// What is named is no address, or nobody is to be blocked.
    pub fn read(payload: ElementRef<'_>) -> Result<Option<Self>, Malformed> {
        if payload.ns() != ns::BLOCKING {
            return Ok(None);
        }
        Ok(match payload.name() {
            "blocklist" => Some(Request::List),
            "block" => match items(payload)? {
                none if none.is_empty() => return Err(Malformed::Count("somebody to block")),
                items => Some(Request::Block(items)),
            },
            "unblock" => Some(Request::Unblock(items(payload)?)),
            _ => None,
        })
    }
}

/// Reads the addresses in a payload.
///
/// # Errors
/// What is named is no address.
pub fn items(payload: ElementRef<'_>) -> Result<Vec<Jid>, Malformed> {
    let items = payload.children().filter(|child| child.is("item", ns::BLOCKING));
    let read = |item: ElementRef<'_>| {
        let jid = item.attr("jid").ok_or(Malformed::Missing("jid"))?;
        Jid::parse(&jid).map_err(|_| Malformed::Jid("jid"))
    };
    items.map(read).collect()
}

/// Writes a payload of this name: `blocklist`, `block` or `unblock`.
///
/// # Errors
/// [`XmlError::Character`] for what XML cannot hold.
pub fn write<'j, S: Sink + ?Sized>(
    iq: &mut ElementWriter<'_, S>,
    name: &str,
    items: impl Iterator<Item = &'j Jid>,
) -> Result<(), XmlError> {
    let mut list = iq.child(name, ns::BLOCKING)?;
    for item in items {
        list.own("item")?.attr("jid", item.as_str())?;
    }
    Ok(())
}
