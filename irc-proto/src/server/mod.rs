//! The server machine.
//!
//! A [`Server`] is one session of an IRC server. It keeps the state, checks every command against it, negotiates capabilities, runs SASL, answers
//! PING and watches that the client answers its own, holds back who sends too fast, and asks the application only for what that alone
//! knows: whether a nickname is free, whether credentials are good, and whether the client is welcome. From then on every command that
//! is not the session's own comes as [`Event::Message`], in one [`Bytes`], and what the network has to say is
//! [relayed](Relay::relay) as [`Lines`], one encoding for any number of sessions.
//!
//! ```
//! use std::sync::Arc;
//! use bytes::Bytes;
//! use irc_proto::server::{Config, Event, Lines, Server};
//! use wirestate_machine::{Instant, Machine, Relay};
//!
//! let mut server = Server::new(Arc::new(Config::default()), [7; 32], Instant::START);
//! server.inbox().push(b"NICK ann\r\nUSER ann 0 * :Ann\r\nPING 1\r\nPRIVMSG #lobby :hi\r\nQUIT :bye\r\n");
//! let mut heard = Vec::new();
//! while let Some(event) = server.poll(Instant::START)? {
//!     match event {
//!         Event::Nick { ticket, .. } => server.accept_nick(ticket)?,
//!         Event::Register { ticket, registration } => {
//!             assert_eq!((&registration.nick[..], &registration.realname[..]), (&b"ann"[..], &b"Ann"[..]));
//!             server.welcome(ticket)?;
//!             server.relay(&Lines::check(Bytes::from_static(b":irc.localhost 001 ann :Welcome\r\n"))?);
//!         }
//!         Event::Message(message) => heard.push(message),
//!         _ => {}
//!     }
//! }
//! assert_eq!(heard[0].borrow().line(), b"PRIVMSG #lobby :hi");
//! let said = String::from_utf8(server.outbox().drain()).unwrap();
//! assert_eq!(said, ":irc.localhost 001 ann :Welcome\r\n\
//!                   :irc.localhost PONG irc.localhost :1\r\n\
//!                   ERROR :Closing Link: ann (Quit: bye)\r\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # States
//!
//! Which command is allowed where, and the states that it may lead to ([`TABLE`]):
//!
//! | | Registering | Securing | Authenticating | Welcoming | Registered | Reauthenticating | Closed |
//! |---|---|---|---|---|---|---|---|
//! | PASS | Registering |  | Authenticating |  |  |  |  |
//! | NICK | Registering, Welcoming, Registered, Closed |  | Authenticating, Registering, Welcoming, Registered, Closed |  | Registered | Reauthenticating |  |
//! | USER | Registering, Welcoming, Registered, Closed |  | Authenticating, Registering, Welcoming, Registered, Closed |  |  |  |  |
//! | CAP | Registering, Welcoming, Registered, Closed |  | Authenticating, Registering, Welcoming, Registered, Closed |  | Registered | Reauthenticating |  |
//! | AUTHENTICATE | Authenticating, Registering, Closed |  | Registering, Authenticating, Closed |  | Reauthenticating, Registered, Closed | Registered, Reauthenticating, Closed |  |
//! | STARTTLS | Securing, Registering, Closed |  |  |  |  |  |  |
//! | WEBIRC | Registering, Closed |  |  |  |  |  |  |
//! | PING | Registering |  | Authenticating |  | Registered | Reauthenticating |  |
//! | PONG | Registering, Welcoming, Registered, Closed |  | Authenticating, Registering, Welcoming, Registered, Closed |  | Registered | Reauthenticating |  |
//! | QUIT | Closed |  | Closed |  | Closed | Closed |  |
//! | AWAY | Registering |  | Authenticating |  | Registered | Reauthenticating |  |
//! | ISUPPORT | Registering |  | Authenticating |  | Registered | Reauthenticating |  |
//! | REGISTER | Registering |  | Authenticating |  | Registered | Reauthenticating |  |
//! | VERIFY | Registering |  | Authenticating |  | Registered | Reauthenticating |  |
//! | (served) |  |  |  |  | Registered | Reauthenticating |  |
//! | (custom) | Registering |  | Authenticating |  | Registered | Reauthenticating |  |
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> Registering
//!     Registering --> Registering: PASS, NICK, USER, CAP, AUTHENTICATE, STARTTLS, WEBIRC, PING, PONG, AWAY, ISUPPORT, REGISTER, VERIFY, (custom)
//!     Registering --> Securing: STARTTLS
//!     Registering --> Authenticating: AUTHENTICATE
//!     Registering --> Welcoming: NICK, USER, CAP, PONG
//!     Registering --> Registered: NICK, USER, CAP, PONG
//!     Registering --> Closed: NICK, USER, CAP, AUTHENTICATE, STARTTLS, WEBIRC, PONG, QUIT
//!     Authenticating --> Registering: NICK, USER, CAP, AUTHENTICATE, PONG
//!     Authenticating --> Authenticating: PASS, NICK, USER, CAP, AUTHENTICATE, PING, PONG, AWAY, ISUPPORT, REGISTER, VERIFY, (custom)
//!     Authenticating --> Welcoming: NICK, USER, CAP, PONG
//!     Authenticating --> Registered: NICK, USER, CAP, PONG
//!     Authenticating --> Closed: NICK, USER, CAP, AUTHENTICATE, PONG, QUIT
//!     Registered --> Registered: NICK, CAP, AUTHENTICATE, PING, PONG, AWAY, ISUPPORT, REGISTER, VERIFY, (served), (custom)
//!     Registered --> Reauthenticating: AUTHENTICATE
//!     Registered --> Closed: AUTHENTICATE, QUIT
//!     Reauthenticating --> Registered: AUTHENTICATE
//!     Reauthenticating --> Reauthenticating: NICK, CAP, AUTHENTICATE, PING, PONG, AWAY, ISUPPORT, REGISTER, VERIFY, (served), (custom)
//!     Reauthenticating --> Closed: AUTHENTICATE, QUIT
//! ```

