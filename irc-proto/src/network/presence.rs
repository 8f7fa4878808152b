use alloc::boxed::Box;

use crate::Capability;
use crate::numerics::*;

use super::extras::Happened;
use super::outgoing::Outgoing;
use super::registration::text;
use super::{Network, Turn, happened};

impl Network {
    /// AWAY (RFC 2812 §4.1, [away-notify](https://ircv3.net/specs/extensions/away-notify)).
    pub(super) fn away(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let words = text(params.first().copied().unwrap_or_default(), self.config.limits.away);
        let words: Option<Box<[u8]>> = (!words.is_empty()).then(|| words.into());
        let Some(user) = self.users.get_mut(turn.user) else { return };
        let changed = user.away != words;
        user.away = words;
        match user.away {
            Some(_) => self.reply(turn, RPL_NOWAWAY, &[b"You have been marked as being away"]),
            None => self.reply(turn, RPL_UNAWAY, &[b"You are no longer marked as being away"]),
        }
        if changed {
            let told = self.gather(turn.user, false);
            if let Some(user) = self.users.get(turn.user) {
                let words = [user.away().unwrap_or_default()];
                let params = if user.away().is_some() { &words[..] } else { &[] };
                let line = Outgoing::user(user, b"AWAY", params, turn.now).with_text();
                let wants = told.iter().copied().filter(|(_, capabilities)| capabilities.has(Capability::AwayNotify));
                line.relay(wants, turn.out);
                happened!(self, Happened::Changed { user: turn.user, how: &line }, turn.now, turn.out);
            }
            self.gathered = told;
        }
    }

    /// SETNAME ([setname](https://ircv3.net/specs/extensions/setname)).
    pub(super) fn setname(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let name = params.first().copied().unwrap_or_default();
        if name.is_empty() || name.len() > self.config.limits.realname as usize {
            return self.fail(turn, b"SETNAME", b"INVALID_REALNAME", &[], b"Realname is empty or too long");
        }
        let Some(user) = self.users.get_mut(turn.user) else { return };
        user.realname = name.into();
        let own = user.has(Capability::Setname);
        let told = self.gather(turn.user, own);
        if let Some(user) = self.users.get(turn.user) {
            let params = [name];
            let line = Outgoing::user(user, b"SETNAME", &params, turn.now).with_text();
            let wants = told.iter().copied().filter(|(_, capabilities)| capabilities.has(Capability::Setname));
            line.relay(wants, turn.out);
            happened!(self, Happened::Changed { user: turn.user, how: &line }, turn.now, turn.out);
        }
        self.gathered = told;
    }
}
