use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_machine::Instant;

use super::Limits;
use super::event::{Event, Failure, RequestId, Response, SendId};
use super::redirect::{Redirect, Role};
use super::tracker::Change;
use crate::casemap::CaseMapping;
use crate::codec::{Command, Message};
use crate::numerics::*;

/// What a line in the queue is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(pub(super) RequestId);

/// How many own texts are remembered for their echoes.
const ECHOES: usize = 128;
/// What each message of a response costs besides its bytes.
const OVERHEAD: usize = 192;

/// Labels of requests and of texts, one count for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label(pub(super) u32);

impl Label {
    pub(super) fn text(self) -> alloc::string::String {
        alloc::format!("w{}", self.0)
    }

    fn read(message: &Message<Bytes>) -> Option<Label> {
        let value = message.borrow().tags().value(b"label")?.unescaped();
        let digits = value.strip_prefix(b"w")?;
        core::str::from_utf8(digits).ok()?.parse().ok().map(Label)
    }
}

struct Pending {
    id: RequestId,
    /// Whether the machine asked for itself.
    own: bool,
    label: Option<Label>,
    kind: Option<&'static Redirect>,
    subject: Option<Box<[u8]>>,
    got: Vec<Message<Bytes>>,
    octets: usize,
    changes: Vec<Change>,
    /// Whether the line is out.
    sent: bool,
    deadline: Option<Instant>,
}

struct Echo {
    send: SendId,
    label: Option<Label>,
    notice: bool,
    target: Box<[u8]>,
    text: Box<[u8]>,
}

/// What is asked of the server and not answered, the oldest first.
#[derive(Default)]
pub(super) struct Requests {
    pending: Vec<Pending>,
    echoes: VecDeque<Echo>,
    octets: usize,
    last_id: u32,
    last_label: u32,
}

/// Whom a labelled message answers.
pub(super) enum Answers {
    Request(RequestId),
    Text(SendId),
}

/// What became of a message that may answer a request.
pub(super) enum Taken {
    /// Nothing: it answers none.
    No(Message<Bytes>, Vec<Change>),
    /// It is part of an answer that goes on.
    Yes,
    /// It ended a request; none where the machine asked for itself.
    Done(Option<Event>),
}

impl Requests {
    pub(super) fn len(&self) -> usize {
        self.pending.iter().filter(|pending| !pending.own).count()
    }

    pub(super) fn label(&mut self) -> Label {
        self.last_label = self.last_label.wrapping_add(1);
        Label(self.last_label)
    }

    pub(super) fn next_id(&mut self) -> u32 {
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        self.last_id
    }

    /// Notes a request whose line waits in the queue.
    pub(super) fn add(
        &mut self,
        label: Option<Label>,
        kind: Option<&'static Redirect>,
        params: &[&[u8]],
        own: bool,
    ) -> RequestId {
        let id = RequestId(self.next_id());
        // With `WHOIS server nick` the answer names the last one.
        let subject = match kind {
            Some(kind) if kind.command == "WHOIS" => params.last(),
            Some(kind) if kind.command == "CHATHISTORY" => params.get(1),
            Some(kind) => params.get(kind.subject),
            None => None,
        };
        let one = |subject: &&&[u8]| !subject.contains(&b',') && !subject.is_empty();
        let subject = subject.filter(one).map(|subject| Box::from(*subject));
        let (got, changes) = (Vec::new(), Vec::new());
        self.pending.push(Pending {
            id,
            own,
            label,
            kind,
            subject,
            got,
            octets: 0,
            changes,
            sent: false,
            deadline: None,
        });
        id
    }

