//! Commands on their way out: in their turn, with literals that wait, and messages in pieces.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_machine::{Misuse, Outbox};

use super::event::{Event, Outcome, RequestId};
use super::idle::Idle;
use super::pipelining::Effects;
use super::{Client, Selected, TABLE};
use crate::codec::command::{After, Append, CatenatePart, Content, Further, MessageData, NewMessage, Replace, Within};
use crate::codec::{Command, Encoder, Keyword, Literals, Mailbox, SequenceSet, Sink, Status, TaggedCommand};

/// A command that went out.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) tag: u32,
    /// Absent where the machine itself has asked.
    pub(super) request: Option<RequestId>,
    pub(super) keyword: Keyword,
    pub(super) about: About,
}

/// By what the answers of a command are known.
#[derive(Debug)]
pub(super) enum About {
    Nothing,
    Numbers(SequenceSet),
    Uids(SequenceSet),
    Mailbox(Mailbox<Bytes>),
}

impl About {
    fn of(command: &Command<Bytes>) -> About {
        let messages = |uid: bool, set: &SequenceSet| match uid {
            true => About::Uids(set.clone()),
            false => About::Numbers(set.clone()),
        };
        match command {
            Command::Fetch(fetch) => messages(fetch.uid, &fetch.set),
            Command::Store(store) => messages(store.uid, &store.set),
            Command::Status(status) => About::Mailbox(status.mailbox.clone()),
            _ => About::Nothing,
        }
    }
}

pub(super) struct Waiting {
    pub(super) request: Option<RequestId>,
    pub(super) command: Command<Bytes>,
}

/// A command of which not all is written.
pub(super) struct Writing {
    pub(super) tag: u32,
    request: Option<RequestId>,
    /// What comes after the first literal that waits.
    held: Vec<u8>,
    at: usize,
    stops: VecDeque<usize>,
    /// Whether the server's `+` is waited for.
    pub(super) awaits: bool,
    text: Option<Text>,
    /// The messages after the one of the text, which are announced in their turn.
    more: VecDeque<NewMessage<Bytes>>,
    /// The server's answer that came before the text was whole. What was announced must be given nevertheless.
    early: Option<Status<Bytes>>,
}

/// A message's text that the program gives.
#[derive(Clone, Copy)]
struct Text {
    within: Within,
    left: u64,
}

/// Writes up to the first literal that waits, and keeps the rest.
struct Cut<'o> {
    outbox: &'o mut Outbox,
    held: Vec<u8>,
    stops: VecDeque<usize>,
    waits: bool,
}

impl Sink for Cut<'_> {
    fn put(&mut self, bytes: &[u8]) {
        if self.waits {
            self.held.extend_from_slice(bytes);
        } else {
            self.outbox.put(bytes);
        }
    }

    fn wait(&mut self) {
        if self.waits {
            self.stops.push_back(self.held.len());
        }
        self.waits = true;
    }
}

impl Client {
    /// Asks in its turn, or, for what the machine itself needs first, before all others.
    pub(super) fn enqueue(&mut self, request: Option<RequestId>, command: Command<Bytes>) {
        let waiting = Waiting { request, command };
        match request {
            Some(_) => self.waiting.push_back(waiting),
            None => self.waiting.push_front(waiting),
        }
        self.pump();
    }

    /// Sends what has been waiting for its turn.
    pub(super) fn pump(&mut self) {
        if !self.waiting.is_empty() {
            self.end_idle();
        }
        while let Some(next) = self.waiting.front()
            && self.may_send(next.command.keyword())
        {
            let Some(Waiting { request, command }) = self.waiting.pop_front() else { break };
            // Only what the program asked for can lose its ground.
            let has_ground = request.is_none() || TABLE.allows(self.ground(), command.keyword());
            if !(has_ground && self.send(request, command))
                && let Some(request) = request
            {
                self.events.push_back(Event::Done { request, outcome: Outcome::Unsent });
            }
        }
        if self.waiting.is_empty() && self.waiting.capacity() > 0 {
            self.waiting = VecDeque::new();
        }
    }

    fn may_send(&self, keyword: Keyword) -> bool {
        let most = if self.config.quirks.no_pipelining { 1 } else { self.config.limits.pipeline.max(1) };
        self.awaited.is_none()
            && self.ending.is_none()
            && self.writing.is_none()
            && !self.outbox.is_full()
            && self.sent.len() < most
            && self.sent.iter().all(|earlier| Effects::may_follow(keyword, earlier.keyword))
    }

