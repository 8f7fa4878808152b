//! Changes that a store carries out and counts by itself: what it did is taken over, with the store's own UIDs and mod-sequences.

use alloc::vec::Vec;

use super::changes::FlagChange;
use super::flags::Flags;
use super::mailbox::{Mailbox, MailboxFault};
use super::selected::{Access, Pending, View};
use crate::codec::{ModSeq, Uid, UidSet};

/// What a store has done in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The mod-sequence of all of it, above that of every step before.
    pub modseq: ModSeq,
    /// New messages, by rising UID, above all that were ever given.
    pub arrived: Vec<(Uid, Flags)>,
    /// Messages whose flags are others now.
    pub changed: Vec<(Uid, Flags)>,
    /// Messages that are gone.
    pub expunged: UidSet,
}

/// What a STORE is expected to make of the messages: from [`View::expect_store`] to [`View::settle_store`].
#[derive(Clone, Debug)]
pub struct Expected {
    silent: bool,
    messages: Vec<Expectation>,
}

#[derive(Clone, Copy, Debug)]
struct Expectation {
    uid: Uid,
    flags: Flags,
    /// Another's change of it was not told yet.
    has_news: bool,
}

impl Mailbox {
    /// Takes over what a store has done that gives UIDs and counts mod-sequences by itself; in the place of [`append`](Self::append),
    /// [`expunge`](Self::expunge) and [`store`](Self::store), which count here. A step that is not above those before changes nothing.
    ///
    /// # Errors
    ///
    /// [`MailboxFault::UidOrder`] for a new message whose UID is not above all before; then nothing is changed.
    pub fn take_over(&mut self, step: &Step) -> Result<(), MailboxFault> {
        if step.modseq.get() <= self.modseq {
            return Ok(());
        }
        let mut last = self.last_uid;
        for (uid, _) in &step.arrived {
            if uid.get() <= last {
                return Err(MailboxFault::UidOrder(*uid));
            }
            last = uid.get();
        }
        // Each of the following counts one further, and all of it is one step.
        self.modseq = step.modseq.get() - 1;
        self.expunge(&step.expunged);
        let changed: UidSet = step.changed.iter().map(|(uid, _)| *uid).collect();
        for (uid, flags) in &step.changed {
            if let Some(index) = self.uids.position(uid.get())
                && let (Some(was), Some(modseq)) = (self.flags.get_mut(index), self.modseqs.get_mut(index))
            {
                (*was, *modseq) = (*flags, step.modseq.get());
            }
        }
        if let (Some(first), Some(last)) = (changed.first(), changed.last()) {
            let is_short = changed.range_count() <= 8;
            self.changed.push(step.modseq.get(), &if is_short { changed } else { UidSet::range(first..=last) });
        }
        for (uid, flags) in &step.arrived {
            self.last_uid = uid.get();
            self.uids.push(uid.get());
            self.flags.push(*flags);
            self.modseqs.push(step.modseq.get());
        }
        self.modseq = step.modseq.get();
        self.clock.tick();
        Ok(())
    }
}

impl View {
    /// What this session's STORE will make of the messages, if nobody else comes in between. Call it with the mailbox locked, let the store do its
    /// work without the lock, let the mailbox [take over](Mailbox::take_over) what it did, and [settle](Self::settle_store) it.
    ///
    /// # Errors
    ///
    /// [`MailboxFault`] where the mailbox has ended or may not be changed.
    pub fn expect_store(
        &mut self,
        mailbox: &mut Mailbox,
        uids: &UidSet,
        change: FlagChange,
        silent: bool,
    ) -> Result<Expected, MailboxFault> {
        self.catch_up(mailbox);
        if let Some(end) = self.ended() {
            return Err(MailboxFault::Ended(end));
        }
        if self.access == Access::ReadOnly {
            return Err(MailboxFault::ReadOnly);
        }
        let expect = |message: super::Message| Expectation {
            uid: message.uid,
            flags: change.apply(message.flags),
            has_news: self.queue.fetches.contains_key(&message.uid),
        };
        Ok(Expected { silent, messages: mailbox.messages_in(uids).map(expect).collect() })
    }

