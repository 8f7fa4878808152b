//! Rosters (RFC 6121 §2).

use alloc::string::String;
use alloc::vec::Vec;

use super::Malformed;
use crate::jid::{Jid, JidRef};
use crate::ns;
use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

/// Who sees whose presence (RFC 6121 §2.1.2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subscription {
    /// Neither the other's.
    #[default]
    None,
    /// The user sees the contact's.
    To,
    /// The contact sees the user's.
    From,
    /// Each sees the other's.
    Both,
}

impl Subscription {
    /// The attribute's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Subscription::None => "none",
            Subscription::To => "to",
            Subscription::From => "from",
            Subscription::Both => "both",
        }
    }

    /// Whether the user sees the contact's presence.
    pub fn is_to(self) -> bool {
        matches!(self, Subscription::To | Subscription::Both)
    }

    /// Whether the contact sees the user's presence.
    pub fn is_from(self) -> bool {
        matches!(self, Subscription::From | Subscription::Both)
    }
}

/// A contact, as a roster shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The contact.
    pub jid: Jid,
    /// What the user calls it.
    pub name: Option<String>,
    /// Who sees whose presence.
    pub subscription: Subscription,
    /// Whether the user has asked to see the contact's, and was not answered yet.
    pub is_asked: bool,
    /// Whether the contact will see the user's as soon as it asks (RFC 6121 §3.4).
    pub is_approved: bool,
    /// The groups that the user has put it into.
    pub groups: Vec<String>,
}

/// An `<item/>` that somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// There is to be, or is, such an item.
    Put(Item),
    /// `subscription='remove'`
    Remove(Jid),
}

impl Change {
    /// Reads an `<item/>`.
    ///
    /// # Errors
    /// It has no address, or a subscription that there is not.
    pub fn read(item: ElementRef<'_>) -> Result<Self, Malformed> {
        let jid = item.attr("jid").ok_or(Malformed::Missing("jid"))?;
        let jid = Jid::parse(&jid).map_err(|_| Malformed::Jid("jid"))?;
        let subscription = match item.attr("subscription").as_deref() {
            None | Some("none") => Subscription::None,
            Some("to") => Subscription::To,
            Some("from") => Subscription::From,
            Some("both") => Subscription::Both,
            Some("remove") => return Ok(Change::Remove(jid)),
            Some(_) => return Err(Malformed::Value("subscription")),
        };
        let groups = item.children().filter(|child| child.is("group", ns::ROSTER));
        Ok(Change::Put(Item {
            jid,
            name: item.attr("name").map(|name| name.into_owned()).filter(|name| !name.is_empty()),
            subscription,
            is_asked: item.attr("ask").as_deref() == Some("subscribe"),
            is_approved: matches!(item.attr("approved").as_deref(), Some("true" | "1")),
            groups: groups.map(|group| group.text().into_owned()).collect(),
        }))
    }
}

/// What a `<query/>` holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The version of the roster (RFC 6121 §2.6), or the one that the client has.
    pub version: Option<String>,
    /// Contacts.
    pub changes: Vec<Change>,
}

impl Query {
    /// Reads a `<query/>`.
    ///
    /// # Errors
    /// An item is not as it must be.
    pub fn read(query: ElementRef<'_>) -> Result<Self, Malformed> {
        let items = query.children().filter(|child| child.is("item", ns::ROSTER));
        Ok(Query {
            version: query.attr("ver").map(|version| version.into_owned()),
            changes: items.map(Change::read).collect::<Result<_, _>>()?,
        })
    }

    /// Reads a push for the user whose bare address is `user`; `None` where it is none, or not from the user's own server, which alone may push
    /// (RFC 6121 §2.1.6): it must have no `from`, or the user's bare address there.
    ///
    /// # Errors
    /// It is from there, but has not one item, or that is not as it must be.
    pub fn pushed(iq: ElementRef<'_>, user: JidRef<'_>) -> Result<Option<(Option<String>, Change)>, Malformed> {
        let from = iq.attr("from");
        let is_ours = from.is_none_or(|from| JidRef::parse(&from).is_ok_and(|from| from.as_ref() == user));
        let query = iq.child("query", ns::ROSTER).filter(|_| iq.attr("type").as_deref() == Some("set") && is_ours);
        let Some(query) = query else { return Ok(None) };
        let mut query = Query::read(query)?;
        match (query.changes.pop(), query.changes.is_empty()) {
            (Some(change), true) => Ok(Some((query.version, change))),
            _ => Err(Malformed::Count("one item in a push")),
        }
    }
}

impl Item {
    /// Writes an `<item/>` into a `<query/>`.
    ///
    /// # Errors
    /// [`XmlError::Character`] for what XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, query: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        let mut item = query.own("item")?;
        item.attr("jid", self.jid.as_str())?
            .attr_if("name", self.name.as_deref())?
            .attr("subscription", self.subscription.as_str())?
            .attr_if("ask", self.is_asked.then_some("subscribe"))?
            .attr_if("approved", self.is_approved.then_some("true"))?;
        for group in &self.groups {
            item.own_text("group", group)?;
        }
        Ok(())
    }
}
