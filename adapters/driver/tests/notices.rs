//! What an observer is told of a connection, when, and how often, on a clock that stands still.

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

use by_hand::{SECOND, echo, failure, is_over, observed, once, poll};
use notes::Notes;
use toy::Toy;
use wire::Wire;
use wirestate_driver::{Connection, Error, Handle, How, Mode, Options, Shutdown, Undelivered};
use wirestate_machine::Machine;

const PATIENCE: Duration = Duration::ZERO;

// --- the end ---

/// What is told of the end of a connection to which `this` happens. It is told once, and last.
fn reason(this: impl FnOnce(&Wire, Connection<Toy, Wire>, &Shutdown)) -> String {
    let (wire, shutdown) = (Wire::new(), Shutdown::new());
    wire.state().eof = true;
    let (conn, notes) = observed(&wire, Options::new());
    this(&wire, conn.enroll(&shutdown), &shutdown);
    let mut told = notes.so_far();
    let last = told.pop().unwrap();
    assert!(!told.iter().any(|note| note.contains("connected")), "{told:?}");
    last.strip_prefix("disconnected: ").unwrap().to_owned()
}

/// Turns the crank until the end, whether well or badly.
fn to_the_end(mut conn: Connection<Toy, Wire>) {
    for _ in 0..10 {
        match poll(&mut conn) {
            Poll::Ready(Some(Ok((ticket, line)))) => conn.machine().answer(ticket, &line),
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
            Poll::Ready(None) => return,
        }
    }
    panic!("no end");
}

#[test]
fn a_quit_is_told() {
    let told = reason(|wire, conn, _| {
        wire.send(b"one\r\nquit\r\n");
        to_the_end(conn);
    });
    assert_eq!(told, "quit");
}

#[test]
fn a_peer_that_closes_is_told() {
    let told = reason(|wire, conn, _| {
        wire.send(b"one\r\n");
        to_the_end(conn);
    });
    assert_eq!(told, "closed by the peer");
}

#[test]
fn a_timeout_of_the_machines_is_told() {
    let told = reason(|wire, mut conn, _| {
        wire.state().eof = false;
        assert!(poll(&mut conn).is_pending());
        wire.pass(600 * SECOND);
        wire.state().eof = true;
        to_the_end(conn);
    });
    assert_eq!(told, "timeout");
}

#[test]
fn a_stalled_peer_is_told_as_a_timeout() {
    let told = reason(|wire, mut conn, _| {
        wire.state().eof = false;
        wire.state().window = 0;
        wire.send(b"one\r\n");
        echo(&mut conn);
        assert!(poll(&mut conn).is_pending());
        wire.pass(60 * SECOND);
        to_the_end(conn);
    });
    assert_eq!(told, "timeout");
}

#[test]
fn a_limit_is_told() {
    let told = reason(|wire, conn, _| {
        wire.send(b"limit\r\n");
        to_the_end(conn);
    });
    assert_eq!(told, "limit");
}

#[test]
fn a_violation_is_told() {
    let told = reason(|wire, conn, _| {
        wire.send(b"bad\r\n");
        to_the_end(conn);
    });
    assert_eq!(told, "violation of the protocol");
}

#[test]
fn a_violation_stays_the_reason_when_its_farewell_fails() {
    let told = reason(|wire, conn, _| {
        wire.send(b"bad\r\n");
        wire.state().broken_write = Some(ErrorKind::BrokenPipe);
        to_the_end(conn);
    });
    assert_eq!(told, "violation of the protocol");
}

#[test]
fn a_reset_is_told() {
    let told = reason(|wire, conn, _| {
        wire.sends_error(ErrorKind::ConnectionReset);
        to_the_end(conn);
    });
    assert_eq!(told, "I/O failure");
}

#[test]
fn a_broken_pipe_is_told() {
    let told = reason(|wire, conn, _| {
        wire.send(b"one\r\n");
        wire.state().broken_write = Some(ErrorKind::BrokenPipe);
        to_the_end(conn);
    });
    assert_eq!(told, "I/O failure");
}

