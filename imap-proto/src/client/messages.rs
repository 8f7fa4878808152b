//! Requests about the messages of the selected mailbox.

use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_machine::Misuse;

use super::Client;
use super::event::RequestId;
use super::mailboxes::{name, owned_flags};
use super::requests::copied;
use crate::codec::command::{
    Fetch, FetchAttribute, FetchItems, FetchModifier, MailboxFilter, MultiSearch, Search, SearchReturn, SearchSources,
    Sort, SortCriterion, Store, StoreAction, StoreModifier, Thread, ThreadAlgorithm,
};
use crate::codec::{Bound, Command, Flag, ModSeq, SearchKeys, SequenceSet, Span};

/// Requests about the messages of the selected mailbox. They fail as all requests do.
///
/// Those without `uid_` go by numbers, which EXPUNGE changes: they wait until nothing is under way that lets the server send it.
#[allow(clippy::missing_errors_doc)] // they are told above
impl Client {
    /// CHECK (RFC 3501 §6.4.1).
    pub fn check_mailbox(&mut self) -> Result<RequestId, Misuse> {
        self.ask(Command::Check)
    }

    /// EXPUNGE (RFC 9051 §6.4.3): what is deleted goes.
    pub fn expunge(&mut self) -> Result<RequestId, Misuse> {
        self.ask(Command::Expunge)
    }

    /// UID EXPUNGE (RFC 9051 §6.4.9): what of these is deleted goes.
    pub fn uid_expunge(&mut self, uids: SequenceSet) -> Result<RequestId, Misuse> {
        let uids = self.in_order(uids);
        self.ask(Command::UidExpunge(uids))
    }

