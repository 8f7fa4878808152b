use std::future::{Future, poll_fn};
use std::task::{Context, Poll};
use std::time::{Duration, Instant as Time};

use wirestate_machine::{Instant, Machine};

use crate::shutdown::Phase;
use crate::{Accept, AcceptClass, Backoff, Clock, Connection, Group, Info, ListenerError, Options, Shutdown, Timer};

/// How many connections are accepted in a row before the executor gets its turn.
const STREAK: u32 = 16;
/// How long handlers that were cut off may take to be gone.
const LAST_GRACE: Duration = Duration::from_secs(1);

/// What a server needs of its runtime: the time, and tasks.
pub trait Runtime: Timer {
    /// Runs `task` beside the one that calls.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);
}

/// How a server ended.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// How many connections there were.
    pub accepted: u64,
    /// How many of them were cut off by the shutdown's deadline.
    pub aborted: u64,
    /// How many handlers have not even ended after that: they sit in code that blocks.
    pub left: usize,
    /// The listeners that failed while the server was running.
    pub failed: Vec<ListenerError>,
}

/// Serves on `listeners`: accepts connections, puts a machine from `factory` on each, and runs `handler` on it in a task of its own.
///
/// It returns when `shutdown` was triggered, or all listeners have failed, and all handlers have ended. The skins have a `serve` with
/// this one inside.
pub async fn serve<A, R, M, F, H, T>(
    listeners: Vec<(A, Options)>,
    mut runtime: R,
    factory: F,
    handler: H,
    shutdown: &Shutdown,
) -> Report
where
    A: Accept,
    R: Runtime,
    M: Machine,
    F: Fn(&Info, Instant) -> M,
    H: Fn(Connection<M, A::Stream>) -> T,
    T: Future<Output = ()> + Send + 'static,
{
    let clock = Clock::starting(runtime.now());
    let group = Group::new(shutdown);
    let mut doors = Doors::new(listeners);
    while let Some((stream, info, options)) = poll_fn(|cx| doors.poll(cx, &mut runtime, &group)).await {
        let member = group.join();
        let connection = Connection::open(stream, info, clock, options, &factory).with_member(member.clone());
        runtime.spawn(member.run(handler(connection)));
    }
    let failed = doors.close();
    group.drained(&mut runtime).await;
    Report { accepted: group.accepted(), aborted: group.aborted(), left: group.live(), failed }
}

impl Group {
    /// Waits for the members to leave, and cuts off those that have not when the shutdown's time is over. Those that then still do not
    /// leave are given up after a second more.
    pub async fn drained(&self, timer: &mut impl Timer) {
        let mut heard = Phase::Running;
        let mut deadline: Option<Time> = None;
        poll_fn(|cx| {
            loop {
                self.register(cx.waker());
                if self.live() == 0 {
                    return Poll::Ready(());
                }
                let phase = self.shutdown().phase();
                if phase > heard {
                    heard = phase;
                    let patience = if phase == Phase::Abort { LAST_GRACE } else { self.shutdown().within() };
                    deadline = earlier(deadline.filter(|_| phase < Phase::Abort), timer.now().checked_add(patience));
                }
                match timer.poll_until(cx, deadline) {
                    Poll::Ready(()) if heard == Phase::Abort => return Poll::Ready(()),
                    Poll::Ready(()) => self.abort(),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
    }
}

fn earlier(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The listeners of one server.
struct Doors<A> {
    open: Vec<Door<A>>,
    failed: Vec<ListenerError>,
    /// Which door is asked first, so that a busy one does not shut out the others.
    first: usize,
    streak: u32,
}

struct Door<A> {
    listener: A,
    options: Options,
    backoff: Backoff,
    resting: Option<Time>,
}

impl<A: Accept> Doors<A> {
    fn new(listeners: Vec<(A, Options)>) -> Self {
        let door = |(listener, options)| Door { listener, options, backoff: Backoff::default(), resting: None };
        Doors { open: listeners.into_iter().map(door).collect(), failed: Vec::new(), first: 0, streak: 0 }
    }

    /// The next connection; `None` when the server is to end, or has no door left.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        timer: &mut impl Timer,
        group: &Group,
    ) -> Poll<Option<(A::Stream, Info, Options)>> {
        group.register(cx.waker());
        loop {
            if group.shutdown().is_triggered() || self.open.is_empty() {
                return Poll::Ready(None);
            }
            if self.streak >= STREAK {
                self.streak = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if let Poll::Ready(accepted) = self.poll_doors(cx, timer) {
                self.streak += 1;
                match accepted {
                    Some(accepted) => return Poll::Ready(Some(accepted)),
                    None => continue,
                }
            }
            self.streak = 0;
            let wake = self.open.iter().filter_map(|door| door.resting).min();
            if timer.poll_until(cx, wake).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Asks each door that is not resting. Ready with `None` when there was an error, which has been seen to.
    fn poll_doors(&mut self, cx: &mut Context<'_>, timer: &impl Timer) -> Poll<Option<(A::Stream, Info, Options)>> {
        for offset in 0..self.open.len() {
            let place = (self.first + offset) % self.open.len();
            let Some(door) = self.open.get_mut(place) else { continue };
            if door.resting.is_some_and(|until| timer.now() < until) {
                continue;
            }
            door.resting = None;
            match door.listener.poll_accept(cx) {
                Poll::Pending => continue,
                Poll::Ready(Ok((stream, info))) => {
                    door.backoff.reset();
                    self.first = place + 1;
                    return Poll::Ready(Some((stream, info, door.options)));
                }
                Poll::Ready(Err(error)) => match AcceptClass::of(&error) {
                    AcceptClass::Momentary => {}
                    AcceptClass::Exhausted => door.resting = timer.now().checked_add(door.backoff.pause()),
                    AcceptClass::Fatal => {
                        let door = self.open.swap_remove(place);
                        self.failed.push(ListenerError { address: door.listener.local(), source: error });
                    }
                },
            }
            return Poll::Ready(None);
        }
        Poll::Pending
    }

    fn close(self) -> Vec<ListenerError> {
        self.failed
    }
}
