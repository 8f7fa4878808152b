use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::ops::Bound;

use super::{Buffer, Entry, Query, Reference, Selection, Sort, Store, Unavailable};

/// How much a [`Memory`] keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Messages in one buffer; 1,000 unless set.
    pub messages: usize,
    /// Bytes in all buffers together, by [`Entry::size`]; 16 MiB unless set.
    pub bytes: usize,
    /// Milliseconds for which a message is kept; seven days unless set.
    pub age: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { messages: 1000, bytes: 16 << 20, age: 7 * 86_400_000 }
    }
}

/// History in memory, a ring for each buffer.
///
/// At the bound of its buffer the buffer's oldest message gives way, and at the bound of all of them the oldest of the buffer that holds the most, so
/// that who fills many buffers takes the room from these before it takes any from a quieter one.
#[derive(Debug, Default)]
pub struct Memory {
    bounds: Bounds,
    rings: BTreeMap<Key, Ring>,
    /// Each ring by the number of its oldest message.
    oldest: BTreeMap<u64, Key>,
    /// Each ring by its bytes; of those that have as many, the one with the oldest message is the last.
    fullest: BTreeMap<(usize, Reverse<u64>), Key>,
    next: u64,
    bytes: usize,
}

/// The owner, a NUL, the peer; a channel's owner is nobody. No name holds a NUL.
type Key = Arc<[u8]>;

#[derive(Debug, Default)]
struct Ring {
    /// What it counts for: its entries, and itself.
    bytes: usize,
    /// Numbered in the order in which they came, over all rings.
    entries: VecDeque<(u64, Entry)>,
}

impl Memory {
    /// An empty one.
    pub fn new(bounds: Bounds) -> Self {
        Memory { bounds, ..Memory::default() }
    }

    /// How many bytes its messages count for.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many buffers there are.
    pub fn buffers(&self) -> usize {
        self.rings.len()
    }

    /// Changes a ring by `change`, and counts it anew. One that is empty then is gone.
    fn change<T>(&mut self, key: &[u8], change: impl FnOnce(&mut Ring) -> T) -> Option<T> {
        let ring = self.rings.get_mut(key)?;
        let (bytes, first) = (ring.bytes, ring.first()?);
        let result = change(ring);
        self.bytes = (self.bytes + ring.bytes).saturating_sub(bytes);
        let name = self.fullest.remove(&(bytes, Reverse(first)))?;
        match ring.first() {
            Some(now) => {
                if now != first {
                    self.oldest.remove(&first);
                    self.oldest.insert(now, name.clone());
                }
                self.fullest.insert((ring.bytes, Reverse(now)), name);
            }
            None => {
                self.bytes = self.bytes.saturating_sub(ring.bytes);
                self.oldest.remove(&first);
                self.rings.remove(key);
            }
        }
        Some(result)
    }

    fn drop_oldest_of(&mut self, key: &[u8]) {
        self.change(key, |ring| {
            let dropped = ring.entries.pop_front().map_or(0, |(_, entry)| entry.size());
            ring.bytes = ring.bytes.saturating_sub(dropped);
        });
    }

    /// Keeps to the bound of bytes.
    fn make_room(&mut self) {
        while self.bytes > self.bounds.bytes
            && let Some(key) = self.fullest.last_key_value().map(|(_, key)| key.clone())
        {
            self.drop_oldest_of(&key);
        }
    }

    fn remove(&mut self, key: &[u8]) -> Option<Ring> {
        let ring = self.rings.remove(key)?;
        if let Some(first) = ring.first() {
            self.oldest.remove(&first);
            self.fullest.remove(&(ring.bytes, Reverse(first)));
        }
        self.bytes = self.bytes.saturating_sub(ring.bytes);
        Some(ring)
    }

    fn insert(&mut self, key: &[u8], entries: VecDeque<(u64, Entry)>) {
        let bytes = Ring::cost(key) + entries.iter().map(|(_, entry)| entry.size()).sum::<usize>();
        let ring = Ring { bytes, entries };
        let Some(first) = ring.first() else { return };
        let key = Key::from(key);
        self.oldest.insert(first, key.clone());
        self.fullest.insert((bytes, Reverse(first)), key.clone());
        self.bytes = self.bytes.saturating_add(bytes);
        self.rings.insert(key, ring);
    }
}

