//! The end of a connection: the last words, the end of the stream, and a moment for the peer to take them.

use std::io::ErrorKind;
use std::task::{Context, Poll};
use std::time::Duration;

use wirestate_machine::{Inbox, Instant, Machine};

use crate::connection::Stage;
use crate::shared::CUT_OFF;
use crate::{Connection, Error, Stream};

/// How much is drained with one read while lingering.
const SCRATCH: usize = 8 * 1024;
/// Lingering ends on multiples of this, so that many connections that end one after the other need only one alarm.
const GRAIN: Duration = Duration::from_millis(500);

impl<M: Machine, S: Stream> Connection<M, S> {
    pub(crate) fn turn_parting(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.write(cx) {
            Poll::Ready(Ok(true)) => {}
            Poll::Ready(Ok(false)) => self.stage = Stage::HangingUp,
            Poll::Ready(Err(error)) => self.fail(error),
            Poll::Pending => return self.wait(cx, self.slowness.until()),
        }
        Poll::Ready(())
    }

    pub(crate) fn turn_hanging_up(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.stream.poll_shutdown(cx) {
            Poll::Ready(Ok(())) if !self.state.peer_done && !self.state.hurried && !self.options.linger.is_zero() => {
                let until = whole(self.now + self.options.linger);
                self.stage = Stage::Lingering { until, left: self.options.linger_bytes };
            }
            // A peer that has gone by now cannot be told, and need not be.
            Poll::Ready(_) => self.stage = Stage::Over,
            Poll::Pending => match self.stall() {
                Ok(()) => return self.wait(cx, self.slowness.until()),
                Err(error) => self.fail(error),
            },
        }
        Poll::Ready(())
    }

    /// Reads until the peer closes too: closing on unread input would make a reset that may eat the last word.
    pub(crate) fn turn_lingering(&mut self, cx: &mut Context<'_>, until: Instant, left: usize) -> Poll<()> {
        if self.now >= until || left == 0 {
            self.stage = Stage::Over;
            return Poll::Ready(());
        }
        let mut scratch = Inbox::new(left.min(SCRATCH));
        match self.stream.poll_read(cx, &mut scratch) {
            Poll::Ready(Ok(0)) => self.stage = Stage::Over,
            Poll::Ready(Ok(count)) => {
                self.stage = Stage::Lingering { until, left: left.saturating_sub(count) };
                self.tick();
            }
            Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
            Poll::Ready(Err(_)) => self.stage = Stage::Over,
            Poll::Pending => return self.wait(cx, Some(until)),
        }
        Poll::Ready(())
    }

    /// A shutdown's time is over.
    pub(crate) fn cut_off(&mut self) {
        // All was said when the peer is only being drained.
        if matches!(self.stage, Stage::Lingering { .. }) {
            self.stage = Stage::Over;
            return;
        }
        self.presence.shared.set(CUT_OFF);
        self.stage = Stage::Over;
        self.fail(Error::Aborted);
    }
}

/// The next whole grain of time.
fn whole(instant: Instant) -> Instant {
    let grain = GRAIN.as_nanos() as u64;
    let nanos = u64::try_from(instant.since_start().as_nanos()).unwrap_or(u64::MAX);
    Instant::from_nanos(nanos.div_ceil(grain).saturating_mul(grain))
}
