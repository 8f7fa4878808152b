//! What a server, its control and its connections have in common: the roll, the desk, and the seats.

use std::any::Any;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;

use atomic_waker::AtomicWaker;

use crate::audience::Audience;
use crate::listener::{Bound, Place};
use crate::shared::{CUT_OFF, Shared};
use crate::shutdown::{Line, Phase, Ring};
use crate::{Address, How, Limits, ListenerId, Notice, Shutdown, Undelivered};

/// What a server, its control and its connections have in common.
pub(crate) struct Hall<M> {
    shutdown: Shutdown,
    line: OnceLock<Line>,
    audience: Audience,
    /// The task that serves.
    server: AtomicWaker,
    /// Whether that task waits for somebody to leave.
    expectant: AtomicBool,
    seats: AtomicUsize,
    accepted: AtomicU64,
    aborted: AtomicU64,
    roll: Mutex<Roll<M>>,
    desk: Mutex<Desk>,
    /// Called after each look for room.
    #[cfg(test)]
    looked: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

/// Who is there.
struct Roll<M> {
    /// As they came in. Their tasks are known by this to the end, whatever becomes of their machines.
    live: HashMap<u64, Arc<Shared<M>>>,
    /// What became of those whose machine was replaced.
    heirs: HashMap<u64, Heir<M>>,
    /// In order, so that those of one network lie side by side.
    addresses: BTreeMap<IpAddr, usize>,
}

/// What the server is to do.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) limits: Limits,
    pub(crate) coming: VecDeque<Bound>,
    /// What was removed already, to be closed and told.
    pub(crate) leaving: VecDeque<(ListenerId, Address)>,
    pub(crate) open: Vec<Place>,
}

impl<M> Hall<M> {
    pub(crate) fn new(shutdown: &Shutdown) -> Self {
        Hall {
            shutdown: shutdown.clone(),
            line: OnceLock::new(),
            audience: Audience::default(),
            server: AtomicWaker::new(),
            expectant: AtomicBool::new(false),
            seats: AtomicUsize::new(0),
            accepted: AtomicU64::new(0),
            aborted: AtomicU64::new(0),
            roll: Mutex::new(Roll { live: HashMap::new(), heirs: HashMap::new(), addresses: BTreeMap::new() }),
            desk: Mutex::default(),
            #[cfg(test)]
            looked: OnceLock::new(),
        }
    }

    /// The line by which the shutdown is heard of.
    pub(crate) fn keep(&self, line: Line) {
        let _ = self.line.set(line);
    }

    pub(crate) fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    pub(crate) fn audience(&self) -> &Audience {
        &self.audience
    }