impl Store for Memory {
    fn append(&mut self, buffer: Buffer<'_>, entry: Entry) {
        let size = entry.size();
        if self.bounds.messages == 0 {
            return;
        }
        let key = key(buffer);
        let number = self.next;
        self.next += 1;
        if self.rings.contains_key(&key[..]) {
            let most = self.bounds.messages;
            self.change(&key, |ring| {
                let surplus = if ring.entries.len() >= most { ring.entries.pop_front() } else { None };
                ring.entries.push_back((number, entry));
                ring.bytes = (ring.bytes + size).saturating_sub(surplus.map_or(0, |(_, entry)| entry.size()));
            });
        } else {
            self.insert(&key, VecDeque::from([(number, entry)]));
        }
        self.make_room();
    }

    fn query(&self, buffer: Buffer<'_>, query: Query<'_>, out: &mut Vec<Entry>) -> Result<(), Unavailable> {
        if let Some(ring) = self.rings.get(&key(buffer)[..]) {
            ring.select(query, out);
        }
        Ok(())
    }

    fn newest(&self, buffer: Buffer<'_>) -> Result<Option<u64>, Unavailable> {
        Ok(self.rings.get(&key(buffer)[..]).and_then(Ring::newest))
    }

    fn peers(&self, owner: &[u8], out: &mut Vec<(Box<[u8]>, u64)>) -> Result<(), Unavailable> {
        let first = key(Buffer::Direct { owner, peer: b"" });
        // Without an owner these would be the channels.
        let from = (Bound::Included(&first[..]), Bound::Unbounded);
        let own = self.rings.range::<[u8], _>(from);
        let own = own.take_while(|(key, _)| !owner.is_empty() && key.starts_with(&first));
        out.extend(own.filter_map(|(key, ring)| Some((key.get(first.len()..)?.into(), ring.newest()?))));
        Ok(())
    }

    fn find(&self, buffer: Buffer<'_>, msgid: &[u8]) -> Option<Entry> {
        let ring = self.rings.get(&key(buffer)[..])?;
        ring.find(msgid).and_then(|at| ring.entries.get(at)).map(|(_, entry)| entry.clone())
    }

    fn redact(&mut self, buffer: Buffer<'_>, msgid: &[u8], redaction: Entry) -> bool {
        let done = self.change(&key(buffer), |ring| {
            let Some((_, entry)) = ring.find(msgid).and_then(|at| ring.entries.get_mut(at)) else { return false };
            ring.bytes = (ring.bytes + redaction.size()).saturating_sub(entry.size());
            // It keeps the place of what it takes back, so that the order of times stays.
            *entry = Entry { time: entry.time, sort: Sort::Redaction, ..redaction };
            true
        });
        self.make_room();
        done.unwrap_or(false)
    }

    fn rename(&mut self, from: &[u8], to: &[u8]) {
        let (from, to) = (key(Buffer::Channel(from)), key(Buffer::Channel(to)));
        if from == to {
            return;
        }
        self.remove(&to);
        if let Some(ring) = self.remove(&from) {
            self.insert(&to, ring.entries);
        }
    }

    fn forget(&mut self, buffer: Buffer<'_>) {
        self.remove(&key(buffer));
    }

    fn expire(&mut self, now: u64) {
        let before = now.saturating_sub(self.bounds.age);
        while let Some((_, key)) = self.oldest.first_key_value() {
            let oldest = self.rings.get(key).and_then(|ring| ring.entries.front());
            if oldest.is_none_or(|(_, entry)| entry.time >= before) {
                return;
            }
            let key = key.clone();
            self.drop_oldest_of(&key);
        }
    }
}

impl Ring {
    /// What a ring itself counts for: its name, its place, and its two places in the orders of rings.
    fn cost(key: &[u8]) -> usize {
        key.len() + size_of::<Ring>() + 3 * size_of::<Key>() + size_of::<(u64, usize, u64)>()
    }

    /// The number of its oldest message.
    fn first(&self) -> Option<u64> {
        self.entries.front().map(|(number, _)| *number)
    }

    fn newest(&self) -> Option<u64> {
        let mut entries = self.entries.iter().rev().map(|(_, entry)| entry);
        entries.find(|entry| entry.sort == Sort::Message).map(|entry| entry.time)
    }

