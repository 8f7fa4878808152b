use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use bytes::Bytes;
use wirestate_machine::{Misuse, Ticket};

use super::event::kind;
use super::{Asked, Event, Rejected, Reply, Server};
use crate::codec::command::{Append, CatenatePart, Content, Further, MessageData, NewMessage, Replace, Within};
use crate::codec::{Bound, Code, DateTime, Flag, Frame, Keyword, Literal, Mailbox, SequenceSet, Uid};

/// What APPEND or REPLACE announces, as [`Event::AppendBegin`] brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppendRequest {
    /// Where to.
    pub mailbox: Mailbox<Bytes>,
    /// For REPLACE: the message that goes when the new one is there (RFC 8508).
    pub replaces: Option<Uid>,
    /// What is to be done, in this order, with what comes after it. Only the last can be a [`Text`](AppendStep::Text).
    pub steps: Vec<AppendStep>,
}

/// A step on the way to new messages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppendStep {
    /// A message begins. There is more than one with MULTIAPPEND (RFC 3502).
    Message(Box<MessageFacts>),
    /// A part of it is what this IMAP URL names (CATENATE, RFC 4469).
    Url(Bytes),
    /// Text of it, all of it here.
    Whole(Bytes),
    /// Text of it that comes in [`Event::AppendData`] once it is taken.
    Text {
        /// How many octets.
        len: u64,
        /// Whether it may hold NUL (a literal8, RFC 3516 §4).
        binary: bool,
    },
}

/// What is said of a message that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageFacts {
    /// Its flags.
    pub flags: Vec<Flag<Bytes>>,
    /// Its INTERNALDATE; `None`: now.
    pub date: Option<DateTime>,
    /// Whether its header has UTF-8 (RFC 6855 §4).
    pub utf8: bool,
    /// What extensions say of it: names and values as they stand.
    pub extensions: Vec<(Bytes, Bytes)>,
}

/// Where appended messages are: the code APPENDUID (RFC 4315 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The mailbox's UIDVALIDITY.
    pub uid_validity: NonZeroU32,
    /// Their UIDs, in their order.
    pub uids: SequenceSet,
}

/// An APPEND or REPLACE under way.
#[derive(Debug)]
pub(super) struct Appending {
    mailbox: Mailbox<Bytes>,
    replaces: Option<Uid>,
    /// Where the text stands that was announced last, if it is not all there yet.
    within: Option<Within>,
    /// Whether its sender waits for `+`.
    sync: bool,
    /// How many octets were announced of the present message.
    octets: u64,
    /// Whether the application has taken anything.
    begun: bool,
}

impl Server {
    // --- what comes ---

    /// APPEND, as far as it is there.
    pub(super) fn append(&mut self, append: Append<Bytes>) -> Result<(), Rejected> {
        let announced = append.announced();
        self.check_name(&append.mailbox)?;
        self.begin_append(append.mailbox, None, append.messages, announced)
    }

    /// REPLACE, as far as it is there.
    pub(super) fn replace(&mut self, replace: Replace<Bytes>) -> Result<(), Rejected> {
        let announced = replace.message.data.announced();
        self.check_name(&replace.mailbox)?;
        let set = SequenceSet::span(replace.number, replace.number);
        let uid = self.resolve(&set)?.first().filter(|_| replace.number != Bound::Last || self.is_selected());
        if uid.is_none() {
            // It is gone, and by number not told so yet (RFC 8508 §3.4).
            return Err(Rejected::Gone);
        }
        self.begin_append(replace.mailbox, uid, Vec::from([replace.message]), announced)
    }

    fn begin_append(
        &mut self,
        mailbox: Mailbox<Bytes>,
        replaces: Option<Uid>,
        messages: Vec<NewMessage<Bytes>>,
        announced: Option<(Within, Literal)>,
    ) -> Result<(), Rejected> {
        let appending = Appending { mailbox, replaces, within: None, sync: false, octets: 0, begun: false };
        self.appending = Some(Box::new(appending));
        self.announce(Vec::new(), messages, announced)
    }

