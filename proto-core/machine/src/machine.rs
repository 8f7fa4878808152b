use alloc::boxed::Box;

use crate::{Channel, Ending, Inbox, Instant, Outbox, TlsFacts, Upgrade, Upgraded};

/// A protocol session as a pure state machine. See the [crate's guide](crate) for how one is driven.
///
/// The trait is object-safe, and a layer (TLS, compression, tracing) is a struct around a machine that is a machine itself.
pub trait Machine {
    /// What the machine tells the application. Events are owned and cheap to move.
    type Event;
    /// What ends the session because the peer broke the protocol. Sticky: once `poll` gave it, it gives it always.
    type Error;

    /// Where the driver puts what the peer sent.
    fn inbox(&mut self) -> &mut Inbox;

    /// What the driver has to send to the peer. Also after an error: the farewell is in it.
    fn outbox(&mut self) -> &mut Outbox;

    /// Understands the next thing: from the inbox, from the clock, or from what the application did.
    ///
    /// `None` means that nothing happens before more bytes come, an answer is given, output is written, or the
    /// [`deadline`](Machine::deadline) passes. `now` never goes back; where it does, the machine takes it as standing still.
    fn poll(&mut self, now: Instant) -> Result<Option<Self::Event>, Self::Error>;

    /// When `poll` must be called at the latest, though no byte comes. It may move with every call on the machine.
    fn deadline(&self) -> Option<Instant>;

    /// The upgrade that the machine waits for, offered only while both boxes are empty, so that nothing said before it can
    /// act after it. It is offered until [`upgraded`](Machine::upgraded) is called. Layers take it; drivers see only what no layer took.
    fn upgrade(&mut self) -> Option<Upgrade>;

    /// The upgrade has been made; from here on the boxes carry what lies inside it.
    fn upgraded(&mut self, now: Instant, how: Upgraded);

    /// Whether the session is over. What is still in the outbox is to be written, then the connection to be closed.
    fn is_closed(&self) -> bool;

    /// The wish of whoever runs this end that the session end soon: at the next safe point the machine says its protocol's farewell
    /// and closes. A machine with no farewell of its own takes it as the end of input.
    fn shutdown(&mut self) {
        self.inbox().close();
    }

    /// Whether [`poll`](Machine::poll) would tell nothing and do nothing, as long as no byte comes and the [`deadline`](Machine::deadline), which
    /// is what it was at the last poll, has not passed. A driver need not poll a machine that was only made to [relay](crate::Relay) a message,
    /// and has it written, if this is so then. `false` is always right.
    fn is_settled(&self) -> bool {
        false
    }

    /// Whether the session has yet to begin, for the peer and this end are still about what is to lie between them before all else:
    /// implicit TLS, the opening of a WebSocket. Layers tell it; a machine without any begins at once. A connector has not reached its server
    /// before.
    fn is_establishing(&mut self) -> bool {
        false
    }

    /// Why the session is over, once it is, as far as the machine knows. With `None` its driver concludes it from what it saw.
    fn ending(&self) -> Option<Ending> {
        None
    }

    /// What lies between the machine and its peer at the moment. Layers tell it; a machine without any has the bare stream.
    fn channel(&self) -> Channel {
        Channel::default()
    }

    /// What the TLS layer, if there is one and its handshake is done, knows of it. Asked for seldom: the facts are gathered anew each time.
    fn tls_facts(&self) -> Option<TlsFacts> {
        None
    }
}

impl<M: Machine + ?Sized> Machine for Box<M> {
    type Event = M::Event;
    type Error = M::Error;

    fn inbox(&mut self) -> &mut Inbox {
        (**self).inbox()
    }

    fn outbox(&mut self) -> &mut Outbox {
        (**self).outbox()
    }

    fn poll(&mut self, now: Instant) -> Result<Option<Self::Event>, Self::Error> {
        (**self).poll(now)
    }

    fn deadline(&self) -> Option<Instant> {
        (**self).deadline()
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        (**self).upgrade()
    }

    fn upgraded(&mut self, now: Instant, how: Upgraded) {
        (**self).upgraded(now, how);
    }

    fn is_closed(&self) -> bool {
        (**self).is_closed()
    }

    fn shutdown(&mut self) {
        (**self).shutdown();
    }

    fn is_settled(&self) -> bool {
        (**self).is_settled()
    }

    fn is_establishing(&mut self) -> bool {
        (**self).is_establishing()
    }

    fn ending(&self) -> Option<Ending> {
        (**self).ending()
    }

    fn channel(&self) -> Channel {
        (**self).channel()
    }

    fn tls_facts(&self) -> Option<TlsFacts> {
        (**self).tls_facts()
    }
}
