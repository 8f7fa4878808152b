//! Coming into a room (XEP-0045 §7.2).

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::news::News;
use super::presence::words;
use super::{Affiliation, Occupant, Room, RoomConfig, Seat, Whois};
use crate::jid::JidRef;
use crate::ns;
use crate::payload::moment;
use crate::payload::muc::{Join, status};
use crate::router::deliveries::RoomEvent;
use crate::router::parcel::{Kind, Parcel, Tag, build};
use crate::router::storage::Storage;
use crate::router::{RoomMakers, Router, Turn};
use crate::stanza::{ErrorType, StanzaCondition, StanzaError};

/// What is said in the room is kept.
const LOGGED: u16 = 170;

impl<S: Storage> Router<S> {
    pub(super) fn join(&mut self, turn: &mut Turn<'_>, to: JidRef<'_>, nick: &str, join: &Join) {
        let limits = self.config.limits;
        let is_new = self.rooms.get(to).is_none();
        if is_new {
            if let Err(condition) = self.may_make(turn, to) {
                return self.refuse(turn, Some(to), condition);
            }
        } else if let Some(error) = self.rooms.get(to).and_then(|room| refusal(room, turn, nick, join, &limits)) {
            return self.refuse(turn, Some(to), error);
        }
        if nick.len() > limits.nick as usize {
            return self.refuse(turn, Some(to), StanzaCondition::NotAcceptable);
        }
        if turn.is_client {
            let account = self.accounts.get_mut(turn.from.bare().as_str());
            let Some(own) = account.and_then(|account| account.by_session_mut(turn.session)) else { return };
            if own.rooms.len() >= limits.joined as usize && !own.rooms.contains(to.bare().as_str()) {
                return self.refuse(turn, Some(to), StanzaCondition::ResourceConstraint);
            }
            own.rooms.insert(to.bare().to_jid());
        }
        if is_new {
            let jid = to.bare().to_jid();
            let mut room = Room::new(&jid, RoomConfig::default(), &limits);
            room.affiliations.insert(turn.from.bare().to_jid(), Affiliation::Owner);
            self.rooms.rooms.insert(jid, room);
        }
        let words = words(&self.relay, turn.element);
        let Some(is_first) = self.take_seat(turn, to, nick, words) else { return };
        self.welcome(turn, to, nick, join, is_new, is_first);
    }

    fn may_make(&self, turn: &Turn<'_>, to: JidRef<'_>) -> Result<(), StanzaCondition> {
        let may = match self.config.room_makers {
            RoomMakers::Nobody => false,
            RoomMakers::LocalUsers => turn.is_client,
            RoomMakers::Everybody => true,
        };
        if to.local().is_none() || !may {
            return Err(StanzaCondition::NotAllowed);
        }
        match self.rooms.rooms.len() < self.config.limits.rooms as usize {
            true => Ok(()),
            false => Err(StanzaCondition::ResourceConstraint),
        }
    }

    /// Takes somebody in; tells whether the nickname was not there before.
    fn take_seat(&mut self, turn: &Turn<'_>, to: JidRef<'_>, nick: &str, words: Parcel) -> Option<bool> {
        let room = self.rooms.get_mut(to)?;
        let user = turn.from.bare().to_jid();
        let role = room.usual_role(room.affiliation(user.as_ref()));
        let is_first = !room.occupants.contains_key(nick);
        let occupant = room.occupants.entry(nick.into()).or_insert_with(|| Occupant {
            jid: Arc::new(to.to_jid()),
            user: Some(user),
            role,
            seats: Vec::new(),
            presence: words.clone(),
        });
        occupant.presence = words;
        if !occupant.seats.iter().any(|seat| seat.jid == turn.from) {
            let session = turn.is_client.then_some(turn.session);
            occupant.seats.push(Seat { jid: turn.from.clone(), session });
        }
        room.nicks.insert((*turn.from).clone(), nick.into());
        Some(is_first)
    }

