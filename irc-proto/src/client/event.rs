use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use bytes::Bytes;
use thiserror::Error;
use wirestate_machine::{Ending, Ticket, TlsFacts};
use wirestate_sasl::{Derivation, Mechanism, base64, client::Error as SaslError};

use super::accounts::AccountReply;
use super::batches::Batch;
use super::metadata::MetadataChange;
use super::sts::Policy;
use super::tracker::Change;
use crate::capability::Capabilities;
use crate::codec::{Budget, Command, Fault, Message};
use crate::numerics::RPL_METADATASYNCLATER;

/// The number of a request; the event that answers it carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(super) u32);

/// The number of a text that was sent; its echo, and a refusal that can be told to belong to it, carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SendId(pub(super) u32);

impl RequestId {
    /// The number, for logs.
    pub fn number(self) -> u32 {
        self.0
    }
}

impl SendId {
    /// The number, for logs.
    pub fn number(self) -> u32 {
        self.0
    }
}

/// What [`Ticket`]s of [`Event::Work`] may be answered with: a [`Derived`](wirestate_sasl::Derived).
#[derive(Debug)]
pub enum Derive {}

/// What a client tells its program.
///
/// Each request ends with exactly one [`Response`](Event::Response) or [`Failed`](Event::Failed). Only a [`Violation`](super::Violation) ends all
/// of them at once without.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// TLS is up. What was known before it is forgotten.
    Secured(Box<TlsFacts>),
    /// The server wants to be reached by TLS alone.
    Sts(Sts),
    /// The capabilities that are agreed on, once before the welcome and whenever they change.
    Capabilities(Capabilities),
    /// A work item of the login: run it, here or elsewhere, and give the outcome to [`derived`](super::Client::derived).
    Work {
        /// For the answer.
        ticket: Ticket<Derive>,
        /// The work, of milliseconds to seconds.
        derivation: Derivation,
    },
    /// The login succeeded.
    LoggedIn {
        /// The mechanism.
        mechanism: Mechanism,
        /// The account, where the server has told it (900 RPL_LOGGEDIN).
        account: Option<Bytes>,
    },
    /// The login failed. Where it is [required](super::SaslPolicy::Required), the session ends.
    LoginFailed(Box<LoginError>),
    /// Registration is complete (001 RPL_WELCOME).
    Registered {
        /// The nickname that the server gave, which may not be the one asked for.
        nick: Bytes,
        /// The welcome.
        message: Message<Bytes>,
    },
    /// A message that belongs to nothing below. PING, PONG and what the machine negotiates are answered and not told.
    Message {
        /// The message, as it came.
        message: Message<Bytes>,
        /// What the tracker made of it.
        changes: Vec<Change>,
        /// The own text that this is the echo or the refusal of.
        about: Option<SendId>,
    },
    /// A batch is complete, with all that lies inside it.
    Batch {
        /// The batch.
        batch: Box<Batch>,
        /// What the tracker made of its messages; nothing of history.
        changes: Vec<Change>,
        /// The own text of several lines that this is the echo of.
        about: Option<SendId>,
    },
    /// Metadata of a user or a channel has changed, to whose key the client has [subscribed](super::Client::metadata_subscribe).
    Metadata(MetadataChange),
    /// There is metadata of this channel or user to [ask for](super::Client::metadata_sync) (774 RPL_METADATASYNCLATER).
    SyncLater {
        /// The channel, or the user.
        target: Bytes,
        /// How long to wait before, where the server says so.
        after: Option<Duration>,
    },
    /// What became of [`register_account`](super::Client::register_account) or [`verify_account`](super::Client::verify_account).
    Account(Box<AccountReply>),
    /// A request is answered.
    Response {
        /// Which request.
        request: RequestId,
        /// The answer: no message, one, or many.
        response: Response,
        /// What the tracker made of it.
        changes: Vec<Change>,
    },
    /// A request was not answered.
    Failed {
        /// Which request.
        request: RequestId,
        /// Why.
        failure: Failure,
    },
    /// How long the server took to answer a PING.
    Lag(Duration),
    /// The server did something odd that could be lived with.
    Odd(Oddity),
    /// The session is over; nothing comes after this.
    Closed(Reason),
}

impl Event {
    /// What a message that answers nothing is to the program.
    pub(super) fn of(message: Message<Bytes>, changes: Vec<Change>, about: Option<SendId>) -> Self {
        if let Some(reply) = AccountReply::of(message.borrow()) {
            return Event::Account(reply.into());
        }
        let line = message.borrow();
        if line.command() == Command::Numeric(RPL_METADATASYNCLATER)
            && let Some(target) = line.param(1)
        {
            let seconds = line.param(2).and_then(|seconds| core::str::from_utf8(seconds).ok()?.parse().ok());
            return Event::SyncLater {
                target: Bytes::copy_from_slice(target),
                after: seconds.map(Duration::from_secs),
            };
        }
        match MetadataChange::of(message) {
            Ok(change) => Event::Metadata(change),
            Err(message) => Event::Message { message, changes, about },
        }
    }

    /// The request that this event ends.
    pub fn finishes(&self) -> Option<RequestId> {
        match self {
            Event::Response { request, .. } | Event::Failed { request, .. } => Some(*request),
            _ => None,
        }
    }
}

/// What a server says by STS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sts {
    /// Connect again, by TLS and to this port: nothing is said on this connection any more, which closes next.
    Reconnect {
        /// The port.
        port: u16,
    },
    /// Told on a connection that is encrypted: keep this policy, or with a duration of 0 forget it.
    Keep(Policy),
}