    pub(crate) fn tell(&self, notice: &Notice<'_>) {
        self.audience.tell(notice);
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn roll(&self) -> MutexGuard<'_, Roll<M>> {
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers the serving task: it is woken when there is something on the desk, when the shutdown goes on, and, if it says that it
    /// expects that, when somebody leaves.
    pub(crate) fn register(&self, waker: &Waker) {
        self.server.register(waker);
    }

    pub(crate) fn expect_leave(&self, expectant: bool) {
        self.expectant.store(expectant, Ordering::SeqCst);
    }

    pub(crate) fn wake(&self) {
        self.server.wake();
    }

    /// How many seats are taken.
    pub(crate) fn seats(&self) -> usize {
        self.seats.load(Ordering::SeqCst)
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    pub(crate) fn aborted(&self) -> u64 {
        self.aborted.load(Ordering::Relaxed)
    }

    /// Cuts off what is left.
    pub(crate) fn abort(&self) {
        self.shutdown.advance(Phase::Abort);
    }

    /// Whether there are as many as `limits` let in, with those who wait.
    pub(crate) fn is_full(&self, waiting: usize, limits: &Limits) -> bool {
        let is_full = limits.connections.is_some_and(|limit| self.seats() + waiting >= limit);
        self.has_looked();
        is_full
    }

    /// Whether there is room for one more from this address.
    pub(crate) fn has_room_for(&self, ip: IpAddr, limits: &Limits) -> bool {
        let has_room = self.roll().has_room_for(ip, limits);
        self.has_looked();
        has_room
    }

    #[cfg(not(test))]
    fn has_looked(&self) {}

    #[cfg(test)]
    fn has_looked(&self) {
        if let Some(looked) = self.looked.get() {
            looked();
        }
    }

    /// Lets a test do something between a look for room and what comes of it.
    #[cfg(test)]
    pub(crate) fn on_look(&self, looked: impl Fn() + Send + Sync + 'static) {
        let _ = self.looked.set(Box::new(looked));
    }

    /// What the connection of this number is now.
    pub(crate) fn find(&self, id: u64) -> Option<Heir<M>> {
        let roll = self.roll();
        let heir = roll.heirs.get(&id).cloned();
        heir.or_else(|| roll.live.get(&id).cloned().map(Heir::Same))
    }

    /// All connections whose machine is an `M`.
    pub(crate) fn all(&self) -> Vec<Arc<Shared<M>>> {
        let roll = self.roll();
        let own = roll.live.iter().filter(|(id, _)| !roll.heirs.contains_key(id)).map(|(_, shared)| shared);
        let heirs = roll.heirs.values().filter_map(|heir| match heir {
            Heir::Same(shared) => Some(shared),
            Heir::Other(_) | Heir::None => None,
        });
        own.chain(heirs).cloned().collect()
    }

    /// A seat for a connection from `ip`.
    pub(crate) fn seat(self: &Arc<Self>, ip: Option<IpAddr>) -> Seat<M> {
        self.seats.fetch_add(1, Ordering::SeqCst);
        if let Some(ip) = ip {
            *self.roll().addresses.entry(ip).or_default() += 1;
        }
        Seat { hall: self.clone(), ip, id: None }
    }
}

impl<M> Ring for Hall<M> {
    fn ring(&self) {
        self.wake();
        // Rung outside the lock: a waker may run anything.
        let live: Vec<_> = self.roll().live.values().cloned().collect();
        live.iter().for_each(|shared| shared.ring());
    }
}

/// What a connection is.
pub(crate) enum Heir<M> {
    /// One with a machine of the type that all begin with.
    Same(Arc<Shared<M>>),
    /// One with another.
    Other(Arc<Other>),
    /// None any more: it was taken apart, and its seat kept.
    None,
}

impl<M> Clone for Heir<M> {
    fn clone(&self) -> Self {
        match self {
            Heir::Same(shared) => Heir::Same(shared.clone()),
            Heir::Other(other) => Heir::Other(other.clone()),
            Heir::None => Heir::None,
        }
    }
}

/// A connection with a machine of any type.
pub(crate) struct Other {
    /// What it shares with its handles.
    shared: Arc<dyn Ended>,
    /// A [`Messenger`], whatever it carries.
    messenger: Option<Box<dyn Any + Send + Sync>>,
}

/// Says messages of one type on one connection.
pub(crate) struct Messenger<T>(Box<Saying<T>>);

type Saying<T> = dyn Fn(&T) -> Result<(), Undelivered> + Send + Sync;

impl<T> Messenger<T> {
    pub(crate) fn new(say: impl Fn(&T) -> Result<(), Undelivered> + Send + Sync + 'static) -> Self {
        Messenger(Box::new(say))
    }
}

impl Other {
    pub(crate) fn end(&self, how: How) {
        self.shared.end(how);
    }

    pub(crate) fn relay<T: 'static>(&self, message: &T) -> Result<(), Undelivered> {
        let messenger = self.messenger.as_ref().and_then(|messenger| messenger.downcast_ref::<Messenger<T>>());
        messenger.map_or(Err(Undelivered::Gone), |messenger| (messenger.0)(message))
    }
}

/// What can be ended, whatever its machine.
pub(crate) trait Ended: Any + Send + Sync {
    fn end(&self, how: How);
}

impl<M: 'static> Ended for Shared<M> {
    fn end(&self, how: How) {
        Shared::end(self, how);
    }
}

/// A seat, whatever machine it was taken for.
pub(crate) trait Seated: Send {
    fn shutdown(&self) -> &Shutdown;

