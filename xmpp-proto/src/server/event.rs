use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use wirestate_machine::{ClientCertificate, Ending, Ticket, TlsFacts};
use wirestate_sasl::server::{Failure, Identity, TokenProof};

use crate::jid::Jid;
use crate::payload::csi::ClientState;
use crate::payload::sasl::SaslCondition;
use crate::payload::sasl2::UserAgent;
use crate::stanza::Stanza;
use crate::stream::StreamError;
use crate::xml::Element;

/// Marks of what a [`Ticket`] asks for. The events say which method answers.
pub mod kind {
    /// A verdict on credentials.
    #[derive(Debug)]
    pub enum Authenticate {}
    /// A token for later logins.
    #[derive(Debug)]
    pub enum Token {}
    /// A stream that is to be resumed.
    #[derive(Debug)]
    pub enum Resume {}
    /// A resource.
    #[derive(Debug)]
    pub enum Bind {}
}

/// What a session tells the application. Those with a ticket ask for something, and wait.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A stream header has come, which names a domain that is served. After TLS it comes again.
    Opened(Box<Opened>),
    /// TLS is up. What was said before it is forgotten.
    Secured(Box<TlsFacts>),
    /// The client claims to be somebody: answer with [`Server::authenticate`](super::Server::authenticate).
    Authenticate {
        /// Comes back with the answer.
        ticket: Ticket<kind::Authenticate>,
        /// What the mechanism must know.
        ask: Box<Ask>,
    },
    /// A login failed; the client is told after the delay. The count is the session's.
    LoginFailed {
        /// How many have failed so far.
        count: u16,
        /// Why.
        why: LoginFailure,
    },
    /// The client has proved who it is.
    LoggedIn(Box<LoggedIn>),
    /// The client asks for a token, to log in by later (XEP-0484): answer with [`Server::give_token`](super::Server::give_token).
    Token {
        /// Comes back with the answer.
        ticket: Ticket<kind::Token>,
        /// What it asks for.
        request: Box<TokenRequest>,
    },
    /// The client asks for a stream to go on that its connection was cut under (XEP-0198): answer with [`Server::resume`](super::Server::resume) or
    /// refuse.
    Resume {
        /// Comes back with the answer.
        ticket: Ticket<kind::Resume>,
        /// The name of that stream, as [`Event::Managed`] told it.
        id: String,
    },
    /// The client asks for a resource: answer with [`Server::bind`](super::Server::bind), which may choose another one, or refuse.
    Bind {
        /// Comes back with the answer.
        ticket: Ticket<kind::Bind>,
        /// What it asks for.
        request: Box<BindRequest>,
    },
    /// The stream is managed from here on. By its name it can be resumed, where there is one: keep it with the session.
    Managed {
        /// The name.
        id: Option<String>,
    },
    /// More went out than the limits keep: the stream can no longer be resumed.
    Unresumable,
    /// A stanza of the client, its head as RFC 6120 wants it. Where it says whom it is from, that is the client's account or resource; where it does not
    /// say whom it is to, its own account is meant (RFC 6120 §10.3).
    Stanza(Stanza),
    /// Whether somebody looks at the client has changed (XEP-0352).
    ClientState(ClientState),
    /// The stream is compressed.
    Compressed,
    /// The session is over. Nothing follows. Where its stream can be resumed, [`Server::suspend`](super::Server::suspend) gives what is needed for it.
    Closed(Reason),
}

/// What a stream header said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opened {
    /// The domain.
    pub host: String,
    /// Whom the client says it is, unproved.
    pub from: Option<Jid>,
    /// The language that it prefers.
    pub lang: Option<String>,
}

