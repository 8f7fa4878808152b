//! PRIVMSG, NOTICE and TAGMSG (RFC 2812 §3.3, [message-tags](https://ircv3.net/specs/extensions/message-tags)).

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::Capability;
use crate::channel::is_channel;
use crate::numerics::*;

use super::caller_id::Admission;
use super::channel::{Channel, ChannelId, Ranks};
use super::extras::Happened;
use super::outgoing::Outgoing;
use super::user::User;
use super::{Network, Turn, happened};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Privmsg,
    /// Nothing may be answered to it.
    Notice,
    /// Has no text, and goes to those who know tags.
    Tagmsg,
}

impl Kind {
    fn word(self) -> &'static [u8] {
        match self {
            Kind::Privmsg => b"PRIVMSG",
            Kind::Notice => b"NOTICE",
            Kind::Tagmsg => b"TAGMSG",
        }
    }
}

impl Network {
    /// PRIVMSG.
    pub(super) fn privmsg(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        self.say_to_all(turn, params, Kind::Privmsg);
    }

    /// NOTICE.
    pub(super) fn notice(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        self.say_to_all(turn, params, Kind::Notice);
    }

    /// TAGMSG.
    pub(super) fn tagmsg(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        self.say_to_all(turn, params, Kind::Tagmsg);
    }

    fn say_to_all(&mut self, turn: &mut Turn<'_>, params: &[&[u8]], kind: Kind) {
        let (targets, text) = match params {
            [] if kind == Kind::Notice => return,
            [] => return self.reply(turn, ERR_NORECIPIENT, &[b"No recipient given"]),
            [targets, text, ..] if !text.is_empty() => (targets, *text),
            [targets, ..] if kind == Kind::Tagmsg => (targets, &b""[..]),
            _ if kind == Kind::Notice => return,
            _ => return self.reply(turn, ERR_NOTEXTTOSEND, &[b"No text to send"]),
        };
        let Some(user) = self.users.get_mut(turn.user) else { return };
        user.active = turn.now;
        let tags = if user.has(Capability::MessageTags) { self.client_tags(turn) } else { Vec::new() };
        if kind == Kind::Tagmsg && tags.is_empty() {
            return;
        }
        let tags: Vec<(&[u8], &[u8])> = tags.iter().map(|(key, value)| (*key, value.as_ref())).collect();
        let mut targets = targets.split(|byte| *byte == b',').filter(|target| !target.is_empty());
        for target in targets.by_ref().take(self.config.limits.targets as usize) {
            self.say(turn, target, text, kind, &tags);
        }
        if let Some(target) = targets.next().filter(|_| kind != Kind::Notice) {
            self.reply(turn, ERR_TOOMANYTARGETS, &[target, b"Too many targets: the message was not sent to this one"]);
        }
    }

