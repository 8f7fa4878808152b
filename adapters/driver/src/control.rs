use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::sync::{Arc, Weak};

use wirestate_machine::{Machine, Relay};

use crate::hall::{Hall, Heir};
use crate::shutdown::Ring;
use crate::{
    Address, Handle, How, Limits, Listener, ListenerId, Mode, Observer, Parcel, Selector, Shutdown, Undelivered,
};

/// The handle on a server: clone it, give one to [`serve`](crate::serve), keep others to steer by.
///
/// It opens and removes listeners, changes the limits, knows all connections and speaks to many of them at once, from any task and at any
/// time; what is asked of it before the server runs is done when it does. One control steers one server.
pub struct Control<M> {
    pub(crate) hall: Arc<Hall<M>>,
}

impl<M> Clone for Control<M> {
    fn clone(&self) -> Self {
        Control { hall: self.hall.clone() }
    }
}

/// What came of sending one message to many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// How many connections have it in their mailbox.
    pub delivered: usize,
    /// Those that are not there, or not any more.
    pub gone: Vec<u64>,
    /// Those whose mailbox is full: their peers are too slow.
    pub full: Vec<u64>,
}

impl<M: Machine + 'static> Control<M> {
    /// A control for a server that is to end with `shutdown`.
    pub fn new(shutdown: &Shutdown) -> Self {
        let hall = Arc::new(Hall::new(shutdown));
        let bell: Weak<dyn Ring> = Arc::downgrade(&(hall.clone() as Arc<dyn Ring>));
        hall.keep(shutdown.connect(bell));
        Control { hall }
    }
}

impl<M: Machine + 'static> From<&Shutdown> for Control<M> {
    fn from(shutdown: &Shutdown) -> Self {
        Control::new(shutdown)
    }
}

impl<M> From<&Control<M>> for Control<M> {
    fn from(control: &Control<M>) -> Self {
        control.clone()
    }
}

impl<M> Control<M> {
    /// Sets the limits, now as later: lower ones make accept pause until enough have left.
    pub fn limits(self, limits: Limits) -> Self {
        self.set_limits(limits);
        self
    }

    /// Tells `observer` what happens on the server and its connections. There is one at a time, the last: see
    /// [`set_observer`](Control::set_observer).
    pub fn observe(self, observer: Observer) -> Self {
        self.set_observer(observer);
        self
    }

    /// Tells `observer` what happens from now on, on the server and on all connections that it has, those that are there already included.
    /// The one before is told that it is [`Superseded`](crate::Notice::Superseded), and dropped.
    pub fn set_observer(&self, observer: Observer) {
        self.hall.audience().seat(observer);
    }

    /// What ends this server.
    pub fn shutdown(&self) -> &Shutdown {
        self.hall.shutdown()
    }

    /// Ends the server, and all else that has the same [`Shutdown`].
    pub fn trigger(&self, mode: Mode) {
        self.hall.shutdown().trigger(mode);
    }

    /// Changes the limits.
    pub fn set_limits(&self, limits: Limits) {
        self.hall.desk().limits = limits;
        self.hall.wake();
    }

    /// The limits as they are.
    pub fn current_limits(&self) -> Limits {
        self.hall.desk().limits
    }

    // --- listeners ---

    /// Serves on one more listener.
    pub fn add(&self, listener: Listener) -> Vec<ListenerId> {
        let ids = listener.ids();
        self.hall.desk().coming.extend(listener.into_bound());
        self.hall.wake();
        ids
    }

    /// Stops listening, and says on which sockets. The connections that came in over them stay. What waits in a socket's backlog is reset
    /// by the system.
    pub fn remove(&self, listener: impl Into<Selector>) -> Vec<ListenerId> {
        let selector = listener.into();
        let mut desk = self.hall.desk();
        let coming = mem::take(&mut desk.coming).into_iter();
        let (never_opened, coming): (VecDeque<_>, _) = coming.partition(|bound| selector.selects(&bound.place));
        desk.coming = coming;
        let open: Vec<_> = desk.open.extract_if(.., |place| selector.selects(place)).collect();
        let removed = never_opened.iter().map(|bound| &bound.place).chain(&open);
        let removed: Vec<_> = removed.map(|place| (place.id, place.address.clone())).collect();
        let ids = removed.iter().map(|(id, _)| *id).collect();
        desk.leaving.extend(removed);
        drop(desk);
        // Their sockets and paths go outside the lock.
        drop((never_opened, open));
        self.hall.wake();
        ids
    }

    /// Where the server listens.
    pub fn listeners(&self) -> Vec<(ListenerId, Address)> {
        self.hall.desk().open.iter().map(|place| (place.id, place.address.clone())).collect()
    }

    // --- connections ---

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.hall.seats()
    }

    /// All connections whose machine is an `M`: also those whose machine was [replaced](crate::Connection::replace) by another `M`.
    pub fn handles(&self) -> Vec<Handle<M>> {
        self.hall.all().into_iter().map(|shared| Handle { shared }).collect()
    }

    /// One connection, if its machine is an `M`.
    pub fn handle(&self, id: u64) -> Option<Handle<M>> {
        match self.hall.find(id)? {
            Heir::Same(shared) => Some(Handle { shared }),
            Heir::Other(..) | Heir::None => None,
        }
    }

    /// Says `message`, which is encoded once, on all these connections. One whose machine was replaced by another kind has it, too, if it was
    /// made [reachable](crate::Connection::reachable).
    pub fn send(&self, message: &M::Message, ids: impl IntoIterator<Item = u64>) -> Sent
    where
        M: Relay,
    {
        let mut sent = Sent::default();
        let parcel = Parcel::new(message.clone());
        for id in ids {
            let told = match self.hall.find(id) {
                Some(Heir::Same(shared)) => Handle { shared }.deliver(&parcel),
                Some(Heir::Other(other)) => other.relay(message),
                Some(Heir::None) | None => Err(Undelivered::Gone),
            };
            match told {
                Ok(()) => sent.delivered += 1,
                Err(Undelivered::Full) => sent.full.push(id),
                Err(Undelivered::Gone) => sent.gone.push(id),
            }
        }
        sent
    }

    /// Closes one connection, whatever its machine is; `false` when there is none of this number.
    pub fn disconnect(&self, id: u64, how: How) -> bool {
        match self.hall.find(id) {
            Some(Heir::Same(shared)) => shared.end(how),
            Some(Heir::Other(other)) => other.end(how),
            Some(Heir::None) | None => return false,
        }
        true
    }
}

impl<M> fmt::Debug for Control<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut control = f.debug_struct("Control");
        control.field("connections", &self.connections()).field("limits", &self.current_limits());
        control.field("listeners", &self.listeners()).finish_non_exhaustive()
    }
}
