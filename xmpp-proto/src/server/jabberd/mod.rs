//! A router for components of jabberd2: a session of one of them.
//!
//! A component logs in by SASL, binds any number of names, and speaks for them: what it sends to other names travels in `<route/>`. The session sees to
//! the login, knows which names the component has, and keeps what is for it while it asks for a pause; who may have which name, and where a route goes,
//! is the application's answer, which has all components before it.
//!
//! ```
//! use std::sync::Arc;
//! use wirestate_machine::{Instant, Machine, Relay};
//! use wirestate_sasl::Mechanism;
//! use wirestate_sasl::server::Answer;
//! use xmpp_proto::payload::router::RouterError;
//! use xmpp_proto::server::jabberd::{Config, Event, RouterComponent};
//! use xmpp_proto::server::Tls;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut config = Config::default();
//! config.mechanisms = vec![Mechanism::Plain];
//! (config.tls, config.cleartext) = (Tls::Off, true); // for the brevity of this example
//! let mut router = RouterComponent::new(Arc::new(config), [7; 32], Instant::START);
//!
//! let header = "<stream:stream xmlns='http://jabberd.jabberstudio.org/ns/component/1.0' \
//!               xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
//! let login = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGVjaG8Ac2VjcmV0</auth>";
//! let routes = "<bind name='echo'/><route from='echo' to='echo'>again</route><route from='echo' to='nobody'/>";
//! router.inbox().push([header, login, header, routes].concat().as_bytes());
//! while let Some(event) = router.poll(Instant::START)? {
//!     match event {
//!         Event::Authenticate { ticket, .. } => router.authenticate(ticket, Answer::Accept)?,
//!         Event::Bind { ticket, .. } => router.bind(ticket)?,
//!         Event::Route(route) if route.to() == Some(route.from()) => router.relay(&route.packet()),
//!         Event::Route(route) => router.relay(&route.bounce(RouterError::NotFound)?),
//!         _ => {}
//!     }
//! }
//! let said = String::from_utf8(router.outbox().drain())?;
//! assert!(said.ends_with(
//!     "<bind/><route from='echo' to='echo'>again</route><route from='echo' to='nobody' error='404'/>"
//! ));
//! # Ok(())
//! # }
//! ```
//!
//! # States
//!
//! | | Opening | Securing | Negotiating | Authenticating | Reopening | Connected | Closing | Closed |
//! |---|---|---|---|---|---|---|---|---|
//! | (header) | Negotiating, Closed |  |  |  | Connected, Closed |  |  |  |
//! | starttls |  |  | Securing, Closed |  |  |  |  |  |
//! | auth |  |  | Reopening, Authenticating, Negotiating, Closed |  |  |  |  |  |
//! | response |  |  | Negotiating, Closed | Reopening, Authenticating, Negotiating, Closed |  |  |  |  |
//! | abort |  |  | Negotiating, Closed | Negotiating, Closed |  |  |  |  |
//! | bind |  |  |  |  |  | Connected |  |  |
//! | unbind |  |  |  |  |  | Connected |  |  |
//! | route |  |  |  |  |  | Connected | Closing |  |
//! | throttle |  |  |  |  |  | Connected |  |  |
//! | stream:error | Closed |  | Closed | Closed | Closed | Closed | Closed |  |
//! | (end) | Closed |  | Closed | Closed | Closed | Closed | Closed |  |
//! | (other) |  |  |  |  |  |  |  |  |
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> Opening
//!     Opening --> Negotiating: (header)
//!     Opening --> Closed: (header), stream:error, (end)
//!     Negotiating --> Securing: starttls
//!     Negotiating --> Negotiating: auth, response, abort
//!     Negotiating --> Authenticating: auth
//!     Negotiating --> Reopening: auth
//!     Negotiating --> Closed: starttls, auth, response, abort, stream:error, (end)
//!     Authenticating --> Negotiating: response, abort
//!     Authenticating --> Authenticating: response
//!     Authenticating --> Reopening: response
//!     Authenticating --> Closed: response, abort, stream:error, (end)
//!     Reopening --> Connected: (header)
//!     Reopening --> Closed: (header), stream:error, (end)
//!     Connected --> Connected: bind, unbind, route, throttle
//!     Connected --> Closed: stream:error, (end)
//!     Closing --> Closing: route
//!     Closing --> Closed: stream:error, (end)
//! ```

