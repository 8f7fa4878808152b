use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_machine::plugin::Flow;
use wirestate_machine::{Outbox, Stranger};

use super::keyword::{self, Keyword, Known};
use super::reply::quoted;
use super::{Config, Event, Flood, Reason, Rejected, Server, ServerName, State, TABLE, Violation};
use crate::codec::{Command, Frame, Message, after_blank_lines};
use crate::nick::NickFault;
use crate::numerics;

/// What came of looking for the next line.
pub(super) enum Read {
    /// There is none.
    Nothing,
    /// It has its answer, and there is nothing to tell.
    Answered,
    /// Something happened, of which there may be an event in the queue.
    Something,
    /// There is an event.
    Event(Event),
}

impl Server {
    /// Understands the next line, if it is there.
    pub(super) fn read_line(&mut self) -> Result<Read, Violation> {
        if !self.heard {
            self.refuse_strangers()?;
        }
        let Some(frame) = self.framing.next(&mut self.inbox) else {
            if !self.inbox.is_closed() {
                return Ok(Read::Nothing);
            }
            self.close(Reason::PeerClosed);
            return Ok(Read::Something);
        };
        self.heard = true;
        self.timer.hear(self.now, &self.config.limits);
        let line = match frame {
            Frame::Line(line) => line,
            Frame::TooLong(budget) => {
                return self.reject_line(self.config.limits.line, Rejected::LineTooLong(budget), &[]);
            }
            Frame::Fault(fault) => return self.reject_line(0, Rejected::Line(fault), &[]),
        };
        let length = line.len();
        let Ok(text) = self.config.encoding.line(line) else {
            let command = word_of(line, &self.config);
            return self.reject_line(length, Rejected::NotUtf8, &command);
        };
        let message = match Message::parse_told(&text, self.config.profile, self.framing.is_plain()) {
            Ok(message) => message,
            Err(fault) => return self.reject_line(length, Rejected::Line(fault), &[]),
        };
        let known = known(message.command(), &self.config);
        let is_registered = self.registering.is_none();
        // Who answers PING floods nobody.
        if is_registered && known.is_none_or(|known| known.keyword != Keyword::Pong) {
            self.penalties.add_line(&self.config.flood, self.now, length);
            if !self.config.command_costs.is_empty() && self.config.flood != Flood::Off {
                self.penalties.add(self.now, self.config.cost_of(message));
            }
        }
        // What a user says most often takes a short way, which comes to the same: a message is handed on, PING is answered without a copy.
        if let Some(known @ Known { keyword, .. }) = known
            && is_registered
            && self.plugins.is_empty()
            && TABLE.allows(self.state, keyword)
        {
            if keyword == Keyword::Served && known.has_params(message) {
                let message = message.to_owned();
                self.framing.release(&mut self.inbox);
                return Ok(Read::Event(Event::Message(message)));
            }
            if keyword == Keyword::Ping
                && !message.has_tags()
                && let Some(token) = message.param(0)
                && token.len() <= PLAIN_TOKEN
            {
                put_pong(&self.config.name, token, &mut self.outbox);
                self.framing.release(&mut self.inbox);
                return Ok(Read::Answered);
            }
        }
        let message = message.to_owned();
        self.framing.release(&mut self.inbox);
        if !is_registered {
            self.count_line()?;
        }
        self.take(message, known)
    }

    /// Answers a line of so many bytes that is no message.
    #[cold]
    fn reject_line(&mut self, length: usize, why: Rejected, command: &[u8]) -> Result<Read, Violation> {
        self.framing.release(&mut self.inbox);
        if self.registering.is_none() {
            self.penalties.add_line(&self.config.flood, self.now, length);
        }
        self.count_line()?;
        self.reject(Keyword::Custom, why, command, b"");
        Ok(Read::Something)
    }

    /// Before registration the lines are counted, good ones and bad ones.
    #[cold]
    fn count_line(&mut self) -> Result<(), Violation> {
        let most = self.config.limits.lines_before_registration;
        let Some(registering) = &mut self.registering else { return Ok(()) };
        registering.lines = registering.lines.saturating_add(1);
        if registering.lines > most { Err(self.violate(Violation::TooManyLines)) } else { Ok(()) }
    }

