//! A certificate made on the spot for `mail.example`, and who trusts it.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use wirestate_layers::Tls;
use wirestate_layers::tls::{client_config, server_config};

/// A server that shows a certificate, and a client that trusts it.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The server's side.
    pub server: Arc<ServerConfig>,
    /// The client's side.
    pub client: Arc<ClientConfig>,
}

impl Trust {
    /// A fresh certificate.
    #[expect(clippy::new_without_default, reason = "it makes a key, which is no default")]
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["mail.example".into()]).unwrap().self_signed(&key).unwrap();
        let certificate = certificate.der().clone();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Trust {
            server: server_config(vec![certificate], key, &[b"pop3"]).unwrap(),
            client: client_config(roots, &[b"pop3"]).unwrap(),
        }
    }

    /// The TLS layer around a server.
    pub fn on_server<M>(&self, server: M) -> Tls<M> {
        Tls::server(server, self.server.clone())
    }

    /// The TLS layer around a client that knows the server by its name.
    pub fn on_client<M>(&self, client: M) -> Tls<M> {
        Tls::client(client, self.client.clone(), ServerName::try_from("mail.example").unwrap())
    }
}
