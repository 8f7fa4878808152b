//! Messages for those who are away (XEP-0160), given to them when they are back.

use super::Router;
use super::deliveries::{Deliveries, Recipient, Session};
use super::storage::Storage;
use crate::jid::JidRef;
use crate::ns;
use crate::payload::moment;

impl<S: Storage> Router<S> {
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
