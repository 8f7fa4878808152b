//! What users may do, and the reference that does it: sets of small numbers.

use std::collections::{BTreeMap, BTreeSet};

use irc_proto::{Capabilities, Capability};
use proptest::prelude::*;

pub(crate) const NICKS: [&str; 6] = ["ada", "Ada", "bob", "dan[x]", "DAN{X}", "eve"];
pub(crate) const CHANNELS: [&str; 3] = ["#a", "#b[", "#B{"];
pub(crate) const CAPABILITIES: [Capability; 8] = [
    Capability::MultiPrefix,
    Capability::EchoMessage,
    Capability::ExtendedJoin,
    Capability::UserhostInNames,
    Capability::ServerTime,
    Capability::MessageTags,
    Capability::InviteNotify,
    Capability::AwayNotify,
];

pub(crate) type Person = usize;

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Arrive(Person, usize, u8),
    Leave(Person),
    Nick(Person, usize),
    Join(Person, usize, Option<u8>),
    JoinNone(Person),
    Part(Person, usize),
    Kick(Person, usize, usize),
    Invite(Person, usize, usize),
    Topic(Person, usize, u8),
    Flag(Person, usize, bool, char),
    Key(Person, usize, Option<u8>),
    Limit(Person, usize, Option<u32>),
    Status(Person, usize, bool, char, usize),
    List(Person, usize, bool, char, usize),
    Say(Person, usize, &'static str, &'static str),
    Tell(Person, usize),
    Away(Person, bool),
    Capabilities(Person, u8),
    Names(Person, usize),
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let person = 0..4usize;
    let nick = 0..NICKS.len();
    let channel = 0..CHANNELS.len();
    let on = any::<bool>();
    prop_oneof![
        4 => (person.clone(), nick.clone(), any::<u8>()).prop_map(|(who, nick, set)| Step::Arrive(who, nick, set)),
        1 => person.clone().prop_map(Step::Leave),
        2 => (person.clone(), nick.clone()).prop_map(|(who, nick)| Step::Nick(who, nick)),
        8 => (person.clone(), channel.clone(), prop::option::of(0..2u8)).prop_map(|(who, at, key)| Step::Join(who, at, key)),
        1 => person.clone().prop_map(Step::JoinNone),
        1 => (person.clone(), channel.clone()).prop_map(|(who, at)| Step::Part(who, at)),
        1 => (person.clone(), channel.clone(), nick.clone()).prop_map(|(who, at, nick)| Step::Kick(who, at, nick)),
        2 => (person.clone(), channel.clone(), nick.clone()).prop_map(|(who, at, nick)| Step::Invite(who, at, nick)),
        1 => (person.clone(), channel.clone(), 0..3u8).prop_map(|(who, at, text)| Step::Topic(who, at, text)),
        3 => (person.clone(), channel.clone(), on, prop::sample::select(b"imnstp".to_vec()))
            .prop_map(|(who, at, on, letter)| Step::Flag(who, at, on, letter.into())),
        1 => (person.clone(), channel.clone(), prop::option::of(0..2u8)).prop_map(|(who, at, key)| Step::Key(who, at, key)),
        1 => (person.clone(), channel.clone(), prop::option::of(1..4u32)).prop_map(|(who, at, most)| Step::Limit(who, at, most)),
        6 => (person.clone(), channel.clone(), on, prop::sample::select(b"ohv".to_vec()), nick.clone())
            .prop_map(|(who, at, on, letter, nick)| Step::Status(who, at, on, letter.into(), nick)),
        6 => (person.clone(), channel.clone(), on, prop::sample::select(b"beIq".to_vec()), nick.clone())
            .prop_map(|(who, at, on, letter, nick)| Step::List(who, at, on, letter.into(), nick)),
        10 => (
            person.clone(),
            channel.clone(),
            prop::sample::select(vec!["PRIVMSG", "NOTICE"]),
            prop::sample::select(vec!["", "", "@", "%", "+"]),
        )
            .prop_map(|(who, at, word, symbol)| Step::Say(who, at, word, symbol)),
        1 => (person.clone(), nick).prop_map(|(who, nick)| Step::Tell(who, nick)),
        1 => (person.clone(), on).prop_map(|(who, on)| Step::Away(who, on)),
        1 => (person.clone(), any::<u8>()).prop_map(|(who, set)| Step::Capabilities(who, set)),
        1 => (person, channel).prop_map(|(who, at)| Step::Names(who, at)),
    ]
}

pub(crate) fn capabilities(set: u8) -> Capabilities {
    CAPABILITIES.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1).map(|(_, one)| *one).collect()
}

