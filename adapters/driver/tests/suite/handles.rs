//! Handles: to speak on a connection, and to end it, from anywhere.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant as Time;

use bytes::Bytes;
use wirestate_driver::{Control, Error, Handle, How, Options, Parcel, Sent, Shutdown, Traffic, Undelivered};
use wirestate_machine::Channel;

use super::harness::{Gate, PATIENCE, Server, World, client, echo, listener, read_line, read_to_end};
use super::house::until;
use super::in_pieces;
use super::notes::Notes;
use super::toy::{Lines, Rude, Toy};

/// More than the system buffers between two ends that do not read.
const BULK: usize = 8 << 20;

/// A server that gives away the handle of each connection, and tells how it ended once it is gone.
struct Desk {
    server: Server,
    handles: Receiver<Handle<Toy>>,
    ended: Receiver<Result<Traffic, Error<Rude>>>,
    notes: Notes,
}

impl Desk {
    fn open<W: World>(options: Options) -> Self {
        let ((give, handles), (end, ended)) = (channel(), channel());
        let (observer, notes) = Notes::new();
        let control = Control::new(&Shutdown::new()).observe(observer);
        let handler = move |conn: wirestate_driver::Connection<Toy, W::Stream>| {
            let end = end.clone();
            give.send(conn.handle()).unwrap();
            async move {
                let _ = end.send(echo(conn).await);
            }
        };
        let server =
            Server::steered::<W, _>(control, vec![listener().options(options)], |_, now| Toy::new(now), handler);
        Desk { server, handles, ended, notes }
    }

    /// A client, and the handle of its connection, which waits for it.
    fn client(&self) -> (TcpStream, Handle<Toy>) {
        let mut client = self.server.client();
        let handle = self.handles.recv_timeout(PATIENCE).unwrap();
        client.write_all(b"here\r\n").unwrap();
        assert_eq!(read_line(&mut client), "here\r\n");
        (client, handle)
    }

    /// A client that reads nothing, so that its connection's outbox is full.
    fn stuck(&self) -> (TcpStream, Handle<Toy>) {
        let (client, handle) = self.client();
        // The system gives up to 32 MiB to one that it is not told of.
        socket2::SockRef::from(&client).set_recv_buffer_size(64 * 1024).unwrap();
        handle.tell(|toy| toy.say(&vec![b'x'; BULK])).unwrap();
        self.notes.until("high water");
        (client, handle)
    }
}

fn say(text: impl Into<String>) -> impl FnOnce(&mut Toy) + Send + 'static {
    let text = text.into();
    move |toy| toy.say(text.as_bytes())
}

/// Reads the bulk, and gives what comes after it until the end.
fn read_after_bulk(client: &mut TcpStream) -> String {
    skip_bulk(client);
    read_to_end(client)
}

fn skip_bulk(client: &mut TcpStream) {
    let mut bulk = vec![0; BULK];
    client.read_exact(&mut bulk).unwrap();
    assert!(bulk.iter().all(|byte| *byte == b'x'));
}

pub(crate) fn a_handle_speaks_on_an_idle_connection<W: World>() {
    let desk = Desk::open::<W>(Options::new());
    let (mut client, handle) = desk.client();
    for number in 0..50 {
        handle.tell(say(format!("{number}\r\n"))).unwrap();
        assert_eq!(read_line(&mut client), format!("{number}\r\n"));
    }
    handle.send(&Bytes::from("encoded\r\n")).unwrap();
    assert_eq!(read_line(&mut client), "encoded\r\n");
}

