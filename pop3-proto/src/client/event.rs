use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;
use thiserror::Error;
use wirestate_machine::{Ending, Ticket, TlsFacts};
use wirestate_sasl::{Derivation, base64, client::Error as SaslError};

use super::login::Method;
use crate::codec::{Capability, Code, MessageNumber, Text, UniqueId};

/// The number of something asked of the server; the events that answer it carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Request(pub(super) u32);

impl Request {
    /// What the machine asks for itself.
    pub(super) const OWN: Request = Request(0);

    /// The number, for logs.
    pub fn number(self) -> u32 {
        self.0
    }

    pub(super) fn of_caller(self) -> Option<Request> {
        (self != Request::OWN).then_some(self)
    }
}

/// What [`Ticket`]s of [`Event::Work`] may be answered with: a [`Derived`](wirestate_sasl::Derived).
#[derive(Debug)]
pub enum Derive {}

/// What a client tells its program.
///
/// Each request ends with exactly one event for which [`finishes`](Event::finishes) gives its number. Only a
/// [`Violation`](super::Violation) ends all of them at once without.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// TLS is up. What was known before it is forgotten (RFC 2595 §4).
    Secured(Box<TlsFacts>),
    /// The server has greeted, TLS is as the policy wants it: [`login`](super::Client::login) may come.
    Ready {
        /// The greeting's text; empty after STLS, for it came before.
        greeting: Text,
        /// What the server can; `None` where it does not tell.
        capabilities: Option<Vec<Capability>>,
        /// Whether the connection is encrypted.
        encrypted: bool,
    },
    /// Capabilities, asked for by [`capa`](super::Client::capa) or, with no request, by the machine after login.
    Capabilities {
        /// Which request this ends.
        request: Option<Request>,
        /// All of them.
        capabilities: Vec<Capability>,
    },
    /// A work item of the login: run it, here or elsewhere, and give the outcome to [`derived`](super::Client::derived).
    Work {
        /// For the answer.
        ticket: Ticket<Derive>,
        /// The work, of milliseconds to seconds.
        derivation: Derivation,
    },
    /// What an OAuth server tells about its refusal, in JSON, unchecked; [`Event::Failed`] follows.
    Refusal {
        /// Which login.
        request: Request,
        /// The JSON.
        json: Bytes,
    },
    /// The login succeeded.
    LoggedIn {
        /// Which login.
        request: Request,
        /// How.
        method: Method,
        /// The server's words.
        text: Text,
    },
    /// The machine broke the login off, for the server's part of it was wrong.
    Cancelled {
        /// Which login.
        request: Request,
        /// Why.
        error: Box<LoginError>,
    },
    /// The answer to STAT (RFC 1939 §5).
    Stat {
        /// Which request.
        request: Request,
        /// How many messages, without the deleted ones.
        messages: u32,
        /// Their size in octets.
        octets: u64,
    },
    /// One line of LIST: a message's size.
    Size {
        /// Which request.
        request: Request,
        /// Which message.
        message: MessageNumber,
        /// Its size in octets.
        octets: u64,
    },
    /// One line of UIDL: a message's unique id.
    UniqueId {
        /// Which request.
        request: Request,
        /// Which message.
        message: MessageNumber,
        /// Its unique id.
        id: UniqueId,
    },
    /// The answer to LAST (RFC 1460): the highest number accessed, 0 for none.
    Last {
        /// Which request.
        request: Request,
        /// The number.
        message: u32,
    },
    /// A message begins.
    BodyStart {
        /// Which request.
        request: Request,
        /// Its size, where the server tells it. It is a hint: servers err.
        octets: Option<u64>,
    },
    /// The next piece of a message, octet for octet as it is, without its stuffing; cut anywhere.
    Body {
        /// Which request.
        request: Request,
        /// The octets.
        bytes: Bytes,
    },
    /// One line of LANG's listing or of a custom multi-line response, without line end and stuffing.
    Line {
        /// Which request.
        request: Request,
        /// The line.
        line: Bytes,
    },
    /// The request succeeded.
    Done {
        /// Which request.
        request: Request,
        /// The server's words, where they carried nothing else.
        text: Text,
    },
    /// The request failed: the server said `-ERR`, or the session ended before it answered.
    Failed {
        /// Which request.
        request: Request,
        /// The server's reason as a code, where it gave one.
        code: Option<Code>,
        /// The server's words.
        text: Text,
    },
    /// The server did something odd that could be lived with.
    Odd(Oddity),
    /// The session is over; nothing comes after this.
    Closed {
        /// Why.
        reason: Reason,
        /// How many messages were marked as deleted, and are still there or, after a failed QUIT, may be.
        deletions_lost: u32,
    },
}

impl Event {
    /// The request that this event is the last one of.
    pub fn finishes(&self) -> Option<Request> {
        match self {
            Event::Capabilities { request, .. } => *request,
            Event::LoggedIn { request, .. }
            | Event::Cancelled { request, .. }
            | Event::Done { request, .. }
            | Event::Failed { request, .. } => Some(*request),
            _ => None,
        }
    }
}

/// What the machine tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Oddity {
    /// An empty line before a response was skipped.
    EmptyLine,
    /// A line of a listing, or the answer to STAT, `LIST n`, `UIDL n` or LAST, could not be read and was skipped.
    Unreadable {
        /// Which request.
        request: Request,
    },
    /// CAPA succeeded before login and was refused after it; what was known is kept.
    CapaRefused,
}

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// QUIT was answered. Only this commits deletions (RFC 1939 §6), where the answer was `+OK`.
    Quit,
    /// The server closed the connection.
    Eof,
    /// Something took too long.
    Timeout(Wait),
    /// The server greeted with `-ERR`.
    Refused {
        /// Its reason as a code.
        code: Option<Code>,
        /// Its words.
        text: Text,
    },
    /// The server said `-ERR` unasked, as many do before they close an idle connection.
    Dismissed {
        /// Its reason as a code.
        code: Option<Code>,
        /// Its words.
        text: Text,
    },
    /// [`shutdown`](wirestate_machine::Machine::shutdown) was called.
    Shutdown,
}

impl From<&Reason> for Ending {
    fn from(reason: &Reason) -> Self {
        match reason {
            Reason::Quit => Ending::Quit,
            Reason::Eof | Reason::Refused { .. } | Reason::Dismissed { .. } => Ending::PeerClosed,
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
    /// The TLS handshake.
    Tls,
    /// The server's greeting.
    Greeting,
    /// The next step of a login.
    Login,
    /// A response, or the next part of it.
    Response,
    /// The program's answer to [`Event::Work`].
    Work,
    /// The program's next request.
    Program,
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
