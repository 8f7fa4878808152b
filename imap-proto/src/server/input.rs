use bytes::Bytes;
use memchr::memchr_iter;
use wirestate_machine::Stranger;
use wirestate_machine::plugin::Flow;
use wirestate_machine::scan;

use super::tag::Tag;
use super::{Event, Reason, Rejected, Server, State, TABLE, Violation, words};
use crate::codec::{BadCommand, Command, Frame, Keyword, TaggedCommand, is_tag};
use crate::view::CommandFlags;

/// What was found where a command may begin.
enum Found {
    Command(Tag, Command<Bytes>),
    Bad(Tag, Keyword, Rejected),
    /// A literal whose sender waits, of a command that begins so.
    Literal(Tag, Keyword),
}

impl Server {
    /// Understands the next thing, if it is there; gives whether anything happened.
    pub(super) fn read(&mut self) -> bool {
        if self.inbox.is_empty() && !self.inbox.is_closed() {
            return false;
        }
        if !self.heard && self.refuses_stranger() {
            return true;
        }
        if self.state == State::Authenticating {
            self.read_sasl_line()
        } else if self.is_idling() {
            self.read_done()
        } else if self.appending.is_some() {
            self.read_message()
        } else {
            self.read_command()
        }
    }

    /// Nothing more is to be understood now; whether nothing more will come.
    pub(super) fn end_of_input(&mut self) -> bool {
        let is_over = self.inbox.is_closed();
        if is_over {
            self.close(Reason::PeerClosed);
        }
        is_over
    }

    fn read_sasl_line(&mut self) -> bool {
        let mut limits = self.config.command_limits(false);
        limits.line = self.config.limits.sasl_line;
        self.framing.set_limits(limits);
        let line = match self.framing.next_line(&mut self.inbox) {
            None => return self.end_of_input(),
            Some(Frame::Whole(line)) => Some(Bytes::copy_from_slice(line)),
            Some(_) => None,
        };
        self.framing.release(&mut self.inbox);
        self.framing.set_limits(self.config.command_limits(false));
        self.timer.hear();
        self.take_sasl_line(line);
        true
    }

    #[inline]
    fn read_command(&mut self) -> bool {
        let found = match self.framing.next(&mut self.inbox) {
            None => return self.end_of_input(),
            Some(Frame::Whole(frame)) => match plain(frame) {
                Some((tag, keyword)) => {
                    self.take_plain_line(tag, keyword);
                    return true;
                }
                None => understand(frame),
            },
            Some(Frame::Message { head, .. }) => understand(head),
            Some(Frame::Literal { head, .. }) => {
                let (tag, keyword) = beginning(head);
                Found::Literal(tag, keyword)
            }
            Some(Frame::TooBig { head, budget }) => {
                let (tag, keyword) = beginning(head);
                Found::Bad(tag, keyword, Rejected::TooBig(budget))
            }
            // Of messages that were refused nothing is told.
            Some(Frame::Chunk(_) | Frame::Rest(_)) => return true,
        };
        self.heard = true;
        self.timer.hear();
        match found {
            Found::Command(tag, command) => {
                self.framing.release(&mut self.inbox);
                if self.begin_command(tag, command.keyword()) {
                    self.take_command(command);
                }
            }
            Found::Bad(tag, keyword, why) => {
                self.framing.release(&mut self.inbox);
                self.framing.refuse();
                if self.begin_command(tag, keyword) {
                    self.reject(why);
                }
            }
            Found::Literal(tag, keyword) => self.go_ahead(tag, keyword),
        }
        true
    }

    #[inline]
    fn take_plain_line(&mut self, tag: Tag, keyword: Keyword) {
        self.heard = true;
        self.timer.hear();
        self.framing.release(&mut self.inbox);
        if self.begin_command(tag, keyword) {
            self.take_plain_command(keyword);
        }
    }

    /// A client waits with an argument. It need not send what is refused anyway, and a password least of all.
    fn go_ahead(&mut self, tag: Tag, keyword: Keyword) {
        let why = if !self.is_known(keyword) {
            Rejected::Unknown
        } else if !TABLE.allows(self.state, keyword) {
            Rejected::WrongState
        } else if keyword == Keyword::Login && !self.takes_secrets() {
            Rejected::NeedsTls
        } else {
            self.framing.accept();
            self.outbox.put(b"+ Go ahead\r\n");
            return;
        };
        self.framing.refuse();
        if self.begin_command(tag, keyword) {
            self.reject(why);
        }
    }

