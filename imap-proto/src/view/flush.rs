use super::flags::{Flags, Keywords};
use super::mailbox::modseq;
use super::policy::Policy;
use super::selected::{View, seq_no};
use crate::codec::{ModSeq, SeqNo, Uid, UidSet};

/// One untagged response that the client is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Update {
    /// There are new keywords: the response FLAGS, and the code PERMANENTFLAGS, with [`View::keywords`] (RFC 9051 §7.3.5).
    Keywords,
    /// A message's flags, or its mod-sequence: FETCH or UIDFETCH.
    Fetch(Fetch),
    /// This message is gone, and those above have a number less from now on: EXPUNGE.
    Expunge(SeqNo),
    /// These messages are gone: VANISHED, without EARLIER (RFC 7162 §3.2.10).
    Vanished(UidSet),
    /// How many messages there are now, because some have arrived: EXISTS.
    Exists {
        /// How many there are.
        exists: u32,
        /// Those that are new, as for NOTIFY's MessageNew: one range or a few.
        new: UidSet,
    },
    /// How many messages are recent: RECENT.
    Recent(u32),
}

/// What is told of one message without its having been asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetch {
    /// Its number, for FETCH; `None` where the client has enabled UIDONLY, for UIDFETCH (RFC 9586 §3.3).
    pub number: Option<SeqNo>,
    /// Its UID.
    pub uid: Uid,
    /// Whether the item UID is to be told in a FETCH. Where the command in progress is a UID command, it is told in any case.
    pub tells_uid: bool,
    /// FLAGS; `None` after a `.SILENT` STORE, where the client knows them.
    pub flags: Option<Flags>,
    /// Whether `\Recent` is among the flags.
    pub recent: bool,
    /// MODSEQ, where CONDSTORE is on.
    pub modseq: Option<ModSeq>,
}

impl View {
    /// What the client is owed and may be told now, in the order in which it is to be told: FETCH for the messages that it knows, EXPUNGE or VANISHED,
    /// EXISTS, RECENT, FETCH for the new ones. Each number is valid at the moment when the client reads it.
    ///
    /// What was taken from the iterator counts as told, what was not stays: so a session may stop when its outbox is full, and go on later.
    /// Expunges come from the highest number down.
    pub fn flush(&mut self, policy: Policy) -> Flush<'_> {
        let silent = policy == Policy::Nothing || self.ended().is_some();
        let stage = if silent { Stage::Done } else { Stage::Keywords };
        let known = self.told.last().and_then(Uid::new);
        Flush { view: self, policy, stage, known, expunged_from: None }
    }

    fn fetch(&self, uid: Uid) -> Option<Fetch> {
        let (pending, wording) = (self.queue.fetches.get(&uid)?, self.wording);
        let number = self.told.position(uid.get()).and_then(seq_no)?;
        Some(Fetch {
            number: (!wording.uid_only).then_some(number),
            uid,
            tells_uid: wording.tells_uid(),
            flags: (!pending.silent).then_some(pending.flags),
            recent: !pending.silent && wording.tells_recent() && self.recent.contains(uid),
            modseq: (wording.tells_modseq()).then(|| modseq(pending.modseq)),
        })
    }
}

/// The updates of [`View::flush`].
#[derive(Debug)]
pub struct Flush<'a> {
    view: &'a mut View,
    policy: Policy,
    stage: Stage,
    /// The highest UID that the client knew before.
    known: Option<Uid>,
    /// All that are gone have been told from this one up, but still count for `told`.
    expunged_from: Option<Uid>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Keywords,
    FetchKnown,
    Expunge,
    Exists,
    Recent,
    FetchNew,
    Done,
}

impl Iterator for Flush<'_> {
    type Item = Update;

    fn next(&mut self) -> Option<Update> {
        loop {
            let (update, next) = match self.stage {
                Stage::Keywords => (self.keywords(), Stage::FetchKnown),
                Stage::FetchKnown => (self.fetch_up_to(self.known), Stage::Expunge),
                Stage::Expunge => (self.expunge(), Stage::Exists),
                Stage::Exists => (self.exists(), Stage::Recent),
                Stage::Recent => (self.recent(), Stage::FetchNew),
                Stage::FetchNew => (self.fetch_up_to(Some(Uid::MAX)), Stage::Done),
                Stage::Done => return None,
            };
            if update.is_some() {
                return update;
            }
            if self.stage == Stage::Expunge {
                self.renumber();
            }
            self.stage = next;
        }
    }
}