    /// Tells this session's client of its own STORE as is due: a FETCH for each message in `stored`, or with `.SILENT` none where the flags are
    /// as the client must think them to be, save that MODSEQ is told where CONDSTORE is on (RFC 7162 §3.1.3).
    pub fn settle_store(&mut self, mailbox: &mut Mailbox, expected: &Expected, stored: &UidSet) {
        let seen = self.seen;
        self.catch_up(mailbox);
        if self.ended().is_some() {
            return;
        }
        for expectation in expected.messages.iter().filter(|expectation| stored.contains(expectation.uid)) {
            let Some(message) = mailbox.message(expectation.uid) else { continue };
            let silent = expected.silent && !expectation.has_news && message.flags == expectation.flags;
            let is_new = message.modseq.get() > seen;
            if silent && !(is_new && self.wording().tells_modseq()) {
                self.queue.fetches.remove(&message.uid);
            } else {
                let news = Pending { flags: message.flags, modseq: message.modseq.get(), silent };
                self.queue.fetches.insert(message.uid, news);
            }
        }
        self.note_queue(mailbox);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::view::{Policy, SessionId, Update};

    fn uid(number: u32) -> Uid {
        Uid::new(number).unwrap()
    }

    fn modseq(number: u64) -> ModSeq {
        ModSeq::new(number).unwrap()
    }

    fn step(number: u64) -> Step {
        Step { modseq: modseq(number), arrived: vec![], changed: vec![], expunged: UidSet::new() }
    }

    fn two_messages() -> Mailbox {
        let mut mailbox = Mailbox::new(1.try_into().unwrap());
        let arrived = vec![(uid(3), Flags::NONE), (uid(7), Flags::SEEN)];
        mailbox.take_over(&Step { arrived, ..step(10) }).unwrap();
        mailbox
    }

    #[test]
    fn numbers_are_those_of_the_store() {
        let mut mailbox = two_messages();
        assert_eq!((mailbox.highest_modseq(), mailbox.uid_next()), (modseq(10), uid(8)));
        let mut view = mailbox.select(SessionId(1), Access::ReadWrite).unwrap();
        let all = Step {
            arrived: vec![(uid(9), Flags::NONE)],
            changed: vec![(uid(7), Flags::FLAGGED)],
            expunged: UidSet::range(uid(3)..=uid(3)),
            ..step(20)
        };
        mailbox.take_over(&all).unwrap();
        mailbox.take_over(&all).unwrap();
        assert!(mailbox.messages().all(|message| message.modseq == modseq(20)));
        assert!(view.catch_up(&mut mailbox));
        let told: Vec<_> = view.flush(Policy::All).collect();
        assert!(
            matches!(&told[..], [Update::Fetch(_), Update::Expunge(_), Update::Exists { exists: 2, .. }, ..]),
            "{told:?}"
        );
        assert_eq!(view.highest_modseq(), Some(modseq(20)));
        let old = Step { arrived: vec![(uid(9), Flags::NONE)], ..step(30) };
        assert!(matches!(mailbox.take_over(&old), Err(MailboxFault::UidOrder(_))));
        assert_eq!(mailbox.highest_modseq(), modseq(20));
    }

    #[test]
    fn a_silent_store_is_told_only_where_others_came_in_between() {
        let mut mailbox = two_messages();
        let mut view = mailbox.select(SessionId(1), Access::ReadWrite).unwrap();
        let both = UidSet::range(uid(1)..=uid(9));
        let expected = view.expect_store(&mut mailbox, &both, FlagChange::Add(Flags::DELETED), true).unwrap();
        let changed = vec![(uid(3), Flags::DELETED), (uid(7), Flags::SEEN | Flags::DELETED | Flags::FLAGGED)];
        mailbox.take_over(&Step { changed, ..step(11) }).unwrap();
        view.settle_store(&mut mailbox, &expected, &both);
        let told: Vec<_> = view.flush(Policy::All).collect();
        assert!(matches!(&told[..], [Update::Fetch(fetch)] if fetch.uid == uid(7)), "{told:?}");
    }

    #[test]
    fn a_store_that_is_not_silent_tells_every_message() {
        let mut mailbox = two_messages();
        let mut view = mailbox.select(SessionId(1), Access::ReadWrite).unwrap();
        let both = UidSet::range(uid(1)..=uid(9));
        let expected = view.expect_store(&mut mailbox, &both, FlagChange::Add(Flags::SEEN), false).unwrap();
        mailbox.take_over(&Step { changed: vec![(uid(3), Flags::SEEN)], ..step(11) }).unwrap();
        view.settle_store(&mut mailbox, &expected, &both);
        assert_eq!(view.flush(Policy::All).count(), 2);
        assert_eq!(view.highest_modseq(), Some(modseq(11)));
        let mut look = mailbox.select(SessionId(2), Access::ReadOnly).unwrap();
        let refused = look.expect_store(&mut mailbox, &both, FlagChange::Add(Flags::SEEN), false);
        assert!(matches!(refused, Err(MailboxFault::ReadOnly)));
    }
}
