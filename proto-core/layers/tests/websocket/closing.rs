//! How sessions end, from either side.

use std::borrow::Cow;
use std::time::Duration;

use bytes::BytesMut;
use wirestate_layers::websocket::{Close, Delimiter, Failure, Lines, Refused};
use wirestate_layers::{Error, WebSocket};
use wirestate_machine::framed::Framing;
use wirestate_machine::line::{self, Line};
use wirestate_machine::raw::{Pieces, Raw};
use wirestate_machine::{Ending, Instant, Machine, Upgrade};

use crate::common::Toy;
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
    let mut server = WebSocket::server(line, Lines::default(), config().into());
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
    let mut server = WebSocket::server(line, Lines::default(), config().into());
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
fn what_comes_after_the_machine_has_closed_is_dropped_however_much() {
    let mut server = open(config(), "");
    server.close();
    settle(&mut server, Instant::START).unwrap();
    let rest = [frame(TEXT, &[b'x'; 4000]).repeat(10), frame(CLOSE, b"")].concat();
    assert!(feed(&mut server, &rest).unwrap().is_empty());
    assert!(server.is_closed() && server.ending() == Some(Ending::Local));
}

fn stream(raw: Raw) -> WebSocket<Raw> {
    let mut server = WebSocket::server(raw, Lines::default(), config().into());
    server.inbox().push(format!("{REQUEST}\r\n").as_bytes());
    assert_eq!(server.poll(Instant::START).unwrap(), None);
    server.outbox().drain();
    server
}

#[test]
fn a_line_without_its_end_is_sent_when_no_more_will_come() {
    let mut server = stream(Raw::new(Pieces::default()));
    server.send("whole\r\nhal").unwrap();
    server.send("f").unwrap();
    assert_eq!(frames(&server.outbox().drain()), [(TEXT, b"whole".to_vec())]);
    server.close();
    server.poll(Instant::START).unwrap();
    let said = frames(&server.outbox().drain());
    assert_eq!(said[0], (TEXT, b"half".to_vec()));
    assert_eq!(said[1].0, CLOSE);
}

#[test]
fn a_line_without_its_end_is_dropped_where_the_peer_closes() {
    let mut server = stream(Raw::new(Pieces::default()));
    server.send("half").unwrap();
    server.inbox().push(&frame(CLOSE, b""));
    while server.poll(Instant::START).unwrap().is_some() {}
    assert_eq!(frames(&server.outbox().drain()), [(CLOSE, vec![])]);
}

#[test]
fn a_machine_that_outlasts_its_input_does_not_outlast_the_peer() {
    let mut server = stream(Raw::new(Pieces::default().half_open()));
    server.inbox().push(&[frame(CLOSE, b""), frame(PING, b"late")].concat());
    while server.poll(Instant::START).unwrap().is_some() {}
    assert_eq!(server.inbox().room(), 0);
    server.send("to nobody\r\n").unwrap();
    server.poll(Instant::START).unwrap();
    assert!(server.inner_mut().outbox().is_empty() && !server.is_closed());
    assert_eq!(frames(&server.outbox().drain()), [(CLOSE, vec![])]);
    server.poll(Instant::START + CLOSING).unwrap();
    assert_eq!((server.is_closed(), server.ending()), (true, Some(Ending::PeerClosed)));
}

/// Messages that end with LF within, and with nothing outside.
struct Newlines;

impl Delimiter for Newlines {
    fn incoming(&mut self, message: &mut BytesMut, _is_last: bool) -> Result<(), Refused> {
        message.extend_from_slice(b"\n");
        Ok(())
    }

    fn end(&mut self, more: &[u8]) -> Option<usize> {
        more.iter().position(|byte| *byte == b'\n').map(|place| place + 1)
    }

    fn outgoing<'a>(&mut self, message: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        // Some things are not said through a WebSocket.
        message.strip_suffix(b"\n").filter(|line| *line != b"bye").map(Cow::Borrowed)
    }
}

fn toy(message: &[u8]) -> WebSocket<Toy, Newlines> {
    let mut server = WebSocket::server(Toy::forgetful(), Newlines, config().into());
    server.inbox().push(format!("{REQUEST}\r\n").as_bytes());
    server.poll(Instant::START).unwrap();
    server.outbox().drain();
    server.inbox().push(&frame(TEXT, message));
    server
}

#[test]
fn an_upgrade_that_nothing_inside_takes_ends_the_session() {
    let mut server = toy(b"STARTTLS");
    assert!(server.poll(Instant::START).unwrap().is_some());
    let Err(Error::WebSocket(failure)) = server.poll(Instant::START) else { panic!("it went on") };
    assert_eq!(failure, Failure::Stranded(Upgrade::Tls));
    let said = frames(&server.outbox().drain());
    assert_eq!(said[0], (TEXT, b"GO".to_vec()));
    assert_eq!((said[1].0, &said[1].1[..2]), (CLOSE, &1011u16.to_be_bytes()[..]));
    assert!(server.is_closed() && server.upgrade().is_none());
}

#[test]
fn a_delimiter_of_ones_own_says_what_is_sent() {
    let mut server = toy(b"BYE");
    assert!(server.poll(Instant::START).unwrap().is_some());
    server.poll(Instant::START).unwrap();
    let said = frames(&server.outbox().drain());
    assert_eq!((said.len(), said[0].0), (1, CLOSE));
}

#[test]
fn nothing_is_said_after_the_close_frame() {
    let mut server = open(config(), "");
    server.inbox().push(&[frame(CLOSE, b""), frame(PING, b"x")].concat());
    settle(&mut server, Instant::START).unwrap();
    let _ = server.send("late");
    assert_eq!(frames(&server.outbox().drain()), [(CLOSE, vec![])]);
}
