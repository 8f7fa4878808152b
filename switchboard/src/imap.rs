//! IMAP and IMAPS over the users' mailboxes.
//!
//! [`Imap`] is what all listeners share; [`session`] serves one connection, on
//! any runtime.

mod append;
mod content;
mod describe;
mod edit;
mod fetch;
mod list;
mod metadata;
mod multisearch;
mod notify;
mod rights;
mod search;
mod select;
mod session;
mod shared;
mod tree;
mod url;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use imap_proto::Redactor;
use imap_proto::codec::Capability;
use imap_proto::server::{self, Greeting, Server};
use rustls::ServerConfig;
use sha2::{Digest, Sha256};
use wirestate_driver::{Connection, Info, Stream};
use wirestate_layers::deflate::Memory;
use wirestate_layers::{Deflate, Tls, Trace};
use wirestate_machine::Instant;

pub use session::session;
use shared::Open;

use crate::failure::Failure;
use crate::offload::Offload;
use crate::prepare::Prepared;
use crate::protocol::Family;
use crate::service::{Entrance, Service};
use crate::settings::Limits;

/// What every IMAP connection runs on: the protocol, traced, compressed if the
/// client wishes, within TLS.
pub type Machine = Tls<Deflate<Trace<Server, Redactor>>>;

/// What all IMAP listeners share.
#[derive(Debug)]
pub struct Imap {
    prepared: Arc<Prepared>,
    tls: Arc<ServerConfig>,
    open: Open,
    /// Random per process; what is made from it, nobody outside can guess.
    key: [u8; 32],
}

impl Service for Imap {
    type Machine = Machine;
    type Door = Arc<server::Config>;

    const FAMILY: Family = Family::Imap;

    fn door(&self, entrance: &Entrance) -> Arc<server::Config> {
        let settings = &self.prepared.settings;
        let mut config = server::Config::default();
        config.greeting = Greeting::Text(format!("{} IMAP server ready", settings.server_name));
        config.tls = if entrance.protocol.is_implicit_tls() { server::Tls::Implicit } else { server::Tls::Starttls };
        // What never leaves this machine can be read by nobody on the way.
        config.cleartext = entrance.is_private();
        config.mechanisms = self.prepared.credentials.mechanisms();
        config.fake_keys = Some(self.prepared.credentials.fake_keys());
        config.id = Some(vec![("name".into(), Some("Wirestate switchboard".into()))]);
        config.compress = true;
        config.unauthenticate = true;
        config.limits = limits(&settings.limits);
        config.extensions = extensions(&config.limits);
        Arc::new(config)
    }

    fn machine(&self, door: &Arc<server::Config>, info: &Info, now: Instant) -> Machine {
        let server = Server::new(door.clone(), self.seed(info), now);
        // Mail comes from strangers: what one answer holds is not to be guessed from the length of another.
        let deflate = Deflate::new(Trace::to_tracing(server, Redactor::server(), info.id())).with_memory(Memory::Batch);
        Tls::server(deflate, self.tls.clone())
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

impl Imap {
    /// What all its listeners share.
    ///
    /// # Errors
    ///
    /// [`Failure`], which ends the start.
    pub fn new(prepared: &Arc<Prepared>) -> Result<Self, Failure> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|_| Failure::Randomness)?;
        let tls = prepared.tls.server_config(&[b"imap"])?;
        Ok(Self { prepared: prepared.clone(), tls, open: Open::default(), key })
    }

    /// Different for each connection, and never the same again.
    fn seed(&self, info: &Info) -> [u8; 32] {
        Sha256::new().chain_update(self.key).chain_update(info.id().to_be_bytes()).finalize().into()
    }
}

/// What the store can do beyond what a session does by itself.
fn extensions(limits: &server::Limits) -> Vec<Capability<Bytes>> {
    vec![
        Capability::Imap4Rev2,
        Capability::Acl,
        Capability::AppendLimit(Some(limits.message)),
        Capability::Binary,
        Capability::Catenate,
        Capability::Children,
        Capability::CondStore,
        Capability::CreateSpecialUse,
        Capability::ESearch,
        Capability::ESort,
        Capability::I18nLevel1,
        Capability::ListExtended,
        Capability::ListMetadata,
        Capability::ListMyRights,
        Capability::ListStatus,
        Capability::Metadata,
        Capability::Move,
        Capability::MultiAppend,
        Capability::MultiSearch,
        Capability::Namespace,
        Capability::Notify,
        Capability::ObjectId,
        Capability::Partial,
        Capability::Preview,
        Capability::QResync,
        Capability::Quota,
        Capability::QuotaResource(Bytes::from_static(b"MESSAGE")),
        Capability::QuotaResource(Bytes::from_static(b"STORAGE")),
        Capability::Replace,
        Capability::Rights(Bytes::from_static(b"kxte")),
        Capability::SaveDate,
        Capability::SearchRes,
        Capability::Sort,
        Capability::SortDisplay,
        Capability::SpecialUse,
        Capability::StatusSize,
        Capability::Thread(Bytes::from_static(b"ORDEREDSUBJECT")),
        Capability::Thread(Bytes::from_static(b"REFERENCES")),
        Capability::Thread(Bytes::from_static(b"REFS")),
        Capability::UidOnly,
        Capability::UidPlus,
        Capability::Utf8Accept,
        Capability::Within,
    ]
}

fn limits(settings: &Limits) -> server::Limits {
    let mut limits = server::Limits::default();
    limits.login_time = Duration::from_secs(settings.login_seconds.into());
    // RFC 9051 section 5.4 wants half an hour at least.
    limits.idle_time = limits.idle_time.max(Duration::from_secs(settings.idle_seconds.into()));
    limits.failed_logins = u16::try_from(settings.failed_logins).unwrap_or(u16::MAX);
    limits
}
