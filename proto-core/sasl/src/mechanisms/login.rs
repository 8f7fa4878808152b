//! LOGIN: never more than a draft, which says `User Name` and `Password`; everybody sends `Username:` and `Password:`.

use alloc::string::String;
use alloc::vec::Vec;

use crate::client::{ClientSide, Credentials, Error, Step};
use crate::mechanism::Mechanism;
use crate::misuse::Misuse;
use crate::secret::Secret;
use crate::server::{Answer, Ask, Claim, Failure, ServerSide, Turn};
use crate::text::{self, Field};

pub(super) enum Client {
    User { user: String, password: Secret },
    Password(Secret),
    Sent,
}

impl Client {
    pub(super) fn new(credentials: &Credentials) -> Result<Self, Error> {
        let (user, password) = credentials.password_for(Mechanism::Login)?;
        Ok(Client::User { user: user.into(), password: password.clone() })
    }
}

impl ClientSide for Client {
    /// The prompts are not looked at: servers word them as they like.
    fn challenge(&mut self, _: &[u8]) -> Result<Step, Error> {
        match core::mem::replace(self, Client::Sent) {
            Client::User { user, password } => {
                *self = Client::Password(password);
                Ok(Step::Send(user.into_bytes()))
            }
            Client::Password(password) => Ok(Step::Send(password.expose().into())),
            Client::Sent => Err(Error::UnexpectedChallenge),
        }
    }

    fn check_complete(&self) -> Result<(), Error> {
        if matches!(self, Client::Sent) { Ok(()) } else { Err(Error::Incomplete) }
    }
}

#[derive(Default)]
pub(super) struct Server(Claim);

impl ServerSide for Server {
    fn first(&mut self) -> Vec<u8> {
        b"Username:".into()
    }

    /// Some clients send the user name as an initial response.
    fn too_early(&mut self, response: &[u8]) -> Result<Turn, Failure> {
        self.respond(response)
    }

    fn respond(&mut self, response: &[u8]) -> Result<Turn, Failure> {
        let Some(user) = &self.0.user else {
            let user = text::name(Field::User, text::utf8(Field::User, response)?)?;
            self.0.user = Some(user.into());
            return Ok(Turn::Challenge(b"Password:".into()));
        };
        let password = Secret::new(text::password(text::utf8(Field::Password, response)?)?);
        Ok(Turn::Ask(Ask::Password { authzid: None, user: user.clone(), password }))
    }

    fn answer(&mut self, answer: Answer) -> Result<Turn, Misuse> {
        self.0.settle(answer)
    }
}