/// RFC 1459's case mapping.
pub(crate) fn fold(name: &str) -> String {
    let lower = |c: char| match c {
        '[' => '{',
        ']' => '}',
        '\\' => '|',
        '~' => '^',
        _ => c.to_ascii_lowercase(),
    };
    name.chars().map(lower).collect()
}

#[derive(Debug, Default)]
pub(crate) struct Room {
    pub(crate) members: BTreeMap<Person, BTreeSet<char>>,
    pub(crate) flags: BTreeSet<char>,
    pub(crate) key: Option<u8>,
    pub(crate) limit: Option<u32>,
    pub(crate) lists: BTreeSet<(char, String)>,
    pub(crate) topic: Option<u8>,
    pub(crate) invited: BTreeSet<Person>,
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) nicks: BTreeMap<Person, String>,
    pub(crate) sets: BTreeMap<Person, Capabilities>,
    pub(crate) rooms: BTreeMap<String, Room>,
}

impl Model {
    pub(crate) fn by_nick(&self, nick: &str) -> Option<Person> {
        self.nicks.iter().find(|(_, own)| fold(own) == fold(nick)).map(|(who, _)| *who)
    }

    fn rank(&self, who: Person, at: &str) -> Option<u8> {
        let statuses = self.rooms.get(at)?.members.get(&who)?;
        Some(statuses.iter().map(|one| rank_of(*one)).max().unwrap_or(0))
    }

    fn listed(&self, who: Person, at: &str, letter: char) -> bool {
        self.rooms[at].lists.contains(&(letter, fold(&self.nicks[&who])))
    }

    fn quieted(&self, who: Person, at: &str) -> bool {
        (self.listed(who, at, 'b') || self.listed(who, at, 'q')) && !self.listed(who, at, 'e')
    }

    pub(crate) fn share(&self, one: Person, other: Person) -> bool {
        self.rooms.values().any(|room| room.members.contains_key(&one) && room.members.contains_key(&other))
    }

    fn leave(&mut self, who: Person, at: &str) {
        if let Some(room) = self.rooms.get_mut(at) {
            room.members.remove(&who);
        }
        self.rooms.retain(|_, room| !room.members.is_empty());
    }

    /// Who hears the message; nobody where it is refused.
    pub(crate) fn hearers(&self, who: Person, at: &str, symbol: &str) -> BTreeSet<Person> {
        let Some(room) = self.rooms.get(at) else { return BTreeSet::new() };
        let rank = self.rank(who, at);
        let outside = rank.is_none() && (room.flags.contains(&'n') || secret(room));
        let mute = rank.unwrap_or(0) == 0 && (room.flags.contains(&'m') || self.quieted(who, at));
        if outside || mute {
            return BTreeSet::new();
        }
        let least = symbol.chars().next().map_or(0, |symbol| rank_of(symbol_letter(symbol)));
        let mut hearers: BTreeSet<_> =
            room.members.keys().copied().filter(|one| self.rank(*one, at) >= Some(least)).collect();
        hearers.remove(&who);
        if self.sets[&who].has(Capability::EchoMessage) {
            hearers.insert(who);
        }
        hearers
    }