    fn refuse_strangers(&mut self) -> Result<(), Violation> {
        match Stranger::of(after_blank_lines(self.inbox.bytes())) {
            Some(stranger) => Err(self.violate(stranger.into())),
            None => Ok(()),
        }
    }

    #[inline(never)]
    fn take(&mut self, mut message: Message<Bytes>, mut known: Option<Known>) -> Result<Read, Violation> {
        let mut lawful = self.check(known, message.borrow());
        if lawful.is_ok() && !self.plugins.is_empty() {
            if let Flow::Answer(lines) = self.plugins.incoming(&mut message) {
                self.begin_answer(message.borrow());
                self.put_answer(lines);
                let keyword = known.map_or(Keyword::Custom, |known| known.keyword);
                self.queued = Some(Box::new(Event::Rejected { keyword, why: Rejected::Plugin }));
                return Ok(Read::Something);
            }
            // A plugin may have made another command of it, which must be lawful too.
            known = self::known(message.borrow().command(), &self.config);
            lawful = self.check(known, message.borrow());
        }
        let keyword = known.map_or(Keyword::Custom, |known| known.keyword);
        let is_registered = self.registering.is_none();
        let is_for_application = match keyword {
            Keyword::Served | Keyword::Custom => true,
            Keyword::Nick | Keyword::Away | Keyword::Isupport => is_registered,
            Keyword::Register | Keyword::Verify => is_registered && self.config.accounts.is_none(),
            _ => false,
        };
        if lawful.is_ok() && is_for_application {
            return Ok(Read::Event(Event::Message(message)));
        }
        let message = message.borrow();
        self.begin_answer(message);
        if let Err(why) = lawful.and_then(|()| self.execute(keyword, message)) {
            let command = match message.command() {
                Command::Word(word) => word,
                Command::Numeric(_) => &[],
            };
            self.reject(keyword, why, command, message.param(0).unwrap_or_default());
        }
        // Set while the command was carried out.
        self.violation.map_or(Ok(Read::Something), Err)
    }

    /// Whether the command may come now, and has the parameters that it must have.
    fn check(&self, known: Option<Known>, message: Message<&[u8]>) -> Result<(), Rejected> {
        let known @ Known { keyword, .. } = known.ok_or(Rejected::Unknown)?;
        if !TABLE.allows(self.state, keyword) {
            return Err(match keyword {
                Keyword::Served => Rejected::NotRegistered,
                Keyword::Starttls => Rejected::NotOffered,
                _ => Rejected::AlreadyRegistered,
            });
        }
        if keyword == Keyword::Custom && self.registering.is_some() && !self.is_early(message) {
            return Err(Rejected::NotRegistered);
        }
        if known.has_params(message) { Ok(()) } else { Err(Rejected::MissingParams) }
    }

    fn is_early(&self, message: Message<&[u8]>) -> bool {
        let Command::Word(word) = message.command() else { return false };
        self.config.custom.iter().any(|custom| custom.is(word) && custom.is_before_registration())
    }

    /// Carries out a command of the session's own that the state allows.
    fn execute(&mut self, keyword: Keyword, message: Message<&[u8]>) -> Result<(), Rejected> {
        let param = |at| message.param(at).unwrap_or_default();
        match keyword {
            Keyword::Pass => self.pass(param(0)),
            Keyword::Nick => self.nick(param(0)),
            Keyword::User => self.user(param(0), param(3)),
            Keyword::Cap => self.cap(message),
            Keyword::Authenticate => self.authenticate_command(param(0)),
            Keyword::Starttls => self.starttls(),
            Keyword::Webirc => self.webirc(message),
            Keyword::Ping => self.ping(param(0)),
            Keyword::Pong => self.pong(message.params().last()),
            Keyword::Quit => {
                self.quit(param(0));
                Ok(())
            }
            Keyword::Away => self.away_early(param(0)),
            Keyword::Isupport => self.isupport_early(),
            Keyword::Register => self.register_account(message),
            Keyword::Verify => self.verify_account(message),
            // These go to the application.
            Keyword::Served | Keyword::Custom => Err(Rejected::Unknown),
        }
    }

    fn ping(&mut self, token: &[u8]) -> Result<(), Rejected> {
        let config = self.config.clone();
        let said = self.say_from_server(b"PONG", &[config.name.as_bytes(), token]);
        said.map_err(|_| Rejected::LineTooLong(crate::codec::Budget::Body))
    }

