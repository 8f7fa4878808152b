use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::hash::{Hash, Keyed, Output};
use crate::prep::{PrepError, saslprep};

/// A work item: `Hi(password, salt, iterations)` of RFC 5802 §2.2, which is PBKDF2 with one block.
///
/// It is the one costly step of SCRAM, some milliseconds to seconds, so it is handed out. Run it where you like, on
/// another thread or in slices between other work; the outcome is the same.
///
/// ```
/// # use wirestate_sasl::{Derivation, Hash, Progress};
/// let mut work = Derivation::new(Hash::Sha256, "pencil", b"a salt of 16 oct", 4096)?;
/// let derived = loop {
///     match work.run_some(1000) {
///         Progress::Done(derived) => break derived,
///         Progress::More(rest) => work = rest, // let others have a turn
///     }
/// };
/// # assert_eq!(derived.iterations(), 4096);
/// # Ok::<(), wirestate_sasl::PrepError>(())
/// ```
#[must_use = "an exchange waits for what this derives"]
pub struct Derivation(Box<Inner>);

struct Inner {
    hash: Hash,
    salt: Vec<u8>,
    iterations: u32,
    left: u32,
    keyed: Keyed,
    last: Output,
    sum: Output,
}

/// How far a [`Derivation`] came.
#[derive(Debug)]
pub enum Progress {
    /// To the end.
    Done(Derived),
    /// Not yet: go on with this.
    More(Derivation),
}

impl Derivation {
    /// The work for `password`, which is prepared by SASLprep first. An iteration count of 0 counts as 1.
    ///
    /// # Errors
    /// [`PrepError`] when the password has no prepared form.
    pub fn new(hash: Hash, password: &str, salt: &[u8], iterations: u32) -> Result<Self, PrepError> {
        let prepared = Zeroizing::new(String::from(saslprep(password)?));
        Ok(Self::from_prepared(hash, &prepared, salt, iterations))
    }

    pub(crate) fn from_prepared(hash: Hash, password: &str, salt: &[u8], iterations: u32) -> Self {
        let iterations = iterations.max(1);
        let keyed = Keyed::new(hash, password.as_bytes());
        let first = keyed.mac(&[salt, &1u32.to_be_bytes()]);
        Derivation(Box::new(Inner {
            hash,
            salt: salt.into(),
            iterations,
            left: iterations - 1,
            keyed,
            last: first.clone(),
            sum: first,
        }))
    }

    /// The hash function.
    pub fn hash(&self) -> Hash {
        self.0.hash
    }

    /// The salt.
    pub fn salt(&self) -> &[u8] {
        &self.0.salt
    }

    /// How many iterations in all.
    pub fn iterations(&self) -> u32 {
        self.0.iterations
    }

    /// How many iterations are left.
    pub fn remaining(&self) -> u32 {
        self.0.left
    }

    /// Does all that is left.
    pub fn run(mut self) -> Derived {
        let left = self.0.left;
        self.advance(left);
        self.into_derived()
    }

    /// Does at most `iterations` of what is left. One iteration takes about a microsecond.
    pub fn run_some(mut self, iterations: u32) -> Progress {
        self.advance(iterations.min(self.0.left));
        if self.0.left == 0 { Progress::Done(self.into_derived()) } else { Progress::More(self) }
    }

    fn advance(&mut self, rounds: u32) {
        let Inner { keyed, last, sum, left, .. } = &mut *self.0;
        keyed.chain(last, sum, rounds);
        *left -= rounds;
    }

    fn into_derived(self) -> Derived {
        let Inner { hash, salt, iterations, sum, .. } = *self.0;
        Derived { hash, salt, iterations, salted_password: sum }
    }
}

impl fmt::Debug for Derivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Derivation({}, {} of {} left)", self.0.hash, self.0.left, self.0.iterations)
    }
}

/// The outcome of a [`Derivation`]: the `SaltedPassword` of RFC 5802 §3, and what it was made from.
///
/// It is worth as much as the password for this salt. A client may keep it in memory, to spare itself the work at the
/// next connection: when the server sends the same salt and count, resume with it at once.
#[derive(Clone)]
pub struct Derived {
    hash: Hash,
    salt: Vec<u8>,
    iterations: u32,
    salted_password: Output,
}

impl Derived {
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

    pub(crate) fn client_key(&self) -> Output {
        self.hash.hmac(&self.salted_password, &[b"Client Key"])
    }

    pub(crate) fn server_key(&self) -> Output {
        self.hash.hmac(&self.salted_password, &[b"Server Key"])
    }
}

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Derived({}, {} iterations)", self.hash, self.iterations)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::text::hex;

    fn derive(hash: Hash, password: &str, salt: &[u8], iterations: u32) -> String {
        hex(&Derivation::new(hash, password, salt, iterations).unwrap().run().salted_password)
    }

    #[test]
    fn rfc_6070_and_its_likes() {
        assert_eq!(derive(Hash::Sha1, "password", b"salt", 1), "0c60c80f961f0e71f3a9b524af6012062fe037a6");
        assert_eq!(derive(Hash::Sha1, "password", b"salt", 2), "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
        assert_eq!(derive(Hash::Sha1, "password", b"salt", 4096), "4b007901b765489abead49d926f721d065a429c1");
        // By Python's hashlib.pbkdf2_hmac:
        assert_eq!(
            derive(Hash::Sha256, "password", b"salt", 4096),
            "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"
        );
        assert_eq!(
            derive(Hash::Sha512, "password", b"salt", 4096),
            "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5\
             143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5"
        );
    }

    #[test]
    fn slices_give_the_same_as_one_run() {
        let new = || Derivation::new(Hash::Sha512, "pencil", b"salt", 100).unwrap();
        let whole = new().run();
        for slice in [1, 7, 99, 100, u32::MAX] {
            let mut work = new();
            let derived = loop {
                match work.run_some(slice) {
                    Progress::Done(derived) => break derived,
                    Progress::More(rest) => work = rest,
                }
            };
            assert_eq!(*derived.salted_password, *whole.salted_password);
        }
    }

    #[test]
    fn no_iteration_is_one() {
        assert_eq!(derive(Hash::Sha256, "password", b"salt", 0), derive(Hash::Sha256, "password", b"salt", 1));
    }

    #[test]
    fn neither_side_prints_secrets() {
        let work = Derivation::new(Hash::Sha1, "pencil", b"salt", 2).unwrap();
        assert_eq!(format!("{work:?}"), "Derivation(SHA-1, 1 of 2 left)");
        assert_eq!(format!("{:?}", work.run()), "Derived(SHA-1, 2 iterations)");
    }
}
