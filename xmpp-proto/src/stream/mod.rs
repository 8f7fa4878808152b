//! What both ends of a stream share (RFC 6120 §4).

pub mod management;
mod wire;

pub use wire::{Framing, Incoming, Injected, Opening, Wire};
