//! What is in a mailbox, held in memory while it is open.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;

use super::error::StoreError;
use super::flags::{Flags, Keywords};
use super::index::{Batch, Numbers, Written};
use super::listing::Entry;
use super::message::{Message, Place, Uid, position};
use super::name::MailboxName;
use super::notice::{Change, Origin};
use super::watch::Watch;
use crate::maildir::Stamps;

/// How many different keywords a mailbox may hold: with `$Forwarded`, which is
/// none of them here, as many as sessions have room for.
pub(super) const KEYWORDS: usize = 58;

/// A mailbox at one moment. Cheap to take; who keeps one while the mailbox
/// changes makes the store copy it.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(super) numbers: Numbers,
    pub(super) messages: Vec<Message>,
    /// By their lower case.
    keywords: BTreeMap<Box<str>, Arc<str>>,
}

impl Snapshot {
    pub(super) fn new(numbers: Numbers) -> Self {
        Self { numbers, messages: Vec::new(), keywords: BTreeMap::new() }
    }

    /// UIDVALIDITY, at least 1.
    pub fn uid_validity(&self) -> u32 {
        self.numbers.uid_validity
    }

    /// UIDNEXT: the next new message gets at least this UID.
    pub fn uid_next(&self) -> Uid {
        self.numbers.uid_next
    }

    /// HIGHESTMODSEQ (RFC 7162): at least 1, below 2^63.
    pub fn highest_modseq(&self) -> u64 {
        self.numbers.highest_modseq
    }

    /// The messages, by rising UID.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The message of this UID.
    pub fn message(&self, uid: Uid) -> Option<&Message> {
        self.messages.get(position(&self.messages, uid)?)
    }

    /// The keywords that messages have, or had while the mailbox was open; for
    /// FLAGS and PERMANENTFLAGS, where `$Forwarded` and `\*` belong, too.
    pub fn keywords(&self) -> impl Iterator<Item = &str> {
        self.keywords.values().map(|keyword| &**keyword)
    }

    /// The messages that changed after this mod-sequence.
    pub fn changed_since(&self, modseq: u64) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(move |message| message.modseq > modseq)
    }
}

#[derive(Debug)]
pub(super) struct Contents {
    pub(super) name: MailboxName,
    pub(super) path: PathBuf,
    pub(super) is_loaded: bool,
    pub(super) is_gone: bool,
    /// Whether its folders were all there once.
    pub(super) was_listed: bool,
    pub(super) snapshot: Arc<Snapshot>,
    by_base: HashMap<Arc<OsStr>, Uid>,
    /// The state of the folders that all of this belongs to.
    pub(super) stamps: Option<Stamps>,
    /// Whether any change since then would show in the stamps.
    pub(super) is_settled: bool,
    /// The state of the index that was read last.
    pub(super) data_version: i64,
    pub(super) watch: Option<Watch>,
}

/// What a listing shows that was not known.
#[derive(Debug, Default)]
pub(super) struct Differences {
    pub(super) unknown: Vec<Entry>,
    pub(super) moved: Vec<(usize, Place)>,
    pub(super) missing: Vec<Uid>,
    /// A second file under a name that is to be unique.
    pub(super) twins: Vec<(Entry, Place)>,
}

impl Contents {
    pub(super) fn new(name: MailboxName, path: PathBuf, numbers: Numbers) -> Self {
        Self {
            name,
            path,
            is_loaded: false,
            is_gone: false,
            was_listed: false,
            snapshot: Arc::new(Snapshot::new(numbers)),
            by_base: HashMap::new(),
            stamps: None,
            is_settled: false,
            data_version: 0,
            watch: None,
        }
    }

    pub(super) fn messages(&self) -> &[Message] {
        &self.snapshot.messages
    }

    /// The index is to be read again: its own writer does not show in its
    /// version.
    pub(super) fn forget_index(&mut self) {
        self.data_version = -1;
    }

    pub(super) fn find(&self, base: &OsStr) -> Option<&Message> {
        self.snapshot.message(*self.by_base.get(base)?)
    }

    /// Takes over what the index has now, and tells what is new in it.
    pub(super) fn reload(&mut self, numbers: Numbers, mut messages: Vec<Message>) -> Change {
        let old = self.snapshot.clone();
        let (mut new, mut flags) = (Vec::new(), Vec::new());
        for message in &mut messages {
            match old.message(message.uid) {
                Some(known) => {
                    message.place = known.place.clone();
                    if known.modseq != message.modseq {
                        flags.push((message.uid, message.flags.clone()));
                    }
                }
                None => new.push(message.clone()),
            }
        }
        let is_gone = |message: &&Message| position(&messages, message.uid).is_none();
        let expunged = old.messages.iter().filter(is_gone).map(|message| message.uid).collect();
        self.by_base = messages.iter().map(|message| (message.base.clone(), message.uid)).collect();
        let mut snapshot = Snapshot::new(numbers);
        for message in &messages {
            note_keywords(&mut snapshot.keywords, &message.flags.keywords);
        }
        snapshot.messages = messages;
        self.snapshot = Arc::new(snapshot);
        // The files' places are not in the index.
        self.stamps = None;
        Change::Messages { origin: Origin::OUTSIDE, modseq: numbers.highest_modseq, new, flags, expunged }
    }

