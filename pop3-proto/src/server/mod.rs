//! The server machine.
//!
//! A [`Server`] is one session of a POP3 server. It keeps the state, checks every command against it, answers STAT, LIST, UIDL, DELE,
//! RSET, NOOP, LAST, CAPA and LANG itself, and asks the application only for what that alone knows: whether credentials are good, whose
//! maildrop it is, a message's octets, and in the end the removal of what was deleted.
//!
//! ```
//! use std::sync::Arc;
//! use pop3_proto::server::{Ask, Config, Event, Maildrop, Server};
//! use wirestate_machine::{Instant, Machine};
//! use wirestate_sasl::server::{Answer, Ask as Sasl, Rejection};
//!
//! let mut config = Config::default();
//! config.cleartext = true; // there is no TLS in this example
//! let mut server = Server::new(Arc::new(config), [7; 32], Instant::START);
//! server.inbox().push(b"USER ann\r\nPASS pencil\r\nRETR 1\r\nQUIT\r\n");
//! while let Some(event) = server.poll(Instant::START)? {
//!     match event {
//!         Event::Authenticate { ticket, ask: Ask::Sasl(Sasl::Password { user, password, .. }) } => {
//!             let good = user == "ann" && password.matches("pencil");
//!             server.authenticate(ticket, if good { Answer::Accept } else { Answer::Reject(Rejection::Credentials) })?;
//!         }
//!         Event::Open { ticket, .. } => {
//!             let mut maildrop = Maildrop::new();
//!             maildrop.push(15, "id-1")?;
//!             server.open(ticket, maildrop)?;
//!         }
//!         Event::Retrieve { ticket, .. } => {
//!             let mut body = server.send(ticket)?;
//!             server.piece(&mut body, "Subject: hi\r\n\r\n".into())?;
//!             server.end(body)?;
//!         }
//!         _ => {}
//!     }
//! }
//! let said = String::from_utf8(server.outbox().drain()).unwrap();
//! assert!(said.ends_with("+OK 15 octets\r\nSubject: hi\r\n\r\n.\r\n+OK goodbye\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # States
//!
//! Which command is allowed where, and the states that it may lead to ([`TABLE`]):
//!
//! | | Greeting | Securing | Authorization | Authenticating | Transaction | Update | Closed |
//! |---|---|---|---|---|---|---|---|
//! | USER |  |  | Authorization |  |  |  |  |
//! | PASS |  |  | Authenticating, Transaction, Authorization, Closed |  |  |  |  |
//! | APOP |  |  | Authenticating, Transaction, Authorization, Closed |  |  |  |  |
//! | AUTH |  |  | Authenticating, Transaction, Authorization, Closed |  |  |  |  |
//! | CAPA |  |  | Authorization |  | Transaction |  |  |
//! | STLS |  |  | Securing, Authorization, Closed |  |  |  |  |
//! | UTF8 |  |  | Authorization |  |  |  |  |
//! | LANG |  |  | Authorization |  | Transaction |  |  |
//! | XCLIENT |  |  | Authorization |  |  |  |  |
//! | QUIT |  |  | Closed |  | Update, Closed |  |  |
//! | NOOP |  |  |  |  | Transaction |  |  |
//! | STAT |  |  |  |  | Transaction |  |  |
//! | LIST |  |  |  |  | Transaction |  |  |
//! | UIDL |  |  |  |  | Transaction |  |  |
//! | RETR |  |  |  |  | Transaction |  |  |
//! | TOP |  |  |  |  | Transaction |  |  |
//! | DELE |  |  |  |  | Transaction |  |  |
//! | RSET |  |  |  |  | Transaction |  |  |
//! | LAST |  |  |  |  | Transaction |  |  |
//! | (custom) |  |  | Authorization |  | Transaction |  |  |
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> Greeting
//!     Authorization --> Securing: STLS
//!     Authorization --> Authorization: USER, PASS, APOP, AUTH, CAPA, STLS, UTF8, LANG, XCLIENT, (custom)
//!     Authorization --> Authenticating: PASS, APOP, AUTH
//!     Authorization --> Transaction: PASS, APOP, AUTH
//!     Authorization --> Closed: PASS, APOP, AUTH, STLS, QUIT
//!     Transaction --> Transaction: CAPA, LANG, NOOP, STAT, LIST, UIDL, RETR, TOP, DELE, RSET, LAST, (custom)
//!     Transaction --> Update: QUIT
//!     Transaction --> Closed: QUIT
//! ```

mod body;
mod capabilities;
mod commands;
mod config;
mod event;
mod input;
mod limits;
mod listing;
mod login;
mod maildrop;
mod phrase;
mod reply;
mod state;
mod timer;
mod violation;
mod xclient;

use alloc::boxed::Box;
use alloc::sync::Arc;

use bytes::Bytes;
use wirestate_machine::plugin::Pipeline;
use wirestate_machine::{
    Ending, Inbox, Instant, Machine, Misuse, Outbox, Ticket, Tickets, TlsFacts, Upgrade, Upgraded,
};

