use base64ct::{Base64, Encoding};
use httparse::{EMPTY_HEADER, Status};

use super::config::{Config, Page};
use super::failure::{BadRequest, Failure};
use super::fields::{FIELDS, Fields, Unclear, has_whole_lines};
use super::handshake::{Accepted, Handshake, accept};

/// What is to be done with a request.
pub(super) enum Verdict<'a> {
    /// It becomes a WebSocket.
    Accept(Box<Accepted>),
    /// It wants a page.
    Page { page: &'a Page, head_only: bool },
    /// It wants something that is not here.
    NotFound { head_only: bool },
    /// It wants to do something that cannot be done here.
    NotAllowed,
}

/// Reads the head of a request.
pub(super) fn read<'a>(head: &[u8], config: &'a Config) -> Result<Verdict<'a>, Failure> {
    let mut fields = [EMPTY_HEADER; FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(head) {
        Ok(Status::Complete(length)) if length == head.len() && has_whole_lines(head) => {}
        Err(httparse::Error::TooManyHeaders) => return Err(Failure::TooManyFields { limit: FIELDS }),
        _ => return Err(BadRequest::Malformed.into()),
    }
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return Err(BadRequest::Malformed.into());
    };
    let fields = Fields(request.headers);
    let head_only = method == "HEAD";
    let wants_websocket = fields.lists("Upgrade", "websocket") || fields.has("Sec-WebSocket-Key");
    // Of HTTP/1.0 an Upgrade field is to be ignored (RFC 9110 §7.8).
    if wants_websocket && version == 1 && method == "GET" {
        return Ok(Verdict::Accept(Box::new(websocket(target, fields, config)?)));
    }
    let path = target.split('?').next().unwrap_or_default();
    Ok(match (method, config.page(path)) {
        ("GET" | "HEAD", Some(page)) => Verdict::Page { page, head_only },
        ("GET" | "HEAD", None) => Verdict::NotFound { head_only },
        _ => Verdict::NotAllowed,
    })
}

fn websocket(target: &str, fields: Fields<'_>, config: &Config) -> Result<Accepted, BadRequest> {
    let host = fields.one("Host").ok().flatten().filter(|host| !host.is_empty()).ok_or(BadRequest::Host)?;
    if fields.has("Transfer-Encoding") || !matches!(fields.one("Content-Length"), Ok(None | Some("0"))) {
        return Err(BadRequest::Body);
    }
    if !fields.lists("Upgrade", "websocket") {
        return Err(BadRequest::Upgrade);
    }
    if !fields.lists("Connection", "Upgrade") {
        return Err(BadRequest::Connection);
    }
    if !matches!(fields.one("Sec-WebSocket-Version"), Ok(Some("13"))) {
        return Err(BadRequest::Version);
    }
    let key = fields.one("Sec-WebSocket-Key").ok().flatten().filter(|key| is_key(key)).ok_or(BadRequest::Key)?;
    let origin = fields.one("Origin").map_err(|Unclear| BadRequest::OriginField)?;
    check_origin(origin, config)?;
    let mut asked = fields.list("Sec-WebSocket-Protocol");
    let protocol = asked.find_map(|name| config.protocols.iter().find(|known| known.name() == name)).cloned();
    let handshake = Handshake {
        target: target.to_owned(),
        host: host.to_owned(),
        origin: origin.map(str::to_owned),
        frames: protocol.as_ref().map_or(config.otherwise, |protocol| protocol.frames()),
        protocol,
    };
    Ok(Accepted { handshake, answer: accept(key) })
}

fn is_key(key: &str) -> bool {
    let mut decoded = [0; 18];
    Base64::decode(key, &mut decoded).is_ok_and(|decoded| decoded.len() == 16)
}

fn check_origin(origin: Option<&str>, config: &Config) -> Result<(), BadRequest> {
    let Some((origin, allowed)) = origin.zip(config.origins.as_ref()) else { return Ok(()) };
    let is_allowed = allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin));
    if is_allowed { Ok(()) } else { Err(BadRequest::Origin) }
}
