//! The server machine.
//!
//! A [`Server`] is one session of an IMAP server. It keeps the state, checks every command against it, answers CAPABILITY, NOOP, LOGOUT, STARTTLS, ID,
//! ENABLE, IDLE, COMPRESS, UNAUTHENTICATE and UNSELECT itself, runs SASL, translates sequence numbers into UIDs, and tells each change of the selected
//! mailbox at the moment when the RFCs allow it. It asks the application for what that alone knows: credentials, mailboxes, messages.
//!
//! The application thinks in UIDs. Its mailboxes are kept in a [`Mailbox`](crate::view::Mailbox) each, of which every session that has one selected
//! holds a [`View`](crate::view::View).
//!
//! ```
//! use std::sync::Arc;
//! use imap_proto::codec::{Section, Streamed};
//! use imap_proto::server::{Ask, Config, Event, Selection, Server};
//! use imap_proto::view::{Flags, Mailbox, SessionId};
//! use wirestate_machine::{Instant, Machine};
//! use wirestate_sasl::server::{Answer, Ask as Sasl, Rejection};
//!
//! let mut inbox = Mailbox::new(1_700_000_000.try_into()?);
//! inbox.append(Flags::SEEN)?;
//!
//! let mut config = Config::default();
//! config.cleartext = true; // there is no TLS in this example
//! let mut server = Server::new(Arc::new(config), [7; 32], Instant::START);
//! server.inbox().push(b"a LOGIN ann pencil\r\nb SELECT inbox\r\nc FETCH 1 (FLAGS BODY[])\r\nd LOGOUT\r\n");
//! while let Some(event) = server.poll(Instant::START)? {
//!     match event {
//!         Event::Authenticate { ticket, ask: Ask::Sasl(Sasl::Password { user, password, .. }) } => {
//!             let good = user == "ann" && password.matches("pencil");
//!             server.authenticate(ticket, if good { Answer::Accept } else { Answer::Reject(Rejection::Credentials) })?;
//!         }
//!         Event::LoggedIn { ticket, .. } => server.welcome(ticket)?,
//!         Event::Select { ticket, request } => {
//!             let view = inbox.select(SessionId(1), request.access())?;
//!             server.select(ticket, view, Selection::new())?;
//!         }
//!         Event::Fetch { ticket, request } => {
//!             for message in inbox.messages_in(&request.uids) {
//!                 let mut line = server.fetch(&ticket, message.uid)?;
//!                 line.flags(message.flags);
//!                 line.data(&Streamed::Section { section: Section::<&[u8]>::whole(), origin: None }, "Subject: hi\r\n\r\n".into())?;
//!             }
//!             server.ok(ticket, None, "Fetched")?;
//!         }
//!         Event::Poll(ticket) => server.catch_up(ticket, &mut inbox)?,
//!         _ => {}
//!     }
//! }
//! let said = String::from_utf8(server.outbox().drain()).unwrap();
//! assert!(said.contains("* 1 FETCH (FLAGS (\\Seen \\Recent) BODY[] {15}\r\nSubject: hi\r\n\r\n)\r\nc OK Fetched\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Who answers what
//!
//! | event | answer | or |
//! |---|---|---|
//! | [`Greet`](Event::Greet) | [`greet`](Server::greet) | [`greet_known`](Server::greet_known), [`refuse_client`](Server::refuse_client) |
//! | [`Authenticate`](Event::Authenticate) | [`authenticate`](Server::authenticate) | |
//! | [`LoggedIn`](Event::LoggedIn) | [`welcome`](Server::welcome) | [`refuse_login`](Server::refuse_login) |
//! | [`Poll`](Event::Poll) | [`catch_up`](Server::catch_up) | [`unchanged`](Server::unchanged) |
//! | [`Select`](Event::Select) | [`select`](Server::select) | [`no`](Server::no) |
//! | [`Fetch`](Event::Fetch) | [`fetch`](Server::fetch) for each message, [`ok`](Server::ok) | [`no`](Server::no) |
//! | [`Store`](Event::Store) | [`View::store`](crate::view::View::store), [`stored`](Server::stored) | [`no`](Server::no) |
//! | [`Search`](Event::Search) | [`found`](Server::found), [`sorted`](Server::sorted), [`threaded`](Server::threaded) | [`no`](Server::no) |
//! | [`Copy`](Event::Copy) | [`copied`](Server::copied) | [`no`](Server::no) |
//! | [`Expunge`](Event::Expunge) | [`ok`](Server::ok) | [`no`](Server::no) |
//! | [`AppendBegin`](Event::AppendBegin) | [`take_message`](Server::take_message) | [`no`](Server::no) |
//! | [`AppendEnd`](Event::AppendEnd) | [`appended`](Server::appended) | [`no`](Server::no) |
//! | [`Elsewhere`](Event::Elsewhere) | [`tell_unasked`](Server::tell_unasked) | |
//! | [`Command`](Event::Command) | [`tell`](Server::tell), [`ok`](Server::ok) | [`no`](Server::no), [`bad`](Server::bad) |
//!
//! While a ticket is open nothing more is understood, so that pipelined commands keep their order.
//!
//! # States
//!
//! Which command is allowed where, and the states that it may lead to ([`TABLE`]):
//!
//! | | Greeting | Securing | NotAuthenticated | Authenticating | Authenticated | Selected | Closed |
//! |---|---|---|---|---|---|---|---|
//! | CAPABILITY |  |  | NotAuthenticated |  | Authenticated | Selected |  |
//! | NOOP |  |  | NotAuthenticated |  | Authenticated | Selected |  |
//! | LOGOUT |  |  | Closed |  | Closed | Closed |  |
//! | STARTTLS |  |  | Securing, NotAuthenticated, Closed |  |  |  |  |
//! | AUTHENTICATE |  |  | Authenticating, Authenticated, NotAuthenticated, Closed |  |  |  |  |
//! | LOGIN |  |  | Authenticating, Authenticated, NotAuthenticated, Closed |  |  |  |  |
//! | ID |  |  | NotAuthenticated |  | Authenticated | Selected |  |
//! | ENABLE |  |  |  |  | Authenticated | Selected |  |
//! | COMPRESS |  |  |  |  | Authenticated, Closed | Selected, Closed |  |
//! | UNAUTHENTICATE |  |  |  |  | NotAuthenticated, Authenticated | NotAuthenticated, Selected |  |
//! | SELECT |  |  |  |  | Selected, Authenticated | Selected, Authenticated |  |
//! | EXAMINE |  |  |  |  | Selected, Authenticated | Selected, Authenticated |  |
//! | CREATE |  |  |  |  | Authenticated | Selected |  |
//! | DELETE |  |  |  |  | Authenticated | Selected |  |
//! | RENAME |  |  |  |  | Authenticated | Selected |  |
//! | SUBSCRIBE |  |  |  |  | Authenticated | Selected |  |
//! | UNSUBSCRIBE |  |  |  |  | Authenticated | Selected |  |
//! | LIST |  |  |  |  | Authenticated | Selected |  |
//! | LSUB |  |  |  |  | Authenticated | Selected |  |
//! | NAMESPACE |  |  |  |  | Authenticated | Selected |  |
//! | STATUS |  |  |  |  | Authenticated | Selected |  |
//! | APPEND |  |  |  |  | Authenticated | Selected |  |
//! | IDLE |  |  |  |  | Authenticated | Selected |  |
//! | CHECK |  |  |  |  |  | Selected |  |
//! | CLOSE |  |  |  |  |  | Authenticated, Selected |  |
//! | UNSELECT |  |  |  |  |  | Authenticated |  |
//! | EXPUNGE |  |  |  |  |  | Selected |  |
//! | UID EXPUNGE |  |  |  |  |  | Selected |  |
//! | SEARCH |  |  |  |  |  | Selected |  |
//! | UID SEARCH |  |  |  |  |  | Selected |  |
//! | FETCH |  |  |  |  |  | Selected |  |
//! | UID FETCH |  |  |  |  |  | Selected |  |
//! | STORE |  |  |  |  |  | Selected |  |
//! | UID STORE |  |  |  |  |  | Selected |  |
//! | COPY |  |  |  |  |  | Selected |  |
//! | UID COPY |  |  |  |  |  | Selected |  |
//! | MOVE |  |  |  |  |  | Selected |  |
//! | UID MOVE |  |  |  |  |  | Selected |  |
//! | SORT |  |  |  |  |  | Selected |  |
//! | UID SORT |  |  |  |  |  | Selected |  |
//! | THREAD |  |  |  |  |  | Selected |  |
//! | UID THREAD |  |  |  |  |  | Selected |  |
//! | REPLACE |  |  |  |  |  | Selected |  |
//! | UID REPLACE |  |  |  |  |  | Selected |  |
//! | ESEARCH |  |  |  |  | Authenticated | Selected |  |
//! | CANCELUPDATE |  |  |  |  |  | Selected |  |
//! | UIDBATCHES |  |  |  |  |  | Selected |  |
//! | GETACL |  |  |  |  | Authenticated | Selected |  |
//! | SETACL |  |  |  |  | Authenticated | Selected |  |
//! | DELETEACL |  |  |  |  | Authenticated | Selected |  |
//! | LISTRIGHTS |  |  |  |  | Authenticated | Selected |  |
//! | MYRIGHTS |  |  |  |  | Authenticated | Selected |  |
//! | GETQUOTA |  |  |  |  | Authenticated | Selected |  |
//! | GETQUOTAROOT |  |  |  |  | Authenticated | Selected |  |
//! | SETQUOTA |  |  |  |  | Authenticated | Selected |  |
//! | GETMETADATA |  |  |  |  | Authenticated | Selected |  |
//! | SETMETADATA |  |  |  |  | Authenticated | Selected |  |
//! | NOTIFY |  |  |  |  | Authenticated | Selected |  |
//! | (custom) |  |  | NotAuthenticated |  | Authenticated | Selected |  |
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> Greeting
//!     NotAuthenticated --> Securing: STARTTLS
//!     NotAuthenticated --> NotAuthenticated: CAPABILITY, NOOP, STARTTLS, AUTHENTICATE, LOGIN, ID, (custom)
//!     NotAuthenticated --> Authenticating: AUTHENTICATE, LOGIN
//!     NotAuthenticated --> Authenticated: AUTHENTICATE, LOGIN
//!     NotAuthenticated --> Closed: LOGOUT, STARTTLS, AUTHENTICATE, LOGIN
//!     Authenticated --> NotAuthenticated: UNAUTHENTICATE
//!     Authenticated --> Authenticated: CAPABILITY, NOOP, ID, ENABLE, COMPRESS, UNAUTHENTICATE, SELECT, EXAMINE, CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, LIST, LSUB, NAMESPACE, STATUS, APPEND, IDLE, ESEARCH, GETACL, SETACL, DELETEACL, LISTRIGHTS, MYRIGHTS, GETQUOTA, GETQUOTAROOT, SETQUOTA, GETMETADATA, SETMETADATA, NOTIFY, (custom)
//!     Authenticated --> Selected: SELECT, EXAMINE
//!     Authenticated --> Closed: LOGOUT, COMPRESS
//!     Selected --> NotAuthenticated: UNAUTHENTICATE
//!     Selected --> Authenticated: SELECT, EXAMINE, CLOSE, UNSELECT
//!     Selected --> Selected: CAPABILITY, NOOP, ID, ENABLE, COMPRESS, UNAUTHENTICATE, SELECT, EXAMINE, CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, LIST, LSUB, NAMESPACE, STATUS, APPEND, IDLE, CHECK, CLOSE, EXPUNGE, UID EXPUNGE, SEARCH, UID SEARCH, FETCH, UID FETCH, STORE, UID STORE, COPY, UID COPY, MOVE, UID MOVE, SORT, UID SORT, THREAD, UID THREAD, REPLACE, UID REPLACE, ESEARCH, CANCELUPDATE, UIDBATCHES, GETACL, SETACL, DELETEACL, LISTRIGHTS, MYRIGHTS, GETQUOTA, GETQUOTAROOT, SETQUOTA, GETMETADATA, SETMETADATA, NOTIFY, (custom)
//!     Selected --> Closed: LOGOUT, COMPRESS
//! ```

