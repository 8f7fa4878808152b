use core::time::Duration;

use thiserror::Error;
use tungstenite::protocol::frame::coding::CloseCode;
use wirestate_machine::{Ending, Upgrade};

use super::delimiter::Refused;

/// Why no WebSocket came about, or why it broke. What tells the peer so, a response or a Close frame, is in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Failure {
    /// The opening handshake was not done in time: the peer is very slow, or keeps the connection for nothing.
    #[error("the opening handshake was not done within {limit:?}")]
    TooSlow {
        /// How long it may take.
        limit: Duration,
    },
    /// The peer went away before the handshake was done.
    #[error("the peer closed the connection before the opening handshake was done")]
    CutOff,
    /// The first line is not one of HTTP: TLS, another protocol, or noise.
    #[error("the peer does not speak HTTP here: it uses the wrong port, or speaks TLS where there is none")]
    NotHttp,
    /// The head of the request or response is longer than allowed.
    #[error("the head of the handshake has more than {limit} bytes: send fewer header fields, or raise the limit")]
    HeadTooLong {
        /// The most bytes that it may have.
        limit: usize,
    },
    /// The head has more fields than any honest one.
    #[error("the head of the handshake has more than {limit} header fields")]
    TooManyFields {
        /// The most fields that it may have.
        limit: usize,
    },
    /// The client's request is not one for a WebSocket that can be made.
    #[error("the request: {0}")]
    Request(#[from] BadRequest),
    /// The server's response makes no WebSocket.
    #[error("the response: {0}")]
    Response(#[from] BadResponse),
    /// A frame breaks the protocol.
    #[error("a frame: {0}")]
    Frame(#[from] BadFrame),
    /// A message is longer than allowed. It is refused as soon as it is announced.
    #[error("a message has more than {limit} bytes: send shorter ones, or raise the limit")]
    MessageTooLong {
        /// The most bytes that it may have.
        limit: usize,
    },
    /// A text message is not UTF-8.
    #[error("a text message is not UTF-8: send binary messages where the text may be anything")]
    NotUtf8,
    /// A message that the machine may not read.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// More control frames came than are allowed.
    #[error("more than {limit} control frames came within 10 seconds")]
    Flood {
        /// The most control frames in that time.
        limit: u32,
    },
    /// The machine asked for an upgrade inside the WebSocket that no layer inside takes.
    #[error("nothing inside the WebSocket takes the upgrade {0:?}: begin with TLS outside of it instead")]
    Stranded(Upgrade),
}

/// What is wrong with a client's opening handshake (RFC 6455 §4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum BadRequest {
    /// It is not HTTP/1.1 by the letter (RFC 9112).
    #[error("the head cannot be read as that of HTTP/1.1")]
    Malformed,
    /// It does not say, once, which host it is for.
    #[error("there must be one Host field (RFC 9112 §3.2)")]
    Host,
    /// It has no `Upgrade: websocket`.
    #[error("the Upgrade field must say websocket: a proxy in between may have to be told to pass it on")]
    Upgrade,
    /// It has no `Connection: Upgrade`.
    #[error("the Connection field must say Upgrade: a proxy in between may have to be told to pass it on")]
    Connection,
    /// It has no key, more than one, or one that is not 16 bytes in base64.
    #[error("there must be one Sec-WebSocket-Key, of 16 bytes in base64")]
    Key,
    /// It is for another version of the protocol than 13.
    #[error("the Sec-WebSocket-Version must be 13")]
    Version,
    /// It has a body, in which another request could hide.
    #[error("a request for a WebSocket has no body")]
    Body,
    /// It names its origin more than once, or in bytes that are no text.
    #[error("there may be one Origin field, in ASCII")]
    OriginField,
    /// It comes from a page that may not ask.
    #[error("pages of this origin may not connect: see the list of origins in the configuration")]
    Origin,
}

/// What is wrong with a server's opening handshake (RFC 6455 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum BadResponse {
    /// It is not HTTP/1.1 by the letter (RFC 9112).
    #[error("the head cannot be read as that of HTTP/1.1")]
    Malformed,
    /// It has another status than 101: the server does not want to.
    #[error("the status is {status}, not 101: the server makes no WebSocket here")]
    Status {
        /// The status.
        status: u16,
    },
    /// It has no `Upgrade: websocket`.
    #[error("the Upgrade field must say websocket")]
    Upgrade,
    /// It has no `Connection: Upgrade`.
    #[error("the Connection field must say Upgrade")]
    Connection,
    /// Its accept value is not that of our key: some cache, or something that is no WebSocket server, answered.
    #[error("the Sec-WebSocket-Accept is not that of our key")]
    Accept,
    /// It agrees to a subprotocol that was not asked for.
    #[error("the server chose a subprotocol that was not asked for")]
    Protocol,
    /// It agrees to an extension, and none was asked for.
    #[error("the server chose an extension, and none was asked for")]
    Extension,
}