    fn quit(&mut self, text: &[u8]) {
        let text = Bytes::copy_from_slice(text);
        self.say_error(&[b"Quit: ", &text[..]].concat());
        self.close(Reason::Quit(text));
    }

    /// Answers a command that cannot be carried out, and tells the application of it.
    pub(super) fn reject(&mut self, keyword: Keyword, why: Rejected, command: &[u8], param: &[u8]) {
        let (command, param) = (quoted(command), quoted(param));
        match why {
            Rejected::Unknown => self.numeric(numerics::ERR_UNKNOWNCOMMAND, &[command], "Unknown command"),
            Rejected::NotRegistered => self.numeric(numerics::ERR_NOTREGISTERED, &[], "You have not registered"),
            Rejected::AlreadyRegistered => {
                self.numeric(numerics::ERR_ALREADYREGISTERED, &[], "You may not reregister");
            }
            Rejected::MissingParams => {
                self.numeric(numerics::ERR_NEEDMOREPARAMS, &[command], "Not enough parameters");
            }
            Rejected::Line(_) => self.numeric(numerics::ERR_UNKNOWNERROR, &[command], "This line is no message"),
            Rejected::LineTooLong(_) => self.numeric(numerics::ERR_INPUTTOOLONG, &[], "Input line was too long"),
            Rejected::NotUtf8 => self.fail(command, "INVALID_UTF8", "Message rejected: this server takes UTF-8 only"),
            Rejected::Nick(NickFault::Empty) => {
                self.numeric(numerics::ERR_NONICKNAMEGIVEN, &[], "No nickname given");
            }
            Rejected::Nick(_) => self.numeric(numerics::ERR_ERRONEUSNICKNAME, &[param], "Erroneous nickname"),
            Rejected::User => {
                self.numeric(numerics::ERR_INVALIDUSERNAME, &[], "Your user name is not valid");
            }
            Rejected::CapCommand => self.numeric(numerics::ERR_INVALIDCAPCMD, &[param], "Invalid CAP command"),
            Rejected::AlreadyLoggedIn => {
                self.numeric(numerics::ERR_SASLALREADY, &[], "You have already authenticated using SASL");
            }
            Rejected::NotOffered => match keyword {
                Keyword::Starttls => self.numeric(numerics::ERR_STARTTLS, &[], "STARTTLS is not offered here"),
                Keyword::Authenticate => self.numeric(numerics::ERR_SASLFAIL, &[], "SASL authentication failed"),
                _ => self.numeric(numerics::ERR_UNKNOWNCOMMAND, &[command], "Unknown command"),
            },
            Rejected::Cookie => self.remind_of_cookie(),
            Rejected::Gateway => return self.close_with_error(Reason::Refused),
            // The answer has been given already.
            Rejected::CapRefused
            | Rejected::BrokenOff
            | Rejected::SaslMalformed
            | Rejected::SaslTooLong
            | Rejected::Account
            | Rejected::Plugin => {}
        }
        self.queued = Some(Box::new(Event::Rejected { keyword, why }));
    }
}

/// No token that is longer is answered without a closer look at the length of the answer.
const PLAIN_TOKEN: usize = 256;

/// `:server PONG server :token`. The name is a name, and the token came as a parameter: neither can break out.
fn put_pong(name: &ServerName, token: &[u8], outbox: &mut Outbox) {
    outbox.put(name.pong());
    outbox.put(token);
    outbox.put(b"\r\n");
}

fn known(command: Command<'_>, config: &Config) -> Option<Known> {
    match command {
        Command::Word(word) => keyword::find(word, &config.custom),
        Command::Numeric(_) => None,
    }
}

/// The command of a line that is refused otherwise, to tell the client of it.
fn word_of(line: &[u8], config: &Config) -> Vec<u8> {
    match Message::parse(line, config.profile).map(|message| message.command()) {
        Ok(Command::Word(word)) => word.to_ascii_uppercase(),
        _ => Vec::new(),
    }
}

impl Server {
    /// Whether lines are to be read in this state.
    pub(super) fn is_reading(&self) -> bool {
        !matches!(self.state, State::Securing | State::Closed)
    }
}
