//! XMPP: with STARTTLS, within TLS, in WebSockets, and for components, all on
//! one router.
//!
//! [`Xmpp`] is what all listeners share; `session` serves one connection, on
//! any runtime; the `Hub` is where sessions meet, and where those wait that
//! have lost their connection.

mod component;
mod hub;
mod kept;
mod pending;
mod room;
mod session;
mod setup;
mod tokens;

use std::sync::Arc;

use rustls::ServerConfig;
use sha2::{Digest, Sha256};
use wirestate_driver::{Connection, Info, Options, Stream};
use wirestate_layers::websocket::{self, Accepted, Ended};
use wirestate_layers::{Deflate, Tls, Trace};
use wirestate_machine::Instant;
use xmpp_proto::Redactor;
use xmpp_proto::server::{self, Server};
use xmpp_proto::xml::MESSAGE_END;

use crate::carriage::Carriage;
use crate::failure::Failure;
use crate::offload::Offload;
use crate::prepare::Prepared;
use crate::protocol::Family;
use crate::service::{Entrance, Service};
pub use component::Components;
pub use hub::Hub;
pub use kept::KeptError;
pub use setup::{admits, domain};

/// What every connection runs on: the protocol, traced, in a WebSocket or not,
/// compressed if the client wishes, within TLS.
pub type Machine = Tls<Deflate<Carriage<Traced, Ended>>>;
type Traced = Trace<Server, Redactor>;

/// What all XMPP listeners share.
#[derive(Debug)]
pub struct Xmpp {
    prepared: Arc<Prepared>,
    hub: Arc<Hub>,
    tls: Arc<ServerConfig>,
    /// Random per process; what is made from it, nobody outside can guess.
    key: [u8; 32],
}

impl Service for Xmpp {
    type Machine = Machine;
    type Door = Arc<server::Config>;

    const FAMILY: Family = Family::Xmpp;

    fn options(&self) -> Options {
        let xmpp = &self.prepared.settings.xmpp;
        let [stanzas, bytes] =
            [xmpp.send_queue, xmpp.send_queue_bytes].map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        Options::new().mailbox(stanzas).mailbox_bytes(bytes)
    }

    fn door(&self, entrance: &Entrance) -> Arc<server::Config> {
        Arc::new(setup::session(&self.prepared, entrance))
    }

    fn machine(&self, door: &Arc<server::Config>, info: &Info, now: Instant) -> Machine {
        Tls::server(Deflate::new(Carriage::Stream(self.traced(door, info, now))), self.tls.clone())
    }

    fn session<S, O>(
        self: Arc<Self>,
        conn: Connection<Machine, S>,
        offload: O,
    ) -> impl Future<Output = ()> + Send + 'static
    where
        S: Stream + Send + 'static,
        O: Offload,
    {
        session::session(conn, self, offload)
    }
}

impl Xmpp {
    /// The router, with all users and the rooms that are there from the start.
    ///
    /// # Errors
    ///
    /// [`Failure`], which ends the start.
    pub fn new(prepared: &Arc<Prepared>) -> Result<Self, Failure> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|_| Failure::Randomness)?;
        let hub = setup::hub(prepared)?;
        let tls = prepared.tls.server_config(&[b"xmpp-client"])?;
        Ok(Self { prepared: prepared.clone(), hub, tls, key })
    }

    /// The machine for a connection that is to be a WebSocket.
    pub fn by_websocket(
        &self,
        door: &Arc<server::Config>,
        accepted: Box<Accepted>,
        config: Arc<websocket::Config>,
        info: &Info,
        now: Instant,
    ) -> Machine {
        let ended = Ended::by(MESSAGE_END);
        let carriage = Carriage::by_websocket(self.traced(door, info, now), ended, accepted, config);
        Tls::server(Deflate::new(carriage), self.tls.clone())
    }

    fn traced(&self, door: &Arc<server::Config>, info: &Info, now: Instant) -> Traced {
        let server = Server::new(door.clone(), self.seed(info), now);
        Trace::to_tracing(server, Redactor::server(), info.id()).with_line_end(Redactor::LINE_END)
    }

    /// Different for each connection, and never the same again.
    fn seed(&self, info: &Info) -> [u8; 32] {
        Sha256::new().chain_update(self.key).chain_update(info.id().to_be_bytes()).finalize().into()
    }
}
