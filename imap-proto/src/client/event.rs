use alloc::boxed::Box;

use bytes::Bytes;
use thiserror::Error;
use wirestate_machine::{Ending, Ticket, TlsFacts};
use wirestate_sasl::{Derivation, base64, client::Error as SaslError};

use super::fetched::FetchData;
use crate::codec::{Code, Data, Fault, SeqNo, Status, Uid};

/// The number of something asked of the server; the events that answer it carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(super) u32);

impl RequestId {
    /// The number, for logs. It is not the command's tag.
    pub fn number(self) -> u32 {
        self.0
    }
}

/// What [`Ticket`]s of [`Event::Work`] may be answered with: a [`Derived`](wirestate_sasl::Derived).
#[derive(Debug)]
pub enum Derive {}

/// What a client tells its program.
///
/// Each request ends with exactly one [`Done`](Event::Done). Only a [`Violation`](super::Violation) ends all of them at once without.
///
/// Data carry the request that they answer where that is certain. Any data may also come unasked, at any time: so a program that keeps a model
/// of the mailbox takes all of them alike.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// TLS is up. What was known before it is forgotten (RFC 9051 §6.2.1).
    Secured(Box<TlsFacts>),
    /// The server has greeted, TLS is as the policy wants it: [`login`](super::Client::login) may come.
    Ready {
        /// The greeting's text; empty after STARTTLS, for it came before.
        greeting: Bytes,
        /// Whether the connection is encrypted.
        encrypted: bool,
        /// Whether we are logged in already, by means outside of IMAP (PREAUTH).
        authenticated: bool,
    },
    /// The server has told its capabilities, anew or for the first time: see [`Client::capabilities`](super::Client::capabilities).
    Capabilities,
    /// A work item of the login: run it, here or elsewhere, and give the outcome to [`derived`](super::Client::derived).
    Work {
        /// For the answer.
        ticket: Ticket<Derive>,
        /// The work, of milliseconds to seconds.
        derivation: Derivation,
    },
    /// What an OAuth server tells about its refusal, in JSON, unchecked; [`Event::Done`] follows.
    Refusal {
        /// Which login.
        request: RequestId,
        /// The JSON.
        json: Bytes,
    },
    /// The server's words to everybody: a warning, an alert that the user must see ([`Code::Alert`]), or a fact as a code.
    Told(Box<Status<Bytes>>),
    /// Data of any kind but FETCH and EXPUNGE.
    Data {
        /// Which request they answer.
        request: Option<RequestId>,
        /// The data.
        data: Box<Data<Bytes>>,
    },
    /// A message is gone, and each after it has a number less.
    Expunged {
        /// The number it had.
        number: SeqNo,
        /// Its UID, where it is known.
        uid: Option<Uid>,
    },
    /// What the server tells of a message: asked for, or a change.
    Fetch {
        /// Which request it answers.
        request: Option<RequestId>,
        /// What is told.
        data: FetchData,
    },
    /// What the server tells of a message has come as far as a long text, which follows in [`FetchChunk`](Event::FetchChunk)s. Then comes
    /// [`FetchEnd`](Event::FetchEnd), or this again where there is another such text.
    FetchBegin {
        /// Which request it answers.
        request: Option<RequestId>,
        /// What came before the text, and what the text is.
        data: FetchData,
        /// The text's length, in octets.
        octets: u64,
    },
    /// The next piece of a long text, cut anywhere.
    FetchChunk {
        /// Which request it answers.
        request: Option<RequestId>,
        /// The octets.
        bytes: Bytes,
    },
    /// What follows the last long text of a message.
    FetchEnd {
        /// Which request it answers.
        request: Option<RequestId>,
        /// What came after the text.
        data: FetchData,
    },
    /// The server waits for the text of a message: give it to [`append_data`](super::Client::append_data) until there is no more room. It
    /// comes again when there is room.
    Wanted {
        /// Which request.
        request: RequestId,
        /// How many octets are still to be given.
        octets: u64,
    },
    /// IDLE is on, for the first time or again.
    Idling {
        /// Which request.
        request: RequestId,
    },
    /// The request has come to its end.
    Done {
        /// Which request.
        request: RequestId,
        /// How.
        outcome: Outcome,
    },
    /// The server did something odd that could be lived with.
    Odd(Oddity),
    /// The session is over; nothing comes after this.
    Closed {
        /// Why.
        reason: Reason,
    },
}

