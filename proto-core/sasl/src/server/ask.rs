use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::hash::{Hash, hmac_md5};
use crate::keys::ScramKeys;
use crate::mechanisms::ht;
use crate::misuse::Misuse;
use crate::secret::{Secret, constant_time_eq};
use crate::server::{Failure, Turn};
use crate::text::hex;

/// What only the application knows. Every question has one answer:
///
/// | question | answers |
/// |---|---|
/// | `Password` | `Accept`, `AcceptAs`, `Reject` |
/// | `Keys` | `Keys`, `NoKeys`, `Reject` |
/// | `Secret` | `Secret`, `Accept`, `AcceptAs`, `NoKeys`, `Reject` |
/// | `HashedToken` | `Secret`, `NoKeys`, `Reject` |
/// | `Digest` (feature `legacy`) | `Secret`, `NoKeys`, `Reject` |
/// | `Token`, `External` | `AcceptAs`, `Accept` if the client named somebody, `Reject` |
/// | `Anonymous` | `Accept`, `AcceptAs`, `Reject` |
/// | `Authorize` | `Accept`, `AcceptAs`, `Reject` |
///
/// `Accept` accepts the *user*. Where the client also wishes to act as somebody else, [`Ask::Authorize`] follows, so that
/// nobody's wish is granted by oversight. `AcceptAs` settles both at once.
///
/// All names are UTF-8, not empty and without control characters; passwords are without NUL, CR and LF.
#[derive(Debug)]
#[non_exhaustive]
pub enum Ask {
    /// PLAIN, LOGIN: is this the user's password? Prepare both by [`saslprep`](crate::saslprep) before comparing, or
    /// check it against [`ScramKeys`], which do so themselves.
    Password {
        /// Whom the client wishes to act as.
        authzid: Option<String>,
        /// Whose password it is.
        user: String,
        /// The password.
        password: Secret,
    },
    /// SCRAM: what are the user's keys?
    Keys {
        /// Whom the client wishes to act as.
        authzid: Option<String>,
        /// Whose keys are wanted, prepared by SASLprep.
        user: String,
        /// The hash function that the keys must be of.
        hash: Hash,
    },
    /// CRAM-MD5: does this proof fit the user's secret?
    Secret {
        /// Whose secret it is.
        user: String,
        /// What the client sent.
        proof: CramProof,
    },
    /// HT-SHA-256-*: which of the user's tokens fits this proof? Where there are two, as while one is replaced by the next, ask
    /// [`TokenProof::fits`] of each, and answer with the one that does.
    HashedToken {
        /// Whose token it is.
        user: String,
        /// What the client sent.
        proof: TokenProof,
    },
    /// DIGEST-MD5: what is the user's password? The mechanism checks the proof.
    #[cfg(feature = "legacy")]
    Digest {
        /// Whom the client wishes to act as.
        authzid: Option<String>,
        /// Whose password is wanted.
        user: String,
        /// The realm that the client chose: the one that was offered, or empty.
        realm: String,
    },
    /// OAUTHBEARER, XOAUTH2: whose is this token?
    Token {
        /// Whose account the client wishes to open.
        authzid: Option<String>,
        /// The bearer token: visible ASCII.
        token: Secret,
        /// The host that the client says it connected to.
        host: Option<String>,
        /// The port that the client says it connected to.
        port: Option<u16>,
    },
    /// EXTERNAL: whom did the channel prove, such as by a client certificate, and may that one act as `authzid`?
    External {
        /// Whom the client wishes to act as; `None`: whomever the channel proved.
        authzid: Option<String>,
    },
    /// ANONYMOUS: are strangers welcome?
    Anonymous {
        /// What the client tells about itself, unproved; may be empty.
        trace: String,
    },
    /// After the user was proved: may it act as `authzid`?
    Authorize {
        /// Who was proved.
        user: String,
        /// Whom it wishes to act as. Never the same text as `user`.
        authzid: String,
    },
}

/// The application's answer to an [`Ask`], which see.
#[derive(Debug)]
#[non_exhaustive]
pub enum Answer {
    /// Yes.
    Accept,
    /// Yes, and this is who it is.
    AcceptAs(Identity),
    /// The keys of the user; the mechanism checks the proof.
    Keys(ScramKeys),
    /// The secret of the user; the mechanism checks the proof.
    Secret(Secret),
    /// There is no such user, or none with keys. SCRAM goes on with fake keys and fails at the proof, as a wrong
    /// password does, so that nobody can try out user names.
    NoKeys,
    /// No. To SCRAM's question for keys, [`Rejection::Credentials`] is the same as `NoKeys`; everything else fails at
    /// once, and so shows that the user exists.
    Reject(Rejection),
}