pub(crate) fn handles_speak_from_many_threads_in_order<W: World>() {
    let desk = Desk::open::<W>(Options::new());
    let (mut client, handle) = desk.client();
    let threads: Vec<_> = (0..4)
        .map(|name| {
            let handle = handle.clone();
            thread::spawn(move || (0..200).for_each(|at| handle.tell(say(format!("{name} {at}\r\n"))).unwrap()))
        })
        .collect();
    let mut next = [0; 4];
    for _ in 0..800 {
        let line = read_line(&mut client);
        let (name, at) = line.trim().split_once(' ').unwrap();
        let next = &mut next[name.parse::<usize>().unwrap()];
        assert_eq!(at, next.to_string());
        *next += 1;
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

pub(crate) fn a_clients_handle_speaks_too<W: World>() {
    let server = Server::echo::<W>();
    W::block_on(async {
        let mut conn = W::connect(server.address(), |_, _| Lines::new()).await.unwrap();
        let handle = conn.handle();
        let speaker = thread::spawn(move || handle.tell(|lines| lines.send(b"hello\r\n")));
        assert_eq!(conn.try_next().await.unwrap().unwrap(), "hello\r\n");
        speaker.join().unwrap().unwrap();
        conn.handle().disconnect(|lines| lines.send(b"quit\r\n")).unwrap();
        assert!(conn.try_next().await.unwrap().is_none());
    });
    assert_eq!(server.stop_gracefully().aborted, 0);
}

pub(crate) fn one_encoding_goes_to_many<W: World>() {
    let desk = Desk::open::<W>(Options::new());
    let (mut clients, handles): (Vec<_>, Vec<_>) = (0..5).map(|_| desk.client()).unzip();
    let news = Bytes::from("news ".repeat(1000) + "\r\n");
    let to = handles[1..].iter().map(Handle::id).chain([u64::MAX]);
    let sent = desk.server.control.send(&news, to);
    assert_eq!((sent.delivered, &sent.gone[..], &sent.full[..]), (4, &[u64::MAX][..], &[][..]));
    for client in &mut clients[1..] {
        assert_eq!(read_line(client).as_bytes(), news);
    }
    clients[0].write_all(b"anything?\r\n").unwrap();
    assert_eq!(read_line(&mut clients[0]), "anything?\r\n");
}

pub(crate) fn who_is_gone_or_full_is_told<W: World>() {
    let desk = Desk::open::<W>(Options::new().mailbox(2));
    let (mut gone, gone_handle) = desk.client();
    gone.write_all(b"quit\r\n").unwrap();
    drop(gone);
    desk.ended.recv_timeout(PATIENCE).unwrap().unwrap();
    let (mut idle, idle_handle) = desk.client();
    let (mut stuck, stuck_handle) = desk.stuck();
    let (news, ids) = (Bytes::from("news\r\n"), [gone_handle.id(), idle_handle.id(), stuck_handle.id()]);
    for _ in 0..2 {
        let sent = desk.server.control.send(&news, ids);
        assert_eq!((sent.delivered, &sent.gone[..], &sent.full[..]), (2, &ids[..1], &[][..]));
        assert_eq!(read_line(&mut idle), "news\r\n");
    }
    let sent = desk.server.control.send(&news, ids);
    assert_eq!((sent.delivered, &sent.gone[..], &sent.full[..]), (1, &ids[..1], &ids[2..]));
    assert_eq!(read_line(&mut idle), "news\r\n");
    assert_eq!(stuck_handle.send(&news), Err(Undelivered::Full));
    stuck_handle.close(How::Flush);
    assert_eq!(read_after_bulk(&mut stuck), "news\r\nnews\r\n");
    assert_eq!(desk.server.control.send(&news, []), Sent::default());
}

pub(crate) fn messages_wait_while_the_outbox_is_full<W: World>() {
    let desk = Desk::open::<W>(Options::new());
    let (mut client, handle) = desk.stuck();
    let messages: String = (0..100).map(|number| format!("{number}\r\n")).collect();
    for message in messages.split_inclusive('\n') {
        handle.tell(say(message)).unwrap();
    }
    assert_eq!(handle.stats().waiting, 100);
    skip_bulk(&mut client);
    let mut came = vec![0; messages.len()];
    client.read_exact(&mut came).unwrap();
    assert_eq!(String::from_utf8(came).unwrap(), messages);
    assert_eq!(handle.stats().waiting, 0);
}

pub(crate) fn a_mailbox_is_bounded<W: World>() {
    let desk = Desk::open::<W>(Options::new().mailbox(3));
    let (mut client, handle) = desk.stuck();
    for number in 0..3 {
        handle.tell(say(format!("{number}\r\n"))).unwrap();
    }
    assert_eq!(handle.tell(say("one too many\r\n")), Err(Undelivered::Full));
    assert_eq!(handle.stats().waiting, 3);
    skip_bulk(&mut client);
    for number in 0..3 {
        assert_eq!(read_line(&mut client), format!("{number}\r\n"));
    }
    handle.tell(say("room again\r\n")).unwrap();
    assert_eq!(read_line(&mut client), "room again\r\n");
}

pub(crate) fn a_mailbox_is_bounded_in_bytes<W: World>() {
    let desk = Desk::open::<W>(Options::new().mailbox_bytes(1000));
    let (mut client, handle) = desk.stuck();
    let news = Bytes::from("n".repeat(398) + "\r\n");
    let large = Bytes::from("l".repeat(4998) + "\r\n");
    let parcel = Parcel::new(news.clone());
    assert_eq!(parcel.size(), 400);
    handle.send(&news).unwrap();
    handle.deliver(&parcel).unwrap();
    assert_eq!(handle.send(&news), Err(Undelivered::Full));
    assert_eq!(handle.deliver(&parcel), Err(Undelivered::Full));
    assert_eq!(desk.server.control.send(&large, [handle.id()]).full, [handle.id()]);
    handle.send(&Bytes::from("x".repeat(198) + "\r\n")).unwrap();
    handle.tell(say("of no known size\r\n")).unwrap();
    assert_eq!((handle.stats().waiting, handle.stats().waiting_bytes), (4, 1000));
    skip_bulk(&mut client);
    for length in [400, 400, 200, 18] {
        assert_eq!(read_line(&mut client).len(), length);
    }
    until(|| handle.stats().waiting == 0);
    assert_eq!(handle.stats().waiting_bytes, 0);
    // One alone has room, however large it is.
    handle.send(&large).unwrap();
    assert_eq!(read_line(&mut client).len(), 5000);
}

pub(crate) fn the_last_word_finds_room_everywhere<W: World>() {
    let desk = Desk::open::<W>(Options::new().mailbox(1));
    let (mut client, handle) = desk.stuck();
    handle.tell(say("before\r\n")).unwrap();
    assert_eq!(handle.tell(say("too many\r\n")), Err(Undelivered::Full));
    handle.disconnect(say("last\r\n")).unwrap();
    assert!(handle.is_gone());
    assert_eq!(handle.tell(say("after\r\n")), Err(Undelivered::Gone));
    assert_eq!(handle.disconnect(say("after\r\n")), Err(Undelivered::Gone));
    assert_eq!(read_after_bulk(&mut client), "before\r\nlast\r\n");
    drop(client);
    desk.notes.until("disconnected: closed by this end");
    desk.ended.recv_timeout(PATIENCE).unwrap().unwrap();
}

pub(crate) fn closing_by_flush_says_what_was_told_before<W: World>() {
    let (gate, (tell, waiting)) = (Arc::new(Gate::default()), channel());
    let at_gate = gate.clone();
    let server = Server::start::<W, _>(Options::new(), Toy::new, move |mut conn| {
        let (gate, tell) = (at_gate.clone(), tell.clone());
        async move {
            while let Ok(Some((ticket, line))) = conn.try_next().await {
                tell.send(conn.handle()).unwrap();
                gate.pass().await;
                conn.machine().answer(ticket, &line);
            }
        }
    });
    let mut client = server.client();
    client.write_all(b"wait\r\nunread\r\n").unwrap();
    let handle = waiting.recv_timeout(PATIENCE).unwrap();
    for number in 0..10 {
        handle.tell(say(format!("{number}\r\n"))).unwrap();
    }
    handle.close(How::Flush);
    handle.close(How::Flush);
    assert_eq!(handle.tell(say("after\r\n")), Err(Undelivered::Gone));
    gate.open();
    let told: String = (0..10).map(|number| format!("{number}\r\n")).collect();
    assert_eq!(read_to_end(&mut client), format!("wait\r\n{told}"));
}

pub(crate) fn closing_by_abort_waits_for_nobody<W: World>() {
    let desk = Desk::open::<W>(Options::new());
    let (mut client, handle) = desk.stuck();
    handle.tell(say("never said\r\n")).unwrap();
    handle.close(How::Flush);
    handle.close(How::Abort);
    desk.ended.recv_timeout(PATIENCE).unwrap().unwrap();
    desk.notes.until("disconnected: closed by this end");
    let mut came = Vec::new();
    let _ = client.read_to_end(&mut came);
    assert!(came.len() < BULK, "{}", came.len());
    handle.close(How::Abort);
}

pub(crate) fn the_handle_of_a_gone_connection_says_so<W: World>() {
    let desk = Desk::open::<W>(Options::new());
    let (mut client, handle) = desk.client();
    client.write_all(b"quit\r\n").unwrap();
    assert_eq!(read_to_end(&mut client), "bye\r\n");
    // It is only being drained by now.
    assert_eq!(handle.tell(say("late\r\n")), Err(Undelivered::Gone));
    drop(client);
    desk.ended.recv_timeout(PATIENCE).unwrap().unwrap();
    assert!(handle.is_gone());
    assert_eq!(handle.tell(say("later\r\n")), Err(Undelivered::Gone));
    assert_eq!(handle.disconnect(say("later\r\n")), Err(Undelivered::Gone));
    handle.close(How::Flush);
    handle.close(How::Abort);
    handle.pause();
    handle.resume();
    assert_eq!((handle.stats().traffic.read, handle.stats().traffic.written), (12, 11));
    let control = &desk.server.control;
    assert!(control.handle(handle.id()).is_none() && control.handles().is_empty());
    assert!(!control.disconnect(handle.id(), How::Flush));
}

pub(crate) fn a_control_knows_all_connections<W: World>() {
    let desk = Desk::open::<W>(Options::new());
    let (mut clients, handles): (Vec<_>, Vec<_>) = (0..3).map(|_| desk.client()).unzip();
    let control = &desk.server.control;
    let known = |ids: &[u64]| {
        let mut known: Vec<_> = control.handles().iter().map(Handle::id).collect();
        known.sort_unstable();
        assert_eq!(known, ids);
        assert_eq!(control.connections(), ids.len());
    };
    let mut ids: Vec<_> = handles.iter().map(Handle::id).collect();
    ids.sort_unstable();
    known(&ids);
    assert_eq!(control.handle(ids[1]).unwrap().info().local().tcp(), Some(desk.server.address()));
    let last = handles[2].id();
    assert!(control.disconnect(last, How::Flush));
    assert_eq!(read_to_end(&mut clients[2]), "");
    drop(clients.pop());
    desk.ended.recv_timeout(PATIENCE).unwrap().unwrap();
    ids.retain(|id| *id != last);
    until(|| control.connections() == 2);
    known(&ids);
}

pub(crate) fn a_paused_connection_is_not_read_and_loses_nothing<W: World>() {
    let desk = Desk::open::<W>(Options::new());
    let (mut client, handle) = desk.client();
    let (tell, paused) = channel();
    let pauser = handle.clone();
    handle
        .tell(move |_| {
            pauser.pause();
            tell.send(()).unwrap();
        })
        .unwrap();
    paused.recv_timeout(PATIENCE).unwrap();
    let script = "what waits\r\n".repeat(20_000);
    let (mut sender, sent) = (client.try_clone().unwrap(), script.clone());
    sender.write_all(&sent.as_bytes()[..12_000]).unwrap();
    let sender = thread::spawn(move || sender.write_all(&sent.as_bytes()[12_000..]).unwrap());
    for _ in 0..3 {
        handle.tell(say("not paused\r\n")).unwrap();
        assert_eq!(read_line(&mut client), "not paused\r\n");
    }
    assert_eq!(handle.stats().traffic.read, 6);
    handle.resume();
    let mut echoed = vec![0; script.len()];
    client.read_exact(&mut echoed).unwrap();
    assert!(echoed == script.as_bytes());
    sender.join().unwrap();
}

pub(crate) fn stats_tell_what_went_over<W: World>() {
    let before = Time::now();
    let desk = Desk::open::<W>(Options::new());
    let (mut client, handle) = desk.client();
    client.write_all(b"one\r\ntwo\r\n").unwrap();
    client.read_exact(&mut [0; 10]).unwrap();
    handle.tell(say("three\r\n")).unwrap();
    assert_eq!(read_line(&mut client), "three\r\n");
    handle.send(&Bytes::from("four\r\n")).unwrap();
    handle.deliver(&Parcel::new(Bytes::from("five\r\n"))).unwrap();
    desk.server.control.send(&Bytes::from("six\r\n"), [handle.id()]);
    for line in ["four\r\n", "five\r\n", "six\r\n"] {
        assert_eq!(read_line(&mut client), line);
    }
    // What was taken is counted right after it was.
    until(|| handle.stats().traffic.written == 40);
    let stats = handle.stats();
    assert_eq!((stats.traffic.read, stats.traffic.events, stats.waiting), (16, 3, 0));
    assert_eq!(stats.traffic.relayed, 3);
    assert_eq!((stats.channel, stats.tls.is_none()), (Channel::default(), true));
    assert!(before <= stats.since && stats.since <= Time::now());
}

pub(crate) fn a_dropped_pull_loses_no_message<W: World>() {
    let (give, handles) = channel();
    let server = Server::start::<W, _>(Options::new(), Toy::new, move |mut conn| {
        give.send(conn.handle()).unwrap();
        async move {
            while let Some(Ok((ticket, line))) = in_pieces(&mut conn).await {
                conn.machine().answer(ticket, &line);
            }
        }
    });
    let mut client = client(server.address());
    let handle = handles.recv_timeout(PATIENCE).unwrap();
    let messages: String = (0..500).map(|number| format!("{number}\r\n")).collect();
    let told = messages.clone();
    let teller = thread::spawn(move || {
        told.split_inclusive('\n').for_each(|message| handle.tell(say(message)).unwrap());
        handle.disconnect(say("last\r\n")).unwrap();
    });
    assert_eq!(read_to_end(&mut client), messages + "last\r\n");
    teller.join().unwrap();
}
