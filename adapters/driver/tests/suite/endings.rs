//! What an observer is told of connections over real sockets, and how they end.

use std::io::{Read, Write};
use std::net::{Shutdown as Side, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use wirestate_driver::{Connection, Connector, Control, Error, How, Mode, OnError, Options, Shutdown, Stream};
use wirestate_machine::Instant;

use super::harness::{PATIENCE, Server, World, client, listener, read_line, read_to_end};
use super::notes::Notes;
use super::toy::{Lines, Toy};

/// A server that is observed.
fn observed<W: World>(options: Options, factory: fn(Instant) -> Toy) -> (Server, Notes) {
    let (observer, notes) = Notes::new();
    let control = Control::new(&Shutdown::new()).observe(observer);
    let listeners = vec![listener().options(options)];
    let server = Server::steered::<W, _>(control, listeners, move |_, now| factory(now), session);
    let opened = notes.next().1;
    assert!(opened.starts_with("ListenerOpened"), "{opened}");
    (server, notes)
}

/// Echoes lines, but returns at `leave`, and panics at `panic`.
async fn session<S: Stream>(mut conn: Connection<Toy, S>) {
    while let Ok(Some((ticket, line))) = conn.try_next().await {
        match line.trim_ascii() {
            b"leave" => return,
            b"panic" => panic!("as it was told to"),
            _ => conn.machine().answer(ticket, &line),
        }
    }
}

/// All that is told of one connection, until its end.
fn life(notes: &Notes) -> (Vec<String>, String) {
    let (id, first) = notes.next();
    assert_eq!(first, "connected");
    let mut told = Vec::new();
    loop {
        let (other, note) = notes.next();
        assert_eq!(other, id);
        match note.strip_prefix("disconnected: ") {
            Some(reason) => return (told, reason.to_owned()),
            None => told.push(note),
        }
    }
}

pub(crate) fn each_end_is_told_once_with_its_reason<W: World>() {
    let (server, notes) = observed::<W>(Options::new(), Toy::new);
    let ends = [
        ("quit\r\n", "quit"),
        ("limit\r\n", "limit"),
        ("bad\r\n", "violation of the protocol"),
        ("leave\r\n", "closed by this end"),
        ("panic\r\n", "closed by this end"),
        ("half", "closed by the peer"),
    ];
    for (says, reason) in ends {
        let mut client = server.client();
        client.write_all(b"here\r\n").unwrap();
        assert_eq!(read_line(&mut client), "here\r\n");
        client.write_all(says.as_bytes()).unwrap();
        client.shutdown(Side::Write).unwrap();
        let _ = client.read_to_end(&mut Vec::new());
        drop(client);
        assert_eq!(life(&notes).1, reason, "{says:?}");
    }
    server.stop_gracefully();
    let rest = notes.so_far();
    assert!(rest.iter().all(|note| note.starts_with("Listener")), "{rest:?}");
}

pub(crate) fn a_reset_is_told_as_such<W: World>() {
    let (server, notes) = observed::<W>(Options::new(), Toy::new);
    let mut client = server.client();
    client.write_all(b"flood 1000000000\r\n").unwrap();
    client.read_exact(&mut [0; 1000]).unwrap();
    socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    let (told, reason) = life(&notes);
    assert_eq!(reason, "I/O failure");
    assert_eq!(told[0], "high water");
}

pub(crate) fn a_timeout_is_told_as_such<W: World>() {
    let (server, notes) = observed::<W>(Options::new(), |now| Toy::with_idle(now, Duration::from_millis(20)));
    let mut client = server.client();
    assert_eq!(read_to_end(&mut client), "timeout\r\n");
    drop(client);
    assert_eq!(life(&notes), (vec!["flushed".to_owned()], "timeout".to_owned()));
}

pub(crate) fn a_stalled_peer_is_told_as_a_timeout<W: World>() {
    let (server, notes) = observed::<W>(Options::new().stall(Duration::from_millis(50)), Toy::new);
    let mut client = server.client();
    client.write_all(b"flood 1000000000\r\n").unwrap();
    let (told, reason) = life(&notes);
    assert_eq!((told[0].as_str(), reason.as_str()), ("high water", "timeout"));
}

pub(crate) fn both_ends_of_a_shutdown_are_told<W: World>() {
    let (server, notes) = observed::<W>(Options::new(), Toy::new);
    let mut idle = server.client();
    notes.until("connected");
    let mut stuck = server.client();
    stuck.write_all(b"flood 1000000000\r\n").unwrap();
    notes.until("high water");
    let reader = std::thread::spawn(move || read_to_end(&mut idle));
    let report = server.stop(Mode::Graceful { within: Duration::from_millis(100) });
    assert_eq!((report.aborted, report.left), (1, 0));
    assert_eq!(reader.join().unwrap(), "going\r\n");
    let told = notes.so_far();
    let ends: Vec<_> = told.iter().filter(|note| note.starts_with("disconnected")).collect();
    assert_eq!(ends, ["disconnected: shutdown"; 2], "{told:?}");
}

pub(crate) fn water_marks_are_told_when_they_are_passed<W: World>() {
    const SIZE: usize = 16 << 20;
    let (server, notes) = observed::<W>(Options::new(), Toy::new);
    let mut client = server.client();
    socket2::SockRef::from(&client).set_recv_buffer_size(64 * 1024).unwrap();
    notes.until("connected");
    for _ in 0..2 {
        server.control.handles()[0].tell(|toy| toy.say(&vec![b'x'; SIZE])).unwrap();
        assert_eq!(notes.next().1, "high water");
        client.read_exact(&mut vec![0; SIZE]).unwrap();
        // Where the rest leaves in one write, it is written before the mark is looked at.
        let mut told = notes.until("flushed");
        if !told.contains(&"low water".to_owned()) {
            told.extend(notes.until("low water"));
        }
        told.sort_unstable();
        assert_eq!(told, ["flushed", "low water"]);
    }
}

pub(crate) fn silence_is_told_until_the_peer_speaks<W: World>() {
    let (server, notes) = observed::<W>(Options::new().idle(Duration::from_millis(20)), Toy::new);
    let mut client = server.client();
    notes.until("connected");
    for _ in 0..3 {
        let (_, note) = notes.next();
        assert!(note.starts_with("idle for"), "{note}");
    }
    client.write_all(b"here\r\n").unwrap();
    assert_eq!(read_line(&mut client), "here\r\n");
    notes.until("flushed");
    let (_, note) = notes.next();
    assert!(note.starts_with("idle for"), "{note}");
}

pub(crate) fn each_listener_has_its_own_idle_time<W: World>() {
    let (observer, notes) = Notes::new();
    let control = Control::new(&Shutdown::new()).observe(observer);
    let impatient = listener().options(Options::new().idle(Duration::from_millis(20)));
    let doors = [listener(), impatient];
    let [patient, impatient] = [doors[0].local_addr(), doors[1].local_addr()];
    let server = Server::steered::<W, _>(control, doors.into(), |_, now| Toy::new(now), session);
    let (_quiet, _idle) = (client(patient), client(impatient));
    let mut silent = Vec::new();
    while silent.len() < 5 {
        let (id, note) = notes.next();
        silent.extend(note.starts_with("idle for").then_some(id));
    }
    // Both were silent all the time, and one of them is told of.
    silent.dedup();
    assert_eq!(silent.len(), 1);
    server.stop_gracefully();
}

pub(crate) fn clients_tell_their_notices_too<W: World>() {
    let server = Server::echo::<W>();
    let (observer, notes) = Notes::new();
    W::block_on(async {
        let options = Options::new().idle(Duration::from_millis(20));
        let connector = Connector::to(server.address()).options(options).observe(observer.clone());
        let mut conn = W::connect(connector, |_, _| Lines::new()).await.unwrap();
        assert_eq!(notes.so_far(), ["connector opened", "connected"]);
        conn.machine().send(b"hello\r\n");
        assert_eq!(conn.try_next().await.unwrap().unwrap(), "hello\r\n");
        let handle = conn.handle();
        let helper = std::thread::spawn(move || {
            // A slow machine may have told of the idle time before the echo came.
            notes.until("flushed");
            assert!(notes.next().1.starts_with("idle for"));
            handle.disconnect(|lines| lines.send(b"quit\r\n")).unwrap();
        });
        assert!(conn.try_next().await.unwrap().is_none());
        helper.join().unwrap();
    });
    let (observer, notes) = Notes::new();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let connector = Connector::to(gone).observe(observer);
    assert!(W::block_on(W::connect(connector, |_, _| Lines::new())).is_err());
    assert!(notes.next().1.starts_with(&format!("connector failed: no connection to {gone}")));
}

pub(crate) fn a_stall_may_be_asked_about<W: World>() {
    let (tell, told) = channel();
    let options = Options::new().stall(Duration::from_millis(30)).on_error(OnError::Ask);
    let server = Server::start::<W, _>(options, Toy::new, move |mut conn| {
        let tell = tell.clone();
        async move {
            while let Some(next) = conn.next().await {
                match next {
                    Ok((ticket, line)) => conn.machine().answer(ticket, &line),
                    Err(error) => tell.send(error).unwrap(),
                }
            }
        }
    });
    let mut client = server.client();
    client.write_all(b"flood 20000000\r\nafter\r\nquit\r\n").unwrap();
    for _ in 0..3 {
        stalled(&told);
    }
    let mut flood = vec![0; 20_000_000];
    client.read_exact(&mut flood).unwrap();
    assert_eq!(read_to_end(&mut client), "after\r\nbye\r\n");
    drop(client);
    assert_eq!(server.stop_gracefully().aborted, 0);
}

fn stalled<E: std::fmt::Display>(told: &Receiver<Error<E>>) {
    let error = told.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(error, Error::Stalled { .. }), "{error}");
}

pub(crate) fn a_client_may_be_asked_about_a_reset<W: World>() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let peer = std::thread::spawn(move || {
        let (mut stream, _): (TcpStream, _) = server.accept().unwrap();
        stream.write_all(b"one\r\n").unwrap();
        assert_eq!(read_line(&mut stream), "one\r\n");
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    });
    W::block_on(async {
        let connector = Connector::to(address).options(Options::new().on_error(OnError::Ask));
        let mut conn = W::connect(connector, |_, now| Toy::new(now)).await.unwrap();
        let (ticket, line) = conn.try_next().await.unwrap().unwrap();
        conn.machine().answer(ticket, &line);
        let error = conn.try_next().await.err().unwrap();
        assert!(matches!(error, Error::Read(_)), "{error}");
        // It may go on: there is nothing more to come, and it ends.
        assert!(conn.try_next().await.unwrap().is_none());
        conn.close(How::Flush).await.unwrap();
    });
    peer.join().unwrap();
}
