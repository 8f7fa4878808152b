//! IMAP4rev1 and IMAP4rev2 (RFC 3501, RFC 9051 and their extensions) as sans-IO state machines.
//!
//! No socket, no clock, no thread, no randomness: bytes go in and events come out, answers go in and bytes come out, the time goes in and a
//! deadline comes out. So a session runs on any runtime or on none, in a test that turns a virtual clock, and in a fuzzer.
//!
//! | module | what it is |
//! |---|---|
//! | [`client`] | the session from the side of whoever reads mail |
//! | [`codec`] | the grammar without state, in both directions; borrowed and zero-copy |
//! | `message` | ENVELOPE, BODYSTRUCTURE, sections, SEARCH, SORT and THREAD from messages as they lie in a store; with the feature `message` |
//! | [`server`] | [`Server`]: one session of a server, its states, its table and its diagram |
//! | [`view`] | the selected mailbox: sequence numbers, and which session is told what and when |
//!
//! [`Redactor`] tells a tracing layer what of a session is secret. `FEATURES.md` beside this crate goes through IMAP row by row, with what is missing.
//!
//! # Features
//!
//! `std` (on by default) only adds to the crates beneath. Without it the crate needs `alloc` alone. `message` adds the module of that name, and
//! needs `std`.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod client;
pub mod codec;
#[cfg(feature = "message")]
pub mod message;
mod redactor;
pub mod server;
pub mod view;

pub use redactor::Redactor;
pub use server::Server;
