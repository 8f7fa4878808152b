//! Asking: what holds for all requests, and those about the session itself.

use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_machine::Misuse;

use super::event::RequestId;
use super::{Client, State, TABLE};
use crate::codec::command::{Append, Notify, Replace};
use crate::codec::{Capability, Command, Keyword, Sink, TaggedCommand, Unwritable};

/// Counts what would be written.
struct Nowhere;

impl Sink for Nowhere {
    fn put(&mut self, _: &[u8]) {}
}

/// Requests. Each gives the number that its events carry, ends with [`Event::Done`](super::Event::Done), and is refused by a [`Misuse`] that
/// changes nothing:
///
/// * [`Misuse::WrongState`] where the [`TABLE`] does not allow it in the state that what was asked for before should lead to;
///   [`Misuse::Closed`] after the end;
/// * [`Misuse::QueueFull`] when [`Limits::requests`](super::Limits::requests) are under way or waiting;
/// * [`Misuse::NotOffered`] when the server has told its capabilities and this is not among them;
/// * [`Misuse::ForbiddenCharacter`], [`Misuse::TooLong`] and [`Misuse::OutOfRange`] when an argument cannot be said in the grammar.
impl Client {
    /// Any command. What changes the session has requests of its own: of those only ENABLE, SELECT and the like may come this way, and
    /// COMPRESS is DEFLATE. Of APPEND and REPLACE the last text may be [announced](crate::codec::command::Content::Announced); then
    /// [`Event::Wanted`](super::Event::Wanted) asks for it.
    ///
    /// # Errors
    /// As for all requests; [`Misuse::OutOfRange`] for LOGIN, AUTHENTICATE, STARTTLS and LOGOUT.
    pub fn command<T: AsRef<[u8]>>(&mut self, command: Command<T>) -> Result<RequestId, Misuse> {
        let own =
            matches!(command.keyword(), Keyword::Login | Keyword::Authenticate | Keyword::StartTls | Keyword::Logout);
        let odd = matches!(&command, Command::Compress(name) if !name.as_ref().eq_ignore_ascii_case(b"DEFLATE"));
        if own || odd {
            return Err(Misuse::OutOfRange);
        }
        self.ask(command.map_text(&mut copied))
    }

    /// CAPABILITY (RFC 9051 §6.1.1): [`Event::Capabilities`](super::Event::Capabilities).
    ///
    /// # Errors
    /// As for all requests.
    pub fn capability(&mut self) -> Result<RequestId, Misuse> {
        self.ask(Command::Capability)
    }

    /// NOOP (RFC 9051 §6.1.2): the server may tell what is new.
    ///
    /// # Errors
    /// As for all requests.
    pub fn noop(&mut self) -> Result<RequestId, Misuse> {
        self.ask(Command::Noop)
    }

    /// ID (RFC 2971): who we are, at most 30 fields; `None` to only ask. The server's is a [`Data::Id`](crate::codec::Data::Id).
    ///
    /// # Errors
    /// As for all requests.
    pub fn id(&mut self, fields: Option<&[(&str, Option<&str>)]>) -> Result<RequestId, Misuse> {
        let fields = fields.map(|fields| {
            let own = |(name, value): &(&str, Option<&str>)| (copied(name), value.map(copied));
            fields.iter().map(own).collect()
        });
        self.ask(Command::Id(fields))
    }

