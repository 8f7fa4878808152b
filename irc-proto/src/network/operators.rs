use bytes::Bytes;

use crate::codec::{Message, Profile};
use crate::numerics::*;

use super::deliveries::{Action, Deliveries};
use super::outgoing::Outgoing;
use super::registration::text;
use super::user::Session;
use super::{Network, Turn};

impl Network {
    /// OPER (RFC 2812 §3.1.4): the application knows who may.
    pub(super) fn oper(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let [name, password, ..] = params else { return };
        let (name, password) = (Bytes::copy_from_slice(name), Bytes::copy_from_slice(password));
        turn.out.act(Action::Operator { session: turn.session, name, password });
    }

    /// Answers [`Action::Operator`] (RFC 2812 §3.1.4): 381 RPL_YOUREOPER and the mode `+o`, or 464 ERR_PASSWDMISMATCH. Free an operator from flood
    /// control
    /// with [`Server::exempt_from_flood_control`](crate::server::Server::exempt_from_flood_control).
    pub fn operator(&mut self, session: Session, granted: bool, now: u64, out: &mut Deliveries) {
        let Some(user) = self.users.by_session(session) else { return };
        let Ok(message) = Message::parse(b"OPER", Profile::Lenient) else { return };
        let mut turn = Turn { user, session, now, message, out };
        if granted {
            self.reply(&mut turn, RPL_YOUREOPER, &[b"You are now an IRC operator"]);
            self.change_user_modes(&mut turn, &[(true, b'o')]);
        } else {
            self.reply(&mut turn, ERR_PASSWDMISMATCH, &[b"Password incorrect"]);
        }
        out.settle();
    }

    /// KILL (RFC 2812 §3.7.1).
    pub(super) fn kill(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let [nick, reason @ ..] = params else { return };
        if !self.is_operator_or_reply(turn) {
            return;
        }
        let Some(victim) = self.users.by_nick(nick) else { return self.no_such_nick(turn, nick) };
        let (Some(user), Some(killed)) = (self.users.get(turn.user), self.users.get(victim)) else { return };
        let reason = text(reason.first().copied().unwrap_or_default(), self.config.limits.farewell);
        let words = [b"Killed (", user.nick(), b" (", &reason, b"))"].concat();
        let session = killed.session();
        let params = [killed.nick(), &reason];
        Outgoing::user(user, b"KILL", &params, turn.now).with_text().tell(session, killed.capabilities(), turn.out);
        self.depart(victim, &words, turn.now, turn.out);
        turn.out.act(Action::Close { session, text: Bytes::from(words) });
    }

    /// WALLOPS (RFC 2812 §4.7), to all users with `+w`.
    pub(super) fn wallops(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        if !self.is_operator_or_reply(turn) {
            return;
        }
        let Some(user) = self.users.get(turn.user) else { return };
        let words = [params.first().copied().unwrap_or_default()];
        let told = self.users.iter().filter(|(_, user)| user.modes().contains(b'w'));
        let told = told.map(|(_, user)| (user.session(), user.capabilities()));
        Outgoing::user(user, b"WALLOPS", &words, turn.now).with_text().relay(told, turn.out);
    }

    /// REHASH (RFC 2812 §4.2).
    pub(super) fn rehash(&mut self, turn: &mut Turn<'_>, _params: &[&[u8]]) {
        if self.is_operator_or_reply(turn) {
            self.reply(turn, RPL_REHASHING, &[b"configuration", b"Rehashing"]);
            turn.out.act(Action::Rehash { session: turn.session });
        }
    }

    /// Whether the user is an operator of the network, or 481.
    pub(super) fn is_operator_or_reply(&self, turn: &mut Turn<'_>) -> bool {
        let is = self.users.get(turn.user).is_some_and(|user| user.is_operator());
        if !is {
            self.reply(turn, ERR_NOPRIVILEGES, &[b"Permission denied: you're not an IRC operator"]);
        }
        is
    }
}
