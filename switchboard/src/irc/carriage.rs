//! What carries the lines of a session.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use irc_proto::Redactor;
use irc_proto::server::{Event, Lines, Server, Violation};
use wirestate_layers::websocket::{self, Config};
use wirestate_layers::{Error, Trace, WebSocket};
use wirestate_machine::{Channel, Ending, Inbox, Instant, Machine, Outbox, Relay, TlsFacts, Upgrade, Upgraded};

type Traced = Trace<Server, Redactor>;

/// A session in the stream itself, or in the messages of a WebSocket.
///
/// Two kinds in one type, so that one list of handles reaches all sessions.
#[expect(clippy::large_enum_variant, reason = "the large one is the usual one")]
pub enum Carriage {
    /// Lines in the stream.
    Lines(Traced),
    /// A line in each message. Boxed, for most sessions have none.
    Web(Box<WebSocket<Traced>>),
}

impl Carriage {
    /// A session in the messages of a WebSocket.
    pub fn by_websocket(session: Traced, config: Arc<Config>) -> Self {
        // Clients older than the specification end their messages with CRLF.
        Self::Web(Box::new(WebSocket::server(session, websocket::Lines::lenient(), config)))
    }
}

/// Does the same with either kind.
macro_rules! either {
    ($carriage:expr, $machine:ident => $this:expr) => {
        match $carriage {
            Carriage::Lines($machine) => $this,
            Carriage::Web($machine) => $this,
        }
    };
}

impl Deref for Carriage {
    type Target = Server;

    fn deref(&self) -> &Server {
        match self {
            Self::Lines(traced) => traced,
            Self::Web(web) => web,
        }
    }
}

impl DerefMut for Carriage {
    fn deref_mut(&mut self) -> &mut Server {
        match self {
            Self::Lines(traced) => traced,
            Self::Web(web) => web,
        }
    }
}

impl Machine for Carriage {
    type Event = Event;
    type Error = Error<Violation>;

    fn inbox(&mut self) -> &mut Inbox {
        either!(self, machine => machine.inbox())
    }

    fn outbox(&mut self) -> &mut Outbox {
        either!(self, machine => machine.outbox())
    }

    fn poll(&mut self, now: Instant) -> Result<Option<Event>, Error<Violation>> {
        match self {
            Self::Lines(machine) => machine.poll(now).map_err(Error::Inner),
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

impl Relay for Carriage {
    type Message = Lines;

    fn relay(&mut self, message: &Lines) {
        either!(self, machine => machine.relay(message));
    }
}
