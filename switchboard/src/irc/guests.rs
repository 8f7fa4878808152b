//! People of another chat network in one channel: seats without connections,
//! and what is heard there.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use irc_proto::Capabilities;
use irc_proto::codec::{Message, Profile};
use irc_proto::network::{Deliveries, Network, Newcomer, Session};
use irc_proto::nick::NickRules;

use super::ear::Heard;
use super::hub::Hub;
use super::plain;
use crate::lobby::{Deed, Side, Teller};

/// How many names are tried for somebody whose own is taken.
const TRIES: usize = 8;

/// The guests of one channel.
pub(super) struct Guests {
    pub(super) heard: Heard,
    pub(super) teller: Teller,
    pub(super) sessions: BTreeMap<String, Session>,
}

impl Guests {
    /// What the channel is called.
    pub(super) fn channel(&self) -> String {
        String::from_utf8_lossy(&self.heard.channel()).into_owned()
    }

    /// Tells the other side what the channel's own people did, and what was
    /// said to guests alone.
    pub(super) fn overhear(&mut self, out: &Deliveries) {
        for line in self.heard.take() {
            if let Ok(message) = Message::parse(&line[..], Profile::Lenient) {
                self.hear(message);
            }
        }
        for delivery in out.deliveries() {
            let [only] = delivery.to else { continue };
            let guest = self.sessions.iter().find(|(_, session)| *session == only);
            let Some(guest) = guest.map(|(nick, _)| nick.clone()) else { continue };
            for line in delivery.bytes.split(|byte| *byte == b'\n') {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                if let Ok(message) = Message::parse(line, Profile::Lenient) {
                    self.hear_whisper(message, &guest);
                }
            }
        }
    }

    /// Something in the channel.
    fn hear(&mut self, message: Message<&[u8]>) {
        let text = |at: usize| String::from_utf8_lossy(message.param(at).unwrap_or_default()).into_owned();
        let reason = |at| plain::read(message.param(at).unwrap_or_default()).unwrap_or_default();
        let command = message.command();
        // By whomever.
        if command.is(b"KICK") {
            let deed = if self.sessions.contains_key(&text(1)) { Deed::PutOut } else { Deed::Left };
            return self.teller.tell(text(1), deed(reason(2)));
        }
        let Some(nick) = self.stranger(message) else { return };
        let deed = match () {
            () if command.is(b"PRIVMSG") || command.is(b"NOTICE") => {
                match plain::read(message.param(1).unwrap_or_default()) {
                    Some(said) => Deed::Said(said),
                    None => return,
                }
            }
            () if command.is(b"JOIN") => Deed::Joined,
            () if command.is(b"PART") => Deed::Left(reason(1)),
            () if command.is(b"QUIT") => Deed::Left(reason(0)),
            () if command.is(b"NICK") => Deed::Renamed(text(0)),
            () if command.is(b"TOPIC") => Deed::Topic(reason(1)),
            () => return,
        };
        self.teller.tell(nick, deed);
    }

    /// Something to one guest.
    fn hear_whisper(&mut self, message: Message<&[u8]>, guest: &str) {
        let command = message.command();
        let is_for = message.param(0).is_some_and(|target| target.eq_ignore_ascii_case(guest.as_bytes()));
        if !is_for || !command.is(b"PRIVMSG") && !command.is(b"NOTICE") {
            return;
        }
        if let (Some(nick), Some(text)) = (self.stranger(message), plain::read(message.param(1).unwrap_or_default())) {
            self.teller.tell(nick, Deed::Whispered { to: guest.to_owned(), text });
        }
    }

    /// Somebody of this network who says it.
    fn stranger(&self, message: Message<&[u8]>) -> Option<String> {
        let source = message.source().filter(|source| !source.is_server())?;
        let nick = String::from_utf8_lossy(source.name()).into_owned();
        (!self.sessions.contains_key(&nick)).then_some(nick)
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

    fn put_out(&self, nick: &str, reason: &str) {
        if let Some(hub) = self.hub.upgrade() {
            hub.put_out(nick, reason);
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
        hub.set_topic_as_guest(nick, &text.replace(char::is_control, " "));
    }

    fn own(&self) -> Vec<String> {
        self.hub.upgrade().map(|hub| hub.members()).unwrap_or_default()
    }

    /// Nobody can close a channel that stands.
    fn reopen(&self) {}
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
