//! Several addresses of one server, tried one beside the other: "happy eyeballs" (RFC 8305).

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::Timer;

/// The first address that answers wins. The next one is tried when the last one has failed, or has taken too long.
pub(crate) struct Race<F, C> {
    waiting: VecDeque<SocketAddr>,
    running: Vec<(SocketAddr, Pin<Box<F>>)>,
    connect: C,
    stagger: Duration,
    next: Option<Instant>,
    failure: Option<(SocketAddr, io::Error)>,
}

impl<T, F: Future<Output = io::Result<T>>, C: Fn(SocketAddr) -> F> Race<F, C> {
    pub(crate) fn new(addresses: impl IntoIterator<Item = SocketAddr>, stagger: Duration, connect: C) -> Self {
        Race { waiting: in_turn(addresses), running: Vec::new(), connect, stagger, next: None, failure: None }
    }

    /// Ready with the winner, with the last failure where all have failed, or with `None` at the deadline.
    #[expect(clippy::type_complexity, reason = "it says what it gives")]
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        timer: &mut impl Timer,
        deadline: Option<Instant>,
    ) -> Poll<Option<Result<(T, SocketAddr), (Option<SocketAddr>, io::Error)>>> {
        loop {
            let now = timer.now();
            if deadline.is_some_and(|deadline| now >= deadline) {
                return Poll::Ready(None);
            }
            if self.running.is_empty() || self.next.is_some_and(|next| now >= next) {
                self.start(now);
            }
            if let Some(winner) = self.poll_running(cx) {
                return Poll::Ready(Some(Ok(winner)));
            }
            if self.running.is_empty() {
                if self.waiting.is_empty() {
                    let failure = self.failure.take().map(|(address, error)| (Some(address), error));
                    return Poll::Ready(Some(Err(failure.unwrap_or_else(|| (None, io::ErrorKind::NotFound.into())))));
                }
                continue;
            }
            let next = self.next.filter(|_| !self.waiting.is_empty());
            let wake = match (next, deadline) {
                (Some(next), Some(deadline)) => Some(next.min(deadline)),
                (next, deadline) => next.or(deadline),
            };
            if timer.poll_until(cx, wake).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn start(&mut self, now: Instant) {
        if let Some(address) = self.waiting.pop_front() {
            self.running.push((address, Box::pin((self.connect)(address))));
            self.next = now.checked_add(self.stagger);
        }
    }

    fn poll_running(&mut self, cx: &mut Context<'_>) -> Option<(T, SocketAddr)> {
        let mut at = 0;
        while let Some((address, attempt)) = self.running.get_mut(at) {
            match attempt.as_mut().poll(cx) {
                Poll::Ready(Ok(stream)) => return Some((stream, *address)),
                Poll::Ready(Err(error)) => {
                    self.failure = Some((*address, error));
                    drop(self.running.remove(at));
                }
                Poll::Pending => at += 1,
            }
        }
        None
    }
}

/// The addresses with their families in turn, beginning with that of the first (RFC 8305 §4).
fn in_turn(addresses: impl IntoIterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let addresses: Vec<_> = addresses.into_iter().collect();
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = VecDeque::new();
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return turns;
        }
        turns.extend(pair.into_iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::HashMap;
    use std::future::poll_fn;
    use std::task::Waker;

    use super::*;

    /// A clock that moves to each alarm.
    struct Clock(Cell<Instant>);

    impl Timer for Clock {
        fn now(&self) -> Instant {
            self.0.get()
        }

        fn poll_until(&mut self, _: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
            self.0.set(until.expect("nothing waits for ever"));
            Poll::Ready(())
        }
    }

    const V6: &str = "[2001:db8::1]:110";
    const V4: &str = "192.0.2.1:110";
    const OTHER: &str = "192.0.2.2:110";

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// Who won, who failed last, or nobody.
    type Won = Option<Result<SocketAddr, Option<SocketAddr>>>;

    /// Races these addresses; each answers after so many milliseconds, well or badly, or never. Gives who won and who was tried when.
    fn race(runners: &[(&str, Option<u64>, bool)]) -> (Won, Vec<(String, u128)>) {
        let start = Instant::now();
        let clock = std::rc::Rc::new(RefCell::new(start));
        let plan: HashMap<_, _> = runners.iter().map(|(name, after, good)| (address(name), (*after, *good))).collect();
        let tried = RefCell::new(Vec::new());
        struct Shared(std::rc::Rc<RefCell<Instant>>, Clock);
        impl Timer for Shared {
            fn now(&self) -> Instant {
                *self.0.borrow()
            }
            fn poll_until(&mut self, cx: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
                // A tenth of a second at a time, so that answers in between are seen.
                let step = self.now() + Duration::from_millis(50);
                self.1.0.set(step);
                let _ = self.1.poll_until(cx, until.map(|until| until.min(step)));
                *self.0.borrow_mut() = self.1.now();
                Poll::Ready(())
            }
        }
        let mut timer = Shared(clock.clone(), Clock(Cell::new(start)));
        let connect = |to: SocketAddr| {
            tried.borrow_mut().push((to.to_string(), (*clock.borrow() - start).as_millis()));
            let ((after, good), begun, clock) = (plan[&to], *clock.borrow(), clock.clone());
            poll_fn(move |_| match after {
                Some(after) if *clock.borrow() - begun >= Duration::from_millis(after) => {
                    Poll::Ready(if good { Ok(()) } else { Err(io::ErrorKind::ConnectionRefused.into()) })
                }
                _ => Poll::Pending,
            })
        };
        let mut race = Race::new(runners.iter().map(|(name, ..)| address(name)), Duration::from_millis(250), connect);
        let mut cx = Context::from_waker(Waker::noop());
        let deadline = Some(start + Duration::from_secs(30));
        let Poll::Ready(won) = race.poll(&mut cx, &mut timer, deadline) else { panic!("it ends") };
        drop(race);
        let won = won.map(|won| won.map(|(_, address)| address).map_err(|(address, _)| address));
        (won, tried.into_inner())
    }

    #[test]
    fn the_first_address_that_answers_wins() {
        let (won, tried) = race(&[(V6, Some(100), true), (V4, Some(0), true)]);
        assert_eq!(won, Some(Ok(address(V6))));
        assert_eq!(tried, [(V6.into(), 0)]);
    }

    #[test]
    fn a_silent_address_is_not_waited_for() {
        let (won, tried) = race(&[(V6, None, true), (V4, Some(100), true)]);
        assert_eq!(won, Some(Ok(address(V4))));
        assert_eq!(tried, [(V6.into(), 0), (V4.into(), 250)]);
    }

    #[test]
    fn a_slow_address_may_still_win() {
        let (won, _) = race(&[(V6, Some(300), true), (V4, Some(100), true)]);
        assert_eq!(won, Some(Ok(address(V6))));
    }

    #[test]
    fn after_a_refusal_the_next_is_tried_at_once() {
        let (won, tried) = race(&[(V6, Some(0), false), (V4, Some(0), true)]);
        assert_eq!(won, Some(Ok(address(V4))));
        assert_eq!(tried, [(V6.into(), 0), (V4.into(), 0)]);
    }

    #[test]
    fn families_take_turns() {
        let (won, tried) = race(&[(V4, Some(0), false), (OTHER, Some(0), false), (V6, Some(0), false)]);
        assert_eq!(won, Some(Err(Some(address(OTHER)))), "the last failure is told");
        let order: Vec<_> = tried.into_iter().map(|(name, _)| name).collect();
        assert_eq!(order, [V4, V6, OTHER]);
    }

    #[test]
    fn without_an_answer_the_deadline_ends_it() {
        assert_eq!(race(&[(V6, None, true), (V4, None, true)]).0, None);
        assert_eq!(race(&[]).0, Some(Err(None)));
    }
}
