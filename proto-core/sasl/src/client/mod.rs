//! The client's side: [`choose`] a mechanism, [`Client::start`] it, [`step`](Client::step) through it, and believe the
//! server's success only after [`succeed`](Client::succeed).
//!
//! | call | when |
//! |---|---|
//! | `step(None)` | once at the start, to learn the initial response. [`Step::Wait`]: the mechanism has none |
//! | `step(Some(challenge))` | at each challenge, decoded. An empty first challenge stands for `step(None)` |
//! | `resume(derived)` | after [`Step::Work`], with what the work gave |
//! | `succeed(data)` | when the server says that it went well, with the additional data if the protocol carried some |
//!
//! When the server says that it failed, or the user gives up, drop the client.

mod choose;
mod context;
mod credentials;
mod error;

pub use choose::{Policy, choose};
pub use context::Context;
pub use credentials::{Credentials, CredentialsError};
pub use error::{Error, ServerErrorValue};

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::derivation::{Derivation, Derived};
use crate::mechanism::Mechanism;
use crate::mechanisms;
use crate::misuse::Misuse;

/// One exchange, from the client's side.
pub struct Client {
    mechanism: Mechanism,
    side: Box<dyn ClientSide>,
    state: State,
    /// How many octets the server may still send.
    left: usize,
    limit: usize,
}

/// What the client does next.
#[must_use]
pub enum Step {
    /// Send this message, encoded as the protocol does; an empty message too.
    Send(Vec<u8>),
    /// Run this, here or elsewhere, and go on with [`Client::resume`].
    Work(Derivation),
    /// Send nothing; the server speaks next.
    Wait,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Send(message) => write!(f, "Send({} octets)", message.len()),
            Step::Work(work) => f.debug_tuple("Work").field(work).finish(),
            Step::Wait => f.write_str("Wait"),
        }
    }
}

#[derive(Clone)]
enum State {
    Fresh,
    Running,
    Working,
    Succeeded,
    Failed(Error),
}

/// One mechanism, from the client's side. The order of calls is [`Client`]'s care.
pub(crate) trait ClientSide: Send + Sync {
    /// The initial response; asked of mechanisms where the client speaks first, once, before all else.
    fn first(&mut self) -> Result<Vec<u8>, Error> {
        Err(Error::UnexpectedChallenge)
    }

    /// The response to a challenge.
    fn challenge(&mut self, challenge: &[u8]) -> Result<Step, Error>;

    /// Goes on after [`Step::Work`].
    fn resume(&mut self, _: Derived) -> Result<Step, Error> {
        Err(Misuse::NoWork.into())
    }

    /// Takes the additional data of the server's success.
    fn success_data(&mut self, _: &[u8]) -> Result<(), Error> {
        Err(Error::UnexpectedSuccessData)
    }

    /// Whether the mechanism has run to its end, so that the server may say success.
    fn check_complete(&self) -> Result<(), Error>;

    /// What the server told about its refusal.
    fn refusal(&self) -> Option<&[u8]> {
        None
    }
}

impl Client {
    /// Begins an exchange. Nothing of `credentials` is kept but what the mechanism needs.
    ///
    /// # Errors
    /// The credentials do not fit the mechanism or cannot be prepared, a -PLUS form has no channel binding, or the
    /// context's host cannot stand in a message.
    pub fn start(mechanism: Mechanism, credentials: &Credentials, context: &Context) -> Result<Self, Error> {
        let side = mechanisms::client_side(mechanism, credentials, context)?;
        Ok(Client { mechanism, side, state: State::Fresh, left: context.limit, limit: context.limit })
    }

    /// The mechanism that was started.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// Takes the server's challenge, decoded, and tells what to do. `None` only at the start: it asks for the initial
    /// response.
    ///
    /// # Errors
    /// What the server did wrong; then cancel the exchange. The same error comes at every later call.
    /// [`Error::Misuse`] changes nothing.
    pub fn step(&mut self, challenge: Option<&[u8]>) -> Result<Step, Error> {
        let fresh = match &self.state {
            State::Fresh => true,
            State::Running => false,
            State::Working => return Err(Misuse::WorkAwaited.into()),
            State::Succeeded => return Err(Misuse::Finished.into()),
            State::Failed(error) => return Err(error.clone()),
        };
        if challenge.is_none() && !fresh {
            return Err(Misuse::MessageMissing.into());
        }
        self.state = State::Running;
        let outcome = match challenge {
            None if self.mechanism.client_first() => self.side.first().map(Step::Send),
            None => Ok(Step::Wait),
            Some([]) if fresh && self.mechanism.client_first() => self.side.first().map(Step::Send),
            Some(_) if fresh && self.mechanism.client_first() => Err(Error::UnexpectedChallenge),
            Some(challenge) => self.charge(challenge).and_then(|()| self.side.challenge(challenge)),
        };
        if let Ok(Step::Work(_)) = &outcome {
            self.state = State::Working;
        }
        self.keep(outcome)
    }

    /// Goes on with what [`Step::Work`] gave.
    ///
    /// # Errors
    /// [`Error::Misuse`], which changes nothing, when no work is out or `derived` has other parameters than the work.
    pub fn resume(&mut self, derived: Derived) -> Result<Step, Error> {
        match &self.state {
            State::Working => {}
            State::Failed(error) => return Err(error.clone()),
            State::Succeeded => return Err(Misuse::Finished.into()),
            State::Fresh | State::Running => return Err(Misuse::NoWork.into()),
        }
        let outcome = self.side.resume(derived);
        if outcome.is_ok() {
            self.state = State::Running;
        }
        self.keep(outcome)
    }

    /// Takes the server's word of success, with its additional data if there was some, decoded. Only after `Ok` is the
    /// client logged in, and only then, with SCRAM, has the server proved that it knows the password.
    ///
    /// # Errors
    /// The mechanism has not run to its end, or the proof is missing or wrong: treat the connection as hostile.
    pub fn succeed(&mut self, data: Option<&[u8]>) -> Result<(), Error> {
        match &self.state {
            State::Fresh | State::Running | State::Working => {}
            State::Succeeded => return Err(Misuse::Finished.into()),
            State::Failed(error) => return Err(error.clone()),
        }
        let outcome = match data {
            None | Some([]) => Ok(()),
            Some(data) => self.charge(data).and_then(|()| self.side.success_data(data)),
        };
        let outcome = outcome.and_then(|()| self.side.check_complete());
        if outcome.is_ok() {
            self.state = State::Succeeded;
        }
        self.keep(outcome)
    }

    /// What an OAuth server told about its refusal: JSON, as it came, to be treated with distrust.
    pub fn refusal(&self) -> Option<&[u8]> {
        self.side.refusal()
    }

    fn charge(&mut self, message: &[u8]) -> Result<(), Error> {
        self.left = self.left.checked_sub(message.len()).ok_or(Error::TooLong { limit: self.limit })?;
        Ok(())
    }

    fn keep<T>(&mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        match &outcome {
            Ok(_) | Err(Error::Misuse(_)) => {}
            Err(error) => self.state = State::Failed(error.clone()),
        }
        outcome
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Fresh => "fresh",
            State::Running => "running",
            State::Working => "working",
            State::Succeeded => "succeeded",
            State::Failed(_) => "failed",
        };
        write!(f, "Client({}, {state})", self.mechanism)
    }
}
