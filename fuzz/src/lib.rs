//! What the fuzz targets share: a meter of heap and work, cuts, what holds whatever bytes a machine is fed, applications that answer whatever it
//! asks, the ready-made machines behind one face, and a reader of frames.

#![deny(missing_docs)]

pub mod application;
pub mod bytes;
pub mod feed;
pub mod frames;
pub mod irc_application;
pub mod meter;
pub mod ready_made;

/// Counts what each target takes from the heap.
#[global_allocator]
static HEAP: wirestate_testing::Heap = wirestate_testing::Heap;