    pub(super) fn encoder(&self) -> Encoder {
        Encoder::client().with_literals(self.literals()).with_utf8(self.enabled.utf8)
    }

    fn literals(&self) -> Literals {
        if self.config.quirks.no_non_sync_literals { Literals::Synchronizing } else { self.offers.literals() }
    }

    /// Writes a command, as far as it can be written now; `false` if it cannot be written at all.
    fn send(&mut self, request: Option<RequestId>, mut command: Command<Bytes>) -> bool {
        let tag = self.last_tag.checked_add(1).unwrap_or(1);
        let more = messages_after_the_first(&mut command);
        let text = announce(&mut command, self.literals());
        let (keyword, about, encoder) = (command.keyword(), About::of(&command), self.encoder());
        let tagged = TaggedCommand { tag: tag_text(tag), command };
        let mut cut = Cut { outbox: &mut self.outbox, held: Vec::new(), stops: VecDeque::new(), waits: false };
        if encoder.encode(&tagged, &mut cut).is_err() {
            return false;
        }
        let Cut { held, stops, waits, .. } = cut;
        self.last_tag = tag;
        self.sent.push_back(Sent { tag, request, keyword, about });
        if waits || text.is_some() {
            self.writing =
                Some(Box::new(Writing { tag, request, held, at: 0, stops, awaits: waits, text, more, early: None }));
            if !waits {
                self.want_text();
            }
        }
        match (tagged.command, request) {
            (Command::Select(select), _) => self.begin_select(select.mailbox, false),
            (Command::Examine(select), _) => self.begin_select(select.mailbox, true),
            (Command::Idle, Some(request)) => self.idle = Some(Idle::new(request)),
            _ => {}
        }
        true
    }

    fn begin_select(&mut self, mailbox: Mailbox<Bytes>, read_only: bool) {
        self.selected = Some(Box::new(Selected::new(mailbox, read_only)));
    }

    /// The server has said `+` to a literal.
    pub(super) fn go_on(&mut self) {
        let Some(writing) = &mut self.writing else { return };
        let stop = writing.stops.pop_front();
        let end = stop.unwrap_or(writing.held.len());
        self.outbox.put(writing.held.get(writing.at..end).unwrap_or_default());
        (writing.at, writing.awaits) = (end, stop.is_some());
        if !writing.awaits {
            self.want_text();
        }
    }

    /// All but a text of the program's is written: asks for that, or is done.
    fn want_text(&mut self) {
        match self.writing.as_deref() {
            Some(Writing { text: Some(Text { left: 0, .. }), .. }) => self.end_text(),
            Some(Writing { text: Some(Text { left, .. }), request: Some(request), .. }) => {
                // Where there is no room, it is asked for once there is.
                if !self.outbox.is_full() {
                    self.events.push_back(Event::Wanted { request: *request, octets: *left });
                }
            }
            _ => self.writing = None,
        }
    }

    /// Gives the next piece of the message's text that [`Event::Wanted`] asked for. The last octet that was announced ends it.
    ///
    /// # Errors
    /// [`Misuse::WrongState`] when this request does not want it (now); [`Misuse::TooLong`] when it is more than was announced;
    /// [`Misuse::QueueFull`] when too much waits to be written: [`Event::Wanted`] comes again; [`Misuse::Closed`] after the end.
    pub fn append_data(&mut self, request: RequestId, bytes: impl Into<Bytes>) -> Result<(), Misuse> {
        if self.state == super::State::Closed {
            return Err(Misuse::Closed);
        }
        let Some(Writing { request: Some(wanted), awaits: false, text: Some(text), .. }) = self.writing.as_deref_mut()
        else {
            return Err(Misuse::WrongState);
        };
        if *wanted != request {
            return Err(Misuse::WrongState);
        }
        if self.outbox.is_full() {
            return Err(Misuse::QueueFull);
        }
        let bytes = bytes.into();
        text.left = text.left.checked_sub(bytes.len() as u64).ok_or(Misuse::TooLong)?;
        let is_whole = text.left == 0;
        self.progress = true;
        self.outbox.link(bytes);
        if is_whole {
            self.end_text();
        }
        Ok(())
    }

