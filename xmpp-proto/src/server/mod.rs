//! The server machine: a client's session.
//!
//! A [`Server`] is one client's stream to an XMPP server (RFC 6120). It negotiates: TLS, logins by SASL, SASL2, tokens or as before SASL, a resource,
//! stream management, compression; checks each stanza's head; counts and keeps what goes out, and lets a stream go on over another connection. It asks
//! the application only for what that alone knows: whether credentials are good, which resource a client gets, whether there is a stream to resume.
//! From then on each stanza comes as [`Event::Stanza`], and what there is to say is [relayed](Relay::relay) as [`Packet`]s, one writing for any number
//! of sessions.
//!
//! ```
//! use std::sync::Arc;
//! use wirestate_machine::{Instant, Machine, Relay};
//! use wirestate_sasl::Mechanism;
//! use wirestate_sasl::server::Answer;
//! use xmpp_proto::server::{Config, Event, Server, Tls};
//! use xmpp_proto::stream::Packet;
//! use xmpp_proto::xml::Stamp;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut config = Config::serving(["im.example"])?;
//! config.mechanisms = vec![Mechanism::Plain];
//! (config.tls, config.cleartext) = (Tls::Off, true); // for the brevity of this example
//! let mut server = Server::new(Arc::new(config), [7; 32], Instant::START);
//!
//! let header = "<?xml version='1.0'?><stream:stream to='im.example' version='1.0' xmlns='jabber:client' \
//!               xmlns:stream='http://etherx.jabber.org/streams'>";
//! let login = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGp1bGlldABwZW5jaWw=</auth>";
//! let bind = "<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
//! let message = "<message to='romeo@im.example'><body>Wherefore?</body></message></stream:stream>";
//! server.inbox().push([header, login, header, bind, message].concat().as_bytes());
//! let mut sent = Vec::new();
//! while let Some(event) = server.poll(Instant::START)? {
//!     match event {
//!         Event::Authenticate { ticket, .. } => server.authenticate(ticket, Answer::Accept)?,
//!         Event::Bind { ticket, .. } => server.bind(ticket, "balcony")?,
//!         Event::Stanza(stanza) => {
//!             let from = server.jid().ok_or("the client is bound")?;
//!             sent.push(Packet::stamped(&Stamp::new(stanza.view()).from(from.as_str()))?);
//!         }
//!         _ => {}
//!     }
//! }
//! assert_eq!(
//!     sent[0].as_bytes(),
//!     "<message to='romeo@im.example' from='juliet@im.example/balcony'><body>Wherefore?</body></message>"
//! );
//! // On Romeo's session:
//! # let mut romeo = server;
//! romeo.relay(&sent[0]);
//! # Ok(())
//! # }
//! ```
//!
//! # States
//!
//! What is allowed where, and the states that it may lead to ([`TABLE`]):
//!
//! | | Opening | Securing | Negotiating | Authenticating | Reopening | Compressing | Binding | Bound | Closing | Closed |
//! |---|---|---|---|---|---|---|---|---|---|---|
//! | (header) | Negotiating, Closed |  |  |  | Binding, Closed |  |  |  |  |  |
//! | starttls |  |  | Securing, Closed |  |  |  |  |  |  |  |
//! | auth |  |  | Reopening, Authenticating, Negotiating, Closed |  |  |  |  |  |  |  |
//! | response |  |  | Negotiating, Closed | Reopening, Binding, Bound, Authenticating, Negotiating, Closed |  |  |  |  |  |  |
//! | abort |  |  | Negotiating, Closed | Negotiating, Closed |  |  |  |  |  |  |
//! | authenticate |  |  | Binding, Bound, Authenticating, Negotiating, Closed |  |  |  |  |  |  |  |
//! | iq auth |  |  | Bound, Negotiating, Closed |  |  |  |  | Bound |  |  |
//! | compress |  |  |  |  |  |  | Compressing, Binding, Closed |  |  |  |
//! | iq bind |  |  |  |  |  |  | Bound, Binding | Bound | Closing |  |
//! | iq session |  |  |  |  |  |  | Binding | Bound | Closing |  |
//! | enable |  |  |  |  |  |  |  | Bound |  |  |
//! | resume |  |  |  |  |  |  | Bound, Binding, Closed | Bound |  |  |
//! | r |  |  |  |  |  |  |  | Bound |  |  |
//! | a |  |  |  |  |  |  |  | Bound, Closed |  |  |
//! | (client state) |  |  |  |  |  |  |  | Bound |  |  |
//! | (stanza) |  |  |  |  |  |  |  | Bound, Closed | Closing |  |
//! | stream:error | Closed |  | Closed | Closed | Closed |  | Closed | Closed | Closed |  |
//! | (end) | Closed |  | Closed | Closed | Closed |  | Closed | Closed | Closed |  |
//! | (other) |  |  |  |  |  |  |  |  |  |  |
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> Opening
//!     Opening --> Negotiating: (header)
//!     Opening --> Closed: (header), stream:error, (end)
//!     Negotiating --> Securing: starttls
//!     Negotiating --> Negotiating: auth, response, abort, authenticate, iq auth
//!     Negotiating --> Authenticating: auth, authenticate
//!     Negotiating --> Reopening: auth
//!     Negotiating --> Binding: authenticate
//!     Negotiating --> Bound: authenticate, iq auth
//!     Negotiating --> Closed: starttls, auth, response, abort, authenticate, iq auth, stream:error, (end)
//!     Authenticating --> Negotiating: response, abort
//!     Authenticating --> Authenticating: response
//!     Authenticating --> Reopening: response
//!     Authenticating --> Binding: response
//!     Authenticating --> Bound: response
//!     Authenticating --> Closed: response, abort, stream:error, (end)
//!     Reopening --> Binding: (header)
//!     Reopening --> Closed: (header), stream:error, (end)
//!     Binding --> Compressing: compress
//!     Binding --> Binding: compress, iq bind, iq session, resume
//!     Binding --> Bound: iq bind, resume
//!     Binding --> Closed: compress, resume, stream:error, (end)
//!     Bound --> Bound: iq auth, iq bind, iq session, enable, resume, r, a, (client state), (stanza)
//!     Bound --> Closed: a, (stanza), stream:error, (end)
//!     Closing --> Closing: iq bind, iq session, (stanza)
//!     Closing --> Closed: stream:error, (end)
//! ```
//!
//! What the table does not allow ends the stream: with `not-authorized` before a resource is bound, with `unsupported-stanza-type` after it.
//!
//! # Others than clients
//!
//! [`component`] accepts external components (XEP-0114), [`jabberd`] components of jabberd2's router, and [`peer`] other servers, which prove
//! themselves by certificate or dialback.

