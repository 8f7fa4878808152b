use alloc::boxed::Box;
use alloc::string::String;

use wirestate_machine::{ClientCertificate, Ticket, TlsFacts};

use crate::jid::Jid;
use crate::server::{Opened, Reason};
use crate::stanza::{Stanza, StanzaCondition};

/// A mark of what a ticket asks for: whether a certificate proves a domain.
#[derive(Debug)]
pub enum External {}

/// What a session tells the application.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A stream header has come for a domain that is served. After TLS it comes again.
    Opened(Box<Opened>),
    /// TLS is up. What was said before it is forgotten.
    Secured(Box<TlsFacts>),
    /// The other server says that its certificate proves a domain (RFC 6120 §13.7.2): answer with [`Peer::accept`](super::Peer::accept) or refuse.
    External {
        /// Comes back with the answer.
        ticket: Ticket<External>,
        /// The domain.
        domain: Jid,
        /// What TLS has verified.
        certificate: Box<ClientCertificate>,
    },
    /// The other server sends a key (XEP-0220 §2.1): ask the server that is authoritative for the domain whether it made it, and tell the verdict by
    /// [`Peer::answer_result`](super::Peer::answer_result).
    Result(Box<Key>),
    /// A server asks whether a key is ours (XEP-0220 §2.2): tell it by [`Peer::answer_verify`](super::Peer::answer_verify).
    Verify(Box<Key>),
    /// A stanza of a pair of domains that is proved.
    Stanza(Stanza),
    /// The session is over. Nothing follows.
    Closed(Reason),
}

/// A key of dialback, and what it is said to prove.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// The domain that is to be proved, or of the server that asks.
    pub from: Jid,
    /// The domain of ours.
    pub to: Jid,
    /// The name of the stream that the key was sent on.
    pub stream_id: String,
    /// The key.
    pub key: String,
}

/// What came of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is right.
    Valid,
    /// It is wrong: the stream ends (XEP-0220 §2.1.2).
    Invalid,
    /// It could not be told, for this reason; the stream goes on.
    Error(StanzaCondition),
}

impl From<Reason> for Event {
    fn from(reason: Reason) -> Self {
        Event::Closed(reason)
    }
}
