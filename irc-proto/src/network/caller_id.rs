//! Who may write to a user in private: ACCEPT and the mode `+g` (caller id), and SILENCE.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::codec::{Command, Parts};
use crate::mask;
use crate::numerics::*;

use super::nick_lists::Added;
use super::outgoing::{self, Outgoing};
use super::user::{Session, UserId};
use super::{Network, Turn};

/// Bytes of a mask of SILENCE.
const MASK: usize = 160;

/// What users do not want to hear, and when those with `+g` were last told that somebody wants to be heard.
#[derive(Debug, Default)]
pub(super) struct Callers {
    silenced: BTreeMap<Session, Vec<Box<[u8]>>>,
    told: BTreeMap<Session, u64>,
}

/// What becomes of a private message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It is delivered.
    Heard,
    /// Nobody hears it, and who wrote it does not learn that.
    Unheard,
    /// It is not delivered, of which its author knows where that may be said.
    Refused,
}

impl Callers {
    /// The session is over.
    pub(super) fn forget(&mut self, session: Session) {
        self.silenced.remove(&session);
        self.told.remove(&session);
    }
}

impl Network {
    /// ACCEPT: `nick` and `-nick` with commas between them; `*`, or nothing, asks for the list. Who is on it may write to the user in spite of `+g`,
    /// whatever nickname it takes, until it leaves.
    pub(super) fn accept(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let nicks = params.first().copied().unwrap_or_default();
        if nicks.is_empty() || nicks == b"*" {
            return self.tell_accepted(turn);
        }
        for item in nicks.split(|byte| *byte == b',').filter(|item| !item.is_empty()) {
            if let Some(nick) = item.strip_prefix(b"-") {
                if self.extras.accepted.has(turn.session, nick) {
                    self.extras.accepted.remove(turn.session, nick);
                } else {
                    self.reply(turn, ERR_ACCEPTNOT, &[nick, b"is not on your accept list"]);
                }
                continue;
            }
            let Some(user) = self.users.by_nick(item).and_then(|id| self.users.get(id)) else {
                self.no_such_nick(turn, item);
                continue;
            };
            match self.extras.accepted.add(turn.session, user.nick()) {
                Added::New => {}
                Added::Already => self.reply(turn, ERR_ACCEPTEXIST, &[item, b"is already on your accept list"]),
                Added::Full => return self.reply(turn, ERR_ACCEPTFULL, &[b"Accept list is full"]),
            }
        }
    }

    fn tell_accepted(&self, turn: &mut Turn<'_>) {
        // So many fit into one line, as long as they may be.
        for nicks in self.extras.accepted.list(turn.session).chunks(8) {
            let nicks: Vec<&[u8]> = nicks.iter().map(|nick| nick.as_bytes()).collect();
            self.reply(turn, RPL_ACCEPTLIST, &nicks);
        }
        self.reply(turn, RPL_ENDOFACCEPT, &[b"End of /ACCEPT list."]);
    }

    /// SILENCE: `+mask` and `-mask` with commas between them; nothing asks for the list.
    pub(super) fn silence(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let masks = params.first().copied().unwrap_or_default();
        if masks.is_empty() {
            for mask in self.extras.callers.silenced.get(&turn.session).into_iter().flatten() {
                self.reply(turn, RPL_SILELIST, &[mask]);
            }
            return self.reply(turn, RPL_ENDOFSILELIST, &[b"End of silence list"]);
        }
        for item in masks.split(|byte| *byte == b',') {
            let (adding, given) = match item {
                [b'-', mask @ ..] => (false, mask),
                [b'+', mask @ ..] | mask => (true, mask),
            };
            let full = mask::normalise(given, None).ok().filter(|full| !given.is_empty() && full.len() <= MASK);
            if let Some(mask) = full {
                self.change_silence(turn, adding, mask);
            }
        }
    }

