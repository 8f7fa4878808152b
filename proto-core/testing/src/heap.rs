//! A global allocator that counts.

#![allow(unsafe_code, reason = "a global allocator cannot be written without; all it does is to hand on and to count")]

use core::cell::Cell;
use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, which counts what each thread takes and gives back.
///
/// A test or benchmark binary installs it with two lines; without it the laws about memory cannot be tested:
///
/// ```
/// use wirestate_testing::Heap;
///
/// #[global_allocator]
/// static HEAP: Heap = Heap;
///
/// let (text, usage) = Heap::measure(|| "x".repeat(1000));
/// assert_eq!((usage.live, usage.peak, usage.allocations), (1000, 1000, 1));
/// drop(text);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Heap;

/// What one thread did with the heap during a [measurement](Heap::measure).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes that are live after it, less those that were live before.
    pub live: isize,
    /// The most bytes that were live at a time, above those that were live before.
    pub peak: usize,
    /// How often memory was taken or resized.
    pub allocations: u64,
    /// All bytes taken, whether or not they were given back; a resized block counts anew.
    pub volume: u64,
}

impl Heap {
    /// Runs `work` and says what this thread did with the heap meanwhile. Measurements nest.
    pub fn measure<T>(work: impl FnOnce() -> T) -> (T, Usage) {
        let before = counters(|counters| {
            let before = counters.get();
            counters.set(Counters { peak: before.live, ..before });
            before
        });
        let result = work();
        let usage = counters(|counters| {
            let after = counters.get();
            counters.set(Counters { peak: after.peak.max(before.peak), ..after });
            Usage {
                live: after.live - before.live,
                peak: usize::try_from(after.peak - before.live).unwrap_or(0),
                allocations: after.allocations - before.allocations,
                volume: after.volume - before.volume,
            }
        });
        (result, usage)
    }

    /// Whether this allocator is the one in use.
    pub fn is_installed() -> bool {
        let (block, usage) = Heap::measure(|| std::hint::black_box(Box::new(0u8)));
        drop(block);
        usage.allocations > 0
    }
}

#[derive(Clone, Copy, Default)]
struct Counters {
    live: isize,
    peak: isize,
    allocations: u64,
    volume: u64,
}

thread_local! {
    static COUNTERS: Cell<Counters> = const { Cell::new(Counters { live: 0, peak: 0, allocations: 0, volume: 0 }) };
}

fn counters<T: Default>(read: impl FnOnce(&Cell<Counters>) -> T) -> T {
    COUNTERS.try_with(read).unwrap_or_default()
}

fn taken(size: usize) {
    counters(|counters| {
        let mut now = counters.get();
        now.live += size as isize;
        now.peak = now.peak.max(now.live);
        now.allocations += 1;
        now.volume += size as u64;
        counters.set(now);
    });
}

fn given_back(size: usize) {
    counters(|counters| {
        let mut now = counters.get();
        now.live -= size as isize;
        counters.set(now);
    });
}

// SAFETY: each call is handed to the system's allocator as it came, and its answer given back as it is.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller keeps the promises of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        given_back(layout.size());
        // SAFETY: the caller keeps the promises of `GlobalAlloc::dealloc`, and all blocks come from `System`.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller keeps the promises of `GlobalAlloc::alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        given_back(layout.size());
        taken(size);
        // SAFETY: the caller keeps the promises of `GlobalAlloc::realloc`, and all blocks come from `System`.
        unsafe { System.realloc(block, layout, size) }
    }
}
