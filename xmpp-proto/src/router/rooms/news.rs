//! What those in a room are told of each other (XEP-0045 §7.2): the same presence in up to four forms, of which each is written once.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Affiliation, Occupant, Role, Room, Seat, Whois};
use crate::jid::Jid;
use crate::payload::muc::{Item, User, status};
use crate::router::Router;
use crate::router::deliveries::{Deliveries, Recipient};
use crate::router::domains::Place;
use crate::router::parcel::{Kind, Parcel, Tag, build};
use crate::router::storage::Storage;

/// News of an occupant.
#[derive(Clone, Copy)]
pub(super) struct News<'a> {
    /// Whom it is of: the room's address, with the nickname.
    pub(super) from: &'a Jid,
    /// The real address.
    pub(super) jid: Option<&'a Jid>,
    pub(super) affiliation: Affiliation,
    pub(super) role: Role,
    /// What it says of itself; none where it has gone.
    pub(super) presence: Option<&'a Parcel>,
    /// What it said when it went.
    pub(super) farewell: Option<&'a Parcel>,
    /// The nickname from now on.
    pub(super) nick: Option<&'a str>,
    pub(super) reason: Option<&'a str>,
    pub(super) statuses: &'a [u16],
    /// For the one whom it is of.
    pub(super) own_statuses: &'a [u16],
}

impl<'a> News<'a> {
    /// How somebody in a room is.
    pub(super) fn of(room: &Room, occupant: &'a Occupant) -> Self {
        News {
            from: &occupant.jid,
            jid: occupant.seats.first().map(|seat| &*seat.jid),
            affiliation: room.affiliation_of(occupant),
            role: occupant.role,
            presence: Some(&occupant.presence),
            farewell: None,
            nick: None,
            reason: None,
            statuses: &[],
            own_statuses: &[],
        }
    }

    /// That somebody is no longer there.
    pub(super) fn gone(room: &Room, occupant: &'a Occupant) -> Self {
        News { presence: None, role: Role::None, ..News::of(room, occupant) }
    }

    /// The presence, for those who see addresses or not, for itself or others.
    pub(super) fn parcel(&self, shows_jid: bool, is_own: bool) -> Parcel {
        let mut statuses: Vec<u16> = self.statuses.into();
        if is_own {
            statuses.push(status::SELF);
            statuses.extend(self.own_statuses);
        }
        let item = Item {
            affiliation: Some(self.affiliation),
            role: Some(self.role),
            jid: self.jid.filter(|_| shows_jid).cloned(),
            nick: self.nick.map(String::from),
            reason: self.reason.map(String::from),
        };
        let kind = self.presence.is_none().then_some("unavailable");
        build(Kind::Presence, Tag { from: Some(self.from.as_str()), kind, ..Tag::default() }, |content| {
            for words in [self.presence, self.farewell].into_iter().flatten() {
                content.content_of(words);
            }
            content.payloads(|presence| User { item: Some(item), statuses }.write(presence));
        })
    }
}

impl Room {
    /// Whether somebody in it sees the addresses of others.
    pub(super) fn shows_jids_to(&self, role: Role) -> bool {
        self.config.whois == Whois::Anyone || role == Role::Moderator
    }
}

impl<S: Storage> Router<S> {
    /// Sends to sessions of those in a room; the parcel has no `to`.
    pub(super) fn to_seats<'s>(&self, seats: impl Iterator<Item = &'s Seat>, parcel: &Parcel, out: &mut Deliveries) {
        let mut here = Vec::new();
        for seat in seats {
            match self.recipient(seat) {
                Some(recipient) => here.push(recipient),
                None => drop(self.send_beyond((*seat.jid).as_ref(), parcel, out)),
            }
        }
        out.share(here, parcel);
    }

    fn recipient(&self, seat: &Seat) -> Option<Recipient> {
        let session = match (seat.session, self.place((*seat.jid).as_ref())) {
            (Some(session), _) | (None, Place::Connected(session)) => session,
            _ => return None,
        };
        let is_shared = self.config.shares_rooms && seat.session.is_some();
        Some(Recipient { session, to: (!is_shared).then(|| Arc::clone(&seat.jid)) })
    }

    /// Tells news to all in a room; to itself, too, if it is still there.
    pub(super) fn announce(&self, room: &Room, news: &News<'_>, out: &mut Deliveries) {
        for (shows_jid, is_own) in [(false, false), (true, false), (false, true), (true, true)] {
            let told = room.occupants.values().filter(|occupant| {
                room.shows_jids_to(occupant.role) == shows_jid && (*occupant.jid == *news.from) == is_own
            });
            let mut seats = told.flat_map(|occupant| &occupant.seats).peekable();
            if seats.peek().is_some() {
                self.to_seats(seats, &news.parcel(shows_jid, is_own), out);
            }
        }
    }

    /// Tells news to those whom it is of, who may be no longer there.
    pub(super) fn announce_to(&self, seats: &[Seat], news: &News<'_>, shows_jid: bool, out: &mut Deliveries) {
        if !seats.is_empty() {
            self.to_seats(seats.iter(), &news.parcel(shows_jid, true), out);
        }
    }
}