    fn change_silence(&mut self, turn: &mut Turn<'_>, adding: bool, mask: Vec<u8>) {
        let mapping = self.config.case_mapping;
        let own = self.extras.callers.silenced.entry(turn.session).or_default();
        let place = own.iter().position(|one| mapping.same(one, &mask));
        let changed = match (adding, place) {
            (true, None) if own.len() >= self.config.limits.silence as usize => {
                return self.reply(turn, ERR_SILELISTFULL, &[&mask, b"Your silence list is full"]);
            }
            (true, None) => {
                own.push(mask.as_slice().into());
                Some(mask)
            }
            (false, Some(place)) => Some(own.remove(place).into()),
            _ => None,
        };
        if own.is_empty() {
            self.extras.callers.silenced.remove(&turn.session);
        }
        let (Some(user), Some(mask)) = (self.users.get(turn.user), changed) else { return };
        let change = [if adding { b"+" } else { b"-" }, &mask[..]].concat();
        let params = [&change[..]];
        Outgoing::user(user, b"SILENCE", &params, turn.now).tell(turn.session, user.capabilities(), turn.out);
    }

    /// Whether somebody has silenced somebody else.
    pub(super) fn is_silenced(&self, by: UserId, speaker: UserId) -> bool {
        if self.extras.callers.silenced.is_empty() || by == speaker {
            return false;
        }
        let (Some(by), Some(speaker)) = (self.users.get(by), self.users.get(speaker)) else { return false };
        let masks = self.extras.callers.silenced.get(&by.session()).into_iter().flatten();
        masks.into_iter().any(|one| mask::matches(one, speaker.source(), self.config.case_mapping))
    }

    /// What becomes of a private message by this command. Who has `+g` is told, now and then, that somebody it has not accepted wants to be heard.
    pub(super) fn admit(&mut self, turn: &mut Turn<'_>, to: UserId, command: &[u8]) -> Admission {
        if self.is_silenced(to, turn.user) {
            return Admission::Unheard;
        }
        let (Some(user), Some(other)) = (self.users.get(turn.user), self.users.get(to)) else {
            return Admission::Heard;
        };
        let session = other.session();
        let is_open =
            !other.modes().contains(b'g') || session == turn.session || self.extras.accepted.has(session, user.nick());
        if is_open {
            return Admission::Heard;
        }
        // A NOTICE is not answered, and tags alone are no wish to be heard.
        let answers = command == b"PRIVMSG";
        if answers {
            let text = b"is in +g mode (server-side ignore)";
            self.reply(turn, ERR_TARGUMODEG, &[other.nick(), text]);
        }
        let told = self.extras.callers.told.get(&session).copied();
        let waited = told.is_none_or(|told| turn.now.saturating_sub(told) >= self.config.limits.caller_delay);
        if command == b"TAGMSG" || !waited {
            return Admission::Refused;
        }
        if answers {
            self.reply(turn, RPL_TARGNOTIFY, &[other.nick(), b"has been informed that you messaged them."]);
        }
        let who = [user.user(), b"@", user.host()].concat();
        let text: &[u8] = b"is messaging you, and you have umode +g.";
        let params = [other.nick(), user.nick(), &who, text];
        let command = Command::Numeric(RPL_UMODEGMSG);
        let parts = Parts { tags: &[], source: Some(self.config.server_name.as_bytes()), command, params: &params };
        turn.out.line(session, |line| outgoing::write(&parts, true, line));
        self.extras.callers.told.insert(session, turn.now);
        Admission::Refused
    }
}

#[cfg(test)]
mod tests {
    use super::super::room::{NOW, Room, words};
    use super::super::{Capability, Config};

    fn room() -> Room {
        let mut config = Config::default();
        config.limits.accept = 2;
        config.limits.silence = 2;
        let mut room = Room::of(config);
        for nick in ["ada", "bob", "eve"] {
            room.user(nick, &[Capability::EchoMessage]);
        }
        room
    }

