use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Connection, ProtocolVersion, ServerConfig};
use wirestate_machine::TlsFacts;

use super::layer::Role;
use super::names::subject_and_names;
use super::server_end_point;

/// Collects during a handshake what rustls does not tell after it.
#[derive(Default)]
pub(super) struct Witness {
    /// The server's choice of its own certificate; `None` on the client's side.
    chosen: Option<Arc<Chosen>>,
}

/// What the witness saw, kept as long as the session.
pub(super) struct Testimony {
    /// What the server showed; `None` on the client's side.
    shown: Option<Arc<CertifiedKey>>,
}

impl Witness {
    /// A witness, and the configuration that lets it watch.
    pub(super) fn server(config: &Arc<ServerConfig>) -> (Self, Arc<ServerConfig>) {
        let chosen = Arc::new(Chosen { resolver: config.cert_resolver.clone(), key: Mutex::new(None) });
        let mut watched = (**config).clone();
        watched.cert_resolver = chosen.clone();
        (Witness { chosen: Some(chosen) }, Arc::new(watched))
    }

    pub(super) fn testimony(self) -> Testimony {
        Testimony {
            shown: self.chosen.and_then(|chosen| chosen.key.lock().unwrap_or_else(PoisonError::into_inner).take()),
        }
    }
}

impl Testimony {
    pub(super) fn facts(&self, connection: &Connection, role: &Role) -> TlsFacts {
        let peer = connection.peer_certificates().and_then(|chain| chain.first());
        let mut facts = TlsFacts::new();
        facts.version = version(connection);
        facts.alpn = connection.alpn_protocol().map(Bytes::copy_from_slice);
        facts.server_name = server_name(connection, role);
        let server = match role {
            Role::Client(..) => peer,
            _ => self.shown.as_ref().and_then(|key| key.cert.first()),
        };
        facts.server_end_point = server.and_then(|certificate| server_end_point(certificate));
        if let Some(peer) = peer {
            facts.peer_certificate = Some(Bytes::copy_from_slice(peer));
            (facts.peer_subject, facts.peer_names) = subject_and_names(peer);
        }
        // RFC 9266 §3: an exporter without the extended master secret (RFC 7627) does not bind the channel.
        if connection.protocol_version() == Some(ProtocolVersion::TLSv1_3) || role.requires_extended_master_secret() {
            facts.exporter = connection.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(&[])).ok();
        }
        facts
    }
}

/// The name that the client asked for.
fn server_name(connection: &Connection, role: &Role) -> Option<String> {
    match (connection, role) {
        (Connection::Server(server), _) => server.server_name().map(str::to_owned),
        (_, Role::Client(_, name)) => match &**name {
            ServerName::DnsName(name) => Some(name.as_ref().to_owned()),
            _ => None,
        },
        _ => None,
    }
}

fn version(connection: &Connection) -> Option<&'static str> {
    match connection.protocol_version()? {
        ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
        ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
        _ => None,
    }
}

/// Asks the configured resolver for the certificate, and remembers what it said.
#[derive(Debug)]
struct Chosen {
    resolver: Arc<dyn ResolvesServerCert>,
    key: Mutex<Option<Arc<CertifiedKey>>>,
}

impl ResolvesServerCert for Chosen {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let key = self.resolver.resolve(hello);
        self.key.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&key);
        key
    }

    fn only_raw_public_keys(&self) -> bool {
        self.resolver.only_raw_public_keys()
    }
}
