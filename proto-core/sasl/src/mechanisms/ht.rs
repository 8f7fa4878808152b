//! HT-SHA-256-* (draft-schmaus-kitten-sasl-ht-09), which FAST logs in by (XEP-0484): one message each way, both a keyed hash under the token.

use alloc::string::String;
use alloc::vec::Vec;

use crate::binding::Bindings;
use crate::client::{self, ClientSide, Credentials, Error, Step};
use crate::hash::{Hash, Output};
use crate::mechanism::{Mechanism, TokenBinding};
use crate::misuse::Misuse;
use crate::secret::Secret;
use crate::server::{Answer, Ask, Claim, Context, Failure, Rejection, ServerSide, StartError, TokenProof, Turn};
use crate::text::{self, Field};

const HASH: Hash = Hash::Sha256;

fn hashed(token: &Secret, who: &str, binding_data: &[u8]) -> Output {
    HASH.hmac(token.expose().as_bytes(), &[who.as_bytes(), binding_data])
}

/// Whether `proof` is the initiator's, in constant time.
pub(crate) fn is_initiators(proof: &[u8], token: &Secret, binding_data: &[u8]) -> bool {
    hashed(token, "Initiator", binding_data).matches(proof)
}

fn data_of(binding: TokenBinding, bindings: &Bindings) -> Option<Vec<u8>> {
    match binding.name() {
        None => Some(Vec::new()),
        Some(name) => bindings.find(name).map(|binding| binding.data().into()),
    }
}

pub(super) struct Client {
    message: Vec<u8>,
    expected: Output,
    state: State,
}

#[derive(PartialEq)]
enum State {
    Start,
    Sent,
    Verified,
}

impl Client {
    pub(super) fn new(
        mechanism: Mechanism,
        binding: TokenBinding,
        credentials: &Credentials,
        context: &client::Context,
    ) -> Result<Self, Error> {
        let (user, token) = credentials.fast_token_for(mechanism)?;
        let data = data_of(binding, &context.bindings).ok_or(Error::NoChannelBinding { mechanism })?;
        let message = [user.as_bytes(), b"\0", &hashed(token, "Initiator", &data)].concat();
        Ok(Client { message, expected: hashed(token, "Responder", &data), state: State::Start })
    }

    fn verify(&mut self, proof: &[u8]) -> Result<(), Error> {
        if self.state != State::Sent {
            return Err(Error::UnexpectedChallenge);
        }
        if proof.len() != HASH.output_len() {
            return Err(Error::SignatureMalformed);
        }
        if !self.expected.matches(proof) {
            return Err(Error::SignatureWrong);
        }
        self.state = State::Verified;
        Ok(())
    }
}

impl ClientSide for Client {
    fn first(&mut self) -> Result<Vec<u8>, Error> {
        self.state = State::Sent;
        Ok(core::mem::take(&mut self.message))
    }

    /// The proof, from a protocol that cannot carry it with its success.
    fn challenge(&mut self, challenge: &[u8]) -> Result<Step, Error> {
        self.verify(challenge).map(|()| Step::Send(Vec::new()))
    }

    fn success_data(&mut self, data: &[u8]) -> Result<(), Error> {
        self.verify(data)
    }

    fn check_complete(&self) -> Result<(), Error> {
        match self.state {
            State::Start => Err(Error::Incomplete),
            State::Sent => Err(Error::SignatureMissing),
            State::Verified => Ok(()),
        }
    }
}

pub(super) struct Server {
    binding_data: Vec<u8>,
    asked: Option<(String, TokenProof)>,
}

impl Server {
    pub(super) fn new(mechanism: Mechanism, binding: TokenBinding, context: &Context) -> Result<Self, StartError> {
        let binding_data = data_of(binding, &context.bindings).ok_or(StartError::NoChannelBinding { mechanism })?;
        Ok(Server { binding_data, asked: None })
    }
}

impl ServerSide for Server {
    fn respond(&mut self, response: &[u8]) -> Result<Turn, Failure> {
        let end = response.iter().position(|octet| *octet == 0).ok_or(Failure::TokenForm)?;
        let (user, rest) = response.split_at(end);
        let proof = rest.strip_prefix(b"\0").filter(|proof| proof.len() == HASH.output_len());
        let proof = TokenProof::new(proof.ok_or(Failure::TokenForm)?, &self.binding_data);
        let user = text::name(Field::User, text::utf8(Field::User, user)?)?;
        self.asked = Some((user.into(), proof.clone()));
        Ok(Turn::Ask(Ask::HashedToken { user: user.into(), proof }))
    }

    fn answer(&mut self, answer: Answer) -> Result<Turn, Misuse> {
        let (user, proof) = self.asked.as_ref().ok_or(Misuse::NothingAsked)?;
        match answer {
            Answer::Secret(token) if proof.fits(&token) => {
                let data = hashed(&token, "Responder", &self.binding_data).to_vec();
                Ok(Turn::Proved { user: user.clone(), authzid: None, data: Some(data) })
            }
            Answer::Secret(_) | Answer::NoKeys => Claim::default().settle(Answer::Reject(Rejection::Credentials)),
            // Without the token there is no proof for the client.
            Answer::Accept | Answer::AcceptAs(_) => Err(Misuse::WrongAnswer),
            other => Claim::default().settle(other),
        }
    }
}
