use core::fmt;
use core::num::NonZeroU32;
use core::ops::{Deref, DerefMut};
use core::time::Duration;

use bytes::{Buf, Bytes};
use wirestate_machine::{Channel, Ending, Inbox, Instant, Machine, Marks, Outbox, Relay, TlsFacts, Upgrade, Upgraded};

const INBOX_LIMIT: usize = 16 * 1024;
const MARKS: Marks = Marks { high: 32 * 1024, low: 8 * 1024 };

/// How many bytes may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Bytes a second, in the long run.
    pub per_second: NonZeroU32,
    /// Bytes that may pass at once after a rest.
    pub burst: NonZeroU32,
}

/// A cap on the bytes a second in each direction, by the machine's clock.
///
/// Bytes above the rate wait: those that came in the layer's own inbox of 16 KiB, which then has no room, so that the driver does not read;
/// those to be written in the machine's outbox, which fills and stops the machine. The deadline tells when it goes on. What a failed
/// machine still has to say goes out at once. A direction without a rate costs nothing.
pub struct Throttle<M> {
    inner: M,
    inbox: Inbox,
    outbox: Outbox,
    input: Option<Bucket>,
    output: Option<Bucket>,
    /// When bytes that wait may pass.
    goes_on: [Option<Instant>; 2],
    /// Whether the machine may have more to write than the layer lets out.
    holds_output: bool,
    failed: bool,
}

impl<M> Throttle<M> {
    /// Caps what comes in at `input` and what goes out at `output`, where given.
    pub fn new(inner: M, input: Option<Rate>, output: Option<Rate>) -> Self {
        Throttle {
            inner,
            inbox: Inbox::new(INBOX_LIMIT),
            outbox: Outbox::with_marks(MARKS),
            input: input.map(Bucket::new),
            output: output.map(Bucket::new),
            goes_on: [None, None],
            holds_output: false,
            failed: false,
        }
    }

    /// What the layer wraps.
    pub fn inner(&self) -> &M {
        &self.inner
    }

    /// What the layer wraps.
    pub fn inner_mut(&mut self) -> &mut M {
        self.holds_output = self.output.is_some();
        &mut self.inner
    }

    /// Takes the layer off. What it still held of the stream is dropped.
    pub fn into_inner(self) -> M {
        self.inner
    }
}

impl<M: Machine> Throttle<M> {
    fn move_in(&mut self) -> bool {
        let Some(bucket) = &mut self.input else { return false };
        let inside = self.inner.inbox();
        self.goes_on[0] = None;
        if self.inbox.is_finished() && !inside.is_closed() {
            inside.close();
            return true;
        }
        let waiting = self.inbox.len().min(inside.room());
        let moved = inside.push_some(&self.inbox.bytes()[..bucket.available().min(waiting)]);
        bucket.take(moved);
        self.inbox.consume(moved);
        if waiting > moved {
            self.goes_on[0] = Some(bucket.ready_for(waiting - moved));
        }
        moved > 0
    }

    fn move_out(&mut self) -> bool {
        let Some(bucket) = &mut self.output else { return false };
        let plain = self.inner.outbox();
        self.goes_on[1] = None;
        let mut moved = false;
        while !self.outbox.is_full() && !plain.is_empty() {
            let allowed = if self.failed { usize::MAX } else { bucket.available() };
            let count = plain.chunk().len().min(allowed).min(MARKS.high);
            if count == 0 {
                self.goes_on[1] = Some(bucket.ready_for(plain.len()));
                break;
            }
            self.outbox.link(Bytes::copy_from_slice(&plain.chunk()[..count]));
            plain.advance(count);
            bucket.take(count);
            moved = true;
        }
        self.holds_output = !plain.is_empty();
        moved
    }
}

impl<M: Machine> Machine for Throttle<M> {
    type Event = M::Event;
    type Error = M::Error;

    fn inbox(&mut self) -> &mut Inbox {
        if self.input.is_none() {
            return self.inner.inbox();
        }
        self.inbox.hold(self.inner.inbox().is_held());
        &mut self.inbox
    }