#[test]
fn a_shutdown_is_told() {
    for mode in [Mode::Graceful { within: SECOND }, Mode::Now] {
        let told = reason(|wire, mut conn, shutdown| {
            wire.state().eof = false;
            assert!(poll(&mut conn).is_pending());
            shutdown.trigger(mode);
            wire.state().eof = true;
            to_the_end(conn);
        });
        assert_eq!(told, "shutdown", "{mode:?}");
    }
}

#[test]
fn a_shutdowns_deadline_is_told_as_a_shutdown() {
    let told = reason(|wire, mut conn, shutdown| {
        wire.send(b"one\r\n");
        let Poll::Ready(Some(Ok(_unanswered))) = poll(&mut conn) else { panic!("no line") };
        shutdown.trigger(Mode::Graceful { within: SECOND });
        assert!(poll(&mut conn).is_pending());
        wire.pass(SECOND);
        to_the_end(conn);
    });
    assert_eq!(told, "shutdown");
}

#[test]
fn closing_by_a_handle_is_told() {
    for how in [How::Flush, How::Abort] {
        let told = reason(|_, conn, _| {
            conn.handle().close(how);
            to_the_end(conn);
        });
        assert_eq!(told, "closed by this end", "{how:?}");
    }
    let told = reason(|_, conn, _| {
        conn.handle().disconnect(|toy| toy.say(b"last\r\n")).unwrap();
        to_the_end(conn);
    });
    assert_eq!(told, "closed by this end");
}

#[test]
fn closing_and_dropping_a_connection_is_told() {
    for how in [How::Flush, How::Abort] {
        let told = reason(|_, conn, _| assert!(matches!(once(conn.close(how)), Poll::Ready(Ok(())))));
        assert_eq!(told, "closed by this end", "{how:?}");
    }
    assert_eq!(reason(|_, conn, _| drop(conn)), "closed by this end");
    assert_eq!(reason(|_, conn, _| drop(conn.into_parts())), "closed by this end");
}

#[test]
fn an_upgrade_without_a_layer_is_told_as_closed_by_this_end() {
    let told = reason(|wire, mut conn, _| {
        wire.state().eof = false;
        wire.send(b"tls\r\n");
        wire.sends_error(ErrorKind::ConnectionReset);
        assert!(matches!(failure(&mut conn), Error::UnhandledUpgrade(_)));
        assert!(is_over(&mut conn));
    });
    assert_eq!(told, "closed by this end");
}

#[test]
fn a_handle_knows_of_the_end_as_soon_as_the_last_word_is_said() {
    let wire = Wire::new();
    let (mut conn, notes) = observed(&wire, Options::new());
    let handle: Handle<Toy> = conn.handle();
    wire.send(b"quit\r\n");
    assert!(poll(&mut conn).is_pending());
    assert_eq!(notes.so_far(), ["flushed"]);
    assert_eq!(handle.tell(|toy| toy.say(b"late\r\n")), Err(Undelivered::Gone));
    handle.close(How::Abort);
    assert!(is_over(&mut conn));
    assert_eq!(notes.so_far(), ["disconnected: quit"]);
    assert_eq!(wire.said(), "bye\r\n");
}

// --- writing ---

#[test]
fn flushed_is_told_whenever_all_is_written() {
    let wire = Wire::new();
    let (mut conn, notes) = observed(&wire, Options::new());
    assert!(poll(&mut conn).is_pending());
    assert_eq!(notes.so_far(), [""; 0]);
    for _ in 0..3 {
        wire.send(b"one\r\ntwo\r\n");
        echo(&mut conn);
        echo(&mut conn);
        assert_eq!(notes.so_far(), [""; 0]);
        assert!(poll(&mut conn).is_pending());
        assert_eq!(notes.so_far(), ["flushed"]);
    }
    wire.state().window = 3;
    wire.send(b"three\r\n");
    echo(&mut conn);
    assert!(poll(&mut conn).is_pending());
    assert_eq!(notes.so_far(), [""; 0]);
    wire.state().window = 100;
    wire.state().flush_pending = true;
    assert!(poll(&mut conn).is_pending());
    assert_eq!(notes.so_far(), [""; 0]);
    wire.state().flush_pending = false;
    assert!(poll(&mut conn).is_pending());
    assert_eq!(notes.so_far(), ["flushed"]);
}

