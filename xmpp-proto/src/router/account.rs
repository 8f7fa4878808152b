use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::deliveries::{Recipient, Session};
use super::parcel::Parcel;
use super::storage::{Contact, Record};
use super::wishes::Wishes;
use crate::jid::{Jid, JidRef};
use crate::payload::preferences::Preferences;
use crate::payload::roster::Subscription;

/// An account that is connected, or was spoken to lately.
#[derive(Debug)]
pub(super) struct Account {
    /// Bare.
    pub(super) jid: Arc<Jid>,
    pub(super) contacts: BTreeMap<Jid, Contact>,
    pub(super) version: u64,
    pub(super) blocked: BTreeSet<Jid>,
    /// Which of its messages are archived.
    pub(super) archiving: Preferences,
    /// Few, in the order in which they were bound.
    pub(super) resources: Vec<Resource>,
    /// Whether it is among those that go when there are too many.
    pub(super) is_idle: bool,
}

/// A bound resource.
#[derive(Debug)]
pub(super) struct Resource {
    pub(super) session: Session,
    /// Full.
    pub(super) jid: Arc<Jid>,
    /// None until it is available.
    pub(super) presence: Option<Available>,
    /// Whether it has asked for the roster (RFC 6121 §2.1.6).
    pub(super) is_interested: bool,
    /// Whether it has asked for the blocklist (XEP-0191 §3.3).
    pub(super) knows_blocked: bool,
    pub(super) has_carbons: bool,
    /// To whom presence was sent that is not told otherwise of it.
    pub(super) directed: BTreeSet<Jid>,
    /// What it wants to be told of what users publish.
    pub(super) wishes: Wishes,
    /// The rooms it is in.
    pub(super) rooms: BTreeSet<Jid>,
    /// When it sent something, in milliseconds since 1970.
    pub(super) active: u64,
}

/// What an available resource has said of itself.
#[derive(Clone, Debug)]
pub(super) struct Available {
    pub(super) priority: i8,
    /// Without `to`.
    pub(super) parcel: Parcel,
}

impl Resource {
    pub(super) fn recipient(&self) -> Recipient {
        Recipient { session: self.session, to: Some(self.jid.clone()) }
    }

    pub(super) fn priority(&self) -> Option<i8> {
        self.presence.as_ref().map(|presence| presence.priority)
    }
}

impl Account {
    pub(super) fn new(jid: Arc<Jid>, record: Record, archiving: Preferences) -> Self {
        let contacts = record.contacts.into_iter().map(|contact| (contact.item.jid.clone(), contact));
        Account {
            jid,
            contacts: contacts.collect(),
            version: record.version,
            blocked: record.blocked,
            archiving,
            resources: Vec::new(),
            is_idle: false,
        }
    }

    pub(super) fn resource(&self, name: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.jid.resource() == Some(name))
    }

    pub(super) fn by_session(&self, session: Session) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.session == session)
    }

    pub(super) fn by_session_mut(&mut self, session: Session) -> Option<&mut Resource> {
        self.resources.iter_mut().find(|resource| resource.session == session)
    }

    /// Whether a client of the user wants copies, other than one.
    pub(super) fn has_listeners(&self, except: Option<Session>) -> bool {
        self.resources.iter().any(|resource| resource.has_carbons && Some(resource.session) != except)
    }

    pub(super) fn available(&self) -> impl Iterator<Item = (&Resource, &Available)> {
        self.resources.iter().filter_map(|resource| Some((resource, resource.presence.as_ref()?)))
    }

    pub(super) fn contact(&self, jid: JidRef<'_>) -> Option<&Contact> {
        self.contacts.get(jid.bare().as_str())
    }

    /// Whether a message from or to somebody belongs into the account's archive.
    pub(super) fn archives(&self, other: JidRef<'_>) -> bool {
        self.archiving.wants(other, || self.contact(other).is_some_and(|contact| contact.is_listed))
    }

    pub(super) fn subscription(&self, jid: JidRef<'_>) -> Subscription {
        self.contact(jid).map_or(Subscription::None, |contact| contact.item.subscription)
    }

    /// Whether it blocks an address, by the rules of XEP-0191 §3.2: itself, its bare form, its domain with its resource, its domain.
    pub(super) fn blocks(&self, jid: JidRef<'_>) -> bool {
        if self.blocked.is_empty() || jid.bare() == self.jid.as_ref().as_ref() {
            return false;
        }
        let has = |jid: JidRef<'_>| self.blocked.contains(jid.as_str());
        let at_domain = || jid.server().with_resource(jid.resource()?).ok();
        has(jid) || has(jid.bare()) || has(jid.server()) || at_domain().is_some_and(|jid| has(jid.as_ref()))
    }

    /// Those who see the user's presence.
    pub(super) fn watchers(&self) -> impl Iterator<Item = &Jid> {
        self.contacts.values().filter(|contact| contact.item.subscription.is_from()).map(|contact| &contact.item.jid)
    }

    /// Those whose presence the user sees.
    pub(super) fn watched(&self) -> impl Iterator<Item = &Jid> {
        self.contacts.values().filter(|contact| contact.item.subscription.is_to()).map(|contact| &contact.item.jid)
    }

    pub(super) fn requests(&self) -> impl Iterator<Item = &Contact> {
        self.contacts.values().filter(|contact| contact.is_pending)
    }
}
