use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use bytes::Bytes;
use thiserror::Error;
use wirestate_machine::{ClientCertificate, Ending, Ticket, TlsFacts};
use wirestate_sasl::apop::{self, Timestamp};
use wirestate_sasl::server::{Failure, Identity};

use super::maildrop::Deletions;
use super::xclient::Forwarded;
use crate::codec::{Keyword, LineFault, MessageNumber, Syntax};

/// Marks of what a [`Ticket`] asks for. The events say which method answers.
pub mod kind {
    /// The greeting.
    #[derive(Debug)]
    pub enum Greet {}
    /// A verdict on credentials.
    #[derive(Debug)]
    pub enum Authenticate {}
    /// A maildrop.
    #[derive(Debug)]
    pub enum Open {}
    /// The text of a message.
    #[derive(Debug)]
    pub enum Retrieve {}
    /// The removal of messages.
    #[derive(Debug)]
    pub enum Commit {}
    /// A command of the application's own.
    #[derive(Debug)]
    pub enum Custom {}
    /// The rest of a multi-line response.
    #[derive(Debug)]
    pub enum Stream {}
}

/// What a session tells the application. Those with a ticket ask for something, and wait.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The client is there and waits for the greeting: answer with [`Server::greet`](super::Server::greet) or refuse.
    Greet(Ticket<kind::Greet>),
    /// TLS is up. What was said before it is forgotten.
    Secured(Box<TlsFacts>),
    /// A trusted proxy tells whom it speaks for (XCLIENT).
    Forwarded(Box<Forwarded>),
    /// The client claims to be somebody: answer with [`Server::authenticate`](super::Server::authenticate).
    Authenticate {
        /// Comes back with the answer.
        ticket: Ticket<kind::Authenticate>,
        /// What the mechanism must know.
        ask: Ask,
    },
    /// A login failed; the client is told after the delay. The count is the session's.
    LoginFailed {
        /// How many have failed so far.
        count: u16,
        /// Why.
        failure: Failure,
    },
    /// The client has proved who it is: answer with its maildrop ([`Server::open`](super::Server::open)), locked for this session
    /// alone (RFC 1939 §4), or refuse.
    Open {
        /// Comes back with the answer.
        ticket: Ticket<kind::Open>,
        /// Whose maildrop.
        identity: Identity,
    },
    /// RETR or TOP: send the message with [`Server::send`](super::Server::send), from its first octet, or refuse.
    Retrieve {
        /// Comes back with the answer.
        ticket: Ticket<kind::Retrieve>,
        /// Which message.
        message: MessageNumber,
        /// For TOP, how many lines of the body. The machine cuts; the number lets a store read less.
        lines: Option<u32>,
        /// Whether the client has asked for UTF8 mode. If not, a message with UTF-8 in its header should be down-converted (RFC
        /// 6857) or refused with [`Code::Utf8`](crate::codec::Code::Utf8).
        utf8: bool,
    },
    /// There is room in the output again: go on with the body.
    Writable,
    /// QUIT: remove these messages, then answer with [`Server::committed`](super::Server::committed). Nothing else ever removes one.
    Commit {
        /// Comes back with the answer.
        ticket: Ticket<kind::Commit>,
        /// Which messages.
        deletions: Deletions,
    },
    /// A command of the application's own: answer with [`Server::reply_to`](super::Server::reply_to), send lines, or refuse.
    Custom {
        /// Comes back with the answer.
        ticket: Ticket<kind::Custom>,
        /// The keyword, in the client's spelling.
        keyword: Bytes,
        /// What followed it.
        arguments: Bytes,
    },
    /// The machine has refused a command itself.
    Rejected {
        /// Which command; `Other` for what is none.
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
    /// A question of a SASL mechanism, or USER and PASS in the form of [`Password`](wirestate_sasl::server::Ask::Password).
    ///
    /// EXTERNAL's question never comes in this form, but as [`Ask::External`].
    Sasl(wirestate_sasl::server::Ask),
    /// EXTERNAL (RFC 4422 appendix A): whom does the certificate prove, and may that one act as `authzid`? Accept as somebody; accept,
    /// where the client has named somebody; or reject.
    External {
        /// Whom the client wishes to act as; `None`: whomever the certificate proves.
        authzid: Option<String>,
        /// What TLS has verified.
        certificate: Box<ClientCertificate>,
    },
    /// APOP: does the proof fit the user's secret? Accept or reject.
    Apop {
        /// Whose secret.
        user: String,
        /// What to check it with.
        proof: ApopProof,
    },
}

/// The client's side of APOP.
#[derive(Clone)]
pub struct ApopProof {
    pub(super) timestamp: Timestamp,
    pub(super) digest: String,
}

impl ApopProof {
    /// Whether the digest was made with this secret; in constant time.
    pub fn fits(&self, secret: &str) -> bool {
        apop::verify(&self.timestamp, secret, &self.digest)
    }
}

impl fmt::Debug for ApopProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApopProof(..)")
    }
}

/// Why the machine refused a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Rejected {
    /// The keyword is none of POP3 and none of the application's.
    #[error("unknown command")]
    Unknown,
    /// The command has its time, but not now.
    #[error("the command is not allowed in this state")]
    WrongState,
    /// The arguments are wrong.
    #[error("wrong arguments: {0}")]
    Syntax(#[from] Syntax),
    /// The line is no line of POP3.
    #[error("malformed line: {0}")]
    Line(#[from] LineFault),
    /// The line is longer than the limits allow; it was skipped.
    #[error("the line was too long")]
    LineTooLong,
    /// There is no message of this number.
    #[error("there is no such message")]
    NoSuchMessage,
    /// The message is marked as deleted.
    #[error("the message is marked as deleted")]
    MessageDeleted,
    /// Secrets are not taken on an unencrypted channel.
    #[error("the command needs TLS")]
    NeedsTls,
    /// The configuration does not offer it.
    #[error("the server does not offer this")]
    NotOffered,
    /// PASS without USER.
    #[error("PASS came before USER")]
    UserFirst,
    /// The client cancelled the SASL exchange, or sent what is no base64.
    #[error("the authentication exchange was broken off")]
    BrokenOff,
    /// The text is not UTF-8, or UTF8 mode is needed for it.
    #[error("the text is not UTF-8, or UTF8 mode is needed")]
    NotUtf8,
    /// A plugin answered in the application's stead.
    #[error("a plugin answered")]
    Plugin,
}

impl Rejected {
    /// Whether this counts against the session's budget of bad commands.
    pub(super) fn is_bad(self) -> bool {
        matches!(
            self,
            Rejected::Unknown
                | Rejected::WrongState
                | Rejected::Syntax(_)
                | Rejected::Line(_)
                | Rejected::LineTooLong
                | Rejected::UserFirst
                | Rejected::BrokenOff
                | Rejected::NotUtf8
        )
    }
}

/// Why a session is over, where the peer broke no rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// QUIT was answered.
    Quit,
    /// The client closed the connection. Marked messages are kept.
    PeerClosed,
    /// The client was silent for too long, before or after login. Marked messages are kept.
    Timeout,
    /// The application did not answer in time.
    AnswerTimeout,
    /// The application refused the client, or broke a body off.
    Refused,
    /// This end is shutting down. Marked messages are kept.
    Shutdown,
}

impl From<Reason> for Ending {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Quit => Ending::Quit,
            Reason::PeerClosed => Ending::PeerClosed,
            Reason::Timeout => Ending::Timeout,
            Reason::AnswerTimeout | Reason::Refused => Ending::Local,
            Reason::Shutdown => Ending::Shutdown,
        }
    }
}
