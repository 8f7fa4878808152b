//! Wirestate machines on futures-io streams: async-std and smol.
//!
//! [`serve`] puts a machine on each connection that comes in, [`connect`] on one that goes out, [`attach`] on any stream. What comes back
//! is a [`Connection`], the driver's, out of which events are pulled; what it sees to is told [there](wirestate_driver).
//!
//! async-std has been discontinued by its makers, in favour of smol. Both stand on the same reactor, async-io, and so does this
//! crate; it depends on neither of them, and works under both.
//!
//! A server that answers each line with itself, and a client that asks it, with the same ready-made machine for both:
//!
//! ```
//! use wirestate_machine::line::{Line, Lines};
//! use wirestate_async_std::{How, Listener, Mode, Shutdown, connect, serve};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! smol::block_on(async {
//!     let listener = Listener::bind("127.0.0.1:0")?;
//!     let address = listener.local_addr();
//!     let shutdown = Shutdown::new();
//!     let server = smol::spawn({
//!         let shutdown = shutdown.clone();
//!         async move {
//!             serve([listener], |task| smol::spawn(task).detach(), |_, _| Line::new(Lines::default()), async |mut conn| {
//!                 while let Ok(Some(line)) = conn.try_next().await {
//!                     let _ = conn.machine().send(line); // refused if there is a NUL in it
//!                 }
//!             }, &shutdown).await
//!         }
//!     });
//!
//!     let mut client = connect(address, |_, _| Line::new(Lines::default())).await?;
//!     client.machine().send("hello")?;
//!     assert_eq!(client.try_next().await?.unwrap(), "hello");
//!     client.close(How::Flush).await?;
//!
//!     shutdown.trigger(Mode::Graceful { within: std::time::Duration::from_secs(5) });
//!     assert_eq!(server.await.accepted, 1);
//!     Ok(())
//! })
//! # }
//! ```
//!
//! Under async-std the spawning reads `|task| drop(async_std::task::spawn(task))`.

#![forbid(unsafe_code)]

mod connect;
mod serve;
mod socket;
mod sockets;
mod wire;

pub use connect::{attach, connect, reconnect};
pub use serve::{Task, serve};
pub use socket::Socket;
pub use wire::Wire;
pub use wirestate_driver::{
    Address, BindError, BindOptions, ConnectError, Connector, Control, Ending, Error, Fault, Handle, How, Info, IpNet,
    Keepalive, Limits, Listener, ListenerError, ListenerId, Mode, Notice, Observer, OnError, Options, Pace, Proxies,
    Rate, Redial, Refusal, Report, Selector, Sent, Shutdown, Stats, Stream, Traffic, Undelivered,
};

/// A machine on a futures-io stream: that of a server or connector, where nothing else is said.
pub type Connection<M, T = Wire> = wirestate_driver::Connection<M, Socket<T>>;
