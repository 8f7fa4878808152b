//! The server's side: [`Server::start`] the mechanism that the client named, [`step`](Server::step) with each response,
//! and [`answer`](Server::answer) what only the application knows.
//!
//! | call | when |
//! |---|---|
//! | `step(None)` | once at the start, when the client sent no initial response |
//! | `step(Some(response))` | at each response, decoded, the initial one included |
//! | `answer(..)` | after [`Step::Ask`], as the table at [`Ask`] says |
//!
//! After [`Step::Done`] or [`Step::Failed`] the exchange is over. When the client cancels, drop the server.

mod ask;
mod context;
mod failure;
mod offer;

pub(crate) use ask::Claim;
pub use ask::{Answer, Ask, CramProof, Identity, Rejection, TokenProof};
pub use context::{Context, OAuthHints, StartError};
pub use failure::Failure;
pub use offer::Offer;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::mechanism::Mechanism;
use crate::mechanisms;
use crate::misuse::Misuse;

/// One exchange, from the server's side.
pub struct Server {
    mechanism: Mechanism,
    side: Box<dyn ServerSide>,
    state: State,
    success_data: bool,
    /// How many octets the client may still send.
    left: usize,
    limit: usize,
}

/// What the server does next.
#[must_use]
pub enum Step {
    /// Send this challenge, encoded as the protocol does; an empty one too.
    Challenge(Vec<u8>),
    /// Ask the application, and go on with [`Server::answer`].
    Ask(Ask),
    /// The client is who it says.
    Done {
        /// Who that is, and as whom it may act.
        identity: Identity,
        /// Additional data to send with the success; only when the context says that the protocol can.
        data: Option<Vec<u8>>,
    },
    /// The client is refused.
    Failed(Failure),
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Challenge(message) => write!(f, "Challenge({} octets)", message.len()),
            Step::Ask(ask) => f.debug_tuple("Ask").field(ask).finish(),
            Step::Done { identity, data } => {
                write!(f, "Done({identity:?}, {} octets)", data.as_ref().map_or(0, Vec::len))
            }
            Step::Failed(failure) => f.debug_tuple("Failed").field(failure).finish(),
        }
    }
}

enum State {
    /// Nothing has come yet.
    Fresh,
    /// A challenge is out.
    Challenged,
    /// The mechanism's question is open.
    Asking,
    /// [`Ask::Authorize`] is open.
    Authorizing { user: String, authzid: String, data: Option<Vec<u8>> },
    /// The additional data went out as a challenge; an empty response confirms it.
    Confirming(Identity),
    /// Done or failed.
    Over,
}

/// One mechanism, from the server's side. The order of calls is [`Server`]'s care.
pub(crate) trait ServerSide: Send + Sync {
    /// The first challenge; asked of mechanisms where the server speaks first.
    fn first(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// An initial response to a mechanism where the server speaks first.
    fn too_early(&mut self, _: &[u8]) -> Result<Turn, Failure> {
        Err(Failure::UnexpectedInitialResponse)
    }

    /// The client's response.
    fn respond(&mut self, response: &[u8]) -> Result<Turn, Failure>;

    /// The application's answer to the mechanism's question.
    fn answer(&mut self, answer: Answer) -> Result<Turn, Misuse>;
}

/// What a mechanism wants next.
pub(crate) enum Turn {
    Challenge(Vec<u8>),
    Ask(Ask),
    /// The user is proved; whether it may act as `authzid` is still to be asked.
    Proved {
        user: String,
        authzid: Option<String>,
        data: Option<Vec<u8>>,
    },
    /// The application named the identity itself.
    Named(Identity),
    Failed(Failure),
}

impl Server {
    /// Begins an exchange.
    ///
    /// # Errors
    /// The context lacks what the mechanism needs; then the server should not have offered it.
    pub fn start(mechanism: Mechanism, context: &Context) -> Result<Self, StartError> {
        Ok(Server {
            mechanism,
            side: mechanisms::server_side(mechanism, context)?,
            state: State::Fresh,
            success_data: context.success_data,
            left: context.limit,
            limit: context.limit,
        })
    }

