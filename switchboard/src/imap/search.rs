//! SEARCH, SORT and THREAD.
//!
//! What the mailbox knows of messages settles most searches; what it does not
//! settle, the summaries do, which are made from a message when it is read for
//! the first time; and only what is left reads messages.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use imap_proto::codec::command::{SearchReturn, SortCriterion, SortKey};
use imap_proto::codec::{Code, Date, DateTime, Flag, ModSeq, SearchKey, SearchKeys, SeqNo, Uid, UidSet};
use imap_proto::message::{self, BadQuery, Facts, Limits, Query, Setting, Summary, Threading};
use imap_proto::server::{SearchOrder, SearchRequest, kind};
use wirestate_machine::{Misuse, Ticket};

use super::Machine;
use super::content;
use super::session::Session;
use super::shared::mod_seq;
use crate::mailstore::{Mailbox, Message, Snapshot, StoreError, System};
use crate::offload::Offload;

/// For how many messages summaries are read and kept at a time.
const BATCH: usize = 256;

pub(super) const EPOCH: DateTime = match Date::new(1970, 1, 1) {
    Some(day) => match DateTime::new(day, 0, 0, 0, 0) {
        Some(moment) => moment,
        None => unreachable!(),
    },
    None => unreachable!(),
};

/// What is to be told of what was found.
enum Order {
    None,
    Sort(Vec<SortCriterion<Bytes>>),
    Thread(Threading),
}

/// What was found.
enum Found {
    Messages(UidSet),
    Sorted(Vec<Uid>),
    Threads(Vec<(u32, Option<Uid>)>),
}

impl<O: Offload> Session<O> {
    pub(super) async fn search(
        &mut self,
        machine: &mut Machine,
        ticket: Ticket<kind::Search>,
        request: SearchRequest,
    ) -> Result<(), Misuse> {
        let Some((selected, view)) = self.selected.as_ref().zip(machine.view()) else {
            return machine.no(ticket, None, "no mailbox is selected");
        };
        // What came later is not to be found: the client has no numbers for it.
        let known = view.known(&UidSet::all());
        let recent = known.iter().filter(|uid| view.is_recent(*uid)).collect();
        let tells_mod_seq = request.tells_mod_seq();
        let order = match order(&request) {
            Ok(order) => order,
            Err(why) => return machine.bad(ticket, None, why),
        };
        let has_thread_ids = request.keys.keys().iter().any(|key| matches!(key, SearchKey::ThreadId(_)));
        let has_ids = request.keys.keys().iter().any(|key| matches!(key, SearchKey::EmailId(_)));
        let query = match Query::new(request.keys, request.charset.as_deref()) {
            Ok(query) => query,
            Err(BadQuery::Charset) => {
                let known = ["UTF-8", "US-ASCII"].map(|name| Bytes::from_static(name.as_bytes()));
                return machine.no(ticket, Code::BadCharset(known.into()), "the character set is not known");
            }
            Err(_) => return machine.bad(ticket, None, "Unknown search key"),
        };
        let mailbox = selected.shared.mailbox.clone();
        let done = self.offload.run(move || {
            let snapshot = mailbox.sync()?;
            let limits = Limits::default();
            let search =
                Search { mailbox, snapshot, query, known, recent, has_ids, has_thread_ids, last_uid: Uid::MAX, limits };
            search.run(&order)
        });
        match done.await {
            Ok((found, highest)) => {
                let highest = highest.filter(|_| tells_mod_seq);
                match found {
                    Found::Messages(uids) => machine.found(ticket, &uids, highest),
                    Found::Sorted(uids) => machine.sorted(ticket, &uids, highest),
                    Found::Threads(threads) => machine.threaded(ticket, threads),
                }
            }
            Err(error) => self.refuse(machine, ticket, &error, false),
        }
    }
}

/// What is to become of what is found, where it is known.
fn order(request: &SearchRequest) -> Result<Order, &'static str> {
    if request.returns.iter().any(|one| matches!(one, SearchReturn::Other { .. })) {
        return Err("Unknown return option");
    }
    match &request.order {
        SearchOrder::None => Ok(Order::None),
        SearchOrder::Sort(criteria) => {
            let is_odd = |key: &SortKey<Bytes>| matches!(key, SortKey::Relevancy | SortKey::Other(_));
            let has_odd = criteria.iter().any(|criterion| is_odd(&criterion.key));
            if has_odd { Err("Unknown sort key") } else { Ok(Order::Sort(criteria.clone())) }
        }
        SearchOrder::Thread(algorithm) => match Threading::of(algorithm) {
            Some(threading) => Ok(Order::Thread(threading)),
            None => Err("Unknown threading algorithm"),
        },
        _ => Err("Not offered"),
    }
}

