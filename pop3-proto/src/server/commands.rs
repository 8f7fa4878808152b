use alloc::boxed::Box;
use alloc::format;

use bytes::Bytes;

use super::maildrop::Missing;
use super::{Asked, Event, Forwarded, Reason, Rejected, Reply, Server, State, Tls, Violation};
use crate::codec::{Command, Keyword, MessageNumber, Syntax, Text};
use crate::server::listing::What;
use crate::server::phrase::Phrase;

impl Server {
    /// Carries out a command that the state allows.
    pub(super) fn execute(&mut self, command: Command<Bytes>) -> Result<(), Rejected> {
        match command {
            Command::User(name) => self.user(&name),
            Command::Pass(password) => self.pass(&password),
            Command::Apop { name, digest } => self.apop(&name, &digest),
            Command::Auth { mechanism, initial } => self.auth(&mechanism, initial.as_deref()),
            Command::AuthList => self.list_mechanisms(),
            Command::Capa => {
                self.capa();
                Ok(())
            }
            Command::Stls => self.stls(),
            Command::Utf8 => self.switch_utf8_on(),
            Command::Lang(tag) => self.lang(tag.as_deref()),
            Command::Xclient(facts) => self.xclient(&facts),
            Command::Quit => self.quit(),
            Command::Noop => {
                self.ok(Keyword::Noop, Phrase::Done);
                Ok(())
            }
            Command::Stat => self.stat(),
            Command::List(message) => self.list(What::Octets, message),
            Command::Uidl(message) => self.list(What::UniqueId, message),
            Command::Retr(message) => self.retrieve(message, None),
            Command::Top { message, lines } => self.retrieve(message, Some(lines)),
            Command::Dele(message) => self.dele(message),
            Command::Rset => self.rset(),
            Command::Last => self.last(),
            Command::Other { keyword, arguments } => self.custom(keyword, arguments),
        }
    }

    fn stls(&mut self) -> Result<(), Rejected> {
        if self.config.tls != Tls::Stls || self.encrypted {
            return Err(Rejected::NotOffered);
        }
        if !self.inbox.is_empty() {
            self.err(Keyword::Stls, None, Phrase::DataBeforeTls);
            self.violate(Violation::DataBeforeTls);
            return Ok(());
        }
        if self.ok(Keyword::Stls, Phrase::BeginTls) {
            self.inbox.hold(true);
            self.state = State::Securing;
        }
        Ok(())
    }

    fn switch_utf8_on(&mut self) -> Result<(), Rejected> {
        if self.config.utf8.is_none() {
            return Err(Rejected::NotOffered);
        }
        self.utf8 = self.ok(Keyword::Utf8, Phrase::Utf8On);
        Ok(())
    }

    fn xclient(&mut self, facts: &[u8]) -> Result<(), Rejected> {
        if !self.config.xclient {
            return Err(Rejected::NotOffered);
        }
        let facts = Forwarded::parse(facts).ok_or(Rejected::Syntax(Syntax::NotANumber))?;
        // The channel ends at the proxy: what its certificate says is not said of the client.
        if let Some(login) = &mut self.login {
            login.certificate = None;
        }
        self.ok(Keyword::Xclient, Phrase::Forwarded);
        self.queued = Some(Box::new(Event::Forwarded(Box::new(facts))));
        Ok(())
    }

    fn quit(&mut self) -> Result<(), Rejected> {
        match &mut self.maildrop {
            Some(maildrop) if maildrop.has_marks() => {
                let deletions = maildrop.take_marks();
                self.state = State::Update;
                let ticket = self.issue(Asked::Commit);
                self.queued = Some(Box::new(Event::Commit { ticket, deletions }));
            }
            _ => {
                self.ok(Keyword::Quit, Phrase::Goodbye);
                self.close(Reason::Quit);
            }
        }
        Ok(())
    }

    fn stat(&mut self) -> Result<(), Rejected> {
        let (messages, octets) = self.maildrop.as_ref().ok_or(Rejected::WrongState)?.stat();
        self.numbers(Keyword::Stat, u64::from(messages), octets);
        Ok(())
    }

    /// `+OK a b`, without a detour over text where no plugin wants to see it.
    pub(super) fn numbers(&mut self, keyword: Keyword, a: u64, b: u64) {
        if !self.plugins.is_empty() {
            self.reply(Reply::ok(Text::lossy(format!("{a} {b}"))).to(keyword));
            return;
        }
        self.outbox.put(Numbers::line(a, b).as_bytes());
    }

