//! WebSocket around a machine of lines.

mod closing;
#[path = "../common/mod.rs"]
mod common;
mod framing;
mod laws;
mod opening;
mod other_end;
mod support;

use wirestate_testing::Heap;

#[global_allocator]
static HEAP: Heap = Heap;
