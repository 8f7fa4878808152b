use alloc::format;
use wirestate_machine::moment;

use crate::mask;
use crate::numerics::*;

use super::super::{Network, TABLE, Turn, help};

impl Network {
    /// VERSION: the software, and RPL_ISUPPORT once more (RFC 2812 §3.4.3).
    pub(in super::super) fn version(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        if self.is_meant(turn, params.first()) {
            self.reply(turn, RPL_VERSION, &[self.config.version.as_bytes(), self.server_name(), b""]);
            self.isupport_lines(turn);
        }
    }

    /// TIME, in UTC (RFC 2812 §3.4.6).
    pub(in super::super) fn time(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        if self.is_meant(turn, params.first()) {
            let now = moment::write(turn.now);
            self.reply(turn, RPL_TIME, &[self.server_name(), &now]);
        }
    }

    /// ADMIN: whom to ask (RFC 2812 §3.4.9).
    pub(in super::super) fn admin(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        if !self.is_meant(turn, params.first()) {
            return;
        }
        if self.config.admin.is_empty() {
            return self.reply(turn, ERR_NOADMININFO, &[self.server_name(), b"No administrative info available"]);
        }
        self.reply(turn, RPL_ADMINME, &[self.server_name(), b"Administrative info"]);
        for (numeric, line) in [RPL_ADMINLOC1, RPL_ADMINLOC2, RPL_ADMINEMAIL].into_iter().zip(&self.config.admin) {
            self.reply(turn, numeric, &[line.as_bytes()]);
        }
    }

    /// INFO (RFC 2812 §3.4.10).
    pub(in super::super) fn info(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        if !self.is_meant(turn, params.first()) {
            return;
        }
        self.reply(turn, RPL_INFO, &[self.config.version.as_bytes()]);
        for line in &self.config.info {
            self.reply(turn, RPL_INFO, &[line.as_bytes()]);
        }
        self.reply(turn, RPL_ENDOFINFO, &[b"End of INFO list"]);
    }

    /// LINKS: this server alone (RFC 2812 §3.4.5).
    pub(in super::super) fn links(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let glob = params.last().copied().unwrap_or(b"*");
        if mask::matches(glob, self.server_name(), self.isupport.case_mapping) {
            let about = [b"0 ", self.config.network_name.as_bytes()].concat();
            self.reply(turn, RPL_LINKS, &[self.server_name(), self.server_name(), &about]);
        }
        self.reply(turn, RPL_ENDOFLINKS, &[glob, b"End of LINKS list"]);
    }

    /// MAP: this server and how many users it has.
    pub(in super::super) fn map(&mut self, turn: &mut Turn<'_>, _params: &[&[u8]]) {
        let line = format!("{} ({} users)", self.config.server_name, self.users.len());
        self.reply(turn, RPL_MAP, &[line.as_bytes()]);
        self.reply(turn, RPL_MAPEND, &[b"End of MAP"]);
    }

    /// USERS, which shows who is logged in on the machine: never (RFC 2812 §4.6).
    pub(in super::super) fn users_command(&mut self, turn: &mut Turn<'_>, _params: &[&[u8]]) {
        self.reply(turn, ERR_USERSDISABLED, &[b"USERS has been disabled"]);
    }

    /// SUMMON, which calls a user of the machine: never (RFC 2812 §4.5).
    pub(in super::super) fn summon(&mut self, turn: &mut Turn<'_>, _params: &[&[u8]]) {
        self.reply(turn, ERR_SUMMONDISABLED, &[b"SUMMON has been disabled"]);
    }

    /// HELP (modern.ircdocs.horse, "HELP").
    pub(in super::super) fn help(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let topic = params.first().copied().unwrap_or_default();
        let Some((name, text)) = help::text(topic) else {
            return self.reply(
                turn,
                ERR_HELPNOTFOUND,
                &[topic, b"There is no help on this: HELP alone shows on what there is"],
            );
        };
        let name = name.as_bytes();
        self.reply(turn, RPL_HELPSTART, &[name, text.as_bytes()]);
        if topic.is_empty() {
            self.reply_list(turn, RPL_HELPTXT, &[name], b' ', help::topics());
        }
        self.reply(turn, RPL_ENDOFHELP, &[name, b"End of HELP"]);
    }

    /// STATS: `u` is how long the server has been up, `m` how often each command came, `o` the operators who are here (RFC 2812 §3.4.4). The
    /// last is for operators.
    pub(in super::super) fn stats(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let letter = params.first().and_then(|word| word.get(..1)).unwrap_or(b"*");
        match letter {
            b"u" => self.stats_uptime(turn),
            b"m" => self.stats_commands(turn),
            b"o" if !self.users.get(turn.user).is_some_and(|user| user.is_operator()) => {
                self.reply(turn, ERR_NOPRIVILEGES, &[b"Permission denied: STATS o is for operators"]);
            }
            b"o" => self.stats_operators(turn),
            _ => {}
        }
        self.reply(turn, RPL_ENDOFSTATS, &[letter, b"End of STATS report"]);
    }

    fn stats_uptime(&self, turn: &mut Turn<'_>) {
        let seconds = turn.now.saturating_sub(self.extras.began.unwrap_or(turn.now)) / 1000;
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
        let text = format!("Server Up {days} days {hours}:{minutes:02}:{:02}", seconds % 60);
        self.reply(turn, RPL_STATSUPTIME, &[text.as_bytes()]);
    }

    fn stats_commands(&self, turn: &mut Turn<'_>) {
        for (row, count) in TABLE.iter().zip(&self.extras.commands).filter(|(_, count)| **count > 0) {
            let count = format!("{count}");
            self.reply(turn, RPL_STATSCOMMANDS, &[row.word.as_bytes(), count.as_bytes(), b"0", b"0"]);
        }
    }

    fn stats_operators(&self, turn: &mut Turn<'_>) {
        for (_, user) in self.users.iter().filter(|(_, user)| user.is_operator()) {
            let host = [user.user(), b"@", user.host()].concat();
            self.reply(turn, RPL_STATSOLINE, &[b"O", &host, b"*", user.nick()]);
        }
    }

    /// Whether a question is to this server: to nobody, to its name or a mask of it, or to one of its users (RFC 2812 §3.4). Else 402.
    fn is_meant(&self, turn: &mut Turn<'_>, server: Option<&&[u8]>) -> bool {
        let Some(server) = server.filter(|server| !server.is_empty()) else { return true };
        let mapping = self.isupport.case_mapping;
        let is_meant = mask::matches(server, self.server_name(), mapping) || self.users.by_nick(server).is_some();
        if !is_meant {
            self.reply(turn, ERR_NOSUCHSERVER, &[server, b"No such server"]);
        }
        is_meant
    }
}
