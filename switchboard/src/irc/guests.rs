//! People of another chat network in one channel: seats without connections,
//! and what is heard there.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use irc_proto::Capabilities;
use irc_proto::codec::{Message, Profile};
use irc_proto::network::{Deliveries, Network, Newcomer, Session};
use irc_proto::nick::NickRules;

use super::hub::Hub;
use super::plain;
use crate::lobby::{Deed, Lobby, Side};

/// How many names are tried for somebody whose own is taken.
const TRIES: usize = 8;

/// The guests of one channel.
pub(super) struct Guests {
    pub(super) channel: String,
    pub(super) lobby: Lobby,
    pub(super) sessions: BTreeMap<String, Session>,
}

impl Guests {
    /// Tells the other side what the channel's own people did. One of the guests
    /// hears it for all.
    pub(super) fn overhear(&self, out: &Deliveries) {
        let Some(ear) = self.sessions.values().min() else { return };
        for delivery in out.deliveries() {
            let hears = delivery.to.contains(ear);
            let guest = || self.sessions.iter().find(|(_, session)| delivery.to == [**session]);
            let guest = guest().map(|(nick, _)| nick);
            if !hears && guest.is_none() {
                continue;
            }
            for line in delivery.bytes.split(|byte| *byte == b'\n') {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                if let Ok(message) = Message::parse(line, Profile::Lenient) {
                    self.hear(message, guest, hears);
                }
            }
        }
    }

    fn hear(&self, message: Message<&[u8]>, guest: Option<&String>, is_ear: bool) {
        let Some(source) = message.source().filter(|source| !source.is_server()) else { return };
        let text = |at: usize| String::from_utf8_lossy(message.param(at).unwrap_or_default()).into_owned();
        let nick = String::from_utf8_lossy(source.name()).into_owned();
        if self.sessions.contains_key(&nick) {
            return;
        }
        let command = message.command();
        let is_here = message.param(0).is_some_and(|name| name.eq_ignore_ascii_case(self.channel.as_bytes()));
        if command.is(b"PRIVMSG") || command.is(b"NOTICE") {
            let Some(said) = plain::read(message.param(1).unwrap_or_default()) else { return };
            match guest {
                _ if is_here && is_ear => self.lobby.tell_of_irc(nick, Deed::Said(said)),
                Some(guest) if text(0).eq_ignore_ascii_case(guest) => {
                    self.lobby.tell_of_irc(nick, Deed::Whispered { to: guest.clone(), text: said });
                }
                _ => {}
            }
            return;
        }
        if !is_ear {
            return;
        }
        let reason = |at| plain::read(message.param(at).unwrap_or_default()).unwrap_or_default();
        match () {
            () if command.is(b"QUIT") => self.lobby.tell_of_irc(nick, Deed::Left(reason(0))),
            () if command.is(b"NICK") => self.lobby.tell_of_irc(nick, Deed::Renamed(text(0))),
            () if !is_here => {}
            () if command.is(b"JOIN") => self.lobby.tell_of_irc(nick, Deed::Joined),
            () if command.is(b"PART") => self.lobby.tell_of_irc(nick, Deed::Left(reason(1))),
            () if command.is(b"TOPIC") => self.lobby.tell_of_irc(nick, Deed::Topic(reason(1))),
            () if command.is(b"KICK") && !self.sessions.contains_key(&text(1)) => {
                self.lobby.tell_of_irc(text(1), Deed::Left(reason(2)));
            }
            () => {}
        }
    }
}

/// The channel, as the other network sees it.
pub(super) struct Saloon {
    hub: Weak<Hub>,
    rules: NickRules,
}

impl Saloon {
    pub(super) fn new(hub: &Arc<Hub>, rules: NickRules) -> Self {
        Self { hub: Arc::downgrade(hub), rules }
    }

    /// Names like `nick` that may stand on this network, the nearest first.
    fn names(&self, nick: &str) -> impl Iterator<Item = String> {
        let most = self.rules.length.map_or(32, |most| most as usize);
        let base = if self.rules.check(nick.as_bytes()).is_ok() { nick.to_owned() } else { ascii(nick, most) };
        (0..TRIES).map(move |tail| {
            let end = (0..=base.len().min(most.saturating_sub(tail))).rev().find(|end| base.is_char_boundary(*end));
            format!("{}{}", base.get(..end.unwrap_or(0)).unwrap_or_default(), "_".repeat(tail))
        })
    }
}

/// A nickname of the characters of RFC 2812 §2.3.1.
fn ascii(nick: &str, most: usize) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-[]\\`_^{|}".contains(c);
    let mut name: String = nick.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        name.insert(0, '_');
    }
    name.truncate(most);
    name
}

impl Side for Saloon {
    fn enter(&self, nick: &str) -> Option<String> {
        let hub = self.hub.upgrade()?;
        self.names(nick).find(|name| hub.seat_guest(name, nick))
    }

    fn leave(&self, nick: &str, reason: &str) {
        let reason = if reason.is_empty() { "left" } else { reason };
        if let Some(hub) = self.hub.upgrade() {
            hub.part_with_guest(nick, reason);
        }
    }

    fn rename(&self, nick: &str, wanted: &str) -> Option<String> {
        let hub = self.hub.upgrade()?;
        self.names(wanted).find(|name| hub.rename_guest(nick, name))
    }

    fn say(&self, nick: &str, text: &str) {
        let Some(hub) = self.hub.upgrade() else { return };
        let lines = plain::lines(&hub.guests_channel(), text);
        hub.say_as_guest(nick, &lines);
    }

    fn whisper(&self, nick: &str, to: &str, text: &str) {
        let Some(hub) = self.hub.upgrade() else { return };
        hub.say_as_guest(nick, &plain::lines(to, text));
    }

    fn set_topic(&self, nick: &str, text: &str) {
        let Some(hub) = self.hub.upgrade() else { return };
        let text = text.replace(char::is_control, " ");
        let end = (0..=text.len().min(300)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        hub.say_as_guest(nick, &[format!("TOPIC {} :{}", hub.guests_channel(), text.get(..end).unwrap_or_default())]);
    }

    fn own(&self) -> Vec<String> {
        self.hub.upgrade().map(|hub| hub.members()).unwrap_or_default()
    }
}

/// Makes somebody without a connection a user in a channel; whether they are in
/// it.
pub(super) fn bring_in(
    network: &mut Network,
    session: Session,
    nick: &str,
    realname: &str,
    channel: &str,
    now: u64,
    out: &mut Deliveries,
) -> bool {
    let newcomer = Newcomer {
        nick: nick.as_bytes(),
        user: b"xmpp",
        host: b"xmpp",
        realname: realname.as_bytes(),
        account: None,
        capabilities: Capabilities::NONE,
        secure: false,
        away: None,
    };
    if network.register(session, &newcomer, now, out).is_err() {
        return false;
    }
    ask(network, session, &format!("JOIN {channel}"), now, out);
    let is_in = network
        .channel(channel.as_bytes())
        .is_some_and(|channel| network.members(channel).any(|(user, _)| user.session() == session));
    if !is_in {
        network.disconnect(session, b"", now, out);
    }
    is_in
}

/// Does what a line asks.
pub(super) fn ask(network: &mut Network, session: Session, line: &str, now: u64, out: &mut Deliveries) {
    if let Ok(message) = Message::parse(line.as_bytes(), Profile::Lenient) {
        network.handle(session, message, now, out);
    }
}
