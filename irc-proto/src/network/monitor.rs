//! MONITOR: who wants to know when a nickname comes and goes ([monitor](https://ircv3.net/specs/extensions/monitor)).

use alloc::string::ToString as _;
use alloc::vec::Vec;

use crate::numerics::*;

use super::nick_lists::Added;
use super::{Network, Turn};

impl Network {
    /// MONITOR
    pub(super) fn monitor(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let targets = params.get(1).copied().unwrap_or_default();
        match params.first().copied().unwrap_or_default() {
            b"+" | b"-" if targets.is_empty() => self.need_more_params(turn, b"MONITOR"),
            b"+" => self.monitor_add(turn, targets),
            b"-" => {
                targets.split(|byte| *byte == b',').for_each(|nick| self.extras.monitors.remove(turn.session, nick))
            }
            b"C" | b"c" => self.extras.monitors.clear(turn.session),
            b"L" | b"l" => {
                self.reply_list(turn, RPL_MONLIST, &[], b',', self.extras.monitors.list(turn.session));
                self.reply(turn, RPL_ENDOFMONLIST, &[b"End of MONITOR list"]);
            }
            b"S" | b"s" => self.monitor_status(turn, self.extras.monitors.list(turn.session)),
            other => self.fail(turn, b"MONITOR", b"INVALID_PARAMS", &[other], b"There are +, -, C, L and S"),
        }
    }

    fn monitor_add(&mut self, turn: &mut Turn<'_>, targets: &[u8]) {
        let mut added = Vec::new();
        let mut rest = targets;
        while !rest.is_empty() {
            let mut parts = rest.splitn(2, |byte| *byte == b',');
            let nick = parts.next().unwrap_or_default();
            if self.nick_rules.check(nick).is_ok() {
                if self.extras.monitors.add(turn.session, nick) == Added::Full {
                    break;
                }
                added.push(nick);
            }
            rest = parts.next().unwrap_or_default();
        }
        self.monitor_status(turn, &added);
        if !rest.is_empty() {
            let most = self.config.limits.monitor.to_string();
            self.reply(turn, ERR_MONLISTFULL, &[most.as_bytes(), rest, b"Monitor list is full."]);
        }
    }

    fn monitor_status<T: AsRef<[u8]>>(&self, turn: &mut Turn<'_>, nicks: &[T]) {
        let online = nicks.iter().filter_map(|nick| Some(self.user_of(nick.as_ref())?.1.source()));
        self.reply_list(turn, RPL_MONONLINE, &[], b',', online);
        let offline = nicks.iter().filter(|nick| self.user_of(nick.as_ref()).is_none());
        self.reply_list(turn, RPL_MONOFFLINE, &[], b',', offline);
    }
}
