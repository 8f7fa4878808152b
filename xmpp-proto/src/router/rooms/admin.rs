//! What moderators and admins do (XEP-0045 §8, §9): voice, kicks, bans, affiliations and their lists.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::news::News;
use super::{Affiliation, Role, Room};
use crate::jid::{Jid, JidRef};
use crate::ns;
use crate::payload::Malformed;
use crate::payload::muc::{Item, status};
use crate::router::deliveries::Deliveries;
use crate::router::storage::Storage;
use crate::router::{Router, Turn};
use crate::stanza::{IqType, StanzaCondition};
use crate::xml::ElementRef;

/// Changes in one request: each is looked for among all who are inside.
const MOST_ITEMS: usize = 256;

/// Who asks, and how much power that one has.
#[derive(Clone, Copy)]
struct Power {
    affiliation: Affiliation,
    role: Role,
}

/// One change that was found lawful.
enum Change {
    Role { nick: Box<str>, role: Role, reason: Option<String> },
    Affiliation { user: Jid, affiliation: Affiliation, reason: Option<String> },
}

impl<S: Storage> Router<S> {
    pub(super) fn room_admin(&mut self, turn: &mut Turn<'_>, kind: IqType, query: ElementRef<'_>, to: JidRef<'_>) {
        let items = match Item::read_all(query) {
            Ok(items) if items.len() > MOST_ITEMS => {
                return self.refuse(turn, Some(to), StanzaCondition::PolicyViolation);
            }
            Ok(items) if !items.is_empty() => items,
            Err(Malformed::Jid(_)) => return self.refuse(turn, Some(to), StanzaCondition::JidMalformed),
            _ => return self.refuse(turn, Some(to), StanzaCondition::BadRequest),
        };
        let Some(room) = self.rooms.get(to) else { return };
        let role = room.by_jid((*turn.from).as_ref()).map_or(Role::None, |occupant| occupant.role);
        let power = Power { affiliation: room.affiliation(turn.from.bare()), role };
        match kind {
            IqType::Get => self.list(turn, to, &items, power),
            _ => self.change(turn, to, &items, power),
        }
    }

    fn list(&mut self, turn: &mut Turn<'_>, to: JidRef<'_>, items: &[Item], power: Power) {
        let Some(room) = self.rooms.get(to) else { return };
        let [item] = items else { return self.refuse(turn, Some(to), StanzaCondition::BadRequest) };
        let is_admin = power.affiliation >= Affiliation::Admin;
        let listed: Vec<Item> = match (item.affiliation, item.role) {
            (Some(affiliation), None) => {
                // Members of a room for members know each other.
                let is_member = power.affiliation >= Affiliation::Member && room.config.is_members_only;
                let is_told = is_admin || is_member && affiliation == Affiliation::Member;
                if !is_told {
                    return self.refuse(turn, Some(to), StanzaCondition::Forbidden);
                }
                let all = room.affiliations.iter().filter(|(_, one)| **one == affiliation);
                let item =
                    |jid: &Jid| Item { affiliation: Some(affiliation), jid: Some(jid.clone()), ..Item::default() };
                all.map(|(jid, _)| item(jid)).collect()
            }
            (None, Some(role)) => {
                if power.role < Role::Moderator && !is_admin {
                    return self.refuse(turn, Some(to), StanzaCondition::Forbidden);
                }
                let all = room.occupants.values().filter(|occupant| occupant.role == role);
                let item = |occupant: &super::Occupant| Item {
                    affiliation: Some(room.affiliation_of(occupant)),
                    role: Some(role),
                    jid: occupant.seats.first().map(|seat| (*seat.jid).clone()),
                    nick: Some(occupant.nick().into()),
                    reason: None,
                };
                all.map(item).collect()
            }
            _ => return self.refuse(turn, Some(to), StanzaCondition::BadRequest),
        };
        self.result(turn, Some(to), |content| {
            content.element("query", ns::MUC_ADMIN, |query| listed.iter().try_for_each(|item| item.write(query)));
        });
    }

    fn change(&mut self, turn: &mut Turn<'_>, to: JidRef<'_>, items: &[Item], power: Power) {
        let Some(room) = self.rooms.get(to) else { return };
        // All or nothing.
        let changes: Result<Vec<_>, _> = items.iter().map(|item| lawful(room, item, power)).collect();
        let most = self.config.limits.affiliations as usize;
        let changes = match changes {
            Err(condition) => return self.refuse(turn, Some(to), condition),
            Ok(changes) if !leaves_an_owner(room, &changes) => {
                return self.refuse(turn, Some(to), StanzaCondition::Conflict);
            }
            Ok(changes) if room.affiliations.len() + changes.len() > most && adds(room, &changes) => {
                return self.refuse(turn, Some(to), StanzaCondition::ResourceConstraint);
            }
            Ok(changes) => changes,
        };
        self.result(turn, Some(to), |_| {});
        for change in changes {
            match change {
                Change::Role { nick, role, reason } => {
                    self.set_role(to, &nick, role, reason.as_deref(), turn.out);
                }
                Change::Affiliation { user, affiliation, reason } => {
                    self.set_affiliation(to, &user, affiliation, reason.as_deref(), turn.out);
                }
            }
        }
    }

