//! What handles and errors do to a connection, on a clock that stands still: pausing, waiting messages, and both error policies.

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
use wire::Wire;
use wirestate_driver::{Error, How, OnError, Options, Pace};
use wirestate_machine::Machine;

const PATIENCE: Duration = Duration::ZERO;

// --- pausing ---

#[test]
fn nothing_is_read_while_reading_is_paused() {
    let wire = Wire::new();
    let (mut conn, _notes) = observed(&wire, Options::new());
    let handle = conn.handle();
    handle.pause();
    wire.send(b"one\r\n");
    wire.state().eof = true;
    for _ in 0..3 {
        assert!(poll(&mut conn).is_pending());
    }
    handle.tell(|toy| toy.say(b"news\r\n")).unwrap();
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.said(), "news\r\n");
    assert_eq!(wire.state().reads, 0);
    handle.resume();
    assert_eq!(echo(&mut conn), "one\r\n");
    assert!(is_over(&mut conn));
    assert_eq!(wire.said(), "news\r\none\r\n");
}

#[test]
fn a_paused_connection_can_be_closed() {
    let wire = Wire::new();
    let (mut conn, _notes) = observed(&wire, Options::new());
    conn.handle().pause();
    wire.send(b"never answered\r\n");
    assert!(poll(&mut conn).is_pending());
    conn.handle().disconnect(|toy| toy.say(b"last\r\n")).unwrap();
    wire.state().eof = true;
    assert!(is_over(&mut conn));
    assert_eq!(wire.said(), "last\r\n");
}

// --- errors: close, or ask ---

fn asking() -> Options {
    Options::new().on_error(OnError::Ask)
}

#[test]
fn an_error_that_is_not_asked_about_is_the_end() {
    let wire = Wire::new();
    let (mut conn, notes) = observed(&wire, Options::new());
    wire.sends_error(ErrorKind::ConnectionReset);
    assert!(matches!(failure(&mut conn), Error::Read(_)));
    assert_eq!(notes.so_far(), ["disconnected: I/O failure"]);
    assert!(is_over(&mut conn));
    assert_eq!(notes.so_far(), [""; 0]);
}

#[test]
fn a_stall_that_is_asked_about_gets_as_long_again() {
    let wire = Wire::new();
    let (mut conn, notes) = observed(&wire, asking());
    wire.state().window = 0;
    wire.send(b"one\r\n");
    echo(&mut conn);
    assert!(poll(&mut conn).is_pending());
    for _ in 0..3 {
        wire.pass(60 * SECOND);
        assert!(matches!(failure(&mut conn), Error::Stalled { after } if after == 60 * SECOND));
        assert!(poll(&mut conn).is_pending());
        assert_eq!(wire.alarm(), Some(60 * SECOND));
    }
    wire.state().window = 100;
    wire.send(b"quit\r\n");
    wire.state().eof = true;
    assert!(is_over(&mut conn));
    assert_eq!(wire.said(), "one\r\nbye\r\n");
    assert_eq!(notes.so_far().last().unwrap(), "disconnected: quit");
}

// --- a pace ---

const PACE: Pace = Pace { bytes: 100, within: Duration::from_secs(10) };

#[test]
fn a_drip_is_given_up_at_the_end_of_its_stretch() {
    let wire = Wire::new();
    let (mut conn, notes) = observed(&wire, Options::new().pace(PACE));
    wire.state().window = 1000;
    wire.send(b"flood 100000000\r\n");
    assert!(poll(&mut conn).is_pending());
    // What was taken before it had to wait does not count, and each stretch counts for itself.
    for (taken, passed) in [(60, 5), (40, 5), (0, 9), (150, 1), (99, 9)] {
        assert_eq!(notes.so_far().iter().filter(|note| note.starts_with("disconnected")).count(), 0);
        wire.state().window = taken;
        wire.pass(passed * SECOND);
        assert!(poll(&mut conn).is_pending());
    }
    assert_eq!(wire.alarm(), Some(SECOND));
    wire.pass(SECOND);
    let error = failure(&mut conn);
    assert!(matches!(error, Error::TooSlow { taken: 99, within } if within == 10 * SECOND), "{error}");
    assert!(is_over(&mut conn));
    assert_eq!(notes.so_far().last().unwrap(), "disconnected: timeout");
}

