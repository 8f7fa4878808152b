//! What carries a session.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use wirestate_layers::websocket::{Accepted, Config, Delimiter};
use wirestate_layers::{Error, WebSocket};
use wirestate_machine::{Channel, Ending, Inbox, Instant, Machine, Outbox, Relay, TlsFacts, Upgrade, Upgraded};

/// A session in the stream itself, or in the messages of a WebSocket.
///
/// Two kinds in one type, so that one list of handles reaches all sessions of a
/// protocol.
pub enum Carriage<M, D> {
    /// In the stream.
    Stream(M),
    /// In messages. Boxed, for most sessions have none.
    Web(Box<WebSocket<M, D>>),
}

impl<M: Machine, D: Delimiter> Carriage<M, D> {
    /// A session in the messages of a WebSocket that was asked for.
    pub fn by_websocket(session: M, delimiter: D, accepted: Box<Accepted>, config: Arc<Config>) -> Self {
        Self::Web(Box::new(WebSocket::accepted(session, delimiter, accepted, config)))
    }
}

/// Does the same with either kind.
macro_rules! either {
    ($carriage:expr, $machine:ident => $this:expr) => {
        match $carriage {
            Carriage::Stream($machine) => $this,
            Carriage::Web($machine) => $this,
        }
    };
}

impl<M, D> Deref for Carriage<M, D> {
    type Target = M;

    fn deref(&self) -> &M {
        match self {
            Self::Stream(session) => session,
            Self::Web(web) => web,
        }
    }
}

impl<M, D> DerefMut for Carriage<M, D> {
    fn deref_mut(&mut self) -> &mut M {
        match self {
            Self::Stream(session) => session,
            Self::Web(web) => web,
        }
    }
}

impl<M: Machine, D: Delimiter> Machine for Carriage<M, D> {
    type Event = M::Event;
    type Error = Error<M::Error>;

    fn inbox(&mut self) -> &mut Inbox {
        either!(self, machine => machine.inbox())
    }

    fn outbox(&mut self) -> &mut Outbox {
        either!(self, machine => machine.outbox())
    }

    fn poll(&mut self, now: Instant) -> Result<Option<M::Event>, Error<M::Error>> {
        match self {
            Self::Stream(machine) => machine.poll(now).map_err(Error::Inner),
            Self::Web(machine) => machine.poll(now),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        either!(self, machine => machine.deadline())
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        either!(self, machine => machine.upgrade())
    }

    fn upgraded(&mut self, now: Instant, how: Upgraded) {
        either!(self, machine => machine.upgraded(now, how));
    }

    fn is_closed(&self) -> bool {
        either!(self, machine => machine.is_closed())
    }

    fn shutdown(&mut self) {
        either!(self, machine => Machine::shutdown(machine));
    }

    fn is_settled(&self) -> bool {
        either!(self, machine => machine.is_settled())
    }

    fn is_establishing(&mut self) -> bool {
        either!(self, machine => machine.is_establishing())
    }

    fn ending(&self) -> Option<Ending> {
        either!(self, machine => machine.ending())
    }

    fn channel(&self) -> Channel {
        either!(self, machine => machine.channel())
    }

    fn tls_facts(&self) -> Option<TlsFacts> {
        either!(self, machine => machine.tls_facts())
    }
}

impl<M: Relay, D: Delimiter> Relay for Carriage<M, D> {
    type Message = M::Message;

    fn relay(&mut self, message: &M::Message) {
        either!(self, machine => machine.relay(message));
    }

    fn is_transparent(&self, message: &M::Message) -> bool {
        either!(self, machine => machine.is_transparent(message))
    }
}