    /// Tells the application what is announced.
    fn announce(
        &mut self,
        parts: Vec<CatenatePart<Bytes>>,
        messages: Vec<NewMessage<Bytes>>,
        announced: Option<(Within, Literal)>,
    ) -> Result<(), Rejected> {
        let limit = self.config.limits.message;
        let Some(appending) = &mut self.appending else { return Err(Rejected::WrongState) };
        let mut steps = Vec::new();
        let mut octets = appending.octets;
        let mut add = |step: AppendStep| {
            octets = match &step {
                AppendStep::Message(_) => 0,
                AppendStep::Whole(bytes) => octets.saturating_add(bytes.len() as u64),
                AppendStep::Text { len, .. } => octets.saturating_add(*len),
                AppendStep::Url(_) => octets,
            };
            steps.push(step);
            if octets > limit { Err(Rejected::MessageTooLong) } else { Ok(()) }
        };
        parts.into_iter().try_for_each(|part| add(step_of(part)))?;
        for message in messages {
            let NewMessage { flags, date, extensions, data } = message;
            let flags = flags.unwrap_or_default();
            let utf8 = matches!(data, MessageData::Utf8(_));
            add(AppendStep::Message(Box::new(MessageFacts { flags, date, utf8, extensions })))?;
            match data {
                MessageData::Literal(content) | MessageData::Utf8(content) => {
                    add(step_of(CatenatePart::Text(content)))?
                }
                MessageData::Catenate(parts) => parts.into_iter().try_for_each(|part| add(step_of(part)))?,
            }
        }
        appending.octets = octets;
        appending.within = announced.map(|(within, _)| within);
        appending.sync = announced.is_some_and(|(_, literal)| literal.sync);
        let (mailbox, replaces) = (appending.mailbox.clone(), appending.replaces);
        let ticket = self.issue(Asked::Command);
        let request = Box::new(AppendRequest { mailbox, replaces, steps });
        self.queue(Event::AppendBegin { ticket, request });
        Ok(())
    }

    /// What comes while messages do; whether anything happened.
    pub(super) fn read_message(&mut self) -> bool {
        let Some(frame) = self.framing.next(&mut self.inbox) else { return self.end_of_input() };
        let within = self.appending.as_ref().and_then(|appending| appending.within);
        let further = match frame {
            Frame::Chunk(chunk) => {
                self.timer.hear();
                self.queue(Event::AppendData(chunk));
                return true;
            }
            Frame::Message { head, .. } | Frame::Rest(head) => match within {
                Some(within) => Further::parse(head, within)
                    .map(|further| further.map_text(&mut |text| Bytes::from(text.into_owned())))
                    .map_err(Rejected::Syntax),
                None => Err(Rejected::WrongState),
            },
            Frame::TooBig { budget, .. } => Err(Rejected::TooBig(budget)),
            _ => Err(Rejected::WrongState),
        };
        self.framing.release(&mut self.inbox);
        self.timer.hear();
        let outcome = further.and_then(|further| {
            let announced = further.announced();
            if announced.is_none() && further.messages.is_empty() && further.parts.is_empty() {
                self.end_append();
                return Ok(());
            }
            self.announce(further.parts, further.messages, announced)
        });
        if let Err(why) = outcome {
            self.framing.refuse();
            self.cancel_append();
            self.reject(why);
        }
        true
    }

    fn end_append(&mut self) {
        self.appending = None;
        let ticket = self.issue(Asked::Command);
        self.queue(Event::AppendEnd { ticket });
    }

    /// Forgets an APPEND that came to nothing.
    pub(super) fn cancel_append(&mut self) {
        if self.appending.take().is_some_and(|appending| appending.begun) {
            self.queue(Event::AppendCancelled);
        }
    }

    // --- the application's part ---

    /// Answers [`Event::AppendBegin`]: what was announced is welcome. Its octets come in [`Event::AppendData`], then another
    /// [`AppendBegin`](Event::AppendBegin) where the client goes on, or [`AppendEnd`](Event::AppendEnd).
    pub fn take_message(&mut self, ticket: Ticket<kind::AppendBegin>) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        let Some(appending) = &mut self.appending else { return Err(Misuse::WrongState) };
        appending.begun = true;
        if appending.within.is_none() {
            self.end_append();
            return Ok(());
        }
        if appending.sync {
            self.outbox.put(b"+ Ready for the message\r\n");
        }
        self.framing.accept();
        Ok(())
    }

    /// Answers [`Event::AppendEnd`]: all messages are kept. APPENDUID is told where the application says it; of a REPLACE before the old message is told
    /// as gone (RFC 8508 §3.3).
    pub fn appended(&mut self, ticket: Ticket<kind::AppendEnd>, appended: Option<Appended>) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        let code = appended.map(|Appended { uid_validity, uids }| Code::AppendUid { uid_validity, uids });
        let mut reply = Reply::ok("Appended");
        if matches!(self.command.keyword, Keyword::Replace | Keyword::UidReplace) {
            reply = Reply::ok("Replaced");
            if code.is_some() {
                let mut told = Reply::ok("The new message is there");
                told.code = code;
                self.say(&told);
            }
        } else {
            reply.code = code;
        }
        self.finish(reply);
        Ok(())
    }
}

fn step_of(part: CatenatePart<Bytes>) -> AppendStep {
    match part {
        CatenatePart::Url(url) => AppendStep::Url(url),
        CatenatePart::Text(Content::Whole { bytes, .. }) => AppendStep::Whole(bytes),
        CatenatePart::Text(Content::Announced(Literal { len, binary, .. })) => AppendStep::Text { len, binary },
    }
}
