//! What the server has told of the mailbox that is selected.

use alloc::vec::Vec;
use core::num::NonZeroU32;

use bytes::Bytes;

use crate::codec::{Code, Data, FlagList, Mailbox, ModSeq, SeqNo, Uid, UidSet};

/// The mailbox that is selected, as far as the server has told of it (RFC 9051 §2.3.1, §6.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Selected {
    /// Which.
    pub mailbox: Mailbox<Bytes>,
    /// Whether it was selected, or has become, such that nothing can be changed.
    pub read_only: bool,
    /// How many messages there are.
    pub exists: u32,
    /// How many are recent (RFC 3501).
    pub recent: u32,
    /// With it UIDs are what they were.
    pub uid_validity: Option<NonZeroU32>,
    /// The UID that the next message will have at least.
    pub uid_next: Option<Uid>,
    /// The highest mod-sequence, as it was told last; absent too where the mailbox has none (RFC 7162 §3.1.2).
    pub highest_mod_seq: Option<ModSeq>,
    /// The flags that messages can have.
    pub flags: Option<FlagList<Bytes>>,
    /// The flags that can be changed for good; absent for all.
    pub permanent_flags: Option<FlagList<Bytes>>,
    /// The first message that is not seen (RFC 3501).
    pub unseen: Option<SeqNo>,
    /// Whether UIDs do not outlive the session (RFC 4315).
    pub uid_not_sticky: bool,
    /// What stays with the mailbox when it gets another name (RFC 8474).
    pub mailbox_id: Option<Bytes>,
    uids: Numbers,
}

impl Selected {
    pub(super) fn new(mailbox: Mailbox<Bytes>, read_only: bool) -> Self {
        Selected {
            mailbox,
            read_only,
            exists: 0,
            recent: 0,
            uid_validity: None,
            uid_next: None,
            highest_mod_seq: None,
            flags: None,
            permanent_flags: None,
            unseen: None,
            uid_not_sticky: false,
            mailbox_id: None,
            uids: Numbers::default(),
        }
    }

    /// The UID of the message of this number, if FETCH has told it and [`Config::track_uids`](super::Config::track_uids) is set.
    pub fn uid(&self, number: SeqNo) -> Option<Uid> {
        self.uids.uid(number)
    }

    /// Forgets all but which mailbox it is: what was said was about another (RFC 7162 §3.2.11).
    pub(super) fn begin_anew(&mut self) {
        let mailbox = core::mem::replace(&mut self.mailbox, Mailbox::Inbox);
        *self = Selected::new(mailbox, self.read_only);
    }

    pub(super) fn on_code(&mut self, code: &Code<Bytes>) {
        match code {
            Code::UidValidity(number) => self.uid_validity = Some(*number),
            Code::UidNext(uid) => self.uid_next = Some(*uid),
            Code::HighestModSeq(mod_seq) => self.highest_mod_seq = Some(*mod_seq),
            Code::NoModSeq => self.highest_mod_seq = None,
            Code::PermanentFlags(flags) => self.permanent_flags = Some(flags.clone()),
            Code::Unseen(number) => self.unseen = Some(*number),
            Code::UidNotSticky => self.uid_not_sticky = true,
            Code::MailboxId(id) => self.mailbox_id = Some(id.clone()),
            Code::ReadOnly => self.read_only = true,
            Code::ReadWrite => self.read_only = false,
            _ => {}
        }
    }

    /// Takes what is told of the mailbox; gives the UID of a message that is gone, if it was known.
    pub(super) fn on_data(&mut self, data: &Data<Bytes>) -> Option<Uid> {
        match data {
            Data::Exists(count) => {
                self.exists = *count;
                self.uids.cut(*count);
            }
            Data::Recent(count) => self.recent = *count,
            Data::Flags(flags) => self.flags = Some(flags.clone()),
            Data::Expunge(number) => {
                self.exists = self.exists.saturating_sub(1);
                return self.uids.remove(*number);
            }
            Data::Vanished { earlier: false, uids } => {
                let gone = u32::try_from(uids.len()).unwrap_or(u32::MAX);
                self.exists = self.exists.saturating_sub(gone);
                self.uids.vanish(uids);
            }
            _ => {}
        }
        None
    }

