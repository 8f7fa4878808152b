use core::time::Duration;
use std::collections::VecDeque;

use bytes::Buf;
use wirestate_machine::{Instant, Machine};

use crate::dice::Dice;

/// What goes wrong on the way from one end to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// The stream ends after so many bytes; what follows is lost.
    End(u64),
    /// After so many bytes nothing arrives any more, and the stream does not end either.
    Stall(u64),
}

/// One direction of a connection: keeps the order, cuts as it likes, takes its time, and holds no more than its window.
#[derive(Clone, Debug)]
pub(crate) struct Pipe {
    dice: Dice,
    /// The largest piece that is taken or delivered at once.
    most: usize,
    pub(crate) latency: Duration,
    pub(crate) window: usize,
    pub(crate) trouble: Option<Trouble>,
    under_way: VecDeque<(Instant, Vec<u8>)>,
    waiting: usize,
    /// All that was put in.
    pub(crate) said: Vec<u8>,
    end: Option<Instant>,
    ended: bool,
}

impl Pipe {
    pub(crate) fn new(seed: u64) -> Self {
        Pipe {
            dice: Dice::new(seed),
            most: usize::MAX,
            latency: Duration::ZERO,
            window: 64 * 1024,
            trouble: None,
            under_way: VecDeque::new(),
            waiting: 0,
            said: Vec::new(),
            end: None,
            ended: false,
        }
    }

    /// Cuts into random pieces of at most `most` bytes.
    pub(crate) fn cut(&mut self, seed: u64, most: usize) {
        self.dice = Dice::new(seed);
        self.most = most.max(1);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Takes what `from` has to say, as far as the window allows, and its end once it is closed.
    pub(crate) fn take(&mut self, from: &mut impl Machine, now: Instant) -> bool {
        let mut moved = false;
        while self.waiting < self.window {
            let most = self.piece().min(self.window - self.waiting);
            let outbox = from.outbox();
            if outbox.is_empty() {
                break;
            }
            let piece = outbox.chunk()[..most.min(outbox.chunk().len())].to_vec();
            outbox.advance(piece.len());
            self.put(piece, now);
            moved = true;
        }
        let cut_off = matches!(self.trouble, Some(Trouble::End(place)) if place <= self.said.len() as u64);
        if self.end.is_none() && (cut_off || from.is_closed() && from.outbox().is_empty()) {
            self.end = Some(now + self.latency);
            moved = true;
        }
        moved
    }

    fn put(&mut self, mut piece: Vec<u8>, now: Instant) {
        let before = self.said.len() as u64;
        self.said.extend_from_slice(&piece);
        let through = match self.trouble {
            Some(Trouble::End(place) | Trouble::Stall(place)) => place.saturating_sub(before),
            None => u64::MAX,
        };
        if through < piece.len() as u64 {
            piece.truncate(through as usize);
        }
        if !piece.is_empty() {
            self.waiting += piece.len();
            self.under_way.push_back((now + self.latency, piece));
        }
    }

    /// Delivers what has arrived, as far as there is room. Says whether anything did.
    pub(crate) fn deliver(&mut self, to: &mut impl Machine, now: Instant) -> bool {
        let most = self.piece();
        if let Some((_, piece)) = self.under_way.front_mut().filter(|(due, _)| *due <= now) {
            let taken = to.inbox().push_some(&piece[..most.min(piece.len())]);
            piece.drain(..taken);
            self.waiting -= taken;
            if piece.is_empty() {
                self.under_way.pop_front();
            }
            return taken > 0;
        }
        let stalled = matches!(self.trouble, Some(Trouble::Stall(place)) if place <= self.said.len() as u64);
        if !self.ended && self.under_way.is_empty() && !stalled && self.end.is_some_and(|end| end <= now) {
            self.ended = true;
            to.inbox().close();
            return true;
        }
        false
    }

    /// Drops what is under way, for nobody will read it.
    pub(crate) fn discard(&mut self) {
        self.under_way.clear();
        self.waiting = 0;
    }

    /// When the next thing arrives, if it is not there yet.
    pub(crate) fn next(&self, now: Instant) -> Option<Instant> {
        let end = self.end.filter(|_| !self.ended);
        self.under_way.front().map(|(due, _)| *due).or(end).filter(|due| *due > now)
    }

    fn piece(&mut self) -> usize {
        1 + self.dice.below(self.most)
    }
}
