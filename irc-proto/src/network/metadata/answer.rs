use alloc::format;
use alloc::vec::Vec;

use crate::channel::is_channel;
use crate::codec::{Command, Numeric, Parts};
use crate::numerics::*;
use crate::{Capabilities, Capability};

use super::super::channel::Ranks;
use super::super::outgoing::{self, Outgoing};
use super::super::user::Session;
use super::super::{Network, Turn};
use super::{Fault, Key, Target};

/// How many values one SYNC tells.
const MOST_SYNCED: usize = 500;

/// Everybody may see all metadata that there is.
const EVERYBODY: &[u8] = b"*";

/// Whose metadata a command is about, and how the replies name them.
struct Subject {
    target: Target,
    name: Vec<u8>,
}

impl Network {
    /// METADATA
    pub(in super::super) fn metadata(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let [given, subcommand, rest @ ..] = params else { return self.need_more_params(turn, b"METADATA") };
        let is = |word: &str| subcommand.eq_ignore_ascii_case(word.as_bytes());
        match () {
            () if is("SUB") => return self.metadata_sub(turn, rest),
            () if is("UNSUB") => return self.metadata_unsub(turn, rest),
            () if is("SUBS") => {
                let keys = self.extras.metadata.subscriptions(turn.session).map(Key::as_bytes);
                return self.reply_list(turn, RPL_METADATASUBS, &[], b' ', keys);
            }
            () => {}
        }
        let Some(subject) = self.metadata_subject(turn, given) else {
            return self.metadata_fault(turn, Fault::InvalidTarget, &[given]);
        };
        match () {
            () if is("GET") => self.metadata_get(turn, &subject, rest),
            () if is("LIST") => self.metadata_list(turn, &subject),
            () if is("SET") => self.metadata_set(turn, &subject, rest),
            () if is("CLEAR") => self.metadata_clear(turn, &subject),
            () if is("SYNC") => self.metadata_sync(turn, &subject),
            () => self.metadata_fault(turn, Fault::SubcommandInvalid, &[subcommand]),
        }
    }

    fn metadata_subject(&self, turn: &Turn<'_>, given: &[u8]) -> Option<Subject> {
        if given == b"*" {
            return Some(Subject { target: Target::User(turn.session), name: b"*".into() });
        }
        if is_channel(given, &self.isupport) {
            let id = self.channels.by_name(given)?;
            let channel = self.channels.get(id).filter(|channel| self.may_see_channel(turn.user, id, channel))?;
            let folded = self.isupport.case_mapping.key(channel.name());
            return Some(Subject { target: Target::Channel(folded.as_bytes().into()), name: channel.name().into() });
        }
        let (_, user) = self.user_of(given)?;
        Some(Subject { target: Target::User(user.session()), name: user.nick().into() })
    }

    fn metadata_get(&mut self, turn: &mut Turn<'_>, subject: &Subject, keys: &[&[u8]]) {
        if keys.is_empty() {
            return self.need_more_params(turn, b"METADATA");
        }
        let batch = self.begin_batch(turn, b"metadata", &[&subject.name]);
        for text in keys {
            let Ok(key) = Key::parse(text) else {
                self.metadata_fault(turn, Fault::KeyInvalid, &[text]);
                continue;
            };
            match self.extras.metadata.value(&subject.target, &key) {
                Some(value) => {
                    let params = [&subject.name[..], key.as_bytes(), EVERYBODY, value];
                    self.metadata_reply(turn, batch.as_deref(), RPL_KEYVALUE, &params);
                }
                None => self.metadata_not_set(turn, batch.as_deref(), subject, &key),
            }
        }
        self.end_batch(turn, batch.as_deref());
    }

    fn metadata_list(&mut self, turn: &mut Turn<'_>, subject: &Subject) {
        let batch = self.begin_batch(turn, b"metadata", &[&subject.name]);
        for (key, value) in self.extras.metadata.all(&subject.target) {
            let params = [&subject.name[..], key.as_bytes(), EVERYBODY, value];
            self.metadata_reply(turn, batch.as_deref(), RPL_KEYVALUE, &params);
        }
        self.end_batch(turn, batch.as_deref());
    }

