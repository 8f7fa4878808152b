//! POP3 and POP3S over the users' Maildirs.
//!
//! A [`Desk`] is what all listeners share; a [`Door`] is one of them, with its
//! configuration; [`session`] serves one connection, on any runtime.

mod credentials;
mod session;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pop3_proto::Redactor;
use pop3_proto::codec::Text;
use pop3_proto::server::{self, Greeting, Server, Utf8};
use rustls::ServerConfig;
use sha2::{Digest, Sha256};
use wirestate_driver::Info;
use wirestate_layers::trace::Record;
use wirestate_layers::{Tls, Trace};
use wirestate_machine::Instant;

pub use session::session;

use crate::failure::Failure;
use crate::gate::Gate;
use crate::prepare::Prepared;
use crate::protocol::Protocol;
use crate::settings::{Limits, Listener};
use credentials::Credentials;

/// What every POP3 connection runs on: the protocol, traced, within TLS.
pub type Machine = Tls<Trace<Server, Redactor>>;

/// What all POP3 listeners share.
#[derive(Debug)]
pub struct Desk {
    prepared: Arc<Prepared>,
    credentials: Credentials,
    gate: Arc<Gate>,
    tls: Arc<ServerConfig>,
    /// Random per process; what is made from it, nobody outside can guess.
    key: [u8; 32],
}

impl Desk {
    /// Derives what SCRAM needs of each password that is known.
    ///
    /// # Errors
    ///
    /// [`Failure::Randomness`], [`Failure::ServeTls`].
    pub fn new(prepared: Arc<Prepared>, gate: Arc<Gate>) -> Result<Arc<Self>, Failure> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|_| Failure::Randomness)?;
        let credentials = Credentials::derive(prepared.clone())?;
        let tls = prepared.tls.server_config(&[b"pop3"])?;
        Ok(Arc::new(Self { prepared, credentials, gate, tls, key }))
    }

    /// What is served on `listener`.
    pub fn door(self: &Arc<Self>, listener: Listener) -> Arc<Door> {
        Arc::new(Door {
            desk: self.clone(),
            protocol: listener.protocol,
            config: Arc::new(self.config(listener.protocol, listener.address)),
        })
    }

    fn config(&self, protocol: Protocol, address: SocketAddr) -> server::Config {
        let settings = &self.prepared.settings;
        let mut config = server::Config::default();
        config.greeting = Greeting::Manual;
        config.tls = if protocol.is_implicit_tls() { server::Tls::Implicit } else { server::Tls::Stls };
        // What never leaves this machine can be read by nobody on the way.
        config.cleartext = address.ip().is_loopback();
        config.mechanisms = self.credentials.mechanisms();
        config.fake_keys = Some(self.credentials.fake_keys());
        config.implementation = Some(Text::literal("Wirestate switchboard"));
        // Messages go out as they lie in the Maildir, UTF-8 headers and all.
        config.utf8 = Some(Utf8::Messages);
        config.limits = limits(&settings.limits);
        config
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

/// One listener's part of the [`Desk`].
#[derive(Debug)]
pub struct Door {
    desk: Arc<Desk>,
    protocol: Protocol,
    config: Arc<server::Config>,
}

impl Door {
    /// The machine for a new connection.
    pub fn machine(&self, info: &Info, now: Instant) -> Machine {
        let server = Server::new(self.config.clone(), self.desk.seed(info), now);
        let traced = if self.desk.prepared.settings.trace {
            Trace::new(server, Redactor::server(), transcript(info.id()))
        } else {
            Trace::silent(server)
        };
        Tls::server(traced, self.desk.tls.clone())
    }
}

/// Logs a connection's transcript, a line of it at a time.
fn transcript(session: u64) -> impl FnMut(Record) + Send {
    move |record| {
        for line in record.to_string().lines() {
            tracing::trace!(session, "{line}");
        }
    }
}
