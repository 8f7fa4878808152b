use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;

use atomic_waker::AtomicWaker;

/// How long sessions have for their last word at [`Mode::Now`].
const LAST_WORD: Duration = Duration::from_secs(1);

/// How servers and connections are to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Listening stops. Each machine ends at its next safe point with its protocol's farewell; what is left after `within` is cut off.
    Graceful {
        /// How long the sessions have.
        within: Duration,
    },
    /// Listening stops. Each machine says its farewell, safe point or not, which is flushed if the peer takes it within a second.
    Now,
}

/// The handle that ends servers and connections, from anywhere: clone it, give it to [`serve`](crate::serve), and
/// [`trigger`](Shutdown::trigger) it once.
///
/// One handle may end many servers, and single connections that were [enrolled](crate::Connection::enroll) with it.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    phase: AtomicU8,
    within_millis: AtomicU64,
    bells: Mutex<Bells>,
}

#[derive(Default)]
struct Bells {
    last: u64,
    live: HashMap<u64, Weak<dyn Ring>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shutdown").field("phase", &Phase::from(&self.phase)).finish_non_exhaustive()
    }
}

/// Whoever must be woken when a shutdown goes on.
pub(crate) trait Ring: Send + Sync {
    fn ring(&self);
}

impl Ring for AtomicWaker {
    fn ring(&self) {
        self.wake();
    }
}

/// How far a shutdown has gone. It only goes on, never back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Phase {
    Running,
    Graceful,
    Now,
    Abort,
}

impl From<&AtomicU8> for Phase {
    fn from(phase: &AtomicU8) -> Self {
        match phase.load(Ordering::Acquire) {
            0 => Phase::Running,
            1 => Phase::Graceful,
            2 => Phase::Now,
            _ => Phase::Abort,
        }
    }
}

impl Shutdown {
    /// A handle that has not been triggered.
    pub fn new() -> Self {
        Shutdown::default()
    }

    /// Ends everything that has this handle. A graceful end may be hastened by a second call with [`Mode::Now`].
    pub fn trigger(&self, mode: Mode) {
        match mode {
            Mode::Graceful { within } => {
                let millis = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
                if self.phase() == Phase::Running {
                    self.shared.within_millis.store(millis, Ordering::Relaxed);
                }
                self.advance(Phase::Graceful);
            }
            Mode::Now => self.advance(Phase::Now),
        }
    }

    /// Whether it has been triggered.
    pub fn is_triggered(&self) -> bool {
        self.phase() > Phase::Running
    }

    /// Waits until it is triggered: for an application's own tasks that are to end with the server.
    pub async fn triggered(&self) {
        let waker = Arc::new(AtomicWaker::new());
        let bell: Arc<dyn Ring> = waker.clone();
        let _line = self.connect(Arc::downgrade(&bell));
        poll_fn(|cx| {
            waker.register(cx.waker());
            if self.is_triggered() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    pub(crate) fn phase(&self) -> Phase {
        Phase::from(&self.shared.phase)
    }

    /// How long sessions have from when they hear of the shutdown.
    pub(crate) fn within(&self) -> Duration {
        match self.phase() {
            Phase::Running => Duration::MAX,
            Phase::Graceful => Duration::from_millis(self.shared.within_millis.load(Ordering::Relaxed)),
            Phase::Now => LAST_WORD,
            Phase::Abort => Duration::ZERO,
        }
    }

    pub(crate) fn advance(&self, phase: Phase) {
        if self.shared.phase.fetch_max(phase as u8, Ordering::AcqRel) < phase as u8 {
            // Rung outside the lock: a waker may run anything.
            let bells: Vec<_> = self.bells().live.values().filter_map(Weak::upgrade).collect();
            bells.iter().for_each(|bell| bell.ring());
        }
    }

    /// Rings `bell` at each step of the shutdown, for as long as the line lives.
    pub(crate) fn connect(&self, bell: Weak<dyn Ring>) -> Line {
        let mut bells = self.bells();
        bells.last += 1;
        let key = bells.last;
        bells.live.insert(key, bell);
        drop(bells);
        Line { shutdown: self.clone(), key }
    }

    fn bells(&self) -> MutexGuard<'_, Bells> {
        self.shared.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A bell that is connected for as long as this lives.
#[derive(Debug)]
pub(crate) struct Line {
    shutdown: Shutdown,
    key: u64,
}

impl Line {
    pub(crate) fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.shutdown.bells().live.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Ring for Count {
        fn ring(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn everybody_is_woken_at_each_step() {
        let shutdown = Shutdown::new();
        let count = Arc::new(Count::default());
        let bell: Arc<dyn Ring> = count.clone();
        let _line = shutdown.connect(Arc::downgrade(&bell));
        shutdown.trigger(Mode::Graceful { within: Duration::from_secs(3) });
        shutdown.trigger(Mode::Graceful { within: Duration::from_secs(9) });
        assert_eq!((shutdown.phase(), shutdown.within()), (Phase::Graceful, Duration::from_secs(3)));
        shutdown.trigger(Mode::Now);
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_shutdown_never_goes_back() {
        let shutdown = Shutdown::new();
        shutdown.trigger(Mode::Now);
        shutdown.trigger(Mode::Graceful { within: Duration::from_secs(600) });
        assert_eq!((shutdown.phase(), shutdown.within()), (Phase::Now, LAST_WORD));
    }

    #[test]
    fn who_left_is_not_remembered() {
        let shutdown = Shutdown::new();
        let bell: Arc<dyn Ring> = Arc::new(Count::default());
        drop(shutdown.connect(Arc::downgrade(&bell)));
        assert!(shutdown.bells().live.is_empty());
    }
}
