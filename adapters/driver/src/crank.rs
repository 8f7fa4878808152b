//! The turning of the crank: poll, write, read, wait.

use std::io;
use std::io::{ErrorKind, IoSlice};
use std::task::{Context, Poll, ready};
use std::time;

use bytes::Buf;
use wirestate_machine::{Inbox, Instant, Machine};

use crate::connection::{Next, Stage};
use crate::shutdown::Phase;
use crate::{Connection, Error, Stream};

/// How many stretches of output one write carries at most.
const SLICES: usize = 64;
/// How often the crank is turned at most before the executor gets its turn.
const TURNS: u16 = 64;
/// How much is drained with one read while lingering.
const SCRATCH: usize = 8 * 1024;

impl<M: Machine, S: Stream> Connection<M, S> {
    /// [`next`](Connection::next), to be polled.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next<M>> {
        self.tick_if_time_may_have_passed();
        loop {
            self.heed_shutdown();
            if self.stage == Stage::Open {
                match self.machine.poll(self.now) {
                    Ok(Some(event)) => return Poll::Ready(Some(Ok(event))),
                    Ok(None) if self.machine.is_closed() || self.hurried => self.part(),
                    Ok(None) => {}
                    Err(error) => {
                        self.failure = Some(Error::Protocol(error));
                        self.part();
                    }
                }
            }
            if self.shutdown_goes_on(cx) {
                continue;
            }
            let turned = match self.stage {
                Stage::Open => self.turn_open(cx),
                Stage::Parting => self.turn_parting(cx),
                Stage::HangingUp => self.turn_hanging_up(cx),
                Stage::Lingering { until, left } => self.turn_lingering(cx, until, left),
                Stage::Over => return Poll::Ready(self.failure.take().map(Err)),
            };
            if turned.is_pending() {
                self.turns = 0;
                return Poll::Pending;
            }
            self.turns += 1;
            if self.turns >= TURNS {
                self.turns = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    pub(crate) fn turn_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error<M::Error>>> {
        self.tick();
        loop {
            self.heed_shutdown();
            if self.stage == Stage::Over {
                return Poll::Ready(self.failure.take().map_or(Ok(()), Err));
            }
            if self.shutdown_goes_on(cx) {
                continue;
            }
            match self.write(cx) {
                Poll::Ready(Ok(_)) if self.machine.outbox().is_empty() && !self.unflushed => {
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => self.fail(error),
                Poll::Pending => ready!(self.wait(cx, self.stalled)),
            }
        }
    }

    /// The session is over for this end; its last words are still to be written.
    pub(crate) fn part(&mut self) {
        if self.stage == Stage::Open {
            self.stage = Stage::Parting;
        }
    }

    /// Writes, reads and waits while the session is on. Ready means that the machine may have something to say.
    fn turn_open(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.write(cx) {
            Poll::Ready(Ok(true)) => return Poll::Ready(()),
            Poll::Ready(Ok(false)) => {
                if let Some(upgrade) = self.machine.upgrade() {
                    self.failure = Some(Error::UnhandledUpgrade(upgrade));
                    self.stage = Stage::HangingUp;
                    return Poll::Ready(());
                }
            }
            Poll::Ready(Err(error)) => {
                self.fail(error);
                return Poll::Ready(());
            }
            Poll::Pending => {}
        }
        let until = Instant::earlier(self.machine.deadline(), self.stalled);
        if self.machine.inbox().room() > 0 {
            let time = self.time(until);
            match self.stream.poll_read(cx, self.machine.inbox(), time) {
                Poll::Ready(Ok(0)) => {
                    self.peer_done = true;
                    self.machine.inbox().close();
                }
                Poll::Ready(Ok(count)) => self.traffic.read += count as u64,
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => self.fail(Error::Read(error)),
                Poll::Pending => return self.wait(cx, until),
            }
            self.tick();
            return Poll::Ready(());
        }
        self.wait(cx, until)
    }

    fn turn_parting(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.write(cx) {
            Poll::Ready(Ok(true)) => {}
            Poll::Ready(Ok(false)) => self.stage = Stage::HangingUp,
            Poll::Ready(Err(error)) => self.fail(error),
            Poll::Pending => return self.wait(cx, self.stalled),
        }
        Poll::Ready(())
    }

    fn turn_hanging_up(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.stream.poll_shutdown(cx) {
            Poll::Ready(Ok(())) if !self.peer_done && !self.hurried && !self.options.linger.is_zero() => {
                let until = self.now + self.options.linger;
                self.stage = Stage::Lingering { until, left: self.options.linger_bytes };
            }
            // A peer that has gone by now cannot be told, and need not be.
            Poll::Ready(_) => self.stage = Stage::Over,
            Poll::Pending => match self.stall() {
                Ok(()) => return self.wait(cx, self.stalled),
                Err(error) => self.fail(error),
            },
        }
        Poll::Ready(())
    }

    /// Reads until the peer closes too: closing on unread input would make a reset that may eat the last word.
    fn turn_lingering(&mut self, cx: &mut Context<'_>, until: Instant, left: usize) -> Poll<()> {
        if self.now >= until || left == 0 {
            self.stage = Stage::Over;
            return Poll::Ready(());
        }
        let mut scratch = Inbox::new(left.min(SCRATCH));
        let time = self.time(Some(until));
        match self.stream.poll_read(cx, &mut scratch, time) {
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

    /// Writes the outbox, as much as goes, and flushes it. Ready with whether anything went out; pending is a peer that takes nothing.
    fn write(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error<M::Error>>> {
        let mut wrote = false;
        loop {
            let outbox = self.machine.outbox();
            let moved = if !outbox.is_empty() {
                let until = Instant::earlier(self.stalled, self.patience).and_then(|until| self.clock.time(until));
                let mut slices = [IoSlice::new(&[]); SLICES];
                let count = outbox.chunks_vectored(&mut slices);
                self.stream.poll_write(cx, slices.get(..count).unwrap_or(&[]), until)
            } else if self.unflushed {
                self.stream.poll_flush(cx).map_ok(|()| 0)
            } else {
                return Poll::Ready(Ok(wrote));
            };
            match moved {
                Poll::Ready(Ok(0)) if outbox.is_empty() => {
                    self.unflushed = false;
                    self.stalled = None;
                }
                Poll::Ready(Ok(0)) => {
                    return Poll::Ready(Err(Error::Write(io::Error::from(ErrorKind::WriteZero))));
                }
                Poll::Ready(Ok(count)) => {
                    outbox.advance(count.min(outbox.len()));
                    self.traffic.written += count as u64;
                    self.unflushed = true;
                    self.stalled = None;
                    wrote = true;
                }
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(Error::Write(error))),
                // The machine may go on with what went out.
                Poll::Pending if wrote => return Poll::Ready(Ok(true)),
                Poll::Pending => return self.stall().map_or_else(|error| Poll::Ready(Err(error)), |()| Poll::Pending),
            }
        }
    }

    /// The peer takes nothing: the first time that starts its patience, later it may end it.
    fn stall(&mut self) -> Result<(), Error<M::Error>> {
        match self.stalled {
            None => self.stalled = Some(self.now + self.options.stall),
            Some(stalled) if self.now >= stalled => return Err(Error::Stalled { after: self.options.stall }),
            Some(_) => {}
        }
        Ok(())
    }

    fn wait(&mut self, cx: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
        let until = self.time(until);
        ready!(self.stream.poll_until(cx, until));
        self.tick();
        Poll::Ready(())
    }

    /// When to stop waiting: at `until`, or when a shutdown's patience ends.
    fn time(&self, until: Option<Instant>) -> Option<time::Instant> {
        Instant::earlier(until, self.patience).and_then(|until| self.clock.time(until))
    }

    /// The connection ends here and now. Of several reasons, the first is told.
    fn fail(&mut self, error: Error<M::Error>) {
        self.failure.get_or_insert(error);
        self.stage = Stage::Over;
    }

    // --- the shutdown ---

    fn heed_shutdown(&mut self) {
        let Some(member) = &self.member else { return };
        let phase = member.phase();
        if phase == Phase::Running || self.stage == Stage::Over {
            return;
        }
        if !self.told {
            self.told = true;
            if self.stage == Stage::Open {
                self.machine.shutdown();
            }
        }
        if self.patience.is_none() || (phase == Phase::Now && !self.hurried) {
            self.patience = Instant::earlier(self.patience, Some(self.now + member.within()));
        }
        self.hurried |= phase == Phase::Now;
        if phase == Phase::Abort || self.patience.is_some_and(|patience| self.now >= patience) {
            self.cut_off();
        }
    }

    fn cut_off(&mut self) {
        // All was said when the peer is only being drained.
        if matches!(self.stage, Stage::Lingering { .. }) {
            self.stage = Stage::Over;
            return;
        }
        if let Some(member) = &self.member {
            member.count_abort();
        }
        self.fail(Error::Aborted);
    }

    /// Asks to be woken when a shutdown goes on, and whether it has since it was last heeded.
    fn shutdown_goes_on(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(member) = &self.member else { return false };
        if self.stage == Stage::Over {
            return false;
        }
        member.register(self.stream.interrupter().unwrap_or(cx.waker()));
        match member.phase() {
            Phase::Running => false,
            Phase::Graceful => !self.told,
            Phase::Now => !self.hurried,
            Phase::Abort => true,
        }
    }

    // --- the clock ---

    fn tick(&mut self) {
        self.now = self.now.max(self.clock.instant(self.stream.now()));
    }

    /// Reads the clock, unless the executor's slice is still the one in which it was last read.
    fn tick_if_time_may_have_passed(&mut self) {
        let slice = self.member.as_ref().and_then(|member| member.slice());
        if slice.is_none() || slice != self.slice {
            self.slice = slice;
            self.tick();
        }
    }
}
