use bytes::Bytes;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

/// The `tls-server-end-point` channel binding of a server's certificate in DER (RFC 5929 §4.1).
///
/// It is the certificate's hash by the hash function of its signature, or by SHA-256 where that is MD5 or SHA-1. A signature that has no
/// hash function of its own (Ed25519) gives `None`, for the RFC leaves it undefined; so does what is no certificate.
pub fn server_end_point(certificate: &[u8]) -> Option<Bytes> {
    Some(match signature_hash(certificate)? {
        Hash::Sha224 => Bytes::copy_from_slice(&Sha224::digest(certificate)),
        Hash::Sha256 => Bytes::copy_from_slice(&Sha256::digest(certificate)),
        Hash::Sha384 => Bytes::copy_from_slice(&Sha384::digest(certificate)),
        Hash::Sha512 => Bytes::copy_from_slice(&Sha512::digest(certificate)),
    })
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// The hash function that signed a certificate (RFC 5280 §4.1: `SEQUENCE { tbsCertificate, signatureAlgorithm, .. }`).
fn signature_hash(certificate: &[u8]) -> Option<Hash> {
    let (mut certificate, _) = element(certificate, SEQUENCE)?;
    (_, certificate) = element(certificate, SEQUENCE)?;
    let (algorithm, _) = element(certificate, SEQUENCE)?;
    let (name, parameters) = element(algorithm, OBJECT_IDENTIFIER)?;
    match name {
        RSA_PSS => pss_hash(parameters),
        _ => SIGNATURES.iter().find(|(oid, _)| *oid == name).map(|(_, hash)| *hash),
    }
}

/// The hash function among the parameters of RSASSA-PSS (RFC 4055 §3.1): `SEQUENCE { [0] SEQUENCE { hash, .. }, .. }`, SHA-1 if left out.
fn pss_hash(parameters: &[u8]) -> Option<Hash> {
    let (parameters, _) = element(parameters, SEQUENCE)?;
    let Some((tagged, _)) = element(parameters, CONTEXT_0) else { return Some(Hash::Sha256) };
    let (algorithm, _) = element(tagged, SEQUENCE)?;
    let (name, _) = element(algorithm, OBJECT_IDENTIFIER)?;
    HASHES.iter().find(|(oid, _)| *oid == name).map(|(_, hash)| *hash)
}

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const CONTEXT_0: u8 = 0xa0;

/// 1.2.840.113549.1.1.10
const RSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";

const SIGNATURES: &[(&[u8], Hash)] = &[
    // 1.2.840.113549.1.1: RSA with MD5, SHA-1, SHA-256, SHA-384, SHA-512, SHA-224
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", Hash::Sha256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", Hash::Sha256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", Hash::Sha256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", Hash::Sha384),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", Hash::Sha512),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e", Hash::Sha224),
    // 1.2.840.10045.4: ECDSA with SHA-1, SHA-224, SHA-256, SHA-384, SHA-512
    (b"\x2a\x86\x48\xce\x3d\x04\x01", Hash::Sha256),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x01", Hash::Sha224),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x02", Hash::Sha256),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x03", Hash::Sha384),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x04", Hash::Sha512),
];

const HASHES: &[(&[u8], Hash)] = &[
    // 1.3.14.3.2.26: SHA-1
    (b"\x2b\x0e\x03\x02\x1a", Hash::Sha256),
    // 2.16.840.1.101.3.4.2: SHA-256, SHA-384, SHA-512, SHA-224
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x01", Hash::Sha256),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x02", Hash::Sha384),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x03", Hash::Sha512),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x04", Hash::Sha224),
];

/// Splits the DER element with this tag off the front: its content, and what follows it (X.690 §8.1).
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (length, rest) = length(rest)?;
    if *found != tag {
        return None;
    }
    rest.split_at_checked(length)
}

fn length(der: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = der.split_first()?;
    if *first < 0x80 {
        return Some((usize::from(*first), rest));
    }
    let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    let length = digits.iter().fold(0u64, |length, digit| length << 8 | u64::from(*digit));
    Some((usize::try_from(length).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut der = vec![tag];
        match u8::try_from(content.len()) {
            Ok(short) if short < 0x80 => der.push(short),
            _ => der.extend_from_slice(&[0x82, (content.len() >> 8) as u8, content.len() as u8]),
        }
        der.extend_from_slice(content);
        der
    }

    fn certificate(algorithm: &[u8]) -> Vec<u8> {
        let to_be_signed = wrap(SEQUENCE, &[0x55; 300]);
        wrap(SEQUENCE, &[to_be_signed, wrap(SEQUENCE, algorithm), vec![0x03, 0x01, 0x00]].concat())
    }

    #[test]
    fn the_signature_says_which_hash() {
        for (oid, hash) in SIGNATURES {
            assert_eq!(signature_hash(&certificate(&wrap(OBJECT_IDENTIFIER, oid))), Some(*hash));
        }
        let ed25519 = b"\x2b\x65\x70";
        assert_eq!(signature_hash(&certificate(&wrap(OBJECT_IDENTIFIER, ed25519))), None);
    }

    #[test]
    fn pss_tells_its_hash_in_its_parameters() {
        let pss = |parameters: &[u8]| {
            signature_hash(&certificate(&[wrap(OBJECT_IDENTIFIER, RSA_PSS), wrap(SEQUENCE, parameters)].concat()))
        };
        for (oid, hash) in HASHES {
            assert_eq!(pss(&wrap(CONTEXT_0, &wrap(SEQUENCE, &wrap(OBJECT_IDENTIFIER, oid)))), Some(*hash));
        }
        assert_eq!(pss(b""), Some(Hash::Sha256));
    }

    #[test]
    fn the_binding_is_the_hash_of_the_whole_certificate() {
        let der = certificate(&wrap(OBJECT_IDENTIFIER, SIGNATURES[3].0));
        assert_eq!(server_end_point(&der).as_deref(), Some(&Sha384::digest(&der)[..]));
    }

    proptest! {
        #[test]
        fn what_is_no_certificate_has_no_binding_and_does_no_harm(mut der in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = server_end_point(&der);
            der.insert(0, SEQUENCE);
            let _ = server_end_point(&der);
        }
    }
}