mod base;
mod binding;
pub mod component;
mod config;
mod ending;
mod event;
mod input;
mod iq_auth;
pub mod jabberd;
mod keyword;
mod limits;
mod login;
mod managed;
mod opening;
pub mod peer;
mod sasl2;
mod state;
mod timer;
mod violation;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use wirestate_machine::plugin::Pipeline;
use wirestate_machine::{
    Ending, Inbox, Instant, Machine, Misuse, Outbox, Relay, Ticket, Tickets, TlsFacts, Upgrade, Upgraded,
};
use wirestate_sasl::Nonces;

pub use config::{Config, FromRule, Tls};
pub use event::{Ask, BindRequest, Event, LoggedIn, LoginFailure, Opened, Reason, TokenRequest, kind};
pub use keyword::Keyword;
pub use limits::Limits;
pub use managed::Suspended;
pub use state::{State, TABLE};
pub use violation::Violation;

use crate::jid::Jid;
use crate::payload::csi::ClientState;
use crate::payload::sm::Resume;
use crate::stanza::Stanza;
use crate::stream::{Content, Packet, Wire};
use binding::Source;
use input::Read;
use login::Login;
use managed::Managed;
use timer::Timer;

/// One client's session. See the [module's guide](self).
#[derive(Debug)]
pub struct Server {
    config: Arc<Config>,
    wire: Wire,
    state: State,
    now: Instant,
    timer: Timer,
    tickets: Tickets,
    nonces: Nonces,
    /// The account once the client is logged in; the full address once it is bound.
    jid: Option<Jid>,
    /// Gone once a resource is bound.
    login: Option<Box<Login>>,
    managed: Option<Box<Managed>>,
    /// Most sessions have none.
    plugins: Option<Box<Pipeline<Stanza, Packet>>>,
    /// What waits until somebody looks at the client.
    #[expect(clippy::box_collection, reason = "boxed it takes a third of the room in each idle session")]
    held: Option<Box<Vec<Packet>>>,
    /// Who asked for a resource, while the application is asked.
    bind_source: Option<Box<Source>>,
    /// A resource that is to be asked for when the login was told.
    binding_later: Option<Box<(Source, Option<String>)>>,
    /// Which stream is to go on, while the application is asked.
    resuming: Option<Box<Resume>>,
    /// An event to give before anything else happens.
    queued: Option<Box<Event>>,
    violation: Option<Box<Violation>>,
    ending: Option<Ending>,
    /// Which of the domains.
    host: u16,
    encrypted: bool,
    compressed: bool,
    /// Whether nobody looks at the client.
    inactive: bool,
    /// Whether more waits to be sent than the limits allow.
    overrun: bool,
    /// Whether more went out than is kept, and the application has not been told.
    unresumable: bool,
    stopping: bool,
}

