//! Messages in both directions, and frames that break the protocol.

use std::time::Duration;

use wirestate_layers::WebSocket;
use wirestate_layers::websocket::{BadFrame, Config, Ended, Failure, Limits, Lines};
use wirestate_machine::line::{self, Line};
use wirestate_machine::{Ending, Instant, Machine};

use crate::support::*;

fn small() -> Config {
    let mut limits = Limits::default();
    (limits.message, limits.controls) = (100, 5);
    config().with_limits(limits)
}

/// How bytes of a client are refused: the failure, and the code of the Close frame.
fn refused(bytes: &[u8]) -> (Failure, u16) {
    let mut server = open(small(), "");
    let failure = failure(feed(&mut server, bytes));
    assert!(server.is_closed());
    (failure, close_said(&mut server).0)
}

#[test]
fn each_message_is_a_line() {
    let mut server = open(config(), "");
    let bytes = [frame(TEXT, b"NICK ann"), frame(BINARY, b"\xFF\xFE"), frame(TEXT, "grüß".as_bytes())].concat();
    assert_eq!(feed(&mut server, &bytes).unwrap(), [&b"NICK ann"[..], b"\xFF\xFE", "grüß".as_bytes()]);
}

#[test]
fn each_line_is_a_message_of_the_kind_that_was_agreed_on() {
    for (field, kind) in [("", TEXT), ("text", TEXT), ("binary", BINARY)] {
        let more = format!("Sec-WebSocket-Protocol: {field}.ircv3.net\r\n");
        let mut server = open(config(), if field.is_empty() { "" } else { &more });
        server.send("one").unwrap();
        server.send("").unwrap();
        server.send("x".repeat(300)).unwrap();
        let said = server.outbox().drain();
        assert_eq!(frames(&said), [(kind, b"one".to_vec()), (kind, b"".to_vec()), (kind, vec![b'x'; 300])]);
    }
}

#[test]
fn what_is_not_utf8_is_replaced_in_text_and_kept_in_binary() {
    let mut text = open(config(), "");
    text.send(b"a\xFFb").unwrap();
    assert_eq!(frames(&text.outbox().drain()), [(TEXT, "a\u{FFFD}b".as_bytes().to_vec())]);
    let mut binary = open(config(), "Sec-WebSocket-Protocol: binary.ircv3.net\r\n");
    binary.send(b"a\xFFb").unwrap();
    assert_eq!(frames(&binary.outbox().drain()), [(BINARY, b"a\xFFb".to_vec())]);
}

#[test]
fn a_very_long_line_leaves_in_fragments_between_characters() {
    let line = "€".repeat(20_000);
    let mut server = open(config(), "");
    server.send(&line).unwrap();
    let mut said = Vec::new();
    while !server.outbox().is_empty() {
        said.extend(server.outbox().drain());
        settle(&mut server, Instant::START).unwrap();
    }
    let said = frames(&said);
    assert!(said.len() > 3);
    let firsts: Vec<u8> = said.iter().map(|(first, _)| *first).collect();
    assert_eq!((firsts[0], firsts[1], firsts[firsts.len() - 1]), (0x01, 0x00, 0x80));
    let all: Vec<String> = said.into_iter().map(|(_, payload)| String::from_utf8(payload).unwrap()).collect();
    assert_eq!(all.concat(), line);
}

#[test]
fn fragments_make_one_message_with_pings_in_between() {
    let mut server = open(config(), "");
    let bytes = [frame(0x01, b"NI"), frame(PING, b"here?"), frame(0x00, b""), frame(0x80, b"CK")].concat();
    assert_eq!(feed(&mut server, &bytes).unwrap(), ["NICK"]);
    assert_eq!(frames(&server.outbox().drain()), [(PONG, b"here?".to_vec())]);
    // A character may be cut, as long as the message is whole text.
    let bytes = [frame(0x01, b"\xC3"), frame(0x80, b"\xA9")].concat();
    assert_eq!(feed(&mut server, &bytes).unwrap(), ["é"]);
}

