//! The runtime-free driver that turns a Wirestate [`Machine`](wirestate_machine::Machine)'s crank.
//!
//! A [`Connection`] is a machine and a byte stream under one handle. The application pulls events out of it and answers on the
//! machine; all reading, writing, timing and closing happens inside the pull:
//!
//! ```
//! use wirestate_driver::{Connection, Error, Stream};
//! # use wirestate_machine::{Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};
//! # struct Line(usize);
//! # struct Lines { inbox: Inbox, outbox: Outbox }
//! # impl Lines { fn answer(&mut self, _: Line, _: &str) {} }
//! # impl Machine for Lines {
//! #     type Event = Line;
//! #     type Error = std::convert::Infallible;
//! #     fn inbox(&mut self) -> &mut Inbox { &mut self.inbox }
//! #     fn outbox(&mut self) -> &mut Outbox { &mut self.outbox }
//! #     fn poll(&mut self, _: Instant) -> Result<Option<Line>, Self::Error> { Ok(None) }
//! #     fn deadline(&self) -> Option<Instant> { None }
//! #     fn upgrade(&mut self) -> Option<Upgrade> { None }
//! #     fn upgraded(&mut self, _: Instant, _: Upgraded) {}
//! #     fn is_closed(&self) -> bool { false }
//! # }
//! # async fn storage() -> &'static str { "" }
//!
//! /// Written once, this session runs on tokio, async-std, smol and blocking sockets.
//! async fn session<S: Stream>(mut conn: Connection<Lines, S>) -> Result<(), Error<std::convert::Infallible>> {
//!     while let Some(line) = conn.try_next().await? {
//!         let reply = storage().await;
//!         conn.machine().answer(line, reply);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! What a runtime adds is small: a [`Stream`] and a [`Timer`] for a connection, a [`Runtime`] with its [`Accept`] for [`serve`], a [`Dialer`] for [`connect`]. The crates
//! `wirestate-tokio`, `wirestate-async-std` (which serves smol too) and `wirestate-blocking` are such skins. A program with a loop of its own
//! needs none of this: the four steps of [`Machine`](wirestate_machine::Machine) are all there is, as the example `poll_loop` shows.
//!
//! # What the driver sees to
//!
//! - The replies to one batch of input leave in one vectored write, and no buffer is held while a connection is idle.
//! - Reading stops when the inbox is full; a peer that does not read is given up after [`Options::stall`], one that hardly does
//!   at [`Options::pace`].
//! - After the last word the peer is drained for a moment ([`Options::linger`]), so that a reset cannot eat that word.
//! - A [`Shutdown`] tells each machine once, which ends at its next safe point; what is left at the deadline is cut off.
//! - Nothing is lost when a future of a connection is dropped: all state lies in the connection.

#![forbid(unsafe_code)]

mod accept;
mod address;
mod audience;
mod clock;
mod connection;
mod connector;
mod control;
mod crank;
mod dial;
mod doorbell;
mod doors;
mod ending;
mod error;
mod hall;
mod handle;
mod info;
mod keepalive;
mod limits;
mod listener;
mod notice;
mod options;
mod presence;
mod proxy;
mod race;
mod rate;
mod redial;
mod relaying;
mod resolve;
mod serve;
mod shared;
mod shutdown;
mod slowness;
mod stream;
mod task;
mod waiting;
#[cfg(test)]
mod wakes;

pub use accept::{Accept, AcceptClass, Backoff};
pub use address::Address;
pub use clock::Clock;
pub use connection::{Connection, How, Next, Parts};
pub use connector::{Connector, Dialer, Fault, connect, reconnect};
pub use control::{Control, Sent};
#[cfg(unix)]
pub use dial::connect_unix;
pub use dial::{begin_connect, connected};
pub use doorbell::Doorbell;
pub use error::{BindError, ConnectError, Error, ListenerError, Step};
pub use handle::{Handle, Parcel, Stats, Undelivered};
pub use info::{Info, Traffic};
pub use ipnet::IpNet;
pub use keepalive::Keepalive;
pub use limits::Limits;
pub use listener::{BindOptions, Listener, ListenerId, ListeningSocket, Selector};
pub use notice::{Notice, Observer, Refusal};
pub use options::{OnError, Options, Pace};
pub use presence::Kept;
pub use proxy::Proxies;
#[cfg(fuzzing)]
#[doc(hidden)]
pub use proxy::fuzzing;
pub use rate::Rate;
pub use redial::Redial;
pub use resolve::resolve;
pub use serve::{Report, Runtime, serve};
pub use shutdown::{Mode, Shutdown};
pub use stream::{Stream, Timer};
pub use wirestate_machine::Ending;
