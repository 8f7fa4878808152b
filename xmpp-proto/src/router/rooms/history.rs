use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::payload::muc;
use crate::router::Limits;
use crate::router::parcel::Parcel;

/// What was said last in a room, for newcomers.
#[derive(Debug)]
pub(super) struct History {
    lines: VecDeque<Line>,
    bytes: usize,
    most: usize,
    most_bytes: usize,
}

#[derive(Debug)]
pub(super) struct Line {
    pub(super) time: u64,
    pub(super) parcel: Parcel,
}

impl History {
    pub(super) fn new(limits: &Limits) -> Self {
        History {
            lines: VecDeque::new(),
            bytes: 0,
            most: limits.history as usize,
            most_bytes: limits.history_bytes as usize,
        }
    }

    pub(super) fn push(&mut self, time: u64, parcel: &Parcel) {
        if self.most == 0 || parcel.len() > self.most_bytes {
            return;
        }
        self.bytes += parcel.len();
        self.lines.push_back(Line { time, parcel: parcel.detached() });
        while self.lines.len() > self.most || self.bytes > self.most_bytes {
            let Some(oldest) = self.lines.pop_front() else { return };
            self.bytes = self.bytes.saturating_sub(oldest.parcel.len());
        }
    }

    /// What a newcomer is shown of it, the oldest first.
    pub(super) fn shown(&self, wish: muc::History, now: u64) -> Vec<&Line> {
        let since = wish.seconds.map(|seconds| now.saturating_sub(seconds.saturating_mul(1000)));
        let since = since.max(wish.since).unwrap_or(0);
        let most = wish.max_stanzas.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        let mut left = wish.max_chars.unwrap_or(u64::MAX);
        let mut shown: Vec<&Line> = Vec::new();
        for line in self.lines.iter().rev().take(most).take_while(|line| line.time >= since) {
            let Some(less) = left.checked_sub(line.parcel.len() as u64) else { break };
            left = less;
            shown.push(line);
        }
        shown.reverse();
        shown
    }
}