mod answer;
mod append;
mod capabilities;
mod commands;
mod compress;
mod config;
mod enable;
mod event;
mod facts;
mod fetch;
mod fetch_line;
mod greeting;
mod idle;
mod input;
mod limits;
mod login;
mod logout;
mod machine;
mod notify;
mod poll;
mod reply;
mod search;
mod select;
mod selected;
mod starttls;
mod state;
mod tag;
mod timer;
mod transfer;
mod violation;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;

use bytes::Bytes;
use wirestate_machine::plugin::Pipeline;
use wirestate_machine::{Ending, Inbox, Instant, Misuse, Outbox, Ticket, Tickets};

pub use append::{AppendRequest, AppendStep, Appended, MessageFacts};
pub use config::{Config, Custom, Greeting, LiteralOffer, Tls};
pub use enable::Enabled;
pub use event::{Ask, Event, Reason, Rejected, kind};
pub use fetch::{ExpungeRequest, FetchRequest, StoreRequest};
pub use fetch_line::{Appetite, FetchLine};
pub use limits::Limits;
pub use poll::Notice;
pub use reply::Reply;
pub use search::{SearchOrder, SearchRequest};
pub use select::{KnownState, SelectRequest, Selection};
pub use state::{State, TABLE};
pub use transfer::{Copied, CopyRequest};
pub use violation::Violation;