#[test]
fn without_output_that_waits_there_is_no_pace() {
    let wire = Wire::new();
    let (mut conn, _notes) = observed(&wire, Options::new().pace(PACE));
    for _ in 0..3 {
        wire.state().window = 0;
        wire.send(b"one\r\n");
        echo(&mut conn);
        assert!(poll(&mut conn).is_pending());
        assert_eq!(wire.alarm(), Some(10 * SECOND));
        wire.pass(9 * SECOND);
        wire.state().window = 100;
        assert!(poll(&mut conn).is_pending());
        assert_eq!(wire.state().window, 95, "little is enough where it is all");
        wire.pass(100 * SECOND);
        assert!(poll(&mut conn).is_pending());
    }
}

#[test]
fn a_stall_is_told_as_such_where_it_comes_first() {
    let wire = Wire::new();
    let (mut conn, _notes) = observed(&wire, Options::new().pace(PACE).stall(2 * SECOND));
    wire.state().window = 0;
    wire.send(b"one\r\n");
    echo(&mut conn);
    assert!(poll(&mut conn).is_pending());
    wire.pass(2 * SECOND);
    assert!(matches!(failure(&mut conn), Error::Stalled { .. }));
}

#[test]
fn a_drip_that_is_asked_about_gets_as_long_again() {
    let wire = Wire::new();
    let (mut conn, _notes) = observed(&wire, asking().pace(PACE));
    wire.state().window = 0;
    wire.send(b"flood 100000000\r\n");
    assert!(poll(&mut conn).is_pending());
    for _ in 0..3 {
        wire.state().window = 10;
        wire.pass(10 * SECOND);
        let error = failure(&mut conn);
        assert!(matches!(error, Error::TooSlow { taken: 10, .. }), "{error}");
        assert!(poll(&mut conn).is_pending());
        assert_eq!(wire.alarm(), Some(10 * SECOND));
    }
}

#[test]
fn last_words_and_a_flush_are_under_the_pace_too() {
    let wire = Wire::new();
    let (mut conn, _notes) = observed(&wire, Options::new().pace(PACE));
    wire.state().window = 0;
    conn.machine().say(&[b'x'; 1000]);
    assert!(once(conn.flush()).is_pending());
    wire.state().window = 50;
    wire.pass(10 * SECOND);
    assert!(matches!(once(conn.flush()), Poll::Ready(Err(Error::TooSlow { taken: 50, .. }))));
    let wire = Wire::new();
    let (mut conn, _notes) = observed(&wire, asking().pace(PACE));
    wire.state().window = 0;
    conn.machine().say(&[b'x'; 1000]);
    wire.send(b"quit\r\n");
    assert!(poll(&mut conn).is_pending());
    wire.state().window = 50;
    wire.pass(10 * SECOND);
    assert!(matches!(failure(&mut conn), Error::TooSlow { taken: 50, .. }));
    assert!(is_over(&mut conn));
}

#[test]
fn a_broken_stream_that_is_written_no_more_is_not_waited_for() {
    let wire = Wire::new();
    let (mut conn, _notes) = observed(&wire, asking().stall(5 * SECOND));
    wire.state().window = 0;
    wire.send(b"one\r\n");
    echo(&mut conn);
    assert!(poll(&mut conn).is_pending());
    wire.state().broken_write = Some(ErrorKind::BrokenPipe);
    assert!(matches!(failure(&mut conn), Error::Write(_)));
    wire.pass(5 * SECOND);
    assert!(poll(&mut conn).is_pending());
    assert_eq!(wire.alarm(), Some(595 * SECOND), "the machine's alarm alone");
}

#[test]
fn a_stall_of_the_last_words_is_not_asked_about() {
    let wire = Wire::new();
    let (mut conn, notes) = observed(&wire, asking());
    wire.state().window = 0;
    wire.send(b"quit\r\n");
    assert!(poll(&mut conn).is_pending());
    wire.pass(60 * SECOND);
    assert!(matches!(failure(&mut conn), Error::Stalled { .. }));
    assert!(is_over(&mut conn));
    assert_eq!(notes.so_far(), ["disconnected: quit"]);
}

