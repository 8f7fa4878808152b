//! Connectors in a world that is all in memory: names, servers and the clock do as each test has it.

#[path = "suite/by_hand.rs"]
#[allow(dead_code)]
mod by_hand;
#[path = "suite/notes.rs"]
#[allow(dead_code)]
mod notes;
#[path = "suite/toy.rs"]
#[allow(dead_code)]
mod toy;
#[path = "suite/wire.rs"]
#[allow(dead_code)]
mod wire;

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use by_hand::{SECOND, is_over, once, poll};
use notes::Notes;
use toy::{Shy, Toy};
use wire::Wire;
use wirestate_driver::{
    Address, ConnectError, Connection, Connector, Dialer, Info, Keepalive, Mode, Redial, Shutdown, Step, Timer,
    connect, reconnect,
};
use wirestate_machine::Machine;

const PATIENCE: Duration = Duration::ZERO;

/// How long something takes, and what comes of it.
#[derive(Clone)]
enum Answer<T> {
    Never,
    After(Duration, Result<T, ErrorKind>),
}

fn at_once<T>(answer: Result<T, ErrorKind>) -> Answer<T> {
    Answer::After(Duration::ZERO, answer)
}

/// All that there is, for one test: each has a thread of its own.
struct Earth {
    start: Instant,
    now: Instant,
    alarm: Option<Instant>,
    names: HashMap<String, Answer<Vec<SocketAddr>>>,
    /// Who is not here refuses.
    servers: HashMap<SocketAddr, Answer<Wire>>,
    tried: Vec<(String, Duration)>,
}

thread_local! {
    static EARTH: RefCell<Earth> = RefCell::new(Earth::new(Instant::now()));
}

impl Earth {
    fn new(now: Instant) -> Self {
        let (names, servers) = (HashMap::new(), HashMap::new());
        Earth { start: now, now, alarm: None, names, servers, tried: Vec::new() }
    }
}

fn earth<T>(this: impl FnOnce(&mut Earth) -> T) -> T {
    EARTH.with_borrow_mut(this)
}

struct Fake;

impl Timer for Fake {
    fn now(&self) -> Instant {
        earth(|earth| earth.now)
    }

    fn poll_until(&mut self, _: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
        earth(|earth| {
            earth.alarm = until;
            if until.is_some_and(|until| earth.now >= until) { Poll::Ready(()) } else { Poll::Pending }
        })
    }
}

/// What comes of `answer` when its time has come.
async fn come<T: Clone>(what: String, answer: Answer<T>) -> io::Result<T> {
    let begun = earth(|earth| {
        earth.tried.push((what, earth.now - earth.start));
        earth.now
    });
    poll_fn(|_| match &answer {
        Answer::After(after, result) if earth(|earth| earth.now - begun) >= *after => {
            Poll::Ready(result.clone().map_err(io::Error::from))
        }
        _ => Poll::Pending,
    })
    .await
}

impl Dialer for Fake {
    type Stream = Wire;

    async fn resolve(server: String) -> io::Result<Vec<SocketAddr>> {
        let answer = earth(|earth| earth.names.get(&server).cloned());
        come(server, answer.unwrap_or(at_once(Err(ErrorKind::NotFound)))).await
    }

    async fn tcp(to: SocketAddr, from: Option<IpAddr>) -> io::Result<Wire> {
        let answer = earth(|earth| earth.servers.get(&to).cloned());
        let what = from.map_or(to.to_string(), |from| format!("{to} from {from}"));
        come(what, answer.unwrap_or(at_once(Err(ErrorKind::ConnectionRefused)))).await
    }

    async fn unix(path: PathBuf) -> io::Result<Wire> {
        come(format!("unix:{}", path.display()), Answer::Never).await
    }

    fn local(_: &Wire) -> Address {
        Address::Unknown
    }

    fn keep_alive(_: &Self::Stream, _: &Keepalive) -> io::Result<()> {
        Ok(())
    }
}

