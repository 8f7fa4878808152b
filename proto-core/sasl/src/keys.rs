use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::base64;
use crate::derivation::{Derivation, Derived};
use crate::hash::{Hash, Output};
use crate::prep::PrepError;

/// The iteration count to give new SCRAM keys when there is no better figure: a few milliseconds for each login.
pub const DEFAULT_ITERATIONS: u32 = 10_000;

/// What a server keeps of a password for SCRAM (RFC 5802 §3): enough to check a proof, not enough to log in.
///
/// Store it as text by [`to_text`](ScramKeys::to_text). It can check a plain password as well, by
/// [`derivation`](ScramKeys::derivation) and [`matches`](ScramKeys::matches), so that a server that offers PLAIN too needs
/// nothing else.
///
/// ```
/// # use wirestate_sasl::{DEFAULT_ITERATIONS, Derivation, Hash, ScramKeys};
/// # let salt = [1; 16]; // for real: fresh randomness for each user
/// let keys = ScramKeys::from_derived(&Derivation::new(Hash::Sha256, "pencil", &salt, DEFAULT_ITERATIONS)?.run());
/// let stored = keys.to_text(); // SCRAM-SHA-256$10000:AQEB...
/// let keys = ScramKeys::from_text(&stored)?;
/// assert!(keys.matches(&keys.derivation("pencil")?.run()));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ScramKeys {
    hash: Hash,
    salt: Vec<u8>,
    iterations: u32,
    stored_key: Output,
    server_key: Output,
}

impl ScramKeys {
    /// The keys of a derived password.
    pub fn from_derived(derived: &Derived) -> Self {
        ScramKeys {
            hash: derived.hash(),
            salt: derived.salt().into(),
            iterations: derived.iterations(),
            stored_key: derived.hash().digest(&derived.client_key()),
            server_key: derived.server_key(),
        }
    }

    /// Keys that were stored in parts.
    ///
    /// # Errors
    /// [`KeysError`] when the salt is empty, the count is 0, or a key is not as long as the hash function's output.
    pub fn from_parts(
        hash: Hash,
        salt: &[u8],
        iterations: u32,
        stored_key: &[u8],
        server_key: &[u8],
    ) -> Result<Self, KeysError> {
        if salt.is_empty() {
            return Err(KeysError::SaltEmpty);
        }
        if iterations == 0 {
            return Err(KeysError::Iterations);
        }
        if stored_key.len() != hash.output_len() || server_key.len() != hash.output_len() {
            return Err(KeysError::KeyLength);
        }
        let (stored_key, server_key) = (Output::new(stored_key), Output::new(server_key));
        Ok(ScramKeys { hash, salt: salt.into(), iterations, stored_key, server_key })
    }

    /// Reads the form that [`to_text`](ScramKeys::to_text) writes. PostgreSQL and LDAP servers write it too.
    ///
    /// # Errors
    /// [`KeysError`], one for each rule of the form.
    pub fn from_text(text: &str) -> Result<Self, KeysError> {
        let (scheme, rest) = text.split_once('$').ok_or(KeysError::Form)?;
        let (info, value) = rest.split_once('$').ok_or(KeysError::Form)?;
        let (iterations, salt) = info.split_once(':').ok_or(KeysError::Form)?;
        let (stored_key, server_key) = value.split_once(':').ok_or(KeysError::Form)?;
        let hash = Hash::ALL
            .into_iter()
            .find(|hash| scheme.strip_prefix("SCRAM-") == Some(hash.name()))
            .ok_or(KeysError::Scheme)?;
        let iterations = iterations.parse().map_err(|_| KeysError::Iterations)?;
        let octets = |text: &str| base64::decode(text, 1024).map(Zeroizing::new).map_err(|_| KeysError::Base64);
        Self::from_parts(hash, &octets(salt)?, iterations, &octets(stored_key)?, &octets(server_key)?)
    }