    fn retrieve(&mut self, message: MessageNumber, lines: Option<u32>) -> Result<(), Rejected> {
        let index = self.find(message)?;
        let keyword = if lines.is_some() { Keyword::Top } else { Keyword::Retr };
        let utf8 = self.utf8;
        let ticket = self.issue(Asked::Retrieve { index, lines, keyword });
        self.queued = Some(Box::new(Event::Retrieve { ticket, message, lines, utf8 }));
        Ok(())
    }

    fn dele(&mut self, message: MessageNumber) -> Result<(), Rejected> {
        let index = self.find(message)?;
        if self.ok(Keyword::Dele, Phrase::Marked)
            && let Some(maildrop) = &mut self.maildrop
        {
            maildrop.mark(index);
            maildrop.last = maildrop.last.max(message.number());
        }
        Ok(())
    }

    fn rset(&mut self) -> Result<(), Rejected> {
        if self.ok(Keyword::Rset, Phrase::Unmarked)
            && let Some(maildrop) = &mut self.maildrop
        {
            maildrop.unmark_all();
        }
        Ok(())
    }

    fn last(&mut self) -> Result<(), Rejected> {
        if !self.config.last {
            return Err(Rejected::NotOffered);
        }
        let last = self.maildrop.as_ref().ok_or(Rejected::WrongState)?.last;
        self.reply(Reply::ok(Text::lossy(format!("{last}"))).to(Keyword::Last));
        Ok(())
    }

    fn custom(&mut self, keyword: Bytes, arguments: Bytes) -> Result<(), Rejected> {
        let logged_in = self.state == State::Transaction;
        if !self.config.custom.iter().any(|custom| custom.is(&keyword, logged_in)) {
            return Err(Rejected::Unknown);
        }
        let ticket = self.issue(Asked::Custom);
        self.queued = Some(Box::new(Event::Custom { ticket, keyword, arguments }));
        Ok(())
    }

    pub(super) fn find(&self, message: MessageNumber) -> Result<usize, Rejected> {
        let maildrop = self.maildrop.as_ref().ok_or(Rejected::WrongState)?;
        maildrop.find(message).map_err(|missing| match missing {
            Missing::NoSuchMessage => Rejected::NoSuchMessage,
            Missing::Deleted => Rejected::MessageDeleted,
        })
    }
}

/// `+OK a b`, put together on the stack, from its end to its beginning, and said at once: what is put in five pieces is looked at five times.
struct Numbers {
    bytes: [u8; Numbers::LONGEST],
    start: usize,
}

impl Numbers {
    const LONGEST: usize = b"+OK 18446744073709551615 18446744073709551615\r\n".len();

    #[inline]
    fn line(a: u64, b: u64) -> Self {
        let mut line = Numbers { bytes: [0; Self::LONGEST], start: Self::LONGEST };
        line.before(*b"\r\n");
        line.before_decimal(b);
        line.before(*b" ");
        line.before_decimal(a);
        line.before(*b"+OK ");
        line
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    #[inline]
    fn before<const N: usize>(&mut self, bytes: [u8; N]) {
        let start = self.start - N;
        if let Some(room) = self.bytes.get_mut(start..start + N) {
            room.copy_from_slice(&bytes);
            self.start = start;
        }
    }

    /// Two digits at a time: half the divisions.
    #[inline]
    fn before_decimal(&mut self, mut number: u64) {
        while number >= 100 {
            self.before(PAIRS[(number % 100) as usize]);
            number /= 100;
        }
        match PAIRS[(number % 100) as usize] {
            [b'0', digit] => self.before([digit]),
            pair => self.before(pair),
        }
    }
}

/// `00` to `99`.
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number: u8 = 0;
    while number < 100 {
        pairs[number as usize] = [b'0' + number / 10, b'0' + number % 10];
        number += 1;
    }
    pairs
};

#[cfg(test)]
mod tests {
    use super::Numbers;

    #[test]
    fn numbers_of_any_length_fit() {
        assert_eq!(Numbers::line(0, 10).as_bytes(), b"+OK 0 10\r\n");
        assert_eq!(Numbers::line(2, 320_000).as_bytes(), b"+OK 2 320000\r\n");
        assert_eq!(Numbers::line(u64::MAX, u64::MAX).as_bytes(), b"+OK 18446744073709551615 18446744073709551615\r\n");
    }
}