    /// Compares with what the folders list.
    pub(super) fn compare(&self, listing: Vec<Entry>) -> Differences {
        let mut differences = Differences::default();
        let messages = self.messages();
        let mut places: Vec<Option<Place>> = vec![None; messages.len()];
        let mut unknown: HashMap<Arc<OsStr>, usize> = HashMap::new();
        for entry in listing {
            let known = self.by_base.get(&entry.base).and_then(|uid| position(messages, *uid));
            if let Some((at, place)) = known.and_then(|at| Some((at, places.get_mut(at)?))) {
                let is_as_before = messages.get(at).is_some_and(|message| message.place == entry.place);
                match place {
                    None => *place = Some(entry.place),
                    // The file that was known is the one that stays.
                    Some(first) if is_as_before => {
                        let other = std::mem::replace(first, entry.place);
                        differences.twins.push((Entry { base: entry.base, place: other }, first.clone()));
                    }
                    Some(first) => differences.twins.push((entry, first.clone())),
                }
            } else if let Some(first) = unknown.get(&entry.base).and_then(|&at| differences.unknown.get(at)) {
                differences.twins.push((entry, first.place.clone()));
            } else {
                unknown.insert(entry.base.clone(), differences.unknown.len());
                differences.unknown.push(entry);
            }
        }
        for (at, (message, place)) in messages.iter().zip(places).enumerate() {
            match place {
                None => differences.missing.push(message.uid),
                Some(place) if place != message.place => differences.moved.push((at, place)),
                Some(_) => {}
            }
        }
        differences
    }

    /// Notes where files are now. Their flags are another matter.
    pub(super) fn set_places(&mut self, moved: Vec<(usize, Place)>) {
        if moved.is_empty() {
            return;
        }
        let snapshot = Arc::make_mut(&mut self.snapshot);
        for (at, place) in moved {
            if let Some(message) = snapshot.messages.get_mut(at) {
                message.place = place;
            }
        }
    }

    pub(super) fn set_place(&mut self, uid: Uid, place: Place) {
        if let Some(at) = position(self.messages(), uid) {
            self.set_places(vec![(at, place)]);
        }
    }

    pub(super) fn set_size(&mut self, uid: Uid, size: u64) {
        let snapshot = Arc::make_mut(&mut self.snapshot);
        if let Some(at) = position(&snapshot.messages, uid)
            && let Some(message) = snapshot.messages.get_mut(at)
        {
            message.size = size;
        }
    }

    /// Does here what was written to the index.
    pub(super) fn apply(&mut self, origin: Origin, batch: Batch, written: Written) -> Change {
        let modseq = written.numbers.highest_modseq;
        let snapshot = Arc::make_mut(&mut self.snapshot);
        snapshot.numbers = written.numbers;
        if !batch.gone.is_empty() {
            snapshot.messages.retain(|message| {
                let is_gone = batch.gone.binary_search(&message.uid).is_ok();
                // A copy in the same batch may have the name already.
                if is_gone && self.by_base.get(&message.base) == Some(&message.uid) {
                    self.by_base.remove(&message.base);
                }
                !is_gone
            });
        }
        for (uid, flags) in &batch.flags {
            if let Some(at) = position(&snapshot.messages, *uid)
                && let Some(message) = snapshot.messages.get_mut(at)
            {
                note_keywords(&mut snapshot.keywords, &flags.keywords);
                (message.flags, message.modseq) = (flags.clone(), modseq);
            }
        }
        let mut new = Vec::with_capacity(batch.arrivals.len());
        for (arrival, uid) in batch.arrivals.into_iter().zip(written.uids) {
            note_keywords(&mut snapshot.keywords, &arrival.flags.keywords);
            self.by_base.insert(arrival.base.clone(), uid);
            new.push(Message {
                uid,
                flags: arrival.flags,
                modseq,
                size: arrival.size,
                internal_date: arrival.internal_date,
                save_date: written.save_date,
                email_id: arrival.email_id,
                base: arrival.base,
                place: arrival.place,
            });
        }
        snapshot.messages.extend_from_slice(&new);
        Change::Messages { origin, modseq, new, flags: batch.flags, expunged: batch.gone }
    }

    /// The same flags, with keywords spelled as they are in this mailbox.
    pub(super) fn spelled(&self, flags: &Flags) -> Result<Flags, StoreError> {
        if flags.keywords.is_empty() {
            return Ok(flags.clone());
        }
        let known = &self.snapshot.keywords;
        let mut fresh = 0;
        let spell = |keyword: &Arc<str>| match known.get(keyword.to_ascii_lowercase().as_str()) {
            Some(known) => known.clone(),
            None => {
                fresh += 1;
                keyword.clone()
            }
        };
        let keywords = Keywords::new(flags.keywords.iter().map(spell).collect());
        if fresh > 0 && known.len() + fresh > KEYWORDS {
            // Of those known some may be on no message any more.
            let used: BTreeSet<_> = self.messages().iter().flat_map(|message| message.flags.keywords.iter()).collect();
            if used.len() + fresh > KEYWORDS {
                return Err(StoreError::TooManyKeywords);
            }
        }
        Ok(Flags { system: flags.system, keywords })
    }
}

fn note_keywords(known: &mut BTreeMap<Box<str>, Arc<str>>, keywords: &Keywords) {
    for keyword in keywords.iter() {
        let folded = keyword.to_ascii_lowercase();
        if !known.contains_key(folded.as_str()) {
            known.insert(folded.into(), keyword.clone());
        }
    }
}
