//! Requests to the rooms, a room, or somebody in one: what there is (XEP-0045 §6), whether one is still inside (XEP-0410), and all the rest.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Affiliation, Whois};
use crate::jid::{Jid, JidRef};
use crate::ns;
use crate::payload::disco;
use crate::payload::form::FormWriter;
use crate::router::disco::ROOM;
use crate::router::parcel::{Kind, To};
use crate::router::storage::Storage;
use crate::router::{Router, Turn};
use crate::stanza::{Iq, IqType, StanzaCondition};
use crate::xml::ElementRef;

impl<S: Storage> Router<S> {
    /// A request or an answer, to the rooms, a room, or somebody in one.
    pub(in crate::router) fn room_iq(&mut self, turn: &mut Turn<'_>, iq: &Iq, to: JidRef<'_>) {
        if to.is_full() {
            return self.occupant_iq(turn, iq, to);
        }
        let Some(payload) = iq.payload().filter(|_| iq.kind().is_request()) else { return };
        if to.local().is_none() {
            return self.service_iq(turn, iq.kind(), payload, to);
        }
        let Some(room) = self.rooms.get(to) else {
            return self.refuse(turn, Some(to), StanzaCondition::ItemNotFound);
        };
        let is_inside = room.nicks.contains_key(turn.from.as_str());
        let affiliation = room.affiliation(turn.from.bare());
        match (iq.kind(), payload.name(), payload.ns()) {
            (IqType::Get, "query", ns::DISCO_INFO) => self.room_info(turn, payload, to),
            (IqType::Get, "query", ns::DISCO_ITEMS) => self.room_items(turn, to, is_inside),
            (kind, "query", ns::MUC_ADMIN) => self.room_admin(turn, kind, payload, to),
            (kind, "query", ns::MUC_OWNER) => self.room_owner(turn, kind, payload, to),
            (kind, "query" | "metadata", ns::MAM) => {
                // Who could come in may read what was said there.
                let may = affiliation != Affiliation::Outcast
                    && (is_inside || affiliation >= Affiliation::Member || room.config.is_open());
                match (may, room.config.is_archived, kind, payload.name()) {
                    (false, ..) => self.refuse(turn, Some(to), StanzaCondition::Forbidden),
                    (_, false, ..) => self.refuse(turn, Some(to), StanzaCondition::ServiceUnavailable),
                    (_, _, IqType::Get, "query") => self.archive_fields(turn, to),
                    (_, _, IqType::Set, "query") => self.archive_query(turn, to, payload),
                    (_, _, IqType::Get, _) => self.archive_metadata(turn, to),
                    _ => self.refuse(turn, Some(to), StanzaCondition::BadRequest),
                }
            }
            (IqType::Get, "ping", ns::PING) if is_inside => self.result(turn, Some(to), |_| {}),
            (IqType::Get, "ping", ns::PING) => self.refuse(turn, Some(to), StanzaCondition::NotAcceptable),
            _ => self.refuse(turn, Some(to), StanzaCondition::ServiceUnavailable),
        }
    }

    fn service_iq(&mut self, turn: &mut Turn<'_>, kind: IqType, payload: ElementRef<'_>, to: JidRef<'_>) {
        match (kind, payload.name(), payload.ns()) {
            (IqType::Get, "query", ns::DISCO_INFO) => self.result(turn, Some(to), |content| {
                content.element("query", ns::DISCO_INFO, |query| {
                    disco::write_identity(query, "conference", "text", Some("Rooms"))?;
                    let features = [ns::DISCO_INFO, ns::DISCO_ITEMS, ns::MUC, ns::PING, ns::VERSION];
                    features.iter().try_for_each(|feature| disco::write_feature(query, feature))
                });
            }),
            (IqType::Get, "query", ns::DISCO_ITEMS) => {
                let rooms = self
                    .rooms()
                    .filter(|room| room.config.is_public || room.affiliation(turn.from.bare()) >= Affiliation::Member);
                let rooms: Vec<_> = rooms.collect();
                self.result(turn, Some(to), |content| {
                    content.element("query", ns::DISCO_ITEMS, |query| {
                        rooms.iter().try_for_each(|room| {
                            let name = Some(&*room.config.name).filter(|name| !name.is_empty());
                            disco::write_item(query, room.jid.as_str(), name.or(room.jid.local()))
                        })
                    });
                });
            }
            (IqType::Get, "query", ns::VERSION) => self.version(turn, to),
            (IqType::Get, "ping", ns::PING) => self.result(turn, Some(to), |_| {}),
            _ => self.refuse(turn, Some(to), StanzaCondition::ServiceUnavailable),
        }
    }

