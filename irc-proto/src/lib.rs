//! IRC (RFC 1459, RFC 2812 and IRCv3) without I/O.
//!
//! | module | what it is |
//! |---|---|
//! | [`codec`] | the grammar without state: messages, tags, sources, limits; borrowed and zero-copy |
//! | [`message`] | typed messages: every command and numeric in use, its parameters by name |
//! | [`numerics`] | the numerics by their names |
//! | [`mod@capability`] | the capabilities of IRCv3, and sets of them |
//! | [`isupport`] | what a server says of itself in RPL_ISUPPORT |
//! | [`modes`] | mode strings by CHANMODES and PREFIX |
//! | [`casemap`] | which names are the same name |
//! | [`mask`] | `nick!user@host` masks with wildcards |
//! | [`nick`], [`channel`], [`host`] | which nicknames, channel names and hosts are valid |
//! | [`ctcp`] | ACTION and other messages between programs |
//! | [`dcc`] | offers of direct connections, inside CTCP |
//! | [`network`] | users and channels that many sessions share: who is told what |
//! | [`split`] | splitting of long texts by what the relay puts before them |
//! | [`client`] | the client machine, and what it learns of users and channels |
//! | [`mod@format`] | mIRC's formatting codes, taken out of a text |
//! | [`server`] | one session of a server, as a sans-IO machine |
//!
//! # Features
//!
//! `std` (on by default) only adds the `std` features of the libraries below. Without it the crate needs `alloc` alone.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod capability;
pub mod casemap;
pub mod channel;
pub mod client;
pub mod codec;
pub mod ctcp;
pub mod dcc;
pub mod format;
pub mod host;
pub mod isupport;
mod letters;
pub mod mask;
pub mod message;
pub mod modes;
pub mod network;
pub mod nick;
pub mod numerics;
mod redactor;
pub mod server;
pub mod split;

pub use capability::{Capabilities, Capability};
pub use letters::Letters;
pub use redactor::Redactor;
