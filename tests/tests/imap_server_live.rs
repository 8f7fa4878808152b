//! A session whose application has said that its mailbox is live: it asks what has happened only where something has.

use std::sync::Arc;

use imap_proto::server::{Config, Event, Selection, Server};
use imap_proto::view::{End, FlagChange, Flags, Mailbox, SessionId};
use wirestate_machine::{Instant, Machine};
use wirestate_sasl::server::Answer;

struct Session {
    server: Server,
    mailbox: Mailbox,
    live: bool,
    asked: usize,
}

impl Session {
    fn selected(live: bool) -> Self {
        let mut config = Config::default();
        config.cleartext = true;
        let mut mailbox = Mailbox::new(7.try_into().unwrap());
        mailbox.append(Flags::SEEN).unwrap();
        let server = Server::new(Arc::new(config), [7; 32], Instant::START);
        let mut session = Session { server, mailbox, live, asked: 0 };
        session.say("a LOGIN ann pencil\r\nb SELECT INBOX\r\n");
        session
    }

    /// Says lines; gives what came back, and how often it was asked what has happened.
    fn say(&mut self, lines: &str) -> (String, usize) {
        self.server.inbox().push(lines.as_bytes());
        let asked = self.asked;
        while let Some(event) = self.server.poll(Instant::START).unwrap() {
            match event {
                Event::Authenticate { ticket, .. } => self.server.authenticate(ticket, Answer::Accept).unwrap(),
                Event::LoggedIn { ticket, .. } => self.server.welcome(ticket).unwrap(),
                Event::Select { ticket, request } => {
                    let view = self.mailbox.select(SessionId(1), request.access()).unwrap();
                    let mut selection = Selection::new();
                    selection.live = self.live;
                    self.server.select(ticket, view, selection).unwrap();
                }
                Event::Poll(ticket) => {
                    self.asked += 1;
                    self.server.catch_up(ticket, &mut self.mailbox).unwrap();
                }
                Event::Fetch { ticket, request } => {
                    for message in self.mailbox.messages_in(&request.uids) {
                        self.server.fetch(&ticket, message.uid).unwrap().flags(message.flags);
                    }
                    self.server.ok(ticket, None, "Fetched").unwrap();
                }
                Event::Closed(_) => {}
                other => panic!("{other:?}"),
            }
        }
        (String::from_utf8(self.server.outbox().drain()).unwrap(), self.asked - asked)
    }
}

#[test]
fn it_is_asked_only_where_the_mailbox_has_changed() {
    let mut session = Session::selected(true);
    assert_eq!(session.say("c NOOP\r\nd NOOP\r\n"), ("c OK Nothing done\r\nd OK Nothing done\r\n".into(), 0));
    session.mailbox.append(Flags::NONE).unwrap();
    let told = "* 2 EXISTS\r\n* 2 RECENT\r\ne OK Nothing done\r\nf OK Nothing done\r\n";
    assert_eq!(session.say("e NOOP\r\nf NOOP\r\n"), (told.into(), 1));
    let all = "1:2".parse().unwrap();
    session.mailbox.store(&all, FlagChange::Add(Flags::FLAGGED), None);
    assert_eq!(session.say("g CHECK\r\n").1, 1);
    session.mailbox.end(End::Deleted);
    let (told, asked) = session.say("h NOOP\r\n");
    assert!(told.contains("* BYE ") && asked == 1, "{told}");
}

#[test]
fn an_expunge_that_had_to_wait_is_told_though_nothing_happens_after_it() {
    let mut session = Session::selected(true);
    session.mailbox.expunge(&"1".parse().unwrap());
    let (told, asked) = session.say("c FETCH 1 FLAGS\r\n");
    assert_eq!((told.as_str(), asked), ("c NO [EXPUNGEISSUED] Some of the messages are no longer there\r\n", 1));
    let (told, _) = session.say("d NOOP\r\n");
    assert_eq!(told, "* 1 EXPUNGE\r\n* 0 RECENT\r\nd OK Nothing done\r\n");
    assert_eq!(session.say("e NOOP\r\n"), ("e OK Nothing done\r\n".into(), 0));
}

#[test]
fn without_it_is_asked_each_time() {
    let mut session = Session::selected(false);
    assert_eq!(session.say("c NOOP\r\nd NOOP\r\n").1, 2);
    // Forced, it is asked for even where nothing has changed.
    let mut live = Session::selected(true);
    live.server.force_poll();
    assert_eq!(live.say("c NOOP\r\n").1, 1);
    assert_eq!(live.say("d NOOP\r\n").1, 0);
}
