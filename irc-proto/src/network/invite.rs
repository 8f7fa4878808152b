use alloc::vec::Vec;

use crate::Capability;
use crate::codec::{Command, Parts};
use crate::numerics::*;

use super::channel::Ranks;
use super::outgoing::{self, Outgoing};
use super::user::Invitation;
use super::{Network, Turn};

impl Network {
    /// INVITE (RFC 2812 §3.2.7); without parameters it asks which invitations the user has.
    pub(super) fn invite(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let (nick, name) = match params {
            [nick, name, ..] => (nick, name),
            [_] => return self.need_more_params(turn, b"INVITE"),
            [] => return self.tell_invitations(turn),
        };
        let Some(id) = self.visible_channel(turn, name) else { return };
        let Some(ranks) = self.ranks(turn.user, id) else { return self.not_on_channel(turn, name) };
        let Some(channel) = self.channels.get(id) else { return };
        let guarded = channel.flags.contains(b'i');
        if guarded && !ranks.at_least(Ranks::HALFOP) {
            return self.not_channel_operator(turn, channel.name());
        }
        let Some(guest_id) = self.users.by_nick(nick) else { return self.no_such_nick(turn, nick) };
        if self.is_on(guest_id, id) {
            return self.reply(turn, ERR_USERONCHANNEL, &[nick, channel.name(), b"is already on channel"]);
        }
        if self.is_silenced(guest_id, turn.user) {
            return self.reply(turn, RPL_INVITING, &[nick, channel.name()]);
        }
        let (serial, most) = (channel.serial, self.config.limits.invitations as usize);
        if let Some(guest) = self.users.get_mut(guest_id) {
            guest.invitations.retain(|one| one.serial != serial);
            guest.invitations.push(Invitation { channel: id, serial });
            let surplus = guest.invitations.len().saturating_sub(most);
            guest.invitations.drain(..surplus);
        }
        let (Some(user), Some(guest)) = (self.users.get(turn.user), self.users.get(guest_id)) else { return };
        self.reply(turn, RPL_INVITING, &[guest.nick(), channel.name()]);
        if let Some(away) = guest.away() {
            self.reply(turn, RPL_AWAY, &[guest.nick(), away]);
        }
        let params = [guest.nick(), channel.name()];
        let line = Outgoing::user(user, b"INVITE", &params, turn.now);
        line.tell(guest.session(), guest.capabilities(), turn.out);
        // Those who could have invited the guest themselves.
        let least = if guarded { Ranks::HALFOP } else { Ranks::NONE };
        let own = turn.session;
        let hosts = channel.members.iter().filter(|member| {
            member.session != own && member.ranks.at_least(least) && member.capabilities.has(Capability::InviteNotify)
        });
        line.relay(hosts.map(|member| (member.session, member.capabilities)), turn.out);
    }

    fn tell_invitations(&self, turn: &mut Turn<'_>) {
        let Some(user) = self.users.get(turn.user) else { return };
        for Invitation { channel, serial } in &user.invitations {
            if let Some(channel) = self.channels.get(*channel).filter(|channel| channel.serial == *serial) {
                self.reply(turn, RPL_INVITELIST, &[channel.name()]);
            }
        }
        self.reply(turn, RPL_ENDOFINVITELIST, &[b"End of INVITE list"]);
    }

    /// KNOCK: asks the operators of a channel that is invite only for an invitation.
    pub(super) fn knock(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let name = params.first().copied().unwrap_or_default();
        let Some(id) = self.visible_channel(turn, name) else { return };
        let (Some(user), Some(channel)) = (self.users.get(turn.user), self.channels.get(id)) else { return };
        if user.membership(id).is_some() {
            return self.reply(turn, ERR_KNOCKONCHAN, &[channel.name(), b"You're already on that channel"]);
        }
        if !channel.flags.contains(b'i') {
            return self.reply(turn, ERR_CHANOPEN, &[channel.name(), b"Channel is open"]);
        }
        if self.is_banned(channel, user) {
            return self.reply(turn, ERR_CANNOTSENDTOCHAN, &[channel.name(), b"Cannot knock (you're banned)"]);
        }
        let waited = turn.now.saturating_sub(channel.knocked) >= self.config.limits.knock_delay;
        if channel.knocked != 0 && !waited {
            return self.reply(
                turn,
                ERR_TOOMANYKNOCK,
                &[channel.name(), b"Too many knocks at this channel: wait a while"],
            );
        }
        let text: &[u8] = match params.get(1) {
            Some(text) if !text.is_empty() => text,
            _ => b"has asked for an invite",
        };
        let params = [channel.name(), channel.name(), user.source(), text];
        let source = Some(self.server_name());
        let parts = Parts { tags: &[], source, command: Command::Numeric(RPL_KNOCK), params: &params };
        let hosts: Vec<_> = channel.members.iter().filter(|member| member.ranks.at_least(Ranks::HALFOP)).collect();
        turn.out.shared(hosts.iter().map(|member| member.session), |line| outgoing::write(&parts, true, line));
        self.reply(turn, RPL_KNOCKDLVR, &[channel.name(), b"Your knock has been delivered"]);
        if let Some(channel) = self.channels.get_mut(id) {
            channel.knocked = turn.now;
        }
    }
}
