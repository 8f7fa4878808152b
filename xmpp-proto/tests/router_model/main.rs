//! Random users of a router, against a simple reference: subscriptions, rooms and counts agree after every step, a message reaches exactly those who may
//! see it, and what each session was told of others adds up to what is so.

mod model;

use std::collections::{BTreeMap, BTreeSet};

use model::{Asking, Model, NICKS, Number, ROOMS, Step, USERS, User, number, step, user};
use proptest::prelude::*;
use xmpp_proto::jid::{JidRef, Rules};
use xmpp_proto::payload::{delay, muc};
use xmpp_proto::router::{Config, Deliveries, Memory, Router, Session};
use xmpp_proto::stanza::Stanza;
use xmpp_proto::xml::{Element, Limits, Scope};
use xmpp_proto::{Jid, ns};

/// What one session was told.
#[derive(Debug, Default)]
struct View {
    /// Which sessions of others are available.
    there: BTreeSet<Number>,
    rooms: BTreeMap<usize, BTreeSet<usize>>,
}

#[derive(Default)]
struct Heard {
    said: BTreeSet<Number>,
    copied: BTreeSet<Number>,
    held: usize,
    refused: bool,
}

struct World {
    router: Router,
    model: Model,
    views: BTreeMap<Number, View>,
    /// Pairs whose view is not whole: the first has blocked the second, or was told of it alone.
    partial: BTreeSet<(User, User)>,
    out: Deliveries,
    now: u64,
}

fn account(user: User) -> Jid {
    Jid::parse(&format!("{}@im.example", USERS[user])).unwrap()
}

fn session_of(jid: JidRef<'_>) -> Option<Number> {
    let user = USERS.iter().position(|name| Some(*name) == jid.local())?;
    Some(2 * user + jid.resource()?.parse::<usize>().ok()?)
}

fn room(at: usize) -> String {
    format!("{}@rooms.im.example", ROOMS[at])
}

impl World {
    fn new() -> World {
        let mut router = Router::new(Config::new("im.example").unwrap(), Memory::default());
        (0..USERS.len()).for_each(|user| router.storage_mut().add_account(account(user).as_ref()));
        let (views, partial) = (BTreeMap::new(), BTreeSet::new());
        World { router, model: Model::default(), views, partial, out: Deliveries::new(), now: 1_700_000_000_000 }
    }

    fn take(&mut self, step: &Step) {
        self.now += 1000;
        let who = number(step);
        if self.model.sessions.contains_key(&who) == matches!(step, Step::Arrive(_)) {
            return;
        }
        match *step {
            Step::Block(session, other, _) => drop(self.partial.insert((user(session), other))),
            Step::Direct(session, other) => drop(self.partial.insert((other, user(session)))),
            _ => {}
        }
        let before = self.sights();
        let told = match *step {
            Step::Tell(from, to, resource) => Some(self.model.hearers(from, to, resource)),
            Step::Say(from, at) => Some(self.model.nick(at, from).map(|_| {
                let inside = self.model.rooms[&at].nicks.values().flat_map(|(_, sessions)| sessions.iter().copied());
                (inside.collect(), BTreeSet::new())
            })),
            _ => None,
        };
        self.ask(step);
        let held = self.model.step(step);
        let after = self.sights();
        let heard = self.listen(step, &before, &after);
        if let Step::Unavailable(session) = *step {
            // Whoever goes forgets what it knew.
            self.views.get_mut(&session).unwrap().there.clear();
        }
        match told {
            Some(Some((said, copied))) => {
                assert_eq!((heard.said, heard.copied, heard.refused), (said, copied, false), "who hears {step:?}");
            }
            Some(None) => assert!(heard.refused && heard.said.is_empty() && heard.copied.is_empty(), "{step:?}"),
            None => assert!(heard.said.is_empty() && heard.copied.is_empty(), "{step:?}"),
        }
        assert_eq!(heard.held, held, "what was held for {step:?}");
        self.compare();
    }

    /// Who sees whom.
    fn sights(&self) -> BTreeSet<(User, User)> {
        let pairs = (0..USERS.len()).flat_map(|one| (0..USERS.len()).map(move |other| (one, other)));
        pairs.filter(|(one, other)| self.model.sees(*one, *other)).collect()
    }

