use wirestate_machine::Outbox;

use super::notify::Notifying;
use crate::codec::{Flag, SeqNo, Uid, UidSet};
use crate::view::{Fetch, Flags, Keywords, Policy, Update, View};

/// The mailbox that is selected.
#[derive(Debug)]
pub(super) struct Selected {
    pub(super) view: View,
    /// Whether clients may make keywords.
    pub(super) new_keywords: bool,
}

impl Selected {
    /// Whether it is certain that there is nothing to tell, whatever the policy.
    #[inline]
    pub(super) fn has_nothing_new(&self) -> bool {
        self.view.is_current() && !self.view.has_news(Policy::All) && self.view.ended().is_none()
    }

    /// Tells what may be told, for as long as there is room; whether that was all. `by_uid`: the command in progress is a UID
    /// command, during which each FETCH has the UID.
    pub(super) fn flush(
        &mut self,
        policy: Policy,
        by_uid: bool,
        notifying: &mut Notifying,
        outbox: &mut Outbox,
    ) -> bool {
        let (read_only, new_keywords) = (self.view.is_read_only(), self.new_keywords);
        let mut news = self.view.flush(policy);
        while !outbox.is_full() {
            let Some(update) = news.next() else { return true };
            match update {
                Update::Keywords => {
                    put_flags_lines(news.flag_names(), read_only, new_keywords, outbox);
                }
                Update::Fetch(fetch) => put_fetch(&fetch, news.flag_names(), by_uid, outbox),
                Update::Expunge(number) => put_number_line(number, b" EXPUNGE\r\n", outbox),
                Update::Vanished(uids) => put_vanished(&uids, false, outbox),
                Update::Exists { exists, new } => {
                    put_count_line(exists, b" EXISTS\r\n", outbox);
                    if let Some(wanted) = notifying {
                        wanted.note_new(new);
                    }
                }
                Update::Recent(recent) => put_count_line(recent, b" RECENT\r\n", outbox),
            }
        }
        false
    }
}

pub(super) fn put_count_line(count: u32, what: &[u8], outbox: &mut Outbox) {
    outbox.put(b"* ");
    outbox.put_decimal(count.into());
    outbox.put(what);
}

fn put_number_line(number: SeqNo, what: &[u8], outbox: &mut Outbox) {
    put_count_line(number.get(), what, outbox);
}

/// `* VANISHED` (RFC 7162 §3.2.10); `EARLIER` for what a client that comes back has missed.
pub(super) fn put_vanished(uids: &UidSet, earlier: bool, outbox: &mut Outbox) {
    if !uids.is_empty() {
        outbox.put(if earlier { b"* VANISHED (EARLIER) " } else { b"* VANISHED " });
        uids.write(&mut |piece| outbox.put(piece));
        outbox.put(b"\r\n");
    }
}

/// FLAGS, and PERMANENTFLAGS (RFC 9051 §7.1, §7.3.5).
pub(super) fn put_flags_lines(keywords: &Keywords, read_only: bool, new_keywords: bool, outbox: &mut Outbox) {
    outbox.put(b"* FLAGS (");
    put_all_flags(keywords, outbox);
    outbox.put(b")\r\n* OK [PERMANENTFLAGS (");
    if !read_only {
        put_all_flags(keywords, outbox);
        if new_keywords {
            outbox.put(b" \\*");
        }
    }
    outbox.put(if read_only { b")] No permanent flags permitted\r\n" } else { b")] Limited\r\n" });
}

fn put_all_flags(keywords: &Keywords, outbox: &mut Outbox) {
    put_words(keywords.words(Flags::SYSTEM).chain(keywords.names().map(Flag::Keyword)), outbox);
}

fn put_words<'a>(words: impl Iterator<Item = Flag<&'a [u8]>>, outbox: &mut Outbox) {
    for (place, flag) in words.enumerate() {
        if place > 0 {
            outbox.put(b" ");
        }
        if flag.is_system() {
            outbox.put(b"\\");
        }
        outbox.put(flag.name());
    }
}

/// `* 5 FETCH (` or `* 17 UIDFETCH (`, up to the first item.
fn put_fetch_start(number: Option<SeqNo>, uid: Uid, outbox: &mut Outbox) {
    match number {
        Some(number) => put_number_line(number, b" FETCH (", outbox),
        None => put_count_line(uid.get(), b" UIDFETCH (", outbox),
    }
}

/// `FLAGS (...)`.
pub(super) fn put_flags(flags: Flags, recent: bool, keywords: &Keywords, outbox: &mut Outbox) {
    outbox.put(b"FLAGS (");
    put_words(keywords.words(flags).chain(recent.then_some(Flag::Recent)), outbox);
    outbox.put(b")");
}

fn put_fetch(fetch: &Fetch, keywords: &Keywords, by_uid: bool, outbox: &mut Outbox) {
    put_fetch_start(fetch.number, fetch.uid, outbox);
    let mut space: &[u8] = b"";
    // UIDFETCH has the UID already.
    if fetch.number.is_some() && (fetch.tells_uid || by_uid) {
        outbox.put(b"UID ");
        outbox.put_decimal(fetch.uid.get().into());
        space = b" ";
    }
    if let Some(modseq) = fetch.modseq {
        outbox.put(space);
        outbox.put(b"MODSEQ (");
        outbox.put_decimal(modseq.get());
        outbox.put(b")");
        space = b" ";
    }
    if let Some(flags) = fetch.flags {
        outbox.put(space);
        put_flags(flags, fetch.recent, keywords, outbox);
    }
    outbox.put(b")\r\n");
}
