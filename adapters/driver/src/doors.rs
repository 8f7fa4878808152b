//! The listening sockets of one server, and who is let in when.

use std::io;
use std::mem;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant as Time;

use bytes::Bytes;

use crate::hall::Hall;
use crate::info::Entrance;
use crate::listener::Bound;
use crate::proxy::Asked;
use crate::rate::{Bucket, Token};
use crate::waiting::Waiting;
use crate::{
    Accept, AcceptClass, Address, Backoff, Info, Limits, ListenerError, ListenerId, Notice, Options, Proxies, Rate,
    Refusal, Runtime, Timer,
};

/// How many connections are accepted in a row before the executor gets its turn.
const STREAK: u32 = 16;

/// Somebody who has come in.
pub(crate) struct Visitor<S> {
    pub(crate) stream: S,
    pub(crate) info: Info,
    pub(crate) options: Options,
    pub(crate) proxies: Option<Arc<Proxies>>,
    /// What was read of him already.
    pub(crate) read: Bytes,
}

impl<S> Visitor<S> {
    /// The address that the limits count; `None` also of one that a proxy has still to introduce.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        let peer = self.info.peer();
        let is_introduced = self.proxies.as_ref().is_none_or(|proxies| !matches!(proxies.ask(peer), Asked::Header));
        peer.ip().filter(|_| is_introduced)
    }
}

/// The open doors, and those who wait inside for others from their address to leave.
pub(crate) struct Doors<A: Accept> {
    open: Vec<Door<A>>,
    waiting: Waiting<A::Stream>,
    failed: Vec<ListenerError>,
    /// Whether the last door there was has failed.
    bereft: bool,
    /// Which door is asked first, so that a busy one does not shut out the others.
    first: usize,
    streak: u32,
    paused: bool,
    /// When all doors are closed for want of something that only time brings back.
    resting: Option<Time>,
    backoff: Backoff,
    bucket: Bucket,
    /// While there is no token: when there will be one, if ever.
    held: Option<Option<Time>>,
    /// Whether it was told that the rate holds accept up.
    slowed: bool,
}

struct Door<A> {
    id: ListenerId,
    /// Where connections arrive, if that is the same for all.
    local: Option<Address>,
    accept: A,
    options: Options,
    proxies: Option<Arc<Proxies>>,
    entrance: Arc<Entrance>,
    backoff: Backoff,
    resting: Option<Time>,
}

impl<A: Accept> Doors<A> {
    pub(crate) fn new() -> Self {
        Doors {
            open: Vec::new(),
            waiting: Waiting::new(),
            failed: Vec::new(),
            bereft: false,
            first: 0,
            streak: 0,
            paused: false,
            resting: None,
            backoff: Backoff::default(),
            bucket: Bucket::default(),
            held: None,
            slowed: false,
        }
    }

