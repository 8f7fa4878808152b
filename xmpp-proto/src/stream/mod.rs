//! What both ends of a stream share (RFC 6120 §4): the header that opens it, the features that are offered in it, the error that ends it, its layout over
//! TCP and in the messages of a WebSocket (RFC 7395), and the management of what was received (XEP-0198).

mod error;
mod features;
mod header;
pub mod management;
mod other_uri;
mod packet;
mod sasl2;
mod sasl_offer;
mod wire;

#[cfg(test)]
mod tests;

pub use error::{OtherHost, StreamCondition, StreamError};
pub use features::{Dialback, Features, Session, Starttls, StreamLimits};
pub use header::{Header, HeaderError, Version};
pub use other_uri::OtherUri;
pub use packet::{Content, Packet, PacketKind};
pub use sasl_offer::SaslOffer;
pub use sasl2::{Fast, Inline, Sasl2};
pub use wire::{Framing, Incoming, Injected, Opening, Wire};
