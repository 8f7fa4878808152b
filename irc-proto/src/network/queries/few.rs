use alloc::vec::Vec;

use crate::numerics::*;

use super::super::{Network, Turn};

/// How many nicknames one USERHOST heeds (RFC 2812 §4.8).
const USERHOST: usize = 5;

impl Network {
    /// USERHOST: `nick[*]=(+|-)user@host` of up to five users (RFC 2812 §4.8).
    pub(in super::super) fn userhost(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let Some(nicks) = words(params) else { return self.need_more_params(turn, b"USERHOST") };
        let found = nicks.take(USERHOST).filter_map(|nick| {
            let (_, user) = self.user_of(nick)?;
            let mark: &[u8] = if user.is_operator() { b"*=" } else { b"=" };
            let sign: &[u8] = if user.away().is_some() { b"-" } else { b"+" };
            Some([user.nick(), mark, sign, user.user(), b"@", user.host()].concat())
        });
        let all = found.collect::<Vec<_>>().join(&b' ');
        self.reply(turn, RPL_USERHOST, &[&all]);
    }

    /// ISON: which of these are here (RFC 2812 §4.9). What one reply cannot hold is left out, as the RFC has one reply.
    pub(in super::super) fn ison(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let Some(nicks) = words(params) else { return self.need_more_params(turn, b"ISON") };
        let room = 400;
        let mut all = Vec::new();
        for (_, user) in nicks.filter_map(|nick| self.user_of(nick)) {
            if all.len() + user.nick().len() > room {
                break;
            }
            if !all.is_empty() {
                all.push(b' ');
            }
            all.extend_from_slice(user.nick());
        }
        self.reply(turn, RPL_ISON, &[&all]);
    }
}

/// The words of all parameters: clients send nicknames one by one, or all in the last. `None` without any.
pub(in super::super) fn words<'a>(params: &'a [&'a [u8]]) -> Option<impl Iterator<Item = &'a [u8]>> {
    let words = params.iter().flat_map(|param| param.split(|byte| *byte == b' ')).filter(|word| !word.is_empty());
    words.clone().next()?;
    Some(words)
}
