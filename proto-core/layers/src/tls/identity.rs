use core::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::sign::CertifiedKey;
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// Who one end is: a certificate chain, its own certificate first, and the private key that belongs to it. Cheap to clone.
#[derive(Clone)]
pub struct Identity {
    pub(super) key: Arc<CertifiedKey>,
}

impl Identity {
    /// When the first certificate of the chain that expires does so; `None` where none says so in a way that can be read. An expired
    /// one is still shown: whether it is good enough is for the peer to say, and for the operator to be warned of in time.
    pub fn expires(&self) -> Option<SystemTime> {
        let ends = self.key.cert.iter().filter_map(|der| {
            let certificate = Certificate::from_der(der).ok()?;
            Some(certificate.tbs_certificate().validity().not_after.to_system_time())
        });
        ends.min()
    }
}

impl From<Arc<CertifiedKey>> for Identity {
    /// For keys of another provider of cryptography than *ring*, or with an OCSP response.
    fn from(key: Arc<CertifiedKey>) -> Self {
        Identity { key }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("chain", &self.key.cert.len()).finish_non_exhaustive()
    }
}

#[cfg(feature = "ring")]
mod load {
    use std::path::Path;
    use std::sync::Arc;

    use rustls::crypto::ring;
    use rustls::pki_types::pem::{self, PemObject};
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::sign::CertifiedKey;
    use rustls::{Error, InconsistentKeys, RootCertStore};

    use super::Identity;
    use crate::tls::CertificateError;

    impl Identity {
        /// An identity of this chain, its own certificate first, and this key.
        ///
        /// # Errors
        /// rustls says what is wrong: no certificate, a key of an unknown kind, or one that does not belong to the certificate.
        pub fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, Error> {
            if chain.is_empty() {
                return Err(Error::NoCertificatesPresented);
            }
            let key = CertifiedKey::from_der(chain, key, &ring::default_provider())?;
            Ok(Identity { key: Arc::new(key) })
        }

        /// Reads the chain and the key, both PEM (RFC 7468); they may be in the same file.
        ///
        /// # Errors
        /// The file at fault, and what to do about it.
        pub fn from_files(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, CertificateError> {
            let (chain, key) = (chain.as_ref(), key.as_ref());
            let read = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
                pem::Error::NoItemsFound => CertificateError::NoKey { path: key.into() },
                error => unreadable(key, error),
            })?;
            Identity::new(certificates(chain)?, read).map_err(|error| match error {
                Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                    CertificateError::Mismatch { chain: chain.into(), key: key.into() }
                }
                Error::InvalidCertificate(_) => CertificateError::Unusable { path: chain.into(), source: error },
                source => CertificateError::Unusable { path: key.into(), source },
            })
        }
    }

    /// The authorities in a PEM file (RFC 7468), to prove peers by.
    ///
    /// # Errors
    /// The file, and what to do about it.
    pub fn roots_from_file(path: impl AsRef<Path>) -> Result<RootCertStore, CertificateError> {
        let path = path.as_ref();
        let mut roots = RootCertStore::empty();
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|source| CertificateError::Unusable { path: path.into(), source })?;
        }
        Ok(roots)
    }

    fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
        let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        match read {
            Ok(chain) if chain.is_empty() => Err(CertificateError::NoCertificate { path: path.into() }),
            Ok(chain) => Ok(chain),
            Err(error) => Err(unreadable(path, error)),
        }
    }

    fn unreadable(path: &Path, error: pem::Error) -> CertificateError {
        match error {
            pem::Error::Io(source) => CertificateError::Read { path: path.into(), source },
            source => CertificateError::Damaged { path: path.into(), source },
        }
    }
}

#[cfg(feature = "ring")]
pub use load::roots_from_file;
