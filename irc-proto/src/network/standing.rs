//! What stands without users: channels that stay, and the message of the day.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::channel::{ChannelFault, check_channel};

use super::Network;

impl Network {
    /// Opens a channel that is there without members, and stays when the last one has left. The operators of
    /// the network are its operators when they are in it; nobody else is. Where there is such a channel
    /// already, it stays from now on.
    ///
    /// # Errors
    ///
    /// [`ChannelFault`]: the name is none.
    pub fn open_channel(&mut self, name: &[u8], now: u64) -> Result<(), ChannelFault> {
        check_channel(name, &self.isupport)?;
        let flags = self.config.first_channel_modes();
        let known = self.channels.by_name(name);
        let id = known.or_else(|| self.channels.create(name, flags, now));
        if let Some(channel) = id.and_then(|id| self.channels.get_mut(id)) {
            channel.stays = true;
        }
        if let Some(channel) = id.and_then(|id| self.channels.get(id)).filter(|channel| channel.is_restricted()) {
            self.extras.restricted(self.config.case_mapping, channel);
        }
        Ok(())
    }

    /// Sets the message of the day (RFC 2812 §3.4.1), line by line; empty for none (422 ERR_NOMOTD). Who comes or asks from now on is told.
    pub fn set_motd(&mut self, lines: Vec<Box<str>>) {
        self.config.motd = lines;
    }
}

#[cfg(test)]
mod tests {
    use super::super::room::{Room, words};
    use super::*;

    #[test]
    fn a_standing_channel_outlives_its_members() {
        let mut room = Room::new();
        room.network.open_channel(b"#lobby", 1).unwrap();
        assert_eq!(room.network.open_channel(b"lobby", 1), Err(ChannelFault::Type));
        for _ in 0..2 {
            room.user("ada", &[]);
            let heard = room.ask("ada", "JOIN #LOBBY");
            assert_eq!(words(&heard), "JOIN 353 366");
            assert_eq!(heard[1], "353 ada = #lobby :ada", "nobody is its operator");
            room.quit("ada");
            let channel = room.network.channel(b"#lobby").unwrap();
            assert_eq!((channel.member_count(), channel.created()), (0, 1));
        }
    }

    #[test]
    fn a_channel_that_is_there_stays_from_then_on() {
        let mut room = Room::new();
        room.user("ada", &[]);
        room.enter("ada", "#a");
        room.enter("ada", "#b");
        room.network.open_channel(b"#a", 1).unwrap();
        room.send("ada", "JOIN 0");
        assert!(room.network.channel(b"#a").is_some());
        assert!(room.network.channel(b"#b").is_none());
    }

    #[test]
    fn a_new_message_of_the_day_is_told() {
        let mut room = Room::new();
        room.user("ada", &[]);
        assert_eq!(words(&room.ask("ada", "MOTD")), "422");
        room.network.set_motd(Vec::from(["one".into(), "two".into()]));
        assert_eq!(words(&room.ask("ada", "MOTD")), "375 372 372 376");
    }
}
