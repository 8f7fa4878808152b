use core::fmt::Debug;

use bytes::Buf;
use wirestate_machine::Relay;

/// Passes `message` on as a driver does: past `machine`, if that has nothing else to write and is [transparent](Relay::is_transparent) for it;
/// gives whether it was. A machine that says so is held to its word: the bytes of the message are all that it would have said, and once they are
/// out it is as it was before, as far as `Debug` shows.
///
/// # Panics
///
/// Where it is not so.
pub fn pass_on<M: Relay + Debug>(machine: &mut M, message: &M::Message) -> bool {
    if !machine.outbox().is_empty() || !machine.is_transparent(message) {
        machine.relay(message);
        return false;
    }
    let before = format!("{machine:?}");
    machine.relay(message);
    let said = machine.outbox().to_vec();
    assert_eq!(said, message.as_ref(), "it would have said something else than what it was to pass on");
    machine.outbox().advance(said.len());
    assert_eq!(format!("{machine:?}"), before, "it would not have been as before");
    true
}
