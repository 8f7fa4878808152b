//! IRC: in the clear, within TLS, and by WebSocket, all on one network.
//!
//! [`Irc`] is what all listeners share; `session` serves one connection, on
//! any runtime; the `Hub` is where sessions meet.

mod carriage;
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

use irc_proto::server::{self, Server};
use rustls::ServerConfig;
use sha2::{Digest, Sha256};
use wirestate_driver::{Connection, Info, Options, Stream};
use wirestate_layers::{Tls, Trace, websocket};
use wirestate_machine::Instant;

use crate::failure::Failure;
use crate::offload::Offload;
use crate::prepare::Prepared;
use crate::protocol::{Family, Protocol};
use crate::service::{Entrance, Service};
use carriage::Carriage;
pub use history::HistoryError;
use host::Hosts;
use hub::Hub;

/// What every connection runs on: the protocol, traced, by WebSocket or not,
/// within TLS.
pub type Machine = Tls<Carriage>;

/// What all IRC listeners share.
pub struct Irc {
    prepared: Arc<Prepared>,
    hub: Arc<Hub>,
    hosts: Hosts,
    tls: Arc<ServerConfig>,
    /// Random per process; what is made from it, nobody outside can guess.
    key: [u8; 32],
}

/// What the connections of one listener have in common.
pub struct Door {
    session: Arc<server::Config>,
    /// For those who come by WebSocket.
    web: Option<Arc<websocket::Config>>,
}

impl Service for Irc {
    type Machine = Machine;
    type Door = Door;

    const FAMILY: Family = Family::Irc;

    fn new(prepared: &Arc<Prepared>) -> Result<Self, Failure> {
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

    fn options(&self) -> Options {
        let irc = &self.prepared.settings.irc;
        let [messages, bytes] =
            [irc.send_queue, irc.send_queue_bytes].map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        Options::new().mailbox(messages).mailbox_bytes(bytes)
    }

    fn door(&self, entrance: &Entrance) -> Door {
        let session = Arc::new(setup::session(&self.prepared, entrance));
        let is_web = entrance.protocol == Protocol::Web;
        let web = is_web.then(|| Arc::new(setup::web(&self.prepared.settings, entrance)));
        Door { session, web }
    }

    fn machine(&self, door: &Door, info: &Info, now: Instant) -> Machine {
        let server = Server::new(door.session.clone(), self.seed(info), now);
        let traced = Trace::to_tracing(server, irc_proto::Redactor::server(), info.id());
        let carriage = match &door.web {
            Some(web) => Carriage::by_websocket(traced, web.clone()),
            None => Carriage::Lines(traced),
        };
        Tls::server(carriage, self.tls.clone())
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
    /// Different for each connection, and never the same again.
    fn seed(&self, info: &Info) -> [u8; 32] {
        Sha256::new().chain_update(self.key).chain_update(info.id().to_be_bytes()).finalize().into()
    }
}
