use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::auth_message;
use super::message::{ClientFinal, ClientFirst};
use crate::base64;
use crate::binding::Bindings;
use crate::hash::Hash;
use crate::keys::{FakeKeys, ScramKeys};
use crate::mechanism::Mechanism;
use crate::mechanisms::gs2::{self, Flag};
use crate::misuse::Misuse;
use crate::prep::saslprep;
use crate::secret::constant_time_eq;
use crate::server::{Answer, Ask, Context, Failure, Rejection, ServerSide, StartError, Turn};
use crate::text::{self, Field};

pub(in crate::mechanisms) struct Server {
    hash: Hash,
    plus: bool,
    plus_offered: bool,
    bindings: Bindings,
    fake_keys: FakeKeys,
    /// What `h=` says (XEP-0474).
    advertised: Option<String>,
    server_nonce: String,
    state: State,
}

enum State {
    Start,
    Asking(First),
    FirstSent { first: First, server_first: String, keys: Box<ScramKeys>, user_exists: bool },
    Ended,
}

/// What is kept of the client's first message.
struct First {
    user: String,
    authzid: Option<String>,
    client_first_bare: String,
    /// Both nonces, one after the other.
    nonce: String,
    /// What `c=` must hold: the GS2 header and the channel binding data.
    channel_binding: Vec<u8>,
}

impl Server {
    pub(in crate::mechanisms) fn new(mechanism: Mechanism, hash: Hash, context: &Context) -> Result<Self, StartError> {
        if mechanism.is_plus() && context.bindings.is_empty() {
            return Err(StartError::NoChannelBinding { mechanism });
        }
        let fake_keys = context.fake_keys.clone().ok_or(StartError::NoFakeKeys { mechanism })?;
        Ok(Server {
            hash,
            plus: mechanism.is_plus(),
            plus_offered: context.plus_offered,
            bindings: context.bindings.clone(),
            fake_keys,
            advertised: context.advertised.as_ref().map(|lists| lists.hash(hash)),
            server_nonce: context.nonce.as_str().into(),
            state: State::Start,
        })
    }

    fn read_client_first(&mut self, response: &[u8]) -> Result<Turn, Failure> {
        let message = ClientFirst::parse(text::utf8(Field::Message, response)?)?;
        let binding_data: &[u8] = match message.header.flag {
            Flag::Used(_) if !self.plus => return Err(Failure::BindingUnexpected),
            Flag::Used(name) => self.bindings.find(name).ok_or(Failure::BindingTypeUnsupported)?.data(),
            Flag::NotOffered if self.plus_offered => return Err(Failure::Downgrade),
            Flag::NotOffered | Flag::No if self.plus => return Err(Failure::BindingMissing),
            Flag::NotOffered | Flag::No => &[],
        };
        let user = gs2::unescape(message.user)?;
        let user = saslprep(text::name(Field::User, &user)?).map_err(Failure::UserName)?;
        let first = First {
            user: text::name(Field::User, &user)?.into(),
            authzid: message.header.authzid,
            client_first_bare: message.bare.into(),
            nonce: format!("{}{}", message.nonce, self.server_nonce),
            channel_binding: [message.header.text.as_bytes(), binding_data].concat(),
        };
        let ask = Ask::Keys { authzid: first.authzid.clone(), user: first.user.clone(), hash: self.hash };
        self.state = State::Asking(first);
        Ok(Turn::Ask(ask))
    }

    fn read_client_final(&mut self, response: &[u8]) -> Result<Turn, Failure> {
        let State::FirstSent { first, server_first, keys, user_exists } =
            core::mem::replace(&mut self.state, State::Ended)
        else {
            return Err(Failure::ConfirmationNotEmpty);
        };
        let message = ClientFinal::parse(text::utf8(Field::Message, response)?, self.hash.output_len())?;
        if !constant_time_eq(&message.channel_binding, &first.channel_binding) {
            return Err(Failure::BindingMismatch);
        }
        if !constant_time_eq(message.nonce.as_bytes(), first.nonce.as_bytes()) {
            return Err(Failure::NonceMismatch);
        }
        let signed = auth_message(&first.client_first_bare, &server_first, message.without_proof);
        let mut client_key = self.hash.hmac(keys.stored_key(), &[signed.as_bytes()]);
        client_key.xor(&message.proof);
        let proved = self.hash.digest(&client_key).matches(keys.stored_key());
        if !(proved & user_exists) {
            return Err(Rejection::Credentials.into());
        }
        let server_signature = self.hash.hmac(keys.server_key(), &[signed.as_bytes()]);
        let data = format!("v={}", base64::encode(&server_signature)).into_bytes();
        Ok(Turn::Proved { user: first.user, authzid: first.authzid, data: Some(data) })
    }
}

impl ServerSide for Server {
    fn respond(&mut self, response: &[u8]) -> Result<Turn, Failure> {
        match self.state {
            State::Start => self.read_client_first(response),
            _ => self.read_client_final(response),
        }
    }

    fn answer(&mut self, answer: Answer) -> Result<Turn, Misuse> {
        let State::Asking(first) = &self.state else { return Err(Misuse::NothingAsked) };
        let (keys, user_exists) = match answer {
            Answer::Keys(keys) if keys.hash() != self.hash => return Err(Misuse::WrongHash),
            Answer::Keys(keys) => (keys, true),
            Answer::NoKeys | Answer::Reject(Rejection::Credentials) => {
                (self.fake_keys.keys_for(self.hash, &first.user), false)
            }
            Answer::Reject(rejection) => return Ok(Turn::Failed(rejection.into())),
            Answer::Accept | Answer::AcceptAs(_) | Answer::Secret(_) => return Err(Misuse::WrongAnswer),
        };
        let mut server_first = format!("r={},s={},i={}", first.nonce, base64::encode(keys.salt()), keys.iterations());
        if let Some(advertised) = &self.advertised {
            server_first.push_str(",h=");
            server_first.push_str(advertised);
        }
        let challenge = server_first.as_bytes().into();
        if let State::Asking(first) = core::mem::replace(&mut self.state, State::Ended) {
            self.state = State::FirstSent { first, server_first, keys: Box::new(keys), user_exists };
        }
        Ok(Turn::Challenge(challenge))
    }
}