/// The answer to a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Response {
    /// Done, and nothing to say.
    None,
    /// One message.
    One(Message<Bytes>),
    /// Many, by the numerics that belong to the request.
    Many(Vec<Message<Bytes>>),
    /// Many, as the server said itself.
    Batch(Box<Batch>),
}

impl Response {
    /// All messages in order, those of batches inside batches included.
    pub fn messages(&self) -> Vec<&Message<Bytes>> {
        match self {
            Response::None => Vec::new(),
            Response::One(message) => alloc::vec![message],
            Response::Many(messages) => messages.iter().collect(),
            Response::Batch(batch) => batch.messages(),
        }
    }

    /// The first message that tells of an error: a numeric that does, or FAIL.
    pub fn error(&self) -> Option<&Message<Bytes>> {
        self.messages().into_iter().find(|message| {
            let command = message.borrow().command();
            command.is(b"FAIL") || command.numeric().is_some_and(|numeric| numeric.is_error())
        })
    }
}

/// Why a request was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Failure {
    /// The server was silent.
    #[error("the server did not answer in time")]
    Timeout,
    /// The session is over.
    #[error("the session ended before the server answered")]
    Disconnected,
    /// The answer is beyond the limits.
    #[error("the answer is larger than the limits allow; raise them if that is right")]
    TooLarge,
}

/// What the machine tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Oddity {
    /// A line was too long and was skipped.
    LineTooLong(Budget),
    /// A line is no message and was skipped.
    Unreadable(Fault),
    /// A line is not UTF-8, and only that is wanted; it was skipped.
    NotUtf8,
    /// More batches, or deeper ones, than the limits allow: the messages of this one come one by one.
    TooManyBatches,
    /// A batch was larger than the limits allow, or not closed in time: it came as far as it was, and the rest comes one by one.
    BatchCut,
    /// The tracker's limits are reached: it does not know everything any more.
    TrackerFull,
}

/// Why a session ended.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// QUIT was sent and the server closed.
    Quit,
    /// The server closed the connection without a word.
    Eof,
    /// The server said ERROR.
    Error(Bytes),
    /// Something took too long.
    Timeout(Wait),
    /// The server wants to be reached by TLS, at this port; [`Event::Sts`] came before.
    Sts {
        /// The port.
        port: u16,
    },
    /// A password would have gone out on a connection that is not encrypted, and the configuration does not allow that.
    CleartextForbidden,
    /// A login is required and failed; [`Event::LoginFailed`] came before.
    LoginFailed,
    /// No nickname was accepted.
    NoNick,
    /// Relayed lines came faster than they could be sent.
    QueueExceeded,
    /// [`shutdown`](wirestate_machine::Machine::shutdown) was called.
    Shutdown,
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Quit => f.write_str("Quit"),
            Reason::Eof => f.write_str("Eof"),
            Reason::Error(text) => write!(f, "Error(\"{}\")", text.escape_ascii()),
            Reason::Timeout(wait) => write!(f, "Timeout({wait:?})"),
            Reason::Sts { port } => write!(f, "Sts({port})"),
            Reason::CleartextForbidden => f.write_str("CleartextForbidden"),
            Reason::LoginFailed => f.write_str("LoginFailed"),
            Reason::NoNick => f.write_str("NoNick"),
            Reason::QueueExceeded => f.write_str("QueueExceeded"),
            Reason::Shutdown => f.write_str("Shutdown"),
        }
    }
}

impl From<&Reason> for Ending {
    fn from(reason: &Reason) -> Self {
        match reason {
            Reason::Quit => Ending::Quit,
            Reason::Eof | Reason::Error(_) => Ending::PeerClosed,
            // The program was slow, and not the server.
            Reason::Timeout(Wait::Work) => Ending::Local,
            Reason::Timeout(_) => Ending::Timeout,
            Reason::Sts { .. } => Ending::Tls,
            Reason::CleartextForbidden | Reason::LoginFailed | Reason::NoNick => Ending::Local,
            Reason::QueueExceeded => Ending::Limit,
            Reason::Shutdown => Ending::Shutdown,
        }
    }
}

/// What a client waits for; each has its time in [`Limits`](super::Limits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wait {
    /// The TLS handshake.
    Tls,
    /// The server's welcome.
    Registration,
    /// The program's answer to [`Event::Work`].
    Work,
    /// Any sign of the server after a PING.
    Pong,
    /// The server's closing of the connection.
    Farewell,
}

/// Why a login failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The server has no SASL, or no mechanism that fits the credentials and the policy.
    #[error("the server offers no mechanism that fits the credentials and the policy")]
    NotOffered,
    /// One would fit, but it would show the password or token on a connection that is not encrypted.
    #[error("the only mechanism that fits would send the password in the clear: use TLS, or allow cleartext")]
    CleartextForbidden,
    /// The server refused: 902 ERR_NICKLOCKED, 904 ERR_SASLFAIL, 905 ERR_SASLTOOLONG, 906 ERR_SASLABORTED or 907 ERR_SASLALREADY.
    #[error("the server refused the login ({numeric})")]
    Refused {
        /// Which of them.
        numeric: u16,
        /// The server's words.
        text: Bytes,
    },
    /// The mechanism found fault with the server's message.
    #[error(transparent)]
    Sasl(#[from] SaslError),
    /// The server's message is not base64, or too long.
    #[error("the server's message cannot be read: {0}")]
    Base64(#[from] base64::DecodeError),
    /// The server was silent, or welcomed the client in the middle of the exchange.
    #[error("the server did not finish the login")]
    Unfinished,
}
