//! What a machine costs, without a clock.

use wirestate_testing::Heap;

/// Heap and work of one machine, over all the calls that were [`run`](Meter::run) under it.
///
/// What a call gives back must be dropped inside the call, or it counts as the machine's still.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meter {
    live: isize,
    peak: isize,
    /// All bytes that were ever taken.
    pub volume: u64,
    /// How many calls there were.
    pub calls: u64,
}

impl Meter {
    /// Runs one call on the machine.
    pub fn run<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let (result, usage) = Heap::measure(call);
        self.peak = self.peak.max(self.live + usage.peak as isize);
        self.live += usage.live;
        self.volume += usage.volume;
        self.calls += 1;
        result
    }

    /// The most bytes that were live at a time.
    pub fn peak(&self) -> isize {
        self.peak
    }

    /// Holds the work on an input against that on the same input twice over. What grows linearly doubles; the
    /// quadratic grows fourfold. The slack is for what a session costs once, whatever it is fed.
    pub fn check_linear(&self, twice: &Meter) {
        const SLACK: u64 = 64 * 1024;
        assert!(twice.calls <= self.calls * 3 + 256, "calls: {} for n, {} for 2n", self.calls, twice.calls);
        assert!(twice.volume <= self.volume * 3 + SLACK, "heap volume: {} for n, {} for 2n", self.volume, twice.volume);
    }
}
