//! Sessions of an IRC server at the point where a benchmark begins.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use irc_proto::server::{Config, Event, Flood, Lines, Server};
use wirestate_machine::{Instant, Machine, Relay};

use crate::pop3::drain;

/// A line that ends up with a user, as the network writes it for a channel.
const RELAYED: &[u8] = b":bob!~bob@bob.example.org PRIVMSG #lobby :good morning, everybody\r\n";

/// A server configuration whose flood control lets a batch of 64 lines through.
pub fn config() -> Arc<Config> {
    let mut config = Config::default();
    config.flood = Flood::Bucket { burst: 64, refill: Duration::from_millis(1) };
    Arc::new(config)
}

/// A user's session, and the time.
#[derive(Debug)]
pub struct Session {
    server: Server,
    now: Instant,
}

impl Session {
    /// A session that has just begun.
    pub fn new(config: Arc<Config>) -> Self {
        Session { server: Server::new(config, [7; 32], Instant::START), now: Instant::START }
    }

    /// A session of a user.
    pub fn registered(config: Arc<Config>) -> Self {
        let mut session = Session::new(config);
        session.server.inbox().push(b"NICK ann\r\nUSER ann 0 * :Ann\r\n");
        while let Some(event) = session.poll() {
            match event {
                Event::Nick { ticket, .. } => session.server.accept_nick(ticket).expect("in time"),
                Event::Register { ticket, .. } => session.server.welcome(ticket).expect("in time"),
                other => panic!("{other:?} before registration"),
            }
        }
        drain(&mut session.server);
        session
    }

    /// The server's side alone, without the time.
    pub fn into_server(self) -> Server {
        self.server
    }

    fn poll(&mut self) -> Option<Event> {
        self.server.poll(self.now).expect("no violation")
    }

    /// Feeds lines, one batch in and one out, a tenth of a second after the last; gives how many messages came for the application and how
    /// many bytes went out.
    pub fn exchange(&mut self, lines: &[u8]) -> (usize, usize) {
        self.now = Instant::from_nanos(self.now.as_nanos() + 100_000_000);
        self.server.inbox().push(lines);
        let mut messages = 0;
        while let Some(event) = self.poll() {
            messages += usize::from(matches!(event, Event::Message(_)));
        }
        (messages, drain(&mut self.server))
    }

    /// Has a line go out so many times; gives how many bytes went out.
    pub fn relay(&mut self, lines: &Lines, times: usize) -> usize {
        (0..times).for_each(|_| self.server.relay(lines));
        drain(&mut self.server)
    }
}

/// A line for [`Session::relay`].
pub fn relayed() -> Lines {
    Lines::check(Bytes::from_static(RELAYED)).expect("a whole line")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_its_answer() {
        let mut session = Session::registered(config());
        assert_eq!(session.exchange(&b"PRIVMSG #lobby :hi\r\n".repeat(64)), (64, 0));
        let pong = b":irc.localhost PONG irc.localhost :x\r\n".len();
        assert_eq!(session.exchange(&b"PING x\r\n".repeat(64)), (0, 64 * pong));
        assert_eq!(session.relay(&relayed(), 2), 2 * RELAYED.len());
    }
}
