use alloc::string::ToString as _;
use alloc::vec::Vec;

use crate::Letters;
use crate::isupport::Limit;
use crate::mask;
use crate::modes::{Change, ModeKind, mode_lines};
use crate::numerics::*;

use super::lists::MASK;
use crate::network::channel::{Channel, ChannelId, Entry, Ranks};
use crate::network::extras::Happened;
use crate::network::outgoing::Outgoing;
use crate::network::{Network, Turn, happened};

/// What has been changed: a [`Change`] that owns its argument.
struct Done {
    adding: bool,
    letter: u8,
    kind: ModeKind,
    argument: Option<Vec<u8>>,
}

impl Network {
    pub(super) fn channel_mode(&mut self, turn: &mut Turn<'_>, name: &[u8], rest: &[&[u8]]) {
        let Some(id) = self.visible_channel(turn, name) else { return };
        let Some((letters, arguments)) = rest.split_first() else { return self.tell_channel_modes(turn, id) };
        let types = self.isupport.mode_types.clone();
        let mut room = self.config.limits.modes.max(1);
        let mut asked = Letters::NONE;
        let mut unknown = Letters::NONE;
        let mut refused = false;
        let mut done = Vec::new();
        let was_restricted = self.channels.get(id).is_some_and(Channel::is_restricted);
        for change in types.changes(letters, arguments.iter().copied()) {
            if change.kind.is_none() {
                if !unknown.contains(change.letter) {
                    unknown = unknown.with(change.letter);
                    self.reply(turn, ERR_UNKNOWNMODE, &[&[change.letter], b"is unknown mode char to me"]);
                }
                continue;
            }
            if change.is_list_query() {
                if !asked.contains(change.letter) {
                    asked = asked.with(change.letter);
                    self.ask_for_list(turn, id, change.letter, &mut refused);
                }
                continue;
            }
            if change.argument.is_some() {
                // MODES: what is beyond it is left out.
                let Some(left) = room.checked_sub(1) else { continue };
                room = left;
            }
            let rights = self.ranks(turn.user, id);
            if !rights.is_some_and(|ranks| ranks.at_least(Ranks::HALFOP)) && !self.is_own_fall(turn, id, &change) {
                self.refuse_mode(turn, id, rights, &mut refused);
                continue;
            }
            self.change_channel_mode(turn, id, &change, &mut refused, &mut done);
        }
        // Before the MODE itself is kept, so that no store has it with less care than it wants.
        if let Some(channel) = self.channels.get(id).filter(|channel| channel.is_restricted() != was_restricted) {
            self.extras.restricted(self.config.case_mapping, channel);
        }
        self.tell_of_modes(turn, id, &done);
    }

    fn refuse_mode(&self, turn: &mut Turn<'_>, id: ChannelId, ranks: Option<Ranks>, refused: &mut bool) {
        let Some(channel) = self.channels.get(id).filter(|_| !*refused) else { return };
        *refused = true;
        match ranks {
            None => self.not_on_channel(turn, channel.name()),
            Some(_) => self.not_channel_operator(turn, channel.name()),
        }
    }

    /// Whether somebody lays down a status of their own.
    fn is_own_fall(&self, turn: &Turn<'_>, id: ChannelId, change: &Change<'_>) -> bool {
        let is_own = |nick| self.users.by_nick(nick) == Some(turn.user);
        let is_status = change.kind == Some(ModeKind::Status) && !change.adding;
        is_status && change.argument.is_some_and(is_own) && self.is_on(turn.user, id)
    }

    fn ask_for_list(&self, turn: &mut Turn<'_>, id: ChannelId, letter: u8, refused: &mut bool) {
        let Some(channel) = self.channels.get(id) else { return };
        let ranks = self.ranks(turn.user, id);
        // Bans are anybody's to see, who is let in without them is not.
        let open = matches!(letter, b'b' | b'q') || ranks.is_some_and(|ranks| ranks.at_least(Ranks::HALFOP));
        if open {
            self.tell_list(turn, channel, letter);
        } else {
            self.refuse_mode(turn, id, ranks, refused);
        }
    }

