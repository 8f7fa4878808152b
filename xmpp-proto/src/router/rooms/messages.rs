//! What is said in a room (XEP-0045 §7.4, §7.5, §7.8, §8.1): to all, to one, about what it is for, to those who are not there yet.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Affiliation, Role, Seat, Subject};
use crate::jid::{Jid, JidRef};
use crate::ns;
use crate::payload::muc::Mediated;
use crate::payload::{mam, stanza_id};
use crate::router::deliveries::{Deliveries, RoomEvent};
use crate::router::domains::Place;
use crate::router::parcel::{Kind, Parcel, Tag, To, build};
use crate::router::storage::{Entry, Held, Storage};
use crate::router::{Router, Turn};
use crate::stanza::{Message, MessageType, StanzaCondition, StanzaError};
use crate::xml::ElementRef;

impl<S: Storage> Router<S> {
    /// A message to a room, or to somebody in it.
    pub(in crate::router) fn room_message(&mut self, turn: &mut Turn<'_>, message: &Message, to: JidRef<'_>) {
        let kind = message.kind();
        let Some(room) = self.rooms.get(to) else {
            return self.refuse(turn, Some(to), StanzaCondition::ItemNotFound);
        };
        let sender = room.by_jid((*turn.from).as_ref()).map(|sender| (sender.jid.clone(), sender.role));
        let is_groupchat = kind == MessageType::Groupchat;
        match (sender, to.resource()) {
            (None, None) if kind == MessageType::Normal => self.mediate(turn, to),
            (None, _) => self.refuse(turn, Some(to), StanzaCondition::NotAcceptable),
            (Some(_), Some(_)) if is_groupchat => self.refuse(turn, Some(to), StanzaCondition::BadRequest),
            (Some((sender, _)), Some(nick)) => self.whisper(turn, message, &sender, to, nick),
            (Some(_), None) if kind == MessageType::Error => self.bounced(turn, to),
            (Some(_), None) if !is_groupchat => self.mediate(turn, to),
            (Some((_, role)), None) if role < Role::Participant => {
                self.refuse(turn, Some(to), StanzaCondition::Forbidden);
            }
            (Some((sender, role)), None) => match message.subject() {
                Some(subject) if message.body().is_none() => {
                    let subject = String::from(subject);
                    self.change_subject(turn, &sender, role, to, subject);
                }
                _ => self.say(turn, message, &sender, to),
            },
        }
    }

    /// What the room said came back from another server: who is not there any more, is not in the room (§7.14).
    fn bounced(&mut self, turn: &mut Turn<'_>, room: JidRef<'_>) {
        use StanzaCondition::{Gone, ItemNotFound, RecipientUnavailable, RemoteServerNotFound, RemoteServerTimeout};
        let error = StanzaError::read(turn.element.view()).map(|error| error.condition());
        let is_gone = matches!(
            error,
            Some(Gone | ItemNotFound | RecipientUnavailable | RemoteServerNotFound | RemoteServerTimeout)
        );
        if is_gone && !turn.is_client {
            let from = turn.from.clone();
            self.leave_room(&room.bare().to_jid(), &from, None, turn.now, turn.out);
        }
    }

    /// To all in the room.
    fn say(&mut self, turn: &mut Turn<'_>, message: &Message, sender: &Arc<Jid>, to: JidRef<'_>) {
        let Some(room) = self.rooms.get(to) else { return };
        let own = room.jid.clone();
        let parcel = self.relay.parcel(Kind::Message, turn.element, sender.as_str(), To::Each, room_words(&own));
        let is_kept = message.body().is_some() || mam::is_archivable(turn.element.view());
        let text = Self::body(message);
        self.spread(to, sender, &parcel, is_kept, text, turn.now, turn.out);
    }

