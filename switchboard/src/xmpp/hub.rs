//! Where sessions meet: the router behind one lock, the handle of every
//! session, and those who have lost their connection and may come back.

use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use wirestate_driver::{Handle, Undelivered};
use xmpp_proto::jid::Rules;
use xmpp_proto::router::{Action, BindFault, CloseReason, ConnectFault, Deliveries, Session, Storage};
use xmpp_proto::server::{BindRequest, Limits, Suspended};
use xmpp_proto::stanza::Stanza;
use xmpp_proto::stream::{Packet, StreamCondition, StreamError};
use xmpp_proto::{Jid, JidRef, ns};

use super::kept::Queue;
use super::pending::Pending;
use super::setup::now;
use super::tokens::Tokens;
use super::{Machine, component};
use crate::lobby::{Debt, Teller};

/// The router, wherever it keeps what outlives sessions.
pub(super) type Router = xmpp_proto::router::Router<Box<dyn Storage>>;

/// The router, and who is on it.
///
/// What one session does is handed out to all under the same lock, so that
/// everybody sees everything in the same order.
pub struct Hub {
    desk: Mutex<Desk>,
    /// Rings when somebody has lost a connection.
    bell: Condvar,
    tokens: Tokens,
    /// What waits to be written, where anything is.
    disk: Option<Arc<Queue>>,
}

struct Desk {
    router: Router,
    limits: Limits,
    /// The place of a seat is its session's number.
    seats: Vec<Seat>,
    free: Vec<usize>,
    out: Deliveries,
    /// Who could not take what was for them.
    overfull: Vec<Session>,
    teller: Teller,
}

/// A way to somebody who is connected.
pub(super) enum Line {
    Client(Handle<Machine>),
    Component(Handle<component::Machine>),
}

impl Line {
    fn id(&self) -> u64 {
        match self {
            Self::Client(handle) => handle.id(),
            Self::Component(handle) => handle.id(),
        }
    }

    fn send(&self, packet: &Packet) -> Result<(), Undelivered> {
        match self {
            Self::Client(handle) => handle.send(packet),
            Self::Component(handle) => handle.send(packet),
        }
    }

    /// Ends the connection, with this as its last word.
    fn end(&self, why: StreamCondition) {
        // One that is gone already needs no last word.
        let _ = match self {
            Self::Client(handle) => handle.disconnect(move |machine| machine.close_with(&StreamError::new(why))),
            Self::Component(handle) => handle.disconnect(move |machine| machine.close_with(&StreamError::new(why))),
        };
    }
}

/// A session's place.
enum Seat {
    Free,
    /// On a connection; its stream may have a name, to go on by.
    Here {
        line: Line,
        stream: Option<String>,
        /// With a name, also what it was not given yet.
        pending: Option<Pending>,
    },
    /// Its connection is asked for the stream, which is to go on over another;
    /// what comes in between waits.
    Moving {
        connection: u64,
        pending: Option<Pending>,
        waiting: Vec<Packet>,
    },
    /// Without a connection, until then.
    Away {
        suspended: Box<Suspended>,
        until: Instant,
    },
}

/// What a hub keeps besides what its router does.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) tokens: Tokens,
    pub(super) disk: Option<Arc<Queue>>,
}

/// What is known of a stream that is to go on.
pub(super) enum Found {
    /// It waited, and goes on as this session.
    Waiting(Session, Box<Suspended>),
    /// Its connection is still there, and must give it up first.
    Elsewhere(Session, Handle<Machine>),
    Nothing,
}

impl Hub {
    /// A hub, with a thread that parts with those who do not come back in time;
    /// both last as long as the program.
    pub(super) fn open(router: Router, limits: Limits, teller: Teller, kept: Kept) -> std::io::Result<Arc<Self>> {
        let (seats, free, overfull) = Default::default();
        let desk = Desk { router, limits, seats, free, out: Deliveries::new(), overfull, teller };
        let Kept { tokens, disk } = kept;
        let hub = Arc::new(Self { desk: Mutex::new(desk), bell: Condvar::new(), tokens, disk });
        let waiting = hub.clone();
        thread::Builder::new().name("xmpp-waiting".into()).spawn(move || waiting.part_with_late())?;
        Ok(hub)
    }

    /// The tokens by which clients log in again.
    pub(super) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The end of the program: nobody comes back, and what is kept is written.
    pub(crate) fn close(&self) {
        let mut desk = self.desk();
        (0..desk.seats.len()).for_each(|place| desk.part_with(Session(place as u64)));
        drop(desk);
        if let Some(disk) = &self.disk {
            disk.settle();
        }
    }

    /// A seat for a new connection. Give it back with [`leave`](Self::leave).
    pub(super) fn enter(&self, line: Line) -> Session {
        let mut desk = self.desk();
        let place = desk.free.pop().unwrap_or(desk.seats.len());
        let seat = Seat::Here { line, stream: None, pending: None };
        match desk.seats.get_mut(place) {
            Some(free) => *free = seat,
            None => desk.seats.push(seat),
        }
        Session(place as u64)
    }