    fn ask(&mut self, step: &Step) {
        let session = Session(number(step) as u64);
        let to = |user: User| account(user).as_str().to_owned();
        let text = match *step {
            Step::Arrive(who) => {
                let resource = (who % 2).to_string();
                self.router.bind(session, account(user(who)).as_ref(), &resource, self.now, &mut self.out).unwrap();
                self.views.insert(who, View::default());
                return;
            }
            Step::Leave(who) => {
                self.views.remove(&who);
                return self.router.disconnect(session, self.now, &mut self.out);
            }
            Step::Available(_, priority) => format!("<presence><priority>{priority}</priority></presence>"),
            Step::Unavailable(_) => "<presence type='unavailable'/>".to_owned(),
            Step::Direct(_, other) => format!("<presence to='{}'/>", to(other)),
            Step::Ask(_, other, asking) => {
                let kind = match asking {
                    Asking::Subscribe => "subscribe",
                    Asking::Unsubscribe => "unsubscribe",
                    Asking::Subscribed => "subscribed",
                    Asking::Unsubscribed => "unsubscribed",
                };
                format!("<presence type='{kind}' to='{}'/>", to(other))
            }
            Step::Remove(_, other) => format!(
                "<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='{}' subscription='remove'/></query></iq>",
                to(other)
            ),
            Step::Block(_, other, on) => {
                let what = if on { "block" } else { "unblock" };
                format!(
                    "<iq type='set' id='b'><{what} xmlns='urn:xmpp:blocking'><item jid='{}'/></{what}></iq>",
                    to(other)
                )
            }
            Step::Carbons(_, on) => {
                let what = if on { "enable" } else { "disable" };
                format!("<iq type='set' id='c'><{what} xmlns='urn:xmpp:carbons:2'/></iq>")
            }
            Step::Tell(_, other, resource) => {
                let resource = resource.map(|resource| format!("/{resource}")).unwrap_or_default();
                format!("<message type='chat' to='{}{resource}'><body>said</body></message>", to(other))
            }
            Step::Join(_, at, nick) => {
                let (room, nick) = (room(at), NICKS[nick]);
                let history = "<history maxstanzas='0'/>";
                format!("<presence to='{room}/{nick}'><x xmlns='{}'>{history}</x></presence>", ns::MUC)
            }
            Step::Part(_, at) => format!("<presence type='unavailable' to='{}/x'/>", room(at)),
            Step::Say(_, at) => format!("<message type='groupchat' to='{}'><body>said</body></message>", room(at)),
            Step::Kick(_, at, nick) => format!(
                "<iq type='set' id='k' to='{}'><query xmlns='{}'><item nick='{}' role='none'/></query></iq>",
                room(at),
                ns::MUC_ADMIN,
                NICKS[nick]
            ),
        };
        let element = Element::parse(text.into_bytes().into(), &Scope::CLIENT, &Limits::AFTER_LOGIN).unwrap();
        let stanza = Stanza::read(element, ns::CLIENT, Rules::Rfc7622).unwrap();
        self.router.handle(session, &stanza, self.now, &mut self.out);
    }

    fn listen(&mut self, step: &Step, before: &BTreeSet<(User, User)>, after: &BTreeSet<(User, User)>) -> Heard {
        let mut heard = Heard::default();
        let mut stanzas = Vec::new();
        for delivery in self.out.deliveries() {
            stanzas
                .extend(delivery.packets().map(|(session, packet)| (session.0 as usize, packet.to_element().unwrap())));
        }
        assert!(self.out.actions().is_empty());
        self.out.clear();
        for (hearer, stanza) in stanzas {
            assert!(self.model.sessions.contains_key(&hearer), "nothing for who is not there: {stanza}");
            let to = stanza.attr("to").map(|to| Jid::parse(&to).unwrap());
            // Of a resource, too, that is not there: then it is as to the bare address.
            assert!(to.is_none_or(|to| to.bare() == account(user(hearer)).as_ref()), "{stanza}");
            let from = stanza.attr("from").map(|from| Jid::parse(&from).unwrap());
            match stanza.name() {
                "message" => self.hear_message(step, hearer, &stanza, &mut heard),
                "presence" => {
                    let from = from.expect("presence is from somebody");
                    match ROOMS.iter().position(|name| from.as_str().starts_with(&format!("{name}@rooms."))) {
                        Some(at) => self.hear_in_room(hearer, at, &from, &stanza),
                        None => self.hear_presence(step, hearer, &from, &stanza, before, after),
                    }
                }
                _ => {}
            }
        }
        heard
    }

    fn hear_message(&self, step: &Step, hearer: Number, stanza: &Element, heard: &mut Heard) {
        if stanza.attr("type").as_deref() == Some("error") {
            assert_eq!(hearer, number(step));
            heard.refused = true;
        } else if delay::Delay::of(stanza.view(), "im.example").is_some() {
            heard.held += 1;
        } else if stanza.children().any(|child| child.ns() == ns::CARBONS) {
            assert!(heard.copied.insert(hearer), "once");
        } else if stanza.child("body", ns::CLIENT).is_some() {
            assert!(heard.said.insert(hearer), "once");
        } else {
            assert!(stanza.child("subject", ns::CLIENT).is_some());
        }
    }