#[test]
fn after_a_read_error_that_was_asked_about_the_input_has_ended() {
    let wire = Wire::new();
    let (mut conn, notes) = observed(&wire, asking());
    wire.send(b"one\r\nhalf");
    let Poll::Ready(Some(Ok((ticket, line)))) = poll(&mut conn) else { panic!("no line") };
    wire.sends_error(ErrorKind::ConnectionReset);
    assert!(matches!(failure(&mut conn), Error::Read(_)));
    conn.machine().answer(ticket, &line);
    let reads = wire.state().reads;
    assert!(is_over(&mut conn));
    assert_eq!(wire.said(), "one\r\n");
    assert_eq!(wire.state().reads, reads, "nothing is read after the error");
    assert_eq!(notes.so_far(), ["flushed", "disconnected: I/O failure"]);
}

#[test]
fn after_a_write_error_that_was_asked_about_input_is_still_read() {
    let wire = Wire::new();
    let (mut conn, notes) = observed(&wire, asking());
    wire.state().window = 2;
    wire.send(b"one\r\n");
    echo(&mut conn);
    assert!(poll(&mut conn).is_pending());
    wire.state().broken_write = Some(ErrorKind::BrokenPipe);
    assert!(matches!(failure(&mut conn), Error::Write(_)));
    for line in ["two\r\n", "three\r\n"] {
        wire.send(line.as_bytes());
        assert_eq!(echo(&mut conn), line);
        assert!(poll(&mut conn).is_pending(), "it is told once");
    }
    assert!(matches!(once(conn.flush()), Poll::Ready(Ok(()))));
    assert!(conn.machine().outbox().is_empty());
    wire.send(b"flood 10000000\r\nquit\r\n");
    wire.state().eof = true;
    while !is_over(&mut conn) {}
    assert_eq!(wire.said(), "on");
    assert_eq!(notes.so_far().last().unwrap(), "disconnected: I/O failure");
}

#[test]
fn who_is_asked_may_close() {
    let wire = Wire::new();
    let (mut conn, notes) = observed(&wire, asking());
    wire.state().broken_write = Some(ErrorKind::BrokenPipe);
    wire.send(b"one\r\n");
    echo(&mut conn);
    assert!(matches!(failure(&mut conn), Error::Write(_)));
    assert!(matches!(once(conn.close(How::Abort)), Poll::Ready(Ok(()))));
    assert_eq!(notes.so_far(), ["disconnected: closed by this end"]);
}

// --- handles ---

#[test]
fn a_pull_that_is_dropped_while_messages_wait_loses_none() {
    let wire = Wire::new();
    let (mut conn, _notes) = observed(&wire, Options::new());
    let handle = conn.handle();
    wire.state().window = 0;
    handle.tell(|toy| toy.say(&[b'x'; 70 * 1024])).unwrap();
    let mut expected = "x".repeat(70 * 1024);
    for number in 0..10 {
        handle.tell(move |toy| toy.say(format!("{number}\r\n").as_bytes())).unwrap();
        expected += &format!("{number}\r\n");
        assert!(once(conn.next()).is_pending());
    }
    assert_eq!(handle.stats().waiting, 10);
    for _ in 0..20 {
        wire.state().window = 5 * 1024;
        assert!(once(conn.next()).is_pending());
        assert!(once(conn.flush()).is_pending() || conn.machine().outbox().is_empty());
    }
    assert!(once(conn.next()).is_pending());
    assert_eq!(wire.said(), expected);
}

#[test]
fn closing_a_connection_says_what_handles_told_before() {
    let wire = Wire::new();
    let (mut conn, _notes) = observed(&wire, Options::new());
    let handle = conn.handle();
    conn.machine().say(b"first\r\n");
    handle.tell(|toy| toy.say(b"second\r\n")).unwrap();
    wire.state().eof = true;
    assert!(matches!(once(conn.close(How::Flush)), Poll::Ready(Ok(()))));
    assert_eq!(wire.said(), "first\r\nsecond\r\n");
    assert!(handle.is_gone());
}
