//! The application's side of rooms: it makes them, sees what happens in them, and brings in people of another chat network.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::news::News;
use super::{Occupant, Role, Room, RoomConfig};
use crate::jid::{Jid, JidError, JidRef};
use crate::payload::muc::{Affiliation, status};
use crate::payload::rsm::Place;
use crate::router::Router;
use crate::router::deliveries::Deliveries;
use crate::router::parcel::{Kind, Tag, build};
use crate::router::storage::{Query, Storage};

/// Why something was not done in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoomFault {
    /// The address is not that of a room here.
    #[error("this is no address of a room: it must have a localpart and the rooms' domain, and no resource")]
    NotOurs,
    /// There is no such room.
    #[error("there is no such room; make it first")]
    NoRoom,
    /// There is such a room.
    #[error("there is a room of this name")]
    Exists,
    /// There are as many rooms, or as many in this one, as there may be.
    #[error("there are as many as there may be")]
    Full,
    /// The nickname is none.
    #[error("the nickname cannot be one: {0}")]
    Nick(#[from] JidError),
    /// The nickname is too long.
    #[error("the nickname is too long; see Limits::nick")]
    NickTooLong,
    /// Somebody has the nickname.
    #[error("somebody has this nickname; take another one")]
    NickTaken,
    /// Nobody has this nickname, or nobody that the application brought in.
    #[error("nobody of those who are meant has this nickname")]
    NoOccupant,
    /// The room does not let them speak.
    #[error("they have no voice in this room")]
    NoVoice,
}

impl<S: Storage> Router<S> {
    /// Makes a room, or gives the one that is there another configuration. `owner` owns it besides those who do. Newcomers to a new one are shown what its
    /// archive has.
    ///
    /// # Errors
    /// [`RoomFault::NotOurs`], [`RoomFault::Full`].
    pub fn set_room(
        &mut self,
        room: JidRef<'_>,
        config: RoomConfig,
        owner: Option<JidRef<'_>>,
        out: &mut Deliveries,
    ) -> Result<(), RoomFault> {
        let is_ours = self.config.rooms.as_ref().is_some_and(|rooms| rooms.domain() == room.domain());
        if !is_ours || room.local().is_none() || room.is_full() {
            return Err(RoomFault::NotOurs);
        }
        if self.rooms.get(room).is_some() {
            self.configure(room, config, out);
        } else {
            if self.rooms.rooms.len() >= self.config.limits.rooms as usize {
                return Err(RoomFault::Full);
            }
            let jid = room.to_jid();
            let mut made = Room::new(&jid, config, &self.config.limits);
            if made.config.is_archived {
                self.remember(&mut made);
            }
            self.rooms.rooms.insert(jid, made);
        }
        if let Some(owner) = owner {
            self.set_affiliation(room, &owner.bare().to_jid(), Affiliation::Owner, None, out);
        }
        Ok(())
    }

    /// What was said last in a room, from its archive.
    fn remember(&self, room: &mut Room) {
        let max = self.config.limits.history as usize;
        let query = Query { with: None, start: None, end: None, after: None, before: None, place: &Place::Last, max };
        // Without it newcomers are shown less, and may ask the archive.
        for entry in self.storage.query((*room.jid).as_ref(), &query).unwrap_or_default().entries {
            room.history.push(entry.time, &entry.parcel);
        }
    }

    /// Takes a room away, with all in it.
    ///
    /// # Errors
    /// [`RoomFault::NoRoom`].
    pub fn remove_room(
        &mut self,
        room: JidRef<'_>,
        reason: Option<&str>,
        out: &mut Deliveries,
    ) -> Result<(), RoomFault> {
        self.rooms.get(room).ok_or(RoomFault::NoRoom)?;
        self.destroy(room, None, reason, out);
        Ok(())
    }