    pub(super) fn sent(&mut self, tag: Tag) {
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.id == tag.0) {
            pending.sent = true;
        }
    }

    /// Notes a text, whose echo is to be known.
    pub(super) fn add_echo(&mut self, send: SendId, label: Option<Label>, notice: bool, target: &[u8], text: &[u8]) {
        if self.echoes.len() >= ECHOES {
            self.echoes.pop_front();
        }
        self.echoes.push_back(Echo { send, label, notice, target: target.into(), text: text.into() });
    }

    /// Whom a label belongs to. That of a text is used up.
    pub(super) fn answers(&mut self, message: &Message<Bytes>) -> Option<Answers> {
        if self.pending.is_empty() && self.echoes.is_empty() {
            return None;
        }
        let label = Label::read(message)?;
        if let Some(pending) = self.pending.iter().find(|pending| pending.label == Some(label)) {
            return Some(Answers::Request(pending.id));
        }
        let place = self.echoes.iter().position(|echo| echo.label == Some(label))?;
        self.echoes.remove(place).map(|echo| Answers::Text(echo.send))
    }

    /// The own text that this is the echo of, by order: the oldest to the same target with the same words, or else the oldest to it.
    pub(super) fn echo(&mut self, notice: bool, target: &[u8], text: &[u8], mapping: CaseMapping) -> Option<SendId> {
        let fits = |echo: &&Echo| echo.notice == notice && mapping.same(&echo.target, target);
        let same = self.echoes.iter().position(|echo| fits(&echo) && *echo.text == *text);
        let place = same.or_else(|| self.echoes.iter().position(|echo| fits(&echo)))?;
        self.echoes.remove(place).map(|echo| echo.send)
    }

    /// Ends a request with this answer.
    pub(super) fn finish(&mut self, id: RequestId, response: Response, mut changes: Vec<Change>) -> Option<Event> {
        let place = self.pending.iter().position(|pending| pending.id == id)?;
        let mut pending = self.remove(place);
        pending.changes.append(&mut changes);
        (!pending.own).then_some(Event::Response { request: id, response, changes: pending.changes })
    }

    /// Takes a message into the answer that it belongs to by its numeric.
    pub(super) fn take(
        &mut self,
        message: Message<Bytes>,
        mut changes: Vec<Change>,
        mapping: CaseMapping,
        limits: &Limits,
    ) -> Taken {
        let Some((place, role)) = self.place(message.borrow(), mapping) else { return Taken::No(message, changes) };
        let octets = message.borrow().line().len() + OVERHEAD;
        let over = self.octets + octets > limits.response_octets;
        let Some(pending) = self.pending.get_mut(place) else { return Taken::No(message, changes) };
        if over || pending.got.len() >= limits.response_messages {
            let pending = self.remove(place);
            let failed = Event::Failed { request: pending.id, failure: Failure::TooLarge };
            return Taken::Done((!pending.own).then_some(failed));
        }
        self.octets += octets;
        pending.octets += octets;
        pending.got.push(message);
        pending.changes.append(&mut changes);
        if role == Role::Line {
            return Taken::Yes;
        }
        let Pending { id, own, mut got, changes, .. } = self.remove(place);
        let response = match got.len() {
            0 | 1 => got.pop().map_or(Response::None, Response::One),
            _ => Response::Many(got),
        };
        Taken::Done((!own).then_some(Event::Response { request: id, response, changes }))
    }

    /// The request for history that a batch without a label answers.
    pub(super) fn history(&self, kind: &[u8], target: Option<&[u8]>, mapping: CaseMapping) -> Option<RequestId> {
        let targets = kind.ends_with(b"chathistory-targets");
        if !targets && !kind.ends_with(b"chathistory") {
            return None;
        }
        let fits = |pending: &&Pending| {
            let same = |subject: &[u8]| targets || target.is_none_or(|target| mapping.same(subject, target));
            let history = pending.kind.is_some_and(|kind| kind.command == "CHATHISTORY");
            history && pending.label.is_none() && pending.sent && pending.subject.as_deref().is_none_or(same)
        };
        self.pending.iter().find(fits).map(|pending| pending.id)
    }

    /// Sets the time of what went out since; gives a failure where time is up.
    pub(super) fn late(&mut self, now: Instant, limits: &Limits) -> Option<Option<Event>> {
        for pending in self.pending.iter_mut().filter(|pending| pending.sent) {
            pending.deadline.get_or_insert(now + limits.response);
        }
        let late = |pending: &Pending| pending.deadline.is_some_and(|deadline| deadline <= now);
        let place = self.pending.iter().position(late)?;
        let pending = self.remove(place);
        Some((!pending.own).then_some(Event::Failed { request: pending.id, failure: Failure::Timeout }))
    }

    /// When the first request is late; `now` where one has no time yet.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        self.pending.iter().filter(|pending| pending.sent).map(|pending| pending.deadline.unwrap_or(now)).min()
    }

    /// The next request to fail, as the session is over.
    pub(super) fn cancel(&mut self) -> Option<Event> {
        self.echoes = VecDeque::new();
        while !self.pending.is_empty() {
            let pending = self.remove(0);
            if !pending.own {
                return Some(Event::Failed { request: pending.id, failure: Failure::Disconnected });
            }
        }
        None
    }

    pub(super) fn clear(&mut self) {
        (self.pending, self.echoes, self.octets) = Default::default();
    }

    fn remove(&mut self, place: usize) -> Pending {
        let pending = self.pending.remove(place);
        self.octets -= pending.octets;
        if self.pending.is_empty() {
            self.pending = Vec::new();
        }
        pending
    }

    /// The oldest request that a message without label belongs to, and what it is there.
    fn place(&self, message: Message<&[u8]>, mapping: CaseMapping) -> Option<(usize, Role)> {
        if self.pending.is_empty() {
            return None;
        }
        let waiting = || self.pending.iter().enumerate().filter(|(_, pending)| pending.sent && pending.label.is_none());
        let named = |position: usize| {
            let name = message.param(position)?;
            let fits = |kind: &Redirect| kind.command.as_bytes().eq_ignore_ascii_case(name);
            let place = waiting().find(|(_, pending)| pending.kind.is_some_and(fits));
            place.map(|(place, _)| (place, Role::End))
        };
        let numeric = match message.command() {
            Command::Numeric(RPL_TRYAGAIN | ERR_UNKNOWNCOMMAND | ERR_NEEDMOREPARAMS) => return named(1),
            Command::Numeric(numeric) => numeric,
            fail if fail.is(b"FAIL") => return named(0),
            _ => return None,
        };
        waiting().find_map(|(place, pending)| {
            let (_, role, position) = pending.kind?.numerics.iter().find(|(own, _, _)| *own == numeric)?;
            let same = match (position, &pending.subject) {
                (0, _) | (_, None) => true,
                (position, Some(subject)) => message.param(*position).is_some_and(|told| mapping.same(told, subject)),
            };
            same.then_some((place, *role))
        })
    }
}
