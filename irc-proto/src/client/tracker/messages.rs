//! What the words say: JOIN, PART, KICK, QUIT, NICK, MODE, TOPIC, AWAY, ACCOUNT, CHGHOST, SETNAME, RENAME (RFC 2812 §3, IRCv3).

use alloc::vec::Vec;

use super::change::{Change, Fact, Left};
use super::model::{Account, Away, Channel, ListEntry, Topic};
use super::names::set;
use super::split::Netsplit;
use super::{Limits, Tracker};
use crate::codec::Message;
use crate::modes::{self, ModeKind, ModeTypes};

impl Tracker {
    pub(super) fn word(&mut self, word: &[u8], message: Message<&[u8]>, changes: &mut Vec<Change>) {
        let Some(source) = message.source() else { return };
        let nick = source.name();
        let mut params = message.params();
        let (first, second) = (params.next(), params.next());
        if word.eq_ignore_ascii_case(b"PRIVMSG") || word.eq_ignore_ascii_case(b"NOTICE") {
            self.learn_source(source);
            return self.account_tag(nick, message, changes);
        }
        if nick.is_empty() {
            return;
        }
        match (&word.to_ascii_uppercase()[..], first, second) {
            (b"JOIN", Some(channels), account) => {
                for channel in commas(channels) {
                    self.join(channel, nick, changes);
                }
                self.learn_source(source);
                if let Some(account) = account {
                    self.account(nick, Account::read(self.clip(account), b"*"), changes);
                    self.realname(nick, params.next(), changes);
                }
                self.account_tag(nick, message, changes);
            }
            (b"PART", Some(channels), _) => {
                commas(channels).for_each(|channel| self.leave(channel, nick, Left::Part, changes));
            }
            (b"KICK", Some(channel), Some(nicks)) => {
                commas(nicks).for_each(|nick| self.leave(channel, nick, Left::Kick, changes));
            }
            (b"QUIT", text, _) => self.quit(nick, text.unwrap_or_default(), changes),
            (b"NICK", Some(to), _) => {
                let own = self.is_me(nick);
                let known = self.user(nick).is_some();
                self.rename(nick, to);
                if own && !to.is_empty() {
                    self.me.nick = self.clip(to).into();
                }
                if own || known {
                    changes.push(Change::Renamed { from: nick.into(), to: to.into(), own });
                }
            }
            (b"MODE", Some(target), Some(letters)) => self.mode(target, letters, message, changes),
            (b"TOPIC", Some(channel), Some(text)) => {
                let by = self.clip(source.as_bytes()).into();
                let text = self.clip(text).into();
                if let Some(channel) = self.channel_mut(channel) {
                    channel.topic = Some(Topic { text, by: Some(by), at: None }).filter(|topic| !topic.text.is_empty());
                    changes.push(Change::Topic { channel: channel.name.clone() });
                }
            }
            (b"AWAY", text, _) => {
                let text = text.filter(|text| !text.is_empty()).map(|text| self.clip(text).into());
                self.away(nick, text.map_or(Away::Here, |text| Away::Gone(Some(text))), changes);
            }
            (b"ACCOUNT", Some(account), _) => self.account(nick, Account::read(self.clip(account), b"*"), changes),
            (b"CHGHOST", Some(user), Some(host)) => {
                if let Some(fact) = self.learn_host(nick, Some(user), Some(host)) {
                    changes.push(Change::User { nick: nick.into(), fact });
                }
            }
            (b"SETNAME", Some(name), _) => self.realname(nick, Some(name), changes),
            (b"RENAME", Some(from), Some(to)) => {
                let renamed = self.rename_channel(from, to);
                changes.extend(renamed.then(|| Change::ChannelRenamed { from: from.into(), to: to.into() }));
            }
            _ => {}
        }
    }

    fn join(&mut self, channel: &[u8], nick: &[u8], changes: &mut Vec<Change>) {
        let own = self.is_me(nick);
        if own && !self.enter(channel) {
            return;
        }
        let after_split = self.take_split(nick);
        let added = self.add_member(channel, nick, crate::Letters::NONE);
        if added || own {
            changes.push(Change::Joined { channel: channel.into(), nick: nick.into(), own, after_split });
        }
    }

    fn leave(&mut self, channel: &[u8], nick: &[u8], how: Left, changes: &mut Vec<Change>) {
        let own = self.is_me(nick);
        let left = if own { self.exit(channel).is_some() } else { self.remove_member(channel, nick) };
        if left {
            changes.push(Change::Left { channel: channel.into(), nick: nick.into(), own, how });
        }
    }

