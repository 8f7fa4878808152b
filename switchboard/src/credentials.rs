//! Who may log in, as the SASL mechanisms of every protocol ask for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;

use async_lock::Semaphore;
use wirestate_machine::CertificateName;
use wirestate_sasl::server::{self as sasl, Answer, Identity, Rejection};
use wirestate_sasl::{DEFAULT_ITERATIONS, Derivation, FakeKeys, Hash, Mechanism, ScramKeys, Secret};

use crate::failure::Failure;
use crate::hash;
use crate::offload::Offload;
use crate::users::Users;

/// Served for every user.
const BY_PASSWORD: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];
/// Served where passwords are known in the clear, dearest first.
const BY_PROOF: [Mechanism; 7] = [
    Mechanism::SCRAM_SHA_512_PLUS,
    Mechanism::SCRAM_SHA_256_PLUS,
    Mechanism::SCRAM_SHA_1_PLUS,
    Mechanism::SCRAM_SHA_512,
    Mechanism::SCRAM_SHA_256,
    Mechanism::SCRAM_SHA_1,
    Mechanism::CramMd5,
];

const SALT: usize = 16;

/// Answers the mechanisms' questions.
#[derive(Debug)]
pub struct Credentials {
    users: Arc<Users>,
    /// The domain of the addresses in certificates.
    server_name: String,
    by_certificate: bool,
    keys: HashMap<(String, Hash), ScramKeys>,
    fake: FakeKeys,
    /// Each verification takes a core and some megabytes for a while, so there
    /// are no more of them at a time than there are cores.
    verifying: Arc<Semaphore>,
}

impl Credentials {
    /// Derives what SCRAM needs of each password that is known.
    /// `by_certificate` says whether clients are asked for theirs.
    ///
    /// # Errors
    ///
    /// [`Failure::Randomness`].
    pub fn derive(users: Arc<Users>, server_name: &str, by_certificate: bool) -> Result<Self, Failure> {
        let mut keys = HashMap::new();
        for user in users.iter() {
            let Some(secret) = user.secret() else { continue };
            for hash in Hash::ALL {
                let salt: [u8; SALT] = random()?;
                // A password that has no SASLprep form works everywhere but with SCRAM.
                if let Ok(work) = Derivation::new(hash, secret.expose(), &salt, DEFAULT_ITERATIONS) {
                    keys.insert((user.name().to_string(), hash), ScramKeys::from_derived(&work.run()));
                }
            }
        }
        // New at each start, as the salts of the real keys are.
        let fake = FakeKeys::new(random()?).salt_len(SALT);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let (server_name, verifying) = (server_name.to_owned(), Arc::new(Semaphore::new(cores)));
        Ok(Self { users, server_name, by_certificate, keys, fake, verifying })
    }

    /// What to offer, dearest first.
    pub fn mechanisms(&self) -> Vec<Mechanism> {
        let by_proof = if self.keys.is_empty() { &[][..] } else { &BY_PROOF };
        let by_certificate = self.by_certificate.then_some(&Mechanism::External);
        by_certificate.into_iter().chain(by_proof).chain(&BY_PASSWORD).copied().collect()
    }

    /// What SCRAM says of users that do not exist.
    pub fn fake_keys(&self) -> FakeKeys {
        self.fake.clone()
    }

    /// The answer to what a mechanism, or PASS, asks.
    pub async fn answer(&self, ask: sasl::Ask, offload: &impl Offload) -> Answer {
        match ask {
            sasl::Ask::Password { user, password, .. } => match self.verify(user, password, offload).await {
                true => Answer::Accept,
                false => Answer::Reject(Rejection::Credentials),
            },
            sasl::Ask::Keys { user, hash, .. } => {
                self.keys.get(&(user, hash)).cloned().map_or(Answer::NoKeys, Answer::Keys)
            }
            sasl::Ask::Secret { user, .. } => {
                let secret = self.users.find(&user).and_then(|user| user.secret());
                secret.map_or(Answer::NoKeys, |secret| Answer::Secret(Secret::new(secret.expose())))
            }
            sasl::Ask::Authorize { .. } => Answer::Reject(Rejection::NotAuthorized),
            _ => Answer::Reject(Rejection::Credentials),
        }
    }

