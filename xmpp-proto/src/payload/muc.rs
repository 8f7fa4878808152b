//! Rooms (XEP-0045).

use alloc::string::String;
use alloc::vec::Vec;

use super::{Malformed, moment};
use crate::jid::Jid;
use crate::ns;
use crate::xml::{ElementRef, ElementWriter, Sink, XmlError};

/// What somebody is to a room for long, belonging to the bare address (XEP-0045 §5.2); the order is that of power.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Affiliation {
    /// May not come in.
    Outcast,
    /// Nothing.
    #[default]
    None,
    /// May come in where only members may.
    Member,
    /// Governs members and outcasts.
    Admin,
    /// Governs all.
    Owner,
}

impl Affiliation {
    /// The attribute's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Affiliation::Outcast => "outcast",
            Affiliation::None => "none",
            Affiliation::Member => "member",
            Affiliation::Admin => "admin",
            Affiliation::Owner => "owner",
        }
    }

    /// Reads the attribute's value.
    pub fn parse(text: &str) -> Option<Self> {
        let all =
            [Affiliation::Outcast, Affiliation::None, Affiliation::Member, Affiliation::Admin, Affiliation::Owner];
        all.into_iter().find(|one| one.as_str() == text)
    }
}

/// What somebody may do while in a room (XEP-0045 §5.1); the order is that of power.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Is not in it.
    #[default]
    None,
    /// Listens.
    Visitor,
    /// Speaks.
    Participant,
    /// Gives and takes voice, and puts out.
    Moderator,
}

impl Role {
    /// The attribute's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::None => "none",
            Role::Visitor => "visitor",
            Role::Participant => "participant",
            Role::Moderator => "moderator",
        }
    }

    /// Reads the attribute's value.
    pub fn parse(text: &str) -> Option<Self> {
        [Role::None, Role::Visitor, Role::Participant, Role::Moderator].into_iter().find(|one| one.as_str() == text)
    }
}

/// What happened, by the numbers of XEP-0045 §15.6.
pub mod status {
    /// Everybody may see the addresses of all.
    pub const NON_ANONYMOUS: u16 = 100;
    /// The configuration has changed.
    pub const CONFIGURED: u16 = 104;
    /// This is about the receiver itself.
    pub const SELF: u16 = 110;
    /// The room is new.
    pub const CREATED: u16 = 201;
    /// The nickname is one that the room gave.
    pub const NICK_ASSIGNED: u16 = 210;
    /// Banned.
    pub const BANNED: u16 = 301;
    /// Has another nickname.
    pub const NICK_CHANGED: u16 = 303;
    /// Put out.
    pub const KICKED: u16 = 307;
    /// Out for a change of affiliation.
    pub const NO_MEMBER: u16 = 321;
    /// Out because only members may be in now.
    pub const MEMBERS_ONLY: u16 = 322;
}

/// How much of what was said before is wanted at a join (XEP-0045 §7.2.13).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// At most so many characters of XML in all.
    pub max_chars: Option<u64>,
    /// At most so many messages.
    pub max_stanzas: Option<u64>,
    /// None older than so many seconds.
    pub seconds: Option<u64>,
    /// None from before this moment, in milliseconds since 1970.
    pub since: Option<u64>,
}

/// The `<x/>` with which somebody comes in.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Join {
    /// The room's password.
    pub password: Option<String>,
    /// How much history is wanted.
    pub history: History,
}

impl core::fmt::Debug for Join {
    /// Does not show the password.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Join").field("history", &self.history).finish_non_exhaustive()
    }
}

impl Join {
    /// Reads the one in a presence, if there is one.
    pub fn within(presence: ElementRef<'_>) -> Option<Self> {
        let x = presence.child("x", ns::MUC)?;
        let history = x.child("history", ns::MUC).map_or_else(History::default, |history| {
            let number = |name| history.attr(name).and_then(|value| value.trim_ascii().parse().ok());
            History {
                max_chars: number("maxchars"),
                max_stanzas: number("maxstanzas"),
                seconds: number("seconds"),
                since: history.attr("since").and_then(|since| moment::parse(&since)),
            }
        });
        Some(Join { password: x.child("password", ns::MUC).map(|password| password.text().into_owned()), history })
    }

    /// Writes it into a presence.
    ///
    /// # Errors
    /// [`XmlError::Character`] for what XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, presence: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        let mut x = presence.child("x", ns::MUC)?;
        if let Some(password) = &self.password {
            x.own_text("password", password)?;
        }
        let History { max_chars, max_stanzas, seconds, since } = self.history;
        if self.history != History::default() {
            let mut history = x.own("history")?;
            for (name, number) in [("maxchars", max_chars), ("maxstanzas", max_stanzas), ("seconds", seconds)] {
                if let Some(number) = number {
                    history.attr_decimal(name, number)?;
                }
            }
            if let Some(since) = since {
                history.attr("since", moment::write(since).as_str())?;
            }
        }
        Ok(())
    }
}