    /// ENABLE (RFC 9051 §6.3.1). What the server turned on is a [`Data::Enabled`](crate::codec::Data::Enabled); the machine goes by it.
    ///
    /// # Errors
    /// As for all requests.
    pub fn enable<'a>(
        &mut self,
        capabilities: impl IntoIterator<Item = Capability<&'a [u8]>>,
    ) -> Result<RequestId, Misuse> {
        let capabilities: Vec<_> = capabilities.into_iter().map(|one| one.map_text(&mut copied)).collect();
        self.ask(Command::Enable(capabilities))
    }

    /// COMPRESS DEFLATE (RFC 4978). After its OK the machine waits for the driver to put DEFLATE in its way.
    ///
    /// # Errors
    /// As for all requests.
    pub fn compress(&mut self) -> Result<RequestId, Misuse> {
        self.ask(Command::Compress(Bytes::from_static(b"DEFLATE")))
    }

    /// UNAUTHENTICATE (RFC 8437): back to before login.
    ///
    /// # Errors
    /// As for all requests.
    pub fn unauthenticate(&mut self) -> Result<RequestId, Misuse> {
        self.ask(Command::Unauthenticate)
    }

    /// NOTIFY (RFC 5465): what is told unasked from now on, as [`Event::Data`](super::Event::Data) and its like.
    ///
    /// # Errors
    /// As for all requests.
    pub fn notify<T: AsRef<[u8]>>(&mut self, notify: Notify<T>) -> Result<RequestId, Misuse> {
        self.command(Command::Notify(notify))
    }

    /// LOGOUT (RFC 9051 §6.1.3): ends the session after what was asked before.
    ///
    /// # Errors
    /// As for all requests.
    pub fn logout(&mut self) -> Result<RequestId, Misuse> {
        let request = self.ask(Command::Logout)?;
        self.leaving = true;
        Ok(request)
    }

    pub(super) fn ask(&mut self, command: Command<Bytes>) -> Result<RequestId, Misuse> {
        self.allow(command.keyword())?;
        self.has_room()?;
        if !self.config.quirks.unlisted_commands && !self.offers.takes(&command) {
            return Err(Misuse::NotOffered);
        }
        let command = self.check(command)?;
        let request = self.next_request();
        self.enqueue(Some(request), command);
        Ok(request)
    }

    /// Asks for an APPEND whose messages' texts all come in pieces.
    pub(super) fn ask_to_append(&mut self, append: Append<Bytes>) -> Result<RequestId, Misuse> {
        if append.messages.len() < 2 {
            return self.ask(Command::Append(append));
        }
        self.allow(Keyword::Append)?;
        self.has_room()?;
        let Append { mailbox, messages } = append;
        let mut checked = Vec::with_capacity(messages.len());
        for message in messages {
            // One for itself, because no more than one text can be announced at a time.
            let one = Append { mailbox: mailbox.clone(), messages: Vec::from([message]) };
            if let Command::Append(one) = self.check(Command::Append(one))? {
                checked.extend(one.messages);
            }
        }
        let command = Command::Append(Append { mailbox, messages: checked });
        if !self.config.quirks.unlisted_commands && !self.offers.takes(&command) {
            return Err(Misuse::NotOffered);
        }
        let request = self.next_request();
        self.enqueue(Some(request), command);
        Ok(request)
    }

    pub(super) fn allow(&self, keyword: Keyword) -> Result<(), Misuse> {
        match self.state() {
            State::Closed => Err(Misuse::Closed),
            State::Leaving => Err(Misuse::WrongState),
            _ if TABLE.allows(self.hoped(), keyword) => Ok(()),
            _ => Err(Misuse::WrongState),
        }
    }

    /// The state that all that was asked for leads to, if nothing of it fails.
    pub(super) fn hoped(&self) -> State {
        let waiting = self.waiting.iter().map(|waiting| waiting.command.keyword());
        let under_way = self.sent.iter().map(|sent| sent.keyword).chain(waiting);
        under_way.fold(self.state, |state, keyword| match keyword {
            Keyword::Select | Keyword::Examine => State::Selected,
            Keyword::Close | Keyword::Unselect => State::Authenticated,
            Keyword::Unauthenticate => State::NotAuthenticated,
            _ => state,
        })
    }

    /// The state by which it is judged whether a command may go out.
    pub(super) fn ground(&self) -> State {
        // Logging in is what this state is for.
        if self.state == State::Authenticating { State::NotAuthenticated } else { self.state }
    }

    pub(super) fn has_room(&self) -> Result<(), Misuse> {
        let under_way = self.sent.len() + self.waiting.len();
        if under_way < self.config.limits.requests { Ok(()) } else { Err(Misuse::QueueFull) }
    }

    /// Gives the command back if it can be written.
    pub(super) fn check(&self, command: Command<Bytes>) -> Result<Command<Bytes>, Misuse> {
        let announced = match &command {
            Command::Append(Append { messages, .. }) => messages.last().and_then(|last| last.data.announced()),
            Command::Replace(Replace { message, .. }) => message.data.announced(),
            _ => None,
        };
        if let (Some((_, literal)), Some(limit)) = (announced, self.offers.append_limit())
            && literal.len > limit
        {
            return Err(Misuse::TooLong);
        }
        let tagged = TaggedCommand { tag: Bytes::from_static(b"A1"), command };
        self.encoder().encode(&tagged, &mut Nowhere).map_err(|fault| match fault {
            Unwritable::TooMany => Misuse::TooLong,
            Unwritable::Empty | Unwritable::Value | Unwritable::AfterAnnounced => Misuse::OutOfRange,
            _ => Misuse::ForbiddenCharacter,
        })?;
        Ok(tagged.command)
    }

    pub(super) fn next_request(&mut self) -> RequestId {
        self.last_request = self.last_request.checked_add(1).unwrap_or(1);
        RequestId(self.last_request)
    }
}

pub(super) fn copied(text: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(text.as_ref())
}
