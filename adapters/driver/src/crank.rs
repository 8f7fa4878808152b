//! The turning of the crank while the session is on: poll, write, read, wait.

use std::io;
use std::io::{ErrorKind, IoSlice};
use std::task::{Context, Poll, ready};
use std::time;

use bytes::Buf;
use wirestate_machine::{Ending, Instant, Machine};

use crate::connection::{Next, Stage};
use crate::shared::{ABORT, FLUSH, PAUSED, Post};
use crate::shutdown::Phase;
use crate::{Connection, Error, Notice, OnError, Stream};

/// How many stretches of output one write carries at most.
const SLICES: usize = 64;
/// How often the crank is turned at most before the executor gets its turn.
const TURNS: u16 = 64;

impl<M: Machine, S: Stream> Connection<M, S> {
    /// [`next`](Connection::next), to be polled.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next<M>> {
        if std::mem::take(&mut self.state.waiting) {
            if self.is_only_relaying(cx) {
                self.state.waiting = true;
                return Poll::Pending;
            }
            if let Some(error) = self.failure_in_session() {
                return Poll::Ready(Some(Err(error)));
            }
        }
        self.tick_if_time_may_have_passed();
        let mut listening = false;
        loop {
            self.heed_shutdown();
            self.heed_handles();
            if self.stage == Stage::Open
                && let Some(next) = self.poll_machine()
            {
                return Poll::Ready(Some(next));
            }
            if self.stage != Stage::Over && self.is_called(cx, &mut listening) {
                continue;
            }
            let turned = match self.stage {
                Stage::Open => match self.turn_open(cx) {
                    Poll::Ready(Some(next)) => return Poll::Ready(Some(next)),
                    Poll::Ready(None) => Poll::Ready(()),
                    Poll::Pending => Poll::Pending,
                },
                Stage::Parting => self.turn_parting(cx),
                Stage::HangingUp => self.turn_hanging_up(cx),
                Stage::Lingering { until, left } => self.turn_lingering(cx, until, left),
                Stage::Over => {
                    self.presence.end();
                    return Poll::Ready(self.failure.take().map(Err));
                }
            };
            if turned.is_pending() {
                self.turns = 0;
                return Poll::Pending;
            }
            if let Some(error) = self.failure_in_session() {
                return Poll::Ready(Some(Err(error)));
            }
            self.turns += 1;
            if self.turns >= TURNS {
                self.turns = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    /// Turns the crank until the session can begin, or has ended before. `Ok` is told with what the machine has to tell still to be pulled.
    pub(crate) fn poll_established(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Option<Error<M::Error>>>> {
        if self.can_begin() {
            return Poll::Ready(Ok(()));
        }
        match self.poll_next(cx) {
            Poll::Ready(Some(Ok(event))) => self.foretold = Some(Box::new(event)),
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(Some(error))),
            Poll::Ready(None) => return Poll::Ready(Err(None)),
            Poll::Pending if self.can_begin() => {}
            Poll::Pending => return Poll::Pending,
        }
        Poll::Ready(Ok(()))
    }

    fn can_begin(&mut self) -> bool {
        self.stage == Stage::Open && !self.machine.is_establishing()
    }

    pub(crate) fn turn_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error<M::Error>>> {
        self.tick();
        let mut listening = false;
        loop {
            self.heed_shutdown();
            self.heed_handles();
            if let Some(error) = self.failure.take_if(|_| matches!(self.stage, Stage::Open | Stage::Over)) {
                return Poll::Ready(Err(error));
            }
            if self.stage == Stage::Over {
                return Poll::Ready(Ok(()));
            }
            if self.is_called(cx, &mut listening) {
                continue;
            }
            self.watch_marks();
            match self.write(cx) {
                Poll::Ready(Ok(_)) if self.machine.outbox().is_empty() && !self.state.unflushed => {
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => self.fail(error),
                Poll::Pending => ready!(self.wait(cx, self.slowness.until())),
            }
        }
    }

    /// What the machine has to tell, if anything.
    fn poll_machine(&mut self) -> Option<Result<M::Event, Error<M::Error>>> {
        if let Some(event) = self.foretold.take() {
            self.watch_channel();
            return Some(Ok(*event));
        }
        match self.machine.poll(self.now) {
            Ok(Some(event)) => {
                // Who answers may ask what lies between by now: whose certificate it is, say.
                let channel = self.machine.channel();
                if (channel.tls, channel.deflate.is_some()) != (self.state.tls, self.state.deflate) {
                    self.watch_channel();
                }
                self.presence.shared.count_event();
                return Some(Ok(event));
            }
            Ok(None) if self.machine.is_closed() || self.state.hurried => {
                let ending = self.machine.ending().unwrap_or_else(|| self.ending_as_seen());
                self.presence.ending.get_or_insert(ending);
                self.part();
            }
            Ok(None) => {}
            Err(error) => {
                let ending = self.machine.ending().unwrap_or(Ending::Violation);
                self.presence.ending.get_or_insert(ending);
                self.failure = Some(Error::Protocol(error));
                self.part();
            }
        }
        None
    }

    fn ending_as_seen(&self) -> Ending {
        match () {
            () if self.state.told => Ending::Shutdown,
            () if self.state.broken => Ending::Io,
            () if self.state.peer_done => Ending::PeerClosed,
            () => Ending::Quit,
        }
    }

    /// The session is over for this end; its last words are still to be written.
    pub(crate) fn part(&mut self) {
        if self.stage == Stage::Open {
            self.stage = Stage::Parting;
            self.presence.shared.retire();
        }
    }

    /// Writes, reads and waits while the session is on. Ready with what the machine had to tell after the write, or with nothing: then it is
    /// to be asked again.
    fn turn_open(&mut self, cx: &mut Context<'_>) -> Poll<Next<M>> {
        self.watch_channel();
        self.watch_marks();
        match self.write(cx) {
            Poll::Ready(Ok(wrote)) => {
                if wrote {
                    // Handles may wait for the room that there is now.
                    if self.presence.shared.is_posted() {
                        return Poll::Ready(None);
                    }
                    // What went out may let the machine go on. Mostly it does not, and then all is as it was but for the peer.
                    if let Some(next) = self.poll_machine() {
                        return Poll::Ready(Some(next));
                    }
                    if self.stage != Stage::Open || !self.machine.outbox().is_empty() || self.state.unflushed {
                        return Poll::Ready(None);
                    }
                    self.watch_marks();
                    self.slowness.forgive();
                }
                if let Some(upgrade) = self.machine.upgrade() {
                    self.presence.ending.get_or_insert(Ending::Local);
                    self.failure = Some(Error::UnhandledUpgrade(upgrade));
                    self.part();
                    return Poll::Ready(None);
                }
            }
            Poll::Ready(Err(error)) => {
                self.fail(error);
                return Poll::Ready(None);
            }
            Poll::Pending => {}
        }
        self.listen(cx).map(|()| None)
    }

    /// Reads, and waits while there is nothing to be read. Ready means that the machine may have something to say.
    fn listen(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let until = Instant::earlier(self.machine.deadline(), self.slowness.until());
        if self.machine.inbox().room() == 0 || self.presence.shared.has(PAUSED) {
            self.state.deaf = true;
            return self.wait(cx, until);
        }
        // The peer may have spoken long before it is listened to.
        let was_deaf = std::mem::take(&mut self.state.deaf);
        if self.take_unread() {
            return Poll::Ready(());
        }
        if self.state.peer_done {
            return self.wait(cx, until);
        }
        match self.stream.poll_read(cx, self.machine.inbox()) {
            Poll::Ready(Ok(0)) => {
                self.state.peer_done = true;
                self.machine.inbox().close();
            }
            Poll::Ready(Ok(count)) => self.presence.shared.count_read(count),
            Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
            Poll::Ready(Err(error)) => {
                self.fail(Error::Read(error));
                self.state.peer_done = true;
                self.machine.inbox().close();
            }
            Poll::Pending => {
                if was_deaf {
                    self.heard();
                }
                let waited = self.wait_listening(cx, until);
                self.state.waiting = waited.is_pending() && self.machine.outbox().is_empty() && !self.state.unflushed;
                return waited;
            }
        }
        self.tick();
        self.heard();
        Poll::Ready(())
    }

    /// Gives the machine of what was read before, as much as it has room for.
    fn take_unread(&mut self) -> bool {
        let Some(unread) = &mut self.unread else { return false };
        let taken = self.machine.inbox().push_some(unread);
        unread.advance(taken);
        self.presence.shared.count_read(taken);
        if unread.is_empty() {
            self.unread = None;
            if self.state.peer_done {
                self.machine.inbox().close();
            }
        }
        true
    }

    /// Writes the outbox, as much as goes, and flushes it. Ready with whether anything went out; pending is a peer that takes nothing.
    pub(crate) fn write(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error<M::Error>>> {
        let mut wrote = false;
        loop {
            let outbox = self.machine.outbox();
            let moved = if !outbox.is_empty() {
                if self.state.mute {
                    outbox.clear();
                    return Poll::Ready(Ok(true));
                }
                let first = outbox.chunk();
                if first.len() == outbox.len() {
                    self.stream.poll_write(cx, &[IoSlice::new(first)])
                } else {
                    let mut slices = [IoSlice::new(&[]); SLICES];
                    let count = outbox.chunks_vectored(&mut slices);
                    self.stream.poll_write(cx, slices.get(..count).unwrap_or(&[]))
                }
            } else if self.state.unflushed {
                self.stream.poll_flush(cx).map_ok(|()| 0)
            } else {
                if !wrote {
                    self.slowness.forgive();
                }
                return Poll::Ready(Ok(wrote));
            };
            match moved {
                Poll::Ready(Ok(0)) if outbox.is_empty() => {
                    self.slowness.has_taken_all(self.now);
                    self.has_flushed();
                    if !wrote {
                        self.slowness.forgive();
                    }
                    return Poll::Ready(Ok(wrote));
                }
                Poll::Ready(Ok(0)) => {
                    return Poll::Ready(Err(Error::Write(io::Error::from(ErrorKind::WriteZero))));
                }
                Poll::Ready(Ok(count)) => {
                    outbox.advance(count.min(outbox.len()));
                    self.presence.shared.count_written(count);
                    self.state.unflushed = true;
                    self.slowness.has_taken();
                    wrote = true;
                }
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(Error::Write(error))),
                Poll::Pending if wrote => {
                    self.tick();
                    let written = self.presence.shared.traffic().written;
                    let paced = self.slowness.leaves_some(self.now, written, &self.options);
                    // The machine may go on with what went out.
                    return Poll::Ready(paced.map(|()| true));
                }
                Poll::Pending => return self.stall().map_or_else(|error| Poll::Ready(Err(error)), |()| Poll::Pending),
            }
        }
    }

    pub(crate) fn has_flushed(&mut self) {
        self.state.unflushed = false;
        if self.presence.are_flushes_watched() {
            self.presence.tell(|info| Notice::Flushed { info });
        }
    }

    /// The peer takes nothing at the moment, which may end its patience.
    pub(crate) fn stall(&mut self) -> Result<(), Error<M::Error>> {
        self.tick();
        self.slowness.takes_nothing(self.now, self.presence.shared.traffic().written, &self.options)
    }

    // --- waiting ---

    pub(crate) fn wait(&mut self, cx: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
        let until = self.time(until);
        ready!(self.stream.poll_until(cx, until));
        self.tick();
        Poll::Ready(())
    }

    /// Waits, and tells of silence in between.
    fn wait_listening(&mut self, cx: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
        let Some(idle) = self.options.idle.filter(|idle| !idle.is_zero()) else { return self.wait(cx, until) };
        let due = self.heard + idle.saturating_mul(self.silences.saturating_add(1));
        ready!(self.wait(cx, Instant::earlier(until, Some(due))));
        if self.now >= due {
            let silent = self.now.since_start().saturating_sub(self.heard.since_start());
            // More than one time may have passed while the handler was elsewhere.
            self.silences = u32::try_from(silent.as_nanos() / idle.as_nanos()).unwrap_or(u32::MAX);
            self.presence.tell(|info| Notice::Idle { info, silent });
        }
        Poll::Ready(())
    }

    /// When to stop waiting: at `until`, or when a shutdown's patience ends.
    fn time(&self, until: Option<Instant>) -> Option<time::Instant> {
        Instant::earlier(until, self.patience).and_then(|until| self.clock.time(until))
    }

    // --- failing ---

    /// The connection ends here and now, if it is not asked whether it shall. Of several reasons, the first is told.
    pub(crate) fn fail(&mut self, error: Error<M::Error>) {
        if self.options.on_error == OnError::Ask && self.stage == Stage::Open {
            match error {
                Error::Stalled { .. } | Error::TooSlow { .. } => self.slowness.forgive(),
                Error::Write(_) => {
                    self.slowness.forgive();
                    self.state.mute = true;
                    self.state.unflushed = false;
                    self.state.broken = true;
                }
                _ => self.state.broken = true,
            }
        } else {
            self.stage = Stage::Over;
            self.presence.ending.get_or_insert(match error {
                Error::Stalled { .. } | Error::TooSlow { .. } => Ending::Timeout,
                Error::Aborted => Ending::Shutdown,
                _ => Ending::Io,
            });
        }
        self.failure.get_or_insert(error);
    }

    /// A failure after which the session may go on, if whoever pulls wants it to.
    fn failure_in_session(&mut self) -> Option<Error<M::Error>> {
        self.failure.take_if(|_| self.stage == Stage::Open)
    }

    // --- what comes from elsewhere ---

    /// Asks to be woken when a handle or a shutdown wants something, and whether either has since it was last heeded. Who is `listening` has asked
    /// in this call of the executor already, and if he was woken since, there will be another.
    fn is_called(&mut self, cx: &mut Context<'_>, listening: &mut bool) -> bool {
        if !std::mem::replace(listening, true) {
            self.presence.shared.register_puller(cx.waker());
        }
        let flags = self.presence.shared.flags();
        if flags & ABORT != 0 || (flags & FLUSH != 0 && self.stage == Stage::Open) {
            return true;
        }
        if self.stage == Stage::Open && self.presence.shared.is_posted() && !self.machine.outbox().is_full() {
            return true;
        }
        let Some(shutdown) = self.presence.shutdown() else { return false };
        match shutdown.phase() {
            Phase::Running => false,
            Phase::Graceful => !self.state.told,
            Phase::Now => !self.state.hurried,
            Phase::Abort => true,
        }
    }

    /// Does what handles asked for.
    fn heed_handles(&mut self) {
        let flags = self.presence.shared.flags();
        if flags & (FLUSH | ABORT) == 0 && !self.presence.shared.is_posted() {
            return;
        }
        if flags & ABORT != 0 {
            self.presence.ending.get_or_insert(Ending::Local);
            self.stage = Stage::Over;
        }
        if self.stage != Stage::Open {
            return;
        }
        // The last words have to be said before the end, also on a full outbox.
        let last = flags & FLUSH != 0;
        while self.presence.shared.is_posted() && (last || !self.machine.outbox().is_full()) {
            let Some(post) = self.presence.shared.take_post() else { break };
            self.take_in(post);
        }
        if last {
            self.presence.ending.get_or_insert(Ending::Local);
            self.part();
        }
    }

    pub(crate) fn take_in(&mut self, post: Post<M>) {
        if post.is_message() {
            self.presence.shared.count_relayed();
        }
        post.open(&mut self.machine);
    }

    fn heed_shutdown(&mut self) {
        let Some(shutdown) = self.presence.shutdown() else { return };
        let phase = shutdown.phase();
        if phase == Phase::Running || self.stage == Stage::Over {
            return;
        }
        let within = shutdown.within();
        if !self.state.told {
            self.state.told = true;
            if self.stage == Stage::Open {
                self.machine.shutdown();
            }
        }
        if self.patience.is_none() || (phase == Phase::Now && !self.state.hurried) {
            self.patience = Instant::earlier(self.patience, Some(self.now + within));
        }
        self.state.hurried |= phase == Phase::Now;
        if phase == Phase::Abort || self.patience.is_some_and(|patience| self.now >= patience) {
            self.cut_off();
        }
    }

    // --- what the observer is told ---

    fn watch_marks(&mut self) {
        if !self.presence.is_watched() {
            return;
        }
        let full = self.machine.outbox().is_full();
        if full != self.state.full {
            self.state.full = full;
            self.presence.tell(|info| if full { Notice::HighWater { info } } else { Notice::LowWater { info } });
        }
    }

    /// Something was read: the silence is over.
    fn heard(&mut self) {
        self.heard = self.now;
        self.silences = 0;
    }

    /// Notes what layers lie between machine and peer.
    fn watch_channel(&mut self) {
        let channel = self.machine.channel();
        if channel.deflate.is_none() && channel.tls == self.state.tls && !self.state.deflate {
            return;
        }
        let mut desk = self.presence.shared.desk();
        desk.channel = channel;
        if channel.tls && !self.state.tls {
            desk.tls = self.machine.tls_facts().map(Box::new);
        }
        drop(desk);
        if channel.tls && !std::mem::replace(&mut self.state.tls, channel.tls) {
            self.presence.tell(|info| Notice::Upgraded { info });
        }
        if channel.deflate.is_some() != self.state.deflate {
            self.state.deflate = channel.deflate.is_some();
            self.presence.tell(|info| Notice::Compressed { info, channel });
        }
    }

    // --- the clock ---

    pub(crate) fn tick(&mut self) {
        self.now = self.now.max(self.clock.instant(self.stream.now()));
    }

    /// Reads the clock, unless the executor's slice is still the one in which it was last read.
    fn tick_if_time_may_have_passed(&mut self) {
        let slice = self.presence.shared.slice();
        if slice.is_none() || slice != self.slice {
            self.slice = slice;
            self.tick();
        }
    }
}
