//! POP3 (RFC 1939 and its extensions) as sans-IO state machines, server and client.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod client;
pub mod codec;
mod redactor;
pub mod server;
pub mod url;

pub use client::Client;
pub use redactor::Redactor;
