//! The accept loop, on a listener that does what it is told and a clock that stands still until it is moved.
#![cfg(unix)]

#[path = "suite/toy.rs"]
#[allow(dead_code)]
mod toy;

use std::collections::VecDeque;
use std::io;
use std::io::IoSlice;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use toy::Toy;
use wirestate_driver::{
    Accept, Address, Control, Keepalive, Limits, Listener, ListeningSocket, Mode, Notice, Observer, Rate, Report,
    Runtime, Shutdown, Stream, Timer, serve,
};
use wirestate_machine::Inbox;

#[derive(Clone)]
struct World(Arc<Mutex<State>>);

struct State {
    now: Instant,
    alarm: Option<Instant>,
    /// What accept says next: an error's number, or a connection.
    queue: VecDeque<Option<i32>>,
    /// Whether the next task cannot be run.
    no_thread: bool,
    /// Whether it cannot be taken over.
    refused: bool,
}

impl World {
    fn new(queue: &[Option<i32>]) -> Self {
        World(Arc::new(Mutex::new(State {
            now: Instant::now(),
            alarm: None,
            queue: queue.iter().copied().collect(),
            no_thread: false,
            refused: false,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn alarm(&self) -> Option<Duration> {
        let state = self.state();
        state.alarm.map(|alarm| alarm - state.now)
    }
}

impl Timer for World {
    fn now(&self) -> Instant {
        self.state().now
    }

    fn poll_until(&mut self, _cx: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
        let mut state = self.state();
        state.alarm = until;
        if until.is_some_and(|until| state.now >= until) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// A runtime whose listening sockets are worlds, in this order.
struct Worlds {
    first: World,
    doors: Mutex<VecDeque<World>>,
}

impl Timer for Worlds {
    fn now(&self) -> Instant {
        self.first.now()
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
        self.first.poll_until(cx, until)
    }
}

impl Runtime for Worlds {
    type Accept = World;

    fn open(&self, _: ListeningSocket) -> io::Result<World> {
        let world = self.doors.lock().unwrap().pop_front().expect("as many worlds as listeners");
        if world.state().refused { Err(io::ErrorKind::Unsupported.into()) } else { Ok(world) }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        if std::mem::take(&mut self.first.state().no_thread) {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        assert!(pin!(task).poll(&mut Context::from_waker(Waker::noop())).is_ready());
        Ok(())
    }
}

impl Accept for World {
    type Stream = Ended;

    fn poll_accept(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<(Ended, Address)>> {
        match self.state().queue.pop_front() {
            None => Poll::Pending,
            Some(Some(code)) => Poll::Ready(Err(io::Error::from_raw_os_error(code))),
            Some(None) => Poll::Ready(Ok((Ended(self.clone()), Address::Unknown))),
        }
    }

    fn local(_: &Ended) -> Address {
        Address::Unknown
    }

    fn keep_alive(_: &Ended, _: &Keepalive) -> io::Result<()> {
        Ok(())
    }
}

/// A stream that has ended before it began.
struct Ended(World);

impl Timer for Ended {
    fn now(&self) -> Instant {
        self.0.now()
    }

    fn poll_until(&mut self, _cx: &mut Context<'_>, _until: Option<Instant>) -> Poll<()> {
        Poll::Pending
    }
}

impl Stream for Ended {
    fn poll_read(&mut self, _: &mut Context<'_>, _: &mut Inbox) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(0))
    }

    fn poll_write(&mut self, _: &mut Context<'_>, _: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn served<'a>(worlds: &[World], control: impl Into<Control<Toy>> + 'a) -> Pin<Box<dyn Future<Output = Report> + 'a>> {
    let listeners: Vec<_> = worlds.iter().map(|_| Listener::bind("127.0.0.1:0").unwrap()).collect();
    let runtime = Worlds { first: worlds[0].clone(), doors: Mutex::new(worlds.iter().cloned().collect()) };
    let handler = async |mut conn: wirestate_driver::Connection<Toy, Ended>| {
        assert!(conn.next().await.is_none());
    };
    Box::pin(serve(listeners, runtime, |_, now| Toy::new(now), handler, control))
}

fn poll(serving: &mut Pin<Box<dyn Future<Output = Report> + '_>>) -> Poll<Report> {
    serving.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn an_exhausted_listener_rests_and_goes_on() {
    let world = World::new(&[None, Some(libc::EMFILE), Some(libc::ENFILE), None, Some(libc::EMFILE), None]);
    let shutdown = Shutdown::new();
    let mut serving = served(std::slice::from_ref(&world), &shutdown);
    for pause in [5, 10, 5] {
        assert!(poll(&mut serving).is_pending());
        assert_eq!(world.alarm(), Some(Duration::from_millis(pause)));
        assert!(poll(&mut serving).is_pending(), "it rests until the alarm");
        world.state().now += Duration::from_millis(pause);
    }
    assert!(poll(&mut serving).is_pending());
    assert!(world.state().queue.is_empty());
    shutdown.trigger(Mode::Now);
    let Poll::Ready(report) = poll(&mut serving) else { panic!("nobody is left") };
    assert_eq!((report.accepted, report.failed.len()), (3, 0));
}

#[test]
fn a_connection_that_broke_before_it_was_accepted_is_passed_over() {
    let world = World::new(&[Some(libc::ECONNABORTED), None, Some(libc::EPROTO), Some(libc::EPERM), None]);
    let shutdown = Shutdown::new();
    let mut serving = served(std::slice::from_ref(&world), &shutdown);
    assert!(poll(&mut serving).is_pending());
    assert_eq!(world.alarm(), None);
    shutdown.trigger(Mode::Graceful { within: Duration::from_secs(1) });
    assert!(matches!(poll(&mut serving), Poll::Ready(report) if report.accepted == 2));
}

#[test]
fn a_listener_that_fails_ends_alone() {
    let broken = World::new(&[None, Some(libc::EBADF), None]);
    let sound = World::new(&[None]);
    let shutdown = Shutdown::new();
    let mut serving = served(&[broken.clone(), sound.clone()], &shutdown);
    assert!(poll(&mut serving).is_pending());
    assert_eq!((broken.state().queue.len(), sound.state().queue.len()), (1, 0));
    sound.state().queue.extend([None, Some(libc::EINVAL)]);
    let Poll::Ready(report) = poll(&mut serving) else { panic!("no listener is left") };
    assert_eq!(report.accepted, 3);
    let codes: Vec<_> = report.failed.iter().map(|failed| failed.source.raw_os_error()).collect();
    assert_eq!(codes, [Some(libc::EBADF), Some(libc::EINVAL)]);
}

#[test]
fn a_storm_of_connections_lets_others_have_their_turn() {
    let world = World::new(&[None; 100]);
    let shutdown = Shutdown::new();
    let mut serving = served(std::slice::from_ref(&world), &shutdown);
    assert!(poll(&mut serving).is_pending());
    assert!(!world.state().queue.is_empty());
    while !world.state().queue.is_empty() {
        assert!(poll(&mut serving).is_pending());
    }
    shutdown.trigger(Mode::Now);
    assert!(matches!(poll(&mut serving), Poll::Ready(report) if report.accepted == 100));
}

#[test]
fn without_a_thread_to_be_had_the_server_rests_and_goes_on() {
    let world = World::new(&[None, None]);
    world.state().no_thread = true;
    let shutdown = Shutdown::new();
    let mut serving = served(std::slice::from_ref(&world), &shutdown);
    assert!(poll(&mut serving).is_pending());
    assert_eq!(world.alarm(), Some(Duration::from_millis(5)));
    assert_eq!(world.state().queue.len(), 1);
    world.state().now += Duration::from_millis(5);
    assert!(poll(&mut serving).is_pending());
    assert!(world.state().queue.is_empty());
    shutdown.trigger(Mode::Now);
    assert!(poll(&mut serving).is_ready());
}

#[test]
fn a_server_that_is_full_waits_for_no_clock() {
    let world = World::new(&[None, Some(libc::EMFILE), None]);
    let shutdown = Shutdown::new();
    let control = Control::new(&shutdown);
    let mut serving = served(std::slice::from_ref(&world), &control);
    assert!(poll(&mut serving).is_pending());
    assert_eq!(world.alarm(), Some(Duration::from_millis(5)));
    control.set_limits(Limits::new().connections(0));
    world.state().now += Duration::from_secs(1);
    assert!(poll(&mut serving).is_pending());
    assert_eq!(world.alarm(), None);
    control.set_limits(Limits::new());
    assert!(poll(&mut serving).is_pending());
    assert!(world.state().queue.is_empty());
}

#[test]
fn one_door_that_has_rested_waits_for_the_rest_of_all() {
    let (first, second) = (World::new(&[Some(libc::EMFILE)]), World::new(&[None]));
    let shutdown = Shutdown::new();
    let mut serving = served(&[first.clone(), second.clone()], &shutdown);
    assert!(poll(&mut serving).is_pending());
    first.state().now += Duration::from_millis(2);
    first.state().no_thread = true;
    second.state().queue.push_back(None);
    assert!(poll(&mut serving).is_pending());
    first.state().now += Duration::from_millis(3);
    assert!(poll(&mut serving).is_pending());
    assert_eq!(first.alarm(), Some(Duration::from_millis(2)));
}

#[test]
fn the_pauses_grow_while_there_is_no_thread_to_be_had() {
    let world = World::new(&[None; 4]);
    let shutdown = Shutdown::new();
    let mut serving = served(std::slice::from_ref(&world), &shutdown);
    for pause in [5, 10, 20] {
        world.state().no_thread = true;
        assert!(poll(&mut serving).is_pending());
        assert_eq!(world.alarm(), Some(Duration::from_millis(pause)));
        world.state().now += Duration::from_millis(pause);
    }
    assert!(poll(&mut serving).is_pending());
    assert!(world.state().queue.is_empty());
}

#[test]
fn a_server_ends_when_the_last_listener_fails_not_when_it_is_removed() {
    let worlds = [World::new(&[Some(libc::EBADF)]), World::new(&[]), World::new(&[None])];
    let control = Control::new(&Shutdown::new());
    let mut serving = served(&worlds, &control);
    assert!(poll(&mut serving).is_pending());
    let left: Vec<_> = control.listeners().into_iter().map(|(id, _)| id).collect();
    assert_eq!(left.len(), 2);
    for id in left {
        assert_eq!(control.remove(id), [id]);
    }
    assert!(poll(&mut serving).is_pending(), "the last one was removed, it has not failed");
    control.trigger(Mode::Now);
    assert!(matches!(poll(&mut serving), Poll::Ready(report) if report.failed.len() == 1));
}

#[test]
fn the_rate_is_kept_to_the_tick() {
    let world = World::new(&[None; 20]);
    let left = |count: usize| assert_eq!(world.state().queue.len(), count);
    let (told, notices) = notices();
    let control = Control::new(&Shutdown::new()).observe(told);
    control.set_limits(Limits::new().rate(Rate::new(4, Duration::from_millis(400))));
    let mut serving = served(std::slice::from_ref(&world), &control);
    for (passed, rest, next) in [(0, 16, 100), (99, 16, 1), (1, 15, 100), (250, 13, 50), (10_000, 9, 100)] {
        world.state().now += Duration::from_millis(passed);
        assert!(poll(&mut serving).is_pending());
        left(rest);
        assert_eq!(world.alarm(), Some(Duration::from_millis(next)));
    }
    // Changed while it holds accept up: a faster one, a slower one, none, which at once counts again.
    control.set_limits(Limits::new().rate(Rate::new(4, Duration::from_millis(40))));
    assert!(poll(&mut serving).is_pending());
    assert_eq!(world.alarm(), Some(Duration::from_millis(10)));
    left(9);
    control.set_limits(Limits::new().rate(Rate::new(0, Duration::from_millis(40))));
    assert!(poll(&mut serving).is_pending());
    assert_eq!(world.alarm(), None);
    let told = |what: &str| {
        let told = std::mem::take(&mut *notices.lock().unwrap());
        assert_eq!(told.iter().filter(|note| !note.starts_with("opened")).collect::<Vec<_>>(), [what]);
    };
    told("slowed: Some(100ms)");
    control.set_limits(Limits::new());
    assert!(poll(&mut serving).is_pending());
    left(0);
    assert_eq!(world.alarm(), None);
    told("caught up");
}

#[test]
fn a_full_server_waits_for_no_token_and_errors_of_accept_take_none() {
    let world = World::new(&[Some(libc::ECONNABORTED), None, Some(libc::ECONNABORTED), Some(libc::EMFILE), None]);
    let control = Control::new(&Shutdown::new());
    let rate = Limits::new().rate(Rate::new(2, Duration::from_secs(2)));
    control.set_limits(rate.connections(0));
    let mut serving = served(std::slice::from_ref(&world), &control);
    assert!(poll(&mut serving).is_pending());
    assert_eq!((world.alarm(), world.state().queue.len()), (None, 5));
    control.set_limits(rate);
    assert!(poll(&mut serving).is_pending());
    assert_eq!((world.alarm(), world.state().queue.len()), (Some(Duration::from_millis(5)), 1));
    world.state().now += Duration::from_millis(5);
    assert!(poll(&mut serving).is_pending());
    assert_eq!((world.alarm(), world.state().queue.len()), (Some(Duration::from_millis(995)), 0));
}

#[test]
fn a_listener_that_cannot_be_taken_over_is_told_and_ends_alone() {
    let (refused, sound) = (World::new(&[None]), World::new(&[None]));
    refused.state().refused = true;
    let (told, notices) = notices();
    let control = Control::new(&Shutdown::new()).observe(told);
    let mut serving = served(&[refused.clone(), sound.clone()], &control);
    assert!(poll(&mut serving).is_pending());
    assert_eq!((refused.state().queue.len(), sound.state().queue.len()), (1, 0));
    let open = control.listeners();
    assert_eq!(open.len(), 1);
    let failed = std::mem::take(&mut *notices.lock().unwrap());
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(failed[0].starts_with("failed: 127.0.0.1:") && failed[0].ends_with(": unsupported"), "{failed:?}");
    assert_eq!(failed[1], format!("opened: {}", open[0].1));
    control.trigger(Mode::Now);
    let Poll::Ready(report) = poll(&mut serving) else { panic!("nobody is left") };
    assert_eq!((report.accepted, report.failed.len()), (1, 1));
    assert_eq!(report.failed[0].source.kind(), io::ErrorKind::Unsupported);
}

#[test]
fn a_server_whose_only_listener_cannot_be_taken_over_ends() {
    let world = World::new(&[]);
    world.state().refused = true;
    let shutdown = Shutdown::new();
    let mut serving = served(&[world], &shutdown);
    assert!(matches!(poll(&mut serving), Poll::Ready(report) if report.failed.len() == 1));
}

/// An observer, and what it is told of listeners and of the rate.
fn notices() -> (Observer, Arc<Mutex<Vec<String>>>) {
    let notices = Arc::new(Mutex::new(Vec::new()));
    let told = notices.clone();
    let observer = Observer::new(move |notice| {
        told.lock().unwrap().push(match notice {
            Notice::ListenerOpened { address, .. } => format!("opened: {address}"),
            Notice::ListenerFailed { address, error, .. } => format!("failed: {address}: {error}"),
            Notice::AcceptSlowed { pause } => format!("slowed: {pause:?}"),
            Notice::AcceptCaughtUp => "caught up".into(),
            _ => return,
        });
    });
    (observer, notices)
}
