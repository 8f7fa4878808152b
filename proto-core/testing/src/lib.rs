//! The laws of sans-IO machines as one test harness, for our machines and for yours.
//!
//! A machine without a socket or a clock can be tested to the last corner: fed byte by byte, starved, flooded, attacked before a switch to
//! TLS, and driven through hours of silence in no time. This crate does so with anybody's
//! [`Machine`](wirestate_machine::Machine). What it finds is told as a [`Broken`] law, with the input and the first difference.
//!
//! | law | tested by |
//! |---|---|
//! | the same calls give the same results | [`laws::pure`] |
//! | events and output do not depend on how the input was cut | [`laws::cut_invariant`] |
//! | the live heap stays below a stated limit | [`laws::bounded`] |
//! | the work grows with the input, never faster | [`laws::linear`] |
//! | no order of calls panics; errors stay; nothing after the end | [`laws::total`] |
//! | what came before a switch acts on nothing after it | [`laws::upgrade_safe`] |
//! | client and server understand each other | [`Pair`] |
//! | every wait has a deadline, and time alone ends a session | [`laws::alive`] |
//! | a session goes as the RFC prints it | [`play`] |
//!
//! # A machine under the laws
//!
//! This one greets, answers `PING` with `PONG`, closes on `QUIT`, and hangs up after a minute of silence:
//!
//! ```
//! use std::time::Duration;
//! use wirestate_machine::{Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};
//! use wirestate_testing::{Heap, Role, laws, play, subject};
//!
//! struct Pong { inbox: Inbox, outbox: Outbox, idle_until: Instant, closed: bool }
//!
//! impl Pong {
//!     fn new(now: Instant) -> Self {
//!         let mut outbox = Outbox::new();
//!         outbox.put(b"hello\r\n");
//!         Pong { inbox: Inbox::new(512), outbox, idle_until: now + Duration::from_secs(60), closed: false }
//!     }
//! }
//!
//! impl Machine for Pong {
//!     type Event = String;
//!     type Error = &'static str;
//!
//!     fn inbox(&mut self) -> &mut Inbox { &mut self.inbox }
//!     fn outbox(&mut self) -> &mut Outbox { &mut self.outbox }
//!     fn poll(&mut self, now: Instant) -> Result<Option<String>, &'static str> {
//!         if self.closed || self.outbox.is_full() { return Ok(None) }
//!         let Some(end) = self.inbox.find_lf() else {
//!             self.closed = now >= self.idle_until || self.inbox.is_closed() || self.inbox.room() == 0;
//!             return Ok(None);
//!         };
//!         let line = String::from_utf8_lossy(&self.inbox.take(end + 1)).trim_end().to_owned();
//!         self.idle_until = self.idle_until.max(now + Duration::from_secs(60));
//!         self.closed = line == "QUIT";
//!         if line == "PING" { self.outbox.put(b"PONG\r\n") }
//!         Ok(Some(line))
//!     }
//!     fn deadline(&self) -> Option<Instant> { (!self.closed).then_some(self.idle_until) }
//!     fn upgrade(&mut self) -> Option<Upgrade> { None }
//!     fn upgraded(&mut self, _now: Instant, _how: Upgraded) {}
//!     fn is_closed(&self) -> bool { self.closed }
//! }
//!
//! #[global_allocator]
//! static HEAP: Heap = Heap;
//!
//! let pong = subject(Pong::new, |_pong, _event, _now| {}).with_limit(8 * 1024).with_lifetime(Duration::from_secs(60));
//!
//! laws::all(&pong, &["PING\r\nhello\r\nQUIT\r\n".into(), b"PING\nPING".into()])?;
//!
//! play(&pong, Role::Server, "
//!     S: hello
//!     C: PING
//!     S: PONG
//! ")?;
//! # Ok::<(), wirestate_testing::Broken>(())
//! ```
//!
//! An application that has more to do than answer at once implements [`Subject`] itself. [`laws::all`] tries the same each time; in a
//! `proptest!` the single laws take what [`cuts`] and [`sessions`] make up, and `?` carries a broken law out:
//!
//! ```no_run
//! # use wirestate_testing::{Sample, Subject};
//! # fn example(server: impl Subject + 'static, corpus: Vec<Sample>) {
//! # use proptest::prelude::*;
//! # use wirestate_testing::{cuts, laws, sessions};
//! proptest!(|(session in sessions(&corpus), cuts in cuts())| {
//!     laws::cut_invariant(&server, &session, &cuts)?;
//! });
//! # }
//! ```
//!
//! # Two machines against each other
//!
//! A [`Pair`] is a client machine and a server machine with a connection in memory between them, and a clock that jumps:
//!
//! ```
//! # use wirestate_machine::{Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};
//! # struct Lines { inbox: Inbox, outbox: Outbox }
//! # impl Lines {
//! #     fn new() -> Self { Lines { inbox: Inbox::new(512), outbox: Outbox::new() } }
//! #     fn say(&mut self, line: &str) { self.outbox.put(line.as_bytes()) }
//! # }
//! # impl Machine for Lines {
//! #     type Event = String;
//! #     type Error = ();
//! #     fn inbox(&mut self) -> &mut Inbox { &mut self.inbox }
//! #     fn outbox(&mut self) -> &mut Outbox { &mut self.outbox }
//! #     fn poll(&mut self, _now: Instant) -> Result<Option<String>, ()> {
//! #         let Some(end) = self.inbox.find_lf() else { return Ok(None) };
//! #         Ok(Some(String::from_utf8_lossy(&self.inbox.take(end + 1)).into_owned()))
//! #     }
//! #     fn deadline(&self) -> Option<Instant> { None }
//! #     fn upgrade(&mut self) -> Option<Upgrade> { None }
//! #     fn upgraded(&mut self, _now: Instant, _how: Upgraded) {}
//! #     fn is_closed(&self) -> bool { self.inbox.is_finished() }
//! # }
//! use std::time::Duration;
//! use wirestate_testing::Pair;
//!
//! let mut pair = Pair::new(Lines::new(), Lines::new())
//!     .on_server(|server, line, _now| server.say(&line.to_uppercase()))
//!     .with_cuts(7, 3)
//!     .with_latency(Duration::from_millis(80));
//! pair.client.machine.say("hello\n");
//! pair.run()?;
//! assert_eq!(pair.client.events, [r#""HELLO\n""#]);
//! assert_eq!(pair.now().since_start(), Duration::from_millis(160));
//! # Ok::<(), wirestate_testing::Broken>(())
//! ```

// A global allocator cannot be written without; `heap` is the one place that allows it.
#![deny(unsafe_code)]

mod broken;
mod dice;
mod heap;
pub mod laws;
mod pair;
mod pipe;
mod relaying;
mod sample;
mod script;
mod session;
mod subject;

pub use broken::{Broken, Law};
pub use heap::{Heap, Usage};
pub use pair::{End, Pair, Side};
pub use pipe::Trouble;
pub use relaying::pass_on;
pub use sample::{Cuts, Sample, Step, cuts, sessions};
pub use script::{Role, play};
pub use subject::{Simple, Subject, subject};
