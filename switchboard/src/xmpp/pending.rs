//! What is on its way from the hub to a session whose stream may go on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wirestate_driver::{Handle, Undelivered};
use wirestate_machine::Relay as _;
use xmpp_proto::server::State;
use xmpp_proto::stream::Packet;

use super::Machine;

/// Packets that a session's machine has not been given yet: a connection that
/// breaks takes its mailbox along, and these are the same.
#[derive(Debug, Default)]
pub(super) struct Pending {
    sent: u64,
    given: Arc<AtomicU64>,
    packets: VecDeque<Packet>,
    bytes: usize,
}

impl Pending {
    /// Sends one, and keeps it until the machine has it; no more than `most`
    /// bytes wait so.
    pub(super) fn send(&mut self, packet: Packet, handle: &Handle<Machine>, most: usize) -> Result<(), Undelivered> {
        self.forget_given();
        self.bytes += packet.as_bytes().len();
        if self.bytes > most {
            return Err(Undelivered::Full);
        }
        self.sent += 1;
        self.packets.push_back(packet.clone());
        let given = self.given.clone();
        handle.tell(move |machine| {
            if machine.state() == State::Bound {
                machine.relay(&packet);
                given.fetch_add(1, Ordering::Release);
            }
        })
    }

    /// Those that the machine did not get.
    pub(super) fn into_lost(mut self) -> impl Iterator<Item = Packet> {
        self.forget_given();
        self.packets.into_iter()
    }

    fn forget_given(&mut self) {
        let left = self.sent.saturating_sub(self.given.load(Ordering::Acquire));
        while self.packets.len() as u64 > left {
            let Some(packet) = self.packets.pop_front() else { return };
            self.bytes = self.bytes.saturating_sub(packet.as_bytes().len());
        }
    }
}
