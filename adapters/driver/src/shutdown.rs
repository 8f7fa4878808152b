use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use atomic_waker::AtomicWaker;

/// How long sessions have for their last word at [`Mode::Now`].
const LAST_WORD: Duration = Duration::from_secs(1);

/// How servers and connections are to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Listening stops. Each machine ends at its next safe point with its protocol's farewell; what is left after `within` is cut off.
    Graceful {
        /// How long the sessions have.
        within: Duration,
    },
    /// Listening stops. Each machine says its farewell, safe point or not, which is flushed if the peer takes it within a second.
    Now,
}

/// The handle that ends servers and connections, from anywhere: clone it, give it to [`serve`](crate::serve), and
/// [`trigger`](Shutdown::trigger) it once.
///
/// One handle may end many servers, and single connections that were [enrolled](crate::Connection::enroll) with it.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    phase: AtomicU8,
    within_millis: AtomicU64,
    bells: Mutex<Bells>,
}

#[derive(Debug, Default)]
struct Bells {
    last: u64,
    live: HashMap<u64, Arc<Bell>>,
}

/// Whoever must know of a shutdown: up to two tasks.
#[derive(Debug, Default)]
struct Bell {
    /// The task that pulls the connection, or serves.
    puller: AtomicWaker,
    /// The task that runs the handler: the same one, mostly.
    handler: AtomicWaker,
}

impl Bell {
    fn ring(&self) {
        self.puller.wake();
        self.handler.wake();
    }
}

/// How far a shutdown has gone. It only goes on, never back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Phase {
    Running,
    Graceful,
    Now,
    Abort,
}

impl Shutdown {
    /// A handle that has not been triggered.
    pub fn new() -> Self {
        Shutdown::default()
    }

    /// Ends everything that has this handle. A graceful end may be hastened by a second call with [`Mode::Now`].
    pub fn trigger(&self, mode: Mode) {
        match mode {
            Mode::Graceful { within } => {
                let millis = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
                if self.phase() == Phase::Running {
                    self.shared.within_millis.store(millis, Ordering::Relaxed);
                }
                self.advance(Phase::Graceful);
            }
            Mode::Now => self.advance(Phase::Now),
        }
    }

    /// Whether it has been triggered.
    pub fn is_triggered(&self) -> bool {
        self.phase() > Phase::Running
    }

