//! The certificates: the user's own, or a self-made one under a self-made
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
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{RootCertStore, ServerConfig};
use wirestate_layers::tls::{self, CertificateError, Certificates, Identity, SetupError};

use crate::data::{DataFolder, write_file};
use crate::listen::Place;
use crate::settings::Settings;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Browsers and Apple's mail program refuse a server's certificate of more
/// than 398 days.
const LIFETIME: Duration = DAY.saturating_mul(397);
/// Renewed at a start when less than this is left.
const RESERVE: Duration = DAY.saturating_mul(30);

/// The server's certificates, and whose certificates its clients may show.
#[derive(Debug)]
pub struct Tls {
    certificates: Certificates,
    clients: Option<Arc<RootCertStore>>,
    ca: Option<PathBuf>,
}

impl Tls {
    /// Loads the certificate that the settings name, or else the one in the
    /// data folder, which is made first if it is missing, about to expire, or
    /// made for other names; and those for further names.
    ///
    /// # Errors
    ///
    /// [`TlsError`], with the path at fault.
    pub fn load(settings: &Settings, data: &DataFolder) -> Result<Self, TlsError> {
        let (certificates, ca) = certificates(settings, data)?;
        let clients = settings.client_authorities.as_deref().map(tls::roots_from_file).transpose()?.map(Arc::new);
        Ok(Self { certificates, clients, ca })
    }

    /// Loads all certificates anew. The next handshake shows the new ones;
    /// sessions go on. The clients' authorities stay as they were.
    ///
    /// # Errors
    ///
    /// [`TlsError`]; then everything stays as it was.
    pub fn reload(&self, settings: &Settings, data: &DataFolder) -> Result<(), TlsError> {
        let (fresh, _) = certificates(settings, data)?;
        self.certificates.replace(&fresh);
        Ok(())
    }

    /// What a server needs: TLS 1.2 and 1.3 and these ALPN names, dearest
    /// first. An empty list leaves ALPN out.
    ///
    /// With a list, a client that offers no ALPN is served, and one that offers
    /// only other names is refused in the handshake, as RFC 7301 section 3.2
    /// says: it means another service, and may have been led here to be
    /// answered in the wrong protocol.
    ///
    /// # Errors
    ///
    /// [`TlsError::Unservable`]: rustls cannot work with the authorities.
    pub fn server_config(&self, alpn: &[&[u8]]) -> Result<Arc<ServerConfig>, TlsError> {
        let setup = tls::server(&self.certificates).alpn(alpn);
        let setup = match &self.clients {
            Some(roots) => setup.client_certificates_optional(roots.clone()),
            None => setup,
        };
        Ok(setup.config()?)
    }

    /// Whether clients are asked for certificates.
    pub fn asks_clients(&self) -> bool {
        self.clients.is_some()
    }

    /// The self-made authority's certificate, which clients must be told to
    /// trust; `None` with a certificate of the user's own.
    pub fn ca(&self) -> Option<&Path> {
        self.ca.as_deref()
    }

    /// When the first of the certificates expires.
    pub fn expires(&self) -> Option<SystemTime> {
        self.certificates.expires()
    }
}

/// The certificates, and the authority that must be trusted for them, if it is
/// self-made.
fn certificates(settings: &Settings, data: &DataFolder) -> Result<(Certificates, Option<PathBuf>), TlsError> {
    let (default, ca) = match &settings.certificate {
        Some(files) => (Identity::from_files(&files.chain, &files.key)?, None),
        None => {
            let made = SelfMade { folder: data.tls(), names: names(settings) };
            (made.load(SystemTime::now())?.identity, Some(made.path("ca.pem")))
        }
    };
    let mut certificates = Certificates::new(default);
    for (name, files) in &settings.certificates {
        certificates = certificates.with_name(name, Identity::from_files(&files.chain, &files.key)?)?;
    }
    Ok((certificates, ca))
}

/// The names a client on this machine or its network may know the server by.
fn names(settings: &Settings) -> Vec<String> {
    let mut names = ["localhost", "127.0.0.1", "::1", &settings.server_name].map(str::to_owned).to_vec();
    let addresses = settings.listeners.iter().filter_map(|listener| match listener.place {
        Place::Tcp(address) => Some(address.ip()),
        Place::Unix(_) | Place::Descriptor(_) => None,
    });
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

/// What it has made.
struct Made {
    identity: Identity,
    /// The server's own certificate.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests compare it"))]
    certificate: CertificateDer<'static>,
}

impl SelfMade {
    fn load(&self, now: SystemTime) -> Result<Made, TlsError> {
        if let Some(made) = self.kept(now) {
            return Ok(made);
        }
        // The authority is kept if it can be, since clients trust it already.
        let ca_key = match self.ca_key() {
            Some(key) => key,
            None => self.make_ca()?,
        };
        self.make_server(ca_key, now)?;
        match self.kept(now) {
            Some(made) => Ok(made),
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
    fn kept(&self, now: SystemTime) -> Option<Made> {
        let certificate = CertificateDer::from_pem_file(self.path("server.pem")).ok()?;
        let identity = Identity::from_files(self.path("server.pem"), self.path("server-key.pem")).ok()?;
        let roots = Arc::new(tls::roots_from_file(self.path("ca.pem")).ok()?);
        let provider = Arc::new(ring::default_provider());
        let client = WebPkiServerVerifier::builder_with_provider(roots, provider).build().ok()?;
        let until = UnixTime::since_unix_epoch(since_epoch(now) + RESERVE);
        for name in &self.names {
            let name = ServerName::try_from(name.as_str()).ok()?;
            client.verify_server_cert(&certificate, &[], &name, &[], until).ok()?;
        }
        Some(Made { identity, certificate })
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

/// Why there is no certificate to serve with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// What was loaded cannot be served.
    #[error(transparent)]
    Unservable(#[from] SetupError),
    /// A file of the self-made certificate cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
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