    /// The end of a session for good. A connection that has lost it to another
    /// one asks in vain.
    pub(super) fn leave(&self, session: Session, connection: u64) {
        let mut desk = self.desk();
        if desk.is_on(session, connection) {
            desk.part_with(session);
        }
    }

    /// Gives the session a resource: the one that it asks for, or another one.
    pub(super) fn bind(&self, session: Session, request: &BindRequest) -> Result<Arc<Jid>, BindFault> {
        let account = request.account.as_ref();
        let mut desk = self.desk();
        let tag = request.tag.as_deref().map_or_else(|| "client-".to_owned(), |tag| format!("{tag}-"));
        let resource = request.resource.clone().unwrap_or_else(|| desk.router.free_resource(account, &tag));
        let bound = desk.act(|router, now, out| router.bind(session, account, &resource, now, out))?;
        if request.carbons {
            desk.router.set_carbons(session, true);
        }
        Ok(bound)
    }

    /// Gives a component its domain.
    pub(super) fn connect(&self, session: Session, domain: &Jid) -> Result<(), ConnectFault> {
        self.desk().router.connect(session, domain.as_ref())
    }

    /// Does what a stanza asks. A debt is to be lessened before the session asks more.
    pub(super) fn handle(&self, session: Session, stanza: &Stanza) -> Option<Debt> {
        let mut desk = self.desk();
        desk.teller.begin(session.0);
        desk.act(|router, now, out| router.handle(session, stanza, now, out));
        desk.teller.end()
    }

    /// Does this with the router, and hands out what comes of it.
    pub(super) fn act<T>(&self, this: impl FnOnce(&mut Router, u64, &mut Deliveries) -> T) -> T {
        self.desk().act(this)
    }

    // --- streams that go on ---

    /// The name by which the session's stream can go on.
    pub(super) fn name_stream(&self, session: Session, name: Option<String>) {
        if let Some(Seat::Here { stream, pending, .. }) = self.desk().seat_mut(session) {
            *pending = name.as_ref().map(|_| Pending::default());
            *stream = name;
        }
    }

    /// Keeps the session without its connection, for its time.
    pub(super) fn suspend(&self, session: Session, connection: u64, mut suspended: Suspended) {
        let mut desk = self.desk();
        if !desk.is_on(session, connection) {
            return;
        }
        let limits = desk.limits.clone();
        let Some(seat) = desk.seat_mut(session) else { return };
        let waiting = match mem::replace(seat, Seat::Free) {
            Seat::Moving { waiting, pending, .. } => lost(pending, waiting),
            Seat::Here { pending, .. } => lost(pending, Vec::new()),
            _ => Vec::new(),
        };
        let fits = waiting.into_iter().all(|packet| !packet.is_stanza() || suspended.push(packet, &limits).is_ok());
        let until = Instant::now() + suspended.resumable_for();
        *seat = Seat::Away { suspended: Box::new(suspended), until };
        if !fits {
            return desk.part_with(session);
        }
        drop(desk);
        self.bell.notify_all();
    }

    /// The stream of this name, of this account: if it waits, it is `newcomer`'s from now on, whose own seat is free then.
    pub(super) fn resume(&self, newcomer: Session, name: &str, account: JidRef<'_>) -> Found {
        let mut desk = self.desk();
        let is_it = |seat: &Seat| match seat {
            Seat::Away { suspended, .. } => suspended.id() == name && suspended.jid().bare() == account.bare(),
            Seat::Here { stream, .. } => stream.as_deref() == Some(name),
            _ => false,
        };
        let Some(place) = desk.seats.iter().position(is_it) else { return Found::Nothing };
        let session = Session(place as u64);
        if let Some(Seat::Here { .. }) = desk.seats.get(place) {
            let owner = desk.router.jid(session).filter(|jid| jid.bare() == account.bare());
            if owner.is_none() || session == newcomer {
                return Found::Nothing;
            }
        }
        let Some(seat) = desk.seats.get_mut(place) else { return Found::Nothing };
        match mem::replace(seat, Seat::Free) {
            Seat::Here { line: Line::Client(handle), pending, .. } => {
                *seat = Seat::Moving { connection: handle.id(), pending, waiting: Vec::new() };
                Found::Elsewhere(session, handle)
            }
            Seat::Away { suspended, .. } => {
                let own = desk.seat_mut(newcomer).map(|own| mem::replace(own, Seat::Free)).unwrap_or(Seat::Free);
                desk.free.push(place_of(newcomer));
                let own = match own {
                    Seat::Here { line, .. } => {
                        Seat::Here { line, stream: Some(name.to_owned()), pending: Some(Pending::default()) }
                    }
                    other => other,
                };
                if let Some(seat) = desk.seats.get_mut(place) {
                    *seat = own;
                }
                Found::Waiting(session, suspended)
            }
            // No component has a stream by name.
            Seat::Here { .. } | Seat::Free | Seat::Moving { .. } => Found::Nothing,
        }
    }

    /// The connection of a session that was [asked](Found::Elsewhere) for its stream has none to give.
    pub(super) fn give_up(&self, session: Session, connection: u64) {
        let mut desk = self.desk();
        if desk.is_on(session, connection) && matches!(desk.seat_mut(session), Some(Seat::Moving { .. })) {
            desk.part_with(session);
        }
    }