impl Server {
    /// A session that begins at `now`. `seed` must be 32 octets that nobody can guess and that no other session has: from it come the nonces of SASL,
    /// and the names of the stream.
    pub fn new(config: Arc<Config>, seed: [u8; 32], now: Instant) -> Self {
        let limits = &config.limits;
        let mut wire =
            Wire::new(config.framing, Content::Client.scope(), limits.before_login, limits.output_before_binding());
        let is_implicit = config.tls == Tls::Implicit;
        // Nothing may be read before the handshake.
        wire.inbox().hold(is_implicit);
        Server {
            wire,
            state: if is_implicit { State::Securing } else { State::Opening },
            now,
            timer: Timer::new(now),
            tickets: Tickets::new(),
            nonces: Nonces::from_seed(seed),
            jid: None,
            login: Some(Box::new(Login::new(now + limits.login_time))),
            managed: None,
            plugins: None,
            held: None,
            bind_source: None,
            binding_later: None,
            resuming: None,
            queued: None,
            violation: None,
            ending: None,
            host: 0,
            encrypted: config.tls == Tls::Outside,
            compressed: false,
            inactive: false,
            overrun: false,
            unresumable: false,
            stopping: false,
            config,
        }
    }

    /// Where the session stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// The client's account once it is logged in; its full address once it is bound.
    pub fn jid(&self) -> Option<&Jid> {
        self.jid.as_ref()
    }

    /// The domain that the client speaks to, or the first where it has named none.
    pub fn host(&self) -> &str {
        self.host_name()
    }

    /// Whether the channel is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether stanzas are counted and kept (XEP-0198).
    pub fn is_managed(&self) -> bool {
        self.managed.is_some()
    }

    /// Whether somebody looks at the client (XEP-0352).
    pub fn client_state(&self) -> ClientState {
        if self.inactive { ClientState::Inactive } else { ClientState::Active }
    }

    /// The plugins that see each stanza of the client whose head is right before the application does, and each packet that goes out before it is written,
    /// relayed ones included. What hides a stanza says what the client hears in its stead: an IQ that asks must have its answer (RFC 6120 §8.2.3), for
    /// all else it may be [nothing](Packet::NOTHING).
    pub fn plugins(&mut self) -> &mut Pipeline<Stanza, Packet> {
        self.plugins.get_or_insert_default()
    }

    /// What all sessions of the listener have in common.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// Tells what is known of a TLS channel that lies outside the machine ([`Tls::Outside`]), for SCRAM-PLUS and EXTERNAL. Call it before the
    /// first poll; facts are believed as they stand.
    ///
    /// # Errors
    ///
    /// [`Misuse::WrongState`] with another configuration, or once the client has spoken.
    pub fn describe_channel(&mut self, facts: &TlsFacts) -> Result<(), Misuse> {
        if self.config.tls != Tls::Outside || self.state != State::Opening {
            return Err(Misuse::WrongState);
        }
        self.login.as_mut().ok_or(Misuse::WrongState)?.know_channel(facts);
        Ok(())
    }

    // --- tickets and events ---

    fn issue<Kind>(&mut self) -> Ticket<Kind> {
        self.timer.ask(self.now);
        self.tickets.issue()
    }

    fn redeem<Kind>(&mut self, ticket: Ticket<Kind>) -> Result<(), Misuse> {
        self.tickets.redeem(ticket)
    }

    fn queue(&mut self, event: Event) {
        self.queued = Some(Box::new(event));
    }

