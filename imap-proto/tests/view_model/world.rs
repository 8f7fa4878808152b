//! Sessions on one mailbox beside a reference that keeps plain lists: who knows what, and who was told what.
//!
//! Each step is made of four octets, so that a fuzzer can make steps too.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use imap_proto::codec::{Flag, ModSeq, SeqSet, SequenceSet, Uid, UidSet};
use imap_proto::view::{
    Access, Asked, End, FlagChange, Flags, Mailbox, MailboxFault, Policy, Resync, SessionId, Stored, Update, View,
    Wording,
};

pub(crate) type Who = usize;
pub(crate) const SESSIONS: usize = 4;

/// The flags of a message, as words in canonical case.
pub(crate) type Words = BTreeSet<String>;

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Append { times: u8, flags: u8 },
    Expunge(Pick),
    Store { by: Option<Who>, uids: Pick, change: u8, flags: u8, back: Option<u8>, silent: bool },
    Select { who: Who, read_only: bool },
    Leave(Who),
    CatchUp(Who),
    Tell { who: Who, policy: Policy, stop: Option<usize> },
    Enable { who: Who, wording: u8 },
    Save { who: Who, uids: Pick },
    HistoryLimit(usize),
    Renumber,
    End,
}

/// Some UIDs, whether there are such messages or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pick {
    first: u8,
    length: u8,
    stride: u8,
}

impl Pick {
    pub(crate) fn uids(self) -> BTreeSet<u32> {
        (0..self.length).map(|index| u32::from(self.first) + u32::from(index) * u32::from(self.stride)).collect()
    }
}

impl From<[u8; 4]> for Step {
    fn from([kind, a, b, c]: [u8; 4]) -> Self {
        let who = usize::from(a) % SESSIONS;
        let uids = Pick { first: b % 32 + 1, length: (c % 16 + 1) / (1 + b / 128), stride: 1 + c / 64 };
        let stop = (c >= 192).then_some(usize::from(c % 8));
        match kind % 32 {
            0..=4 => Step::Append { times: a % 4 + 1, flags: b },
            5..=7 => Step::Expunge(uids),
            8..=13 => {
                let by = (a < 192).then_some(who);
                let back = (kind >= 192).then_some(kind % 8);
                Step::Store { by, uids, change: a / 4 % 3, flags: (a / 16) ^ c, back, silent: a & 8 == 0 }
            }
            14..=16 => Step::Select { who, read_only: b % 4 == 0 },
            17 => Step::Leave(who),
            18..=20 => Step::CatchUp(who),
            21..=24 => Step::Tell { who, policy: Policy::All, stop },
            25..=26 => Step::Tell { who, policy: Policy::NoExpunge, stop },
            27 => Step::Tell { who, policy: Policy::Nothing, stop: None },
            28 => Step::Enable { who, wording: b },
            29 => Step::Save { who, uids },
            30 if b < 64 => Step::HistoryLimit(usize::from(b % 8)),
            31 if b < 24 => Step::Renumber,
            31 if b < 40 => Step::End,
            _ => Step::CatchUp(who),
        }
    }
}

/// The mailbox as it is, in the plainest way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Truth {
    pub(crate) messages: BTreeMap<u32, (Words, u64)>,
    pub(crate) last_uid: u32,
    pub(crate) modseq: u64,
    /// Keywords as they were spelt first.
    pub(crate) spelling: BTreeMap<String, String>,
    /// Messages that no session has taken as recent.
    pub(crate) unclaimed: BTreeSet<u32>,
}

impl Truth {
    pub(crate) fn uids(&self) -> Vec<u32> {
        self.messages.keys().copied().collect()
    }

    fn words(&mut self, flags: &[Flag<&str>]) -> Words {
        let spell = |flag: &Flag<&str>| {
            self.spelling.entry(flag.to_string().to_lowercase()).or_insert(flag.to_string()).clone()
        };
        flags.iter().map(spell).collect()
    }
}