    /// The next who is let in; `None` when the server is to end, or its last door has failed.
    pub(crate) fn poll<M, R: Runtime<Accept = A>>(
        &mut self,
        cx: &mut Context<'_>,
        runtime: &mut R,
        hall: &Hall<M>,
    ) -> Poll<Option<Visitor<A::Stream>>> {
        hall.register(cx.waker());
        loop {
            self.see_to_desk(runtime, hall);
            if hall.shutdown().is_triggered() || self.bereft {
                return Poll::Ready(None);
            }
            if self.streak >= STREAK {
                self.streak = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match self.poll_once(cx, runtime, hall) {
                Poll::Ready(Some(visitor)) => {
                    self.streak += 1;
                    return Poll::Ready(Some(visitor));
                }
                Poll::Ready(None) => self.streak += 1,
                Poll::Pending => {
                    self.streak = 0;
                    if self.sweep(cx, hall) {
                        continue;
                    }
                    if runtime.poll_until(cx, self.wake()).is_pending() {
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    /// When time alone makes a difference: not while accept is paused, and not for one door while all rest.
    fn wake(&self) -> Option<Time> {
        match self.resting {
            _ if self.paused => None,
            None if self.held.is_some() => self.held.flatten(),
            None => self.open.iter().filter_map(|door| door.resting).min(),
            all => all,
        }
    }

    /// Closes all doors.
    pub(crate) fn close<M>(self, hall: &Hall<M>) -> Vec<ListenerError> {
        let mut desk = hall.desk();
        let gone = (mem::take(&mut desk.coming), mem::take(&mut desk.leaving), mem::take(&mut desk.open));
        drop(desk);
        drop(gone);
        self.failed
    }

    /// A visitor is being served.
    pub(crate) fn is_well(&mut self) {
        self.backoff.reset();
    }

    /// No visitor could be served, for a reason that goes away with time.
    pub(crate) fn rest<M>(&mut self, now: Time, id: Option<ListenerId>, error: &io::Error, hall: &Hall<M>) {
        let pause = self.backoff.pause();
        self.resting = now.checked_add(pause);
        if let Some(id) = id {
            hall.tell(&Notice::ListenerRests { id, error, pause });
        }
    }

    /// Opens what was added, closes what was removed.
    fn see_to_desk<M, R: Runtime<Accept = A>>(&mut self, runtime: &R, hall: &Hall<M>) {
        loop {
            let mut desk = hall.desk();
            if let Some((id, address)) = desk.leaving.pop_front() {
                drop(desk);
                self.open.retain(|door| door.id != id);
                hall.tell(&Notice::ListenerRemoved { id, address: &address });
            } else if let Some(Bound { socket, place, options, proxies, entrance }) = desk.coming.pop_front() {
                // Under the lock, so that at each moment it is to be found in one place or the other.
                let opened = runtime.open(socket);
                let (id, address) = (place.id, place.address.clone());
                match opened {
                    Ok(accept) => {
                        desk.open.push(place);
                        drop(desk);
                        let local = Some(address.clone()).filter(is_the_same_for_all);
                        let (backoff, resting) = (Backoff::default(), None);
                        self.open.push(Door { id, local, accept, options, proxies, entrance, backoff, resting });
                        self.bereft = false;
                        hall.tell(&Notice::ListenerOpened { id, address: &address });
                    }
                    Err(error) => {
                        drop(desk);
                        drop(place);
                        self.fail(id, address, error, hall);
                    }
                }
            } else {
                return;
            }
        }
    }

    fn fail<M>(&mut self, id: ListenerId, address: Address, error: io::Error, hall: &Hall<M>) {
        self.bereft = self.open.is_empty();
        hall.tell(&Notice::ListenerFailed { id, address: &address, error: &error });
        self.failed.push(ListenerError { address, source: error });
    }

    /// Lets one in, if the limits do. Ready with `None` when there was something else to do, which has been done.
    fn poll_once<M>(
        &mut self,
        cx: &mut Context<'_>,
        timer: &impl Timer,
        hall: &Hall<M>,
    ) -> Poll<Option<Visitor<A::Stream>>> {
        let limits = hall.desk().limits;
        // Said before anybody is looked for room for, so that no leave is missed in between.
        hall.expect_leave(limits.connections.is_some() || !self.waiting.is_empty());
        if let Some(visitor) = self.take_waiting(hall, &limits) {
            return Poll::Ready(Some(visitor));
        }
        if hall.is_full(self.waiting.len(), &limits) {
            if !mem::replace(&mut self.paused, true) {
                hall.tell(&Notice::AcceptPaused { connections: hall.seats() });
            }
            return Poll::Pending;
        }
        if mem::replace(&mut self.paused, false) {
            hall.tell(&Notice::AcceptResumed);
        }
        if self.resting.is_some_and(|until| timer.now() < until) {
            return Poll::Pending;
        }
        self.resting = None;
        if !self.has_token(timer.now(), limits.rate, hall) {
            return Poll::Pending;
        }
        let visitor = match self.poll_doors(cx, timer, hall) {
            Poll::Ready(Some(visitor)) => visitor,
            other => {
                if other.is_pending() && mem::take(&mut self.slowed) {
                    hall.tell(&Notice::AcceptCaughtUp);
                }
                return other;
            }
        };
        self.bucket.take(limits.rate, timer.now());
        if visitor.ip().is_none_or(|ip| hall.has_room_for(ip, &limits)) {
            return Poll::Ready(Some(visitor));
        }
        // Somebody may have gone who was not missed so far.
        if self.waiting.len() < limits.waiting || (self.sweep(cx, hall) && self.waiting.len() < limits.waiting) {
            self.waiting.push(visitor);
        } else {
            hall.tell(&Notice::Refused { info: &visitor.info, why: &Refusal::TooManyFromAddress });
        }
        Poll::Ready(None)
    }

    /// Whether the rate lets one in now; if not, that is told.
    fn has_token<M>(&mut self, now: Time, rate: Option<Rate>, hall: &Hall<M>) -> bool {
        self.held = match self.bucket.token(rate, now) {
            Token::Now => None,
            Token::At(time) => Some(Some(time)),
            Token::Never => Some(None),
        };
        let Some(until) = self.held else { return true };
        if !mem::replace(&mut self.slowed, true) {
            let pause = until.map(|until| until.saturating_duration_since(now));
            hall.tell(&Notice::AcceptSlowed { pause });
        }
        false
    }

    /// The first of those inside whose address has room again.
    fn take_waiting<M>(&mut self, hall: &Hall<M>, limits: &Limits) -> Option<Visitor<A::Stream>> {
        self.waiting.take(|visitor| visitor.ip().is_none_or(|ip| hall.has_room_for(ip, limits)))
    }

    /// Whether somebody who waited inside has gone.
    fn sweep<M>(&mut self, cx: &mut Context<'_>, hall: &Hall<M>) -> bool {
        self.waiting.sweep(cx, |visitor| hall.tell(&Notice::Refused { info: &visitor.info, why: &Refusal::Gone }))
    }

    /// Asks each door that is not resting.
    fn poll_doors<M>(
        &mut self,
        cx: &mut Context<'_>,
        timer: &impl Timer,
        hall: &Hall<M>,
    ) -> Poll<Option<Visitor<A::Stream>>> {
        for offset in 0..self.open.len() {
            let at = (self.first + offset) % self.open.len();
            let Some(door) = self.open.get_mut(at) else { continue };
            if door.resting.is_some_and(|until| timer.now() < until) {
                continue;
            }
            door.resting = None;
            match door.accept.poll_accept(cx) {
                Poll::Pending => continue,
                Poll::Ready(Ok((stream, peer))) => {
                    door.backoff.reset();
                    self.first = at + 1;
                    return Poll::Ready(Some(door.visitor(stream, peer)));
                }
                Poll::Ready(Err(error)) => match AcceptClass::of(&error) {
                    AcceptClass::Momentary => {}
                    AcceptClass::Exhausted => {
                        let pause = door.backoff.pause();
                        door.resting = timer.now().checked_add(pause);
                        hall.tell(&Notice::ListenerRests { id: door.id, error: &error, pause });
                    }
                    AcceptClass::Fatal => {
                        let door = self.open.swap_remove(at);
                        let mut desk = hall.desk();
                        let place = desk.open.iter().position(|place| place.id == door.id);
                        let place = place.map(|at| desk.open.swap_remove(at));
                        drop(desk);
                        // One that is being removed has failed nobody.
                        if let Some(address) = place.map(|place| place.address.clone()) {
                            self.fail(door.id, address, error, hall);
                        }
                    }
                },
            }
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}

impl<A: Accept> Door<A> {
    fn visitor(&self, stream: A::Stream, peer: Address) -> Visitor<A::Stream> {
        let local = self.local.clone().unwrap_or_else(|| A::local(&stream));
        let info = Info::new(peer, local).through(&self.entrance);
        if let Some(keepalive) = &self.options.keepalive {
            // It fails only on a connection that is already gone, which its first read will tell, and where it means nothing.
            let _ = A::keep_alive(&stream, keepalive);
        }
        Visitor { stream, info, options: self.options, proxies: self.proxies.clone(), read: Bytes::new() }
    }
}

/// Whether connections arrive exactly where is listened: not so on `0.0.0.0`.
fn is_the_same_for_all(address: &Address) -> bool {
    address.tcp().is_none_or(|address| !address.ip().is_unspecified())
}
