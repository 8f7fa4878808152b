use alloc::string::ToString as _;
use alloc::vec::Vec;

use crate::numerics::*;
use crate::{Capability, channel, mask};

use super::super::channel::{Channel, Member};
use super::super::user::{User, UserId};
use super::super::whox::Ask;
use super::super::{Network, Turn};

/// How many users a WHO with a mask finds.
const MOST: usize = 500;

/// How many members of one channel a WHO tells: as many as a send queue has room for.
const MOST_MEMBERS: usize = 3000;

/// One user in a reply, and the channel by which they were found.
struct Found<'a> {
    user: &'a User,
    channel: Option<(&'a Channel, &'a Member)>,
}

impl Network {
    /// WHO: the members of a channel, the user of a nickname, or those whom a mask fits (RFC 2812 §3.6.1, WHOX).
    pub(in super::super) fn who(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let mask = params.first().copied().filter(|mask| !mask.is_empty()).unwrap_or(b"*");
        let ask = Ask::parse(params.get(1).copied().unwrap_or_default());
        if channel::is_channel(mask, &self.isupport) {
            self.who_channel(turn, mask, ask);
        } else if let Some((_, user)) = self.user_of(mask) {
            self.who_user(turn, ask, user);
        } else {
            self.who_mask(turn, mask, ask);
        }
        self.reply(turn, RPL_ENDOFWHO, &[mask, b"End of WHO list"]);
    }

    fn who_channel(&self, turn: &mut Turn<'_>, name: &[u8], ask: Ask<'_>) {
        let Some((id, channel)) = self.channels.by_name(name).and_then(|id| Some((id, self.channels.get(id)?))) else {
            return;
        };
        for (number, member) in channel.members.iter().enumerate() {
            if number == MOST_MEMBERS {
                return self.reply(turn, ERR_TOOMANYMATCHES, &[b"WHO", name, b"There are more: use NAMES"]);
            }
            let Some(user) = self.users.get(member.user) else { continue };
            if self.may_see_member(turn.user, id, channel, user) && (!ask.operators || user.is_operator()) {
                self.who_reply(turn, ask, Found { user, channel: Some((channel, member)) });
            }
        }
    }

    fn who_mask(&self, turn: &mut Turn<'_>, given: &[u8], ask: Ask<'_>) {
        let mapping = self.isupport.case_mapping;
        // RFC 2812: 0 is everybody.
        let glob = if given == b"0" { b"*" } else { given };
        let fits = |text: &[u8]| mask::matches(glob, text, mapping);
        let is_here = fits(self.server_name());
        let Some(viewer) = self.users.get(turn.user) else { return };
        let found = self.users.iter().filter(|(_, user)| {
            let texts = [user.nick(), user.source(), user.host(), user.user(), user.realname()];
            self.may_see_user(viewer, user)
                && (!ask.operators || user.is_operator())
                && (is_here || texts.into_iter().any(fits))
        });
        for (number, (_, user)) in found.enumerate() {
            if number == MOST {
                return self.reply(turn, ERR_TOOMANYMATCHES, &[b"WHO", given, b"There are more: use a narrower mask"]);
            }
            self.who_user(turn, ask, user);
        }
    }

    /// With a channel that the viewer may know them to be in, a common one first.
    fn who_user(&self, turn: &mut Turn<'_>, ask: Ask<'_>, user: &User) {
        if ask.operators && !user.is_operator() {
            return;
        }
        let known = |common: bool| {
            user.memberships.iter().find_map(|membership| {
                let channel = self.channels.get(membership.channel)?;
                let is_known = self.may_see_member(turn.user, membership.channel, channel, user);
                let fits = is_known && (!common || self.is_on(turn.user, membership.channel));
                Some((channel, channel.member(membership.position)?)).filter(|_| fits)
            })
        };
        self.who_reply(turn, ask, Found { user, channel: known(true).or_else(|| known(false)) });
    }

    fn who_reply(&self, turn: &mut Turn<'_>, ask: Ask<'_>, found: Found<'_>) {
        let channel = found.channel.map_or(&b"*"[..], |(channel, _)| channel.name());
        let flags = self.who_flags(turn.user, &found);
        let user = found.user;
        let Some(fields) = ask.fields else {
            let hops = [b"0 ", user.realname()].concat();
            let params = [channel, user.user(), user.host(), self.server_name(), user.nick(), &flags, &hops];
            return self.reply(turn, RPL_WHOREPLY, &params);
        };
        let idle = (turn.now.saturating_sub(user.active()) / 1000).to_string();
        let params: Vec<&[u8]> = Ask::in_order(fields)
            .map(|field| match field {
                b't' => ask.token,
                b'c' => channel,
                b'u' => user.user(),
                // The network knows hosts as they are shown, and no addresses.
                b'i' => b"255.255.255.255",
                b'h' => user.host(),
                b's' => self.server_name(),
                b'n' => user.nick(),
                b'f' => &flags,
                b'd' => b"0",
                b'l' => idle.as_bytes(),
                b'a' => user.account().unwrap_or(b"0"),
                b'o' => b"n/a",
                _ => user.realname(),
            })
            .collect();
        self.reply(turn, RPL_WHOSPCRPL, &params);
    }

    /// `H` or `G`, `*` for an operator, `B` for a bot, and the statuses in the channel.
    fn who_flags(&self, viewer: UserId, found: &Found<'_>) -> Vec<u8> {
        let user = found.user;
        let mut flags = Vec::from(if user.away().is_some() { b"G" } else { b"H" });
        flags.extend(user.is_operator().then_some(b'*'));
        flags.extend(user.is_bot().then_some(b'B'));
        if let Some((_, member)) = found.channel {
            let all = self.users.get(viewer).is_some_and(|viewer| viewer.has(Capability::MultiPrefix));
            member.ranks.write(self.isupport.mode_types.statuses(), all, &mut flags);
        }
        flags
    }

    /// The user of a nickname.
    pub(in super::super) fn user_of(&self, nick: &[u8]) -> Option<(UserId, &User)> {
        let id = self.users.by_nick(nick)?;
        Some((id, self.users.get(id)?))
    }
}
