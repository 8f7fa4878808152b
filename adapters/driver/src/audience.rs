use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::{Notice, Observer};

/// Who is told what happens: nobody, or one observer at a time. A server shares it with its connections.
#[derive(Clone, Default)]
pub(crate) struct Audience(Arc<Seats>);

#[derive(Default)]
struct Seats {
    /// Whether there is an observer, and one of flushes, for those who ask at each turn.
    taken: AtomicU8,
    observer: RwLock<Option<Observer>>,
}

const TAKEN: u8 = 1;
const HEARS_FLUSHES: u8 = 2;

impl Audience {
    pub(crate) fn of(observer: Observer) -> Self {
        let audience = Audience::default();
        audience.seat(observer);
        audience
    }

    /// Lets `observer` take the place of the one there was, which is told so and dropped.
    pub(crate) fn seat(&self, observer: Observer) {
        let mut place = self.0.observer.write().unwrap_or_else(PoisonError::into_inner);
        let taken = if observer.hears_flushes() { TAKEN | HEARS_FLUSHES } else { TAKEN };
        let earlier = place.replace(observer);
        self.0.taken.store(taken, Ordering::Release);
        drop(place);
        // Told outside the lock: it may do whatever it likes, take the place again included.
        if let Some(earlier) = earlier {
            earlier.tell(&Notice::Superseded);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.taken.load(Ordering::Acquire) == 0
    }

    pub(crate) fn hears_flushes(&self) -> bool {
        self.0.taken.load(Ordering::Acquire) & HEARS_FLUSHES != 0
    }

    pub(crate) fn tell(&self, notice: &Notice<'_>) {
        if self.is_empty() {
            return;
        }
        let observer = self.0.observer.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(observer) = observer {
            observer.tell(notice);
        }
    }
}

impl fmt::Debug for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "nobody" } else { "an observer" })
    }
}
