use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use wirestate_machine::{Channel, Ending};

use crate::{Address, ConnectError, Info, ListenerId, Traffic};

/// Something that happened on a server or a connection beside the protocol itself, told to an [`Observer`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// A listener accepts connections from now on.
    ListenerOpened {
        /// Which.
        id: ListenerId,
        /// Where it listens.
        address: &'a Address,
    },
    /// A listener could not be opened, or failed for good; it is gone. The others go on.
    ListenerFailed {
        /// Which.
        id: ListenerId,
        /// Where it listened.
        address: &'a Address,
        /// What the system said.
        error: &'a io::Error,
    },
    /// A listener was removed. Its connections stay.
    ListenerRemoved {
        /// Which.
        id: ListenerId,
        /// Where it listened.
        address: &'a Address,
    },
    /// The system is short of descriptors, memory or threads: the listener rests, then goes on.
    ListenerRests {
        /// Which.
        id: ListenerId,
        /// What the system said.
        error: &'a io::Error,
        /// How long it rests.
        pause: Duration,
    },
    /// The connection limit is reached: who comes now waits in the system's backlog.
    AcceptPaused {
        /// How many connections there are.
        connections: usize,
    },
    /// There are fewer connections than the limit again.
    AcceptResumed,
    /// Connections come faster than [`Limits::rate`](crate::Limits::rate) allows: who comes now waits in the system's backlog for a turn. Told
    /// once, until accept has caught up.
    AcceptSlowed {
        /// How long it takes until the next one is accepted; `None` where the rate is zero.
        pause: Option<Duration>,
    },
    /// Nobody waits any more for the rate's sake.
    AcceptCaughtUp,
    /// A connection was not let in.
    Refused {
        /// Which.
        info: &'a Info,
        /// Why.
        why: &'a Refusal,
    },
    /// A connection is there, and its machine has been made.
    Connected {
        /// Which.
        info: &'a Info,
    },
    /// A connection is gone. Told exactly once for each that was [`Connected`](Notice::Connected).
    Disconnected {
        /// Which.
        info: &'a Info,
        /// Why.
        reason: Ending,
        /// What went over it.
        traffic: Traffic,
    },
    /// All that was said has been written. Told to observers that have not [declined](Observer::without_flushes) it.
    Flushed {
        /// On which connection.
        info: &'a Info,
    },
    /// The machine's outbox has reached its high mark: the peer reads more slowly than it is spoken to.
    HighWater {
        /// On which connection.
        info: &'a Info,
    },
    /// The outbox is down at its low mark again.
    LowWater {
        /// On which connection.
        info: &'a Info,
    },
    /// Nothing was read for [`Options::idle`](crate::Options::idle), once more.
    Idle {
        /// On which connection.
        info: &'a Info,
        /// For how long nothing was read by now.
        silent: Duration,
    },
    /// A layer has put TLS between machine and peer.
    Upgraded {
        /// On which connection.
        info: &'a Info,
    },
    /// Compression began, or ended.
    Compressed {
        /// On which connection.
        info: &'a Info,
        /// What lies between machine and peer now.
        channel: Channel,
    },
    /// A connector has reached its server.
    ConnectorOpened {
        /// The connection that came of it.
        info: &'a Info,
    },
    /// A connector has not reached its server.
    ConnectorFailed {
        /// At which step, and why.
        error: &'a ConnectError,
    },
    /// Another observer has taken this one's place, which is told nothing more. What happens at this very moment may be told to either.
    Superseded,
}

/// Why a connection was not let in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There are as many connections from this address as the limits allow, and as many waiting.
    #[error("too many connections from this address")]
    TooManyFromAddress,
    /// It has to come by a proxy, but this is none that is trusted.
    #[error("this peer is none of the trusted proxies")]
    UntrustedProxy,
    /// What it said first was no PROXY header.
    #[error("the connection did not begin with a sound PROXY header")]
    NoProxyHeader,
    /// The PROXY header did not come in time.
    #[error("the PROXY header did not come in time")]
    ProxyTimeout,
    /// It was reset or closed before it began: while its PROXY header was awaited, or while it waited for others from its address to leave.
    #[error("the connection was gone before it began")]
    Gone,
}

/// Who is told what happens: any function, called on the task that it happens on. What takes long has no place in it; send it elsewhere.
#[derive(Clone)]
pub struct Observer {
    tell: Arc<dyn Fn(&Notice<'_>) + Send + Sync>,
    flushes: bool,
}

impl Observer {
    /// An observer that calls `tell`.
    pub fn new(tell: impl Fn(&Notice<'_>) + Send + Sync + 'static) -> Self {
        Observer { tell: Arc::new(tell), flushes: true }
    }

    /// The same observer, not told of [`Notice::Flushed`]: there are about as many of these as writes, and who has no use for them need not
    /// be called.
    pub fn without_flushes(mut self) -> Self {
        self.flushes = false;
        self
    }

    pub(crate) fn hears_flushes(&self) -> bool {
        self.flushes
    }

    pub(crate) fn tell(&self, notice: &Notice<'_>) {
        (self.tell)(notice);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