/// What the machine must know to check credentials.
#[derive(Debug)]
#[non_exhaustive]
pub enum Ask {
    /// A question of a SASL mechanism. Those of EXTERNAL and HT never come in this form; PLAIN's is also that of a password of XEP-0078.
    Sasl(wirestate_sasl::server::Ask),
    /// EXTERNAL (RFC 4422 appendix A): whom does the certificate prove, and may that one act as `authzid`? Accept as somebody; accept, where the
    /// client has named somebody; or reject.
    External {
        /// Whom the client wishes to act as; `None`: whomever the certificate proves.
        authzid: Option<String>,
        /// What TLS has verified.
        certificate: Box<ClientCertificate>,
    },
    /// FAST (XEP-0484): which of the user's tokens fits? Answer with it as a secret, or that there is none.
    Token {
        /// Whose token it is.
        user: String,
        /// What the client sent.
        proof: TokenProof,
        /// How often the client says it used the token, this time included: less than before is somebody else.
        count: Option<u64>,
        /// Whether the token is of no more use after this login.
        invalidate: bool,
        /// What the client says of itself; tokens are an installation's own.
        user_agent: Option<UserAgent>,
    },
    /// The digest of XEP-0078: what is the user's password? Answer with it as a secret, or that there is none.
    Digest {
        /// Whose password is wanted.
        user: String,
    },
}

/// Who logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggedIn {
    /// As the mechanism had it.
    pub identity: Identity,
    /// The account: a bare address.
    pub account: Jid,
    /// The registered name of the mechanism; `None`: by XEP-0078.
    pub mechanism: Option<&'static str>,
    /// What the client says of itself (XEP-0388).
    pub user_agent: Option<UserAgent>,
}

/// Why a login failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginFailure {
    /// The mechanism, or the application.
    Sasl(Failure),
    /// What came before the mechanism, or in its place: the client is told this.
    Told(SaslCondition),
}

/// A token that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenRequest {
    /// The account.
    pub account: Jid,
    /// The registered name of the mechanism that it is to be used by.
    pub mechanism: &'static str,
    /// The installation that it is for.
    pub user_agent: Option<UserAgent>,
    /// Whether this login was by a token, which the new one replaces.
    pub is_by_token: bool,
}

/// A resource that is asked for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BindRequest {
    /// The account.
    pub account: Jid,
    /// The resource, in its normal form; `None`: the application makes one.
    pub resource: Option<String>,
    /// What the client is called, to be a part of the resource that the application makes (XEP-0386 §4.2).
    pub tag: Option<String>,
    /// What the client says of itself (XEP-0388).
    pub user_agent: Option<UserAgent>,
    /// Whether carbons are to be switched on at once (XEP-0280).
    pub carbons: bool,
    /// What else is to be switched on at once, that the machine does not know (XEP-0386).
    pub inline: Vec<Element>,
}

/// Why a session is over, where the client broke no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The client ended its stream (RFC 6120 §4.4).
    Ended,
    /// The client closed the connection, or it broke.
    Gone,
    /// The client ended its stream with an error.
    Error(Box<StreamError>),
    /// The client did not log in and bind a resource in time.
    LoginTimeout,
    /// The client was silent for too long.
    PingTimeout,
    /// The client did not end its stream in time.
    CloseTimeout,
    /// The application did not answer in time.
    AnswerTimeout,
    /// More output waits than the limits allow.
    SendQueueExceeded,
    /// The application refused the peer.
    Refused,
    /// The application closed the session, with or without an error.
    Closed,
    /// The stream goes on over another connection.
    Suspended,
    /// This end is shutting down.
    Shutdown,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Ended => "stream ended",
            Reason::Gone => "connection closed",
            Reason::Error(error) => return write!(f, "error of the client: {}", error.condition()),
            Reason::LoginTimeout => "login timeout",
            Reason::PingTimeout => "ping timeout",
            Reason::CloseTimeout => "the client did not end its stream in time",
            Reason::AnswerTimeout => "the server did not answer in time",
            Reason::SendQueueExceeded => "send queue exceeded",
            Reason::Refused => "refused",
            Reason::Closed => "closed",
            Reason::Suspended => "goes on over another connection",
            Reason::Shutdown => "server is shutting down",
        })
    }
}

impl From<&Reason> for Ending {
    fn from(reason: &Reason) -> Self {
        match reason {
            Reason::Ended => Ending::Quit,
            Reason::Gone | Reason::Error(_) => Ending::PeerClosed,
            Reason::LoginTimeout | Reason::PingTimeout | Reason::CloseTimeout => Ending::Timeout,
            Reason::SendQueueExceeded => Ending::Limit,
            Reason::AnswerTimeout | Reason::Refused | Reason::Closed | Reason::Suspended => Ending::Local,
            Reason::Shutdown => Ending::Shutdown,
        }
    }
}
