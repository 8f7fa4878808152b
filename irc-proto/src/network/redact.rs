//! REDACT: taking messages back ([message-redaction](https://ircv3.net/specs/extensions/message-redaction), draft).

use alloc::string::ToString as _;
use alloc::vec::Vec;

use crate::codec::{Message, Profile};
use crate::{Capabilities, Capability};

use super::channel::Ranks;
use super::extras::entry;
use super::history::{Entry, Sort};
use super::outgoing::Outgoing;
use super::registration::text;
use super::user::{Session, User, UserId};
use super::{Network, Turn};

type Receivers = Vec<(Session, Capabilities)>;

impl Network {
    /// REDACT: who wrote a message, and the operators of its channel, may take it back.
    pub(super) fn redact(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let [target, msgid, rest @ ..] = params else { return self.need_more_params(turn, b"REDACT") };
        let refuse = |network: &Network, turn: &mut Turn<'_>, code: &[u8], text: &[u8]| {
            let context = if code == b"INVALID_TARGET" { &params[..1] } else { &params[..2] };
            network.fail(turn, b"REDACT", code, context, text);
        };
        let Some(buffer) = self.readable_buffer(turn.user, target) else {
            return refuse(self, turn, b"INVALID_TARGET", b"You cannot delete messages from there");
        };
        let found = self.extras.history.find(buffer.borrow(), msgid).filter(|_| !msgid.is_empty());
        let Some(found) = found else {
            return refuse(self, turn, b"UNKNOWN_MSGID", b"This message does not exist or is too old");
        };
        let channel = self.channels.by_name(target);
        let is_operator =
            channel.and_then(|id| self.ranks(turn.user, id)).is_some_and(|own| own.at_least(Ranks::OPERATOR));
        let Some(user) = self.users.get(turn.user) else { return };
        if !is_message(&found) || !(is_operator || self.wrote(user, &found)) {
            return refuse(self, turn, b"REDACT_FORBIDDEN", b"You are not authorised to delete this message");
        }
        let window = self.config.limits.redact_window.filter(|_| !is_operator);
        if let Some(window) = window.filter(|window| turn.now.saturating_sub(found.time) > *window) {
            let seconds = (window / 1000).to_string();
            let context = [target, msgid, seconds.as_bytes()];
            let text = b"You can no longer delete this message: it is too old";
            return self.fail(turn, b"REDACT", b"REDACT_WINDOW_EXPIRED", &context, text);
        }
        let reason = text(rest.first().copied().unwrap_or_default(), self.config.limits.farewell);
        let id = self.next_id();
        let (Some(user), Some((name, told))) = (self.users.get(turn.user), self.redaction_receivers(turn.user, target))
        else {
            return;
        };
        let all = [&name[..], msgid, &reason];
        let line = if reason.is_empty() {
            Outgoing::user(user, b"REDACT", &all[..2], turn.now)
        } else {
            Outgoing::user(user, b"REDACT", &all, turn.now).with_text()
        };
        let line = Outgoing { msgid: Some(&id), ..line };
        line.relay(told.iter().copied(), turn.out);
        let redaction = entry(&line, Sort::Redaction);
        self.extras.history.redact(buffer.borrow(), msgid, redaction.clone());
        // The other side of a conversation has a copy of its own.
        let other = self.users.by_nick(target).filter(|_| channel.is_none());
        if let Some(theirs) = other.and_then(|other| self.readable_buffer(other, user.nick())) {
            self.extras.history.redact(theirs.borrow(), msgid, redaction);
        }
    }

    /// Without an account it is the source that counts: the same nickname, user and host.
    fn wrote(&self, user: &User, entry: &Entry) -> bool {
        match (&entry.account, user.account()) {
            (Some(theirs), Some(own)) => self.isupport.case_mapping.same(theirs, own),
            (Some(_), None) => false,
            (None, _) => source_of(entry).is_some_and(|source| source == user.source()),
        }
    }

    /// The target as it is spelled, and who of it has agreed on redactions; the user too, where they want an echo.
    fn redaction_receivers(&self, user: UserId, target: &[u8]) -> Option<(Vec<u8>, Receivers)> {
        let own = self.users.get(user)?;
        let knows = |(_, capabilities): &(Session, Capabilities)| capabilities.has(Capability::MessageRedaction);
        let echo = (own.session(), own.capabilities());
        let echo = Some(echo).filter(|echo| echo.1.has(Capability::EchoMessage) && knows(echo));
        if let Some(id) = self.channels.by_name(target) {
            let channel = self.channels.get(id)?;
            let others = channel.receivers().filter(|(session, _)| *session != own.session()).filter(knows);
            return Some((channel.name().into(), others.chain(echo).collect()));
        }
        let other = self.user_of(target).map(|(_, other)| other);
        let told = other
            .map(|other| (other.session(), other.capabilities()))
            .filter(|one| one.0 != own.session())
            .filter(knows);
        Some((other.map_or(target, User::nick).into(), told.into_iter().chain(echo).collect()))
    }
}

fn source_of(entry: &Entry) -> Option<&[u8]> {
    Message::parse(&entry.line[..], Profile::Lenient).ok()?.source().map(|source| source.as_bytes())
}

fn is_message(entry: &Entry) -> bool {
    let message = Message::parse(&entry.line[..], Profile::Lenient);
    message.is_ok_and(|message| [&b"PRIVMSG"[..], b"NOTICE", b"TAGMSG"].iter().any(|word| message.command().is(word)))
}

#[cfg(test)]
mod tests;
