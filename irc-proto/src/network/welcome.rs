use alloc::string::ToString as _;
use alloc::vec::Vec;

use crate::Capability;
use crate::isupport::token_lines;
use crate::numerics::*;

use super::modes::USER_MODES;
use super::{Network, Turn};

impl Network {
    /// What a newcomer is told (RFC 2812 §5.1).
    pub(super) fn welcome(&mut self, turn: &mut Turn<'_>) {
        let Some(user) = self.users.get(turn.user) else { return };
        let config = &self.config;
        let (name, version) = (self.server_name(), config.version.as_bytes());
        let welcome = [b"Welcome to the ", config.network_name.as_bytes(), b" network, ", user.source()].concat();
        self.reply(turn, RPL_WELCOME, &[&welcome]);
        self.reply(turn, RPL_YOURHOST, &[&[b"Your host is ", name, b", running version ", version].concat()]);
        self.reply(turn, RPL_CREATED, &[&[b"This server was created ", config.created.as_bytes()].concat()]);
        let types = &self.isupport.mode_types;
        let statuses: Vec<u8> = types.statuses().iter().map(|status| status.letter).collect();
        let sets = [types.lists, types.arguments, types.arguments_when_set].map(|letters| letters.to_string());
        let with_argument = [&statuses[..], sets.concat().as_bytes()].concat();
        let all = [&with_argument[..], types.flags.to_string().as_bytes()].concat();
        self.reply(turn, RPL_MYINFO, &[name, version, USER_MODES, &all, &with_argument]);
        self.isupport_lines(turn);
        self.lusers_lines(turn);
        self.motd_lines(turn);
        let (Some(user), name) = (self.users.get(turn.user), self.server_name()) else { return };
        let modes = user.modes().to_string();
        if !modes.is_empty() {
            let letters = [b"+", modes.as_bytes()].concat();
            let params = [user.nick(), &letters];
            let line = super::outgoing::Outgoing::server(name, b"MODE", &params, turn.now);
            line.tell(turn.session, user.capabilities(), turn.out);
        }
    }

    /// ISUPPORT ([extended-isupport](https://ircv3.net/specs/extensions/extended-isupport), draft).
    pub(super) fn isupport_command(&mut self, turn: &mut Turn<'_>, _params: &[&[u8]]) {
        self.isupport_lines(turn);
    }

    /// RPL_ISUPPORT, as many lines as it takes; a batch for those who know of that.
    pub(super) fn isupport_lines(&mut self, turn: &mut Turn<'_>) {
        let knows = self.users.get(turn.user).is_some_and(|user| user.has(Capability::ExtendedIsupport));
        let batch = if knows { self.begin_batch(turn, b"draft/isupport", &[]) } else { None };
        let tag = batch.as_ref().map(|reference| [(&b"batch"[..], &reference[..])]);
        let tags = tag.as_ref().map_or(&[][..], |tag| &tag[..]);
        let text: &[u8] = b"are supported by this server";
        let nick = self.users.get(turn.user).map_or(1, |user| user.nick().len());
        let room = 512usize.saturating_sub(self.server_name().len() + nick + text.len() + 12);
        for tokens in token_lines(&self.isupport.tokens(), room) {
            let params: Vec<&[u8]> = tokens.iter().map(Vec::as_slice).chain([text]).collect();
            self.reply_tagged(turn, tags, RPL_ISUPPORT, &params);
        }
        self.end_batch(turn, batch.as_deref());
    }

    /// LUSERS (RFC 2812 §3.4.2).
    pub(super) fn lusers(&mut self, turn: &mut Turn<'_>, _params: &[&[u8]]) {
        self.lusers_lines(turn);
    }

    fn lusers_lines(&self, turn: &mut Turn<'_>) {
        let all = self.users.len();
        let (invisible, operators) = self.users.counts();
        let number = |number: usize| number.to_string().into_bytes();
        let visible = all - invisible;
        let text = alloc::format!("There are {visible} users and {invisible} invisible on 1 servers");
        self.reply(turn, RPL_LUSERCLIENT, &[text.as_bytes()]);
        for (numeric, count, text) in [
            (RPL_LUSEROP, operators, &b"operator(s) online"[..]),
            (RPL_LUSERUNKNOWN, self.users.claims(), b"unknown connection(s)"),
            (RPL_LUSERCHANNELS, self.channels.len(), b"channels formed"),
        ] {
            if count > 0 {
                self.reply(turn, numeric, &[&number(count), text]);
            }
        }
        let text = alloc::format!("I have {all} clients and 0 servers");
        self.reply(turn, RPL_LUSERME, &[text.as_bytes()]);
        let most = self.users.most;
        for (numeric, what) in [(RPL_LOCALUSERS, "local"), (RPL_GLOBALUSERS, "global")] {
            let text = alloc::format!("Current {what} users {all}, max {most}");
            self.reply(turn, numeric, &[&number(all), &number(most), text.as_bytes()]);
        }
    }

    /// MOTD (RFC 2812 §3.4.1).
    pub(super) fn motd(&mut self, turn: &mut Turn<'_>, _params: &[&[u8]]) {
        self.motd_lines(turn);
    }

    fn motd_lines(&self, turn: &mut Turn<'_>) {
        if self.config.motd.is_empty() {
            return self.reply(turn, ERR_NOMOTD, &[b"There is no message of the day"]);
        }
        self.reply(turn, RPL_MOTDSTART, &[&[b"- ", self.server_name(), b" message of the day -"].concat()]);
        for line in &self.config.motd {
            self.reply(turn, RPL_MOTD, &[&[b"- ", line.as_bytes()].concat()]);
        }
        self.reply(turn, RPL_ENDOFMOTD, &[b"End of the message of the day"]);
    }
}
