use alloc::boxed::Box;

use crate::Machine;

/// A machine that also takes messages which are encoded already, so that one encoding can go to many sessions.
pub trait Relay: Machine {
    /// A whole message in the protocol's own form, cheap to clone. Its type vouches for its being well-formed; its bytes tell whoever
    /// bounds what waits for a slow peer how much it is.
    type Message: AsRef<[u8]> + Clone + Send + Sync + 'static;

    /// Says `message` to the peer, after all that was said before. A session that is over says no more.
    fn relay(&mut self, message: &Self::Message);
}

impl<M: Relay + ?Sized> Relay for Box<M> {
    type Message = M::Message;

    fn relay(&mut self, message: &M::Message) {
        (**self).relay(message);
    }
}
