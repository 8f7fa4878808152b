use alloc::vec::Vec;

use crate::Capability;
use crate::numerics::*;

use super::{Network, Turn};

impl Network {
    /// NAMES (RFC 2812 §3.2.5). Without a channel it lists nobody, as LIST and WHO are there.
    pub(super) fn names(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        match params.first() {
            None => self.reply(turn, RPL_ENDOFNAMES, &[b"*", b"End of the list of names"]),
            Some(names) => self.target_list(turn, names).into_iter().for_each(|name| self.names_of(turn, name)),
        }
    }

    /// RPL_NAMREPLY as often as it takes, and RPL_ENDOFNAMES: all members to members, the visible ones to others, none of a secret channel.
    pub(super) fn names_of(&self, turn: &mut Turn<'_>, name: &[u8]) {
        let found = self.channels.by_name(name).and_then(|id| Some((id, self.channels.get(id)?)));
        let visible = found.filter(|(id, channel)| self.may_see_channel(turn.user, *id, channel));
        if let (Some((id, channel)), Some(viewer)) = (visible, self.users.get(turn.user)) {
            let symbol: &[u8] = match () {
                () if channel.flags().contains(b's') => b"@",
                () if channel.flags().contains(b'p') => b"*",
                () => b"=",
            };
            let (all, hosts) = (viewer.has(Capability::MultiPrefix), viewer.has(Capability::UserhostInNames));
            let statuses = self.isupport.mode_types.statuses();
            let inside = self.is_on(turn.user, id);
            let items = channel.members.iter().filter_map(|member| {
                let user = self.users.get(member.user)?;
                if !inside && !self.may_see_user(viewer, user) {
                    return None;
                }
                let mut item = Vec::with_capacity(user.source().len() + 5);
                member.ranks.write(statuses, all, &mut item);
                item.extend_from_slice(if hosts { user.source() } else { user.nick() });
                Some(item)
            });
            self.reply_list(turn, RPL_NAMREPLY, &[symbol, channel.name()], b' ', items);
        }
        let name = visible.map_or(name, |(_, channel)| channel.name());
        self.reply(turn, RPL_ENDOFNAMES, &[name, b"End of the list of names"]);
    }
}
