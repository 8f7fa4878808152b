use alloc::collections::VecDeque;
use core::time::Duration;

use wirestate_machine::{Instant, Misuse, Outbox};

use super::line::Line;
use super::requests::Tag;

/// How fast lines are sent, so that the server does not take them for a flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pacing {
    /// As fast as they come. For bouncers and for servers that trust the client.
    Off,
    /// RFC 1459 §8.10: each line puts a timer `cost` further on; lines go out while the timer is less than `window` ahead of the clock.
    Penalty {
        /// What a line costs: 2 seconds.
        cost: Duration,
        /// How far ahead the timer may be: 10 seconds.
        window: Duration,
    },
    /// A token bucket: `burst` lines at once, and then one in each `interval`.
    Bucket {
        /// How long a token takes to come back.
        interval: Duration,
        /// How many there are at most.
        burst: u32,
    },
}

impl Default for Pacing {
    fn default() -> Self {
        Pacing::Penalty { cost: Duration::from_secs(2), window: Duration::from_secs(10) }
    }
}

impl Pacing {
    /// What a line costs, and how far the timer may be ahead when one is sent.
    fn measure(self) -> Option<(Duration, Duration)> {
        match self {
            Pacing::Off => None,
            // Less than the window, so a nanosecond before it is the last moment.
            Pacing::Penalty { cost, window } => Some((cost, window.saturating_sub(Duration::from_nanos(1)))),
            Pacing::Bucket { interval, burst } => Some((interval, interval.saturating_mul(burst.saturating_sub(1)))),
        }
    }
}

/// Which of the waiting lines goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Priority {
    /// Before all others: what somebody waits for.
    High,
    /// In between.
    #[default]
    Normal,
    /// After all others: bulk, automatic answers.
    Low,
}

const LANES: usize = 3;

struct Waiting {
    line: Line,
    tag: Option<Tag>,
}

/// The lines that wait for their turn.
pub(super) struct Queue {
    lanes: [VecDeque<Waiting>; LANES],
    octets: usize,
    most: usize,
    most_octets: usize,
    /// The RFC's message timer; for a bucket, when it would be full again.
    timer: Instant,
}

impl Queue {
    pub(super) fn new(most: usize, most_octets: usize) -> Self {
        Queue { lanes: Default::default(), octets: 0, most, most_octets, timer: Instant::START }
    }

    pub(super) fn len(&self) -> usize {
        self.lanes.iter().map(VecDeque::len).sum()
    }

    pub(super) fn has_room(&self, lines: usize, octets: usize) -> Result<(), Misuse> {
        let fits =
            self.len().saturating_add(lines) <= self.most && self.octets.saturating_add(octets) <= self.most_octets;
        if fits { Ok(()) } else { Err(Misuse::QueueFull) }
    }

    pub(super) fn push(&mut self, priority: Priority, line: Line, tag: Option<Tag>) -> Result<(), Misuse> {
        self.has_room(1, line.as_bytes().len())?;
        self.octets += line.as_bytes().len();
        if let Some(lane) = self.lanes.get_mut(priority as usize) {
            lane.push_back(Waiting { line, tag });
        }
        Ok(())
    }

    /// Writes the lines whose time has come; gives the tags of those.
    pub(super) fn pump(&mut self, pacing: Pacing, now: Instant, outbox: &mut Outbox, mut sent: impl FnMut(Tag)) {
        while !outbox.is_full() && self.is_due(pacing, now) {
            let Some(Waiting { line, tag }) = self.lanes.iter_mut().find_map(VecDeque::pop_front) else { break };
            self.octets -= line.as_bytes().len();
            if let Some((cost, _)) = pacing.measure() {
                let lines = u32::try_from(line.count()).unwrap_or(u32::MAX);
                self.timer = self.timer.max(now) + cost.saturating_mul(lines);
            }
            outbox.link(line.bytes());
            tag.into_iter().for_each(&mut sent);
        }
        if self.len() == 0 {
            self.lanes = Default::default();
        }
    }

    /// When the next line may go out; `None` where none waits.
    pub(super) fn deadline(&self, pacing: Pacing) -> Option<Instant> {
        if self.len() == 0 {
            return None;
        }
        let Some((_, ahead)) = pacing.measure() else { return Some(Instant::START) };
        Some(Instant::START + self.timer.since_start().saturating_sub(ahead))
    }

    pub(super) fn clear(&mut self) {
        self.lanes = Default::default();
        self.octets = 0;
    }

    fn is_due(&self, pacing: Pacing, now: Instant) -> bool {
        self.deadline(pacing).is_some_and(|due| due <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Command, Parts};
    use alloc::vec::Vec;

    fn line(text: &str) -> Line {
        let params = &[text.as_bytes()];
        Line::new(&Parts { command: Command::Word(b"X"), params, ..Parts::default() }).unwrap()
    }

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    /// How many lines are out after each second.
    fn pace(pacing: Pacing, lines: usize, seconds: u64) -> Vec<usize> {
        let (mut queue, mut outbox) = (Queue::new(99, 9999), Outbox::new());
        (0..lines).for_each(|_| queue.push(Priority::Normal, line("x"), None).unwrap());
        (0..seconds)
            .map(|second| {
                queue.pump(pacing, at(second), &mut outbox, |_| {});
                outbox.to_vec().iter().filter(|byte| **byte == b'\n').count()
            })
            .collect()
    }

    #[test]
    fn the_penalty_lets_five_go_and_then_one_in_two_seconds() {
        assert_eq!(pace(Pacing::default(), 8, 8), [5, 6, 6, 7, 7, 8, 8, 8]);
    }

    #[test]
    fn a_bucket_lets_its_burst_go_and_then_one_in_each_interval() {
        let pacing = Pacing::Bucket { interval: Duration::from_secs(1), burst: 3 };
        assert_eq!(pace(pacing, 6, 5), [3, 4, 5, 6, 6]);
        assert_eq!(pace(Pacing::Off, 6, 1), [6]);
    }

    #[test]
    fn a_deadline_says_when_the_next_one_goes() {
        let (mut queue, mut outbox) = (Queue::new(99, 9999), Outbox::new());
        (0..6).for_each(|_| queue.push(Priority::Normal, line("x"), None).unwrap());
        queue.pump(Pacing::default(), at(0), &mut outbox, |_| {});
        let due = queue.deadline(Pacing::default()).unwrap();
        queue.pump(Pacing::default(), Instant::from_nanos(due.as_nanos() - 1), &mut outbox, |_| {});
        assert_eq!(queue.len(), 1);
        queue.pump(Pacing::default(), due, &mut outbox, |_| {});
        assert_eq!((queue.len(), queue.deadline(Pacing::default())), (0, None));
    }

    #[test]
    fn priorities_order_and_the_bounds_refuse() {
        let (mut queue, mut outbox) = (Queue::new(3, 12), Outbox::new());
        queue.push(Priority::Low, line("c"), None).unwrap();
        queue.push(Priority::Normal, line("b"), None).unwrap();
        assert_eq!(queue.push(Priority::High, line("long"), None), Err(Misuse::QueueFull));
        queue = Queue::new(3, 99);
        for (priority, text) in [(Priority::Low, "c"), (Priority::Normal, "b"), (Priority::High, "a")] {
            queue.push(priority, line(text), None).unwrap();
        }
        assert_eq!(queue.push(Priority::High, line("d"), None), Err(Misuse::QueueFull));
        queue.pump(Pacing::Off, at(0), &mut outbox, |_| {});
        assert_eq!(outbox.to_vec(), b"X a\r\nX b\r\nX c\r\n");
    }
}
