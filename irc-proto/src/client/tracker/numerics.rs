//! What the numerics say (RFC 2812 §5, modern.ircdocs.horse).

use alloc::vec::Vec;

use super::Tracker;
use super::change::{Change, Fact};
use super::messages::change_mode;
use super::model::{Account, Away, ListEntry, Topic};
use crate::Letters;
use crate::codec::{Message, Numeric, Source};
use crate::modes::ModeTypes;
use crate::numerics::*;

impl Tracker {
    pub(super) fn numeric(&mut self, numeric: Numeric, message: Message<&[u8]>, changes: &mut Vec<Change>) {
        let mut params = message.params();
        let me = params.next().unwrap_or_default();
        let mut next = || params.next();
        match numeric {
            RPL_WELCOME => self.welcome(me, message, changes),
            RPL_ISUPPORT => self.tokens(message, changes),
            RPL_UMODEIS => {
                let letters = next().unwrap_or_default();
                let types = ModeTypes::user(Letters::NONE);
                let set = types.changes(letters, []).filter(|change| change.adding);
                self.me.modes = set.fold(Letters::NONE, |modes, change| modes.with(change.letter));
                changes.push(Change::OwnModes);
            }
            RPL_VISIBLEHOST => {
                let host = next().unwrap_or_default();
                let (user, host) = match host.iter().position(|byte| *byte == b'@') {
                    Some(at) => (host.get(..at), host.get(at + 1..)),
                    None => (None, Some(host)),
                };
                let nick = self.me.nick.clone();
                self.host(&nick, user, host, changes);
            }
            RPL_UNAWAY | RPL_NOWAWAY => {
                let nick = self.me.nick.clone();
                self.me.away = numeric == RPL_NOWAWAY;
                let away = if self.me.away { Away::Gone(None) } else { Away::Here };
                self.away(&nick, away, changes);
            }
            RPL_LOGGEDIN | RPL_LOGGEDOUT => {
                let nick = self.me.nick.clone();
                let account = next().and_then(|_| next()).filter(|_| numeric == RPL_LOGGEDIN);
                self.account(
                    &nick,
                    account.map_or(Account::None, |name| Account::read(self.clip(name), b"*")),
                    changes,
                );
            }
            RPL_NAMREPLY => {
                if let (Some(_), Some(channel), Some(names)) = (next(), next(), next()) {
                    self.names(channel, names);
                }
            }
            RPL_ENDOFNAMES => {
                if let Some(channel) = next().and_then(|channel| self.channel_mut(channel)) {
                    channel.complete = true;
                    changes.push(Change::Members { channel: channel.name.clone() });
                }
            }
            RPL_CHANNELMODEIS => self.channel_modes(message, changes),
            RPL_CREATIONTIME => {
                let (channel, at) = (next().unwrap_or_default(), next().and_then(number));
                if let Some(channel) = self.channel_mut(channel) {
                    channel.created = at;
                }
            }
            RPL_NOTOPIC | RPL_TOPIC => {
                let channel = next().unwrap_or_default();
                let text = next().filter(|_| numeric == RPL_TOPIC).map(|text| self.clip(text).into());
                if let Some(channel) = self.channel_mut(channel) {
                    channel.topic = text.map(|text| Topic { text, by: None, at: None });
                    changes.push(Change::Topic { channel: channel.name.clone() });
                }
            }
            RPL_TOPICWHOTIME => {
                let (channel, by, at) = (next().unwrap_or_default(), next(), next().and_then(number));
                let by = by.map(|by| self.clip(by).into());
                if let Some(channel) = self.channel_mut(channel)
                    && let Some(topic) = &mut channel.topic
                {
                    (topic.by, topic.at) = (by, at);
                    changes.push(Change::Topic { channel: channel.name.clone() });
                }
            }
            RPL_BANLIST | RPL_EXCEPTLIST | RPL_INVEXLIST | RPL_QUIETLIST => self.list_entry(numeric, message),
            RPL_ENDOFBANLIST | RPL_ENDOFEXCEPTLIST | RPL_ENDOFINVEXLIST | RPL_ENDOFQUIETLIST => {
                let mode = self.list_mode(numeric, message);
                if let Some(channel) = next().and_then(|channel| self.channel_mut(channel)) {
                    if !channel.listing.contains(mode) {
                        // None was told: it is empty.
                        channel.lists.remove(&mode);
                    }
                    channel.listing = channel.listing.without(mode);
                    changes.push(Change::List { channel: channel.name.clone(), mode });
                }
            }
            RPL_WHOREPLY => self.who(message, changes),
            RPL_WHOSPCRPL => self.whox(message, changes),
            RPL_WHOISUSER => {
                let (nick, user, host) = (next().unwrap_or_default(), next(), next());
                let realname = next().and_then(|_| next());
                self.host(nick, user, host, changes);
                self.realname(nick, realname, changes);
            }
            RPL_WHOISACCOUNT => {
                let (nick, account) = (next().unwrap_or_default(), next().unwrap_or_default());
                self.account(nick, Account::read(self.clip(account), b"*"), changes);
            }
            RPL_WHOISBOT => self.bot(next().unwrap_or_default(), true, changes),
            RPL_AWAY => {
                let (nick, text) = (next().unwrap_or_default(), next().map(|text| self.clip(text).into()));
                self.away(nick, Away::Gone(text), changes);
            }
            RPL_USERHOST => {
                for word in next().unwrap_or_default().split(|byte| *byte == b' ') {
                    self.userhost(word, changes);
                }
            }
            _ => {}
        }
    }

