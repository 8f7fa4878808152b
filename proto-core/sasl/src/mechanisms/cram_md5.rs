//! CRAM-MD5 (RFC 2195).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::client::{ClientSide, Credentials, Error, Step};
use crate::hash::hmac_md5;
use crate::mechanism::Mechanism;
use crate::misuse::Misuse;
use crate::secret::Secret;
use crate::server::{Answer, Ask, Claim, Context, CramProof, Failure, Rejection, ServerSide, StartError, Turn};
use crate::text::{self, Field, hex, is_host, is_md5_hex};

pub(super) enum Client {
    Ready { user: String, password: Secret },
    Sent,
}

impl Client {
    pub(super) fn new(credentials: &Credentials) -> Result<Self, Error> {
        let (user, password) = credentials.password_for(Mechanism::CramMd5)?;
        Ok(Client::Ready { user: user.into(), password: password.clone() })
    }
}

impl ClientSide for Client {
    fn challenge(&mut self, challenge: &[u8]) -> Result<Step, Error> {
        if challenge.is_empty() {
            return Err(Error::EmptyChallenge);
        }
        match core::mem::replace(self, Client::Sent) {
            Client::Ready { user, password } => {
                let digest = hex(&hmac_md5(password.expose().as_bytes(), challenge));
                Ok(Step::Send(format!("{user} {digest}").into_bytes()))
            }
            Client::Sent => Err(Error::UnexpectedChallenge),
        }
    }

    fn check_complete(&self) -> Result<(), Error> {
        if matches!(self, Client::Sent) { Ok(()) } else { Err(Error::Incomplete) }
    }
}

pub(super) struct Server {
    challenge: String,
    proved: Option<(Claim, CramProof)>,
}

impl Server {
    /// The challenge has the form of a message id. RFC 2195 has a time in it; the nonce does the same work.
    pub(super) fn new(context: &Context) -> Result<Self, StartError> {
        if !is_host(&context.host) {
            return Err(StartError::Host);
        }
        Ok(Server { challenge: format!("<{}@{}>", context.nonce.as_str(), context.host), proved: None })
    }
}

impl ServerSide for Server {
    fn first(&mut self) -> Vec<u8> {
        self.challenge.as_bytes().into()
    }

    fn respond(&mut self, response: &[u8]) -> Result<Turn, Failure> {
        let response = text::utf8(Field::Message, response)?;
        // The user name may have spaces itself.
        let (user, digest) = response.rsplit_once(' ').ok_or(Failure::CramForm)?;
        if !is_md5_hex(digest.as_bytes()) {
            return Err(Failure::CramForm);
        }
        let user = text::name(Field::User, user)?;
        let proof = CramProof::new(self.challenge.clone(), digest.into());
        self.proved = Some((Claim { user: Some(user.into()), authzid: None }, proof.clone()));
        Ok(Turn::Ask(Ask::Secret { user: user.into(), proof }))
    }

    fn answer(&mut self, answer: Answer) -> Result<Turn, Misuse> {
        let (claim, proof) = self.proved.as_ref().ok_or(Misuse::NothingAsked)?;
        match answer {
            Answer::Secret(secret) if proof.fits(&secret) => claim.settle(Answer::Accept),
            Answer::Secret(_) | Answer::NoKeys => claim.settle(Answer::Reject(Rejection::Credentials)),
            other => claim.settle(other),
        }
    }
}
