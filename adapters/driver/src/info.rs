use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Address, ListenerId};

static LAST_ID: AtomicU64 = AtomicU64::new(0);

/// What a listener gives to each of its connections, whatever its type.
pub(crate) type Data = Arc<dyn Any + Send + Sync>;

/// Which connection this is: what its machine, its handler and its log lines may know of it from the start.
#[derive(Clone)]
pub struct Info {
    id: u64,
    peer: Address,
    local: Address,
    proxy: Option<Box<Address>>,
    entrance: Option<Arc<Entrance>>,
}

/// What all connections of one listening socket have in common.
#[derive(Debug)]
pub(crate) struct Entrance {
    pub(crate) id: ListenerId,
    pub(crate) data: Option<Data>,
}

impl Info {
    /// A new connection between these ends, with an id that no other connection of this process has.
    pub fn new(peer: impl Into<Address>, local: impl Into<Address>) -> Self {
        let id = LAST_ID.fetch_add(1, Ordering::Relaxed) + 1;
        Info { id, peer: peer.into(), local: local.into(), proxy: None, entrance: None }
    }

    pub(crate) fn through(self, entrance: &Arc<Entrance>) -> Self {
        Info { entrance: Some(entrance.clone()), ..self }
    }

    /// The same connection between the ends that a proxy has told.
    pub(crate) fn proxied(self, peer: Address, local: Address) -> Self {
        Info { peer, local, proxy: Some(Box::new(self.peer)), ..self }
    }

    /// The connection's number, counted from 1 and unique in this process.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The other end.
    pub fn peer(&self) -> &Address {
        &self.peer
    }

    /// This end.
    pub fn local(&self) -> &Address {
        &self.local
    }

    /// The proxy that the connection came by, where one told who [`peer`](Info::peer) and [`local`](Info::local) are.
    pub fn proxy(&self) -> Option<&Address> {
        self.proxy.as_deref()
    }

    /// The listening socket that it came in by.
    pub fn listener(&self) -> Option<ListenerId> {
        self.entrance.as_ref().map(|entrance| entrance.id)
    }

    /// What the [listener](crate::Listener::data) gave to its connections, if it is a `T`.
    pub fn data<T: Any>(&self) -> Option<&T> {
        self.entrance.as_ref()?.data.as_ref()?.downcast_ref()
    }
}

impl fmt::Debug for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut info = f.debug_struct("Info");
        info.field("id", &self.id).field("peer", &self.peer).field("local", &self.local);
        if let Some(proxy) = &self.proxy {
            info.field("proxy", proxy);
        }
        if let Some(listener) = self.listener() {
            info.field("listener", &listener);
        }
        info.finish()
    }
}

/// How much went over a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Bytes that came from the peer.
    pub read: u64,
    /// Bytes that the stream took for the peer.
    pub written: u64,
    /// Messages that came: how many events the machine gave.
    pub events: u64,
    /// Messages that went out, as far as the driver knows them: how many were said on the machine by [`Handle::send`](crate::Handle::send),
    /// [`deliver`](crate::Handle::deliver) and [`Control::send`](crate::Control::send). What a machine says of itself is bytes here, for
    /// only its protocol knows where a message ends.
    pub relayed: u64,
}
