use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use thiserror::Error;
use wirestate_machine::{Ending, Ticket, TlsFacts};
use wirestate_sasl::{Derivation, Mechanism, base64, client::Error as SaslError};

use super::FastToken;
use super::filters::FilterId;
use super::jabberd::Routed;
use crate::jid::Jid;
use crate::stanza::{Refused, Stanza, StanzaError};
use crate::stream::{Features, Header, OtherUri, StreamError};
use crate::xml::Element;

/// The number of a request; the event that answers it carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(super) u32);

impl RequestId {
    /// The number, for logs.
    pub fn number(self) -> u32 {
        self.0
    }
}

/// What [`Ticket`]s of [`Event::Work`] may be answered with: a [`Derived`](wirestate_sasl::Derived).
#[derive(Debug)]
pub enum Derive {}

/// What a client tells its program, in the order in which a session goes.
///
/// Each request ends with exactly one [`Response`](Event::Response) or [`RequestFailed`](Event::RequestFailed). Only a
/// [`Violation`](super::Violation) ends all of them at once without.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The server has opened its stream. Once for each stream there is: before TLS, inside it, after the login.
    StreamStarted(Box<Header>),
    /// TLS is about to be made, by STARTTLS.
    TlsNegotiating,
    /// TLS is up. What was known before it is forgotten.
    Secured(Box<TlsFacts>),
    /// The policy wants TLS and the server does not. The session ends.
    TlsFailed(TlsFailure),
    /// A login begins.
    Authenticating(Method),
    /// A work item of the login: run it, here or elsewhere, and give the outcome to [`derived`](super::Client::derived).
    Work {
        /// For the answer.
        ticket: Ticket<Derive>,
        /// The work, of milliseconds to seconds.
        derivation: Derivation,
    },
    /// The login succeeded.
    Authenticated(Method),
    /// The login failed. Unless another one begins, the session ends.
    AuthenticationFailed(Box<LoginError>),
    /// The server gave a token to log in by on the next connection ([`Account::token`](super::Account::token)).
    Token(Box<FastToken>),
    /// The other server's answer about a key ([`Account::verifier`](super::Account::verifier)): whether it made it, or why it cannot say.
    Verified(Result<bool, Box<StanzaError>>),
    /// The stream is compressed from here on.
    Compressed,
    /// A resource is about to be bound: this one, or one of the server's.
    Binding(Option<String>),
    /// The resource is bound; this is who we are.
    Bound(Jid),
    /// The resource could not be bound. The session ends, unless [`BindRetry`](super::BindRetry) says otherwise; then [`Binding`](Event::Binding) follows.
    BindFailed(Box<StanzaError>),
    /// A session in the sense of RFC 3921 is asked for, as the server demands.
    SessionNegotiating,
    /// There is one.
    SessionEstablished,
    /// There is none. This session ends.
    SessionFailed(Box<StanzaError>),
    /// The stream is managed from here on (XEP-0198): what is not acknowledged when the connection breaks is sent again by the next one, if that
    /// is allowed.
    Managed {
        /// Whether the stream can be resumed.
        is_resumable: bool,
        /// For how many seconds after a break, as far as the server says.
        seconds: Option<u32>,
    },
    /// The stream of the connection before goes on. Nothing was lost, and what the server lacked has been sent again.
    Resumed,
    /// Stanzas of which it is not known whether the server has them: the stream that they were sent on cannot be resumed. To send them again may
    /// double some.
    Unacknowledged(Vec<Element>),
    /// The session is ready. What was sent before waits in the [queue](super::Client::queue), or goes out now, as its policy says.
    Ready(Jid),
    /// A stanza of the program went out. Only where [`Config::tells_sent`](super::Config::tells_sent).
    Sent(Element),
    /// A stanza of the program waits in the queue. Only where [`Config::tells_sent`](super::Config::tells_sent).
    Queued(Element),
    /// The server has these stanzas (XEP-0198). Only where [`Config::tells_sent`](super::Config::tells_sent).
    Acknowledged(Vec<Element>),
    /// A request went out. Only where [`Config::tells_sent`](super::Config::tells_sent).
    Requested(RequestId, Element),
    /// A request is answered: by a result, or by an error. What answers a request reaches neither filters nor [`Stanza`](Event::Stanza).
    Response(RequestId, Element),
    /// A request is not answered.
    RequestFailed(RequestId, Failure),
    /// A filter matches a stanza, which follows as [`Stanza`](Event::Stanza) when all filters had their turn.
    Filtered {
        /// The filter's tag.
        tag: Arc<str>,
        /// The filter.
        filter: FilterId,
        /// What in the stanza it matches.
        nodes: Vec<Element>,
        /// The whole stanza.
        stanza: Element,
    },
    /// A stanza that answers no request.
    Stanza(Stanza),
    /// What jabberd2's router says.
    Routed(Box<Routed>),
    /// The server tells what it offers, once more.
    Features(Box<Features>),
    /// Something that is not right, and not dangerous. It was passed over.
    Odd(Box<Oddity>),
    /// The stream error by which the server ends the session.
    StreamError(Box<StreamError>),
    /// The end of our stream has been said; the server has a moment for the end of its own.
    Closing,
    /// The server asks to connect to another WebSocket instead, and ends its stream (RFC 7395 §3.6.1). From `wss` nobody should follow it to `ws`.
    SeeOtherUri(OtherUri),
    /// The server has ended its stream.
    StreamEnded,
    /// The session is over.
    Closed(Reason),
}

