//! Shutdown over real sockets: what is said is delivered, and what does not end is ended.

use std::io::{Read, Write};
use std::net::{Shutdown as Side, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use wirestate_driver::{Control, Error, Handle, How, Mode, Options, Parts, Shutdown, Stream};

use super::harness::{Gate, PATIENCE, Server, World, client, echo, listener, read_line, read_to_end};
use super::house::until;
use super::notes::Notes;
use super::toy::{Lines, Toy};

/// What a server has to say, and the system does not take at once.
const LONG: usize = 8_000_000;
const GRACEFULLY: Mode = Mode::Graceful { within: PATIENCE };

/// A client that the system buffers little for.
fn slow_client(server: &Server) -> TcpStream {
    let client = server.client();
    socket2::SockRef::from(&client).set_recv_buffer_size(64 * 1024).unwrap();
    client
}

/// Reads to the end, a little at a time, and says how much was a flood and what came after it.
fn read_slowly(client: &mut TcpStream) -> (usize, String) {
    let (mut piece, mut flood, mut rest) = ([0; 1000], 0, Vec::new());
    loop {
        let count = client.read(&mut piece).unwrap();
        if count == 0 {
            return (flood, String::from_utf8(rest).unwrap());
        }
        let text = piece[..count].iter().position(|byte| *byte != b'x').unwrap_or(count);
        flood += text;
        rest.extend_from_slice(&piece[text..count]);
    }
}

pub(crate) fn a_graceful_end_delivers_what_is_being_said<W: World>() {
    let server = Server::echo::<W>();
    let mut client = slow_client(&server);
    client.write_all(format!("flood {LONG}\r\n").as_bytes()).unwrap();
    client.read_exact(&mut [0; 1000]).unwrap();
    server.shutdown.trigger(GRACEFULLY);
    assert_eq!(read_slowly(&mut client), (LONG - 1000, "going\r\n".into()));
    drop(client);
    let report = server.stop_gracefully();
    assert_eq!((report.aborted, report.left), (0, 0));
}

pub(crate) fn a_graceful_end_delivers_what_handles_said<W: World>() {
    let (give, handles) = channel();
    let server = Server::start::<W, _>(Options::new(), Toy::new, move |conn| {
        give.send(conn.handle()).unwrap();
        async {
            let _ = echo(conn).await;
        }
    });
    let mut client = slow_client(&server);
    let handle = handles.recv_timeout(PATIENCE).unwrap();
    handle.tell(|toy| toy.say(&vec![b'x'; LONG])).unwrap();
    handle.tell(|toy| toy.say(b"and more\r\n")).unwrap();
    server.shutdown.trigger(GRACEFULLY);
    assert_eq!(read_slowly(&mut client), (LONG, "and more\r\ngoing\r\n".into()));
    drop(client);
    assert_eq!(server.stop_gracefully().aborted, 0);
}

pub(crate) fn a_reset_does_not_eat_the_farewell<W: World>() {
    let gate = Arc::new(Gate::default());
    let (tell, waiting) = channel();
    let at_gate = gate.clone();
    let server = Server::start::<W, _>(Options::new(), Toy::new, move |mut conn| {
        let (gate, tell) = (at_gate.clone(), tell.clone());
        async move {
            while let Ok(Some((ticket, line))) = conn.try_next().await {
                tell.send(()).unwrap();
                gate.pass().await;
                conn.machine().answer(ticket, &line);
            }
        }
    });
    let mut client = server.client();
    client.write_all(b"wait\r\n").unwrap();
    waiting.recv_timeout(PATIENCE).unwrap();
    // Closing on this, unread, would make a reset.
    client.write_all(&[b'?'; 40 * 1024]).unwrap();
    server.shutdown.trigger(GRACEFULLY);
    gate.open();
    assert_eq!(read_to_end(&mut client), "wait\r\ngoing\r\n");
    client.write_all(b"and more").unwrap();
    drop(client);
    assert_eq!(server.stop_gracefully().aborted, 0);
}

pub(crate) fn what_a_peer_does_not_take_in_time_is_cut_off<W: World>() {
    let (observer, notes) = Notes::new();
    let control = Control::new(&Shutdown::new()).observe(observer);
    let server = Server::steered::<W, _>(
        control,
        vec![listener()],
        |_, now| Toy::new(now),
        |conn| async {
            let _ = echo(conn).await;
        },
    );
    let mut client = slow_client(&server);
    client.write_all(b"flood 1000000000\r\n").unwrap();
    notes.until("high water");
    let report = server.stop(Mode::Graceful { within: Duration::from_millis(50) });
    assert_eq!((report.accepted, report.aborted, report.left), (1, 1, 0));
    notes.until("disconnected: shutdown");
}

pub(crate) fn a_graceful_end_may_be_hastened<W: World>() {
    let server = Server::echo::<W>();
    let mut client = slow_client(&server);
    client.write_all(b"flood 1000000000\r\n").unwrap();
    client.read_exact(&mut [0; 1000]).unwrap();
    server.shutdown.trigger(Mode::Graceful { within: Duration::from_secs(3600) });
    let report = server.stop(Mode::Now);
    assert_eq!((report.accepted, report.left), (1, 0));
}

pub(crate) fn a_half_closed_session_gets_all_that_it_asked_for<W: World>() {
    let (server, told) = Server::telling::<W>(Options::new(), Toy::new);
    let mut client = slow_client(&server);
    client.write_all(format!("flood {LONG}\r\nafter\r\n").as_bytes()).unwrap();
    client.shutdown(Side::Write).unwrap();
    assert_eq!(read_slowly(&mut client), (LONG, "after\r\n".into()));
    drop(client);
    assert_eq!(told.recv_timeout(PATIENCE).unwrap().unwrap().written, LONG as u64 + 7);
}

pub(crate) fn single_connections_end_with_a_shutdown_too<W: World>() {
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = door.local_addr().unwrap();
    let shutdown = Shutdown::new();
    let trigger = shutdown.clone();
    let peer = thread::spawn(move || {
        let (mut stream, _) = door.accept().unwrap();
        stream.write_all(b"one\r\n").unwrap();
        assert_eq!(read_line(&mut stream), "one\r\n");
        trigger.trigger(GRACEFULLY);
        read_to_end(&mut stream)
    });
    W::block_on(async {
        let mut conn = W::connect(address, |_, now| Toy::new(now)).await.unwrap().enroll(&shutdown);
        while let Some((ticket, line)) = conn.try_next().await.unwrap() {
            conn.machine().answer(ticket, &line);
        }
    });
    assert_eq!(peer.join().unwrap(), "going\r\n");
}

pub(crate) fn single_connections_are_cut_off_at_the_deadline_too<W: World>() {
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = door.local_addr().unwrap();
    let shutdown = Shutdown::new();
    W::block_on(async {
        let mut conn = W::connect(address, |_, now| Toy::new(now)).await.unwrap().enroll(&shutdown);
        let (mut peer, _) = door.accept().unwrap();
        peer.write_all(b"one\r\n").unwrap();
        let _unanswered = conn.try_next().await.unwrap().unwrap();
        shutdown.trigger(Mode::Graceful { within: Duration::from_millis(30) });
        assert!(matches!(conn.try_next().await, Err(Error::Aborted)));
        assert!(conn.try_next().await.unwrap().is_none());
    });
}

pub(crate) fn one_shutdown_ends_many_servers<W: World>() {
    let shutdown = Shutdown::new();
    let servers: Vec<_> = (0..2)
        .map(|_| {
            Server::steered::<W, _>(
                Control::new(&shutdown),
                vec![listener()],
                |_, now| Toy::new(now),
                |conn| async {
                    let _ = echo(conn).await;
                },
            )
        })
        .collect();
    let mut clients: Vec<_> = servers.iter().map(|server| client(server.address())).collect();
    for client in &mut clients {
        client.write_all(b"here\r\n").unwrap();
        assert_eq!(read_line(client), "here\r\n");
    }
    shutdown.trigger(GRACEFULLY);
    for mut client in clients {
        assert_eq!(read_to_end(&mut client), "going\r\n");
    }
    for server in servers {
        assert_eq!(server.stop_gracefully().accepted, 1);
    }
}

// --- one machine in the place of another ---

/// A server whose sessions begin with one line to the one machine, which is answered, and go on with another, which echoes.
fn swapping<W: World>(gate: Option<Arc<Gate>>) -> (Server, Notes) {
    let (observer, notes) = Notes::new();
    let control = Control::new(&Shutdown::new()).observe(observer);
    let handler = move |mut conn: wirestate_driver::Connection<Toy, W::Stream>| {
        let gate = gate.clone();
        async move {
            let (ticket, line) = conn.try_next().await.unwrap().unwrap();
            conn.machine().answer(ticket, &line);
            let mut conn = conn.replace(|_, _, _| Lines::new()).await.unwrap();
            while let Ok(Some(line)) = conn.try_next().await {
                conn.machine().send(&line);
                conn.flush().await.unwrap();
                if let Some(gate) = &gate {
                    gate.pass().await;
                }
            }
        }
    };
    (Server::steered::<W, _>(control, vec![listener()], |_, now| Toy::new(now), handler), notes)
}

pub(crate) fn a_swapped_session_keeps_its_bytes_and_its_seat<W: World>() {
    let (server, notes) = swapping::<W>(None);
    let mut client = server.client();
    client.write_all(b"first\r\nquit\r\nbad\r\n").unwrap();
    for line in ["first\r\n", "quit\r\n", "bad\r\n"] {
        assert_eq!(read_line(&mut client), line);
    }
    assert_eq!(server.control.connections(), 1);
    // The control's handles are of the machine that was there before.
    assert!(server.control.handles().is_empty());
    server.shutdown.trigger(GRACEFULLY);
    assert_eq!(read_to_end(&mut client), "");
    drop(client);
    let report = server.stop_gracefully();
    assert_eq!((report.accepted, report.aborted, report.left), (1, 0, 0));
    notes.until("disconnected: shutdown");
}

pub(crate) fn a_swapped_session_is_cut_off_like_any_other<W: World>() {
    let (server, notes) = swapping::<W>(Some(Arc::default()));
    let mut client = server.client();
    client.write_all(b"first\r\nsecond\r\n").unwrap();
    assert_eq!(read_line(&mut client), "first\r\n");
    assert_eq!(read_line(&mut client), "second\r\n");
    let report = server.stop(Mode::Graceful { within: Duration::from_millis(30) });
    assert_eq!((report.accepted, report.aborted, report.left), (1, 1, 0));
    notes.until("disconnected: shutdown");
}

/// A server whose sessions answer one line, go on as `swap` has it, and tell by the channel when they have.
fn going_on<W: World, T: Future<Output = ()> + Send + 'static>(
    swap: impl Fn(wirestate_driver::Connection<Toy, W::Stream>) -> T + Clone + Send + Sync + 'static,
) -> (Server, TcpStream, u64) {
    let (tell, ids) = channel();
    let handler = move |mut conn: wirestate_driver::Connection<Toy, W::Stream>| {
        let (tell, swap) = (tell.clone(), swap.clone());
        async move {
            let (ticket, line) = conn.try_next().await.unwrap().unwrap();
            conn.machine().answer(ticket, &line);
            conn.flush().await.unwrap();
            let _ = tell.send(conn.info().id());
            swap(conn).await;
        }
    };
    let server = Server::start::<W, _>(Options::new(), Toy::new, handler);
    let mut client = server.client();
    client.write_all(b"first\r\n").unwrap();
    assert_eq!(read_line(&mut client), "first\r\n");
    let id = ids.recv_timeout(PATIENCE).unwrap();
    (server, client, id)
}

