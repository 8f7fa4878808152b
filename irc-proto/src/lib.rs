//! IRC (RFC 1459, RFC 2812 and IRCv3) as sans-IO state machines, server and client, and the network that the sessions of a server share.
//!
//! No socket, no clock, no thread, no randomness: bytes go in and events come out, answers go in and bytes come out, the time goes in and a
//! deadline comes out. So a session runs on any runtime or on none, in a test that turns a virtual clock, and in a fuzzer.
//!
//! | module | what it is |
//! |---|---|
//! | [`server`] | [`Server`](server::Server): one session of a server, its states, its table and its diagram |
//! | [`network`] | [`Network`](network::Network): users and channels that many sessions share, and who is told what; history, MONITOR, metadata |
//! | [`client`] | [`Client`](client::Client): one session of a client, its states and its table; [`tracker`](client::tracker): what it learns of users and channels; [`sts`](client::sts) |
//! | [`codec`] | the grammar without state: messages, tags, sources, limits; borrowed and zero-copy |
//! | [`message`] | typed messages: every command and numeric in use, its parameters by name |
//! | [`numerics`] | the numerics by their names |
//! | [`mod@capability`] | the capabilities of IRCv3, and sets of them |
//! | [`isupport`] | what a server says of itself in RPL_ISUPPORT |
//! | [`modes`] | mode strings by CHANMODES and PREFIX |
//! | [`casemap`] | which names are the same name |
//! | [`mask`] | `nick!user@host` masks with wildcards |
//! | [`nick`], [`channel`], [`host`] | which nicknames, channel names and hosts are valid |
//! | [`ctcp`], [`dcc`] | ACTION and other messages between programs; offers of direct connections inside them |
//! | [`split`] | splitting of long texts by what the relay puts before them |
//! | [`mod@format`] | mIRC's formatting codes, taken out of a text |
//!
//! [`Redactor`] tells a tracing layer what of a session is secret. `FEATURES.md` beside this crate goes through IRC and IRCv3 row by row.
//!
//! # How the parts fit
//!
//! ```text
//! socket ─> adapter ─> [Tls, WebSocket] ─> server::Server ─ Event::Message(Message<Bytes>) ─> application ─ handle(session, message) ─> network::Network
//!                                                │                                             │                                            │
//! socket <─ adapter <─ [Tls, WebSocket] <─ server::Server <─ relay(&Lines) ─────────────── application <─ Delivery { to: sessions, bytes } ─────┘
//!
//! socket <─> adapter <─> [Tls] <─> client::Client ─ Event ─> program ─ privmsg, join, request ─> client::Client
//! ```
//!
//! Both sessions are [`Machine`](wirestate_machine::Machine)s; whoever drives one repeats four things:
//!
//! 1. `poll(now)` until it gives `None`, and act on each event; those with a ticket ask for an answer, which is a call on the machine;
//! 2. write what the `outbox()` holds;
//! 3. read into the `inbox()`, as much as it has `room()` for; at the end of file, `close()` it;
//! 4. wait for the socket, or for `deadline()`.
//!
//! The adapters (`wirestate-tokio`, `wirestate-async-std`, `wirestate-blocking`) do this on sockets; TLS, WebSocket and compression are layers around the
//! machine (`wirestate-layers`).
//!
//! ## A server
//!
//! A session knows no other session, and the network no socket. The application stands between them: it answers the session's tickets, hands its
//! messages to the network, and hands out what comes of them, in its order, under one lock or in one task, so that everybody sees everything in the
//! same order. The same bytes go to all receivers of a form; [`Lines`](server::Lines) shares them.
//!
//! ```
//! use irc_proto::network::{self, Action, Deliveries, Network, Newcomer, Session};
//! use irc_proto::server::{Config, Event, Lines, NickRefusal, Server};
//! use wirestate_machine::{Instant, Machine, Relay};
//!
//! let mut network = Network::new(network::Config::default());
//! let mut out = Deliveries::new();
//! let config = std::sync::Arc::new(Config::default());
//! // For real the seeds are random, and each session has a connection and an address.
//! let mut sessions = [1, 2].map(|seed| Server::new(config.clone(), [seed; 32], Instant::START));
//! let lines = ["NICK ann\r\nUSER ann 0 * :Ann\r\nJOIN #lobby\r\n", "NICK bob\r\nUSER bob 0 * :Bob\r\nJOIN #lobby\r\nPRIVMSG #lobby :hi\r\nQUIT\r\n"];
//! for (at, lines) in lines.iter().enumerate() {
//!     sessions[at].inbox().push(lines.as_bytes());
//!     let session = Session(at as u64);
//!     while let Some(event) = sessions[at].poll(Instant::START)? {
//!         let now = 0; // milliseconds since 1970
//!         match event {
//!             Event::Nick { ticket, nick } => match network.claim(session, &nick) {
//!                 Ok(()) => sessions[at].accept_nick(ticket)?,
//!                 Err(_) => sessions[at].refuse_nick(ticket, NickRefusal::InUse)?,
//!             },
//!             Event::Register { ticket, registration } => {
//!                 sessions[at].welcome(ticket)?;
//!                 let (nick, user, realname) = (&registration.nick[..], &registration.user[..], &registration.realname[..]);
//!                 let capabilities = registration.capabilities;
//!                 let newcomer = Newcomer { nick, user, realname, host: b"host.example", capabilities, ..Newcomer::default() };
//!                 network.register(session, &newcomer, now, &mut out)?;
//!             }
//!             Event::Message(message) => network.handle(session, message.borrow(), now, &mut out),
//!             Event::Capabilities(agreed) => network.set_capabilities(session, agreed),
//!             Event::Closed(reason) => network.disconnect(session, &reason.text(), now, &mut out),
//!             _ => {}
//!         }
//!         for delivery in out.deliveries() {
//!             let to = delivery.to;
//!             let lines = Lines::from(delivery);
//!             to.iter().for_each(|session| sessions[session.0 as usize].relay(&lines));
//!         }
//!         for action in out.actions() {
//!             match action {
//!                 Action::Close { session, text } => sessions[session.0 as usize].close_with(text),
//!                 Action::Renamed { session, nick } => sessions[session.0 as usize].set_nick(nick)?,
//!                 _ => {} // OPER and REHASH are for the application to decide
//!             }
//!         }
//!         out.clear();
//!     }
//! }
//! let heard = String::from_utf8(sessions[0].outbox().drain())?;
//! let told: Vec<&str> = heard.lines().filter_map(|line| line.strip_prefix(":bob!bob@host.example ")).collect();
//! assert_eq!(told, ["JOIN #lobby", "PRIVMSG #lobby :hi", "QUIT"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! To accounts it comes by [`Event::Authenticate`](server::Event::Authenticate) and [`Network::set_account`](network::Network::set_account), to history by
//! [`history::Store`](network::history::Store). What the network offers beyond the session's own is [`network::CAPABILITIES`]: put it into the
//! session's [`Config`](server::Config::capabilities). `switchboard` is such a server, with users, operators, gateways and a page to chat on.
//!
//! ## A client
//!
//! A program gives an [`Identity`](client::Identity) and a [`Config`](client::Config), waits for [`Event::Registered`](client::Event::Registered), and
//! speaks by the methods of [`Client`](client::Client). The [module's guide](client) shows one. Who connects again makes the next session of the last one's
//! [`Continuation`](client::Continuation), and asks the [STS store](client::sts) first where to connect.
//!
//! ## A bouncer
//!
//! Both at once: one client towards the network, and a server session for each of the user's programs. What the client hears is relayed as it came, or
//! written anew by the [`Encoder`](codec::Encoder) where a program has agreed on fewer capabilities; what a program says goes to the client, whose
//! queue keeps the pace.
//!
//! ```
//! use irc_proto::client::{self, Client, Identity, TlsPolicy};
//! use irc_proto::codec::Parts;
//! use irc_proto::server::{self, Lines, Server};
//! use wirestate_machine::{Instant, Machine, Relay};
//!
//! let config = client::Config::default().tls(TlsPolicy::Never);
//! let mut above = Client::new(config.into(), Identity::new("ada", "ada", "Ada")?, [7; 32], Instant::START);
//! let mut below = Server::new(server::Config::default().into(), [8; 32], Instant::START);
//! above.inbox().push(b":srv 421 * CAP :unknown\r\n:srv 001 ada :Welcome\r\n:srv 422 ada :no MOTD\r\n:bob!b@host PRIVMSG ada :hello\r\n");
//! below.inbox().push(b"NICK ada\r\nUSER ada 0 * :Ada\r\nPRIVMSG bob :hello to you\r\n");
//! while let Some(event) = below.poll(Instant::START)? {
//!     match event {
//!         server::Event::Nick { ticket, .. } => below.accept_nick(ticket)?,
//!         server::Event::Register { ticket, .. } => {
//!             below.welcome(ticket)?;
//!             while let Some(event) = above.poll(Instant::START)? {
//!                 if let client::Event::Message { message, .. } = event {
//!                     below.relay(&Lines::check([message.borrow().line(), b"\r\n"].concat().into())?);
//!                 }
//!             }
//!         }
//!         server::Event::Message(message) => {
//!             let params: Vec<_> = message.borrow().params().collect();
//!             above.send(&Parts { command: message.borrow().command(), params: &params, ..Parts::default() })?;
//!         }
//!         _ => {}
//!     }
//! }
//! assert!(above.outbox().drain().ends_with(b"PRIVMSG bob :hello to you\r\n"));
//! assert!(below.outbox().drain().ends_with(b":bob!b@host PRIVMSG ada :hello\r\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is promised
//!
//! * How the input was cut changes nothing. Memory is bounded and time linear, whatever the peer sends. No input panics.
//! * Nothing that was said before TLS acts after it, and secrets are neither taken nor sent in the clear unless the configuration says so.
//! * One odd line ends no session; one slow receiver is dropped alone; what comes too fast waits and is not lost.
//! * Misuse is an error that changes nothing; what the peer does wrong is a [`server::Violation`] or a [`client::Violation`], and is sticky.
//! * Names are compared by the case mapping in force, in ordered maps: nothing is hashed that a client has chosen.
//!
//! # Features
//!
//! `std` (on by default) only adds the `std` features of the libraries below: vectored output, and SASLprep for names and passwords beyond ASCII.
//! Without it the crate needs `alloc` alone.
//!
//! `serde` reads and writes what configurations and files hold: limits, [`server::Flood`], STS policies ([`client::sts`]).

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod capability;
pub mod casemap;
pub mod channel;
pub mod client;
pub mod client_tags;
pub mod codec;
pub mod ctcp;
pub mod dcc;
pub mod format;
pub mod host;
pub mod isupport;
mod labels;
mod letters;
pub mod mask;
pub mod message;
pub mod modes;
pub mod network;
pub mod nick;
pub mod numerics;
mod redactor;
pub mod server;
pub mod split;

pub use capability::{Capabilities, Capability};
pub use letters::Letters;
pub use redactor::Redactor;
