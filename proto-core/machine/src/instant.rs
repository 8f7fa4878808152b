use core::fmt;
use core::ops::{Add, Sub};
use core::time::Duration;

/// A point in time as the driver tells it: nanoseconds since a start that the driver chose.
///
/// Machines never read a clock. They compare the instants they are given and name the next one that matters to them in
/// [`Machine::deadline`](crate::Machine::deadline). The range is 584 years; arithmetic saturates at both ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// The start that the driver counts from.
    pub const START: Instant = Instant(0);

    /// The instant that lies `nanos` nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Instant(nanos)
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time since the start.
    pub const fn since_start(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// The earlier of two deadlines, where `None` is one that never comes.
    pub fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, None) => one,
            (None, other) => other,
        }
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, wait: Duration) -> Instant {
        let nanos = wait.as_secs().saturating_mul(1_000_000_000).saturating_add(u64::from(wait.subsec_nanos()));
        Instant(self.0.saturating_add(nanos))
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// The time from `earlier` to `self`; zero where `earlier` is the later of the two.
    fn sub(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{:?}", self.since_start())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates() {
        let late = Instant::from_nanos(u64::MAX - 1);
        assert_eq!(late + Duration::MAX, Instant::from_nanos(u64::MAX));
        assert_eq!(Instant::START - late, Duration::ZERO);
        assert_eq!((Instant::START + Duration::from_secs(3)) - Instant::START, Duration::from_secs(3));
    }

    #[test]
    fn never_is_later_than_any_instant() {
        let soon = Some(Instant::from_nanos(5));
        assert_eq!(Instant::earlier(soon, None), soon);
        assert_eq!(Instant::earlier(None, soon), soon);
        assert_eq!(Instant::earlier(soon, Some(Instant::START)), Some(Instant::START));
        assert_eq!(Instant::earlier(None, None), None);
    }
}
