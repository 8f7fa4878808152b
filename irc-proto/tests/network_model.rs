//! Random users on a network, against a simple reference: memberships, statuses and counts agree after every step, a message reaches exactly those who
//! may see it, and what each session was told adds up to what the network knows.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use irc_proto::codec::{Message, Profile};
use irc_proto::network::{Config, Deliveries, Network, Newcomer, Session};
use irc_proto::{Capabilities, Capability};
use proptest::prelude::*;

const NICKS: [&str; 6] = ["ada", "Ada", "bob", "dan[x]", "DAN{X}", "eve"];
const CHANNELS: [&str; 3] = ["#a", "#b[", "#B{"];
const CAPABILITIES: [Capability; 8] = [
    Capability::MultiPrefix,
    Capability::EchoMessage,
    Capability::ExtendedJoin,
    Capability::UserhostInNames,
    Capability::ServerTime,
    Capability::MessageTags,
    Capability::InviteNotify,
    Capability::AwayNotify,
];

type Person = usize;

#[derive(Clone, Debug)]
enum Step {
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

fn step() -> impl Strategy<Value = Step> {
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

fn capabilities(set: u8) -> Capabilities {
    CAPABILITIES.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1).map(|(_, one)| *one).collect()
}

/// RFC 1459's case mapping.
fn fold(name: &str) -> String {
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
struct Room {
    members: BTreeMap<Person, BTreeSet<char>>,
    flags: BTreeSet<char>,
    key: Option<u8>,
    limit: Option<u32>,
    lists: BTreeSet<(char, String)>,
    topic: Option<u8>,
    invited: BTreeSet<Person>,
}

/// The reference: sets of small numbers.
#[derive(Debug, Default)]
struct Model {
    nicks: BTreeMap<Person, String>,
    sets: BTreeMap<Person, Capabilities>,
    rooms: BTreeMap<String, Room>,
}

impl Model {
    fn by_nick(&self, nick: &str) -> Option<Person> {
        self.nicks.iter().find(|(_, own)| fold(own) == fold(nick)).map(|(who, _)| *who)
    }

    fn rank(&self, who: Person, at: &str) -> Option<u8> {
        let statuses = self.rooms.get(at)?.members.get(&who)?;
        Some(statuses.iter().map(|one| rank_of(*one)).max().unwrap_or(0))
    }

    fn listed(&self, who: Person, at: &str, letter: char) -> bool {
        self.rooms[at].lists.contains(&(letter, fold(&self.nicks[&who])))
    }

    fn share(&self, one: Person, other: Person) -> bool {
        self.rooms.values().any(|room| room.members.contains_key(&one) && room.members.contains_key(&other))
    }

    fn leave(&mut self, who: Person, at: &str) {
        if let Some(room) = self.rooms.get_mut(at) {
            room.members.remove(&who);
        }
        self.rooms.retain(|_, room| !room.members.is_empty());
    }

    /// Who hears the message; nobody where it is refused.
    fn hearers(&self, who: Person, at: &str, symbol: &str) -> BTreeSet<Person> {
        let Some(room) = self.rooms.get(at) else { return BTreeSet::new() };
        let rank = self.rank(who, at);
        let outside = rank.is_none() && (room.flags.contains(&'n') || secret(room));
        let mute = rank.unwrap_or(0) == 0
            && (room.flags.contains(&'m')
                || (self.listed(who, at, 'b') || self.listed(who, at, 'q')) && !self.listed(who, at, 'e'));
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

    fn step(&mut self, step: &Step) {
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
                if self.by_nick(NICKS[nick]).is_none_or(|other| other == who) {
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

fn secret(room: &Room) -> bool {
    room.flags.contains(&'s') || room.flags.contains(&'p')
}

fn rank_of(status: char) -> u8 {
    match status {
        'o' => 4,
        'h' => 2,
        _ => 1,
    }
}

fn symbol_letter(symbol: char) -> char {
    match symbol {
        '@' => 'o',
        '%' => 'h',
        _ => 'v',
    }
}

fn key_text(key: u8) -> String {
    format!("key{key}")
}

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

fn person(step: &Step) -> Person {
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
