use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::{Contact, Document, Entry, Found, Held, Query, Record, Storage, StorageError};
use crate::jid::{Jid, JidRef};
use crate::payload::rsm::Place;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bounds {
    /// Messages held for one account. Default 100.
    pub held: usize,
    /// Bytes of all messages held for one account. Default 1 MiB.
    pub held_bytes: usize,
    /// Messages of one archive; a further one makes the oldest be forgotten. Default 1,000.
    pub archived: usize,
    /// Bytes of the messages of one archive. Default 1 MiB.
    pub archived_bytes: usize,
    /// Bytes of all messages of all archives; a further one makes those of the archive be forgotten that was written to least lately. Default 256 MiB.
    pub all_archived_bytes: usize,
    /// Documents of one account. Default 64.
    pub documents: usize,
    /// Bytes of one document. Default 131,072.
    pub document_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            held: 100,
            held_bytes: 1 << 20,
            archived: 1_000,
            archived_bytes: 1 << 20,
            all_archived_bytes: 256 << 20,
            documents: 64,
            document_bytes: 131_072,
        }
    }
}

/// Keeps all in memory, within bounds.
#[derive(Debug, Default)]
pub struct Memory {
    bounds: Bounds,
    accounts: BTreeMap<Jid, Account>,
    archives: BTreeMap<Jid, Archive>,
    archived_bytes: usize,
    /// Counts what is archived, to tell which archive was written to least lately.
    clock: u64,
    by_age: BTreeSet<(u64, Jid)>,
}

#[derive(Debug, Default)]
struct Account {
    contacts: BTreeMap<Jid, Contact>,
    version: u64,
    blocked: BTreeSet<Jid>,
    held: Vec<Held>,
    held_bytes: usize,
    documents: BTreeMap<(String, String), Bytes>,
}

#[derive(Debug, Default)]
struct Archive {
    entries: VecDeque<Entry>,
    bytes: usize,
    touched: u64,
}

/// What a message costs besides its bytes, about.
const OVERHEAD: usize = 256;

fn cost(parcel: &super::Parcel) -> usize {
    parcel.len() + OVERHEAD
}

impl Memory {
    /// Without accounts.
    pub fn new(bounds: Bounds) -> Self {
        Memory { bounds, ..Memory::default() }
    }

    /// Adds an account, if it is not there.
    pub fn add_account(&mut self, account: JidRef<'_>) {
        if !self.accounts.contains_key(account.as_str()) {
            self.accounts.insert(account.bare().to_jid(), Account::default());
        }
    }

    /// Removes an account with all that it has.
    pub fn remove_account(&mut self, account: JidRef<'_>) {
        self.accounts.remove(account.as_str());
        self.forget_archive(account.as_str());
    }

    /// The accounts there are.
    pub fn accounts(&self) -> impl Iterator<Item = &Jid> {
        self.accounts.keys()
    }

    fn forget_archive(&mut self, name: &str) {
        if let Some((name, archive)) = self.archives.remove_entry(name) {
            self.archived_bytes = self.archived_bytes.saturating_sub(archive.bytes);
            self.by_age.remove(&(archive.touched, name));
        }
    }
}

fn key(document: Document<'_>) -> (String, String) {
    let (name, ns) = document.key();
    (name.to_owned(), ns.to_owned())
}

impl Storage for Memory {
    fn account(&mut self, account: JidRef<'_>) -> Option<Record> {
        let account = self.accounts.get(account.as_str())?;
        Some(Record {
            contacts: account.contacts.values().cloned().collect(),
            version: account.version,
            blocked: account.blocked.clone(),
        })
    }

    fn put_contact(&mut self, account: JidRef<'_>, contact: &Contact, version: u64) {
        if let Some(account) = self.accounts.get_mut(account.as_str()) {
            account.contacts.insert(contact.item.jid.clone(), contact.clone());
            account.version = version;
        }
    }

    fn remove_contact(&mut self, account: JidRef<'_>, contact: JidRef<'_>, version: u64) {
        if let Some(account) = self.accounts.get_mut(account.as_str()) {
            account.contacts.remove(contact.as_str());
            account.version = version;
        }
    }

    fn set_blocked(&mut self, account: JidRef<'_>, blocked: &BTreeSet<Jid>) {
        if let Some(account) = self.accounts.get_mut(account.as_str()) {
            account.blocked.clone_from(blocked);
        }
    }

    fn document(&self, account: JidRef<'_>, document: Document<'_>) -> Option<Bytes> {
        self.accounts.get(account.as_str())?.documents.get(&key(document)).cloned()
    }