impl Flush<'_> {
    /// The keywords of the mailbox, to write the flags of what is told.
    pub fn flag_names(&self) -> &Keywords {
        self.view.keywords()
    }

    fn keywords(&mut self) -> Option<Update> {
        let told = core::mem::replace(&mut self.view.keywords_told, true);
        (!told).then_some(Update::Keywords)
    }

    fn fetch_up_to(&mut self, last: Option<Uid>) -> Option<Update> {
        loop {
            let uid = *self.view.queue.fetches.first_key_value()?.0;
            if last < Some(uid) {
                return None;
            }
            let fetch = self.view.fetch(uid);
            self.view.queue.fetches.remove(&uid);
            if fetch.is_some() {
                return fetch.map(Update::Fetch);
            }
        }
    }

    fn expunge(&mut self) -> Option<Update> {
        let view = &mut *self.view;
        if self.policy < Policy::All || view.queue.gone.is_empty() {
            return None;
        }
        if view.wording.says_vanished() && self.expunged_from.is_none() {
            let gone = view.queue.gone.clone();
            self.expunged_from = gone.first();
            self.renumber();
            return Some(Update::Vanished(gone));
        }
        // From the highest down, each number is that of before: what was told lies above it.
        let below = self.expunged_from.map_or(Some(Uid::MAX), |uid| Uid::new(uid.get() - 1));
        let uid = view.queue.gone.last_up_to(below?)?;
        self.expunged_from = Some(uid);
        view.told.position(uid.get()).and_then(seq_no).map(Update::Expunge)
    }

    fn exists(&mut self) -> Option<Update> {
        let view = &mut *self.view;
        let new = core::mem::take(&mut view.queue.arrived);
        new.iter().for_each(|uid| view.told.push(uid.get()));
        view.recent_is_counted &= new.is_empty();
        (!new.is_empty()).then(|| Update::Exists { exists: view.exists(), new })
    }

    fn recent(&mut self) -> Option<Update> {
        let view = &mut *self.view;
        // Between two sessions that take turns in being the first, ranges become many, and those of messages long gone are of no use.
        if view.recent.range_count() > view.told.len() {
            view.recent = view.told.intersection(&view.recent);
        }
        if view.recent_is_counted {
            return None;
        }
        let recent = view.recent_among_told();
        let before = core::mem::replace(&mut view.recent_told, recent);
        view.recent_is_counted = true;
        (before != recent && view.wording.tells_recent()).then_some(Update::Recent(recent))
    }

    /// What was told as expunged goes from everywhere.
    fn renumber(&mut self) {
        let Some(from) = self.expunged_from.take() else { return };
        let view = &mut *self.view;
        let mut expunged = view.queue.gone.clone();
        if let Some(below) = Uid::new(from.get() - 1) {
            expunged.cut_up_to(below);
        }
        view.queue.gone.difference(&expunged);
        view.told.remove(&expunged);
        view.recent_is_counted = false;
        view.saved.difference(&expunged);
    }
}

