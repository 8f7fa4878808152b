use alloc::boxed::Box;

use wirestate_machine::{Ticket, TlsFacts};
use wirestate_sasl::server::Identity;

use crate::jid::Jid;
use crate::payload::router::{Name, Route};
use crate::server::{Ask, LoginFailure, Reason, kind};

/// What a session tells the application. Those with a ticket ask for something, and wait.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// TLS is up. What was said before it is forgotten.
    Secured(Box<TlsFacts>),
    /// The component claims to be a user of the router: answer with [`RouterComponent::authenticate`](super::RouterComponent::authenticate).
    Authenticate {
        /// Comes back with the answer.
        ticket: Ticket<kind::Authenticate>,
        /// What the mechanism must know: [`Ask::Sasl`] or [`Ask::External`].
        ask: Box<Ask>,
    },
    /// A login failed; the component is told after the delay. The count is the session's.
    LoginFailed {
        /// How many have failed so far.
        count: u16,
        /// Why.
        why: LoginFailure,
    },
    /// The component has proved which user it is.
    LoggedIn {
        /// As the mechanism had it.
        identity: Identity,
        /// The registered name of the mechanism.
        mechanism: &'static str,
    },
    /// The component wishes to have a name: answer with [`RouterComponent::bind`](super::RouterComponent::bind) or refuse. Then tell the other components
    /// of the name, and this one of theirs, by [`presence`](crate::payload::router::presence).
    Bind {
        /// Comes back with the answer.
        ticket: Ticket<kind::Bind>,
        /// The name.
        name: Jid,
        /// How it is to be bound.
        how: Name,
    },
    /// The component has a name no more. Tell the others.
    Unbound(Jid),
    /// The component sends something from a name that it has bound: relay [its packet](Route::packet) to whoever has the name that it is to, or
    /// [bounce](Route::bounce) it.
    Route(Route),
    /// The session is over. Nothing follows. Its [names](super::RouterComponent::names) are free.
    Closed(Reason),
}

impl From<Reason> for Event {
    fn from(reason: Reason) -> Self {
        Event::Closed(reason)
    }
}
