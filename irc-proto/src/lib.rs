//! IRC (RFC 1459, RFC 2812 and IRCv3) without I/O.
//!
//! | module | what it is |
//! |---|---|
//! | [`codec`] | the grammar without state: messages, tags, sources, limits; borrowed and zero-copy |
//!
//! # Features
//!
//! `std` (on by default) only adds the `std` features of the libraries below. Without it the crate needs `alloc` alone.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod codec;
