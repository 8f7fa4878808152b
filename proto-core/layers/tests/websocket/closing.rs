//! How sessions end, from either side.

use std::time::Duration;

use wirestate_layers::websocket::Close;
use wirestate_machine::framed::Framing;
use wirestate_machine::line::{self, Line};
use wirestate_machine::{Ending, Instant, Machine};

use crate::support::*;

const CLOSING: Duration = Duration::from_secs(5);

#[test]
fn when_the_machine_closes_its_last_words_and_a_close_frame_go_out() {
    let mut server = open(config(), "");
    server.send("bye").unwrap();
    server.close();
    assert!(settle(&mut server, Instant::START).unwrap().is_empty());
    assert!(!server.is_closed());
    let said = frames(&server.outbox().drain());
    assert_eq!(said[0], (TEXT, b"bye".to_vec()));
    assert_eq!(said[1], (CLOSE, [&1000u16.to_be_bytes()[..], b"closed by this end"].concat()));
    // What still comes is read and dropped until the peer has answered.
    let rest = [frame(TEXT, b"ignored"), frame(PING, b"x"), frame(CLOSE, &1000u16.to_be_bytes())].concat();
    assert!(feed(&mut server, &rest).unwrap().is_empty());
    assert!(server.is_closed() && server.outbox().is_empty());
    assert_eq!(server.peer_close(), Some(&Close { code: Some(1000), reason: String::new() }));
    assert_eq!(server.ending(), Some(Ending::Local));
}

#[test]
fn a_peer_that_does_not_answer_is_not_waited_for_long() {
    let mut server = open(config(), "");
    server.close();
    settle(&mut server, Instant::START).unwrap();
    assert_eq!(server.deadline(), Some(Instant::START + CLOSING));
    settle(&mut server, Instant::START + CLOSING).unwrap();
    assert!(server.is_closed() && server.deadline().is_none());
}

#[test]
fn neither_is_one_that_does_not_read() {
    let mut server = open(config(), "");
    for _ in 0..400 {
        server.send([b'x'; 200]).unwrap();
    }
    server.close();
    settle(&mut server, Instant::START).unwrap();
    assert_eq!(server.deadline(), Some(Instant::START + CLOSING));
    settle(&mut server, Instant::START + CLOSING).unwrap();
    assert!(server.is_closed());
}

#[test]
fn garbage_after_the_last_word_changes_nothing() {
    let mut server = open(config(), "");
    server.close();
    settle(&mut server, Instant::START).unwrap();
    assert!(feed(&mut server, &plain(TEXT, b"unmasked")).unwrap().is_empty());
    assert_eq!((server.is_closed(), server.ending()), (true, Some(Ending::Local)));
}

#[test]
fn a_shutdown_is_told_as_going_away() {
    let farewell = line::Lines::default().encode("bye").unwrap();
    let line = Line::new(line::Lines::default()).with_farewell(farewell);
    let mut server = wirestate_layers::WebSocket::server(line, Default::default(), config().into());
    feed(&mut server, format!("{REQUEST}\r\n").as_bytes()).unwrap();
    server.outbox().drain();
    server.shutdown();
    settle(&mut server, Instant::START).unwrap();
    assert_eq!(close_said(&mut server), (1001, "shutdown".into()));
}

#[test]
fn a_machine_that_gives_up_says_so_before_the_close_frame() {
    let farewell = line::Lines::default().encode("too long").unwrap();
    let line = Line::new(line::Lines::default().with_limit(10)).with_farewell(farewell);
    let mut server = wirestate_layers::WebSocket::server(line, Default::default(), config().into());
    feed(&mut server, format!("{REQUEST}\r\n").as_bytes()).unwrap();
    server.outbox().drain();
    assert!(feed(&mut server, &frame(TEXT, &[b'x'; 11])).is_err());
    assert!(server.is_closed());
    let said = frames(&server.outbox().drain());
    assert_eq!(said[0], (TEXT, b"too long".to_vec()));
    assert_eq!(said[1], (CLOSE, [&1008u16.to_be_bytes()[..], b"limit"].concat()));
    assert!(settle(&mut server, Instant::START).is_err());
    assert!(server.outbox().is_empty());
}

#[test]
fn a_close_frame_of_the_peer_is_answered_after_the_lines_before_it() {
    let mut server = open(config(), "");
    let close = [&4000u16.to_be_bytes()[..], b"enough"].concat();
    let bytes = [frame(TEXT, b"QUIT"), frame(CLOSE, &close), frame(TEXT, b"after")].concat();
    assert_eq!(feed(&mut server, &bytes).unwrap(), ["QUIT"]);
    assert_eq!(frames(&server.outbox().drain()), [(CLOSE, 4000u16.to_be_bytes().to_vec())]);
    assert!(server.is_closed());
    assert_eq!(server.ending(), Some(Ending::PeerClosed));
    assert_eq!(server.peer_close(), Some(&Close { code: Some(4000), reason: "enough".into() }));
}

#[test]
fn an_empty_close_frame_is_answered_with_one() {
    let mut server = open(config(), "");
    feed(&mut server, &frame(CLOSE, b"")).unwrap();
    assert_eq!(frames(&server.outbox().drain()), [(CLOSE, vec![])]);
    assert!(server.is_closed());
}

#[test]
fn the_end_of_the_stream_ends_the_machine_too() {
    let mut server = open(config(), "");
    server.inbox().push(&[frame(TEXT, b"last"), frame(TEXT, b"half")[..8].to_vec()].concat());
    server.inbox().close();
    assert_eq!(settle(&mut server, Instant::START).unwrap(), ["last"]);
    assert!(server.is_closed());
    assert_eq!((server.ending(), server.peer_close()), (Some(Ending::PeerClosed), None));
}

#[test]
fn nothing_is_said_after_the_close_frame() {
    let mut server = open(config(), "");
    server.inbox().push(&[frame(CLOSE, b""), frame(PING, b"x")].concat());
    settle(&mut server, Instant::START).unwrap();
    let _ = server.send("late");
    assert_eq!(frames(&server.outbox().drain()), [(CLOSE, vec![])]);
}
