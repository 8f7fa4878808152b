//! Rosters (RFC 6121 §2): asked for, changed, pushed.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::account::{Account, Resource};
use super::deliveries::Deliveries;
use super::parcel::{Kind, Tag, build};
use super::storage::{Contact, Storage};
use super::{Router, Turn};
use crate::jid::{Jid, JidRef};
use crate::ns;
use crate::payload::roster::{Change, Item, Query};
use crate::stanza::{PresenceType, StanzaCondition};
use crate::xml::ElementRef;

impl<S: Storage> Router<S> {
    /// Gives the roster, and takes note of who has asked (RFC 6121 §2.2). To who has the newest version, nothing is told (§2.6).
    pub(super) fn roster_get(&mut self, turn: &mut Turn<'_>, query: ElementRef<'_>) {
        let Some(account) = self.accounts.get_mut(turn.from.bare().as_str()) else { return };
        if let Some(resource) = account.by_session_mut(turn.session) {
            resource.is_interested = true;
        }
        let Some(account) = self.accounts.get(turn.from.bare().as_str()) else { return };
        let version = account.version.to_string();
        let known = query.attr("ver");
        let items: Vec<&Item> = listed(account).collect();
        self.result(turn, None, |content| {
            if known.as_deref() == Some(&*version) {
                return;
            }
            content.element("query", ns::ROSTER, |query| {
                query.attr_if("ver", known.is_some().then_some(&*version))?;
                items.iter().try_for_each(|item| item.write(query))
            });
        });
    }

    /// Adds, changes or removes a contact (RFC 6121 §2.3 to §2.5).
    pub(super) fn roster_set(&mut self, turn: &mut Turn<'_>, query: ElementRef<'_>) {
        let changes = match Query::read(query) {
            Ok(query) => query.changes,
            Err(_) => return self.refuse(turn, None, StanzaCondition::BadRequest),
        };
        let [change] = changes.as_slice() else { return self.refuse(turn, None, StanzaCondition::BadRequest) };
        match change {
            Change::Put(item) => self.roster_put(turn, item),
            Change::Remove(jid) => self.roster_remove(turn, jid),
        }
    }

    fn roster_put(&mut self, turn: &mut Turn<'_>, item: &Item) {
        let limits = self.config.limits;
        let Some(account) = self.accounts.get_mut(turn.from.bare().as_str()) else { return };
        let jid = item.jid.bare().to_jid();
        if jid.as_ref() == turn.from.bare() {
            return self.refuse(turn, None, StanzaCondition::NotAllowed);
        }
        let too_long = |text: &str| text.len() > limits.name as usize;
        if item.name.as_deref().is_some_and(too_long)
            || item.groups.len() > limits.groups as usize
            || item.groups.iter().any(|group| too_long(group) || group.is_empty())
        {
            return self.refuse(turn, None, StanzaCondition::NotAcceptable);
        }
        let mut groups = item.groups.clone();
        groups.sort_unstable();
        groups.dedup();
        if groups.len() != item.groups.len() {
            return self.refuse(turn, None, StanzaCondition::BadRequest);
        }
        let is_known = account.contacts.get(jid.as_str()).is_some_and(|contact| contact.is_listed);
        if !is_known && listed(account).count() >= limits.contacts as usize {
            return self.refuse(turn, None, StanzaCondition::NotAllowed);
        }
        // Subscription, request and approval are not the client's to set here.
        let contact = account.contacts.entry(jid.clone()).or_insert_with(|| new_contact(jid.clone()));
        contact.item.name.clone_from(&item.name);
        contact.item.groups = groups;
        contact.is_listed = true;
        self.result(turn, None, |_| {});
        self.roster_changed(turn.from.bare(), jid.as_ref(), turn.out);
    }

    fn roster_remove(&mut self, turn: &mut Turn<'_>, jid: &Jid) {
        let user = turn.from.clone();
        let jid = jid.bare().to_jid();
        let contact = self.accounts.get(user.bare().as_str()).and_then(|account| account.contacts.get(jid.as_str()));
        let Some(contact) = contact.filter(|contact| contact.is_listed) else {
            return self.refuse(turn, None, StanzaCondition::ItemNotFound);
        };
        let state = super::subscription::State::of(Some(contact));
        self.result(turn, None, |_| {});
        // Both sides forget it (RFC 6121 §2.5.3).
        if state.is_to() || state.is_asked() {
            self.subscription_out(user.bare(), jid.as_ref(), PresenceType::Unsubscribe, None, turn.now, turn.out);
        }
        if state.is_from() || state.is_pending() {
            self.subscription_out(user.bare(), jid.as_ref(), PresenceType::Unsubscribed, None, turn.now, turn.out);
        }
        let Some(account) = self.accounts.get_mut(user.bare().as_str()) else { return };
        account.contacts.remove(jid.as_str());
        account.version += 1;
        self.storage.remove_contact(user.bare(), jid.as_ref(), account.version);
        push(account, turn.out, |query| {
            query.own("item")?.attr("jid", jid.as_str())?.attr("subscription", "remove")?;
            Ok(())
        });
    }

    /// A contact has changed: it is kept, and pushed to those who have asked for the roster (RFC 6121 §2.1.6). One that nothing is known of any more is
    /// forgotten.
    pub(super) fn roster_changed(&mut self, user: JidRef<'_>, contact: JidRef<'_>, out: &mut Deliveries) {
        let Some(account) = self.accounts.get_mut(user.as_str()) else { return };
        let Some(known) = account.contacts.get(contact.as_str()) else { return };
        let is_listed = known.is_listed;
        account.version += u64::from(is_listed);
        if !is_listed && !known.is_pending && !known.item.is_approved {
            account.contacts.remove(contact.as_str());
            return self.storage.remove_contact(user, contact, account.version);
        }
        self.storage.put_contact(user, known, account.version);
        if is_listed {
            let item = known.item.clone();
            push(account, out, |query| item.write(query));
        }
    }
}

pub(super) fn new_contact(jid: Jid) -> Contact {
    let item = Item {
        jid,
        name: None,
        subscription: Default::default(),
        is_asked: false,
        is_approved: false,
        groups: Vec::new(),
    };
    Contact { item, is_pending: false, is_listed: false }
}

pub(super) fn listed(account: &Account) -> impl Iterator<Item = &Item> {
    account.contacts.values().filter(|contact| contact.is_listed).map(|contact| &contact.item)
}

fn push(
    account: &Account,
    out: &mut Deliveries,
    fill: impl FnOnce(&mut crate::xml::ElementWriter<'_, Vec<u8>>) -> Result<(), crate::xml::XmlError>,
) {
    let interested = account.resources.iter().filter(|resource| resource.is_interested);
    let version = account.version.to_string();
    let id = format!("push{version}");
    let parcel = build(Kind::Iq, Tag { kind: Some("set"), id: Some(&id), ..Tag::default() }, |content| {
        content.element("query", ns::ROSTER, |query| {
            query.attr("ver", &version)?;
            fill(query)
        });
    });
    out.share(interested.map(Resource::recipient), &parcel);
}
