use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_machine::{Misuse, Ticket};

use super::event::kind;
use super::selected::put_vanished;
use super::{Asked, Event, Rejected, Reply, Server};
use crate::codec::command::{Fetch, FetchAttribute, FetchItems, FetchModifier, Store, StoreAction, StoreModifier};
use crate::codec::{Code, Flag, ModSeq, SequenceSet, UidSet};
use crate::view::Stored;

/// FETCH, as [`Event::Fetch`] brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchRequest {
    /// Which messages. A range may cover UIDs that no message has. Of those that are gone by now nothing is told.
    pub uids: UidSet,
    /// What the client wishes to know of each; `ALL`, `FAST` and `FULL` are written out, and MODSEQ is among them where CONDSTORE wants it told
    /// (RFC 7162 §3.1). UID may be left out of UID FETCH: it is there without being given.
    pub items: Vec<FetchAttribute<Bytes>>,
    /// Only of messages with a higher mod-sequence.
    pub changed_since: Option<ModSeq>,
    /// Whether to tell by [`Server::tell_vanished`] what [`View::vanished_since`](crate::view::View::vanished_since) finds since then (RFC 7162 §3.2.6).
    pub vanished: bool,
    /// Modifiers that this crate does not know: name and value as they stand.
    pub others: Vec<(Bytes, Option<Bytes>)>,
}

impl FetchRequest {
    /// A request for these items and no more.
    pub(super) fn of(uids: UidSet, items: Vec<FetchAttribute<Bytes>>) -> Self {
        FetchRequest { uids, items, changed_since: None, vanished: false, others: Vec::new() }
    }

    /// Whether a message of which this is told is seen from then on, unless the mailbox is read-only (RFC 9051 §6.4.5).
    pub fn sets_seen(&self) -> bool {
        self.items.iter().any(|item| match item {
            FetchAttribute::Section { peek, .. } | FetchAttribute::Binary { peek, .. } => !peek,
            FetchAttribute::Rfc822 | FetchAttribute::Rfc822Text => true,
            _ => false,
        })
    }
}

/// STORE, as [`Event::Store`] brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreRequest {
    /// Which messages.
    pub uids: UidSet,
    /// Only those with no higher mod-sequence (RFC 7162 §3.1.3).
    pub unchanged_since: Option<ModSeq>,
    /// What is done with the flags.
    pub action: StoreAction,
    /// Which flags. [`Mailbox::flags`](crate::view::Mailbox::flags) knows their names.
    pub flags: Vec<Flag<Bytes>>,
    /// Whether the client does not wish to be told of it.
    pub silent: bool,
    /// Modifiers that this crate does not know: name and value as they stand.
    pub others: Vec<(Bytes, Option<Bytes>)>,
}

/// EXPUNGE or CLOSE, as [`Event::Expunge`] brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExpungeRequest {
    /// Of these messages those with `\Deleted` go; `None`: of all (RFC 4315 §2.1).
    pub uids: Option<UidSet>,
    /// Whether the mailbox is selected no longer after it (CLOSE).
    pub closes: bool,
}

impl Server {
    // --- commands ---

    pub(super) fn ask_to_fetch(&mut self, fetch: Fetch<Bytes>) -> Result<(), Rejected> {
        let Fetch { set, items, modifiers, .. } = fetch;
        let mut uids = self.resolve(&set)?;
        let mut request = FetchRequest::of(UidSet::new(), items_of(items));
        for modifier in modifiers {
            match modifier {
                FetchModifier::ChangedSince(since) => request.changed_since = Some(since),
                FetchModifier::Vanished => request.vanished = true,
                FetchModifier::Partial(range) => uids = self.slice(&uids, range),
                FetchModifier::Other { name, value } => request.others.push((name, value)),
            }
        }
        if request.vanished && !(self.enabled.qresync && self.command.by_uid && request.changed_since.is_some()) {
            return Err(Rejected::NotEnabled);
        }
        request.uids = uids;
        if request.changed_since.is_some() || request.items.contains(&FetchAttribute::ModSeq) {
            self.imply_condstore();
        }
        if (self.enabled.condstore || request.changed_since.is_some())
            && !request.items.contains(&FetchAttribute::ModSeq)
        {
            request.items.push(FetchAttribute::ModSeq);
        }
        let ticket = self.issue(Asked::Command);
        self.queue(Event::Fetch { ticket, request: Box::new(request) });
        Ok(())
    }

