//! The adapter suite on tokio: with one thread and with several.

#[path = "../../driver/tests/suite/mod.rs"]
mod suite;
mod world;

use suite::World;

suite::suite!(one_thread: crate::world::Tokio<1>);
suite::suite!(two_threads: crate::world::Tokio<2>);