use crate::codec::{Code, Command, Condition, Framing, Keyword, UidSet};
use crate::view::{CommandFlags, Policy};
use append::Appending;
use fetch_line::Streaming;
use login::Login;
use notify::Notifying;
use poll::Held;
use search::Searching;
use selected::Selected;
use tag::Tag;
use timer::Timer;

/// One session of an IMAP server. See the [module's guide](self).
#[derive(Debug)]
pub struct Server {
    config: Arc<Config>,
    inbox: Inbox,
    framing: Framing,
    outbox: Outbox,
    state: State,
    now: Instant,
    timer: Timer,
    tickets: Tickets,
    command: InProgress,
    enabled: Enabled,
    /// What only matters until the login, and where a client may log out again.
    login: Option<Box<Login>>,
    selected: Option<Box<Selected>>,
    appending: Option<Box<Appending>>,
    searching: Option<Box<Searching>>,
    /// A literal that the application gives.
    streaming: Option<Box<Streaming>>,
    held: Option<Box<Held>>,
    client_id: Box<[Fact]>,
    events: VecDeque<Event>,
    violation: Option<Violation>,
    ending: Option<Ending>,
    command_count: u32,
    bad_commands: u16,
    encrypted: bool,
    compressed: Compressed,
    waiting: Waiting,
    /// Whether a first line has come, after which no other protocol's greeting is looked for.
    heard: bool,
    /// Whether something has happened in the mailbox.
    woken: bool,
    /// Whether the application is to be asked what that was.
    asks: bool,
    /// How much of it is being told.
    telling: Option<Policy>,
    /// What NOTIFY lets the session tell while no command runs.
    notifying: Notifying,
    /// Whether the open ticket is about new messages, of which NOTIFY wants to know.
    fetching_new: bool,
    /// Whether something has happened in other mailboxes.
    elsewhere: bool,
    stopping: bool,
    plugins: Pipeline<Command<Bytes>, Reply>,
}