    fn count_abort(&self);

    /// Whether its task was cut off by a shutdown's deadline.
    fn is_cut_off(&self) -> bool;

    /// Whose seat it is from here on; whoever sends messages to it does so by this messenger.
    fn pass_to(&self, heir: Arc<dyn Ended>, messenger: Option<Box<dyn Any + Send + Sync>>);

    /// From here on it is nobody's.
    fn is_left(&self);
}

impl<M: 'static> Seated for Seat<M> {
    fn shutdown(&self) -> &Shutdown {
        self.hall.shutdown()
    }

    fn count_abort(&self) {
        Seat::count_abort(self);
    }

    fn is_cut_off(&self) -> bool {
        let roll = self.hall.roll();
        self.id.and_then(|id| roll.live.get(&id)).is_some_and(|shared| shared.has(CUT_OFF))
    }

    fn pass_to(&self, heir: Arc<dyn Ended>, messenger: Option<Box<dyn Any + Send + Sync>>) {
        let any: Arc<dyn Any + Send + Sync> = heir.clone();
        self.leave_to(match any.downcast() {
            Ok(shared) => Heir::Same(shared),
            Err(_) => Heir::Other(Arc::new(Other { shared: heir, messenger })),
        });
    }

    fn is_left(&self) {
        self.leave_to(Heir::None);
    }
}

/// One connection's place in a hall, given back when dropped.
pub(crate) struct Seat<M> {
    hall: Arc<Hall<M>>,
    ip: Option<IpAddr>,
    id: Option<u64>,
}

impl<M> Seat<M> {
    pub(crate) fn hall(&self) -> &Arc<Hall<M>> {
        &self.hall
    }

    /// Says where the connection is from, which was not known. `false` when there are as many from there as `limits` allow.
    pub(crate) fn is_from(&mut self, ip: IpAddr, limits: &Limits) -> bool {
        let mut roll = self.hall.roll();
        let has_room = roll.has_room_for(ip, limits);
        if has_room {
            *roll.addresses.entry(ip).or_default() += 1;
            roll.forget(self.ip.replace(ip));
        }
        has_room
    }

    /// From here on the connection can be found by its number.
    pub(crate) fn enter(&mut self, shared: &Arc<Shared<M>>) {
        let id = shared.info.id();
        self.id = Some(id);
        self.hall.accepted.fetch_add(1, Ordering::Relaxed);
        self.hall.roll().live.insert(id, shared.clone());
    }

    pub(crate) fn count_abort(&self) {
        self.hall.aborted.fetch_add(1, Ordering::Relaxed);
    }

    fn leave_to(&self, heir: Heir<M>) {
        let Some(id) = self.id else { return };
        let before = self.hall.roll().heirs.insert(id, heir);
        // Dropped outside the lock.
        drop(before);
    }
}

impl<M> Roll<M> {
    /// Counted anew each time, for prefixes may change: over no more addresses than the limit lets in.
    fn has_room_for(&self, ip: IpAddr, limits: &Limits) -> bool {
        let Some(limit) = limits.per_address else { return true };
        let network = limits.network_of(ip);
        let range = network.network()..=network.broadcast();
        self.addresses.range(range).map(|(_, count)| count).sum::<usize>() < limit
    }

    fn forget(&mut self, ip: Option<IpAddr>) {
        let Some(ip) = ip else { return };
        if let Some(count) = self.addresses.get_mut(&ip) {
            *count -= 1;
            if *count == 0 {
                self.addresses.remove(&ip);
            }
        }
    }
}

impl<M> Drop for Seat<M> {
    fn drop(&mut self) {
        let mut roll = self.hall.roll();
        roll.forget(self.ip);
        let shared = self.id.map(|id| (roll.live.remove(&id), roll.heirs.remove(&id)));
        drop(roll);
        // Dropped outside the lock.
        drop(shared);
        self.hall.seats.fetch_sub(1, Ordering::SeqCst);
        if self.hall.expectant.load(Ordering::SeqCst) {
            self.hall.wake();
        }
    }
}
