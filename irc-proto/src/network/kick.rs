use alloc::vec::Vec;

use crate::numerics::*;

use super::channel::{ChannelId, Ranks};
use super::extras::Happened;
use super::outgoing::Outgoing;
use super::registration::text;
use super::{Network, Turn, happened};

impl Network {
    /// KICK (RFC 2812 §3.2.8): several users out of one channel, or as many channels as users.
    pub(super) fn kick(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let [names, nicks, rest @ ..] = params else { return };
        let (names, nicks) = (self.target_list(turn, names), self.target_list(turn, nicks));
        if names.len() != 1 && names.len() != nicks.len() {
            return self.need_more_params(turn, b"KICK");
        }
        let mut reason = text(rest.first().copied().unwrap_or_default(), self.config.limits.kick);
        if reason.is_empty() {
            reason = self.users.get(turn.user).map(|user| user.nick().to_vec()).unwrap_or_default();
        }
        let names: Vec<&[u8]> = if names.len() == 1 { nicks.iter().map(|_| names[0]).collect() } else { names };
        for (name, nick) in names.into_iter().zip(nicks) {
            if let Some(id) = self.visible_channel(turn, name) {
                self.kick_one(turn, id, nick, &reason);
            }
        }
    }

    fn kick_one(&mut self, turn: &mut Turn<'_>, id: ChannelId, nick: &[u8], reason: &[u8]) {
        let Some(channel) = self.channels.get(id) else { return };
        let Some(own) = self.ranks(turn.user, id) else { return self.not_on_channel(turn, channel.name()) };
        if !own.at_least(Ranks::HALFOP) {
            return self.not_channel_operator(turn, channel.name());
        }
        let Some(victim) = self.users.by_nick(nick) else { return self.no_such_nick(turn, nick) };
        let Some(ranks) = self.ranks(victim, id) else {
            return self.reply(turn, ERR_USERNOTINCHANNEL, &[nick, channel.name(), b"They aren't on that channel"]);
        };
        if !own.outranks(ranks) && victim != turn.user {
            return self.not_channel_operator(turn, channel.name());
        }
        let msgid = self.next_id();
        let (Some(channel), Some(user), Some(kicked)) =
            (self.channels.get(id), self.users.get(turn.user), self.users.get(victim))
        else {
            return;
        };
        let params = [channel.name(), kicked.nick(), reason];
        let line = Outgoing { msgid: Some(&msgid), ..Outgoing::user(user, b"KICK", &params, turn.now).with_text() };
        line.relay(channel.receivers(), turn.out);
        happened!(self, Happened::Event { channel: id, what: &line }, turn.now, turn.out);
        self.leave(victim, id);
    }
}