/// What a client believes, from nothing but what it was told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Client {
    pub(crate) list: Vec<u32>,
    pub(crate) flags: BTreeMap<u32, Words>,
    pub(crate) saved: BTreeSet<u32>,
}

/// What a client still has when it comes back.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    pub(crate) uid_validity: NonZeroU32,
    pub(crate) modseq: ModSeq,
    pub(crate) client: Client,
}

#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) view: Option<View>,
    pub(crate) wording: Wording,
    pub(crate) client: Client,
    /// The mailbox when its view caught up last.
    pub(crate) seen: Truth,
    pub(crate) recent: BTreeSet<u32>,
    pub(crate) ended: Option<End>,
    pub(crate) memory: Option<Memory>,
    /// Of when it selected the mailbox.
    pub(crate) generation: u32,
    pub(crate) woken: bool,
}

/// One step, and what came of it.
#[derive(Debug)]
pub(crate) struct Moment {
    pub(crate) who: Option<Who>,
    /// What the client believed before the updates.
    pub(crate) before: Client,
    pub(crate) updates: Vec<Update>,
    /// Under which policy the updates were told, and whether all of them were taken.
    pub(crate) told: Option<(Policy, bool)>,
    pub(crate) appended: Vec<Uid>,
    pub(crate) stored: Option<(Option<ModSeq>, Truth, BTreeSet<u32>, Stored)>,
    pub(crate) resynced: Option<(Memory, Option<UidSet>)>,
    /// Whom the mailbox has named as behind, and whom it should have.
    pub(crate) woken: Vec<SessionId>,
    pub(crate) to_wake: Vec<SessionId>,
}

pub(crate) struct World {
    pub(crate) mailbox: Mailbox,
    pub(crate) uid_validity: NonZeroU32,
    pub(crate) truth: Truth,
    pub(crate) persons: [Person; SESSIONS],
    pub(crate) over: Option<End>,
    /// Rises with each end of all views.
    pub(crate) generation: u32,
}

impl World {
    pub(crate) fn new() -> Self {
        let uid_validity = NonZeroU32::MIN;
        let mailbox = Mailbox::new(uid_validity);
        let truth = Truth { modseq: mailbox.highest_modseq().get(), ..Truth::default() };
        let person = |_| Person {
            view: None,
            wording: Wording::REV1,
            client: Client::default(),
            seen: Truth::default(),
            recent: BTreeSet::new(),
            ended: None,
            memory: None,
            generation: 0,
            woken: false,
        };
        World { mailbox, uid_validity, truth, persons: [0; SESSIONS].map(person), over: None, generation: 0 }
    }

    pub(crate) fn step(&mut self, step: Step) -> Moment {
        let mut moment = Moment {
            who: None,
            before: Client::default(),
            updates: Vec::new(),
            told: None,
            appended: Vec::new(),
            stored: None,
            resynced: None,
            woken: Vec::new(),
            to_wake: Vec::new(),
        };
        match step {
            Step::Append { times, flags } => self.append(times, flags, &mut moment),
            Step::Expunge(pick) => self.expunge(pick),
            Step::Store { by, uids, change, flags, back, silent } => {
                self.store(by, uids, change, flags, back, silent, &mut moment);
            }
            Step::Select { who, read_only } => self.select(who, read_only, &mut moment),
            Step::Leave(who) => {
                assert_eq!(self.mailbox.leave(session(who)), self.persons[who].view.take().is_some());
            }
            Step::CatchUp(who) => self.catch_up(who),
            Step::Tell { who, policy, stop } => self.tell(who, policy, stop, &mut moment),
            Step::Enable { who, wording } => self.persons[who].enable(wording),
            Step::Save { who, uids } => self.persons[who].save(&uids.uids()),
            Step::HistoryLimit(limit) => self.mailbox.set_history_limit(limit),
            Step::Renumber => self.renumber(),
            Step::End => {
                self.mailbox.end(End::Deleted);
                self.over = Some(End::Deleted);
                self.generation += 1;
            }
        }
        moment.woken = self.mailbox.wakeups().collect();
        let now = (self.generation, self.truth.modseq);
        for (who, person) in self.persons.iter_mut().enumerate() {
            if person.view.is_some() && !person.woken && (person.generation, person.seen.modseq) != now {
                person.woken = true;
                moment.to_wake.push(session(who));
            }
            person.remember(self.uid_validity);
        }
        moment
    }