    fn hear_presence(
        &mut self,
        step: &Step,
        hearer: Number,
        from: &Jid,
        stanza: &Element,
        before: &BTreeSet<(User, User)>,
        after: &BTreeSet<(User, User)>,
    ) {
        let own = user(hearer);
        let kind = stanza.attr("type");
        if kind.as_deref() == Some("error") {
            return assert_eq!(hearer, number(step));
        }
        let Some(session) = session_of(from.as_ref()) else {
            let other = USERS.iter().position(|name| Some(*name) == from.local()).expect("one of them");
            assert!(!self.model.blocks.contains(&(own, other)), "who is blocked is not heard: {stanza}");
            return;
        };
        let other = user(session);
        let pair = (own, other);
        let is_directed = self.partial.contains(&pair);
        assert!(before.contains(&pair) || after.contains(&pair) || is_directed, "{stanza} is not for {hearer}");
        let was_blocked =
            matches!(step, Step::Block(session, blocked, true) if (user(*session), *blocked) == (own, other));
        assert!(
            was_blocked || own == other || !self.model.blocks.contains(&pair),
            "who is blocked is not seen: {stanza}"
        );
        let Some(view) = self.views.get_mut(&hearer) else { return };
        match kind.as_deref() {
            None => {
                assert!(after.contains(&pair) || is_directed, "{stanza} to {hearer}");
                view.there.insert(session);
            }
            Some("unavailable") => drop(view.there.remove(&session)),
            other => panic!("{other:?}"),
        }
    }

    fn hear_in_room(&mut self, hearer: Number, at: usize, from: &Jid, stanza: &Element) {
        if stanza.attr("type").as_deref() == Some("error") {
            return;
        }
        let nick = NICKS.iter().position(|nick| Some(*nick) == from.resource()).expect("a nickname");
        let told = muc::User::within(stanza.view()).unwrap().expect("a room's presence");
        let is_own = told.statuses.contains(&muc::status::SELF);
        let is_renamed = told.statuses.contains(&muc::status::NICK_CHANGED);
        let Some(view) = self.views.get_mut(&hearer) else { return };
        let nicks = view.rooms.entry(at).or_default();
        match stanza.attr("type").as_deref() {
            None => drop(nicks.insert(nick)),
            Some(_) if is_own && !is_renamed => drop(view.rooms.remove(&at)),
            Some(_) => assert!(nicks.remove(&nick), "{stanza} of a stranger"),
        }
    }

    fn compare(&self) {
        let Model { sessions, rooms, held, .. } = &self.model;
        assert_eq!(self.router.session_count(), sessions.len());
        assert_eq!(self.router.rooms().count(), rooms.len());
        for (at, known) in rooms {
            let jid = Jid::parse(&room(*at)).unwrap();
            let found = self.router.room(jid.as_ref()).expect("the room");
            let modelled: Vec<_> = known
                .nicks
                .iter()
                .map(|(nick, (holder, inside))| (NICKS[*nick], account(*holder), inside.len()))
                .collect();
            let occupants: Vec<_> = found
                .occupants()
                .map(|one| (one.nick(), one.user().unwrap().clone(), one.sessions().count()))
                .collect();
            assert_eq!(occupants, modelled);
        }
        for (hearer, session) in sessions {
            let view = &self.views[hearer];
            for at in 0..ROOMS.len() {
                let inside =
                    self.model.nick(at, *hearer).map(|_| rooms[&at].nicks.keys().copied().collect::<BTreeSet<_>>());
                assert_eq!(view.rooms.get(&at).cloned(), inside, "{hearer} in {at}");
            }
            assert_eq!(session.priority.is_some(), self.is_available(*hearer));
            if session.priority.is_none() {
                continue;
            }
            let own = user(*hearer);
            for (other, state) in sessions {
                let pair = (own, user(*other));
                if pair.0 != pair.1 && !self.partial.contains(&pair) {
                    let is_seen = state.priority.is_some() && self.model.sees(pair.0, pair.1);
                    assert_eq!(view.there.contains(other), is_seen, "{hearer} of {other}");
                }
            }
        }
        for user in 0..USERS.len() {
            assert!(held.get(&user).is_none_or(|count| *count <= 100));
        }
    }

    fn is_available(&self, session: Number) -> bool {
        let known = &self.model.sessions;
        let others = known.iter().filter(|(other, _)| user(**other) == user(session) && **other != session);
        match others.clone().any(|(_, state)| state.priority.is_some()) {
            // The router tells it of the account.
            true => known[&session].priority.is_some(),
            false => self.router.is_available(account(user(session)).as_ref()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn router_and_reference_agree(steps in prop::collection::vec(step(), 1..160)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
    }
}
