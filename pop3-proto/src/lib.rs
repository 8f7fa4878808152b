//! POP3 (RFC 1939 and its extensions) as sans-IO state machines, server and client.
//!
//! No socket, no clock, no thread, no randomness: bytes go in and events come out, answers go in and bytes come out, the time goes in and a
//! deadline comes out. So a session runs on any runtime or on none, in a test that turns a virtual clock, and in a fuzzer.
//!
//! | module | what it is |
//! |---|---|
//! | [`server`] | [`Server`]: one session of a server, its states, its table and its diagram |
//! | [`client`] | [`Client`]: one session of a client, likewise |
//! | [`codec`] | the grammar without state: commands, responses, capabilities, listings, stuffing; borrowed and zero-copy |
//! | [`url`] | POP URLs (RFC 2384) |
//!
//! [`Redactor`] tells a tracing layer what of a session is secret.
//!
//! # How to run one
//!
//! Both are [`Machine`](wirestate_machine::Machine)s; whoever drives one repeats four things:
//!
//! 1. `poll(now)` until it gives `None`, and act on each event; those with a ticket ask for an answer, which is a call on the machine;
//! 2. write what the `outbox()` holds;
//! 3. read into the `inbox()`, as much as it has `room()` for; at the end of file, `close()` it;
//! 4. wait for the socket, or for `deadline()`.
//!
//! The adapters (`wirestate-tokio`, `wirestate-async-std`, `wirestate-blocking`) do this on sockets; TLS is a layer around the machine
//! (`wirestate-layers`).
//!
//! # What is promised
//!
//! * How the input was cut changes nothing. Memory is bounded and time linear, whatever the peer sends. No input panics.
//! * Nothing that was said before TLS acts after it, and secrets are neither taken nor sent in the clear unless the configuration says so.
//! * Messages are removed on QUIT and never otherwise.
//! * Misuse is an error that changes nothing; what the peer does wrong is a [`server::Violation`] or a [`client::Violation`], and is sticky.
//!
//! # Features
//!
//! `std` (on by default) only adds: vectored output, and SASLprep for names and passwords beyond ASCII. Without it the crate needs `alloc` alone.
//!
//! `serde` reads and writes what configurations and files hold: limits, quirks, [`client::Seen`].

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
pub use server::Server;
