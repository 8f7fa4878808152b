//! What a server says in HTTP.

use bytes::Bytes;
use wirestate_machine::Outbox;

use super::config::Page;
use super::failure::Failure;
use super::handshake::Accepted;
use super::request::Verdict;

/// Agrees to a WebSocket (RFC 6455 §4.2.2).
pub(super) fn accept(outbox: &mut Outbox, accepted: &Accepted) {
    outbox.put(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
    outbox.put_display(format_args!("Sec-WebSocket-Accept: {}\r\n", accepted.answer));
    if let Some(protocol) = accepted.handshake.protocol() {
        outbox.put_display(format_args!("Sec-WebSocket-Protocol: {protocol}\r\n"));
    }
    outbox.put(b"\r\n");
}

/// Answers a request that is not for a WebSocket.
pub(super) fn serve(outbox: &mut Outbox, verdict: &Verdict<'_>) {
    match verdict {
        Verdict::Page { page: Page { content_type, body, is_public }, head_only } => {
            let more = if *is_public { "Access-Control-Allow-Origin: *\r\n" } else { "" };
            respond(outbox, "200 OK", more, content_type, body.clone(), *head_only);
        }
        Verdict::NotAllowed => {
            plain(outbox, "405 Method Not Allowed", "Allow: GET, HEAD\r\n", "only GET is possible here", false);
        }
        Verdict::NotFound { head_only } => plain(outbox, "404 Not Found", "", "nothing is here", *head_only),
        Verdict::Accept(_) => {}
    }
}

/// Tells why there will be no WebSocket.
pub(super) fn refuse(outbox: &mut Outbox, failure: &Failure) {
    let Some(status) = failure.status() else { return };
    let upgrade = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    let more = if status.starts_with("426") { upgrade } else { "" };
    plain(outbox, status, more, &failure.to_string(), false);
}

fn plain(outbox: &mut Outbox, status: &str, more: &str, text: &str, head_only: bool) {
    respond(outbox, status, more, "text/plain; charset=utf-8", Bytes::from(format!("{text}\n")), head_only);
}

fn respond(outbox: &mut Outbox, status: &str, more: &str, content_type: &str, body: Bytes, head_only: bool) {
    // 426 must list it beside, and may (RFC 9110 §7.8).
    let connection = if more.starts_with("Upgrade") { "close, Upgrade" } else { "close" };
    outbox.put_display(format_args!("HTTP/1.1 {status}\r\nConnection: {connection}\r\n{more}"));
    outbox.put_display(format_args!("Content-Type: {content_type}\r\nContent-Length: {}\r\n", body.len()));
    outbox.put(b"X-Content-Type-Options: nosniff\r\n\r\n");
    if !head_only {
        outbox.link(body);
    }
}