    /// EXTERNAL: whom does a certificate with these names prove?
    ///
    /// The user `ann` of `example.org` is proved by the address (`rfc822Name`)
    /// `ann@example.org`. A certificate without any address proves the user
    /// whose name is its common name; one with addresses does not, for it says
    /// more exactly whom it means. A certificate of several users serves each,
    /// but then the client must say which.
    pub fn prove(&self, wanted: Option<&str>, names: &[CertificateName]) -> Answer {
        let mut proved: Vec<&str> = if names.iter().any(|name| address(name).is_some()) {
            names.iter().filter_map(address).filter_map(|address| self.local_part(address)).collect()
        } else {
            names.iter().filter_map(common_name).collect()
        };
        proved.retain(|name| self.users.find(name).is_some());
        proved.sort_unstable();
        proved.dedup();
        match (wanted, proved.as_slice()) {
            (None, [user]) => Answer::AcceptAs(Identity::new(*user)),
            (Some(wanted), users) if users.contains(&wanted) => Answer::Accept,
            (_, []) => Answer::Reject(Rejection::Credentials),
            _ => Answer::Reject(Rejection::NotAuthorized),
        }
    }

    /// The user's name in an address of this server.
    fn local_part<'a>(&self, address: &'a str) -> Option<&'a str> {
        let (name, domain) = address.rsplit_once('@')?;
        domain.eq_ignore_ascii_case(&self.server_name).then_some(name)
    }

    /// Whether this is the user's password.
    pub async fn verify(&self, user: String, password: Secret, offload: &impl Offload) -> bool {
        let users = self.users.clone();
        self.in_turn(offload, move || users.verify(&user, password.expose().as_bytes()).is_some()).await
    }

    /// Whether this is the password of the hash, which is nobody's own.
    pub async fn check(&self, hash: &hash::Hash, password: Secret, offload: &impl Offload) -> bool {
        let hash = hash.clone();
        self.in_turn(offload, move || hash.verify(password.expose().as_bytes())).await
    }

    async fn in_turn(&self, offload: &impl Offload, verify: impl FnOnce() -> bool + Send + 'static) -> bool {
        let turn = self.verifying.acquire_arc().await;
        let verify = move || {
            let right = verify();
            // Within the work, which goes on when the session is cut off.
            drop(turn);
            right
        };
        offload.run(verify).await
    }
}

fn address(name: &CertificateName) -> Option<&str> {
    if let CertificateName::Rfc822Name(address) = name { Some(address) } else { None }
}

fn common_name(name: &CertificateName) -> Option<&str> {
    if let CertificateName::CommonName(name) = name { Some(name) } else { None }
}

/// Whom the client claims to be.
pub fn claimed(ask: &sasl::Ask) -> Option<&str> {
    match ask {
        sasl::Ask::Password { user, .. }
        | sasl::Ask::Keys { user, .. }
        | sasl::Ask::Secret { user, .. }
        | sasl::Ask::Authorize { user, .. } => Some(user),
        _ => None,
    }
}

fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).map_err(|_| Failure::Randomness)?;
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataFolder;
    use crate::settings::{self, UserSource};

    #[test]
    fn a_certificate_proves_whom_it_names_and_nobody_else() {
        let root = tempfile::tempdir().unwrap();
        let given = ["ann:x", "bob:x"].map(|text| settings::Credentials::parse(text).unwrap());
        let users = Users::load(&UserSource::Given(given.into()), &DataFolder::open(root.path()).unwrap()).unwrap();
        let credentials = Credentials::derive(Arc::new(users), "localhost", true).unwrap();
        let common = |name: &str| CertificateName::CommonName(name.to_owned());
        let address = |name: &str| CertificateName::Rfc822Name(name.to_owned());
        let prove = |wanted, names: &[CertificateName]| format!("{:?}", credentials.prove(wanted, names));
        let (none, other) = ("Reject(Credentials)", "Reject(NotAuthorized)");
        let ann = format!("{:?}", Answer::AcceptAs(Identity::new("ann")));

        assert_eq!(prove(None, &[address("ann@LOCALHOST")]), ann);
        assert_eq!(prove(None, &[common("ann")]), ann);
        assert_eq!(prove(Some("ann"), &[common("ann")]), "Accept");
        assert_eq!(prove(Some("bob"), &[common("ann")]), other);
        assert_eq!(prove(None, &[common("ann"), address("ann@elsewhere.example")]), none, "the address says more");
        assert_eq!(prove(None, &[common("bob"), address("ann@localhost")]), ann);
        let both = [address("ann@localhost"), address("bob@localhost")];
        assert_eq!(prove(None, &both), other, "who of them?");
        assert_eq!(prove(Some("bob"), &both), "Accept");
        assert_eq!(prove(None, &[common("mallory"), CertificateName::DnsName("ann".to_owned())]), none);
        assert_eq!(prove(None, &[address("Ann@localhost")]), none);
        assert_eq!(prove(Some("ann"), &[]), none);
    }
}
