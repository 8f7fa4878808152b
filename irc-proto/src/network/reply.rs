use alloc::vec::Vec;

use crate::Capability;
use crate::codec::{Command, Numeric, Parts};
use crate::numerics::*;

use super::outgoing::{self, Outgoing};
use super::{Network, Turn};

/// The replies whose last parameter is a text of somebody's.
const TEXTS: &[Numeric] =
    &[RPL_AWAY, RPL_WHOISUSER, RPL_WHOWASUSER, RPL_TOPIC, RPL_NAMREPLY, RPL_WHOISCHANNELS, RPL_LIST, RPL_WHOREPLY];

impl Network {
    /// Answers with a numeric: the server, the numeric and the user's nickname are put before `params`. Whatever those hold, the line is a lawful one.
    pub(super) fn reply(&self, turn: &mut Turn<'_>, numeric: Numeric, params: &[&[u8]]) {
        self.reply_tagged(turn, &[], numeric, params);
    }

    /// The same, with tags.
    pub(super) fn reply_tagged(
        &self,
        turn: &mut Turn<'_>,
        tags: &[(&[u8], &[u8])],
        numeric: Numeric,
        params: &[&[u8]],
    ) {
        let nick = self.users.get(turn.user).map_or(&b"*"[..], |user| user.nick());
        let mut all = [&b""[..]; 15];
        let mut count = 0;
        for (place, param) in all.iter_mut().zip(core::iter::once(nick).chain(params.iter().copied())) {
            *place = param;
            count += 1;
        }
        let parts = Parts {
            tags,
            source: Some(self.server_name()),
            command: Command::Numeric(numeric),
            params: all.get(..count).unwrap_or_default(),
        };
        turn.out.line(turn.session, |line| outgoing::write(&parts, TEXTS.contains(&numeric), line));
    }

    /// A reply whose last parameter lists `items`, as many times as it takes to list them all. Without items there is none.
    pub(super) fn reply_list<I>(&self, turn: &mut Turn<'_>, numeric: Numeric, params: &[&[u8]], separator: u8, items: I)
    where
        I: IntoIterator,
        I::Item: AsRef<[u8]>,
    {
        // `:server 353 nick ... :` and CRLF around the list.
        let nick = self.users.get(turn.user).map_or(1, |user| user.nick().len());
        let fixed = self.server_name().len() + nick + 11 + params.iter().map(|param| param.len() + 1).sum::<usize>();
        let room = 512usize.saturating_sub(fixed);
        let mut list: Vec<u8> = Vec::new();
        let mut flush = |list: &mut Vec<u8>| {
            if !list.is_empty() {
                let all: Vec<&[u8]> = params.iter().copied().chain([&list[..]]).collect();
                self.reply(turn, numeric, &all);
                list.clear();
            }
        };
        for item in items {
            let item = item.as_ref();
            if list.len() + item.len() + 1 > room {
                flush(&mut list);
            }
            if !list.is_empty() {
                list.push(separator);
            }
            list.extend_from_slice(item);
        }
        flush(&mut list);
    }

    /// FAIL, WARN or NOTE ([standard replies](https://ircv3.net/specs/extensions/standard-replies)); a NOTICE for who has not agreed on them.
    pub(super) fn standard(
        &self,
        turn: &mut Turn<'_>,
        kind: &[u8],
        command: &[u8],
        code: &[u8],
        context: &[&[u8]],
        text: &[u8],
    ) {
        let Some(user) = self.users.get(turn.user) else { return };
        let mut params: Vec<&[u8]> = Vec::with_capacity(context.len() + 3);
        if user.has(Capability::StandardReplies) {
            params.extend([command, code]);
            params.extend_from_slice(context);
            params.push(text);
            let line = Outgoing::server(self.server_name(), kind, &params, turn.now).with_text();
            line.tell(turn.session, user.capabilities(), turn.out);
        } else {
            let words = [kind, command, code].into_iter().chain(context.iter().copied()).chain([text]);
            let text = words.collect::<Vec<_>>().join(&b' ');
            let params = [user.nick(), &text];
            let line = Outgoing::server(self.server_name(), b"NOTICE", &params, turn.now).with_text();
            line.tell(turn.session, user.capabilities(), turn.out);
        }
    }

    /// FAIL.
    pub(super) fn fail(&self, turn: &mut Turn<'_>, command: &[u8], code: &[u8], context: &[&[u8]], text: &[u8]) {
        self.standard(turn, b"FAIL", command, code, context, text);
    }

    pub(super) fn need_more_params(&self, turn: &mut Turn<'_>, command: &[u8]) {
        self.reply(turn, ERR_NEEDMOREPARAMS, &[command, b"Not enough parameters"]);
    }

    pub(super) fn no_such_nick(&self, turn: &mut Turn<'_>, nick: &[u8]) {
        self.reply(turn, ERR_NOSUCHNICK, &[nick, b"No such nick"]);
    }

    pub(super) fn no_such_channel(&self, turn: &mut Turn<'_>, name: &[u8]) {
        self.reply(turn, ERR_NOSUCHCHANNEL, &[name, b"No such channel"]);
    }

    pub(super) fn not_on_channel(&self, turn: &mut Turn<'_>, name: &[u8]) {
        self.reply(turn, ERR_NOTONCHANNEL, &[name, b"You're not on that channel"]);
    }

    pub(super) fn not_channel_operator(&self, turn: &mut Turn<'_>, name: &[u8]) {
        self.reply(turn, ERR_CHANOPRIVSNEEDED, &[name, b"You're not channel operator"]);
    }

    /// The items of a list of targets, up to TARGMAX of them; the first beyond it is answered with 407.
    pub(super) fn target_list<'a>(&self, turn: &mut Turn<'_>, list: &'a [u8]) -> Vec<&'a [u8]> {
        let mut items = list.split(|byte| *byte == b',').filter(|item| !item.is_empty());
        let targets = items.by_ref().take(self.config.limits.targets as usize).collect();
        if let Some(item) = items.next() {
            self.reply(turn, ERR_TOOMANYTARGETS, &[item, b"Too many targets: from this one on nothing was done"]);
        }
        targets
    }
}
