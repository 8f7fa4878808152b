use alloc::string::String;
use alloc::vec::Vec;

use super::filters::Filters;
use super::queue::QueuePolicy;
use super::{Client, FastToken};
use crate::jid::Jid;
use crate::stream::Features;
use crate::stream::management::Snapshot;
use crate::xml::Element;

/// What a session leaves to the one after it: hand it to [`Client::resuming`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Continuation {
    /// Stanzas that waited for a session.
    pub queue: Vec<Element>,
    /// Stanzas that waited for the server to take what was sent before them. They go out as soon as there is a session.
    pub backlog: Vec<Element>,
    /// The filters.
    pub filters: Filters,
    /// What a managed stream needs to go on.
    pub resumption: Option<Resumption>,
    /// What the server offered before the login, inside TLS, for [`Config::quickstart`](super::Config::quickstart).
    pub offered: Option<Features>,
    /// The token that the server gave last.
    pub token: Option<FastToken>,
}

/// What a managed stream needs to go on over another connection (XEP-0198 §5). It is worth as much as a login while the server keeps the session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resumption {
    /// The server's name for it.
    pub id: String,
    /// Who we are on it.
    pub jid: Jid,
    /// Where the server would like to be reached for it: a host, perhaps with a port.
    pub location: Option<String>,
    /// Counts, and what was not acknowledged.
    pub stream: Snapshot<Element>,
}

impl Resumption {
    /// Puts together what was stored.
    pub fn new(id: impl Into<String>, jid: Jid, stream: Snapshot<Element>) -> Self {
        Resumption { id: id.into(), jid, location: None, stream }
    }
}

impl Client {
    /// What a session after this one takes up. Also after the end of this one.
    ///
    /// Requests are not among it: they end with the session. A managed stream is, unless it was ended in good order.
    pub fn continuation(&self) -> Continuation {
        let is_kept = self.config.queue != QueuePolicy::DropOnReset;
        Continuation {
            queue: self.queue.iter().filter(|_| is_kept).cloned().collect(),
            backlog: self.backlog.iter().cloned().collect(),
            filters: (*self.filters).clone(),
            resumption: self.managed.resumption(self.me.as_ref()),
            offered: self.offered.as_deref().cloned(),
            token: self.account.token.as_deref().cloned(),
        }
    }
}
