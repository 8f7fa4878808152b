//! Sessions of an IMAP server at the point where a benchmark begins.

use std::sync::Arc;

use imap_proto::server::{Config, Event, Selection, Server};
use imap_proto::view::{Access, Flags, Mailbox, SessionId};
use wirestate_machine::{Instant, Machine};
use wirestate_sasl::server::Answer;

use crate::pop3::drain;

/// A server configuration that takes passwords in the clear.
pub fn config() -> Arc<Config> {
    let mut config = Config::default();
    config.cleartext = true;
    Arc::new(config)
}

/// A user's session, and the mailbox that it has selected or can select.
#[derive(Debug)]
pub struct Session {
    server: Server,
    mailbox: Mailbox,
    live: bool,
}

impl Session {
    /// A session that has been greeted.
    pub fn greeted(config: Arc<Config>) -> Self {
        let server = Server::new(config, [7; 32], Instant::START);
        let mailbox = Mailbox::new(1_700_000_000.try_into().expect("not 0"));
        let mut session = Session { server, mailbox, live: false };
        session.play();
        session
    }

    /// A session of a user.
    pub fn logged_in(config: Arc<Config>) -> Self {
        let mut session = Session::greeted(config);
        session.exchange(b"a LOGIN ann pencil\r\n");
        session
    }

    /// A session that has selected a mailbox of so many messages, and asks each time what has happened there.
    pub fn selected(config: Arc<Config>, messages: usize) -> Self {
        Session::logged_in(config).select(messages, false)
    }

    /// The same with a mailbox to which all that happens comes at once.
    pub fn selected_live(config: Arc<Config>, messages: usize) -> Self {
        Session::logged_in(config).select(messages, true)
    }

    fn select(mut self, messages: usize, live: bool) -> Self {
        (self.mailbox, self.live) = (mailbox(messages), live);
        self.exchange(b"b SELECT INBOX\r\n");
        self
    }

    /// The machine alone.
    pub fn into_server(self) -> Server {
        self.server
    }

    /// Feeds lines and has them answered, one batch in and one out; gives how many bytes came out.
    pub fn exchange(&mut self, lines: &[u8]) -> usize {
        self.server.inbox().push(lines);
        self.play()
    }

    fn play(&mut self) -> usize {
        let Session { server, mailbox, live } = self;
        while let Some(event) = server.poll(Instant::START).expect("no violation") {
            match event {
                Event::Authenticate { ticket, .. } => server.authenticate(ticket, Answer::Accept).expect("in time"),
                Event::LoggedIn { ticket, .. } => server.welcome(ticket).expect("in time"),
                Event::Select { ticket, .. } => {
                    let view = mailbox.select(SessionId(1), Access::ReadWrite).expect("it is there");
                    let mut selection = Selection::new();
                    selection.live = *live;
                    server.select(ticket, view, selection).expect("in time");
                }
                Event::Poll(ticket) => server.catch_up(ticket, mailbox).expect("in time"),
                Event::Fetch { ticket, request } => {
                    for message in mailbox.messages_in(&request.uids) {
                        server.fetch(&ticket, message.uid).expect("in time").flags(message.flags);
                    }
                    server.ok(ticket, None, "Fetched").expect("in time");
                }
                other => panic!("{other:?} in a benchmark"),
            }
        }
        drain(server)
    }
}

/// A mailbox of so many messages, of which every third is seen.
pub fn mailbox(messages: usize) -> Mailbox {
    let mut mailbox = Mailbox::new(1_700_000_000.try_into().expect("not 0"));
    for message in 0..messages {
        mailbox.append(if message % 3 == 0 { Flags::SEEN } else { Flags::NONE }).expect("room");
    }
    mailbox
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_has_its_answer() {
        let noop = b"a1 OK Nothing done\r\n".len();
        assert_eq!(Session::logged_in(config()).exchange(&b"a1 NOOP\r\n".repeat(64)), 64 * noop);
        let mut session = Session::selected(config(), 3);
        assert_eq!(session.exchange(b"a1 NOOP\r\n"), noop);
        assert_eq!(Session::selected_live(config(), 3).exchange(b"a1 NOOP\r\n"), noop);
        let flags = b"* 1 FETCH (FLAGS (\\Seen \\Recent))\r\na1 OK Fetched\r\n".len();
        assert_eq!(session.exchange(b"a1 FETCH 1 FLAGS\r\n"), flags);
    }
}
