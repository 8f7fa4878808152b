//! Wirestate machines on `std::net` sockets and threads: no runtime, a thread for each connection.
//!
//! [`serve`] puts a machine on each connection that comes in, [`connect`] on one that goes out, [`attach`] on any socket. What comes back
//! is a [`Connection`], out of which events are pulled by calls that wait; what it sees to is told [by the driver](wirestate_driver).
//! Sessions that are written as futures, for all runtimes, run here too: with [`serve_async`] and [`block_on`], which waits for the sockets of
//! its thread with the system's `poll`.
//!
//! A server that answers each line with itself, and a client that asks it, with the same ready-made machine for both:
//!
//! ```
//! use std::thread;
//! use wirestate_machine::line::{Line, Lines};
//! use wirestate_blocking::{How, Listener, Mode, Shutdown, connect, serve};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = Listener::bind("127.0.0.1:0")?;
//! let address = listener.local_addr();
//! let shutdown = Shutdown::new();
//! let server = thread::spawn({
//!     let shutdown = shutdown.clone();
//!     move || {
//!         serve([listener], |_, _| Line::new(Lines::default()), |mut conn| {
//!             while let Ok(Some(line)) = conn.try_next() {
//!                 let _ = conn.machine().send(line); // refused if there is a NUL in it
//!             }
//!         }, &shutdown)
//!     }
//! });
//!
//! let mut client = connect(address, |_, _| Line::new(Lines::default()))?;
//! client.machine().send("hello")?;
//! assert_eq!(client.try_next()?.unwrap(), "hello");
//! client.close(How::Flush)?;
//!
//! shutdown.trigger(Mode::Graceful { within: std::time::Duration::from_secs(5) });
//! assert_eq!(server.join().unwrap().accepted, 1);
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod bell;
mod connect;
mod connection;
mod serve;
mod socket;
mod threads;
mod wait;

pub use connect::{attach, connect, reconnect};
pub use connection::Connection;
pub use serve::{serve, serve_async};
pub use socket::{Channel, Socket, Wire};
pub use wait::block_on;
pub use wirestate_driver::{
    Address, BindError, BindOptions, ConnectError, Connector, Control, Ending, Error, Fault, Handle, How, Info, IpNet,
    Keepalive, Limits, Listener, ListenerError, ListenerId, Mode, Notice, Observer, OnError, Options, Pace, Proxies,
    Rate, Redial, Refusal, Report, Selector, Sent, Shutdown, Stats, Stream, Traffic, Undelivered,
};