async fn echo_lines<S: Stream>(mut conn: wirestate_driver::Connection<Lines, S>) {
    while let Ok(Some(line)) = conn.try_next().await {
        conn.machine().send(&line);
    }
}

fn is_echoed(client: &mut TcpStream) {
    client.write_all(b"here\r\n").unwrap();
    assert_eq!(read_line(client), "here\r\n");
}

pub(crate) fn a_control_finds_a_swapped_session<W: World>() {
    let (server, mut client, id) = going_on::<W, _>(|conn: wirestate_driver::Connection<Toy, W::Stream>| async {
        let conn = conn.replace(|_, _, _| Lines::new()).await.unwrap();
        let conn = conn.replace(|_, _, now| Toy::new(now)).await.unwrap();
        let _ = echo(conn).await;
    });
    is_echoed(&mut client);
    let control = &server.control;
    let handle = control.handle(id).expect("it is there under its number");
    assert_eq!(control.handles().iter().map(Handle::id).collect::<Vec<_>>(), [id]);
    handle.tell(|toy| toy.say(b"told\r\n")).unwrap();
    assert_eq!(read_line(&mut client), "told\r\n");
    assert_eq!(control.send(&Bytes::from("sent\r\n"), [id]).delivered, 1);
    assert_eq!(read_line(&mut client), "sent\r\n");
    assert!(control.disconnect(id, How::Flush));
    assert_eq!(read_to_end(&mut client), "");
    drop(client);
    until(|| control.connections() == 0);
    assert!(control.handle(id).is_none() && !control.disconnect(id, How::Flush));
    assert_eq!(server.stop_gracefully().aborted, 0);
}