    fn change_channel_mode(
        &mut self,
        turn: &mut Turn<'_>,
        id: ChannelId,
        change: &Change<'_>,
        refused: &mut bool,
        done: &mut Vec<Done>,
    ) {
        let Change { adding, letter, kind, argument } = *change;
        let Some(kind) = kind else { return };
        let changed = match (kind, argument) {
            (ModeKind::Flag, _) => self.change_flag(id, adding, letter),
            (ModeKind::Status, Some(nick)) => self.change_status(turn, id, adding, letter, nick, refused),
            (ModeKind::List, Some(mask)) => self.change_list(turn, id, adding, letter, mask),
            (ModeKind::Argument, key) if !adding => self.remove_key(id, key),
            (ModeKind::Argument, Some(key)) => self.set_key(turn, id, key),
            (ModeKind::ArgumentWhenSet, limit) => self.change_limit(turn, id, adding, limit),
            _ => {
                self.invalid_argument(turn, id, letter, b"*", b"You must specify a parameter");
                None
            }
        };
        if let Some(argument) = changed {
            done.push(Done { adding, letter, kind, argument });
        }
    }

    fn invalid_argument(&self, turn: &mut Turn<'_>, id: ChannelId, letter: u8, argument: &[u8], text: &[u8]) {
        let Some(channel) = self.channels.get(id) else { return };
        self.reply(turn, ERR_INVALIDMODEPARAM, &[channel.name(), &[letter], argument, text]);
    }

    // Each of these gives what the others are told as the argument, if anything has changed.

    fn change_flag(&mut self, id: ChannelId, adding: bool, letter: u8) -> Option<Option<Vec<u8>>> {
        let channel = self.channels.get_mut(id)?;
        let before = channel.flags;
        channel.flags = if adding { before.with(letter) } else { before.without(letter) };
        (channel.flags != before).then_some(None)
    }

    fn change_status(
        &mut self,
        turn: &mut Turn<'_>,
        id: ChannelId,
        adding: bool,
        letter: u8,
        nick: &[u8],
        refused: &mut bool,
    ) -> Option<Option<Vec<u8>>> {
        let Some(other) = self.users.by_nick(nick) else {
            self.no_such_nick(turn, nick);
            return None;
        };
        let own = self.ranks(turn.user, id)?;
        let Some(theirs) = self.ranks(other, id) else {
            let channel = self.channels.get(id)?;
            self.reply(turn, ERR_USERNOTINCHANNEL, &[nick, channel.name(), b"They aren't on that channel"]);
            return None;
        };
        let rank = Ranks::of_letter(letter);
        let is_own_fall = other == turn.user && !adding;
        if !is_own_fall && !own.at_least(rank.giver()) {
            self.refuse_mode(turn, id, Some(own), refused);
            return None;
        }
        let after = if adding { theirs.with(rank) } else { theirs.without(rank) };
        if after == theirs {
            return None;
        }
        let user = self.users.get(other)?;
        let position = user.membership(id)?.position;
        self.channels.get_mut(id)?.member_mut(position)?.ranks = after;
        Some(Some(user.nick().to_vec()))
    }

    fn change_list(
        &mut self,
        turn: &mut Turn<'_>,
        id: ChannelId,
        adding: bool,
        letter: u8,
        mask: &[u8],
    ) -> Option<Option<Vec<u8>>> {
        let prefix = self.config.extban_prefix;
        let full = mask::normalise(mask, Some(prefix)).ok().filter(|full| full.len() <= MASK);
        let lawful = full.filter(|full| full.strip_prefix(&[prefix]).is_none_or(|text| self.is_extended(text)));
        let Some(mask) = lawful else {
            self.invalid_argument(turn, id, letter, b"*", b"This is no mask");
            return None;
        };
        let mapping = self.config.case_mapping;
        let channel = self.channels.get(id)?;
        let place = channel.list(letter).iter().position(|entry| mapping.same(&entry.mask, &mask));
        if adding && place.is_none() && channel.entries() >= self.config.limits.list as usize {
            self.reply(turn, ERR_BANLISTFULL, &[channel.name(), &[letter], b"Channel list is full"]);
            return None;
        }
        let who = self.users.get(turn.user)?.source().into();
        let list = self.channels.get_mut(id)?.list_mut(letter)?;
        match (adding, place) {
            (true, None) => {
                list.push(Entry { mask: mask.as_slice().into(), who, at: turn.now });
                Some(Some(mask))
            }
            (false, Some(place)) => Some(Some(list.remove(place).mask.into())),
            _ => None,
        }
    }

