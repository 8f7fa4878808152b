//! Who may know of whom: the one place that says so.

use super::channel::{Channel, ChannelId, Ranks};
use super::user::{User, UserId};
use super::{Network, Turn};

impl Network {
    /// The statuses of a user in a channel; `None` outside it. Operators of the network are operators of the channels that [stand](Network::open_channel).
    pub(super) fn ranks(&self, user: UserId, id: ChannelId) -> Option<Ranks> {
        let (user, channel) = (self.users.get(user)?, self.channels.get(id)?);
        let own = channel.member(user.membership(id)?.position)?.ranks;
        // A channel that was opened without an operator would never have one.
        Some(if channel.stays && user.is_operator() { own.with(Ranks::OPERATOR) } else { own })
    }

    pub(super) fn is_on(&self, user: UserId, channel: ChannelId) -> bool {
        self.users.get(user).is_some_and(|user| user.membership(channel).is_some())
    }

    /// Whether a user may know that a channel is there (not `+s` or `+p`, or a member, or an operator of the network).
    pub(super) fn may_see_channel(&self, viewer: UserId, id: ChannelId, channel: &Channel) -> bool {
        !channel.is_secret()
            || self.users.get(viewer).is_some_and(|viewer| viewer.is_operator() || viewer.membership(id).is_some())
    }

    /// Whether two users are in a common channel.
    pub(super) fn share_channel(&self, one: &User, other: &User) -> bool {
        one.memberships.iter().any(|membership| other.membership(membership.channel).is_some())
    }

    /// Whether a user is shown to another in lists of users: not `+i`, or in a common channel, or the viewer is an operator of the network.
    pub(super) fn may_see_user(&self, viewer: &User, user: &User) -> bool {
        !user.is_invisible()
            || viewer.session() == user.session()
            || viewer.is_operator()
            || self.share_channel(viewer, user)
    }

    /// Whether a user may be shown to `viewer` as a member of this channel: who sees the channel sees its members, invisible ones only from inside.
    pub(super) fn may_see_member(&self, viewer: UserId, id: ChannelId, channel: &Channel, user: &User) -> bool {
        self.may_see_channel(viewer, id, channel)
            && (self.is_on(viewer, id) || self.users.get(viewer).is_some_and(|viewer| self.may_see_user(viewer, user)))
    }

    /// Whether a user may know of this channel.
    pub(super) fn knows_channel(&self, viewer: UserId, id: ChannelId) -> bool {
        self.channels.get(id).is_some_and(|channel| self.may_see_channel(viewer, id, channel))
    }

    /// The channel of this name, or 403 where there is none that the user may know of.
    pub(super) fn visible_channel(&self, turn: &mut Turn<'_>, name: &[u8]) -> Option<ChannelId> {
        let found = self.channels.by_name(name).filter(|id| self.knows_channel(turn.user, *id));
        if found.is_none() {
            self.no_such_channel(turn, name);
        }
        found
    }
}