/// An `<item/>` of what is asked of, or told by, a room's moderators.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// What somebody is, or is to be, for long.
    pub affiliation: Option<Affiliation>,
    /// What somebody is, or is to be, now.
    pub role: Option<Role>,
    /// Who.
    pub jid: Option<Jid>,
    /// Under which nickname.
    pub nick: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

impl Item {
    /// Reads an `<item/>`.
    ///
    /// # Errors
    /// A value is none that it can have.
    pub fn read(item: ElementRef<'_>) -> Result<Self, Malformed> {
        let affiliation = item.attr("affiliation");
        let role = item.attr("role");
        let parse = |value: &str| Affiliation::parse(value).ok_or(Malformed::Value("affiliation"));
        let parse_role = |value: &str| Role::parse(value).ok_or(Malformed::Value("role"));
        let jid = item.attr("jid").map(|jid| Jid::parse(&jid)).transpose().map_err(|_| Malformed::Jid("jid"))?;
        let reason = item.children().find(|child| child.name() == "reason");
        Ok(Item {
            affiliation: affiliation.as_deref().map(parse).transpose()?,
            role: role.as_deref().map(parse_role).transpose()?,
            jid,
            nick: item.attr("nick").map(|nick| nick.into_owned()),
            reason: reason.map(|reason| reason.text().into_owned()),
        })
    }

    /// Reads all in a `<query/>`.
    ///
    /// # Errors
    /// As [`read`](Item::read).
    pub fn read_all(query: ElementRef<'_>) -> Result<Vec<Self>, Malformed> {
        query.children().filter(|child| child.name() == "item").map(Item::read).collect()
    }

    /// Writes an `<item/>`.
    ///
    /// # Errors
    /// [`XmlError::Character`] for what XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, parent: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        let mut item = parent.own("item")?;
        item.attr_if("affiliation", self.affiliation.map(Affiliation::as_str))?
            .attr_if("role", self.role.map(Role::as_str))?
            .attr_if("jid", self.jid.as_ref().map(Jid::as_str))?
            .attr_if("nick", self.nick.as_deref())?;
        if let Some(reason) = &self.reason {
            item.own_text("reason", reason)?;
        }
        Ok(())
    }
}

/// The `<x/>` with which a room tells about somebody in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// About whom.
    pub item: Option<Item>,
    /// What happened: [`status`].
    pub statuses: Vec<u16>,
}

impl User {
    /// Reads the one in a stanza, if there is one.
    ///
    /// # Errors
    /// As [`Item::read`].
    pub fn within(stanza: ElementRef<'_>) -> Result<Option<Self>, Malformed> {
        let Some(x) = stanza.child("x", ns::MUC_USER) else { return Ok(None) };
        let statuses = x.children().filter(|child| child.is("status", ns::MUC_USER));
        let number = |status: ElementRef<'_>| status.attr("code").and_then(|code| code.parse().ok());
        Ok(Some(User {
            item: x.child("item", ns::MUC_USER).map(Item::read).transpose()?,
            statuses: statuses.filter_map(number).collect(),
        }))
    }

    /// Writes it into a stanza.
    ///
    /// # Errors
    /// [`XmlError::Character`] for what XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, stanza: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        let mut x = stanza.child("x", ns::MUC_USER)?;
        if let Some(item) = &self.item {
            item.write(&mut x)?;
        }
        for status in &self.statuses {
            x.own("status")?.attr_decimal("code", u64::from(*status))?;
        }
        Ok(())
    }
}

/// An invitation or a refusal that a room carries to somebody (XEP-0045 §7.8.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mediated {
    /// Whether it is a refusal.
    pub is_decline: bool,
    /// Whom it is for.
    pub to: Jid,
    /// Why.
    pub reason: Option<String>,
}

impl Mediated {
    /// Reads all in a message.
    ///
    /// # Errors
    /// Whom it is for is not told.
    pub fn within(message: ElementRef<'_>) -> Result<Vec<Self>, Malformed> {
        let Some(x) = message.child("x", ns::MUC_USER) else { return Ok(Vec::new()) };
        let children = x.children().filter(|child| matches!(child.name(), "invite" | "decline"));
        let read = |child: ElementRef<'_>| {
            let to = child.attr("to").ok_or(Malformed::Missing("to"))?;
            let to = Jid::parse(&to).map_err(|_| Malformed::Jid("to"))?;
            let reason = child.child("reason", ns::MUC_USER).map(|reason| reason.text().into_owned());
            Ok(Mediated { is_decline: child.name() == "decline", to, reason })
        };
        children.map(read).collect()
    }
}
