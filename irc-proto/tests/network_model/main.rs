//! Random users on a network, against a simple reference: memberships, statuses and counts agree after every step, a message reaches exactly those who
//! may see it, and what each session was told adds up to what the network knows.

mod model;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use irc_proto::Capability;
use irc_proto::codec::{Message, Profile};
use irc_proto::network::{Config, Deliveries, Network, Newcomer, Session};
use model::{CHANNELS, Model, NICKS, Person, Step, capabilities, fold, key_text, person, step, symbol_letter};
use proptest::prelude::*;

/// What one session was told: its channels and who is in them.
#[derive(Debug, Default)]
struct View {
    nick: String,
    rooms: BTreeMap<String, Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    members: BTreeMap<String, BTreeSet<char>>,
    flags: BTreeSet<char>,
    topic: Option<String>,
}

impl View {
    fn hear(&mut self, line: &str) {
        let message = Message::parse(line.as_bytes(), Profile::Strict).unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let source = text(message.source().expect("a source").name());
        let params: Vec<String> = message.params().map(text).collect();
        let own = source == self.nick;
        let words: Vec<&str> = params.iter().map(String::as_str).collect();
        let command = format!("{:?}", message.command());
        match (command.as_str(), words.as_slice()) {
            ("JOIN", [at, ..]) => {
                if own {
                    self.rooms.insert(fold(at), Seen::default());
                }
                let room = self.rooms.get_mut(&fold(at)).expect("in the channel");
                room.members.insert(source, BTreeSet::new());
            }
            ("PART", [at, ..]) => self.gone(at, &source),
            ("KICK", [at, nick, ..]) => self.gone(at, nick),
            ("QUIT", _) => {
                let known: usize =
                    self.rooms.values_mut().map(|room| usize::from(room.members.remove(&source).is_some())).sum();
                assert!(known > 0, "a stranger quits");
            }
            ("NICK", [nick]) => {
                if own {
                    self.nick = nick.to_string();
                }
                for room in self.rooms.values_mut() {
                    if let Some(statuses) = room.members.remove(&source) {
                        room.members.insert(nick.to_string(), statuses);
                    }
                }
            }
            ("353", [_, _, at, names]) => {
                let Some(room) = self.rooms.get_mut(&fold(at)) else { return };
                for name in names.split(' ') {
                    let nick = name.trim_start_matches(['@', '%', '+']);
                    let statuses = name[..name.len() - nick.len()].chars().map(symbol_letter).collect();
                    room.members.insert(nick.split('!').next().unwrap().into(), statuses);
                }
            }
            ("332", [_, at, topic]) | ("TOPIC", [at, topic]) => {
                if let Some(room) = self.rooms.get_mut(&fold(at)) {
                    room.topic = (!topic.is_empty()).then(|| topic.to_string());
                }
            }
            ("324", [_, at, letters, ..]) => {
                if let Some(room) = self.rooms.get_mut(&fold(at)) {
                    room.flags = letters.chars().filter(|letter| "imnstp".contains(*letter)).collect();
                }
            }
            ("MODE", [at, letters, arguments @ ..]) if at.starts_with('#') => {
                let room = self.rooms.get_mut(&fold(at)).expect("in the channel");
                let mut arguments = arguments.iter();
                let mut adding = true;
                for letter in letters.chars() {
                    match letter {
                        '+' | '-' => adding = letter == '+',
                        'o' | 'h' | 'v' => {
                            let statuses = room.members.get_mut(*arguments.next().unwrap()).expect("a member");
                            if adding {
                                statuses.insert(letter)
                            } else {
                                statuses.remove(&letter)
                            };
                        }
                        'b' | 'e' | 'I' | 'q' | 'k' => drop(arguments.next().unwrap()),
                        'l' if adding => drop(arguments.next().unwrap()),
                        'l' => {}
                        _ => drop(if adding { room.flags.insert(letter) } else { room.flags.remove(&letter) }),
                    }
                }
            }
            _ => {}
        }
    }

    fn gone(&mut self, at: &str, nick: &str) {
        if nick == self.nick {
            self.rooms.remove(&fold(at)).expect("in the channel");
        } else {
            let room = self.rooms.get_mut(&fold(at)).expect("in the channel");
            room.members.remove(nick).expect("a member");
        }
    }
}

struct World {
    network: Network,
    model: Model,
    views: BTreeMap<Person, View>,
    out: Deliveries,
    now: u64,
}

impl World {
    fn new() -> World {
        let network = Network::new(Config::default());
        World {
            network,
            model: Model::default(),
            views: BTreeMap::new(),
            out: Deliveries::new(),
            now: 1_700_000_000_000,
        }
    }