    /// Whoever may unset the key need not know it, and who is told of it has it already or is not to have it.
    fn remove_key(&mut self, id: ChannelId, _key: Option<&[u8]>) -> Option<Option<Vec<u8>>> {
        self.channels.get_mut(id)?.key.take().map(|_| Some(b"*".to_vec()))
    }

    fn set_key(&mut self, turn: &mut Turn<'_>, id: ChannelId, key: &[u8]) -> Option<Option<Vec<u8>>> {
        let lawful = (1..=self.config.limits.key as usize).contains(&key.len())
            && key.first() != Some(&b':')
            && !key.iter().any(|byte| *byte <= b' ' || *byte == b',' || *byte == 0x7f);
        if !lawful {
            let channel = self.channels.get(id)?;
            self.reply(turn, ERR_INVALIDKEY, &[channel.name(), b"Key is not well-formed"]);
            return None;
        }
        let channel = self.channels.get_mut(id)?;
        if channel.key.as_deref() == Some(key) {
            return None;
        }
        channel.key = Some(key.into());
        Some(Some(key.to_vec()))
    }

    fn change_limit(
        &mut self,
        turn: &mut Turn<'_>,
        id: ChannelId,
        adding: bool,
        argument: Option<&[u8]>,
    ) -> Option<Option<Vec<u8>>> {
        if !adding {
            return self.channels.get_mut(id)?.limit.take().map(|_| None);
        }
        let number = argument.filter(|text| text.iter().all(u8::is_ascii_digit));
        let number = number.and_then(|text| core::str::from_utf8(text).ok()).and_then(|text| text.parse::<u32>().ok());
        let Some(number) = number.filter(|number| *number > 0) else {
            self.invalid_argument(turn, id, b'l', argument.unwrap_or(b"*"), b"A limit is a number above 0");
            return None;
        };
        let channel = self.channels.get_mut(id)?;
        (channel.limit.replace(number) != Some(number)).then(|| Some(number.to_string().into_bytes()))
    }

    /// Tells all members what has changed, in as few lines as it takes.
    fn tell_of_modes(&mut self, turn: &mut Turn<'_>, id: ChannelId, done: &[Done]) {
        let (Some(user), Some(channel)) = (self.users.get(turn.user), self.channels.get(id)) else { return };
        let changes: Vec<Change<'_>> = done
            .iter()
            .map(|one| Change {
                adding: one.adding,
                letter: one.letter,
                kind: Some(one.kind),
                argument: one.argument.as_deref(),
            })
            .collect();
        let room = 512usize.saturating_sub(user.source().len() + channel.name().len() + ": MODE  \r\n".len() + 1);
        let modes = Limit::Most(self.config.limits.modes.max(1));
        for line in mode_lines(&changes, modes, room).unwrap_or_default() {
            let msgid = self.next_id();
            let (Some(user), Some(channel)) = (self.users.get(turn.user), self.channels.get(id)) else { return };
            let params: Vec<&[u8]> = core::iter::once(channel.name()).chain(line.split(|byte| *byte == b' ')).collect();
            let line = Outgoing { msgid: Some(&msgid), ..Outgoing::user(user, b"MODE", &params, turn.now) };
            line.relay(channel.receivers(), turn.out);
            happened!(self, Happened::Event { channel: id, what: &line }, turn.now, turn.out);
        }
    }

    /// RPL_CHANNELMODEIS and RPL_CREATIONTIME; members alone are told the key.
    fn tell_channel_modes(&self, turn: &mut Turn<'_>, id: ChannelId) {
        let Some(channel) = self.channels.get(id) else { return };
        let mut letters = alloc::format!("+{}", channel.flags()).into_bytes();
        let limit = channel.limit().map(|limit| limit.to_string());
        let mut arguments: Vec<&[u8]> = Vec::new();
        if let Some(key) = &channel.key {
            letters.push(b'k');
            arguments.push(if self.is_on(turn.user, id) { key } else { b"*" });
        }
        if let Some(limit) = &limit {
            letters.push(b'l');
            arguments.push(limit.as_bytes());
        }
        let params: Vec<&[u8]> = [channel.name(), &letters].into_iter().chain(arguments).collect();
        self.reply(turn, RPL_CHANNELMODEIS, &params);
        let created = (channel.created() / 1000).to_string();
        self.reply(turn, RPL_CREATIONTIME, &[channel.name(), created.as_bytes()]);
    }
}