    pub(super) fn ask_to_store(&mut self, store: Store<Bytes>) -> Result<(), Rejected> {
        let Store { set, modifiers, action, silent, flags, .. } = store;
        self.check_writable()?;
        let uids = self.resolve(&set)?;
        let mut request = StoreRequest { uids, unchanged_since: None, action, flags, silent, others: Vec::new() };
        for modifier in modifiers {
            match modifier {
                StoreModifier::UnchangedSince(since) => request.unchanged_since = Some(since),
                StoreModifier::Other { name, value } => request.others.push((name, value)),
            }
        }
        if request.unchanged_since.is_some() {
            self.imply_condstore();
        }
        let ticket = self.issue(Asked::Command);
        self.queue(Event::Store { ticket, request: Box::new(request) });
        Ok(())
    }

    /// EXPUNGE, UID EXPUNGE and CLOSE. A mailbox that may not change is closed without a question.
    pub(super) fn ask_to_expunge(&mut self, set: Option<&SequenceSet>, closes: bool) -> Result<(), Rejected> {
        if closes && self.check_writable().is_err() {
            self.unselect();
            return Ok(());
        }
        self.check_writable()?;
        let uids = set.map(|set| self.resolve(set)).transpose()?;
        let ticket = self.issue(Asked::Command);
        self.queue(Event::Expunge { ticket, request: ExpungeRequest { uids, closes } });
        Ok(())
    }

    // --- the application's part ---

    /// Answers [`Event::Store`]: what [`View::store`](crate::view::View::store) gave. The new flags are told by the view; messages that were left alone
    /// by the code MODIFIED (RFC 7162 §3.1.3).
    pub fn stored(&mut self, ticket: Ticket<kind::Store>, stored: &Stored) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        let mut reply = Reply::ok("Stored");
        if let Some(modified) = self.as_client_sees(&stored.modified) {
            reply = Reply::ok("Some had been changed in between").with_code(Code::Modified(modified));
        }
        self.finish(reply);
        Ok(())
    }

    /// Tells what was expunged before this session or behind its back: `VANISHED (EARLIER)`, for FETCH with VANISHED (RFC 7162 §3.2.6).
    pub fn tell_vanished(&mut self, ticket: &Ticket<kind::Fetch>, uids: &UidSet) -> Result<(), Misuse> {
        self.tickets.check(ticket)?;
        if self.streaming.is_some() {
            return Err(Misuse::WrongState);
        }
        put_vanished(uids, true, &mut self.outbox);
        Ok(())
    }

    // --- numbers and UIDs ---

    /// The messages that a command names, as UIDs. Those that are gone are passed over; by number, the client is told in the end.
    pub(super) fn resolve(&mut self, set: &SequenceSet) -> Result<UidSet, Rejected> {
        let view = &self.selected.as_ref().ok_or(Rejected::WrongState)?.view;
        let asked = if self.command.by_uid {
            view.by_uid(set)
        } else {
            view.by_number(set).map_err(|_| Rejected::NoSuchMessage)?
        };
        if !self.command.by_uid {
            self.command.expunge_issued = !asked.expunged.is_empty();
            self.command.by_number = Some(asked.uids.clone());
        }
        Ok(asked.uids)
    }

    /// Messages by the numbers that the client knows them by in this command; `None` where there are none.
    pub(super) fn as_client_sees(&self, uids: &UidSet) -> Option<SequenceSet> {
        if self.command.by_uid || self.enabled.uid_only {
            return SequenceSet::from_numbers(uids);
        }
        SequenceSet::from_numbers(&self.selected.as_ref()?.view.numbers_of(uids))
    }

    pub(super) fn check_writable(&self) -> Result<(), Rejected> {
        match &self.selected {
            Some(selected) if !selected.view.is_read_only() => Ok(()),
            Some(_) => Err(Rejected::ReadOnly),
            None => Err(Rejected::WrongState),
        }
    }
}

/// What the three short names stand for (RFC 9051 §6.4.5).
fn items_of(items: FetchItems<Bytes>) -> Vec<FetchAttribute<Bytes>> {
    use FetchAttribute::{Body, Envelope, Flags, InternalDate, Rfc822Size};
    match items {
        FetchItems::Fast => vec![Flags, InternalDate, Rfc822Size],
        FetchItems::All => vec![Flags, InternalDate, Rfc822Size, Envelope],
        FetchItems::Full => vec![Flags, InternalDate, Rfc822Size, Envelope, Body],
        FetchItems::Attributes(items) => items,
    }
}
