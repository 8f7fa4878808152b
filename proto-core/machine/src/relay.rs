use alloc::boxed::Box;

use crate::Machine;

/// A machine that also takes messages which are encoded already, so that one encoding can go to many sessions.
pub trait Relay: Machine {
    /// A whole message in the protocol's own form, cheap to clone. Its type vouches for its being well-formed; its bytes tell whoever
    /// bounds what waits for a slow peer how much it is.
    type Message: AsRef<[u8]> + Clone + Send + Sync + 'static;

    /// Says `message` to the peer, after all that was said before. A session that is over says no more.
    fn relay(&mut self, message: &Self::Message);

    /// Whether all that [`relay`](Relay::relay) would do now is to put the bytes of `message` into the outbox. Of a machine that is
    /// [settled](Machine::is_settled), with an empty outbox, a driver may then write them itself, and the machine need not know. `false` is always right.
    fn is_transparent(&self, message: &Self::Message) -> bool {
        let _ = message;
        false
    }
}

impl<M: Relay + ?Sized> Relay for Box<M> {
    type Message = M::Message;

    fn relay(&mut self, message: &M::Message) {
        (**self).relay(message);
    }

    fn is_transparent(&self, message: &M::Message) -> bool {
        (**self).is_transparent(message)
    }
}