    fn take(&mut self, step: &Step) {
        self.now += 1000;
        let who = person(step);
        let here = self.model.nicks.contains_key(&who);
        if here == matches!(step, Step::Arrive(..)) {
            return;
        }
        // Who is known to whom before and after the step: who has just gone is known by that.
        let before: BTreeMap<_, BTreeSet<_>> = self.known();
        let hearers = self.hearers(who, step);
        self.ask(who, step);
        self.model.step(step);
        let after = self.known();
        self.listen(who, step, hearers, &before, &after);
        self.compare();
    }

    fn known(&self) -> BTreeMap<Person, BTreeSet<Person>> {
        let all: Vec<_> = self.model.nicks.keys().copied().collect();
        let known =
            |one: Person| all.iter().copied().filter(|other| *other == one || self.model.share(one, *other)).collect();
        all.iter().map(|one| (*one, known(*one))).collect()
    }

    /// Who is to hear a message, if the step is one.
    fn hearers(&self, who: Person, step: &Step) -> Option<BTreeSet<Person>> {
        match *step {
            Step::Say(_, at, _, symbol) => Some(self.model.hearers(who, &fold(CHANNELS[at]), symbol)),
            Step::Tell(_, nick) => {
                let other = self.model.by_nick(NICKS[nick]);
                let echo = other.is_some() && self.model.sets[&who].has(Capability::EchoMessage);
                Some(other.into_iter().chain(echo.then_some(who)).collect())
            }
            _ => None,
        }
    }

    fn ask(&mut self, who: Person, step: &Step) {
        let session = Session(who as u64);
        let line = match *step {
            Step::Arrive(_, nick, set) => {
                let newcomer = Newcomer {
                    nick: NICKS[nick].as_bytes(),
                    user: b"u",
                    host: b"h",
                    realname: b"r n",
                    capabilities: capabilities(set),
                    ..Newcomer::default()
                };
                if self.network.register(session, &newcomer, self.now, &mut self.out).is_ok() {
                    self.views.insert(who, View { nick: NICKS[nick].into(), rooms: BTreeMap::new() });
                }
                return;
            }
            Step::Leave(_) => {
                self.views.remove(&who);
                return self.network.disconnect(session, b"gone", self.now, &mut self.out);
            }
            Step::Capabilities(_, set) => return self.network.set_capabilities(session, capabilities(set)),
            Step::Nick(_, nick) => format!("NICK {}", NICKS[nick]),
            Step::Join(_, at, key) => format!("JOIN {} {}", CHANNELS[at], key.map(key_text).unwrap_or_default()),
            Step::JoinNone(_) => "JOIN 0".into(),
            Step::Part(_, at) => format!("PART {} :bye", CHANNELS[at]),
            Step::Kick(_, at, nick) => format!("KICK {} {}", CHANNELS[at], NICKS[nick]),
            Step::Invite(_, at, nick) => format!("INVITE {} {}", NICKS[nick], CHANNELS[at]),
            Step::Topic(_, at, 0) => format!("TOPIC {} :", CHANNELS[at]),
            Step::Topic(_, at, text) => format!("TOPIC {} :topic {text}", CHANNELS[at]),
            Step::Flag(_, at, on, letter) => format!("MODE {} {}{letter}", CHANNELS[at], sign(on)),
            Step::Key(_, at, Some(key)) => format!("MODE {} +k {}", CHANNELS[at], key_text(key)),
            Step::Key(_, at, None) => format!("MODE {} -k x", CHANNELS[at]),
            Step::Limit(_, at, Some(most)) => format!("MODE {} +l {most}", CHANNELS[at]),
            Step::Limit(_, at, None) => format!("MODE {} -l", CHANNELS[at]),
            Step::Status(_, at, on, letter, nick) => {
                format!("MODE {} {}{letter} {}", CHANNELS[at], sign(on), NICKS[nick])
            }
            Step::List(_, at, on, letter, nick) => {
                format!("MODE {} {}{letter} {}", CHANNELS[at], sign(on), NICKS[nick])
            }
            Step::Say(_, at, word, symbol) => format!("{word} {symbol}{} :said", CHANNELS[at]),
            Step::Tell(_, nick) => format!("PRIVMSG {} :said", NICKS[nick]),
            Step::Away(_, on) => format!("AWAY :{}", if on { "away" } else { "" }),
            Step::Names(_, at) => format!("NAMES {}", CHANNELS[at]),
        };
        let message = Message::parse(line.as_bytes(), Profile::Lenient).unwrap();
        self.network.handle(session, message, self.now, &mut self.out);
    }

