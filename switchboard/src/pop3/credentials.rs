//! Who may log in, as the SASL mechanisms ask for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;

use async_lock::Semaphore;
use pop3_proto::server::Ask;
use wirestate_sasl::server::{self as sasl, Answer, Rejection};
use wirestate_sasl::{DEFAULT_ITERATIONS, Derivation, FakeKeys, Hash, Mechanism, ScramKeys, Secret};

use crate::failure::Failure;
use crate::offload::Offload;
use crate::prepare::Prepared;

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
pub(super) struct Credentials {
    prepared: Arc<Prepared>,
    keys: HashMap<(String, Hash), ScramKeys>,
    fake: FakeKeys,
    /// Each verification takes a core and some megabytes for a while, so there
    /// are no more of them at a time than there are cores.
    verifying: Arc<Semaphore>,
}

impl Credentials {
    pub(super) fn derive(prepared: Arc<Prepared>) -> Result<Self, Failure> {
        let mut keys = HashMap::new();
        for user in prepared.users.iter() {
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
        Ok(Self { prepared, keys, fake, verifying: Arc::new(Semaphore::new(cores)) })
    }

    pub(super) fn mechanisms(&self) -> Vec<Mechanism> {
        let by_proof = if self.keys.is_empty() { &[][..] } else { &BY_PROOF };
        by_proof.iter().chain(&BY_PASSWORD).copied().collect()
    }

    pub(super) fn fake_keys(&self) -> FakeKeys {
        self.fake.clone()
    }

    /// The answer to what a mechanism, or PASS, asks.
    pub(super) async fn answer(&self, ask: sasl::Ask, offload: &impl Offload) -> Answer {
        match ask {
            sasl::Ask::Password { user, password, .. } => match self.verify(user, password, offload).await {
                true => Answer::Accept,
                false => Answer::Reject(Rejection::Credentials),
            },
            sasl::Ask::Keys { user, hash, .. } => {
                self.keys.get(&(user, hash)).cloned().map_or(Answer::NoKeys, Answer::Keys)
            }
            sasl::Ask::Secret { user, .. } => {
                let secret = self.prepared.users.find(&user).and_then(|user| user.secret());
                secret.map_or(Answer::NoKeys, |secret| Answer::Secret(Secret::new(secret.expose())))
            }
            sasl::Ask::Authorize { .. } => Answer::Reject(Rejection::NotAuthorized),
            _ => Answer::Reject(Rejection::Credentials),
        }
    }

    async fn verify(&self, user: String, password: Secret, offload: &impl Offload) -> bool {
        let prepared = self.prepared.clone();
        let turn = self.verifying.acquire_arc().await;
        let verify = move || {
            let right = prepared.users.verify(&user, password.expose().as_bytes()).is_some();
            // Within the work, which goes on when the session is cut off.
            drop(turn);
            right
        };
        offload.run(verify).await
    }
}

/// Whom the client claims to be.
pub(super) fn claimed(ask: &Ask) -> Option<&str> {
    match ask {
        Ask::Sasl(
            sasl::Ask::Password { user, .. }
            | sasl::Ask::Keys { user, .. }
            | sasl::Ask::Secret { user, .. }
            | sasl::Ask::Authorize { user, .. },
        )
        | Ask::Apop { user, .. } => Some(user),
        _ => None,
    }
}

fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).map_err(|_| Failure::Randomness)?;
    Ok(octets)
}
