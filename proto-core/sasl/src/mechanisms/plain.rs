//! PLAIN (RFC 4616).

use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::client::{ClientSide, Credentials, Error, Step};
use crate::mechanism::Mechanism;
use crate::misuse::Misuse;
use crate::secret::Secret;
use crate::server::{Answer, Ask, Claim, Failure, ServerSide, Turn};
use crate::text::{self, Field};

pub(super) struct Client {
    message: Zeroizing<Vec<u8>>,
    sent: bool,
}

impl Client {
    pub(super) fn new(credentials: &Credentials) -> Result<Self, Error> {
        let (user, password) = credentials.password_for(Mechanism::Plain)?;
        let authzid = credentials.authzid().unwrap_or_default();
        let message = [authzid, user, password.expose()].join("\0").into_bytes();
        Ok(Client { message: Zeroizing::new(message), sent: false })
    }
}

impl ClientSide for Client {
    fn first(&mut self) -> Result<Vec<u8>, Error> {
        self.sent = true;
        Ok(core::mem::take(&mut *self.message))
    }

    fn challenge(&mut self, _: &[u8]) -> Result<Step, Error> {
        Err(Error::UnexpectedChallenge)
    }

    fn check_complete(&self) -> Result<(), Error> {
        if self.sent { Ok(()) } else { Err(Error::Incomplete) }
    }
}

#[derive(Default)]
pub(super) struct Server(Claim);

impl ServerSide for Server {
    fn respond(&mut self, response: &[u8]) -> Result<Turn, Failure> {
        let message = text::utf8(Field::Message, response)?;
        let (authzid, rest) = message.split_once('\0').ok_or(Failure::PlainForm)?;
        let (user, password) = rest.split_once('\0').ok_or(Failure::PlainForm)?;
        let authzid = match authzid {
            "" => None,
            authzid => Some(text::name(Field::Authzid, authzid)?.into()),
        };
        let user = text::name(Field::User, user)?;
        let password = Secret::new(text::password(password)?);
        self.0 = Claim { user: Some(user.into()), authzid: authzid.clone() };
        Ok(Turn::Ask(Ask::Password { authzid, user: user.into(), password }))
    }

    fn answer(&mut self, answer: Answer) -> Result<Turn, Misuse> {
        self.0.settle(answer)
    }
}
