//! The adapter suite on threads.

#[path = "../../driver/tests/suite/mod.rs"]
mod suite;
mod world;

use suite::World;

suite::suite!(threads: crate::world::Threads);
