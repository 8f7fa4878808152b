//! The certificate: the user's own, or a self-made one under a self-made
//! authority that clients on this machine can be told to trust.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{RootCertStore, ServerConfig};

use crate::data::{DataFolder, write_file};
use crate::settings::{CertificateFiles, Settings};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Browsers and Apple's mail program refuse a server's certificate of more
/// than 398 days.
const LIFETIME: Duration = DAY.saturating_mul(397);
/// Renewed at a start when less than this is left.
const RESERVE: Duration = DAY.saturating_mul(30);

/// The server's certificate and key, checked to fit each other.
#[derive(Debug)]
pub struct Tls {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: Arc<CryptoProvider>,
    ca: Option<PathBuf>,
}

impl Tls {
    /// Loads the certificate that the settings name, or else the one in the
    /// data folder, which is made first if it is missing, about to expire, or
    /// made for other names.
    ///
    /// # Errors
    ///
    /// [`TlsError`], with the path at fault.
    pub fn load(settings: &Settings, data: &DataFolder) -> Result<Self, TlsError> {
        match &settings.certificate {
            Some(files) => Self::own(files),
            None => SelfMade { folder: data.tls(), names: names(settings) }.load(SystemTime::now()),
        }
    }

    /// What a listener needs: TLS 1.2 and 1.3 and these ALPN names, dearest
    /// first. An empty list leaves ALPN out.
    ///
    /// With a list, a client that offers no ALPN is served, and one that offers
    /// only other names is refused in the handshake, as RFC 7301 section 3.2
    /// says: it means another service, and may have been led here to be
    /// answered in the wrong protocol.
    ///
    /// # Errors
    ///
    /// None in practice: [`Tls::load`] has tried the same certificate.
    pub fn server_config(&self, alpn: &[&[u8]]) -> Result<Arc<ServerConfig>, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), self.key.clone_key())?;
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        Ok(Arc::new(config))
    }

    /// The server's own certificate in DER, which the channel binding
    /// `tls-server-end-point` (RFC 5929 section 4) is made from.
    pub fn end_entity(&self) -> &CertificateDer<'static> {
        // `new` lets no empty chain pass.
        &self.chain[0]
    }

    /// The self-made authority's certificate, which clients must be told to
    /// trust; `None` with a certificate of the user's own.
    pub fn ca(&self) -> Option<&Path> {
        self.ca.as_deref()
    }

    fn own(files: &CertificateFiles) -> Result<Self, TlsError> {
        let chain = read_chain(&files.chain)?;
        let key = read_key(&files.key)?;
        Self::new(chain, key, None).map_err(|source| TlsError::Unfit { path: files.chain.clone(), source })
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        ca: Option<PathBuf>,
    ) -> Result<Self, rustls::Error> {
        if chain.is_empty() {
            return Err(rustls::Error::NoCertificatesPresented);
        }
        let tls = Self { chain, key, provider: Arc::new(ring::default_provider()), ca };
        tls.server_config(&[])?;
        Ok(tls)
    }
}

/// The names a client on this machine or its network may know the server by.
fn names(settings: &Settings) -> Vec<String> {
    let mut names = ["localhost", "127.0.0.1", "::1", &settings.server_name].map(str::to_owned).to_vec();
    let addresses = settings.listeners.iter().map(|listener| listener.address.ip());
    names.extend(addresses.filter(|ip| !ip.is_unspecified()).map(|ip| ip.to_string()));
    names.sort();
    names.dedup();
    names
}

/// The authority and the certificate that the program makes for itself.
struct SelfMade {
    folder: PathBuf,
    names: Vec<String>,
}

impl SelfMade {
    fn load(&self, now: SystemTime) -> Result<Tls, TlsError> {
        if let Some(tls) = self.kept(now) {
            return Ok(tls);
        }
        // The authority is kept if it can be, since clients trust it already.
        let ca_key = match self.ca_key() {
            Some(key) => key,
            None => self.make_ca()?,
        };
        self.make_server(ca_key, now)?;
        match self.kept(now) {
            Some(tls) => Ok(tls),
            // ca.pem does not belong to its key: begin anew.
            None => {
                let ca_key = self.make_ca()?;
                self.make_server(ca_key, now)?;
                self.kept(now).ok_or_else(|| TlsError::Unstable { folder: self.folder.clone() })
            }
        }
    }