mod config;
mod event;
mod login;
mod names;
mod state;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use wirestate_machine::{Ending, Inbox, Instant, Machine, Outbox, Relay, Upgrade, Upgraded};

use super::base::{Base, Step};
use super::{Reason, Tls, Violation};
pub use config::Config;
pub use event::Event;
pub use state::{Keyword, State, TABLE};

use crate::jid::Jid;
use crate::payload::router::Name;
use crate::stream::{self, Content, Features, Header, Incoming, Opening, Packet, StreamError, StreamLimits};
use crate::xml::Element;
use login::Login;
use names::{Kept, Wanted};

/// A session of a component of jabberd2's router. See the [module's guide](self).
#[derive(Debug)]
pub struct RouterComponent {
    config: Arc<Config>,
    base: Base<Event>,
    state: State,
    is_encrypted: bool,
    /// Gone once the component is logged in.
    login: Option<Box<Login>>,
    names: Vec<(Jid, Name)>,
    /// A name that is asked for, while the application is asked.
    wanted: Option<Box<Wanted>>,
    /// What waits, while the component has asked for a pause.
    kept: Option<Box<Kept>>,
}

impl RouterComponent {
    /// A session that begins at `now`. `seed` must be 32 octets that nobody can guess and that no other session has: from it come the nonces of SASL,
    /// and the names of the stream.
    pub fn new(config: Arc<Config>, seed: [u8; 32], now: Instant) -> Self {
        let mut base = Base::new(Content::Router, seed, &config.limits, now);
        let is_implicit = config.tls == Tls::Implicit;
        // Nothing may be read before the handshake.
        base.wire.inbox().hold(is_implicit);
        base.is_held = is_implicit;
        RouterComponent {
            base,
            state: if is_implicit { State::Securing } else { State::Opening },
            is_encrypted: config.tls == Tls::Outside,
            login: Some(Box::default()),
            names: Vec::new(),
            wanted: None,
            kept: None,
            config,
        }
    }

    /// Where the session stands.
    pub fn state(&self) -> State {
        if self.base.is_over() { State::Closed } else { self.state }
    }

    /// Whether the channel is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// The names that the component has, or had when the session ended.
    pub fn names(&self) -> impl Iterator<Item = (&Jid, Name)> {
        self.names.iter().map(|(name, how)| (name, *how))
    }

    /// Whether the component has asked for a pause: what is relayed is kept until that ends.
    pub fn is_throttled(&self) -> bool {
        self.kept.is_some()
    }

    /// Ends the stream in good order: what the component has sent until it hears of it still comes.
    pub fn end(&mut self) {
        let is_connected = self.state() == State::Connected;
        self.base.end(&self.config.limits);
        if is_connected {
            self.state = State::Closing;
        } else {
            self.base.close(Reason::Closed);
        }
    }

    /// Ends the stream with an error. Once the session is over, nothing happens.
    pub fn close_with(&mut self, error: &StreamError) {
        self.base.close_with(error, Reason::Closed, &self.config.limits);
    }

    // --- what the component says ---

    fn take(&mut self, frame: Incoming) -> Result<Option<Event>, Violation> {
        let (keyword, element) = match frame {
            Incoming::Header(header) => (Keyword::Header, header),
            Incoming::Element(element) => (Keyword::of(&element), element),
            _ => return Ok(None),
        };
        if let Some(login) = &mut self.login {
            login.elements = login.elements.saturating_add(1);
            if login.elements > self.config.limits.elements_before_binding {
                return Err(Violation::TooManyElements);
            }
        }
        let is_early = self.is_tls_due() && !matches!(keyword, Keyword::Header | Keyword::Starttls | Keyword::Error);
        if is_early || !TABLE.allows(self.state, keyword) {
            return match self.state {
                State::Closing => Ok(None),
                State::Connected => Err(Violation::UnsupportedElement),
                _ => Err(Violation::NotAuthorized),
            };
        }
        match keyword {
            Keyword::Header => self.take_header(&element)?,
            Keyword::Starttls => self.take_starttls()?,
            Keyword::Auth => self.take_auth(&element)?,
            Keyword::Response => self.take_response(&element)?,
            Keyword::Abort => self.take_abort()?,
            Keyword::Bind => return Ok(self.take_bind(&element)),
            Keyword::Unbind => return Ok(self.take_unbind(&element)),
            Keyword::Route => return Ok(self.take_route(element)),
            Keyword::Throttle => self.take_throttle(),
            _ => self.base.take_error(&element, &self.config.limits),
        }
        Ok(None)
    }

