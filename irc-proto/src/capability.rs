//! The capabilities of IRCv3: what client and server may agree on with CAP
//! ([capability negotiation](https://ircv3.net/specs/extensions/capability-negotiation)).

use core::fmt;
use core::ops::{BitAnd, BitOr, BitOrAssign, Sub};

macro_rules! capabilities {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A capability that this crate knows. Servers may offer others, which pass as text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Capability {
            $($(#[$doc])* $variant,)*
        }

        impl Capability {
            /// All of them.
            pub const ALL: &'static [Capability] = &[$(Capability::$variant,)*];

            /// Its name on the wire.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Capability::$variant => $name,)*
                }
            }

            /// The capability of this name. Names are case-sensitive.
            pub fn from_name(name: &[u8]) -> Option<Capability> {
                match name {
                    $(name if name == $name.as_bytes() => Some(Capability::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

capabilities! {
    /// Messages tell the account of who sent them.
    AccountTag = "account-tag",
    /// Logins and logouts of users in common channels are told.
    AccountNotify = "account-notify",
    /// Users in common channels that go away and come back are told.
    AwayNotify = "away-notify",
    /// Several messages that belong together.
    Batch = "batch",
    /// Changes of capabilities are told. Implied by CAP LS 302.
    CapNotify = "cap-notify",
    /// Changes of user and host name are told in place.
    Chghost = "chghost",
    /// The sender of a message gets it too.
    EchoMessage = "echo-message",
    /// JOIN tells account and real name.
    ExtendedJoin = "extended-join",
    /// MONITOR tells of accounts, away states, hosts and real names too.
    ExtendedMonitor = "extended-monitor",
    /// Invitations of others are told in a channel.
    InviteNotify = "invite-notify",
    /// Replies carry the label of their request.
    LabeledResponse = "labeled-response",
    /// Message tags, those of clients too, and TAGMSG.
    MessageTags = "message-tags",
    /// Names come with all their prefixes, not only the highest.
    MultiPrefix = "multi-prefix",
    /// SASL authentication.
    Sasl = "sasl",
    /// Messages tell when they were sent.
    ServerTime = "server-time",
    /// The real name may change.
    Setname = "setname",
    /// FAIL, WARN and NOTE.
    StandardReplies = "standard-replies",
    /// Strict transport security. Never requested.
    Sts = "sts",
    /// The older way to TLS.
    Tls = "tls",
    /// Names come with user and host.
    UserhostInNames = "userhost-in-names",
    /// NAMES is not sent at a JOIN.
    NoImplicitNames = "no-implicit-names",
    /// The same, as a draft.
    DraftNoImplicitNames = "draft/no-implicit-names",
    /// Accounts can be registered.
    AccountRegistration = "draft/account-registration",
    /// Channels may be renamed.
    ChannelRename = "draft/channel-rename",
    /// History on request.
    Chathistory = "draft/chathistory",
    /// Whatever happened, JOINs too, is in the history.
    EventPlayback = "draft/event-playback",
    /// ISUPPORT before registration, in a batch.
    ExtendedIsupport = "draft/extended-isupport",
    /// Messages can be taken back.
    MessageRedaction = "draft/message-redaction",
    /// Metadata of users and channels.
    Metadata = "draft/metadata-2",
    /// Messages of several lines.
    Multiline = "draft/multiline",
    /// Messages tell whether an operator of the network sent them.
    OperTag = "draft/oper",
    /// AWAY before registration.
    PreAway = "draft/pre-away",
    /// What has been read, shared by all of a user's clients.
    ReadMarker = "draft/read-marker",
    /// ZNC: server-time before it was a standard.
    ZncServerTimeIso = "znc.in/server-time-iso",
    /// ZNC: a client is told of its own messages that another client sent.
    ZncSelfMessage = "znc.in/self-message",
    /// ZNC: the backlog comes in a batch of its own.
    ZncPlayback = "znc.in/playback",
    /// soju: one connection for all networks.
    SojuBouncerNetworks = "soju.im/bouncer-networks",
    /// soju: changes of the networks are told.
    SojuBouncerNetworksNotify = "soju.im/bouncer-networks-notify",
    /// soju: NAMES not sent at a JOIN.
    SojuNoImplicitNames = "soju.im/no-implicit-names",
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of [`Capability`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Capabilities(u64);

// One bit each.
const _: () = assert!(Capability::ALL.len() <= 64);

impl Capabilities {
    /// None of them.
    pub const NONE: Capabilities = Capabilities(0);

    /// These.
    pub const fn of(capabilities: &[Capability]) -> Self {
        let mut set = Capabilities::NONE;
        let mut at = 0;
        while at < capabilities.len() {
            set = set.with(capabilities[at]);
            at += 1;
        }
        set
    }

    /// The set with this one.
    #[must_use]
    pub const fn with(self, capability: Capability) -> Self {
        Capabilities(self.0 | 1 << capability as u8)
    }

    /// The set without this one.
    #[must_use]
    pub const fn without(self, capability: Capability) -> Self {
        Capabilities(self.0 & !(1 << capability as u8))
    }

    /// Whether this one is in it.
    pub const fn has(self, capability: Capability) -> bool {
        self.0 & 1 << capability as u8 != 0
    }

    /// Whether any of those is in it.
    pub const fn intersects(self, others: Capabilities) -> bool {
        self.0 & others.0 != 0
    }

    /// Whether none is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in it, in the order of [`Capability::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        Capability::ALL.iter().copied().filter(move |one| self.has(*one))
    }
}

impl BitOr for Capabilities {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Capabilities(self.0 | other.0)
    }
}

impl BitOrAssign for Capabilities {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

impl BitAnd for Capabilities {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Capabilities(self.0 & other.0)
    }
}

impl Sub for Capabilities {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Capabilities(self.0 & !other.0)
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(iter: I) -> Self {
        iter.into_iter().fold(Capabilities::NONE, Capabilities::with)
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Capability::name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_name() {
        for capability in Capability::ALL {
            assert_eq!(Capability::from_name(capability.name().as_bytes()), Some(*capability));
        }
        assert_eq!(Capability::from_name(b"SASL"), None);
    }

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        for capability in Capability::ALL {
            let set = Capabilities::of(&[*capability]);
            assert!(set.has(*capability) && set.iter().eq([*capability]));
            assert!(set.without(*capability).is_empty());
        }
        let all: Capabilities = Capability::ALL.iter().copied().collect();
        assert!(all.iter().eq(Capability::ALL.iter().copied()));
        let two = Capabilities::of(&[Capability::Sasl, Capability::Batch]);
        assert_eq!((all - two) | two, all);
        assert_eq!(all & two, two);
        assert!(!two.intersects(all - two));
    }
}
