//! Presence (RFC 6121 §4): initial, later, unavailable, directed.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::account::{Account, Available, Resource};
use super::deliveries::{Deliveries, Recipient, Session};
use super::domains::Place;
use super::parcel::{Kind, Parcel, To};
use super::storage::Storage;
use super::{Router, Turn};
use crate::jid::{Jid, JidRef};
use crate::stanza::{Presence, PresenceType, StanzaCondition};
use crate::xml::Element;

impl<S: Storage> Router<S> {
    /// Whatever is said of presence.
    pub(super) fn presence(&mut self, turn: &mut Turn<'_>, presence: &Presence, to: Option<JidRef<'_>>) {
        let kind = presence.kind();
        match (kind, to) {
            (PresenceType::Available, None) if turn.is_client => self.available(turn, presence),
            (PresenceType::Unavailable, None) if turn.is_client => {
                let jid = turn.from.clone();
                self.end_presence(turn.session, &jid, Some(turn.element), turn.now, turn.out);
            }
            (_, None) => {}
            (PresenceType::Available | PresenceType::Unavailable | PresenceType::Error, Some(to)) => {
                self.directed(turn, kind, to);
            }
            (PresenceType::Probe, Some(to)) => self.probe(turn, to),
            (_, Some(to)) => self.subscription(turn, kind, to),
        }
    }

    /// A resource is available, for the first time or with news (RFC 6121 §4.2, §4.4).
    fn available(&mut self, turn: &mut Turn<'_>, presence: &Presence) {
        let Some(priority) = presence.priority() else { return self.refuse(turn, None, StanzaCondition::BadRequest) };
        if turn.element.view().raw().len() > self.config.limits.presence as usize {
            return self.refuse(turn, None, StanzaCondition::PolicyViolation);
        }
        let parcel = self.relay.stanza(Kind::Presence, turn.element, turn.from.as_str(), To::Each).detached();
        let user = turn.from.clone();
        let Some(account) = self.accounts.get_mut(user.bare().as_str()) else { return };
        let Some(resource) = account.by_session_mut(turn.session) else { return };
        let before = resource.priority();
        resource.presence = Some(Available { priority, parcel: parcel.clone() });
        self.broadcast(&user, &parcel, true, turn.out);
        if before.is_none() {
            self.learn_of_others(turn);
        }
        if priority >= 0 && before.is_none_or(|before| before < 0) {
            self.release(user.bare(), turn.session, turn.now, turn.out);
        }
        self.learn_wishes(turn, presence, before.is_none());
    }

    /// To all who see the user, and to the user's available resources; that one included where `own`.
    fn broadcast(&self, user: &Arc<Jid>, parcel: &Parcel, own: bool, out: &mut Deliveries) {
        let Some(account) = self.accounts.get(user.bare().as_str()) else { return };
        let mut here = Vec::new();
        let itself = (**user).as_ref();
        for watcher in account.watchers().filter(|watcher| !account.blocks(watcher.bare())) {
            match self.place(watcher.as_ref()) {
                Place::Account => self.gather(itself, watcher.as_ref(), &mut here),
                Place::Server | Place::Rooms => {}
                Place::Connected(_) | Place::Beyond => drop(self.send_beyond(watcher.as_ref(), parcel, out)),
            }
        }
        let others = account.available().map(|(resource, _)| resource);
        here.extend(others.filter(|resource| own || resource.jid != *user).map(Resource::recipient));
        out.share(here, parcel);
    }

    /// Those resources of an account here that are to hear of somebody's presence.
    fn gather(&self, from: JidRef<'_>, to: JidRef<'_>, into: &mut Vec<Recipient>) {
        let Some(account) = self.accounts.get(to.bare().as_str()) else { return };
        if account.blocks(from) {
            return;
        }
        match to.resource() {
            None => into.extend(
                account
                    .available()
                    .map(|(resource, _)| Recipient { session: resource.session, to: Some(account.jid.clone()) }),
            ),
            Some(name) => into.extend(account.resource(name).map(Resource::recipient)),
        }
    }

    /// Shows a presence, which has no `to`, to one address.
    pub(super) fn show(&self, from: JidRef<'_>, to: JidRef<'_>, parcel: &Parcel, out: &mut Deliveries) {
        match self.place(to) {
            Place::Account => {
                let mut here = Vec::new();
                self.gather(from, to, &mut here);
                out.share(here, parcel);
            }
            Place::Server | Place::Rooms => {}
            Place::Connected(_) | Place::Beyond => drop(self.send_beyond(to, parcel, out)),
        }
    }