    fn set_document(
        &mut self,
        account: JidRef<'_>,
        document: Document<'_>,
        content: Bytes,
    ) -> Result<(), StorageError> {
        let account = self.accounts.get_mut(account.as_str()).ok_or(StorageError::Unavailable)?;
        let key = key(document);
        let is_new = !account.documents.contains_key(&key);
        let length = key.0.len() + key.1.len() + content.len();
        if length > self.bounds.document_bytes || is_new && account.documents.len() >= self.bounds.documents {
            return Err(StorageError::Full);
        }
        account.documents.insert(key, Bytes::copy_from_slice(&content));
        Ok(())
    }

    fn hold(&mut self, account: JidRef<'_>, message: Held) -> Result<(), StorageError> {
        let account = self.accounts.get_mut(account.as_str()).ok_or(StorageError::Unavailable)?;
        let bytes = account.held_bytes + cost(&message.parcel);
        if account.held.len() >= self.bounds.held || bytes > self.bounds.held_bytes {
            return Err(StorageError::Full);
        }
        account.held_bytes = bytes;
        account.held.push(message);
        Ok(())
    }

    fn release(&mut self, account: JidRef<'_>) -> Vec<Held> {
        let Some(account) = self.accounts.get_mut(account.as_str()) else { return Vec::new() };
        account.held_bytes = 0;
        core::mem::take(&mut account.held)
    }

    fn archive(&mut self, archive: JidRef<'_>, entry: Entry) {
        let cost = cost(&entry.parcel);
        if cost > self.bounds.archived_bytes || cost > self.bounds.all_archived_bytes || self.bounds.archived == 0 {
            return;
        }
        self.clock += 1;
        let name = archive.to_jid();
        let archive = self.archives.entry(name.clone()).or_default();
        self.by_age.remove(&(archive.touched, name.clone()));
        archive.touched = self.clock;
        self.by_age.insert((self.clock, name));
        archive.bytes += cost;
        self.archived_bytes += cost;
        archive.entries.push_back(entry);
        while archive.entries.len() > self.bounds.archived || archive.bytes > self.bounds.archived_bytes {
            let Some(oldest) = archive.entries.pop_front() else { break };
            let cost = self::cost(&oldest.parcel);
            archive.bytes = archive.bytes.saturating_sub(cost);
            self.archived_bytes = self.archived_bytes.saturating_sub(cost);
        }
        while self.archived_bytes > self.bounds.all_archived_bytes {
            let Some((_, name)) = self.by_age.first().cloned() else { break };
            self.forget_archive(name.as_str());
        }
    }

    fn query(&self, archive: JidRef<'_>, query: &Query<'_>) -> Result<Found, StorageError> {
        let none = VecDeque::new();
        let entries = self.archives.get(archive.as_str()).map_or(&none, |archive| &archive.entries);
        // Ids grow, so that the one asked for is found without going over all.
        let at = |id: &str| entries.binary_search_by(|entry| (*entry.id).cmp(id)).map_err(|_| StorageError::NoSuchId);
        let mut start = query.start.map_or(0, |start| entries.partition_point(|entry| entry.time < start));
        let mut end = query.end.map_or(entries.len(), |end| entries.partition_point(|entry| entry.time <= end));
        if let Some(after) = query.after {
            start = start.max(at(after)? + 1);
        }
        if let Some(before) = query.before {
            end = end.min(at(before)?);
        }
        let asked: Vec<usize> = (start..end.max(start))
            .filter(|at| entries.get(*at).is_some_and(|entry| query.with.is_none_or(|with| is_with(entry, with))))
            .collect();
        let count = asked.len();
        let (from, to) = match query.place {
            Place::First => (0, query.max),
            Place::Last => (count.saturating_sub(query.max), count),
            Place::Index(index) => (*index as usize, (*index as usize).saturating_add(query.max)),
            Place::After(id) => {
                let from = at(id).map(|at| asked.partition_point(|place| *place <= at))?;
                (from, from.saturating_add(query.max))
            }
            Place::Before(id) => {
                let to = at(id).map(|at| asked.partition_point(|place| *place < at))?;
                (to.saturating_sub(query.max), to)
            }
        };
        let to = to.min(count);
        let from = from.min(to);
        let page = asked.get(from..to).unwrap_or_default();
        Ok(Found { entries: page.iter().filter_map(|at| entries.get(*at).cloned()).collect(), index: from, count })
    }
}

fn is_with(entry: &Entry, with: JidRef<'_>) -> bool {
    let found = entry.with.as_ref().as_ref();
    if with.is_bare() { found.bare() == with } else { found == with }
}
