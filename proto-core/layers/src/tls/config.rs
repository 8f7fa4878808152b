#![cfg(feature = "ring")]

use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ServerSessionMemoryCache, StoresServerSessions, VerifierBuilderError, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, ServerConfig};
use thiserror::Error;

use super::{Certificates, Identity};

/// Why a configuration cannot be made.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SetupError {
    /// rustls cannot work with it.
    #[error("TLS cannot be configured so: {0}")]
    Tls(#[from] rustls::Error),
    /// Client certificates were asked for, and nothing is there to prove them by.
    #[error("there is no authority to prove client certificates by: give at least one root")]
    NoRoots,
    /// A revocation list cannot be read.
    #[error("a certificate revocation list cannot be read: {0}; fetch it again from its authority, in DER")]
    RevocationList(String),
}

/// A server's configuration for one certificate chain (the server's own first), with no client certificates, and with the protocols `alpn`
/// (RFC 7301) in the order of preference, or none: the short form of [`server`].
///
/// # Errors
/// rustls says what is wrong with the chain or the key.
pub fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    alpn: &[&[u8]],
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let setup = server(Identity::new(chain, key)?).alpn(alpn);
    Ok(Arc::new(setup.finish(WebPkiClientVerifier::no_client_auth())?))
}

/// A client's configuration: servers proven by one of `roots`, no certificate of its own, and the protocols `alpn` (RFC 7301), or none:
/// the short form of [`client`].
///
/// # Errors
/// None that is known.
pub fn client_config(roots: RootCertStore, alpn: &[&[u8]]) -> Result<Arc<ClientConfig>, rustls::Error> {
    client(roots).alpn(alpn).config()
}

/// Begins the configuration of a server: TLS 1.2 and 1.3 by *ring*, with these certificates.
///
/// Over TLS 1.2 channel binding by exporter is told only where the configuration demands the extended master secret
/// (`require_ems`), which this one leaves off for the sake of old clients.
pub fn server(certificates: impl Into<Certificates>) -> ServerSetup {
    ServerSetup {
        certificates: certificates.into(),
        alpn: Vec::new(),
        clients: Clients::Anonymous,
        revoked: Vec::new(),
    }
}

/// A server's configuration in the making; see [`server`].
#[derive(Debug)]
pub struct ServerSetup {
    certificates: Certificates,
    alpn: Vec<Vec<u8>>,
    clients: Clients,
    revoked: Vec<CertificateRevocationListDer<'static>>,
}

#[derive(Debug)]
enum Clients {
    Anonymous,
    Optional(Arc<RootCertStore>),
    Required(Arc<RootCertStore>),
}

impl ServerSetup {
    /// The protocols that are spoken here (RFC 7301), in the order of preference. A client that offers only others is refused.
    pub fn alpn(mut self, protocols: &[&[u8]]) -> Self {
        self.alpn = owned(protocols);
        self
    }

    /// Asks clients for a certificate, and serves those without one, too. One that is shown must be proven by one of `roots`; it is
    /// then in the [`TlsFacts`](wirestate_machine::TlsFacts).
    pub fn client_certificates_optional(mut self, roots: impl Into<Arc<RootCertStore>>) -> Self {
        self.clients = Clients::Optional(roots.into());
        self
    }

    /// Serves only clients with a certificate that is proven by one of `roots`.
    pub fn client_certificates_required(mut self, roots: impl Into<Arc<RootCertStore>>) -> Self {
        self.clients = Clients::Required(roots.into());
        self
    }

    /// Refuses client certificates that one of these lists names (RFC 5280 §5). With any list, each authority in a client's chain
    /// must have one: a certificate that no list can speak for is refused.
    pub fn revoked(mut self, lists: impl IntoIterator<Item = CertificateRevocationListDer<'static>>) -> Self {
        self.revoked.extend(lists);
        self
    }

    /// The configuration.
    ///
    /// # Errors
    /// See [`SetupError`].
    pub fn config(mut self) -> Result<Arc<ServerConfig>, SetupError> {
        let revoked = core::mem::take(&mut self.revoked);
        let provider = Arc::new(ring::default_provider());
        let verifier = |roots: &Arc<RootCertStore>| {
            WebPkiClientVerifier::builder_with_provider(roots.clone(), provider).with_crls(revoked)
        };
        let verifier = match &self.clients {
            Clients::Anonymous => Ok(WebPkiClientVerifier::no_client_auth()),
            Clients::Optional(roots) => verifier(roots).allow_unauthenticated().build(),
            Clients::Required(roots) => verifier(roots).build(),
        };
        let verifier = verifier.map_err(|error| match error {
            VerifierBuilderError::NoRootAnchors => SetupError::NoRoots,
            error => SetupError::RevocationList(error.to_string()),
        })?;
        Ok(Arc::new(self.finish(verifier)?))
    }

    fn finish(self, verifier: Arc<dyn ClientCertVerifier>) -> Result<ServerConfig, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(self.certificates.clone()));
        config.alpn_protocols = self.alpn;
        let sessions = ServerSessionMemoryCache::new(REMEMBERED_SESSIONS);
        config.session_storage = Arc::new(Sessions { sessions, certificates: self.certificates });
        Ok(config)
    }
}

/// As many as rustls's own default.
const REMEMBERED_SESSIONS: usize = 256;

/// Sessions to be resumed, each with the certificates it was begun with: after a replacement, a client would go on with a certificate
/// that the server no longer shows, and the two would disagree on `tls-server-end-point`.
#[derive(Debug)]
struct Sessions {
    sessions: Arc<ServerSessionMemoryCache>,
    certificates: Certificates,
}

impl Sessions {
    fn key(&self, key: &[u8]) -> Vec<u8> {
        [&self.certificates.edition().to_be_bytes(), key].concat()
    }
}

impl StoresServerSessions for Sessions {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.sessions.put(self.key(&key), value)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.sessions.get(&self.key(key))
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.sessions.take(&self.key(key))
    }

    fn can_cache(&self) -> bool {
        self.sessions.can_cache()
    }
}

/// Begins the configuration of a client: TLS 1.2 and 1.3 by *ring*, with servers proven by one of `roots`.
pub fn client(roots: impl Into<Arc<RootCertStore>>) -> ClientSetup {
    ClientSetup { roots: roots.into(), alpn: Vec::new(), identity: None }
}

/// A client's configuration in the making; see [`client`].
#[derive(Debug)]
pub struct ClientSetup {
    roots: Arc<RootCertStore>,
    alpn: Vec<Vec<u8>>,
    identity: Option<Identity>,
}

impl ClientSetup {
    /// The protocols that are offered (RFC 7301), dearest first.
    pub fn alpn(mut self, protocols: &[&[u8]]) -> Self {
        self.alpn = owned(protocols);
        self
    }

    /// The client's own certificate, shown to servers that ask for one.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// The configuration.
    ///
    /// # Errors
    /// None that is known.
    pub fn config(self) -> Result<Arc<ClientConfig>, rustls::Error> {
        let builder: ConfigBuilder<ClientConfig, WantsClientCert> =
            ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_root_certificates(self.roots);
        let mut config = match self.identity {
            Some(identity) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity.key))),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = self.alpn;
        Ok(Arc::new(config))
    }
}

fn owned(protocols: &[&[u8]]) -> Vec<Vec<u8>> {
    protocols.iter().map(|name| name.to_vec()).collect()
}
