//! The client machine: an IMAP session (RFC 9051, RFC 3501) from the side of whoever reads mail.
//!
//! The machine takes the greeting, learns the server's capabilities, starts TLS as the policy says, and then is [`Ready`](Event::Ready). The
//! program logs in and asks; each request has a number that its events carry, and ends with [`Event::Done`].
//!
//! ```
//! use std::sync::Arc;
//! use imap_proto::client::{Client, Config, Event, Login, TlsPolicy};
//! use imap_proto::codec::command::FetchAttribute;
//! use imap_proto::codec::{MessageAttribute, SequenceSet};
//! use wirestate_machine::{Instant, Machine};
//! use wirestate_sasl::client::Credentials;
//!
//! // For real: the default configuration, TLS, and 32 octets of the system's randomness.
//! let config = Config::default().tls(TlsPolicy::Never).cleartext(true);
//! let mut client = Client::new(Arc::new(config), [7; 32], Instant::START);
//! // What a server would say; a driver reads it from a socket and writes what is in the outbox.
//! client.inbox().push(b"* OK [CAPABILITY IMAP4rev1] hello\r\n");
//! let mut sizes = Vec::new();
//! while let Some(event) = client.poll(Instant::START)? {
//!     match event {
//!         Event::Ready { .. } => {
//!             client.login(Login::new(Credentials::password("ann", "pencil")?))?;
//!             client.inbox().push(b"A1 OK [CAPABILITY IMAP4rev1] welcome\r\n");
//!         }
//!         Event::Done { outcome, .. } if outcome.is_ok() && client.selected().is_none() => {
//!             client.select("INBOX")?;
//!             client.fetch(SequenceSet::ALL, [FetchAttribute::Rfc822Size])?;
//!             client.inbox().push(b"* 1 EXISTS\r\nA2 OK [READ-WRITE] done\r\n* 1 FETCH (RFC822.SIZE 44827)\r\nA3 OK done\r\n");
//!         }
//!         Event::Fetch { data, .. } => {
//!             for item in data.read()?.items {
//!                 if let MessageAttribute::Size(octets) = item { sizes.push(octets) }
//!             }
//!         }
//!         _ => {}
//!     }
//! }
//! assert_eq!((sizes, client.selected().map(|mailbox| mailbox.exists)), (vec![44827], Some(1)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What to know
//!
//! * **No password in the clear.** With the default policy no credential leaves before TLS is up; where the policy allows a connection
//!   without TLS, passwords and tokens still wait for [`Config::cleartext`], and LOGINDISABLED is respected. What was learnt before TLS is
//!   forgotten.
//! * **Requests may be asked for at any time** that the table below allows, [`select`](Client::select) and what uses the mailbox in one go. They
//!   are sent ahead of responses where RFC 9051 §5.5 lets them be, and wait in the machine where it does not. What was asked for and lost its
//!   ground, as after a SELECT that failed, is not sent: [`Outcome::Unsent`].
//! * **Completion is matched by our own tag only.**
//! * **Data may come unasked**, at any time. They carry a request where it is certain that they answer it.
//! * **FETCH is lazy**: [`FetchData`] holds the server's words, and reads them when asked. Long texts come in pieces.
//! * **Messages go out in pieces too**: [`append`](Client::append) announces the length, [`Event::Wanted`] asks for the octets,
//!   [`append_data`](Client::append_data) gives them.
//! * **IDLE** ends by itself when something else is asked for, and is begun anew before 29 minutes are over.
//! * **Mailbox names are the server's own**: modified UTF-7, or UTF-8 once that is enabled. [`mailbox_name`](Client::mailbox_name) makes one.
//! * **SCRAM's work is handed out**: [`Event::Work`], answered by [`derived`](Client::derived).
//! * **Every wait has its time**, in [`Limits`], the program's own too.
//!
//! # The table
//!
//! A cell names the states that the command may lead to. What is not allowed is [`Misuse::WrongState`] and changes nothing.
//!
#![doc = include_str!("table.md")]

mod config;
mod data;
mod event;
mod fetched;
mod idle;
mod login;
mod machine;
mod mailboxes;
mod messages;
mod negotiation;
mod offers;
mod pipelining;
mod requests;
mod responses;
mod selected;
mod sending;
mod state;
mod violation;

#[cfg(test)]
mod tests;

pub use config::{Config, Limits, Quirks, TlsPolicy};
pub use event::{Derive, Event, LoginError, Oddity, Outcome, Reason, RequestId, Wait, Words};
pub use fetched::FetchData;
pub use login::{Login, Method};
pub use mailboxes::NewText;
pub use selected::Selected;
pub use state::{State, TABLE};
pub use violation::Violation;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::fmt;

use bytes::Bytes;
use wirestate_machine::{Ending, Inbox, Instant, Misuse, Outbox, Tickets, TlsFacts, Upgrade};
use wirestate_sasl::{Bindings, Nonces};

use crate::codec::{Capability, Fetched, Framing, utf7};
use idle::Idle;
use login::Exchange;
use offers::Offers;
use sending::{Sent, Waiting, Writing};

