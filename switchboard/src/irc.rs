//! IRC: in the clear, within TLS, and in WebSockets, all on one network.
//!
//! [`Irc`] is what all listeners share; `session` serves one connection, on
//! any runtime; the `Hub` is where sessions meet.

mod ear;
mod guests;
mod history;
mod host;
mod hub;
mod operators;
mod plain;
mod session;
mod setup;

use std::sync::Arc;

use irc_proto::Redactor;
use irc_proto::server::{self, Server};
use rustls::ServerConfig;
use sha2::{Digest, Sha256};
use wirestate_driver::{Connection, Info, Options, Stream};
use wirestate_layers::websocket::{self, Accepted};
use wirestate_layers::{Tls, Trace};
use wirestate_machine::Instant;

use crate::carriage::Carriage;
use crate::failure::Failure;
use crate::offload::Offload;
use crate::prepare::Prepared;
use crate::protocol::Family;
use crate::service::{Entrance, Service};
pub use history::HistoryError;
use host::Hosts;
use hub::Hub;

/// What every connection runs on: the protocol, traced, in a WebSocket or not,
/// within TLS.
pub type Machine = Tls<Carriage<Traced, websocket::Lines>>;
type Traced = Trace<Server, Redactor>;

/// What all IRC listeners share.
pub struct Irc {
    prepared: Arc<Prepared>,
    hub: Arc<Hub>,
    hosts: Hosts,
    tls: Arc<ServerConfig>,
    /// Random per process; what is made from it, nobody outside can guess.
    key: [u8; 32],
}

impl Service for Irc {
    type Machine = Machine;
    type Door = Arc<server::Config>;

    const FAMILY: Family = Family::Irc;

    fn options(&self) -> Options {
        let irc = &self.prepared.settings.irc;
        let [messages, bytes] =
            [irc.send_queue, irc.send_queue_bytes].map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        Options::new().mailbox(messages).mailbox_bytes(bytes)
    }

    fn door(&self, entrance: &Entrance) -> Self::Door {
        Arc::new(setup::session(&self.prepared, entrance))
    }

    fn machine(&self, door: &Self::Door, info: &Info, now: Instant) -> Machine {
        Tls::server(Carriage::Stream(self.traced(door, info, now)), self.tls.clone())
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

impl Irc {
    /// The network, with the channels that are there from the start.
    ///
    /// # Errors
    ///
    /// [`Failure`], which ends the start.
    pub fn new(prepared: &Arc<Prepared>) -> Result<Self, Failure> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|_| Failure::Randomness)?;
        let hub = setup::hub(prepared, &key)?;
        let shown = Arc::downgrade(&hub);
        prepared.on_reload(move |motd| {
            if let Some(hub) = shown.upgrade() {
                hub.set_motd(setup::motd(motd));
            }
        });
        let hosts = Hosts::new(&key, prepared.settings.irc.cloaks);
        let tls = prepared.tls.server_config(&[b"irc"])?;
        Ok(Self { prepared: prepared.clone(), hub, hosts, tls, key })
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
        // Clients older than the specification end their messages with CRLF.
        let lines = websocket::Lines::lenient();
        let carriage = Carriage::by_websocket(self.traced(door, info, now), lines, accepted, config);
        Tls::server(carriage, self.tls.clone())
    }

    fn traced(&self, door: &Arc<server::Config>, info: &Info, now: Instant) -> Traced {
        let server = Server::new(door.clone(), self.seed(info), now);
        Trace::to_tracing(server, Redactor::server(), info.id())
    }

    /// Different for each connection, and never the same again.
    fn seed(&self, info: &Info) -> [u8; 32] {
        Sha256::new().chain_update(self.key).chain_update(info.id().to_be_bytes()).finalize().into()
    }
}
