//! Another implementation, `tungstenite`, as the client of our server.

use std::io::{self, Read, Write};

use bytes::Buf;
use tungstenite::Message;
use tungstenite::protocol::frame::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{Role, WebSocketContext};
use wirestate_machine::{Instant, Machine};

use crate::support::*;

/// What the client reads is the server's outbox, and what it writes the server's inbox. The server says each line back.
struct Wire(Server);

impl Wire {
    fn settle(&mut self) {
        for line in settle(&mut self.0, Instant::START).unwrap() {
            self.0.send(&line).unwrap();
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.settle();
        let outbox = self.0.outbox();
        // Odd sizes, so that frames are cut.
        let count = outbox.chunk().len().min(buffer.len()).min(7);
        if count == 0 {
            return if self.0.is_closed() { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) };
        }
        outbox.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.0.inbox().push_some(&bytes[..bytes.len().min(11)]);
        self.settle();
        if taken == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(taken) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn message(client: &mut WebSocketContext, wire: &mut Wire) -> Message {
    client.read(wire).unwrap()
}

#[test]
fn it_understands_us_and_we_it() {
    let mut wire = Wire(open(config(), "Sec-WebSocket-Protocol: text.ircv3.net\r\n"));
    let mut client = WebSocketContext::new(Role::Client, None);
    for length in [0, 1, 125, 126, 127, 1000, 8000] {
        let line = "x".repeat(length);
        client.write(&mut wire, Message::text(line.clone())).unwrap();
        client.flush(&mut wire).unwrap();
        assert_eq!(message(&mut client, &mut wire), Message::text(line));
    }
    client.write(&mut wire, Message::Ping("here?".into())).unwrap();
    client.flush(&mut wire).unwrap();
    assert_eq!(message(&mut client, &mut wire), Message::Pong("here?".into()));

    let close = CloseFrame { code: CloseCode::Away, reason: "the page is gone".into() };
    client.close(&mut wire, Some(close)).unwrap();
    let answer = CloseFrame { code: CloseCode::Away, reason: "".into() };
    assert_eq!(message(&mut client, &mut wire), Message::Close(Some(answer)));
    assert!(wire.0.is_closed());
    assert!(matches!(client.read(&mut wire), Err(tungstenite::Error::ConnectionClosed)));
    assert_eq!(wire.0.peer_close().unwrap().reason, "the page is gone");
}

#[test]
fn it_takes_our_leave() {
    let mut wire = Wire(open(config(), ""));
    let mut client = WebSocketContext::new(Role::Client, None);
    wire.0.send("bye").unwrap();
    wire.0.close();
    assert_eq!(message(&mut client, &mut wire), Message::text("bye"));
    let Message::Close(Some(close)) = message(&mut client, &mut wire) else { panic!("no Close frame") };
    assert_eq!(close.code, CloseCode::Normal);
    assert!(client.read(&mut wire).is_err());
    assert!(wire.0.is_closed());
}
