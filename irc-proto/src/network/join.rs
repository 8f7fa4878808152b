use alloc::vec::Vec;

use crate::channel::{ChannelFault, check_channel};
use crate::codec::Numeric;
use crate::numerics::*;
use crate::{Capabilities, Capability};

use super::channel::{Channel, ChannelId, Ranks};
use super::config::Statuses;
use super::extras::Happened;
use super::outgoing::Outgoing;
use super::registration::text;
use super::user::User;
use super::{Network, Turn, happened};

/// Any of these, and JOIN sends no names.
const NO_NAMES: Capabilities =
    Capabilities::of(&[Capability::NoImplicitNames, Capability::DraftNoImplicitNames, Capability::SojuNoImplicitNames]);

impl Network {
    /// JOIN (RFC 2812 §3.2.1); `JOIN 0` parts with all channels.
    pub(super) fn join(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let names = params.first().copied().unwrap_or_default();
        if names == b"0" {
            return self.part_all(turn);
        }
        let mut keys = params.get(1).copied().unwrap_or_default().split(|byte| *byte == b',');
        for name in self.target_list(turn, names) {
            let key = keys.next().filter(|key| !key.is_empty());
            self.join_one(turn, name, key);
        }
    }

    fn join_one(&mut self, turn: &mut Turn<'_>, name: &[u8], key: Option<&[u8]>) {
        match check_channel(name, &self.isupport) {
            Ok(()) => {}
            Err(ChannelFault::Type) => return self.no_such_channel(turn, name),
            Err(_) => return self.reply(turn, ERR_BADCHANMASK, &[name, b"Bad channel mask"]),
        }
        let Some(user) = self.users.get(turn.user) else { return };
        let mut known = self.channels.by_name(name);
        if known.is_none()
            && let Some((id, channel)) = self.redirect(name, turn.now)
        {
            let text = b"The channel has been renamed";
            if user.has(Capability::ChannelRename) {
                return self.fail(turn, b"JOIN", b"CHANNEL_RENAMED", &[name, channel.name()], text);
            }
            self.reply(turn, ERR_LINKCHANNEL, &[name, channel.name(), text]);
            known = Some(id);
        }
        if known.is_some_and(|channel| user.membership(channel).is_some()) {
            return;
        }
        if user.channel_count() >= self.config.limits.channels as usize {
            return self.reply(turn, ERR_TOOMANYCHANNELS, &[name, b"You have joined too many channels"]);
        }
        let id = match known {
            Some(id) => {
                let Some(channel) = self.channels.get(id) else { return };
                if let Err((numeric, text)) = self.admission(user, channel, key) {
                    return self.reply(turn, numeric, &[channel.name(), text]);
                }
                self.enter(turn.user, id, Ranks::NONE);
                id
            }
            None => {
                let flags = self.config.first_channel_modes();
                let Some(id) = self.channels.create(name, flags, turn.now) else { return };
                let founder = self.config.statuses == Statuses::Qaohv;
                if let Some(channel) = self.channels.get(id).filter(|channel| channel.is_restricted()) {
                    self.extras.restricted(self.config.case_mapping, channel);
                }
                let ranks = if founder { Ranks::OPERATOR.with(Ranks::OWNER) } else { Ranks::OPERATOR };
                self.enter(turn.user, id, ranks);
                id
            }
        };
        self.tell_of_join(turn, id, known.is_none());
    }

    /// Whether a user may come in; an invitation opens every door.
    fn admission(&self, user: &User, channel: &Channel, key: Option<&[u8]>) -> Result<(), (Numeric, &'static [u8])> {
        if user.invitations.iter().any(|one| one.serial == channel.serial) {
            return Ok(());
        }
        if self.is_banned(channel, user) {
            return Err((ERR_BANNEDFROMCHAN, b"Cannot join channel (+b)"));
        }
        if channel.flags.contains(b'i') && !self.is_listed(&channel.invitations, user) {
            return Err((ERR_INVITEONLYCHAN, b"Cannot join channel (+i)"));
        }
        if channel.flags.contains(b'R') && user.account().is_none() {
            return Err((ERR_NEEDREGGEDNICK, b"Cannot join channel (+R): log in to an account first"));
        }
        if channel.key.as_deref().is_some_and(|wanted| key != Some(wanted)) {
            return Err((ERR_BADCHANNELKEY, b"Cannot join channel (+k)"));
        }
        if channel.limit.is_some_and(|most| channel.members.len() >= most as usize) {
            return Err((ERR_CHANNELISFULL, b"Cannot join channel (+l)"));
        }
        Ok(())
    }

