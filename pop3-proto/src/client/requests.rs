use bytes::Bytes;
use wirestate_machine::{Misuse, Outbox};

use super::event::Request;
use super::{Client, State, TABLE};
use crate::codec::{Command, Keyword, MessageNumber};

/// What a response answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    User,
    Pass,
    Apop,
    Auth,
    Capa,
    Stls,
    /// The answer is a line and no more: NOOP, UTF8, `LANG tag`, XCLIENT, custom commands.
    Plain {
        /// Whether nothing else may be under way, for the command may change what other commands mean.
        alone: bool,
    },
    /// The answer is a line and a list of lines: `LANG`, custom commands.
    Lines {
        alone: bool,
    },
    Stat,
    List(Option<MessageNumber>),
    Uidl(Option<MessageNumber>),
    /// RETR and TOP.
    Body,
    Dele,
    Rset,
    Last,
    Quit,
}

impl Ask {
    /// Whether the command goes out when nothing else is under way, and nothing goes out before its answer.
    fn is_alone(self) -> bool {
        match self {
            Ask::User | Ask::Pass | Ask::Apop | Ask::Auth | Ask::Stls | Ask::Quit => true,
            Ask::Plain { alone } | Ask::Lines { alone } => alone,
            _ => false,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) request: Request,
    pub(super) ask: Ask,
}

pub(super) struct Waiting {
    pub(super) sent: Sent,
    pub(super) command: Command<Bytes>,
}

/// Requests. Each gives the number that its events carry, and is refused by a [`Misuse`] that changes nothing:
///
/// * [`Misuse::WrongState`] where the [`TABLE`] does not allow it, [`Misuse::Closed`] after the end;
/// * [`Misuse::QueueFull`] when [`Limits::requests`](super::Limits::requests) are waiting;
/// * [`Misuse::NotOffered`] when the server has told its capabilities and this is not among them;
/// * [`Misuse::ForbiddenCharacter`] and [`Misuse::TooLong`] when an argument would break its place or the line's limit.
impl Client {
    /// CAPA (RFC 2449 §5): ends with [`Event::Capabilities`](super::Event::Capabilities).
    pub fn capa(&mut self) -> Result<Request, Misuse> {
        self.ask(Ask::Capa, Command::Capa)
    }

    /// STAT (RFC 1939 §5): [`Event::Stat`](super::Event::Stat).
    pub fn stat(&mut self) -> Result<Request, Misuse> {
        self.ask(Ask::Stat, Command::Stat)
    }

    /// LIST (RFC 1939 §5), of one message or all: an [`Event::Size`](super::Event::Size) each.
    pub fn list(&mut self, message: Option<MessageNumber>) -> Result<Request, Misuse> {
        self.ask(Ask::List(message), Command::List(message))
    }

    /// UIDL (RFC 1939 §7), of one message or all: an [`Event::UniqueId`](super::Event::UniqueId) each.
    pub fn uidl(&mut self, message: Option<MessageNumber>) -> Result<Request, Misuse> {
        self.offered(Keyword::Uidl, self.offers.uidl)?;
        self.ask(Ask::Uidl(message), Command::Uidl(message))
    }

    /// RETR (RFC 1939 §5): the message comes in [`Event::Body`](super::Event::Body) pieces.
    pub fn retr(&mut self, message: MessageNumber) -> Result<Request, Misuse> {
        self.ask(Ask::Body, Command::Retr(message))
    }

    /// TOP (RFC 1939 §7): the header and the first `lines` lines of the body, in pieces.
    pub fn top(&mut self, message: MessageNumber, lines: u32) -> Result<Request, Misuse> {
        self.offered(Keyword::Top, self.offers.top)?;
        self.ask(Ask::Body, Command::Top { message, lines })
    }

    /// DELE (RFC 1939 §5): marks a message. Only [`quit`](Client::quit) deletes what is marked.
    pub fn dele(&mut self, message: MessageNumber) -> Result<Request, Misuse> {
        self.ask(Ask::Dele, Command::Dele(message))
    }

    /// RSET (RFC 1939 §5): takes all marks off.
    pub fn rset(&mut self) -> Result<Request, Misuse> {
        self.ask(Ask::Rset, Command::Rset)
    }

    /// NOOP (RFC 1939 §5): keeps the server from closing an idle session.
    pub fn noop(&mut self) -> Result<Request, Misuse> {
        self.ask(Ask::Plain { alone: false }, Command::Noop)
    }

    /// LAST (RFC 1460), which few servers have: [`Event::Last`](super::Event::Last).
    pub fn last(&mut self) -> Result<Request, Misuse> {
        self.ask(Ask::Last, Command::Last)
    }

    /// UTF8 (RFC 6856 §2): from now on the server may send UTF-8 headers. Before login only.
    pub fn utf8(&mut self) -> Result<Request, Misuse> {
        self.offered(Keyword::Utf8, self.offers.utf8)?;
        self.ask(Ask::Plain { alone: true }, Command::Utf8)
    }

