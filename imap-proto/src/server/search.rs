use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use bytes::Bytes;
use wirestate_machine::{Misuse, Outbox, Ticket};

use super::event::kind;
use super::{Asked, Event, Rejected, Server, words};
use crate::codec::command::{Search, SearchReturn, Sort, SortCriterion, Thread, ThreadAlgorithm};
use crate::codec::{Data, Encoder, ModSeq, PartialRange, SearchKey, SearchKeys, SequenceSet, Threads, Uid, UidSet};
use crate::view::View;

/// SEARCH, SORT or THREAD, as [`Event::Search`] brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchRequest {
    /// What a message must be to be found. Sequence numbers, `*` and `$` are UIDs here.
    pub keys: SearchKeys<Bytes>,
    /// The charset of the texts, if one was named; ASCII without, or UTF-8 where that is enabled. One that is not known is refused with
    /// [`Code::BadCharset`](crate::codec::Code::BadCharset).
    pub charset: Option<Bytes>,
    /// What is to become of what was found.
    pub order: SearchOrder,
    /// What the client wishes to know of it; the session picks it out of all that was found.
    pub returns: Vec<SearchReturn<Bytes>>,
}

/// What is to become of the messages that were found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SearchOrder {
    /// SEARCH: answer with [`Server::found`].
    None,
    /// SORT: answer with [`Server::sorted`].
    Sort(Vec<SortCriterion<Bytes>>),
    /// THREAD: answer with [`Server::threaded`].
    Thread(ThreadAlgorithm<Bytes>),
}

impl SearchRequest {
    /// Whether the highest mod-sequence among what was found is to be told (RFC 7162 §3.1.5).
    pub fn tells_mod_seq(&self) -> bool {
        self.keys.keys().iter().any(|key| matches!(key, SearchKey::ModSeq { .. }))
    }
}

/// What the session must remember of a search until its answer.
#[derive(Debug, Default)]
pub(super) struct Searching {
    /// `None`: it is answered by SEARCH or SORT, and not by ESEARCH.
    returns: Option<Vec<SearchReturn<Bytes>>>,
    saves: bool,
}

impl Server {
    // --- commands ---

    pub(super) fn ask_to_search(&mut self, search: Search<Bytes>) -> Result<(), Rejected> {
        let Search { returns, charset, keys, .. } = search;
        self.begin_search(keys, charset, SearchOrder::None, returns)
    }

    pub(super) fn ask_to_sort(&mut self, sort: Sort<Bytes>) -> Result<(), Rejected> {
        let Sort { returns, criteria, charset, keys, .. } = sort;
        self.begin_search(keys, Some(charset), SearchOrder::Sort(criteria), returns)
    }

    pub(super) fn ask_to_thread(&mut self, thread: Thread<Bytes>) -> Result<(), Rejected> {
        let Thread { algorithm, charset, keys, .. } = thread;
        self.begin_search(keys, Some(charset), SearchOrder::Thread(algorithm), None)
    }

    fn begin_search(
        &mut self,
        keys: SearchKeys<Bytes>,
        charset: Option<Bytes>,
        order: SearchOrder,
        returns: Option<Vec<SearchReturn<Bytes>>>,
    ) -> Result<(), Rejected> {
        // What is not known cannot be left out in silence (RFC 4466 §2.6.1).
        if returns.iter().flatten().any(|one| matches!(one, SearchReturn::Other { .. })) {
            return Err(Rejected::NotOffered);
        }
        let view = &self.selected.as_ref().ok_or(Rejected::WrongState)?.view;
        let uid_only = self.enabled.uid_only;
        let keys: Result<Vec<_>, _> = keys.keys().iter().map(|key| in_uids(key.clone(), view, uid_only)).collect();
        let keys = SearchKeys::new(keys?).map_err(|_| Rejected::WrongState)?;
        let request = SearchRequest { keys, charset, order, returns: returns.clone().unwrap_or_default() };
        if request.tells_mod_seq() {
            self.imply_condstore();
        }
        let saves = returns.iter().flatten().any(|one| matches!(one, SearchReturn::Save));
        if returns.iter().flatten().any(|one| matches!(one, SearchReturn::Update)) {
            self.outbox.put(b"* NO [NOUPDATE \"");
            self.outbox.put(self.command.tag.as_bytes());
            self.outbox.put(b"\"] Searches are not kept up to date\r\n");
        }
        // IMAP4rev2 knows no SEARCH response (RFC 9051 appendix E).
        let rev2 = self.enabled.rev2 && matches!(request.order, SearchOrder::None);
        let returns = if rev2 { Some(returns.unwrap_or_default()) } else { returns };
        self.searching = Some(Box::new(Searching { returns, saves }));
        let ticket = self.issue(Asked::Command);
        self.queue(Event::Search { ticket, request: Box::new(request) });
        Ok(())
    }

