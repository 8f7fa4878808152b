//! The machine of the examples: it answers each line with the line itself, and `quit` with `bye`.

use std::time::Duration;

use wirestate_machine::{Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};

const IDLE: Duration = Duration::from_secs(60);

pub(crate) struct Echo {
    inbox: Inbox,
    outbox: Outbox,
    due: Instant,
    closed: bool,
}

/// The peer sent a line that does not fit.
#[derive(Debug, thiserror::Error)]
#[error("a line is longer than 1,024 bytes")]
pub(crate) struct TooLong;

impl Echo {
    pub(crate) fn new(now: Instant) -> Self {
        Echo { inbox: Inbox::new(1024), outbox: Outbox::new(), due: now + IDLE, closed: false }
    }

    fn close(&mut self, farewell: &[u8]) {
        self.outbox.put(farewell);
        self.closed = true;
    }
}

impl Machine for Echo {
    /// How long the line was.
    type Event = usize;
    type Error = TooLong;

    fn inbox(&mut self) -> &mut Inbox {
        &mut self.inbox
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn poll(&mut self, now: Instant) -> Result<Option<usize>, TooLong> {
        if self.closed || self.outbox.is_full() {
            return Ok(None);
        }
        let Some(end) = self.inbox.find_lf() else {
            match () {
                () if self.inbox.is_closed() => self.closed = true,
                () if self.inbox.room() == 0 => return Err(TooLong),
                () if now >= self.due => self.close(b"you are asleep, bye\r\n"),
                () => {}
            }
            return Ok(None);
        };
        self.due = now + IDLE;
        let line = self.inbox.take(end + 1);
        if line.trim_ascii() == b"quit" {
            self.close(b"bye\r\n");
            return Ok(None);
        }
        self.outbox.put(&line);
        Ok(Some(line.len()))
    }

    fn deadline(&self) -> Option<Instant> {
        (!self.closed).then_some(self.due)
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        None
    }

    fn upgraded(&mut self, _now: Instant, _how: Upgraded) {}

    fn is_closed(&self) -> bool {
        self.closed
    }

    fn shutdown(&mut self) {
        self.close(b"the server goes down, bye\r\n");
    }
}