    /// Parts with those whose time is over.
    fn part_with_late(&self) {
        let mut desk = self.desk();
        loop {
            let now = Instant::now();
            let mut next = None;
            for place in 0..desk.seats.len() {
                let Some(Seat::Away { until, .. }) = desk.seats.get(place) else { continue };
                if *until > now {
                    next = Some(next.map_or(*until, |next: Instant| next.min(*until)));
                    continue;
                }
                let session = Session(place as u64);
                tracing::info!(jid = desk.router.jid(session).map(tracing::field::display), "did not come back");
                desk.part_with(session);
            }
            desk = match next {
                Some(next) => {
                    let pause = next.saturating_duration_since(now);
                    self.bell.wait_timeout(desk, pause).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.bell.wait(desk).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}

impl Desk {
    /// Lets `this` happen on the router now, and hands out what comes of it.
    fn act<T>(&mut self, this: impl FnOnce(&mut Router, u64, &mut Deliveries) -> T) -> T {
        let now = now();
        let done = this(&mut self.router, now, &mut self.out);
        self.hand_out();
        // Who falls behind is parted with, which others are told, some of whom may fall behind.
        while let Some(session) = self.overfull.pop() {
            self.end(session, StreamCondition::ResourceConstraint);
            self.router.disconnect(session, now, &mut self.out);
            self.hand_out();
        }
        done
    }

    fn hand_out(&mut self) {
        let Self { seats, out, overfull, limits, .. } = self;
        for delivery in out.deliveries() {
            for (session, packet) in delivery.packets() {
                let is_taken = match seats.get_mut(place_of(session)) {
                    Some(Seat::Here { line: Line::Client(handle), pending: Some(pending), .. }) => {
                        pending.send(packet, handle, limits.send_queue) != Err(Undelivered::Full)
                    }
                    Some(Seat::Here { line, .. }) => line.send(&packet) != Err(Undelivered::Full),
                    Some(Seat::Moving { waiting, .. }) => {
                        waiting.push(packet);
                        waiting.len() <= limits.unacknowledged.stanzas
                    }
                    Some(Seat::Away { suspended, .. }) => suspended.push(packet, limits).is_ok(),
                    Some(Seat::Free) | None => true,
                };
                if !is_taken {
                    overfull.push(session);
                }
            }
        }
        if !self.out.actions().is_empty() {
            self.do_actions();
        }
        self.out.clear();
    }

    fn do_actions(&mut self) {
        for place in 0..self.out.actions().len() {
            match self.out.actions().get(place) {
                Some(Action::Close { session, reason }) => {
                    let (session, reason) = (*session, *reason);
                    let why = match reason {
                        CloseReason::Replaced => StreamCondition::Conflict,
                        _ => StreamCondition::NotAuthorized,
                    };
                    self.end(session, why);
                }
                Some(Action::Room { what, .. }) => self.teller.tell_of_room(what),
                _ => {}
            }
        }
    }

    /// Ends a session's connection, with this as its last word; one that waits, waits no more.
    fn end(&mut self, session: Session, why: StreamCondition) {
        match self.seat_mut(session) {
            Some(Seat::Here { line, .. }) => line.end(why),
            Some(seat @ Seat::Away { .. }) => {
                *seat = Seat::Free;
                self.free.push(place_of(session));
            }
            _ => {}
        }
    }

    /// Whether the session is this connection's.
    fn is_on(&mut self, session: Session, connection: u64) -> bool {
        match self.seat_mut(session) {
            Some(Seat::Here { line, .. }) => line.id() == connection,
            Some(Seat::Moving { connection: own, .. }) => *own == connection,
            _ => false,
        }
    }

    fn part_with(&mut self, session: Session) {
        let Some(seat) = self.seat_mut(session) else { return };
        let lacking = match mem::replace(seat, Seat::Free) {
            Seat::Free => return,
            Seat::Here { pending, .. } => lost(pending, Vec::new()),
            Seat::Moving { waiting, pending, .. } => lost(pending, waiting),
            Seat::Away { suspended, .. } => suspended.unacknowledged().to_vec(),
        };
        self.act(|router, now, out| router.disconnect(session, now, out));
        self.free.push(place_of(session));
        self.teller.forget(session.0);
        for packet in lacking {
            let stanza = packet.to_element().ok().map(|element| Stanza::read(element, ns::CLIENT, Rules::default()));
            if let Some(Ok(Stanza::Message(message))) = stanza {
                self.act(|router, now, out| router.take_back(&message, now, out));
            }
        }
    }

    fn seat_mut(&mut self, session: Session) -> Option<&mut Seat> {
        self.seats.get_mut(place_of(session))
    }
}

/// What a connection took along, and what waited after it.
fn lost(pending: Option<Pending>, waiting: Vec<Packet>) -> Vec<Packet> {
    pending.into_iter().flat_map(Pending::into_lost).chain(waiting).collect()
}

fn place_of(session: Session) -> usize {
    usize::try_from(session.0).unwrap_or(usize::MAX)
}