    /// A search that fails leaves nothing in `$` (RFC 5182 §2.1).
    pub(super) fn fail_search(&mut self) {
        if let (Some(searching), Some(selected)) = (self.searching.take(), &mut self.selected)
            && searching.saves
        {
            selected.view.save(UidSet::new());
        }
    }

    // --- the application's part ---

    /// Answers [`Event::Search`] for SEARCH. Messages of which the client does not know yet are left out. `mod_seq`: the highest among those found, where
    /// [`SearchRequest::tells_mod_seq`] wants it.
    pub fn found(
        &mut self,
        ticket: Ticket<kind::Search>,
        uids: &UidSet,
        mod_seq: Option<ModSeq>,
    ) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        let Some(selected) = &mut self.selected else { return Err(Misuse::WrongState) };
        let searching = self.searching.take().unwrap_or_default();
        let known = selected.view.known(uids);
        let by_uid = self.command.by_uid;
        let view = &selected.view;
        let numbers = view.numbers_of(&known);
        let as_asked = |number| if by_uid { view.uid(number).map(Uid::non_zero) } else { Some(number) };
        let numbers: Vec<NonZeroU32> = numbers.iter().filter_map(as_asked).collect();
        if searching.saves {
            selected.view.save(saved(&known, searching.returns.as_deref().unwrap_or_default(), &selected.view));
        }
        self.tell_found(b"SEARCH", &numbers, *searching, mod_seq);
        self.done(words!("Searched"));
        Ok(())
    }

    /// Answers [`Event::Search`] for SORT: the messages in their order.
    pub fn sorted(
        &mut self,
        ticket: Ticket<kind::Search>,
        uids: &[Uid],
        mod_seq: Option<ModSeq>,
    ) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        let Some(selected) = &mut self.selected else { return Err(Misuse::WrongState) };
        let searching = self.searching.take().unwrap_or_default();
        let view = &mut selected.view;
        let by_uid = self.command.by_uid;
        let number = |uid: &Uid| Some(if by_uid { uid.non_zero() } else { view.number(*uid)? });
        let numbers: Vec<NonZeroU32> =
            uids.iter().filter(|uid| view.number(**uid).is_some()).filter_map(number).collect();
        if searching.saves {
            let all: UidSet = uids.iter().copied().collect();
            view.save(all);
        }
        self.tell_found(b"SORT", &numbers, *searching, mod_seq);
        self.done(words!("Sorted"));
        Ok(())
    }

    /// Answers [`Event::Search`] for THREAD: each message with how many it answers, directly and indirectly, depth first; `None` for one that is not
    /// there, but has answers (RFC 5256 §4).
    pub fn threaded(
        &mut self,
        ticket: Ticket<kind::Search>,
        messages: impl IntoIterator<Item = (u32, Option<Uid>)>,
    ) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        self.searching = None;
        let Some(selected) = &self.selected else { return Err(Misuse::WrongState) };
        let by_uid = self.command.by_uid;
        let number = |uid: Uid| {
            let number = selected.view.number(uid)?;
            Some(if by_uid { uid.non_zero() } else { number })
        };
        let threads = Threads::new(messages.into_iter().map(|(depth, uid)| (depth, uid.and_then(number))));
        // Numbers and parentheses can always be written.
        let _written = Encoder::server().encode(&Data::<&[u8]>::Thread(threads), &mut self.outbox);
        self.done(words!("Threaded"));
        Ok(())
    }

    fn tell_found(&mut self, word: &[u8], numbers: &[NonZeroU32], searching: Searching, mod_seq: Option<ModSeq>) {
        let Some(returns) = searching.returns else { return self.tell_plainly(word, numbers, mod_seq) };
        let only_saves = returns.iter().all(|one| matches!(one, SearchReturn::Save));
        if only_saves && !returns.is_empty() {
            return;
        }
        let outbox = &mut self.outbox;
        outbox.put(b"* ESEARCH (TAG \"");
        outbox.put(self.command.tag.as_bytes());
        outbox.put(b"\")");
        if self.command.by_uid {
            outbox.put(b" UID");
        }
        let all = returns.is_empty().then_some(&SearchReturn::All);
        for one in returns.iter().chain(all) {
            let put_one = |name: &[u8], number: Option<&NonZeroU32>, outbox: &mut Outbox| {
                if let Some(number) = number {
                    outbox.put(name);
                    outbox.put_decimal(number.get().into());
                }
            };
            match one {
                // Of a sorted result the first and the last are meant (RFC 5267 §3.2).
                SearchReturn::Min => put_one(b" MIN ", numbers.first(), outbox),
                SearchReturn::Max => put_one(b" MAX ", numbers.last(), outbox),
                SearchReturn::Count => {
                    outbox.put(b" COUNT ");
                    outbox.put_decimal(numbers.len() as u64);
                }
                SearchReturn::All if numbers.is_empty() => {}
                SearchReturn::All => {
                    outbox.put(b" ALL ");
                    put_set(numbers, outbox);
                }
                SearchReturn::Partial(range) => {
                    outbox.put(b" PARTIAL (");
                    put_range(*range, outbox);
                    outbox.put(b" ");
                    match part(numbers, *range) {
                        [] => outbox.put(b"NIL"),
                        part => put_set(part, outbox),
                    }
                    outbox.put(b")");
                }
                _ => {}
            }
        }
        if let (Some(mod_seq), false) = (mod_seq, numbers.is_empty()) {
            outbox.put(b" MODSEQ ");
            outbox.put_decimal(mod_seq.get());
        }
        outbox.put(b"\r\n");
    }

    fn tell_plainly(&mut self, word: &[u8], numbers: &[NonZeroU32], mod_seq: Option<ModSeq>) {
        let outbox = &mut self.outbox;
        outbox.put(b"* ");
        outbox.put(word);
        for number in numbers {
            outbox.put(b" ");
            outbox.put_decimal(number.get().into());
        }
        if let (Some(mod_seq), false) = (mod_seq, numbers.is_empty()) {
            outbox.put(b" (MODSEQ ");
            outbox.put_decimal(mod_seq.get());
            outbox.put(b")");
        }
        outbox.put(b"\r\n");
    }

    /// Of these messages the stretch that was asked for (RFC 9394 §3.3).
    pub(super) fn slice(&self, uids: &UidSet, range: PartialRange) -> UidSet {
        let Some(selected) = &self.selected else { return UidSet::new() };
        let numbers: Vec<NonZeroU32> = selected.view.numbers_of(uids).iter().collect();
        let part = part(&numbers, range).iter().filter_map(|number| selected.view.uid(*number));
        part.filter(|uid| uids.contains(*uid)).collect()
    }
}