/// Why there is no TLS although the policy wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TlsFailure {
    /// The server does not offer it, or somebody took the offer away.
    #[error(
        "TLS is required, but the server does not offer STARTTLS; use direct TLS (port 5223), or find out who took it away"
    )]
    NotOffered,
    /// The server refused it after it had offered it.
    #[error("TLS is required, but the server refused STARTTLS; use direct TLS (port 5223), or find out who refused")]
    Refused,
}

/// How a login is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// SASL (RFC 6120 §6).
    Sasl(Mechanism),
    /// SASL2 (XEP-0388), also by a token (XEP-0484).
    Sasl2(Mechanism),
    /// A digest over the stream's id and the password (XEP-0078).
    LegacyDigest,
    /// The password (XEP-0078).
    LegacyPassword,
    /// A digest over the stream's id and the secret (XEP-0114).
    Handshake,
    /// A key that the other server asks ours about (XEP-0220).
    Dialback,
}

/// Why a login failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The server refused it (RFC 6120 §6.5).
    #[error("the server refused the login: {condition}{}{text}", if text.is_empty() { "" } else { ": " })]
    Refused {
        /// The name of the condition: `not-authorized`, `account-disabled`, and so on.
        condition: String,
        /// The server's words, to be treated with distrust.
        text: String,
    },
    /// Nothing that the server offers fits the account.
    #[error("the server offers no way to log in that fits the account")]
    NotOffered,
    /// What is offered would show the password on a connection that is not encrypted.
    #[error(
        "the server offers only to take the password as it is over a connection that is not encrypted: use TLS, or allow cleartext in the configuration"
    )]
    CleartextForbidden,
    /// The server's part of the exchange was wrong; it was broken off.
    #[error("the login was broken off: {0}")]
    Sasl(#[from] SaslError),
    /// The server's part of the exchange is not base64.
    #[error("the login was broken off: {0}")]
    Base64(#[from] base64::DecodeError),
    /// The server wants more than a login, which this crate does not know (XEP-0388 §2.6.3).
    #[error("the server demands another step after the login, which is not known here")]
    MoreDemanded,
    /// The account lacks what this kind of login needs.
    #[error("the account has no credentials for this kind of login")]
    NoCredentials,
    /// The error that answers a legacy login (XEP-0078).
    #[error("the server refused the login: {0}")]
    Legacy(Box<StanzaError>),
}

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Failure {
    /// None came in time.
    #[error("no answer came in time")]
    Timeout,
    /// The session ended before.
    #[error("the session ended before the answer came")]
    Cancelled,
}

/// What was passed over.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum Oddity {
    /// A stanza that breaks a rule.
    #[error("a stanza was passed over: {}", .0.fault)]
    Stanza(Refused),
    /// The server refuses to manage the stream; the session goes on without.
    #[error("the server refuses to manage the stream")]
    ManagementRefused,
    /// A stanza on a stream between servers that goes the other way alone (XEP-0288).
    #[error("the other server sent a stanza on a stream that is ours to send on")]
    WrongWay,
    /// The server refuses to compress the stream; the session goes on without.
    #[error("the server refuses to compress the stream")]
    CompressionRefused,
}

/// What the session waits for, and how long it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wait {
    /// The TLS handshake.
    Tls,
    /// All up to being ready.
    Negotiation,
    /// The program's answer to [`Event::Work`].
    Work,
    /// A sign of life.
    Pong,
    /// The server's end of the stream.
    Farewell,
}

/// Why the session is over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The program [closed](super::Client::close) it.
    Quit,
    /// The driver [shut it down](wirestate_machine::Machine::shutdown).
    Shutdown,
    /// The server said why.
    Error(Box<StreamError>),
    /// The server ended its stream without a reason.
    PeerClosed,
    /// The connection broke.
    Eof,
    /// The server was silent, or the program slow.
    Timeout(Wait),
    /// Nothing was to be said to the other server for long.
    Idle,
    /// There is no TLS.
    Tls(TlsFailure),
    /// The login failed.
    LoginFailed,
    /// No resource could be bound.
    BindFailed,
    /// There is no session.
    SessionFailed,
    /// What was to be relayed had no room in the queue.
    QueueExceeded,
}

impl From<&Reason> for Ending {
    fn from(reason: &Reason) -> Ending {
        match reason {
            Reason::Quit | Reason::Idle | Reason::LoginFailed | Reason::BindFailed | Reason::SessionFailed => {
                Ending::Quit
            }
            Reason::Shutdown => Ending::Shutdown,
            Reason::Error(_) | Reason::PeerClosed | Reason::Eof => Ending::PeerClosed,
            Reason::Timeout(_) => Ending::Timeout,
            Reason::Tls(_) => Ending::Tls,
            Reason::QueueExceeded => Ending::Limit,
        }
    }
}
