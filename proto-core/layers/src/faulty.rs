use core::fmt;
use core::ops::{Deref, DerefMut};
use core::time::Duration;
use std::collections::VecDeque;

use bytes::{Buf, Bytes};
use wirestate_machine::redact::Direction;
use wirestate_machine::{Channel, Ending, Inbox, Instant, Machine, Marks, Outbox, Relay, TlsFacts, Upgrade, Upgraded};

const INBOX_LIMIT: usize = 16 * 1024;
const MARKS: Marks = Marks { high: 32 * 1024, low: 8 * 1024 };

/// What befalls a connection at one place of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// So many bytes from there on are lost.
    Drop(usize),
    /// One bit of the byte there is turned over; 0 is the lowest, and only the last three bits of the number count.
    Flip(u8),
    /// So many bytes from there on come twice.
    Duplicate(usize),
    /// From there on nothing passes for so long.
    Delay(Duration),
    /// The stream ends there.
    End,
}

/// Which faults happen where. The place is counted in the bytes of one direction, before any fault.
#[derive(Clone, Debug, Default)]
pub struct Script {
    faults: Vec<(Direction, u64, Fault)>,
}

impl Script {
    /// A script without faults.
    pub fn new() -> Self {
        Script::default()
    }

    /// Adds a fault before the byte at `place`.
    pub fn at(mut self, direction: Direction, place: u64, fault: Fault) -> Self {
        self.faults.push((direction, place, fault));
        self
    }

    /// So many faults of all kinds within the first `span` bytes of each direction: always the same for the same seed.
    pub fn random(seed: u64, count: usize, span: u64) -> Self {
        let mut dice = Dice(seed);
        let mut script = Script::new();
        for _ in 0..count {
            let direction = if dice.below(2) == 0 { Direction::In } else { Direction::Out };
            let place = dice.below(span);
            let fault = match dice.below(9) {
                0 | 1 => Fault::Drop(1 + dice.below(8) as usize),
                2 | 3 => Fault::Flip(dice.below(8) as u8),
                4 | 5 => Fault::Duplicate(1 + dice.below(8) as usize),
                6 | 7 => Fault::Delay(Duration::from_millis(1 + dice.below(60_000))),
                _ => Fault::End,
            };
            script = script.at(direction, place, fault);
        }
        script
    }

    fn lane(&self, wanted: Direction) -> Lane {
        let mut faults: Vec<_> = self.faults.iter().filter(|fault| fault.0 == wanted).copied().collect();
        faults.sort_by_key(|(_, place, _)| *place);
        Lane { faults: faults.into_iter().map(|(_, place, fault)| (place, fault)).collect(), ..Lane::default() }
    }
}

/// A connection that breaks by a script, for tests: bytes lost, changed or doubled, delays, and an early end.
pub struct Faulty<M> {
    inner: M,
    inbox: Inbox,
    outbox: Outbox,
    now: Instant,
    input: Lane,
    output: Lane,
    /// Whether the machine may have more to write than has passed.
    holds_output: bool,
}

impl<M> Faulty<M> {
    /// Breaks the connection of `inner` as the script says.
    pub fn new(inner: M, script: &Script) -> Self {
        Faulty {
            inner,
            inbox: Inbox::new(INBOX_LIMIT),
            outbox: Outbox::with_marks(MARKS),
            now: Instant::START,
            input: script.lane(Direction::In),
            output: script.lane(Direction::Out),
            holds_output: false,
        }
    }

    /// What the layer wraps.
    pub fn inner(&self) -> &M {
        &self.inner
    }

    /// What the layer wraps.
    pub fn inner_mut(&mut self) -> &mut M {
        self.holds_output = true;
        &mut self.inner
    }

    /// Takes the layer off. What it still held of the stream is dropped.
    pub fn into_inner(self) -> M {
        self.inner
    }
}

impl<M: Machine> Faulty<M> {
    fn move_in(&mut self) -> bool {
        let inside = self.inner.inbox();
        if self.input.ready.is_empty() {
            let eaten = self.input.pass(self.inbox.bytes(), self.now);
            self.inbox.consume(eaten);
        }
        let moved = inside.push_some(&self.input.ready);
        self.input.ready.drain(..moved);
        let over = self.input.ready.is_empty() && (self.input.ended || self.inbox.is_finished());
        if over && !inside.is_closed() {
            inside.close();
            return true;
        }
        moved > 0
    }

    fn move_out(&mut self) -> bool {
        let plain = self.inner.outbox();
        let mut moved = false;
        while !self.outbox.is_full() && !plain.is_empty() {
            let chunk = &plain.chunk()[..plain.chunk().len().min(MARKS.high)];
            let eaten = self.output.pass(chunk, self.now);
            if eaten == 0 {
                break;
            }
            plain.advance(eaten);
            self.outbox.link(Bytes::from(core::mem::take(&mut self.output.ready)));
            moved = true;
        }
        self.holds_output = !plain.is_empty();
        moved
    }
}