/// A name and its value, of what a client tells of itself by ID.
pub type Fact = (Bytes, Option<Bytes>);

/// The command that is being carried out.
#[derive(Debug)]
struct InProgress {
    tag: Tag,
    keyword: Keyword,
    /// Whether it names messages by UID, or is answered by UIDs.
    by_uid: bool,
    flags: CommandFlags,
    asked: Asked,
    /// The messages that it names, if it names them by number.
    by_number: Option<UidSet>,
    /// Some of them are gone.
    expunge_issued: bool,
    /// What NOTIFY wishes for, which holds once it is granted.
    wish: Option<Notifying>,
    /// How it ends, once it is known, where the application is still asked what has happened.
    outcome: Option<Outcome>,
}

/// What is said when a command has been done, in one piece with what stands around it: ` OK `, the words, and the line end.
#[derive(Clone, Copy, Debug)]
struct Words(&'static str);

macro_rules! words {
    ($words:literal) => {
        $crate::server::Words(concat!(" OK ", $words, "\r\n"))
    };
}
use words;

impl Words {
    /// The words alone.
    fn text(self) -> &'static str {
        let text = self.0.strip_prefix(" OK ").unwrap_or(self.0);
        text.strip_suffix("\r\n").unwrap_or(text)
    }
}

/// How a command ends.
#[derive(Debug)]
enum Outcome {
    /// `OK done`
    Done(Words),
    Reply(Box<Reply>),
}

/// What the open ticket is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Nothing,
    Greet,
    Authenticate,
    LogIn,
    Poll,
    Command,
}

/// What the next line is, where it is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    ForCommand,
    /// DONE.
    Idle,
}

/// How far compression has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compressed {
    No,
    /// It begins with the next octet.
    Beginning,
    Yes,
}