    /// Waits until it is triggered: for an application's own tasks that are to end with the server.
    pub async fn triggered(&self) {
        let line = self.line();
        poll_fn(|cx| {
            line.bell.puller.register(cx.waker());
            if self.is_triggered() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.shared.phase.load(Ordering::Acquire) {
            0 => Phase::Running,
            1 => Phase::Graceful,
            2 => Phase::Now,
            _ => Phase::Abort,
        }
    }

    /// How long sessions have from when they hear of the shutdown.
    pub(crate) fn within(&self) -> Duration {
        match self.phase() {
            Phase::Running => Duration::MAX,
            Phase::Graceful => Duration::from_millis(self.shared.within_millis.load(Ordering::Relaxed)),
            Phase::Now => LAST_WORD,
            Phase::Abort => Duration::ZERO,
        }
    }

    fn advance(&self, phase: Phase) {
        if self.shared.phase.fetch_max(phase as u8, Ordering::AcqRel) < phase as u8 {
            // Rung outside the lock: a waker may run anything.
            let bells: Vec<_> = self.bells().live.values().cloned().collect();
            bells.iter().for_each(|bell| bell.ring());
        }
    }

    fn line(&self) -> Line {
        let bell = Arc::new(Bell::default());
        let mut bells = self.bells();
        bells.last += 1;
        let key = bells.last;
        bells.live.insert(key, bell.clone());
        drop(bells);
        Line { shutdown: self.clone(), bell, key }
    }

    fn bells(&self) -> MutexGuard<'_, Bells> {
        self.shared.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A bell that is connected for as long as this lives.
#[derive(Debug)]
struct Line {
    shutdown: Shutdown,
    bell: Arc<Bell>,
    key: u64,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.shutdown.bells().live.remove(&self.key);
    }
}

/// The live connections of one server: what it waits for at the end.
///
/// [`serve`](crate::serve) uses it; it is public for accept loops of one's own.
#[derive(Debug)]
pub struct Group {
    line: Line,
    live: AtomicUsize,
    accepted: AtomicU64,
    aborted: AtomicU64,
}

impl Group {
    /// A group without connections that ends with `shutdown`.
    pub fn new(shutdown: &Shutdown) -> Arc<Self> {
        Arc::new(Group {
            line: shutdown.line(),
            live: AtomicUsize::new(0),
            accepted: AtomicU64::new(0),
            aborted: AtomicU64::new(0),
        })
    }

    /// A new member, which counts as live until its last handle is dropped.
    pub fn join(self: &Arc<Self>) -> Arc<Member> {
        self.live.fetch_add(1, Ordering::AcqRel);
        self.accepted.fetch_add(1, Ordering::Relaxed);
        Arc::new(Member::new(&self.line.shutdown, Some(self.clone())))
    }

    /// How many members are live.
    pub fn live(&self) -> usize {
        self.live.load(Ordering::Acquire)
    }

    /// How many members ever joined.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// How many members were cut off by a shutdown.
    pub fn aborted(&self) -> u64 {
        self.aborted.load(Ordering::Relaxed)
    }

    /// Registers the serving task: it is woken when the shutdown goes on and when the last member leaves.
    pub fn register(&self, waker: &Waker) {
        self.line.bell.puller.register(waker);
    }

    /// What ends this group.
    pub fn shutdown(&self) -> &Shutdown {
        &self.line.shutdown
    }

    /// Cuts off what is left.
    pub fn abort(&self) {
        self.line.shutdown.advance(Phase::Abort);
    }
}

/// One connection's place in a [`Shutdown`].
#[derive(Debug)]
pub struct Member {
    line: Line,
    group: Option<Arc<Group>>,
    aborted: AtomicBool,
    slices: AtomicU32,
}

impl Member {
    pub(crate) fn new(shutdown: &Shutdown, group: Option<Arc<Group>>) -> Self {
        Member { line: shutdown.line(), group, aborted: AtomicBool::new(false), slices: AtomicU32::new(0) }
    }

    /// Runs a connection's handler, and drops it when the shutdown's deadline has come and it still sits elsewhere than in its connection.
    pub fn run<H: Future<Output = ()>>(self: Arc<Self>, handler: H) -> impl Future<Output = ()> + use<H> {
        // Boxed, for an async block would hold it twice: once as it came and once pinned.
        let mut handler = Box::pin(handler);
        poll_fn(move |cx| {
            // At the deadline, too, the handler comes first: it hears of it from its connection.
            let slice = Slice::begin(&self.slices);
            let done = handler.as_mut().poll(cx);
            drop(slice);
            if done.is_ready() { done } else { self.poll_aborted(cx) }
        })
    }

    /// Ready when the connection is to be cut off.
    pub fn poll_aborted(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.line.bell.handler.register(cx.waker());
        if self.phase() < Phase::Abort {
            return Poll::Pending;
        }
        self.count_abort();
        Poll::Ready(())
    }

    pub(crate) fn phase(&self) -> Phase {
        self.line.shutdown.phase()
    }

    pub(crate) fn within(&self) -> Duration {
        self.line.shutdown.within()
    }

    pub(crate) fn register(&self, waker: &Waker) {
        self.line.bell.puller.register(waker);
    }

    pub(crate) fn count_abort(&self) {
        self.aborted.store(true, Ordering::Relaxed);
    }

    /// The number of the executor's slice in which [`run`](Member::run) is being polled; `None` outside of it.
    ///
    /// Within one slice nobody can have waited, so that the clock need not be read anew for each event.
    pub(crate) fn slice(&self) -> Option<u32> {
        let slice = self.slices.load(Ordering::Relaxed);
        (slice % 2 == 1).then_some(slice)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let Some(group) = &self.group else { return };
        if self.aborted.load(Ordering::Relaxed) {
            group.aborted.fetch_add(1, Ordering::Relaxed);
        }
        if group.live.fetch_sub(1, Ordering::AcqRel) == 1 {
            group.line.bell.ring();
        }
    }
}

/// Counts odd while a handler is polled, even in between, also when the handler panics.
struct Slice<'a>(&'a AtomicU32);

impl<'a> Slice<'a> {
    fn begin(slices: &'a AtomicU32) -> Self {
        slices.fetch_add(1, Ordering::Relaxed);
        Slice(slices)
    }
}

impl Drop for Slice<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn everybody_is_woken_at_each_step() {
        let shutdown = Shutdown::new();
        let group = Group::new(&shutdown);
        let member = group.join();
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        member.register(&waker);
        group.register(&waker);
        shutdown.trigger(Mode::Graceful { within: Duration::from_secs(3) });
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
        assert_eq!((member.phase(), member.within()), (Phase::Graceful, Duration::from_secs(3)));
        member.register(&waker);
        shutdown.trigger(Mode::Now);
        assert_eq!(count.0.load(Ordering::Relaxed), 3);
        assert_eq!(member.phase(), Phase::Now);
    }

    #[test]
    fn a_shutdown_never_goes_back() {
        let shutdown = Shutdown::new();
        shutdown.trigger(Mode::Now);
        shutdown.trigger(Mode::Graceful { within: Duration::from_secs(600) });
        assert_eq!((shutdown.phase(), shutdown.within()), (Phase::Now, LAST_WORD));
    }

    #[test]
    fn the_group_hears_of_the_last_member_that_leaves() {
        let shutdown = Shutdown::new();
        let group = Group::new(&shutdown);
        let (first, second) = (group.join(), group.join());
        let count = Arc::new(Count::default());
        group.register(&Waker::from(count.clone()));
        drop(first);
        assert_eq!((group.live(), count.0.load(Ordering::Relaxed)), (1, 0));
        second.count_abort();
        drop(second);
        assert_eq!((group.live(), count.0.load(Ordering::Relaxed)), (0, 1));
        assert_eq!((group.accepted(), group.aborted()), (2, 1));
    }

    #[test]
    fn who_left_is_not_remembered() {
        let shutdown = Shutdown::new();
        let group = Group::new(&shutdown);
        drop(group.join());
        drop(group);
        assert!(shutdown.bells().live.is_empty());
    }

    #[test]
    fn a_handler_that_sits_elsewhere_is_dropped_at_the_deadline() {
        let shutdown = Shutdown::new();
        let group = Group::new(&shutdown);
        let member = group.join();
        let mut run = pin!(member.run(std::future::pending()));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(run.as_mut().poll(&mut cx).is_pending());
        group.abort();
        assert!(run.as_mut().poll(&mut cx).is_ready());
    }
}
