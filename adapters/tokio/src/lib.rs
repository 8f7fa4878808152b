//! Wirestate machines on tokio sockets and timers.
//!
//! [`serve`] puts a machine on each connection that comes in, [`connect`] on one that goes out, [`attach`] on any stream. What comes back
//! is a [`Connection`], the driver's, out of which events are pulled; what it sees to is told [there](wirestate_driver).
//!
//! A server that answers each line with itself, and a client that asks it, with the same ready-made machine for both:
//!
//! ```
//! use wirestate_machine::line::{Line, Lines};
//! use wirestate_tokio::{Listener, Mode, Shutdown, connect, serve};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = Listener::bind("127.0.0.1:0")?;
//! let address = listener.local_addr();
//! let shutdown = Shutdown::new();
//! let server = tokio::spawn({
//!     let shutdown = shutdown.clone();
//!     async move {
//!         serve([listener], |_, _| Line::new(Lines::default()), async |mut conn| {
//!             while let Ok(Some(line)) = conn.try_next().await {
//!                 let _ = conn.machine().send(line); // refused if there is a NUL in it
//!             }
//!         }, &shutdown).await
//!     }
//! });
//!
//! let mut client = connect(address, |_, _| Line::new(Lines::default())).await?;
//! client.machine().send("hello")?;
//! assert_eq!(client.try_next().await?.unwrap(), "hello");
//! client.close(wirestate_tokio::How::Flush).await?;
//!
//! shutdown.trigger(Mode::Graceful { within: std::time::Duration::from_secs(5) });
//! assert_eq!(server.await?.accepted, 1);
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod connect;
mod serve;
mod socket;
mod sockets;
mod wire;

pub use connect::{attach, connect, reconnect};
pub use serve::serve;
pub use socket::Socket;
pub use wire::Wire;
pub use wirestate_driver::{
    Address, BindError, BindOptions, ConnectError, Connector, Control, Ending, Error, Fault, Handle, How, Info, IpNet,
    Keepalive, Limits, Listener, ListenerError, ListenerId, Mode, Notice, Observer, OnError, Options, Pace, Proxies,
    Rate, Redial, Refusal, Report, Selector, Sent, Shutdown, Stats, Stream, Traffic, Undelivered,
};

/// A machine on a tokio stream: that of a server or connector, where nothing else is said.
pub type Connection<M, T = Wire> = wirestate_driver::Connection<M, Socket<T>>;