impl Drop for Flush<'_> {
    fn drop(&mut self) {
        self.renumber();
        let view = &mut *self.view;
        if view.queue.gone.is_empty() {
            view.gone_since = None;
        }
        if view.queue.arrived.is_empty() && view.queue.fetches.is_empty() {
            view.undelivered_since = view.gone_since;
        }
        if view.queue.is_empty()
            && let Some(after) = view.queue.after.take()
        {
            view.told = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;
    use core::num::NonZeroU32;

    use super::super::{Access, FlagChange, Mailbox, SessionId, Wording};
    use super::*;

    fn mailbox(messages: u32) -> (Mailbox, View) {
        let mut mailbox = Mailbox::new(NonZeroU32::MIN);
        for _ in 0..messages {
            mailbox.append(Flags::NONE).unwrap();
        }
        let view = mailbox.select(SessionId(1), Access::ReadWrite).unwrap();
        (mailbox, view)
    }

    fn uids(text: &str) -> UidSet {
        text.parse().unwrap()
    }

    /// As it goes over the wire, more or less.
    fn told(view: &mut View, policy: Policy) -> Vec<String> {
        let word = |update| match update {
            Update::Keywords => "FLAGS".into(),
            Update::Expunge(number) => format!("{number} EXPUNGE"),
            Update::Vanished(uids) => format!("VANISHED {uids}"),
            Update::Exists { exists, new } => format!("{exists} EXISTS {new}"),
            Update::Recent(recent) => format!("{recent} RECENT"),
            Update::Fetch(fetch) => {
                let number = fetch.number.map_or("UID".to_string(), |number| number.to_string());
                let flags = fetch.flags.map(|flags| format!(" {flags:?}")).unwrap_or_default();
                let modseq = fetch.modseq.map(|modseq| format!(" {modseq}")).unwrap_or_default();
                format!("{number} FETCH {}{flags}{modseq}", fetch.uid)
            }
        };
        view.flush(policy).map(word).collect()
    }

    #[test]
    fn all_kinds_come_in_their_order() {
        let (mut mailbox, mut view) = mailbox(5);
        mailbox.append(Flags::NONE).unwrap();
        view.catch_up(&mut mailbox);
        mailbox.expunge(&uids("2,4"));
        mailbox.store(&uids("1:3,6"), FlagChange::Add(Flags::SEEN), None);
        view.catch_up(&mut mailbox);
        let all = told(&mut view, Policy::All);
        let expected = [
            "1 FETCH 1 {\\Seen}",
            "3 FETCH 3 {\\Seen}",
            "4 EXPUNGE",
            "2 EXPUNGE",
            "4 EXISTS 6",
            "4 RECENT",
            "4 FETCH 6 {\\Seen}",
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn what_has_just_arrived_is_not_told_twice() {
        let (mut mailbox, mut view) = mailbox(0);
        mailbox.append(Flags::SEEN).unwrap();
        mailbox.store(&uids("1"), FlagChange::Add(Flags::FLAGGED), None);
        view.catch_up(&mut mailbox);
        assert_eq!(told(&mut view, Policy::NoExpunge), ["1 EXISTS 1", "1 RECENT"]);
    }

    #[test]
    fn a_flush_that_stops_goes_on_where_it_was() {
        let (mut mailbox, mut view) = mailbox(6);
        mailbox.expunge(&uids("1,3,5"));
        view.catch_up(&mut mailbox);
        assert_eq!(view.flush(Policy::All).next(), Some(Update::Expunge(NonZeroU32::new(5).unwrap())));
        assert_eq!((view.exists(), view.expunged().to_string()), (5, "1,3".into()));
        assert_eq!(told(&mut view, Policy::NoExpunge), ["5 RECENT"]);
        assert_eq!(told(&mut view, Policy::All), ["3 EXPUNGE", "1 EXPUNGE", "3 RECENT"]);
        assert!(!view.has_news(Policy::All));
    }

    #[test]
    fn who_takes_turns_in_having_recent_messages_remembers_those_that_are_there() {
        let (mut mailbox, mut view) = mailbox(0);
        let mut other = mailbox.select(SessionId(2), Access::ReadWrite).unwrap();
        for _ in 0..8 {
            mailbox.append(Flags::NONE).unwrap();
            view.catch_up(&mut mailbox);
            mailbox.append(Flags::NONE).unwrap();
            other.catch_up(&mut mailbox);
        }
        assert_eq!(view.recent.range_count(), 8);
        mailbox.expunge(&uids("1:14"));
        view.catch_up(&mut mailbox);
        assert_eq!(told(&mut view, Policy::All), ["2 EXISTS 15:16", "1 RECENT"]);
        assert_eq!((view.recent.to_string(), view.recent()), ("15".into(), 1));
    }

    #[test]
    fn words_change_while_things_wait() {
        let (mut mailbox, mut view) = mailbox(3);
        mailbox.expunge(&uids("1:2"));
        mailbox.store(&uids("3"), FlagChange::Add(Flags::SEEN), None);
        view.catch_up(&mut mailbox);
        view.set_wording(Wording { qresync: true, uid_only: true, rev2: true, condstore: false });
        assert_eq!(told(&mut view, Policy::All), ["UID FETCH 3 {\\Seen} 6", "VANISHED 1:2"]);
    }

    #[test]
    fn a_silent_store_tells_the_mod_sequence_alone_and_others_changes_in_full() {
        let (mut mailbox, mut view) = mailbox(2);
        let store = |view: &mut View, mailbox: &mut Mailbox| {
            view.store(mailbox, &uids("1:2"), FlagChange::Add(Flags::SEEN), None, true).unwrap();
        };
        store(&mut view, &mut mailbox);
        assert!(told(&mut view, Policy::All).is_empty());
        view.set_wording(Wording { condstore: true, ..Wording::REV1 });
        mailbox.store(&uids("1:2"), FlagChange::Replace(Flags::NONE), None);
        view.catch_up(&mut mailbox);
        assert_eq!(view.flush(Policy::All).count(), 2);
        mailbox.store(&uids("2"), FlagChange::Add(Flags::DRAFT), None);
        store(&mut view, &mut mailbox);
        assert_eq!(told(&mut view, Policy::All), ["1 FETCH 1 7", "2 FETCH 2 {\\Seen, \\Draft} 7"]);
        assert!(!view.catch_up(&mut mailbox), "one's own change is not news");
    }
}
