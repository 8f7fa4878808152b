use alloc::string::ToString as _;
use alloc::vec::Vec;
use wirestate_machine::moment;

use crate::Capability;
use crate::numerics::*;

use super::super::user::{User, UserId};
use super::super::{Network, Turn};

impl Network {
    /// WHOIS: all that the viewer may know of a user (RFC 2812 §3.6.2). `WHOIS server nick` asks the same.
    pub(in super::super) fn whois(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let given = params.get(1).or(params.first()).copied().unwrap_or_default();
        // TARGMAX says one.
        let nick = given.split(|byte| *byte == b',').next().unwrap_or_default();
        if nick.is_empty() {
            return self.reply(turn, ERR_NONICKNAMEGIVEN, &[b"No nickname given"]);
        }
        match self.user_of(nick) {
            Some((_, user)) => self.whois_user(turn, user),
            None => self.no_such_nick(turn, nick),
        }
        self.reply(turn, RPL_ENDOFWHOIS, &[nick, b"End of WHOIS list"]);
    }

    fn whois_user(&self, turn: &mut Turn<'_>, user: &User) {
        let nick = user.nick();
        self.reply(turn, RPL_WHOISUSER, &[nick, user.user(), user.host(), b"*", user.realname()]);
        let channels = self.whois_channels(turn.user, user);
        self.reply_list(turn, RPL_WHOISCHANNELS, &[nick], b' ', channels);
        self.reply(turn, RPL_WHOISSERVER, &[nick, self.server_name(), self.config.network_name.as_bytes()]);
        if user.is_operator() {
            self.reply(turn, RPL_WHOISOPERATOR, &[nick, b"is an IRC operator"]);
        }
        if let Some(account) = user.account() {
            self.reply(turn, RPL_WHOISACCOUNT, &[nick, account, b"is logged in as"]);
        }
        if user.is_secure() {
            self.reply(turn, RPL_WHOISSECURE, &[nick, b"is using a secure connection"]);
        }
        if user.is_bot() {
            self.reply(turn, RPL_WHOISBOT, &[nick, b"is a bot"]);
        }
        if let Some(away) = user.away() {
            self.reply(turn, RPL_AWAY, &[nick, away]);
        }
        let idle = (turn.now.saturating_sub(user.active()) / 1000).to_string();
        let signon = (user.signon() / 1000).to_string();
        let text = b"seconds idle, signon time";
        self.reply(turn, RPL_WHOISIDLE, &[nick, idle.as_bytes(), signon.as_bytes(), text]);
    }

    /// The channels in which the viewer may know the user to be, with their statuses.
    fn whois_channels(&self, viewer: UserId, user: &User) -> Vec<Vec<u8>> {
        let all = self.users.get(viewer).is_some_and(|viewer| viewer.has(Capability::MultiPrefix));
        let known = user.memberships.iter().filter_map(|membership| {
            let channel = self.channels.get(membership.channel)?;
            if !self.may_see_member(viewer, membership.channel, channel, user) {
                return None;
            }
            let mut name = Vec::new();
            channel.member(membership.position)?.ranks.write(self.isupport.mode_types.statuses(), all, &mut name);
            name.extend_from_slice(channel.name());
            Some(name)
        });
        known.collect()
    }

    /// WHOWAS: who had a nickname before (RFC 2812 §3.6.3).
    pub(in super::super) fn whowas(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let nick = params.first().and_then(|nicks| nicks.split(|byte| *byte == b',').next()).unwrap_or_default();
        if nick.is_empty() {
            return self.reply(turn, ERR_NONICKNAMEGIVEN, &[b"No nickname given"]);
        }
        let count = params.get(1).and_then(|count| core::str::from_utf8(count).ok()?.parse::<u32>().ok());
        let mut is_known = false;
        for former in self.extras.whowas.of(nick, count.filter(|count| *count > 0), self.isupport.case_mapping) {
            is_known = true;
            let own = &former.nick;
            self.reply(turn, RPL_WHOWASUSER, &[own, &former.user, &former.host, b"*", &former.realname]);
            if let Some(account) = &former.account {
                self.reply(turn, RPL_WHOISACCOUNT, &[own, account, b"was logged in as"]);
            }
            self.reply(turn, RPL_WHOISSERVER, &[own, self.server_name(), &moment::write(former.until)]);
        }
        if !is_known {
            self.reply(turn, ERR_WASNOSUCHNICK, &[nick, b"There was no such nickname"]);
        }
        self.reply(turn, RPL_ENDOFWHOWAS, &[nick, b"End of WHOWAS"]);
    }
}
