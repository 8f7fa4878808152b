//! What the system runs short of, and what it hands over: in a process of its own for each test, so that no other is harmed.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};
use wirestate_driver::{BindOptions, Connection, Control, Limits, Listener, Notice, Observer, Shutdown};

use super::harness::{PATIENCE, Server, World, client, echo, listener, read_to_end};
use super::house::{News, client_from, fresh_path, is_served, leave, reporter, until};
use super::toy::Toy;

/// Tells a process that it is the child.
const CHILD: &str = "WIRESTATE_TEST_CHILD";
/// As many descriptors as the child may have, and more clients than that.
const DESCRIPTORS: u64 = 24;
const CLIENTS: usize = 40;

/// This test again, in a process of its own, begun by the shell command `how`, in which `"$0" "$@"` is the test.
fn again(how: &str, test: &str) -> Command {
    let mut command = Command::new("sh");
    // Not by its name, under which there may be another by now.
    let me = format!("/proc/{}/exe", std::process::id());
    command.args(["-c", how]).arg(if Path::new(&me).exists() { me.into() } else { env::current_exe().unwrap() });
    let test = test.split_once("::").map_or(test, |(_, test)| test);
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD, "1");
    command
}

fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

/// A child that is ended with the test.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn without_descriptors_the_listener_rests_and_goes_on<W: World>(test: &str) {
    if is_child() {
        return serve_with_few_descriptors::<W>();
    }
    let mut command = again(r#"exec "$0" "$@""#, test);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = Kept(command.spawn().unwrap());
    let (tell, told) = channel();
    let lines = BufReader::new(child.0.stderr.take().unwrap()).lines();
    let listening = thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tell.send(line))));
    let hear = |what: &str| loop {
        let line = told.recv_timeout(PATIENCE).expect("the child goes on");
        if let Some(more) = line.strip_prefix(what) {
            return more.to_owned();
        }
    };
    let address: SocketAddr = hear("listens on ").parse().unwrap();
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| client(address)).collect();
    hear("rests");
    for mut client in clients.drain(..) {
        is_served(&mut client);
        leave(client);
    }
    is_served(&mut client(address));
    drop(child.0.stdin.take());
    assert_eq!(hear("accepted "), (CLIENTS + 1).to_string());
    listening.join().unwrap();
    assert!(child.0.wait().unwrap().success());
}

fn serve_with_few_descriptors<W: World>() {
    let (tell, news) = channel();
    let door = listener();
    let address = door.local_addr();
    let control = Control::new(&Shutdown::new()).observe(reporter(tell));
    let server = Server::steered::<W, _>(
        control,
        vec![door],
        |_, now| Toy::new(now),
        |conn| async {
            let _ = super::harness::echo(conn).await;
        },
    );
    assert!(matches!(news.recv_timeout(PATIENCE), Ok(News::Opened(..))));
    // One has been served, so the runtime has all that it needs for itself.
    let limit = Rlimit { current: Some(DESCRIPTORS), maximum: Some(DESCRIPTORS) };
    setrlimit(Resource::Nofile, limit).unwrap();
    eprintln!("listens on {address}");
    thread::spawn(move || {
        let rests = news.iter().filter(|one| matches!(one, News::Rests(_)));
        rests.for_each(|_| eprintln!("rests"));
    });
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    let report = server.stop_gracefully();
    assert_eq!((report.failed.len(), report.left), (0, 0));
    eprintln!("accepted {}", report.accepted);
}

