use alloc::boxed::Box;

use bytes::Bytes;
use wirestate_machine::Stranger;
use wirestate_machine::plugin::Flow;

use super::{Event, Reason, Rejected, Server, State, TABLE, Violation};
use crate::codec::{Code, Command, Keyword, Syntax, trim_line};
use crate::server::phrase::Phrase;

impl Server {
    /// Understands the next line, if it is there; gives whether anything happened.
    pub(super) fn read_line(&mut self) -> Result<bool, Violation> {
        if !self.heard {
            self.refuse_strangers()?;
        }
        let in_exchange = self.state == State::Authenticating;
        let longest = if in_exchange { self.config.limits.sasl_line } else { self.config.limits.line };
        let Some(lf) = self.inbox.find_lf() else { return self.read_partial_line(longest) };
        let length = lf + 1;
        if core::mem::take(&mut self.skipping) {
            self.inbox.consume(length);
            return Ok(true);
        }
        self.heard = true;
        if length > longest {
            self.inbox.consume(length);
            self.refuse_long_line()?;
            return Ok(true);
        }
        let line = trim_line(&self.inbox.bytes()[..length], self.config.bare_lf);
        if in_exchange {
            let line = line.map(Bytes::copy_from_slice);
            self.inbox.consume(length);
            self.take_sasl_line(line)?;
            return Ok(true);
        }
        self.timer.rearm();
        let (keyword, why) = match line {
            Ok(line) => match Command::parse(line, self.config.surplus) {
                Ok(command) => {
                    let command = command.to_owned();
                    self.inbox.consume(length);
                    self.take_command(command)?;
                    return Ok(true);
                }
                Err((keyword, fault)) => (keyword, Rejected::Syntax(fault)),
            },
            Err(fault) => (Keyword::Other, Rejected::Line(fault)),
        };
        self.inbox.consume(length);
        self.reject(keyword, why)?;
        Ok(true)
    }

    fn read_partial_line(&mut self, longest: usize) -> Result<bool, Violation> {
        if self.skipping {
            self.inbox.clear();
        } else if self.inbox.len() >= longest {
            self.inbox.clear();
            self.skipping = true;
            self.heard = true;
            self.refuse_long_line()?;
            return Ok(true);
        }
        if self.inbox.is_closed() {
            self.close(Reason::PeerClosed);
            return Ok(true);
        }
        Ok(false)
    }

    fn refuse_long_line(&mut self) -> Result<(), Violation> {
        self.timer.rearm();
        if self.state == State::Authenticating {
            return self.break_off(Phrase::LineTooLong, Rejected::LineTooLong);
        }
        self.reject(Keyword::Other, Rejected::LineTooLong)
    }

    fn refuse_strangers(&mut self) -> Result<(), Violation> {
        let Some(stranger) = Stranger::of(self.inbox.bytes()) else { return Ok(()) };
        self.err(Keyword::Other, None, Phrase::WrongProtocol);
        Err(self.violate(stranger.into()))
    }

    #[inline]
    fn take_command(&mut self, mut command: Command<Bytes>) -> Result<(), Violation> {
        let mut keyword = command.keyword();
        if !TABLE.allows(self.state, keyword) {
            return self.reject(keyword, Rejected::WrongState);
        }
        if !self.plugins.is_empty() {
            if let Flow::Answer(reply) = self.plugins.incoming(&mut command) {
                self.reply(reply.to(keyword));
                self.queued = Some(Box::new(Event::Rejected { keyword, why: Rejected::Plugin }));
                return Ok(());
            }
            // A plugin may have made another command of it, which must be lawful too.
            keyword = command.keyword();
            if !TABLE.allows(self.state, keyword) {
                return self.reject(keyword, Rejected::WrongState);
            }
        }
        match self.execute(command) {
            Ok(()) => Ok(()),
            Err(why) => self.reject(keyword, why),
        }?;
        // Set while the command was carried out.
        self.violation.map_or(Ok(()), Err)
    }

    /// Answers a command that cannot be carried out, and counts it where it was wrong.
    pub(super) fn reject(&mut self, keyword: Keyword, why: Rejected) -> Result<(), Violation> {
        let phrase = match why {
            Rejected::Unknown => Phrase::UnknownCommand,
            Rejected::WrongState => Phrase::WrongState,
            Rejected::Syntax(Syntax::MissingArgument) => Phrase::MissingArgument,
            Rejected::Syntax(Syntax::SurplusArgument) => Phrase::SurplusArgument,
            Rejected::Syntax(Syntax::NotANumber) => Phrase::NotANumber,
            Rejected::Syntax(Syntax::ZeroNumber) => Phrase::ZeroNumber,
            Rejected::Syntax(Syntax::HugeNumber) => Phrase::HugeNumber,
            Rejected::Line(_) => Phrase::BadLine,
            Rejected::LineTooLong => Phrase::LineTooLong,
            Rejected::NoSuchMessage => Phrase::NoSuchMessage,
            Rejected::MessageDeleted => Phrase::MessageDeleted,
            Rejected::NeedsTls => Phrase::NeedsTls,
            Rejected::NotOffered | Rejected::Plugin => Phrase::NotOffered,
            Rejected::UserFirst => Phrase::UserFirst,
            Rejected::BrokenOff => Phrase::BadBase64,
            Rejected::NotUtf8 => Phrase::NotUtf8,
        };
        let code = (why == Rejected::NotUtf8).then_some(Code::Utf8);
        self.err(keyword, code, phrase);
        self.count(keyword, why)
    }

    /// Tells the application of a command that was refused, and ends the session where it was one too many.
    pub(super) fn count(&mut self, keyword: Keyword, why: Rejected) -> Result<(), Violation> {
        if why.is_bad() {
            self.bad_commands = self.bad_commands.saturating_add(1);
        }
        let limits = &self.config.limits;
        let before_login = self.login.is_some();
        let most = if before_login { limits.bad_commands_before_login } else { limits.bad_commands_after_login };
        if self.bad_commands >= most.max(1) {
            self.err(Keyword::Other, None, Phrase::TooManyBadCommands);
            return Err(self.violate(Violation::TooManyBadCommands));
        }
        self.queued = Some(Box::new(Event::Rejected { keyword, why }));
        Ok(())
    }
}