    /// Who is here, that there is one more, what was said, and what it is all about: in this order (§7.1).
    fn welcome(&mut self, turn: &mut Turn<'_>, to: JidRef<'_>, nick: &str, join: &Join, is_new: bool, is_first: bool) {
        let Some(room) = self.rooms.get(to) else { return };
        let Some(occupant) = room.occupant(nick) else { return };
        let shows_jids = room.shows_jids_to(occupant.role);
        for other in room.occupants.values().filter(|other| other.nick() != nick) {
            self.answer(turn, News::of(room, other).parcel(shows_jids, false));
        }
        let mut statuses = Vec::new();
        if room.config.whois == Whois::Anyone {
            statuses.push(status::NON_ANONYMOUS);
        }
        if room.config.is_archived {
            statuses.push(LOGGED);
        }
        if is_new {
            statuses.push(status::CREATED);
        }
        let news = News { own_statuses: &statuses, ..News::of(room, occupant) };
        match is_first {
            true => self.announce(room, &news, turn.out),
            false => self.answer(turn, news.parcel(shows_jids, true)),
        }
        for line in room.history.shown(join.history, turn.now) {
            self.answer(turn, late(&line.parcel, room, line.time));
        }
        self.answer(turn, subject(room));
        if is_first {
            self.happened(room, turn.out, || RoomEvent::Joined { nick: nick.into() });
        }
    }
}

/// Why somebody may not come in (§7.2.5 to §7.2.9).
fn refusal(
    room: &Room,
    turn: &Turn<'_>,
    nick: &str,
    join: &Join,
    limits: &crate::router::Limits,
) -> Option<StanzaError> {
    let affiliation = room.affiliation(turn.from.bare());
    let refused = |condition: StanzaCondition| Some(StanzaError::new(condition));
    let is_inside = room.nicks.contains_key(turn.from.as_str());
    if is_inside {
        return None;
    }
    if affiliation == Affiliation::Outcast {
        return refused(StanzaCondition::Forbidden);
    }
    if room.config.is_members_only && affiliation < Affiliation::Member {
        return refused(StanzaCondition::RegistrationRequired);
    }
    if room.config.password.is_some() && room.config.password != join.password {
        return refused(StanzaCondition::NotAuthorized);
    }
    if let Some(holder) = room.occupant(nick) {
        let is_own = holder.user.as_ref().is_some_and(|user| user.as_ref() == turn.from.bare());
        let has_room = holder.seats.len() < limits.nick_sessions as usize;
        return (!is_own || !has_room).then(|| StanzaError::new(StanzaCondition::Conflict));
    }
    let most = limits.occupants as usize;
    let wished = most.min(room.config.max_occupants as usize);
    let is_full = match affiliation >= Affiliation::Admin {
        true => room.occupants.len() >= most,
        false => room.occupants.len() >= wished,
    };
    is_full.then(|| StanzaError::new(StanzaCondition::ServiceUnavailable).kind_is(ErrorType::Wait))
}

/// What was said before, with the moment at which it was.
pub(super) fn late(parcel: &Parcel, room: &Room, time: u64) -> Parcel {
    parcel.with(|content| {
        content.element("delay", ns::DELAY, |delay| {
            delay.attr("from", room.jid.as_str())?.attr("stamp", moment::write(time).as_str())?;
            Ok(())
        });
    })
}

/// What a room is about: told last at a join, though there be nothing (§7.2.15).
pub(super) fn subject(room: &Room) -> Parcel {
    let subject = room.subject.as_ref();
    let from = subject.and_then(|subject| room.jid.with_resource(&subject.nick).ok());
    let from = from.as_ref().unwrap_or(&room.jid);
    let parcel =
        build(Kind::Message, Tag { from: Some(from.as_str()), kind: Some("groupchat"), ..Tag::default() }, |content| {
            content.text("subject", subject.map_or("", |subject| &subject.text));
        });
    match subject {
        Some(subject) => late(&parcel, room, subject.time),
        None => parcel,
    }
}
