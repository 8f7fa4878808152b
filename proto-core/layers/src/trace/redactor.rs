use core::ops::Range;
use std::collections::VecDeque;

use wirestate_machine::redact::{Direction, Redact};

use super::lines::Lines;
use super::{Record, Sink, What};

/// So much may wait for the end of a line, in records and in bytes; then what has come is judged as it is.
const PATIENCE: (usize, usize) = (256, 64 * 1024);

/// Hides what is secret in the records, and passes them on in order.
///
/// A record waits until the lines that it has a part in are complete and judged.
pub(super) struct Redactor<R: Redact> {
    redact: R,
    sink: Sink,
    pub(super) keeps_secrets: bool,
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    ways: [Way; 2],
}

struct Waiting {
    record: Record,
    /// Where its bytes begin in the stream of their direction.
    from: u64,
}

struct Way {
    direction: Direction,
    lines: Lines,
    /// How many bytes went this way.
    length: u64,
}

impl<R: Redact> Redactor<R> {
    pub(super) fn new(redact: R, sink: Sink) -> Self {
        Redactor { redact, sink, keeps_secrets: false, waiting: VecDeque::new(), waiting_bytes: 0, ways: ways(b'\n') }
    }

    pub(super) fn set_line_end(&mut self, end: u8) {
        self.ways = ways(end);
    }

    pub(super) fn record(&mut self, record: Record) {
        if self.keeps_secrets {
            return (self.sink)(record);
        }
        let mut secrets = Vec::new();
        let mut from = 0;
        let mut direction = Direction::In;
        if let Some((way, shown)) = record.what.bytes() {
            direction = way;
            let way = &mut self.ways[way as usize];
            from = way.length;
            way.length += shown.bytes.len() as u64;
            way.lines.feed(&shown.bytes, &mut self.redact, |secret| secrets.push(secret));
            self.waiting_bytes += shown.bytes.len();
        }
        self.waiting.push_back(Waiting { record, from });
        secrets.into_iter().for_each(|secret| hide(&mut self.waiting, direction, secret));
        self.release();
        if self.waiting.len() > PATIENCE.0 || self.waiting_bytes > PATIENCE.1 {
            self.flush();
        }
    }

    /// Passes on everything, though lines are not complete.
    pub(super) fn flush(&mut self) {
        for way in &mut self.ways {
            let waiting = &mut self.waiting;
            way.lines.give_up(&mut self.redact, |secret| hide(waiting, way.direction, secret));
        }
        self.release();
    }

    fn release(&mut self) {
        while let Some(front) = self.waiting.front() {
            let bytes = front.record.what.bytes().map(|(way, shown)| (way, shown.bytes.len()));
            if let Some((way, length)) = bytes {
                if front.from + length as u64 > self.ways[way as usize].lines.judged() {
                    return;
                }
                self.waiting_bytes -= length;
            }
            if let Some(front) = self.waiting.pop_front() {
                (self.sink)(front.record);
            }
        }
    }
}

impl<R: Redact> Drop for Redactor<R> {
    fn drop(&mut self) {
        self.flush();
    }
}

fn ways(end: u8) -> [Way; 2] {
    [Direction::In, Direction::Out].map(|direction| Way { direction, lines: Lines::new(direction, end), length: 0 })
}

/// Hides a range of one direction's stream in the records that have a part in it.
fn hide(waiting: &mut VecDeque<Waiting>, direction: Direction, secret: Range<u64>) {
    for Waiting { record, from } in waiting {
        let Some(shown) = record.what.bytes_mut(direction) else { continue };
        let inside = |offset: u64| offset.saturating_sub(*from).min(shown.bytes.len() as u64) as usize;
        let (start, end) = (inside(secret.start), inside(secret.end));
        if start < end {
            shown.hide(start..end);
        }
    }
}

impl What {
    fn bytes(&self) -> Option<(Direction, &super::Shown)> {
        match self {
            What::Input(shown) => Some((Direction::In, shown)),
            What::Output(shown) => Some((Direction::Out, shown)),
            _ => None,
        }
    }

    fn bytes_mut(&mut self, wanted: Direction) -> Option<&mut super::Shown> {
        match (self, wanted) {
            (What::Input(shown), Direction::In) | (What::Output(shown), Direction::Out) => Some(shown),
            _ => None,
        }
    }
}