mod account;
mod capabilities;
mod config;
mod event;
mod flood;
mod input;
mod isupport;
mod keyword;
mod limits;
mod lines;
mod login;
mod registration;
mod reply;
mod starttls;
mod state;
mod timer;
mod violation;
mod webirc;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::time::Duration;

use bytes::Bytes;
use wirestate_machine::plugin::Pipeline;
use wirestate_machine::{
    Ending, Inbox, Instant, Machine, Misuse, Outbox, Relay, Ticket, Tickets, TlsFacts, Upgrade, Upgraded,
};

pub use account::{AccountAnswer, AccountRefusal, AccountRequest, Accounts};
pub use config::{Config, Custom, OtherCapability, ServerName, Sts, Tls, Webirc};
pub use event::{Ask, Event, GatewayRequest, NickRefusal, Reason, Refusal, Registration, Rejected, kind};
pub use flood::Flood;
pub use keyword::{Keyword, place};
pub use limits::Limits;
pub(crate) use limits::REALNAME;
pub use lines::Lines;
pub use state::{State, TABLE};
pub use violation::Violation;
pub use webirc::Forwarded;

use crate::Capabilities;
use crate::codec::{Framing, Message, Parts, Unwritable};
use capabilities::CapabilitySet;
use flood::Penalties;
use input::Read;
use login::Login;
use registration::Registering;
use reply::Labelled;
use timer::Timer;

/// One session of an IRC server. See the [module's guide](self).
// In this order, so that what a relayed message touches lies together.
#[derive(Debug)]
#[repr(C)]
pub struct Server {
    framing: Framing,
    state: State,
    violation: Option<Violation>,
    ending: Option<Ending>,
    /// Whether the client has asked for CAP LS 302.
    cap_302: bool,
    encrypted: bool,
    /// Whether flood control does not hold this user back.
    exempt: bool,
    /// Whether a first line has come, after which no other protocol's greeting is looked for.
    heard: bool,
    /// Whether more waits to be sent than the limits allow.
    overrun: bool,
    stopping: bool,
    /// An event to give before anything else happens.
    queued: Option<Box<Event>>,
    labelled: Option<Box<Labelled>>,
    plugins: Pipeline<Message<Bytes>, Lines>,
    config: Arc<Config>,
    timer: Timer,
    inbox: Inbox,
    outbox: Outbox,
    now: Instant,
    penalties: Penalties,
    tickets: Tickets,
    /// Empty before there is one.
    nick: Box<[u8]>,
    on_offer: CapabilitySet,
    agreed: Capabilities,
    agreed_others: u32,
    /// What only matters until registration; gone after it.
    registering: Option<Box<Registering>>,
    /// What logins need; gone once none can come any more.
    login: Option<Box<Login>>,
}

