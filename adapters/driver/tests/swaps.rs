//! One machine put in the place of another on a live connection.

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

use std::io::ErrorKind;
use std::task::Poll;
use std::time::Duration;

use by_hand::{SECOND, echo, is_over, once, open, poll};
use notes::Notes;
use toy::{Lines, Rude, Toy};
use wire::Wire;
use wirestate_driver::{Connection, Error, How, Mode, Options, Shutdown, Undelivered};
use wirestate_machine::Machine;

const PATIENCE: Duration = Duration::ZERO;

type Swapped = Poll<Result<Connection<Lines, Wire>, Error<Rude>>>;

fn swap(conn: Connection<Toy, Wire>) -> Swapped {
    once(conn.replace(|_, _, _| Lines::new()))
}

fn swapped(conn: Connection<Toy, Wire>) -> Connection<Lines, Wire> {
    match swap(conn) {
        Poll::Ready(Ok(conn)) => conn,
        Poll::Ready(Err(error)) => panic!("{error}"),
        Poll::Pending => panic!("it waits"),
    }
}

fn toy(wire: &Wire) -> Connection<Toy, Wire> {
    by_hand::toy(wire, Options::new())
}

fn next_line(conn: &mut Connection<Lines, Wire>) -> String {
    let Poll::Ready(Some(Ok(line))) = poll(conn) else { panic!("no line") };
    String::from_utf8(line.to_vec()).unwrap()
}

#[test]
fn unread_bytes_go_over_wherever_the_input_was_cut() {
    let script = b"old\r\nnew one\r\nnew two\r\nhalf";
    for cut in 0..=script.len() - 5 {
        let wire = Wire::new();
        let mut conn = toy(&wire);
        let (before, after) = script.split_at(5 + cut);
        wire.send(before);
        assert_eq!(echo(&mut conn), "old\r\n");
        let mut conn = swapped(conn);
        assert_eq!(wire.said(), "old\r\n");
        wire.send(&[after, b" whole\r\n"].concat());
        wire.state().eof = true;
        for line in ["new one\r\n", "new two\r\n", "half whole\r\n"] {
            assert_eq!(next_line(&mut conn), line, "cut at {cut}");
        }
        assert!(is_over(&mut conn));
        assert_eq!(conn.traffic().read, script.len() as u64 + 8);
    }
}

#[test]
fn what_the_old_one_said_goes_out_first() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.state().window = 2;
    wire.send(b"old\r\n");
    echo(&mut conn);
    conn.handle().tell(|toy| toy.say(b"told\r\n")).unwrap();
    let mut replaced = Box::pin(conn.replace(|_, _, _| Lines::new()));
    assert!(once(replaced.as_mut()).is_pending());
    assert_eq!(wire.said(), "ol");
    wire.state().window = 100;
    let Poll::Ready(Ok(mut conn)) = once(replaced.as_mut()) else { panic!("it goes on") };
    conn.machine().send(b"new\r\n");
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.said(), "old\r\ntold\r\nnew\r\n");
}

#[test]
fn messages_that_waited_for_room_are_said_by_the_old_one() {
    let wire = Wire::new();
    let conn = toy(&wire);
    let handle = conn.handle();
    handle.tell(|toy| toy.say(&[b'x'; 70 * 1024])).unwrap();
    for _ in 0..3 {
        handle.tell(|toy| toy.say(&[b'y'; 70 * 1024])).unwrap();
    }
    let conn = swapped(conn);
    assert_eq!(wire.said().len(), 4 * 70 * 1024);
    assert_eq!(conn.handle().stats().waiting, 0);
}

#[test]
fn handles_of_the_old_one_reach_nothing_and_those_of_the_new_one_do() {
    let wire = Wire::new();
    let conn = toy(&wire);
    let old = conn.handle();
    let mut conn = swapped(conn);
    assert_eq!(old.tell(|toy| toy.say(b"late\r\n")), Err(Undelivered::Gone));
    assert_eq!(old.id(), conn.info().id());
    conn.handle().tell(|lines| lines.send(b"new\r\n")).unwrap();
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.said(), "new\r\n");
}

#[test]
fn counts_go_on() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send(b"one\r\ntwo\r\nthree");
    echo(&mut conn);
    conn.handle().send(&"told\r\n".into()).unwrap();
    let since = conn.handle().stats().since;
    wire.pass(SECOND);
    let mut conn = swapped(conn);
    wire.send(b"\r\n");
    assert_eq!((next_line(&mut conn), next_line(&mut conn)), ("two\r\n".into(), "three\r\n".into()));
    let stats = conn.handle().stats();
    assert_eq!((stats.traffic.read, stats.traffic.written, stats.traffic.events), (17, 11, 3));
    assert_eq!((stats.traffic.relayed, stats.since), (1, since));
}

#[test]
fn a_half_close_before_the_swap_comes_after_the_unread_bytes() {
    for script in [&b"old\r\n"[..], b"old\r\nnew\r\n", b"old\r\nnew\r\nhalf"] {
        let wire = Wire::new();
        let mut conn = toy(&wire);
        wire.send(script);
        wire.state().eof = true;
        let Poll::Ready(Some(Ok((ticket, line)))) = poll(&mut conn) else { panic!("no line") };
        assert!(poll(&mut conn).is_pending(), "the end of the input is seen");
        conn.machine().answer(ticket, &line);
        let mut conn = swapped(conn);
        if script.len() > 5 {
            assert_eq!(next_line(&mut conn), "new\r\n");
        }
        conn.machine().send(b"bye\r\n");
        assert!(is_over(&mut conn), "{script:?}");
        assert_eq!(wire.said(), "old\r\nbye\r\n");
    }
}

