use alloc::string::ToString as _;
use alloc::vec::Vec;

use crate::Letters;
use crate::modes::ModeTypes;
use crate::numerics::*;

use super::USER_MODES;
use crate::network::outgoing::Outgoing;
use crate::network::{Network, Turn};

impl Network {
    pub(super) fn user_mode(&mut self, turn: &mut Turn<'_>, nick: &[u8], rest: &[&[u8]]) {
        match self.users.by_nick(nick) {
            None => return self.no_such_nick(turn, nick),
            Some(user) if user != turn.user => {
                return self.reply(turn, ERR_USERSDONTMATCH, &[b"Cannot see or change the modes of other users"]);
            }
            Some(_) => {}
        }
        let Some(letters) = rest.first() else {
            let modes = self.users.get(turn.user).map(|user| user.modes().to_string()).unwrap_or_default();
            return self.reply(turn, RPL_UMODEIS, &[&[b"+", modes.as_bytes()].concat()]);
        };
        let known = Letters::new(USER_MODES);
        let mut unknown = false;
        let mut wanted = Vec::new();
        for change in ModeTypes::user(known).changes(letters, rest.iter().skip(1).copied()) {
            match change.letter {
                letter if !known.contains(letter) => unknown = true,
                // Operators are made by OPER alone.
                b'o' if change.adding => {}
                letter => wanted.push((change.adding, letter)),
            }
        }
        self.change_user_modes(turn, &wanted);
        if unknown {
            self.reply(turn, ERR_UMODEUNKNOWNFLAG, &[b"Unknown mode"]);
        }
    }

    /// Changes modes of the user, and tells the user of what has changed.
    pub(in crate::network) fn change_user_modes(&mut self, turn: &mut Turn<'_>, wanted: &[(bool, u8)]) {
        let Some(user) = self.users.get(turn.user) else { return };
        let before = user.modes();
        let set = |modes: Letters, (adding, letter): &(bool, u8)| {
            if *adding { modes.with(*letter) } else { modes.without(*letter) }
        };
        let after = wanted.iter().fold(before, set);
        self.users.set_modes(turn.user, after);
        let mut text = Vec::new();
        for (sign, one, other) in [(b'+', after, before), (b'-', before, after)] {
            let mut letters = one.iter().filter(|letter| !other.contains(*letter)).peekable();
            if letters.peek().is_some() {
                text.push(sign);
                text.extend(letters);
            }
        }
        let Some(user) = self.users.get(turn.user).filter(|_| !text.is_empty()) else { return };
        let params = [user.nick(), &text];
        Outgoing::user(user, b"MODE", &params, turn.now).tell(turn.session, user.capabilities(), turn.out);
    }
}