/// A session, from the client's side. See the [module's guide](self).
pub struct Client {
    config: Arc<Config>,
    inbox: Inbox,
    outbox: Outbox,
    framing: Framing,
    state: State,
    is_encrypted: bool,
    /// What the driver is to put between us and the server; nothing is read or sent before.
    awaited: Option<Upgrade>,
    /// What came of one response and is not told yet.
    events: VecDeque<Event>,
    /// Commands that went out, the oldest first.
    sent: VecDeque<Sent>,
    /// Requests whose turn comes later.
    waiting: VecDeque<Waiting>,
    last_request: u32,
    last_tag: u32,
    /// The command of which not all is written.
    writing: Option<Box<Writing>>,
    idle: Option<Idle>,
    /// The FETCH response whose texts are coming.
    streamed: Option<Streamed>,
    offers: Offers,
    /// Whether the server has told its capabilities since login began.
    has_told: bool,
    /// Whether they have been asked for in this negotiation.
    has_asked: bool,
    starttls_refused: bool,
    enabled: Enabled,
    selected: Option<Box<Selected>>,
    greeting: Bytes,
    bindings: Bindings,
    exchange: Option<Box<Exchange>>,
    nonces: Nonces,
    tickets: Tickets,
    secured: Option<Box<TlsFacts>>,
    oddities: u32,
    now: Instant,
    timer: Option<Instant>,
    /// What the timer is for.
    timed: Option<Wait>,
    /// Whether the server came forward since the timer was set.
    progress: bool,
    leaving: bool,
    stopping: bool,
    /// The server's BYE to our LOGOUT.
    farewell: Option<Box<Words>>,
    ending: Option<Box<Reason>>,
    /// The same, or the violation, in fewer words.
    ended: Option<Ending>,
    closed: bool,
    violation: Option<Box<Violation>>,
}

/// What ENABLE has turned on (RFC 5161).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Enabled {
    utf8: bool,
    rev2: bool,
    qresync: bool,
    condstore: bool,
}

#[derive(Clone, Copy, Debug)]
struct Streamed {
    request: Option<RequestId>,
    /// `None` where the beginning could not be read, so that the rest is skipped.
    message: Option<Fetched>,
}

impl Client {
    /// A session on a connection that has just been made.
    ///
    /// `seed` is 32 fresh octets of the system's randomness, for the nonces of SCRAM.
    pub fn new(config: Arc<Config>, seed: [u8; 32], now: Instant) -> Self {
        let mut inbox = Inbox::new(config.limits.inbox());
        let implicit = config.tls == TlsPolicy::Implicit;
        inbox.hold(implicit);
        let mut client = Client {
            inbox,
            outbox: Outbox::new(),
            framing: Framing::responses(config.limits.before_login),
            state: State::Greeting,
            is_encrypted: config.tls == TlsPolicy::Outside,
            awaited: implicit.then_some(Upgrade::Tls),
            events: VecDeque::new(),
            sent: VecDeque::new(),
            waiting: VecDeque::new(),
            last_request: 0,
            last_tag: 0,
            writing: None,
            idle: None,
            streamed: None,
            offers: Offers::default(),
            has_told: false,
            has_asked: false,
            starttls_refused: false,
            enabled: Enabled::default(),
            selected: None,
            greeting: Bytes::new(),
            bindings: Bindings::none(),
            exchange: None,
            nonces: Nonces::from_seed(seed),
            tickets: Tickets::new(),
            secured: None,
            oddities: 0,
            now,
            timer: None,
            timed: None,
            progress: false,
            leaving: false,
            stopping: false,
            farewell: None,
            ending: None,
            ended: None,
            closed: false,
            violation: None,
            config,
        };
        client.keep_time();
        client
    }

    /// Tells what is known of a TLS channel that lies outside the machine ([`TlsPolicy::Outside`]), for SCRAM-PLUS.
    ///
    /// # Errors
    /// [`Misuse::WrongState`] with another policy, or once login has begun.
    pub fn describe_channel(&mut self, facts: &TlsFacts) -> Result<(), Misuse> {
        let before_login = matches!(self.state, State::Greeting | State::Negotiation | State::NotAuthenticated);
        if self.config.tls != TlsPolicy::Outside || !before_login {
            return Err(Misuse::WrongState);
        }
        self.bindings = Bindings::of_tls(facts.exporter, facts.server_end_point.as_deref());
        Ok(())
    }

    /// Where the session stands.
    pub fn state(&self) -> State {
        if self.leaving && self.state != State::Closed { State::Leaving } else { self.state }
    }

    /// Whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// What the server can do, as it told last; `None` where it has not told since the greeting, TLS or login.
    pub fn capabilities(&self) -> Option<&[Capability<Bytes>]> {
        self.offers.all()
    }

    /// Whether the server has told of this capability.
    pub fn offers(&self, capability: &Capability<Bytes>) -> bool {
        self.offers.has(capability)
    }

    /// The mailbox that is selected, or, while SELECT is under way, what has been told of it so far.
    pub fn selected(&self) -> Option<&Selected> {
        self.selected.as_deref()
    }

    /// How many requests are not answered yet, those that wait in the machine included.
    pub fn pending(&self) -> usize {
        let sent = self.sent.iter().filter(|sent| sent.request.is_some()).count();
        sent + self.waiting.iter().filter(|waiting| waiting.request.is_some()).count()
    }

    /// A mailbox's name as this server wants it: modified UTF-7 (RFC 9051 appendix A.1), or UTF-8 where that is enabled.
    pub fn mailbox_name(&self, name: &str) -> Bytes {
        if self.enabled.utf8 { Bytes::copy_from_slice(name.as_bytes()) } else { Bytes::from(utf7::encode(name)) }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("state", &self.state())
            .field("encrypted", &self.is_encrypted)
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}