    /// The form of RFC 5803 in one line: `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`, the octets in base64.
    ///
    /// Keep it as safe as a password hash: who has it can try passwords, and can pose as this server.
    pub fn to_text(&self) -> String {
        let ScramKeys { hash, salt, iterations, stored_key, server_key } = self;
        let [salt, stored_key, server_key] = [salt, &stored_key[..], &server_key[..]].map(base64::encode);
        format!("SCRAM-{hash}${iterations}:{salt}${stored_key}:{server_key}")
    }

    /// The hash function.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The salt.
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// The iteration count.
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// `StoredKey = H(ClientKey)`.
    pub fn stored_key(&self) -> &[u8] {
        &self.stored_key
    }

    /// `ServerKey`.
    pub fn server_key(&self) -> &[u8] {
        &self.server_key
    }

    /// The work of checking a plain password against these keys.
    ///
    /// # Errors
    /// [`PrepError`] when the password has no SASLprep form; then it is not the right one.
    pub fn derivation(&self, password: &str) -> Result<Derivation, PrepError> {
        Derivation::new(self.hash, password, &self.salt, self.iterations)
    }

    /// Whether `derived` comes from the password of these keys, in constant time.
    pub fn matches(&self, derived: &Derived) -> bool {
        derived.hash() == self.hash && self.stored_key.matches(&self.hash.digest(&derived.client_key()))
    }
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScramKeys(SCRAM-{}, {} iterations)", self.hash, self.iterations)
    }
}

/// Why stored SCRAM keys cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// A separator is missing.
    #[error("stored SCRAM keys have the form SCRAM-<hash>$<iterations>:<salt>$<stored key>:<server key>")]
    Form,
    /// Another hash function than SHA-1, SHA-256 and SHA-512.
    #[error("stored SCRAM keys begin with SCRAM-SHA-1, SCRAM-SHA-256 or SCRAM-SHA-512")]
    Scheme,
    /// The iteration count is 0 or no number.
    #[error("the iteration count of stored SCRAM keys is a number from 1 to 4294967295")]
    Iterations,
    /// Salt or key is not base64.
    #[error("salt and keys of stored SCRAM keys are base64, with padding")]
    Base64,
    /// The salt is empty.
    #[error("the salt of stored SCRAM keys is empty; derive them again with a random salt")]
    SaltEmpty,
    /// A key has not the length of the hash function's output.
    #[error("a stored SCRAM key is not as long as the output of its hash function")]
    KeyLength,
}

/// Where a server takes the salt for users that do not exist, so that they look like those that do.
///
/// The salt follows from the key, the hash function and the user name only. So keep one key for all sessions, and over
/// restarts; and give it the salt length and iteration count that the real keys have.
#[derive(Clone)]
pub struct FakeKeys {
    key: Zeroizing<[u8; 32]>,
    salt_len: usize,
    iterations: u32,
}

impl FakeKeys {
    /// From a secret key of the server, with a salt of 16 octets and [`DEFAULT_ITERATIONS`].
    pub fn new(key: [u8; 32]) -> Self {
        FakeKeys { key: Zeroizing::new(key), salt_len: 16, iterations: DEFAULT_ITERATIONS }
    }

    /// With the salt length of the real keys, 1 to 64 octets. What is outside is brought to the nearer end.
    #[must_use]
    pub fn salt_len(mut self, octets: usize) -> Self {
        self.salt_len = octets.clamp(1, 64);
        self
    }

    /// With the iteration count of the real keys. 0 becomes 1.
    #[must_use]
    pub fn iterations(mut self, iterations: u32) -> Self {
        self.iterations = iterations.max(1);
        self
    }

    /// Keys for `user` that no password opens.
    pub(crate) fn keys_for(&self, hash: Hash, user: &str) -> ScramKeys {
        let octets =
            |what: &str| Hash::Sha512.hmac(&self.key[..], &[what.as_bytes(), hash.name().as_bytes(), user.as_bytes()]);
        let (salt, stored_key, server_key) = (octets("salt "), octets("stored key "), octets("server key "));
        ScramKeys {
            hash,
            salt: salt.iter().copied().take(self.salt_len).collect(),
            iterations: self.iterations,
            stored_key: hash.digest(&stored_key),
            server_key: hash.digest(&server_key),
        }
    }
}