    /// FETCH (RFC 9051 §6.4.5): an [`Event::Fetch`](super::Event::Fetch) each.
    pub fn fetch<'a>(
        &mut self,
        set: SequenceSet,
        items: impl IntoIterator<Item = FetchAttribute<&'a [u8]>>,
    ) -> Result<RequestId, Misuse> {
        self.fetch_all(false, set, items, Vec::new())
    }

    /// UID FETCH (RFC 9051 §6.4.9): an [`Event::Fetch`](super::Event::Fetch) each, with the UID.
    pub fn uid_fetch<'a>(
        &mut self,
        uids: SequenceSet,
        items: impl IntoIterator<Item = FetchAttribute<&'a [u8]>>,
    ) -> Result<RequestId, Misuse> {
        self.fetch_all(true, uids, items, Vec::new())
    }

    /// UID FETCH of what has changed since (RFC 7162 §3.1.4.1), and, with QRESYNC, of what has gone since: a
    /// [`Data::Vanished`](crate::codec::Data::Vanished) that is `earlier`.
    pub fn uid_fetch_changed<'a>(
        &mut self,
        uids: SequenceSet,
        items: impl IntoIterator<Item = FetchAttribute<&'a [u8]>>,
        since: ModSeq,
    ) -> Result<RequestId, Misuse> {
        let mut modifiers = Vec::from([FetchModifier::ChangedSince(since)]);
        if self.enabled.qresync {
            modifiers.push(FetchModifier::Vanished);
        }
        self.fetch_all(true, uids, items, modifiers)
    }

    fn fetch_all<'a>(
        &mut self,
        uid: bool,
        set: SequenceSet,
        items: impl IntoIterator<Item = FetchAttribute<&'a [u8]>>,
        modifiers: Vec<FetchModifier<Bytes>>,
    ) -> Result<RequestId, Misuse> {
        let items = items.into_iter().map(|item| item.map_text(&mut copied)).collect();
        let set = self.in_order(set);
        self.ask(Command::Fetch(Fetch { uid, set, items: FetchItems::Attributes(items), modifiers }))
    }

    /// STORE (RFC 9051 §6.4.6). The new flags come as [`Event::Fetch`](super::Event::Fetch), unless it is `silent`.
    pub fn store<'a>(
        &mut self,
        set: SequenceSet,
        action: StoreAction,
        flags: impl IntoIterator<Item = Flag<&'a [u8]>>,
        silent: bool,
    ) -> Result<RequestId, Misuse> {
        self.store_all(false, set, Vec::new(), action, silent, owned_flags(flags))
    }

    /// UID STORE (RFC 9051 §6.4.9).
    pub fn uid_store<'a>(
        &mut self,
        uids: SequenceSet,
        action: StoreAction,
        flags: impl IntoIterator<Item = Flag<&'a [u8]>>,
        silent: bool,
    ) -> Result<RequestId, Misuse> {
        self.store_all(true, uids, Vec::new(), action, silent, owned_flags(flags))
    }

    /// UID STORE where nobody has changed the message since (RFC 7162 §3.1.3); what was left alone is in
    /// [`Code::Modified`](crate::codec::Code::Modified).
    pub fn uid_store_unchanged<'a>(
        &mut self,
        uids: SequenceSet,
        since: ModSeq,
        action: StoreAction,
        flags: impl IntoIterator<Item = Flag<&'a [u8]>>,
        silent: bool,
    ) -> Result<RequestId, Misuse> {
        let modifiers = Vec::from([StoreModifier::UnchangedSince(since)]);
        self.store_all(true, uids, modifiers, action, silent, owned_flags(flags))
    }

    fn store_all(
        &mut self,
        uid: bool,
        set: SequenceSet,
        modifiers: Vec<StoreModifier<Bytes>>,
        action: StoreAction,
        silent: bool,
        flags: Vec<Flag<Bytes>>,
    ) -> Result<RequestId, Misuse> {
        let set = self.in_order(set);
        self.ask(Command::Store(Store { uid, set, modifiers, action, silent, flags }))
    }

    /// COPY (RFC 9051 §6.4.7). Where the copies are is in [`Code::CopyUid`](crate::codec::Code::CopyUid).
    pub fn copy(&mut self, set: SequenceSet, mailbox: impl AsRef<[u8]>) -> Result<RequestId, Misuse> {
        let set = self.in_order(set);
        self.ask(Command::Copy { uid: false, set, mailbox: name(mailbox) })
    }

    /// UID COPY (RFC 9051 §6.4.9).
    pub fn uid_copy(&mut self, uids: SequenceSet, mailbox: impl AsRef<[u8]>) -> Result<RequestId, Misuse> {
        let set = self.in_order(uids);
        self.ask(Command::Copy { uid: true, set, mailbox: name(mailbox) })
    }

    /// MOVE (RFC 9051 §6.4.8).
    pub fn move_(&mut self, set: SequenceSet, mailbox: impl AsRef<[u8]>) -> Result<RequestId, Misuse> {
        let set = self.in_order(set);
        self.ask(Command::Move { uid: false, set, mailbox: name(mailbox) })
    }

    /// UID MOVE (RFC 9051 §6.4.9).
    pub fn uid_move(&mut self, uids: SequenceSet, mailbox: impl AsRef<[u8]>) -> Result<RequestId, Misuse> {
        let set = self.in_order(uids);
        self.ask(Command::Move { uid: true, set, mailbox: name(mailbox) })
    }

    /// SEARCH (RFC 9051 §6.4.4): a [`Data::Search`](crate::codec::Data::Search), or once IMAP4rev2 is enabled a
    /// [`Data::Esearch`](crate::codec::Data::Esearch), of numbers.
    pub fn search<T: AsRef<[u8]>>(&mut self, keys: SearchKeys<T>) -> Result<RequestId, Misuse> {
        self.search_all(false, None, keys)
    }

    /// UID SEARCH (RFC 9051 §6.4.9): the same, of UIDs.
    pub fn uid_search<T: AsRef<[u8]>>(&mut self, keys: SearchKeys<T>) -> Result<RequestId, Misuse> {
        self.search_all(true, None, keys)
    }

    /// UID SEARCH with RETURN (RFC 4731, RFC 5182): a [`Data::Esearch`](crate::codec::Data::Esearch).
    pub fn uid_search_for<T: AsRef<[u8]>>(
        &mut self,
        returns: impl IntoIterator<Item = SearchReturn<Bytes>>,
        keys: SearchKeys<T>,
    ) -> Result<RequestId, Misuse> {
        self.search_all(true, Some(returns.into_iter().collect()), keys)
    }

    /// ESEARCH (RFC 7377): a UID SEARCH in several mailboxes, or with `None` in the selected one. A
    /// [`Data::Esearch`](crate::codec::Data::Esearch) of each in which something was found.
    pub fn search_in<T: AsRef<[u8]>>(
        &mut self,
        mailboxes: Option<Vec<MailboxFilter<Bytes>>>,
        returns: impl IntoIterator<Item = SearchReturn<Bytes>>,
        keys: SearchKeys<T>,
    ) -> Result<RequestId, Misuse> {
        let (keys, charset) = self.written_keys(keys);
        let returns: Vec<_> = returns.into_iter().collect();
        self.ask(Command::ESearch(MultiSearch {
            sources: mailboxes.map(|mailboxes| SearchSources { mailboxes, options: Vec::new() }),
            returns: (!returns.is_empty()).then_some(returns),
            charset,
            keys,
        }))
    }

    fn search_all<T: AsRef<[u8]>>(
        &mut self,
        uid: bool,
        returns: Option<Vec<SearchReturn<Bytes>>>,
        keys: SearchKeys<T>,
    ) -> Result<RequestId, Misuse> {
        let (keys, charset) = self.written_keys(keys);
        self.ask(Command::Search(Search { uid, returns, charset, keys }))
    }

    /// The keys, and the charset that must be named with them.
    fn written_keys<T: AsRef<[u8]>>(&self, keys: SearchKeys<T>) -> (SearchKeys<Bytes>, Option<Bytes>) {
        let (keys, is_ascii) = owned_keys(keys);
        // After UTF8=ACCEPT none may be said (RFC 6855 §3).
        let says = !is_ascii && !self.enabled.utf8 && !self.config.quirks.no_charset;
        (keys, says.then(|| Bytes::from_static(b"UTF-8")))
    }

    /// SORT (RFC 5256): a [`Data::Sort`](crate::codec::Data::Sort) of numbers.
    pub fn sort<'a, T: AsRef<[u8]>>(
        &mut self,
        criteria: impl IntoIterator<Item = SortCriterion<&'a [u8]>>,
        keys: SearchKeys<T>,
    ) -> Result<RequestId, Misuse> {
        self.sort_all(false, criteria, keys)
    }

    /// UID SORT (RFC 5256): a [`Data::Sort`](crate::codec::Data::Sort) of UIDs.
    pub fn uid_sort<'a, T: AsRef<[u8]>>(
        &mut self,
        criteria: impl IntoIterator<Item = SortCriterion<&'a [u8]>>,
        keys: SearchKeys<T>,
    ) -> Result<RequestId, Misuse> {
        self.sort_all(true, criteria, keys)
    }

    fn sort_all<'a, T: AsRef<[u8]>>(
        &mut self,
        uid: bool,
        criteria: impl IntoIterator<Item = SortCriterion<&'a [u8]>>,
        keys: SearchKeys<T>,
    ) -> Result<RequestId, Misuse> {
        let own =
            |one: SortCriterion<&'a [u8]>| SortCriterion { reverse: one.reverse, key: one.key.map_text(&mut copied) };
        let criteria = criteria.into_iter().map(own).collect();
        let (keys, is_ascii) = owned_keys(keys);
        self.ask(Command::Sort(Sort { uid, returns: None, criteria, charset: charset(is_ascii), keys }))
    }

    /// THREAD (RFC 5256): a [`Data::Thread`](crate::codec::Data::Thread) of numbers.
    pub fn thread<T: AsRef<[u8]>>(
        &mut self,
        algorithm: ThreadAlgorithm<&[u8]>,
        keys: SearchKeys<T>,
    ) -> Result<RequestId, Misuse> {
        self.thread_all(false, algorithm, keys)
    }

    /// UID THREAD (RFC 5256): a [`Data::Thread`](crate::codec::Data::Thread) of UIDs.
    pub fn uid_thread<T: AsRef<[u8]>>(
        &mut self,
        algorithm: ThreadAlgorithm<&[u8]>,
        keys: SearchKeys<T>,
    ) -> Result<RequestId, Misuse> {
        self.thread_all(true, algorithm, keys)
    }

    fn thread_all<T: AsRef<[u8]>>(
        &mut self,
        uid: bool,
        algorithm: ThreadAlgorithm<&[u8]>,
        keys: SearchKeys<T>,
    ) -> Result<RequestId, Misuse> {
        let (keys, is_ascii) = owned_keys(keys);
        let algorithm = algorithm.map_text(&mut copied);
        self.ask(Command::Thread(Thread { uid, algorithm, charset: charset(is_ascii), keys }))
    }

    /// The set with the lower number of each range first, where servers are to be spared the other way.
    fn in_order(&self, set: SequenceSet) -> SequenceSet {
        let is_descending = |span: &Span| match (span.from, span.to) {
            (Bound::Number(from), Bound::Number(to)) => from > to,
            (Bound::Last, Bound::Number(_)) => true,
            _ => false,
        };
        if !self.config.quirks.ascending_sets || !set.spans().iter().any(is_descending) {
            return set;
        }
        let turned = |span: &Span| if is_descending(span) { Span::new(span.to, span.from) } else { *span };
        SequenceSet::from_spans(set.spans().iter().map(turned)).unwrap_or(set)
    }
}

fn charset(is_ascii: bool) -> Bytes {
    Bytes::from_static(if is_ascii { b"US-ASCII" } else { b"UTF-8" })
}

/// The keys with text of their own, and whether all of it is ASCII.
fn owned_keys<T: AsRef<[u8]>>(keys: SearchKeys<T>) -> (SearchKeys<Bytes>, bool) {
    let mut is_ascii = true;
    let keys = keys.map_text(&mut |text| {
        is_ascii &= text.as_ref().is_ascii();
        copied(text)
    });
    (keys, is_ascii)
}
