//! Where sessions meet: the network behind one lock, and the handle of every
//! session.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use irc_proto::Capabilities;
use irc_proto::codec::Message;
use irc_proto::network::{Action, ClaimFault, Deliveries, Network, Newcomer, Session};
use irc_proto::server::Lines;
use wirestate_driver::{Handle, Parcel, Undelivered};

use super::Machine;
use super::guests::{self, Guests};
use super::setup::now;
use crate::lobby::{Debt, Deed};

/// What is said to who cannot keep up, and of them.
const TOO_SLOW: &[u8] = b"SendQ exceeded";

/// The network, and who is on it.
///
/// What one session does is handed out to all under the same lock, so that
/// everybody sees everything in the same order, the session itself included:
/// its own answers come by its mailbox, too.
pub(super) struct Hub {
    desk: Mutex<Desk>,
}

struct Desk {
    network: Network,
    /// The place of a seat is its session's number.
    seats: Vec<Seat>,
    free: Vec<usize>,
    out: Deliveries,
    /// Who could not take what was for them.
    overfull: Vec<Session>,
    errands: Vec<Errand>,
    /// Those of another chat network, where a channel has such.
    guests: Option<Guests>,
}

/// A session's place.
enum Seat {
    Free,
    Here(Handle<Machine>),
    /// Somebody without a connection.
    Guest,
}

/// What the network cannot do itself, and asks of the session that it is for.
#[derive(Debug)]
pub(super) enum Errand {
    /// Find out whether this makes an operator.
    Operator { name: Bytes, password: Bytes },
    /// Read the configuration again.
    Rehash,
    /// Wait until the other network has heard some of it.
    Wait(Debt),
}

impl Hub {
    pub(super) fn new(network: Network, guests: Option<Guests>) -> Self {
        let desk = Desk {
            network,
            seats: Vec::new(),
            free: Vec::new(),
            out: Deliveries::new(),
            overfull: Vec::new(),
            errands: Vec::new(),
            guests,
        };
        Self { desk: Mutex::new(desk) }
    }

    /// A seat for a new session. Give it back with [`leave`](Self::leave).
    pub(super) fn enter(&self, handle: Handle<Machine>) -> Session {
        self.desk().take_seat(Seat::Here(handle))
    }

    /// The end of a session, for this reason. Others hear of it, unless they
    /// have already.
    pub(super) fn leave(&self, session: Session, reason: &[u8]) {
        let mut desk = self.desk();
        desk.act(|network, now, out| network.disconnect(session, reason, now, out));
        desk.leave_seat(session);
        if let Some(guests) = &mut desk.guests {
            guests.teller.forget(session.0);
        }
    }

    /// Gives up the nickname of a session that begins anew.
    pub(super) fn release(&self, session: Session) {
        self.desk().act(|network, now, out| network.disconnect(session, b"", now, out));
    }

    pub(super) fn claim(&self, session: Session, nick: &[u8]) -> Result<(), ClaimFault> {
        self.desk().network.claim(session, nick)
    }

    pub(super) fn register(&self, session: Session, newcomer: &Newcomer<'_>) -> Result<(), ClaimFault> {
        self.desk().act(|network, now, out| network.register(session, newcomer, now, out))
    }

    /// The user name and the host of a session, as others see them.
    pub(super) fn mask(&self, session: Session) -> (Vec<u8>, Vec<u8>) {
        let desk = self.desk();
        desk.network.user(session).map(|user| (user.user().into(), user.host().into())).unwrap_or_default()
    }

    /// Does what a session asks, as far as the network can do it.
    pub(super) fn handle(&self, session: Session, message: Message<&[u8]>) -> Vec<Errand> {
        let mut desk = self.desk();
        if let Some(guests) = &mut desk.guests {
            guests.teller.begin(session.0);
        }
        desk.act(|network, now, out| network.handle(session, message, now, out));
        let debt = desk.guests.as_mut().and_then(|guests| guests.teller.end());
        desk.errands.extend(debt.map(Errand::Wait));
        // Without errands, an empty one without memory.
        std::mem::take(&mut desk.errands)
    }

