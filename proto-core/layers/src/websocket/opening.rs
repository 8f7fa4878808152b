use core::convert::Infallible;
use std::sync::Arc;

use wirestate_machine::{Ending, Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};

use super::answer;
use super::config::Config;
use super::failure::Failure;
use super::fields::Scan;
use super::handshake::Accepted;
use super::request::{self, Verdict};
use crate::Error;

/// A server's part of the opening handshake (RFC 6455 §4.2) as a machine of its own, for where the subprotocol decides which machine a connection
/// gets.
///
/// Its one event is a request for a WebSocket that is to be [`Accepted`]. A [`WebSocket::accepted`](super::WebSocket::accepted), around whichever
/// machine, takes the connection over then, as [`hand_over`](wirestate_machine::hand_over) or a driver does it, and answers. What the client has said
/// behind its request waits for it. All other requests are answered as by a [`WebSocket::server`](super::WebSocket::server).
///
/// ```
/// use std::sync::Arc;
/// use wirestate_layers::WebSocket;
/// use wirestate_layers::websocket::{BINARY_IRCV3, Config, Ended, Frames, Lines, Opening, Request, Subprotocol, XMPP};
/// use wirestate_machine::line::{self, Line};
/// use wirestate_machine::{Instant, Machine, hand_over};
///
/// let config = Arc::new(Config::irc().with_protocols([BINARY_IRCV3, XMPP]));
/// let mut opening = Opening::new(config.clone());
/// let request = Request::xmpp("chat.example", "/", [7; 32])?;
/// let mut client = WebSocket::client(Line::new(line::Lines::default()), Ended::by(b'\n'), request);
/// client.poll(Instant::START)?;
/// opening.inbox().push(&client.outbox().drain());
///
/// let accepted = opening.poll(Instant::START)?.expect("a request");
/// assert_eq!(accepted.handshake().protocol(), Some("xmpp"));
/// let session = Line::new(line::Lines::default());
/// let mut server = WebSocket::accepted(session, Ended::by(b'\n'), accepted, config);
/// assert!(hand_over(&mut opening, &mut server)?.is_empty());
/// server.poll(Instant::START)?;
/// client.inbox().push(&server.outbox().drain());
/// client.poll(Instant::START)?;
/// assert_eq!(client.handshake().and_then(|facts| facts.protocol()), Some("xmpp"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Opening {
    config: Arc<Config>,
    inbox: Inbox,
    outbox: Outbox,
    scan: Scan,
    /// By when all must be done; from the first poll on.
    deadline: Option<Instant>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The request is under way.
    Asked,
    /// It was told of. What follows it is another machine's.
    Accepted,
    /// It was answered, or there will be none.
    Closed(Ending),
    Failed(Box<Failure>),
}

impl Opening {
    /// An opening that has not begun.
    pub fn new(config: Arc<Config>) -> Self {
        Opening {
            inbox: Inbox::new(config.inbox()),
            outbox: Outbox::new(),
            config,
            scan: Scan::default(),
            deadline: None,
            stage: Stage::Asked,
        }
    }

    fn advance(&mut self, now: Instant) -> Result<Option<Box<Accepted>>, Failure> {
        let limits = self.config.limits;
        if now >= *self.deadline.get_or_insert(now + limits.handshake) {
            return Err(Failure::TooSlow { limit: limits.handshake });
        }
        if !matches!(self.stage, Stage::Asked) {
            return Ok(None);
        }
        let Some(length) = self.scan.head(self.inbox.bytes(), limits.head)? else {
            return if self.inbox.is_closed() { Err(Failure::CutOff) } else { Ok(None) };
        };
        match request::read(&self.inbox.bytes()[..length], &self.config)? {
            Verdict::Accept(accepted) => {
                self.inbox.consume(length);
                self.stage = Stage::Accepted;
                Ok(Some(accepted))
            }
            other => {
                answer::serve(&mut self.outbox, &other);
                self.close(Ending::Local);
                Ok(None)
            }
        }
    }

    fn close(&mut self, ending: Ending) {
        self.inbox.clear();
        self.stage = Stage::Closed(ending);
    }
}

impl Machine for Opening {
    type Event = Box<Accepted>;
    type Error = Error<Infallible>;

    fn inbox(&mut self) -> &mut Inbox {
        &mut self.inbox
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn poll(&mut self, now: Instant) -> Result<Option<Box<Accepted>>, Error<Infallible>> {
        match &self.stage {
            Stage::Closed(_) => return Ok(None),
            Stage::Failed(failure) => return Err(Error::WebSocket((**failure).clone())),
            Stage::Asked | Stage::Accepted => {}
        }
        self.advance(now).map_err(|failure| {
            answer::refuse(&mut self.outbox, &failure);
            self.inbox.clear();
            self.stage = Stage::Failed(Box::new(failure.clone()));
            Error::WebSocket(failure)
        })
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline.filter(|_| !self.is_closed())
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        None
    }

    fn upgraded(&mut self, _now: Instant, _how: Upgraded) {}

    fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Closed(_) | Stage::Failed(_))
    }

    /// Nobody is promised anything yet.
    fn shutdown(&mut self) {
        if !self.is_closed() {
            self.close(Ending::Shutdown);
        }
    }

    fn ending(&self) -> Option<Ending> {
        match &self.stage {
            Stage::Closed(ending) => Some(*ending),
            Stage::Failed(failure) => Some(failure.ending()),
            Stage::Asked | Stage::Accepted => None,
        }
    }
}