pub use body::{Appetite, Body};
pub use config::{Config, Custom, Greeting, Language, Tls, Utf8};
pub use event::{ApopProof, Ask, Event, Reason, Rejected, kind};
pub use limits::Limits;
pub use maildrop::{Deletions, Maildrop};
pub use phrase::Phrase;
pub use reply::Reply;
pub use state::{State, TABLE};
pub use violation::Violation;
pub use xclient::Forwarded;

use crate::codec::{Code, Command, Keyword, Status, Text, encode_response};
use body::Sending;
use listing::Listing;
use login::Login;
use maildrop::Opened;
use timer::Timer;

/// One session of a POP3 server. See the [module's guide](self).
#[derive(Debug)]
pub struct Server {
    config: Arc<Config>,
    inbox: Inbox,
    outbox: Outbox,
    state: State,
    now: Instant,
    timer: Timer,
    tickets: Tickets,
    asked: Asked,
    /// What only matters until the login; gone after it.
    login: Option<Box<Login>>,
    /// What only matters after the login.
    maildrop: Option<Box<Opened>>,
    listing: Option<Listing>,
    sending: Option<Sending>,
    /// An event to give before anything else happens.
    queued: Option<Box<Event>>,
    violation: Option<Violation>,
    ending: Option<Ending>,
    bad_commands: u16,
    /// Which of the configuration's languages is spoken; English without.
    language: Option<u8>,
    encrypted: bool,
    utf8: bool,
    /// Whether an overlong line is being thrown away up to its end.
    skipping: bool,
    /// Whether a first line has come, after which no other protocol's greeting is looked for.
    heard: bool,
    stopping: bool,
    plugins: Pipeline<Command<Bytes>, Reply>,
}

/// What the open ticket is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Nothing,
    Greet,
    Authenticate,
    Open,
    Retrieve { index: usize, lines: Option<u32>, keyword: Keyword },
    Custom,
    Stream,
    Commit,
}

impl Server {
    /// A session that begins at `now`. `seed` must be 32 octets that nobody can guess and that no other session has: from it come the
    /// nonces of SASL and APOP.
    pub fn new(config: Arc<Config>, seed: [u8; 32], now: Instant) -> Self {
        let implicit = config.tls == Tls::Implicit;
        let mut inbox = Inbox::new(config.limits.inbox());
        // Nothing may be read before the handshake.
        inbox.hold(implicit);
        Server {
            inbox,
            outbox: Outbox::with_marks(config.limits.output_before_login()),
            state: if implicit { State::Securing } else { State::Greeting },
            now,
            timer: Timer::new(now, &config.limits),
            tickets: Tickets::new(),
            asked: Asked::Nothing,
            login: Some(Box::new(Login::new(seed))),
            maildrop: None,
            listing: None,
            sending: None,
            queued: None,
            violation: None,
            ending: None,
            bad_commands: 0,
            language: None,
            encrypted: config.tls == Tls::Outside,
            utf8: false,
            skipping: false,
            heard: false,
            stopping: false,
            plugins: Pipeline::new(),
            config,
        }
    }

    /// Where the session stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether the channel is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// What all sessions of the listener have in common.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// The plugins that see each command before the machine acts on it, and the first line of each response before it is written.
    pub fn plugins(&mut self) -> &mut Pipeline<Command<Bytes>, Reply> {
        &mut self.plugins
    }

    /// Tells what is known of a TLS channel that lies outside the machine ([`Tls::Outside`]), for SCRAM-PLUS and EXTERNAL. Call it before the
    /// first poll; facts are believed as they stand.
    ///
    /// # Errors
    /// [`Misuse::WrongState`] with another configuration, or once the client has spoken.
    pub fn describe_channel(&mut self, facts: &TlsFacts) -> Result<(), Misuse> {
        if self.config.tls != Tls::Outside || self.heard {
            return Err(Misuse::WrongState);
        }
        self.login.as_mut().ok_or(Misuse::WrongState)?.know_channel(facts);
        Ok(())
    }

    // --- answers ---

