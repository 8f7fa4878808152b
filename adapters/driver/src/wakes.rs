//! Nobody who leaves is missed: at each moment between the look for room and the wait, a seat that is given back wakes the server.

use std::collections::VecDeque;
use std::io;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use wirestate_machine::Inbox;
use wirestate_machine::raw::{Pieces, Raw};

use crate::{
    Accept, Address, Connection, Control, Keepalive, Limits, Listener, ListeningSocket, Notice, Observer, Report,
    Runtime, Shutdown, Stream, Timer, serve,
};

/// A runtime whose tasks are kept and never run: to drop one is its connection's leave.
#[derive(Clone)]
struct Inn(Arc<Mutex<State>>);

struct State {
    queue: VecDeque<SocketAddr>,
    tasks: VecDeque<Pin<Box<dyn Future<Output = ()> + Send>>>,
    leaving: Option<When>,
    /// How many are still in the backlog by then.
    outside: usize,
}

/// The moment at which the first who came leaves: in the midst of the server's own turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// Right after it was looked whether there is room, the so-many-th time.
    Looking(usize),
    /// While the doors are asked, after those who wait inside.
    Accepting,
    /// While the observer is told that accept is paused.
    Pausing,
    /// While the alarm is set, right before the wait.
    Setting,
}

impl Inn {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn open(peers: &[&str], leaving: Option<When>, outside: usize) -> Self {
        let queue = peers.iter().map(|peer| peer.parse().unwrap()).collect();
        Inn(Arc::new(Mutex::new(State { queue, tasks: VecDeque::new(), leaving, outside })))
    }

    fn pass(&self, moment: When) {
        let mut state = self.state();
        if state.leaving == Some(moment) && state.queue.len() == state.outside {
            let leaver = state.tasks.pop_front();
            if leaver.is_some() {
                state.leaving = None;
            }
            drop(state);
            drop(leaver);
        }
    }
}

impl Timer for Inn {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn poll_until(&mut self, _: &mut Context<'_>, _: Option<Instant>) -> Poll<()> {
        self.pass(When::Setting);
        Poll::Pending
    }
}

impl Runtime for Inn {
    type Accept = Inn;

    fn open(&self, _: ListeningSocket) -> io::Result<Inn> {
        Ok(self.clone())
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        self.state().tasks.push_back(Box::pin(task));
        Ok(())
    }
}

impl Accept for Inn {
    type Stream = Silent;

    fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<io::Result<(Silent, Address)>> {
        self.pass(When::Accepting);
        let next = self.state().queue.pop_front();
        next.map_or(Poll::Pending, |peer| Poll::Ready(Ok((Silent, peer.into()))))
    }

    fn local(_: &Silent) -> Address {
        Address::Unknown
    }

    fn keep_alive(_: &Silent, _: &Keepalive) -> io::Result<()> {
        Ok(())
    }
}

/// A peer that says nothing.
struct Silent;

impl Timer for Silent {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn poll_until(&mut self, _: &mut Context<'_>, _: Option<Instant>) -> Poll<()> {
        Poll::Pending
    }
}

impl Stream for Silent {
    fn poll_read(&mut self, _: &mut Context<'_>, _: &mut Inbox) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_write(&mut self, _: &mut Context<'_>, _: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

const PEERS: [&str; 2] = ["192.0.2.1:1001", "192.0.2.1:1002"];

type Serving = Pin<Box<dyn Future<Output = Report> + Send>>;

fn serving(inn: &Inn, control: &Control<Raw>) -> Serving {
    let listener = Listener::bind("127.0.0.1:0").unwrap();
    let handler = async |mut conn: Connection<Raw, Silent>| drop(conn.next().await);
    Box::pin(serve([listener], inn.clone(), |_, _| Raw::new(Pieces::default()), handler, control.clone()))
}

/// Two come from one address, under limits that let in one; the first leaves at this moment.
fn leaves_unmissed(limits: Limits, outside: usize, moment: When) {
    let inn = Inn::open(&PEERS, Some(moment), outside);
    let watched = inn.clone();
    let control = Control::new(&Shutdown::new()).limits(limits).observe(Observer::new(move |notice| {
        if matches!(notice, Notice::AcceptPaused { .. }) {
            watched.pass(When::Pausing);
        }
    }));
    let (looker, looks) = (inn.clone(), AtomicUsize::new(0));
    control.hall.on_look(move || {
        let is_time = {
            let state = looker.state();
            state.queue.len() == outside && !state.tasks.is_empty()
        };
        if is_time {
            looker.pass(When::Looking(looks.fetch_add(1, Ordering::SeqCst)));
        }
    });
    let mut serving = serving(&inn, &control);
    let count = Arc::new(Count::default());
    let waker = Waker::from(count.clone());
    let mut cx = Context::from_waker(&waker);
    assert!(serving.as_mut().poll(&mut cx).is_pending());
    assert_eq!(inn.state().leaving, None, "{moment:?}: the first has left");
    let is_in = |inn: &Inn| inn.state().queue.is_empty() && inn.state().tasks.len() == 1;
    if !is_in(&inn) {
        assert!(count.0.load(Ordering::SeqCst) > 0, "{moment:?}: nobody wakes the server");
        assert!(serving.as_mut().poll(&mut cx).is_pending());
        assert!(is_in(&inn), "{moment:?}: the second is in");
    }
}

#[test]
fn at_the_limit_of_an_address_no_leave_is_missed() {
    for moment in [When::Looking(0), When::Looking(1), When::Looking(2), When::Accepting, When::Setting] {
        leaves_unmissed(Limits::new().per_address(1), 0, moment);
    }
}

#[test]
fn at_the_limit_of_all_no_leave_is_missed() {
    for moment in [When::Looking(0), When::Pausing, When::Setting] {
        leaves_unmissed(Limits::new().connections(1), 1, moment);
    }
}