    fn metadata_set(&mut self, turn: &mut Turn<'_>, subject: &Subject, params: &[&[u8]]) {
        let [text, rest @ ..] = params else { return self.need_more_params(turn, b"METADATA") };
        let key = match Key::parse(text) {
            Err(fault) => return self.metadata_fault(turn, fault, &[text]),
            Ok(key) if !self.may_set(turn, subject) => {
                return self.metadata_fault(turn, Fault::KeyNoPermission, &[&subject.name, key.as_bytes()]);
            }
            Ok(key) => key,
        };
        let Some(value) = rest.first() else {
            return match self.extras.metadata.unset(&subject.target, &key) {
                Err(fault) => self.metadata_fault(turn, fault, &[&subject.name, key.as_bytes()]),
                Ok(()) => {
                    self.metadata_not_set(turn, None, subject, &key);
                    self.tell_metadata(turn, subject, &key, None);
                }
            };
        };
        match self.extras.metadata.set(&subject.target, key.clone(), value) {
            Err(Fault::LimitReached) => self.metadata_fault(turn, Fault::LimitReached, &[&subject.name]),
            Err(fault) => self.metadata_fault(turn, fault, &[]),
            Ok(changed) => {
                self.metadata_reply(turn, None, RPL_KEYVALUE, &[&subject.name, key.as_bytes(), EVERYBODY, value]);
                if changed {
                    self.tell_metadata(turn, subject, &key, Some(value));
                }
            }
        }
    }

    fn metadata_clear(&mut self, turn: &mut Turn<'_>, subject: &Subject) {
        if !self.may_set(turn, subject) {
            return self.metadata_fault(turn, Fault::KeyNoPermission, &[&subject.name, b"*"]);
        }
        let cleared = self.extras.metadata.clear(&subject.target);
        let batch = self.begin_batch(turn, b"metadata", &[&subject.name]);
        for key in cleared.keys() {
            self.metadata_not_set(turn, batch.as_deref(), subject, key);
        }
        self.end_batch(turn, batch.as_deref());
        for key in cleared.keys() {
            self.tell_metadata(turn, subject, key, None);
        }
    }

    /// All that the user has subscribed to, of a user or of a channel and all in it.
    fn metadata_sync(&mut self, turn: &mut Turn<'_>, subject: &Subject) {
        let batch = self.begin_batch(turn, b"metadata", &[&subject.name]);
        let mut subjects: Vec<(Target, &[u8])> = [(subject.target.clone(), &subject.name[..])].into();
        let channel = self.channels.by_name(&subject.name).filter(|id| self.is_on(turn.user, *id));
        for member in channel.and_then(|id| self.channels.get(id)).into_iter().flat_map(|channel| &channel.members) {
            let nick = self.users.get(member.user).map(|user| user.nick());
            subjects.extend(nick.map(|nick| (Target::User(member.session), nick)));
        }
        let Some(capabilities) = self.users.get(turn.user).map(|user| user.capabilities()) else { return };
        let metadata = &self.extras.metadata;
        let all = subjects
            .iter()
            .flat_map(|(target, name)| metadata.all(target).map(move |(key, value)| (*name, key, value)));
        for (name, key, value) in all.filter(|(_, key, _)| metadata.subscribes(turn.session, key)).take(MOST_SYNCED) {
            let params = [name, key.as_bytes(), EVERYBODY, value];
            let line = Outgoing::server(self.server_name(), b"METADATA", &params, turn.now).with_text();
            Outgoing { batch: batch.as_deref(), ..line }.tell(turn.session, capabilities, turn.out);
        }
        self.end_batch(turn, batch.as_deref());
    }

    fn metadata_sub(&mut self, turn: &mut Turn<'_>, keys: &[&[u8]]) {
        if keys.is_empty() {
            return self.need_more_params(turn, b"METADATA");
        }
        let mut done = Vec::new();
        for text in keys {
            let taken = Key::parse(text).and_then(|key| {
                self.extras.metadata.subscribe(turn.session, key.clone())?;
                Ok(key)
            });
            match taken {
                Ok(key) => done.push(key),
                Err(fault) => {
                    self.metadata_fault(turn, fault, &[text]);
                    if fault == Fault::TooManySubs {
                        break;
                    }
                }
            }
        }
        self.reply_list(turn, RPL_METADATASUBOK, &[], b' ', done.iter().map(Key::as_bytes));
    }