    /// LANG (RFC 6856 §3): sets the language of the server's words (`*`: its default), or lists the languages, an
    /// [`Event::Line`](super::Event::Line) each.
    pub fn lang(&mut self, tag: Option<&str>) -> Result<Request, Misuse> {
        self.offered(Keyword::Lang, self.offers.lang)?;
        let ask = if tag.is_some() { Ask::Plain { alone: false } } else { Ask::Lines { alone: false } };
        self.ask(ask, Command::Lang(tag.map(copied)))
    }

    /// XCLIENT (Dovecot): `name=value` pairs about whom the program speaks for. Before login only.
    pub fn xclient(&mut self, facts: &str) -> Result<Request, Misuse> {
        let greeted = self.greeting.as_ref().is_some_and(|greeting| greeting.xclient);
        self.offered(Keyword::Xclient, greeted || self.offers.xclient)?;
        self.ask(Ask::Plain { alone: true }, Command::Xclient(copied(facts)))
    }

    /// A command that this crate does not know. The program says whether its `+OK` is followed by lines, which come as
    /// [`Event::Line`](super::Event::Line). A known keyword is [`Misuse::OutOfRange`].
    pub fn custom(&mut self, keyword: &str, arguments: &str, multi_line: bool) -> Result<Request, Misuse> {
        let command = Command::Other { keyword: copied(keyword), arguments: copied(arguments) };
        let ask = if multi_line { Ask::Lines { alone: true } } else { Ask::Plain { alone: true } };
        self.ask(ask, command)
    }

    /// QUIT (RFC 1939 §6): ends the session after what was asked before, and is the only thing that deletes what
    /// [`dele`](Client::dele) has marked.
    pub fn quit(&mut self) -> Result<Request, Misuse> {
        let request = self.ask(Ask::Quit, Command::Quit)?;
        self.state = State::Leaving;
        Ok(request)
    }

    fn ask(&mut self, ask: Ask, command: Command<Bytes>) -> Result<Request, Misuse> {
        self.allow(command.keyword())?;
        self.has_room()?;
        self.check(&command)?;
        let request = self.next_request();
        self.enqueue(Sent { request, ask }, command);
        Ok(request)
    }

    pub(super) fn allow(&self, keyword: Keyword) -> Result<(), Misuse> {
        match self.state() {
            State::Closed => Err(Misuse::Closed),
            state if TABLE.allows(state, keyword) => Ok(()),
            _ => Err(Misuse::WrongState),
        }
    }

    pub(super) fn has_room(&self) -> Result<(), Misuse> {
        let under_way = self.sent.len() + self.waiting.len();
        if under_way < self.config.limits.requests { Ok(()) } else { Err(Misuse::QueueFull) }
    }

    fn offered(&self, keyword: Keyword, listed: bool) -> Result<(), Misuse> {
        self.allow(keyword)?;
        let lenient = !self.offers.known || self.config.quirks.unlisted_commands;
        if listed || lenient { Ok(()) } else { Err(Misuse::NotOffered) }
    }

    /// Whether the command can be written, in a line that is not too long.
    pub(super) fn check<T: AsRef<[u8]>>(&self, command: &Command<T>) -> Result<(), Misuse> {
        let free = matches!(
            command,
            Command::User(_)
                | Command::Pass(_)
                | Command::Apop { .. }
                | Command::Auth { .. }
                | Command::Lang(_)
                | Command::Xclient(_)
                | Command::Other { .. }
        );
        if !free {
            return Ok(());
        }
        let mut line = Outbox::new();
        command.encode(&mut line)?;
        if line.len() > self.config.limits.command_line { Err(Misuse::TooLong) } else { Ok(()) }
    }

    pub(super) fn next_request(&mut self) -> Request {
        self.last_request = self.last_request.checked_add(1).unwrap_or(1);
        Request(self.last_request)
    }

    /// Sends the command now or, in its turn, later. It has been checked.
    pub(super) fn enqueue(&mut self, sent: Sent, command: Command<Bytes>) {
        if self.waiting.is_empty() && self.may_send(sent.ask) {
            self.put(sent, &command);
        } else {
            self.waiting.push_back(Waiting { sent, command });
        }
    }

    /// Sends what has been waiting for its turn.
    pub(super) fn pump(&mut self) {
        while self.waiting.front().is_some_and(|next| self.may_send(next.sent.ask)) {
            if let Some(Waiting { sent, command }) = self.waiting.pop_front() {
                self.put(sent, &command);
            }
        }
        if self.waiting.is_empty() && self.waiting.capacity() > 0 {
            self.waiting = Default::default();
        }
    }

    fn put(&mut self, sent: Sent, command: &Command<Bytes>) {
        if command.encode(&mut self.outbox).is_ok() {
            self.sent.push_back(sent);
        }
    }

    /// RFC 2449 §6.8: ahead of responses only where the server can, and never around what changes the session.
    fn may_send(&self, ask: Ask) -> bool {
        let Some(first) = self.sent.front() else { return true };
        self.offers.pipelining
            && !self.config.quirks.no_pipelining
            && !ask.is_alone()
            && !first.ask.is_alone()
            && self.sent.len() < self.config.limits.pipeline
            && !self.outbox.is_full()
    }
}

fn copied(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}
