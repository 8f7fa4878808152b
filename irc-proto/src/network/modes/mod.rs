//! MODE (RFC 2812 §3.1.5 and §3.2.3).

mod channel;
pub(super) mod extban;
mod lists;
mod user;

use super::{Network, Turn};
use crate::channel::is_channel;

/// The modes of channels without an argument: no CTCP, only registered users may join, invite only, moderated, no messages from outside, private,
/// secret, topic set by operators only.
pub(super) const CHANNEL_FLAGS: &[u8] = b"CRimnpst";

/// The modes of users: bot, private messages from the accepted alone, invisible, operator, wallops.
pub(super) const USER_MODES: &[u8] = b"Bgiow";

impl Network {
    /// MODE.
    pub(super) fn mode(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let [target, rest @ ..] = params else { return };
        if is_channel(target, &self.isupport) {
            self.channel_mode(turn, target, rest);
        } else {
            self.user_mode(turn, target, rest);
        }
    }
}
