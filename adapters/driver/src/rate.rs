use std::time::{Duration, Instant};

/// How many connections are accepted in how long: a bucket of so many tokens, which fills evenly in the time of one window.
///
/// All of a window's connections may come at once; after that, they come one by one, evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many connections. With zero, nobody is let in.
    pub connections: u32,
    /// In how long.
    pub window: Duration,
}

impl Rate {
    /// So many connections in this time.
    pub fn new(connections: u32, window: Duration) -> Self {
        Rate { connections, window }
    }

    /// So many connections in a second.
    pub fn per_second(connections: u32) -> Self {
        Rate::new(connections, Duration::from_secs(1))
    }
}

/// The bucket of one server.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bucket {
    /// When it will be full again; in the past, or never touched, it is.
    full_at: Option<Instant>,
}

/// When there is a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Now,
    At(Instant),
    Never,
}

impl Bucket {
    /// When the next connection may be accepted. What was taken at another rate counts as one empty bucket at most.
    pub(crate) fn token(&mut self, rate: Option<Rate>, now: Instant) -> Token {
        let Some(Rate { connections, window }) = rate else {
            self.full_at = None;
            return Token::Now;
        };
        if connections == 0 {
            return Token::Never;
        }
        let (Some(full_at), Some(empty)) = (self.full_at, now.checked_add(window)) else { return Token::Now };
        let full_at = full_at.min(empty);
        self.full_at = Some(full_at);
        match full_at.checked_sub(window - window / connections) {
            Some(at) if at > now => Token::At(at),
            _ => Token::Now,
        }
    }

    /// A token is taken, which was there.
    pub(crate) fn take(&mut self, rate: Option<Rate>, now: Instant) {
        let Some(Rate { connections: connections @ 1.., window }) = rate else { return };
        self.full_at = self.full_at.unwrap_or(now).max(now).checked_add(window / connections);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { connections: 4, window: Duration::from_millis(400) };

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// How many tokens there are at once.
    fn taken_at_once(bucket: &mut Bucket, rate: Rate, now: Instant) -> usize {
        let mut count = 0;
        while bucket.token(Some(rate), now) == Token::Now {
            bucket.take(Some(rate), now);
            count += 1;
            assert!(count < 1000, "there is no end");
        }
        count
    }

    #[test]
    fn a_window_may_come_at_once_and_then_one_by_one() {
        let (mut bucket, start) = (Bucket::default(), Instant::now());
        assert_eq!(taken_at_once(&mut bucket, RATE, start), 4);
        assert_eq!(bucket.token(Some(RATE), start), Token::At(start + ms(100)));
        assert_eq!(bucket.token(Some(RATE), start + ms(99)), Token::At(start + ms(100)));
        assert_eq!(taken_at_once(&mut bucket, RATE, start + ms(100)), 1);
        assert_eq!(taken_at_once(&mut bucket, RATE, start + ms(300)), 2);
        assert_eq!(taken_at_once(&mut bucket, RATE, start + ms(10_000)), 4);
    }

    #[test]
    fn the_rate_may_change() {
        let (mut bucket, start) = (Bucket::default(), Instant::now());
        assert_eq!(taken_at_once(&mut bucket, RATE, start), 4);
        let faster = Rate::new(4, ms(40));
        assert_eq!(bucket.token(Some(faster), start), Token::At(start + ms(10)));
        let slower = Rate::new(1, ms(1000));
        assert_eq!(
            bucket.token(Some(slower), start),
            Token::At(start + ms(40)),
            "what was owed before is not more now"
        );
        assert_eq!(bucket.token(None, start), Token::Now);
        assert_eq!(taken_at_once(&mut bucket, RATE, start), 4, "without a rate nothing is remembered");
    }

    #[test]
    fn odd_rates_do_no_harm() {
        let (mut bucket, now) = (Bucket::default(), Instant::now());
        assert_eq!(bucket.token(Some(Rate::new(0, ms(1))), now), Token::Never);
        for rate in [Rate::new(3, Duration::ZERO), Rate::new(u32::MAX, ms(1)), Rate::new(1, Duration::MAX)] {
            bucket.take(Some(rate), now);
            bucket.token(Some(rate), now);
        }
        bucket.take(Some(Rate::new(0, ms(1))), now);
    }
}
