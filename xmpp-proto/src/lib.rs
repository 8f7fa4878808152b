//! XMPP (RFC 6120, RFC 6121, RFC 7622 and extensions) without sockets: XML as a stream has it, and addresses.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod jid;

pub use jid::{Jid, JidRef};