    fn metadata_unsub(&mut self, turn: &mut Turn<'_>, keys: &[&[u8]]) {
        if keys.is_empty() {
            return self.need_more_params(turn, b"METADATA");
        }
        let mut done = Vec::new();
        for text in keys {
            match Key::parse(text) {
                Ok(key) => {
                    self.extras.metadata.unsubscribe(turn.session, &key);
                    done.push(key);
                }
                Err(fault) => self.metadata_fault(turn, fault, &[text]),
            }
        }
        self.reply_list(turn, RPL_METADATAUNSUBOK, &[], b' ', done.iter().map(Key::as_bytes));
    }

    /// Users set their own, channel operators a channel's.
    fn may_set(&self, turn: &Turn<'_>, subject: &Subject) -> bool {
        match &subject.target {
            Target::User(session) => *session == turn.session,
            Target::Channel(name) => {
                let ranks = self.channels.by_name(name).and_then(|id| self.ranks(turn.user, id));
                ranks.is_some_and(|ranks| ranks.at_least(Ranks::OPERATOR))
            }
        }
    }

    /// Tells those who have subscribed to a key that it has changed: in the channel, or in common channels and who monitors the user.
    fn tell_metadata(&mut self, turn: &mut Turn<'_>, subject: &Subject, key: &Key, value: Option<&[u8]>) {
        let mut told: Vec<(Session, Capabilities)> = match &subject.target {
            Target::Channel(name) => {
                let channel = self.channels.by_name(name).and_then(|id| self.channels.get(id));
                channel.map(|channel| channel.receivers().collect()).unwrap_or_default()
            }
            Target::User(_) => {
                let gathered = self.gather(turn.user, false);
                let told = gathered.clone();
                self.gathered = gathered;
                told
            }
        };
        let Some(user) = self.users.get(turn.user) else { return };
        if matches!(subject.target, Target::User(_)) {
            let watchers = self.extras.monitors.watchers(user.nick()).iter().filter_map(|session| {
                let watcher = self.users.get(self.users.by_session(*session)?)?;
                (!self.share_channel(user, watcher)).then_some((*session, watcher.capabilities()))
            });
            told.extend(watchers);
        }
        told.retain(|(session, capabilities)| {
            let knows = capabilities.has(Capability::Metadata) && self.extras.metadata.subscribes(*session, key);
            knows && *session != turn.session
        });
        let name = if subject.name == b"*" { user.nick() } else { &subject.name };
        let all = [name, key.as_bytes(), EVERYBODY, value.unwrap_or_default()];
        let line = match value {
            Some(_) => Outgoing::user(user, b"METADATA", &all, turn.now).with_text(),
            None => Outgoing::user(user, b"METADATA", &all[..3], turn.now),
        };
        line.relay(told.iter().copied(), turn.out);
    }

    fn metadata_not_set(&self, turn: &mut Turn<'_>, batch: Option<&[u8]>, subject: &Subject, key: &Key) {
        self.metadata_reply(turn, batch, RPL_KEYNOTSET, &[&subject.name, key.as_bytes(), b"key not set"]);
    }

    fn metadata_reply(&self, turn: &mut Turn<'_>, batch: Option<&[u8]>, numeric: Numeric, params: &[&[u8]]) {
        let nick = self.users.get(turn.user).map_or(&b"*"[..], |user| user.nick());
        let params: Vec<&[u8]> = [nick].into_iter().chain(params.iter().copied()).collect();
        let tags: Vec<(&[u8], &[u8])> = batch.map(|batch| (&b"batch"[..], batch)).into_iter().collect();
        let source = Some(self.server_name());
        let parts = Parts { tags: &tags, source, command: Command::Numeric(numeric), params: &params };
        turn.out.line(turn.session, |line| outgoing::write(&parts, true, line));
    }

    fn metadata_fault(&self, turn: &mut Turn<'_>, fault: Fault, context: &[&[u8]]) {
        self.fail(turn, b"METADATA", fault.code().as_bytes(), context, format!("{fault}").as_bytes());
    }
}