    pub(super) fn operator(&self, session: Session, granted: bool) {
        self.desk().act(|network, now, out| network.operator(session, granted, now, out));
    }

    pub(super) fn set_capabilities(&self, session: Session, capabilities: Capabilities) {
        self.desk().network.set_capabilities(session, capabilities);
    }

    pub(super) fn set_account(&self, session: Session, account: &str) {
        let account = Some(account.as_bytes());
        self.desk().act(|network, now, out| network.set_account(session, account, now, out));
    }

    pub(super) fn set_motd(&self, lines: Vec<Box<str>>) {
        self.desk().network.set_motd(lines);
    }

    // --- guests ---

    /// Brings somebody in under this nickname, if that can be.
    pub(super) fn seat_guest(&self, nick: &str, realname: &str) -> bool {
        let mut desk = self.desk();
        let session = desk.take_seat(Seat::Guest);
        let channel = match &mut desk.guests {
            Some(guests) if !guests.sessions.contains_key(nick) => {
                // Before, so that its own arrival is no news to the other network.
                guests.sessions.insert(nick.to_owned(), session);
                guests.channel()
            }
            _ => {
                desk.leave_seat(session);
                return false;
            }
        };
        let is_in =
            desk.act(|network, now, out| guests::bring_in(network, session, nick, realname, &channel, now, out));
        if !is_in {
            desk.forget_guest(session);
        }
        is_in
    }

    pub(super) fn part_with_guest(&self, nick: &str, reason: &str) {
        let mut desk = self.desk();
        let Some(session) = desk.guest(nick) else { return };
        desk.act(|network, now, out| network.disconnect(session, reason.as_bytes(), now, out));
        desk.forget_guest(session);
    }

    /// Gives a guest another nickname, if that can be.
    pub(super) fn rename_guest(&self, nick: &str, wanted: &str) -> bool {
        let mut desk = self.desk();
        let Some(session) = desk.guest(nick) else { return false };
        desk.act(|network, now, out| guests::ask(network, session, &format!("NICK {wanted}"), now, out));
        let is_done = desk.network.user(session).is_some_and(|user| user.nick() == wanted.as_bytes());
        if let Some(guests) = desk.guests.as_mut().filter(|_| is_done) {
            guests.sessions.remove(nick);
            guests.sessions.insert(wanted.to_owned(), session);
        }
        is_done
    }

    /// Gives the guests' channel another topic, as one of them.
    pub(super) fn set_topic_as_guest(&self, nick: &str, topic: &str) {
        let channel = self.guests_channel();
        let mut desk = self.desk();
        let Some(session) = desk.guest(nick) else { return };
        desk.act(|network, now, out| network.set_topic(session, channel.as_bytes(), topic.as_bytes(), now, out));
    }

    /// Puts somebody out of the guests' channel.
    pub(super) fn put_out(&self, nick: &str, reason: &str) {
        let channel = self.guests_channel();
        self.desk()
            .act(|network, now, out| network.put_out(channel.as_bytes(), nick.as_bytes(), reason.as_bytes(), now, out));
    }

    /// Does what these lines ask, for a guest.
    pub(super) fn say_as_guest(&self, nick: &str, lines: &[String]) {
        let mut desk = self.desk();
        let Some(session) = desk.guest(nick) else { return };
        for line in lines {
            desk.act(|network, now, out| guests::ask(network, session, line, now, out));
        }
    }

    pub(super) fn guests_channel(&self) -> String {
        self.desk().guests.as_ref().map(|guests| guests.channel()).unwrap_or_default()
    }

