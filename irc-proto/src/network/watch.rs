//! WATCH, the older form of MONITOR, for clients that know no other (draft-meglio-irc-watch).

use alloc::string::ToString as _;
use alloc::vec::Vec;

use crate::codec::{Command, Numeric, Parts};
use crate::numerics::*;

use super::deliveries::Deliveries;
use super::extras::{Extras, World};
use super::nick_lists::Added;
use super::outgoing;
use super::queries::words;
use super::user::User;
use super::{Network, Turn};

impl Network {
    /// WATCH: `+nick`, `-nick`, `C` clears, `S` tells the list, `l` who of it is here, `L` who is and who is not; nothing is `l`.
    pub(super) fn watch(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let Some(wishes) = words(params) else { return self.watch_presence(turn, b"l") };
        for wish in wishes {
            match wish {
                [b'+', nick @ ..] => self.watch_add(turn, nick),
                [b'-', nick @ ..] => self.watch_remove(turn, nick),
                b"C" | b"c" => self.extras.watches.clear(turn.session),
                b"S" | b"s" => self.watch_list(turn),
                b"L" | b"l" => self.watch_presence(turn, wish),
                _ => {}
            }
        }
    }

    fn watch_add(&mut self, turn: &mut Turn<'_>, nick: &[u8]) {
        if self.nick_rules.check(nick).is_err() {
            return self.reply(turn, ERR_ERRONEUSNICKNAME, &[nick, b"Erroneous nickname"]);
        }
        if self.extras.watches.add(turn.session, nick) == Added::Full {
            let text = alloc::format!("Maximum size for WATCH-list is {} entries", self.config.limits.watch);
            return self.reply(turn, ERR_TOOMANYWATCH, &[nick, text.as_bytes()]);
        }
        self.watch_reply(turn, nick, (RPL_NOWON, b"is online"), (RPL_NOWOFF, b"is offline"));
    }

    fn watch_remove(&mut self, turn: &mut Turn<'_>, nick: &[u8]) {
        self.extras.watches.remove(turn.session, nick);
        let stopped: (Numeric, &[u8]) = (RPL_WATCHOFF, b"stopped watching");
        self.watch_reply(turn, nick, stopped, stopped);
    }

    fn watch_list(&self, turn: &mut Turn<'_>) {
        let own = self.users.get(turn.user).map(|user| self.extras.watches.watchers(user.nick()).len());
        let list = self.extras.watches.list(turn.session);
        let text = alloc::format!("You have {} and are on {} WATCH entries", list.len(), own.unwrap_or_default());
        self.reply(turn, RPL_WATCHSTAT, &[text.as_bytes()]);
        self.reply_list(turn, RPL_WATCHLIST, &[], b' ', list);
        self.reply(turn, RPL_ENDOFWATCHLIST, &[b"S", b"End of WATCH S"]);
    }

    fn watch_presence(&self, turn: &mut Turn<'_>, how: &[u8]) {
        for nick in self.extras.watches.list(turn.session).iter().map(|nick| nick.as_bytes()) {
            if how == b"L" || self.user_of(nick).is_some() {
                self.watch_reply(turn, nick, (RPL_NOWON, b"is online"), (RPL_NOWOFF, b"is offline"));
            }
        }
        self.reply(turn, RPL_ENDOFWATCHLIST, &[how, &[b"End of WATCH ", how].concat()]);
    }

    /// `nick user host time` of who is here, since registration; of who is not, `nick * * 0`.
    fn watch_reply(&self, turn: &mut Turn<'_>, nick: &[u8], here: (Numeric, &[u8]), gone: (Numeric, &[u8])) {
        match self.user_of(nick) {
            Some((_, user)) => {
                let since = (user.signon() / 1000).to_string();
                self.reply(turn, here.0, &[user.nick(), user.user(), user.host(), since.as_bytes(), here.1]);
            }
            None => self.reply(turn, gone.0, &[nick, b"*", b"*", b"0", gone.1]),
        }
    }
}

