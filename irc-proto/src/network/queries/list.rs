use alloc::string::ToString as _;

use crate::numerics::*;

use super::super::channel::Channel;
use super::super::listing::{Conditions, Listed};
use super::super::{Network, Turn};

/// How many bytes of replies one LIST has, about, so that it does not overflow a send queue (`SAFELIST`).
const ROOM: usize = 256 * 1024;

impl Network {
    /// LIST: the channels that the user may know of, by names, masks and conditions (RFC 2812 §3.2.6, ELIST).
    pub(in super::super) fn list(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let given = params.first().copied().unwrap_or_default();
        let conditions = Conditions::parse(given);
        self.reply(turn, RPL_LISTSTART, &[b"Channel", b"Users  Name"]);
        let mut left = ROOM;
        for (id, channel) in self.channels.iter() {
            if !self.may_see_channel(turn.user, id, channel)
                || !conditions.hold(self.listed(turn, channel), self.isupport.case_mapping)
            {
                continue;
            }
            let size = self.list_reply(turn, channel);
            let Some(rest) = left.checked_sub(size) else {
                self.reply(
                    turn,
                    ERR_TOOMANYMATCHES,
                    &[b"LIST", b"There are more: ask with a mask, or with >n for at least so many users"],
                );
                break;
            };
            left = rest;
        }
        self.reply(turn, RPL_LISTEND, &[b"End of LIST"]);
    }

    fn listed<'a>(&self, turn: &Turn<'_>, channel: &'a Channel) -> Listed<'a> {
        let minutes = |since: u64| turn.now.saturating_sub(since) / 60_000;
        Listed {
            name: channel.name(),
            users: channel.member_count(),
            age: minutes(channel.created()),
            topic_age: channel.topic().map(|topic| minutes(topic.at)),
        }
    }

    /// Writes one and tells its size, about.
    fn list_reply(&self, turn: &mut Turn<'_>, channel: &Channel) -> usize {
        let topic = channel.topic().map_or(&b""[..], |topic| &topic.text);
        let users = channel.member_count().to_string();
        self.reply(turn, RPL_LIST, &[channel.name(), users.as_bytes(), topic]);
        channel.name().len() + topic.len() + 128
    }
}