    fn append(&mut self, times: u8, flags: u8, moment: &mut Moment) {
        for _ in 0..times {
            let flags = flags_of(flags);
            let bits = self.mailbox.flags(&flags).unwrap();
            let appended = self.mailbox.append(bits);
            if let Some(end) = self.over {
                assert_eq!(appended, Err(MailboxFault::Ended(end)));
                self.truth.words(&flags);
                continue;
            }
            moment.appended.push(appended.unwrap());
            let truth = &mut self.truth;
            truth.last_uid += 1;
            truth.modseq += 1;
            let words = truth.words(&flags);
            truth.messages.insert(truth.last_uid, (words, truth.modseq));
            truth.unclaimed.insert(truth.last_uid);
        }
    }

    fn expunge(&mut self, pick: Pick) {
        let gone = self.mailbox.expunge(&set(&pick.uids()));
        let expected: BTreeSet<u32> =
            pick.uids().into_iter().filter(|uid| self.truth.messages.contains_key(uid)).collect();
        assert_eq!(plain(&gone), expected);
        self.truth.messages.retain(|uid, _| !expected.contains(uid));
        self.truth.unclaimed.retain(|uid| !expected.contains(uid));
        self.truth.modseq += u64::from(!expected.is_empty());
    }

    #[allow(clippy::too_many_arguments, reason = "they are the step's")]
    fn store(
        &mut self,
        by: Option<Who>,
        pick: Pick,
        change: u8,
        flags: u8,
        back: Option<u8>,
        silent: bool,
        moment: &mut Moment,
    ) {
        let flags = flags_of(flags);
        let bits = self.mailbox.flags(&flags).unwrap();
        let words = self.truth.words(&flags);
        let since = back.and_then(|back| ModSeq::new(self.truth.modseq.saturating_sub(u64::from(back))));
        let by = by.filter(|who| self.persons[*who].view.is_some());
        let before = self.truth.clone();
        let (asked, stored) = match by {
            None => {
                let uids = set(&pick.uids());
                let stored = self.mailbox.store(&uids, change_of(change, bits), since);
                (uids, stored)
            }
            Some(who) => {
                let asked = self.asked(who, &pick.uids());
                self.model_catch_up(who);
                let person = &mut self.persons[who];
                let view = person.view.as_mut().unwrap();
                match view.store(&mut self.mailbox, &asked.uids, change_of(change, bits), since, silent) {
                    Ok(stored) => (asked.uids, stored),
                    Err(MailboxFault::ReadOnly) => return assert!(view.is_read_only()),
                    Err(fault) => return assert_eq!(Some(fault), person.ended.map(MailboxFault::Ended)),
                }
            }
        };
        if !stored.changed.is_empty() {
            self.truth.modseq += 1;
        }
        for uid in plain(&stored.changed) {
            let (have, modseq) = self.truth.messages.get_mut(&uid).unwrap();
            *have = change_words(change, have, &words);
            *modseq = self.truth.modseq;
        }
        if let Some(who) = by {
            let person = &mut self.persons[who];
            person.seen = self.truth.clone();
            if silent {
                for uid in plain(&stored.stored) {
                    if let Some(have) = person.client.flags.get_mut(&uid) {
                        *have = change_words(change, have, &words);
                    }
                }
            }
        }
        let asked = before.messages.keys().copied().filter(|uid| asked.contains(Uid::new(*uid).unwrap())).collect();
        moment.stored = Some((since, before, asked, stored));
    }