impl Server {
    /// A session that begins at `now`. `seed` must be 32 octets that nobody can guess and that no other session has: from it come the
    /// nonces of SASL.
    pub fn new(config: Arc<Config>, seed: [u8; 32], now: Instant) -> Self {
        let implicit = config.tls == Tls::Implicit;
        let mut inbox = Inbox::new(config.limits.inbox(false));
        // Nothing may be read before the handshake.
        inbox.hold(implicit);
        Server {
            inbox,
            framing: Framing::commands(config.command_limits(false)).with_chunks(config.limits.chunk()),
            outbox: Outbox::with_marks(config.limits.output(false)),
            state: if implicit { State::Securing } else { State::Greeting },
            now,
            timer: Timer::new(now, &config.limits),
            tickets: Tickets::new(),
            command: InProgress::none(),
            enabled: Enabled::NONE,
            login: Some(Box::new(Login::new(seed))),
            selected: None,
            appending: None,
            searching: None,
            streaming: None,
            held: None,
            client_id: Box::default(),
            events: VecDeque::new(),
            violation: None,
            ending: None,
            command_count: 0,
            bad_commands: 0,
            encrypted: config.tls == Tls::Outside,
            compressed: Compressed::No,
            waiting: Waiting::ForCommand,
            heard: false,
            woken: false,
            asks: false,
            telling: None,
            notifying: None,
            fetching_new: false,
            elsewhere: false,
            stopping: false,
            plugins: Pipeline::new(),
            config,
        }
    }

    // --- ends ---

    /// Ends the session now: the client is told `* BYE text`.
    pub fn close_with(&mut self, text: &str) {
        if self.state != State::Closed {
            self.say_bye(None, text);
            self.close(Reason::Refused);
        }
    }

    fn say_bye(&mut self, code: Option<Code<Bytes>>, text: &str) {
        // Within a literal or before TLS nothing can be said.
        if self.state != State::Securing && self.is_between_lines() {
            self.say(&Reply::new(Condition::Bye, code, String::from(text)));
        }
    }

    fn close(&mut self, reason: Reason) {
        self.leave();
        self.ending = Some(reason.into());
        self.queue(Event::Closed(reason));
    }

    fn violate(&mut self, violation: Violation) {
        if self.violation.is_none() {
            self.say_bye(None, &alloc::format!("{violation}"));
            self.leave();
            self.ending = Some(violation.into());
            self.violation = Some(violation);
        }
    }

    /// Leaves everything behind but what is still to be written.
    fn leave(&mut self) {
        self.state = State::Closed;
        self.tickets.revoke();
        (self.login, self.selected, self.appending) = (None, None, None);
        self.client_id = Box::default();
        (self.searching, self.streaming, self.held) = (None, None, None);
        (self.asks, self.telling, self.fetching_new) = (false, None, false);
        self.command = InProgress::none();
        self.waiting = Waiting::ForCommand;
        self.inbox.clear();
        self.framing.reset();
        self.inbox.close();
    }

    // --- tickets and events ---

    fn issue<Kind>(&mut self, asked: Asked) -> Ticket<Kind> {
        self.command.asked = asked;
        self.timer.rearm();
        self.tickets.issue()
    }

    fn redeem<Kind>(&mut self, ticket: Ticket<Kind>) -> Result<(), Misuse> {
        self.tickets.redeem(ticket)?;
        self.command.asked = Asked::Nothing;
        self.timer.rearm();
        Ok(())
    }

    fn queue(&mut self, event: Event) {
        if self.events.capacity() == 0 {
            self.events.reserve_exact(1);
        }
        self.events.push_back(event);
    }

    fn is_waiting(&self) -> bool {
        self.tickets.is_open() || self.timer.is_delaying()
    }

    // --- words ---

    /// Writes an untagged line.
    fn say(&mut self, reply: &Reply) {
        reply.write(None, &mut self.outbox);
    }
}

impl InProgress {
    #[inline]
    fn begin(&mut self, tag: Tag, keyword: Keyword, flags: CommandFlags) {
        (self.tag, self.keyword, self.flags) = (tag, keyword, flags);
        (self.by_uid, self.expunge_issued) = (keyword.is_uid(), false);
        (self.by_number, self.wish, self.outcome) = (None, None, None);
    }

    const fn none() -> Self {
        InProgress {
            tag: Tag::NONE,
            keyword: Keyword::Other,
            by_uid: false,
            flags: CommandFlags::NONE,
            asked: Asked::Nothing,
            by_number: None,
            expunge_issued: false,
            wish: None,
            outcome: None,
        }
    }
}