    /// Asks for more of a text once what was given has been written.
    pub(super) fn want_more(&mut self) -> Option<Event> {
        if !self.outbox.take_relieved() {
            return None;
        }
        self.wanted().map(|(request, octets)| Event::Wanted { request, octets })
    }

    /// Whose text the program is to give, and how much of it.
    pub(super) fn wanted(&self) -> Option<(RequestId, u64)> {
        match self.writing.as_deref()? {
            Writing { awaits: false, text: Some(text), request: Some(request), .. } => Some((*request, text.left)),
            _ => None,
        }
    }

    /// The text is whole: announces the next message, or ends the command.
    fn end_text(&mut self) {
        loop {
            let (encoder, literals) = (self.encoder(), self.literals());
            let Some(writing) = self.writing.as_deref_mut() else { return };
            let within = writing.text.map_or(Within::Message, |text| text.within);
            // Where the server has refused already, nothing more is begun.
            let next = if writing.early.is_some() { None } else { writing.more.pop_front() };
            let mut further = Further { parts: Vec::new(), messages: Vec::from_iter(next) };
            let text = further.messages.last_mut().and_then(|next| announce_data(&mut next.data, literals));
            let mut cut = Cut { outbox: &mut self.outbox, held: Vec::new(), stops: VecDeque::new(), waits: false };
            // It was checked before it was asked for.
            let _ = encoder.encode(&After { within, further: &further }, &mut cut);
            let Cut { held, stops, waits, .. } = cut;
            (writing.held, writing.at, writing.stops, writing.awaits) = (held, 0, stops, waits);
            writing.text = text;
            match text {
                None => break,
                Some(Text { left: 0, .. }) if !waits => {}
                Some(_) if waits => return,
                Some(_) => return self.want_text(),
            }
        }
        let Some(writing) = self.writing.take() else { return };
        if let Some(status) = writing.early
            && let Err(violation) = self.on_completed(writing.tag, status)
        {
            self.break_off(violation);
        }
    }

    /// Holds the answer to a command back whose text is not whole; what it does not hold comes back.
    pub(super) fn hold_early(&mut self, tag: u32, status: Status<Bytes>) -> Option<Status<Bytes>> {
        match self.writing.as_deref_mut() {
            Some(writing) if writing.tag == tag => {
                if writing.text.is_some() && !writing.awaits {
                    writing.early = Some(status);
                    return None;
                }
                // The server wants no more of it.
                self.writing = None;
                Some(status)
            }
            _ => Some(status),
        }
    }
}

pub(super) fn tag_text(tag: u32) -> Bytes {
    let mut text = Vec::with_capacity(11);
    text.push(b'A');
    text.extend_from_slice(itoa::Buffer::new().format(tag).as_bytes());
    Bytes::from(text)
}

/// The number of a tag of ours.
pub(super) fn tag_number(tag: &[u8]) -> Option<u32> {
    let digits = tag.strip_prefix(b"A")?;
    let number = core::str::from_utf8(digits).ok()?.parse().ok()?;
    (!digits.starts_with(b"0") && !digits.starts_with(b"+")).then_some(number)
}

/// Takes all messages but the first out of an APPEND whose texts the program gives.
fn messages_after_the_first(command: &mut Command<Bytes>) -> VecDeque<NewMessage<Bytes>> {
    match command {
        Command::Append(Append { messages, .. })
            if messages.first().is_some_and(|one| one.data.announced().is_some()) =>
        {
            messages.drain(1..).collect()
        }
        _ => VecDeque::new(),
    }
}

/// Announces the text that the program will give in the way that this server takes; gives what is announced.
fn announce(command: &mut Command<Bytes>, literals: Literals) -> Option<Text> {
    match command {
        Command::Append(Append { messages, .. }) => announce_data(&mut messages.last_mut()?.data, literals),
        Command::Replace(Replace { message, .. }) => announce_data(&mut message.data, literals),
        _ => None,
    }
}

fn announce_data(data: &mut MessageData<Bytes>, literals: Literals) -> Option<Text> {
    let (within, literal) = data.announced()?;
    let announced = literals.announce(literal.len, literal.binary);
    match data {
        MessageData::Literal(content) | MessageData::Utf8(content) => *content = Content::Announced(announced),
        MessageData::Catenate(parts) => {
            if let Some(CatenatePart::Text(content)) = parts.last_mut() {
                *content = Content::Announced(announced);
            }
        }
    }
    Some(Text { within, left: literal.len })
}