impl<M: Machine> Machine for Faulty<M> {
    type Event = M::Event;
    type Error = M::Error;

    fn inbox(&mut self) -> &mut Inbox {
        self.inbox.hold(self.inner.inbox().is_held());
        &mut self.inbox
    }

    fn outbox(&mut self) -> &mut Outbox {
        self.move_out();
        &mut self.outbox
    }

    fn poll(&mut self, now: Instant) -> Result<Option<M::Event>, M::Error> {
        self.now = self.now.max(now);
        self.input.wake(self.now);
        self.output.wake(self.now);
        loop {
            if let Some(event) = self.inner.poll(now)? {
                self.holds_output = true;
                return Ok(Some(event));
            }
            let (sent, received) = (self.move_out(), self.move_in());
            if !sent && !received {
                return Ok(None);
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        Instant::earlier(self.inner.deadline(), Instant::earlier(self.input.until, self.output.until))
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        let wish = self.inner.upgrade()?;
        if !self.outbox.is_empty() {
            return None;
        }
        // It came before the switch, and so must not act after it.
        self.inbox.clear();
        self.input.ready.clear();
        Some(wish)
    }

    fn upgraded(&mut self, now: Instant, how: Upgraded) {
        self.inner.upgraded(now, how);
    }

    fn is_closed(&self) -> bool {
        self.output.ended || self.inner.is_closed() && !(self.holds_output && self.output.until.is_some())
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

impl<M: Relay> Relay for Faulty<M> {
    type Message = M::Message;

    fn relay(&mut self, message: &M::Message) {
        self.inner_mut().relay(message);
    }
}

impl<M> Deref for Faulty<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.inner
    }
}

impl<M> DerefMut for Faulty<M> {
    fn deref_mut(&mut self) -> &mut M {
        self.inner_mut()
    }
}

impl<M: fmt::Debug> fmt::Debug for Faulty<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty")
            .field("inner", &self.inner)
            .field("input_faults_left", &self.input.faults.len())
            .field("output_faults_left", &self.output.faults.len())
            .finish()
    }
}

/// One direction, and the faults that are still to come in it.
#[derive(Default)]
struct Lane {
    faults: VecDeque<(u64, Fault)>,
    place: u64,
    /// What has passed and was not taken yet.
    ready: Vec<u8>,
    dropping: usize,
    /// Bytes that will come a second time, and how many are still to be added to them.
    doubled: Vec<u8>,
    doubling: usize,
    until: Option<Instant>,
    ended: bool,
}

impl Lane {
    fn wake(&mut self, now: Instant) {
        self.until = self.until.filter(|until| now < *until);
    }

    /// Lets bytes pass into `ready`, up to the next delay. Says how many of them are dealt with.
    fn pass(&mut self, bytes: &[u8], now: Instant) -> usize {
        let mut eaten = 0;
        while let Some(rest) = bytes.get(eaten..).filter(|rest| !rest.is_empty()) {
            if self.until.is_some() {
                break;
            }
            if self.ended {
                return bytes.len();
            }
            match self.faults.front() {
                Some((place, fault)) if *place <= self.place => {
                    let fault = *fault;
                    self.faults.pop_front();
                    eaten += self.befall(fault, rest, now);
                }
                next => {
                    let free = next.map_or(rest.len(), |(place, _)| to_usize(place - self.place).min(rest.len()));
                    self.carry(&rest[..free]);
                    eaten += free;
                }
            }
        }
        eaten
    }

    fn befall(&mut self, fault: Fault, rest: &[u8], now: Instant) -> usize {
        match fault {
            Fault::Drop(count) => self.dropping = self.dropping.saturating_add(count),
            Fault::Duplicate(count) => self.doubling = self.doubling.saturating_add(count),
            Fault::Delay(wait) => self.until = Some(now + wait).filter(|until| now < *until),
            Fault::End => self.ended = true,
            Fault::Flip(bit) => {
                if let Some(byte) = rest.first() {
                    self.carry(&[byte ^ 1 << (bit & 7)]);
                    return 1;
                }
            }
        }
        0
    }

    fn carry(&mut self, bytes: &[u8]) {
        self.place += bytes.len() as u64;
        let dropped = self.dropping.min(bytes.len());
        self.dropping -= dropped;
        let mut bytes = &bytes[dropped..];
        if self.doubling > 0 {
            let (twice, once) = bytes.split_at(self.doubling.min(bytes.len()));
            self.ready.extend_from_slice(twice);
            self.doubled.extend_from_slice(twice);
            self.doubling -= twice.len();
            if self.doubling == 0 {
                self.ready.append(&mut self.doubled);
            }
            bytes = once;
        }
        self.ready.extend_from_slice(bytes);
    }
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// SplitMix64: numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % limit.max(1)
    }
}
