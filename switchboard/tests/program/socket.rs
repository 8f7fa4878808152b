//! The simplest of WebSocket clients (RFC 6455).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use xmpp_proto::xml::Element;

use super::tcp;

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
const FRAMING: &str = "urn:ietf:params:xml:ns:xmpp-framing";

pub struct Socket {
    stream: TcpStream,
    /// What was agreed on.
    pub protocol: Option<String>,
}

impl Socket {
    /// Asks for these subprotocols.
    pub fn connect(address: SocketAddr, protocols: &str) -> Self {
        let mut stream = tcp(address);
        let request = format!(
            "GET /xmpp-websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: {protocols}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let protocol = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Protocol: ")).map(str::to_owned);
        Self { stream, protocol }
    }

    /// Says these messages in one write.
    pub fn say(&mut self, messages: &[&str]) {
        let frames: Vec<u8> = messages.iter().flat_map(|message| frame(TEXT, message.as_bytes())).collect();
        self.stream.write_all(&frames).unwrap();
    }

    /// The next message; nothing after the other end has closed.
    pub fn next(&mut self) -> Option<String> {
        let mut message = Vec::new();
        loop {
            let (first, payload) = self.frame();
            if first == CLOSE {
                self.stream.write_all(&frame(CLOSE, &payload)).unwrap();
                return None;
            }
            message.extend(payload);
            if first & 0x80 != 0 {
                return Some(String::from_utf8(message).unwrap());
            }
        }
    }

    fn frame(&mut self) -> (u8, Vec<u8>) {
        let [first, length] = self.take();
        let length = match length {
            126 => usize::from(u16::from_be_bytes(self.take())),
            127 => usize::try_from(u64::from_be_bytes(self.take())).unwrap(),
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).unwrap();
        (first, payload)
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// The next message with this in it, for one that holds a line.
    pub fn line(&mut self, wanted: &str) -> String {
        std::iter::from_fn(|| self.next()).find(|line| line.contains(wanted)).expect(wanted)
    }

    // --- XMPP (RFC 7395) ---

    /// Says one element.
    pub fn tell(&mut self, element: &str) {
        self.say(&[element]);
    }

    /// The next message that has this in it. Each is one whole element.
    pub fn hear(&mut self, wanted: &str) -> String {
        loop {
            let message = self.next().unwrap_or_else(|| panic!("the end came before {wanted:?}"));
            message.parse::<Element>().unwrap_or_else(|why| panic!("{why}: {message}"));
            if message.contains(wanted) {
                return message;
            }
        }
    }

    /// The features of a new stream.
    pub fn open(&mut self) -> String {
        self.tell(&format!("<open xmlns='{FRAMING}' to='localhost' version='1.0'/>"));
        let open = self.next().unwrap();
        assert!(open.starts_with(&format!("<open xmlns='{FRAMING}' from='localhost' id='")), "{open}");
        self.hear("<features xmlns='http://etherx.jabber.org/streams'")
    }

    /// Somebody who is logged in by PLAIN, and bound.
    pub fn log_in(&mut self, name: &str, password: &str, resource: &str) {
        let features = self.open();
        assert!(features.contains(">PLAIN<") && !features.contains("starttls"), "{features}");
        let message = wirestate_sasl::base64::encode(format!("\0{name}\0{password}").as_bytes());
        self.tell(&format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{message}</auth>"));
        self.hear("<success");
        self.open();
        self.tell(&format!(
            "<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <resource>{resource}</resource></bind></iq>"
        ));
        self.hear(&format!("/{resource}</jid>"));
    }

    /// The end, in good order.
    pub fn close(mut self) {
        self.tell(&format!("<close xmlns='{FRAMING}'/>"));
        self.hear(&format!("<close xmlns='{FRAMING}'/>"));
        assert_eq!(self.next(), None);
    }
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = match payload.len() {
        short @ 0..126 => vec![first, 0x80 | u8::try_from(short).unwrap()],
        long => [&[first, 0x80 | 126][..], &u16::try_from(long).unwrap().to_be_bytes()].concat(),
    };
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}