const V4: &str = "192.0.2.1:110";
const V6: &str = "[2001:db8::1]:110";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn name(name: &str, answer: Answer<&[&str]>) {
    let answer = match answer {
        Answer::Never => Answer::Never,
        Answer::After(after, result) => {
            Answer::After(after, result.map(|addresses| addresses.iter().map(|one| address(one)).collect()))
        }
    };
    earth(|earth| earth.names.insert(name.into(), answer));
}

fn server(at: &str, answer: Answer<Wire>) {
    earth(|earth| earth.servers.insert(address(at), answer));
}

/// What was tried, and when, in milliseconds.
fn tried() -> Vec<(String, u128)> {
    earth(|earth| earth.tried.drain(..).map(|(what, when)| (what, when.as_millis())).collect())
}

fn elapsed() -> Duration {
    earth(|earth| earth.now - earth.start)
}

/// Runs `future`, while the clock goes from alarm to alarm, at most this much at a time.
fn run<F: Future>(future: F, step: Duration) -> F::Output {
    let mut future = pin!(future);
    for _ in 0..100_000 {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
        earth(|earth| earth.now = (earth.now + step).min(earth.alarm.expect("somebody waits for something")));
    }
    panic!("no end");
}

fn toy(_: &Info, now: wirestate_machine::Instant) -> Toy {
    Toy::new(now)
}

fn dial(to: impl Into<Connector>) -> Result<Connection<Toy, Wire>, ConnectError> {
    run(connect(Fake, to, toy), Duration::from_millis(50))
}

fn failed(to: impl Into<Connector>) -> ConnectError {
    match dial(to) {
        Ok(_) => panic!("a connection"),
        Err(error) => error,
    }
}

// --- one try ---

#[test]
fn a_name_leads_to_its_addresses() {
    name("pop.example.org:110", at_once(Ok(&[V6, V4])));
    server(V4, at_once(Ok(Wire::new())));
    let conn = dial(("pop.example.org", 110)).unwrap();
    assert_eq!(conn.info().peer().tcp(), Some(address(V4)));
    assert_eq!(tried(), [("pop.example.org:110".into(), 0), (V6.into(), 0), (V4.into(), 0)]);
}

#[test]
fn a_literal_address_is_not_resolved() {
    server(V4, at_once(Ok(Wire::new())));
    server(V6, at_once(Ok(Wire::new())));
    dial(("192.0.2.1", 110)).unwrap();
    dial(("2001:db8::1", 110)).unwrap();
    dial(address(V4)).unwrap();
    assert_eq!(tried(), [(V4.into(), 0), (V6.into(), 0), (V4.into(), 0)]);
}

#[test]
fn a_silent_address_is_passed_by_after_the_stagger() {
    server(V6, Answer::Never);
    server(V4, at_once(Ok(Wire::new())));
    let connector = Connector::to(vec![address(V6), address(V4)]).stagger(Duration::from_millis(300));
    let conn = dial(connector).unwrap();
    assert_eq!(conn.info().peer().tcp(), Some(address(V4)));
    assert_eq!(tried(), [(V6.into(), 0), (V4.into(), 300)]);
}

#[test]
fn a_name_that_nobody_knows_is_told() {
    assert!(
        matches!(failed("pop.example.org:110"), ConnectError::Resolve(error) if error.kind() == ErrorKind::NotFound)
    );
}

#[test]
fn a_name_without_an_address_is_told() {
    name("pop.example.org:110", at_once(Ok(&[])));
    assert!(matches!(failed("pop.example.org:110"), ConnectError::NoAddress));
    assert!(matches!(failed(Vec::new()), ConnectError::NoAddress));
}

#[test]
fn the_last_refusal_is_told() {
    let error = failed(vec![address(V4), address(V6)]);
    let ConnectError::Connect { address: told, source } = error else { panic!("{error}") };
    assert_eq!((told, source.kind()), (address(V6).into(), ErrorKind::ConnectionRefused));
}

