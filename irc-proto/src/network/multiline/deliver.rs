use alloc::vec::Vec;

use bytes::Bytes;

use crate::channel::is_channel;
use crate::codec::escape_into;
use crate::numerics::*;
use crate::{Capabilities, Capability};

use super::super::caller_id::Admission;
use super::super::channel::{ChannelId, Ranks};
use super::super::extras::{entry, line_of};
use super::super::history::{Buffer, Continuation, Entry, Sort, playback};
use super::super::outgoing::Outgoing;
use super::super::user::{Session, User, UserId};
use super::super::{Network, Turn};
use super::{BATCH, CONCAT, Fault, Gathering, Kind, Whole};

/// What makes a difference to how a message of several lines is written.
const RELEVANT: Capabilities = Capabilities::of(&[
    Capability::AccountTag,
    Capability::Batch,
    Capability::MessageTags,
    Capability::Multiline,
    Capability::ServerTime,
]);

impl Network {
    /// BATCH: opens or ends a message of several lines.
    pub(in super::super) fn batch(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let knows = self
            .users
            .get(turn.user)
            .is_some_and(|user| user.has(Capability::Multiline) && user.has(Capability::Batch));
        match params {
            [mark, kind, target, ..] if knows && *kind == BATCH && mark.len() > 1 && mark.starts_with(b"+") => {
                self.batch_open(turn, mark.get(1..).unwrap_or_default(), target);
            }
            [mark, ..] if knows && mark.starts_with(b"-") => self.batch_close(turn, mark.get(1..).unwrap_or_default()),
            _ => self.batch_fault(turn, &Fault::Invalid),
        }
    }

    fn batch_open(&mut self, turn: &mut Turn<'_>, reference: &[u8], target: &[u8]) {
        let bounds = self.config.limits.multiline;
        if self.extras.batches.remove(&turn.session).is_some_and(|before| !before.is_late(turn.now, bounds)) {
            return self.batch_fault(turn, &Fault::Invalid);
        }
        let mut client_tags = Vec::new();
        for (key, value) in self.client_tags(turn) {
            if !client_tags.is_empty() {
                client_tags.push(b';');
            }
            client_tags.extend_from_slice(key);
            client_tags.push(b'=');
            escape_into(&value, &mut client_tags);
        }
        // Those that nobody ends bind no memory beyond their time.
        self.extras.batches.values_mut().filter(|batch| batch.is_late(turn.now, bounds)).for_each(Gathering::expire);
        // The label is answered when the batch ends.
        let label = turn.out.end_answer().map(|answer| Bytes::from(answer.label));
        self.extras.batches.insert(turn.session, Gathering::open(reference, target, &client_tags, label, turn.now));
    }

    fn batch_close(&mut self, turn: &mut Turn<'_>, reference: &[u8]) {
        let Some(mut batch) = self.extras.batches.remove(&turn.session).filter(|batch| batch.is(reference)) else {
            return self.batch_fault(turn, &Fault::Invalid);
        };
        if let Some(label) = batch.label.take().filter(|_| turn.out.answering().is_none()) {
            turn.out.begin_answer(turn.session, &label);
        }
        match batch.close() {
            Err(fault) => self.batch_fault(turn, &fault),
            Ok(None) => {}
            Ok(Some(whole)) => self.say_lines(turn, &whole),
        }
    }

    /// Takes a line that belongs to an open batch; whether it was one. What else comes while a batch is open is the end of it.
    pub(in super::super) fn gathers(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) -> bool {
        let command = turn.message.command();
        let kind = match command {
            _ if command.is(b"PRIVMSG") => Some(Kind::Privmsg),
            _ if command.is(b"NOTICE") => Some(Kind::Notice),
            _ => None,
        };
        let Some(batch) = self.extras.batches.get_mut(&turn.session) else { return false };
        let is_late = batch.is_late(turn.now, self.config.limits.multiline);
        if is_late && !batch.is_refused {
            batch.refuse();
            let fault = Fault::Timeout(batch.reference.clone());
            if let Some(label) = batch.label.take().filter(|_| turn.out.answering().is_none()) {
                turn.out.begin_answer(turn.session, &label);
            }
            self.batch_fault(turn, &fault);
        }
        let Some(batch) = self.extras.batches.get_mut(&turn.session) else { return false };
        let reference = turn.message.tags().value(b"batch").map(|value| value.unescaped());
        let (Some(kind), true) = (kind, reference.is_some_and(|reference| batch.is(&reference))) else {
            if !command.is(b"BATCH") && !batch.is_refused {
                batch.refuse();
                self.batch_fault(turn, &Fault::Invalid);
            }
            return false;
        };
        let (target, text) = (params.first().copied().unwrap_or_default(), params.get(1).copied().unwrap_or_default());
        let concat = turn.message.tags().value(CONCAT).is_some();
        if let Err(fault) = batch.push(kind, target, text, concat, self.config.limits.multiline) {
            let label = batch.label.take().filter(|_| turn.out.answering().is_none());
            if let Some(label) = label {
                turn.out.begin_answer(turn.session, &label);
            }
            self.batch_fault(turn, &fault);
        }
        true
    }

    fn batch_fault(&self, turn: &mut Turn<'_>, fault: &Fault) {
        let number;
        let context: Vec<&[u8]> = match fault {
            Fault::MaxBytes(most) | Fault::MaxLines(most) => {
                number = alloc::format!("{most}");
                [number.as_bytes()].into()
            }
            Fault::Timeout(reference) => [&reference[..]].into(),
            Fault::InvalidTarget { batch, line } => [&batch[..], line].into(),
            Fault::Invalid => Vec::new(),
        };
        self.fail(turn, b"BATCH", fault.code().as_bytes(), &context, alloc::format!("{fault}").as_bytes());
    }

