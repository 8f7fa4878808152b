//! One thread's waiting: for sockets, for a time, and for whoever wakes it.

use std::cell::{Cell, RefCell};
use std::mem;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd;
use wirestate_driver::Timer;

use crate::bell::Bell;

/// How long a thread waits at most that nobody can wake.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

thread_local! {
    static DESK: Desk = Desk {
        bell: Arc::new(Bell::new()),
        wanted: RefCell::default(),
        alarm: Cell::new(None),
        waits: Cell::new(0),
        depth: Cell::new(0),
    };
}

/// A socket that something waits for, and for what. A socket that has been dropped meanwhile is closed.
type Wanted = (Weak<dyn AsFd>, PollFlags);

struct Desk {
    bell: Arc<Bell>,
    wanted: RefCell<Vec<Wanted>>,
    alarm: Cell<Option<Instant>>,
    /// How often this thread has waited.
    waits: Cell<u64>,
    /// How many calls of `block_on` are under way, one within the other.
    depth: Cell<u32>,
}

/// Runs `future` on this thread until it is done, and waits with the system's `poll` in between.
pub fn block_on<F: Future>(future: F) -> F::Output {
    DESK.with(|desk| {
        let outer = Outer::set_aside(desk);
        let waker = Waker::from(desk.bell.clone());
        let mut cx = Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            desk.wanted.borrow_mut().clear();
            desk.alarm.set(None);
            if let Poll::Ready(done) = future.as_mut().poll(&mut cx) {
                drop(outer);
                return done;
            }
            desk.wait();
        }
    })
}

/// What an outer `block_on` was waiting for, to be put back; it may also have missed the bell.
struct Outer<'a> {
    desk: &'a Desk,
    wanted: Vec<Wanted>,
    alarm: Option<Instant>,
}

impl<'a> Outer<'a> {
    fn set_aside(desk: &'a Desk) -> Self {
        desk.depth.set(desk.depth.get() + 1);
        Outer { desk, wanted: desk.wanted.take(), alarm: desk.alarm.get() }
    }
}

impl Drop for Outer<'_> {
    fn drop(&mut self) {
        let depth = self.desk.depth.get() - 1;
        self.desk.depth.set(depth);
        self.desk.wanted.replace(mem::take(&mut self.wanted));
        self.desk.alarm.set(self.alarm);
        if depth > 0 {
            self.desk.bell.ring();
        }
    }
}

impl Desk {
    fn wait(&self) {
        self.waits.set(self.waits.get() + 1);
        if !self.bell.may_wait() {
            return;
        }
        let wanted = self.wanted.borrow();
        let wanted: Vec<_> = wanted.iter().filter_map(|(socket, what)| Some((socket.upgrade()?, *what))).collect();
        let mut descriptors = Vec::with_capacity(wanted.len() + 1);
        descriptors.extend(wanted.iter().map(|(socket, what)| PollFd::from_borrowed_fd(socket.as_fd(), *what)));
        descriptors.extend(self.bell.line().map(|line| PollFd::new(line, PollFlags::IN)));
        let alarm = self.alarm.get().map(|alarm| alarm.saturating_duration_since(Instant::now()));
        let look_again = self.bell.line().is_none().then_some(LOOK_AGAIN);
        let patience = match (alarm, look_again) {
            (Some(alarm), Some(again)) => Some(alarm.min(again)),
            (alarm, again) => alarm.or(again),
        };
        let timeout = patience.and_then(|patience| Timespec::try_from(patience).ok());
        // A signal, or whatever else is wrong with a descriptor, shows when it is tried again.
        let _ = poll(&mut descriptors, timeout.as_ref());
        self.bell.waited();
    }
}

/// Lets this thread's next wait end when `socket` is ready.
pub(crate) fn want<T: AsFd + 'static>(socket: &Arc<T>, what: PollFlags) {
    let socket: Weak<T> = Arc::downgrade(socket);
    DESK.with(|desk| desk.wanted.borrow_mut().push((socket, what)));
}

/// How often this thread has waited: what was not ready is not, as long as this has not changed.
pub(crate) fn waits() -> u64 {
    DESK.with(|desk| desk.waits.get())
}

/// The alarm of this thread.
pub(crate) fn poll_until(until: Option<Instant>) -> Poll<()> {
    let Some(until) = until else { return Poll::Pending };
    if Instant::now() >= until {
        return Poll::Ready(());
    }
    DESK.with(|desk| desk.alarm.set(Some(desk.alarm.get().map_or(until, |alarm| alarm.min(until)))));
    Poll::Pending
}

/// The clock of a thread in [`block_on`].
#[derive(Debug, Default)]
pub(crate) struct Alarm;

impl Timer for Alarm {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn poll_until(&mut self, _cx: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
        poll_until(until)
    }
}
