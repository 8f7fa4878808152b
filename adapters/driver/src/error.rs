use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use thiserror::Error;
use wirestate_machine::{Ending, Upgrade};

use crate::Address;

/// What ended a connection before its time. `E` is the machine's own error.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error<E> {
    /// The peer broke the protocol. The machine's farewell has been sent.
    #[error("the peer broke the protocol: {0}")]
    Protocol(E),
    /// The stream could not be read: a reset, most often.
    #[error("reading from the peer failed: {0}")]
    Read(#[source] io::Error),
    /// The stream could not be written: the peer is gone, most often.
    #[error("writing to the peer failed: {0}")]
    Write(#[source] io::Error),
    /// The peer took not a single byte for [`Options::stall`](crate::Options::stall).
    #[error("the peer read nothing for {after:?}: it is stuck, or gone without a word")]
    Stalled {
        /// How long the driver waited.
        after: Duration,
    },
    /// The peer took less than [`Options::pace`](crate::Options::pace) asks for.
    #[error("the peer read only {taken} bytes in {within:?} of what waited for it: it is too slow")]
    TooSlow {
        /// How many bytes it took.
        taken: u64,
        /// In how long.
        within: Duration,
    },
    /// The machine waits for an upgrade that no layer around it makes.
    #[error(
        "the machine wants {0:?} between itself and the peer, but has no layer for it: wrap it in one, or do not offer it"
    )]
    UnhandledUpgrade(Upgrade),
    /// A machine that waits for an upgrade was to be [replaced](crate::Connection::replace).
    #[error("the machine is being upgraded: replace it before it agrees to that, or afterwards")]
    Upgrading,
    /// A shutdown's deadline came before the session's end.
    #[error("the connection was cut off by a shutdown before its session ended")]
    Aborted,
}

/// Why there is no connection to a server, by the step that failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The host's name could not be resolved.
    #[error("the server's name could not be resolved: {0}")]
    Resolve(#[source] io::Error),
    /// The host's name resolved to nothing.
    #[error("the server's name has no address")]
    NoAddress,
    /// No address could be connected to; this is what the last one said.
    #[error("no connection to {address}: {source}")]
    Connect {
        /// The address that was tried last.
        address: Address,
        /// What it said.
        source: io::Error,
    },
    /// This end's own address could not be taken.
    #[error("cannot connect from {address}: {source}")]
    Bind {
        /// The address to connect from.
        address: IpAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The server was reached, and what has to lie between it and the machine before all else was not agreed on: implicit TLS, most often.
    #[error("no session with {address}, for shaking hands ended it ({ending}): {source}")]
    Handshake {
        /// The server's address.
        address: Address,
        /// Why it ended, in short.
        ending: Ending,
        /// What was wrong: the [`Error`](enum@Error) with the machine's own, which can be had by `downcast_ref`.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// [`Connector::within`](crate::Connector::within) ran out.
    #[error("no connection within {after:?}, while {step}: the server, or something before it, drops what it is sent")]
    Deadline {
        /// How long the connector tried.
        after: Duration,
        /// What it was waiting for.
        step: Step,
    },
}

/// What a connector waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// For the server's name to be resolved.
    Resolve,
    /// For the server to answer.
    Connect,
    /// For what has to lie between server and machine before all else, such as implicit TLS.
    Handshake,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Resolve => "resolving the server's name",
            Step::Connect => "connecting",
            Step::Handshake => "shaking hands",
        })
    }
}

/// Why there is no listener.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BindError {
    /// The name to listen on could not be resolved.
    #[error("the address to listen on could not be resolved: {0}")]
    Resolve(#[source] io::Error),
    /// There is no address to listen on.
    #[error("there is no address to listen on")]
    NoAddress,
    /// This address could not be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address that was asked for.
        address: Address,
        /// What the system said.
        source: io::Error,
    },
}

/// What ended a listener while its server was running.
#[derive(Debug, Error)]
#[error("the listener on {address} failed: {source}")]
pub struct ListenerError {
    /// Where it listened.
    pub address: Address,
    /// What the system said.
    pub source: io::Error,
}
