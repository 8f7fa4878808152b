//! A server and a client of lines, requests and frames by hand, and a reader of frames.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use wirestate_layers::websocket::{Config, Failure, Lines, Request};
use wirestate_layers::{Error, WebSocket};
use wirestate_machine::line::{self, Line};
use wirestate_machine::{Instant, Machine, framed};

pub(crate) type Server = WebSocket<Line>;
pub(crate) type Outcome = Result<Vec<Bytes>, Error<framed::Failure<line::Violation>>>;

pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(crate) const REQUEST: &str = "GET /irc HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

pub(crate) fn config() -> Config {
    Config::irc().with_page("text/html", "<p>hello").unwrap()
}

pub(crate) fn server(config: Config) -> Server {
    WebSocket::server(Line::new(line::Lines::default()), Lines::default(), Arc::new(config))
}

pub(crate) fn client(request: Request) -> Server {
    WebSocket::client(Line::new(line::Lines::default()), Lines::default(), request)
}

/// A server that has agreed to a WebSocket with these header fields beside.
pub(crate) fn open(config: Config, more: &str) -> Server {
    let mut server = server(config);
    assert!(feed(&mut server, format!("{REQUEST}{more}\r\n").as_bytes()).unwrap().is_empty());
    let answer = text(server.outbox().drain());
    assert!(answer.starts_with("HTTP/1.1 101 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    server
}

/// Pushes bytes, and gives the lines that came of them.
pub(crate) fn feed(server: &mut Server, mut bytes: &[u8]) -> Outcome {
    let mut lines = settle(server, Instant::START)?;
    while !bytes.is_empty() && !server.is_closed() {
        let taken = server.inbox().push_some(bytes);
        bytes = &bytes[taken..];
        lines.extend(settle(server, Instant::START)?);
        if taken == 0 && server.inbox().room() == 0 {
            break;
        }
    }
    Ok(lines)
}

pub(crate) fn settle(server: &mut Server, now: Instant) -> Outcome {
    let mut lines = Vec::new();
    while let Some(line) = server.poll(now)? {
        lines.push(line);
    }
    Ok(lines)
}

/// What a failure of the layer is.
pub(crate) fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Err(Error::WebSocket(failure)) => failure,
        other => panic!("no failure of the layer: {other:?}"),
    }
}

pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

pub(crate) const TEXT: u8 = 0x81;
pub(crate) const BINARY: u8 = 0x82;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8A;

/// A client's frame: the first byte is that of the header.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [0x37, 0xFA, 0x21, 0x3D];
    let mut frame = header(first, 0x80, payload.len());
    frame.extend(key);
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// A server's frame.
pub(crate) fn plain(first: u8, payload: &[u8]) -> Vec<u8> {
    [header(first, 0, payload.len()), payload.to_vec()].concat()
}

fn header(first: u8, masked: u8, length: usize) -> Vec<u8> {
    match length {
        0..126 => vec![first, masked | length as u8],
        126..0x1_0000 => [&[first, masked | 126][..], &(length as u16).to_be_bytes()].concat(),
        _ => [&[first, masked | 127][..], &(length as u64).to_be_bytes()].concat(),
    }
}

/// The frames of a server, each as its first byte and its payload.
pub(crate) fn frames(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while bytes.has_remaining() {
        let (first, second) = (bytes.get_u8(), bytes.get_u8());
        let length = match second {
            126 => usize::from(bytes.get_u16()),
            127 => bytes.get_u64() as usize,
            short => usize::from(short),
        };
        frames.push((first, bytes[..length].to_vec()));
        bytes.advance(length);
    }
    frames
}

/// The code and the reason of the one frame that is left, a Close.
pub(crate) fn close_said(server: &mut Server) -> (u16, String) {
    let said = frames(&server.outbox().drain());
    let [.., (CLOSE, payload)] = &said[..] else { panic!("no Close frame at the end: {said:?}") };
    (u16::from_be_bytes([payload[0], payload[1]]), text(payload[2..].to_vec()))
}