#[test]
fn resolving_has_a_deadline() {
    name("pop.example.org:110", Answer::Never);
    let error = failed(Connector::to("pop.example.org:110").within(7 * SECOND));
    assert!(matches!(error, ConnectError::Deadline { after, step: Step::Resolve } if after == 7 * SECOND), "{error}");
    assert_eq!(elapsed(), 7 * SECOND);
}

#[test]
fn resolving_and_connecting_have_one_deadline() {
    name("pop.example.org:110", Answer::After(20 * SECOND, Ok(&[V4, V6])));
    server(V4, Answer::Never);
    server(V6, Answer::Never);
    let error = failed("pop.example.org:110");
    assert!(matches!(error, ConnectError::Deadline { after, step: Step::Connect } if after == 30 * SECOND), "{error}");
    assert_eq!(elapsed(), 30 * SECOND);
    let began: Vec<_> = tried().into_iter().map(|(_, when)| when).collect();
    assert_eq!(began, [0, 20_000, 20_250]);
}

#[test]
fn unix_sockets_have_a_deadline() {
    for connector in [Connector::unix("/run/pop3"), Connector::to("unix:/run/pop3")] {
        let error = failed(connector.within(SECOND));
        assert!(matches!(error, ConnectError::Deadline { step: Step::Connect, .. }), "{error}");
    }
    assert_eq!(tried(), [("unix:/run/pop3".into(), 0), ("unix:/run/pop3".into(), 1000)]);
}

#[test]
fn the_own_address_chooses_the_family() {
    server(V4, at_once(Ok(Wire::new())));
    server(V6, at_once(Ok(Wire::new())));
    let both = vec![address(V6), address(V4)];
    let from: IpAddr = "192.0.2.9".parse().unwrap();
    dial(Connector::to(both).from_address(from)).unwrap();
    assert_eq!(tried(), [(format!("{V4} from 192.0.2.9"), 0)]);
    assert!(matches!(failed(Connector::to(address(V6)).from_address(from)), ConnectError::NoAddress));
}

#[test]
fn an_own_address_that_is_none_is_told() {
    server(V4, at_once(Err(ErrorKind::AddrNotAvailable)));
    let from: IpAddr = "192.0.2.9".parse().unwrap();
    let error = failed(Connector::to(address(V4)).from_address(from));
    assert!(matches!(error, ConnectError::Bind { address, .. } if address == from), "{error}");
}

// --- again and again ---

/// Numbers for the jitter, in turn.
fn numbers<const COUNT: usize>(numbers: [u64; COUNT]) -> impl FnMut() -> u64 {
    let mut numbers = numbers.into_iter();
    move || numbers.next().expect("no more numbers than tries")
}

#[test]
fn the_pauses_are_those_of_redial_with_the_given_jitter() {
    let (observer, notes) = Notes::new();
    let connector = Connector::to(address(V4)).observe(observer);
    let (shutdown, mut redial) = (Shutdown::new(), Redial::new(SECOND, 6 * SECOND));
    let random = numbers([7, u64::MAX, 0, u64::MAX, 0, u64::MAX]);
    let mut came = pin!(reconnect(Fake, connector, &mut redial, random, &shutdown, toy));
    let mut cx = Context::from_waker(Waker::noop());
    let conn = loop {
        if let Poll::Ready(conn) = came.as_mut().poll(&mut cx) {
            break conn.unwrap();
        }
        let pause = earth(|earth| earth.alarm.unwrap() - earth.now);
        earth(|earth| earth.now += pause);
        if elapsed() > 13 * SECOND {
            server(V4, at_once(Ok(Wire::new())));
        }
    };
    // None; 1 s; half of 2 s; 4 s; half of the longest, 6 s; all of it.
    let times: Vec<_> = tried().into_iter().map(|(_, when)| when).collect();
    assert_eq!(times, [0, 1000, 2000, 6000, 9000, 15_000]);
    let mut expected = vec![format!("connector failed: no connection to {V4}: connection refused"); 5];
    expected.extend(["connector opened".into(), "connected".into()]);
    assert_eq!(notes.so_far(), expected);
    drop(conn);
    assert_eq!(notes.so_far(), ["disconnected: closed by this end"]);
}