pub(crate) fn a_session_of_another_kind_is_reached_by_the_same_messages<W: World>() {
    for is_reachable in [true, false] {
        let swap = move |conn: wirestate_driver::Connection<Toy, W::Stream>| async move {
            let conn = conn.replace(|_, _, _| Lines::new()).await.unwrap();
            echo_lines(if is_reachable { conn.reachable() } else { conn }).await;
        };
        let (server, mut client, id) = going_on::<W, _>(swap);
        is_echoed(&mut client);
        let control = &server.control;
        assert!(control.handle(id).is_none() && control.handles().is_empty(), "there is no handle of the old kind");
        let sent = control.send(&Bytes::from("sent\r\n"), [id]);
        assert_eq!((sent.delivered == 1, sent.gone.is_empty()), (is_reachable, is_reachable));
        if is_reachable {
            assert_eq!(read_line(&mut client), "sent\r\n");
        }
        assert!(control.disconnect(id, How::Flush));
        assert_eq!(read_to_end(&mut client), "");
        drop(client);
        until(|| control.connections() == 0);
        assert_eq!(control.send(&Bytes::from("late\r\n"), [id]).gone, [id]);
    }
}

pub(crate) fn a_kept_seat_counts_until_it_is_dropped<W: World>() {
    let gate = Arc::new(Gate::default());
    let at_gate = gate.clone();
    let (server, mut client, id) = going_on::<W, _>(move |conn: wirestate_driver::Connection<Toy, W::Stream>| {
        let gate = at_gate.clone();
        async move {
            let Parts { stream, seat, .. } = conn.into_parts();
            drop(stream);
            gate.pass().await;
            drop(seat);
        }
    });
    assert_eq!(read_to_end(&mut client), "");
    let control = &server.control;
    assert_eq!(control.connections(), 1);
    assert!(control.handle(id).is_none() && !control.disconnect(id, How::Abort));
    gate.open();
    until(|| control.connections() == 0);
    let report = server.stop_gracefully();
    assert_eq!((report.accepted, report.aborted, report.left), (1, 0, 0));
}

