use std::time;

use wirestate_machine::Instant;

/// Tells machines the time: maps the system's monotonic clock to [`Instant`]s since one start.
///
/// A server has one clock for all its connections, so that their machines may compare instants.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: time::Instant,
}

impl Clock {
    /// A clock that counts from `start`.
    pub fn starting(start: time::Instant) -> Self {
        Clock { start }
    }

    /// What machines are told at `time`; times before the start count as the start.
    pub fn instant(&self, time: time::Instant) -> Instant {
        Instant::START + time.saturating_duration_since(self.start)
    }

    /// When `instant` is; `None` where it lies beyond what the system can say.
    pub fn time(&self, instant: Instant) -> Option<time::Instant> {
        self.start.checked_add(instant.since_start())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn both_ways_agree() {
        let start = time::Instant::now();
        let clock = Clock::starting(start);
        let later = start + Duration::from_millis(1500);
        assert_eq!(clock.instant(later), Instant::from_nanos(1_500_000_000));
        assert_eq!(clock.time(Instant::from_nanos(1_500_000_000)), Some(later));
        assert_eq!(clock.instant(start), Instant::START);
    }

    #[test]
    fn a_time_before_the_start_is_the_start() {
        let start = time::Instant::now();
        let clock = Clock::starting(start + Duration::from_secs(5));
        assert_eq!(clock.instant(start), Instant::START);
    }
}
