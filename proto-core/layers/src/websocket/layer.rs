use core::fmt;
use std::sync::Arc;

use wirestate_machine::{Channel, Ending, Inbox, Instant, Machine, Marks, Outbox, Relay, TlsFacts, Upgrade, Upgraded};

use super::close::Close;
use super::config::{Config, LEAST_INBOX, Limits, Request};
use super::delimiter::{Delimiter, Lines};
use super::failure::Failure;
use super::fields::Scan;
use super::handshake::{Accepted, Handshake};
use super::request::{self, Verdict};
use super::session::Session;
use super::{answer, response};
use crate::{Error, wraps};

const MARKS: Marks = Marks { high: 32 * 1024, low: 8 * 1024 };

/// WebSocket around a machine, in either role (RFC 6455).
///
/// The layer makes the opening handshake, then gives the machine what the peer's messages say as its [`Delimiter`] has it, and makes a
/// message of each that the machine says: with [`Lines`] there is one line in each. Both kinds of messages are taken; which kind is sent
/// goes by the subprotocol. Fragments, pings and the closing handshake are the layer's own.
///
/// - Where the machine begins with TLS, that comes first: `Tls<WebSocket<M>>` is `wss`.
/// - A request that is not for a WebSocket is answered as [`Config`] says, and the connection closed, in good order. One that is, but
///   is wrong, is refused with a [`Failure`].
/// - When the machine is closed, what it said goes out, then a Close frame with a code and a word for [why](Machine::ending): 1000, 1001 at
///   shutdown, 1008 where the peer is to blame, 1011 else. The layer is closed when the peer has answered, or after [`Limits::closing`].
/// - When the peer closes, it is answered at once, and the machine's input ends; what the machine says after that goes nowhere.
///
/// Until the handshake is done the layer holds no heap but for what is in its boxes, and after it some 400 bytes. One message is held in
/// whole while it comes in, up to [`Limits::message`].
pub struct WebSocket<M, D = Lines> {
    inner: M,
    delimiter: D,
    role: Role,
    inbox: Inbox,
    outbox: Outbox,
    phase: Phase,
    session: Option<Box<Session>>,
    failure: Option<Box<Failure>>,
}

enum Role {
    Server(Arc<Config>),
    Client(Box<Request>),
}

impl Role {
    fn limits(&self) -> Limits {
        match self {
            Role::Server(config) => config.limits,
            Role::Client(request) => request.limits,
        }
    }
}

enum Phase {
    /// Nothing happened yet; perhaps TLS comes first.
    Before,
    /// The opening handshake is under way.
    Opening { deadline: Instant, scan: Scan },
    /// A request is to be answered that was read by an [`Opening`](super::Opening).
    Accepted(Box<Accepted>),
    /// The session carries messages.
    Open,
    /// It is over. Where the machine does not know why, this is it.
    Closed(Option<Ending>),
    /// The machine gave up with an error.
    InnerFailed,
}

impl<M, D> WebSocket<M, D> {
    /// WebSocket for a machine that answers connections.
    pub fn server(inner: M, delimiter: D, config: Arc<Config>) -> Self {
        WebSocket::new(inner, delimiter, Role::Server(config))
    }

    /// WebSocket for a machine that makes connections.
    pub fn client(inner: M, delimiter: D, request: Request) -> Self {
        WebSocket::new(inner, delimiter, Role::Client(Box::new(request)))
    }

    /// WebSocket for a machine that answers a request which an [`Opening`](super::Opening) has read and whose connection it takes over. Of `config`
    /// only the limits count, which may be others than those of the opening.
    pub fn accepted(inner: M, delimiter: D, accepted: Box<Accepted>, config: Arc<Config>) -> Self {
        WebSocket { phase: Phase::Accepted(accepted), ..WebSocket::new(inner, delimiter, Role::Server(config)) }
    }

    fn new(inner: M, delimiter: D, role: Role) -> Self {
        WebSocket {
            inbox: Inbox::new(role.limits().head.max(LEAST_INBOX)),
            outbox: Outbox::with_marks(MARKS),
            inner,
            delimiter,
            role,
            phase: Phase::Before,
            session: None,
            failure: None,
        }
    }

