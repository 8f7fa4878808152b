use core::fmt;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::pki_types::DnsName;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{CertificateError, Identity};

/// The certificates of a server: one for each name that clients ask for (SNI, RFC 6066 §3), and one for all others.
///
/// A client that asks for an unknown name, for an address, or for nothing gets the default. A name that could not be a host's ends the
/// handshake, which is rustls's own rule. Nothing is kept of what clients ask for.
///
/// Clones share what they hold: keep one, and [`replace`](Certificates::replace) changes the certificates of a running server.
///
/// ```no_run
/// use wirestate_layers::tls::{self, Certificates, Identity};
///
/// let load = || -> Result<Certificates, tls::CertificateError> {
///     Certificates::new(Identity::from_files("mail.pem", "mail.key")?)
///         .with_name("*.example.org", Identity::from_files("example.pem", "example.key")?)
/// };
/// let certificates = load()?;
/// let config = tls::server(&certificates).alpn(&[b"pop3"]).config()?;
/// // Later, when the files are new:
/// certificates.replace(&load()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Certificates {
    shared: Arc<RwLock<Shelf>>,
}

#[derive(Clone)]
struct Shelf {
    /// One more with each replacement.
    edition: u64,
    held: Arc<Held>,
}

#[derive(Clone)]
struct Held {
    default: Identity,
    /// By name in lower case.
    exact: HashMap<Box<str>, Identity>,
    /// By what follows `*.`, in lower case.
    wildcard: HashMap<Box<str>, Identity>,
}

impl Certificates {
    /// This one for everybody.
    pub fn new(default: Identity) -> Self {
        let held = Held { default, exact: HashMap::new(), wildcard: HashMap::new() };
        Certificates { shared: Arc::new(RwLock::new(Shelf { edition: 0, held: Arc::new(held) })) }
    }

    /// Adds one for clients that ask for `name`: a host such as `mail.example.org`, or `*.example.org` for all names one label longer
    /// than `example.org` (RFC 9525 §6.3). Case does not count, and an exact name goes before a wildcard. A name that is there
    /// already gets the new one. Clones see it, too.
    ///
    /// # Errors
    /// [`CertificateError::Name`] for what is no host name.
    pub fn with_name(self, name: &str, identity: Identity) -> Result<Self, CertificateError> {
        let host = name.strip_prefix("*.").unwrap_or(name);
        if DnsName::try_from(host).is_err() {
            return Err(CertificateError::Name(name.to_owned()));
        }
        let key = normal(host).into_boxed_str();
        {
            let mut shelf = self.shared.write().unwrap_or_else(PoisonError::into_inner);
            let held = Arc::make_mut(&mut shelf.held);
            let names = if host.len() < name.len() { &mut held.wildcard } else { &mut held.exact };
            names.insert(key, identity);
        }
        Ok(self)
    }

    /// From the next handshake on, shows what `fresh` holds now. Sessions go on as they are; one that was begun with the old
    /// certificates is not resumed, so that no client goes on with what has been taken back.
    pub fn replace(&self, fresh: &Certificates) {
        let held = fresh.held();
        let mut shelf = self.shared.write().unwrap_or_else(PoisonError::into_inner);
        *shelf = Shelf { edition: shelf.edition + 1, held };
    }

    /// The identity for a client that asks for `name`.
    pub fn identity(&self, name: Option<&str>) -> Identity {
        let held = self.held();
        let found = name.and_then(|name| {
            let name = normal(name);
            let above = name.split_once('.').and_then(|(_, above)| held.wildcard.get(above));
            held.exact.get(&*name).or(above)
        });
        found.unwrap_or(&held.default).clone()
    }

    /// When the first of them [expires](Identity::expires).
    pub fn expires(&self) -> Option<SystemTime> {
        let held = self.held();
        let named = held.exact.values().chain(held.wildcard.values());
        named.chain([&held.default]).filter_map(Identity::expires).min()
    }

    #[cfg(feature = "ring")]
    pub(super) fn edition(&self) -> u64 {
        self.shared.read().unwrap_or_else(PoisonError::into_inner).edition
    }

    fn held(&self) -> Arc<Held> {
        self.shared.read().unwrap_or_else(PoisonError::into_inner).held.clone()
    }
}

fn normal(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

impl From<Identity> for Certificates {
    fn from(identity: Identity) -> Self {
        Certificates::new(identity)
    }
}

impl From<&Certificates> for Certificates {
    /// Another handle on the same.
    fn from(certificates: &Certificates) -> Self {
        certificates.clone()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.identity(hello.server_name()).key)
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.held();
        f.debug_struct("Certificates")
            .field("default", &held.default)
            .field("exact", &held.exact.keys())
            .field("wildcard", &held.wildcard.keys())
            .finish()
    }
}
