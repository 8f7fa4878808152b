//! EXTERNAL (RFC 4422 Appendix A).

use alloc::string::String;
use alloc::vec::Vec;

use crate::client::{ClientSide, Credentials, Error, Step};
use crate::mechanism::Mechanism;
use crate::misuse::Misuse;
use crate::server::{Answer, Ask, Claim, Failure, ServerSide, Turn};
use crate::text::{self, Field};

pub(super) struct Client {
    authzid: String,
    sent: bool,
}

impl Client {
    pub(super) fn new(credentials: &Credentials) -> Result<Self, Error> {
        let mechanism = Mechanism::External;
        if !credentials.fit(mechanism) {
            return Err(Error::WrongCredentials { mechanism });
        }
        Ok(Client { authzid: credentials.authzid().unwrap_or_default().into(), sent: false })
    }
}

impl ClientSide for Client {
    fn first(&mut self) -> Result<Vec<u8>, Error> {
        self.sent = true;
        Ok(self.authzid.as_bytes().into())
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
        let authzid = match text::utf8(Field::Authzid, response)? {
            "" => None,
            authzid => Some(String::from(text::name(Field::Authzid, authzid)?)),
        };
        self.0 = Claim { user: authzid.clone(), authzid: None };
        Ok(Turn::Ask(Ask::External { authzid }))
    }

    fn answer(&mut self, answer: Answer) -> Result<Turn, Misuse> {
        self.0.settle(answer)
    }
}
