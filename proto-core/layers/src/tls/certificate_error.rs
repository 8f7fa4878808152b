use std::path::PathBuf;

use rustls::pki_types::pem;
use thiserror::Error;

/// Why a certificate cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}; check that it is there and that this program may read it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file has a block that is not PEM.
    #[error("{} is damaged: {source}; write it anew, or fetch it again from where it came from", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: pem::Error,
    },
    /// The file is empty, or has other things in it.
    #[error("{} has no certificate: put the BEGIN CERTIFICATE blocks there, the server's own first", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The file is empty, or has other things in it.
    #[error("{} has no private key: put a BEGIN PRIVATE KEY block there, and decrypt it first if it is encrypted", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// Key and certificate are each in order, and not of each other.
    #[error(
        "the key in {} does not belong to the first certificate in {}: name the key that the certificate was made for, \
         and put the server's own certificate before those of its authorities",
        key.display(), chain.display()
    )]
    Mismatch {
        /// The file with the chain.
        chain: PathBuf,
        /// The file with the key.
        key: PathBuf,
    },
    /// The file's content has the right form, and TLS cannot work with it.
    #[error("TLS cannot use what is in {}: {source}; use X.509 version 3 with an RSA, ECDSA or Ed25519 key", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What rustls says.
        source: rustls::Error,
    },
    /// The name to choose a certificate by cannot be a host's.
    #[error("{0:?} is no host name: write mail.example.org, or *.example.org for all names directly below example.org")]
    Name(String),
}
