//! A small network for tests: users by their nicknames, and what each of them is told.

use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::channel::Ranks;
use super::*;
use crate::Letters;
use crate::codec::{Message, Profile};

/// 2019-01-04T14:34:26.000Z
pub(super) const NOW: u64 = 1_546_612_466_000;

pub(super) struct Room {
    pub(super) network: Network,
    pub(super) now: u64,
    pub(super) out: Deliveries,
    sessions: BTreeMap<String, Session>,
}

impl Room {
    pub(super) fn new() -> Self {
        Room::of(Config::default())
    }

    pub(super) fn of(config: Config) -> Self {
        Room { network: Network::new(config), now: NOW, out: Deliveries::new(), sessions: BTreeMap::new() }
    }

    /// Registers a user `nick!u@h`, visible, with these capabilities, and takes the welcome.
    pub(super) fn user(&mut self, nick: &str, capabilities: &[Capability]) {
        self.person(&Newcomer {
            nick: nick.as_bytes(),
            capabilities: Capabilities::of(capabilities),
            ..Newcomer::default()
        });
    }

    pub(super) fn person(&mut self, newcomer: &Newcomer<'_>) {
        let session = Session(self.sessions.len() as u64 + 1);
        let newcomer = Newcomer { user: b"u", host: b"h", realname: b"Real Name", ..*newcomer };
        self.network.register(session, &newcomer, self.now, &mut self.out).unwrap();
        self.out.clear();
        let id = self.network.users.by_session(session).unwrap();
        self.network.users.set_modes(id, Letters::NONE);
        self.sessions.insert(String::from_utf8_lossy(newcomer.nick).into_owned(), session);
    }

    /// Registers a user and leaves what all are told of it.
    pub(super) fn arrive(&mut self, nick: &str, capabilities: &[Capability]) {
        let session = Session(self.sessions.len() as u64 + 1);
        let capabilities = Capabilities::of(capabilities);
        let newcomer = Newcomer { nick: nick.as_bytes(), user: b"u", host: b"h", capabilities, ..Newcomer::default() };
        self.out.clear();
        self.network.register(session, &newcomer, self.now, &mut self.out).unwrap();
        self.sessions.insert(nick.to_owned(), session);
    }

    /// Puts a user into a channel without a word, and makes the channel where there is none. The first is its operator.
    pub(super) fn enter(&mut self, nick: &str, channel: &str) {
        let (network, now) = (&mut self.network, self.now);
        let user = network.users.by_nick(nick.as_bytes()).unwrap();
        let (id, ranks) = match network.channels.by_name(channel.as_bytes()) {
            Some(id) => (id, Ranks::NONE),
            None => (network.channels.create(channel.as_bytes(), Letters::NONE, now).unwrap(), Ranks::OPERATOR),
        };
        network.enter(user, id, ranks);
    }

    /// Sets a user's modes, without a word.
    pub(super) fn modes(&mut self, nick: &str, modes: &str) {
        let id = self.network.users.by_nick(nick.as_bytes()).unwrap();
        self.network.users.set_modes(id, Letters::new(modes.as_bytes()));
    }

    /// Sets a channel's flags, without a word.
    pub(super) fn flags(&mut self, channel: &str, flags: &str) {
        let id = self.network.channels.by_name(channel.as_bytes()).unwrap();
        self.network.channels.get_mut(id).unwrap().flags = Letters::new(flags.as_bytes());
    }

    /// Sends a line as a user, and gives what the user is told, each line without `:irc.localhost ` and its end.
    pub(super) fn ask(&mut self, nick: &str, line: &str) -> Vec<String> {
        self.send(nick, line);
        self.told(nick)
    }

    pub(super) fn send(&mut self, nick: &str, line: &str) {
        self.out.clear();
        let message = Message::parse(line.as_bytes(), Profile::Lenient).unwrap();
        self.network.handle(self.session(nick), message, self.now, &mut self.out);
    }

    pub(super) fn quit(&mut self, nick: &str) {
        self.out.clear();
        self.network.disconnect(self.session(nick), b"gone", self.now, &mut self.out);
        self.sessions.remove(nick);
        // No two sessions have one number.
        self.sessions.insert(format!("({nick} before)"), Session(0));
    }

    pub(super) fn session(&self, nick: &str) -> Session {
        self.sessions[nick]
    }

    /// What a user was told by the last command.
    pub(super) fn told(&self, nick: &str) -> Vec<String> {
        let session = self.session(nick);
        let own = self.out.deliveries().filter(|delivery| delivery.to.contains(&session));
        let bytes: Vec<u8> = own.flat_map(|delivery| delivery.bytes.to_vec()).collect();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(text.is_empty() || text.ends_with("\r\n"));
        let lines =
            text.split_terminator("\r\n").map(|line| line.strip_prefix(":irc.localhost ").unwrap_or(line).to_owned());
        lines.inspect(|line| assert!(Message::parse(line.as_bytes(), Profile::Strict).is_ok(), "{line}")).collect()
    }
}

/// The numerics or words of lines.
pub(super) fn words(lines: &[String]) -> String {
    let word =
        |line: &String| line.split(' ').find(|word| !word.starts_with(['@', ':'])).unwrap_or_default().to_string();
    lines.iter().map(word).collect::<Vec<_>>().join(" ")
}