impl Server {
    /// A session that begins at `now`. `seed` must be 32 octets that nobody can guess and that no other session has: from it come the
    /// nonces of SASL and the cookie of PING.
    pub fn new(config: Arc<Config>, seed: [u8; 32], now: Instant) -> Self {
        let implicit = config.tls == Tls::Implicit;
        let mut inbox = Inbox::new(config.limits.framing().line());
        // Nothing may be read before the handshake.
        inbox.hold(implicit);
        Server {
            inbox,
            framing: Framing::new(config.limits.framing(), config.profile),
            outbox: Outbox::with_marks(config.limits.output_before_registration()),
            state: if implicit { State::Securing } else { State::Registering },
            now,
            timer: Timer::new(now),
            penalties: Penalties::default(),
            tickets: Tickets::new(),
            nick: Box::default(),
            on_offer: Server::all_on_offer(&config),
            agreed: Capabilities::NONE,
            agreed_others: 0,
            registering: Some(Box::new(Registering::new(now + config.limits.registration_time))),
            login: Some(Box::new(Login::new(seed))),
            labelled: None,
            queued: None,
            violation: None,
            ending: None,
            cap_302: false,
            encrypted: config.tls == Tls::Outside,
            exempt: false,
            heard: false,
            overrun: false,
            stopping: false,
            plugins: Pipeline::new(),
            config,
        }
    }

    /// Where the session stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// The client's nickname; empty before the application has [accepted](Server::accept_nick) one.
    pub fn nick_name(&self) -> &[u8] {
        &self.nick
    }

    /// Whether the channel is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// What all sessions of the listener have in common.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// The plugins that see each lawful command before the machine acts on it, and all that goes out before it is written, relayed messages included.
    pub fn plugins(&mut self) -> &mut Pipeline<Message<Bytes>, Lines> {
        &mut self.plugins
    }

    /// Tells what is known of a TLS channel that lies outside the machine ([`Tls::Outside`]), for SCRAM-PLUS and EXTERNAL. Call it before the
    /// first poll; facts are believed as they stand.
    ///
    /// # Errors
    ///
    /// [`Misuse::WrongState`] with another configuration, or once the client has spoken.
    pub fn describe_channel(&mut self, facts: &TlsFacts) -> Result<(), Misuse> {
        if self.config.tls != Tls::Outside || self.heard {
            return Err(Misuse::WrongState);
        }
        self.login.as_mut().ok_or(Misuse::WrongState)?.know_channel(facts);
        Ok(())
    }

    // --- what the application says ---

    /// Says one message to the client, after all that was said before. A session that is over, or is being secured, says no more.
    ///
    /// # Errors
    ///
    /// [`Unwritable`]; then nothing is said.
    pub fn send(&mut self, parts: &Parts<'_>) -> Result<(), Unwritable> {
        let lines = Lines::encode(&reply::encoder(&self.config), parts)?;
        self.relay(&lines);
        Ok(())
    }

    /// Ends the session, as KILL does (RFC 2812 §3.7.1, §3.7.4): the client is told `ERROR :Closing Link: nick (text)`, of a text with several lines
    /// the first. Once it is over,
    /// nothing happens.
    pub fn close_with(&mut self, text: &[u8]) {
        if self.state != State::Closed {
            self.close_with_error(Reason::Closed(Bytes::copy_from_slice(reply::one_line(text))));
        }
    }

    // --- flood control ---

    /// Puts the clock of penalties forward (RFC 1459 §8.10), for a command that costs the application more than others.
    pub fn penalize(&mut self, cost: Duration) {
        self.penalties.add(self.now, cost);
    }

    /// Frees this user from flood control, as an operator or a bouncer, or takes the freedom back.
    pub fn exempt_from_flood_control(&mut self, exempt: bool) {
        self.exempt = exempt;
    }

    // --- tickets ---

    fn issue<Kind>(&mut self) -> Ticket<Kind> {
        self.timer.ask(self.now);
        self.tickets.issue()
    }

    fn redeem<Kind>(&mut self, ticket: Ticket<Kind>) -> Result<(), Misuse> {
        self.tickets.redeem(ticket)
    }

    // --- ends ---

    #[cold]
    fn close_with_error(&mut self, reason: Reason) {
        if self.state != State::Securing {
            self.say_error(&reason.text());
        }
        self.close(reason);
    }