    fn outbox(&mut self) -> &mut Outbox {
        if self.output.is_none() {
            return self.inner.outbox();
        }
        self.move_out();
        &mut self.outbox
    }

    fn poll(&mut self, now: Instant) -> Result<Option<M::Event>, M::Error> {
        self.input.iter_mut().chain(&mut self.output).for_each(|bucket| bucket.fill(now));
        loop {
            match self.inner.poll(now) {
                Ok(None) => {}
                Ok(event) => {
                    self.holds_output = self.output.is_some();
                    return Ok(event);
                }
                Err(error) => {
                    self.failed = true;
                    self.move_out();
                    return Err(error);
                }
            }
            let (sent, received) = (self.move_out(), self.move_in());
            if !sent && !received {
                return Ok(None);
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let [input, output] = self.goes_on;
        Instant::earlier(self.inner.deadline(), Instant::earlier(input, output))
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        let wish = self.inner.upgrade()?;
        if !self.outbox.is_empty() {
            return None;
        }
        // It came before the switch, and so must not act after it.
        self.inbox.clear();
        Some(wish)
    }

    fn upgraded(&mut self, now: Instant, how: Upgraded) {
        self.inner.upgraded(now, how);
    }

    fn is_closed(&self) -> bool {
        self.inner.is_closed() && (self.failed || !self.holds_output)
    }

    fn shutdown(&mut self) {
        self.inner_mut().shutdown();
    }

    fn is_establishing(&mut self) -> bool {
        self.inner.is_establishing()
    }

    fn ending(&self) -> Option<Ending> {
        self.inner.ending()
    }

    fn channel(&self) -> Channel {
        self.inner.channel()
    }

    fn tls_facts(&self) -> Option<TlsFacts> {
        self.inner.tls_facts()
    }
}

impl<M: Relay> Relay for Throttle<M> {
    type Message = M::Message;

    fn relay(&mut self, message: &M::Message) {
        self.inner_mut().relay(message);
    }
}

impl<M> Deref for Throttle<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.inner
    }
}

impl<M> DerefMut for Throttle<M> {
    fn deref_mut(&mut self) -> &mut M {
        self.inner_mut()
    }
}

impl<M: fmt::Debug> fmt::Debug for Throttle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle")
            .field("inner", &self.inner)
            .field("input", &self.input.as_ref().map(|bucket| bucket.rate))
            .field("output", &self.output.as_ref().map(|bucket| bucket.rate))
            .finish()
    }
}

/// A bucket of time: it fills as time goes by, and each byte takes out its share of a second. So nothing is lost in rounding.
struct Bucket {
    rate: Rate,
    credit: Duration,
    filled: Option<Instant>,
}

impl Bucket {
    fn new(rate: Rate) -> Self {
        let mut bucket = Bucket { rate, credit: Duration::ZERO, filled: None };
        bucket.credit = bucket.cost(rate.burst.get() as usize);
        bucket
    }

    fn fill(&mut self, now: Instant) {
        let since = self.filled.map_or(Duration::ZERO, |filled| now - filled);
        self.filled = Some(self.filled.unwrap_or(now).max(now));
        self.credit = self.credit.saturating_add(since).min(self.cost(self.rate.burst.get() as usize));
    }

    /// How many bytes may pass now.
    fn available(&self) -> usize {
        let bytes = self.credit.as_nanos() * u128::from(self.rate.per_second.get()) / NANOS;
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    fn take(&mut self, count: usize) {
        self.credit = self.credit.saturating_sub(self.cost(count));
    }

    /// When enough of `waiting` bytes may pass to be worth waking up for: a quarter of a burst.
    fn ready_for(&self, waiting: usize) -> Instant {
        let worthwhile = (self.rate.burst.get() as usize / 4).max(1);
        let missing = self.cost(waiting.min(worthwhile)).saturating_sub(self.credit);
        self.filled.unwrap_or(Instant::START) + missing
    }

    fn cost(&self, count: usize) -> Duration {
        let nanos = (count as u128 * NANOS).div_ceil(u128::from(self.rate.per_second.get()));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

const NANOS: u128 = 1_000_000_000;