    /// Gives a message to all in a room, and keeps it there. The parcel has no `to`.
    #[expect(clippy::too_many_arguments, reason = "what a message in a room is: where, whose, what, when")]
    pub(super) fn spread(
        &mut self,
        room: JidRef<'_>,
        sender: &Arc<Jid>,
        parcel: &Parcel,
        is_kept: bool,
        text: Option<String>,
        now: u64,
        out: &mut Deliveries,
    ) {
        let id = self.next_id(now);
        let Some(known) = self.rooms.get_mut(room) else { return };
        let by = known.jid.clone();
        let parcel = match is_kept {
            true => parcel.with(|content| {
                content.element("stanza-id", ns::STANZA_ID, |element| {
                    element.attr("by", by.as_str())?.attr("id", &id)?;
                    Ok(())
                });
            }),
            false => parcel.clone(),
        };
        if is_kept {
            known.history.push(now, &parcel);
        }
        let is_archived = is_kept && known.config.is_archived;
        let Some(known) = self.rooms.get(room) else { return };
        self.to_seats(known.seats(), &parcel, out);
        if let (Some(text), Some(occupant)) = (text, known.occupant(sender.resource().unwrap_or_default()))
            && !occupant.is_foreign()
        {
            self.happened(known, out, || RoomEvent::Said { nick: occupant.nick().into(), text, id: id.clone() });
        }
        if is_archived {
            let time = now.max(self.ids.0);
            let entry = Entry { id: id.into(), time, with: sender.clone(), parcel: parcel.detached() };
            self.storage.archive((*by).as_ref(), entry);
        }
    }

    /// To one in the room (§7.5).
    fn whisper(&mut self, turn: &mut Turn<'_>, message: &Message, sender: &Arc<Jid>, to: JidRef<'_>, nick: &str) {
        let Some(room) = self.rooms.get(to) else { return };
        let Some(receiver) = room.occupant(nick) else {
            return self.refuse(turn, Some(to), StanzaCondition::ItemNotFound);
        };
        if receiver.is_foreign() {
            if let Some(text) = Self::body(message).filter(|_| message.kind() != MessageType::Error) {
                let from = sender.resource().unwrap_or_default();
                let event = || RoomEvent::Whispered { nick: from.into(), to: nick.into(), text };
                self.happened(room, turn.out, event);
            }
            return;
        }
        let parcel = self.relay.parcel(Kind::Message, turn.element, sender.as_str(), To::Each, room_words(&room.jid));
        self.to_seats(receiver.seats.iter(), &whispered(&parcel), turn.out);
    }

    /// What it is about (§8.1).
    fn change_subject(&mut self, turn: &mut Turn<'_>, sender: &Arc<Jid>, role: Role, to: JidRef<'_>, text: String) {
        let most = self.config.limits.subject as usize;
        let Some(room) = self.rooms.get(to) else { return };
        if role < Role::Moderator && !room.config.may_participants_change_subject {
            return self.refuse(turn, Some(to), StanzaCondition::Forbidden);
        }
        if text.len() > most {
            return self.refuse(turn, Some(to), StanzaCondition::NotAcceptable);
        }
        let keep = |child: ElementRef<'_>| room_words(&room.jid)(child);
        let parcel = self.relay.parcel(Kind::Message, turn.element, sender.as_str(), To::Each, keep);
        self.put_subject(to, sender, &parcel, text.clone(), turn.now, turn.out);
        if let Some(room) = self.rooms.get(to) {
            let nick = sender.resource().unwrap_or_default();
            self.happened(room, turn.out, || RoomEvent::Subject { nick: nick.into(), text });
        }
    }

    pub(super) fn put_subject(
        &mut self,
        room: JidRef<'_>,
        sender: &Arc<Jid>,
        parcel: &Parcel,
        text: String,
        now: u64,
        out: &mut Deliveries,
    ) {
        let Some(known) = self.rooms.get_mut(room) else { return };
        let nick = sender.resource().unwrap_or_default().into();
        known.subject = Some(Subject { text, nick, time: now });
        let Some(known) = self.rooms.get(room) else { return };
        self.to_seats(known.seats(), parcel, out);
    }