impl Extras {
    /// Tells those who WATCH a nickname that it has come or gone.
    pub(super) fn tell_of_presence(
        &self,
        world: World<'_>,
        nick: &[u8],
        user: &User,
        is_here: bool,
        now: u64,
        out: &mut Deliveries,
    ) {
        let since = (now / 1000).to_string();
        let (numeric, text): (Numeric, &[u8]) =
            if is_here { (RPL_LOGON, b"logged online") } else { (RPL_LOGOFF, b"logged offline") };
        for session in self.watches.watchers(nick) {
            let watcher = world.users.by_session(*session).and_then(|id| world.users.get(id));
            let own = watcher.map_or(&b"*"[..], User::nick);
            let params: Vec<&[u8]> = [own, nick, user.user(), user.host(), since.as_bytes(), text].into();
            let parts = Parts {
                tags: &[],
                source: Some(world.config.server_name.as_bytes()),
                command: Command::Numeric(numeric),
                params: &params,
            };
            out.line(*session, |line| outgoing::write(&parts, true, line));
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::super::Config;
    use super::super::room::{NOW, Room, words};

    fn room() -> Room {
        let mut config = Config::default();
        config.limits.watch = 3;
        let mut room = Room::of(config);
        room.user("ada", &[]);
        room.user("bob", &[]);
        room
    }

    #[test]
    fn who_watches_is_told_as_long_as_it_wants() {
        let mut room = room();
        assert_eq!(
            room.ask("ada", "WATCH +BOB +carl +#x"),
            [
                "604 ada bob u h 1546612466 :is online",
                "605 ada carl * * 0 :is offline",
                "432 ada #x :Erroneous nickname"
            ]
        );
        room.now = NOW + 5000;
        room.arrive("carl", &[]);
        assert_eq!(room.told("ada"), ["600 ada carl u h 1546612471 :logged online"]);
        room.send("carl", "NICK dora");
        assert_eq!(room.told("ada"), ["601 ada carl u h 1546612471 :logged offline"]);
        room.send("carl", "NICK CARL");
        assert_eq!(room.told("ada"), ["600 ada CARL u h 1546612471 :logged online"]);
        assert_eq!(room.ask("ada", "WATCH -carl"), ["602 ada CARL u h 1546612471 :stopped watching"]);
        room.quit("carl");
        assert_eq!(room.told("ada"), [""; 0]);
        room.quit("bob");
        assert_eq!(room.told("ada"), ["601 ada bob u h 1546612471 :logged offline"]);
    }

    #[test]
    fn a_watch_list_is_told_in_three_ways_and_has_an_end() {
        let mut room = room();
        assert_eq!(words(&room.ask("ada", "WATCH +bob +carl +dora +eve")), "604 605 605 512");
        assert_eq!(
            room.ask("ada", "WATCH S"),
            ["603 ada :You have 3 and are on 0 WATCH entries", "606 ada :bob carl dora", "607 ada S :End of WATCH S"]
        );
        assert_eq!(words(&room.ask("ada", "WATCH L")), "604 605 605 607");
        for line in ["WATCH", "WATCH l"] {
            assert_eq!(words(&room.ask("ada", line)), "604 607", "{line}");
        }
        assert_eq!(room.ask("bob", "WATCH s")[0], "603 bob :You have 0 and are on 1 WATCH entries");
        assert_eq!(room.ask("ada", "WATCH C"), [""; 0]);
        assert_eq!(words(&room.ask("ada", "WATCH S")), "603 607");
        let all: String = (0..40).map(|number| alloc::format!("+n{number} ")).collect();
        assert_eq!(room.ask("ada", &alloc::format!("WATCH :{all}")).len(), 40);
        assert_eq!(room.network.extras.watches.list(room.session("ada")).len(), 3);
    }
}