#[test]
fn unasked_pongs_are_ignored() {
    let mut server = open(config(), "");
    assert!(feed(&mut server, &frame(PONG, b"x")).unwrap().is_empty());
    assert!(server.outbox().is_empty());
}

#[test]
fn frames_against_the_protocol_close_with_its_code() {
    for (bytes, fault) in [
        (plain(TEXT, b"x"), BadFrame::Unmasked),
        (frame(0xC1, b"x"), BadFrame::ReservedBits),
        (frame(0x91, b"x"), BadFrame::ReservedBits),
        (frame(0x83, b"x"), BadFrame::Opcode),
        (frame(0x8B, b"x"), BadFrame::Opcode),
        (frame(0x09, b"x"), BadFrame::FragmentedControl),
        (frame(PING, &[0; 126]), BadFrame::LongControl),
        (frame(0x80, b"x"), BadFrame::Continuation),
        ([frame(0x01, b"x"), frame(TEXT, b"y")].concat(), BadFrame::Interleaved),
        (vec![TEXT, 0x80 | 126, 0, 5, 1, 2, 3, 4], BadFrame::Length),
        (frame(CLOSE, b"\x03"), BadFrame::CloseCode),
        (frame(CLOSE, &1005u16.to_be_bytes()), BadFrame::CloseCode),
    ] {
        assert_eq!(refused(&bytes), (Failure::Frame(fault), 1002), "{bytes:?}");
    }
    assert_eq!(refused(&frame(CLOSE, b"\x03\xE8\xFF")), (Failure::Frame(BadFrame::CloseReason), 1007));
}

#[test]
fn what_a_message_may_not_hold_closes_with_1007() {
    assert_eq!(refused(&frame(TEXT, b"\xFF")), (Failure::NotUtf8, 1007));
    assert_eq!(refused(&[frame(0x01, b"\xC3"), frame(0x80, b"x")].concat()), (Failure::NotUtf8, 1007));
    for line_break in [&b"a\r\n"[..], b"a\nQUIT", b"\r"] {
        let (failure, code) = refused(&frame(BINARY, line_break));
        assert!(matches!(failure, Failure::Refused(_)) && code == 1007, "{failure}");
    }
}

#[test]
fn older_clients_may_be_borne_with() {
    let line = Line::new(line::Lines::default());
    let mut server = WebSocket::server(line, Lines::lenient(), config().into());
    let bytes = [format!("{REQUEST}\r\n").into_bytes(), frame(TEXT, b"NICK ann\r\n")].concat();
    assert_eq!(feed(&mut server, &bytes).unwrap(), ["NICK ann"]);
}

#[test]
fn a_message_that_is_too_long_is_refused_when_it_is_announced() {
    let too_long = (Failure::MessageTooLong { limit: 100 }, 1009);
    assert_eq!(refused(&[TEXT, 0x80 | 126, 0, 200, 1, 2, 3, 4]), too_long);
    for length in [1 << 63, u64::MAX, 1 << 40] {
        let header = [&[BINARY, 0xFF][..], &u64::to_be_bytes(length), &[1, 2, 3, 4]].concat();
        assert_eq!(refused(&header), too_long);
    }
    // A bomb of fragments.
    let bomb = [frame(0x01, &[b'x'; 60]), frame(0x00, &[b'x'; 40]), frame(0x00, b"x")].concat();
    assert_eq!(refused(&bomb), too_long);
    let mut server = open(small(), "");
    assert_eq!(feed(&mut server, &frame(TEXT, &[b'x'; 100])).unwrap(), [vec![b'x'; 100]]);
}

#[test]
fn a_flood_of_pings_is_answered_no_longer_than_allowed() {
    assert_eq!(refused(&frame(PING, b"x").repeat(6)), (Failure::Flood { limit: 5 }, 1008));
    let mut server = open(small(), "");
    for second in [0, 10, 20] {
        server.inbox().push(&frame(PING, b"x").repeat(5));
        settle(&mut server, Instant::START + Duration::from_secs(second)).unwrap();
        assert_eq!(frames(&server.outbox().drain()).len(), 5);
    }
}

