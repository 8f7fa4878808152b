//! ESEARCH over several mailboxes (MULTISEARCH, RFC 7377).

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use bytes::Bytes;
use imap_proto::codec::command::{MultiSearch, SearchReturn};
use imap_proto::codec::{
    Code, Correlator, Data, Esearch, EsearchItem, SearchKey, SearchKeys, SequenceSet, Uid, UidSet,
};
use imap_proto::message::{BadQuery, Query};
use imap_proto::server::kind;
use wirestate_machine::{Misuse, Ticket};

use super::Machine;
use super::notify::Filter;
use super::search::Search;
use super::session::Session;
use crate::mailstore::{MailboxName, MailboxNameError, StoreError};
use crate::offload::Offload;

/// What was found in one mailbox.
struct Found {
    mailbox: MailboxName,
    uid_validity: u32,
    uids: UidSet,
}

impl<O: Offload> Session<O> {
    pub(super) async fn multi_search(
        &self,
        machine: &mut Machine,
        ticket: Ticket<kind::Command>,
        search: MultiSearch<Bytes>,
    ) -> Result<(), Misuse> {
        let returns = search.returns.unwrap_or_default();
        let is_known = |one: &SearchReturn<_>| {
            matches!(one, SearchReturn::Min | SearchReturn::Max | SearchReturn::All | SearchReturn::Count)
        };
        if !returns.iter().all(is_known) {
            return machine.bad(ticket, None, "Only MIN, MAX, ALL and COUNT can be told of several mailboxes");
        }
        if search.keys.keys().iter().any(|key| matches!(key, SearchKey::Numbers(_))) {
            return machine.bad(ticket, None, "Only UIDs mean something in several mailboxes");
        }
        let filters = match self.filters(machine, search.sources.map(|sources| sources.mailboxes)) {
            Ok(Some(filters)) => filters,
            Ok(None) => return machine.bad(ticket, None, "No mailbox is selected"),
            Err(error) => return self.refuse(machine, ticket, &StoreError::Name(error), false),
        };
        match Query::new(search.keys.clone(), search.charset.as_deref()) {
            Ok(_) => {}
            Err(BadQuery::Charset) => {
                let known = ["UTF-8", "US-ASCII"].map(|name| Bytes::from_static(name.as_bytes()));
                return machine.no(ticket, Code::BadCharset(known.into()), "the character set is not known");
            }
            Err(_) => return machine.bad(ticket, None, "Unknown search key"),
        }
        let names = self.with_store(move |store| {
            let subscribed: BTreeSet<_> = store.subscriptions()?.into_iter().collect();
            let is_meant = |name: &MailboxName| filters.iter().any(|filter| filter.has(name, &subscribed));
            let listed = store.list()?.into_iter().filter(|listed| listed.object_id.is_some());
            Ok(listed.map(|listed| listed.name).filter(is_meant).collect::<Vec<_>>())
        });
        let names = match names.await {
            Ok(names) => names,
            Err(error) => return self.refuse(machine, ticket, &error, false),
        };
        for name in names {
            // The next only when there is nothing left of the one before but its numbers.
            match self.search_in(name, search.keys.clone(), search.charset.clone()).await {
                Ok(found) => tell(machine, &ticket, found, &returns)?,
                // It is gone, and was named by nobody but a pattern.
                Err(StoreError::NoMailbox | StoreError::Gone) => {}
                Err(error) => return self.refuse(machine, ticket, &error, false),
            }
        }
        machine.ok(ticket, None, "Searched")
    }

    /// `None` if the selected mailbox is meant, and there is none.
    fn filters(
        &self,
        machine: &Machine,
        sources: Option<Vec<imap_proto::codec::command::MailboxFilter<Bytes>>>,
    ) -> Result<Option<Vec<Filter>>, MailboxNameError> {
        let selected =
            || self.selected.as_ref().map(|selected| Filter::Mailboxes(vec![selected.shared.mailbox.name()]));
        let Some(sources) = sources else { return Ok(selected().map(|filter| vec![filter])) };
        let mut filters = Vec::with_capacity(sources.len());
        for source in &sources {
            match Filter::of(machine, source)?.or_else(selected) {
                Some(filter) => filters.push(filter),
                None => return Ok(None),
            }
        }
        Ok(Some(filters))
    }

    async fn search_in(
        &self,
        name: MailboxName,
        keys: SearchKeys<Bytes>,
        charset: Option<Bytes>,
    ) -> Result<Found, StoreError> {
        self.with_store(move |store| {
            let mailbox = store.mailbox(&name)?;
            let snapshot = mailbox.sync()?;
            let uid_validity = snapshot.uid_validity();
            let Ok(search) = Search::everywhere(mailbox, snapshot, keys, charset.as_deref()) else {
                return Ok(Found { mailbox: name, uid_validity, uids: UidSet::new() });
            };
            let uids = search.found()?.iter().map(|message| Uid::from(message.uid())).collect();
            Ok(Found { mailbox: name, uid_validity, uids })
        })
        .await
    }
}

fn tell(
    machine: &mut Machine,
    ticket: &Ticket<kind::Command>,
    found: Found,
    returns: &[SearchReturn<Bytes>],
) -> Result<(), Misuse> {
    let counts = returns.iter().any(|one| matches!(one, SearchReturn::Count));
    if found.uids.is_empty() && !counts {
        return Ok(());
    }
    let all = returns.is_empty().then_some(&SearchReturn::All);
    let item = |one: &SearchReturn<Bytes>| {
        Some(match one {
            SearchReturn::Min => EsearchItem::Min(found.uids.first()?.non_zero()),
            SearchReturn::Max => EsearchItem::Max(found.uids.last()?.non_zero()),
            SearchReturn::Count => EsearchItem::Count(u32::try_from(found.uids.len()).unwrap_or(u32::MAX)),
            _ => EsearchItem::All(SequenceSet::from_numbers(&found.uids)?),
        })
    };
    let correlator = Correlator {
        tag: Bytes::copy_from_slice(machine.command_tag()),
        mailbox: Some(machine.mailbox_from(found.mailbox.as_str())),
        uid_validity: NonZeroU32::new(found.uid_validity),
    };
    let results = returns.iter().chain(all).filter_map(item).collect();
    machine.tell(ticket, &Data::Esearch(Esearch { correlator: Some(correlator), uid: true, results }))
}