    fn welcome(&mut self, nick: &[u8], message: Message<&[u8]>, changes: &mut Vec<Change>) {
        if !nick.is_empty() && nick != b"*" {
            self.me.nick = self.clip(nick).into();
        }
        // "Welcome to the network nick!user@host", in many versions.
        let last = message.params().last().unwrap_or_default();
        let source = Source::parse(last.rsplit(|byte| *byte == b' ').next().unwrap_or_default());
        if self.is_me(source.name()) {
            self.host(source.name(), source.user(), source.host(), changes);
        }
    }

    fn tokens(&mut self, message: Message<&[u8]>, changes: &mut Vec<Change>) {
        let before = self.mapping();
        // The last parameter is words for people; without a blank it may be a token of a server that has none.
        for token in message.params().skip(1).filter(|token| !token.contains(&b' ')) {
            self.full |= self.isupport.apply(token) == Err(crate::isupport::TokenFault::TooMany);
        }
        if self.mapping() != before {
            self.refold();
        }
        changes.push(Change::Isupport);
    }

    fn names(&mut self, channel: &[u8], names: &[u8]) {
        for name in names.split(|byte| *byte == b' ').filter(|name| !name.is_empty()) {
            let (statuses, source) = {
                let types = &self.isupport.mode_types;
                let (symbols, rest) = types.split_symbols(name);
                let letters = symbols.iter().filter_map(|symbol| types.status_by_symbol(*symbol));
                (letters.fold(Letters::NONE, |all, status| all.with(status.letter)), Source::parse(rest))
            };
            if self.add_member(channel, source.name(), statuses) {
                self.learn_source(source);
            }
        }
    }

    fn channel_modes(&mut self, message: Message<&[u8]>, changes: &mut Vec<Change>) {
        let mut params = message.params().skip(1);
        let (Some(name), Some(letters)) = (params.next(), params.next()) else { return };
        let (types, limits) = (self.isupport.mode_types.clone(), self.limits.clone());
        if let Some(channel) = self.channel_mut(name) {
            channel.modes.clear();
            for change in types.changes(letters, params).filter(|change| change.adding) {
                change_mode(channel, &change, None, &limits);
            }
            changes.push(Change::Modes { channel: channel.name.clone() });
        }
    }

    /// Which list a numeric is about. That of quiets names its mode.
    fn list_mode(&self, numeric: Numeric, message: Message<&[u8]>) -> u8 {
        match numeric {
            RPL_EXCEPTLIST | RPL_ENDOFEXCEPTLIST => self.isupport.excepts.unwrap_or(b'e'),
            RPL_INVEXLIST | RPL_ENDOFINVEXLIST => self.isupport.invex.unwrap_or(b'I'),
            RPL_QUIETLIST | RPL_ENDOFQUIETLIST => {
                message.param(2).and_then(|mode| mode.first().copied()).unwrap_or(b'q')
            }
            _ => b'b',
        }
    }