    fn is_waiting(&self) -> bool {
        self.tickets.is_open() || self.timer.is_delaying()
    }

    /// Does what follows from what was asked together with a login; gives whether that was anything.
    fn go_on(&mut self) -> bool {
        if let Some((source, resource)) = self.binding_later.take().map(|later| *later) {
            self.ask_to_bind(source, resource, None, None);
            return true;
        }
        let is_inlining = self.is_inlining();
        if is_inlining {
            self.go_on_inline();
        }
        is_inlining
    }
}

impl Machine for Server {
    type Event = Event;
    type Error = Violation;

    fn inbox(&mut self) -> &mut Inbox {
        self.wire.inbox()
    }

    fn outbox(&mut self) -> &mut Outbox {
        self.wire.outbox()
    }

    fn poll(&mut self, now: Instant) -> Result<Option<Event>, Violation> {
        self.now = self.now.max(now);
        loop {
            // What was queued came before the violation.
            if let Some(event) = self.queued.take() {
                return Ok(Some(*event));
            }
            if let Some(violation) = &self.violation {
                return Err(**violation);
            }
            if self.state == State::Closed {
                return Ok(None);
            }
            if core::mem::take(&mut self.unresumable) {
                return Ok(Some(Event::Unresumable));
            }
            if self.overrun {
                self.close_for(Reason::SendQueueExceeded);
                continue;
            }
            if self.keep_time() {
                continue;
            }
            if self.is_waiting() {
                return Ok(None);
            }
            if self.stopping {
                self.close_for(Reason::Shutdown);
                continue;
            }
            if matches!(self.state, State::Securing | State::Compressing) {
                if !self.wire.inbox().is_closed() {
                    return Ok(None);
                }
                self.close(Reason::Gone);
                continue;
            }
            if self.go_on() {
                continue;
            }
            self.request_if_due();
            if self.wire.outbox().is_full() {
                return Ok(None);
            }
            match self.read_frame()? {
                Read::Nothing => return Ok(None),
                Read::Something => {}
                Read::Event(event) => return Ok(Some(event)),
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.due_at()
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        let upgrade = match self.state {
            State::Securing => Upgrade::Tls,
            State::Compressing => Upgrade::Deflate,
            _ => return None,
        };
        self.wire.is_ready_for_upgrade().then_some(upgrade)
    }

    fn upgraded(&mut self, _now: Instant, how: Upgraded) {
        match (self.state, how) {
            (State::Securing, Upgraded::Tls(facts)) => self.secured(facts),
            (State::Compressing, Upgraded::Deflate) => self.deflated(),
            _ => {}
        }
    }

    fn is_closed(&self) -> bool {
        self.state == State::Closed && self.queued.is_none()
    }

    /// At the next safe point, between two elements, the client is told `system-shutdown`, and the session ends.
    fn shutdown(&mut self) {
        self.stopping = true;
    }

    fn is_settled(&self) -> bool {
        self.state == State::Bound
            && self.wire.is_idle()
            && self.timer.is_resting()
            && self.queued.is_none()
            && self.login.is_none()
            && self.binding_later.is_none()
            && !self.is_request_due()
            && !(self.overrun || self.unresumable || self.stopping)
    }

    fn ending(&self) -> Option<Ending> {
        self.ending.filter(|_| self.is_closed())
    }
}

impl Relay for Server {
    type Message = Packet;

    /// Says a packet to a client that is bound, after all that was said before; a presence waits where nobody looks at the client (XEP-0352). In a
    /// managed stream stanzas are counted, and kept until the client has them. Where more waits than the limits allow, it is the last that is taken,
    /// and the session ends.
    fn relay(&mut self, packet: &Packet) {
        if self.overrun || self.state != State::Bound {
            return;
        }
        if self.is_to_be_held(packet) {
            return self.held.get_or_insert_default().push(packet.clone());
        }
        if self.held.is_some() {
            self.release_held();
        }
        self.say(packet);
    }

    fn is_transparent(&self, packet: &Packet) -> bool {
        self.state == State::Bound
            && self.held.is_none()
            && self.plugins.is_none()
            && (self.managed.is_none() || !packet.is_stanza())
            && !(self.overrun || self.is_to_be_held(packet))
            && self.wire.is_transparent(packet, Content::Client)
            && packet.as_bytes().len() <= self.config.limits.send_queue
    }
}
