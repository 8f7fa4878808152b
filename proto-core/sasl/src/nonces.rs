use alloc::string::String;
use core::fmt;

use zeroize::Zeroizing;

use crate::base64;
use crate::hash::Hash;

/// A text used once: printable ASCII without a comma (RFC 5802 §5.1), 1 to 256 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// Takes the caller's own text, which must be unpredictable and never used before.
    ///
    /// # Errors
    /// [`NonceError`] when it is not of the form above.
    pub fn new(text: &str) -> Result<Self, NonceError> {
        if text.len() <= 256 && is_nonce(text) { Ok(Nonce(text.into())) } else { Err(NonceError) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(..)")
    }
}

/// The text cannot be a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a nonce is 1 to 256 printable ASCII characters without space and comma")]
pub struct NonceError;

pub(crate) fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic() && octet != b',')
}

/// A source of nonces from one seed: the machines have no randomness of their own.
///
/// The same seed gives the same nonces, so seed each source with 32 fresh octets of the system's randomness, and never
/// store a seed. One source serves any number of exchanges. It is not `Clone`, as a copy would repeat its nonces.
///
/// ```
/// # use wirestate_sasl::Nonces;
/// let mut nonces = Nonces::from_seed([7; 32]); // for real: from the system's randomness
/// assert_ne!(nonces.fresh(), nonces.fresh());
/// ```
pub struct Nonces {
    seed: Zeroizing<[u8; 32]>,
    counter: u64,
}

impl Nonces {
    /// A source seeded by `seed`.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Nonces { seed: Zeroizing::new(seed), counter: 0 }
    }

    /// The next nonce: 24 characters that carry 144 bits of `HMAC-SHA-256(seed, counter)`.
    pub fn fresh(&mut self) -> Nonce {
        let mac = Hash::Sha256.hmac(&self.seed[..], &[&self.counter.to_be_bytes()]);
        self.counter = self.counter.wrapping_add(1);
        Nonce(base64::encode(&mac[..18]))
    }
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonces(..)")
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::format;

    use super::*;

    #[test]
    fn nonces_are_new_each_time_and_the_same_for_the_same_seed() {
        let (mut one, mut two) = (Nonces::from_seed([1; 32]), Nonces::from_seed([1; 32]));
        let seen: BTreeSet<String> = (0..1000)
            .map(|_| {
                let nonce = one.fresh();
                assert_eq!(nonce, two.fresh());
                assert_eq!(Nonce::new(nonce.as_str()), Ok(nonce.clone()));
                assert_eq!(nonce.as_str().len(), 24);
                nonce.0
            })
            .collect();
        assert_eq!(seen.len(), 1000);
        assert_ne!(Nonces::from_seed([2; 32]).fresh(), Nonces::from_seed([1; 32]).fresh());
    }

    #[test]
    fn a_seed_is_not_printed() {
        assert_eq!(format!("{:?}", Nonces::from_seed([42; 32])), "Nonces(..)");
    }

    #[test]
    fn what_cannot_be_a_nonce() {
        for text in ["", "a,b", "a b", "ä", "a\n", &"x".repeat(257)] {
            assert_eq!(Nonce::new(text), Err(NonceError));
        }
    }
}
