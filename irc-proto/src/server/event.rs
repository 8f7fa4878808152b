use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use bytes::Bytes;
use thiserror::Error;
use wirestate_machine::{ClientCertificate, Ending, Ticket, TlsFacts};
use wirestate_sasl::Secret;
use wirestate_sasl::server::{Failure, Identity};

use super::{AccountRequest, Forwarded, Keyword};
use crate::Capabilities;
use crate::codec::{Budget, Fault, Message};
use crate::nick::NickFault;

/// Marks of what a [`Ticket`] asks for. The events say which method answers.
pub mod kind {
    /// A nickname before registration.
    #[derive(Debug)]
    pub enum Nick {}
    /// A verdict on credentials.
    #[derive(Debug)]
    pub enum Authenticate {}
    /// A verdict on a gateway.
    #[derive(Debug)]
    pub enum Gateway {}
    /// Whether a client is welcome.
    #[derive(Debug)]
    pub enum Register {}
    /// A new account, or the proof that was missing for it.
    #[derive(Debug)]
    pub enum Account {}
}

/// What a session tells the application. Those with a ticket ask for something, and wait.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// TLS is up. What was said before it is forgotten, a nickname too.
    Secured(Box<TlsFacts>),
    /// A gateway asks to speak for somebody else (WEBIRC): answer with [`Server::accept_gateway`](super::Server::accept_gateway) or refuse.
    Gateway {
        /// Comes back with the answer.
        ticket: Ticket<kind::Gateway>,
        /// What it says, and the password with which it says it.
        request: Box<GatewayRequest>,
    },
    /// A trusted gateway tells whom it speaks for (WEBIRC).
    Forwarded(Box<Forwarded>),
    /// A client asks for a nickname before it is registered: answer with [`Server::accept_nick`](super::Server::accept_nick), and hold it for
    /// this session, or refuse. Another one that it held before is free again with the acceptance.
    Nick {
        /// Comes back with the answer.
        ticket: Ticket<kind::Nick>,
        /// A nickname that keeps to the rules of the configuration.
        nick: Bytes,
    },
    /// The client claims to be somebody: answer with [`Server::authenticate`](super::Server::authenticate).
    Authenticate {
        /// Comes back with the answer.
        ticket: Ticket<kind::Authenticate>,
        /// What the mechanism must know.
        ask: Box<Ask>,
    },
    /// The client has proved who it is, and has been told.
    LoggedIn(Identity),
    /// A login failed; the client is told after the delay. The count is the session's.
    LoginFailed {
        /// How many have failed so far.
        count: u16,
        /// Why.
        failure: Failure,
    },
    /// The client asks for an account (REGISTER), or sends the code that it was told to get (VERIFY): answer with
    /// [`Server::answer_account`](super::Server::answer_account).
    Account {
        /// Comes back with the answer.
        ticket: Ticket<kind::Account>,
        /// What it asks for.
        request: Box<AccountRequest>,
    },
    /// The client has said all that it must: answer with [`Server::welcome`](super::Server::welcome), and let the network's burst (001 and what
    /// follows) follow, or refuse.
    Register {
        /// Comes back with the answer.
        ticket: Ticket<kind::Register>,
        /// What it has said.
        registration: Box<Registration>,
    },
    /// A command of a registered user that is not the session's own to answer, NICK and AWAY among them, or one of the configuration's own. It has
    /// as many parameters as it must have. What stands in its source says nothing of who sent it: that is the session.
    Message(Message<Bytes>),
    /// The agreed capabilities have changed after registration; these are all of them.
    Capabilities(Capabilities),
    /// The machine has refused a command itself.
    Rejected {
        /// Which command; [`Keyword::Custom`] for what is none.
        keyword: Keyword,
        /// Why.
        why: Rejected,
    },
    /// The session is over. Nothing follows.
    Closed(Reason),
}

/// What the machine must know to check credentials.
#[derive(Debug)]
#[non_exhaustive]
pub enum Ask {
    /// A question of a SASL mechanism. EXTERNAL's question never comes in this form, but as [`Ask::External`].
    Sasl(wirestate_sasl::server::Ask),
    /// EXTERNAL (RFC 4422 appendix A): whom does the certificate prove, and may that one act as `authzid`? Accept as somebody; accept,
    /// where the client has named somebody; or reject.
    External {
        /// Whom the client wishes to act as; `None`: whomever the certificate proves.
        authzid: Option<String>,
        /// What TLS has verified.
        certificate: Box<ClientCertificate>,
    },
}

/// What a gateway says, and how it proves itself.
#[derive(Debug)]
#[non_exhaustive]
pub struct GatewayRequest {
    /// The gateway's password.
    pub password: Secret,
    /// Whom it speaks for.
    pub forwarded: Forwarded,
}

/// All that a client has said of itself before it became a user.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Registration {
    /// The nickname that the application has accepted.
    pub nick: Bytes,
    /// The user name of USER, of characters that can stand in a source, cut to the limit.
    pub user: Bytes,
    /// The real name, cut to the limit. It may be empty.
    pub realname: Bytes,
    /// The password of PASS, where there was one.
    pub password: Option<Secret>,
    /// The account, where the client has logged in.
    pub account: Option<Identity>,
    /// What the client said in AWAY, where it did (draft/pre-away): not empty, and `*` for no reason given.
    pub away: Option<Bytes>,
    /// Whom a gateway speaks for, where one does.
    pub forwarded: Option<Box<Forwarded>>,
    /// What has been agreed on.
    pub capabilities: Capabilities,
    /// Whether all of the client's way is encrypted: to this server, and to the gateway where there is one that says so.
    pub encrypted: bool,
    /// The client's certificate, where TLS has verified one.
    pub certificate: Option<Box<ClientCertificate>>,
}

