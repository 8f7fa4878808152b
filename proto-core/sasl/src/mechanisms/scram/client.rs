use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::auth_message;
use super::message::{ServerFirst, parse_server_final};
use crate::base64;
use crate::client::{ClientSide, Context, Credentials, Error, Step};
use crate::derivation::{Derivation, Derived};
use crate::hash::{Hash, Output};
use crate::keys::ScramKeys;
use crate::mechanism::Mechanism;
use crate::mechanisms::gs2::{self, Flag};
use crate::misuse::Misuse;
use crate::prep::saslprep;

pub(in crate::mechanisms) struct Client {
    hash: Hash,
    /// The GS2 header, and after it the channel binding data.
    gs2_header: String,
    binding_data: Vec<u8>,
    client_first_bare: String,
    client_nonce: String,
    password: Zeroizing<String>,
    /// What `h=` must say, if it is there (XEP-0474).
    advertised: Option<String>,
    min_iterations: u32,
    max_iterations: u32,
    state: State,
}

enum State {
    Start,
    FirstSent,
    Deriving { server_first: String, nonce: String, salt: Vec<u8>, iterations: u32 },
    FinalSent { server_signature: Output },
    Verified,
}

impl Client {
    pub(in crate::mechanisms) fn new(
        mechanism: Mechanism,
        hash: Hash,
        credentials: &Credentials,
        context: &Context,
    ) -> Result<Self, Error> {
        let (user, password) = credentials.password_for(mechanism)?;
        let user = saslprep(user).map_err(Error::UserName)?;
        let password = Zeroizing::new(String::from(saslprep(password.expose()).map_err(Error::Password)?));
        let (flag, binding_data) = match context.bindings.preferred() {
            Some(binding) if mechanism.is_plus() => (Flag::Used(binding.name()), binding.data()),
            None if mechanism.is_plus() => return Err(Error::NoChannelBinding { mechanism }),
            Some(_) if !context.server_offers_plus => (Flag::NotOffered, [].as_slice()),
            _ => (Flag::No, [].as_slice()),
        };
        let client_nonce = context.nonce.as_str();
        Ok(Client {
            hash,
            gs2_header: gs2::encode(flag, credentials.authzid()),
            binding_data: binding_data.into(),
            client_first_bare: format!("n={},r={client_nonce}", gs2::escape(&user)),
            client_nonce: client_nonce.into(),
            password,
            advertised: context.advertised.as_ref().map(|lists| lists.hash(hash)),
            min_iterations: *context.iterations.start(),
            max_iterations: *context.iterations.end(),
            state: State::Start,
        })
    }

    fn read_server_first(&mut self, challenge: &[u8]) -> Result<Step, Error> {
        let server_first = core::str::from_utf8(challenge).map_err(|_| Error::NotUtf8)?;
        let ServerFirst { nonce, salt, iterations, advertised } = ServerFirst::parse(server_first)?;
        if nonce.strip_prefix(&*self.client_nonce).is_none_or(str::is_empty) {
            return Err(Error::NonceNotExtended);
        }
        if let (Some(theirs), Some(ours)) = (advertised, &self.advertised)
            && theirs != ours
        {
            return Err(Error::AdvertisedChanged);
        }
        if iterations < self.min_iterations {
            return Err(Error::TooFewIterations { iterations, min: self.min_iterations });
        }
        if iterations > self.max_iterations {
            return Err(Error::TooManyIterations { max: self.max_iterations });
        }
        let password = core::mem::take(&mut self.password);
        let work = Derivation::from_prepared(self.hash, &password, &salt, iterations);
        self.state = State::Deriving { server_first: server_first.into(), nonce: nonce.into(), salt, iterations };
        Ok(Step::Work(work))
    }

    fn verify(&mut self, server_final: &[u8]) -> Result<(), Error> {
        let State::FinalSent { server_signature } = &self.state else { return Err(Error::UnexpectedSuccessData) };
        let server_final = core::str::from_utf8(server_final).map_err(|_| Error::NotUtf8)?;
        let signature = parse_server_final(server_final, self.hash.output_len())?;
        if !server_signature.matches(&signature) {
            return Err(Error::SignatureWrong);
        }
        self.state = State::Verified;
        Ok(())
    }
}

impl ClientSide for Client {
    fn first(&mut self) -> Result<Vec<u8>, Error> {
        self.state = State::FirstSent;
        Ok(format!("{}{}", self.gs2_header, self.client_first_bare).into_bytes())
    }

    fn challenge(&mut self, challenge: &[u8]) -> Result<Step, Error> {
        match &self.state {
            State::FirstSent => self.read_server_first(challenge),
            State::FinalSent { .. } => self.verify(challenge).map(|()| Step::Send(Vec::new())),
            State::Start | State::Deriving { .. } | State::Verified => Err(Error::UnexpectedChallenge),
        }
    }

    fn resume(&mut self, derived: Derived) -> Result<Step, Error> {
        let State::Deriving { server_first, nonce, salt, iterations } = &self.state else {
            return Err(Misuse::NoWork.into());
        };
        if (derived.hash(), derived.salt(), derived.iterations()) != (self.hash, salt.as_slice(), *iterations) {
            return Err(Misuse::WrongDerivation.into());
        }
        let binding = base64::encode(&[self.gs2_header.as_bytes(), &self.binding_data].concat());
        let without_proof = format!("c={binding},r={nonce}");
        let signed = auth_message(&self.client_first_bare, server_first, &without_proof);
        let keys = ScramKeys::from_derived(&derived);
        let mut proof = self.hash.hmac(keys.stored_key(), &[signed.as_bytes()]);
        proof.xor(&derived.client_key());
        let server_signature = self.hash.hmac(keys.server_key(), &[signed.as_bytes()]);
        self.state = State::FinalSent { server_signature };
        Ok(Step::Send(format!("{without_proof},p={}", base64::encode(&proof)).into_bytes()))
    }

    fn success_data(&mut self, data: &[u8]) -> Result<(), Error> {
        self.verify(data)
    }

    fn check_complete(&self) -> Result<(), Error> {
        match self.state {
            State::Verified => Ok(()),
            State::FinalSent { .. } => Err(Error::SignatureMissing),
            State::Start | State::FirstSent | State::Deriving { .. } => Err(Error::Incomplete),
        }
    }
}
