//! The client machine: a session of XMPP (RFC 6120 and extensions) from the side of whoever connects. [`Account`] says who that is: a user, a
//! component, or a server that speaks to another one.
//!
//! The machine opens the stream, starts TLS as the policy says, logs in, binds a resource, has the stream managed, and is then
//! [`Ready`](Event::Ready). It watches that the server is there, brings answers to the requests that they belong to, finds what filters look for,
//! and keeps what is sent while there is no session.
//!
//! ```
//! use wirestate_machine::{Instant, Machine};
//! use xmpp_proto::client::{Account, Client, Config, Event, TlsPolicy};
//!
//! // For real: the default configuration, TLS, and 32 bytes of the system's randomness.
//! let config = Config::default().tls(TlsPolicy::Never);
//! let account = Account::component("echo.example", "secret")?;
//! let mut client = Client::new(config.into(), account, [7; 32], Instant::START);
//! // What a server would say; a driver reads it from a socket and writes what is in the outbox.
//! client.inbox().push(
//!     b"<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' from='echo.example' id='3BF96D32'>\
//!       <handshake/><message from='ann@im.example/r' to='echo.example'><body>Hi</body></message>",
//! );
//! while let Some(event) = client.poll(Instant::START)? {
//!     if let Event::Stanza(stanza) = event {
//!         let answer = "<message xmlns='jabber:component:accept' from='echo.example' to='ann@im.example/r'><body>Hi yourself</body></message>";
//!         assert_eq!(stanza.id(), None);
//!         client.send(answer.parse()?)?;
//!     }
//! }
//! let said = String::from_utf8(client.outbox().to_vec())?;
//! assert!(said.contains("<handshake>") && said.ends_with("<body>Hi yourself</body></message>"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What to know
//!
//! * **No password in the clear.** Mechanisms that send a password or token as it is wait for TLS or for [`Config::cleartext`], and are never used
//!   where the server offers SCRAM. What the server said before TLS is forgotten.
//! * **The server proves itself, too.** With SCRAM a wrong signature or a foreign nonce is a [`Violation`]; iteration counts out of
//!   [bounds](Config::iterations) end the login.
//! * **SCRAM's work is handed out**: [`Event::Work`], answered by [`derived`](Client::derived).
//! * **Requests** ([`request`](Client::request)) have one answer each: a `result` or `error`, with the request's id, from whom it was asked. It goes to
//!   no filter. All fail when the session ends.
//! * **Filters** ([`Filters`]) last, overlap and go by their tags.
//! * **What is sent too early waits** in a queue, within bounds. A full queue is a refusal, [`Misuse::QueueFull`].
//! * **After the end** a [`Continuation`] leads on: the queue, the filters, and what stream management needs to go on where it was cut.
//!
//! # The events of POE::Component::Jabber
//!
//! | there | here |
//! |---|---|
//! | `CONNECT`, `CONNECTING`, `CONNECTED`, `CONNECTFAIL` | notices of the adapter's connector |
//! | `STREAMSTART` | [`Event::StreamStarted`] |
//! | `STREAMEND` | [`Event::Closing`] |
//! | `SSLNEGOTIATE`, `SSLSUCCESS`, `SSLFAIL` | [`Event::TlsNegotiating`], [`Event::Secured`], [`Event::TlsFailed`] and the adapter's notice of a handshake that failed |
//! | `AUTHNEGOTIATE`, `AUTHSUCCESS`, `AUTHFAIL` | [`Event::Authenticating`], [`Event::Authenticated`], [`Event::AuthenticationFailed`] |
//! | `BINDNEGOTIATE`, `BINDSUCCESS`, `BINDFAIL` | [`Event::Binding`], [`Event::Bound`], [`Event::BindFailed`] |
//! | `SESSIONNEGOTIATE`, `SESSIONSUCCESS`, `SESSIONFAIL` | [`Event::SessionNegotiating`], [`Event::SessionEstablished`], [`Event::SessionFailed`] |
//! | `NODESENT`, `NODERECEIVED`, `NODEQUEUED` | [`Event::Sent`], [`Event::Stanza`], [`Event::Queued`] |
//! | `RTS_START`, `RTS_FINISH` | [`Event::Requested`], [`Event::Response`] |
//! | `READY` | [`Event::Ready`] |
//! | `SHUTDOWN_START`, `SHUTDOWN_FINISH` | [`Event::Closing`], [`Event::Closed`] |
//! | `SOCKETFAIL`, `SOCKETDISCONNECT` | notices of the adapter |
//!
//! # The table
//!
//! A cell names the states that something may lead to. A call that is not allowed is a [`Misuse`] and changes nothing.
//!
#![doc = include_str!("table.md")]
//!
#![doc = include_str!("diagram.md")]

