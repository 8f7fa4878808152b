//! How long a peer may take for what waits for it.

use wirestate_machine::Instant;

use crate::{Error, Options};

/// What is held against a peer that output waits for.
#[derive(Clone, Copy, Default)]
pub(crate) struct Slowness {
    /// When it is given up if it takes not a single byte by then.
    nothing_until: Option<Instant>,
    stretch: Option<Stretch>,
}

/// A stretch of time in which the peer has to take something.
#[derive(Clone, Copy)]
struct Stretch {
    ends: Instant,
    /// How many bytes it had taken when the stretch began.
    before: u64,
    /// Since when nothing waits for it, for the moment: that time is not the peer's.
    idle: Option<Instant>,
}

impl Slowness {
    /// The peer took something.
    pub(crate) fn has_taken(&mut self) {
        self.nothing_until = None;
    }

    /// The peer took all there was. There may be more in a moment.
    pub(crate) fn has_taken_all(&mut self, now: Instant) {
        self.nothing_until = None;
        if let Some(stretch) = &mut self.stretch {
            stretch.idle.get_or_insert(now);
        }
    }

    /// There is no more to be taken, or the peer is given its time anew.
    pub(crate) fn forgive(&mut self) {
        *self = Slowness::default();
    }

    /// The peer, which has taken `written` bytes so far, takes nothing at the moment.
    pub(crate) fn takes_nothing<E>(&mut self, now: Instant, written: u64, options: &Options) -> Result<(), Error<E>> {
        match self.nothing_until {
            None => self.nothing_until = Some(now + options.stall),
            Some(until) if now >= until => return Err(Error::Stalled { after: options.stall }),
            Some(_) => {}
        }
        self.leaves_some(now, written, options)
    }

    /// The peer, which has taken `written` bytes so far, leaves some for later.
    pub(crate) fn leaves_some<E>(&mut self, now: Instant, written: u64, options: &Options) -> Result<(), Error<E>> {
        let Some(pace) = options.pace else { return Ok(()) };
        if let Some(stretch) = &mut self.stretch {
            if let Some(idle) = stretch.idle.take() {
                stretch.ends = stretch.ends + (now - idle);
            }
            let taken = written - stretch.before;
            match () {
                () if now < stretch.ends => return Ok(()),
                () if taken < pace.bytes => return Err(Error::TooSlow { taken, within: pace.within }),
                () => {}
            }
        }
        self.stretch = Some(Stretch { ends: now + pace.within, before: written, idle: None });
        Ok(())
    }

    /// When it is to be looked again at the latest.
    pub(crate) fn until(&self) -> Option<Instant> {
        let stretch = self.stretch.filter(|stretch| stretch.idle.is_none());
        Instant::earlier(self.nothing_until, stretch.map(|stretch| stretch.ends))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Pace;

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    fn options() -> Options {
        Options::new().pace(Pace::new(100, Duration::from_secs(10)))
    }

    fn is_too_slow(slowness: &mut Slowness, seconds: u64, written: u64) -> bool {
        slowness.leaves_some::<()>(at(seconds), written, &options()).is_err()
    }

    #[test]
    fn time_in_which_nothing_waits_does_not_count() {
        let mut slowness = Slowness::default();
        assert!(!is_too_slow(&mut slowness, 0, 0));
        slowness.has_taken_all(at(4));
        assert_eq!(slowness.until(), None);
        slowness.has_taken_all(at(5));
        assert!(!is_too_slow(&mut slowness, 1004, 50));
        assert_eq!(slowness.until(), Some(at(1010)));
        assert!(!is_too_slow(&mut slowness, 1009, 99));
        assert!(is_too_slow(&mut slowness, 1010, 99));
    }

    #[test]
    fn who_takes_all_again_and_again_is_measured_all_the_same() {
        let mut slowness = Slowness::default();
        for second in 0..10 {
            slowness.has_taken();
            slowness.has_taken_all(at(second));
            assert!(!is_too_slow(&mut slowness, second, second));
        }
        assert!(is_too_slow(&mut slowness, 10, 10));
    }

    #[test]
    fn each_stretch_counts_for_itself() {
        let mut slowness = Slowness::default();
        for (seconds, written) in [(0, 500), (10, 600), (20, 10_000), (29, 10_000), (30, 10_100)] {
            assert!(!is_too_slow(&mut slowness, seconds, written), "{seconds}");
        }
        slowness.forgive();
        assert!(!is_too_slow(&mut slowness, 40, 10_100));
        assert!(is_too_slow(&mut slowness, 50, 10_199));
    }
}
