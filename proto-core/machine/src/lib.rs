//! The contract that every Wirestate protocol machine keeps.
//!
//! A [`Machine`] is a protocol session without a socket, a clock, a thread or randomness. Bytes go in, events come out;
//! answers go in, bytes come out; the time goes in, a deadline comes out:
//!
//! ```text
//! socket -> driver -> [layers] -> Inbox  -> framing -> codec -> machine -> Event
//! socket <- driver <- [layers] <- Outbox <- codec  <- machine <- answer(Ticket, Reply)
//! ```
//!
//! Whoever drives a machine does the same four things in a loop, on any runtime or on none:
//!
//! 1. [`poll`](Machine::poll) until it gives `None`, handing each event to the application, which answers on the machine;
//! 2. write what the [`outbox`](Machine::outbox) holds;
//! 3. read into the [`inbox`](Machine::inbox), as much as it has [`room`](Inbox::room) for;
//! 4. wait for the socket or for the [`deadline`](Machine::deadline), whichever comes first.
//!
//! # Ready-made machines
//!
//! A small protocol need not begin with a machine of its own:
//!
//! | machine | its events | like |
//! |---|---|---|
//! | [`line::Line`] | lines, ended by LF, CRLF or any bytes; one that is too long ends the session | `POE::Filter::Line` |
//! | [`line::TolerantLine`] | the same, and [`TooLong`](line::Input::TooLong) for a line that is skipped | |
//! | [`block::Block`] | blocks of a fixed size, or with a length before them: binary, varint, netstring, one's own | `POE::Filter::Block` |
//! | [`raw::Raw`] | bytes as they come, with half-close | `POE::Filter::Stream` |
//! | [`framed::Framed`] | the frames of a [`Framing`](framed::Framing) of one's own | `POE::Filter` |
//!
//! All of them have `send`, `encode` and [`relay`](Relay::relay) for one message to many sessions, an idle limit, a farewell, and `close`.
//! [`hand_over`] swaps one machine for another on a live connection, without a byte lost.
//!
//! # A machine of one's own
//!
//! It takes a few lines; this one answers each line with the line itself:
//!
//! ```
//! use wirestate_machine::{Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};
//!
//! struct Echo { inbox: Inbox, outbox: Outbox }
//!
//! impl Machine for Echo {
//!     type Event = usize;
//!     type Error = core::convert::Infallible;
//!
//!     fn inbox(&mut self) -> &mut Inbox { &mut self.inbox }
//!     fn outbox(&mut self) -> &mut Outbox { &mut self.outbox }
//!     fn poll(&mut self, _now: Instant) -> Result<Option<usize>, Self::Error> {
//!         let Some(end) = self.inbox.find_lf() else { return Ok(None) };
//!         let line = self.inbox.take(end + 1);
//!         self.outbox.put(&line);
//!         Ok(Some(line.len()))
//!     }
//!     fn deadline(&self) -> Option<Instant> { None }
//!     fn upgrade(&mut self) -> Option<Upgrade> { None }
//!     fn upgraded(&mut self, _now: Instant, _how: Upgraded) {}
//!     fn is_closed(&self) -> bool { self.inbox.is_finished() }
//! }
//!
//! let mut echo = Echo { inbox: Inbox::new(1024), outbox: Outbox::new() };
//! echo.inbox().push(b"hello\r\nwor");
//! assert_eq!(echo.poll(Instant::START), Ok(Some(7)));
//! assert_eq!(echo.poll(Instant::START), Ok(None));
//! assert_eq!(echo.outbox().to_vec(), b"hello\r\n");
//! ```
//!
//! The laws that a machine keeps (purity, indifference to how the input was cut, bounds on memory, and so on) are tested by
//! one generic harness, the `wirestate-testing` crate, for the machines of this family and for anybody's.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod block;
mod buffer;
mod certificate;
mod channel;
mod ending;
pub mod framed;
mod handover;
mod inbox;
mod instant;
pub mod line;
mod machine;
mod misuse;
pub mod moment;
mod outbox;
pub mod plugin;
pub mod raw;
pub mod redact;
mod relay;
pub mod scan;
mod stranger;
pub mod table;
mod ticket;
mod upgrade;

pub use certificate::{CertificateName, ClientCertificate};
pub use channel::{Channel, Deflation};
pub use ending::Ending;
pub use handover::{HandOverError, Left, hand_over};
pub use inbox::Inbox;
pub use instant::Instant;
pub use machine::Machine;
pub use misuse::Misuse;
pub use outbox::{Marks, Outbox};
pub use relay::Relay;
pub use stranger::Stranger;
pub use ticket::{Ticket, Tickets};
pub use upgrade::{TlsFacts, Upgrade, Upgraded};