    fn asked(&self, who: Who, uids: &BTreeSet<u32>) -> Asked {
        let view = self.persons[who].view.as_ref().unwrap();
        SequenceSet::from_numbers(&set(uids)).map(|set| view.by_uid(&set)).unwrap_or_default()
    }

    fn select(&mut self, who: Who, read_only: bool, moment: &mut Moment) {
        let access = if read_only { Access::ReadOnly } else { Access::ReadWrite };
        let view = self.mailbox.select(session(who), access);
        if let Some(end) = self.over {
            assert_eq!(view.err(), Some(MailboxFault::Ended(end)));
            return;
        }
        let person = &mut self.persons[who];
        let mut view = view.unwrap();
        view.set_wording(person.wording);
        person.ended = None;
        person.generation = self.generation;
        person.woken = false;
        person.recent = self.truth.unclaimed.clone();
        if !read_only {
            self.truth.unclaimed.clear();
        }
        person.seen = self.truth.clone();
        person.client = Client { list: self.truth.uids(), ..Client::default() };
        person.client.flags = self.truth.messages.iter().map(|(uid, (words, _))| (*uid, words.clone())).collect();
        moment.who = Some(who);
        moment.before = person.client.clone();
        if let Some(memory) = person.memory.take() {
            let known = set(&memory.client.list.iter().copied().collect());
            // Of each third message the number, as the client counted.
            let pairs = memory.client.list.iter().zip(1..).step_by(3);
            let numbers: SeqSet = pairs.clone().filter_map(|(_, number)| NonZeroU32::new(number)).collect();
            let uids: UidSet = pairs.filter_map(|(uid, _)| Uid::new(*uid)).collect();
            let client = Resync {
                uid_validity: memory.uid_validity,
                modseq: memory.modseq,
                known_uids: (who != 1).then_some(&known),
                matches: (who < 2).then_some((&numbers, &uids)),
            };
            let vanished = view.resync(&self.mailbox, &client);
            moment.resynced = Some((memory, vanished));
            moment.updates = view.flush(Policy::All).collect();
        }
        person.view = Some(view);
    }

    fn catch_up(&mut self, who: Who) {
        if self.persons[who].view.is_some() {
            self.model_catch_up(who);
            let view = self.persons[who].view.as_mut().unwrap();
            view.catch_up(&mut self.mailbox);
        }
    }

    fn model_catch_up(&mut self, who: Who) {
        let person = &mut self.persons[who];
        let (Some(view), None) = (&person.view, person.ended) else { return };
        if self.over.is_some() || view.uid_validity() != self.uid_validity {
            person.ended = Some(self.over.unwrap_or(End::UidValidity));
            return;
        }
        let last = person.seen.last_uid;
        person.recent.extend(self.truth.unclaimed.range(last + 1..));
        if !view.is_read_only() {
            self.truth.unclaimed.clear();
        }
        person.seen = self.truth.clone();
        person.woken = false;
    }

    fn tell(&mut self, who: Who, policy: Policy, stop: Option<usize>, moment: &mut Moment) {
        let person = &mut self.persons[who];
        let Some(view) = person.view.as_mut() else { return };
        moment.who = Some(who);
        moment.before = person.client.clone();
        let may_tell = view.has_news(policy);
        moment.updates = view.flush(policy).take(stop.unwrap_or(usize::MAX)).collect();
        assert!(may_tell || moment.updates.is_empty());
        moment.told = Some((policy, stop.is_none_or(|stop| moment.updates.len() < stop)));
        for update in &moment.updates {
            person.client.hear(update, view, &person.seen);
        }
    }

    fn renumber(&mut self) {
        self.uid_validity = self.uid_validity.checked_add(1).unwrap();
        self.mailbox.renumber(self.uid_validity);
        self.over = None;
        self.generation += 1;
        let truth = &mut self.truth;
        *truth = Truth { modseq: truth.modseq + 1, spelling: truth.spelling.clone(), ..Truth::default() };
    }
}