    fn quit(&mut self, nick: &[u8], text: &[u8], changes: &mut Vec<Change>) {
        let channels = self.remove_user(nick);
        if channels.is_empty() {
            return;
        }
        let split = Netsplit::read(text);
        if split.is_some() {
            self.note_split(nick);
        }
        changes.push(Change::Quit { nick: nick.into(), channels, split });
    }

    fn mode(&mut self, target: &[u8], letters: &[u8], message: Message<&[u8]>, changes: &mut Vec<Change>) {
        let arguments = message.params().skip(2);
        if self.is_me(target) {
            for change in ModeTypes::user(crate::Letters::NONE).changes(letters, arguments) {
                let modes = self.me.modes;
                self.me.modes = if change.adding { modes.with(change.letter) } else { modes.without(change.letter) };
            }
            return changes.push(Change::OwnModes);
        }
        let types = self.isupport.mode_types.clone();
        let by = message.source().map(|source| source.as_bytes());
        let limits = self.limits.clone();
        let mut full = false;
        if let Some(channel) = self.channel_mut(target) {
            for change in types.changes(letters, arguments) {
                full |= !change_mode(channel, &change, by, &limits);
            }
            changes.push(Change::Modes { channel: channel.name.clone() });
        }
        self.full |= full;
    }

    pub(super) fn account(&mut self, nick: &[u8], account: Account, changes: &mut Vec<Change>) {
        if self.is_me(nick) {
            self.me.account = match &account {
                Account::Name(name) => Some(name.clone()),
                Account::None => None,
                Account::Unknown => return,
            };
        }
        if let Some(user) = self.user_mut(nick).filter(|user| user.account != account) {
            user.account = account;
            changes.push(Change::User { nick: nick.into(), fact: Fact::Account });
        }
    }

    pub(super) fn away(&mut self, nick: &[u8], away: Away, changes: &mut Vec<Change>) {
        if let Some(user) = self.user_mut(nick) {
            // WHO tells that somebody is away, and not the words.
            let known = user.away == away || matches!((&user.away, &away), (Away::Gone(Some(_)), Away::Gone(None)));
            if !known {
                user.away = away;
                changes.push(Change::User { nick: nick.into(), fact: Fact::Away });
            }
        }
    }

    pub(super) fn realname(&mut self, nick: &[u8], name: Option<&[u8]>, changes: &mut Vec<Change>) {
        let name = name.map(|name| self.clip(name));
        if let Some(user) = self.user_mut(nick)
            && set(&mut user.realname, name)
        {
            changes.push(Change::User { nick: nick.into(), fact: Fact::Realname });
        }
    }

    fn account_tag(&mut self, nick: &[u8], message: Message<&[u8]>, changes: &mut Vec<Change>) {
        if let Some(value) = message.tags().value(b"account") {
            let account = value.unescaped();
            let account = Account::read(self.clip(&account), b"*");
            self.account(nick, account, changes);
        }
    }
}

/// Applies one letter; `false` where a list is full.
pub(super) fn change_mode(
    channel: &mut Channel,
    change: &modes::Change<'_>,
    by: Option<&[u8]>,
    limits: &Limits,
) -> bool {
    let clip = |text: &[u8]| text.get(..limits.text).unwrap_or(text).into();
    match (change.kind, change.argument) {
        (Some(ModeKind::Status), Some(nick)) => {
            let member = channel.mapping.with_folded(nick, |key| channel.members.get_mut(key));
            if let Some((_, statuses)) = member {
                let before = *statuses;
                *statuses = if change.adding { before.with(change.letter) } else { before.without(change.letter) };
            }
        }
        (Some(ModeKind::List), Some(mask)) => {
            let entries: usize = channel.lists.values().map(Vec::len).sum();
            let list = channel.lists.entry(change.letter).or_default();
            list.retain(|entry| *entry.mask != *mask);
            if change.adding {
                if entries >= limits.list_entries {
                    return false;
                }
                list.push(ListEntry { mask: clip(mask), by: by.map(clip), at: None });
            }
        }
        (Some(ModeKind::Status | ModeKind::List), None) => {}
        (_, argument) if change.adding => {
            channel.modes.insert(change.letter, argument.map(clip));
        }
        _ => {
            channel.modes.remove(&change.letter);
            if change.letter == b'k' {
                channel.key = None;
            }
        }
    }
    true
}

fn commas(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == b',').filter(|one| !one.is_empty())
}
