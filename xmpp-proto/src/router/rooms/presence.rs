//! Presence to a room: coming in, going, news, another nickname (XEP-0045 §7.1 to §7.7, §7.14).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;

use super::Occupant;
use super::news::News;
use crate::jid::{Jid, JidRef};
use crate::ns;
use crate::payload::muc::{Join, status};
use crate::router::deliveries::{Deliveries, RoomEvent};
use crate::router::parcel::{Kind, Parcel, Relay};
use crate::router::storage::Storage;
use crate::router::{Router, Turn};
use crate::stanza::{PresenceType, StanzaCondition};
use crate::xml::{Element, ElementRef};

/// What somebody says of itself in a room: nothing that only the room may say.
pub(super) fn words(relay: &Relay, stanza: &Element) -> Parcel {
    let keep = |child: ElementRef<'_>| !matches!(child.ns(), ns::MUC | ns::MUC_USER);
    relay.words(Kind::Presence, stanza, keep)
}

impl<S: Storage> Router<S> {
    /// Presence for a room, or for somebody in it.
    pub(in crate::router) fn room_presence(&mut self, turn: &mut Turn<'_>, kind: PresenceType, to: JidRef<'_>) {
        let from = turn.from.clone();
        let inside = self.rooms.get(to).and_then(|room| room.by_jid((*from).as_ref()));
        let nick = inside.map(|occupant| Box::<str>::from(occupant.nick()));
        match (kind, nick, to.resource()) {
            (PresenceType::Unavailable | PresenceType::Error, Some(_), _) => {
                let element = (kind == PresenceType::Unavailable).then_some(turn.element);
                self.leave_room(&to.bare().to_jid(), &from, element, turn.now, turn.out);
            }
            (PresenceType::Unavailable | PresenceType::Error, None, _) => {}
            (_, _, None) => self.refuse(turn, Some(to), StanzaCondition::JidMalformed),
            (_, nick, Some(wanted)) => match (nick, Join::within(turn.element.view())) {
                (Some(nick), None) if *nick == *wanted => self.update(turn, to),
                (Some(nick), _) if *nick != *wanted => self.rename(turn, to, &nick, wanted),
                (_, Some(join)) => self.join(turn, to, wanted, &join),
                // It takes itself for inside, and is not: it must come in anew.
                (_, None) => self.refuse(turn, Some(to), StanzaCondition::NotAcceptable),
            },
        }
    }

    /// Another server asks how somebody in a room is: it is told by the room's own presence, not by probes.
    pub(in crate::router) fn room_probe(&mut self, turn: &mut Turn<'_>, to: JidRef<'_>) {
        let Some(room) = self.rooms.get(to) else { return };
        let (Some(asking), Some(asked)) =
            (room.by_jid((*turn.from).as_ref()), to.resource().and_then(|nick| room.occupant(nick)))
        else {
            return;
        };
        let is_own = asking.nick() == asked.nick();
        let parcel = News::of(room, asked).parcel(room.shows_jids_to(asking.role), is_own);
        self.answer(turn, parcel);
    }

    fn update(&mut self, turn: &mut Turn<'_>, to: JidRef<'_>) {
        let words = words(&self.relay, turn.element);
        let Some(room) = self.rooms.get_mut(to) else { return };
        let Some(occupant) = to.resource().and_then(|nick| room.occupants.get_mut(nick)) else { return };
        occupant.presence = words;
        let Some(room) = self.rooms.get(to) else { return };
        let Some(occupant) = to.resource().and_then(|nick| room.occupant(nick)) else { return };
        self.announce(room, &News::of(room, occupant), turn.out);
    }

    fn rename(&mut self, turn: &mut Turn<'_>, to: JidRef<'_>, nick: &str, wanted: &str) {
        let most = self.config.limits.nick as usize;
        let words = words(&self.relay, turn.element);
        let Some(room) = self.rooms.get(to) else { return };
        if wanted.len() > most {
            return self.refuse(turn, Some(to), StanzaCondition::NotAcceptable);
        }
        if room.occupants.contains_key(wanted) {
            return self.refuse(turn, Some(to), StanzaCondition::Conflict);
        }
        self.change_nick(to.bare(), nick, to, Some(words), turn.out);
        if let Some(room) = self.rooms.get(to) {
            self.happened(room, turn.out, || RoomEvent::Renamed { from: nick.into(), to: wanted.into() });
        }
    }