pub(crate) fn sockets_are_inherited<W: World>(test: &str) {
    if is_child() {
        return serve_what_is_inherited::<W>();
    }
    let path = fresh_path();
    let (tcp, unix) = (TcpListener::bind("127.0.0.1:0").unwrap(), UnixListener::bind(&path).unwrap());
    let address = tcp.local_addr().unwrap();
    // As systemd does: from the third descriptor on, and for this process alone.
    let mut command = again(r#"LISTEN_PID=$$ LISTEN_FDS=2 exec "$0" "$@" 3<&0 4<&1 0</dev/null 1>/dev/null"#, test);
    command.stdin(OwnedFd::from(tcp)).stdout(OwnedFd::from(unix));
    let mut child = Kept(command.spawn().unwrap());
    drop(command);
    is_served(&mut client(address));
    let mut unix = UnixStream::connect(&path).unwrap();
    is_served(&mut unix);
    drop(unix);
    let mut last = client(address);
    last.write_all(b"stop\r\n").unwrap();
    assert_eq!(read_to_end(&mut last), "going\r\n");
    drop(last);
    assert!(child.0.wait().unwrap().success());
    assert!(path.exists(), "who made it removes it");
    std::fs::remove_file(&path).unwrap();
}

fn serve_what_is_inherited<W: World>() {
    let listeners = Listener::inherited().unwrap();
    assert_eq!(listeners.len(), 2);
    assert!(Listener::inherited().unwrap().is_empty(), "they are given once");
    let control = Control::new(&Shutdown::new());
    let steer = control.clone();
    let handler = move |mut conn: Connection<Toy, W::Stream>| {
        let steer = steer.clone();
        async move {
            while let Ok(Some((ticket, line))) = conn.try_next().await {
                if line == "stop\r\n" {
                    steer.trigger(wirestate_driver::Mode::Graceful { within: PATIENCE });
                    conn.machine().answer(ticket, b"");
                } else {
                    conn.machine().answer(ticket, &line);
                }
            }
        }
    };
    let report = W::serve(listeners, |_, now| Toy::new(now), handler, &control);
    assert_eq!((report.accepted, report.left, report.failed.len()), (3, 0, 0));
}

/// How many connections the storm has, of how many clients at once, and how many of them may be on their way to the server: fewer than the
/// backlog holds, for what the system drops nobody can count.
const STORM: usize = 10_000;
const THROWERS: usize = 4;
const UNDER_WAY: usize = 1000;

pub(crate) fn a_storm_of_connections_leaves_nothing_behind<W: World>(test: &str) {
    if !is_child() {
        let status = again(r#"exec "$0" "$@""#, test).stdout(Stdio::null()).status().unwrap();
        return assert!(status.success());
    }
    // A client that finds the backlog full tries again after a second, or more: this storm is to blow all at once.
    let door = Listener::bind_with("127.0.0.1:0", BindOptions::new().backlog(10_000)).unwrap();
    let limits = Limits::new().connections(500).per_address(200);
    let tally = Arc::new(Tally::default());
    let control = Control::new(&Shutdown::new()).limits(limits).observe(tally.clone().observer());
    let inside = tally.clone();
    let handler = move |conn| {
        let guest = Inside::enter(inside.clone());
        async move {
            let _guest = guest;
            let _ = echo(conn).await;
        }
    };
    let server = Server::steered::<W, _>(control.clone(), vec![door], |_, now| Toy::new(now), handler);
    let address = server.address();
    // One has been served, so the runtime has all that it needs for itself.
    guest_from(2, address);
    until(|| control.connections() == 0);
    let before = Holdings::now();
    let throwers: Vec<_> = (0..THROWERS)
        .map(|_| {
            let tally = tally.clone();
            thread::spawn(move || throw(address, STORM / THROWERS, &tally))
        })
        .collect();
    throwers.into_iter().for_each(|thrower| thrower.join().unwrap());
    until(|| tally.told() == STORM + 1 && control.connections() == 0);
    let connected = tally.connected.load(Ordering::SeqCst);
    assert_eq!(tally.disconnected.load(Ordering::SeqCst), connected, "each end is told");
    until(|| tally.inside.load(Ordering::SeqCst) == 0 && Holdings::now().is_within(&before));
    // One seat for the address, and it is free.
    control.set_limits(Limits::new().connections(2).per_address(1));
    guest_from(1, address);
    let report = server.stop_gracefully();
    assert_eq!((report.aborted, report.left, report.failed.len()), (0, 0, 0));
    assert_eq!(report.accepted, connected as u64 + 1);
    assert_eq!(tally.told(), STORM + 2, "all were let in or refused, and nobody was told of twice");
}

fn guest_from(last: u8, to: SocketAddr) {
    let mut guest = client_from(last, to);
    is_served(&mut guest);
    leave(guest);
}

/// Opens connections and drops them: with a reset, mostly, for those that end in order keep their ports busy for a minute.
fn throw(address: SocketAddr, count: usize, tally: &Tally) {
    for round in 0..count {
        let thrown = tally.thrown.fetch_add(1, Ordering::SeqCst);
        until(|| thrown < tally.told() + UNDER_WAY);
        let mut client = TcpStream::connect(address).unwrap();
        if round % 3 == 0 {
            // Who was accepted and dropped by now takes nothing.
            let _ = client.write_all(b"one\r\nand ha");
        }
        if round % 10 != 0 {
            socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
        }
    }
}

/// Who was thrown, and what became of them.
#[derive(Default)]
struct Tally {
    thrown: AtomicUsize,
    connected: AtomicUsize,
    disconnected: AtomicUsize,
    refused: AtomicUsize,
    /// Whose handler is there.
    inside: AtomicUsize,
}

impl Tally {
    fn observer(self: Arc<Self>) -> Observer {
        Observer::new(move |notice| {
            let count = match notice {
                Notice::Connected { .. } => &self.connected,
                Notice::Disconnected { .. } => &self.disconnected,
                Notice::Refused { .. } => &self.refused,
                _ => return,
            };
            count.fetch_add(1, Ordering::SeqCst);
        })
    }

    fn told(&self) -> usize {
        self.connected.load(Ordering::SeqCst) + self.refused.load(Ordering::SeqCst)
    }
}

/// A handler that is there, also when it is dropped in the midst of something.
struct Inside(Arc<Tally>);

impl Inside {
    fn enter(tally: Arc<Tally>) -> Self {
        tally.inside.fetch_add(1, Ordering::SeqCst);
        Inside(tally)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What this process has of the system.
#[derive(Debug)]
struct Holdings {
    descriptors: usize,
    threads: usize,
}

impl Holdings {
    fn now() -> Self {
        let count = |folder| std::fs::read_dir(folder).unwrap().count();
        Holdings { descriptors: count("/proc/self/fd"), threads: count("/proc/self/task") }
    }

    fn is_within(&self, other: &Holdings) -> bool {
        self.descriptors <= other.descriptors && self.threads <= other.threads
    }
}
