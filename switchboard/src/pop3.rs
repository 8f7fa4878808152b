//! POP3 and POP3S over the users' Maildirs.
//!
//! [`Pop3`] is what all listeners share; [`session`] serves one connection, on
//! any runtime.

mod session;

use std::sync::Arc;
use std::time::Duration;

use pop3_proto::Redactor;
use pop3_proto::codec::Text;
use pop3_proto::server::{self, Greeting, Server, Utf8};
use rustls::ServerConfig;
use sha2::{Digest, Sha256};
use wirestate_driver::{Connection, Info, Stream};
use wirestate_layers::{Tls, Trace};
use wirestate_machine::Instant;

pub use session::session;

use crate::failure::Failure;
use crate::offload::Offload;
use crate::prepare::Prepared;
use crate::protocol::Family;
use crate::service::{Entrance, Service};
use crate::settings::Limits;

/// What every POP3 connection runs on: the protocol, traced, within TLS.
pub type Machine = Tls<Trace<Server, Redactor>>;

/// What all POP3 listeners share.
#[derive(Debug)]
pub struct Pop3 {
    prepared: Arc<Prepared>,
    tls: Arc<ServerConfig>,
    /// Random per process; what is made from it, nobody outside can guess.
    key: [u8; 32],
}

impl Service for Pop3 {
    type Machine = Machine;
    type Door = Arc<server::Config>;

    const FAMILY: Family = Family::Pop3;

    fn door(&self, entrance: &Entrance) -> Arc<server::Config> {
        let settings = &self.prepared.settings;
        let mut config = server::Config::default();
        config.greeting = Greeting::Text(Text::lossy(format!("{} POP3 server ready", settings.server_name)));
        config.tls = if entrance.protocol.is_implicit_tls() { server::Tls::Implicit } else { server::Tls::Stls };
        // What never leaves this machine can be read by nobody on the way.
        config.cleartext = entrance.is_private();
        config.mechanisms = self.prepared.credentials.mechanisms();
        config.fake_keys = Some(self.prepared.credentials.fake_keys());
        config.implementation = Some(Text::literal("Wirestate switchboard"));
        // Messages go out as they lie in the Maildir, UTF-8 headers and all.
        config.utf8 = Some(Utf8::Messages);
        config.limits = limits(&settings.limits);
        Arc::new(config)
    }

    fn machine(&self, door: &Arc<server::Config>, info: &Info, now: Instant) -> Machine {
        let server = Server::new(door.clone(), self.seed(info), now);
        let traced = Trace::to_tracing(server, Redactor::server(), info.id());
        Tls::server(traced, self.tls.clone())
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
        session(conn, self, offload)
    }
}

impl Pop3 {
    /// What all its listeners share.
    ///
    /// # Errors
    ///
    /// [`Failure`], which ends the start.
    pub fn new(prepared: &Arc<Prepared>) -> Result<Self, Failure> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|_| Failure::Randomness)?;
        let tls = prepared.tls.server_config(&[b"pop3"])?;
        Ok(Self { prepared: prepared.clone(), tls, key })
    }

    /// Different for each connection, and never the same again.
    fn seed(&self, info: &Info) -> [u8; 32] {
        Sha256::new().chain_update(self.key).chain_update(info.id().to_be_bytes()).finalize().into()
    }
}

fn limits(settings: &Limits) -> server::Limits {
    let short = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
    let mut limits = server::Limits::default();
    limits.login_time = Duration::from_secs(settings.login_seconds.into());
    limits.idle_time = Duration::from_secs(settings.idle_seconds.into());
    limits.failed_logins = short(settings.failed_logins);
    limits.bad_commands_after_login = short(settings.bad_commands);
    limits.bad_commands_before_login = limits.bad_commands_before_login.min(limits.bad_commands_after_login);
    limits
}
