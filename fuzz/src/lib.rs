//! What the fuzz targets share: a meter of heap and work, cuts, what holds whatever bytes a machine is fed, applications that answer whatever it
//! asks, the ready-made machines behind one face, and a reader of frames.

#![deny(missing_docs)]

pub mod application;
pub mod bytes;
pub mod feed;
pub mod frames;
/// The IMAP server's application of the tests across the crates.
#[path = "../../tests/src/imap.rs"]
pub mod imap;
pub mod irc_application;
pub mod meter;
pub mod ready_made;
#[path = "../../tests/src/talk.rs"]
pub mod talk;
pub mod xmpp;
/// The XMPP server's application of the tests across the crates.
#[path = "../../tests/src/xmpp.rs"]
pub mod xmpp_desk;

/// Counts what each target takes from the heap.
#[global_allocator]
static HEAP: wirestate_testing::Heap = wirestate_testing::Heap;
