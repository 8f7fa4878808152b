//! The opening handshake, the page, and what is refused.

use std::time::Duration;

use wirestate_layers::WebSocket;
use wirestate_layers::websocket::{
    BadRequest, BadResponse, Config, Ended, Failure, Frames, Lines, Opening, Page, Request, Subprotocol, XMPP,
};
use wirestate_machine::line::{self, Line};
use wirestate_machine::{Ending, Instant, Machine, TlsFacts, Upgrade, Upgraded, hand_over};

use crate::support::*;

fn answer(request: &str) -> (Server, String) {
    let mut server = server(config());
    assert!(feed(&mut server, request.as_bytes()).unwrap().is_empty());
    let said = text(server.outbox().drain());
    (server, said)
}

/// How a request is refused: the failure, and the status.
fn refused(config: Config, request: &[u8]) -> (Failure, String) {
    let mut server = server(config);
    let failure = failure(feed(&mut server, request));
    assert!(server.is_closed() && server.deadline().is_none());
    let said = text(server.outbox().drain());
    assert!(said.contains("\r\nConnection: close"), "{said}");
    (failure, said.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn the_handshake_of_the_rfc_is_answered_as_there() {
    let (server, said) = answer(&format!("{REQUEST}Origin: http://a.example\r\n\r\n"));
    assert_eq!(
        said,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    );
    let mut server = server;
    assert!(!server.is_establishing() && crate::support::server(config()).is_establishing());
    let facts = server.handshake().unwrap();
    assert_eq!((facts.target(), facts.host(), facts.origin()), ("/irc", "chat.example", Some("http://a.example")));
    assert_eq!((facts.protocol(), facts.frames()), (None, Frames::Text));
    assert!(server.channel().websocket && !server.is_closed());
}

#[test]
fn the_first_subprotocol_of_the_client_that_is_known_is_chosen() {
    for (asked, chosen, frames) in [
        ("Sec-WebSocket-Protocol: binary.ircv3.net, text.ircv3.net\r\n", Some("binary.ircv3.net"), Frames::Binary),
        ("Sec-WebSocket-Protocol: x, text.ircv3.net,binary.ircv3.net\r\n", Some("text.ircv3.net"), Frames::Text),
        (
            "Sec-WebSocket-Protocol: x\r\nSec-WebSocket-Protocol: binary.ircv3.net\r\n",
            Some("binary.ircv3.net"),
            Frames::Binary,
        ),
        ("Sec-WebSocket-Protocol: TEXT.ircv3.net, , x\r\n", None, Frames::Text),
        ("", None, Frames::Text),
    ] {
        let (server, said) = answer(&format!("{REQUEST}{asked}\r\n"));
        let facts = server.handshake().unwrap();
        assert_eq!((facts.protocol(), facts.frames()), (chosen, frames), "{asked}");
        let line = chosen.map(|chosen| format!("\r\nSec-WebSocket-Protocol: {chosen}\r\n"));
        assert_eq!(line.is_some_and(|line| said.contains(&line)), said.contains("Protocol:"), "{said}");
    }
}

#[test]
fn fields_go_by_their_names_whatever_their_case() {
    let request = format!(
        "GET / HTTP/1.1\r\nhost:a\r\nUPGRADE: h2c, WebSocket\r\nconnection: upgrade\r\nsec-websocket-key: {KEY}\r\n\
         sec-websocket-version: 13\r\nContent-Length: 0\r\n\r\n"
    );
    assert!(answer(&request).1.starts_with("HTTP/1.1 101 "));
}

#[test]
fn what_is_no_websocket_is_shown_the_page_or_turned_away() {
    // An Upgrade in HTTP/1.0 is to be ignored (RFC 9110 §7.8).
    let old = format!("{REQUEST}\r\n").replace("GET /irc HTTP/1.1", "GET / HTTP/1.0");
    for (request, status, body) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "200 OK", "<p>hello"),
        ("GET /?q HTTP/1.0\r\n\r\n", "200 OK", "<p>hello"),
        ("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "200 OK", ""),
        (&old, "200 OK", "<p>hello"),
        ("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", "200 OK", "<p>hello"),
        ("GET /x HTTP/1.1\r\nHost: a\r\n\r\n", "404 Not Found", "nothing is here\n"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
            "405 Method Not Allowed",
            "only GET is possible here\n",
        ),
    ] {
        let (server, said) = answer(request);
        let (head, said_body) = said.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\nConnection: close\r\n")), "{said}");
        assert_eq!(said_body, body, "{request}");
        let length = if request.starts_with("HEAD") { 8 } else { body.len() };
        assert!(head.contains(&format!("\r\nContent-Length: {length}\r\n")), "{said}");
        assert!(server.is_closed() && server.ending() == Some(Ending::Local) && server.handshake().is_none());
    }
    let mut pageless = server(Config::new());
    feed(&mut pageless, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert!(text(pageless.outbox().drain()).starts_with("HTTP/1.1 404 "));
}

#[test]
fn a_request_that_is_wrong_is_refused_for_its_own_reason() {
    let without = |field: &str| {
        let lines = REQUEST.split_inclusive("\r\n").filter(|line| !line.starts_with(field));
        lines.collect::<String>() + "\r\n"
    };
    let with = |field: &str| format!("{REQUEST}{field}\r\n\r\n");
    for (request, reason, status) in [
        (without("Host"), BadRequest::Host, "400"),
        (with("Host: other.example"), BadRequest::Host, "400"),
        (without("Upgrade"), BadRequest::Upgrade, "426"),
        (without("Connection"), BadRequest::Connection, "400"),
        (without("Sec-WebSocket-Key"), BadRequest::Key, "400"),
        (with(&format!("Sec-WebSocket-Key: {KEY}")), BadRequest::Key, "400"),
        (
            without("Sec-WebSocket-Key").replace("\r\n\r\n", "\r\nSec-WebSocket-Key: c2hvcnQ=\r\n\r\n"),
            BadRequest::Key,
            "400",
        ),
        (without("Sec-WebSocket-Version"), BadRequest::Version, "426"),
        (with("").replace("Version: 13", "Version: 8"), BadRequest::Version, "426"),
        (with("Content-Length: 5"), BadRequest::Body, "400"),
        (with("Content-Length: 0\r\nContent-Length: 5"), BadRequest::Body, "400"),
        (with("Transfer-Encoding: chunked"), BadRequest::Body, "400"),
        (with("Origin: http://a\r\nOrigin: http://b"), BadRequest::OriginField, "400"),
        (with("X : y"), BadRequest::Malformed, "400"),
        (with("X: a\nSec-WebSocket-Protocol: b"), BadRequest::Malformed, "400"),
        (with(" folded: x"), BadRequest::Malformed, "400"),
        (with("X: \0"), BadRequest::Malformed, "400"),
    ] {
        let (failure, said) = refused(config(), request.as_bytes());
        assert_eq!(failure, Failure::Request(reason), "{request}");
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {said}");
    }
}

#[test]
fn another_version_is_told_the_right_one() {
    let mut server = server(config());
    failure(feed(&mut server, format!("{REQUEST}\r\n").replace("Version: 13", "Version: 8").as_bytes()));
    let said = text(server.outbox().drain());
    assert!(
        said.contains("\r\nSec-WebSocket-Version: 13\r\n") && said.contains("\r\nUpgrade: websocket\r\n"),
        "{said}"
    );
}

#[test]
fn pages_of_other_origins_are_turned_away_where_there_is_a_list() {
    let ours = || config().with_origins(["https://chat.example"]);
    let request = |origin: &str| format!("{REQUEST}{origin}\r\n");
    let (failure, status) = refused(ours(), request("Origin: https://evil.example\r\n").as_bytes());
    assert_eq!((failure, &status[..]), (Failure::Request(BadRequest::Origin), "HTTP/1.1 403 Forbidden"));
    assert_eq!(refused(ours(), request("Origin: null\r\n").as_bytes()).0, Failure::Request(BadRequest::Origin));
    open(ours(), "Origin: https://CHAT.example\r\n");
    open(ours(), "");
}

#[test]
fn what_is_not_http_is_told_at_the_first_byte_or_line() {
    for noise in [
        &b"\x16\x03\x01"[..],
        b"\r\n",
        b"\0",
        b"NICK ann\r\n",
        b"GET /\r\n",
        b"PRI * HTTP/2.0\r\n",
        b"GET / HTTP/1.1\n",
    ] {
        assert_eq!(refused(config(), noise).0, Failure::NotHttp, "{noise:?}");
    }
}

#[test]
fn a_head_without_end_and_one_of_many_fields_are_refused() {
    let long = format!("GET /{}", "x".repeat(20_000));
    let (failure, status) = refused(config(), long.as_bytes());
    assert_eq!(failure, Failure::HeadTooLong { limit: 8 * 1024 });
    assert_eq!(status, "HTTP/1.1 431 Request Header Fields Too Large");
    let endless = format!("{REQUEST}{}", "X: y\r\n".repeat(5000));
    assert_eq!(refused(config(), endless.as_bytes()).0, Failure::HeadTooLong { limit: 8 * 1024 });
    let many = format!("{REQUEST}{}\r\n", "X: y\r\n".repeat(60));
    assert_eq!(refused(config(), many.as_bytes()).0, Failure::TooManyFields { limit: 64 });
}

#[test]
fn a_slow_request_is_given_up_at_the_deadline_however_it_drips() {
    let mut server = server(config());
    settle(&mut server, Instant::START).unwrap();
    let deadline = Instant::START + Duration::from_secs(10);
    for (place, byte) in REQUEST.bytes().enumerate().take(100) {
        server.inbox().push(&[byte]);
        settle(&mut server, Instant::START + Duration::from_millis(place as u64 * 99)).unwrap();
        assert_eq!(server.deadline(), Some(deadline));
    }
    assert_eq!(failure(settle(&mut server, deadline)), Failure::TooSlow { limit: Duration::from_secs(10) });
    assert_eq!(server.ending(), Some(Ending::Timeout));
    assert!(text(server.outbox().drain()).starts_with("HTTP/1.1 408 "));
}

#[test]
fn a_peer_that_goes_away_before_the_end_is_not_answered() {
    let mut server = server(config());
    server.inbox().push(b"GET / HT");
    server.inbox().close();
    assert_eq!(failure(settle(&mut server, Instant::START)), Failure::CutOff);
    assert_eq!((server.ending(), server.outbox().len()), (Some(Ending::PeerClosed), 0));
}

#[test]
fn tls_comes_before_the_handshake() {
    let line = Line::new(line::Lines::default()).with_tls();
    let mut server = WebSocket::server(line, Lines::default(), config().into());
    server.send("hello").unwrap();
    assert_eq!(server.inbox().room(), 0);
    assert_eq!(server.poll(Instant::START).unwrap(), None);
    assert_eq!(server.upgrade(), Some(Upgrade::Tls));
    server.upgraded(Instant::START, Upgraded::Tls(Box::new(TlsFacts::new())));
    assert_eq!(server.upgrade(), None);
    feed(&mut server, format!("{REQUEST}\r\n").as_bytes()).unwrap();
    assert!(server.outbox().drain().ends_with(&plain(TEXT, b"hello")));
}

#[test]
fn other_protocols_have_names_of_their_own() {
    let xmpp = Subprotocol::new("xmpp", Frames::Text).unwrap();
    let server = open(Config::new().with_protocols([xmpp]), "Sec-WebSocket-Protocol: xmpp\r\n");
    assert_eq!(server.handshake().unwrap().protocol(), Some("xmpp"));
}

#[test]
fn a_shutdown_before_the_end_of_the_handshake_just_closes() {
    let mut fresh = server(config());
    fresh.shutdown();
    assert!(settle(&mut fresh, Instant::START).unwrap().is_empty());
    assert!(fresh.is_closed() && fresh.ending() == Some(Ending::Shutdown));
    let mut opening = server(config());
    feed(&mut opening, b"GET / HT").unwrap();
    opening.shutdown();
    assert!(settle(&mut opening, Instant::START).unwrap().is_empty());
    assert!(opening.is_closed() && opening.outbox().is_empty());
}

/// What a client makes of this response to its request; `ACCEPT` in it becomes the right accept value.
fn answered(response: &str) -> Outcome {
    let mut client = client(Request::irc("chat.example:6667", "/irc", [7; 32]).unwrap());
    settle(&mut client, Instant::START).unwrap();
    let request = client.outbox().drain();
    let mut server = server(config());
    feed(&mut server, &request).unwrap();
    let said = text(server.outbox().drain());
    let accept = said.split("Accept: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    feed(&mut client, response.replace("ACCEPT", accept).as_bytes())
}

#[test]
fn a_client_asks_as_the_rfc_has_it() {
    let request = Request::irc("chat.example:6667", "/irc", [7; 32]).unwrap().with_origin("https://a.example").unwrap();
    let mut client = client(request);
    settle(&mut client, Instant::START).unwrap();
    let said = text(client.outbox().drain());
    let key = said.split("Key: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    assert_eq!(key.len(), 24);
    assert_eq!(
        said,
        format!(
            "GET /irc HTTP/1.1\r\nHost: chat.example:6667\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nOrigin: https://a.example\r\n\
             Sec-WebSocket-Protocol: text.ircv3.net, binary.ircv3.net\r\n\r\n"
        )
    );
}

#[test]
fn a_client_takes_only_an_answer_to_its_own_request() {
    let good = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n";
    assert!(answered(&format!("{good}\r\n")).is_ok());
    assert!(answered(&format!("{good}Sec-WebSocket-Protocol: binary.ircv3.net\r\n\r\n")).is_ok());
    for (response, fault) in [
        (good.replace("101", "403"), BadResponse::Status { status: 403 }),
        (good.replace("Upgrade: websocket\r\n", ""), BadResponse::Upgrade),
        (good.replace("Connection: Upgrade\r\n", ""), BadResponse::Connection),
        (good.replace("ACCEPT", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), BadResponse::Accept),
        (good.replace("Sec-WebSocket-Accept: ACCEPT\r\n", ""), BadResponse::Accept),
        (format!("{good}Sec-WebSocket-Protocol: xmpp\r\n"), BadResponse::Protocol),
        (format!("{good}Sec-WebSocket-Extensions: permessage-deflate\r\n"), BadResponse::Extension),
        (format!("{good}X : y\r\n"), BadResponse::Malformed),
    ] {
        assert_eq!(failure(answered(&format!("{response}\r\n"))), Failure::Response(fault), "{response}");
    }
    assert_eq!(failure(answered("* OK IMAP4rev1\r\n")), Failure::NotHttp);
}

#[test]
fn pages_have_paths_and_may_be_for_any_origin() {
    let page = Page::new("application/json", "{}").unwrap().for_any_origin();
    let config = config().with_page_at("/.well-known/x", page);
    let said = |request: &str| {
        let mut server = server(config.clone());
        feed(&mut server, format!("{request} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).unwrap();
        text(server.outbox().drain())
    };
    let shown = said("GET /.well-known/x?y");
    assert!(shown.starts_with("HTTP/1.1 200 OK\r\n") && shown.ends_with("\r\n\r\n{}"), "{shown}");
    assert!(shown.contains("\r\nAccess-Control-Allow-Origin: *\r\nContent-Type: application/json\r\n"), "{shown}");
    assert!(said("HEAD /.well-known/x").ends_with("\r\n\r\n"));
    assert!(said("GET /").ends_with("<p>hello") && !said("GET /").contains("Allow-Origin"));
    assert!(said("GET /.well-known/").starts_with("HTTP/1.1 404 "));
    assert!(said("POST /.well-known/x").starts_with("HTTP/1.1 405 "));
}

fn opening(config: Config, request: &[u8]) -> Opening {
    let mut opening = Opening::new(config.into());
    opening.inbox().push(request);
    opening
}

/// What was said behind the request waits for the machine that takes over.
#[test]
fn the_subprotocol_decides_which_machine_gets_the_connection() {
    let config = Config::new().with_protocols([XMPP, Subprotocol::new("y", Frames::Binary).unwrap()]);
    for (asked, chosen) in [("x, y, xmpp", Some("y")), ("xmpp, y", Some("xmpp")), ("x", None)] {
        let request = format!("{REQUEST}Sec-WebSocket-Protocol: {asked}\r\n\r\n");
        let bytes = [request.as_bytes(), &frame(TEXT, b"one"), &frame(TEXT, b"two")].concat();
        let mut opening = opening(config.clone(), &bytes);
        let accepted = opening.poll(Instant::START).unwrap().unwrap();
        assert_eq!(accepted.handshake().protocol(), chosen);
        assert!(opening.poll(Instant::START).unwrap().is_none() && opening.outbox().is_empty());
        let line = Line::new(line::Lines::default());
        let mut server = WebSocket::accepted(line, Ended::by(b'\n'), accepted, config.clone().into());
        assert!(server.handshake().is_none() && server.is_establishing() && server.upgrade().is_none());
        assert!(hand_over(&mut opening, &mut server).unwrap().is_empty());
        let mut lines = Vec::new();
        while let Some(line) = server.poll(Instant::START).unwrap() {
            lines.push(line);
        }
        assert_eq!(lines, ["one", "two"]);
        let said = text(server.outbox().drain());
        assert!(said.starts_with("HTTP/1.1 101 "), "{said}");
        assert_eq!(said.contains("Sec-WebSocket-Protocol"), chosen.is_some());
        assert_eq!(server.handshake().unwrap().protocol(), chosen);
    }
}

#[test]
fn an_opening_answers_and_refuses_as_the_layer_does() {
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "200"),
        ("GET /x HTTP/1.1\r\nHost: a\r\n\r\n", "404"),
        (&REQUEST.replace("13", "12"), "426"),
        ("NICK ann\r\n", "400"),
    ] {
        let whole = if request.starts_with("GET /irc") { format!("{request}\r\n") } else { request.to_owned() };
        let mut opening = opening(config(), whole.as_bytes());
        let outcome = opening.poll(Instant::START);
        assert!(matches!(outcome, Ok(None) | Err(_)) && opening.is_closed() && opening.deadline().is_none());
        assert_eq!(opening.poll(Instant::START), outcome, "it stays");
        let said = text(opening.outbox().drain());
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{said}");
    }
}

/// Also when the request is here and nobody makes a WebSocket of it.
#[test]
fn an_opening_takes_no_longer_than_it_may() {
    for request in [REQUEST.to_owned(), format!("{REQUEST}\r\n")] {
        let mut opening = opening(config(), request.as_bytes());
        let _ = opening.poll(Instant::START).unwrap();
        let deadline = opening.deadline().unwrap();
        assert_eq!(deadline, Instant::START + Duration::from_secs(10));
        assert!(opening.poll(deadline).is_err() && opening.is_closed());
        assert_eq!(opening.ending(), Some(Ending::Timeout));
        assert!(text(opening.outbox().drain()).starts_with("HTTP/1.1 408 "));
    }
    let mut opening = opening(config(), b"");
    opening.shutdown();
    assert_eq!((opening.is_closed(), opening.ending()), (true, Some(Ending::Shutdown)));
}