#[test]
fn more_unread_bytes_than_the_new_one_has_room_for_wait() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send(b"old\r\n");
    wire.send("a line\r\n".repeat(100).as_bytes());
    echo(&mut conn);
    let mut lines = Lines::new();
    lines.inbox().set_limit(8);
    let Poll::Ready(Ok(mut conn)) = once(conn.replace(|_, _, _| lines)) else { panic!("it is replaced") };
    wire.state().eof = true;
    for _ in 0..100 {
        while poll_line(&mut conn).is_none() {}
    }
    assert!(is_over(&mut conn));
}

/// A line, or nothing where the executor gets its turn.
fn poll_line(conn: &mut Connection<Lines, Wire>) -> Option<()> {
    match poll(conn) {
        Poll::Ready(Some(Ok(line))) => {
            assert_eq!(line, "a line\r\n");
            Some(())
        }
        Poll::Pending => None,
        Poll::Ready(_) => panic!("the end"),
    }
}

#[test]
fn it_is_refused_while_an_upgrade_is_wanted() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    let (observer, notes) = Notes::new();
    wire.send(b"one\r\n");
    echo(&mut conn);
    wire.send(b"tls\r\n");
    // The peer does not take the answer yet, so that the upgrade waits.
    wire.state().window = 0;
    let mut conn = conn.observe(observer);
    assert!(poll(&mut conn).is_pending());
    wire.state().window = 100;
    assert!(matches!(swap(conn), Poll::Ready(Err(Error::Upgrading))));
    assert_eq!(notes.so_far(), ["connected", "flushed", "disconnected: closed by this end"]);
}

#[test]
fn it_is_refused_while_the_inbox_is_held_for_an_upgrade() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send(b"one\r\n");
    echo(&mut conn);
    conn.machine().inbox().hold(true);
    assert!(matches!(swap(conn), Poll::Ready(Err(Error::Upgrading))));
}

#[test]
fn a_connection_that_ends_goes_on_ending() {
    for how in [How::Flush, How::Abort] {
        let wire = Wire::new();
        let (observer, notes) = Notes::new();
        let mut conn = toy(&wire).observe(observer);
        assert!(poll(&mut conn).is_pending());
        conn.handle().close(how);
        let mut conn = swapped(conn);
        wire.state().eof = true;
        assert!(conn.handle().is_gone());
        assert!(is_over(&mut conn), "{how:?}");
        assert_eq!(notes.so_far(), ["connected", "disconnected: closed by this end"]);
    }
}

#[test]
fn a_session_that_is_over_is_not_begun_anew() {
    let wire = Wire::new();
    let (observer, notes) = Notes::new();
    let mut conn = toy(&wire).observe(observer);
    wire.send(b"quit\r\n");
    assert!(poll(&mut conn).is_pending());
    let mut conn = swapped(conn);
    wire.send(b"more\r\n");
    wire.state().eof = true;
    assert!(is_over(&mut conn));
    assert_eq!(notes.so_far(), ["connected", "flushed", "disconnected: quit"]);
}

#[test]
fn a_violation_is_told_instead() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    wire.send(b"bad\r\n");
    assert!(poll(&mut conn).is_pending());
    assert!(matches!(swap(conn), Poll::Ready(Err(Error::Protocol(Rude)))));
}

#[test]
fn a_broken_stream_is_told_instead() {
    let wire = Wire::new();
    let mut conn = toy(&wire);
    conn.machine().say(b"never taken\r\n");
    wire.state().broken_write = Some(ErrorKind::BrokenPipe);
    assert!(matches!(swap(conn), Poll::Ready(Err(Error::Write(_)))));
}

#[test]
fn a_pause_goes_over() {
    let wire = Wire::new();
    let conn = toy(&wire);
    conn.handle().pause();
    wire.send(b"one\r\n");
    let mut conn = swapped(conn);
    assert!(poll(&mut conn).is_pending());
    conn.handle().resume();
    assert_eq!(next_line(&mut conn), "one\r\n");
}

#[test]
fn a_shutdown_holds_for_the_new_one_with_the_same_deadline() {
    let wire = Wire::new();
    let shutdown = Shutdown::new();
    let mut conn = open(&wire, Options::new(), |_| Lines::new()).enroll(&shutdown);
    assert!(poll(&mut conn).is_pending());
    wire.send(b"one\r\n");
    assert!(poll(&mut conn).is_ready());
    let Poll::Ready(Ok(mut conn)) = once(conn.replace(|_, _, now| Toy::new(now))) else { panic!("it is replaced") };
    wire.send(b"two\r\n");
    let Poll::Ready(Some(Ok((ticket, line)))) = poll(&mut conn) else { panic!("no line") };
    shutdown.trigger(Mode::Graceful { within: 10 * SECOND });
    assert!(poll(&mut conn).is_pending());
    wire.pass(9 * SECOND);
    conn.machine().answer(ticket, &line);
    let Poll::Ready(Ok(mut conn)) = once(conn.replace(|_, _, now| Toy::new(now))) else { panic!("it is replaced") };
    wire.state().window = 0;
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.alarm(), Some(SECOND), "the patience is not begun anew");
    wire.state().window = 100;
    wire.state().eof = true;
    assert!(is_over(&mut conn));
    assert_eq!(wire.said(), "two\r\ngoing\r\n");
}
