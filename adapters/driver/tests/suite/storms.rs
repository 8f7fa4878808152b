//! What the system runs short of, and what it hands over: in a process of its own for each test, so that no other is harmed.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;

use rustix::process::{Resource, Rlimit, setrlimit};
use wirestate_driver::{BindOptions, Connection, Control, Limits, Listener, Shutdown};

use super::harness::{PATIENCE, Server, World, client, listener, read_to_end};
use super::house::{House, News, fresh_path, is_served, leave, reporter, until};
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

/// How many connections the storm has, of how many clients at once.
const STORM: usize = 10_000;
const THROWERS: usize = 4;

pub(crate) fn a_storm_of_connections_leaves_nothing_behind<W: World>(test: &str) {
    if !is_child() {
        let status = again(r#"exec "$0" "$@""#, test).stdout(Stdio::null()).status().unwrap();
        return assert!(status.success());
    }
    // A client that finds the backlog full tries again after a second, or more: this storm is to blow all at once.
    let door = Listener::bind_with("127.0.0.1:0", BindOptions::new().backlog(10_000)).unwrap();
    let house = House::open::<W>(vec![door], Limits::new().connections(500).per_address(200));
    let address = house.server.address();
    let throwers: Vec<_> = (0..THROWERS).map(|_| thread::spawn(move || throw(address, STORM / THROWERS))).collect();
    throwers.into_iter().for_each(|thrower| thrower.join().unwrap());
    // Who comes last is let in last, when all are in who waited for others from their address.
    house.control().set_limits(Limits::new().connections(500));
    let _last = house.guest_from(2);
    until(|| house.control().connections() == 1);
    // One seat for the address, and it is free.
    house.control().set_limits(Limits::new().connections(2).per_address(1));
    leave(house.guest());
    let report = house.server.stop_gracefully();
    assert_eq!((report.left, report.failed.len()), (0, 0));
    assert!(report.accepted > 0);
}

/// Opens connections and drops them: with a reset, mostly, for those that end in order keep their ports busy for a minute.
fn throw(address: SocketAddr, count: usize) {
    for round in 0..count {
        let mut client = TcpStream::connect(address).unwrap();
        if round % 3 == 0 {
            // Who was accepted and dropped by now takes nothing.
            let _ = client.write_all(b"one\r\nand ha");
        }
        if round % 10 != 0 {
            socket2::SockRef::from(&client).set_linger(Some(std::time::Duration::ZERO)).unwrap();
        }
    }
}
