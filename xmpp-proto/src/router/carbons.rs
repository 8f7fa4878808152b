//! Copies of messages for a user's other clients (XEP-0280).

use super::account::Resource;
use super::deliveries::{Deliveries, Session};
use super::parcel::{Kind, Parcel, Tag, build};
use super::storage::Storage;
use super::{Router, Turn};
use crate::jid::JidRef;
use crate::ns;
use crate::payload::carbons::Direction;
use crate::stanza::MessageType;

impl<S: Storage> Router<S> {
    /// A client wants copies, or no more of them.
    pub(super) fn carbons(&mut self, turn: &mut Turn<'_>, is_on: bool) {
        self.set_carbons(turn.session, is_on);
        self.result(turn, None, |_| {});
    }

    /// Whether a session gets copies of what the user's other clients send and receive; for who agreed on it while binding (XEP-0386).
    pub fn set_carbons(&mut self, session: Session, is_on: bool) {
        let Some(jid) = self.jid(session).cloned() else { return };
        let account = self.accounts.get_mut(jid.bare().as_str());
        if let Some(resource) = account.and_then(|account| account.by_session_mut(session)) {
            resource.has_carbons = is_on;
        }
    }

    /// A copy for all clients of the user that want it, except some.
    pub(super) fn copy(
        &self,
        direction: Direction,
        user: JidRef<'_>,
        parcel: &Parcel,
        kind: MessageType,
        except: &dyn Fn(&Resource) -> bool,
        out: &mut Deliveries,
    ) {
        let Some(account) = self.accounts.get(user.as_str()) else { return };
        let wanting = account.resources.iter().filter(|resource| resource.has_carbons && !except(resource));
        if wanting.clone().next().is_none() {
            return;
        }
        let kind = Some(kind.as_str());
        let copy = build(Kind::Message, Tag { from: Some(user.as_str()), kind, ..Tag::default() }, |content| {
            content.forwarded(direction.as_str(), ns::CARBONS, &[], parcel, None);
        });
        out.share(wanting.map(Resource::recipient), &copy);
    }
}
