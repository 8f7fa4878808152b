//! XMPP (RFC 6120, RFC 6121, RFC 7622 and extensions) without sockets: XML as a stream has it, addresses, and the sessions of both ends.
//!
//! | module | what it is |
//! |---|---|
//! | [`client`] | the initiating end: the session of a user, a component, or a server to another server |
//! | [`jid`] | addresses |
//! | [`xml`] | XML as a stream has it: frames, elements, a writer; without session or I/O |
//! | [`stanza`] | messages, presence and IQ, and their errors |
//! | [`payload`] | what stanzas and a stream's other elements carry |
//! | [`server`] | the receiving end: sessions of clients, components, those of jabberd2's router, and other servers |
//! | [`router`] | what many sessions share: who is there, who sees whom, rooms, archives |
//! | [`ns`] | the names of the namespaces |
//! | [`stream`] | what both ends of a stream share: the engine, header, features, errors, stream management |
//!
//! The feature `serde` reads and writes what configurations hold: limits.

#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod named;
mod redactor;

pub mod client;
pub mod jid;
pub mod ns;
pub mod payload;
pub mod router;
pub mod server;
pub mod stanza;
pub mod stream;
pub mod xml;

pub use jid::{Jid, JidRef};
pub use redactor::Redactor;
