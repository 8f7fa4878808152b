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
