use core::fmt;
use core::ops::Deref;

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The hash functions that SCRAM is defined for here: RFC 5802 (SHA-1), RFC 7677 (SHA-256) and its sibling SHA-512.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hash {
    /// SHA-1, 20 octets. Sound within HMAC and PBKDF2, and the only one that every old peer has.
    Sha1,
    /// SHA-256, 32 octets.
    Sha256,
    /// SHA-512, 64 octets.
    Sha512,
}

impl Hash {
    /// All hash functions, the weakest first.
    pub const ALL: [Hash; 3] = [Hash::Sha1, Hash::Sha256, Hash::Sha512];

    /// The registered name: `SHA-1`, `SHA-256`, `SHA-512`.
    pub const fn name(self) -> &'static str {
        match self {
            Hash::Sha1 => "SHA-1",
            Hash::Sha256 => "SHA-256",
            Hash::Sha512 => "SHA-512",
        }
    }

    /// How many octets the function puts out.
    pub const fn output_len(self) -> usize {
        match self {
            Hash::Sha1 => 20,
            Hash::Sha256 => 32,
            Hash::Sha512 => 64,
        }
    }

    /// `H(data)`.
    pub(crate) fn digest(self, data: &[u8]) -> Output {
        match self {
            Hash::Sha1 => Output::new(&Sha1::digest(data)),
            Hash::Sha256 => Output::new(&Sha256::digest(data)),
            Hash::Sha512 => Output::new(&Sha512::digest(data)),
        }
    }

    /// `HMAC(key, data)`, with the data in parts.
    pub(crate) fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Output {
        Keyed::new(self, key).mac(parts)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An HMAC with its key already absorbed, so that the thousands of rounds of PBKDF2 pay for the key only once.
#[derive(Clone)]
pub(crate) enum Keyed {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha512(Hmac<Sha512>),
}

impl Keyed {
    pub(crate) fn new(hash: Hash, key: &[u8]) -> Self {
        match hash {
            Hash::Sha1 => Keyed::Sha1(keyed(key)),
            Hash::Sha256 => Keyed::Sha256(keyed(key)),
            Hash::Sha512 => Keyed::Sha512(keyed(key)),
        }
    }

    pub(crate) fn mac(&self, parts: &[&[u8]]) -> Output {
        match self {
            Keyed::Sha1(mac) => finish(mac, parts),
            Keyed::Sha256(mac) => finish(mac, parts),
            Keyed::Sha512(mac) => finish(mac, parts),
        }
    }

    /// The inner loop of PBKDF2: `rounds` times `last = HMAC(key, last)`, each folded into `sum`.
    pub(crate) fn chain(&self, last: &mut Output, sum: &mut Output, rounds: u32) {
        match self {
            Keyed::Sha1(mac) => chain(mac, last, sum, rounds),
            Keyed::Sha256(mac) => chain(mac, last, sum, rounds),
            Keyed::Sha512(mac) => chain(mac, last, sum, rounds),
        }
    }
}

/// `HMAC-MD5(key, data)` for CRAM-MD5.
pub(crate) fn hmac_md5(key: &[u8], data: &[u8]) -> Output {
    finish(&keyed::<Hmac<Md5>>(key), &[data])
}

/// `MD5(data)` for APOP, with the data in parts.
pub(crate) fn md5(parts: &[&[u8]]) -> Output {
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(part);
    }
    Output::new(&md5.finalize())
}

fn keyed<M: KeyInit>(key: &[u8]) -> M {
    M::new_from_slice(key).expect("HMAC takes keys of every length")
}

fn finish<M: Mac + Clone>(mac: &M, parts: &[&[u8]]) -> Output {
    let mut mac = mac.clone();
    for part in parts {
        mac.update(part);
    }
    Output::new(&mac.finalize().into_bytes())
}

fn chain<M: Mac + Clone>(mac: &M, last: &mut Output, sum: &mut Output, rounds: u32) {
    for _ in 0..rounds {
        *last = finish(mac, &[last]);
        sum.xor(last);
    }
}

/// What a hash function puts out: at most 64 octets, without a heap, wiped when dropped.
#[derive(Clone)]
pub(crate) struct Output {
    octets: Zeroizing<[u8; 64]>,
    len: usize,
}

impl Output {
    /// Takes `octets`, which no caller lets grow beyond 64: they are hash outputs or were checked against their length.
    pub(crate) fn new(octets: &[u8]) -> Self {
        let mut output = Output { octets: Zeroizing::new([0; 64]), len: octets.len().min(64) };
        for (to, from) in output.octets.iter_mut().zip(octets) {
            *to = *from;
        }
        output
    }

    pub(crate) fn xor(&mut self, other: &[u8]) {
        for (to, from) in self.octets.iter_mut().zip(other) {
            *to ^= *from;
        }
    }

    /// Equal in constant time; only the lengths may show.
    pub(crate) fn matches(&self, other: &[u8]) -> bool {
        self.ct_eq(other).into()
    }
}

impl Deref for Output {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.octets[..self.len]
    }
}