    fn set_role(&mut self, room: JidRef<'_>, nick: &str, role: Role, reason: Option<&str>, out: &mut Deliveries) {
        if role == Role::None {
            return self.put_out(room, nick, &[status::KICKED], reason, out);
        }
        let Some(known) = self.rooms.get_mut(room) else { return };
        let Some(occupant) = known.occupants.get_mut(nick) else { return };
        occupant.role = role;
        let Some(known) = self.rooms.get(room) else { return };
        let Some(occupant) = known.occupant(nick) else { return };
        self.announce(known, &News { reason, ..News::of(known, occupant) }, out);
    }

    /// Gives somebody an affiliation, with what follows for who is inside (§9).
    pub(super) fn set_affiliation(
        &mut self,
        room: JidRef<'_>,
        user: &Jid,
        affiliation: Affiliation,
        reason: Option<&str>,
        out: &mut Deliveries,
    ) {
        let Some(known) = self.rooms.get_mut(room) else { return };
        match affiliation {
            Affiliation::None => drop(known.affiliations.remove(user.as_str())),
            affiliation => drop(known.affiliations.insert(user.clone(), affiliation)),
        }
        let role = known.usual_role(affiliation);
        let theirs = known.occupants.values().filter(|occupant| occupant.user.as_ref() == Some(user));
        let nicks: Vec<Box<str>> = theirs.map(|occupant| occupant.nick().into()).collect();
        let is_out = known.config.is_members_only && affiliation < Affiliation::Member;
        for nick in nicks {
            match affiliation {
                Affiliation::Outcast => self.put_out(room, &nick, &[status::BANNED], reason, out),
                _ if is_out => self.put_out(room, &nick, &[status::NO_MEMBER], reason, out),
                _ => self.set_role(room, &nick, role, reason, out),
            }
        }
    }
}

/// Whether somebody of this power may make this change (§5.1.2, §5.2.2).
fn lawful(room: &Room, item: &Item, power: Power) -> Result<Change, StanzaCondition> {
    match (item.role, item.affiliation) {
        (Some(role), None) => {
            let nick = item.nick.as_deref().ok_or(StanzaCondition::BadRequest)?;
            let occupant = room.occupant(nick).ok_or(StanzaCondition::ItemNotFound)?;
            if power.role < Role::Moderator {
                return Err(StanzaCondition::Forbidden);
            }
            let theirs = room.affiliation_of(occupant);
            let touches_moderator = role == Role::Moderator || occupant.role == Role::Moderator;
            let is_above = theirs > power.affiliation || theirs >= Affiliation::Admin && role < Role::Moderator;
            if touches_moderator && power.affiliation < Affiliation::Admin || is_above {
                return Err(StanzaCondition::NotAllowed);
            }
            Ok(Change::Role { nick: nick.into(), role, reason: item.reason.clone() })
        }
        (_, Some(affiliation)) => {
            let named = item.nick.as_deref().and_then(|nick| room.occupant(nick)).and_then(|found| found.user.clone());
            let user = item.jid.as_ref().map(|jid| jid.bare().to_jid()).or(named);
            let user = user.ok_or(StanzaCondition::BadRequest)?;
            if power.affiliation < Affiliation::Admin {
                return Err(StanzaCondition::Forbidden);
            }
            let touches_admins = affiliation.max(room.affiliation(user.as_ref())) >= Affiliation::Admin;
            if touches_admins && power.affiliation < Affiliation::Owner {
                return Err(StanzaCondition::NotAllowed);
            }
            Ok(Change::Affiliation { user, affiliation, reason: item.reason.clone() })
        }
        (None, None) => Err(StanzaCondition::BadRequest),
    }
}

/// A room that has owners keeps one (§10.5).
fn leaves_an_owner(room: &Room, changes: &[Change]) -> bool {
    let mut owners: BTreeSet<&Jid> =
        room.affiliations.iter().filter(|(_, one)| **one == Affiliation::Owner).map(|(user, _)| user).collect();
    let had = !owners.is_empty();
    for change in changes {
        if let Change::Affiliation { user, affiliation, .. } = change {
            match affiliation {
                Affiliation::Owner => owners.insert(user),
                _ => owners.remove(user),
            };
        }
    }
    !had || !owners.is_empty()
}

fn adds(room: &Room, changes: &[Change]) -> bool {
    changes.iter().any(|change| match change {
        Change::Affiliation { user, affiliation, .. } => {
            *affiliation != Affiliation::None && !room.affiliations.contains_key(user.as_str())
        }
        Change::Role { .. } => false,
    })
}