impl fmt::Debug for FakeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeKeys(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By Python's hashlib and hmac, from password `pencil`, a salt of the octets 0 to 15 and 4096 iterations.
    const STORED: &str = "SCRAM-SHA-256$4096:AAECAwQFBgcICQoLDA0ODw==$zHCdol2044/ZyWzPLi7oxApCkamKw9Z+E4U/QApd/5Y=:dd5peBOitVnLNFu7VmwP+HiDaaw4OUCv396eVCWhYiE=";

    fn keys() -> ScramKeys {
        let salt: Vec<u8> = (0..16).collect();
        ScramKeys::from_derived(&Derivation::new(Hash::Sha256, "pencil", &salt, 4096).unwrap().run())
    }

    #[test]
    fn stored_keys_go_both_ways() {
        assert_eq!(keys().to_text(), STORED);
        assert_eq!(ScramKeys::from_text(STORED).unwrap().to_text(), STORED);
    }

    #[test]
    fn each_rule_of_the_form_has_its_error() {
        let error = |text: &str| ScramKeys::from_text(text).unwrap_err();
        assert_eq!(error(""), KeysError::Form);
        assert_eq!(error("SCRAM-SHA-256$4096:AAAA$AAAA"), KeysError::Form);
        assert_eq!(error(&STORED.replace("SHA-256", "SHA-3")), KeysError::Scheme);
        assert_eq!(error(&STORED.replace("SHA-256", "SHA-512")), KeysError::KeyLength);
        assert_eq!(error(&STORED.replace("4096", "0")), KeysError::Iterations);
        assert_eq!(error(&STORED.replace("4096", "99999999999")), KeysError::Iterations);
        assert_eq!(error(&STORED.replace("AAEC", "A*EC")), KeysError::Base64);
        assert_eq!(error("SCRAM-SHA-1$1:$AAAA:AAAA"), KeysError::SaltEmpty);
    }

    #[test]
    fn a_plain_password_is_checked_against_them() {
        let keys = keys();
        assert!(keys.matches(&keys.derivation("pencil").unwrap().run()));
        assert!(!keys.matches(&keys.derivation("pencils").unwrap().run()));
        let other_hash = Derivation::new(Hash::Sha1, "pencil", keys.salt(), 4096).unwrap().run();
        assert!(!keys.matches(&other_hash));
    }

    #[test]
    fn fake_keys_depend_on_key_hash_and_user_alone() {
        let fake = FakeKeys::new([3; 32]);
        let salt = |fake: &FakeKeys, hash, user| fake.keys_for(hash, user).salt;
        assert_eq!(salt(&fake, Hash::Sha1, "ann"), salt(&FakeKeys::new([3; 32]), Hash::Sha1, "ann"));
        assert_ne!(salt(&fake, Hash::Sha1, "ann"), salt(&fake, Hash::Sha1, "bob"));
        assert_ne!(salt(&fake, Hash::Sha1, "ann"), salt(&fake, Hash::Sha256, "ann"));
        assert_ne!(salt(&fake, Hash::Sha1, "ann"), salt(&FakeKeys::new([4; 32]), Hash::Sha1, "ann"));
        assert_eq!(salt(&fake, Hash::Sha1, "ann").len(), 16);
        let other = fake.salt_len(1000).iterations(0).keys_for(Hash::Sha1, "ann");
        assert_eq!((other.salt.len(), other.iterations), (64, 1));
    }

    #[test]
    fn keys_are_not_printed() {
        assert_eq!(format!("{:?}", keys()), "ScramKeys(SCRAM-SHA-256, 4096 iterations)");
        assert_eq!(format!("{:?}", FakeKeys::new([3; 32])), "FakeKeys(..)");
    }
}
