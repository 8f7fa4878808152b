//! Whether a mailbox has changed, told without its lock.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};

/// A mailbox's count of its changes. It goes on once more when the mailbox is dropped, so that no view trusts one that is gone.
#[derive(Debug, Default)]
pub(super) struct Clock(Arc<AtomicU32>);

impl Clock {
    pub(super) fn tick(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    /// What a view has seen, to be compared later.
    pub(super) fn reading(&self) -> Reading {
        Reading { clock: Some(self.0.clone()), seen: self.0.load(Ordering::Acquire) }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.tick();
    }
}

/// How far a mailbox had come when a view looked at it.
#[derive(Debug)]
pub(super) struct Reading {
    /// None once it was [stopped](Self::stop).
    clock: Option<Arc<AtomicU32>>,
    seen: u32,
}

impl Reading {
    /// Looks again. The view may have come from another mailbox, that stood in the same place.
    pub(super) fn renew(&mut self, clock: &Clock) {
        if let Some(before) = &mut self.clock
            && !Arc::ptr_eq(before, &clock.0)
        {
            *before = clock.0.clone();
        }
        self.seen = clock.0.load(Ordering::Acquire);
    }

    #[inline]
    pub(super) fn is_current(&self) -> bool {
        self.clock.as_ref().is_some_and(|clock| clock.load(Ordering::Acquire) == self.seen)
    }

    /// It is never current again, and holds nothing of the mailbox.
    pub(super) fn stop(&mut self) {
        self.clock = None;
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::super::{Access, End, FlagChange, Flags, Mailbox, SessionId, Step};
    use crate::codec::{Flag, ModSeq, Uid, UidSet};

    #[test]
    fn a_view_is_current_until_something_happens() {
        let mut mailbox = Mailbox::new(7.try_into().unwrap());
        mailbox.append(Flags::NONE).unwrap();
        let mut view = mailbox.select(SessionId(1), Access::ReadWrite).unwrap();
        assert!(view.is_current());
        let all = UidSet::all();
        let changes: [&dyn Fn(&mut Mailbox); 8] = [
            &|mailbox| {
                mailbox.append(Flags::NONE).unwrap();
            },
            &|mailbox| {
                mailbox.store(&all, FlagChange::Add(Flags::SEEN), None);
            },
            &|mailbox| {
                mailbox.flags([&Flag::Keyword("$Junk")]).unwrap();
            },
            &|mailbox| {
                mailbox.expunge(&UidSet::range(Uid::MIN..=Uid::MIN));
            },
            &|mailbox| mailbox.raise_modseq(ModSeq::new(100).unwrap()),
            &|mailbox| {
                let arrived = vec![(mailbox.uid_next(), Flags::NONE)];
                let modseq = ModSeq::new(101).unwrap();
                mailbox.take_over(&Step { modseq, arrived, changed: vec![], expunged: UidSet::new() }).unwrap();
            },
            &|mailbox| *mailbox = Mailbox::new(8.try_into().unwrap()),
            &|mailbox| mailbox.end(End::Deleted),
        ];
        for change in changes {
            let told = view.ended();
            change(&mut mailbox);
            assert!(!view.is_current() || told.is_some());
            view.catch_up(&mut mailbox);
            assert!(view.is_current() || told.is_some());
        }
    }

    #[test]
    fn a_view_does_not_trust_a_mailbox_that_is_gone() {
        let mut mailbox = Mailbox::new(7.try_into().unwrap());
        let view = mailbox.select(SessionId(1), Access::ReadOnly).unwrap();
        drop(mailbox);
        assert!(!view.is_current());
    }
}