pub(crate) fn who_keeps_a_seat_is_cut_off_like_any_other<W: World>() {
    let (server, mut client, _) = going_on::<W, _>(|conn: wirestate_driver::Connection<Toy, W::Stream>| async {
        let _parts = conn.into_parts();
        Gate::default().pass().await;
    });
    let report = server.stop(Mode::Graceful { within: Duration::from_millis(30) });
    assert_eq!((report.accepted, report.aborted, report.left), (1, 1, 0));
    assert_eq!(client.read(&mut [0; 10]).unwrap_or(0), 0);
}

pub(crate) fn a_kept_seat_may_be_taken_again<W: World>() {
    let (server, mut client, id) = going_on::<W, _>(|conn: wirestate_driver::Connection<Toy, W::Stream>| async {
        let Parts { machine, stream, info, clock, options, seat, .. } = conn.into_parts();
        let again = wirestate_driver::Connection::open(stream, info, clock, options, |_, _| machine);
        let _ = echo(again.seat(seat.expect("it is a server's"))).await;
    });
    is_echoed(&mut client);
    assert_eq!(server.control.connections(), 1);
    server.control.handle(id).unwrap().tell(|toy| toy.say(b"told\r\n")).unwrap();
    assert_eq!(read_line(&mut client), "told\r\n");
    server.shutdown.trigger(GRACEFULLY);
    assert_eq!(read_to_end(&mut client), "going\r\n");
    drop(client);
    let report = server.stop_gracefully();
    assert_eq!((report.accepted, report.aborted, report.left), (1, 0, 0));
}
