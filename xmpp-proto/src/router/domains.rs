//! Where addresses lead, and the connections of components (XEP-0114) and other servers.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::sync::Arc;

use super::deliveries::{Action, Deliveries, Recipient, Session};
use super::parcel::Parcel;
use super::storage::Storage;
use super::{Router, Seat, Turn};
use crate::jid::{Jid, JidRef};
use crate::stanza::{StanzaCondition, StanzaError};

/// Why a session was not connected to a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectFault {
    /// The domain is that of the users, or of the rooms.
    #[error("this domain is served here; connect another one")]
    Own,
    /// Another session has the domain.
    #[error("another session has this domain; end it first")]
    Taken(Session),
    /// The session is bound or connected already.
    #[error("the session is bound or connected already")]
    AlreadyBound,
}

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
    /// Connects a session to its domain: a component that has proved its secret. Whoever of there is in a room leaves it with the session.
    ///
    /// # Errors
    /// See [`ConnectFault`]. Nothing has changed.
    pub fn connect(&mut self, session: Session, domain: JidRef<'_>) -> Result<(), ConnectFault> {
        self.check_domain(domain)?;
        if self.seats.contains_key(&session) {
            return Err(ConnectFault::AlreadyBound);
        }
        if let Some(holder) = self.domains.get(domain.domain()) {
            return Err(ConnectFault::Taken(*holder));
        }
        self.domains.insert(domain.domain().into(), session);
        self.seats.insert(session, Seat::Component(domain.domain().into()));
        Ok(())
    }

    /// Takes stanzas of a domain from a session: another server has proved that it speaks for it, which it may do for several. Where `sends`, what is for
    /// the domain goes out on this session, too; else it goes by another one, or by [`Action::Remote`].
    ///
    /// # Errors
    /// See [`ConnectFault`]. Nothing has changed.
    pub fn admit(&mut self, session: Session, domain: JidRef<'_>, sends: bool) -> Result<(), ConnectFault> {
        self.check_domain(domain)?;
        if let Some(holder) = self.domains.get(domain.domain()).filter(|holder| sends && **holder != session) {
            return Err(ConnectFault::Taken(*holder));
        }
        match self.seats.entry(session).or_insert_with(|| Seat::Server(BTreeSet::new())) {
            Seat::Server(domains) => domains.insert(domain.domain().into()),
            Seat::Client(_) | Seat::Component(_) => return Err(ConnectFault::AlreadyBound),
        };
        if sends {
            self.domains.insert(domain.domain().into(), session);
        }
        Ok(())
    }

    fn check_domain(&self, domain: JidRef<'_>) -> Result<(), ConnectFault> {
        let rooms = self.config.rooms.as_ref().map(Jid::domain);
        let is_own = domain.domain() == self.config.domain.domain() || Some(domain.domain()) == rooms;
        if is_own { Err(ConnectFault::Own) } else { Ok(()) }
    }

    /// Takes back a stanza of [`Action::Remote`] that could not be sent: who sent it is told `remote-server-not-found`, unless it must not be told; and
    /// whoever was to hear it in a room, is not in the room any more.
    pub fn undeliverable(&mut self, parcel: &Parcel, now: u64, out: &mut Deliveries) {
        let Ok(element) = parcel.to_element(None) else { return };
        let (Some(from), to) = (element.attr("from").and_then(|from| Jid::parse(&from).ok()), element.attr("to"))
        else {
            return;
        };
        let to = to.and_then(|to| Jid::parse(&to).ok());
        if let (Place::Rooms, Some(to)) = (self.place(from.as_ref()), &to) {
            // Whom a room cannot reach is not in it.
            return self.leave_room(&from.into_bare(), &Arc::new(to.clone()), None, now, out);
        }
        let Some(session) = self.session(from.as_ref()) else { return };
        let kind = parcel.kind();
        let mut turn = Turn { session, from: Arc::new(from), is_client: true, element: &element, kind, now, out };
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

    /// A component has ended: whoever of there was in a room is no longer.
    pub(super) fn leave_domain(&mut self, domain: &str, now: u64, out: &mut Deliveries) {
        for (room, jid) in self.rooms.of_domain(domain) {
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