    /// Gives an occupant the nickname of `to`, which nobody has.
    pub(super) fn change_nick(
        &mut self,
        room: JidRef<'_>,
        nick: &str,
        to: JidRef<'_>,
        words: Option<Parcel>,
        out: &mut Deliveries,
    ) {
        let wanted = to.resource().unwrap_or_default();
        let Some(known) = self.rooms.get(room) else { return };
        let Some(occupant) = known.occupant(nick) else { return };
        let news = News {
            role: occupant.role,
            nick: Some(wanted),
            statuses: &[status::NICK_CHANGED],
            ..News::gone(known, occupant)
        };
        self.announce(known, &news, out);
        let Some(known) = self.rooms.get_mut(room) else { return };
        let Some(mut occupant) = known.occupants.remove(nick) else { return };
        for seat in &occupant.seats {
            known.nicks.insert((*seat.jid).clone(), wanted.into());
        }
        occupant.jid = Arc::new(to.to_jid());
        occupant.presence = words.unwrap_or(occupant.presence);
        known.occupants.insert(wanted.into(), occupant);
        let Some(known) = self.rooms.get(room) else { return };
        let Some(occupant) = known.occupant(wanted) else { return };
        self.announce(known, &News::of(known, occupant), out);
    }

    /// One session leaves a room; `stanza` is what it says to that, and none where it hears nothing any more.
    pub(in crate::router) fn leave_room(
        &mut self,
        room: &Jid,
        jid: &Arc<Jid>,
        stanza: Option<&Element>,
        _now: u64,
        out: &mut Deliveries,
    ) {
        let words = stanza.map(|stanza| words(&self.relay, stanza));
        let account = self.accounts.get_mut(jid.bare().as_str());
        let own = account.and_then(|account| account.resources.iter_mut().find(|resource| resource.jid == *jid));
        if let Some(own) = own {
            own.rooms.remove(room.as_str());
        }
        let Some(known) = self.rooms.get_mut(room.as_ref()) else { return };
        let Some(nick) = known.nicks.remove(jid.as_str()) else { return };
        let Some(occupant) = known.occupants.get_mut(&nick) else { return };
        let left = occupant.seats.iter().position(|seat| seat.jid == *jid).map(|at| occupant.seats.remove(at));
        let own: &[_] = if stanza.is_some() { left.as_slice() } else { &[] };
        if !occupant.seats.is_empty() {
            // Others still see the nickname.
            let Some(known) = self.rooms.get(room.as_ref()) else { return };
            let Some(occupant) = known.occupant(&nick) else { return };
            let news = News { jid: Some(jid), ..News::gone(known, occupant) };
            return self.announce_to(own, &news, known.shows_jids_to(occupant.role), out);
        }
        let Some(occupant) = known.occupants.remove(&nick) else { return };
        let reason =
            stanza.and_then(|stanza| stanza.child("status", stanza.ns()).map(|status| status.text().into_owned()));
        let Some(known) = self.rooms.get(room.as_ref()) else { return };
        let news = News { jid: Some(jid), farewell: words.as_ref(), ..News::gone(known, &occupant) };
        self.announce(known, &news, out);
        self.announce_to(own, &news, known.shows_jids_to(occupant.role), out);
        self.happened(known, out, || RoomEvent::Left { nick: String::from(&*nick), reason });
        self.forget_empty(room.as_ref());
    }

    /// Puts somebody out of a room with all sessions, and tells the application.
    pub(super) fn put_out(
        &mut self,
        room: JidRef<'_>,
        nick: &str,
        statuses: &[u16],
        reason: Option<&str>,
        out: &mut Deliveries,
    ) {
        let Some(is_foreign) = self.take_out(room, nick, statuses, reason, out) else { return };
        let Some(known) = self.rooms.get(room) else { return };
        let (nick, reason) = (String::from(nick), reason.map(String::from));
        self.happened(known, out, || match is_foreign {
            true => RoomEvent::Kicked { nick, reason },
            false => RoomEvent::Left { nick, reason },
        });
        self.forget_empty(room);
    }

    /// Takes somebody out of a room with all sessions, and tells whether it was somebody who was brought in.
    pub(super) fn take_out(
        &mut self,
        room: JidRef<'_>,
        nick: &str,
        statuses: &[u16],
        reason: Option<&str>,
        out: &mut Deliveries,
    ) -> Option<bool> {
        let known = self.rooms.get_mut(room)?;
        let occupant = known.occupants.remove(nick)?;
        for seat in &occupant.seats {
            known.nicks.remove(seat.jid.as_str());
        }
        for seat in &occupant.seats {
            let account = self.accounts.get_mut(seat.jid.bare().as_str());
            let own =
                account.and_then(|account| account.resources.iter_mut().find(|resource| resource.jid == seat.jid));
            if let Some(own) = own {
                own.rooms.remove(room.bare().as_str());
            }
        }
        let known = self.rooms.get(room)?;
        let Occupant { seats, role, .. } = &occupant;
        let news = News { reason, statuses, ..News::gone(known, &occupant) };
        self.announce_to(seats, &news, known.shows_jids_to(*role), out);
        self.announce(known, &news, out);
        Some(occupant.is_foreign())
    }
}
