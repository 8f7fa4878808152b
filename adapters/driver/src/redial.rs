use std::time::Duration;

/// The pauses between one try to connect and the next: none before the first, then doubled from one to the next up to a longest one, with
/// jitter, so that the clients of a server that comes back do not all come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redial {
    first: Duration,
    longest: Duration,
    tries: u32,
}

impl Default for Redial {
    /// From 1 s to 5 minutes.
    fn default() -> Self {
        Redial::new(Duration::from_secs(1), Duration::from_secs(300))
    }
}

impl Redial {
    /// Pauses from `first` up to `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Redial { first, longest, tries: 0 }
    }

    /// The pause before the next try. `random` is any number, evenly chosen: the pause lies between half of the full one and all of it.
    pub fn pause(&mut self, random: u64) -> Duration {
        let doublings = self.tries.checked_sub(1);
        self.tries = self.tries.saturating_add(1);
        let Some(doublings) = doublings else { return Duration::ZERO };
        let factor = 1u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let full = self.first.saturating_mul(factor).min(self.longest);
        let half = full / 2;
        half + (full - half).mul_f64(random as f64 / u64::MAX as f64)
    }

    /// How often was tried since the last success.
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// There was a success: the next try comes at once, and the pauses are short again.
    pub fn reset(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut redial = Redial::new(Duration::from_secs(1), Duration::from_secs(10));
        let pauses: Vec<_> = (0..8).map(|_| redial.pause(u64::MAX).as_secs()).collect();
        assert_eq!(pauses, [0, 1, 2, 4, 8, 10, 10, 10]);
        for _ in 0..100 {
            assert!(redial.pause(u64::MAX) <= Duration::from_secs(10));
        }
        redial.reset();
        assert_eq!(redial.pause(u64::MAX), Duration::ZERO);
    }

    #[test]
    fn jitter_takes_off_half_at_most() {
        let mut redial = Redial::new(Duration::from_secs(2), Duration::from_secs(10));
        assert_eq!(redial.pause(0), Duration::ZERO);
        assert_eq!(redial.pause(0), Duration::from_secs(1));
        assert_eq!(redial.pause(0), Duration::from_secs(2));
        let middle = redial.pause(u64::MAX / 2);
        assert!(middle > Duration::from_secs(5) && middle < Duration::from_secs(7), "{middle:?}");
    }
}
