//! Rooms (XEP-0045): what is known of them. What happens in them is in the files beside.
//!
//! A new room is open at once, with the defaults of [`RoomConfig`]; who made it is told so and may change them (§10.1.2 calls it an instant room).

mod admin;
mod bridge;
mod config;
mod history;
mod join;
mod messages;
mod news;
mod owner;
mod presence;
mod queries;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::deliveries::{Action, Deliveries, RoomEvent, Session};
use super::parcel::Parcel;
use super::storage::Storage;
use super::{Limits, Router};
use crate::jid::{Jid, JidRef};
use crate::payload::muc::{Affiliation, Role};

pub use bridge::RoomFault;
pub use config::{RoomConfig, Whois};
use history::History;

/// All rooms.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    rooms: BTreeMap<Jid, Room>,
}

/// A room, and who is in it.
#[derive(Debug)]
pub struct Room {
    jid: Arc<Jid>,
    config: RoomConfig,
    /// Of bare addresses; those who have none are not here.
    affiliations: BTreeMap<Jid, Affiliation>,
    occupants: BTreeMap<Box<str>, Occupant>,
    /// The nicknames of those inside, by their full addresses.
    nicks: BTreeMap<Jid, Box<str>>,
    subject: Option<Subject>,
    history: History,
    is_observed: bool,
}

/// Somebody in a room.
#[derive(Debug)]
pub struct Occupant {
    /// The room's address, with the nickname.
    jid: Arc<Jid>,
    /// The bare address; none for who was brought in.
    user: Option<Jid>,
    role: Role,
    seats: Vec<Seat>,
    /// What it says of itself, without the room's words.
    presence: Parcel,
}

/// One session of an occupant.
#[derive(Clone, Debug)]
struct Seat {
    jid: Arc<Jid>,
    /// Of a client here.
    session: Option<Session>,
}

#[derive(Clone, Debug)]
struct Subject {
    text: String,
    nick: Box<str>,
    time: u64,
}

impl Rooms {
    pub(super) fn get(&self, jid: JidRef<'_>) -> Option<&Room> {
        self.rooms.get(jid.bare().as_str())
    }

    pub(super) fn get_mut(&mut self, jid: JidRef<'_>) -> Option<&mut Room> {
        self.rooms.get_mut(jid.bare().as_str())
    }

    /// Who of a domain is in which room.
    pub(super) fn of_domain(&self, domain: &str) -> Vec<(Jid, Arc<Jid>)> {
        let inside = self.rooms.iter().flat_map(|(room, known)| known.seats().map(move |seat| (room, seat)));
        let theirs = inside.filter(|(_, seat)| seat.jid.domain() == domain);
        theirs.map(|(room, seat)| (room.clone(), seat.jid.clone())).collect()
    }
}

impl Room {
    fn new(jid: &Jid, config: RoomConfig, limits: &Limits) -> Self {
        Room {
            jid: Arc::new(jid.clone()),
            config,
            affiliations: BTreeMap::new(),
            occupants: BTreeMap::new(),
            nicks: BTreeMap::new(),
            subject: None,
            history: History::new(limits),
            is_observed: false,
        }
    }

    /// Its address.
    pub fn jid(&self) -> &Jid {
        &self.jid
    }

    /// How it is configured.
    pub fn config(&self) -> &RoomConfig {
        &self.config
    }

    /// What it is about.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_ref().map(|subject| &*subject.text)
    }

    /// Who is in it, by nicknames.
    pub fn occupants(&self) -> impl Iterator<Item = &Occupant> {
        self.occupants.values()
    }

    /// Who is in it under this nickname.
    pub fn occupant(&self, nick: &str) -> Option<&Occupant> {
        self.occupants.get(nick)
    }

    /// How many are in it, each nickname counted once.
    pub fn occupant_count(&self) -> usize {
        self.occupants.len()
    }

    /// What somebody is to it.
    pub fn affiliation(&self, user: JidRef<'_>) -> Affiliation {
        self.affiliations.get(user.bare().as_str()).copied().unwrap_or_default()
    }

    fn affiliation_of(&self, occupant: &Occupant) -> Affiliation {
        occupant.user.as_ref().map_or(Affiliation::None, |user| self.affiliation(user.as_ref()))
    }

    fn by_jid(&self, jid: JidRef<'_>) -> Option<&Occupant> {
        self.occupants.get(self.nicks.get(jid.as_str())?)
    }

    fn seats(&self) -> impl Iterator<Item = &Seat> {
        self.occupants.values().flat_map(|occupant| &occupant.seats)
    }

    /// The role that an affiliation gives (XEP-0045 §5.1.2).
    fn usual_role(&self, affiliation: Affiliation) -> Role {
        match affiliation {
            Affiliation::Owner | Affiliation::Admin => Role::Moderator,
            Affiliation::Member => Role::Participant,
            Affiliation::None if self.config.is_moderated => Role::Visitor,
            Affiliation::None => Role::Participant,
            Affiliation::Outcast => Role::None,
        }
    }

    /// Whether it goes when nobody is in it.
    fn is_kept(&self) -> bool {
        self.config.is_persistent || self.is_observed || !self.occupants.is_empty()
    }
}

impl Occupant {
    /// The nickname.
    pub fn nick(&self) -> &str {
        self.jid.resource().unwrap_or_default()
    }

    /// The bare address; none for who was [brought in](Router::join_foreign).
    pub fn user(&self) -> Option<&Jid> {
        self.user.as_ref()
    }

    /// What it may do.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The full addresses of its sessions.
    pub fn sessions(&self) -> impl Iterator<Item = &Jid> {
        self.seats.iter().map(|seat| &*seat.jid)
    }

    fn is_foreign(&self) -> bool {
        self.user.is_none()
    }
}

impl<S: Storage> Router<S> {
    /// A room.
    pub fn room(&self, room: JidRef<'_>) -> Option<&Room> {
        self.rooms.get(room)
    }

    /// All rooms, by their addresses.
    pub fn rooms(&self) -> impl Iterator<Item = &Room> {
        self.rooms.rooms.values()
    }

    /// Tells the application of what happened in a room that it observes.
    fn happened(&self, room: &Room, out: &mut Deliveries, what: impl FnOnce() -> RoomEvent) {
        if room.is_observed {
            out.act(Action::Room { room: room.jid.clone(), what: what() });
        }
    }

    /// Lets a room go in which nobody is.
    fn forget_empty(&mut self, room: JidRef<'_>) {
        if self.rooms.get(room).is_some_and(|room| !room.is_kept()) {
            self.rooms.rooms.remove(room.bare().as_str());
        }
    }
}
