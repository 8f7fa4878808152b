//! What the fuzz targets share: a meter of heap and work, cuts, and an application that answers whatever a machine asks.

#![deny(missing_docs)]

pub mod application;
pub mod feed;
pub mod meter;

/// Counts what each target takes from the heap.
#[global_allocator]
static HEAP: wirestate_testing::Heap = wirestate_testing::Heap;