    fn find(&self, msgid: &[u8]) -> Option<usize> {
        self.entries.iter().rposition(|(_, entry)| entry.sort != Sort::Redaction && entry.msgid == msgid)
    }

    fn select(&self, query: Query<'_>, out: &mut Vec<Entry>) {
        let Query { selection, limit, bytes, .. } = query;
        let end = self.entries.len();
        let first = out.len();
        match selection {
            Selection::Latest(None) => self.newest_of(0, end, limit, query, out),
            Selection::Latest(Some(after)) => {
                if let Some((_, start)) = self.place(after) {
                    self.newest_of(start, end, limit, query, out);
                }
            }
            Selection::Before(before) => {
                if let Some((end, _)) = self.place(before) {
                    self.newest_of(0, end, limit, query, out);
                }
            }
            Selection::After(after) => {
                if let Some((_, start)) = self.place(after) {
                    self.oldest_of(start, end, limit, query, out);
                }
            }
            Selection::Around(middle) => {
                if let Some((before, _)) = self.place(middle) {
                    self.newest_of(0, before, limit / 2, Query { bytes: bytes / 2, ..query }, out);
                    let taken = out.get(first..).unwrap_or_default();
                    let count = taken.iter().filter(|entry| entry.sort != Sort::Redaction).count();
                    let bytes = bytes.saturating_sub(taken.iter().map(Entry::size).sum());
                    self.oldest_of(before, end, limit.saturating_sub(count), Query { bytes, ..query }, out);
                }
            }
            Selection::Between(from, to) => {
                let (Some((from_end, from_start)), Some((to_end, to_start))) = (self.place(from), self.place(to))
                else {
                    return;
                };
                if from_end <= to_end {
                    self.oldest_of(from_start, to_end, limit, query, out);
                } else {
                    self.newest_of(to_start, from_end, limit, query, out);
                }
            }
        }
    }

    /// Where the messages before a reference end, and where those after it begin. Times are in order but where the clock was set back.
    fn place(&self, reference: Reference<'_>) -> Option<(usize, usize)> {
        match reference {
            // A message that was taken back is still a place.
            Reference::Msgid(msgid) => {
                let is_it = |entry: &Entry| entry.msgid == msgid || entry.redacted() == Some(msgid);
                let at = self.entries.iter().rposition(|(_, entry)| is_it(entry))?;
                Some((at, at + 1))
            }
            Reference::Time(time) => {
                let end = self.entries.iter().rposition(|(_, entry)| entry.time < time).map_or(0, |at| at + 1);
                let start = self.entries.iter().position(|(_, entry)| entry.time > time).unwrap_or(self.entries.len());
                Some((end, start))
            }
        }
    }

    fn oldest_of(&self, start: usize, end: usize, limit: usize, query: Query<'_>, out: &mut Vec<Entry>) {
        let entries = self.wanted(start, end, query);
        take(entries, limit, query.bytes, out);
    }

    fn newest_of(&self, start: usize, end: usize, limit: usize, query: Query<'_>, out: &mut Vec<Entry>) {
        let first = out.len();
        take(self.wanted(start, end, query).rev(), limit, query.bytes, out);
        if let Some(new) = out.get_mut(first..) {
            new.reverse();
        }
    }

    fn wanted(&self, start: usize, end: usize, query: Query<'_>) -> impl DoubleEndedIterator<Item = &Entry> {
        let end = end.min(self.entries.len());
        let range = self.entries.range(start.min(end)..end);
        range.map(|(_, entry)| entry).filter(move |entry| match entry.sort {
            Sort::Message => true,
            Sort::Event => query.events,
            Sort::Redaction => query.redactions,
        })
    }
}

fn take<'a>(entries: impl Iterator<Item = &'a Entry>, limit: usize, bytes: usize, out: &mut Vec<Entry>) {
    let (mut left, mut room) = (limit, bytes);
    for entry in entries {
        let Some(rest) = room.checked_sub(entry.size()).filter(|_| left > 0) else { return };
        room = rest;
        left -= usize::from(entry.sort != Sort::Redaction);
        out.push(entry.clone());
    }
}

fn key(buffer: Buffer<'_>) -> Vec<u8> {
    let (owner, peer) = match buffer {
        Buffer::Channel(name) => (&b""[..], name),
        Buffer::Direct { owner, peer } => (owner, peer),
    };
    [owner, b"\0", peer].concat()
}

#[cfg(test)]
mod tests;
