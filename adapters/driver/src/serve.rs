use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant as Time};

use atomic_waker::AtomicWaker;
use wirestate_machine::{Instant, Machine};

use crate::doors::{Doors, Visitor};
use crate::hall::{Hall, Seat};
use crate::proxy::Asked;
use crate::shutdown::{Phase, Ring};
use crate::task::{Attended, Task};
use crate::{
    Accept, Clock, Connection, Control, Info, Listener, ListenerError, ListeningSocket, Notice, Proxies, Refusal,
    Stream, Timer,
};

/// How long handlers that were cut off may take to be gone.
const LAST_GRACE: Duration = Duration::from_secs(1);

/// What a server needs of its runtime: the time, listening sockets, and tasks.
pub trait Runtime: Timer {
    /// Its listening sockets.
    type Accept: Accept;

    /// Takes a listening socket over.
    fn open(&self, socket: ListeningSocket) -> io::Result<Self::Accept>;

    /// Runs `task` beside the one that calls. An error is a shortage that goes away with time, such as of threads.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> io::Result<()>;
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
/// `control` steers the server while it runs. It returns when its shutdown was triggered, or the last listener has failed, and all handlers
/// have ended. The skins have a `serve` with this one inside.
pub async fn serve<R, M, F, H, T>(
    listeners: impl IntoIterator<Item = Listener>,
    mut runtime: R,
    factory: F,
    handler: H,
    control: impl Into<Control<M>>,
) -> Report
where
    R: Runtime,
    <R::Accept as Accept>::Stream: Send + 'static,
    M: Machine + 'static,
    F: Fn(&Info, Instant) -> M + Send + Sync + 'static,
    H: Fn(Connection<M, <R::Accept as Accept>::Stream>) -> T + Send + Sync + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    let control = control.into();
    let hall = &control.hall;
    let session = Arc::new(Session { factory, handler, clock: Clock::starting(runtime.now()) });
    let mut doors = Doors::new();
    for listener in listeners {
        control.add(listener);
    }
    while let Some(visitor) = poll_fn(|cx| doors.poll(cx, &mut runtime, hall)).await {
        let listener = visitor.info.listener();
        let seat = hall.seat(visitor.ip());
        match runtime.spawn(session.receive(visitor, seat)) {
            Ok(()) => doors.is_well(),
            Err(error) => doors.rest(runtime.now(), listener, &error, hall),
        }
    }
    let failed = doors.close(hall);
    drained(hall, &mut runtime).await;
    Report { accepted: hall.accepted(), aborted: hall.aborted(), left: hall.seats(), failed }
}

/// What is done with each visitor.
struct Session<F, H> {
    factory: F,
    handler: H,
    clock: Clock,
}

impl<F: Send + Sync + 'static, H: Send + Sync + 'static> Session<F, H> {
    /// The task of one connection.
    fn receive<M, S, T>(
        self: &Arc<Self>,
        visitor: Visitor<S>,
        seat: Seat<M>,
    ) -> impl Future<Output = ()> + Send + use<M, S, T, F, H>
    where
        M: Machine + 'static,
        S: Stream + Send + 'static,
        F: Fn(&Info, Instant) -> M,
        H: Fn(Connection<M, S>) -> T,
        T: Future<Output = ()> + Send + 'static,
    {
        match &visitor.proxies {
            None => Task::Begun { attended: self.begin(visitor, seat) },
            Some(proxies) => {
                let (session, proxies) = (self.clone(), proxies.clone());
                let session = Box::pin(async move {
                    if let Some((visitor, seat)) = ask_proxy(&proxies, visitor, seat).await {
                        session.begin(visitor, seat).await;
                    }
                });
                Task::Asking { session }
            }
        }
    }

    fn begin<M, S, T>(&self, visitor: Visitor<S>, seat: Seat<M>) -> Attended<M, T>
    where
        M: Machine + 'static,
        S: Stream + Send + 'static,
        F: Fn(&Info, Instant) -> M,
        H: Fn(Connection<M, S>) -> T,
    {
        let Visitor { stream, info, options, read, .. } = visitor;
        let connection = Connection::open(stream, info, self.clock, options, &self.factory).seated(seat, read);
        let shared = connection.shared().clone();
        let shutdown = connection.shutdown().cloned();
        Attended::new((self.handler)(connection), shared, shutdown)
    }
}

/// Lets a proxy introduce its connection; `None` where it is not let in.
async fn ask_proxy<M, S: Stream>(
    proxies: &Proxies,
    mut visitor: Visitor<S>,
    mut seat: Seat<M>,
) -> Option<(Visitor<S>, Seat<M>)> {
    let hall = seat.hall().clone();
    let direct = visitor.info.clone();
    let refuse = |why| {
        hall.tell(&Notice::Refused { info: &direct, why: &why });
        None
    };
    match proxies.ask(visitor.info.peer()) {
        Asked::Nothing => return Some((visitor, seat)),
        Asked::Refusal => return refuse(Refusal::UntrustedProxy),
        Asked::Header => {}
    }
    let waker = Arc::new(AtomicWaker::new());
    let bell: Arc<dyn Ring> = waker.clone();
    let _line = hall.shutdown().connect(Arc::downgrade(&bell));
    let stop = |cx: &mut Context<'_>| {
        waker.register(cx.waker());
        hall.shutdown().is_triggered()
    };
    let (info, read) = match proxies.read(&mut visitor.stream, visitor.info, stop).await {
        Ok(introduced) => introduced,
        Err(why) => return refuse(why),
    };
    // The proxy itself, whose health checks these are, may come as often as it likes.
    let mut limits = hall.desk().limits;
    limits.per_address = info.proxy().and(limits.per_address);
    if info.peer().ip().is_some_and(|ip| !seat.is_from(ip, &limits)) {
        return refuse(Refusal::TooManyFromAddress);
    }
    Some((Visitor { info, read, ..visitor }, seat))
}

/// Waits for all to leave, and cuts off those that have not when the shutdown's time is over. Those that then still do not leave are
/// given up after a second more.
async fn drained<M>(hall: &Hall<M>, timer: &mut impl Timer) {
    let mut heard = Phase::Running;
    let mut deadline: Option<Time> = None;
    hall.expect_leave(true);
    poll_fn(|cx| {
        loop {
            hall.register(cx.waker());
            if hall.seats() == 0 {
                return Poll::Ready(());
            }
            let phase = hall.shutdown().phase();
            if phase > heard {
                heard = phase;
                let patience = if phase == Phase::Abort { LAST_GRACE } else { hall.shutdown().within() };
                deadline = earlier(deadline.filter(|_| phase < Phase::Abort), timer.now().checked_add(patience));
            }
            match timer.poll_until(cx, deadline) {
                Poll::Ready(()) if heard == Phase::Abort => return Poll::Ready(()),
                Poll::Ready(()) => hall.abort(),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await;
}

fn earlier(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