    /// The mechanism that was started.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// Takes the client's response, decoded, and tells what to do. `None` only at the start: there was no initial response.
    ///
    /// # Errors
    /// [`Misuse`], which changes nothing: a question is open, or the exchange is over. What the *client* did wrong is
    /// [`Step::Failed`].
    pub fn step(&mut self, response: Option<&[u8]>) -> Result<Step, Misuse> {
        match (&self.state, response) {
            (State::Over, _) => Err(Misuse::Finished),
            (State::Asking | State::Authorizing { .. }, _) => Err(Misuse::AnswerAwaited),
            (State::Fresh, None) => {
                let challenge = self.side.first();
                Ok(self.turn(Turn::Challenge(challenge)))
            }
            (State::Challenged | State::Confirming(_), None) => Err(Misuse::MessageMissing),
            (State::Fresh | State::Challenged | State::Confirming(_), Some(response)) => Ok(self.respond(response)),
        }
    }

    /// Takes the application's answer to [`Step::Ask`].
    ///
    /// # Errors
    /// [`Misuse`], which changes nothing: nothing was asked, or the answer does not fit the question.
    pub fn answer(&mut self, answer: Answer) -> Result<Step, Misuse> {
        match &mut self.state {
            State::Over => Err(Misuse::Finished),
            State::Fresh | State::Challenged | State::Confirming(_) => Err(Misuse::NothingAsked),
            State::Asking => {
                let turn = self.side.answer(answer)?;
                Ok(self.turn(turn))
            }
            State::Authorizing { user, authzid, data } => {
                let identity = match answer {
                    Answer::Accept => Identity::new(core::mem::take(user)).acting_as(core::mem::take(authzid)),
                    Answer::AcceptAs(identity) => identity,
                    Answer::Reject(rejection) => return Ok(self.turn(Turn::Failed(Failure::Rejected(rejection)))),
                    Answer::Keys(_) | Answer::Secret(_) | Answer::NoKeys => return Err(Misuse::WrongAnswer),
                };
                let data = data.take();
                Ok(self.finish(identity, data))
            }
        }
    }

    fn respond(&mut self, response: &[u8]) -> Step {
        let Some(left) = self.left.checked_sub(response.len()) else {
            return self.turn(Turn::Failed(Failure::TooLong { limit: self.limit }));
        };
        self.left = left;
        let turn = match core::mem::replace(&mut self.state, State::Over) {
            State::Confirming(identity) if response.is_empty() => return Step::Done { identity, data: None },
            State::Confirming(_) => Err(Failure::ConfirmationNotEmpty),
            State::Fresh if !self.mechanism.client_first() => self.side.too_early(response),
            _ => self.side.respond(response),
        };
        self.turn(turn.unwrap_or_else(Turn::Failed))
    }

    fn turn(&mut self, turn: Turn) -> Step {
        match turn {
            Turn::Challenge(challenge) => {
                self.state = State::Challenged;
                Step::Challenge(challenge)
            }
            Turn::Ask(ask) => {
                self.state = State::Asking;
                Step::Ask(ask)
            }
            Turn::Proved { user, authzid: Some(authzid), data } if authzid != user => {
                let ask = Ask::Authorize { user: user.clone(), authzid: authzid.clone() };
                self.state = State::Authorizing { user, authzid, data };
                Step::Ask(ask)
            }
            Turn::Proved { user, authzid, data } => {
                let identity = Identity { user, authzid };
                self.finish(identity, data)
            }
            Turn::Named(identity) => self.finish(identity, None),
            Turn::Failed(failure) => {
                self.state = State::Over;
                Step::Failed(failure)
            }
        }
    }

    fn finish(&mut self, identity: Identity, data: Option<Vec<u8>>) -> Step {
        match data {
            Some(data) if !self.success_data => {
                self.state = State::Confirming(identity);
                Step::Challenge(data)
            }
            data => {
                self.state = State::Over;
                Step::Done { identity, data }
            }
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Fresh => "fresh",
            State::Challenged => "challenged",
            State::Asking | State::Authorizing { .. } => "asking",
            State::Confirming(_) => "confirming",
            State::Over => "over",
        };
        write!(f, "Server({}, {state})", self.mechanism)
    }
}
