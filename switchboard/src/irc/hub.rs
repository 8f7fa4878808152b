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
use super::setup::now;

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
    /// The handle of each session; its place is the session's number.
    handles: Vec<Option<Handle<Machine>>>,
    free: Vec<usize>,
    out: Deliveries,
    /// Who could not take what was for them.
    overfull: Vec<Session>,
    errands: Vec<Errand>,
}

/// What the network cannot do itself, and asks of the session that it is for.
#[derive(Debug)]
pub(super) enum Errand {
    /// Find out whether this makes an operator.
    Operator { name: Bytes, password: Bytes },
    /// Read the configuration again.
    Rehash,
}

impl Hub {
    pub(super) fn new(network: Network) -> Self {
        let desk = Desk {
            network,
            handles: Vec::new(),
            free: Vec::new(),
            out: Deliveries::new(),
            overfull: Vec::new(),
            errands: Vec::new(),
        };
        Self { desk: Mutex::new(desk) }
    }

    /// A seat for a new session. Give it back with [`leave`](Self::leave).
    pub(super) fn enter(&self, handle: Handle<Machine>) -> Session {
        let mut desk = self.desk();
        let place = desk.free.pop().unwrap_or(desk.handles.len());
        match desk.handles.get_mut(place) {
            Some(free) => *free = Some(handle),
            None => desk.handles.push(Some(handle)),
        }
        Session(place as u64)
    }

    /// The end of a session, for this reason. Others hear of it, unless they
    /// have already.
    pub(super) fn leave(&self, session: Session, reason: &[u8]) {
        let mut desk = self.desk();
        desk.act(|network, now, out| network.disconnect(session, reason, now, out));
        let place = place(session);
        if desk.handles.get_mut(place).is_some_and(|handle| handle.take().is_some()) {
            desk.free.push(place);
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
        desk.act(|network, now, out| network.handle(session, message, now, out));
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
        let Self { handles, out, overfull, .. } = self;
        for delivery in out.deliveries() {
            let parcel = Parcel::new(Lines::from(delivery));
            for session in delivery.to {
                if let Some(Some(handle)) = handles.get(place(*session))
                    && handle.deliver(&parcel) == Err(Undelivered::Full)
                {
                    overfull.push(*session);
                }
            }
        }
        if !out.actions().is_empty() {
            self.do_actions();
        }
        self.out.clear();
    }

    fn do_actions(&mut self) {
        for action in self.out.actions() {
            match action {
                Action::Close { session, text } => self.end(*session, text.clone()),
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
    }

    /// Ends a session's connection, with ERROR and this text as its last word.
    fn end(&self, session: Session, text: Bytes) {
        if let Some(handle) = self.handle(session) {
            // One that is gone already needs no last word.
            let _ = handle.disconnect(move |machine| machine.close_with(&text));
        }
    }

    fn handle(&self, session: Session) -> Option<&Handle<Machine>> {
        self.handles.get(place(session))?.as_ref()
    }
}

fn place(session: Session) -> usize {
    usize::try_from(session.0).unwrap_or(usize::MAX)
}