    #[cold]
    fn close(&mut self, reason: Reason) {
        self.leave();
        self.ending = Some((&reason).into());
        self.queued = Some(Box::new(Event::Closed(reason)));
    }

    #[cold]
    fn violate(&mut self, violation: Violation) -> Violation {
        self.say_error(alloc::format!("{violation}").as_bytes());
        self.leave();
        self.ending = Some(violation.into());
        self.violation = Some(violation);
        violation
    }

    /// Leaves everything behind but what is still to be written.
    fn leave(&mut self) {
        self.end_answer();
        self.state = State::Closed;
        self.tickets.revoke();
        (self.registering, self.login) = (None, None);
        self.inbox.clear();
        self.inbox.close();
    }

    fn is_waiting(&self) -> bool {
        self.tickets.is_open() || self.timer.is_delaying()
    }
}

impl Machine for Server {
    type Event = Event;
    type Error = Violation;

    fn inbox(&mut self) -> &mut Inbox {
        &mut self.inbox
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn poll(&mut self, now: Instant) -> Result<Option<Event>, Violation> {
        self.now = self.now.max(now);
        'turns: loop {
            // What was queued came before the violation.
            if let Some(event) = self.queued.take() {
                return Ok(Some(*event));
            }
            if let Some(violation) = self.violation {
                return Err(violation);
            }
            if self.state == State::Closed {
                return Ok(None);
            }
            if self.overrun {
                self.close_with_error(Reason::SendQueueExceeded);
                continue;
            }
            if self.keep_time() {
                continue;
            }
            if self.is_waiting() {
                return Ok(None);
            }
            if self.labelled.is_some() {
                self.end_answer();
            }
            if self.stopping {
                self.close_with_error(Reason::Shutdown);
                continue;
            }
            if self.state == State::Securing {
                if !self.inbox.is_closed() {
                    return Ok(None);
                }
                self.close(Reason::PeerClosed);
                continue;
            }
            while !self.outbox.is_full() && (!self.inbox.is_empty() || self.inbox.is_closed()) {
                if self.held_until().is_some() {
                    if !self.inbox.is_closed() {
                        return Ok(None);
                    }
                    // Nobody waits for what is held back any more.
                    self.close(Reason::PeerClosed);
                    continue 'turns;
                }
                match self.read_line()? {
                    Read::Nothing => return Ok(None),
                    // All else is as it was.
                    Read::Answered => {}
                    Read::Something => continue 'turns,
                    Read::Event(event) => return Ok(Some(event)),
                }
            }
            return Ok(None);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.due_at()
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        let ready = self.state == State::Securing && self.inbox.is_empty() && self.outbox.is_empty();
        ready.then_some(Upgrade::Tls)
    }

    fn upgraded(&mut self, _now: Instant, how: Upgraded) {
        if let (State::Securing, Upgraded::Tls(facts)) = (self.state, how) {
            self.secured(facts);
        }
    }

    fn is_closed(&self) -> bool {
        self.state == State::Closed && self.queued.is_none()
    }

    /// At the next safe point, between two commands, the client is told `ERROR :Closing Link: nick (Server is shutting down)`, and the session ends.
    fn shutdown(&mut self) {
        self.stopping = true;
    }

    fn is_settled(&self) -> bool {
        self.state == State::Registered
            && self.inbox.is_idle()
            && self.queued.is_none()
            && self.labelled.is_none()
            && self.timer.is_resting()
            && !(self.overrun || self.stopping)
    }

    fn ending(&self) -> Option<Ending> {
        self.ending.filter(|_| self.is_closed())
    }
}

impl Relay for Server {
    type Message = Lines;

    /// Says these messages, after all that was said before. Where more waits than the limits allow, it is the last that is taken, and the session
    /// ends with "SendQ exceeded".
    fn relay(&mut self, message: &Lines) {
        if self.overrun || !self.is_reading() {
            return;
        }
        if self.plugins.is_empty() {
            self.outbox.share(message.as_bytes());
        } else {
            self.put(message.clone());
        }
        self.overrun = self.outbox.len() > self.config.limits.send_queue;
    }

    fn is_transparent(&self, message: &Lines) -> bool {
        let size = message.as_bytes().len();
        self.is_reading()
            && self.plugins.is_empty()
            && !self.overrun
            && size < self.outbox.marks().high
            && size <= self.config.limits.send_queue
    }
}
