use core::fmt::Debug;
use core::marker::PhantomData;
use core::time::Duration;

use wirestate_machine::{Instant, Machine, TlsFacts, Upgrade, Upgraded};

/// A machine to be put under the laws, with the application that answers its events.
///
/// Each session gets a clone of the subject, so that what the application remembers starts anew with it.
pub trait Subject: Clone {
    /// The machine.
    type Machine: Machine<Event: Debug, Error: Debug>;

    /// A fresh machine.
    fn machine(&self, now: Instant) -> Self::Machine;

    /// The application: answers an event, or does not.
    fn react(&mut self, machine: &mut Self::Machine, event: <Self::Machine as Machine>::Event, now: Instant) {
        let _ = (machine, event, now);
    }

    /// The application's other calls, in any order, right or wrong: `choice` says which, and means the same each time. Used for the law
    /// [`Total`](crate::Law::Total).
    fn meddle(&mut self, machine: &mut Self::Machine, choice: u64, now: Instant) {
        let _ = (machine, choice, now);
    }

    /// The most heap that one session may hold at a time, in bytes, its application's included. 64 KiB if nothing else is said.
    fn limit(&self) -> usize {
        64 * 1024
    }

    /// How long a session may last in which nobody says anything more. One hour if nothing else is said.
    fn lifetime(&self) -> Duration {
        Duration::from_secs(3600)
    }

    /// Whether the machine says something to the peer before it gives up with an error.
    fn has_farewell(&self) -> bool {
        false
    }

    /// What is told to the machine when the upgrade that it asks for is made by a stand-in. `None` refuses it for ever.
    fn upgraded(&self, upgrade: Upgrade) -> Option<Upgraded> {
        stand_in(upgrade)
    }
}

/// The upgrade as if it had been made: TLS with facts that say no more than `TLSv1.3`.
pub(crate) fn stand_in(upgrade: Upgrade) -> Option<Upgraded> {
    match upgrade {
        Upgrade::Tls => {
            let mut facts = TlsFacts::new();
            facts.version = Some("TLSv1.3");
            Some(Upgraded::Tls(Box::new(facts)))
        }
        Upgrade::Deflate => Some(Upgraded::Deflate),
        _ => None,
    }
}

/// A subject of two closures: one makes the machine, one is the application.
///
/// ```
/// # use wirestate_machine::{Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};
/// # struct Echo { inbox: Inbox, outbox: Outbox }
/// # impl Echo { fn new() -> Self { Echo { inbox: Inbox::new(64), outbox: Outbox::new() } } }
/// # impl Machine for Echo {
/// #     type Event = (); type Error = ();
/// #     fn inbox(&mut self) -> &mut Inbox { &mut self.inbox }
/// #     fn outbox(&mut self) -> &mut Outbox { &mut self.outbox }
/// #     fn poll(&mut self, _: Instant) -> Result<Option<()>, ()> { Ok(None) }
/// #     fn deadline(&self) -> Option<Instant> { None }
/// #     fn upgrade(&mut self) -> Option<Upgrade> { None }
/// #     fn upgraded(&mut self, _: Instant, _: Upgraded) {}
/// #     fn is_closed(&self) -> bool { false }
/// # }
/// use wirestate_testing::{Cuts, laws, subject};
///
/// let echo = subject(|_now| Echo::new(), |_echo, _event, _now| {});
/// laws::cut_invariant(&echo, &b"hello".into(), &Cuts::Bytes)?;
/// # Ok::<(), wirestate_testing::Broken>(())
/// ```
pub fn subject<M, F, R>(make: F, react: R) -> Simple<M, F, R>
where
    M: Machine<Event: Debug, Error: Debug>,
    F: Fn(Instant) -> M + Clone,
    R: FnMut(&mut M, M::Event, Instant) + Clone,
{
    Simple { make, react, limit: 64 * 1024, lifetime: Duration::from_secs(3600), farewell: false, machine: PhantomData }
}

/// What [`subject`] makes.
#[derive(Debug)]
pub struct Simple<M, F, R> {
    make: F,
    react: R,
    limit: usize,
    lifetime: Duration,
    farewell: bool,
    machine: PhantomData<fn() -> M>,
}

impl<M, F, R> Simple<M, F, R> {
    /// Sets [`Subject::limit`].
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Sets [`Subject::lifetime`].
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Says that the machine [has a farewell](Subject::has_farewell).
    pub fn with_farewell(mut self) -> Self {
        self.farewell = true;
        self
    }
}

impl<M, F: Clone, R: Clone> Clone for Simple<M, F, R> {
    fn clone(&self) -> Self {
        Simple { make: self.make.clone(), react: self.react.clone(), machine: PhantomData, ..*self }
    }
}

impl<M, F, R> Subject for Simple<M, F, R>
where
    M: Machine<Event: Debug, Error: Debug>,
    F: Fn(Instant) -> M + Clone,
    R: FnMut(&mut M, M::Event, Instant) + Clone,
{
    type Machine = M;

    fn machine(&self, now: Instant) -> M {
        (self.make)(now)
    }

    fn react(&mut self, machine: &mut M, event: M::Event, now: Instant) {
        (self.react)(machine, event, now);
    }

    fn limit(&self) -> usize {
        self.limit
    }

    fn lifetime(&self) -> Duration {
        self.lifetime
    }

    fn has_farewell(&self) -> bool {
        self.farewell
    }
}
