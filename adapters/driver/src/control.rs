use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::mem;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::Waker;

use atomic_waker::AtomicWaker;
use wirestate_machine::{Machine, Relay};

use crate::audience::Audience;
use crate::listener::{Bound, Place};
use crate::shared::{REPLACED, Shared};
use crate::shutdown::{Line, Phase, Ring};
use crate::{
    Address, Handle, How, Limits, Listener, ListenerId, Mode, Notice, Observer, Parcel, Selector, Shutdown, Undelivered,
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
        let _ = hall.line.set(shutdown.connect(bell));
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
    /// The one before is told that it is [`Superseded`](Notice::Superseded), and dropped.
    pub fn set_observer(&self, observer: Observer) {
        self.hall.audience.seat(observer);
    }

    /// What ends this server.
    pub fn shutdown(&self) -> &Shutdown {
        &self.hall.shutdown
    }

    /// Ends the server, and all else that has the same [`Shutdown`].
    pub fn trigger(&self, mode: Mode) {
        self.hall.shutdown.trigger(mode);
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

    /// All connections.
    pub fn handles(&self) -> Vec<Handle<M>> {
        let roll = self.hall.roll();
        let own = roll.live.values().filter(|shared| !shared.has(REPLACED));
        own.map(|shared| Handle { shared: shared.clone() }).collect()
    }

    /// One connection.
    pub fn handle(&self, id: u64) -> Option<Handle<M>> {
        let roll = self.hall.roll();
        let own = roll.live.get(&id).filter(|shared| !shared.has(REPLACED));
        own.map(|shared| Handle { shared: shared.clone() })
    }

    /// Says `message`, which is encoded once, on all these connections.
    pub fn send(&self, message: &M::Message, ids: impl IntoIterator<Item = u64>) -> Sent
    where
        M: Relay,
    {
        let mut sent = Sent::default();
        let parcel = Parcel::new(message.clone());
        for id in ids {
            match self.handle(id).map(|handle| handle.deliver(&parcel)) {
                Some(Ok(())) => sent.delivered += 1,
                Some(Err(Undelivered::Full)) => sent.full.push(id),
                Some(Err(Undelivered::Gone)) | None => sent.gone.push(id),
            }
        }
        sent
    }

    /// Closes one connection; `false` when there is none of this number.
    pub fn disconnect(&self, id: u64, how: How) -> bool {
        self.handle(id).map(|handle| handle.close(how)).is_some()
    }
}

impl<M> fmt::Debug for Control<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut control = f.debug_struct("Control");
        control.field("connections", &self.connections()).field("limits", &self.current_limits());
        control.field("listeners", &self.listeners()).finish_non_exhaustive()
    }
}

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
    live: HashMap<u64, Arc<Shared<M>>>,
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
    fn new(shutdown: &Shutdown) -> Self {
        Hall {
            shutdown: shutdown.clone(),
            line: OnceLock::new(),
            audience: Audience::default(),
            server: AtomicWaker::new(),
            expectant: AtomicBool::new(false),
            seats: AtomicUsize::new(0),
            accepted: AtomicU64::new(0),
            aborted: AtomicU64::new(0),
            roll: Mutex::new(Roll { live: HashMap::new(), addresses: BTreeMap::new() }),
            desk: Mutex::default(),
            #[cfg(test)]
            looked: OnceLock::new(),
        }
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

    fn wake(&self) {
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
        let shared = self.id.and_then(|id| roll.live.remove(&id));
        drop(roll);
        // Dropped outside the lock.
        drop(shared);
        self.hall.seats.fetch_sub(1, Ordering::SeqCst);
        if self.hall.expectant.load(Ordering::SeqCst) {
            self.hall.wake();
        }
    }
}
