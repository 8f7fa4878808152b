//! The adapter suite on async-std and on smol.

#[path = "../../driver/tests/suite/mod.rs"]
mod suite;
mod world;

use suite::World;

suite::suite!(async_std_runtime: crate::world::AsyncStd);
suite::suite!(smol_runtime: crate::world::Smol);
