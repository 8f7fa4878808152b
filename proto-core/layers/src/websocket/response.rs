//! The client's part of the opening handshake.

use base64ct::{Base64, Encoding};
use httparse::{EMPTY_HEADER, Status};
use wirestate_machine::Outbox;

use super::config::Request;
use super::failure::{BadResponse, Failure};
use super::fields::{FIELDS, Fields, has_whole_lines};
use super::handshake::{Handshake, accept};
use super::writer::Masks;

/// Asks for a WebSocket (RFC 6455 §4.1).
pub(super) fn ask(outbox: &mut Outbox, request: &Request) {
    let Request { host, target, origin, protocols, .. } = request;
    outbox.put_display(format_args!("GET {target} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"));
    outbox.put_display(format_args!("Connection: Upgrade\r\nSec-WebSocket-Key: {}\r\n", key(request)));
    outbox.put(b"Sec-WebSocket-Version: 13\r\n");
    if let Some(origin) = origin {
        outbox.put_display(format_args!("Origin: {origin}\r\n"));
    }
    for (place, protocol) in protocols.iter().enumerate() {
        let before = if place == 0 { "Sec-WebSocket-Protocol: " } else { ", " };
        outbox.put_display(format_args!("{before}{}", protocol.name()));
    }
    outbox.put(if protocols.is_empty() { b"\r\n" } else { b"\r\n\r\n" });
}

fn key(request: &Request) -> String {
    Base64::encode_string(&Masks::key(&request.seed))
}

/// Reads the head of a response.
pub(super) fn read(head: &[u8], request: &Request) -> Result<Box<Handshake>, Failure> {
    let mut fields = [EMPTY_HEADER; FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    match response.parse(head) {
        Ok(Status::Complete(length)) if length == head.len() && has_whole_lines(head) => {}
        Err(httparse::Error::TooManyHeaders) => return Err(Failure::TooManyFields { limit: FIELDS }),
        _ => return Err(BadResponse::Malformed.into()),
    }
    let status = response.code.ok_or(BadResponse::Malformed)?;
    let fields = Fields(response.headers);
    let has_accepted = matches!(fields.one("Sec-WebSocket-Accept"), Ok(Some(said)) if said == accept(&key(request)));
    let chosen = fields.one("Sec-WebSocket-Protocol").map_err(|_| BadResponse::Protocol)?;
    let protocol = request.protocols.iter().find(|asked| Some(asked.name()) == chosen).cloned();
    let faults = [
        (status != 101, BadResponse::Status { status }),
        (!fields.lists("Upgrade", "websocket"), BadResponse::Upgrade),
        (!fields.lists("Connection", "Upgrade"), BadResponse::Connection),
        (!has_accepted, BadResponse::Accept),
        (chosen.is_some() && protocol.is_none(), BadResponse::Protocol),
        (fields.has("Sec-WebSocket-Extensions"), BadResponse::Extension),
    ];
    if let Some((_, fault)) = faults.into_iter().find(|(holds, _)| *holds) {
        return Err(fault.into());
    }
    Ok(Box::new(Handshake {
        target: request.target.clone(),
        host: request.host.clone(),
        origin: request.origin.clone(),
        frames: protocol.as_ref().map_or(request.otherwise, |protocol| protocol.frames()),
        protocol,
    }))
}
