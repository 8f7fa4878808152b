//! Any order of calls on a router: clients, a component and another server come and go, say stanzas of any kind; an application speaks for users of its
//! own in a room; time passes.
//!
//! No panic; only lawful stanzas, to sessions that are there, each once; nobody speaks for a domain that is not theirs; occupants and sessions agree; the
//! heap is bounded.
//!
//! The input is lines: a digit for the session, a sign for the call, and the rest for its argument; see `World::call`.

#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::meter::Meter;
use xmpp_proto::jid::{Jid, JidRef, Rules};
use xmpp_proto::ns;
use xmpp_proto::router::{Action, Config, Conflict, Deliveries, Memory, Router, Session};
use xmpp_proto::stanza::Stanza;
use xmpp_proto::xml::{Element, Limits, Scope, XmlError};

const USERS: [&str; 3] = ["juliet@im.example", "romeo@im.example", "nurse@im.example"];
/// Domains that are somewhere else.
const PEERS: [&str; 2] = ["gateway.im.example", "far.example"];
const ROOM: &str = "lobby@rooms.im.example";

fuzz_target!(|input: &[u8]| {
    let mut meter = Meter::default();
    let mut world = meter.run(|| World::new(input.len()));
    for line in input.split(|byte| *byte == b'\n') {
        let [digit, sign, ..] = line else { continue };
        let (Some(rest), session) = (line.get(1..), Session(u64::from(digit % 8))) else { continue };
        let Ok(rest) = str::from_utf8(rest) else { continue };
        meter.run(|| world.call(session, *sign, rest));
        world.check_deliveries();
        meter.run(|| world.out.clear());
    }
    world.check();
    assert!(meter.peak() < 1024 * 1024 + 512 * input.len() as isize, "{} bytes of heap", meter.peak());
});

struct World {
    router: Router<Memory>,
    /// Who is there, and for a domain which.
    present: BTreeMap<Session, Option<&'static str>>,
    out: Deliveries,
    now: u64,
}

impl World {
    fn new(variant: usize) -> Self {
        let mut config = Config::new("im.example").expect("a domain");
        config.on_conflict = if variant % 2 == 0 { Conflict::Replace } else { config.on_conflict };
        config.is_federated = variant % 4 < 2;
        let limits = &mut config.limits;
        (limits.resources, limits.contacts, limits.groups, limits.blocked, limits.directed) = (3, 6, 3, 4, 4);
        (limits.rooms, limits.occupants, limits.joined, limits.affiliations, limits.history) = (3, 6, 3, 4, 6);
        limits.idle_accounts = 1;
        let mut storage = Memory::default();
        for user in USERS {
            storage.add_account(address(user).as_ref());
        }
        World { router: Router::new(config, storage), present: BTreeMap::new(), out: Deliveries::new(), now: 1 }
    }

    fn call(&mut self, session: Session, sign: u8, rest: &str) {
        let World { router, present, out, now } = self;
        let room = address(ROOM);
        let room = room.as_ref();
        let argument = rest.get(1..).unwrap_or_default();
        let (one, other) = argument.split_once(' ').unwrap_or((argument, "x"));
        match sign {
            b'+' => {
                let user = address(USERS[session.0 as usize % 3]);
                if router.bind(session, user.as_ref(), argument, *now, out).is_ok() {
                    present.insert(session, None);
                }
            }
            b'-' => {
                router.disconnect(session, *now, out);
                present.remove(&session);
            }
            b'@' => {
                let domain = PEERS[session.0 as usize % 2];
                if router.connect(session, address(domain).as_ref()).is_ok() {
                    present.insert(session, Some(domain));
                }
            }
            b'c' => router.set_carbons(session, argument.is_empty()),
            b't' => *now = now.saturating_add(1 << (argument.len() % 40)),
            b'f' => router.forget_account(address(USERS[session.0 as usize % 3]).as_ref(), *now, out),
            b'r' => {
                let user = address(USERS[session.0 as usize % 3]);
                router.storage_mut().remove_account(user.as_ref());
                router.forget_account(user.as_ref(), *now, out);
            }
            b'o' => drop(router.observe(room, argument.is_empty())),
            b'j' => drop(router.join_foreign(room, argument, out)),
            b'l' => drop(router.leave_foreign(room, one, Some(other), out)),
            b'n' => drop(router.rename_foreign(room, one, other, out)),
            b's' => drop(router.say_foreign(room, one, other, *now, out)),
            b'w' => drop(router.whisper_foreign(room, one, other, argument, out)),
            b'u' => drop(router.set_subject_foreign(room, one, other, *now, out)),
            b'x' => drop(router.remove_room(room, Some(argument), out)),
            _ => {
                let bytes = rest.as_bytes().to_vec().into();
                let Ok(element) = Element::parse(bytes, &Scope::CLIENT, &Limits::AFTER_LOGIN) else { return };
                if let Ok(stanza) = Stanza::read(element, ns::CLIENT, Rules::Rfc7622) {
                    router.handle(session, &stanza, *now, out);
                }
            }
        }
    }