impl Person {
    fn enable(&mut self, bits: u8) {
        self.wording.condstore = bits & 1 != 0;
        self.wording.qresync = bits & 2 != 0;
        self.wording.uid_only = bits & 4 != 0;
        self.wording.rev2 = bits & 8 != 0;
        if let Some(view) = &mut self.view {
            view.set_wording(self.wording);
        }
    }

    fn save(&mut self, uids: &BTreeSet<u32>) {
        let Some(view) = &mut self.view else { return };
        let found: BTreeSet<u32> = uids.iter().copied().filter(|uid| self.seen.messages.contains_key(uid)).collect();
        view.save(set(&found));
        self.client.saved = found.into_iter().filter(|uid| self.client.list.contains(uid)).collect();
    }

    /// A client may go away at any moment.
    fn remember(&mut self, uid_validity: NonZeroU32) {
        let Some(view) = self.view.as_ref().filter(|view| view.ended().is_none()) else { return };
        if view.uid_validity() == uid_validity {
            let modseq = view.highest_modseq().unwrap();
            let before = self.memory.take().filter(|memory| memory.uid_validity == uid_validity);
            assert!(before.is_none_or(|memory| memory.modseq <= modseq), "HIGHESTMODSEQ does not fall");
            self.memory = Some(Memory { uid_validity, modseq, client: self.client.clone() });
        }
    }
}

impl Client {
    fn hear(&mut self, update: &Update, view: &View, seen: &Truth) {
        match update {
            Update::Fetch(fetch) => {
                if let Some(flags) = fetch.flags {
                    self.flags.insert(fetch.uid.get(), words_of(view, flags));
                }
            }
            Update::Expunge(number) => {
                let index = number.get() as usize - 1;
                assert!(index < self.list.len(), "there is a message {number}");
                let uid = self.list.remove(index);
                self.saved.remove(&uid);
            }
            Update::Vanished(uids) => {
                let stays = |uid: &u32| !uids.contains(Uid::new(*uid).unwrap());
                self.list.retain(stays);
                self.saved.retain(stays);
            }
            Update::Exists { new, .. } => {
                for uid in plain(new) {
                    self.list.push(uid);
                    // The client asks for the flags of what is new, and gets them as the session knows them.
                    self.flags.insert(uid, seen.messages[&uid].0.clone());
                }
            }
            Update::Recent(_) | Update::Keywords => {}
            other => panic!("a new kind of update: {other:?}"),
        }
    }
}

pub(crate) fn session(who: Who) -> SessionId {
    SessionId(who as u64)
}

pub(crate) fn set(uids: &BTreeSet<u32>) -> UidSet {
    uids.iter().filter_map(|uid| Uid::new(*uid)).collect()
}

pub(crate) fn plain(uids: &UidSet) -> BTreeSet<u32> {
    uids.iter().map(Uid::get).collect()
}

pub(crate) fn words_of(view: &View, flags: Flags) -> Words {
    view.keywords().words(flags).map(|flag| flag.to_string()).collect()
}

fn flags_of(bits: u8) -> Vec<Flag<&'static str>> {
    let work = if bits & 1 == 0 { "Work" } else { "wORK" };
    let all =
        [Flag::Seen, Flag::Deleted, Flag::Keyword(work), Flag::Keyword("$Forwarded"), Flag::Keyword("$forwarded")];
    all.into_iter().enumerate().filter(|(index, _)| bits >> (index + 1) & 1 == 1).map(|(_, flag)| flag).collect()
}

fn change_of(change: u8, bits: Flags) -> FlagChange {
    match change {
        0 => FlagChange::Add(bits),
        1 => FlagChange::Remove(bits),
        _ => FlagChange::Replace(bits),
    }
}

fn change_words(change: u8, have: &Words, words: &Words) -> Words {
    match change {
        0 => have | words,
        1 => have - words,
        _ => words.clone(),
    }
}