impl Event {
    /// The request that this event is the last one of.
    pub fn finishes(&self) -> Option<RequestId> {
        match self {
            Event::Done { request, .. } => Some(*request),
            _ => None,
        }
    }
}

/// The server's words on a request, or on the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// What programs can understand of it, such as [`Code::AppendUid`].
    pub code: Option<Box<Code<Bytes>>>,
    /// Text for people.
    pub text: Bytes,
}

impl From<Status<Bytes>> for Words {
    fn from(status: Status<Bytes>) -> Self {
        Words { code: status.code.map(Box::new), text: status.text }
    }
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// `OK`: it was done.
    Ok(Words),
    /// `NO`: it could not be done.
    No(Words),
    /// `BAD`: the server did not understand it, or found it out of place.
    Bad(Words),
    /// The machine broke the login off, for the server's part of it was wrong.
    Cancelled(Box<LoginError>),
    /// It was never sent, for what was asked before it failed: no mailbox is selected, or it cannot be written any more.
    Unsent,
    /// The session ended before the server answered: whether it was done is not known.
    Unanswered,
}

impl Outcome {
    /// Whether the server said OK.
    pub fn is_ok(&self) -> bool {
        matches!(self, Outcome::Ok(_))
    }

    /// What the server said, if it said anything.
    pub fn words(&self) -> Option<&Words> {
        match self {
            Outcome::Ok(words) | Outcome::No(words) | Outcome::Bad(words) => Some(words),
            _ => None,
        }
    }

    /// What programs can understand of the server's words.
    pub fn code(&self) -> Option<&Code<Bytes>> {
        self.words()?.code.as_deref()
    }
}

/// What the machine tolerated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Oddity {
    /// A response that cannot be read was skipped.
    Unreadable {
        /// The response.
        response: Bytes,
        /// What was expected in it, and where.
        fault: Fault,
    },
    /// A continuation that nothing waits for was skipped.
    StrayContinuation,
    /// A greeting in the middle of the session was skipped.
    StrayGreeting,
    /// The server went on to tell of a mailbox before login; it was skipped.
    DataBeforeLogin,
}

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// LOGOUT was answered.
    Logout,
    /// The server closed the connection.
    Eof,
    /// Something took too long.
    Timeout(Wait),
    /// The server greeted with `BYE`.
    Refused(Words),
    /// The server said `BYE` unasked.
    Dismissed(Words),
    /// [`shutdown`](wirestate_machine::Machine::shutdown) was called.
    Shutdown,
}

impl From<&Reason> for Ending {
    fn from(reason: &Reason) -> Self {
        match reason {
            Reason::Logout => Ending::Quit,
            Reason::Eof | Reason::Refused(_) | Reason::Dismissed(_) => Ending::PeerClosed,
            // The program was slow, and not the server.
            Reason::Timeout(Wait::Work | Wait::Program) => Ending::Local,
            Reason::Timeout(_) => Ending::Timeout,
            Reason::Shutdown => Ending::Shutdown,
        }
    }
}

/// What a client waits for; each has its time in [`Limits`](super::Limits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wait {
    /// The TLS handshake, or the switch to compression.
    Upgrade,
    /// The server's greeting.
    Greeting,
    /// The next step of a login.
    Login,
    /// A response, or the next part of it.
    Response,
    /// The server's farewell.
    Logout,
    /// The program's answer to [`Event::Work`].
    Work,
    /// The program's next request, or the next piece of a message it sends.
    Program,
    /// The time to begin IDLE anew; it ends no session.
    Renewal,
    /// The time to show that we are there; it ends no session.
    KeepAlive,
}

/// Why the machine broke a login off.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The mechanism found fault with the server's message.
    #[error(transparent)]
    Sasl(#[from] SaslError),
    /// The server's message is not base64, or too long.
    #[error("the server's challenge cannot be read: {0}")]
    Base64(#[from] base64::DecodeError),
}