mod account;
mod config;
mod continuation;
mod event;
mod filters;
mod input;
mod jabberd;
mod legacy;
mod login;
mod machine;
mod managed;
mod negotiation;
mod outbound;
mod peer;
mod queue;
mod rare;
mod requests;
mod sasl2;
mod send;
mod state;
mod violation;

#[cfg(test)]
mod tests;

pub use account::{Account, AccountError, FastToken, LegacyLogin, UserAgent};
pub use config::{BindRetry, Config, Limits, TlsPolicy};
pub use continuation::{Continuation, Resumption};
pub use event::{Derive, Event, Failure, LoginError, Method, Oddity, Reason, RequestId, TlsFailure, Wait};
pub use filters::{FilterId, Filters, Matcher, Path, PathError};
pub use jabberd::{Name, RouteKind, Routed, RouterError};
pub use outbound::Outbound;
pub use peer::dialback_key;
pub use queue::QueuePolicy;
pub use send::Sent;
pub use state::{On, State, TABLE};
pub use violation::Violation;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use wirestate_machine::plugin::Pipeline;
use wirestate_machine::{Ending, Instant, Misuse, Tickets, TlsFacts};
use wirestate_sasl::{Bindings, Mechanism, Nonce, Nonces};

use crate::jid::Jid;
use crate::ns;
use crate::stanza::Stanza;
use crate::stream::{Features, Opening, Wire};
use crate::xml::{Element, Scope};
use account::Dialect;
use login::Exchange;
use managed::Managed;
use queue::Queue;
use rare::{Absent, Rare};
use requests::Requests;

/// A session, from the side of whoever connects. See the [module's guide](self).
pub struct Client {
    config: Arc<Config>,
    account: Account,
    wire: Wire,
    state: State,
    layer: Layer,
    is_encrypted: bool,
    is_compressed: bool,
    /// Gone once the session is ready.
    negotiation: Rare<Negotiation>,
    features: Box<Features>,
    /// What was offered for a login inside TLS, now or on the connection before.
    offered: Option<Box<Features>>,
    sid: Option<Box<str>>,
    is_logged_in: bool,
    has_session: bool,
    /// Whether the other server sends stanzas on this stream, too.
    is_bidi: bool,
    me: Option<Jid>,
    tickets: Tickets,
    requests: Requests,
    filters: Rare<Filters>,
    plugins: Option<Box<Pipeline<Stanza, Outbound>>>,
    /// What was sent before there was a session.
    queue: Queue,
    /// What was sent faster than it goes.
    backlog: Queue,
    managed: Managed,
    events: VecDeque<Event>,
    now: Instant,
    timer: Option<Instant>,
    /// What the timer is for.
    timed: Option<Wait>,
    heard: Instant,
    said: Instant,
    /// When a stanza went or anything came.
    used: Instant,
    /// When the server was asked for a sign of life.
    asked: Option<Instant>,
    own_ping: Option<RequestId>,
    /// Something began since the last poll, which has no time yet.
    is_stale: bool,
    parting: Rare<Parting>,
    ended: Option<Ending>,
    is_closed: bool,
}

