//! Where addresses lead, and the connections of components (XEP-0114) and other servers.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::deliveries::{Action, Deliveries, Recipient, Session};
use super::parcel::Parcel;
use super::storage::Storage;
use super::{Router, Seat, Turn};
use crate::jid::{Jid, JidRef};
use crate::stanza::{StanzaCondition, StanzaError};

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// This server itself.
    Server,
    /// A user of this server.
    Account,
    /// The rooms, one of them, or somebody in one.
    Rooms,
    /// A component or server that is connected.
    Connected(Session),
    /// Elsewhere.
    Beyond,
}

impl<S: Storage> Router<S> {
    /// Connects a session to its domain: a component that has proved its secret, or another server that has proved who it is. The domain of the users and
    /// that of the rooms are the router's own.
    ///
    /// # Errors
    /// The session that has the domain already; it stays.
    pub fn connect(&mut self, session: Session, domain: JidRef<'_>) -> Result<(), Option<Session>> {
        let domain = domain.domain();
        let is_own =
            domain == self.config.domain.domain() || Some(domain) == self.config.rooms.as_ref().map(Jid::domain);
        if is_own || self.seats.contains_key(&session) {
            return Err(None);
        }
        if let Some(holder) = self.domains.get(domain) {
            return Err(Some(*holder));
        }
        self.domains.insert(domain.into(), session);
        self.seats.insert(session, Seat::Domain(domain.into()));
        Ok(())
    }

    /// Takes back a stanza of [`Action::Remote`] that could not be sent: who sent it is told `remote-server-not-found`, unless it must not be told.
    pub fn undeliverable(&mut self, parcel: &Parcel, out: &mut Deliveries) {
        let Ok(element) = parcel.to_element(None) else { return };
        let (Some(from), to) = (element.attr("from").and_then(|from| Jid::parse(&from).ok()), element.attr("to"))
        else {
            return;
        };
        let Some(session) = self.session(from.as_ref()) else { return };
        let to = to.and_then(|to| Jid::parse(&to).ok());
        let kind = parcel.kind();
        let mut turn = Turn { session, from: Arc::new(from), is_client: true, element: &element, kind, now: 0, out };
        self.refuse(&mut turn, to.as_ref().map(Jid::as_ref), StanzaCondition::RemoteServerNotFound);
    }

    pub(super) fn place(&self, to: JidRef<'_>) -> Place {
        let domain = to.domain();
        if domain == self.config.domain.domain() {
            return if to.local().is_some() { Place::Account } else { Place::Server };
        }
        if self.config.rooms.as_ref().is_some_and(|rooms| rooms.domain() == domain) {
            return Place::Rooms;
        }
        self.domains.get(domain).map_or(Place::Beyond, |session| Place::Connected(*session))
    }

    /// Sends to somebody who is not here; `false` where there is no way to go. The parcel has no `to` yet.
    pub(super) fn send_beyond(&self, to: JidRef<'_>, parcel: &Parcel, out: &mut Deliveries) -> bool {
        match self.place(to) {
            Place::Connected(session) => {
                out.send(Recipient { session, to: Some(Arc::new(to.to_jid())) }, parcel.clone());
            }
            Place::Beyond if self.config.is_federated => {
                out.act(Action::Remote { domain: Box::from(to.domain()), parcel: parcel.addressed(to.as_str()) });
            }
            _ => return false,
        }
        true
    }

    /// A stanza for elsewhere, as it came; `false` where it came back.
    pub(super) fn relay_beyond(&mut self, turn: &mut Turn<'_>, to: JidRef<'_>) -> bool {
        let parcel = self.relay.stanza(turn.kind, turn.element, turn.from.as_str(), super::parcel::To::Each);
        let is_sent = self.send_beyond(to, &parcel, turn.out);
        if !is_sent {
            self.refuse(turn, Some(to), StanzaCondition::RemoteServerNotFound);
        }
        is_sent
    }

    /// A connection to a domain has ended: whoever of there was in a room is no longer.
    pub(super) fn leave_domain(&mut self, session: Session, domain: &str, now: u64, out: &mut Deliveries) {
        if self.domains.get(domain) == Some(&session) {
            self.domains.remove(domain);
        }
        let gone: Vec<(Jid, Arc<Jid>)> = self.rooms.of_domain(domain);
        for (room, jid) in gone {
            self.leave_room(&room, &jid, None, now, out);
        }
    }

    /// The error for who speaks to somebody whom the account itself blocks (XEP-0191 §3.3).
    pub(super) fn blocked_by_oneself() -> StanzaError {
        let error = StanzaError::new(StanzaCondition::NotAcceptable);
        match crate::xml::ElementBuf::new("blocked", crate::ns::BLOCKING_ERRORS).finish() {
            Ok(condition) => error.application(condition),
            Err(_) => error,
        }
    }
}