#[test]
fn who_declines_flushes_is_told_all_else() {
    let wire = Wire::new();
    let (observer, notes) = Notes::new();
    let (conn, _) = observed(&wire, Options::new());
    let mut conn = conn.observe(observer.without_flushes());
    wire.send(b"one\r\n");
    echo(&mut conn);
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.state().flushes, 1);
    assert_eq!(notes.so_far(), ["connected"]);
    drop(conn);
    assert_eq!(notes.so_far().len(), 1);
}

#[test]
fn each_mark_is_told_once_when_it_is_passed() {
    let wire = Wire::new();
    let (mut conn, notes) = observed(&wire, Options::new());
    let handle = conn.handle();
    for _ in 0..3 {
        wire.state().window = 0;
        handle.tell(|toy| toy.say(&[b'x'; 60 * 1024])).unwrap();
        assert!(poll(&mut conn).is_pending());
        assert_eq!(notes.so_far(), [""; 0]);
        handle.tell(|toy| toy.say(&[b'x'; 20 * 1024])).unwrap();
        assert!(poll(&mut conn).is_pending());
        assert_eq!(notes.so_far(), ["high water"]);
        // Down to 20 KiB: under the high mark, over the low one.
        wire.state().window = 60 * 1024;
        assert!(poll(&mut conn).is_pending());
        assert_eq!(notes.so_far(), [""; 0]);
        assert_eq!(conn.machine().outbox().len(), 20 * 1024);
        wire.state().window = 4 * 1024;
        assert!(poll(&mut conn).is_pending());
        assert_eq!(notes.so_far(), ["low water"]);
        // Half way up is no news either.
        handle.tell(|toy| toy.say(&[b'x'; 20 * 1024])).unwrap();
        assert!(poll(&mut conn).is_pending());
        assert_eq!(notes.so_far(), [""; 0]);
        wire.state().window = usize::MAX;
        assert!(poll(&mut conn).is_pending());
        assert_eq!(notes.so_far(), ["flushed"]);
    }
}

#[test]
fn marks_are_told_while_a_flush_is_stuck() {
    let wire = Wire::new();
    let (mut conn, notes) = observed(&wire, Options::new());
    wire.state().window = 0;
    conn.machine().say(&[b'x'; 70 * 1024]);
    assert!(once(conn.flush()).is_pending());
    assert_eq!(notes.so_far(), ["high water"]);
    wire.state().window = usize::MAX;
    assert!(once(conn.flush()).is_ready());
    assert!(poll(&mut conn).is_pending());
    assert_eq!(notes.so_far(), ["flushed", "low water"]);
}

// --- silence ---

fn telling_silence(wire: &Wire) -> (Connection<Toy, Wire>, Notes) {
    let (mut conn, notes) = observed(wire, Options::new().idle(5 * SECOND));
    assert!(poll(&mut conn).is_pending());
    (conn, notes)
}

#[test]
fn silence_is_told_again_and_again() {
    let wire = Wire::new();
    let (mut conn, notes) = telling_silence(&wire);
    for count in 1..=4 {
        assert_eq!(wire.alarm(), Some(5 * SECOND));
        wire.pass(5 * SECOND - Duration::from_nanos(1));
        assert!(poll(&mut conn).is_pending());
        assert_eq!(notes.so_far(), [""; 0]);
        wire.pass(Duration::from_nanos(1));
        assert!(poll(&mut conn).is_pending());
        assert_eq!(notes.so_far(), [format!("idle for {}s", 5 * count)]);
    }
}