/// Why the application refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The user, the password, the proof or the token is wrong. It is never said which.
    #[error("the credentials are wrong")]
    Credentials,
    /// The user may not act as the authorization identity.
    #[error("the user may not act as that identity")]
    NotAuthorized,
    /// The account is disabled.
    #[error("the account is disabled")]
    AccountDisabled,
    /// The password or token has expired.
    #[error("the credentials have expired")]
    CredentialsExpired,
    /// Something stronger is asked of this user.
    #[error("this mechanism is too weak for this user")]
    MechanismTooWeak,
    /// The mechanism may be used under TLS only.
    #[error("this mechanism needs an encrypted connection")]
    EncryptionRequired,
    /// The server cannot tell at present.
    #[error("the server cannot check credentials at present; try again later")]
    Temporary,
}

/// Who the client is: the user whose credentials were proved, and the one as whom it acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub(crate) user: String,
    pub(crate) authzid: Option<String>,
}

impl Identity {
    /// A user that acts as itself.
    pub fn new(user: impl Into<String>) -> Self {
        Identity { user: user.into(), authzid: None }
    }

    /// With the authorization identity that it acts as.
    #[must_use]
    pub fn acting_as(mut self, authzid: impl Into<String>) -> Self {
        self.authzid = Some(authzid.into());
        self
    }

    /// The authentication identity: whose credentials were proved.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The authorization identity, if the client or the application named one.
    pub fn authzid(&self) -> Option<&str> {
        self.authzid.as_deref()
    }

    /// Whose account is opened: the authorization identity, or else the user.
    pub fn name(&self) -> &str {
        self.authzid().unwrap_or(&self.user)
    }
}

/// The client's side of CRAM-MD5: the challenge that was sent, and the digest that came back.
#[derive(Clone)]
pub struct CramProof {
    challenge: String,
    digest: String,
}

impl CramProof {
    pub(crate) fn new(challenge: String, digest: String) -> Self {
        CramProof { challenge, digest }
    }

    /// The challenge, for an application that has another check than [`fits`](CramProof::fits).
    pub fn challenge(&self) -> &str {
        &self.challenge
    }

    /// The digest: 32 lower-case hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether the digest was made with `secret`, in constant time.
    pub fn fits(&self, secret: &Secret) -> bool {
        let digest = hex(&hmac_md5(secret.expose().as_bytes(), self.challenge.as_bytes()));
        constant_time_eq(digest.as_bytes(), self.digest.as_bytes())
    }
}

impl fmt::Debug for CramProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CramProof(..)")
    }
}

/// The client's side of HT: a hash under its token, and the channel binding that is hashed with it.
#[derive(Clone)]
pub struct TokenProof {
    hashed: Vec<u8>,
    binding_data: Vec<u8>,
}

impl TokenProof {
    pub(crate) fn new(hashed: &[u8], binding_data: &[u8]) -> Self {
        TokenProof { hashed: hashed.into(), binding_data: binding_data.into() }
    }

    /// Whether it was made with `token` on this TLS channel, in constant time.
    pub fn fits(&self, token: &Secret) -> bool {
        ht::is_initiators(&self.hashed, token, &self.binding_data)
    }
}

impl fmt::Debug for TokenProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenProof(..)")
    }
}

/// Whom a question is about, while it is open.
#[derive(Default)]
pub(crate) struct Claim {
    pub(crate) user: Option<String>,
    pub(crate) authzid: Option<String>,
}

impl Claim {
    /// The answers that mean the same in every mechanism.
    pub(crate) fn settle(&self, answer: Answer) -> Result<Turn, Misuse> {
        match answer {
            Answer::Accept => {
                let user = self.user.clone().ok_or(Misuse::IdentityNeeded)?;
                Ok(Turn::Proved { user, authzid: self.authzid.clone(), data: None })
            }
            Answer::AcceptAs(identity) => Ok(Turn::Named(identity)),
            Answer::Reject(rejection) => Ok(Turn::Failed(Failure::Rejected(rejection))),
            Answer::Keys(_) | Answer::Secret(_) | Answer::NoKeys => Err(Misuse::WrongAnswer),
        }
    }
}