    /// Counts a command, whatever it is; whether it is not one too many.
    #[inline]
    fn begin_command(&mut self, tag: Tag, keyword: Keyword) -> bool {
        self.command_count = self.command_count.saturating_add(1);
        let flags = flags_of(keyword);
        self.command.begin(tag, keyword, flags);
        if !self.is_logged_in() && self.command_count > self.config.limits.commands_before_login {
            self.violate(Violation::TooManyCommands);
        }
        self.violation.is_none()
    }

    /// Whether the word is a command here at all. The application's own are looked for by their names when they have come.
    fn is_known(&self, keyword: Keyword) -> bool {
        if keyword == Keyword::Other { !self.config.extra_commands.is_empty() } else { self.serves(keyword) }
    }

    #[inline]
    fn take_command(&mut self, mut command: Command<Bytes>) {
        if let Err(why) = self.check(&command) {
            return self.refuse_command(why);
        }
        if !self.plugins.is_empty() {
            if let Flow::Answer(reply) = self.plugins.incoming(&mut command) {
                self.framing.refuse();
                let reply = reply.to(self.command.keyword);
                self.answer_at_once(reply);
                self.queue(Event::Rejected { keyword: self.command.keyword, why: Rejected::Plugin });
                return;
            }
            // A plugin may have made another command of it, which must be lawful too.
            let keyword = command.keyword();
            (self.command.keyword, self.command.by_uid) = (keyword, keyword.is_uid());
            self.command.flags = flags_of(keyword);
            if let Err(why) = self.check(&command) {
                return self.refuse_command(why);
            }
        }
        match self.execute(command) {
            Err(why) => self.refuse_command(why),
            // A plugin may have made something else of a command whose message is announced.
            Ok(()) if self.appending.is_none() => self.framing.refuse(),
            Ok(()) => {}
        }
    }

    /// The same for a command without arguments, of which those that are said most often need not even be put into words.
    #[inline]
    fn take_plain_command(&mut self, keyword: Keyword) {
        if !self.plugins.is_empty() {
            return self.take_command(worded(keyword));
        }
        // These are served everywhere.
        if !TABLE.allows(self.state, keyword) {
            return self.take_command(worded(keyword));
        }
        match keyword {
            Keyword::Noop => self.done(words!("Nothing done")),
            Keyword::Check => self.done(words!("Checked")),
            Keyword::Idle => self.idle(),
            keyword => self.take_command(worded(keyword)),
        }
    }

    fn refuse_command(&mut self, why: Rejected) {
        // A literal of it that is still to come is skipped, or not sent.
        self.framing.refuse();
        self.cancel_append();
        self.reject(why);
    }

    /// Whether the command may come now.
    #[inline]
    fn check(&mut self, command: &Command<Bytes>) -> Result<(), Rejected> {
        let keyword = command.keyword();
        if let Command::Other { name, .. } = command {
            let custom = self.config.extra_commands.iter().find(|one| one.is(name)).ok_or(Rejected::Unknown)?;
            self.command.flags = custom.flags();
            return if custom.is_allowed_in(self.state) { Ok(()) } else { Err(Rejected::WrongState) };
        }
        if !self.serves(keyword) {
            return Err(Rejected::Unknown);
        }
        if !TABLE.allows(self.state, keyword) {
            return Err(Rejected::WrongState);
        }
        if self.enabled.uid_only && uses_numbers(keyword) {
            return Err(Rejected::UidRequired);
        }
        Ok(())
    }

    /// Tells the application of a command that was refused, and ends the session where it was one too many.
    pub(super) fn count(&mut self, why: Rejected) {
        let keyword = self.command.keyword;
        self.queue(Event::Rejected { keyword, why });
        let logged_in = self.is_logged_in();
        if why.is_bad() {
            self.bad_commands = self.bad_commands.saturating_add(1);
        }
        if why == Rejected::Unknown && !logged_in && self.config.unknown_command_closes {
            self.violate(Violation::UnknownCommand);
        } else if self.bad_commands >= self.config.limits.bad_commands(logged_in).max(1) {
            self.violate(Violation::TooManyBadCommands);
        }
    }