/// What the way to a session needs, and a session does not.
#[derive(Default)]
struct Negotiation {
    secured: Option<Box<TlsFacts>>,
    bindings: Bindings,
    /// Whether more was said with our header than the server could ask for yet.
    is_early: bool,
    awaits: Awaits,
    exchange: Option<Exchange>,
    /// Mechanisms that the server refused as such.
    tried: Vec<Mechanism>,
    /// How often a resource was asked for.
    binds: u8,
    nonces: Option<Nonces>,
}

impl Absent for Negotiation {
    fn absent() -> &'static Self {
        static NONE: Negotiation = Negotiation {
            secured: None,
            bindings: Bindings::none(),
            is_early: false,
            awaits: Awaits::Nothing,
            exchange: None,
            tried: Vec::new(),
            binds: 0,
            nonces: None,
        };
        &NONE
    }
}

/// What only a session has that ends.
#[derive(Default)]
struct Parting {
    /// Why our stream has ended; the server's has not.
    leave: Option<Box<Reason>>,
    /// Why the session ends, which is still to be told.
    ending: Option<Box<Reason>>,
    violation: Option<Violation>,
}

impl Absent for Parting {
    fn absent() -> &'static Self {
        static NONE: Parting = Parting { leave: None, ending: None, violation: None };
        &NONE
    }
}

impl Negotiation {
    /// A nonce, until the session is ready.
    fn fresh_nonce(&mut self) -> Option<Nonce> {
        self.nonces.as_mut().map(Nonces::fresh)
    }
}

/// What is about to be put below the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    None,
    Tls,
    Deflate,
}

/// Which answer of the server's the negotiation waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Awaits {
    #[default]
    Nothing,
    Compression,
    Resumption,
    Bind(Box<str>),
    Session(Box<str>),
    Fields(Box<str>),
    LegacyLogin(Box<str>, Method),
    Handshake,
    Name,
    Dialback,
}

impl Client {
    /// A session on a connection that has just been made.
    ///
    /// `seed` is 32 fresh bytes of the system's randomness, for the nonces of SCRAM.
    pub fn new(config: Arc<Config>, account: Account, seed: [u8; 32], now: Instant) -> Self {
        Client::resuming(config, account, Continuation::default(), seed, now)
    }

    /// A session that takes up what the one before it left.
    pub fn resuming(config: Arc<Config>, account: Account, before: Continuation, seed: [u8; 32], now: Instant) -> Self {
        let limits = &config.limits;
        let mut wire = Wire::new(config.framing, scope_of(account.dialect), limits.before_login, limits.outbox);
        let is_implicit = config.tls == TlsPolicy::Implicit;
        if is_implicit {
            // Nothing is here yet.
            let _ = wire.hold_for_tls();
        }
        let mut nonces = Nonces::from_seed(seed);
        let prefix = nonces.fresh().as_str().bytes().fold(0, |sum: u32, byte| sum.wrapping_mul(31) ^ u32::from(byte));
        let mut client = Client {
            wire,
            state: if is_implicit { State::Handshake } else { State::Opening },
            layer: if is_implicit { Layer::Tls } else { Layer::None },
            is_encrypted: config.tls == TlsPolicy::Outside,
            is_compressed: false,
            negotiation: Negotiation { nonces: Some(nonces), ..Negotiation::default() }.into(),
            features: Box::default(),
            offered: before.offered.map(Box::new),
            sid: None,
            is_logged_in: false,
            has_session: false,
            is_bidi: false,
            me: None,
            tickets: Tickets::new(),
            requests: Requests::new(prefix),
            filters: Rare::new(),
            plugins: None,
            queue: Queue::after(before.queue),
            backlog: Queue::after(before.backlog),
            managed: Managed::after(before.resumption),
            events: VecDeque::new(),
            now,
            timer: None,
            timed: None,
            heard: now,
            said: now,
            used: now,
            asked: None,
            own_ping: None,
            is_stale: true,
            parting: Rare::new(),
            ended: None,
            is_closed: false,
            account,
            config,
        };
        if !before.filters.is_empty() {
            client.filters = before.filters.into();
        }
        if let Some(token) = before.token {
            client.account.token = Some(token.into());
        }
        if !is_implicit {
            client.open();
        }
        client.keep_time();
        client
    }