    /// What lies in the folder, if it would satisfy a client that trusts the
    /// authority, for every name, until the reserve begins. This one question
    /// covers missing and broken files, expiry and changed names.
    fn kept(&self, now: SystemTime) -> Option<Tls> {
        let chain = read_chain(&self.path("server.pem")).ok()?;
        let tls = Tls::new(chain, read_key(&self.path("server-key.pem")).ok()?, Some(self.path("ca.pem"))).ok()?;
        let mut roots = RootCertStore::empty();
        for root in read_chain(&self.path("ca.pem")).ok()? {
            roots.add(root).ok()?;
        }
        let client = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), tls.provider.clone()).build().ok()?;
        let until = UnixTime::since_unix_epoch(since_epoch(now) + RESERVE);
        for name in &self.names {
            let name = ServerName::try_from(name.as_str()).ok()?;
            client.verify_server_cert(tls.end_entity(), &[], &name, &[], until).ok()?;
        }
        Some(tls)
    }

    fn ca_key(&self) -> Option<KeyPair> {
        let certificate = self.path("ca.pem").exists();
        let text = fs::read_to_string(self.path("ca-key.pem")).ok().filter(|_| certificate)?;
        KeyPair::from_pem(&text).ok()
    }

    fn make_ca(&self) -> Result<KeyPair, TlsError> {
        let key = KeyPair::generate()?;
        let certificate = ca_params().self_signed(&key)?;
        self.write("ca-key.pem", 0o600, &key.serialize_pem())?;
        self.write("ca.pem", 0o644, &certificate.pem())?;
        Ok(key)
    }

    fn make_server(&self, ca_key: KeyPair, now: SystemTime) -> Result<(), TlsError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(self.names.clone())?;
        params.distinguished_name.push(DnType::CommonName, "switchboard");
        // A day back, for clocks that are behind.
        params.not_before = date_time_ymd(1970, 1, 1) + since_epoch(now).saturating_sub(DAY);
        params.not_after = date_time_ymd(1970, 1, 1) + since_epoch(now) + LIFETIME - DAY;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &Issuer::new(ca_params(), ca_key))?;
        self.write("server-key.pem", 0o600, &key.serialize_pem())?;
        self.write("server.pem", 0o644, &certificate.pem())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn write(&self, name: &str, mode: u32, text: &str) -> Result<(), TlsError> {
        let path = self.path(name);
        write_file(&path, mode, text.as_bytes()).map_err(|source| TlsError::Unwritable { path, source })
    }
}

/// The authority is the same at each start but for its key, so that it can
/// sign again without its certificate being read back. It does not expire
/// (RFC 5280 section 4.1.2.5 gives this date for that): it must outlive the
/// data folder, and serves nobody beyond it.
fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "switchboard's own authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(9999, 12, 31) + (DAY - Duration::from_secs(1));
    params
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = fs::read(path).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|source| TlsError::Pem { path: path.to_owned(), source })?;
    if chain.is_empty() { Err(TlsError::NoCertificate { path: path.to_owned() }) } else { Ok(chain) }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = fs::read(path).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|source| match source {
        pem::Error::NoItemsFound => TlsError::NoKey { path: path.to_owned() },
        source => TlsError::Pem { path: path.to_owned(), source },
    })
}

/// Why there is no certificate to serve with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of the self-made certificate cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not PEM.
    #[error("{} is not PEM: {source}", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// The chain's file holds no certificate.
    #[error("{} holds no certificate; give the chain in PEM", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The key's file holds no private key.
    #[error("{} holds no private key; give it in PEM, without a passphrase", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The certificate cannot be used, or not with this key.
    #[error("the certificate {} cannot be used with its key: {source}", path.display())]
    Unfit {
        /// The chain's file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// A certificate cannot be made.
    #[error("cannot make a certificate: {0}")]
    Made(#[from] rcgen::Error),
    /// What was just written cannot be used.
    #[error("the certificate just made in {} cannot be read back; is another program writing there?", folder.display())]
    Unstable {
        /// The folder.
        folder: PathBuf,
    },
}

#[cfg(test)]
mod tests;
