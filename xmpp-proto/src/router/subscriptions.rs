//! Subscriptions (RFC 6121 §3): asked for, granted, ended; from both sides.

use super::account::Resource;
use super::deliveries::{Deliveries, Recipient};
use super::domains::Place;
use super::parcel::{Kind, Parcel, Tag, To, build};
use super::roster::{listed, new_contact};
use super::storage::Storage;
use super::subscription::{State, Way, step};
use super::{Router, Turn};
use crate::jid::JidRef;
use crate::stanza::{PresenceType, StanzaCondition};
use crate::xml::Element;

impl<S: Storage> Router<S> {
    /// A presence about a subscription, from a client or from elsewhere.
    pub(super) fn subscription(&mut self, turn: &mut Turn<'_>, kind: PresenceType, to: JidRef<'_>) {
        let (from, to) = (turn.from.clone(), to.bare());
        if from.bare() == to {
            return;
        }
        if !turn.is_client {
            if self.place(to) == Place::Account {
                let parcel = self.relay.stanza(Kind::Presence, turn.element, from.bare().as_str(), To::Each);
                self.subscription_in(to, from.bare(), kind, &parcel, turn.now, turn.out);
            }
            return;
        }
        let Some(account) = self.accounts.get(from.bare().as_str()) else { return };
        if account.blocks(to) && kind == PresenceType::Subscribe {
            return self.refuse(turn, Some(to), Self::blocked_by_oneself());
        }
        let is_new = !account.contacts.get(to.as_str()).is_some_and(|contact| contact.is_listed);
        let adds = matches!(kind, PresenceType::Subscribe | PresenceType::Subscribed);
        if is_new && adds && listed(account).count() >= self.config.limits.contacts as usize {
            return self.refuse(turn, Some(to), StanzaCondition::NotAllowed);
        }
        if turn.element.view().raw().len() > self.config.limits.presence as usize {
            return self.refuse(turn, Some(to), StanzaCondition::PolicyViolation);
        }
        self.subscription_out(from.bare(), to, kind, Some(turn.element), turn.now, turn.out);
    }

    /// The user's side of what the user says; `stanza` is what the user's client sent.
    pub(super) fn subscription_out(
        &mut self,
        user: JidRef<'_>,
        contact: JidRef<'_>,
        kind: PresenceType,
        stanza: Option<&Element>,
        now: u64,
        out: &mut Deliveries,
    ) {
        let Some(account) = self.accounts.get_mut(user.as_str()) else { return };
        let state = State::of(account.contacts.get(contact.as_str()));
        let Some(step) = step(state, Way::Outbound, kind) else { return };
        let is_approval = kind == PresenceType::Subscribed && !step.passes && !state.is_from();
        let is_known = account.contacts.contains_key(contact.as_str());
        if is_known || is_approval || step.next != State::None {
            let known = account.contacts.entry(contact.to_jid()).or_insert_with(|| new_contact(contact.to_jid()));
            let before = known.clone();
            step.next.put(known);
            match kind {
                PresenceType::Subscribe => known.is_listed = true,
                // Whoever sees the user is in the roster.
                PresenceType::Subscribed => {
                    known.is_listed |= step.passes || is_approval;
                    known.item.is_approved |= is_approval;
                }
                PresenceType::Unsubscribed => known.item.is_approved = false,
                _ => {}
            }
            if *known != before || !is_known {
                self.roster_changed(user, contact, out);
            }
        }
        if !step.passes {
            return;
        }
        let parcel = match stanza {
            Some(stanza) => self.relay.stanza(Kind::Presence, stanza, user.as_str(), To::Each),
            None => self.plain_presence(user, kind),
        };
        match self.place(contact) {
            Place::Account => self.subscription_in(contact, user, kind, &parcel, now, out),
            Place::Server | Place::Rooms => {}
            Place::Connected(_) | Place::Beyond => drop(self.send_beyond(contact, &parcel, out)),
        }
        match kind {
            PresenceType::Subscribed if step.next.is_from() => self.show_all(user, contact, true, out),
            PresenceType::Unsubscribed if state.is_from() => self.show_all(user, contact, false, out),
            _ => {}
        }
    }

