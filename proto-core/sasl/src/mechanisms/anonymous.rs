//! ANONYMOUS (RFC 4505).

use alloc::string::String;
use alloc::vec::Vec;

use crate::client::{ClientSide, Credentials, Error, Step};
use crate::mechanism::Mechanism;
use crate::misuse::Misuse;
use crate::server::{Answer, Ask, Claim, Failure, ServerSide, Turn};
use crate::text::{self, Field};

pub(super) struct Client {
    trace: String,
    sent: bool,
}

impl Client {
    pub(super) fn new(credentials: &Credentials) -> Result<Self, Error> {
        Ok(Client { trace: credentials.trace_for(Mechanism::Anonymous)?.into(), sent: false })
    }
}

impl ClientSide for Client {
    fn first(&mut self) -> Result<Vec<u8>, Error> {
        self.sent = true;
        Ok(self.trace.as_bytes().into())
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
        let trace = text::trace(text::utf8(Field::Trace, response)?)?;
        self.0 = Claim { user: Some("anonymous".into()), authzid: None };
        Ok(Turn::Ask(Ask::Anonymous { trace: trace.into() }))
    }

    fn answer(&mut self, answer: Answer) -> Result<Turn, Misuse> {
        self.0.settle(answer)
    }
}