/// What is wrong with a frame (RFC 6455 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum BadFrame {
    /// A client's frame is not masked.
    #[error("what a client sends must be masked")]
    Unmasked,
    /// A server's frame is masked.
    #[error("what a server sends must not be masked")]
    Masked,
    /// A bit is set that only an extension may set, and none was agreed on.
    #[error("a reserved bit is set, and no extension was agreed on")]
    ReservedBits,
    /// The opcode is one that means nothing.
    #[error("the opcode is unknown")]
    Opcode,
    /// The length is not written in the fewest bytes.
    #[error("the length is not written in the fewest bytes")]
    Length,
    /// A control frame is one of several fragments.
    #[error("a control frame may not be fragmented")]
    FragmentedControl,
    /// A control frame has more than 125 bytes.
    #[error("a control frame may have 125 bytes at most")]
    LongControl,
    /// A fragment continues no message.
    #[error("a fragment continues a message, and none has begun")]
    Continuation,
    /// A message begins before the one before it has ended.
    #[error("a message begins in the middle of another one")]
    Interleaved,
    /// A Close frame has half a code, or one that may not be sent.
    #[error("the code of the Close frame is none that may be sent")]
    CloseCode,
    /// The reason in a Close frame is not UTF-8.
    #[error("the reason of the Close frame is not UTF-8")]
    CloseReason,
}

impl Failure {
    /// What the connection is closed with.
    pub(super) fn code(&self) -> CloseCode {
        match self {
            Failure::MessageTooLong { .. } => CloseCode::Size,
            Failure::NotUtf8 | Failure::Refused(_) | Failure::Frame(BadFrame::CloseReason) => CloseCode::Invalid,
            Failure::Flood { .. } => CloseCode::Policy,
            Failure::Stranded(_) => CloseCode::Error,
            _ => CloseCode::Protocol,
        }
    }

    /// What a request is answered with. Nothing where nobody is there to be answered.
    pub(super) fn status(&self) -> Option<&'static str> {
        Some(match self {
            Failure::CutOff | Failure::Response(_) => return None,
            Failure::TooSlow { .. } => "408 Request Timeout",
            Failure::HeadTooLong { .. } | Failure::TooManyFields { .. } => "431 Request Header Fields Too Large",
            Failure::Request(BadRequest::Upgrade | BadRequest::Version) => "426 Upgrade Required",
            Failure::Request(BadRequest::Origin) => "403 Forbidden",
            _ => "400 Bad Request",
        })
    }

    pub(super) fn ending(&self) -> Ending {
        match self {
            Failure::TooSlow { .. } => Ending::Timeout,
            Failure::CutOff => Ending::PeerClosed,
            Failure::HeadTooLong { .. }
            | Failure::TooManyFields { .. }
            | Failure::MessageTooLong { .. }
            | Failure::Flood { .. } => Ending::Limit,
            _ => Ending::Violation,
        }
    }
}