    /// The client-only tags that are passed on.
    pub(super) fn client_tags<'m>(&self, turn: &Turn<'m>) -> Vec<(&'m [u8], Cow<'m, [u8]>)> {
        let tags = turn.message.tags().iter().filter(|tag| tag.is_client_only());
        let lawful = tags.filter(|tag| {
            let name = tag.key().get(1..).unwrap_or_default();
            tag.is_lawful() && !self.isupport.denies_client_tag(name)
        });
        lawful.map(|tag| (tag.key(), tag.value().unescaped())).collect()
    }

    fn say(&mut self, turn: &mut Turn<'_>, target: &[u8], text: &[u8], kind: Kind, tags: &[(&[u8], &[u8])]) {
        let (symbols, name) = self.isupport.mode_types.split_symbols(target);
        if is_channel(name, &self.isupport) {
            return match self.channels.by_name(name) {
                Some(id) if self.knows_channel(turn.user, id) => self.say_in(turn, id, symbols, text, kind, tags),
                _ if kind == Kind::Notice => {}
                _ => self.no_such_channel(turn, name),
            };
        }
        let Some(other_id) = self.users.by_nick(target) else {
            if kind != Kind::Notice {
                self.no_such_nick(turn, target);
            }
            return;
        };
        let admission = self.admit(turn, other_id, kind.word());
        if admission == Admission::Refused {
            return;
        }
        let msgid = self.next_id();
        let (Some(user), Some(other)) = (self.users.get(turn.user), self.users.get(other_id)) else { return };
        let both = [other.nick(), text];
        let line = line(user, kind, &both, turn.now, &msgid, tags);
        let is_heard = admission == Admission::Heard;
        if is_heard && (kind != Kind::Tagmsg || other.has(Capability::MessageTags)) {
            line.tell(other.session(), other.capabilities(), turn.out);
        }
        self.echo(turn, user, kind, &line);
        if is_heard {
            happened!(self, Happened::Told { user: other_id, from: turn.user, what: &line }, turn.now, turn.out);
        }
        if let Some(away) = other.away().filter(|_| kind == Kind::Privmsg) {
            self.reply(turn, RPL_AWAY, &[other.nick(), away]);
        }
    }

    fn say_in(
        &mut self,
        turn: &mut Turn<'_>,
        id: ChannelId,
        symbols: &[u8],
        text: &[u8],
        kind: Kind,
        tags: &[(&[u8], &[u8])],
    ) {
        let msgid = self.next_id();
        let (Some(user), Some(channel)) = (self.users.get(turn.user), self.channels.get(id)) else { return };
        let ranks = user.membership(id).and_then(|own| channel.member(own.position)).map(|own| own.ranks);
        if !self.may_speak(channel, user, ranks, text) {
            if kind != Kind::Notice {
                self.reply(turn, ERR_CANNOTSENDTOCHAN, &[channel.name(), b"Cannot send to channel"]);
            }
            return;
        }
        // `@+#channel` is for all from voice upwards.
        let letters = symbols.iter().filter_map(|symbol| self.isupport.mode_types.status_by_symbol(*symbol));
        let least = letters.map(|status| Ranks::of_letter(status.letter)).min().unwrap_or(Ranks::NONE);
        let with_symbols;
        let name = if symbols.is_empty() {
            channel.name()
        } else {
            with_symbols = [symbols, channel.name()].concat();
            &with_symbols
        };
        let both = [name, text];
        let line = line(user, kind, &both, turn.now, &msgid, tags);
        let (own, tagmsg) = (turn.session, kind == Kind::Tagmsg);
        let others = channel.members.iter().filter(move |member| {
            member.session != own
                && member.ranks.at_least(least)
                && (!tagmsg || member.capabilities.has(Capability::MessageTags))
        });
        line.relay(others.map(|member| (member.session, member.capabilities)), turn.out);
        self.echo(turn, user, kind, &line);
        if least == Ranks::NONE {
            happened!(self, Happened::SaidTo { channel: id, what: &line }, turn.now, turn.out);
        }
    }

    /// Whether somebody may speak in a channel (RFC 2811 §4.2.3, §4.2.4, §4.3.1).
    pub(super) fn may_speak(&self, channel: &Channel, user: &User, ranks: Option<Ranks>, text: &[u8]) -> bool {
        let ctcp = text.first() == Some(&1) && !text.starts_with(b"\x01ACTION ");
        if ctcp && channel.flags.contains(b'C') {
            return false;
        }
        match ranks {
            Some(ranks) if ranks != Ranks::NONE => true,
            None if channel.flags.contains(b'n') => false,
            _ if channel.flags.contains(b'm') => false,
            _ => !self.is_quieted(channel, user),
        }
    }

    /// [echo-message](https://ircv3.net/specs/extensions/echo-message).
    fn echo(&self, turn: &mut Turn<'_>, user: &User, kind: Kind, line: &Outgoing<'_>) {
        let knows = kind != Kind::Tagmsg || user.has(Capability::MessageTags);
        if knows && user.has(Capability::EchoMessage) {
            line.tell(turn.session, user.capabilities(), turn.out);
        }
    }
}

fn line<'a>(
    user: &'a User,
    kind: Kind,
    both: &'a [&'a [u8]; 2],
    now: u64,
    msgid: &'a [u8],
    client_tags: &'a [(&'a [u8], &'a [u8])],
) -> Outgoing<'a> {
    let params = if kind == Kind::Tagmsg { &both[..1] } else { &both[..] };
    let line = Outgoing { msgid: Some(msgid), client_tags, ..Outgoing::user(user, kind.word(), params, now) };
    if kind == Kind::Tagmsg { line } else { line.with_text() }
}