    fn take_header(&mut self, element: &Element) -> Result<(), Violation> {
        let header = Header::read(element, self.config.rules)?;
        let scope = self.base.wire.peer_scope();
        // Components of jabberd2 declare no default namespace: each element says its own.
        let content = if scope.default_ns().is_empty() { "" } else { Content::Router.ns() };
        Header::check_scope(scope, content)?;
        if header.version.is_none_or(|version| version < stream::Version::ONE) {
            return Err(Violation::Version);
        }
        self.base.open(&Opening {
            from: Some(&self.config.host),
            version: Some("1.0"),
            lang: Some(&self.config.lang),
            ..Opening::default()
        });
        if self.state == State::Opening {
            self.state = State::Negotiating;
        } else {
            self.state = State::Connected;
            self.login = None;
            self.base.trust(&self.config.limits);
        }
        let features = self.features();
        self.base.write(|writer| features.write(writer));
        Ok(())
    }

    fn features(&self) -> Features {
        let limits = StreamLimits { max_bytes: Some(self.base.wire.limits().bytes as u64), idle_seconds: None };
        let told = Features { limits: Some(limits), ..Features::default() };
        let starttls = match self.config.tls {
            Tls::Starttls { required } if !self.is_encrypted => Some(stream::Starttls { required }),
            _ => None,
        };
        match self.state {
            State::Connected => told,
            _ if self.is_tls_due() => Features { starttls, ..told },
            _ => Features {
                starttls,
                mechanisms: self.mechanism_names(),
                channel_bindings: self.channel().map(|channel| channel.binding_types()).unwrap_or_default(),
                ..told
            },
        }
    }

    fn take_starttls(&mut self) -> Result<(), Violation> {
        self.base.start_tls(matches!(self.config.tls, Tls::Starttls { .. }) && !self.is_encrypted)?;
        self.state = State::Securing;
        Ok(())
    }
}

impl Machine for RouterComponent {
    type Event = Event;
    type Error = Violation;

    fn inbox(&mut self) -> &mut Inbox {
        self.base.wire.inbox()
    }

    fn outbox(&mut self) -> &mut Outbox {
        self.base.wire.outbox()
    }

    fn poll(&mut self, now: Instant) -> Result<Option<Event>, Violation> {
        let config = self.config.clone();
        loop {
            let taken = match self.base.next(now, &config.limits)? {
                Step::Idle => return Ok(None),
                Step::Event(event) => return Ok(Some(event)),
                Step::Silent => {
                    self.base.keep_alive(config.idle, &config.limits);
                    continue;
                }
                Step::Delayed => self.end_delay().map(|()| None),
                Step::Frame(frame) => self.take(frame),
            };
            match taken {
                Ok(Some(event)) => return Ok(Some(event)),
                Ok(None) => {}
                Err(violation) => {
                    let violation = self.base.violate(violation, &config.limits);
                    // What was queued came before it.
                    return match self.base.queued.take() {
                        Some(event) => Ok(Some(*event)),
                        None => Err(violation),
                    };
                }
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.base.deadline(&self.config.limits)
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        let is_ready = self.state() == State::Securing && self.base.wire.is_ready_for_upgrade();
        is_ready.then_some(Upgrade::Tls)
    }

    fn upgraded(&mut self, _now: Instant, how: Upgraded) {
        if let (State::Securing, Upgraded::Tls(facts)) = (self.state(), how) {
            self.is_encrypted = true;
            if let Some(login) = &mut self.login {
                login.secured(&facts);
            }
            self.base.secured();
            self.state = State::Opening;
            self.base.queue(Event::Secured(facts));
        }
    }

    fn is_closed(&self) -> bool {
        self.base.is_closed()
    }

    fn shutdown(&mut self) {
        self.base.is_stopping = true;
    }

    fn ending(&self) -> Option<Ending> {
        self.base.ending()
    }
}

impl Relay for RouterComponent {
    type Message = Packet;

    /// Says a packet to a component that is connected, after what was said before. While the component has asked for a pause, it is kept.
    fn relay(&mut self, packet: &Packet) {
        self.say(packet);
    }
}
