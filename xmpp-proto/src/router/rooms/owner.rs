//! What owners do (XEP-0045 §10): configure, and destroy.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::news::News;
use super::{Affiliation, Role, RoomConfig, Whois};
use crate::jid::{Jid, JidRef};
use crate::ns;
use crate::payload::form::{self, Fields, FormWriter};
use crate::payload::muc::{User, status};
use crate::router::deliveries::{Deliveries, RoomEvent};
use crate::router::parcel::{Kind, Tag, build};
use crate::router::storage::Storage;
use crate::router::{Router, Turn};
use crate::stanza::{IqType, StanzaCondition};
use crate::xml::{ElementRef, ElementWriter, XmlError};

const FORM: &str = "http://jabber.org/protocol/muc#roomconfig";

impl<S: Storage> Router<S> {
    pub(super) fn room_owner(&mut self, turn: &mut Turn<'_>, kind: IqType, query: ElementRef<'_>, to: JidRef<'_>) {
        let Some(room) = self.rooms.get(to) else { return };
        if room.affiliation(turn.from.bare()) < Affiliation::Owner {
            return self.refuse(turn, Some(to), StanzaCondition::Forbidden);
        }
        if kind == IqType::Get {
            let config = room.config.clone();
            return self.result(turn, Some(to), |content| {
                content.element("query", ns::MUC_OWNER, |query| config.write(query));
            });
        }
        if let Some(destroy) = query.child("destroy", ns::MUC_OWNER) {
            let elsewhere = destroy.attr("jid").and_then(|jid| Jid::parse(&jid).ok());
            let reason = destroy.child("reason", ns::MUC_OWNER).map(|reason| reason.text().into_owned());
            self.result(turn, Some(to), |_| {});
            return self.destroy(to, elsewhere.as_ref(), reason.as_deref(), turn.out);
        }
        if form::is_cancelled(query) {
            return self.result(turn, Some(to), |_| {});
        }
        let Some(fields) = Fields::within(query) else {
            return self.refuse(turn, Some(to), StanzaCondition::BadRequest);
        };
        let Some(config) = room.config.with(&fields, &self.config.limits) else {
            return self.refuse(turn, Some(to), StanzaCondition::NotAcceptable);
        };
        self.result(turn, Some(to), |_| {});
        self.configure(to, config, turn.out);
    }

    /// Puts a configuration into force, with what follows for those inside.
    pub(super) fn configure(&mut self, room: JidRef<'_>, config: RoomConfig, out: &mut Deliveries) {
        let Some(known) = self.rooms.get_mut(room) else { return };
        if core::mem::replace(&mut known.config, config) == known.config {
            return;
        }
        let parcel = build(
            Kind::Message,
            Tag { from: Some(known.jid.as_str()), kind: Some("groupchat"), ..Tag::default() },
            |content| {
                content.payloads(|message| User { item: None, statuses: [status::CONFIGURED].into() }.write(message));
            },
        );
        let Some(known) = self.rooms.get(room) else { return };
        self.to_seats(known.seats(), &parcel, out);
        if known.config.is_members_only {
            let strangers = known
                .occupants
                .values()
                .filter(|occupant| !occupant.is_foreign() && known.affiliation_of(occupant) < Affiliation::Member);
            let strangers: Vec<Box<str>> = strangers.map(|occupant| occupant.nick().into()).collect();
            for nick in strangers {
                self.put_out(room, &nick, &[status::MEMBERS_ONLY], None, out);
            }
        }
        self.forget_empty(room);
    }

    /// A room is no longer (§10.9).
    pub(super) fn destroy(
        &mut self,
        room: JidRef<'_>,
        elsewhere: Option<&Jid>,
        reason: Option<&str>,
        out: &mut Deliveries,
    ) {
        let Some(known) = self.rooms.rooms.remove(room.bare().as_str()) else { return };
        for occupant in known.occupants.values() {
            let news = News { affiliation: Affiliation::None, ..News::gone(&known, occupant) };
            let parcel = news.parcel(known.shows_jids_to(Role::Visitor), true).with(|content| {
                content.element("x", ns::MUC_USER, |x| {
                    let mut destroy = x.own("destroy")?;
                    destroy.attr_if("jid", elsewhere.map(Jid::as_str))?;
                    if let Some(reason) = reason {
                        destroy.own_text("reason", reason)?;
                    }
                    Ok(())
                });
            });
            self.to_seats(occupant.seats.iter(), &parcel, out);
            for seat in &occupant.seats {
                let account = self.accounts.get_mut(seat.jid.bare().as_str());
                let own =
                    account.and_then(|account| account.resources.iter_mut().find(|resource| resource.jid == seat.jid));
                if let Some(own) = own {
                    own.rooms.remove(known.jid.as_str());
                }
            }
        }
        self.happened(&known, out, || RoomEvent::Destroyed);
    }
}