    fn listen(
        &mut self,
        who: Person,
        step: &Step,
        hearers: Option<BTreeSet<Person>>,
        before: &BTreeMap<Person, BTreeSet<Person>>,
        after: &BTreeMap<Person, BTreeSet<Person>>,
    ) {
        let mut heard = BTreeSet::new();
        let mut lines: Vec<(Vec<Session>, Bytes)> = Vec::new();
        for delivery in self.out.deliveries() {
            lines.push((delivery.to.to_vec(), delivery.bytes.clone()));
        }
        self.out.clear();
        for (to, bytes) in lines {
            let text = std::str::from_utf8(&bytes).unwrap();
            let distinct: BTreeSet<_> = to.iter().collect();
            assert_eq!(distinct.len(), to.len(), "nobody receives a delivery twice");
            for Session(number) in to {
                let hearer = number as usize;
                assert!(self.model.nicks.contains_key(&hearer), "nothing for who is not there");
                for line in text.split_terminator("\r\n") {
                    if line.ends_with(":said") {
                        let fresh = heard.insert(hearer);
                        // A message to oneself comes once as a message and once as an echo.
                        assert!(fresh || matches!(step, Step::Tell(..)) && hearer == who, "{line}");
                    } else if hearer != who {
                        let knows = |known: &BTreeMap<Person, BTreeSet<Person>>| {
                            known.get(&hearer).is_some_and(|known| known.contains(&who))
                        };
                        assert!(knows(before) || knows(after) || line.contains(" INVITE "), "{line}");
                    }
                    if let Some(view) = self.views.get_mut(&hearer) {
                        view.hear(line);
                    }
                }
            }
        }
        assert_eq!(heard, hearers.unwrap_or_default(), "who hears {step:?}");
    }

    fn compare(&self) {
        let Model { nicks, rooms, .. } = &self.model;
        assert_eq!(self.network.users().count(), nicks.len());
        assert_eq!(self.network.channels().count(), rooms.len());
        for (who, nick) in nicks {
            let user = self.network.user(Session(*who as u64)).expect("a user");
            assert_eq!(user.nick(), nick.as_bytes());
            let count = rooms.values().filter(|room| room.members.contains_key(who)).count();
            assert_eq!(user.channel_count(), count);
            assert_eq!(self.views[who].nick, *nick);
            assert_eq!(self.views[who].rooms.len(), count, "{nick} has seen other channels");
        }
        for (name, room) in rooms {
            let channel = self.network.channel(name.as_bytes()).expect("a channel");
            let modelled: BTreeMap<String, BTreeSet<char>> =
                room.members.iter().map(|(who, statuses)| (nicks[who].clone(), statuses.clone())).collect();
            let members: BTreeMap<String, BTreeSet<char>> = self
                .network
                .members(channel)
                .map(|(user, symbols)| {
                    let letters = symbols.iter().map(|symbol| symbol_letter((*symbol).into())).collect();
                    (String::from_utf8(user.nick().to_vec()).unwrap(), letters)
                })
                .collect();
            assert_eq!(members, modelled);
            assert_eq!(channel.member_count(), modelled.len());
            let topic = room.topic.map(|text| format!("topic {text}"));
            assert_eq!(channel.topic().map(|topic| &topic.text[..]), topic.as_deref().map(str::as_bytes));
            for who in room.members.keys() {
                let seen = &self.views[who].rooms[name];
                assert!(seen.members.keys().eq(modelled.keys()), "{:?} {modelled:?}", seen.members);
                assert_eq!(seen.topic, topic);
            }
        }
    }

    /// Whoever asks once more is told all statuses and flags as they are.
    fn ask_all(&mut self) {
        let everybody: Vec<_> = self.model.nicks.keys().copied().collect();
        for who in everybody {
            self.take(&Step::Capabilities(who, 1));
            for (at, name) in CHANNELS.iter().enumerate() {
                self.take(&Step::Names(who, at));
                let line = format!("MODE {name}");
                let message = Message::parse(line.as_bytes(), Profile::Lenient).unwrap();
                self.network.handle(Session(who as u64), message, self.now, &mut self.out);
                self.listen(who, &Step::Names(who, at), None, &BTreeMap::new(), &BTreeMap::new());
                let at = fold(name);
                let Some(seen) = self.views[&who].rooms.get(&at) else { continue };
                let room = &self.model.rooms[&at];
                assert_eq!(seen.flags, room.flags);
                for (member, statuses) in &room.members {
                    assert_eq!(seen.members[&self.model.nicks[member]], *statuses);
                }
            }
        }
    }
}

fn sign(on: bool) -> char {
    if on { '+' } else { '-' }
}

proptest! {
    #[test]
    fn network_and_reference_agree(steps in prop::collection::vec(step(), 40..100)) {
        let mut world = World::new();
        for (who, nick) in [(0, 0), (1, 2), (2, 3), (3, 5)] {
            world.take(&Step::Arrive(who, nick, 0xff >> who));
            world.take(&Step::Join(who, 0, None));
        }
        steps.iter().for_each(|step| world.take(step));
        world.ask_all();
    }
}