/// A search. All of it blocks.
pub(super) struct Search {
    mailbox: Arc<Mailbox>,
    snapshot: Arc<Snapshot>,
    query: Query,
    /// What the client knows of.
    known: UidSet,
    recent: UidSet,
    /// Whether EMAILID matters.
    has_ids: bool,
    /// Whether THREADID matters.
    has_thread_ids: bool,
    /// What `*` is; the session has resolved it where a mailbox is selected.
    last_uid: Uid,
    limits: Limits,
}

/// A key asks for what stands in the message.
struct Unsettled;

impl Search {
    fn run(&self, order: &Order) -> Result<(Found, Option<ModSeq>), StoreError> {
        let messages = self.found()?;
        let highest = messages.iter().map(|message| mod_seq(message.modseq())).max();
        let found = match order {
            Order::None => Found::Messages(messages.iter().map(|message| Uid::from(message.uid())).collect()),
            Order::Sort(criteria) => {
                let reads = !criteria.iter().all(|one| matches!(one.key, SortKey::Arrival | SortKey::Size));
                let summaries = if reads { self.summaries(&messages)? } else { self.outlines(&messages) };
                let sorted = message::sort(criteria, summaries.iter().map(|(uid, summary)| (*uid, summary)));
                Found::Sorted(sorted.into_iter().map(Uid::from).collect())
            }
            Order::Thread(threading) => {
                let summaries = self.summaries(&messages)?;
                let threads = message::thread(*threading, summaries.iter().map(|(uid, summary)| (*uid, summary)));
                Found::Threads(threads.nodes().iter().map(|node| (node.depth, node.number.map(Uid::from))).collect())
            }
        };
        Ok((found, highest))
    }

    /// A search among all messages of a mailbox that is not selected.
    pub(super) fn everywhere(
        mailbox: Arc<Mailbox>,
        snapshot: Arc<Snapshot>,
        keys: SearchKeys<Bytes>,
        charset: Option<&[u8]>,
    ) -> Result<Self, BadQuery> {
        let has = |wanted: fn(&SearchKey<Bytes>) -> bool| keys.keys().iter().any(wanted);
        let has_ids = has(|key| matches!(key, SearchKey::EmailId(_)));
        let has_thread_ids = has(|key| matches!(key, SearchKey::ThreadId(_)));
        let last_uid = snapshot.messages().last().map_or(Uid::MAX, |message| message.uid().into());
        let query = Query::new(keys, charset)?;
        let (known, recent, limits) = (UidSet::all(), UidSet::new(), Limits::default());
        Ok(Self { mailbox, snapshot, query, known, recent, has_ids, has_thread_ids, last_uid, limits })
    }

    /// The messages that are found, in the order of the mailbox.
    pub(super) fn found(&self) -> Result<Vec<&Message>, StoreError> {
        let (mut found, mut open) = (Vec::new(), Vec::new());
        for message in self.snapshot.messages().iter().filter(|message| self.known.contains(message.uid().into())) {
            if self.has_thread_ids {
                open.push(message);
                continue;
            }
            match self.finds(message, None, || Err(Unsettled)) {
                Ok(true) => found.push(message),
                Ok(false) => {}
                Err(Unsettled) => open.push(message),
            }
        }
        for batch in open.chunks(BATCH) {
            let mut kept = self.kept(batch)?;
            let mut fresh = Vec::new();
            for message in batch {
                let mut summary = kept.remove(&message.uid());
                let mut raw = None;
                if self.has_thread_ids && summary.is_none() {
                    match content::read(&self.mailbox, message.uid()) {
                        Ok(text) => summary = Some(self.summary(message, &text)),
                        Err(StoreError::Vanished) => continue,
                        Err(error) => return Err(error),
                    }
                    fresh.extend(summary.clone().map(|summary| (message.uid(), summary)));
                }
                let read = || {
                    let text = content::read(&self.mailbox, message.uid())?;
                    raw = Some(text.clone());
                    Ok(text)
                };
                match self.finds(message, summary.as_ref(), read) {
                    Ok(true) => found.push(message),
                    // Whoever removed it tells it.
                    Ok(false) | Err(StoreError::Vanished) => {}
                    Err(error) => return Err(error),
                }
                if let Some(raw) = raw.filter(|_| summary.is_none()) {
                    fresh.push((message.uid(), self.summary(message, &raw)));
                }
            }
            self.keep(fresh.iter().map(|(uid, summary)| (*uid, summary)))?;
        }
        found.sort_unstable_by_key(|message| message.uid());
        Ok(found)
    }