    fn tell_of_join(&mut self, turn: &mut Turn<'_>, id: ChannelId, is_new: bool) {
        let msgid = self.next_id();
        let Some(channel) = self.channels.get(id) else { return };
        let serial = channel.serial;
        if let Some(user) = self.users.get_mut(turn.user) {
            user.invitations.retain(|one| one.serial != serial);
        }
        let Some(user) = self.users.get(turn.user) else { return };
        let plain = [channel.name()];
        let extended = [channel.name(), user.account().unwrap_or(b"*"), user.realname()];
        let line = Outgoing { msgid: Some(&msgid), ..Outgoing::user(user, b"JOIN", &plain, turn.now) };
        let long = Outgoing { params: &extended, ..line }.with_text();
        let knows = |capabilities: Capabilities| capabilities.has(Capability::ExtendedJoin);
        line.relay(channel.receivers().filter(|(_, capabilities)| !knows(*capabilities)), turn.out);
        long.relay(channel.receivers().filter(|(_, capabilities)| knows(*capabilities)), turn.out);
        if let Some(away) = user.away() {
            let params = [away];
            let others = channel
                .receivers()
                .filter(|(session, capabilities)| *session != turn.session && capabilities.has(Capability::AwayNotify));
            Outgoing::user(user, b"AWAY", &params, turn.now).with_text().relay(others, turn.out);
        }
        if is_new && !channel.flags.is_empty() {
            let modes = alloc::format!("+{}", channel.flags);
            let params = [channel.name(), modes.as_bytes()];
            let line = Outgoing::server(self.config.server_name.as_bytes(), b"MODE", &params, turn.now);
            line.tell(turn.session, user.capabilities(), turn.out);
        }
        happened!(self, Happened::Event { channel: id, what: &line }, turn.now, turn.out);
        happened!(self, Happened::Joined { user: turn.user, channel: id }, turn.now, turn.out);
        if channel.topic().is_some() {
            self.tell_topic(turn, channel);
        }
        if !user.capabilities().intersects(NO_NAMES) {
            self.names_of(turn, channel.name());
        }
    }

    /// PART (RFC 2812 §3.2.2).
    pub(super) fn part(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let reason = text(params.get(1).copied().unwrap_or_default(), self.config.limits.farewell);
        for name in self.target_list(turn, params.first().copied().unwrap_or_default()) {
            match self.channels.by_name(name) {
                Some(id) if self.is_on(turn.user, id) => self.part_one(turn, id, &reason),
                Some(id) if self.knows_channel(turn.user, id) => self.not_on_channel(turn, name),
                _ => self.no_such_channel(turn, name),
            }
        }
    }

    fn part_all(&mut self, turn: &mut Turn<'_>) {
        let Some(user) = self.users.get(turn.user) else { return };
        let all: Vec<ChannelId> = user.memberships.iter().map(|membership| membership.channel).collect();
        all.into_iter().for_each(|id| self.part_one(turn, id, b""));
    }

    fn part_one(&mut self, turn: &mut Turn<'_>, id: ChannelId, reason: &[u8]) {
        let msgid = self.next_id();
        let (Some(channel), Some(user)) = (self.channels.get(id), self.users.get(turn.user)) else { return };
        let both = [channel.name(), reason];
        let params = if reason.is_empty() { &both[..1] } else { &both[..] };
        let line = Outgoing { msgid: Some(&msgid), ..Outgoing::user(user, b"PART", params, turn.now) };
        let line = if reason.is_empty() { line } else { line.with_text() };
        line.relay(channel.receivers(), turn.out);
        happened!(self, Happened::Event { channel: id, what: &line }, turn.now, turn.out);
        self.leave(turn.user, id);
    }
}
