//! Components (XEP-0114): programs that speak for a domain of their own, on
//! the same router.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use wirestate_driver::{Connection, Error, Info, Stream};
use wirestate_layers::Trace;
use wirestate_machine::{Instant, Misuse, Ticket};
use wirestate_sasl::Secret;
use xmpp_proto::router::Session as SessionId;
use xmpp_proto::server::Violation;
use xmpp_proto::server::component::{self, Component, Event, Handshake, State};
use xmpp_proto::stream::{StreamCondition, StreamError};
use xmpp_proto::{Jid, Redactor};

use super::hub::{Hub, Line};
use super::setup;
use crate::failure::Failure;
use crate::offload::Offload;
use crate::prepare::Prepared;
use crate::protocol::Family;
use crate::service::{Entrance, Service};

/// What a component's connection runs on: it has no TLS.
pub(super) type Machine = Trace<Component, Redactor>;

/// What all listeners for components share.
#[derive(Debug)]
pub struct Components {
    prepared: Arc<Prepared>,
    hub: Arc<Hub>,
    /// Random per process; what is made from it, nobody outside can guess.
    key: [u8; 32],
}

impl Service for Components {
    type Machine = Machine;
    type Door = Arc<component::Config>;

    const FAMILY: Family = Family::XmppComponent;

    fn door(&self, _entrance: &Entrance) -> Arc<component::Config> {
        Arc::default()
    }

    fn machine(&self, door: &Arc<component::Config>, info: &Info, now: Instant) -> Machine {
        let id = info.id();
        let seed = Sha256::new().chain_update(self.key).chain_update(id.to_be_bytes()).finalize().into();
        let server = Component::new(door.clone(), seed, now);
        Trace::to_tracing(server, Redactor::server(), id).with_line_end(Redactor::LINE_END)
    }

    async fn session<S, O>(self: Arc<Self>, mut conn: Connection<Machine, S>, _offload: O)
    where
        S: Stream + Send + 'static,
        O: Offload,
    {
        let id = conn.info().id();
        let handle = conn.handle();
        let connection = handle.id();
        let seat = Seat { hub: self.hub.clone(), session: self.hub.enter(Line::Component(handle)), connection };
        if let Err(fault) = self.serve(&mut conn, &seat).await {
            tracing::info!(session = id, reason = %fault, "broken off");
        }
    }
}

/// A component's place at the hub, which it leaves, whatever happens to it.
struct Seat {
    hub: Arc<Hub>,
    session: SessionId,
    connection: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.leave(self.session, self.connection);
    }
}

/// What broke a session off.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Connection(#[from] Error<Violation>),
    #[error("an answer did not fit its question: {0}")]
    Misuse(#[from] Misuse),
}

impl Components {
    /// What all its listeners share.
    ///
    /// # Errors
    ///
    /// [`Failure`], which ends the start.
    pub fn new(prepared: &Arc<Prepared>) -> Result<Self, Failure> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|_| Failure::Randomness)?;
        Ok(Self { prepared: prepared.clone(), hub: setup::hub(prepared)?, key })
    }

    async fn serve<S: Stream>(&self, conn: &mut Connection<Machine, S>, seat: &Seat) -> Result<(), Fault> {
        let id = conn.info().id();
        while let Some(event) = conn.try_next().await? {
            match event {
                Event::Handshake { ticket, domain } => self.admit(id, conn.machine(), seat, ticket, &domain)?,
                Event::Stanza(stanza) => {
                    if let Some(debt) = self.hub.handle(seat.session, &stanza) {
                        Box::pin(debt.lessen()).await;
                    }
                }
                Event::Closed(reason) => tracing::info!(session = id, reason = %reason, "ended"),
                _ => {}
            }
        }
        Ok(())
    }

    /// Lets it in if it knows the secret of its domain, and nobody speaks for that one.
    fn admit(
        &self,
        id: u64,
        machine: &mut Machine,
        seat: &Seat,
        ticket: Ticket<Handshake>,
        domain: &Jid,
    ) -> Result<(), Misuse> {
        let components = &self.prepared.settings.xmpp.components;
        let Some(secret) = components.get(domain.as_str()) else {
            tracing::warn!(session = id, %domain, "no such component");
            return machine.refuse(ticket, StreamCondition::HostUnknown);
        };
        machine.admit(ticket, &Secret::new(secret.expose()))?;
        if machine.state() != State::Connected {
            tracing::warn!(session = id, %domain, "a component does not know its secret");
        } else if let Err(fault) = self.hub.connect(seat.session, domain) {
            tracing::warn!(session = id, %domain, reason = %fault, "a component cannot have its domain");
            machine.close_with(&StreamError::new(StreamCondition::Conflict));
        } else {
            tracing::info!(session = id, %domain, "component connected");
        }
        Ok(())
    }
}
