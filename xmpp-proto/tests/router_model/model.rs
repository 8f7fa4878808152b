//! The reference: subscriptions as four facts on each side, presence as who is there, rooms as lists of names.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

pub(crate) const USERS: [&str; 4] = ["ada", "bob", "cyd", "dan"];
pub(crate) const ROOMS: [&str; 2] = ["red", "blue"];
pub(crate) const NICKS: [&str; 3] = ["x", "y", "z"];
/// Sessions: two of each user.
pub(crate) const SESSIONS: usize = 2 * USERS.len();

pub(crate) type User = usize;
/// Its user is half its number.
pub(crate) type Number = usize;

pub(crate) fn user(session: Number) -> User {
    session / 2
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asking {
    Subscribe,
    Unsubscribe,
    Subscribed,
    Unsubscribed,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Arrive(Number),
    Leave(Number),
    Available(Number, i8),
    Unavailable(Number),
    Direct(Number, User),
    Ask(Number, User, Asking),
    Remove(Number, User),
    Block(Number, User, bool),
    Carbons(Number, bool),
    /// To a session of somebody, or to all of somebody.
    Tell(Number, User, Option<Number>),
    Join(Number, usize, usize),
    Part(Number, usize),
    Say(Number, usize),
    Kick(Number, usize, usize),
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let session = 0..SESSIONS;
    let user = 0..USERS.len();
    let (room, nick) = (0..ROOMS.len(), 0..NICKS.len());
    let asking = prop::sample::select(vec![
        Asking::Subscribe,
        Asking::Subscribe,
        Asking::Subscribed,
        Asking::Subscribed,
        Asking::Unsubscribe,
        Asking::Unsubscribed,
    ]);
    prop_oneof![
        4 => session.clone().prop_map(Step::Arrive),
        1 => session.clone().prop_map(Step::Leave),
        5 => (session.clone(), -1i8..2).prop_map(|(s, p)| Step::Available(s, p)),
        1 => session.clone().prop_map(Step::Unavailable),
        1 => (session.clone(), user.clone()).prop_map(|(s, u)| Step::Direct(s, u)),
        10 => (session.clone(), user.clone(), asking).prop_map(|(s, u, a)| Step::Ask(s, u, a)),
        1 => (session.clone(), user.clone()).prop_map(|(s, u)| Step::Remove(s, u)),
        1 => (session.clone(), user.clone(), any::<bool>()).prop_map(|(s, u, on)| Step::Block(s, u, on)),
        1 => (session.clone(), any::<bool>()).prop_map(|(s, on)| Step::Carbons(s, on)),
        6 => (session.clone(), user, prop::option::of(0..2usize)).prop_map(|(s, u, r)| Step::Tell(s, u, r)),
        6 => (session.clone(), room.clone(), nick.clone()).prop_map(|(s, r, n)| Step::Join(s, r, n)),
        1 => (session.clone(), room.clone()).prop_map(|(s, r)| Step::Part(s, r)),
        4 => (session.clone(), room.clone()).prop_map(|(s, r)| Step::Say(s, r)),
        1 => (session, room, nick).prop_map(|(s, r, n)| Step::Kick(s, r, n)),
    ]
}

pub(crate) fn number(step: &Step) -> Number {
    match *step {
        Step::Arrive(s) | Step::Leave(s) | Step::Available(s, _) | Step::Unavailable(s) | Step::Direct(s, _) => s,
        Step::Ask(s, ..) | Step::Remove(s, _) | Step::Block(s, ..) | Step::Carbons(s, _) | Step::Tell(s, ..) => s,
        Step::Join(s, ..) | Step::Part(s, _) | Step::Say(s, _) | Step::Kick(s, ..) => s,
    }
}

/// What one side knows of a subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Side {
    pub(crate) to: bool,
    pub(crate) from: bool,
    pub(crate) asked: bool,
    pub(crate) pending: bool,
    pub(crate) approved: bool,
    pub(crate) listed: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Session {
    /// None while it is not available.
    pub(crate) priority: Option<i8>,
    pub(crate) carbons: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Room {
    pub(crate) owner: User,
    /// By nickname: whose it is, and in which sessions.
    pub(crate) nicks: BTreeMap<usize, (User, BTreeSet<Number>)>,
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) sessions: BTreeMap<Number, Session>,
    pub(crate) sides: BTreeMap<(User, User), Side>,
    pub(crate) blocks: BTreeSet<(User, User)>,
    pub(crate) held: BTreeMap<User, usize>,
    pub(crate) rooms: BTreeMap<usize, Room>,
}

impl Model {
    pub(crate) fn side(&self, one: User, other: User) -> Side {
        self.sides.get(&(one, other)).copied().unwrap_or_default()
    }

    /// Whether one is to know of the presence of another one's sessions.
    pub(crate) fn sees(&self, one: User, other: User) -> bool {
        one == other || self.side(other, one).from && !self.blocks.contains(&(other, one))
    }

    pub(crate) fn of(&self, user: User) -> impl Iterator<Item = (Number, &Session)> {
        self.sessions.range(2 * user..2 * user + 2).map(|(number, session)| (*number, session))
    }

    fn ready(&self, user: User) -> BTreeSet<Number> {
        let ready = self.of(user).filter(|(_, session)| session.priority.is_some_and(|priority| priority >= 0));
        ready.map(|(number, _)| number).collect()
    }

    /// Who hears a message itself, and who a copy of it; none where it comes back.
    pub(crate) fn hearers(
        &self,
        from: Number,
        to: User,
        resource: Option<Number>,
    ) -> Option<(BTreeSet<Number>, BTreeSet<Number>)> {
        let own = user(from);
        if own != to && (self.blocks.contains(&(own, to)) || self.blocks.contains(&(to, own))) {
            return None;
        }
        let wanted = resource.map(|resource| 2 * to + resource).filter(|number| self.sessions.contains_key(number));
        let heard = match wanted {
            Some(number) => [number].into(),
            None => self.ready(to),
        };
        let copied = |one: User| self.of(one).filter(|(_, session)| session.carbons).map(|(number, _)| number);
        let copies = copied(to).chain(copied(own)).filter(|number| *number != from && !heard.contains(number));
        Some((heard.clone(), copies.collect()))
    }

    fn out(&mut self, one: User, other: User, asking: Asking) {
        let side = self.sides.entry((one, other)).or_default();
        let passes = match asking {
            Asking::Subscribe => {
                side.asked = !side.to;
                side.listed = true;
                true
            }
            Asking::Unsubscribe => {
                (side.to, side.asked) = (false, false);
                true
            }
            Asking::Subscribed => {
                let passes = side.pending;
                side.approved |= !passes && !side.from;
                side.listed |= passes || !side.from;
                side.from |= passes;
                side.pending = false;
                passes
            }
            Asking::Unsubscribed => {
                let passes = side.from || side.pending;
                (side.from, side.pending, side.approved) = (false, false, false);
                passes
            }
        };
        if passes {
            self.come(other, one, asking);
        }
    }

    fn come(&mut self, one: User, other: User, asking: Asking) {
        if self.blocks.contains(&(one, other)) {
            return;
        }
        let side = self.sides.entry((one, other)).or_default();
        match asking {
            Asking::Subscribe if side.from || side.approved => {
                (side.from, side.pending) = (true, false);
                self.come(other, one, Asking::Subscribed);
            }
            Asking::Subscribe => side.pending = true,
            Asking::Unsubscribe => (side.from, side.pending) = (false, false),
            Asking::Subscribed => (side.to, side.asked) = (side.to || side.asked, false),
            Asking::Unsubscribed => (side.to, side.asked) = (false, false),
        }
    }

    pub(crate) fn nick(&self, room: usize, session: Number) -> Option<usize> {
        let inside = self.rooms.get(&room)?.nicks.iter().find(|(_, (_, sessions))| sessions.contains(&session));
        inside.map(|(nick, _)| *nick)
    }

    fn part(&mut self, room: usize, session: Number) {
        let Some(nick) = self.nick(room, session) else { return };
        let known = self.rooms.get_mut(&room).unwrap();
        let (_, sessions) = known.nicks.get_mut(&nick).unwrap();
        sessions.remove(&session);
        if sessions.is_empty() {
            known.nicks.remove(&nick);
        }
        self.forget_empty();
    }

    fn forget_empty(&mut self) {
        self.rooms.retain(|_, room| !room.nicks.is_empty());
    }

    fn join(&mut self, room: usize, session: Number, nick: usize) {
        let own = user(session);
        let inside = self.nick(room, session);
        let known = self.rooms.entry(room).or_insert_with(|| Room { owner: own, nicks: BTreeMap::new() });
        match (inside, known.nicks.get(&nick).map(|(holder, _)| *holder)) {
            (Some(old), _) if old == nick => {}
            (Some(_), Some(_)) => {}
            (Some(old), None) => {
                let occupant = known.nicks.remove(&old).unwrap();
                known.nicks.insert(nick, occupant);
            }
            (None, Some(holder)) if holder != own => {}
            (None, _) => drop(known.nicks.entry(nick).or_insert_with(|| (own, BTreeSet::new())).1.insert(session)),
        }
    }

    /// Whether a kick is lawful: by the owner, of somebody else.
    fn kick(&mut self, room: usize, session: Number, nick: usize) {
        if self.nick(room, session).is_none() {
            return;
        }
        let Some(known) = self.rooms.get_mut(&room) else { return };
        let target = known.nicks.get(&nick).map(|(holder, _)| *holder);
        if known.owner == user(session) && target.is_some_and(|target| target != known.owner) {
            known.nicks.remove(&nick);
        }
    }

    /// Does what a step does. Tells how many held messages it brings.
    pub(crate) fn step(&mut self, step: &Step) -> usize {
        match *step {
            Step::Arrive(session) => drop(self.sessions.insert(session, Session::default())),
            Step::Leave(session) | Step::Unavailable(session) => {
                for room in 0..ROOMS.len() {
                    self.part(room, session);
                }
                match step {
                    Step::Leave(_) => drop(self.sessions.remove(&session)),
                    _ => self.sessions.get_mut(&session).unwrap().priority = None,
                }
            }
            Step::Available(session, priority) => {
                let known = self.sessions.get_mut(&session).unwrap();
                let was_ready = known.priority.is_some_and(|priority| priority >= 0);
                known.priority = Some(priority);
                if priority >= 0 && !was_ready {
                    return self.held.remove(&user(session)).unwrap_or(0);
                }
            }
            Step::Ask(session, other, asking) if user(session) != other => {
                let own = user(session);
                if !(asking == Asking::Subscribe && self.blocks.contains(&(own, other))) {
                    self.out(own, other, asking);
                }
            }
            Step::Remove(session, other) => {
                let own = user(session);
                let side = self.side(own, other);
                if side.listed {
                    if side.to || side.asked {
                        self.out(own, other, Asking::Unsubscribe);
                    }
                    if side.from || side.pending {
                        self.out(own, other, Asking::Unsubscribed);
                    }
                    self.sides.remove(&(own, other));
                }
            }
            Step::Block(session, other, true) => drop(self.blocks.insert((user(session), other))),
            Step::Block(session, other, false) => drop(self.blocks.remove(&(user(session), other))),
            Step::Carbons(session, on) => self.sessions.get_mut(&session).unwrap().carbons = on,
            Step::Tell(from, to, resource) => {
                if self.hearers(from, to, resource).is_some_and(|(heard, _)| heard.is_empty()) {
                    *self.held.entry(to).or_default() += 1;
                }
            }
            Step::Join(session, room, nick) => self.join(room, session, nick),
            Step::Part(session, room) => self.part(room, session),
            Step::Kick(session, room, nick) => self.kick(room, session, nick),
            Step::Ask(..) | Step::Direct(..) | Step::Say(..) => {}
        }
        0
    }
}