    fn refuses_stranger(&mut self) -> bool {
        let stranger = Stranger::of(self.inbox.bytes());
        if let Some(stranger) = stranger {
            self.violate(stranger.into());
        }
        stranger.is_some()
    }
}

/// The most arguments of one command, told by the spaces between them. Sets of messages are one each, however long.
const MOST_ARGUMENTS: usize = 4_000;

/// Reads a command.
fn understand(frame: &[u8]) -> Found {
    // Each argument may take more than its octets: of many there would be much.
    if frame.len() > MOST_ARGUMENTS && memchr_iter(b' ', frame).count() > MOST_ARGUMENTS {
        let (tag, keyword) = beginning(frame);
        return Found::Bad(tag, keyword, Rejected::TooManyArguments);
    }
    let frame = Bytes::copy_from_slice(frame);
    match TaggedCommand::parse(&frame) {
        Ok(parsed) => Found::Command(Tag::new(&parsed.tag), parsed.command.into_owned(&frame)),
        Err(bad) => Found::bad(bad),
    }
}

impl Found {
    fn bad(bad: BadCommand<&[u8]>) -> Found {
        Found::Bad(Tag::of_bad(bad.tag), bad.keyword, Rejected::Syntax(bad.fault))
    }
}

/// The tag and the command, as far as they can be told from a beginning.
fn beginning(head: &[u8]) -> (Tag, Keyword) {
    // Both stand at its very start, and the rest may be long.
    match TaggedCommand::parse(head.get(..256).unwrap_or(head)) {
        Ok(parsed) => (Tag::new(&parsed.tag), parsed.command.keyword()),
        Err(bad) => (Tag::of_bad(bad.tag), bad.keyword),
    }
}

/// A command of one word, which needs no heap; `None` for all else, right or wrong.
#[inline]
fn plain(frame: &[u8]) -> Option<(Tag, Keyword)> {
    let (tag, name) = frame.split_at_checked(scan::position(b' ', frame)?)?;
    let keyword = Keyword::from_bytes(name.get(1..)?);
    let is_plain = matches!(
        keyword,
        Keyword::Capability
            | Keyword::Noop
            | Keyword::Logout
            | Keyword::StartTls
            | Keyword::Unauthenticate
            | Keyword::Namespace
            | Keyword::Idle
            | Keyword::Check
            | Keyword::Close
            | Keyword::Unselect
            | Keyword::Expunge
    );
    (is_plain && is_tag(tag)).then(|| (Tag::new(tag), keyword))
}

/// The command of one word.
fn worded(keyword: Keyword) -> Command<Bytes> {
    match keyword {
        Keyword::Capability => Command::Capability,
        Keyword::Logout => Command::Logout,
        Keyword::StartTls => Command::StartTls,
        Keyword::Unauthenticate => Command::Unauthenticate,
        Keyword::Namespace => Command::Namespace,
        Keyword::Idle => Command::Idle,
        Keyword::Check => Command::Check,
        Keyword::Close => Command::Close,
        Keyword::Unselect => Command::Unselect,
        Keyword::Expunge => Command::Expunge,
        _ => Command::Noop,
    }
}

/// What a command has to do with sequence numbers (RFC 9051 §5.5).
fn flags_of(keyword: Keyword) -> CommandFlags {
    match keyword {
        Keyword::Fetch | Keyword::Store | Keyword::Search | Keyword::Sort | Keyword::Thread => CommandFlags::USES_SEQS,
        Keyword::Copy | Keyword::Move | Keyword::Replace => CommandFlags::USES_SEQS | CommandFlags::BREAKS_SEQS,
        Keyword::Select
        | Keyword::Examine
        | Keyword::Close
        | Keyword::Unselect
        | Keyword::Delete
        | Keyword::Logout
        | Keyword::Unauthenticate => CommandFlags::BREAKS_MAILBOX,
        Keyword::Noop | Keyword::Check | Keyword::Expunge | Keyword::Idle | Keyword::Notify => {
            CommandFlags::BREAKS_SEQS
        }
        keyword if keyword.is_uid() => CommandFlags::BREAKS_SEQS,
        _ => CommandFlags::NONE,
    }
}

/// Whether it names messages by number, or is answered so: after UIDONLY it may not be used (RFC 9586 §3.2).
fn uses_numbers(keyword: Keyword) -> bool {
    flags_of(keyword).has(CommandFlags::USES_SEQS)
}