    /// What was agreed on, and what the client said of itself, once the opening handshake is done.
    pub fn handshake(&self) -> Option<&Handshake> {
        self.session.as_ref().map(|session| &session.handshake)
    }

    /// What the peer's Close frame said, once it has come.
    pub fn peer_close(&self) -> Option<&Close> {
        self.session.as_ref().and_then(|session| session.peer_close.as_deref())
    }
}

impl<M: Machine, D: Delimiter> WebSocket<M, D> {
    /// Moves what can be moved between the boxes; `false` where nothing can.
    fn advance(&mut self, now: Instant) -> Result<bool, Failure> {
        match &mut self.phase {
            Phase::Before => Ok(self.begin(now)),
            Phase::Accepted(_) if self.inner.is_closed() => Ok(self.close(None)),
            Phase::Accepted(_) => Ok(self.agree()),
            Phase::Opening { .. } if self.inner.is_closed() => Ok(self.close(None)),
            Phase::Opening { deadline, .. } if now >= *deadline => {
                Err(Failure::TooSlow { limit: self.role.limits().handshake })
            }
            Phase::Opening { scan, .. } => match scan.head(self.inbox.bytes(), self.role.limits().head)? {
                Some(length) => self.open(length),
                None if self.inbox.is_closed() => Err(Failure::CutOff),
                None => Ok(false),
            },
            Phase::Open => self.carry(now),
            Phase::Closed(_) | Phase::InnerFailed => Ok(false),
        }
    }

    fn begin(&mut self, now: Instant) -> bool {
        // It holds its inbox while it waits for TLS.
        if self.inner.is_closed() {
            return self.close(None);
        }
        if self.inner.inbox().is_held() {
            return false;
        }
        if let Role::Client(request) = &self.role {
            response::ask(&mut self.outbox, request);
        }
        self.phase = Phase::Opening { deadline: now + self.role.limits().handshake, scan: Scan::default() };
        true
    }

    /// Reads the head of so many bytes that the peer begins with.
    fn open(&mut self, length: usize) -> Result<bool, Failure> {
        let head = &self.inbox.bytes()[..length];
        match &self.role {
            Role::Client(request) => {
                let handshake = response::read(head, request)?;
                self.session = Some(Box::new(Session::client(*handshake, request.limits, request.seed)));
                self.phase = Phase::Open;
            }
            Role::Server(config) => match request::read(head, config)? {
                Verdict::Accept(accepted) => self.phase = Phase::Accepted(accepted),
                other => {
                    answer::serve(&mut self.outbox, &other);
                    return Ok(self.close(Some(Ending::Local)));
                }
            },
        }
        self.inbox.consume(length);
        Ok(true)
    }

    /// Agrees to what was asked for.
    fn agree(&mut self) -> bool {
        if let Phase::Accepted(accepted) = core::mem::replace(&mut self.phase, Phase::Open) {
            answer::accept(&mut self.outbox, &accepted);
            self.session = Some(Box::new(Session::server(accepted.handshake, self.role.limits())));
        }
        true
    }

    fn carry(&mut self, now: Instant) -> Result<bool, Failure> {
        let Some(session) = &mut self.session else { return Ok(false) };
        let (inner, outbox, delimiter) = (&mut self.inner, &mut self.outbox, &mut self.delimiter);
        let mut moved = session.send(inner, outbox, delimiter, false);
        moved |= session.wind_up(inner, outbox, delimiter, now);
        if session.is_overdue(now) || session.is_over() && inner.is_closed() {
            let ending = if inner.is_closed() { None } else { Some(Ending::PeerClosed) };
            return Ok(self.close(ending));
        }
        match session.receive(inner, &mut self.inbox, outbox, delimiter, now) {
            Ok(received) => moved |= received,
            // What is wrong after the last word changes nothing.
            Err(_) if session.has_said_close() && inner.is_closed() => return Ok(self.close(None)),
            Err(failure) => return Err(failure),
        }
        match inner.upgrade() {
            Some(stranded) if !moved && !inner.is_closed() => Err(Failure::Stranded(stranded)),
            _ => Ok(moved),
        }
    }

    fn close(&mut self, ending: Option<Ending>) -> bool {
        self.inbox.clear();
        self.phase = Phase::Closed(ending);
        false
    }

