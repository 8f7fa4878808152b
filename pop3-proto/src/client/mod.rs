//! The client machine: a POP3 session (RFC 1939) from the side of whoever fetches mail.
//!
//! The machine greets, asks for capabilities (RFC 2449), starts TLS (RFC 2595) as the policy says, and then is
//! [`Ready`](Event::Ready). The program logs in and asks; each request has a number that its events carry.
//!
//! ```
//! use std::sync::Arc;
//! use pop3_proto::client::{Client, Config, Event, Login, TlsPolicy};
//! use wirestate_machine::{Instant, Machine};
//! use wirestate_sasl::client::Credentials;
//!
//! // For real: the default configuration, TLS, and 32 octets of the system's randomness.
//! let config = Config::default().tls(TlsPolicy::Never).cleartext(true).capa_after_login(false);
//! let mut client = Client::new(Arc::new(config), [7; 32], Instant::START);
//! // What a server would say; a driver reads it from a socket and writes what is in the outbox.
//! client.inbox().push(b"+OK hello\r\n-ERR no CAPA\r\n+OK\r\n+OK\r\n+OK 1 6\r\n+OK\r\nHi!\r\n.\r\n+OK bye\r\n");
//! let mut mail = Vec::new();
//! while let Some(event) = client.poll(Instant::START)? {
//!     match event {
//!         Event::Ready { .. } => drop(client.login(Login::new(Credentials::password("ann", "pencil")?))?),
//!         Event::LoggedIn { .. } => drop((client.stat()?, client.retr(pop3_proto::codec::MessageNumber::new(1).unwrap())?, client.quit()?)),
//!         Event::Body { bytes, .. } => mail.extend_from_slice(&bytes),
//!         _ => {}
//!     }
//! }
//! assert_eq!((&mail[..], client.is_closed()), (&b"Hi!\r\n"[..], true));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What to know
//!
//! * **Only [`quit`](Client::quit) deletes.** [`dele`](Client::dele) marks; a session that ends otherwise loses its marks,
//!   and says so: [`Event::Closed`] has `deletions_lost`. [`shutdown`](wirestate_machine::Machine::shutdown) never commits.
//! * **No password in the clear.** With the default policy no credential leaves before TLS is up; where the policy allows
//!   a connection without TLS, passwords and tokens still wait for [`Config::cleartext`].
//! * **Requests may be asked for at any time** that the table below allows. They go out ahead of responses only where the
//!   server can pipeline, and one by one where it cannot; AUTH, USER, PASS, APOP, STLS, UTF8, XCLIENT, QUIT and custom commands always go alone.
//! * **Bulk is streamed.** Messages come in pieces and listings line by line; nothing large is kept.
//! * **SCRAM's work is handed out**: [`Event::Work`], answered by [`derived`](Client::derived).
//! * **Every wait has its time**, in [`Limits`], the program's own too. A server may close an idle session after ten minutes (RFC 1939
//!   §3); [`noop`](Client::noop) keeps it open.
//! * Events finish requests: see [`Event::finishes`].
//!
//! # The table
//!
//! A cell names the states that the command may lead to. What is not allowed is [`Misuse::WrongState`] and changes nothing.
//!
#![doc = include_str!("table.md")]

mod config;
mod event;
mod login;
mod machine;
mod offers;
mod requests;
mod responses;
mod seen;
mod state;
mod violation;

#[cfg(test)]
mod tests;

pub use config::{Config, Limits, Quirks, TlsPolicy};
pub use event::{Derive, Event, LoginError, Oddity, Reason, Request, Wait};
pub use login::{Login, Method};
pub use seen::{Seen, SeenError};
pub use state::{State, TABLE};
pub use violation::Violation;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use wirestate_machine::{Ending, Inbox, Instant, Misuse, Outbox, Tickets, TlsFacts};
use wirestate_sasl::apop::Timestamp;
use wirestate_sasl::{Bindings, Nonces};

use crate::codec::{Capability, Text};
use login::Exchange;
use offers::Offers;
use requests::{Sent, Waiting};
use responses::Reading;

/// A session, from the client's side. See the [module's guide](self).
pub struct Client {
    config: Arc<Config>,
    inbox: Inbox,
    outbox: Outbox,
    state: State,
    tls: Tls,
    reading: Reading,
    /// How many lines or octets of the current response have come.
    part: u64,
    part_octets: usize,
    /// Requests that went out, the oldest first.
    sent: VecDeque<Sent>,
    /// Requests whose turn comes later.
    waiting: VecDeque<Waiting>,
    last_request: u32,
    offers: Offers,
    deletions: u32,
    /// Until login.
    greeting: Option<Box<Greeting>>,
    bindings: Bindings,
    exchange: Option<Box<Exchange>>,
    nonces: Nonces,
    tickets: Tickets,
    /// The CAPA response that is being read.
    listed: Option<Vec<Capability>>,
    /// Capabilities to tell of if STLS fails.
    asked_before_tls: Option<Vec<Capability>>,
    stls_refused: bool,
    secured: Option<Box<TlsFacts>>,
    renegotiate: bool,
    now: Instant,
    timer: Option<Instant>,
    /// What the timer is for.
    timed: Option<Wait>,
    /// Whether the server came forward since the timer was set.
    progress: bool,
    stopping: bool,
    ending: Option<Box<Reason>>,
    /// The same, or the violation, in fewer words.
    ended: Option<Ending>,
    closed: bool,
    violation: Option<Box<Violation>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tls {
    Down,
    Awaited,
    Up,
}

struct Greeting {
    text: Text,
    timestamp: Option<Timestamp>,
    xclient: bool,
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
            state: State::Greeting,
            tls: if implicit { Tls::Awaited } else { Tls::Down },
            reading: Reading::First,
            part: 0,
            part_octets: 0,
            sent: VecDeque::new(),
            waiting: VecDeque::new(),
            last_request: 0,
            offers: Offers::default(),
            deletions: 0,
            greeting: None,
            bindings: Bindings::none(),
            exchange: None,
            nonces: Nonces::from_seed(seed),
            tickets: Tickets::new(),
            listed: None,
            asked_before_tls: None,
            stls_refused: false,
            secured: None,
            renegotiate: false,
            now,
            timer: None,
            timed: None,
            progress: false,
            stopping: false,
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
        let before_login = matches!(self.state, State::Greeting | State::Negotiation | State::Authorization);
        if self.config.tls != TlsPolicy::Outside || !before_login {
            return Err(Misuse::WrongState);
        }
        self.bindings = Bindings::of_tls(facts.exporter, facts.server_end_point.as_deref());
        Ok(())
    }

    /// Where the session stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.tls == Tls::Up || self.config.tls == TlsPolicy::Outside
    }

    /// How many messages are marked as deleted, by the server's word, and not known to be gone.
    pub fn deletions(&self) -> u32 {
        self.deletions
    }

    /// How many requests are not answered yet, those that wait in the machine included.
    pub fn pending(&self) -> usize {
        self.sent
            .iter()
            .chain(self.waiting.iter().map(|one| &one.sent))
            .filter_map(|one| one.request.of_caller())
            .count()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("state", &self.state)
            .field("encrypted", &self.is_encrypted())
            .field("pending", &self.pending())
            .field("deletions", &self.deletions)
            .finish_non_exhaustive()
    }
}