    /// Tells what is known of a TLS channel that lies outside the machine ([`TlsPolicy::Outside`]), for SCRAM-PLUS.
    ///
    /// # Errors
    /// [`Misuse::WrongState`] with another policy, or once the login has begun.
    pub fn describe_channel(&mut self, facts: &TlsFacts) -> Result<(), Misuse> {
        if self.config.tls != TlsPolicy::Outside || self.state != State::Opening || self.is_logged_in {
            return Err(Misuse::WrongState);
        }
        self.negotiation.bindings = Bindings::of_tls(facts.exporter, facts.server_end_point.as_deref());
        Ok(())
    }

    /// Where the session stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Who we are: the full address that the server bound, or a component's own. `None` before that is known.
    pub fn jid(&self) -> Option<&Jid> {
        self.me.as_ref()
    }

    /// The server's name for the stream (RFC 6120 §4.7.3).
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// How many requests are not answered yet.
    pub fn pending(&self) -> usize {
        self.requests.len() - usize::from(self.own_ping.is_some())
    }

    /// The stanzas that wait, in the order in which they will go.
    pub fn queue(&self) -> impl Iterator<Item = &Element> {
        self.backlog.iter().chain(self.queue.iter())
    }

    /// What the server offered last.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// The filters.
    pub fn filters(&self) -> &Filters {
        &self.filters
    }

    /// The filters, to add to and to remove from, at any time.
    pub fn filters_mut(&mut self) -> &mut Filters {
        &mut self.filters
    }

    /// The plugins that see each stanza that comes before filters and the program do, answers to requests excepted, and each that the program sends before
    /// it is queued or written. What hides a stanza says what is sent in its stead, which may be nothing; a request that is hidden fails when its time is
    /// up. A session after this one has plugins of its own.
    pub fn plugins(&mut self) -> &mut Pipeline<Stanza, Outbound> {
        self.plugins.get_or_insert_default()
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Whose session it is.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The namespace that stanzas of this stream are in: `jabber:client`, or that of components, routers or servers.
    pub fn ns(&self) -> &'static str {
        ns_of(self.account.dialect)
    }

    /// Says our stream header.
    fn open(&mut self) {
        let bare = self.account.jid.bare();
        let tells = match self.account.dialect {
            // Who we are is nobody's business before TLS (RFC 6120 §4.7.1).
            Dialect::Xmpp => self.is_encrypted && bare.local().is_some(),
            Dialect::Server => true,
            Dialect::Legacy(_) | Dialect::Component | Dialect::Router(_) => false,
        };
        self.wire.open(&Opening {
            from: tells.then_some(bare.as_str()),
            to: self.account.receiver().map(crate::JidRef::as_str),
            id: None,
            version: self.account.is_modern().then_some("1.0"),
            lang: self.config.lang.as_deref(),
        });
        self.start_quickly();
    }
}

fn ns_of(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Xmpp | Dialect::Legacy(_) => ns::CLIENT,
        Dialect::Component => ns::COMPONENT_ACCEPT,
        Dialect::Router(_) => ns::JABBERD_ROUTER,
        Dialect::Server => ns::SERVER,
    }
}

fn scope_of(dialect: Dialect) -> Scope {
    match dialect {
        Dialect::Xmpp | Dialect::Legacy(_) => Scope::CLIENT,
        Dialect::Component => Scope::COMPONENT,
        Dialect::Router(_) => Scope::ROUTER,
        Dialect::Server => Scope::SERVER,
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("account", &self.account)
            .field("state", &self.state)
            .field("encrypted", &self.is_encrypted)
            .field("pending", &self.pending())
            .field("queued", &(self.queue.len() + self.backlog.len()))
            .finish_non_exhaustive()
    }
}