    fn check_deliveries(&mut self) {
        for delivery in self.out.deliveries() {
            let receivers: BTreeSet<_> = delivery.to.iter().map(|one| (one.session, one.to.clone())).collect();
            assert!(!delivery.to.is_empty() && receivers.len() == delivery.to.len(), "{delivery:?}");
            for recipient in delivery.to {
                assert!(self.present.contains_key(&recipient.session), "{delivery:?} to who is gone");
                lawful(delivery.parcel.to_element(recipient.to.as_deref().map(Jid::as_str)));
            }
        }
        for action in self.out.actions() {
            match action {
                Action::Close { session, .. } => drop(self.present.remove(session)),
                Action::Remote { domain, parcel } => {
                    assert!(!matches!(&**domain, "im.example" | "rooms.im.example"), "{domain} is ours");
                    lawful(parcel.to_element(None));
                }
                _ => {}
            }
        }
    }

    fn check(&self) {
        assert_eq!(self.router.session_count(), self.present.len());
        for (session, domain) in &self.present {
            let jid = self.router.jid(*session);
            assert_eq!(jid.is_none(), domain.is_some());
            if let Some(jid) = jid {
                assert!(jid.is_full());
                assert_eq!(self.router.session(jid.as_ref().as_ref()), Some(*session));
            }
        }
        for room in self.router.rooms() {
            assert_eq!(room.occupants().count(), room.occupant_count());
            assert!(room.occupant_count() <= 6, "a room is too full");
            let nicks: BTreeSet<_> = room.occupants().map(|occupant| occupant.nick()).collect();
            assert_eq!(nicks.len(), room.occupant_count(), "two have one nick");
            for jid in room.occupants().flat_map(|occupant| occupant.sessions()) {
                let is_ours = jid.domain() == "im.example";
                assert!(!is_ours || self.router.session(jid.as_ref()).is_some(), "{jid} is in a room and gone");
            }
        }
        assert!(self.router.rooms().count() <= 3);
    }
}

/// What goes out is a stanza, from somebody who can have said it.
fn lawful(element: Result<Element, XmlError>) {
    let element = match element {
        Ok(element) => element,
        Err(XmlError::Limit(_)) => return,
        Err(fault) => panic!("{fault:?} in what was said"),
    };
    let text = element.to_string();
    let stanza = Stanza::read(element, ns::CLIENT, Rules::Rfc7622);
    let stanza = stanza.unwrap_or_else(|refused| panic!("{:?}: {text}", refused.fault));
    let from = stanza.from();
    let domain = from.as_ref().map(|from| from.as_ref().domain());
    let known = ["im.example", "rooms.im.example", PEERS[0], PEERS[1]];
    // An error comes from whom the sender had meant.
    assert!(stanza.is_error() || domain.is_none_or(|domain| known.contains(&domain)), "from nobody: {text}");
}

fn address(text: &str) -> Jid {
    match JidRef::parse(text) {
        Ok(jid) => jid.into_jid(),
        Err(error) => panic!("{text}: {error}"),
    }
}
