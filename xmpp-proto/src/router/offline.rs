//! Messages for those who are away (XEP-0160), given to them when they are back.

use super::Router;
use super::deliveries::{Deliveries, Recipient, Session};
use super::messages::is_ready;
use super::parcel::{Kind, To};
use super::storage::{Held, Storage};
use crate::jid::JidRef;
use crate::ns;
use crate::payload::{mam, moment};
use crate::stanza::{Message, MessageType};

impl<S: Storage> Router<S> {
    /// Takes back a message that a session was sent and did not acknowledge until it was gone (XEP-0198 §5): the account's other clients get it, or it waits
    /// for the next one. It is in the archive already. Only what is said to a person is worth it; the rest is let go. Call it after
    /// [`disconnect`](Router::disconnect).
    pub fn take_back(&mut self, message: &Message, now: u64, out: &mut Deliveries) {
        let (Some(from), Some(to)) = (message.from(), message.to()) else { return };
        if !matches!(message.kind(), MessageType::Normal | MessageType::Chat) || !self.is_ours(to.as_ref()) {
            return;
        }
        let (from, to) = (from.as_ref(), to.as_ref());
        let parcel = self.relay.parcel(Kind::Message, message.element(), from.as_str(), To::All(to.as_str()), |_| true);
        let Some(account) = self.account_mut(to.bare()) else { return };
        let mut ready = account.resources.iter().filter(|resource| is_ready(resource)).peekable();
        if ready.peek().is_some() {
            out.share(ready.map(|resource| Recipient { session: resource.session, to: None }), &parcel);
        } else if mam::is_archivable(message.element().view()) {
            // Without room for it, it is lost, as it would have been at first.
            let _ = self.storage.hold(to.bare(), Held { time: now, parcel: parcel.detached() });
        }
    }

    /// Gives what was held for an account to a session of it, each with the moment at which it came (XEP-0203).
    pub(super) fn release(&mut self, account: JidRef<'_>, session: Session, now: u64, out: &mut Deliveries) {
        for held in self.storage.release(account) {
            let server = self.config.domain.as_str();
            let parcel = held.parcel.with(|content| {
                content.element("delay", ns::DELAY, |delay| {
                    let stamp = moment::write(held.time.min(now));
                    delay.attr("from", server)?.attr("stamp", stamp.as_str())?;
                    Ok(())
                });
            });
            out.send(Recipient { session, to: None }, parcel);
        }
    }
}
