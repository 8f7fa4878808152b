//! WebSocket (RFC 6455), for both roles: a protocol's lines or elements, each as one message, through browsers, proxies and the port of the web. Where
//! the subprotocol decides what is spoken, begin with an [`Opening`].
//!
//! ```
//! use std::sync::Arc;
//! use wirestate_layers::WebSocket;
//! use wirestate_layers::websocket::{Config, Lines, Request};
//! use wirestate_machine::line::{self, Line};
//! use wirestate_machine::{Instant, Machine};
//!
//! let config = Arc::new(Config::irc().with_page("text/plain", "this is a WebSocket\n")?);
//! let mut server = WebSocket::server(Line::new(line::Lines::default()), Lines::default(), config);
//! // The seed is 32 bytes that nobody can guess, fresh for each connection.
//! let request = Request::irc("chat.example", "/", [7; 32])?;
//! let mut client = WebSocket::client(Line::new(line::Lines::default()), Lines::default(), request);
//!
//! client.send("NICK ann")?;
//! for _ in 0..3 {
//!     client.poll(Instant::START)?;
//!     server.inbox().push(&client.outbox().drain());
//!     if let Some(line) = server.poll(Instant::START)? {
//!         assert_eq!(line, "NICK ann");
//!     }
//!     client.inbox().push(&server.outbox().drain());
//! }
//! assert_eq!(server.handshake().and_then(|facts| facts.protocol()), Some("text.ircv3.net"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod close;
mod config;
mod delimiter;
mod failure;
mod fields;
mod handshake;
mod layer;
mod opening;
mod reader;
mod request;
mod response;
mod session;
mod writer;

pub use close::Close;
pub use config::{Config, Limits, Page, Request};
pub use delimiter::{Delimiter, Ended, Lines, Refused};
pub use failure::{BadFrame, BadRequest, BadResponse, Failure};
pub use handshake::{Accepted, BINARY_IRCV3, Frames, Handshake, Subprotocol, TEXT_IRCV3, XMPP};
pub use layer::WebSocket;
pub use opening::Opening;