    fn list_entry(&mut self, numeric: Numeric, message: Message<&[u8]>) {
        let mode = self.list_mode(numeric, message);
        let skip = if numeric == RPL_QUIETLIST { 3 } else { 2 };
        let mut params = message.params().skip(skip);
        let (Some(mask), by, at) = (params.next(), params.next(), params.next().and_then(number)) else { return };
        let entry = ListEntry { mask: self.clip(mask).into(), by: by.map(|by| self.clip(by).into()), at };
        let most = self.limits.list_entries;
        let name = message.param(1).unwrap_or_default();
        let Some(channel) = self.channel_mut(name) else { return };
        if !channel.listing.contains(mode) {
            channel.lists.remove(&mode);
            channel.listing = channel.listing.with(mode);
        }
        let entries: usize = channel.lists.values().map(Vec::len).sum();
        if entries < most {
            channel.lists.entry(mode).or_default().push(entry);
        } else {
            self.full = true;
        }
    }

    /// `channel user host server nick flags :hops realname`
    fn who(&mut self, message: Message<&[u8]>, changes: &mut Vec<Change>) {
        let mut params = message.params().skip(1);
        let mut next = || params.next().unwrap_or_default();
        let (channel, user, host, _, nick, flags, last) = (next(), next(), next(), next(), next(), next(), next());
        let realname = last.iter().position(|byte| *byte == b' ').and_then(|blank| last.get(blank + 1..));
        self.host(nick, Some(user), Some(host), changes);
        self.realname(nick, realname, changes);
        self.flags(channel, nick, flags, changes);
    }

    /// `token channel user host nick flags account :realname`, as [`Tracker::WHOX_FIELDS`] asks for.
    fn whox(&mut self, message: Message<&[u8]>, changes: &mut Vec<Change>) {
        let mut params = message.params().skip(1);
        if params.next() != Some(Tracker::WHOX_TOKEN) || message.params().count() < 9 {
            return;
        }
        let mut next = || params.next().unwrap_or_default();
        let (channel, user, host, nick, flags, account, realname) =
            (next(), next(), next(), next(), next(), next(), next());
        self.host(nick, Some(user), Some(host), changes);
        self.account(nick, Account::read(self.clip(account), b"0"), changes);
        self.realname(nick, Some(realname), changes);
        self.flags(channel, nick, flags, changes);
    }

    /// `H` or `G`, `*` for operators, the mark of bots, and the symbols of statuses.
    fn flags(&mut self, channel: &[u8], nick: &[u8], flags: &[u8], changes: &mut Vec<Change>) {
        match flags.first() {
            Some(b'H') => self.away(nick, Away::Here, changes),
            Some(b'G') => self.away(nick, Away::Gone(None), changes),
            _ => return,
        }
        if let Some(mark) = self.isupport.bot {
            self.bot(nick, flags.contains(&mark), changes);
        }
        let types = &self.isupport.mode_types;
        let statuses = flags.iter().filter_map(|symbol| types.status_by_symbol(*symbol));
        let statuses = statuses.fold(Letters::NONE, |all, status| all.with(status.letter));
        if self.channel(channel).is_some_and(|channel| channel.member(nick).is_some()) {
            self.add_member(channel, nick, statuses);
        }
    }

    /// `nick[*]=(+|-)user@host`
    fn userhost(&mut self, word: &[u8], changes: &mut Vec<Change>) {
        let Some(equals) = word.iter().position(|byte| *byte == b'=') else { return };
        let (nick, rest) = (word.get(..equals).unwrap_or_default(), word.get(equals + 1..).unwrap_or_default());
        let nick = nick.strip_suffix(b"*").unwrap_or(nick);
        let away = match rest.first() {
            Some(b'+') => Away::Here,
            Some(b'-') => Away::Gone(None),
            _ => return,
        };
        self.away(nick, away, changes);
        let rest = rest.get(1..).unwrap_or_default();
        if let Some(at) = rest.iter().position(|byte| *byte == b'@') {
            self.host(nick, rest.get(..at), rest.get(at + 1..), changes);
        }
    }

    fn host(&mut self, nick: &[u8], user: Option<&[u8]>, host: Option<&[u8]>, changes: &mut Vec<Change>) {
        if let Some(fact) = self.learn_host(nick, user, host) {
            changes.push(Change::User { nick: nick.into(), fact });
        }
    }

    fn bot(&mut self, nick: &[u8], bot: bool, changes: &mut Vec<Change>) {
        if let Some(user) = self.user_mut(nick).filter(|user| user.bot != bot) {
            user.bot = bot;
            changes.push(Change::User { nick: nick.into(), fact: Fact::Bot });
        }
    }

    /// The nickname that the client registers with, before the server has said one.
    pub(in crate::client) fn set_nick(&mut self, nick: &[u8]) {
        self.me.nick = self.clip(nick).into();
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    core::str::from_utf8(digits).ok()?.parse().ok()
}