    #[test]
    fn who_has_caller_id_hears_those_whom_it_accepts() {
        let mut room = room();
        room.send("ada", "MODE ada +g");
        assert_eq!(
            room.ask("bob", "PRIVMSG ada :hello"),
            [
                "716 bob ada :is in +g mode (server-side ignore)",
                "717 bob ada :has been informed that you messaged them."
            ]
        );
        assert_eq!(room.told("ada"), ["718 ada bob u@h :is messaging you, and you have umode +g."]);
        room.now = NOW + 59_999;
        assert_eq!(words(&room.ask("eve", "PRIVMSG ada :hello")), "716");
        assert_eq!(room.told("ada"), [""; 0]);
        room.now = NOW + 60_000;
        assert_eq!(room.ask("eve", "NOTICE ada :hello"), [""; 0]);
        assert_eq!(words(&room.told("ada")), "718");
        assert_eq!(room.ask("ada", "ACCEPT bob"), [""; 0]);
        assert_eq!(words(&room.ask("bob", "PRIVMSG ada :hello")), "PRIVMSG");
        assert_eq!(words(&room.told("ada")), "PRIVMSG");
        assert_eq!(words(&room.ask("ada", "PRIVMSG ada :to me")), "PRIVMSG PRIVMSG");
        room.send("ada", "MODE ada -g");
        room.send("eve", "PRIVMSG ada :hello");
        assert_eq!(words(&room.told("ada")), "PRIVMSG");
    }

    #[test]
    fn who_is_accepted_is_so_by_any_nickname_and_until_it_leaves() {
        let mut room = room();
        room.send("ada", "MODE ada +g");
        room.send("ada", "ACCEPT BOB");
        room.send("bob", "NICK rob");
        assert_eq!(room.ask("ada", "ACCEPT"), ["281 ada rob", "282 ada :End of /ACCEPT list."]);
        room.send("eve", "NICK bob");
        assert_eq!(words(&room.ask("eve", "PRIVMSG ada :it is me, bob")), "716 717");
        room.send("bob", "PRIVMSG ada :hello");
        assert_eq!(words(&room.told("ada")), "PRIVMSG");
        room.quit("bob");
        room.send("eve", "NICK rob");
        assert_eq!(words(&room.ask("eve", "PRIVMSG ada :it is me, rob")), "716");
    }

    #[test]
    fn an_accept_list_is_changed_and_full() {
        let mut room = room();
        assert_eq!(words(&room.ask("ada", "ACCEPT bob,ghost,BOB,-eve,eve,ada")), "401 457 458 456");
        assert_eq!(room.ask("ada", "ACCEPT *"), ["281 ada bob eve", "282 ada :End of /ACCEPT list."]);
        assert_eq!(room.ask("ada", "ACCEPT -bob,-EVE"), [""; 0]);
        assert_eq!(words(&room.ask("ada", "ACCEPT *")), "282");
    }

    #[test]
    fn who_is_silenced_is_not_heard_and_does_not_know() {
        let mut room = room();
        assert_eq!(room.ask("ada", "SILENCE +bob"), [":ada!u@h SILENCE +bob!*@*"]);
        assert_eq!(room.ask("ada", "SILENCE +,BOB,-"), [""; 0], "nothing new, and no mask");
        for line in ["PRIVMSG ada :hello", "NOTICE ada :hello"] {
            assert_eq!(room.ask("bob", line), [alloc::format!(":bob!u@h {line}")], "its echo is as ever");
            assert_eq!(room.told("ada"), [""; 0]);
        }
        room.enter("bob", "#c");
        assert_eq!(words(&room.ask("bob", "INVITE ada #c")), "341");
        assert_eq!(room.told("ada"), [""; 0]);
        assert_eq!(room.ask("ada", "SILENCE *.example"), [":ada!u@h SILENCE +*!*@*.example"]);
        assert_eq!(words(&room.ask("ada", "SILENCE eve")), "511");
        let list = ["271 ada bob!*@*", "271 ada *!*@*.example", "272 ada :End of silence list"];
        assert_eq!(room.ask("ada", "SILENCE"), list);
        assert_eq!(room.ask("ada", "SILENCE -BOB"), [":ada!u@h SILENCE -bob!*@*"]);
        room.send("bob", "PRIVMSG ada :hello");
        assert_eq!(words(&room.told("ada")), "PRIVMSG");
        room.quit("ada");
        assert!(room.network.extras.callers.silenced.is_empty());
    }
}
