//! Extended bans: what else than `nick!user@host` a mask in a list may ask of a user.

use crate::channel::is_channel;
use crate::mask;

use crate::network::Network;
use crate::network::user::User;

/// The kinds there are, as EXTBAN tells them.
pub(in crate::network) const TYPES: &[u8] = b"ajorxz";

/// One of them, without its prefix: `a:lovelace`; with `~` before it, it means everybody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extended<'a> {
    inverted: bool,
    asks: Asks<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks<'a> {
    /// `a`: whether the user is logged in; `a:` into which account.
    Account(Option<&'a [u8]>),
    /// `j:` whether the user is in a channel.
    Channel(&'a [u8]),
    /// `o`: whether the user is an operator of the network.
    Operator,
    /// `r:` for the real name.
    Realname(&'a [u8]),
    /// `x:` for `nick!user@host#realname`.
    All(&'a [u8]),
    /// `z`: whether the session is encrypted.
    Secure,
}

impl<'a> Extended<'a> {
    /// Reads what stands behind the prefix; `None` for a kind that there is not.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        let (inverted, text) = match text.strip_prefix(b"~") {
            Some(text) => (true, text),
            None => (false, text),
        };
        let (letter, after) = text.split_first()?;
        let given = match after {
            [] => None,
            [b':', given @ ..] if !given.is_empty() => Some(given),
            _ => return None,
        };
        let asks = match (letter, given) {
            (b'a', account) => Asks::Account(account),
            (b'j', Some(name)) => Asks::Channel(name),
            (b'o', None) => Asks::Operator,
            (b'r', Some(glob)) => Asks::Realname(glob),
            (b'x', Some(glob)) => Asks::All(glob),
            (b'z', None) => Asks::Secure,
            _ => return None,
        };
        Some(Extended { inverted, asks })
    }
}

impl Network {
    /// Whether `text`, behind its prefix, is an extended ban.
    pub(super) fn is_extended(&self, text: &[u8]) -> bool {
        Extended::parse(text).is_some_and(|extended| match extended.asks {
            Asks::Channel(name) => is_channel(name, &self.isupport),
            _ => true,
        })
    }

    pub(super) fn fits_extended(&self, extended: Extended<'_>, user: &User) -> bool {
        let fits = |glob, text| mask::matches(glob, text, self.config.case_mapping);
        let fits = match extended.asks {
            Asks::Account(None) => user.account().is_some(),
            Asks::Account(Some(glob)) => user.account().is_some_and(|account| fits(glob, account)),
            // Of a secret one nobody learns in this way who is there, with `~` neither.
            Asks::Channel(name) => {
                let found = self.channels.by_name(name).and_then(|id| Some((id, self.channels.get(id)?)));
                match found {
                    Some((_, channel)) if channel.is_secret() => return false,
                    Some((id, _)) => user.membership(id).is_some(),
                    None => false,
                }
            }
            Asks::Operator => user.is_operator(),
            Asks::Realname(glob) => fits(glob, user.realname()),
            Asks::All(glob) => fits(glob, &[user.source(), b"#", user.realname()].concat()),
            Asks::Secure => user.is_secure(),
        };
        fits != extended.inverted
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::super::super::room::{Room, words};
    use super::super::super::{Config, Newcomer};
    use super::*;

    #[test]
    fn what_is_none_is_refused() {
        for good in ["a", "a:x", "~a", "j:#c", "o", "~o", "r:*bot*", "x:a!*@*#*", "z"] {
            assert!(Extended::parse(good.as_bytes()).is_some(), "{good}");
        }
        for bad in ["", "~", "~~a", "a:", "ab", "j", "j:", "o:x", "r", "x", "z:x", "q:x", ":"] {
            assert!(Extended::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn each_kind_of_extended_ban_bans_whom_it_means() {
        for (ban, ada, bob) in [
            ("a", true, false),
            ("~a", false, true),
            ("a:LOVE*", true, false),
            ("j:#guests", false, true),
            ("~j:#guests", true, false),
            ("j:#nowhere", false, false),
            ("j:#secret", false, false),
            ("~j:#secret", false, false),
            ("o", true, false),
            ("r:*name", true, true),
            ("r:real?NAME", true, true),
            ("r:nobody", false, false),
            ("x:bob!*@*#real*", false, true),
            ("~x:bob!*@*#real*", true, false),
            ("z", true, false),
            ("~z", false, true),
        ] {
            for prefix in ['$', '~'] {
                let mut room = Room::of(Config { extban_prefix: prefix as u8, ..Config::default() });
                room.user("eve", &[]);
                room.person(&Newcomer {
                    nick: b"ada",
                    account: Some(b"lovelace"),
                    secure: true,
                    ..Newcomer::default()
                });
                room.user("bob", &[]);
                room.modes("ada", "o");
                room.enter("bob", "#guests");
                room.enter("bob", "#secret");
                room.flags("#secret", "s");
                room.enter("eve", "#c");
                let line = format!(":eve!u@h MODE #c +b {prefix}{ban}");
                assert_eq!(room.ask("eve", &format!("MODE #c +b {prefix}{ban}")), [line]);
                for (nick, banned) in [("ada", ada), ("bob", bob)] {
                    let answer = words(&room.ask(nick, "JOIN #c"));
                    assert_eq!(answer.starts_with("474"), banned, "{nick} {prefix}{ban}: {answer}");
                }
            }
        }
    }

    #[test]
    fn what_bans_can_ask_is_told() {
        let mut room = Room::of(Config { extban_prefix: b'~', ..Config::default() });
        assert!(room.network.isupport().tokens().contains(&b"EXTBAN=~,ajorxz".to_vec()));
        room.user("eve", &[]);
        room.enter("eve", "#c");
        assert_eq!(words(&room.ask("eve", "MODE #c +b ~q:x")), "696");
        assert_eq!(words(&room.ask("eve", "MODE #c +b ~j:guests")), "696");
        let room = Room::of(Config { extban_prefix: b'x', ..Config::default() });
        assert!(room.network.isupport().tokens().contains(&b"EXTBAN=$,ajorxz".to_vec()));
    }
}
