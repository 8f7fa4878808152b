//! RENAME: another name for a channel ([channel-rename](https://ircv3.net/specs/extensions/channel-rename), draft).

use alloc::vec::Vec;

use crate::casemap::FoldedName;
use crate::channel::check_channel;
use crate::{Capabilities, Capability};

use super::channel::{Channel, ChannelId, Member, Ranks};
use super::extras::entry;
use super::history::{Buffer, Sort};
use super::outgoing::Outgoing;
use super::registration::text;
use super::{Network, Turn};

/// How many names are known that channels had before.
const FORMER_NAMES: usize = 256;

/// A name that a channel had.
#[derive(Debug)]
pub(super) struct FormerName {
    folded: FoldedName,
    channel: ChannelId,
    serial: u64,
    /// When it was renamed: milliseconds since 1970.
    until: u64,
}

#[derive(Clone, Copy)]
struct Change<'a> {
    before: &'a [u8],
    wanted: &'a [u8],
    reason: &'a [u8],
    msgid: &'a [u8],
}

impl Network {
    /// RENAME, for channel operators.
    pub(super) fn rename(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let [given, wanted, rest @ ..] = params else { return self.need_more_params(turn, b"RENAME") };
        let visible = self.channels.by_name(given).and_then(|id| Some((id, self.channels.get(id)?)));
        let Some((id, channel)) = visible.filter(|(id, channel)| self.may_see_channel(turn.user, *id, channel)) else {
            return self.no_such_channel(turn, given);
        };
        match self.ranks(turn.user, id) {
            None => return self.not_on_channel(turn, given),
            Some(ranks) if !ranks.at_least(Ranks::OPERATOR) => return self.not_channel_operator(turn, given),
            Some(_) => {}
        }
        let before = channel.name().to_vec();
        let is_recent =
            channel.renamed != 0 && turn.now.saturating_sub(channel.renamed) < self.config.limits.rename_delay;
        let refuse = |network: &Network, turn: &mut Turn<'_>, code: &[u8], text: &[u8]| {
            network.fail(turn, b"RENAME", code, &[&before, wanted], text);
        };
        if check_channel(wanted, &self.isupport).is_err() || wanted.first() != before.first() {
            return refuse(
                self,
                turn,
                b"CANNOT_RENAME",
                b"A channel cannot have this name: begin it as before, without blanks and commas",
            );
        }
        if is_recent {
            return refuse(self, turn, b"CANNOT_RENAME", b"This channel has been renamed recently: try again later");
        }
        if self.channels.by_name(wanted).is_some_and(|other| other != id) {
            return refuse(self, turn, b"CHANNEL_NAME_IN_USE", b"The channel name is already taken");
        }
        if wanted[..] == before[..] || !self.channels.rename(id, wanted, turn.now) {
            return;
        }
        let reason = text(rest.first().copied().unwrap_or_default(), self.config.limits.farewell);
        let msgid = self.next_id();
        let change = Change { before: &before, wanted, reason: &reason, msgid: &msgid };
        self.keep_renamed(turn, id, change);
        self.tell_renamed(turn, id, change);
    }

    /// Where a name leads that a channel had until lately, if the channel may be known of from outside.
    pub(super) fn redirect(&self, name: &[u8], now: u64) -> Option<(ChannelId, &Channel)> {
        let folded = self.config.case_mapping.key(name);
        let known = self.former_names.iter().find(|known| known.folded == folded)?;
        let channel = self.channels.get(known.channel).filter(|channel| channel.serial == known.serial)?;
        let is_fresh = now.saturating_sub(known.until) < self.config.limits.rename_redirect;
        (is_fresh && !channel.is_secret()).then_some((known.channel, channel))
    }

    /// What is kept of the channel goes with it.
    fn keep_renamed(&mut self, turn: &Turn<'_>, id: ChannelId, change: Change<'_>) {
        let mapping = self.isupport.case_mapping;
        let (from, to) = (mapping.key(change.before), mapping.key(change.wanted));
        let extras = &mut self.extras;
        if from != to {
            extras.history.rename(from.as_bytes(), to.as_bytes());
            extras.markers.rename(from.as_bytes(), to.as_bytes());
            extras.metadata.rename(from.as_bytes(), to.as_bytes());
        }
        let (Some(user), Some(channel)) = (self.users.get(turn.user), self.channels.get(id)) else { return };
        let params = [change.before, change.wanted, change.reason];
        let line = Outgoing { msgid: Some(change.msgid), ..Outgoing::user(user, b"RENAME", &params, turn.now) };
        extras.history.append(Buffer::Channel(to.as_bytes()), entry(&line.with_text(), Sort::Event));
        // A name leads where it was last taken from, and nowhere once it is in use again.
        let names = &mut self.former_names;
        names.retain(|name| name.folded != from && name.folded != to);
        if from != to {
            names.truncate(FORMER_NAMES - 1);
            names.push_front(FormerName { folded: from, channel: id, serial: channel.serial, until: turn.now });
        }
    }

    /// Those who know RENAME are told by it; to others the channel is parted with and another joined, unless its name has changed in its case alone.
    fn tell_renamed(&self, turn: &mut Turn<'_>, id: ChannelId, change: Change<'_>) {
        let Change { before, wanted, reason, msgid } = change;
        let (Some(channel), Some(user)) = (self.channels.get(id), self.users.get(turn.user)) else { return };
        let params = [before, wanted, reason];
        let knows = |capabilities: Capabilities| capabilities.has(Capability::ChannelRename);
        let line = Outgoing { msgid: Some(msgid), ..Outgoing::user(user, b"RENAME", &params, turn.now).with_text() };
        line.relay(channel.receivers().filter(|(_, capabilities)| knows(*capabilities)), turn.out);
        if self.isupport.case_mapping.same(before, wanted) {
            return;
        }
        let others: Vec<Member> =
            channel.members.iter().copied().filter(|member| !knows(member.capabilities)).collect();
        for member in others {
            let Some(user) = self.users.get(member.user) else { continue };
            let part = [before, reason];
            let line = match reason {
                b"" => Outgoing::user(user, b"PART", &part[..1], turn.now),
                _ => Outgoing::user(user, b"PART", &part, turn.now).with_text(),
            };
            line.tell(member.session, member.capabilities, turn.out);
            let join = [wanted, user.account().unwrap_or(b"*"), user.realname()];
            let line = match member.capabilities.has(Capability::ExtendedJoin) {
                true => Outgoing::user(user, b"JOIN", &join, turn.now).with_text(),
                false => Outgoing::user(user, b"JOIN", &join[..1], turn.now),
            };
            line.tell(member.session, member.capabilities, turn.out);
            let (message, now) = (turn.message, turn.now);
            let mut theirs = Turn { user: member.user, session: member.session, now, message, out: &mut *turn.out };
            self.tell_topic(&mut theirs, channel);
            self.names_of(&mut theirs, wanted);
        }
    }
}

#[cfg(test)]
mod tests;