    /// Delivers a message of several lines where one of a single line would go.
    fn say_lines(&mut self, turn: &mut Turn<'_>, whole: &Whole) {
        if let Some(user) = self.users.get_mut(turn.user) {
            user.active = turn.now;
        }
        let (symbols, name) = self.isupport.mode_types.split_symbols(&whole.target);
        if is_channel(name, &self.isupport) {
            let known = self.channels.by_name(name).filter(|id| {
                self.channels.get(*id).is_some_and(|channel| self.may_see_channel(turn.user, *id, channel))
            });
            return match known {
                Some(id) => self.say_lines_in(turn, id, symbols, whole),
                None if whole.kind == Kind::Notice => {}
                None => self.no_such_channel(turn, name),
            };
        }
        match self.users.by_nick(&whole.target) {
            Some(id) => self.say_lines_to(turn, id, whole),
            None if whole.kind == Kind::Notice => {}
            None => self.no_such_nick(turn, &whole.target),
        }
    }

    fn say_lines_in(&mut self, turn: &mut Turn<'_>, id: ChannelId, symbols: &[u8], whole: &Whole) {
        let (msgid, inner) = (self.next_id(), self.next_id());
        let (Some(user), Some(channel)) = (self.users.get(turn.user), self.channels.get(id)) else { return };
        let ranks = self.ranks(turn.user, id);
        if !whole.lines.iter().all(|line| self.may_speak(channel, user, ranks, &line.text)) {
            if whole.kind == Kind::Privmsg {
                self.reply(turn, ERR_CANNOTSENDTOCHAN, &[channel.name(), b"Cannot send to channel"]);
            }
            return;
        }
        let letters = symbols.iter().filter_map(|symbol| self.isupport.mode_types.status_by_symbol(*symbol));
        let least = letters.map(|status| Ranks::of_letter(status.letter)).min().unwrap_or(Ranks::NONE);
        let name = [symbols, channel.name()].concat();
        let kept = entry_of(user, whole, &name, &msgid, turn.now);
        let own = turn.session;
        let others = channel.members.iter().filter(|member| member.session != own && member.ranks.at_least(least));
        let receivers = others.map(|member| (member.session, member.capabilities));
        relay(&kept, &inner, receivers.chain(echo(user)), turn);
        if least == Ranks::NONE {
            let folded = self.isupport.case_mapping.key(channel.name());
            self.extras.history.append(Buffer::Channel(folded.as_bytes()), kept);
        }
    }

    fn say_lines_to(&mut self, turn: &mut Turn<'_>, id: UserId, whole: &Whole) {
        let command: &[u8] = if whole.kind == Kind::Notice { b"NOTICE" } else { b"PRIVMSG" };
        let admission = self.admit(turn, id, command);
        if admission == Admission::Refused {
            return;
        }
        let is_heard = admission == Admission::Heard;
        let (msgid, inner) = (self.next_id(), self.next_id());
        let (Some(user), Some(other)) = (self.users.get(turn.user), self.users.get(id)) else { return };
        let kept = entry_of(user, whole, other.nick(), &msgid, turn.now);
        let receivers = is_heard.then_some((other.session(), other.capabilities())).into_iter();
        if other.session() == user.session() {
            relay(&kept, &inner, receivers, turn);
        } else {
            relay(&kept, &inner, receivers.chain(echo(user)), turn);
        }
        if is_heard {
            self.extras.keep_direct(self.isupport.case_mapping, other, user, &kept);
        }
        if let Some(away) = other.away().filter(|_| whole.kind == Kind::Privmsg) {
            self.reply(turn, RPL_AWAY, &[other.nick(), away]);
        }
    }
}

fn echo(user: &User) -> Option<(Session, Capabilities)> {
    user.has(Capability::EchoMessage).then_some((user.session(), user.capabilities()))
}

fn entry_of(user: &User, whole: &Whole, target: &[u8], msgid: &[u8], now: u64) -> Entry {
    let word: &[u8] = if whole.kind == Kind::Notice { b"NOTICE" } else { b"PRIVMSG" };
    let line = |text: &[u8]| line_of(&Outgoing::user(user, word, &[target, text], now).with_text());
    let first = whole.lines.first().map(|line| &line.text[..]).unwrap_or_default();
    let params = [target, first];
    let message = Outgoing { msgid: Some(msgid), ..Outgoing::user(user, word, &params, now).with_text() };
    let more = whole.lines.iter().skip(1).map(|one| Continuation { concat: one.concat, line: line(&one.text) });
    Entry { client_tags: whole.client_tags.clone(), more: more.collect(), ..entry(&message, Sort::Message) }
}

/// To all of these, each once; written once for each set of capabilities that makes a difference.
fn relay(entry: &Entry, inner: &[u8], to: impl Iterator<Item = (Session, Capabilities)> + Clone, turn: &mut Turn<'_>) {
    let answering = turn.out.answering();
    let mut classes: Vec<Capabilities> = Vec::new();
    for (session, capabilities) in to.clone() {
        let class = capabilities & RELEVANT;
        if Some(session) == answering {
            playback::tell(session, entry, class, None, inner, turn.out);
        } else if !classes.contains(&class) {
            classes.push(class);
        }
    }
    for class in classes {
        let of_class = to.clone().filter(|(session, own)| *own & RELEVANT == class && Some(*session) != answering);
        turn.out.shared(of_class.map(|(session, _)| session), |out| playback::write(entry, class, None, inner, out));
    }
}