impl RoomConfig {
    fn write(&self, query: &mut ElementWriter<'_, Vec<u8>>) -> Result<(), XmlError> {
        let mut form = FormWriter::new(query, "form", FORM)?;
        let whois = match self.whois {
            Whois::Moderators => "moderators",
            Whois::Anyone => "anyone",
        };
        let most = match self.max_occupants {
            u32::MAX => String::from("none"),
            most => most.to_string(),
        };
        let password: &[&str] = match &self.password {
            Some(password) => &[password],
            None => &[],
        };
        form.field("muc#roomconfig_roomname", "text-single", Some("Name"), &[&self.name])?
            .field("muc#roomconfig_roomdesc", "text-single", Some("Description"), &[&self.description])?
            .flag("muc#roomconfig_persistentroom", Some("Stays when nobody is in it"), self.is_persistent)?
            .flag("muc#roomconfig_publicroom", Some("Is found by all"), self.is_public)?
            .flag("muc#roomconfig_passwordprotectedroom", Some("Needs a password"), self.password.is_some())?
            .field("muc#roomconfig_roomsecret", "text-private", Some("Password"), password)?
            .flag("muc#roomconfig_membersonly", Some("Is for members only"), self.is_members_only)?
            .flag("muc#roomconfig_moderatedroom", Some("Only those with voice speak"), self.is_moderated)?
            .flag("muc#roomconfig_changesubject", Some("All change the subject"), self.may_participants_change_subject)?
            .flag("muc#roomconfig_allowinvites", Some("All invite"), self.may_members_invite)?
            .flag("muc#roomconfig_enablearchiving", Some("Keeps what is said"), self.is_archived)?
            .field("muc#roomconfig_maxusers", "text-single", Some("How many may be in it"), &[&most])?
            .choice(
                "muc#roomconfig_whois",
                "list-single",
                Some("Who sees addresses"),
                &[whois],
                &["moderators", "anyone"],
            )?;
        Ok(())
    }

    /// This one with the changes of a form; `None` where a value is none that it can have.
    fn with(&self, fields: &Fields, limits: &crate::router::Limits) -> Option<RoomConfig> {
        let mut config = self.clone();
        let text = |name, into: &mut String| {
            if let Some(value) = fields.value(name) {
                *into = value.into();
            }
        };
        text("muc#roomconfig_roomname", &mut config.name);
        text("muc#roomconfig_roomdesc", &mut config.description);
        for (name, flag) in [
            ("muc#roomconfig_persistentroom", &mut config.is_persistent),
            ("muc#roomconfig_publicroom", &mut config.is_public),
            ("muc#roomconfig_membersonly", &mut config.is_members_only),
            ("muc#roomconfig_moderatedroom", &mut config.is_moderated),
            ("muc#roomconfig_changesubject", &mut config.may_participants_change_subject),
            ("muc#roomconfig_allowinvites", &mut config.may_members_invite),
            ("muc#roomconfig_enablearchiving", &mut config.is_archived),
        ] {
            if fields.value(name).is_some() {
                *flag = fields.flag(name)?;
            }
        }
        let secret = fields.value("muc#roomconfig_roomsecret").filter(|secret| !secret.is_empty());
        match (fields.flag("muc#roomconfig_passwordprotectedroom"), secret) {
            (Some(false), _) => config.password = None,
            (Some(true), None) if self.password.is_none() => return None,
            (_, Some(secret)) => config.password = Some(secret.into()),
            _ => {}
        }
        match fields.value("muc#roomconfig_maxusers") {
            None => {}
            Some("none" | "") => config.max_occupants = u32::MAX,
            Some(number) => config.max_occupants = number.parse().ok().filter(|number| *number > 0)?,
        }
        match fields.value("muc#roomconfig_whois") {
            None => {}
            Some("moderators") => config.whois = Whois::Moderators,
            Some("anyone") => config.whois = Whois::Anyone,
            Some(_) => return None,
        }
        let longest = core::iter::once(&config.name).chain(&config.password).map(String::len).max().unwrap_or(0);
        let is_short = longest <= limits.name as usize && config.description.len() <= limits.subject as usize;
        is_short.then_some(config)
    }
}