    /// Tells the peer what is wrong, and ends the session.
    fn fail(&mut self, failure: &Failure) {
        match (&mut self.session, &self.role) {
            (Some(session), _) => session.say_close(&mut self.outbox, &Close::new(failure.code(), failure)),
            (None, Role::Server(_)) => answer::refuse(&mut self.outbox, failure),
            (None, Role::Client(_)) => {}
        }
        self.inbox.clear();
        self.failure = Some(Box::new(failure.clone()));
    }

    fn end_with_inner(&mut self) {
        if !self.is_closed() {
            if let Some(session) = &mut self.session {
                session.say_farewell(&mut self.inner, &mut self.outbox, &mut self.delimiter);
            }
            self.inbox.clear();
            self.phase = Phase::InnerFailed;
        }
    }
}

impl<M: Machine, D: Delimiter> Machine for WebSocket<M, D> {
    type Event = M::Event;
    type Error = Error<M::Error>;

    fn inbox(&mut self) -> &mut Inbox {
        let waits = matches!(self.phase, Phase::Before) && self.inner.inbox().is_held();
        self.inbox.hold(waits);
        &mut self.inbox
    }

    fn outbox(&mut self) -> &mut Outbox {
        if let (Phase::Open, Some(session), None) = (&self.phase, &mut self.session, &self.failure) {
            session.send(&mut self.inner, &mut self.outbox, &mut self.delimiter, false);
        }
        &mut self.outbox
    }

    fn poll(&mut self, now: Instant) -> Result<Option<M::Event>, Error<M::Error>> {
        if let Some(failure) = &self.failure {
            return Err(Error::WebSocket((**failure).clone()));
        }
        loop {
            if matches!(self.phase, Phase::Closed(_)) {
                return Ok(None);
            }
            match self.inner.poll(now) {
                Ok(None) => {}
                Ok(event) => return Ok(event),
                Err(error) => {
                    self.end_with_inner();
                    return Err(Error::Inner(error));
                }
            }
            match self.advance(now) {
                Ok(true) => continue,
                Ok(false) => return Ok(None),
                Err(failure) => {
                    self.fail(&failure);
                    return Err(Error::WebSocket(failure));
                }
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        if self.is_closed() {
            return None;
        }
        let own = match &self.phase {
            Phase::Opening { deadline, .. } => Some(*deadline),
            _ => self.session.as_ref().and_then(|session| session.closes_at),
        };
        if self.inner.is_closed() { own } else { Instant::earlier(own, self.inner.deadline()) }
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        let nothing_yet = matches!(self.phase, Phase::Before) && self.inbox.is_empty() && self.outbox.is_empty();
        if nothing_yet { self.inner.upgrade() } else { None }
    }

    fn upgraded(&mut self, now: Instant, how: Upgraded) {
        self.inner.upgraded(now, how);
    }

    fn is_closed(&self) -> bool {
        self.failure.is_some() || matches!(self.phase, Phase::Closed(_) | Phase::InnerFailed)
    }

    fn shutdown(&mut self) {
        self.inner.shutdown();
    }

    fn is_establishing(&mut self) -> bool {
        match self.phase {
            _ if self.is_closed() => false,
            Phase::Before | Phase::Opening { .. } | Phase::Accepted(_) => true,
            _ => self.inner.is_establishing(),
        }
    }

    fn ending(&self) -> Option<Ending> {
        match (&self.failure, &self.phase) {
            (Some(failure), _) => Some(failure.ending()),
            (None, Phase::Closed(Some(ending))) => Some(*ending),
            _ => self.inner.ending(),
        }
    }

    fn channel(&self) -> Channel {
        let mut channel = self.inner.channel();
        channel.websocket |= self.session.is_some();
        channel
    }

    fn tls_facts(&self) -> Option<TlsFacts> {
        self.inner.tls_facts()
    }
}

impl<M: Relay, D: Delimiter> Relay for WebSocket<M, D> {
    type Message = M::Message;

    fn relay(&mut self, message: &M::Message) {
        self.inner.relay(message);
    }
}

wraps!(WebSocket<M, D>);

impl<M: fmt::Debug, D> fmt::Debug for WebSocket<M, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("inner", &self.inner)
            .field("handshake", &self.handshake())
            .field("failure", &self.failure)
            .finish()
    }
}
