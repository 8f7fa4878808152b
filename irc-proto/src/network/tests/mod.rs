//! Conversations on a small network. Whatever is delivered, the harness parses strictly.

mod any;
mod channels;
mod history;
mod identity;
mod labels;
mod markers;
mod messages;
mod modes;
mod monitor;

use std::collections::BTreeMap;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::codec::Profile;

/// 2026-11-21T08:00:00.000Z
const NOW: u64 = 1_795_248_000_000;

struct Talk {
    network: Network,
    out: Deliveries,
    heard: BTreeMap<u64, Vec<String>>,
    actions: Vec<Action>,
    now: u64,
}

impl Talk {
    fn new() -> Talk {
        Talk::with(Config::default())
    }

    fn with(mut config: Config) -> Talk {
        config.server_name = "irc.test".into();
        config.new_user_modes = "".into();
        let network = Network::new(config);
        Talk { network, out: Deliveries::new(), heard: BTreeMap::new(), actions: Vec::new(), now: NOW }
    }

    /// Users 1, 2, 3 ... of these names, who are all in `#c` and have heard nothing yet.
    fn in_channel(nicks: &[&str]) -> Talk {
        let mut talk = Talk::new();
        for (number, nick) in (1..).zip(nicks) {
            talk.user(number, nick, &[]);
            talk.say(number, "JOIN #c");
        }
        talk.heard.clear();
        talk
    }

    fn user(&mut self, session: u64, nick: &str, capabilities: &[Capability]) {
        self.network.claim(Session(session), nick.as_bytes()).unwrap();
        let newcomer = Newcomer {
            nick: nick.as_bytes(),
            user: b"u",
            host: b"h.example",
            realname: b"Some Body",
            capabilities: Capabilities::of(capabilities),
            ..Newcomer::default()
        };
        self.network.register(Session(session), &newcomer, self.now, &mut self.out).unwrap();
        self.deliver();
        self.heard.clear();
    }

    fn say(&mut self, session: u64, line: &str) {
        let message = Message::parse(line.as_bytes(), Profile::Lenient).unwrap();
        self.network.handle(Session(session), message, self.now, &mut self.out);
        self.deliver();
    }

    /// Says it, and gives what the speaker hears.
    fn ask(&mut self, session: u64, line: &str) -> Vec<String> {
        self.heard.clear();
        self.say(session, line);
        self.heard(session)
    }

    fn deliver(&mut self) {
        for delivery in self.out.deliveries() {
            assert!(!delivery.to.is_empty() && !delivery.bytes.is_empty());
            for line in delivery.bytes.split_inclusive(|byte| *byte == b'\n') {
                let line = line.strip_suffix(b"\r\n").expect("whole lines");
                let message = Message::parse(line, Profile::Strict).expect("lawful lines");
                let tags = message.tags().as_bytes().len();
                assert!(line.len() - tags <= 512);
                for to in delivery.to {
                    self.heard.entry(to.0).or_default().push(String::from_utf8_lossy(line).into());
                }
            }
        }
        self.actions.extend_from_slice(self.out.actions());
        self.out.clear();
    }

    /// What a session has heard since the last time.
    fn heard(&mut self, session: u64) -> Vec<String> {
        self.heard.remove(&session).unwrap_or_default()
    }

    fn nothing_else(&self) {
        assert!(self.heard.is_empty(), "{:?}", self.heard);
    }
}

#[test]
fn the_table_is_sorted() {
    assert!(TABLE.windows(2).all(|two| two[0].word < two[1].word));
}

#[test]
fn an_unknown_command_and_a_short_one_are_told() {
    let mut talk = Talk::in_channel(&["ada"]);
    assert_eq!(talk.ask(1, "FROB x"), [":irc.test 421 ada FROB :Unknown command"]);
    assert_eq!(talk.ask(1, "join"), [":irc.test 461 ada JOIN :Not enough parameters"]);
    assert_eq!(talk.ask(9, "JOIN #c"), [""; 0], "nobody has this session");
}

#[test]
fn replies_are_lawful_whatever_is_asked_for() {
    let mut talk = Talk::in_channel(&["ada"]);
    let long = "x".repeat(600);
    for odd in [":", "::", ": ", ":a b", "#", "#c,,#c", ":#\u{7}", "~", &long] {
        for command in
            ["JOIN", "PART", "MODE", "NAMES", "TOPIC", "KNOCK", "NICK", "PRIVMSG", "INVITE x", "KICK #c", "MODE #c b"]
        {
            talk.say(1, &std::format!("{command} {odd}"));
            talk.say(1, &std::format!("{command} {} :y", odd.trim_start_matches(':').replace(' ', "")));
        }
    }
}