    /// Greets the client with this text (RFC 1939 §4).
    pub fn greet(&mut self, ticket: Ticket<kind::Greet>, text: Text) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        self.say_greeting(text);
        Ok(())
    }

    /// Refuses the client right away, with `-ERR` in the place of the greeting, and ends the session.
    pub fn refuse_client(&mut self, ticket: Ticket<kind::Greet>, code: Option<Code>, text: Text) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        self.reply(Reply::err(code, text));
        self.close(Reason::Refused);
        Ok(())
    }

    /// Refuses a message, for as long as this session lasts or for now: `-ERR [code] text`.
    pub fn refuse_message(
        &mut self,
        ticket: Ticket<kind::Retrieve>,
        code: Option<Code>,
        text: Text,
    ) -> Result<(), Misuse> {
        let keyword = self.asked_keyword();
        self.redeem(ticket)?;
        self.reply(Reply::err(code, text).to(keyword));
        Ok(())
    }

    /// Answers a command of the application's own with one line.
    pub fn reply_to(&mut self, ticket: Ticket<kind::Custom>, reply: Reply) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        self.reply(reply.to(Keyword::Other));
        Ok(())
    }

    /// Tells how the removal went (RFC 1939 §6): `+OK` and the session's end where all marked messages are gone; where some are
    /// not, `-ERR [SYS/TEMP]` and the end.
    pub fn committed(&mut self, ticket: Ticket<kind::Commit>, all_removed: bool) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        if all_removed {
            self.ok(Keyword::Quit, Phrase::Goodbye);
        } else {
            self.err(Keyword::Quit, Some(Code::SysTemp), Phrase::NotAllRemoved);
        }
        self.close(Reason::Quit);
        Ok(())
    }

    // --- tickets ---

    fn issue<Kind>(&mut self, asked: Asked) -> Ticket<Kind> {
        self.asked = asked;
        self.timer.rearm();
        self.tickets.issue()
    }

    fn redeem<Kind>(&mut self, ticket: Ticket<Kind>) -> Result<(), Misuse> {
        self.tickets.redeem(ticket)?;
        self.asked = Asked::Nothing;
        self.timer.rearm();
        Ok(())
    }

    // --- words ---

    fn phrase(&self, phrase: Phrase) -> Text {
        let language = self.language.and_then(|index| self.config.languages.get(usize::from(index)));
        match language.and_then(|language| (language.phrases)(phrase)) {
            Some(text) => Text::lossy(text),
            None => Text::literal(phrase.english()),
        }
    }

    /// Writes a first line; gives whether it is still `+OK` after the plugins have seen it.
    fn reply(&mut self, reply: Reply) -> bool {
        let reply = if self.plugins.is_empty() { reply } else { self.plugins.outgoing(reply) };
        encode_response(reply.status, reply.code.as_ref(), reply.text.as_str(), &mut self.outbox);
        reply.status == Status::Ok
    }

    fn ok(&mut self, keyword: Keyword, phrase: Phrase) -> bool {
        if self.plugins.is_empty() && self.language.is_none() {
            encode_response(Status::Ok, None, phrase.english(), &mut self.outbox);
            return true;
        }
        let text = self.phrase(phrase);
        self.reply(Reply::ok(text).to(keyword))
    }

    fn err(&mut self, keyword: Keyword, code: Option<Code>, phrase: Phrase) {
        let text = self.phrase(phrase);
        self.reply(Reply::err(code, text).to(keyword));
    }

    // --- ends ---

    fn close(&mut self, reason: Reason) {
        self.leave();
        self.ending = Some(reason.into());
        self.queued = Some(Box::new(Event::Closed(reason)));
    }

    fn violate(&mut self, violation: Violation) -> Violation {
        self.leave();
        self.ending = Some(violation.into());
        self.violation = Some(violation);
        violation
    }

    /// Leaves everything behind but what is still to be written.
    fn leave(&mut self) {
        self.state = State::Closed;
        self.tickets.revoke();
        self.asked = Asked::Nothing;
        (self.login, self.maildrop, self.listing, self.sending) = (None, None, None, None);
        self.inbox.clear();
        self.inbox.close();
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
        loop {
            if self.timer.is_due(self.now) {
                self.keep_time();
            }
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
            let relieved = self.outbox.take_relieved();
            if self.sending.is_some() && relieved {
                return Ok(Some(Event::Writable));
            }
            if self.is_waiting() || self.outbox.is_full() {
                return Ok(None);
            }
            if self.listing.is_some() {
                self.continue_listing();
            } else if self.stopping {
                self.say_farewell();
            } else if self.state == State::Greeting {
                self.begin();
            } else if self.state == State::Securing {
                if !self.inbox.is_closed() {
                    return Ok(None);
                }
                self.close(Reason::PeerClosed);
            } else if !self.read_line()? {
                return Ok(None);
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        (self.state != State::Closed).then(|| self.timer.deadline())
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

    /// At the next safe point, between two commands, the client is told `-ERR [SYS/TEMP]` and the session ends. Nothing is deleted,
    /// unless QUIT has been read already.
    fn shutdown(&mut self) {
        self.stopping = true;
        self.timer.wake();
    }

    fn ending(&self) -> Option<Ending> {
        self.ending.filter(|_| self.is_closed())
    }
}

impl Server {
    fn is_waiting(&self) -> bool {
        self.tickets.is_open() || self.timer.is_delaying()
    }

    fn begin(&mut self) {
        if let Greeting::Text(text) = &self.config.greeting {
            let text = text.clone();
            return self.say_greeting(text);
        }
        let ticket = self.issue(Asked::Greet);
        self.queued = Some(Box::new(Event::Greet(ticket)));
    }

    fn say_farewell(&mut self) {
        if self.state != State::Securing {
            self.err(Keyword::Other, Some(Code::SysTemp), Phrase::ShuttingDown);
        }
        self.close(Reason::Shutdown);
    }
}
