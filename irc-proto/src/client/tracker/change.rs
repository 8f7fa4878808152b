use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::split::Netsplit;

/// A name, as it was last spelt.
pub type Name = Box<[u8]>;

/// One thing that a message has changed. What it is now, the [`Tracker`](super::Tracker) tells.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Somebody is in a channel.
    Joined {
        /// The channel.
        channel: Name,
        /// Who.
        nick: Name,
        /// Whether that is the client itself.
        own: bool,
        /// Whether a netsplit had taken the user away.
        after_split: bool,
    },
    /// Somebody is no longer in a channel.
    Left {
        /// The channel.
        channel: Name,
        /// Who.
        nick: Name,
        /// Whether that is the client itself.
        own: bool,
        /// How.
        how: Left,
    },
    /// Somebody is gone.
    Quit {
        /// Who.
        nick: Name,
        /// Which channels that was in.
        channels: Vec<Name>,
        /// The link that broke, if that is why.
        split: Option<Netsplit>,
    },
    /// Somebody has another nickname.
    Renamed {
        /// The one before.
        from: Name,
        /// The one now.
        to: Name,
        /// Whether that is the client itself.
        own: bool,
    },
    /// A channel has another name (draft/channel-rename).
    ChannelRenamed {
        /// The one before.
        from: Name,
        /// The one now.
        to: Name,
    },
    /// The modes of a channel, statuses or lists in it are others.
    Modes {
        /// The channel.
        channel: Name,
    },
    /// The own modes are others.
    OwnModes,
    /// The topic of a channel, or who set it when.
    Topic {
        /// The channel.
        channel: Name,
    },
    /// All members of a channel are known.
    Members {
        /// The channel.
        channel: Name,
    },
    /// All entries of a list of a channel are known.
    List {
        /// The channel.
        channel: Name,
        /// The list's mode, as `b`.
        mode: u8,
    },
    /// Something is known of a user, or has changed.
    User {
        /// Who.
        nick: Name,
        /// What.
        fact: Fact,
    },
    /// The server said more of itself.
    Isupport,
}

/// How somebody left a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Left {
    /// By PART.
    Part,
    /// By KICK of somebody else.
    Kick,
}

/// What is known of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fact {
    /// The account.
    Account,
    /// Whether the user is away.
    Away,
    /// User name and host.
    Host,
    /// The real name.
    Realname,
    /// Whether the user is a bot.
    Bot,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |name: &Name| alloc::string::String::from_utf8_lossy(name).into_owned();
        match self {
            Change::Joined { channel, nick, own, after_split } => {
                write!(f, "Joined({} {} own={own} after_split={after_split})", text(channel), text(nick))
            }
            Change::Left { channel, nick, own, how } => {
                write!(f, "Left({} {} own={own} {how:?})", text(channel), text(nick))
            }
            Change::Quit { nick, channels, split } => {
                write!(f, "Quit({} {} channels, {split:?})", text(nick), channels.len())
            }
            Change::Renamed { from, to, own } => write!(f, "Renamed({} {} own={own})", text(from), text(to)),
            Change::ChannelRenamed { from, to } => write!(f, "ChannelRenamed({} {})", text(from), text(to)),
            Change::Modes { channel } => write!(f, "Modes({})", text(channel)),
            Change::OwnModes => f.write_str("OwnModes"),
            Change::Topic { channel } => write!(f, "Topic({})", text(channel)),
            Change::Members { channel } => write!(f, "Members({})", text(channel)),
            Change::List { channel, mode } => write!(f, "List({} {})", text(channel), mode.escape_ascii()),
            Change::User { nick, fact } => write!(f, "User({} {fact:?})", text(nick)),
            Change::Isupport => f.write_str("Isupport"),
        }
    }
}