    /// Tells the application of what happens in a room from now on, by [`Action::Room`](crate::router::Action::Room); of what it does itself it is not told.
    /// A room that is observed stays, though it be empty.
    ///
    /// # Errors
    /// [`RoomFault::NoRoom`].
    pub fn observe(&mut self, room: JidRef<'_>, is_observed: bool) -> Result<(), RoomFault> {
        self.rooms.get_mut(room).ok_or(RoomFault::NoRoom)?.is_observed = is_observed;
        self.forget_empty(room);
        Ok(())
    }

    /// Brings somebody of another chat network into a room. They speak, hear by [`Action::Room`](crate::router::Action::Room), have no address, and no
    /// power; whether they may be in, the application decides.
    ///
    /// # Errors
    /// [`RoomFault::NoRoom`], [`RoomFault::NickTaken`], [`RoomFault::Full`], and where the nickname is none.
    pub fn join_foreign(&mut self, room: JidRef<'_>, nick: &str, out: &mut Deliveries) -> Result<(), RoomFault> {
        let limits = self.config.limits;
        let known = self.rooms.get_mut(room).ok_or(RoomFault::NoRoom)?;
        let jid = foreign_jid(known, nick, limits.nick)?;
        if known.occupants.len() >= limits.occupants as usize {
            return Err(RoomFault::Full);
        }
        let nick = jid.resource().unwrap_or_default();
        let presence = build(Kind::Presence, Tag::default(), |_| {});
        let role = known.usual_role(Affiliation::None).max(Role::Participant);
        let occupant = Occupant { jid: Arc::new(jid.clone()), user: None, role, seats: Vec::new(), presence };
        known.occupants.insert(nick.into(), occupant);
        let known = self.rooms.get(room).ok_or(RoomFault::NoRoom)?;
        let occupant = known.occupant(nick).ok_or(RoomFault::NoOccupant)?;
        self.announce(known, &News::of(known, occupant), out);
        Ok(())
    }

    /// Takes somebody away who was brought in.
    ///
    /// # Errors
    /// [`RoomFault::NoRoom`], [`RoomFault::NoOccupant`].
    pub fn leave_foreign(
        &mut self,
        room: JidRef<'_>,
        nick: &str,
        reason: Option<&str>,
        out: &mut Deliveries,
    ) -> Result<(), RoomFault> {
        let jid = self.foreign(room, nick)?;
        let nick = jid.resource().unwrap_or_default();
        let known = self.rooms.get_mut(room).ok_or(RoomFault::NoRoom)?;
        let occupant = known.occupants.remove(nick).ok_or(RoomFault::NoOccupant)?;
        let farewell = reason.map(|reason| {
            build(Kind::Presence, Tag::default(), |content| {
                content.text("status", reason);
            })
        });
        let known = self.rooms.get(room).ok_or(RoomFault::NoRoom)?;
        let news = News { farewell: farewell.as_ref(), ..News::gone(known, &occupant) };
        self.announce(known, &news, out);
        self.forget_empty(room);
        Ok(())
    }

    /// Puts somebody out of a room as a moderator does (XEP-0045 §8.2), with all sessions. Whether that is right, the application decides.
    ///
    /// # Errors
    /// [`RoomFault::NoRoom`], [`RoomFault::NoOccupant`].
    pub fn put_out_of_room(
        &mut self,
        room: JidRef<'_>,
        nick: &str,
        reason: Option<&str>,
        out: &mut Deliveries,
    ) -> Result<(), RoomFault> {
        self.rooms.get(room).ok_or(RoomFault::NoRoom)?;
        self.take_out(room, nick, &[status::KICKED], reason, out).ok_or(RoomFault::NoOccupant)?;
        self.forget_empty(room);
        Ok(())
    }

    /// Gives somebody who was brought in another nickname.
    ///
    /// # Errors
    /// As [`join_foreign`](Router::join_foreign), and [`RoomFault::NoOccupant`].
    pub fn rename_foreign(
        &mut self,
        room: JidRef<'_>,
        nick: &str,
        wanted: &str,
        out: &mut Deliveries,
    ) -> Result<(), RoomFault> {
        let jid = self.foreign(room, nick)?;
        let known = self.rooms.get(room).ok_or(RoomFault::NoRoom)?;
        let wanted = foreign_jid(known, wanted, self.config.limits.nick)?;
        self.change_nick(room, jid.resource().unwrap_or_default(), wanted.as_ref(), None, out);
        Ok(())
    }