    /// Invitations that a room carries, and refusals of them (§7.8.2).
    fn mediate(&mut self, turn: &mut Turn<'_>, to: JidRef<'_>) {
        let mediated = match Mediated::within(turn.element.view()) {
            Ok(mediated) => mediated,
            Err(_) => return self.refuse(turn, Some(to), StanzaCondition::JidMalformed),
        };
        let [mediated] = mediated.as_slice() else {
            return self.refuse(turn, Some(to), StanzaCondition::BadRequest);
        };
        let from = turn.from.clone();
        let Some(room) = self.rooms.get_mut(to) else { return };
        let is_inside = room.nicks.contains_key(from.as_str());
        let name = if mediated.is_decline { "decline" } else { "invite" };
        if !mediated.is_decline {
            let power = room.affiliation(from.bare());
            let may = is_inside
                && (!room.config.is_members_only || room.config.may_members_invite || power >= Affiliation::Admin);
            if !may {
                return self.refuse(turn, Some(to), StanzaCondition::Forbidden);
            }
            // Who is invited to a room for members is one (§7.8.2).
            let most = self.config.limits.affiliations as usize;
            let is_stranger = room.affiliation(mediated.to.as_ref()) == Affiliation::None;
            if room.config.is_members_only && is_stranger && room.affiliations.len() < most {
                room.affiliations.insert(mediated.to.bare().to_jid(), Affiliation::Member);
            }
        } else if !room.nicks.contains_key(mediated.to.as_str())
            && !room.seats().any(|seat| seat.jid.bare() == mediated.to.bare())
        {
            // Refusals go to those in the room alone, or it would carry anything to anybody.
            return;
        }
        let password = room.config.password.clone().filter(|_| !mediated.is_decline);
        let by = room.jid.clone();
        let parcel = build(Kind::Message, Tag { from: Some(room.jid.as_str()), ..Tag::default() }, |content| {
            content.element("x", ns::MUC_USER, |x| {
                let mut element = x.own(name)?;
                element.attr("from", if is_inside { from.as_str() } else { from.bare().as_str() })?;
                if let Some(reason) = &mediated.reason {
                    element.own_text("reason", reason)?;
                }
                element.end();
                if let Some(password) = &password {
                    x.own_text("password", password)?;
                }
                Ok(())
            });
        });
        self.carry(turn, &by, mediated.to.as_ref(), &parcel);
    }

    /// Gives a room's message to somebody who need not be in it, nor be here now.
    fn carry(&mut self, turn: &mut Turn<'_>, room: &Jid, to: JidRef<'_>, parcel: &Parcel) {
        match self.place(to) {
            Place::Account => {
                let from = turn.from.clone();
                let Some(account) = self.account_mut(to.bare()) else { return };
                if account.blocks((*from).as_ref()) || account.blocks(room.as_ref()) {
                    return;
                }
                let addressed = account.available().filter(|(resource, presence)| match to.resource() {
                    Some(name) => resource.jid.resource() == Some(name),
                    None => presence.priority >= 0,
                });
                let here: Vec<_> = addressed.map(|(resource, _)| resource.recipient()).collect();
                if here.is_empty() && to.is_bare() {
                    let held = Held { time: turn.now, parcel: parcel.addressed(to.as_str()) };
                    // Where it cannot be kept, it is as if it had been overlooked.
                    let _ = self.storage.hold(to, held);
                }
                turn.out.share(here, parcel);
            }
            Place::Server | Place::Rooms => {}
            Place::Connected(_) | Place::Beyond => drop(self.send_beyond(to, parcel, turn.out)),
        }
    }

    pub(super) fn seats_of<'r>(&'r self, room: JidRef<'_>, nick: &str) -> &'r [Seat] {
        self.rooms.get(room).and_then(|room| room.occupant(nick)).map_or(&[], |occupant| &occupant.seats)
    }
}

/// What of a message passes through a room: not what only the room may say.
fn room_words(room: &Jid) -> impl Fn(ElementRef<'_>) -> bool + use<'_> {
    |child| {
        let is_the_rooms = child.ns() == ns::MUC_USER
            || stanza_id::is_by(child, room.as_ref())
            || child.is("delay", ns::DELAY)
            || child.is("result", ns::MAM);
        !is_the_rooms
    }
}

/// Marked as said to one alone, in a room (§7.5).
pub(super) fn whispered(parcel: &Parcel) -> Parcel {
    parcel.with(|content| {
        content.element("x", ns::MUC_USER, |_| Ok(()));
    })
}