    /// Who is in the guests' channel and no guest.
    pub(super) fn members(&self) -> Vec<String> {
        let desk = self.desk();
        let Some(guests) = &desk.guests else { return Vec::new() };
        let Some(channel) = desk.network.channel(guests.channel().as_bytes()) else { return Vec::new() };
        let users = desk.network.members(channel).map(|(user, _)| user);
        let own = users.filter(|user| !guests.sessions.values().any(|session| *session == user.session()));
        own.map(|user| String::from_utf8_lossy(user.nick()).into_owned()).collect()
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// Lets `this` happen on the network now, and hands out what comes of it.
    fn act<T>(&mut self, this: impl FnOnce(&mut Network, u64, &mut Deliveries) -> T) -> T {
        let now = now();
        let done = this(&mut self.network, now, &mut self.out);
        self.hand_out();
        // Who falls behind is parted with, which others are told, some of whom may fall behind.
        while let Some(session) = self.overfull.pop() {
            self.end(session, Bytes::from_static(TOO_SLOW));
            self.network.disconnect(session, TOO_SLOW, now, &mut self.out);
            self.hand_out();
        }
        done
    }

    fn hand_out(&mut self) {
        let Self { seats, out, overfull, guests, .. } = self;
        for delivery in out.deliveries() {
            let parcel = Parcel::new(Lines::from(delivery));
            for session in delivery.to {
                if let Some(Seat::Here(handle)) = seats.get(place(*session))
                    && handle.deliver(&parcel) == Err(Undelivered::Full)
                {
                    overfull.push(*session);
                }
            }
        }
        if let Some(guests) = guests {
            guests.overhear(out);
        }
        if !out.actions().is_empty() {
            self.do_actions();
        }
        self.out.clear();
    }

    fn do_actions(&mut self) {
        let mut gone = Vec::new();
        for action in self.out.actions() {
            match action {
                Action::Close { session, text } => {
                    self.end(*session, text.clone());
                    gone.push((*session, text.clone()));
                }
                Action::Renamed { session, nick } => {
                    let nick = nick.clone();
                    let Some(handle) = self.handle(*session) else { continue };
                    // What the network has as a nickname, a session can be addressed by.
                    let renamed = handle.tell(move |machine| machine.set_nick(&nick).unwrap_or_default());
                    if renamed == Err(Undelivered::Full) {
                        self.overfull.push(*session);
                    }
                }
                Action::Operator { name, password, .. } => {
                    self.errands.push(Errand::Operator { name: name.clone(), password: password.clone() });
                }
                Action::Rehash { .. } => self.errands.push(Errand::Rehash),
                _ => {}
            }
        }
        for (session, reason) in gone {
            if let Some(Seat::Guest) = self.seats.get(place(session)) {
                // An operator has taken a guest off the network.
                if let Some(guests) = &mut self.guests
                    && let Some((nick, _)) = guests.sessions.iter().find(|(_, own)| **own == session)
                {
                    let (nick, reason) = (nick.clone(), String::from_utf8_lossy(&reason).into_owned());
                    guests.teller.tell(nick, Deed::PutOut(reason));
                }
                self.forget_guest(session);
            }
        }
    }

    fn forget_guest(&mut self, session: Session) {
        if let Some(guests) = &mut self.guests {
            guests.sessions.retain(|_, own| *own != session);
        }
        self.leave_seat(session);
    }

    /// Ends a session's connection, with ERROR and this text as its last word.
    fn end(&self, session: Session, text: Bytes) {
        if let Some(handle) = self.handle(session) {
            // One that is gone already needs no last word.
            let _ = handle.disconnect(move |machine| machine.close_with(&text));
        }
    }

    fn handle(&self, session: Session) -> Option<&Handle<Machine>> {
        match self.seats.get(place(session)) {
            Some(Seat::Here(handle)) => Some(handle),
            _ => None,
        }
    }

    fn guest(&self, nick: &str) -> Option<Session> {
        self.guests.as_ref()?.sessions.get(nick).copied()
    }

    fn take_seat(&mut self, seat: Seat) -> Session {
        let place = self.free.pop().unwrap_or(self.seats.len());
        match self.seats.get_mut(place) {
            Some(free) => *free = seat,
            None => self.seats.push(seat),
        }
        Session(place as u64)
    }

    fn leave_seat(&mut self, session: Session) {
        let place = place(session);
        if let Some(seat) = self.seats.get_mut(place)
            && !matches!(std::mem::replace(seat, Seat::Free), Seat::Free)
        {
            self.free.push(place);
        }
    }
}

fn place(session: Session) -> usize {
    usize::try_from(session.0).unwrap_or(usize::MAX)
}