    /// Presence for one address alone (RFC 6121 §4.6).
    fn directed(&mut self, turn: &mut Turn<'_>, kind: PresenceType, to: JidRef<'_>) {
        if turn.is_client {
            let limits = self.config.limits;
            let Some(account) = self.accounts.get_mut(turn.from.bare().as_str()) else { return };
            if account.blocks(to) && kind != PresenceType::Unavailable {
                return self.refuse(turn, Some(to), Self::blocked_by_oneself());
            }
            if turn.element.view().raw().len() > limits.presence as usize {
                return self.refuse(turn, Some(to), StanzaCondition::PolicyViolation);
            }
        }
        let place = self.place(to);
        if place == Place::Rooms {
            return self.room_presence(turn, kind, to);
        }
        if turn.is_client && kind != PresenceType::Error && !self.note_directed(turn, kind, to) {
            return self.refuse(turn, Some(to), StanzaCondition::PolicyViolation);
        }
        match place {
            Place::Account => {
                let parcel = self.relay.stanza(Kind::Presence, turn.element, turn.from.as_str(), To::Each);
                self.show((*turn.from).as_ref(), to, &parcel, turn.out);
            }
            Place::Server | Place::Rooms => {}
            Place::Connected(_) | Place::Beyond => {
                self.relay_beyond(turn, to);
            }
        }
    }

    /// Takes note of who was told of a resource, to tell them when it goes; `false` where they are too many.
    fn note_directed(&mut self, turn: &Turn<'_>, kind: PresenceType, to: JidRef<'_>) -> bool {
        let most = self.config.limits.directed as usize;
        let Some(account) = self.accounts.get_mut(turn.from.bare().as_str()) else { return true };
        let is_own = to.bare() == turn.from.bare();
        let Some(resource) = account.by_session_mut(turn.session) else { return true };
        match kind {
            PresenceType::Available if !is_own => {
                if resource.directed.len() >= most && !resource.directed.contains(to.as_str()) {
                    return false;
                }
                resource.directed.insert(to.to_jid());
            }
            _ => drop(resource.directed.remove(to.as_str())),
        }
        true
    }

    /// A resource is not available any more (RFC 6121 §4.5): all are told who knew otherwise, and it leaves its rooms. `stanza` is what it says to that.
    pub(super) fn end_presence(
        &mut self,
        session: Session,
        jid: &Arc<Jid>,
        stanza: Option<&Element>,
        now: u64,
        out: &mut Deliveries,
    ) {
        let Some(account) = self.accounts.get_mut(jid.bare().as_str()) else { return };
        let Some(resource) = account.by_session_mut(session) else { return };
        let was_available = resource.presence.is_some();
        let directed = core::mem::take(&mut resource.directed);
        let rooms = core::mem::take(&mut resource.rooms);
        let small = stanza.filter(|stanza| stanza.view().raw().len() <= self.config.limits.presence as usize);
        let parcel = match small {
            Some(stanza) => self.relay.stanza(Kind::Presence, stanza, jid.as_str(), To::Each),
            None => self.plain_presence((**jid).as_ref(), PresenceType::Unavailable),
        };
        if was_available {
            self.broadcast(jid, &parcel, false, out);
        }
        for to in &directed {
            let Some(account) = self.accounts.get(jid.bare().as_str()) else { break };
            let was_told = was_available && account.subscription(to.as_ref()).is_from();
            if !was_told && !account.blocks(to.as_ref()) {
                self.show((**jid).as_ref(), to.as_ref(), &parcel, out);
            }
        }
        for room in &rooms {
            self.leave_room(room, jid, small, now, out);
        }
        let account = self.accounts.get_mut(jid.bare().as_str());
        if let Some(resource) = account.and_then(|account| account.by_session_mut(session)) {
            resource.presence = None;
        }
    }

    /// What a resource that has just become available is told: who else is, and who asks to see it (RFC 6121 §4.2.2, §3.1.3).
    fn learn_of_others(&mut self, turn: &mut Turn<'_>) {
        let user = turn.from.clone();
        let Some(account) = self.accounts.get(user.bare().as_str()) else { return };
        let Some(own) = account.by_session(turn.session) else { return };
        for (_, presence) in account.available().filter(|(resource, _)| resource.session != turn.session) {
            turn.out.send(own.recipient(), presence.parcel.clone());
        }
        let probe = self.plain_presence(user.bare(), PresenceType::Probe);
        for watched in account.watched().filter(|watched| !account.blocks(watched.bare())) {
            match self.place(watched.as_ref()) {
                Place::Account => {
                    let Some(other) = self.accounts.get(watched.as_str()) else { continue };
                    if may_see(other, user.bare()) {
                        let to = Recipient { session: own.session, to: Some(account.jid.clone()) };
                        other.available().for_each(|(_, presence)| turn.out.send(to.clone(), presence.parcel.clone()));
                    }
                }
                Place::Server | Place::Rooms => {}
                Place::Connected(_) | Place::Beyond => drop(self.send_beyond(watched.as_ref(), &probe, turn.out)),
            }
        }
        let to = Recipient { session: own.session, to: Some(account.jid.clone()) };
        for request in account.requests().filter(|request| !account.blocks(request.item.jid.bare())) {
            let parcel = self.plain_presence(request.item.jid.as_ref(), PresenceType::Subscribe);
            turn.out.send(to.clone(), parcel);
        }
    }
}

/// Whether somebody sees an account's presence: by its roster, and not blocked.
pub(super) fn may_see(account: &Account, who: JidRef<'_>) -> bool {
    (account.subscription(who).is_from() || who.bare() == (*account.jid).as_ref()) && !account.blocks(who)
}
