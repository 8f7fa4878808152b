use bytes::Bytes;

use crate::nick::NickFault;
use crate::numerics::*;

use super::channel::{Channel, Ranks};
use super::deliveries::Action;
use super::extras::Happened;
use super::outgoing::Outgoing;
use super::user::User;
use super::{Network, Turn, happened};

impl Network {
    /// NICK (RFC 2812 §3.1.2).
    pub(super) fn nick(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let nick = params.first().copied().unwrap_or_default();
        match self.nick_rules.check(nick) {
            Err(NickFault::Empty) => return self.reply(turn, ERR_NONICKNAMEGIVEN, &[b"No nickname given"]),
            Err(_) => return self.reply(turn, ERR_ERRONEUSNICKNAME, &[nick, b"Erroneous nickname"]),
            Ok(()) => {}
        }
        let Some(user) = self.users.get(turn.user) else { return };
        if user.nick() == nick {
            return;
        }
        if !self.config.case_mapping.same(user.nick(), nick)
            && let Some(channel) = self.holds_nick(user)
        {
            let text = b"Cannot change your nickname while you are banned or quieted in a channel";
            return self.reply(turn, ERR_BANONCHAN, &[nick, channel.name(), text]);
        }
        let before = user.source().to_vec();
        if !self.users.rename(turn.user, nick) {
            return self.reply(turn, ERR_NICKNAMEINUSE, &[nick, b"Nickname is already in use"]);
        }
        let msgid = self.next_id();
        let told = self.gather(turn.user, true);
        if let Some(user) = self.users.get(turn.user) {
            let params = [nick];
            let line = Outgoing::user(user, b"NICK", &params, turn.now);
            let line = Outgoing { source: &before, msgid: Some(&msgid), ..line };
            line.relay(told.iter().copied(), turn.out);
            happened!(self, Happened::Renamed { user: turn.user, before: &before }, turn.now, turn.out);
            for membership in &user.memberships {
                let what = Happened::Event { channel: membership.channel, what: &line };
                happened!(self, what, turn.now, turn.out);
            }
        }
        self.gathered = told;
        turn.out.act(Action::Renamed { session: turn.session, nick: Bytes::copy_from_slice(nick) });
    }

    /// A channel in which the user may not speak for a ban, which another nickname must not lift.
    fn holds_nick(&self, user: &User) -> Option<&Channel> {
        user.memberships.iter().find_map(|own| {
            let channel = self.channels.get(own.channel)?;
            let member = channel.member(own.position)?;
            (member.ranks == Ranks::NONE && self.is_quieted(channel, user)).then_some(channel)
        })
    }
}
