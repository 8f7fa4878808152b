use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, Connection, ProtocolVersion, ServerConfig};
use wirestate_machine::TlsFacts;

use super::server_end_point;

/// Collects during a handshake what rustls does not tell after it.
#[derive(Default)]
pub(super) struct Witness {
    /// The server's choice of its own certificate; `None` on the client's side.
    chosen: Option<Arc<Chosen>>,
    /// The name that a client asked for.
    asked: Option<String>,
    /// Whether TLS 1.2 is used with extended master secret only (RFC 7627), without which its exporter binds nothing.
    extended_master_secret: bool,
}

impl Witness {
    /// A witness, and the configuration that lets it watch.
    pub(super) fn server(config: &Arc<ServerConfig>) -> (Self, Arc<ServerConfig>) {
        let chosen = Arc::new(Chosen { resolver: config.cert_resolver.clone(), key: Mutex::new(None) });
        let mut watched = (**config).clone();
        watched.cert_resolver = chosen.clone();
        let witness = Witness { chosen: Some(chosen), asked: None, extended_master_secret: config.require_ems };
        (witness, Arc::new(watched))
    }

    pub(super) fn client(config: &ClientConfig, name: &ServerName<'_>) -> Self {
        let asked = match name {
            ServerName::DnsName(name) => Some(name.as_ref().to_owned()),
            _ => None,
        };
        Witness { chosen: None, asked, extended_master_secret: config.require_ems }
    }

    pub(super) fn facts(self, connection: &Connection) -> TlsFacts {
        let peer = connection.peer_certificates().and_then(|chain| chain.first());
        let mut facts = TlsFacts::new();
        facts.version = version(connection);
        facts.alpn = connection.alpn_protocol().map(Bytes::copy_from_slice);
        facts.server_name = match connection {
            Connection::Server(server) => server.server_name().map(str::to_owned),
            Connection::Client(_) => self.asked,
        };
        facts.server_end_point = match &self.chosen {
            Some(chosen) => chosen.certificate(),
            None => peer.and_then(|certificate| server_end_point(certificate)),
        };
        facts.peer_certificate = peer.map(|certificate| Bytes::copy_from_slice(certificate));
        // RFC 9266 §3: an exporter without the extended master secret does not bind the channel.
        if connection.protocol_version() == Some(ProtocolVersion::TLSv1_3) || self.extended_master_secret {
            facts.exporter = connection.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(&[])).ok();
        }
        facts
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

impl Chosen {
    fn certificate(&self) -> Option<Bytes> {
        let key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        key.as_ref()?.cert.first().and_then(|certificate| server_end_point(certificate))
    }
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
