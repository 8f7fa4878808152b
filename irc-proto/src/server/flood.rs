use core::time::Duration;

use wirestate_machine::Instant;

/// How much a registered user may send in what time. What comes too fast is not dropped: it is understood later, and where the inbox is full
/// nothing more is read.
///
/// Both rules keep one clock per session, which each line puts forward by its cost, and which time catches up with; so both are data, and
/// nothing ever sleeps. [`Server::penalize`](super::Server::penalize) puts it forward for commands that cost the application more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Flood {
    /// There is no bound.
    Off,
    /// RFC 1459 §8.10: each line puts the clock forward, and lines are understood while it is less than `ahead` before the time.
    Penalty {
        /// What each line costs.
        line: Duration,
        /// What 1,000 bytes of a line cost, in addition.
        kilobyte: Duration,
        /// How far the clock may be ahead.
        ahead: Duration,
    },
    /// A bucket of `burst` tokens, of which each line takes one, and to which one is added each `refill`.
    Bucket {
        /// How many lines may come at once.
        burst: u32,
        /// The time after which one more may come.
        refill: Duration,
    },
}

impl Flood {
    /// The figures of RFC 1459 §8.10: 2 seconds a line, 10 seconds ahead.
    pub const RFC1459: Flood =
        Flood::Penalty { line: Duration::from_secs(2), kilobyte: Duration::ZERO, ahead: Duration::from_secs(10) };

    fn cost(&self, bytes: usize) -> Duration {
        match *self {
            Flood::Off => Duration::ZERO,
            Flood::Penalty { line, kilobyte, .. } if kilobyte.is_zero() => line,
            Flood::Penalty { line, kilobyte, .. } => line.saturating_add(by_bytes(kilobyte, bytes)),
            Flood::Bucket { refill, .. } => refill,
        }
    }

    /// How far the clock may be ahead of the time at which a line is understood, in nanoseconds.
    fn ahead(&self) -> u64 {
        match *self {
            Flood::Off => u64::MAX,
            // What is at the bound waits for no time at all: less than `ahead` an instant later.
            Flood::Penalty { ahead, .. } => nanos(ahead),
            Flood::Bucket { burst, refill } => nanos(refill).saturating_mul(u64::from(burst.max(1) - 1)),
        }
    }
}

#[inline(never)]
fn by_bytes(kilobyte: Duration, bytes: usize) -> Duration {
    kilobyte.saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX)) / 1000
}

/// In 64 bits, with which there is less to reckon than with the 128 of [`Duration::as_nanos`].
fn nanos(duration: Duration) -> u64 {
    (Instant::START + duration).as_nanos()
}

/// A session's clock of penalties.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Penalties(Instant);

impl Penalties {
    pub(super) fn add(&mut self, now: Instant, cost: Duration) {
        self.0 = self.0.max(now) + cost;
    }

    #[inline]
    pub(super) fn add_line(&mut self, flood: &Flood, now: Instant, bytes: usize) {
        if !matches!(flood, Flood::Off) {
            self.add(now, flood.cost(bytes));
        }
    }

    /// Whether the clock is ahead of the time: only then may a line have to wait.
    pub(super) fn is_ahead(self, now: Instant) -> bool {
        self.0 > now
    }

    /// From when on the next line may be understood.
    pub(super) fn ready_at(self, flood: &Flood) -> Instant {
        Instant::from_nanos(self.0.as_nanos().saturating_sub(flood.ahead()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many lines of 100 bytes pass in each of so many seconds, when there is always one more.
    fn passing(flood: Flood, seconds: u64) -> alloc::vec::Vec<usize> {
        let mut clock = Penalties::default();
        (0..seconds)
            .map(|second| {
                let now = Instant::START + Duration::from_secs(second);
                let mut passed = 0;
                while clock.ready_at(&flood) <= now && passed < 1000 {
                    clock.add_line(&flood, now, 100);
                    passed += 1;
                }
                passed
            })
            .collect()
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_configuration_names_its_rule() {
        let bucket = r#"{"bucket": {"burst": 5, "refill": {"secs": 2, "nanos": 0}}}"#;
        let expected = Flood::Bucket { burst: 5, refill: Duration::from_secs(2) };
        assert_eq!(serde_json::from_str::<Flood>(bucket).unwrap(), expected);
        assert_eq!(serde_json::from_str::<Flood>("\"off\"").unwrap(), Flood::Off);
    }

    #[test]
    fn the_rfc_lets_a_burst_through_and_then_a_line_each_two_seconds() {
        assert_eq!(passing(Flood::RFC1459, 7), [6, 0, 1, 0, 1, 0, 1]);
    }

    #[test]
    fn a_bucket_has_its_burst_and_is_refilled() {
        let bucket = Flood::Bucket { burst: 4, refill: Duration::from_secs(3) };
        assert_eq!(passing(bucket, 7), [4, 0, 0, 1, 0, 0, 1]);
        let none = Flood::Bucket { burst: 0, refill: Duration::from_secs(1) };
        assert_eq!(passing(none, 3), [1, 1, 1]);
    }

    #[test]
    fn long_lines_cost_more_where_bytes_do() {
        let by_bytes = Flood::Penalty {
            line: Duration::from_secs(1),
            kilobyte: Duration::from_secs(10),
            ahead: Duration::from_secs(3),
        };
        assert_eq!(passing(by_bytes, 5), [2, 1, 0, 1, 0]);
    }

    #[test]
    fn off_is_off() {
        assert_eq!(passing(Flood::Off, 2), [1000, 1000]);
    }

    #[test]
    fn a_clock_never_overflows() {
        let mut clock = Penalties::default();
        clock.add(Instant::from_nanos(u64::MAX), Duration::MAX);
        assert!(clock.ready_at(&Flood::RFC1459) > Instant::START);
        assert_eq!(clock.ready_at(&Flood::Off), Instant::START);
    }
}