    pub(crate) fn step(&mut self, step: &Step) {
        match *step {
            Step::Arrive(who, nick, set) => {
                if !self.nicks.contains_key(&who) && self.by_nick(NICKS[nick]).is_none() {
                    self.nicks.insert(who, NICKS[nick].into());
                    self.sets.insert(who, capabilities(set));
                }
            }
            Step::Leave(who) => {
                self.nicks.remove(&who);
                self.sets.remove(&who);
                self.rooms.values_mut().for_each(|room| {
                    room.members.remove(&who);
                    room.invited.remove(&who);
                });
                self.rooms.retain(|_, room| !room.members.is_empty());
            }
            Step::Nick(who, nick) => {
                let is_same = fold(&self.nicks[&who]) == fold(NICKS[nick]);
                let is_held =
                    !is_same && self.rooms.keys().any(|at| self.rank(who, at) == Some(0) && self.quieted(who, at));
                if !is_held && self.by_nick(NICKS[nick]).is_none_or(|other| other == who) {
                    self.nicks.insert(who, NICKS[nick].into());
                }
            }
            Step::Join(who, at, key) => self.join(who, &fold(CHANNELS[at]), key),
            Step::JoinNone(who) => {
                self.rooms.keys().cloned().collect::<Vec<_>>().iter().for_each(|at| self.leave(who, at))
            }
            Step::Part(who, at) => self.leave(who, &fold(CHANNELS[at])),
            Step::Kick(who, at, nick) => {
                let at = fold(CHANNELS[at]);
                let Some(victim) = self.by_nick(NICKS[nick]) else { return };
                let (Some(own), Some(theirs)) = (self.rank(who, &at), self.rank(victim, &at)) else { return };
                if own >= 2 && (own > theirs || own == 4 || who == victim) {
                    self.leave(victim, &at);
                }
            }
            Step::Invite(who, at, nick) => {
                let at = fold(CHANNELS[at]);
                let (Some(guest), Some(own)) = (self.by_nick(NICKS[nick]), self.rank(who, &at)) else { return };
                let room = self.rooms.get_mut(&at).unwrap();
                if !room.members.contains_key(&guest) && (own >= 2 || !room.flags.contains(&'i')) {
                    room.invited.insert(guest);
                }
            }
            Step::Topic(who, at, text) => {
                let at = fold(CHANNELS[at]);
                let Some(own) = self.rank(who, &at) else { return };
                let room = self.rooms.get_mut(&at).unwrap();
                if own >= 2 || !room.flags.contains(&'t') {
                    room.topic = (text > 0).then_some(text);
                }
            }
            Step::Flag(who, at, on, letter) => self.change(who, at, |room| {
                if on {
                    room.flags.insert(letter)
                } else {
                    room.flags.remove(&letter)
                };
            }),
            Step::Key(who, at, key) => self.change(who, at, |room| room.key = key),
            Step::Limit(who, at, most) => self.change(who, at, |room| room.limit = most),
            Step::List(who, at, on, letter, nick) => self.change(who, at, |room| {
                let entry = (letter, fold(NICKS[nick]));
                if on {
                    room.lists.insert(entry)
                } else {
                    room.lists.remove(&entry)
                };
            }),
            Step::Status(who, at, on, letter, nick) => {
                let at = fold(CHANNELS[at]);
                let Some(other) = self.by_nick(NICKS[nick]) else { return };
                let (Some(own), Some(_)) = (self.rank(who, &at), self.rank(other, &at)) else { return };
                let needed = if letter == 'v' { 2 } else { 4 };
                if own >= needed || (other == who && !on) {
                    let statuses = self.rooms.get_mut(&at).unwrap().members.get_mut(&other).unwrap();
                    if on {
                        statuses.insert(letter)
                    } else {
                        statuses.remove(&letter)
                    };
                }
            }
            Step::Capabilities(who, set) => {
                self.sets.insert(who, capabilities(set));
            }
            Step::Say(..) | Step::Tell(..) | Step::Away(..) | Step::Names(..) => {}
        }
    }

    fn change(&mut self, who: Person, at: usize, change: impl FnOnce(&mut Room)) {
        let at = fold(CHANNELS[at]);
        if self.rank(who, &at).is_some_and(|rank| rank >= 2) {
            change(self.rooms.get_mut(&at).unwrap());
        }
    }

    fn join(&mut self, who: Person, at: &str, key: Option<u8>) {
        let Some(room) = self.rooms.get(at) else {
            let room = Room { members: [(who, ['o'].into())].into(), flags: ['n', 't'].into(), ..Room::default() };
            self.rooms.insert(at.into(), room);
            return;
        };
        let banned = self.listed(who, at, 'b') && !self.listed(who, at, 'e');
        let uninvited = room.flags.contains(&'i') && !self.listed(who, at, 'I');
        let locked = room.key.is_some() && room.key != key;
        let full = room.limit.is_some_and(|most| room.members.len() >= most as usize);
        let shut = !room.invited.contains(&who) && (banned || uninvited || locked || full);
        let room = self.rooms.get_mut(at).unwrap();
        if !room.members.contains_key(&who) && !shut {
            room.members.insert(who, BTreeSet::new());
            room.invited.remove(&who);
        }
    }
}

pub(crate) fn secret(room: &Room) -> bool {
    room.flags.contains(&'s') || room.flags.contains(&'p')
}

pub(crate) fn rank_of(status: char) -> u8 {
    match status {
        'o' => 4,
        'h' => 2,
        _ => 1,
    }
}

pub(crate) fn symbol_letter(symbol: char) -> char {
    match symbol {
        '@' => 'o',
        '%' => 'h',
        _ => 'v',
    }
}

pub(crate) fn key_text(key: u8) -> String {
    format!("key{key}")
}

pub(crate) fn person(step: &Step) -> Person {
    match *step {
        Step::Arrive(who, ..) | Step::Leave(who) | Step::Nick(who, _) | Step::Join(who, ..) | Step::JoinNone(who) => {
            who
        }
        Step::Part(who, _) | Step::Kick(who, ..) | Step::Invite(who, ..) | Step::Topic(who, ..) => who,
        Step::Flag(who, ..) | Step::Key(who, ..) | Step::Limit(who, ..) | Step::Status(who, ..) => who,
        Step::List(who, ..) | Step::Say(who, ..) | Step::Tell(who, _) | Step::Away(who, _) => who,
        Step::Capabilities(who, _) | Step::Names(who, _) => who,
    }
}