#[test]
fn the_deadline_covers_resolving_connecting_and_shaking_hands() {
    let after = |seconds| Answer::After(seconds * SECOND, Ok(()));
    let deadline = |resolving: Answer<()>, connecting: Answer<()>| {
        earth(|earth| *earth = Earth::new(earth.now));
        name(
            "pop.example.org:110",
            match resolving {
                Answer::After(after, _) => Answer::After(after, Ok(&[V4][..])),
                Answer::Never => Answer::Never,
            },
        );
        server(
            V4,
            match connecting {
                Answer::After(after, _) => Answer::After(after, Ok(Wire::new())),
                Answer::Never => Answer::Never,
            },
        );
        let tried = run(connect(Fake, "pop.example.org:110", |_, _| Shy::new()), SECOND);
        assert_eq!(elapsed(), 30 * SECOND);
        match tried.err() {
            Some(ConnectError::Deadline { step, after }) if after == 30 * SECOND => step,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(deadline(Answer::Never, Answer::Never), Step::Resolve);
    assert_eq!(deadline(after(10), Answer::Never), Step::Connect);
    assert_eq!(deadline(after(10), after(15)), Step::Handshake);
}

#[test]
fn pauses_grow_while_handshakes_fail() {
    let (observer, notes) = Notes::new();
    let wire = Wire::new();
    server(V4, at_once(Ok(wire.clone())));
    let connector = Connector::to(address(V4)).observe(observer);
    let (shutdown, mut redial) = (Shutdown::new(), Redial::new(SECOND, 60 * SECOND));
    let shy = |_: &Info, _| {
        wire.state().eof = elapsed() < 15 * SECOND;
        wire.send(if wire.state().eof { b"no\r\n" } else { b"hello\r\n" });
        Shy::new()
    };
    let conn = run(reconnect(Fake, connector, &mut redial, || u64::MAX, &shutdown, shy), 60 * SECOND);
    assert!(conn.is_some());
    let times: Vec<_> = tried().into_iter().map(|(_, when)| when).collect();
    assert_eq!(times, [0, 1000, 3000, 7000, 15_000]);
    let told = notes.so_far();
    assert!(told[..4].iter().all(|note| note.starts_with("connector failed: no session with")), "{told:?}");
    assert_eq!(told[4..], ["connector opened", "connected"]);
}

#[test]
fn a_shutdown_ends_a_handshake() {
    let wire = Wire::new();
    server(V4, at_once(Ok(wire.clone())));
    let (shutdown, mut redial) = (Shutdown::new(), Redial::default());
    let mut came = pin!(reconnect(Fake, address(V4), &mut redial, || 0, &shutdown, |_, _| Shy::new()));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(came.as_mut().poll(&mut cx).is_pending());
    assert!(wire.state().reads > 0);
    shutdown.trigger(Mode::Now);
    assert!(matches!(came.as_mut().poll(&mut cx), Poll::Ready(None)));
}

#[test]
fn a_try_that_a_shutdown_forestalls_is_not_counted() {
    let wire = Wire::new();
    server(V4, at_once(Ok(wire.clone())));
    wire.send(b"no\r\n");
    wire.state().eof = true;
    let (shutdown, mut redial) = (Shutdown::new(), Redial::new(SECOND, SECOND));
    let shy = |_: &Info, _| {
        shutdown.trigger(Mode::Now);
        Shy::new()
    };
    assert!(run(reconnect(Fake, address(V4), &mut redial, || 0, &shutdown, shy), SECOND).is_none());
    assert_eq!(redial.tries(), 1);
}

#[test]
fn what_came_with_the_handshake_is_there_when_the_connection_is_taken_apart() {
    let wire = Wire::new();
    server(V4, at_once(Ok(wire.clone())));
    wire.send(b"hello\r\nwith it\r\nafter it\r\n");
    let conn = run(connect(Fake, address(V4), |_, _| Shy::new()), SECOND).unwrap();
    let mut parts = conn.into_parts();
    assert_eq!(parts.event.unwrap(), "with it\r\n");
    assert_eq!(parts.machine.inbox().bytes(), b"after it\r\n");
}

#[test]
fn after_a_session_that_went_well_the_pauses_are_short_again() {
    let (shutdown, mut redial) = (Shutdown::new(), Redial::default());
    for _ in 0..2 {
        server(V4, at_once(Ok(Wire::new())));
        let before = elapsed();
        let again = reconnect(Fake, address(V4), &mut redial, || u64::MAX, &shutdown, toy);
        assert!(run(again, SECOND).is_some());
        assert_eq!(elapsed(), before, "without a pause");
        redial.reset();
    }
    let again = reconnect(Fake, address(V4), &mut redial, || u64::MAX, &shutdown, toy);
    assert!(run(again, SECOND).is_some());
    let before = elapsed();
    let again = reconnect(Fake, address(V4), &mut redial, || u64::MAX, &shutdown, toy);
    assert!(run(again, SECOND).is_some());
    assert_eq!(elapsed() - before, SECOND, "for this session did not go well");
}

#[test]
fn a_name_is_resolved_anew_for_each_try() {
    name("pop.example.org:110", at_once(Ok(&[V4])));
    server(V6, at_once(Ok(Wire::new())));
    let (shutdown, mut redial) = (Shutdown::new(), Redial::default());
    let mut came = pin!(reconnect(Fake, "pop.example.org:110", &mut redial, || 0, &shutdown, toy));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(came.as_mut().poll(&mut cx).is_pending());
    name("pop.example.org:110", at_once(Ok(&[V6])));
    let Some(conn) = run(came, SECOND) else { panic!("no connection") };
    assert_eq!(conn.info().peer().tcp(), Some(address(V6)));
}

#[test]
fn each_try_has_the_deadline() {
    server(V4, Answer::Never);
    let (shutdown, mut redial) = (Shutdown::new(), Redial::new(SECOND, SECOND));
    let connector = Connector::to(address(V4)).within(10 * SECOND);
    let mut came = pin!(reconnect(Fake, connector, &mut redial, || u64::MAX, &shutdown, toy));
    for _ in 0..40 {
        assert!(came.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        earth(|earth| earth.now += SECOND);
    }
    let times: Vec<_> = tried().into_iter().map(|(_, when)| when).collect();
    assert_eq!(times, [0, 11_000, 22_000, 33_000]);
}

#[test]
fn a_shutdown_ends_the_pause_and_the_try() {
    for silent in [false, true] {
        if silent {
            server(V4, Answer::Never);
        }
        let (shutdown, mut redial) = (Shutdown::new(), Redial::default());
        let mut came = pin!(reconnect(Fake, address(V4), &mut redial, || 0, &shutdown, toy));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(came.as_mut().poll(&mut cx).is_pending());
        shutdown.trigger(Mode::Now);
        assert!(matches!(came.as_mut().poll(&mut cx), Poll::Ready(None)), "silent: {silent}");
    }
}

#[test]
fn after_a_shutdown_nothing_is_tried() {
    server(V4, at_once(Ok(Wire::new())));
    let (shutdown, mut redial) = (Shutdown::new(), Redial::default());
    shutdown.trigger(Mode::Graceful { within: SECOND });
    assert!(matches!(once(reconnect(Fake, address(V4), &mut redial, || 0, &shutdown, toy)), Poll::Ready(None)));
    assert_eq!(tried(), []);
}

#[test]
fn the_connection_is_under_the_shutdown() {
    let wire = Wire::new();
    server(V4, at_once(Ok(wire.clone())));
    let (shutdown, mut redial) = (Shutdown::new(), Redial::default());
    let Poll::Ready(Some(mut conn)) = once(reconnect(Fake, address(V4), &mut redial, || 0, &shutdown, toy)) else {
        panic!("no connection")
    };
    assert!(poll(&mut conn).is_pending());
    shutdown.trigger(Mode::Graceful { within: SECOND });
    wire.state().eof = true;
    assert!(is_over(&mut conn));
    assert_eq!(wire.said(), "going\r\n");
}
