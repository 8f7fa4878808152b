//! Who certifies clients, and hosts.

use std::fs;
use std::path::Path;

use rcgen::string::Ia5String;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;

use super::Shown;

/// An authority of the tests' own.
pub struct Authority {
    params: CertificateParams,
    key: KeyPair,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "those who know alice");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { params, key: KeyPair::generate().unwrap() }
    }

    pub fn pem(&self) -> String {
        self.params.self_signed(&self.key).unwrap().pem()
    }

    /// Writes a certificate for this host to `STEM.pem` and its key to `STEM-key.pem`.
    pub fn issue(&self, host: &str, stem: &Path) {
        self.issue_until(host, stem, 4000);
    }

    pub fn issue_until(&self, host: &str, stem: &Path, year: i32) {
        let own = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        let certificate = params.signed_by(&own, &Issuer::from_params(&self.params, &self.key)).unwrap();
        let stem = stem.to_str().unwrap();
        fs::write(format!("{stem}.pem"), certificate.pem()).unwrap();
        fs::write(format!("{stem}-key.pem"), own.serialize_pem()).unwrap();
    }

    /// A certificate with this common name and these addresses.
    pub fn certify(&self, common_name: &str, addresses: &[&str]) -> Shown {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        let address = |text: &&str| SanType::Rfc822Name(Ia5String::try_from(*text).unwrap());
        params.subject_alt_names = addresses.iter().map(address).collect();
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        (vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
    }
}