#[test]
fn while_nobody_reads_only_the_last_ping_is_answered() {
    let mut server = open(config(), "");
    for _ in 0..400 {
        server.send([b'x'; 200]).unwrap();
    }
    assert!(server.outbox().is_full());
    let waiting = server.outbox().len();
    feed(&mut server, &[frame(PING, b"first"), frame(PING, b"last")].concat()).unwrap();
    assert_eq!(server.outbox().len(), waiting);
    let mut said = Vec::new();
    while !server.outbox().is_empty() {
        said.extend(server.outbox().drain());
    }
    let said = frames(&said);
    assert_eq!(said.iter().filter(|(first, _)| *first == PONG).collect::<Vec<_>>(), [&(PONG, b"last".to_vec())]);
    assert_eq!(said.len(), 401);
}

#[test]
fn a_reader_that_has_no_room_stops_the_peer() {
    let mut server = open(config(), "");
    let line = frame(TEXT, &[b'x'; 4000]);
    let mut pushed = 0;
    for _ in 0..100 {
        pushed += server.inbox().push_some(&line);
    }
    assert!(pushed <= 8 * 1024);
    assert_eq!(settle(&mut server, Instant::START).unwrap().len(), 2);
}

#[test]
fn endings_are_told() {
    let ending = |bytes: &[u8]| {
        let mut server = open(small(), "");
        assert!(feed(&mut server, bytes).is_err());
        server.ending()
    };
    assert_eq!(ending(&frame(PING, b"").repeat(6)), Some(Ending::Limit));
    assert_eq!(ending(&frame(TEXT, &[b'x'; 101])), Some(Ending::Limit));
    assert_eq!(ending(&plain(TEXT, b"x")), Some(Ending::Violation));
}

/// The machine has what has come of a message before it is whole, and bounds it by its own limits; a character is never cut.
#[test]
fn a_message_may_be_read_as_it_comes() {
    let line = Line::new(line::Lines::default());
    let mut server = WebSocket::server(line, Ended::by(b'\n'), config().into());
    server.inbox().push(format!("{REQUEST}\r\n").as_bytes());
    server.poll(Instant::START).unwrap();
    let whole = frame(TEXT, "gr\u{FC}\u{DF}e".as_bytes());
    for (byte, seen) in whole.iter().zip([0; 6].into_iter().chain([1, 2, 2, 4, 4, 6])) {
        server.inbox().push(&[*byte]);
        assert_eq!(server.poll(Instant::START).unwrap(), None);
        assert_eq!(server.inner_mut().inbox().len(), seen);
    }
    server.inbox().push(&whole[12..]);
    assert_eq!(server.poll(Instant::START).unwrap().as_deref(), Some("grüße".as_bytes()));
    assert!(server.inner_mut().inbox().is_empty());
}

/// What stands before it is read, however it came.
#[test]
fn what_is_wrong_in_a_part_ends_the_session_behind_it() {
    for (message, failure) in [(&b"one\ntwo"[..], false), (b"one\xFFtwo", true), (b"one\xE2\x82", true)] {
        let line = Line::new(line::Lines::default());
        let mut server = WebSocket::server(line, Ended::by(b'\n'), config().into());
        server.inbox().push(format!("{REQUEST}\r\n").as_bytes());
        server.poll(Instant::START).unwrap();
        server.outbox().drain();
        server.inbox().push(&frame(TEXT, message));
        let error = server.poll(Instant::START).unwrap_err();
        assert_eq!(matches!(error, wirestate_layers::Error::WebSocket(Failure::NotUtf8)), failure, "{error}");
        assert_eq!(server.inner_mut().inbox().bytes(), b"one");
        let said = frames(&server.outbox().drain());
        assert!(matches!(&said[..], [(CLOSE, payload)] if payload[..2] == 1007u16.to_be_bytes()), "{said:?}");
    }
}