    fn finds<E>(
        &self,
        message: &Message,
        summary: Option<&Summary>,
        open: impl FnOnce() -> Result<Bytes, E>,
    ) -> Result<bool, E> {
        let uid = message.uid().into();
        let email_id = if self.has_ids { message.email_id().to_string() } else { String::new() };
        let thread_id = summary.filter(|_| self.has_thread_ids).map(|summary| content::thread_id(summary, message));
        let setting = Setting {
            now: now(),
            // The session has resolved numbers and `$`.
            last_number: SeqNo::MAX,
            last_uid: self.last_uid,
            saved: None,
            has_save_dates: true,
            limits: &self.limits,
        };
        let facts = Facts {
            number: SeqNo::MAX,
            uid,
            has_flag: &|flag| has_flag(message, flag, self.recent.contains(uid)),
            internal_date: date(message.internal_date()),
            save_date: Some(date(message.save_date())),
            size: message.size(),
            mod_seq: Some(mod_seq(message.modseq())),
            email_id: Some(email_id.as_bytes()),
            thread_id: thread_id.as_ref().map(String::as_bytes),
            summary,
        };
        self.query.finds(&setting, &facts, open)
    }

    // --- summaries ---

    /// The summaries of messages, as far as they are still there.
    fn summaries(&self, messages: &[&Message]) -> Result<Vec<(NonZeroU32, Summary)>, StoreError> {
        let mut summaries = Vec::with_capacity(messages.len());
        for batch in messages.chunks(BATCH) {
            let mut kept = self.kept(batch)?;
            let mut fresh = Vec::new();
            for message in batch {
                let uid = message.uid();
                if let Some(summary) = kept.remove(&uid) {
                    summaries.push((uid, summary));
                    continue;
                }
                match content::read(&self.mailbox, uid) {
                    Ok(raw) => {
                        fresh.push(summaries.len());
                        summaries.push((uid, self.summary(message, &raw)));
                    }
                    Err(StoreError::Vanished) => {}
                    Err(error) => return Err(error),
                }
            }
            self.keep(fresh.iter().filter_map(|at| summaries.get(*at)).map(|(uid, summary)| (*uid, summary)))?;
        }
        Ok(summaries)
    }

    /// Summaries with nothing in them but when messages came and how long they are.
    fn outlines(&self, messages: &[&Message]) -> Vec<(NonZeroU32, Summary)> {
        let empty = message::Message::parse(b"", &self.limits);
        let outline = |message: &&Message| {
            let mut summary = Summary::of(&empty, date(message.internal_date()));
            summary.size = message.size();
            (message.uid(), summary)
        };
        messages.iter().map(outline).collect()
    }

    fn summary(&self, message: &Message, raw: &[u8]) -> Summary {
        Summary::of(&message::Message::parse(raw, &self.limits), date(message.internal_date()))
    }

    /// What was kept, where it can still be read.
    fn kept(&self, messages: &[&Message]) -> Result<HashMap<NonZeroU32, Summary>, StoreError> {
        let uids: Vec<_> = messages.iter().map(|message| message.uid()).collect();
        let kept = self.mailbox.summaries(&uids)?.into_iter();
        Ok(kept.filter_map(|(uid, bytes)| Some((uid, Summary::from_bytes(bytes.into()).ok()?))).collect())
    }

    fn keep<'a>(&self, fresh: impl Iterator<Item = (NonZeroU32, &'a Summary)>) -> Result<(), StoreError> {
        let fresh: Vec<_> = fresh.map(|(uid, summary)| (uid, summary.to_bytes())).collect();
        if fresh.is_empty() {
            return Ok(());
        }
        self.mailbox.keep_summaries(fresh.iter().map(|(uid, bytes)| (*uid, &**bytes)))
    }
}

fn has_flag(message: &Message, flag: &Flag<&[u8]>, is_recent: bool) -> bool {
    let flags = message.flags();
    match flag {
        Flag::Answered => flags.contains(System::ANSWERED),
        Flag::Deleted => flags.contains(System::DELETED),
        Flag::Draft => flags.contains(System::DRAFT),
        Flag::Flagged => flags.contains(System::FLAGGED),
        Flag::Seen => flags.contains(System::SEEN),
        Flag::Recent => is_recent,
        Flag::Keyword(word) => std::str::from_utf8(word).is_ok_and(|word| flags.has_keyword(word)),
        _ => false,
    }
}

/// A moment beyond what IMAP can write is taken for 1970.
fn date(seconds: i64) -> DateTime {
    DateTime::from_unix(seconds, 0).unwrap_or(EPOCH)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.ok().and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or(0)
}
