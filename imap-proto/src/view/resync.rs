use core::num::NonZeroU32;

use super::mailbox::Mailbox;
use super::selected::{Pending, View};
use crate::codec::{ModSeq, SeqSet, Uid, UidSet};

/// What a client says that it knows of the mailbox it selects: the parameter QRESYNC of SELECT and EXAMINE (RFC 7162 §3.2.5).
#[derive(Clone, Copy, Debug)]
pub struct Resync<'a> {
    /// UIDVALIDITY as it was.
    pub uid_validity: NonZeroU32,
    /// The mod-sequence up to which it knows all.
    pub modseq: ModSeq,
    /// The UIDs that it knows; all up to UIDNEXT when it names none.
    pub known_uids: Option<&'a UidSet>,
    /// Some numbers, and the UIDs that they stood for, in the same order (message sequence match data, §3.2.5.2).
    pub matches: Option<(&'a SeqSet, &'a UidSet)>,
}

impl View {
    /// Finds what a client has missed that comes back: gives what VANISHED (EARLIER) tells, which comes first and is left out when it is empty, and
    /// puts the FETCH of each message that was changed into the queue for [`flush`](Self::flush).
    ///
    /// To be called once, right after [`Mailbox::select`] and with the mailbox still locked. `None`: the client's UIDs mean nothing any more or the mailbox
    /// keeps no mod-sequences, and the parameter is as if it had not been given.
    pub fn resync(&mut self, mailbox: &Mailbox, client: &Resync<'_>) -> Option<UidSet> {
        if client.uid_validity != mailbox.uid_validity() || !mailbox.keeps_modseqs {
            return None;
        }
        let all = UidSet::all();
        let known = client.known_uids.unwrap_or(&all);
        for message in mailbox.messages_in(known).filter(|message| message.modseq > client.modseq) {
            if self.number(message.uid).is_some() {
                let news = Pending { flags: message.flags, modseq: message.modseq.get(), silent: false };
                self.queue.fetches.insert(message.uid, news);
            }
        }
        let mut known = known.clone();
        if let Some(matched) = client.matches.and_then(|matches| self.last_match(matches))
            && client.modseq.get() < mailbox.expunged.floor()
        {
            // Where number and UID still agree nothing below was expunged, however little is remembered.
            known.cut_up_to(matched);
        }
        Some(self.vanished_since(mailbox, client.modseq, &known))
    }

    /// Those of `uids` that were expunged after `since`, for FETCH with VANISHED (RFC 7162 §3.2.6) and for [`resync`](Self::resync): as
    /// [`Mailbox::vanished_since`], without those whose expunge is still to be told, because a client does not renumber at VANISHED (EARLIER).
    pub fn vanished_since(&self, mailbox: &Mailbox, since: ModSeq, uids: &UidSet) -> UidSet {
        let mut vanished = mailbox.vanished_since(since, uids);
        vanished.difference(&self.queue.gone);
        vanished
    }

    /// The highest UID that stands at the number that the client says. Looks at as many pairs as there are messages, whatever is sent.
    fn last_match(&self, (numbers, uids): (&SeqSet, &UidSet)) -> Option<Uid> {
        let pairs = numbers.iter().zip(uids.iter()).take(self.told.len());
        pairs.filter(|(number, uid)| self.uid(*number) == Some(*uid)).last().map(|(_, uid)| uid)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::super::{Access, FlagChange, Flags, Policy, SessionId};
    use super::*;

    fn mailbox() -> Mailbox {
        let mut mailbox = Mailbox::new(NonZeroU32::MIN);
        for _ in 0..10 {
            mailbox.append(Flags::NONE).unwrap();
        }
        mailbox
    }

    fn vanished(mailbox: &mut Mailbox, client: &Resync<'_>) -> Option<UidSet> {
        mailbox.select(SessionId(1), Access::ReadOnly).unwrap().resync(mailbox, client)
    }

    #[test]
    fn what_is_remembered_is_told_exactly_and_the_rest_from_what_the_client_names() {
        let mut mailbox = mailbox();
        let known = mailbox.highest_modseq();
        mailbox.expunge(&"2,6".parse().unwrap());
        let uid_validity = mailbox.uid_validity();
        let client = Resync { uid_validity, modseq: known, known_uids: None, matches: None };
        assert_eq!(vanished(&mut mailbox, &client).unwrap().to_string(), "2,6");
        let five = "1:5".parse().unwrap();
        assert_eq!(vanished(&mut mailbox, &Resync { known_uids: Some(&five), ..client }).unwrap().to_string(), "2");
        let other = NonZeroU32::new(7).unwrap();
        assert_eq!(vanished(&mut mailbox, &Resync { uid_validity: other, ..client }), None);

        // What the client says of its numbers does not hide what is known.
        let (numbers, uids) = ("1,6:8".parse().unwrap(), "1,8:10".parse().unwrap());
        let matches = Some((&numbers, &uids));
        assert_eq!(vanished(&mut mailbox, &Resync { matches, ..client }).unwrap().to_string(), "2,6");
        mailbox.set_history_limit(0);
        assert_eq!(vanished(&mut mailbox, &client).unwrap().to_string(), "2,6");
        let (numbers, uids) = ("1,3".parse().unwrap(), "1,3".parse().unwrap());
        let matches = Some((&numbers, &uids));
        assert_eq!(vanished(&mut mailbox, &Resync { matches, ..client }).unwrap().to_string(), "2,6", "3 is no match");
        let (numbers, uids) = ("1,4".parse().unwrap(), "1,5".parse().unwrap());
        let matches = Some((&numbers, &uids));
        assert_eq!(
            vanished(&mut mailbox, &Resync { matches, ..client }).unwrap().to_string(),
            "6",
            "up to 5 all is as it was"
        );
    }

    #[test]
    fn hostile_parameters_cost_no_more_than_the_mailbox() {
        let mut mailbox = mailbox();
        let (numbers, uids) = (SeqSet::all(), UidSet::all());
        let client = Resync {
            uid_validity: mailbox.uid_validity(),
            modseq: ModSeq::default(),
            known_uids: Some(&uids),
            matches: Some((&numbers, &uids)),
        };
        assert!(vanished(&mut mailbox, &client).unwrap().is_empty());
        mailbox.set_keeps_modseqs(false);
        assert_eq!(vanished(&mut mailbox, &client), None);
    }

    #[test]
    fn changed_messages_are_queued_with_all_that_qresync_tells() {
        let mut mailbox = mailbox();
        let modseq = mailbox.highest_modseq();
        mailbox.store(&"3:4".parse().unwrap(), FlagChange::Add(Flags::SEEN), None);
        let mut view = mailbox.select(SessionId(1), Access::ReadOnly).unwrap();
        let client = Resync { uid_validity: mailbox.uid_validity(), modseq, known_uids: None, matches: None };
        assert_eq!(view.resync(&mailbox, &client), Some(UidSet::new()));
        assert_eq!(view.highest_modseq(), Some(mailbox.highest_modseq()));
        assert_eq!(view.flush(Policy::All).count(), 2);
    }
}