    /// The user's side of what a contact says; the parcel has no `to`.
    fn subscription_in(
        &mut self,
        user: JidRef<'_>,
        contact: JidRef<'_>,
        kind: PresenceType,
        parcel: &Parcel,
        now: u64,
        out: &mut Deliveries,
    ) {
        let most = self.config.limits.requests as usize;
        let Some(account) = self.account_mut(user) else { return };
        if account.blocks(contact) {
            return;
        }
        let state = State::of(account.contacts.get(contact.as_str()));
        let is_approved = account.contacts.get(contact.as_str()).is_some_and(|known| known.item.is_approved);
        if kind == PresenceType::Subscribe && (state.is_from() || is_approved) {
            return self.grant(user, contact, state, now, out);
        }
        let Some(step) = step(state, Way::Inbound, kind) else { return };
        if !step.passes {
            return;
        }
        let is_stranger = !account.contacts.contains_key(contact.as_str());
        let strangers = account.contacts.values().filter(|known| !known.is_listed).count();
        if is_stranger && strangers >= most {
            return;
        }
        let known = account.contacts.entry(contact.to_jid()).or_insert_with(|| new_contact(contact.to_jid()));
        step.next.put(known);
        let jid = account.jid.clone();
        let is_request = kind == PresenceType::Subscribe;
        let hears =
            |resource: &&Resource| if is_request { resource.presence.is_some() } else { resource.is_interested };
        let hearing = account.resources.iter().filter(hears);
        out.share(hearing.map(|resource| Recipient { session: resource.session, to: Some(jid.clone()) }), parcel);
        if is_request {
            // Not in the roster yet: kept, but pushed only where it was there before.
            if let Some(known) = account.contacts.get(contact.as_str()) {
                let (known, version) = (known.clone(), account.version);
                self.storage.put_contact(user, &known, version);
            }
            return;
        }
        self.roster_changed(user, contact, out);
        if kind == PresenceType::Unsubscribe && state.is_from() {
            self.show_all(user, contact, false, out);
        }
    }

    /// Grants what was granted before it was asked for (RFC 6121 §3.1.3, §3.4.2).
    fn grant(&mut self, user: JidRef<'_>, contact: JidRef<'_>, state: State, now: u64, out: &mut Deliveries) {
        if let Some(known) = self.accounts.get_mut(user.as_str()).and_then(|it| it.contacts.get_mut(contact.as_str())) {
            let next = match state {
                State::None | State::NoneIn => State::From,
                State::NoneOut | State::NoneOutIn => State::FromOut,
                State::To | State::ToIn => State::Both,
                already => already,
            };
            if next != state {
                next.put(known);
                self.roster_changed(user, contact, out);
            }
        }
        let parcel = self.plain_presence(user, PresenceType::Subscribed);
        match self.place(contact) {
            Place::Account => self.subscription_in(contact, user, PresenceType::Subscribed, &parcel, now, out),
            _ => drop(self.send_beyond(contact, &parcel, out)),
        }
        self.show_all(user, contact, true, out);
    }

    pub(super) fn plain_presence(&self, from: JidRef<'_>, kind: PresenceType) -> Parcel {
        let kind = Some(kind.as_str()).filter(|kind| !kind.is_empty());
        build(Kind::Presence, Tag { from: Some(from.as_str()), kind, ..Tag::default() }, |_| {})
    }

    /// Shows a contact all available resources of a user, or that they are unavailable to it from now on; nothing, where it is blocked.
    pub(super) fn show_all(&mut self, user: JidRef<'_>, contact: JidRef<'_>, is_shown: bool, out: &mut Deliveries) {
        let Some(account) = self.accounts.get(user.as_str()).filter(|account| !account.blocks(contact)) else { return };
        for (resource, presence) in account.available() {
            let parcel = match is_shown {
                true => presence.parcel.clone(),
                false => self.plain_presence((*resource.jid).as_ref(), PresenceType::Unavailable),
            };
            self.show((*resource.jid).as_ref(), contact, &parcel, out);
        }
    }
}
