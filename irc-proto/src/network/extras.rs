use crate::isupport::Isupport;

use super::channel::{ChannelId, Channels};
use super::config::Config;
use super::deliveries::Deliveries;
use super::outgoing::Outgoing;
use super::user::{User, UserId, Users};

/// What is kept besides users and channels, and fed with what happens to them.
#[derive(Debug, Default)]
pub(super) struct Extras {}

/// What [`Extras`] see of the network.
#[derive(Clone, Copy)]
pub(super) struct World<'a> {
    pub(super) config: &'a Config,
    pub(super) isupport: &'a Isupport,
    pub(super) users: &'a Users,
    pub(super) channels: &'a Channels,
}

/// What has just happened, and been told to all whom the core of the network tells it.
#[derive(Clone, Copy)]
pub(super) enum Happened<'a> {
    /// Somebody has registered. Comes before the welcome.
    Arrived(UserId),
    /// Somebody has gone and is in no channel any more.
    Left(&'a User),
    /// Somebody has another nickname; `before` is how the user was till then: `nick!user@host`.
    Renamed { user: UserId, before: &'a [u8] },
    /// Somebody is in a channel; comes after the JOIN and before topic and names.
    Joined { user: UserId, channel: ChannelId },
    /// AWAY, ACCOUNT, CHGHOST or SETNAME, which has been told in common channels (extended-monitor).
    Changed { user: UserId, how: &'a Outgoing<'a> },
    /// Something has happened in a channel: JOIN, PART, QUIT, KICK, NICK, TOPIC or MODE.
    Event { channel: ChannelId, what: &'a Outgoing<'a> },
    /// PRIVMSG, NOTICE or TAGMSG to all members of a channel.
    SaidTo { channel: ChannelId, from: UserId, what: &'a Outgoing<'a> },
    /// PRIVMSG, NOTICE or TAGMSG to one user.
    Told { user: UserId, from: UserId, what: &'a Outgoing<'a> },
}

impl Extras {
    /// Takes in what has happened.
    pub(super) fn happened(&mut self, world: World<'_>, what: Happened<'_>, now: u64, out: &mut Deliveries) {
        let _ = (world, what, now, out);
    }
}