    fn room_info(&mut self, turn: &mut Turn<'_>, query: ElementRef<'_>, to: JidRef<'_>) {
        if query.attr("node").is_some_and(|node| !matches!(&*node, "" | "x-roomuser-item")) {
            return self.refuse(turn, Some(to), StanzaCondition::ItemNotFound);
        }
        let Some(room) = self.rooms.get(to) else { return };
        let config = &room.config;
        let pick = |is_one: bool, one: &'static str, other: &'static str| if is_one { one } else { other };
        let modes = [
            pick(config.is_members_only, "muc_membersonly", "muc_open"),
            pick(config.is_moderated, "muc_moderated", "muc_unmoderated"),
            pick(config.whois == Whois::Anyone, "muc_nonanonymous", "muc_semianonymous"),
            pick(config.password.is_some(), "muc_passwordprotected", "muc_unsecured"),
            pick(config.is_persistent, "muc_persistent", "muc_temporary"),
            pick(config.is_public, "muc_public", "muc_hidden"),
        ];
        let count = room.occupants.len().to_string();
        self.result(turn, Some(to), |content| {
            content.element("query", ns::DISCO_INFO, |query| {
                let name = Some(&*config.name).filter(|name| !name.is_empty()).or(room.jid.local());
                disco::write_identity(query, "conference", "text", name)?;
                for feature in ROOM.iter().chain(&modes) {
                    disco::write_feature(query, feature)?;
                }
                let mut form = FormWriter::new(query, "result", "http://jabber.org/protocol/muc#roominfo")?;
                form.field("muc#roominfo_description", "text-single", None, &[&config.description])?.field(
                    "muc#roominfo_occupants",
                    "text-single",
                    None,
                    &[&count],
                )?;
                if let Some(subject) = &room.subject {
                    form.field("muc#roominfo_subject", "text-single", None, &[&subject.text])?;
                }
                Ok(())
            });
        });
    }

    /// Who is in the room: for those who are (§6.5).
    fn room_items(&mut self, turn: &mut Turn<'_>, to: JidRef<'_>, is_inside: bool) {
        let Some(room) = self.rooms.get(to) else { return };
        self.result(turn, Some(to), |content| {
            content.element("query", ns::DISCO_ITEMS, |query| {
                let shown = room.occupants.values().filter(|_| is_inside);
                shown
                    .into_iter()
                    .try_for_each(|occupant| disco::write_item(query, occupant.jid.as_str(), Some(occupant.nick())))
            });
        });
    }

    /// To somebody in a room: from inside alone, and to oneself only to learn that one is still there.
    fn occupant_iq(&mut self, turn: &mut Turn<'_>, iq: &Iq, to: JidRef<'_>) {
        let is_request = iq.kind().is_request();
        let Some(room) = self.rooms.get(to) else {
            return self.refuse(turn, Some(to), StanzaCondition::ItemNotFound);
        };
        let Some(sender) = room.by_jid((*turn.from).as_ref()) else {
            return self.refuse(turn, Some(to), StanzaCondition::NotAcceptable);
        };
        let nick = to.resource().unwrap_or_default();
        let is_ping = iq.payload().is_some_and(crate::payload::ping::is_ping);
        if is_request && is_ping && sender.nick() == nick {
            return self.result(turn, Some(to), |_| {});
        }
        let sender: Arc<Jid> = sender.jid.clone();
        match self.seats_of(to, nick).first().cloned() {
            Some(seat) => {
                let parcel = self.relay.stanza(Kind::Iq, turn.element, sender.as_str(), To::Each);
                self.to_seats([seat].iter(), &parcel, turn.out);
            }
            None if room.occupant(nick).is_some() => self.refuse(turn, Some(to), StanzaCondition::ServiceUnavailable),
            None => self.refuse(turn, Some(to), StanzaCondition::ItemNotFound),
        }
    }
}

impl super::RoomConfig {
    /// Whether anybody may come in.
    fn is_open(&self) -> bool {
        !self.is_members_only && self.password.is_none()
    }
}
