//! The grammar of POP3: parsing and encoding of one complete line or one stretch of message text, without any state of a session.
//!
//! This is the layer for proxies, loggers and fuzzers; the [`server`](crate::server) and [`client`](crate::client) machines stand on it.

mod capability;
mod command;
mod line;
mod listing;
mod number;
mod response;
mod stuffing;
mod text;
mod top;

pub use capability::{Capability, Expire, LoginDelay};
pub use command::{Command, Keyword, Syntax};
pub use line::{LineFault, trim_line};
pub use listing::{Listed, parse_list_line, parse_stat, parse_uidl_line};
pub use number::MessageNumber;
pub use response::{Code, Response, Status, encode_response};
pub use stuffing::{Piece, Stuffer, Unstuffer, WireSize};
pub use text::{Text, UniqueId};
pub use top::TopCut;