/// A key with UIDs in the place of numbers.
fn in_uids(key: SearchKey<Bytes>, view: &View, uid_only: bool) -> Result<SearchKey<Bytes>, Rejected> {
    let asked = match &key {
        SearchKey::Numbers(set) if uid_only && !set.is_saved() => return Err(Rejected::UidRequired),
        SearchKey::Numbers(set) => view.by_number(set).map_err(|_| Rejected::NoSuchMessage)?,
        SearchKey::Uids(set) => view.by_uid(set),
        _ => return Ok(key),
    };
    // No message is longer than that: a key that finds nothing.
    Ok(SequenceSet::from_numbers(&asked.uids).map_or(SearchKey::Larger(u64::MAX), SearchKey::Uids))
}

/// What `$` becomes: with MIN or MAX alone only what they tell, else all (RFC 5182 §2.1, §2.4).
fn saved(found: &UidSet, returns: &[SearchReturn<Bytes>], view: &View) -> UidSet {
    let has = |wanted: fn(&SearchReturn<Bytes>) -> bool| returns.iter().any(wanted);
    let (min, max) = (has(|one| matches!(one, SearchReturn::Min)), has(|one| matches!(one, SearchReturn::Max)));
    let others = has(|one| matches!(one, SearchReturn::All | SearchReturn::Count | SearchReturn::Partial(_)));
    if others || !(min || max) {
        return found.clone();
    }
    let numbers = view.numbers_of(found);
    let ends = [(min, numbers.first()), (max, numbers.last())];
    ends.into_iter().filter_map(|(wanted, number)| view.uid(number.filter(|_| wanted)?)).collect()
}

/// A stretch of a result, counted from 1, from its beginning or its end. What lies beyond is passed over.
fn part(numbers: &[NonZeroU32], range: PartialRange) -> &[NonZeroU32] {
    let (low, high) = (range.first.min(range.last).get() as usize, range.first.max(range.last).get() as usize);
    let high = high.min(numbers.len());
    if low > high {
        return &[];
    }
    let (from, to) = if range.from_end { (numbers.len() - high, numbers.len() - low + 1) } else { (low - 1, high) };
    numbers.get(from..to).unwrap_or_default()
}

fn put_range(range: PartialRange, outbox: &mut Outbox) {
    let sign: &[u8] = if range.from_end { b"-" } else { b"" };
    outbox.put(sign);
    outbox.put_decimal(range.first.get().into());
    outbox.put(b":");
    outbox.put(sign);
    outbox.put_decimal(range.last.get().into());
}

/// Numbers in their order, with runs of rising ones as ranges.
fn put_set(numbers: &[NonZeroU32], outbox: &mut Outbox) {
    for (place, run) in numbers.chunk_by(|a, b| a.checked_add(1) == Some(*b)).enumerate() {
        if place > 0 {
            outbox.put(b",");
        }
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        outbox.put_decimal(first.get().into());
        if first != last {
            outbox.put(b":");
            outbox.put_decimal(last.get().into());
        }
    }
}
