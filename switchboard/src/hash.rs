//! A password that is known by its hash alone.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::Deserialize;

/// An argon2 hash, as `argon2 SALT -id -e` prints it; never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Hash(PasswordHash);

impl Hash {
    /// Parses a hash.
    ///
    /// # Errors
    ///
    /// [`NoHash`]: it is not argon2's, or a part of it is missing.
    pub fn parse(text: &str) -> Result<Self, NoHash> {
        let hash = PasswordHash::new(text.trim()).map_err(|_| NoHash)?;
        let usable = Algorithm::try_from(hash.algorithm.as_str()).is_ok()
            && Params::try_from(&hash).is_ok()
            && hash.salt.is_some()
            && hash.hash.is_some();
        if usable { Ok(Self(hash)) } else { Err(NoHash) }
    }

    /// The hash of a password; `None` for one that argon2 refuses, which is
    /// longer than 4 GiB.
    pub fn of(password: &[u8]) -> Option<Self> {
        hasher().hash_password(password).ok().map(Self)
    }

    /// Whether this is the password's hash. Takes tens of milliseconds of CPU
    /// and 7 MiB, or what the hash says.
    pub fn verify(&self, password: &[u8]) -> bool {
        Argon2::default().verify_password(password, &self.0).is_ok()
    }
}

/// OWASP's least memory setting for argon2id: 7 MiB, five passes, one lane.
/// Many logins at once shall not eat the machine's memory.
fn hasher() -> Argon2<'static> {
    let params = Params::new(7 * 1024, 5, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

impl TryFrom<String> for Hash {
    type Error = NoHash;

    fn try_from(text: String) -> Result<Self, NoHash> {
        Self::parse(&text)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash]")
    }
}

/// A text that is no argon2 hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no argon2 hash; make one with: echo -n PASSWORD | argon2 SALT -id -e")]
pub struct NoHash;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_knows_its_password_and_shows_nothing() {
        let hash = Hash::of(b"one two").unwrap();
        assert!(hash.verify(b"one two") && !hash.verify(b"one") && !hash.verify(b""));
        assert_eq!(format!("{hash:?}"), "[hash]");
        assert_eq!(Hash::parse(&hash.0.to_string()), Ok(hash));
    }

    #[test]
    fn other_hashes_are_refused() {
        for text in
            ["", "hunter2", "$6$salt$hash", "$argon2id$v=19$m=16,t=2,p=1", "$argon2id$v=19$m=16,t=2,p=1$c2FsdHNhbHQ"]
        {
            assert_eq!(Hash::parse(text), Err(NoHash), "{text}");
        }
    }
}
