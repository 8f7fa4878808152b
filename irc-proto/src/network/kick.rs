use alloc::vec::Vec;

use crate::numerics::*;

use super::channel::{ChannelId, Ranks};
use super::deliveries::Deliveries;
use super::extras::Happened;
use super::outgoing::Outgoing;
use super::registration::text;
use super::user::UserId;
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
        self.take_out(id, victim, Some(turn.user), reason, turn.now, turn.out);
    }

    /// Puts a user out of a channel, in the server's name; whether the user was in it.
    pub fn put_out(&mut self, channel: &[u8], nick: &[u8], reason: &[u8], now: u64, out: &mut Deliveries) -> bool {
        let (Some(id), Some(victim)) = (self.channels.by_name(channel), self.users.by_nick(nick)) else { return false };
        if !self.is_on(victim, id) {
            return false;
        }
        let reason = text(reason, self.config.limits.kick);
        self.take_out(id, victim, None, &reason, now, out);
        out.settle();
        true
    }

    /// By nobody: by the server.
    fn take_out(
        &mut self,
        id: ChannelId,
        victim: UserId,
        by: Option<UserId>,
        reason: &[u8],
        now: u64,
        out: &mut Deliveries,
    ) {
        let msgid = self.next_id();
        let (Some(channel), Some(kicked)) = (self.channels.get(id), self.users.get(victim)) else { return };
        let params = [channel.name(), kicked.nick(), reason];
        let line = match by.and_then(|by| self.users.get(by)) {
            Some(user) => Outgoing::user(user, b"KICK", &params, now),
            None => Outgoing::server(self.config.server_name.as_bytes(), b"KICK", &params, now),
        };
        let line = Outgoing { msgid: Some(&msgid), ..line.with_text() };
        line.relay(channel.receivers(), out);
        happened!(self, Happened::Event { channel: id, what: &line }, now, out);
        self.leave(victim, id);
    }
}

#[cfg(test)]
mod tests {
    use super::super::room::{Room, words};

    #[test]
    fn the_server_puts_somebody_out() {
        let mut room = Room::new();
        room.network.open_channel(b"#lobby", 1).unwrap();
        for nick in ["ada", "bob"] {
            room.user(nick, &[]);
            room.enter(nick, "#lobby");
        }
        let (network, now) = (&mut room.network, room.now);
        room.out.clear();
        assert!(network.put_out(b"#LOBBY", b"BOB", b"spam", now, &mut room.out));
        assert_eq!(room.told("ada"), ["KICK #lobby bob :spam"]);
        assert_eq!(room.told("bob"), ["KICK #lobby bob :spam"]);
        room.out.clear();
        assert!(!room.network.put_out(b"#lobby", b"bob", b"", now, &mut room.out), "he is out");
        assert!(!room.network.put_out(b"#none", b"ada", b"", now, &mut room.out));
        assert_eq!(room.out.deliveries().count(), 0);
    }

    #[test]
    fn who_runs_the_network_runs_the_channels_that_stand() {
        let mut room = Room::new();
        room.network.open_channel(b"#lobby", 1).unwrap();
        for nick in ["ada", "bob"] {
            room.user(nick, &[]);
            room.enter(nick, "#lobby");
        }
        assert_eq!(words(&room.ask("ada", "KICK #lobby bob")), "482");
        room.modes("ada", "o");
        assert_eq!(words(&room.ask("ada", "TOPIC #lobby :tea")), "TOPIC");
        assert_eq!(words(&room.ask("ada", "KICK #lobby bob :out")), "KICK");
        room.enter("bob", "#bobs");
        room.enter("ada", "#bobs");
        assert_eq!(words(&room.ask("ada", "KICK #bobs bob")), "482", "others have operators of their own");
    }
}
