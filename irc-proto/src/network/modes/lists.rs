use alloc::string::ToString as _;

use crate::codec::Numeric;
use crate::mask;
use crate::numerics::*;

use super::extban::Extended;
use crate::network::channel::{Channel, Entry};
use crate::network::user::User;
use crate::network::{Network, Turn};

/// Bytes of a mask in a list: with a channel's name and a source before it, it still fits into a line.
pub(super) const MASK: usize = 160;

impl Network {
    /// Whether a user fits one of the masks: `nick!user@host`, or an extended ban.
    pub(in crate::network) fn is_listed(&self, list: &[Entry], user: &User) -> bool {
        let mapping = self.config.case_mapping;
        list.iter().any(|entry| match entry.mask.strip_prefix(&[self.config.extban_prefix]) {
            Some(extended) => Extended::parse(extended).is_some_and(|extended| self.fits_extended(extended, user)),
            None => mask::matches(&entry.mask, user.source(), mapping),
        })
    }

    /// Whether a user is banned and not excepted.
    pub(in crate::network) fn is_banned(&self, channel: &Channel, user: &User) -> bool {
        self.is_listed(&channel.bans, user) && !self.is_listed(&channel.exceptions, user)
    }

    /// Whether a user without a status may not speak: banned or quieted, and not excepted.
    pub(in crate::network) fn is_quieted(&self, channel: &Channel, user: &User) -> bool {
        (self.is_listed(&channel.bans, user) || self.is_listed(&channel.quiets, user))
            && !self.is_listed(&channel.exceptions, user)
    }

    /// All masks in the list of a letter.
    pub(super) fn tell_list(&self, turn: &mut Turn<'_>, channel: &Channel, letter: u8) {
        let (entry, end): (Numeric, Numeric) = match letter {
            b'b' => (RPL_BANLIST, RPL_ENDOFBANLIST),
            b'e' => (RPL_EXCEPTLIST, RPL_ENDOFEXCEPTLIST),
            b'I' => (RPL_INVEXLIST, RPL_ENDOFINVEXLIST),
            b'q' => (RPL_QUIETLIST, RPL_ENDOFQUIETLIST),
            _ => return,
        };
        for Entry { mask, who, at } in channel.list(letter) {
            let at = (at / 1000).to_string();
            match letter {
                b'q' => self.reply(turn, entry, &[channel.name(), b"q", mask, who, at.as_bytes()]),
                _ => self.reply(turn, entry, &[channel.name(), mask, who, at.as_bytes()]),
            }
        }
        match letter {
            b'q' => self.reply(turn, end, &[channel.name(), b"q", b"End of the list"]),
            _ => self.reply(turn, end, &[channel.name(), b"End of the list"]),
        }
    }
}