/// Why a nickname is not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NickRefusal {
    /// Somebody has it: ERR_NICKNAMEINUSE.
    InUse,
    /// It is no nickname by the application's own rules: ERR_ERRONEUSNICKNAME.
    Erroneous,
    /// It is held back for a time: ERR_UNAVAILRESOURCE.
    Unavailable,
    /// It collides with another of the network: ERR_NICKCOLLISION.
    Collision,
}

/// Why a client is not welcome. Of a text that is too long or has several lines, the beginning is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal<'a> {
    /// The password of PASS is wrong or missing: ERR_PASSWDMISMATCH, then ERROR.
    Password,
    /// The client is banned: ERR_YOUREBANNEDCREEP, then ERROR.
    Banned(&'a str),
    /// For this reason: ERROR alone.
    Text(&'a str),
}

/// Why the machine refused a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Rejected {
    /// The command is none of IRC's and none of the application's.
    #[error("unknown command")]
    Unknown,
    /// The command must wait until the client is registered.
    #[error("the client is not registered")]
    NotRegistered,
    /// The command has its time before registration.
    #[error("the client is registered already")]
    AlreadyRegistered,
    /// Parameters are missing.
    #[error("parameters are missing")]
    MissingParams,
    /// The line is no message.
    #[error("malformed line: {0}")]
    Line(#[from] Fault),
    /// The line is longer than the limits allow; it was skipped.
    #[error("the line was too long: {0}")]
    LineTooLong(#[from] Budget),
    /// The line is not UTF-8, and must be.
    #[error("the line is not UTF-8")]
    NotUtf8,
    /// A nickname by no rule.
    #[error("no nickname: {0}")]
    Nick(#[from] NickFault),
    /// A user name that could not stand in a source.
    #[error("no user name")]
    User,
    /// A subcommand of CAP that is none.
    #[error("unknown subcommand of CAP")]
    CapCommand,
    /// Capabilities were asked for that are not on offer, or cannot be changed.
    #[error("the capabilities cannot be had")]
    CapRefused,
    /// The configuration does not offer it, or not on this channel.
    #[error("the server does not offer this here")]
    NotOffered,
    /// The client is logged in, and may not log in again.
    #[error("the client is logged in already")]
    AlreadyLoggedIn,
    /// The client broke the SASL exchange off.
    #[error("the authentication exchange was broken off")]
    BrokenOff,
    /// The client sent what is no base64 or no step of the mechanism.
    #[error("the authentication exchange was malformed")]
    SaslMalformed,
    /// A SASL message, or a chunk of it, was too long.
    #[error("the authentication message was too long")]
    SaslTooLong,
    /// A gateway without a password that is known, or with facts that are none.
    #[error("the gateway is not trusted")]
    Gateway,
    /// The answer to the PING before registration was wrong.
    #[error("the answer to PING was wrong")]
    Cookie,
    /// An account cannot be registered or verified like this.
    #[error("the account cannot be had")]
    Account,
    /// A plugin answered in the application's stead.
    #[error("a plugin answered")]
    Plugin,
}

/// Why a session is over, where the client broke no rule. As text it fits the QUIT that others see.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// QUIT, with the text that came with it, which may be empty.
    Quit(Bytes),
    /// The client closed the connection.
    PeerClosed,
    /// The client did not register in time.
    RegistrationTimeout,
    /// The client did not answer PING in time; after so many seconds of silence.
    PingTimeout(u64),
    /// The application did not answer in time.
    AnswerTimeout,
    /// More output waits than the limits allow.
    SendQueueExceeded,
    /// The application refused the client or its gateway.
    Refused,
    /// The application closed the session, with this text.
    Closed(Bytes),
    /// This end is shutting down.
    Shutdown,
}

impl Reason {
    /// The text for a QUIT, as bytes: QUIT's own text need not be UTF-8.
    pub fn text(&self) -> Bytes {
        match self {
            Reason::Quit(text) | Reason::Closed(text) => text.clone(),
            Reason::PingTimeout(seconds) => alloc::format!("Ping timeout: {seconds} seconds").into(),
            other => Bytes::from_static(other.fixed().as_bytes()),
        }
    }

    fn fixed(&self) -> &'static str {
        match self {
            Reason::Quit(_) => "Quit",
            Reason::PeerClosed => "Connection closed",
            Reason::RegistrationTimeout => "Registration timeout",
            Reason::PingTimeout(_) => "Ping timeout",
            Reason::AnswerTimeout => "The server did not answer in time",
            Reason::SendQueueExceeded => "SendQ exceeded",
            Reason::Refused => "Access denied",
            Reason::Closed(_) => "Closed",
            Reason::Shutdown => "Server is shutting down",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Quit(text) | Reason::Closed(text) if !text.is_empty() => {
                f.write_str(&String::from_utf8_lossy(text))
            }
            Reason::PingTimeout(seconds) => write!(f, "Ping timeout: {seconds} seconds"),
            other => f.write_str(other.fixed()),
        }
    }
}

impl From<&Reason> for Ending {
    fn from(reason: &Reason) -> Self {
        match reason {
            Reason::Quit(_) => Ending::Quit,
            Reason::PeerClosed => Ending::PeerClosed,
            Reason::RegistrationTimeout | Reason::PingTimeout(_) => Ending::Timeout,
            Reason::SendQueueExceeded => Ending::Limit,
            Reason::AnswerTimeout | Reason::Refused | Reason::Closed(_) => Ending::Local,
            Reason::Shutdown => Ending::Shutdown,
        }
    }
}