    /// Says something to all in a room, as somebody who was brought in.
    ///
    /// # Errors
    /// [`RoomFault::NoRoom`], [`RoomFault::NoOccupant`], [`RoomFault::NoVoice`].
    pub fn say_foreign(
        &mut self,
        room: JidRef<'_>,
        nick: &str,
        text: &str,
        now: u64,
        out: &mut Deliveries,
    ) -> Result<(), RoomFault> {
        let sender = self.voice(room, nick)?;
        let parcel = said(&sender, "groupchat", "body", text);
        self.spread(room, &sender, &parcel, true, None, now, out);
        Ok(())
    }

    /// Says something to one in a room, as somebody who was brought in.
    ///
    /// # Errors
    /// [`RoomFault::NoRoom`], [`RoomFault::NoOccupant`]: of either.
    pub fn whisper_foreign(
        &mut self,
        room: JidRef<'_>,
        nick: &str,
        to: &str,
        text: &str,
        out: &mut Deliveries,
    ) -> Result<(), RoomFault> {
        let sender = self.foreign(room, nick)?;
        let seats = self.seats_of(room, to);
        if seats.is_empty() {
            return Err(RoomFault::NoOccupant);
        }
        let parcel = super::messages::whispered(&said(&sender, "chat", "body", text));
        self.to_seats(seats.iter(), &parcel, out);
        Ok(())
    }

    /// Gives a room another subject, as somebody who was brought in. Whether they may, the application decides.
    ///
    /// # Errors
    /// [`RoomFault::NoRoom`], [`RoomFault::NoOccupant`].
    pub fn set_subject_foreign(
        &mut self,
        room: JidRef<'_>,
        nick: &str,
        text: &str,
        now: u64,
        out: &mut Deliveries,
    ) -> Result<(), RoomFault> {
        let sender = self.foreign(room, nick)?;
        let most = self.config.limits.subject as usize;
        let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let text = text.get(..end).unwrap_or_default();
        let parcel = said(&sender, "groupchat", "subject", text);
        self.put_subject(room, &sender, &parcel, text.into(), now, out);
        Ok(())
    }

    fn foreign(&self, room: JidRef<'_>, nick: &str) -> Result<Arc<Jid>, RoomFault> {
        let known = self.rooms.get(room).ok_or(RoomFault::NoRoom)?;
        let jid = known.jid.with_resource(nick)?;
        let occupant = known.occupant(jid.resource().unwrap_or_default()).filter(|occupant| occupant.is_foreign());
        occupant.map(|occupant| occupant.jid.clone()).ok_or(RoomFault::NoOccupant)
    }

    fn voice(&self, room: JidRef<'_>, nick: &str) -> Result<Arc<Jid>, RoomFault> {
        let jid = self.foreign(room, nick)?;
        let known = self.rooms.get(room).ok_or(RoomFault::NoRoom)?;
        let role = known.occupant(jid.resource().unwrap_or_default()).map_or(Role::None, |occupant| occupant.role);
        if role < Role::Participant { Err(RoomFault::NoVoice) } else { Ok(jid) }
    }
}

fn said(sender: &Jid, kind: &str, name: &str, text: &str) -> crate::router::parcel::Parcel {
    build(Kind::Message, Tag { from: Some(sender.as_str()), kind: Some(kind), ..Tag::default() }, |content| {
        content.text(name, text);
    })
}

/// A free nickname's address.
fn foreign_jid(room: &Room, nick: &str, most: u32) -> Result<Jid, RoomFault> {
    let jid = room.jid.with_resource(nick)?;
    let nick = jid.resource().unwrap_or_default();
    if nick.len() > most as usize {
        return Err(RoomFault::NickTooLong);
    }
    if room.occupants.contains_key(nick) {
        return Err(RoomFault::NickTaken);
    }
    Ok(jid)
}