    pub(super) fn learn(&mut self, number: SeqNo, uid: Uid, limit: u32) {
        if number.get() <= self.exists.min(limit) {
            self.uids.set(number, uid);
        }
    }
}

/// UIDs by number; 0 where none is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Numbers(Vec<u32>);

impl Numbers {
    fn place(number: SeqNo) -> usize {
        number.get() as usize - 1
    }

    fn uid(&self, number: SeqNo) -> Option<Uid> {
        Uid::new(*self.0.get(Numbers::place(number))?)
    }

    fn set(&mut self, number: SeqNo, uid: Uid) {
        let place = Numbers::place(number);
        if place >= self.0.len() {
            self.0.resize(place + 1, 0);
        }
        if let Some(slot) = self.0.get_mut(place) {
            *slot = uid.get();
        }
    }

    fn remove(&mut self, number: SeqNo) -> Option<Uid> {
        let place = Numbers::place(number);
        (place < self.0.len()).then(|| self.0.remove(place)).and_then(Uid::new)
    }

    fn cut(&mut self, count: u32) {
        self.0.truncate(count as usize);
    }

    fn vanish(&mut self, gone: &UidSet) {
        let before = self.0.len();
        let has_holes = self.0.contains(&0);
        self.0.retain(|uid| Uid::new(*uid).is_none_or(|uid| !gone.contains(uid)));
        // Where one of them stood that was not known, nobody can say which numbers have moved.
        let highest = self.0.last().copied().unwrap_or(0);
        let below = gone.ranges().any(|range| range.start().get() < highest);
        if has_holes && below && (before - self.0.len()) as u64 != gone.len() {
            self.0.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: u32) -> SeqNo {
        SeqNo::new(number).unwrap()
    }

    fn mailbox(uids: &[u32]) -> Selected {
        let mut selected = Selected::new(Mailbox::Inbox, false);
        selected.exists = uids.len() as u32;
        for (place, uid) in uids.iter().enumerate() {
            if let Some(uid) = Uid::new(*uid) {
                selected.learn(number(place as u32 + 1), uid, 100);
            }
        }
        selected
    }

    fn known(selected: &Selected) -> Vec<u32> {
        (1..=selected.exists).map(|at| selected.uid(number(at)).map_or(0, Uid::get)).collect()
    }

    #[test]
    fn numbers_move_when_messages_go() {
        let mut selected = mailbox(&[3, 5, 0, 9]);
        assert_eq!(selected.on_data(&Data::Expunge(number(2))), Uid::new(5));
        assert_eq!(known(&selected), [3, 0, 9]);
        assert_eq!(selected.on_data(&Data::Expunge(number(2))), None);
        assert_eq!(known(&selected), [3, 9]);
        let uids = UidSet::parse(b"3").unwrap();
        selected.on_data(&Data::Vanished { earlier: true, uids: uids.clone() });
        assert_eq!(known(&selected), [3, 9]);
        selected.on_data(&Data::Vanished { earlier: false, uids });
        assert_eq!(known(&selected), [9]);
    }

    #[test]
    fn what_cannot_be_known_is_forgotten() {
        let mut selected = mailbox(&[3, 0, 0, 9]);
        selected.on_data(&Data::Vanished { earlier: false, uids: UidSet::parse(b"5").unwrap() });
        assert_eq!(known(&selected), [0, 0, 0]);
        let mut selected = mailbox(&[3, 0, 9]);
        selected.on_data(&Data::Vanished { earlier: false, uids: UidSet::parse(b"9:4294967295").unwrap() });
        assert_eq!(selected.exists, 0);
    }

    #[test]
    fn nothing_is_kept_for_numbers_that_are_only_told() {
        let mut selected = Selected::new(Mailbox::Inbox, false);
        selected.on_data(&Data::Exists(u32::MAX));
        selected.learn(number(u32::MAX), Uid::new(1).unwrap(), 1000);
        selected.learn(number(1000), Uid::new(1).unwrap(), 1000);
        assert_eq!(selected.uids.0.len(), 1000);
        assert_eq!(selected.on_data(&Data::Expunge(number(u32::MAX))), None);
    }
}