#[test]
fn input_ends_the_silence() {
    let wire = Wire::new();
    let (mut conn, notes) = telling_silence(&wire);
    wire.pass(5 * SECOND);
    assert!(poll(&mut conn).is_pending());
    assert_eq!(notes.so_far(), ["idle for 5s"]);
    wire.pass(3 * SECOND);
    wire.send(b"not even a line");
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.alarm(), Some(5 * SECOND));
    wire.pass(5 * SECOND);
    assert!(poll(&mut conn).is_pending());
    assert_eq!(notes.so_far(), ["idle for 5s"]);
}

#[test]
fn who_speaks_is_not_idle() {
    let wire = Wire::new();
    let (mut conn, notes) = telling_silence(&wire);
    for _ in 0..100 {
        wire.pass(4 * SECOND);
        wire.send(b"here\r\n");
        echo(&mut conn);
        assert!(poll(&mut conn).is_pending());
        assert_eq!(notes.so_far(), ["flushed"]);
    }
}

#[test]
fn speaking_to_a_silent_peer_does_not_end_its_silence() {
    let wire = Wire::new();
    let (mut conn, notes) = telling_silence(&wire);
    wire.pass(3 * SECOND);
    conn.handle().tell(|toy| toy.say(b"are you there?\r\n")).unwrap();
    assert!(poll(&mut conn).is_pending());
    wire.pass(2 * SECOND);
    assert!(poll(&mut conn).is_pending());
    assert_eq!(notes.so_far(), ["flushed", "idle for 5s"]);
}

#[test]
fn a_silence_that_a_handler_slept_through_is_told_once() {
    let wire = Wire::new();
    let (mut conn, notes) = telling_silence(&wire);
    wire.pass(17 * SECOND);
    assert!(poll(&mut conn).is_pending());
    assert_eq!(notes.so_far(), ["idle for 17s"]);
    assert_eq!(wire.alarm(), Some(3 * SECOND));
    wire.pass(17 * SECOND);
    wire.send(b"here\r\n");
    echo(&mut conn);
    assert!(poll(&mut conn).is_pending());
    assert_eq!(notes.so_far(), ["flushed"], "what it said before it was heard counts");
}

#[test]
fn who_is_not_listened_to_is_not_idle() {
    let wire = Wire::new();
    let (mut conn, notes) = telling_silence(&wire);
    let handle = conn.handle();
    handle.pause();
    for _ in 0..5 {
        wire.pass(30 * SECOND);
        assert!(poll(&mut conn).is_pending());
    }
    handle.resume();
    assert!(poll(&mut conn).is_pending());
    assert_eq!(notes.so_far(), [""; 0]);
    assert_eq!(wire.alarm(), Some(5 * SECOND));
    wire.pass(5 * SECOND);
    assert!(poll(&mut conn).is_pending());
    assert_eq!(notes.so_far(), ["idle for 5s"]);
}

#[test]
fn the_machines_deadline_comes_before_a_later_silence() {
    let wire = Wire::new();
    let (observer, notes) = Notes::new();
    let options = Options::new().idle(700 * SECOND);
    let mut conn = by_hand::toy(&wire, options).observe(observer);
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.alarm(), Some(600 * SECOND));
    wire.pass(600 * SECOND);
    wire.state().eof = true;
    assert!(is_over(&mut conn));
    assert_eq!(notes.so_far(), ["connected", "flushed", "disconnected: timeout"]);
}

#[test]
fn without_the_option_silence_is_not_told() {
    for options in [Options::new(), Options::new().idle(Duration::ZERO)] {
        let wire = Wire::new();
        let (mut conn, notes) = observed(&wire, options);
        wire.pass(599 * SECOND);
        assert!(poll(&mut conn).is_pending());
        assert_eq!(wire.alarm(), Some(SECOND));
        assert_eq!(notes.so_far(), [""; 0]);
    }
}
